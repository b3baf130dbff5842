/* Where a report line looks: paths of fields, and conditions on them. */
#include "base/mem.h"
#include "casework/profile_internal.h"

/* Takes one name off the front of a dotted path. */
static bool
next_name(const char **at, char name[PROFILE_NAME_MAX + 1])
{
	size_t n = strcspn(*at, ".");

	if (n == 0 || n > PROFILE_NAME_MAX)
		return false;
	memcpy(name, *at, n);
	name[n] = '\0';
	*at += n + ((*at)[n] == '.');
	return true;
}

enum err_code
parse_path(struct parser *ps, const struct profile_type *type, const char *at, const json_t *text, struct report_path *out)
{
	const char *rest = json_string_value(text);
	char name[PROFILE_NAME_MAX + 1];

	out->count = 0;
	if (rest == NULL || *rest == '\0')
		return parse_wrong(ps, at, "must be a path of field names such as session.date");
	while (*rest != '\0') {
		const struct profile_field *f = NULL;

		if (type != NULL && next_name(&rest, name))
			f = profile_field_named(type, name);
		if (f == NULL || out->count == REPORT_STEPS_MAX)
			return parse_wrong(ps, at, out->count == REPORT_STEPS_MAX ? "has more than 4 steps"
			                                                          : "names a field that is not there");
		if (*rest != '\0' && (f->type != VT_REF || f->shape != SHAPE_REGISTER))
			return parse_wrong(ps, at, "must go through refs that hold one value");
		out->step[out->count++] = f;
		((struct profile_field *)f)->followed = f->type == VT_REF; /* ours, and not yet anybody else's */
		type = f->type == VT_REF ? profile_type_named(ps->p, f->ref_type) : NULL;
	}
	return ERR_OK;
}

static enum err_code
one_field(struct parser *ps, const struct profile_type *type, const json_t *from, const char *key, const struct profile_field **out)
{
	struct report_path path;
	enum err_code rc = parse_path(ps, type, key, json_object_get(from, key), &path);

	if (rc == ERR_OK && path.count != 1)
		rc = parse_wrong(ps, key, "must be one field of the type");
	if (rc == ERR_OK)
		*out = path.step[0];
	return rc;
}

static enum err_code
get_active(struct parser *ps, const json_t *from, const struct profile_type *of, struct report_active *out)
{
	static const char *const keys[] = { "type", "ref", "date", "sum", "least", "days", "times", NULL };
	const char *type = json_string_value(json_object_get(from, "type"));
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "active", "must be an object");
	rc = parse_only_keys(ps, from, keys);
	if (rc != ERR_OK)
		return rc;
	out->type = type == NULL ? NULL : profile_type_named(ps->p, type);
	if (out->type == NULL)
		return parse_wrong(ps, "active", "must name a type of this profile");
	if ((rc = one_field(ps, out->type, from, "ref", &out->ref)) != ERR_OK ||
	    (rc = one_field(ps, out->type, from, "date", &out->date)) != ERR_OK ||
	    (rc = one_field(ps, out->type, from, "sum", &out->sum)) != ERR_OK ||
	    (rc = parse_number(ps, from, "least", 1, 1000, &out->least)) != ERR_OK ||
	    (rc = parse_number(ps, from, "days", 1, 366, &out->days)) != ERR_OK ||
	    (rc = parse_number(ps, from, "times", 1, 53, &out->times)) != ERR_OK)
		return rc;
	if (out->ref->type != VT_REF || out->ref->shape != SHAPE_REGISTER || strcmp(out->ref->ref_type, of->name) != 0)
		return parse_wrong(ps, "ref", "must refer to the type of the line");
	if (out->date->type != VT_DATE || out->date->shape != SHAPE_REGISTER)
		return parse_wrong(ps, "date", "must be a date");
	if (out->sum->type != VT_INTEGER && out->sum->type != VT_DECIMAL)
		return parse_wrong(ps, "sum", "must be a number");
	return ERR_OK;
}

/* A misspelt code would count nobody in silence. */
static bool
value_known(const struct profile_field *f, enum report_condition_kind kind, const char *value)
{
	if (f->type == VT_BOOL)
		return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
	if (f->type != VT_CHOICE || (f->list->open && kind != RC_ROLLUP))
		return true;
	for (size_t i = 0; i < f->list->choice_count; i++) {
		const char *has = kind == RC_ROLLUP ? f->list->choices[i].rollup : f->list->choices[i].code;

		if (has != NULL && strcmp(has, value) == 0)
			return true;
	}
	return false;
}

static enum err_code
get_values(struct parser *ps, const json_t *from, const char *key, struct report_condition *c)
{
	const json_t *values = json_object_get(from, key);
	const struct profile_field *f = c->path.step[c->path.count - 1];

	if (!json_is_array(values) || json_array_size(values) == 0)
		return parse_wrong(ps, key, "must be an array of values");
	if (c->kind == RC_ROLLUP && f->list == NULL)
		return parse_wrong(ps, key, "only a choice has roll-ups");
	c->values = parse_keep(ps, json_array_size(values), sizeof(*c->values));
	if (c->values == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	for (size_t i = 0; i < json_array_size(values); i++) {
		const char *text = json_string_value(json_array_get(values, i));

		if (text == NULL || !value_known(f, c->kind, text))
			return parse_wrong(ps, key, "holds what the field can not have");
		c->values[c->value_count] = parse_keep_text(ps, text);
		if (c->values[c->value_count++] == NULL)
			return err_plain(ps->err, ERR_NO_MEMORY);
	}
	return ERR_OK;
}

static enum err_code
get_condition(struct parser *ps, const json_t *from, const struct profile_type *type, struct report_condition *c)
{
	static const char *const keys[] = { "field", "is", "not", "rollup", "present", "active", NULL };
	static const char *const kinds[] = { "is", "not", "rollup" };
	bool present;
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "field", "must stand in an object");
	if (type == NULL)
		return parse_wrong(ps, "field", "needs a line with a type");
	rc = parse_only_keys(ps, from, keys);
	if (rc != ERR_OK)
		return rc;
	if (json_object_get(from, "active") != NULL) {
		c->kind = RC_ACTIVE;
		return json_object_size(from) == 1 ? get_active(ps, json_object_get(from, "active"), type, &c->active)
		                                   : parse_wrong(ps, "active", "stands alone in its condition");
	}
	rc = parse_path(ps, type, "field", json_object_get(from, "field"), &c->path);
	if (rc != ERR_OK)
		return rc;
	if (json_object_size(from) != 2)
		return parse_wrong(ps, "field", "must have one of is, not, rollup and present beside it");
	if (json_object_get(from, "present") != NULL) {
		rc = parse_bool(ps, from, "present", &present);
		c->kind = present ? RC_PRESENT : RC_ABSENT;
		return rc;
	}
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (json_object_get(from, kinds[i]) != NULL) {
			c->kind = (enum report_condition_kind)i;
			return get_values(ps, from, kinds[i], c);
		}
	return parse_wrong(ps, "field", "must have one of is, not, rollup and present beside it");
}

enum err_code
parse_conditions(struct parser *ps, const json_t *line, const char *key, const struct profile_type *type,
                 struct report_condition **out, size_t *count)
{
	const json_t *from = json_object_get(line, key);
	enum err_code rc = ERR_OK;

	*count = 0;
	if (from == NULL)
		return ERR_OK;
	if (!json_is_array(from))
		return parse_wrong(ps, key, "must be an array of conditions");
	*out = parse_keep(ps, json_array_size(from), sizeof(**out));
	if (*out == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	for (size_t i = 0; i < json_array_size(from) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, key, i);

		rc = get_condition(ps, json_array_get(from, i), type, &(*out)[i]);
		if (rc == ERR_OK)
			(*count)++;
		parse_leave(ps, was);
	}
	return rc;
}
