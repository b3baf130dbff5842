/*
 * How a form asks for a field (proto/profile.md, 11): what stands beside it,
 * what stands in it at first, when it is asked at all, and between what.
 */
#include "base/mem.h"
#include "casework/profile_internal.h"

static enum err_code
get_limit(struct parser *ps, const json_t *from, const char *key, const struct profile_field *f, bool *has, double *out)
{
	const json_t *v = json_object_get(from, key);

	*has = v != NULL;
	if (v == NULL)
		return ERR_OK;
	if (!json_is_number(v))
		return parse_wrong(ps, key, "must be a number");
	if (f->type != VT_INTEGER && f->type != VT_DECIMAL)
		return parse_wrong(ps, key, "only an integer or a decimal has one");
	*out = json_number_value(v);
	return ERR_OK;
}

static enum err_code
get_relevant(struct parser *ps, const json_t *from, struct form_rule *r)
{
	static const char *const keys[] = { "field", "is", NULL };
	const json_t *v = json_object_get(from, "relevant"), *is = json_object_get(v, "is");
	enum err_code rc;

	if (v == NULL)
		return ERR_OK;
	if (!json_is_object(v) || !json_is_array(is) || json_array_size(is) == 0)
		return parse_wrong(ps, "relevant", "must be an object with field and is");
	if ((rc = parse_only_keys(ps, v, keys)) != ERR_OK || (rc = parse_name(ps, v, "field", &r->relevant)) != ERR_OK)
		return rc;
	r->is = parse_keep(ps, json_array_size(is), sizeof(*r->is));
	for (size_t i = 0; r->is != NULL && i < json_array_size(is); i++) {
		const char *code = json_string_value(json_array_get(is, i));

		if (code == NULL)
			return parse_wrong(ps, "relevant", "is must hold codes");
		r->is[i] = parse_keep_text(ps, code);
		if (r->is[i] == NULL)
			return err_plain(ps->err, ERR_NO_MEMORY);
		r->is_count++;
	}
	return r->is == NULL ? err_plain(ps->err, ERR_NO_MEMORY) : ERR_OK;
}

enum err_code
parse_form(struct parser *ps, const json_t *from, struct profile_field *f)
{
	static const char *const keys[] = { "hint", "intro", "default", "relevant", "min", "max", "message" };
	const json_t *preset = json_object_get(from, "default");
	struct form_rule *r;
	bool any = false;
	enum err_code rc;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		any = any || json_object_get(from, keys[i]) != NULL;
	if (!any)
		return ERR_OK;
	r = parse_keep(ps, 1, sizeof(*r));
	if (r == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	f->form = r;
	if ((rc = parse_labels(ps, from, "hint", &r->hint, &r->hint_count)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "intro", &r->intro, &r->intro_count)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "message", &r->message, &r->message_count)) != ERR_OK || (rc = get_relevant(ps, from, r)) != ERR_OK ||
	    (rc = get_limit(ps, from, "min", f, &r->has_min, &r->min)) != ERR_OK ||
	    (rc = get_limit(ps, from, "max", f, &r->has_max, &r->max)) != ERR_OK)
		return rc;
	if (r->has_min && r->has_max && r->min > r->max)
		return parse_wrong(ps, "max", "is less than min");
	if (preset == NULL)
		return ERR_OK;
	if (!json_is_string(preset) || json_string_length(preset) == 0)
		return parse_wrong(ps, "default", "must be text, as it would be typed");
	r->default_ = parse_keep_text(ps, json_string_value(preset));
	return r->default_ == NULL ? err_plain(ps->err, ERR_NO_MEMORY) : ERR_OK;
}

static bool
can_hold(const struct profile_field *f, const char *code)
{
	if (f->type == VT_BOOL)
		return strcmp(code, "true") == 0 || strcmp(code, "false") == 0;
	for (size_t i = 0; f->type == VT_CHOICE && i < f->list->choice_count; i++)
		if (strcmp(f->list->choices[i].code, code) == 0)
			return true;
	return f->type == VT_CHOICE && f->list->open;
}

enum err_code
parse_forms_whole(struct parser *ps, const struct profile_type *t)
{
	for (size_t i = 0; i < t->field_count; i++) {
		const struct form_rule *r = t->fields[i].form;
		const struct profile_field *of = r == NULL || r->relevant == NULL ? NULL : profile_field_named(t, r->relevant);
		size_t was = parse_enter(ps, "fields", i);

		if (r != NULL && r->relevant != NULL && (of == NULL || of == &t->fields[i] || (of->type != VT_CHOICE && of->type != VT_BOOL)))
			return parse_wrong(ps, "relevant", "its field must be another choice or bool of this type");
		for (size_t k = 0; of != NULL && k < r->is_count; k++)
			if (!can_hold(of, r->is[k]))
				return parse_wrong(ps, "relevant", "is holds what that field can not");
		parse_leave(ps, was);
	}
	return ERR_OK;
}
