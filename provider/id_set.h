/* provider/id_set.h: a set of the numbers that events of a run have as ids: one bit each.
 *
 * Zeroed memory is an empty set. Ids beyond ID_SET_MAXIMUM are not taken: 32 MiB are enough. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_SET_MAXIMUM (UINT64_C(1) << 28)

struct id_set {
	uint64_t *words; /* private */
	size_t size;     /* private: words */
	size_t count;    /* ids in the set */
};

void id_set_release(struct id_set *set);

/* False when it was there already, or is beyond the maximum. */
bool id_set_add(struct id_set *set, uint64_t id);
bool id_set_has(const struct id_set *set, uint64_t id);

/* The first id at or above `from`, or UINT64_MAX: for (id = id_set_next(set, 0); id != UINT64_MAX; id = id_set_next(set, id + 1)). */
uint64_t id_set_next(const struct id_set *set, uint64_t from);
