/* audit-fn behind its server: requests out of any bytes, several in a row, under rules of every kind on the store in memory. The server
 * here has no sockets: it stands in for common/http/server.h and watches that each request is answered exactly once, with a status and
 * headers that audit-fn promises, and with a body that is what its Content-Type says. */
#include "audit-fn/metrics.h"
#include "audit-fn/service.h"
#include "common/cloudevents/json.h"
#include "common/cloudevents/scan.h"
#include "common/http/guard.h"
#include "common/http/problem.h"
#include "common/http/server_private.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "tests/fuzz/fuzz.h"

enum { HEADERS = 32, REQUESTS = 8 };

static struct ump_server *server; /* the one that audit-fn has asked for last */

struct made_up {
	struct ump_request request; /* first: audit-fn knows nothing else */
	struct ump_header headers[HEADERS];
	int status; /* of the answer; 0: none yet */
};

/* ---- What audit-fn asks of a server ---- */

int ump_server_new(struct ump_server **ret_server, struct ump_loop *loop, const struct ump_server_options *options,
		   const struct ump_server_handler *handler, struct ump_error *error)
{
	(void)loop, (void)options, (void)error;
	*ret_server = server = ump_allocate(1, sizeof(*server));
	server->handler = *handler;
	return 0;
}

void ump_server_free(struct ump_server *one)
{
	free(one);
}

const char *ump_server_address(const struct ump_server *one)
{
	(void)one;
	return "127.0.0.1:8080";
}

void ump_server_drain(struct ump_server *one, void (*drained)(void *context), void *context)
{
	(void)one;
	drained(context);
}

size_t ump_server_active(const struct ump_server *one)
{
	(void)one;
	return 0;
}

/* ---- What an answer has to be ---- */

static int valid(void *context, const struct ump_event *event, struct ump_error *error)
{
	++*(size_t *)context;
	return ump_event_validate(event, error);
}

static void check_reply(const struct ump_answer *answer)
{
	ump_cleanup(ump_event_release) struct ump_event reply = {0};
	struct ump_error error;
	size_t replies = 0;

	if (ump_http_mode(answer->headers, answer->header_count) == UMP_HTTP_BATCH) {
		must(ump_batch_from_json(answer->body, SIZE_MAX, valid, &replies, &error) == 0 && replies > 0);
		return;
	}
	must(ump_event_from_http(&reply, answer->headers, answer->header_count, answer->body, UMP_HEADERS_STRICT, &error) == 0);
	must(ump_text_starts_with(ump_event_get(&reply, "type"), UMP_TEXT("audit.")));
}

static void check_header(const struct ump_header *header)
{
	must(header->name.size > 0);
	for (size_t i = 0; i < header->value.size; i++)
		must(header->value.start[i] != '\r' && header->value.start[i] != '\n' && header->value.start[i] != '\0');
}

void ump_request_answer(struct ump_request *request, const struct ump_answer *answer)
{
	bool is_post = ump_text_equals(request->method, UMP_TEXT("POST")) && ump_text_equals(request->path, UMP_TEXT("/"));
	struct made_up *whole = (struct made_up *)request;
	struct ump_json problem;
	struct ump_error error;

	must(!whole->status);
	whole->status = answer->status;
	for (size_t i = 0; i < answer->header_count; i++)
		check_header(&answer->headers[i]);
	switch (answer->status) {
	case 200:
		if (is_post)
			check_reply(answer);
		break;
	case 204:
		must(is_post && answer->body.size == 0);
		break;
	case 405:
		must(!is_post && ump_header_find(answer->headers, answer->header_count, "Allow").size > 0);
		break;
	case 400:
	case 404:
	case 415:
		/* An origin of the webhook's handshake may be none. */
		must(is_post == (answer->status != 404) ||
		     (answer->status == 400 && ump_text_equals(request->method, UMP_TEXT("OPTIONS"))));
		must(ump_json_parse(answer->body, &problem, &error) == 0 && problem.type == UMP_JSON_OBJECT);
		break;
	default:
		abort(); /* 503 too: this store has room */
	}
}

void ump_request_problem(struct ump_request *request, int status, const char *title, const char *detail, int retry_after_s)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer body = {0};

	(void)retry_after_s;
	ump_problem_write(&body, status, title, detail);
	ump_request_answer(request, &(struct ump_answer){.status = status, .body = ump_buffer_text(&body)});
}

/* ---- Requests ---- */

static struct ump_text take(struct ump_text *input, const char *end)
{
	const char *found = memmem(input->start, input->size, end, strlen(end));
	struct ump_text taken = {input->start, found ? (size_t)(found - input->start) : input->size};
	size_t used = taken.size + (found ? strlen(end) : 0);

	input->start += used;
	input->size -= used;
	return taken;
}

/* A line "METHOD PATH", lines of headers as a server has cleaned them, an empty line, and the body, up to a line that is "--". */
static void read_request(struct made_up *made_up, struct ump_text *input)
{
	struct ump_request *request = &made_up->request;
	struct ump_text one = take(input, "\n--\n");
	struct ump_text line = take(&one, "\n");

	request->method = take(&line, " ");
	request->path = line;
	request->headers = made_up->headers;
	while (one.size > 0 && request->header_count < HEADERS) {
		line = take(&one, "\n");
		if (line.size == 0)
			break;
		struct ump_text name = take(&line, ":");

		if (name.size > 0)
			request->headers[request->header_count++] = (struct ump_header){name, ump_text_trim(line)};
	}
	ump_buffer_add_text(&request->body, one);
}

static const char text[] = "rules:\n"
			   "  - preset: hits\n"
			   "  - preset: shipwars\n"
			   "  - {name: s, types: game.hits, kind: sum, value: /hits, player: [/player, subject], threshold: 15,\n"
			   "     window: {size: 10s, step: 4s, lateness: 5s}}\n";

static void serve(const struct service_settings *settings, struct ump_loop *loop, struct ump_text input)
{
	struct service *service;
	struct ump_error error;

	must(service_new(&service, loop, settings, &error) == 0);
	for (int left = REQUESTS; left > 0 && input.size > 0; left--) {
		struct made_up made_up = {0};
		struct ump_request *request = &made_up.request;

		read_request(&made_up, &input);
		if (!ump_guard_check(request->headers, request->header_count, true).status) { /* else the server itself refuses it */
			server->handler.handle(request, server->handler.context);
			must(made_up.status && service_active(service) == 0); /* the store in memory answers at once */
		}
		ump_buffer_release(&request->body);
	}
	service_free(service);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct ump_loop *loop;
	static struct rules *rules;
	static struct ump_metrics *metrics;
	struct ump_error error;

	if (!loop) {
		ump_log_setup("fuzz", UMP_LOG_ERROR, UMP_LOG_JSON);
		must(ump_loop_new(&loop, &error) == 0);
		must(rules_parse(&rules, ump_text(text), "rules", -1, &error) == 0);
		metrics = ump_metrics_new(metrics_table, METRIC_COUNT);
	}
	for (int encoding = UMP_HEADERS_STRICT; encoding <= UMP_HEADERS_RAW; encoding++) {
		struct config config = {.listen = (char *)"8080", .max_batch = 100, .header_encoding = encoding};
		struct store *store;

		must(store_memory_open(&store, loop, &(struct store_settings){.retention_us = UMP_SECOND, .limit = INT64_C(1) << 30},
				       &error) == 0);
		struct audit *audit = audit_new(&(struct audit_settings){rules, AUDIT_REPLY_ALWAYS, "r", store, metrics});

		serve(&(struct service_settings){&config, audit, store, metrics}, loop, fuzz_text(bytes, size));
		audit_free(audit);
		store_close(store);
	}
	return 0;
}
