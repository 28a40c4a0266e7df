/* common/cloudevents/scan.h: JSON text read in place, without a tree.
 *
 * RFC 8259 exactly: one value, UTF-8, no duplicate members, a bounded depth and size. What it finds are spans of the document. Pure; memory
 * is allocated only while objects with more than 32 members are open. For trees and for writing JSON of our own use jansson; this is for
 * payloads, whose bytes and numbers must stay as they are. */
#pragma once
#include "common/buffer.h"
#include "common/error.h"
#include "common/text.h"

#define UMP_JSON_DEPTH 64         /* arrays and objects inside each other */
#define UMP_JSON_SIZE  (64 << 20) /* bytes of a document */

enum ump_json_type { UMP_JSON_NULL, UMP_JSON_FALSE, UMP_JSON_TRUE, UMP_JSON_NUMBER, UMP_JSON_STRING, UMP_JSON_ARRAY, UMP_JSON_OBJECT };

struct ump_json {
	enum ump_json_type type;
	struct ump_text text; /* the value's bytes, quotes and brackets included */
};

/* Checks that `document` is one JSON value with white space around it at most, duplicate members refused at every level. Errors name the
 * byte, counted from 0. */
int ump_json_parse(struct ump_text document, struct ump_json *ret_value, struct ump_error *error);

/* The same with another depth, for a document that wraps values of the usual one. */
int ump_json_parse_nested(struct ump_text document, unsigned depth, struct ump_json *ret_value, struct ump_error *error);

/* Steps through the members of an object or the elements of an array that ump_json_parse() has accepted. Start with *position = 0. False at
 * the end. `ret_name` is the member's name with its quotes off and its escapes as they are; UMP_TEXT_NONE in an array. */
bool ump_json_next(const struct ump_json *container, size_t *position, struct ump_text *ret_name, struct ump_json *ret_value);

/* RFC 6901: the value that `pointer` ("/by/uuid") names, or false. "" is the whole value. */
bool ump_json_find(const struct ump_json *value, struct ump_text pointer, struct ump_json *ret_value);

/* The content of a string, escapes undone (NUL included), appended to `out`; a string value, or a member's name as ump_json_next() gives
 * it. Fails at a lone surrogate, for which UTF-8 has no bytes; `out` keeps its size then. */
int ump_json_unescape(struct ump_text text, struct ump_buffer *out, struct ump_error *error);

/* A number's value where it is a whole one from 0 to 2^53-1, however it is written (11, 11.0, 1.1e1): true. Exact, no floating point. */
bool ump_json_whole_number(struct ump_text number, uint64_t *ret_number);

/* Appends a JSON string, quotes included. What is not UTF-8 in `text` becomes U+FFFD. */
void ump_json_quote(struct ump_buffer *out, struct ump_text text);
