/* common/http/client.h: HTTP requests from inside the loop, over kept-alive connections.
 *
 * http and https only; no redirects, no cookies, no proxy from the environment; TLS 1.2 or newer, always verified. A call ends exactly once
 * with `done`, unless it is cancelled. Used by the loop's thread only.
 *
 * At least once: where a kept-alive connection turns out to have been closed by the peer and not a byte of an answer came, the request is
 * sent once more on a new one, a POST too. The peer may have acted on the first in the moment before it closed, so this client is for
 * requests that may arrive twice, as CloudEvents may. */
#pragma once
#include "common/error.h"
#include "common/http/header.h"
#include "common/loop/loop.h"
#include <stdint.h>

struct ump_client;
struct ump_call; /* one exchange under way */

struct ump_client_options {
	int64_t max_connections;  /* for http, and as many for https; further calls wait their turn inside */
	const char *ca_pem;       /* certificates trusted beside the system's, PEM text, or NULL */
	const char *ca_directory; /* a folder of PEM files, likewise; need not exist; or NULL */
	int64_t connect_timeout_us;
};

struct ump_call_options {
	const char *method; /* "POST" */
	const char *url;
	const struct ump_header *
		headers; /* values without CR, LF and NUL, and no Host, Content-Length or Transfer-Encoding, else ump_client_call() fails */
	size_t header_count;
	struct ump_text body; /* borrowed until the call ends */
	int64_t timeout_us;   /* of the whole exchange, waiting for a turn included; 0: none */
	size_t max_reply;     /* bytes of the reply's body kept; what is beyond is read and dropped, or the connection closed */
};

/* What came back; views hold during `done` only. */
struct ump_reply {
	int status;          /* 100 to 599; 0: no answer, and `failure` says why */
	const char *failure; /* "connection refused", "timeout", …; NULL with an answer */
	const struct ump_header *headers;
	size_t header_count;
	struct ump_text body;
	bool truncated; /* the body was longer than max_reply */
};

typedef void ump_reply_fn(void *context, const struct ump_reply *reply);

int ump_client_new(struct ump_client **ret_client, struct ump_loop *loop, const struct ump_client_options *options,
		   struct ump_error *error);

/* Cancels all calls without their `done`. Not from inside a `done`. Accepts NULL. */
void ump_client_free(struct ump_client *client);

/* Starts a call. `done` is never called from inside this function. All but the body is copied as needed. */
int ump_client_call(struct ump_client *client, const struct ump_call_options *options, ump_reply_fn *done, void *context,
		    struct ump_call **ret_call, struct ump_error *error);

/* Ends a call without its `done`; the connection is closed, since its answer may still come. */
void ump_call_cancel(struct ump_call *call);

/* http or https, a host, no user name, no fragment: 0, or -1 with what is wrong. */
int ump_client_check_url(const char *url, struct ump_error *error);
