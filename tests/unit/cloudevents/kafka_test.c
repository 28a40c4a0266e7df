/* The Kafka binding: modes, null and repeated headers, reading and writing. */
#include <criterion/criterion.h>

#include "common/cloudevents/kafka.h"

#define FIELD(name, value) ((struct ump_kafka_field){{name, sizeof(name) - 1}, {value, sizeof(value) - 1}})
#define NULL_FIELD(name)   ((struct ump_kafka_field){{name, sizeof(name) - 1}, {NULL, 0}})

static const struct ump_kafka_field minimal[] = {
	{{"ce_specversion", 14}, {"1.0", 3}},
	{{"ce_id", 5}, {"1", 1}},
	{{"ce_source", 9}, {"/here", 5}},
	{{"ce_type", 7}, {"a.b", 3}},
};

static void expect_text(struct ump_text text, const char *expected)
{
	cr_expect(text.start && ump_text_equals(text, ump_text(expected)), "found %.*s, expected %s", UMP_TEXT_ARGUMENTS(text), expected);
}

static int read_with(struct ump_event *event, struct ump_kafka_field one, struct ump_kafka_field other, struct ump_text value,
		     struct ump_error *error)
{
	struct ump_kafka_field headers[6];

	headers[0] = one;
	memcpy(headers + 1, minimal, sizeof(minimal));
	headers[5] = other;
	return ump_event_from_kafka(event, headers, 6, value, error);
}

static struct ump_text find(const struct ump_kafka_message *message, const char *name)
{
	for (size_t i = 0; i < message->header_count; i++)
		if (ump_text_equals(message->headers[i].name, ump_text(name)))
			return message->headers[i].value;
	return UMP_TEXT_NONE;
}

Test(kafka, modes)
{
	struct ump_kafka_field structured[] = {FIELD("content-type", "Application/cloudevents+json; charset=UTF-8")};
	struct ump_kafka_field upper[] = {FIELD("Content-Type", "application/cloudevents+json"), FIELD("CE_specversion", "1.0")};
	struct ump_kafka_field null[] = {NULL_FIELD("ce_specversion"), NULL_FIELD("content-type")};
	struct ump_kafka_field last[] = {FIELD("content-type", "application/cloudevents+json"), FIELD("content-type", "text/plain"),
					 NULL_FIELD("content-type")};

	cr_expect(ump_kafka_mode(minimal, 4) == UMP_KAFKA_BINARY);
	cr_expect(ump_kafka_mode(structured, 1) == UMP_KAFKA_STRUCTURED);
	cr_expect(ump_kafka_mode(upper, 2) == UMP_KAFKA_NOT_CLOUDEVENT);
	cr_expect(ump_kafka_mode(null, 2) == UMP_KAFKA_NOT_CLOUDEVENT);
	cr_expect(ump_kafka_mode(last, 3) == UMP_KAFKA_NOT_CLOUDEVENT);
	cr_expect(ump_kafka_mode(NULL, 0) == UMP_KAFKA_NOT_CLOUDEVENT);
}

Test(kafka, reads_binary_mode)
{
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(read_with(&event, FIELD("content-type", "text/plain"), FIELD("other", "\xFF"), UMP_TEXT("body"), &error) == 0, "%s",
		  error.text);
	cr_expect(event.count == 5);
	expect_text(ump_event_get(&event, "datacontenttype"), "text/plain");
	expect_text(event.data, "body");
	cr_expect(event.data_kind == UMP_DATA_BINARY);
	ump_event_release(&event);
}

Test(kafka, null_and_empty_values_differ)
{
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(ump_event_from_kafka(&event, minimal, 4, UMP_TEXT_NONE, &error) == 0);
	cr_expect(event.data_kind == UMP_DATA_NONE);
	cr_assert(ump_event_from_kafka(&event, minimal, 4, UMP_TEXT(""), &error) == 0);
	cr_expect(event.data_kind == UMP_DATA_BINARY && event.data.size == 0 && event.data.start);
}

Test(kafka, null_headers_are_absent_and_the_last_of_repeated_ones_wins)
{
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(read_with(&event, NULL_FIELD("ce_subject"), NULL_FIELD("ce_id"), UMP_TEXT_NONE, &error) == 0, "%s", error.text);
	cr_expect(event.count == 4);
	expect_text(ump_event_get(&event, "id"), "1");
	cr_assert(read_with(&event, FIELD("ce_id", "0"), FIELD("ce_id", "2"), UMP_TEXT_NONE, &error) == 0);
	expect_text(ump_event_get(&event, "id"), "2");
	cr_assert(read_with(&event, FIELD("content-type", "text/a"), FIELD("content-type", "text/b"), UMP_TEXT_NONE, &error) == 0);
	expect_text(ump_event_get(&event, "datacontenttype"), "text/b");
	cr_assert(read_with(&event, FIELD("content-type", "text/a"), FIELD("ce_datacontenttype", "text/b"), UMP_TEXT_NONE, &error) == 0);
	expect_text(ump_event_get(&event, "datacontenttype"), "text/a");
	cr_assert(read_with(&event, NULL_FIELD("content-type"), FIELD("ce_datacontenttype", "text/b"), UMP_TEXT_NONE, &error) == 0);
	expect_text(ump_event_get(&event, "datacontenttype"), "text/b");
}

Test(kafka, values_are_not_percent_encoded)
{
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(read_with(&event, FIELD("ce_a", "100%25 \"x\""), FIELD("ce_b", "\xE2\x82\xAC"), UMP_TEXT_NONE, &error) == 0, "%s",
		  error.text);
	expect_text(ump_event_get(&event, "a"), "100%25 \"x\"");
	expect_text(ump_event_get(&event, "b"), "\xE2\x82\xAC");
}

Test(kafka, refuses_what_claims_to_be_an_event_and_is_not)
{
	static const struct {
		struct ump_kafka_field field;
		const char *error;
	} rows[] = {
		{{{"ce_MyExt", 8}, {"x", 1}}, "record header ce_MyExt: attribute name: found \"MyExt\""},
		{{{"ce_", 3}, {"x", 1}}, "record header ce_: attribute name: found \"\""},
		{{{"ce_subject", 10}, {"\xFF", 1}}, "subject: found \"\\xff\", expected UTF-8"},
		{{{"ce_subject", 10}, {"a\nb", 3}}, "subject: found \"a\\x0ab\""},
		{{{"ce_type", 7}, {"", 0}}, "type: found \"\""},
		{{{"ce_specversion", 14}, {"0.3", 3}}, "specversion: found \"0.3\""},
		{{{"content-type", 12}, {"x", 1}}, "datacontenttype: found \"x\""},
		{{{"content-type", 12}, {"application/cloudevents+avro", 28}},
		 "record header content-type: found \"application/cloudevents+avro\""},
		{{{"content-type", 12}, {"application/cloudevents+json", 28}}, "record value: found null"},
	};
	struct ump_event event = {0};
	struct ump_error error = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect(read_with(&event, FIELD("x", "y"), rows[i].field, UMP_TEXT_NONE, &error) == -1, "%s", rows[i].error);
		cr_expect(strncmp(error.text, rows[i].error, strlen(rows[i].error)) == 0, "found: %s, expected: %s", error.text,
			  rows[i].error);
	}
	cr_expect(ump_event_from_kafka(&event, minimal, 3, UMP_TEXT_NONE, &error) == -1);
	cr_expect(strncmp(error.text, "type: found nothing", 19) == 0, "%s", error.text);
	cr_expect(ump_event_from_kafka(&event, minimal + 1, 3, UMP_TEXT_NONE, &error) == -1);
}

Test(kafka, writes_binary_mode)
{
	struct ump_kafka_message message = {0};
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(read_with(&event, FIELD("content-type", "text/plain"), FIELD("ce_ext", "\xE2\x82\xAC 100%"), UMP_TEXT("body"), &error) ==
		  0);
	for (int i = 0; i < 2; i++) {
		cr_assert(ump_event_to_kafka(&event, UMP_KAFKA_BINARY, &message, &error) == 0);
		cr_expect(message.header_count == 6);
		expect_text(find(&message, "ce_id"), "1");
		expect_text(find(&message, "ce_ext"), "\xE2\x82\xAC 100%");
		expect_text(find(&message, "content-type"), "text/plain");
		expect_text(message.value, "body");
	}
	event.data_kind = UMP_DATA_NONE;
	cr_assert(ump_event_to_kafka(&event, UMP_KAFKA_BINARY, &message, &error) == 0);
	cr_expect(!message.value.start);
	event.data_kind = UMP_DATA_BINARY;
	event.data = (struct ump_text){NULL, 0};
	cr_assert(ump_event_to_kafka(&event, UMP_KAFKA_BINARY, &message, &error) == 0);
	cr_expect(message.value.start && message.value.size == 0);
	ump_kafka_message_release(&message);
	ump_event_release(&event);
}

Test(kafka, structured_mode_both_ways)
{
	struct ump_kafka_message message = {0};
	struct ump_event event = {0};
	struct ump_event again = {0};
	struct ump_error error;

	cr_assert(read_with(&event, FIELD("content-type", "application/json"), FIELD("x", "y"), UMP_TEXT("{\"a\": 18446744073709551616}"),
			    &error) == 0);
	cr_assert(ump_event_to_kafka(&event, UMP_KAFKA_STRUCTURED, &message, &error) == 0);
	cr_expect(message.header_count == 1);
	expect_text(find(&message, "content-type"), "application/cloudevents+json");
	cr_assert(ump_event_from_kafka(&again, message.headers, message.header_count, message.value, &error) == 0, "%s", error.text);
	expect_text(again.data, "{\"a\": 18446744073709551616}");
	cr_expect(again.data_kind == UMP_DATA_JSON && again.count == event.count);
	ump_kafka_message_release(&message);
	ump_event_release(&event);
	ump_event_release(&again);
}
