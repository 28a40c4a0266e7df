/* provider/verify_against.h: `event-provider verify --against TOPIC`: whether two topics have the same verdicts.
 *
 * Reads --verdict-topic and TOPIC from their beginnings, of --run alone where that is given. Waits while they differ, as long as something
 * new comes: one of the two may be a little behind. */
#pragma once
#include "provider/configuration.h"
#include <stdio.h>

/* Writes the report to `out`. Returns the exit status: 0 equal, 1 different, EX_UNAVAILABLE where Kafka does not answer. */
int verify_against_run(const struct provider_config *config, FILE *out);
