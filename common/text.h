/* common/text.h: a view of bytes that somebody else owns.
 *
 * Not terminated. `start` is NULL only for "there is none", which is not the same as empty (a Kafka record without a value against one with
 * an empty value). Whoever hands out a view says until when it holds. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ump_text {
	const char *start;
	size_t size; /* bytes */
};

#define UMP_TEXT_NONE     ((struct ump_text){0})
#define UMP_TEXT(literal) ((struct ump_text){("" literal), sizeof(literal) - 1}) /* of a string literal only */

/* For printf's "%.*s": the precision and the pointer. */
#define UMP_TEXT_ARGUMENTS(text) (int)((text).size > 4096 ? 4096 : (text).size), ((text).start ? (text).start : "")

static inline struct ump_text ump_text(const char *string)
{
	return (struct ump_text){string, string ? strlen(string) : 0};
}

static inline bool ump_text_equals(struct ump_text left, struct ump_text right)
{
	return left.size == right.size && (left.size == 0 || memcmp(left.start, right.start, left.size) == 0);
}

/* ASCII letters compare equal in either case; the locale plays no part. */
bool ump_text_equals_ignoring_case(struct ump_text left, struct ump_text right);
bool ump_text_starts_with(struct ump_text text, struct ump_text prefix);
bool ump_text_starts_with_ignoring_case(struct ump_text text, struct ump_text prefix);

/* Without spaces, tabs, carriage returns and newlines at both ends. */
struct ump_text ump_text_trim(struct ump_text text);

/* Well-formed UTF-8 by RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. */
bool ump_text_is_utf8(struct ump_text text);

/* The bytes of the well-formed UTF-8 character that the text starts with: 1 to 4, or 0 where there is none. */
size_t ump_text_character(struct ump_text text);

/* A whole decimal number without sign, space or anything behind it, up to `maximum`: true and the number in *ret_number, or false. */
bool ump_text_to_number(struct ump_text text, uint64_t maximum, uint64_t *ret_number);
