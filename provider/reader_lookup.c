/* provider/reader_lookup.c: the helper thread of a reader.
 *
 * librdkafka answers metadata, watermarks, times and committed offsets only to a caller that waits. This thread waits: each round it asks
 * what is due, leaves the answers under the lock, and wakes the loop. It ends within one request's time-out of being told to. */
#include "common/memory.h"
#include "provider/reader_private.h"
#include <stdlib.h>
#include <time.h>

#define REQUEST_MS   3000
#define COMMITTED_MS 500
#define TOPICS_MS    5000 /* between two looks for topics and partitions that appeared */
#define MISSING_MS   500  /* the same while a required topic is missing */

static void say(struct reader_lookup *lookup, enum ump_error_kind kind, const char *what, rd_kafka_resp_err_t code)
{
	pthread_mutex_lock(&lookup->lock);
	ump_fail(&lookup->trouble, kind, "%s: %s", what, rd_kafka_err2str(code));
	lookup->troubled = true;
	pthread_mutex_unlock(&lookup->lock);
	ump_wakeup_signal(&lookup->wakeup);
}

/* Where reading begins: the first record at or after `from_ms`, or the first there is. */
static rd_kafka_resp_err_t resolve(struct reader_lookup *lookup, struct reader_found *found)
{
	const char *topic = lookup->options->topics[found->topic];
	int64_t from_ms = lookup->options->from_ms[found->topic];
	int64_t low = 0;
	rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(lookup->handle, topic, found->partition, &low, &found->end, REQUEST_MS);
	found->start = low;
	if (code || from_ms == READER_BEGINNING || lookup->options->embedded || found->again)
		return code;
	rd_kafka_topic_partition_list_t *times = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(times, topic, found->partition)->offset = from_ms;
	code = rd_kafka_offsets_for_times(lookup->handle, times, REQUEST_MS);
	if (!code && times->elems[0].offset >= 0)
		found->start = times->elems[0].offset;
	else if (!code) /* no record is that young */
		found->start = found->end;
	rd_kafka_topic_partition_list_destroy(times);
	return code;
}

static bool resolve_and_leave(struct reader_lookup *lookup, size_t topic, int32_t partition, bool again)
{
	struct reader_found found = {.topic = topic, .partition = partition, .again = again};
	rd_kafka_resp_err_t code = resolve(lookup, &found);
	if (code) {
		say(lookup, UMP_RETRY, lookup->options->topics[topic], code);
		return false;
	}
	pthread_mutex_lock(&lookup->lock);
	lookup->found[lookup->found_count++] = found;
	pthread_mutex_unlock(&lookup->lock);
	return true;
}

/* A topic's new partitions, in their order: where one cannot be resolved, the others wait for the next round. */
static bool look_at_topic(struct reader_lookup *lookup, size_t topic, const rd_kafka_metadata_t *metadata)
{
	const char *name = lookup->options->topics[topic];
	const rd_kafka_metadata_topic_t *found = NULL;
	for (int i = 0; i < metadata->topic_cnt && !found; i++)
		if (strcmp(metadata->topics[i].topic, name) == 0)
			found = &metadata->topics[i];
	if (!found || found->err || found->partition_cnt == 0) {
		if (topic < lookup->options->required)
			say(lookup, UMP_RETRY, name, found && found->err ? found->err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
		return topic >= lookup->options->required;
	}
	if (found->partition_cnt > READER_PARTITIONS) {
		say(lookup, UMP_REJECT, name, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS);
		return false;
	}
	for (int32_t partition = lookup->partitions[topic]; partition < found->partition_cnt; partition++) {
		if (!resolve_and_leave(lookup, topic, partition, false))
			return false;
		pthread_mutex_lock(&lookup->lock);
		lookup->partitions[topic] = partition + 1;
		pthread_mutex_unlock(&lookup->lock);
	}
	return true;
}

static bool look_for_topics(struct reader_lookup *lookup)
{
	const rd_kafka_metadata_t *metadata;
	bool complete = true;
	rd_kafka_resp_err_t code = rd_kafka_metadata(lookup->handle, 0, NULL, &metadata, REQUEST_MS);
	if (code) {
		say(lookup, UMP_RETRY, "no answer from Kafka", code);
		return false;
	}
	for (size_t topic = 0; topic < lookup->options->topic_count; topic++)
		complete &= look_at_topic(lookup, topic, metadata);
	rd_kafka_metadata_destroy(metadata);
	pthread_mutex_lock(&lookup->lock);
	lookup->opened |= complete;
	pthread_mutex_unlock(&lookup->lock);
	ump_wakeup_signal(&lookup->wakeup);
	return complete;
}

static void look_for_lost(struct reader_lookup *lookup)
{
	pthread_mutex_lock(&lookup->lock);
	bool any = lookup->any_lost;
	lookup->any_lost = false;
	pthread_mutex_unlock(&lookup->lock);
	for (size_t topic = 0; any && topic < lookup->options->topic_count; topic++)
		for (int32_t partition = 0; partition < lookup->partitions[topic]; partition++) {
			pthread_mutex_lock(&lookup->lock);
			bool lost = lookup->lost[topic][partition];
			pthread_mutex_unlock(&lookup->lock);
			bool found = lost && resolve_and_leave(lookup, topic, partition, true);
			pthread_mutex_lock(&lookup->lock);
			lookup->lost[topic][partition] = lost && !found;
			lookup->any_lost |= lost && !found;
			pthread_mutex_unlock(&lookup->lock);
			if (found)
				ump_wakeup_signal(&lookup->wakeup);
		}
}

/* A group that has committed nothing in a partition has everything of it before it. */
static void look_at_group(struct reader_lookup *lookup)
{
	const char *topic = lookup->options->topics[0];
	if (!lookup->partitions[0])
		return;
	rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(lookup->partitions[0]);
	rd_kafka_topic_partition_list_add_range(offsets, topic, 0, lookup->partitions[0] - 1);
	rd_kafka_resp_err_t code = rd_kafka_committed(lookup->handle, offsets, REQUEST_MS);
	if (code)
		say(lookup, UMP_RETRY, "committed offsets", code);
	pthread_mutex_lock(&lookup->lock);
	for (int i = 0; !code && i < offsets->cnt; i++) {
		const rd_kafka_topic_partition_t *offset = &offsets->elems[i];
		if (!offset->err)
			lookup->committed[offset->partition] = offset->offset >= 0 ? offset->offset : 0;
	}
	pthread_mutex_unlock(&lookup->lock);
	ump_wakeup_signal(&lookup->wakeup);
	rd_kafka_topic_partition_list_destroy(offsets);
}

/* Sleeps until it is time, until something was lost, or until the end. */
static void wait_for(struct reader_lookup *lookup, int64_t ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t nanoseconds = until.tv_nsec + ms * 1000000;
	until.tv_sec += nanoseconds / 1000000000;
	until.tv_nsec = nanoseconds % 1000000000;
	pthread_mutex_lock(&lookup->lock);
	while (!lookup->stop && !lookup->any_lost && pthread_cond_timedwait(&lookup->changed, &lookup->lock, &until) == 0)
		continue;
	pthread_mutex_unlock(&lookup->lock);
}

static bool stopped(struct reader_lookup *lookup)
{
	pthread_mutex_lock(&lookup->lock);
	bool stop = lookup->stop;
	pthread_mutex_unlock(&lookup->lock);
	return stop;
}

static void *run(void *context)
{
	struct reader_lookup *lookup = context;
	bool complete = false;
	for (int64_t rounds = 0; !stopped(lookup); rounds++) {
		if (!complete || rounds % (TOPICS_MS / COMMITTED_MS) == 0)
			complete = look_for_topics(lookup);
		look_for_lost(lookup);
		if (lookup->options->group)
			look_at_group(lookup);
		wait_for(lookup, complete ? COMMITTED_MS : MISSING_MS);
	}
	return NULL;
}

int reader_lookup_start(struct reader_lookup *lookup, struct ump_error *error)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&lookup->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&lookup->lock, NULL);
	lookup->found = ump_allocate(READER_FOUND_MOST, sizeof *lookup->found);
	lookup->stop = false;
	for (size_t i = 0; i < lookup->options->topic_count; i++)
		lookup->handles[i] = rd_kafka_topic_new(lookup->handle, lookup->options->topics[i], NULL);
	lookup->started = pthread_create(&lookup->thread, NULL, run, lookup) == 0;
	return lookup->started ? 0 : ump_fail(error, UMP_FATAL, "no thread can be started for look-ups in Kafka");
}

void reader_lookup_end(struct reader_lookup *lookup)
{
	if (!lookup->started)
		return;
	pthread_mutex_lock(&lookup->lock);
	lookup->stop = true;
	pthread_cond_signal(&lookup->changed);
	pthread_mutex_unlock(&lookup->lock);
	pthread_join(lookup->thread, NULL);
	lookup->started = false;
}

void reader_lookup_stop(struct reader_lookup *lookup)
{
	if (!lookup->found) /* never started */
		return;
	reader_lookup_end(lookup);
	for (size_t i = 0; i < READER_TOPICS; i++)
		if (lookup->handles[i])
			rd_kafka_topic_destroy(ump_steal(lookup->handles[i]));
	pthread_cond_destroy(&lookup->changed);
	pthread_mutex_destroy(&lookup->lock);
	free(ump_steal(lookup->found));
	lookup->found_count = 0;
}
