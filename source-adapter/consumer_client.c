/* source-adapter/consumer_client.c: librdkafka's client of the consumer: made, joined to what it reads, made anew, closed. */
#include "common/kafka/credentials.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/consumer_private.h"
#include "source-adapter/counts.h"
#include "source-adapter/fetching.h"
#include <stdlib.h>

static int open_handle(struct consumer *consumer, struct ump_error *error)
{
	const struct consumer_options *options = &consumer->options;
	struct fetching fetching = {.settings = options->settings,
				    .client_id = options->client_id,
				    .group = options->group,
				    .instance_id = options->plan ? NULL : options->instance_id,
				    .low_memory = options->low_memory,
				    .cluster = options->cluster};
	rd_kafka_conf_t *configuration;
	if (fetching_configure(&fetching, &configuration, error) < 0)
		return -1;
	rd_kafka_conf_set_opaque(configuration, consumer);
	rd_kafka_conf_set_rebalance_cb(configuration, consumer_rebalance);
	if (ump_kafka_open(RD_KAFKA_CONSUMER, configuration, &consumer->handle, error) < 0)
		return -1;
	rd_kafka_poll_set_consumer(consumer->handle);
	return 0;
}

static int subscribe(struct consumer *consumer, const struct ump_list *topics, struct ump_error *error)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topics->count);
	for (size_t i = 0; i < topics->count; i++)
		rd_kafka_topic_partition_list_add(list, topics->items[i], RD_KAFKA_PARTITION_UA);
	rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->handle, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : ump_fail(error, UMP_FATAL, "subscribing: %s", rd_kafka_err2str(code));
}

/* A replay: all partitions at once and for good; those that go on behind new certificates, from where they are. */
static void assign_plan(struct consumer *consumer)
{
	const struct replay_plan *plan = consumer->options.plan;
	for (size_t i = 0; i < plan->count; i++) {
		const struct replay_part *part = &plan->parts[i];
		struct position position = {part->topic, part->partition, part->from, {.partitions = part->partitions}, NULL};
		struct assigned *assigned = assigned_find(consumer->partitions, part->topic, part->partition);
		if (!assigned) {
			assigned = consumer_add(consumer, &position);
			assigned->end = part->end > part->from ? part->end : part->from;
			assigned->committed = -1; /* where it begins is not what the group has */
			ump_metrics_add(consumer->metrics, COUNT_EXPIRED, (double)part->expired);
		}
		assigned->active = assigned->unread = true;
		assigned_open_queue(assigned, consumer->handle, consumer->wakeup.fd);
	}
	consumer->active = plan->count;
	consumer->joined = true;
	consumer_assign_active(consumer);
	ump_wakeup_signal(&consumer->wakeup); /* where there is nothing to read, nothing else tells */
}

static int begin_reading(struct consumer *consumer, struct ump_error *error)
{
	if (!consumer->options.plan)
		return subscribe(consumer, consumer->options.topics, error);
	assign_plan(consumer);
	return 0;
}

static int open_client(struct consumer *consumer, struct ump_error *error)
{
	static const uint64_t one = 1;
	if (open_handle(consumer, error) < 0 || begin_reading(consumer, error) < 0)
		return -1;
	consumer->queue = rd_kafka_queue_get_consumer(consumer->handle);
	rd_kafka_queue_io_event_enable(consumer->queue, consumer->wakeup.fd, &one, sizeof one);
	ump_timer_set(consumer->loop, &consumer->heartbeat, ump_loop_now(consumer->loop), consumer_poll, consumer);
	return 0;
}

int consumer_reopen(struct consumer *consumer, struct ump_error *error)
{
	rd_kafka_queue_destroy(ump_steal(consumer->queue));
	rd_kafka_destroy(ump_steal(consumer->handle));
	consumer->closing = consumer->joined = false;
	return open_client(consumer, error);
}

int consumer_new(struct consumer **ret_consumer, struct ump_loop *loop, const struct consumer_options *options,
		 const struct consumer_handler *handler, struct ump_error *error)
{
	struct consumer *consumer = ump_allocate(1, sizeof *consumer);
	*consumer = (struct consumer){
		.loop = loop,
		.handler = *handler,
		.metrics = options->metrics,
		.options = *options,
		.from = options->from,
		.order = options->order,
		.ring_capacity = options->ring_capacity,
	};
	if (ump_wakeup_open(loop, &consumer->wakeup, consumer_woken, consumer, error) < 0 || open_client(consumer, error) < 0) {
		consumer_free(consumer);
		return -1;
	}
	*ret_consumer = consumer;
	return 0;
}

void consumer_free(struct consumer *consumer)
{
	if (!consumer)
		return;
	ump_timer_cancel(consumer->loop, &consumer->heartbeat);
	consumer_forget_assigning(consumer);
	while (consumer->partitions)
		consumer_drop(consumer, consumer->partitions);
	if (consumer->queue)
		rd_kafka_queue_destroy(consumer->queue);
	if (consumer->handle)
		rd_kafka_destroy_flags(consumer->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	ump_wakeup_close(consumer->loop, &consumer->wakeup);
	free(consumer);
}

void consumer_close(struct consumer *consumer, void (*closed)(void *context), void *context)
{
	consumer->closing = true;
	consumer->closed = closed;
	consumer->closed_context = context;
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->handle, consumer->queue);
	if (error) {
		ump_log(UMP_LOG_WARNING, "leaving the group failed", UMP_LOG_S("error", rd_kafka_error_string(error)));
		rd_kafka_error_destroy(error);
	}
	ump_timer_set(consumer->loop, &consumer->heartbeat, ump_loop_now(consumer->loop), consumer_poll, consumer);
}
