/* The schedule is Knative's (linear: delay * n, exponential: delay * 2^n, n from 1) with the two things that it lacks: a cap, so that the
 * tenth pause is not five minutes, and full jitter, so that events that failed together do not come back together. */
#include "source-adapter/retry.h"

static int64_t smaller(int64_t left, int64_t right)
{
	return left < right ? left : right;
}

/* delay * factor, or max_delay where that is less, without overflow on the way. */
static int64_t capped_product(int64_t delay, int64_t factor, int64_t max_delay)
{
	if (delay == 0)
		return 0;
	return factor > max_delay / delay ? max_delay : delay * factor;
}

static int64_t full_pause(const struct retry_schedule *schedule, int64_t attempt)
{
	switch (schedule->policy) {
	case RETRY_LINEAR:
		return capped_product(schedule->delay_us, attempt, schedule->max_delay_us);
	case RETRY_EXPONENTIAL:
		return capped_product(schedule->delay_us, INT64_C(1) << smaller(attempt, 62), schedule->max_delay_us);
	}
	__builtin_unreachable();
}

int64_t retry_pause(const struct retry_schedule *schedule, int64_t attempt, uint32_t random, int64_t retry_after_us)
{
	if (attempt > schedule->retries)
		return -1;
	int64_t full = full_pause(schedule, attempt);
	int64_t pause = (int64_t)(((unsigned __int128)full * random) >> 32);
	if (retry_after_us < 0)
		return pause;

	int64_t wish = smaller(retry_after_us, schedule->retry_after_max_us);
	return pause > wish ? pause : wish;
}
