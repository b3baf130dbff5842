/*
 * A sheet of paper for a session without machines: a line a visit, a column
 * for each question, and under them the codes that the program itself knows,
 * so that what is written by hand is entered as it stands (`from_paper`).
 */
#include "op/day_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "casework/slip.h"

enum { SHEET_ROWS = 15, SHEET_ROWS_MAX = 60 };

static const char *
shown_in(const struct label *labels, size_t count, const char *language, const char *otherwise)
{
	const char *text = label_in(labels, count, language);

	return text != NULL ? text : otherwise;
}

/* What the session or the program supplies is asked of nobody, and what names a person stands on no sheet. */
static bool
is_asked(const struct profile_field *f)
{
	static const char *const supplied[] = { "channel", "first_visit_method", "from_paper" };

	for (size_t i = 0; i < COUNT_OF(supplied); i++)
		if (strcmp(f->name, supplied[i]) == 0)
			return false;
	return !f->off && f->class == CLASS_STATISTICS && f->type != VT_REF && f->type != VT_TEXT;
}

/* Dates compare as text. */
static bool
may_be_chosen(const struct choice *ch, const char *date)
{
	return (ch->valid_from == NULL || strncmp(date, ch->valid_from, strlen(ch->valid_from)) >= 0) &&
	       (ch->valid_to == NULL || strncmp(date, ch->valid_to, strlen(ch->valid_to)) <= 0);
}

static json_t *
column_json(const struct profile_field *f, const char *prefix, const char *language, const char *date)
{
	json_t *codes = json_array();
	char name[160];

	for (size_t i = 0; f->list != NULL && i < f->list->choice_count; i++) {
		const struct choice *ch = &f->list->choices[i];

		if (may_be_chosen(ch, date))
			json_array_append_new(codes, json_pack("{s:s,s:s}", "code", ch->code, "label", shown_in(ch->labels, ch->label_count, language, ch->code)));
	}
	snprintf(name, sizeof(name), "%.20s%.120s", prefix, f->name);
	return json_pack("{s:s,s:s,s:b,s:o}", "field", name, "label", shown_in(f->labels, f->label_count, language, f->name), "several",
	                 f->shape == SHAPE_SET, "codes", codes);
}

static void
add_columns(json_t *out, const struct profile_type *t, const char *prefix, const char *const *only, size_t only_count, const char *language,
            const char *date)
{
	for (size_t i = 0; t != NULL && i < t->field_count; i++) {
		bool wanted = only_count == 0;

		for (size_t k = 0; k < only_count; k++)
			wanted = wanted || strcmp(t->fields[i].name, only[k]) == 0;
		if (wanted && is_asked(&t->fields[i]))
			json_array_append_new(out, column_json(&t->fields[i], prefix, language, date));
	}
}

/* ---- as pages ---- */

static void
put_html(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		const char *as = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : *text == '"' ? "&quot;" : NULL;

		if (as != NULL)
			buf_printf(out, "%s", as);
		else
			buf_put_u8(out, (uint8_t)*text);
	}
}

static void
put_text(struct buf *out, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	put_html(out, text != NULL ? text : "");
}

static void
put_codes(struct buf *out, const json_t *column)
{
	const json_t *codes = json_object_get(column, "codes"), *code;
	size_t i;

	if (json_array_size(codes) == 0)
		return;
	buf_printf(out, "<p><b>");
	put_text(out, column, "label");
	buf_printf(out, "</b>: ");
	json_array_foreach(codes, i, code) {
		buf_printf(out, "%s<code>", i > 0 ? " · " : "");
		put_text(out, code, "code");
		buf_printf(out, "</code> ");
		put_text(out, code, "label");
	}
	buf_printf(out, "</p>\n");
}

static void
as_html(struct buf *out, const json_t *sheet, const char *language)
{
	const json_t *columns = json_object_get(sheet, "columns"), *column;
	bool sv = strcmp(language, "sv") == 0;
	size_t i;

	buf_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\"><head><meta charset=\"utf-8\"><title>", language, language_is_rtl(language) ? "rtl" : "ltr");
	put_text(out, sheet, "name");
	buf_printf(out, "</title><style>@page{size:A4 landscape;margin:10mm}body{font:9pt sans-serif}table{border-collapse:collapse;width:100%%}"
	           "th,td{border:1px solid #000;padding:2px;vertical-align:top}td{height:7mm}p{margin:1mm 0}</style></head><body>\n<h1>");
	put_text(out, sheet, "name");
	buf_printf(out, " ");
	put_text(out, sheet, "date");
	buf_printf(out, "</h1>\n<table><thead><tr><th>%s</th>", sv ? "nr" : "no.");
	json_array_foreach(columns, i, column) {
		buf_printf(out, "<th>");
		put_text(out, column, "label");
		buf_printf(out, "</th>");
	}
	buf_printf(out, "</tr></thead><tbody>\n");
	for (json_int_t row = 1; row <= json_integer_value(json_object_get(sheet, "rows")); row++) {
		buf_printf(out, "<tr><td>%lld</td>", (long long)row);
		for (i = 0; i < json_array_size(columns); i++)
			buf_printf(out, "<td></td>");
		buf_printf(out, "</tr>\n");
	}
	buf_printf(out, "</tbody></table>\n");
	json_array_foreach(columns, i, column)
		put_codes(out, column);
	buf_printf(out, "<p>%s</p>\n</body></html>\n",
	           sv ? "Inga namn, nummer eller adresser på bladet. Förs in samma dag och strimlas sedan; varje besök märks ”från papper”."
	              : "No names, numbers or addresses on this sheet. Enter it the same day, then shred it; mark each visit “from paper”.");
}

static void
answer(struct op_call *c, json_t *sheet, const char *language)
{
	const char *format = param_text(c, "format") != NULL ? param_text(c, "format") : "json";
	struct buf out = BUF_INIT;

	if (strcmp(format, "json") != 0 && strcmp(format, "html") != 0) {
		err_set(&c->err, ERR_USAGE, "session sheet: format must be html or json, not \"%.20s\"", format);
	} else if (strcmp(format, "json") == 0 && param_text(c, "output") == NULL) {
		c->result = json_incref(sheet);
	} else {
		char *text = strcmp(format, "json") == 0 ? json_dumps(sheet, JSON_INDENT(1)) : NULL;

		if (text != NULL)
			buf_printf(&out, "%s\n", text);
		else
			as_html(&out, sheet, language);
		if (!buf_ok(&out))
			err_plain(&c->err, ERR_NO_MEMORY);
		else if (param_text(c, "output") == NULL)
			c->result = json_pack("{s:s}", "text", buf_str(&out));
		else if (param_file_out(c, "output", buf_bytes(&out)) == ERR_OK)
			c->result = json_pack("{s:s,s:s}", "file", param_text(c, "output"), "format", format);
		free(text);
	}
	buf_free(&out);
}

void
op_session_sheet(struct op_call *c)
{
	static const char *const of_case[] = { "topic", "responsible", "complexity", "outcome" };
	const struct profile_type *visit = day_type(c, "visit"), *session = day_type(c, "session");
	const char *language = param_text(c, "language") != NULL ? param_text(c, "language") : "sv";
	int64_t rows = param_number(c, "rows", SHEET_ROWS);
	char name[DAY_TEXT] = "", date[DAY_TEXT] = "", today[11];
	struct record_id id, site;
	struct record *r = NULL;
	bool found = false;
	json_t *columns = json_array(), *sheet = NULL;

	if (visit != NULL && session != NULL && !language_valid(language))
		err_set(&c->err, ERR_INVALID, "language: \"%.20s\" is not a language tag like sv or ar", language);
	else if (rows < 1 || rows > SHEET_ROWS_MAX)
		err_set(&c->err, ERR_INVALID, "rows: a sheet has 1 to %d", SHEET_ROWS_MAX);
	if (c->err.code == ERR_OK && day_session(c, "id", &id, &found) == ERR_OK && found && (r = day_get(c, &id, session, NULL)) != NULL) {
		day_text(r, session, "date", date);
		if (day_ref(r, session, "site", &site))
			day_site_name(c, &site, name);
	}
	if (c->err.code == ERR_OK) {
		day_date(c, day_now(c), today);
		add_columns(columns, visit, "", NULL, 0, language, date[0] != '\0' ? date : today);
		add_columns(columns, profile_type_named(node_profile(c->node), "case"), "case.", of_case, COUNT_OF(of_case), language,
		            date[0] != '\0' ? date : today);
		sheet = json_pack("{s:o,s:s,s:s,s:s,s:I,s:O}", "session", found ? json_hex(id.b, 16) : json_null(), "name", name, "date", date, "language",
		                  language, "rows", (json_int_t)rows, "columns", columns);
		answer(c, sheet, language);
	}
	record_free(r);
	json_decref(columns);
	json_decref(sheet);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
