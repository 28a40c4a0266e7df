/* K_CE_OVERRIDES: what is understood, and what is told of what is not. */
#include "source-adapter/overrides.h"
#include <criterion/criterion.h>
#include <string.h>

static const struct {
	const char *json;
	size_t count;
	const char *first, *value; /* of the first; NULL: there is none */
} good[] = {
	{NULL, 0, NULL, NULL},
	{"", 0, NULL, NULL},
	{"{}", 0, NULL, NULL},
	{"{\"extensions\":null}", 0, NULL, NULL},
	{"{\"extensions\":{}}", 0, NULL, NULL},
	{"{\"extensions\":{\"cluster\":\"c1\",\"zone2\":\"\"}}", 2, "cluster", "c1"},
	{"{\"other\":1,\"extensions\":{\"a\":\"\\u20ac \\\"x\\\"\"}}", 1, "a", "\xe2\x82\xac \"x\""},
};

static const struct {
	const char *json, *says;
} bad[] = {
	{"[]", "extensions"},
	{"{\"extensions\":[]}", "expected an object"},
	{"{\"extensions\":{\"Upper\":\"x\"}}", "Upper"},
	{"{\"extensions\":{\"with-hyphen\":\"x\"}}", "with-hyphen"},
	{"{\"extensions\":{\"\":\"x\"}}", "lower-case"},
	{"{\"extensions\":{\"id\":\"x\"}}", "no extension"},
	{"{\"extensions\":{\"data\":\"x\"}}", "no extension"},
	{"{\"extensions\":{\"a\":1}}", "expected a string"},
	{"{\"extensions\":{\"a\":\"\\u0007\"}}", "a"},
	{"{\"extensions\":{\"a\":\"x\"}", ""},
	{"no json", ""},
};

Test(overrides, are_read)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct mapping_override *overrides;
		struct ump_error error;
		size_t count;
		cr_assert_eq(overrides_read(good[i].json, &overrides, &count, &error), 0, "%s: %s", good[i].json, error.text);
		cr_expect_eq(count, good[i].count, "%s", good[i].json);
		if (good[i].first) {
			cr_expect(ump_text_equals(overrides[0].name, ump_text(good[i].first)));
			cr_expect(ump_text_equals(overrides[0].value, ump_text(good[i].value)), "%.*s",
				  UMP_TEXT_ARGUMENTS(overrides[0].value));
		}
		overrides_free(overrides, count);
	}
}

Test(overrides, what_is_wrong_is_named)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct mapping_override *overrides;
		struct ump_error error;
		size_t count;
		cr_assert_eq(overrides_read(bad[i].json, &overrides, &count, &error), -1, "%s", bad[i].json);
		cr_expect(strstr(error.text, bad[i].says), "%s: %s", bad[i].json, error.text);
	}
}
