#include "common/http/header.h"

struct ump_text ump_header_find(const struct ump_header *headers, size_t count, const char *name)
{
	struct ump_text wanted = ump_text(name);

	for (size_t i = 0; i < count; i++) {
		if (ump_text_equals_ignoring_case(headers[i].name, wanted))
			return headers[i].value;
	}
	return UMP_TEXT_NONE;
}
