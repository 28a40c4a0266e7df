/* provider/metrics.h: what event-provider counts. The table is in metrics.c; the names' order is here. */
#pragma once
#include "common/telemetry/metrics.h"

enum provider_metric {
	METRIC_PRODUCED,
	METRIC_ACKNOWLEDGED,
	METRIC_FAILED,
	METRIC_HELD,
	METRIC_HELD_SECONDS,
	METRIC_LATE_SECONDS,
	METRIC_LATE,
	METRIC_LAG,
	METRIC_PAGES,
	METRIC_PAGES_DROPPED,
	METRIC_PHONES,
	METRIC_ROWS,
	METRIC_PLAYERS,
	METRIC_READ,
	METRIC_CREDENTIALS_REFUSED,
	METRIC_DOOR_REQUESTS,
	METRIC_DOOR_LIMITED,
	METRIC_COUNT
};

extern const struct ump_metric provider_metrics[METRIC_COUNT];
