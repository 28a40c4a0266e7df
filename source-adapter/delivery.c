/* The event that is made lives in memory that the next one reuses. In binary mode its data is, as a rule, the record's own bytes, and these
 * are sent as they are; what is put together (an unfolded event's data, JSON) is copied into the record's `body`, since a call may be under
 * way for long. A batch's body grows with its events; it is made again for another try, so that what pauses holds the records alone. */
#include "source-adapter/delivery.h"
#include "common/cloudevents/base64.h"
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include "source-adapter/assigned.h"
#include <stdio.h>
#include <stdlib.h>

#define OWN_HEADERS 4
#define SPARES      16 /* bodies of batches that are kept for the next */
#define BATCH_TYPE  UMP_TEXT("application/cloudevents-batch+json")

struct delivery {
	struct delivery_options options;
	struct letter letter;          /* the headers of the record, where it is a dead letter */
	const struct record *prepared; /* whose event this is; NULL: nobody's any more */
	struct ump_event event;        /* kept for its memory, as are the message and the text */
	struct ump_http_message message;
	struct ump_buffer text; /* in batch mode: the event as JSON */
	struct ump_buffer spares[SPARES];
	size_t spare_count;
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
	ump_buffer_release(&delivery->text);
	while (delivery->spare_count > 0)
		ump_buffer_release(&delivery->spares[--delivery->spare_count]);
	free(delivery->headers);
	free(delivery);
}

/* ---- The event ---- */

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
	if (mapping_event(delivery->options.mapping, &source, &delivery->event, error) == 0)
		return 0;
	/* A dead letter is delivered even where the record was no valid event: its bytes, and what they claim, as an ordinary one's. */
	return delivery->options.failed_sink ? mapping_ordinary_event(delivery->options.mapping, &source, &delivery->event, error) : -1;
}

static struct ump_text in_event(struct ump_event *event, const void *bytes, size_t size)
{
	char *copy = ump_event_allocate(event, size);
	memcpy(copy, bytes, size);
	return (struct ump_text){copy, size};
}

/* Knative's extensions of a dead letter, and those that the failed sink asked for; none replaces what the event has. */
static int add_failure(struct delivery *delivery, const struct record *record, struct ump_error *error)
{
	char code[16], data[UMP_BASE64_SIZE(RECORD_ANSWER)];
	struct ump_event *event = &delivery->event;
	size_t size = UMP_BASE64_SIZE(record->last_answer_size);
	int digits = snprintf(code, sizeof code, "%d", record->last_status);
	ump_base64_write((struct ump_text){record->last_answer, record->last_answer_size}, data);
	if (ump_event_set(event, UMP_TEXT("knativeerrordest"), ump_text(delivery->options.failed_sink), UMP_ATTRIBUTE_STRING, error) < 0 ||
	    ump_event_set(event, UMP_TEXT("knativeerrorcode"), in_event(event, code, (size_t)digits), UMP_ATTRIBUTE_INTEGER, error) < 0 ||
	    (size > 0 && ump_event_set(event, UMP_TEXT("knativeerrordata"), in_event(event, data, size), UMP_ATTRIBUTE_BINARY, error) < 0))
		return -1;
	for (size_t i = 0; i < record->extension_count; i++) {
		struct ump_error ignored;
		struct ump_attribute extension = {ump_text(record->extensions[i].name), ump_text(record->extensions[i].value),
						  UMP_ATTRIBUTE_STRING};
		if (!ump_event_get(event, record->extensions[i].name).start && ump_attribute_check(&extension, &ignored) == 0 &&
		    ump_event_set(event, extension.name, extension.value, extension.type, error) < 0)
			return -1;
	}
	return 0;
}

static int encode(struct delivery *delivery, struct ump_error *error)
{
	switch (delivery->options.content) {
	case CONTENT_BINARY:
		return ump_event_to_http(&delivery->event, UMP_HTTP_BINARY, delivery->options.encoding, &delivery->message, error);
	case CONTENT_STRUCTURED:
		return ump_event_to_http(&delivery->event, UMP_HTTP_STRUCTURED, delivery->options.encoding, &delivery->message, error);
	case CONTENT_BATCH:
		ump_buffer_reset(&delivery->text);
		return ump_event_to_json(&delivery->event, &delivery->text, error);
	}
	__builtin_unreachable();
}

int delivery_prepare(struct delivery *delivery, struct record *record, struct ump_error *error)
{
	delivery->prepared = NULL;
	if (map(delivery, record, error) < 0 || (delivery->options.failed_sink && add_failure(delivery, record, error) < 0))
		return -1;
	if (delivery->options.filter && !filter_passes(delivery->options.filter, &delivery->event)) {
		record->fate = RECORD_FILTERED;
		return 0;
	}
	if (encode(delivery, error) < 0)
		return -1;
	delivery->prepared = record;
	return 0;
}

/* ---- The body ---- */

static void add(struct delivery *delivery, struct record *leader)
{
	if (!leader->body.start && delivery->spare_count > 0)
		leader->body = delivery->spares[--delivery->spare_count];
	ump_buffer_add_character(&leader->body, leader->body.size == 0 ? '[' : ',');
	ump_buffer_add_text(&leader->body, ump_buffer_text(&delivery->text));
}

bool delivery_add(struct delivery *delivery, struct record *leader, struct record *record)
{
	struct ump_error error;
	if (delivery->prepared != record && delivery_prepare(delivery, record, &error) < 0)
		return false;
	if (leader->body.size > 0 && leader->body.size + delivery->text.size + 2 > delivery->options.max_batch_bytes)
		return false;
	add(delivery, leader);
	return true;
}

/* The same events as at the first try: they were valid then. */
static int fill_batch(struct delivery *delivery, struct record *leader, struct ump_error *error)
{
	for (struct record *record = leader; record; record = record_behind(leader, record)) {
		if (record->fate != RECORD_WANTED)
			continue;
		if (delivery->prepared != record && delivery_prepare(delivery, record, error) < 0)
			return -1;
		add(delivery, leader);
	}
	return 0;
}

static int put_batch(struct delivery *delivery, struct record *leader, struct ump_error *error)
{
	if (leader->body.size == 0 && fill_batch(delivery, leader, error) < 0)
		return -1;
	ump_buffer_add_character(&leader->body, ']');
	delivery->message.body = ump_buffer_text(&leader->body);
	return 0;
}

/* What the call borrows until it ends. */
static int put_single(struct delivery *delivery, struct record *record, struct ump_error *error)
{
	struct ump_text *body = &delivery->message.body;
	const struct ump_text *value = &record->value;
	if (delivery->prepared != record && delivery_prepare(delivery, record, error) < 0)
		return -1;
	if (body->size == 0 || (body->start >= value->start && body->start + body->size <= value->start + value->size))
		return 0;
	ump_buffer_reset(&record->body);
	ump_buffer_add_text(&record->body, *body);
	*body = ump_buffer_text(&record->body);
	return 0;
}

/* ---- The call ---- */

/* The message's headers and our own. */
static size_t gather_headers(struct delivery *delivery)
{
	size_t count = delivery->message.header_count;
	if (delivery->header_capacity < count + OWN_HEADERS) {
		delivery->header_capacity = count + OWN_HEADERS;
		delivery->headers = ump_reallocate(delivery->headers, delivery->header_capacity, sizeof *delivery->headers);
	}
	if (count > 0)
		memcpy(delivery->headers, delivery->message.headers, count * sizeof *delivery->headers);
	if (delivery->options.content == CONTENT_BATCH)
		delivery->headers[count++] = (struct ump_header){UMP_TEXT("Content-Type"), BATCH_TYPE};
	if (delivery->options.token)
		delivery->headers[count++] = (struct ump_header){UMP_TEXT("Authorization"), token_header(delivery->options.token)};
	if (delivery->options.replies)
		delivery->headers[count++] = (struct ump_header){UMP_TEXT("Prefer"), UMP_TEXT("reply")};
	if (*delivery->options.namespace_name)
		delivery->headers[count++] = (struct ump_header){UMP_TEXT("Kn-Namespace"), ump_text(delivery->options.namespace_name)};
	return count;
}

static void end_call(struct record *record)
{
	struct delivery *delivery = record->delivery;
	record->call = NULL;
	if (delivery->options.content == CONTENT_BATCH && record->body.start && delivery->spare_count < SPARES &&
	    record->body.size <= delivery->options.max_batch_bytes) {
		ump_buffer_reset(&record->body);
		delivery->spares[delivery->spare_count++] = record->body;
		record->body = (struct ump_buffer){0};
	}
	ump_buffer_release(&record->body);
}

static void answered(void *context, const struct ump_reply *reply)
{
	struct record *record = context;
	struct delivery *delivery = record->delivery;
	end_call(record);
	delivery->options.answered(delivery->options.context, record, reply);
}

int delivery_send(struct delivery *delivery, struct record *record, struct ump_error *error)
{
	bool batch = delivery->options.content == CONTENT_BATCH;
	int result = batch ? put_batch(delivery, record, error) : put_single(delivery, record, error);
	delivery->prepared = NULL;
	record->delivery = delivery;
	if (result == 0) {
		size_t header_count = gather_headers(delivery);
		struct ump_call_options options = {
			.method = "POST",
			.url = delivery->options.sink,
			.headers = delivery->headers,
			.header_count = header_count,
			.body = delivery->message.body,
			.timeout_us = delivery->options.timeout_us,
			.max_reply = delivery->options.max_reply,
		};
		result = ump_client_call(delivery->options.client, &options, answered, record, &record->call, error);
	}
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
