/* A tree of nodes: leaves test one attribute, the others join what is below them. A mapping with several attributes is an `all` of them. */
#include "source-adapter/filter.h"
#include "common/memory.h"
#include <stdlib.h>

struct node {
	enum filter_kind kind;
	char *attribute, *value; /* of a leaf */
	struct node *children;
	size_t count;
};

struct filter {
	struct node root; /* FILTER_ALL */
	size_t number;    /* nodes below it */
};

static const char *const keys[] = {"exact", "prefix", "suffix", "all", "any", "not", NULL};

struct filter *filter_new(void)
{
	struct filter *filter = ump_allocate(1, sizeof *filter);
	filter->root.kind = FILTER_ALL;
	return filter;
}

static void release(struct node *node)
{
	for (size_t i = 0; i < node->count; i++)
		release(&node->children[i]);
	free(node->children);
	free(node->attribute);
	free(node->value);
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	release(&filter->root);
	free(filter);
}

/* ---- Building ---- */

/* A child of `parent`, which holds until the next one is added to that; NULL: there are too many. */
static struct node *add_node(struct filter *filter, struct node *parent, enum filter_kind kind)
{
	if (filter->number == FILTER_NUMBER)
		return NULL;
	filter->number++;
	parent->children = ump_reallocate(parent->children, parent->count + 1, sizeof *parent->children);
	parent->children[parent->count] = (struct node){.kind = kind};
	return &parent->children[parent->count++];
}

static bool is_name(const char *name, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9')))
			return false;
	}
	return size > 0;
}

int filter_add(struct filter *filter, enum filter_kind kind, const char *text, struct ump_error *error)
{
	size_t size = strcspn(text, "=");
	if (!text[size] || !is_name(text, size))
		return ump_fail(error, UMP_REJECT,
				"expected <attribute>=<value>, the attribute of lower-case letters and digits, found \"%s\"", text);
	struct node *leaf = add_node(filter, &filter->root, kind);
	if (!leaf)
		return ump_fail(error, UMP_REJECT, "expected at most %d filters", FILTER_NUMBER);
	leaf->attribute = ump_copy_bytes(text, size);
	leaf->value = ump_copy_string(text + size + 1);
	return 0;
}

/* What a document is read into, and how deep that is. */
struct reading {
	struct filter *filter;
	const struct ump_yaml *document;
	struct ump_error *error;
};

static int too_many(const struct reading *reading, const struct ump_yaml_node *at)
{
	return ump_yaml_fail(reading->document, at, reading->error, "expected at most %d filters", FILTER_NUMBER);
}

static int read_tests(const struct reading *reading, const struct ump_yaml_node *mapping, enum filter_kind kind, struct node *parent)
{
	if (mapping->type != UMP_YAML_MAPPING || mapping->count == 0)
		return ump_yaml_fail(reading->document, mapping, reading->error, "expected attributes and their values");
	for (size_t i = 0; i < mapping->count; i++) {
		const struct ump_yaml_node *test = &mapping->children[i];
		if (!is_name(test->key, strlen(test->key)))
			return ump_yaml_fail(reading->document, test, reading->error,
					     "expected an attribute's name of lower-case letters and digits");
		if (test->type != UMP_YAML_SCALAR)
			return ump_yaml_fail(reading->document, test, reading->error, "expected a text");
		struct node *leaf = add_node(reading->filter, parent, kind);
		if (!leaf)
			return too_many(reading, test);
		leaf->attribute = ump_copy_string(test->key);
		leaf->value = ump_copy_string(test->scalar);
	}
	return 0;
}

static int read_filter(const struct reading *reading, const struct ump_yaml_node *mapping, struct node *parent, unsigned depth);

static int read_sequence(const struct reading *reading, const struct ump_yaml_node *sequence, struct node *parent, unsigned depth)
{
	if (sequence->type != UMP_YAML_SEQUENCE || sequence->count == 0)
		return ump_yaml_fail(reading->document, sequence, reading->error, "expected a list of filters, found %s",
				     sequence->type == UMP_YAML_SEQUENCE ? "an empty one" : "something else");
	for (size_t i = 0; i < sequence->count; i++) {
		if (read_filter(reading, &sequence->children[i], parent, depth) < 0)
			return -1;
	}
	return 0;
}

static int read_filter(const struct reading *reading, const struct ump_yaml_node *mapping, struct node *parent, unsigned depth)
{
	if (depth == FILTER_DEPTH)
		return ump_yaml_fail(reading->document, mapping, reading->error, "expected at most %d filters inside each other",
				     FILTER_DEPTH);
	if (mapping->type != UMP_YAML_MAPPING || mapping->count != 1)
		return ump_yaml_fail(reading->document, mapping, reading->error, "expected one of exact, prefix, suffix, all, any, not");
	if (ump_yaml_only(reading->document, mapping, keys, reading->error) < 0)
		return -1;
	const struct ump_yaml_node *content = &mapping->children[0];
	int kind = 0;
	while (strcmp(keys[kind], content->key) != 0)
		kind++;
	struct node *node = add_node(reading->filter, parent, kind <= FILTER_SUFFIX ? FILTER_ALL : (enum filter_kind)kind);
	if (!node)
		return too_many(reading, mapping);
	switch (kind) {
	case FILTER_ALL:
	case FILTER_ANY:
		return read_sequence(reading, content, node, depth + 1);
	case FILTER_NOT:
		return read_filter(reading, content, node, depth + 1);
	default:
		return read_tests(reading, content, (enum filter_kind)kind, node);
	}
}

int filter_add_document(struct filter *filter, const struct ump_yaml *document, struct ump_error *error)
{
	static const char *const known[] = {"filters", NULL};
	struct reading reading = {filter, document, error};
	const struct ump_yaml_node *sequence = &document->root;
	if (sequence->type == UMP_YAML_MAPPING && sequence->count > 0) {
		if (ump_yaml_only(document, sequence, known, error) < 0)
			return -1;
		sequence = &sequence->children[0];
	}
	return read_sequence(&reading, sequence, &filter->root, 0);
}

/* ---- Asking ---- */

static bool ends_with(struct ump_text text, struct ump_text end)
{
	return text.size >= end.size && ump_text_equals((struct ump_text){text.start + text.size - end.size, end.size}, end);
}

static bool matches(const struct node *node, const struct ump_event *event)
{
	struct ump_text value, expected;
	switch (node->kind) {
	case FILTER_ALL:
		for (size_t i = 0; i < node->count; i++) {
			if (!matches(&node->children[i], event))
				return false;
		}
		return true;
	case FILTER_ANY:
		for (size_t i = 0; i < node->count; i++) {
			if (matches(&node->children[i], event))
				return true;
		}
		return false;
	case FILTER_NOT:
		return !matches(&node->children[0], event);
	case FILTER_EXACT:
	case FILTER_PREFIX:
	case FILTER_SUFFIX:
		break;
	}
	value = ump_event_get(event, node->attribute);
	expected = ump_text(node->value);
	if (!value.start)
		return false;
	if (node->kind == FILTER_EXACT)
		return ump_text_equals(value, expected);
	return node->kind == FILTER_PREFIX ? ump_text_starts_with(value, expected) : ends_with(value, expected);
}

bool filter_is_empty(const struct filter *filter)
{
	return filter->root.count == 0;
}

bool filter_passes(const struct filter *filter, const struct ump_event *event)
{
	return matches(&filter->root, event);
}
