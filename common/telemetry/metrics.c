/* common/telemetry/metrics.c: the series of each metric lie sorted by their labels, so that they are found quickly and written in order. */
#include "common/telemetry/metrics.h"
#include "common/memory.h"
#include "common/telemetry/process.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const double ump_metric_seconds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
const size_t ump_metric_seconds_count = sizeof ump_metric_seconds / sizeof *ump_metric_seconds;

struct series {
	struct ump_series shared; /* first: the owner's pointer is ours. Of a histogram: the sum */
	char *labels[UMP_METRIC_LABELS];
	uint64_t *buckets; /* of a histogram: one for each bound, and one above; not cumulated */
};

struct family {
	const struct ump_metric *metric;
	struct series **series;
	size_t count, room;
	size_t label_count;
};

struct ump_metrics {
	struct family *families;
	size_t count;
};

static int compare(const struct family *family, const struct series *series, const char *const *labels)
{
	int order = 0;
	for (size_t i = 0; i < family->label_count && order == 0; i++)
		order = strcmp(series->labels[i], labels[i]);
	return order;
}

/* Where the series is, or would be. */
static size_t find(const struct family *family, const char *const *labels, bool *ret_found)
{
	size_t low = 0, high = family->count;
	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(family, family->series[middle], labels);
		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct series *insert(struct family *family, size_t position, const char *const *labels)
{
	struct series *series = ump_allocate(1, sizeof *series);
	for (size_t i = 0; i < family->label_count; i++)
		series->labels[i] = ump_copy_string(labels[i]);
	if (family->metric->type == UMP_HISTOGRAM)
		series->buckets = ump_allocate(family->metric->bound_count + 1, sizeof *series->buckets);
	if (family->count == family->room) {
		family->room = family->room ? family->room * 2 : 4;
		family->series = ump_reallocate(family->series, family->room, sizeof(struct series *));
	}
	memmove(family->series + position + 1, family->series + position, (family->count - position) * sizeof(struct series *));
	family->series[position] = series;
	family->count++;
	return series;
}

static void free_series(struct series *series)
{
	for (size_t i = 0; i < UMP_METRIC_LABELS; i++)
		free(series->labels[i]);
	free(series->buckets);
	free(series);
}

struct ump_metrics *ump_metrics_new(const struct ump_metric *table, size_t count)
{
	struct ump_metrics *metrics = ump_allocate(1, sizeof *metrics);
	metrics->families = ump_allocate(count, sizeof *metrics->families);
	metrics->count = count;
	for (size_t i = 0; i < count; i++) {
		struct family *family = &metrics->families[i];
		family->metric = &table[i];
		while (family->label_count < UMP_METRIC_LABELS && table[i].labels[family->label_count])
			family->label_count++;
		if (family->label_count == 0)
			insert(family, 0, NULL);
	}
	return metrics;
}

void ump_metrics_free(struct ump_metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < metrics->count; i++) {
		for (size_t j = 0; j < metrics->families[i].count; j++)
			free_series(metrics->families[i].series[j]);
		free(metrics->families[i].series);
	}
	free(metrics->families);
	free(metrics);
}

struct ump_series *ump_metrics_series(struct ump_metrics *metrics, size_t index, const char *const *labels)
{
	static const char *const others[UMP_METRIC_LABELS] = {"other", "other", "other", "other", "other", "other"};
	assert(index < metrics->count);
	struct family *family = &metrics->families[index];
	bool found;
	size_t position = find(family, labels, &found);
	if (!found && family->count >= UMP_METRIC_SERIES) {
		labels = others;
		position = find(family, labels, &found);
	}
	return &(found ? family->series[position] : insert(family, position, labels))->shared;
}

void ump_metrics_drop(struct ump_metrics *metrics, size_t index, const char *const *labels)
{
	assert(index < metrics->count);
	struct family *family = &metrics->families[index];
	bool found;
	size_t position = find(family, labels, &found);
	if (!found)
		return;
	free_series(family->series[position]);
	family->count--;
	memmove(family->series + position, family->series + position + 1, (family->count - position) * sizeof(struct series *));
}

void ump_metrics_drop_all(struct ump_metrics *metrics, size_t index)
{
	assert(index < metrics->count && metrics->families[index].label_count > 0);
	struct family *family = &metrics->families[index];
	while (family->count > 0)
		free_series(family->series[--family->count]);
}

static struct ump_series *only_series(struct ump_metrics *metrics, size_t index)
{
	assert(index < metrics->count && metrics->families[index].label_count == 0 && metrics->families[index].count == 1);
	return &metrics->families[index].series[0]->shared;
}

void ump_metrics_add(struct ump_metrics *metrics, size_t index, double amount)
{
	only_series(metrics, index)->value += amount;
}

void ump_metrics_set(struct ump_metrics *metrics, size_t index, double value)
{
	only_series(metrics, index)->value = value;
}

void ump_metrics_observe(struct ump_metrics *metrics, size_t index, struct ump_series *series, double value)
{
	assert(index < metrics->count && metrics->families[index].metric->type == UMP_HISTOGRAM);
	const struct ump_metric *metric = metrics->families[index].metric;
	size_t bucket = 0;
	if (isnan(value))
		return;
	while (bucket < metric->bound_count && value > metric->bounds[bucket])
		bucket++;
	((struct series *)series)->buckets[bucket]++;
	series->value += value;
}

/* ---- Output ---- */

static void write_number(struct ump_buffer *out, double number)
{
	char text[32];
	if (isnan(number)) {
		ump_buffer_add_string(out, "NaN");
	} else if (isinf(number)) {
		ump_buffer_add_string(out, number > 0 ? "+Inf" : "-Inf");
	} else {
		/* The shorter form where it is the same number. */
		snprintf(text, sizeof text, "%.15g", number);
		if (strtod(text, NULL) < number || strtod(text, NULL) > number)
			snprintf(text, sizeof text, "%.17g", number);
		ump_buffer_add_string(out, text);
	}
}

static void write_escaped(struct ump_buffer *out, struct ump_text text, bool in_quotes)
{
	while (text.size > 0) {
		size_t size = ump_text_character(text);
		if (size == 0)
			ump_buffer_add_string(out, "\xEF\xBF\xBD");
		else if (text.start[0] == '\n')
			ump_buffer_add_string(out, "\\n");
		else if (text.start[0] == '\\' || (in_quotes && text.start[0] == '"'))
			ump_buffer_add(out, (char[]){'\\', text.start[0]}, 2);
		else
			ump_buffer_add(out, text.start, size);
		size += size == 0;
		text.start += size;
		text.size -= size;
	}
}

/* {a="x",le="0.5"}; nothing where there are no labels, or all are empty. `bound` is NULL but for buckets. */
static void write_labels(struct ump_buffer *out, const struct family *family, const struct series *series, const double *bound)
{
	char separator = '{';
	for (size_t i = 0; i < family->label_count; i++) {
		if (!*series->labels[i])
			continue;
		ump_buffer_print(out, "%c%s=\"", separator, family->metric->labels[i]);
		write_escaped(out, ump_text(series->labels[i]), true);
		ump_buffer_add_character(out, '"');
		separator = ',';
	}
	if (bound) {
		ump_buffer_print(out, "%cle=\"", separator);
		write_number(out, *bound);
		ump_buffer_add_character(out, '"');
		separator = ',';
	}
	if (separator == ',')
		ump_buffer_add_character(out, '}');
}

static void write_sample(struct ump_buffer *out, const struct family *family, const struct series *series, const char *suffix,
			 const double *bound, double value)
{
	ump_buffer_add_string(out, family->metric->name);
	ump_buffer_add_string(out, suffix);
	write_labels(out, family, series, bound);
	ump_buffer_add_character(out, ' ');
	write_number(out, value);
	ump_buffer_add_character(out, '\n');
}

static void write_histogram(struct ump_buffer *out, const struct family *family, const struct series *series)
{
	const struct ump_metric *metric = family->metric;
	const double above_all = INFINITY;
	uint64_t count = 0;
	for (size_t i = 0; i <= metric->bound_count; i++) {
		count += series->buckets[i];
		write_sample(out, family, series, "_bucket", i < metric->bound_count ? &metric->bounds[i] : &above_all, (double)count);
	}
	write_sample(out, family, series, "_sum", NULL, series->shared.value);
	write_sample(out, family, series, "_count", NULL, (double)count);
}

void ump_metrics_write(const struct ump_metrics *metrics, struct ump_buffer *out)
{
	static const char *const types[] = {[UMP_COUNTER] = "counter", [UMP_GAUGE] = "gauge", [UMP_HISTOGRAM] = "histogram"};
	for (size_t i = 0; i < metrics->count; i++) {
		const struct family *family = &metrics->families[i];
		ump_buffer_print(out, "# HELP %s ", family->metric->name);
		write_escaped(out, ump_text(family->metric->help), false);
		ump_buffer_print(out, "\n# TYPE %s %s\n", family->metric->name, types[family->metric->type]);
		for (size_t j = 0; j < family->count; j++)
			if (family->metric->type == UMP_HISTOGRAM)
				write_histogram(out, family, family->series[j]);
			else
				write_sample(out, family, family->series[j], "", NULL, family->series[j]->shared.value);
	}
	ump_process_metrics_write(out);
}
