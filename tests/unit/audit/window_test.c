/* The grid of windows, and timestamps. */
#include "audit-fn/window.h"
#include <criterion/criterion.h>

#define S INT64_C(1000000)

Test(window, an_event_belongs_to_the_windows_that_begin_at_or_before_it)
{
	static const struct {
		struct window window;
		int64_t time;
		size_t count;
		int64_t first, last;
	} cases[] = {
		{{10 * S, 10 * S, 0}, 0, 1, 0, 0},
		{{10 * S, 10 * S, 0}, 10 * S - 1, 1, 0, 0},
		{{10 * S, 10 * S, 0}, 10 * S, 1, 10 * S, 10 * S},
		{{10 * S, 10 * S, 0}, -1, 1, -10 * S, -10 * S},
		{{10 * S, 10 * S, 0}, -10 * S, 1, -10 * S, -10 * S},
		{{10 * S, 5 * S, 0}, 12 * S, 2, 5 * S, 10 * S},
		{{10 * S, 5 * S, 0}, 15 * S, 2, 10 * S, 15 * S},
		{{10 * S, 5 * S, 0}, 0, 2, -5 * S, 0},
		{{10 * S, 4 * S, 0}, 11 * S, 2, 4 * S, 8 * S},
		{{10 * S, 4 * S, 0}, 9 * S, 3, 0, 8 * S},
		{{100 * S, S, 0}, 50 * S, 100, -49 * S, 50 * S},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t starts[WINDOW_OVERLAP_MAX];
		size_t count = window_starts(&cases[i].window, cases[i].time, starts);
		cr_assert_eq(count, cases[i].count, "case %zu: %zu windows", i, count);
		cr_assert_eq(starts[0], cases[i].first, "case %zu", i);
		cr_assert_eq(starts[count - 1], cases[i].last, "case %zu", i);
		for (size_t k = 0; k < count; k++)
			cr_assert(starts[k] <= cases[i].time && cases[i].time < starts[k] + cases[i].window.size_us, "case %zu", i);
	}
}

Test(window, closes_when_end_and_lateness_are_passed)
{
	const struct window window = {10 * S, 5 * S, 3 * S};

	cr_assert_eq(window_closes(&window, 20 * S), 33 * S);
}

Test(window, timestamps_are_read_to_the_microsecond)
{
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T00:00:01.5Z", 1500000},
		{"1970-01-01t00:00:00z", 0},
		{"1970-01-01 00:00:00Z", 0},
		{"1969-12-31T23:59:59.999999Z", -1},
		{"2023-11-14T22:13:20Z", 1700000000 * S},
		{"2023-11-14T23:13:20+01:00", 1700000000 * S},
		{"2023-11-14T16:43:20.000001-05:30", 1700000000 * S + 1},
		{"2023-11-14T22:13:20.1234569Z", 1700000000 * S + 123456},
		{"2016-12-31T23:59:60Z", 1483228800 * S},
		{"2024-02-29T00:00:00Z", 1709164800 * S},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t us = 0;
		struct ump_error error;
		cr_assert_eq(window_parse_time(ump_text(cases[i].text), &us, &error), 0, "%s", cases[i].text);
		cr_assert_eq(us, cases[i].us, "%s: %lld", cases[i].text, (long long)us);
	}
}

Test(window, what_is_no_timestamp_is_refused_by_name)
{
	static const char *const cases[] = {"",
					    "noon",
					    "2023-11-14",
					    "2023-11-14T22:13:20",
					    "2023-02-29T00:00:00Z",
					    "2023-11-31T00:00:00Z",
					    "2023-11-14T24:00:00Z",
					    "2023-11-14T22:13:20.Z",
					    "2023-11-14T22:13:20+24:00",
					    "2023-11-14T22:13:20Zz",
					    "2023-13-01T00:00:00Z",
					    "2023-00-01T00:00:00Z",
					    "2023-11-14T22:13Z"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t us = 42;
		struct ump_error error;
		cr_assert_eq(window_parse_time(ump_text(cases[i]), &us, &error), -1, "%s", cases[i]);
		cr_assert(strstr(error.text, "expected an RFC 3339 timestamp"), "%s", error.text);
	}
}

Test(window, times_are_written_in_utc)
{
	char text[WINDOW_TIME_SIZE];

	window_print_time(1700000000 * S, text);
	cr_assert_str_eq(text, "2023-11-14T22:13:20Z");
	window_print_time(1700000000 * S + 7, text);
	cr_assert_str_eq(text, "2023-11-14T22:13:20.000007Z");
	window_print_time(-1, text);
	cr_assert_str_eq(text, "1969-12-31T23:59:59.999999Z");
}
