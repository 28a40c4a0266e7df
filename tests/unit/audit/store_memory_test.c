/* The store in memory. */
#include "tests/unit/audit/store_conformance.h"
#include <criterion/criterion.h>
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
