/*
 * Reading "units" and "reports". What a line may ask is settled here: that a
 * path exists, that a figure has the unit of what it counts, that a total has
 * one unit, that a person line is one that suppression understands.
 */
#include "base/mem.h"
#include "casework/profile_internal.h"
#include "casework/records.h"

const char *const report_unit_words[RU_COUNT] = {
	"none", "visits", "unique_visitors", "cases", "sessions", "hours", "events", "persons", "percent", "sites",
	"referrals", "bookings", "signals", "cases_per_visit", "months", "money", "other",
	"minutes",
};

static const char *const measure_words[RM_COUNT_OF] = {
	"count", "sum", "share", "top", "mode", "distinct", "values", "list", "change", "ratio", "total", "reconcile", "rule", "none",
};

static const char *const line_keys[] = {
	"id", "labels", "rule", "section", "unit", "measure", "class", "agreed", "type", "date", "span", "where", "having", "group",
	"rollup", "field", "fields", "limit", "window", "lines", "compare", "part_of", "by", NULL,
};

static bool
is_number(const struct profile_field *f)
{
	return f->type == VT_INTEGER || f->type == VT_DECIMAL;
}

static const struct profile_field *
last_of(const struct report_path *p)
{
	return p->step[p->count - 1];
}

/* ---- units ---- */

static enum err_code
get_unit_of(struct parser *ps, const char *key, const json_t *value, struct unit_of *out)
{
	const char *dot = strchr(key, '.'), *word = json_string_value(value);
	char type[PROFILE_NAME_MAX + 1];
	size_t n = dot == NULL ? strlen(key) : (size_t)(dot - key);

	if (n > PROFILE_NAME_MAX)
		return parse_wrong(ps, "units", "has a key that is too long");
	memcpy(type, key, n);
	type[n] = '\0';
	out->type = profile_type_named(ps->p, type);
	out->field = out->type == NULL || dot == NULL ? NULL : profile_field_named(out->type, dot + 1);
	if (out->type == NULL || (dot != NULL && (out->field == NULL || !is_number(out->field))))
		return err_set(ps->err, ERR_INVALID, "units: %.80s is neither a type nor a number field of one", key);
	for (size_t i = 0; word != NULL && i < RU_COUNT; i++)
		if (strcmp(report_unit_words[i], word) == 0) {
			out->unit = (enum report_unit)i;
			return ERR_OK;
		}
	return err_set(ps->err, ERR_INVALID, "units: %.80s: is not a unit", key);
}

static enum err_code
get_units(struct parser *ps, const json_t *root)
{
	json_t *units = json_object_get(root, "units"), *value;
	const char *key;
	enum err_code rc = ERR_OK;

	if (units != NULL && !json_is_object(units))
		return parse_wrong(ps, "units", "must be an object from type or type.field to unit");
	ps->p->units = parse_keep(ps, json_object_size(units), sizeof(*ps->p->units));
	if (ps->p->units == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	json_object_foreach(units, key, value)
		if (rc == ERR_OK)
			rc = get_unit_of(ps, key, value, &ps->p->units[ps->p->unit_count++]);
	return rc;
}

static bool
unit_is(const struct profile *p, const struct profile_type *t, const struct profile_field *f, enum report_unit unit)
{
	for (size_t i = 0; i < p->unit_count; i++)
		if (p->units[i].type == t && p->units[i].field == f)
			return p->units[i].unit == unit;
	return false;
}

/* ---- one line ---- */

static enum err_code
get_text(struct parser *ps, const json_t *from, const char *key, const char **out)
{
	const char *s = json_string_value(json_object_get(from, key));

	if (s == NULL || s[0] == '\0' || strlen(s) > PROFILE_NAME_MAX)
		return parse_wrong(ps, key, "must be 1 to 40 characters");
	for (const char *c = s; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return parse_wrong(ps, key, "must be visible ASCII characters");
	*out = parse_keep_text(ps, s);
	return *out == NULL ? err_plain(ps->err, ERR_NO_MEMORY) : ERR_OK;
}

/* The earlier line with this id. */
static enum err_code
get_line_ref(struct parser *ps, const struct report_line *lines, size_t before, const char *key, const json_t *from, size_t *out)
{
	const char *id = json_string_value(from);

	*out = SIZE_MAX;
	if (from == NULL)
		return ERR_OK;
	for (size_t i = 0; id != NULL && i < before; i++)
		if (strcmp(lines[i].id, id) == 0) {
			*out = i;
			return ERR_OK;
		}
	return parse_wrong(ps, key, "must name an earlier line of this report");
}

static enum err_code
date_path(struct parser *ps, const struct profile_type *t, const char *key, const json_t *from, struct report_path *out)
{
	enum err_code rc = parse_path(ps, t, key, from, out);

	if (rc != ERR_OK)
		return rc;
	if ((last_of(out)->type != VT_DATE && last_of(out)->type != VT_DATETIME) || last_of(out)->shape != SHAPE_REGISTER)
		return parse_wrong(ps, key, "must end in a date");
	return ERR_OK;
}

static enum err_code
get_date(struct parser *ps, const json_t *from, struct report_line *l)
{
	const json_t *date = json_object_get(from, "date"), *span = json_object_get(from, "span");
	static const char *const keys[] = { "from", "to", NULL };
	enum err_code rc = ERR_OK;

	if (span != NULL && date != NULL)
		return parse_wrong(ps, "span", "stands instead of a date");
	if (span != NULL) {
		if (!json_is_object(span))
			return parse_wrong(ps, "span", "must be an object with from and to");
		if ((rc = parse_only_keys(ps, span, keys)) != ERR_OK ||
		    (rc = date_path(ps, l->type, "from", json_object_get(span, "from"), &l->from)) != ERR_OK)
			return rc;
		return date_path(ps, l->type, "to", json_object_get(span, "to"), &l->to);
	}
	if (date == NULL)
		return ERR_OK;
	if (!json_is_array(date)) {
		l->date_count = 1;
		return date_path(ps, l->type, "date", date, &l->date[0]);
	}
	if (json_array_size(date) == 0 || json_array_size(date) > REPORT_DATES_MAX)
		return parse_wrong(ps, "date", "must be one to three paths");
	for (size_t i = 0; i < json_array_size(date) && rc == ERR_OK; i++)
		rc = date_path(ps, l->type, "date", json_array_get(date, i), &l->date[l->date_count++]);
	return rc;
}

static enum err_code
get_window(struct parser *ps, const json_t *from, struct report_line *l)
{
	const json_t *w = json_object_get(from, "window");
	static const char *const keys[] = { "from", "to", NULL };
	const char *first = json_string_value(json_object_get(w, "from")), *last = json_string_value(json_object_get(w, "to"));
	enum err_code rc;

	if (w == NULL)
		return ERR_OK;
	if (l->date_count == 0)
		return parse_wrong(ps, "window", "needs a date to look at");
	if (json_is_string(w) && strcmp(json_string_value(w), "previous") == 0) {
		l->window = RW_PREVIOUS;
		return ERR_OK;
	}
	if (!json_is_object(w) || first == NULL || last == NULL || !date_valid(first) || !date_valid(last) || strcmp(first, last) > 0)
		return parse_wrong(ps, "window", "must be previous, or an object with two dates, from and to");
	rc = parse_only_keys(ps, w, keys);
	if (rc != ERR_OK)
		return rc;
	l->window = RW_FIXED;
	l->window_from = parse_keep_text(ps, first);
	l->window_to = parse_keep_text(ps, last);
	return l->window_from == NULL || l->window_to == NULL ? err_plain(ps->err, ERR_NO_MEMORY) : ERR_OK;
}

static enum err_code
get_group(struct parser *ps, const json_t *from, struct report_line *l)
{
	const json_t *group = json_object_get(from, "group");
	enum err_code rc = parse_bool(ps, from, "rollup", &l->rollup);

	if (rc != ERR_OK || group == NULL)
		return rc;
	if (json_is_string(group) && strcmp(json_string_value(group), "@year") == 0) {
		l->by_year = true;
		return l->date_count > 0 ? ERR_OK : parse_wrong(ps, "group", "needs a date to take the year of");
	}
	rc = parse_path(ps, l->type, "group", group, &l->group);
	if (rc == ERR_OK && l->rollup && last_of(&l->group)->list == NULL)
		rc = parse_wrong(ps, "rollup", "only a choice has roll-ups");
	return rc;
}

static enum err_code
get_fields(struct parser *ps, const json_t *from, struct report_line *l)
{
	const json_t *field = json_object_get(from, "field"), *fields = json_object_get(from, "fields");
	enum err_code rc = ERR_OK;

	if (field != NULL)
		rc = parse_path(ps, l->type, "field", field, &l->field);
	if (rc != ERR_OK || fields == NULL)
		return rc;
	if (!json_is_array(fields) || json_array_size(fields) == 0 || json_array_size(fields) > REPORT_FIELDS_MAX)
		return parse_wrong(ps, "fields", "must be one to twelve paths");
	for (size_t i = 0; i < json_array_size(fields) && rc == ERR_OK; i++)
		rc = parse_path(ps, l->type, "fields", json_array_get(fields, i), &l->fields[l->field_count++]);
	return rc;
}

static enum err_code
get_refs(struct parser *ps, const json_t *from, const struct report_line *lines, size_t at, struct report_line *l)
{
	const json_t *refs = json_object_get(from, "lines"), *by = json_object_get(from, "by");
	enum err_code rc;

	if ((rc = get_line_ref(ps, lines, at, "compare", json_object_get(from, "compare"), &l->compare)) != ERR_OK ||
	    (rc = get_line_ref(ps, lines, at, "part_of", json_object_get(from, "part_of"), &l->part_of)) != ERR_OK)
		return rc;
	if (by != NULL && (!json_is_number(by) || !(json_number_value(by) > 0)))
		return parse_wrong(ps, "by", "must be a number above zero");
	l->by = json_number_value(by);
	if (json_array_size(refs) > REPORT_REFS_MAX)
		return parse_wrong(ps, "lines", "names at most eight lines");
	for (size_t i = 0; i < json_array_size(refs) && rc == ERR_OK; i++)
		rc = get_line_ref(ps, lines, at, "lines", json_array_get(refs, i), &l->refs[l->ref_count++]);
	return rc;
}

/* ---- what each measure needs ---- */

static enum err_code
check_derived(struct parser *ps, const struct report_line *lines, const struct report_line *l)
{
	if (l->measure == RM_RATIO) {
		if (l->ref_count + (l->by > 0) != 2)
			return parse_wrong(ps, "lines", "must be two lines, or one and a number in by");
		return ERR_OK;
	}
	if (l->ref_count < 2)
		return parse_wrong(ps, "lines", "must be two lines or more");
	for (size_t i = 0; i < l->ref_count; i++)
		if (lines[l->refs[i]].unit != l->unit)
			return parse_wrong(ps, "unit", "must be that of every line in the total: units do not mix");
	return ERR_OK;
}

static enum err_code
check_numbers(struct parser *ps, const struct report_line *l)
{
	if (l->field.count == 0 || !is_number(last_of(&l->field)))
		return parse_wrong(ps, "field", "must be a number");
	if (l->field.count != 1 || !unit_is(ps->p, l->type, l->field.step[0], l->unit))
		return parse_wrong(ps, "unit", "must be what units says of the field");
	for (size_t i = 0; l->measure == RM_RECONCILE && i < l->field_count; i++)
		if (l->fields[i].count != 1 || !is_number(l->fields[i].step[0]) || !unit_is(ps->p, l->type, l->fields[i].step[0], l->unit))
			return parse_wrong(ps, "fields", "must be numbers of the line's unit: units do not mix");
	return ERR_OK;
}

static bool
grouped(const struct report_line *l)
{
	return l->group.count > 0 || l->by_year;
}

static enum err_code
check_records(struct parser *ps, const struct report_line *l)
{
	bool counts = l->measure == RM_COUNT || l->measure == RM_TOP || l->measure == RM_MODE;

	if (l->type == NULL)
		return parse_wrong(ps, "type", "must name a type of this profile");
	if (counts && !unit_is(ps->p, l->type, NULL, l->unit))
		return parse_wrong(ps, "unit", "must be what units says of the type");
	if ((l->measure == RM_SHARE || l->measure == RM_CHANGE) && l->unit != RU_PERCENT)
		return parse_wrong(ps, "unit", "must be percent");
	if ((l->measure == RM_SHARE) != (l->having_count > 0))
		return parse_wrong(ps, "having", "goes with a share, and a share with it");
	if (l->measure == RM_TOP && (!grouped(l) || l->limit == 0))
		return parse_wrong(ps, "group", "must be there, with a limit, for the commonest");
	if ((l->measure == RM_MODE || l->measure == RM_LIST || l->measure == RM_RECONCILE) && l->field_count == 0)
		return parse_wrong(ps, "fields", "must be one to twelve paths");
	if ((l->measure == RM_DISTINCT || l->measure == RM_VALUES) && l->field.count == 0)
		return parse_wrong(ps, "field", "must be a path");
	if (l->measure == RM_CHANGE && l->window == RW_PERIOD)
		return parse_wrong(ps, "window", "must say what is compared with");
	if (l->measure == RM_SUM || l->measure == RM_RECONCILE)
		return check_numbers(ps, l);
	return ERR_OK;
}

/* Suppression reasons about disjoint cells: a table in which one person stands twice would escape it. */
static enum err_code
check_person(struct parser *ps, const struct report_line *lines, const struct report_line *l)
{
	bool many = l->group.count > 0 && last_of(&l->group)->shape == SHAPE_SET;

	for (size_t i = 0; i < l->field_count && l->measure == RM_MODE; i++)
		many = many || last_of(&l->fields[i])->shape == SHAPE_SET;
	many = many || (l->measure == RM_DISTINCT && last_of(&l->field)->shape == SHAPE_SET);
	if (l->part_of != SIZE_MAX && (l->measure != RM_SUM || lines[l->part_of].measure != RM_SUM || lines[l->part_of].type != l->type ||
	                               lines[l->part_of].window != l->window))
		return parse_wrong(ps, "part_of", "must be an earlier sum over the same records");
	if (many && l->measure != RM_SUM)
		return parse_wrong(ps, "group", "must hold one value a record in a line of persons");
	if (l->measure == RM_LIST || l->measure == RM_RECONCILE)
		return parse_wrong(ps, "class", "can not be person for this measure");
	if (l->measure == RM_SUM && grouped(l) && (l->group.count < 2 || l->unit == RU_PERSONS || l->part_of != SIZE_MAX))
		return parse_wrong(ps, "group", "must, of a sum of class person, lead by a ref to those who stand behind it; they are not what it counts, nor part of it");
	if (l->measure == RM_VALUES && !l->agreed)
		return parse_wrong(ps, "agreed", "must be true: a rare value names a person, so they are asked first");
	return ERR_OK;
}

static enum err_code
check_line(struct parser *ps, const struct report_line *lines, const struct report_line *l)
{
	enum err_code rc;

	switch (l->measure) {
	case RM_RATIO:
	case RM_TOTAL:
		return check_derived(ps, lines, l);
	case RM_RULE:
	case RM_NONE:
		return ERR_OK;
	case RM_COUNT: case RM_SUM: case RM_SHARE: case RM_TOP: case RM_MODE: case RM_DISTINCT: case RM_VALUES:
	case RM_LIST: case RM_CHANGE: case RM_RECONCILE: case RM_COUNT_OF:
		break;
	}
	rc = check_records(ps, l);
	return rc == ERR_OK && l->person ? check_person(ps, lines, l) : rc;
}

static enum err_code
get_section(struct parser *ps, const json_t *from, const struct report_def *d, size_t *out)
{
	const char *id = json_string_value(json_object_get(from, "section"));

	for (size_t i = 0; id != NULL && i < d->section_count; i++)
		if (strcmp(d->sections[i].id, id) == 0) {
			*out = i;
			return ERR_OK;
		}
	return parse_wrong(ps, "section", "must name a section of this report");
}

static enum err_code
get_line_words(struct parser *ps, const json_t *from, struct report_line *l)
{
	static const char *const classes[] = { "open", "person" };
	int unit, measure, class;
	enum err_code rc;

	if ((rc = get_text(ps, from, "id", &l->id)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "labels", &l->labels, &l->label_count)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "rule", &l->rule, &l->rule_count)) != ERR_OK ||
	    (rc = parse_word(ps, from, "unit", report_unit_words, RU_COUNT, -1, &unit)) != ERR_OK ||
	    (rc = parse_word(ps, from, "measure", measure_words, RM_COUNT_OF, -1, &measure)) != ERR_OK ||
	    (rc = parse_word(ps, from, "class", classes, COUNT_OF(classes), -1, &class)) != ERR_OK ||
	    (rc = parse_bool(ps, from, "agreed", &l->agreed)) != ERR_OK)
		return rc;
	l->unit = (enum report_unit)unit;
	l->measure = (enum report_measure)measure;
	l->person = class == 1;
	return json_object_get(from, "limit") == NULL ? ERR_OK : parse_number(ps, from, "limit", 1, 100, &l->limit);
}

static enum err_code
get_line(struct parser *ps, const json_t *from, const struct report_def *d, struct report_line *lines, size_t at, bool sections)
{
	struct report_line *l = &lines[at];
	const json_t *type = json_object_get(from, "type");
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "id", "must stand in an object");
	if ((rc = parse_only_keys(ps, from, line_keys)) != ERR_OK || (rc = get_line_words(ps, from, l)) != ERR_OK ||
	    (sections && (rc = get_section(ps, from, d, &l->section)) != ERR_OK) ||
	    (rc = get_refs(ps, from, lines, at, l)) != ERR_OK)
		return rc;
	for (size_t i = 0; i < at; i++)
		if (strcmp(lines[i].id, l->id) == 0)
			return parse_wrong(ps, "id", "is the id of an earlier line");
	if (type != NULL) {
		l->type = json_is_string(type) ? profile_type_named(ps->p, json_string_value(type)) : NULL;
		if (l->type == NULL)
			return parse_wrong(ps, "type", "must name a type of this profile");
	}
	if ((rc = get_date(ps, from, l)) != ERR_OK || (rc = get_window(ps, from, l)) != ERR_OK ||
	    (rc = parse_conditions(ps, from, "where", l->type, &l->where, &l->where_count)) != ERR_OK ||
	    (rc = parse_conditions(ps, from, "having", l->type, &l->having, &l->having_count)) != ERR_OK ||
	    (rc = get_group(ps, from, l)) != ERR_OK || (rc = get_fields(ps, from, l)) != ERR_OK)
		return rc;
	return check_line(ps, lines, l);
}

/* Around the figures: counts of open things in the completeness, lists of them in the header. */
static enum err_code
check_frame_line(struct parser *ps, const char *key, const struct report_line *l)
{
	if (strcmp(key, "header") == 0)
		return l->measure == RM_LIST && !l->person ? ERR_OK : parse_wrong(ps, "measure", "must be an open list in the header");
	return l->measure == RM_COUNT && !grouped(l) && !l->person ? ERR_OK
	       : parse_wrong(ps, "measure", "must be a plain count in completeness");
}

static enum err_code
get_lines(struct parser *ps, const json_t *from, const char *key, const struct report_def *d, bool sections,
          const struct report_line **out, size_t *count)
{
	const json_t *lines = json_object_get(from, key);
	struct report_line *made;
	enum err_code rc = ERR_OK;

	if (!json_is_array(lines) && (lines != NULL || sections))
		return parse_wrong(ps, key, "must be an array of lines");
	made = parse_keep(ps, json_array_size(lines), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	*out = made;
	for (size_t i = 0; i < json_array_size(lines) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, key, i);

		rc = get_line(ps, json_array_get(lines, i), d, made, i, sections);
		if (rc == ERR_OK && !sections)
			rc = check_frame_line(ps, key, &made[i]);
		(*count)++;
		parse_leave(ps, was);
	}
	return rc;
}

/* ---- a report ---- */

static enum err_code
get_sections(struct parser *ps, const json_t *from, struct report_def *d)
{
	static const char *const keys[] = { "id", "labels", NULL };
	const json_t *sections = json_object_get(from, "sections");
	struct report_section *made;
	enum err_code rc = ERR_OK;

	if (!json_is_array(sections) || json_array_size(sections) == 0)
		return parse_wrong(ps, "sections", "must be an array with at least one section");
	made = parse_keep(ps, json_array_size(sections), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	d->sections = made;
	for (size_t i = 0; i < json_array_size(sections) && rc == ERR_OK; i++) {
		const json_t *s = json_array_get(sections, i);
		size_t was = parse_enter(ps, "sections", i);

		rc = json_is_object(s) ? parse_only_keys(ps, s, keys) : parse_wrong(ps, "id", "must stand in an object");
		if (rc == ERR_OK)
			rc = get_text(ps, s, "id", &made[i].id);
		if (rc == ERR_OK)
			rc = parse_labels(ps, s, "labels", &made[i].labels, &made[i].label_count);
		d->section_count++;
		parse_leave(ps, was);
	}
	return rc;
}

/* How a record of each type is known to belong to a site. */
static enum err_code
get_sites(struct parser *ps, const json_t *from, struct report_def *d)
{
	static const char *const keys[] = { "type", "name", "of", NULL };
	const json_t *site = json_object_get(from, "site");
	const char *type = json_string_value(json_object_get(site, "type")), *name = json_string_value(json_object_get(site, "name")), *key;
	json_t *of = json_object_get(site, "of"), *value;
	struct report_site *made;
	enum err_code rc;

	if (site == NULL)
		return ERR_OK;
	if (!json_is_object(site) || !json_is_object(of))
		return parse_wrong(ps, "site", "must be an object with type, name and of");
	rc = parse_only_keys(ps, site, keys);
	if (rc != ERR_OK)
		return rc;
	d->site_type = type == NULL ? NULL : profile_type_named(ps->p, type);
	d->site_name = d->site_type == NULL || name == NULL ? NULL : profile_field_named(d->site_type, name);
	if (d->site_name == NULL || d->site_name->type != VT_TEXT)
		return parse_wrong(ps, "site", "must name a type and its text field");
	made = parse_keep(ps, json_object_size(of), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	d->sites = made;
	json_object_foreach(of, key, value) {
		struct report_site *s = &made[d->site_count++];

		s->type = profile_type_named(ps->p, key);
		rc = s->type == NULL ? parse_wrong(ps, "site", "names a type that is not there") : parse_path(ps, s->type, "site", value, &s->path);
		if (rc != ERR_OK)
			return rc;
		if (last_of(&s->path)->type != VT_REF || strcmp(last_of(&s->path)->ref_type, d->site_type->name) != 0)
			return parse_wrong(ps, "site", "must be paths that end at a site");
	}
	return ERR_OK;
}

static enum err_code
get_report(struct parser *ps, const json_t *from, size_t at)
{
	static const char *const keys[] = { "name", "labels", "sections", "site", "lines", "completeness", "header", NULL };
	struct report_def *d = &ps->p->reports[at];
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "name", "must stand in an object");
	if ((rc = parse_only_keys(ps, from, keys)) != ERR_OK || (rc = parse_name(ps, from, "name", &d->name)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "labels", &d->labels, &d->label_count)) != ERR_OK ||
	    (rc = get_sections(ps, from, d)) != ERR_OK || (rc = get_sites(ps, from, d)) != ERR_OK ||
	    (rc = get_lines(ps, from, "lines", d, true, &d->lines, &d->line_count)) != ERR_OK)
		return rc;
	for (size_t i = 0; i < at; i++)
		if (strcmp(ps->p->reports[i].name, d->name) == 0)
			return parse_wrong(ps, "name", "is the name of an earlier report");
	rc = get_lines(ps, from, "completeness", d, false, &d->completeness, &d->completeness_count);
	return rc == ERR_OK ? get_lines(ps, from, "header", d, false, &d->header, &d->header_count) : rc;
}

enum err_code
parse_reports(struct parser *ps, const json_t *root)
{
	const json_t *reports = json_object_get(root, "reports");
	enum err_code rc = get_units(ps, root);

	if (rc != ERR_OK)
		return rc;
	if (reports != NULL && !json_is_array(reports))
		return parse_wrong(ps, "reports", "must be an array");
	ps->p->reports = parse_keep(ps, json_array_size(reports), sizeof(*ps->p->reports));
	if (ps->p->reports == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	for (size_t i = 0; i < json_array_size(reports) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, "reports", i);

		rc = get_report(ps, json_array_get(reports, i), i);
		ps->p->report_count++;
		parse_leave(ps, was);
	}
	return rc;
}

size_t
profile_report_count(const struct profile *p)
{
	return p->report_count;
}

const struct report_def *
profile_report_at(const struct profile *p, size_t i)
{
	return &p->reports[i];
}

const struct report_def *
profile_report_named(const struct profile *p, const char *name)
{
	for (size_t i = 0; i < p->report_count; i++)
		if (strcmp(p->reports[i].name, name) == 0)
			return &p->reports[i];
	return NULL;
}
