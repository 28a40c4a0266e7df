#include "common/http/guard.h"
#include <string.h>

/* RFC 9110, 5.6.2. */
static bool is_token(struct ump_text text)
{
	static const bool allowed[256] = {
		['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true,         ['&'] = true,         ['\''] = true,
		['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true,         ['^'] = true,         ['_'] = true,
		['`'] = true, ['|'] = true, ['~'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
	};

	for (size_t i = 0; i < text.size; i++) {
		if (!allowed[(unsigned char)text.start[i]])
			return false;
	}
	return text.size > 0;
}

/* RFC 9110, 5.5: no control character but the tab. */
static bool is_field_value(struct ump_text text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
	size_t i = 0;

	/* Eight bytes at once as long as none is below 0x20 or is 0x7f; a byte beyond 0x7f is looked at by itself. */
	for (uint64_t eight; i + sizeof eight <= text.size; i += sizeof eight) {
		memcpy(&eight, text.start + i, sizeof eight);
		if ((eight | (eight - 0x20 * ones) | (eight + ones)) & tops)
			break;
	}
	for (; i < text.size; i++) {
		unsigned char c = (unsigned char)text.start[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static struct ump_framing refused(int status, const char *wrong)
{
	return (struct ump_framing){.status = status, .wrong = wrong};
}

struct ump_framing ump_guard_check(const struct ump_header *headers, size_t count, bool http_1_0)
{
	struct ump_framing framing = {0};
	struct ump_text length = UMP_TEXT_NONE, coding = UMP_TEXT_NONE;
	size_t hosts = 0;

	for (size_t i = 0; i < count; i++) {
		struct ump_text name = headers[i].name;

		if (!is_token(name))
			return refused(400, "the name of a header field has a character that no name may have");
		if (!is_field_value(headers[i].value))
			return refused(400, "the value of a header field has a control character");
		if (name.size == 14 && ump_text_equals_ignoring_case(name, UMP_TEXT("content-length"))) {
			if (length.start)
				return refused(400, "there is more than one Content-Length");
			length = headers[i].value;
		} else if (name.size == 17 && ump_text_equals_ignoring_case(name, UMP_TEXT("transfer-encoding"))) {
			if (coding.start)
				return refused(400, "there is more than one Transfer-Encoding");
			coding = headers[i].value;
		} else if (name.size == 4 && ump_text_equals_ignoring_case(name, UMP_TEXT("host"))) {
			hosts++;
		}
	}
	if (hosts > 1 || (hosts == 0 && !http_1_0))
		return refused(400, "there must be exactly one Host");
	if (length.start && coding.start)
		return refused(400, "there is both a Content-Length and a Transfer-Encoding");
	if (coding.start) {
		if (http_1_0)
			return refused(400, "HTTP/1.0 has no Transfer-Encoding");
		if (!ump_text_equals_ignoring_case(coding, UMP_TEXT("chunked")))
			return refused(501, "the only Transfer-Encoding understood here is chunked");
		framing.chunked = framing.has_body = true;
	}
	if (length.start) {
		if (!ump_text_to_number(length, INT64_MAX, &framing.length))
			return refused(400, "the Content-Length is not a number");
		framing.has_body = framing.length > 0;
	}
	return framing;
}

bool ump_guard_is_contiguous(const char *begin, const struct ump_header *headers, size_t count, const char *end)
{
	for (size_t i = 0; i < count; i++) {
		if (headers[i].name.start != begin)
			return false;
		begin = headers[i].value.start + headers[i].value.size + 2;
	}
	return begin + 2 == end;
}
