/* audit-fn/service.c: ports, health, sleep and the end; see service.h. */
#include "audit-fn/metrics.h"
#include "audit-fn/service_private.h"
#include "common/loop/notify.h"
#include "common/memory.h"
#include <stdio.h>
#include <stdlib.h>

#define PASSED_SOCKET 3 /* the first of LISTEN_FDS */

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

void service_end_when_drained(struct service *service)
{
	if (service->drained && service->exchanges == 0)
		ump_loop_stop(service->loop, 0);
}

static void server_drained(void *context)
{
	struct service *service = context;

	service->drained = true;
	service_end_when_drained(service);
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
	const struct ump_server_handler handler = {.handle = service_handle, .gone = service_gone, .context = service};
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
