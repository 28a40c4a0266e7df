#include "provider/limiter.h"
#include "common/memory.h"
#include "provider/random.h"
#include <stdlib.h>
#include <string.h>

#define SECOND_US   1000000
#define SWEEP_PAUSE (SECOND_US / 10) /* a table that stays full is not swept for each of a flood */

struct limiter_slot {
	uint64_t key;
	int64_t even_us; /* 0: empty */
};

struct limiter {
	int64_t step_us, burst_us;
	size_t most, count, mask;
	int64_t swept_us;
	struct limiter_slot *slots;
};

struct limiter *limiter_new(double rate, size_t most)
{
	struct limiter *limiter = ump_allocate(1, sizeof *limiter);
	size_t capacity = 16;
	while (capacity < 2 * most)
		capacity *= 2;
	limiter->step_us = (int64_t)(SECOND_US / rate);
	limiter->burst_us = limiter->step_us > SECOND_US ? limiter->step_us : SECOND_US;
	limiter->most = most;
	limiter->mask = capacity - 1;
	limiter->swept_us = INT64_MIN / 2;
	limiter->slots = ump_allocate(capacity, sizeof *limiter->slots);
	return limiter;
}

void limiter_free(struct limiter *limiter)
{
	if (!limiter)
		return;
	free(limiter->slots);
	free(limiter);
}

static struct limiter_slot *slot_of(const struct limiter *limiter, uint64_t key)
{
	size_t i = (size_t)random_mix(key) & limiter->mask;
	while (limiter->slots[i].even_us && limiter->slots[i].key != key)
		i = (i + 1) & limiter->mask;
	return &limiter->slots[i];
}

static void sweep(struct limiter *limiter, int64_t now_us)
{
	size_t capacity = limiter->mask + 1;
	struct limiter_slot *before = limiter->slots;
	limiter->slots = ump_allocate(capacity, sizeof *limiter->slots);
	limiter->count = 0;
	limiter->swept_us = now_us;
	for (size_t i = 0; i < capacity; i++)
		if (before[i].even_us > now_us) {
			*slot_of(limiter, before[i].key) = before[i];
			limiter->count++;
		}
	free(before);
}

enum limiter_answer limiter_take(struct limiter *limiter, uint64_t key, int64_t now_us, int64_t *ret_wait_us)
{
	struct limiter_slot *slot = slot_of(limiter, key);
	if (!slot->even_us && limiter->count >= limiter->most) {
		if (now_us - limiter->swept_us >= SWEEP_PAUSE)
			sweep(limiter, now_us);
		*ret_wait_us = SECOND_US;
		if (limiter->count >= limiter->most)
			return LIMITER_FULL;
		slot = slot_of(limiter, key);
	}
	int64_t even_us = slot->even_us > now_us ? slot->even_us : now_us;
	*ret_wait_us = even_us + limiter->step_us - limiter->burst_us - now_us;
	if (*ret_wait_us > 0)
		return LIMITER_TOO_MANY;
	limiter->count += !slot->even_us;
	*slot = (struct limiter_slot){key, even_us + limiter->step_us};
	*ret_wait_us = 0;
	return LIMITER_GOOD;
}
