/*
 * Civil time by hand, in the proleptic Gregorian calendar: the C library's
 * functions read time zones and locales from the machine, and what was written
 * at 13:12 in Lund is to be read as 13:12 in any place.
 */
#include <stdio.h>
#include <string.h>

#include "casework/records.h"

enum { MINUTE_MS = 60 * 1000, DAY_S = 24 * 60 * 60, ERA_YEARS = 400, ERA_DAYS = 146097 };

static bool
leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
month_days(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01. The year begins in March here, so that the leap day is its last. */
static int64_t
days_from_civil(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - (ERA_YEARS - 1)) / ERA_YEARS;
	int64_t year_of_era = y - era * ERA_YEARS;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * ERA_DAYS + day_of_era - 719468; /* days from 0000-03-01 to 1970-01-01 */
}

static void
civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t day_of_era = z - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
	*month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
	*year = year_of_era + era * ERA_YEARS + (*month <= 2);
}

/* Exactly n digits, or -1. Moves on. */
static int
digits(const char **at, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		char c = **at;

		if (c < '0' || c > '9')
			return -1;
		v = v * 10 + (c - '0');
		(*at)++;
	}
	return v;
}

static bool
sign(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool
read_date(const char **at, int *year, int *month, int *day)
{
	*year = digits(at, 4);
	if (*year < 1 || !sign(at, '-'))
		return false;
	*month = digits(at, 2);
	if (*month < 1 || *month > 12 || !sign(at, '-'))
		return false;
	*day = digits(at, 2);
	return *day >= 1 && *day <= month_days(*year, *month);
}

static bool
read_clock(const char **at, int *minutes)
{
	int hour = digits(at, 2), minute;

	if (hour < 0 || hour > 23 || !sign(at, ':'))
		return false;
	minute = digits(at, 2);
	*minutes = hour * 60 + minute;
	return minute >= 0 && minute <= 59;
}

bool
date_valid(const char *text)
{
	int year, month, day;

	return read_date(&text, &year, &month, &day) && *text == '\0';
}

bool
clock_valid(const char *text)
{
	int minutes;

	return read_clock(&text, &minutes) && *text == '\0';
}

/* Milliseconds of ".123456": what is finer is cut off. */
static bool
read_fraction(const char **at, int *ms)
{
	int scale = 100;

	*ms = 0;
	if (!sign(at, '.'))
		return true;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		*ms += (**at - '0') * scale;
		scale /= 10;
	}
	return true;
}

static bool
read_offset(const char **at, int *offset_min)
{
	bool west = **at == '-';

	*offset_min = 0;
	if (sign(at, 'Z') || sign(at, 'z'))
		return true;
	if (!sign(at, '+') && !sign(at, '-'))
		return false;
	if (!read_clock(at, offset_min))
		return false;
	if (west)
		*offset_min = -*offset_min;
	return true;
}

bool
time_parse(const char *text, int64_t *ms, int16_t *offset_min)
{
	int year, month, day, minutes, second, fraction, offset;

	if (!read_date(&text, &year, &month, &day) || !(sign(&text, 'T') || sign(&text, 't')) ||
	    !read_clock(&text, &minutes) || !sign(&text, ':'))
		return false;
	second = digits(&text, 2);
	if (second < 0 || second > 59 || !read_fraction(&text, &fraction) || !read_offset(&text, &offset) ||
	    *text != '\0')
		return false;
	*ms = (days_from_civil(year, month, day) * DAY_S + minutes * 60 + second) * 1000 + fraction -
	      (int64_t)offset * MINUTE_MS;
	*offset_min = (int16_t)offset;
	return true;
}

/* RFC 3339 has four digits for a year. What lies outside is shown as the nearest that can be written. */
static int64_t
printable_ms(int64_t ms, int offset_min)
{
	static const int64_t first = -62135596800000, last = 253402300799999;
	int64_t shift = (int64_t)offset_min * MINUTE_MS;

	if (ms < first - shift)
		return first;
	return ms > last - shift ? last : ms + shift;
}

char *
time_print(char out[40], int64_t ms, int offset_min)
{
	int64_t local, days, of_day, year;
	int month, day, seconds, fraction, away = offset_min < 0 ? -offset_min : offset_min;
	size_t n;

	local = printable_ms(ms, offset_min);
	of_day = local % ((int64_t)DAY_S * 1000);
	if (of_day < 0)
		of_day += (int64_t)DAY_S * 1000;
	days = (local - of_day) / ((int64_t)DAY_S * 1000);
	civil_from_days(days, &year, &month, &day);
	seconds = (int)(of_day / 1000);
	fraction = (int)(of_day % 1000);
	n = (size_t)snprintf(out, 40, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, month, day, seconds / 3600,
	                     seconds / 60 % 60, seconds % 60);
	if (fraction != 0)
		n += (size_t)snprintf(out + n, 40 - n, ".%03d", fraction);
	if (offset_min == 0)
		snprintf(out + n, 40 - n, "Z");
	else
		snprintf(out + n, 40 - n, "%c%02d:%02d", offset_min < 0 ? '-' : '+', away / 60 % 24, away % 60);
	return out;
}
