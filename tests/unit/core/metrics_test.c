#include "common/memory.h"
#include "common/telemetry/metrics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double bounds[] = {0.5, 1, 2.5};
static const struct ump_metric table[] = {
	{.name = "umpire_plain_total", .help = "Counts", .type = UMP_COUNTER},
	{.name = "umpire_level", .help = "Back\\slash, \"quotes\" and\na line", .type = UMP_GAUGE, .labels = {"topic", "partition"}},
	{.name = "umpire_seconds", .help = "Time", .type = UMP_HISTOGRAM, .labels = {"class"}, .bounds = bounds, .bound_count = 3},
};
enum { PLAIN, LEVEL, SECONDS, METRICS };

static struct ump_metrics *metrics;
static struct ump_buffer out;

static void set_up(void)
{
	metrics = ump_metrics_new(table, METRICS);
}

static void tear_down(void)
{
	ump_metrics_free(metrics);
	ump_buffer_release(&out);
}

TestSuite(metrics, .init = set_up, .fini = tear_down, .timeout = 30);

static const char *written(void)
{
	ump_buffer_reset(&out);
	ump_metrics_write(metrics, &out);
	return out.start;
}

#define has(line) cr_assert(strstr(written(), "\n" line "\n"), "%s", out.start)

Test(metrics, without_labels_a_series_stands_from_the_start)
{
	cr_assert_eq(strncmp(written(), "# HELP umpire_plain_total Counts\n# TYPE umpire_plain_total counter\numpire_plain_total 0\n", 84),
		     0);
	ump_metrics_add(metrics, PLAIN, 2);
	ump_metrics_add(metrics, PLAIN, 1);
	has("umpire_plain_total 3");
	ump_metrics_set(metrics, PLAIN, 9007199254740991);
	has("umpire_plain_total 9007199254740991");
	cr_assert_eq(ump_metrics_series(metrics, PLAIN, NULL)->value, 9007199254740991);
}

Test(metrics, with_labels_a_series_appears_when_asked_for_and_goes_when_dropped)
{
	cr_assert_null(strstr(written(), "umpire_level{"));
	const char *labels[] = {"game", "0"};
	struct ump_series *series = ump_metrics_series(metrics, LEVEL, labels);
	series->value = -1.5;
	cr_assert_eq(ump_metrics_series(metrics, LEVEL, (const char *[]){"game", "0"}), series, "the same one");
	ump_metrics_series(metrics, LEVEL, (const char *[]){"game", "1"});
	has("umpire_level{topic=\"game\",partition=\"0\"} -1.5");
	has("umpire_level{topic=\"game\",partition=\"1\"} 0");
	ump_metrics_drop(metrics, LEVEL, labels);
	ump_metrics_drop(metrics, LEVEL, labels);
	cr_assert_null(strstr(written(), "partition=\"0\""));
	has("umpire_level{topic=\"game\",partition=\"1\"} 0");
	ump_metrics_series(metrics, LEVEL, labels);
	ump_metrics_drop_all(metrics, LEVEL);
	cr_assert_null(strstr(written(), "umpire_level{"));
}

Test(metrics, an_empty_value_is_no_label)
{
	ump_metrics_series(metrics, LEVEL, (const char *[]){"", ""});
	ump_metrics_series(metrics, LEVEL, (const char *[]){"", "1"});
	has("umpire_level 0");
	has("umpire_level{partition=\"1\"} 0");
}

Test(metrics, help_and_labels_are_escaped)
{
	has("# HELP umpire_level Back\\\\slash, \"quotes\" and\\na line");
	ump_metrics_series(metrics, LEVEL, (const char *[]){"a\"b\\c\nd", "\xFFä"});
	has("umpire_level{topic=\"a\\\"b\\\\c\\nd\",partition=\"\uFFFDä\"} 0");
}

Test(metrics, series_come_sorted_whatever_their_order)
{
	for (int i = 0; i < 500; i++) {
		ump_cleanup_free char *label = ump_format("%03d", i * 7919 % 500);
		ump_metrics_series(metrics, LEVEL, (const char *[]){label, "x"})->value = i;
	}
	const char *at = written();
	for (int i = 0; i < 500; i++) {
		ump_cleanup_free char *expected = ump_format("umpire_level{topic=\"%03d\"", i);
		at = strstr(at, expected);
		cr_assert_not_null(at, "%s", expected);
	}
}

Test(metrics, series_beyond_the_cap_share_one)
{
	for (int i = 0; i < UMP_METRIC_SERIES + 100; i++) {
		ump_cleanup_free char *label = ump_format("%d", i);
		ump_metrics_series(metrics, LEVEL, (const char *[]){label, "x"})->value++;
	}
	has("umpire_level{topic=\"other\",partition=\"other\"} 100");
	size_t lines = 0;
	for (const char *at = written(); (at = strstr(at, "\numpire_level{")); at++)
		lines++;
	cr_assert_eq(lines, UMP_METRIC_SERIES + 1);
	ump_metrics_series(metrics, LEVEL, (const char *[]){"7", "x"})->value++;
	has("umpire_level{topic=\"7\",partition=\"x\"} 2");
}

Test(metrics, histograms_cumulate_and_a_bound_belongs_to_its_bucket)
{
	struct ump_series *series = ump_metrics_series(metrics, SECONDS, (const char *[]){"2xx"});
	static const double observed[] = {0.1, 0.5, 0.75, 1, 2, 2.5, 3, INFINITY};
	for (size_t i = 0; i < 7; i++)
		ump_metrics_observe(metrics, SECONDS, series, observed[i]);
	ump_metrics_observe(metrics, SECONDS, series, NAN);
	has("umpire_seconds_bucket{class=\"2xx\",le=\"0.5\"} 2");
	has("umpire_seconds_bucket{class=\"2xx\",le=\"1\"} 4");
	has("umpire_seconds_bucket{class=\"2xx\",le=\"2.5\"} 6");
	has("umpire_seconds_bucket{class=\"2xx\",le=\"+Inf\"} 7");
	has("umpire_seconds_sum{class=\"2xx\"} 9.85");
	has("umpire_seconds_count{class=\"2xx\"} 7");
	ump_metrics_observe(metrics, SECONDS, series, observed[7]);
	has("umpire_seconds_sum{class=\"2xx\"} +Inf");
}

Test(metrics, the_bounds_for_seconds_rise)
{
	for (size_t i = 1; i < ump_metric_seconds_count; i++)
		cr_assert_gt(ump_metric_seconds[i], ump_metric_seconds[i - 1]);
	cr_assert_float_eq(ump_metric_seconds[0], 0.0005, 1e-9);
	cr_assert_float_eq(ump_metric_seconds[ump_metric_seconds_count - 1], 60, 1e-9);
}

static double value_of(const char *name)
{
	ump_cleanup_free char *start = ump_format("\n%s ", name);
	const char *line = strstr(written(), start);
	cr_assert_not_null(line, "%s is not there", name);
	return strtod(line + strlen(start), NULL);
}

Test(metrics, the_process_tells_of_itself)
{
	cr_assert_gt(value_of("process_resident_memory_bytes"), 100000);
	cr_assert_gt(value_of("process_virtual_memory_bytes"), value_of("process_resident_memory_bytes"));
	cr_assert_geq(value_of("process_cpu_seconds_total"), 0);
	cr_assert_gt(value_of("process_start_time_seconds"), 1.6e9);
	double before = value_of("process_open_fds");
	FILE *file = fopen("/dev/null", "r");
	cr_assert_float_eq(value_of("process_open_fds"), before + 1, 0.1);
	fclose(file);
	cr_assert_gt(value_of("process_max_fds"), 3);
	has("umpire_build_info{version=\"" UMPIRE_VERSION "\"} 1");
}
