/* deploy/laptop/keeper.h: cleans up after a launcher that could not do it itself.
 *
 * A process of its own that does nothing until the launcher ends: it learns the process groups that live, and when the launcher has gone
 * without a farewell (SIGKILL, a crash) it kills them and removes the folder of what only this run needs. */
#pragma once
#include "common/error.h"
#include <sys/types.h>

struct keeper {
	pid_t pid;
	int pipe; /* its end means that the launcher has ended */
};

/* Forks: call it before there are threads. `folder` is an absolute path. */
int keeper_start(struct keeper *keeper, const char *folder, struct ump_error *error);

/* A process group lives, or has ended. */
void keeper_add(const struct keeper *keeper, pid_t group);
void keeper_remove(const struct keeper *keeper, pid_t group);

/* Says farewell and waits for its end; the groups and the folder are the caller's then. */
void keeper_stop(struct keeper *keeper);

/* Removes a folder with all that is in it; one that is not there is no error. */
int keeper_remove_folder(const char *folder, struct ump_error *error);
