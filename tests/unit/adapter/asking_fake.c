#include "tests/unit/adapter/asking_fake.h"
#include "common/memory.h"
#include "source-adapter/asking.h"
#include <stdlib.h>
#include <string.h>

struct fake_brokers fake_brokers;

static int answer(const char *question, struct ump_error *error)
{
	if (fake_brokers.silent && strcmp(fake_brokers.silent, question) == 0)
		return ump_fail(error, UMP_RETRY, "%s: no answer", question);
	return 0;
}

int asking_partitions(rd_kafka_t *client, const char *topic, int timeout_ms, rd_kafka_topic_partition_list_t *list, struct ump_error *error)
{
	(void)client, (void)timeout_ms;
	for (int i = 0; i < fake_brokers.partitions; i++)
		rd_kafka_topic_partition_list_add(list, topic, i);
	return answer("partitions", error);
}

int asking_committed(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int timeout_ms, struct ump_error *error)
{
	(void)client, (void)timeout_ms;
	for (int i = 0; i < list->cnt; i++) {
		const struct fake_partition *partition = &fake_brokers.partition[list->elems[i].partition];
		list->elems[i].offset = partition->committed >= 0 ? partition->committed : RD_KAFKA_OFFSET_INVALID;
		if (!partition->metadata)
			continue;
		list->elems[i].metadata = ump_copy_string(partition->metadata);
		list->elems[i].metadata_size = strlen(partition->metadata);
	}
	return answer("committed", error);
}

int asking_bounds(rd_kafka_t *client, const char *topic, int32_t partition, int timeout_ms, int64_t *ret_first, int64_t *ret_end,
		  struct ump_error *error)
{
	(void)client, (void)topic, (void)timeout_ms;
	*ret_first = fake_brokers.partition[partition].first;
	*ret_end = fake_brokers.partition[partition].end;
	return answer("bounds", error);
}

int asking_time(rd_kafka_t *client, const char *topic, int32_t partition, int64_t time_ms, int64_t end, int timeout_ms, int64_t *ret_offset,
		struct ump_error *error)
{
	(void)client, (void)topic, (void)time_ms, (void)timeout_ms;
	int64_t offset = fake_brokers.partition[partition].at_time;
	*ret_offset = offset >= 0 ? offset : end;
	return answer("time", error);
}

int asking_to_commit(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list, struct ump_error *error)
{
	(void)client;
	fake_brokers.commits++;
	for (int i = 0; i < 4; i++)
		fake_brokers.offsets[i] = -1;
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *element = &list->elems[i];
		fake_brokers.offsets[element->partition] = element->offset;
		memcpy(fake_brokers.metadata[element->partition], element->metadata, element->metadata_size);
		fake_brokers.metadata[element->partition][element->metadata_size] = '\0';
	}
	return answer("commit", error);
}

void asking_free_list(rd_kafka_topic_partition_list_t **list)
{
	if (*list)
		rd_kafka_topic_partition_list_destroy(*list);
}
