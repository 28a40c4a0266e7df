#include "common/http/response.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct ump_header headers[UMP_RESPONSE_HEADERS];

static struct ump_response new_response(void)
{
	return (struct ump_response){.headers = headers, .max_head = 65536, .max_body = 1000, .max_surplus = 1000};
}

/* Feeds the text in pieces of `step` bytes, and the end of the connection behind it when it is not done by then. */
static enum ump_reading feed(struct ump_response *response, struct ump_text text, size_t step, size_t *ret_used)
{
	size_t used = 0;

	*ret_used = 0;
	for (size_t at = 0; at < text.size; at += step) {
		size_t size = text.size - at < step ? text.size - at : step;
		enum ump_reading reading = ump_response_feed(response, (struct ump_text){text.start + at, size}, &used);
		if (reading != UMP_READ_BROKEN)
			*ret_used += used;
		if (reading != UMP_READ_MORE)
			return reading;
		cr_assert_eq(used, size, "more is wanted, so all is taken");
	}
	return ump_response_end(response);
}

static const struct {
	const char *text;
	int status;
	const char *body; /* NULL: broken */
	bool keep_alive, to_head;
	const char *rest; /* not taken */
} rows[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc", true},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP", 200, "abc", true, .rest = "HTTP"},
	{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", true},
	{"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, "", true},
	{"HTTP/1.1 599 Any thing \xc3\xa9\r\nContent-Length: 0\r\n\r\n", 599, "", true},
	{"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
	{"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", true},
	{"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", true},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", true, .to_head = true},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, "", true, .to_head = true},
	{"HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end", false},
	{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc", false},
	{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, "", false},
	{"HTTP/1.1 200 OK\r\nConnection: foo , CLOSE\r\nContent-Length: 0\r\n\r\n", 200, "", false},
	{"HTTP/1.1 200 OK\r\nConnection: keep-alive, enclose\r\nContent-Length: 0\r\n\r\n", 200, "", true},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", true},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n", 200, "abc0123456789",
	 true},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n000;z\r\nT: u\r\nV: w\r\n\r\n+", 200, "a", true, .rest = "+"},
	{"HTTP/1.1 200 OK\r\nA:\r\nB: \t \r\nContent-Length:1 \t\r\n\r\nx", 200, "x", true},
	/* What is broken. */
	{""},
	{"\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\n"},
	{"HTTP/2 200 OK\r\n\r\n"},
	{"HTTP/1.1  200 OK\r\n\r\n"},
	{"HTTP/1.1 20 OK\r\n\r\n"},
	{"HTTP/1.1 2000 OK\r\n\r\n"},
	{"HTTP/1.1 099 OK\r\n\r\n"},
	{"HTTP/1.1 600 OK\r\n\r\n"},
	{"HTTP/1.1 200 O\x01K\r\n\r\n"},
	{"http/1.1 200 OK\r\n\r\n"},
	{"HTTP/1.1 101 Switching Protocols\r\n\r\n"},
	{"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nA\r\nContent-Length: 0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"},
	{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nx"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
	{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\nabc\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\rx"},
};

Test(response, every_row_in_pieces_of_every_size)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ump_text text = ump_text(rows[i].text);
		for (size_t step = 1; step <= text.size + 1; step++) {
			struct ump_response response = new_response();
			size_t used;
			response.to_head = rows[i].to_head;
			enum ump_reading reading = feed(&response, text, step, &used);
			cr_assert_eq(reading, rows[i].body ? UMP_READ_DONE : UMP_READ_BROKEN, "%s by %zu: %d %s", rows[i].text, step,
				     reading, response.wrong ? response.wrong : "");
			if (rows[i].body) {
				cr_assert_eq(response.status, rows[i].status, "%s", rows[i].text);
				cr_assert(ump_text_equals(response.body, ump_text(rows[i].body)), "%s by %zu: %.*s", rows[i].text, step,
					  UMP_TEXT_ARGUMENTS(response.body));
				cr_assert_eq(response.keep_alive, rows[i].keep_alive, "%s", rows[i].text);
				cr_assert_not(response.truncated);
				size_t rest = rows[i].rest ? strlen(rows[i].rest) : 0;
				cr_assert(used <= text.size - rest && (step > 1 || used == text.size - rest), "%s: %zu", rows[i].text,
					  used);
			} else {
				cr_assert_not_null(response.wrong);
			}
			ump_response_release(&response);
		}
	}
}

Test(response, header_fields_are_there_when_it_is_done_however_it_came)
{
	const struct ump_text text =
		UMP_TEXT("HTTP/1.1 100 Continue\r\nX: no\r\n\r\nHTTP/1.1 200 OK\r\nX:  y z \r\nE:\r\nContent-Length: 4\r\n\r\nbody");

	for (size_t step = 1; step <= text.size; step++) {
		struct ump_response response = new_response();
		size_t used;
		cr_assert_eq(feed(&response, text, step, &used), UMP_READ_DONE);
		cr_assert_eq(response.header_count, 3);
		cr_assert(ump_text_equals(ump_header_find(headers, 3, "x"), UMP_TEXT("y z")));
		cr_assert(ump_text_equals(ump_header_find(headers, 3, "E"), UMP_TEXT("")));
		cr_assert(ump_text_equals(headers[2].name, UMP_TEXT("Content-Length")));
		ump_response_release(&response);
	}
}

Test(response, one_that_lies_whole_is_not_copied)
{
	const struct ump_text text = UMP_TEXT("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
	struct ump_response response = new_response();
	size_t used;

	cr_assert_eq(ump_response_feed(&response, text, &used), UMP_READ_DONE);
	cr_expect_eq(response.body.start, text.start + text.size - 4);
	cr_expect_null(response.head.start);
	cr_expect_null(response.kept.start);
}

static void check_cut(const char *head, const char *piece, size_t pieces, enum ump_reading expected, bool alive)
{
	struct ump_response response = new_response();
	size_t used;
	enum ump_reading reading = ump_response_feed(&response, ump_text(head), &used);

	for (size_t i = 0; i < pieces && reading == UMP_READ_MORE; i++)
		reading = ump_response_feed(&response, ump_text(piece), &used);
	cr_expect_eq(reading, expected, "%s", head);
	cr_expect(response.truncated, "%s", head);
	cr_expect_eq(response.body.size, 1000, "%s", head);
	cr_expect_eq(response.keep_alive, alive, "%s", head);
	ump_response_release(&response);
}

Test(response, a_long_body_is_cut_and_an_endless_one_given_up)
{
	char hundred[101], chunk[110];

	memset(hundred, 'x', 100);
	hundred[100] = '\0';
	snprintf(chunk, sizeof chunk, "64\r\n%s\r\n", hundred);
	check_cut("HTTP/1.1 200 OK\r\nContent-Length: 1500\r\n\r\n", hundred, 15, UMP_READ_DONE, true);
	check_cut("HTTP/1.1 200 OK\r\nContent-Length: 1500000\r\n\r\n", hundred, 30, UMP_READ_DONE, false);
	check_cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, 30, UMP_READ_DONE, false);
	check_cut("HTTP/1.1 200 OK\r\n\r\n", hundred, 30, UMP_READ_DONE, false);
}

Test(response, what_never_ends_is_broken)
{
	struct ump_response response = new_response();
	enum ump_reading reading;
	size_t used, rounds = 0;

	reading = ump_response_feed(&response, UMP_TEXT("HTTP/1.1 200 OK\r\n"), &used);
	while (reading == UMP_READ_MORE && rounds++ < 100000)
		reading = ump_response_feed(&response, UMP_TEXT("A: bcdefgh\r\n"), &used);
	cr_expect_eq(reading, UMP_READ_BROKEN);
	cr_expect_lt(response.head.size, 66000);
	ump_response_reset(&response);
	reading = ump_response_feed(&response, UMP_TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"), &used);
	for (rounds = 0; reading == UMP_READ_MORE && rounds < 100000; rounds++)
		reading = ump_response_feed(&response, UMP_TEXT("extension"), &used);
	cr_expect_eq(reading, UMP_READ_BROKEN, "a chunk's extension");
	ump_response_reset(&response);
	reading = ump_response_feed(&response, UMP_TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"), &used);
	for (rounds = 0; reading == UMP_READ_MORE && rounds < 100000; rounds++)
		reading = ump_response_feed(&response, UMP_TEXT("T: u\r\n"), &used);
	cr_expect_eq(reading, UMP_READ_BROKEN, "trailers");
	ump_response_reset(&response);
	char many[UMP_RESPONSE_HEADERS * 6 + 200] = "HTTP/1.1 200 OK\r\n";
	for (int i = 0; i <= UMP_RESPONSE_HEADERS; i++)
		strcat(many, "A:b\r\n");
	strcat(many, "\r\n");
	cr_expect_eq(ump_response_feed(&response, ump_text(many), &used), UMP_READ_BROKEN, "too many fields");
	ump_response_release(&response);
}

Test(response, it_can_be_used_again)
{
	struct ump_response response = new_response();
	size_t used;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ump_response_reset(&response);
		response.to_head = rows[i].to_head;
		cr_assert_eq(feed(&response, ump_text(rows[i].text), 7, &used), rows[i].body ? UMP_READ_DONE : UMP_READ_BROKEN, "%s",
			     rows[i].text);
	}
	ump_response_release(&response);
}
