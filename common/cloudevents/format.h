/* common/cloudevents/format.h: what the bindings of HTTP and Kafka say about event formats in the same way.
 *
 * Private to common/cloudevents. Pure. */
#pragma once
#include "common/cloudevents/event.h"

#define UMP_FORMAT_JSON "application/cloudevents+json"

/* True where a content type starts with application/cloudevents, in either case: structured mode. */
bool ump_format_is_named(struct ump_text content_type);

/* True where the data is an event itself, or says so: in binary mode a reader would take it for the event that is sent. */
bool ump_data_is_event(const struct ump_event *event);

/* 0 where it is the JSON format in UTF-8, the only one that is read. */
int ump_format_check(struct ump_text content_type, struct ump_error *error);

/* What to say of data that is JSON where no datacontenttype is set: the JSON format implies it there, the other bindings do not (JSON event
 * format, section 3.1.2). UMP_TEXT_NONE where there is nothing to add. */
struct ump_text ump_format_implied_type(const struct ump_event *event);
