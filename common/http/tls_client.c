/* common/http/tls_client.c: calls by libcurl, in our loop.
 *
 * libcurl tells which sockets it waits for and when it wants to be called; both go into the loop, and each event goes back with
 * curl_multi_socket_action(). What has ended is asked for after each of these, outside of libcurl's functions, so `done` may start and
 * cancel calls. Handles are kept with their fixed options, and a call sets what differs. */
#include "common/buffer.h"
#include "common/http/client_private.h"
#include "common/http/trust.h"
#include "common/memory.h"
#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define HANDLES_KEPT 64

struct tls_call {
	struct ump_call base;
	struct tls_client *client;
	struct tls_call *next, *previous;
	CURL *easy;
	struct curl_slist *headers;
	struct ump_buffer lines, body; /* of the reply */
	size_t header_count, max_reply, surplus;
	bool too_many_headers, header_over;
};

struct tls_client {
	struct ump_loop *loop;
	CURLM *multi;
	struct ump_timer timer;
	struct tls_call *calls; /* under way */
	struct tls_call *kept;  /* by their `next`, to be used again */
	size_t kept_count;
	struct ump_buffer trusted; /* PEM; empty: the system's alone */
	int64_t connect_timeout_us;
};

/* ---- The end of a call ---- */

static const char *failure_of(CURL *easy, CURLcode code, const struct tls_call *call)
{
	long system = 0;

	if (call->too_many_headers)
		return "broken answer: its header is too large";
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system);
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return "timeout";
	case CURLE_COULDNT_RESOLVE_HOST:
		return "the name of the host is not known";
	case CURLE_COULDNT_CONNECT:
		return system == ECONNREFUSED || system == 0 ? "connection refused" : "no connection";
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return "connection closed before an answer";
	case CURLE_PARTIAL_FILE:
		return "connection closed inside the answer";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "TLS: the server's certificate is not trusted, or not for this name";
	case CURLE_SSL_CONNECT_ERROR:
		return "TLS: no agreement with the server";
	case CURLE_SSL_CACERT_BADFILE:
		return "TLS: the trusted certificates are not valid";
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return "broken answer";
	default:
		return curl_easy_strerror(code);
	}
}

static void unlink_call(struct tls_call *call)
{
	struct tls_client *client = call->client;

	if (call->next)
		call->next->previous = call->previous;
	if (call->previous)
		call->previous->next = call->next;
	else
		client->calls = call->next;
	curl_multi_remove_handle(client->multi, call->easy);
}

static void release_call(struct tls_call *call)
{
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	ump_buffer_release(&call->lines);
	ump_buffer_release(&call->body);
	free(call);
}

static void keep_call(struct tls_call *call)
{
	struct tls_client *client = call->client;

	if (client->kept_count == HANDLES_KEPT) {
		release_call(call);
		return;
	}
	call->next = client->kept;
	client->kept = call;
	client->kept_count++;
}

/* Every line of `lines` is "name: value\r\n". */
static struct ump_header *list_headers(const struct tls_call *call)
{
	struct ump_header *headers = ump_allocate(call->header_count + 1, sizeof *headers);
	const char *line = call->lines.start;

	for (size_t i = 0; i < call->header_count; i++) {
		const char *end = strchr(line, '\n'), *colon = memchr(line, ':', (size_t)(end - line));
		headers[i].name = (struct ump_text){line, (size_t)(colon - line)};
		headers[i].value = ump_text_trim((struct ump_text){colon + 1, (size_t)(end - colon - 1)});
		line = end + 1;
	}
	return headers;
}

static void finish(struct tls_call *call, CURLcode code)
{
	struct ump_reply reply = {.truncated = call->surplus > 0};
	long status = 0;

	unlink_call(call);
	ump_cleanup_free struct ump_header *headers = list_headers(call);
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	bool cut = code == CURLE_WRITE_ERROR && reply.truncated; /* by us */
	if ((code == CURLE_OK || cut) && status >= 100 && status <= 599) {
		reply.status = (int)status;
		reply.headers = headers;
		reply.header_count = call->header_count;
		reply.body = call->body.start ? ump_buffer_text(&call->body) : UMP_TEXT("");
	} else {
		reply.failure = code == CURLE_OK ? "broken answer" : failure_of(call->easy, code, call);
	}
	call->base.done(call->base.context, &reply);
	keep_call(call);
}

static void finish_ended(struct tls_client *client)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		struct tls_call *call;
		CURLcode code = message->data.result; /* the message is gone with the handle */

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		finish(call, code);
	}
}

/* ---- libcurl in the loop ---- */

static void timer_expired(void *context)
{
	struct tls_client *client = context;
	int running;

	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_ended(client);
}

static int timer_wanted(CURLM *multi, long timeout_ms, void *context)
{
	struct tls_client *client = context;

	(void)multi;
	if (timeout_ms < 0)
		ump_timer_cancel(client->loop, &client->timer);
	else /* never from inside here, though it may be due */
		ump_timer_set(client->loop, &client->timer, ump_loop_now(client->loop) + timeout_ms * UMP_MILLISECOND, timer_expired,
			      client);
	return 0;
}

struct tls_socket {
	struct ump_watch watch;
	struct tls_client *client;
};

static void socket_ready(void *context, uint32_t events)
{
	struct tls_socket *socket = context;
	struct tls_client *client = socket->client; /* the socket may be freed inside */
	int running, flags = 0;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		flags |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		flags |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		flags |= CURL_CSELECT_ERR;
	curl_multi_socket_action(client->multi, socket->watch.fd, flags, &running);
	finish_ended(client);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct tls_client *client = context;
	struct tls_socket *socket = socket_context;
	struct ump_error error;
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (socket) {
			ump_watch_remove(client->loop, &socket->watch);
			free(socket);
		}
		return 0;
	}
	if (socket)
		return ump_watch_modify(client->loop, &socket->watch, events, &error);
	socket = ump_allocate(1, sizeof *socket);
	socket->client = client;
	if (ump_watch_add(client->loop, &socket->watch, fd, events, socket_ready, socket, &error) < 0) {
		free(socket);
		return -1;
	}
	curl_multi_assign(client->multi, fd, socket);
	return 0;
}

/* ---- A call ---- */

static size_t header_came(char *line, size_t one, size_t size, void *context)
{
	struct tls_call *call = context;
	struct ump_text text = {line, size * one};

	if (ump_text_starts_with(text, UMP_TEXT("HTTP/"))) { /* a status line: what came before was provisional */
		ump_buffer_reset(&call->lines);
		call->header_count = 0;
		call->header_over = false;
	} else if (ump_text_equals(text, UMP_TEXT("\r\n"))) {
		call->header_over = true; /* trailers come here too, but say nothing about the reply */
	} else if (!call->header_over && line[0] != ' ' && line[0] != '\t' && memchr(line, ':', text.size) && line[text.size - 1] == '\n') {
		if (text.size > UMP_REPLY_HEADERS - call->lines.size) {
			call->too_many_headers = true;
			return 0;
		}
		ump_buffer_add_text(&call->lines, text);
		call->header_count++;
	}
	return text.size;
}

static size_t body_came(char *bytes, size_t one, size_t size, void *context)
{
	struct tls_call *call = context;
	size_t room = call->max_reply - call->body.size, kept = size * one < room ? size * one : room;

	ump_buffer_add(&call->body, bytes, kept);
	call->surplus += size * one - kept;
	return call->surplus > UMP_REPLY_SURPLUS ? 0 : size * one;
}

/* The options that all calls share. */
static struct tls_call *new_call(struct tls_client *client)
{
	struct tls_call *call = ump_allocate(1, sizeof *call);
	CURL *easy = curl_easy_init();

	assert(easy);
	call->client = client;
	call->easy = easy;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(client->connect_timeout_us / UMP_MILLISECOND));
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_came);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_came);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	if (client->trusted.size > 0) {
		struct curl_blob blob = {client->trusted.start, client->trusted.size, CURL_BLOB_NOCOPY};
		curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	return call;
}

static void add_line(struct tls_call *call, const char *line)
{
	struct curl_slist *longer = curl_slist_append(call->headers, line);

	assert(longer);
	call->headers = longer;
}

static void set_headers(struct tls_call *call, const struct ump_call_options *options)
{
	curl_slist_free_all(call->headers);
	call->headers = NULL;
	add_line(call, "Expect:"); /* no waiting for 100 Continue */
	if (!ump_header_find(options->headers, options->header_count, "Accept").start)
		add_line(call, "Accept:");
	if (!ump_header_find(options->headers, options->header_count, "Content-Type").start)
		add_line(call, "Content-Type:");
	for (size_t i = 0; i < options->header_count; i++) {
		struct ump_text name = options->headers[i].name, value = options->headers[i].value;
		struct ump_buffer line = {0};

		ump_buffer_add_text(&line, name);
		ump_buffer_add_string(&line, value.size ? ": " : ";"); /* libcurl's way to say "empty" */
		ump_buffer_add_text(&line, value);
		add_line(call, line.start);
		ump_buffer_release(&line);
	}
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void set_method(CURL *easy, const struct ump_call_options *options)
{
	struct ump_text method = ump_text(options->method);

	curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
	if (options->body.size > 0 || ump_text_equals(method, UMP_TEXT("POST")) || ump_text_equals(method, UMP_TEXT("PUT"))) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->body.size);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, options->body.size ? options->body.start : "");
	} else if (ump_text_equals(method, UMP_TEXT("HEAD"))) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, options->method);
}

struct ump_call *ump_tls_client_call(struct tls_client *client, const struct ump_call_options *options)
{
	struct tls_call *call = client->kept;

	if (call) {
		client->kept = call->next;
		client->kept_count--;
	} else {
		call = new_call(client);
	}
	ump_buffer_reset(&call->lines);
	ump_buffer_release(&call->body);
	call->header_count = call->surplus = 0;
	call->max_reply = options->max_reply;
	call->too_many_headers = call->header_over = false;
	set_method(call->easy, options);
	set_headers(call, options);
	curl_easy_setopt(call->easy, CURLOPT_URL, options->url);
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)((options->timeout_us + UMP_MILLISECOND - 1) / UMP_MILLISECOND));
	call->previous = NULL;
	call->next = client->calls;
	if (call->next)
		call->next->previous = call;
	client->calls = call;
	CURLMcode added = curl_multi_add_handle(client->multi, call->easy);
	assert(added == CURLM_OK);
	(void)added;
	return &call->base;
}

void ump_tls_client_cancel(struct ump_call *base)
{
	struct tls_call *call = (struct tls_call *)base;

	unlink_call(call); /* libcurl closes a connection whose answer is under way */
	keep_call(call);
}

/* ---- Begin and end ---- */

struct tls_client *ump_tls_client_new(struct ump_loop *loop, const struct ump_client_options *options, struct ump_error *error)
{
	struct tls_client *client = ump_allocate(1, sizeof *client);
	const curl_version_info_data *version;

	client->loop = loop;
	client->connect_timeout_us = options->connect_timeout_us;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(client->multi = curl_multi_init())) {
		free(client);
		ump_fail(error, UMP_FATAL, "libcurl does not start");
		return NULL;
	}
	version = curl_version_info(CURLVERSION_NOW);
	if ((options->ca_pem || options->ca_directory) &&
	    ump_trust_collect(&client->trusted, version->cainfo, options->ca_pem, options->ca_directory, error) < 0) {
		ump_tls_client_free(client);
		return NULL;
	}
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)options->max_connections);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)options->max_connections);
	return client;
}

void ump_tls_client_free(struct tls_client *client)
{
	if (!client)
		return;
	while (client->calls)
		ump_tls_client_cancel(&client->calls->base);
	while (client->kept) {
		struct tls_call *call = client->kept;
		client->kept = call->next;
		release_call(call);
	}
	curl_multi_cleanup(client->multi);
	ump_timer_cancel(client->loop, &client->timer);
	ump_buffer_release(&client->trusted);
	free(client);
}
