/* Days are counted as in the civil calendar of H. Hinnant's public derivation: years that begin in March. */
#include "casework/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "casework/records.h"

static const char DAYS[7][3] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };

int64_t
day_number(const char *date)
{
	int64_t y = strtol(date, NULL, 10), m = strtol(date + 5, NULL, 10), d = strtol(date + 8, NULL, 10);
	int64_t from_march = (m + 9) % 12, year = y - (m <= 2), era = year / 400, of_era = year - era * 400;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * from_march + 2) / 5 + d - 1 - 719468;
}

int
day_of_week(int64_t day)
{
	return (int)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

void
day_print(char out[11], int64_t day)
{
	int64_t z = day + 719468, era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153, m = mp < 10 ? mp + 3 : mp - 9;

	snprintf(out, 11, "%04u-%02u-%02u", (unsigned)(yoe + era * 400 + (m <= 2)) % 10000, (unsigned)m % 100,
	         (unsigned)(doy - (153 * mp + 2) / 5 + 1) % 100);
}

int
clock_minutes(const char *hhmm)
{
	return (hhmm[0] - '0') * 600 + (hhmm[1] - '0') * 60 + (hhmm[3] - '0') * 10 + (hhmm[4] - '0');
}

char *
clock_print(char out[6], int minutes)
{
	unsigned m = (unsigned)minutes % (24 * 60);

	snprintf(out, 6, "%02u:%02u", m / 60 % 24, m % 60);
	return out;
}

struct rule { bool daily, days[7], any_day, has_until; int interval; int64_t until; };

static enum err_code
read_days(struct rule *r, const char *at, size_t len, struct err *err)
{
	while (len >= 2) {
		size_t d = 0;

		while (d < 7 && strncasecmp(at, DAYS[d], 2) != 0)
			d++;
		if (d == 7 || (len > 2 && at[2] != ','))
			break;
		r->days[d] = r->any_day = true;
		if (len == 2)
			return ERR_OK;
		at += 3;
		len -= 3;
	}
	return err_set(err, ERR_INVALID, "rrule: BYDAY: days are written MO,TU,WE,TH,FR,SA,SU");
}

static enum err_code
read_until(struct rule *r, const char *at, size_t len, struct err *err)
{
	char date[11];

	if (len < 8)
		return err_set(err, ERR_INVALID, "rrule: UNTIL: a date is written 20191231");
	snprintf(date, sizeof(date), "%.4s-%.2s-%.2s", at, at + 4, at + 6);
	if (!date_valid(date))
		return err_set(err, ERR_INVALID, "rrule: UNTIL: a date is written 20191231");
	r->has_until = true;
	r->until = day_number(date);
	return ERR_OK;
}

static bool
key_is(const char *at, size_t len, const char *key)
{
	return len == strlen(key) && strncasecmp(at, key, len) == 0;
}

static enum err_code
read_part(struct rule *r, const char *part, size_t len, struct err *err)
{
	const char *eq = memchr(part, '=', len);
	size_t key_len = eq == NULL ? 0 : (size_t)(eq - part), value_len = eq == NULL ? 0 : len - key_len - 1;
	const char *value = eq + 1;

	if (eq != NULL && key_is(part, key_len, "FREQ") && (key_is(value, value_len, "WEEKLY") || key_is(value, value_len, "DAILY"))) {
		r->daily = key_is(value, value_len, "DAILY");
		return ERR_OK;
	}
	if (eq != NULL && key_is(part, key_len, "BYDAY"))
		return read_days(r, value, value_len, err);
	if (eq != NULL && key_is(part, key_len, "UNTIL"))
		return read_until(r, value, value_len, err);
	if (eq != NULL && key_is(part, key_len, "WKST") && key_is(value, value_len, "MO"))
		return ERR_OK;
	if (eq != NULL && key_is(part, key_len, "INTERVAL") && value_len <= 2) {
		r->interval = atoi(value);
		if (r->interval > 0)
			return ERR_OK;
	}
	return err_set(err, ERR_INVALID, "rrule: \"%.*s\" is not understood: FREQ=WEEKLY or DAILY, BYDAY, INTERVAL and UNTIL are",
	               (int)(len < 40 ? len : 40), part);
}

static enum err_code
read_rule(struct rule *r, const char *text, struct err *err)
{
	enum err_code rc = ERR_OK;

	*r = (struct rule){ .interval = 1 };
	if (strncasecmp(text, "RRULE:", 6) == 0)
		text += 6;
	while (*text != '\0' && rc == ERR_OK) {
		size_t len = strcspn(text, ";");

		rc = read_part(r, text, len, err);
		text += len + (text[len] == ';');
	}
	return rc;
}

enum err_code
opening_on(const char *rule, const char *valid_from, const char *valid_to, const char *date, bool *out, struct err *err)
{
	int64_t day = day_number(date), from = valid_from != NULL ? day_number(valid_from) : 0;
	struct rule r;
	enum err_code rc = read_rule(&r, rule, err);

	*out = false;
	if (rc != ERR_OK)
		return rc;
	if (r.interval > 1 && valid_from == NULL)
		return err_set(err, ERR_INVALID, "rrule: INTERVAL counts from valid_from, which is missing");
	if ((valid_from != NULL && day < from) || (valid_to != NULL && day > day_number(valid_to)) || (r.has_until && day > r.until))
		return ERR_OK;
	if (r.any_day ? !r.days[day_of_week(day)] : !r.daily && valid_from != NULL && day_of_week(day) != day_of_week(from))
		return ERR_OK;
	if (r.interval > 1 && r.daily && (day - from) % r.interval != 0)
		return ERR_OK;
	/* Weeks begin on Monday (RFC 5545: WKST=MO unless said otherwise). */
	if (r.interval > 1 && !r.daily && ((day - day_of_week(day)) - (from - day_of_week(from))) / 7 % r.interval != 0)
		return ERR_OK;
	*out = true;
	return ERR_OK;
}

size_t
slots_between(int opens, int closes, int minutes, int *out, size_t max)
{
	size_t n = 0;

	for (int at = opens; at + minutes <= closes && n < max; at += minutes)
		out[n++] = at;
	return n;
}

bool
slots_overlap(int a, int a_minutes, int b, int b_minutes)
{
	return a < b + b_minutes && b < a + a_minutes;
}
