/* audit-fn/store_sqlite_steps.c: see store_sqlite_steps.h.
 *
 * `touched` is kept in units of a 64th of the retention, rounded up: state that is touched all the time then changes its place in the index
 * by which it is forgotten only when a unit has passed, and lives up to two units longer, never shorter. */
#include "audit-fn/store_sqlite_steps.h"
#include "common/memory.h"
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define UNITS       64
#define SWEEP_ROWS  "1000"       /* at a time: a sweep holds up the updates behind it */
#define APPLICATION "1431130194" /* "UMPR": in the file's header */

static const char schema[] =
	"CREATE TABLE player(id BLOB PRIMARY KEY, watermark INTEGER NOT NULL, touched INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE window(id BLOB PRIMARY KEY, sum INTEGER NOT NULL, event BLOB, reply BLOB, touched INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE part(window BLOB, event BLOB, worth INTEGER NOT NULL, PRIMARY KEY(window, event)) WITHOUT ROWID;"
	"CREATE TABLE probe(filler BLOB);"
	"CREATE INDEX player_touched ON player(touched);"
	"CREATE INDEX window_touched ON window(touched);"
	"PRAGMA application_id = " APPLICATION ";"
	"PRAGMA user_version = 1;";

enum statement {
	RAISE_WATERMARK,
	FIND_WINDOW,
	TOUCH_WINDOW,
	FIND_PART,
	PUT_PART,
	ADD_TO_WINDOW,
	LATCH_WINDOW,
	DROP_PARTS,
	SWEEP_PLAYERS,
	SWEEP_PARTS,
	SWEEP_WINDOWS,
	PROBE,
	FORGET_PROBE,
	STATEMENTS
};

static const char *const texts[STATEMENTS] = {
	[RAISE_WATERMARK] = "INSERT INTO player VALUES(?1, ?2, ?3) ON CONFLICT(id) DO UPDATE SET"
			    " watermark = max(watermark, excluded.watermark), touched = max(touched, excluded.touched) RETURNING watermark",
	[FIND_WINDOW] = "SELECT sum, touched, event, reply FROM window WHERE id = ?1",
	[TOUCH_WINDOW] = "UPDATE window SET touched = ?2 WHERE id = ?1",
	[FIND_PART] = "SELECT worth FROM part WHERE window = ?1 AND event = ?2",
	[PUT_PART] = "INSERT INTO part VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET worth = excluded.worth",
	[ADD_TO_WINDOW] = "INSERT INTO window(id, sum, touched) VALUES(?1, ?2, ?3) ON CONFLICT(id) DO UPDATE SET"
			  " sum = sum + excluded.sum, touched = max(touched, excluded.touched)",
	[LATCH_WINDOW] = "INSERT INTO window(id, sum, event, reply, touched) VALUES(?1, 0, ?2, ?3, ?4) ON CONFLICT(id) DO UPDATE SET"
			 " event = excluded.event, reply = excluded.reply, touched = max(touched, excluded.touched)",
	[DROP_PARTS] = "DELETE FROM part WHERE window = ?1",
	[SWEEP_PLAYERS] = "DELETE FROM player WHERE id IN (SELECT id FROM player WHERE touched < ?1 LIMIT " SWEEP_ROWS ")",
	[SWEEP_PARTS] =
		"DELETE FROM part WHERE window IN (SELECT id FROM window WHERE touched < ?1 ORDER BY touched, id LIMIT " SWEEP_ROWS ")",
	[SWEEP_WINDOWS] =
		"DELETE FROM window WHERE id IN (SELECT id FROM window WHERE touched < ?1 ORDER BY touched, id LIMIT " SWEEP_ROWS ")",
	[PROBE] = "INSERT INTO probe VALUES(zeroblob(65536))",
	[FORGET_PROBE] = "DELETE FROM probe",
};

struct sqlite_steps {
	sqlite3 *database;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t unit_us;
};

/* ---- The thread's input ---- */

void sqlite_work_copy(struct sqlite_work *work, const struct store_update *updates, size_t count, int64_t now_us)
{
	size_t at = 0;

	work->updates = ump_allocate(count, sizeof(*work->updates));
	work->count = count;
	work->now_us = now_us;
	memcpy(work->updates, updates, count * sizeof(*updates));
	for (size_t i = 0; i < count; i++)
		ump_buffer_add_text(&work->replies, updates[i].reply);
	for (size_t i = 0; i < count; at += updates[i++].reply.size)
		work->updates[i].reply.start = work->replies.start + at;
}

void sqlite_work_release(struct sqlite_work *work)
{
	free(work->updates);
	ump_buffer_release(&work->replies);
	ump_buffer_release(&work->latches);
}

/* ---- Statements ---- */

static int failed(const struct sqlite_steps *steps, struct ump_error *error)
{
	return ump_fail(error, UMP_RETRY, "SQLite: %s", sqlite3_errmsg(steps->database));
}

static sqlite3_stmt *prepare(struct sqlite_steps *steps, enum statement which)
{
	sqlite3_reset(steps->statements[which]);
	return steps->statements[which];
}

static void bind_digest(sqlite3_stmt *statement, int place, const struct digest *digest)
{
	sqlite3_bind_blob(statement, place, digest->bytes, DIGEST_SIZE, SQLITE_STATIC);
}

/* Runs a statement without rows. */
static int run(struct sqlite_steps *steps, sqlite3_stmt *statement, struct ump_error *error)
{
	int result = sqlite3_step(statement);

	sqlite3_reset(statement);
	return result == SQLITE_DONE ? 0 : failed(steps, error);
}

static int execute(struct sqlite_steps *steps, const char *text, struct ump_error *error)
{
	return sqlite3_exec(steps->database, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(steps, error);
}

/* ---- The steps of an update ---- */

static int raise_watermark(struct sqlite_steps *steps, const struct store_update *update, int64_t unit, int64_t *ret_watermark,
			   struct ump_error *error)
{
	sqlite3_stmt *statement = prepare(steps, RAISE_WATERMARK);

	bind_digest(statement, 1, &update->player);
	sqlite3_bind_int64(statement, 2, update->time_us);
	sqlite3_bind_int64(statement, 3, unit);
	if (sqlite3_step(statement) != SQLITE_ROW)
		return failed(steps, error);
	*ret_watermark = sqlite3_column_int64(statement, 0);
	return run(steps, statement, error);
}

struct window_row {
	int64_t sum, touched;
	bool there, latched;
};

/* Reads the window; the latch of a flagged one goes into the update. */
static int find_window(struct sqlite_steps *steps, struct sqlite_work *work, struct store_update *update, struct window_row *ret_row,
		       struct ump_error *error)
{
	sqlite3_stmt *statement = prepare(steps, FIND_WINDOW);

	*ret_row = (struct window_row){0};
	bind_digest(statement, 1, &update->window);
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		size_t size = (size_t)sqlite3_column_bytes(statement, 3);
		ret_row->there = true;
		ret_row->sum = sqlite3_column_int64(statement, 0);
		ret_row->touched = sqlite3_column_int64(statement, 1);
		ret_row->latched = sqlite3_column_type(statement, 3) != SQLITE_NULL;
		if (ret_row->latched) {
			update->flagged_here = sqlite3_column_bytes(statement, 2) == DIGEST_SIZE &&
					       memcmp(sqlite3_column_blob(statement, 2), update->event.bytes, DIGEST_SIZE) == 0;
			/* An offset for now: the buffer may move until the work is done. */
			update->latch = (struct ump_text){(const char *)(uintptr_t)work->latches.size, size};
			ump_buffer_add(&work->latches, sqlite3_column_blob(statement, 3), size);
		}
	}
	sqlite3_reset(statement);
	return result == SQLITE_ROW || result == SQLITE_DONE ? 0 : failed(steps, error);
}

static int known_worth(struct sqlite_steps *steps, const struct store_update *update, int64_t *ret_worth, struct ump_error *error)
{
	sqlite3_stmt *statement = prepare(steps, FIND_PART);

	bind_digest(statement, 1, &update->window);
	bind_digest(statement, 2, &update->event);
	int result = sqlite3_step(statement);
	*ret_worth = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result == SQLITE_ROW || result == SQLITE_DONE ? 0 : failed(steps, error);
}

static int latch_window(struct sqlite_steps *steps, struct sqlite_work *work, struct store_update *update, int64_t unit,
			struct ump_error *error)
{
	sqlite3_stmt *latch = prepare(steps, LATCH_WINDOW);
	sqlite3_stmt *drop = prepare(steps, DROP_PARTS);

	bind_digest(latch, 1, &update->window);
	bind_digest(latch, 2, &update->event);
	sqlite3_bind_blob64(latch, 3, update->reply.start, update->reply.size, SQLITE_STATIC);
	sqlite3_bind_int64(latch, 4, unit);
	bind_digest(drop, 1, &update->window);
	update->result = STORE_FLAGGED;
	update->flagged_here = true;
	update->latch = (struct ump_text){(const char *)(uintptr_t)work->latches.size, update->reply.size};
	ump_buffer_add_text(&work->latches, update->reply);
	return run(steps, latch, error) < 0 || run(steps, drop, error) < 0 ? -1 : 0;
}

static int count_part(struct sqlite_steps *steps, const struct store_update *update, int64_t more, int64_t unit, struct ump_error *error)
{
	sqlite3_stmt *part = prepare(steps, PUT_PART);
	sqlite3_stmt *window = prepare(steps, ADD_TO_WINDOW);

	bind_digest(part, 1, &update->window);
	bind_digest(part, 2, &update->event);
	sqlite3_bind_int64(part, 3, update->worth);
	bind_digest(window, 1, &update->window);
	sqlite3_bind_int64(window, 2, more);
	sqlite3_bind_int64(window, 3, unit);
	return run(steps, window, error) < 0 || (more > 0 && run(steps, part, error) < 0) ? -1 : 0;
}

static int apply_one(struct sqlite_steps *steps, struct sqlite_work *work, struct store_update *update, struct ump_error *error)
{
	int64_t unit = work->now_us / steps->unit_us + 1;
	int64_t watermark = 0;
	int64_t known;
	struct window_row row;

	update->result = STORE_OPEN;
	update->flagged_here = false;
	if (raise_watermark(steps, update, unit, &watermark, error) < 0 || find_window(steps, work, update, &row, error) < 0)
		return -1;
	if (row.latched) {
		sqlite3_stmt *touch = prepare(steps, TOUCH_WINDOW);
		update->result = STORE_FLAGGED;
		bind_digest(touch, 1, &update->window);
		sqlite3_bind_int64(touch, 2, unit);
		return row.touched < unit ? run(steps, touch, error) : 0;
	}
	if (watermark > update->closes_us) {
		update->result = STORE_LATE;
		return 0;
	}
	if (update->worth == 0)
		return 0;
	if (known_worth(steps, update, &known, error) < 0)
		return -1;
	int64_t more = update->worth > known ? update->worth - known : 0;
	if (row.sum + more > update->threshold)
		return latch_window(steps, work, update, unit, error);
	return more > 0 || row.touched < unit ? count_part(steps, update, more, unit, error) : 0;
}

static int sweep(struct sqlite_steps *steps, int64_t now_us, struct ump_error *error)
{
	static const enum statement order[] = {SWEEP_PLAYERS, SWEEP_PARTS, SWEEP_WINDOWS};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		sqlite3_stmt *statement = prepare(steps, order[i]);
		sqlite3_bind_int64(statement, 1, now_us / steps->unit_us - UNITS);
		if (run(steps, statement, error) < 0)
			return -1;
	}
	return 0;
}

/* Whether there is room for more than a little. */
static int probe(struct sqlite_steps *steps, struct ump_error *error)
{
	return run(steps, prepare(steps, PROBE), error) < 0 || run(steps, prepare(steps, FORGET_PROBE), error) < 0 ? -1 : 0;
}

int sqlite_work(struct sqlite_steps *steps, struct sqlite_work *work, struct ump_error *error)
{
	if (work->is_sweep)
		return sweep(steps, work->now_us, error) < 0 || (work->with_probe && probe(steps, error) < 0) ? -1 : 0;
	for (size_t i = 0; i < work->count; i++)
		if (apply_one(steps, work, &work->updates[i], error) < 0)
			return -1;
	for (size_t i = 0; i < work->count; i++)
		if (work->updates[i].result == STORE_FLAGGED)
			work->updates[i].latch.start = work->latches.start + (uintptr_t)work->updates[i].latch.start;
	return 0;
}

/* ---- Transactions, opening, closing ---- */

int sqlite_begin(struct sqlite_steps *steps, struct ump_error *error)
{
	return execute(steps, "BEGIN IMMEDIATE", error);
}

int sqlite_commit(struct sqlite_steps *steps, struct ump_error *error)
{
	return execute(steps, "COMMIT", error);
}

/* After some failures (a full disk) SQLite has rolled back already, so an error here means nothing. */
void sqlite_rollback(struct sqlite_steps *steps)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_reset(steps->statements[i]);
	if (!sqlite3_get_autocommit(steps->database))
		sqlite3_exec(steps->database, "ROLLBACK", NULL, NULL, NULL);
}

static int read_pragma(struct sqlite_steps *steps, const char *text, int64_t *ret_value, struct ump_error *error)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(steps->database, text, -1, &statement, NULL) != SQLITE_OK)
		return failed(steps, error);
	int result = sqlite3_step(statement);
	*ret_value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : failed(steps, error);
}

/* Takes the lock and keeps it: with locking_mode=EXCLUSIVE the first write does, until the database is closed. */
static int lock_and_check(struct sqlite_steps *steps, const char *path, int64_t limit, struct ump_error *error)
{
	int64_t application;
	int64_t version;
	int64_t page_size;

	if (execute(steps, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
		    error) < 0) {
		int code = sqlite3_errcode(steps->database);
		if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
			return ump_fail(error, UMP_RETRY, "%s: another process has this store open: SQLite is for one only", path);
		return -1;
	}
	if (read_pragma(steps, "PRAGMA application_id", &application, error) < 0 ||
	    read_pragma(steps, "PRAGMA user_version", &version, error) < 0 || read_pragma(steps, "PRAGMA page_size", &page_size, error) < 0)
		return -1;
	if (application == 0 && version == 0) {
		if (execute(steps, schema, error) < 0)
			return -1;
	} else if (application != atoll(APPLICATION) || version != 1) {
		return ump_fail(error, UMP_FATAL, "%s: expected a store of audit-fn, version 1; found another SQLite database", path);
	}
	char pages[64];
	snprintf(pages, sizeof(pages), "COMMIT; PRAGMA max_page_count = %lld",
		 (long long)(limit / page_size > 16 ? limit / page_size : 16));
	return execute(steps, pages, error);
}

int sqlite_steps_open(struct sqlite_steps **ret_steps, const char *path, int64_t retention_us, int64_t limit, struct ump_error *error)
{
	struct sqlite_steps *steps = ump_allocate(1, sizeof(*steps));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	steps->unit_us = retention_us / UNITS > 0 ? retention_us / UNITS : 1;
	int opened = sqlite3_open_v2(path, &steps->database, flags, NULL);
	if (opened != SQLITE_OK || lock_and_check(steps, path, limit, error) < 0) {
		if (opened != SQLITE_OK)
			ump_fail(error, UMP_FATAL, "%s: %s", path, sqlite3_errmsg(steps->database));
		else
			ump_error_prefix(error, "the store");
		sqlite_steps_close(steps);
		return -1;
	}
	for (size_t i = 0; i < STATEMENTS; i++) {
		if (sqlite3_prepare_v3(steps->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &steps->statements[i], NULL) == SQLITE_OK)
			continue;
		failed(steps, error);
		sqlite_steps_close(steps);
		return -1;
	}
	*ret_steps = steps;
	return 0;
}

void sqlite_steps_close(struct sqlite_steps *steps)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(steps->statements[i]);
	sqlite3_close(steps->database);
	free(steps);
}
