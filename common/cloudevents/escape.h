/* common/cloudevents/escape.h: the content of JSON strings that the scanner has accepted.
 *
 * Private to common/cloudevents. A "raw" text is what stands between the quotes. A lone surrogate, which RFC 8259 lets stand, is compared
 * as the three bytes that UTF-8 would have for it if it could be. Pure. */
#pragma once
#include <stdint.h>

#include "common/error.h"
#include "common/text.h"

/* Orders two raw texts by the bytes that they mean: below, at or above 0. */
int ump_raw_compare(struct ump_text left, struct ump_text right);

/* Reads the escape at *at, a backslash, and goes past it. Returns the character; pairs of surrogates are one character. */
uint32_t ump_raw_escape(const char **at, const char *end);

/* Undoes the escapes of a raw text into `out`, which has room for its size (an escape is longer than what it stands for). Fails at a lone
 * surrogate. */
int ump_raw_unescape(struct ump_text raw, char *out, struct ump_text *ret_text, struct ump_error *error);
