/* provider/simulator.h: a crowd of players with known cheaters.
 *
 * Pure: no clock and no randomness of its own, so the same options give the same events, and every run has a right answer to be checked
 * against. Time here is the run's own: microseconds since its epoch; whoever sends the events decides what that means in the world. */
#pragma once
#include "provider/id_set.h"
#include "provider/names.h"
#include "provider/scenario.h"
#include <stdbool.h>
#include <stdint.h>

#define SIMULATOR_PLAYERS 100000 /* at most */
#define SIMULATOR_EVENTS  (ID_SET_MAXIMUM - 1)

struct simulator_options {
	const struct scenario *scenario; /* copied */
	uint64_t seed;
	double rate;         /* events per second, over 0 */
	unsigned players;    /* 1 to SIMULATOR_PLAYERS */
	double cheaters;     /* share of the players, 0 to 1, where the scenario does not say; over 0 means at least one */
	int64_t duration_us; /* events happen before this; 0: no end */
	uint64_t events;     /* distinct events in all; 0: no end before SIMULATOR_EVENTS */
};

struct simulated_player {
	char id[40]; /* "p-0042", or a UUID */
	char name[NAME_SIZE];
	bool cheater;
};

struct simulated_hit {
	uint64_t sequence; /* from 1, without gaps: the event's id */
	int64_t at_us;     /* when it happened */
	int64_t due_us;    /* when it is to be sent: later than that only for those out of order and sent twice */
	uint32_t player;   /* index */
	uint32_t match;
	uint32_t value; /* hits, or what is counted in its place */
	bool cheating;  /* value over the threshold */
	bool again;     /* sent before, with the same content */
};

struct simulator;

struct simulator *simulator_new(const struct simulator_options *options);
void simulator_free(struct simulator *simulator);

/* The next event to send; due times never fall. False at the end: what was asked for is out, or it was stopped. */
bool simulator_next(struct simulator *simulator, struct simulated_hit *ret_hit);

/* When the next event is due, without taking it; INT64_MAX at the end. */
int64_t simulator_due(const struct simulator *simulator);

/* No new events: only what is held for later still comes out, so that no sequence number is missing. */
void simulator_stop(struct simulator *simulator);

/* From the latest event's time on: the other rate, or the other behaviour. The players stay who they are. */
void simulator_set_rate(struct simulator *simulator, double rate);
void simulator_set_scenario(struct simulator *simulator, const struct scenario *scenario);

const struct simulated_player *simulator_player(const struct simulator *simulator, uint32_t index);
const struct scenario *simulator_scenario(const struct simulator *simulator);
uint32_t simulator_threshold(enum scenario_payload payload); /* the highest fair value */
