#include "provider/timing.h"
#include "common/memory.h"
#include <stdlib.h>
#include <string.h>

/* Times are kept from a month before the first that is seen, so that 32 bits are enough for what is about one run; 0 is "none". */
#define BEFORE_MS (INT64_C(30) * 86400000)

struct times {
	uint32_t hit, verdict;
};

struct timing {
	int64_t base_ms;
	struct times *times; /* by id */
	size_t size;
	uint32_t first, last; /* of the events */
	uint64_t events;
};

struct timing *timing_new(void)
{
	struct timing *timing = ump_allocate(1, sizeof *timing);
	timing->base_ms = INT64_MIN;
	return timing;
}

void timing_free(struct timing *timing)
{
	if (!timing)
		return;
	free(timing->times);
	free(timing);
}

static uint32_t relative(struct timing *timing, int64_t timestamp_ms)
{
	if (timing->base_ms == INT64_MIN)
		timing->base_ms = timestamp_ms - BEFORE_MS;
	int64_t since = timestamp_ms - timing->base_ms;
	return since < 1 ? 1 : since > UINT32_MAX ? UINT32_MAX : (uint32_t)since;
}

static struct times *times_of(struct timing *timing, uint64_t id)
{
	if (id >= ID_SET_MAXIMUM)
		return NULL;
	if (id >= timing->size) {
		size_t size = (size_t)id * 3 / 2 + 1024;
		timing->times = ump_reallocate(timing->times, size, sizeof *timing->times);
		memset(timing->times + timing->size, 0, (size - timing->size) * sizeof *timing->times);
		timing->size = size;
	}
	return &timing->times[id];
}

void timing_event(struct timing *timing, uint64_t id, int64_t timestamp_ms)
{
	struct times *times = times_of(timing, id);
	uint32_t at = relative(timing, timestamp_ms);
	if (!times)
		return;
	timing->events += !times->hit;
	if (!times->hit || at < times->hit)
		times->hit = at;
	if (!timing->first || at < timing->first)
		timing->first = at;
	if (at > timing->last)
		timing->last = at;
}

void timing_verdict(struct timing *timing, uint64_t id, int64_t timestamp_ms)
{
	struct times *times = times_of(timing, id);
	uint32_t at = relative(timing, timestamp_ms);
	if (times && (!times->verdict || at < times->verdict))
		times->verdict = at;
}

/* ---- The report ---- */

static int compare(const void *left, const void *right)
{
	uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
	return (one > other) - (one < other);
}

static uint32_t ranked(const uint32_t *sorted, size_t count, unsigned percent)
{
	return sorted[(count * percent + 99) / 100 - 1];
}

static void report_ways(const struct timing *timing, struct ump_buffer *out)
{
	uint32_t *ways = ump_allocate(timing->size + 1, sizeof *ways);
	size_t count = 0;
	for (size_t id = 0; id < timing->size; id++) {
		const struct times *times = &timing->times[id];
		if (times->hit && times->verdict) /* clocks of two machines may make it negative */
			ways[count++] = times->verdict > times->hit ? times->verdict - times->hit : 0;
	}
	qsort(ways, count, sizeof *ways, compare);
	if (count)
		ump_buffer_print(out, "; hit to verdict: p50 %u ms, p99 %u ms, max %u ms", ranked(ways, count, 50), ranked(ways, count, 99),
				 ways[count - 1]);
	free(ways);
}

void timing_report(const struct timing *timing, struct ump_buffer *out)
{
	double seconds = (double)(timing->last - timing->first) / 1e3;
	ump_buffer_print(out, "  %llu events", (unsigned long long)timing->events);
	if (seconds > 0)
		ump_buffer_print(out, " in %.2f s: %.1f events/s", seconds, (double)timing->events / seconds);
	report_ways(timing, out);
	ump_buffer_add_character(out, '\n');
}
