#include "source-adapter/pace.h"

#define MADE_UP INT64_C(10000000) /* ns */

struct pace pace_of(int64_t per_second)
{
	return (struct pace){.interval_ns = per_second > 0 ? INT64_C(1000000000) / per_second : 0};
}

int64_t pace_wait(const struct pace *pace, int64_t now_us)
{
	int64_t left = pace->interval_ns == 0 ? 0 : pace->next_ns - now_us * 1000;
	return left <= 0 ? 0 : (left + 999) / 1000;
}

void pace_take(struct pace *pace, int64_t now_us)
{
	int64_t earliest = now_us * 1000 - MADE_UP;
	pace->next_ns = (pace->next_ns > earliest ? pace->next_ns : earliest) + pace->interval_ns;
}
