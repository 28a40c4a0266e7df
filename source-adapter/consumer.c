/* Everything here runs on the loop's thread. librdkafka's threads fetch and talk to the group; what they have for us lies in queues that
 * signal one eventfd: the consumer's queue (rebalances, commits, errors) and one for each assigned partition (records), cut off from the
 * consumer's by forwarding it nowhere. An eventfd is signalled when a queue that was empty gets something, so a queue that was not read to
 * its end is remembered as unread.
 *
 * A rebalance callback need not assign at once: librdkafka waits for the call. That gives time to resolve positions (and to ask again when
 * the broker does not answer), and to let the worker finish before partitions are given back, while polling goes on. */
#include "common/kafka/credentials.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/asking.h"
#include "source-adapter/consumer_private.h"
#include "source-adapter/counts.h"
#include "source-adapter/fetching.h"
#include "source-adapter/seeded.h"
#include <stdio.h>
#include <stdlib.h>

#define HEARTBEAT   (1 * UMP_SECOND)       /* polls this often, whatever happens: max.poll.interval.ms and missed signals */
#define CLOSE_POLL  (10 * UMP_MILLISECOND) /* closing does not signal its end */
#define ASK_TIMEOUT 5000                   /* ms, of one blocking question */
#define ASK_PAUSE   (1 * UMP_SECOND)

/* ---- The partitions ---- */

void consumer_drop(struct consumer *consumer, struct assigned *assigned)
{
	struct assigned **link = &consumer->partitions;
	while (*link != assigned)
		link = &(*link)->next;
	*link = assigned->next;
	consumer->handler.dropping(consumer->handler.context, assigned);
	assigned_free(assigned);
}

static void drop_inactive(struct consumer *consumer)
{
	for (struct assigned *assigned = consumer->partitions, *next; assigned; assigned = next) {
		next = assigned->next;
		if (!assigned->active)
			consumer_drop(consumer, assigned);
	}
}

struct assigned *consumer_add(struct consumer *consumer, const struct position *position)
{
	struct assigned *assigned =
		assigned_new(position, seeded(SEEDED_SWAP) ? ORDER_NONE : consumer->order, consumer->ring_capacity, ++consumer->epoch);
	assigned->next = consumer->partitions;
	consumer->partitions = assigned;
	return assigned;
}

/* A partition comes. Where it was ours before and nobody has moved its offset since, it goes on where it was. */
static struct assigned *adopt(struct consumer *consumer, const struct position *position)
{
	struct assigned *assigned = assigned_find(consumer->partitions, position->topic, position->partition);
	if (assigned && position->offset != assigned->committed && position->offset != partition_position(assigned->ring)) {
		consumer_drop(consumer, assigned);
		assigned = NULL;
	}
	if (!assigned)
		assigned = consumer_add(consumer, position);
	assigned->committed = position->offset;
	assigned->active = true;
	assigned->unread = true;
	return assigned;
}

/* ---- Assigning ---- */

static void fail(struct consumer *consumer, rd_kafka_resp_err_t code, const char *what)
{
	struct ump_error error;
	ump_fail(&error, UMP_FATAL, "%s: %s", what, rd_kafka_err2str(code));
	consumer->handler.failed(consumer->handler.context, &error);
}

/* Whether the run is about what comes next in the partition. */
static bool has_more(const struct assigned *assigned)
{
	return partition_next_offset(assigned->ring) < assigned->end;
}

/* Tells librdkafka what to read and from where: what is active, from the end of its ring on. */
void consumer_assign_active(struct consumer *consumer)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)consumer->active);
	for (struct assigned *assigned = consumer->partitions; assigned; assigned = assigned->next) {
		if (assigned->active && has_more(assigned))
			rd_kafka_topic_partition_list_add(list, assigned->topic, assigned->number)->offset =
				partition_next_offset(assigned->ring);
	}
	rd_kafka_resp_err_t code = rd_kafka_assign(consumer->handle, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail(consumer, code, "assigning partitions");
}

void consumer_forget_assigning(struct consumer *consumer)
{
	ump_timer_cancel(consumer->loop, &consumer->ask_again);
	if (consumer->assigning)
		rd_kafka_topic_partition_list_destroy(consumer->assigning);
	consumer->assigning = NULL;
}

static void assign(void *context)
{
	struct consumer *consumer = context;
	rd_kafka_topic_partition_list_t *list = consumer->assigning;
	size_t count = (size_t)list->cnt;
	ump_cleanup_free struct position *positions = ump_allocate(count + 1, sizeof *positions);
	struct ump_error error;
	if (positions_resolve(consumer->handle, list, &consumer->from, ASK_TIMEOUT, positions, &error) < 0) {
		ump_log(UMP_LOG_WARNING, "positions not known yet", UMP_LOG_S("error", error.text));
		ump_timer_set(consumer->loop, &consumer->ask_again, ump_loop_clock() + ASK_PAUSE, assign, consumer);
		return;
	}
	consumer->active = count;
	for (size_t i = 0; i < count; i++) {
		struct assigned *assigned = adopt(consumer, &positions[i]);
		assigned_open_queue(assigned, consumer->handle, consumer->wakeup.fd);
		ump_log(UMP_LOG_INFO, "partition assigned", UMP_LOG_S("topic", assigned->topic), UMP_LOG_I("partition", assigned->number),
			UMP_LOG_I("offset", partition_position(assigned->ring)));
	}
	positions_release(positions, count);
	consumer_forget_assigning(consumer);
	drop_inactive(consumer);
	consumer_assign_active(consumer);
	consumer->joined = true;
	ump_metrics_add(consumer->metrics, COUNT_REBALANCES, 1);
	consumer->handler.readable(consumer->handler.context);
}

void consumer_release(struct consumer *consumer)
{
	for (struct assigned *assigned = consumer->partitions; assigned; assigned = assigned->next) {
		if (assigned->active)
			assigned_close_queue(assigned);
		assigned->active = false;
	}
	consumer->active = 0;
	rd_kafka_assign(consumer->handle, NULL);
}

void consumer_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct consumer *consumer = opaque;
	consumer_forget_assigning(consumer);
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !consumer->closing) {
		consumer->assigning = rd_kafka_topic_partition_list_copy(list);
		rd_kafka_topic_partition_list_sort(consumer->assigning, NULL, NULL);
		assign(consumer);
		return;
	}
	bool lost = rd_kafka_assignment_lost(handle);
	ump_log(lost ? UMP_LOG_WARNING : UMP_LOG_INFO, lost ? "partitions lost" : "partitions revoked",
		UMP_LOG_I("partitions", consumer->active));
	if (lost || consumer->active == 0 || consumer->closing) {
		consumer_release(consumer);
		if (lost)
			consumer->handler.lost(consumer->handler.context);
		return;
	}
	consumer->handler.revoking(consumer->handler.context);
}

/* ---- Offsets that the broker does not have ---- */

/* The topic has begun anew: what is known of the old one says nothing about it. */
static void begin_anew(struct consumer *consumer, struct assigned *old, int64_t first)
{
	struct position position = {old->topic, old->number, first, {.partitions = old->partitions_at_start}, NULL};
	struct assigned *assigned = consumer_add(consumer, &position);
	assigned->end = old->end;
	assigned->active = assigned->unread = true;
	assigned_open_queue(assigned, consumer->handle, consumer->wakeup.fd);
	consumer_drop(consumer, old);
}

static void go_to_first(struct consumer *consumer, struct assigned *assigned)
{
	struct ump_error error;
	int64_t wanted = partition_next_offset(assigned->ring), first, end;
	if (asking_bounds(consumer->handle, assigned->topic, assigned->number, ASK_TIMEOUT, &first, &end, &error) < 0) {
		ump_log(UMP_LOG_WARNING, "first offset not known yet", UMP_LOG_S("error", error.text));
		return;
	}
	assigned->out_of_range = false;
	if (wanted >= first && wanted <= end)
		return;
	ump_log(UMP_LOG_ERROR, "offset out of range", UMP_LOG_S("topic", assigned->topic), UMP_LOG_I("partition", assigned->number),
		UMP_LOG_I("wanted", wanted), UMP_LOG_I("first", first), UMP_LOG_I("end", end));
	if (wanted > end) {
		begin_anew(consumer, assigned, first);
		return;
	}
	ump_metrics_add(consumer->metrics, COUNT_EXPIRED, (double)(first - wanted));
	partition_read_up_to(assigned->ring, first);
}

/* Reading of a partition that is out of range has stopped in librdkafka: only a new assignment starts it again. */
static void recover(struct consumer *consumer)
{
	bool some = false;
	for (struct assigned *assigned = consumer->partitions, *next; assigned; assigned = next) {
		next = assigned->next;
		if (assigned->active && assigned->out_of_range) {
			go_to_first(consumer, assigned);
			some = true;
		}
	}
	if (some)
		consumer_assign_active(consumer);
}

/* ---- Polling ---- */

static void event_error(struct consumer *consumer, const rd_kafka_message_t *message)
{
	ump_log(UMP_LOG_WARNING, "kafka", UMP_LOG_S("error", rd_kafka_message_errstr(message)),
		UMP_LOG_S("topic", message->rkt ? rd_kafka_topic_name(message->rkt) : ""), UMP_LOG_I("partition", message->partition));
	if (message->err != RD_KAFKA_RESP_ERR__FATAL)
		return;
	char what[200] = "the group has expelled this member";
	if (consumer->options.instance_id)
		snprintf(what, sizeof what, "the group has expelled this member: another one has come with group.instance.id %s",
			 consumer->options.instance_id);
	fail(consumer, rd_kafka_fatal_error(consumer->handle, NULL, 0), what);
}

void consumer_poll(void *context)
{
	struct consumer *consumer = context;
	rd_kafka_message_t *message;
	if (consumer->polling)
		return;
	consumer->polling = true;
	ump_timer_set(consumer->loop, &consumer->heartbeat, ump_loop_now(consumer->loop) + (consumer->closing ? CLOSE_POLL : HEARTBEAT),
		      consumer_poll, consumer);
	if (consumer->closing) {
		rd_kafka_queue_poll_callback(consumer->queue, 0);
	} else {
		while ((message = rd_kafka_consumer_poll(consumer->handle, 0))) {
			event_error(consumer, message);
			rd_kafka_message_destroy(message);
		}
		recover(consumer);
	}
	consumer->polling = false;
	if (consumer->closing && rd_kafka_consumer_closed(consumer->handle)) {
		ump_timer_cancel(consumer->loop, &consumer->heartbeat);
		consumer->closed(consumer->closed_context);
	}
}

void consumer_woken(void *context)
{
	struct consumer *consumer = context;
	consumer_poll(consumer);
	for (struct assigned *assigned = consumer->partitions; assigned; assigned = assigned->next)
		assigned->unread = assigned->active;
	if (consumer->active > 0)
		consumer->handler.readable(consumer->handler.context);
}

/* Everything before `offset` is read, as far as the run is about it. Behind its end nothing more is fetched. */
static void read_up_to(struct consumer *consumer, struct assigned *assigned, int64_t offset)
{
	partition_read_up_to(assigned->ring, offset < assigned->end ? offset : assigned->end);
	if (has_more(assigned))
		return;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, assigned->topic, assigned->number);
	rd_kafka_pause_partitions(consumer->handle, list);
	rd_kafka_topic_partition_list_destroy(list);
}

rd_kafka_message_t *consumer_read(struct consumer *consumer, struct assigned *assigned)
{
	rd_kafka_message_t *message;
	while (assigned->unread && has_more(assigned) && (message = rd_kafka_consume_queue(assigned->queue, 0))) {
		switch (message->err) {
		case RD_KAFKA_RESP_ERR_NO_ERROR:
			fetching_advance(consumer->handle, &consumer->unnoticed, message->len);
			if (message->offset < assigned->end)
				return message;
			read_up_to(consumer, assigned, message->offset);
			break;
		case RD_KAFKA_RESP_ERR__PARTITION_EOF: /* transaction markers at the end are read, too */
			read_up_to(consumer, assigned, message->offset);
			break;
		case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
			assigned->out_of_range = true;
			ump_timer_set(consumer->loop, &consumer->heartbeat, ump_loop_now(consumer->loop), consumer_poll, consumer);
			break;
		default:
			event_error(consumer, message);
		}
		rd_kafka_message_destroy(message);
	}
	assigned->unread = false;
	return NULL;
}

/* ---- For the worker and commits ---- */

int consumer_set_credentials(struct consumer *consumer, const char *user, const char *password, struct ump_error *error)
{
	return ump_kafka_set_credentials(consumer->handle, user, password, error);
}

struct assigned *consumer_partitions(struct consumer *consumer)
{
	return consumer->partitions;
}

size_t consumer_active(const struct consumer *consumer)
{
	return consumer->active;
}

bool consumer_is_done(const struct consumer *consumer)
{
	if (!consumer->options.plan)
		return false;
	for (const struct assigned *assigned = consumer->partitions; assigned; assigned = assigned->next) {
		if (partition_position(assigned->ring) < assigned->end)
			return false;
	}
	return true;
}

bool consumer_has_joined(const struct consumer *consumer)
{
	return consumer->joined;
}

int64_t consumer_lag(struct consumer *consumer, const struct assigned *assigned)
{
	int64_t first, end;
	if (consumer->options.plan)
		return assigned->end - partition_position(assigned->ring);
	if (rd_kafka_get_watermark_offsets(consumer->handle, assigned->topic, assigned->number, &first, &end) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR ||
	    end < assigned->committed)
		return -1;
	return end - assigned->committed;
}

rd_kafka_consumer_group_metadata_t *consumer_group(struct consumer *consumer)
{
	return rd_kafka_consumer_group_metadata(consumer->handle);
}

void consumer_commit(struct consumer *consumer, const rd_kafka_topic_partition_list_t *offsets,
		     void (*done)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *), void *context)
{
	rd_kafka_resp_err_t code = rd_kafka_commit_queue(consumer->handle, offsets, consumer->queue, done, context);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		done(consumer->handle, code, NULL, context);
}
