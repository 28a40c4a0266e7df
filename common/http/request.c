/* common/http/request.c: from MHD's callbacks to a request as the handler sees it, and its answer.
 *
 * MHD calls ump_request_arrived() with the header section, then with each piece of the body, then once more: that is when the request is
 * whole. An answer queued at the first of these calls makes MHD close the connection, so the answer that `begin` gives to a request without
 * a body is held until the last one, which follows at once. */
#include "common/http/guard.h"
#include "common/http/problem.h"
#include "common/http/server_private.h"
#include "common/memory.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BODY_KEPT     ((size_t)64 * 1024) /* of a connection's buffer, from one request to the next */
#define BODY_RESERVED ((size_t)64 * 1024) /* at once, on the mere word of Content-Length */

/* ---- The connection under a request ---- */

static void hung_up(void *context, uint32_t events)
{
	struct connection *connection = context;

	(void)events;
	ump_watch_remove(connection->server->loop, &connection->hangup);
	connection->doomed = true;
	if (connection->request.suspended)
		ump_connection_resume(connection);
	else
		shutdown(connection->fd, SHUT_RDWR); /* a stream whose reader has gone: MHD does not ask about it while it cannot write */
	ump_server_wake(connection->server);
}

/* While MHD does not look, `events` beside EPOLLERR and EPOLLHUP mean that the peer has gone. */
void ump_connection_suspend(struct connection *connection, uint32_t events)
{
	struct ump_loop *loop = connection->server->loop;
	struct ump_error error;

	MHD_suspend_connection(connection->handle);
	connection->request.suspended = true;

	/* Where this fails, for want of kernel memory, the peer's going shows with the next write. */
	if (!connection->hangup.added)
		(void)ump_watch_add(loop, &connection->hangup, connection->fd, events, hung_up, connection, &error);
	else if (connection->hangup.events != events)
		(void)ump_watch_modify(loop, &connection->hangup, events, &error);
}

void ump_connection_resume(struct connection *connection)
{
	if (!connection->request.suspended)
		return;
	connection->request.suspended = false;
	MHD_resume_connection(connection->handle);
	ump_server_wake(connection->server);
}

void ump_connection_refuse(struct connection *connection, int status, const char *reason)
{
	struct ump_buffer body = {0}, text = {0};

	ump_problem_write(&body, status, reason, NULL);
	ump_buffer_print(&text,
			 "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
			 status, reason, body.size);
	ump_buffer_add_text(&text, ump_buffer_text(&body));
	if (send(connection->fd, text.start, text.size, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		connection->linger = true;
	ump_buffer_release(&body);
	ump_buffer_release(&text);
	connection->doomed = true;
	connection->refused = ump_loop_now(connection->server->loop);
}

/* ---- Arrival ---- */

static enum MHD_Result collect(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value,
			       size_t value_size)
{
	struct ump_request *request = context;

	(void)kind;
	if (request->header_count == request->header_capacity) {
		request->header_capacity = request->header_capacity ? request->header_capacity * 2 : 16;
		request->headers = ump_reallocate(request->headers, request->header_capacity, sizeof *request->headers);
	}
	request->headers[request->header_count++] =
		(struct ump_header){.name = {name, name_size}, .value = value ? (struct ump_text){value, value_size} : UMP_TEXT("")};
	return MHD_YES;
}

/* As sent, without scheme and authority where a client took us for a proxy (RFC 9112, 3.2.2). */
static struct ump_text origin_form(const char *url)
{
	struct ump_text path = ump_text(url);

	if (ump_text_starts_with_ignoring_case(path, UMP_TEXT("http://"))) {
		const char *slash = strchr(url + 7, '/');
		return slash ? ump_text(slash) : UMP_TEXT("/");
	}
	return path;
}

static struct ump_framing examine(struct ump_request *request, const char *version)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection->handle, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	const size_t head_size = info ? info->header_size : 0;

	/* MHD has room for more, which the answer needs. */
	if (head_size > (size_t)request->connection->server->options.max_header)
		return (struct ump_framing){431, "Request Header Fields Too Large", 0};
	if (request->header_count > UMP_HEADERS_MOST)
		return (struct ump_framing){431, "Too Many Header Fields", 0};

	/* MHD before 1.0 parses the header section in place and tolerates what must not be. */
	if (MHD_VERSION < 0x01000000) {
		const char *begin = version + strlen(version) + 2, *end = request->method.start + head_size;

		if (!ump_guard_is_contiguous(begin, request->headers, request->header_count, end))
			return (struct ump_framing){400, "a line of the header is folded, has a NUL, or does not end in CR LF", 0};
	}
	for (size_t i = 0; i < request->header_count; i++)
		request->headers[i].value = ump_text_trim(request->headers[i].value);
	for (size_t i = 0; i < request->path.size; i++) {
		if ((unsigned char)request->path.start[i] <= ' ' || request->path.start[i] == 0x7f)
			return (struct ump_framing){400, "the request's target has a space or a control character", 0};
	}
	return ump_guard_check(request->headers, request->header_count, strcmp(version, MHD_HTTP_VERSION_1_0) == 0);
}

static enum MHD_Result header_arrived(struct ump_server *server, struct connection *connection, const char *url, const char *method,
				      const char *version)
{
	struct ump_request *request = &connection->request;

	request->method = ump_text(method);
	request->path = origin_form(url);
	MHD_get_connection_values_n(connection->handle, MHD_HEADER_KIND, collect, request);
	request->started = connection->begun ? connection->begun : ump_loop_now(server->loop);
	connection->phase = RECEIVING;
	connection->since = ump_loop_now(server->loop);
	connection->stuck = 0;
	server->active++;

	struct ump_framing framing = examine(request, version);
	if (framing.status == 431) { /* past MHD, whose memory may be at its end */
		ump_connection_refuse(connection, 431, framing.wrong);
		return MHD_NO;
	}
	request->has_body = framing.has_body || framing.status;
	request->early = true;
	if (framing.status) {
		ump_request_problem(request, framing.status, "the request is ambiguous or not HTTP/1.1", framing.wrong, 0);
	} else if (!framing.chunked && framing.length > (uint64_t)server->options.max_body) {
		char detail[96];
		snprintf(detail, sizeof detail, "%llu bytes are declared; the limit is %lld", (unsigned long long)framing.length,
			 (long long)server->options.max_body);
		ump_request_problem(request, 413, "the body is too large", detail, 0);
	} else if (server->handler.begin) {
		request->shown = true;
		server->handler.begin(request, server->handler.context);
	}
	request->early = false;
	if (connection->phase == RECEIVING && framing.length > 0)
		ump_buffer_reserve(&request->body, framing.length < BODY_RESERVED ? (size_t)framing.length : BODY_RESERVED);
	return MHD_YES;
}

static enum MHD_Result body_arrived(struct ump_server *server, struct connection *connection, const char *upload, size_t *upload_size)
{
	struct ump_buffer *body = &connection->request.body;

	if (*upload_size > (size_t)server->options.max_body - body->size) {
		ump_connection_refuse(connection, 413, "Content Too Large");
		return MHD_NO;
	}
	ump_buffer_add(body, upload, *upload_size);
	*upload_size = 0;
	return MHD_YES;
}

static enum MHD_Result request_whole(struct ump_server *server, struct connection *connection)
{
	struct ump_request *request = &connection->request;

	if (request->held) {
		enum MHD_Result queued = MHD_queue_response(connection->handle, request->held_status, request->held);
		MHD_destroy_response(ump_steal(request->held));
		return queued;
	}
	connection->phase = HANDLING;
	connection->since = ump_loop_now(server->loop);
	request->shown = true;
	server->handler.handle(request, server->handler.context);
	if (connection->phase == HANDLING)
		ump_connection_suspend(connection, 0);
	return MHD_YES;
}

enum MHD_Result ump_request_arrived(void *server, struct MHD_Connection *handle, const char *url, const char *method, const char *version,
				    const char *upload, size_t *upload_size, void **request)
{
	struct connection *connection = *request;

	if (!connection) {
		connection = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
		if (connection->doomed)
			return MHD_NO;
		*request = connection;
		return header_arrived(server, connection, url, method, version);
	}
	if (connection->doomed)
		return MHD_NO;
	if (*upload_size > 0)
		return body_arrived(server, connection, upload, upload_size);
	return request_whole(server, connection);
}

/* The answer is sent, or the connection ends. */
void ump_request_completed(void *context, struct MHD_Connection *handle, void **request_context, enum MHD_RequestTerminationCode code)
{
	struct ump_server *server = context;
	struct connection *connection = *request_context;

	(void)handle, (void)code;
	if (!connection)
		return;
	struct ump_request *request = &connection->request;
	if (connection->phase != SENDING) {
		server->active--;
		if (request->shown && server->handler.gone)
			server->handler.gone(request, server->handler.context);
	}
	if (request->stream) {
		struct ump_error error;
		ump_stream_ended(ump_steal(request->stream));
		if (connection->hangup.added) /* the next request may come from a peer that closes its sending side behind it */
			(void)ump_watch_modify(server->loop, &connection->hangup, 0, &error);
	}
	ump_request_clear(request);
	connection->phase = WAITING;
	connection->since = ump_loop_now(server->loop);
	connection->begun = 0;
	connection->served = true;
}

void ump_request_clear(struct ump_request *request)
{
	for (size_t i = 0; i < request->decoded_count; i++)
		free(request->decoded[i]);
	free(request->decoded);
	request->decoded = NULL;
	request->decoded_count = 0;
	if (request->held)
		MHD_destroy_response(ump_steal(request->held));
	request->header_count = 0;
	if (request->body.capacity > BODY_KEPT)
		ump_buffer_release(&request->body);
	else
		ump_buffer_reset(&request->body);
	request->attached = NULL;
	request->shown = request->suspended = false;
}

/* ---- What the handler asks ---- */

struct ump_text ump_request_peer(const struct ump_request *request)
{
	struct connection *connection = request->connection;

	if (!connection->peer[0]) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection->handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
		ump_address_host(info->client_addr, connection->peer);
	}
	return ump_text(connection->peer);
}

static int hexadecimal(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What is no percent-encoding stays as it is. */
static size_t decode(char *text, size_t size)
{
	size_t out = 0;

	for (size_t i = 0; i < size; i++) {
		int high = text[i] == '%' && i + 2 < size ? hexadecimal(text[i + 1]) : -1;
		int low = high >= 0 ? hexadecimal(text[i + 2]) : -1;

		if (low >= 0) {
			text[out++] = (char)(high << 4 | low);
			i += 2;
		} else {
			text[out++] = text[i];
		}
	}
	return out;
}

struct ump_text ump_request_query(const struct ump_request *request, const char *name)
{
	struct ump_request *owner = &request->connection->request;
	const char *value = NULL;
	size_t size = 0;

	if (MHD_lookup_connection_value_n(request->connection->handle, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value, &size) == MHD_NO)
		return UMP_TEXT_NONE;
	if (!value)
		return UMP_TEXT("");
	if (!memchr(value, '%', size))
		return (struct ump_text){value, size};
	char *copy = ump_copy_bytes(value, size);
	owner->decoded = ump_reallocate(owner->decoded, owner->decoded_count + 1, sizeof *owner->decoded);
	owner->decoded[owner->decoded_count++] = copy;
	return (struct ump_text){copy, decode(copy, size)};
}
