/* source-adapter/filter.h: which events are delivered: filters as Knative's Triggers have them.
 *
 * A document is a sequence of filters, or a mapping with one under `filters`; an event passes when all of them match:
 *   exact, prefix, suffix   a mapping of attributes to values; each named attribute must be there, and be that, or begin or end so
 *   all, any                a sequence of filters, not empty: each, or at least one, must match
 *   not                     one filter, which must not match
 * A filter is a mapping with exactly one of these keys. Depth and number are capped. Pure. */
#pragma once
#include "common/cloudevents/event.h"
#include "common/config/yaml.h"

enum filter_kind { FILTER_EXACT, FILTER_PREFIX, FILTER_SUFFIX, FILTER_ALL, FILTER_ANY, FILTER_NOT };

#define FILTER_DEPTH  8
#define FILTER_NUMBER 256 /* tests of attributes, and filters around them */

struct filter;

/* One that lets everything pass, until something is added: all that is added must match. */
struct filter *filter_new(void);
void filter_free(struct filter *filter); /* accepts NULL */

/* Adds a test, of a kind up to FILTER_SUFFIX, that is written "attribute=value". */
int filter_add(struct filter *filter, enum filter_kind kind, const char *text, struct ump_error *error);

/* Adds the filters of a document. Errors name its file, line and key. */
int filter_add_document(struct filter *filter, const struct ump_yaml *document, struct ump_error *error);

bool filter_is_empty(const struct filter *filter);
bool filter_passes(const struct filter *filter, const struct ump_event *event);
