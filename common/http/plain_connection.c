/* common/http/plain_connection.c: one connection: connect, send a request, read its response.
 *
 * On a warm connection an exchange is one sendmsg() and one recv(): the request is sent from inside the call, what one read brings is
 * parsed where it lies, and only an answer that comes in pieces is copied. */
#include "common/http/plain_private.h"
#include "common/memory.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define CONNECTION_EVENTS ((uint32_t)(EPOLLIN | EPOLLRDHUP))

static void ready(void *context, uint32_t events);

/* ---- The end ---- */

/* Takes it from everywhere. A call on it is the caller's to look after. */
void ump_plain_close(struct plain_connection *connection)
{
	struct plain_client *client = connection->client;
	struct plain_connection **idle = &connection->target->idle;

	while (*idle && *idle != connection)
		idle = &(*idle)->below;
	if (*idle) {
		*idle = connection->below;
		client->idle_count--;
	}
	if (connection->watch.added) {
		ump_watch_remove(client->loop, &connection->watch);
		close(connection->watch.fd);
	}
	ump_timer_cancel(client->loop, &connection->timer);
	if (connection->next)
		connection->next->previous = connection->previous;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		client->connections = connection->next;
	client->connection_count--;
	if (connection->call)
		connection->call->connection = NULL;
	ump_response_release(&connection->response);
	free(connection);
}

static void fail(struct plain_connection *connection, const char *failure)
{
	struct plain_client *client = connection->client;
	struct plain_call *call = connection->call;

	ump_plain_close(connection);
	ump_plain_fail(call, failure);
	ump_plain_dispatch(client);
}

/* A connection that was used before may have been closed by the peer while our request was on its way. Where not a byte of an answer came,
 * the request is sent once more, on a new one: the caller's promise is "at least once" (see client.h). */
static void ended(struct plain_connection *connection, const char *failure)
{
	struct plain_client *client = connection->client;
	struct plain_call *call = connection->call;

	if (!connection->used || connection->response.begun || call->retried) {
		fail(connection, failure);
		return;
	}
	ump_plain_close(connection);
	ump_plain_retry(call);
	ump_plain_dispatch(client);
}

/* ---- An exchange ---- */

/* The answer is there. The connection is free for the next call before the owner of this one is told, so that a call from inside `done`
 * finds it; therefore buffers that the reply points into are taken out of it first. */
static void answered(struct plain_connection *connection, bool unread)
{
	struct plain_client *client = connection->client;
	struct plain_call *call = connection->call;
	struct ump_response *response = &connection->response;
	const struct ump_reply reply = {.status = response->status,
					.headers = response->headers,
					.header_count = response->header_count,
					.body = response->body,
					.truncated = response->truncated};
	struct ump_buffer head = response->head, kept = response->kept;
	const bool alive = response->keep_alive && !unread && !connection->sending;

	response->head = response->kept = (struct ump_buffer){0};
	connection->call = NULL;
	call->connection = NULL;
	if (alive) {
		connection->used = true;
		connection->idle_since = ump_loop_now(client->loop);
		connection->below = connection->target->idle;
		connection->target->idle = connection;
		client->idle_count++;
	} else {
		ump_plain_close(connection);
		connection = NULL;
	}
	ump_plain_dispatch(client);
	ump_plain_finished(call, &reply);
	ump_buffer_release(&head);
	ump_buffer_release(&kept);
}

static void receive(struct plain_connection *connection)
{
	struct plain_client *client = connection->client;
	ssize_t size = recv(connection->watch.fd, client->scratch, sizeof client->scratch, 0);
	enum ump_reading reading;
	size_t used = 0;

	if (size < 0 && errno != EAGAIN && errno != EINTR)
		ended(connection, UMP_RESPONSE_ENDED(&connection->response));
	if (size < 0)
		return;
	if (size > 0)
		reading = ump_response_feed(&connection->response, (struct ump_text){client->scratch, (size_t)size}, &used);
	else
		reading = ump_response_end(&connection->response);
	if (reading == UMP_READ_DONE)
		answered(connection, used != (size_t)size);
	else if (reading == UMP_READ_BROKEN && size > 0)
		fail(connection, connection->response.wrong);
	else if (reading == UMP_READ_BROKEN)
		ended(connection, connection->response.wrong);
}

static void want(struct plain_connection *connection, uint32_t events)
{
	struct ump_error error;

	if (connection->watch.events != events && ump_watch_modify(connection->client->loop, &connection->watch, events, &error) < 0)
		fail(connection, "no more memory in the kernel");
}

/* What cannot be sent because the peer has closed shows when its answer is read: it may have one. */
static void send_more(struct plain_connection *connection)
{
	const struct plain_call *call = connection->call;
	const size_t head = call->head.size, all = head + call->body.size;
	struct iovec pieces[2] = {{call->head.start, head}, {(void *)call->body.start, call->body.size}};
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = call->body.size ? 2 : 1};

	if (connection->sent >= head) {
		pieces[1].iov_base = (char *)pieces[1].iov_base + (connection->sent - head);
		pieces[1].iov_len = all - connection->sent;
		message.msg_iov = &pieces[1];
		message.msg_iovlen = 1;
	} else if (connection->sent > 0) {
		pieces[0].iov_base = call->head.start + connection->sent;
		pieces[0].iov_len = head - connection->sent;
	}
	ssize_t size = sendmsg(connection->watch.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	bool again = size < 0 && (errno == EAGAIN || errno == EINTR);
	if (size > 0)
		connection->sent += (size_t)size;
	connection->sending = connection->sent < all;
	want(connection, connection->sending && (again || size >= 0) ? CONNECTION_EVENTS | EPOLLOUT : CONNECTION_EVENTS);
}

/* On a connection that is free. May end the call soon, but never at once. */
void ump_plain_begin(struct plain_connection *connection, struct plain_call *call)
{
	connection->call = call;
	call->connection = connection;
	connection->sent = 0;
	ump_response_reset(&connection->response);
	connection->response.headers = connection->client->headers;
	connection->response.max_head = UMP_REPLY_HEADERS;
	connection->response.max_body = call->max_reply;
	connection->response.max_surplus = UMP_REPLY_SURPLUS;
	connection->response.to_head = call->to_head;
	if (connection->connected)
		send_more(connection);
}

/* ---- Connecting ---- */

static void next_address(struct plain_connection *connection);

static void drop_attempt(struct plain_connection *connection, const char *failure)
{
	struct plain_client *client = connection->client;

	connection->failure = failure;
	connection->address++;
	ump_watch_remove(client->loop, &connection->watch);
	close(connection->watch.fd);
	ump_timer_cancel(client->loop, &connection->timer);
	next_address(connection);
}

static void attempt_expired(void *context)
{
	drop_attempt(context, "timeout while connecting");
}

static const char *connect_failure(int number)
{
	return number == ECONNREFUSED ? "connection refused" : number == ETIMEDOUT ? "timeout while connecting" : "no connection";
}

static void next_address(struct plain_connection *connection)
{
	struct plain_client *client = connection->client;
	const struct ump_addresses *addresses = &connection->target->addresses;
	const int on = 1;
	struct ump_error error;

	for (; connection->address < addresses->count; connection->address++) {
		const struct sockaddr_in6 *address = &addresses->list[connection->address];
		socklen_t size = address->sin6_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof *address;
		int fd = socket(address->sin6_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0) {
			connection->failure = errno == EMFILE || errno == ENFILE ? "no file descriptor is left" : "no connection";
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
		if (connect(fd, (const struct sockaddr *)address, size) < 0 && errno != EINPROGRESS)
			connection->failure = connect_failure(errno);
		else if (ump_watch_add(client->loop, &connection->watch, fd, EPOLLOUT, ready, connection, &error) < 0)
			connection->failure = "no more memory in the kernel";
		else {
			ump_timer_set(client->loop, &connection->timer, ump_loop_now(client->loop) + client->connect_timeout_us,
				      attempt_expired, connection);
			return;
		}
		close(fd);
	}
	connection->target->resolved_at = INT64_MIN / 2; /* perhaps the name has moved */
	fail(connection, connection->failure);
}

/* Opens a connection for this call. The target's addresses must be known. */
void ump_plain_open(struct plain_target *target, struct plain_call *call)
{
	struct plain_client *client = target->client;
	struct plain_connection *connection = ump_allocate(1, sizeof *connection);

	connection->client = client;
	connection->target = target;
	connection->failure = "no connection";
	client->connection_count++;
	connection->next = client->connections;
	if (connection->next)
		connection->next->previous = connection;
	client->connections = connection;
	ump_plain_begin(connection, call);
	next_address(connection);
}

static void check_connected(struct plain_connection *connection)
{
	int number = 0;
	socklen_t size = sizeof number;

	if (getsockopt(connection->watch.fd, SOL_SOCKET, SO_ERROR, &number, &size) < 0 || number != 0) {
		drop_attempt(connection, connect_failure(number));
		return;
	}
	ump_timer_cancel(connection->client->loop, &connection->timer);
	connection->connected = true;
	send_more(connection);
}

static void ready(void *context, uint32_t events)
{
	struct plain_connection *connection = context;

	if (!connection->connected) {
		check_connected(connection);
	} else if (!connection->call) { /* idle: the peer has closed it, or says what nobody asked for */
		struct plain_client *client = connection->client;
		ump_plain_close(connection);
		ump_plain_dispatch(client);
	} else if (events & ~(uint32_t)EPOLLOUT) {
		receive(connection);
	} else {
		send_more(connection);
	}
}
