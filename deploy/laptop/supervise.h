/* deploy/laptop/supervise.h: child processes: started, waited for until they are ready, stopped with everything they have started.
 *
 * Each child leads a process group of its own, so that Ctrl-C reaches the launcher alone and the order of the end is ours; logs to a file;
 * and is killed with the launcher, however that ends. Decides nothing: whether a child that has ended is started again is its owner's. */
#pragma once
#include "common/error.h"
#include "common/loop/loop.h"
#include "deploy/laptop/keeper.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum child_state { CHILD_STOPPED, CHILD_STARTING, CHILD_READY, CHILD_STOPPING };

struct child;

/* How a process has ended. */
struct child_end {
	int status; /* its exit status, or -1 */
	int signal; /* that killed it, or 0 */
	int64_t ran_us;
};

struct child_events {
	/* It said READY=1. NULL: not waited for. */
	void (*ready)(void *context, struct child *child);
	/* It did not say so within `ready_limit_us`; it still runs. */
	void (*late)(void *context, struct child *child);
	/* It has ended, asked to or not, and its group with it. The state is CHILD_STOPPED again. */
	void (*ended)(void *context, struct child *child, const struct child_end *end);
	void *context;
};

/* Zeroed, then the first part filled by its owner, who keeps what the pointers show. */
struct child {
	const char *name;
	const char *log;    /* path; appended to */
	const char *output; /* likewise, for standard output where it is not the log; or NULL */
	char **arguments;   /* of the program, its path first; NULL at the end */
	int socket;         /* passed on as LISTEN_FDS, or -1 */
	int64_t ready_limit_us;
	struct child_events events;

	/* Read only. */
	enum child_state state;
	pid_t pid;
	unsigned starts;

	/* Private. */
	struct supervisor *supervisor;
	struct child *next;
	struct ump_watch end;
	struct ump_timer limit;
	int64_t started_at;
};

struct supervisor {
	struct ump_loop *loop;
	const struct keeper *keeper;
	struct ump_watch notifications;
	int notify_socket;
	char notify_name[32];
	struct child *children; /* that run */
};

int supervisor_open(struct supervisor *supervisor, struct ump_loop *loop, const struct keeper *keeper, struct ump_error *error);

/* Kills what still runs, without its `ended`. */
void supervisor_close(struct supervisor *supervisor);

/* Starts a stopped child. After a failure it is still stopped, and `ended` is not called. */
int child_start(struct supervisor *supervisor, struct child *child, struct ump_error *error);

/* SIGTERM now, SIGKILL for its whole group after `limit_us`; `ended` follows. Nothing happens to a stopped one. */
void child_stop(struct child *child, int64_t limit_us);

/* How long to wait before it is started again: longer with each of `failures` in a row, from half a second to ten. */
int64_t child_restart_pause(unsigned failures);
