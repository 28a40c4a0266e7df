/* The JSON event format: reading, writing, batches. */
#include <criterion/criterion.h>

#include "common/cloudevents/json.h"
#include "common/cloudevents/scan.h"

#define ENVELOPE "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\",\"type\":\"t\""

static void expect_text(struct ump_text text, const char *expected)
{
	cr_expect(text.start && ump_text_equals(text, ump_text(expected)), "found %.*s, expected %s", UMP_TEXT_ARGUMENTS(text), expected);
}

static void expect_event(const char *document, const char *data, enum ump_data_kind kind)
{
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(ump_event_from_json(&event, ump_text(document), &error) == 0, "%s: %s", document, error.text);
	cr_expect(event.data_kind == kind, "%s", document);
	if (data)
		expect_text(event.data, data);
	ump_event_release(&event);
}

static void expect_refused(const char *document, const char *text)
{
	struct ump_event event = {0};
	struct ump_error error = {0};

	cr_expect(ump_event_from_json(&event, ump_text(document), &error) == -1, "%s", document);
	cr_expect(error.kind == UMP_REJECT && strncmp(error.text, text, strlen(text)) == 0, "%s: found: %s, expected: %s", document,
		  error.text, text);
	ump_event_release(&event);
}

Test(json, data_keeps_its_bytes)
{
	expect_event(ENVELOPE "}", NULL, UMP_DATA_NONE);
	expect_event(ENVELOPE ",\"data\":null}", "null", UMP_DATA_JSON);
	expect_event(ENVELOPE ",\"data\": { \"n\" : 1.10000000000000000001e+400, \"u\":\"\\u00e9\" } }",
		     "{ \"n\" : 1.10000000000000000001e+400, \"u\":\"\\u00e9\" }", UMP_DATA_JSON);
	expect_event(ENVELOPE ",\"data\":18446744073709551616}", "18446744073709551616", UMP_DATA_JSON);
	expect_event(ENVELOPE ",\"data\":\"text\"}", "\"text\"", UMP_DATA_JSON);
	expect_event(ENVELOPE ",\"data\":\"{}\",\"datacontenttype\":\"application/vnd.x+json; a=b\"}", "\"{}\"", UMP_DATA_JSON);
	expect_event(ENVELOPE ",\"data\":\"a\\n\\u00e9\",\"datacontenttype\":\"text/plain\"}", "a\n\xC3\xA9", UMP_DATA_TEXT);
	expect_event(ENVELOPE ",\"data\":\"\",\"datacontenttype\":\"text/plain\"}", "", UMP_DATA_TEXT);
	expect_event(ENVELOPE ",\"data\":\"a\",\"datacontenttype\":\"text/plain;charset=iso-8859-1\"}", "a", UMP_DATA_TEXT);
	expect_event(ENVELOPE ",\"data_base64\":\"eyAieHl6IjogMTIzIH0=\"}", "{ \"xyz\": 123 }", UMP_DATA_BINARY);
	expect_event(ENVELOPE ",\"data_base64\":\"\"}", "", UMP_DATA_BINARY);
	expect_event(ENVELOPE ",\"data_base64\":null}", NULL, UMP_DATA_NONE);
	expect_event(ENVELOPE ",\"data_base64\":null,\"data\":1}", "1", UMP_DATA_JSON);
	expect_event(ENVELOPE ",\"data_base64\":\"\\u0054WE=\"}", "Ma", UMP_DATA_BINARY);
}

Test(json, attributes_have_the_type_that_they_are_written_in)
{
	struct ump_event event = {0};
	struct ump_error error;

	cr_assert(ump_event_from_json(
			  &event, UMP_TEXT(ENVELOPE ",\"i\":-5,\"b\":true,\"s\":\"\\u20ac\",\"n\":null,\"\\u0065xt\":\"x\",\"time\":null}"),
			  &error) == 0,
		  "%s", error.text);
	cr_expect(event.count == 8);
	expect_text(ump_event_get(&event, "i"), "-5");
	expect_text(ump_event_get(&event, "b"), "true");
	expect_text(ump_event_get(&event, "s"), "\xE2\x82\xAC");
	expect_text(ump_event_get(&event, "ext"), "x");
	cr_expect(event.attributes[4].type == UMP_ATTRIBUTE_INTEGER && event.attributes[5].type == UMP_ATTRIBUTE_BOOLEAN);
	ump_event_release(&event);
}

Test(json, refuses_invalid_events)
{
	expect_refused("", "event in JSON: byte 0: found the end");
	expect_refused("[]", "event: found the JSON \"[]\", expected an object");
	expect_refused("{}", "id: found nothing");
	expect_refused(ENVELOPE ",\"id\":\"2\"}", "event in JSON: byte 55: the member \"id\" stands twice");
	expect_refused(ENVELOPE ",\"\\u0069d\":\"2\"}", "event in JSON: byte 55: the member \"\\u0069d\" stands twice");
	expect_refused(ENVELOPE ",\"data\":{\"a\":1,\"a\":2}}", "event in JSON: byte 69: the member \"a\" stands twice");
	expect_refused(ENVELOPE ",\"time\":5}", "time: found the JSON \"5\", expected a string");
	expect_refused(ENVELOPE ",\"subject\":false}", "subject: found the JSON \"false\", expected a string");
	expect_refused(ENVELOPE ",\"a\":1.5}", "a: found \"1.5\", expected an integer");
	expect_refused(ENVELOPE ",\"a\":1e3}", "a: found \"1e3\", expected an integer");
	expect_refused(ENVELOPE ",\"a\":2147483648}", "a: found \"2147483648\", expected an integer");
	expect_refused(ENVELOPE ",\"a\":{}}", "a: found the JSON \"{}\", expected a string, an integer or a boolean");
	expect_refused(ENVELOPE ",\"a\":[]}", "a: found the JSON \"[]\"");
	expect_refused(ENVELOPE ",\"aB\":\"x\"}", "attribute name: found \"aB\"");
	expect_refused(ENVELOPE ",\"a\":\"\\ud800\"}", "a: found the lone surrogate \\uD800");
	expect_refused(ENVELOPE ",\"a\":\"\\u0000\"}", "a: found \"\\x00\"");
	expect_refused(ENVELOPE ",\"data\":1,\"data_base64\":\"\"}", "data: found data and data_base64");
	expect_refused(ENVELOPE ",\"data\":null,\"data_base64\":\"\"}", "data: found data and data_base64");
	expect_refused(ENVELOPE ",\"data_base64\":\"TWE\"}", "data_base64: found the JSON \"\"TWE\"\", expected base64");
	expect_refused(ENVELOPE ",\"data_base64\":5}", "data_base64: found the JSON \"5\", expected a string");
	expect_refused(ENVELOPE ",\"data\":{},\"datacontenttype\":\"text/plain\"}", "data: found the JSON \"{}\", expected a string");
	expect_refused(ENVELOPE ",\"data\":\"\xC3\xA9\",\"datacontenttype\":\"text/plain;charset=iso-8859-1\"}",
		       "data: found text and a datacontenttype");
	expect_refused(ENVELOPE ",\"data\":\"\\udead\",\"datacontenttype\":\"text/plain\"}", "data: found the lone surrogate");
	expect_refused(ENVELOPE "} {}", "event in JSON: byte 56: found \"{}\", expected the end");
}

Test(json, data_may_be_as_deep_as_a_document)
{
	for (unsigned depth = UMP_JSON_DEPTH; depth <= UMP_JSON_DEPTH + 1; depth++) {
		struct ump_buffer document = {0};
		struct ump_event event = {0};
		struct ump_error error;

		ump_buffer_add_string(&document, ENVELOPE ",\"data\":");
		for (unsigned i = 0; i < depth; i++)
			ump_buffer_add_character(&document, '[');
		for (unsigned i = 0; i < depth; i++)
			ump_buffer_add_character(&document, ']');
		ump_buffer_add_character(&document, '}');
		cr_expect(ump_event_from_json(&event, ump_buffer_text(&document), &error) == (depth <= UMP_JSON_DEPTH ? 0 : -1), "%s",
			  error.text);
		ump_event_release(&event);
		ump_buffer_release(&document);
	}
}

struct data_row {
	const char *type;
	enum ump_data_kind kind;
	struct ump_text data;
	const char *expected; /* behind the attributes; NULL: refused */
};

static void expect_written(const struct data_row *row)
{
	struct ump_event event = {.data = row->data, .data_kind = row->kind};
	struct ump_buffer out = {0};
	struct ump_error error;

	ump_event_set(&event, UMP_TEXT("id"), UMP_TEXT("1"), UMP_ATTRIBUTE_STRING, &error);
	if (row->type)
		ump_event_set(&event, UMP_TEXT("datacontenttype"), ump_text(row->type), UMP_ATTRIBUTE_STRING, &error);
	ump_buffer_add_string(&out, "before");
	int result = ump_event_to_json(&event, &out, &error);

	cr_expect(result == (row->expected ? 0 : -1), "%.*s: %d", UMP_TEXT_ARGUMENTS(row->data), result);
	if (row->expected) {
		struct ump_text text = ump_buffer_text(&out);
		size_t size = strlen(row->expected);

		cr_expect(text.size > size && memcmp(text.start + text.size - size, row->expected, size) == 0, "found %s, expected %s",
			  text.start, row->expected);
	} else {
		expect_text(ump_buffer_text(&out), "before");
	}
	ump_buffer_release(&out);
}

Test(json, data_is_written_as_what_it_is)
{
	static const struct data_row rows[] = {
		{NULL, UMP_DATA_NONE, {NULL, 0}, "{\"id\":\"1\"}"},
		{NULL, UMP_DATA_JSON, {" [1] ", 5}, ",\"data\":[1]}"},
		{NULL, UMP_DATA_JSON, {"[1", 2}, NULL},
		{NULL, UMP_DATA_JSON, {"1,\"id\":2", 8}, NULL},
		{NULL, UMP_DATA_BINARY, {"[1]", 3}, ",\"data_base64\":\"WzFd\"}"},
		{NULL, UMP_DATA_TEXT, {"[1]", 3}, ",\"data_base64\":\"WzFd\"}"},
		{"application/json", UMP_DATA_BINARY, {"{\"a\": 1e400}", 12}, ",\"data\":{\"a\": 1e400}}"},
		{"application/json", UMP_DATA_BINARY, {"{", 1}, ",\"data_base64\":\"ew==\"}"},
		{"application/json", UMP_DATA_BINARY, {"", 0}, ",\"data_base64\":\"\"}"},
		{"text/plain", UMP_DATA_BINARY, {"a\"\xC3\xA9\0", 5}, ",\"data\":\"a\\\"\xC3\xA9\\u0000\"}"},
		{"text/plain", UMP_DATA_BINARY, {"\xFF\xFE", 2}, ",\"data_base64\":\"//4=\"}"},
		{"text/plain; charset=iso-8859-1", UMP_DATA_BINARY, {"a", 1}, ",\"data_base64\":\"YQ==\"}"},
		{"text/plain", UMP_DATA_TEXT, {"", 0}, ",\"data\":\"\"}"},
		{"application/xml", UMP_DATA_TEXT, {"<a/>", 4}, ",\"data\":\"<a/>\"}"},
		{"application/xml", UMP_DATA_BINARY, {"<a/>", 4}, ",\"data_base64\":\"PGEvPg==\"}"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_written(&rows[i]);
}

struct seen {
	unsigned count;
	unsigned stop_at;
	char ids[64];
};

static int see(void *context, const struct ump_event *event, struct ump_error *error)
{
	struct seen *seen = context;

	strncat(seen->ids, ump_event_get(event, "id").start, 1);
	return ++seen->count == seen->stop_at ? ump_fail(error, UMP_RETRY, "stopped") : 0;
}

#define ELEMENT(id) "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/a\",\"type\":\"t\"}"

Test(json, batches)
{
	struct seen seen = {0};
	struct ump_error error = {0};

	cr_expect(ump_batch_from_json(UMP_TEXT("[]"), 0, see, &seen, &error) == 0 && seen.count == 0);
	cr_expect(ump_batch_from_json(UMP_TEXT(" [ " ELEMENT("a") " , " ELEMENT("b") "," ELEMENT("a") " ] "), 3, see, &seen, &error) == 0,
		  "%s", error.text);
	cr_expect(strcmp(seen.ids, "aba") == 0);
	seen = (struct seen){0};
	cr_expect(ump_batch_from_json(UMP_TEXT("[" ELEMENT("a") "," ELEMENT("b") "]"), 1, see, &seen, &error) == -1);
	cr_expect(strstr(error.text, "more than 1 events"), "%s", error.text);
	cr_expect(ump_batch_from_json(UMP_TEXT("[" ELEMENT("a") "," ELEMENT("b") ",{}]"), 9, see, &seen, &error) == -1);
	cr_expect(strcmp(error.text, "event 3 of the batch: id: found nothing, expected a value, which every event must have") == 0, "%s",
		  error.text);
	cr_expect(ump_batch_from_json(UMP_TEXT("{}"), 9, see, &seen, &error) == -1);
	cr_expect(ump_batch_from_json(UMP_TEXT("[" ELEMENT("a") ",]"), 9, see, &seen, &error) == -1);
	cr_expect(seen.count == 0);
	seen.stop_at = 2;
	cr_expect(ump_batch_from_json(UMP_TEXT("[" ELEMENT("a") "," ELEMENT("b") "," ELEMENT("c") "]"), 9, see, &seen, &error) == -1);
	cr_expect(seen.count == 2 && error.kind == UMP_RETRY);
}
