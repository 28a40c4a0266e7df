/* Why a process: nothing inside a process runs after its SIGKILL. PR_SET_PDEATHSIG takes the direct children along, but not what these have
 * started, and no file. The keeper reads the groups from a pipe, one signed number each, whose end of file is the launcher's end, however
 * it came. It leads a session of its own, so neither Ctrl-C nor a kill of the launcher's group reaches it. */
#include "deploy/laptop/keeper.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEEPER_GROUPS = 64, KEEPER_FAREWELL = 0, KEEPER_OPEN_FOLDERS = 16 };

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *position)
{
	(void)status;
	(void)type;
	(void)position;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

int keeper_remove_folder(const char *folder, struct ump_error *error)
{
	if (nftw(folder, remove_entry, KEEPER_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 && errno != ENOENT)
		return ump_fail(error, UMP_FATAL, "%s: cannot be removed: %s", folder, strerror(errno));
	return 0;
}

struct groups {
	pid_t items[KEEPER_GROUPS];
	size_t count;
};

static void groups_change(struct groups *groups, pid_t change)
{
	if (change > 0) {
		if (groups->count < KEEPER_GROUPS)
			groups->items[groups->count++] = change;
		return;
	}
	for (size_t i = 0; i < groups->count; i++) {
		if (groups->items[i] == -change) {
			groups->items[i] = groups->items[--groups->count];
			return;
		}
	}
}

/* True when the launcher has ended without a farewell. */
static bool keeper_watch(int pipe, struct groups *groups)
{
	for (;;) {
		pid_t change;
		ssize_t size = read(pipe, &change, sizeof change);
		if (size < 0 && errno == EINTR)
			continue;
		if (size != (ssize_t)sizeof change)
			return true;
		if (change == KEEPER_FAREWELL)
			return false;
		groups_change(groups, change);
	}
}

static void keeper_run(int pipe, const char *folder)
{
	setsid();
	prctl(PR_SET_NAME, "demo-keeper");
	prctl(PR_SET_PDEATHSIG, 0);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (dup2(pipe, STDIN_FILENO) < 0)
		_exit(1);
	int null = open("/dev/null", O_RDWR);
	dup2(null, STDOUT_FILENO); /* whoever reads the launcher's output waits for its end */
	dup2(null, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (chdir("/") < 0)
		_exit(1);

	struct groups groups = {0};
	if (!keeper_watch(STDIN_FILENO, &groups))
		_exit(0);
	for (size_t i = 0; i < groups.count; i++)
		kill(-groups.items[i], SIGKILL);
	/* The killed take a moment to end, and may write until then. */
	struct ump_error error;
	for (int attempt = 0; attempt < 100 && keeper_remove_folder(folder, &error) < 0; attempt++)
		usleep(20000);
	_exit(0);
}

int keeper_start(struct keeper *keeper, const char *folder, struct ump_error *error)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return ump_fail(error, UMP_FATAL, "cannot make a pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid < 0) {
		ump_fail(error, UMP_FATAL, "cannot start a process: %s", strerror(errno));
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (pid == 0) {
		close(ends[1]);
		keeper_run(ends[0], folder);
	}
	close(ends[0]);
	*keeper = (struct keeper){.pid = pid, .pipe = ends[1]};
	return 0;
}

/* Smaller than PIPE_BUF: whole or not at all. A keeper that was killed is no reason to stop. */
static void keeper_tell(const struct keeper *keeper, pid_t change)
{
	if (keeper->pid > 0 && write(keeper->pipe, &change, sizeof change) < 0)
		return;
}

void keeper_add(const struct keeper *keeper, pid_t group)
{
	keeper_tell(keeper, group);
}

void keeper_remove(const struct keeper *keeper, pid_t group)
{
	keeper_tell(keeper, -group);
}

void keeper_stop(struct keeper *keeper)
{
	if (keeper->pid <= 0)
		return;
	keeper_tell(keeper, KEEPER_FAREWELL);
	close(keeper->pipe);
	waitpid(keeper->pid, NULL, 0);
	keeper->pid = 0;
}
