/* common/cloudevents/http.c: the HTTP binding; see http.h. Header values are in header.c. */
#include "common/cloudevents/http.h"

#include <stdlib.h>

#include "common/cloudevents/format.h"
#include "common/cloudevents/json.h"
#include "common/cloudevents/value.h"
#include "common/memory.h"

static bool is_content_type(struct ump_text name)
{
	return name.size == 12 && ump_text_equals_ignoring_case(name, UMP_TEXT("content-type"));
}

static bool is_attribute(struct ump_text name)
{
	return name.size >= 3 && (name.start[0] | 0x20) == 'c' && (name.start[1] | 0x20) == 'e' && name.start[2] == '-';
}

enum ump_http_mode ump_http_mode(const struct ump_header *headers, size_t count)
{
	bool any_attribute = false;

	for (size_t i = 0; i < count; i++) {
		if (is_content_type(headers[i].name)) {
			if (ump_text_starts_with_ignoring_case(ump_text_trim(headers[i].value), UMP_TEXT("application/cloudevents-batch")))
				return UMP_HTTP_BATCH;
			if (ump_format_is_named(headers[i].value))
				return UMP_HTTP_STRUCTURED;
		}
		any_attribute |= is_attribute(headers[i].name);
	}
	return any_attribute ? UMP_HTTP_BINARY : UMP_HTTP_NOT_CLOUDEVENT;
}

bool ump_http_format_is_json(const struct ump_header *headers, size_t count)
{
	struct ump_text type = ump_header_find(headers, count, "Content-Type");
	const char *parameters = type.start ? memchr(type.start, ';', type.size) : NULL;

	if (parameters)
		type.size = (size_t)(parameters - type.start);
	type = ump_text_trim(type);
	return ump_text_equals_ignoring_case(type, UMP_TEXT(UMP_FORMAT_JSON)) ||
	       ump_text_equals_ignoring_case(type, UMP_TEXT("application/cloudevents-batch+json"));
}

/* The attribute's name behind "ce-": lower case, in the event's memory where it was not. */
static struct ump_text attribute_name(struct ump_event *event, struct ump_text header)
{
	struct ump_text name = {header.start + 3, header.size - 3};
	size_t at = 0;

	while (at < name.size && !(name.start[at] >= 'A' && name.start[at] <= 'Z'))
		at++;
	if (at == name.size)
		return name;
	char *lower = ump_event_allocate(event, name.size);

	for (size_t i = 0; i < name.size; i++)
		lower[i] = (char)(name.start[i] >= 'A' && name.start[i] <= 'Z' ? name.start[i] + ('a' - 'A') : name.start[i]);
	return (struct ump_text){lower, name.size};
}

/* Sets what a header says; a second header for the same attribute is refused, for nobody can tell which one a peer would believe. */
static int set_once(struct ump_event *event, struct ump_text name, struct ump_text value, struct ump_text header, struct ump_error *error)
{
	size_t before = event->count;

	if (ump_event_set(event, name, value, UMP_ATTRIBUTE_STRING, error))
		return -1;
	if (event->count == before)
		return ump_fail(error, UMP_REJECT, "header %.*s: found twice, expected once", UMP_TEXT_ARGUMENTS(header));
	return 0;
}

static int read_header(struct ump_event *event, const struct ump_header *header, enum ump_header_encoding encoding, struct ump_error *error)
{
	struct ump_text value = ump_text_trim(header->value);

	if (is_content_type(header->name))
		return set_once(event, UMP_TEXT("datacontenttype"), value, header->name, error);
	if (!is_attribute(header->name))
		return 0;
	struct ump_text name = attribute_name(event, header->name);

	if (ump_text_equals(name, UMP_TEXT("datacontenttype")))
		return ump_fail(error, UMP_REJECT, "header ce-datacontenttype: found in binary mode, expected Content-Type in its place");
	if (ump_header_decode(event, value, encoding, &value, error))
		return ump_error_prefix(error, "header %.*s", UMP_TEXT_ARGUMENTS(header->name));
	return set_once(event, name, value, header->name, error);
}

static int read_binary(struct ump_event *event, const struct ump_header *headers, size_t count, struct ump_text body,
		       enum ump_header_encoding encoding, struct ump_error *error)
{
	for (size_t i = 0; i < count; i++)
		if (read_header(event, &headers[i], encoding, error))
			return -1;
	if (body.size > 0) {
		event->data = body;
		event->data_kind = UMP_DATA_BINARY;
	}
	return ump_event_validate(event, error);
}

static int read_structured(struct ump_event *event, const struct ump_header *headers, size_t count, struct ump_text body,
			   struct ump_error *error)
{
	struct ump_text content_type = UMP_TEXT_NONE;

	for (size_t i = 0; i < count; i++) {
		if (!is_content_type(headers[i].name))
			continue;
		if (content_type.start)
			return ump_fail(error, UMP_REJECT, "header %.*s: found twice, expected once", UMP_TEXT_ARGUMENTS(headers[i].name));
		content_type = headers[i].value;
	}
	if (ump_format_check(content_type, error))
		return ump_error_prefix(error, "header Content-Type");
	return ump_event_from_json(event, body, error);
}

int ump_event_from_http(struct ump_event *ret_event, const struct ump_header *headers, size_t count, struct ump_text body,
			enum ump_header_encoding encoding, struct ump_error *error)
{
	ump_event_reset(ret_event);
	switch (ump_http_mode(headers, count)) {
	case UMP_HTTP_BINARY:
		return read_binary(ret_event, headers, count, body, encoding, error);
	case UMP_HTTP_STRUCTURED:
		return read_structured(ret_event, headers, count, body, error);
	case UMP_HTTP_BATCH:
		return ump_fail(error, UMP_REJECT, "found a batch of events, expected one event");
	case UMP_HTTP_NOT_CLOUDEVENT:
		break;
	}
	return ump_fail(error, UMP_REJECT,
			"found neither ce- headers nor a Content-Type of application/cloudevents+json, expected a CloudEvent");
}

void ump_http_message_reset(struct ump_http_message *message)
{
	message->header_count = 0;
	message->body = UMP_TEXT_NONE;
	ump_buffer_reset(&message->text);
}

void ump_http_message_release(struct ump_http_message *message)
{
	free(message->headers);
	ump_buffer_release(&message->text);
	*message = (struct ump_http_message){0};
}

static void add_header(struct ump_http_message *message, struct ump_text name, struct ump_text value)
{
	message->headers[message->header_count++] = (struct ump_header){name, value};
}

/* The header's name, without a copy for the usual attributes; else UMP_TEXT_NONE. */
static struct ump_text usual_header(struct ump_text attribute)
{
	static const struct ump_text usual[] = {
		{"ce-id", 5},
		{"ce-source", 9},
		{"ce-specversion", 14},
		{"ce-type", 7},
		{"ce-subject", 10},
		{"ce-time", 7},
		{"ce-dataschema", 13},
		{"ce-partitionkey", 15},
		{"ce-traceparent", 14},
		{"ce-tracestate", 13},
		{"ce-knativekafkapartition", 24},
		{"ce-knativekafkaoffset", 21},
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].size == attribute.size + 3 && memcmp(usual[i].start + 3, attribute.start, attribute.size) == 0)
			return usual[i];
	return UMP_TEXT_NONE;
}

/* Nothing may end a header line early, whatever an event holds that nobody validated. */
static int check_printable(const struct ump_attribute *attribute, struct ump_error *error)
{
	for (size_t i = 0; i < attribute->value.size; i++) {
		unsigned char byte = (unsigned char)attribute->value.start[i];

		if (byte < 0x20 || byte == 0x7F)
			return ump_fail(error, UMP_REJECT, "%.*s: found the control character %02X, which no header can hold",
					UMP_TEXT_ARGUMENTS(attribute->name), byte);
	}
	return 0;
}

/* The view of what is added to `text`, in which there is room. */
static struct ump_text added_name(struct ump_buffer *text, struct ump_text attribute)
{
	size_t before = text->size;

	ump_buffer_add(text, "ce-", 3);
	ump_buffer_add_text(text, attribute);
	return (struct ump_text){text->start + before, text->size - before};
}

static struct ump_text added_value(struct ump_buffer *text, struct ump_text value)
{
	size_t before = text->size;

	ump_header_encode(text, value);
	return (struct ump_text){text->start + before, text->size - before};
}

/* What an attribute's header needs beyond views of the event and of constants. */
struct plan {
	struct ump_text name; /* none: to be put together */
	bool encode;
};

static int plan_header(const struct ump_attribute *attribute, enum ump_header_encoding encoding, struct plan *ret_plan, size_t *room,
		       struct ump_error *error)
{
	bool is_type = ump_text_equals(attribute->name, UMP_TEXT("datacontenttype"));
	struct ump_text name = is_type ? UMP_TEXT("Content-Type") : usual_header(attribute->name);
	size_t encoded = attribute->value.size;

	if (is_type || encoding == UMP_HEADERS_RAW) {
		if (check_printable(attribute, error))
			return -1;
	} else {
		encoded = ump_header_encoded_size(attribute->value);
	}
	*ret_plan = (struct plan){name, encoded > attribute->value.size};
	*room += (name.start ? 0 : attribute->name.size + 3) + (ret_plan->encode ? encoded : 0);
	return 0;
}

static int write_binary(const struct ump_event *event, enum ump_header_encoding encoding, struct ump_http_message *message,
			struct ump_error *error)
{
	struct plan plans[UMP_EVENT_ATTRIBUTES];
	size_t room = 0;

	for (size_t i = 0; i < event->count; i++)
		if (plan_header(&event->attributes[i], encoding, &plans[i], &room, error))
			return -1;
	ump_buffer_reserve(&message->text, room); /* at once, so that views of it hold while it fills */
	for (size_t i = 0; i < event->count; i++) {
		const struct ump_attribute *attribute = &event->attributes[i];

		add_header(message, plans[i].name.start ? plans[i].name : added_name(&message->text, attribute->name),
			   plans[i].encode ? added_value(&message->text, attribute->value) : attribute->value);
	}
	struct ump_text implied = ump_format_implied_type(event);

	if (implied.start)
		add_header(message, UMP_TEXT("Content-Type"), implied);
	message->body = event->data;
	return 0;
}

int ump_event_to_http(const struct ump_event *event, enum ump_http_mode mode, enum ump_header_encoding encoding,
		      struct ump_http_message *ret_message, struct ump_error *error)
{
	ump_http_message_reset(ret_message);
	if (!ret_message->headers) {
		ret_message->header_capacity = UMP_EVENT_ATTRIBUTES + 1;
		ret_message->headers = ump_allocate(ret_message->header_capacity, sizeof(*ret_message->headers));
	}
	if (mode == UMP_HTTP_BINARY && !ump_data_is_event(event))
		return write_binary(event, encoding, ret_message, error);
	if (ump_event_to_json(event, &ret_message->text, error))
		return -1;
	add_header(ret_message, UMP_TEXT("Content-Type"), UMP_TEXT(UMP_FORMAT_JSON));
	ret_message->body = ump_buffer_text(&ret_message->text);
	return 0;
}
