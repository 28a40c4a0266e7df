#include "source-adapter/commits.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/counts.h"
#include "source-adapter/seeded.h"
#include <stdlib.h>

struct commits {
	struct commits_options options;
	struct ump_timer timer;
	size_t open;    /* finished, not committed: those of the commit under way included */
	size_t waiting; /* of these, those that no commit covers yet */
	bool on_the_way;
	rd_kafka_resp_err_t failed; /* of the latest */
};

struct commits *commits_new(const struct commits_options *options)
{
	struct commits *commits = ump_allocate(1, sizeof *commits);
	commits->options = *options;
	return commits;
}

void commits_free(struct commits *commits)
{
	if (!commits)
		return;
	ump_timer_cancel(commits->options.loop, &commits->timer);
	free(commits);
}

/* Records that the next commit would cover. By itself an offset has those beyond a gap in its metadata; in a transaction it has not, for
 * what they gave is not in it. */
static size_t coverable(const struct commits *commits, const struct assigned *assigned)
{
	return assigned->finished - (commits->options.transaction ? partition_beyond(assigned->ring) : 0);
}

static bool has_moved(const struct commits *commits, const struct assigned *assigned)
{
	return assigned->active && !assigned->in_commit && !assigned->refused &&
	       (coverable(commits, assigned) > 0 || partition_position(assigned->ring) != assigned->committed);
}

static void add_position(const struct commits *commits, struct assigned *assigned, rd_kafka_topic_partition_list_t *list)
{
	struct ump_buffer note = {0};
	position_note_begin(&note, assigned->partitions_at_start);
	if (!commits->options.transaction)
		partition_write_ahead(assigned->ring, &note, POSITION_METADATA - note.size);
	rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_add(list, assigned->topic, assigned->number);
	element->offset = partition_position(assigned->ring) + (seeded(SEEDED_COMMIT) ? 8 : 0);
	element->metadata = ump_copy_bytes(note.start, note.size); /* librdkafka frees it */
	element->metadata_size = note.size;
	ump_buffer_release(&note);
}

static void ended(rd_kafka_t *handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *context);

static void start(struct commits *commits)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
	for (struct assigned *assigned = consumer_partitions(commits->options.consumer); assigned; assigned = assigned->next) {
		if (!has_moved(commits, assigned))
			continue;
		add_position(commits, assigned, list);
		assigned->in_commit = true;
		assigned->committing = coverable(commits, assigned);
		assigned->finished -= assigned->committing;
		commits->waiting -= assigned->committing;
	}
	if (list->cnt > 0) {
		ump_timer_cancel(commits->options.loop, &commits->timer);
		commits->on_the_way = true;
		if (commits->options.transaction)
			transaction_commit(commits->options.transaction, commits->options.consumer, list, ended, commits);
		else
			consumer_commit(commits->options.consumer, list, ended, commits);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

static void interval_over(void *context);

static void set_timer(struct commits *commits)
{
	struct ump_loop *loop = commits->options.loop;
	if (!commits->on_the_way && !ump_timer_is_set(&commits->timer))
		ump_timer_set(loop, &commits->timer, ump_loop_now(loop) + commits->options.interval_us, interval_over, commits);
}

/* What waits may belong to partitions that are away for the moment: it is looked at again, for nothing else need happen when they come
 * back, where the flow is held back until this is committed. */
static void interval_over(void *context)
{
	struct commits *commits = context;
	if (!commits->on_the_way)
		start(commits);
	if (commits->waiting > 0)
		set_timer(commits);
}

/* What a partition's part of the commit came to. `element` is NULL where the commit as a whole failed. */
static void end_one(struct commits *commits, struct assigned *assigned, const rd_kafka_topic_partition_t *element)
{
	if (!assigned->in_commit)
		return; /* the partition has gone and come again meanwhile */
	assigned->in_commit = false;
	if (element && element->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		assigned->committed = element->offset;
		commits->open -= assigned->committing;
	} else {
		assigned->finished += assigned->committing;
		commits->waiting += assigned->committing;
	}
	assigned->committing = 0;
}

static void ended(rd_kafka_t *handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *context)
{
	struct commits *commits = context;
	(void)handle;
	commits->on_the_way = false;
	commits->failed = code;
	for (struct assigned *assigned = consumer_partitions(commits->options.consumer); assigned; assigned = assigned->next) {
		const rd_kafka_topic_partition_t *element =
			list && !code ? rd_kafka_topic_partition_list_find(list, assigned->topic, assigned->number) : NULL;
		if (element && element->err)
			commits->failed = element->err;
		end_one(commits, assigned, element);
	}
	ump_metrics_add(commits->options.metrics, commits->failed ? COUNT_COMMIT_FAILURES : COUNT_COMMITS, 1);
	if (commits->failed && !commits->options.transaction) /* of a transaction the reason is told already */
		ump_log(UMP_LOG_WARNING, "commit failed", UMP_LOG_S("error", rd_kafka_err2str(commits->failed)));
	if (!commits->failed && commits->waiting >= commits->options.number)
		start(commits);
	if (commits->waiting > 0)
		set_timer(commits);
	commits->options.ended(commits->options.context);
}

void commits_add(struct commits *commits, struct assigned *assigned)
{
	if (commits->options.never)
		return;
	assigned->finished++;
	commits->open++;
	commits->waiting++;
	if (commits->waiting >= commits->options.number && !commits->on_the_way && !commits->failed)
		start(commits);
	else
		set_timer(commits);
}

void commits_consider(struct commits *commits, struct assigned *assigned)
{
	if (has_moved(commits, assigned) && !commits->options.never)
		set_timer(commits);
}

void commits_forget(struct commits *commits, struct assigned *assigned)
{
	commits->open -= assigned->finished + assigned->committing;
	commits->waiting -= assigned->finished;
	assigned->finished = assigned->committing = 0;
	assigned->in_commit = false;
}

bool commits_flush(struct commits *commits)
{
	if (!commits->on_the_way && !commits->options.never)
		start(commits);
	return commits->on_the_way;
}

bool commits_failed(const struct commits *commits)
{
	return commits->failed != RD_KAFKA_RESP_ERR_NO_ERROR;
}

size_t commits_open(const struct commits *commits)
{
	return commits->open;
}

size_t commits_left(const struct commits *commits)
{
	size_t beyond = 0;
	for (const struct assigned *assigned = consumer_partitions(commits->options.consumer); assigned; assigned = assigned->next)
		beyond += assigned->finished - coverable(commits, assigned);
	return commits->open - beyond;
}
