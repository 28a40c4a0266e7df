/* provider/latency.h: how long things took, second by second, for the board's last two minutes.
 *
 * Each second has a histogram whose buckets are 1 ms wide up to 16 ms and then a quarter of an octave: a percentile is right to a fifth.
 * Seconds are those of record timestamps, so a board that replays shows what one that was there showed. Pure. */
#pragma once
#include <stdint.h>

#define LATENCY_SECONDS 120
#define LATENCY_BUCKETS 68

struct latency_second {
	int64_t second; /* since 1970; what the slot is about */
	uint32_t hits, verdicts, cheating;
	uint32_t measured; /* latencies in the buckets */
	uint32_t buckets[LATENCY_BUCKETS];
};

struct latency {
	struct latency_second seconds[LATENCY_SECONDS];
};

/* The slot of a second, emptied when it held an older one; NULL for one that has left the window already. */
struct latency_second *latency_at(struct latency *latency, int64_t second);
const struct latency_second *latency_find(const struct latency *latency, int64_t second);

void latency_measured(struct latency_second *second, int64_t ms);

/* The percentile (0 to 1) in milliseconds over `count` seconds that end with `last`, or -1 when nothing was measured. */
double latency_percentile(const struct latency *latency, int64_t last, int count, double share);
