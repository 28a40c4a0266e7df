#include "source-adapter/fetching.h"
#include "common/kafka/credentials.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include <stdio.h>
#include <stdlib.h>

/* KiB of all partitions' queues, and of each at least: enough for the time that a fetch takes, at the rate of batches. */
#define QUEUE_MEMORY     (8 << 10)
#define QUEUE_MEMORY_LOW (2 << 10)
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

#define KNOWS_BACKOFF 0x020200ff  /* the first version with fetch.queue.backoff.ms */
#define UNNOTICED     (256 << 10) /* bytes: no queue is smaller */

/* NULL: it has none. The caller's to free. */
static char *property(rd_kafka_t *handle, const char *name)
{
	size_t size = 0;
	if (rd_kafka_conf_get(rd_kafka_conf(handle), name, NULL, &size) != RD_KAFKA_CONF_OK)
		return NULL;
	char *value = ump_allocate(size + 1, 1);
	rd_kafka_conf_get(rd_kafka_conf(handle), name, value, &size);
	return value;
}

/* Of what librdkafka offers only this wakes the threads that fetch and changes nothing: the credentials that it has already, or, where it
 * authenticates by other means, some that are never used. */
static void wake(rd_kafka_t *handle)
{
	struct ump_error error;
	ump_cleanup_free char *user = property(handle, "sasl.username"), *password = property(handle, "sasl.password");
	if (ump_kafka_set_credentials(handle, user ? user : "", password ? password : "", &error) < 0)
		ump_log(UMP_LOG_WARNING, "fetching may pause", UMP_LOG_S("error", error.text));
}

void fetching_advance(rd_kafka_t *handle, size_t *unnoticed, size_t bytes)
{
	*unnoticed += bytes;
	if (*unnoticed < UNNOTICED || rd_kafka_version() >= KNOWS_BACKOFF)
		return;
	*unnoticed = 0;
	wake(handle);
}
