/*
 * One line: which rows are inside its window, site and conditions, and into
 * which cells they fall. Nothing is hidden here; guard.c does that when all
 * lines have been counted.
 */
#include <stdio.h>

#include "base/mem.h"
#include "casework/records.h"
#include "casework/report_internal.h"
#include "casework/rows.h"

/* ---- days ---- */

bool
day_shift(const char *day, int64_t by, char out[16])
{
	char text[40];
	int64_t ms;
	int16_t offset;

	snprintf(text, sizeof(text), "%.10sT00:00:00Z", day);
	if (!time_parse(text, &ms, &offset))
		return false;
	time_print(text, ms + by * 86400000, 0);
	memcpy(out, text, 10);
	out[10] = '\0';
	return true;
}

static int64_t
days_between(const char *from, const char *to)
{
	char text[40];
	int64_t a = 0, b = 0;
	int16_t offset;

	snprintf(text, sizeof(text), "%.10sT00:00:00Z", from);
	(void)time_parse(text, &a, &offset);
	snprintf(text, sizeof(text), "%.10sT00:00:00Z", to);
	(void)time_parse(text, &b, &offset);
	return (b - a) / 86400000;
}

bool
window_previous(const char *from, const char *to, char out_from[16], char out_to[16])
{
	return day_shift(from, -1, out_to) && day_shift(from, -1 - days_between(from, to), out_from);
}

/* ---- conditions, with their values as words ---- */

struct test {
	const struct report_condition *c;
	uint32_t *words;
	size_t count;
	bool set;
	uint8_t *active; /* by row */
};

static bool
test_take(struct test *t, size_t *cap, uint32_t word)
{
	uint32_t *more = mem_room(t->words, t->count, cap, sizeof(*more));

	if (more == NULL || word == 0)
		return false;
	t->words = more;
	t->words[t->count++] = word;
	return true;
}

/* A roll-up is all its codes. */
static bool
test_values(struct run *r, struct test *t)
{
	const struct profile_field *f = t->c->path.step[t->c->path.count - 1];
	size_t cap = 0;

	for (size_t i = 0; i < t->c->value_count; i++) {
		if (t->c->kind != RC_ROLLUP) {
			if (!test_take(t, &cap, store_word(&r->store, t->c->values[i])))
				return false;
			continue;
		}
		for (size_t k = 0; k < f->list->choice_count; k++)
			if (f->list->choices[k].rollup != NULL && strcmp(f->list->choices[k].rollup, t->c->values[i]) == 0 &&
			    !test_take(t, &cap, store_word(&r->store, f->list->choices[k].code)))
				return false;
	}
	return true;
}

/* proto/report.md, 3: `times` stretches of `days` days, the last ending on the last day of the period. */
static bool
test_active(struct run *r, struct test *t, const struct rows *of, const char *to)
{
	const struct report_active *a = &t->c->active;
	const struct rows *rows = store_rows(&r->store, a->type);
	struct report_path ref = { { a->ref }, 1 }, date = { { a->date }, 1 }, sum = { { a->sum }, 1 };
	double *sums = mem_zero(of->count * a->times + 1, sizeof(*sums));
	char (*bound)[16] = mem_zero(a->times + 1, sizeof(*bound));
	bool ok;

	t->active = mem_zero(of->count + of->supposed + 1, 1);
	ok = sums != NULL && bound != NULL && t->active != NULL;
	for (uint32_t w = 0; ok && w <= a->times; w++)
		ok = day_shift(to, -(int64_t)a->days * w, bound[w]);
	for (size_t i = 0; ok && i < rows->count; i++) {
		uint32_t who = store_follow(&r->store, a->type, i, &ref), day = store_follow(&r->store, a->type, i, &date);
		uint32_t much = store_follow(&r->store, a->type, i, &sum);
		const char *on = store_text(&r->store, day);

		size_t row = store_row(&r->store, of, who);

		if (row == SIZE_MAX || day == 0)
			continue;
		for (uint32_t w = 0; w < a->times; w++)
			if (strcmp(on, bound[w + 1]) > 0 && strcmp(on, bound[w]) <= 0)
				sums[row * a->times + w] += r->store.words.number[much];
	}
	for (size_t i = 0; ok && i < of->count; i++) {
		t->active[i] = 1;
		for (uint32_t w = 0; w < a->times; w++)
			t->active[i] &= sums[i * a->times + w] >= a->least;
	}
	for (size_t i = 0; ok && i < of->supposed; i++)
		t->active[of->count + i] = t->active[of->like[i]];
	mem_free(sums);
	mem_free(bound);
	return ok;
}

static bool
tests_make(struct run *r, const struct report_line *l, const struct report_condition *c, size_t count, const char *to, struct test **out)
{
	struct test *t = mem_zero(count + 1, sizeof(*t));

	*out = t;
	if (t == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		t[i].c = &c[i];
		if (c[i].kind == RC_ACTIVE) {
			if (!test_active(r, &t[i], store_rows(&r->store, l->type), to))
				return false;
			continue;
		}
		t[i].set = c[i].path.step[c[i].path.count - 1]->shape == SHAPE_SET;
		if (!test_values(r, &t[i]))
			return false;
	}
	return true;
}

static void
tests_free(struct test *t, size_t count)
{
	for (size_t i = 0; i < count && t != NULL; i++) {
		mem_free(t[i].words);
		mem_free(t[i].active);
	}
	mem_free(t);
}

static bool
word_among(const struct test *t, uint32_t word)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->words[i] == word)
			return true;
	return false;
}

static bool
test_one(const struct run *r, const struct test *t, const struct profile_type *type, size_t row)
{
	uint32_t word;
	bool among = false, present;

	if (t->c->kind == RC_ACTIVE)
		return t->active[row] != 0;
	word = store_follow(&r->store, type, row, &t->c->path);
	present = t->set ? r->store.pool[word] > 0 : word != 0;
	if (t->c->kind == RC_PRESENT || t->c->kind == RC_ABSENT)
		return present == (t->c->kind == RC_PRESENT);
	if (!t->set)
		among = word_among(t, word);
	for (uint32_t i = 0; t->set && i < r->store.pool[word] && !among; i++)
		among = word_among(t, r->store.pool[word + 1 + i]);
	return among == (t->c->kind != RC_NOT);
}

static bool
test_all(const struct run *r, const struct test *t, size_t count, const struct profile_type *type, size_t row)
{
	for (size_t i = 0; i < count; i++)
		if (!test_one(r, &t[i], type, row))
			return false;
	return true;
}

/* ---- inside ---- */

static const char *
row_day(const struct run *r, const struct report_line *l, size_t row)
{
	for (size_t i = 0; i < l->date_count; i++) {
		uint32_t word = store_follow(&r->store, l->type, row, &l->date[i]);

		if (word != 0)
			return store_text(&r->store, word);
	}
	return NULL;
}

/* Days compare as text. What has no beginning began before, what has no end goes on. */
static bool
in_window(struct run *r, const struct report_line *l, size_t row, const char *from, const char *to, uint64_t *undated)
{
	const char *day, *first, *last;

	if (l->from.count > 0) {
		first = store_text(&r->store, store_follow(&r->store, l->type, row, &l->from));
		last = store_text(&r->store, store_follow(&r->store, l->type, row, &l->to));
		return strncmp(first, to, 10) <= 0 && (last[0] == '\0' || strncmp(last, from, 10) >= 0);
	}
	if (l->date_count == 0)
		return true;
	day = row_day(r, l, row);
	if (day == NULL) {
		(*undated)++;
		return false;
	}
	return strncmp(day, from, 10) >= 0 && strncmp(day, to, 10) <= 0;
}

struct walk { struct run *run; const struct report_line *line; struct test *where; const char *from, *to; uint64_t undated; };

static bool
inside(struct walk *w, size_t row)
{
	struct run *r = w->run;

	if (r->site_path != NULL && store_follow(&r->store, w->line->type, row, r->site_path) != r->site)
		return false;
	if (!test_all(r, w->where, w->line->where_count, w->line->type, row))
		return false;
	return in_window(r, w->line, row, w->from, w->to, &w->undated);
}

/* ---- tables ---- */

static struct table *
table_add(struct result *x, const struct report_line *l, const struct report_path *path, const struct rows *rows)
{
	struct table *t = &x->tables[x->table_count];

	t->line = l;
	t->path = path;
	t->total_listed = true;
	if (l->person && l->measure != RM_SUM) {
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

/* ---- lists ---- */

static void
label_of(const struct run *r, const struct profile_field *f, uint32_t word, struct buf *out)
{
	const char *text = store_text(&r->store, word), *label = NULL;

	for (size_t i = 0; f->list != NULL && i < f->list->choice_count; i++)
		if (strcmp(f->list->choices[i].code, text) == 0)
			label = label_in(f->list->choices[i].labels, f->list->choices[i].label_count, r->ask->lang);
	buf_printf(out, "%s%s", out->len > 0 && text[0] != '\0' ? " – " : "", label != NULL ? label : text);
}

/* A list stands as its people wrote it: each record with its fields, and a number where one is named. */
static bool
fill_list(struct walk *w, struct result *x)
{
	const struct report_line *l = w->line;
	const struct rows *rows = store_rows(&w->run->store, l->type);
	struct store *s = &w->run->store;

	x->list = json_array();
	w->undated = 0;
	for (size_t i = 0; i < rows->count; i++) {
		struct buf label = BUF_INIT;
		uint32_t word;

		if (!inside(w, i))
			continue;
		for (size_t k = 0; k < l->field_count; k++) {
			const struct profile_field *f = l->fields[k].step[l->fields[k].count - 1];

			word = store_follow(s, l->type, i, &l->fields[k]);
			if (f->shape != SHAPE_SET) {
				label_of(w->run, f, word, &label);
				continue;
			}
			for (uint32_t e = 0; e < s->pool[word]; e++)
				label_of(w->run, f, s->pool[word + 1 + e], &label);
		}
		word = l->field.count > 0 ? store_follow(s, l->type, i, &l->field) : 0;
		(void)!json_array_append_new(x->list, json_pack("{s:s,s:s,s:o}", "key", store_text(s, rows->cells[i * rows->width + ROW_OWN]),
		                                               "label", buf_ok(&label) ? buf_str(&label) : "", "value",
		                                               word == 0 ? json_null() : number_json(s->words.number[word])));
		buf_free(&label);
	}
	x->has_n = true;
	x->n = (double)json_array_size(x->list);
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

static void
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
	     count_measure(&w, x, having) && !r->store.words.failed;
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
		mem_free(x->tables[i].cells);
	}
	mem_free(x->tables);
	json_decref(x->list);
	json_decref(x->warnings);
}
