/* audit-fn/service_private.h: what the files of the service share. */
#pragma once
#include "audit-fn/service.h"
#include "common/http/admin.h"

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

/* ---- requests.c: the handler of the events' port; the context is the service ---- */

void service_handle(struct ump_request *request, void *context);
void service_gone(struct ump_request *request, void *context);

/* ---- service.c ---- */

void service_end_when_drained(struct service *service);
