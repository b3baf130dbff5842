/*
 * Lines that are no tables of persons: records by name, and parts against a
 * stated total.
 */
#include "base/mem.h"
#include "casework/personal.h"
#include "casework/report_count.h"

/* ---- lists ---- */

/* What somebody wrote in their own words may hold a number or an address; how many were masked. */
static size_t
put_text(struct buf *out, const struct report_ask *ask, const struct profile_field *f, const char *text)
{
	if (f->type == VT_TEXT && !ask->keep_personal)
		return personal_mask(out, BYTES_STR(text));
	buf_printf(out, "%s", text);
	return 0;
}

static size_t
label_of(const struct run *r, const struct profile_field *f, uint32_t word, struct buf *out)
{
	const char *text = store_text(&r->store, word), *label = NULL;

	for (size_t i = 0; f->list != NULL && i < f->list->choice_count; i++)
		if (strcmp(f->list->choices[i].code, text) == 0)
			label = label_in(f->list->choices[i].labels, f->list->choices[i].label_count, r->ask->lang);
	buf_printf(out, "%s", out->len > 0 && text[0] != '\0' ? " – " : "");
	return put_text(out, r->ask, f, label != NULL ? label : text);
}

/* Figures count everybody; words of the protected stand nowhere. */
static bool
withheld(const struct walk *w, const struct rows *rows, size_t row)
{
	const struct report_source *source = w->run->source;
	struct record_id id;

	if (source->withheld == NULL || w->line->type->group == GROUP_OPEN)
		return false;
	memcpy(id.b, rows->cells + row * rows->width, sizeof(id.b));
	return source->withheld(source->ctx, &id);
}

/* A list stands as its people wrote it: each record with its fields, and a number where one is named. */
bool
fill_list(struct walk *w, struct result *x)
{
	const struct report_line *l = w->line;
	const struct rows *rows = store_rows(&w->run->store, l->type);
	struct store *s = &w->run->store;
	size_t masked = 0, left_out = 0;

	x->list = json_array();
	w->undated = 0;
	for (size_t i = 0; i < rows->count; i++) {
		struct buf label = BUF_INIT;
		uint32_t word;

		if (!inside(w, i))
			continue;
		if (withheld(w, rows, i)) {
			left_out++;
			continue;
		}
		for (size_t k = 0; k < l->field_count; k++) {
			const struct profile_field *f = l->fields[k].step[l->fields[k].count - 1];

			word = store_follow(s, l->type, i, &l->fields[k]);
			if (f->shape != SHAPE_SET) {
				masked += label_of(w->run, f, word, &label);
				continue;
			}
			for (uint32_t e = 0; e < s->pool[word]; e++)
				masked += label_of(w->run, f, s->pool[word + 1 + e], &label);
		}
		word = l->field.count > 0 ? store_follow(s, l->type, i, &l->field) : 0;
		(void)!json_array_append_new(x->list, json_pack("{s:s,s:s,s:o}", "key", store_text(s, rows->cells[i * rows->width + ROW_OWN]),
		                                               "label", buf_ok(&label) ? buf_str(&label) : "", "value",
		                                               word == 0 ? json_null() : number_json(s->words.number[word])));
		buf_free(&label);
	}
	x->has_n = true;
	x->n = (double)json_array_size(x->list);
	if (left_out > 0)
		warn_add(w->run, x, W_WITHHELD);
	if (masked > 0)
		warn_add(w->run, x, W_MASKED, (double)masked);
	return true;
}

/* ---- sums against a stated total ---- */

static double
sum_of(struct walk *w, const struct report_path *path, uint64_t *said)
{
	const struct rows *rows = store_rows(&w->run->store, w->line->type);
	double sum = 0;

	*said = 0;
	w->undated = 0;
	for (size_t i = 0; i < rows->count; i++) {
		uint32_t word = inside(w, i) ? store_follow(&w->run->store, w->line->type, i, path) : 0;

		if (word != 0) {
			sum += w->run->store.words.number[word];
			(*said)++;
		}
	}
	return sum;
}

void
fill_reconcile(struct walk *w, struct result *x)
{
	const struct report_line *l = w->line;
	uint64_t said, any = 0;
	double stated, parts = 0;

	x->list = json_array();
	for (size_t i = 0; i < l->field_count; i++) {
		const struct profile_field *f = l->fields[i].step[0];
		double sum = sum_of(w, &l->fields[i], &said);
		const char *label = label_in(f->labels, f->label_count, w->run->ask->lang);

		if (said == 0)
			continue;
		any += said;
		parts += sum;
		(void)!json_array_append_new(x->list, json_pack("{s:s,s:s,s:o}", "key", f->name, "label", label == NULL ? f->name : label,
		                                               "value", number_json(sum)));
	}
	stated = sum_of(w, &l->field, &said);
	x->has_n = true;
	x->n = parts;
	if (said > 0 && any > 0) {
		x->reconciles = stated == parts;
		if (stated != parts)
			warn_add(w->run, x, W_MISMATCH, parts, stated);
	}
}
