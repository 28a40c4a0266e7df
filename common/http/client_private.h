/* common/http/client_private.h: between the client's front and the two that carry its calls. */
#pragma once
#include "common/http/client.h"
#include "common/http/url.h"

#define UMP_REPLY_HEADERS ((size_t)64 * 1024) /* bytes of a reply's header section; more is a broken answer */
#define UMP_REPLY_SURPLUS ((size_t)64 * 1024) /* bytes beyond `max_reply` that are read and dropped; more closes the connection */

/* Both kinds of call begin with it. */
struct ump_call {
	ump_reply_fn *done;
	void *context;
	bool tls;
};

struct plain_client; /* plain_client.c: http, our own */
struct tls_client;   /* tls_client.c: https, libcurl */

struct plain_client *ump_plain_client_new(struct ump_loop *loop, const struct ump_client_options *options);
void ump_plain_client_free(struct plain_client *client);
struct ump_call *ump_plain_client_call(struct plain_client *client, const struct ump_url *url, const struct ump_call_options *options);
void ump_plain_cancel(struct ump_call *call);

struct tls_client *ump_tls_client_new(struct ump_loop *loop, const struct ump_client_options *options, struct ump_error *error);
void ump_tls_client_free(struct tls_client *client);
struct ump_call *ump_tls_client_call(struct tls_client *client, const struct ump_call_options *options);
void ump_tls_client_cancel(struct ump_call *call);
