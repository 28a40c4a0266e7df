/* Everything that may change what can go (an answer, a pause that is over, records from Kafka) asks for one look at all partitions, which
 * happens once, at the end of the loop's round. So a burst of answers costs one look, and no call goes deep.
 *
 * In flight are records that the sink has and those whose reply or dead letter Kafka has not acknowledged. A record that pauses gives its
 * place to others. */
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/counts.h"
#include "source-adapter/flow_private.h"
#include "source-adapter/outcome.h"
#include "source-adapter/parcel.h"
#include "source-adapter/seeded.h"
#include <stdlib.h>

#define IDLE      UMP_SECOND
#define MAX_PROBE (5 * UMP_SECOND) /* longest pause between probes of a sink that is down: one costs a request */

static void look(void *context);

struct flow *flow_new(const struct flow_options *options)
{
	struct flow *flow = ump_allocate(1, sizeof *flow);
	flow->options = *options;
	flow->pace = pace_of(options->rate);
	flow->window = window_of(options->max_in_flight);
	flow->options.probes.retries = INT64_MAX;
	if (flow->options.probes.max_delay_us > MAX_PROBE)
		flow->options.probes.max_delay_us = MAX_PROBE;
	flow->facts = (struct flow_facts){.last_status = -1, .first_answer_us = -1};
	return flow;
}

void flow_connect(struct flow *flow, const struct flow_parts *parts)
{
	flow->parts = *parts;
}

void flow_free(struct flow *flow)
{
	if (!flow)
		return;
	ump_loop_cancel(flow->options.loop, &flow->look);
	ump_timer_cancel(flow->options.loop, &flow->next_beat);
	ump_timer_cancel(flow->options.loop, &flow->next_batch);
	ump_timer_cancel(flow->options.loop, &flow->next_probe);
	free(flow);
}

void flow_wake(struct flow *flow)
{
	ump_loop_defer(flow->options.loop, &flow->look, look, flow);
}

void flow_stop(struct flow *flow)
{
	flow->stopped = true;
	flow_wake(flow);
}

void flow_start(struct flow *flow)
{
	flow->stopped = false;
	flow_wake(flow);
}

/* ---- Sending ---- */

static void enter_flight(struct flow *flow)
{
	int64_t now = ump_loop_now(flow->options.loop);
	if (flow->in_flight++ == 0 && now - flow->quiet_since >= IDLE)
		flow->woken_at = now;
}

static void leave_flight(struct flow *flow)
{
	if (--flow->in_flight == 0)
		flow->quiet_since = ump_loop_now(flow->options.loop);
	flow_wake(flow);
}

static void send_record(struct flow *flow, struct record *leader)
{
	struct ump_error error;
	if (leader->condemned) {
		leader->state = RECORD_SENT;
		enter_flight(flow);
		settle_condemned(flow->parts.settle, leader);
		return;
	}
	struct delivery *delivery = leader->is_letter ? flow->parts.letters : flow->parts.delivery;
	leader->sent_at = ump_loop_now(flow->options.loop);
	for (struct record *record = leader; record; record = record_behind(leader, record)) {
		record->state = record == leader ? RECORD_SENT : RECORD_FOLLOWING;
		if (record->is_letter)
			record->letter_tries++;
		else if (record->attempts++ > 0)
			ump_metrics_add(flow->options.metrics, COUNT_RETRIED, 1);
		pace_take(&flow->pace, leader->sent_at);
		enter_flight(flow);
	}
	if (seeded(SEEDED_DROP))
		flow_finished(flow, leader);
	else if (flow->options.put_back)
		settle_put_back(flow->parts.settle, leader);
	else if (delivery_send(delivery, leader, &error) < 0)
		settle_not_sent(flow->parts.settle, leader, &error);
}

static void hold(struct flow *flow, struct assigned *assigned, int64_t bytes)
{
	assigned->held_bytes += bytes;
	flow->held_bytes += bytes;
}

void flow_stored(void *context, struct record *record)
{
	struct flow *flow = context;
	hold(flow, record->home, -(int64_t)record->bytes);
	record_give(flow->options.pool, record);
}

void flow_let_go(struct flow *flow, struct record *record)
{
	static const char *const reason = "skipped";
	struct assigned *assigned = record->home;
	if (record->fate == RECORD_FILTERED)
		ump_metrics_add(flow->options.metrics, COUNT_FILTERED, 1);
	if (record->fate == RECORD_SKIPPED) {
		ump_metrics_series(flow->options.metrics, COUNT_DROPPED, &reason)->value++;
		ump_log(UMP_LOG_WARNING, "record skipped", UMP_LOG_S("topic", assigned->topic), UMP_LOG_I("partition", assigned->number),
			UMP_LOG_I("offset", record->offset), UMP_LOG_T("key", record->key));
	}
	partition_finish(assigned->ring, record->ticket);
	if (record->parcel) {
		hold(flow, assigned, (int64_t)record->parcel->bytes);
		record->bytes += record->parcel->bytes;
		transaction_hold(flow->parts.transaction, record);
	} else {
		flow_stored(flow, record);
	}
	commits_add(flow->parts.commits, assigned);
}

void flow_look_again(void *context)
{
	flow_wake(context);
}

/* Whether the pace says to wait; then it looks again when that is over. */
static bool must_wait(struct flow *flow)
{
	int64_t now = ump_loop_now(flow->options.loop), wait = pace_wait(&flow->pace, now);
	if (wait > 0)
		ump_timer_set(flow->options.loop, &flow->next_beat, now + wait, flow_look_again, flow);
	return wait > 0;
}

/* One record of each partition in turn, going on where the look before ended, so that none waits for another one's backlog. */
static void look(void *context)
{
	struct flow *flow = context;
	size_t count = 0, in_vain = 0;
	for (struct assigned *assigned = consumer_partitions(flow->parts.consumer); assigned; assigned = assigned->next)
		count++;
	while (in_vain < count && !flow->stopped && flow_room(flow) > 0 && !must_wait(flow)) {
		struct assigned *assigned = flow->turn ? flow->turn : consumer_partitions(flow->parts.consumer);
		struct record *record = assigned->active ? flow_next(flow, assigned) : NULL;
		flow->turn = assigned->next;
		in_vain = record ? 0 : in_vain + 1;
		if (record)
			send_record(flow, record);
	}
	if (flow->in_flight > 0)
		return;
	if (flow->stopped)
		flow->options.quiet(flow->options.context);
	else
		flow->options.idle(flow->options.context);
}

/* ---- What settle says ---- */

void flow_finished(void *context, struct record *record)
{
	leave_flight(context);
	flow_let_go(context, record);
}

void flow_paused(void *context, struct record *leader)
{
	for (size_t i = 0; i <= leader->follower_count; i++)
		leave_flight(context);
}

/* The ring takes back first what was taken last. */
void flow_split(void *context, struct record *leader, size_t most)
{
	struct flow *flow = context;
	struct record *last = NULL;
	flow_paused(flow, leader);
	for (struct record *record = leader, *behind; record; record = behind) {
		behind = record_behind(leader, record);
		record->next = last;
		last = record;
	}
	leader->followers = NULL;
	leader->follower_count = 0;
	leader->home->batch_at = ump_loop_now(flow->options.loop); /* no lingering */
	for (struct record *record = last; record; record = record->next) {
		record->state = RECORD_WAITING;
		record->most = most;
		partition_give_back(record->home->ring, record->ticket);
	}
}

void flow_due(void *context, struct record *record)
{
	struct assigned *assigned = record->home;
	record->next = NULL;
	*assigned->last_due = record;
	assigned->last_due = &record->next;
	flow_wake(context);
}

/* ---- Letting go ---- */

/* They were not answered: that does not count as a try. Returns how many they are. */
static size_t take_back(struct flow *flow, struct record *leader)
{
	delivery_cancel(leader);
	flow_paused(flow, leader);
	for (struct record *record = leader; record; record = record_behind(leader, record))
		--*(record->is_letter ? &record->letter_tries : &record->attempts);
	leader->state = RECORD_DUE;
	flow_due(flow, leader);
	return leader->follower_count + 1;
}

size_t flow_take_back(struct flow *flow)
{
	size_t count = 0;
	for (struct assigned *assigned = consumer_partitions(flow->parts.consumer); assigned; assigned = assigned->next) {
		uint64_t position = 0;
		for (struct record *record; (record = partition_unfinished(assigned->ring, &position));) {
			if (record->state == RECORD_SENT)
				count += take_back(flow, record);
		}
	}
	return count;
}

void flow_detach(struct flow *flow)
{
	for (struct assigned *assigned = consumer_partitions(flow->parts.consumer); assigned; assigned = assigned->next) {
		uint64_t position = 0;
		for (struct record *record; (record = partition_unfinished(assigned->ring, &position));)
			record_detach(flow->options.pool, record);
	}
}

void flow_drop(struct flow *flow, struct assigned *assigned)
{
	uint64_t position = 0;
	for (struct record *record; (record = partition_unfinished(assigned->ring, &position));) {
		if (record->state == RECORD_SENT)
			delivery_cancel(record);
		if (record->state == RECORD_SENT || record->state == RECORD_SETTLING)
			flow_paused(flow, record);
		record->followers = NULL; /* each is let go of for itself */
		record->follower_count = 0;
		settle_forget(flow->parts.settle, record);
	}
	if (flow->parts.transaction)
		transaction_forget(flow->parts.transaction, assigned);
	flow->turn = NULL;
	flow->held_bytes -= assigned->held_bytes;
	assigned->held_bytes = 0;
	commits_forget(flow->parts.commits, assigned);
}

/* ---- Facts ---- */

static void move_window(struct flow *flow, const struct record *leader, int status)
{
	int64_t now = ump_loop_now(flow->options.loop);
	if (outcome_of_status(status) != OUTCOME_RETRY) {
		if (window_worked(&flow->window, leader->follower_count + 1))
			ump_log(UMP_LOG_INFO, "the sink answers again", UMP_LOG_I("status", status));
		return;
	}
	if (window_failed(&flow->window, leader->follower_count + 1, leader->attempts == 1, &flow->options.probes, now))
		ump_log(UMP_LOG_WARNING, "the sink seems to be down: one event at a time is tried", UMP_LOG_I("status", status));
	if (flow->window.size == 0)
		ump_timer_set(flow->options.loop, &flow->next_probe, flow->window.probe_at, flow_look_again, flow);
}

void flow_answered(struct flow *flow, const struct record *leader, const struct ump_reply *reply)
{
	int64_t wall = ump_loop_wall(flow->options.loop);
	move_window(flow, leader, reply->status);
	flow->facts.last_status = reply->status;
	flow->facts.last_answer_at = wall;
	if (flow->woken_at && reply->status) {
		flow->facts.first_answer_us = ump_loop_now(flow->options.loop) - flow->woken_at;
		flow->facts.first_answer_at = wall;
		flow->woken_at = 0;
	}
}

struct flow_facts flow_facts(const struct flow *flow)
{
	struct flow_facts facts = flow->facts;
	facts.in_flight = flow->in_flight;
	facts.held_bytes = flow->held_bytes;
	facts.window = flow->window.size;
	return facts;
}
