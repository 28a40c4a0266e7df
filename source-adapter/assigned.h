/* source-adapter/assigned.h: a partition as the adapter holds it: Kafka's name for it, its ring, its queue. */
#pragma once
#include "source-adapter/partition.h"
#include "source-adapter/positions.h"
#include "source-adapter/record.h"

/* A partition that is ours, or was and may come back: through a rebalance its ring is kept, without sending. */
struct assigned {
	char *topic;
	int32_t number;
	int32_t partitions_at_start; /* see positions.h */
	struct partition *ring;
	bool active; /* ours now */
	int64_t end; /* offsets from here on are not read: of a replay; else INT64_MAX */

	/* Kept by the worker */
	int64_t held_bytes;             /* of its records that are not finished */
	struct record *due, **last_due; /* records whose pause is over, in that order */
	int64_t batch_at;               /* loop time when a batch goes, full or not; 0: none has begun */
	int64_t batch_bytes;            /* read since the latest batch went */

	/* Kept by the transaction */
	struct record *given, **last_given; /* finished ones that gave something, until that is committed */
	bool refused;                       /* Kafka did not take something of it: it stands still for a while */

	/* Kept by commits */
	int64_t committed;
	size_t finished;   /* records since the latest commit began */
	size_t committing; /* records that the commit under way covers */
	bool in_commit;    /* it has a place in the commit under way */

	/* Kept by the consumer */
	rd_kafka_queue_t *queue;
	bool unread;       /* the queue may hold records */
	bool out_of_range; /* the broker does not have the offset that we want */
	struct assigned *next;
};

/* One that starts at a position; not active, without a queue. */
struct assigned *assigned_new(const struct position *position, enum order order, uint32_t capacity, uint64_t epoch);
void assigned_free(struct assigned *assigned);

/* The one with this name in a list linked by `next`, or NULL. */
struct assigned *assigned_find(struct assigned *list, const char *topic, int32_t number);

/* Cuts the partition's queue off from the consumer's, before the assignment that would join them, and has it signal `fd`. */
void assigned_open_queue(struct assigned *assigned, rd_kafka_t *consumer, int fd);
void assigned_close_queue(struct assigned *assigned);
