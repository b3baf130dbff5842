#include "exchange/records_book.h"

#include <stdio.h>

static const char *
label_of(const struct label *labels, size_t count, const char *lang, const char *otherwise)
{
	const char *text = label_in(labels, count, lang);

	return text != NULL ? text : otherwise;
}

static const char *
choice_label(const struct profile_field *f, const char *code, const char *lang)
{
	for (size_t i = 0; f->list != NULL && i < f->list->choice_count; i++)
		if (strcmp(f->list->choices[i].code, code) == 0)
			return label_of(f->list->choices[i].labels, f->list->choices[i].label_count, lang, code);
	return code;
}

static bool
swedish(const char *lang)
{
	return strcmp(lang, "sv") == 0;
}

static void
value_text(struct buf *out, const struct profile_field *f, const json_t *v, const char *lang)
{
	const json_t *item, *both = json_object_get(v, "conflict");
	size_t i;

	if (json_is_string(v))
		buf_printf(out, "%s", choice_label(f, json_string_value(v), lang));
	else if (json_is_integer(v))
		buf_printf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		buf_printf(out, "%.15g", json_real_value(v));
	else if (json_is_boolean(v))
		buf_printf(out, "%s", json_is_true(v) ? (swedish(lang) ? "ja" : "yes") : (swedish(lang) ? "nej" : "no"));
	json_array_foreach((json_t *)v, i, item) {
		buf_printf(out, "%s", i > 0 ? ", " : "");
		value_text(out, f, item, lang);
	}
	json_array_foreach((json_t *)both, i, item) { /* a conflict is shown as one: all of its values */
		buf_printf(out, "%s", i > 0 ? " / " : "");
		value_text(out, f, json_object_get(item, "value"), lang);
	}
}

static void
put_value(struct sheet *s, uint32_t row, uint32_t col, const struct profile_field *f, const json_t *v, const char *lang)
{
	struct buf text = BUF_INIT;
	enum cell_kind kind = json_is_number(v) ? CELL_NUMBER : f->type == VT_DATE && json_is_string(v) ? CELL_DATE : CELL_TEXT;

	value_text(&text, f, v, lang);
	if (text.len > 0 && buf_ok(&text))
		sheet_put(s, row, col, kind, buf_str(&text));
	buf_free(&text);
}

static void
put_notes(struct sheet *s, uint32_t row, uint32_t col, const json_t *notes)
{
	struct buf text = BUF_INIT;
	const json_t *note;
	size_t i;

	json_array_foreach((json_t *)notes, i, note)
		buf_printf(&text, "%s%.10s %s: %s", i > 0 ? "\n" : "", json_string_value(json_object_get(note, "at")),
		           json_string_value(json_object_get(note, "by")), json_string_value(json_object_get(note, "text")));
	if (text.len > 0 && buf_ok(&text))
		sheet_put(s, row, col, CELL_TEXT, buf_str(&text));
	buf_free(&text);
}

static void
put_heads(struct sheet *s, const struct profile_type *t, const char *lang)
{
	uint32_t col = 0;

	sheet_put(s, 0, col++, CELL_TEXT, "id");
	sheet_put(s, 0, col++, CELL_TEXT, swedish(lang) ? "grupp" : "team");
	for (size_t i = 0; i < t->field_count; i++)
		sheet_put(s, 0, col++, CELL_TEXT, label_of(t->fields[i].labels, t->fields[i].label_count, lang, t->fields[i].name));
	if (t->notes)
		sheet_put(s, 0, col, CELL_TEXT, swedish(lang) ? "anteckningar" : "notes");
}

static void
put_record(struct sheet *s, uint32_t row, const struct profile_type *t, const json_t *r, const char *lang)
{
	const json_t *fields = json_object_get(r, "fields");
	const char *team = json_string_value(json_object_get(r, "team"));
	uint32_t col = 2;

	sheet_put(s, row, 0, CELL_TEXT, json_string_value(json_object_get(r, "id")));
	sheet_put(s, row, 1, CELL_TEXT, team == NULL ? "" : team);
	for (size_t i = 0; i < t->field_count; i++, col++)
		if (json_object_get(fields, t->fields[i].name) != NULL)
			put_value(s, row, col, &t->fields[i], json_object_get(fields, t->fields[i].name), lang);
	if (t->notes)
		put_notes(s, row, col, json_object_get(r, "notes"));
}

enum err_code
records_book(struct book **out, const struct profile *p, const json_t *records, const char *lang, struct err *err)
{
	struct book *b = book_new();

	*out = NULL;
	for (size_t k = 0; b != NULL && k < profile_type_count(p); k++) {
		const struct profile_type *t = profile_type_at(p, k);
		struct sheet *s = NULL;
		const json_t *r;
		uint32_t row = 1;
		size_t i;

		json_array_foreach((json_t *)records, i, r) {
			if (strcmp(json_string_value(json_object_get(r, "type")), t->name) != 0)
				continue;
			if (s == NULL) {
				s = book_add(b, label_of(t->labels, t->label_count, lang, t->name));
				put_heads(s, t, lang);
			}
			put_record(s, row++, t, r, lang);
		}
	}
	if (b != NULL && book_count(b) == 0)
		sheet_put(book_add(b, swedish(lang) ? "inga poster" : "no records"), 0, 0, CELL_TEXT, swedish(lang) ? "inga poster" : "no records");
	if (b == NULL || !book_ok(b)) {
		book_free(b);
		return err_set(err, ERR_TOO_BIG, "there are more than %d cells: export one type at a time, or --format jsonl", BOOK_CELLS_MAX);
	}
	*out = b;
	return ERR_OK;
}

/* ---- a report ---- */

static void
put_figure(struct sheet *s, uint32_t row, uint32_t col, const json_t *v, bool hidden)
{
	char text[40];

	if (json_is_number(v)) {
		snprintf(text, sizeof(text), "%.15g", json_number_value(v));
		sheet_put(s, row, col, CELL_NUMBER, text);
	} else {
		sheet_put(s, row, col, CELL_TEXT, json_is_string(v) ? json_string_value(v) : hidden ? ".." : "");
	}
}

static void
put_line(struct sheet *s, uint32_t row, const json_t *line, const char *of, const json_t *v)
{
	struct buf warnings = BUF_INIT;
	const json_t *w;
	const char *rule = json_string_value(json_object_get(line, "rule"));
	size_t i;

	json_array_foreach(json_object_get(line, "warnings"), i, w)
		buf_printf(&warnings, "%s%s", i > 0 ? " " : "", json_string_value(w));
	sheet_put(s, row, 0, CELL_TEXT, json_string_value(json_object_get(line, "id")));
	sheet_put(s, row, 1, CELL_TEXT, json_string_value(json_object_get(line, "label")));
	sheet_put(s, row, 2, CELL_TEXT, of);
	put_figure(s, row, 3, v, json_is_true(json_object_get(line, "suppressed")));
	sheet_put(s, row, 4, CELL_TEXT, json_string_value(json_object_get(line, "unit")));
	put_figure(s, row, 5, json_object_get(line, "n"), false);
	sheet_put(s, row, 6, CELL_TEXT, rule == NULL ? "" : rule);
	sheet_put(s, row, 7, CELL_TEXT, warnings.len > 0 && buf_ok(&warnings) ? buf_str(&warnings) : "");
	buf_free(&warnings);
}

enum err_code
report_book(struct book **out, const json_t *report, const json_t *basis, const char *lang, struct err *err)
{
	static const char *const sv[] = { "id", "rad", "värde för", "värde", "enhet", "n", "regel", "anmärkning" };
	static const char *const en[] = { "id", "line", "value of", "value", "unit", "n", "rule", "remark" };
	struct book *b = book_new();
	struct sheet *s = b == NULL ? NULL : book_add(b, json_string_value(json_object_get(report, "report")));
	const json_t *line, *item;
	uint32_t row = 1;
	size_t i, k;

	*out = NULL;
	for (uint32_t c = 0; c < COUNT_OF(sv); c++)
		sheet_put(s, 0, c, CELL_TEXT, swedish(lang) ? sv[c] : en[c]);
	json_array_foreach(json_object_get(report, "lines"), i, line) {
		const json_t *v = json_object_get(line, "value");

		if (!json_is_array(v) || json_array_size(v) == 0)
			put_line(s, row++, line, "", json_is_array(v) ? json_object_get(line, "n") : v);
		json_array_foreach((json_t *)v, k, item)
			put_line(s, row++, line, json_string_value(json_object_get(item, "label")), json_object_get(item, "value"));
	}
	s = b == NULL ? NULL : book_add(b, swedish(lang) ? "underlag" : "basis");
	json_array_foreach((json_t *)basis, i, item) {
		sheet_put(s, (uint32_t)i, 0, CELL_TEXT, json_string_value(json_array_get(item, 0)));
		sheet_put(s, (uint32_t)i, 1, CELL_TEXT, json_string_value(json_array_get(item, 1)));
	}
	if (b == NULL || !book_ok(b)) {
		book_free(b);
		return err_plain(err, ERR_NO_MEMORY);
	}
	*out = b;
	return ERR_OK;
}
