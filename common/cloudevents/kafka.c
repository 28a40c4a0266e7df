/* common/cloudevents/kafka.c: the Kafka binding; see kafka.h. */
#include "common/cloudevents/kafka.h"

#include <stdlib.h>

#include "common/cloudevents/format.h"
#include "common/cloudevents/json.h"
#include "common/cloudevents/value.h"
#include "common/memory.h"

static bool is_attribute(struct ump_text name)
{
	return name.size >= 3 && memcmp(name.start, "ce_", 3) == 0;
}

/* The last header of this name that has a value, or UMP_TEXT_NONE. */
static struct ump_text find_last(const struct ump_kafka_field *headers, size_t count, struct ump_text name)
{
	for (size_t i = count; i-- > 0;)
		if (headers[i].value.start && ump_text_equals(headers[i].name, name))
			return headers[i].value;
	return UMP_TEXT_NONE;
}

enum ump_kafka_mode ump_kafka_mode(const struct ump_kafka_field *headers, size_t count)
{
	if (ump_format_is_named(find_last(headers, count, UMP_TEXT("content-type"))))
		return UMP_KAFKA_STRUCTURED;
	return find_last(headers, count, UMP_TEXT("ce_specversion")).start ? UMP_KAFKA_BINARY : UMP_KAFKA_NOT_CLOUDEVENT;
}

static int read_binary(struct ump_event *event, const struct ump_kafka_field *headers, size_t count, struct ump_text value,
		       struct ump_error *error)
{
	struct ump_text content_type = UMP_TEXT_NONE;

	for (size_t i = 0; i < count; i++) {
		struct ump_text name = headers[i].name;

		if (!headers[i].value.start)
			continue;
		if (ump_text_equals(name, UMP_TEXT("content-type"))) {
			content_type = headers[i].value;
			continue;
		}
		if (!is_attribute(name))
			continue;
		name = (struct ump_text){name.start + 3, name.size - 3};
		if (ump_event_set(event, name, headers[i].value, UMP_ATTRIBUTE_STRING, error))
			return ump_error_prefix(error, "record header %.*s", UMP_TEXT_ARGUMENTS(headers[i].name));
	}
	/* The binding's own header wins over a ce_datacontenttype, which some writers send besides. */
	if (content_type.start && ump_event_set(event, UMP_TEXT("datacontenttype"), content_type, UMP_ATTRIBUTE_STRING, error))
		return -1;
	if (value.start) {
		event->data = value;
		event->data_kind = UMP_DATA_BINARY;
	}
	return ump_event_validate(event, error);
}

int ump_event_from_kafka(struct ump_event *ret_event, const struct ump_kafka_field *headers, size_t count, struct ump_text value,
			 struct ump_error *error)
{
	ump_event_reset(ret_event);
	switch (ump_kafka_mode(headers, count)) {
	case UMP_KAFKA_BINARY:
		return read_binary(ret_event, headers, count, value, error);
	case UMP_KAFKA_STRUCTURED:
		if (ump_format_check(find_last(headers, count, UMP_TEXT("content-type")), error))
			return ump_error_prefix(error, "record header content-type");
		if (!value.start)
			return ump_fail(error, UMP_REJECT, "record value: found null, expected an event in JSON");
		return ump_event_from_json(ret_event, value, error);
	case UMP_KAFKA_NOT_CLOUDEVENT:
		break;
	}
	return ump_fail(error, UMP_REJECT,
			"found neither a ce_specversion header nor a content-type of application/cloudevents+json, expected a CloudEvent");
}

void ump_kafka_message_reset(struct ump_kafka_message *message)
{
	message->header_count = 0;
	message->value = UMP_TEXT_NONE;
	ump_buffer_reset(&message->text);
}

void ump_kafka_message_release(struct ump_kafka_message *message)
{
	free(message->headers);
	ump_buffer_release(&message->text);
	*message = (struct ump_kafka_message){0};
}

static void add_header(struct ump_kafka_message *message, struct ump_text name, struct ump_text value)
{
	message->headers[message->header_count++] = (struct ump_kafka_field){name, value};
}

static void write_binary(const struct ump_event *event, struct ump_kafka_message *message)
{
	size_t room = 0;

	for (size_t i = 0; i < event->count; i++)
		room += 3 + event->attributes[i].name.size;
	ump_buffer_reserve(&message->text, room); /* so that views of it hold while it fills */
	for (size_t i = 0; i < event->count; i++) {
		const struct ump_attribute *attribute = &event->attributes[i];
		struct ump_text name = {message->text.start + message->text.size, attribute->name.size + 3};

		if (ump_text_equals(attribute->name, UMP_TEXT("datacontenttype"))) {
			add_header(message, UMP_TEXT("content-type"), attribute->value);
			continue;
		}
		ump_buffer_add(&message->text, "ce_", 3);
		ump_buffer_add_text(&message->text, attribute->name);
		add_header(message, name, attribute->value);
	}
	struct ump_text implied = ump_format_implied_type(event);

	if (implied.start)
		add_header(message, UMP_TEXT("content-type"), implied);
	if (event->data_kind != UMP_DATA_NONE)
		message->value = event->data.start ? event->data : UMP_TEXT("");
}

int ump_event_to_kafka(const struct ump_event *event, enum ump_kafka_mode mode, struct ump_kafka_message *ret_message,
		       struct ump_error *error)
{
	ump_kafka_message_reset(ret_message);
	if (!ret_message->headers) {
		ret_message->header_capacity = UMP_EVENT_ATTRIBUTES + 1;
		ret_message->headers = ump_allocate(ret_message->header_capacity, sizeof(*ret_message->headers));
	}
	if (mode == UMP_KAFKA_BINARY && !ump_data_is_event(event)) {
		write_binary(event, ret_message);
		return 0;
	}
	if (ump_event_to_json(event, &ret_message->text, error))
		return -1;
	add_header(ret_message, UMP_TEXT("content-type"), UMP_TEXT(UMP_FORMAT_JSON));
	ret_message->value = ump_buffer_text(&ret_message->text);
	return 0;
}
