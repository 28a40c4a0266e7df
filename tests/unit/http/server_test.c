#include "common/memory.h"
#include "tests/unit/http/rig.h"
#include <criterion/criterion.h>
#include <errno.h>
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

static void post(int fd, const char *path, const char *text)
{
	ump_cleanup_free char *request =
		ump_format("POST %s HTTP/1.1\r\nHost: a\r\nX-Test:  t \r\nContent-Length: %zu\r\n\r\n%s", path, strlen(text), text);

	rig_send(fd, request);
}

/* ---- Requests and answers ---- */

Test(server, the_handler_sees_the_whole_request)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	post(fd, "/a%20b?x=1", "hello");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, &body), 200);
	cr_expect_str_eq(body.start, "POST /a%20b x=t peer=127.0.0.1 body=hello");
	cr_expect(strstr(head.start, "Content-Type: text/plain\r\n"));
	cr_expect(strstr(head.start, "Date: "));
	cr_expect_eq(ump_server_active(rig.server), 0);
	close(fd);
	release();
}

Test(server, a_connection_serves_many_requests)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	for (int i = 0; i < 50; i++) {
		post(fd, "/", "x");
		cr_assert_eq(rig_answer(&rig, fd, &in, NULL, NULL), 200);
		rig_send(fd, GET("/none"));
		cr_assert_eq(rig_answer(&rig, fd, &in, &head, NULL), 204);
		cr_assert_not(strstr(head.start, "Content-Length"));
	}
	close(fd);
	release();
}

Test(server, pipelined_requests_are_answered_in_their_order)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/1") "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET("/later") GET("/4"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect(strstr(body.start, "GET /1 "));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect(strstr(body.start, "POST /2 x= peer=127.0.0.1 body=abc"));
	RIG_UNTIL(&rig, rig.held_count == 1);
	cr_expect_eq(rig.handled, 3, "the one behind waits");
	rig_reply(rig.held[0], 202, "three");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 202);
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect(strstr(body.start, "GET /4 "));
	close(fd);
	release();
}

Test(server, chunked_bodies_arrive_whole)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n");
	rig_turn(&rig, 20 * UMP_MILLISECOND);
	cr_expect_eq(ump_server_active(rig.server), 1, "a body on its way counts");
	rig_send(fd, "5\r\npedia\r\n0\r\nX-Trailer: 1\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect(strstr(body.start, "body=Wikipedia"));
	close(fd);
	release();
}

Test(server, head_gets_the_header_only)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_expect_eq(rig_head_answer(&rig, fd, &in, &head), 200);
	cr_expect(strstr(head.start, "Content-Length: 31\r\n"), "%s", head.start);
	rig_send(fd, GET("/y"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect(strstr(body.start, "GET /y "));
	close(fd);
	release();
}

Test(server, answers_100_continue_and_skips_it_where_the_body_is_refused)
{
	rig_open(&rig, (struct ump_server_options){.max_body = 100});
	int fd = rig_connect(&rig);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	cr_expect_eq(rig_head_answer(&rig, fd, &in, NULL), 100);
	rig_send(fd, "abc");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 413);
	rig_until_closed(&rig, fd, &in);
	cr_expect_eq(rig.handled, 1);
	close(fd);
	release();
}

Test(server, the_query_is_decoded)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/query?c=1&a=x%2Fy+z%zz%4"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect_str_eq(body.start, "a=x/y z%zz%4 b=none");
	rig_send(fd, GET("/query?a=1&b"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect_str_eq(body.start, "a=1 b=there");
	close(fd);
	release();
}

Test(server, the_absolute_form_has_the_same_path)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, "GET http://a:80/p?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect(strstr(body.start, "GET /p x="), "%s", body.start);
	close(fd);
	release();
}

Test(server, a_problem_is_json_with_retry_after)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/problem"));
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, &body), 503);
	cr_expect(strstr(head.start, "Content-Type: application/problem+json\r\n"));
	cr_expect(strstr(head.start, "Retry-After: 7\r\n"));
	cr_expect(strstr(body.start, "\"detail\":\"say \\\"please\\\"\\u000a\""));
	close(fd);
	release();
}

Test(server, a_header_that_would_split_the_answer_is_500)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/broken"));
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, NULL), 500);
	cr_expect_not(strstr(head.start, "Set-Cookie"));
	close(fd);
	release();
}

Test(server, begin_may_answer_without_the_body)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/early"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 403);
	rig_send(fd, GET("/early")); /* without a body, the connection stays */
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 403);
	rig_send(fd, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, NULL), 403);
	cr_expect(strstr(head.start, "Connection: close\r\n"));
	rig_until_closed(&rig, fd, &in);
	cr_expect_eq(rig.handled, 0);
	cr_expect_eq(rig.begun, 3);
	cr_expect_eq(rig.gone, 0);
	cr_expect_eq(ump_server_active(rig.server), 0);
	close(fd);
	release();
}

/* A GET whose header is `size` bytes long, in fields of about 4,000. */
static void send_with_header(int fd, size_t size)
{
	struct ump_buffer request = {0};

	ump_buffer_add_string(&request, "GET / HTTP/1.1\r\nHost: a\r\n");
	while (request.size + 4100 < size)
		ump_buffer_print(&request, "X-%zu: %04000d\r\n", request.size, 0);
	ump_buffer_add_string(&request, "X-Test: ");
	while (request.size + 4 < size)
		ump_buffer_add_character(&request, '0');
	ump_buffer_add_string(&request, "\r\n\r\n");
	send(fd, request.start, request.size, MSG_NOSIGNAL | MSG_DONTWAIT);
	ump_buffer_release(&request);
}

Test(server, takes_headers_up_to_its_limit)
{
	static const int64_t limits[] = {0, 64 * 1024};

	for (int i = 0; i < 2; i++) {
		size_t limit = limits[i] ? (size_t)limits[i] : 24 * 1024;
		rig_open(&rig, (struct ump_server_options){.max_header = limits[i]});
		int fd = rig_connect(&rig);
		send_with_header(fd, limit);
		cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
		cr_expect(strstr(body.start, " x=000000"));
		send_with_header(fd, limit + 10000);
		cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 431);
		close(fd);
		release();
	}
}

Test(server, a_big_answer_arrives_whole_with_a_slow_reader)
{
	size_t got = 0;

	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/big"));
	while (got < 20000000) {
		char bytes[65536];
		ump_loop_once(rig.loop, UMP_MILLISECOND);
		ssize_t size = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
		cr_assert_neq(size, 0);
		got += size > 0 ? (size_t)size : 0;
	}
	close(fd);
	release();
}

/* ---- Requests that end in two ways ---- */

static const char *const smuggled[] = {
	"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
	"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
	"Content-Length : 3\r\n\r\nabc",
	"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
	"X: a\r\n Content-Length: 3\r\n\r\nabc",
	"Content-Length: 3\n\r\nabc",
	"X: a\nContent-Length: 3\r\n\r\nabc",
	"X: a\rContent-Length: 3\r\n\r\nabc",
	"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
	"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	"Content-Length: +3\r\n\r\nabc",
	"Content-Length: 3,3\r\n\r\nabc",
	"Content-Length: 0x3\r\n\r\nabc",
	"Host: b\r\nContent-Length: 3\r\n\r\nabc",
	"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
	"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
};

Test(server, an_ambiguous_request_is_refused_and_what_follows_is_not_read)
{
	for (size_t i = 0; i < sizeof smuggled / sizeof smuggled[0]; i++) {
		rig_open(&rig, (struct ump_server_options){0});
		int fd = rig_connect(&rig);
		ump_cleanup_free char *request = ump_format("POST / HTTP/1.1\r\nHost: a\r\n%s" GET("/smuggled"), smuggled[i]);
		rig_send(fd, request);
		int status = rig_answer(&rig, fd, &in, &head, NULL);
		cr_expect(status == 400 || status == 413 || status == 501, "%s: %d", smuggled[i], status);
		cr_expect(strstr(head.start, "Connection: close\r\n"), "%s: %s", smuggled[i], head.start);
		rig_until_closed(&rig, fd, &in);
		cr_expect_not(in.size && strstr(in.start, "HTTP/1.1 200"), "%s: %s", smuggled[i], in.start);
		cr_expect_eq(rig.handled, 0, "%s", smuggled[i]);
		close(fd);
		release();
	}
}

Test(server, a_nul_in_a_header_is_refused)
{
	static const char request[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\0x\r\n\r\n0\r\n\r\n";

	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 400);
	rig_until_closed(&rig, fd, &in);
	cr_expect_eq(rig.handled, 0);
	close(fd);
	release();
}

Test(server, another_version_is_refused)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 505);
	close(fd);
	release();
}

/* ---- Bodies over the limit ---- */

Test(server, a_declared_body_over_the_limit_is_413_before_it_is_sent)
{
	rig_open(&rig, (struct ump_server_options){.max_body = 1000});
	int fd = rig_connect(&rig);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, &body), 413);
	cr_expect(strstr(body.start, "1001 bytes are declared; the limit is 1000"));
	close(fd);
	release();
}

Test(server, a_client_that_sends_on_reads_its_413)
{
	static char piece[64 * 1024];
	size_t sent = 0;

	rig_open(&rig, (struct ump_server_options){.max_body = 1000});
	int fd = rig_connect(&rig);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n");
	while (sent < 4194304) {
		ssize_t size = send(fd, piece, sizeof piece, MSG_DONTWAIT | MSG_NOSIGNAL);
		cr_assert(size > 0 || errno == EAGAIN, "after %zu bytes: %s", sent, strerror(errno));
		sent += size > 0 ? (size_t)size : 0;
		ump_loop_once(rig.loop, UMP_MILLISECOND);
	}
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 413);
	close(fd);
	release();
}

Test(server, a_chunked_body_over_the_limit_is_413_by_counting)
{
	rig_open(&rig, (struct ump_server_options){.max_body = 10});
	int fd = rig_connect(&rig);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 200);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, NULL), 413);
	cr_expect(strstr(head.start, "application/problem+json"));
	rig_until_closed(&rig, fd, &in);
	cr_expect_eq(rig.handled, 1);
	cr_expect_eq(rig.gone, 1, "`begin` had seen it");
	cr_expect_eq(ump_server_active(rig.server), 0);
	close(fd);
	release();
}

/* ---- Answers that come later ---- */

Test(server, later_answers_in_any_order)
{
	int fds[20];

	rig_open(&rig, (struct ump_server_options){0});
	for (int i = 0; i < 20; i++) {
		fds[i] = rig_connect(&rig);
		rig_send(fds[i], GET("/later"));
		RIG_UNTIL(&rig, rig.held_count == (size_t)i + 1);
	}
	cr_expect_eq(ump_server_active(rig.server), 20);
	for (int i = 19; i >= 0; i--) {
		ump_cleanup_free char *text = ump_format("answer %d", i);
		rig_reply(rig.held[i], 200, text);
		cr_assert_eq(rig_answer(&rig, fds[i], &in, NULL, &body), 200);
		cr_assert_str_eq(body.start, text);
		rig_send(fds[i], GET("/")); /* the connection lives on */
		cr_assert_eq(rig_answer(&rig, fds[i], &in, NULL, NULL), 200);
		close(fds[i]);
	}
	cr_expect_eq(ump_server_active(rig.server), 0);
	release();
}

Test(server, a_peer_that_resets_is_gone_and_its_request_forgotten)
{
	const struct linger reset = {.l_onoff = 1};

	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/later"));
	RIG_UNTIL(&rig, rig.held_count == 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	RIG_UNTIL(&rig, rig.gone == 1);
	cr_expect_null(rig.held[0]);
	cr_expect_eq(ump_server_active(rig.server), 0);
	fd = rig_connect(&rig);
	rig_send(fd, GET("/"));
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 200);
	close(fd);
	release();
}

Test(server, an_answer_to_a_peer_that_has_just_gone_is_no_harm)
{
	const struct linger reset = {.l_onoff = 1};

	rig_open(&rig, (struct ump_server_options){0});
	for (int i = 0; i < 20; i++) {
		int fd = rig_connect(&rig);
		rig_send(fd, GET("/later"));
		RIG_UNTIL(&rig, rig.held_count == (size_t)i + 1);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
		rig_reply(rig.held[i], 200, "too late");
		cr_assert_eq(ump_server_active(rig.server), 0);
	}
	rig_turn(&rig, 50 * UMP_MILLISECOND);
	cr_expect_eq(rig.gone, 0);
	release();
}

Test(server, a_half_closed_peer_still_gets_its_answer)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/later"));
	shutdown(fd, SHUT_WR);
	RIG_UNTIL(&rig, rig.held_count == 1);
	rig_turn(&rig, 30 * UMP_MILLISECOND);
	cr_assert_eq(rig.gone, 0);
	rig_reply(rig.held[0], 200, "here");
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	cr_expect_str_eq(body.start, "here");
	close(fd);
	release();
}

Test(server, a_peer_that_goes_in_its_body_is_gone)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
	RIG_UNTIL(&rig, rig.begun == 1);
	close(fd);
	RIG_UNTIL(&rig, rig.gone == 1);
	cr_expect_eq(ump_server_active(rig.server), 0);
	cr_expect_eq(rig.handled, 0);
	release();
}

Test(server, freeing_ends_what_is_under_way)
{
	rig_open(&rig, (struct ump_server_options){0});
	int held = rig_connect(&rig), streaming = rig_connect(&rig), sending = rig_connect(&rig), idle = rig_connect(&rig);
	rig_send(held, GET("/later"));
	rig_send(streaming, GET("/stream"));
	rig_send(sending, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
	RIG_UNTIL(&rig, rig.held_count == 1 && rig.stream && rig.begun == 3);
	ump_server_free(rig.server);
	rig.server = NULL;
	cr_expect_eq(rig.gone, 2);
	cr_expect_eq(rig.streams_closed, 1);
	close(held), close(streaming), close(sending), close(idle);
	release();
}
