/* The heap against a model: a plain list that is searched for its smallest. */
#include "common/loop/timers.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MEMBERS = 200, STEPS = 20000 };

static struct ump_timer members[MEMBERS];
static struct {
	bool in;
	int64_t at;
	uint64_t order;
} model[MEMBERS];

static int first_of_model(void)
{
	int first = -1;
	for (int i = 0; i < MEMBERS; i++)
		if (model[i].in &&
		    (first < 0 || model[i].at < model[first].at || (model[i].at == model[first].at && model[i].order < model[first].order)))
			first = i;
	return first;
}

Test(timers, come_as_from_a_sorted_list)
{
	ump_cleanup(ump_timers_release) struct ump_timers timers = {0};
	uint64_t order = 0;
	for (unsigned seed = 1; seed <= 5; seed++) {
		srandom(seed);
		for (int step = 0; step < STEPS; step++) {
			int which = (int)(random() % MEMBERS);
			switch (random() % 4) {
			case 0:
			case 1: /* put in, or moved */
				members[which].at = model[which].at = random() % 50;
				model[which].order = ++order;
				model[which].in = true;
				ump_timers_put(&timers, &members[which]);
				break;
			case 2:
				model[which].in = false;
				ump_timers_take(&timers, &members[which]);
				break;
			default:
				if (timers.count) {
					which = first_of_model();
					model[which].in = false;
					ump_timers_take(&timers, ump_timers_first(&timers));
				}
			}
			int first = first_of_model();
			cr_assert_eq(ump_timers_first(&timers), first < 0 ? NULL : &members[first], "seed %u, step %d", seed, step);
			cr_assert_eq(ump_timer_is_set(&members[which]), model[which].in);
		}
	}
}
