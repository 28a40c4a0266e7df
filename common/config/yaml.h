/* common/config/yaml.h: the part of YAML that configuration needs, as a tree that knows its lines.
 *
 * Mappings, sequences and plain or quoted scalars. Refused: more than 64 KiB, more than 16 levels, more than one document, aliases,
 * anchors, tags, duplicate keys, and scalars that are no UTF-8. libyaml parses; nothing of the file is executed or looked up. */
#pragma once
#include "common/error.h"
#include <stdbool.h>
#include <stddef.h>

enum ump_yaml_type { UMP_YAML_SCALAR, UMP_YAML_SEQUENCE, UMP_YAML_MAPPING };

struct ump_yaml_node {
	enum ump_yaml_type type;
	unsigned line;                  /* from 1 */
	char *key;                      /* in a mapping; else NULL */
	char *scalar;                   /* of a scalar; terminated, may be empty */
	bool quoted;                    /* a scalar in quotes: text, never a number, null or boolean */
	struct ump_yaml_node *children; /* of a sequence or mapping */
	size_t count;
};

struct ump_yaml {
	char *name; /* as given: a path, or what stands for it in errors */
	struct ump_yaml_node root;
};

/* Errors read "rules.yaml:7: what is wrong". Nothing to release after a failure. */
int ump_yaml_load(const char *path, struct ump_yaml *ret_document, struct ump_error *error);
int ump_yaml_parse(const char *text, size_t size, const char *name, struct ump_yaml *ret_document, struct ump_error *error);
void ump_yaml_release(struct ump_yaml *document);

/* Takes a node, with its key, out of a document: it is the root of one of its own, of the same name. The caller's to release. */
struct ump_yaml ump_yaml_take(struct ump_yaml *document, struct ump_yaml_node *node);

/* The child of a mapping, or NULL. */
const struct ump_yaml_node *ump_yaml_find(const struct ump_yaml_node *mapping, const char *key);

/* Fills `error` with "NAME:LINE: KEY: text" of a node; returns -1 always. */
int ump_yaml_fail(const struct ump_yaml *document, const struct ump_yaml_node *node, struct ump_error *error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Refuses a mapping that has a key outside `known` (NULL at the end), naming the nearest. */
int ump_yaml_only(const struct ump_yaml *document, const struct ump_yaml_node *mapping, const char *const *known, struct ump_error *error);
