/* audit-fn/service.c: see service.h.
 *
 * A request is either answered inside handle(), or waits in an exchange for the store. Its peer may go in the meantime: then the exchange
 * goes on without a request, since the store has the updates already, and answers nobody. */
#include "audit-fn/service.h"
#include "audit-fn/metrics.h"
#include "common/cloudevents/json.h"
#include "common/http/admin.h"
#include "common/loop/notify.h"
#include "common/memory.h"
#include <stdio.h>
#include <stdlib.h>

#define PASSED_SOCKET   3                            /* the first of LISTEN_FDS */
#define RETRY_AFTER_S   1                            /* what a store that fails asks senders to wait */
#define ORIGIN_MOST     253                          /* bytes of a host's name */
#define REPLY_HEAD_MOST (UMP_ANSWER_HEAD_MOST - 256) /* of a reply's attributes; the rest is for what the server adds */

#define TEXT_HEADER(name, value)                \
	{                                       \
		UMP_TEXT(name), UMP_TEXT(value) \
	}
#define ALLOW TEXT_HEADER("Allow", "POST, OPTIONS")

struct service {
	struct ump_loop *loop;
	struct service_settings settings;
	struct ump_server *server, *admin;
	struct ump_admin_pages pages;
	struct ump_timer idle;
	int64_t last_request_us;
	size_t exchanges;
	bool drained; /* the server is: exchanges may go on */
	struct ump_event event;
	struct ump_http_message message;
	struct ump_buffer batch;
	struct ump_series *statuses[600];
	struct ump_series *rejected;
};

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

static void end_when_drained(struct service *service)
{
	if (service->drained && service->exchanges == 0)
		ump_loop_stop(service->loop, 0);
}

static void end_exchange(struct exchange *exchange)
{
	struct service *service = exchange->service;

	audit_close(exchange->the_case);
	free(exchange);
	service->exchanges--;
	service->last_request_us = ump_loop_now(service->loop);
	end_when_drained(service);
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

static void handle(struct ump_request *request, void *context)
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

static void gone(struct ump_request *request, void *context)
{
	struct exchange *exchange = ump_request_attached(request);

	(void)context;
	if (exchange)
		exchange->request = NULL;
}

/* ---- Health, sleep and the end ---- */

static bool ready(void *context, char *reason, size_t reason_size)
{
	const struct service *service = context;

	if (ump_loop_is_draining(service->loop)) {
		snprintf(reason, reason_size, "shutting down");
		return false;
	}
	return !service->settings.store || store_ready(service->settings.store, reason, reason_size);
}

static void update(void *context)
{
	char reason[128];

	ump_metrics_set(((struct service *)context)->settings.metrics, METRIC_STORE_READY,
			!((struct service *)context)->settings.store ||
				store_ready(((struct service *)context)->settings.store, reason, sizeof(reason)));
}

/* Sleeps when no request was under way for the whole time: connections that are merely open do not count. */
static void look_whether_idle(void *context)
{
	struct service *service = context;
	int64_t now = ump_loop_now(service->loop);
	int64_t limit = service->settings.config->idle_exit_us;

	if (service_active(service) > 0)
		service->last_request_us = now;
	if (now - service->last_request_us >= limit) {
		ump_log(UMP_LOG_INFO, "idle", UMP_LOG_N("seconds", (double)(now - service->last_request_us) / 1e6));
		ump_loop_begin_drain(service->loop);
		return;
	}
	ump_timer_set(service->loop, &service->idle, service->last_request_us + limit, look_whether_idle, service);
}

static void server_drained(void *context)
{
	struct service *service = context;

	service->drained = true;
	end_when_drained(service);
}

void service_drain(struct service *service)
{
	ump_notify("STOPPING=1");
	ump_timer_cancel(service->loop, &service->idle);
	ump_server_drain(service->server, server_drained, service);
}

size_t service_active(const struct service *service)
{
	size_t requests = ump_server_active(service->server);

	return requests > service->exchanges ? requests : service->exchanges;
}

static int listen_for_events(struct service *service, struct ump_error *error)
{
	const struct config *config = service->settings.config;
	const struct ump_server_handler handler = {.handle = handle, .gone = gone, .context = service};
	ump_cleanup_free char *listen = config_listen(config);
	int passed = ump_passed_sockets();

	if (passed > 1)
		return ump_fail(error, UMP_FATAL, "LISTEN_FDS: %d sockets were passed, expected one", passed);
	const struct ump_server_options options = {
		.listen = listen,
		.socket = passed == 1 ? PASSED_SOCKET : -1,
		.max_body = config->max_body,
		.max_header = config->max_header,
		.max_connections = config->max_connections,
		.request_deadline_us = config->request_deadline_us,
	};
	if (ump_server_new(&service->server, service->loop, &options, &handler, error) == 0)
		return 0;
	return passed ? -1 : ump_error_prefix(error, "%s", ump_config_place("listen"));
}

static int open_ports(struct service *service, struct ump_error *error)
{
	const char *admin_listen = service->settings.config->admin_listen;

	service->pages =
		(struct ump_admin_pages){.metrics = service->settings.metrics, .ready = ready, .update = update, .context = service};
	if (listen_for_events(service, error) < 0)
		return -1;
	ump_log(UMP_LOG_INFO, "listening", UMP_LOG_S("for", "http"), UMP_LOG_S("address", ump_server_address(service->server)));
	if (!admin_listen)
		return 0;
	if (ump_admin_new(&service->admin, service->loop, admin_listen, &service->pages, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("admin-listen"));
	ump_log(UMP_LOG_INFO, "listening", UMP_LOG_S("for", "admin"), UMP_LOG_S("address", ump_server_address(service->admin)));
	return 0;
}

int service_new(struct service **ret_service, struct ump_loop *loop, const struct service_settings *settings, struct ump_error *error)
{
	struct service *service = ump_allocate(1, sizeof(*service));

	service->loop = loop;
	service->settings = *settings;
	service->last_request_us = ump_loop_now(loop);
	service->rejected = ump_metrics_series(settings->metrics, METRIC_EVENTS, (const char *const[UMP_METRIC_LABELS]){"rejected"});
	if (open_ports(service, error) < 0) {
		service_free(service);
		return -1;
	}
	if (settings->config->idle_exit_us > 0)
		look_whether_idle(service);
	*ret_service = service;
	return 0;
}

void service_free(struct service *service)
{
	if (!service)
		return;
	ump_timer_cancel(service->loop, &service->idle);
	ump_server_free(service->server);
	ump_server_free(service->admin);
	ump_event_release(&service->event);
	ump_http_message_release(&service->message);
	ump_buffer_release(&service->batch);
	free(service);
}
