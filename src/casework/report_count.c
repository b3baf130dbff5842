/*
 * One line: into which cells the rows fall that are inside its window, site
 * and conditions (report_test.c). Nothing is hidden here; guard.c does that when all
 * lines have been counted.
 */
#include <stdio.h>

#include "base/mem.h"
#include "casework/report_count.h"
#include "casework/rows.h"

/* ---- tables ---- */

static struct table *
table_add(struct result *x, const struct report_line *l, const struct report_path *path, const struct rows *rows)
{
	struct table *t = &x->tables[x->table_count];

	t->line = l;
	t->path = path;
	t->place = x->table_count;
	t->total_listed = true;
	if (l->person && l->measure != RM_SUM) { /* of a sum: heads.c */
		t->code = mem_zero(rows->count + rows->supposed + 1, sizeof(*t->code));
		if (t->code == NULL)
			return NULL;
	}
	x->table_count++;
	return t;
}

/* The cell of a word, made when it is new: its index + 1, or 0 when out of memory or cells. */
static uint32_t
cell_of(struct run *r, struct table *t, uint32_t word)
{
	struct cell *more;

	if (word >= r->seen_count) {
		size_t count = r->store.words.count + 256;
		uint32_t *seen = mem_grow(r->seen, count * sizeof(*seen));

		if (seen == NULL)
			return 0;
		memset(seen + r->seen_count, 0, (count - r->seen_count) * sizeof(*seen));
		r->seen = seen;
		r->seen_count = count;
	}
	if (r->seen[word] != 0)
		return r->seen[word];
	if (t->count == CELLS_MAX)
		return 0;
	more = mem_room(t->cells, t->count, &t->cap, sizeof(*more));
	if (more == NULL)
		return 0;
	t->cells = more;
	t->cells[t->count] = (struct cell){ .word = word, .listed = true };
	r->seen[word] = (uint32_t)++t->count;
	return (uint32_t)t->count;
}

static void
cells_done(struct run *r, const struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		r->seen[t->cells[i].word] = 0;
}

static uint32_t
rolled_up(struct run *r, const struct report_path *path, uint32_t word)
{
	const struct choice_list *list = path->step[path->count - 1]->list;
	const char *code = store_text(&r->store, word);

	for (size_t i = 0; i < list->choice_count; i++)
		if (strcmp(list->choices[i].code, code) == 0)
			return list->choices[i].rollup == NULL ? 0 : store_word(&r->store, list->choices[i].rollup);
	return 0;
}

static bool
add_to(struct run *r, struct table *t, size_t row, uint32_t word, double much)
{
	uint32_t at = cell_of(r, t, word);

	if (at == 0)
		return false;
	t->cells[at - 1].count++;
	t->cells[at - 1].sum += much;
	if (t->code != NULL)
		t->code[row] = t->line->measure == RM_VALUES ? UINT16_MAX : (uint16_t)at; /* values are listed without counts */
	return true;
}

/* The word by which a row falls into a cell. */
static uint32_t
row_word(struct run *r, const struct table *t, size_t row)
{
	const struct report_line *l = t->line;
	char year[8];
	uint32_t word;

	if (t->path == NULL) {
		snprintf(year, sizeof(year), "%.4s", row_day(r, l, row));
		return store_word(&r->store, year);
	}
	word = store_follow(&r->store, l->type, row, t->path);
	return l->rollup ? rolled_up(r, t->path, word) : word;
}

bool
row_in_cell(struct run *r, const struct table *t, size_t row, uint32_t word)
{
	uint32_t at, count;

	if (t->path == NULL || t->path->step[t->path->count - 1]->shape != SHAPE_SET)
		return row_word(r, t, row) == word;
	at = store_follow(&r->store, t->line->type, row, t->path);
	count = r->store.pool[at];
	for (uint32_t i = 0; i < count; i++)
		if (r->store.pool[at + 1 + i] == word)
			return true;
	return count == 0 && word == 0;
}

/* One row, into the cell of its value, or into that of each of its values. */
static bool
place_row(struct run *r, struct table *t, size_t row, double much)
{
	const struct report_line *l = t->line;
	uint32_t word;

	t->total++;
	t->sum += much;
	if (t->path == NULL && !l->by_year) {
		if (t->code != NULL)
			t->code[row] = UINT16_MAX;
		return true;
	}
	if (t->path != NULL && t->path->step[t->path->count - 1]->shape == SHAPE_SET) {
		uint32_t count;

		word = store_follow(&r->store, l->type, row, t->path);
		count = r->store.pool[word];

		for (uint32_t i = 0; i < count; i++)
			if (!add_to(r, t, row, r->store.pool[word + 1 + i], much))
				return false;
		return count > 0 || add_to(r, t, row, 0, much);
	}
	return add_to(r, t, row, row_word(r, t, row), much);
}

static double
row_number(const struct run *r, const struct report_line *l, size_t row)
{
	uint32_t word = l->measure == RM_SUM ? store_follow(&r->store, l->type, row, &l->field) : 0;

	return word == 0 ? 0 : r->store.words.number[word];
}

/* In a sum, a record without the number is not a record of the line. */
static bool
says_nothing(const struct run *r, const struct report_line *l, size_t row)
{
	return l->measure == RM_SUM && store_follow(&r->store, l->type, row, &l->field) == 0;
}

/* A supposed record falls into a cell that is there, or a reader sees a zero where it would be. */
static void
place_supposed(struct walk *w, struct table *t, struct rows *rows)
{
	uint64_t undated = w->undated;

	for (size_t v = 0; t->code != NULL && v < rows->supposed; v++) {
		size_t row = rows->count + v;
		uint32_t word;

		if (!inside(w, row))
			continue;
		if (t->total == 0) {
			rows->ruled_out[v] = 1;
		} else if ((t->path == NULL && !t->line->by_year) || t->line->measure == RM_VALUES) {
			t->code[row] = UINT16_MAX;
		} else {
			word = row_word(w->run, t, row);
			t->code[row] = word < w->run->seen_count ? (uint16_t)w->run->seen[word] : 0;
			rows->ruled_out[v] |= t->code[row] == 0;
		}
	}
	w->undated = undated;
}

static bool
fill_table(struct walk *w, struct result *x, const struct report_path *path)
{
	struct rows *rows = store_rows(&w->run->store, w->line->type);
	struct table *t = table_add(x, w->line, path, rows);
	bool ok = t != NULL;

	w->undated = 0;
	for (size_t i = 0; ok && i < rows->count; i++) {
		if (!inside(w, i))
			continue;
		if (says_nothing(w->run, w->line, i))
			x->silent++;
		else
			ok = place_row(w->run, t, i, row_number(w->run, w->line, i));
	}
	if (ok)
		place_supposed(w, t, rows);
	if (t != NULL && w->run->seen != NULL)
		cells_done(w->run, t);
	return ok;
}

/* Cells: yes, no, and those who did not say. */
static bool
fill_share(struct walk *w, struct result *x, struct test *having)
{
	const struct report_line *l = w->line;
	struct rows *rows = store_rows(&w->run->store, l->type);
	struct table *t = table_add(x, l, &l->having[0].path, rows);
	uint64_t undated = 0;
	bool judged = l->having[0].kind == RC_IS || l->having[0].kind == RC_ROLLUP;

	if (t == NULL)
		return false;
	t->cells = mem_zero(3, sizeof(*t->cells));
	if (t->cells == NULL)
		return false;
	t->count = 3;
	t->cells[0].listed = true;
	w->undated = 0;
	for (size_t i = 0; i < rows->count + (t->code == NULL ? 0 : rows->supposed); i++) {
		size_t at;
		bool real = i < rows->count;

		if (!inside(w, i))
			continue;
		at = test_all(w->run, having, l->having_count, l->type, i) ? 0 : 1;
		if (at == 1 && judged && !having[0].set && store_follow(&w->run->store, l->type, i, &l->having[0].path) == 0)
			at = 2;
		t->cells[at].count += real;
		t->total += real;
		if (t->code != NULL)
			t->code[i] = (uint16_t)(at + 1);
		if (!real && t->cells[at].count == 0)
			rows->ruled_out[i - rows->count] = 1;
		undated = real ? w->undated : undated;
	}
	w->undated = undated;
	return true;
}

/* What is told of a distinct count is how many there are, and for how many records it is known at all. */
static void
known_or_not(struct result *x)
{
	struct table *t = &x->tables[0];
	const struct rows *rows;
	uint64_t missing = 0;
	uint32_t missing_at = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->cells[i].word == 0) {
			missing = t->cells[i].count;
			missing_at = (uint32_t)i + 1;
		}
	x->value = (double)(t->count - (missing_at > 0));
	rows = x->rows;
	for (size_t i = 0; t->code != NULL && i < rows->count + rows->supposed; i++)
		if (t->code[i] != 0)
			t->code[i] = t->code[i] == missing_at ? 2 : 1;
	if (t->count == 0)
		return;
	t->cells[0] = (struct cell){ .count = t->total - missing, .listed = true };
	t->cells[1] = (struct cell){ .count = missing }; /* mem_room() never makes room for one */
	t->count = 2;
}

/* ---- one line ---- */

static bool
count_measure(struct walk *w, struct result *x, struct test *having)
{
	const struct report_line *l = w->line;
	const struct report_path *path = l->group.count > 0 ? &l->group : NULL;
	bool ok = true;

	switch (l->measure) {
	case RM_COUNT: case RM_SUM: case RM_TOP:
		return fill_table(w, x, path);
	case RM_MODE:
		for (size_t i = 0; i < l->field_count && ok; i++)
			ok = fill_table(w, x, &l->fields[i]);
		return ok;
	case RM_DISTINCT:
		if (!fill_table(w, x, &l->field))
			return false;
		known_or_not(x);
		return true;
	case RM_VALUES:
		return fill_table(w, x, &l->field);
	case RM_SHARE:
		return fill_share(w, x, having);
	case RM_CHANGE:
		if (!fill_table(w, x, NULL))
			return false;
		w->from = w->run->ask->from;
		w->to = w->run->ask->to;
		return fill_table(w, x, NULL);
	case RM_LIST:
		return fill_list(w, x);
	case RM_RECONCILE:
		fill_reconcile(w, x);
		return true;
	case RM_RATIO: case RM_TOTAL: case RM_RULE: case RM_NONE: case RM_COUNT_OF:
		break;
	}
	return true;
}

static const struct report_path *
site_path_of(const struct report_def *d, const struct profile_type *t)
{
	for (size_t i = 0; i < d->site_count; i++)
		if (d->sites[i].type == t)
			return &d->sites[i].path;
	return NULL;
}

static void
window_of(struct run *r, const struct report_line *l, struct result *x)
{
	x->from = r->ask->from;
	x->to = r->ask->to;
	if (l->window == RW_FIXED) {
		x->from = l->window_from;
		x->to = l->window_to;
	} else if (l->window == RW_PREVIOUS && window_previous(r->ask->from, r->ask->to, x->from_text, x->to_text)) {
		x->from = x->from_text;
		x->to = x->to_text;
	}
}

enum err_code
count_line(struct run *r, struct result *x, struct err *err)
{
	const struct report_line *l = x->line;
	struct walk w = { .run = r, .line = l };
	struct test *having = NULL;
	bool ok;

	x->reconciles = -1;
	x->warnings = json_array();
	window_of(r, l, x);
	if (l->type == NULL)
		return ERR_OK;
	x->rows = store_rows(&r->store, l->type);
	x->tables = mem_zero(TABLES_PER_LINE + 1, sizeof(*x->tables));
	if (x->tables == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	r->site_path = r->ask->site == NULL ? NULL : site_path_of(r->ask->def, l->type);
	if (r->ask->site != NULL && r->site_path == NULL) {
		x->null = true;
		warn_add(r, x, W_NO_SITE);
		return ERR_OK;
	}
	if (r->ask->of_rows && !rows_can_tell(r->ask->profile, l)) {
		x->null = true;
		warn_add(r, x, W_NO_ROWS);
		return ERR_OK;
	}
	w.from = x->from;
	w.to = x->to;
	ok = tests_make(r, l, l->where, l->where_count, w.to, &w.where) && tests_make(r, l, l->having, l->having_count, w.to, &having) &&
	     count_measure(&w, x, having) && (!l->person || heads_tables(&w, x)) && !r->store.words.failed;
	tests_free(w.where, l->where_count);
	tests_free(having, l->having_count);
	if (!ok)
		return err_set(err, ERR_NO_MEMORY, "%s: out of memory, or more than %d different values", l->id, CELLS_MAX);
	if (w.undated > 0)
		warn_add(r, x, l->person && w.undated < REPORT_K ? W_FEW_NO_DATE : W_NO_DATE, (double)w.undated);
	return ERR_OK;
}

void
result_free(struct result *x)
{
	for (size_t i = 0; i < x->table_count; i++) {
		mem_free(x->tables[i].code);
		mem_free(x->tables[i].heads);
		mem_free(x->tables[i].cells);
	}
	mem_free(x->tables);
	json_decref(x->list);
	json_decref(x->warnings);
}
