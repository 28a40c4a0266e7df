/* common/http/request_parts.c: what a handler reads of a request. Nothing here needs libmicrohttpd, so that tests/fuzz can do without. */
#include "common/http/server_private.h"

struct ump_text ump_request_method(const struct ump_request *request)
{
	return request->method;
}

struct ump_text ump_request_path(const struct ump_request *request)
{
	return request->path;
}

struct ump_text ump_request_header(const struct ump_request *request, const char *name)
{
	return ump_header_find(request->headers, request->header_count, name);
}

const struct ump_header *ump_request_headers(const struct ump_request *request, size_t *ret_count)
{
	*ret_count = request->header_count;
	return request->headers;
}

struct ump_text ump_request_body(const struct ump_request *request)
{
	struct ump_text body = ump_buffer_text(&request->body);

	return body.start ? body : UMP_TEXT("");
}

int64_t ump_request_started(const struct ump_request *request)
{
	return request->started;
}

void ump_request_attach(struct ump_request *request, void *pointer)
{
	request->attached = pointer;
}

void *ump_request_attached(const struct ump_request *request)
{
	return request->attached;
}
