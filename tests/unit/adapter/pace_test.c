/* So many a second: the schedule, to the microsecond. */
#include "source-adapter/pace.h"
#include <criterion/criterion.h>

#define SECOND INT64_C(1000000)

Test(pace, without_a_rate_nothing_waits)
{
	struct pace pace = pace_of(0);
	for (int64_t i = 0; i < 1000; i++) {
		cr_assert_eq(pace_wait(&pace, 5), 0);
		pace_take(&pace, 5);
	}
}

Test(pace, one_goes_at_once_and_the_next_after_the_interval_less_what_is_made_up)
{
	struct pace pace = pace_of(50); /* one in 20 ms */
	int64_t now = 7 * SECOND;
	cr_expect_eq(pace_wait(&pace, now), 0);
	pace_take(&pace, now);
	cr_expect_eq(pace_wait(&pace, now), 10000);
	cr_expect_eq(pace_wait(&pace, now + 9999), 1);
	cr_expect_eq(pace_wait(&pace, now + 10000), 0);
	pace_take(&pace, now + 10000);
	cr_expect_eq(pace_wait(&pace, now + 10000), 20000);
}

/* How many go in a second, when they are asked for in steps of so many microseconds. */
static int count_in_a_second(int64_t rate, int64_t step)
{
	struct pace pace = pace_of(rate);
	int count = 0;
	for (int64_t now = 9 * SECOND; now < 10 * SECOND; now += step) {
		for (; pace_wait(&pace, now) == 0; count++)
			pace_take(&pace, now);
	}
	return count;
}

Test(pace, the_rate_is_kept_by_a_loop_that_looks_seldom)
{
	cr_expect_geq(count_in_a_second(1000, 1000), 1000);
	cr_expect_leq(count_in_a_second(1000, 1000), 1011, "10 ms may be made up for");
	cr_expect_geq(count_in_a_second(100000, 5000), 99000);
	cr_expect_leq(count_in_a_second(100000, 5000), 101001);
}

Test(pace, after_an_hour_of_silence_there_is_no_burst)
{
	struct pace pace = pace_of(1000);
	int64_t now = 3600 * SECOND;
	int burst = 0;
	pace_take(&pace, 0);
	for (; pace_wait(&pace, now) == 0; burst++)
		pace_take(&pace, now);
	cr_expect_leq(burst, 11);
}
