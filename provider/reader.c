/* provider/reader.c: the loop's half of a reader.
 *
 * The list of what is read changes only in apply(): partitions that the helper found are added, each from the next record that has not been
 * handed out. So an assignment never skips or repeats a record, and librdkafka's own idea of positions plays no part. What is read already
 * is left alone: to replace an assignment, librdkafka stops it, and up to 2.0.2 at least it aborts the process when it is told to stop what
 * it is still stopping, as a second assignment or the end that follows at once may do. Threads: librdkafka's fetchers fill its queue and
 * make the descriptor readable; only the loop's thread takes records out. */
#include "common/kafka/credentials.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/reader_private.h"
#include <stdio.h>
#include <stdlib.h>

#define ROUND 1000 /* records taken out before others get their turn */

struct reader_partition {
	int64_t next;  /* offset of the next record */
	int64_t until; /* what was there at the start: up to here is catching up */
	bool behind;   /* not there yet */
	bool assigned;
};

struct reader {
	struct reader_options options;
	struct ump_loop *loop;
	rd_kafka_t *handle;
	rd_kafka_queue_t *queue;
	struct ump_wakeup arrived;
	struct ump_task more;
	struct reader_partition partitions[READER_TOPICS][READER_PARTITIONS];
	size_t known[READER_TOPICS]; /* of these, from 0 on */
	size_t behind;               /* partitions that are */
	bool others;                 /* the first topic has been read: the others are, too */
	bool opened, caught_up;
	struct reader_lookup lookup;
};

static struct reader_partition *find(const struct reader *reader, size_t topic, int32_t partition)
{
	if (topic >= reader->options.topic_count || partition < 0 || (size_t)partition >= reader->known[topic])
		return NULL;
	return (struct reader_partition *)&reader->partitions[topic][partition];
}

static void has_caught_up(struct reader *reader, struct reader_partition *partition)
{
	if (!partition->behind)
		return;
	partition->behind = false;
	reader->behind--;
}

static void tell_caught_up(struct reader *reader)
{
	if (reader->caught_up || !reader->opened || reader->behind)
		return;
	reader->caught_up = true;
	if (reader->options.caught_up)
		reader->options.caught_up(reader->options.context);
}

/* ---- What the helper found ---- */

static void change(struct reader *reader, const rd_kafka_topic_partition_list_t *list,
		   rd_kafka_error_t *(*how)(rd_kafka_t *, const rd_kafka_topic_partition_list_t *))
{
	rd_kafka_error_t *problem = list->cnt > 0 ? how(reader->handle, list) : NULL;
	if (!problem)
		return;
	ump_log(UMP_LOG_ERROR, "partitions cannot be assigned", UMP_LOG_S("error", rd_kafka_error_string(problem)));
	rd_kafka_error_destroy(problem);
}

/* What is to be read and is not. */
static void assign(struct reader *reader)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
	for (size_t topic = 0; topic < reader->options.topic_count; topic++) {
		for (size_t i = 0; i < reader->known[topic] && (reader->others || topic + 1 == reader->options.first); i++) {
			struct reader_partition *partition = &reader->partitions[topic][i];
			if (!partition->assigned)
				rd_kafka_topic_partition_list_add(list, reader->options.topics[topic], (int32_t)i)->offset =
					partition->next;
			partition->assigned = true;
		}
	}
	change(reader, list, rd_kafka_incremental_assign);
	rd_kafka_topic_partition_list_destroy(list);
}

static void unassign(struct reader *reader, size_t topic, int32_t number)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, reader->options.topics[topic], number);
	change(reader, list, rd_kafka_incremental_unassign);
	rd_kafka_topic_partition_list_destroy(list);
	find(reader, topic, number)->assigned = false;
}

/* Once it is known what there is, and the first topic has been read. */
static void begin_others(struct reader *reader)
{
	size_t first = reader->options.first;
	if (reader->others || !reader->opened)
		return;
	for (size_t i = 0; first && i < reader->known[first - 1]; i++)
		if (reader->partitions[first - 1][i].behind)
			return;
	reader->others = true;
	assign(reader);
}

static void apply(struct reader *reader, const struct reader_found *found)
{
	struct reader_partition *partition = find(reader, found->topic, found->partition);
	if (partition) {
		ump_log(UMP_LOG_WARNING, "records expired before they were read", UMP_LOG_S("topic", reader->options.topics[found->topic]),
			UMP_LOG_I("partition", found->partition), UMP_LOG_I("from", partition->next), UMP_LOG_I("to", found->start));
		partition->next = found->start;
		if (partition->assigned)
			unassign(reader, found->topic, found->partition);
		return;
	}
	partition = &reader->partitions[found->topic][reader->known[found->topic]++]; /* they come in their order */
	*partition = (struct reader_partition){found->start, found->end, found->start < found->end, false};
	reader->behind += partition->behind;
}

static void looked_up(void *context)
{
	struct reader *reader = context;
	struct reader_lookup *lookup = &reader->lookup;
	struct ump_error trouble;
	pthread_mutex_lock(&lookup->lock);
	size_t count = lookup->found_count;
	for (size_t i = 0; i < count; i++)
		apply(reader, &lookup->found[i]);
	lookup->found_count = 0;
	bool opened = lookup->opened, troubled = lookup->troubled;
	trouble = lookup->trouble;
	lookup->troubled = false;
	pthread_mutex_unlock(&lookup->lock);
	if (count)
		assign(reader);
	if (troubled && reader->options.trouble)
		reader->options.trouble(reader->options.context, &trouble);
	if (opened && !reader->opened) {
		reader->opened = true;
		if (reader->options.opened)
			reader->options.opened(reader->options.context);
	}
	begin_others(reader);
	tell_caught_up(reader);
}

/* ---- Records ---- */

static size_t topic_of(const struct reader *reader, const rd_kafka_message_t *message)
{
	const char *name = message->rkt ? rd_kafka_topic_name(message->rkt) : "";
	size_t topic = 0;
	while (topic < reader->options.topic_count && strcmp(reader->options.topics[topic], name) != 0)
		topic++;
	return topic;
}

void reader_read(const rd_kafka_message_t *message, struct ump_kafka_field fields[READER_HEADERS], struct reader_record *ret_record)
{
	rd_kafka_headers_t *headers;
	size_t count = 0;
	if (rd_kafka_message_headers(message, &headers) == 0)
		for (const char *name; count < READER_HEADERS; count++) {
			const void *value;
			size_t size;
			if (rd_kafka_header_get_all(headers, count, &name, &value, &size))
				break;
			fields[count] = (struct ump_kafka_field){ump_text(name), {value, size}};
		}
	rd_kafka_timestamp_type_t type;
	*ret_record = (struct reader_record){
		.partition = message->partition,
		.offset = message->offset,
		.timestamp_ms = rd_kafka_message_timestamp(message, &type),
		.key = {message->key, message->key_len},
		.value = {message->payload, message->len},
		.headers = fields,
		.header_count = count,
	};
}

static void hand_out(struct reader *reader, size_t topic, struct reader_partition *partition, const rd_kafka_message_t *message)
{
	struct ump_kafka_field fields[READER_HEADERS];
	struct reader_record record;
	reader_read(message, fields, &record);
	record.topic = topic;
	partition->next = message->offset + 1;
	if (partition->next >= partition->until)
		has_caught_up(reader, partition);
	reader->options.record(reader->options.context, &record);
}

static void lose(struct reader *reader, size_t topic, int32_t partition)
{
	pthread_mutex_lock(&reader->lookup.lock);
	reader->lookup.lost[topic][partition] = true;
	reader->lookup.any_lost = true;
	pthread_cond_signal(&reader->lookup.changed);
	pthread_mutex_unlock(&reader->lookup.lock);
}

static void take(struct reader *reader, const rd_kafka_message_t *message)
{
	size_t topic = topic_of(reader, message);
	struct reader_partition *partition = find(reader, topic, message->partition);
	switch (message->err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		if (partition && message->offset >= partition->next)
			hand_out(reader, topic, partition, message);
		break;
	case RD_KAFKA_RESP_ERR__PARTITION_EOF: /* also behind what no record stands for: aborted, compacted, a transaction's marker */
		if (partition) {
			if (message->offset > partition->next)
				partition->next = message->offset;
			has_caught_up(reader, partition);
		}
		break;
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
		if (partition)
			lose(reader, topic, message->partition);
		break;
	default: /* librdkafka tries again by itself; its log line says more */
		ump_log(UMP_LOG_DEBUG, "reading goes on after", UMP_LOG_S("error", rd_kafka_message_errstr(message)));
	}
}

static void take_round(void *context)
{
	struct reader *reader = context;
	int count = 0;
	for (; count < ROUND; count++) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->handle, 0);
		if (!message)
			break;
		take(reader, message);
		rd_kafka_message_destroy(message);
	}
	if (count == ROUND)
		ump_loop_defer(reader->loop, &reader->more, take_round, reader);
	begin_others(reader);
	tell_caught_up(reader);
}

/* ---- Making and ending ---- */

static int connect_to_kafka(struct reader *reader, struct ump_error *error)
{
	const struct reader_options *options = &reader->options;
	const char *properties[] = {"group.id",
				    options->group ? options->group : "umpire-reader",
				    "enable.auto.commit",
				    "false",
				    "enable.auto.offset.store",
				    "false",
				    "enable.partition.eof",
				    "true",
				    "auto.offset.reset",
				    "error",
				    "isolation.level",
				    options->embedded ? "read_uncommitted" : "read_committed",
				    "fetch.wait.max.ms",
				    options->embedded ? "10" : "100",
				    "queued.max.messages.kbytes",
				    "16384",
				    "allow.auto.create.topics",
				    "false",
				    NULL};
	rd_kafka_conf_t *configuration;
	rd_kafka_t *handle;
	if (ump_kafka_configure(options->settings, options->client_id, properties, &configuration, error))
		return -1;
	if (ump_kafka_open(RD_KAFKA_CONSUMER, configuration, &handle, error) < 0)
		return -1;
	static const uint64_t one = 1;
	rd_kafka_poll_set_consumer(handle);
	reader->handle = handle;
	reader->queue = rd_kafka_queue_get_consumer(handle);
	rd_kafka_queue_io_event_enable(reader->queue, reader->arrived.fd, &one, sizeof one);
	ump_wakeup_signal(&reader->arrived); /* it tells only when it was empty: something may have come already */
	return 0;
}

static void disconnect(rd_kafka_t *handle, rd_kafka_queue_t *queue)
{
	if (!handle)
		return;
	rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
	rd_kafka_queue_destroy(queue);
	rd_kafka_consumer_close(handle);
	rd_kafka_destroy(handle);
}

int reader_new(struct reader **ret_reader, struct ump_loop *loop, const struct reader_options *options, struct ump_error *error)
{
	struct reader *reader = ump_allocate(1, sizeof *reader);
	reader->options = *options;
	reader->loop = loop;
	reader->lookup.options = &reader->options;
	for (size_t i = 0; i < READER_PARTITIONS; i++)
		reader->lookup.committed[i] = -1;
	if (ump_wakeup_open(loop, &reader->arrived, take_round, reader, error) || connect_to_kafka(reader, error) ||
	    ump_wakeup_open(loop, &reader->lookup.wakeup, looked_up, reader, error)) {
		reader_free(reader);
		return -1;
	}
	reader->lookup.handle = reader->handle;
	if (reader_lookup_start(&reader->lookup, error)) {
		reader_free(reader);
		return -1;
	}
	*ret_reader = reader;
	return 0;
}

void reader_free(struct reader *reader)
{
	if (!reader)
		return;
	reader_lookup_stop(&reader->lookup);
	ump_loop_cancel(reader->loop, &reader->more);
	disconnect(reader->handle, reader->queue);
	ump_wakeup_close(reader->loop, &reader->arrived);
	ump_wakeup_close(reader->loop, &reader->lookup.wakeup);
	free(reader);
}

int reader_set_credentials(struct reader *reader, const char *user, const char *password, struct ump_error *error)
{
	return ump_kafka_set_credentials(reader->handle, user, password, error);
}

/* The new client first: where there is none to be had, the old one stays. The helper ends within its present request. */
int reader_renew(struct reader *reader, struct ump_error *error)
{
	rd_kafka_t *old = reader->handle;
	rd_kafka_queue_t *old_queue = reader->queue;
	if (connect_to_kafka(reader, error))
		return -1;
	for (size_t topic = 0; topic < reader->options.topic_count; topic++)
		for (size_t i = 0; i < reader->known[topic]; i++)
			reader->partitions[topic][i].assigned = false;
	reader_lookup_end(&reader->lookup);
	looked_up(reader);
	reader_lookup_stop(&reader->lookup);
	disconnect(old, old_queue);
	reader->lookup.handle = reader->handle;
	assign(reader);
	return reader_lookup_start(&reader->lookup, error);
}

size_t reader_partitions(const struct reader *reader, size_t topic)
{
	return reader->known[topic];
}

int64_t reader_position(const struct reader *reader, size_t topic, int32_t partition)
{
	const struct reader_partition *found = find(reader, topic, partition);
	return found ? found->next : -1;
}

int64_t reader_end(const struct reader *reader, size_t topic, int32_t partition)
{
	const struct reader_partition *found = find(reader, topic, partition);
	int64_t low, high;
	if (!found)
		return -1;
	if (rd_kafka_get_watermark_offsets(reader->handle, reader->options.topics[topic], partition, &low, &high) || high < found->until)
		high = found->until;
	return high > found->next ? high : found->next;
}

bool reader_is_at_end(const struct reader *reader)
{
	for (size_t topic = 0; topic < reader->options.topic_count; topic++)
		for (size_t i = 0; i < reader->known[topic]; i++)
			if (reader_position(reader, topic, (int32_t)i) < reader_end(reader, topic, (int32_t)i))
				return false;
	return true;
}

int64_t reader_committed(const struct reader *reader, int32_t partition)
{
	struct reader_lookup *lookup = (struct reader_lookup *)&reader->lookup;
	if (partition < 0 || partition >= READER_PARTITIONS)
		return -1;
	pthread_mutex_lock(&lookup->lock);
	int64_t committed = lookup->committed[partition];
	pthread_mutex_unlock(&lookup->lock);
	return committed;
}
