/* A full queue is no failure. The producer is one of the test's own: it says when it is full. */
#include "common/memory.h"
#include "source-adapter/outbox.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct ump_producer {
	size_t room;
	bool full, refuses;
	char sent[256]; /* "topic key value header=value;" of each */
	void *opaques[8];
	size_t count;
};

int ump_producer_send(struct ump_producer *producer, const struct ump_record *record, void *opaque, struct ump_error *error)
{
	if (producer->refuses)
		return ump_fail(error, UMP_REJECT, "too large");
	if (producer->room == 0) {
		producer->full = true;
		return ump_fail(error, UMP_RETRY, "full");
	}
	producer->room--;
	producer->opaques[producer->count++] = opaque;
	size_t size = strlen(producer->sent);
	snprintf(producer->sent + size, sizeof producer->sent - size, "%s %.*s %.*s %.*s=%.*s;", record->topic,
		 UMP_TEXT_ARGUMENTS(record->key), UMP_TEXT_ARGUMENTS(record->value), UMP_TEXT_ARGUMENTS(record->headers[0].name),
		 UMP_TEXT_ARGUMENTS(record->headers[0].value));
	return 0;
}

bool ump_producer_is_full(const struct ump_producer *producer)
{
	return producer->full;
}

static void delivered(void *context, const struct ump_delivery *delivery)
{
	cr_expect(delivery->error && delivery->error->kind == UMP_REJECT);
	*(void **)context = delivery->opaque;
}

/* From memory that is overwritten afterwards, as the caller's is. */
static int send_one(struct outbox *outbox, const char *key, void *opaque, struct ump_error *error)
{
	char topic[] = "dlq", value[] = "v", header[] = "h";
	char *copy = ump_copy_string(key);
	struct ump_kafka_field field = {ump_text(header), UMP_TEXT_NONE};
	struct ump_record record = {
		.topic = topic, .partition = -1, .key = ump_text(copy), .value = ump_text(value), .headers = &field, .header_count = 1};
	int result = outbox_send(outbox, &record, opaque, error);
	memset(topic, 'x', sizeof topic);
	memset(value, 'x', sizeof value);
	memset(header, 'x', sizeof header);
	free(copy);
	return result;
}

Test(outbox, what_finds_no_room_is_sent_in_its_order_when_there_is_some)
{
	struct ump_producer producer = {.room = 1};
	struct ump_error error;
	void *refused = NULL;
	struct outbox *outbox = outbox_new(delivered, &refused);
	outbox_set_producer(outbox, &producer);
	for (int i = 0; i < 4; i++)
		cr_expect_eq(send_one(outbox, (const char *[]){"a", "b", "c", "d"}[i], NULL, &error), 0);
	cr_expect_str_eq(producer.sent, "dlq a v h=;");

	producer.room = 1;
	producer.full = false;
	outbox_flush(outbox);
	cr_expect_str_eq(producer.sent, "dlq a v h=;dlq b v h=;");
	producer.room = 9;
	producer.full = false;
	cr_expect_eq(send_one(outbox, "e", NULL, &error), 0, "none overtakes those that wait");
	cr_expect_str_eq(producer.sent, "dlq a v h=;dlq b v h=;");
	outbox_flush(outbox);
	cr_expect_str_eq(producer.sent, "dlq a v h=;dlq b v h=;dlq c v h=;dlq d v h=;dlq e v h=;");
	cr_expect_null(refused);
	outbox_free(outbox);
}

Test(outbox, what_is_refused_is_told_at_once_or_when_its_turn_comes)
{
	struct ump_producer producer = {.refuses = true};
	struct ump_error error;
	void *refused = NULL;
	struct outbox *outbox = outbox_new(delivered, &refused);
	outbox_set_producer(outbox, &producer);
	cr_expect_eq(send_one(outbox, "a", &producer, &error), -1);
	cr_expect_eq(error.kind, UMP_REJECT);
	producer.refuses = false;
	cr_expect_eq(send_one(outbox, "b", &producer, &error), 0);
	producer.full = false;
	producer.refuses = true;
	outbox_flush(outbox);
	cr_expect_eq(refused, &producer);
	outbox_free(outbox);
}

Test(outbox, what_is_left_is_given_up)
{
	struct ump_producer producer = {0};
	struct ump_error error;
	struct outbox *outbox = outbox_new(delivered, NULL);
	outbox_set_producer(outbox, &producer);
	cr_expect_eq(send_one(outbox, "a", NULL, &error), 0);
	outbox_free(outbox);
	outbox_free(NULL);
}

/* ---- What is refused together ---- */

static struct {
	int stored, refused;
	void *last_refused;
} word;

static void count_word(void *context, const struct ump_delivery *delivery)
{
	(void)context;
	if (delivery->error)
		word.last_refused = delivery->opaque;
	word.refused += delivery->error != NULL;
	word.stored += delivery->error == NULL;
}

static void says(struct outbox *outbox, struct ump_producer *producer, size_t number, bool refused)
{
	struct ump_error error;
	ump_fail(&error, UMP_REJECT, "message size too large");
	outbox_delivered(outbox, &(struct ump_delivery){.opaque = producer->opaques[number], .error = refused ? &error : NULL});
}

Test(outbox, what_is_refused_together_goes_once_more_one_by_one)
{
	struct ump_producer producer = {.room = 9};
	struct ump_error error;
	struct outbox *outbox = outbox_new(count_word, NULL);
	char bad = 0, good = 0;
	outbox_set_producer(outbox, &producer);
	cr_expect_eq(send_one(outbox, "a", &good, &error), 0);
	cr_expect_eq(send_one(outbox, "b", &bad, &error), 0);
	says(outbox, &producer, 0, true);
	cr_expect_eq(producer.count, 2, "b is still on its way");
	says(outbox, &producer, 1, true);
	cr_expect_eq(word.refused, 0);
	cr_assert_eq(producer.count, 3, "a, alone");
	cr_expect_eq(send_one(outbox, "c", &good, &error), 0, "it waits until that is over");
	cr_expect_eq(producer.count, 3);
	says(outbox, &producer, 2, false);
	cr_assert_eq(producer.count, 4, "b, alone");
	says(outbox, &producer, 3, true);
	cr_expect_eq(word.refused, 1);
	cr_expect_eq(word.last_refused, &bad);
	cr_assert_eq(producer.count, 5, "c");
	cr_expect_str_eq(producer.sent, "dlq a v h=;dlq b v h=;dlq a v h=;dlq b v h=;dlq c v h=;");
	says(outbox, &producer, 4, false);
	cr_expect_eq(word.stored, 2);
	outbox_free(outbox);
}
