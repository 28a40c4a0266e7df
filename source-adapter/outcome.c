#include "source-adapter/outcome.h"
#include <stdio.h>
#include <time.h>

#define SECOND   INT64_C(1000000)
#define LONGEST  (365 * 86400 * SECOND)
#define MAX_DATE 64 /* the longest form, "Wednesday, 06-Nov-94 08:49:37 GMT", has 33 characters */

enum outcome_kind outcome_of_status(int status)
{
	if (status >= 200 && status < 300)
		return OUTCOME_DELIVERED;
	switch (status) {
	case 0:
	case 404:
	case 408:
	case 409:
	case 429:
		return OUTCOME_RETRY;
	default:
		return status >= 500 ? OUTCOME_RETRY : OUTCOME_FAILED;
	}
}

bool outcome_may_be_of_one(int status)
{
	return status == 400 || status == 413 || status == 415 || status == 422;
}

bool outcome_may_reply(int status)
{
	return status >= 200 && status < 300 && status != 202 && status != 204 && status != 205;
}

bool outcome_heeds_retry_after(int status)
{
	return status == 429 || status == 503;
}

static bool between(int least, int number, int most)
{
	return number >= least && number <= most;
}

static bool month_number(const char *name, int *ret_month)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int month = 0; month < 12; month++) {
		if (memcmp(name, months + month * 3, 3) == 0) {
			*ret_month = month;
			return true;
		}
	}
	return false;
}

/* The three forms of an HTTP date. The name of the day is not checked: it adds nothing. No strptime(): it heeds the locale. */
static bool parse_date(const char *text, struct tm *ret_time)
{
	struct tm time = {0};
	char month[4] = "";
	int end = 0;
	sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &time.tm_mday, month, &time.tm_year, &time.tm_hour, &time.tm_min,
	       &time.tm_sec, &end);
	if (end == 0) {
		sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &time.tm_mday, month, &time.tm_year, &time.tm_hour,
		       &time.tm_min, &time.tm_sec, &end);
		time.tm_year += time.tm_year < 70 ? 2000 : 1900;
	}
	if (end == 0)
		sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &time.tm_mday, &time.tm_hour, &time.tm_min,
		       &time.tm_sec, &time.tm_year, &end);

	if (end == 0 || text[end] != '\0' || !month_number(month, &time.tm_mon) || !between(1970, time.tm_year, 9999) ||
	    !between(1, time.tm_mday, 31) || !between(0, time.tm_hour, 23) || !between(0, time.tm_min, 59) || !between(0, time.tm_sec, 60))
		return false;
	time.tm_year -= 1900;
	*ret_time = time;
	return true;
}

int64_t outcome_retry_after(struct ump_text field, int64_t wall_us)
{
	field = ump_text_trim(field);
	if (!field.start || field.size == 0)
		return -1;

	bool digits = true;
	for (size_t i = 0; i < field.size; i++)
		digits = digits && field.start[i] >= '0' && field.start[i] <= '9';
	if (digits) {
		uint64_t seconds;
		if (!ump_text_to_number(field, LONGEST / SECOND, &seconds))
			return LONGEST;
		return (int64_t)seconds * SECOND;
	}

	char text[MAX_DATE];
	struct tm date;
	if (field.size >= sizeof text)
		return -1;
	memcpy(text, field.start, field.size);
	text[field.size] = '\0';
	if (!parse_date(text, &date))
		return -1;
	int64_t pause = (int64_t)timegm(&date) * SECOND - wall_us;
	if (pause < 0)
		return 0;
	return pause > LONGEST ? LONGEST : pause;
}

int64_t outcome_wish(int status, const struct ump_header *headers, size_t count, int64_t wall_us)
{
	return outcome_heeds_retry_after(status) ? outcome_retry_after(ump_header_find(headers, count, "Retry-After"), wall_us) : -1;
}
