/* The HTTP binding: modes, what errors say, what is written. Header values and more messages: tests/vectors. */
#include <criterion/criterion.h>

#include "common/cloudevents/http.h"

#define HEADER(name, value) ((struct ump_header){{name, sizeof(name) - 1}, {value, sizeof(value) - 1}})

static const struct ump_header minimal[] = {
	{{"Ce-Specversion", 14}, {"1.0", 3}},
	{{"ce-id", 5}, {"1", 1}},
	{{"CE-Source", 9}, {"/here", 5}},
	{{"ce-type", 7}, {"a.b", 3}},
};

static void expect_text(struct ump_text text, const char *expected)
{
	cr_expect(text.start && ump_text_equals(text, ump_text(expected)), "found %.*s, expected %s", UMP_TEXT_ARGUMENTS(text), expected);
}

static int read_with(struct ump_event *event, struct ump_header extra, enum ump_header_encoding encoding, struct ump_error *error)
{
	struct ump_header headers[5];

	memcpy(headers, minimal, sizeof(minimal));
	headers[4] = extra;
	return ump_event_from_http(event, headers, 5, UMP_TEXT("{}"), encoding, error);
}

static struct ump_text find(const struct ump_http_message *message, const char *name)
{
	for (size_t i = 0; i < message->header_count; i++)
		if (ump_text_equals_ignoring_case(message->headers[i].name, ump_text(name)))
			return message->headers[i].value;
	return UMP_TEXT_NONE;
}

Test(http, modes)
{
	static const struct {
		const char *type;
		enum ump_http_mode mode;
	} rows[] = {
		{"application/cloudevents+json", UMP_HTTP_STRUCTURED},
		{"Application/CloudEvents+JSON; charset=utf-8", UMP_HTTP_STRUCTURED},
		{"application/cloudevents+avro", UMP_HTTP_STRUCTURED},
		{"application/cloudevents-batch+json", UMP_HTTP_BATCH},
		{"APPLICATION/CLOUDEVENTS-BATCH+json", UMP_HTTP_BATCH},
		{"application/json", UMP_HTTP_BINARY},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ump_header headers[] = {HEADER("ce-id", "1"), {UMP_TEXT("content-TYPE"), ump_text(rows[i].type)}};

		cr_expect(ump_http_mode(headers, 2) == rows[i].mode, "%s", rows[i].type);
	}
	struct ump_header plain[] = {HEADER("Content-Type", "application/json"), HEADER("cex-id", "1"), HEADER("c", "1")};

	cr_expect(ump_http_mode(plain, 3) == UMP_HTTP_NOT_CLOUDEVENT);
	cr_expect(ump_http_mode(NULL, 0) == UMP_HTTP_NOT_CLOUDEVENT);
}

Test(http, reads_binary_mode)
{
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(read_with(&event, HEADER("Content-Type", " text/plain "), UMP_HEADERS_STRICT, &error) == 0, "%s", error.text);
	cr_expect(event.count == 5);
	expect_text(ump_event_get(&event, "specversion"), "1.0");
	expect_text(ump_event_get(&event, "source"), "/here");
	expect_text(ump_event_get(&event, "datacontenttype"), "text/plain");
	expect_text(event.data, "{}");
	cr_expect(event.data_kind == UMP_DATA_BINARY);
	cr_assert(ump_event_from_http(&event, minimal, 4, UMP_TEXT(""), UMP_HEADERS_STRICT, &error) == 0);
	cr_expect(event.data_kind == UMP_DATA_NONE && event.count == 4);
	ump_event_release(&event);
}

Test(http, refuses_what_is_ambiguous_or_wrong)
{
	static const struct {
		struct ump_header header;
		const char *error;
	} rows[] = {
		{{{"ce-id", 5}, {"2", 1}}, "header ce-id: found twice, expected once"},
		{{{"CE-ID", 5}, {"1", 1}}, "header CE-ID: found twice, expected once"},
		{{{"ce-datacontenttype", 18}, {"text/plain", 10}}, "header ce-datacontenttype: found in binary mode"},
		{{{"ce-", 3}, {"x", 1}}, "attribute name: found \"\""},
		{{{"ce-data", 7}, {"x", 1}}, "attribute name: found \"data\""},
		{{{"ce-my-ext", 9}, {"x", 1}}, "attribute name: found \"my-ext\""},
		{{{"ce-subject", 10}, {"%", 1}}, "header ce-subject: found \"%\", expected two hexadecimal digits"},
		{{{"ce-subject", 10}, {"%0A", 3}}, "subject: found \"\\x0a\""},
		{{{"ce-subject", 10}, {"", 0}}, "subject: found \"\""},
		{{{"ce-time", 7}, {"noon", 4}}, "time: found \"noon\""},
		{{{"Content-Type", 12}, {"", 0}}, "datacontenttype: found \"\""},
		{{{"Content-Type", 12}, {"x", 1}}, "datacontenttype: found \"x\""},
	};
	struct ump_event event = {0};
	struct ump_error error = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect(read_with(&event, rows[i].header, UMP_HEADERS_STRICT, &error) == -1, "%s", rows[i].error);
		cr_expect(strncmp(error.text, rows[i].error, strlen(rows[i].error)) == 0, "found: %s, expected: %s", error.text,
			  rows[i].error);
		cr_expect(error.kind == UMP_REJECT);
	}
	struct ump_header types[] = {HEADER("Content-Type", "text/plain"), HEADER("content-type", "text/html"), HEADER("ce-id", "1")};

	cr_expect(ump_event_from_http(&event, types, 3, UMP_TEXT(""), UMP_HEADERS_STRICT, &error) == -1);
	cr_expect(strstr(error.text, "twice"), "%s", error.text);
	ump_event_release(&event);
}

Test(http, structured_mode_takes_the_json_format_in_utf8_only)
{
	static const char *const refused[] = {
		"application/cloudevents+avro",
		"application/cloudevents",
		"application/cloudevents+json2",
		"application/cloudevents+json;charset=utf-16",
		"application/cloudevents+json; charset=\"iso-8859-1\"",
		"application/cloudevents-batch+json",
		"application/cloudevents+json,x",
		"application/cloudeventsx+json",
	};
	static const char *const accepted[] = {
		"application/cloudevents+json",
		"application/cloudevents+json; charset=UTF-8",
		"APPLICATION/cloudevents+JSON;charset=\"utf-8\"",
		" application/cloudevents+json ",
		"application/cloudevents+json;x=y",
	};
	struct ump_text body = UMP_TEXT("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\",\"type\":\"t\",\"data\":{\"a\":1}}");
	struct ump_event event = {0};
	struct ump_error error;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct ump_header headers[] = {{UMP_TEXT("Content-Type"), ump_text(refused[i])}, HEADER("ce-id", "2")};

		cr_expect(ump_event_from_http(&event, headers, 2, body, UMP_HEADERS_STRICT, &error) == -1, "%s", refused[i]);
	}
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct ump_header headers[] = {{UMP_TEXT("Content-Type"), ump_text(accepted[i])}, HEADER("ce-id", "2")};

		cr_expect(ump_event_from_http(&event, headers, 2, body, UMP_HEADERS_STRICT, &error) == 0, "%s: %s", accepted[i],
			  error.text);
		expect_text(ump_event_get(&event, "id"), "1");
		expect_text(event.data, "{\"a\":1}");
		cr_expect(event.data_kind == UMP_DATA_JSON);
	}
	ump_event_release(&event);
}

Test(http, writes_binary_mode)
{
	struct ump_header headers[] = {HEADER("ce-specversion", "1.0"),     HEADER("ce-id", "100%25"),
				       HEADER("ce-source", "/a"),           HEADER("ce-type", "t"),
				       HEADER("ce-myext", "caf%C3%A9"),     HEADER("ce-subject", "x%20%22y%22"),
				       HEADER("Content-Type", "text/plain")};
	struct ump_http_message message = {0};
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(ump_event_from_http(&event, headers, 7, UMP_TEXT("body"), UMP_HEADERS_STRICT, &error) == 0, "%s", error.text);
	for (int i = 0; i < 2; i++) { /* twice: kept memory is used again */
		cr_assert(ump_event_to_http(&event, UMP_HTTP_BINARY, UMP_HEADERS_STRICT, &message, &error) == 0, "%s", error.text);
		cr_expect(message.header_count == 7);
		expect_text(find(&message, "ce-id"), "100%25");
		expect_text(find(&message, "ce-source"), "/a");
		expect_text(find(&message, "ce-myext"), "caf%C3%A9");
		expect_text(find(&message, "ce-subject"), "x%20%22y%22");
		expect_text(find(&message, "content-type"), "text/plain");
		cr_expect(!find(&message, "ce-datacontenttype").start);
		expect_text(message.body, "body");
	}
	cr_assert(ump_event_to_http(&event, UMP_HTTP_BINARY, UMP_HEADERS_RAW, &message, &error) == 0, "%s", error.text);
	expect_text(find(&message, "ce-myext"), "caf\xC3\xA9");
	ump_http_message_release(&message);
	ump_event_release(&event);
}

Test(http, writes_structured_mode)
{
	struct ump_http_message message = {0};
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(read_with(&event, HEADER("Content-Type", "application/json"), UMP_HEADERS_STRICT, &error) == 0);
	cr_assert(ump_event_to_http(&event, UMP_HTTP_STRUCTURED, UMP_HEADERS_STRICT, &message, &error) == 0, "%s", error.text);
	cr_expect(message.header_count == 1);
	expect_text(find(&message, "content-type"), "application/cloudevents+json");
	expect_text(message.body,
		    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/here\",\"type\":\"a.b\",\"datacontenttype\":\"application/json\","
		    "\"data\":{}}");
	ump_http_message_release(&message);
	ump_event_release(&event);
}

Test(http, no_value_ends_a_header)
{
	static const char *const names[] = {"subject", "datacontenttype", "ext"};
	struct ump_http_message message = {0};
	struct ump_error error;

	for (size_t i = 0; i < 3; i++) {
		struct ump_event event = {0};

		ump_event_set(&event, ump_text(names[i]), UMP_TEXT("a\r\nX-Injected: 1"), UMP_ATTRIBUTE_STRING, &error);
		cr_expect(ump_event_to_http(&event, UMP_HTTP_BINARY, UMP_HEADERS_RAW, &message, &error) == -1, "%s", names[i]);
		if (ump_event_to_http(&event, UMP_HTTP_BINARY, UMP_HEADERS_STRICT, &message, &error) == 0)
			expect_text(message.headers[0].value, "a%0D%0AX-Injected:%201");
		else
			cr_expect(i == 1);
	}
	ump_http_message_release(&message);
}

Test(http, implied_json_becomes_a_content_type)
{
	struct ump_header headers[] = {HEADER("Content-Type", "application/cloudevents+json")};
	struct ump_http_message message = {0};
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(ump_event_from_http(&event, headers, 1,
				      UMP_TEXT("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\",\"type\":\"t\",\"data\":\"x\"}"),
				      UMP_HEADERS_STRICT, &error) == 0);
	cr_assert(ump_event_to_http(&event, UMP_HTTP_BINARY, UMP_HEADERS_STRICT, &message, &error) == 0);
	expect_text(find(&message, "content-type"), "application/json");
	expect_text(message.body, "\"x\"");
	ump_http_message_release(&message);
	ump_event_release(&event);
}
