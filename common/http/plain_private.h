/* common/http/plain_private.h: between plain_client.c (calls, their turn, targets) and plain_connection.c (bytes). */
#pragma once
#include "common/buffer.h"
#include "common/http/client_private.h"
#include "common/http/resolve.h"
#include "common/http/response.h"

struct plain_target;

struct plain_call {
	struct ump_call base; /* must be first */
	struct plain_client *client;
	struct plain_target *target;
	struct plain_connection *connection; /* NULL: it waits for one */
	struct plain_call *next, *previous;  /* in the queue, or by `next` among those kept */
	struct plain_call *newer, *older;    /* among all that are under way */
	struct ump_timer timer;
	struct ump_buffer head; /* the request's, kept for a second try */
	struct ump_text body;
	size_t max_reply;
	const char *failure; /* to be reported by the timer */
	bool to_head, retried, queued;
};

struct plain_connection {
	struct plain_client *client;
	struct plain_target *target;
	struct plain_call *call;                  /* NULL: idle */
	struct plain_connection *next, *previous; /* of the client's */
	struct plain_connection *below;           /* of the target's idle ones */
	struct ump_watch watch;
	struct ump_timer timer; /* of a connection attempt */
	struct ump_response response;
	size_t sent; /* of the call's head and body together */
	size_t address;
	int64_t idle_since;
	const char *failure; /* of the last attempt */
	bool connected, used, sending;
};

/* A host and port. */
struct plain_target {
	struct plain_client *client;
	struct plain_target *next;
	struct plain_connection *idle; /* the last used first: so the fewest are kept warm */
	struct ump_lookup *lookup;
	struct ump_addresses addresses;
	int64_t resolved_at;
	size_t calls; /* that go here */
	uint16_t port;
	bool literal;
	char *host, *authority;
};

struct plain_client {
	struct ump_loop *loop;
	int64_t max_connections, connect_timeout_us;
	struct plain_target *targets; /* the last used first */
	size_t target_count;
	struct plain_connection *connections;
	int64_t connection_count;
	int64_t idle_count; /* of them */
	struct plain_call *newest;
	struct plain_call *first, *last; /* the queue */
	struct ump_task dispatch;
	struct plain_call *kept;
	size_t kept_count;
	struct ump_header headers[UMP_RESPONSE_HEADERS];
	char scratch[64 * 1024]; /* what one read brings, when nothing is left from the one before */
};

/* plain_client.c */
void ump_plain_finished(struct plain_call *call, const struct ump_reply *reply);
void ump_plain_fail(struct plain_call *call, const char *failure); /* soon, from the loop */
void ump_plain_retry(struct plain_call *call);
void ump_plain_dispatch(struct plain_client *client); /* later in this round: a connection is free, or may be opened */

/* plain_connection.c */
void ump_plain_open(struct plain_target *target, struct plain_call *call);
void ump_plain_begin(struct plain_connection *connection, struct plain_call *call);
void ump_plain_close(struct plain_connection *connection);
