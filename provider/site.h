/* provider/site.h: what the provider answers over HTTP: the pages, and what others have routes for.
 *
 * Decides which request goes where and what a browser may do with the answer; knows nothing of Kafka. */
#pragma once
#include "common/http/admin.h"
#include "common/http/server.h"

struct site;

#define SITE_MORE_HEADERS 4

/* A path with a handler of its own (the doors); `path` is compared whole, or is the beginning of others where it ends in "/". The handler
 * answers now or later, any method. */
struct site_route {
	const char *path;
	size_t max_body;                                           /* bytes; more is 413 before it is read */
	void (*begin)(struct ump_request *request, void *context); /* as in struct ump_server_handler; NULL: none */
	void (*handle)(struct ump_request *request, void *context);
	void (*gone)(struct ump_request *request, void *context); /* NULL: none */
	void *context;
};

struct site_routes {
	const struct site_route *routes;
	size_t count;
};

struct site_options {
	const char *listen;
	size_t max_clients;                  /* that stay connected, following something */
	const struct ump_admin_pages *admin; /* health on this port too, without metrics */
	const struct site_routes *routes;    /* copied */
	size_t routes_count;
};

int site_new(struct site **ret_site, struct ump_loop *loop, const struct site_options *options, struct ump_error *error);
void site_free(struct site *site); /* accepts NULL */
const char *site_address(const struct site *site);
void site_drain(struct site *site, void (*drained)(void *context), void *context);

/* An answer in JSON with the headers that all answers have, and at most SITE_MORE_HEADERS more. All is copied. */
void site_answer_json(struct ump_request *request, int status, struct ump_text json, const struct ump_header *more, size_t more_count);

/* A picture (SVG) with the same headers; copied. And: 405, only GET and HEAD. */
void site_answer_picture(struct ump_request *request, struct ump_text svg);
void site_refuse_method(struct ump_request *request);

/* False where the request is answered: it is neither GET nor HEAD. */
bool site_is_reading(struct ump_request *request);

/* The number in the query under that name; false where there is none up to `most`. */
bool site_query_number(const struct ump_request *request, const char *name, uint64_t most, uint64_t *ret_number);
