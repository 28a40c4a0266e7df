#include "source-adapter/asking.h"
#include "common/memory.h"

static int unanswered(struct ump_error *error, const char *question, rd_kafka_resp_err_t code)
{
	return ump_fail(error, UMP_RETRY, "%s: %s", question, rd_kafka_err2str(code));
}

void asking_free_list(rd_kafka_topic_partition_list_t **list)
{
	if (*list)
		rd_kafka_topic_partition_list_destroy(*list);
}

static void free_metadata(const struct rd_kafka_metadata **metadata)
{
	if (*metadata)
		rd_kafka_metadata_destroy(*metadata);
}

int asking_partitions(rd_kafka_t *client, const char *topic, int timeout_ms, rd_kafka_topic_partition_list_t *list, struct ump_error *error)
{
	ump_cleanup(free_metadata) const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
	rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, handle, &metadata, timeout_ms);
	rd_kafka_topic_destroy(handle);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return unanswered(error, "asking for a topic's partitions", code);
	for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
		rd_kafka_topic_partition_list_add(list, topic, metadata->topics[0].partitions[i].id);
	return 0;
}

int asking_committed(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int timeout_ms, struct ump_error *error)
{
	rd_kafka_resp_err_t code = rd_kafka_committed(client, list, timeout_ms);
	for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
		code = list->elems[i].err;
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : unanswered(error, "asking for the committed offsets", code);
}

int asking_bounds(rd_kafka_t *client, const char *topic, int32_t partition, int timeout_ms, int64_t *ret_first, int64_t *ret_end,
		  struct ump_error *error)
{
	rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(client, topic, partition, ret_first, ret_end, timeout_ms);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : unanswered(error, "asking for a partition's first and last offset", code);
}

int asking_time(rd_kafka_t *client, const char *topic, int32_t partition, int64_t time_ms, int64_t end, int timeout_ms, int64_t *ret_offset,
		struct ump_error *error)
{
	ump_cleanup(asking_free_list) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, topic, partition)->offset = time_ms;
	rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client, list, timeout_ms);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = list->elems[0].err;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return unanswered(error, "asking for the offset of a time", code);
	*ret_offset = list->elems[0].offset >= 0 ? list->elems[0].offset : end;
	return 0;
}

int asking_members(rd_kafka_t *client, const char *group, int timeout_ms, int *ret_members, struct ump_error *error)
{
	const struct rd_kafka_group_list *groups = NULL;
	rd_kafka_resp_err_t code = rd_kafka_list_groups(client, group, &groups, timeout_ms);
	int members = 0;
	for (int i = 0; groups && i < groups->group_cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		code = groups->groups[i].err;
		members += groups->groups[i].member_cnt;
	}
	if (groups)
		rd_kafka_group_list_destroy(groups);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return unanswered(error, "asking for a group's members", code);
	*ret_members = members;
	return 0;
}

int asking_to_commit(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list, struct ump_error *error)
{
	rd_kafka_resp_err_t code = rd_kafka_commit(client, list, 0);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : unanswered(error, "committing", code);
}
