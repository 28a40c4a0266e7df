/* provider/site.h: what the provider answers over HTTP: pages, the state, the stream.
 *
 * Decides which request goes where and what a browser may do with the answer; knows nothing of Kafka. */
#pragma once
#include "common/http/admin.h"
#include "common/http/server.h"
#include "provider/hub.h"

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

struct site_options {
	const char *listen;
	size_t max_clients;
	struct hub *hub;
	const struct ump_admin_pages *admin; /* health on this port too, without metrics */
	const struct site_route *routes;     /* borrowed */
	size_t route_count;
};

int site_new(struct site **ret_site, struct ump_loop *loop, const struct site_options *options, struct ump_error *error);
void site_free(struct site *site); /* accepts NULL */
const char *site_address(const struct site *site);
void site_drain(struct site *site, void (*drained)(void *context), void *context);

/* An answer in JSON with the headers that all answers have, and at most SITE_MORE_HEADERS more. All is copied. */
void site_answer_json(struct ump_request *request, int status, struct ump_text json, const struct ump_header *more, size_t more_count);
