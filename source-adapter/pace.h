/* source-adapter/pace.h: so many a second, and no more. Pure. */
#pragma once
#include <stdint.h>

struct pace {
	int64_t interval_ns; /* from one to the next; 0: as fast as they come */
	int64_t next_ns;     /* when the next may go */
};

struct pace pace_of(int64_t per_second); /* 0: as fast as they come */

/* Microseconds until the next one may go; 0: now. */
int64_t pace_wait(const struct pace *pace, int64_t now_us);

/* One goes. What was missed since is made up for, but no more than 10 ms of it: after a longer pause there is no burst. */
void pace_take(struct pace *pace, int64_t now_us);
