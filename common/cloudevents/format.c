/* common/cloudevents/format.c: see format.h. */
#include "common/cloudevents/format.h"

#include "common/cloudevents/value.h"

bool ump_format_is_named(struct ump_text content_type)
{
	return ump_text_starts_with_ignoring_case(ump_text_trim(content_type), UMP_TEXT("application/cloudevents"));
}

bool ump_data_is_event(const struct ump_event *event)
{
	return ump_format_is_named(ump_event_get(event, "datacontenttype"));
}

int ump_format_check(struct ump_text content_type, struct ump_error *error)
{
	struct ump_text type = ump_text_trim(content_type);
	size_t essence = sizeof(UMP_FORMAT_JSON) - 1;
	struct ump_found found;

	if (!ump_value_is_media_type(type) || !ump_text_starts_with_ignoring_case(type, UMP_TEXT(UMP_FORMAT_JSON)) ||
	    (type.size > essence && !strchr("; \t", type.start[essence])))
		return ump_fail(error, UMP_REJECT, "found %s, expected the event format " UMP_FORMAT_JSON, ump_found(&found, type));
	if (!ump_media_type_is_utf8(type))
		return ump_fail(error, UMP_REJECT, "found %s, expected the charset utf-8", ump_found(&found, type));
	return 0;
}

struct ump_text ump_format_implied_type(const struct ump_event *event)
{
	bool implied = event->data_kind == UMP_DATA_JSON && !ump_event_get(event, "datacontenttype").start;

	return implied ? UMP_TEXT("application/json") : UMP_TEXT_NONE;
}
