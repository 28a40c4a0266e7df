/* Knative's mapping, one row a rule. An event is compared as lines "name=value", sorted as they were set, and its data. */
#include "common/cloudevents/http.h"
#include "common/cloudevents/json.h"
#include "source-adapter/mapping.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define FIELD(name, value)                      \
	{                                       \
		{name, sizeof name - 1},        \
		{                               \
			value, sizeof value - 1 \
		}                               \
	}
#define NULL_FIELD(name)                 \
	{                                \
		{name, sizeof name - 1}, \
		{                        \
			NULL, 0          \
		}                        \
	}
#define TEXT_OF(literal)                    \
	{                                   \
		literal, sizeof literal - 1 \
	}
#define STRUCTURED                                                                                                  \
	"{\"specversion\":\"1.0\",\"id\":\"s\",\"source\":\"/s\",\"type\":\"t\",\"datacontenttype\":\"application/" \
	"json\",\"data\":{\"n\":1.10}}"
#define CLAIMS FIELD("ce_specversion", "1.0"), FIELD("ce_id", "7"), FIELD("ce_source", "/s"), FIELD("ce_type", "t")

struct row {
	const char *rule;
	struct ump_text key, value;
	struct ump_kafka_field headers[8];
	size_t header_count;
	enum key_type key_type;
	const char *attributes[5]; /* name=value that must be there; "!name": must not */
	const char *data;          /* NULL: none */
};

static const struct row rows[] = {
	{"an ordinary record gets id, source, type, subject and time",
	 {0},
	 TEXT_OF("v"),
	 {{{0}}},
	 0,
	 KEY_STRING,
	 {"id=partition:3/offset:41", "source=/apis/v1/namespaces/ns/kafkasources/src#topic", "type=dev.knative.kafka.event",
	  "subject=partition:3#41", "time=2023-11-14T22:13:20.123Z"},
	 "v"},
	{"a key becomes partitionkey and key", TEXT_OF("k"), TEXT_OF("v"), {{{0}}}, 0, KEY_STRING, {"partitionkey=k", "key=k"}, "v"},
	{"an empty key is none", TEXT_OF(""), TEXT_OF("v"), {{{0}}}, 0, KEY_STRING, {"!partitionkey", "!key"}, "v"},
	{"a null value is no data", {0}, {NULL, 0}, {{{0}}}, 0, KEY_STRING, {"!datacontenttype"}, NULL},
	{"an empty value is empty data", {0}, TEXT_OF(""), {{{0}}}, 0, KEY_STRING, {"!datacontenttype"}, ""},
	{"headers are renamed; their names keep [a-z0-9]",
	 {0},
	 TEXT_OF("v"),
	 {FIELD("Hello-Bla", "x")},
	 1,
	 KEY_STRING,
	 {"kafkaheaderhellobla=x"},
	 "v"},
	{"the last of repeated headers wins",
	 {0},
	 TEXT_OF("v"),
	 {FIELD("a", "1"), FIELD("A", "2")},
	 2,
	 KEY_STRING,
	 {"kafkaheadera=2"},
	 "v"},
	{"a null header is none", {0}, TEXT_OF("v"), {NULL_FIELD("a")}, 1, KEY_STRING, {"!kafkaheadera"}, "v"},
	{"a header that is no text is base64", {0}, TEXT_OF("v"), {FIELD("b", "\xff\x00")}, 1, KEY_STRING, {"kafkaheaderb=/wA="}, "v"},
	{"content-type becomes datacontenttype",
	 {0},
	 TEXT_OF("v"),
	 {FIELD("content-type", "text/plain")},
	 1,
	 KEY_STRING,
	 {"datacontenttype=text/plain", "!kafkaheadercontenttype"},
	 "v"},
	{"an int key of 4 bytes", TEXT_OF("\xff\x00\x17\x17"), TEXT_OF("v"), {{{0}}}, 0, KEY_INT, {"key=-16771305"}, "v"},
	{"an int key of 8 bytes", TEXT_OF("\x00\x00\x00\x01\x00\x00\x00\x00"), TEXT_OF("v"), {{{0}}}, 0, KEY_INT, {"key=4294967296"}, "v"},
	{"an int key of another length is a string", TEXT_OF("abc"), TEXT_OF("v"), {{{0}}}, 0, KEY_INT, {"key=abc"}, "v"},
	{"a float key of 4 bytes", TEXT_OF("\x3f\xc0\x00\x00"), TEXT_OF("v"), {{{0}}}, 0, KEY_FLOAT, {"key=1.5"}, "v"},
	{"a byte-array key is base64", TEXT_OF("\x01\x0a\x17\x17"), TEXT_OF("v"), {{{0}}}, 0, KEY_BYTE_ARRAY, {"key=AQoXFw=="}, "v"},
	{"a binary CloudEvent stays the one it is",
	 TEXT_OF("k"),
	 TEXT_OF("v"),
	 {CLAIMS, FIELD("ce_partitionkey", "own")},
	 5,
	 KEY_STRING,
	 {"id=7", "source=/s", "type=t", "partitionkey=own", "!subject"},
	 "v"},
	{"a tombstone with ce_ headers is an event without data", {0}, {NULL, 0}, {CLAIMS}, 4, KEY_STRING, {"id=7"}, NULL},
	{"a structured CloudEvent is unfolded, the bytes of its data kept",
	 {0},
	 TEXT_OF(STRUCTURED),
	 {FIELD("content-type", "application/cloudevents+json; charset=utf-8")},
	 1,
	 KEY_STRING,
	 {"id=s", "datacontenttype=application/json"},
	 "{\"n\":1.10}"},
	{"all get partition and offset, and the overrides last",
	 {0},
	 TEXT_OF("v"),
	 {CLAIMS, FIELD("ce_cluster", "mine")},
	 5,
	 KEY_STRING,
	 {"knativekafkapartition=3", "knativekafkaoffset=41", "cluster=c1"},
	 "v"},
};

static const struct mapping_override overrides[] = {{UMP_TEXT("cluster"), UMP_TEXT("c1")}};

static int map(const struct row *row, struct ump_event *event, struct ump_error *error)
{
	struct mapping mapping = {
		.namespace_name = "ns", .name = "src", .key_type = row->key_type, .overrides = overrides, .override_count = 1};
	struct mapping_record record = {
		.topic = "topic",
		.partition = 3,
		.offset = 41,
		.timestamp_ms = INT64_C(1700000000123),
		.key = row->key,
		.value = row->value,
		.headers = row->headers,
		.header_count = row->header_count,
	};
	return mapping_event(&mapping, &record, event, error);
}

static void expect_attribute(const struct row *row, const struct ump_event *event, const char *expected)
{
	char name[64];
	size_t size = strcspn(expected, "=");
	if (*expected == '!') {
		cr_expect_null(ump_event_get(event, expected + 1).start, "%s: %s is there", row->rule, expected + 1);
		return;
	}
	memcpy(name, expected, size);
	name[size] = '\0';
	struct ump_text found = ump_event_get(event, name);
	cr_expect(ump_text_equals(found, ump_text(expected + size + 1)), "%s: expected %s, found %.*s", row->rule, expected,
		  UMP_TEXT_ARGUMENTS(found));
}

Test(mapping, records_become_events_as_knatives_source_makes_them)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct ump_event event = {0};
		struct ump_error error;
		cr_assert_eq(map(row, &event, &error), 0, "%s: %s", row->rule, error.text);
		cr_expect_eq(ump_event_validate(&event, &error), 0, "%s: %s", row->rule, error.text);
		for (size_t j = 0; j < 5 && row->attributes[j]; j++)
			expect_attribute(row, &event, row->attributes[j]);
		if (row->data)
			cr_expect(event.data_kind != UMP_DATA_NONE && ump_text_equals(event.data, ump_text(row->data)), "%s: data is %.*s",
				  row->rule, UMP_TEXT_ARGUMENTS(event.data));
		else
			cr_expect_eq(event.data_kind, UMP_DATA_NONE, "%s: there is data", row->rule);
		ump_event_release(&event);
	}
}

Test(mapping, what_claims_to_be_an_event_and_is_none_is_refused)
{
	static const struct row wrong[] = {
		{"no type",
		 {0},
		 TEXT_OF("v"),
		 {FIELD("ce_specversion", "1.0"), FIELD("ce_id", "7"), FIELD("ce_source", "/s")},
		 3,
		 KEY_STRING,
		 {NULL},
		 NULL},
		{"broken structured JSON",
		 {0},
		 TEXT_OF("{\"specversion\":"),
		 {FIELD("content-type", "application/cloudevents+json")},
		 1,
		 KEY_STRING,
		 {NULL},
		 NULL},
		{"a control character", {0}, TEXT_OF("v"), {CLAIMS, FIELD("ce_x", "a\nb")}, 5, KEY_STRING, {NULL}, NULL},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct ump_event event = {0};
		struct ump_error error;
		cr_expect_eq(map(&wrong[i], &event, &error), -1, "%s is taken", wrong[i].rule);
		cr_expect_eq(error.kind, UMP_REJECT, "%s", wrong[i].rule);
		ump_event_release(&event);
	}
}

/* What the JSON format makes of an ordinary record's data, by what its bytes are and not by what its media type promises. */
Test(mapping, data_is_what_its_bytes_are)
{
	static const struct {
		const char *type, *value, *expected;
	} cases[] = {
		{"application/json", "{\"n\":1.10}", "\"data\":{\"n\":1.10}"},
		{"application/json", "no json", "\"data_base64\":\"bm8ganNvbg==\""},
		{"text/plain", "words", "\"data\":\"words\""},
		{"text/plain", "\xff\xfe", "\"data_base64\":\"//4=\""},
		{NULL, "{\"n\":1}", "\"data_base64\":\"eyJuIjoxfQ==\""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct row row = {.rule = cases[i].expected, .value = ump_text(cases[i].value), .header_count = cases[i].type != NULL};
		row.headers[0] = (struct ump_kafka_field){UMP_TEXT("content-type"), ump_text(cases[i].type)};
		struct ump_event event = {0};
		struct ump_buffer json = {0};
		struct ump_error error;
		cr_assert_eq(map(&row, &event, &error), 0, "%s", error.text);
		cr_assert_eq(ump_event_to_json(&event, &json, &error), 0, "%s: %s", row.rule, error.text);
		cr_expect(strstr(json.start, cases[i].expected), "expected %s in %s", cases[i].expected, json.start);
		ump_buffer_release(&json);
		ump_event_release(&event);
	}
}

/* As many attributes as are allowed leave room for ours; one more is refused. */
Test(mapping, an_event_may_have_64_attributes_of_its_own)
{
	for (size_t count = MAPPING_ATTRIBUTES; count <= MAPPING_ATTRIBUTES + 1; count++) {
		struct ump_kafka_field headers[MAPPING_ATTRIBUTES + 1] = {CLAIMS};
		char names[MAPPING_ATTRIBUTES + 1][16];
		struct mapping mapping = {.overrides = overrides, .override_count = 1};
		struct mapping_record record = {.topic = "topic", .headers = headers, .header_count = count};
		struct ump_event event = {0};
		struct ump_error error;
		for (size_t i = 4; i < count; i++) {
			snprintf(names[i], sizeof names[i], "ce_x%zu", i);
			headers[i] = (struct ump_kafka_field){ump_text(names[i]), UMP_TEXT("v")};
		}
		int result = mapping_event(&mapping, &record, &event, &error);
		cr_expect_eq(result, count > MAPPING_ATTRIBUTES ? -1 : 0, "%zu attributes", count);
		if (result == 0)
			cr_expect_eq(event.count, count + 3);
		ump_event_release(&event);
	}
}
