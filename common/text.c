/* common/text.c */
#include "common/text.h"

static unsigned char lower(char character)
{
	return (unsigned char)(character >= 'A' && character <= 'Z' ? character | 0x20 : character);
}

static bool same_ignoring_case(const char *left, const char *right, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (left[i] != right[i] && lower(left[i]) != lower(right[i]))
			return false;
	return true;
}

bool ump_text_equals_ignoring_case(struct ump_text left, struct ump_text right)
{
	return left.size == right.size && same_ignoring_case(left.start, right.start, left.size);
}

bool ump_text_starts_with(struct ump_text text, struct ump_text prefix)
{
	return text.size >= prefix.size && (prefix.size == 0 || memcmp(text.start, prefix.start, prefix.size) == 0);
}

bool ump_text_starts_with_ignoring_case(struct ump_text text, struct ump_text prefix)
{
	return text.size >= prefix.size && same_ignoring_case(text.start, prefix.start, prefix.size);
}

static bool is_space(char character)
{
	return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

struct ump_text ump_text_trim(struct ump_text text)
{
	while (text.size > 0 && is_space(text.start[text.size - 1]))
		text.size--;
	while (text.size > 0 && is_space(text.start[0])) {
		text.start++;
		text.size--;
	}
	return text;
}

size_t ump_text_character(struct ump_text text)
{
	/* Table 3-7 of the Unicode standard: what may follow a first byte; the bytes after the second are 80 to BF always. */
	static const struct {
		unsigned char first, last, low, high;
		size_t size;
	} forms[] = {
		{0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
		{0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
		{0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
	};
	const unsigned char *bytes = (const unsigned char *)text.start;

	if (text.size == 0)
		return 0;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (bytes[0] > forms[i].last)
			continue;
		if (bytes[0] < forms[i].first || text.size < forms[i].size)
			return 0;
		if (forms[i].size > 1 && (bytes[1] < forms[i].low || bytes[1] > forms[i].high))
			return 0;
		for (size_t at = 2; at < forms[i].size; at++)
			if ((bytes[at] & 0xC0) != 0x80)
				return 0;
		return forms[i].size;
	}
	return 0;
}

bool ump_text_is_utf8(struct ump_text text)
{
	while (text.size > 0) {
		uint64_t eight;
		size_t size;
		/* Most text is ASCII: eight bytes at once. */
		if (text.size >= sizeof eight && (memcpy(&eight, text.start, sizeof eight), (eight & UINT64_C(0x8080808080808080)) == 0))
			size = sizeof eight;
		else
			size = (unsigned char)text.start[0] < 0x80 ? 1 : ump_text_character(text);
		if (size == 0)
			return false;
		text.start += size;
		text.size -= size;
	}
	return true;
}

bool ump_text_to_number(struct ump_text text, uint64_t maximum, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text.size == 0)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.start[i] < '0' || text.start[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(text.start[i] - '0');
		if (digit > maximum || number > (maximum - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return true;
}
