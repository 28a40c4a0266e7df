/* A record comes here with the end of a try and leaves in one of three ways: finished; paused, to come back by `due`; or into Kafka, as a
 * reply or a dead letter, whose acknowledgement finishes it.
 *
 * What cannot be stored in Kafka is not lost: a reply that was refused counts as a failed try (the verdict's identity is derived, so the
 * same reply comes again), and a dead letter that was refused stalls its record. */
#include "source-adapter/settle.h"
#include "common/cloudevents/http.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/assigned.h"
#include "source-adapter/counts.h"
#include "source-adapter/letter.h"
#include "source-adapter/outbox.h"
#include "source-adapter/outcome.h"
#include <stdlib.h>
#include <sys/random.h>

struct settle {
	struct settle_options options;
	struct outbox *outbox;
	struct record *orphans; /* nobody waits for them, and Kafka has not acknowledged what they became */
	uint64_t random;
	struct letter letter;
	struct ump_event reply; /* kept for its memory, as is the message */
	struct ump_kafka_message message;
};

struct settle *settle_new(const struct settle_options *options)
{
	struct settle *settle = ump_allocate(1, sizeof *settle);
	settle->options = *options;
	settle->outbox = outbox_new(settle_delivered, settle);
	if (getrandom(&settle->random, sizeof settle->random, GRND_NONBLOCK) != sizeof settle->random)
		settle->random = (uint64_t)ump_loop_clock(); /* early at boot; jitter needs no secret */
	settle->random |= 1;
	return settle;
}

void settle_free(struct settle *settle)
{
	if (!settle)
		return;
	while (settle->orphans) {
		struct record *record = settle->orphans;
		settle->orphans = record->next;
		record_give(settle->options.pool, record);
	}
	outbox_free(settle->outbox);
	letter_release(&settle->letter);
	ump_event_release(&settle->reply);
	ump_kafka_message_release(&settle->message);
	free(settle);
}

void settle_set_producer(struct settle *settle, struct ump_producer *producer)
{
	outbox_set_producer(settle->outbox, producer);
}

void settle_writable(struct settle *settle)
{
	outbox_flush(settle->outbox);
}

/* xorshift64* */
static uint32_t next_random(struct settle *settle)
{
	settle->random ^= settle->random >> 12;
	settle->random ^= settle->random << 25;
	settle->random ^= settle->random >> 27;
	return (uint32_t)(settle->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

static void count(struct settle *settle, enum count what)
{
	ump_metrics_add(settle->options.metrics, what, 1);
}

/* ---- The end ---- */

static void finish(struct settle *settle, struct record *record)
{
	if (record->stalled_since)
		ump_log(UMP_LOG_INFO, "stalled record finished", UMP_LOG_S("topic", record->home->topic),
			UMP_LOG_I("partition", record->home->number), UMP_LOG_I("offset", record->offset));
	settle->options.finished(settle->options.context, record);
}

/* ---- Waiting ---- */

static void wait_over(void *context)
{
	struct record *record = context;
	record->state = RECORD_DUE;
	record->settle->options.due(record->settle->options.context, record);
}

static void wait_for(struct settle *settle, struct record *record, int64_t pause_us)
{
	record_detach(settle->options.pool, record);
	record->state = RECORD_PAUSED;
	record->settle = settle;
	ump_timer_set(settle->options.loop, &record->timer, ump_loop_now(settle->options.loop) + pause_us, wait_over, record);
	settle->options.paused(settle->options.context, record);
}

static void stall(struct settle *settle, struct record *record)
{
	if (!record->stalled_since) {
		record->stalled_since = ump_loop_wall(settle->options.loop);
		partition_stall(record->home->ring, record->ticket);
		count(settle, COUNT_STALLS);
		ump_log(UMP_LOG_ERROR, "record stalled", UMP_LOG_S("topic", record->home->topic),
			UMP_LOG_I("partition", record->home->number), UMP_LOG_I("offset", record->offset), UMP_LOG_T("key", record->key),
			UMP_LOG_I("status", record->last_status), UMP_LOG_I("attempts", record->attempts),
			UMP_LOG_T("answer", ((struct ump_text){record->last_answer, record->last_answer_size})));
	}
	wait_for(settle, record, settle->options.stall_probe_us);
}

/* ---- Dead letters ---- */

static int send_letter(struct settle *settle, struct record *record, struct ump_error *error)
{
	size_t header_count;
	const struct ump_kafka_field *headers = record_headers(settle->options.pool, record, &header_count);
	struct letter_failure failure = {
		.topic = record->home->topic,
		.partition = record->home->number,
		.offset = record->offset,
		.timestamp_ms = record->timestamp_ms,
		.destination = settle->options.sink,
		.code = record->last_status,
		.data = {record->last_answer, record->last_answer_size},
		.attempts = record->attempts,
		.group = settle->options.group,
		.failed_at_us = ump_loop_wall(settle->options.loop),
		.extensions = record->extensions,
		.extension_count = record->extension_count,
	};
	struct letter_origin origin;
	if (settle->options.letters && letter_read_origin(headers, header_count, &origin)) {
		failure.topic = origin.topic;
		failure.partition = origin.partition;
		failure.offset = origin.offset;
		failure.timestamp_ms = origin.timestamp_ms;
	}
	letter_write(&settle->letter, headers, header_count, &failure);
	struct ump_record out = {
		.topic = settle->options.dead_letter_topic,
		.partition = -1,
		.key = record->key,
		.value = record->value,
		.headers = settle->letter.headers,
		.header_count = settle->letter.header_count,
		.timestamp_ms = record->timestamp_ms > 0 ? record->timestamp_ms : 0,
	};
	return outbox_send(settle->outbox, &out, record, error);
}

/* No try will deliver it: that is final. */
static void give_up(struct settle *settle, struct record *record)
{
	struct ump_error error;
	if (!settle->options.dead_letter_topic) {
		stall(settle, record);
		return;
	}
	if (send_letter(settle, record, &error) < 0) {
		ump_log(UMP_LOG_ERROR, "dead letter refused", UMP_LOG_S("topic", record->home->topic),
			UMP_LOG_I("partition", record->home->number), UMP_LOG_I("offset", record->offset), UMP_LOG_S("error", error.text));
		stall(settle, record);
		return;
	}
	record->state = RECORD_SETTLING;
	record->settling = SETTLING_DEAD_LETTER;
}

/* ---- Trying again ---- */

static void try_again(struct settle *settle, struct record *record, int64_t retry_after_us)
{
	if (record->stalled_since) {
		stall(settle, record);
		return;
	}
	int64_t pause = retry_pause(&settle->options.schedule, record->attempts, next_random(settle), retry_after_us);
	if (pause < 0)
		give_up(settle, record);
	else
		wait_for(settle, record, pause);
}

/* ---- Replies ---- */

static struct ump_text reply_key(const struct ump_event *reply, const struct record *record)
{
	struct ump_text key = ump_event_get(reply, "partitionkey");
	if (!key.start)
		key = ump_event_get(reply, "subject");
	return key.start ? key : record->key;
}

/* Reads the reply's event and hands it to Kafka. UMP_REJECT: it is no valid event. */
static int send_reply(struct settle *settle, struct record *record, const struct ump_reply *reply, struct ump_error *error)
{
	if (reply->truncated)
		return ump_fail(error, UMP_REJECT, "the reply is larger than --reply-max");
	if (ump_http_mode(reply->headers, reply->header_count) == UMP_HTTP_NOT_CLOUDEVENT)
		return ump_fail(error, UMP_REJECT, "the reply is not a CloudEvent");
	ump_event_reset(&settle->reply);
	if (ump_event_from_http(&settle->reply, reply->headers, reply->header_count, reply->body, settle->options.encoding, error) < 0) {
		error->kind = UMP_REJECT;
		return ump_error_prefix(error, "the reply is no valid CloudEvent");
	}
	ump_kafka_message_reset(&settle->message);
	if (ump_event_to_kafka(&settle->reply, UMP_KAFKA_BINARY, &settle->message, error) < 0)
		return -1;
	struct ump_record out = {
		.topic = settle->options.reply_topic,
		.partition = -1,
		.key = reply_key(&settle->reply, record),
		.value = settle->message.value,
		.headers = settle->message.headers,
		.header_count = settle->message.header_count,
	};
	return outbox_send(settle->outbox, &out, record, error);
}

static void accepted(struct settle *settle, struct record *record, const struct ump_reply *reply)
{
	struct ump_error error;
	if (!settle->options.reply_topic || !outcome_may_reply(reply->status) || (reply->body.size == 0 && !reply->truncated)) {
		count(settle, COUNT_DELIVERED);
		finish(settle, record);
		return;
	}
	if (send_reply(settle, record, reply, &error) == 0) {
		record->state = RECORD_SETTLING;
		record->settling = SETTLING_REPLY;
		return;
	}
	record_failure(record, reply->status, ump_text(error.text));
	if (error.kind == UMP_REJECT)
		give_up(settle, record); /* the function has run: asking it again would not mend its reply */
	else
		try_again(settle, record, -1);
}

/* ---- Answers ---- */

static void count_answer(struct settle *settle, const struct record *record, const struct ump_reply *reply)
{
	static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
	const char *label = classes[reply->status >= 100 && reply->status < 600 ? reply->status / 100 : 0];
	struct ump_metrics *metrics = settle->options.metrics;
	ump_metrics_series(metrics, COUNT_DELIVERIES, &label)->value++;
	ump_metrics_observe(metrics, COUNT_DELIVERY_SECONDS, ump_metrics_series(metrics, COUNT_DELIVERY_SECONDS, NULL),
			    (double)(ump_loop_now(settle->options.loop) - record->sent_at) / 1e6);
}

/* Knative's way for a sink to say more about a failure: kne-<x> becomes the extension <x> of the dead letter. */
static void keep_extensions(struct record *record, const struct ump_reply *reply)
{
	for (size_t i = 0; i < reply->header_count; i++) {
		struct ump_text name = reply->headers[i].name;
		char clean[64];
		size_t size = 0;
		if (!ump_text_starts_with_ignoring_case(name, UMP_TEXT("kne-")))
			continue;
		for (size_t j = 4; j < name.size && size < sizeof clean; j++) {
			char c = name.start[j] >= 'A' && name.start[j] <= 'Z' ? (char)(name.start[j] + 'a' - 'A') : name.start[j];
			if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
				clean[size++] = c;
		}
		if (size > 0)
			record_add_extension(record, (struct ump_text){clean, size}, reply->headers[i].value);
	}
}

void settle_answer(struct settle *settle, struct record *record, const struct ump_reply *reply)
{
	enum outcome_kind outcome = outcome_of_status(reply->status);
	count_answer(settle, record, reply);
	if (outcome == OUTCOME_DELIVERED) {
		accepted(settle, record, reply);
		return;
	}
	record_failure(record, reply->status, reply->status == 0 ? ump_text(reply->failure) : reply->body);
	keep_extensions(record, reply);
	if (outcome == OUTCOME_FAILED) {
		give_up(settle, record);
		return;
	}
	int64_t retry_after = -1;
	if (outcome_heeds_retry_after(reply->status))
		retry_after = outcome_retry_after(ump_header_find(reply->headers, reply->header_count, "Retry-After"),
						  ump_loop_wall(settle->options.loop));
	try_again(settle, record, retry_after);
}

void settle_not_sent(struct settle *settle, struct record *record, const struct ump_error *error)
{
	record_failure(record, 0, ump_text(error->text));
	if (error->kind == UMP_RETRY)
		try_again(settle, record, -1);
	else
		give_up(settle, record);
}

/* ---- Putting back ---- */

void settle_put_back(struct settle *settle, struct record *record)
{
	struct ump_error error;
	size_t header_count;
	const struct ump_kafka_field *headers = record_headers(settle->options.pool, record, &header_count);
	letter_read_headers(&settle->letter, headers, header_count);
	struct ump_record out = {
		.topic = settle->options.to_topic,
		.partition = -1,
		.key = record->key,
		.value = record->value,
		.headers = settle->letter.headers,
		.header_count = settle->letter.header_count,
		.timestamp_ms = record->timestamp_ms > 0 ? record->timestamp_ms : 0,
	};
	if (outbox_send(settle->outbox, &out, record, &error) < 0) {
		settle_not_sent(settle, record, &error);
		return;
	}
	record->state = RECORD_SETTLING;
	record->settling = SETTLING_COPY;
}

/* ---- What Kafka says ---- */

static void stored(struct settle *settle, struct record *record)
{
	switch (record->settling) {
	case SETTLING_REPLY:
		count(settle, COUNT_REPLIES);
		count(settle, COUNT_DELIVERED);
		break;
	case SETTLING_DEAD_LETTER:
		count(settle, COUNT_DEAD_LETTERED);
		ump_log(UMP_LOG_WARNING, "dead letter", UMP_LOG_S("topic", record->home->topic),
			UMP_LOG_I("partition", record->home->number), UMP_LOG_I("offset", record->offset),
			UMP_LOG_I("status", record->last_status), UMP_LOG_I("attempts", record->attempts));
		break;
	case SETTLING_COPY:
		count(settle, COUNT_PUT_BACK);
		break;
	}
	finish(settle, record);
}

static void bury(struct settle *settle, struct record *orphan)
{
	struct record **link = &settle->orphans;
	while (*link != orphan)
		link = &(*link)->next;
	*link = orphan->next;
	record_give(settle->options.pool, orphan);
}

void settle_delivered(void *context, const struct ump_delivery *delivery)
{
	struct settle *settle = context;
	struct record *record = delivery->opaque;
	record->state = RECORD_WAITING;
	if (!record->home) {
		bury(settle, record);
		return;
	}
	if (!delivery->error) {
		stored(settle, record);
		return;
	}
	static const char *const what[] = {[SETTLING_REPLY] = "reply not stored",
					   [SETTLING_DEAD_LETTER] = "dead letter not stored",
					   [SETTLING_COPY] = "record not put back"};
	ump_log(UMP_LOG_ERROR, what[record->settling], UMP_LOG_S("topic", record->home->topic),
		UMP_LOG_I("partition", record->home->number), UMP_LOG_I("offset", record->offset),
		UMP_LOG_S("error", delivery->error->text));
	if (record->settling == SETTLING_DEAD_LETTER) {
		stall(settle, record);
		return;
	}
	settle_not_sent(settle, record, delivery->error);
}

void settle_forget(struct settle *settle, struct record *record)
{
	ump_timer_cancel(settle->options.loop, &record->timer);
	record->home = NULL;
	if (record->state == RECORD_SETTLING) {
		record_clear(record);
		record->next = settle->orphans;
		settle->orphans = record;
	} else {
		record_give(settle->options.pool, record);
	}
}
