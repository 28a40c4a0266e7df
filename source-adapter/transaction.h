/* source-adapter/transaction.h: with --exactly-once, replies, dead letters and offsets in one Kafka transaction.
 *
 * What a record gives (its reply, or itself as a dead letter) is kept with the record when that has its outcome. A transaction holds
 * exactly what the records below the offsets that it commits gave; what finished beyond a gap stays in memory until the gap is closed. One
 * that is aborted is made again from what is kept, without asking the sink a second time. So a reader of committed records sees of each
 * record what it gave, once, however often the sink was asked. */
#pragma once
#include "common/kafka/producer.h"
#include "common/telemetry/metrics.h"
#include "source-adapter/consumer.h"

struct transaction;

struct transaction_options {
	struct ump_loop *loop;
	struct ump_metrics *metrics;
	struct record_pool *pool;
	const struct ump_kafka_settings *settings;
	const char *client_id;
	const char *id; /* transactional.id */
	int64_t refused_probe_us;

	void (*ready)(void *context); /* what an earlier life left open is ended: committed offsets can be asked for */

	/* Kafka does not take what the record gave, and will not: give something else by transaction_keep(), and return true; else the
	 * record's partition stands still, and it is tried again after a while. */
	bool (*refused)(void *context, struct record *record, const struct ump_error *error);
	void (*stored)(void *context, struct record *record);         /* it is committed: let go of it */
	void (*failed)(void *context, const struct ump_error *error); /* fenced: nothing more can be committed */
	void *context;
};

int transaction_new(struct transaction **ret_transaction, const struct transaction_options *options, struct ump_error *error);
void transaction_free(struct transaction *transaction); /* before the partitions; accepts NULL */

/* Keeps a copy of what a record gives, in the place of what it gave before. */
void transaction_keep(struct record *record, const struct ump_record *given);

/* The record has its outcome, and what it gave is kept: from now on it belongs here until `stored`. Copies what it holds of librdkafka's.
 */
void transaction_hold(struct transaction *transaction, struct record *record);

/* Commits the offsets, in the name of the consumer, with all that the records below them gave. One at a time. `done` is called exactly
 * once, from the loop or from inside where nothing can begin, with the list or with an error. */
void transaction_commit(struct transaction *transaction, struct consumer *consumer, const rd_kafka_topic_partition_list_t *offsets,
			void (*done)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *), void *context);

/* The partition goes for good: what its records gave is dropped, since whoever has it now makes it again. */
void transaction_forget(struct transaction *transaction, struct assigned *assigned);

/* Goes on with a new client, made of what the files of the settings hold now. None may be under way. */
int transaction_reopen(struct transaction *transaction, struct ump_error *error);

struct ump_producer *transaction_producer(struct transaction *transaction);
