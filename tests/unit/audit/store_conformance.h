/* What every store has to do: the same cases run on each. */
#pragma once
#include "audit-fn/store.h"

/* Opens a store that is empty (`fresh`), or again the one that was closed. Fails the test by itself. */
struct store_maker {
	struct store *(*open)(void *context, struct ump_loop *loop, int64_t retention_us, bool fresh);
	void *context;
	bool durable; /* what was applied is there after closing and opening again */
};

void conform_in_small(const struct store_maker *maker);
void conform_to_the_model(const struct store_maker *maker, uint32_t seed, size_t updates);
void conform_in_any_order(const struct store_maker *maker, uint32_t seed);
void conform_in_forgetting(const struct store_maker *maker);
void conform_in_durability(const struct store_maker *maker);
