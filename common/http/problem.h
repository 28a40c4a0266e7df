/* common/http/problem.h: problem details, RFC 9457. Pure. */
#pragma once
#include "common/buffer.h"

/* Appends the JSON object: type about:blank, title, status, and detail where it is not NULL. What is not UTF-8 becomes "?". */
void ump_problem_write(struct ump_buffer *out, int status, const char *title, const char *detail);
