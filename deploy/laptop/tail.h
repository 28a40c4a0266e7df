/* deploy/laptop/tail.h: the last lines of a file. */
#pragma once
#include "common/buffer.h"

/* Adds the last `lines` lines of the file, at most 64 KiB of them; nothing where it cannot be read or is empty. A last line without its
 * newline is not complete and is left out. */
void tail_read(const char *path, unsigned lines, struct ump_buffer *out);
