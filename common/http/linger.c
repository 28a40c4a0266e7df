/* common/http/linger.c: closing without taking the answer back.
 *
 * When a socket is closed with unread bytes in it, or when bytes come after that, the kernel sends a reset, and the peer may lose the
 * answer that it has not read yet: a client that posts too much would see a broken connection instead of its 413. So our side is closed,
 * what comes is read and dropped, for a short time (RFC 9112, 9.6). A duplicate of the descriptor outlives MHD's. */
#include "common/http/server_private.h"
#include "common/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGERING_MOST 256 /* more are closed at once: whoever floods us does not wait for answers */
#define LINGERING_TIME (2 * UMP_SECOND)
#define DEAF_TIME      (500 * UMP_MILLISECOND)
#define READS_A_ROUND  16

struct lingering {
	struct ump_server *server;
	struct lingering *next, *previous;
	struct ump_watch watch;
	struct ump_timer timer;
	int fd;
};

static void end(struct lingering *lingering)
{
	struct ump_server *server = lingering->server;

	if (lingering->watch.added)
		ump_watch_remove(server->loop, &lingering->watch);
	ump_timer_cancel(server->loop, &lingering->timer);
	close(lingering->fd);
	if (lingering->next)
		lingering->next->previous = lingering->previous;
	if (lingering->previous)
		lingering->previous->next = lingering->next;
	else
		server->lingering = lingering->next;
	server->lingering_count--;
	free(lingering);
	ump_server_check_drained(server);
}

static void expired(void *context)
{
	end(context);
}

static void more_to_drop(void *context, uint32_t events)
{
	struct lingering *lingering = context;
	char dropped[16 * 1024];

	(void)events;
	for (int i = 0; i < READS_A_ROUND; i++) {
		ssize_t size = recv(lingering->fd, dropped, sizeof dropped, MSG_DONTWAIT);
		if (size <= 0) {
			if (size == 0 || (errno != EAGAIN && errno != EINTR))
				end(lingering);
			return;
		}
	}
}

void ump_linger_begin(struct ump_server *server, int fd, bool deaf)
{
	struct ump_error error;
	int copy = server->lingering_count < LINGERING_MOST ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	if (copy < 0)
		return;
	struct lingering *lingering = ump_allocate(1, sizeof *lingering);
	lingering->server = server;
	lingering->fd = copy;
	lingering->next = server->lingering;
	if (lingering->next)
		lingering->next->previous = lingering;
	server->lingering = lingering;
	server->lingering_count++;
	ump_timer_set(server->loop, &lingering->timer, ump_loop_now(server->loop) + (deaf ? DEAF_TIME : LINGERING_TIME), expired,
		      lingering);
	if (deaf)
		return;
	if (shutdown(copy, SHUT_WR) < 0 ||
	    ump_watch_add(server->loop, &lingering->watch, copy, EPOLLIN, more_to_drop, lingering, &error) < 0)
		end(lingering);
}

void ump_linger_end_all(struct ump_server *server)
{
	while (server->lingering)
		end(server->lingering);
}
