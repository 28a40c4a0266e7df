#include "source-adapter/transactor.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { CALL_MS = 2000, PAUSE_US = 50 * 1000 }; /* of one call; before it is made again */

enum job { JOB_NONE, JOB_INIT, JOB_COMMIT, JOB_ABORT };

struct transactor {
	struct ump_loop *loop;
	rd_kafka_t *producer;
	transactor_fn *done;
	void *context;
	struct ump_wakeup wakeup;
	pthread_t thread;
	bool started;

	/* What both threads see, under the lock: the job, and what it came to. The rest of a job belongs to the thread while there is one.
	 */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum job job;
	bool finished; /* there is a result, and nobody has taken it */
	bool ending;
	rd_kafka_topic_partition_list_t *offsets;
	rd_kafka_consumer_group_metadata_t *group;
	enum transactor_result result;
	struct ump_error error;
};

/* ---- The thread ---- */

static bool is_ending(struct transactor *transactor)
{
	pthread_mutex_lock(&transactor->lock);
	bool ending = transactor->ending;
	pthread_mutex_unlock(&transactor->lock);
	return ending;
}

/* What a call's error leads to; takes the error. True: the call is to be made again. Else the transactor's result and error are set. */
static bool again(struct transactor *transactor, const char *what, rd_kafka_error_t *problem)
{
	bool retriable = rd_kafka_error_is_retriable(problem) && !rd_kafka_error_txn_requires_abort(problem);
	bool fatal = rd_kafka_error_is_fatal(problem);
	ump_fail(&transactor->error, fatal ? UMP_FATAL : UMP_RETRY, "%s: %s", what, rd_kafka_error_string(problem));
	rd_kafka_error_destroy(problem);
	if (fatal) {
		transactor->result = TRANSACTOR_FATAL;
		return false;
	}
	transactor->result = TRANSACTOR_ABORTED;
	if (!retriable || is_ending(transactor))
		return false;
	ump_log(UMP_LOG_DEBUG, "transaction call made again", UMP_LOG_S("why", transactor->error.text));
	usleep(PAUSE_US);
	return true;
}

static void init(struct transactor *transactor)
{
	rd_kafka_error_t *problem;
	while ((problem = rd_kafka_init_transactions(transactor->producer, CALL_MS))) {
		if (again(transactor, "beginning with transactions", problem))
			continue;
		if (transactor->result != TRANSACTOR_FATAL && !is_ending(transactor)) {
			usleep(PAUSE_US);
			continue; /* nothing is under way that could be aborted: it begins when the brokers let it */
		}
		return;
	}
	transactor->result = TRANSACTOR_DONE;
}

static void abort_it(struct transactor *transactor)
{
	struct ump_error why = transactor->error;
	rd_kafka_error_t *problem;
	while ((problem = rd_kafka_abort_transaction(transactor->producer, CALL_MS))) {
		if (!again(transactor, "aborting a transaction", problem))
			break;
	}
	if (transactor->result == TRANSACTOR_FATAL)
		return;
	transactor->result = TRANSACTOR_ABORTED;
	transactor->error = why;
}

static bool commit_all(struct transactor *transactor)
{
	rd_kafka_error_t *problem;
	while ((problem = rd_kafka_send_offsets_to_transaction(transactor->producer, transactor->offsets, transactor->group, CALL_MS))) {
		if (!again(transactor, "adding offsets to a transaction", problem))
			return false;
	}
	while ((problem = rd_kafka_commit_transaction(transactor->producer, CALL_MS))) {
		if (!again(transactor, "committing a transaction", problem))
			return false;
	}
	return true;
}

static void commit(struct transactor *transactor)
{
	if (commit_all(transactor))
		transactor->result = TRANSACTOR_DONE;
	else if (transactor->result != TRANSACTOR_FATAL && !is_ending(transactor))
		abort_it(transactor);
	rd_kafka_topic_partition_list_destroy(ump_steal(transactor->offsets));
	rd_kafka_consumer_group_metadata_destroy(ump_steal(transactor->group));
}

static void *work(void *context)
{
	struct transactor *transactor = context;
	pthread_mutex_lock(&transactor->lock);
	while (!transactor->ending) {
		if (transactor->job == JOB_NONE) {
			pthread_cond_wait(&transactor->changed, &transactor->lock);
			continue;
		}
		enum job job = transactor->job;
		pthread_mutex_unlock(&transactor->lock);
		if (job == JOB_INIT)
			init(transactor);
		else if (job == JOB_COMMIT)
			commit(transactor);
		else
			abort_it(transactor);
		pthread_mutex_lock(&transactor->lock);
		transactor->job = JOB_NONE;
		transactor->finished = true;
		ump_wakeup_signal(&transactor->wakeup);
	}
	pthread_mutex_unlock(&transactor->lock);
	return NULL;
}

/* ---- The loop's side ---- */

static void woken(void *context)
{
	struct transactor *transactor = context;
	pthread_mutex_lock(&transactor->lock);
	bool finished = transactor->finished;
	enum transactor_result result = transactor->result;
	struct ump_error error = transactor->error;
	transactor->finished = false;
	pthread_mutex_unlock(&transactor->lock);
	if (finished)
		transactor->done(transactor->context, result, &error);
}

int transactor_new(struct transactor **ret_transactor, struct ump_loop *loop, rd_kafka_t *producer, transactor_fn *done, void *context,
		   struct ump_error *error)
{
	struct transactor *transactor = ump_allocate(1, sizeof *transactor);
	*transactor = (struct transactor){.loop = loop, .producer = producer, .done = done, .context = context};
	pthread_mutex_init(&transactor->lock, NULL);
	pthread_cond_init(&transactor->changed, NULL);
	if (ump_wakeup_open(loop, &transactor->wakeup, woken, transactor, error) < 0) {
		transactor_free(transactor);
		return -1;
	}
	transactor->started = pthread_create(&transactor->thread, NULL, work, transactor) == 0;
	if (!transactor->started) {
		transactor_free(transactor);
		return ump_fail(error, UMP_FATAL, "no thread for transactions could be started");
	}
	*ret_transactor = transactor;
	return 0;
}

void transactor_free(struct transactor *transactor)
{
	if (!transactor)
		return;
	pthread_mutex_lock(&transactor->lock);
	transactor->ending = true;
	pthread_cond_signal(&transactor->changed);
	pthread_mutex_unlock(&transactor->lock);
	if (transactor->started)
		pthread_join(transactor->thread, NULL);
	if (transactor->offsets)
		rd_kafka_topic_partition_list_destroy(transactor->offsets);
	if (transactor->group)
		rd_kafka_consumer_group_metadata_destroy(transactor->group);
	ump_wakeup_close(transactor->loop, &transactor->wakeup);
	pthread_cond_destroy(&transactor->changed);
	pthread_mutex_destroy(&transactor->lock);
	free(transactor);
}

static void give(struct transactor *transactor, enum job job)
{
	pthread_mutex_lock(&transactor->lock);
	transactor->job = job;
	pthread_cond_signal(&transactor->changed);
	pthread_mutex_unlock(&transactor->lock);
}

void transactor_init(struct transactor *transactor)
{
	give(transactor, JOB_INIT);
}

void transactor_commit(struct transactor *transactor, rd_kafka_topic_partition_list_t *offsets, rd_kafka_consumer_group_metadata_t *group)
{
	transactor->offsets = offsets;
	transactor->group = group;
	give(transactor, JOB_COMMIT);
}

void transactor_abort(struct transactor *transactor, const struct ump_error *why)
{
	transactor->error = *why;
	give(transactor, JOB_ABORT);
}
