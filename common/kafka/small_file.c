/* common/kafka/small_file.c */
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "common/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int ump_small_file_read(const char *path, size_t maximum, char **ret_text, struct ump_error *error)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return ump_fail(error, UMP_REJECT, "%s: %s", path, strerror(errno));
	ump_cleanup_free char *bytes = ump_allocate(maximum + 1, 1);
	size_t size = fread(bytes, 1, maximum + 1, file);
	int problem = ferror(file) ? errno : 0;
	fclose(file);
	if (problem)
		return ump_fail(error, UMP_REJECT, "%s: %s", path, strerror(problem));
	if (size > maximum)
		return ump_fail(error, UMP_REJECT, "%s: expected at most %zu KiB", path, maximum / 1024);
	if (memchr(bytes, 0, size))
		return ump_fail(error, UMP_REJECT, "%s: expected text, found a zero byte", path);
	struct ump_text text = ump_text_trim((struct ump_text){bytes, size});
	*ret_text = ump_copy_bytes(text.start, text.size);
	return 0;
}
