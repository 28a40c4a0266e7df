/* audit-fn/store_memory.c: the state in memory.
 *
 * One hash table of entries, by their digest, which is as good as random and so is its own hash: watermarks and windows live side by side.
 * Entries hang in a list in the order of their last touch, so that what is to be forgotten is always at its head. Everything happens on the
 * loop's thread, inside store_apply(). */
#include "audit-fn/store.h"
#include "common/memory.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_EVERY (10 * UMP_SECOND)
#define TABLE_FIRST 1024
#define OVERHEAD    16 /* what malloc() adds to a block, about */

struct part { /* one event that counts */
	struct digest event;
	uint32_t worth;
};

struct entry {
	struct digest id;
	struct entry *older, *newer;
	int64_t touched_us;   /* loop time */
	int64_t watermark_us; /* of a watermark */
	struct part *parts;   /* of a window that is not flagged */
	uint32_t part_count, part_capacity;
	uint32_t sum;
	uint32_t latch_size;
	char *latch;         /* of a flagged window */
	struct digest event; /* that flagged it */
};

struct memory_store {
	struct store base;
	struct ump_loop *loop;
	struct ump_timer sweep;
	int64_t retention_us;
	size_t limit, size; /* bytes */
	struct entry **table;
	size_t capacity, count; /* capacity: a power of two, at most 3/4 full */
	struct entry *oldest, *newest;
};

static size_t slot_of(const struct memory_store *store, const struct digest *id)
{
	uint64_t hash;

	memcpy(&hash, id->bytes, sizeof(hash));
	return (size_t)hash & (store->capacity - 1);
}

/* The slot with this entry, or the free one where it belongs. */
static size_t find_slot(const struct memory_store *store, const struct digest *id)
{
	size_t slot = slot_of(store, id);

	while (store->table[slot] && memcmp(store->table[slot]->id.bytes, id->bytes, DIGEST_SIZE) != 0)
		slot = (slot + 1) & (store->capacity - 1);
	return slot;
}

static void grow(struct memory_store *store)
{
	struct entry **old = store->table;
	size_t old_capacity = store->capacity;

	store->capacity *= 2;
	store->table = ump_allocate(store->capacity, sizeof(struct entry *));
	store->size += old_capacity * sizeof(struct entry *);
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i])
			store->table[find_slot(store, &old[i]->id)] = old[i];
	free(old);
}

static void unlink_entry(struct memory_store *store, struct entry *entry)
{
	*(entry->older ? &entry->older->newer : &store->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &store->newest) = entry->older;
}

static void touch(struct memory_store *store, struct entry *entry)
{
	entry->touched_us = ump_loop_now(store->loop);
	entry->older = store->newest;
	entry->newer = NULL;
	*(store->newest ? &store->newest->newer : &store->oldest) = entry;
	store->newest = entry;
}

static struct entry *find_or_add(struct memory_store *store, const struct digest *id)
{
	size_t slot = find_slot(store, id);
	struct entry *entry = store->table[slot];

	if (entry) {
		unlink_entry(store, entry);
	} else {
		if (4 * (store->count + 1) > 3 * store->capacity) {
			grow(store);
			slot = find_slot(store, id);
		}
		entry = store->table[slot] = ump_allocate(1, sizeof(*entry));
		entry->id = *id;
		entry->watermark_us = INT64_MIN;
		store->count++;
		store->size += sizeof(*entry) + OVERHEAD;
	}
	touch(store, entry);
	return entry;
}

static void drop_parts(struct memory_store *store, struct entry *entry)
{
	if (entry->part_capacity > 0)
		store->size -= entry->part_capacity * sizeof(struct part) + OVERHEAD;
	free(entry->parts);
	entry->parts = NULL;
	entry->part_count = entry->part_capacity = 0;
}

/* Takes the entry out and closes the gap, so that a look-up never meets a hole before what it looks for. */
static void forget(struct memory_store *store, struct entry *entry)
{
	size_t mask = store->capacity - 1;
	size_t hole = find_slot(store, &entry->id);

	for (size_t next = (hole + 1) & mask; store->table[next]; next = (next + 1) & mask) {
		size_t home = slot_of(store, &store->table[next]->id);
		if (((next - home) & mask) >= ((next - hole) & mask)) {
			store->table[hole] = store->table[next];
			hole = next;
		}
	}
	store->table[hole] = NULL;
	store->count--;
	unlink_entry(store, entry);
	drop_parts(store, entry);
	if (entry->latch)
		store->size -= entry->latch_size + OVERHEAD;
	store->size -= sizeof(*entry) + OVERHEAD;
	free(entry->latch);
	free(entry);
}

static void forget_expired(struct memory_store *store)
{
	int64_t now = ump_loop_now(store->loop);

	while (store->oldest && now - store->oldest->touched_us > store->retention_us)
		forget(store, store->oldest);
}

static void sweep(void *context)
{
	struct memory_store *store = context;

	forget_expired(store);
	ump_timer_set(store->loop, &store->sweep, ump_loop_now(store->loop) + SWEEP_EVERY, sweep, store);
}

/* ---- Updates ---- */

static void add_part(struct memory_store *store, struct entry *window, const struct store_update *update)
{
	for (uint32_t i = 0; i < window->part_count; i++) {
		struct part *part = &window->parts[i];
		if (memcmp(part->event.bytes, update->event.bytes, DIGEST_SIZE) != 0)
			continue;
		if (update->worth > part->worth) {
			window->sum += update->worth - part->worth;
			part->worth = update->worth;
		}
		return;
	}
	if (window->part_count == window->part_capacity) {
		uint32_t capacity = window->part_capacity ? 2 * window->part_capacity : 2;
		store->size += (capacity - window->part_capacity) * sizeof(struct part) + (window->part_capacity ? 0 : OVERHEAD);
		window->parts = ump_reallocate(window->parts, capacity, sizeof(struct part));
		window->part_capacity = capacity;
	}
	window->parts[window->part_count++] = (struct part){update->event, update->worth};
	window->sum += update->worth;
}

static void latch(struct memory_store *store, struct entry *window, const struct store_update *update)
{
	drop_parts(store, window);
	window->latch = ump_copy_bytes(update->reply.start, update->reply.size);
	window->latch_size = (uint32_t)update->reply.size;
	window->event = update->event;
	store->size += window->latch_size + OVERHEAD;
}

static void apply_one(struct memory_store *store, struct store_update *update)
{
	struct entry *player = find_or_add(store, &update->player);
	struct entry *window = store->table[find_slot(store, &update->window)];

	if (update->time_us > player->watermark_us)
		player->watermark_us = update->time_us;
	update->result = STORE_OPEN;
	if (!window || !window->latch) {
		if (player->watermark_us > update->closes_us) {
			update->result = STORE_LATE;
			return;
		}
		if (update->worth == 0)
			return;
	}
	window = find_or_add(store, &update->window);
	if (!window->latch) {
		add_part(store, window, update);
		if (window->sum <= update->threshold)
			return;
		latch(store, window, update);
	}
	update->result = STORE_FLAGGED;
	update->latch = (struct ump_text){window->latch, window->latch_size};
	update->flagged_here = memcmp(window->event.bytes, update->event.bytes, DIGEST_SIZE) == 0;
}

static bool is_full(const struct memory_store *store)
{
	return store->size >= store->limit;
}

static void memory_apply(struct store *base, struct store_update *updates, size_t count, store_done_fn *done, void *context)
{
	struct memory_store *store = (struct memory_store *)base;
	struct ump_error error;

	forget_expired(store);
	if (is_full(store)) {
		ump_fail(&error, UMP_RETRY, "the store in memory is full: %zu bytes, of %zu", store->size, store->limit);
		done(context, &error);
		return;
	}
	for (size_t i = 0; i < count; i++)
		apply_one(store, &updates[i]);
	done(context, NULL);
}

static bool memory_ready(const struct store *base, char *reason, size_t reason_size)
{
	const struct memory_store *store = (const struct memory_store *)base;

	if (!is_full(store))
		return true;
	snprintf(reason, reason_size, "the store in memory is full");
	return false;
}

static void memory_close(struct store *base)
{
	struct memory_store *store = (struct memory_store *)base;

	while (store->oldest)
		forget(store, store->oldest);
	ump_timer_cancel(store->loop, &store->sweep);
	free(store->table);
	free(store);
}

int store_memory_open(struct store **ret_store, struct ump_loop *loop, const struct store_settings *settings, struct ump_error *error)
{
	static const struct store_methods methods = {memory_apply, memory_ready, memory_close};
	struct memory_store *store = ump_allocate(1, sizeof(*store));

	(void)error;
	store->base.methods = &methods;
	store->loop = loop;
	store->retention_us = settings->retention_us;
	store->limit = (size_t)settings->limit;
	store->capacity = TABLE_FIRST;
	store->table = ump_allocate(store->capacity, sizeof(struct entry *));
	store->size = store->capacity * sizeof(struct entry *);
	sweep(store);
	*ret_store = &store->base;
	return 0;
}
