/* source-adapter/retry.h: when to try again.
 *
 * Pure: no clock, no randomness of its own. The caller passes the random number, so a schedule can be tested to the microsecond. */
#pragma once
#include <stdint.h>

enum retry_policy { RETRY_LINEAR, RETRY_EXPONENTIAL };

/* How an event is retried. Durations in microseconds. */
struct retry_schedule {
	enum retry_policy policy;
	int64_t delay_us;           /* linear: n times this after the failed attempt n; exponential: 2^n times; before jitter */
	int64_t max_delay_us;       /* no pause is longer, whatever the policy says */
	int64_t retry_after_max_us; /* what a sink may ask for with Retry-After; 0: ignore it */
	int64_t retries;            /* after the first try */
};

/* The pause after the failed attempt number `attempt` (from 1), with full jitter: uniform in [0, full pause].
 *
 * `random` is uniform in [0, 2^32). `retry_after_us` is what the sink asked for, or -1; where it asks for more than the schedule, the sink
 * wins, up to `retry_after_max_us`, and gets no jitter below its wish.
 *
 * Returns the pause, or -1 when no attempt is left. Never overflows, whatever `attempt` is. */
int64_t retry_pause(const struct retry_schedule *schedule, int64_t attempt, uint32_t random, int64_t retry_after_us);
