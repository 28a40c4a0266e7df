/* common/kafka/small_file.c */
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "common/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE_MAXIMUM = 64 * 1024 };

int ump_small_file_read(const char *path, char **ret_text, struct ump_error *error)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return ump_fail(error, UMP_REJECT, "%s: %s", path, strerror(errno));
	ump_cleanup_free char *bytes = ump_allocate(SIZE_MAXIMUM + 1, 1);
	size_t size = fread(bytes, 1, SIZE_MAXIMUM + 1, file);
	int problem = ferror(file) ? errno : 0;
	fclose(file);
	if (problem)
		return ump_fail(error, UMP_REJECT, "%s: %s", path, strerror(problem));
	if (size > SIZE_MAXIMUM)
		return ump_fail(error, UMP_REJECT, "%s: expected at most 64 KiB", path);
	if (memchr(bytes, 0, size))
		return ump_fail(error, UMP_REJECT, "%s: expected text, found a zero byte", path);
	struct ump_text text = ump_text_trim((struct ump_text){bytes, size});
	*ret_text = ump_copy_bytes(text.start, text.size);
	return 0;
}
