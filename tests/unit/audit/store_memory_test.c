/* The store in memory. */
#include "tests/unit/audit/store_conformance.h"
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>

static struct store *open_memory(void *context, struct ump_loop *loop, int64_t retention_us, bool fresh)
{
	struct store *store;
	struct ump_error error;

	(void)context;
	(void)fresh;
	cr_assert_eq(
		store_memory_open(&store, loop, &(struct store_settings){.retention_us = retention_us, .limit = INT64_C(1) << 30}, &error),
		0);
	return store;
}

static const struct store_maker maker = {.open = open_memory};

Test(store_memory, does_every_step)
{
	conform_in_small(&maker);
}

Test(store_memory, answers_as_the_model_does)
{
	for (uint32_t seed = 1; seed <= 5; seed++)
		conform_to_the_model(&maker, seed, 4000);
}

Test(store_memory, flags_the_same_in_any_order)
{
	for (uint32_t seed = 1; seed <= 20; seed++)
		conform_in_any_order(&maker, seed);
}

Test(store_memory, forgets_after_the_retention)
{
	conform_in_forgetting(&maker);
}

Test(store_memory, is_gone_when_it_is_closed)
{
	conform_in_durability(&maker);
}

static void note(void *context, const struct ump_error *error)
{
	*(bool *)context = error == NULL;
}

Test(store_memory, is_not_ready_when_it_is_full_and_recovers)
{
	struct ump_loop *loop;
	struct store *store;
	struct ump_error error;
	char reason[80] = "";
	bool taken = true;
	size_t count = 0;

	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(store_memory_open(&store, loop, &(struct store_settings){.retention_us = UMP_SECOND / 2, .limit = 65536}, &error), 0);
	while (taken && count < 10000) {
		struct store_update one = {.threshold = 10, .worth = 1, .closes_us = 100};
		memcpy(one.player.bytes, &count, sizeof(count));
		memcpy(one.window.bytes + 8, &count, sizeof(count));
		store_apply(store, &one, 1, note, &taken);
		count++;
	}
	cr_assert_not(taken);
	cr_assert(count > 100, "full after %zu", count);
	cr_assert_not(store_ready(store, reason, sizeof(reason)));
	cr_assert_str_eq(reason, "the store in memory is full");

	int64_t until = ump_loop_clock() + UMP_SECOND;
	while (ump_loop_clock() < until)
		ump_loop_once(loop, until - ump_loop_clock());
	struct store_update one = {.threshold = 10, .worth = 1, .closes_us = 100};
	store_apply(store, &one, 1, note, &taken);
	cr_assert(taken);
	cr_assert(store_ready(store, reason, sizeof(reason)));
	store_close(store);
	ump_loop_free(loop);
}

enum { PLAYERS = 1000000, AT_ONCE = 1000, BYTES_A_PLAYER = 340 }; /* docs/AUDIT.md says what it is */

/* One event of each of a million players, in a window each. */
static void play(struct store *store)
{
	static struct store_update updates[AT_ONCE];

	for (size_t first = 0; first < PLAYERS; first += AT_ONCE) {
		bool taken = false;
		for (size_t i = 0; i < AT_ONCE; i++) {
			const uint64_t scatter = UINT64_C(0x9E3779B97F4A7C15); /* as hashes, which digests are */
			uint64_t player = (first + i) * scatter, window = (first + i + PLAYERS) * scatter;
			updates[i] = (struct store_update){.threshold = 10, .worth = 1, .closes_us = 100};
			memcpy(updates[i].player.bytes, &player, sizeof(player));
			memcpy(updates[i].window.bytes, &window, sizeof(window));
		}
		store_apply(store, updates, AT_ONCE, note, &taken);
		cr_assert(taken);
	}
}

/* What is allocated; 0 under a sanitizer, which has an allocator of its own. */
static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

Test(store_memory, a_million_players_take_the_bytes_that_are_counted_and_give_them_back, .timeout = 120)
{
	struct ump_loop *loop;
	struct store *store;
	struct ump_error error;
	bool taken = false;

	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	struct store_settings settings = {.retention_us = 3600 * UMP_SECOND, .limit = (int64_t)PLAYERS * BYTES_A_PLAYER};
	size_t before = allocated();
	cr_assert_eq(store_memory_open(&store, loop, &settings, &error), 0);
	play(store); /* all of it within the limit */
	size_t used = allocated() - before;
	cr_assert_leq(used, (size_t)settings.limit, "%zu bytes a player", used / PLAYERS);
	store_close(store);

	settings.retention_us = UMP_SECOND;
	cr_assert_eq(store_memory_open(&store, loop, &settings, &error), 0);
	before = allocated();
	play(store);
	int64_t until = ump_loop_clock() + settings.retention_us + UMP_SECOND / 10;
	while (ump_loop_clock() < until)
		ump_loop_once(loop, until - ump_loop_clock());
	struct store_update one = {.threshold = 10, .worth = 1, .closes_us = 100};
	store_apply(store, &one, 1, note, &taken); /* forgetting goes with the next update */
	cr_assert(taken);
	used = allocated() - before;
	cr_assert_leq(used, (size_t)PLAYERS * 40, "what is left is the table: %zu bytes a player", used / PLAYERS);
	store_close(store);
	ump_loop_free(loop);
}
