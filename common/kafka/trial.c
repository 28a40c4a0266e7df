/* common/kafka/trial.c: the thread writes `code` and then wakes the loop; nothing else is shared but `stop`. */
#include "common/kafka/trial.h"
#include "common/memory.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { TRIAL_S = 10, STEP_MS = 500 };

struct ump_trial {
	struct ump_loop *loop;
	struct ump_wakeup wakeup;
	ump_trial_fn *done;
	void *context;
	rd_kafka_t *handle;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	rd_kafka_resp_err_t code;
};

static void *run(void *context)
{
	struct ump_trial *trial = context;
	const struct rd_kafka_metadata *metadata;
	trial->code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	for (int step = 0; step < TRIAL_S * 1000 / STEP_MS && trial->code != RD_KAFKA_RESP_ERR_NO_ERROR && !trial->stop; step++)
		trial->code = rd_kafka_metadata(trial->handle, 0, NULL, &metadata, STEP_MS);
	if (trial->code == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(metadata);
	ump_wakeup_signal(&trial->wakeup);
	return NULL;
}

static void on_end(void *context)
{
	struct ump_trial *trial = context;
	struct ump_error error;
	if (trial->code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		trial->done(trial->context, NULL);
		return;
	}
	ump_fail(&error, UMP_RETRY, "no broker let us in within %d s: %s", TRIAL_S, rd_kafka_err2str(trial->code));
	trial->done(trial->context, &error);
}

int ump_trial_new(struct ump_trial **ret_trial, struct ump_loop *loop, const struct ump_kafka_settings *settings, ump_trial_fn *done,
		  void *context, struct ump_error *error)
{
	rd_kafka_conf_t *configuration;
	struct ump_trial *trial = ump_allocate(1, sizeof *trial);
	*trial = (struct ump_trial){.loop = loop, .done = done, .context = context};
	if (ump_wakeup_open(loop, &trial->wakeup, on_end, trial, error) < 0 ||
	    ump_kafka_configure(settings, "umpire-trial", NULL, &configuration, error) < 0 ||
	    ump_kafka_open(RD_KAFKA_PRODUCER, configuration, &trial->handle, error) < 0) {
		ump_trial_free(trial);
		return -1;
	}
	int problem = pthread_create(&trial->thread, NULL, run, trial);
	if (problem) {
		ump_trial_free(trial);
		return ump_fail(error, UMP_RETRY, "thread: %s", strerror(problem));
	}
	trial->started = true;
	*ret_trial = trial;
	return 0;
}

void ump_trial_free(struct ump_trial *trial)
{
	if (!trial)
		return;
	trial->stop = true;
	if (trial->started)
		pthread_join(trial->thread, NULL);
	if (trial->handle)
		rd_kafka_destroy(trial->handle);
	ump_wakeup_close(trial->loop, &trial->wakeup);
	free(trial);
}
