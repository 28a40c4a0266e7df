/* common/loop/loop.h: one epoll set, its timers, its signals and its end.
 *
 * One loop runs on one thread; no function here may be called from another, except ump_loop_wake(). It is the only place that reads a
 * clock: the time is taken once a round and handed out by ump_loop_now(). Times and durations are microseconds in int64_t everywhere.
 *
 * Watches, timers and tasks are embedded in their owner's structure; the loop borrows them from their add to their removal, and the owner
 * must remove them before it frees them. Removing is allowed inside any callback, for any of them, also for one that is due in this round:
 * it will not be called any more. Zeroed memory is one that is not added. */
#pragma once
#include "common/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UMP_MILLISECOND INT64_C(1000)
#define UMP_SECOND      INT64_C(1000000)

struct ump_loop;

int ump_loop_new(struct ump_loop **ret_loop, struct ump_error *error);
void ump_loop_free(struct ump_loop *loop); /* accepts NULL */

/* Runs until ump_loop_stop(). Returns the status given there: what main returns. */
int ump_loop_run(struct ump_loop *loop);

/* Ends ump_loop_run() after the present callback. The first status given counts. */
void ump_loop_stop(struct ump_loop *loop, int status);

/* One round: waits at most `timeout_us` for something to happen (0: not at all; negative: for ever) and handles what did. For tests and for
 * work before the loop proper. */
void ump_loop_once(struct ump_loop *loop, int64_t timeout_us);

/* Monotonic time of this round; and the wall's, since 1970 UTC, for what is shown or written. */
int64_t ump_loop_now(const struct ump_loop *loop);
int64_t ump_loop_wall(const struct ump_loop *loop);

/* The clock read again, for measuring within a round, and for long callbacks. */
int64_t ump_loop_clock(void);

/* ---- File descriptors ---- */

typedef void ump_ready_fn(void *context, uint32_t events);

struct ump_watch {
	ump_ready_fn *ready;
	void *context;
	int fd;
	uint32_t events;
	bool added;
};

/* Calls `ready` with the epoll events (EPOLLIN, …) that hold, level-triggered. EPOLLERR and EPOLLHUP are always reported. */
int ump_watch_add(struct ump_loop *loop, struct ump_watch *watch, int fd, uint32_t events, ump_ready_fn *ready, void *context,
		  struct ump_error *error);
int ump_watch_modify(struct ump_loop *loop, struct ump_watch *watch, uint32_t events, struct ump_error *error);
void ump_watch_remove(struct ump_loop *loop, struct ump_watch *watch); /* before the descriptor is closed */

/* ---- Timers ---- */

typedef void ump_timer_fn(void *context);

struct ump_timer {
	int64_t at;
	ump_timer_fn *expired;
	void *context;
	uint64_t order;  /* private: equal times fire in the order of their setting */
	size_t position; /* private: in the heap, from 1; 0: not set */
};

/* Calls `expired` once, at or after the monotonic time `at`. Setting a timer that is set moves it. A time that has passed counts as now;
 * set inside a round's timers, it comes in the next round, without sleeping in between. O(log n). */
void ump_timer_set(struct ump_loop *loop, struct ump_timer *timer, int64_t at, ump_timer_fn *expired, void *context);
void ump_timer_cancel(struct ump_loop *loop, struct ump_timer *timer);
static inline bool ump_timer_is_set(const struct ump_timer *timer)
{
	return timer->position != 0;
}

/* ---- Tasks ---- */

typedef void ump_task_fn(void *context);

struct ump_task {
	ump_task_fn *run;
	void *context;
	struct ump_task *next, *previous; /* private */
	bool queued;
};

/* Calls `run` once, after the callbacks of this round and before the loop sleeps: to gather what one round brought, or to leave a deep call
 * stack. A task deferred by a task runs in the next round, without sleeping in between. Deferring a queued task changes nothing. */
void ump_loop_defer(struct ump_loop *loop, struct ump_task *task, ump_task_fn *run, void *context);
void ump_loop_cancel(struct ump_loop *loop, struct ump_task *task);

/* ---- Other threads ---- */

typedef void ump_wakeup_fn(void *context);

/* A way for another thread to have `woken` called on the loop's. Many wakes before a round make one call. `fd` is an eventfd: librdkafka's
 * rd_kafka_queue_io_event_enable(queue, wakeup.fd, &one, sizeof one), with uint64_t one = 1, serves as ump_wakeup_signal(). */
struct ump_wakeup {
	struct ump_watch watch;
	int fd;
	ump_wakeup_fn *woken;
	void *context;
};

int ump_wakeup_open(struct ump_loop *loop, struct ump_wakeup *wakeup, ump_wakeup_fn *woken, void *context, struct ump_error *error);
void ump_wakeup_close(struct ump_loop *loop, struct ump_wakeup *wakeup); /* accepts one that is not open (zeroed) */
void ump_wakeup_signal(struct ump_wakeup *wakeup);                       /* from any thread */

/* ---- Signals, and the end in two steps ---- */

/* From now on SIGTERM and SIGINT come through the loop, and SIGPIPE is ignored. The first one calls `begin`, which starts to finish what is
 * under way and calls ump_loop_stop(loop, 0) when all is done. When that takes longer than `limit_us`, or at a second signal, `expired` is
 * called, which gives up, logs what is left and stops the loop. Signals are blocked in all threads that start later. */
struct ump_drain {
	void (*begin)(void *context);
	void (*expired)(void *context);
	void *context;
	int64_t limit_us; /* 0: no limit */
};

int ump_loop_drain_on_signals(struct ump_loop *loop, const struct ump_drain *drain, struct ump_error *error);

/* Begins the drain from inside: a run that has come to its end, an idle exit. A signal during it counts as the first. Where nothing was set
 * up by ump_loop_drain_on_signals(), stops the loop with 0. */
void ump_loop_begin_drain(struct ump_loop *loop);
bool ump_loop_is_draining(const struct ump_loop *loop);

/* Calls `arrived` for one more signal (SIGHUP, SIGCHLD), of 8 at most; same blocking, which fork and exec hand on. */
typedef void ump_signal_fn(void *context, int signal_number);
int ump_loop_on_signal(struct ump_loop *loop, int signal_number, ump_signal_fn *arrived, void *context, struct ump_error *error);
