/*
 * Persons that are not records: those whom a number in a record tells of, and
 * those who stand behind several records with one value. Each gets a table
 * of its own beside the line's, over the same rows, so that suppression asks
 * of them what it asks of records (proto/report.md, 4):
 *
 *   sum of a field      a row stands for as many persons as its field says
 *   part of another     the same of what the field leaves of the whole
 *   different values    the first row of all with a value stands for it
 *
 * A sum by a field of somebody (hours by the volunteer's languages) is hidden
 * here at once: report_behind.c.
 */
#include <math.h>

#include "base/mem.h"
#include "casework/report_count.h"

uint32_t
table_heads(const struct table *t, size_t row)
{
	return t->heads == NULL ? 1 : t->heads[row];
}

static struct table *
add_table(struct result *x, const struct report_line *l, enum counted of, const struct report_path *field, const struct report_path *whole)
{
	struct table *t = &x->tables[x->table_count];
	size_t rows = x->rows->count + x->rows->supposed;

	*t = (struct table){ .line = l, .of = of, .field = field, .whole = whole, .place = x->table_count, .total_listed = true };
	t->code = mem_zero(rows + 1, sizeof(*t->code));
	t->heads = of == OF_VALUES ? NULL : mem_zero(rows + 1, sizeof(*t->heads));
	x->table_count++; /* result_free() frees what there is */
	return t->code == NULL || (of != OF_VALUES && t->heads == NULL) ? NULL : t;
}

static double
number_at(const struct run *r, const struct report_line *l, size_t row, const struct report_path *path)
{
	uint32_t word = store_follow(&r->store, l->type, row, path);

	return word == 0 ? 0 : r->store.words.number[word];
}

/* Nonsense of a record is nobody, and so many that it would not fit is many. */
static uint32_t
heads_of(double n)
{
	return n < 0.5 ? 0 : n > 1e6 ? 1000000 : (uint32_t)llround(n);
}

static void
put_heads(struct table *t, size_t row)
{
	t->code[row] = UINT16_MAX;
	t->total += t->heads[row];
}

/*
 * Who reads a report knows which events there were and only asks how many came, so no supposed record takes
 * part. Of the whole every sum is taken as known, as it is where its line is open.
 */
static bool
sum_tables(struct walk *w, struct result *x, const struct report_path *whole)
{
	const struct report_line *l = w->line;
	struct table *part = add_table(x, l, OF_HEADS, &l->field, NULL);
	struct table *rest = part == NULL || whole == NULL ? NULL : add_table(x, l, OF_REST, &l->field, whole);

	if (part == NULL || (whole != NULL && rest == NULL))
		return false;
	for (size_t row = 0; row < x->rows->count; row++) {
		double n = number_at(w->run, l, row, &l->field);

		part->heads[row] = heads_of(n); /* of rows outside too: two runs are compared by them */
		if (rest != NULL)
			rest->heads[row] = heads_of(number_at(w->run, l, row, whole) - n);
		if (!inside(w, row))
			continue;
		put_heads(part, row);
		if (rest != NULL)
			put_heads(rest, row);
	}
	return true;
}

/* By word: the first row of all that has it, + 1. */
static bool
first_rows(struct run *r, const struct result *x, uint32_t **out)
{
	size_t count = r->store.words.count;

	*out = mem_zero(count + 1, sizeof(**out));
	for (size_t row = 0; *out != NULL && row < x->rows->count; row++) {
		uint32_t word = store_follow(&r->store, x->line->type, row, &x->line->field);

		if (word != 0 && (*out)[word] == 0)
			(*out)[word] = (uint32_t)row + 1;
	}
	return *out != NULL;
}

static bool
value_table(struct walk *w, struct result *x)
{
	struct table *t = add_table(x, w->line, OF_VALUES, &w->line->field, NULL);
	uint32_t *first = NULL;
	bool ok = t != NULL && first_rows(w->run, x, &first);

	for (size_t row = 0; ok && row < x->rows->count; row++) {
		uint32_t word = inside(w, row) ? store_follow(&w->run->store, w->line->type, row, &w->line->field) : 0;

		t->sum += word != 0; /* how many records say */
		if (word == 0 || t->code[first[word] - 1] != 0)
			continue;
		t->code[first[word] - 1] = UINT16_MAX;
		t->total++;
	}
	mem_free(first);
	return ok;
}

bool
heads_tables(struct walk *w, struct result *x)
{
	const struct report_line *l = w->line;
	uint64_t undated = w->undated;
	bool ok = true;

	if (l->measure == RM_SUM && l->group.count > 0)
		ok = w->run->ask->plain || hide_behind(w, x);
	else if (l->measure == RM_SUM)
		ok = sum_tables(w, x, l->part_of == SIZE_MAX ? NULL : &w->run->ask->def->lines[l->part_of].field);
	else if (l->measure == RM_DISTINCT)
		ok = value_table(w, x);
	w->undated = undated;
	return ok;
}

void
heads_together(struct run *r)
{
	for (size_t i = 0; i < r->result_count; i++) {
		struct result *x = &r->results[i];
		bool hidden = false;

		if ((x->line->measure != RM_SUM && x->line->measure != RM_DISTINCT) || x->table_count < 2)
			continue;
		for (size_t k = 1; k < x->table_count; k++)
			hidden = hidden || x->tables[k].total_hidden;
		if (x->line->measure == RM_DISTINCT && x->tables[0].count > 0) /* without its base it would stand alone */
			hidden = hidden || x->tables[0].cells[0].hidden;
		for (size_t k = 1; k < x->table_count; k++)
			x->tables[k].total_hidden = hidden;
	}
}
