/* common/loop/timers.c: a binary heap whose members know their place, so that taking one out needs no search. */
#include "common/loop/timers.h"
#include "common/memory.h"

#include <stdlib.h>

static bool before(const struct ump_timer *left, const struct ump_timer *right)
{
	return left->at != right->at ? left->at < right->at : left->order < right->order;
}

static void place(struct ump_timers *timers, struct ump_timer *timer, size_t position)
{
	timers->heap[position] = timer;
	timer->position = position;
}

/* Moves `timer`, whose place is `position`, up or down to where it belongs. */
static void settle(struct ump_timers *timers, struct ump_timer *timer, size_t position)
{
	while (position > 1 && before(timer, timers->heap[position / 2])) {
		place(timers, timers->heap[position / 2], position);
		position /= 2;
	}
	for (size_t child; (child = 2 * position) <= timers->count; position = child) {
		if (child < timers->count && before(timers->heap[child + 1], timers->heap[child]))
			child++;
		if (!before(timers->heap[child], timer))
			break;
		place(timers, timers->heap[child], position);
	}
	place(timers, timer, position);
}

void ump_timers_put(struct ump_timers *timers, struct ump_timer *timer)
{
	timer->order = ++timers->order;
	if (timer->position == 0) {
		if (++timers->count >= timers->room) {
			timers->room = timers->room ? timers->room * 2 : 16;
			timers->heap = ump_reallocate(timers->heap, timers->room, sizeof(struct ump_timer *));
		}
		timer->position = timers->count;
	}
	settle(timers, timer, timer->position);
}

void ump_timers_take(struct ump_timers *timers, struct ump_timer *timer)
{
	size_t position = timer->position;
	if (position == 0)
		return;
	struct ump_timer *last = timers->heap[timers->count--];
	if (last != timer)
		settle(timers, last, position);
	timer->position = 0;
}

void ump_timers_release(struct ump_timers *timers)
{
	free(timers->heap);
	*timers = (struct ump_timers){0};
}
