/* common/loop/timers.h: a heap of timers, the earliest on top. Private to the loop. */
#pragma once
#include "common/loop/loop.h"

struct ump_timers {
	struct ump_timer **heap; /* from 1; heap[0] is not used */
	size_t count, room;
	uint64_t order; /* of the latest one set */
};

/* Puts a timer in at `timer->at`, or moves it there. Equal times come in the order of these calls. */
void ump_timers_put(struct ump_timers *timers, struct ump_timer *timer);
void ump_timers_take(struct ump_timers *timers, struct ump_timer *timer); /* accepts one that is not in */
void ump_timers_release(struct ump_timers *timers);

static inline struct ump_timer *ump_timers_first(const struct ump_timers *timers)
{
	return timers->count ? timers->heap[1] : NULL;
}
