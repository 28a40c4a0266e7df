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

static void drained(void *context)
{
	struct rig *it = context;

	cr_assert_not(it->drained, "once");
	it->drained = true;
}

/* ---- The end ---- */

Test(ends, a_drain_waits_for_what_is_under_way)
{
	rig_open(&rig, (struct ump_server_options){0});
	int held = rig_connect(&rig), sending = rig_connect(&rig), idle = rig_connect(&rig), streaming = rig_connect(&rig);
	rig_send(idle, GET("/"));
	cr_expect_eq(rig_answer(&rig, idle, &in, NULL, NULL), 200);
	rig_send(held, GET("/later"));
	rig_send(streaming, GET("/stream"));
	rig_send(sending, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
	RIG_UNTIL(&rig, rig.held_count == 1 && rig.stream && rig.begun == 4);
	int queued = rig_connect(&rig); /* connected, not accepted */
	rig_send(queued, GET("/"));
	ump_server_drain(rig.server, drained, &rig);
	ump_server_drain(rig.server, drained, &rig);
	RIG_UNTIL(&rig, rig.streams_closed == 1);
	ump_buffer_reset(&in);
	rig_until_closed(&rig, idle, &in);
	rig_until_closed(&rig, streaming, &in);
	cr_expect(strstr(in.start, "\r\n0\r\n\r\n"), "the stream ends as it should: %s", in.start);
	ump_buffer_reset(&in);
	cr_expect_eq(rig_answer(&rig, queued, &in, &head, NULL), 200);
	cr_expect(strstr(head.start, "Connection: close\r\n"));
	rig_send(sending, "def");
	cr_expect_eq(rig_answer(&rig, sending, &in, &head, &body), 200);
	cr_expect(strstr(head.start, "Connection: close\r\n"));
	cr_expect(strstr(body.start, "body=abcdef"));
	rig_turn(&rig, 50 * UMP_MILLISECOND);
	cr_expect_not(rig.drained);
	rig_reply(rig.held[0], 200, "done");
	cr_expect_eq(rig_answer(&rig, held, &in, NULL, NULL), 200);
	RIG_UNTIL(&rig, rig.drained);
	close(held), close(sending), close(idle), close(streaming), close(queued);
	release();
}

Test(ends, a_drain_of_nothing_is_over_at_once)
{
	rig_open(&rig, (struct ump_server_options){0});
	ump_server_drain(rig.server, drained, &rig);
	cr_expect_not(rig.drained, "from the loop");
	ump_loop_once(rig.loop, 0);
	ump_loop_once(rig.loop, 0);
	cr_expect(rig.drained);
	release();
}

Test(ends, a_request_that_crosses_the_drain_is_answered)
{
	rig_open(&rig, (struct ump_server_options){0});
	int quick = rig_connect(&rig), fresh = rig_connect(&rig);
	rig_send(quick, GET("/"));
	cr_expect_eq(rig_answer(&rig, quick, &in, NULL, NULL), 200);
	ump_server_drain(rig.server, drained, &rig);
	rig_turn(&rig, 40 * UMP_MILLISECOND);
	rig_send(quick, GET("/")); /* a moment after its answer */
	cr_expect_eq(rig_answer(&rig, quick, &in, &head, NULL), 200);
	cr_expect(strstr(head.start, "Connection: close\r\n"));
	rig_turn(&rig, 150 * UMP_MILLISECOND);
	rig_send(fresh, GET("/")); /* a moment after connecting */
	cr_expect_eq(rig_answer(&rig, fresh, &in, &head, NULL), 200);
	RIG_UNTIL(&rig, rig.drained);
	close(quick), close(fresh);
	release();
}

/* Clients that send their next request with the answer to the last: each request sent on an open connection must be answered. */
Test(ends, a_drain_under_load_loses_no_request)
{
	int fds[20];
	size_t sent = 0, answered = 0;

	rig_open(&rig, (struct ump_server_options){0});
	for (int i = 0; i < 20; i++) {
		rig_send(fds[i] = rig_connect(&rig), GET("/"));
		sent++;
	}
	bool open[20], waiting[20];
	memset(open, true, sizeof open);
	memset(waiting, true, sizeof waiting);
	int64_t end = ump_loop_clock() + 20 * UMP_SECOND;
	while (!rig.drained && ump_loop_clock() < end) {
		ump_loop_once(rig.loop, UMP_MILLISECOND);
		if (answered > 2000)
			ump_server_drain(rig.server, drained, &rig);
		for (int i = 0; i < 20; i++) {
			ump_buffer_reset(&in);
			if (!open[i])
				continue;
			bool alive = rig_read(fds[i], &in);
			if (in.size > 0) {
				cr_assert(waiting[i] && strstr(in.start, " 200 OK"));
				answered++;
				waiting[i] = false;
				open[i] = !strstr(in.start, "Connection: close");
			}
			if (!alive)
				open[i] = false;
			if (open[i] && !waiting[i]) {
				rig_send(fds[i], GET("/"));
				sent++;
				waiting[i] = true;
			}
		}
	}
	cr_expect(rig.drained);
	cr_expect_eq(sent, answered, "%zu sent, %zu answered", sent, answered);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
	release();
}

Test(ends, a_peer_that_has_closed_its_side_gets_the_answer_and_the_end)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	cr_expect_eq(rig_head_answer(&rig, fd, &in, NULL), 100);
	rig_send(fd, "abc"); /* read at once with the end, which MHD then does not notice */
	shutdown(fd, SHUT_WR);
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, &body), 200);
	int64_t begin = ump_loop_clock();
	rig_until_closed(&rig, fd, &in);
	cr_expect_lt(ump_loop_clock() - begin, 8 * UMP_SECOND, "that is not the idle limit");
	close(fd);
	fd = rig_connect(&rig); /* in the middle of a body */
	rig_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
	cr_expect_eq(rig_head_answer(&rig, fd, &in, NULL), 100);
	rig_send(fd, "abc");
	shutdown(fd, SHUT_WR);
	begin = ump_loop_clock();
	rig_until_closed(&rig, fd, &in);
	cr_expect_lt(ump_loop_clock() - begin, 8 * UMP_SECOND, "that is not the deadline");
	cr_expect_eq(rig.handled, 1);
	close(fd);
	release();
}

/* ---- Streams ---- */

static void stream_write(const char *text)
{
	cr_assert_eq(ump_stream_write(rig.stream, ump_text(text)), 0);
}

Test(ends, a_stream_brings_what_is_written)
{
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/stream"));
	cr_expect_eq(rig_head_answer(&rig, fd, &in, &head), 200);
	cr_expect(strstr(head.start, "text/event-stream"));
	for (int i = 0; i < 5; i++) {
		ump_buffer_reset(&in);
		stream_write("data: one\n\n");
		stream_write("data: two\n\n");
		RIG_UNTIL(&rig, rig_read(fd, &in) && in.size > 0 && strstr(in.start, "two"));
		cr_expect_str_eq(in.start, "16\r\ndata: one\n\ndata: two\n\n\r\n");
		cr_expect_eq(ump_stream_pending(rig.stream), 0);
		cr_expect_eq(rig.streams_drained, (size_t)i + 1);
	}
	ump_buffer_reset(&in);
	stream_write("bye");
	ump_stream_close(rig.stream);
	RIG_UNTIL(&rig, rig_read(fd, &in) && in.size > 0 && strstr(in.start, "\r\n0\r\n"));
	cr_expect_str_eq(in.start, "3\r\nbye\r\n0\r\n\r\n");
	cr_expect_eq(rig.streams_closed, 1);
	rig_send(fd, GET("/later")); /* and the connection is as good as new, for one that half closes it too */
	shutdown(fd, SHUT_WR);
	RIG_UNTIL(&rig, rig.held_count == 1);
	rig_turn(&rig, 20 * UMP_MILLISECOND);
	rig_reply(rig.held[0], 200, "x");
	ump_buffer_reset(&in);
	cr_expect_eq(rig_answer(&rig, fd, &in, NULL, NULL), 200);
	close(fd);
	release();
}

Test(ends, a_stream_to_a_slow_reader_is_bounded)
{
	static char piece[1001];
	int refused = 0;
	size_t written = 0, got = 0;

	memset(piece, 'Q', 1000);
	rig_open(&rig, (struct ump_server_options){0});
	rig.max_pending = 10000;
	int fd = rig_connect(&rig);
	rig_send(fd, GET("/stream"));
	RIG_UNTIL(&rig, rig.stream);
	while (refused < 50) {
		if (ump_stream_write(rig.stream, ump_text(piece)) == 0)
			written += 1000;
		else
			refused++;
		cr_assert_leq(ump_stream_pending(rig.stream), 10000);
		ump_loop_once(rig.loop, 0);
	}
	while (got < written) { /* all that was taken arrives */
		ump_buffer_reset(&in);
		cr_assert(rig_read(fd, &in));
		for (size_t i = 0; i < in.size; i++)
			got += in.start[i] == 'Q';
		ump_loop_once(rig.loop, 0);
	}
	cr_expect_eq(got, written);
	close(fd);
	RIG_UNTIL(&rig, rig.streams_closed == 1);
	release();
}

Test(ends, a_stream_whose_reader_goes_is_closed)
{
	static char piece[60001];

	memset(piece, 'x', 60000);
	rig_open(&rig, (struct ump_server_options){0});
	int fd = rig_connect(&rig); /* one that has nothing to write … */
	rig_send(fd, GET("/stream"));
	RIG_UNTIL(&rig, rig.stream);
	rig_turn(&rig, 10 * UMP_MILLISECOND);
	close(fd);
	RIG_UNTIL(&rig, rig.streams_closed == 1);
	int small = 4096;
	fd = rig_connect(&rig); /* … and one that has too much */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	rig_send(fd, GET("/stream"));
	RIG_UNTIL(&rig, rig.stream);
	for (int i = 0; i < 200; i++) {
		(void)ump_stream_write(rig.stream, ump_text(piece));
		ump_loop_once(rig.loop, 0);
	}
	close(fd);
	RIG_UNTIL(&rig, rig.streams_closed == 2);
	release();
}

Test(ends, a_stream_that_nobody_takes_is_given_up)
{
	static char piece[60001];
	int small = 4096;

	memset(piece, 'x', 60000);
	rig_open(&rig, (struct ump_server_options){.idle_us = 200 * UMP_MILLISECOND});
	int quiet = rig_connect(&rig);
	rig_send(quiet, GET("/stream"));
	RIG_UNTIL(&rig, rig.stream);
	rig_turn(&rig, 600 * UMP_MILLISECOND);
	cr_assert_eq(rig.streams_closed, 0, "one that has nothing to say lives on");
	ump_stream_close(rig.stream);
	RIG_UNTIL(&rig, rig.streams_closed == 1);
	int fd = rig_connect(&rig);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	rig_send(fd, GET("/stream"));
	RIG_UNTIL(&rig, rig.stream);
	for (int i = 0; i < 200; i++) {
		(void)ump_stream_write(rig.stream, ump_text(piece));
		ump_loop_once(rig.loop, 0);
	}
	RIG_UNTIL(&rig, rig.streams_closed == 2);
	close(quiet), close(fd);
	release();
}
