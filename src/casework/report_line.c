/*
 * A line: what of it is chosen to be shown before suppression, what it says
 * after, and its JSON. Lines of other lines come last: they are made of what
 * is shown and so tell no more.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "casework/report_internal.h"

json_t *
number_json(double v)
{
	double two = round(v * 100) / 100;

	if (!isfinite(two) || fabs(two) > 9e15)
		return json_null();
	return two == floor(two) ? json_integer((json_int_t)two) : json_real(two);
}

static double
percent(double part, double whole)
{
	return floor(100 * part / whole + 0.5);
}

/* ---- before suppression: what will be shown ---- */

static bool
too_few(const struct run *r, const struct result *x, uint64_t base)
{
	return x->line->person && !r->ask->plain && base < REPORT_BASE_MIN;
}

bool
choose_listed(struct run *r, struct result *x)
{
	enum report_measure m = x->line->measure;

	for (size_t i = 0; i < x->table_count; i++) {
		struct table *t = &x->tables[i];

		if ((m == RM_TOP || m == RM_MODE) && !list_only(r, t, m == RM_TOP ? x->line->limit : 1))
			return false;
		for (size_t c = 0; c < t->count && m == RM_VALUES; c++)
			t->cells[c].listed = false;
		/* A percentage with its base is the count: neither may stand where the other may not. */
		if (m == RM_SHARE && (too_few(r, x, t->total) || t->cells[2].count == t->total))
			t->cells[0].listed = false;
		if (m == RM_CHANGE && x->tables[0].total > 0 && too_few(r, x, x->tables[0].total))
			t->total_listed = false;
	}
	return true;
}

/* ---- after it ---- */

static void
say_null(struct run *r, struct result *x, enum warning w)
{
	x->null = true;
	warn_add(r, x, w, x->from, x->to);
}

static void
finish_share(struct run *r, struct result *x, const struct table *t)
{
	if (t->cells[2].count == t->total)
		say_null(r, x, W_NONE_SAYS);
	else if (!t->cells[0].listed)
		say_null(r, x, W_BASE);
	else if (t->cells[0].hidden || t->total_hidden)
		x->null = x->hidden = true;
	else
		x->value = percent((double)t->cells[0].count, (double)t->total);
	if (t->cells[2].count > 0 && t->cells[2].count < t->total)
		warn_add(r, x, W_NO_VALUE);
}

static void
finish_change(struct run *r, struct result *x, const struct table *was, const struct table *is)
{
	if (was->total == 0)
		say_null(r, x, W_PREVIOUS_EMPTY);
	else if (!was->total_listed)
		say_null(r, x, W_BASE);
	else if (was->total_hidden || is->total_hidden)
		x->null = x->hidden = true;
	else
		x->value = percent((double)is->total - (double)was->total, (double)was->total);
}

static void
finish_distinct(struct run *r, struct result *x, const struct table *t)
{
	if (t->count == 0 || t->cells[0].count == 0) {
		say_null(r, x, W_NONE_SAYS);
		return;
	}
	x->n = (double)t->cells[0].count;
	x->n_hidden = t->cells[0].hidden;
	if (t->cells[0].hidden || (x->table_count > 1 && x->tables[1].total_hidden))
		x->null = x->hidden = true;
	else
		warn_add(r, x, W_COVERAGE, (double)t->cells[0].count, (double)t->total);
}

static void
finish_sum(struct run *r, struct result *x, const struct table *t)
{
	x->value = t->sum;
	if (t->total == 0 && x->silent > 0)
		say_null(r, x, W_NONE_SAYS);
	else if (x->table_count > 1 && x->tables[1].total_hidden)
		x->null = x->hidden = x->n_hidden = true;
}

static bool
finish_tables(struct run *r, struct result *x)
{
	const struct report_line *l = x->line;
	const struct table *t = &x->tables[x->table_count - 1];
	bool ok = true;

	x->has_n = x->tables[0].total_listed;
	x->n = (double)x->tables[0].total;
	x->n_hidden = x->tables[0].total_hidden;
	if (l->measure == RM_SHARE)
		finish_share(r, x, t);
	else if (l->measure == RM_CHANGE)
		finish_change(r, x, &x->tables[0], t);
	else if (l->measure == RM_DISTINCT)
		finish_distinct(r, x, &x->tables[0]);
	else if (l->measure == RM_SUM && l->group.count == 0 && !l->by_year)
		finish_sum(r, x, &x->tables[0]);
	else if (l->group.count > 0 || l->by_year || l->measure == RM_MODE || l->measure == RM_VALUES) {
		x->list = json_array();
		for (size_t i = 0; ok && i < x->table_count; i++) {
			const struct profile_field *f = l->measure == RM_MODE ? l->fields[i].step[l->fields[i].count - 1] : NULL;
			const char *name = f == NULL ? NULL : label_in(f->labels, f->label_count, r->ask->lang);

			ok = list_table(r, x, &x->tables[i], f == NULL ? "" : name == NULL ? f->name : name);
		}
	} else {
		x->null = x->hidden = t->total_hidden;
		x->value = (double)t->total;
	}
	if (l->measure == RM_COUNT && l->group.count > 0 && l->group.step[l->group.count - 1]->shape != SHAPE_SET)
		x->reconciles = 1; /* every record is in one cell */
	return ok;
}

/* Values without counts: the cells were kept from the sums of suppression, and now stand by key. */
static void
show_values(struct result *x)
{
	for (size_t c = 0; c < x->tables[0].count; c++) {
		x->tables[0].cells[c].hidden = true; /* by_rank(): by key alone */
		x->tables[0].cells[c].listed = x->tables[0].cells[c].word != 0;
	}
}

static void
finish_derived(struct run *r, struct result *x)
{
	const struct report_line *l = x->line;
	const struct result *a = &r->results[l->refs[0]];
	double below = l->by;

	for (size_t i = 0; i < l->ref_count; i++) {
		const struct result *of = &r->results[l->refs[i]];

		x->hidden = x->hidden || of->hidden;
		x->null = x->null || of->null || of->list != NULL;
		x->value += of->value;
	}
	x->has_n = !x->null;
	x->n = x->value;
	if (l->measure == RM_RATIO && !x->null) {
		if (l->by == 0)
			below = r->results[l->refs[1]].value;
		x->n = below;
		x->null = below == 0;
		x->value = l->unit == RU_PERCENT ? percent(a->value, below) : a->value / below;
	}
	if (x->null)
		warn_add(r, x, W_NO_BASE);
}

static bool
windows_meet(const struct result *x, const struct result *y)
{
	return strcmp(x->from, y->to) <= 0 && strcmp(y->from, x->to) <= 0;
}

bool
finish_line(struct run *r, struct result *x)
{
	const struct report_line *l = x->line;
	bool ok = true;

	if (l->window == RW_FIXED)
		warn_add(r, x, W_WINDOW, x->from, x->to);
	if (l->compare != SIZE_MAX && windows_meet(x, &r->results[l->compare]))
		warn_add(r, x, W_OVERLAP, x->from, x->to);
	if (l->measure == RM_CHANGE && strcmp(x->to, r->ask->from) >= 0 && strcmp(x->from, r->ask->to) <= 0)
		warn_add(r, x, W_OVERLAP, x->from, x->to);
	if (l->agreed && l->person)
		warn_add(r, x, W_AGREED);
	if (l->measure == RM_NONE) {
		x->null = true;
		warn_add(r, x, W_CANNOT);
	} else if (l->measure == RM_RATIO || l->measure == RM_TOTAL) {
		finish_derived(r, x);
	} else if (x->table_count > 0) {
		if (l->measure == RM_VALUES)
			show_values(x);
		ok = finish_tables(r, x);
		if (l->measure == RM_VALUES)
			x->hidden = x->n_hidden;
	}
	x->hidden = x->hidden || x->n_hidden;
	if (x->hidden && l->measure != RM_RATIO && l->measure != RM_TOTAL)
		warn_add(r, x, W_HIDDEN);
	if (x->earlier)
		warn_add(r, x, W_EARLIER);
	return ok;
}

/* ---- as JSON ---- */

static int
by_item(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;
	double p = json_number_value(json_object_get(*x, "value")), q = json_number_value(json_object_get(*y, "value"));
	int c;

	if (p != q)
		return p > q ? -1 : 1;
	c = strcmp(json_string_value(json_object_get(*x, "label")), json_string_value(json_object_get(*y, "label")));
	return c != 0 ? c : strcmp(json_string_value(json_object_get(*x, "key")), json_string_value(json_object_get(*y, "key")));
}

/* Lists of records and of parts, most first; tables come sorted. */
static json_t *
sorted(json_t *list)
{
	size_t count = json_array_size(list);
	json_t **items = mem_alloc((count + 1) * sizeof(json_t *)), *out = json_array();

	for (size_t i = 0; items != NULL && i < count; i++)
		items[i] = json_array_get(list, i);
	if (items != NULL && count > 0)
		qsort(items, count, sizeof(json_t *), by_item);
	for (size_t i = 0; items != NULL && i < count; i++)
		(void)!json_array_append(out, items[i]);
	mem_free(items);
	return out;
}

static json_t *
value_json(const struct result *x, const char *rule)
{
	if (x->null)
		return json_null();
	if (x->line->measure == RM_RULE)
		return rule == NULL ? json_null() : json_string(rule);
	if (x->list != NULL)
		return x->line->measure == RM_LIST || x->line->measure == RM_RECONCILE ? sorted(x->list) : json_incref(x->list);
	return number_json(x->value);
}

json_t *
line_json(const struct run *r, struct result *x)
{
	const struct report_line *l = x->line;
	const char *label = label_in(l->labels, l->label_count, r->ask->lang), *rule = label_in(l->rule, l->rule_count, r->ask->lang);

	return json_pack("{s:s,s:s,s:o,s:s,s:o,s:s?,s:o,s:b,s:O}", "id", l->id, "label", label == NULL ? l->id : label,
	                 "value", value_json(x, rule), "unit", report_unit_words[l->unit],
	                 "n", x->has_n && !x->n_hidden ? number_json(x->n) : json_null(), "rule", rule,
	                 "reconciles", x->reconciles < 0 ? json_null() : json_boolean(x->reconciles), "suppressed", x->hidden,
	                 "warnings", x->warnings);
}
