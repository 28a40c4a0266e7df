/* common/cloudevents/base64.c: see base64.h. */
#include "common/cloudevents/base64.h"

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int sextet(char character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	if (character == '+')
		return 62;
	return character == '/' ? 63 : -1;
}

static size_t padding(struct ump_text text)
{
	if (text.size == 0 || text.start[text.size - 1] != '=')
		return 0;
	return text.start[text.size - 2] == '=' ? 2 : 1;
}

bool ump_base64_is_valid(struct ump_text text)
{
	if (text.size % 4 != 0)
		return false;
	size_t digits = text.size - padding(text);

	for (size_t i = 0; i < digits; i++)
		if (sextet(text.start[i]) < 0)
			return false;
	if (digits % 4 == 2)
		return (sextet(text.start[digits - 1]) & 0x0F) == 0;
	if (digits % 4 == 3)
		return (sextet(text.start[digits - 1]) & 0x03) == 0;
	return true;
}

size_t ump_base64_decode(struct ump_text text, char *out)
{
	size_t digits = text.size - padding(text);
	uint32_t bits = 0;
	size_t size = 0;

	for (size_t i = 0; i < digits; i++) {
		bits = bits << 6 | (uint32_t)sextet(text.start[i]);
		if (i % 4 == 0)
			continue;
		out[size++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xFF);
	}
	return size;
}

void ump_base64_write(struct ump_text bytes, char *out)
{
	const unsigned char *from = (const unsigned char *)bytes.start;
	size_t left = bytes.size;

	for (; left >= 3; left -= 3, from += 3) {
		*out++ = alphabet[from[0] >> 2];
		*out++ = alphabet[(from[0] & 0x03) << 4 | from[1] >> 4];
		*out++ = alphabet[(from[1] & 0x0F) << 2 | from[2] >> 6];
		*out++ = alphabet[from[2] & 0x3F];
	}
	if (left > 0) {
		unsigned second = left == 2 ? from[1] : 0;

		*out++ = alphabet[from[0] >> 2];
		*out++ = alphabet[(from[0] & 0x03u) << 4 | second >> 4];
		*out++ = left == 2 ? alphabet[(second & 0x0F) << 2] : '=';
		*out = '=';
	}
}

void ump_base64_encode(struct ump_buffer *out, struct ump_text bytes)
{
	ump_base64_write(bytes, ump_buffer_reserve(out, UMP_BASE64_SIZE(bytes.size)));
	out->size += UMP_BASE64_SIZE(bytes.size);
}
