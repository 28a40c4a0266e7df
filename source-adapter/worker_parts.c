/* source-adapter/worker_parts.c: makes the parts of the worker from the configuration, and joins them. */
#include "common/memory.h"
#include "source-adapter/worker_private.h"

#define RING 4096 /* records of a partition at least, finished ones behind an unfinished one included */

/* ---- What needs Kafka ---- */

static int make_producer(struct worker *worker, struct ump_error *error)
{
	const struct config *config = worker->config;
	bool given = !config->exactly_once && (config->reply_topic || config->dead_letter_topic || config->to_topic);
	if (!given && !config->status_topic)
		return 0;
	struct ump_producer_options options = {
		.settings = &config->kafka,
		.client_id = config->instance,
		.delivered = worker_produced,
		.writable = worker_writable,
		.failed = worker_producer_failed,
		.context = worker,
	};
	return ump_producer_new(&worker->producer, worker->loop, &options, error);
}

static int make_consumer(struct worker *worker, struct ump_error *error)
{
	const struct config *config = worker->config;
	int64_t ring = 2 * config->max_in_flight;
	struct consumer_handler handler = {worker, worker_readable, worker_revoking, worker_lost, worker_dropping, worker_consumer_failed};
	struct consumer_options options = {
		.settings = &config->kafka,
		.client_id = config->instance,
		.group = config->group,
		.instance_id = config->group_instance_id,
		.low_memory = config->low_memory,
		.topics = &config->topics,
		.cluster = worker->cluster,
		.order = (enum order)config->order,
		.ring_capacity = (uint32_t)(ring > RING ? ring : RING),
		.metrics = worker->metrics,
		.plan = config->replay ? &worker->plan : NULL,
	};
	if (!config->replay && position_policy_parse(config->from, &options.from, error) < 0)
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
		.dead_letter_sink = config->dead_letter_sink != NULL,
		.drops = config->on_exhausted == EXHAUSTED_DROPS,
		.reply_topic = config->reply_topic,
		.encoding = (enum ump_header_encoding)config->header_encoding,
		.to_topic = config->to_topic,
		.transactional = config->exactly_once,
		.letters = config->redrive,
		.batches = config->content == CONTENT_BATCH,
		.finished = flow_finished,
		.split = flow_split,
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
		.token = worker->token,
		.filter = filter_is_empty(worker->filter) ? NULL : worker->filter,
		.namespace_name = config->namespace_name,
		.content = (enum content_mode)config->content,
		.encoding = (enum ump_header_encoding)config->header_encoding,
		.letters = config->redrive,
		.max_batch_bytes = (size_t)config->batch_max_bytes,
		.replies = config->reply_topic != NULL,
		.timeout_us = config->timeout_us,
		.max_reply = (size_t)config->reply_max,
		.answered = worker_answered,
		.context = worker,
	};
	return delivery_new(&options);
}

/* Events alone and in binary mode, as Knative sends dead letters; what is answered is of no interest. */
static struct delivery *make_letters(struct worker *worker)
{
	const struct config *config = worker->config;
	struct delivery_options options = {
		.client = worker->client,
		.pool = &worker->pool,
		.mapping = &worker->mapping,
		.sink = config->dead_letter_sink,
		.failed_sink = config->sink,
		.namespace_name = config->namespace_name,
		.encoding = (enum ump_header_encoding)config->header_encoding,
		.letters = config->redrive,
		.timeout_us = config->timeout_us,
		.answered = worker_letter_answered,
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
		.transaction = worker->transaction,
		.never = worker->config->replay && !worker->config->commit,
		.ended = worker_committed,
		.context = worker,
	};
	return commits_new(&options);
}

/* What works on records: everything that needs no Kafka. */
int worker_make_path(struct worker *worker, struct ump_error *error)
{
	const struct config *config = worker->config;
	if (config_filter(config, &worker->filter, error) < 0 || config_skips(config, &worker->skips, error) < 0 ||
	    (config->has_token && token_new(&worker->token, worker->loop, config->token_file, error) < 0))
		return -1;
	bool batches = config->content == CONTENT_BATCH && !config->to_topic;
	int64_t batch_events = config->batch_max_events < config->max_in_flight ? config->batch_max_events : config->max_in_flight;
	struct flow_options flow = {
		.loop = worker->loop,
		.metrics = worker->metrics,
		.pool = &worker->pool,
		.order = (enum order)config->order,
		.max_in_flight = (size_t)config->max_in_flight,
		.max_held_bytes = config->max_in_flight_bytes,
		.skips = worker->skips,
		.filters = !filter_is_empty(worker->filter),
		.put_back = config->to_topic != NULL,
		.probes = {(enum retry_policy)config->backoff_policy, config->backoff_delay_us, config->backoff_max_us, 0, 0},
		.batch_events = batches ? (size_t)batch_events : 1,
		.batch_bytes = config->batch_max_bytes,
		.batch_linger_us = config->batch_linger_us,
		.rate = config->rate,
		.idle = worker_idle,
		.quiet = worker_quiet,
		.context = worker,
	};
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
	if (config->dead_letter_sink)
		worker->letters = make_letters(worker);
	worker->settle = make_settle(worker);
	return 0;
}

int worker_make_transaction(struct worker *worker, struct ump_error *error)
{
	struct transaction_options options = {
		.loop = worker->loop,
		.metrics = worker->metrics,
		.pool = &worker->pool,
		.settings = &worker->config->kafka,
		.client_id = worker->config->instance,
		.id = worker->config->transactional_id,
		.refused_probe_us = worker->config->stall_probe_us,
		.ready = worker_transactions_ready,
		.refused = worker_refused,
		.stored = worker_stored,
		.failed = worker_producer_failed,
		.context = worker,
	};
	return transaction_new(&worker->transaction, &options, error);
}

int worker_make_parts(struct worker *worker, struct ump_error *error)
{
	struct access_options access = {
		.settings = &worker->config->kafka,
		.metrics = worker->metrics,
		.consumer = &worker->consumer,
		.producer = &worker->producer,
		.transaction = &worker->transaction,
		.tls_changed = worker_tls_changed,
		.context = worker,
	};
	if (make_consumer(worker, error) < 0 || make_producer(worker, error) < 0 ||
	    access_new(&worker->access, worker->loop, &access, error) < 0)
		return -1;
	worker->commits = make_commits(worker);
	flow_connect(worker->flow, &(struct flow_parts){worker->consumer, worker->commits, worker->delivery, worker->letters,
							worker->settle, worker->transaction});
	settle_set_producer(worker->settle, worker->producer);
	if (worker->config->status_topic)
		worker->status =
			status_new(&(struct status_options){worker->loop, worker->producer, worker->config->status_topic,
							    worker->config->instance, worker->config->group, worker_collect, worker});
	return 0;
}

void worker_free_parts(struct worker *worker)
{
	access_free(worker->access);
	status_free(worker->status);
	consumer_free(worker->consumer);
	transaction_free(worker->transaction);
	commits_free(worker->commits);
	ump_producer_free(worker->producer);
	delivery_free(worker->delivery);
	delivery_free(worker->letters);
	token_free(worker->token);
	filter_free(worker->filter);
	skip_list_free(worker->skips);
	ump_client_free(worker->client);
	settle_free(worker->settle);
	flow_free(worker->flow);
	cluster_probe_free(worker->probe);
	replay_plan_release(&worker->plan);
	replay_bounds_release(&worker->bounds);
	overrides_free(worker->overrides, worker->mapping.override_count);
	record_pool_clear(&worker->pool);
}
