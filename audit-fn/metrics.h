/* audit-fn/metrics.h: what the function counts. */
#pragma once
#include "common/telemetry/metrics.h"

enum {
	METRIC_REQUESTS, /* by status */
	METRIC_EVENTS,   /* by result */
	METRIC_RULES,    /* by rule and result */
	METRIC_RULE_SECONDS,
	METRIC_STORE_SECONDS,
	METRIC_STORE_FAILURES,
	METRIC_STORE_READY,
	METRIC_COUNT
};

extern const struct ump_metric metrics_table[METRIC_COUNT];
