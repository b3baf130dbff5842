/*
 * What a profile says besides types and lists: how long, who, which state
 * follows which, and what is aimed at (proto/profile.md, 7 to 10). Every name
 * is looked up while it is read, so that a rule can not point at nothing.
 */
#include "base/mem.h"
#include "casework/profile_internal.h"
#include "casework/records.h"

enum { RETAIN_COUNT_MAX = 36500, REMIND_DAYS_MAX = 3650 };

const char *const data_class_words[CLASS_OPEN + 1] = { "statistics", "content", "contact", "ephemeral", "open" };

static enum err_code
get_date(struct parser *ps, const json_t *from, const char *key, const char **out)
{
	const json_t *v = json_object_get(from, key);

	if (v == NULL)
		return ERR_OK;
	if (!json_is_string(v) || !date_valid(json_string_value(v)))
		return parse_wrong(ps, key, "must be a date (YYYY-MM-DD)");
	*out = parse_keep_text(ps, json_string_value(v));
	return *out == NULL ? err_plain(ps->err, ERR_NO_MEMORY) : ERR_OK;
}

enum err_code
parse_choice_dates(struct parser *ps, const json_t *from, struct choice *out)
{
	enum err_code rc;

	if ((rc = get_date(ps, from, "valid_from", &out->valid_from)) != ERR_OK ||
	    (rc = get_date(ps, from, "valid_to", &out->valid_to)) != ERR_OK)
		return rc;
	if (out->valid_from != NULL && out->valid_to != NULL && strcmp(out->valid_from, out->valid_to) > 0)
		return parse_wrong(ps, "valid_to", "is before valid_from");
	return ERR_OK;
}

/* ---- workflow ---- */

static const char *
code_of(const struct choice_list *list, const json_t *v)
{
	for (size_t i = 0; json_is_string(v) && i < list->choice_count; i++)
		if (strcmp(list->choices[i].code, json_string_value(v)) == 0)
			return list->choices[i].code;
	return NULL;
}

static enum err_code
get_codes(struct parser *ps, const char *key, const json_t *from, const struct choice_list *list, const char ***out, size_t *count)
{
	const char **made;

	*count = 0;
	if (!json_is_array(from))
		return parse_wrong(ps, key, "must hold arrays of codes");
	made = parse_keep(ps, json_array_size(from), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	*out = made;
	for (size_t i = 0; i < json_array_size(from); i++) {
		made[i] = code_of(list, json_array_get(from, i));
		if (made[i] == NULL)
			return parse_wrong(ps, key, "holds a code that the list does not have");
		(*count)++;
	}
	return ERR_OK;
}

static enum err_code
get_states(struct parser *ps, const json_t *next, const struct choice_list *list, struct workflow *w)
{
	struct workflow_state *made;
	const char *code;
	json_t *to;

	if (!json_is_object(next) || json_object_size(next) == 0)
		return parse_wrong(ps, "workflow.next", "must be an object from state to the states that may follow");
	made = parse_keep(ps, json_object_size(next), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	w->states = made;
	json_object_foreach((json_t *)next, code, to) {
		struct workflow_state *s = &made[w->state_count];
		json_t *name = json_string(code);
		enum err_code rc;

		s->code = code_of(list, name);
		json_decref(name);
		if (s->code == NULL)
			return parse_wrong(ps, "workflow.next", "has a state that is not in the list");
		if ((rc = get_codes(ps, "workflow.next", to, list, &s->to, &s->to_count)) != ERR_OK)
			return rc;
		w->state_count++;
	}
	return ERR_OK;
}

static enum err_code
get_reminders(struct parser *ps, const json_t *remind, struct workflow *w)
{
	const char *code;
	json_t *days;

	if (remind == NULL)
		return ERR_OK;
	if (!json_is_object(remind))
		return parse_wrong(ps, "workflow.remind", "must be an object from state to days");
	json_object_foreach((json_t *)remind, code, days) {
		struct workflow_state *s = (struct workflow_state *)workflow_state_of(w, code);

		if (s == NULL)
			return parse_wrong(ps, "workflow.remind", "has a state that next does not have");
		if (!json_is_integer(days) || json_integer_value(days) < 1 || json_integer_value(days) > REMIND_DAYS_MAX)
			return parse_wrong(ps, "workflow.remind", "must hold days from 1 to 3650");
		s->remind_days = (uint32_t)json_integer_value(days);
	}
	return ERR_OK;
}

enum err_code
parse_workflow(struct parser *ps, const json_t *from, struct profile_field *f)
{
	static const char *const keys[] = { "start", "next", "remind", NULL };
	const json_t *v = json_object_get(from, "workflow"), *start = json_object_get(v, "start");
	struct workflow *w;
	enum err_code rc;

	if (v == NULL)
		return ERR_OK;
	if (!json_is_object(v))
		return parse_wrong(ps, "workflow", "must be an object with next");
	if (f->type != VT_CHOICE || f->shape != SHAPE_REGISTER || f->list->open)
		return parse_wrong(ps, "workflow", "only a choice of a closed list that holds one value has states");
	if ((rc = parse_only_keys(ps, v, keys)) != ERR_OK)
		return rc;
	w = parse_keep(ps, 1, sizeof(*w));
	if (w == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	f->workflow = w;
	if (start != NULL && (rc = get_codes(ps, "workflow.start", start, f->list, &w->start, &w->start_count)) != ERR_OK)
		return rc;
	if ((rc = get_states(ps, json_object_get(v, "next"), f->list, w)) != ERR_OK)
		return rc;
	return get_reminders(ps, json_object_get(v, "remind"), w);
}

const struct workflow_state *
workflow_state_of(const struct workflow *w, const char *code)
{
	for (size_t i = 0; i < w->state_count; i++)
		if (strcmp(w->states[i].code, code) == 0)
			return &w->states[i];
	return NULL;
}

bool
workflow_may_move(const struct workflow *w, const char *from, const char *to)
{
	const struct workflow_state *s = from == NULL ? NULL : workflow_state_of(w, from);
	const char **may = from == NULL ? w->start : s == NULL ? NULL : s->to;
	size_t count = from == NULL ? w->start_count : s == NULL ? 0 : s->to_count;

	if (from == NULL ? count == 0 : strcmp(from, to) == 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcmp(may[i], to) == 0)
			return true;
	return false;
}

/* ---- retention ---- */

static enum err_code
get_retention(struct parser *ps, const json_t *v, const struct profile_type *t, struct retention **out)
{
	static const char *const keys[] = { "keep", "days", "months", "from", NULL };
	const json_t *from = json_object_get(v, "from");
	int said = (json_object_get(v, "keep") != NULL) + (json_object_get(v, "days") != NULL) + (json_object_get(v, "months") != NULL);
	struct retention *r = parse_keep(ps, 1, sizeof(*r));
	enum err_code rc;

	if (r == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	*out = r;
	if (!json_is_object(v) || said != 1)
		return parse_wrong(ps, "retention", "must be an object with one of keep, days and months");
	if ((rc = parse_only_keys(ps, v, keys)) != ERR_OK)
		return rc;
	if (json_object_get(v, "keep") != NULL)
		return json_is_true(json_object_get(v, "keep")) && from == NULL ? ERR_OK
		       : parse_wrong(ps, "retention", "keep must be true, and stands alone");
	r->unit = json_object_get(v, "days") != NULL ? RETAIN_DAYS : RETAIN_MONTHS;
	if ((rc = parse_number(ps, v, r->unit == RETAIN_DAYS ? "days" : "months", 1, RETAIN_COUNT_MAX, &r->count)) != ERR_OK || from == NULL)
		return rc;
	r->from = t == NULL || !json_is_string(from) ? NULL : profile_field_named(t, json_string_value(from));
	if (r->from == NULL || (r->from->type != VT_DATE && r->from->type != VT_DATETIME) || r->from->shape != SHAPE_REGISTER)
		return parse_wrong(ps, "retention", t == NULL ? "from stands with a type, not with a class"
		                                              : "from must name a date of this type that holds one value");
	return ERR_OK;
}

enum err_code
parse_type_retention(struct parser *ps, const json_t *from, struct profile_type *t)
{
	const json_t *v = json_object_get(from, "retention");
	struct retention *r;
	enum err_code rc;

	if (v == NULL)
		return ERR_OK;
	rc = get_retention(ps, v, t, &r);
	t->retention = r;
	return rc;
}

static enum err_code
get_class_retention(struct parser *ps, const json_t *root)
{
	const json_t *v = json_object_get(root, "retention");
	const char *word;
	json_t *rule;
	enum err_code rc = ERR_OK;

	if (v != NULL && !json_is_object(v))
		return parse_wrong(ps, "retention", "must be an object from class to how long");
	json_object_foreach((json_t *)v, word, rule) {
		size_t c = 0;

		while (c < COUNT_OF(data_class_words) && strcmp(data_class_words[c], word) != 0)
			c++;
		if (c == COUNT_OF(data_class_words))
			return parse_wrong(ps, "retention", "has a key that is not a class");
		if ((rc = get_retention(ps, rule, NULL, &ps->p->retention[c])) != ERR_OK)
			return rc;
	}
	return rc;
}

const struct retention *
profile_retention(const struct profile *p, const struct profile_type *t, const struct profile_field *f)
{
	if (f != NULL && f->class != t->class)
		return p->retention[f->class];
	return t->retention != NULL ? t->retention : p->retention[t->class];
}

/* ---- roles ---- */

static const char *const role_words[] = { "coordinator", "advisor", "auditor", "hub" };

static enum err_code
get_writes(struct parser *ps, const json_t *v, struct profile_role *role)
{
	const struct profile_type **made;

	role->writes_all = v == NULL;
	if (v == NULL)
		return ERR_OK;
	if (!json_is_array(v))
		return parse_wrong(ps, "write", "must be an array of types");
	made = parse_keep(ps, json_array_size(v), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	role->writes = made;
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *name = json_string_value(json_array_get(v, i));

		made[i] = name == NULL ? NULL : profile_type_named(ps->p, name);
		if (made[i] == NULL)
			return parse_wrong(ps, "write", "must hold names of types of this profile");
		role->write_count++;
	}
	return ERR_OK;
}

static enum err_code
get_sees(struct parser *ps, const json_t *v, struct profile_role *role)
{
	if (v == NULL) {
		role->sees = ~0u;
		return ERR_OK;
	}
	if (!json_is_array(v))
		return parse_wrong(ps, "see", "must be an array of classes");
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *word = json_string_value(json_array_get(v, i));
		size_t c = 0;

		while (word != NULL && c < COUNT_OF(data_class_words) && strcmp(data_class_words[c], word) != 0)
			c++;
		if (word == NULL || c == COUNT_OF(data_class_words))
			return parse_wrong(ps, "see", "must hold statistics, content, contact, ephemeral or open");
		role->sees |= 1u << c;
	}
	return ERR_OK;
}

static enum err_code
get_role(struct parser *ps, const json_t *from, size_t at)
{
	static const char *const keys[] = { "name", "labels", "write", "see", NULL };
	struct profile_role *role = &ps->p->roles[at];
	enum err_code rc;
	int word;

	if (!json_is_object(from))
		return parse_wrong(ps, "name", "must stand in an object");
	if ((rc = parse_only_keys(ps, from, keys)) != ERR_OK ||
	    (rc = parse_word(ps, from, "name", role_words, COUNT_OF(role_words), -1, &word)) != ERR_OK)
		return rc;
	role->name = role_words[word];
	for (size_t i = 0; i < at; i++)
		if (ps->p->roles[i].name == role->name)
			return parse_wrong(ps, "name", "is the name of an earlier role");
	if ((rc = parse_labels(ps, from, "labels", &role->labels, &role->label_count)) != ERR_OK ||
	    (rc = get_writes(ps, json_object_get(from, "write"), role)) != ERR_OK)
		return rc;
	return get_sees(ps, json_object_get(from, "see"), role);
}

enum err_code
parse_rules(struct parser *ps, const json_t *root)
{
	const json_t *roles = json_object_get(root, "roles");
	enum err_code rc;

	if ((rc = parse_labels(ps, root, "purpose", &ps->p->purpose, &ps->p->purpose_count)) != ERR_OK ||
	    (rc = get_class_retention(ps, root)) != ERR_OK || roles == NULL)
		return rc;
	if (!json_is_array(roles))
		return parse_wrong(ps, "roles", "must be an array");
	ps->p->roles = parse_keep(ps, json_array_size(roles), sizeof(*ps->p->roles));
	if (ps->p->roles == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	for (size_t i = 0; i < json_array_size(roles) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, "roles", i);

		rc = get_role(ps, json_array_get(roles, i), i);
		if (rc == ERR_OK)
			ps->p->role_count++;
		parse_leave(ps, was);
	}
	return rc;
}

static const struct profile_role *
role_named(const struct profile *p, const char *name)
{
	for (size_t i = 0; name != NULL && i < p->role_count; i++)
		if (strcmp(p->roles[i].name, name) == 0)
			return &p->roles[i];
	return NULL;
}

bool
profile_may_write(const struct profile *p, const char *role, const struct profile_type *t)
{
	const struct profile_role *r = role_named(p, role);

	if (p->role_count == 0 || (r != NULL && r->writes_all))
		return true;
	for (size_t i = 0; r != NULL && i < r->write_count; i++)
		if (r->writes[i]->number == t->number)
			return true;
	return false;
}

bool
profile_may_see(const struct profile *p, const char *role, enum data_class class)
{
	const struct profile_role *r = role_named(p, role);

	return p->role_count == 0 || (r != NULL && (r->sees & 1u << class) != 0);
}

/* ---- targets ---- */

static size_t
line_named(const struct report_def *d, const char *id)
{
	for (size_t i = 0; id != NULL && i < d->line_count; i++)
		if (strcmp(d->lines[i].id, id) == 0)
			return i;
	return SIZE_MAX;
}

/* One figure of one line: what a target can be measured by. */
static enum err_code
get_line(struct parser *ps, const json_t *from, const char *key, const struct report_def *d, size_t *out)
{
	const struct report_line *l;

	*out = line_named(d, json_string_value(json_object_get(from, key)));
	if (*out == SIZE_MAX)
		return parse_wrong(ps, key, "must be the id of a line of the report");
	l = &d->lines[*out];
	if ((l->measure != RM_COUNT && l->measure != RM_SUM && l->measure != RM_TOTAL) || l->group.count > 0 || l->by_year)
		return parse_wrong(ps, key, "must be a line that is one count, sum or total");
	return ERR_OK;
}

static enum err_code
get_goal(struct parser *ps, const json_t *from, struct profile_target *t)
{
	t->goal_line = SIZE_MAX;
	if (json_is_string(json_object_get(from, "goal")))
		return get_line(ps, from, "goal", t->report, &t->goal_line);
	if (!json_is_integer(json_object_get(from, "goal")))
		return parse_wrong(ps, "goal", "must be a whole number, or the id of the line that holds it");
	return parse_number(ps, from, "goal", 1, INT32_MAX, &t->goal);
}

static enum err_code
get_variant(struct parser *ps, const json_t *from, const struct profile_target *t, const struct target_variant *first,
            struct target_variant *out)
{
	static const char *const keys[] = { "name", "labels", "line", NULL };
	enum report_unit unit;
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "name", "must stand in an object");
	if ((rc = parse_only_keys(ps, from, keys)) != ERR_OK || (rc = parse_name(ps, from, "name", &out->name)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "labels", &out->labels, &out->label_count)) != ERR_OK ||
	    (rc = get_line(ps, from, "line", t->report, &out->line)) != ERR_OK)
		return rc;
	unit = t->report->lines[t->goal_line != SIZE_MAX ? t->goal_line : first->line].unit;
	if (t->report->lines[out->line].unit != unit)
		return parse_wrong(ps, "line", "has another unit than the goal");
	return ERR_OK;
}

static enum err_code
get_target(struct parser *ps, const json_t *from, size_t at)
{
	static const char *const keys[] = { "name", "labels", "report", "goal", "variants", NULL };
	struct profile_target *t = &ps->p->targets[at];
	const json_t *variants = json_object_get(from, "variants");
	const char *report = json_string_value(json_object_get(from, "report"));
	struct target_variant *made;
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "name", "must stand in an object");
	if ((rc = parse_only_keys(ps, from, keys)) != ERR_OK || (rc = parse_name(ps, from, "name", &t->name)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "labels", &t->labels, &t->label_count)) != ERR_OK)
		return rc;
	for (size_t i = 0; i < at; i++)
		if (strcmp(ps->p->targets[i].name, t->name) == 0)
			return parse_wrong(ps, "name", "is the name of an earlier target");
	t->report = report == NULL ? NULL : profile_report_named(ps->p, report);
	if (t->report == NULL)
		return parse_wrong(ps, "report", "must be a report of this profile");
	if ((rc = get_goal(ps, from, t)) != ERR_OK)
		return rc;
	if (!json_is_array(variants) || json_array_size(variants) == 0)
		return parse_wrong(ps, "variants", "must be an array with at least one way to count");
	made = parse_keep(ps, json_array_size(variants), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	t->variants = made;
	for (size_t i = 0; i < json_array_size(variants) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, "variants", i);

		rc = get_variant(ps, json_array_get(variants, i), t, &made[0], &made[i]);
		if (rc == ERR_OK)
			t->variant_count++;
		parse_leave(ps, was);
	}
	return rc;
}

enum err_code
parse_targets(struct parser *ps, const json_t *root)
{
	const json_t *targets = json_object_get(root, "targets");
	enum err_code rc = ERR_OK;

	if (targets == NULL)
		return ERR_OK;
	if (!json_is_array(targets))
		return parse_wrong(ps, "targets", "must be an array");
	ps->p->targets = parse_keep(ps, json_array_size(targets), sizeof(*ps->p->targets));
	if (ps->p->targets == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	for (size_t i = 0; i < json_array_size(targets) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, "targets", i);

		rc = get_target(ps, json_array_get(targets, i), i);
		if (rc == ERR_OK)
			ps->p->target_count++;
		parse_leave(ps, was);
	}
	return rc;
}
