#include "provider/comparison.h"
#include "common/memory.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define EXAMPLES 10
#define STRANGE  1000 /* ids that cannot be of this run, remembered at most; further ones are counted */

struct stranger {
	struct table_entry entry;
	char name[];
};

struct comparison {
	struct id_set events, fair, cheating;
	struct table flagged;  /* of struct stranger: players that a verdict calls cheating */
	struct table strange;  /* ids that are no numbers, or too large */
	uint64_t more_strange; /* beyond those */
};

struct comparison *comparison_new(void)
{
	return ump_allocate(1, sizeof(struct comparison));
}

static void release_names(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->entries[i]);
	table_release(table);
}

void comparison_free(struct comparison *comparison)
{
	if (!comparison)
		return;
	id_set_release(&comparison->events);
	id_set_release(&comparison->fair);
	id_set_release(&comparison->cheating);
	release_names(&comparison->flagged);
	release_names(&comparison->strange);
	free(comparison);
}

static void remember(struct table *table, struct ump_text name)
{
	if (table_find(table, name))
		return;
	struct stranger *stranger = ump_allocate(1, sizeof *stranger + name.size + 1);
	if (name.size)
		memcpy(stranger->name, name.start, name.size);
	stranger->entry.name = (struct ump_text){stranger->name, name.size};
	table_add(table, &stranger->entry);
}

static bool number_of(struct comparison *comparison, struct ump_text id, uint64_t *ret_number)
{
	if (ump_text_to_number(id, SIMULATOR_EVENTS, ret_number) && *ret_number > 0)
		return true;
	if (comparison->strange.count < STRANGE)
		remember(&comparison->strange, id);
	else if (!table_find(&comparison->strange, id))
		comparison->more_strange++;
	return false;
}

void comparison_event(struct comparison *comparison, struct ump_text id)
{
	uint64_t number;
	if (number_of(comparison, id, &number))
		id_set_add(&comparison->events, number);
}

void comparison_verdict(struct comparison *comparison, struct ump_text id, bool cheating, struct ump_text player)
{
	uint64_t number;
	if (number_of(comparison, id, &number))
		id_set_add(cheating ? &comparison->cheating : &comparison->fair, number);
	if (cheating && comparison->flagged.count < SIMULATOR_PLAYERS + STRANGE)
		remember(&comparison->flagged, player);
}

uint64_t comparison_progress(const struct comparison *comparison)
{
	return comparison->events.count + comparison->fair.count + comparison->cheating.count;
}

bool comparison_is_complete(const struct comparison *comparison, const struct truth *truth)
{
	if (!truth->complete)
		return false;
	for (uint64_t id = 1; id <= truth->events; id++)
		if (id_set_has(&truth->acknowledged, id) &&
		    (!id_set_has(&comparison->events, id) ||
		     !id_set_has(id_set_has(&truth->cheating, id) ? &comparison->cheating : &comparison->fair, id)))
			return false;
	return true;
}

/* ---- The report ---- */

struct difference {
	const char *one, *many; /* "event was", "events were" */
	uint64_t count;
	struct ump_buffer examples;
};

static void count(struct difference *difference, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void count(struct difference *difference, const char *format, ...)
{
	if (difference->count++ >= EXAMPLES)
		return;
	char text[160];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	ump_buffer_print(&difference->examples, "%s%s", difference->count > 1 ? ", " : "", text);
}

enum { LOST, UNAUDITED, WRONG, BOTH, EXTRA, STRANGERS, NOT_FLAGGED, FALSELY, KINDS };

static void compare_event(const struct comparison *comparison, const struct truth *truth, uint64_t id, struct difference *kinds)
{
	bool sent = id_set_has(&truth->acknowledged, id), seen = id_set_has(&comparison->events, id);
	bool fair = id_set_has(&comparison->fair, id), cheating = id_set_has(&comparison->cheating, id);
	bool truly = id_set_has(&truth->cheating, id);
	if (sent && !seen)
		count(&kinds[LOST], "%" PRIu64, id);
	if (sent || seen) {
		if (!fair && !cheating && seen)
			count(&kinds[UNAUDITED], "%" PRIu64 " (%s)", id, truly ? "cheating" : "fair");
		else if (fair && cheating)
			count(&kinds[BOTH], "%" PRIu64, id);
		else if (sent && (fair || cheating) && cheating != truly)
			count(&kinds[WRONG], "%" PRIu64 " (found %s, expected %s)", id, cheating ? "cheating" : "fair",
			      truly ? "cheating" : "fair");
	} else if (fair || cheating) {
		count(&kinds[EXTRA], "%" PRIu64, id);
	}
}

static uint64_t highest(const struct comparison *comparison, const struct truth *truth)
{
	size_t words = truth->acknowledged.size;
	const size_t sizes[] = {comparison->events.size, comparison->fair.size, comparison->cheating.size};
	for (size_t i = 0; i < 3; i++)
		words = sizes[i] > words ? sizes[i] : words;
	return words * 64;
}

static void compare(const struct comparison *comparison, const struct truth *truth, struct difference *kinds)
{
	for (uint64_t id = 1, end = highest(comparison, truth); id < end; id++)
		compare_event(comparison, truth, id, kinds);
	for (size_t i = 0; i < comparison->strange.count; i++)
		count(&kinds[STRANGERS], "\"%.*s\"", UMP_TEXT_ARGUMENTS(comparison->strange.entries[i]->name));
	kinds[STRANGERS].count += comparison->more_strange;
	for (size_t i = 0; i < truth->flagged.count; i++)
		if (!table_find(&comparison->flagged, truth->flagged.entries[i]->name))
			count(&kinds[NOT_FLAGGED], "%.*s", UMP_TEXT_ARGUMENTS(truth->flagged.entries[i]->name));
	for (size_t i = 0; i < comparison->flagged.count; i++)
		if (!table_find(&truth->flagged, comparison->flagged.entries[i]->name))
			count(&kinds[FALSELY], "%.*s", UMP_TEXT_ARGUMENTS(comparison->flagged.entries[i]->name));
}

uint64_t comparison_report(const struct comparison *comparison, const struct truth *truth, struct ump_buffer *out)
{
	struct difference kinds[KINDS] = {
		[LOST] = {"event that Kafka acknowledged is", "events that Kafka acknowledged are", 0, {0}},
		[UNAUDITED] = {"event has", "events have", 0, {0}},
		[WRONG] = {"verdict is", "verdicts are", 0, {0}},
		[BOTH] = {"event has", "events have", 0, {0}},
		[EXTRA] = {"verdict is", "verdicts are", 0, {0}},
		[STRANGERS] = {"id is", "ids are", 0, {0}},
		[NOT_FLAGGED] = {"cheater was", "cheaters were", 0, {0}},
		[FALSELY] = {"player was", "players were", 0, {0}},
	};
	static const char *const what[KINDS] = {
		[LOST] = "not in the topic",
		[UNAUDITED] = "no verdict",
		[WRONG] = "wrong",
		[BOTH] = "two different verdicts",
		[EXTRA] = "about events never sent",
		[STRANGERS] = "not of this run",
		[NOT_FLAGGED] = "not flagged",
		[FALSELY] = "flagged without having cheated",
	};
	uint64_t differences = 0;
	compare(comparison, truth, kinds);
	for (size_t i = 0; i < KINDS; i++) {
		struct difference *kind = &kinds[i];
		differences += kind->count;
		if (kind->count)
			ump_buffer_print(out, "  %" PRIu64 " %s %s: %.*s%s\n", kind->count, kind->count == 1 ? kind->one : kind->many,
					 what[i], UMP_TEXT_ARGUMENTS(ump_buffer_text(&kind->examples)),
					 kind->count > EXAMPLES ? ", …" : "");
		ump_buffer_release(&kind->examples);
	}
	if (differences == 0)
		ump_buffer_print(out, "  all %" PRIu64 " events have their verdict, and the %zu flagged players are the cheaters\n",
				 comparison->events.count, comparison->flagged.count);
	return differences;
}
