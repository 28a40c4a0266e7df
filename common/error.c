/* common/error.c */
#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Into a text of its own first: an argument may be the very text that is replaced. */
__attribute__((format(printf, 2, 0))) static void fill(struct ump_error *error, const char *format, va_list arguments)
{
	char text[sizeof error->text];
	int size = vsnprintf(text, sizeof text, format, arguments);
	if (size < 0) {
		text[0] = '\0';
	} else if ((size_t)size >= sizeof text) {
		size_t end = sizeof text - sizeof "...";
		while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
			end--;
		memcpy(text + end, "...", sizeof "...");
	}
	memcpy(error->text, text, sizeof text);
}

int ump_fail(struct ump_error *error, enum ump_error_kind kind, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	error->kind = kind;
	fill(error, format, arguments);
	va_end(arguments);
	return -1;
}

int ump_error_prefix(struct ump_error *error, const char *format, ...)
{
	struct ump_error prefix;
	va_list arguments;
	va_start(arguments, format);
	fill(&prefix, format, arguments);
	va_end(arguments);
	return ump_fail(error, error->kind, "%s: %s", prefix.text, error->text);
}
