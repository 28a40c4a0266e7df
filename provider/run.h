/* provider/run.h: the run of this process: its name, the simulator that makes its events, what the speaker may do with it, and its end.
 *
 * A run that was interrupted goes on with --resume: what Kafka has of it is told by run_stored() before run_begin(), and is not sent
 * again. */
#pragma once
#include "provider/board.h"
#include "provider/simulation_control.h"

struct run;

struct run_options {
	const struct provider_config *config;
	struct outlet *outlet;
	const char *(*held)(void *context);                         /* why no event should be made now, or NULL */
	void (*over)(void *context, const struct ump_error *error); /* as simulation_options.finished */
	void *context;
};

/* Takes its name and epoch from the configuration, or from time and chance. */
int run_new(struct run **ret_run, struct ump_loop *loop, const struct run_options *options, struct ump_error *error);
void run_free(struct run *run); /* accepts NULL; after the producer, before the outlet */

/* Valid as long as the run. */
const char *run_name(const struct run *run);

/* A hit was read that Kafka had before run_begin(). */
void run_stored(struct run *run, const struct hit_reading *hit, int64_t timestamp_ms);

void run_begin(struct run *run);         /* Kafka has answered */
void run_stop(struct run *run);          /* no new events; `over` follows when what is on its way is done */
bool run_is_over(const struct run *run); /* nothing is made, and nothing on its way */

/* The producer's or the outlet's completions: true when this one was the simulator's. And: there is room again. */
bool run_delivered(struct run *run, const struct ump_delivery *delivery);
void run_writable(struct run *run);

/* What the speaker may do, as a table that an empty one ends; and how things stand, as members of a JSON object without its braces. */
const struct control_action *run_actions(const struct run *run);
void run_tell(const struct run *run, struct ump_buffer *out);

/* For the page, and for the metrics. */
void run_describe(const struct run *run, struct board_facts *facts);
void run_measure(const struct run *run, struct ump_metrics *metrics);
