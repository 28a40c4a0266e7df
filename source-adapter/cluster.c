#include "source-adapter/cluster.h"
#include "common/memory.h"
#include "common/text.h"
#include "source-adapter/asking.h"
#include <stdlib.h>

struct cluster_probe {
	rd_kafka_t *handle;
};

int cluster_probe_new(struct cluster_probe **ret_probe, const struct ump_kafka_settings *settings, const char *client_id, const char *group,
		      struct ump_error *error)
{
	const char *const properties[] = {"topic.metadata.refresh.sparse", "true", "group.id", group, NULL};
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

rd_kafka_t *cluster_probe_client(struct cluster_probe *probe)
{
	return probe->handle;
}

int cluster_ask(struct cluster_probe *probe, const struct ump_list *topics, int timeout_ms, struct cluster *ret_cluster,
		struct ump_error *error)
{
	struct cluster cluster = {0};
	ump_cleanup(asking_free_list) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
	for (size_t i = 0; i < topics->count; i++) {
		if (asking_partitions(probe->handle, topics->items[i], timeout_ms, list, error) < 0)
			return ump_error_prefix(error, "topic %s", topics->items[i]);
	}
	cluster.partitions = list->cnt;
	char *id = rd_kafka_clusterid(probe->handle, timeout_ms);
	cluster.embedded = id && ump_text_starts_with(ump_text(id), UMP_TEXT("mockCluster"));
	if (id)
		rd_kafka_mem_free(probe->handle, id);
	*ret_cluster = cluster;
	return 0;
}
