#include "source-adapter/ahead.h"
#include "common/memory.h"
#include <assert.h>
#include <stdlib.h>

#define MAX_NUMBER 10 /* bytes of a LEB128 number of 64 bits */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* ---- Numbers ---- */

static size_t put_number(uint8_t *out, uint64_t number)
{
	size_t size = 0;
	do {
		uint8_t low = number & 0x7f;
		number >>= 7;
		out[size++] = number ? low | 0x80 : low;
	} while (number);
	return size;
}

static bool get_number(const uint8_t **position, const uint8_t *end, int64_t *ret_number)
{
	uint64_t number = 0;
	for (unsigned shift = 0; *position < end && shift < 63; shift += 7) {
		uint8_t byte = *(*position)++;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_number = (int64_t)number;
			return number <= INT64_MAX;
		}
	}
	return false;
}

/* ---- base64url ---- */

static void put_base64(struct ump_buffer *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i < 3 ? size - i : 3;
		uint32_t group = (uint32_t)bytes[i] << 16;
		if (left > 1)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		for (size_t j = 0; j <= left; j++)
			ump_buffer_add_character(out, alphabet[group >> (18 - 6 * j) & 0x3f]);
	}
}

/* `ret_bytes` has room for text.size bytes. */
static bool get_base64(struct ump_text text, uint8_t *ret_bytes, size_t *ret_size)
{
	uint32_t group = 0;
	unsigned bits = 0;
	size_t size = 0;
	for (size_t i = 0; i < text.size; i++) {
		const char *found = text.start[i] ? strchr(alphabet, text.start[i]) : NULL;
		if (!found)
			return false;
		group = (group << 6 | (uint32_t)(found - alphabet)) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			ret_bytes[size++] = (uint8_t)(group >> bits);
		}
	}
	*ret_size = size;
	return bits < 6 && (group & ((1U << bits) - 1)) == 0;
}

/* ---- Reading ---- */

static bool read_pairs(const uint8_t *position, const uint8_t *end, int64_t base, struct offset_range *ranges, size_t *ret_count)
{
	size_t count = 0;
	while (position < end) {
		int64_t distance, length, from, to;
		if (!get_number(&position, end, &distance) || !get_number(&position, end, &length) || distance == 0 || length == 0 ||
		    __builtin_add_overflow(base, distance, &from) || __builtin_add_overflow(from, length, &to))
			return false;
		ranges[count++] = (struct offset_range){from, to};
		base = to;
	}
	*ret_count = count;
	return true;
}

bool ahead_read(struct ump_text text, int64_t base, struct offset_range **ret_ranges, size_t *ret_count)
{
	ump_cleanup_free uint8_t *bytes = ump_allocate(text.size + 1, 1);
	ump_cleanup_free struct offset_range *ranges = ump_allocate(text.size / 2 + 1, sizeof *ranges);
	size_t size, count;
	if (!get_base64(text, bytes, &size) || !read_pairs(bytes, bytes + size, base, ranges, &count))
		return false;
	*ret_ranges = ump_steal(ranges);
	*ret_count = count;
	return true;
}

/* ---- Writing ---- */

void ahead_begin(struct ahead_writer *writer, int64_t base, size_t max_text)
{
	*writer = (struct ahead_writer){.end = base, .max_bytes = max_text / 4 * 3};
}

static void write_open(struct ahead_writer *writer)
{
	if (writer->full || writer->open.from == writer->open.to)
		return;
	assert(writer->open.from > writer->end);
	uint8_t pair[2 * MAX_NUMBER];
	size_t size = put_number(pair, (uint64_t)(writer->open.from - writer->end));
	size += put_number(pair + size, (uint64_t)(writer->open.to - writer->open.from));
	if (writer->bytes.size + size > writer->max_bytes) {
		writer->full = true;
		return;
	}
	ump_buffer_add(&writer->bytes, pair, size);
	writer->end = writer->open.to;
}

void ahead_add(struct ahead_writer *writer, int64_t from, int64_t to)
{
	if (writer->open.from != writer->open.to && from == writer->open.to) {
		writer->open.to = to;
		return;
	}
	write_open(writer);
	writer->open = (struct offset_range){from, to};
}

void ahead_finish(struct ahead_writer *writer, struct ump_buffer *out)
{
	write_open(writer);
	put_base64(out, (const uint8_t *)writer->bytes.start, writer->bytes.size);
	ump_buffer_release(&writer->bytes);
}
