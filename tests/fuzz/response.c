/* Responses: one that comes in two pieces, or byte by byte, is read as one that comes at once. The first two bytes choose where it is cut.
 */
#include "common/http/response.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BODY = 256, MAX_SURPLUS = 512 };

struct outcome {
	struct ump_response response;
	struct ump_header headers[UMP_RESPONSE_HEADERS];
	enum ump_reading reading;
};

static void feed(struct outcome *outcome, struct ump_text text, size_t first, size_t step, bool to_head)
{
	size_t used;

	*outcome = (struct outcome){.response = {.max_head = 1024, .max_body = MAX_BODY, .max_surplus = MAX_SURPLUS, .to_head = to_head}};
	outcome->response.headers = outcome->headers;
	outcome->reading = UMP_READ_MORE;
	for (size_t at = 0; at < text.size && outcome->reading == UMP_READ_MORE;) {
		size_t size = at == 0 && first > 0 ? first : step;
		if (size > text.size - at)
			size = text.size - at;
		outcome->reading = ump_response_feed(&outcome->response, (struct ump_text){text.start + at, size}, &used);
		must(outcome->reading == UMP_READ_BROKEN || used <= size);
		must(outcome->reading != UMP_READ_MORE || used == size);
		at += size;
	}
	if (outcome->reading == UMP_READ_MORE)
		outcome->reading = ump_response_end(&outcome->response);
	must(outcome->reading != UMP_READ_MORE);
	if (outcome->reading == UMP_READ_BROKEN) {
		must(outcome->response.wrong);
		return;
	}
	must(outcome->response.status >= 200 && outcome->response.status <= 599);
	must(outcome->response.body.size <= MAX_BODY);
	must(outcome->response.header_count <= UMP_RESPONSE_HEADERS);
}

static void compare(const struct outcome *left, const struct outcome *right)
{
	must(left->reading == right->reading);
	if (left->reading != UMP_READ_DONE)
		return;
	must(left->response.status == right->response.status);
	must(left->response.header_count == right->response.header_count);
	must(ump_text_equals(left->response.body, right->response.body));
	for (size_t i = 0; i < left->response.header_count; i++) {
		must(ump_text_equals(left->headers[i].name, right->headers[i].name));
		must(ump_text_equals(left->headers[i].value, right->headers[i].value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct outcome whole, halves, single;

	if (size < 2)
		return 0;
	struct ump_text text = fuzz_text(bytes + 2, size - 2);
	bool to_head = bytes[1] & 0x80;
	feed(&whole, text, 0, text.size ? text.size : 1, to_head);
	feed(&halves, text, bytes[0] | (size_t)(bytes[1] & 0x0f) << 8, text.size ? text.size : 1, to_head);
	feed(&single, text, 0, 1, to_head);
	compare(&whole, &halves);
	compare(&whole, &single);
	ump_response_release(&whole.response);
	ump_response_release(&halves.response);
	ump_response_release(&single.response);
	return 0;
}
