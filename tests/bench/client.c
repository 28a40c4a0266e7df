/* tests/bench/client.c: the floor. A bare epoll HTTP client that POSTs the same binary CloudEvent over N kept-alive connections, one
 * request under way on each: what HTTP/1.1 costs on this machine before anybody does anything useful.
 *
 *   bench-client --target PORT [--connections 32] [--events 500000] [--size 200]
 *
 * Prints one line of JSON: events, seconds, events a second, and microseconds of processor time for each event. */
#include "tests/bench/measure.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		perror("bench-client");
		exit(EX_UNAVAILABLE);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static int64_t started;

/* A request as the adapter would send it; the number in `id` is written anew for each. */
static size_t write_request(char *request, size_t room, int64_t number, int port, int size)
{
	int headers = snprintf(request, room,
			       "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
			       "ce-specversion: 1.0\r\nce-id: %012" PRId64 "\r\nce-source: /umpire/bench\r\nce-type: game.hits\r\n"
			       "ce-subject: p-0042\r\nce-partitionkey: p-0042\r\nce-time: 2026-01-01T00:00:00Z\r\n\r\n",
			       port, size, number);
	memset(request + headers, 'x', (size_t)size);
	return (size_t)headers + (size_t)size;
}

static void send_one(int fd, int64_t number, int port, int size)
{
	static char request[1 << 20];
	size_t length = write_request(request, sizeof request, number, port, size);
	if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) {
		perror("bench-client: send");
		exit(EX_UNAVAILABLE);
	}
}

static void report(int64_t events)
{
	double seconds = (double)(measure_now() - started) / 1e6;
	printf("{\"events\":%" PRId64 ",\"seconds\":%.6f,\"events_per_second\":%.0f,\"cpu_us_per_event\":%.3f}\n", events, seconds,
	       (double)events / seconds, (double)measure_cpu() / (double)events);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"target", required_argument, NULL, 't'},
						{"connections", required_argument, NULL, 'c'},
						{"events", required_argument, NULL, 'e'},
						{"size", required_argument, NULL, 's'},
						{0}};
	int port = 0, connections = 32, size = 200, option;
	int64_t events = 500000, sent = 0, answered = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			port = (int)measure_number("target", optarg, 65535);
		else if (option == 'c')
			connections = (int)measure_number("connections", optarg, 4096);
		else if (option == 'e')
			events = measure_number("events", optarg, INT64_MAX);
		else if (option == 's')
			size = (int)measure_number("size", optarg, 1 << 19);
		else
			return EX_USAGE;
	}
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	started = measure_now();
	for (int i = 0; i < connections && sent < events; i++, sent++) {
		int fd = connect_to(port);
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
		send_one(fd, sent, port, size);
	}
	while (answered < events) {
		struct epoll_event ready[256];
		int count = epoll_wait(epoll, ready, 256, -1);
		for (int i = 0; i < count; i++) {
			char answer[1024];
			/* The sink's answers are small and come whole. */
			ssize_t got = recv(ready[i].data.fd, answer, sizeof answer, 0);
			if (got < 12 || memcmp(answer, "HTTP/1.1 2", 10) != 0) {
				fprintf(stderr, "bench-client: expected a 2xx answer, got %zd bytes\n", got);
				return EX_PROTOCOL;
			}
			answered++;
			/* With nothing more to ask for, the connection's end is no answer that is missing. */
			if (sent < events)
				send_one(ready[i].data.fd, sent++, port, size);
			else
				close(ready[i].data.fd);
		}
	}
	report(events);
	return 0;
}
