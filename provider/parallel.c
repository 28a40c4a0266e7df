#include "provider/parallel.h"
#include "common/memory.h"
#include "provider/table.h"
#include <inttypes.h>
#include <stdlib.h>

#define EXAMPLES 10

enum { FAIR = 1, CHEATING = 2 };

struct judged {
	struct table_entry entry; /* source, a space, and id: no URI reference has a space */
	uint8_t said[2];          /* by each side: FAIR, CHEATING, both, none */
	char name[];
};

struct parallel {
	struct table events; /* of struct judged */
	size_t most;
	uint64_t different, progress, beyond;
};

struct parallel *parallel_new(size_t most)
{
	struct parallel *parallel = ump_allocate(1, sizeof *parallel);
	parallel->most = most;
	return parallel;
}

void parallel_free(struct parallel *parallel)
{
	if (!parallel)
		return;
	for (size_t i = 0; i < parallel->events.count; i++)
		free(parallel->events.entries[i]);
	table_release(&parallel->events);
	free(parallel);
}

static struct judged *find_or_add(struct parallel *parallel, struct ump_text source, struct ump_text id)
{
	struct ump_buffer name = {0};
	ump_buffer_add_text(&name, source);
	ump_buffer_add_character(&name, ' ');
	ump_buffer_add_text(&name, id);
	struct judged *judged = (struct judged *)table_find(&parallel->events, ump_buffer_text(&name));
	if (!judged && parallel->events.count < parallel->most) {
		judged = ump_allocate(1, sizeof *judged + name.size + 1);
		memcpy(judged->name, name.start, name.size);
		judged->entry.name = (struct ump_text){judged->name, name.size};
		table_add(&parallel->events, &judged->entry);
	}
	ump_buffer_release(&name);
	return judged;
}

static bool differs(const struct judged *judged)
{
	return judged->said[PARALLEL_ONE] != judged->said[PARALLEL_OTHER];
}

void parallel_verdict(struct parallel *parallel, enum parallel_side side, struct ump_text source, struct ump_text id, bool cheating)
{
	struct judged *judged = find_or_add(parallel, source, id);
	if (!judged) {
		parallel->beyond++;
		return;
	}
	uint8_t said = judged->said[side] | (cheating ? CHEATING : FAIR);
	parallel->progress += said != judged->said[side];
	parallel->different -= differs(judged);
	judged->said[side] = said;
	parallel->different += differs(judged);
}

uint64_t parallel_progress(const struct parallel *parallel)
{
	return parallel->progress;
}

bool parallel_is_equal(const struct parallel *parallel)
{
	return !parallel->different && !parallel->beyond;
}

static const char *name_of(unsigned said)
{
	static const char *const names[] = {"no verdict", "fair", "cheating", "fair and cheating"};
	return names[said];
}

uint64_t parallel_report(const struct parallel *parallel, const char *const names[2], struct ump_buffer *out)
{
	uint64_t counts[4][4] = {0};
	for (size_t i = 0; i < parallel->events.count; i++) {
		const struct judged *judged = (const struct judged *)parallel->events.entries[i];
		unsigned one = judged->said[PARALLEL_ONE], other = judged->said[PARALLEL_OTHER];
		if (differs(judged) && counts[one][other]++ < EXAMPLES)
			ump_buffer_print(out, "  %.*s: %s in %s, %s in %s\n", UMP_TEXT_ARGUMENTS(judged->entry.name), name_of(one),
					 names[PARALLEL_ONE], name_of(other), names[PARALLEL_OTHER]);
	}
	for (unsigned one = 0; one < 4; one++)
		for (unsigned other = 0; other < 4; other++)
			if (one != other && counts[one][other])
				ump_buffer_print(out, "  %" PRIu64 " with %s in %s and %s in %s\n", counts[one][other], name_of(one),
						 names[PARALLEL_ONE], name_of(other), names[PARALLEL_OTHER]);
	if (parallel->beyond)
		ump_buffer_print(out, "  %" PRIu64 " verdicts about further events were not compared: see --max-events\n",
				 parallel->beyond);
	else if (!parallel->different)
		ump_buffer_print(out, "  both topics say the same about all %zu events\n", parallel->events.count);
	return parallel->different + parallel->beyond;
}
