/* Header values of the HTTP binding. Any bytes, encoded, are printable ASCII without spaces and mean the same bytes; a value that is
 * decoded is UTF-8, and strictly so only from ASCII. */
#include "common/cloudevents/http.h"
#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

static void check_encoded(struct ump_text bytes)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer encoded = {0};
	ump_cleanup(ump_event_release) struct ump_event event = {0};
	struct ump_text decoded;
	struct ump_error error;

	ump_header_encode(&encoded, bytes);
	must(encoded.size == ump_header_encoded_size(bytes));
	for (size_t i = 0; i < encoded.size; i++)
		must(encoded.start[i] > ' ' && encoded.start[i] < 0x7F && encoded.start[i] != '"');
	int wrong = ump_header_decode(&event, ump_buffer_text(&encoded), UMP_HEADERS_STRICT, &decoded, &error);

	must((wrong == 0) == ump_text_is_utf8(bytes));
	must(wrong || ump_text_equals(decoded, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	ump_cleanup(ump_event_release) struct ump_event event = {0};
	struct ump_text value = fuzz_text(bytes, size);
	struct ump_text decoded;
	struct ump_error error;

	check_encoded(value);
	if (ump_header_decode(&event, value, UMP_HEADERS_STRICT, &decoded, &error) == 0) {
		must(ump_text_is_utf8(decoded) && decoded.size <= size);
		for (size_t i = 0; i < size; i++)
			must(bytes[i] < 0x80);
		check_encoded(decoded);
	}
	must((ump_header_decode(&event, value, UMP_HEADERS_RAW, &decoded, &error) == 0) == ump_text_is_utf8(value));
	return 0;
}
