/* source-adapter/asking.h: questions to the brokers that must be answered before anything can go on.
 *
 * Each blocks for at most `timeout_ms`. UMP_RETRY: no answer, or one that may change. `client` may be any consumer's handle; those that are
 * about committed offsets need one with a group. */
#pragma once
#include "common/error.h"
#include <librdkafka/rdkafka.h>
#include <stdint.h>

/* Adds all partitions of a topic to `list`. */
int asking_partitions(rd_kafka_t *client, const char *topic, int timeout_ms, rd_kafka_topic_partition_list_t *list,
		      struct ump_error *error);

/* Fills in the committed offsets of `list`, and their metadata. */
int asking_committed(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int timeout_ms, struct ump_error *error);

/* The first offset that the broker still has, and the one behind the last that may be read: behind the last stable one. */
int asking_bounds(rd_kafka_t *client, const char *topic, int32_t partition, int timeout_ms, int64_t *ret_first, int64_t *ret_end,
		  struct ump_error *error);

/* The first offset of that time (milliseconds since 1970) or later; `end` where no record is as late as that. */
int asking_time(rd_kafka_t *client, const char *topic, int32_t partition, int64_t time_ms, int64_t end, int timeout_ms, int64_t *ret_offset,
		struct ump_error *error);

/* How many members a consumer group has. */
int asking_members(rd_kafka_t *client, const char *group, int timeout_ms, int *ret_members, struct ump_error *error);

/* Commits, and waits for it. */
int asking_to_commit(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list, struct ump_error *error);

/* For ump_cleanup(). */
void asking_free_list(rd_kafka_topic_partition_list_t **list);
