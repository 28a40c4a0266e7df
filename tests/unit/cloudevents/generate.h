/* tests/unit/cloudevents/generate.h: valid events out of a seed: the same one gives the same event. */
#pragma once
#include "common/cloudevents/event.h"

/* Fills `event` with any attributes that are allowed and any data. All of it is in the event's own memory. */
void generate_event(uint64_t seed, struct ump_event *event);
