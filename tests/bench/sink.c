/* tests/bench/sink.c: an HTTP sink on a bare epoll loop, so that it costs as little as a sink can.
 *
 *   bench-sink [--delay-us N] [--until EVENTS] [--listen PORT]
 *
 * Answers every request with 202, after the delay. Prints "listening 127.0.0.1:PORT", and at SIGUSR1, at SIGTERM and after EVENTS one line
 * of JSON: requests, events (those in batches too), when the first and the last came, how many came in each tenth of a second, and from the
 * attribute `sent` (microseconds of the monotonic clock) how long events were on their way. Understands what our own clients send and no
 * more: requests with Content-Length, headers up to 16 KiB. */
#include "tests/bench/measure.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

enum { HEADERS = 16384, TENTHS = 36000, EVENTS_AT_ONCE = 256 };

struct peer {
	int fd;
	bool closed;  /* freed when no answer is due to it */
	size_t size;  /* bytes of the headers under way */
	int64_t body; /* bytes of the body that are still to come */
	bool in_body, batch;
	char bytes[HEADERS + 1];
	unsigned matched; /* of SPECVERSION, at the end of what came of a batch */

	int64_t due;       /* when the answer is sent */
	struct peer *next; /* with an answer due, in that order */
	bool waiting;
	struct peer *older, *newer; /* of all */
};

static struct {
	int epoll, listener, signals;
	int64_t delay_us, until;
	struct peer *first, *last; /* with an answer due */
	struct peer *newest;
	uint64_t requests, events, connections;
	int64_t first_at, last_at;
	uint32_t tenths[TENTHS];
	struct histogram way;
	bool ended;
} sink;

static void report(void)
{
	printf("{\"requests\":%" PRIu64 ",\"events\":%" PRIu64 ",\"connections\":%" PRIu64 ",\"first_us\":%" PRId64 ",\"last_us\":%" PRId64
	       ",\"cpu_us\":%" PRId64 ",\"way\":",
	       sink.requests, sink.events, sink.connections, sink.first_at, sink.last_at, measure_cpu());
	histogram_print(&sink.way, stdout);
	printf(",\"tenths\":[");
	int64_t count = sink.requests ? (sink.last_at - sink.first_at) / 100000 + 1 : 0;
	for (int64_t i = 0; i < count && i < TENTHS; i++)
		printf("%s%" PRIu32, i ? "," : "", sink.tenths[i]);
	printf("]}\n");
	fflush(stdout);
}

static void count_events(uint64_t events)
{
	int64_t now = measure_now();
	if (sink.events == 0 && events > 0)
		sink.first_at = now;
	sink.last_at = now;
	sink.events += events;
	int64_t tenth = (now - sink.first_at) / 100000;
	if (tenth < TENTHS)
		sink.tenths[tenth] += (uint32_t)events;
}

static void forget(struct peer *peer)
{
	if (peer->older)
		peer->older->newer = peer->newer;
	*(peer->newer ? &peer->newer->older : &sink.newest) = peer->older;
	free(peer);
}

static void drop(struct peer *peer)
{
	if (!peer->closed)
		close(peer->fd);
	peer->closed = true;
	if (!peer->waiting)
		forget(peer);
}

static void answer(struct peer *peer)
{
	static const char text[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
	sink.requests++;
	if (send(peer->fd, text, sizeof text - 1, MSG_NOSIGNAL) != sizeof text - 1)
		shutdown(peer->fd, SHUT_RDWR); /* the loop sees the end and drops it */
	if (sink.until && sink.events >= (uint64_t)sink.until)
		sink.ended = true;
}

static void answer_later(struct peer *peer)
{
	peer->due = measure_now() + sink.delay_us;
	peer->waiting = true;
	peer->next = NULL;
	*(sink.last ? &sink.last->next : &sink.first) = peer;
	sink.last = peer;
}

/* Answers what is due; returns how long the loop may sleep, in milliseconds. */
static int answer_due(void)
{
	while (sink.first) {
		struct peer *peer = sink.first;
		int64_t left = peer->due - measure_now();
		if (left > 0)
			return (int)((left + 999) / 1000);
		sink.first = peer->next;
		sink.last = sink.first ? sink.last : NULL;
		peer->waiting = false;
		if (peer->closed)
			forget(peer);
		else
			answer(peer);
	}
	return -1;
}

/* How many events of a batch are in these bytes, which may start or end within the word. */
static uint64_t count_specversions(struct peer *peer, const char *bytes, size_t size)
{
	static const char word[] = "\"specversion\"";
	uint64_t count = 0;
	for (size_t i = 0; i < size; i++) {
		peer->matched = bytes[i] == word[peer->matched] ? peer->matched + 1 : bytes[i] == '"';
		if (peer->matched == sizeof word - 1) {
			count++;
			peer->matched = 0;
		}
	}
	return count;
}

static const char *header(const struct peer *peer, const char *name)
{
	const char *found = strcasestr(peer->bytes, name);
	return found ? found + strlen(name) : NULL;
}

/* The headers are complete. */
static void begin(struct peer *peer)
{
	const char *length = header(peer, "\r\ncontent-length:"), *sent = header(peer, "\r\nce-sent:");
	const char *type = header(peer, "\r\ncontent-type:");
	peer->body = length ? strtoll(length, NULL, 10) : 0;
	peer->batch = type && strncasecmp(type + strspn(type, " "), "application/cloudevents-batch", 29) == 0;
	peer->in_body = true;
	peer->matched = 0;
	if (sent)
		histogram_add(&sink.way, measure_now() - strtoll(sent, NULL, 10));
	if (!peer->batch)
		count_events(1);
}

static size_t take_headers(struct peer *peer, const char *bytes, size_t size)
{
	size_t room = HEADERS - peer->size, taken = size < room ? size : room, before = peer->size;
	memcpy(peer->bytes + peer->size, bytes, taken);
	peer->size += taken;
	peer->bytes[peer->size] = '\0';
	const char *end = strstr(peer->bytes + (before > 3 ? before - 3 : 0), "\r\n\r\n");
	if (!end)
		return peer->size == HEADERS ? SIZE_MAX : taken;
	size_t used = (size_t)(end + 4 - peer->bytes) - before;
	peer->bytes[end + 2 - peer->bytes] = '\0';
	begin(peer);
	return used;
}

static bool take(struct peer *peer, const char *bytes, size_t size)
{
	while (size > 0 || (peer->in_body && peer->body == 0)) {
		size_t used;
		if (!peer->in_body) {
			used = take_headers(peer, bytes, size);
			if (used == SIZE_MAX)
				return false;
		} else {
			used = (int64_t)size < peer->body ? size : (size_t)peer->body;
			if (peer->batch)
				count_events(count_specversions(peer, bytes, used));
			peer->body -= (int64_t)used;
			if (peer->body == 0) {
				peer->in_body = false;
				peer->size = 0;
				if (sink.delay_us)
					answer_later(peer);
				else
					answer(peer);
			}
		}
		bytes += used;
		size -= used;
	}
	return true;
}

static void read_peer(struct peer *peer)
{
	static char bytes[1 << 18];
	ssize_t got = recv(peer->fd, bytes, sizeof bytes, 0);
	if (got <= 0 || !take(peer, bytes, (size_t)got))
		drop(peer);
}

static void accept_peer(void)
{
	int one = 1, fd = accept4(sink.listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		abort();
	peer->fd = fd;
	peer->older = sink.newest;
	if (sink.newest)
		sink.newest->newer = peer;
	sink.newest = peer;
	sink.connections++;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	epoll_ctl(sink.epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = peer});
}

static void open_all(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	sigset_t signals;
	int one = 1;

	sink.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(sink.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(sink.listener, (struct sockaddr *)&address, size) < 0 || listen(sink.listener, 1024) < 0 ||
	    getsockname(sink.listener, (struct sockaddr *)&address, &size) < 0) {
		perror("bench-sink");
		exit(EX_OSERR);
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sink.signals = signalfd(-1, &signals, SFD_CLOEXEC);
	sink.epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(sink.epoll, EPOLL_CTL_ADD, sink.listener, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &sink.listener});
	epoll_ctl(sink.epoll, EPOLL_CTL_ADD, sink.signals, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &sink.signals});
	printf("listening 127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
}

static void read_signal(void)
{
	struct signalfd_siginfo signal;
	if (read(sink.signals, &signal, sizeof signal) != sizeof signal)
		return;
	if (signal.ssi_signo == SIGUSR1)
		report();
	else
		sink.ended = true;
}

static void handle_events(int timeout)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(sink.epoll, events, EVENTS_AT_ONCE, timeout);
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == &sink.listener)
			accept_peer();
		else if (events[i].data.ptr == &sink.signals)
			read_signal();
		else
			read_peer(events[i].data.ptr);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"delay-us", required_argument, NULL, 'd'},
						{"until", required_argument, NULL, 'u'},
						{"listen", required_argument, NULL, 'l'},
						{0}};
	int option, index, port = 0;

	while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (option == 'd')
			sink.delay_us = measure_number("delay-us", optarg, 60000000);
		else if (option == 'u')
			sink.until = measure_number("until", optarg, INT64_MAX);
		else if (option == 'l')
			port = (int)measure_number("listen", optarg, 65535);
		else
			return EX_USAGE;
	}
	open_all(port);
	while (!sink.ended) {
		int timeout = answer_due();
		if (!sink.ended)
			handle_events(timeout);
	}
	report();
	while (sink.newest)
		forget(sink.newest);
	return 0;
}
