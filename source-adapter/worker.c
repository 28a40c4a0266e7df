/* The phases: looking for Kafka, running, releasing partitions or replacing the clients (and running again), draining, leaving. Releasing,
 * replacing and draining are the same in the middle: nothing new is sent, answers are waited for up to --drain-timeout, what is finished is
 * committed. They differ in what comes before (a rebalance, new certificates, a signal) and after (on with it, join again, end).
 *
 * Looking for Kafka asks with a short limit again and again, so that a signal is heard in between. */
#include "common/loop/notify.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/counts.h"
#include "source-adapter/worker_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define PROBE_TIMEOUT 1000 /* ms, of one question while looking for Kafka */
#define PROBE_PAUSE   (200 * UMP_MILLISECOND)
#define LAST_COMMITS  3    /* tries to commit before partitions are given back all the same */
#define RING          4096 /* records of a partition at least, finished ones behind an unfinished one included */

static void give_up(struct worker *worker, const char *what, const char *why)
{
	ump_log(UMP_LOG_ERROR, what, UMP_LOG_S("error", why));
	ump_loop_stop(worker->loop, EX_UNAVAILABLE);
}

/* ---- Ends of what is under way ---- */

static void group_left(void *context)
{
	struct worker *worker = context;
	ump_log(worker->taken_back ? UMP_LOG_WARNING : UMP_LOG_INFO, "stopped", UMP_LOG_I("unanswered", worker->taken_back),
		UMP_LOG_I("uncommitted", commits_open(worker->commits)));
	ump_loop_stop(worker->loop, worker->taken_back || commits_open(worker->commits) ? EX_UNAVAILABLE : EX_OK);
}

static void tls_changed(void *context);

static void run_again(struct worker *worker)
{
	worker->phase = PHASE_RUNNING;
	flow_start(worker->flow);
	if (worker->outdated)
		tls_changed(worker);
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
		consumer_close(worker->consumer, group_left, worker);
	}
}

/* A commit has ended. Where it ends a phase, it is the last one when nothing is left to commit. One that fails is tried again, but not for
 * ever: a member that was expelled meanwhile may commit nothing, and joins again only when it has given its partitions back. */
static void committed(void *context)
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

static void quiet(void *context)
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

static void readable(void *context)
{
	struct worker *worker = context;
	if (worker->phase == PHASE_RUNNING)
		flow_wake(worker->flow);
}

static void revoking(void *context)
{
	struct worker *worker = context;
	if (worker->phase == PHASE_RUNNING)
		finish_what_is_on_its_way(worker, PHASE_RELEASING);
	else if (worker->phase == PHASE_RELEASING && !worker->committing && flow_facts(worker->flow).in_flight == 0)
		quiet(worker);
}

static void lost(void *context)
{
	struct worker *worker = context;
	flow_take_back(worker->flow);
	if (worker->phase != PHASE_RELEASING)
		return;
	ump_timer_cancel(worker->loop, &worker->patience);
	worker->committing = false;
	run_again(worker);
}

static void tls_changed(void *context)
{
	struct worker *worker = context;
	worker->outdated = worker->phase != PHASE_RUNNING;
	if (!worker->outdated)
		finish_what_is_on_its_way(worker, PHASE_REPLACING);
}

static void dropping(void *context, struct assigned *assigned)
{
	struct worker *worker = context;
	const char *const labels[] = {assigned->topic, ump_format("%d", assigned->number)};
	flow_drop(worker->flow, assigned);
	ump_metrics_drop(worker->metrics, COUNT_LAG, labels);
	free((char *)labels[1]);
}

static void consumer_failed(void *context, const struct ump_error *error)
{
	give_up(context, "consumer failed", error->text);
}

static void producer_failed(void *context, const struct ump_error *error)
{
	give_up(context, "producer failed", error->text);
}

static void produced(void *context, const struct ump_delivery *delivery)
{
	struct worker *worker = context;
	if (delivery->opaque) /* the status has none: it is told again anyway */
		settle_delivered(worker->settle, delivery);
}

static void answered(void *context, struct record *record, const struct ump_reply *reply)
{
	struct worker *worker = context;
	flow_answered(worker->flow, reply);
	settle_answer(worker->settle, record, reply);
}

/* ---- Making the parts ---- */

static int make_producer(struct worker *worker, struct ump_error *error)
{
	const struct config *config = worker->config;
	if (!config->reply_topic && !config->dead_letter_topic && !config->status_topic)
		return 0;
	struct ump_producer_options options = {
		.settings = &config->kafka,
		.client_id = config->instance,
		.delivered = produced,
		.failed = producer_failed,
		.context = worker,
	};
	return ump_producer_new(&worker->producer, worker->loop, &options, error);
}

static int make_consumer(struct worker *worker, struct cluster cluster, struct ump_error *error)
{
	const struct config *config = worker->config;
	int64_t ring = 2 * config->max_in_flight;
	struct consumer_handler handler = {worker, readable, revoking, lost, dropping, consumer_failed};
	struct consumer_options options = {
		.settings = &config->kafka,
		.client_id = config->instance,
		.group = config->group,
		.topics = &config->topics,
		.cluster = cluster,
		.order = (enum order)config->order,
		.ring_capacity = (uint32_t)(ring > RING ? ring : RING),
		.metrics = worker->metrics,
	};
	if (position_policy_parse(config->from, &options.from, error) < 0)
		return -1;
	return consumer_new(&worker->consumer, worker->loop, &options, &handler, error);
}

static struct settle *make_settle(struct worker *worker)
{
	const struct config *config = worker->config;
	struct settle_options options = {
		.loop = worker->loop,
		.metrics = worker->metrics,
		.pool = &worker->pool,
		.schedule = {(enum retry_policy)config->backoff_policy, config->backoff_delay_us, config->backoff_max_us,
			     config->retry_after_max_us, config->retries},
		.stall_probe_us = config->stall_probe_us,
		.sink = config->sink,
		.group = config->group,
		.dead_letter_topic = config->dead_letter_topic,
		.reply_topic = config->reply_topic,
		.finished = flow_finished,
		.paused = flow_paused,
		.due = flow_due,
		.context = worker->flow,
	};
	return settle_new(&options);
}

static struct delivery *make_delivery(struct worker *worker)
{
	const struct config *config = worker->config;
	struct delivery_options options = {
		.client = worker->client,
		.pool = &worker->pool,
		.mapping = &worker->mapping,
		.sink = config->sink,
		.namespace_name = config->namespace_name,
		.encoding = (enum ump_header_encoding)config->header_encoding,
		.replies = config->reply_topic != NULL,
		.timeout_us = config->timeout_us,
		.max_reply = (size_t)config->reply_max,
		.answered = answered,
		.context = worker,
	};
	return delivery_new(&options);
}

static struct commits *make_commits(struct worker *worker)
{
	struct commits_options options = {
		.loop = worker->loop,
		.consumer = worker->consumer,
		.metrics = worker->metrics,
		.number = (size_t)worker->config->max_in_flight,
		.interval_us = worker->config->commit_interval_us,
		.ended = committed,
		.context = worker,
	};
	return commits_new(&options);
}

/* What works on records: everything that needs no Kafka. */
static int make_path(struct worker *worker, struct ump_error *error)
{
	const struct config *config = worker->config;
	struct flow_options flow = {worker->loop,
				    worker->metrics,
				    &worker->pool,
				    (enum order)config->order,
				    (size_t)config->max_in_flight,
				    config->max_in_flight_bytes,
				    quiet,
				    worker};
	struct ump_client_options client = {
		.max_connections = config->max_in_flight,
		.ca_pem = config->sink_ca_certificates,
		.ca_directory = "/knative-custom-certs",
		.connect_timeout_us = 10 * UMP_SECOND,
	};
	worker->mapping = (struct mapping){
		.namespace_name = config->namespace_name, .name = config->name, .key_type = (enum key_type)config->key_type};
	if (overrides_read(config->overrides, &worker->overrides, &worker->mapping.override_count, error) < 0 ||
	    ump_client_new(&worker->client, worker->loop, &client, error) < 0)
		return -1;
	worker->mapping.overrides = worker->overrides;
	worker->flow = flow_new(&flow);
	worker->delivery = make_delivery(worker);
	worker->settle = make_settle(worker);
	return 0;
}

static void run(struct worker *worker, struct cluster cluster)
{
	struct ump_error error;
	struct access_options access = {&worker->config->kafka, worker->metrics, &worker->consumer, &worker->producer, tls_changed, worker};
	if (make_consumer(worker, cluster, &error) < 0 || make_producer(worker, &error) < 0 ||
	    access_new(&worker->access, worker->loop, &access, &error) < 0) {
		give_up(worker, "cannot start", error.text);
		return;
	}
	worker->commits = make_commits(worker);
	flow_connect(worker->flow, &(struct flow_parts){worker->consumer, worker->commits, worker->delivery, worker->settle});
	settle_set_producer(worker->settle, worker->producer);
	if (worker->config->status_topic)
		worker->status =
			status_new(&(struct status_options){worker->loop, worker->producer, worker->config->status_topic,
							    worker->config->instance, worker->config->group, worker_collect, worker});
	worker->phase = PHASE_RUNNING;
	ump_log(UMP_LOG_INFO, "ready", UMP_LOG_S("sink", worker->config->sink), UMP_LOG_S("group", worker->config->group));
	ump_notify("READY=1");
}

static void look_for_kafka(void *context)
{
	struct worker *worker = context;
	struct cluster cluster;
	struct ump_error error;
	if (cluster_ask(worker->probe, &worker->config->topics, PROBE_TIMEOUT, &cluster, &error) == 0) {
		cluster_probe_free(ump_steal(worker->probe));
		run(worker, cluster);
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
	if (make_path(worker, error) < 0 || cluster_probe_new(&worker->probe, &config->kafka, config->instance, error) < 0) {
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
	access_free(worker->access);
	status_free(worker->status);
	consumer_free(worker->consumer);
	commits_free(worker->commits);
	ump_producer_free(worker->producer);
	delivery_free(worker->delivery);
	ump_client_free(worker->client);
	settle_free(worker->settle);
	flow_free(worker->flow);
	cluster_probe_free(worker->probe);
	overrides_free(worker->overrides, worker->mapping.override_count);
	record_pool_clear(&worker->pool);
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
