/* Asleep, the socket is watched and nothing is accepted: the connection that wakes us is the function's. Awake, the socket is not watched,
 * since the function accepts from it. When the function has ended, the watch is level-triggered and sees at once whatever came meanwhile.
 */
#include "deploy/laptop/activator.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALM_US = 30 * UMP_SECOND }; /* who ran this long before it failed has not failed in a row */

static void activator_try(struct activator *activator);

static void activator_sleep(struct activator *activator)
{
	struct ump_error error;
	if (activator_arm(activator, &error) < 0)
		activator->failed(activator->context, NULL);
	activator->changed(activator->context);
}

static void pause_is_over(void *context)
{
	activator_sleep(context);
}

static void activator_failed(struct activator *activator, const struct child_end *end)
{
	activator->failures = end && end->ran_us > CALM_US ? 1 : activator->failures + 1;
	if (!activator->failed(activator->context, end) || activator->stopping)
		return;
	int64_t at = ump_loop_now(activator->supervisor->loop) + child_restart_pause(activator->failures);
	ump_timer_set(activator->supervisor->loop, &activator->pause, at, pause_is_over, activator);
	activator->changed(activator->context);
}

static void function_ready(void *context, struct child *child)
{
	struct activator *activator = context;
	(void)child;
	activator->failures = 0;
	activator->changed(activator->context);
}

static void function_late(void *context, struct child *child)
{
	(void)context;
	child_stop(child, 0);
}

static void function_ended(void *context, struct child *child, const struct child_end *end)
{
	struct activator *activator = context;
	(void)child;
	if (activator->stopping)
		activator->ended(activator->context);
	else if (end->status == 0)
		activator_sleep(activator);
	else
		activator_failed(activator, end);
}

static void activator_try(struct activator *activator)
{
	struct ump_error error;
	ump_watch_remove(activator->supervisor->loop, &activator->connections);
	if (child_start(activator->supervisor, &activator->child, &error) < 0)
		activator_failed(activator, NULL);
	else
		activator->changed(activator->context);
}

static void connection_waits(void *context, uint32_t events)
{
	(void)events;
	activator_try(context);
}

int activator_open(struct activator *activator, struct supervisor *supervisor, struct ump_error *error)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, ACTIVATOR_BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		ump_fail(error, UMP_FATAL, "cannot listen on 127.0.0.1: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(activator->address, sizeof activator->address, "127.0.0.1:%u", ntohs(address.sin_port));
	activator->supervisor = supervisor;
	activator->socket = fd;
	activator->child.socket = fd;
	activator->child.events =
		(struct child_events){.ready = function_ready, .late = function_late, .ended = function_ended, .context = activator};
	return 0;
}

int activator_arm(struct activator *activator, struct ump_error *error)
{
	return ump_watch_add(activator->supervisor->loop, &activator->connections, activator->socket, EPOLLIN, connection_waits, activator,
			     error);
}

void activator_stop(struct activator *activator, int64_t limit_us)
{
	activator->stopping = true;
	ump_watch_remove(activator->supervisor->loop, &activator->connections);
	ump_timer_cancel(activator->supervisor->loop, &activator->pause);
	if (activator->child.state == CHILD_STOPPED)
		activator->ended(activator->context);
	else
		child_stop(&activator->child, limit_us);
}

void activator_close(struct activator *activator)
{
	if (!activator->supervisor)
		return;
	ump_watch_remove(activator->supervisor->loop, &activator->connections);
	ump_timer_cancel(activator->supervisor->loop, &activator->pause);
	close(activator->socket);
	activator->supervisor = NULL;
}
