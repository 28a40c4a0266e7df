/* provider/code.h: a QR code as a picture. Pure. */
#pragma once
#include "common/buffer.h"
#include "common/error.h"

/* Appends an SVG of `text` with its quiet zone, black on white whatever the page's colours are. Fails (UMP_REJECT) for a text that no code
 * can hold. */
int code_draw(struct ump_buffer *out, const char *text, struct ump_error *error);
