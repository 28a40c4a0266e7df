#include "common/http/client.h"
#include "common/http/client_private.h"
#include "common/memory.h"
#include <assert.h>
#include <stdlib.h>

struct ump_client {
	struct ump_loop *loop;
	struct ump_client_options options;
	struct plain_client *plain;
	struct tls_client *tls; /* NULL until it is needed */
};

int ump_client_check_url(const char *url, struct ump_error *error)
{
	struct ump_url parts;

	return ump_url_parse(&parts, ump_text(url), error);
}

int ump_client_new(struct ump_client **ret_client, struct ump_loop *loop, const struct ump_client_options *options, struct ump_error *error)
{
	struct ump_client *client = ump_allocate(1, sizeof *client);

	assert(options->max_connections > 0);
	client->loop = loop;
	client->options = *options;
	client->options.ca_pem = client->options.ca_directory = NULL; /* borrowed */
	client->plain = ump_plain_client_new(loop, options);
	if (options->ca_pem || options->ca_directory) {
		client->tls = ump_tls_client_new(loop, options, error);
		if (!client->tls) {
			ump_client_free(client);
			return -1;
		}
	}
	*ret_client = client;
	return 0;
}

void ump_client_free(struct ump_client *client)
{
	if (!client)
		return;
	ump_plain_client_free(client->plain);
	ump_tls_client_free(client->tls);
	free(client);
}

/* What says where a request ends and whom it is for is written by us alone. */
static bool is_ours(struct ump_text name)
{
	return (name.size == 4 && ump_text_equals_ignoring_case(name, UMP_TEXT("host"))) ||
	       (name.size == 14 && ump_text_equals_ignoring_case(name, UMP_TEXT("content-length"))) ||
	       (name.size == 17 && ump_text_equals_ignoring_case(name, UMP_TEXT("transfer-encoding")));
}

/* A line break in a value would be a header field, or a request, of somebody else's making. */
static int check_headers(const struct ump_call_options *options, struct ump_error *error)
{
	for (size_t i = 0; i < options->header_count; i++) {
		struct ump_text name = options->headers[i].name, value = options->headers[i].value;

		for (size_t j = 0; j < name.size; j++) {
			if (name.start[j] <= ' ' || name.start[j] == 0x7f || name.start[j] == ':')
				return ump_fail(error, UMP_REJECT, "header %zu: its name has a character that no name may have", i + 1);
		}
		if (name.size == 0)
			return ump_fail(error, UMP_REJECT, "header %zu has no name", i + 1);
		if (is_ours(name))
			return ump_fail(error, UMP_REJECT, "header %.*s is not the caller's to set", UMP_TEXT_ARGUMENTS(name));
		for (size_t j = 0; j < value.size; j++) {
			if (value.start[j] == '\r' || value.start[j] == '\n' || value.start[j] == '\0')
				return ump_fail(error, UMP_REJECT, "header %.*s: its value has a line break or a NUL",
						UMP_TEXT_ARGUMENTS(name));
		}
	}
	return 0;
}

int ump_client_call(struct ump_client *client, const struct ump_call_options *options, ump_reply_fn *done, void *context,
		    struct ump_call **ret_call, struct ump_error *error)
{
	struct ump_url url;
	struct ump_call *call;

	if (ump_url_parse(&url, ump_text(options->url), error) < 0 || check_headers(options, error) < 0)
		return -1;
	if (url.tls && !client->tls && !(client->tls = ump_tls_client_new(client->loop, &client->options, error)))
		return -1;
	call = url.tls ? ump_tls_client_call(client->tls, options) : ump_plain_client_call(client->plain, &url, options);
	call->done = done;
	call->context = context;
	call->tls = url.tls;
	*ret_call = call;
	return 0;
}

void ump_call_cancel(struct ump_call *call)
{
	if (call->tls)
		ump_tls_client_cancel(call);
	else
		ump_plain_cancel(call);
}
