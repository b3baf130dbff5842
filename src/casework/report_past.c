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
#include "casework/report_past_internal.h"

/* ---- what a run tells ---- */

const char *
told_key(const struct run *r, const struct table *t, size_t cell)
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
			json_object_set_new(cells, told_key(r, t, i), json_integer((json_int_t)t->cells[i].count));
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

size_t
told_cell_at(const struct run *r, const struct table *t, const char *key)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(told_key(r, t, i), key) == 0)
			return i;
	return SIZE_MAX;
}

static bool
told_cell(struct run *r, struct table *t, const char *key, json_int_t n)
{
	size_t at = told_cell_at(r, t, key);
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

/* Runs of before there were tables of heads and of values told those as the figure alone. */
static bool
told_figure(struct run *r, struct table *t, const json_t *value)
{
	json_t *told = json_is_integer(value) && t->of != OF_REST ? json_pack("{s:O}", "total", value) : NULL;
	bool ok = told_table(r, t, told);

	json_decref(told);
	return ok;
}

/* A line that is dated by the run's own period has nothing to do with a run that this one never meets. */
static bool
concerns(const struct past_run *p, const struct report_line *l)
{
	return l->type != NULL && l->person && (p->near || l->date_count == 0 || l->window == RW_FIXED);
}

static enum err_code
recount_lines(struct run *r, struct past_run *p, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < p->past->def->line_count && rc == ERR_OK; i++) {
		struct result *x = &p->results[i];
		const json_t *line = json_object_get(p->past->cells, p->past->def->lines[i].id), *tables = json_object_get(line, "tables");

		x->line = &p->past->def->lines[i];
		if (!concerns(p, x->line))
			continue;
		rc = count_line(r, x, err);
		for (size_t k = 0, at = 0; k < x->table_count && rc == ERR_OK; k++) {
			struct table *t = &x->tables[k];
			const json_t *told = t->code == NULL ? NULL : json_array_get(tables, at++);

			if (t->code != NULL && !(told == NULL && t->of != OF_RECORDS ? told_figure(r, t, json_object_get(line, "value")) : told_table(r, t, told)))
				rc = err_plain(err, ERR_NO_MEMORY);
		}
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

static bool
same_steps(const struct table *a, const struct table *b)
{
	return a->path != NULL && b->path != NULL && a->path->count == b->path->count &&
	       memcmp(a->path->step, b->path->step, a->path->count * sizeof(a->path->step[0])) == 0;
}

bool
only_total(const struct table *t)
{
	return t->path == NULL && !t->line->by_year;
}

bool
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
add_results(struct family *f, struct result *results, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < results[i].table_count; k++)
			if (results[i].tables[k].code != NULL && same_counted(&results[i].tables[k], f->of) &&
			    !guard_fact(&f->g, &results[i].tables[k], !kin(&results[i].tables[k], f->of)))
				return false;
	return true;
}

/* The table of this run that tells of the same line, if it has one. */
struct table *
family_counterpart(struct family *f, const struct table *t)
{
	for (size_t i = 0; i < f->g.fact_count; i++)
		if (!f->g.facts[i].t->past && same_line(f->g.facts[i].t, t))
			return f->g.facts[i].t;
	return NULL;
}

bool
family_hide(struct family *f, const struct run *r, struct table *t, size_t cell)
{
	struct table *mine = family_counterpart(f, t);
	size_t at = mine == NULL || cell >= t->count ? SIZE_MAX : told_cell_at(r, mine, told_key(r, t, cell));

	/* What is told of a whole is told by its total first. */
	if (mine != NULL && cell == CELL_WHOLE && total_published(mine) && mine->total > 0)
		return mine->total_hidden = true;
	return guard_hide_near(&f->g, mine == NULL ? t : mine, at);
}

/* ---- one family ---- */

static bool
close_family(struct family *f, struct run *r, const struct past_run *runs, size_t count)
{
	bool again = true;

	if (!family_plan_late(f, runs, count) || !guard_ready(&f->g, f->late_count))
		return false;
	f->other = mem_zero(f->g.column_count + f->g.extra + 1, sizeof(*f->other));
	if (f->other == NULL)
		return false;
	while (again && f->g.column_count > 0)
		again = guard_close(&f->g) || family_close_between(f, r) || (f->late_count > 0 && family_close_late(f, r));
	return true;
}

static bool
guard_family(struct run *r, struct past_run *runs, size_t count, const struct result *x, const struct table *of)
{
	struct family f = { .g = { .run = r, .rows = x->rows, .of = of }, .of = of };
	bool ok = add_results(&f, r->results, r->result_count);

	for (size_t i = 0; i < count && ok; i++)
		ok = add_results(&f, runs[i].results, runs[i].past->def->line_count);
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
