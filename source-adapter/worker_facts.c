/* source-adapter/worker_facts.c: how the worker is: for readiness, metrics and the status topic. */
#include "common/memory.h"
#include "source-adapter/counts.h"
#include "source-adapter/worker_private.h"
#include <stdio.h>

#define KEY_SHOWN 256 /* bytes of a stalled record's key */

static bool is_stalled(const struct assigned *assigned)
{
	return assigned->active && (partition_stalled(assigned->ring) > 0 || assigned->refused);
}

static size_t count_stalled(const struct worker *worker)
{
	size_t stalled = 0;
	for (struct assigned *assigned = worker->consumer ? consumer_partitions(worker->consumer) : NULL; assigned;
	     assigned = assigned->next)
		stalled += is_stalled(assigned);
	return stalled;
}

/* The record that stalls a partition: the first, where there are several. NULL: Kafka does not take something of it. */
static const struct record *first_stalled(const struct assigned *assigned)
{
	uint64_t position = 0;
	const struct record *record;
	while ((record = partition_unfinished(assigned->ring, &position)) && !record->stalled_since)
		;
	return record;
}

static void show_stall(struct worker *worker, const struct assigned *assigned)
{
	const struct record *record = first_stalled(assigned);
	char partition[16], offset[24] = "", status[16] = "";
	ump_cleanup(ump_buffer_release) struct ump_buffer key = {0}, since = {0};
	snprintf(partition, sizeof partition, "%d", assigned->number);
	ump_buffer_add_string(&key, "");
	ump_buffer_add_string(&since, "");
	if (record) {
		snprintf(offset, sizeof offset, "%lld", (long long)record->offset);
		snprintf(status, sizeof status, "%d", record->last_status);
		ump_buffer_add(&key, record->key.start, record->key.size < KEY_SHOWN ? record->key.size : KEY_SHOWN);
		ump_buffer_add_time(&since, record->stalled_since);
	}
	const char *const labels[UMP_METRIC_LABELS] = {assigned->topic, partition, offset, key.start, status, since.start};
	ump_metrics_series(worker->metrics, COUNT_STALLED_PARTITIONS, labels)->value = 1;
}

static void show_stalls(struct worker *worker)
{
	static const char *const none[UMP_METRIC_LABELS] = {"", "", "", "", "", ""};
	ump_metrics_drop_all(worker->metrics, COUNT_STALLED_PARTITIONS);
	if (count_stalled(worker) == 0)
		ump_metrics_series(worker->metrics, COUNT_STALLED_PARTITIONS, none)->value = 0;
	for (struct assigned *assigned = consumer_partitions(worker->consumer); assigned; assigned = assigned->next) {
		if (is_stalled(assigned))
			show_stall(worker, assigned);
	}
}

struct status_facts worker_collect(void *context)
{
	struct worker *worker = context;
	struct status_facts facts = {.flow = flow_facts(worker->flow), .stalled = count_stalled(worker)};
	facts.partitions = consumer_active(worker->consumer);
	facts.lag = consumer_has_joined(worker->consumer) ? 0 : -1;
	for (struct assigned *assigned = consumer_partitions(worker->consumer); assigned; assigned = assigned->next) {
		int64_t lag = assigned->active ? consumer_lag(worker->consumer, assigned) : 0;
		facts.lag = lag < 0 || facts.lag < 0 ? -1 : facts.lag + lag;
	}
	return facts;
}

bool worker_ready(void *context, char *reason, size_t reason_size)
{
	struct worker *worker = context;
	const char *text = NULL;
	switch (worker->phase) {
	case PHASE_LOOKING:
		text = "Kafka has not answered yet, or a topic is not there";
		break;
	case PHASE_DRAINING:
	case PHASE_LEAVING:
		text = "stopping";
		break;
	case PHASE_RUNNING:
	case PHASE_RELEASING:
	case PHASE_REPLACING:
	case PHASE_REOPENING:
		if (!consumer_has_joined(worker->consumer))
			text = "the consumer group has given no partitions yet";
		else if (consumer_active(worker->consumer) > 0 && count_stalled(worker) == consumer_active(worker->consumer))
			text = "every assigned partition is stalled";
	}
	if (text)
		snprintf(reason, reason_size, "%s", text);
	return !text;
}

void worker_update(void *context)
{
	struct worker *worker = context;
	if (!worker->consumer)
		return;
	struct flow_facts facts = flow_facts(worker->flow);
	ump_metrics_set(worker->metrics, COUNT_IN_FLIGHT, (double)facts.in_flight);
	ump_metrics_set(worker->metrics, COUNT_WINDOW, (double)facts.window);
	ump_metrics_set(worker->metrics, COUNT_HELD, (double)facts.held_bytes);
	show_stalls(worker);
	ump_metrics_set(worker->metrics, COUNT_ASSIGNED_PARTITIONS, (double)consumer_active(worker->consumer));
	for (struct assigned *assigned = consumer_partitions(worker->consumer); assigned; assigned = assigned->next) {
		char number[16];
		const char *const labels[] = {assigned->topic, number};
		snprintf(number, sizeof number, "%d", assigned->number);
		int64_t lag = assigned->active ? consumer_lag(worker->consumer, assigned) : -1;
		if (lag >= 0)
			ump_metrics_series(worker->metrics, COUNT_LAG, labels)->value = (double)lag;
		else
			ump_metrics_drop(worker->metrics, COUNT_LAG, labels);
	}
}
