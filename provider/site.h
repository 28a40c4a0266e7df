/* provider/site.h: what the provider answers over HTTP: pages, the state, the stream.
 *
 * Decides which request goes where and what a browser may do with the answer; knows nothing of Kafka. */
#pragma once
#include "common/http/admin.h"
#include "common/http/server.h"
#include "provider/hub.h"

struct site;

/* A path with a handler of its own (the doors); `path` is compared whole. The handler answers now or later, any method. */
struct site_route {
	const char *path;
	void (*handle)(struct ump_request *request, void *context);
	void (*gone)(struct ump_request *request, void *context);
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

/* An answer in JSON with the headers that all answers have. `json` is copied. */
void site_answer_json(struct ump_request *request, int status, struct ump_text json);
