/* audit-fn/store.h: what the rules over windows remember.
 *
 * The state of one (rule, player, window) is the set of its events that count, as digests with what each is worth, until their sum passes
 * the threshold: then it is a latch, which keeps the complete reply. A union of sets is commutative and idempotent, so redelivery, order
 * and replicas do not change what is flagged. Of each (rule, player) there is a watermark: the latest event time.
 *
 * All stores do the same (tests/unit/audit/store_test.c runs on each): for every update, in their order,
 *   1. the watermark rises to the event's time;
 *   2. a latched window answers its latch, whoever asks, however late;
 *   3. an event whose window closes below the watermark is late, and changes nothing;
 *   4. else the event joins the set (once; of two worths the larger counts); worth 0 is not kept;
 *   5. a sum above the threshold makes the latch out of `reply` and `event`.
 * What was not touched for the retention is forgotten, never earlier. */
#pragma once
#include "audit-fn/digest.h"
#include "common/error.h"
#include "common/loop/loop.h"
#include <stdbool.h>

enum store_result {
	STORE_OPEN,   /* counted, or worth nothing; the window is not flagged */
	STORE_LATE,   /* not counted */
	STORE_FLAGGED /* the window is flagged, by this update or before */
};

struct store_update {
	/* Set by the caller; views hold until `done`. */
	struct digest player; /* whose watermark it is: of rule and player */
	struct digest window; /* of rule, player and window */
	struct digest event;
	int64_t time_us;       /* event time */
	int64_t closes_us;     /* the window is closed for this event when the watermark is above this */
	uint32_t worth;        /* from 0 to threshold + 1: what is more makes no difference */
	uint32_t threshold;    /* up to 1000 */
	struct ump_text reply; /* the latch, should this update flag the window */

	/* Set by the store; valid during `done`. */
	enum store_result result;
	bool flagged_here;     /* the window was flagged by this very event, now or at an earlier delivery */
	struct ump_text latch; /* of a flagged window: the complete reply */
};

/* `error` NULL: all updates are applied, and durable as far as the store is. Else none of the results holds; applying the updates again is
 * right, whatever became of them. Called exactly once, perhaps before store_apply() returns. */
typedef void store_done_fn(void *context, const struct ump_error *error);

struct store;

struct store_methods {
	void (*apply)(struct store *store, struct store_update *updates, size_t count, store_done_fn *done, void *context);
	bool (*ready)(const struct store *store, char *reason, size_t reason_size);
	void (*close)(struct store *store);
};

struct store { /* the first member of each store's own structure */
	const struct store_methods *methods;
};

static inline void store_apply(struct store *store, struct store_update *updates, size_t count, store_done_fn *done, void *context)
{
	store->methods->apply(store, updates, count, done, context);
}

/* Whether updates have a chance now; else the reason, as a sentence without full stop. */
static inline bool store_ready(const struct store *store, char *reason, size_t reason_size)
{
	return store->methods->ready(store, reason, reason_size);
}

/* Only when no apply is under way. Accepts NULL. */
static inline void store_close(struct store *store)
{
	if (store)
		store->methods->close(store);
}

struct store_settings {
	int64_t retention_us;
	int64_t limit;             /* bytes: of the memory, of the file */
	int64_t timeout_us;        /* for an answer, of stores that may be slow */
	const char *prefix;        /* of keys, where others use the same store */
	const char *password_file; /* of Redis; NULL: none */
};

/* "memory", "sqlite:PATH" or "redis://HOST:PORT[/DATABASE]". An error is UMP_RETRY where it may go well later. */
int store_open(struct store **ret_store, struct ump_loop *loop, const char *where, const struct store_settings *settings,
	       struct ump_error *error);

/* Whether store_open() would understand `where`. */
int store_check(const char *where, struct ump_error *error);

/* Where state is kept when nobody says: "sqlite:PATH" in $STATE_DIRECTORY (systemd's), else in $XDG_STATE_HOME/umpire, else in
 * ~/.local/state/umpire. free() releases it. NULL where the environment names none of them. */
char *store_default(struct ump_error *error);

/* Makes the folders of the file that store_default() names. */
int store_make_folder(const char *where, struct ump_error *error);

/* In this process' memory: gone when it ends, seen by no other replica. At the limit updates fail until something is forgotten. */
int store_memory_open(struct store **ret_store, struct ump_loop *loop, const struct store_settings *settings, struct ump_error *error);

/* In a file, for one process at a time. */
int store_sqlite_open(struct store **ret_store, struct ump_loop *loop, const char *path, const struct store_settings *settings,
		      struct ump_error *error);

struct store_redis_server {
	char *host;
	int port, database;
};

/* In Redis or Valkey. Opening does not wait for the connection: until it is there updates fail. */
int store_redis_open(struct store **ret_store, struct ump_loop *loop, const struct store_redis_server *server,
		     const struct store_settings *settings, struct ump_error *error);
