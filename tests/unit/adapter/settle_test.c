/* What an outcome leads to: one record, and a Kafka that the test plays. */
#include "common/memory.h"
#include "source-adapter/assigned.h"
#include "source-adapter/counts.h"
#include "source-adapter/outbox.h"
#include "source-adapter/settle.h"
#include "source-adapter/transaction.h"
#include <criterion/criterion.h>
#include <stdlib.h>

/* ---- Kafka: the latest record that was sent, and what becomes of sends ---- */

static struct {
	char topic[32], key[32], value[32];
	int sent, kept;
	bool refuses; /* the queue does not take it, for good */
} kafka;

static void note(const struct ump_record *record)
{
	snprintf(kafka.topic, sizeof kafka.topic, "%s", record->topic);
	snprintf(kafka.key, sizeof kafka.key, "%.*s", UMP_TEXT_ARGUMENTS(record->key));
	snprintf(kafka.value, sizeof kafka.value, "%.*s", UMP_TEXT_ARGUMENTS(record->value));
}

static void (*told)(void *context, const struct ump_delivery *delivery);
static void *told_context;

struct outbox *outbox_new(void (*delivered)(void *context, const struct ump_delivery *delivery), void *context)
{
	told = delivered;
	told_context = context;
	return NULL;
}

void outbox_delivered(struct outbox *outbox, const struct ump_delivery *delivery)
{
	(void)outbox;
	told(told_context, delivery);
}

void outbox_free(struct outbox *outbox)
{
	(void)outbox;
}

void outbox_set_producer(struct outbox *outbox, struct ump_producer *producer)
{
	(void)outbox, (void)producer;
}

void outbox_flush(struct outbox *outbox)
{
	(void)outbox;
}

int outbox_send(struct outbox *outbox, const struct ump_record *record, void *opaque, struct ump_error *error)
{
	(void)outbox, (void)opaque;
	if (kafka.refuses)
		return ump_fail(error, UMP_REJECT, "too large");
	kafka.sent++;
	note(record);
	return 0;
}

void transaction_keep(struct record *record, const struct ump_record *given)
{
	(void)record;
	kafka.kept++;
	note(given);
}

/* ---- The rig ---- */

static struct ump_loop *loop;
static struct ump_metrics *metrics;
static struct record_pool pool;
static struct assigned *home;
static struct record *record;
static struct settle *settle;
static int finished, paused, due;
static size_t split_most; /* of the latest split */

static void on_finished(void *context, struct record *given)
{
	(void)context, (void)given;
	finished++;
}

static void on_paused(void *context, struct record *given)
{
	(void)context, (void)given;
	paused++;
}

static void on_due(void *context, struct record *given)
{
	(void)context, (void)given;
	due++;
}

static void on_split(void *context, struct record *leader, size_t most)
{
	(void)context;
	leader->followers = NULL;
	leader->follower_count = 0;
	split_most = most;
}

static void set_up(void)
{
	struct ump_error error;
	void *taken;
	kafka.sent = kafka.kept = finished = paused = due = 0;
	kafka.refuses = false;
	split_most = SIZE_MAX;
	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	metrics = ump_metrics_new(count_table, count_table_size);
	home = ump_allocate(1, sizeof *home);
	home->topic = ump_copy_string("hits");
	home->ring = partition_new(&(struct partition_options){ORDER_NONE, 16, 0, UMP_TEXT_NONE, 1});
	record = ump_allocate(1, sizeof *record);
	*record = (struct record){.home = home, .key = UMP_TEXT("k"), .value = UMP_TEXT("v"), .attempts = 1, .timestamp_ms = -1};
	cr_assert_eq((int)partition_add(home->ring, 0, record->key, record), (int)PARTITION_ADDED);
	cr_assert(partition_take(home->ring, &record->ticket, &taken));
}

static void tear_down(void)
{
	settle_forget(settle, record);
	settle_free(settle);
	record_pool_clear(&pool);
	partition_free(home->ring);
	free(home->topic);
	free(home);
	ump_metrics_free(metrics);
	ump_loop_free(loop);
}

TestSuite(settle, .init = set_up, .fini = tear_down);

static void make(struct settle_options options)
{
	options.loop = loop;
	options.metrics = metrics;
	options.pool = &pool;
	options.schedule = (struct retry_schedule){RETRY_LINEAR, 1000, 1000, UMP_SECOND, 1};
	options.stall_probe_us = 1000;
	options.sink = "http://sink/";
	options.group = "g";
	options.finished = on_finished;
	options.paused = on_paused;
	options.due = on_due;
	options.split = on_split;
	settle = settle_new(&options);
}

static void answer(int status)
{
	settle_answer(settle, record, &(struct ump_reply){.status = status, .body = UMP_TEXT_NONE});
}

static const struct ump_header verdict[] = {{UMP_TEXT("ce-specversion"), UMP_TEXT("1.0")},
					    {UMP_TEXT("ce-id"), UMP_TEXT("1")},
					    {UMP_TEXT("ce-source"), UMP_TEXT("/s")},
					    {UMP_TEXT("ce-type"), UMP_TEXT("t")},
					    {UMP_TEXT("ce-subject"), UMP_TEXT("subject")}};

static void answer_with_verdict(void)
{
	settle_answer(settle, record,
		      &(struct ump_reply){.status = 200, .headers = verdict, .header_count = 5, .body = UMP_TEXT("cheating")});
}

static void kafka_says(const struct ump_error *error)
{
	settle_delivered(settle, &(struct ump_delivery){.opaque = record, .error = error});
}

static void wait_for_due(void)
{
	int64_t end = ump_loop_clock() + 10 * UMP_SECOND;
	while (due == 0 && ump_loop_clock() < end)
		ump_loop_once(loop, UMP_SECOND / 10);
	cr_assert_eq(due, 1);
	due = 0;
}

Test(settle, a_2xx_is_the_end)
{
	make((struct settle_options){.dead_letter_topic = "dlq"});
	answer(204);
	cr_expect_eq(finished, 1);
	cr_expect_eq(kafka.sent + paused, 0);
}

Test(settle, a_503_pauses_and_what_has_no_try_left_is_a_dead_letter)
{
	make((struct settle_options){.dead_letter_topic = "dlq"});
	answer(503);
	cr_expect_eq(paused, 1);
	wait_for_due();
	record->attempts = 2;
	answer(503);
	cr_expect_eq(kafka.sent, 1);
	cr_expect_str_eq(kafka.topic, "dlq");
	cr_expect_str_eq(kafka.value, "v");
	cr_expect_eq(finished, 0, "Kafka has not said that it has it");
	kafka_says(NULL);
	cr_expect_eq(finished, 1);
}

Test(settle, a_400_is_final_and_stalls_without_a_dead_letter_topic)
{
	make((struct settle_options){0});
	answer(400);
	cr_expect_eq(paused, 1);
	cr_expect_eq(partition_stalled(home->ring), 1);
	wait_for_due();
	answer(400);
	cr_expect_eq(paused, 2, "it is probed whatever its status was");
	cr_expect_eq(partition_stalled(home->ring), 1);
	wait_for_due();
	answer(200);
	cr_expect_eq(finished, 1);
}

Test(settle, a_dead_letter_that_kafka_refuses_stalls_its_record)
{
	struct ump_error error;
	make((struct settle_options){.dead_letter_topic = "dlq"});
	answer(400);
	ump_fail(&error, UMP_REJECT, "too large");
	kafka_says(&error);
	cr_expect_eq(partition_stalled(home->ring), 1);
	wait_for_due();
	kafka.refuses = true;
	answer(400);
	cr_expect_eq(paused, 2);
	cr_expect_eq(finished, 0);
}

Test(settle, with_drops_what_cannot_be_a_dead_letter_is_finished)
{
	make((struct settle_options){.drops = true});
	answer(400);
	cr_expect_eq(finished, 1);
	cr_expect_eq(paused, 0);
}

Test(settle, a_reply_finishes_its_record_when_kafka_has_it)
{
	make((struct settle_options){.reply_topic = "replies", .dead_letter_topic = "dlq"});
	answer_with_verdict();
	cr_expect_str_eq(kafka.topic, "replies");
	cr_expect_str_eq(kafka.key, "subject");
	cr_expect_eq(finished, 0);
	kafka_says(NULL);
	cr_expect_eq(finished, 1);
}

Test(settle, a_reply_that_kafka_lost_is_asked_for_again_and_one_that_it_refuses_is_a_dead_letter)
{
	struct ump_error error;
	make((struct settle_options){.reply_topic = "replies", .dead_letter_topic = "dlq"});
	answer_with_verdict();
	ump_fail(&error, UMP_RETRY, "no leader");
	kafka_says(&error);
	cr_expect_eq(paused, 1);
	wait_for_due();
	answer_with_verdict();
	ump_fail(&error, UMP_REJECT, "too large");
	kafka_says(&error);
	cr_expect_str_eq(kafka.topic, "dlq");
	kafka_says(NULL);
	cr_expect_eq(finished, 1);
}

Test(settle, in_a_transaction_the_outcome_stands_with_the_answer)
{
	struct ump_error error;
	make((struct settle_options){.reply_topic = "replies", .dead_letter_topic = "dlq", .transactional = true});
	answer_with_verdict();
	cr_expect_eq(finished, 1);
	cr_expect_eq(kafka.kept, 1);
	cr_expect_eq(kafka.sent, 0);
	cr_expect_str_eq(kafka.topic, "replies");
	ump_fail(&error, UMP_REJECT, "too large");
	cr_expect(settle_refused(settle, record, &error), "it gives a dead letter instead");
	cr_expect_str_eq(kafka.topic, "dlq");
	cr_expect_not(settle_refused(settle, record, &error), "there is nothing else that it could give");
}

Test(settle, in_a_transaction_a_dead_letter_is_kept_too)
{
	make((struct settle_options){.dead_letter_topic = "dlq", .transactional = true});
	answer(400);
	cr_expect_eq(finished, 1);
	cr_expect_eq(kafka.kept, 1);
	cr_expect_str_eq(kafka.topic, "dlq");
}

Test(settle, what_goes_back_is_finished_when_kafka_has_it)
{
	make((struct settle_options){.to_topic = "hits", .letters = true});
	settle_put_back(settle, record);
	cr_expect_str_eq(kafka.topic, "hits");
	cr_expect_eq(finished, 0);
	kafka_says(NULL);
	cr_expect_eq(finished, 1);
}

/* A batch of two gets an answer. Returns the other one, which the caller clears. */
static struct record *answer_batch(int status)
{
	struct record *other = ump_allocate(1, sizeof *other);
	*other = (struct record){.home = home, .key = UMP_TEXT("other"), .value = UMP_TEXT("w"), .attempts = 1, .timestamp_ms = -1};
	record->followers = other;
	record->follower_count = 1;
	answer(status);
	return other;
}

Test(settle, a_batch_is_halved_where_one_of_its_events_may_be_at_fault)
{
	static const int statuses[] = {400, 413, 415, 422, 503};
	make((struct settle_options){.dead_letter_topic = "dlq"});
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		split_most = SIZE_MAX;
		record->attempts = 2; /* 503: its tries are used up */
		struct record *other = answer_batch(statuses[i]);
		cr_expect_eq(split_most, 1, "status %d", statuses[i]);
		cr_expect_not(record->condemned || other->condemned, "status %d", statuses[i]);
		record_clear(other);
		free(other);
	}
	cr_expect_eq(kafka.sent, 0);
}

Test(settle, a_batch_that_is_refused_as_a_whole_gets_the_outcome_as_a_whole)
{
	static const int statuses[] = {401, 403, 405, 302};
	make((struct settle_options){.drops = true});
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		finished = 0;
		struct record *other = answer_batch(statuses[i]);
		cr_expect_neq(split_most, SIZE_MAX, "status %d", statuses[i]);
		cr_expect(record->condemned && other->condemned, "status %d", statuses[i]);
		cr_expect_eq(other->last_status, statuses[i]);
		settle_condemned(settle, record);
		settle_condemned(settle, other);
		cr_expect_eq(finished, 2);
		record_clear(other);
		free(other);
	}
}

Test(settle, where_it_can_only_stall_the_first_of_the_batch_does)
{
	make((struct settle_options){0});
	struct record *other = answer_batch(403);
	cr_expect(record->condemned);
	cr_expect_not(other->condemned, "it is tried when the first has got through");
	settle_condemned(settle, record);
	cr_expect_eq(partition_stalled(home->ring), 1);
	record_clear(other);
	free(other);
}
