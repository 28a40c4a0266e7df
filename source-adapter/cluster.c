#include "source-adapter/cluster.h"
#include "common/memory.h"
#include "common/text.h"
#include <stdlib.h>

struct cluster_probe {
	rd_kafka_t *handle;
};

int cluster_probe_new(struct cluster_probe **ret_probe, const struct ump_kafka_settings *settings, const char *client_id,
		      struct ump_error *error)
{
	static const char *const properties[] = {"topic.metadata.refresh.sparse", "true", NULL};
	rd_kafka_conf_t *configuration;
	rd_kafka_t *handle;
	if (ump_kafka_configure(settings, client_id, properties, &configuration, error) < 0 ||
	    ump_kafka_open(RD_KAFKA_CONSUMER, configuration, &handle, error) < 0)
		return -1;
	*ret_probe = ump_allocate(1, sizeof **ret_probe);
	(*ret_probe)->handle = handle;
	return 0;
}

void cluster_probe_free(struct cluster_probe *probe)
{
	if (!probe)
		return;
	rd_kafka_destroy(probe->handle);
	free(probe);
}

static int count_partitions(struct cluster_probe *probe, const char *topic, int timeout_ms, int64_t *ret_partitions,
			    struct ump_error *error)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(probe->handle, topic, NULL);
	rd_kafka_resp_err_t code = rd_kafka_metadata(probe->handle, 0, handle, &metadata, timeout_ms);
	rd_kafka_topic_destroy(handle);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return ump_fail(error, UMP_RETRY, "asking for topic %s: %s", topic, rd_kafka_err2str(code));
	code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	int64_t partitions = code == RD_KAFKA_RESP_ERR_NO_ERROR ? metadata->topics[0].partition_cnt : 0;
	rd_kafka_metadata_destroy(metadata);
	if (partitions == 0)
		return ump_fail(error, UMP_RETRY, "topic %s: %s", topic, rd_kafka_err2str(code));
	*ret_partitions = partitions;
	return 0;
}

int cluster_ask(struct cluster_probe *probe, const struct ump_list *topics, int timeout_ms, struct cluster *ret_cluster,
		struct ump_error *error)
{
	struct cluster cluster = {0};
	for (size_t i = 0; i < topics->count; i++) {
		int64_t partitions;
		if (count_partitions(probe, topics->items[i], timeout_ms, &partitions, error) < 0)
			return -1;
		cluster.partitions += partitions;
	}
	char *id = rd_kafka_clusterid(probe->handle, timeout_ms);
	cluster.embedded = id && ump_text_starts_with(ump_text(id), UMP_TEXT("mockCluster"));
	if (id)
		rd_kafka_mem_free(probe->handle, id);
	*ret_cluster = cluster;
	return 0;
}
