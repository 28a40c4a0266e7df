#include "common/loop/notify.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int supervisor(const char *name, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, name, size);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)), 0);
	return fd;
}

static void expect(int fd, const char *state)
{
	char received[64] = "";
	cr_assert_gt(recv(fd, received, sizeof received - 1, 0), 0, "nothing came");
	cr_assert_str_eq(received, state);
}

TestSuite(notify, .timeout = 30);

Test(notify, by_a_path)
{
	char folder[] = "/tmp/umpire-notify-XXXXXX";
	cr_assert_not_null(mkdtemp(folder));
	ump_cleanup_free char *path = ump_format("%s/socket", folder);
	int fd = supervisor(path, strlen(path) + 1);
	setenv("NOTIFY_SOCKET", path, 1);
	ump_notify("READY=1");
	expect(fd, "READY=1");
	unlink(path);
	rmdir(folder);
	ump_notify("STOPPING=1"); /* to nobody: no harm */
}

Test(notify, by_an_abstract_name)
{
	ump_cleanup_free char *name = ump_format("@umpire-notify-%d", (int)getpid());
	setenv("NOTIFY_SOCKET", name, 1);
	size_t size = strlen(name);
	name[0] = '\0';
	int fd = supervisor(name, size);
	ump_notify("STATUS=two words");
	expect(fd, "STATUS=two words");
}

Test(notify, without_a_supervisor_does_nothing)
{
	unsetenv("NOTIFY_SOCKET");
	ump_notify("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	ump_notify("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	ump_notify("READY=1");
	char longer[300];
	memset(longer, 'x', sizeof longer);
	longer[0] = '/';
	longer[sizeof longer - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	ump_notify("READY=1");
}

struct passed_case {
	int process; /* added to ours */
	const char *count;
	int expected;
};

/* In a process of its own: Criterion has descriptors of its own among those that the test needs. */
static bool holds(const struct passed_case *row)
{
	pid_t child = fork();
	if (child == 0) {
		close_range(5, ~0U, 0);
		dup2(1, 3);
		dup2(1, 4);
		ump_cleanup_free char *process = ump_format("%d", (int)getpid() + row->process);
		setenv("LISTEN_PID", process, 1);
		setenv("LISTEN_FDS", row->count, 1);
		setenv("LISTEN_FDNAMES", "a:b", 1);
		bool good = ump_passed_sockets() == row->expected;
		for (int fd = 3; fd < 3 + row->expected; fd++)
			good = good && fcntl(fd, F_GETFD) == FD_CLOEXEC;
		good = good && !getenv("LISTEN_PID") && !getenv("LISTEN_FDS") && !getenv("LISTEN_FDNAMES");
		_exit(good && ump_passed_sockets() == 0 ? 0 : 1);
	}
	int status;
	return waitpid(child, &status, 0) == child && status == 0;
}

Test(notify, passed_sockets_are_for_the_process_that_is_named)
{
	static const struct passed_case cases[] = {
		{0, "2", 2},   {0, "1", 1}, {0, "0", 0},           {1, "2", 0}, {0, "-1", 0},
		{0, "two", 0}, {0, "", 0},  {0, "99999999999", 0}, {0, "5", 2}, /* fewer are open than were announced */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert(holds(&cases[i]), "case %zu", i);
}
