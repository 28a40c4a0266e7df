/* common/http/header.h: a header field, as requests, replies and the CloudEvents binding hand it around. */
#pragma once
#include "common/text.h"

struct ump_header {
	struct ump_text name; /* compared without regard to case (RFC 9110, 5.1) */
	struct ump_text value;
};

/* The value of the first header with this name, or UMP_TEXT_NONE. */
struct ump_text ump_header_find(const struct ump_header *headers, size_t count, const char *name);
