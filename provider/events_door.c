#include "provider/events_door.h"
#include "common/cloudevents/http.h"
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include "provider/event_record.h"
#include <stdlib.h>

struct events_door {
	struct door door;
	struct ump_event event; /* kept for its memory, as the next */
	struct ump_kafka_message message;
};

/* A request under way. */
struct posted {
	struct receipt receipt;
	struct events_door *door;
	const char *topic;
};

struct events_door *events_door_new(struct door_shared *shared)
{
	struct events_door *door = ump_allocate(1, sizeof *door);
	door->door = (struct door){shared, "events"};
	return door;
}

void events_door_free(struct events_door *door)
{
	if (!door)
		return;
	ump_event_release(&door->event);
	ump_kafka_message_release(&door->message);
	free(door);
}

void events_door_begin(struct ump_request *request, void *context)
{
	const struct events_door *door = context;
	if (door_admits(&door->door, request, "POST"))
		door_knows_admin_or_neighbour(&door->door, request);
}

/* The topic that the path names, or NULL. */
static const char *topic_of(const struct events_door *door, struct ump_text path)
{
	const struct ump_list *topics = &door->door.shared->config->doors.events_topics;
	const struct ump_text folder = UMP_TEXT("/events/");
	if (path.size < folder.size)
		return topics->items[0];
	struct ump_text name = {path.start + folder.size, path.size - folder.size};
	for (size_t i = 0; i < topics->count; i++)
		if (ump_text_equals(name, ump_text(topics->items[i])))
			return topics->items[i];
	return NULL;
}

static void settled(struct receipt *receipt, struct ump_request *request, const struct ump_delivery *delivery,
		    const struct ump_error *error)
{
	struct posted *posted = (struct posted *)receipt;
	(void)delivery;
	if (error)
		door_refuse_error(&posted->door->door, request, error);
	else
		door_answer(&posted->door->door, request, 202, UMP_TEXT(""), NULL, 0);
}

static int add_event(void *context, const struct ump_event *event, struct ump_error *error)
{
	struct posted *posted = context;
	struct ump_record record;
	if (event_to_record(event, posted->topic, &posted->door->message, &record, error))
		return -1;
	if (receipt_add(&posted->receipt, &record) == 0)
		return 0;
	*error = posted->receipt.error;
	return -1;
}

static int add_events(struct posted *posted, struct ump_request *request, enum ump_http_mode mode, struct ump_error *error)
{
	struct events_door *door = posted->door;
	struct ump_text body = ump_request_body(request);
	size_t count, most = (size_t)door->door.shared->config->doors.max_batch;
	const struct ump_header *headers = ump_request_headers(request, &count);
	if (mode == UMP_HTTP_BATCH)
		return ump_batch_from_json(body, most, add_event, posted, error);
	ump_event_reset(&door->event);
	if (ump_event_from_http(&door->event, headers, count, body, UMP_HEADERS_STRICT, error))
		return -1;
	return add_event(posted, &door->event, error);
}

void events_door_handle(struct ump_request *request, void *context)
{
	struct events_door *door = context;
	size_t count;
	const struct ump_header *headers = ump_request_headers(request, &count);
	enum ump_http_mode mode = ump_http_mode(headers, count);
	const char *topic = topic_of(door, ump_request_path(request));
	struct ump_error error;
	if (!topic) {
		door_refuse(&door->door, request, 404, "No such topic here", "/events and /events/TOPIC take the topics of --events-topics",
			    0);
		return;
	}
	if (mode == UMP_HTTP_NOT_CLOUDEVENT || (mode != UMP_HTTP_BINARY && !ump_http_format_is_json(headers, count))) {
		door_refuse(&door->door, request, 415, "Not a CloudEvent",
			    "expected ce- headers (binary mode), or Content-Type application/cloudevents+json or "
			    "application/cloudevents-batch+json",
			    0);
		return;
	}
	if (!door_may_send(&door->door, request))
		return;
	struct posted *posted = ump_allocate(1, sizeof *posted);
	*posted = (struct posted){.receipt = {.settled = settled}, .door = door, .topic = topic};
	receipt_begin(door->door.shared->receipts, &posted->receipt, request);
	if (add_events(posted, request, mode, &error))
		receipt_fail(&posted->receipt, &error);
	receipt_end(&posted->receipt);
}
