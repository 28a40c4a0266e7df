/* source-adapter/seeded.h: mistakes on purpose, to see that the oracle of tests/faults notices them.
 *
 * Only a build with -Dseed_faults=true has them; UMPIRE_SEEDED_FAULT=drop|swap|commit chooses one there. In every other build the calls
 * below are constants and leave no code. */
#pragma once
#include <stdbool.h>

enum seeded_fault {
	SEEDED_DROP,   /* one event counts as delivered without having been sent */
	SEEDED_SWAP,   /* the order of a key is not kept */
	SEEDED_COMMIT, /* offsets are committed before their events are delivered */
	SEEDED_FAULTS
};

#ifdef SEED_FAULTS
bool seeded(enum seeded_fault fault);
#else
static inline bool seeded(enum seeded_fault fault)
{
	(void)fault;
	return false;
}
#endif
