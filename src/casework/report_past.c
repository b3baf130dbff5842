/*
 * Runs that were published before. Whoever has them has their cells, so each
 * is counted again over the records of today and stands beside this run:
 *
 *   what today's records say of it    vectors as of this run: is a small group between two runs a combination?
 *   what it said then                 the same less what has come late since: is what came late a combination?
 *
 * A line is asked together with the lines of the same field and with every
 * total, over all runs. Only counts of this run can still be hidden.
 * Spec: proto/report.md, 6.
 */
#include "base/mem.h"
#include "base/table.h"
#include "casework/report_guard.h"

struct past_run {
	const struct report_past *past;
	struct result *results;
	bool near;                 /* its period meets this one's, or that of a run that does */
};

/* ---- what a run tells ---- */

static const char *
table_key(const struct run *r, const struct table *t, size_t cell)
{
	static const char *const shares[] = { "yes", "no", "none" }, *const known[] = { "known", "unknown" };

	if (t->line->measure == RM_SHARE)
		return shares[cell % 3];
	if (t->line->measure == RM_DISTINCT)
		return known[cell % 2];
	return cell_key(r, &t->cells[cell]);
}

static json_t *
table_told(const struct run *r, const struct table *t)
{
	json_t *cells = json_object(), *out = json_object();

	for (size_t i = 0; t->line->measure != RM_VALUES && i < t->count; i++)
		if (cell_published(&t->cells[i]))
			json_object_set_new(cells, table_key(r, t, i), json_integer((json_int_t)t->cells[i].count));
	if (total_published(t))
		json_object_set_new(out, "total", json_integer((json_int_t)t->total));
	json_object_set_new(out, "cells", cells);
	return out;
}

/* A figure or a table as it is shown, for the differences to a later run. */
static json_t *
shown_value(const struct result *x)
{
	json_t *out, *item;
	size_t i;

	if (x->null || x->line->measure == RM_LIST || x->line->measure == RM_VALUES || x->line->measure == RM_RULE)
		return json_null();
	if (x->list == NULL)
		return number_json(x->value);
	out = json_object();
	json_array_foreach(x->list, i, item)
		json_object_set(out, json_string_value(json_object_get(item, "key")), json_object_get(item, "value"));
	return out;
}

json_t *
past_cells(const struct run *r)
{
	json_t *out = json_object();

	for (size_t i = 0; i < r->result_count; i++) {
		const struct result *x = &r->results[i];
		json_t *line = json_object(), *tables = json_array();

		for (size_t k = 0; k < x->table_count; k++)
			if (x->tables[k].code != NULL)
				json_array_append_new(tables, table_told(r, &x->tables[k]));
		if (json_array_size(tables) > 0)
			json_object_set(line, "tables", tables);
		json_decref(tables);
		json_object_set_new(line, "value", shown_value(x));
		json_object_set_new(out, x->line->id, line);
	}
	return out;
}

/* ---- counting an earlier run again ---- */

static size_t
cell_named(const struct run *r, const struct table *t, const char *key)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(table_key(r, t, i), key) == 0)
			return i;
	return SIZE_MAX;
}

static bool
told_cell(struct run *r, struct table *t, const char *key, json_int_t n)
{
	size_t at = cell_named(r, t, key);
	struct cell *more;

	if (at == SIZE_MAX && (t->line->measure == RM_SHARE || t->line->measure == RM_DISTINCT || t->count >= CELLS_MAX || n == 0))
		return true;
	if (at == SIZE_MAX) { /* nobody falls into it any more */
		more = mem_room(t->cells, t->count, &t->cap, sizeof(*more));
		if (more == NULL)
			return false;
		t->cells = more;
		at = t->count++;
		t->cells[at] = (struct cell){ .word = strcmp(key, "no_value") == 0 ? 0 : store_word(&r->store, key) };
	}
	t->cells[at].listed = true;
	t->cells[at].told = n;
	return true;
}

/* What it published, from the ledger: foreign words, of which only numbers are taken. */
static bool
told_table(struct run *r, struct table *t, const json_t *told)
{
	const json_t *total = json_object_get(told, "total");
	const char *key;
	json_t *n;

	t->past = true;
	t->total_hidden = false;
	t->total_listed = json_is_integer(total) && json_integer_value(total) >= 0;
	t->total_told = json_integer_value(total);
	for (size_t i = 0; i < t->count; i++)
		t->cells[i].listed = t->cells[i].hidden = false;
	json_object_foreach(json_object_get(told, "cells"), key, n)
		if (json_is_integer(n) && json_integer_value(n) >= 0 && !told_cell(r, t, key, json_integer_value(n)))
			return false;
	return true;
}

/* A line that is dated by the run's own period has nothing to do with a run that this one never meets. */
static bool
concerns(const struct past_run *p, const struct report_line *l)
{
	return l->type != NULL && l->person && l->measure != RM_SUM && (p->near || l->date_count == 0 || l->window == RW_FIXED);
}

static enum err_code
recount_lines(struct run *r, struct past_run *p, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < p->past->def->line_count && rc == ERR_OK; i++) {
		struct result *x = &p->results[i];
		const json_t *told = json_object_get(json_object_get(p->past->cells, p->past->def->lines[i].id), "tables");

		x->line = &p->past->def->lines[i];
		if (!concerns(p, x->line))
			continue;
		rc = count_line(r, x, err);
		for (size_t k = 0; k < x->table_count && rc == ERR_OK; k++)
			if (x->tables[k].code != NULL && !told_table(r, &x->tables[k], json_array_get(told, k)))
				rc = err_plain(err, ERR_NO_MEMORY);
	}
	return rc;
}

static enum err_code
recount(struct run *r, struct past_run *p, struct err *err)
{
	const struct report_ask *ask = r->ask;
	struct report_ask then = *ask;
	uint32_t site = r->site;
	enum err_code rc;

	then.def = p->past->def;
	then.from = p->past->from;
	then.to = p->past->to;
	then.site = p->past->site;
	p->results = mem_zero(then.def->line_count + 1, sizeof(*p->results));
	if (p->results == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	r->ask = &then;
	r->site = then.site == NULL ? 0 : store_word(&r->store, then.site);
	rc = recount_lines(r, p, err);
	r->ask = ask;
	r->site = site;
	return rc;
}

/* ---- which runs meet ---- */

static bool
spans_meet(const char *from, const char *to, const char *other_from, const char *other_to)
{
	char a[16], b[16], c[16], d[16];

	/* A change also counts the stretch before. */
	return window_previous(from, to, a, b) && window_previous(other_from, other_to, c, d) && strcmp(a, other_to) <= 0 && strcmp(c, to) <= 0;
}

static void
find_near(const struct run *r, struct past_run *runs, size_t count)
{
	bool again = true;

	for (size_t i = 0; i < count; i++)
		runs[i].near = spans_meet(r->ask->from, r->ask->to, runs[i].past->from, runs[i].past->to);
	while (again) {
		again = false;
		for (size_t i = 0; i < count; i++)
			for (size_t k = 0; k < count && !runs[i].near; k++)
				if (runs[k].near && spans_meet(runs[i].past->from, runs[i].past->to, runs[k].past->from, runs[k].past->to))
					again = runs[i].near = true;
	}
}

/* ---- a family: one field over all runs, and every total ---- */

/* What came late into a fact, in places of the vector: one for its records, one for each of its cells. */
struct late { bool moved; size_t group, cells; };

struct family {
	struct guard g;
	const struct table *of;    /* the line of this run that it is about */
	size_t place;              /* which table of that line */
	struct late *late;         /* by fact */
	size_t *group_run, group_count, late_count;
	uint64_t *group_sign;
	uint32_t *other;           /* scratch, a vector */
};

static bool
same_steps(const struct table *a, const struct table *b)
{
	return a->path != NULL && b->path != NULL && a->path->count == b->path->count &&
	       memcmp(a->path->step, b->path->step, a->path->count * sizeof(a->path->step[0])) == 0;
}

static bool
only_total(const struct table *t)
{
	return t->path == NULL && !t->line->by_year;
}

static bool
same_line(const struct table *a, const struct table *b)
{
	return strcmp(a->line->id, b->line->id) == 0 && a->line->measure == b->line->measure && a->place == b->place &&
	       a->line->rollup == b->line->rollup;
}

static bool
kin(const struct table *a, const struct table *b)
{
	return same_line(a, b) || same_steps(a, b) || (only_total(a) && only_total(b));
}

static bool
add_results(struct family *f, struct result *results, size_t count, const struct rows *rows)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < results[i].table_count; k++)
			if (results[i].tables[k].code != NULL && results[i].rows == rows &&
			    !guard_fact(&f->g, &results[i].tables[k], !kin(&results[i].tables[k], f->of)))
				return false;
	return true;
}

/* ---- what came late ---- */

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

static bool
plan_late(struct family *f, const struct past_run *runs, size_t count)
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

/* The table of this run that tells of the same line, if it has one. */
static struct table *
counterpart(struct family *f, const struct table *t)
{
	for (size_t i = 0; i < f->g.fact_count; i++)
		if (!f->g.facts[i].t->past && same_line(f->g.facts[i].t, t))
			return f->g.facts[i].t;
	return NULL;
}

static bool
hide_beside(struct family *f, const struct run *r, struct table *t, size_t cell)
{
	struct table *mine = counterpart(f, t);
	size_t at = mine == NULL || cell >= t->count ? SIZE_MAX : cell_named(r, mine, table_key(r, t, cell));

	/* What is told of a whole is told by its total first. */
	if (mine != NULL && cell == CELL_WHOLE && total_published(mine) && mine->total > 0)
		return mine->total_hidden = true;
	return guard_hide_near(&f->g, mine == NULL ? t : mine, at);
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
		size_t same = cell_named(r, y, table_key(r, x, c));

		if (same != SIZE_MAX && (late_between(f, a, c, b, same) ||
		    (!(cell_published(&x->cells[c]) && cell_published(&y->cells[same])) && then_between(f, a, c, b, same))) &&
		    hide_beside(f, r, f->g.facts[a].t, c))
			return true;
	}
	return (late_between(f, a, CELL_WHOLE, b, CELL_WHOLE) ||
	        (!(total_published(x) && total_published(y)) && then_between(f, a, CELL_WHOLE, b, CELL_WHOLE))) &&
	       hide_beside(f, r, f->g.facts[a].t, CELL_WHOLE);
}

static bool
close_late(struct family *f, const struct run *r)
{
	struct guard *g = &f->g;

	span_then(f);
	for (size_t i = 0; i < g->fact_count; i++) {
		if (!f->late[i].moved)
			continue;
		for (size_t c = 0; c < fact_cells(&g->facts[i]); c++)
			if (late_tells(f, i, c) && hide_beside(f, r, g->facts[i].t, c))
				return true;
		if (late_tells(f, i, CELL_WHOLE) && hide_beside(f, r, g->facts[i].t, CELL_WHOLE))
			return true;
	}
	for (size_t i = 0; i < g->fact_count; i++)
		for (size_t k = 0; k < i; k++)
			if (g->facts[i].t->past && g->facts[k].t->past && same_line(g->facts[i].t, f->of) && same_line(g->facts[k].t, f->of) &&
			    close_then(f, r, i, k))
				return true;
	return false;
}

/* ---- between two runs ---- */

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
		o->then[c] = cell_named(r, then, table_key(r, mine, c));
	for (size_t row = 0; row < g->rows->count; row++) {
		uint16_t a = mine->code[row], b = then->code[row];

		o->all += a != 0 && b != 0;
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
	struct overlap o;
	bool closed = false;

	if (!overlap_of(&o, &f->g, r, mine, then))
		closed = false;
	else if (few_between(mine->total, then->total, o.all) && difference_follows(f, mine, CELL_WHOLE, then, CELL_WHOLE))
		closed = hide_beside(f, r, mine, CELL_WHOLE);
	for (size_t c = 0; o.then != NULL && !only_total(mine) && mine->line->measure != RM_VALUES && c < mine->count && !closed; c++)
		if (o.then[c] != SIZE_MAX && few_between(mine->cells[c].count, then->cells[o.then[c]].count, o.both[c]) &&
		    difference_follows(f, mine, c, then, o.then[c]))
			closed = guard_hide_near(&f->g, mine, c);
	if (!closed && o.then != NULL && !only_total(mine) && mine->line->measure != RM_VALUES && rest_differs(f, mine, then))
		closed = guard_hide_near(&f->g, mine, SIZE_MAX);
	mem_free(o.both);
	mem_free(o.then);
	return closed;
}

/* ---- what several runs have between them: rows that the same runs count, and in the same cells ---- */

static uint64_t
tuple(const struct family *f, size_t row, bool cells)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < f->g.fact_count; i++)
		if (same_line(f->g.facts[i].t, f->of)) {
			uint16_t code = f->g.facts[i].t->code[row];

			h = (h ^ (uint64_t)(cells ? code : code != 0)) * 1099511628211u;
		}
	return h;
}

struct atom { uint32_t count, row; };

static bool
atom_follows(struct family *f, uint64_t of, bool cells)
{
	struct guard *g = &f->g;

	for (size_t i = 0; i < g->column_count; i++)
		g->vector[i] = tuple(f, g->columns[i], cells) == of;
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

static bool
close_atoms(struct family *f, struct table *mine, bool cells)
{
	struct table *counts = table_new(8);
	const void *key;
	uint64_t *value;
	size_t at = 0;
	bool closed = false;

	for (size_t row = 0; counts != NULL && row < f->g.rows->count; row++) {
		uint64_t h = tuple(f, row, cells), *n = table_put(counts, &h);

		if (n != NULL) /* the first row, and how many */
			*n = *n == 0 ? ((uint64_t)row << 32) + 1 : *n + 1;
	}
	while (counts != NULL && !closed && table_next(counts, &at, &key, &value))
		if (count_small((int64_t)(*value & UINT32_MAX)) && atom_follows(f, *(const uint64_t *)key, cells))
			closed = hide_row(f, mine, (size_t)(*value >> 32));
	table_free(counts);
	return closed;
}

/* ---- one family ---- */

static bool
close_between(struct family *f, const struct run *r)
{
	struct table *mine = counterpart(f, f->of);

	guard_span(&f->g);
	for (size_t i = 0; i < f->g.fact_count; i++)
		if (f->g.facts[i].t->past && same_line(f->g.facts[i].t, f->of) && close_difference(f, r, mine, f->g.facts[i].t))
			return true;
	return close_atoms(f, mine, true) || close_atoms(f, mine, false);
}

static bool
close_family(struct family *f, struct run *r, const struct past_run *runs, size_t count)
{
	bool again = true;

	if (!plan_late(f, runs, count) || !guard_ready(&f->g, f->late_count))
		return false;
	f->other = mem_zero(f->g.column_count + f->g.extra + 1, sizeof(*f->other));
	if (f->other == NULL)
		return false;
	while (again && f->g.column_count > 0)
		again = guard_close(&f->g) || close_between(f, r) || (f->late_count > 0 && close_late(f, r));
	return true;
}

static bool
guard_family(struct run *r, struct past_run *runs, size_t count, const struct result *x, const struct table *of)
{
	struct family f = { .g = { .run = r, .rows = x->rows }, .of = of };
	bool ok = add_results(&f, r->results, r->result_count, x->rows);

	for (size_t i = 0; i < count && ok; i++)
		ok = add_results(&f, runs[i].results, runs[i].past->def->line_count, x->rows);
	ok = ok && close_family(&f, r, runs, count);
	mem_free(f.late);
	mem_free(f.group_run);
	mem_free(f.group_sign);
	mem_free(f.other);
	guard_wipe(&f.g);
	return ok;
}

static size_t
hidden_in(const struct result *x)
{
	size_t n = 0;

	for (size_t k = 0; k < x->table_count; k++) {
		n += x->tables[k].total_hidden;
		for (size_t c = 0; c < x->tables[k].count; c++)
			n += x->tables[k].cells[c].hidden;
	}
	return n;
}

/* Once through all lines is enough: hiding never tells more. */
static bool
guard_lines(struct run *r, struct past_run *runs, size_t count)
{
	for (size_t i = 0; i < r->result_count; i++)
		for (size_t k = 0; k < r->results[i].table_count; k++)
			if (r->results[i].tables[k].code != NULL && !guard_family(r, runs, count, &r->results[i], &r->results[i].tables[k]))
				return false;
	return true;
}

static void
runs_free(struct past_run *runs, size_t count)
{
	for (size_t i = 0; i < count && runs != NULL; i++) {
		for (size_t k = 0; runs[i].results != NULL && k < runs[i].past->def->line_count; k++)
			result_free(&runs[i].results[k]);
		mem_free(runs[i].results);
	}
	mem_free(runs);
}

enum err_code
past_guard(struct run *r, struct err *err)
{
	size_t count = r->ask->past_count;
	struct past_run *runs = mem_zero(count + 1, sizeof(*runs));
	size_t *before = mem_zero(r->result_count + 1, sizeof(*before));
	enum err_code rc = runs == NULL || before == NULL ? err_plain(err, ERR_NO_MEMORY) : ERR_OK;

	for (size_t i = 0; i < count && rc == ERR_OK; i++)
		runs[i].past = &r->ask->past[i];
	if (rc == ERR_OK)
		find_near(r, runs, count);
	for (size_t i = 0; i < count && rc == ERR_OK; i++)
		rc = recount(r, &runs[i], err);
	for (size_t i = 0; i < r->result_count && rc == ERR_OK; i++)
		before[i] = hidden_in(&r->results[i]);
	if (rc == ERR_OK && count > 0 && !guard_lines(r, runs, count))
		rc = err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < r->result_count && rc == ERR_OK; i++)
		r->results[i].earlier = hidden_in(&r->results[i]) > before[i];
	runs_free(runs, count);
	mem_free(before);
	return rc;
}
