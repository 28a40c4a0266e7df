/* audit-fn/store_sqlite.c: the state in a file, for one long-lived process.
 *
 * SQLite blocks by its nature, so it has a thread of its own. store_apply() copies the updates into a job and queues it; the thread takes
 * all jobs that wait, applies them in one transaction (a group commit: one fsync for all that came meanwhile) and hands them back through a
 * wakeup. WAL with synchronous=FULL: what was answered is on the disk. The database is locked exclusively from the start to the end, so a
 * second process refuses to start.
 *
 * `lock` guards the two queues and `stopping`; the connection and its statements belong to the thread once it runs; all else to the loop.
 * A job whose time is over is answered with an error and stays with the thread; what becomes of it does not matter, since applying it again
 * is right. */
#include "audit-fn/store.h"
#include "audit-fn/store_sqlite_steps.h"
#include "common/memory.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define JOBS_MAX 256 /* in one transaction */

struct job {
	struct job *next;
	struct sqlite_work work;    /* the updates are copies, with their texts */
	struct store_update *asked; /* the caller's: get the results; NULL: its time was over */
	size_t count;
	struct ump_timer deadline;
	struct sqlite_store *store;
	store_done_fn *done;
	void *context;
	bool failed;
	struct ump_error error;
};

struct queue {
	struct job *first, **last;
};

struct sqlite_store {
	struct store base;
	struct ump_loop *loop;
	struct sqlite_steps *steps;
	struct ump_wakeup wakeup;
	struct ump_timer sweep;
	int64_t retention_us, timeout_us;
	bool sweeping; /* a sweep is under way */
	bool ready;
	char reason[160];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct queue waiting, finished;
	bool stopping;
};

static void queue_add(struct queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
}

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
}

/* Takes up to `maximum` jobs out. */
static struct job *queue_take(struct queue *queue, size_t maximum)
{
	struct job *first = queue->first;
	struct job **end = &queue->first;

	for (size_t i = 0; i < maximum && *end; i++)
		end = &(*end)->next;
	queue->first = *end;
	if (!queue->first)
		queue->last = &queue->first;
	*end = NULL;
	return first;
}

/* ---- The thread ---- */

static void commit_group(struct sqlite_store *store, struct job *group)
{
	struct ump_error error;
	int result = sqlite_begin(store->steps, &error);

	for (struct job *job = group; job && result == 0; job = job->next)
		result = sqlite_work(store->steps, &job->work, &error);
	if (result == 0)
		result = sqlite_commit(store->steps, &error);
	if (result < 0)
		sqlite_rollback(store->steps);
	for (struct job *job = group; job; job = job->next) {
		job->failed = result < 0;
		if (job->failed)
			job->error = error;
	}
}

static void *run(void *context)
{
	struct sqlite_store *store = context;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		while (!store->waiting.first && !store->stopping)
			pthread_cond_wait(&store->arrived, &store->lock);
		struct job *group = queue_take(&store->waiting, JOBS_MAX);
		if (!group)
			break;
		pthread_mutex_unlock(&store->lock);
		commit_group(store, group);
		pthread_mutex_lock(&store->lock);
		for (struct job *job = group, *next; job; job = next) {
			next = job->next;
			queue_add(&store->finished, job);
		}
		ump_wakeup_signal(&store->wakeup);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

/* ---- The loop ---- */

static void job_free(struct job *job)
{
	ump_timer_cancel(job->store->loop, &job->deadline);
	sqlite_work_release(&job->work);
	free(job);
}

static void note_health(struct sqlite_store *store, const struct job *job)
{
	store->ready = !job->failed;
	if (job->failed)
		snprintf(store->reason, sizeof(store->reason), "%.150s", job->error.text);
}

static void job_done(struct job *job)
{
	if (job->asked) {
		for (size_t i = 0; i < job->count; i++) {
			job->asked[i].result = job->work.updates[i].result;
			job->asked[i].flagged_here = job->work.updates[i].flagged_here;
			job->asked[i].latch = job->work.updates[i].latch;
		}
		job->done(job->context, job->failed ? &job->error : NULL);
	}
	job_free(job);
}

static void finished(void *context)
{
	struct sqlite_store *store = context;
	struct job *next;

	pthread_mutex_lock(&store->lock);
	struct job *job = queue_take(&store->finished, SIZE_MAX);
	pthread_mutex_unlock(&store->lock);
	for (; job; job = next) {
		next = job->next;
		note_health(store, job);
		store->sweeping &= !job->work.is_sweep;
		job_done(job);
	}
}

static void too_late(void *context)
{
	struct job *job = context;
	struct ump_error error;

	ump_fail(&error, UMP_RETRY, "the store did not answer within %lld ms", (long long)(job->store->timeout_us / 1000));
	job->store->ready = false;
	snprintf(job->store->reason, sizeof(job->store->reason), "%.150s", error.text);
	job->asked = NULL;
	job->done(job->context, &error);
}

static void hand_over(struct sqlite_store *store, struct job *job)
{
	pthread_mutex_lock(&store->lock);
	queue_add(&store->waiting, job);
	pthread_cond_signal(&store->arrived);
	pthread_mutex_unlock(&store->lock);
}

static void sqlite_apply(struct store *base, struct store_update *updates, size_t count, store_done_fn *done, void *context)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct job *job = ump_allocate(1, sizeof(*job));

	*job = (struct job){.asked = updates, .count = count, .store = store, .done = done, .context = context};
	sqlite_work_copy(&job->work, updates, count, ump_loop_wall(store->loop));
	ump_timer_set(store->loop, &job->deadline, ump_loop_now(store->loop) + store->timeout_us, too_late, job);
	hand_over(store, job);
}

/* Forgets what has expired, and finds out whether a disk that was full is so no more. */
static void sweep(void *context)
{
	struct sqlite_store *store = context;

	ump_timer_set(store->loop, &store->sweep, ump_loop_now(store->loop) + UMP_SECOND, sweep, store);
	if (store->sweeping)
		return;
	struct job *job = ump_allocate(1, sizeof(*job));
	job->store = store;
	job->work.is_sweep = true;
	job->work.with_probe = !store->ready;
	job->work.now_us = ump_loop_wall(store->loop);
	store->sweeping = true;
	hand_over(store, job);
}

static bool sqlite_ready(const struct store *base, char *reason, size_t reason_size)
{
	const struct sqlite_store *store = (const struct sqlite_store *)base;

	if (!store->ready)
		snprintf(reason, reason_size, "%s", store->reason);
	return store->ready;
}

static void sqlite_end(struct store *base)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	ump_timer_cancel(store->loop, &store->sweep);
	pthread_mutex_lock(&store->lock);
	store->stopping = true;
	pthread_cond_signal(&store->arrived);
	pthread_mutex_unlock(&store->lock);
	pthread_join(store->thread, NULL);
	finished(store); /* jobs whose time was over, and sweeps */
	ump_wakeup_close(store->loop, &store->wakeup);
	pthread_cond_destroy(&store->arrived);
	pthread_mutex_destroy(&store->lock);
	sqlite_steps_close(store->steps);
	free(store);
}

int store_sqlite_open(struct store **ret_store, struct ump_loop *loop, const char *path, const struct store_settings *settings,
		      struct ump_error *error)
{
	static const struct store_methods methods = {sqlite_apply, sqlite_ready, sqlite_end};
	struct sqlite_store *store = ump_allocate(1, sizeof(*store));

	store->base.methods = &methods;
	store->loop = loop;
	store->retention_us = settings->retention_us;
	store->timeout_us = settings->timeout_us;
	store->ready = true;
	queue_init(&store->waiting);
	queue_init(&store->finished);
	if (sqlite_steps_open(&store->steps, path, settings->retention_us, settings->limit, error) < 0) {
		free(store);
		return -1;
	}
	if (ump_wakeup_open(loop, &store->wakeup, finished, store, error) < 0) {
		sqlite_steps_close(store->steps);
		free(store);
		return -1;
	}
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->arrived, NULL);
	if (pthread_create(&store->thread, NULL, run, store) != 0) {
		ump_wakeup_close(loop, &store->wakeup);
		sqlite_steps_close(store->steps);
		free(store);
		return ump_fail(error, UMP_FATAL, "no thread for the store");
	}
	sweep(store);
	*ret_store = &store->base;
	return 0;
}
