/* The guard of the server: where it lets a request through, its end can be read in one way only. Lines "name:value". */
#include "common/http/guard.h"
#include "tests/fuzz/fuzz.h"

enum { HEADERS = 64 };

static size_t count_named(const struct ump_header *headers, size_t count, struct ump_text name)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += ump_text_equals_ignoring_case(headers[i].name, name);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ump_text rest = fuzz_text(bytes, size);
	struct ump_header headers[HEADERS];
	size_t count = 0;

	while (rest.size > 0 && count < HEADERS) {
		const char *end = memchr(rest.start, '\n', rest.size);
		size_t line = end ? (size_t)(end - rest.start) : rest.size;
		const char *colon = memchr(rest.start, ':', line);
		size_t name = colon ? (size_t)(colon - rest.start) : line;

		headers[count++] =
			(struct ump_header){{rest.start, name}, {rest.start + name + (colon != NULL), line - name - (colon != NULL)}};
		line += end != NULL;
		rest = (struct ump_text){rest.start + line, rest.size - line};
	}
	struct ump_framing framing = ump_guard_check(headers, count, size % 2);
	size_t lengths = count_named(headers, count, UMP_TEXT("content-length"));
	size_t codings = count_named(headers, count, UMP_TEXT("transfer-encoding"));
	must((framing.wrong != NULL) == (framing.status != 0));
	if (framing.status == 0) {
		must(lengths + codings <= 1);
		must(framing.chunked == (codings == 1));
		must(framing.has_body == (framing.chunked || framing.length > 0));
		must(count_named(headers, count, UMP_TEXT("host")) <= 1);
	}
	return 0;
}
