/* common/cloudevents/scan.c: one pass over a JSON document that accepts exactly what RFC 8259 describes.
 *
 * Recursive descent, one frame for each level, the levels bounded. The names of the members of all objects that are open stand on one
 * stack; when an object closes, its names are compared in pairs where they are few, and else sorted first, so that an object with a hundred
 * thousand members costs no more than its bytes deserve, whatever they are. The first names fit into the scanner itself: a usual document
 * allocates nothing. */
#include "common/cloudevents/scan.h"

#include <stdlib.h>

#include "common/cloudevents/character.h"
#include "common/cloudevents/escape.h"
#include "common/cloudevents/value.h"
#include "common/memory.h"

enum { NAMES_WITHIN = 32, NAMES_IN_PAIRS = 12 };

struct name {
	struct ump_text raw;
	bool escaped;
};

struct scan {
	const char *start;
	const char *at;
	const char *end;
	unsigned depth; /* how many more levels may open */
	struct ump_error *error;
	struct name *names; /* those of all open objects */
	size_t name_count;
	size_t name_capacity;
	struct name within[NAMES_WITHIN];
};

static int scan_value(struct scan *scan, struct ump_json *ret_value);

static int unexpected(struct scan *scan, const char *expected)
{
	struct ump_found found;

	if (scan->at == scan->end)
		return ump_fail(scan->error, UMP_REJECT, "byte %zu: found the end, expected %s", (size_t)(scan->at - scan->start),
				expected);
	size_t left = (size_t)(scan->end - scan->at);

	return ump_fail(scan->error, UMP_REJECT, "byte %zu: found %s, expected %s", (size_t)(scan->at - scan->start),
			ump_found(&found, (struct ump_text){scan->at, left < 12 ? left : 12}), expected);
}

static void skip_white(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
		scan->at++;
}

static int scan_escape(struct scan *scan)
{
	static const char simple[] = "\"\\/bfnrt";
	size_t left = (size_t)(scan->end - scan->at);

	if (left >= 2 && scan->at[1] && strchr(simple, scan->at[1])) {
		scan->at += 2;
		return 0;
	}
	if (left < 6 || scan->at[1] != 'u')
		return unexpected(scan, "an escape of JSON");
	for (int i = 2; i < 6; i++)
		if (ump_hexadecimal(scan->at[i]) < 0)
			return unexpected(scan, "four hexadecimal digits");
	scan->at += 6;
	return 0;
}

/* A string, from its opening quote to behind its closing one. */
static int scan_string(struct scan *scan, struct name *ret_name)
{
	const char *open = scan->at++;
	bool escaped = false;

	for (;;) {
		while (scan->end - scan->at >= 8) {
			uint64_t word = ump_bytes_load(scan->at);
			size_t plain = ump_bytes_before((word & UMP_BYTES_HIGH) | ump_bytes_below(word, 0x20) |
							ump_bytes_equal(word, '"') | ump_bytes_equal(word, '\\'));

			scan->at += plain;
			if (plain < 8)
				break;
		}
		uint32_t character;
		size_t length = ump_character(scan->at, (size_t)(scan->end - scan->at), &character);

		if (length == 0 || character < 0x20)
			return unexpected(scan,
					  scan->at == scan->end ? "a closing quote" : "a character of UTF-8, control characters escaped");
		if (character == '"')
			break;
		if (character != '\\') {
			scan->at += length;
			continue;
		}
		escaped = true;
		if (scan_escape(scan))
			return -1;
	}
	*ret_name = (struct name){{open + 1, (size_t)(scan->at - open - 1)}, escaped};
	scan->at++;
	return 0;
}

static bool skip_digits(struct scan *scan)
{
	const char *first = scan->at;

	while (scan->at < scan->end && ump_is_digit(*scan->at))
		scan->at++;
	return scan->at > first;
}

static int scan_number(struct scan *scan)
{
	if (*scan->at == '-')
		scan->at++;
	if (scan->at < scan->end && *scan->at == '0')
		scan->at++;
	else if (!skip_digits(scan))
		return unexpected(scan, "a digit");
	if (scan->at < scan->end && *scan->at == '.') {
		scan->at++;
		if (!skip_digits(scan))
			return unexpected(scan, "a digit");
	}
	if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
		scan->at++;
		if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
			scan->at++;
		if (!skip_digits(scan))
			return unexpected(scan, "a digit");
	}
	return 0;
}

static void push_name(struct scan *scan, const struct name *name)
{
	if (scan->name_count == scan->name_capacity) {
		struct name *old = scan->names == scan->within ? NULL : scan->names;

		scan->name_capacity *= 2;
		scan->names = ump_reallocate(old, scan->name_capacity, sizeof(*scan->names));
		if (!old)
			memcpy(scan->names, scan->within, sizeof(scan->within));
	}
	scan->names[scan->name_count++] = *name;
}

static int compare_names(const void *left, const void *right)
{
	const struct name *one = left;
	const struct name *other = right;

	if (one->escaped || other->escaped)
		return ump_raw_compare(one->raw, other->raw);
	size_t common = one->raw.size < other->raw.size ? one->raw.size : other->raw.size;
	int difference = memcmp(one->raw.start, other->raw.start, common);

	return difference ? difference : (one->raw.size > other->raw.size) - (one->raw.size < other->raw.size);
}

static bool same_name(const struct name *one, const struct name *other)
{
	if (one->escaped || other->escaped)
		return compare_names(one, other) == 0;
	return ump_text_equals(one->raw, other->raw);
}

/* A name that stands twice among these, or NULL. */
static const struct name *find_duplicate(struct name *names, size_t count)
{
	if (count <= NAMES_IN_PAIRS) {
		for (size_t i = 1; i < count; i++)
			for (size_t j = 0; j < i; j++)
				if (same_name(&names[i], &names[j]))
					return &names[i];
		return NULL;
	}
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 1; i < count; i++)
		if (compare_names(&names[i - 1], &names[i]) == 0)
			return names[i - 1].raw.start > names[i].raw.start ? &names[i - 1] : &names[i];
	return NULL;
}

static int close_object(struct scan *scan, size_t first_name)
{
	const struct name *twice = find_duplicate(scan->names + first_name, scan->name_count - first_name);

	if (twice) {
		struct ump_found found;

		return ump_fail(scan->error, UMP_REJECT, "byte %zu: the member %s stands twice in one object",
				(size_t)(twice->raw.start - 1 - scan->start), ump_found(&found, twice->raw));
	}
	scan->name_count = first_name;
	return 0;
}

static int scan_member_name(struct scan *scan)
{
	struct name name;

	if (scan->at == scan->end || *scan->at != '"')
		return unexpected(scan, "the name of a member");
	if (scan_string(scan, &name))
		return -1;
	push_name(scan, &name);
	skip_white(scan);
	if (scan->at == scan->end || *scan->at != ':')
		return unexpected(scan, "\":\"");
	scan->at++;
	skip_white(scan);
	return 0;
}

/* An object or an array, from its opening bracket to behind its closing one. */
static int scan_container(struct scan *scan, char close)
{
	size_t first_name = scan->name_count;
	struct ump_json value;

	if (scan->depth == 0)
		return unexpected(scan, "no deeper nesting");
	scan->depth--;
	scan->at++;
	skip_white(scan);
	if (scan->at < scan->end && *scan->at == close)
		goto closed;
	for (;;) {
		if (close == '}' && scan_member_name(scan))
			return -1;
		if (scan_value(scan, &value))
			return -1;
		skip_white(scan);
		if (scan->at < scan->end && *scan->at == close)
			break;
		if (scan->at == scan->end || *scan->at != ',')
			return unexpected(scan, close == '}' ? "\",\" or \"}\"" : "\",\" or \"]\"");
		scan->at++;
		skip_white(scan);
	}
	if (close == '}' && close_object(scan, first_name))
		return -1;
closed:
	scan->at++;
	scan->depth++;
	return 0;
}

static int scan_word(struct scan *scan, struct ump_text word)
{
	if (!ump_text_starts_with((struct ump_text){scan->at, (size_t)(scan->end - scan->at)}, word))
		return unexpected(scan, "a JSON value");
	scan->at += word.size;
	return 0;
}

static int scan_value(struct scan *scan, struct ump_json *ret_value)
{
	const char *start = scan->at;
	struct name string;
	int wrong;

	switch (scan->at < scan->end ? *scan->at : '\0') {
	case '{':
		ret_value->type = UMP_JSON_OBJECT;
		wrong = scan_container(scan, '}');
		break;
	case '[':
		ret_value->type = UMP_JSON_ARRAY;
		wrong = scan_container(scan, ']');
		break;
	case '"':
		ret_value->type = UMP_JSON_STRING;
		wrong = scan_string(scan, &string);
		break;
	case 't':
		ret_value->type = UMP_JSON_TRUE;
		wrong = scan_word(scan, UMP_TEXT("true"));
		break;
	case 'f':
		ret_value->type = UMP_JSON_FALSE;
		wrong = scan_word(scan, UMP_TEXT("false"));
		break;
	case 'n':
		ret_value->type = UMP_JSON_NULL;
		wrong = scan_word(scan, UMP_TEXT("null"));
		break;
	case '-':
	case '0' ... '9':
		ret_value->type = UMP_JSON_NUMBER;
		wrong = scan_number(scan);
		break;
	default:
		wrong = unexpected(scan, "a JSON value");
	}
	ret_value->text = (struct ump_text){start, (size_t)(scan->at - start)};
	return wrong;
}

int ump_json_parse_nested(struct ump_text document, unsigned depth, struct ump_json *ret_value, struct ump_error *error)
{
	struct scan scan;
	struct ump_json value;

	if (!document.start || document.size > UMP_JSON_SIZE)
		return ump_fail(error, UMP_REJECT, "found %zu bytes, expected 1 to %d", document.size, UMP_JSON_SIZE);
	scan.start = document.start;
	scan.at = document.start;
	scan.end = document.start + document.size;
	scan.depth = depth;
	scan.error = error;
	scan.names = scan.within;
	scan.name_count = 0;
	scan.name_capacity = NAMES_WITHIN;

	skip_white(&scan);
	int wrong = scan_value(&scan, &value);

	if (!wrong) {
		skip_white(&scan);
		if (scan.at != scan.end)
			wrong = unexpected(&scan, "the end");
	}
	if (scan.names != scan.within)
		free(scan.names);
	if (!wrong)
		*ret_value = value;
	return wrong;
}

int ump_json_parse(struct ump_text document, struct ump_json *ret_value, struct ump_error *error)
{
	return ump_json_parse_nested(document, UMP_JSON_DEPTH, ret_value, error);
}
