/* audit-fn/store_redis.c: the state in Redis or Valkey, for any number of replicas.
 *
 * hiredis' asynchronous client inside the loop. The steps of store.h are one script, which the server runs atomically for each update; a
 * job's updates go out together and its answers are counted. A player's watermark and its windows have the player's digest in braces, so
 * that a script's keys are in one slot. Expiry is the server's: each touch sets it anew.
 *
 * How durable it is, is the server's configuration (appendonly, appendfsync); a policy that evicts keys is warned of, since it would forget
 * early. While there is no connection updates fail at once, and a connection is tried again with growing pauses. A probe once a second
 * finds out whether a server that refused writes, or hangs, takes them. */
#include "audit-fn/redis_watch.h"
#include "audit-fn/store.h"
#include "audit-fn/store_redis_script.h"
#include "common/buffer.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAUSE_FIRST (100 * UMP_MILLISECOND)
#define PAUSE_MOST  (5 * UMP_SECOND)
#define PROBE_EVERY UMP_SECOND

struct redis_store {
	struct store base;
	struct ump_loop *loop;
	char *host, *prefix, *password_file; /* the last may be NULL */
	int port, database;
	int64_t retention_us, timeout_us;
	redisAsyncContext *connection; /* NULL: none */
	bool usable;                   /* connected, and the script is loaded */
	bool closing;
	bool probing;
	char sha[41];
	struct redis_watch watch;
	struct ump_timer again, probe, probe_deadline;
	int64_t pause_us;
	bool ready;
	char reason[160];
	struct redis_job *jobs; /* under way */
};

struct redis_job {
	struct redis_job *next, *previous;
	struct redis_store *store;
	struct store_update *updates; /* NULL: the time was over */
	size_t count, answered;
	struct ump_buffer latches;
	struct ump_timer deadline;
	bool failed;
	struct ump_error error;
	store_done_fn *done;
	void *context;
};

/* One script call: the private data of its callback. */
struct redis_call {
	struct redis_job *job;
	size_t index;
};

static void connect_again(void *context);
static void load_script(struct redis_store *store);

/* ---- Health ---- */

static void set_unready(struct redis_store *store, const char *reason)
{
	if (store->ready && !store->closing)
		ump_log(UMP_LOG_WARNING, "store not ready", UMP_LOG_S("reason", reason));
	store->ready = false;
	snprintf(store->reason, sizeof(store->reason), "%s", reason);
}

static void set_ready(struct redis_store *store)
{
	if (!store->ready)
		ump_log(UMP_LOG_INFO, "store ready", UMP_LOG_S("host", store->host), UMP_LOG_I("port", store->port));
	store->ready = true;
	store->pause_us = PAUSE_FIRST;
}

/* The connection is of no use: frees it, which ends all calls with no answer, and tries again later. */
static void drop_connection(struct redis_store *store, const char *reason)
{
	redisAsyncContext *connection = ump_steal(store->connection);

	set_unready(store, reason);
	store->usable = false;
	store->probing = false;
	ump_timer_cancel(store->loop, &store->probe_deadline);
	if (connection)
		redisAsyncFree(connection);
	if (store->closing)
		return;
	ump_timer_set(store->loop, &store->again, ump_loop_now(store->loop) + store->pause_us, connect_again, store);
	store->pause_us = 2 * store->pause_us < PAUSE_MOST ? 2 * store->pause_us : PAUSE_MOST;
}

static void probe_too_late(void *context)
{
	drop_connection(context, "Redis does not answer");
}

static void probed(redisAsyncContext *connection, void *answer, void *context)
{
	struct redis_store *store = context;
	const redisReply *reply = answer;

	if (!reply)
		return;
	store->probing = false;
	ump_timer_cancel(store->loop, &store->probe_deadline);
	/* A server without memory stays the right one. One that has become a replica, or loads its data, may be another by the next try. */
	if (reply->type != REDIS_REPLY_ERROR)
		set_ready(store);
	else if (strncmp(reply->str, "OOM", 3) == 0)
		set_unready(store, reply->str);
	else if (connection == store->connection)
		drop_connection(store, reply->str);
}

static void probe(void *context)
{
	struct redis_store *store = context;

	ump_timer_set(store->loop, &store->probe, ump_loop_now(store->loop) + PROBE_EVERY, probe, store);
	if (!store->usable || store->probing)
		return;
	if (redisAsyncCommand(store->connection, probed, store, "SET %sprobe 1 PX 60000", store->prefix) != REDIS_OK)
		return;
	store->probing = true;
	ump_timer_set(store->loop, &store->probe_deadline, ump_loop_now(store->loop) + store->timeout_us, probe_too_late, store);
}

/* ---- Jobs ---- */

static void job_answer(struct redis_job *job, const struct ump_error *error)
{
	ump_timer_cancel(job->store->loop, &job->deadline);
	job->updates = NULL;
	job->done(job->context, error);
}

static void job_free(struct redis_job *job)
{
	*(job->previous ? &job->previous->next : &job->store->jobs) = job->next;
	if (job->next)
		job->next->previous = job->previous;
	ump_timer_cancel(job->store->loop, &job->deadline);
	ump_buffer_release(&job->latches);
	free(job);
}

static void job_end(struct redis_job *job)
{
	if (job->updates && job->failed) {
		job_answer(job, &job->error);
	} else if (job->updates) {
		for (size_t i = 0; i < job->count; i++)
			if (job->updates[i].result == STORE_FLAGGED)
				job->updates[i].latch.start = job->latches.start + (uintptr_t)job->updates[i].latch.start;
		job_answer(job, NULL);
	}
	job_free(job);
}

static void job_too_late(void *context)
{
	struct redis_job *job = context;
	struct ump_error error;

	ump_fail(&error, UMP_RETRY, "the store did not answer within %lld ms", (long long)(job->store->timeout_us / 1000));
	set_unready(job->store, error.text);
	job_answer(job, &error);
}

/* The script's answer: {result}, or {2, flagged here, latch}. */
static bool read_answer(struct redis_job *job, struct store_update *update, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 1 || reply->element[0]->type != REDIS_REPLY_INTEGER)
		return false;
	switch (reply->element[0]->integer) {
	case 0:
		update->result = STORE_OPEN;
		return true;
	case 1:
		update->result = STORE_LATE;
		return true;
	case 2:
		if (reply->elements != 3 || reply->element[1]->type != REDIS_REPLY_INTEGER || reply->element[2]->type != REDIS_REPLY_STRING)
			return false;
		update->result = STORE_FLAGGED;
		update->flagged_here = reply->element[1]->integer == 1;
		/* An offset until all answers are there: the buffer may move. */
		update->latch = (struct ump_text){(const char *)(uintptr_t)job->latches.size, (size_t)reply->element[2]->len};
		ump_buffer_add(&job->latches, reply->element[2]->str, (size_t)reply->element[2]->len);
		return true;
	default:
		return false;
	}
}

static void answered(redisAsyncContext *connection, void *answer, void *context)
{
	struct redis_call *call = context;
	struct redis_job *job = call->job;
	struct redis_store *store = job->store;
	const redisReply *reply = answer;

	(void)connection;
	if (job->failed) {
		/* The first reason is the one that is told. */
	} else if (!reply) {
		job->failed = true;
		ump_fail(&job->error, UMP_RETRY, "the connection to Redis was lost");
	} else if (reply->type == REDIS_REPLY_ERROR) {
		job->failed = true;
		ump_fail(&job->error, UMP_RETRY, "Redis: %s", reply->str);
		set_unready(store, job->error.text);
		if (strncmp(reply->str, "NOSCRIPT", 8) == 0 && store->usable)
			load_script(store);
	} else if (job->updates && !read_answer(job, &job->updates[call->index], reply)) {
		job->failed = true;
		ump_fail(&job->error, UMP_RETRY, "Redis gave an answer that the script does not give");
	}
	free(call);
	if (++job->answered == job->count)
		job_end(job);
}

/* Times as digits of the same number, so that the script compares them as text: its numbers are exact to 2^53 only. */
static void sortable(int64_t time, char ret_text[static 24])
{
	snprintf(ret_text, 24, "%020llu", (unsigned long long)time + (UINT64_C(1) << 63));
}

static int send_update(struct redis_store *store, struct redis_call *call, const struct store_update *update)
{
	char player[DIGEST_HEX_SIZE], window[DIGEST_HEX_SIZE], time[24], closes[24];

	digest_to_hex(&update->player, player);
	digest_to_hex(&update->window, window);
	sortable(update->time_us, time);
	sortable(update->closes_us, closes);
	return redisAsyncCommand(store->connection, answered, call, "EVALSHA %s 2 %s{%s} %s{%s}:%s %b %s %s %u %u %b %lld", store->sha,
				 store->prefix, player, store->prefix, player, window, update->event.bytes, (size_t)DIGEST_SIZE, time,
				 closes, update->worth, update->threshold, update->reply.start, update->reply.size,
				 (long long)(store->retention_us / 1000));
}

static void redis_apply(struct store *base, struct store_update *updates, size_t count, store_done_fn *done, void *context)
{
	struct redis_store *store = (struct redis_store *)base;
	struct ump_error error;

	if (!store->usable) {
		ump_fail(&error, UMP_RETRY, "%s", store->reason);
		done(context, &error);
		return;
	}
	struct redis_job *job = ump_allocate(1, sizeof(*job));
	*job = (struct redis_job){
		.next = store->jobs, .store = store, .updates = updates, .count = count, .done = done, .context = context};
	if (job->next)
		job->next->previous = job;
	store->jobs = job;
	ump_timer_set(store->loop, &job->deadline, ump_loop_now(store->loop) + store->timeout_us, job_too_late, job);
	for (size_t i = 0; i < count; i++) {
		struct redis_call *call = ump_allocate(1, sizeof(*call));
		*call = (struct redis_call){job, i};
		if (send_update(store, call, &updates[i]) != REDIS_OK)
			answered(store->connection, NULL, call);
	}
}

/* ---- Connecting ---- */

static void policy_known(redisAsyncContext *connection, void *answer, void *context)
{
	const redisReply *reply = answer;

	(void)connection;
	(void)context;
	if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_STRING)
		return; /* managed servers do not tell */
	if (strcmp(reply->element[1]->str, "noeviction") != 0)
		ump_log(UMP_LOG_WARNING, "the store may forget early: maxmemory-policy should be noeviction",
			UMP_LOG_S("policy", reply->element[1]->str));
}

static void script_loaded(redisAsyncContext *connection, void *answer, void *context)
{
	struct redis_store *store = context;
	const redisReply *reply = answer;

	if (!reply || connection != store->connection)
		return;
	if (reply->type != REDIS_REPLY_STRING || (size_t)reply->len >= sizeof(store->sha)) {
		drop_connection(store, reply->type == REDIS_REPLY_ERROR ? reply->str : "Redis did not take the script");
		return;
	}
	memcpy(store->sha, reply->str, (size_t)reply->len + 1);
	store->usable = true;
	probe(store);
}

static void load_script(struct redis_store *store)
{
	redisAsyncCommand(store->connection, script_loaded, store, "SCRIPT LOAD %s", store_redis_script);
}

/* Refused by a password, or in another database with another state, it is of no use. */
static void admitted(redisAsyncContext *connection, void *answer, void *context)
{
	const redisReply *reply = answer;

	if (reply && reply->type == REDIS_REPLY_ERROR && connection == ((struct redis_store *)context)->connection)
		drop_connection(context, reply->str);
}

/* Read for each connection, so that a password can be replaced behind our back. White space around it is none of it. */
static int send_password(struct redis_store *store)
{
	char password[1024];
	int fd = open(store->password_file, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, password, sizeof(password));

	if (fd >= 0)
		close(fd);
	if (size < 0)
		return -1;
	struct ump_text text = ump_text_trim((struct ump_text){password, (size_t)size});
	int result = redisAsyncCommand(store->connection, admitted, store, "AUTH %b", text.start, text.size);
	explicit_bzero(password, sizeof(password));
	return result == REDIS_OK ? 0 : -1;
}

static void without_password(void *context)
{
	drop_connection(context, "the file with the password of Redis cannot be read");
}

static void connected(const redisAsyncContext *connection, int status)
{
	struct redis_store *store = connection->data;

	if (connection != store->connection)
		return;
	if (status != REDIS_OK) {
		/* hiredis frees the context itself after a connect that failed. */
		store->connection = NULL;
		drop_connection(store, connection->errstr);
		return;
	}
	if (store->password_file && send_password(store) < 0) {
		/* hiredis goes on with the connection after this callback, so it cannot be freed here. */
		ump_timer_set(store->loop, &store->probe_deadline, ump_loop_now(store->loop), without_password, store);
		return;
	}
	if (store->database > 0)
		redisAsyncCommand(store->connection, admitted, store, "SELECT %d", store->database);
	load_script(store);
	redisAsyncCommand(store->connection, policy_known, store, "CONFIG GET maxmemory-policy");
}

static void disconnected(const redisAsyncContext *connection, int status)
{
	struct redis_store *store = connection->data;

	(void)status;
	if (connection != store->connection)
		return;
	store->connection = NULL; /* hiredis frees it */
	drop_connection(store, "the connection to Redis was lost");
}

static void connect_again(void *context)
{
	struct redis_store *store = context;
	redisAsyncContext *connection = redisAsyncConnect(store->host, store->port);
	struct ump_error error;

	if (!connection || connection->err || redis_watch_attach(&store->watch, store->loop, connection, &error) < 0) {
		char reason[160];
		snprintf(reason, sizeof(reason), "Redis: %s",
			 connection && connection->err ? connection->errstr : "no connection can be made");
		if (connection)
			redisAsyncFree(connection);
		drop_connection(store, reason);
		return;
	}
	store->connection = connection;
	connection->data = store;
	redisAsyncSetDisconnectCallback(connection, disconnected);
	redisAsyncSetConnectCallback(connection, connected); /* asks to be told when it can write: last */
}

/* ---- The store ---- */

static bool redis_ready(const struct store *base, char *reason, size_t reason_size)
{
	const struct redis_store *store = (const struct redis_store *)base;

	if (!store->ready)
		snprintf(reason, reason_size, "%s", store->reason);
	return store->ready;
}

static void redis_close(struct store *base)
{
	struct redis_store *store = (struct redis_store *)base;

	store->closing = true;
	drop_connection(store, "closing");
	ump_timer_cancel(store->loop, &store->again);
	ump_timer_cancel(store->loop, &store->probe);
	free(store->host);
	free(store->prefix);
	free(store->password_file);
	free(store);
}

int store_redis_open(struct store **ret_store, struct ump_loop *loop, const struct store_redis_server *server,
		     const struct store_settings *settings, struct ump_error *error)
{
	static const struct store_methods methods = {redis_apply, redis_ready, redis_close};
	struct redis_store *store = ump_allocate(1, sizeof(*store));

	(void)error;
	store->base.methods = &methods;
	store->loop = loop;
	store->host = ump_copy_string(server->host);
	store->port = server->port;
	store->database = server->database;
	store->prefix = ump_copy_string(settings->prefix);
	store->password_file = settings->password_file ? ump_copy_string(settings->password_file) : NULL;
	store->retention_us = settings->retention_us;
	store->timeout_us = settings->timeout_us;
	store->pause_us = PAUSE_FIRST;
	snprintf(store->reason, sizeof(store->reason), "not connected to Redis yet");
	connect_again(store);
	probe(store);
	*ret_store = &store->base;
	return 0;
}
