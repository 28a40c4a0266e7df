#include "source-adapter/letter.h"
#include "common/cloudevents/base64.h"
#include "common/memory.h"
#include <stdlib.h>
#include <time.h>

/* In the order in which they are written. */
enum { DESTINATION, CODE, DATA, TOPIC, PARTITION, OFFSET, TIMESTAMP, ATTEMPTS, GROUP, FAILED_AT, EXTENSIONS, OWN_HEADERS };

static const char *const own_headers[OWN_HEADERS] = {
	[DESTINATION] = "ce_knativeerrordest",   [CODE] = "ce_knativeerrorcode",          [DATA] = "ce_knativeerrordata",
	[TOPIC] = "umpire_origin_topic",         [PARTITION] = "umpire_origin_partition", [OFFSET] = "umpire_origin_offset",
	[TIMESTAMP] = "umpire_origin_timestamp", [ATTEMPTS] = "umpire_attempts",          [GROUP] = "umpire_group",
	[FAILED_AT] = "umpire_failed_at",        [EXTENSIONS] = "umpire_extensions",
};

static int own_header(struct ump_text name)
{
	for (int i = 0; i < OWN_HEADERS; i++) {
		if (ump_text_equals(name, ump_text(own_headers[i])))
			return i;
	}
	return OWN_HEADERS;
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
		ump_buffer_add_time(out, failure->failed_at_us);
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

/* ---- Headers that were there before ---- */

/* Whether the list of an earlier letter's extensions has this header. */
static bool is_listed(struct ump_text list, struct ump_text header)
{
	if (!ump_text_starts_with(header, UMP_TEXT("ce_")))
		return false;
	struct ump_text name = {header.start + 3, header.size - 3};
	while (list.size > 0) {
		const char *comma = memchr(list.start, ',', list.size);
		size_t size = comma ? (size_t)(comma - list.start) : list.size;
		if (ump_text_equals(name, (struct ump_text){list.start, size}))
			return true;
		size_t used = comma ? size + 1 : size;
		list = (struct ump_text){list.start + used, list.size - used};
	}
	return false;
}

static struct ump_text find(const struct ump_kafka_field *headers, size_t count, int header)
{
	for (size_t i = 0; i < count; i++) {
		if (own_header(headers[i].name) == header)
			return headers[i].value;
	}
	return UMP_TEXT_NONE;
}

/* Begins the letter with the headers that no failure has left, and with room for `more`. */
static void begin(struct letter *letter, const struct ump_kafka_field *headers, size_t count, size_t more)
{
	struct ump_text listed = find(headers, count, EXTENSIONS);
	if (letter->capacity < count + more) {
		letter->headers = ump_reallocate(letter->headers, count + more, sizeof *letter->headers);
		letter->capacity = count + more;
	}
	letter->header_count = 0;
	ump_buffer_reset(&letter->text);
	for (size_t i = 0; i < count; i++) {
		if (own_header(headers[i].name) == OWN_HEADERS && !is_listed(listed, headers[i].name))
			add(letter, headers[i].name, headers[i].value);
	}
}

void letter_read_headers(struct letter *letter, const struct ump_kafka_field *headers, size_t count)
{
	begin(letter, headers, count, 1);
}

bool letter_read_origin(const struct ump_kafka_field *headers, size_t count, struct letter_origin *ret_origin)
{
	struct ump_text topic = find(headers, count, TOPIC);
	struct letter_origin origin;
	uint64_t partition, offset, timestamp;
	if (!topic.start || topic.size >= sizeof origin.topic ||
	    !ump_text_to_number(find(headers, count, PARTITION), INT32_MAX, &partition) ||
	    !ump_text_to_number(find(headers, count, OFFSET), INT64_MAX, &offset))
		return false;
	memcpy(origin.topic, topic.start, topic.size);
	origin.topic[topic.size] = '\0';
	origin.partition = (int32_t)partition;
	origin.offset = (int64_t)offset;
	origin.timestamp_ms = ump_text_to_number(find(headers, count, TIMESTAMP), INT64_MAX, &timestamp) ? (int64_t)timestamp : -1;
	*ret_origin = origin;
	return true;
}

/* ---- Writing ---- */

/* The names of the extensions, and which of them say something that the record does not say itself. They go first: the buffer must not move
 * while there are views of it. */
static void put_names(struct letter *letter, const struct letter_failure *failure, size_t *ends, bool *fresh)
{
	size_t start = 0;
	for (size_t i = 0; i < failure->extension_count; i++) {
		ump_buffer_print(&letter->text, "ce_%s", failure->extensions[i].name);
		struct ump_text name = {letter->text.start + start, letter->text.size - start};
		fresh[i] = !has(letter, name) && own_header(name) == OWN_HEADERS;
		start = ends[i] = letter->text.size;
	}
}

/* Their list: what is to be taken away again. */
static void put_list(struct letter *letter, const struct letter_failure *failure, const bool *fresh)
{
	bool some = false;
	for (size_t i = 0; i < failure->extension_count; i++) {
		if (fresh[i])
			ump_buffer_print(&letter->text, "%s%s", some ? "," : "", failure->extensions[i].name);
		some = some || fresh[i];
	}
}

static void add_extensions(struct letter *letter, const struct letter_failure *failure, const size_t *ends, const bool *fresh)
{
	size_t start = 0;
	for (size_t i = 0; i < failure->extension_count; i++) {
		struct ump_text name = {letter->text.start + start, ends[i] - start};
		if (fresh[i] && !has(letter, name))
			add(letter, name, ump_text(failure->extensions[i].value));
		start = ends[i];
	}
}

void letter_write(struct letter *letter, const struct ump_kafka_field *headers, size_t count, const struct letter_failure *failure)
{
	begin(letter, headers, count, OWN_HEADERS + failure->extension_count);
	ump_cleanup_free size_t *name_ends = ump_allocate(failure->extension_count + 1, sizeof *name_ends);
	ump_cleanup_free bool *fresh = ump_allocate(failure->extension_count + 1, sizeof *fresh);
	size_t value_ends[OWN_HEADERS];
	put_names(letter, failure, name_ends, fresh);
	size_t start = letter->text.size;
	for (int header = 0; header < OWN_HEADERS; header++) {
		if (header == EXTENSIONS)
			put_list(letter, failure, fresh);
		else
			put_value(&letter->text, failure, header);
		value_ends[header] = letter->text.size;
	}
	for (int header = 0; header < OWN_HEADERS; header++) {
		struct ump_text value = {letter->text.start + start, value_ends[header] - start};
		bool none = header == TIMESTAMP ? failure->timestamp_ms < 0 : header == EXTENSIONS && value.size == 0;
		if (!none)
			add(letter, ump_text(own_headers[header]), value);
		start = value_ends[header];
	}
	add_extensions(letter, failure, name_ends, fresh);
}

void letter_release(struct letter *letter)
{
	free(letter->headers);
	ump_buffer_release(&letter->text);
	*letter = (struct letter){0};
}
