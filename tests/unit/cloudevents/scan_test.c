/* JSON read in place: what is JSON, what is not, steps, strings. Pointers and numbers: tests/vectors/json-values.json. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/cloudevents/scan.h"

static bool parses(struct ump_text document, struct ump_error *error)
{
	struct ump_json value;

	return ump_json_parse(document, &value, error) == 0;
}

static struct ump_json parse(const char *document)
{
	struct ump_error error;
	struct ump_json value = {0};

	cr_assert(ump_json_parse(ump_text(document), &value, &error) == 0, "%s: %s", document, error.text);
	return value;
}

static void expect_text(struct ump_text text, const char *expected)
{
	cr_expect(text.start && ump_text_equals(text, ump_text(expected)), "found %.*s, expected %s", UMP_TEXT_ARGUMENTS(text), expected);
}

Test(scan, accepts_json)
{
	static const char *const documents[] = {
		"null",
		"true",
		"false",
		"0",
		"-0",
		"10",
		"-1.5",
		"1e9",
		"1E+9",
		"0.1e-9",
		"123456789012345678901234567890",
		"\"\"",
		"\"a\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
		"\"\\ud83d\\ude00\"",
		"\"\\ud83d\"",
		"\"\xC3\xA9\xF0\x9F\x98\x80\"",
		"\"\x7F\"",
		"[]",
		"[ ]",
		"[1]",
		"[1,2]",
		" [ 1 , [ ] ] ",
		"{}",
		"{ }",
		"{\"a\":1}",
		"{\"a\":1,\"b\":{\"a\":1}}",
		"\t\n\r {\"\":[]}\n",
		"[{\"a\":1},{\"a\":1}]",
		"{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
	};
	struct ump_error error;

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		cr_expect(parses(ump_text(documents[i]), &error), "%s: %s", documents[i], error.text);
}

Test(scan, refuses_what_is_no_json)
{
	static const char *const documents[] = {
		"",
		" ",
		"nul",
		"nulll",
		"True",
		"+1",
		"01",
		"-",
		"-a",
		"1.",
		".5",
		"1.e1",
		"1e",
		"1e+",
		"0x1",
		"NaN",
		"Infinity",
		"1 2",
		"\"",
		"\"a",
		"\"\\",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\n\"",
		"\"\t\"",
		"\"\x80\"",
		"\"\xC0\xA0\"",
		"\"\xED\xA0\x80\"",
		"\"\xF5\x80\x80\x80\"",
		"\"\xE2\x82",
		"'a'",
		"[",
		"]",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"[1 2]",
		"{",
		"}",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":1",
		"{\"a\":1,",
		"{\"a\":1,}",
		"{a:1}",
		"{\"a\" 1}",
		"{\"a\":1 \"b\":2}",
		"{1:2}",
		"[1}",
		"{\"a\":1]",
		"[]]",
		"//a\n1",
		"\xEF\xBB\xBF{}",
		"\x01",
		"[1]\x0B",
	};
	struct ump_error error;

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		cr_expect(!parses(ump_text(documents[i]), &error), "%s", documents[i]);
		cr_expect(error.kind == UMP_REJECT && strstr(error.text, "byte "), "%s: %s", documents[i], error.text);
	}
	cr_expect(!parses((struct ump_text){"1\0", 2}, &error));
	cr_expect(!parses((struct ump_text){"\"\0\"", 3}, &error));
	cr_expect(!parses(UMP_TEXT_NONE, &error));
}

Test(scan, errors_name_the_byte)
{
	struct ump_error error;

	parses(UMP_TEXT("{\"a\": tru}"), &error);
	cr_expect(strcmp(error.text, "byte 6: found \"tru}\", expected a JSON value") == 0, "%s", error.text);
	parses(UMP_TEXT("{\"a\":1,\"b\":2,\"a\":3}"), &error);
	cr_expect(strcmp(error.text, "byte 13: the member \"a\" stands twice in one object") == 0, "%s", error.text);
	parses(UMP_TEXT("[1"), &error);
	cr_expect(strcmp(error.text, "byte 2: found the end, expected \",\" or \"]\"") == 0, "%s", error.text);
}

Test(scan, refuses_duplicate_members_at_every_level)
{
	static const char *const documents[] = {
		"{\"a\":1,\"a\":1}",
		"{\"a\":1,\"b\":2,\"a\":3}",
		"[{\"x\":{\"a\":1,\"a\":2}}]",
		"{\"a\":1,\"\\u0061\":2}",
		"{\"\\u00e9\":1,\"\xC3\xA9\":2}",
		"{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}",
		"{\"\\n\":1,\"\\u000a\":2}",
		"{\"\":1,\"\":2}",
		"{\"a\":{\"b\":1},\"c\":2,\"a\":3}",
		"{\"\\ud83d\":1,\"\\uD83D\":2}",
	};
	struct ump_error error;

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		cr_expect(!parses(ump_text(documents[i]), &error), "%s", documents[i]);
	cr_expect(parses(UMP_TEXT("{\"a\":1,\"\\u0062\":2,\"\\\\u0061\":3,\"A\":4,\"aa\":5,\"\":6}"), &error), "%s", error.text);
}

/* An object of `count` members with the names n0, n1, …; `twice`: the one in the middle stands at the end too, once with an escape. */
static void large_object(struct ump_buffer *out, unsigned count, bool twice)
{
	ump_buffer_add_character(out, '{');
	for (unsigned i = 0; i < count; i++)
		ump_buffer_print(out, "%s\"n%u\":{\"inner\":%u}", i ? "," : "", i, i);
	if (twice)
		ump_buffer_print(out, ",\"\\u006e%u\":null", count / 2);
	ump_buffer_add_character(out, '}');
}

Test(scan, finds_duplicates_among_many, .timeout = 60)
{
	static const unsigned counts[] = {2, 11, 12, 13, 31, 32, 33, 64, 100, 100000};
	struct ump_error error;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct ump_buffer once = {0};
		struct ump_buffer twice = {0};

		large_object(&once, counts[i], false);
		large_object(&twice, counts[i], true);
		cr_expect(parses(ump_buffer_text(&once), &error), "%u: %s", counts[i], error.text);
		cr_expect(!parses(ump_buffer_text(&twice), &error), "%u", counts[i]);
		cr_expect(strstr(error.text, "twice"), "%s", error.text);
		ump_buffer_release(&once);
		ump_buffer_release(&twice);
	}
}

Test(scan, depth_is_bounded)
{
	for (unsigned depth = UMP_JSON_DEPTH; depth <= UMP_JSON_DEPTH + 1; depth++) {
		struct ump_buffer document = {0};
		struct ump_error error;

		for (unsigned i = 0; i < depth; i++)
			ump_buffer_add_string(&document, i % 2 ? "{\"a\":" : "[");
		ump_buffer_add_string(&document, "1");
		for (unsigned i = depth; i-- > 0;)
			ump_buffer_add_string(&document, i % 2 ? "}" : "]");
		cr_expect(parses(ump_buffer_text(&document), &error) == (depth <= UMP_JSON_DEPTH));
		ump_buffer_release(&document);
	}
	struct ump_buffer many = {0};
	struct ump_error error;

	for (int i = 0; i < 1000000; i++)
		ump_buffer_add_character(&many, '[');
	cr_expect(!parses(ump_buffer_text(&many), &error));
	ump_buffer_release(&many);
}

Test(scan, steps_through_members_and_elements)
{
	struct ump_json object = parse(" { \"a\" : 1 , \"b\\\"\" : [ \"]\" , {} ] , \"\" : \"\\\\\" , \"d\":-1.5e3,\"e\":null } ");
	static const char *const names[] = {"a", "b\\\"", "", "d", "e"};
	static const char *const values[] = {"1", "[ \"]\" , {} ]", "\"\\\\\"", "-1.5e3", "null"};
	static const enum ump_json_type types[] = {UMP_JSON_NUMBER, UMP_JSON_ARRAY, UMP_JSON_STRING, UMP_JSON_NUMBER, UMP_JSON_NULL};
	struct ump_json value;
	struct ump_text name;
	size_t position = 0;
	size_t count = 0;

	for (; ump_json_next(&object, &position, &name, &value); count++) {
		expect_text(name, names[count]);
		expect_text(value.text, values[count]);
		cr_expect(value.type == types[count]);
	}
	cr_expect(count == 5);
	cr_expect(!ump_json_next(&object, &position, &name, &value));

	struct ump_json empty = parse("[ ]");

	position = 0;
	cr_expect(!ump_json_next(&empty, &position, &name, &value));
}

Test(scan, strings_are_unescaped_and_quoted)
{
	struct ump_buffer out = {0};
	struct ump_error error;

	cr_assert(ump_json_unescape(UMP_TEXT("\"a\\u0000\\n\\/\\ud83d\\ude00\\u00e9\xC3\xA9\""), &out, &error) == 0);
	cr_expect(out.size == 12 && memcmp(out.start, "a\0\n/\xF0\x9F\x98\x80\xC3\xA9\xC3\xA9", 12) == 0);
	ump_buffer_reset(&out);
	cr_assert(ump_json_unescape(UMP_TEXT("\\\"name\\\""), &out, &error) == 0);
	expect_text(ump_buffer_text(&out), "\"name\"");
	cr_expect(ump_json_unescape(UMP_TEXT("\"abc\\ud800x\""), &out, &error) == -1);
	cr_expect(ump_json_unescape(UMP_TEXT("\"\\udc00\\ud800\""), &out, &error) == -1);
	expect_text(ump_buffer_text(&out), "\"name\"");
	ump_buffer_reset(&out);
	ump_json_quote(&out, (struct ump_text){"a\"\\\n\r\t\0\x1F\x7F/\xC3\xA9\xFFz\xE2\x82", 16});
	expect_text(ump_buffer_text(&out), "\"a\\\"\\\\\\n\\r\\t\\u0000\\u001f\x7F/\xC3\xA9\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
	ump_buffer_reset(&out);
	ump_json_quote(&out, UMP_TEXT(""));
	expect_text(ump_buffer_text(&out), "\"\"");
	ump_buffer_release(&out);
}
