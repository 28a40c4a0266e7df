/* tests/bench/measure.h: clocks, counts and percentiles of the programs that measure. */
#pragma once
#include <stdint.h>
#include <stdio.h>

/* Monotonic time, and the processor time of this process with all its threads; microseconds. */
int64_t measure_now(void);
int64_t measure_cpu(void);

/* Counts of times by size, 64 steps for each doubling: percentiles are right to 1.6%. */
struct histogram {
	uint64_t counts[64 * 42];
	uint64_t total;
	int64_t largest;
};

void histogram_add(struct histogram *histogram, int64_t microseconds);

/* The smallest time that `share` (0 to 1) of the observations do not exceed; 0 where there are none. */
int64_t histogram_share(const struct histogram *histogram, double share);

/* {"count":…,"p50_us":…,"p99_us":…,"p999_us":…,"max_us":…} */
void histogram_print(const struct histogram *histogram, FILE *out);

/* Number from 0 to `maximum` of an argument; ends the program with 64 where it is none. */
int64_t measure_number(const char *option, const char *text, int64_t maximum);
