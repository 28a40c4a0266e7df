#include "provider/parallel.h"
#include "provider/timing.h"
#include <criterion/criterion.h>

#define EXPECT(buffer, text) cr_expect(strstr((buffer).start, text), "\"%s\" is not in: %s", text, (buffer).start)

/* ---- Timing ---- */

Test(timing, rate_and_exact_percentiles_in_any_order)
{
	struct timing *timing = timing_new();
	struct ump_buffer out = {0};
	const int64_t start = INT64_C(1790000000000);
	/* Event n at 10 ms each, its verdict n ms later; the verdicts are read first and backwards. */
	for (int n = 200; n >= 1; n--)
		timing_verdict(timing, (uint64_t)n, start + 10 * n + n);
	for (int n = 1; n <= 200; n++)
		timing_event(timing, (uint64_t)n, start + 10 * n);
	timing_report(timing, &out);
	cr_expect_str_eq(out.start, "  200 events in 1.99 s: 100.5 events/s; hit to verdict: p50 100 ms, p99 198 ms, max 200 ms\n");
	ump_buffer_release(&out);
	timing_free(timing);
}

Test(timing, what_comes_again_does_not_count_and_clocks_may_disagree)
{
	struct timing *timing = timing_new();
	struct ump_buffer out = {0};
	timing_event(timing, 1, 1000000);
	timing_event(timing, 1, 1000500);
	timing_verdict(timing, 1, 1000020);
	timing_verdict(timing, 1, 1000900);
	timing_event(timing, 2, 1002000);
	timing_verdict(timing, 2, 1001990);
	timing_event(timing, 3, 1001000); /* no verdict */
	timing_verdict(timing, 4, 1);     /* about none that was read */
	timing_event(timing, UINT64_MAX, 1);
	timing_report(timing, &out);
	cr_expect_str_eq(out.start, "  3 events in 2.00 s: 1.5 events/s; hit to verdict: p50 0 ms, p99 20 ms, max 20 ms\n");
	ump_buffer_release(&out);
	timing_free(timing);
}

Test(timing, nothing_says_nothing)
{
	struct timing *timing = timing_new();
	struct ump_buffer out = {0};
	timing_report(timing, &out);
	cr_expect_str_eq(out.start, "  0 events\n");
	ump_buffer_reset(&out);
	timing_event(timing, 7, 5);
	timing_report(timing, &out);
	cr_expect_str_eq(out.start, "  1 events\n");
	ump_buffer_release(&out);
	timing_free(timing);
}

/* ---- Two topics ---- */

static const char *const names[] = {"old", "new"};

static void say(struct parallel *parallel, enum parallel_side side, const char *id, bool cheating)
{
	parallel_verdict(parallel, side, UMP_TEXT("/run"), ump_text(id), cheating);
}

Test(parallel, the_same_in_another_order_and_again_is_equal)
{
	struct parallel *parallel = parallel_new(10);
	struct ump_buffer out = {0};
	say(parallel, PARALLEL_ONE, "1", true);
	cr_expect_not(parallel_is_equal(parallel));
	say(parallel, PARALLEL_ONE, "2", false);
	say(parallel, PARALLEL_OTHER, "2", false);
	say(parallel, PARALLEL_OTHER, "1", true);
	cr_expect(parallel_is_equal(parallel));
	uint64_t progress = parallel_progress(parallel);
	say(parallel, PARALLEL_OTHER, "1", true);
	cr_expect_eq(parallel_progress(parallel), progress);
	cr_expect_eq(parallel_report(parallel, names, &out), 0u);
	EXPECT(out, "both topics say the same about all 2 events");
	ump_buffer_release(&out);
	parallel_free(parallel);
}

Test(parallel, each_kind_of_difference_is_named)
{
	struct parallel *parallel = parallel_new(10);
	struct ump_buffer out = {0};
	say(parallel, PARALLEL_ONE, "missing", true);
	say(parallel, PARALLEL_OTHER, "extra", false);
	say(parallel, PARALLEL_ONE, "wrong", true);
	say(parallel, PARALLEL_OTHER, "wrong", false);
	say(parallel, PARALLEL_ONE, "two", true);
	say(parallel, PARALLEL_ONE, "two", false);
	say(parallel, PARALLEL_OTHER, "two", true);
	cr_expect_eq(parallel_report(parallel, names, &out), 4u);
	EXPECT(out, "/run missing: cheating in old, no verdict in new");
	EXPECT(out, "/run extra: no verdict in old, fair in new");
	EXPECT(out, "/run wrong: cheating in old, fair in new");
	EXPECT(out, "/run two: fair and cheating in old, cheating in new");
	EXPECT(out, "1 with cheating in old and fair in new");
	ump_buffer_release(&out);
	parallel_free(parallel);
}

Test(parallel, more_than_can_be_told_apart_is_not_equal)
{
	struct parallel *parallel = parallel_new(1);
	struct ump_buffer out = {0};
	say(parallel, PARALLEL_ONE, "1", true);
	say(parallel, PARALLEL_OTHER, "1", true);
	say(parallel, PARALLEL_ONE, "2", true);
	cr_expect_not(parallel_is_equal(parallel));
	cr_expect_eq(parallel_report(parallel, names, &out), 1u);
	EXPECT(out, "--max-events");
	ump_buffer_release(&out);
	parallel_free(parallel);
}
