/*
 * Questions to a profile, and what a later version may change. Profiles are
 * small (tens of types, tens of fields), so a lookup walks.
 */
#include "casework/profile.h"

#include "base/mem.h"
#include "casework/profile_internal.h"

void
profile_free(struct profile *p)
{
	if (p == NULL)
		return;
	while (p->blocks != NULL) {
		struct block *next = p->blocks->next;

		mem_free(p->blocks);
		p->blocks = next;
	}
	mem_free(p);
}

const char *
profile_id(const struct profile *p)
{
	return p->id;
}

uint32_t
profile_version(const struct profile *p)
{
	return p->version;
}

size_t
profile_type_count(const struct profile *p)
{
	return p->type_count;
}

const struct profile_type *
profile_type_at(const struct profile *p, size_t i)
{
	return &p->types[i];
}

const struct profile_type *
profile_type_named(const struct profile *p, const char *name)
{
	for (size_t i = 0; p != NULL && i < p->type_count; i++)
		if (strcmp(p->types[i].name, name) == 0)
			return &p->types[i];
	return NULL;
}

const struct profile_type *
profile_type_numbered(const struct profile *p, uint32_t number)
{
	for (size_t i = 0; p != NULL && i < p->type_count; i++)
		if (p->types[i].number == number)
			return &p->types[i];
	return NULL;
}

const struct profile_field *
profile_field_named(const struct profile_type *t, const char *name)
{
	for (size_t i = 0; i < t->field_count; i++)
		if (strcmp(t->fields[i].name, name) == 0)
			return &t->fields[i];
	return NULL;
}

const struct profile_field *
profile_field_numbered(const struct profile_type *t, uint32_t number)
{
	for (size_t i = 0; i < t->field_count; i++)
		if (t->fields[i].number == number)
			return &t->fields[i];
	return NULL;
}

size_t
profile_role_count(const struct profile *p)
{
	return p->role_count;
}

const struct profile_role *
profile_role_at(const struct profile *p, size_t i)
{
	return &p->roles[i];
}

size_t
profile_target_count(const struct profile *p)
{
	return p->target_count;
}

const struct profile_target *
profile_target_at(const struct profile *p, size_t i)
{
	return &p->targets[i];
}

const struct label *
profile_purpose(const struct profile *p, size_t *count)
{
	*count = p->purpose_count;
	return p->purpose;
}

const char *
data_class_word(enum data_class class)
{
	return data_class_words[class];
}

static const char *
label_exact(const struct label *labels, size_t count, const char *lang)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(labels[i].lang, lang) == 0)
			return labels[i].text;
	return NULL;
}

const char *
label_in(const struct label *labels, size_t count, const char *lang)
{
	const char *text = lang == NULL ? NULL : label_exact(labels, count, lang);

	if (text == NULL)
		text = label_exact(labels, count, "sv");
	if (text == NULL && count > 0)
		text = labels[0].text;
	return text;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const char *
list_name(const struct profile_field *f)
{
	return f->list == NULL ? NULL : f->list->name;
}

/* What a field meant to those who filled it in: of this nothing may change. */
static enum err_code
check_field(const struct profile_type *t, const struct profile_field *was, const struct profile_field *is,
            struct err *err)
{
	if (!same_text(was->name, is->name))
		return err_set(err, ERR_INVALID, "%s: field %u was %s and would become %s", t->name, was->number,
		               was->name, is->name);
	if (was->type != is->type)
		return err_set(err, ERR_INVALID, "%s: %s: its type may not change", t->name, was->name);
	if (was->shape != is->shape)
		return err_set(err, ERR_INVALID, "%s: %s: its shape may not change", t->name, was->name);
	if (was->class != is->class)
		return err_set(err, ERR_INVALID, "%s: %s: its class may not change", t->name, was->name);
	if (!same_text(list_name(was), list_name(is)))
		return err_set(err, ERR_INVALID, "%s: %s: its list may not change", t->name, was->name);
	if (!same_text(was->ref_type, is->ref_type))
		return err_set(err, ERR_INVALID, "%s: %s: what it refers to may not change", t->name, was->name);
	return ERR_OK;
}

static enum err_code
check_type(const struct profile_type *was, const struct profile_type *is, struct err *err)
{
	if (!same_text(was->name, is->name))
		return err_set(err, ERR_INVALID, "type %u was %s and would become %s", was->number, was->name,
		               is->name);
	if (was->group != is->group ||
	    (was->group_field != NULL && was->group_field->number != is->group_field->number))
		return err_set(err, ERR_INVALID, "%s: what it shares a key with may not change", was->name);
	if (was->notes && !is->notes)
		return err_set(err, ERR_INVALID, "%s: notes have been written on it and may not end", was->name);
	for (size_t i = 0; i < was->field_count; i++) {
		const struct profile_field *old_field = &was->fields[i];
		const struct profile_field *new_field = profile_field_numbered(is, old_field->number);
		enum err_code rc;

		if (new_field == NULL)
			return err_set(err, ERR_INVALID, "%s: field %u (%s) is gone: numbers are never given up",
			               was->name, old_field->number, old_field->name);
		rc = check_field(was, old_field, new_field, err);
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static const struct choice_list *
list_named(const struct profile *p, const char *name)
{
	for (size_t i = 0; i < p->list_count; i++)
		if (strcmp(p->lists[i].name, name) == 0)
			return &p->lists[i];
	return NULL;
}

static bool
list_has(const struct choice_list *list, const char *code)
{
	for (size_t i = 0; i < list->choice_count; i++)
		if (strcmp(list->choices[i].code, code) == 0)
			return true;
	return false;
}

static enum err_code
check_list(const struct choice_list *was, const struct choice_list *is, struct err *err)
{
	if (is == NULL)
		return err_set(err, ERR_INVALID, "list %s is gone", was->name);
	if (was->open && !is->open)
		return err_set(err, ERR_INVALID, "list %s was open to other codes and may not close", was->name);
	for (size_t i = 0; i < was->choice_count; i++)
		if (!list_has(is, was->choices[i].code))
			return err_set(err, ERR_INVALID, "list %s: choice %s is gone: end it with valid_to",
			               was->name, was->choices[i].code);
	return ERR_OK;
}

enum err_code
profile_check_successor(const struct profile *old, const struct profile *new_, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (strcmp(old->id, new_->id) != 0)
		return err_set(err, ERR_INVALID, "%s is installed and %s is another profile", old->id, new_->id);
	if (new_->version <= old->version)
		return err_set(err, ERR_INVALID, "%s: version %u is installed, %u is not later", old->id,
		               old->version, new_->version);
	for (size_t i = 0; i < old->type_count && rc == ERR_OK; i++) {
		const struct profile_type *was = &old->types[i];
		const struct profile_type *is = profile_type_numbered(new_, was->number);

		if (is == NULL)
			return err_set(err, ERR_INVALID, "type %u (%s) is gone: numbers are never given up",
			               was->number, was->name);
		rc = check_type(was, is, err);
	}
	for (size_t i = 0; i < old->list_count && rc == ERR_OK; i++)
		rc = check_list(&old->lists[i], list_named(new_, old->lists[i].name), err);
	return rc;
}
