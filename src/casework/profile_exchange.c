/*
 * Which of a profile's fields stand for what in calendars and directories
 * (proto/profile.md, 12): so no field's name is compiled in there either.
 */
#include <stdio.h>

#include "casework/profile_internal.h"

static const struct { const char *name; const char *const props[18]; } maps[] = {
	{ "place", { "name", "address", "city", "region", "latitude", "longitude", "virtual", "assured_date", NULL } },
	{ "opening", { "place", "rrule", "opens", "closes", "from", "to", NULL } },
	{ "session", { "place", "date", "opens", "closes", "kind", "cancelled", NULL } },
	{ "booking", { "place", "date", "opens", "minutes", "code", "cancelled", NULL } },
	{ "organization", { "name", "description", "website", "email", "phone", "assured_date", NULL } },
	{ "service", { "organization", "name", "description", "url", "email", "phone", "eligibility", "fees", "schedule", "interpretation", "languages",
	               "documents", "place", "assured_date", NULL } },
};

const struct exchange_map *
profile_exchange(const struct profile *p, const char *name)
{
	for (size_t i = 0; i < p->exchange_count; i++)
		if (strcmp(p->exchange[i].name, name) == 0)
			return &p->exchange[i];
	return NULL;
}

const struct exchange_prop *
exchange_prop(const struct exchange_map *m, const char *name)
{
	for (size_t i = 0; m != NULL && i < m->prop_count; i++)
		if (strcmp(m->props[i].name, name) == 0)
			return &m->props[i];
	return NULL;
}

static bool
has_code(const struct profile_field *f, const char *code)
{
	for (size_t i = 0; f->type == VT_CHOICE && i < f->list->choice_count; i++)
		if (strcmp(f->list->choices[i].code, code) == 0)
			return true;
	return false;
}

/* "field", or "field=code" where a property is true or not. */
static enum err_code
get_prop(struct parser *ps, const struct profile_type *t, const char *name, const json_t *v, struct exchange_prop *out)
{
	const char *text = json_string_value(v), *eq = text == NULL ? NULL : strchr(text, '=');
	char field[PROFILE_NAME_MAX + 1] = "";
	size_t n = text == NULL ? 0 : eq == NULL ? strlen(text) : (size_t)(eq - text);

	if (n > 0 && n <= PROFILE_NAME_MAX)
		memcpy(field, text, n);
	out->name = name;
	out->field = profile_field_named(t, field);
	if (out->field == NULL)
		return parse_wrong(ps, name, "must name a field of the type");
	if (out->field->class == CLASS_CONTENT || out->field->class == CLASS_CONTACT)
		return parse_wrong(ps, name, "has the class content or contact, which goes into no calendar and no directory");
	if ((eq != NULL) != (strcmp(name, "cancelled") == 0 || strcmp(name, "virtual") == 0) || (eq != NULL && !has_code(out->field, eq + 1)))
		return parse_wrong(ps, name, "must be a field, or for cancelled and virtual a choice field, = and one of its codes");
	out->code = eq == NULL ? NULL : parse_keep_text(ps, eq + 1);
	return eq != NULL && out->code == NULL ? err_plain(ps->err, ERR_NO_MEMORY) : ERR_OK;
}

static enum err_code
get_map(struct parser *ps, size_t which, const json_t *from, struct exchange_map *out)
{
	const char *type = json_string_value(json_object_get(from, "type")), *key;
	struct exchange_prop *made;
	json_t *v;

	out->name = maps[which].name;
	out->type = type == NULL ? NULL : profile_type_named(ps->p, type);
	if (out->type == NULL)
		return parse_wrong(ps, "type", "must name a type of this profile");
	made = parse_keep(ps, json_object_size(from), sizeof(*made));
	if (made == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	out->props = made;
	json_object_foreach((json_t *)from, key, v) {
		size_t k = 0;
		enum err_code rc;

		if (strcmp(key, "type") == 0)
			continue;
		while (maps[which].props[k] != NULL && strcmp(maps[which].props[k], key) != 0)
			k++;
		if (maps[which].props[k] == NULL)
			return err_set(ps->err, ERR_INVALID, "%s.%.40s: is not a key that a profile has here", ps->path, key);
		if ((rc = get_prop(ps, out->type, maps[which].props[k], v, &made[out->prop_count])) != ERR_OK)
			return rc;
		out->prop_count++;
	}
	return ERR_OK;
}

enum err_code
parse_exchange(struct parser *ps, const json_t *root)
{
	json_t *v = json_object_get(root, "exchange"), *map;
	const char *name;

	if (v == NULL)
		return ERR_OK;
	if (!json_is_object(v))
		return parse_wrong(ps, "exchange", "must be an object");
	ps->p->exchange = parse_keep(ps, COUNT_OF(maps), sizeof(*ps->p->exchange));
	if (ps->p->exchange == NULL)
		return err_plain(ps->err, ERR_NO_MEMORY);
	json_object_foreach(v, name, map) {
		size_t i = 0, was = ps->path_len;
		enum err_code rc;

		while (i < COUNT_OF(maps) && strcmp(maps[i].name, name) != 0)
			i++;
		if (i == COUNT_OF(maps) || !json_is_object(map))
			return parse_wrong(ps, "exchange", "must hold objects under place, opening, session, booking, organization and service");
		ps->path_len += (size_t)snprintf(ps->path + was, sizeof(ps->path) - was, "exchange.%s", name);
		if ((rc = get_map(ps, i, map, &ps->p->exchange[ps->p->exchange_count])) != ERR_OK)
			return rc;
		ps->p->exchange_count++;
		parse_leave(ps, was);
	}
	return ERR_OK;
}
