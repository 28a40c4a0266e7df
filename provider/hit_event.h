/* provider/hit_event.h: what the simulator thought up, as the CloudEvent that INTERFACES describes. Pure. */
#pragma once
#include "common/cloudevents/event.h"
#include "provider/moment.h"
#include "provider/run_name.h"
#include "provider/simulator.h"

/* What the events of one run have in common, and the memory that the latest one's views point into. */
struct hit_writer {
	char source[RUN_SOURCE_SIZE];
	int64_t epoch_us;
	char id[24], time[MOMENT_SIZE], data[320];
};

void hit_writer_init(struct hit_writer *writer, const char *run, int64_t epoch_us);

/* Makes `ret_event` this event; it holds until the next one is written. The record's key is its partitionkey. */
int hit_write(struct hit_writer *writer, const struct simulator *simulator, const struct simulated_hit *hit, struct ump_event *ret_event,
	      struct ump_error *error);
