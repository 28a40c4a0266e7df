/* common/http/guard.h: is it certain where this request ends?
 *
 * Two parties that disagree about the end of a request on a shared connection let an attacker hide a second one in the first (request
 * smuggling). So what is ambiguous, or only tolerated by some, is refused: RFC 9112, 2.2, 3.2, 5.1, 5.2 and 6.3. Pure. */
#pragma once
#include "common/http/header.h"

struct ump_framing {
	int status;        /* 0: all is well; else the answer, after which the connection must be closed */
	const char *wrong; /* a phrase for people */
	bool has_body;
	bool chunked;
	uint64_t length; /* the body's, as declared, unless `chunked` */
};

struct ump_framing ump_guard_check(const struct ump_header *headers, size_t count, bool http_1_0);

/* The header fields must lie behind each other in the buffer that they were read into, each followed by its CR LF alone, up to the empty
 * line at `end`: a parser that cuts a value at a NUL, joins folded lines, or takes a bare LF for a line's end leaves another distance. */
bool ump_guard_is_contiguous(const char *begin, const struct ump_header *headers, size_t count, const char *end);
