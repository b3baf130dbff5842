/*
 * The document as pages. A percentage stands only beside its base, and only
 * where the base allows one (proto/report.md, 4).
 */
#include <stdio.h>

#include "casework/report_text.h"

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

	return say_swedish(ask) ? sv[u] : u == RU_NONE || u == RU_OTHER ? "" : report_unit_words[u];
}

static void
html_figure(struct buf *out, const struct report_ask *ask, const json_t *line, const json_t *value)
{
	char number[40];

	say_number(number, ask, value);
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

		say_percent(share, l, json_object_get(item, "value"), json_object_get(line, "n"));
		buf_printf(out, "<tr><th scope=\"row\"><bdi>");
		html_text(out, say_text(item, "label"));
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

	say_number(n, ask, json_object_get(line, "n"));
	buf_printf(out, "<article><h3><span>%s</span> ", l->id);
	html_text(out, say_text(line, "label"));
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
		html_text(out, say_text(line, "rule"));
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

	buf_printf(out, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>", say_swedish(ask) ? "sv" : "en");
	html_text(out, title == NULL ? ask->def->name : title);
	buf_printf(out, "</title>\n<style>\n"
	           "body{font:11pt/1.4 sans-serif;max-width:46em;margin:2em auto;color:#111}\n"
	           "section{break-after:page}article{break-inside:avoid}\n"
	           "h3 span{color:#555;font-weight:normal}th{text-align:left;font-weight:normal;padding-right:2em}td{text-align:right;padding-left:1em}\n"
	           ".rule{color:#444;font-size:.9em}.warning{font-weight:bold}\n"
	           "</style></head><body>\n<h1>");
	html_text(out, title == NULL ? ask->def->name : title);
	buf_printf(out, "</h1>\n<p>%s %s–%s</p>\n<p>%s: <bdi>", say_both(ask, "Period", "Period"), ask->from, ask->to, say_both(ask, "Plats", "Site"));
	html_text(out, ask->site == NULL ? say_both(ask, "alla platser", "all sites") : ask->site_name == NULL ? ask->site : ask->site_name);
	buf_printf(out, "</bdi></p>\n");
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
		buf_printf(out, "<p>%s: ", say_both(ask, "Mottagare", "Recipient"));
		html_text(out, say_text(h, "recipient"));
		buf_printf(out, "</p>\n");
	}
	if (run == NULL) {
		buf_printf(out, "<p class=\"warning\">%s</p>\n", say_both(ask, "Utkast: inte publicerad.", "Draft: not published."));
		return;
	}
	buf_printf(out, "<p>%s %s, %s ", say_both(ask, "Publicerad", "Published"), say_text(run, "at"), say_both(ask, "undertecknad av", "signed by"));
	html_text(out, say_text(run, "by"));
	buf_printf(out, " <code>%s</code></p>\n", say_text(run, "entry"));
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

	buf_printf(out, "<section><h2>%s</h2>\n<table>\n", say_both(ask, "Underlag", "Basis"));
	for (i = 0; i < d->completeness_count; i++) {
		const struct report_line *l = &d->completeness[i];
		const char *label = label_in(l->labels, l->label_count, ask->lang);

		say_number(n, ask, json_object_get(c, l->id));
		html_row(out, label == NULL ? l->id : label, n);
	}
	say_number(n, ask, json_object_get(c, "conflicts"));
	html_row(out, say_both(ask, "Poster med konflikt", "Records with a conflict"), n);
	say_number(n, ask, json_object_get(c, "unreadable"));
	html_row(out, say_both(ask, "Poster som väntar på nyckel", "Entries that wait for a key"), n);
	snprintf(text, sizeof(text), "%s %u", profile_id(ask->profile), profile_version(ask->profile));
	html_row(out, say_both(ask, "Profil", "Profile"), text);
	json_array_foreach(json_object_get(c, "devices"), i, device) {
		snprintf(text, sizeof(text), "%s: %s", say_both(ask, "Senast skrivet på", "Last written on"), say_text(device, "device"));
		html_row(out, text, json_is_string(json_object_get(device, "last_entry")) ? say_text(device, "last_entry") : say_both(ask, "inget", "nothing"));
	}
	buf_printf(out, "</table>\n<p>%s</p>\n", say_both(ask, "Det som enheter har skrivit men ännu inte synkroniserat är okänt. Övning räknas inte.",
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
	buf_printf(out, "<h2>%s %s</h2>\n<table>\n", say_both(ask, "Skillnader mot körningen", "Differences from the run of"), say_text(previous, "at"));
	json_array_foreach((json_t *)list, i, d) {
		say_number(was, ask, json_object_get(d, "was"));
		say_number(now, ask, json_object_get(d, "now"));
		snprintf(text, sizeof(text), "%s %s", say_text(d, "id"), say_text(d, "key"));
		buf_printf(out, "<tr><th scope=\"row\">");
		html_text(out, text);
		buf_printf(out, "</th><td>%s</td><td>→</td><td>%s</td></tr>\n", was[0] == '\0' ? ".." : was, now[0] == '\0' ? ".." : now);
	}
	buf_printf(out, "</table>\n<p>%s</p>\n", json_array_size(list) > 0 ? "" : say_both(ask, "Inga.", "None."));
}

static void
html_foot(struct buf *out, const struct report_ask *ask, const json_t *report)
{
	const json_t *foot = json_object_get(report, "footer"), *line;
	size_t i;

	html_completeness(out, ask, json_object_get(report, "completeness"));
	json_array_foreach(json_object_get(foot, "reconcile"), i, line)
		if (json_is_false(json_object_get(line, "reconciles")))
			buf_printf(out, "<p class=\"warning\">⚠ %s: %s</p>\n", say_text(line, "id"), say_both(ask, "stämmer inte", "does not reconcile"));
	html_differences(out, ask, json_object_get(foot, "previous"));
	buf_printf(out, "<p>%s</p>\n", say_both(ask, "Antal personer från 1 till 4 visas inte (..), och inte heller andel av ett underlag under 20.",
	                                    "Counts of persons from 1 to 4 are not shown (..), nor shares of a base below 20."));
	buf_printf(out, "<p>%s <code>%s</code></p>\n</section>\n</body></html>\n", say_both(ask, "Kontrollsumma", "Digest"), say_text(report, "digest"));
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
