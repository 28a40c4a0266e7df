/* The headers of a dead letter, written and read back. */
#include "source-adapter/letter.h"
#include <criterion/criterion.h>
#include <string.h>

#define TEXT(literal)                           \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}
#define FIELD(name, value)              \
	{                               \
		TEXT(name), TEXT(value) \
	}

static char code_name[] = "reason", code_value[] = "full", taken_name[] = "type", taken_value[] = "other";
static const struct letter_extension extensions[] = {{code_name, code_value}, {taken_name, taken_value}};

static const struct letter_failure failure = {
	.topic = "hits",
	.partition = 2,
	.offset = 41,
	.timestamp_ms = 1700000000123,
	.destination = "http://sink/",
	.code = 400,
	.data = {"no", 2},
	.attempts = 3,
	.group = "g",
	.failed_at_us = INT64_C(1700000001000000),
	.extensions = extensions,
	.extension_count = 2,
};

static struct ump_text value_of(const struct letter *letter, const char *name)
{
	struct ump_text value = UMP_TEXT_NONE;
	int found = 0;
	for (size_t i = 0; i < letter->header_count; i++) {
		if (ump_text_equals(letter->headers[i].name, ump_text(name))) {
			value = letter->headers[i].value;
			found++;
		}
	}
	cr_expect_leq(found, 1, "%s is there %d times", name, found);
	return value;
}

static void expect(const struct letter *letter, const char *name, const char *value)
{
	struct ump_text found = value_of(letter, name);
	cr_expect(ump_text_equals(found, ump_text(value)) && (found.start || !value), "%s: expected %s, found %.*s", name,
		  value ? value : "none", UMP_TEXT_ARGUMENTS(found));
}

static const struct ump_kafka_field original[] = {FIELD("ce_id", "7"), FIELD("ce_type", "t"), {TEXT("nothing"), {NULL, 0}}};

Test(letter, says_what_failed_where_and_leaves_the_rest)
{
	struct letter letter = {0};
	letter_write(&letter, original, 3, &failure);
	expect(&letter, "ce_id", "7");
	cr_expect_null(value_of(&letter, "nothing").start, "a null value stays one");
	expect(&letter, "ce_knativeerrordest", "http://sink/");
	expect(&letter, "ce_knativeerrorcode", "400");
	expect(&letter, "ce_knativeerrordata", "bm8=");
	expect(&letter, "umpire_origin_topic", "hits");
	expect(&letter, "umpire_origin_partition", "2");
	expect(&letter, "umpire_origin_offset", "41");
	expect(&letter, "umpire_origin_timestamp", "1700000000123");
	expect(&letter, "umpire_attempts", "3");
	expect(&letter, "umpire_group", "g");
	expect(&letter, "umpire_failed_at", "2023-11-14T22:13:21.000Z");
	expect(&letter, "ce_reason", "full");
	expect(&letter, "ce_type", "t");
	expect(&letter, "umpire_extensions", "reason");
	letter_release(&letter);
}

Test(letter, a_second_failure_replaces_the_first)
{
	struct letter first = {0}, second = {0};
	struct letter_failure other = failure;
	other.code = 0;
	other.timestamp_ms = -1;
	other.extension_count = 0;
	letter_write(&first, original, 3, &failure);
	letter_write(&second, first.headers, first.header_count, &other);
	expect(&second, "ce_knativeerrorcode", "0");
	expect(&second, "umpire_origin_timestamp", NULL);
	expect(&second, "ce_reason", NULL);
	expect(&second, "umpire_extensions", NULL);
	expect(&second, "ce_id", "7");
	letter_release(&first);
	letter_release(&second);
}

Test(letter, read_back_it_is_the_record_that_failed)
{
	struct letter letter = {0}, back = {0};
	struct letter_origin origin;
	letter_write(&letter, original, 3, &failure);
	letter_read_headers(&back, letter.headers, letter.header_count);
	cr_assert_eq(back.header_count, 3);
	for (size_t i = 0; i < 3; i++) {
		cr_expect(ump_text_equals(back.headers[i].name, original[i].name));
		cr_expect(ump_text_equals(back.headers[i].value, original[i].value));
		cr_expect_eq(back.headers[i].value.start == NULL, original[i].value.start == NULL);
	}
	cr_assert(letter_read_origin(letter.headers, letter.header_count, &origin));
	cr_expect_str_eq(origin.topic, "hits");
	cr_expect_eq(origin.partition, 2);
	cr_expect_eq(origin.offset, 41);
	cr_expect_eq(origin.timestamp_ms, 1700000000123);
	letter_release(&letter);
	letter_release(&back);
}

Test(letter, what_is_no_dead_letter_has_no_origin)
{
	static const struct ump_kafka_field wrong[][3] = {
		{{TEXT("umpire_origin_topic"), TEXT("t")}, {TEXT("umpire_origin_partition"), TEXT("0")}},
		{{TEXT("umpire_origin_topic"), TEXT("t")},
		 {TEXT("umpire_origin_partition"), TEXT("-1")},
		 {TEXT("umpire_origin_offset"), TEXT("1")}},
		{{TEXT("umpire_origin_topic"), {NULL, 0}},
		 {TEXT("umpire_origin_partition"), TEXT("0")},
		 {TEXT("umpire_origin_offset"), TEXT("1")}},
	};
	struct letter_origin origin;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		cr_expect_not(letter_read_origin(wrong[i], 3, &origin), "row %zu", i);
}
