#include "common/buffer.h"
#include "common/http/guard.h"
#include "common/http/problem.h"
#include <criterion/criterion.h>

struct row {
	const char *what;
	const char *lines[6]; /* name, value, … */
	int status;
	bool http_1_0;
};

static const struct row rows[] = {
	{"a plain request", {"Host", "a"}, 0},
	{"no Host", {"Accept", "*/*"}, 400},
	{"no Host in HTTP/1.0", {"Accept", "*/*"}, 0, true},
	{"two Hosts", {"Host", "a", "host", "a"}, 400},
	{"a length", {"Host", "a", "Content-Length", "5"}, 0},
	{"a length of nothing", {"Host", "a", "Content-Length", ""}, 400},
	{"a signed length", {"Host", "a", "Content-Length", "+5"}, 400},
	{"a list of lengths", {"Host", "a", "Content-Length", "5, 5"}, 400},
	{"a hexadecimal length", {"Host", "a", "Content-Length", "0x5"}, 400},
	{"a length beyond 63 bits", {"Host", "a", "Content-Length", "9223372036854775808"}, 400},
	{"two differing lengths", {"Host", "a", "Content-Length", "5", "Content-Length", "6"}, 400},
	{"two equal lengths", {"Host", "a", "Content-Length", "5", "CONTENT-LENGTH", "5"}, 400},
	{"chunks", {"Host", "a", "Transfer-Encoding", "Chunked"}, 0},
	{"chunks in HTTP/1.0", {"Host", "a", "Transfer-Encoding", "chunked"}, 400, true},
	{"chunks and a length", {"Host", "a", "Content-Length", "5", "Transfer-Encoding", "chunked"}, 400},
	{"a length and chunks", {"Host", "a", "Transfer-Encoding", "chunked", "Content-Length", "5"}, 400},
	{"chunks twice", {"Host", "a", "Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"}, 400},
	{"another coding", {"Host", "a", "Transfer-Encoding", "gzip, chunked"}, 501},
	{"a coding nobody has", {"Host", "a", "Transfer-Encoding", "xchunked"}, 501},
	{"identity", {"Host", "a", "Transfer-Encoding", "identity"}, 501},
	{"a space behind a name", {"Host", "a", "Content-Length ", "5"}, 400},
	{"a space in a name", {"Host", "a", "Content Length", "5"}, 400},
	{"a tab behind a name", {"Host", "a", "Transfer-Encoding\t", "chunked"}, 400},
	{"no name", {"Host", "a", "", "5"}, 400},
	{"a carriage return in a value", {"Host", "a", "X", "a\rContent-Length: 5"}, 400},
	{"DEL in a value", {"Host", "a", "X", "a\x7f"}, 400},
	{"a tab and UTF-8 in a value", {"Host", "a", "X", "a\t\xc3\xa9"}, 0},
	{"a long value", {"Host", "a", "X", "01234567 89abcdef ~ 01234567\t\xf0\x9f\x98\x80 0123456789abcdef"}, 0},
	{"a control character behind eight", {"Host", "a", "X", "01234567\x01"}, 400},
	{"a control character at the end of sixteen", {"Host", "a", "X", "0123456789abcde\x1f"}, 400},
	{"DEL in the second eight", {"Host", "a", "X", "012345678\x7f"}, 400},
	{"a control character behind UTF-8", {"Host", "a", "X", "\xc3\xa9\xff\xff\xff\xff\xff\xff\n2345678"}, 400},
};

Test(guard, every_row_has_its_answer)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ump_header headers[3];
		size_t count = 0;

		for (; count < 3 && rows[i].lines[2 * count]; count++)
			headers[count] = (struct ump_header){ump_text(rows[i].lines[2 * count]), ump_text(rows[i].lines[2 * count + 1])};
		struct ump_framing framing = ump_guard_check(headers, count, rows[i].http_1_0);
		cr_expect_eq(framing.status, rows[i].status, "%s: %d", rows[i].what, framing.status);
		cr_expect_eq(framing.wrong != NULL, rows[i].status != 0, "%s: a refusal says why", rows[i].what);
	}
}

Test(guard, what_is_declared_is_returned)
{
	const struct ump_header length[] = {{UMP_TEXT("Host"), UMP_TEXT("a")}, {UMP_TEXT("Content-Length"), UMP_TEXT("1234")}};
	const struct ump_header none[] = {{UMP_TEXT("Host"), UMP_TEXT("a")}, {UMP_TEXT("Content-Length"), UMP_TEXT("0")}};
	const struct ump_header chunks[] = {{UMP_TEXT("Host"), UMP_TEXT("a")}, {UMP_TEXT("Transfer-Encoding"), UMP_TEXT("chunked")}};
	struct ump_framing framing = ump_guard_check(length, 2, false);

	cr_expect(framing.has_body && !framing.chunked && framing.length == 1234);
	framing = ump_guard_check(none, 2, false);
	cr_expect(!framing.has_body && !framing.chunked && framing.length == 0);
	framing = ump_guard_check(chunks, 2, false);
	cr_expect(framing.has_body && framing.chunked);
}

Test(guard, header_fields_lie_behind_each_other)
{
	const char good[] = "Host: a\0\0X: b\0\0\0\0", bare_line_feed[] = "Host: a\0X: b\0\0\0\0", nul[] = "Host: a\0bc\0\0X: b\0\0\0\0";
	struct ump_header headers[] = {{{good, 4}, {good + 6, 1}}, {{good + 9, 1}, {good + 12, 1}}};

	cr_expect(ump_guard_is_contiguous(good, headers, 2, good + 17));
	cr_expect_not(ump_guard_is_contiguous(good, headers, 2, good + 18));
	cr_expect_not(ump_guard_is_contiguous(good + 1, headers, 2, good + 17));
	struct ump_header feed[] = {{{bare_line_feed, 4}, {bare_line_feed + 6, 1}}, {{bare_line_feed + 8, 1}, {bare_line_feed + 11, 1}}};
	cr_expect_not(ump_guard_is_contiguous(bare_line_feed, feed, 2, bare_line_feed + 16));
	struct ump_header cut[] = {{{nul, 4}, {nul + 6, 1}}, {{nul + 12, 1}, {nul + 15, 1}}};
	cr_expect_not(ump_guard_is_contiguous(nul, cut, 2, nul + 20));
	cr_expect(ump_guard_is_contiguous(good, NULL, 0, good + 2));
}

Test(problem, is_json_whatever_the_text)
{
	struct ump_buffer out = {0};

	ump_problem_write(&out, 400, "a \"title\"", "line\nbreak \\ \x7f \xc3\xa9");
	cr_expect_str_eq(out.start, "{\"type\":\"about:blank\",\"title\":\"a \\\"title\\\"\",\"status\":400,"
				    "\"detail\":\"line\\u000abreak \\\\ \\u007f \xc3\xa9\"}\n");
	ump_buffer_reset(&out);
	ump_problem_write(&out, 500, "\xff!", NULL);
	cr_expect_str_eq(out.start, "{\"type\":\"about:blank\",\"title\":\"?!\",\"status\":500}\n");
	ump_buffer_release(&out);
}
