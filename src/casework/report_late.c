/*
 * What came late into runs that were published before: an earlier count that
 * is not today's is a vector less an unknown of its own (proto/report.md, 6).
 */
#include "base/mem.h"
#include "casework/report_past_internal.h"

static uint64_t
membership(const struct guard *g, const struct table *t)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < g->rows->count + g->rows->supposed; i++)
		h = (h ^ (t->code[i] != 0)) * 1099511628211u;
	return h;
}

static bool
table_moved(const struct table *t)
{
	bool moved = total_published(t) && t->total_told != (int64_t)t->total;

	for (size_t i = 0; t->line->measure != RM_VALUES && i < t->count; i++)
		moved = moved || (cell_published(&t->cells[i]) && t->cells[i].told != (int64_t)t->cells[i].count);
	return moved;
}

static bool
run_moved(const struct past_run *p)
{
	for (size_t i = 0; i < p->past->def->line_count; i++)
		for (size_t k = 0; k < p->results[i].table_count; k++)
			if (p->results[i].tables[k].code != NULL && table_moved(&p->results[i].tables[k]))
				return true;
	return false;
}

static size_t
run_of(const struct past_run *runs, size_t count, const struct table *t)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < runs[i].past->def->line_count; k++)
			if (t >= runs[i].results[k].tables && t < runs[i].results[k].tables + runs[i].results[k].table_count)
				return i;
	return SIZE_MAX;
}

/* Facts of one run about the same records share what came late to them. */
static size_t
late_group(struct family *f, size_t run, uint64_t sign)
{
	for (size_t i = 0; i < f->group_count; i++)
		if (f->group_run[i] == run && f->group_sign[i] == sign)
			return i;
	f->group_run[f->group_count] = run;
	f->group_sign[f->group_count] = sign;
	return f->group_count++;
}

bool
family_plan_late(struct family *f, const struct past_run *runs, size_t count)
{
	struct guard *g = &f->g;

	f->late = mem_zero(g->fact_count + 1, sizeof(*f->late));
	f->group_run = mem_zero(g->fact_count + 1, sizeof(*f->group_run));
	f->group_sign = mem_zero(g->fact_count + 1, sizeof(*f->group_sign));
	if (f->late == NULL || f->group_run == NULL || f->group_sign == NULL)
		return false;
	for (size_t i = 0; i < g->fact_count; i++) {
		struct table *t = g->facts[i].t;
		size_t run = t->past ? run_of(runs, count, t) : SIZE_MAX;

		f->late[i].moved = run != SIZE_MAX && run_moved(&runs[run]);
		if (f->late[i].moved)
			f->late[i].group = late_group(f, run, membership(g, t));
	}
	f->late_count = f->group_count;
	for (size_t i = 0; i < g->fact_count; i++)
		if (f->late[i].moved) {
			f->late[i].cells = f->late_count;
			f->late_count += fact_cells(&g->facts[i]);
		}
	return true;
}

/* In a set a record may fall into several cells: their late records do not come to those of the whole. */
static bool
is_partition(const struct table *t)
{
	return t->path == NULL || t->line->measure == RM_SHARE || t->path->step[t->path->count - 1]->shape != SHAPE_SET;
}

/* Adds `times` what came late into the cell, or into all of the fact. */
static void
put_late(struct family *f, size_t fact, size_t cell, int times)
{
	struct guard *g = &f->g;
	const struct late *l = &f->late[fact];
	size_t last = fact_cells(&g->facts[fact]);
	uint32_t *at = g->vector + g->column_count;

	if (!l->moved)
		return;
	if (cell == CELL_WHOLE) {
		at[l->group] = space_number(times);
	} else if (cell + 1 < last || !is_partition(g->facts[fact].t)) {
		at[l->cells + cell] = space_number(times);
	} else { /* the last cell has what the others leave of the whole */
		at[l->group] = space_number(times);
		for (size_t i = 0; i + 1 < last; i++)
			at[l->cells + i] = space_number(-times);
	}
}

static void
tell(struct family *f, size_t fact, size_t cell, int64_t n)
{
	struct guard *g = &f->g;

	guard_vector(g, g->facts[fact].t, cell);
	put_late(f, fact, cell, -1);
	g->vector[g->column_count + g->extra] = space_number(n);
	space_add(&g->space, g->vector);
}

static void
span_then(struct family *f)
{
	struct guard *g = &f->g;

	space_clear(&g->space);
	for (size_t i = 0; i < g->fact_count; i++) {
		const struct table *t = g->facts[i].t;

		if (total_published(t))
			tell(f, i, CELL_WHOLE, t->past ? t->total_told : (int64_t)t->total);
		for (size_t c = 0; c < fact_cells(&g->facts[i]); c++)
			if (cell_published(&t->cells[c]))
				tell(f, i, c, t->past ? t->cells[c].told : (int64_t)t->cells[c].count);
	}
}

/* What came late into the cell; and, of a cell that was hidden, how many it was. */
static bool
late_tells(struct family *f, size_t fact, size_t cell)
{
	struct guard *g = &f->g;
	const struct table *t = g->facts[fact].t;
	bool shown = cell == CELL_WHOLE ? total_published(t) : cell_published(&t->cells[cell]);
	int64_t told;

	memset(g->vector, 0, (g->column_count + g->extra + 1) * sizeof(*g->vector));
	put_late(f, fact, cell, 1);
	if (space_has(&g->space, g->vector, &told) && (count_small(told) || count_small(-told)))
		return true;
	if (shown)
		return false;
	guard_vector(g, t, cell);
	put_late(f, fact, cell, -1);
	return space_has(&g->space, g->vector, &told) && count_small(told);
}

/* What two earlier runs had between them then, when it was hidden that they did. */
static bool
then_between(struct family *f, size_t a, size_t a_cell, size_t b, size_t b_cell)
{
	struct guard *g = &f->g;
	size_t width = g->column_count + g->extra + 1;
	int64_t told;

	guard_vector(g, g->facts[b].t, b_cell);
	put_late(f, b, b_cell, -1);
	memcpy(f->other, g->vector, width * sizeof(*f->other));
	guard_vector(g, g->facts[a].t, a_cell);
	put_late(f, a, a_cell, -1);
	for (size_t i = 0; i < width; i++)
		g->vector[i] = space_number((int64_t)g->vector[i] - (int64_t)f->other[i]);
	return space_has(&g->space, g->vector, &told) && (count_small(told) || count_small(-told));
}

/* What came late to one earlier run and not to another. */
static bool
late_between(struct family *f, size_t a, size_t a_cell, size_t b, size_t b_cell)
{
	struct guard *g = &f->g;
	size_t width = g->column_count + g->extra + 1;
	int64_t told;

	memset(g->vector, 0, width * sizeof(*g->vector));
	put_late(f, b, b_cell, 1);
	memcpy(f->other, g->vector, width * sizeof(*f->other));
	memset(g->vector, 0, width * sizeof(*g->vector));
	put_late(f, a, a_cell, 1);
	for (size_t i = 0; i < width; i++)
		g->vector[i] = space_number((int64_t)g->vector[i] - (int64_t)f->other[i]);
	return space_has(&g->space, g->vector, &told) && (count_small(told) || count_small(-told));
}

static bool
close_then(struct family *f, const struct run *r, size_t a, size_t b)
{
	const struct table *x = f->g.facts[a].t, *y = f->g.facts[b].t;

	for (size_t c = 0; c < fact_cells(&f->g.facts[a]); c++) {
		size_t same = told_cell_at(r, y, told_key(r, x, c));

		if (same != SIZE_MAX && (late_between(f, a, c, b, same) ||
		    (!(cell_published(&x->cells[c]) && cell_published(&y->cells[same])) && then_between(f, a, c, b, same))) &&
		    family_hide(f, r, f->g.facts[a].t, c))
			return true;
	}
	return (late_between(f, a, CELL_WHOLE, b, CELL_WHOLE) ||
	        (!(total_published(x) && total_published(y)) && then_between(f, a, CELL_WHOLE, b, CELL_WHOLE))) &&
	       family_hide(f, r, f->g.facts[a].t, CELL_WHOLE);
}

bool
family_close_late(struct family *f, const struct run *r)
{
	struct guard *g = &f->g;

	span_then(f);
	for (size_t i = 0; i < g->fact_count; i++) {
		if (!f->late[i].moved)
			continue;
		for (size_t c = 0; c < fact_cells(&g->facts[i]); c++)
			if (late_tells(f, i, c) && family_hide(f, r, g->facts[i].t, c))
				return true;
		if (late_tells(f, i, CELL_WHOLE) && family_hide(f, r, g->facts[i].t, CELL_WHOLE))
			return true;
	}
	for (size_t i = 0; i < g->fact_count; i++)
		for (size_t k = 0; k < i; k++)
			if (g->facts[i].t->past && g->facts[k].t->past && same_line(g->facts[i].t, f->of) && same_line(g->facts[k].t, f->of) &&
			    close_then(f, r, i, k))
				return true;
	return false;
}
