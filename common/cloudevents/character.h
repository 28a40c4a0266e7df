/* common/cloudevents/character.h: characters of UTF-8 text, and runs of plain ones eight bytes at a time.
 *
 * Private to common/cloudevents. Inline because every byte of every event passes here. Pure. */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where a byte of `word` is below `limit` (at most 0x80), the top bit of that byte is set in the result. Bytes behind the first such one
 * may be marked wrongly, so the result says whether there is one, and which is the first. */
static inline uint64_t ump_bytes_below(uint64_t word, uint8_t limit)
{
	const uint64_t ones = 0x0101010101010101u;

	return (word - ones * limit) & ~word & (ones << 7);
}

static inline uint64_t ump_bytes_equal(uint64_t word, uint8_t byte)
{
	return ump_bytes_below(word ^ (0x0101010101010101u * byte), 1);
}

static inline uint64_t ump_bytes_load(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return le64toh(word);
}

/* How many bytes stand before the first one that is marked; 8: none is. */
static inline size_t ump_bytes_before(uint64_t marked)
{
	return marked ? (size_t)__builtin_ctzll(marked) / 8 : 8;
}

#define UMP_BYTES_HIGH 0x8080808080808080u

/* The well-formed character (RFC 3629) at `at`, of which `left` bytes are there: its length in bytes and the character, or 0. */
static inline size_t ump_character(const char *at, size_t left, uint32_t *ret_character)
{
	const unsigned char *bytes = (const unsigned char *)at;
	uint32_t character;
	size_t length;

	if (left == 0)
		return 0;
	if (bytes[0] < 0x80) {
		*ret_character = bytes[0];
		return 1;
	}
	if (bytes[0] >= 0xC2 && bytes[0] <= 0xDF) {
		length = 2;
		character = bytes[0] & 0x1Fu;
	} else if ((bytes[0] & 0xF0) == 0xE0) {
		length = 3;
		character = bytes[0] & 0x0Fu;
	} else if (bytes[0] >= 0xF0 && bytes[0] <= 0xF4) {
		length = 4;
		character = bytes[0] & 0x07u;
	} else {
		return 0;
	}
	if (left < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
		character = character << 6 | (bytes[i] & 0x3Fu);
	}
	if ((length == 3 && character < 0x800) || (length == 4 && (character < 0x10000 || character > 0x10FFFF)) ||
	    (character >= 0xD800 && character <= 0xDFFF))
		return 0;
	*ret_character = character;
	return length;
}

/* Writes a character, or a lone surrogate in the same way, as one to four bytes. */
static inline size_t ump_character_write(uint32_t character, char *out)
{
	if (character < 0x80) {
		out[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		out[0] = (char)(0xC0 | character >> 6);
		out[1] = (char)(0x80 | (character & 0x3F));
		return 2;
	}
	if (character < 0x10000) {
		out[0] = (char)(0xE0 | character >> 12);
		out[1] = (char)(0x80 | (character >> 6 & 0x3F));
		out[2] = (char)(0x80 | (character & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | character >> 18);
	out[1] = (char)(0x80 | (character >> 12 & 0x3F));
	out[2] = (char)(0x80 | (character >> 6 & 0x3F));
	out[3] = (char)(0x80 | (character & 0x3F));
	return 4;
}

static inline bool ump_is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static inline bool ump_is_letter(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

/* The value of a hexadecimal digit in either case, or -1. */
static inline int ump_hexadecimal(char character)
{
	if (ump_is_digit(character))
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return -1;
}
