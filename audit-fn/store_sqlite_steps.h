/* audit-fn/store_sqlite_steps.h: what the SQLite store does inside its database: the steps of store.h, as statements.
 *
 * Blocks. Used by one thread at a time. */
#pragma once
#include "audit-fn/store.h"
#include "common/buffer.h"

/* What is done between begin and commit: updates, or a sweep. */
struct sqlite_work {
	struct store_update *updates; /* copies; latches are views of `latches` after the work */
	size_t count;
	struct ump_buffer replies; /* what the updates' replies view */
	struct ump_buffer latches;
	int64_t now_us; /* wall time */
	bool is_sweep;
	bool with_probe; /* fails where the file is as good as full; a sweep without writes nothing as long as nothing has expired */
};

void sqlite_work_copy(struct sqlite_work *work, const struct store_update *updates, size_t count, int64_t now_us);
void sqlite_work_release(struct sqlite_work *work);

struct sqlite_steps;

/* Opens or creates the file and locks it until it is closed. `limit`: bytes of the file, at most. Where another process has it the error
 * is UMP_RETRY. */
int sqlite_steps_open(struct sqlite_steps **ret_steps, const char *path, int64_t retention_us, int64_t limit, struct ump_error *error);
void sqlite_steps_close(struct sqlite_steps *steps);

int sqlite_begin(struct sqlite_steps *steps, struct ump_error *error);
int sqlite_work(struct sqlite_steps *steps, struct sqlite_work *work, struct ump_error *error);
int sqlite_commit(struct sqlite_steps *steps, struct ump_error *error);
void sqlite_rollback(struct sqlite_steps *steps);
