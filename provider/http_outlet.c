#include "provider/http_outlet.h"
#include "common/cloudevents/base64.h"
#include "common/cloudevents/json.h"
#include "common/cloudevents/scan.h"
#include "common/http/client.h"
#include "common/memory.h"
#include "provider/event_record.h"
#include <jansson.h>
#include <stdlib.h>

#define FIRST_PAUSE_US (100 * UMP_MILLISECOND)
#define PAUSE_MOST_US  (5 * UMP_SECOND)
#define RETRY_AFTER_S  60 /* at most */
#define TIMEOUT_US     (60 * UMP_SECOND)
#define REPLY_SIZE     4096

/* One event on its way. */
struct parcel {
	struct http_outlet *outlet;
	struct parcel *next, *previous;
	struct ump_buffer body;
	void *opaque;
	struct ump_call *call;
	struct ump_timer again;
	int64_t until, pause_us;
};

struct http_outlet {
	struct http_outlet_options options;
	struct ump_client *client;
	char *url, *authorization; /* the latter NULL: none */
	struct parcel *parcels;
	size_t count;
	bool full;
	struct ump_kafka_message message; /* kept for its memory */
};

int http_outlet_new(struct http_outlet **ret_outlet, const struct http_outlet_options *options, struct ump_error *error)
{
	const struct ump_client_options client = {.max_connections = (int64_t)options->most, .connect_timeout_us = 10 * UMP_SECOND};
	struct http_outlet *outlet = ump_allocate(1, sizeof *outlet);
	size_t size = strlen(options->url);
	outlet->options = *options;
	if (options->form == HTTP_OUTLET_BRIDGE)
		outlet->url = ump_format("%s%stopics/%s", options->url, options->url[size - 1] == '/' ? "" : "/", options->topic);
	else
		outlet->url = ump_copy_string(options->url);
	if (options->token)
		outlet->authorization = ump_format("Bearer %s", options->token);
	if (ump_client_new(&outlet->client, options->loop, &client, error) < 0) {
		http_outlet_free(outlet);
		return -1;
	}
	*ret_outlet = outlet;
	return 0;
}

static void free_parcel(struct parcel *parcel)
{
	struct http_outlet *outlet = parcel->outlet;
	if (parcel->next)
		parcel->next->previous = parcel->previous;
	if (parcel->previous)
		parcel->previous->next = parcel->next;
	else
		outlet->parcels = parcel->next;
	outlet->count--;
	ump_timer_cancel(outlet->options.loop, &parcel->again);
	ump_buffer_release(&parcel->body);
	free(parcel);
}

void http_outlet_free(struct http_outlet *outlet)
{
	if (!outlet)
		return;
	ump_client_free(outlet->client); /* no answer comes any more */
	while (outlet->parcels)
		free_parcel(outlet->parcels);
	ump_kafka_message_release(&outlet->message);
	free(outlet->url);
	free(outlet->authorization);
	free(outlet);
}

/* ---- Forms ---- */

/* {"records":[{"key":"p-1","value":{…},"headers":[{"key":"ce_id","value":"<base64>"},…]}]} */
static int write_bridge(struct http_outlet *outlet, const struct ump_event *event, struct ump_buffer *out, struct ump_error *error)
{
	struct ump_record record;
	if (event_to_record(event, outlet->options.topic, &outlet->message, &record, error))
		return -1;
	ump_buffer_add_string(out, "{\"records\":[{\"key\":");
	ump_json_quote(out, record.key);
	ump_buffer_add_string(out, ",\"value\":");
	ump_buffer_add_text(out, record.value);
	ump_buffer_add_string(out, ",\"headers\":[");
	for (size_t i = 0; i < record.header_count; i++) {
		ump_buffer_add_string(out, i ? ",{\"key\":" : "{\"key\":");
		ump_json_quote(out, record.headers[i].name);
		ump_buffer_add_string(out, ",\"value\":\"");
		ump_base64_encode(out, record.headers[i].value);
		ump_buffer_add_string(out, "\"}");
	}
	ump_buffer_add_string(out, "]}]}");
	return 0;
}

/* What the bridge says of the one record, in an answer of 200: its place, or an error of its own. */
static int read_bridge(const struct ump_reply *reply, struct ump_delivery *delivery, struct ump_error *error)
{
	json_t *answer = json_loadb(reply->body.start ? reply->body.start : "", reply->body.size, 0, NULL);
	const json_t *offset = json_array_get(json_object_get(answer, "offsets"), 0);
	int result = 0;
	if (json_is_integer(json_object_get(offset, "offset"))) {
		delivery->partition = (int32_t)json_integer_value(json_object_get(offset, "partition"));
		delivery->offset = json_integer_value(json_object_get(offset, "offset"));
	} else {
		const char *message = json_string_value(json_object_get(offset, "message"));
		result = ump_fail(error, UMP_RETRY, "the bridge's answer names no offset: %.100s", message ? message : "not its form");
	}
	json_decref(answer);
	return result;
}

/* ---- On the way ---- */

static void start(void *context);

static void complete(struct parcel *parcel, struct ump_delivery *delivery, const struct ump_error *error)
{
	struct http_outlet *outlet = parcel->outlet;
	delivery->opaque = parcel->opaque;
	delivery->error = error;
	free_parcel(parcel);
	outlet->options.delivered(outlet->options.context, delivery);
	if (outlet->full) {
		outlet->full = false;
		outlet->options.writable(outlet->options.context);
	}
}

static bool may_go_later(int status)
{
	return status == 0 || status == 404 || status == 408 || status == 409 || status == 429 || status >= 500;
}

static void fail_or_try_again(struct parcel *parcel, struct ump_delivery *delivery, int64_t pause_us, const struct ump_error *error)
{
	struct ump_loop *loop = parcel->outlet->options.loop;
	int64_t at = ump_loop_now(loop) + pause_us;
	if (error->kind == UMP_RETRY && at < parcel->until)
		ump_timer_set(loop, &parcel->again, at, start, parcel);
	else
		complete(parcel, delivery, error);
}

static void answered(void *context, const struct ump_reply *reply)
{
	struct parcel *parcel = context;
	struct ump_delivery delivery = {.partition = -1, .offset = -1};
	struct ump_error error;
	uint64_t seconds;
	struct ump_text wish = ump_header_find(reply->headers, reply->header_count, "Retry-After");
	bool bridge = parcel->outlet->options.form == HTTP_OUTLET_BRIDGE, good = reply->status / 100 == 2;
	parcel->call = NULL;
	if (good && (!bridge || read_bridge(reply, &delivery, &error) == 0)) {
		complete(parcel, &delivery, NULL);
		return;
	}
	if (!good)
		ump_fail(&error, may_go_later(reply->status) ? UMP_RETRY : UMP_REJECT, "%s: %d %s", parcel->outlet->url, reply->status,
			 reply->failure ? reply->failure : "");
	int64_t pause_us = parcel->pause_us;
	if (ump_text_to_number(wish, RETRY_AFTER_S, &seconds) && (int64_t)seconds * UMP_SECOND > pause_us)
		pause_us = (int64_t)seconds * UMP_SECOND;
	parcel->pause_us = parcel->pause_us * 2 < PAUSE_MOST_US ? parcel->pause_us * 2 : PAUSE_MOST_US;
	fail_or_try_again(parcel, &delivery, pause_us, &error);
}

static void start(void *context)
{
	static const char *const types[] = {[HTTP_OUTLET_EVENTS] = "application/cloudevents+json; charset=utf-8",
					    [HTTP_OUTLET_BRIDGE] = "application/vnd.kafka.json.v2+json"};
	struct parcel *parcel = context;
	struct http_outlet *outlet = parcel->outlet;
	struct ump_error error;
	const struct ump_header headers[] = {{UMP_TEXT("Content-Type"), ump_text(types[outlet->options.form])},
					     {UMP_TEXT("Authorization"), ump_text(outlet->authorization)}};
	const struct ump_call_options call = {.method = "POST",
					      .url = outlet->url,
					      .headers = headers,
					      .header_count = outlet->authorization ? 2 : 1,
					      .body = ump_buffer_text(&parcel->body),
					      .timeout_us = TIMEOUT_US,
					      .max_reply = REPLY_SIZE};
	struct ump_delivery delivery = {.partition = -1, .offset = -1};
	if (ump_client_call(outlet->client, &call, answered, parcel, &parcel->call, &error) < 0)
		fail_or_try_again(parcel, &delivery, parcel->pause_us, &error);
}

/* From the timer, so that no completion comes from inside. */
int http_outlet_send(struct http_outlet *outlet, const struct ump_event *event, void *opaque, struct ump_error *error)
{
	if (outlet->count >= outlet->options.most) {
		outlet->full = true;
		return ump_fail(error, UMP_RETRY, "%s: %zu requests are on their way", outlet->url, outlet->count);
	}
	struct ump_buffer body = {0};
	int result = outlet->options.form == HTTP_OUTLET_BRIDGE ? write_bridge(outlet, event, &body, error)
								: ump_event_to_json(event, &body, error);
	if (result) {
		ump_buffer_release(&body);
		return -1;
	}
	struct parcel *parcel = ump_allocate(1, sizeof *parcel);
	int64_t now = ump_loop_now(outlet->options.loop);
	*parcel = (struct parcel){.outlet = outlet,
				  .next = outlet->parcels,
				  .body = body,
				  .opaque = opaque,
				  .until = now + outlet->options.limit_us,
				  .pause_us = FIRST_PAUSE_US};
	if (parcel->next)
		parcel->next->previous = parcel;
	outlet->parcels = parcel;
	outlet->count++;
	ump_timer_set(outlet->options.loop, &parcel->again, now, start, parcel);
	return 0;
}
