/* common/cloudevents/header.c: header values of the HTTP binding (section 3.1.3.2): percent-encoding, and quotes of older senders. */
#include "common/cloudevents/character.h"
#include "common/cloudevents/http.h"
#include "common/cloudevents/value.h"

/* The bytes at the start that mean themselves when a header is decoded strictly. */
static size_t plain_run(struct ump_text value)
{
	size_t at = 0;

	for (; at + 8 <= value.size; at += 8) {
		uint64_t word = ump_bytes_load(value.start + at);

		if ((word & UMP_BYTES_HIGH) | ump_bytes_equal(word, '%') | ump_bytes_equal(word, '"'))
			break;
	}
	while (at < value.size && (unsigned char)value.start[at] < 0x80 && value.start[at] != '%' && value.start[at] != '"')
		at++;
	return at;
}

/* Undoes quoted strings (RFC 9110, section 5.6.4), wherever they stand in the value. */
static int unquote(struct ump_text value, char *out, size_t *ret_size, struct ump_error *error)
{
	bool quoted = false;
	size_t size = 0;

	for (size_t at = 0; at < value.size; at++) {
		if (value.start[at] == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && value.start[at] == '\\' && ++at == value.size)
			break;
		out[size++] = value.start[at];
	}
	if (quoted)
		return ump_fail(error, UMP_REJECT, "found a quoted string without its end, expected a closing quote");
	*ret_size = size;
	return 0;
}

/* One round of percent-decoding, in place. */
static int percent_decode(char *text, size_t *size, struct ump_error *error)
{
	size_t to = 0;

	for (size_t at = 0; at < *size; at++) {
		if ((unsigned char)text[at] >= 0x80)
			return ump_fail(error, UMP_REJECT, "found the byte %02X, expected ASCII with everything else percent-encoded",
					(unsigned char)text[at]);
		if (text[at] != '%') {
			text[to++] = text[at];
			continue;
		}
		int high = *size - at > 2 ? ump_hexadecimal(text[at + 1]) : -1;
		int low = high >= 0 ? ump_hexadecimal(text[at + 2]) : -1;

		if (low < 0) {
			struct ump_found found;
			size_t left = *size - at;

			return ump_fail(error, UMP_REJECT, "found %s, expected two hexadecimal digits behind the percent sign",
					ump_found(&found, (struct ump_text){text + at, left < 3 ? left : 3}));
		}
		text[to++] = (char)(high << 4 | low);
		at += 2;
	}
	*size = to;
	return 0;
}

int ump_header_decode(struct ump_event *event, struct ump_text value, enum ump_header_encoding encoding, struct ump_text *ret_value,
		      struct ump_error *error)
{
	struct ump_text decoded = value;

	if (encoding == UMP_HEADERS_STRICT && plain_run(value) < value.size) {
		char *out = ump_event_allocate(event, value.size);

		decoded.start = out;
		if (unquote(value, out, &decoded.size, error) || percent_decode(out, &decoded.size, error))
			return -1;
	}
	if (!ump_text_is_utf8(decoded)) {
		struct ump_found found;

		return ump_fail(error, UMP_REJECT, "found %s, expected UTF-8", ump_found(&found, decoded));
	}
	*ret_value = decoded;
	return 0;
}

static bool stands_for_itself(char character)
{
	return character > 0x20 && character < 0x7F && character != '"' && character != '%';
}

size_t ump_header_encoded_size(struct ump_text value)
{
	size_t size = value.size;

	for (size_t i = 0; i < value.size; i++)
		size += stands_for_itself(value.start[i]) ? 0 : 2;
	return size;
}

void ump_header_encode(struct ump_buffer *out, struct ump_text value)
{
	static const char digits[] = "0123456789ABCDEF";
	char *to = ump_buffer_reserve(out, ump_header_encoded_size(value));
	char *start = to;

	for (size_t i = 0; i < value.size; i++) {
		unsigned char byte = (unsigned char)value.start[i];

		if (stands_for_itself((char)byte)) {
			*to++ = (char)byte;
			continue;
		}
		*to++ = '%';
		*to++ = digits[byte >> 4];
		*to++ = digits[byte & 0x0F];
	}
	out->size += (size_t)(to - start);
	*to = '\0';
}
