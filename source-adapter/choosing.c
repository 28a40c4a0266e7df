/* source-adapter/choosing.c: which record goes next, and with which others; see flow.h.
 *
 * A batch is of one partition. Its first record leads it and stands for all until they are finished or, where the batch as a whole was
 * refused, go back into the ring as if they had never been taken. From there they go again in smaller batches, by themselves: so a refused
 * batch is halved until the refused event stands alone, and the ring keeps the order meanwhile as it always does. */
#include "common/memory.h"
#include "source-adapter/counts.h"
#include "source-adapter/flow_private.h"

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

/* Records that would come again after a crash are those in flight and those finished and not committed: together at most twice what may be
 * in flight. So a commit that takes long, or fails, holds the flow back instead of adding to them. */
size_t flow_room(const struct flow *flow)
{
	size_t places = window_places(&flow->window, ump_loop_now(flow->options.loop)), most = 2 * flow->options.max_in_flight;
	size_t open = flow->in_flight + commits_open(flow->parts.commits);
	if (flow->in_flight >= places || open >= most)
		return 0;
	return places - flow->in_flight < most - open ? places - flow->in_flight : most - open;
}

/* Events that may go now of those that the partition has; 0: none. A batch goes when it is full, or cannot become fuller, and there is room
 * for all of it; or when it has waited for that long enough. */
static size_t next_size(struct flow *flow, struct assigned *assigned)
{
	size_t most = flow->options.batch_events, open = partition_open(assigned->ring), left = flow_room(flow);
	int64_t now = ump_loop_now(flow->options.loop);
	most = most < open ? most : open;
	most = flow->window.size >= most ? most : flow->window.size > 0 ? flow->window.size : 1;
	if (left == 0 || flow->options.batch_events == 1)
		return left < most ? left : most;
	if (assigned->batch_at == 0)
		assigned->batch_at = now + flow->options.batch_linger_us;
	bool full = has_batch(flow, assigned) || !wants_record(flow, assigned);
	if (now >= assigned->batch_at || (full && left >= most)) {
		assigned->batch_at = assigned->batch_bytes = 0;
		return left < most ? left : most;
	}
	if (!ump_timer_is_set(&flow->next_batch) || flow->next_batch.at > assigned->batch_at)
		ump_timer_set(flow->options.loop, &flow->next_batch, assigned->batch_at, flow_look_again, flow);
	return 0;
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

/* Whether a record may go in the same batch: those of a refused one only with their like, so that no other comes under suspicion. One that
 * is condemned goes alone. */
static bool may_follow(const struct record *leader, const struct record *record)
{
	return !record->condemned && (leader->most > 0) == (record->most > 0) &&
	       (record->most == 0 || leader->follower_count + 1 < record->most);
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

/* Takes records behind the leader until its batch is full. What is no valid event stays, to be told of it alone; what is not wanted comes
 * along, since it may have to wait for the ones before it. */
static void compose(struct flow *flow, struct record *leader, size_t most)
{
	struct record *last = leader, **link = &leader->followers, *record;
	while (leader->follower_count + 1 < most && (record = take_record(leader->home, last))) {
		if (!may_follow(leader, record) || (is_wanted(flow, record) && !delivery_add(flow->parts.delivery, leader, record))) {
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

/* In a transaction what finished beyond a gap is not committed, and keeps its place. So the last places are for the records that close the
 * gaps: else all could be taken by others, and nothing would ever be committed. */
static bool is_for_heads(const struct flow *flow)
{
	size_t most = 2 * flow->options.max_in_flight, reserve = consumer_active(flow->parts.consumer);
	reserve = reserve < flow->options.max_in_flight ? reserve : flow->options.max_in_flight;
	return flow->parts.transaction && flow->in_flight + commits_open(flow->parts.commits) + reserve >= most;
}

static void remove_due(struct assigned *assigned, struct record *record)
{
	struct record **link = &assigned->due;
	while (*link != record)
		link = &(*link)->next;
	*link = record->next;
	if (!*link)
		assigned->last_due = link;
}

/* The first record of the partition that is not finished, where it may go. */
static struct record *next_head(struct flow *flow, struct assigned *assigned)
{
	struct partition_ticket ticket;
	uint64_t position = 0;
	void *taken;
	struct record *record = partition_unfinished(assigned->ring, &position);
	if (record && record->state == RECORD_DUE) {
		remove_due(assigned, record);
		return record;
	}
	while ((record || refill(flow, assigned)) && partition_take_head(assigned->ring, &ticket, &taken)) {
		record = taken;
		record->ticket = ticket;
		if (is_wanted(flow, record))
			return record;
		flow_let_go(flow, ump_steal(record));
	}
	return NULL;
}

/* The next record of the partition that goes, with its batch, or NULL. Those whose pause is over go first: others wait behind them. */
struct record *flow_next(struct flow *flow, struct assigned *assigned)
{
	if (is_for_heads(flow))
		return next_head(flow, assigned);
	struct record *record = pop_due(assigned);
	while (!record && refill(flow, assigned)) {
		size_t most = next_size(flow, assigned);
		if (most == 0)
			return NULL;
		record = take_record(assigned, NULL);
		if (!is_wanted(flow, record))
			flow_let_go(flow, ump_steal(record));
		else if (most > 1 && !record->condemned && delivery_add(flow->parts.delivery, record, record))
			compose(flow, record, record->most > 0 && record->most < most ? record->most : most);
	}
	return record;
}
