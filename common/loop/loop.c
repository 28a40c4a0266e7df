/* common/loop/loop.c: rounds of wait, descriptors, timers, tasks.
 *
 * A round takes the time once, right after the wait; a callback that needs it finer reads the clock itself. Nothing here is locked: the
 * eventfd of a wakeup is the one thing that another thread touches.
 *
 * Removal inside callbacks is what makes a loop hard to get right. Here: the events of a round lie in the loop, and removing a watch
 * strikes its own out; timers are taken from the heap one by one, and those set in this round's callbacks wait for the next one; tasks move
 * to a second ring, out of which cancelling takes them as out of the first. */
#include "common/loop/internal.h"
#include "common/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return time.tv_sec * UMP_SECOND + time.tv_nsec / 1000;
}

int64_t ump_loop_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void take_time(struct ump_loop *loop)
{
	loop->now = read_clock(CLOCK_MONOTONIC);
	loop->wall = read_clock(CLOCK_REALTIME);
}

int64_t ump_loop_now(const struct ump_loop *loop)
{
	return loop->now;
}

int64_t ump_loop_wall(const struct ump_loop *loop)
{
	return loop->wall;
}

int ump_loop_new(struct ump_loop **ret_loop, struct ump_error *error)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return ump_fail(error, UMP_FATAL, "cannot create an epoll set: %m");
	struct ump_loop *loop = ump_allocate(1, sizeof *loop);
	loop->epoll = epoll;
	loop->deferred.next = loop->deferred.previous = &loop->deferred;
	loop->running.next = loop->running.previous = &loop->running;
	sigemptyset(&loop->caught);
	take_time(loop);
	*ret_loop = loop;
	return 0;
}

void ump_loop_free(struct ump_loop *loop)
{
	if (!loop)
		return;
	ump_loop_close_signals(loop);
	ump_timers_release(&loop->timers);
	close(loop->epoll);
	free(loop);
}

void ump_loop_stop(struct ump_loop *loop, int status)
{
	if (loop->stopped)
		return;
	loop->stopped = true;
	loop->status = status;
}

/* ---- File descriptors ---- */

int ump_watch_add(struct ump_loop *loop, struct ump_watch *watch, int fd, uint32_t events, ump_ready_fn *ready, void *context,
		  struct ump_error *error)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	assert(!watch->added);
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return ump_fail(error, UMP_FATAL, "cannot watch file descriptor %d: %m", fd);
	*watch = (struct ump_watch){.ready = ready, .context = context, .fd = fd, .events = events, .added = true};
	return 0;
}

int ump_watch_modify(struct ump_loop *loop, struct ump_watch *watch, uint32_t events, struct ump_error *error)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	assert(watch->added);
	if (events == watch->events)
		return 0;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) < 0)
		return ump_fail(error, UMP_FATAL, "cannot watch file descriptor %d: %m", watch->fd);
	watch->events = events;
	return 0;
}

void ump_watch_remove(struct ump_loop *loop, struct ump_watch *watch)
{
	if (!watch->added)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL); /* fails only for one that is closed already, and so not watched */
	for (size_t i = loop->event; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
	watch->added = false;
}

static void handle_events(struct ump_loop *loop)
{
	while (loop->event < loop->event_count && !loop->stopped) {
		const struct epoll_event *event = &loop->events[loop->event++];
		struct ump_watch *watch = event->data.ptr;
		if (!watch)
			continue;
		/* A callback of this round may have asked for less since. */
		uint32_t events = event->events & (watch->events | EPOLLERR | EPOLLHUP);
		if (events)
			watch->ready(watch->context, events);
	}
	loop->event = loop->event_count = 0; /* after a stop the rest is reported again: level-triggered */
}

/* ---- Timers ---- */

void ump_timer_set(struct ump_loop *loop, struct ump_timer *timer, int64_t at, ump_timer_fn *expired, void *context)
{
	/* What is past is due now, behind what was due before: so no timer that sets itself again can keep others from their turn. */
	timer->at = at > loop->now ? at : loop->now;
	timer->expired = expired;
	timer->context = context;
	ump_timers_put(&loop->timers, timer);
}

void ump_timer_cancel(struct ump_loop *loop, struct ump_timer *timer)
{
	ump_timers_take(&loop->timers, timer);
}

static void handle_timers(struct ump_loop *loop)
{
	uint64_t latest = loop->timers.order;
	struct ump_timer *timer;
	while (!loop->stopped && (timer = ump_timers_first(&loop->timers)) && timer->at <= loop->now && timer->order <= latest) {
		ump_timers_take(&loop->timers, timer);
		timer->expired(timer->context);
	}
}

/* ---- Tasks ---- */

static bool is_empty(const struct ump_task *ring)
{
	return ring->next == ring;
}

static void unlink_task(struct ump_task *task)
{
	task->next->previous = task->previous;
	task->previous->next = task->next;
	task->next = task->previous = NULL;
	task->queued = false;
}

void ump_loop_defer(struct ump_loop *loop, struct ump_task *task, ump_task_fn *run, void *context)
{
	if (task->queued)
		return;
	*task = (struct ump_task){
		.run = run, .context = context, .next = &loop->deferred, .previous = loop->deferred.previous, .queued = true};
	task->previous->next = task;
	loop->deferred.previous = task;
}

void ump_loop_cancel(struct ump_loop *loop, struct ump_task *task)
{
	(void)loop; /* whichever ring it is in */
	if (task->queued)
		unlink_task(task);
}

static void run_tasks(struct ump_loop *loop)
{
	/* After a stop in between, what was left of the ring comes first. */
	if (is_empty(&loop->running) && !is_empty(&loop->deferred)) {
		loop->running = loop->deferred;
		loop->running.next->previous = loop->running.previous->next = &loop->running;
		loop->deferred.next = loop->deferred.previous = &loop->deferred;
	}
	while (!is_empty(&loop->running) && !loop->stopped) {
		struct ump_task *task = loop->running.next;
		unlink_task(task);
		task->run(task->context);
	}
}

/* ---- Rounds ---- */

/* How long this round may sleep, in microseconds; negative: for ever. */
static int64_t longest_sleep(const struct ump_loop *loop, int64_t timeout_us)
{
	const struct ump_timer *first = ump_timers_first(&loop->timers);
	if (!is_empty(&loop->deferred) || !is_empty(&loop->running))
		return 0;
	if (!first)
		return timeout_us;
	int64_t left = first->at - ump_loop_clock();
	if (left < 0)
		left = 0;
	return timeout_us < 0 || left < timeout_us ? left : timeout_us;
}

static int wait_for_events(struct ump_loop *loop, int64_t timeout_us)
{
	struct timespec timeout = {.tv_sec = timeout_us / UMP_SECOND, .tv_nsec = timeout_us % UMP_SECOND * 1000};
	int count = epoll_pwait2(loop->epoll, loop->events, EVENTS_IN_A_ROUND, timeout_us < 0 ? NULL : &timeout, NULL);
	if (count >= 0 || errno == EINTR)
		return count;
	/* Kernels before 5.11, and filters of system calls that do not know this one: whole milliseconds, rounded up. */
	assert(errno == ENOSYS || errno == EPERM);
	int64_t milliseconds = timeout_us < 0 ? -1 : (timeout_us + 999) / 1000;
	return epoll_wait(loop->epoll, loop->events, EVENTS_IN_A_ROUND, milliseconds < INT32_MAX ? (int)milliseconds : INT32_MAX);
}

void ump_loop_once(struct ump_loop *loop, int64_t timeout_us)
{
	assert(!loop->in_round);
	loop->in_round = true;
	int count = wait_for_events(loop, longest_sleep(loop, timeout_us));
	loop->event = 0;
	loop->event_count = count > 0 ? (size_t)count : 0;
	take_time(loop);
	handle_events(loop);
	handle_timers(loop);
	run_tasks(loop);
	loop->in_round = false;
}

int ump_loop_run(struct ump_loop *loop)
{
	while (!loop->stopped)
		ump_loop_once(loop, -1);
	loop->stopped = false; /* it may be run again */
	return loop->status;
}

/* ---- Other threads ---- */

static void wakeup_ready(void *context, uint32_t events)
{
	struct ump_wakeup *wakeup = context;
	uint64_t count;
	(void)events;
	if (read(wakeup->fd, &count, sizeof count) == sizeof count)
		wakeup->woken(wakeup->context);
}

int ump_wakeup_open(struct ump_loop *loop, struct ump_wakeup *wakeup, ump_wakeup_fn *woken, void *context, struct ump_error *error)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return ump_fail(error, UMP_FATAL, "cannot create an eventfd: %m");
	*wakeup = (struct ump_wakeup){.fd = fd, .woken = woken, .context = context};
	if (ump_watch_add(loop, &wakeup->watch, fd, EPOLLIN, wakeup_ready, wakeup, error) < 0) {
		close(fd);
		return -1;
	}
	return 0;
}

void ump_wakeup_close(struct ump_loop *loop, struct ump_wakeup *wakeup)
{
	if (!wakeup->watch.added)
		return;
	ump_watch_remove(loop, &wakeup->watch);
	close(wakeup->fd);
	*wakeup = (struct ump_wakeup){.fd = -1};
}

void ump_wakeup_signal(struct ump_wakeup *wakeup)
{
	uint64_t one = 1;
	ssize_t written = write(wakeup->fd, &one, sizeof one);
	(void)written; /* fails only when the count is at its end: then it is awake */
}
