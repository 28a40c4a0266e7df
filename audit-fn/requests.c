/* audit-fn/requests.c: from a request for / to its answer.
 *
 * A request is either answered inside service_handle(), or waits in an exchange for the store. Its peer may go in the meantime: then the
 * exchange goes on without a request, since the store has the updates already, and answers nobody. */
#include "audit-fn/metrics.h"
#include "audit-fn/service_private.h"
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include <stdio.h>
#include <stdlib.h>

#define RETRY_AFTER_S   1                            /* what a store that fails asks senders to wait */
#define ORIGIN_MOST     253                          /* bytes of a host's name */
#define REPLY_HEAD_MOST (UMP_ANSWER_HEAD_MOST - 256) /* of a reply's attributes; the rest is for what the server adds */

#define TEXT_HEADER(name, value)                \
	{                                       \
		UMP_TEXT(name), UMP_TEXT(value) \
	}
#define ALLOW TEXT_HEADER("Allow", "POST, OPTIONS")

struct exchange {
	struct service *service;
	struct ump_request *request; /* NULL: the peer has gone */
	struct audit_case *the_case;
	enum ump_http_mode mode;
	bool reply_preferred;
};

/* ---- Answers ---- */

static void count(struct service *service, int status)
{
	struct ump_series **series = &service->statuses[status];

	if (!*series) {
		char text[12];
		const char *const labels[UMP_METRIC_LABELS] = {text};
		snprintf(text, sizeof(text), "%d", status);
		*series = ump_metrics_series(service->settings.metrics, METRIC_REQUESTS, labels);
	}
	(*series)->value++;
}

static void answer(struct service *service, struct ump_request *request, const struct ump_answer *with)
{
	count(service, with->status);
	ump_request_answer(request, with);
}

static void problem(struct service *service, struct ump_request *request, int status, const char *title, const char *detail)
{
	count(service, status);
	ump_request_problem(request, status, title, detail, status == 503 ? RETRY_AFTER_S : 0);
}

/* Whether the reply fits into the head of an answer: the id of the event that it answers may have 64 KiB. */
static bool fits_head(const struct ump_http_message *message)
{
	size_t size = 0;

	for (size_t i = 0; i < message->header_count; i++)
		size += message->headers[i].name.size + message->headers[i].value.size + strlen(": \r\n");
	return size <= REPLY_HEAD_MOST;
}

/* In the mode of the request, or where that is binary and does not fit, structured: a receiver knows it by its Content-Type. */
static int write_reply(struct service *service, const struct ump_event *reply, enum ump_http_mode mode, struct ump_error *error)
{
	ump_http_message_reset(&service->message);
	if (ump_event_to_http(reply, mode, UMP_HEADERS_STRICT, &service->message, error) < 0)
		return -1;
	if (fits_head(&service->message))
		return 0;
	ump_http_message_reset(&service->message);
	return ump_event_to_http(reply, UMP_HTTP_STRUCTURED, UMP_HEADERS_STRICT, &service->message, error);
}

static void answer_event(struct exchange *exchange, const struct ump_event *reply)
{
	struct service *service = exchange->service;
	struct ump_error error;

	if (write_reply(service, reply, exchange->mode, &error) < 0) {
		problem(service, exchange->request, 500, "Internal error", error.text);
		return;
	}
	struct ump_header headers[UMP_EVENT_ATTRIBUTES + 2];
	size_t count = 0;
	while (count < service->message.header_count && count <= UMP_EVENT_ATTRIBUTES) {
		headers[count] = service->message.headers[count];
		count++;
	}
	if (exchange->reply_preferred)
		headers[count++] = (struct ump_header)TEXT_HEADER("Preference-Applied", "reply");
	answer(service, exchange->request,
	       &(struct ump_answer){.status = 200, .headers = headers, .header_count = count, .body = service->message.body});
}

static void answer_batch(struct exchange *exchange, size_t replies)
{
	static const struct ump_header headers[] = {TEXT_HEADER("Content-Type", "application/cloudevents-batch+json; charset=UTF-8"),
						    TEXT_HEADER("Preference-Applied", "reply")};
	struct ump_buffer *batch = &exchange->service->batch;

	if (replies == 0) {
		answer(exchange->service, exchange->request, &(struct ump_answer){.status = 204});
		return;
	}
	ump_buffer_add_character(batch, ']');
	answer(exchange->service, exchange->request,
	       &(struct ump_answer){.status = 200,
				    .headers = headers,
				    .header_count = exchange->reply_preferred ? 2 : 1,
				    .body = ump_buffer_text(batch)});
}

/* Takes all replies of a batch into the buffer. */
static int gather(struct exchange *exchange, size_t *ret_count, struct ump_error *error)
{
	struct ump_buffer *batch = &exchange->service->batch;
	const struct ump_event *reply;

	ump_buffer_reset(batch);
	for (size_t count = 0;; count++) {
		if (audit_next_reply(exchange->the_case, &reply, error) < 0)
			return -1;
		if (!reply) {
			*ret_count = count;
			return 0;
		}
		ump_buffer_add_character(batch, count == 0 ? '[' : ',');
		if (ump_event_to_json(reply, batch, error) < 0)
			return -1;
	}
}

static void answer_replies(struct exchange *exchange)
{
	const struct ump_event *reply = NULL;
	struct ump_error error;
	size_t count = 0;
	bool is_batch = exchange->mode == UMP_HTTP_BATCH;
	int taken = is_batch ? gather(exchange, &count, &error) : audit_next_reply(exchange->the_case, &reply, &error);

	if (!exchange->request)
		return;
	if (taken < 0)
		problem(exchange->service, exchange->request, 500, "Internal error", error.text);
	else if (is_batch)
		answer_batch(exchange, count);
	else if (reply)
		answer_event(exchange, reply);
	else
		answer(exchange->service, exchange->request, &(struct ump_answer){.status = 204});
}

static void end_exchange(struct exchange *exchange)
{
	struct service *service = exchange->service;

	audit_close(exchange->the_case);
	free(exchange);
	service->exchanges--;
	service->last_request_us = ump_loop_now(service->loop);
	service_end_when_drained(service);
}

static void decided(void *context, struct audit_case *the_case, const struct ump_error *error)
{
	struct exchange *exchange = context;

	(void)the_case;
	if (!error)
		answer_replies(exchange);
	else if (exchange->request)
		problem(exchange->service, exchange->request, 503, "The store does not take the event", error->text);
	end_exchange(exchange);
}

/* ---- Events ---- */

/* RFC 7240: preferences are separated by commas, their parameters by semicolons; several headers are one list. */
static bool prefers_reply(const struct ump_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ump_text rest = headers[i].value;
		if (!ump_text_equals_ignoring_case(headers[i].name, UMP_TEXT("Prefer")))
			continue;
		while (rest.size > 0) {
			const char *comma = memchr(rest.start, ',', rest.size);
			struct ump_text one = {rest.start, comma ? (size_t)(comma - rest.start) : rest.size};
			const char *semicolon = memchr(one.start, ';', one.size);
			size_t used = one.size + (comma ? 1 : 0);
			if (semicolon)
				one.size = (size_t)(semicolon - one.start);
			if (ump_text_equals_ignoring_case(ump_text_trim(one), UMP_TEXT("reply")))
				return true;
			rest.start += used;
			rest.size -= used;
		}
	}
	return false;
}

static int add_of_batch(void *context, const struct ump_event *event, struct ump_error *error)
{
	return audit_add(context, event, UMP_TEXT_NONE, UMP_TEXT_NONE, error);
}

static int read_events(struct exchange *exchange, const struct ump_header *headers, size_t count, struct ump_error *error)
{
	struct service *service = exchange->service;
	struct ump_text body = ump_request_body(exchange->request);

	if (exchange->mode == UMP_HTTP_BATCH)
		return ump_batch_from_json(body, (size_t)service->settings.config->max_batch, add_of_batch, exchange->the_case, error);
	ump_event_reset(&service->event);
	if (ump_event_from_http(&service->event, headers, count, body, (enum ump_header_encoding)service->settings.config->header_encoding,
				error) < 0)
		return -1;
	return audit_add(exchange->the_case, &service->event, ump_header_find(headers, count, "traceparent"),
			 ump_header_find(headers, count, "tracestate"), error);
}

static void handle_post(struct service *service, struct ump_request *request)
{
	size_t count;
	const struct ump_header *headers = ump_request_headers(request, &count);
	enum ump_http_mode mode = ump_http_mode(headers, count);
	struct ump_error error;

	if (mode == UMP_HTTP_NOT_CLOUDEVENT) {
		problem(service, request, 415, "Not a CloudEvent",
			"expected ce- headers (binary mode), or Content-Type application/cloudevents+json or "
			"application/cloudevents-batch+json");
		return;
	}
	if (mode != UMP_HTTP_BINARY && !ump_http_format_is_json(headers, count)) {
		problem(service, request, 415, "Unknown event format",
			"expected Content-Type application/cloudevents+json or application/cloudevents-batch+json");
		return;
	}
	struct exchange *exchange = ump_allocate(1, sizeof(*exchange));
	*exchange = (struct exchange){service, request, audit_open(service->settings.audit), mode, prefers_reply(headers, count)};
	service->exchanges++;
	if (read_events(exchange, headers, count, &error) < 0) {
		service->rejected->value++;
		problem(service, request, 400, "The event is refused", error.text);
		end_exchange(exchange);
		return;
	}
	ump_request_attach(request, exchange);
	audit_decide(exchange->the_case, decided, exchange);
}

/* ---- The rest of / ---- */

/* HTTP webhooks for event delivery, section 4: every origin may send, as often as it likes. */
static void handle_options(struct service *service, struct ump_request *request)
{
	struct ump_text origin = ump_request_header(request, "WebHook-Request-Origin");

	if (origin.size > ORIGIN_MOST) {
		problem(service, request, 400, "Not an origin", "WebHook-Request-Origin: expected the name of a host");
		return;
	}
	struct ump_header headers[] = {ALLOW, TEXT_HEADER("WebHook-Allowed-Rate", "*"), {UMP_TEXT("WebHook-Allowed-Origin"), origin}};

	answer(service, request, &(struct ump_answer){.status = 200, .headers = headers, .header_count = origin.size > 0 ? 3 : 1});
}

/* Somebody looks with a browser: says how it is done. */
static void handle_get(struct service *service, struct ump_request *request)
{
	static const char accepted[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:[]-_";
	static const struct ump_header headers[] = {ALLOW, TEXT_HEADER("Content-Type", "text/plain; charset=utf-8")};
	ump_cleanup(ump_buffer_release) struct ump_buffer text = {0};
	struct ump_text host = ump_request_header(request, "Host");

	for (size_t i = 0; i < host.size; i++)
		if (host.start[i] == '\0' || !strchr(accepted, host.start[i]))
			host = UMP_TEXT_NONE;
	if (host.size == 0)
		host = ump_text(ump_server_address(service->server));
	ump_buffer_print(&text,
			 "This is audit-fn: it takes CloudEvents by POST, and answers with a verdict or with nothing. Try:\n\n"
			 "curl -i http://%.*s/ -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /curl' -H 'ce-type: game.hits' \\\n"
			 "  -H 'Content-Type: application/json' -d '{\"match\":\"m-1\",\"player\":\"p-1\",\"hits\":11}'\n",
			 UMP_TEXT_ARGUMENTS(host));
	answer(service, request,
	       &(struct ump_answer){.status = 405, .headers = headers, .header_count = 2, .body = ump_buffer_text(&text)});
}

static void refuse_method(struct service *service, struct ump_request *request)
{
	static const struct ump_header headers[] = {ALLOW, TEXT_HEADER("Content-Type", "application/problem+json")};
	static const struct ump_text body = UMP_TEXT(
		"{\"title\":\"Method not allowed\",\"status\":405,\"detail\":\"expected POST, or OPTIONS for the webhook handshake\"}");

	answer(service, request,
	       &(struct ump_answer){.status = 405, .headers = headers, .header_count = 2, .body = body, .body_is_static = true});
}

void service_handle(struct ump_request *request, void *context)
{
	struct service *service = context;
	struct ump_text method = ump_request_method(request);

	if (ump_admin_answer(request, &service->pages, false))
		return;
	if (!ump_text_equals(ump_request_path(request), UMP_TEXT("/"))) {
		problem(service, request, 404, "Not found", "expected the path /");
		return;
	}
	service->last_request_us = ump_loop_now(service->loop);
	if (ump_text_equals(method, UMP_TEXT("POST")))
		handle_post(service, request);
	else if (ump_text_equals(method, UMP_TEXT("OPTIONS")))
		handle_options(service, request);
	else if (ump_text_equals(method, UMP_TEXT("GET")) || ump_text_equals(method, UMP_TEXT("HEAD")))
		handle_get(service, request);
	else
		refuse_method(service, request);
}

void service_gone(struct ump_request *request, void *context)
{
	struct exchange *exchange = ump_request_attached(request);

	(void)context;
	if (exchange)
		exchange->request = NULL;
}
