#include "source-adapter/delivery.h"
#include "common/memory.h"
#include "source-adapter/assigned.h"
#include <stdlib.h>

#define OWN_HEADERS 3

struct delivery {
	struct delivery_options options;
	struct letter letter;   /* the headers of the one being sent, where it is a dead letter */
	struct ump_event event; /* the one being sent; kept for its memory, as the message is */
	struct ump_http_message message;
	struct ump_header *headers;
	size_t header_capacity;
};

struct delivery *delivery_new(const struct delivery_options *options)
{
	struct delivery *delivery = ump_allocate(1, sizeof *delivery);
	delivery->options = *options;
	return delivery;
}

void delivery_free(struct delivery *delivery)
{
	if (!delivery)
		return;
	letter_release(&delivery->letter);
	ump_event_release(&delivery->event);
	ump_http_message_release(&delivery->message);
	free(delivery->headers);
	free(delivery);
}

static int map(struct delivery *delivery, const struct record *record, struct ump_error *error)
{
	struct mapping_record source = {
		.topic = record->home->topic,
		.partition = record->home->number,
		.offset = record->offset,
		.timestamp_ms = record->timestamp_ms,
		.key = record->key,
		.value = record->value,
	};
	struct letter_origin origin;
	source.headers = record_headers(delivery->options.pool, record, &source.header_count);
	if (delivery->options.letters) {
		if (letter_read_origin(source.headers, source.header_count, &origin)) {
			source.topic = origin.topic;
			source.partition = origin.partition;
			source.offset = origin.offset;
			source.timestamp_ms = origin.timestamp_ms;
		}
		letter_read_headers(&delivery->letter, source.headers, source.header_count);
		source.headers = delivery->letter.headers;
		source.header_count = delivery->letter.header_count;
	}
	return mapping_event(delivery->options.mapping, &source, &delivery->event, error);
}

/* The message's headers and our own. */
static size_t gather_headers(struct delivery *delivery)
{
	size_t count = delivery->message.header_count;
	if (delivery->header_capacity < count + OWN_HEADERS) {
		delivery->header_capacity = count + OWN_HEADERS;
		delivery->headers = ump_reallocate(delivery->headers, delivery->header_capacity, sizeof *delivery->headers);
	}
	memcpy(delivery->headers, delivery->message.headers, count * sizeof *delivery->headers);
	if (delivery->options.replies)
		delivery->headers[count++] = (struct ump_header){UMP_TEXT("Prefer"), UMP_TEXT("reply")};
	if (*delivery->options.namespace_name)
		delivery->headers[count++] = (struct ump_header){UMP_TEXT("Kn-Namespace"), ump_text(delivery->options.namespace_name)};
	return count;
}

static void end_call(struct record *record)
{
	record->call = NULL;
	free(ump_steal(record->body));
}

static void answered(void *context, const struct ump_reply *reply)
{
	struct record *record = context;
	struct delivery *delivery = record->delivery;
	end_call(record);
	delivery->options.answered(delivery->options.context, record, reply);
}

/* What the call borrows until it ends: the record's own bytes, or a copy of what the next event would overwrite. */
static struct ump_text lasting_body(struct record *record, struct ump_text body)
{
	const struct ump_text *value = &record->value;
	if (body.size == 0 || (body.start >= value->start && body.start + body.size <= value->start + value->size))
		return body;
	record->body = ump_copy_bytes(body.start, body.size);
	return (struct ump_text){record->body, body.size};
}

int delivery_send(struct delivery *delivery, struct record *record, struct ump_error *error)
{
	if (map(delivery, record, error) < 0)
		return -1;
	ump_http_message_reset(&delivery->message);
	if (ump_event_to_http(&delivery->event, UMP_HTTP_BINARY, delivery->options.encoding, &delivery->message, error) < 0)
		return -1;
	size_t header_count = gather_headers(delivery);
	struct ump_call_options options = {
		.method = "POST",
		.url = delivery->options.sink,
		.headers = delivery->headers,
		.header_count = header_count,
		.body = lasting_body(record, delivery->message.body),
		.timeout_us = delivery->options.timeout_us,
		.max_reply = delivery->options.max_reply,
	};
	record->delivery = delivery;
	int result = ump_client_call(delivery->options.client, &options, answered, record, &record->call, error);
	if (result < 0)
		end_call(record);
	return result;
}

void delivery_cancel(struct record *record)
{
	if (record->call)
		ump_call_cancel(record->call);
	end_call(record);
}
