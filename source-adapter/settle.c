/* A record comes here with the end of a try and leaves in one of three ways: finished; paused, to come back by `due`; or into Kafka, as a
 * reply or a dead letter, whose acknowledgement finishes it. So does the leader of a batch, with all of it, and in a fourth way: split, to
 * come back in smaller ones. A record gets the outcome of a failure that may be about one event of a batch only when it stood alone.
 *
 * What cannot be stored in Kafka is not lost: a reply that was refused counts as a failed try (the verdict's identity is derived, so the
 * same reply comes again), and a dead letter that was refused stalls its record (giving_up.c). */
#include "source-adapter/settle.h"
#include "common/cloudevents/http.h"
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/assigned.h"
#include "source-adapter/outcome.h"
#include "source-adapter/settle_private.h"
#include <stdlib.h>
#include <sys/random.h>

static void delivered(void *context, const struct ump_delivery *delivery);

struct settle *settle_new(const struct settle_options *options)
{
	struct settle *settle = ump_allocate(1, sizeof *settle);
	settle->options = *options;
	settle->outbox = outbox_new(delivered, settle);
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
uint32_t settle_random(struct settle *settle)
{
	settle->random ^= settle->random >> 12;
	settle->random ^= settle->random << 25;
	settle->random ^= settle->random >> 27;
	return (uint32_t)(settle->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

void settle_count(struct settle *settle, enum count what, size_t number)
{
	ump_metrics_add(settle->options.metrics, what, (double)number);
}

/* ---- The end ---- */

void settle_finish(struct settle *settle, struct record *leader)
{
	if (leader->stalled_since)
		ump_log(UMP_LOG_INFO, "stalled record finished", UMP_LOG_S("topic", leader->home->topic),
			UMP_LOG_I("partition", leader->home->number), UMP_LOG_I("offset", leader->offset));
	struct record *record = leader->followers, *behind;
	settle->options.finished(settle->options.context, leader);
	for (; record; record = behind) {
		behind = record->next;
		settle->options.finished(settle->options.context, record);
	}
}

static void deliver(struct settle *settle, struct record *leader)
{
	settle_count(settle, COUNT_DELIVERED, record_events(leader));
	settle_finish(settle, leader);
}

/* ---- Waiting ---- */

static void wait_over(void *context)
{
	struct record *record = context;
	record->state = RECORD_DUE;
	record->settle->options.due(record->settle->options.context, record);
}

void settle_wait(struct settle *settle, struct record *record, int64_t pause_us)
{
	for (struct record *each = record; each; each = record_behind(record, each))
		record_detach(settle->options.pool, each);
	record->state = RECORD_PAUSED;
	record->settle = settle;
	ump_timer_set(settle->options.loop, &record->timer, ump_loop_now(settle->options.loop) + pause_us, wait_over, record);
	settle->options.paused(settle->options.context, record);
}

/* ---- Trying again ---- */

static void try_again(struct settle *settle, struct record *record, int64_t retry_after_us)
{
	if (record->stalled_since) { /* this was its probe */
		settle_give_up(settle, record);
		return;
	}
	int64_t pause = retry_pause(&settle->options.schedule, record->attempts, settle_random(settle), retry_after_us);
	if (pause < 0)
		settle_give_up(settle, record);
	else
		settle_wait(settle, record, pause);
}

/* ---- Replies ---- */

static struct ump_text reply_key(const struct ump_event *reply, const struct record *leader)
{
	struct ump_text key = ump_event_get(reply, "partitionkey");
	if (!key.start)
		key = ump_event_get(reply, "subject");
	return key.start || leader->followers ? key : leader->key;
}

/* What an answer to `leader` consists of, while it is read. */
struct replying {
	struct settle *settle;
	struct record *leader;
};

/* Hands one reply to Kafka. A reply to a batch has no record's key: which event it is about is for itself to say. */
static int send_reply(void *context, const struct ump_event *reply, struct ump_error *error)
{
	struct settle *settle = ((struct replying *)context)->settle;
	struct record *leader = ((struct replying *)context)->leader;
	ump_kafka_message_reset(&settle->message);
	if (ump_event_to_kafka(reply, UMP_KAFKA_BINARY, &settle->message, error) < 0)
		return -1;
	struct ump_record out = {
		.topic = settle->options.reply_topic,
		.partition = -1,
		.key = reply_key(reply, leader),
		.value = settle->message.value,
		.headers = settle->message.headers,
		.header_count = settle->message.header_count,
	};
	leader->settling = SETTLING_REPLY;
	if (settle_give(settle, leader, &out, error) < 0)
		return -1;
	leader->awaited += !settle->options.transactional;
	return 0;
}

/* Reads the answer's events and hands them to Kafka. UMP_REJECT: it is no valid event, or batch of them. */
static int send_replies(struct settle *settle, struct record *leader, const struct ump_reply *reply, struct ump_error *error)
{
	struct replying replying = {settle, leader};
	enum ump_http_mode mode = ump_http_mode(reply->headers, reply->header_count);
	if (reply->truncated)
		return ump_fail(error, UMP_REJECT, "the reply is larger than --reply-max");
	if (mode == UMP_HTTP_NOT_CLOUDEVENT)
		return ump_fail(error, UMP_REJECT, "the reply is not a CloudEvent");
	if (mode == UMP_HTTP_BATCH && settle->options.batches)
		return ump_batch_from_json(reply->body, record_events(leader), send_reply, &replying, error);
	ump_event_reset(&settle->reply);
	if (ump_event_from_http(&settle->reply, reply->headers, reply->header_count, reply->body, settle->options.encoding, error) < 0) {
		error->kind = UMP_REJECT;
		return ump_error_prefix(error, "the reply is no valid CloudEvent");
	}
	return send_reply(&replying, &settle->reply, error);
}

/* All replies have Kafka's word, or none is to be waited for. */
static void replied(struct settle *settle, struct record *leader)
{
	bool refused = leader->refused, failed = leader->failed;
	leader->refused = leader->failed = false;
	if (refused)
		settle_give_up(settle, leader); /* the function has run: asking it again would not mend its reply */
	else if (failed)
		try_again(settle, leader, -1);
	else
		deliver(settle, leader);
}

static void note_failure(struct record *leader, int status, const struct ump_error *error)
{
	record_failure(leader, status, ump_text(error->text));
	if (error->kind == UMP_REJECT)
		leader->refused = true;
	else
		leader->failed = true;
}

static void accepted(struct settle *settle, struct record *leader, const struct ump_reply *reply)
{
	struct ump_error error;
	if (!settle->options.reply_topic || !outcome_may_reply(reply->status) || (reply->body.size == 0 && !reply->truncated)) {
		deliver(settle, leader);
		return;
	}
	if (send_replies(settle, leader, reply, &error) < 0)
		note_failure(leader, reply->status, &error);
	if (leader->awaited == 0) {
		replied(settle, leader);
		return;
	}
	leader->state = RECORD_SETTLING;
}

/* ---- Answers ---- */

static void count_answer(struct settle *settle, const struct record *record, const struct ump_reply *reply)
{
	static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
	const char *label = classes[reply->status >= 100 && reply->status < 600 ? reply->status / 100 : 0];
	struct ump_metrics *metrics = settle->options.metrics;
	ump_metrics_series(metrics, COUNT_DELIVERIES, &label)->value += (double)record_events(record);
	ump_metrics_observe(metrics, COUNT_DELIVERY_SECONDS, ump_metrics_series(metrics, COUNT_DELIVERY_SECONDS, NULL),
			    (double)(ump_loop_now(settle->options.loop) - record->sent_at) / 1e6);
}

void settle_note_answer(struct record *record, const struct ump_reply *reply)
{
	record_failure(record, reply->status, reply->status == 0 ? ump_text(reply->failure) : reply->body);
	record_keep_extensions(record, reply->headers, reply->header_count);
}

void settle_answer(struct settle *settle, struct record *record, const struct ump_reply *reply)
{
	enum outcome_kind outcome = outcome_of_status(reply->status);
	count_answer(settle, record, reply);
	if (outcome == OUTCOME_DELIVERED) {
		accepted(settle, record, reply);
		return;
	}
	settle_note_answer(record, reply);
	if (outcome == OUTCOME_FAILED && record->followers && !outcome_may_be_of_one(reply->status)) {
		settle_give_up_batch(settle, record, reply);
		return;
	}
	if (outcome == OUTCOME_FAILED) {
		settle_give_up(settle, record);
		return;
	}
	try_again(settle, record, outcome_wish(reply->status, reply->headers, reply->header_count, ump_loop_wall(settle->options.loop)));
}

void settle_not_sent(struct settle *settle, struct record *record, const struct ump_error *error)
{
	if (record->is_letter) {
		settle_letter_not_sent(settle, record, error);
		return;
	}
	record_failure(record, 0, ump_text(error->text));
	if (error->kind == UMP_RETRY)
		try_again(settle, record, -1);
	else
		settle_give_up(settle, record);
}

/* ---- What Kafka says ---- */

static void bury(struct settle *settle, struct record *orphan)
{
	if (orphan->awaited > 1) {
		orphan->awaited--;
		return;
	}
	struct record **link = &settle->orphans;
	while (*link != orphan)
		link = &(*link)->next;
	*link = orphan->next;
	record_give(settle->options.pool, orphan);
}

static void reply_stored(struct settle *settle, struct record *leader, const struct ump_error *error)
{
	if (error) {
		settle_log_refusal("reply not stored", leader, error);
		note_failure(leader, 0, error);
	} else {
		settle_count(settle, COUNT_REPLIES, 1);
	}
	if (--leader->awaited == 0)
		replied(settle, leader);
}

static void delivered(void *context, const struct ump_delivery *delivery)
{
	struct settle *settle = context;
	struct record *record = delivery->opaque;
	if (!record->home) {
		bury(settle, record);
		return;
	}
	switch (record->settling) {
	case SETTLING_REPLY:
		reply_stored(settle, record, delivery->error);
		break;
	case SETTLING_DEAD_LETTER:
		settle_letter_stored(settle, record, delivery->error);
		break;
	case SETTLING_COPY:
		settle_copy_stored(settle, record, delivery->error);
	}
}

void settle_delivered(struct settle *settle, const struct ump_delivery *delivery)
{
	outbox_delivered(settle->outbox, delivery);
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
