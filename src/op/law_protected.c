/*
 * Protected identity. A type knows it by a field `protected` that is true, or
 * a field `mode` that says `protected`; what refers to such a record is as
 * protected as it, and so is what is merged with it. proto/law.md, 2.
 */
#include "casework/marks.h"
#include "op/law.h"

enum { STEPS_MAX = 4, MERGED_MAX = 64 };

static bool
says(const struct record *r, const struct profile_type *t, const char *field, const char *text)
{
	return profile_field_named(t, field) != NULL && record_matches(r, t, field, text);
}

static bool
itself(const struct record *r, const struct profile_type *t)
{
	return says(r, t, "protected", "true") || says(r, t, "mode", "protected");
}

static bool
says_of(struct node *n, const struct record_id *id)
{
	struct record *r = record_new(id);
	const struct profile_type *t = NULL;
	bool says_so;

	if (r != NULL && view_get(node_view(n), id, r, NULL, NULL) == ERR_OK)
		t = profile_type_numbered(node_profile(n), record_type(r));
	says_so = t != NULL && itself(r, t);
	record_free(r);
	return says_so;
}

/* One person may stand in two records, of which only the other says it. */
static bool
merged_says(struct node *n, const struct record *r)
{
	struct record_id from[MERGED_MAX], head;
	struct record *all;
	bool found = false;
	size_t count;

	if (!record_merged_into(r, &head) && record_refs(r, MARK_MERGED_FROM, from, 0) == 0)
		return false;
	node_same_as(n, record_id_of(r), &head);
	all = record_new(&head);
	if (all != NULL && view_get(node_view(n), &head, all, NULL, NULL) == ERR_OK) {
		count = record_refs(all, MARK_MERGED_FROM, from, MERGED_MAX);
		found = count > MERGED_MAX || says_of(n, &head); /* more than can be looked at: the careful answer */
		for (size_t i = 0; i < count && !found; i++)
			found = says_of(n, &from[i]);
	}
	record_free(all);
	return found;
}

/* The ids that a ref holds, one after the other. */
static bool
ref_at(const struct record *r, const struct profile_field *f, size_t i, struct record_id *out)
{
	size_t count;
	const struct value *v = record_values(r, f->number, &count);
	json_t *id = i < count ? value_to_json(f, v[i].value) : NULL;
	bool ok = json_is_string(id) && hex_decode(out->b, sizeof(out->b), json_string_value(id));

	json_decref(id);
	return ok;
}

static bool
refers_to_protected(struct node *n, const struct record *r, int steps)
{
	const struct profile_type *t = node_profile(n) == NULL ? NULL : profile_type_numbered(node_profile(n), record_type(r));
	struct record_id id;
	bool found = t != NULL && (itself(r, t) || merged_says(n, r));

	for (size_t i = 0; t != NULL && !found && steps < STEPS_MAX && i < t->field_count; i++) {
		const struct profile_field *f = &t->fields[i];
		const struct profile_type *to = f->type != VT_REF ? NULL : profile_type_named(node_profile(n), f->ref_type);

		for (size_t k = 0; to != NULL && to->group != GROUP_OPEN && !found && ref_at(r, f, k, &id); k++) {
			struct record *next = record_new(&id);

			found = next != NULL && view_get(node_view(n), &id, next, NULL, NULL) == ERR_OK && refers_to_protected(n, next, steps + 1);
			record_free(next);
		}
	}
	return found;
}

bool
law_protected(struct node *n, const struct record *r)
{
	return refers_to_protected(n, r, 0);
}

enum err_code
law_may_show(struct op_call *c, const struct record *r)
{
	char hex[33];

	if (!law_protected(c->node, r))
		return ERR_OK;
	return err_set(&c->err, ERR_REFUSED, "a protected identity: `faltbok break-glass %s --reason R` opens it, and the whole team sees that",
	               hex_encode(hex, record_id_of(r)->b, sizeof(record_id_of(r)->b)));
}

/* Does the draft set this field to this text? */
static bool
draft_says(const struct draft *d, const char *field, const char *text)
{
	const struct profile_field *f = profile_field_named(d->type, field);
	bool says_so = false;

	for (size_t i = 0; f != NULL && i < d->op_count; i++) {
		json_t *v = d->ops[i].field == f->number && d->ops[i].kind == OP_SET
		            ? value_to_json(f, draft_value(d, &d->ops[i])) : NULL;

		says_so = says_so || (json_is_string(v) && strcmp(json_string_value(v), text) == 0) ||
		          (json_is_true(v) && strcmp(text, "true") == 0);
		json_decref(v);
	}
	return says_so;
}

static const struct profile_field *
contact_in(const struct draft *d)
{
	for (size_t i = 0; i < d->op_count; i++) {
		const struct profile_field *f = profile_field_numbered(d->type, d->ops[i].field);

		/* A code, a mode and a language are how a person without a name is known. */
		if (f != NULL && f->class == CLASS_CONTACT && f->type == VT_TEXT && strcmp(f->name, "code") != 0 &&
		    (d->ops[i].kind == OP_SET || d->ops[i].kind == OP_ADD))
			return f;
	}
	return NULL;
}

static const struct profile_field *
contact_held(const struct draft *d, const struct record *now)
{
	for (size_t i = 0; i < d->type->field_count && now != NULL; i++) {
		const struct profile_field *f = &d->type->fields[i];
		size_t count;
		bool cleared = false;

		(void)record_values(now, f->number, &count);
		for (size_t k = 0; k < d->op_count; k++)
			cleared = cleared || (d->ops[k].field == f->number && d->ops[k].kind == OP_CLEAR);
		if (f->class == CLASS_CONTACT && f->type == VT_TEXT && strcmp(f->name, "code") != 0 && count > 0 && !cleared)
			return f;
	}
	return NULL;
}

struct of_draft { struct node *node; bool found; };

static bool
leads_to_protected(void *ctx, const struct record_id *id)
{
	struct of_draft *o = ctx;
	struct record *r = record_new(id);

	o->found = r != NULL && view_get(node_view(o->node), id, r, NULL, NULL) == ERR_OK && law_protected(o->node, r);
	record_free(r);
	return !o->found;
}

enum err_code
law_check_draft(struct node *n, const struct draft *d, const struct record *now, struct err *err)
{
	bool becomes = draft_says(d, "protected", "true") || draft_says(d, "mode", "protected");
	const struct profile_field *f;
	struct of_draft refs = { .node = n };

	if (!becomes && (now == NULL || !law_protected(n, now))) {
		draft_each_ref(d, leads_to_protected, &refs);
		if (!refs.found)
			return ERR_OK;
	}
	f = contact_in(d);
	if (f != NULL)
		return err_set(err, ERR_REFUSED, "%s: not for a protected identity: nothing that points to the person is kept, only the code", f->name);
	f = becomes ? contact_held(d, now) : NULL;
	if (f != NULL)
		return err_set(err, ERR_REFUSED, "%s: still holds a value; clear it (%s=) in the same change that protects the person", f->name, f->name);
	return ERR_OK;
}
