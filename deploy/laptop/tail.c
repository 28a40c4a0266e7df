#include "deploy/laptop/tail.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BYTES = 64 * 1024 };

void tail_read(const char *path, unsigned lines, struct ump_buffer *out)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return;
	}
	size_t size = status.st_size < MOST_BYTES ? (size_t)status.st_size : MOST_BYTES;
	struct ump_buffer end = {0};
	ssize_t got = pread(fd, ump_buffer_reserve(&end, size + 1), size, status.st_size - (off_t)size);
	close(fd);
	size_t stop = got > 0 ? (size_t)got : 0;
	while (stop > 0 && end.start[stop - 1] != '\n')
		stop--;
	size_t start = stop;
	for (; start > 0; start--) {
		if (end.start[start - 1] == '\n' && start != stop && --lines == 0)
			break;
	}
	ump_buffer_add(out, end.start + start, stop - start);
	ump_buffer_release(&end);
}
