/* The HTTP binding: headers are the input's lines up to an empty one, the body is the rest. What is read can be written, and no value that
 * is written has a line break. */
#include "common/cloudevents/http.h"
#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

static size_t split(struct ump_text input, struct ump_header *headers, size_t room, struct ump_text *ret_body)
{
	size_t count = 0;
	while (input.size > 0) {
		const char *end = memchr(input.start, '\n', input.size);
		struct ump_text line = {input.start, end ? (size_t)(end - input.start) : input.size};
		const char *colon = memchr(line.start, ':', line.size);
		input.start += line.size + (end != NULL);
		input.size -= line.size + (end != NULL);
		if (!colon || count == room)
			break;
		size_t name = (size_t)(colon - line.start);
		headers[count++] = (struct ump_header){{line.start, name}, {colon + 1, line.size - name - 1}};
	}
	*ret_body = input;
	return count;
}

static void check_written(const struct ump_event *event, enum ump_http_mode mode, enum ump_header_encoding encoding)
{
	ump_cleanup(ump_http_message_release) struct ump_http_message message = {0};
	ump_cleanup(ump_event_release) struct ump_event again = {0};
	struct ump_error error;
	if (ump_event_to_http(event, mode, encoding, &message, &error) < 0)
		return;
	for (size_t i = 0; i < message.header_count; i++) {
		struct ump_text value = message.headers[i].value;
		must(value.size == 0 || (!memchr(value.start, '\r', value.size) && !memchr(value.start, '\n', value.size) &&
					 !memchr(value.start, '\0', value.size)));
	}
	if (encoding == UMP_HEADERS_STRICT)
		must(ump_event_from_http(&again, message.headers, message.header_count, message.body, encoding, &error) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ump_header headers[100];
	struct ump_text body;
	size_t count = split(fuzz_text(bytes, size), headers, 100, &body);
	ump_cleanup(ump_event_release) struct ump_event event = {0};
	struct ump_error error;
	for (int encoding = UMP_HEADERS_STRICT; encoding <= UMP_HEADERS_RAW; encoding++) {
		ump_event_reset(&event);
		if (ump_event_from_http(&event, headers, count, body, (enum ump_header_encoding)encoding, &error) < 0)
			continue;
		must(ump_event_validate(&event, &error) == 0);
		check_written(&event, UMP_HTTP_BINARY, (enum ump_header_encoding)encoding);
		check_written(&event, UMP_HTTP_STRUCTURED, (enum ump_header_encoding)encoding);
	}
	return 0;
}
