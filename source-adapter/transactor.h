/* source-adapter/transactor.h: the calls of a transactional producer that block, on a thread of their own.
 *
 * One call at a time is under way; what it came to is told on the loop's thread. A call that may be made again is made again, until it
 * succeeds, or the transaction must be aborted, which is then done as well. */
#pragma once
#include "common/error.h"
#include "common/loop/loop.h"
#include <librdkafka/rdkafka.h>

struct transactor;

enum transactor_result {
	TRANSACTOR_DONE,
	TRANSACTOR_ABORTED, /* nothing of the transaction is visible to anybody */
	TRANSACTOR_FATAL    /* this producer is at its end: it was fenced, or its order was lost */
};

/* `error` says why it is not TRANSACTOR_DONE. Another call may be begun from inside. */
typedef void transactor_fn(void *context, enum transactor_result result, const struct ump_error *error);

int transactor_new(struct transactor **ret_transactor, struct ump_loop *loop, rd_kafka_t *producer, transactor_fn *done, void *context,
		   struct ump_error *error);

/* Waits for the call under way, two seconds at most; `done` is not called any more. Accepts NULL. */
void transactor_free(struct transactor *transactor);

/* Ends what an earlier life has left open, and fences whoever has the same transactional.id. */
void transactor_init(struct transactor *transactor);

/* Adds the offsets to the transaction and commits it. Owns both arguments from now on. Everything that was produced must be acknowledged.
 */
void transactor_commit(struct transactor *transactor, rd_kafka_topic_partition_list_t *offsets, rd_kafka_consumer_group_metadata_t *group);

/* Ends in TRANSACTOR_ABORTED, with what `why` says. */
void transactor_abort(struct transactor *transactor, const struct ump_error *why);
