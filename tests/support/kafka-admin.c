/* tests/support/kafka-admin: what tests ask of a cluster, by librdkafka's admin interface.
 *
 *	kafka-admin BOOTSTRAP topics NAME:PARTITIONS[:setting=value]...    makes them, and waits until each has its leaders
 *	kafka-admin BOOTSTRAP list                                         a line a topic: name, partitions
 *	kafka-admin BOOTSTRAP offsets GROUP TOPIC                          a line a partition: number, committed or -, low, high, metadata
 *	kafka-admin BOOTSTRAP commit GROUP TOPIC PARTITION OFFSET          moves a group that has no members
 *	kafka-admin BOOTSTRAP delete-records TOPIC PARTITION OFFSET        drops what is before it
 *	kafka-admin BOOTSTRAP grow TOPIC PARTITIONS                        gives it so many
 *	kafka-admin BOOTSTRAP delete-topic TOPIC
 *
 * The embedded broker has no admin requests: there only `list`, `offsets`, `watch` and `commit` work. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 30 * 1000, TOPICS = 32 };

_Noreturn static void fail(const char *what, const char *why)
{
	fprintf(stderr, "kafka-admin: %s: %s\n", what, why);
	exit(EX_UNAVAILABLE);
}

static void must(const char *what, rd_kafka_resp_err_t code)
{
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail(what, rd_kafka_err2str(code));
}

_Noreturn static void usage(void)
{
	fputs("usage: kafka-admin BOOTSTRAP topics|list|offsets|watch|commit|delete-records|delete-topic ARGUMENT...\n", stderr);
	exit(EX_USAGE);
}

static rd_kafka_t *open_client(const char *servers, const char *group)
{
	char text[256];
	rd_kafka_conf_t *configuration = rd_kafka_conf_new();
	rd_kafka_conf_set(configuration, "bootstrap.servers", servers, text, sizeof text);
	if (group)
		rd_kafka_conf_set(configuration, "group.id", group, text, sizeof text);
	rd_kafka_t *client = rd_kafka_new(group ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, configuration, text, sizeof text);
	if (!client)
		fail("librdkafka", text);
	return client;
}

static rd_kafka_event_t *await(rd_kafka_queue_t *queue)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_MS);
	if (!event)
		fail("cluster", "no answer within 30 s");
	if (rd_kafka_event_error(event))
		fail("cluster", rd_kafka_event_error_string(event));
	return event;
}

/* ---- topics ---- */

static rd_kafka_NewTopic_t *parse_topic(char *text)
{
	char problem[256];
	char *name = strtok(text, ":"), *partitions = strtok(NULL, ":");
	if (!name || !partitions)
		usage();
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, atoi(partitions), 1, problem, sizeof problem);
	if (!topic)
		fail(name, problem);
	for (char *setting; (setting = strtok(NULL, ":"));) {
		char *equals = strchr(setting, '=');
		if (!equals)
			usage();
		*equals = 0;
		rd_kafka_NewTopic_set_config(topic, setting, equals + 1);
	}
	return topic;
}

static void await_leaders(rd_kafka_t *client, const char *name)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
	for (int tries = 0, missing = 1; missing; tries++) {
		const struct rd_kafka_metadata *metadata;
		must("metadata", rd_kafka_metadata(client, 0, topic, &metadata, PATIENCE_MS));
		missing = metadata->topics[0].partition_cnt == 0;
		for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
			missing += metadata->topics[0].partitions[i].leader < 0;
		rd_kafka_metadata_destroy(metadata);
		if (missing && tries > 300)
			fail(name, "no leaders");
		if (missing)
			usleep(100 * 1000);
	}
	rd_kafka_topic_destroy(topic);
}

static void topics(const char *servers, int count, char **texts)
{
	rd_kafka_NewTopic_t *wanted[TOPICS];
	rd_kafka_t *client = open_client(servers, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	if (count < 1 || count > TOPICS)
		usage();
	for (int i = 0; i < count; i++)
		wanted[i] = parse_topic(texts[i]);
	rd_kafka_CreateTopics(client, wanted, (size_t)count, NULL, queue);
	rd_kafka_event_t *event = await(queue);
	size_t made;
	const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &made);
	for (size_t i = 0; i < made; i++)
		must(rd_kafka_topic_result_name(results[i]), rd_kafka_topic_result_error(results[i]));
	for (size_t i = 0; i < made; i++)
		await_leaders(client, rd_kafka_topic_result_name(results[i]));
	rd_kafka_event_destroy(event);
	rd_kafka_NewTopic_destroy_array(wanted, (size_t)count);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(client);
}

static void list(const char *servers)
{
	rd_kafka_t *client = open_client(servers, NULL);
	const struct rd_kafka_metadata *metadata;
	must("metadata", rd_kafka_metadata(client, 1, NULL, &metadata, PATIENCE_MS));
	for (int i = 0; i < metadata->topic_cnt; i++)
		printf("%s %d\n", metadata->topics[i].topic, metadata->topics[i].partition_cnt);
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_destroy(client);
}

static void delete_topic(const char *servers, const char *name)
{
	rd_kafka_t *client = open_client(servers, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
	rd_kafka_DeleteTopics(client, &topic, 1, NULL, queue);
	rd_kafka_event_t *event = await(queue);
	size_t count;
	const rd_kafka_topic_result_t **results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
	must(name, rd_kafka_topic_result_error(results[0]));
	rd_kafka_event_destroy(event);
	rd_kafka_DeleteTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(client);
}

/* ---- offsets ---- */

static rd_kafka_topic_partition_list_t *all_partitions(rd_kafka_t *client, const char *name)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
	must("metadata", rd_kafka_metadata(client, 0, topic, &metadata, PATIENCE_MS));
	must(name, metadata->topics[0].err);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(metadata->topics[0].partition_cnt);
	rd_kafka_topic_partition_list_add_range(list, name, 0, metadata->topics[0].partition_cnt - 1);
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(topic);
	return list;
}

static void offsets(const char *servers, const char *group, const char *topic)
{
	rd_kafka_t *client = open_client(servers, group);
	rd_kafka_topic_partition_list_t *list = all_partitions(client, topic);
	must("committed", rd_kafka_committed(client, list, PATIENCE_MS));
	for (int i = 0; i < list->cnt; i++) {
		int64_t low, high;
		char committed[32] = "-";
		must("watermarks", rd_kafka_query_watermark_offsets(client, topic, i, &low, &high, PATIENCE_MS));
		if (list->elems[i].offset >= 0)
			snprintf(committed, sizeof committed, "%lld", (long long)list->elems[i].offset);
		printf("%d %s %lld %lld %.*s\n", i, committed, (long long)low, (long long)high, (int)list->elems[i].metadata_size,
		       list->elems[i].metadata ? (const char *)list->elems[i].metadata : "");
	}
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(client);
}

/* For ever; what the broker does not answer is left out. The time is read behind the answer: what was committed then was so before. */
static void watch(const char *servers, const char *group, const char *topic, const char *interval_ms)
{
	rd_kafka_t *client = open_client(servers, group);
	rd_kafka_topic_partition_list_t *list = all_partitions(client, topic);
	while (!ferror(stdout)) {
		if (rd_kafka_committed(client, list, 2000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
			struct timespec now;
			clock_gettime(CLOCK_REALTIME, &now);
			printf("%lld", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
			for (int i = 0; i < list->cnt; i++)
				printf(" %lld", list->elems[i].offset >= 0 ? (long long)list->elems[i].offset : -1);
			puts("");
			fflush(stdout);
		}
		usleep((useconds_t)atoi(interval_ms) * 1000);
	}
}

static void commit(const char *servers, const char *group, const char *topic, const char *partition, const char *offset)
{
	rd_kafka_t *client = open_client(servers, group);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, topic, atoi(partition))->offset = atoll(offset);
	must("commit", rd_kafka_commit(client, list, 0));
	must("commit", list->elems[0].err);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(client);
}

static void delete_records(const char *servers, const char *topic, const char *partition, const char *offset)
{
	rd_kafka_t *client = open_client(servers, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, topic, atoi(partition))->offset = atoll(offset);
	rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
	rd_kafka_DeleteRecords(client, &request, 1, NULL, queue);
	rd_kafka_event_t *event = await(queue);
	must("delete-records", rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event))->elems[0].err);
	rd_kafka_event_destroy(event);
	rd_kafka_DeleteRecords_destroy(request);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(client);
}

static void grow(const char *servers, const char *name, const char *partitions)
{
	char problem[256];
	rd_kafka_t *client = open_client(servers, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_NewPartitions_t *request = rd_kafka_NewPartitions_new(name, (size_t)atoi(partitions), problem, sizeof problem);
	if (!request)
		fail(name, problem);
	rd_kafka_CreatePartitions(client, &request, 1, NULL, queue);
	rd_kafka_event_t *event = await(queue);
	size_t made;
	must(name,
	     rd_kafka_topic_result_error(rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &made)[0]));
	await_leaders(client, name);
	rd_kafka_event_destroy(event);
	rd_kafka_NewPartitions_destroy(request);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(client);
}

int main(int argc, char **argv)
{
	const char *servers = argc > 2 ? argv[1] : NULL, *command = argc > 2 ? argv[2] : "";
	char **rest = argv + 3;
	int count = argc - 3;
	if (strcmp(command, "topics") == 0)
		topics(servers, count, rest);
	else if (strcmp(command, "list") == 0 && count == 0)
		list(servers);
	else if (strcmp(command, "offsets") == 0 && count == 2)
		offsets(servers, rest[0], rest[1]);
	else if (strcmp(command, "watch") == 0 && count == 3)
		watch(servers, rest[0], rest[1], rest[2]);
	else if (strcmp(command, "commit") == 0 && count == 4)
		commit(servers, rest[0], rest[1], rest[2], rest[3]);
	else if (strcmp(command, "delete-records") == 0 && count == 3)
		delete_records(servers, rest[0], rest[1], rest[2]);
	else if (strcmp(command, "grow") == 0 && count == 2)
		grow(servers, rest[0], rest[1]);
	else if (strcmp(command, "delete-topic") == 0 && count == 1)
		delete_topic(servers, rest[0]);
	else
		usage();
	return EX_OK;
}
