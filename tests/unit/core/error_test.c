#include "common/error.h"
#include "common/text.h"

#include <criterion/criterion.h>

Test(error, filling_returns_minus_one_and_keeps_kind_and_text)
{
	struct ump_error error;
	cr_assert_eq(ump_fail(&error, UMP_REJECT, "%s: expected %d", "a", 7), -1);
	cr_assert_eq(error.kind, UMP_REJECT);
	cr_assert_str_eq(error.text, "a: expected 7");
}

Test(error, a_text_of_exactly_the_room_is_not_cut)
{
	struct ump_error error;
	ump_fail(&error, UMP_FATAL, "%0239d", 1);
	cr_assert_eq(strlen(error.text), 239);
	cr_assert_eq(error.text[238], '1');
}

Test(error, a_longer_text_is_cut_at_a_character_and_ends_in_dots)
{
	/* Each shift puts the cut at another byte of the characters. */
	for (int shift = 0; shift < 8; shift++) {
		struct ump_error error;
		char text[512] = "";
		memset(text, 'x', (size_t)shift);
		while (strlen(text) < 400)
			strcat(text, "ä€😀");
		ump_fail(&error, UMP_RETRY, "%s", text);
		size_t size = strlen(error.text);
		cr_assert(size < sizeof error.text && size >= sizeof error.text - 8, "%zu", size);
		cr_assert_str_eq(error.text + size - 3, "...");
		cr_assert(ump_text_is_utf8(ump_text(error.text)));
		cr_assert_eq(memcmp(error.text, text, size - 3), 0);
	}
}

Test(error, a_prefix_goes_before_and_keeps_the_kind)
{
	struct ump_error error;
	ump_fail(&error, UMP_FATAL, "threshold: expected a number");
	cr_assert_eq(ump_error_prefix(&error, "%s:%d", "rules.yaml", 7), -1);
	cr_assert_str_eq(error.text, "rules.yaml:7: threshold: expected a number");
	cr_assert_eq(error.kind, UMP_FATAL);
}

Test(error, its_own_text_may_be_an_argument)
{
	struct ump_error error;
	ump_fail(&error, UMP_RETRY, "inner");
	ump_fail(&error, UMP_REJECT, "outer: %s", error.text);
	cr_assert_str_eq(error.text, "outer: inner");
}
