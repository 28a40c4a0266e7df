#include "common/loop/loop.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct ump_loop *loop;
static struct ump_error error;
static char trace[256];
static bool finish_at_once, stay;

static void begin(void *context)
{
	(void)context;
	strcat(trace, "begin ");
	cr_assert(ump_loop_is_draining(loop));
	if (finish_at_once)
		ump_loop_stop(loop, 0);
}

static void expired(void *context)
{
	(void)context;
	strcat(trace, "expired ");
	if (!stay)
		ump_loop_stop(loop, 70);
}

static void set_up_limit(int64_t limit_us)
{
	struct ump_drain drain = {.begin = begin, .expired = expired, .limit_us = limit_us};
	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(ump_loop_drain_on_signals(loop, &drain, &error), 0, "%s", error.text);
	cr_assert_not(ump_loop_is_draining(loop));
}

TestSuite(drain, .timeout = 30);

Test(drain, the_first_signal_begins_and_the_loop_ends_when_all_is_done)
{
	set_up_limit(0);
	finish_at_once = true;
	raise(SIGTERM);
	cr_assert_eq(ump_loop_run(loop), 0);
	cr_assert_str_eq(trace, "begin ");
	ump_loop_free(loop);
}

Test(drain, the_second_signal_gives_up_whichever_it_is)
{
	set_up_limit(0);
	raise(SIGINT);
	ump_loop_once(loop, -1);
	cr_assert_str_eq(trace, "begin ");
	raise(SIGTERM);
	cr_assert_eq(ump_loop_run(loop), 70);
	cr_assert_str_eq(trace, "begin expired ");
	ump_loop_free(loop);
}

Test(drain, the_limit_gives_up)
{
	set_up_limit(20 * UMP_MILLISECOND);
	int64_t start = ump_loop_clock();
	raise(SIGTERM);
	cr_assert_eq(ump_loop_run(loop), 70);
	cr_assert_str_eq(trace, "begin expired ");
	cr_assert_geq(ump_loop_clock() - start, 20 * UMP_MILLISECOND);
	ump_loop_free(loop);
}

Test(drain, gives_up_once_only)
{
	set_up_limit(0);
	stay = true;
	for (int i = 0; i < 4; i++) {
		raise(SIGTERM);
		ump_loop_once(loop, 0);
	}
	cr_assert_str_eq(trace, "begin expired ");
	ump_loop_free(loop);
}

Test(drain, begins_from_inside_and_a_signal_during_it_is_the_first)
{
	set_up_limit(0);
	ump_loop_begin_drain(loop);
	ump_loop_begin_drain(loop);
	cr_assert_str_eq(trace, "begin ");
	raise(SIGTERM);
	ump_loop_once(loop, 0);
	cr_assert_str_eq(trace, "begin ");
	raise(SIGTERM);
	ump_loop_once(loop, 0);
	cr_assert_str_eq(trace, "begin expired ");
	ump_loop_free(loop);
}

Test(drain, without_one_set_up_the_loop_stops)
{
	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	ump_loop_begin_drain(loop);
	cr_assert_eq(ump_loop_run(loop), 0);
	ump_loop_free(loop);
}

Test(drain, writing_to_a_closed_pipe_is_no_death)
{
	int ends[2];
	set_up_limit(0);
	cr_assert_eq(pipe(ends), 0);
	close(ends[0]);
	cr_assert_eq(write(ends[1], "x", 1), -1);
	ump_loop_free(loop);
}

static void arrived(void *context, int signal_number)
{
	strcat(trace, context);
	cr_assert_eq(signal_number, SIGHUP);
}

Test(drain, further_signals_have_handlers_of_their_own)
{
	set_up_limit(0);
	cr_assert_eq(ump_loop_on_signal(loop, SIGHUP, arrived, (void *)"hup ", &error), 0);
	raise(SIGHUP);
	ump_loop_once(loop, -1);
	raise(SIGTERM);
	ump_loop_once(loop, -1);
	cr_assert_str_eq(trace, "hup begin ");
	ump_loop_free(loop);
}
