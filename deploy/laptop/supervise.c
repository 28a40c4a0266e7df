/* A child's end is seen on its pidfd, inside the loop: no SIGCHLD, and no process id that could be another's by then. The group is killed
 * while the leader is a zombie, since until it is reaped its id, and so the group's, cannot be given to anybody else.
 *
 * Readiness is sd_notify(3)'s datagram on one abstract socket, which leaves no file; the kernel says which process has sent it. */
#include "deploy/laptop/supervise.h"
#include "common/memory.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_PASSED_SOCKET = 3 };

extern char **environ;

/* ---- The child's side ---- */

/* What is meant for the launcher is not meant for its children: with PORT set, audit-fn would listen on it. */
static const char *const ours[] = {"KAFKA=", "PORT=",          "LAN=",        "DURATION=",   "RATE=",          "SEED=",
				   "YES=",   "NOTIFY_SOCKET=", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES="};

static bool is_ours(const char *variable)
{
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		if (strncmp(variable, ours[i], strlen(ours[i])) == 0)
			return true;
	}
	return false;
}

/* Room for the process id, which only the child knows. */
struct environment {
	char **variables;
	char notify[64];
	char listen_pid[sizeof "LISTEN_PID=" + 10];
};

static void environment_fill(struct environment *environment, const char *notify_name, bool with_socket)
{
	size_t count = 0;
	while (environ[count])
		count++;
	environment->variables = ump_allocate(count + 4, sizeof *environment->variables);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_ours(environ[i]))
			environment->variables[kept++] = environ[i];
	}
	snprintf(environment->notify, sizeof environment->notify, "NOTIFY_SOCKET=@%s", notify_name);
	environment->variables[kept++] = environment->notify;
	if (with_socket) {
		static char one[] = "LISTEN_FDS=1";
		strcpy(environment->listen_pid, "LISTEN_PID=");
		environment->variables[kept++] = one;
		environment->variables[kept++] = environment->listen_pid;
	}
}

/* Digits without stdio: between fork and exec, only what is safe in a signal handler. */
static void append_number(char *end, pid_t number)
{
	char digits[12];
	size_t count = 0;
	for (; number > 0; number /= 10)
		digits[count++] = (char)('0' + number % 10);
	while (count > 0)
		*end++ = digits[--count];
	*end = '\0';
}

static void child_complain(const char *what)
{
	const char *reason = strerrordesc_np(errno);
	if (write(STDERR_FILENO, what, strlen(what)) < 0 || write(STDERR_FILENO, ": ", 2) < 0 ||
	    write(STDERR_FILENO, reason, strlen(reason)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
		_exit(127);
	_exit(127);
}

/* `streams`: what its first three descriptors will be. */
static void child_become(const struct child *child, struct environment *environment, pid_t launcher, const int streams[3])
{
	sigset_t none;
	sigemptyset(&none);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != launcher)
		_exit(127); /* it died before we asked to die with it */
	if (dup2(streams[0], STDIN_FILENO) < 0 || dup2(streams[1], STDOUT_FILENO) < 0 || dup2(streams[2], STDERR_FILENO) < 0)
		_exit(127);
	unsigned first = FIRST_PASSED_SOCKET;
	if (child->socket >= 0) {
		/* dup2() to itself would leave the flag close-on-exec. */
		if (child->socket == FIRST_PASSED_SOCKET ? fcntl(FIRST_PASSED_SOCKET, F_SETFD, 0) < 0
							 : dup2(child->socket, FIRST_PASSED_SOCKET) < 0)
			child_complain("passing the socket");
		append_number(environment->listen_pid + strlen(environment->listen_pid), getpid());
		first++;
	}
	close_range(first, ~0U, 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(child->arguments[0], child->arguments, environment->variables);
	child_complain(child->arguments[0]);
}

/* ---- The launcher's side ---- */

static void child_leave_list(struct child *child)
{
	struct child **link = &child->supervisor->children;
	while (*link != child)
		link = &(*link)->next;
	*link = child->next;
}

/* Kills what is left of the group, reaps the leader and forgets both. */
static int child_reap(struct child *child)
{
	int status = 0;
	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	keeper_remove(child->supervisor->keeper, child->pid);
	ump_timer_cancel(child->supervisor->loop, &child->limit);
	if (child->end.added) {
		ump_watch_remove(child->supervisor->loop, &child->end);
		close(child->end.fd);
	}
	child_leave_list(child);
	child->state = CHILD_STOPPED;
	child->pid = 0;
	return status;
}

static void child_has_ended(void *context, uint32_t events)
{
	struct child *child = context;
	(void)events;
	int64_t ran = ump_loop_now(child->supervisor->loop) - child->started_at;
	int status = child_reap(child);
	child->events.ended(child->events.context, child,
			    &(struct child_end){
				    .status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
				    .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
				    .ran_us = ran,
			    });
}

static void child_is_late(void *context)
{
	struct child *child = context;
	if (child->state == CHILD_STOPPING)
		kill(-child->pid, SIGKILL);
	else
		child->events.late(child->events.context, child);
}

static int child_watch(struct child *child, struct ump_error *error)
{
	int fd = pidfd_open(child->pid, 0);
	if (fd < 0)
		return ump_fail(error, UMP_FATAL, "%s: pidfd_open: %s", child->name, strerror(errno));
	if (ump_watch_add(child->supervisor->loop, &child->end, fd, EPOLLIN, child_has_ended, child, error) < 0) {
		close(fd);
		return -1;
	}
	return 0;
}

static int open_log(const char *path, struct ump_error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return fd < 0 ? ump_fail(error, UMP_FATAL, "%s: cannot be written: %s", path, strerror(errno)) : fd;
}

static int child_fork(struct child *child, struct ump_error *error)
{
	struct environment environment = {0};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int log = open_log(child->log, error);
	int output = log >= 0 ? open_log(child->output ? child->output : child->log, error) : -1;
	pid_t launcher = getpid(), pid = -1;
	if (output >= 0) {
		environment_fill(&environment, child->supervisor->notify_name, child->socket >= 0);
		pid = fork();
		if (pid == 0)
			child_become(child, &environment, launcher, (const int[]){null, output, log});
		if (pid < 0)
			ump_fail(error, UMP_FATAL, "%s: cannot start a process: %s", child->name, strerror(errno));
		else
			setpgid(pid, pid); /* the child does so as well: whoever comes first */
		close(output);
		free(environment.variables);
	}
	if (log >= 0)
		close(log);
	close(null);
	child->pid = pid;
	return pid < 0 ? -1 : 0;
}

int child_start(struct supervisor *supervisor, struct child *child, struct ump_error *error)
{
	assert(child->state == CHILD_STOPPED);
	child->supervisor = supervisor;
	if (child_fork(child, error) < 0)
		return -1;
	keeper_add(supervisor->keeper, child->pid);
	child->next = supervisor->children;
	supervisor->children = child;
	child->state = CHILD_STARTING;
	child->starts++;
	child->started_at = ump_loop_clock();
	if (child_watch(child, error) < 0) {
		child_reap(child);
		return -1;
	}
	if (child->events.late)
		ump_timer_set(supervisor->loop, &child->limit, child->started_at + child->ready_limit_us, child_is_late, child);
	return 0;
}

void child_stop(struct child *child, int64_t limit_us)
{
	if (child->state == CHILD_STOPPED || child->state == CHILD_STOPPING)
		return;
	child->state = CHILD_STOPPING;
	kill(child->pid, SIGTERM);
	kill(child->pid, SIGCONT); /* somebody may have stopped it */
	ump_timer_set(child->supervisor->loop, &child->limit, ump_loop_clock() + limit_us, child_is_late, child);
}

int64_t child_restart_pause(unsigned failures)
{
	int64_t pause = 500 * UMP_MILLISECOND;
	for (unsigned i = 1; i < failures && pause < 10 * UMP_SECOND; i++)
		pause *= 2;
	return pause < 10 * UMP_SECOND ? pause : 10 * UMP_SECOND;
}

/* ---- Readiness ---- */

static void child_said(struct supervisor *supervisor, pid_t pid, const char *text)
{
	for (struct child *child = supervisor->children; child; child = child->next) {
		if (child->pid != pid || child->state != CHILD_STARTING)
			continue;
		if (strncmp(text, "READY=1", 7) != 0 && !strstr(text, "\nREADY=1"))
			return;
		child->state = CHILD_READY;
		ump_timer_cancel(supervisor->loop, &child->limit);
		if (child->events.ready)
			child->events.ready(child->events.context, child);
		return;
	}
}

static void notifications_read(void *context, uint32_t events)
{
	struct supervisor *supervisor = context;
	(void)events;
	char text[512];
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = text, .iov_len = sizeof text - 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t size = recvmsg(supervisor->notify_socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (size < 0)
		return;
	text[size] = '\0';
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
		struct ucred sender;
		memcpy(&sender, CMSG_DATA(header), sizeof sender);
		child_said(supervisor, sender.pid, text);
	}
}

/* An abstract name that the kernel picks. */
static int notifications_open(struct supervisor *supervisor, struct ump_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof address;
	int on = 1;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address.sun_family) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		ump_fail(error, UMP_FATAL, "cannot open a socket for readiness: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(supervisor->notify_name, sizeof supervisor->notify_name, "%.*s", (int)(size - offsetof(struct sockaddr_un, sun_path) - 1),
		 address.sun_path + 1);
	supervisor->notify_socket = fd;
	return 0;
}

int supervisor_open(struct supervisor *supervisor, struct ump_loop *loop, const struct keeper *keeper, struct ump_error *error)
{
	*supervisor = (struct supervisor){.loop = loop, .keeper = keeper, .notify_socket = -1};
	if (notifications_open(supervisor, error) < 0)
		return -1;
	if (ump_watch_add(loop, &supervisor->notifications, supervisor->notify_socket, EPOLLIN, notifications_read, supervisor, error) <
	    0) {
		close(supervisor->notify_socket);
		return -1;
	}
	return 0;
}

void supervisor_close(struct supervisor *supervisor)
{
	while (supervisor->children)
		child_reap(supervisor->children);
	if (supervisor->notifications.added) {
		ump_watch_remove(supervisor->loop, &supervisor->notifications);
		close(supervisor->notify_socket);
	}
}
