#include "source-adapter/record.h"
#include "common/memory.h"
#include "source-adapter/parcel.h"
#include <stdlib.h>

struct record *record_take(struct record_pool *pool, rd_kafka_message_t *message)
{
	struct record *record = pool->free;
	if (record)
		pool->free = record->next;
	else
		record = ump_allocate(1, sizeof *record);

	rd_kafka_timestamp_type_t type;
	int64_t timestamp = rd_kafka_message_timestamp(message, &type);
	*record = (struct record){
		.state = RECORD_WAITING,
		.offset = message->offset,
		.timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp,
		.key = {message->key, message->key ? message->key_len : 0},
		.value = {message->payload, message->payload ? message->len : 0},
		.bytes = sizeof *record + message->key_len + message->len,
		.message = message,
	};
	return record;
}

static void clear_failure(struct record *record)
{
	free(record->last_answer);
	for (size_t i = 0; i < record->extension_count; i++) {
		free(record->extensions[i].name);
		free(record->extensions[i].value);
	}
	free(record->extensions);
	record->last_answer = NULL;
	record->extensions = NULL;
	record->extension_count = 0;
}

void record_clear(struct record *record)
{
	clear_failure(record);
	if (record->message)
		rd_kafka_message_destroy(ump_steal(record->message));
	free(ump_steal(record->headers));
	free(ump_steal(record->memory));
	ump_buffer_release(&record->body);
	parcel_free(ump_steal(record->parcel));
	record->header_count = 0;
	record->key = record->value = UMP_TEXT_NONE;
}

void record_give(struct record_pool *pool, struct record *record)
{
	record_clear(record);
	record->next = pool->free;
	pool->free = record;
}

void record_pool_clear(struct record_pool *pool)
{
	while (pool->free) {
		struct record *next = pool->free->next;
		free(pool->free);
		pool->free = next;
	}
	free(pool->headers);
	*pool = (struct record_pool){0};
}

const struct ump_kafka_field *record_headers(struct record_pool *pool, const struct record *record, size_t *ret_count)
{
	rd_kafka_headers_t *headers;
	const char *name;
	const void *value;
	size_t size, count = 0;
	if (!record->message) {
		*ret_count = record->header_count;
		return record->headers;
	}
	*ret_count = 0;
	if (rd_kafka_message_headers(record->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return NULL;
	while (rd_kafka_header_get_all(headers, count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (count == pool->header_capacity) {
			pool->header_capacity = pool->header_capacity ? 2 * pool->header_capacity : 32;
			pool->headers = ump_reallocate(pool->headers, pool->header_capacity, sizeof *pool->headers);
		}
		pool->headers[count++] = (struct ump_kafka_field){ump_text(name), {value, value ? size : 0}};
	}
	*ret_count = count;
	return pool->headers;
}

/* Copies a text to *position and moves that on. */
static struct ump_text move_text(char **position, struct ump_text text)
{
	if (!text.start)
		return text;
	struct ump_text copy = {*position, text.size};
	memcpy(*position, text.start, text.size);
	*position += text.size;
	return copy;
}

void record_detach(struct record_pool *pool, struct record *record)
{
	if (!record->message)
		return;
	size_t count;
	const struct ump_kafka_field *headers = record_headers(pool, record, &count);
	size_t size = record->key.size + record->value.size;
	for (size_t i = 0; i < count; i++)
		size += headers[i].name.size + headers[i].value.size;

	char *position = record->memory = ump_allocate(size + 1, 1);
	record->key = move_text(&position, record->key);
	record->value = move_text(&position, record->value);
	record->headers = ump_allocate(count + 1, sizeof *record->headers);
	record->header_count = count;
	for (size_t i = 0; i < count; i++)
		record->headers[i] =
			(struct ump_kafka_field){move_text(&position, headers[i].name), move_text(&position, headers[i].value)};
	rd_kafka_message_destroy(record->message);
	record->message = NULL;
}

void record_failure(struct record *record, int status, struct ump_text answer)
{
	clear_failure(record);
	record->last_status = status;
	record->last_answer_size = answer.size < RECORD_ANSWER ? answer.size : RECORD_ANSWER;
	record->last_answer = ump_copy_bytes(answer.start ? answer.start : "", record->last_answer_size);
}

#define MAX_EXTENSIONS 16

static void add_extension(struct record *record, struct ump_text name, struct ump_text value)
{
	if (record->extension_count == MAX_EXTENSIONS)
		return;
	record->extensions = ump_reallocate(record->extensions, record->extension_count + 1, sizeof *record->extensions);
	record->extensions[record->extension_count++] =
		(struct letter_extension){ump_copy_bytes(name.start, name.size), ump_copy_bytes(value.start, value.size)};
}

void record_keep_extensions(struct record *record, const struct ump_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ump_text name = headers[i].name;
		char clean[64];
		size_t size = 0;
		if (!ump_text_starts_with_ignoring_case(name, UMP_TEXT("kne-")))
			continue;
		for (size_t j = 4; j < name.size && size < sizeof clean; j++) {
			char c = name.start[j] >= 'A' && name.start[j] <= 'Z' ? (char)(name.start[j] + 'a' - 'A') : name.start[j];
			if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
				clean[size++] = c;
		}
		if (size > 0)
			add_extension(record, (struct ump_text){clean, size}, headers[i].value);
	}
}
