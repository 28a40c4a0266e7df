#include "common/text.h"

#include <criterion/criterion.h>

Test(text, none_is_not_empty_but_equals_it_byte_for_byte)
{
	cr_assert_null(UMP_TEXT_NONE.start);
	cr_assert_not_null(UMP_TEXT("").start);
	cr_assert_null(ump_text(NULL).start);
	cr_assert(ump_text_equals(UMP_TEXT_NONE, UMP_TEXT("")));
}

Test(text, compares)
{
	cr_assert(ump_text_equals(UMP_TEXT("a\0b"), (struct ump_text){"a\0b", 3}));
	cr_assert_not(ump_text_equals(UMP_TEXT("ab"), UMP_TEXT("abc")));
	cr_assert_not(ump_text_equals(UMP_TEXT("ab"), UMP_TEXT("aB")));
	cr_assert(ump_text_equals_ignoring_case(UMP_TEXT("Content-TYPE"), UMP_TEXT("content-type")));
	cr_assert_not(ump_text_equals_ignoring_case(UMP_TEXT("content_type"), UMP_TEXT("content-type")));
	/* Only letters: '@' and '`' differ in the same bit, and so do bytes above ASCII. */
	cr_assert_not(ump_text_equals_ignoring_case(UMP_TEXT("@["), UMP_TEXT("`{")));
	cr_assert_not(ump_text_equals_ignoring_case(UMP_TEXT("\xC4"), UMP_TEXT("\xE4")));
	cr_assert(ump_text_equals_ignoring_case(UMP_TEXT_NONE, UMP_TEXT("")));
}

Test(text, starts)
{
	cr_assert(ump_text_starts_with(UMP_TEXT("ce_id"), UMP_TEXT("ce_")));
	cr_assert(ump_text_starts_with(UMP_TEXT("ce_"), UMP_TEXT("ce_")));
	cr_assert(ump_text_starts_with(UMP_TEXT_NONE, UMP_TEXT_NONE));
	cr_assert_not(ump_text_starts_with(UMP_TEXT("ce"), UMP_TEXT("ce_")));
	cr_assert_not(ump_text_starts_with(UMP_TEXT("CE_id"), UMP_TEXT("ce_")));
	cr_assert(ump_text_starts_with_ignoring_case(UMP_TEXT("CE_id"), UMP_TEXT("ce_")));
	cr_assert_not(ump_text_starts_with_ignoring_case(UMP_TEXT("c"), UMP_TEXT("ce_")));
}

Test(text, trims_both_ends_only)
{
	cr_assert(ump_text_equals(ump_text_trim(UMP_TEXT(" \t a b\r\n ")), UMP_TEXT("a b")));
	cr_assert_eq(ump_text_trim(UMP_TEXT(" \n\t\r")).size, 0);
	cr_assert_eq(ump_text_trim(UMP_TEXT_NONE).size, 0);
	cr_assert(ump_text_equals(ump_text_trim(UMP_TEXT("\va")), UMP_TEXT("\va")));
}

Test(text, utf8_of_hard_cases)
{
	static const struct {
		struct ump_text text;
		bool good;
	} cases[] = {
		{UMP_TEXT(""), true},
		{UMP_TEXT("a\0b"), true},
		{UMP_TEXT("\x7F"), true},
		{UMP_TEXT("\x80"), false},
		{UMP_TEXT("\xBF"), false},
		{UMP_TEXT("\xC0\x80"), false}, /* overlong zero */
		{UMP_TEXT("\xC1\xBF"), false},
		{UMP_TEXT("\xC2\x80"), true},
		{UMP_TEXT("\xC2"), false},
		{UMP_TEXT("\xC2\x7F"), false},
		{UMP_TEXT("\xC2\xC0"), false},
		{UMP_TEXT("\xDF\xBF"), true},
		{UMP_TEXT("\xE0\x9F\xBF"), false}, /* overlong */
		{UMP_TEXT("\xE0\xA0\x80"), true},
		{UMP_TEXT("\xE2\x82"), false},
		{UMP_TEXT("\xE2\x82\xAC"), true},
		{UMP_TEXT("\xE2\x28\xA1"), false},
		{UMP_TEXT("\xE2\x82\x28"), false},
		{UMP_TEXT("\xED\x9F\xBF"), true},
		{UMP_TEXT("\xED\xA0\x80"), false},             /* the first surrogate */
		{UMP_TEXT("\xED\xBF\xBF"), false},             /* the last */
		{UMP_TEXT("\xED\xA1\x8C\xED\xBE\xB4"), false}, /* CESU-8 */
		{UMP_TEXT("\xEE\x80\x80"), true},
		{UMP_TEXT("\xEF\xBF\xBF"), true},
		{UMP_TEXT("\xEF\xBB\xBF"), true}, /* a byte order mark is a character */
		{UMP_TEXT("\xF0\x8F\xBF\xBF"), false},
		{UMP_TEXT("\xF0\x90\x80\x80"), true},
		{UMP_TEXT("\xF0\x9F\x98"), false},
		{UMP_TEXT("\xF0\x9F\x98\x80"), true},
		{UMP_TEXT("\xF4\x8F\xBF\xBF"), true},
		{UMP_TEXT("\xF4\x90\x80\x80"), false}, /* above U+10FFFF */
		{UMP_TEXT("\xF5\x80\x80\x80"), false},
		{UMP_TEXT("\xF8\x88\x80\x80\x80"), false},
		{UMP_TEXT("\xFE"), false},
		{UMP_TEXT("\xFF"), false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		/* Alone, and at each place around the eight bytes that are looked at together. */
		for (size_t before = 0; before < 18; before++)
			for (size_t after = 0; after < 18; after += 17) {
				char bytes[64];
				memset(bytes, 'a', sizeof bytes);
				memcpy(bytes + before, cases[i].text.start, cases[i].text.size);
				struct ump_text text = {bytes, before + cases[i].text.size + after};
				cr_assert_eq(ump_text_is_utf8(text), cases[i].good, "case %zu, %zu before, %zu after", i, before, after);
			}
	}
}

static size_t encode(uint32_t point, char *out)
{
	if (point < 0x80)
		return out[0] = (char)point, 1;
	if (point < 0x800)
		return out[0] = (char)(0xC0 | point >> 6), out[1] = (char)(0x80 | (point & 0x3F)), 2;
	if (point < 0x10000)
		return out[0] = (char)(0xE0 | point >> 12), out[1] = (char)(0x80 | (point >> 6 & 0x3F)),
		       out[2] = (char)(0x80 | (point & 0x3F)), 3;
	return out[0] = (char)(0xF0 | point >> 18), out[1] = (char)(0x80 | (point >> 12 & 0x3F)),
	       out[2] = (char)(0x80 | (point >> 6 & 0x3F)), out[3] = (char)(0x80 | (point & 0x3F)), 4;
}

Test(text, every_code_point_but_surrogates_is_a_character_of_its_length)
{
	for (uint32_t point = 0; point < 0x110100; point++) {
		char bytes[8];
		size_t size = encode(point, bytes);
		bool good = (point < 0xD800 || point > 0xDFFF) && point <= 0x10FFFF;
		cr_assert_eq(ump_text_character((struct ump_text){bytes, size}), good ? size : 0, "U+%04X", (unsigned)point);
		cr_assert_eq(ump_text_character((struct ump_text){bytes, size - 1}), 0);
	}
	cr_assert_eq(ump_text_character(UMP_TEXT("a\xFF")), 1);
	cr_assert_eq(ump_text_character(UMP_TEXT_NONE), 0);
}

Test(text, numbers)
{
	static const struct {
		struct ump_text text;
		uint64_t maximum;
		bool good;
		uint64_t number;
	} cases[] = {
		{UMP_TEXT("0"), 0, true, 0},
		{UMP_TEXT("1"), 0, false, 0},
		{UMP_TEXT("007"), 7, true, 7},
		{UMP_TEXT("8"), 7, false, 0},
		{UMP_TEXT("10"), 9, false, 0},
		{UMP_TEXT("18446744073709551615"), UINT64_MAX, true, UINT64_MAX},
		{UMP_TEXT("18446744073709551616"), UINT64_MAX, false, 0},
		{UMP_TEXT("99999999999999999999999"), UINT64_MAX, false, 0},
		{UMP_TEXT("000000000000000000000000000001"), 1, true, 1},
		{UMP_TEXT(""), 9, false, 0},
		{UMP_TEXT_NONE, 9, false, 0},
		{UMP_TEXT("+1"), 9, false, 0},
		{UMP_TEXT("-1"), 9, false, 0},
		{UMP_TEXT(" 1"), 9, false, 0},
		{UMP_TEXT("1 "), 9, false, 0},
		{UMP_TEXT("1.0"), 9, false, 0},
		{UMP_TEXT("0x1"), 9, false, 0},
		{{"12345", 2}, 99, true, 12}, /* a view ends where it says */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t number = 4711;
		bool good = ump_text_to_number(cases[i].text, cases[i].maximum, &number);
		cr_assert_eq(good, cases[i].good, "case %zu", i);
		cr_assert_eq(number, good ? cases[i].number : 4711, "case %zu", i);
	}
}
