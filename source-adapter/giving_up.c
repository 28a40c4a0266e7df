/* source-adapter/giving_up.c: what becomes of a record that no try delivers; see settle.h.
 *
 * A dead letter goes into Kafka, or to a sink of its own as the event with the reason in extensions. The latter is a delivery like any
 * other, with the same retries; it comes here with its answers. What cannot even become a dead letter is dropped or stalls, as
 * --on-exhausted says; a probe of a stalled record begins with the sink again. */
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/assigned.h"
#include "source-adapter/outcome.h"
#include "source-adapter/settle_private.h"
#include "source-adapter/transaction.h"
#include <stdio.h>

void settle_log_refusal(const char *what, const struct record *record, const struct ump_error *error)
{
	ump_log(UMP_LOG_ERROR, what, UMP_LOG_S("topic", record->home->topic), UMP_LOG_I("partition", record->home->number),
		UMP_LOG_I("offset", record->offset), UMP_LOG_S("error", error->text));
}

/* ---- Neither delivered nor a dead letter ---- */

/* Of each probe that fails too: whoever looks hours later finds it among the latest lines. */
static void log_stall(const struct record *record, bool begins)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer since = {0};
	ump_buffer_add_time(&since, record->stalled_since);
	ump_log(begins ? UMP_LOG_ERROR : UMP_LOG_WARNING, begins ? "record stalled" : "record still stalled",
		UMP_LOG_S("topic", record->home->topic), UMP_LOG_I("partition", record->home->number), UMP_LOG_I("offset", record->offset),
		UMP_LOG_T("key", record->key), UMP_LOG_I("status", record->last_status), UMP_LOG_I("attempts", record->attempts),
		UMP_LOG_T("since", ump_buffer_text(&since)),
		UMP_LOG_T("answer", ((struct ump_text){record->last_answer, record->last_answer_size})));
}

static void stall(struct settle *settle, struct record *record)
{
	bool begins = !record->stalled_since;
	if (begins) {
		record->stalled_since = ump_loop_wall(settle->options.loop);
		partition_stall(record->home->ring, record->ticket);
		settle_count(settle, COUNT_STALLS, 1);
	}
	log_stall(record, begins);
	settle_wait(settle, record, settle->options.stall_probe_us);
}

static void drop(struct settle *settle, struct record *record)
{
	static const char *const reason = "exhausted";
	ump_metrics_series(settle->options.metrics, COUNT_DROPPED, &reason)->value++;
	ump_log(UMP_LOG_WARNING, "record dropped", UMP_LOG_S("topic", record->home->topic), UMP_LOG_I("partition", record->home->number),
		UMP_LOG_I("offset", record->offset), UMP_LOG_T("key", record->key), UMP_LOG_I("status", record->last_status),
		UMP_LOG_I("attempts", record->attempts));
	settle_finish(settle, record);
}

static void leave(struct settle *settle, struct record *record)
{
	record->is_letter = false;
	if (settle->options.drops)
		drop(settle, record);
	else
		stall(settle, record);
}

/* ---- Dead letters ---- */

int settle_give(struct settle *settle, struct record *record, const struct ump_record *given, struct ump_error *error)
{
	if (!settle->options.transactional)
		return outbox_send(settle->outbox, given, record, error);
	transaction_keep(record, given);
	return 0;
}

/* The record for that topic: as it is in Kafka, but for the headers, which are those of settle->letter. */
static struct ump_record record_for(const struct settle *settle, const struct record *record, const char *topic)
{
	return (struct ump_record){
		.topic = topic,
		.partition = -1,
		.key = record->key,
		.value = record->value,
		.headers = settle->letter.headers,
		.header_count = settle->letter.header_count,
		.timestamp_ms = record->timestamp_ms > 0 ? record->timestamp_ms : 0,
	};
}

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
	struct ump_record out = record_for(settle, record, settle->options.dead_letter_topic);
	return settle_give(settle, record, &out, error);
}

static void finish_letter(struct settle *settle, struct record *record)
{
	settle_count(settle, COUNT_DEAD_LETTERED, 1);
	ump_log(UMP_LOG_WARNING, "dead letter", UMP_LOG_S("topic", record->home->topic), UMP_LOG_I("partition", record->home->number),
		UMP_LOG_I("offset", record->offset), UMP_LOG_I("status", record->last_status), UMP_LOG_I("attempts", record->attempts));
	settle_finish(settle, record);
}

void settle_give_up(struct settle *settle, struct record *record)
{
	struct ump_error error;
	if (record->followers) { /* which of them it is has yet to be seen */
		settle->options.split(settle->options.context, record, (record->follower_count + 1) / 2);
	} else if (settle->options.dead_letter_sink) {
		record->is_letter = true;
		record->letter_tries = 0;
		settle_wait(settle, record, 0);
	} else if (!settle->options.dead_letter_topic) {
		leave(settle, record);
	} else if (send_letter(settle, record, &error) < 0) {
		settle_log_refusal("dead letter refused", record, &error);
		leave(settle, record);
	} else {
		record->settling = SETTLING_DEAD_LETTER;
		if (settle->options.transactional)
			settle_finish(settle, record);
		else
			record->state = RECORD_SETTLING;
	}
}

/* Where there is no other end than a stall, one that gets through lets the others go on: so only the first stalls, and they are tried. */
void settle_give_up_batch(struct settle *settle, struct record *leader, const struct ump_reply *reply)
{
	bool stalls = !settle->options.dead_letter_topic && !settle->options.dead_letter_sink && !settle->options.drops;
	leader->condemned = true;
	for (struct record *record = leader->followers; record && !stalls; record = record->next) {
		settle_note_answer(record, reply);
		record->condemned = true;
	}
	settle->options.split(settle->options.context, leader, leader->most);
}

void settle_condemned(struct settle *settle, struct record *record)
{
	record->condemned = false;
	settle_give_up(settle, record);
}

bool settle_refused(void *context, struct record *record, const struct ump_error *error)
{
	struct settle *settle = context;
	struct ump_error ignored; /* of keeping a copy, which cannot fail */
	bool reply = record->settling == SETTLING_REPLY;
	settle_log_refusal(reply ? "reply not stored" : "dead letter not stored", record, error);
	if (!reply || !settle->options.dead_letter_topic)
		return false;
	record_failure(record, 0, ump_text(error->text));
	record->settling = SETTLING_DEAD_LETTER;
	return send_letter(settle, record, &ignored) == 0;
}

void settle_letter_stored(struct settle *settle, struct record *record, const struct ump_error *error)
{
	if (!error) {
		finish_letter(settle, record);
		return;
	}
	settle_log_refusal("dead letter not stored", record, error);
	leave(settle, record);
}

/* ---- Dead letters to a sink ---- */

static void letter_failed(struct settle *settle, struct record *record, bool again, int64_t retry_after_us, const char *why)
{
	int64_t pause = again ? retry_pause(&settle->options.schedule, record->letter_tries, settle_random(settle), retry_after_us) : -1;
	if (pause >= 0) {
		settle_wait(settle, record, pause);
		return;
	}
	ump_log(UMP_LOG_ERROR, "dead letter not delivered", UMP_LOG_S("topic", record->home->topic),
		UMP_LOG_I("partition", record->home->number), UMP_LOG_I("offset", record->offset), UMP_LOG_S("reason", why));
	leave(settle, record);
}

void settle_letter_answer(struct settle *settle, struct record *record, const struct ump_reply *reply)
{
	char status[32];
	enum outcome_kind outcome = outcome_of_status(reply->status);
	if (outcome == OUTCOME_DELIVERED) {
		finish_letter(settle, record);
		return;
	}
	snprintf(status, sizeof status, "status %d", reply->status);
	letter_failed(settle, record, outcome == OUTCOME_RETRY,
		      outcome_wish(reply->status, reply->headers, reply->header_count, ump_loop_wall(settle->options.loop)),
		      reply->status ? status : reply->failure);
}

void settle_letter_not_sent(struct settle *settle, struct record *record, const struct ump_error *error)
{
	letter_failed(settle, record, error->kind == UMP_RETRY, -1, error->text);
}

/* ---- Putting back ---- */

void settle_put_back(struct settle *settle, struct record *record)
{
	struct ump_error error;
	size_t header_count;
	const struct ump_kafka_field *headers = record_headers(settle->options.pool, record, &header_count);
	letter_read_headers(&settle->letter, headers, header_count);
	struct ump_record out = record_for(settle, record, settle->options.to_topic);
	if (outbox_send(settle->outbox, &out, record, &error) < 0) {
		settle_not_sent(settle, record, &error);
		return;
	}
	record->state = RECORD_SETTLING;
	record->settling = SETTLING_COPY;
}

void settle_copy_stored(struct settle *settle, struct record *record, const struct ump_error *error)
{
	if (error) {
		settle_log_refusal("record not put back", record, error);
		settle_not_sent(settle, record, error);
		return;
	}
	settle_count(settle, COUNT_PUT_BACK, 1);
	settle_finish(settle, record);
}
