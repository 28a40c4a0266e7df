#include "common/memory.h"
#include "tests/unit/http/client_rig.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

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
