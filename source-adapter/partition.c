/* A record's place is its sequence number modulo the capacity, so a ticket is checked by two comparisons and no search.
 *
 * Order is a matter of chains. Records that must follow each other form one: all of the partition, or all of a key. The first of a chain is
 * free to go or taken, the others wait; finishing the first frees the second. The heads of the chains are found by the hash of their key.
 * Two keys with the same 64-bit hash share a chain, which costs them a little parallelism and nothing else.
 *
 * Invariants: head <= tail <= head + capacity; the slot at head is never FINISHED after a call returns (else it is popped); in a chain
 * only the head is READY, TAKEN ones are at its front, the rest is BLOCKED. */
#include "source-adapter/partition.h"
#include "common/memory.h"
#include "source-adapter/ahead.h"
#include <assert.h>
#include <stdlib.h>

#define NOBODY UINT32_MAX

enum slot_state { SLOT_BLOCKED, SLOT_READY, SLOT_TAKEN, SLOT_FINISHED };

struct slot {
	int64_t offset;
	void *record;
	uint64_t hash;      /* of the key; meaningless where not chained */
	uint32_t ready;     /* in the queue of those that may go: the next one */
	uint32_t behind;    /* in its chain: the next one */
	uint32_t last;      /* at the head of a chain: its last one */
	uint32_t length;    /* at the head of a chain: of how many that is */
	uint32_t neighbour; /* at the head of a chain: the next head in the same bucket */
	enum slot_state state;
	bool chained;
	bool stalled;
	bool ours; /* finished in this life */
};

struct partition {
	enum order order;
	uint64_t epoch;
	uint64_t head, tail; /* sequence numbers */
	uint32_t mask;       /* capacity - 1 */
	struct slot *slots;
	uint32_t *buckets; /* heads of chains, by hash */
	uint32_t first_ready, last_ready;
	size_t pending, stalled, beyond;
	size_t open; /* those READY, and those in a chain behind them */
	int64_t position, next_offset;
	struct offset_range *known; /* finished in an earlier life, not yet passed by what was added */
	size_t known_at, known_count;
};

static uint32_t round_up(uint32_t capacity)
{
	uint32_t power = 1;
	while (power < capacity && power < UINT32_C(1) << 30)
		power <<= 1;
	return power;
}

struct partition *partition_new(const struct partition_options *options)
{
	struct partition *partition = ump_allocate(1, sizeof *partition);
	uint32_t capacity = round_up(options->capacity);
	*partition = (struct partition){
		.order = options->order,
		.epoch = options->epoch,
		.mask = capacity - 1,
		.slots = ump_allocate(capacity, sizeof(struct slot)),
		.buckets = ump_allocate(capacity, sizeof(uint32_t)),
		.first_ready = NOBODY,
		.last_ready = NOBODY,
		.position = options->position,
		.next_offset = options->position,
	};
	memset(partition->buckets, 0xff, capacity * sizeof(uint32_t));
	if (options->ahead.size > 0)
		ahead_read(options->ahead, options->position, &partition->known, &partition->known_count);
	return partition;
}

void partition_free(struct partition *partition)
{
	if (!partition)
		return;
	free(partition->slots);
	free(partition->buckets);
	free(partition->known);
	free(partition);
}

bool partition_has_room(const struct partition *partition)
{
	return partition->tail - partition->head <= partition->mask;
}

static struct slot *slot_at(const struct partition *partition, uint64_t sequence)
{
	return &partition->slots[sequence & partition->mask];
}

static uint32_t index_of(const struct partition *partition, const struct slot *slot)
{
	return (uint32_t)(slot - partition->slots);
}

/* FNV-1a with a final mix: keys come from outside, but a collision costs nobody else more than a walk of at most the ring's length. */
static uint64_t hash_of(struct ump_text key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < key.size; i++)
		hash = (hash ^ (uint8_t)key.start[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

/* ---- Those that may go ---- */

static uint32_t length_of(const struct slot *slot)
{
	return slot->chained ? slot->length : 1;
}

static void push_ready(struct partition *partition, struct slot *slot)
{
	uint32_t index = index_of(partition, slot);
	partition->open += length_of(slot);
	slot->state = SLOT_READY;
	slot->ready = NOBODY;
	if (partition->last_ready == NOBODY)
		partition->first_ready = index;
	else
		partition->slots[partition->last_ready].ready = index;
	partition->last_ready = index;
}

static void push_ready_first(struct partition *partition, struct slot *slot)
{
	partition->open += length_of(slot);
	slot->state = SLOT_READY;
	slot->ready = partition->first_ready;
	partition->first_ready = index_of(partition, slot);
	if (partition->last_ready == NOBODY)
		partition->last_ready = partition->first_ready;
}

static struct slot *pop_ready(struct partition *partition)
{
	if (partition->first_ready == NOBODY)
		return NULL;
	struct slot *slot = &partition->slots[partition->first_ready];
	partition->first_ready = slot->ready;
	if (partition->first_ready == NOBODY)
		partition->last_ready = NOBODY;
	partition->open -= length_of(slot);
	return slot;
}

/* ---- Chains ---- */

/* Where the head of the chain with this hash is noted, or where it would be. */
static uint32_t *find_head(struct partition *partition, uint64_t hash)
{
	uint32_t *link = &partition->buckets[hash & partition->mask];
	while (*link != NOBODY && partition->slots[*link].hash != hash)
		link = &partition->slots[*link].neighbour;
	return link;
}

static void join_chain(struct partition *partition, struct slot *slot)
{
	uint32_t index = index_of(partition, slot);
	uint32_t *link = find_head(partition, slot->hash);
	slot->chained = true;
	slot->behind = NOBODY;
	if (*link == NOBODY) {
		slot->last = index;
		slot->length = 1;
		slot->neighbour = NOBODY;
		*link = index;
		push_ready(partition, slot);
		return;
	}
	struct slot *first = &partition->slots[*link];
	partition->slots[first->last].behind = index;
	first->last = index;
	first->length++;
	partition->open += first->state == SLOT_READY;
	slot->state = SLOT_BLOCKED;
}

/* The head of a chain is finished: the next one takes its place, and may go unless it is on its way already. */
static void leave_chain(struct partition *partition, struct slot *slot)
{
	uint32_t *link = find_head(partition, slot->hash);
	assert(*link == index_of(partition, slot));
	if (slot->behind == NOBODY) {
		*link = slot->neighbour;
		return;
	}
	struct slot *next = &partition->slots[slot->behind];
	next->last = slot->last;
	next->length = slot->length - 1;
	next->neighbour = slot->neighbour;
	*link = slot->behind;
	if (next->state == SLOT_BLOCKED)
		push_ready(partition, next);
}

/* ---- Adding and taking ---- */

/* Whether the offset was finished before this assignment. Offsets only rise, so what is passed is never asked for again. */
static bool finished_before(struct partition *partition, int64_t offset)
{
	while (partition->known_at < partition->known_count && partition->known[partition->known_at].to <= offset)
		partition->known_at++;
	return partition->known_at < partition->known_count && partition->known[partition->known_at].from <= offset;
}

static void pop_finished(struct partition *partition)
{
	while (partition->head < partition->tail && slot_at(partition, partition->head)->state == SLOT_FINISHED) {
		partition->position = slot_at(partition, partition->head)->offset + 1;
		partition->beyond -= slot_at(partition, partition->head)->ours;
		partition->head++;
	}
	if (partition->head == partition->tail)
		partition->position = partition->next_offset;
}

enum partition_admission partition_add(struct partition *partition, int64_t offset, struct ump_text key, void *record)
{
	assert(partition_has_room(partition));
	if (offset < partition->next_offset)
		return PARTITION_KNOWN;
	partition->next_offset = offset + 1;
	struct slot *slot = slot_at(partition, partition->tail++);
	*slot = (struct slot){.offset = offset, .state = SLOT_FINISHED};
	if (finished_before(partition, offset)) {
		pop_finished(partition);
		return PARTITION_KNOWN;
	}

	slot->record = record;
	partition->pending++;
	if (partition->order == ORDER_PARTITION) {
		join_chain(partition, slot);
	} else if (partition->order == ORDER_KEY && key.start) {
		slot->hash = hash_of(key);
		join_chain(partition, slot);
	} else {
		push_ready(partition, slot);
	}
	return PARTITION_ADDED;
}

static struct partition_ticket ticket_of(const struct partition *partition, const struct slot *slot)
{
	uint64_t distance = (index_of(partition, slot) - partition->head) & partition->mask;
	return (struct partition_ticket){partition->epoch, partition->head + distance};
}

bool partition_can_take(const struct partition *partition)
{
	return partition->first_ready != NOBODY;
}

size_t partition_open(const struct partition *partition)
{
	return partition->open;
}

bool partition_take(struct partition *partition, struct partition_ticket *ret_ticket, void **ret_record)
{
	struct slot *slot = pop_ready(partition);
	if (!slot)
		return false;
	slot->state = SLOT_TAKEN;
	*ret_ticket = ticket_of(partition, slot);
	*ret_record = slot->record;
	return true;
}

static void remove_ready(struct partition *partition, struct slot *slot)
{
	uint32_t index = index_of(partition, slot), before = NOBODY;
	for (uint32_t at = partition->first_ready; at != index; at = partition->slots[at].ready)
		before = at;
	if (before == NOBODY)
		partition->first_ready = slot->ready;
	else
		partition->slots[before].ready = slot->ready;
	if (partition->last_ready == index)
		partition->last_ready = before;
	partition->open -= length_of(slot);
}

bool partition_take_head(struct partition *partition, struct partition_ticket *ret_ticket, void **ret_record)
{
	struct slot *slot = slot_at(partition, partition->head);
	if (partition->head == partition->tail || slot->state != SLOT_READY)
		return false;
	remove_ready(partition, slot);
	slot->state = SLOT_TAKEN;
	*ret_ticket = ticket_of(partition, slot);
	*ret_record = slot->record;
	return true;
}

/* The taken record that a ticket names, or NULL. */
static struct slot *find_taken(const struct partition *partition, struct partition_ticket ticket)
{
	if (ticket.epoch != partition->epoch || ticket.sequence < partition->head || ticket.sequence >= partition->tail)
		return NULL;
	struct slot *slot = slot_at(partition, ticket.sequence);
	return slot->state == SLOT_TAKEN ? slot : NULL;
}

bool partition_take_behind(struct partition *partition, struct partition_ticket ticket, struct partition_ticket *ret_ticket,
			   void **ret_record)
{
	struct slot *slot = find_taken(partition, ticket);
	if (!slot || !slot->chained || slot->behind == NOBODY)
		return false;
	struct slot *next = &partition->slots[slot->behind];
	if (next->state != SLOT_BLOCKED)
		return false;
	next->state = SLOT_TAKEN;
	*ret_ticket = ticket_of(partition, next);
	*ret_record = next->record;
	return true;
}

void partition_give_back(struct partition *partition, struct partition_ticket ticket)
{
	struct slot *slot = find_taken(partition, ticket);
	assert(slot && !slot->stalled);
	assert(!slot->chained || slot->behind == NOBODY || partition->slots[slot->behind].state == SLOT_BLOCKED);
	if (slot->chained && *find_head(partition, slot->hash) != index_of(partition, slot))
		slot->state = SLOT_BLOCKED;
	else
		push_ready_first(partition, slot);
}

bool partition_finish(struct partition *partition, struct partition_ticket ticket)
{
	struct slot *slot = find_taken(partition, ticket);
	if (!slot)
		return false;
	slot->state = SLOT_FINISHED;
	slot->record = NULL;
	slot->ours = true;
	partition->beyond++;
	partition->pending--;
	partition->stalled -= slot->stalled;
	slot->stalled = false;
	if (slot->chained)
		leave_chain(partition, slot);
	pop_finished(partition);
	return true;
}

void partition_stall(struct partition *partition, struct partition_ticket ticket)
{
	struct slot *slot = find_taken(partition, ticket);
	if (!slot || slot->stalled)
		return;
	slot->stalled = true;
	partition->stalled++;
}

/* ---- What holds of it ---- */

size_t partition_stalled(const struct partition *partition)
{
	return partition->stalled;
}

/* What an earlier life finished directly behind is finished too, read again or not. */
int64_t partition_position(const struct partition *partition)
{
	const struct offset_range *next = &partition->known[partition->known_at];
	bool joins = partition->known_at < partition->known_count && next->from <= partition->position && next->to > partition->position;
	return joins ? next->to : partition->position;
}

int64_t partition_next_offset(const struct partition *partition)
{
	return partition->next_offset;
}

size_t partition_pending(const struct partition *partition)
{
	return partition->pending;
}

size_t partition_beyond(const struct partition *partition)
{
	return partition->beyond;
}

uint64_t partition_epoch(const struct partition *partition)
{
	return partition->epoch;
}

void partition_read_up_to(struct partition *partition, int64_t offset)
{
	if (offset <= partition->next_offset)
		return;
	partition->next_offset = offset;
	pop_finished(partition);
}

void *partition_unfinished(const struct partition *partition, uint64_t *position)
{
	uint64_t sequence = *position > partition->head ? *position : partition->head;
	for (; sequence < partition->tail; sequence++) {
		const struct slot *slot = slot_at(partition, sequence);
		if (slot->state != SLOT_FINISHED) {
			*position = sequence + 1;
			return slot->record;
		}
	}
	*position = sequence;
	return NULL;
}

void partition_write_ahead(const struct partition *partition, struct ump_buffer *out, size_t max_bytes)
{
	struct ahead_writer writer;
	int64_t position = partition_position(partition);
	ahead_begin(&writer, position, max_bytes);
	int64_t end = position;
	for (uint64_t sequence = partition->head; sequence < partition->tail; sequence++) {
		const struct slot *slot = slot_at(partition, sequence);
		if (slot->state == SLOT_FINISHED) {
			/* Finished neighbours with nothing but a gap between them are one range: the gap holds no record. */
			ahead_add(&writer,
				  sequence > partition->head && slot_at(partition, sequence - 1)->state == SLOT_FINISHED ? end
															 : slot->offset,
				  slot->offset + 1);
			end = slot->offset + 1;
		}
	}
	for (size_t i = partition->known_at; i < partition->known_count; i++) {
		struct offset_range range = partition->known[i];
		if (range.to > partition->next_offset && range.to > position)
			ahead_add(&writer, range.from > partition->next_offset ? range.from : partition->next_offset, range.to);
	}
	ahead_finish(&writer, out);
}
