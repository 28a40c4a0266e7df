/* common/cloudevents/pointer.c: steps through JSON that the scanner has accepted, and so checks nothing again. */
#include "common/cloudevents/character.h"
#include "common/cloudevents/escape.h"
#include "common/cloudevents/scan.h"

static size_t skip_white(struct ump_text text, size_t at)
{
	while (at < text.size && (text.start[at] == ' ' || text.start[at] == '\n' || text.start[at] == '\r' || text.start[at] == '\t'))
		at++;
	return at;
}

static size_t skip_string(struct ump_text text, size_t at)
{
	for (at++; text.start[at] != '"'; at++)
		if (text.start[at] == '\\')
			at++;
	return at + 1;
}

static size_t skip_container(struct ump_text text, size_t at)
{
	unsigned depth = 0;

	for (;;) {
		switch (text.start[at]) {
		case '"':
			at = skip_string(text, at);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		at++;
		if (depth == 0)
			return at;
	}
}

static size_t skip_value(struct ump_text text, size_t at, enum ump_json_type *ret_type)
{
	switch (text.start[at]) {
	case '{':
		*ret_type = UMP_JSON_OBJECT;
		return skip_container(text, at);
	case '[':
		*ret_type = UMP_JSON_ARRAY;
		return skip_container(text, at);
	case '"':
		*ret_type = UMP_JSON_STRING;
		return skip_string(text, at);
	case 't':
		*ret_type = UMP_JSON_TRUE;
		return at + 4;
	case 'f':
		*ret_type = UMP_JSON_FALSE;
		return at + 5;
	case 'n':
		*ret_type = UMP_JSON_NULL;
		return at + 4;
	default:
		*ret_type = UMP_JSON_NUMBER;
		while (at < text.size && (ump_is_digit(text.start[at]) || (text.start[at] && strchr("+-.eE", text.start[at]))))
			at++;
		return at;
	}
}

bool ump_json_next(const struct ump_json *container, size_t *position, struct ump_text *ret_name, struct ump_json *ret_value)
{
	struct ump_text text = container->text;
	size_t at = skip_white(text, *position == 0 ? 1 : *position); /* behind the bracket, or behind the last value */
	enum ump_json_type type;

	if (text.start[at] == ',')
		at = skip_white(text, at + 1);
	if (at + 1 >= text.size)
		return false;
	*ret_name = UMP_TEXT_NONE;
	if (container->type == UMP_JSON_OBJECT) {
		size_t end = skip_string(text, at);

		*ret_name = (struct ump_text){text.start + at + 1, end - at - 2};
		at = skip_white(text, end);
		at = skip_white(text, at + 1);
	}
	*position = skip_value(text, at, &type);
	*ret_value = (struct ump_json){type, {text.start + at, *position - at}};
	return true;
}

/* The next byte of a pointer's token with "~0" and "~1" undone, -1 at the token's end, -2 where the tilde stands for nothing. */
static int next_of_token(struct ump_text token, size_t *at)
{
	if (*at == token.size)
		return -1;
	char character = token.start[(*at)++];

	if (character != '~')
		return (unsigned char)character;
	if (*at == token.size || (token.start[*at] != '0' && token.start[*at] != '1'))
		return -2;
	return token.start[(*at)++] == '0' ? '~' : '/';
}

/* True where the member's raw name means what the token means. */
static bool names(struct ump_text token, struct ump_text raw)
{
	const char *at = raw.start;
	const char *end = raw.start + raw.size;
	size_t next = 0;

	while (at < end) {
		char bytes[4] = {*at};
		size_t size = 1;

		if (*at == '\\')
			size = ump_character_write(ump_raw_escape(&at, end), bytes);
		else
			at++;
		for (size_t i = 0; i < size; i++)
			if (next_of_token(token, &next) != (unsigned char)bytes[i])
				return false;
	}
	return next_of_token(token, &next) == -1;
}

static bool find_member(const struct ump_json *object, struct ump_text token, struct ump_json *ret_value)
{
	struct ump_json value;
	struct ump_text name;

	for (size_t position = 0; ump_json_next(object, &position, &name, &value);) {
		if (names(token, name)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool find_element(const struct ump_json *array, struct ump_text token, struct ump_json *ret_value)
{
	struct ump_json value;
	struct ump_text name;
	uint64_t index;

	if ((token.size > 1 && token.start[0] == '0') || !ump_text_to_number(token, SIZE_MAX, &index))
		return false;
	for (size_t position = 0; ump_json_next(array, &position, &name, &value); index--) {
		if (index == 0) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

bool ump_json_find(const struct ump_json *value, struct ump_text pointer, struct ump_json *ret_value)
{
	struct ump_json found = *value;

	while (pointer.size > 0) {
		if (pointer.start[0] != '/')
			return false;
		const char *rest = memchr(pointer.start + 1, '/', pointer.size - 1);
		size_t size = rest ? (size_t)(rest - pointer.start) : pointer.size;
		struct ump_text token = {pointer.start + 1, size - 1};

		if (found.type == UMP_JSON_OBJECT) {
			if (!find_member(&found, token, &found))
				return false;
		} else if (found.type != UMP_JSON_ARRAY || !find_element(&found, token, &found)) {
			return false;
		}
		pointer = (struct ump_text){pointer.start + size, pointer.size - size};
	}
	*ret_value = found;
	return true;
}

/* The exponent at `at`, cut at a size that no document's digits could make up for. */
static int64_t exponent(const char *at, const char *end)
{
	const int64_t limit = 1000000000000;
	bool negative = *at == '-';
	int64_t value = 0;

	if (*at == '-' || *at == '+')
		at++;
	for (; at < end && value < limit; at++)
		value = value * 10 + (*at - '0');
	return negative ? -value : value;
}

bool ump_json_whole_number(struct ump_text number, uint64_t *ret_number)
{
	const uint64_t maximum = ((uint64_t)1 << 53) - 1;
	const char *end = number.start + number.size;
	const char *at = number.start;
	bool negative = *at == '-';
	bool behind_point = false;
	int64_t scale = 0; /* the number is `value` * 10 to the power of `scale` */
	int64_t zeros = 0; /* digits 0 that are not in `value` yet, for they may be the last */
	uint64_t value = 0;

	for (at += negative; at < end && *at != 'e' && *at != 'E'; at++) {
		if (*at == '.') {
			behind_point = true;
			continue;
		}
		scale -= behind_point;
		if (*at == '0') {
			zeros += value > 0;
			continue;
		}
		for (; zeros > 0; zeros--)
			if ((value *= 10) > maximum)
				return false;
		value = value * 10 + (uint64_t)(*at - '0');
		if (value > maximum)
			return false;
	}
	if (value == 0) {
		*ret_number = 0;
		return true;
	}
	scale += zeros;
	if (at < end)
		scale += exponent(at + 1, end);
	if (negative || scale < 0)
		return false;
	for (; scale > 0; scale--)
		if ((value *= 10) > maximum)
			return false;
	*ret_number = value;
	return true;
}
