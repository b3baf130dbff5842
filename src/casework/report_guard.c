/*
 * Suppression. What is published is a set of counts, each of some group of
 * records; whoever adds and subtracts them learns the counts of exactly the
 * groups that their linear combinations make. So after hiding every count
 * from 1 to k-1 we ask of each of them: is its group still such a
 * combination? If it is, one more count is hidden, and we ask again. One
 * question covers rows that sum to totals, roll-ups, lines with the same
 * figure, windows inside each other and parts of parts (proto/report.md, 4).
 *
 * A group is a vector with a 1 for each record in it. Records that all lines
 * treat alike need one column, and leaving columns out can only make a group
 * look more derivable than it is: we may hide too much, never too little.
 */
#include "casework/report_guard.h"

#include "base/mem.h"
#include "base/table.h"

enum { COLUMNS_PER_CELL = 24 };

/* ---- which rows stand for the rest ---- */

size_t
fact_cells(const struct fact *f)
{
	return f->whole || f->t->line->measure == RM_VALUES ? 0 : f->t->count;
}

static size_t
groups_in(const struct guard *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->fact_count; i++)
		n += fact_cells(&g->facts[i]) + 1;
	return n;
}

static uint64_t
signature(const struct guard *g, size_t row)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < g->fact_count; i++) {
		uint16_t code = g->facts[i].t->code[row];

		h = (h ^ (uint64_t)(g->facts[i].whole ? code != 0 : code)) * 1099511628211u;
	}
	return h;
}

/* Does one of the row's groups still have few columns? Counts it in when asked. */
static bool
groups_want(const struct guard *g, size_t row, uint32_t *have, bool take)
{
	bool want = false;

	for (size_t i = 0, at = 0; i < g->fact_count; at += fact_cells(&g->facts[i]) + 1, i++) {
		uint16_t code = g->facts[i].t->code[row];
		size_t cell = code == UINT16_MAX || g->facts[i].whole ? 0 : code;

		if (code == 0)
			continue;
		want = want || have[at] < COLUMNS_PER_CELL || have[at + cell] < COLUMNS_PER_CELL;
		have[at] += take;
		if (cell > 0)
			have[at + cell] += take;
	}
	return want;
}

static bool
choose_columns(struct guard *g)
{
	uint32_t *have = mem_zero(groups_in(g) + 1, sizeof(*have));
	struct table *known = table_new(8);
	bool ok = have != NULL && known != NULL;

	for (size_t row = 0; ok && row < g->rows->count + g->rows->supposed; row++) {
		uint64_t h, *slot;
		size_t *more;

		if (row >= g->rows->count && g->rows->ruled_out[row - g->rows->count])
			continue;
		if (!groups_want(g, row, have, false))
			continue;
		h = signature(g, row);
		slot = table_get(known, &h);
		if (slot != NULL)
			continue;
		slot = table_put(known, &h);
		more = mem_room(g->columns, g->column_count, &g->column_cap, sizeof(*more));
		if (more != NULL)
			g->columns = more; /* also when the table had no memory: the old one is gone */
		ok = slot != NULL && more != NULL;
		if (!ok)
			break;
		*slot = 1;
		g->columns[g->column_count++] = row;
		(void)groups_want(g, row, have, true);
	}
	table_free(known);
	mem_free(have);
	return ok;
}

bool
guard_fact(struct guard *g, struct table *t, bool whole)
{
	struct fact *more = mem_room(g->facts, g->fact_count, &g->fact_cap, sizeof(*more));

	if (more == NULL)
		return false;
	g->facts = more;
	g->facts[g->fact_count++] = (struct fact){ t, whole };
	return true;
}

bool
guard_ready(struct guard *g, size_t extra)
{
	g->extra = extra;
	if (!choose_columns(g))
		return false;
	g->vector = mem_zero(g->column_count + extra + 2, sizeof(*g->vector));
	return g->vector != NULL && space_init(&g->space, g->column_count + extra + 1, groups_in(g) + 1);
}

void
guard_wipe(struct guard *g)
{
	mem_free(g->facts);
	mem_free(g->columns);
	mem_free(g->vector);
	space_free(&g->space);
	g->facts = NULL;
	g->columns = NULL;
	g->vector = NULL;
	g->fact_count = g->fact_cap = g->column_count = g->column_cap = 0;
}

/* ---- groups as vectors ---- */

bool
cell_published(const struct cell *c)
{
	return c->listed && !c->hidden;
}

bool
total_published(const struct table *t)
{
	return t->total_listed && !t->total_hidden;
}

void
guard_vector(struct guard *g, const struct table *t, size_t cell)
{
	for (size_t i = 0; i < g->column_count; i++) {
		uint16_t code = t->code[g->columns[i]];

		if (code == 0 || cell == CELL_WHOLE)
			g->vector[i] = code != 0;
		else if (cell == CELL_REST)
			g->vector[i] = code == UINT16_MAX || !cell_published(&t->cells[code - 1]);
		else
			g->vector[i] = code == cell + 1;
	}
	for (size_t i = g->column_count; i <= g->column_count + g->extra; i++)
		g->vector[i] = 0;
}

void
guard_span(struct guard *g)
{
	space_clear(&g->space);
	for (size_t i = 0; i < g->fact_count; i++) {
		const struct table *t = g->facts[i].t;

		if (total_published(t)) {
			guard_vector(g, t, CELL_WHOLE);
			space_add(&g->space, g->vector);
		}
		for (size_t c = 0; c < fact_cells(&g->facts[i]); c++)
			if (cell_published(&t->cells[c])) {
				guard_vector(g, t, c);
				space_add(&g->space, g->vector);
			}
	}
}

bool
guard_follows(struct guard *g)
{
	int64_t told;

	return space_has(&g->space, g->vector, &told);
}

static bool
derivable(struct guard *g, const struct table *t, size_t cell)
{
	guard_vector(g, t, cell);
	return guard_follows(g);
}

/* ---- hiding ---- */

bool
count_small(int64_t count)
{
	return count > 0 && count < REPORT_K;
}

static void
hide_small(struct table *t)
{
	t->total_hidden = t->total_hidden || count_small((int64_t)t->total);
	if (t->of == OF_VALUES) /* its base stands beside it: what is left are those who came again */
		t->total_hidden = t->total_hidden || count_small((int64_t)t->sum - (int64_t)t->total);
	for (size_t i = 0; t->line->measure != RM_VALUES && i < t->count; i++)
		t->cells[i].hidden = t->cells[i].hidden || count_small((int64_t)t->cells[i].count);
}

/* Hides one more count: this one, else the smallest of the table, else its total. False: nothing is left. */
static bool
guard_hide(struct table *t, size_t cell)
{
	struct cell *named = cell < t->count && cell_published(&t->cells[cell]) ? &t->cells[cell] : NULL, *least = named;

	for (size_t i = 0; t->line->measure != RM_VALUES && named == NULL && i < t->count; i++)
		if (cell_published(&t->cells[i]) && (least == NULL || t->cells[i].count < least->count))
			least = &t->cells[i];
	if (least != NULL) {
		least->hidden = true;
		return true;
	}
	if (!total_published(t) || t->total == 0)
		return false;
	t->total_hidden = true;
	return true;
}

static bool
same_path(const struct table *a, const struct table *b)
{
	return a->path != NULL && b->path != NULL && a->path->count == b->path->count &&
	       memcmp(a->path->step, b->path->step, a->path->count * sizeof(a->path->step[0])) == 0;
}

/* In the table itself; else where the same field stands again; else in the latest line. */
bool
guard_hide_near(struct guard *g, struct table *t, size_t cell)
{
	if (!t->past && guard_hide(t, cell))
		return true;
	for (size_t i = g->fact_count; i-- > 0;)
		if (g->facts[i].t != t && !g->facts[i].t->past && same_path(g->facts[i].t, t) && guard_hide(g->facts[i].t, cell))
			return true;
	for (size_t i = g->fact_count; i-- > 0;)
		if (!g->facts[i].t->past && !g->facts[i].whole && guard_hide(g->facts[i].t, SIZE_MAX))
			return true;
	for (size_t i = g->fact_count; i-- > 0;)
		if (!g->facts[i].t->past && total_published(g->facts[i].t) && g->facts[i].t->total > 0)
			return g->facts[i].t->total_hidden = true;
	return false;
}

/* Hidden together they must be many enough, and not all of them ones. */
static bool
rest_tells(const struct table *t)
{
	uint64_t sum = 0;
	size_t cells = 0;

	for (size_t i = 0; i < t->count; i++)
		if (!cell_published(&t->cells[i])) {
			sum += t->cells[i].count;
			cells += t->cells[i].count > 0;
		}
	return count_small((int64_t)sum) || (cells > 1 && sum == cells);
}

/* One leak closed, or false when the table has none. */
static bool
close_one(struct guard *g, const struct fact *f)
{
	struct table *t = f->t;

	if (count_small((int64_t)t->total) && derivable(g, t, CELL_WHOLE))
		return guard_hide_near(g, t, SIZE_MAX);
	for (size_t i = 0; i < fact_cells(f); i++)
		if (count_small((int64_t)t->cells[i].count) && derivable(g, t, i))
			return guard_hide_near(g, t, SIZE_MAX);
	if (fact_cells(f) > 0 && rest_tells(t) && derivable(g, t, CELL_REST))
		return guard_hide_near(g, t, SIZE_MAX);
	return false;
}

bool
guard_close(struct guard *g)
{
	guard_span(g);
	for (size_t i = 0; i < g->fact_count; i++)
		if (close_one(g, &g->facts[i]))
			return true;
	return false;
}

/* ---- all tables that count the same persons ---- */

static bool
same_field(const struct report_path *a, const struct report_path *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->count == b->count && memcmp(a->step, b->step, a->count * sizeof(a->step[0])) == 0;
}

bool
same_counted(const struct table *a, const struct table *b)
{
	return a->line->type == b->line->type && a->of == b->of && same_field(a->field, b->field) && same_field(a->whole, b->whole);
}

static bool
collect(struct guard *g)
{
	for (size_t i = 0; i < g->run->result_count; i++)
		for (size_t k = 0; k < g->run->results[i].table_count; k++) {
			struct table *t = &g->run->results[i].tables[k];

			if (t->code == NULL || !same_counted(t, g->of))
				continue;
			if (!guard_fact(g, t, false))
				return false;
			hide_small(t);
		}
	return true;
}

static bool
guard_counted(struct guard *g)
{
	if (!collect(g) || (g->fact_count > 0 && !guard_ready(g, 0)))
		return false;
	while (g->column_count > 0 && guard_close(g))
		;
	return true;
}

/* The first that counts these persons: it stands for the others. */
static bool
is_first(const struct run *r, const struct table *t)
{
	for (size_t i = 0; i < r->result_count; i++)
		for (size_t k = 0; k < r->results[i].table_count; k++) {
			const struct table *other = &r->results[i].tables[k];

			if (other == t)
				return true;
			if (other->code != NULL && same_counted(other, t))
				return false;
		}
	return true;
}

enum err_code
guard_all(struct run *r, struct err *err)
{
	if (r->ask->plain)
		return ERR_OK;
	for (size_t i = 0; i < r->result_count; i++)
		for (size_t k = 0; k < r->results[i].table_count; k++) {
			struct guard g = { .run = r, .rows = r->results[i].rows, .of = &r->results[i].tables[k] };
			bool ok = g.of->code == NULL || !is_first(r, g.of) || guard_counted(&g);

			guard_wipe(&g);
			if (!ok)
				return err_plain(err, ERR_NO_MEMORY);
		}
	if (past_guard(r, err) != ERR_OK)
		return err->code;
	heads_together(r);
	return ERR_OK;
}
