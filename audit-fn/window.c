/* audit-fn/window.c: see window.h. */
#include "audit-fn/window.h"
#include <stdio.h>
#include <time.h>

#define SECOND INT64_C(1000000)

/* Division that rounds down, also below zero (before 1970). */
static int64_t divide(int64_t number, int64_t by)
{
	return number / by - (number % by < 0);
}

size_t window_starts(const struct window *window, int64_t time_us, int64_t ret_starts[static WINDOW_OVERLAP_MAX])
{
	int64_t first = divide(time_us - window->size_us, window->step_us) + 1;
	int64_t last = divide(time_us, window->step_us);
	size_t count = 0;

	for (int64_t k = first; k <= last && count < WINDOW_OVERLAP_MAX; k++)
		ret_starts[count++] = k * window->step_us;
	return count;
}

int64_t window_closes(const struct window *window, int64_t start_us)
{
	return start_us + window->size_us + window->lateness_us;
}

/* Exactly `digits` decimal digits at `*position`, up to `maximum`; moves on. */
static bool number(struct ump_text text, size_t *position, size_t digits, int maximum, int *ret_number)
{
	int value = 0;

	if (text.size - *position < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		char c = text.start[*position + i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*position += digits;
	*ret_number = value;
	return value <= maximum;
}

static bool character(struct ump_text text, size_t *position, const char *accepted)
{
	if (*position >= text.size || text.start[*position] == '\0' || !strchr(accepted, text.start[*position]))
		return false;
	++*position;
	return true;
}

static bool fraction(struct ump_text text, size_t *position, int64_t *ret_us)
{
	int64_t us = 0;
	int64_t unit = SECOND / 10;
	size_t begin = *position;

	while (*position < text.size && text.start[*position] >= '0' && text.start[*position] <= '9') {
		us += (text.start[*position] - '0') * unit;
		unit /= 10;
		++*position;
	}
	*ret_us = us;
	return *position > begin;
}

static bool offset(struct ump_text text, size_t *position, int64_t *ret_seconds)
{
	int hours;
	int minutes;
	bool west;

	*ret_seconds = 0;
	if (character(text, position, "Zz"))
		return true;
	west = *position < text.size && text.start[*position] == '-';
	if (!character(text, position, "+-") || !number(text, position, 2, 23, &hours) || !character(text, position, ":") ||
	    !number(text, position, 2, 59, &minutes))
		return false;
	*ret_seconds = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
	return true;
}

static bool parse(struct ump_text text, int64_t *ret_us)
{
	struct tm tm = {0};
	size_t at = 0;
	int64_t us = 0;
	int64_t east;
	int month;
	int month_day;

	if (!number(text, &at, 4, 9999, &tm.tm_year) || !character(text, &at, "-") || !number(text, &at, 2, 12, &month) ||
	    !character(text, &at, "-") || !number(text, &at, 2, 31, &month_day) || !character(text, &at, "Tt ") ||
	    !number(text, &at, 2, 23, &tm.tm_hour) || !character(text, &at, ":") || !number(text, &at, 2, 59, &tm.tm_min) ||
	    !character(text, &at, ":") || !number(text, &at, 2, 60, &tm.tm_sec))
		return false;
	if (character(text, &at, ".") && !fraction(text, &at, &us))
		return false;
	if (!offset(text, &at, &east) || at != text.size)
		return false;

	/* timegm() carries 31 February over into March: then the day is another one. */
	tm.tm_year -= 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = month_day;
	int seconds = tm.tm_sec;
	tm.tm_sec = 0;
	int64_t minute = timegm(&tm);
	if (tm.tm_mon != month - 1 || tm.tm_mday != month_day)
		return false;
	*ret_us = (minute + seconds - east) * SECOND + us;
	return true;
}

int window_parse_time(struct ump_text timestamp, int64_t *ret_us, struct ump_error *error)
{
	if (parse(timestamp, ret_us))
		return 0;
	return ump_fail(error, UMP_REJECT, "found \"%.*s\", expected an RFC 3339 timestamp", UMP_TEXT_ARGUMENTS(timestamp));
}

void window_print_time(int64_t time_us, char ret_text[static WINDOW_TIME_SIZE])
{
	time_t seconds = (time_t)divide(time_us, SECOND);
	int64_t us = time_us - (int64_t)seconds * SECOND;
	struct tm tm;
	int size;

	gmtime_r(&seconds, &tm);
	size = snprintf(ret_text, WINDOW_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday,
			tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (us == 0)
		snprintf(ret_text + size, WINDOW_TIME_SIZE - (size_t)size, "Z");
	else
		snprintf(ret_text + size, WINDOW_TIME_SIZE - (size_t)size, ".%06dZ", (int)us);
}
