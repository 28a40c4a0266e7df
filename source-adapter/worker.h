/* source-adapter/worker.h: the adapter at work: wires the parts and leads them through their life; decides nothing about records.
 *
 * One worker is one member of the consumer group, on one loop. */
#pragma once
#include "common/loop/loop.h"
#include "common/telemetry/metrics.h"
#include "source-adapter/options.h"

struct worker;

/* Begins to look for Kafka; everything else follows from the loop. Ends the loop with EX_UNAVAILABLE where Kafka does not answer in time,
 * or has no place for us any more. `config` and `metrics` are borrowed. */
int worker_new(struct worker **ret_worker, struct ump_loop *loop, const struct config *config, struct ump_metrics *metrics,
	       struct ump_error *error);
void worker_free(struct worker *worker); /* accepts NULL */

/* Stops reading, waits for answers (--drain-timeout), commits, leaves the group, and stops the loop: with 0 where everything was finished.
 * `worker_expire` gives up. Both are what struct ump_drain wants. */
void worker_drain(void *worker);
void worker_expire(void *worker);

/* What struct ump_admin_pages wants. */
bool worker_ready(void *worker, char *reason, size_t reason_size);
void worker_update(void *worker);
