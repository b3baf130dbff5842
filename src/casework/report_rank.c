/*
 * The values of a table as a list: under which names, in which order, and
 * how many of them.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "casework/personal.h"
#include "casework/report_internal.h"

/* ---- labels ---- */

static const char *
choice_label(const struct choice_list *list, bool rollup, const char *code, const char *lang)
{
	const char *label = NULL;

	for (size_t i = 0; list != NULL && !rollup && i < list->choice_count; i++)
		if (strcmp(list->choices[i].code, code) == 0)
			label = label_in(list->choices[i].labels, list->choices[i].label_count, lang);
	for (size_t i = 0; list != NULL && rollup && i < list->rollup_count; i++)
		if (strcmp(list->rollups[i].code, code) == 0)
			label = label_in(list->rollups[i].labels, list->rollups[i].label_count, lang);
	return label == NULL ? code : label;
}

static const char *
cell_label(const struct run *r, const struct table *t, const struct cell *c)
{
	const struct profile_field *f = t->path == NULL ? NULL : t->path->step[t->path->count - 1];

	if (c->word == 0)
		return strcmp(r->ask->lang, "sv") == 0 ? "uppgift saknas" : "not stated";
	if (f != NULL && f->type == VT_BOOL) {
		bool yes = strcmp(store_text(&r->store, c->word), "true") == 0;

		return strcmp(r->ask->lang, "sv") == 0 ? (yes ? "ja" : "nej") : yes ? "yes" : "no";
	}
	return choice_label(f == NULL ? NULL : f->list, t->line->rollup, store_text(&r->store, c->word), r->ask->lang);
}

const char *
cell_key(const struct run *r, const struct cell *c)
{
	return c->word == 0 ? "no_value" : store_text(&r->store, c->word);
}

/* ---- tables as lists ---- */

struct ranked { const struct run *run; const struct table *table; const struct cell *cell; };

static double
cell_value(const struct table *t, const struct cell *c)
{
	return t->line->measure == RM_SUM ? c->sum : (double)c->count;
}

/* Most frequent first; what is hidden stands last, by key, so that its place tells nothing. */
static int
by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	double p = cell_value(x->table, x->cell), q = cell_value(y->table, y->cell);

	if (x->cell->hidden != y->cell->hidden)
		return x->cell->hidden ? 1 : -1;
	if (!x->cell->hidden && p != q)
		return p > q ? -1 : 1;
	return strcmp(cell_key(x->run, x->cell), cell_key(y->run, y->cell));
}

static struct ranked *
ranking(const struct run *r, const struct table *t)
{
	struct ranked *all = mem_zero(t->count + 1, sizeof(*all));

	for (size_t i = 0; all != NULL && i < t->count; i++)
		all[i] = (struct ranked){ r, t, &t->cells[i] };
	if (all != NULL && t->count > 0)
		qsort(all, t->count, sizeof(*all), by_rank);
	return all;
}

bool
list_only(struct run *r, struct table *t, size_t limit)
{
	struct ranked *all = ranking(r, t);
	size_t shown = 0;

	if (all == NULL)
		return false;
	for (size_t i = 0; i < t->count; i++) {
		struct cell *c = &t->cells[all[i].cell - t->cells];

		c->listed = c->word != 0 && shown < limit;
		shown += c->listed;
	}
	mem_free(all);
	return true;
}

/* A cell's key or label: a text that somebody wrote may hold a number or an address. How many were masked. */
static size_t
put_word(struct buf *out, const struct run *r, const struct table *t, const char *text)
{
	if (t->path != NULL && t->path->step[t->path->count - 1]->type == VT_TEXT && !r->ask->keep_personal)
		return personal_mask(out, BYTES_STR(text));
	buf_printf(out, "%s", text);
	return 0;
}

static size_t
list_cell(struct run *r, struct result *x, const struct table *t, const struct cell *c, const char *before)
{
	struct buf key = BUF_INIT, label = BUF_INIT;
	size_t masked;

	(void)put_word(&key, r, t, cell_key(r, c));
	buf_printf(&label, "%s%s", before, before[0] == '\0' ? "" : ": ");
	masked = put_word(&label, r, t, cell_label(r, t, c));
	(void)!json_array_append_new(x->list, json_pack("{s:s,s:s,s:o}", "key", key.len > 0 ? buf_str(&key) : "", "label", label.len > 0 ? buf_str(&label) : "", "value",
		c->hidden || t->line->measure == RM_VALUES ? json_null() : number_json(cell_value(t, c))));
	buf_free(&key);
	buf_free(&label);
	return masked;
}

bool
list_table(struct run *r, struct result *x, const struct table *t, const char *before)
{
	struct ranked *all = ranking(r, t);
	size_t masked = 0;

	if (all == NULL)
		return false;
	for (size_t i = 0; i < t->count; i++) {
		const struct cell *c = all[i].cell;

		if (!c->listed)
			continue;
		x->hidden = x->hidden || c->hidden;
		masked += list_cell(r, x, t, c, before);
	}
	mem_free(all);
	if (masked > 0)
		warn_add(r, x, W_MASKED, (double)masked);
	return true;
}
