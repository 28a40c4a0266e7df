#include "common/loop/loop.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct ump_loop *loop;
static struct ump_error error;
static char trace[256];

static void set_up(void)
{
	cr_assert_eq(ump_loop_new(&loop, &error), 0);
}

static void tear_down(void)
{
	ump_loop_free(loop);
}

TestSuite(loop, .init = set_up, .fini = tear_down, .timeout = 30);

static void note(void *context)
{
	strcat(trace, context);
}

/* ---- Time ---- */

Test(loop, time_stands_still_within_a_round_and_moves_between_them)
{
	int64_t before = ump_loop_now(loop), clock = ump_loop_clock();
	while (ump_loop_clock() == clock)
		;
	cr_assert_eq(ump_loop_now(loop), before);
	ump_loop_once(loop, 0);
	cr_assert_gt(ump_loop_now(loop), before);
	cr_assert_leq(ump_loop_now(loop), ump_loop_clock());
	cr_assert_gt(ump_loop_wall(loop), INT64_C(1600000000) * UMP_SECOND);
}

/* ---- Descriptors ---- */

struct reader {
	struct ump_watch watch;
	uint32_t events;
	int calls;
	struct reader *victim;
};

static void read_ready(void *context, uint32_t events)
{
	struct reader *reader = context;
	reader->calls++;
	reader->events = events;
	if (reader->victim) {
		ump_watch_remove(loop, &reader->watch);
		ump_watch_remove(loop, &reader->victim->watch);
	}
}

static int readable(void)
{
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	cr_assert_geq(fd, 0);
	return fd;
}

Test(loop, watches_are_level_triggered_and_report_what_holds)
{
	struct reader reader = {0};
	int fd = readable();
	cr_assert_eq(ump_watch_add(loop, &reader.watch, fd, EPOLLIN, read_ready, &reader, &error), 0);
	ump_loop_once(loop, 0);
	ump_loop_once(loop, 0);
	cr_assert_eq(reader.calls, 2);
	cr_assert_eq(reader.events, EPOLLIN);
	cr_assert_eq(ump_watch_modify(loop, &reader.watch, EPOLLIN | EPOLLOUT, &error), 0);
	ump_loop_once(loop, 0);
	cr_assert_eq(reader.events, EPOLLIN | EPOLLOUT);
	cr_assert_eq(ump_watch_modify(loop, &reader.watch, 0, &error), 0);
	ump_loop_once(loop, 0);
	cr_assert_eq(reader.calls, 3);
	ump_watch_remove(loop, &reader.watch);
	ump_watch_remove(loop, &reader.watch); /* again: nothing */
	close(fd);
}

Test(loop, hang_ups_are_reported_unasked)
{
	struct reader reader = {0};
	int pipe_ends[2];
	cr_assert_eq(pipe(pipe_ends), 0);
	cr_assert_eq(ump_watch_add(loop, &reader.watch, pipe_ends[0], 0, read_ready, &reader, &error), 0);
	close(pipe_ends[1]);
	ump_loop_once(loop, 0);
	cr_assert_eq(reader.events, EPOLLHUP);
	ump_watch_remove(loop, &reader.watch);
	close(pipe_ends[0]);
}

Test(loop, what_cannot_be_watched_is_an_error)
{
	struct reader reader = {0};
	cr_assert_eq(ump_watch_add(loop, &reader.watch, 9999, EPOLLIN, read_ready, &reader, &error), -1);
	cr_assert(strstr(error.text, "9999"));
	cr_assert_not(reader.watch.added);
}

Test(loop, a_watch_removed_in_a_callback_is_not_called_any_more)
{
	/* Whichever is called first removes itself and the other: exactly one call. The other's memory may be gone by then. */
	struct reader *left = ump_allocate(1, sizeof *left), *right = ump_allocate(1, sizeof *right);
	int fds[] = {readable(), readable()};
	left->victim = right;
	right->victim = left;
	cr_assert_eq(ump_watch_add(loop, &left->watch, fds[0], EPOLLIN, read_ready, left, &error), 0);
	cr_assert_eq(ump_watch_add(loop, &right->watch, fds[1], EPOLLIN, read_ready, right, &error), 0);
	ump_loop_once(loop, 0);
	ump_loop_once(loop, 0);
	cr_assert_eq(left->calls + right->calls, 1);
	free(left);
	free(right);
	close(fds[0]);
	close(fds[1]);
}

static struct reader pair[2];
static int pair_fds[2];

static void swap_descriptor(void *context, uint32_t events)
{
	struct reader *self = context, *other = self == &pair[0] ? &pair[1] : &pair[0];
	(void)events;
	self->calls++;
	/* Removed and added again for a descriptor that is not readable: the event that is due is not its. */
	if (self->calls + other->calls == 1) {
		ump_watch_remove(loop, &other->watch);
		cr_assert_eq(ump_watch_add(loop, &other->watch, pair_fds[1], EPOLLIN, swap_descriptor, other, &error), 0);
	}
}

Test(loop, a_watch_added_again_in_a_callback_gets_no_event_of_its_old_descriptor)
{
	int readable_fds[] = {readable(), readable()};
	pair_fds[1] = eventfd(0, EFD_NONBLOCK);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(ump_watch_add(loop, &pair[i].watch, readable_fds[i], EPOLLIN, swap_descriptor, &pair[i], &error), 0);
	ump_loop_once(loop, 0);
	cr_assert_eq(pair[0].calls + pair[1].calls, 1);
}

static void lose_interest(void *context, uint32_t events)
{
	struct reader *self = context, *other = self == &pair[0] ? &pair[1] : &pair[0];
	(void)events;
	self->calls++;
	cr_assert_eq(ump_watch_modify(loop, &other->watch, 0, &error), 0);
}

Test(loop, an_event_that_nobody_asks_for_any_more_is_not_reported)
{
	for (int i = 0; i < 2; i++)
		cr_assert_eq(ump_watch_add(loop, &pair[i].watch, readable(), EPOLLIN, lose_interest, &pair[i], &error), 0);
	ump_loop_once(loop, 0);
	cr_assert_eq(pair[0].calls + pair[1].calls, 1);
}

/* ---- Timers ---- */

Test(loop, timers_fire_in_order_and_never_early)
{
	struct ump_timer timers[3] = {0};
	int64_t now = ump_loop_now(loop);
	ump_timer_set(loop, &timers[0], now + 3000, note, (void *)"c");
	ump_timer_set(loop, &timers[1], now + 1000, note, (void *)"a");
	ump_timer_set(loop, &timers[2], now + 1000, note, (void *)"b");
	while (strlen(trace) < 3) {
		size_t fired = strlen(trace);
		ump_loop_once(loop, -1);
		if (strlen(trace) > fired && fired < 2)
			cr_assert_geq(ump_loop_clock(), now + 1000);
	}
	cr_assert_str_eq(trace, "abc");
	cr_assert_geq(ump_loop_clock(), now + 3000);
	cr_assert_not(ump_timer_is_set(&timers[0]));
}

Test(loop, a_timer_that_is_set_again_moves)
{
	struct ump_timer timer = {0};
	ump_timer_set(loop, &timer, ump_loop_now(loop) + 3600 * UMP_SECOND, note, (void *)"late");
	ump_timer_set(loop, &timer, ump_loop_now(loop), note, (void *)"x");
	ump_loop_once(loop, -1);
	ump_loop_once(loop, 0);
	cr_assert_str_eq(trace, "x");
}

Test(loop, times_that_have_passed_come_in_the_order_of_their_setting)
{
	struct ump_timer timers[3] = {0};
	ump_timer_set(loop, &timers[0], INT64_MIN, note, (void *)"a");
	ump_timer_set(loop, &timers[1], 0, note, (void *)"b");
	ump_timer_set(loop, &timers[2], -5, note, (void *)"c");
	ump_loop_once(loop, -1);
	cr_assert_str_eq(trace, "abc");
}

static struct ump_timer first, second;

static void cancel_second(void *context)
{
	(void)context;
	strcat(trace, "1");
	ump_timer_cancel(loop, &second);
	ump_timer_cancel(loop, &second);
}

Test(loop, a_timer_cancelled_in_a_callback_does_not_fire)
{
	ump_timer_set(loop, &first, 0, cancel_second, NULL);
	ump_timer_set(loop, &second, 0, note, (void *)"2");
	ump_loop_once(loop, 0);
	ump_loop_once(loop, 0);
	cr_assert_str_eq(trace, "1");
}

static void set_again(void *context)
{
	(void)context;
	strcat(trace, "again ");
	ump_timer_set(loop, &first, 0, set_again, NULL);
}

Test(loop, a_timer_that_sets_itself_keeps_nobody_from_their_turn)
{
	struct ump_timer other = {0};
	ump_timer_set(loop, &first, 0, set_again, NULL);
	ump_timer_set(loop, &other, ump_loop_now(loop) + 1, note, (void *)"other ");
	ump_loop_once(loop, -1);
	cr_assert(strstr(trace, "again "));
	for (int i = 0; i < 5 && !strstr(trace, "other"); i++)
		ump_loop_once(loop, -1);
	cr_assert(strstr(trace, "other"));
	trace[0] = '\0';
	ump_loop_once(loop, -1);
	cr_assert_str_eq(trace, "again ", "once a round");
}

/* ---- Tasks ---- */

static struct ump_task task, other_task, third_task;

static void defer_other(void *context)
{
	(void)context;
	strcat(trace, "1");
	ump_loop_defer(loop, &other_task, note, (void *)"2");
}

Test(loop, a_task_of_a_task_runs_in_the_next_round_without_sleeping)
{
	ump_loop_defer(loop, &task, defer_other, NULL);
	ump_loop_defer(loop, &task, note, (void *)"never"); /* queued already */
	ump_loop_once(loop, -1);
	cr_assert_str_eq(trace, "1");
	ump_loop_once(loop, -1);
	cr_assert_str_eq(trace, "12");
	cr_assert_not(task.queued);
}

static void cancel_neighbours(void *context)
{
	(void)context;
	strcat(trace, "1");
	ump_loop_cancel(loop, &other_task);
	ump_loop_cancel(loop, &third_task);
	ump_loop_cancel(loop, &third_task);
	ump_loop_defer(loop, &third_task, note, (void *)"3");
}

Test(loop, a_task_cancelled_in_a_callback_does_not_run)
{
	ump_loop_defer(loop, &task, cancel_neighbours, NULL);
	ump_loop_defer(loop, &other_task, note, (void *)"2");
	ump_loop_defer(loop, &third_task, note, (void *)"3");
	ump_loop_once(loop, 0);
	cr_assert_str_eq(trace, "1");
	ump_loop_once(loop, 0);
	cr_assert_str_eq(trace, "13");
}

static void ready_defers(void *context, uint32_t events)
{
	(void)events;
	strcat(trace, "event ");
	ump_loop_defer(loop, &task, note, (void *)"task");
	ump_watch_remove(loop, context);
}

Test(loop, tasks_run_after_events_and_timers_of_their_round)
{
	struct ump_watch watch = {0};
	int fd = readable();
	cr_assert_eq(ump_watch_add(loop, &watch, fd, EPOLLIN, ready_defers, &watch, &error), 0);
	ump_timer_set(loop, &first, 0, note, (void *)"timer ");
	ump_loop_once(loop, 0);
	cr_assert_str_eq(trace, "event timer task");
	close(fd);
}

/* ---- The end ---- */

static void stop_with(void *context)
{
	strcat(trace, "stop ");
	ump_loop_stop(loop, *(int *)context);
}

Test(loop, stopping_ends_after_the_present_callback_and_the_first_status_counts)
{
	int seven = 7, eight = 8;
	ump_loop_defer(loop, &task, stop_with, &seven);
	ump_loop_defer(loop, &other_task, stop_with, &eight);
	cr_assert_eq(ump_loop_run(loop), 7);
	cr_assert_str_eq(trace, "stop ");
	cr_assert_eq(ump_loop_run(loop), 8, "what was left is run when it runs again");
}

Test(loop, a_status_given_within_one_callback_is_not_replaced)
{
	ump_loop_stop(loop, 69);
	ump_loop_stop(loop, 0);
	cr_assert_eq(ump_loop_run(loop), 69);
}

Test(loop, freeing_nothing_is_allowed)
{
	ump_loop_free(NULL);
}

/* ---- Other threads ---- */

static int woken_calls;

static void woken(void *context)
{
	(void)context;
	woken_calls++;
}

static void *wake_often(void *context)
{
	for (int i = 0; i < 100; i++)
		ump_wakeup_signal(context);
	return NULL;
}

Test(loop, many_wakes_before_a_round_make_one_call)
{
	struct ump_wakeup wakeup = {0};
	pthread_t thread;
	cr_assert_eq(ump_wakeup_open(loop, &wakeup, woken, NULL, &error), 0);
	pthread_create(&thread, NULL, wake_often, &wakeup);
	pthread_join(thread, NULL);
	ump_loop_once(loop, -1);
	ump_loop_once(loop, 0);
	cr_assert_eq(woken_calls, 1);
	ump_wakeup_signal(&wakeup);
	ump_loop_once(loop, -1);
	cr_assert_eq(woken_calls, 2);
	ump_wakeup_close(loop, &wakeup);
	ump_wakeup_close(loop, &wakeup);
	struct ump_wakeup zeroed = {0};
	ump_wakeup_close(loop, &zeroed);
	cr_assert_geq(fcntl(0, F_GETFD), 0, "descriptor 0 is not a wakeup's");
}
