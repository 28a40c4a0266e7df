/* source-adapter/worker_private.h: what the files of the worker share. */
#pragma once
#include "source-adapter/access.h"
#include "source-adapter/flow.h"
#include "source-adapter/overrides.h"
#include "source-adapter/status.h"
#include "source-adapter/worker.h"

enum phase { PHASE_LOOKING, PHASE_RUNNING, PHASE_RELEASING, PHASE_REPLACING, PHASE_REOPENING, PHASE_DRAINING, PHASE_LEAVING };

struct worker {
	struct ump_loop *loop;
	const struct config *config;
	struct ump_metrics *metrics;
	enum phase phase;

	struct cluster_probe *probe;
	struct ump_timer probe_again;
	int64_t looking_until;
	struct replay_bounds bounds; /* of a replay, and what they came to */
	struct replay_plan plan;

	struct record_pool pool;
	struct mapping mapping;
	struct mapping_override *overrides;
	struct ump_client *client;
	struct ump_producer *producer; /* NULL: nothing is produced */
	struct consumer *consumer;
	struct commits *commits;
	struct transaction *transaction; /* NULL: offsets are committed by themselves */
	struct cluster cluster;
	struct filter *filter;
	struct skip_list *skips;
	struct token *token; /* NULL: the sink asks for none */
	struct delivery *delivery;
	struct delivery *letters; /* to the sink for dead letters; NULL: there is none */
	struct settle *settle;
	struct flow *flow;
	struct status *status;
	struct access *access;
	bool outdated;             /* the clients, of which new certificates tell in the middle of something else */
	struct ump_timer patience; /* while answers are waited for */
	bool committing;           /* all answers are there, or are not waited for any more */
	int last_commits;          /* tried since then that failed */
	size_t taken_back;         /* answers that were not waited for */
	size_t unstored;           /* replies and dead letters that Kafka had not acknowledged at the end */
};

/* ---- What the parts say; the context is the worker ---- */

void worker_readable(void *context);
void worker_revoking(void *context);
void worker_lost(void *context);
void worker_dropping(void *context, struct assigned *assigned);
void worker_consumer_failed(void *context, const struct ump_error *error);
void worker_producer_failed(void *context, const struct ump_error *error);
void worker_produced(void *context, const struct ump_delivery *delivery);
void worker_writable(void *worker);
void worker_answered(void *context, struct record *record, const struct ump_reply *reply);
void worker_letter_answered(void *context, struct record *record, const struct ump_reply *reply);
void worker_quiet(void *context);
void worker_idle(void *context);
void worker_committed(void *context);
void worker_transactions_ready(void *context);
bool worker_refused(void *context, struct record *record, const struct ump_error *error);
void worker_stored(void *context, struct record *record);
void worker_tls_changed(void *context);

/* ---- Its parts ---- */

/* What works on records: everything that needs no Kafka. */
int worker_make_path(struct worker *worker, struct ump_error *error);

/* What needs Kafka, when that has answered. */
int worker_make_parts(struct worker *worker, struct ump_error *error);
int worker_make_transaction(struct worker *worker, struct ump_error *error);
void worker_free_parts(struct worker *worker);

/* What the status topic is told; the context is the worker. */
struct status_facts worker_collect(void *worker);
