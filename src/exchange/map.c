#include "exchange/map.h"

const json_t *
map_value(const struct exchange_map *m, const json_t *record, const char *prop)
{
	const struct exchange_prop *p = exchange_prop(m, prop);
	const json_t *v = p == NULL ? NULL : json_object_get(json_object_get(record, "fields"), p->field->name);
	const json_t *both = json_object_get(v, "conflict");

	return both != NULL ? json_object_get(json_array_get(both, 0), "value") : v;
}

const char *
map_text(const struct exchange_map *m, const json_t *record, const char *prop)
{
	const char *text = json_string_value(map_value(m, record, prop));

	return text == NULL ? "" : text;
}

bool
map_is(const struct exchange_map *m, const json_t *record, const char *prop)
{
	const struct exchange_prop *p = exchange_prop(m, prop);

	return p != NULL && p->code != NULL && strcmp(map_text(m, record, prop), p->code) == 0;
}

const json_t *
record_with_id(const json_t *records, const char *id)
{
	const json_t *r;
	size_t i;

	json_array_foreach((json_t *)records, i, r)
		if (*id != '\0' && strcmp(json_string_value(json_object_get(r, "id")), id) == 0)
			return r;
	return NULL;
}

bool
record_is_of(const struct exchange_map *m, const json_t *record)
{
	return m != NULL && strcmp(json_string_value(json_object_get(record, "type")), m->type->name) == 0;
}
