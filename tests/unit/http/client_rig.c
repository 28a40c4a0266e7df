#include "tests/unit/http/client_rig.h"
#include "common/memory.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct rig rig;
struct ump_client *client;
struct ump_error error;
struct ump_buffer in;

void open_all(struct ump_client_options options)
{
	rig_open(&rig, (struct ump_server_options){0});
	options.max_connections = options.max_connections ? options.max_connections : 10;
	options.connect_timeout_us = options.connect_timeout_us ? options.connect_timeout_us : 5 * UMP_SECOND;
	cr_assert_eq(ump_client_new(&client, rig.loop, &options, &error), 0, "%s", error.text);
}

void close_all(void)
{
	ump_client_free(client);
	rig_close(&rig);
	ump_buffer_release(&in);
}

struct ump_call *call_with(struct result *result, struct ump_call_options options)
{
	struct ump_call *call = NULL;

	options.method = options.method ? options.method : "POST";
	options.max_reply = options.max_reply ? options.max_reply : 1000;
	*result = (struct result){.then = result->then};
	cr_assert_eq(ump_client_call(client, &options, done, result, &call, &error), 0, "%s", error.text);
	cr_assert_eq(result->calls, 0, "not from inside the call");
	return call;
}

char *url_of(int port, const char *path)
{
	static char url[8][200];
	static int next;

	next = (next + 1) % 8;
	snprintf(url[next], sizeof url[next], "http://127.0.0.1:%d%s", port, path);
	return url[next];
}

struct ump_call *call(struct result *result, const char *path, const char *body)
{
	return call_with(result, (struct ump_call_options){.url = url_of(rig_port(&rig), path), .body = ump_text(body)});
}

void done(void *context, const struct ump_reply *reply)
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

int listener = -1, listener_port;

void fake_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(listen(listener, 100), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	listener_port = ntohs(address.sin_port);
}

int fake_accept(void)
{
	int fd = -1;

	RIG_UNTIL(&rig, (fd = accept(listener, NULL, NULL)) >= 0);
	return fd;
}

/* Turns the loop until a request's header has come; its text is in `in`. */
void fake_request(int fd)
{
	ump_buffer_reset(&in);
	RIG_UNTIL(&rig, rig_read(fd, &in) && in.size && strstr(in.start, "\r\n\r\n"));
}

struct ump_call *call_fake(struct result *result, struct ump_call_options options)
{
	options.url = options.url ? options.url : url_of(listener_port, "/x?y=z");
	return call_with(result, options);
}

/* One exchange on a new connection, ended by the server when `end`; returns the connection. */
int exchange(struct result *result, struct ump_call_options options, const char *answer, bool end)
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
