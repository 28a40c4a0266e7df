/* common/cloudevents/http.h: the HTTP protocol binding of CloudEvents 1.0 (binary, structured and batched content mode).
 *
 * Header values are percent-encoded and decoded exactly as section 3.1.3.2 says. On the wire no data and empty data are the same: an empty
 * body is read as no data. Pure. */
#pragma once
#include "common/buffer.h"
#include "common/cloudevents/event.h"
#include "common/http/header.h"

enum ump_http_mode {
	UMP_HTTP_NOT_CLOUDEVENT, /* neither an event's media type nor ce- headers: not a malformed event, another thing */
	UMP_HTTP_BINARY,
	UMP_HTTP_STRUCTURED,
	UMP_HTTP_BATCH
};

enum ump_header_encoding {
	UMP_HEADERS_STRICT, /* percent-encoding, as specified */
	UMP_HEADERS_RAW     /* UTF-8 as it is, for peers that send or expect that */
};

/* By the prefix of Content-Type, without regard to case, then by ce-specversion or any ce- header. An event format that is not JSON is
 * UMP_HTTP_STRUCTURED here and refused by the reader. */
enum ump_http_mode ump_http_mode(const struct ump_header *headers, size_t count);

/* Whether Content-Type names the JSON event format, of one event or of a batch: the only one that is known here. */
bool ump_http_format_is_json(const struct ump_header *headers, size_t count);

/* Reads a binary or structured message. The event's views point into `headers` and `body`, and hold as long as these. The event is
 * validated. */
int ump_event_from_http(struct ump_event *ret_event, const struct ump_header *headers, size_t count, struct ump_text body,
			enum ump_header_encoding encoding, struct ump_error *error);

/* What a message consists of. Kept memory is reused after ump_http_message_reset(). */
struct ump_http_message {
	struct ump_header *headers; /* Content-Type among them; views into `text` or the event */
	size_t header_count;
	struct ump_text body;   /* a view of the event's data, or of `text` */
	struct ump_buffer text; /* private */
	size_t header_capacity; /* private */
};

void ump_http_message_reset(struct ump_http_message *message);
void ump_http_message_release(struct ump_http_message *message);

/* Writes an event that is valid: as it was read, or as ump_event_validate() found it. `mode`: binary or structured; an event whose data is
 * itself an event, by its datacontenttype, is written structured in any case. Views hold as long as the event and until the message is
 * reset. No value can end a header early, valid or not. */
int ump_event_to_http(const struct ump_event *event, enum ump_http_mode mode, enum ump_header_encoding encoding,
		      struct ump_http_message *ret_message, struct ump_error *error);

/* One header value: decoded into (or, where nothing is to be decoded, the same view as) *ret_value, in memory of `event`. */
int ump_header_decode(struct ump_event *event, struct ump_text value, enum ump_header_encoding encoding, struct ump_text *ret_value,
		      struct ump_error *error);
void ump_header_encode(struct ump_buffer *out, struct ump_text value);
size_t ump_header_encoded_size(struct ump_text value);
