/*
 * HSDS ids are UUIDs, ours are as long: one is the other with dashes, so a
 * directory that comes back finds its records again without a table.
 */
#include "base/json.h"
#include "exchange/hsds.h"

#include <stdio.h>

#include "base/mem.h"
#include "casework/records.h"
#include "crypto/hc.h"
#include "exchange/map.h"

/* proto/exchange.md, 6 */
enum { OBJECTS_MAX = 20000, UNTAKEN_MAX = 200 };

/* ---- ids ---- */

static void
uuid_of(char out[37], const char *hex)
{
	snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* A UUID's bytes; of any other id a hash of it. */
static void
id_of(char out[33], const char *text)
{
	char hex[33];
	uint8_t id[16];
	size_t n = 0;

	for (const char *p = text; *p != '\0' && n < 32; p++)
		if (*p != '-')
			hex[n++] = *p;
	hex[n] = '\0';
	if (strlen(text) != 36 || n != 32 || !hex_decode(id, sizeof(id), hex))
		HC(id, sizeof(id), BYTES_NONE, "fb1/hsds", BYTES_STR(text));
	hex_encode(out, id, sizeof(id));
}

/* The id of a part that is no record here, so that it stays the same from one export to the next. */
static json_t *
part_id(const char *of, const char *what)
{
	char name[160], hex[33], uuid[37];

	snprintf(name, sizeof(name), "%.60s/%.80s", of, what);
	id_of(hex, name);
	uuid_of(uuid, hex);
	return json_string(uuid);
}

static json_t *
record_uuid(const json_t *record)
{
	char uuid[37];

	uuid_of(uuid, json_string_value(json_object_get(record, "id")));
	return json_string(uuid);
}

/* ---- out ---- */

static void
set_text(json_t *o, const char *name, const char *text)
{
	if (*text != '\0')
		json_object_set_new(o, name, json_string(text));
}

static void
set_phone(json_t *o, const struct exchange_map *m, const json_t *r)
{
	const char *number = map_text(m, r, "phone");

	if (*number != '\0')
		json_object_set_new(o, "phones", json_pack("[{s:o,s:s}]", "id", part_id(json_string_value(json_object_get(r, "id")), number), "number", number));
}

static json_t *
location_json(const struct exchange_map *m, const json_t *r)
{
	static const char *const sums[] = { "latitude", "longitude" };
	const char *id = json_string_value(json_object_get(r, "id"));
	json_t *o = json_pack("{s:o,s:s}", "id", record_uuid(r), "location_type", map_is(m, r, "virtual") ? "virtual" : "physical");

	set_text(o, "name", map_text(m, r, "name"));
	for (size_t i = 0; i < COUNT_OF(sums); i++)
		if (json_is_number(map_value(m, r, sums[i])))
			json_object_set(o, sums[i], (json_t *)map_value(m, r, sums[i]));
	if (*map_text(m, r, "address") != '\0' || *map_text(m, r, "city") != '\0') /* all six are required; what nobody knows is empty */
		json_object_set_new(o, "addresses", json_pack("[{s:o,s:s,s:s,s:s,s:s,s:s,s:s,s:s}]", "id", part_id(id, "address"), "address_1", map_text(m, r, "address"),
		                                              "city", map_text(m, r, "city"), "region", map_text(m, r, "region"), "state_province", "",
		                                              "postal_code", "", "country", "SE", "address_type", "physical"));
	return o;
}

static void
set_parts(json_t *o, const struct exchange_map *m, const json_t *r, const char *prop, const char *as, const char *key)
{
	const char *id = json_string_value(json_object_get(r, "id"));
	json_t *all = json_array();
	const json_t *v;
	size_t i;

	json_array_foreach((json_t *)map_value(m, r, prop), i, v)
		json_array_append_new(all, json_pack("{s:o,s:O}", "id", part_id(id, json_string_value(v)), key, v));
	if (json_array_size(all) > 0)
		json_object_set(o, as, all);
	json_decref(all);
}

static void
set_places(json_t *o, const struct profile *p, const struct exchange_map *m, const json_t *r, const json_t *records)
{
	const struct exchange_map *place = profile_exchange(p, "place");
	const json_t *refs = map_value(m, r, "place"), *ref;
	json_t *one = json_is_string(refs) ? json_pack("[O]", refs) : NULL, *all = json_array();
	size_t i;

	json_array_foreach((json_t *)(one != NULL ? one : refs), i, ref) {
		const json_t *site = record_with_id(records, json_string_value(ref));

		if (site != NULL && place != NULL)
			json_array_append_new(all, json_pack("{s:o,s:o}", "id", part_id(json_string_value(json_object_get(r, "id")), json_string_value(ref)), "location",
			                                     location_json(place, site)));
	}
	if (json_array_size(all) > 0)
		json_object_set(o, "service_at_locations", all);
	json_decref(all);
	json_decref(one);
}

static json_t *
service_json(const struct profile *p, const struct exchange_map *m, const json_t *r, const json_t *records)
{
	static const char *const plain[][2] = { { "name", "name" }, { "description", "description" }, { "url", "url" }, { "email", "email" },
		{ "eligibility", "eligibility_description" }, { "fees", "fees_description" }, { "interpretation", "interpretation_services" },
		{ "assured_date", "assured_date" } };
	json_t *o = json_pack("{s:o,s:s}", "id", record_uuid(r), "status", "active");

	for (size_t i = 0; i < COUNT_OF(plain); i++)
		set_text(o, plain[i][1], map_text(m, r, plain[i][0]));
	set_phone(o, m, r);
	set_parts(o, m, r, "languages", "languages", "code");
	set_parts(o, m, r, "documents", "required_documents", "document");
	if (*map_text(m, r, "schedule") != '\0')
		json_object_set_new(o, "schedules", json_pack("[{s:o,s:s}]", "id", part_id(json_string_value(json_object_get(r, "id")), "schedule"), "description",
		                                              map_text(m, r, "schedule")));
	set_places(o, p, m, r, records);
	return o;
}

static json_t *
organization_json(const struct exchange_map *m, const json_t *r)
{
	const char *description = map_text(m, r, "description");
	json_t *o = json_pack("{s:o,s:s,s:s,s:[]}", "id", record_uuid(r), "name", map_text(m, r, "name"), "description",
	                      *description != '\0' ? description : map_text(m, r, "name"), "services");

	set_text(o, "website", map_text(m, r, "website"));
	set_text(o, "email", map_text(m, r, "email"));
	set_phone(o, m, r);
	/* HSDS has no date of its own for this: an attribute that says so, which others pass over. */
	if (*map_text(m, r, "assured_date") != '\0')
		json_object_set_new(o, "attributes", json_pack("[{s:o,s:s,s:s,s:s}]", "id", part_id(json_string_value(json_object_get(r, "id")), "assured_date"), "link_entity",
		                                               "organization", "link_type", "assured_date", "value", map_text(m, r, "assured_date")));
	return o;
}

enum err_code
hsds_export(json_t **out, const struct profile *p, const json_t *records, const char *own, const char *own_id, struct err *err)
{
	const struct exchange_map *org = profile_exchange(p, "organization"), *service = profile_exchange(p, "service");
	json_t *all = json_array(), *by_id = json_object(), *mine;
	char uuid[37];
	const json_t *r;
	size_t i;

	*out = NULL;
	if (service == NULL || org == NULL)
		goto none;
	uuid_of(uuid, own_id);
	mine = json_pack("{s:s,s:s,s:s,s:[]}", "id", uuid, "name", own, "description", own, "services");
	json_array_foreach((json_t *)records, i, r)
		if (record_is_of(org, r)) {
			json_t *o = organization_json(org, r);

			json_array_append_new(all, o);
			json_object_set(by_id, json_string_value(json_object_get(r, "id")), o);
		}
	json_array_foreach((json_t *)records, i, r)
		if (record_is_of(service, r)) {
			json_t *under = json_object_get(by_id, map_text(service, r, "organization"));

			json_array_append_new(json_object_get(under != NULL ? under : mine, "services"), service_json(p, service, r, records));
		}
	if (json_array_size(json_object_get(mine, "services")) > 0)
		json_array_append(all, mine);
	json_decref(mine);
	json_decref(by_id);
	*out = all;
	return ERR_OK;
none:
	json_decref(all);
	json_decref(by_id);
	return err_set(err, ERR_REFUSED, "profile %s does not say what stands in a directory", profile_id(p));
}

/* ---- in ---- */

struct reader { const struct profile *p; json_t *places, *organizations, *services, *untaken; struct err *err; size_t count; };

static const char *
text_in(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text == NULL ? "" : text;
}

/* Names what is left behind, once each. */
static void
note_untaken(struct reader *r, const char *what, const char *const *taken, const json_t *o)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)o, key, v) {
		char name[120];
		size_t i = 0, k;
		const json_t *had;

		while (taken[i] != NULL && strcmp(taken[i], key) != 0)
			i++;
		if (taken[i] != NULL || json_is_null(v))
			continue;
		snprintf(name, sizeof(name), "%s.%.80s", what, key);
		json_array_foreach(r->untaken, k, had)
			if (strcmp(json_string_value(had), name) == 0)
				break;
		if (k == json_array_size(r->untaken) && k < UNTAKEN_MAX)
			json_array_append_new(r->untaken, json_string(name));
	}
}

/* A word of a list that has no meaning here. */
static void
note_word(struct reader *r, const char *what, const char *word)
{
	static const char *const none[] = { NULL };
	json_t *o = json_pack("{s:b}", word, 1);

	note_untaken(r, what, none, o);
	json_decref(o);
}

static enum err_code
need(struct reader *r, const char *what, const json_t *o, const char *const *required)
{
	if (!json_is_object(o))
		return err_set(r->err, ERR_INVALID, "%s: is not an object", what);
	if (++r->count > OBJECTS_MAX)
		return err_set(r->err, ERR_TOO_BIG, "it holds more than %d organisations, services and places", OBJECTS_MAX);
	for (; *required != NULL; required++)
		if (*text_in(o, *required) == '\0')
			return err_set(r->err, ERR_INVALID, "%s %.36s: HSDS requires %s, and it has none", what, text_in(o, "id"), *required);
	return ERR_OK;
}

static json_t *
new_record(const struct exchange_map *m, const json_t *o)
{
	char id[33];

	id_of(id, text_in(o, "id"));
	return json_pack("{s:s,s:s,s:{},s:{}}", "type", m->type->name, "id", id, "set", "add");
}

static void
take_value(json_t *record, const struct exchange_map *m, const char *prop, const json_t *v)
{
	const struct exchange_prop *p = exchange_prop(m, prop);
	json_t *into;

	if (p == NULL || v == NULL || (json_is_string(v) && json_string_length(v) == 0) || json_is_null(v))
		return;
	if (p->field->shape == SHAPE_REGISTER) {
		json_object_set(json_object_get(record, "set"), p->field->name, (json_t *)v);
		return;
	}
	into = json_object_get(json_object_get(record, "add"), p->field->name);
	if (into == NULL) {
		into = json_array();
		json_object_set_new(json_object_get(record, "add"), p->field->name, into);
	}
	json_array_append(into, (json_t *)v);
}

static void
take_text(json_t *record, const struct exchange_map *m, const char *prop, const char *text)
{
	json_t *v = json_string(text);

	take_value(record, m, prop, v);
	json_decref(v);
}

/* A place where nobody goes: by the code that the profile has for it. False: it has none. */
static bool
take_virtual(json_t *record, const struct exchange_map *m, const char *type)
{
	const struct exchange_prop *p = strcmp(type, "virtual") == 0 ? exchange_prop(m, "virtual") : NULL;

	if (p == NULL || p->code == NULL)
		return false;
	take_text(record, m, "virtual", p->code);
	return true;
}

/* "2005-01-01" or the day of a longer time; else nothing. */
static void
take_date(json_t *record, const struct exchange_map *m, const char *text)
{
	char date[11];

	snprintf(date, sizeof(date), "%.10s", text);
	if (date_valid(date))
		take_text(record, m, "assured_date", date);
}

static const json_t *
first_in(const json_t *o, const char *list)
{
	return json_array_get(json_object_get(o, list), 0);
}

static enum err_code
take_location(struct reader *r, const json_t *o, char id[33])
{
	static const char *const required[] = { "id", NULL };
	static const char *const taken[] = { "id", "name", "location_type", "latitude", "longitude", "addresses", NULL };
	const struct exchange_map *m = profile_exchange(r->p, "place");
	const json_t *address = first_in(o, "addresses"), *had;
	json_t *record;
	size_t i;
	enum err_code rc = need(r, "location", o, required);

	if (rc != ERR_OK || m == NULL)
		return rc;
	id_of(id, text_in(o, "id"));
	json_array_foreach(r->places, i, had) /* one place serves many services, and is told each time */
		if (strcmp(text_in(had, "id"), id) == 0)
			return ERR_OK;
	record = new_record(m, o);
	take_text(record, m, "name", *text_in(o, "name") != '\0' ? text_in(o, "name") : text_in(address, "address_1"));
	if (strcmp(text_in(o, "location_type"), "physical") != 0 && !take_virtual(record, m, text_in(o, "location_type")))
		note_word(r, "location.location_type", text_in(o, "location_type"));
	take_value(record, m, "latitude", json_object_get(o, "latitude"));
	take_value(record, m, "longitude", json_object_get(o, "longitude"));
	take_text(record, m, "address", text_in(address, "address_1"));
	take_text(record, m, "city", text_in(address, "city"));
	take_text(record, m, "region", text_in(address, "region"));
	note_untaken(r, "location", taken, o);
	json_array_append_new(r->places, record);
	return ERR_OK;
}

static enum err_code
take_places(struct reader *r, json_t *record, const struct exchange_map *m, const json_t *o)
{
	const json_t *at;
	size_t i;

	json_array_foreach(json_object_get(o, "service_at_locations"), i, at) {
		char id[33] = "";

		if (json_object_get(at, "location") == NULL)
			continue;
		if (take_location(r, json_object_get(at, "location"), id) != ERR_OK)
			return r->err->code;
		take_text(record, m, "place", id);
	}
	return ERR_OK;
}

static enum err_code
take_service(struct reader *r, const json_t *o, const char *organization)
{
	static const char *const required[] = { "id", "name", "status", NULL };
	static const char *const taken[] = { "id", "name", "status", "description", "url", "email", "eligibility_description", "fees_description",
		"interpretation_services", "assured_date", "phones", "languages", "required_documents", "schedules", "service_at_locations", "organization", NULL };
	static const char *const plain[][2] = { { "name", "name" }, { "description", "description" }, { "url", "url" }, { "email", "email" },
		{ "eligibility", "eligibility_description" }, { "fees", "fees_description" }, { "interpretation", "interpretation_services" } };
	static const char *const schedule[] = { "id", "description", NULL };
	const struct exchange_map *m = profile_exchange(r->p, "service");
	const json_t *part;
	json_t *record;
	size_t i;
	enum err_code rc = need(r, "service", o, required);

	if (rc != ERR_OK)
		return rc;
	if (strcmp(text_in(o, "status"), "active") != 0) { /* what is closed is not where somebody is sent */
		note_word(r, "service.status", text_in(o, "status"));
		return ERR_OK;
	}
	record = new_record(m, o);
	for (i = 0; i < COUNT_OF(plain); i++)
		take_text(record, m, plain[i][0], text_in(o, plain[i][1]));
	take_date(record, m, text_in(o, "assured_date"));
	take_text(record, m, "organization", organization);
	take_text(record, m, "phone", text_in(first_in(o, "phones"), "number"));
	take_text(record, m, "schedule", text_in(first_in(o, "schedules"), "description"));
	json_array_foreach(json_object_get(o, "schedules"), i, part)
		note_untaken(r, "schedule", schedule, part);
	json_array_foreach(json_object_get(o, "languages"), i, part)
		if (language_valid(text_in(part, "code")))
			take_text(record, m, "languages", text_in(part, "code"));
	json_array_foreach(json_object_get(o, "required_documents"), i, part)
		take_text(record, m, "documents", text_in(part, "document"));
	rc = take_places(r, record, m, o);
	note_untaken(r, "service", taken, o);
	json_array_append_new(r->services, record);
	return rc;
}

static enum err_code
take_organization(struct reader *r, const json_t *o)
{
	static const char *const required[] = { "id", "name", NULL };
	static const char *const taken[] = { "id", "name", "description", "website", "email", "phones", "services", "locations", "attributes", NULL };
	const struct exchange_map *m = profile_exchange(r->p, "organization");
	const json_t *part;
	json_t *record;
	char id[33];
	size_t i;
	enum err_code rc = need(r, "organization", o, required);

	if (rc != ERR_OK)
		return rc;
	record = new_record(m, o);
	take_text(record, m, "name", text_in(o, "name"));
	if (strcmp(text_in(o, "description"), text_in(o, "name")) != 0) /* ours, where nobody has said more, since HSDS requires one */
		take_text(record, m, "description", text_in(o, "description"));
	take_text(record, m, "website", text_in(o, "website"));
	take_text(record, m, "email", text_in(o, "email"));
	take_text(record, m, "phone", text_in(first_in(o, "phones"), "number"));
	json_array_foreach(json_object_get(o, "attributes"), i, part)
		if (strcmp(text_in(part, "link_type"), "assured_date") == 0)
			take_date(record, m, text_in(part, "value"));
	note_untaken(r, "organization", taken, o);
	json_array_append_new(r->organizations, record);
	snprintf(id, sizeof(id), "%s", text_in(record, "id"));
	json_array_foreach(json_object_get(o, "services"), i, part)
		if ((rc = take_service(r, part, id)) != ERR_OK)
			return rc;
	json_array_foreach(json_object_get(o, "locations"), i, part) {
		char place[33];

		if ((rc = take_location(r, part, place)) != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

/* An organisation, a service with the organisation that has it, a list of either, or a page of a list. */
static enum err_code
take_any(struct reader *r, const json_t *o, int depth)
{
	const json_t *item, *list = json_is_array(o) ? o : json_object_get(o, "contents");
	const json_t *of = json_object_get(o, "organization");
	char id[33] = "";
	enum err_code rc = ERR_OK;
	size_t i;

	if (json_is_array(list) && depth == 0) {
		json_array_foreach((json_t *)list, i, item)
			if (rc == ERR_OK)
				rc = take_any(r, item, 1);
		return rc;
	}
	if (json_object_get(o, "status") == NULL)
		return take_organization(r, o);
	if (of != NULL) {
		if ((rc = take_organization(r, of)) != ERR_OK)
			return rc;
		id_of(id, text_in(of, "id"));
	}
	return take_service(r, o, id);
}

enum err_code
hsds_import(json_t **out, json_t *untaken, const struct profile *p, struct bytes in, struct err *err)
{
	struct reader r = { p, json_array(), json_array(), json_array(), untaken, err, 0 };
	unsigned long refused = mem_refusals();
	json_error_t why;
	json_t *doc = json_read(in, JSON_REJECT_DUPLICATES, &why);
	enum err_code rc;

	*out = NULL;
	if (profile_exchange(p, "service") == NULL || profile_exchange(p, "organization") == NULL)
		rc = err_set(err, ERR_REFUSED, "profile %s does not say what stands in a directory", profile_id(p));
	else if (doc == NULL && refused != mem_refusals())
		rc = err_plain(err, ERR_NO_MEMORY);
	else if (doc == NULL)
		rc = err_set(err, ERR_INVALID, "line %d: it is not JSON", why.line);
	else
		rc = take_any(&r, doc, 0);
	if (rc == ERR_OK) {
		json_array_extend(r.places, r.organizations);
		json_array_extend(r.places, r.services);
		*out = json_incref(r.places);
	}
	json_decref(r.places);
	json_decref(r.organizations);
	json_decref(r.services);
	json_decref(doc);
	return rc;
}
