/* common/http/server.c: the listening socket, the connections and their end.
 *
 * libmicrohttpd (MHD) speaks HTTP; everything that concerns time, numbers and the order of things is ours, since its own means do not fit:
 *
 * - MHD runs without threads. Its epoll descriptor sits in our loop, and MHD_run() is called when that is readable or when we have resumed
 *   a connection. MHD has no timeouts here but those that the watchdog sets (and comes back for), so MHD_get_timeout() says "again, at
 * once" or nothing of interest.
 * - We accept. MHD at its limit of descriptors either spins or waits for one of its own connections to end; and it can stop accepting, but
 *   not leave a listening socket to the next process.
 * - Deadlines are in watchdog.c: MHD's timeout starts anew with each byte.
 * - A request that is not answered inside `handle` has its connection suspended: MHD then neither reads nor writes, nor notices that the
 *   peer has gone. We watch the socket for that (`hangup`), have MHD resume it, and refuse when it asks.
 *
 * All of MHD's callbacks come from inside MHD_run() (or MHD_add_connection() and MHD_stop_daemon()), hence on the loop's thread. */
#include "common/http/server_private.h"
#include "common/memory.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ACCEPT_BATCH  64                      /* a round: a flood of connections must not starve the requests */
#define ACCEPT_PAUSE  (100 * UMP_MILLISECOND) /* after the process ran out of descriptors */
#define DEFAULT_IDLE  (60 * UMP_SECOND)
#define TURNS_A_ROUND 4

#define DEFAULT_HEADER ((int64_t)24 * 1024)

/* MHD's memory for a connection holds, beside the request's head, the list of its fields, a buffer for the body (half of what is left, as
 * it takes it) and the head of the answer. MHD clears all of it after each request: 20 ns a KiB. */
#define HEADER_SURPLUS (UMP_HEADERS_MOST * 64 + 2 * UMP_ANSWER_HEAD_MOST)

static void accept_again(void *context);

static void turn(void *context)
{
	struct ump_server *server = context;
	MHD_UNSIGNED_LONG_LONG timeout;

	for (int i = 0; i < TURNS_A_ROUND; i++) {
		MHD_run(server->daemon);
		if (server->arriving > 0) { /* whom it has not told of by now, it could not take */
			server->arriving = 0;
			accept_again(server);
			ump_server_check_drained(server);
		}
		if (MHD_get_timeout(server->daemon, &timeout) == MHD_NO || timeout > 0)
			return;
	}
	ump_server_wake(server);
}

static void daemon_ready(void *context, uint32_t events)
{
	(void)events;
	turn(context);
}

void ump_server_wake(struct ump_server *server)
{
	ump_loop_defer(server->loop, &server->turn, turn, server);
}

static void farewell(void *context)
{
	struct ump_server *server = context;
	void (*drained)(void *context) = server->drained;

	server->drained = NULL;
	drained(server->drained_context);
}

void ump_server_check_drained(struct ump_server *server)
{
	if (server->draining && server->drained && server->connection_count == 0 && server->arriving == 0 && server->lingering_count == 0)
		ump_loop_defer(server->loop, &server->farewell, farewell, server);
}

static void connection_opened(struct ump_server *server, struct MHD_Connection *handle, void **context)
{
	struct connection *connection = ump_allocate(1, sizeof *connection);

	connection->server = server;
	connection->handle = handle;
	connection->fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	connection->request.connection = connection;
	connection->since = ump_loop_now(server->loop);
	connection->next = server->connections;
	if (connection->next)
		connection->next->previous = connection;
	server->connections = connection;
	server->connection_count++;
	if (server->arriving > 0)
		server->arriving--;
	*context = connection;
}

/* The socket is still open here: MHD closes it after this. */
static void connection_closed(struct ump_server *server, struct connection *connection)
{
	if (connection->hangup.added)
		ump_watch_remove(server->loop, &connection->hangup);
	if (connection->linger)
		ump_linger_begin(server, connection->fd, connection->deaf);
	if (connection->next)
		connection->next->previous = connection->previous;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	server->connection_count--;
	ump_request_clear(&connection->request);
	free(connection->request.headers);
	ump_buffer_release(&connection->request.body);
	free(connection);
	accept_again(server);
	ump_server_check_drained(server);
}

static void connection_changed(void *server, struct MHD_Connection *handle, void **context, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connection_opened(server, handle, context);
	else if (*context)
		connection_closed(server, *context);
}

/* ---- Accepting ---- */

static bool is_full(const struct ump_server *server)
{
	return (int64_t)(server->connection_count + server->arriving) >= server->options.max_connections;
}

/* Returns false when there is nothing more to accept for now. */
static bool accept_one(struct ump_server *server)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int fd = accept4(server->socket, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		/* The connection stays in the queue and the socket readable: without a pause this would spin. */
		if (server->arrivals.added)
			ump_watch_remove(server->loop, &server->arrivals);
		ump_timer_set(server->loop, &server->reprieve, ump_loop_now(server->loop) + ACCEPT_PAUSE, accept_again, server);
		return false;
	}
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR || errno == EPROTO;

	const size_t before = server->connection_count;
	/* MHD closes the descriptor when it cannot take it. */
	if (MHD_add_connection(server->daemon, fd, (struct sockaddr *)&address, size) == MHD_YES) {
		server->arriving += server->connection_count == before;
		ump_watchdog_start(server);
		ump_server_wake(server);
	}
	return true;
}

static void arrived(void *context, uint32_t events)
{
	struct ump_server *server = context;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH && !is_full(server); i++) {
		if (!accept_one(server))
			return;
	}
	if (is_full(server) && server->arrivals.added)
		ump_watch_remove(server->loop, &server->arrivals);
}

static void accept_again(void *context)
{
	struct ump_server *server = context;
	struct ump_error error;

	if (server->socket < 0 || server->draining || server->arrivals.added || is_full(server))
		return;
	if (ump_watch_add(server->loop, &server->arrivals, server->socket, EPOLLIN, arrived, server, &error) < 0)
		ump_timer_set(server->loop, &server->reprieve, ump_loop_now(server->loop) + ACCEPT_PAUSE, accept_again, server);
}

/* ---- Begin and end ---- */

/* MHD decodes the path in place and forgets what was sent. */
static size_t leave_escapes(void *context, struct MHD_Connection *handle, char *text)
{
	(void)context, (void)handle;
	return strlen(text);
}

static int start_daemon(struct ump_server *server, struct ump_error *error)
{
	const unsigned flags = MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET;
	/* More than we accept: MHD counts a connection until it has cleaned up behind it. */
	const intptr_t limit = (intptr_t)server->options.max_connections + ACCEPT_BATCH;
	const struct MHD_OptionItem items[] = {
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)ump_request_completed, server},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_changed, server},
		{MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escapes, server},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)server->options.max_header + HEADER_SURPLUS, NULL},
		{MHD_OPTION_CONNECTION_LIMIT, limit, NULL},
#if MHD_VERSION >= 0x01000000
		{MHD_OPTION_CLIENT_DISCIPLINE_LVL, 2, NULL}, /* no folded lines, no bare LF: what guard.h does for older ones */
#endif
		{MHD_OPTION_END, 0, NULL}
	};

	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, ump_request_arrived, server, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (!server->daemon)
		return ump_fail(error, UMP_FATAL, "%s: the HTTP server does not start: %s", server->address, strerror(errno));
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return ump_fail(error, UMP_FATAL, "this libmicrohttpd was built without epoll");
	return ump_watch_add(server->loop, &server->readiness, info->epoll_fd, EPOLLIN, daemon_ready, server, error);
}

int ump_server_new(struct ump_server **ret_server, struct ump_loop *loop, const struct ump_server_options *options,
		   const struct ump_server_handler *handler, struct ump_error *error)
{
	struct ump_server *server = ump_allocate(1, sizeof *server);

	assert(options->max_connections > 0 && options->max_connections <= 1000000 && options->max_body >= 0);
	server->loop = loop;
	server->options = *options;
	server->options.listen = NULL; /* borrowed */
	if (server->options.max_header <= 0)
		server->options.max_header = DEFAULT_HEADER;
	if (server->options.idle_us <= 0)
		server->options.idle_us = DEFAULT_IDLE;
	server->handler = *handler;
	server->socket = options->socket >= 0 ? options->socket : ump_listen(options->listen, error);
	/* Whoever passed it may have it blocking: then accept4() would hold the loop once the queue is empty. */
	if (options->socket >= 0 && fcntl(server->socket, F_SETFL, fcntl(server->socket, F_GETFL) | O_NONBLOCK) < 0) {
		ump_fail(error, UMP_FATAL, "the passed socket %d: %m", options->socket);
		ump_server_free(server);
		return -1;
	}
	if (server->socket < 0 || ump_listen_address(server->socket, server->address, error) < 0 || start_daemon(server, error) < 0 ||
	    ump_watch_add(loop, &server->arrivals, server->socket, EPOLLIN, arrived, server, error) < 0) {
		ump_server_free(server);
		return -1;
	}
	server->empty = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
	assert(server->empty);
	*ret_server = server;
	return 0;
}

static void stop_accepting(struct ump_server *server)
{
	if (server->arrivals.added)
		ump_watch_remove(server->loop, &server->arrivals);
	ump_timer_cancel(server->loop, &server->reprieve);
	if (server->socket >= 0)
		close(server->socket);
	server->socket = -1;
}

void ump_server_free(struct ump_server *server)
{
	if (!server)
		return;
	server->draining = true;
	server->drained = NULL;
	stop_accepting(server);
	if (server->readiness.added)
		ump_watch_remove(server->loop, &server->readiness);
	if (server->daemon) {
		/* MHD ends the process when it is stopped while a connection is suspended. */
		for (struct connection *connection = server->connections; connection; connection = connection->next) {
			connection->doomed = true;
			connection->linger = false;
			ump_connection_resume(connection);
		}
		MHD_stop_daemon(server->daemon);
	}
	ump_linger_end_all(server);
	ump_timer_cancel(server->loop, &server->watchdog);
	ump_loop_cancel(server->loop, &server->turn);
	ump_loop_cancel(server->loop, &server->farewell);
	if (server->empty)
		MHD_destroy_response(server->empty);
	free(server);
}

void ump_server_drain(struct ump_server *server, void (*drained)(void *context), void *context)
{
	if (server->draining)
		return;

	/* Who is in our own queue has connected already and would be reset; a passed socket's queue is for whoever serves it next. */
	while (server->options.socket < 0 && !is_full(server) && accept_one(server))
		;
	stop_accepting(server);
	server->draining = true;
	server->drained = drained;
	server->drained_context = context;
	for (struct connection *connection = server->connections; connection; connection = connection->next) {
		if (connection->request.stream)
			ump_stream_close(connection->request.stream);
	}
	ump_server_wake(server); /* requests that have arrived, but that MHD has not read yet */
	ump_watchdog_start(server);
	ump_server_check_drained(server);
}

const char *ump_server_address(const struct ump_server *server)
{
	return server->address;
}

size_t ump_server_active(const struct ump_server *server)
{
	return server->active;
}
