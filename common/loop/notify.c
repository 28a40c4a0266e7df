/* common/loop/notify.c */
#include "common/loop/notify.h"
#include "common/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_PASSED = 3 };

void ump_notify(const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t size = path ? strlen(path) : 0;

	if (size < 2 || size > sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, size);
	if (path[0] == '@')
		address.sun_path[0] = '\0';

	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* A supervisor that does not read holds us up for a moment only. */
	struct timeval patience = {.tv_usec = 100000};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
	close(fd);
}

static int count_passed(void)
{
	uint64_t process, count;
	if (!ump_text_to_number(ump_text(getenv("LISTEN_PID")), INT_MAX, &process) || process != (uint64_t)getpid())
		return 0;
	if (!ump_text_to_number(ump_text(getenv("LISTEN_FDS")), INT_MAX - FIRST_PASSED, &count))
		return 0;
	for (int i = 0; i < (int)count; i++) {
		int flags = fcntl(FIRST_PASSED + i, F_GETFD);
		if (flags < 0 || fcntl(FIRST_PASSED + i, F_SETFD, flags | FD_CLOEXEC) < 0)
			return i; /* fewer are open than were announced */
	}
	return (int)count;
}

int ump_passed_sockets(void)
{
	int count = count_passed();
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return count;
}
