/* common/kafka/producer.h: records into Kafka, each with exactly one completion.
 *
 * Idempotent, acks=all, lz4. The queue is bounded: a full one is UMP_RETRY, and `writable` is called when there is room again. librdkafka
 * has threads of its own; completions come on the loop's thread. */
#pragma once
#include "common/cloudevents/kafka.h"
#include "common/kafka/settings.h"
#include "common/loop/loop.h"
#include "common/text.h"

struct ump_producer;

struct ump_record {
	const char *topic;
	int32_t partition;     /* -1: by key (murmur2, as Java's clients do), or any without a key */
	struct ump_text key;   /* start NULL: none */
	struct ump_text value; /* start NULL: a null value */
	const struct ump_kafka_field *headers;
	size_t header_count;
	int64_t timestamp_ms; /* 0: now */
};

/* What became of a record: `error` NULL means that all in-sync replicas have it, at `partition` and `offset`. Else it is not in Kafka as
 * far as can be known, and the kind says whether producing it again may help. */
struct ump_delivery {
	void *opaque; /* of the send */
	const struct ump_error *error;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;
};

struct ump_producer_options {
	const struct ump_kafka_settings *settings;
	const char *client_id;
	const char *const *properties; /* name, value, …, NULL: over the defaults */
	void (*delivered)(void *context, const struct ump_delivery *delivery);
	void (*writable)(void *context);                              /* NULL: none */
	void (*failed)(void *context, const struct ump_error *error); /* fenced, or order lost: nothing more will be sent; NULL: none */
	void *context;
};

int ump_producer_new(struct ump_producer **ret_producer, struct ump_loop *loop, const struct ump_producer_options *options,
		     struct ump_error *error);

/* Gives up what is not yet acknowledged, without completions. Call it after a drain. Accepts NULL. */
void ump_producer_free(struct ump_producer *producer);

/* Queues a copy of the record. `opaque` comes back in its completion, which is never called from inside this function. */
int ump_producer_send(struct ump_producer *producer, const struct ump_record *record, void *opaque, struct ump_error *error);

/* Goes on with a new client, made of the settings and files as they are now, when what is on the way has completed. Until then sends are
 * refused as by a full queue, so that no order is lost; after 10 s what is still on the way completes with UMP_RETRY. When the new client
 * cannot be made, that is logged and the old one stays. ump_producer_handle() gives another handle afterwards. Accepts NULL. */
void ump_producer_renew(struct ump_producer *producer);

/* A send was refused for want of room, and `writable` has not been called since. */
bool ump_producer_is_full(const struct ump_producer *producer);

/* Sends and not yet completed. */
size_t ump_producer_pending(const struct ump_producer *producer);

/* librdkafka's handle, for what belongs to the program alone (transactions, metadata). */
rd_kafka_t *ump_producer_handle(struct ump_producer *producer);
