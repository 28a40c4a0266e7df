#include "common/http/response.h"

#define LINE_LONGEST ((size_t)8 * 1024) /* of a chunk's size with its extensions; of all trailers together */

static enum ump_reading broken(struct ump_response *response, const char *wrong)
{
	response->wrong = wrong;
	return UMP_READ_BROKEN;
}

/* ---- Status line and header fields ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK" without its line end. */
static bool parse_status_line(struct ump_response *response, struct ump_text line)
{
	const char *s = line.start;

	if (line.size < 12 || memcmp(s, "HTTP/1.", 7) != 0 || !is_digit(s[7]) || s[8] != ' ')
		return false;
	if (s[9] < '1' || s[9] > '5' || !is_digit(s[10]) || !is_digit(s[11]) || (line.size > 12 && s[12] != ' '))
		return false;
	for (size_t i = 12; i < line.size; i++) {
		if ((unsigned char)s[i] < ' ' && s[i] != '\t')
			return false;
	}
	response->status = (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
	response->keep_alive = s[7] != '0';
	return true;
}

/* RFC 9110, 5.1 and 5.6.2: a token; 5.5: no control character but the tab. 1: in both; 2: in values alone. */
static const unsigned char character_kind[256] = {
	['\t'] = 2, [' '] = 2, ['"'] = 2,         ['('] = 2,         [')'] = 2,         [','] = 2,           ['/'] = 2, [':'] = 2,
	[';'] = 2,  ['<'] = 2, ['='] = 2,         ['>'] = 2,         ['?'] = 2,         ['@'] = 2,           ['['] = 2, ['\\'] = 2,
	[']'] = 2,  ['{'] = 2, ['}'] = 2,         ['!'] = 1,         ['#'] = 1,         ['$'] = 1,           ['%'] = 1, ['&'] = 1,
	['\''] = 1, ['*'] = 1, ['+'] = 1,         ['-'] = 1,         ['.'] = 1,         ['^'] = 1,           ['_'] = 1, ['`'] = 1,
	['|'] = 1,  ['~'] = 1, ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, [0x80 ... 0xff] = 2,
};

/* Returns the length of the line up to its CR LF, or 0. */
static size_t parse_field(struct ump_header *header, struct ump_text rest)
{
	size_t i = 0, begin, end;

	while (i < rest.size && character_kind[(unsigned char)rest.start[i]] == 1)
		i++;
	if (i == 0 || i == rest.size || rest.start[i] != ':')
		return 0;
	header->name = (struct ump_text){rest.start, i++};
	while (i < rest.size && (rest.start[i] == ' ' || rest.start[i] == '\t'))
		i++;
	begin = i;
	while (i < rest.size && character_kind[(unsigned char)rest.start[i]] != 0)
		i++;
	if (i + 1 >= rest.size || rest.start[i] != '\r' || rest.start[i + 1] != '\n')
		return 0;
	end = i;
	while (end > begin && (rest.start[end - 1] == ' ' || rest.start[end - 1] == '\t'))
		end--;
	header->value = (struct ump_text){rest.start + begin, end - begin};
	return i;
}

/* `head` ends in CR LF CR LF. */
static const char *parse_head(struct ump_response *response, struct ump_text head)
{
	const char *end = memchr(head.start, '\r', head.size);

	if (end[1] != '\n' || !parse_status_line(response, (struct ump_text){head.start, (size_t)(end - head.start)}))
		return "broken answer: its first line is no status line";
	response->header_count = 0;
	struct ump_text rest = {end + 2, head.size - (size_t)(end + 2 - head.start)};
	while (rest.size > 2) {
		if (response->header_count == UMP_RESPONSE_HEADERS)
			return "broken answer: it has too many header fields";
		size_t size = parse_field(&response->headers[response->header_count], rest);
		if (size == 0)
			return "a line of its header is no header field";
		response->header_count++;
		rest.start += size + 2;
		rest.size -= size + 2;
	}
	return NULL;
}

/* Whether a comma-separated list has the word (RFC 9110, 5.6.1). */
static bool list_has(struct ump_text list, struct ump_text word)
{
	while (list.size > 0) {
		const char *comma = memchr(list.start, ',', list.size);
		size_t size = comma ? (size_t)(comma - list.start) : list.size;

		if (ump_text_equals_ignoring_case(ump_text_trim((struct ump_text){list.start, size}), word))
			return true;
		size += comma != NULL;
		list.start += size;
		list.size -= size;
	}
	return false;
}

/* Decides how the body ends: RFC 9112, 6.3. */
static const char *decide_framing(struct ump_response *response)
{
	struct ump_text length = UMP_TEXT_NONE, coding = UMP_TEXT_NONE;
	const bool http_1_0 = !response->keep_alive;

	for (size_t i = 0; i < response->header_count; i++) {
		struct ump_text name = response->headers[i].name, value = response->headers[i].value;

		if (name.size == 14 && ump_text_equals_ignoring_case(name, UMP_TEXT("content-length"))) {
			if (length.start)
				return "broken answer: it has more than one Content-Length";
			length = value;
		} else if (name.size == 17 && ump_text_equals_ignoring_case(name, UMP_TEXT("transfer-encoding"))) {
			if (coding.start)
				return "broken answer: it has more than one Transfer-Encoding";
			coding = value;
		} else if (name.size == 10 && ump_text_equals_ignoring_case(name, UMP_TEXT("connection"))) {
			if (list_has(value, UMP_TEXT("close")))
				response->keep_alive = false;
		}
	}
	response->left = 0;
	response->state = RESPONSE_LENGTH;
	if (length.start && !ump_text_to_number(length, INT64_MAX, &response->left))
		return "broken answer: its Content-Length is no number";
	if (response->to_head || response->status < 200 || response->status == 204 || response->status == 304) {
		response->left = 0;
		return NULL;
	}
	if (coding.start) {
		if (length.start)
			return "broken answer: it has both a Content-Length and a Transfer-Encoding";
		if (http_1_0 || !ump_text_equals_ignoring_case(coding, UMP_TEXT("chunked")))
			return "broken answer: its Transfer-Encoding is not understood";
		response->state = RESPONSE_CHUNKS;
		response->chunk_state = 0;
		response->line = 0;
	} else if (!length.start) {
		response->state = RESPONSE_TO_END;
		response->keep_alive = false;
	}
	return NULL;
}

/* ---- The body ---- */

static void keep(struct ump_response *response, struct ump_text bytes)
{
	size_t room = response->max_body - response->kept.size;
	size_t kept = bytes.size < room ? bytes.size : room;

	ump_buffer_add(&response->kept, bytes.start, kept);
	response->surplus += bytes.size - kept;
}

/* The views into the header are taken again: its bytes have moved since, or other responses have used the array. */
static enum ump_reading done(struct ump_response *response)
{
	const bool alive = response->keep_alive;

	if (response->head.size > 0)
		(void)parse_head(response, ump_buffer_text(&response->head));
	response->keep_alive = alive;
	response->truncated = response->surplus > 0;
	if (!response->body.start)
		response->body = response->kept.size ? ump_buffer_text(&response->kept) : UMP_TEXT("");
	return UMP_READ_DONE;
}

static enum ump_reading done_early(struct ump_response *response)
{
	response->keep_alive = false;
	return done(response);
}

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	TRAILER_BEGIN,
	TRAILER,
	TRAILER_LF,
	LAST_LF
};

static int hexadecimal(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a chunk's frame. Returns the next state, or -1. */
static int chunk_step(struct ump_response *response, char c)
{
	int digit;

	if (++response->line > LINE_LONGEST)
		return -1;
	switch ((enum chunk_state)response->chunk_state) {
	case CHUNK_SIZE:
		digit = hexadecimal(c);
		if (digit >= 0 && response->left <= INT64_MAX >> 4) {
			response->left = response->left << 4 | (uint64_t)digit;
			return CHUNK_SIZE;
		}
		if (digit >= 0 || response->line == 1) /* too big, or none */
			return -1;
		return c == '\r' ? CHUNK_SIZE_LF : c == ';' ? CHUNK_EXTENSION : -1;
	case CHUNK_EXTENSION:
		return c == '\r' ? CHUNK_SIZE_LF : character_kind[(unsigned char)c] ? CHUNK_EXTENSION : -1;
	case CHUNK_SIZE_LF:
		response->line = 0;
		return c != '\n' ? -1 : response->left > 0 ? CHUNK_DATA : TRAILER_BEGIN;
	case CHUNK_DATA_CR:
		return c == '\r' ? CHUNK_DATA_LF : -1;
	case CHUNK_DATA_LF:
		response->line = 0;
		return c == '\n' ? CHUNK_SIZE : -1;
	case TRAILER_BEGIN:
		return c == '\r' ? LAST_LF : character_kind[(unsigned char)c] == 1 ? TRAILER : -1;
	case TRAILER:
		return c == '\r' ? TRAILER_LF : character_kind[(unsigned char)c] ? TRAILER : -1;
	case TRAILER_LF:
		return c == '\n' ? TRAILER_BEGIN : -1;
	case CHUNK_DATA:
	case LAST_LF:
		break;
	}
	return -1;
}

static enum ump_reading feed_chunks(struct ump_response *response, struct ump_text bytes, size_t *used)
{
	while (*used < bytes.size) {
		char c = bytes.start[*used];

		if (response->chunk_state == CHUNK_DATA) {
			size_t size = bytes.size - *used;
			if (size > response->left)
				size = (size_t)response->left;
			keep(response, (struct ump_text){bytes.start + *used, size});
			*used += size;
			response->left -= size;
			if (response->surplus > response->max_surplus)
				return done_early(response);
			if (response->left == 0)
				response->chunk_state = CHUNK_DATA_CR;
			continue;
		}
		++*used;
		if (response->chunk_state == LAST_LF)
			return c == '\n' ? done(response) : broken(response, "broken answer: its chunks do not end as they should");
		response->chunk_state = chunk_step(response, c);
		if (response->chunk_state < 0)
			return broken(response, "broken answer: its chunks are not framed as they should be");
	}
	return UMP_READ_MORE;
}

static enum ump_reading feed_body(struct ump_response *response, struct ump_text bytes, size_t *used)
{
	struct ump_text rest = {bytes.start + *used, bytes.size - *used};

	if (response->state == RESPONSE_CHUNKS)
		return feed_chunks(response, bytes, used);
	if (response->state == RESPONSE_LENGTH && rest.size > response->left)
		rest.size = (size_t)response->left;
	keep(response, rest);
	*used += rest.size;
	if (response->state == RESPONSE_LENGTH) {
		response->left -= rest.size;
		if (response->left == 0)
			return done(response);
	}
	return response->surplus > response->max_surplus ? done_early(response) : UMP_READ_MORE;
}

/* ---- All of it ---- */

/* Finds the header section's end in what is kept and what has come. NONE: not there yet, all bytes are kept. */
static struct ump_text find_head(struct ump_response *response, struct ump_text bytes, size_t *used)
{
	struct ump_text rest = {bytes.start + *used, bytes.size - *used};
	const size_t before = response->head.size;
	const char *end;

	if (before == 0) {
		end = memmem(rest.start, rest.size, "\r\n\r\n", 4);
		if (end) {
			rest.size = (size_t)(end + 4 - rest.start);
			*used += rest.size;
			return rest;
		}
	}
	ump_buffer_add_text(&response->head, rest);
	*used = bytes.size;
	if (before == 0)
		return UMP_TEXT_NONE;
	size_t from = before > 3 ? before - 3 : 0;
	end = memmem(response->head.start + from, response->head.size - from, "\r\n\r\n", 4);
	if (!end)
		return UMP_TEXT_NONE;
	size_t size = (size_t)(end + 4 - response->head.start);
	*used -= response->head.size - size;
	response->head.size = size;
	return ump_buffer_text(&response->head);
}

enum ump_reading ump_response_feed(struct ump_response *response, struct ump_text bytes, size_t *ret_used)
{
	size_t used = 0;
	enum ump_reading reading = UMP_READ_MORE;

	response->begun = response->begun || bytes.size > 0;
	while (response->state == RESPONSE_HEAD) {
		struct ump_text head = find_head(response, bytes, &used);

		if ((head.start ? head.size : response->head.size) > response->max_head)
			return broken(response, "broken answer: its header is too large");
		if (!head.start) {
			*ret_used = used;
			return UMP_READ_MORE;
		}
		const char *wrong = parse_head(response, head);
		if (!wrong && response->status == 101)
			wrong = "broken answer: it wants to switch protocols";
		if (!wrong && response->status < 200) {
			ump_buffer_reset(&response->head);
			continue;
		}
		if (!wrong)
			wrong = decide_framing(response);
		if (wrong)
			return broken(response, wrong);
		if (response->state == RESPONSE_LENGTH && response->left <= bytes.size - used && response->left <= response->max_body) {
			response->body = (struct ump_text){bytes.start + used, (size_t)response->left};
			*ret_used = used + response->body.size;
			return done(response);
		}
		if (response->head.size == 0) /* it will be needed when the body is there */
			ump_buffer_add_text(&response->head, head);
	}
	reading = feed_body(response, bytes, &used);
	*ret_used = used;
	return reading;
}

enum ump_reading ump_response_end(struct ump_response *response)
{
	if (response->state == RESPONSE_TO_END)
		return done(response);
	return broken(response, UMP_RESPONSE_ENDED(response));
}

void ump_response_reset(struct ump_response *response)
{
	ump_buffer_reset(&response->head);
	ump_buffer_reset(&response->kept);
	response->body = UMP_TEXT_NONE;
	response->status = 0;
	response->header_count = response->surplus = response->line = 0;
	response->left = 0;
	response->state = RESPONSE_HEAD;
	response->truncated = response->keep_alive = response->begun = false;
	response->wrong = NULL;
}

void ump_response_release(struct ump_response *response)
{
	ump_buffer_release(&response->head);
	ump_buffer_release(&response->kept);
}
