/*
 * What two runs have between them, and what several have: records that one
 * counts and another does not, and records that the same runs count
 * (proto/report.md, 6).
 */
#include "base/mem.h"
#include "base/table.h"
#include "casework/report_past_internal.h"

/* One in the other, and only a few between them. */
static bool
few_between(uint64_t a, uint64_t b, uint64_t both)
{
	return (both == b && count_small((int64_t)(a - both))) || (both == a && count_small((int64_t)(b - both)));
}

static bool
difference_follows(struct family *f, const struct table *mine, size_t cell, const struct table *then, size_t then_cell)
{
	struct guard *g = &f->g;

	guard_vector(g, then, then_cell);
	memcpy(f->other, g->vector, g->column_count * sizeof(*f->other));
	guard_vector(g, mine, cell);
	for (size_t i = 0; i < g->column_count; i++)
		g->vector[i] = space_number((int64_t)g->vector[i] - (int64_t)f->other[i]);
	return guard_follows(g);
}

struct overlap { uint64_t *both; size_t *then; uint64_t all; };

/* How many records each cell shares with the cell of the same name then. */
static bool
overlap_of(struct overlap *o, const struct guard *g, const struct run *r, const struct table *mine, const struct table *then)
{
	o->both = mem_zero(mine->count + 1, sizeof(*o->both));
	o->then = mem_zero(mine->count + 1, sizeof(*o->then));
	o->all = 0;
	if (o->both == NULL || o->then == NULL)
		return false;
	for (size_t c = 0; c < mine->count; c++)
		o->then[c] = told_cell_at(r, then, told_key(r, mine, c));
	for (size_t row = 0; row < g->rows->count; row++) {
		uint16_t a = mine->code[row], b = then->code[row];

		o->all += a != 0 && b != 0 ? table_heads(mine, row) : 0;
		if (a != 0 && a != UINT16_MAX && b != 0 && b != UINT16_MAX && o->then[a - 1] == (size_t)b - 1)
			o->both[a - 1]++;
	}
	return true;
}

/* A total less its published cells tells the others together: of those too only a few may lie between two runs. */
static bool
in_rest(const struct table *t, size_t row)
{
	uint16_t code = t->code[row];

	return code != 0 && code != UINT16_MAX && !cell_published(&t->cells[code - 1]);
}

static bool
rest_differs(struct family *f, const struct table *mine, const struct table *then)
{
	uint64_t a = 0, b = 0, both = 0;

	for (size_t row = 0; row < f->g.rows->count; row++) {
		bool x = in_rest(mine, row), y = in_rest(then, row);

		a += x;
		b += y;
		both += x && y;
	}
	return few_between(a, b, both) && difference_follows(f, mine, CELL_REST, then, CELL_REST);
}

static bool
close_difference(struct family *f, const struct run *r, struct table *mine, const struct table *then)
{
	struct overlap o = { NULL, NULL, 0 };
	bool looked = overlap_of(&o, &f->g, r, mine, then), closed = false; /* without memory there is no report: report_run_cells() */

	if (looked && few_between(mine->total, then->total, o.all) && difference_follows(f, mine, CELL_WHOLE, then, CELL_WHOLE))
		closed = family_hide(f, r, mine, CELL_WHOLE);
	for (size_t c = 0; looked && !only_total(mine) && mine->line->measure != RM_VALUES && c < mine->count && !closed; c++)
		if (o.then[c] != SIZE_MAX && few_between(mine->cells[c].count, then->cells[o.then[c]].count, o.both[c]) &&
		    difference_follows(f, mine, c, then, o.then[c]))
			closed = guard_hide_near(&f->g, mine, c);
	if (looked && !closed && !only_total(mine) && mine->line->measure != RM_VALUES && rest_differs(f, mine, then))
		closed = guard_hide_near(&f->g, mine, SIZE_MAX);
	mem_free(o.both);
	mem_free(o.then);
	return closed;
}

/* ---- what several runs have between them: rows that the same runs count, and in the same cells ---- */

/* Alike are rows in the same cells of all runs, in the same runs, or on the same side of all that runs published. */
enum alike { ALIKE_CELLS, ALIKE_RUNS, ALIKE_PUBLISHED };

static uint64_t
side_of(const struct table *t, size_t row, enum alike by)
{
	uint16_t code = t->code[row];

	if (by == ALIKE_CELLS)
		return code;
	if (by == ALIKE_RUNS || code == 0)
		return code != 0;
	if (code != UINT16_MAX && !only_total(t) && cell_published(&t->cells[code - 1]))
		return (uint64_t)code + 1;
	return total_published(t);
}

static uint64_t
tuple(const struct family *f, size_t row, enum alike by)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < f->g.fact_count; i++)
		if (same_line(f->g.facts[i].t, f->of))
			h = (h ^ side_of(f->g.facts[i].t, row, by)) * 1099511628211u;
	return h;
}

/* Nothing was ever told of others: a group of them follows from nothing. */
static bool
is_in_any(const struct family *f, size_t row)
{
	for (size_t i = 0; i < f->g.fact_count; i++)
		if (f->g.facts[i].t->code[row] != 0)
			return true;
	return false;
}

struct atom { uint32_t count, row; };

static bool
atom_follows(struct family *f, uint64_t of, enum alike by)
{
	struct guard *g = &f->g;

	for (size_t i = 0; i < g->column_count; i++)
		g->vector[i] = tuple(f, g->columns[i], by) == of;
	for (size_t i = g->column_count; i <= g->column_count + g->extra; i++)
		g->vector[i] = 0;
	return guard_follows(g);
}

static bool
hide_row(struct family *f, struct table *mine, size_t row)
{
	uint16_t code = mine->code[row];

	return guard_hide_near(&f->g, mine, code == 0 || code == UINT16_MAX ? SIZE_MAX : (size_t)code - 1);
}

/* Beyond k it makes no difference how many: so no sum can outgrow its half of the word. */
static uint32_t
enough(uint32_t heads)
{
	return heads < REPORT_K ? heads : REPORT_K;
}

static bool
close_atoms(struct family *f, struct table *mine, enum alike by)
{
	struct table *counts = table_new(8);
	const void *key;
	uint64_t *value;
	size_t at = 0;
	bool closed = false;

	for (size_t row = 0; counts != NULL && row < f->g.rows->count; row++) {
		uint64_t h = tuple(f, row, by), *n = is_in_any(f, row) ? table_put(counts, &h) : NULL;

		if (n != NULL) /* the first row, and how many */
			*n = (*n == 0 ? (uint64_t)row << 32 : *n) + enough(table_heads(mine, row));
	}
	while (counts != NULL && !closed && table_next(counts, &at, &key, &value))
		if (count_small((int64_t)(*value & UINT32_MAX)) && atom_follows(f, *(const uint64_t *)key, by))
			closed = hide_row(f, mine, (size_t)(*value >> 32));
	table_free(counts);
	return closed;
}

bool
family_close_between(struct family *f, const struct run *r)
{
	struct table *mine = family_counterpart(f, f->of);

	guard_span(&f->g);
	for (size_t i = 0; i < f->g.fact_count; i++)
		if (f->g.facts[i].t->past && same_line(f->g.facts[i].t, f->of) && close_difference(f, r, mine, f->g.facts[i].t))
			return true;
	return close_atoms(f, mine, ALIKE_CELLS) || close_atoms(f, mine, ALIKE_RUNS) || close_atoms(f, mine, ALIKE_PUBLISHED);
}
