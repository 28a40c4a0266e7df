/* provider/verify.h: `event-provider verify`: whether a run came out as it should, by the topics alone.
 *
 * Reads the events and the verdicts itself and asks no other program; comparison.h says what is compared. Waits for what is missing as long
 * as something new comes; with --follow also for the truth file and for the end of the run, so that it can stand beside a run whose broker
 * does not keep everything. */
#pragma once
#include "common/loop/loop.h"
#include "provider/configuration.h"
#include "provider/reader.h"
#include <stdio.h>

#define VERIFY_LOOK_US  (100 * UMP_MILLISECOND)
#define VERIFY_START_US (10 * UMP_SECOND) /* Kafka has this long to answer, however short --wait is */

/* How long to wait for something new: --wait, or longer where not everything that is there has been read. */
int64_t verify_patience(const struct provider_config *config, const struct reader *reader);

/* Writes the report to `out`. Returns the exit status: 0 equal, 1 different, EX_CONFIG where the truth cannot be read, EX_UNAVAILABLE where
 * Kafka does not answer. */
int verify_run(const struct provider_config *config, FILE *out);
