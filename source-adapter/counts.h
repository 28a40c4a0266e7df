/* source-adapter/counts.h: what the adapter counts: its table of metrics. The table is the documentation. */
#pragma once
#include "common/telemetry/metrics.h"

enum count {
	COUNT_RECEIVED,
	COUNT_DELIVERIES, /* class */
	COUNT_DELIVERED,
	COUNT_RETRIED,
	COUNT_DEAD_LETTERED,
	COUNT_DROPPED, /* reason */
	COUNT_FILTERED,
	COUNT_REPLIES,
	COUNT_PUT_BACK,
	COUNT_STALLS,
	COUNT_IN_FLIGHT,
	COUNT_WINDOW,
	COUNT_HELD,
	COUNT_LAG,                /* topic, partition */
	COUNT_STALLED_PARTITIONS, /* topic, partition, offset, key, status, since */
	COUNT_ASSIGNED_PARTITIONS,
	COUNT_DELIVERY_SECONDS,
	COUNT_REBALANCES,
	COUNT_COMMITS,
	COUNT_COMMIT_FAILURES,
	COUNT_EXPIRED,
	COUNT_CREDENTIALS_REFUSED
};

extern const struct ump_metric count_table[];
extern const size_t count_table_size;
