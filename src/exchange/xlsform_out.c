/*
 * Writing an XLSForm: a type is a group, a field a question. What XLSForm has
 * no word for goes into columns that begin with fb::, which others pass over
 * and the reader takes back (proto/exchange.md, 2).
 */
#include "exchange/xlsform.h"

#include <stdio.h>

#include "base/mem.h"

enum { LANGS_MAX = 64 };

struct out {
	struct book *book;
	struct sheet *survey, *choices;
	const char *langs[LANGS_MAX];
	size_t lang_count;
	uint32_t row;
};

/* Columns before the labels, and after them: labels and hints stand between, a column a language. */
enum { C_TYPE, C_NAME, C_REQUIRED, C_RELEVANT, C_CONSTRAINT, C_DEFAULT, C_NUMBER, C_CLASS, C_SHAPE, C_REF, C_OWN_TYPE, C_LIST, C_SEARCH, C_OFF, C_GROUP, C_NOTES, C_LABELS };
static const char *const heads[] = { "type", "name", "required", "relevant", "constraint", "default", "fb::number", "fb::class", "fb::shape", "fb::ref",
	"fb::type", "fb::list", "fb::search", "fb::off", "fb::group", "fb::notes" };

static void
learn_langs(struct out *o, const struct label *labels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;

		while (k < o->lang_count && strcmp(o->langs[k], labels[i].lang) != 0)
			k++;
		if (k == o->lang_count && k < LANGS_MAX)
			o->langs[o->lang_count++] = labels[i].lang;
	}
}

static void
learn_type(struct out *o, const struct profile_type *t)
{
	learn_langs(o, t->labels, t->label_count);
	for (size_t i = 0; i < t->field_count; i++) {
		const struct profile_field *f = &t->fields[i];

		learn_langs(o, f->labels, f->label_count);
		if (f->form != NULL) {
			learn_langs(o, f->form->hint, f->form->hint_count);
			learn_langs(o, f->form->intro, f->form->intro_count);
			learn_langs(o, f->form->message, f->form->message_count);
		}
		for (size_t k = 0; f->list != NULL && k < f->list->choice_count; k++)
			learn_langs(o, f->list->choices[k].labels, f->list->choices[k].label_count);
	}
}

static void
put_labels(struct sheet *s, const struct out *o, uint32_t row, uint32_t col, const struct label *labels, size_t count)
{
	for (size_t k = 0; k < o->lang_count; k++)
		for (size_t i = 0; i < count; i++)
			if (strcmp(labels[i].lang, o->langs[k]) == 0)
				sheet_put(s, row, col + (uint32_t)k, CELL_TEXT, labels[i].text);
}

static void
put_heads(struct sheet *s, const struct out *o, uint32_t col, const char *property)
{
	char head[60];

	for (size_t k = 0; k < o->lang_count; k++) {
		snprintf(head, sizeof(head), "%s::%s", property, o->langs[k]);
		sheet_put(s, 0, col + (uint32_t)k, CELL_TEXT, head);
	}
}

static void
put(struct out *o, uint32_t col, const char *text)
{
	sheet_put(o->survey, o->row, col, CELL_TEXT, text);
}

static void
put_number(struct out *o, uint32_t col, uint32_t n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	sheet_put(o->survey, o->row, col, CELL_NUMBER, text);
}

static void
relevant_text(struct buf *out, const struct form_rule *r)
{
	for (size_t i = 0; i < r->is_count; i++)
		buf_printf(out, "%s${%s} = '%s'", i > 0 ? " or " : "", r->relevant, r->is[i]);
}

static void
constraint_text(struct buf *out, const struct form_rule *r)
{
	if (r->has_min)
		buf_printf(out, ". >= %.15g", r->min);
	if (r->has_max)
		buf_printf(out, "%s. <= %.15g", r->has_min ? " and " : "", r->max);
}

static void
put_built(struct out *o, uint32_t col, struct buf *text)
{
	if (text->len > 0 && buf_ok(text))
		put(o, col, buf_str(text));
	buf_free(text);
}

static void
put_type_word(struct out *o, const struct profile_field *f)
{
	static const char *const words[] = { "text", "integer", "decimal", "acknowledge", "date", "time", "dateTime", "", "text", "text" };
	char select[100];

	if (f->type != VT_CHOICE) {
		put(o, C_TYPE, words[f->type]);
		return;
	}
	snprintf(select, sizeof(select), "%s %s%s", f->shape == SHAPE_SET ? "select_multiple" : "select_one", f->list->name, f->list->open ? " or_other" : "");
	put(o, C_TYPE, select);
}

static void
put_field(struct out *o, const struct profile_type *t, const struct profile_field *f)
{
	uint32_t labels = C_LABELS, hints = C_LABELS + (uint32_t)o->lang_count;
	struct buf text = BUF_INIT;

	if (f->form != NULL && f->form->intro_count > 0) {
		put(o, C_TYPE, "note");
		put(o, C_NAME, f->name); /* a note has a name too, and holds nothing under it */
		put_labels(o->survey, o, o->row, labels, f->form->intro, f->form->intro_count);
		o->row++;
	}
	put_type_word(o, f);
	put(o, C_NAME, f->name);
	put(o, C_REQUIRED, f->required ? "yes" : "");
	if (f->form != NULL) {
		relevant_text(&text, f->form);
		put_built(o, C_RELEVANT, &text);
		constraint_text(&text, f->form);
		put_built(o, C_CONSTRAINT, &text);
		put(o, C_DEFAULT, f->form->default_ == NULL ? "" : f->form->default_);
	}
	put_number(o, C_NUMBER, f->number);
	put(o, C_CLASS, f->class == t->class ? "" : data_class_word(f->class));
	put(o, C_SHAPE, f->shape == SHAPE_SUM ? "sum" : f->shape == SHAPE_SET && f->type != VT_CHOICE ? "set" : "");
	put(o, C_REF, f->ref_type == NULL ? "" : f->ref_type);
	put(o, C_OWN_TYPE, f->type == VT_REF ? "ref" : f->type == VT_LANGUAGE ? "language" : "");
	put(o, C_LIST, f->type == VT_LANGUAGE && f->list != NULL ? f->list->name : "");
	put(o, C_SEARCH, f->search ? "yes" : "");
	put(o, C_OFF, f->off ? "yes" : "");
	put_labels(o->survey, o, o->row, labels, f->labels, f->label_count);
	if (f->form != NULL) {
		put_labels(o->survey, o, o->row, hints, f->form->hint, f->form->hint_count);
		put_labels(o->survey, o, o->row, hints + (uint32_t)o->lang_count, f->form->message, f->form->message_count);
	}
	o->row++;
}

static void
put_type(struct out *o, const struct profile_type *t)
{
	char group[60];

	put(o, C_TYPE, "begin_group");
	put(o, C_NAME, t->name);
	put_number(o, C_NUMBER, t->number);
	put(o, C_CLASS, data_class_word(t->class));
	snprintf(group, sizeof(group), "%s%s", t->group == GROUP_OWN ? "own" : t->group == GROUP_OPEN ? "open" : "field ",
	         t->group == GROUP_OF_REF ? t->group_field->name : "");
	put(o, C_GROUP, group);
	put(o, C_NOTES, t->notes ? "yes" : "no");
	put_labels(o->survey, o, o->row, C_LABELS, t->labels, t->label_count);
	o->row++;
	for (size_t i = 0; i < t->field_count; i++)
		put_field(o, t, &t->fields[i]);
	put(o, C_TYPE, "end_group");
	o->row++;
}

static void
put_list(struct out *o, const struct choice_list *l, uint32_t *row)
{
	static const uint32_t labels = 5;

	for (size_t i = 0; i < l->choice_count; i++, (*row)++) {
		const struct choice *c = &l->choices[i];

		sheet_put(o->choices, *row, 0, CELL_TEXT, l->name);
		sheet_put(o->choices, *row, 1, CELL_TEXT, c->code);
		sheet_put(o->choices, *row, 2, CELL_TEXT, c->rollup == NULL ? "" : c->rollup);
		sheet_put(o->choices, *row, 3, CELL_TEXT, c->valid_from == NULL ? "" : c->valid_from);
		sheet_put(o->choices, *row, 4, CELL_TEXT, c->valid_to == NULL ? "" : c->valid_to);
		put_labels(o->choices, o, *row, labels, c->labels, c->label_count);
	}
}

/* Each list once, at the first field that uses it. */
static void
put_lists(struct out *o, const struct profile *p, const struct profile_type *only)
{
	static const char *const own[] = { "list_name", "name", "fb::rollup", "fb::valid_from", "fb::valid_to" };
	const struct choice_list *seen[1024];
	size_t count = 0;
	uint32_t row = 1;

	for (uint32_t c = 0; c < COUNT_OF(own); c++)
		sheet_put(o->choices, 0, c, CELL_TEXT, own[c]);
	put_heads(o->choices, o, COUNT_OF(own), "label");
	for (size_t i = 0; i < profile_type_count(p); i++) {
		const struct profile_type *t = profile_type_at(p, i);

		for (size_t k = 0; (only == NULL || only == t) && k < t->field_count; k++) {
			const struct choice_list *l = t->fields[k].list;
			size_t n = 0;

			while (l != NULL && n < count && seen[n] != l)
				n++;
			if (l == NULL || n < count || count == COUNT_OF(seen))
				continue;
			seen[count++] = l;
			put_list(o, l, &row);
		}
	}
}

static void
put_settings(struct out *o, const struct profile *p)
{
	struct sheet *s = book_add(o->book, "settings");
	char version[16];

	snprintf(version, sizeof(version), "%u", profile_version(p));
	sheet_put(s, 0, 0, CELL_TEXT, "form_id");
	sheet_put(s, 0, 1, CELL_TEXT, "form_title");
	sheet_put(s, 0, 2, CELL_TEXT, "version");
	sheet_put(s, 0, 3, CELL_TEXT, "default_language");
	sheet_put(s, 1, 0, CELL_TEXT, profile_id(p));
	sheet_put(s, 1, 1, CELL_TEXT, profile_id(p));
	sheet_put(s, 1, 2, CELL_TEXT, version);
	sheet_put(s, 1, 3, CELL_TEXT, o->lang_count > 0 ? o->langs[0] : "");
}

enum err_code
xlsform_export(struct book **out, const struct profile *p, const struct profile_type *only, struct err *err)
{
	struct out o = { .book = book_new() };

	*out = NULL;
	if (o.book == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	o.survey = book_add(o.book, "survey");
	o.choices = book_add(o.book, "choices");
	for (size_t i = 0; i < profile_type_count(p); i++)
		if (only == NULL || only == profile_type_at(p, i))
			learn_type(&o, profile_type_at(p, i));
	for (uint32_t c = 0; c < COUNT_OF(heads); c++)
		sheet_put(o.survey, 0, c, CELL_TEXT, heads[c]);
	put_heads(o.survey, &o, C_LABELS, "label");
	put_heads(o.survey, &o, C_LABELS + (uint32_t)o.lang_count, "hint");
	put_heads(o.survey, &o, C_LABELS + 2 * (uint32_t)o.lang_count, "constraint_message");
	o.row = 1;
	for (size_t i = 0; i < profile_type_count(p); i++)
		if (only == NULL || only == profile_type_at(p, i))
			put_type(&o, profile_type_at(p, i));
	put_lists(&o, p, only);
	put_settings(&o, p);
	if (book_ok(o.book)) {
		*out = o.book;
		return ERR_OK;
	}
	book_free(o.book);
	return err_plain(err, ERR_NO_MEMORY);
}
