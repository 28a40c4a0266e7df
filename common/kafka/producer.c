/* common/kafka/producer.c
 *
 * librdkafka's threads do the work; what they report waits in the client's main queue, whose eventfd wakes our loop, which takes every
 * completion on its own thread. They are events, not callbacks: a call that flushes (a transaction's, on another thread) would make those
 * itself. A record is on the way from the send until then: `pending`. */
#include "common/kafka/producer.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include <stdlib.h>

struct ump_producer {
	struct ump_loop *loop;
	struct ump_producer_options options;
	rd_kafka_t *handle;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_t **topics; /* that records have named */
	size_t topic_count;
	struct ump_wakeup wakeup;
	size_t pending;
	bool full;     /* a send was refused: say when there is room */
	bool renewing; /* nothing is sent until `pending` is 0 */
	struct ump_task renewal;
	struct ump_timer renewal_limit;
};

enum { RENEWAL_LIMIT_S = 10 };

/* The queue is bounded twice, so that neither many small records nor a few large ones fill the memory. Records may be as large as brokers
 * are often set to; the broker decides. */
/* clang-format off */
static const char *const defaults[] = {
	"enable.idempotence", "true",
	"acks", "all",
	"compression.codec", "lz4",
	"linger.ms", "5",
	"partitioner", "murmur2_random",
	"queue.buffering.max.messages", "100000",
	"queue.buffering.max.kbytes", "65536",
	"message.max.bytes", "8388608",
};
/* clang-format on */

enum { DEFAULT_COUNT = sizeof defaults / sizeof *defaults };

static void on_delivery(struct ump_producer *producer, const rd_kafka_message_t *message)
{
	struct ump_error error;
	struct ump_delivery delivery = {.opaque = message->_private,
					.partition = message->partition,
					.offset = message->offset,
					.timestamp_ms = rd_kafka_message_timestamp(message, NULL)};
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		ump_fail(&error, ump_kafka_error_kind(message->err), "topic %s: %s", rd_kafka_topic_name(message->rkt),
			 rd_kafka_err2str(message->err));
		delivery.error = &error;
	}
	producer->pending--;
	producer->options.delivered(producer->options.context, &delivery);
}

/* Other errors than fatal ones mend themselves, and the log has them. */
static void on_error(struct ump_producer *producer, bool is_fatal)
{
	struct ump_error error;
	char text[200];
	if (!is_fatal || !producer->options.failed)
		return;
	rd_kafka_resp_err_t cause = rd_kafka_fatal_error(producer->handle, text, sizeof text);
	ump_fail(&error, UMP_FATAL, "producer: %s: %s", rd_kafka_err2name(cause), text);
	producer->options.failed(producer->options.context, &error);
}

static void say_writable(struct ump_producer *producer)
{
	if (!producer->full || producer->renewing)
		return;
	producer->full = false;
	if (producer->options.writable)
		producer->options.writable(producer->options.context);
}

static void on_event(struct ump_producer *producer, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
		while ((message = rd_kafka_event_message_next(event)))
			on_delivery(producer, message);
	} else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
		on_error(producer, rd_kafka_event_error_is_fatal(event));
	}
	rd_kafka_event_destroy(event);
}

static void renew(void *context);

static void on_wakeup(void *context)
{
	struct ump_producer *producer = context;
	size_t before = producer->pending;
	for (rd_kafka_event_t *event; (event = rd_kafka_queue_poll(producer->queue, 0));)
		on_event(producer, event);
	if (producer->pending < before)
		say_writable(producer);
	if (producer->renewing && producer->pending == 0)
		ump_loop_defer(producer->loop, &producer->renewal, renew, producer);
}

static int configure(struct ump_producer *producer, rd_kafka_conf_t **ret_configuration, struct ump_error *error)
{
	const char *const *more = producer->options.properties;
	size_t count = 0;
	while (more && more[count])
		count++;
	ump_cleanup_free const char **properties = ump_allocate(DEFAULT_COUNT + count + 1, sizeof *properties);
	memcpy(properties, defaults, sizeof defaults);
	if (count > 0)
		memcpy(properties + DEFAULT_COUNT, more, count * sizeof *more);
	return ump_kafka_configure(producer->options.settings, producer->options.client_id, properties, ret_configuration, error);
}

/* A topic that only a record names is looked up when librdkafka's timer comes by, up to a second later, and the first records wait for it;
 * one that is opened is looked up at once. */
static void know_topic(struct ump_producer *producer, const char *name)
{
	for (size_t i = 0; i < producer->topic_count; i++)
		if (strcmp(rd_kafka_topic_name(producer->topics[i]), name) == 0)
			return;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(producer->handle, name, NULL);
	if (!topic)
		return; /* the send says why */
	producer->topics = ump_reallocate(producer->topics, producer->topic_count + 1, sizeof(rd_kafka_topic_t *));
	producer->topics[producer->topic_count++] = topic;
}

static void close_handle(struct ump_producer *producer)
{
	if (!producer->handle)
		return;
	for (size_t i = 0; i < producer->topic_count; i++)
		rd_kafka_topic_destroy(producer->topics[i]);
	producer->topic_count = 0;
	rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(producer->queue);
	rd_kafka_destroy(producer->handle);
	producer->handle = NULL;
}

/* In place of the handle before, if there is one. */
static int open_handle(struct ump_producer *producer, struct ump_error *error)
{
	rd_kafka_conf_t *configuration;
	if (configure(producer, &configuration, error) < 0)
		return -1;
	rd_kafka_conf_set_events(configuration, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	rd_kafka_t *handle;
	if (ump_kafka_open(RD_KAFKA_PRODUCER, configuration, &handle, error) < 0)
		return -1;
	close_handle(producer);
	static const uint64_t one = 1;
	producer->handle = handle;
	producer->queue = rd_kafka_queue_get_main(producer->handle);
	rd_kafka_queue_io_event_enable(producer->queue, producer->wakeup.fd, &one, sizeof one);
	ump_wakeup_signal(&producer->wakeup); /* only a queue that was empty tells: what came before would silence it for ever */
	return 0;
}

int ump_producer_new(struct ump_producer **ret_producer, struct ump_loop *loop, const struct ump_producer_options *options,
		     struct ump_error *error)
{
	struct ump_producer *producer = ump_allocate(1, sizeof *producer);
	producer->loop = loop;
	producer->options = *options;
	if (ump_wakeup_open(loop, &producer->wakeup, on_wakeup, producer, error) < 0 || open_handle(producer, error) < 0) {
		ump_producer_free(producer);
		return -1;
	}
	*ret_producer = producer;
	return 0;
}

void ump_producer_free(struct ump_producer *producer)
{
	if (!producer)
		return;
	ump_loop_cancel(producer->loop, &producer->renewal);
	ump_timer_cancel(producer->loop, &producer->renewal_limit);
	close_handle(producer);
	ump_wakeup_close(producer->loop, &producer->wakeup);
	free(producer->topics);
	free(producer);
}

/* As a task, since a handle cannot be destroyed from inside its own callback. */
static void renew(void *context)
{
	struct ump_producer *producer = context;
	struct ump_error error;
	ump_timer_cancel(producer->loop, &producer->renewal_limit);
	if (open_handle(producer, &error) < 0)
		ump_log(UMP_LOG_ERROR, "the producer keeps its old connection", UMP_LOG_S("reason", error.text));
	producer->renewing = false;
	say_writable(producer);
}

static void give_up(void *context)
{
	struct ump_producer *producer = context;
	rd_kafka_purge(producer->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void ump_producer_renew(struct ump_producer *producer)
{
	if (!producer || producer->renewing)
		return;
	producer->renewing = true;
	if (producer->pending == 0)
		ump_loop_defer(producer->loop, &producer->renewal, renew, producer);
	else
		ump_timer_set(producer->loop, &producer->renewal_limit, ump_loop_now(producer->loop) + RENEWAL_LIMIT_S * UMP_SECOND,
			      give_up, producer);
}

static rd_kafka_headers_t *copy_headers(const struct ump_record *record)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
	for (size_t i = 0; i < record->header_count; i++) {
		const struct ump_kafka_field *field = &record->headers[i];
		rd_kafka_header_add(headers, field->name.start, (ssize_t)field->name.size, field->value.start, (ssize_t)field->value.size);
	}
	return headers;
}

int ump_producer_send(struct ump_producer *producer, const struct ump_record *record, void *opaque, struct ump_error *error)
{
	if (producer->renewing) {
		producer->full = true;
		return ump_fail(error, UMP_RETRY, "topic %s: the connection is being replaced", record->topic);
	}
	know_topic(producer, record->topic);
	rd_kafka_headers_t *headers = copy_headers(record);
	/* librdkafka takes bytes to copy through pointers that are not const. */
	rd_kafka_resp_err_t code = rd_kafka_producev(
		producer->handle, RD_KAFKA_V_TOPIC(record->topic), RD_KAFKA_V_PARTITION(record->partition),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(record->key.start, record->key.size),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.start, record->value.size), RD_KAFKA_V_TIMESTAMP(record->timestamp_ms),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		producer->pending++;
		return 0;
	}
	rd_kafka_headers_destroy(headers);
	producer->full = producer->full || code == RD_KAFKA_RESP_ERR__QUEUE_FULL;
	return ump_fail(error, ump_kafka_error_kind(code), "topic %s: %s", record->topic, rd_kafka_err2str(code));
}

bool ump_producer_is_full(const struct ump_producer *producer)
{
	return producer->full;
}

size_t ump_producer_pending(const struct ump_producer *producer)
{
	return producer->pending;
}

rd_kafka_t *ump_producer_handle(struct ump_producer *producer)
{
	return producer->handle;
}
