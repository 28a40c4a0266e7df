/* Everything that may change what can go (an answer, a pause that is over, records from Kafka) asks for one look at all partitions, which
 * happens once, at the end of the loop's round. So a burst of answers costs one look, and no call goes deep.
 *
 * In flight are records that the sink has and those whose reply or dead letter Kafka has not acknowledged. A record that pauses gives its
 * place to others. */
#include "source-adapter/flow.h"
#include "common/memory.h"
#include "source-adapter/counts.h"
#include "source-adapter/pace.h"
#include "source-adapter/seeded.h"
#include <stdlib.h>

#define IDLE UMP_SECOND

struct flow {
	struct flow_options options;
	struct flow_parts parts;
	struct ump_task look;
	struct assigned *turn; /* whose it is; NULL: the first one's */
	struct pace pace;
	struct ump_timer next_beat; /* when the pace lets the next one go */
	bool stopped;
	size_t in_flight;
	int64_t held_bytes;

	int64_t quiet_since; /* loop time since which nothing is in flight */
	int64_t woken_at;    /* when the first event after idleness was sent; 0: its answer has come */
	struct flow_facts facts;
};

static void look(void *context);

struct flow *flow_new(const struct flow_options *options)
{
	struct flow *flow = ump_allocate(1, sizeof *flow);
	flow->options = *options;
	flow->pace = pace_of(options->rate);
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

static void send_record(struct flow *flow, struct record *record)
{
	struct ump_error error;
	record->state = RECORD_SENT;
	record->sent_at = ump_loop_now(flow->options.loop);
	if (record->attempts++ > 0)
		ump_metrics_add(flow->options.metrics, COUNT_RETRIED, 1);
	pace_take(&flow->pace, record->sent_at);
	enter_flight(flow);
	if (seeded(SEEDED_DROP))
		flow_finished(flow, record);
	else if (flow->options.put_back)
		settle_put_back(flow->parts.settle, record);
	else if (delivery_send(flow->parts.delivery, record, &error) < 0)
		settle_not_sent(flow->parts.settle, record, &error);
}

/* ---- Reading ---- */

static void read_record(struct flow *flow, struct assigned *assigned, rd_kafka_message_t *message)
{
	struct record *record = record_take(flow->options.pool, message);
	if (partition_add(assigned->ring, record->offset, record->key, record) == PARTITION_KNOWN) {
		record_give(flow->options.pool, record);
		commits_consider(flow->parts.commits, assigned);
		return;
	}
	record->home = assigned;
	assigned->held_bytes += (int64_t)record->bytes;
	flow->held_bytes += (int64_t)record->bytes;
	ump_metrics_add(flow->options.metrics, COUNT_RECEIVED, 1);
}

/* A partition may hold as much as it leaves for the others: n that are full hold 1/(n+1) of the bound each, and the next one finds the same
 * free. So one that stands still never uses up what the others need. One that is alone has all of it. */
static bool has_share(const struct flow *flow, const struct assigned *assigned)
{
	int64_t left = flow->options.max_held_bytes - flow->held_bytes;
	return left > 0 && (assigned->held_bytes < left || consumer_active(flow->parts.consumer) == 1);
}

/* Whether one more record of the partition would be of use, and there is room for it. In strict order nothing is, while one is unfinished:
 * it could not go. */
static bool wants_record(const struct flow *flow, const struct assigned *assigned)
{
	if (!partition_has_room(assigned->ring) || (flow->options.order == ORDER_PARTITION && partition_pending(assigned->ring) > 0))
		return false;
	return has_share(flow, assigned) || partition_pending(assigned->ring) == 0;
}

/* Reads until something may go. False: nothing may. */
static bool refill(struct flow *flow, struct assigned *assigned)
{
	while (!partition_can_take(assigned->ring) && wants_record(flow, assigned)) {
		rd_kafka_message_t *message = consumer_read(flow->parts.consumer, assigned);
		if (!message) {
			commits_consider(flow->parts.commits, assigned); /* a gap at the end may have moved the position */
			return false;
		}
		read_record(flow, assigned, message);
	}
	return partition_can_take(assigned->ring);
}

static struct record *pop_due(struct assigned *assigned)
{
	struct record *record = assigned->due;
	if (record && !(assigned->due = record->next))
		assigned->last_due = &assigned->due;
	return record;
}

/* The next record of the partition that goes, or NULL. Those whose pause is over go first: others wait behind them. */
static struct record *next_record(struct flow *flow, struct assigned *assigned)
{
	void *record = pop_due(assigned);
	struct partition_ticket ticket;
	if (record || !refill(flow, assigned) || !partition_take(assigned->ring, &ticket, &record))
		return record;
	((struct record *)record)->ticket = ticket;
	return record;
}

/* Records that would come again after a crash are those in flight and those finished and not committed: together at most twice what may be
 * in flight. So a commit that takes long, or fails, holds the flow back instead of adding to them. */
static bool is_full(const struct flow *flow)
{
	return flow->in_flight >= flow->options.max_in_flight ||
	       flow->in_flight + commits_open(flow->parts.commits) >= 2 * flow->options.max_in_flight;
}

static void beat(void *context)
{
	flow_wake(context);
}

/* Whether the pace says to wait; then it looks again when that is over. */
static bool must_wait(struct flow *flow)
{
	int64_t now = ump_loop_now(flow->options.loop), wait = pace_wait(&flow->pace, now);
	if (wait > 0)
		ump_timer_set(flow->options.loop, &flow->next_beat, now + wait, beat, flow);
	return wait > 0;
}

/* One record of each partition in turn, going on where the look before ended, so that none waits for another one's backlog. */
static void look(void *context)
{
	struct flow *flow = context;
	size_t count = 0, in_vain = 0;
	for (struct assigned *assigned = consumer_partitions(flow->parts.consumer); assigned; assigned = assigned->next)
		count++;
	while (in_vain < count && !flow->stopped && !is_full(flow) && !must_wait(flow)) {
		struct assigned *assigned = flow->turn ? flow->turn : consumer_partitions(flow->parts.consumer);
		struct record *record = assigned->active ? next_record(flow, assigned) : NULL;
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
	struct flow *flow = context;
	struct assigned *assigned = record->home;
	leave_flight(flow);
	assigned->held_bytes -= (int64_t)record->bytes;
	flow->held_bytes -= (int64_t)record->bytes;
	partition_finish(assigned->ring, record->ticket);
	commits_add(flow->parts.commits, assigned);
	record_give(flow->options.pool, record);
}

void flow_paused(void *context, struct record *record)
{
	(void)record;
	leave_flight(context);
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

static void take_back(struct flow *flow, struct record *record)
{
	delivery_cancel(record);
	leave_flight(flow);
	record->state = RECORD_DUE;
	record->attempts--; /* it was not answered: it does not count */
	flow_due(flow, record);
}

size_t flow_take_back(struct flow *flow)
{
	size_t count = 0;
	for (struct assigned *assigned = consumer_partitions(flow->parts.consumer); assigned; assigned = assigned->next) {
		uint64_t position = 0;
		for (struct record *record; (record = partition_unfinished(assigned->ring, &position));) {
			if (record->state == RECORD_SENT) {
				take_back(flow, record);
				count++;
			}
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
			leave_flight(flow);
		settle_forget(flow->parts.settle, record);
	}
	flow->turn = NULL;
	flow->held_bytes -= assigned->held_bytes;
	assigned->held_bytes = 0;
	commits_forget(flow->parts.commits, assigned);
}

/* ---- Facts ---- */

void flow_answered(struct flow *flow, const struct ump_reply *reply)
{
	int64_t wall = ump_loop_wall(flow->options.loop);
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
	return facts;
}
