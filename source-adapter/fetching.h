/* source-adapter/fetching.h: how librdkafka's consumer is set up: what the adapter's promises rest on, and how much is fetched ahead.
 *
 * What is fetched ahead is bounded in bytes for all partitions together; too small a bound costs throughput, because librdkafka pauses
 * fetching when a queue is full: for a second before 2.2, and for `fetch.queue.backoff.ms` since. */
#pragma once
#include "common/kafka/settings.h"
#include "source-adapter/cluster.h"

struct fetching {
	const struct ump_kafka_settings *settings;
	const char *client_id, *group;
	const char *instance_id; /* group.instance.id; NULL: a member that comes and goes */
	bool low_memory;
	struct cluster cluster;
};

/* The configuration of a consumer, which the caller owns until ump_kafka_open() takes it. */
int fetching_configure(const struct fetching *fetching, rd_kafka_conf_t **ret_configuration, struct ump_error *error);
