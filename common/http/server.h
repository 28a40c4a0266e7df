/* common/http/server.h: an HTTP/1.1 server inside the loop, on libmicrohttpd without threads of its own.
 *
 * A request reaches the handler whole, with its body, and is answered at once or later, from any callback of the loop. What this server
 * takes care of: one Content-Length or one Transfer-Encoding, else 400 and close (request smuggling); a body over the limit, 413 before it
 * is read where Content-Length says so; an absolute deadline for a request to arrive, 408 and close, so that a drip does not hold a
 * connection; a limit of connections, where the idle ones make room for new ones; closing kept-alive connections while it drains; and that
 * an answer given before the body was read reaches the peer. What libmicrohttpd itself refuses (no header line, a header over `max_header`,
 * another version) it answers in text, all else is application/problem+json. Used by the loop's thread only. */
#pragma once
#include "common/error.h"
#include "common/http/header.h"
#include "common/loop/loop.h"
#include <stdint.h>

struct ump_server;
struct ump_request;
struct ump_stream;

struct ump_server_options {
	const char *listen; /* "127.0.0.1:8080", "[::1]:0", ":8080" (all interfaces); port 0: a free one. Ignored with `socket` */
	int socket;         /* a listening socket passed to us, and ours from then on; or -1 */
	int64_t max_header; /* bytes of a request's line and header fields; more is 431, as are more than 160 fields; 0: 24 KiB. Costs 20 ns
			       a KiB and request */
	int64_t max_body;   /* bytes; more is 413 */
	int64_t max_connections;     /* further ones wait in the kernel's queue; while there are so many, idle ones close after 1 s */
	int64_t request_deadline_us; /* from the first byte of a request to its last; 0: none */
	int64_t idle_us;             /* a connection without a request, or whose peer takes nothing of an answer, is closed; 0: 60 s */
};

struct ump_server_handler {
	/* The headers are there, the body is not. May answer (the body is then not read); else the request goes on. NULL: none. */
	void (*begin)(struct ump_request *request, void *context);

	/* The request is whole. It must be answered exactly once, now or later, unless `gone` is called first. */
	void (*handle)(struct ump_request *request, void *context);

	/* The peer has gone before the answer, or the server is freed: the request is invalid after this call. A peer that has closed its
	 * sending side alone has not gone: it may wait for the answer. NULL: none. */
	void (*gone)(struct ump_request *request, void *context);
	void *context;
};

int ump_server_new(struct ump_server **ret_server, struct ump_loop *loop, const struct ump_server_options *options,
		   const struct ump_server_handler *handler, struct ump_error *error);

/* Closes all connections at once. Requests get their `gone`, streams their `closed`. Not from inside a handler's function. Accepts NULL. */
void ump_server_free(struct ump_server *server);

/* "127.0.0.1:43817": where it listens, with the real port. */
const char *ump_server_address(const struct ump_server *server);

/* No new connections, but those that wait in our own listening socket's queue; kept-alive ones close after their present request, streams
 * at once, and idle ones after the moment in which a request may be on its way to them (0.1 s after an answer, 1 s after connecting).
 * `drained` is called (from the loop) when no connection is left. Calling it again changes nothing. */
void ump_server_drain(struct ump_server *server, void (*drained)(void *context), void *context);

/* Requests that have begun and are not answered, the bodies on their way included. */
size_t ump_server_active(const struct ump_server *server);

/* ---- A request. All views hold until it is answered or gone. ---- */

struct ump_text ump_request_method(const struct ump_request *request);
struct ump_text ump_request_path(const struct ump_request *request);                    /* as sent, without the query */
struct ump_text ump_request_query(const struct ump_request *request, const char *name); /* decoded, or UMP_TEXT_NONE */
struct ump_text ump_request_header(const struct ump_request *request, const char *name);
const struct ump_header *ump_request_headers(const struct ump_request *request, size_t *ret_count); /* all, in their order */
struct ump_text ump_request_body(const struct ump_request *request);
struct ump_text ump_request_peer(const struct ump_request *request); /* the address, without the port */
int64_t ump_request_started(const struct ump_request *request);      /* loop time of its first byte as we saw it */

/* The caller's own pointer, kept with the request. */
void ump_request_attach(struct ump_request *request, void *pointer);
void *ump_request_attached(const struct ump_request *request);

/* Of an answer's head, in bytes: what fits whatever the request was. */
#define UMP_ANSWER_HEAD_MOST 2048

struct ump_answer {
	int status;
	const struct ump_header *headers; /* besides Content-Length, Connection and Date */
	size_t header_count;
	struct ump_text body; /* copied unless `body_is_static` */
	bool body_is_static;  /* lives as long as the program */
};

/* Answers; the request is invalid afterwards. A HEAD request gets the headers only. */
void ump_request_answer(struct ump_request *request, const struct ump_answer *answer);

/* application/problem+json (RFC 9457) with title and detail, and Retry-After where `retry_after_s` > 0. */
void ump_request_problem(struct ump_request *request, int status, const char *title, const char *detail, int retry_after_s);

/* ---- A response without end: server-sent events ---- */

struct ump_stream_options {
	const struct ump_header *headers;
	size_t header_count;
	size_t max_pending;                                        /* bytes written and not yet taken by the peer */
	void (*closed)(struct ump_stream *stream, void *context);  /* the peer has gone or ump_server_free(): invalid afterwards */
	void (*drained)(struct ump_stream *stream, void *context); /* all that was pending is taken; NULL: none */
	void *context;
};

/* Answers 200 and keeps the response open. */
struct ump_stream *ump_request_stream(struct ump_request *request, const struct ump_stream_options *options);

/* Takes all of the bytes (copied), or none and returns -1 where `max_pending` would be passed. */
int ump_stream_write(struct ump_stream *stream, struct ump_text bytes);
size_t ump_stream_pending(const struct ump_stream *stream);
void ump_stream_close(struct ump_stream *stream); /* ends the response after what is pending; `closed` follows */
