/* source-adapter/consumer_private.h: what the files of the consumer share. */
#pragma once
#include "source-adapter/consumer.h"

struct consumer {
	struct ump_loop *loop;
	struct consumer_handler handler;
	struct ump_metrics *metrics;
	struct consumer_options options; /* what it points to belongs to the configuration */
	struct position_policy from;
	enum order order;
	uint32_t ring_capacity;

	rd_kafka_t *handle;
	rd_kafka_queue_t *queue;
	struct ump_wakeup wakeup;
	struct ump_timer heartbeat;
	bool polling; /* guards against polling from inside a callback of polling */

	size_t unnoticed; /* see fetching_advance() */
	struct assigned *partitions;
	size_t active;
	uint64_t epoch;
	bool joined;
	rd_kafka_topic_partition_list_t *assigning; /* what the group gave and is not assigned yet */
	struct ump_timer ask_again;
	bool closing;
	void (*closed)(void *context);
	void *closed_context;
};

/* ---- consumer.c ---- */

struct assigned *consumer_add(struct consumer *consumer, const struct position *position);
void consumer_drop(struct consumer *consumer, struct assigned *assigned);

/* Tells librdkafka what to read and from where: what is active, from the end of its ring on. */
void consumer_assign_active(struct consumer *consumer);
void consumer_forget_assigning(struct consumer *consumer);

/* Callbacks; the context is the consumer. */
void consumer_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque);
void consumer_poll(void *context);
void consumer_woken(void *context);
