#include "common/memory.h"
#include "tests/unit/http/client_rig.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Connections ---- */

Test(client, a_name_is_looked_up_and_every_address_tried)
{
	struct result results[3] = {0};
	struct addrinfo *addresses;
	ump_cleanup_free char *url = NULL;

	if (getaddrinfo("localhost", NULL, NULL, &addresses) != 0)
		cr_skip_test("localhost has no address here");
	freeaddrinfo(addresses);
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
