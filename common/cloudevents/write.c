/* common/cloudevents/write.c: the JSON event format, writing; see json.h.
 *
 * A binding that hands over bytes does not know what they are; the datacontenttype says what they should be. So bytes become a JSON value
 * or a string only where they are what their type says, and base64 otherwise: whatever is read again has the same bytes. */
#include "common/cloudevents/base64.h"
#include "common/cloudevents/json.h"
#include "common/cloudevents/scan.h"
#include "common/cloudevents/value.h"

static int write_attribute(const struct ump_attribute *attribute, struct ump_buffer *out, struct ump_error *error)
{
	ump_buffer_add_character(out, '"');
	ump_buffer_add_text(out, attribute->name);
	ump_buffer_add(out, "\":", 2);
	if (attribute->type != UMP_ATTRIBUTE_INTEGER && attribute->type != UMP_ATTRIBUTE_BOOLEAN) {
		ump_json_quote(out, attribute->value);
		return 0;
	}
	if (ump_attribute_check(attribute, error))
		return -1;
	ump_buffer_add_text(out, attribute->value);
	return 0;
}

static void write_text(struct ump_text text, struct ump_buffer *out)
{
	ump_buffer_add_string(out, ",\"data\":");
	ump_json_quote(out, text);
}

static void write_base64(struct ump_text bytes, struct ump_buffer *out)
{
	ump_buffer_add_string(out, ",\"data_base64\":\"");
	ump_base64_encode(out, bytes);
	ump_buffer_add_character(out, '"');
}

static int write_data(const struct ump_event *event, struct ump_buffer *out, struct ump_error *error)
{
	struct ump_text type = ump_event_get(event, "datacontenttype");
	bool says_nothing = !type.start && event->data_kind != UMP_DATA_JSON;
	struct ump_json value;

	if (!says_nothing && ump_media_type_is_json(type)) {
		if (ump_json_parse(event->data, &value, error) == 0) {
			ump_buffer_add_string(out, ",\"data\":");
			ump_buffer_add_text(out, value.text);
			return 0;
		}
		if (event->data_kind == UMP_DATA_JSON)
			return ump_error_prefix(error, "data");
	} else if (!says_nothing && (event->data_kind != UMP_DATA_BINARY || ump_media_type_is_text(type)) && ump_media_type_is_utf8(type) &&
		   ump_text_is_utf8(event->data)) {
		write_text(event->data, out);
		return 0;
	}
	write_base64(event->data, out);
	return 0;
}

int ump_event_to_json(const struct ump_event *event, struct ump_buffer *out, struct ump_error *error)
{
	size_t before = out->size;

	ump_buffer_add_character(out, '{');
	for (size_t i = 0; i < event->count; i++) {
		if (i > 0)
			ump_buffer_add_character(out, ',');
		if (write_attribute(&event->attributes[i], out, error))
			goto wrong;
	}
	if (event->data_kind != UMP_DATA_NONE && write_data(event, out, error))
		goto wrong;
	ump_buffer_add_character(out, '}');
	return 0;
wrong:
	out->size = before;
	out->start[before] = '\0';
	return -1;
}
