#include "provider/code.h"
#include <errno.h>
#include <qrencode.h>
#include <string.h>

#define QUIET 4 /* modules around it, as the standard asks for */

int code_draw(struct ump_buffer *out, const char *text, struct ump_error *error)
{
	/* A quarter may be unreadable: a room is dark, a phone far away. */
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_Q);
	if (!code)
		return ump_fail(error, UMP_REJECT, "no QR code can hold \"%.80s\": %s", text, strerror(errno));
	int size = code->width + 2 * QUIET;
	ump_buffer_print(out,
			 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
			 "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
			 size, size, size, size);
	for (int y = 0; y < code->width; y++)
		for (int x = 0; x < code->width; x++)
			if (code->data[y * code->width + x] & 1)
				ump_buffer_print(out, "M%d %dh1v1h-1z", x + QUIET, y + QUIET);
	ump_buffer_add_string(out, "\"/></svg>\n");
	QRcode_free(code);
	return 0;
}
