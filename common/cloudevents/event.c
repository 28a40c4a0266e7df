/* common/cloudevents/event.c: the event as a value, and its validator.
 *
 * Attributes stand in a plain array: an event has about ten, so looking one up is a few comparisons of sizes. The memory that an event owns
 * is a list of blocks, each twice as large as the one before; a reset keeps the largest, so that an event that is used again and again
 * soon allocates no more. */
#include "common/cloudevents/event.h"

#include <stdlib.h>

#include "common/cloudevents/base64.h"
#include "common/cloudevents/value.h"
#include "common/memory.h"

enum { FIRST_BLOCK = 1024, LARGEST_KEPT = 256 * 1024 };

struct ump_event_memory {
	struct ump_event_memory *older;
	size_t used;
	size_t capacity;
	char bytes[];
};

static const struct core_attribute {
	struct ump_text name;
	enum ump_attribute_type type;
	bool required;
} core_attributes[] = {
	{{"id", 2}, UMP_ATTRIBUTE_STRING, true},
	{{"source", 6}, UMP_ATTRIBUTE_URI_REFERENCE, true},
	{{"specversion", 11}, UMP_ATTRIBUTE_STRING, true},
	{{"type", 4}, UMP_ATTRIBUTE_STRING, true},
	{{"subject", 7}, UMP_ATTRIBUTE_STRING, false},
	{{"time", 4}, UMP_ATTRIBUTE_TIMESTAMP, false},
	{{"datacontenttype", 15}, UMP_ATTRIBUTE_STRING, false},
	{{"dataschema", 10}, UMP_ATTRIBUTE_URI, false},
};

enum { CORE_COUNT = sizeof(core_attributes) / sizeof(core_attributes[0]), SPECVERSION = 2, DATACONTENTTYPE = 6 };

static const char *const expected_values[] = {
	[UMP_ATTRIBUTE_STRING] = "UTF-8 without control characters and noncharacters",
	[UMP_ATTRIBUTE_BOOLEAN] = "true or false",
	[UMP_ATTRIBUTE_INTEGER] = "an integer from -2147483648 to 2147483647",
	[UMP_ATTRIBUTE_BINARY] = "base64 (RFC 4648)",
	[UMP_ATTRIBUTE_URI] = "an absolute URI without a fragment (RFC 3986)",
	[UMP_ATTRIBUTE_URI_REFERENCE] = "a URI reference (RFC 3986)",
	[UMP_ATTRIBUTE_TIMESTAMP] = "an RFC 3339 timestamp",
};

/* The place in the table, or CORE_COUNT. */
static unsigned find_core(struct ump_text name)
{
	unsigned place = 0;

	while (place < CORE_COUNT && !ump_text_equals(core_attributes[place].name, name))
		place++;
	return place;
}

static struct ump_attribute *find(const struct ump_event *event, struct ump_text name)
{
	for (size_t i = 0; i < event->count; i++)
		if (ump_text_equals(event->attributes[i].name, name))
			return (struct ump_attribute *)&event->attributes[i];
	return NULL;
}

static bool is_name(struct ump_text name)
{
	for (size_t i = 0; i < name.size; i++)
		if (!((name.start[i] >= 'a' && name.start[i] <= 'z') || (name.start[i] >= '0' && name.start[i] <= '9')))
			return false;
	return name.size > 0 && !ump_text_equals(name, UMP_TEXT("data"));
}

static void free_blocks(struct ump_event_memory *block)
{
	while (block) {
		struct ump_event_memory *older = block->older;

		free(block);
		block = older;
	}
}

void ump_event_reset(struct ump_event *event)
{
	event->count = 0;
	event->data = UMP_TEXT_NONE;
	event->data_kind = UMP_DATA_NONE;
	if (!event->memory)
		return;
	free_blocks(event->memory->older);
	event->memory->older = NULL;
	event->memory->used = 0;
	if (event->memory->capacity > LARGEST_KEPT) {
		free(event->memory);
		event->memory = NULL;
	}
}

void ump_event_release(struct ump_event *event)
{
	free_blocks(event->memory);
	event->memory = NULL;
	ump_event_reset(event);
}

char *ump_event_allocate(struct ump_event *event, size_t size)
{
	struct ump_event_memory *block = event->memory;

	if (!block || block->capacity - block->used < size) {
		size_t capacity = block ? 2 * block->capacity : FIRST_BLOCK;

		if (capacity < size)
			capacity = size;
		block = ump_allocate(1, sizeof(*block) + capacity);
		block->capacity = capacity;
		block->older = event->memory;
		event->memory = block;
	}
	block->used += size;
	return block->bytes + block->used - size;
}

int ump_event_set(struct ump_event *event, struct ump_text name, struct ump_text value, enum ump_attribute_type type,
		  struct ump_error *error)
{
	struct ump_attribute *attribute;
	struct ump_found found;
	unsigned core;

	if (!is_name(name))
		return ump_fail(error, UMP_REJECT, "attribute name: found %s, expected letters a-z and digits, and not \"data\"",
				ump_found(&found, name));
	attribute = find(event, name);
	if (!attribute) {
		if (event->count == UMP_EVENT_ATTRIBUTES)
			return ump_fail(error, UMP_REJECT, "%.*s: found more than %d attributes, expected fewer", UMP_TEXT_ARGUMENTS(name),
					UMP_EVENT_ATTRIBUTES);
		attribute = &event->attributes[event->count++];
	}
	core = find_core(name);
	*attribute = (struct ump_attribute){name, value, core < CORE_COUNT ? core_attributes[core].type : type};
	return 0;
}

int ump_event_set_copy(struct ump_event *event, struct ump_text name, struct ump_text value, enum ump_attribute_type type,
		       struct ump_error *error)
{
	char *copy = ump_event_allocate(event, name.size + value.size);

	if (name.size > 0)
		memcpy(copy, name.start, name.size);
	if (value.size > 0)
		memcpy(copy + name.size, value.start, value.size);
	return ump_event_set(event, (struct ump_text){copy, name.size}, (struct ump_text){copy + name.size, value.size}, type, error);
}

struct ump_text ump_event_get(const struct ump_event *event, const char *name)
{
	const struct ump_attribute *attribute = find(event, ump_text(name));

	return attribute ? attribute->value : UMP_TEXT_NONE;
}

void ump_event_remove(struct ump_event *event, const char *name)
{
	struct ump_attribute *attribute = find(event, ump_text(name));

	if (!attribute)
		return;
	struct ump_attribute *end = event->attributes + event->count;

	memmove(attribute, attribute + 1, (size_t)(end - attribute - 1) * sizeof(*attribute));
	event->count--;
}

static bool has_type(struct ump_text value, enum ump_attribute_type type)
{
	switch (type) {
	case UMP_ATTRIBUTE_STRING:
		return ump_value_is_string(value);
	case UMP_ATTRIBUTE_BOOLEAN:
		return ump_value_is_boolean(value);
	case UMP_ATTRIBUTE_INTEGER:
		return ump_value_is_integer(value);
	case UMP_ATTRIBUTE_BINARY:
		return ump_base64_is_valid(value);
	case UMP_ATTRIBUTE_URI:
		return ump_value_is_uri(value);
	case UMP_ATTRIBUTE_URI_REFERENCE:
		return ump_value_is_uri_reference(value);
	case UMP_ATTRIBUTE_TIMESTAMP:
		return ump_value_is_timestamp(value);
	}
	return false;
}

static int wrong_value(const struct ump_attribute *attribute, const char *expected, struct ump_error *error)
{
	struct ump_found found;

	return ump_fail(error, UMP_REJECT, "%.*s: found %s, expected %s", UMP_TEXT_ARGUMENTS(attribute->name),
			ump_found(&found, attribute->value), expected);
}

static int check(const struct ump_attribute *attribute, unsigned core, struct ump_error *error)
{
	if (attribute->value.size > UMP_EVENT_ATTRIBUTE_SIZE)
		return ump_fail(error, UMP_REJECT, "%.*s: found %zu bytes, expected at most %d", UMP_TEXT_ARGUMENTS(attribute->name),
				attribute->value.size, UMP_EVENT_ATTRIBUTE_SIZE);
	if (!attribute->value.start || (attribute->value.size == 0 && core < CORE_COUNT))
		return wrong_value(attribute, "a value that is not empty", error);
	if (!has_type(attribute->value, attribute->type))
		return wrong_value(attribute, expected_values[attribute->type], error);
	if (core == SPECVERSION && !ump_text_equals(attribute->value, UMP_TEXT("1.0")))
		return wrong_value(attribute, "\"1.0\"", error);
	if (core == DATACONTENTTYPE && !ump_value_is_media_type(attribute->value))
		return wrong_value(attribute, "a media type (RFC 2046)", error);
	return 0;
}

int ump_attribute_check(const struct ump_attribute *attribute, struct ump_error *error)
{
	return check(attribute, find_core(attribute->name), error);
}

int ump_event_validate(const struct ump_event *event, struct ump_error *error)
{
	unsigned present = 0;

	for (size_t i = 0; i < event->count; i++) {
		unsigned core = find_core(event->attributes[i].name);

		if (check(&event->attributes[i], core, error))
			return -1;
		present |= 1u << core;
	}
	for (unsigned core = 0; core < CORE_COUNT; core++)
		if (core_attributes[core].required && !(present & 1u << core))
			return ump_fail(error, UMP_REJECT, "%s: found nothing, expected a value, which every event must have",
					core_attributes[core].name.start);
	return 0;
}

int ump_event_declare(struct ump_event *event, const struct ump_attribute_declaration *declared, size_t count, struct ump_error *error)
{
	for (size_t i = 0; i < count; i++) {
		struct ump_attribute *attribute = find(event, ump_text(declared[i].name));

		if (!attribute || find_core(attribute->name) < CORE_COUNT)
			continue;
		struct ump_attribute typed = {attribute->name, attribute->value, declared[i].type};

		if (attribute->type != UMP_ATTRIBUTE_STRING && attribute->type != declared[i].type)
			return wrong_value(attribute, expected_values[declared[i].type], error);
		if (ump_attribute_check(&typed, error))
			return -1;
		attribute->type = declared[i].type;
	}
	return 0;
}
