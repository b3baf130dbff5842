/*
 * From counted and guarded tables to the lines of the document. Lines of
 * other lines come last: they are made of what is shown and so tell no more.
 */
#include "casework/report.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "casework/personal.h"
#include "casework/records.h"
#include "casework/report_internal.h"
#include "crypto/hc.h"

enum { DIGEST_FLAGS = JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15) };

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

/* ---- labels ---- */

static const char *
choice_label(const struct choice_list *list, bool rollup, const char *code, const char *lang)
{
	const char *label = NULL;

	for (size_t i = 0; list != NULL && !rollup && i < list->choice_count; i++)
		if (strcmp(list->choices[i].code, code) == 0)
			label = label_in(list->choices[i].labels, list->choices[i].label_count, lang);
	for (size_t i = 0; list != NULL && rollup && i < list->rollup_count; i++)
		if (strcmp(list->rollups[i].code, code) == 0)
			label = label_in(list->rollups[i].labels, list->rollups[i].label_count, lang);
	return label == NULL ? code : label;
}

static const char *
cell_label(const struct run *r, const struct table *t, const struct cell *c)
{
	const struct profile_field *f = t->path == NULL ? NULL : t->path->step[t->path->count - 1];

	if (c->word == 0)
		return strcmp(r->ask->lang, "sv") == 0 ? "uppgift saknas" : "not stated";
	if (f != NULL && f->type == VT_BOOL) {
		bool yes = strcmp(store_text(&r->store, c->word), "true") == 0;

		return strcmp(r->ask->lang, "sv") == 0 ? (yes ? "ja" : "nej") : yes ? "yes" : "no";
	}
	return choice_label(f == NULL ? NULL : f->list, t->line->rollup, store_text(&r->store, c->word), r->ask->lang);
}

const char *
cell_key(const struct run *r, const struct cell *c)
{
	return c->word == 0 ? "no_value" : store_text(&r->store, c->word);
}

/* ---- tables as lists ---- */

struct ranked { const struct run *run; const struct table *table; const struct cell *cell; };

static double
cell_value(const struct table *t, const struct cell *c)
{
	return t->line->measure == RM_SUM ? c->sum : (double)c->count;
}

/* Most frequent first; what is hidden stands last, by key, so that its place tells nothing. */
static int
by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	double p = cell_value(x->table, x->cell), q = cell_value(y->table, y->cell);

	if (x->cell->hidden != y->cell->hidden)
		return x->cell->hidden ? 1 : -1;
	if (!x->cell->hidden && p != q)
		return p > q ? -1 : 1;
	return strcmp(cell_key(x->run, x->cell), cell_key(y->run, y->cell));
}

static struct ranked *
ranking(const struct run *r, const struct table *t)
{
	struct ranked *all = mem_zero(t->count + 1, sizeof(*all));

	for (size_t i = 0; all != NULL && i < t->count; i++)
		all[i] = (struct ranked){ r, t, &t->cells[i] };
	if (all != NULL && t->count > 0)
		qsort(all, t->count, sizeof(*all), by_rank);
	return all;
}

/* Before suppression: only the `limit` commonest values of a table will be shown at all. */
static bool
list_only(struct run *r, struct table *t, size_t limit)
{
	struct ranked *all = ranking(r, t);
	size_t shown = 0;

	if (all == NULL)
		return false;
	for (size_t i = 0; i < t->count; i++) {
		struct cell *c = &t->cells[all[i].cell - t->cells];

		c->listed = c->word != 0 && shown < limit;
		shown += c->listed;
	}
	mem_free(all);
	return true;
}

/* A cell's key or label: a text that somebody wrote may hold a number or an address. How many were masked. */
static size_t
put_word(struct buf *out, const struct run *r, const struct table *t, const char *text)
{
	if (t->path != NULL && t->path->step[t->path->count - 1]->type == VT_TEXT && !r->ask->keep_personal)
		return personal_mask(out, BYTES_STR(text));
	buf_printf(out, "%s", text);
	return 0;
}

static size_t
list_cell(struct run *r, struct result *x, const struct table *t, const struct cell *c, const char *before)
{
	struct buf key = BUF_INIT, label = BUF_INIT;
	size_t masked;

	(void)put_word(&key, r, t, cell_key(r, c));
	buf_printf(&label, "%s%s", before, before[0] == '\0' ? "" : ": ");
	masked = put_word(&label, r, t, cell_label(r, t, c));
	(void)!json_array_append_new(x->list, json_pack("{s:s,s:s,s:o}", "key", key.len > 0 ? buf_str(&key) : "", "label", label.len > 0 ? buf_str(&label) : "", "value",
		c->hidden || t->line->measure == RM_VALUES ? json_null() : number_json(cell_value(t, c))));
	buf_free(&key);
	buf_free(&label);
	return masked;
}

static bool
list_table(struct run *r, struct result *x, const struct table *t, const char *before)
{
	struct ranked *all = ranking(r, t);
	size_t masked = 0;

	if (all == NULL)
		return false;
	for (size_t i = 0; i < t->count; i++) {
		const struct cell *c = all[i].cell;

		if (!c->listed)
			continue;
		x->hidden = x->hidden || c->hidden;
		masked += list_cell(r, x, t, c, before);
	}
	mem_free(all);
	if (masked > 0)
		warn_add(r, x, W_MASKED, (double)masked);
	return true;
}

/* ---- before suppression: what will be shown ---- */

static bool
too_few(const struct run *r, const struct result *x, uint64_t base)
{
	return x->line->person && !r->ask->plain && base < REPORT_BASE_MIN;
}

static bool
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

static bool
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

/* ---- the document ---- */

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

static json_t *
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

static enum err_code
count_all(struct run *r, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < r->result_count && rc == ERR_OK; i++) {
		r->results[i].line = &r->ask->def->lines[i];
		rc = count_line(r, &r->results[i], err);
		if (rc == ERR_OK && !choose_listed(r, &r->results[i]))
			rc = err_plain(err, ERR_NO_MEMORY);
	}
	if (rc == ERR_OK)
		rc = guard_all(r, err);
	for (size_t i = 0; i < r->result_count && rc == ERR_OK; i++)
		if (!finish_line(r, &r->results[i]))
			rc = err_plain(err, ERR_NO_MEMORY);
	return rc;
}

enum err_code
report_digest(char out[65], const json_t *report, struct err *err)
{
	json_t *bare = json_copy((json_t *)report);
	uint8_t digest[32];
	char *text;

	json_object_del(bare, "digest");
	json_object_del(bare, "run"); /* who published it and when: said afterwards */
	text = json_dumps(bare, DIGEST_FLAGS);
	json_decref(bare);
	if (text == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	HC(digest, sizeof(digest), BYTES_NONE, "fb1/report", BYTES_STR(text));
	hex_encode(out, digest, sizeof(digest));
	free(text);
	return ERR_OK;
}

static enum err_code
document(struct run *r, json_t **out, json_t **cells, struct err *err)
{
	const struct report_ask *ask = r->ask;
	json_t *lines = json_array(), *completeness = NULL, *header = NULL;
	char digest[65];

	*cells = past_cells(r);
	if (header_json(r, &header, err) != ERR_OK || completeness_json(r, &completeness, err) != ERR_OK) {
		json_decref(lines);
		json_decref(header);
		json_decref(completeness);
		return err->code;
	}
	for (size_t i = 0; i < r->result_count; i++)
		(void)!json_array_append_new(lines, line_json(r, &r->results[i]));
	*out = json_pack("{s:s,s:{s:s,s:s},s:o,s:o,s:o,s:o}", "report", ask->def->name, "period", "from", ask->from, "to", ask->to,
	                 "header", header, "lines", lines, "completeness", completeness, "footer", footer_json(r, *cells));
	if (*out != NULL && ask->site != NULL)
		json_object_set_new(*out, "site", json_string(ask->site));
	if (*out == NULL || json_array_size(lines) != r->result_count)
		return err_plain(err, ERR_NO_MEMORY);
	if (report_digest(digest, *out, err) != ERR_OK)
		return err->code;
	json_object_set_new(*out, "digest", json_string(digest));
	return ERR_OK;
}

static enum err_code
check_ask(const struct report_ask *ask, struct err *err)
{
	if (!date_valid(ask->from) || !date_valid(ask->to))
		return err_set(err, ERR_INVALID, "a period is two dates like 2019-07-01");
	if (strcmp(ask->from, ask->to) > 0)
		return err_set(err, ERR_INVALID, "the period ends (%s) before it begins (%s)", ask->to, ask->from);
	if (ask->site != NULL && ask->def->site_type == NULL)
		return err_set(err, ERR_INVALID, "report %s can not be told by site", ask->def->name);
	return ERR_OK;
}

enum err_code
report_run_cells(json_t **out, json_t **cells, const struct report_ask *ask, const struct report_source *source, struct err *err)
{
	struct run r = { .ask = ask, .source = source, .result_count = ask->def->line_count };
	struct err own = ERR_INIT;
	enum err_code rc;

	*out = *cells = NULL;
	if (err == NULL)
		err = &own;
	rc = check_ask(ask, err);
	if (rc != ERR_OK)
		return rc;
	r.results = mem_zero(r.result_count + 1, sizeof(*r.results));
	rc = r.results == NULL ? err_plain(err, ERR_NO_MEMORY) : store_load(&r.store, ask, source, err);
	if (rc == ERR_OK && ask->site != NULL)
		r.site = store_word(&r.store, ask->site);
	if (rc == ERR_OK)
		rc = count_all(&r, err);
	if (rc == ERR_OK)
		rc = document(&r, out, cells, err);
	for (size_t i = 0; i < r.result_count && r.results != NULL; i++)
		result_free(&r.results[i]);
	mem_free(r.results);
	mem_free(r.seen);
	store_free(&r.store);
	if (rc != ERR_OK) {
		json_decref(*out);
		json_decref(*cells);
		*out = *cells = NULL;
	}
	return rc;
}

enum err_code
report_run(json_t **out, const struct report_ask *ask, const struct report_source *source, struct err *err)
{
	json_t *cells;
	enum err_code rc = report_run_cells(out, &cells, ask, source, err);

	json_decref(cells);
	return rc;
}
