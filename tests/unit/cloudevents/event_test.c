/* The event as a value: setting, replacing, removing, its memory and what its validator says. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "common/cloudevents/event.h"

static void set(struct ump_event *event, const char *name, const char *value)
{
	struct ump_error error;

	cr_assert(ump_event_set(event, ump_text(name), ump_text(value), UMP_ATTRIBUTE_STRING, &error) == 0, "%s", error.text);
}

static void make_minimal(struct ump_event *event)
{
	set(event, "specversion", "1.0");
	set(event, "id", "1");
	set(event, "source", "/here");
	set(event, "type", "a.b");
}

static void expect_text(struct ump_text text, const char *expected)
{
	cr_expect(text.start && ump_text_equals(text, ump_text(expected)), "found %.*s, expected %s", UMP_TEXT_ARGUMENTS(text), expected);
}

static void expect_invalid(const struct ump_event *event, const char *text)
{
	struct ump_error error = {0};

	cr_expect(ump_event_validate(event, &error) == -1);
	cr_expect(error.kind == UMP_REJECT);
	cr_expect(strcmp(error.text, text) == 0, "found: %s", error.text);
}

Test(event, setting_replaces_and_removing_closes_the_gap)
{
	struct ump_event event = {0};

	make_minimal(&event);
	set(&event, "id", "2");
	cr_expect(event.count == 4);
	expect_text(ump_event_get(&event, "id"), "2");
	ump_event_remove(&event, "source");
	ump_event_remove(&event, "nothing");
	cr_expect(event.count == 3);
	cr_expect(!ump_event_get(&event, "source").start);
	expect_text(ump_event_get(&event, "type"), "a.b");
	ump_event_release(&event);
}

Test(event, names_are_lower_case_letters_and_digits)
{
	static const char *const wrong[] = {"", "data", "Id", "my-ext", "my_ext", "a.b", "caf\xC3\xA9", "a "};
	struct ump_event event = {0};
	struct ump_error error;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect(ump_event_set(&event, ump_text(wrong[i]), UMP_TEXT("x"), UMP_ATTRIBUTE_STRING, &error) == -1, "%s", wrong[i]);
	cr_expect(event.count == 0);
	set(&event, "anameoflongerthantwentycharacters0123456789", "x");
	set(&event, "data1", "x");
}

Test(event, core_attributes_have_the_type_of_the_specification)
{
	struct ump_event event = {0};
	struct ump_error error;

	ump_event_set(&event, UMP_TEXT("time"), UMP_TEXT("x"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(&event, UMP_TEXT("ext"), UMP_TEXT("5"), UMP_ATTRIBUTE_INTEGER, &error);
	cr_expect(event.attributes[0].type == UMP_ATTRIBUTE_TIMESTAMP);
	cr_expect(event.attributes[1].type == UMP_ATTRIBUTE_INTEGER);
}

Test(event, no_more_than_the_cap_of_attributes)
{
	struct ump_event event = {0};
	struct ump_error error;
	char name[8];

	for (int i = 0; i < UMP_EVENT_ATTRIBUTES; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		cr_assert(ump_event_set_copy(&event, ump_text(name), UMP_TEXT("x"), UMP_ATTRIBUTE_STRING, &error) == 0);
	}
	cr_expect(ump_event_set(&event, UMP_TEXT("more"), UMP_TEXT("x"), UMP_ATTRIBUTE_STRING, &error) == -1);
	cr_expect(ump_event_set(&event, UMP_TEXT("a0"), UMP_TEXT("y"), UMP_ATTRIBUTE_STRING, &error) == 0);
	ump_event_release(&event);
}

Test(event, copies_outlive_what_they_were_made_of)
{
	struct ump_event event = {0};
	struct ump_error error;
	char name[] = "ext";
	char value[] = "value";

	cr_assert(ump_event_set_copy(&event, ump_text(name), ump_text(value), UMP_ATTRIBUTE_STRING, &error) == 0);
	for (int i = 0; i < 100; i++) /* many blocks */
		memset(ump_event_allocate(&event, 5000), 'x', 5000);
	memset(name, 'x', sizeof(name) - 1);
	memset(value, 'x', sizeof(value) - 1);
	expect_text(ump_event_get(&event, "ext"), "value");
	ump_event_reset(&event);
	cr_expect(event.count == 0 && event.data_kind == UMP_DATA_NONE);
	ump_event_release(&event);
	ump_event_release(&event);
}

Test(event, a_minimal_event_is_valid_and_each_required_attribute_is_required)
{
	static const char *const required[] = {"specversion", "id", "source", "type"};
	struct ump_error error;

	for (size_t i = 0; i < 4; i++) {
		struct ump_event event = {0};
		char text[100];

		make_minimal(&event);
		cr_expect(ump_event_validate(&event, &error) == 0);
		ump_event_remove(&event, required[i]);
		snprintf(text, sizeof(text), "%s: found nothing, expected a value, which every event must have", required[i]);
		expect_invalid(&event, text);
		set(&event, required[i], "");
		snprintf(text, sizeof(text), "%s: found \"\", expected a value that is not empty", required[i]);
		expect_invalid(&event, text);
	}
}

Test(event, errors_say_what_was_found_and_expected)
{
	struct ump_event event = {0};

	make_minimal(&event);
	set(&event, "time", "noon");
	expect_invalid(&event, "time: found \"noon\", expected an RFC 3339 timestamp");
	ump_event_remove(&event, "time");
	set(&event, "specversion", "0.3");
	expect_invalid(&event, "specversion: found \"0.3\", expected \"1.0\"");
	set(&event, "specversion", "1.0");
	set(&event, "subject", "a\r\nb");
	expect_invalid(&event, "subject: found \"a\\x0d\\x0ab\", expected UTF-8 without control characters and noncharacters");
	set(&event, "subject", "this value is so long that nobody would want to read all of it in a line of a log\n");
	expect_invalid(&event,
		       "subject: found \"this value is so long that nobody would w...\", expected UTF-8 without control characters and "
		       "noncharacters");
}

Test(event, extension_strings_may_be_empty)
{
	struct ump_event event = {0};
	struct ump_error error;

	make_minimal(&event);
	set(&event, "ext", "");
	cr_expect(ump_event_validate(&event, &error) == 0);
	set(&event, "subject", "");
	cr_expect(ump_event_validate(&event, &error) == -1);
}

Test(event, values_have_a_cap)
{
	static char large[UMP_EVENT_ATTRIBUTE_SIZE + 1];
	struct ump_event event = {0};
	struct ump_error error;

	memset(large, 'x', sizeof(large));
	make_minimal(&event);
	ump_event_set(&event, UMP_TEXT("ext"), (struct ump_text){large, sizeof(large) - 1}, UMP_ATTRIBUTE_STRING, &error);
	cr_expect(ump_event_validate(&event, &error) == 0);
	ump_event_set(&event, UMP_TEXT("ext"), (struct ump_text){large, sizeof(large)}, UMP_ATTRIBUTE_STRING, &error);
	expect_invalid(&event, "ext: found 65537 bytes, expected at most 65536");
}

Test(event, declared_types_are_checked_and_taken_over)
{
	static const struct ump_attribute_declaration declared[] = {{"number", UMP_ATTRIBUTE_INTEGER}, {"absent", UMP_ATTRIBUTE_URI}};
	struct ump_event event = {0};
	struct ump_error error;

	make_minimal(&event);
	set(&event, "number", "12");
	cr_assert(ump_event_declare(&event, declared, 2, &error) == 0);
	cr_expect(event.attributes[4].type == UMP_ATTRIBUTE_INTEGER);
	set(&event, "number", "twelve");
	cr_expect(ump_event_declare(&event, declared, 2, &error) == -1);
	cr_expect(strcmp(error.text, "number: found \"twelve\", expected an integer from -2147483648 to 2147483647") == 0);
	ump_event_set(&event, UMP_TEXT("number"), UMP_TEXT("true"), UMP_ATTRIBUTE_BOOLEAN, &error);
	cr_expect(ump_event_declare(&event, declared, 2, &error) == -1);
}

Test(event, types_of_json)
{
	static const char *const json[] = {"application/json", "text/json", "TEXT/JSON; charset=utf-8", "application/vnd.x+json",
					   "a/+JSON;b=c"};
	static const char *const other[] = {
		"application/xml", "application/jsonx", "application/xjson", "application/json+xml", "json", ""};

	cr_expect(ump_media_type_is_json(UMP_TEXT_NONE));
	for (size_t i = 0; i < sizeof(json) / sizeof(json[0]); i++)
		cr_expect(ump_media_type_is_json(ump_text(json[i])), "%s", json[i]);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		cr_expect(!ump_media_type_is_json(ump_text(other[i])), "%s", other[i]);
}
