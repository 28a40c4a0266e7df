/* common/http/server_private.h: what the files of the server share with each other and nobody else. */
#pragma once
#include "common/buffer.h"
#include "common/http/listen.h"
#include "common/http/server.h"
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define UMP_HEADERS_MOST 160 /* fields of a request; more is 431 */

struct connection;

struct ump_request {
	struct connection *connection;
	struct ump_text method, path;
	struct ump_header *headers; /* the array is kept from one request to the next */
	size_t header_count, header_capacity;
	struct ump_buffer body; /* likewise, unless it was big */
	char **decoded;         /* copies handed out by ump_request_query() */
	size_t decoded_count;
	void *attached;
	int64_t started;
	bool has_body;
	bool shown;                /* to the handler: it learns when the peer goes */
	bool early;                /* inside `begin` */
	bool suspended;            /* MHD does not look at its connection */
	struct MHD_Response *held; /* the answer of `begin` to a request without a body, queued when MHD asks for it */
	unsigned held_status;
	struct ump_stream *stream;
};

/* What a connection is busy with. */
enum phase {
	WAITING,   /* for a request: idle, or its header is on the way */
	RECEIVING, /* a body */
	HANDLING,  /* the handler has the request */
	SENDING    /* the answer */
};

struct connection {
	struct ump_server *server;
	struct MHD_Connection *handle;
	struct connection *next, *previous;
	struct ump_watch hangup; /* for the time in which MHD does not look; added with the first answer that is not given at once */
	struct ump_request request;
	int64_t since;   /* begin of the phase */
	int64_t begun;   /* WAITING: when the first byte of a request was noticed; 0: not yet */
	int64_t refused; /* when ump_connection_refuse() was called; 0: it was not */
	int64_t moved;   /* SENDING: when the peer last acknowledged something more */
	size_t got;      /* RECEIVING: of the body, at the last sweep */
	int stuck;       /* RECEIVING: sweeps in a row in which MHD left what had come, and `got` stayed */
	uint64_t acked;  /* bytes */
	int fd;
	enum phase phase;
	bool served; /* it has had a request */
	bool linger; /* closing must not destroy the answer while the peer still sends */
	bool deaf;   /* its reading side is shut down */
	bool doomed; /* the handler is not asked any more: MHD closes it */
	char peer[INET6_ADDRSTRLEN];
};

struct lingering; /* linger.c */

struct ump_server {
	struct ump_loop *loop;
	struct ump_server_options options;
	struct ump_server_handler handler;
	struct MHD_Daemon *daemon;
	struct MHD_Response *empty; /* without headers and body, for all that need no more */
	struct ump_watch readiness; /* of MHD's epoll descriptor */
	struct ump_watch arrivals;  /* of the listening socket */
	struct ump_task turn;       /* MHD_run */
	struct ump_task farewell;   /* tells the owner that all is drained */
	struct ump_timer watchdog;
	struct ump_timer reprieve; /* tries to accept again */
	struct connection *connections;
	struct lingering *lingering;
	size_t connection_count, lingering_count, active;
	size_t arriving; /* given to MHD, which will tell of them at its next turn (as 1.0 does) */
	int socket;
	bool draining;
	void (*drained)(void *context);
	void *drained_context;
	char address[UMP_ADDRESS_SIZE];
};

/* server.c */
void ump_server_wake(struct ump_server *server); /* has MHD look at what was resumed or shut down, in this round */
void ump_server_check_drained(struct ump_server *server);

/* request.c */
enum MHD_Result ump_request_arrived(void *server, struct MHD_Connection *handle, const char *url, const char *method, const char *version,
				    const char *upload, size_t *upload_size, void **request);
void ump_request_completed(void *server, struct MHD_Connection *handle, void **request, enum MHD_RequestTerminationCode code);
void ump_request_clear(struct ump_request *request);
void ump_request_send(struct ump_request *request, int status, struct MHD_Response *response);
int ump_request_add_headers(struct MHD_Response *response, const struct ump_header *headers, size_t count);
void ump_connection_suspend(struct connection *connection, uint32_t events);
void ump_connection_resume(struct connection *connection);

/* stream.c */
void ump_stream_ended(struct ump_stream *stream); /* frees it after its `closed` */

/* Sends a short answer past MHD, where MHD would not take one any more, since the request is not whole. The connection must be closed. */
void ump_connection_refuse(struct connection *connection, int status, const char *reason);

/* watchdog.c: deadlines, idle time, and the closing of idle connections for the drain. */
void ump_watchdog_start(struct ump_server *server);
void ump_watchdog_sweep(void *server);

/* linger.c: keeps a closed connection's socket until the peer has read what was said (RFC 9112, 9.6). */
void ump_linger_begin(struct ump_server *server, int fd, bool deaf);
void ump_linger_end_all(struct ump_server *server);
