/* common/cloudevents/base64.h: base64 as in RFC 4648, section 4: padded, no white space, unused bits zero. Pure. */
#pragma once
#include "common/buffer.h"

bool ump_base64_is_valid(struct ump_text text);

/* Decodes valid base64 into `out`, which has room for text.size / 4 * 3 bytes. Returns how many there are. */
size_t ump_base64_decode(struct ump_text text, char *out);

#define UMP_BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Writes the base64 of the bytes to `out`, which has room for UMP_BASE64_SIZE(bytes.size) characters; or appends it to a buffer. */
void ump_base64_write(struct ump_text bytes, char *out);
void ump_base64_encode(struct ump_buffer *out, struct ump_text bytes);
