/* common/cloudevents/escape.c: escapes of JSON strings, undone and made. */
#include "common/cloudevents/escape.h"

#include "common/cloudevents/character.h"
#include "common/cloudevents/scan.h"

static uint32_t four_digits(const char *at)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)ump_hexadecimal(at[i]);
	return value;
}

uint32_t ump_raw_escape(const char **at, const char *end)
{
	char kind = (*at)[1];

	*at += 2;
	switch (kind) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'u':
		break;
	default:
		return (unsigned char)kind;
	}
	uint32_t character = four_digits(*at);

	*at += 4;
	if ((character & 0xFC00) == 0xD800 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
		uint32_t low = four_digits(*at + 2);

		if ((low & 0xFC00) == 0xDC00) {
			*at += 6;
			return 0x10000 + ((character & 0x3FF) << 10 | (low & 0x3FF));
		}
	}
	return character;
}

/* Steps through the bytes that a raw text means. */
struct cursor {
	const char *at;
	const char *end;
	char character[4]; /* what an escape stands for */
	size_t size;
	size_t next;
};

/* The next byte, or -1 at the end. */
static int next_byte(struct cursor *cursor)
{
	if (cursor->next < cursor->size)
		return (unsigned char)cursor->character[cursor->next++];
	if (cursor->at == cursor->end)
		return -1;
	if (*cursor->at != '\\')
		return (unsigned char)*cursor->at++;
	cursor->size = ump_character_write(ump_raw_escape(&cursor->at, cursor->end), cursor->character);
	cursor->next = 1;
	return (unsigned char)cursor->character[0];
}

int ump_raw_compare(struct ump_text left, struct ump_text right)
{
	struct cursor one = {.at = left.start, .end = left.start + left.size};
	struct cursor other = {.at = right.start, .end = right.start + right.size};
	int difference;
	int byte;

	do {
		byte = next_byte(&one);
		difference = byte - next_byte(&other);
	} while (difference == 0 && byte >= 0);
	return difference;
}

int ump_raw_unescape(struct ump_text raw, char *out, struct ump_text *ret_text, struct ump_error *error)
{
	const char *end = raw.start + raw.size;
	char *to = out;

	for (const char *at = raw.start; at < end;) {
		if (*at != '\\') {
			const char *escape = memchr(at, '\\', (size_t)(end - at));
			size_t size = (size_t)((escape ? escape : end) - at);

			memcpy(to, at, size);
			to += size;
			at += size;
			continue;
		}
		uint32_t character = ump_raw_escape(&at, end);

		if ((character & 0xFFFFF800) == 0xD800)
			return ump_fail(error, UMP_REJECT, "found the lone surrogate \\u%04X, expected a character", (unsigned)character);
		to += ump_character_write(character, to);
	}
	*ret_text = (struct ump_text){out, (size_t)(to - out)};
	return 0;
}

int ump_json_unescape(struct ump_text text, struct ump_buffer *out, struct ump_error *error)
{
	struct ump_text content;

	if (text.size >= 2 && text.start[0] == '"')
		text = (struct ump_text){text.start + 1, text.size - 2};
	if (ump_raw_unescape(text, ump_buffer_reserve(out, text.size), &content, error))
		return -1;
	out->size += content.size;
	out->start[out->size] = '\0';
	return 0;
}

static void quote_character(struct ump_buffer *out, unsigned char character)
{
	switch (character) {
	case '"':
		ump_buffer_add_string(out, "\\\"");
		break;
	case '\\':
		ump_buffer_add_string(out, "\\\\");
		break;
	case '\n':
		ump_buffer_add_string(out, "\\n");
		break;
	case '\r':
		ump_buffer_add_string(out, "\\r");
		break;
	case '\t':
		ump_buffer_add_string(out, "\\t");
		break;
	default:
		ump_buffer_print(out, "\\u%04x", character);
	}
}

/* The bytes at the start that stand in a JSON string as they are. */
static size_t unquoted_run(struct ump_text text)
{
	size_t at = 0;

	while (at < text.size) {
		uint32_t character;

		if (at + 8 <= text.size) {
			uint64_t word = ump_bytes_load(text.start + at);

			if (!((word & UMP_BYTES_HIGH) | ump_bytes_below(word, 0x20) | ump_bytes_equal(word, '"') |
			      ump_bytes_equal(word, '\\'))) {
				at += 8;
				continue;
			}
		}
		size_t length = ump_character(text.start + at, text.size - at, &character);

		if (length == 0 || character < 0x20 || character == '"' || character == '\\')
			break;
		at += length;
	}
	return at;
}

void ump_json_quote(struct ump_buffer *out, struct ump_text text)
{
	ump_buffer_add_character(out, '"');
	while (text.size > 0) {
		size_t run = unquoted_run(text);

		ump_buffer_add(out, text.start, run);
		text = (struct ump_text){text.start + run, text.size - run};
		if (text.size == 0)
			break;
		if ((unsigned char)text.start[0] < 0x80)
			quote_character(out, (unsigned char)text.start[0]);
		else
			ump_buffer_add_string(out, "\xEF\xBF\xBD");
		text = (struct ump_text){text.start + 1, text.size - 1};
	}
	ump_buffer_add_character(out, '"');
}
