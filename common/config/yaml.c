/* common/config/yaml.c: libyaml's events become a tree.
 *
 * The caps are checked before and while libyaml works, as deep nesting costs it quadratic time: 64 KiB of it are bearable. */
#include "common/config/yaml.h"
#include "common/config/options.h"
#include "common/memory.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml.h>

enum { LARGEST = 65536, DEEPEST = 16 };

struct reader {
	yaml_parser_t parser;
	const char *name;
	struct ump_error *error;
};

static int fail(struct reader *reader, size_t line, const char *text)
{
	return ump_fail(reader->error, UMP_REJECT, "%s:%zu: %s", reader->name, line + 1, text);
}

static void release_node(struct ump_yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		release_node(&node->children[i]);
	free(node->children);
	free(node->scalar);
	free(node->key);
	*node = (struct ump_yaml_node){0};
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event))
		return 0;
	const yaml_parser_t *parser = &reader->parser;
	size_t line = parser->problem_mark.line;
	if (parser->error == YAML_READER_ERROR) { /* knows the byte only */
		line = 0;
		const char *start = (const char *)parser->input.string.start;
		for (size_t i = 0; i < parser->problem_offset && start + i < (const char *)parser->input.string.end; i++)
			line += start[i] == '\n';
	}
	ump_fail(reader->error, UMP_REJECT, "%s:%zu: %s", reader->name, line + 1,
		 parser->problem ? parser->problem : "cannot be read as YAML");
	return -1;
}

static int refuse_extras(struct reader *reader, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return fail(reader, event->start_mark.line, "anchors are not supported");
	if (tag)
		return fail(reader, event->start_mark.line, "tags are not supported");
	return 0;
}

static int read_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct ump_yaml_node *node);

static int read_scalar(struct reader *reader, const yaml_event_t *event, struct ump_yaml_node *node)
{
	struct ump_text text = {(const char *)event->data.scalar.value, event->data.scalar.length};
	if (refuse_extras(reader, event, event->data.scalar.anchor, event->data.scalar.tag) < 0)
		return -1;
	if (memchr(text.start, '\0', text.size) || !ump_text_is_utf8(text))
		return fail(reader, event->start_mark.line, "expected UTF-8 text without zero bytes");
	node->type = UMP_YAML_SCALAR;
	node->scalar = ump_copy_bytes(text.start, text.size);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

/* Turns the scalar that was read as a node into the key of what comes next. */
static int read_key(struct reader *reader, const struct ump_yaml_node *mapping, yaml_event_t *event, struct ump_yaml_node *child)
{
	if (child->type != UMP_YAML_SCALAR)
		return fail(reader, event->start_mark.line, "expected a name before the colon");
	if (ump_yaml_find(mapping, child->scalar)) {
		ump_fail(reader->error, UMP_REJECT, "%s:%u: %.64s: is there twice", reader->name, child->line, child->scalar);
		return -1;
	}
	child->key = ump_steal(child->scalar);
	yaml_event_delete(event);
	return next_event(reader, event);
}

static int read_child(struct reader *reader, yaml_event_t *event, unsigned depth, const struct ump_yaml_node *parent,
		      struct ump_yaml_node *child)
{
	if (read_node(reader, event, depth + 1, child) < 0)
		return -1;
	if (parent->type == UMP_YAML_SEQUENCE)
		return 0;
	if (read_key(reader, parent, event, child) < 0)
		return -1;
	unsigned line = child->line;
	int result = read_node(reader, event, depth + 1, child);
	if (child->type == UMP_YAML_SCALAR)
		child->line = line; /* an empty value is on the next line for libyaml */
	return result;
}

static int read_children(struct reader *reader, yaml_event_type_t end, unsigned depth, struct ump_yaml_node *node)
{
	size_t room = 0;
	for (;;) {
		yaml_event_t event;
		if (next_event(reader, &event) < 0)
			return -1;
		if (event.type == end) {
			yaml_event_delete(&event);
			return 0;
		}
		struct ump_yaml_node child = {0};
		int result = read_child(reader, &event, depth, node, &child);
		yaml_event_delete(&event);
		if (result < 0) {
			release_node(&child);
			return -1;
		}
		if (node->count == room) {
			room = room ? room * 2 : 8;
			node->children = ump_reallocate(node->children, room, sizeof *node->children);
		}
		node->children[node->count++] = child;
	}
}

/* Reads what starts with `event` into a node that is zeroed but for its key. */
static int read_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct ump_yaml_node *node)
{
	node->line = (unsigned)event->start_mark.line + 1;
	if (depth > DEEPEST)
		return fail(reader, event->start_mark.line, "is nested deeper than 16 levels");
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(reader, event, node);
	case YAML_SEQUENCE_START_EVENT:
		node->type = UMP_YAML_SEQUENCE;
		if (refuse_extras(reader, event, event->data.sequence_start.anchor, event->data.sequence_start.tag) < 0)
			return -1;
		return read_children(reader, YAML_SEQUENCE_END_EVENT, depth, node);
	case YAML_MAPPING_START_EVENT:
		node->type = UMP_YAML_MAPPING;
		if (refuse_extras(reader, event, event->data.mapping_start.anchor, event->data.mapping_start.tag) < 0)
			return -1;
		return read_children(reader, YAML_MAPPING_END_EVENT, depth, node);
	case YAML_ALIAS_EVENT:
		return fail(reader, event->start_mark.line, "aliases are not supported");
	default:
		return fail(reader, event->start_mark.line, "expected a value");
	}
}

static int read_stream(struct reader *reader, struct ump_yaml_node *root)
{
	bool document = false;
	for (;;) {
		yaml_event_t event;
		int result = 0;
		if (next_event(reader, &event) < 0)
			return -1;
		yaml_event_type_t type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT) {
			if (document)
				result = fail(reader, event.start_mark.line, "expected one document, found another");
			else if (event.data.document_start.tag_directives.start != event.data.document_start.tag_directives.end)
				result = fail(reader, event.start_mark.line, "tags are not supported");
			document = true;
		} else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT) {
			result = read_node(reader, &event, 1, root);
		}
		yaml_event_delete(&event);
		if (result < 0 || type == YAML_STREAM_END_EVENT)
			return result;
	}
}

int ump_yaml_parse(const char *text, size_t size, const char *name, struct ump_yaml *ret_document, struct ump_error *error)
{
	struct reader reader = {.name = name, .error = error};
	struct ump_yaml_node root = {.type = UMP_YAML_MAPPING, .line = 1}; /* of a file without a document */

	if (size > LARGEST)
		return ump_fail(error, UMP_REJECT, "%s: is larger than 64 KiB", name);
	if (!yaml_parser_initialize(&reader.parser))
		return ump_fail(error, UMP_FATAL, "%s: libyaml has no memory", name);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
	int result = read_stream(&reader, &root);
	yaml_parser_delete(&reader.parser);
	if (result < 0) {
		release_node(&root);
		return -1;
	}
	*ret_document = (struct ump_yaml){.name = ump_copy_string(name), .root = root};
	return 0;
}

int ump_yaml_load(const char *path, struct ump_yaml *ret_document, struct ump_error *error)
{
	ump_cleanup_free char *text = ump_allocate(1, LARGEST + 1);
	size_t size = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ump_fail(error, UMP_REJECT, "%s: cannot be opened: %m", path);
	do {
		got = read(fd, text + size, LARGEST + 1 - size);
		size += got > 0 ? (size_t)got : 0;
	} while (size <= LARGEST && (got > 0 || (got < 0 && errno == EINTR)));
	if (got < 0)
		ump_fail(error, UMP_REJECT, "%s: cannot be read: %m", path);
	close(fd);
	return got < 0 ? -1 : ump_yaml_parse(text, size, path, ret_document, error);
}

void ump_yaml_release(struct ump_yaml *document)
{
	release_node(&document->root);
	free(document->name);
	document->name = NULL;
}

struct ump_yaml ump_yaml_take(struct ump_yaml *document, struct ump_yaml_node *node)
{
	struct ump_yaml part = {.name = ump_copy_string(document->name), .root = *node};
	*node = (struct ump_yaml_node){.line = node->line};
	return part;
}

const struct ump_yaml_node *ump_yaml_find(const struct ump_yaml_node *mapping, const char *key)
{
	for (size_t i = 0; mapping->type == UMP_YAML_MAPPING && i < mapping->count; i++)
		if (strcmp(mapping->children[i].key, key) == 0)
			return &mapping->children[i];
	return NULL;
}

int ump_yaml_fail(const struct ump_yaml *document, const struct ump_yaml_node *node, struct ump_error *error, const char *format, ...)
{
	char text[sizeof error->text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return ump_fail(error, UMP_REJECT, "%s:%u: %.64s%s%s", document->name, node->line, node->key ? node->key : "",
			node->key ? ": " : "", text);
}

int ump_yaml_only(const struct ump_yaml *document, const struct ump_yaml_node *mapping, const char *const *known, struct ump_error *error)
{
	size_t count = 0;
	while (known[count])
		count++;
	for (size_t i = 0; i < mapping->count; i++) {
		const struct ump_yaml_node *child = &mapping->children[i];
		size_t at = 0;
		while (at < count && strcmp(known[at], child->key) != 0)
			at++;
		if (at < count)
			continue;
		const char *nearest = ump_nearest(child->key, known, count);
		return nearest ? ump_yaml_fail(document, child, error, "unknown key; did you mean \"%s\"?", nearest)
			       : ump_yaml_fail(document, child, error, "unknown key");
	}
	return 0;
}
