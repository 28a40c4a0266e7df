#include "provider/moment.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

void moment_write(char text[MOMENT_SIZE], int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	snprintf(text, MOMENT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (parts.tm_year + 1900) % 10000, (parts.tm_mon + 1) % 100,
		 parts.tm_mday % 100, parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100, (int)(us % 1000000));
}

static bool digits(const char **text, int count, int least, int most, int *ret_number)
{
	int number = 0;
	for (int i = 0; i < count; i++) {
		char digit = (*text)[i];
		if (digit < '0' || digit > '9')
			return false;
		number = number * 10 + (digit - '0');
	}
	if (number < least || number > most)
		return false;
	*text += count;
	*ret_number = number;
	return true;
}

static bool skip(const char **text, char character)
{
	if (**text != character)
		return false;
	++*text;
	return true;
}

/* ".5" as 500000; nothing at all as 0. */
static bool fraction(const char **text, int64_t *ret_us)
{
	int64_t us = 0, weight = 100000;
	*ret_us = 0;
	if (!skip(text, '.'))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; ++*text, weight /= 10)
		us += (**text - '0') * weight;
	*ret_us = us;
	return true;
}

static bool zone(const char **text, int64_t *ret_seconds)
{
	int hours, minutes, sign;
	*ret_seconds = 0;
	if (skip(text, 'Z') || skip(text, 'z'))
		return true;
	if (skip(text, '+'))
		sign = 1;
	else if (skip(text, '-'))
		sign = -1;
	else
		return false;
	if (!digits(text, 2, 0, 23, &hours) || !skip(text, ':') || !digits(text, 2, 0, 59, &minutes))
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool moment_read(const char *text, int64_t *ret_us)
{
	int year, month, day, hour, minute, second;
	int64_t us, offset;
	if (!digits(&text, 4, 1970, 9999, &year) || !skip(&text, '-') || !digits(&text, 2, 1, 12, &month) || !skip(&text, '-') ||
	    !digits(&text, 2, 1, 31, &day) || !(skip(&text, 'T') || skip(&text, 't')) || !digits(&text, 2, 0, 23, &hour) ||
	    !skip(&text, ':') || !digits(&text, 2, 0, 59, &minute) || !skip(&text, ':') || !digits(&text, 2, 0, 60, &second))
		return false;
	if (!fraction(&text, &us) || !zone(&text, &offset) || *text)
		return false;
	struct tm parts = {
		.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute, .tm_sec = second};
	int64_t seconds = timegm(&parts);
	if (parts.tm_mday != day) /* 30 February came out as March */
		return false;
	*ret_us = (seconds - offset) * 1000000 + us;
	return true;
}
