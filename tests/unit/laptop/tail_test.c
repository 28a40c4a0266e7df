#include "deploy/laptop/tail.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

static void expect_tail(const char *content, unsigned lines, const char *expected)
{
	char path[] = "/tmp/umpire-tail-XXXXXX";
	struct ump_buffer out = {0};
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
	tail_read(path, lines, &out);
	unlink(path);
	cr_assert_str_eq(out.size ? out.start : "", expected, "the last %u of \"%s\": \"%s\"", lines, content, out.start);
	ump_buffer_release(&out);
}

Test(tail, gives_the_last_lines)
{
	expect_tail("one\ntwo\nthree\n", 2, "two\nthree\n");
	expect_tail("one\ntwo\nthree\n", 3, "one\ntwo\nthree\n");
	expect_tail("one\ntwo\nthree\n", 9, "one\ntwo\nthree\n");
	expect_tail("one\n\n\n", 2, "\n\n");
}

Test(tail, leaves_out_a_line_that_is_not_complete)
{
	expect_tail("127.0.0.1:12", 1, "");
	expect_tail("one\ntw", 1, "one\n");
}

Test(tail, nothing_of_nothing)
{
	struct ump_buffer out = {0};
	expect_tail("", 3, "");
	tail_read("/nonexistent/file", 3, &out);
	tail_read("/tmp", 3, &out);
	cr_assert_eq(out.size, 0);
	ump_buffer_release(&out);
}
