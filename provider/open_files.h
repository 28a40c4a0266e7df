/* provider/open_files.h: how many pages this process can have open, by the system's limit of open files. */
#pragma once
#include <stdint.h>

/* Raises the soft limit to the hard one, as nothing here uses select(2), and returns how many browsers may follow the board, with as many
 * phones beside them: `wanted`, or fewer where the limit is too low even so, which is logged. At least 1. */
int64_t open_files_for_pages(int64_t wanted);
