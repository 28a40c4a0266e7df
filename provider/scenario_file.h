/* provider/scenario_file.h: scenarios of one's own, in YAML.
 *
 *   base: cheaters        # a scenario that comes with the program, to begin with; without: steady
 *   name: lunch-break     # without: the file's name
 *   events: hits          # hits, web-activity, metrics, logs: what they look like
 *   style: boundary       # of cheating: blatant, boundary (exactly the threshold, or one more), slow (by little)
 *   cheaters: 0.3         # share of the players, in place of --cheaters
 *   cheat-rate: 0.5       # share of a cheater's events
 *   hot-key: 0.5          # share of all events that one player makes
 *   out-of-order: 0.2     # share of the events that are sent up to 32 events late
 *   duplicates: 0.1       # share of the events that are sent twice
 *   phases:               # one after the other, again and again
 *   - {duration: 10s, factor: 0}    # of the rate; 0: silence
 *   - {duration: 5s, factor: 20}
 */
#pragma once
#include "provider/scenario.h"
#include <stdbool.h>

/* Whether what is asked for is a file, not a name: it has a slash, or ends in .yaml or .yml. */
bool scenario_is_file(const char *text);

/* Errors have file, line and key. */
int scenario_load(struct scenario *ret_scenario, const char *path, struct ump_error *error);
