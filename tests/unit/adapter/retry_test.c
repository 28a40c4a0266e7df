#include "source-adapter/retry.h"
#include <criterion/criterion.h>

#define SECOND INT64_C(1000000)
#define MOST   UINT32_MAX

static const struct {
	const char *what;
	enum retry_policy policy;
	int64_t delay, max_delay, retry_after_max;
	int64_t attempt;
	uint32_t random;
	int64_t retry_after;
	int64_t least, most; /* of the result */
} cases[] = {
	{"linear: delay * n", RETRY_LINEAR, 300000, 60 * SECOND, 0, 1, MOST, -1, 299999, 300000},
	{"linear: delay * n", RETRY_LINEAR, 300000, 60 * SECOND, 0, 7, MOST, -1, 2099999, 2100000},
	{"exponential: delay * 2^n, n from 1", RETRY_EXPONENTIAL, 300000, 60 * SECOND, 0, 1, MOST, -1, 599999, 600000},
	{"exponential: delay * 2^n", RETRY_EXPONENTIAL, 300000, 60 * SECOND, 0, 5, MOST, -1, 9599990, 9600000},
	{"the cap holds", RETRY_EXPONENTIAL, 300000, 60 * SECOND, 0, 9, MOST, -1, 60 * SECOND - 1, 60 * SECOND},
	{"the cap holds for linear", RETRY_LINEAR, 40 * SECOND, 60 * SECOND, 0, 2, MOST, -1, 60 * SECOND - 1, 60 * SECOND},
	{"a cap below the delay", RETRY_LINEAR, 40 * SECOND, SECOND, 0, 1, MOST, -1, SECOND - 1, SECOND},
	{"full jitter begins at nothing", RETRY_EXPONENTIAL, 300000, 60 * SECOND, 0, 5, 0, -1, 0, 0},
	{"full jitter: half the number, half the pause", RETRY_EXPONENTIAL, 300000, 60 * SECOND, 0, 1, UINT32_C(1) << 31, -1, 300000,
	 300000},
	{"no delay at all", RETRY_EXPONENTIAL, 0, 60 * SECOND, 0, 10, MOST, -1, 0, 0},
	{"no overflow, exponential", RETRY_EXPONENTIAL, INT64_MAX / 2, INT64_MAX, 0, 10, MOST, -1, INT64_MAX / 2, INT64_MAX},
	{"no overflow at attempt 63", RETRY_EXPONENTIAL, 1, 60 * SECOND, 0, 63, MOST, -1, 60 * SECOND - 1, 60 * SECOND},
	{"no overflow at a huge attempt", RETRY_LINEAR, SECOND, 60 * SECOND, 0, INT64_MAX - 1, MOST, -1, 60 * SECOND - 1, 60 * SECOND},
	{"Retry-After wins where it is longer", RETRY_EXPONENTIAL, 300000, 60 * SECOND, 60 * SECOND, 1, MOST, 5 * SECOND, 5 * SECOND,
	 5 * SECOND},
	{"and gets no jitter below its wish", RETRY_EXPONENTIAL, 300000, 60 * SECOND, 60 * SECOND, 1, 0, 5 * SECOND, 5 * SECOND,
	 5 * SECOND},
	{"the schedule wins where it is longer", RETRY_LINEAR, 9 * SECOND, 60 * SECOND, 60 * SECOND, 1, MOST, SECOND, 9 * SECOND - 1,
	 9 * SECOND},
	{"Retry-After is capped", RETRY_LINEAR, SECOND, 60 * SECOND, 7 * SECOND, 1, 0, 3600 * SECOND, 7 * SECOND, 7 * SECOND},
	{"Retry-After may pass the schedule's cap", RETRY_LINEAR, SECOND, 2 * SECOND, 60 * SECOND, 1, 0, 30 * SECOND, 30 * SECOND,
	 30 * SECOND},
	{"Retry-After can be ignored", RETRY_LINEAR, SECOND, 60 * SECOND, 0, 1, 0, 30 * SECOND, 0, 0},
	{"Retry-After: 0", RETRY_LINEAR, SECOND, 60 * SECOND, 60 * SECOND, 1, 0, 0, 0, 0},
};

Test(retry, every_pause_follows_the_schedule)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct retry_schedule schedule = {cases[i].policy, cases[i].delay, cases[i].max_delay, cases[i].retry_after_max,
						  INT64_MAX - 1};
		int64_t pause = retry_pause(&schedule, cases[i].attempt, cases[i].random, cases[i].retry_after);
		cr_expect(pause >= cases[i].least && pause <= cases[i].most, "%s: %lld", cases[i].what, (long long)pause);
	}
}

Test(retry, retries_are_counted_after_the_first_try)
{
	struct retry_schedule schedule = {RETRY_LINEAR, 1, 1, 0, 2};
	cr_expect_neq(retry_pause(&schedule, 1, 0, -1), -1);
	cr_expect_neq(retry_pause(&schedule, 2, 0, -1), -1);
	cr_expect_eq(retry_pause(&schedule, 3, 0, -1), -1);
	schedule.retries = 0;
	cr_expect_eq(retry_pause(&schedule, 1, 0, SECOND), -1, "Retry-After grants no attempt");
}
