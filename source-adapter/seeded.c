/* source-adapter/seeded.c */
#include "source-adapter/seeded.h"
#include <stdlib.h>
#include <string.h>

enum { DROPPED = 100 }; /* the one that is dropped */

bool seeded(enum seeded_fault fault)
{
	static const char *const names[SEEDED_FAULTS] = {[SEEDED_DROP] = "drop", [SEEDED_SWAP] = "swap", [SEEDED_COMMIT] = "commit"};
	static unsigned sent;
	const char *chosen = getenv("UMPIRE_SEEDED_FAULT");
	if (!chosen || strcmp(chosen, names[fault]) != 0)
		return false;
	return fault != SEEDED_DROP || ++sent == DROPPED;
}
