/*
 * The document as a sheet and as pages. A percentage stands only beside its
 * base, and only where the base allows one (proto/report.md, 4).
 */
#include <math.h>
#include <stdio.h>

#include "casework/report_internal.h"

static bool
swedish(const struct report_ask *ask)
{
	return strcmp(ask->lang, "sv") == 0;
}

static const char *
both(const struct report_ask *ask, const char *sv, const char *en)
{
	return swedish(ask) ? sv : en;
}

static const char *
text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL ? "" : s;
}

/* Decimal comma in Swedish. Nothing for null. */
static void
number_text(char out[40], const struct report_ask *ask, const json_t *v)
{
	out[0] = '\0';
	if (!json_is_number(v))
		return;
	snprintf(out, 40, "%.15g", json_number_value(v));
	for (char *c = out; swedish(ask) && *c != '\0'; c++)
		if (*c == '.')
			*c = ',';
}

/* Of a table's cell in its base; "" where none may be shown. */
static void
percent_text(char out[40], const struct report_line *l, const json_t *v, const json_t *n)
{
	double base = json_number_value(n);

	out[0] = '\0';
	if (!json_is_number(v) || !json_is_number(n) || base <= 0 || (l->person && base < REPORT_BASE_MIN))
		return;
	if (l->measure == RM_COUNT || l->measure == RM_TOP || l->measure == RM_MODE)
		snprintf(out, 40, "%.0f", floor(100 * json_number_value(v) / base + 0.5));
}

static void
joined_warnings(struct buf *out, const json_t *line)
{
	const json_t *w;
	size_t i;

	json_array_foreach(json_object_get(line, "warnings"), i, w)
		buf_printf(out, "%s%s", i > 0 ? " " : "", json_string_value(w));
}

/* ---- CSV ---- */

/*
 * A field of a sheet. What begins like a formula gets an apostrophe, which
 * spreadsheets take as "this is text"; a number of ours is let through.
 */
static void
csv_text(struct buf *out, const char *text, bool last)
{
	bool formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;

	if (formula || strpbrk(text, ";\"\r\n") != NULL) {
		buf_put_u8(out, '"');
		if (formula)
			buf_put_u8(out, '\'');
		for (; *text != '\0'; text++)
			buf_put(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
		buf_put_u8(out, '"');
	} else {
		buf_printf(out, "%s", text);
	}
	buf_printf(out, last ? "\r\n" : ";");
}

static void
csv_row(struct buf *out, const struct report_ask *ask, const json_t *line, const struct report_line *l, const char *label,
        const char *key, const json_t *value)
{
	char number[40], share[40], base[40];
	struct buf warnings = BUF_INIT;

	number_text(number, ask, value);
	percent_text(share, l, key[0] == '\0' ? NULL : value, json_object_get(line, "n"));
	number_text(base, ask, json_object_get(line, "n"));
	joined_warnings(&warnings, line);
	csv_text(out, text_of(line, "id"), false);
	csv_text(out, text_of(line, "label"), false);
	csv_text(out, label, false);
	buf_printf(out, "%s;", json_is_null(value) && json_is_true(json_object_get(line, "suppressed")) ? ".." : number);
	csv_text(out, text_of(line, "unit"), false);
	buf_printf(out, "%s;%s;", share, base);
	csv_text(out, text_of(line, "rule"), false);
	csv_text(out, warnings.len > 0 ? buf_str(&warnings) : "", true);
	buf_free(&warnings);
}

void
report_csv(struct buf *out, const struct report_ask *ask, const json_t *report)
{
	const json_t *line, *item;
	size_t i, k;

	buf_printf(out, "\xef\xbb\xbf%s\r\n", both(ask, "id;rad;värde för;värde;enhet;procent;n;regel;anmärkning",
	                                         "id;line;value of;value;unit;percent;n;rule;remark"));
	json_array_foreach(json_object_get(report, "lines"), i, line) {
		const json_t *value = json_object_get(line, "value");
		const struct report_line *l = &ask->def->lines[i];

		if (!json_is_array(value) || json_array_size(value) == 0)
			csv_row(out, ask, line, l, json_is_string(value) ? json_string_value(value) : "", "",
			        json_is_array(value) ? json_object_get(line, "n") : value);
		else
			json_array_foreach((json_t *)value, k, item)
				csv_row(out, ask, line, l, text_of(item, "label"), text_of(item, "key"), json_object_get(item, "value"));
	}
}

/* ---- HTML ---- */

static void
html_text(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': buf_printf(out, "&amp;"); break;
		case '<': buf_printf(out, "&lt;"); break;
		case '>': buf_printf(out, "&gt;"); break;
		case '"': buf_printf(out, "&quot;"); break;
		default: buf_put_u8(out, (uint8_t)*text);
		}
}

static const char *
unit_label(const struct report_ask *ask, enum report_unit u)
{
	static const char *const sv[RU_COUNT] = { "", "besök", "unika besökare", "ärenden", "tillfällen", "timmar", "aktiviteter", "personer",
		"%", "platser", "hänvisningar", "bokningar", "signaler", "ärenden per besök", "månader", "kr", "", "minuter" };

	return swedish(ask) ? sv[u] : u == RU_NONE || u == RU_OTHER ? "" : report_unit_words[u];
}

static void
html_figure(struct buf *out, const struct report_ask *ask, const json_t *line, const json_t *value)
{
	char number[40];

	number_text(number, ask, value);
	if (json_is_string(value))
		html_text(out, json_string_value(value));
	else
		buf_printf(out, "%s", json_is_number(value) ? number : json_is_true(json_object_get(line, "suppressed")) ? ".." : "–");
}

static void
html_table(struct buf *out, const struct report_ask *ask, const json_t *line, const struct report_line *l)
{
	const json_t *item;
	size_t i;

	buf_printf(out, "<table>\n");
	json_array_foreach(json_object_get(line, "value"), i, item) {
		char share[40];

		percent_text(share, l, json_object_get(item, "value"), json_object_get(line, "n"));
		buf_printf(out, "<tr><th scope=\"row\"><bdi>");
		html_text(out, text_of(item, "label"));
		buf_printf(out, "</bdi></th><td>");
		if (l->measure != RM_VALUES && !(l->measure == RM_LIST && l->field.count == 0))
			html_figure(out, ask, line, json_object_get(item, "value"));
		buf_printf(out, "</td><td>%s%s</td></tr>\n", share, share[0] == '\0' ? "" : " %");
	}
	buf_printf(out, "</table>\n");
}

static void
html_line(struct buf *out, const struct report_ask *ask, const json_t *line, const struct report_line *l)
{
	const json_t *value = json_object_get(line, "value"), *w;
	char n[40];
	size_t i;

	number_text(n, ask, json_object_get(line, "n"));
	buf_printf(out, "<article><h3><span>%s</span> ", l->id);
	html_text(out, text_of(line, "label"));
	buf_printf(out, "</h3>\n");
	if (json_is_array(value)) {
		html_table(out, ask, line, l);
		buf_printf(out, "<p>n = %s %s</p>\n", n[0] == '\0' ? ".." : n, unit_label(ask, l->unit));
	} else {
		buf_printf(out, "<p><b>");
		html_figure(out, ask, line, value);
		buf_printf(out, "</b> %s%s%s%s</p>\n", unit_label(ask, l->unit), n[0] == '\0' ? "" : " (n = ", n, n[0] == '\0' ? "" : ")");
	}
	if (l->rule_count > 0 && l->measure != RM_RULE) {
		buf_printf(out, "<p class=\"rule\">");
		html_text(out, text_of(line, "rule"));
		buf_printf(out, "</p>\n");
	}
	json_array_foreach(json_object_get(line, "warnings"), i, w) {
		buf_printf(out, "<p class=\"warning\">⚠ ");
		html_text(out, json_string_value(w));
		buf_printf(out, "</p>\n");
	}
	buf_printf(out, "</article>\n");
}

static void
html_head(struct buf *out, const struct report_ask *ask)
{
	const char *title = label_in(ask->def->labels, ask->def->label_count, ask->lang);

	buf_printf(out, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>", swedish(ask) ? "sv" : "en");
	html_text(out, title == NULL ? ask->def->name : title);
	buf_printf(out, "</title>\n<style>\n"
	           "body{font:11pt/1.4 sans-serif;max-width:46em;margin:2em auto;color:#111}\n"
	           "section{break-after:page}article{break-inside:avoid}\n"
	           "h3 span{color:#555;font-weight:normal}th{text-align:left;font-weight:normal;padding-right:2em}td{text-align:right;padding-left:1em}\n"
	           ".rule{color:#444;font-size:.9em}.warning{font-weight:bold}\n"
	           "</style></head><body>\n<h1>");
	html_text(out, title == NULL ? ask->def->name : title);
	buf_printf(out, "</h1>\n<p>%s %s–%s</p>\n", both(ask, "Period", "Period"), ask->from, ask->to);
}

/* Whom it is for and by which settings. A draft says that it is one. */
static void
html_header(struct buf *out, const struct report_ask *ask, const json_t *report)
{
	const json_t *h = json_object_get(report, "header"), *run = json_object_get(report, "run"), *item;
	size_t k;

	for (size_t i = 0; i < ask->def->header_count; i++) {
		const struct report_line *l = &ask->def->header[i];
		const char *label = label_in(l->labels, l->label_count, ask->lang);

		json_array_foreach(json_object_get(h, l->id), k, item) {
			buf_printf(out, "<p>");
			html_text(out, label == NULL ? l->id : label);
			buf_printf(out, ": <bdi>");
			html_text(out, json_string_value(item) == NULL ? "" : json_string_value(item));
			buf_printf(out, "</bdi></p>\n");
		}
	}
	if (json_is_string(json_object_get(h, "recipient"))) {
		buf_printf(out, "<p>%s: ", both(ask, "Mottagare", "Recipient"));
		html_text(out, text_of(h, "recipient"));
		buf_printf(out, "</p>\n");
	}
	if (run == NULL) {
		buf_printf(out, "<p class=\"warning\">%s</p>\n", both(ask, "Utkast: inte publicerad.", "Draft: not published."));
		return;
	}
	buf_printf(out, "<p>%s %s, %s ", both(ask, "Publicerad", "Published"), text_of(run, "at"), both(ask, "undertecknad av", "signed by"));
	html_text(out, text_of(run, "by"));
	buf_printf(out, " <code>%s</code></p>\n", text_of(run, "entry"));
}

static void
html_row(struct buf *out, const char *head, const char *value)
{
	buf_printf(out, "<tr><th scope=\"row\"><bdi>");
	html_text(out, head);
	buf_printf(out, "</bdi></th><td>");
	html_text(out, value);
	buf_printf(out, "</td></tr>\n");
}

static void
html_completeness(struct buf *out, const struct report_ask *ask, const json_t *c)
{
	const struct report_def *d = ask->def;
	const json_t *device;
	char n[40], text[160];
	size_t i;

	buf_printf(out, "<section><h2>%s</h2>\n<table>\n", both(ask, "Underlag", "Basis"));
	for (i = 0; i < d->completeness_count; i++) {
		const struct report_line *l = &d->completeness[i];
		const char *label = label_in(l->labels, l->label_count, ask->lang);

		number_text(n, ask, json_object_get(c, l->id));
		html_row(out, label == NULL ? l->id : label, n);
	}
	number_text(n, ask, json_object_get(c, "conflicts"));
	html_row(out, both(ask, "Poster med konflikt", "Records with a conflict"), n);
	number_text(n, ask, json_object_get(c, "unreadable"));
	html_row(out, both(ask, "Poster som väntar på nyckel", "Entries that wait for a key"), n);
	snprintf(text, sizeof(text), "%s %u", profile_id(ask->profile), profile_version(ask->profile));
	html_row(out, both(ask, "Profil", "Profile"), text);
	json_array_foreach(json_object_get(c, "devices"), i, device) {
		snprintf(text, sizeof(text), "%s: %s", both(ask, "Senast skrivet på", "Last written on"), text_of(device, "device"));
		html_row(out, text, json_is_string(json_object_get(device, "last_entry")) ? text_of(device, "last_entry") : both(ask, "inget", "nothing"));
	}
	buf_printf(out, "</table>\n<p>%s</p>\n", both(ask, "Det som enheter har skrivit men ännu inte synkroniserat är okänt. Övning räknas inte.",
	                                            "What devices have written and not yet synchronised is unknown. Practice does not count."));
}

static void
html_differences(struct buf *out, const struct report_ask *ask, const json_t *previous)
{
	const json_t *d, *list = json_object_get(previous, "differences");
	char was[40], now[40], text[200];
	size_t i;

	if (!json_is_object(previous))
		return;
	buf_printf(out, "<h2>%s %s</h2>\n<table>\n", both(ask, "Skillnader mot körningen", "Differences from the run of"), text_of(previous, "at"));
	json_array_foreach((json_t *)list, i, d) {
		number_text(was, ask, json_object_get(d, "was"));
		number_text(now, ask, json_object_get(d, "now"));
		snprintf(text, sizeof(text), "%s %s", text_of(d, "id"), text_of(d, "key"));
		buf_printf(out, "<tr><th scope=\"row\">");
		html_text(out, text);
		buf_printf(out, "</th><td>%s</td><td>→</td><td>%s</td></tr>\n", was[0] == '\0' ? ".." : was, now[0] == '\0' ? ".." : now);
	}
	buf_printf(out, "</table>\n<p>%s</p>\n", json_array_size(list) > 0 ? "" : both(ask, "Inga.", "None."));
}

static void
html_foot(struct buf *out, const struct report_ask *ask, const json_t *report)
{
	const json_t *foot = json_object_get(report, "footer"), *line;
	size_t i;

	html_completeness(out, ask, json_object_get(report, "completeness"));
	json_array_foreach(json_object_get(foot, "reconcile"), i, line)
		if (json_is_false(json_object_get(line, "reconciles")))
			buf_printf(out, "<p class=\"warning\">⚠ %s: %s</p>\n", text_of(line, "id"), both(ask, "stämmer inte", "does not reconcile"));
	html_differences(out, ask, json_object_get(foot, "previous"));
	buf_printf(out, "<p>%s</p>\n", both(ask, "Antal personer från 1 till 4 visas inte (..), och inte heller andel av ett underlag under 20.",
	                                    "Counts of persons from 1 to 4 are not shown (..), nor shares of a base below 20."));
	buf_printf(out, "<p>%s <code>%s</code></p>\n</section>\n</body></html>\n", both(ask, "Kontrollsumma", "Digest"), text_of(report, "digest"));
}

void
report_html(struct buf *out, const struct report_ask *ask, const json_t *report)
{
	const struct report_def *d = ask->def;
	const json_t *lines = json_object_get(report, "lines");

	html_head(out, ask);
	html_header(out, ask, report);
	for (size_t s = 0; s < d->section_count; s++) {
		const char *label = label_in(d->sections[s].labels, d->sections[s].label_count, ask->lang);

		buf_printf(out, "<section><h2>");
		html_text(out, label == NULL ? d->sections[s].id : label);
		buf_printf(out, "</h2>\n");
		for (size_t i = 0; i < d->line_count; i++)
			if (d->lines[i].section == s)
				html_line(out, ask, json_array_get(lines, i), &d->lines[i]);
		buf_printf(out, "</section>\n");
	}
	html_foot(out, ask, report);
}
