/* source-adapter/record.h: a Kafka record from its arrival to its final outcome.
 *
 * It begins as librdkafka's message, whose bytes lie in the answer that the broker sent, together with up to a megabyte of others. A record
 * that has to wait long gets a copy of its own (record_detach), so that it does not hold all of them. */
#pragma once
#include "common/http/header.h"
#include "common/loop/loop.h"
#include "source-adapter/letter.h"
#include "source-adapter/mapping.h"
#include "source-adapter/partition.h"
#include <librdkafka/rdkafka.h>

struct assigned;
struct delivery;
struct settle;
struct parcel;
struct ump_call;

enum record_state {
	RECORD_WAITING,   /* in the ring, until its order lets it go */
	RECORD_FOLLOWING, /* in a batch that another one leads */
	RECORD_SENT,      /* the sink has it */
	RECORD_SETTLING,  /* Kafka has its reply or its dead letter, and has not acknowledged it */
	RECORD_PAUSED,    /* until its timer expires */
	RECORD_DUE        /* the pause is over: it goes as soon as there is room */
};

struct record {
	struct assigned *home; /* NULL: nobody waits for its outcome any more */
	struct partition_ticket ticket;
	enum record_state state;

	int64_t offset;
	int64_t timestamp_ms; /* -1: none */
	struct ump_text key, value;
	size_t bytes; /* that it holds */

	enum { RECORD_WANTED, RECORD_FILTERED, RECORD_SKIPPED } fate; /* what is not wanted is finished without being sent */
	bool is_letter;                                               /* what is sent is its dead letter, to the sink for those */
	int64_t letter_tries;
	int64_t attempts;       /* to deliver it, ended or on the way */
	int64_t sent_at;        /* loop time of the latest */
	struct ump_timer timer; /* while PAUSED */
	struct settle *settle;  /* who waits for it */
	enum { SETTLING_REPLY, SETTLING_DEAD_LETTER, SETTLING_COPY } settling;
	size_t awaited;            /* replies that Kafka has not acknowledged */
	bool refused, failed;      /* of these: one for good; one that may go well another time */
	struct parcel *parcel;     /* what it gives in the transaction that commits it; NULL: nothing */
	struct ump_call *call;     /* while SENT */
	struct delivery *delivery; /* whose call that is */
	struct ump_buffer body;    /* what that sends, where it is not the record's value */

	/* Of the latest failure */
	int last_status;
	char *last_answer; /* the answer's first bytes, or the reason that there is none; NULL before the first failure */
	size_t last_answer_size;
	struct letter_extension *extensions; /* what the answer's kne- headers ask to be set on a dead letter */
	size_t extension_count;
	int64_t stalled_since; /* wall clock; 0: it is not stalled */

	/* Of a batch: the first leads it and stands for all, in its state, its timer and its call */
	struct record *followers;
	size_t follower_count;
	bool condemned; /* with its batch: it gets the outcome of the latest failure when its turn comes, without another try */
	size_t most;    /* events of the next batch that it goes in, since one was refused; 0: as many as there may be */

	struct record *next;             /* of those that follow the same leader; that are due in its partition; or of the free ones */
	rd_kafka_message_t *message;     /* NULL once detached */
	struct ump_kafka_field *headers; /* of a detached one */
	size_t header_count;
	void *memory; /* of a detached one */
};

/* The next record of the batch, from its leader on; NULL at the end. */
static inline struct record *record_behind(const struct record *leader, const struct record *record)
{
	return record == leader ? leader->followers : record->next;
}

/* Those of the batch that are sent. */
static inline size_t record_events(const struct record *leader)
{
	size_t count = 0;
	for (const struct record *record = leader; record; record = record_behind(leader, record))
		count += record->fate == RECORD_WANTED;
	return count;
}

/* Records are many and short-lived: those that are done are kept for the next. */
struct record_pool {
	struct record *free;
	struct ump_kafka_field *headers; /* for record_headers() */
	size_t header_capacity;
};

struct record *record_take(struct record_pool *pool, rd_kafka_message_t *message); /* owns the message from now on */
void record_give(struct record_pool *pool, struct record *record);
void record_pool_clear(struct record_pool *pool);

/* Its headers; of one that is not detached, valid until the next call for any record of the pool. */
const struct ump_kafka_field *record_headers(struct record_pool *pool, const struct record *record, size_t *ret_count);

/* Lets go of all that it holds, the message included: librdkafka's client cannot be ended while somebody has one. */
void record_clear(struct record *record);

/* Copies what it holds, and lets go of the message. */
void record_detach(struct record_pool *pool, struct record *record);

/* Keeps what a failed try told: at most RECORD_ANSWER bytes of it. */
#define RECORD_ANSWER 1024
void record_failure(struct record *record, int status, struct ump_text answer);

/* Knative's way for a sink to say more about a failure: its header kne-<x> becomes the extension <x> of the dead letter. */
void record_keep_extensions(struct record *record, const struct ump_header *headers, size_t count);
