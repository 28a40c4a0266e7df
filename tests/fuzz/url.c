/* URLs: the parts of one that is accepted lie inside it. */
#include "common/http/url.h"
#include "tests/fuzz/fuzz.h"

static bool inside(struct ump_text part, struct ump_text whole)
{
	return part.size == 0 || (part.start >= whole.start && part.start + part.size <= whole.start + whole.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ump_text text = fuzz_text(bytes, size);
	struct ump_url url;
	struct ump_error error;
	if (ump_url_parse(&url, text, &error) == 0) {
		must(inside(url.host, text) && inside(url.authority, text) && inside(url.target, text));
		must(url.host.size > 0 && url.port > 0);
		for (size_t i = 0; i < text.size; i++)
			must(text.start[i] > ' ' && text.start[i] != 0x7F);
	}
	return 0;
}
