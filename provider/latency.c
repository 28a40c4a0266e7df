#include "provider/latency.h"
#include <stddef.h>
#include <string.h>

#define EXACT 16

static unsigned bucket_of(int64_t ms)
{
	if (ms < EXACT)
		return ms < 0 ? 0 : (unsigned)ms;
	unsigned octave = 63 - (unsigned)__builtin_clzll((unsigned long long)ms); /* from 4 on */
	unsigned bucket = EXACT + (octave - 4) * 4 + (unsigned)((ms >> (octave - 2)) & 3);
	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/* The middle of a bucket. */
static double bucket_ms(unsigned bucket)
{
	if (bucket < EXACT)
		return bucket;
	unsigned octave = 4 + (bucket - EXACT) / 4, quarter = (bucket - EXACT) % 4;
	return (double)(1u << octave) * (1 + (quarter + 0.5) / 4);
}

struct latency_second *latency_at(struct latency *latency, int64_t second)
{
	struct latency_second *slot = &latency->seconds[(uint64_t)second % LATENCY_SECONDS];
	if (slot->second > second)
		return NULL;
	if (slot->second < second)
		*slot = (struct latency_second){.second = second};
	return slot;
}

const struct latency_second *latency_find(const struct latency *latency, int64_t second)
{
	const struct latency_second *slot = &latency->seconds[(uint64_t)second % LATENCY_SECONDS];
	return slot->second == second ? slot : NULL;
}

void latency_measured(struct latency_second *second, int64_t ms)
{
	second->measured++;
	second->buckets[bucket_of(ms)]++;
}

double latency_percentile(const struct latency *latency, int64_t last, int count, double share)
{
	uint64_t sums[LATENCY_BUCKETS] = {0}, all = 0, below = 0;
	for (int i = 0; i < count; i++) {
		const struct latency_second *second = latency_find(latency, last - i);
		if (!second)
			continue;
		all += second->measured;
		for (unsigned b = 0; b < LATENCY_BUCKETS; b++)
			sums[b] += second->buckets[b];
	}
	if (!all)
		return -1;
	for (unsigned b = 0; b < LATENCY_BUCKETS; b++) {
		below += sums[b];
		if ((double)below >= share * (double)all)
			return bucket_ms(b);
	}
	return bucket_ms(LATENCY_BUCKETS - 1);
}
