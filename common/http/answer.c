#include "common/http/problem.h"
#include "common/http/server_private.h"
#include "common/memory.h"
#include <assert.h>
#include <stdio.h>

/* Hands the response to MHD, and drops our hold of it. */
void ump_request_send(struct ump_request *request, int status, struct MHD_Response *response)
{
	struct connection *connection = request->connection;
	struct ump_server *server = connection->server;

	assert(request->early ? connection->phase == RECEIVING : connection->phase == HANDLING);
	if (server->draining && response != server->empty)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	connection->phase = SENDING;
	connection->since = connection->moved = ump_loop_now(server->loop);
	connection->acked = 0;
	server->active--;
	if (request->early && !request->has_body) {
		request->held = response;
		request->held_status = (unsigned)status;
		return;
	}
	connection->linger = request->early; /* MHD closes it, with a body on the way */
	if (MHD_queue_response(connection->handle, (unsigned)status, response) == MHD_NO)
		connection->doomed = true;
	if (response != server->empty)
		MHD_destroy_response(response);
	ump_connection_resume(connection);
}

/* Returns -1 where a header cannot be sent: a name or value with a line break in it, or one that is MHD's. */
int ump_request_add_headers(struct MHD_Response *response, const struct ump_header *headers, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		ump_cleanup_free char *name = ump_copy_bytes(headers[i].name.start, headers[i].name.size);
		ump_cleanup_free char *value = ump_copy_bytes(headers[i].value.start, headers[i].value.size);

		/* MHD refuses an empty value, which says as much as none. */
		if (*value && MHD_add_response_header(response, name, value) == MHD_NO)
			result = -1;
	}
	return result;
}

void ump_request_answer(struct ump_request *request, const struct ump_answer *answer)
{
	struct ump_server *server = request->connection->server;
	const enum MHD_ResponseMemoryMode mode = answer->body_is_static ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY;

	if (answer->header_count == 0 && answer->body.size == 0 && !server->draining) {
		ump_request_send(request, answer->status, server->empty);
		return;
	}
	struct MHD_Response *response = MHD_create_response_from_buffer(answer->body.size, (void *)answer->body.start, mode);
	assert(response);
	if (ump_request_add_headers(response, answer->headers, answer->header_count) < 0) {
		MHD_destroy_response(response);
		ump_request_problem(request, 500, "the answer cannot be sent", "it has a header that HTTP cannot carry", 0);
		return;
	}
	ump_request_send(request, answer->status, response);
}

void ump_request_problem(struct ump_request *request, int status, const char *title, const char *detail, int retry_after_s)
{
	struct ump_buffer body = {0};
	char seconds[16];
	struct ump_header headers[2] = {{UMP_TEXT("Content-Type"), UMP_TEXT("application/problem+json")}};

	ump_problem_write(&body, status, title, detail);
	if (retry_after_s > 0) {
		snprintf(seconds, sizeof seconds, "%d", retry_after_s);
		headers[1] = (struct ump_header){UMP_TEXT("Retry-After"), ump_text(seconds)};
	}
	ump_request_answer(request, &(struct ump_answer){.status = status,
							 .headers = headers,
							 .header_count = retry_after_s > 0 ? 2 : 1,
							 .body = ump_buffer_text(&body)});
	ump_buffer_release(&body);
}
