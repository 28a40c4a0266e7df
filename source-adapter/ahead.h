/* source-adapter/ahead.h: finished offsets beyond a gap, as a short text that fits into a commit's metadata.
 *
 * Pairs of (distance, length) from a base: LEB128 numbers in base64url without padding. The base is the committed offset itself, so it is
 * not in the text. Pure. */
#pragma once
#include "common/buffer.h"

struct offset_range {
	int64_t from, to; /* to: one past the last */
};

/* Reads a text into rising ranges that the caller frees. What is not wholly understood gives none: false, and nothing is set. */
bool ahead_read(struct ump_text text, int64_t base, struct offset_range **ret_ranges, size_t *ret_count);

/* Writes ranges one by one, rising; touching ones are joined. */
struct ahead_writer {
	struct ump_buffer bytes;
	int64_t end; /* of what is written: at first the base */
	struct offset_range open;
	size_t max_bytes; /* of bytes before base64 */
	bool full;
};

void ahead_begin(struct ahead_writer *writer, int64_t base, size_t max_text);
void ahead_add(struct ahead_writer *writer, int64_t from, int64_t to);

/* Appends the text, at most `max_text` characters: what did not fit is left out, whole ranges at a time. Ends the writer. */
void ahead_finish(struct ahead_writer *writer, struct ump_buffer *out);
