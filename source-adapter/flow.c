/* Everything that may change what can go (an answer, a pause that is over, records from Kafka) asks for one look at all partitions, which
 * happens once, at the end of the loop's round. So a burst of answers costs one look, and no call goes deep.
 *
 * In flight are records that the sink has and those whose reply or dead letter Kafka has not acknowledged. A record that pauses gives its
 * place to others.
 *
 * A batch is of one partition. Its first record leads it and stands for all until they are finished or, where the batch as a whole was
 * refused, go back into the ring as if they had never been taken. From there they go again in smaller batches, by themselves: so a refused
 * batch is halved until the refused event stands alone, and the ring keeps the order meanwhile as it always does. */
#include "source-adapter/flow.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/counts.h"
#include "source-adapter/pace.h"
#include "source-adapter/parcel.h"
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
	struct ump_timer next_batch;
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
	ump_timer_cancel(flow->options.loop, &flow->next_batch);
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
	assigned->batch_bytes += (int64_t)record->bytes;
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

/* Whether one more record of the partition would be of use, and there is room for it. In strict order nothing is, while one is on its way:
 * it could not go. */
static bool wants_record(const struct flow *flow, const struct assigned *assigned)
{
	if (!partition_has_room(assigned->ring) ||
	    (flow->options.order == ORDER_PARTITION && partition_pending(assigned->ring) > partition_open(assigned->ring)))
		return false;
	return has_share(flow, assigned) || partition_pending(assigned->ring) == 0;
}

static bool has_batch(const struct flow *flow, const struct assigned *assigned)
{
	return partition_open(assigned->ring) >= flow->options.batch_events ||
	       (flow->options.batch_events > 1 && assigned->batch_bytes >= flow->options.batch_bytes && partition_can_take(assigned->ring));
}

/* Reads until something may go, or a batch of it. False: nothing may. */
static bool refill(struct flow *flow, struct assigned *assigned)
{
	while (!has_batch(flow, assigned) && wants_record(flow, assigned)) {
		rd_kafka_message_t *message = consumer_read(flow->parts.consumer, assigned);
		if (!message) {
			commits_consider(flow->parts.commits, assigned); /* a gap at the end may have moved the position */
			break;
		}
		read_record(flow, assigned, message);
	}
	return partition_can_take(assigned->ring);
}

/* ---- Choosing ---- */

static void beat(void *context)
{
	flow_wake(context);
}

/* Whether what the partition has should go now; else it is looked at again when its time has come. */
static bool is_ripe(struct flow *flow, struct assigned *assigned)
{
	int64_t now = ump_loop_now(flow->options.loop);
	if (flow->options.batch_events == 1)
		return true;
	if (assigned->batch_at == 0)
		assigned->batch_at = now + flow->options.batch_linger_us;
	if (now >= assigned->batch_at || has_batch(flow, assigned) || !wants_record(flow, assigned)) {
		assigned->batch_at = assigned->batch_bytes = 0;
		return true;
	}
	if (!ump_timer_is_set(&flow->next_batch) || flow->next_batch.at > assigned->batch_at)
		ump_timer_set(flow->options.loop, &flow->next_batch, assigned->batch_at, beat, flow);
	return false;
}

/* Records that would come again after a crash are those in flight and those finished and not committed: together at most twice what may be
 * in flight. So a commit that takes long, or fails, holds the flow back instead of adding to them. */
static size_t room(const struct flow *flow)
{
	size_t most = flow->options.max_in_flight, open = flow->in_flight + commits_open(flow->parts.commits);
	if (flow->in_flight >= most || open >= 2 * most)
		return 0;
	return most - flow->in_flight < 2 * most - open ? most - flow->in_flight : 2 * most - open;
}

/* Events that the next batch of the partition may have; 0: none may go. One that would be cut short by what is on its way waits for that.
 */
static size_t next_size(const struct flow *flow, const struct assigned *assigned)
{
	size_t most = flow->options.batch_events, open = partition_open(assigned->ring);
	most = most < open ? most : open;
	return room(flow) < most ? 0 : most;
}

/* The next record that may go: the one behind `last`, where there is one, else another. */
static struct record *take_record(struct assigned *assigned, const struct record *last)
{
	struct partition_ticket ticket;
	void *record;
	if (!(last && partition_take_behind(assigned->ring, last->ticket, &ticket, &record)) &&
	    !partition_take(assigned->ring, &ticket, &record))
		return NULL;
	((struct record *)record)->ticket = ticket;
	return record;
}

/* Whether a record may go in the same batch: those of a refused one only with their like, so that no other comes under suspicion. */
static bool may_follow(const struct record *leader, const struct record *record)
{
	return (leader->most > 0) == (record->most > 0) && (record->most == 0 || leader->follower_count + 1 < record->most);
}

/* Whether the record is to be sent: not where it is skipped, or the filter does not let it pass. One that is no valid event is: it is told
 * of that then. */
static bool is_wanted(struct flow *flow, struct record *record)
{
	struct ump_error error;
	record->fate = RECORD_WANTED;
	if (flow->options.skips && skip_list_has(flow->options.skips, record->home->topic, record->home->number, record->offset))
		record->fate = RECORD_SKIPPED;
	else if (flow->options.filters)
		delivery_prepare(flow->parts.delivery, record, &error);
	return record->fate == RECORD_WANTED;
}

static bool add_to_batch(struct flow *flow, struct record *leader, struct record *record)
{
	struct ump_error error;
	return delivery_prepare(flow->parts.delivery, record, &error) == 0 && delivery_add(flow->parts.delivery, leader);
}

/* Takes records behind the leader until its batch is full. What is no valid event stays, to be told of it alone; what is not wanted comes
 * along, since it may have to wait for the ones before it. */
static void compose(struct flow *flow, struct record *leader, size_t most)
{
	struct record *last = leader, **link = &leader->followers, *record;
	while (leader->follower_count + 1 < most && (record = take_record(leader->home, last))) {
		if (!may_follow(leader, record) || (is_wanted(flow, record) && !add_to_batch(flow, leader, record))) {
			partition_give_back(leader->home->ring, record->ticket);
			break;
		}
		*link = last = record;
		link = &record->next;
		leader->follower_count++;
	}
	*link = NULL;
}

static struct record *pop_due(struct assigned *assigned)
{
	struct record *record = assigned->due;
	if (record && !(assigned->due = record->next))
		assigned->last_due = &assigned->due;
	return record;
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

/* It is finished, in flight or not. */
static void let_go(struct flow *flow, struct record *record)
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

/* The next record of the partition that goes, with its batch, or NULL. Those whose pause is over go first: others wait behind them. */
static struct record *next_record(struct flow *flow, struct assigned *assigned)
{
	struct record *record = pop_due(assigned);
	while (!record && refill(flow, assigned)) {
		size_t most = next_size(flow, assigned);
		if (most == 0 || !is_ripe(flow, assigned))
			return NULL;
		record = take_record(assigned, NULL);
		if (!is_wanted(flow, record))
			let_go(flow, ump_steal(record));
		else if (most > 1 && add_to_batch(flow, record, record))
			compose(flow, record, record->most > 0 && record->most < most ? record->most : most);
	}
	return record;
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
	while (in_vain < count && !flow->stopped && room(flow) > 0 && !must_wait(flow)) {
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
	leave_flight(context);
	let_go(context, record);
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
