#include "deploy/laptop/activator.h"
#include "deploy/laptop/supervise.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fixture {
	struct ump_loop *loop;
	struct keeper keeper;
	struct supervisor supervisor;
	char folder[32];
	char log[48];
	unsigned ready, late, ended;
	struct child_end end;
} it;

static void setup(void)
{
	struct ump_error error;
	it = (struct fixture){.folder = "/tmp/umpire-supervise-XXXXXX"};
	cr_assert(mkdtemp(it.folder));
	snprintf(it.log, sizeof it.log, "%s/log", it.folder);
	cr_assert_eq(keeper_start(&it.keeper, it.folder, &error), 0);
	cr_assert_eq(ump_loop_new(&it.loop, &error), 0);
	cr_assert_eq(supervisor_open(&it.supervisor, it.loop, &it.keeper, &error), 0, "%s", error.text);
}

static void teardown(void)
{
	struct ump_error error;
	supervisor_close(&it.supervisor);
	ump_loop_free(it.loop);
	keeper_stop(&it.keeper);
	keeper_remove_folder(it.folder, &error);
}

static void is_ready(void *context, struct child *child)
{
	(void)context;
	(void)child;
	it.ready++;
}

static void is_late(void *context, struct child *child)
{
	(void)context;
	(void)child;
	it.late++;
}

static void has_ended(void *context, struct child *child, const struct child_end *end)
{
	(void)context;
	(void)child;
	it.ended++;
	it.end = *end;
}

/* Waits until a counter has this value; how long is the loaded machine's matter. */
static bool reaches(const unsigned *counter, unsigned value)
{
	for (int i = 0; i < 3000 && *counter < value; i++)
		ump_loop_once(it.loop, 10 * UMP_MILLISECOND);
	return *counter == value;
}

/* A shell with this script as the child. */
static struct child shell(char *arguments[4], const char *script)
{
	static char path[] = "/bin/bash", flag[] = "-c";
	arguments[0] = path;
	arguments[1] = flag;
	arguments[2] = (char *)script;
	arguments[3] = NULL;
	return (struct child){.name = "shell",
			      .log = it.log,
			      .arguments = arguments,
			      .socket = -1,
			      .ready_limit_us = 60 * UMP_SECOND,
			      .events = {.ready = is_ready, .late = is_late, .ended = has_ended}};
}

static void begin(struct child *child)
{
	struct ump_error error = {0};
	cr_assert_eq(child_start(&it.supervisor, child, &error), 0, "%s", error.text);
}

/* What the child has written; static. */
static const char *log_text(void)
{
	static char text[4096];
	int fd = open(it.log, O_RDONLY);
	ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
	close(fd);
	text[size > 0 ? size : 0] = '\0';
	return text;
}

TestSuite(supervise, .init = setup, .fini = teardown);

Test(supervise, tells_the_exit_status)
{
	char *arguments[4];
	struct child child = shell(arguments, "echo hello; echo there >&2; exit 78");
	begin(&child);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_eq(it.end.status, 78);
	cr_assert_eq(it.end.signal, 0);
	cr_assert_eq(child.state, CHILD_STOPPED);
	cr_assert_str_eq(log_text(), "hello\nthere\n");
}

Test(supervise, keeps_output_and_log_apart_where_asked)
{
	char *arguments[4], output[64];
	snprintf(output, sizeof output, "%s/output", it.folder);
	struct child child = shell(arguments, "echo report; echo log >&2; cat \"$(dirname \"$(readlink /proc/$$/fd/2)\")/output\" >&2");
	child.output = output;
	begin(&child);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_str_eq(log_text(), "log\nreport\n");
}

Test(supervise, tells_the_signal)
{
	char *arguments[4];
	struct child child = shell(arguments, "kill -SEGV $$");
	begin(&child);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_eq(it.end.signal, SIGSEGV);
	cr_assert_eq(it.end.status, -1);
}

Test(supervise, a_program_that_is_not_there_ends_with_127_and_says_so)
{
	static char path[] = "/nonexistent/program";
	char *arguments[] = {path, NULL};
	struct child child = {.name = "none", .log = it.log, .arguments = arguments, .socket = -1, .events = {.ended = has_ended}};
	begin(&child);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_eq(it.end.status, 127);
	cr_assert_str_eq(log_text(), "/nonexistent/program: No such file or directory\n");
}

/* Python, in single quotes: says `text` to the supervisor. */
#define NOTIFY(text)                                                                             \
	"import os,socket; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.sendto(b\"" text \
	"\", \"\\0\"+os.environ[\"NOTIFY_SOCKET\"][1:])"

Test(supervise, is_ready_when_the_child_says_so)
{
	char *arguments[4];
	struct child child = shell(arguments, "exec python3 -c 'import time; " NOTIFY("STATUS=almost\\nREADY=1") "; time.sleep(60)'");
	begin(&child);
	cr_assert(reaches(&it.ready, 1));
	cr_assert_eq(child.state, CHILD_READY);
	child_stop(&child, 60 * UMP_SECOND);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_eq(it.end.signal, SIGTERM);
}

Test(supervise, somebody_elses_readiness_is_not_the_childs)
{
	char *arguments[4];
	struct child child = shell(arguments, "python3 -c '" NOTIFY("READY=1") "'; exit 3");
	begin(&child);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_eq(it.end.status, 3);
	cr_assert_eq(it.ready, 0);
}

Test(supervise, says_who_is_late)
{
	char *arguments[4];
	struct child child = shell(arguments, "sleep 60");
	child.ready_limit_us = 50 * UMP_MILLISECOND;
	begin(&child);
	cr_assert(reaches(&it.late, 1));
	cr_assert_eq(it.ended, 0);
	child_stop(&child, 60 * UMP_SECOND);
	cr_assert(reaches(&it.ended, 1));
}

Test(supervise, kills_who_does_not_end_when_asked)
{
	char *arguments[4];
	struct child child = shell(arguments, "trap 'echo no' TERM; echo up; while :; do sleep 0.1; done");
	begin(&child);
	while (!strstr(log_text(), "up"))
		ump_loop_once(it.loop, 10 * UMP_MILLISECOND);
	child_stop(&child, 300 * UMP_MILLISECOND);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_eq(it.end.signal, SIGKILL);
}

Test(supervise, ends_also_who_was_stopped)
{
	char *arguments[4];
	struct child child = shell(arguments, "kill -STOP $$; exit 5");
	begin(&child);
	usleep(100000);
	child_stop(&child, 60 * UMP_SECOND);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_eq(it.end.signal, SIGTERM);
}

static bool lives(pid_t pid)
{
	char path[32];
	char state = 'X';
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	fclose(file);
	return state != 'Z' && state != 'X';
}

static bool ends_soon(pid_t pid)
{
	for (int i = 0; i < 1000 && lives(pid); i++)
		usleep(10000);
	return !lives(pid);
}

static pid_t pid_in_log(void)
{
	for (int i = 0; i < 1000 && !strchr(log_text(), '\n'); i++)
		ump_loop_once(it.loop, 10 * UMP_MILLISECOND);
	return (pid_t)atoi(log_text());
}

Test(supervise, takes_along_what_the_child_has_started)
{
	char *arguments[4];
	struct child child = shell(arguments, "sleep 600 & echo $!; sleep 0.1; exit 1");
	begin(&child);
	pid_t grandchild = pid_in_log();
	cr_assert_gt(grandchild, 1);
	cr_assert(reaches(&it.ended, 1));
	cr_assert(ends_soon(grandchild));
}

Test(supervise, gives_the_demos_own_variables_to_nobody)
{
	char *arguments[4];
	setenv("PORT", "8080", 1);
	setenv("KAFKA", "apache", 1);
	setenv("KAFKA_BOOTSTRAP_SERVERS", "kept", 1);
	struct child child = shell(arguments, "echo \"<${PORT-}${KAFKA-}${LISTEN_FDS-}>$KAFKA_BOOTSTRAP_SERVERS\"");
	begin(&child);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_str_eq(log_text(), "<>kept\n");
}

Test(supervise, passes_no_descriptor_but_the_socket)
{
	char *arguments[4];
	int open_one = open("/dev/null", O_RDONLY);
	cr_assert_geq(open_one, 0);
	struct child child = shell(arguments, "exec ls /proc/self/fd");
	begin(&child);
	cr_assert(reaches(&it.ended, 1));
	cr_assert_str_eq(log_text(), "0\n1\n2\n3\n", "%s", log_text()); /* 3 is the folder that ls reads */
}

/* A process that forks the launcher's part and is then killed, as a launcher may be. */
static pid_t launch_and_die(const char *script)
{
	pid_t launcher = fork();
	if (launcher == 0) {
		struct ump_error error;
		struct keeper keeper;
		struct supervisor supervisor;
		struct ump_loop *loop;
		char *arguments[4];
		char run[48];
		snprintf(run, sizeof run, "%s/run", it.folder);
		struct child child = shell(arguments, script);
		if (mkdir(run, 0755) < 0 || keeper_start(&keeper, run, &error) < 0 || ump_loop_new(&loop, &error) < 0 ||
		    supervisor_open(&supervisor, loop, &keeper, &error) < 0 || child_start(&supervisor, &child, &error) < 0)
			_exit(1);
		ump_loop_run(loop);
		_exit(1);
	}
	return launcher;
}

Test(supervise, sigkill_of_the_launcher_leaves_no_process_and_no_file)
{
	char run[48], script[128];
	struct stat status;
	snprintf(run, sizeof run, "%s/run", it.folder);
	snprintf(script, sizeof script, "touch %s/file; sleep 600 & echo $!; sleep 600", run);
	pid_t launcher = launch_and_die(script);
	pid_t grandchild = pid_in_log();
	cr_assert_gt(grandchild, 1);
	cr_assert(lives(grandchild));
	kill(launcher, SIGKILL);
	waitpid(launcher, NULL, 0);
	cr_assert(ends_soon(grandchild));
	for (int i = 0; i < 1000 && stat(run, &status) == 0; i++)
		usleep(10000);
	cr_assert_neq(stat(run, &status), 0, "%s is still there", run);
}

Test(supervise, pauses_grow_to_ten_seconds)
{
	static const int64_t expected[] = {500, 1000, 2000, 4000, 8000, 10000, 10000};
	for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
		cr_assert_eq(child_restart_pause(i + 1), expected[i] * UMP_MILLISECOND);
	cr_assert_eq(child_restart_pause(4000000000), 10 * UMP_SECOND);
}

/* ---- The activator ---- */

static struct {
	struct activator activator;
	unsigned failures, ended;
	char *arguments[4];
} function;

static void function_changed(void *context)
{
	(void)context;
}

static bool function_failed(void *context, const struct child_end *end)
{
	(void)context;
	(void)end;
	function.failures++;
	return true;
}

static void function_ended(void *context)
{
	(void)context;
	function.ended++;
}

/* Answers as many connections as said with its process id, then ends as one does that idles; the socket is descriptor 3. */
#define FUNCTION                                                                                          \
	"exec python3 -c 'import os,socket\n"                                                             \
	"assert os.environ[\"LISTEN_FDS\"] == \"1\" and os.environ[\"LISTEN_PID\"] == str(os.getpid())\n" \
	"s=socket.socket(fileno=3); s.setblocking(True)\n"                                                \
	"for i in range(%d):\n c,_=s.accept(); c.sendall(str(os.getpid()).encode()); c.close()'"

static void activate(const char *script)
{
	struct ump_error error = {0};
	memset(&function, 0, sizeof function);
	struct activator *activator = &function.activator;
	activator->child = shell(function.arguments, script);
	activator->changed = function_changed;
	activator->failed = function_failed;
	activator->ended = function_ended;
	cr_assert_eq(activator_open(activator, &it.supervisor, &error), 0, "%s", error.text);
	cr_assert_eq(activator_arm(activator, &error), 0, "%s", error.text);
}

static int connect_to_function(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	address.sin_port = htons((uint16_t)atoi(strchr(function.activator.address, ':') + 1));
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0, "%s", strerror(errno));
	return fd;
}

/* The answer, while the loop runs. */
static pid_t answer(int fd)
{
	char text[32] = "";
	for (int i = 0; i < 3000; i++) {
		ssize_t size = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
		if (size >= 0)
			break;
		ump_loop_once(it.loop, 10 * UMP_MILLISECOND);
	}
	close(fd);
	return (pid_t)atoi(text);
}

Test(supervise, a_connection_wakes_the_function_again_and_again)
{
	char script[1024];
	snprintf(script, sizeof script, FUNCTION, 1);
	activate(script);
	ump_loop_once(it.loop, 0);
	cr_assert_eq(function.activator.child.starts, 0); /* nobody asked */
	pid_t first = answer(connect_to_function());
	/* These come while it ends: both wait in the queue, each wakes one. */
	int second = connect_to_function(), third = connect_to_function();
	pid_t two = answer(second), three = answer(third);
	cr_assert(first > 0 && two > 0 && three > 0);
	cr_assert(first != two && two != three);
	cr_assert_eq(function.activator.child.starts, 3);
	cr_assert_eq(function.failures, 0);
	activator_stop(&function.activator, 60 * UMP_SECOND);
	cr_assert(reaches(&function.ended, 1));
	activator_close(&function.activator);
}

Test(supervise, a_function_that_crashes_is_started_again_for_the_connection_that_waits)
{
	char script[1024];
	snprintf(script, sizeof script, "[[ -e %s/second ]] || { touch %s/second; exit 9; }; ", it.folder, it.folder);
	snprintf(script + strlen(script), sizeof script - strlen(script), FUNCTION, 1);
	activate(script);
	cr_assert_gt(answer(connect_to_function()), 0);
	cr_assert_eq(function.failures, 1);
	activator_stop(&function.activator, 60 * UMP_SECOND);
	cr_assert(reaches(&function.ended, 1));
	activator_close(&function.activator);
}
