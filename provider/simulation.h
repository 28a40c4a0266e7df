/* provider/simulation.h: the simulator's events, sent when they are due, and the truth about them.
 *
 * Open loop: the schedule is the simulator's own and does not wait for answers. What cannot be sent when it is due (the queue is full, the
 * simulation is held) is sent later; behind by more than a second, the whole schedule moves, so that no flood follows. Nothing is left out.
 */
#pragma once
#include "common/loop/loop.h"
#include "provider/outlet.h"
#include "provider/reading.h"
#include "provider/simulator.h"

enum simulation_state {
	SIMULATION_OFF,      /* there is none, or it has not begun */
	SIMULATION_RUNNING,  /* */
	SIMULATION_HELD,     /* `held` says so */
	SIMULATION_BLOCKED,  /* Kafka does not take records as fast, or at all, or has acknowledged none for 3 s */
	SIMULATION_PAUSED,   /* by the speaker */
	SIMULATION_FINISHED, /* all is out and acknowledged, or given up */
};

struct simulation_options {
	struct simulator_options simulator;
	const char *run;
	int64_t epoch_us;
	const char *preset; /* for the truth file */
	const char *topic, *verdict_topic;
	const char *truth_path; /* or NULL */
	struct outlet *outlet;
	const char *(*held)(void *context);                             /* asked before each event: NULL, or why it has to wait */
	void (*finished)(void *context, const struct ump_error *error); /* once; error: the truth file cannot be written. NULL: all well */
	void *context;
};

#define SIMULATION_DEFAULT_RATE 50 /* events per second */

struct simulation_counts {
	uint64_t produced, acknowledged, failed;
	uint64_t stored;            /* distinct events that Kafka had before, beside those */
	uint64_t late;              /* sent more than 0.1 s after they were due */
	uint64_t cheating, flagged; /* acknowledged cheating events, and players of them */
	int64_t late_us;            /* by how much the schedule was moved */
	int64_t held_us;            /* of that, while it was held */
};

struct simulation;

int simulation_new(struct simulation **ret_simulation, struct ump_loop *loop, const struct simulation_options *options,
		   struct ump_error *error);
void simulation_free(struct simulation *simulation); /* accepts NULL */

/* One of this run's events is in Kafka already, from before it was interrupted: before simulation_start(). It is not sent again, and what
 * follows the latest of them is due at once. Those that are missing in between are sent. */
void simulation_stored(struct simulation *simulation, const struct hit_reading *hit, int64_t timestamp_ms);

void simulation_start(struct simulation *simulation); /* once; then it changes nothing */

/* No new events; `finished` follows when what is on its way is done. */
void simulation_stop(struct simulation *simulation);

/* The producer's completions: true when this one was the simulation's. And: there is room again. */
bool simulation_delivered(struct simulation *simulation, const struct ump_delivery *delivery);
void simulation_writable(struct simulation *simulation);

enum simulation_state simulation_state(const struct simulation *simulation);
const char *simulation_state_name(enum simulation_state state);
const char *simulation_why(const struct simulation *simulation); /* of SIMULATION_HELD; else NULL */
void simulation_count(const struct simulation *simulation, struct simulation_counts *ret_counts);

/* By the speaker. */
void simulation_pause(struct simulation *simulation, bool paused);
void simulation_set_rate(struct simulation *simulation, double rate);
void simulation_set_scenario(struct simulation *simulation, const struct scenario *scenario);
double simulation_rate(const struct simulation *simulation);
const struct scenario *simulation_scenario(const struct simulation *simulation);
