/* The store in SQLite: the conformance of all stores, its lock, a full file, and a file that is something else. */
#include "common/memory.h"
#include "tests/unit/audit/store_conformance.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct store_settings usual = {.retention_us = 3600 * UMP_SECOND, .limit = INT64_C(1) << 30, .timeout_us = 10 * UMP_SECOND};

static void remove_database(const char *path)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		ump_cleanup_free char *file = ump_format("%s%s", path, endings[i]);
		unlink(file);
	}
}

static struct store *open_sqlite(void *context, struct ump_loop *loop, int64_t retention_us, bool fresh)
{
	struct store_settings settings = usual;
	struct store *store;
	struct ump_error error;

	settings.retention_us = retention_us;
	if (fresh)
		remove_database(context);
	cr_assert_eq(store_sqlite_open(&store, loop, context, &settings, &error), 0, "%s", error.text);
	return store;
}

/* A folder of its own for each test, named in a static buffer: tests are processes of their own. */
static const char *new_path(void)
{
	static char path[64] = "/tmp/umpire-store-XXXXXX";

	cr_assert_not_null(mkdtemp(path));
	strcat(path, "/store.db");
	return path;
}

static void clean(const char *path)
{
	ump_cleanup_free char *folder = ump_copy_bytes(path, strlen(path) - strlen("/store.db"));

	remove_database(path);
	cr_assert_eq(rmdir(folder), 0, "%s", folder);
}

#define MAKER(path_)                                                             \
	{                                                                        \
		.open = open_sqlite, .context = (void *)(path_), .durable = true \
	}

Test(store_sqlite, does_every_step)
{
	const struct store_maker maker = MAKER(new_path());

	conform_in_small(&maker);
	clean(maker.context);
}

Test(store_sqlite, answers_as_the_model_does, .timeout = 60)
{
	const struct store_maker maker = MAKER(new_path());

	conform_to_the_model(&maker, 7, 3000);
	clean(maker.context);
}

Test(store_sqlite, flags_the_same_in_any_order, .timeout = 60)
{
	const struct store_maker maker = MAKER(new_path());

	conform_in_any_order(&maker, 11);
	clean(maker.context);
}

Test(store_sqlite, forgets_after_the_retention)
{
	const struct store_maker maker = MAKER(new_path());

	conform_in_forgetting(&maker);
	clean(maker.context);
}

Test(store_sqlite, is_there_after_a_restart)
{
	const struct store_maker maker = MAKER(new_path());

	conform_in_durability(&maker);
	clean(maker.context);
}

Test(store_sqlite, a_second_one_is_refused)
{
	const char *path = new_path();
	struct ump_loop *loop;
	struct store *first, *second;
	struct ump_error error;

	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(store_sqlite_open(&first, loop, path, &usual, &error), 0);
	cr_assert_eq(store_sqlite_open(&second, loop, path, &usual, &error), -1);
	cr_assert_eq(error.kind, UMP_RETRY);
	cr_assert(strstr(error.text, "another process has this store open"), "%s", error.text);
	store_close(first);
	cr_assert_eq(store_sqlite_open(&second, loop, path, &usual, &error), 0, "%s", error.text);
	store_close(second);
	ump_loop_free(loop);
	clean(path);
}

Test(store_sqlite, a_file_of_something_else_is_left_alone)
{
	const char *path = new_path();
	struct ump_loop *loop;
	struct store *store;
	struct ump_error error;
	sqlite3 *other;

	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(sqlite3_open(path, &other), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(other, "PRAGMA user_version = 3; CREATE TABLE mine(x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	cr_assert_eq(store_sqlite_open(&store, loop, path, &usual, &error), -1);
	cr_assert(strstr(error.text, "expected a store of audit-fn"), "%s", error.text);
	FILE *file = fopen(path, "w");
	fputs("this is no database, and long enough to be seen as none by everyone who looks", file);
	for (int i = 0; i < 100; i++)
		fputs("................................................................", file);
	fclose(file);
	cr_assert_eq(store_sqlite_open(&store, loop, path, &usual, &error), -1);
	cr_assert(strstr(error.text, "not a database"), "%s", error.text);
	cr_assert_eq(store_sqlite_open(&store, loop, "/nowhere/store.db", &usual, &error), -1);
	cr_assert(strstr(error.text, "/nowhere/store.db"), "%s", error.text);
	ump_loop_free(loop);
	clean(path);
}

struct outcome {
	bool done, taken;
	struct ump_error error;
};

static void note(void *context, const struct ump_error *error)
{
	struct outcome *outcome = context;

	outcome->done = true;
	outcome->taken = !error;
	if (error)
		outcome->error = *error;
}

/* Updates of `count` players and windows of their own, from `first` on, in one apply. */
static struct outcome apply_many(struct ump_loop *loop, struct store *store, int64_t first, int64_t count)
{
	struct store_update *updates = ump_allocate((size_t)count, sizeof(*updates));
	struct outcome outcome = {0};

	for (int64_t i = 0; i < count; i++) {
		int64_t number = first + i;
		updates[i] = (struct store_update){.threshold = 10, .worth = 1, .closes_us = 100};
		memcpy(updates[i].player.bytes, &number, sizeof(number));
		memcpy(updates[i].window.bytes + 8, &number, sizeof(number));
	}
	store_apply(store, updates, (size_t)count, note, &outcome);
	while (!outcome.done)
		ump_loop_once(loop, UMP_SECOND);
	free(updates);
	return outcome;
}

Test(store_sqlite, is_not_ready_when_the_file_is_full_and_recovers, .timeout = 60)
{
	const char *path = new_path();
	struct store_settings small = usual;
	struct ump_loop *loop;
	struct store *store;
	struct ump_error error;
	struct outcome outcome = {.taken = true};
	char reason[160] = "";
	int64_t number = 0; /* thousand */

	small.limit = 100 * 4096;
	small.retention_us = 2 * UMP_SECOND;
	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(store_sqlite_open(&store, loop, path, &small, &error), 0, "%s", error.text);
	while (outcome.taken && number < 100)
		outcome = apply_many(loop, store, 1000 * number++, 1000);
	cr_assert_not(outcome.taken);
	cr_assert_eq(outcome.error.kind, UMP_RETRY);
	cr_assert(strstr(outcome.error.text, "full"), "%s", outcome.error.text);
	cr_assert_not(store_ready(store, reason, sizeof(reason)));
	cr_assert(strstr(reason, "full"), "%s", reason);
	int64_t until = ump_loop_clock() + 20 * UMP_SECOND;
	while (!store_ready(store, reason, sizeof(reason)) && ump_loop_clock() < until)
		ump_loop_once(loop, UMP_SECOND / 10);
	outcome = apply_many(loop, store, 0, 1);
	cr_assert(outcome.taken, "%s", outcome.error.text);
	store_close(store);
	ump_loop_free(loop);
	clean(path);
}

Test(store_sqlite, thirty_thousand_players_take_the_bytes_that_are_promised, .timeout = 120)
{
	const char *path = new_path();
	struct ump_loop *loop;
	struct store *store;
	struct ump_error error;
	struct stat file;

	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(store_sqlite_open(&store, loop, path, &usual, &error), 0, "%s", error.text);
	for (int64_t first = 0; first < 30000; first += 10000)
		cr_assert(apply_many(loop, store, first, 10000).taken);
	store_close(store); /* with what the log held */
	cr_assert_eq(stat(path, &file), 0);
	cr_assert_leq(file.st_size / 30000, 200, "%lld bytes a player", (long long)file.st_size / 30000);
	ump_loop_free(loop);
	clean(path);
}

Test(store_sqlite, a_disk_that_refuses_is_an_error_and_forgiven, .timeout = 60)
{
	const char *path = new_path();
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
	struct ump_loop *loop;
	struct store *store;
	struct ump_error error;
	char reason[160] = "";

	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(store_sqlite_open(&store, loop, path, &usual, &error), 0, "%s", error.text);
	cr_assert(apply_many(loop, store, 0, 10).taken);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0); /* every write to a file fails, as on a disk that is gone */
	struct outcome outcome = apply_many(loop, store, 10, 10);
	cr_assert_not(outcome.taken);
	cr_assert_eq(outcome.error.kind, UMP_RETRY);
	cr_assert_not(store_ready(store, reason, sizeof(reason)));
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
	int64_t until = ump_loop_clock() + 20 * UMP_SECOND;
	while (!store_ready(store, reason, sizeof(reason)) && ump_loop_clock() < until)
		ump_loop_once(loop, UMP_SECOND / 10);
	cr_assert(store_ready(store, reason, sizeof(reason)), "%s", reason);
	outcome = apply_many(loop, store, 10, 10);
	cr_assert(outcome.taken, "%s", outcome.error.text);
	store_close(store);
	ump_loop_free(loop);
	clean(path);
}

Test(store_sqlite, a_file_that_is_slow_is_an_error_after_the_timeout)
{
	const char *path = new_path();
	struct store_settings hasty = usual;
	struct ump_loop *loop;
	struct store *store;
	struct ump_error error;
	char reason[160];

	hasty.timeout_us = 1; /* no disk is as fast */
	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(store_sqlite_open(&store, loop, path, &hasty, &error), 0, "%s", error.text);
	struct outcome outcome = {0};
	for (int64_t i = 0; i < 100 && (!outcome.done || outcome.taken); i++)
		outcome = apply_many(loop, store, i, 1);
	cr_assert_not(outcome.taken);
	cr_assert(strstr(outcome.error.text, "did not answer within"), "%s", outcome.error.text);
	int64_t until = ump_loop_clock() + 20 * UMP_SECOND;
	while (!store_ready(store, reason, sizeof(reason)) && ump_loop_clock() < until)
		ump_loop_once(loop, UMP_SECOND / 10);
	cr_assert(store_ready(store, reason, sizeof(reason)), "ready again when the late answer came");
	store_close(store);
	ump_loop_free(loop);
	clean(path);
}
