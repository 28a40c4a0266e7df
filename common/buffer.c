/* common/buffer.c */
#include "common/buffer.h"
#include "common/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SMALLEST = 64 };

void ump_buffer_release(struct ump_buffer *buffer)
{
	free(buffer->start);
	*buffer = (struct ump_buffer){0};
}

void ump_buffer_reset(struct ump_buffer *buffer)
{
	buffer->size = 0;
	if (buffer->start)
		buffer->start[0] = '\0';
}

char *ump_buffer_reserve(struct ump_buffer *buffer, size_t size)
{
	assert(size < SIZE_MAX / 2 && buffer->size < SIZE_MAX / 4);
	size_t needed = buffer->size + size + 1;
	if (needed > buffer->capacity) {
		size_t capacity = buffer->capacity ? buffer->capacity * 2 : SMALLEST;
		if (capacity < needed)
			capacity = needed;
		buffer->start = ump_reallocate(buffer->start, capacity, 1);
		buffer->capacity = capacity;
	}
	buffer->start[needed - 1] = '\0';
	return buffer->start + buffer->size;
}

void ump_buffer_add(struct ump_buffer *buffer, const void *bytes, size_t size)
{
	char *room = ump_buffer_reserve(buffer, size);
	if (size)
		memcpy(room, bytes, size);
	buffer->size += size;
}

void ump_buffer_add_text(struct ump_buffer *buffer, struct ump_text text)
{
	ump_buffer_add(buffer, text.start, text.size);
}

void ump_buffer_add_string(struct ump_buffer *buffer, const char *string)
{
	ump_buffer_add(buffer, string, strlen(string));
}

void ump_buffer_add_character(struct ump_buffer *buffer, char character)
{
	ump_buffer_add(buffer, &character, 1);
}

void ump_buffer_print(struct ump_buffer *buffer, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	char *room = ump_buffer_reserve(buffer, SMALLEST);
	int size = vsnprintf(room, SMALLEST + 1, format, arguments);
	assert(size >= 0);
	if (size > SMALLEST) {
		room = ump_buffer_reserve(buffer, (size_t)size);
		vsnprintf(room, (size_t)size + 1, format, again);
	}
	buffer->size += (size_t)size;
	va_end(again);
	va_end(arguments);
}

void ump_buffer_consume(struct ump_buffer *buffer, size_t size)
{
	assert(size <= buffer->size);
	if (size == 0)
		return;
	buffer->size -= size;
	memmove(buffer->start, buffer->start + size, buffer->size);
	buffer->start[buffer->size] = '\0';
}

struct ump_text ump_buffer_text(const struct ump_buffer *buffer)
{
	return (struct ump_text){buffer->start ? buffer->start : "", buffer->size};
}

void ump_buffer_add_time(struct ump_buffer *buffer, int64_t wall_us)
{
	time_t seconds = wall_us / 1000000;
	struct tm time;
	gmtime_r(&seconds, &time);
	ump_buffer_print(buffer, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", time.tm_year + 1900, time.tm_mon + 1, time.tm_mday, time.tm_hour,
			 time.tm_min, time.tm_sec, (int)(wall_us / 1000 % 1000));
}
