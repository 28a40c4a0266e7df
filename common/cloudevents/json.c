/* common/cloudevents/json.c: the JSON event format, reading; see json.h. Writing is in write.c. */
#include "common/cloudevents/json.h"

#include "common/cloudevents/base64.h"
#include "common/cloudevents/escape.h"
#include "common/cloudevents/scan.h"
#include "common/cloudevents/value.h"

/* What a JSON string holds, in place where it has no escapes, else in the event's memory. */
static int string_content(struct ump_event *event, struct ump_text string, struct ump_text *ret_content, struct ump_error *error)
{
	struct ump_text raw = {string.start + 1, string.size - 2};

	if (memchr(raw.start, '\\', raw.size))
		return ump_raw_unescape(raw, ump_event_allocate(event, raw.size), ret_content, error);
	*ret_content = raw;
	return 0;
}

static int wrong_type(struct ump_text name, const struct ump_json *value, const char *expected, struct ump_error *error)
{
	struct ump_found found;

	return ump_fail(error, UMP_REJECT, "%.*s: found the JSON %s, expected %s", UMP_TEXT_ARGUMENTS(name), ump_found(&found, value->text),
			expected);
}

static int read_attribute(struct ump_event *event, struct ump_text name, const struct ump_json *value, struct ump_error *error)
{
	enum ump_attribute_type type = UMP_ATTRIBUTE_STRING;
	struct ump_text content = value->text;

	switch (value->type) {
	case UMP_JSON_NULL: /* the same as no member */
		return 0;
	case UMP_JSON_TRUE:
	case UMP_JSON_FALSE:
		type = UMP_ATTRIBUTE_BOOLEAN;
		break;
	case UMP_JSON_NUMBER:
		type = UMP_ATTRIBUTE_INTEGER;
		break;
	case UMP_JSON_STRING:
		if (string_content(event, value->text, &content, error))
			return ump_error_prefix(error, "%.*s", UMP_TEXT_ARGUMENTS(name));
		break;
	case UMP_JSON_ARRAY:
	case UMP_JSON_OBJECT:
		return wrong_type(name, value, "a string, an integer or a boolean", error);
	}
	if (ump_event_set(event, name, content, type, error))
		return -1;
	if (type != UMP_ATTRIBUTE_STRING && event->attributes[event->count - 1].type != type) /* an attribute of the core */
		return wrong_type(name, value, "a string", error);
	return 0;
}

static int read_base64(struct ump_event *event, const struct ump_json *value, struct ump_error *error)
{
	struct ump_text name = UMP_TEXT("data_base64");
	struct ump_text base64;

	if (value->type != UMP_JSON_STRING)
		return wrong_type(name, value, "a string of base64", error);
	if (string_content(event, value->text, &base64, error))
		return ump_error_prefix(error, "data_base64");
	if (!ump_base64_is_valid(base64))
		return wrong_type(name, value, "base64 (RFC 4648)", error);
	char *data = ump_event_allocate(event, base64.size / 4 * 3);

	event->data = (struct ump_text){data, ump_base64_decode(base64, data)};
	event->data_kind = UMP_DATA_BINARY;
	return 0;
}

static bool is_ascii(struct ump_text text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.start[i] >= 0x80)
			return false;
	return true;
}

/* The member "data" of an event whose datacontenttype is known to be a media type, if there is one. */
static int read_data(struct ump_event *event, const struct ump_json *value, struct ump_error *error)
{
	struct ump_text type = ump_event_get(event, "datacontenttype");
	struct ump_text text = value->text;
	struct ump_found found;

	if (ump_media_type_is_json(type)) {
		event->data = text;
		event->data_kind = UMP_DATA_JSON;
		return 0;
	}
	if (value->type != UMP_JSON_STRING)
		return wrong_type(UMP_TEXT("data"), value, "a string, for datacontenttype is no type of JSON", error);
	if (string_content(event, value->text, &text, error))
		return ump_error_prefix(error, "data");
	if (!ump_media_type_is_utf8(type) && !is_ascii(text))
		return ump_fail(error, UMP_REJECT, "data: found text and a datacontenttype of %s, expected utf-8, or data_base64",
				ump_found(&found, type));
	event->data = text;
	event->data_kind = UMP_DATA_TEXT;
	return 0;
}

static int read_event(struct ump_event *event, const struct ump_json *object, struct ump_error *error)
{
	struct ump_json data = {.text = UMP_TEXT_NONE};
	struct ump_json base64 = {.text = UMP_TEXT_NONE};
	struct ump_json value;
	struct ump_text name;

	ump_event_reset(event);
	if (object->type != UMP_JSON_OBJECT)
		return wrong_type(UMP_TEXT("event"), object, "an object", error);
	for (size_t position = 0; ump_json_next(object, &position, &name, &value);) {
		if (memchr(name.start, '\\', name.size) && ump_raw_unescape(name, ump_event_allocate(event, name.size), &name, error))
			return ump_error_prefix(error, "attribute name");
		if (ump_text_equals(name, UMP_TEXT("data")))
			data = value;
		else if (ump_text_equals(name, UMP_TEXT("data_base64")))
			base64 = value;
		else if (read_attribute(event, name, &value, error))
			return -1;
	}
	if (ump_event_validate(event, error))
		return -1;
	if (!base64.text.start || base64.type == UMP_JSON_NULL)
		return data.text.start ? read_data(event, &data, error) : 0;
	if (data.text.start)
		return ump_fail(error, UMP_REJECT, "data: found data and data_base64, expected one of them");
	return read_base64(event, &base64, error);
}

int ump_event_from_json(struct ump_event *ret_event, struct ump_text document, struct ump_error *error)
{
	struct ump_json object;

	ump_event_reset(ret_event);
	if (ump_json_parse_nested(document, UMP_JSON_DEPTH + 1, &object, error))
		return ump_error_prefix(error, "event in JSON");
	return read_event(ret_event, &object, error);
}

typedef int each_event(void *context, const struct ump_event *event, struct ump_error *error);

static int check_size(void *context, const struct ump_event *event, struct ump_error *error)
{
	(void)context;
	(void)event;
	(void)error;
	return 0;
}

/* Reads every element and calls `each` with it. */
static int walk_batch(const struct ump_json *array, size_t maximum, struct ump_event *event, each_event *each, void *context,
		      struct ump_error *error)
{
	struct ump_json element;
	struct ump_text none;
	size_t position = 0;

	for (size_t i = 1; ump_json_next(array, &position, &none, &element); i++) {
		if (i > maximum)
			return ump_fail(error, UMP_REJECT, "batch: found more than %zu events, expected at most that", maximum);
		if (read_event(event, &element, error))
			return ump_error_prefix(error, "event %zu of the batch", i);
		if (each(context, event, error))
			return -1;
	}
	return 0;
}

int ump_batch_from_json(struct ump_text document, size_t maximum,
			int (*each)(void *context, const struct ump_event *event, struct ump_error *error), void *context,
			struct ump_error *error)
{
	struct ump_event event = {0};
	struct ump_json array;

	if (ump_json_parse_nested(document, UMP_JSON_DEPTH + 2, &array, error))
		return ump_error_prefix(error, "batch in JSON");
	if (array.type != UMP_JSON_ARRAY)
		return wrong_type(UMP_TEXT("batch"), &array, "an array", error);
	int wrong = walk_batch(&array, maximum, &event, check_size, NULL, error);

	if (!wrong)
		wrong = walk_batch(&array, maximum, &event, each, context, error);
	ump_event_release(&event);
	return wrong;
}
