/* deploy/laptop/activator.h: holds the function's listening socket, and has the function run only while there is something to do.
 *
 * The first connection that waits starts the function, which takes the socket over (LISTEN_FDS) and may end after idling; the next
 * connection starts it again. The socket stays open here all the time, so a connection made while it sleeps or starts waits in the
 * kernel's queue and none is refused. */
#pragma once
#include "deploy/laptop/supervise.h"

enum { ACTIVATOR_BACKLOG = 1024 };

struct activator {
	struct child child; /* name, log, arguments, ready_limit_us: the owner's */
	char address[32];   /* "127.0.0.1:41234" */

	void (*changed)(void *context); /* asleep, starting or awake: child.state says it */

	/* It ended by itself with a status other than 0 or by a signal, or was not ready in time and was killed (`end` NULL). False: it is
	 * not started again. */
	bool (*failed)(void *context, const struct child_end *end);
	void (*ended)(void *context); /* after activator_stop(), when it does not run any more */
	void *context;

	/* Private. */
	struct supervisor *supervisor;
	struct ump_watch connections;
	struct ump_timer pause;
	unsigned failures; /* in a row */
	int socket;
	bool stopping;
};

/* Listens on a free port of 127.0.0.1. */
int activator_open(struct activator *activator, struct supervisor *supervisor, struct ump_error *error);

/* From now on, a connection starts the function. */
int activator_arm(struct activator *activator, struct ump_error *error);

/* Ends the function, where it runs, and starts it no more. `ended` is called, from inside where nothing runs. */
void activator_stop(struct activator *activator, int64_t limit_us);
void activator_close(struct activator *activator);
