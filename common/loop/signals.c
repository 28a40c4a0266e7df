/* common/loop/signals.c: signals as one more descriptor of the loop, and the end of a program in two steps.
 *
 * The signals stay blocked when the loop is freed: one that arrives in the last moments must not cut them short. */
#include "common/loop/internal.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void signals_ready(void *context, uint32_t events)
{
	struct ump_loop *loop = context;
	struct signalfd_siginfo signal;
	(void)events;
	/* One a call: the watch is level-triggered, and a handler may stop or free what the next one would need. */
	if (read(loop->signal_watch.fd, &signal, sizeof signal) != sizeof signal)
		return;
	for (size_t i = 0; i < loop->handler_count; i++)
		if (loop->handlers[i].number == (int)signal.ssi_signo) {
			loop->handlers[i].arrived(loop->handlers[i].context, loop->handlers[i].number);
			return;
		}
}

int ump_loop_on_signal(struct ump_loop *loop, int signal_number, ump_signal_fn *arrived, void *context, struct ump_error *error)
{
	assert(loop->handler_count < SIGNALS && !sigismember(&loop->caught, signal_number));
	sigset_t caught = loop->caught;
	sigaddset(&caught, signal_number);
	int failure = pthread_sigmask(SIG_BLOCK, &caught, NULL);
	if (failure)
		return ump_fail(error, UMP_FATAL, "cannot block signal %d: %s", signal_number, strerror(failure));
	int fd = signalfd(loop->signal_watch.added ? loop->signal_watch.fd : -1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return ump_fail(error, UMP_FATAL, "cannot take signal %d by a descriptor: %m", signal_number);
	if (!loop->signal_watch.added && ump_watch_add(loop, &loop->signal_watch, fd, EPOLLIN, signals_ready, loop, error) < 0) {
		close(fd);
		return -1;
	}
	loop->caught = caught;
	loop->handlers[loop->handler_count++] = (struct signal_handler){signal_number, arrived, context};
	return 0;
}

void ump_loop_close_signals(struct ump_loop *loop)
{
	if (!loop->signal_watch.added)
		return;
	ump_watch_remove(loop, &loop->signal_watch);
	close(loop->signal_watch.fd);
}

/* ---- The end in two steps ---- */

static void give_up(void *context)
{
	struct ump_loop *loop = context;
	if (loop->drain_expired)
		return;
	loop->drain_expired = true;
	ump_timer_cancel(loop, &loop->drain_limit);
	loop->drain.expired(loop->drain.context);
}

void ump_loop_begin_drain(struct ump_loop *loop)
{
	if (loop->draining)
		return;
	loop->draining = true;
	if (!loop->drain.begin) {
		ump_loop_stop(loop, 0);
		return;
	}
	if (loop->drain.limit_us > 0)
		ump_timer_set(loop, &loop->drain_limit, loop->now + loop->drain.limit_us, give_up, loop);
	loop->drain.begin(loop->drain.context);
}

static void asked_to_end(void *context, int signal_number)
{
	struct ump_loop *loop = context;
	(void)signal_number;
	if (++loop->drain_signals == 1)
		ump_loop_begin_drain(loop);
	else
		give_up(loop);
}

int ump_loop_drain_on_signals(struct ump_loop *loop, const struct ump_drain *drain, struct ump_error *error)
{
	assert(drain->begin && drain->expired);
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	if (sigaction(SIGPIPE, &ignore, NULL) < 0)
		return ump_fail(error, UMP_FATAL, "cannot ignore SIGPIPE: %m");
	if (ump_loop_on_signal(loop, SIGTERM, asked_to_end, loop, error) < 0 ||
	    ump_loop_on_signal(loop, SIGINT, asked_to_end, loop, error) < 0)
		return -1;
	loop->drain = *drain;
	return 0;
}

bool ump_loop_is_draining(const struct ump_loop *loop)
{
	return loop->draining;
}
