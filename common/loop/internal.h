/* common/loop/internal.h: the loop's structure, for the files of this folder only. */
#pragma once
#include "common/loop/loop.h"
#include "common/loop/timers.h"

#include <signal.h>
#include <sys/epoll.h>

enum { EVENTS_IN_A_ROUND = 128, SIGNALS = 8 };

struct signal_handler {
	int number;
	ump_signal_fn *arrived;
	void *context;
};

struct ump_loop {
	int epoll;
	int64_t now, wall;
	int status;
	bool stopped, in_round;

	struct epoll_event events[EVENTS_IN_A_ROUND]; /* of this round; data.ptr is NULL where the watch has been removed */
	size_t event, event_count;                    /* those before `event` are handled */

	struct ump_timers timers;
	struct ump_task deferred, running; /* heads of rings: for the next round; of this one */

	sigset_t caught;
	struct ump_watch signal_watch;
	struct signal_handler handlers[SIGNALS];
	size_t handler_count;

	struct ump_drain drain;
	struct ump_timer drain_limit;
	unsigned drain_signals;
	bool draining, drain_expired;
};

/* Closes what common/loop/signals.c opened. */
void ump_loop_close_signals(struct ump_loop *loop);
