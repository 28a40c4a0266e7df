#include "common/memory.h"
#include "common/telemetry/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int reader;
static char seen[1 << 20];
static size_t kept; /* bytes at the start of `seen` that the next read goes behind */

/* Standard error becomes a pipe whose other end is `reader`. */
static void take_standard_error(void)
{
	int ends[2];
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
}

static const char *read_all(void)
{
	size_t size = kept;
	ssize_t got;
	while ((got = read(reader, seen + size, sizeof seen - 1 - size)) > 0)
		size += (size_t)got;
	seen[size] = '\0';
	return seen;
}

/* The next line of what was read, as JSON. */
static json_t *next_object(char **cursor)
{
	json_error_t error;
	char *end = strchr(*cursor, '\n');
	cr_assert_not_null(end, "no line");
	json_t *object = json_loadb(*cursor, (size_t)(end - *cursor), JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	cr_assert_not_null(object, "%s: %.*s", error.text, (int)(end - *cursor), *cursor);
	*cursor = end + 1;
	return object;
}

static json_t *only_object(void)
{
	read_all();
	char *cursor = seen;
	json_t *object = next_object(&cursor);
	cr_assert_str_eq(cursor, "", "one line");
	return object;
}

static const char *string_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

TestSuite(log, .init = take_standard_error, .timeout = 30);

Test(log, an_object_a_line_with_the_fields_in_their_types)
{
	ump_log_setup("adapter", UMP_LOG_INFO, UMP_LOG_AUTOMATIC);
	ump_log(UMP_LOG_WARNING, "partition stalled", UMP_LOG_S("topic", "game-hits"), UMP_LOG_T("key", UMP_TEXT("p\"1")),
		UMP_LOG_I("offset", INT64_MIN), UMP_LOG_N("seconds", 0.25), UMP_LOG_N("worst", INFINITY), UMP_LOG_B("paused", true),
		UMP_LOG_T("value", UMP_TEXT_NONE));
	json_t *object = only_object();
	cr_assert_str_eq(string_of(object, "level"), "warning");
	cr_assert_str_eq(string_of(object, "program"), "adapter");
	cr_assert_str_eq(string_of(object, "message"), "partition stalled");
	cr_assert_eq(strlen(string_of(object, "time")), strlen("2026-01-02T03:04:05.123456Z"));
	cr_assert_str_eq(string_of(object, "topic"), "game-hits");
	cr_assert_str_eq(string_of(object, "key"), "p\"1");
	cr_assert_eq(json_integer_value(json_object_get(object, "offset")), INT64_MIN);
	cr_assert_float_eq(json_real_value(json_object_get(object, "seconds")), 0.25, 1e-12);
	cr_assert(json_is_null(json_object_get(object, "worst")));
	cr_assert(json_is_true(json_object_get(object, "paused")));
	cr_assert(json_is_null(json_object_get(object, "value")));
	json_decref(object);
}

Test(log, without_fields_too_and_below_the_level_not_at_all)
{
	ump_log_setup("x", UMP_LOG_WARNING, UMP_LOG_JSON);
	cr_assert_not(ump_log_enabled(UMP_LOG_INFO));
	cr_assert(ump_log_enabled(UMP_LOG_ERROR));
	ump_log(UMP_LOG_INFO, "unseen");
	ump_log(UMP_LOG_ERROR, "seen");
	json_t *object = only_object();
	cr_assert_str_eq(string_of(object, "message"), "seen");
	json_decref(object);
}

Test(log, whatever_bytes_come_in_the_line_is_json)
{
	ump_log_setup("x", UMP_LOG_INFO, UMP_LOG_JSON);
	srandom(1);
	for (int round = 0; round < 3000; round++) {
		char bytes[300], name[8] = {0};
		size_t size = (size_t)random() % sizeof bytes;
		for (size_t i = 0; i < size; i++)
			bytes[i] = (char)(random() % 3 ? random() : "\"\\\n\x80\xED\xF4\xC2\x7F"[random() % 8]);
		memcpy(name, bytes, size < 7 ? size : 7);
		ump_log(UMP_LOG_INFO, "random", UMP_LOG_T("bytes", ((struct ump_text){bytes, size})), UMP_LOG_S("name", name));
		json_t *object = only_object();
		cr_assert_eq(json_object_size(object), 6);
		json_decref(object);
	}
}

Test(log, good_text_comes_back_as_it_was_and_bad_bytes_are_replaced)
{
	static const struct {
		struct ump_text in;
		const char *out;
	} cases[] = {
		{UMP_TEXT("ä€😀 tab\t line\n quote\" back\\ bell\a del\x7F"), "ä€😀 tab\t line\n quote\" back\\ bell\a del\x7F"},
		{UMP_TEXT("csi \xC2\x9B"), "csi \xC2\x9B"},
		{UMP_TEXT("\xFF\xED\xA0\x80x"), "\uFFFD\uFFFD\uFFFD\uFFFDx"},
		{UMP_TEXT("end \xE2\x82"), "end \uFFFD\uFFFD"},
	};
	ump_log_setup("x", UMP_LOG_INFO, UMP_LOG_JSON);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ump_log(UMP_LOG_INFO, "case", UMP_LOG_T("text", cases[i].in));
		json_t *object = only_object();
		cr_assert_str_eq(string_of(object, "text"), cases[i].out, "case %zu", i);
		/* No control character stands in the line itself, nor one of the upper controls that terminals obey. */
		for (const char *at = seen; at[0] != '\n'; at++)
			cr_assert((unsigned char)*at >= ' ' && *at != 0x7F && !(at[0] == '\xC2' && (unsigned char)at[1] < 0xA0));
		json_decref(object);
	}
}

Test(log, long_values_are_cut_and_fields_without_room_left_out)
{
	static char longer[8000];
	memset(longer, '\1', sizeof longer - 1);
	ump_log_setup("x", UMP_LOG_INFO, UMP_LOG_JSON);
	ump_log(UMP_LOG_INFO, longer, UMP_LOG_S("a", longer), UMP_LOG_S("b", longer), UMP_LOG_S("c", longer), UMP_LOG_S("d", longer),
		UMP_LOG_I("last", 7));
	json_t *object = only_object();
	cr_assert_leq(strlen(seen), 4096);
	cr_assert(json_is_true(json_object_get(object, "cut")));
	cr_assert(string_of(object, "a"));
	cr_assert_null(json_object_get(object, "d"));
	cr_assert_eq(json_integer_value(json_object_get(object, "last")), 7, "a short field still fits");
	json_decref(object);
}

Test(log, a_reader_that_does_not_read_costs_lines_not_time)
{
	enum { LINES = 5000 };
	ump_log_setup("x", UMP_LOG_INFO, UMP_LOG_JSON);
	for (int i = 0; i < LINES; i++) /* a pipe takes some hundred: this would hang */
		ump_log(UMP_LOG_INFO, "line", UMP_LOG_I("number", i));
	read_all();
	char *cursor = seen;
	int lines = 0;
	while (*cursor) {
		json_t *object = next_object(&cursor);
		cr_assert_eq(json_integer_value(json_object_get(object, "number")), lines++);
		json_decref(object);
	}
	cr_assert_lt(lines, LINES);
	ump_log(UMP_LOG_INFO, "again");
	read_all();
	cursor = seen;
	json_t *dropped = next_object(&cursor), *again = next_object(&cursor);
	cr_assert_str_eq(string_of(dropped, "message"), "log lines dropped");
	cr_assert_eq(json_integer_value(json_object_get(dropped, "count")), LINES - lines);
	cr_assert_str_eq(string_of(again, "message"), "again");
	json_decref(dropped);
	json_decref(again);
	/* What we did with the pipe is ours alone: other processes that share it still block. */
	cr_assert_not(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
}

Test(log, a_line_that_a_socket_takes_in_part_is_finished_first)
{
	int ends[2], small = 1;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	dup2(ends[1], STDERR_FILENO);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	static char longer[900];
	memset(longer, 'x', sizeof longer - 1);
	ump_log_setup("x", UMP_LOG_INFO, UMP_LOG_JSON);
	int lines = 0, parts = 0;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 50; i++)
			ump_log(UMP_LOG_INFO, "line", UMP_LOG_S("a", longer), UMP_LOG_S("b", longer), UMP_LOG_S("c", longer));
		read_all();
		char *cursor = seen;
		for (; strchr(cursor, '\n'); lines++)
			json_decref(next_object(&cursor));
		kept = strlen(cursor);
		parts += kept > 0;
		memmove(seen, cursor, kept + 1);
	}
	cr_assert_gt(parts, 0, "the case did not occur");
	cr_assert_gt(lines, 20);
}

static void *log_much(void *context)
{
	for (int i = 0; i < 200; i++)
		ump_log(UMP_LOG_INFO, "from a thread", UMP_LOG_S("who", context));
	return NULL;
}

Test(log, any_thread_may_log)
{
	pthread_t threads[4];
	fcntl(reader, F_SETPIPE_SZ, 1 << 20);
	ump_log_setup("x", UMP_LOG_INFO, UMP_LOG_JSON);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, log_much, (void *)"a");
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	read_all();
	int lines = 0;
	for (char *cursor = seen; *cursor; lines++)
		json_decref(next_object(&cursor));
	cr_assert_eq(lines, 800);
}

Test(log, text_has_no_colour_but_on_a_terminal)
{
	ump_log_setup("adapter", UMP_LOG_INFO, UMP_LOG_TEXT);
	ump_log(UMP_LOG_INFO, "listening", UMP_LOG_S("for", "http"), UMP_LOG_S("odd", "two words\033[31m"), UMP_LOG_S("none", ""));
	read_all();
	cr_assert_str_eq(seen + strlen("00:00:00.000 "), "INFO  adapter: listening for=http odd=\"two words\\u001b[31m\" none=\"\"\n");
}

Test(log, text_with_colour_on_a_terminal)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	int other = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	cr_assert_geq(other, 0);
	dup2(other, STDERR_FILENO);
	reader = terminal;
	fcntl(reader, F_SETFL, O_NONBLOCK);
	unsetenv("NO_COLOR");
	ump_log_setup("adapter", UMP_LOG_INFO, UMP_LOG_AUTOMATIC);
	ump_log(UMP_LOG_ERROR, "broken");
	cr_assert(strstr(read_all(), "\033[31mERROR\033[0m"), "%s", seen);
	setenv("NO_COLOR", "1", 1);
	ump_log_setup("adapter", UMP_LOG_INFO, UMP_LOG_AUTOMATIC);
	ump_log(UMP_LOG_ERROR, "broken");
	cr_assert_null(strstr(read_all(), "\033"));
}

Test(log, errno_stays_as_it_was)
{
	ump_log_setup("x", UMP_LOG_INFO, UMP_LOG_JSON);
	close(STDERR_FILENO);
	ump_log_setup("x", UMP_LOG_INFO, UMP_LOG_JSON);
	errno = ENOENT;
	ump_log(UMP_LOG_INFO, "nowhere to write");
	cr_assert_eq(errno, ENOENT);
}
