#include "common/http/problem.h"

static void add_string(struct ump_buffer *out, const char *string)
{
	bool is_utf8 = ump_text_is_utf8(ump_text(string));

	ump_buffer_add_character(out, '"');
	for (const char *c = string; *c; c++) {
		unsigned char byte = (unsigned char)*c;

		if (byte == '"' || byte == '\\')
			ump_buffer_add_character(out, '\\');
		if (byte < 0x20 || byte == 0x7f)
			ump_buffer_print(out, "\\u%04x", byte);
		else
			ump_buffer_add_character(out, byte < 0x80 || is_utf8 ? *c : '?');
	}
	ump_buffer_add_character(out, '"');
}

void ump_problem_write(struct ump_buffer *out, int status, const char *title, const char *detail)
{
	ump_buffer_add_string(out, "{\"type\":\"about:blank\",\"title\":");
	add_string(out, title);
	ump_buffer_print(out, ",\"status\":%d", status);
	if (detail) {
		ump_buffer_add_string(out, ",\"detail\":");
		add_string(out, detail);
	}
	ump_buffer_add_string(out, "}\n");
}
