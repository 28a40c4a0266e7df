/* common/cloudevents/timestamp.c: RFC 3339 timestamps.
 *
 * A second of 60 is accepted where a leap second can be: at 23:59 UTC on the last day of a month. Which months had one is not checked. */
#include "common/cloudevents/character.h"
#include "common/cloudevents/value.h"

struct reader {
	const char *at;
	const char *end;
	bool wrong;
};

/* `digits` digits, as a number from `low` to `high`. */
static int number(struct reader *reader, int digits, int low, int high)
{
	int value = 0;

	for (int i = 0; i < digits; i++) {
		if (reader->at == reader->end || !ump_is_digit(*reader->at)) {
			reader->wrong = true;
			return low;
		}
		value = value * 10 + (*reader->at++ - '0');
	}
	if (value < low || value > high)
		reader->wrong = true;
	return value;
}

static void expect(struct reader *reader, char character, char other)
{
	if (reader->at == reader->end || (*reader->at != character && *reader->at != other))
		reader->wrong = true;
	else
		reader->at++;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

/* The fraction of a second: a point and at least one digit, or nothing. */
static void fraction(struct reader *reader)
{
	if (reader->at == reader->end || *reader->at != '.')
		return;
	reader->at++;
	number(reader, 1, 0, 9);
	while (reader->at < reader->end && ump_is_digit(*reader->at))
		reader->at++;
}

/* The offset from UTC in minutes. */
static int offset(struct reader *reader)
{
	if (reader->at < reader->end && (*reader->at == 'Z' || *reader->at == 'z')) {
		reader->at++;
		return 0;
	}
	bool west = reader->at < reader->end && *reader->at == '-';

	expect(reader, '+', '-');
	int minutes = number(reader, 2, 0, 23) * 60;

	expect(reader, ':', ':');
	minutes += number(reader, 2, 0, 59);
	return west ? -minutes : minutes;
}

/* True where 23:59 UTC on the last day of a month is `minute` of that local day, `offset` minutes east of UTC. */
static bool can_be_leap_second(int day, int last_day, int minute, int offset)
{
	int utc = minute - offset;

	if (utc == 23 * 60 + 59)
		return day == last_day;
	if (utc == -1) /* the day before, in UTC */
		return day == 1;
	return utc == 47 * 60 + 59 && day == last_day - 1; /* the day after */
}

bool ump_value_is_timestamp(struct ump_text value)
{
	struct reader reader = {.at = value.start, .end = value.start + value.size};
	int year = number(&reader, 4, 0, 9999);

	expect(&reader, '-', '-');
	int month = number(&reader, 2, 1, 12);

	expect(&reader, '-', '-');
	int day = number(&reader, 2, 1, 31);

	expect(&reader, 'T', 't');
	int hour = number(&reader, 2, 0, 23);

	expect(&reader, ':', ':');
	int minute = number(&reader, 2, 0, 59);

	expect(&reader, ':', ':');
	int second = number(&reader, 2, 0, 60);

	fraction(&reader);
	int minutes_east = offset(&reader);

	if (reader.wrong || reader.at != reader.end)
		return false;
	int last_day = days_of_month(year, month);

	if (day > last_day)
		return false;
	return second < 60 || can_be_leap_second(day, last_day, hour * 60 + minute, minutes_east);
}
