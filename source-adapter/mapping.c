#include "source-adapter/mapping.h"
#include "common/cloudevents/base64.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HEADER_PREFIX "kafkaheader"

/* ---- Text in the event's memory ---- */

static struct ump_text print(struct ump_event *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

static struct ump_text print(struct ump_event *event, const char *format, ...)
{
	char text[640]; /* the longest: a source with namespace, name and topic of 249 characters at most */
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	size_t kept = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
	char *copy = ump_event_allocate(event, kept);
	memcpy(copy, text, kept);
	return (struct ump_text){copy, kept};
}

static struct ump_text base64(struct ump_event *event, struct ump_text bytes)
{
	size_t size = UMP_BASE64_SIZE(bytes.size);
	char *text = ump_event_allocate(event, size);
	ump_base64_write(bytes, text);
	return (struct ump_text){text, size};
}

static int set(struct ump_event *event, const char *name, struct ump_text value, enum ump_attribute_type type, struct ump_error *error)
{
	return ump_event_set(event, ump_text(name), value, type, error);
}

/* An attribute of bytes from outside: the string that they are, else base64. */
static int set_bytes(struct ump_event *event, struct ump_text name, struct ump_text bytes, struct ump_error *error)
{
	struct ump_error ignored;
	struct ump_attribute attribute = {name, bytes, UMP_ATTRIBUTE_STRING};
	if (ump_attribute_check(&attribute, &ignored) == 0)
		return ump_event_set(event, name, bytes, UMP_ATTRIBUTE_STRING, error);
	return ump_event_set(event, name, base64(event, bytes), UMP_ATTRIBUTE_BINARY, error);
}

/* ---- The key ---- */

static uint64_t big_endian(struct ump_text bytes)
{
	uint64_t number = 0;
	for (size_t i = 0; i < bytes.size; i++)
		number = number << 8 | (uint8_t)bytes.start[i];
	return number;
}

static struct ump_text integer_text(struct ump_event *event, struct ump_text key)
{
	uint64_t bits = big_endian(key);
	return print(event, "%lld", key.size == 4 ? (long long)(int32_t)(uint32_t)bits : (long long)bits);
}

/* The shortest decimal that reads back as the same number. */
static struct ump_text float_text(struct ump_event *event, struct ump_text key)
{
	uint64_t bits = big_endian(key);
	double number;
	if (key.size == 4) {
		uint32_t low = (uint32_t)bits;
		float single;
		memcpy(&single, &low, sizeof single);
		number = (double)single;
	} else {
		memcpy(&number, &bits, sizeof number);
	}
	if (isnan(number))
		return print(event, "NaN");
	char text[40];
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, number);
		if (key.size == 4 ? (double)strtof(text, NULL) == number : strtod(text, NULL) == number)
			break;
	}
	return print(event, "%s", text);
}

static int set_key(struct ump_event *event, const char *name, enum key_type type, struct ump_text key, struct ump_error *error)
{
	bool number = key.size == 4 || key.size == 8;
	if (type == KEY_INT && number)
		return set(event, name, integer_text(event, key), key.size == 4 ? UMP_ATTRIBUTE_INTEGER : UMP_ATTRIBUTE_STRING, error);
	if (type == KEY_FLOAT && number)
		return set(event, name, float_text(event, key), UMP_ATTRIBUTE_STRING, error);
	if (type == KEY_BYTE_ARRAY)
		return set(event, name, base64(event, key), UMP_ATTRIBUTE_BINARY, error);
	return set_bytes(event, ump_text(name), key, error);
}

/* ---- Headers ---- */

static struct ump_text header_attribute(struct ump_event *event, struct ump_text name)
{
	size_t size = sizeof HEADER_PREFIX - 1;
	char *attribute = ump_event_allocate(event, size + name.size);
	memcpy(attribute, HEADER_PREFIX, size);
	for (size_t i = 0; i < name.size; i++) {
		char c = name.start[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			attribute[size++] = c;
	}
	return (struct ump_text){attribute, size};
}

static void remove_attribute(struct ump_event *event, struct ump_text name)
{
	char *terminated = ump_event_allocate(event, name.size + 1);
	memcpy(terminated, name.start, name.size);
	terminated[name.size] = '\0';
	ump_event_remove(event, terminated);
}

static int set_header(struct ump_event *event, const struct ump_kafka_field *header, struct ump_error *error)
{
	if (ump_text_equals(header->name, UMP_TEXT("content-type")) && header->value.start) {
		struct ump_error ignored;
		struct ump_attribute attribute = {UMP_TEXT("datacontenttype"), header->value, UMP_ATTRIBUTE_STRING};
		if (ump_attribute_check(&attribute, &ignored) == 0)
			return ump_event_set(event, attribute.name, attribute.value, attribute.type, error);
		/* No media type: an ordinary header then, for nothing is lost and nothing is invented. */
	}
	struct ump_text name = header_attribute(event, header->name);
	if (!header->value.start) {
		remove_attribute(event, name);
		return 0;
	}
	return set_bytes(event, name, header->value, error);
}

/* ---- The event ---- */

static struct ump_text timestamp(struct ump_event *event, int64_t timestamp_ms)
{
	time_t seconds = timestamp_ms / 1000;
	struct tm time;
	gmtime_r(&seconds, &time);
	return print(event, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", time.tm_year + 1900, time.tm_mon + 1, time.tm_mday, time.tm_hour,
		     time.tm_min, time.tm_sec, (int)(timestamp_ms % 1000));
}

#define LAST_TIMESTAMP INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z: RFC 3339 has four digits for the year */

static int make_event(const struct mapping *mapping, const struct mapping_record *record, struct ump_event *event, struct ump_error *error)
{
	struct ump_text id = print(event, "partition:%d/offset:%lld", record->partition, (long long)record->offset);
	struct ump_text source =
		print(event, "/apis/v1/namespaces/%s/kafkasources/%s#%s", mapping->namespace_name, mapping->name, record->topic);
	struct ump_text subject = print(event, "partition:%d#%lld", record->partition, (long long)record->offset);
	if (set(event, "specversion", UMP_TEXT("1.0"), UMP_ATTRIBUTE_STRING, error) < 0 ||
	    set(event, "id", id, UMP_ATTRIBUTE_STRING, error) < 0 || set(event, "source", source, UMP_ATTRIBUTE_URI_REFERENCE, error) < 0 ||
	    set(event, "type", UMP_TEXT("dev.knative.kafka.event"), UMP_ATTRIBUTE_STRING, error) < 0 ||
	    set(event, "subject", subject, UMP_ATTRIBUTE_STRING, error) < 0)
		return -1;
	if (record->timestamp_ms >= 0 && record->timestamp_ms <= LAST_TIMESTAMP &&
	    set(event, "time", timestamp(event, record->timestamp_ms), UMP_ATTRIBUTE_TIMESTAMP, error) < 0)
		return -1;
	if (record->key.size > 0 && (set_key(event, "partitionkey", mapping->key_type, record->key, error) < 0 ||
				     set_key(event, "key", mapping->key_type, record->key, error) < 0))
		return -1;
	for (size_t i = 0; i < record->header_count; i++) {
		if (set_header(event, &record->headers[i], error) < 0)
			return -1;
	}

	event->data = record->value;
	event->data_kind = record->value.start ? UMP_DATA_BINARY : UMP_DATA_NONE; /* whatever its media type promises */
	return ump_event_validate(event, error);
}

static int add_place_and_overrides(const struct mapping *mapping, const struct mapping_record *record, struct ump_event *event,
				   struct ump_error *error)
{
	if (set(event, "knativekafkapartition", print(event, "%d", record->partition), UMP_ATTRIBUTE_INTEGER, error) < 0 ||
	    set(event, "knativekafkaoffset", print(event, "%lld", (long long)record->offset), UMP_ATTRIBUTE_STRING, error) < 0)
		return -1;
	for (size_t i = 0; i < mapping->override_count; i++) {
		const struct mapping_override *override = &mapping->overrides[i];
		if (ump_event_set(event, override->name, override->value, UMP_ATTRIBUTE_STRING, error) < 0)
			return -1;
	}
	return 0;
}

static int complete(const struct mapping *mapping, const struct mapping_record *record, struct ump_event *event, struct ump_error *error)
{
	if (event->count > MAPPING_ATTRIBUTES)
		return ump_fail(error, UMP_REJECT, "found %zu attributes, expected at most %d", event->count, MAPPING_ATTRIBUTES);
	return add_place_and_overrides(mapping, record, event, error);
}

int mapping_event(const struct mapping *mapping, const struct mapping_record *record, struct ump_event *ret_event, struct ump_error *error)
{
	if (ump_kafka_mode(record->headers, record->header_count) == UMP_KAFKA_NOT_CLOUDEVENT)
		return mapping_ordinary_event(mapping, record, ret_event, error);
	ump_event_reset(ret_event);
	if (ump_event_from_kafka(ret_event, record->headers, record->header_count, record->value, error) < 0)
		return -1;
	return complete(mapping, record, ret_event, error);
}

int mapping_ordinary_event(const struct mapping *mapping, const struct mapping_record *record, struct ump_event *ret_event,
			   struct ump_error *error)
{
	ump_event_reset(ret_event);
	if (make_event(mapping, record, ret_event, error) < 0)
		return -1;
	return complete(mapping, record, ret_event, error);
}
