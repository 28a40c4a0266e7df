#include "source-adapter/letter.h"
#include "common/cloudevents/base64.h"
#include "common/memory.h"
#include <stdlib.h>
#include <time.h>

/* In the order in which they are written. */
enum { DESTINATION, CODE, DATA, TOPIC, PARTITION, OFFSET, TIMESTAMP, ATTEMPTS, GROUP, FAILED_AT, OWN_HEADERS };

static const char *const own_headers[OWN_HEADERS] = {
	[DESTINATION] = "ce_knativeerrordest",   [CODE] = "ce_knativeerrorcode",          [DATA] = "ce_knativeerrordata",
	[TOPIC] = "umpire_origin_topic",         [PARTITION] = "umpire_origin_partition", [OFFSET] = "umpire_origin_offset",
	[TIMESTAMP] = "umpire_origin_timestamp", [ATTEMPTS] = "umpire_attempts",          [GROUP] = "umpire_group",
	[FAILED_AT] = "umpire_failed_at",
};

bool letter_owns_header(struct ump_text name)
{
	for (size_t i = 0; i < OWN_HEADERS; i++) {
		if (ump_text_equals(name, ump_text(own_headers[i])))
			return true;
	}
	return false;
}

static void put_time(struct ump_buffer *out, int64_t wall_us)
{
	time_t seconds = wall_us / 1000000;
	struct tm time;
	gmtime_r(&seconds, &time);
	ump_buffer_print(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", time.tm_year + 1900, time.tm_mon + 1, time.tm_mday, time.tm_hour,
			 time.tm_min, time.tm_sec, (int)(wall_us / 1000 % 1000));
}

static void put_value(struct ump_buffer *out, const struct letter_failure *failure, int header)
{
	switch (header) {
	case DESTINATION:
		ump_buffer_add_string(out, failure->destination);
		break;
	case CODE:
		ump_buffer_print(out, "%d", failure->code);
		break;
	case DATA:
		ump_base64_encode(out, failure->data);
		break;
	case TOPIC:
		ump_buffer_add_string(out, failure->topic);
		break;
	case PARTITION:
		ump_buffer_print(out, "%d", failure->partition);
		break;
	case OFFSET:
		ump_buffer_print(out, "%lld", (long long)failure->offset);
		break;
	case TIMESTAMP:
		ump_buffer_print(out, "%lld", (long long)failure->timestamp_ms);
		break;
	case ATTEMPTS:
		ump_buffer_print(out, "%lld", (long long)failure->attempts);
		break;
	case GROUP:
		ump_buffer_add_string(out, failure->group);
		break;
	case FAILED_AT:
		put_time(out, failure->failed_at_us);
		break;
	default:
		__builtin_unreachable();
	}
}

static void add(struct letter *letter, struct ump_text name, struct ump_text value)
{
	letter->headers[letter->header_count++] = (struct ump_kafka_field){name, value};
}

static bool has(const struct letter *letter, struct ump_text name)
{
	for (size_t i = 0; i < letter->header_count; i++) {
		if (ump_text_equals(letter->headers[i].name, name))
			return true;
	}
	return false;
}

/* The names go first: the buffer must not move while there are views of it. */
static void add_extensions(struct letter *letter, const struct letter_failure *failure, const size_t *ends)
{
	size_t start = 0;
	for (size_t i = 0; i < failure->extension_count; i++) {
		struct ump_text name = {letter->text.start + start, ends[i] - start};
		if (!has(letter, name))
			add(letter, name, ump_text(failure->extensions[i].value));
		start = ends[i];
	}
}

void letter_write(struct letter *letter, const struct ump_kafka_field *headers, size_t count, const struct letter_failure *failure)
{
	size_t most = count + OWN_HEADERS + failure->extension_count;
	if (letter->capacity < most) {
		letter->headers = ump_reallocate(letter->headers, most, sizeof *letter->headers);
		letter->capacity = most;
	}
	letter->header_count = 0;
	ump_buffer_reset(&letter->text);
	for (size_t i = 0; i < count; i++) {
		if (!letter_owns_header(headers[i].name))
			add(letter, headers[i].name, headers[i].value);
	}

	ump_cleanup_free size_t *name_ends = ump_allocate(failure->extension_count + 1, sizeof *name_ends);
	size_t value_ends[OWN_HEADERS];
	for (size_t i = 0; i < failure->extension_count; i++) {
		ump_buffer_print(&letter->text, "ce_%s", failure->extensions[i].name);
		name_ends[i] = letter->text.size;
	}
	size_t start = letter->text.size;
	for (int header = 0; header < OWN_HEADERS; header++) {
		put_value(&letter->text, failure, header);
		value_ends[header] = letter->text.size;
	}
	for (int header = 0; header < OWN_HEADERS; header++) {
		if (header != TIMESTAMP || failure->timestamp_ms >= 0)
			add(letter, ump_text(own_headers[header]),
			    (struct ump_text){letter->text.start + start, value_ends[header] - start});
		start = value_ends[header];
	}
	add_extensions(letter, failure, name_ends);
}

void letter_release(struct letter *letter)
{
	free(letter->headers);
	ump_buffer_release(&letter->text);
	*letter = (struct letter){0};
}
