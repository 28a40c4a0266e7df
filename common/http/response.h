/* common/http/response.h: an HTTP/1.1 response, from bytes as they come (RFC 9112).
 *
 * Strict: what could be read in two ways is broken, never guessed. Provisional answers (1xx) and trailers are skipped. A response that lies
 * whole in the first bytes fed is not copied. Pure. */
#pragma once
#include "common/buffer.h"
#include "common/http/header.h"

#define UMP_RESPONSE_HEADERS 128 /* fields at most */

enum ump_reading { UMP_READ_MORE, UMP_READ_DONE, UMP_READ_BROKEN };

/* Zeroed memory with the first part set is a response that has not begun. */
struct ump_response {
	/* The caller's: */
	struct ump_header *headers; /* room for UMP_RESPONSE_HEADERS; may be shared by many, it is filled when one is done */
	size_t max_head;            /* bytes of status line and header fields; more is broken */
	size_t max_body;            /* bytes kept */
	size_t max_surplus; /* bytes beyond that are read and dropped; with more, the response is done and the connection not alive */
	bool to_head;       /* the request's method was HEAD */

	/* With UMP_READ_DONE, until the fed bytes or this structure change: */
	int status; /* 200 to 599 */
	size_t header_count;
	struct ump_text body;
	bool truncated;  /* it was longer than max_body */
	bool keep_alive; /* another request may follow on this connection */

	const char *wrong; /* with UMP_READ_BROKEN; a constant */

	/* Private. */
	struct ump_buffer head, kept;
	enum { RESPONSE_HEAD, RESPONSE_LENGTH, RESPONSE_CHUNKS, RESPONSE_TO_END } state;
	int chunk_state;
	uint64_t left; /* of the body, or of the chunk */
	size_t surplus, line;
	bool begun; /* a byte has come */
};

/* Takes what has come, all of it unless the response is done before; *ret_used says how much. */
enum ump_reading ump_response_feed(struct ump_response *response, struct ump_text bytes, size_t *ret_used);

/* The connection has ended: that may be the end of the body, else the response is broken. */
enum ump_reading ump_response_end(struct ump_response *response);

#define UMP_RESPONSE_ENDED(response) ((response)->begun ? "connection closed inside the answer" : "connection closed before an answer")

/* For the next response: keeps the caller's part and the memory. */
void ump_response_reset(struct ump_response *response);
void ump_response_release(struct ump_response *response);
