#include "common/config/values.h"
#include "common/memory.h"

#include <criterion/criterion.h>

enum { BAD = -1 };
#define S INT64_C(1000000)

Test(values, durations)
{
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {
		{"0", 0},
		{"0s", 0},
		{"1us", 1},
		{"1ms", 1000},
		{"500ms", 500000},
		{"2s", 2 * S},
		{"1.5s", 1500000},
		{"0.000001s", 1},
		{"1m", 60 * S},
		{"1h", 3600 * S},
		{"1d", 86400 * S},
		{"0.5d", 43200 * S},
		{"0.333333m", 19999980},
		{"PT0.5S", 500000},
		{"PT0,5S", 500000},
		{"PT0S", 0},
		{"P1DT2H", 93600 * S},
		{"P1W", 604800 * S},
		{"PT1H30M", 5400 * S},
		{"PT36H", 129600 * S},
		{"P1D", 86400 * S},
		{"PT1M0.25S", 60250000},
		{"P1DT2H3M4S", 93784 * S},
		{"9223372036854775807us", INT64_MAX},
		{"106751991d", INT64_C(9223372022400000000)},
		{"", BAD},
		{"1", BAD},
		{"30", BAD},
		{"s", BAD},
		{"1 s", BAD},
		{" 1s", BAD},
		{"1s ", BAD},
		{"-1s", BAD},
		{"+1s", BAD},
		{"1S", BAD},
		{"1sec", BAD},
		{"1.s", BAD},
		{".5s", BAD},
		{"1.5.5s", BAD},
		{"1e3s", BAD},
		{"0x1s", BAD},
		{"1m30s", BAD},
		{"0.1us", BAD},
		{"9223372036854775808us", BAD},
		{"106751992d", BAD},
		{"99999999999999999999999d", BAD},
		{"P", BAD},
		{"PT", BAD},
		{"P1DT", BAD},
		{"P1Y", BAD},
		{"P1M", BAD},
		{"PT1D", BAD},
		{"P1H", BAD},
		{"PT1M1H", BAD},
		{"PT1S1S", BAD},
		{"PTS", BAD},
		{"PT1", BAD},
		{"P1DT1HT1M", BAD},
		{"pt1s", BAD},
		{"-PT1S", BAD},
		{"P-1D", BAD},
		{"PT1S ", BAD},
		{"P99999999999999W", BAD},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ump_error error = {0};
		int64_t value = 4711;
		int result = ump_parse_duration(cases[i].text, &value, &error);
		cr_expect_eq(result, cases[i].us < 0 ? -1 : 0, "\"%s\"", cases[i].text);
		cr_expect_eq(value, cases[i].us < 0 ? 4711 : cases[i].us, "\"%s\": %lld", cases[i].text, (long long)value);
		if (result < 0) {
			ump_cleanup_free char *found = ump_format("found \"%s\"", cases[i].text);
			cr_expect(strstr(error.text, found), "%s", error.text);
		}
	}
}

Test(values, sizes)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} cases[] = {
		{"0", 0},
		{"4096", 4096},
		{"64KiB", 65536},
		{"1MiB", 1 << 20},
		{"2GiB", INT64_C(2) << 30},
		{"9223372036854775807", INT64_MAX},
		{"8589934591GiB", INT64_C(8589934591) << 30},
		{"", BAD},
		{"KiB", BAD},
		{"1kib", BAD},
		{"1KB", BAD},
		{"1 KiB", BAD},
		{"1.5MiB", BAD},
		{"-1", BAD},
		{"1K", BAD},
		{"8589934592GiB", BAD},
		{"9223372036854775808", BAD},
		{"1B", BAD},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ump_error error;
		int64_t value = 4711;
		cr_expect_eq(ump_parse_size(cases[i].text, &value, &error), cases[i].bytes < 0 ? -1 : 0, "\"%s\"", cases[i].text);
		cr_expect_eq(value, cases[i].bytes < 0 ? 4711 : cases[i].bytes, "\"%s\"", cases[i].text);
	}
}

Test(values, printed_ones_are_read_as_they_were)
{
	static const int64_t values[] = {0, 1, 999, 1000, 1001, 1500000, 60 * S, 61 * S, 3600 * S, 86400 * S, 1024, 1 << 20, INT64_MAX};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct ump_buffer text = {0};
		struct ump_error error;
		int64_t again = -1;
		ump_print_duration(&text, values[i]);
		cr_expect_eq(ump_parse_duration(text.start, &again, &error), 0, "%s", text.start);
		cr_expect_eq(again, values[i], "%s", text.start);
		ump_buffer_reset(&text);
		ump_print_size(&text, values[i]);
		cr_expect_eq(ump_parse_size(text.start, &again, &error), 0, "%s", text.start);
		cr_expect_eq(again, values[i], "%s", text.start);
		ump_buffer_release(&text);
	}
}

Test(values, the_nearest_name)
{
	static const char *const known[] = {"sink", "topics", "timeout", "retry", "retry-after-max", "log-level"};
	static const struct {
		const char *given, *nearest;
	} cases[] = {
		{"sinc", "sink"},
		{"skin", "sink"},
		{"topic", "topics"},
		{"time-out", "timeout"},
		{"retyr", "retry"},
		{"retry-aftermax", "retry-after-max"},
		{"loglevel", "log-level"},
		{"sink", "sink"},
		{"xyz", NULL},
		{"", NULL},
		{"q", NULL},
		{"a-name-that-is-longer-than-anything-that-could-be-meant-by-anybody-who-types", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *nearest = ump_nearest(cases[i].given, known, sizeof known / sizeof *known);
		cr_expect(cases[i].nearest ? nearest && strcmp(nearest, cases[i].nearest) == 0 : !nearest, "%s: %s", cases[i].given,
			  nearest ? nearest : "none");
	}
	cr_expect_null(ump_nearest("sink", NULL, 0));
}
