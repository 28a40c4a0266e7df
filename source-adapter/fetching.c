#include "source-adapter/fetching.h"
#include <stdio.h>

/* KiB of all partitions' queues, and of each at least. A full queue stops fetching for a while, so there must be enough in it meanwhile:
 * for the one second of librdkafka before 2.2, 13 MiB, which is some 65,000 events of 200 bytes; with little memory 4 MiB, some 20,000.
 */
#define QUEUE_MEMORY     (13 << 10)
#define QUEUE_MEMORY_LOW (4 << 10)
#define QUEUE_MINIMUM    256

/* Bytes of one fetch from one partition: they come in one piece, and stay until the last record of it is done. */
#define FETCH     (1 << 20)
#define FETCH_LOW (128 << 10)

static int64_t smaller(int64_t left, int64_t right)
{
	return left < right ? left : right;
}

int fetching_configure(const struct fetching *fetching, rd_kafka_conf_t **ret_configuration, struct ump_error *error)
{
	char queue_kib[24], fetch_bytes[24];
	int64_t memory = fetching->low_memory ? QUEUE_MEMORY_LOW : QUEUE_MEMORY;
	int64_t share = memory / (fetching->cluster.partitions > 0 ? fetching->cluster.partitions : 1);
	share = share < QUEUE_MINIMUM ? QUEUE_MINIMUM : share;
	snprintf(queue_kib, sizeof queue_kib, "%lld", (long long)share);
	snprintf(fetch_bytes, sizeof fetch_bytes, "%lld", (long long)smaller(share << 10, fetching->low_memory ? FETCH_LOW : FETCH));

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
				    fetching->instance_id ? "group.instance.id" : NULL,
				    fetching->instance_id,
				    NULL};
	if (ump_kafka_configure(fetching->settings, fetching->client_id, properties, ret_configuration, error) < 0)
		return -1;
	ump_kafka_set_if_known(*ret_configuration, "fetch.queue.backoff.ms", "10");
	return 0;
}
