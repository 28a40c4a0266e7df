/* See store_conformance.h. The model keeps every event for ever and adds up when it is asked; nothing of it is shared with a store. */
#include "tests/unit/audit/store_conformance.h"
#include "common/memory.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define RETENTION (3600 * UMP_SECOND)
#define WAIT      (20 * UMP_SECOND)

static struct digest digest_of(const char *kind, int64_t a, int64_t b)
{
	struct digest_state state;

	digest_start(&state);
	digest_add(&state, ump_text(kind));
	digest_add_number(&state, a);
	digest_add_number(&state, b);
	return digest_finish(&state);
}

struct wait {
	bool done, failed;
	struct store_update *updates;
	size_t count;
	char (*latches)[32]; /* copied in `done`, since they hold no longer */
};

static void applied(void *context, const struct ump_error *error)
{
	struct wait *wait = context;

	cr_assert_not(wait->done, "called twice");
	wait->done = true;
	wait->failed = error != NULL;
	if (error)
		fprintf(stderr, "store: %s\n", error->text);
	for (size_t i = 0; i < wait->count && !error; i++)
		if (wait->updates[i].result == STORE_FLAGGED)
			snprintf(wait->latches[i], sizeof(wait->latches[i]), "%.*s", UMP_TEXT_ARGUMENTS(wait->updates[i].latch));
}

static void apply(struct ump_loop *loop, struct store *store, struct store_update *updates, size_t count, char (*ret_latches)[32])
{
	struct wait wait = {.updates = updates, .count = count, .latches = ret_latches};
	int64_t until = ump_loop_clock() + WAIT;

	ump_loop_once(loop, 0);
	store_apply(store, updates, count, applied, &wait);
	while (!wait.done && ump_loop_clock() < until)
		ump_loop_once(loop, 10 * UMP_MILLISECOND);
	cr_assert(wait.done, "the store did not answer");
	cr_assert_not(wait.failed);
}

static struct ump_loop *new_loop(void)
{
	struct ump_loop *loop;
	struct ump_error error;

	cr_assert_eq(ump_loop_new(&loop, &error), 0, "%s", error.text);
	return loop;
}

/* An update of the window [start, start + 10) with lateness 5 of a player. */
static struct store_update update(int player, int64_t start, int event, int64_t time, uint32_t worth, uint32_t threshold, const char *reply)
{
	return (struct store_update){
		.player = digest_of("player", player, 0),
		.window = digest_of("window", player, start),
		.event = digest_of("event", event, 0),
		.time_us = time,
		.closes_us = start + 15,
		.worth = worth,
		.threshold = threshold,
		.reply = ump_text(reply),
	};
}

void conform_in_small(const struct store_maker *maker)
{
	static const struct {
		const char *what;
		int player;
		int64_t start;
		int event;
		int64_t time;
		uint32_t worth;
		enum store_result result;
		bool here;
		const char *latch;
	} steps[] = {
		{"a first event", 1, 0, 1, 1, 10, STORE_OPEN, false, ""},
		{"the same again is counted once", 1, 0, 1, 1, 10, STORE_OPEN, false, ""},
		{"worth nothing", 1, 0, 2, 2, 0, STORE_OPEN, false, ""},
		{"another player is another sum", 2, 0, 1, 1, 10, STORE_OPEN, false, ""},
		{"another window too", 1, 10, 3, 12, 10, STORE_OPEN, false, ""},
		{"exactly over the threshold", 1, 0, 4, 3, 1, STORE_FLAGGED, true, "step 5"},
		{"the flagging event again", 1, 0, 4, 3, 1, STORE_FLAGGED, true, "step 5"},
		{"an event from before the flag again", 1, 0, 1, 1, 10, STORE_FLAGGED, false, "step 5"},
		{"a new event of the flagged window", 1, 0, 5, 4, 7, STORE_FLAGGED, false, "step 5"},
		{"one worth nothing, likewise", 1, 0, 6, 4, 0, STORE_FLAGGED, false, "step 5"},
		{"the watermark at the bound is not late", 1, 20, 7, 25, 1, STORE_OPEN, false, ""},
		{"the other event of the second window", 1, 10, 8, 13, 0, STORE_OPEN, false, ""},
		{"the watermark moves", 1, 20, 9, 26, 1, STORE_OPEN, false, ""},
		{"and is above the bound of the second window", 1, 10, 10, 14, 11, STORE_LATE, false, ""},
		{"a known event is late as well", 1, 10, 3, 12, 10, STORE_LATE, false, ""},
		{"a flagged window answers however late", 1, 0, 11, 5, 1, STORE_FLAGGED, false, "step 5"},
		{"the other player's watermark is its own", 2, 0, 12, 2, 1, STORE_FLAGGED, true, "step 16"},
		{"one event alone", 3, 0, 13, 1, 11, STORE_FLAGGED, true, "step 17"},
		{"the larger of two worths, first", 4, 0, 14, 1, 3, STORE_OPEN, false, ""},
		{"the larger of two worths, second", 4, 0, 14, 1, 10, STORE_OPEN, false, ""},
		{"the larger of two worths, third", 4, 0, 14, 1, 2, STORE_OPEN, false, ""},
		{"the larger of two worths counts", 4, 0, 15, 1, 1, STORE_FLAGGED, true, "step 21"},
	};
	struct ump_loop *loop = new_loop();
	struct store *store = maker->open(maker->context, loop, RETENTION, true);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char reply[32];
		char latch[1][32] = {""};
		snprintf(reply, sizeof(reply), "step %zu", i);
		struct store_update one = update(steps[i].player, steps[i].start, steps[i].event, steps[i].time, steps[i].worth, 10, reply);
		apply(loop, store, &one, 1, latch);
		cr_assert_eq(one.result, steps[i].result, "step %zu, %s: result %d", i, steps[i].what, (int)one.result);
		cr_assert_str_eq(latch[0], steps[i].latch, "step %zu, %s", i, steps[i].what);
		if (one.result == STORE_FLAGGED)
			cr_assert_eq(one.flagged_here, steps[i].here, "step %zu, %s", i, steps[i].what);
	}
	store_close(store);
	ump_loop_free(loop);
}

/* ---- The model ---- */

struct known {
	int player, event;
	int64_t start;
	uint32_t worth;
};

struct model {
	struct known *events;
	size_t count;
	int64_t watermarks[8];
	struct latched {
		int player;
		int64_t start;
		char reply[32];
		int event;
	} latches[512];
	size_t latch_count;
};

static const struct latched *model_latch(const struct model *model, int player, int64_t start)
{
	for (size_t i = 0; i < model->latch_count; i++)
		if (model->latches[i].player == player && model->latches[i].start == start)
			return &model->latches[i];
	return NULL;
}

static enum store_result model_apply(struct model *model, int player, int64_t start, int event, int64_t time, uint32_t worth,
				     uint32_t threshold, const char *reply, const struct latched **ret_latch)
{
	uint32_t sum = 0;
	struct known *known = NULL;

	if (time > model->watermarks[player])
		model->watermarks[player] = time;
	*ret_latch = model_latch(model, player, start);
	if (*ret_latch)
		return STORE_FLAGGED;
	if (model->watermarks[player] > start + 15)
		return STORE_LATE;
	for (size_t i = 0; i < model->count; i++)
		if (model->events[i].player == player && model->events[i].start == start && model->events[i].event == event)
			known = &model->events[i];
	if (!known) {
		known = &model->events[model->count++];
		*known = (struct known){player, event, start, 0};
	}
	if (worth > known->worth)
		known->worth = worth;
	for (size_t i = 0; i < model->count; i++)
		if (model->events[i].player == player && model->events[i].start == start)
			sum += model->events[i].worth;
	if (sum <= threshold)
		return STORE_OPEN;
	struct latched *latch = &model->latches[model->latch_count++];
	*latch = (struct latched){.player = player, .start = start, .event = event};
	snprintf(latch->reply, sizeof(latch->reply), "%s", reply);
	*ret_latch = latch;
	return STORE_FLAGGED;
}

static uint32_t draw(uint32_t *state, uint32_t below)
{
	*state = *state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*state * below) >> 32);
}

/* Random updates, in applies of 1 to 7, some of them sent again: every answer is the model's. */
void conform_to_the_model(const struct store_maker *maker, uint32_t seed, size_t updates)
{
	struct ump_loop *loop = new_loop();
	struct store *store = maker->open(maker->context, loop, RETENTION, true);
	struct model *model = ump_allocate(1, sizeof(*model));
	size_t flagged = 0, late = 0, here = 0;
	int64_t clock = 0;

	model->events = ump_allocate(updates + 8, sizeof(*model->events));
	for (size_t i = 0; i < 8; i++)
		model->watermarks[i] = INT64_MIN;
	for (size_t done = 0; done < updates;) {
		size_t count = 1 + draw(&seed, 7);
		struct store_update batch[7];
		const struct latched *expected_latches[7];
		enum store_result expected[7];
		int events[7];
		char replies[7][32];
		char latches[7][32];
		for (size_t i = 0; i < count; i++) {
			clock += draw(&seed, 8) == 0;
			int64_t time = clock - draw(&seed, 20);
			int player = (int)draw(&seed, 8);
			int64_t start = time - ((time % 10) + 10) % 10;
			events[i] = (int)(time * 4 + draw(&seed, 4));
			uint32_t worth = draw(&seed, 3) == 0 ? 0 : draw(&seed, 6);
			snprintf(replies[i], sizeof(replies[i]), "reply %zu", done + i);
			batch[i] = update(player, start, events[i], time, worth, 10, replies[i]);
			expected[i] = model_apply(model, player, start, events[i], time, worth, 10, replies[i], &expected_latches[i]);
		}
		apply(loop, store, batch, count, latches);
		for (size_t i = 0; i < count; i++) {
			cr_assert_eq(batch[i].result, expected[i], "update %zu: %d, expected %d", done + i, (int)batch[i].result,
				     (int)expected[i]);
			late += expected[i] == STORE_LATE;
			if (expected[i] != STORE_FLAGGED)
				continue;
			flagged++;
			here += batch[i].flagged_here;
			cr_assert_str_eq(latches[i], expected_latches[i]->reply, "update %zu", done + i);
			cr_assert_eq(batch[i].flagged_here, expected_latches[i]->event == events[i], "update %zu", done + i);
		}
		done += count;
	}
	/* The draw has to reach what it is for. */
	cr_assert(flagged > updates / 50 && late > updates / 50 && here > 5 && here < flagged, "%zu flagged, %zu late, %zu here", flagged,
		  late, here);
	store_close(store);
	free(model->events);
	free(model);
	ump_loop_free(loop);
}

/* The same events in two orders, with repetitions, none of them late: the same windows are flagged. */
void conform_in_any_order(const struct store_maker *maker, uint32_t seed)
{
	enum { EVENTS = 300, PLAYERS = 5, WINDOWS = 4 };
	struct ump_loop *loop = new_loop();
	bool flagged[2][PLAYERS][WINDOWS] = {0};
	int order[EVENTS];
	size_t total = 0;

	for (int i = 0; i < EVENTS; i++)
		order[i] = i;
	for (int round = 0; round < 2; round++) {
		struct store *store = maker->open(maker->context, loop, RETENTION, true);
		for (int i = 0; i < EVENTS + EVENTS / 3; i++) {
			int event = order[i % EVENTS];
			int player = event % PLAYERS;
			int window = event / PLAYERS % WINDOWS;
			char latch[1][32];
			struct store_update one = update(player, window * 10, event, window * 10 + 1, (uint32_t)(event * 7 % 5), 25, "x");
			one.closes_us = 1000;
			apply(loop, store, &one, 1, latch);
			flagged[round][player][window] |= one.result == STORE_FLAGGED;
		}
		store_close(store);
		for (int i = EVENTS - 1; i > 0; i--) {
			int other = (int)draw(&seed, (uint32_t)i + 1);
			int swap = order[i];
			order[i] = order[other];
			order[other] = swap;
		}
	}
	for (int player = 0; player < PLAYERS; player++)
		for (int window = 0; window < WINDOWS; window++) {
			cr_assert_eq(flagged[0][player][window], flagged[1][player][window], "player %d, window %d", player, window);
			total += flagged[0][player][window];
		}
	cr_assert(total > 2 && total < PLAYERS * WINDOWS, "%zu flagged", total);
	ump_loop_free(loop);
}

static void pass(struct ump_loop *loop, int64_t us)
{
	int64_t until = ump_loop_clock() + us;

	while (ump_loop_clock() < until)
		ump_loop_once(loop, until - ump_loop_clock());
}

/* Kept for the retention after the last touch, and forgotten some time after that. */
void conform_in_forgetting(const struct store_maker *maker)
{
	const int64_t retention = UMP_SECOND;
	struct ump_loop *loop = new_loop();
	struct store *store = maker->open(maker->context, loop, retention, true);
	char latch[1][32];
	struct store_update one = update(1, 0, 1, 1, 11, 10, "first");

	apply(loop, store, &one, 1, latch);
	int64_t begin = ump_loop_clock();
	int64_t touched = begin;
	while (ump_loop_clock() - begin < retention + retention / 2) {
		pass(loop, retention / 10);
		bool in_time = ump_loop_clock() - touched < retention;
		int64_t before = ump_loop_clock();
		one = update(1, 0, 1, 1, 11, 10, "second");
		apply(loop, store, &one, 1, latch);
		if (in_time)
			cr_assert_str_eq(latch[0], "first");
		touched = before;
	}
	pass(loop, 2 * retention + retention / 2);
	one = update(1, 0, 2, 1, 11, 10, "third");
	apply(loop, store, &one, 1, latch);
	cr_assert_str_eq(latch[0], "third", "not forgotten");
	store_close(store);
	ump_loop_free(loop);
}

void conform_in_durability(const struct store_maker *maker)
{
	struct ump_loop *loop = new_loop();
	struct store *store = maker->open(maker->context, loop, RETENTION, true);
	char latch[1][32];
	struct store_update updates[] = {update(1, 0, 1, 1, 10, 10, "a"), update(2, 0, 2, 1, 11, 10, "b"),
					 update(3, 100, 3, 100, 1, 10, "c")};
	char latches[3][32];

	apply(loop, store, updates, 3, latches);
	store_close(store);
	store = maker->open(maker->context, loop, RETENTION, false);
	struct store_update one = update(1, 0, 9, 1, 1, 10, "again");
	apply(loop, store, &one, 1, latch);
	cr_assert_eq(one.result, maker->durable ? STORE_FLAGGED : STORE_OPEN);
	one = update(2, 0, 2, 1, 11, 10, "again");
	apply(loop, store, &one, 1, latch);
	cr_assert_str_eq(latch[0], maker->durable ? "b" : "again");
	cr_assert(one.flagged_here);
	one = update(3, 0, 4, 1, 1, 10, "again");
	apply(loop, store, &one, 1, latch);
	cr_assert_eq(one.result, maker->durable ? STORE_LATE : STORE_OPEN);
	store_close(store);
	ump_loop_free(loop);
}
