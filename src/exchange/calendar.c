/*
 * RFC 5545 for clients as they are: CRLF, lines of at most 75 octets, local
 * times with their zone, a first occurrence that its own rule would give.
 */
#include "exchange/calendar.h"

#include <stdio.h>

#include "casework/records.h"
#include "exchange/book_internal.h"
#include "exchange/map.h"

enum { LINE_OCTETS_MAX = 75, LOOK_DAYS = 62, RRULE_BYTES_MAX = 200 };
#define ZONE "Europe/Stockholm"

struct writer { struct buf *out; const struct profile *p; const json_t *records; const char *stamp; struct calendar_left *left; };

/* ---- lines ---- */

static void
put_folded(struct buf *out, const char *line)
{
	size_t n = strlen(line), room = LINE_OCTETS_MAX;

	while (n > room) {
		size_t cut = room;

		while (((uint8_t)line[cut] & 0xc0) == 0x80)
			cut--;
		buf_put(out, line, cut);
		buf_put(out, "\r\n ", 3);
		line += cut;
		n -= cut;
		room = LINE_OCTETS_MAX - 1; /* the space that begins a continued line counts */
	}
	buf_put(out, line, n);
	buf_put(out, "\r\n", 2);
}

/* A property whose value is text: RFC 5545, 3.3.11. */
static void
put_text(struct buf *out, const char *name, const char *text)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "%s:", name);
	for (; *text != '\0'; text++) {
		if (*text == '\r')
			continue;
		if (*text == '\n')
			buf_put(&line, "\\n", 2);
		else if (strchr("\\;,", *text) != NULL)
			buf_printf(&line, "\\%c", *text);
		else
			buf_put_u8(&line, (uint8_t)*text);
	}
	if (buf_ok(&line))
		put_folded(out, buf_str(&line));
	buf_free(&line);
}

/* "20190902T130000" of a date and a time of day. */
static void
local_time(char out[16], const char *date, const char *clock)
{
	snprintf(out, 16, "%.4s%.2s%.2sT%.2s%.2s00", date, date + 5, date + 8, clock, clock + 3);
}

static void
put_times(struct buf *out, const char *date, const char *opens, const char *closes)
{
	char from[16], to[16];

	if (*opens == '\0') {
		buf_printf(out, "DTSTART;VALUE=DATE:%.4s%.2s%.2s\r\n", date, date + 5, date + 8);
		return;
	}
	local_time(from, date, opens);
	buf_printf(out, "DTSTART;TZID=" ZONE ":%s\r\n", from);
	if (*closes == '\0' || strcmp(closes, opens) <= 0)
		return;
	local_time(to, date, closes);
	buf_printf(out, "DTEND;TZID=" ZONE ":%s\r\n", to);
}

static const char *
label_of(const struct label *labels, size_t count, const char *otherwise)
{
	const char *text = label_in(labels, count, "sv");

	return text == NULL ? otherwise : text;
}

static void
begin_event(struct writer *w, const struct exchange_map *m, const json_t *r, const char *uid, const char *what)
{
	const struct exchange_map *place = profile_exchange(w->p, "place");
	const char *site = map_text(place, record_with_id(w->records, map_text(m, r, "place")), "name");
	char full[300];

	buf_printf(w->out, "BEGIN:VEVENT\r\n");
	snprintf(full, sizeof(full), "%.100s@faltbok", uid);
	put_text(w->out, "UID", full);
	buf_printf(w->out, "DTSTAMP:%s\r\n", w->stamp);
	snprintf(full, sizeof(full), "%.120s%s%.120s", what, *site != '\0' ? ", " : "", site);
	put_text(w->out, "SUMMARY", full);
	if (*site != '\0')
		put_text(w->out, "LOCATION", site);
	if (map_is(m, r, "cancelled"))
		buf_printf(w->out, "STATUS:CANCELLED\r\n");
}

/* ---- openings ---- */

static const char day_names[] = "MOTUWETHFRSASU";

/* The rule as it may stand in a calendar: capital letters, digits and =;,-+ only. "" when it is something else. */
static void
clean_rule(char out[RRULE_BYTES_MAX], const char *text)
{
	size_t n = 0;

	out[0] = '\0';
	if (strncmp(text, "RRULE:", 6) == 0)
		text += 6;
	if (strncmp(text, "FREQ=", 5) != 0 || strlen(text) >= RRULE_BYTES_MAX - 32)
		return;
	for (; text[n] != '\0'; n++) {
		char c = text[n];

		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("=;,-+", c) != NULL)) {
			out[0] = '\0';
			return;
		}
		out[n] = c;
	}
	out[n] = '\0';
}

static void
date_of(char out[11], int64_t days) /* since 1899-12-30, back to a date */
{
	int64_t z = days - 25569 + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153, d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;

	snprintf(out, 11, "%04u-%02u-%02u", (unsigned)(yoe + era * 400 + (m <= 2)) % 10000u, (unsigned)m % 13u, (unsigned)d % 32u);
}

/* Does BYDAY, if there is one, let the rule fall on this day? "MO", "2TU", "-1FR". */
static bool
on_day(const char *rule, int64_t days)
{
	const char *by = strstr(rule, "BYDAY=");
	char date[11];
	int day, nth;

	if (by == NULL)
		return true;
	date_of(date, days);
	day = (int)(((days + 5) % 7 + 7) % 7); /* 1899-12-30 was a Saturday */
	nth = ((date[8] - '0') * 10 + (date[9] - '0') - 1) / 7 + 1;
	for (by += 6; *by != '\0' && *by != ';'; by += *by == ',') {
		int sign = *by == '-' ? -1 : 1, ordinal = 0;

		by += *by == '-' || *by == '+';
		for (; *by >= '0' && *by <= '9' && ordinal < 100; by++)
			ordinal = ordinal * 10 + (*by - '0');
		if (by[0] == '\0' || by[1] == '\0')
			return false;
		if (strncmp(by, day_names + 2 * day, 2) == 0) {
			char later[11];

			date_of(later, days + 7 * ordinal);
			if (ordinal == 0 || (sign > 0 && ordinal == nth) || (sign < 0 && strncmp(later, date, 7) != 0))
				return true;
		}
		by += strcspn(by, ",;");
	}
	return false;
}

static void
put_opening(struct writer *w, const struct exchange_map *m, const json_t *r)
{
	const char *from = map_text(m, r, "from"), *to = map_text(m, r, "to"), *opens = map_text(m, r, "opens");
	char rule[RRULE_BYTES_MAX], first[11];
	int64_t day;
	int looked = 0;

	clean_rule(rule, map_text(m, r, "rrule"));
	if (rule[0] == '\0' || !date_valid(from) || *opens == '\0') {
		w->left->openings++;
		return;
	}
	for (day = date_days(from); looked < LOOK_DAYS && !on_day(rule, day); day++)
		looked++;
	date_of(first, day);
	if (looked == LOOK_DAYS || (*to != '\0' && strcmp(first, to) > 0)) {
		w->left->openings++;
		return;
	}
	begin_event(w, m, r, json_string_value(json_object_get(r, "id")), label_of(m->type->labels, m->type->label_count, m->type->name));
	put_times(w->out, first, opens, map_text(m, r, "closes"));
	if (date_valid(to) && strstr(rule, "UNTIL=") == NULL && strstr(rule, "COUNT=") == NULL)
		buf_printf(w->out, "RRULE:%s;UNTIL=%.4s%.2s%.2sT235959Z\r\nEND:VEVENT\r\n", rule, to, to + 5, to + 8);
	else
		buf_printf(w->out, "RRULE:%s\r\nEND:VEVENT\r\n", rule);
}

/* ---- sessions and bookings ---- */

static void
put_session(struct writer *w, const struct exchange_map *m, const json_t *r)
{
	const struct exchange_prop *kind = exchange_prop(m, "kind");
	const char *date = map_text(m, r, "date"), *code = map_text(m, r, "kind"), *what = label_of(m->type->labels, m->type->label_count, m->type->name);

	if (!date_valid(date)) {
		w->left->sessions++;
		return;
	}
	for (size_t i = 0; kind != NULL && kind->field->list != NULL && i < kind->field->list->choice_count; i++) {
		const struct choice *c = &kind->field->list->choices[i];

		if (strcmp(c->code, code) == 0)
			what = label_of(c->labels, c->label_count, what);
	}
	begin_event(w, m, r, json_string_value(json_object_get(r, "id")), what);
	put_times(w->out, date, map_text(m, r, "opens"), map_text(m, r, "closes"));
	buf_printf(w->out, "END:VEVENT\r\n");
}

static void
put_booking(struct writer *w, const struct exchange_map *m, const json_t *r)
{
	const char *date = map_text(m, r, "date"), *opens = map_text(m, r, "opens"), *code = map_text(m, r, "code");
	json_int_t minutes = json_integer_value(map_value(m, r, "minutes"));

	if (!date_valid(date) || *opens == '\0') {
		w->left->bookings++;
		return;
	}
	begin_event(w, m, r, *code != '\0' ? code : json_string_value(json_object_get(r, "id")), label_of(m->type->labels, m->type->label_count, m->type->name));
	put_times(w->out, date, opens, "");
	if (minutes > 0 && minutes < 24 * 60)
		buf_printf(w->out, "DURATION:PT%dM\r\n", (int)minutes);
	buf_printf(w->out, "CLASS:PRIVATE\r\nEND:VEVENT\r\n");
}

static const char zone[] = "BEGIN:VTIMEZONE\r\nTZID:" ZONE "\r\n"
	"BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19960331T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n"
	"BEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n"
	"END:VTIMEZONE\r\n";

enum err_code
calendar_write(struct buf *out, const struct profile *p, const json_t *records, const char *title, int64_t now_ms, struct calendar_left *left,
               struct err *err)
{
	const struct exchange_map *opening = profile_exchange(p, "opening"), *session = profile_exchange(p, "session"), *booking = profile_exchange(p, "booking");
	char shown[40], stamp[17];
	struct writer w = { out, p, records, stamp, left };
	const json_t *r;
	size_t i;

	memset(left, 0, sizeof(*left));
	if (opening == NULL && session == NULL && booking == NULL)
		return err_set(err, ERR_REFUSED, "profile %s does not say what stands in a calendar", profile_id(p));
	time_print(shown, now_ms, 0);
	snprintf(stamp, sizeof(stamp), "%.4s%.2s%.2sT%.2s%.2s%.2sZ", shown, shown + 5, shown + 8, shown + 11, shown + 14, shown + 17);
	buf_printf(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//faltbok//faltbok//SV\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n");
	put_text(out, "X-WR-CALNAME", title);
	buf_printf(out, "%s", zone);
	json_array_foreach((json_t *)records, i, r) {
		if (record_is_of(opening, r))
			put_opening(&w, opening, r);
		else if (record_is_of(session, r))
			put_session(&w, session, r);
		else if (record_is_of(booking, r))
			put_booking(&w, booking, r);
	}
	buf_printf(out, "END:VCALENDAR\r\n");
	return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}
