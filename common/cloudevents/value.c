/* common/cloudevents/value.c: strings, booleans and integers; see value.h. Timestamps, URIs and media types have files of their own. */
#include "common/cloudevents/value.h"

#include <stdio.h>

#include "common/cloudevents/character.h"

/* The bytes at the start that are printable ASCII. */
static size_t printable_run(struct ump_text value)
{
	size_t at = 0;

	for (; at + 8 <= value.size; at += 8) {
		uint64_t word = ump_bytes_load(value.start + at);

		if ((word & UMP_BYTES_HIGH) | ump_bytes_below(word, 0x20) | ump_bytes_equal(word, 0x7F))
			break;
	}
	while (at < value.size && value.start[at] >= 0x20 && value.start[at] < 0x7F)
		at++;
	return at;
}

static bool is_allowed(uint32_t character)
{
	if (character < 0x20 || (character >= 0x7F && character <= 0x9F))
		return false;
	if (character >= 0xFDD0 && character <= 0xFDEF)
		return false;
	return (character & 0xFFFE) != 0xFFFE;
}

bool ump_value_is_string(struct ump_text value)
{
	for (size_t at = printable_run(value); at < value.size;) {
		uint32_t character;
		size_t length = ump_character(value.start + at, value.size - at, &character);

		if (length == 0 || !is_allowed(character))
			return false;
		at += length;
	}
	return true;
}

bool ump_value_is_boolean(struct ump_text value)
{
	return ump_text_equals(value, UMP_TEXT("true")) || ump_text_equals(value, UMP_TEXT("false"));
}

bool ump_value_is_integer(struct ump_text value)
{
	bool negative = value.size > 0 && value.start[0] == '-';
	const char *digits = value.start + negative;
	size_t count = value.size - negative;
	int64_t number = 0;

	if (count == 0 || count > 10 || (digits[0] == '0' && count > 1))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!ump_is_digit(digits[i]))
			return false;
		number = number * 10 + (digits[i] - '0');
	}
	return number <= (negative ? -(int64_t)INT32_MIN : INT32_MAX);
}

const char *ump_found(struct ump_found *memory, struct ump_text value)
{
	char *out = memory->text;
	char *end = memory->text + sizeof(memory->text) - sizeof("\\xNN...\"");

	if (!value.start)
		return "nothing";
	*out++ = '"';
	for (size_t at = 0; at < value.size;) {
		uint32_t character;
		size_t length = ump_character(value.start + at, value.size - at, &character);

		if (out + length > end || at > 40) {
			out = stpcpy(out, "...");
			break;
		}
		if (length > 0 && is_allowed(character)) {
			memcpy(out, value.start + at, length);
			out += length;
			at += length;
		} else {
			out += sprintf(out, "\\x%02x", (unsigned char)value.start[at]);
			at++;
		}
	}
	strcpy(out, "\"");
	return memory->text;
}
