/* The phases: looking for Kafka, running, releasing partitions or replacing the clients (and running again), draining, leaving. Releasing,
 * replacing and draining are the same in the middle: nothing new is sent, answers are waited for up to --drain-timeout, what is finished is
 * committed. They differ in what comes before (a rebalance, new certificates, a signal) and after (on with it, join again, end).
 *
 * Looking for Kafka asks with a short limit again and again, so that a signal is heard in between. */
#include "common/loop/notify.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/asking.h"
#include "source-adapter/counts.h"
#include "source-adapter/worker_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define PROBE_TIMEOUT 1000 /* ms, of one question while looking for Kafka */
#define PROBE_PAUSE   (200 * UMP_MILLISECOND)
#define LAST_COMMITS  3 /* tries to commit before partitions are given back all the same */

static void give_up(struct worker *worker, const char *what, const char *why)
{
	ump_log(UMP_LOG_ERROR, what, UMP_LOG_S("error", why));
	ump_loop_stop(worker->loop, EX_UNAVAILABLE);
}

/* ---- Ends of what is under way ---- */

static void group_left(void *context)
{
	struct worker *worker = context;
	size_t uncommitted = commits_left(worker->commits);
	bool finished = worker->taken_back == 0 && worker->unstored == 0 && uncommitted == 0;
	ump_log(finished ? UMP_LOG_INFO : UMP_LOG_WARNING, "stopped", UMP_LOG_I("unanswered", worker->taken_back),
		UMP_LOG_I("unstored", worker->unstored), UMP_LOG_I("uncommitted", uncommitted));
	ump_loop_stop(worker->loop, finished ? EX_OK : EX_UNAVAILABLE);
}

static void run_again(struct worker *worker)
{
	worker->phase = PHASE_RUNNING;
	flow_start(worker->flow);
	if (worker->outdated)
		worker_tls_changed(worker);
}

static void group_left_for_a_moment(void *context)
{
	struct worker *worker = context;
	struct ump_error error;
	if (worker->phase == PHASE_LEAVING) { /* a signal has come meanwhile */
		group_left(worker);
		return;
	}
	flow_detach(worker->flow);
	if (consumer_reopen(worker->consumer, &error) < 0) {
		give_up(worker, "cannot join the group again", error.text);
	} else {
		ump_producer_renew(worker->producer);
		if (worker->transaction && transaction_reopen(worker->transaction, &error) < 0)
			give_up(worker, "cannot begin with transactions again", error.text);
		run_again(worker);
	}
}

/* Nothing is on its way any more, and all that can be committed is. (A commit may fail from inside the call that starts it: the phase has
 * ended then when that call returns.) */
static void end_phase(struct worker *worker)
{
	if (!worker->committing)
		return;
	worker->committing = false;
	if (worker->phase == PHASE_RELEASING) {
		consumer_release(worker->consumer);
		run_again(worker);
	} else if (worker->phase == PHASE_REPLACING) {
		worker->phase = PHASE_REOPENING;
		consumer_close(worker->consumer, group_left_for_a_moment, worker);
	} else {
		worker->phase = PHASE_LEAVING;
		worker->unstored = flow_facts(worker->flow).in_flight;
		consumer_close(worker->consumer, group_left, worker);
	}
}

/* A commit has ended. Where it ends a phase, it is the last one when nothing is left to commit. One that fails is tried again, but not for
 * ever: a member that was expelled meanwhile may commit nothing, and joins again only when it has given its partitions back. */
void worker_committed(void *context)
{
	struct worker *worker = context;
	flow_wake(worker->flow);
	if (!worker->committing)
		return;
	if (commits_failed(worker->commits) && ++worker->last_commits >= LAST_COMMITS)
		end_phase(worker);
	else if (!commits_flush(worker->commits))
		end_phase(worker);
}

static void commit_the_rest(struct worker *worker)
{
	worker->committing = true;
	worker->last_commits = 0;
	if (!commits_flush(worker->commits))
		end_phase(worker);
}

void worker_quiet(void *context)
{
	struct worker *worker = context;
	bool waits = worker->phase == PHASE_RELEASING || worker->phase == PHASE_REPLACING || worker->phase == PHASE_DRAINING;
	if (!waits || worker->committing)
		return;
	ump_timer_cancel(worker->loop, &worker->patience);
	commit_the_rest(worker);
}

static void patience_over(void *context)
{
	struct worker *worker = context;
	size_t taken_back = flow_take_back(worker->flow);
	ump_log(UMP_LOG_WARNING, "answers not waited for any longer", UMP_LOG_I("events", taken_back));
	if (worker->phase == PHASE_DRAINING)
		worker->taken_back = taken_back;
	commit_the_rest(worker);
}

static void finish_what_is_on_its_way(struct worker *worker, enum phase phase)
{
	worker->phase = phase;
	ump_timer_set(worker->loop, &worker->patience, ump_loop_now(worker->loop) + worker->config->drain_timeout_us, patience_over,
		      worker);
	flow_stop(worker->flow);
}

/* ---- What the parts say ---- */

void worker_readable(void *context)
{
	struct worker *worker = context;
	if (worker->phase == PHASE_RUNNING)
		flow_wake(worker->flow);
}

void worker_revoking(void *context)
{
	struct worker *worker = context;
	if (worker->phase == PHASE_RUNNING)
		finish_what_is_on_its_way(worker, PHASE_RELEASING);
	else if (worker->phase == PHASE_RELEASING && !worker->committing && flow_facts(worker->flow).in_flight == 0)
		worker_quiet(worker);
}

void worker_lost(void *context)
{
	struct worker *worker = context;
	flow_take_back(worker->flow);
	if (worker->phase != PHASE_RELEASING)
		return;
	ump_timer_cancel(worker->loop, &worker->patience);
	worker->committing = false;
	run_again(worker);
}

void worker_tls_changed(void *context)
{
	struct worker *worker = context;
	worker->outdated = worker->phase != PHASE_RUNNING;
	if (!worker->outdated)
		finish_what_is_on_its_way(worker, PHASE_REPLACING);
}

void worker_dropping(void *context, struct assigned *assigned)
{
	struct worker *worker = context;
	const char *const labels[] = {assigned->topic, ump_format("%d", assigned->number)};
	flow_drop(worker->flow, assigned);
	ump_metrics_drop(worker->metrics, COUNT_LAG, labels);
	free((char *)labels[1]);
}

void worker_consumer_failed(void *context, const struct ump_error *error)
{
	give_up(context, "consumer failed", error->text);
}

void worker_producer_failed(void *context, const struct ump_error *error)
{
	give_up(context, "producer failed", error->text);
}

void worker_produced(void *context, const struct ump_delivery *delivery)
{
	struct worker *worker = context;
	if (delivery->opaque) /* the status has none: it is told again anyway */
		settle_delivered(worker->settle, delivery);
}

/* A replay ends by itself, through the same drain as a signal's. */
void worker_idle(void *context)
{
	struct worker *worker = context;
	if (worker->phase != PHASE_RUNNING || !consumer_is_done(worker->consumer))
		return;
	ump_log(UMP_LOG_INFO, "replay finished");
	ump_loop_begin_drain(worker->loop);
}

bool worker_refused(void *context, struct record *record, const struct ump_error *error)
{
	return settle_refused(((struct worker *)context)->settle, record, error);
}

void worker_stored(void *context, struct record *record)
{
	flow_stored(((struct worker *)context)->flow, record);
}

void worker_writable(void *context)
{
	settle_writable(((struct worker *)context)->settle);
}

void worker_answered(void *context, struct record *record, const struct ump_reply *reply)
{
	struct worker *worker = context;
	flow_answered(worker->flow, record, reply);
	settle_answer(worker->settle, record, reply);
}

void worker_letter_answered(void *context, struct record *record, const struct ump_reply *reply)
{
	settle_letter_answer(((struct worker *)context)->settle, record, reply);
}

/* ---- The beginning ---- */

static void run(struct worker *worker)
{
	struct ump_error error;
	if (worker_make_parts(worker, &error) < 0) {
		give_up(worker, "cannot start", error.text);
		return;
	}
	worker->phase = PHASE_RUNNING;
	for (size_t i = 0; i < worker->plan.count; i++)
		ump_log(UMP_LOG_INFO, "replaying", UMP_LOG_S("topic", worker->plan.parts[i].topic),
			UMP_LOG_I("partition", worker->plan.parts[i].partition), UMP_LOG_I("from", worker->plan.parts[i].from),
			UMP_LOG_I("until", worker->plan.parts[i].end));
	if (worker->config->to_topic)
		ump_log(UMP_LOG_WARNING, "records are put back: every group that reads this topic sees them again",
			UMP_LOG_S("topic", worker->config->to_topic));
	ump_log(UMP_LOG_INFO, "ready", UMP_LOG_S("sink", worker->config->sink), UMP_LOG_S("group", worker->config->group));
	ump_notify("READY=1");
}

void worker_transactions_ready(void *context)
{
	struct worker *worker = context;
	if (worker->phase == PHASE_LOOKING)
		run(worker);
	else
		commits_flush(worker->commits); /* what the producer that was made anew could not take yet */
}

/* With transactions what an earlier life left open is ended first: until then the committed offsets are not known. */
static void begin(struct worker *worker)
{
	struct ump_error error;
	if (!worker->config->exactly_once)
		run(worker);
	else if (worker_make_transaction(worker, &error) < 0)
		give_up(worker, "cannot start", error.text);
}

/* What a replay is about, as far as the cluster can tell. UMP_REJECT, UMP_FATAL: it never will. */
static int plan(struct worker *worker, struct cluster cluster, struct ump_error *error)
{
	const struct config *config = worker->config;
	rd_kafka_t *client = cluster_probe_client(worker->probe);
	struct position_policy from;
	int members = 0;
	bool times = config->replay ? replay_needs_times(&worker->bounds)
				    : position_policy_parse(config->from, &from, error) == 0 && from.kind == POSITION_TIME;
	if (times && cluster.embedded)
		return ump_fail(error, UMP_FATAL, "this broker cannot look up times: it would answer every one with the end");
	if (config->exactly_once && cluster.embedded)
		return ump_fail(error, UMP_REJECT, "--exactly-once: the embedded broker has no transactions");
	if (!config->replay)
		return 0;
	if (config->commit && !cluster.embedded && asking_members(client, config->group, PROBE_TIMEOUT, &members, error) < 0)
		return -1; /* the embedded broker cannot tell; it refuses commits from outside of a group that has members */
	if (members > 0)
		return ump_fail(error, UMP_REJECT, "group %s has %d members: stop them before it is moved", config->group, members);
	return replay_plan_make(client, &config->topics, &worker->bounds, PROBE_TIMEOUT, &worker->plan, error);
}

static void look_for_kafka(void *context)
{
	struct worker *worker = context;
	struct cluster cluster;
	struct ump_error error;
	if (cluster_ask(worker->probe, &worker->config->topics, PROBE_TIMEOUT, &cluster, &error) == 0 &&
	    plan(worker, cluster, &error) == 0) {
		cluster_probe_free(ump_steal(worker->probe));
		worker->cluster = cluster;
		begin(worker);
	} else if (error.kind != UMP_RETRY) {
		ump_log(UMP_LOG_ERROR, "cannot start", UMP_LOG_S("error", error.text));
		ump_loop_stop(worker->loop, error.kind == UMP_REJECT ? EX_CONFIG : EX_UNAVAILABLE);
	} else if (ump_loop_clock() >= worker->looking_until) {
		give_up(worker, "Kafka not reached in the time given", error.text);
	} else {
		ump_timer_set(worker->loop, &worker->probe_again, ump_loop_clock() + PROBE_PAUSE, look_for_kafka, worker);
	}
}

int worker_new(struct worker **ret_worker, struct ump_loop *loop, const struct config *config, struct ump_metrics *metrics,
	       struct ump_error *error)
{
	struct worker *worker = ump_allocate(1, sizeof *worker);
	*worker = (struct worker){.loop = loop, .config = config, .metrics = metrics};
	if ((config->replay && config_replay_bounds(config, &worker->bounds, error) < 0) || worker_make_path(worker, error) < 0 ||
	    cluster_probe_new(&worker->probe, &config->kafka, config->instance, config->group, error) < 0) {
		worker_free(worker);
		return -1;
	}
	worker->looking_until = ump_loop_now(loop) + config->start_timeout_us;
	ump_timer_set(loop, &worker->probe_again, ump_loop_now(loop), look_for_kafka, worker);
	*ret_worker = worker;
	return 0;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	ump_timer_cancel(worker->loop, &worker->probe_again);
	ump_timer_cancel(worker->loop, &worker->patience);
	worker_free_parts(worker);
	free(worker);
}

/* ---- The end ---- */

void worker_drain(void *context)
{
	struct worker *worker = context;
	if (worker->phase == PHASE_LOOKING) {
		ump_loop_stop(worker->loop, EX_OK);
		return;
	}
	bool leaving = worker->phase == PHASE_REOPENING;
	if (leaving || worker->phase == PHASE_RELEASING || worker->phase == PHASE_REPLACING) { /* what it waits for is what a drain does */
		worker->phase = leaving ? PHASE_LEAVING : PHASE_DRAINING;
		return;
	}
	ump_log(UMP_LOG_INFO, "draining", UMP_LOG_I("in_flight", flow_facts(worker->flow).in_flight));
	finish_what_is_on_its_way(worker, PHASE_DRAINING);
}

void worker_expire(void *context)
{
	struct worker *worker = context;
	ump_log(UMP_LOG_ERROR, "stopped before everything was finished", UMP_LOG_I("in_flight", flow_facts(worker->flow).in_flight));
	ump_loop_stop(worker->loop, EX_UNAVAILABLE);
}
