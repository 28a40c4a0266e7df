/* common/kafka/trial.h: does the cluster let us in with the settings as they are now? Private to common/kafka.
 *
 * A client of its own asks for metadata on a thread of its own, because librdkafka has no other way to tell that a connection is
 * authenticated; the answer comes on the loop's thread. */
#pragma once
#include "common/kafka/settings.h"
#include "common/loop/loop.h"

struct ump_trial;

/* `done` gets NULL when a broker answered, or the error, after TRIAL_S seconds without. The trial is freed from inside `done`, or before.
 */
typedef void ump_trial_fn(void *context, const struct ump_error *error);

int ump_trial_new(struct ump_trial **ret_trial, struct ump_loop *loop, const struct ump_kafka_settings *settings, ump_trial_fn *done,
		  void *context, struct ump_error *error);
void ump_trial_free(struct ump_trial *trial); /* accepts NULL; may wait for half a second */
