/* source-adapter/partition.h: the records of one assigned partition: which may go now, which are finished, how far one may commit.
 *
 * A ring in the order of the offsets. A record is added when it is read, taken when it may go, and finished when it has a final outcome;
 * the position to commit is the offset behind the last record of which all before it are finished. Offsets that do not exist (compaction,
 * transactions) cost nothing: only records have a place.
 *
 * The order decides what may go: under ORDER_PARTITION one record at a time, under ORDER_KEY one for each key, in the order of their
 * offsets; records without a key, and all under ORDER_NONE, run free. Pure: no clock, no Kafka. */
#pragma once
#include "common/buffer.h"
#include "common/text.h"

enum order { ORDER_PARTITION, ORDER_KEY, ORDER_NONE };

struct partition_options {
	enum order order;
	uint32_t capacity;     /* records held at most, finished ones behind an unfinished one included; rounded up to a power of two */
	int64_t position;      /* the first offset that has no final outcome as far as is known: what is committed */
	struct ump_text ahead; /* offsets behind it that have one: what partition_write_ahead() wrote; or UMP_TEXT_NONE */
	uint64_t epoch;        /* of this assignment; never given twice */
};

/* Names a record of this partition in this assignment, for as long as one likes: what comes too late names nothing. */
struct partition_ticket {
	uint64_t epoch;
	uint64_t sequence;
};

struct partition;

struct partition *partition_new(const struct partition_options *options);
void partition_free(struct partition *partition); /* accepts NULL; the records are the caller's: see partition_unfinished() */

/* Whether one more record can be added. */
bool partition_has_room(const struct partition *partition);

enum partition_admission {
	PARTITION_ADDED,
	PARTITION_KNOWN /* below what was added before, or finished in an earlier life: `record` is not kept */
};

/* Adds what was read next. There must be room. The key's start is NULL where the record has none. */
enum partition_admission partition_add(struct partition *partition, int64_t offset, struct ump_text key, void *record);

/* Takes the next record that may go, in the order in which they became free to go. False when there is none. */
bool partition_take(struct partition *partition, struct partition_ticket *ret_ticket, void **ret_record);
bool partition_can_take(const struct partition *partition);

/* Takes the first record without a final outcome, whatever became free to go before it: it is what the position waits for. False when there
 * is none, or it is on its way. */
bool partition_take_head(struct partition *partition, struct partition_ticket *ret_ticket, void **ret_record);

/* Records that could go now in one batch: those that may go, and those that wait directly behind them. */
size_t partition_open(const struct partition *partition);

/* Takes the record that waits directly behind a taken one of the same key (of the same partition under ORDER_PARTITION), so that both go
 * in one batch. False when there is none. They must be finished in their order. */
bool partition_take_behind(struct partition *partition, struct partition_ticket ticket, struct partition_ticket *ret_ticket,
			   void **ret_record);

/* Undoes partition_take() or partition_take_behind(): the record waits again, and goes before the others that wait. Of several, the one
 * taken last must be given back first. Not for a stalled one. */
void partition_give_back(struct partition *partition, struct partition_ticket ticket);

/* The record has its final outcome. False, and nothing else happens, where the ticket is of another assignment or the record is finished
 * already. */
bool partition_finish(struct partition *partition, struct partition_ticket ticket);

/* A taken record that no try has delivered holds its successors until it is finished: its place is marked, for those who count. */
void partition_stall(struct partition *partition, struct partition_ticket ticket);
size_t partition_stalled(const struct partition *partition); /* records */

int64_t partition_position(const struct partition *partition);    /* what may be committed: all below it is finished */
int64_t partition_next_offset(const struct partition *partition); /* what is to be read next */
size_t partition_pending(const struct partition *partition);      /* records without a final outcome */
size_t partition_beyond(const struct partition *partition);       /* finished ones behind one without, those of an earlier life left out */
uint64_t partition_epoch(const struct partition *partition);

/* Everything below `offset` has been read: where nothing is pending, gaps at the end are passed, and the position is `offset`. */
void partition_read_up_to(struct partition *partition, int64_t offset);

/* Steps through the records without a final outcome, in their order. Start with *position = 0. NULL at the end. */
void *partition_unfinished(const struct partition *partition, uint64_t *position);

/* Appends the offsets beyond the position that are finished, at most `max_bytes` of text; those that do not fit are left out. Nothing is
 * appended where there are none. */
void partition_write_ahead(const struct partition *partition, struct ump_buffer *out, size_t max_bytes);
