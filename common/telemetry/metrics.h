/* common/telemetry/metrics.h: what a program counts, declared in one table and shown in Prometheus' text format (0.0.4).
 *
 * The table is the documentation: names, units, labels and help come from it, and the reference page is generated from it. A metric without
 * labels has one series from the start, at 0; with labels, a series appears when it is first asked for. Used by the loop's thread only. */
#pragma once
#include "common/buffer.h"

enum ump_metric_type { UMP_COUNTER, UMP_GAUGE, UMP_HISTOGRAM };

#define UMP_METRIC_LABELS 6
#define UMP_METRIC_SERIES 4096 /* a metric's series at most; further ones share one whose labels are all "other" */

struct ump_metric {
	const char *name; /* with prefix umpire_, base unit, _total for counters */
	const char *help;
	enum ump_metric_type type;
	const char *labels[UMP_METRIC_LABELS]; /* NULL from the first unused on */
	const double *bounds;                  /* of a histogram's buckets, rising, without +Inf */
	size_t bound_count;
};

/* Seconds from 0.5 ms to 60 s: for latencies. */
extern const double ump_metric_seconds[];
extern const size_t ump_metric_seconds_count;

struct ump_metrics;

/* A series: the owner may write a counter's or gauge's value directly. Valid until it is dropped or the metrics are freed. */
struct ump_series {
	double value;
};

/* `table` is borrowed and must outlive the metrics; a metric's index in it is its identity. */
struct ump_metrics *ump_metrics_new(const struct ump_metric *table, size_t count);
void ump_metrics_free(struct ump_metrics *metrics);

/* The series of metric `index` with these label values, as many as the table declares; NULL for none. An empty value is the same as no
 * label. Keep it where it is used often. */
struct ump_series *ump_metrics_series(struct ump_metrics *metrics, size_t index, const char *const *labels);

/* Takes a series out of the output (a revoked partition's lag). */
void ump_metrics_drop(struct ump_metrics *metrics, size_t index, const char *const *labels);

/* Takes all series of a metric with labels out of the output. */
void ump_metrics_drop_all(struct ump_metrics *metrics, size_t index);

/* Adds to a metric without labels. */
void ump_metrics_add(struct ump_metrics *metrics, size_t index, double amount);
void ump_metrics_set(struct ump_metrics *metrics, size_t index, double value);

/* Adds an observation to a histogram's series. */
void ump_metrics_observe(struct ump_metrics *metrics, size_t index, struct ump_series *series, double value);

/* The text format of all series, process_* (CPU, resident memory, open descriptors, start time) and umpire_build_info included. */
void ump_metrics_write(const struct ump_metrics *metrics, struct ump_buffer *out);
