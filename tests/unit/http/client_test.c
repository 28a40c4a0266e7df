#include "common/http/client.h"
#include "common/memory.h"
#include "tests/unit/http/rig.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig; /* a server of ours, whose loop is the client's as well */
static struct ump_client *client;
static struct ump_error error;
static struct ump_buffer in;

/* What came back from a call. */
struct result {
	int calls, status;
	size_t headers;
	bool truncated;
	char failure[120], body[4000], test[200];
	struct result *then; /* starts another call from inside `done` */
};

static void open_all(struct ump_client_options options)
{
	rig_open(&rig, (struct ump_server_options){0});
	options.max_connections = options.max_connections ? options.max_connections : 10;
	options.connect_timeout_us = options.connect_timeout_us ? options.connect_timeout_us : 5 * UMP_SECOND;
	cr_assert_eq(ump_client_new(&client, rig.loop, &options, &error), 0, "%s", error.text);
}

static void close_all(void)
{
	ump_client_free(client);
	rig_close(&rig);
	ump_buffer_release(&in);
}

static void done(void *context, const struct ump_reply *reply);

static struct ump_call *call_with(struct result *result, struct ump_call_options options)
{
	struct ump_call *call = NULL;

	options.method = options.method ? options.method : "POST";
	options.max_reply = options.max_reply ? options.max_reply : 1000;
	*result = (struct result){.then = result->then};
	cr_assert_eq(ump_client_call(client, &options, done, result, &call, &error), 0, "%s", error.text);
	cr_assert_eq(result->calls, 0, "not from inside the call");
	return call;
}

static char *url_of(int port, const char *path)
{
	static char url[8][200];
	static int next;

	next = (next + 1) % 8;
	snprintf(url[next], sizeof url[next], "http://127.0.0.1:%d%s", port, path);
	return url[next];
}

static struct ump_call *call(struct result *result, const char *path, const char *body)
{
	return call_with(result, (struct ump_call_options){.url = url_of(rig_port(&rig), path), .body = ump_text(body)});
}

static void done(void *context, const struct ump_reply *reply)
{
	struct result *result = context;
	struct ump_text test = ump_header_find(reply->headers, reply->header_count, "x-test");

	result->calls++;
	result->status = reply->status;
	result->headers = reply->header_count;
	result->truncated = reply->truncated;
	cr_assert_eq(reply->failure == NULL, reply->status != 0);
	snprintf(result->failure, sizeof result->failure, "%s", reply->failure ? reply->failure : "");
	snprintf(result->body, sizeof result->body, "%.*s", UMP_TEXT_ARGUMENTS(reply->body));
	snprintf(result->test, sizeof result->test, "%.*s", UMP_TEXT_ARGUMENTS(test));
	if (result->then)
		call(result->then, "/then", "");
}

/* ---- A server that answers what the test says ---- */

static int listener = -1, listener_port;

static void fake_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(listen(listener, 100), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	listener_port = ntohs(address.sin_port);
}

static int fake_accept(void)
{
	int fd = -1;

	RIG_UNTIL(&rig, (fd = accept(listener, NULL, NULL)) >= 0);
	return fd;
}

/* Turns the loop until a request's header has come; its text is in `in`. */
static void fake_request(int fd)
{
	ump_buffer_reset(&in);
	RIG_UNTIL(&rig, rig_read(fd, &in) && in.size && strstr(in.start, "\r\n\r\n"));
}

static struct ump_call *call_fake(struct result *result, struct ump_call_options options)
{
	options.url = options.url ? options.url : url_of(listener_port, "/x?y=z");
	return call_with(result, options);
}

/* One exchange on a new connection, ended by the server when `end`; returns the connection. */
static int exchange(struct result *result, struct ump_call_options options, const char *answer, bool end)
{
	call_fake(result, options);
	int fd = fake_accept();
	fake_request(fd);
	rig_send(fd, answer);
	if (end)
		shutdown(fd, SHUT_WR);
	RIG_UNTIL(&rig, result->calls == 1);
	return fd;
}

/* ---- Calls ---- */

Test(client, a_call_brings_status_headers_and_body)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	call(&result, "/a?b", "hello");
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(result.status, 200);
	cr_expect_str_eq(result.body, "POST /a x= peer=127.0.0.1 body=hello");
	call(&result, "/none", "");
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(result.status, 204);
	cr_expect_str_eq(result.body, "");
	call_with(&result, (struct ump_call_options){.method = "GET", .url = url_of(rig_port(&rig), "/g")});
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.body, "GET /g x= peer=127.0.0.1 body=");
	call_with(&result, (struct ump_call_options){.method = "HEAD", .url = url_of(rig_port(&rig), "/g")});
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(result.status, 200);
	cr_expect_str_eq(result.body, "");
	close_all();
}

Test(client, the_request_is_as_it_was_given)
{
	const struct ump_header headers[] = {{UMP_TEXT("Content-Type"), UMP_TEXT("application/json")},
					     {UMP_TEXT("ce-id"), UMP_TEXT("1")},
					     {UMP_TEXT("ce-empty"), UMP_TEXT("")}};
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	int fd = exchange(&result, (struct ump_call_options){.headers = headers, .header_count = 3, .body = UMP_TEXT("{}")},
			  "HTTP/1.1 202 Accepted\r\nX-Test: \t yes \r\nX-Empty:\r\nContent-Length: 0\r\n\r\n", false);
	cr_expect(strncmp(in.start, "POST /x?y=z HTTP/1.1\r\nHost: 127.0.0.1:", 38) == 0, "%s", in.start);
	cr_expect(strstr(in.start, "\r\nContent-Type: application/json\r\n"));
	cr_expect(strstr(in.start, "\r\nce-id: 1\r\n"));
	cr_expect(strstr(in.start, "\r\nce-empty:"));
	cr_expect(strstr(in.start, "\r\nContent-Length: 2\r\n"));
	cr_expect(strstr(in.start, "\r\n\r\n{}"));
	cr_expect_not(strstr(in.start, "Expect"));
	cr_expect_not(strstr(in.start, "Accept"));
	cr_expect_eq(result.status, 202);
	cr_expect_str_eq(result.test, "yes");
	cr_expect_eq(result.headers, 3);
	close(fd);
	close_all();
}

Test(client, connections_are_used_again)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	int fd = exchange(&result, (struct ump_call_options){.body = UMP_TEXT("1")}, "HTTP/1.1 204 No Content\r\n\r\n", false);
	for (int i = 0; i < 10; i++) {
		call_fake(&result, (struct ump_call_options){.body = UMP_TEXT("2")});
		fake_request(fd);
		rig_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-Test: trailer\r\n\r\n");
		RIG_UNTIL(&rig, result.calls == 1);
		cr_assert_eq(result.status, 200);
		cr_assert_str_eq(result.body, "abcd");
		cr_assert_str_eq(result.test, "", "a trailer is no header");
	}
	cr_expect_lt(accept(listener, NULL, NULL), 0, "one connection was enough");
	close(fd);
	close_all();
}

Test(client, a_connection_closed_between_calls_is_replaced)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	close(exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\n", false));
	rig_turn(&rig, 10 * UMP_MILLISECOND);
	close(exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\n", false));
	cr_expect_eq(result.status, 204);
	/* …and when the close crosses the next request */
	int fd = exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\n", false);
	call_fake(&result, (struct ump_call_options){.body = UMP_TEXT("again")});
	close(fd);
	fd = fake_accept();
	fake_request(fd);
	cr_expect(strstr(in.start, "\r\n\r\nagain"));
	rig_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.body, "ok");
	close(fd);
	close_all();
}

Test(client, connection_close_is_honoured)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	close(exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok",
		       false));
	cr_expect_eq(result.status, 200);
	close(exchange(&result, (struct ump_call_options){0}, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false));
	cr_expect_eq(result.status, 200);
	close(exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 200 OK\r\n\r\nuntil the end", true));
	cr_expect_str_eq(result.body, "until the end");
	close_all();
}

Test(client, provisional_answers_are_skipped)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	close(exchange(
		&result, (struct ump_call_options){0},
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Test: no\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		false));
	cr_expect_eq(result.status, 200);
	cr_expect_str_eq(result.test, "");
	close_all();
}

Test(client, a_redirect_is_an_answer)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	int fd = exchange(&result, (struct ump_call_options){0},
			  "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", false);
	cr_expect_eq(result.status, 307);
	rig_turn(&rig, 20 * UMP_MILLISECOND);
	ump_buffer_reset(&in);
	cr_expect(rig_read(fd, &in) && in.size == 0, "nothing more was asked");
	close(fd);
	close_all();
}

static const char *const broken[] = {
	"nonsense\r\n\r\n",
	"HTTP/1.1 2 OK\r\n\r\n",
	"HTTP/1.1 OK\r\n\r\n",
};

Test(client, a_broken_answer_is_a_failure)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		close(exchange(&result, (struct ump_call_options){0}, broken[i], true));
		cr_expect_eq(result.status, 0, "%s: %d", broken[i], result.status);
		cr_expect(strncmp(result.failure, "broken answer: ", 15) == 0, "%s: %s", broken[i], result.failure);
	}
	close_all();
}

Test(client, an_answer_that_ends_too_early_is_a_failure)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	close(exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true));
	cr_expect_str_eq(result.failure, "connection closed inside the answer");
	close(exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", true));
	cr_expect_str_eq(result.failure, "connection closed inside the answer");
	close(exchange(&result, (struct ump_call_options){0}, "", true));
	cr_expect_str_eq(result.failure, "connection closed before an answer");
	close_all();
}

Test(client, a_reset_is_a_failure)
{
	const struct linger reset = {.l_onoff = 1};
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	call_fake(&result, (struct ump_call_options){0});
	int fd = fake_accept();
	fake_request(fd);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.failure, "connection closed before an answer");
	close_all();
}

Test(client, nobody_there_is_a_failure)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	close(listener);
	call_fake(&result, (struct ump_call_options){0});
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.failure, "connection refused");
	call_with(&result, (struct ump_call_options){.url = "http://no-such-host.invalid/"});
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.failure, "the name of the host is not known");
	close_all();
}

Test(client, a_call_has_a_time_limit)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	call_fake(&result, (struct ump_call_options){.timeout_us = 50 * UMP_MILLISECOND});
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.failure, "timeout");
	/* The time is the whole exchange's: a drip does not extend it. */
	int old = fake_accept();
	call_fake(&result, (struct ump_call_options){.timeout_us = 200 * UMP_MILLISECOND});
	int fd = fake_accept();
	fake_request(fd);
	rig_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	int64_t end = ump_loop_clock() + 10 * UMP_SECOND;
	while (result.calls == 0 && ump_loop_clock() < end) {
		send(fd, "x", 1, MSG_NOSIGNAL);
		rig_turn(&rig, 5 * UMP_MILLISECOND);
	}
	cr_expect_str_eq(result.failure, "timeout");
	/* The connection is not used again: the old answer may still come. */
	call_fake(&result, (struct ump_call_options){0});
	int other = fake_accept();
	close(old), close(fd), close(other);
	close_all();
}

Test(client, a_large_reply_is_cut)
{
	struct ump_buffer answer = {0};
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	ump_buffer_add_string(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 1100\r\n\r\n");
	for (int i = 0; i < 110; i++)
		ump_buffer_add_string(&answer, "0123456789");
	int fd = exchange(&result, (struct ump_call_options){.max_reply = 1005}, answer.start, false);
	cr_expect_eq(result.status, 200);
	cr_expect(result.truncated);
	cr_expect_eq(strlen(result.body), 1005);
	call_fake(&result, (struct ump_call_options){.max_reply = 1100}); /* a little more is read, and the connection kept */
	fake_request(fd);
	rig_send(fd, answer.start);
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(strlen(result.body), 1100);
	cr_expect_not(result.truncated);
	close(fd);
	ump_buffer_release(&answer);
	close_all();
}

Test(client, a_reply_without_end_is_cut_and_its_connection_closed)
{
	static char piece[16 * 1024];
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	memset(piece, 'x', sizeof piece);
	call_fake(&result, (struct ump_call_options){.max_reply = 10});
	int fd = fake_accept();
	fake_request(fd);
	rig_send(fd, "HTTP/1.1 200 OK\r\n\r\n");
	int64_t end = ump_loop_clock() + 20 * UMP_SECOND;
	while (result.calls == 0 && ump_loop_clock() < end) {
		send(fd, piece, sizeof piece, MSG_NOSIGNAL | MSG_DONTWAIT);
		ump_loop_once(rig.loop, UMP_MILLISECOND);
	}
	cr_expect_eq(result.status, 200);
	cr_expect(result.truncated);
	cr_expect_str_eq(result.body, "xxxxxxxxxx");
	ump_buffer_reset(&in);
	rig_until_closed(&rig, fd, &in);
	close(fd);
	close_all();
}

Test(client, a_header_section_without_end_is_a_failure)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	call_fake(&result, (struct ump_call_options){0});
	int fd = fake_accept();
	fake_request(fd);
	rig_send(fd, "HTTP/1.1 200 OK\r\n");
	int64_t end = ump_loop_clock() + 20 * UMP_SECOND;
	while (result.calls == 0 && ump_loop_clock() < end) {
		for (int i = 0; i < 100; i++)
			send(fd, "X-Filler: 0123456789012345678901234567890123456789\r\n", 52, MSG_NOSIGNAL | MSG_DONTWAIT);
		ump_loop_once(rig.loop, UMP_MILLISECOND);
	}
	cr_expect_str_eq(result.failure, "broken answer: its header is too large");
	close(fd);
	close_all();
}

Test(client, a_cancelled_call_has_no_done_and_its_connection_is_not_used_again)
{
	struct result result = {0}, other = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	int fd = exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\n", false);
	struct ump_call *cancelled = call_fake(&result, (struct ump_call_options){0});
	fake_request(fd);
	ump_call_cancel(cancelled);
	call_fake(&other, (struct ump_call_options){0});
	int second = fake_accept();
	fake_request(second);
	rig_send(second, "HTTP/1.1 204 No Content\r\n\r\n");
	RIG_UNTIL(&rig, other.calls == 1);
	cr_expect_eq(result.calls, 0);
	ump_buffer_reset(&in);
	rig_until_closed(&rig, fd, &in);
	/* At once after the call, before anything was sent; and one that waits for its turn. */
	ump_call_cancel(call_fake(&result, (struct ump_call_options){0}));
	rig_turn(&rig, 20 * UMP_MILLISECOND);
	cr_expect_eq(result.calls, 0);
	close(fd), close(second);
	close_all();
}

Test(client, done_may_start_another_call)
{
	struct result second = {0}, first = {.then = &second};

	open_all((struct ump_client_options){0});
	call(&first, "/first", "");
	RIG_UNTIL(&rig, second.calls == 1);
	cr_expect_eq(first.calls, 1);
	cr_expect_str_eq(second.body, "POST /then x= peer=127.0.0.1 body=");
	close_all();
}

Test(client, many_calls_share_few_connections)
{
	static struct result results[300];
	size_t finished = 0;
	int connections = 0, fd;

	open_all((struct ump_client_options){.max_connections = 4});
	for (size_t i = 0; i < 300; i++)
		call(&results[i], "/none", "x");
	while (finished < 300) {
		ump_loop_once(rig.loop, 5 * UMP_MILLISECOND);
		finished = 0;
		for (size_t i = 0; i < 300; i++)
			finished += (size_t)results[i].calls;
	}
	for (size_t i = 0; i < 300; i++)
		cr_assert_eq(results[i].status, 204, "%s", results[i].failure);
	fake_open(); /* and exactly four, when the answers do not come */
	for (size_t i = 0; i < 10; i++)
		call_fake(&results[i], (struct ump_call_options){0});
	rig_turn(&rig, 50 * UMP_MILLISECOND);
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		connections++;
	cr_expect_eq(connections, 4);
	close_all();
}

Test(client, freeing_cancels)
{
	struct result results[3] = {0};

	open_all((struct ump_client_options){.max_connections = 2});
	for (int i = 0; i < 3; i++)
		call(&results[i], "/later", "");
	RIG_UNTIL(&rig, rig.held_count == 2);
	close_all();
	for (int i = 0; i < 3; i++)
		cr_expect_eq(results[i].calls, 0);
}

Test(client, what_would_split_the_request_is_refused)
{
	static const struct ump_header bad[] = {
		{UMP_TEXT("X"), UMP_TEXT("a\r\nY: b")},
		{UMP_TEXT("X"), UMP_TEXT("a\nb")},
		{UMP_TEXT("X"), UMP_TEXT("a\0b")},
		{UMP_TEXT("X\r\nY"), UMP_TEXT("a")},
		{UMP_TEXT("X:"), UMP_TEXT("a")},
		{UMP_TEXT(""), UMP_TEXT("a")},
		{UMP_TEXT("HOST"), UMP_TEXT("a")},
		{UMP_TEXT("Content-length"), UMP_TEXT("1")},
		{UMP_TEXT("Transfer-Encoding"), UMP_TEXT("chunked")},
	};
	struct ump_call *none;

	open_all((struct ump_client_options){0});
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const struct ump_call_options options = {
			.method = "POST", .url = "http://127.0.0.1/", .headers = &bad[i], .header_count = 1};
		cr_expect_eq(ump_client_call(client, &options, done, NULL, &none, &error), -1, "row %zu", i);
		cr_expect_eq(error.kind, UMP_REJECT);
	}
	close_all();
}

/* ---- Connections ---- */

Test(client, a_name_is_looked_up_and_every_address_tried)
{
	struct result results[3] = {0};
	ump_cleanup_free char *url = NULL;

	open_all((struct ump_client_options){0}); /* the server listens on IPv4 alone: where localhost is ::1 first, that is refused */
	url = ump_format("http://localhost:%d/named", rig_port(&rig));
	for (int i = 0; i < 3; i++)
		call_with(&results[i], (struct ump_call_options){.url = url});
	call(&results[0], "/other", ""); /* does not wait for the name; the first call's result is overwritten */
	RIG_UNTIL(&rig, results[0].calls >= 1 && results[1].calls == 1 && results[2].calls == 1);
	cr_expect_eq(results[1].status, 200, "%s", results[1].failure);
	cr_expect_eq(results[2].status, 200, "%s", results[2].failure);
	call_with(&results[0], (struct ump_call_options){.url = "http://no-such-host.invalid/"}); /* given up while it is looked up */
	close_all();
}

Test(client, a_name_that_fails_holds_nobody_up)
{
	struct result named = {0}, plain = {0};

	open_all((struct ump_client_options){.max_connections = 1});
	call_with(&named, (struct ump_call_options){.url = "http://no-such-host.invalid/"});
	call(&plain, "/none", "");
	RIG_UNTIL(&rig, named.calls == 1 && plain.calls == 1);
	cr_expect_eq(plain.status, 204);
	cr_expect_str_eq(named.failure, "the name of the host is not known");
	close_all();
}

Test(client, a_large_body_is_sent_in_pieces)
{
	static char body[900001];
	struct result result = {0};

	memset(body, 'x', 900000);
	open_all((struct ump_client_options){0});
	call(&result, "/large", body);
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(result.status, 200);
	cr_expect(strncmp(result.body, "POST /large x= peer=127.0.0.1 body=xxx", 38) == 0);
	close_all();
}

Test(client, an_answer_before_the_body_is_sent_counts_and_closes)
{
	static char body[8000001];
	struct result result = {0};

	memset(body, 'x', 8000000);
	open_all((struct ump_client_options){0});
	call(&result, "/too-large", body); /* the rig takes 1 MiB */
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(result.status, 413, "%s", result.failure);
	call(&result, "/none", "");
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(result.status, 204);
	close_all();
}

Test(client, what_nobody_asked_for_closes_the_connection)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	int fd = exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n", false);
	cr_expect_eq(result.status, 204);
	ump_buffer_reset(&in);
	rig_until_closed(&rig, fd, &in);
	close(fd);
	fd = exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\n", false);
	rig_send(fd, "HTTP/1.1 200 OK\r\n"); /* and later, between two calls */
	ump_buffer_reset(&in);
	rig_until_closed(&rig, fd, &in);
	close(fd);
	close_all();
}

Test(client, a_second_try_is_the_last)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	int fd = exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\n", false);
	call_fake(&result, (struct ump_call_options){0});
	close(fd);
	fd = fake_accept();
	fake_request(fd);
	close(fd);
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.failure, "connection closed before an answer");
	/* And there is none where an answer had begun, nor on a new connection. */
	fd = exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\n", false);
	call_fake(&result, (struct ump_call_options){0});
	fake_request(fd);
	rig_send(fd, "HTTP/1.1 2");
	close(fd);
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.failure, "connection closed inside the answer");
	cr_expect_lt(accept(listener, NULL, NULL), 0);
	close_all();
}

Test(client, a_second_try_is_on_a_new_connection)
{
	struct result results[2] = {0};
	int fds[2];

	open_all((struct ump_client_options){0});
	fake_open();
	for (int i = 0; i < 2; i++) {
		call_fake(&results[i], (struct ump_call_options){0});
		fds[i] = fake_accept();
		fake_request(fds[i]);
	}
	for (int i = 0; i < 2; i++)
		rig_send(fds[i], "HTTP/1.1 204 No Content\r\n\r\n");
	RIG_UNTIL(&rig, results[0].calls == 1 && results[1].calls == 1);
	call_fake(&results[0], (struct ump_call_options){0});
	close(fds[0]), close(fds[1]); /* both, and one of them under the call */
	int fd = fake_accept();
	fake_request(fd);
	rig_send(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	RIG_UNTIL(&rig, results[0].calls == 1);
	cr_expect_eq(results[0].status, 204, "%s", results[0].failure);
	close(fd);
	close_all();
}

Test(client, a_connection_with_half_a_request_on_it_is_not_used_again)
{
	static char body[8000001];
	struct result result = {0};

	memset(body, 'x', 8000000);
	open_all((struct ump_client_options){0});
	fake_open();
	int fd =
		exchange(&result, (struct ump_call_options){.body = ump_text(body)}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
	cr_expect_eq(result.status, 200);
	call_fake(&result, (struct ump_call_options){0});
	int other = fake_accept();
	close(fd), close(other);
	close_all();
}

Test(client, who_waits_comes_before_who_calls_from_inside_done)
{
	struct result third = {0}, first = {.then = &third}, second = {0};

	open_all((struct ump_client_options){.max_connections = 1});
	call(&first, "/first", "");
	call(&second, "/later", "");
	RIG_UNTIL(&rig, first.calls == 1 && rig.held_count == 1);
	rig_turn(&rig, 20 * UMP_MILLISECOND);
	cr_expect_eq(third.calls, 0);
	rig_reply(rig.held[0], 200, "");
	RIG_UNTIL(&rig, third.calls == 1);
	cr_expect_eq(second.calls, 1);
	close_all();
}

Test(client, calls_wait_in_their_order)
{
	static struct result results[20];

	open_all((struct ump_client_options){.max_connections = 1});
	for (size_t i = 0; i < 20; i++)
		call(&results[i], "/later", "");
	for (size_t i = 0; i < 20; i++) {
		RIG_UNTIL(&rig, rig.held_count == i + 1);
		rig_reply(rig.held[i], 200, "x");
		RIG_UNTIL(&rig, results[i].calls == 1);
		for (size_t j = i + 1; j < 20; j++)
			cr_assert_eq(results[j].calls, 0);
	}
	close_all();
}

Test(client, the_end_of_a_call_makes_room_for_the_next_however_it_ends)
{
	struct result first = {0}, second = {0}, third = {0};

	open_all((struct ump_client_options){.max_connections = 1});
	struct ump_call *cancelled = call(&first, "/later", "");
	call_with(&second, (struct ump_call_options){.url = url_of(rig_port(&rig), "/later"), .timeout_us = 100 * UMP_MILLISECOND});
	call(&third, "/none", "");
	RIG_UNTIL(&rig, rig.held_count == 1);
	ump_call_cancel(cancelled);
	RIG_UNTIL(&rig, third.calls == 1);
	cr_expect_str_eq(second.failure, "timeout");
	cr_expect_eq(third.status, 204);
	cr_expect_eq(first.calls, 0);
	close_all();
}

Test(client, an_idle_connection_to_another_host_makes_room)
{
	struct result result = {0};

	open_all((struct ump_client_options){.max_connections = 1});
	fake_open();
	int fd = exchange(&result, (struct ump_call_options){0}, "HTTP/1.1 204 No Content\r\n\r\n", false);
	call(&result, "/none", "");
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(result.status, 204);
	ump_buffer_reset(&in);
	rig_until_closed(&rig, fd, &in);
	close(fd);
	close_all();
}

Test(client, many_hosts_cost_no_more_than_some)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	for (int i = 1; i < 200; i++) { /* all of 127/8 is this machine; the server listens on 127.0.0.1 alone */
		ump_cleanup_free char *url = ump_format("http://127.0.1.%d:%d/none", i, rig_port(&rig));
		call_with(&result, (struct ump_call_options){.url = url});
		RIG_UNTIL(&rig, result.calls == 1);
		cr_assert_str_eq(result.failure, "connection refused");
	}
	close_all();
}

Test(client, without_descriptors_a_call_fails_and_says_so)
{
	struct rlimit limit, few;
	struct result result = {0};

	open_all((struct ump_client_options){0});
	getrlimit(RLIMIT_NOFILE, &limit);
	int fd = dup(0);
	close(fd);
	few = (struct rlimit){.rlim_cur = (rlim_t)fd, .rlim_max = limit.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	call(&result, "/none", "");
	RIG_UNTIL(&rig, result.calls == 1);
	setrlimit(RLIMIT_NOFILE, &limit);
	cr_expect_str_eq(result.failure, "no file descriptor is left");
	call(&result, "/none", "");
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_eq(result.status, 204);
	close_all();
}

Test(client, failing_calls_that_nobody_waits_for_are_freed)
{
	struct result result = {0};

	open_all((struct ump_client_options){0});
	fake_open();
	close(listener);
	call_fake(&result, (struct ump_call_options){0});
	close_all(); /* before the failure was told */
	cr_expect_eq(result.calls, 0);
}

/* ---- TLS ---- */

/* openssl's test server with a certificate of a private authority. */
struct tls_server {
	FILE *output;
	pid_t pid;
	int port;
	char *folder;
};

static struct tls_server tls_server(const char *options)
{
	struct tls_server server = {.folder = ump_copy_string("/tmp/umpire-client-XXXXXX")};
	char line[200];

	cr_assert(mkdtemp(server.folder));
	ump_cleanup_free char *command = ump_format(
		"cd %s && { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem "
		"-subj /CN=test-authority -days 2 && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key "
		"-out leaf.csr -subj /CN=localhost && printf 'subjectAltName=IP:127.0.0.1\\n' >leaf.ext && openssl x509 -req -in leaf.csr "
		"-CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext -days 2 -out leaf.pem; } >openssl.log 2>&1 && "
		"echo PID $$ && exec timeout 60 openssl s_server -accept 127.0.0.1:0 -cert leaf.pem -key leaf.key -www %s 2>&1",
		server.folder, options);
	server.output = popen(command, "re");
	cr_assert(server.output);
	while (fgets(line, sizeof line, server.output)) {
		sscanf(line, "PID %d", &server.pid);
		if (sscanf(line, "ACCEPT 127.0.0.1:%d", &server.port) == 1)
			return server;
	}
	cr_assert_fail("the TLS server did not start: see %s/openssl.log", server.folder);
	return server;
}

static void end_tls_server(struct tls_server *server)
{
	ump_cleanup_free char *command = ump_format("rm -rf '%s'", server->folder);

	cr_assert_gt(server->pid, 0);
	kill(server->pid, SIGTERM);
	pclose(server->output);
	cr_assert_eq(system(command), 0);
	free(server->folder);
}

static char *text_of(const char *folder, const char *name)
{
	ump_cleanup_free char *path = ump_format("%s/%s", folder, name);
	static char text[8192];
	FILE *file = fopen(path, "re");

	cr_assert(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void get_tls(struct result *result, int port)
{
	ump_cleanup_free char *url = ump_format("https://127.0.0.1:%d/", port);

	call_with(result, (struct ump_call_options){.method = "GET", .url = url});
	RIG_UNTIL(&rig, result->calls == 1);
}

Test(client, tls_trusts_whom_it_is_told_to_and_nobody_else)
{
	struct result result = {0};
	struct tls_server server = tls_server("");

	open_all((struct ump_client_options){0});
	get_tls(&result, server.port);
	cr_expect_str_eq(result.failure, "TLS: the server's certificate is not trusted, or not for this name");
	close_all();

	open_all((struct ump_client_options){.ca_pem = text_of(server.folder, "ca.pem")});
	get_tls(&result, server.port);
	cr_expect_eq(result.status, 200, "%s", result.failure);
	ump_cleanup_free char *wrong_name = ump_format("https://localhost:%d/", server.port);
	call_with(&result, (struct ump_call_options){.method = "GET", .url = wrong_name});
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.failure, "TLS: the server's certificate is not trusted, or not for this name");
	close_all();

	open_all((struct ump_client_options){.ca_directory = server.folder}); /* leaf.pem is in it as well: harmless */
	get_tls(&result, server.port);
	cr_expect_eq(result.status, 200, "%s", result.failure);
	close_all();
	end_tls_server(&server);
}

Test(client, tls_below_1_2_is_refused)
{
	struct result result = {0};
	struct tls_server server = tls_server("-tls1_1 -cipher DEFAULT@SECLEVEL=0");

	open_all((struct ump_client_options){.ca_pem = text_of(server.folder, "ca.pem")});
	get_tls(&result, server.port);
	cr_expect_str_eq(result.failure, "TLS: no agreement with the server");
	close_all();
	end_tls_server(&server);
}

Test(client, trusted_certificates_that_are_none_are_refused)
{
	struct ump_client_options options = {.max_connections = 1, .ca_pem = "no certificate"};

	rig_open(&rig, (struct ump_server_options){0});
	cr_expect_eq(ump_client_new(&client, rig.loop, &options, &error), -1);
	cr_expect(strstr(error.text, "BEGIN CERTIFICATE"));
	options = (struct ump_client_options){.max_connections = 1, .ca_directory = "/nonexistent"};
	cr_expect_eq(ump_client_new(&client, rig.loop, &options, &error), 0, "a folder need not exist");
	close_all();
}
