/* provider/parallel.h: whether two functions, or two versions of one, say the same about the same events.
 *
 * Fed with the verdicts of two topics in any order, redelivered or not; what is compared is the set of (event, verdict). Ids of verdicts,
 * the names of rules and revisions may differ: that is what parallel running is for. Pure. */
#pragma once
#include "common/buffer.h"
#include "common/text.h"

enum parallel_side { PARALLEL_ONE, PARALLEL_OTHER };

struct parallel;

/* At most `most` events are told apart; further ones are counted, and make the comparison fail. */
struct parallel *parallel_new(size_t most);
void parallel_free(struct parallel *parallel); /* accepts NULL */

void parallel_verdict(struct parallel *parallel, enum parallel_side side, struct ump_text source, struct ump_text id, bool cheating);

/* How many different things were seen; and whether both sides say the same of all of them. */
uint64_t parallel_progress(const struct parallel *parallel);
bool parallel_is_equal(const struct parallel *parallel);

/* Appends what differs, with examples, or one sentence that nothing does; the sides are called by `names`. Returns the number of events
 * with a difference. */
uint64_t parallel_report(const struct parallel *parallel, const char *const names[2], struct ump_buffer *out);
