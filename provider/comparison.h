/* provider/comparison.h: whether a run was audited as it should have been: by sets, never by counts.
 *
 * Fed with what the topics hold, in any order, redelivered or not; asked against the truth at the end. A count could be right with one
 * event dropped and another one twice; a set cannot. Pure. */
#pragma once
#include "common/buffer.h"
#include "provider/truth.h"

struct comparison; /* of one run */

struct comparison *comparison_new(void);
void comparison_free(struct comparison *comparison);

/* An event of the run is in the topic of events. `id` as it stands there. */
void comparison_event(struct comparison *comparison, struct ump_text id);

/* A verdict about an event of the run: `player` as the verdict says. */
void comparison_verdict(struct comparison *comparison, struct ump_text id, bool cheating, struct ump_text player);

/* Everything that the truth asks for has been seen: nothing more needs to be waited for. (What is too much may still come.) */
bool comparison_is_complete(const struct comparison *comparison, const struct truth *truth);

/* How many different things have been seen: does not rise where nothing new comes. */
uint64_t comparison_progress(const struct comparison *comparison);

/* Appends lines that a person can act on: one sentence where all is equal, else the kinds of difference, each with its first examples.
 * Returns the number of differences; 0: equal. */
uint64_t comparison_report(const struct comparison *comparison, const struct truth *truth, struct ump_buffer *out);
