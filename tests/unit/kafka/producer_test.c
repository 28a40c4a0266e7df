/* Against librdkafka's mock cluster in this process. */
#include "common/kafka/producer.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS = 1000 };

struct rig {
	rd_kafka_t *handle;
	rd_kafka_mock_cluster_t *cluster;
	struct ump_loop *loop;
	struct ump_producer *producer;
	struct ump_kafka_settings settings;
	size_t delivered, failed, writable, fatal;
	struct ump_delivery last;
	struct ump_error last_error;
	uintptr_t order;
	bool in_order;
};

static void on_delivered(void *context, const struct ump_delivery *delivery)
{
	struct rig *rig = context;
	rig->in_order = rig->in_order && (uintptr_t)delivery->opaque > rig->order;
	rig->order = (uintptr_t)delivery->opaque;
	rig->last = *delivery;
	if (delivery->error)
		rig->last_error = *delivery->error;
	*(delivery->error ? &rig->failed : &rig->delivered) += 1;
}

static void on_writable(void *context)
{
	((struct rig *)context)->writable++;
}

static void on_failed(void *context, const struct ump_error *error)
{
	struct rig *rig = context;
	rig->fatal++;
	rig->last_error = *error;
}

static void open_rig(struct rig *rig, const char *const *properties)
{
	char text[256];
	struct ump_error error;
	*rig = (struct rig){.in_order = true};
	rig->handle = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
	cr_assert(rig->handle);
	rig->cluster = rd_kafka_mock_cluster_new(rig->handle, 1);
	cr_assert(rig->cluster);
	rd_kafka_mock_topic_create(rig->cluster, "hits", 3, 1);
	rig->settings.bootstrap_servers = ump_copy_string(rd_kafka_mock_cluster_bootstraps(rig->cluster));
	cr_assert_eq(ump_loop_new(&rig->loop, &error), 0, "%s", error.text);
	struct ump_producer_options options = {.settings = &rig->settings,
					       .client_id = "test",
					       .properties = properties,
					       .delivered = on_delivered,
					       .writable = on_writable,
					       .failed = on_failed,
					       .context = rig};
	cr_assert_eq(ump_producer_new(&rig->producer, rig->loop, &options, &error), 0, "%s", error.text);
}

static void close_rig(struct rig *rig)
{
	ump_producer_free(rig->producer);
	ump_loop_free(rig->loop);
	rd_kafka_mock_cluster_destroy(rig->cluster);
	rd_kafka_destroy(rig->handle);
	free(rig->settings.bootstrap_servers);
}

static int send_one(struct rig *rig, uintptr_t number, struct ump_error *error)
{
	struct ump_record record = {.topic = "hits", .partition = 0, .key = UMP_TEXT("k"), .value = UMP_TEXT("v")};
	return ump_producer_send(rig->producer, &record, (void *)number, error);
}

static void run_until_idle(struct rig *rig)
{
	int64_t end = ump_loop_clock() + 30 * UMP_SECOND;
	while (ump_producer_pending(rig->producer) > 0 && ump_loop_clock() < end)
		ump_loop_once(rig->loop, UMP_SECOND / 10);
	cr_assert_eq(ump_producer_pending(rig->producer), 0);
}

Test(producer, every_record_completes_once_and_in_order)
{
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	for (uintptr_t i = 1; i <= RECORDS; i++)
		cr_assert_eq(send_one(&rig, i, &error), 0, "%s", error.text);
	cr_expect_eq(rig.delivered, 0, "never from inside the send");
	cr_expect_eq(ump_producer_pending(rig.producer), RECORDS);
	run_until_idle(&rig);
	cr_expect_eq(rig.delivered, RECORDS);
	cr_expect_eq(rig.failed, 0);
	cr_expect(rig.in_order);
	cr_expect_eq(rig.last.partition, 0);
	cr_expect_eq(rig.last.offset, RECORDS - 1);
	close_rig(&rig);
}

/* librdkafka itself looks for topics that records name once a second: eight of them, one after the other, would take seven or more. */
Test(producer, the_first_record_of_a_topic_does_not_wait_for_a_timer)
{
	struct rig rig;
	struct ump_error error;
	enum { TOPICS = 8 };
	open_rig(&rig, NULL);
	int64_t start = ump_loop_clock();
	for (int i = 0; i < TOPICS; i++) {
		char topic[16];
		snprintf(topic, sizeof topic, "topic-%d", i);
		rd_kafka_mock_topic_create(rig.cluster, topic, 1, 1);
		const struct ump_record record = {.topic = topic, .partition = -1, .value = UMP_TEXT("v")};
		cr_assert_eq(ump_producer_send(rig.producer, &record, NULL, &error), 0, "%s", error.text);
		run_until_idle(&rig);
	}
	cr_expect_eq(rig.delivered, TOPICS);
	cr_expect_lt(ump_loop_clock() - start, TOPICS * UMP_SECOND / 2);
	close_rig(&rig);
}

Test(producer, null_and_empty_are_two_things_in_key_value_and_headers)
{
	struct rig rig;
	struct ump_error error;
	char text[256];
	open_rig(&rig, NULL);
	const struct ump_kafka_field headers[] = {
		{UMP_TEXT("null"), UMP_TEXT_NONE}, {UMP_TEXT("empty"), UMP_TEXT("")}, {UMP_TEXT("b"), UMP_TEXT("\0\xff")}};
	struct ump_record record = {.topic = "hits", .partition = 1, .headers = headers, .header_count = 3, .timestamp_ms = 1700000000123};
	cr_assert_eq(ump_producer_send(rig.producer, &record, NULL, &error), 0, "%s", error.text);
	record.key = record.value = UMP_TEXT("");
	cr_assert_eq(ump_producer_send(rig.producer, &record, NULL, &error), 0, "%s", error.text);
	run_until_idle(&rig);

	rd_kafka_conf_t *configuration = rd_kafka_conf_new();
	rd_kafka_conf_set(configuration, "bootstrap.servers", rig.settings.bootstrap_servers, text, sizeof text);
	rd_kafka_conf_set(configuration, "group.id", "g", text, sizeof text);
	rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, text, sizeof text);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, "hits", 1)->offset = 0;
	rd_kafka_assign(consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_message_t *first = rd_kafka_consumer_poll(consumer, 10000), *second = rd_kafka_consumer_poll(consumer, 10000);
	cr_assert(first && !first->err && second && !second->err);
	cr_expect_null(first->key);
	cr_expect_null(first->payload);
	cr_expect_eq(rd_kafka_message_timestamp(first, NULL), 1700000000123);
	cr_expect(second->key && second->key_len == 0 && second->payload && second->len == 0);
	rd_kafka_headers_t *found;
	const void *value;
	size_t size;
	cr_assert_eq(rd_kafka_message_headers(first, &found), RD_KAFKA_RESP_ERR_NO_ERROR);
	cr_expect(rd_kafka_header_get_last(found, "null", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR && !value);
	cr_expect(rd_kafka_header_get_last(found, "empty", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR && value && size == 0);
	cr_expect(rd_kafka_header_get_last(found, "b", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR && size == 2 &&
		  !memcmp(value, "\0\xff", 2));
	rd_kafka_message_destroy(first);
	rd_kafka_message_destroy(second);
	rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	close_rig(&rig);
}

/* Partitions that Java's DefaultPartitioner gives these keys, of 3: toPositive(murmur2(key)) % 3. */
Test(producer, keys_go_where_java_puts_them)
{
	static const struct {
		const char *key;
		int partition;
	} rows[] = {{"p-0042", 1}, {"21", 0}, {"foobar", 0}, {"a-little-bit-long-string", 2}, {"abc", 0}};
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ump_record record = {.topic = "hits", .partition = -1, .key = ump_text(rows[i].key)};
		cr_assert_eq(ump_producer_send(rig.producer, &record, NULL, &error), 0, "%s", error.text);
		run_until_idle(&rig);
		cr_expect_eq(rig.last.partition, rows[i].partition, "%s went to %d", rows[i].key, rig.last.partition);
	}
	close_rig(&rig);
}

Test(producer, a_full_queue_is_said_and_so_is_room_again)
{
	static const char *const properties[] = {"queue.buffering.max.messages", "10", NULL};
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, properties);
	for (uintptr_t i = 1; i <= 10; i++)
		cr_assert_eq(send_one(&rig, i, &error), 0, "%s", error.text);
	cr_assert_eq(send_one(&rig, 11, &error), -1);
	cr_expect_eq(error.kind, UMP_RETRY);
	cr_expect_eq(rig.writable, 0);
	run_until_idle(&rig);
	cr_expect_eq(rig.writable, 1);
	cr_expect_eq(rig.delivered, 10);
	cr_assert_eq(send_one(&rig, 12, &error), 0);
	run_until_idle(&rig);
	cr_expect_eq(rig.writable, 1, "only after a refusal");
	close_rig(&rig);
}

Test(producer, what_is_sent_while_the_broker_is_down_arrives_when_it_is_back)
{
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	cr_assert_eq(send_one(&rig, 1, &error), 0);
	run_until_idle(&rig);
	rd_kafka_mock_broker_set_down(rig.cluster, 1);
	for (uintptr_t i = 2; i <= RECORDS; i++)
		cr_assert_eq(send_one(&rig, i, &error), 0, "%s", error.text);
	for (int i = 0; i < 10; i++)
		ump_loop_once(rig.loop, UMP_SECOND / 20);
	cr_expect_eq(rig.delivered, 1);
	rd_kafka_mock_broker_set_up(rig.cluster, 1);
	run_until_idle(&rig);
	cr_expect_eq(rig.delivered, RECORDS);
	cr_expect(rig.in_order);
	close_rig(&rig);
}

Test(producer, errors_that_mend_themselves_cost_nothing)
{
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	rd_kafka_mock_push_request_errors(rig.cluster, 0 /* Produce */, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
					  RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
	for (uintptr_t i = 1; i <= 100; i++)
		cr_assert_eq(send_one(&rig, i, &error), 0);
	run_until_idle(&rig);
	cr_expect_eq(rig.delivered, 100);
	cr_expect(rig.in_order);
	close_rig(&rig);
}

Test(producer, a_record_that_is_too_large_is_rejected)
{
	static const char *const properties[] = {"message.max.bytes", "1000", NULL};
	struct rig rig;
	struct ump_error error;
	char value[2000] = {0};
	open_rig(&rig, properties);
	struct ump_record record = {.topic = "hits", .partition = 0, .value = {value, sizeof value}};
	cr_assert_eq(ump_producer_send(rig.producer, &record, NULL, &error), -1);
	cr_expect_eq(error.kind, UMP_REJECT);
	cr_expect_eq(ump_producer_pending(rig.producer), 0);
	close_rig(&rig);
}

Test(producer, what_the_broker_refuses_completes_with_an_error)
{
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	rd_kafka_mock_push_request_errors(rig.cluster, 0, 1, RD_KAFKA_RESP_ERR_INVALID_RECORD);
	cr_assert_eq(send_one(&rig, 1, &error), 0);
	run_until_idle(&rig);
	cr_expect_eq(rig.failed, 1);
	cr_expect_eq(rig.last_error.kind, UMP_REJECT, "%s", rig.last_error.text);
	cr_expect(strstr(rig.last_error.text, "topic hits"), "%s", rig.last_error.text);
	close_rig(&rig);
}

Test(producer, a_fatal_error_is_said_once_and_nothing_is_sent_any_more)
{
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	rd_kafka_test_fatal_error(ump_producer_handle(rig.producer), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "on purpose");
	int64_t end = ump_loop_clock() + 10 * UMP_SECOND;
	while (rig.fatal == 0 && ump_loop_clock() < end)
		ump_loop_once(rig.loop, UMP_SECOND / 10);
	cr_assert_eq(rig.fatal, 1);
	cr_expect_eq(rig.last_error.kind, UMP_FATAL);
	cr_expect(strstr(rig.last_error.text, "on purpose"), "%s", rig.last_error.text);
	cr_assert_eq(send_one(&rig, 1, &error), -1);
	cr_expect_eq(error.kind, UMP_FATAL, "%s", error.text);
	close_rig(&rig);
}

Test(producer, goes_on_with_a_new_client_when_what_is_on_the_way_has_arrived)
{
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	rd_kafka_t *before = ump_producer_handle(rig.producer);
	for (uintptr_t i = 1; i <= 100; i++)
		cr_assert_eq(send_one(&rig, i, &error), 0);
	ump_producer_renew(rig.producer);
	cr_assert_eq(send_one(&rig, 101, &error), -1);
	cr_expect_eq(error.kind, UMP_RETRY);
	run_until_idle(&rig);
	while (rig.writable == 0)
		ump_loop_once(rig.loop, UMP_SECOND / 10);
	cr_expect_eq(rig.delivered, 100);
	cr_expect_neq(ump_producer_handle(rig.producer), before);
	cr_assert_eq(send_one(&rig, 101, &error), 0);
	run_until_idle(&rig);
	cr_expect_eq(rig.delivered, 101);
	cr_expect(rig.in_order);
	close_rig(&rig);
}

Test(producer, gives_up_what_an_old_client_cannot_send)
{
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	rd_kafka_mock_broker_set_down(rig.cluster, 1);
	cr_assert_eq(send_one(&rig, 1, &error), 0);
	ump_producer_renew(rig.producer);
	run_until_idle(&rig);
	cr_expect_eq(rig.failed, 1);
	cr_expect_eq(rig.last_error.kind, UMP_RETRY, "%s", rig.last_error.text);
	rd_kafka_mock_broker_set_up(rig.cluster, 1);
	ump_loop_once(rig.loop, 0);
	cr_assert_eq(send_one(&rig, 2, &error), 0, "%s", error.text);
	run_until_idle(&rig);
	cr_expect_eq(rig.delivered, 1);
	close_rig(&rig);
}

Test(producer, is_freed_with_records_under_way)
{
	struct rig rig;
	struct ump_error error;
	open_rig(&rig, NULL);
	rd_kafka_mock_broker_set_down(rig.cluster, 1);
	for (uintptr_t i = 1; i <= 100; i++)
		cr_assert_eq(send_one(&rig, i, &error), 0);
	close_rig(&rig);
	cr_expect_eq(rig.delivered + rig.failed, 0, "without completions");
}
