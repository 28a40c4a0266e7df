#include "provider/site.h"
#include "common/memory.h"
#include "provider/page_table.h"
#include <assert.h>
#include <stdlib.h>

#define MAX_PLAIN_BODY   4096 /* where nobody reads it */
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
	struct site_route *routes;
	size_t route_count;
	size_t max_body; /* of all routes */
	struct ump_server *server;
};

const struct page *page_find(struct ump_text path)
{
	for (size_t i = 0; i < page_count; i++)
		if (ump_text_equals(path, ump_text(page_table[i].path)))
			return &page_table[i];
	return NULL;
}

/* The next element of a list with commas, or false at its end. */
static bool next_element(struct ump_text *list, struct ump_text *ret_element)
{
	while (list->size) {
		const char *comma = memchr(list->start, ',', list->size);
		size_t size = comma ? (size_t)(comma - list->start) : list->size;
		*ret_element = ump_text_trim((struct ump_text){list->start, size});
		size += comma != NULL;
		*list = (struct ump_text){list->start + size, list->size - size};
		if (ret_element->size)
			return true;
	}
	return false;
}

/* "gzip", "gzip;q=0.5", but not "gzip;q=0" nor "gzip; q=0.0". */
static bool accepts_gzip(const struct ump_request *request)
{
	struct ump_text accepted = ump_request_header(request, "Accept-Encoding"), each;
	while (next_element(&accepted, &each)) {
		const char *semicolon = memchr(each.start, ';', each.size);
		size_t size = semicolon ? (size_t)(semicolon - each.start) : each.size;
		if (!ump_text_equals_ignoring_case(ump_text_trim((struct ump_text){each.start, size}), UMP_TEXT("gzip")))
			continue;
		const char *weight = semicolon ? memchr(semicolon, '=', each.size - size) : NULL;
		for (; weight && weight < each.start + each.size; weight++)
			if (*weight >= '1' && *weight <= '9')
				return true;
		return !semicolon;
	}
	return false;
}

/* Weak comparison, as RFC 9110 asks for here: proxies that compress make tags weak. */
static bool has_it(const struct ump_request *request, const struct page *page)
{
	struct ump_text tags = ump_request_header(request, "If-None-Match"), each;
	while (next_element(&tags, &each)) {
		if (ump_text_starts_with(each, UMP_TEXT("W/")))
			each = (struct ump_text){each.start + 2, each.size - 2};
		if (ump_text_equals(each, UMP_TEXT("*")) || ump_text_equals(each, ump_text(page->etag)) ||
		    ump_text_equals(each, ump_text(page->packed_etag)))
			return true;
	}
	return false;
}

static void answer_page(struct ump_request *request, const struct page *page)
{
	bool packed = accepts_gzip(request);
	struct ump_header headers[] = {COMMON_HEADERS,
				       HEADER("Cache-Control", "no-cache"), /* the ETag saves the bytes, a new version is seen at once */
				       HEADER("Vary", "Accept-Encoding"),
				       {UMP_TEXT("ETag"), ump_text(packed ? page->packed_etag : page->etag)},
				       {UMP_TEXT("Content-Type"), ump_text(page->type)},
				       HEADER("Content-Encoding", "gzip")};
	size_t count = sizeof headers / sizeof *headers - !packed;
	struct ump_answer answer = {200, headers, count, packed ? page->packed : page->plain, true};
	if (has_it(request, page)) {
		answer.status = 304;
		answer.body = UMP_TEXT("");
		answer.header_count = sizeof headers / sizeof *headers - 2; /* neither type nor encoding of nothing */
	}
	ump_request_answer(request, &answer);
}

void site_answer_json(struct ump_request *request, int status, struct ump_text json, const struct ump_header *more, size_t more_count)
{
	static const struct ump_header common[] = {COMMON_HEADERS, HEADER("Cache-Control", "no-store"),
						   HEADER("Content-Type", "application/json")};
	enum { COMMON = sizeof common / sizeof *common };
	struct ump_header headers[COMMON + SITE_MORE_HEADERS];
	assert(more_count <= SITE_MORE_HEADERS);
	memcpy(headers, common, sizeof common);
	for (size_t i = 0; i < more_count; i++)
		headers[COMMON + i] = more[i];
	ump_request_answer(request, &(struct ump_answer){status, headers, COMMON + more_count, json, false});
}

void site_answer_picture(struct ump_request *request, struct ump_text svg)
{
	static const struct ump_header headers[] = {COMMON_HEADERS, HEADER("Cache-Control", "no-cache"),
						    HEADER("Content-Type", "image/svg+xml")};
	ump_request_answer(request, &(struct ump_answer){200, headers, sizeof headers / sizeof *headers, svg, false});
}

void site_refuse_method(struct ump_request *request)
{
	static const struct ump_header headers[] = {HEADER("Allow", "GET, HEAD"), HEADER("Content-Type", "application/problem+json")};
	ump_request_answer(request,
			   &(struct ump_answer){405, headers, 2, UMP_TEXT("{\"title\":\"Only GET and HEAD here\",\"status\":405}"), true});
}

bool site_is_reading(struct ump_request *request)
{
	struct ump_text method = ump_request_method(request);
	if (ump_text_equals(method, UMP_TEXT("GET")) || ump_text_equals(method, UMP_TEXT("HEAD")))
		return true;
	site_refuse_method(request);
	return false;
}

bool site_query_number(const struct ump_request *request, const char *name, uint64_t most, uint64_t *ret_number)
{
	struct ump_text text = ump_request_query(request, name);
	return text.size && ump_text_to_number(text, most, ret_number);
}

static const struct site_route *route_of(const struct site *site, const struct ump_request *request)
{
	struct ump_text path = ump_request_path(request);
	for (size_t i = 0; i < site->route_count; i++) {
		const struct site_route *route = &site->routes[i];
		struct ump_text known = ump_text(route->path);
		bool is_folder = known.start[known.size - 1] == '/';
		if (is_folder ? ump_text_starts_with(path, known) : ump_text_equals(path, known))
			return route;
	}
	return NULL;
}

/* Before the body is read: whether it is too large for where it goes, by its own word. One that does not give its word could only be
 * measured by reading it, which the paths for large ones alone may. */
static void begin(struct ump_request *request, void *context)
{
	struct site *site = context;
	const struct site_route *route = route_of(site, request);
	uint64_t length = 0;
	struct ump_text declared = ump_request_header(request, "Content-Length");
	size_t most = route ? route->max_body : MAX_PLAIN_BODY;
	if (ump_request_header(request, "Transfer-Encoding").start && most < site->max_body)
		ump_request_problem(request, 411, "Content-Length is needed here", NULL, 0);
	else if (declared.start && (!ump_text_to_number(declared, INT64_MAX, &length) || length > most))
		ump_request_problem(request, 413, "The body is too large", NULL, 0);
	else if (route && route->begin)
		route->begin(request, route->context);
}

static void handle(struct ump_request *request, void *context)
{
	struct site *site = context;
	struct ump_text path = ump_request_path(request);
	const struct site_route *route = route_of(site, request);
	const struct page *page = page_find(path);
	if (route)
		route->handle(request, route->context);
	else if (ump_admin_answer(request, site->options.admin, false) || !site_is_reading(request))
		return;
	else if (page)
		answer_page(request, page);
	else
		ump_request_problem(request, 404, "Nothing here", "the board is at /, the game at /play", 0);
}

static void gone(struct ump_request *request, void *context)
{
	const struct site_route *route = route_of(context, request);
	if (route && route->gone)
		route->gone(request, route->context);
}

static void copy_routes(struct site *site, const struct site_options *options)
{
	for (size_t i = 0; i < options->routes_count; i++) {
		const struct site_routes *some = &options->routes[i];
		site->routes = ump_reallocate(site->routes, site->route_count + some->count, sizeof *site->routes);
		for (size_t j = 0; j < some->count; j++) {
			site->routes[site->route_count++] = some->routes[j];
			if (some->routes[j].max_body > site->max_body)
				site->max_body = some->routes[j].max_body;
		}
	}
}

int site_new(struct site **ret_site, struct ump_loop *loop, const struct site_options *options, struct ump_error *error)
{
	struct site *site = ump_allocate(1, sizeof *site);
	site->options = *options;
	site->max_body = MAX_PLAIN_BODY;
	copy_routes(site, options);
	const struct ump_server_options server = {.listen = options->listen,
						  .socket = -1,
						  .max_body = (int64_t)site->max_body,
						  .max_connections = (int64_t)options->max_clients + PLAIN_REQUESTS,
						  .request_deadline_us = REQUEST_DEADLINE};
	const struct ump_server_handler handler = {.begin = begin, .handle = handle, .gone = gone, .context = site};
	if (ump_server_new(&site->server, loop, &server, &handler, error)) {
		free(site->routes);
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
	free(site->routes);
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
