/* provider/random.h: numbers that look random and are the same on every machine for the same seed.
 *
 * splitmix64: one addition and three mixing steps, a full period of 2^64. Not for secrets. Pure. */
#pragma once
#include <stdint.h>

struct random_state {
	uint64_t state; /* the seed; every value is a good one */
};

static inline uint64_t random_mix(uint64_t number)
{
	number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
	return number ^ (number >> 31);
}

static inline uint64_t random_next(struct random_state *random)
{
	random->state += UINT64_C(0x9e3779b97f4a7c15);
	return random_mix(random->state);
}

/* Uniform in [0, bound), bound > 0: the high half of a product, whose bias is below 2^-32 for the bounds used here. */
static inline uint32_t random_below(struct random_state *random, uint32_t bound)
{
	return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

/* Uniform in [0, 1). */
static inline double random_unit(struct random_state *random)
{
	return (double)(random_next(random) >> 11) * 0x1.0p-53;
}
