/*
 * Reading a profile. A key that is not in proto/profile.md is refused by name:
 * a misspelt "requird" that is dropped in silence would cost a year of forms.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "casework/profile_internal.h"
#include "casework/records.h"

static bool
code_valid(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > PROFILE_CODE_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return true;
}

static enum err_code
get_choice(struct parser *ps, const json_t *from, const struct choice_list *list, size_t at, struct choice *out)
{
	static const char *const keys[] = { "code", "labels", "rollup", "valid_from", "valid_to", NULL };
	const json_t *rollup = json_object_get(from, "rollup");
	const char *code = json_string_value(json_object_get(from, "code"));
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "code", "must stand in an object");
	rc = parse_only_keys(ps, from, keys);
	if (rc != ERR_OK)
		return rc;
	if (code == NULL || !code_valid(code))
		return parse_wrong(ps, "code", "must be 1 to 64 visible ASCII characters");
	for (size_t i = 0; i < at; i++)
		if (strcmp(list->choices[i].code, code) == 0)
			return parse_wrong(ps, "code", "stands in the list already");
	if (rollup != NULL && (!json_is_string(rollup) || !code_valid(json_string_value(rollup))))
		return parse_wrong(ps, "rollup", "must be 1 to 64 visible ASCII characters");
	out->code = parse_keep_text(ps, code);
	out->rollup = rollup == NULL ? NULL : parse_keep_text(ps, json_string_value(rollup));
	if (out->code == NULL || (rollup != NULL && out->rollup == NULL))
		return err_plain(ps->err, ERR_NO_MEMORY);
	rc = parse_choice_dates(ps, from, out);
	return rc != ERR_OK ? rc : parse_labels(ps, from, "labels", &out->labels, &out->label_count);
}

/* {"public": {"sv": "offentlig"}}: of codes that a choice of the list rolls up to. */
static enum err_code
get_rollups(struct parser *ps, const json_t *from, struct choice_list *list)
{
	json_t *rollups = json_object_get(from, "rollups"), *labels;
	struct rollup *made;
	const char *code;
	enum err_code rc = ERR_OK;

	if (rollups == NULL)
		return ERR_OK;
	if (!json_is_object(rollups))
		return parse_wrong(ps, "rollups", "must be an object from code to labels");
	made = parse_keep(ps, json_object_size(rollups), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	list->rollups = made;
	json_object_foreach(rollups, code, labels) {
		bool used = false;

		for (size_t i = 0; i < list->choice_count; i++)
			used = used || (list->choices[i].rollup != NULL && strcmp(list->choices[i].rollup, code) == 0);
		if (!used)
			return parse_wrong(ps, "rollups", "has a code that no choice rolls up to");
		made[list->rollup_count].code = parse_keep_text(ps, code);
		if (made[list->rollup_count].code == NULL)
			return err_plain(ps->err, ERR_NO_MEMORY);
		rc = parse_labels(ps, rollups, code, &made[list->rollup_count].labels, &made[list->rollup_count].label_count);
		if (rc != ERR_OK)
			return rc;
		list->rollup_count++;
	}
	return rc;
}

static enum err_code
get_list(struct parser *ps, const json_t *from, size_t at)
{
	static const char *const keys[] = { "name", "open", "choices", "rollups", NULL };
	struct choice_list *list = &ps->p->lists[at];
	const json_t *choices = json_object_get(from, "choices");
	struct choice *made;
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "name", "must stand in an object");
	if ((rc = parse_only_keys(ps, from, keys)) != ERR_OK || (rc = parse_name(ps, from, "name", &list->name)) != ERR_OK ||
	    (rc = parse_bool(ps, from, "open", &list->open)) != ERR_OK)
		return rc;
	for (size_t i = 0; i < at; i++)
		if (strcmp(ps->p->lists[i].name, list->name) == 0)
			return parse_wrong(ps, "name", "is the name of an earlier list");
	if (!json_is_array(choices) || (json_array_size(choices) == 0 && !list->open))
		return parse_wrong(ps, "choices", "must be an array with at least one choice");
	made = parse_keep(ps, json_array_size(choices), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	list->choices = made;
	for (size_t i = 0; i < json_array_size(choices) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, "choices", i);

		rc = get_choice(ps, json_array_get(choices, i), list, i, &made[i]);
		if (rc == ERR_OK)
			list->choice_count++;
		parse_leave(ps, was);
	}
	return rc == ERR_OK ? get_rollups(ps, from, list) : rc;
}


/* The list of a choice (must be) or of a language (may be, to give it labels). */
static enum err_code
get_field_list(struct parser *ps, const json_t *from, struct profile_field *f)
{
	const json_t *v = json_object_get(from, "list");
	const char *name = json_string_value(v);

	if (v == NULL && f->type != VT_CHOICE)
		return ERR_OK;
	if (f->type != VT_CHOICE && f->type != VT_LANGUAGE)
		return parse_wrong(ps, "list", "only a choice or a language has one");
	if (name == NULL)
		return parse_wrong(ps, "list", "must name a list of this profile");
	for (size_t i = 0; i < ps->p->list_count; i++)
		if (strcmp(ps->p->lists[i].name, name) == 0) {
			f->list = &ps->p->lists[i];
			return ERR_OK;
		}
	return parse_wrong(ps, "list", "must name a list of this profile");
}

static enum err_code
get_field_kind(struct parser *ps, const json_t *from, const struct profile_type *t, struct profile_field *f)
{
	static const char *const types[] = { "text", "integer", "decimal", "bool", "date", "time", "datetime", "choice",
		                             "ref", "language" };
	static const char *const shapes[] = { "register", "set", "sum" };
	int type, shape, class;
	enum err_code rc;

	if ((rc = parse_word(ps, from, "type", types, COUNT_OF(types), -1, &type)) != ERR_OK ||
	    (rc = parse_word(ps, from, "shape", shapes, COUNT_OF(shapes), SHAPE_REGISTER, &shape)) != ERR_OK ||
	    (rc = parse_word(ps, from, "class", data_class_words, COUNT_OF(data_class_words), (int)t->class, &class)) != ERR_OK)
		return rc;
	f->type = (enum value_type)type;
	f->shape = (enum field_shape)shape;
	f->class = (enum data_class)class;
	if (f->shape == SHAPE_SUM && f->type != VT_INTEGER && f->type != VT_DECIMAL)
		return parse_wrong(ps, "shape", "only an integer or a decimal can be a sum");
	if (t->group == GROUP_OPEN && f->class != CLASS_OPEN)
		return parse_wrong(ps, "class", "must be open: the whole team shares the key of an open record for ever");
	return ERR_OK;
}

static enum err_code
get_field(struct parser *ps, const json_t *from, const struct profile_type *t, size_t at, struct profile_field *f)
{
	static const char *const keys[] = { "number", "name", "type", "shape", "class", "list", "ref", "required",
		                            "search", "off", "workflow", "labels", "why", "hint", "intro", "default",
		                            "relevant", "min", "max", "message", NULL };
	enum err_code rc;

	if (!json_is_object(from))
		return parse_wrong(ps, "number", "must stand in an object");
	if ((rc = parse_only_keys(ps, from, keys)) != ERR_OK ||
	    (rc = parse_number(ps, from, "number", 1, PROFILE_NUMBER_MAX, &f->number)) != ERR_OK ||
	    (rc = parse_name(ps, from, "name", &f->name)) != ERR_OK ||
	    (rc = get_field_kind(ps, from, t, f)) != ERR_OK || (rc = get_field_list(ps, from, f)) != ERR_OK ||
	    (rc = parse_bool(ps, from, "required", &f->required)) != ERR_OK ||
	    (rc = parse_bool(ps, from, "search", &f->search)) != ERR_OK ||
	    (rc = parse_bool(ps, from, "off", &f->off)) != ERR_OK || (rc = parse_workflow(ps, from, f)) != ERR_OK ||
	    (rc = parse_form(ps, from, f)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "labels", &f->labels, &f->label_count)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "why", &f->why, &f->why_count)) != ERR_OK)
		return rc;
	if (f->off && f->required)
		return parse_wrong(ps, "off", "a field that is required can not be off");
	for (size_t i = 0; i < at; i++) {
		if (t->fields[i].number == f->number)
			return parse_wrong(ps, "number", "is the number of an earlier field");
		if (strcmp(t->fields[i].name, f->name) == 0)
			return parse_wrong(ps, "name", "is the name of an earlier field");
	}
	if (f->search && f->type != VT_TEXT && f->type != VT_CHOICE)
		return parse_wrong(ps, "search", "only text and choices can be searched");
	if (f->type == VT_REF)
		return parse_name(ps, from, "ref", &f->ref_type);
	return json_object_get(from, "ref") == NULL ? ERR_OK : parse_wrong(ps, "ref", "only a ref has one");
}

/* "own", "open" or {"field": NAME}; the name is looked up when the fields are there. */
static enum err_code
get_group(struct parser *ps, const json_t *from, struct profile_type *t)
{
	const json_t *v = json_object_get(from, "group");
	const char *word = json_string_value(v);

	if (word != NULL && strcmp(word, "own") == 0)
		t->group = GROUP_OWN;
	else if (word != NULL && strcmp(word, "open") == 0)
		t->group = GROUP_OPEN;
	else if (json_is_object(v) && json_object_size(v) == 1 && json_is_string(json_object_get(v, "field")))
		t->group = GROUP_OF_REF;
	else
		return parse_wrong(ps, "group", "must be own, open or {\"field\": name of a ref}");
	return ERR_OK;
}

static enum err_code
find_group_field(struct parser *ps, const json_t *from, struct profile_type *t)
{
	const char *name;

	if (t->group != GROUP_OF_REF)
		return ERR_OK;
	name = json_string_value(json_object_get(json_object_get(from, "group"), "field"));
	t->group_field = profile_field_named(t, name);
	if (t->group_field == NULL || t->group_field->type != VT_REF || t->group_field->shape != SHAPE_REGISTER)
		return parse_wrong(ps, "group", "its field must be a ref register of this type");
	return ERR_OK;
}

static enum err_code
get_fields(struct parser *ps, const json_t *from, struct profile_type *t)
{
	const json_t *fields = json_object_get(from, "fields");
	struct profile_field *made;
	enum err_code rc = ERR_OK;

	if (!json_is_array(fields))
		return parse_wrong(ps, "fields", "must be an array");
	made = parse_keep(ps, json_array_size(fields), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	t->fields = made;
	for (size_t i = 0; i < json_array_size(fields) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, "fields", i);

		rc = get_field(ps, json_array_get(fields, i), t, i, &made[i]);
		if (rc == ERR_OK)
			t->field_count++;
		parse_leave(ps, was);
	}
	return rc;
}

static enum err_code
get_type(struct parser *ps, const json_t *from, size_t at)
{
	static const char *const keys[] = { "number", "name", "group", "class", "notes", "retention", "labels", "plural", "article", "why", "fields",
		                            NULL };
	struct profile_type *t = &ps->p->types[at];
	enum err_code rc;
	int class = CLASS_CONTENT;

	if (!json_is_object(from))
		return parse_wrong(ps, "number", "must stand in an object");
	if ((rc = parse_only_keys(ps, from, keys)) != ERR_OK ||
	    (rc = parse_number(ps, from, "number", PROFILE_TYPE_FIRST, PROFILE_NUMBER_MAX, &t->number)) != ERR_OK ||
	    (rc = parse_name(ps, from, "name", &t->name)) != ERR_OK || (rc = get_group(ps, from, t)) != ERR_OK ||
	    (rc = parse_word(ps, from, "class", data_class_words, COUNT_OF(data_class_words), -1, &class)) != ERR_OK ||
	    (rc = parse_bool(ps, from, "notes", &t->notes)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "labels", &t->labels, &t->label_count)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "plural", &t->plurals, &t->plural_count)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "article", &t->articles, &t->article_count)) != ERR_OK ||
	    (rc = parse_labels(ps, from, "why", &t->why, &t->why_count)) != ERR_OK)
		return rc;
	t->class = (enum data_class)class;
	for (size_t i = 0; i < at; i++) {
		if (ps->p->types[i].number == t->number)
			return parse_wrong(ps, "number", "is the number of an earlier type");
		if (strcmp(ps->p->types[i].name, t->name) == 0)
			return parse_wrong(ps, "name", "is the name of an earlier type");
	}
	if (t->group == GROUP_OPEN && t->class != CLASS_OPEN)
		return parse_wrong(ps, "class", "must be open: the whole team shares the key of an open record for ever");
	if ((rc = get_fields(ps, from, t)) != ERR_OK || (rc = find_group_field(ps, from, t)) != ERR_OK ||
	    (rc = parse_forms_whole(ps, t)) != ERR_OK)
		return rc;
	return parse_type_retention(ps, from, t);
}

static enum err_code
get_lists(struct parser *ps, const json_t *root)
{
	const json_t *lists = json_object_get(root, "lists");
	enum err_code rc = ERR_OK;

	if (lists != NULL && !json_is_array(lists))
		return parse_wrong(ps, "lists", "must be an array");
	ps->p->lists = parse_keep(ps, json_array_size(lists), sizeof(*ps->p->lists));
	if (ps->p->lists == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	for (size_t i = 0; i < json_array_size(lists) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, "lists", i);

		rc = get_list(ps, json_array_get(lists, i), i);
		if (rc == ERR_OK)
			ps->p->list_count++;
		parse_leave(ps, was);
	}
	return rc;
}

static enum err_code
get_types(struct parser *ps, const json_t *root)
{
	const json_t *types = json_object_get(root, "types");
	enum err_code rc = ERR_OK;

	if (!json_is_array(types) || json_array_size(types) == 0)
		return parse_wrong(ps, "types", "must be an array with at least one type");
	ps->p->types = parse_keep(ps, json_array_size(types), sizeof(*ps->p->types));
	if (ps->p->types == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	for (size_t i = 0; i < json_array_size(types) && rc == ERR_OK; i++) {
		size_t was = parse_enter(ps, "types", i);

		rc = get_type(ps, json_array_get(types, i), i);
		if (rc == ERR_OK)
			ps->p->type_count++;
		parse_leave(ps, was);
	}
	return rc;
}

/* A ref may name a type that stands later in the file, so this is looked at last. */
static enum err_code
check_refs(struct parser *ps)
{
	for (size_t i = 0; i < ps->p->type_count; i++)
		for (size_t k = 0; k < ps->p->types[i].field_count; k++) {
			const char *name = ps->p->types[i].fields[k].ref_type;

			if (name == NULL || profile_type_named(ps->p, name) != NULL)
				continue;
			parse_enter(ps, "types", i);
			parse_enter(ps, "fields", k);
			return parse_wrong(ps, "ref", "must name a type of this profile");
		}
	return ERR_OK;
}

static enum err_code
get_profile(struct parser *ps, const json_t *root)
{
	static const char *const keys[] = { "profile", "version", "lists", "types", "units", "reports", "purpose", "retention", "roles",
		                            "targets", "exchange", "languages", NULL };
	enum err_code rc;

	if (!json_is_object(root))
		return err_set(ps->err, ERR_INVALID, "a profile is a JSON object");
	if ((rc = parse_only_keys(ps, root, keys)) != ERR_OK ||
	    (rc = parse_name(ps, root, "profile", &ps->p->id)) != ERR_OK ||
	    (rc = parse_number(ps, root, "version", 1, INT32_MAX, &ps->p->version)) != ERR_OK ||
	    (rc = parse_languages(ps, root)) != ERR_OK ||
	    (rc = get_lists(ps, root)) != ERR_OK || (rc = get_types(ps, root)) != ERR_OK ||
	    (rc = check_refs(ps)) != ERR_OK || (rc = parse_rules(ps, root)) != ERR_OK ||
	    (rc = parse_exchange(ps, root)) != ERR_OK ||
	    (rc = parse_reports(ps, root)) != ERR_OK)
		return rc;
	return parse_targets(ps, root);
}

enum err_code
profile_parse(struct profile **out, struct bytes json, struct err *err)
{
	struct parser ps = { .p = NULL, .err = err };
	unsigned long refused = mem_refusals();
	struct buf plain = BUF_INIT;
	json_error_t why;
	json_t *root = NULL;
	enum err_code rc;

	*out = NULL;
	if (json.len > PROFILE_BYTES_MAX)
		return err_set(err, ERR_INVALID, "a profile has at most %d bytes", PROFILE_BYTES_MAX);
	rc = profile_plain(&plain, json, err);
	if (rc != ERR_OK)
		goto out;
	root = json_read(buf_bytes(&plain), JSON_REJECT_DUPLICATES, &why);
	if (root == NULL) {
		rc = err_set(err, ERR_INVALID, "line %d: %s", why.line, why.text);
		goto out;
	}
	ps.p = mem_zero(1, sizeof(*ps.p));
	rc = ps.p == NULL ? err_plain(err, ERR_NO_MEMORY) : get_profile(&ps, root);
	if (rc == ERR_INVALID && err != NULL)
		err_wrap(err, "line %d", profile_line(buf_bytes(&plain), err->text));
out:
	if (rc == ERR_INVALID && refused != mem_refusals()) /* what was not found may be what there was no memory for */
		rc = err_plain(err, ERR_NO_MEMORY);
	json_decref(root);
	buf_free(&plain);
	if (rc == ERR_OK)
		*out = ps.p;
	else
		profile_free(ps.p);
	return rc;
}
