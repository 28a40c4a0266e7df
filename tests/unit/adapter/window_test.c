/* The window of events in flight. */
#include "source-adapter/window.h"
#include <criterion/criterion.h>

static const struct retry_schedule pauses = {RETRY_EXPONENTIAL, 100, 1000, 0, INT64_MAX};

Test(window, a_sink_that_mostly_works_keeps_its_places)
{
	struct window window = window_of(8);
	for (int i = 0; i < 1000; i++) {
		cr_expect_not(window_failed(&window, 1, true, &pauses, 0));
		cr_expect_not(window_worked(&window, 2));
	}
	cr_expect_eq(window_places(&window, 0), 8);
}

Test(window, an_event_that_fails_again_and_again_says_nothing)
{
	struct window window = window_of(8);
	for (int i = 0; i < 1000; i++)
		cr_expect_not(window_failed(&window, 1, false, &pauses, 0));
	cr_expect_eq(window_places(&window, 0), 8);
}

Test(window, a_dead_sink_is_probed_by_one_event_at_a_time_with_growing_pauses)
{
	struct window window = window_of(4);
	for (size_t left = 3; left > 0; left--) {
		cr_expect_not(window_failed(&window, 1, true, &pauses, 0));
		cr_expect_eq(window_places(&window, 0), left);
	}
	cr_expect(window_failed(&window, 1, true, &pauses, 0), "the last place is gone");
	int64_t now = 0;
	for (int64_t expected[] = {199, 399, 799, 999, 999}, i = 0; i < 5; i++) {
		cr_expect_eq(window_places(&window, now + expected[i] - 1), 0, "probe %d", (int)i);
		now += expected[i];
		cr_expect_eq(window_places(&window, now), 1, "probe %d", (int)i);
		cr_expect_not(window_failed(&window, 1, false, &pauses, now), "it is shut already");
	}
}

Test(window, the_first_good_answer_opens_it_and_it_doubles)
{
	struct window window = window_of(8);
	cr_expect(window_failed(&window, 100, true, &pauses, 0));
	cr_expect(window_worked(&window, 1));
	cr_expect_eq(window_places(&window, 0), 1);
	for (size_t places = 2; places <= 16; places *= 2) {
		cr_expect_not(window_worked(&window, window_places(&window, 0)));
		cr_expect_eq(window_places(&window, 0), places < 8 ? places : 8);
	}
	cr_expect(window_failed(&window, 8, true, &pauses, 0));
	cr_expect_eq(window_places(&window, 199), 1, "pauses begin anew");
}
