/* common/memory.c */
#include "common/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *memory)
{
	static const char message[] = "out of memory\n";
	if (memory)
		return memory;
	ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
	(void)written; /* there is nobody else to tell */
	abort();
}

void *ump_allocate(size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		return checked(NULL);
	return checked(calloc(1, bytes ? bytes : 1));
}

void *ump_reallocate(void *old, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		return checked(NULL);
	return checked(realloc(old, bytes ? bytes : 1));
}

char *ump_copy_string(const char *string)
{
	return checked(strdup(string));
}

char *ump_copy_bytes(const char *start, size_t length)
{
	char *copy = checked(length < SIZE_MAX ? malloc(length + 1) : NULL);
	if (length)
		memcpy(copy, start, length);
	copy[length] = '\0';
	return copy;
}

char *ump_format(const char *format, ...)
{
	char *text;
	va_list arguments;
	va_start(arguments, format);
	int size = vasprintf(&text, format, arguments);
	va_end(arguments);
	return checked(size < 0 ? NULL : text);
}

void ump_free_pointer(void *pointer_to_pointer)
{
	void *memory;
	memcpy(&memory, pointer_to_pointer, sizeof memory);
	free(memory);
}
