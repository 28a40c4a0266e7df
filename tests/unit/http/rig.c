#include "tests/unit/http/rig.h"
#include "common/memory.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void rig_reply(struct ump_request *request, int status, const char *body)
{
	const struct ump_header header = {UMP_TEXT("Content-Type"), UMP_TEXT("text/plain")};

	ump_request_answer(request, &(struct ump_answer){.status = status, .headers = &header, .header_count = 1, .body = ump_text(body)});
}

static void closed(struct ump_stream *stream, void *context)
{
	struct rig *rig = context;

	cr_assert_eq(stream, rig->stream);
	rig->stream = NULL;
	rig->streams_closed++;
}

static void stream_drained(struct ump_stream *stream, void *context)
{
	struct rig *rig = context;

	cr_assert_eq(stream, rig->stream);
	rig->streams_drained++;
}

static void begin(struct ump_request *request, void *context)
{
	struct rig *rig = context;

	rig->begun++;
	if (ump_text_starts_with(ump_request_path(request), UMP_TEXT("/early")))
		rig_reply(request, 403, "no");
}

static void handle(struct ump_request *request, void *context)
{
	struct rig *rig = context;
	struct ump_text path = ump_request_path(request);
	struct ump_buffer text = {0};

	rig->handled++;
	if (ump_text_starts_with(path, UMP_TEXT("/later"))) {
		cr_assert_lt(rig->held_count, HELD);
		rig->held[rig->held_count++] = request;
	} else if (ump_text_equals(path, UMP_TEXT("/none"))) {
		ump_request_answer(request, &(struct ump_answer){.status = 204});
	} else if (ump_text_equals(path, UMP_TEXT("/problem"))) {
		ump_request_problem(request, 503, "not now", "say \"please\"\n", 7);
	} else if (ump_text_equals(path, UMP_TEXT("/broken"))) {
		const struct ump_header header = {UMP_TEXT("X-Broken"), UMP_TEXT("a\r\nSet-Cookie: b")};
		ump_request_answer(request, &(struct ump_answer){.status = 200, .headers = &header, .header_count = 1});
	} else if (ump_text_equals(path, UMP_TEXT("/query"))) {
		struct ump_text a = ump_request_query(request, "a"), b = ump_request_query(request, "b");
		ump_buffer_print(&text, "a=%.*s b=%s", UMP_TEXT_ARGUMENTS(a), b.start ? "there" : "none");
		rig_reply(request, 200, text.start);
	} else if (ump_text_equals(path, UMP_TEXT("/big"))) {
		for (int i = 0; i < 2000000; i++)
			ump_buffer_add_string(&text, "0123456789");
		rig_reply(request, 200, text.start);
	} else if (ump_text_equals(path, UMP_TEXT("/stream"))) {
		const struct ump_header header = {UMP_TEXT("Content-Type"), UMP_TEXT("text/event-stream")};
		rig->stream = ump_request_stream(request, &(struct ump_stream_options){.headers = &header,
										       .header_count = 1,
										       .max_pending = rig->max_pending,
										       .closed = closed,
										       .drained = stream_drained,
										       .context = rig});
	} else {
		struct ump_text method = ump_request_method(request), body = ump_request_body(request), peer = ump_request_peer(request),
				x = ump_request_header(request, "X-TEST");
		ump_buffer_print(&text, "%.*s %.*s x=%.*s peer=%.*s body=", UMP_TEXT_ARGUMENTS(method), UMP_TEXT_ARGUMENTS(path),
				 UMP_TEXT_ARGUMENTS(x), UMP_TEXT_ARGUMENTS(peer));
		ump_buffer_add_text(&text, body);
		rig_reply(request, 200, text.start);
	}
	ump_buffer_release(&text);
}

static void gone(struct ump_request *request, void *context)
{
	struct rig *rig = context;

	rig->gone++;
	for (size_t i = 0; i < rig->held_count; i++) {
		if (rig->held[i] == request)
			rig->held[i] = NULL;
	}
}

void rig_open(struct rig *rig, struct ump_server_options options)
{
	struct ump_error error;
	const struct ump_server_handler handler = {.begin = begin, .handle = handle, .gone = gone, .context = rig};

	*rig = (struct rig){.max_pending = 64 * 1024};
	options.listen = options.listen ? options.listen : "127.0.0.1:0";
	options.socket = options.socket ? options.socket : -1;
	options.max_body = options.max_body ? options.max_body : 1 << 20;
	options.max_connections = options.max_connections ? options.max_connections : 1000;
	options.request_deadline_us = options.request_deadline_us ? options.request_deadline_us : 10 * UMP_SECOND;
	options.idle_us = options.idle_us ? options.idle_us : 10 * UMP_SECOND;
	cr_assert_eq(ump_loop_new(&rig->loop, &error), 0, "%s", error.text);
	cr_assert_eq(ump_server_new(&rig->server, rig->loop, &options, &handler, &error), 0, "%s", error.text);
}

void rig_close(struct rig *rig)
{
	ump_server_free(rig->server);
	ump_loop_free(rig->loop);
}

int rig_port(const struct rig *rig)
{
	return atoi(strrchr(ump_server_address(rig->server), ':') + 1);
}

int rig_connect(const struct rig *rig)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)rig_port(rig)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0, "%s", strerror(errno));
	return fd;
}

void rig_send(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text), "%s", strerror(errno));
}

void rig_turn(struct rig *rig, int64_t duration_us)
{
	int64_t end = ump_loop_clock() + duration_us;

	while (ump_loop_clock() < end)
		ump_loop_once(rig->loop, 5 * UMP_MILLISECOND);
}

bool rig_read(int fd, struct ump_buffer *in)
{
	for (;;) {
		char *room = ump_buffer_reserve(in, 65536);
		ssize_t size = recv(fd, room, 65536, MSG_DONTWAIT);
		if (size <= 0)
			return size < 0 && (errno == EAGAIN || errno == EINTR);
		in->size += (size_t)size;
		in->start[in->size] = '\0';
	}
}

static int answer(struct rig *rig, int fd, struct ump_buffer *in, struct ump_buffer *head, struct ump_buffer *body, bool without_body)
{
	int64_t end = ump_loop_clock() + 20 * UMP_SECOND;
	bool open = true;

	for (;;) {
		char *blank = in->size ? strstr(in->start, "\r\n\r\n") : NULL;
		if (blank) {
			size_t head_size = (size_t)(blank - in->start) + 4, length = 0;
			char *field = strcasestr(in->start, "\r\nContent-Length: ");
			if (!without_body && field && field < blank)
				length = strtoul(field + 18, NULL, 10);
			if (in->size >= head_size + length) {
				int status = atoi(in->start + 9);
				if (head) {
					ump_buffer_reset(head);
					ump_buffer_add(head, in->start, head_size);
				}
				if (body) {
					ump_buffer_reset(body);
					ump_buffer_add(body, in->start + head_size, length);
				}
				ump_buffer_consume(in, head_size + length);
				if (in->start)
					in->start[in->size] = '\0';
				return status;
			}
		}
		if (!open)
			return 0;
		cr_assert_lt(ump_loop_clock(), end, "no answer; so far: %s", in->size ? in->start : "");
		ump_loop_once(rig->loop, 5 * UMP_MILLISECOND);
		open = rig_read(fd, in);
	}
}

int rig_answer(struct rig *rig, int fd, struct ump_buffer *in, struct ump_buffer *head, struct ump_buffer *body)
{
	return answer(rig, fd, in, head, body, false);
}

int rig_head_answer(struct rig *rig, int fd, struct ump_buffer *in, struct ump_buffer *head)
{
	return answer(rig, fd, in, head, NULL, true);
}

void rig_until_closed(struct rig *rig, int fd, struct ump_buffer *in)
{
	int64_t end = ump_loop_clock() + 20 * UMP_SECOND;

	while (rig_read(fd, in)) {
		cr_assert_lt(ump_loop_clock(), end, "the connection stays open; so far: %s", in->size ? in->start : "");
		ump_loop_once(rig->loop, 5 * UMP_MILLISECOND);
	}
}
