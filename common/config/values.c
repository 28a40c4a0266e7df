/* common/config/values.c */
#include "common/config/values.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const struct {
	const char *name;
	int64_t factor;
} durations[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}, {"d", 86400000000}},
  sizes[] = {{"", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Durations ---- */

/* Adds the decimal number at *cursor times `factor` to *total, and moves the cursor behind it. False where there is none, it is too large,
 * or it is not 0 but becomes 0. */
static bool add_quantity(const char **cursor, size_t size, int64_t factor, int64_t *total)
{
	int64_t whole = 0, part = 0, scale = 1, product;
	const char *at = *cursor, *end = at + size;

	if (at == end || *at < '0' || *at > '9')
		return false;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *at - '0', &whole))
			return false;
	if (at < end && (*at == '.' || *at == ',')) {
		const char *start = ++at;
		for (; at < end && *at >= '0' && *at <= '9'; at++)
			if (scale < 1000000) {
				part = part * 10 + (*at - '0');
				scale *= 10;
			}
		if (at == start)
			return false;
	}
	if (at != end || __builtin_mul_overflow(whole, factor, &product) || __builtin_add_overflow(*total, product, total))
		return false;
	int64_t rest = part * (factor / scale) + part * (factor % scale) / scale;
	*cursor = end;
	return !(part > 0 && rest == 0) && !__builtin_add_overflow(*total, rest, total);
}

/* P[nW] or P[nD][T[nH][nM][nS]]: each at most once, in this order. Years and months have no fixed length. */
static bool parse_iso(const char *text, int64_t *ret_us)
{
	static const struct {
		char letter;
		bool of_time;
		int64_t factor;
	} parts[] = {{'W', false, 604800000000},
		     {'D', false, 86400000000},
		     {'H', true, 3600000000},
		     {'M', true, 60000000},
		     {'S', true, 1000000}};
	int64_t total = 0;
	size_t next = 0;
	bool in_time = false, any = false;

	for (const char *at = text + 1; *at;) {
		if (*at == 'T' && !in_time) {
			in_time = true;
			any = false; /* something has to follow */
			at++;
			continue;
		}
		size_t size = strspn(at, "0123456789.,");
		while (next < COUNT(parts) && (parts[next].letter != at[size] || parts[next].of_time != in_time))
			next++;
		if (next == COUNT(parts) || !add_quantity(&at, size, parts[next].factor, &total))
			return false;
		at++;
		next++;
		any = true;
	}
	*ret_us = total;
	return any;
}

static bool parse_with_unit(const char *text, int64_t *ret_us)
{
	size_t size = strspn(text, "0123456789.");
	int64_t total = 0;
	if (strcmp(text, "0") == 0) {
		*ret_us = 0;
		return true;
	}
	for (size_t i = 0; i < COUNT(durations); i++)
		if (strcmp(text + size, durations[i].name) == 0) {
			if (!add_quantity(&text, size, durations[i].factor, &total))
				return false;
			*ret_us = total;
			return true;
		}
	return false;
}

int ump_parse_duration(const char *text, int64_t *ret_us, struct ump_error *error)
{
	int64_t value;
	if (text[0] == 'P' ? !parse_iso(text, &value) : !parse_with_unit(text, &value))
		return ump_fail(error, UMP_REJECT, "expected a duration such as PT0.5S, 500ms, 2s or 1m, found \"%.64s\"", text);
	*ret_us = value;
	return 0;
}

void ump_print_duration(struct ump_buffer *out, int64_t value_us)
{
	size_t unit = value_us == 0 ? 2 : COUNT(durations) - 1; /* 0s */
	while (value_us % durations[unit].factor != 0)
		unit--;
	ump_buffer_print(out, "%" PRId64 "%s", value_us / durations[unit].factor, durations[unit].name);
}

/* ---- Sizes ---- */

int ump_parse_size(const char *text, int64_t *ret_bytes, struct ump_error *error)
{
	size_t size = strspn(text, "0123456789");
	uint64_t number;
	for (size_t i = 0; i < COUNT(sizes); i++)
		if (strcmp(text + size, sizes[i].name) == 0 &&
		    ump_text_to_number((struct ump_text){text, size}, (uint64_t)(INT64_MAX / sizes[i].factor), &number)) {
			*ret_bytes = (int64_t)number * sizes[i].factor;
			return 0;
		}
	return ump_fail(error, UMP_REJECT, "expected a size such as 4096, 64KiB or 1MiB, found \"%.64s\"", text);
}

void ump_print_size(struct ump_buffer *out, int64_t bytes)
{
	size_t unit = bytes == 0 ? 0 : COUNT(sizes) - 1;
	while (bytes % sizes[unit].factor != 0)
		unit--;
	ump_buffer_print(out, "%" PRId64 "%s", bytes / sizes[unit].factor, sizes[unit].name);
}

/* ---- Numbers ---- */

static bool is_limited(const struct ump_option *option)
{
	return option->minimum != 0 || option->maximum != 0;
}

static void print_limit(struct ump_buffer *out, const struct ump_option *option, int64_t limit)
{
	if (option->type == UMP_OPTION_DURATION)
		ump_print_duration(out, limit);
	else if (option->type == UMP_OPTION_SIZE)
		ump_print_size(out, limit);
	else
		ump_buffer_print(out, "%" PRId64, limit);
}

/* "expected an integer from 0 to 100, found …" */
static int fail_limits(const struct ump_option *option, const char *text, struct ump_error *error)
{
	static const char *const nouns[] = {[UMP_OPTION_INTEGER] = "an integer",
					    [UMP_OPTION_NUMBER] = "a number",
					    [UMP_OPTION_DURATION] = "a duration",
					    [UMP_OPTION_SIZE] = "a size"};
	struct ump_buffer limits = {0};
	print_limit(&limits, option, option->minimum);
	if (is_limited(option) && option->maximum < INT64_MAX) {
		ump_buffer_add_string(&limits, " to ");
		print_limit(&limits, option, option->maximum);
	} else {
		ump_buffer_add_string(&limits, " upward");
	}
	ump_fail(error, UMP_REJECT, "expected %s from %s, found \"%.64s\"", nouns[option->type], limits.start, text);
	ump_buffer_release(&limits);
	return -1;
}

int ump_check_limits(const struct ump_option *option, int64_t value, const char *text, struct ump_error *error)
{
	if (value < option->minimum || (is_limited(option) && value > option->maximum))
		return fail_limits(option, text, error);
	return 0;
}

int ump_parse_integer(const struct ump_option *option, const char *text, int64_t *ret_value, struct ump_error *error)
{
	char *end;
	bool digits = (text[0] >= '0' && text[0] <= '9') || (text[0] == '-' && text[1] >= '0' && text[1] <= '9');
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (!digits || *end || errno)
		return fail_limits(option, text, error);
	if (ump_check_limits(option, value, text, error) < 0)
		return -1;
	*ret_value = value;
	return 0;
}

int ump_parse_number(const struct ump_option *option, const char *text, double *ret_value, struct ump_error *error)
{
	char *end;
	double value = strtod(text, &end);
	/* Decimal digits only: no "inf", no hexadecimal, no space. */
	if (!*text || text[strspn(text, "0123456789.eE+-")] || *end || !isfinite(value))
		return fail_limits(option, text, error);
	if (value < (double)option->minimum || (is_limited(option) && value > (double)option->maximum))
		return fail_limits(option, text, error);
	*ret_value = value;
	return 0;
}

void ump_print_number(struct ump_buffer *out, double value)
{
	char text[32];
	snprintf(text, sizeof text, "%.15g", value);
	double again = strtod(text, NULL);
	ump_buffer_print(out, "%.*g", again < value || again > value ? 17 : 15, value);
}

/* ---- Words ---- */

int ump_parse_switch(const char *text, bool *ret_value, struct ump_error *error)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
	for (size_t i = 0; i < COUNT(words); i++)
		if (ump_text_equals_ignoring_case(ump_text(text), ump_text(words[i]))) {
			*ret_value = i % 2 == 1;
			return 0;
		}
	return ump_fail(error, UMP_REJECT, "expected true or false, found \"%.64s\"", text);
}

struct ump_text ump_choice_name(const char *choices, int index)
{
	for (; index > 0; index--)
		choices += strcspn(choices, "|") + 1;
	return (struct ump_text){choices, strcspn(choices, "|")};
}

int ump_parse_choice(const char *choices, const char *text, int *ret_index, struct ump_error *error)
{
	const char *at = choices;
	for (int index = 0;; index++) {
		size_t size = strcspn(at, "|");
		if (ump_text_equals((struct ump_text){at, size}, ump_text(text))) {
			*ret_index = index;
			return 0;
		}
		if (at[size] == '\0')
			break;
		at += size + 1;
	}
	return ump_fail(error, UMP_REJECT, "expected %s, found \"%.64s\"", choices, text);
}

void ump_print_quoted(struct ump_buffer *out, const char *text)
{
	ump_buffer_add_character(out, '"');
	for (struct ump_text rest = ump_text(text); rest.size > 0;) {
		const unsigned char *at = (const unsigned char *)rest.start;
		size_t size = ump_text_character(rest);
		uint32_t three = size == 3 ? (uint32_t)((at[0] & 0x0F) << 12 | (at[1] & 0x3F) << 6 | (at[2] & 0x3F)) : 0;
		if (*at == '"' || *at == '\\')
			ump_buffer_print(out, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7F || size == 0)
			ump_buffer_print(out, "\\x%02X", *at);
		else if (size == 2 && at[0] == 0xC2 && at[1] < 0xA0)
			ump_buffer_print(out, "\\x%02X", at[1]);
		/* Line and paragraph separators would be folded; the byte order mark and the non-characters are not allowed as they are. */
		else if (three == 0x2028 || three == 0x2029 || three == 0xFEFF || three == 0xFFFE || three == 0xFFFF)
			ump_buffer_print(out, "\\u%04X", (unsigned)three);
		else
			ump_buffer_add(out, at, size);
		size += size == 0;
		rest.start += size;
		rest.size -= size;
	}
	ump_buffer_add_character(out, '"');
}
