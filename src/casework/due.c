#include "casework/due.h"

#include <stdio.h>
#include <stdlib.h>

#include "crdt/hlc.h"

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));
}

bool
day_after(const char *day, enum retain_unit unit, uint32_t count, char out[16])
{
	char text[40];
	int64_t ms;
	int16_t offset;
	int year, month, d;

	snprintf(text, sizeof(text), "%.10sT00:00:00Z", day);
	if (!time_parse(text, &ms, &offset))
		return false;
	if (unit == RETAIN_MONTHS) {
		year = atoi(day);
		month = atoi(day + 5) - 1 + (int)(count % 12);
		d = atoi(day + 8);
		year += (int)(count / 12) + month / 12;
		month = month % 12 + 1;
		if (year > 9999)
			return false;
		d = d > month_days(year, month) ? month_days(year, month) : d;
		snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, d);
	} else {
		time_print(text, ms + (int64_t)count * 86400000, 0);
	}
	memcpy(out, text, 10);
	out[10] = '\0';
	return true;
}

/* The day that a date or datetime field holds; of two in conflict the later, which keeps longer. */
static bool
day_of(const struct record *r, const struct profile_field *f, char out[16])
{
	size_t count;
	const struct value *v = record_values(r, f->number, &count);

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		json_t *text = v[i].kind == OP_SET ? value_to_json(f, v[i].value) : NULL;
		const char *s = json_string_value(text);

		if (s != NULL && strlen(s) >= 10 && strncmp(s, out, 10) > 0)
			snprintf(out, 16, "%.10s", s);
		json_decref(text);
	}
	return date_valid(out);
}

void
record_due(struct due *out, const struct record *r, const struct profile *p)
{
	const struct profile_type *t = profile_type_numbered(p, record_type(r));
	const struct retention *rule = t == NULL ? NULL : profile_retention(p, t, NULL);
	char text[40];

	memset(out, 0, sizeof(*out));
	if (rule == NULL || rule->unit == RETAIN_KEEP) {
		snprintf(out->rule, sizeof(out->rule), rule == NULL ? "no rule" : "kept");
		return;
	}
	snprintf(out->rule, sizeof(out->rule), "%u %s after %s", rule->count, rule->unit == RETAIN_MONTHS ? "months" : "days",
	         rule->from == NULL ? "the last change" : rule->from->name);
	if (rule->from == NULL)
		snprintf(out->since, sizeof(out->since), "%.10s", time_print(text, hlc_ms(record_hlc_last(r)), 0));
	else if (!day_of(r, rule->from, out->since))
		return;
	out->ever = day_after(out->since, rule->unit, rule->count, out->on);
}
