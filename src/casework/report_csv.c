/*
 * The document as a sheet that stands alone: the figures, each with its
 * unit, base and counting rule, and below them what they stand on.
 */
#include <math.h>
#include <stdio.h>

#include "casework/report_text.h"

bool
say_swedish(const struct report_ask *ask)
{
	return strcmp(ask->lang, "sv") == 0;
}

const char *
say_both(const struct report_ask *ask, const char *sv, const char *en)
{
	return say_swedish(ask) ? sv : en;
}

const char *
say_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL ? "" : s;
}

void
say_number(char out[40], const struct report_ask *ask, const json_t *v)
{
	out[0] = '\0';
	if (!json_is_number(v))
		return;
	snprintf(out, 40, "%.15g", json_number_value(v));
	for (char *c = out; say_swedish(ask) && *c != '\0'; c++)
		if (*c == '.')
			*c = ',';
}

void
say_percent(char out[40], const struct report_line *l, const json_t *v, const json_t *n)
{
	double base = json_number_value(n);

	out[0] = '\0';
	if (!json_is_number(v) || !json_is_number(n) || base <= 0 || (l->person && base < REPORT_BASE_MIN))
		return;
	if (l->measure == RM_COUNT || l->measure == RM_TOP || l->measure == RM_MODE)
		snprintf(out, 40, "%.0f", floor(100 * json_number_value(v) / base + 0.5));
}

static void
say_warnings(struct buf *out, const json_t *line)
{
	const json_t *w;
	size_t i;

	json_array_foreach(json_object_get(line, "warnings"), i, w)
		buf_printf(out, "%s%s", i > 0 ? " " : "", json_string_value(w));
}

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

	say_number(number, ask, value);
	say_percent(share, l, key[0] == '\0' ? NULL : value, json_object_get(line, "n"));
	say_number(base, ask, json_object_get(line, "n"));
	say_warnings(&warnings, line);
	csv_text(out, say_text(line, "id"), false);
	csv_text(out, say_text(line, "label"), false);
	csv_text(out, label, false);
	buf_printf(out, "%s;", json_is_null(value) && json_is_true(json_object_get(line, "suppressed")) ? ".." : number);
	csv_text(out, say_text(line, "unit"), false);
	buf_printf(out, "%s;%s;", share, base);
	csv_text(out, say_text(line, "rule"), false);
	csv_text(out, warnings.len > 0 ? buf_str(&warnings) : "", true);
	buf_free(&warnings);
}

/* ---- what the figures stand on ---- */

static void
put(json_t *list, const char *what, const char *text)
{
	json_array_append_new(list, json_pack("[s,s]", what, text));
}

static void
put_number(json_t *list, const struct report_ask *ask, const char *what, const json_t *v)
{
	char text[40];

	say_number(text, ask, v);
	put(list, what, text);
}

static void
put_header(json_t *list, const struct report_ask *ask, const json_t *report)
{
	const json_t *h = json_object_get(report, "header"), *run = json_object_get(report, "run"), *item;
	char text[200];
	size_t k;

	for (size_t i = 0; i < ask->def->header_count; i++) {
		const struct report_line *l = &ask->def->header[i];
		const char *label = label_in(l->labels, l->label_count, ask->lang);

		json_array_foreach(json_object_get(h, l->id), k, item)
			if (json_is_string(item))
				put(list, label == NULL ? l->id : label, json_string_value(item));
	}
	if (json_is_string(json_object_get(h, "recipient")))
		put(list, say_both(ask, "mottagare", "recipient"), say_text(h, "recipient"));
	snprintf(text, sizeof(text), "%s %u", profile_id(ask->profile), profile_version(ask->profile));
	put(list, say_both(ask, "profil och version", "profile and version"), text);
	snprintf(text, sizeof(text), say_both(ask, "antal personer från 1 till %d visas inte (..), och inte heller andel av ett underlag under %d",
	                                      "counts of persons from 1 to %d are not shown (..), nor shares of a base below %d"), REPORT_K - 1, REPORT_BASE_MIN);
	put(list, say_both(ask, "sekretess", "suppression"), text);
	put_number(list, ask, say_both(ask, "tidigare körningar som vägts in", "earlier runs taken into account"),
	           json_object_get(json_object_get(h, "suppression"), "earlier_runs"));
	put(list, say_both(ask, "publicerad", "published"), run == NULL ? say_both(ask, "nej: utkast", "no: draft") : say_text(run, "at"));
	if (run != NULL)
		put(list, say_both(ask, "undertecknad av", "signed by"), say_text(run, "by"));
}

static void
put_completeness(json_t *list, const struct report_ask *ask, const json_t *c)
{
	const json_t *device;
	char text[160];
	size_t i;

	for (i = 0; i < ask->def->completeness_count; i++) {
		const struct report_line *l = &ask->def->completeness[i];
		const char *label = label_in(l->labels, l->label_count, ask->lang);

		put_number(list, ask, label == NULL ? l->id : label, json_object_get(c, l->id));
	}
	put_number(list, ask, say_both(ask, "poster med konflikt", "records with a conflict"), json_object_get(c, "conflicts"));
	put_number(list, ask, say_both(ask, "poster som väntar på nyckel", "entries that wait for a key"), json_object_get(c, "unreadable"));
	json_array_foreach(json_object_get(c, "devices"), i, device) {
		snprintf(text, sizeof(text), "%s: %.100s", say_both(ask, "senast skrivet på", "last written on"), say_text(device, "device"));
		put(list, text, json_is_string(json_object_get(device, "last_entry")) ? say_text(device, "last_entry") : say_both(ask, "inget", "nothing"));
	}
	put(list, say_both(ask, "okänt", "unknown"), say_both(ask, "det som enheter har skrivit men ännu inte synkroniserat; övning räknas inte",
	                                                       "what devices have written and not yet synchronised; practice does not count"));
}

static void
put_footer(json_t *list, const struct report_ask *ask, const json_t *foot)
{
	const json_t *line, *previous = json_object_get(foot, "previous");
	char text[40];
	size_t i;

	json_array_foreach(json_object_get(foot, "reconcile"), i, line)
		if (json_is_false(json_object_get(line, "reconciles")))
			put(list, say_both(ask, "stämmer inte", "does not reconcile"), say_text(line, "id"));
	if (!json_is_object(previous))
		return;
	put(list, say_both(ask, "föregående körning", "previous run"), say_text(previous, "at"));
	snprintf(text, sizeof(text), "%zu", json_array_size(json_object_get(previous, "differences")));
	put(list, say_both(ask, "siffror som skiljer sig från den", "figures that differ from it"), text);
}

json_t *
report_basis(const struct report_ask *ask, const json_t *report)
{
	const char *title = label_in(ask->def->labels, ask->def->label_count, ask->lang);
	json_t *list = json_array();
	char text[80];

	put(list, say_both(ask, "rapport", "report"), title == NULL ? ask->def->name : title);
	snprintf(text, sizeof(text), "%s – %s", ask->from, ask->to);
	put(list, say_both(ask, "period", "period"), text);
	put(list, say_both(ask, "plats", "site"), ask->site == NULL ? say_both(ask, "alla platser", "all sites")
	                                          : ask->site_name == NULL ? ask->site : ask->site_name);
	put_header(list, ask, report);
	put_completeness(list, ask, json_object_get(report, "completeness"));
	put_footer(list, ask, json_object_get(report, "footer"));
	put(list, say_both(ask, "kontrollsumma", "digest"), say_text(report, "digest"));
	return list;
}

/* Below the figures, after an empty row: a sheet whose first row has the headings still filters and sorts. */
static void
csv_basis(struct buf *out, const struct report_ask *ask, const json_t *report)
{
	json_t *list = report_basis(ask, report);
	const json_t *pair;
	size_t i;

	buf_printf(out, ";;;;;;;;\r\n");
	json_array_foreach(list, i, pair) {
		csv_text(out, "", false);
		csv_text(out, json_string_value(json_array_get(pair, 0)), false);
		csv_text(out, json_string_value(json_array_get(pair, 1)), false);
		buf_printf(out, ";;;;;\r\n");
	}
	json_decref(list);
}

void
report_csv(struct buf *out, const struct report_ask *ask, const json_t *report)
{
	const json_t *line, *item;
	size_t i, k;

	buf_printf(out, "\xef\xbb\xbf%s\r\n", say_both(ask, "id;rad;värde för;värde;enhet;procent;n;regel;anmärkning",
	                                         "id;line;value of;value;unit;percent;n;rule;remark"));
	json_array_foreach(json_object_get(report, "lines"), i, line) {
		const json_t *value = json_object_get(line, "value");
		const struct report_line *l = &ask->def->lines[i];

		if (!json_is_array(value) || json_array_size(value) == 0)
			csv_row(out, ask, line, l, json_is_string(value) ? json_string_value(value) : "", "",
			        json_is_array(value) ? json_object_get(line, "n") : value);
		else
			json_array_foreach((json_t *)value, k, item)
				csv_row(out, ask, line, l, say_text(item, "label"), say_text(item, "key"), json_object_get(item, "value"));
	}	csv_basis(out, ask, report);
}
