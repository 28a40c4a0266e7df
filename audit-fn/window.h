/* audit-fn/window.h: the windows of time that an event belongs to.
 *
 * Windows lie on a grid that is fixed by the epoch (1970-01-01T00:00:00Z), the size and the step: window k is [k * step, k * step + size).
 * Where step equals size they are tumbling, else hopping. Times are event times, microseconds since the epoch. Pure. */
#pragma once
#include "common/error.h"
#include "common/text.h"

#define WINDOW_OVERLAP_MAX 100 /* windows that one event belongs to, at most: size / step, rounded up */

struct window {
	int64_t size_us;
	int64_t step_us;
	int64_t lateness_us; /* how far behind the latest event of the same player an event may be */
};

/* The starts of the windows that hold `time`, the earliest first. Returns their number, at least 1 as long as step <= size. */
size_t window_starts(const struct window *window, int64_t time_us, int64_t ret_starts[static WINDOW_OVERLAP_MAX]);

/* An event is late for the window that starts at `start` when the player's latest event time is above this. */
int64_t window_closes(const struct window *window, int64_t start_us);

/* An RFC 3339 timestamp as time since the epoch. Digits beyond microseconds are dropped; a leap second is the first of the next minute. */
int window_parse_time(struct ump_text timestamp, int64_t *ret_us, struct ump_error *error);

/* The reverse, in UTC: "2026-11-23T03:16:17Z", with six digits of a second where it has a fraction. */
#define WINDOW_TIME_SIZE 40
void window_print_time(int64_t time_us, char ret_text[static WINDOW_TIME_SIZE]);
