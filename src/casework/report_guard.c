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
 * Arithmetic is modulo a prime, so that every machine comes to the same.
 */
#include "base/mem.h"
#include "base/table.h"
#include "casework/report_internal.h"

enum { COLUMNS_PER_CELL = 24 };
static const uint64_t PRIME = 2147483647;

struct guard {
	struct run *run;
	const struct rows *rows;
	struct table **tables;
	size_t table_count;
	size_t *columns;          /* rows that stand for all like them */
	size_t column_count, column_cap;
	uint32_t *basis;          /* echelon: vectors of column_count, one after the other */
	size_t *pivot;
	size_t rank, rank_max;
	uint32_t *vector;
};

/* ---- which rows stand for the rest ---- */

/* Of values that are listed without counts only the total counts someone. */
static size_t
cells_in(const struct table *t)
{
	return t->line->measure == RM_VALUES ? 0 : t->count;
}

static size_t
groups_in(const struct guard *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->table_count; i++)
		n += cells_in(g->tables[i]) + 1;
	return n;
}

static uint64_t
signature(const struct guard *g, size_t row)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < g->table_count; i++)
		h = (h ^ g->tables[i]->code[row]) * 1099511628211u;
	return h;
}

/* Does one of the row's groups still have few columns? Counts it in when asked. */
static bool
groups_want(const struct guard *g, size_t row, uint32_t *have, bool take)
{
	bool want = false;

	for (size_t i = 0, at = 0; i < g->table_count; at += cells_in(g->tables[i]) + 1, i++) {
		uint16_t code = g->tables[i]->code[row];
		size_t cell = code == UINT16_MAX ? 0 : code;

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
		ok = slot != NULL && more != NULL;
		if (!ok)
			break;
		*slot = 1;
		g->columns = more;
		g->columns[g->column_count++] = row;
		(void)groups_want(g, row, have, true);
	}
	table_free(known);
	mem_free(have);
	return ok;
}

/* ---- linear algebra ---- */

static uint32_t
inverse(uint64_t a)
{
	uint64_t result = 1;

	for (uint64_t e = PRIME - 2; e > 0; e >>= 1) {
		if (e & 1)
			result = result * a % PRIME;
		a = a * a % PRIME;
	}
	return (uint32_t)result;
}

static void
subtract(const struct guard *g, uint32_t *v, const uint32_t *b, uint64_t times)
{
	for (size_t i = 0; i < g->column_count; i++)
		if (b[i] != 0)
			v[i] = (uint32_t)((v[i] + (PRIME - times) * b[i]) % PRIME);
}

/* Takes away what the basis spans; true when nothing is left. */
static bool
reduce(struct guard *g)
{
	for (size_t r = 0; r < g->rank; r++)
		if (g->vector[g->pivot[r]] != 0)
			subtract(g, g->vector, g->basis + r * g->column_count, g->vector[g->pivot[r]]);
	for (size_t i = 0; i < g->column_count; i++)
		if (g->vector[i] != 0)
			return false;
	return true;
}

static void
span(struct guard *g)
{
	uint32_t *b = g->basis + g->rank * g->column_count;
	size_t p = 0;
	uint64_t inv;

	if (reduce(g))
		return;
	while (g->vector[p] == 0)
		p++;
	inv = inverse(g->vector[p]);
	for (size_t i = 0; i < g->column_count; i++)
		b[i] = (uint32_t)(g->vector[i] * inv % PRIME);
	g->pivot[g->rank++] = p;
}

/* ---- groups as vectors ---- */

/* cell SIZE_MAX: the whole table; SIZE_MAX - 1: every cell that is not published. */
static const size_t WHOLE = SIZE_MAX, REST = SIZE_MAX - 1;

static bool
cell_published(const struct cell *c)
{
	return c->listed && !c->hidden;
}

static void
vector_of(struct guard *g, const struct table *t, size_t cell)
{
	for (size_t i = 0; i < g->column_count; i++) {
		uint16_t code = t->code[g->columns[i]];

		if (code == 0 || cell == WHOLE)
			g->vector[i] = code != 0;
		else if (cell == REST)
			g->vector[i] = code == UINT16_MAX || !cell_published(&t->cells[code - 1]);
		else
			g->vector[i] = code == cell + 1;
	}
}

static void
span_published(struct guard *g)
{
	g->rank = 0;
	for (size_t i = 0; i < g->table_count; i++) {
		const struct table *t = g->tables[i];

		if (t->total_listed && !t->total_hidden) {
			vector_of(g, t, WHOLE);
			span(g);
		}
		for (size_t c = 0; c < cells_in(t); c++)
			if (cell_published(&t->cells[c])) {
				vector_of(g, t, c);
				span(g);
			}
	}
}

static bool
derivable(struct guard *g, const struct table *t, size_t cell)
{
	vector_of(g, t, cell);
	return reduce(g);
}

/* ---- hiding ---- */

static bool
small(uint64_t count)
{
	return count > 0 && count < REPORT_K;
}

static void
hide_small(struct table *t)
{
	t->total_hidden = t->total_hidden || small(t->total);
	for (size_t i = 0; i < cells_in(t); i++)
		t->cells[i].hidden = t->cells[i].hidden || small(t->cells[i].count);
}

/* The smallest count still published in the table, else its total. False: nothing is left to hide. */
static bool
hide_one_more(struct table *t)
{
	struct cell *least = NULL;

	for (size_t i = 0; i < cells_in(t); i++)
		if (cell_published(&t->cells[i]) && (least == NULL || t->cells[i].count < least->count))
			least = &t->cells[i];
	if (least != NULL) {
		least->hidden = true;
		return true;
	}
	if (!t->total_listed || t->total_hidden || t->total == 0)
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
static bool
hide_for(struct guard *g, struct table *t)
{
	if (hide_one_more(t))
		return true;
	for (size_t i = g->table_count; i-- > 0;)
		if (g->tables[i] != t && same_path(g->tables[i], t) && hide_one_more(g->tables[i]))
			return true;
	for (size_t i = g->table_count; i-- > 0;)
		if (hide_one_more(g->tables[i]))
			return true;
	return false;
}

/* Hidden together they must be many enough, and not all of them ones. */
static bool
rest_tells(const struct table *t)
{
	uint64_t sum = 0;
	size_t cells = 0;

	for (size_t i = 0; i < cells_in(t); i++)
		if (!cell_published(&t->cells[i])) {
			sum += t->cells[i].count;
			cells += t->cells[i].count > 0;
		}
	return small(sum) || (cells > 1 && sum == cells);
}

/* One leak closed, or false when the table has none. */
static bool
close_one(struct guard *g, struct table *t)
{
	if (small(t->total) && derivable(g, t, WHOLE))
		return hide_for(g, t);
	for (size_t i = 0; i < cells_in(t); i++)
		if (small(t->cells[i].count) && derivable(g, t, i))
			return hide_for(g, t);
	if (cells_in(t) > 0 && rest_tells(t) && derivable(g, t, REST))
		return hide_for(g, t);
	return false;
}

static void
close_all(struct guard *g)
{
	bool again = true;

	while (again) {
		again = false;
		span_published(g);
		for (size_t i = 0; i < g->table_count && !again; i++)
			again = close_one(g, g->tables[i]);
	}
}

/* ---- all tables of one type ---- */

static bool
collect(struct guard *g)
{
	size_t cap = 0;

	for (size_t i = 0; i < g->run->result_count; i++)
		for (size_t k = 0; k < g->run->results[i].table_count; k++) {
			struct table *t = &g->run->results[i].tables[k], **more;

			if (t->code == NULL || g->run->results[i].rows != g->rows)
				continue;
			more = mem_room(g->tables, g->table_count, &cap, sizeof(struct table *));
			if (more == NULL)
				return false;
			g->tables = more;
			g->tables[g->table_count++] = t;
			hide_small(t);
		}
	return true;
}

static bool
guard_type(struct guard *g)
{
	if (!collect(g) || (g->table_count > 0 && !choose_columns(g)))
		return false;
	if (g->column_count == 0)
		return true;
	g->rank_max = groups_in(g) + 1;
	g->basis = mem_zero(g->rank_max * g->column_count, sizeof(*g->basis));
	g->pivot = mem_zero(g->rank_max, sizeof(*g->pivot));
	g->vector = mem_zero(g->column_count, sizeof(*g->vector));
	if (g->basis == NULL || g->pivot == NULL || g->vector == NULL)
		return false;
	close_all(g);
	return true;
}

enum err_code
guard_all(struct run *r, struct err *err)
{
	for (size_t i = 0; i < r->store.type_count; i++) {
		struct guard g = { .run = r, .rows = &r->store.types[i] };
		bool ok = guard_type(&g);

		mem_free(g.tables);
		mem_free(g.columns);
		mem_free(g.basis);
		mem_free(g.pivot);
		mem_free(g.vector);
		if (!ok)
			return err_plain(err, ERR_NO_MEMORY);
	}
	return ERR_OK;
}
