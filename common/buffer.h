/* common/buffer.h: bytes that grow at the end.
 *
 * Zeroed memory is an empty buffer. After ump_buffer_release() or ump_buffer_reset() it can be used again; reset keeps the memory. There is
 * always a terminating zero behind `size`, once anything was added. */
#pragma once
#include "common/text.h"

struct ump_buffer {
	char *start;
	size_t size;     /* bytes in use */
	size_t capacity; /* private */
};

void ump_buffer_release(struct ump_buffer *buffer);
void ump_buffer_reset(struct ump_buffer *buffer);

void ump_buffer_add(struct ump_buffer *buffer, const void *bytes, size_t size);
void ump_buffer_add_text(struct ump_buffer *buffer, struct ump_text text);
void ump_buffer_add_string(struct ump_buffer *buffer, const char *string);
void ump_buffer_add_character(struct ump_buffer *buffer, char character);
void ump_buffer_print(struct ump_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a time of the wall clock, in microseconds since 1970, as RFC 3339 has it, in UTC and to the millisecond. */
void ump_buffer_add_time(struct ump_buffer *buffer, int64_t wall_us);

/* Room for `size` more bytes at the end: the caller writes there and adds what it wrote to `buffer->size`. The terminating zero is there
 * when it fills the room; else it is the caller's. */
char *ump_buffer_reserve(struct ump_buffer *buffer, size_t size);

/* Takes the first `size` bytes out. */
void ump_buffer_consume(struct ump_buffer *buffer, size_t size);

/* The content as a view, valid until the buffer changes. */
struct ump_text ump_buffer_text(const struct ump_buffer *buffer);
