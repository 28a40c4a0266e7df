/* tests/support/plain/plain.c: runs the tests of one program, each in a process of its own, and prints TAP. See criterion/criterion.h.
 *
 *	unit-NAME [--tap=FILE] [--filter=TEXT]      other options are Criterion's, and ignored */
#include "criterion/criterion.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FAILED = 1, SKIPPED = 77, USUAL_TIMEOUT = 300 };

static struct plain_test *tests; /* in the order of the files */
static int failures;             /* of the present test, in its process */

void plain_register(struct plain_test *test)
{
	struct plain_test **end = &tests;

	while (*end)
		end = &(*end)->next;
	*end = test;
}

void plain_check(bool fatal, bool holds, const char *file, int line, const char *what, const char *format, ...)
{
	va_list arguments;

	if (holds)
		return;
	failures++;
	printf("%s:%d: not so: %s:", file, line, what);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	if (fatal)
		exit(FAILED);
}

void plain_skip(const char *reason)
{
	printf("skipped: %s\n", reason);
	exit(SKIPPED);
}

static const struct plain_test *suite_of(const struct plain_test *test)
{
	const struct plain_test *suite = tests;

	while (suite && (suite->name || strcmp(suite->suite, test->suite) != 0))
		suite = suite->next;
	return suite;
}

_Noreturn static void run(const struct plain_test *test, const struct plain_test *suite)
{
	double timeout = test->timeout > 0 ? test->timeout : suite && suite->timeout > 0 ? suite->timeout : USUAL_TIMEOUT;

	alarm((unsigned)(timeout * 10)); /* the sanitizer slows down by about as much */
	if (suite && suite->init)
		suite->init();
	if (test->init)
		test->init();
	test->run();
	if (test->fini)
		test->fini();
	if (suite && suite->fini)
		suite->fini();
	exit(failures > 0 ? FAILED : 0);
}

/* How it went, as a line of TAP. Returns whether it went well. */
static bool report(FILE *tap, int number, const struct plain_test *test, int status)
{
	bool well = test->signal ? WIFSIGNALED(status) && WTERMSIG(status) == test->signal : WIFEXITED(status) && WEXITSTATUS(status) == 0;
	bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;

	fprintf(tap, "%s %d - %s::%s%s\n", well || skipped ? "ok" : "not ok", number, test->suite, test->name, skipped ? " # SKIP" : "");
	if (!well && !skipped)
		fprintf(tap, "# %s %d\n", WIFSIGNALED(status) ? "ended by signal" : "exit status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	fflush(tap);
	return well || skipped;
}

int main(int argc, char **argv)
{
	FILE *tap = stdout;
	const char *filter = "";
	int number = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--tap=", 6) == 0)
			tap = fopen(argv[i] + 6, "we");
		else if (strncmp(argv[i], "--filter=", 9) == 0)
			filter = argv[i] + 9;
	}
	if (!tap) {
		perror("--tap");
		return FAILED;
	}
	for (const struct plain_test *test = tests; test; test = test->next) {
		int status = 0;

		if (!test->name || !strstr(test->name, filter))
			continue;
		fflush(NULL);
		pid_t child = fork();
		if (child == 0)
			run(test, suite_of(test));
		if (child < 0 || waitpid(child, &status, 0) < 0) {
			perror("fork");
			return FAILED;
		}
		failed += !report(tap, ++number, test, status);
	}
	fprintf(tap, "1..%d\n", number);
	return failed > 0 || fclose(tap) != 0 ? FAILED : 0;
}
