/* audit-fn/service.h: the function's HTTP side: requests in, answers out, the health pages, and its sleep. */
#pragma once
#include "audit-fn/audit.h"
#include "audit-fn/config.h"
#include "common/http/server.h"

struct service_settings { /* all borrowed, to outlive the service */
	const struct config *config;
	struct audit *audit;
	struct store *store; /* may be NULL */
	struct ump_metrics *metrics;
};

struct service;

/* Listens on the socket that was passed to this process, else where the configuration says; on the admin port too where there is one. */
int service_new(struct service **ret_service, struct ump_loop *loop, const struct service_settings *settings, struct ump_error *error);
void service_free(struct service *service); /* accepts NULL */

/* Not ready any more; ends the loop with status 0 when all requests are answered. */
void service_drain(struct service *service);

/* Requests that are not answered yet. */
size_t service_active(const struct service *service);
