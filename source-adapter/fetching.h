/* source-adapter/fetching.h: how librdkafka's consumer is set up: what the adapter's promises rest on, and how much is fetched ahead.
 *
 * What is fetched ahead is bounded in bytes for all partitions together. When all queues are full, librdkafka pauses fetching: since 2.2
 * for `fetch.queue.backoff.ms`, before for a second, unless its threads are woken: see fetching_advance(). */
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

/* Has to be told of what is read from the client's queues, in bytes; `unnoticed`, at first 0, is how much of it the client's threads may
 * not have noticed: they are woken when they may sleep beside a queue with room. */
void fetching_advance(rd_kafka_t *handle, size_t *unnoticed, size_t bytes);
