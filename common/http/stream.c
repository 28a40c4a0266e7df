/* common/http/stream.c: a response that goes on.
 *
 * MHD asks for bytes when it can write; when there are none, the connection is suspended until there are. What the peer does not take stays
 * in `pending` once MHD's own buffer and the kernel's are full, so the bound that the owner sets is a bound on memory. */
#include "common/http/server_private.h"
#include "common/memory.h"
#include <assert.h>
#include <string.h>

#define PIECE ((size_t)8 * 1024)

struct ump_stream {
	struct connection *connection;
	struct ump_buffer pending;
	size_t taken; /* of `pending` */
	size_t max_pending;
	bool closing;
	void (*closed)(struct ump_stream *stream, void *context);
	void (*drained)(struct ump_stream *stream, void *context);
	void *context;
};

size_t ump_stream_pending(const struct ump_stream *stream)
{
	return stream->pending.size - stream->taken;
}

static ssize_t next_bytes(void *context, uint64_t position, char *out, size_t room)
{
	struct ump_stream *stream = context;
	size_t size = ump_stream_pending(stream);

	(void)position;
	if (stream->connection->doomed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (size == 0) {
		if (stream->closing)
			return MHD_CONTENT_READER_END_OF_STREAM;
		ump_connection_suspend(stream->connection, EPOLLRDHUP);
		return 0;
	}
	if (size > room)
		size = room;
	memcpy(out, stream->pending.start + stream->taken, size);
	stream->taken += size;
	if (stream->taken == stream->pending.size) {
		stream->taken = 0;
		ump_buffer_reset(&stream->pending);
		if (stream->drained && !stream->closing)
			stream->drained(stream, stream->context);
	}
	return (ssize_t)size;
}

struct ump_stream *ump_request_stream(struct ump_request *request, const struct ump_stream_options *options)
{
	struct MHD_Response *response;
	struct ump_stream *stream = ump_allocate(1, sizeof *stream);

	stream->connection = request->connection;
	stream->max_pending = options->max_pending;
	stream->closed = options->closed;
	stream->drained = options->drained;
	stream->context = options->context;
	stream->closing = request->connection->server->draining;
	request->stream = stream;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, next_bytes, stream, NULL);
	assert(response);
	int added = ump_request_add_headers(response, options->headers, options->header_count);
	assert(added == 0); /* a stream's headers are the program's own */
	(void)added;
	ump_request_send(request, 200, response);
	return stream;
}

int ump_stream_write(struct ump_stream *stream, struct ump_text bytes)
{
	if (stream->closing || bytes.size > stream->max_pending - ump_stream_pending(stream))
		return -1;
	/* Moves what is left to the front when as much has been taken, so that a peer that is never quite done costs no more memory. */
	if (stream->taken > 0 && stream->taken >= ump_stream_pending(stream)) {
		ump_buffer_consume(&stream->pending, stream->taken);
		stream->taken = 0;
	}
	ump_buffer_add_text(&stream->pending, bytes);
	ump_connection_resume(stream->connection);
	return 0;
}

void ump_stream_close(struct ump_stream *stream)
{
	stream->closing = true;
	ump_connection_resume(stream->connection);
}

void ump_stream_ended(struct ump_stream *stream)
{
	if (stream->closed)
		stream->closed(stream, stream->context);
	ump_buffer_release(&stream->pending);
	free(stream);
}
