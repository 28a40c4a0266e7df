/* source-adapter/cluster.h: what must be known of the cluster before the consumer is made, because librdkafka's settings are fixed then.
 *
 * How much a partition's queue may hold depends on how many partitions share the memory; and the embedded broker wants short fetches. */
#pragma once
#include "common/error.h"
#include "common/kafka/settings.h"

struct cluster {
	bool embedded;      /* librdkafka's mock: no look-up by time, no metadata of commits, no transactions */
	int64_t partitions; /* of all topics asked for */
};

struct cluster_probe;

int cluster_probe_new(struct cluster_probe **ret_probe, const struct ump_kafka_settings *settings, const char *client_id, const char *group,
		      struct ump_error *error);
void cluster_probe_free(struct cluster_probe *probe); /* accepts NULL */

/* For further questions (asking.h): it knows the group, and does not join it. */
rd_kafka_t *cluster_probe_client(struct cluster_probe *probe);

/* Asks, blocking for at most `timeout_ms`. UMP_RETRY: no answer yet, or a topic that does not exist (yet). */
int cluster_ask(struct cluster_probe *probe, const struct ump_list *topics, int timeout_ms, struct cluster *ret_cluster,
		struct ump_error *error);
