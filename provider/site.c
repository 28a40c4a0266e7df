#include "provider/site.h"
#include "common/memory.h"
#include "provider/page_table.h"
#include <stdlib.h>

#define MAX_BODY         (256 * 1024)
#define REQUEST_DEADLINE (10 * UMP_SECOND)
#define PLAIN_REQUESTS   256 /* connections beside those that follow the board */

/* clang-format off */
#define HEADER(name, value) {{name, sizeof(name) - 1}, {value, sizeof(value) - 1}}
/* clang-format on */

/* No inline script or style, nothing from elsewhere, no frame around it. */
#define COMMON_HEADERS                                                                                                                \
	HEADER("Content-Security-Policy",                                                                                             \
	       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " \
	       "form-action 'none'; frame-ancestors 'none'"),                                                                         \
		HEADER("X-Content-Type-Options", "nosniff"), HEADER("Referrer-Policy", "no-referrer"),                                \
		HEADER("Cross-Origin-Opener-Policy", "same-origin")

struct site {
	struct site_options options;
	struct ump_server *server;
};

const struct page *page_find(struct ump_text path)
{
	for (size_t i = 0; i < page_count; i++)
		if (ump_text_equals(path, ump_text(page_table[i].path)))
			return &page_table[i];
	return NULL;
}

static bool accepts_gzip(const struct ump_request *request)
{
	struct ump_text accepted = ump_request_header(request, "Accept-Encoding");
	return accepted.size && memmem(accepted.start, accepted.size, "gzip", 4);
}

static void answer_page(struct ump_request *request, const struct page *page)
{
	bool packed = accepts_gzip(request);
	struct ump_header headers[] = {COMMON_HEADERS,
				       HEADER("Cache-Control", "no-cache"), /* the ETag saves the bytes, a new version is seen at once */
				       HEADER("Vary", "Accept-Encoding"),
				       {UMP_TEXT("ETag"), ump_text(page->etag)},
				       {UMP_TEXT("Content-Type"), ump_text(page->type)},
				       HEADER("Content-Encoding", "gzip")};
	size_t count = sizeof headers / sizeof *headers - !packed;
	struct ump_answer answer = {200, headers, count, packed ? page->packed : page->plain, true};
	if (ump_text_equals(ump_request_header(request, "If-None-Match"), ump_text(page->etag))) {
		answer.status = 304;
		answer.body = UMP_TEXT("");
		answer.header_count = sizeof headers / sizeof *headers - 2; /* neither type nor encoding of nothing */
	}
	ump_request_answer(request, &answer);
}

void site_answer_json(struct ump_request *request, int status, struct ump_text json)
{
	static const struct ump_header headers[] = {COMMON_HEADERS, HEADER("Cache-Control", "no-store"),
						    HEADER("Content-Type", "application/json")};
	ump_request_answer(request, &(struct ump_answer){status, headers, sizeof headers / sizeof *headers, json, false});
}

static void answer_state(struct site *site, struct ump_request *request)
{
	const char *json = hub_snapshot(site->options.hub);
	if (json)
		site_answer_json(request, 200, ump_text(json));
	else
		ump_request_problem(request, 503, "No state", "the board cannot be written at the moment", 1);
}

static bool only_reading(struct ump_request *request)
{
	struct ump_text method = ump_request_method(request);
	if (ump_text_equals(method, UMP_TEXT("GET")) || ump_text_equals(method, UMP_TEXT("HEAD")))
		return true;
	static const struct ump_header headers[] = {HEADER("Allow", "GET, HEAD"), HEADER("Content-Type", "application/problem+json")};
	ump_request_answer(request,
			   &(struct ump_answer){405, headers, 2, UMP_TEXT("{\"title\":\"Only GET and HEAD here\",\"status\":405}"), true});
	return false;
}

static const struct site_route *route_of(const struct site *site, const struct ump_request *request)
{
	for (size_t i = 0; i < site->options.route_count; i++)
		if (ump_text_equals(ump_request_path(request), ump_text(site->options.routes[i].path)))
			return &site->options.routes[i];
	return NULL;
}

static void handle(struct ump_request *request, void *context)
{
	struct site *site = context;
	struct ump_text path = ump_request_path(request);
	const struct site_route *route = route_of(site, request);
	const struct page *page = page_find(path);
	if (route)
		route->handle(request, route->context);
	else if (ump_admin_answer(request, site->options.admin, false) || !only_reading(request))
		return;
	else if (page)
		answer_page(request, page);
	else if (ump_text_equals(path, UMP_TEXT("/api/state")))
		answer_state(site, request);
	else if (ump_text_equals(path, UMP_TEXT("/api/stream")) && ump_text_equals(ump_request_method(request), UMP_TEXT("GET")))
		hub_join(site->options.hub, request);
	else
		ump_request_problem(request, 404, "Nothing here", "the board is at /", 0);
}

static void gone(struct ump_request *request, void *context)
{
	const struct site_route *route = route_of(context, request);
	if (route && route->gone)
		route->gone(request, route->context);
}

int site_new(struct site **ret_site, struct ump_loop *loop, const struct site_options *options, struct ump_error *error)
{
	struct site *site = ump_allocate(1, sizeof *site);
	site->options = *options;
	const struct ump_server_options server = {.listen = options->listen,
						  .socket = -1,
						  .max_body = MAX_BODY,
						  .max_connections = (int64_t)options->max_clients + PLAIN_REQUESTS,
						  .request_deadline_us = REQUEST_DEADLINE};
	const struct ump_server_handler handler = {.handle = handle, .gone = gone, .context = site};
	if (ump_server_new(&site->server, loop, &server, &handler, error)) {
		free(site);
		return -1;
	}
	*ret_site = site;
	return 0;
}

void site_free(struct site *site)
{
	if (!site)
		return;
	ump_server_free(site->server);
	free(site);
}

const char *site_address(const struct site *site)
{
	return ump_server_address(site->server);
}

void site_drain(struct site *site, void (*drained)(void *context), void *context)
{
	ump_server_drain(site->server, drained, context);
}
