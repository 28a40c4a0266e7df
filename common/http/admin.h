/* common/http/admin.h: the three pages that every program has for whoever runs it.
 *
 * GET /health/liveness, /health/readiness (200 or 503, with the reason as text) and /metrics. */
#pragma once
#include "common/http/server.h"
#include "common/telemetry/metrics.h"

struct ump_admin_pages {
	const struct ump_metrics *metrics;
	bool (*ready)(void *context, char *reason, size_t reason_size); /* false: fills `reason` */
	bool (*alive)(void *context, char *reason, size_t reason_size); /* NULL: always */
	void (*update)(void *context); /* before /metrics is written: gauges that are counted on demand; NULL: none */
	void *context;
};

/* Answers the request where its path is one of the three (405 for a method other than GET and HEAD), else returns false and leaves it.
 * `metrics_too` false: only the health pages, for a port that strangers reach. */
bool ump_admin_answer(struct ump_request *request, const struct ump_admin_pages *pages, bool metrics_too);

/* A server of its own for them, 404 for all else. `pages` is borrowed. */
int ump_admin_new(struct ump_server **ret_server, struct ump_loop *loop, const char *listen, const struct ump_admin_pages *pages,
		  struct ump_error *error);
