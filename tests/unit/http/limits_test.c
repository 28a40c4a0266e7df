/* Time, numbers and the end: what the server does beside answering. */
#include "common/http/listen.h"
#include "common/memory.h"
#include "tests/unit/http/rig.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;
static struct ump_buffer in, head, body;

static void release(void)
{
	ump_buffer_release(&in);
	ump_buffer_release(&head);
	ump_buffer_release(&body);
	rig_close(&rig);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static double processor_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void drained(void *context)
{
	struct rig *it = context;

	cr_assert_not(it->drained, "once");
	it->drained = true;
}

/* ---- Deadlines ---- */

/* Sends `first`, then one byte of `drip` after the other, and returns after how long the server had enough. */
static int64_t drip_until_closed(int fd, const char *first, const char *drip, int64_t pause)
{
	int64_t begin = ump_loop_clock(), end = begin + 15 * UMP_SECOND;
	size_t next = 0;

	rig_send(fd, first);
	ump_buffer_reset(&in);
	while (rig_read(fd, &in) && ump_loop_clock() < end) {
		rig_turn(&rig, pause);
		if (drip[next])
			send(fd, &drip[next++], 1, MSG_NOSIGNAL);
	}
	return ump_loop_clock() - begin;
}

Test(limits, a_header_that_drips_ends_with_408)
{
	rig_open(&rig, (struct ump_server_options){.request_deadline_us = 300 * UMP_MILLISECOND});
	int fd = rig_connect(&rig);
	int64_t lasted = drip_until_closed(fd, "GET / HT", "TP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
					   50 * UMP_MILLISECOND);
	cr_expect_geq(lasted, 250 * UMP_MILLISECOND);
	cr_expect_lt(lasted, 3 * UMP_SECOND);
	cr_expect(strncmp(in.start, "HTTP/1.1 408 Request Timeout\r\n", 30) == 0);
	close(fd);
	release();
}

Test(limits, a_body_that_drips_ends_with_408)
{
	rig_open(&rig, (struct ump_server_options){.request_deadline_us = 300 * UMP_MILLISECOND});
	int fd = rig_connect(&rig);
	int64_t lasted = drip_until_closed(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
					   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 50 * UMP_MILLISECOND);
	cr_expect_geq(lasted, 250 * UMP_MILLISECOND);
	cr_expect_lt(lasted, 3 * UMP_SECOND);
	cr_expect(strncmp(in.start, "HTTP/1.1 408 ", 13) == 0);
	RIG_UNTIL(&rig, rig.gone == 1);
	cr_expect_eq(ump_server_active(rig.server), 0);
	close(fd);
	release();
}

Test(limits, many_that_drip_all_end)
{
	int fds[16], open = 16;

	rig_open(&rig, (struct ump_server_options){.request_deadline_us = 100 * UMP_MILLISECOND});
	for (int i = 0; i < 16; i++)
		rig_send(fds[i] = rig_connect(&rig), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
	int64_t end = ump_loop_clock() + 15 * UMP_SECOND;
	while (open > 0 && ump_loop_clock() < end) {
		rig_turn(&rig, 2 * UMP_MILLISECOND);
		for (int i = 0; i < 16; i++) {
			if (fds[i] < 0 || (send(fds[i], "x", 1, MSG_NOSIGNAL) == 1 && rig_read(fds[i], &in)))
				continue;
			close(fds[i]);
			fds[i] = -1;
			open--;
		}
	}
	cr_expect_eq(open, 0);
	RIG_UNTIL(&rig, rig.gone == 16);
	release();
}

Test(limits, a_request_begun_and_left_ends_also_behind_an_earlier_one)
{
	rig_open(&rig, (struct ump_server_options){.request_deadline_us = 300 * UMP_MILLISECOND});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 200);
	rig_turn(&rig, 50 * UMP_MILLISECOND);
	int64_t lasted = drip_until_closed(fd, "GET / HTTP", "", 10 * UMP_MILLISECOND);
	cr_expect_geq(lasted, 250 * UMP_MILLISECOND);
	cr_expect_lt(lasted, 3 * UMP_SECOND);
	cr_expect(strncmp(in.start, "HTTP/1.1 408 ", 13) == 0);
	close(fd);
	release();
}

Test(limits, an_idle_connection_outlives_the_deadline_and_ends_without_a_word)
{
	rig_open(&rig, (struct ump_server_options){.request_deadline_us = 50 * UMP_MILLISECOND, .idle_us = 400 * UMP_MILLISECOND});
	int fd = rig_connect(&rig), silent = rig_connect(&rig);
	rig_turn(&rig, 200 * UMP_MILLISECOND);
	rig_send(fd, GET("/"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 200);
	int64_t begin = ump_loop_clock();
	rig_until_closed(&rig, silent, &in);
	rig_until_closed(&rig, fd, &in);
	cr_expect_geq(ump_loop_clock() - begin, 300 * UMP_MILLISECOND);
	cr_expect_eq(in.size, 0);
	close(fd), close(silent);
	release();
}

Test(limits, a_held_request_has_no_deadline)
{
	rig_open(&rig, (struct ump_server_options){.request_deadline_us = 50 * UMP_MILLISECOND, .idle_us = 100 * UMP_MILLISECOND});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/later"));
	rig_turn(&rig, 400 * UMP_MILLISECOND);
	cr_assert_eq(rig.gone, 0);
	rig_reply(rig.held[0], 200, "at last");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 200);
	close(fd);
	release();
}

Test(limits, a_peer_that_takes_nothing_of_its_answer_is_given_up)
{
	int small = 4096;

	rig_open(&rig, (struct ump_server_options){.idle_us = 200 * UMP_MILLISECOND});
	int fd = rig_connect(&rig);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	rig_send(fd, GET("/big"));
	RIG_UNTIL(&rig, rig.handled == 1);
	rig_turn(&rig, 600 * UMP_MILLISECOND);
	ump_server_drain(rig.server, drained, &rig);
	RIG_UNTIL(&rig, rig.drained); /* there is no connection left, though nobody has read */
	close(fd);
	release();
}

/* ---- Numbers ---- */

Test(limits, two_hundred_connections_at_once)
{
	int fds[200];

	rig_open(&rig, (struct ump_server_options){0});
	for (int i = 0; i < 200; i++)
		rig_send(fds[i] = rig_connect(&rig), i % 2 ? GET("/later") : GET("/"));
	RIG_UNTIL(&rig, rig.handled == 200);
	for (size_t i = 0; i < 100; i++)
		rig_reply(rig.held[i], 200, "later");
	for (int i = 0; i < 200; i++) {
		ump_buffer_reset(&in);
		cr_assert_eq(rig_answer(&rig, fds[i], &in, NULL, NULL), 200);
		close(fds[i]);
	}
	release();
}

Test(limits, further_connections_wait_until_one_ends)
{
	int fds[3];

	rig_open(&rig, (struct ump_server_options){.max_connections = 2});
	for (int i = 0; i < 3; i++)
		rig_send(fds[i] = rig_connect(&rig), GET("/later"));
	rig_turn(&rig, 50 * UMP_MILLISECOND);
	cr_expect_eq(rig.held_count, 2);
	double before = processor_seconds();
	rig_turn(&rig, 200 * UMP_MILLISECOND);
	cr_expect_lt(processor_seconds() - before, 0.1, "waiting is not spinning");
	rig_reply(rig.held[0], 200, "x");
	cr_expect_eq(rig_answer(&rig, fds[0], &in, NULL, NULL), 200);
	close(fds[0]);
	RIG_UNTIL(&rig, rig.held_count == 3);
	close(fds[1]), close(fds[2]);
	release();
}

Test(limits, idle_connections_make_room_when_all_are_taken)
{
	rig_open(&rig, (struct ump_server_options){.max_connections = 5, .idle_us = 60 * UMP_SECOND});
	int busy = rig_connect(&rig), idle[4];
	rig_send(busy, GET("/later"));
	for (int i = 0; i < 4; i++)
		idle[i] = rig_connect(&rig);
	int late = rig_connect(&rig);
	rig_send(late, GET("/"));
	cr_expect_eq(rig_answer(&rig, late, &in, NULL, NULL), 200);
	cr_expect_eq(rig.gone, 0, "who has a request stays");
	close(busy), close(late);
	for (int i = 0; i < 4; i++)
		close(idle[i]);
	release();
}

Test(limits, without_descriptors_it_neither_spins_nor_stops)
{
	struct rlimit limit, few;
	int fd;

	rig_open(&rig, (struct ump_server_options){0});
	int first = rig_connect(&rig);
	rig_send(first, GET("/"));
	cr_expect_eq(rig_answer(&rig, first, &in, NULL, NULL), 200);
	int second = rig_connect(&rig);
	rig_send(second, GET("/"));
	getrlimit(RLIMIT_NOFILE, &limit);
	fd = dup(0);
	close(fd);
	few = (struct rlimit){.rlim_cur = (rlim_t)fd, .rlim_max = limit.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	double before = processor_seconds();
	rig_turn(&rig, 500 * UMP_MILLISECOND);
	cr_expect_lt(processor_seconds() - before, 0.2, "it does not spin");
	cr_expect_eq(rig.handled, 1);
	rig_send(first, GET("/"));
	cr_expect_eq(rig_answer(&rig, first, &in, NULL, NULL), 200, "who is there is served");
	setrlimit(RLIMIT_NOFILE, &limit);
	cr_expect_eq(rig_answer(&rig, second, &in, NULL, NULL), 200, "and the next, as soon as there is one");
	close(first), close(second);
	release();
}

Test(limits, a_flood_of_connections_starves_nobody)
{
	static int fds[400];

	rig_open(&rig, (struct ump_server_options){.max_connections = 50, .idle_us = 60 * UMP_SECOND});
	int honest = rig_connect(&rig);
	rig_send(honest, GET("/"));
	cr_expect_eq(rig_answer(&rig, honest, &in, NULL, NULL), 200);
	for (int i = 0; i < 400; i++)
		fds[i] = rig_connect(&rig);
	for (int i = 0; i < 20; i++) {
		rig_send(honest, GET("/"));
		cr_assert_eq(rig_answer(&rig, honest, &in, NULL, NULL), 200);
	}
	for (int i = 0; i < 400; i++)
		close(fds[i]);
	int next = rig_connect(&rig);
	rig_send(next, GET("/"));
	cr_expect_eq(rig_answer(&rig, next, &in, NULL, NULL), 200);
	close(honest), close(next);
	release();
}

Test(limits, slowloris_does_not_keep_others_out)
{
	int fds[50];

	rig_open(&rig, (struct ump_server_options){.max_connections = 50, .request_deadline_us = 300 * UMP_MILLISECOND});
	for (int i = 0; i < 50; i++)
		rig_send(fds[i] = rig_connect(&rig), "GET / HTTP/1.1\r\nHost: a\r\nX-");
	int honest = rig_connect(&rig);
	rig_send(honest, GET("/"));
	cr_expect_eq(rig_answer(&rig, honest, &in, NULL, NULL), 200);
	for (int i = 0; i < 50; i++)
		close(fds[i]);
	close(honest);
	release();
}

/* ---- Where it listens ---- */

Test(limits, a_busy_port_is_an_error_that_names_it)
{
	struct ump_error error;
	struct ump_server *second;
	const struct ump_server_handler handler = {0};

	rig_open(&rig, (struct ump_server_options){0});
	struct ump_server_options options = {
		.listen = ump_server_address(rig.server), .socket = -1, .max_body = 1, .max_connections = 1, .request_deadline_us = 1};
	cr_expect_eq(ump_server_new(&second, rig.loop, &options, &handler, &error), -1);
	cr_expect(strstr(error.text, ump_server_address(rig.server)), "%s", error.text);
	cr_expect(strstr(error.text, "in use"), "%s", error.text);
	release();
}

Test(limits, addresses_that_are_none_are_refused)
{
	static const char *const bad[] = {"",         "8080",  "127.0.0.1", "127.0.0.1:",  "127.0.0.1:65536",       "127.0.0.1:http",
					  "::1:8080", "[::1]", "[::1:80",   "256.0.0.1:1", "no-such-host.invalid:1"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct ump_error error = {0};
		cr_expect_eq(ump_listen(bad[i], &error), -1, "%s", bad[i]);
		cr_expect(strstr(error.text, bad[i]), "%s", error.text);
	}
}

Test(limits, all_interfaces_means_both_families)
{
	rig_open(&rig, (struct ump_server_options){.listen = ":0"});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect(strstr(body.start, " peer=127.0.0.1 "), "IPv4 is shown as such: %s", body.start);
	close(fd);
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)rig_port(&rig)), .sin6_addr = in6addr_loopback};
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&six, sizeof six) == 0) {
		rig_send(fd, GET("/"));
		cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
		cr_expect(strstr(body.start, " peer=::1 "), "%s", body.start);
	}
	close(fd);
	release();
}

Test(limits, a_passed_socket_is_served_and_left_to_the_next)
{
	struct ump_error error;
	int ours = ump_listen("127.0.0.1:0", &error), passed = dup(ours);

	rig_open(&rig, (struct ump_server_options){.socket = passed});
	int port = rig_port(&rig), fd = rig_connect(&rig);
	rig_send(fd, GET("/"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 200);
	close(fd);
	fd = rig_connect(&rig); /* waits in the queue */
	rig_send(fd, GET("/next"));
	ump_server_drain(rig.server, NULL, NULL);
	rig_turn(&rig, 200 * UMP_MILLISECOND);
	cr_expect_eq(rig.handled, 1);
	release();
	rig_open(&rig, (struct ump_server_options){.socket = ours});
	cr_expect_eq(rig_port(&rig), port);
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect(strstr(body.start, "GET /next "));
	close(fd);
	release();
}
