#include "source-adapter/fetching.h"
#include <stdio.h>

#define QUEUE_MEMORY  (16 << 10) /* KiB of all partitions' queues; less brings librdkafka's back-off of a second under full load */
#define QUEUE_MINIMUM 256        /* KiB of each */

int fetching_configure(const struct fetching *fetching, rd_kafka_conf_t **ret_configuration, struct ump_error *error)
{
	char queue_kib[24], fetch_bytes[24];
	int64_t share = QUEUE_MEMORY / (fetching->cluster.partitions > 0 ? fetching->cluster.partitions : 1);
	share = share < QUEUE_MINIMUM ? QUEUE_MINIMUM : share;
	snprintf(queue_kib, sizeof queue_kib, "%lld", (long long)share);
	snprintf(fetch_bytes, sizeof fetch_bytes, "%lld", (long long)(share < 1024 ? share << 10 : 1 << 20));

	/* fetch.wait.max.ms: the embedded broker does not wake an empty fetch for new records, so fetches must be short there. */
	const char *properties[] = {"group.id",
				    fetching->group,
				    "auto.offset.reset",
				    "error",
				    "enable.auto.commit",
				    "false",
				    "enable.auto.offset.store",
				    "false",
				    "partition.assignment.strategy",
				    "range,roundrobin",
				    "enable.partition.eof",
				    "true",
				    "queued.min.messages",
				    "100000",
				    "queued.max.messages.kbytes",
				    queue_kib,
				    "max.partition.fetch.bytes",
				    fetch_bytes,
				    "fetch.wait.max.ms",
				    fetching->cluster.embedded ? "10" : "100",
				    "topic.metadata.refresh.interval.ms",
				    "30000",
				    NULL};
	return ump_kafka_configure(fetching->settings, fetching->client_id, properties, ret_configuration, error);
}
