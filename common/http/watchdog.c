/* common/http/watchdog.c: deadlines.
 *
 * One timer sweeps over the connections a few times within the shortest limit; so a request on a busy connection costs nothing for it. What
 * MHD does not tell (has a request begun? does the peer still take bytes?) is asked of the kernel with TCP_INFO, and only for connections
 * that have been in their phase since the last sweep. */
#include "common/http/server_private.h"
#include <linux/tcp.h>
#include <sys/ioctl.h>

/* Looks in a row after which a connection that is not read is given up. */
#define STUCK_SWEEPS 3

/* TCP_CLOSE_WAIT of netinet/tcp.h, which does not go with linux/tcp.h, whose tcp_info is the whole one. */
#define STATE_CLOSE_WAIT 8

#define PERIOD_SHORTEST (10 * UMP_MILLISECOND)
#define PERIOD_LONGEST  (500 * UMP_MILLISECOND)

/* Where all connections are taken, those that are only kept open make room after this. */
#define IDLE_WHEN_FULL UMP_SECOND

/* For a drain: a client that has just had an answer may be sending its next request, and one that has just connected, its first. */
#define DRAIN_AFTER_ANSWER  (100 * UMP_MILLISECOND)
#define DRAIN_AFTER_CONNECT UMP_SECOND

/* A peer that goes on sending one byte at a time hides the end of the connection from MHD, which reads once for each arrival: then both
 * directions are shut. */
#define REFUSED_STAYS UMP_SECOND

/* The kernel's times are in milliseconds, and made of its ticks. */
#define KERNEL_TICK (10 * UMP_MILLISECOND)

static bool ask_kernel(const struct connection *connection, struct tcp_info *info)
{
	socklen_t size = sizeof *info;

	*info = (struct tcp_info){0};
	return getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, info, &size) == 0;
}

static int64_t period(const struct ump_server *server)
{
	int64_t shortest = server->options.idle_us;

	if (server->options.request_deadline_us > 0 && server->options.request_deadline_us < shortest)
		shortest = server->options.request_deadline_us;
	shortest /= 8;
	if (server->draining || shortest < PERIOD_SHORTEST)
		return PERIOD_SHORTEST;
	return shortest < PERIOD_LONGEST ? shortest : PERIOD_LONGEST;
}

/* 408, and MHD is made to read the end of the connection, upon which it closes it. */
static void give_up(struct connection *connection)
{
	ump_connection_refuse(connection, 408, "Request Timeout");
	connection->deaf = true;
	shutdown(connection->fd, SHUT_RD);
}

static bool is_over(const struct ump_server *server, int64_t begun, int64_t now)
{
	return server->options.request_deadline_us > 0 && now - begun >= server->options.request_deadline_us;
}

/* Bytes that have come since the connection was opened, or since its last request was whole, are the beginning of a request. */
static void notice_begin(struct connection *connection, const struct tcp_info *info, int64_t now)
{
	if (info->tcpi_bytes_received == 0)
		return;
	int64_t last = now - (int64_t)info->tcpi_last_data_recv * UMP_MILLISECOND;
	if (!connection->served || last > connection->since + KERNEL_TICK)
		connection->begun = last > connection->since ? last : connection->since;
}

static int64_t idle_limit(const struct connection *connection)
{
	const struct ump_server *server = connection->server;

	if (server->draining)
		return connection->served ? DRAIN_AFTER_ANSWER : DRAIN_AFTER_CONNECT;
	if (!server->arrivals.added && server->options.idle_us > IDLE_WHEN_FULL)
		return IDLE_WHEN_FULL;
	return server->options.idle_us;
}

/* Whether bytes have come that MHD has not taken. */
static bool has_unread(const struct connection *connection)
{
	int size;

	return ioctl(connection->fd, FIONREAD, &size) == 0 && size > 0;
}

/* Ends it whatever MHD does: its own timeout, of one second, is all that it looks at where it neither reads nor writes. */
static void end_by_force(struct connection *connection)
{
	shutdown(connection->fd, SHUT_RDWR);
	MHD_set_connection_option(connection->handle, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
	ump_server_wake(connection->server);
}

/* MHD before 1.0 spins on a line between chunks that is longer than its memory: it says "again, at once" and does not read. A process that
 * was stopped for a while finds unread bytes too, hence more than one look. */
static bool is_stuck(struct connection *connection)
{
	bool stays = has_unread(connection) && (connection->stuck == 0 || connection->request.body.size == connection->got);

	connection->got = connection->request.body.size;
	connection->stuck = stays ? connection->stuck + 1 : 0;
	return connection->stuck >= STUCK_SWEEPS;
}

static void give_back(struct connection *connection)
{
	connection->doomed = true;
	shutdown(connection->fd, SHUT_RDWR);
}

static void check_receiving(struct connection *connection, int64_t now)
{
	if (is_over(connection->server, connection->request.started, now)) {
		give_up(connection);
	} else if (is_stuck(connection)) {
		ump_connection_refuse(connection, 400, "Bad Request");
		end_by_force(connection);
	}
}

static void check_idle(struct connection *connection, int64_t now)
{
	if (connection->begun) {
		if (is_over(connection->server, connection->begun, now))
			give_up(connection);
	} else if (now - connection->since >= idle_limit(connection)) {
		give_back(connection);
	}
}

/* For a request, or for the rest of one. */
static void check_waiting(struct connection *connection, int64_t now)
{
	struct tcp_info info;
	bool known = ask_kernel(connection, &info);

	/* MHD does not see the end of what the peer sends where it came with the last bytes: it has no edge of its own then. */
	if (known && info.tcpi_state == STATE_CLOSE_WAIT && !has_unread(connection)) {
		give_back(connection);
	} else if (connection->phase == RECEIVING) {
		check_receiving(connection, now);
	} else {
		if (known && !connection->begun)
			notice_begin(connection, &info, now);
		check_idle(connection, now);
	}
}

/* A peer that takes nothing for as long as an idle connection may live is given up. */
static void check_sending(struct connection *connection, int64_t now)
{
	struct tcp_info info;

	if (connection->request.suspended || !ask_kernel(connection, &info) || info.tcpi_bytes_acked != connection->acked) {
		connection->acked = connection->request.suspended ? 0 : info.tcpi_bytes_acked;
		connection->moved = now;
	} else if (now - connection->moved >= connection->server->options.idle_us) {
		give_back(connection);
	}
}

void ump_watchdog_sweep(void *context)
{
	struct ump_server *server = context;
	const int64_t now = ump_loop_now(server->loop), pause = period(server);

	for (struct connection *connection = server->connections; connection; connection = connection->next) {
		if (connection->refused && now - connection->refused >= REFUSED_STAYS)
			end_by_force(connection);
		if (connection->doomed || now - connection->since < pause)
			continue;
		if (connection->phase == WAITING || connection->phase == RECEIVING)
			check_waiting(connection, now);
		else if (connection->phase == SENDING)
			check_sending(connection, now);
	}
	if (server->connections)
		ump_timer_set(server->loop, &server->watchdog, now + pause, ump_watchdog_sweep, server);
}

void ump_watchdog_start(struct ump_server *server)
{
	if (server->draining || !ump_timer_is_set(&server->watchdog))
		ump_timer_set(server->loop, &server->watchdog, ump_loop_now(server->loop) + period(server), ump_watchdog_sweep, server);
}
