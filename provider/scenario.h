/* provider/scenario.h: how a simulated crowd behaves: what it sends, how fast, who cheats and how, and what goes wrong on the way.
 *
 * A scenario is a value. Those that come with the program are in a table; others come from YAML files with the same names. */
#pragma once
#include "common/error.h"
#include <stddef.h>
#include <stdint.h>

enum scenario_payload { SCENARIO_HITS, SCENARIO_SHIPWARS, SCENARIO_WEB, SCENARIO_METRICS, SCENARIO_LOGS };

enum scenario_style {
	SCENARIO_BLATANT,  /* anything over the threshold, up to three times it */
	SCENARIO_BOUNDARY, /* exactly the threshold, or one more */
	SCENARIO_SLOW      /* rarely, and then by little */
};

#define SCENARIO_PHASES 16

/* Part of the run: for `duration_us` the rate is `factor` times the one asked for; 0 means that nothing happens. Phases repeat. */
struct scenario_phase {
	int64_t duration_us;
	double factor;
};

struct scenario {
	char name[32];
	enum scenario_payload payload;
	enum scenario_style style;
	double cheaters;     /* share of the players that cheat, or negative: as --cheaters says */
	double cheat_rate;   /* how often a cheater cheats: share of its events */
	double hot;          /* one player's share of all events; 0: none is hotter than the skew makes it */
	double out_of_order; /* share of the events that are sent up to 32 events late */
	double duplicates;   /* share of the events that are sent twice, with the same id */
	struct scenario_phase phases[SCENARIO_PHASES];
	size_t phase_count; /* 0: steady */
};

/* The one of that name that comes with the program, or NULL. */
const struct scenario *scenario_find(const char *name);

/* Fills `error`: there is none of that name, but perhaps one that is near. Returns -1 always. */
int scenario_unknown(const char *name, struct ump_error *error);

/* All of them, for --help, the controls and the documents. */
extern const struct scenario scenario_table[];
extern const size_t scenario_count;
