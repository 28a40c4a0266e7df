#include "common/http/admin.h"
#include "common/memory.h"
#include <stdlib.h>

static void answer_text(struct ump_request *request, int status, const char *type, struct ump_text text)
{
	const struct ump_header headers[] = {{UMP_TEXT("Content-Type"), ump_text(type)}, {UMP_TEXT("Cache-Control"), UMP_TEXT("no-store")}};

	ump_request_answer(request, &(struct ump_answer){.status = status, .headers = headers, .header_count = 2, .body = text});
}

static void answer_health(struct ump_request *request, const struct ump_admin_pages *pages,
			  bool (*healthy)(void *context, char *reason, size_t reason_size))
{
	struct ump_buffer text = {0};
	char reason[240] = "";
	bool well = !healthy || healthy(pages->context, reason, sizeof reason);

	ump_buffer_print(&text, "%s\n", well ? "ok" : *reason ? reason : "not ready");
	answer_text(request, well ? 200 : 503, "text/plain; charset=utf-8", ump_buffer_text(&text));
	ump_buffer_release(&text);
}

static void answer_metrics(struct ump_request *request, const struct ump_admin_pages *pages)
{
	struct ump_buffer text = {0};

	if (pages->update)
		pages->update(pages->context);
	ump_metrics_write(pages->metrics, &text);
	answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", ump_buffer_text(&text));
	ump_buffer_release(&text);
}

bool ump_admin_answer(struct ump_request *request, const struct ump_admin_pages *pages, bool metrics_too)
{
	struct ump_text method = ump_request_method(request), path = ump_request_path(request);
	bool liveness = ump_text_equals(path, UMP_TEXT("/health/liveness"));
	bool readiness = ump_text_equals(path, UMP_TEXT("/health/readiness"));
	bool metrics = metrics_too && ump_text_equals(path, UMP_TEXT("/metrics"));

	if (!liveness && !readiness && !metrics)
		return false;
	if (!ump_text_equals(method, UMP_TEXT("GET")) && !ump_text_equals(method, UMP_TEXT("HEAD"))) {
		const struct ump_header allow = {UMP_TEXT("Allow"), UMP_TEXT("GET, HEAD")};
		ump_request_answer(request, &(struct ump_answer){.status = 405, .headers = &allow, .header_count = 1});
	} else if (metrics) {
		answer_metrics(request, pages);
	} else {
		answer_health(request, pages, liveness ? pages->alive : pages->ready);
	}
	return true;
}

static void handle(struct ump_request *request, void *context)
{
	if (!ump_admin_answer(request, context, true))
		ump_request_problem(request, 404, "there is no such page", "/health/liveness, /health/readiness and /metrics are here", 0);
}

int ump_admin_new(struct ump_server **ret_server, struct ump_loop *loop, const char *listen, const struct ump_admin_pages *pages,
		  struct ump_error *error)
{
	const struct ump_server_options options = {
		.listen = listen, .socket = -1, .max_connections = 64, .request_deadline_us = 5 * UMP_SECOND, .idle_us = 60 * UMP_SECOND};
	const struct ump_server_handler handler = {.handle = handle, .context = (void *)pages};

	return ump_server_new(ret_server, loop, &options, &handler, error);
}
