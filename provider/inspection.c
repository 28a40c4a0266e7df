#include "provider/inspection.h"
#include "common/cloudevents/http.h"
#include "common/cloudevents/scan.h"
#include "provider/moment.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void add_attributes(struct ump_buffer *out, const struct ump_event *event)
{
	ump_buffer_add_character(out, '{');
	for (size_t i = 0; i < event->count; i++) {
		if (i)
			ump_buffer_add_character(out, ',');
		ump_json_quote(out, event->attributes[i].name);
		ump_buffer_add_character(out, ':');
		ump_json_quote(out, event->attributes[i].value);
	}
	ump_buffer_add_character(out, '}');
}

/* "time" in milliseconds, or null. */
static void add_made(struct ump_buffer *out, const struct ump_event *event)
{
	struct ump_text time = ump_event_get(event, "time");
	char text[MOMENT_SIZE];
	int64_t us;
	if (time.size && time.size < sizeof text) {
		memcpy(text, time.start, time.size);
		text[time.size] = '\0';
		if (moment_read(text, &us)) {
			ump_buffer_print(out, "%" PRId64, us / 1000);
			return;
		}
	}
	ump_buffer_add_string(out, "null");
}

static void add_record(struct ump_buffer *out, const struct archive_record *record, const struct ump_event *event, const char *topic)
{
	ump_buffer_add_string(out, "{\"topic\":");
	ump_json_quote(out, ump_text(topic));
	ump_buffer_print(out, ",\"partition\":%d,\"offset\":%" PRId64 ",\"stored\":%" PRId64 ",\"read\":", record->where.partition,
			 record->where.offset, record->timestamp_ms);
	if (record->read_ms >= 0)
		ump_buffer_print(out, "%" PRId64, record->read_ms);
	else
		ump_buffer_add_string(out, "null");
	ump_buffer_add_string(out, ",\"key\":");
	if (record->key.start)
		ump_json_quote(out, record->key);
	else
		ump_buffer_add_string(out, "null");
	ump_buffer_add_string(out, ",\"attributes\":");
	add_attributes(out, event);
	ump_buffer_add_string(out, ",\"data\":");
	ump_json_quote(out, event->data);
}

/* As source-adapter POSTs it: with where it was read from. */
static int add_http(struct ump_buffer *out, const struct archive_record *record, struct ump_event *event, struct ump_error *error)
{
	struct ump_http_message message = {0};
	struct ump_buffer text = {0};
	char partition[16], offset[24];
	snprintf(partition, sizeof partition, "%d", record->where.partition);
	snprintf(offset, sizeof offset, "%" PRId64, record->where.offset);
	int result = 0;
	if (ump_event_set_copy(event, UMP_TEXT("knativekafkapartition"), ump_text(partition), UMP_ATTRIBUTE_INTEGER, error) ||
	    ump_event_set_copy(event, UMP_TEXT("knativekafkaoffset"), ump_text(offset), UMP_ATTRIBUTE_STRING, error) ||
	    ump_event_to_http(event, UMP_HTTP_BINARY, UMP_HEADERS_STRICT, &message, error))
		result = -1;
	ump_buffer_add_string(&text, "POST / HTTP/1.1\n");
	for (size_t i = 0; i < message.header_count && result == 0; i++) {
		ump_buffer_add_text(&text, message.headers[i].name);
		ump_buffer_add_string(&text, ": ");
		ump_buffer_add_text(&text, message.headers[i].value);
		ump_buffer_add_character(&text, '\n');
	}
	ump_buffer_add_character(&text, '\n');
	ump_buffer_add_text(&text, message.body);
	ump_json_quote(out, ump_buffer_text(&text));
	ump_http_message_release(&message);
	ump_buffer_release(&text);
	return result;
}

static int add_hit(struct ump_buffer *out, const struct inspection *inspection, struct ump_event *event, struct ump_error *error)
{
	const struct archive_record *hit = inspection->hit;
	ump_event_reset(event);
	if (ump_event_from_kafka(event, hit->headers, hit->header_count, hit->value, error))
		return -1;
	ump_buffer_add_string(out, "{\"hit\":");
	add_record(out, hit, event, inspection->hit_topic);
	ump_buffer_add_string(out, ",\"made\":");
	add_made(out, event);
	ump_buffer_add_string(out, ",\"http\":");
	if (add_http(out, hit, event, error))
		return -1;
	ump_buffer_print(out, "},\"committed\":%s,\"verdict\":",
			 inspection->committed < 0                   ? "null"
			 : hit->where.offset < inspection->committed ? "true"
								     : "false");
	return 0;
}

static int add_verdict(struct ump_buffer *out, const struct inspection *inspection, struct ump_event *event, struct ump_error *error)
{
	const struct archive_record *verdict = inspection->verdict;
	if (!verdict) {
		ump_buffer_add_string(out, "null}");
		return 0;
	}
	ump_event_reset(event);
	if (ump_event_from_kafka(event, verdict->headers, verdict->header_count, verdict->value, error))
		return -1;
	add_record(out, verdict, event, inspection->verdict_topic);
	bool cheating = ump_text_equals(ump_event_get(event, "type"), UMP_TEXT("audit.fail"));
	ump_buffer_print(out, ",\"verdict\":\"%s\"}}", cheating ? "cheating" : "fair");
	return 0;
}

char *inspection_write(const struct inspection *inspection)
{
	struct ump_buffer out = {0};
	struct ump_event event = {0};
	struct ump_error error;
	int result = add_hit(&out, inspection, &event, &error) || add_verdict(&out, inspection, &event, &error);
	ump_event_release(&event);
	if (!result)
		return out.start;
	ump_buffer_release(&out);
	return NULL;
}
