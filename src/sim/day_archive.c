/*
 * A house that ends and another that goes on with what it kept: everything is exported as one archive, by any device at any
 * time, and at the end a successor, founded for it and of another organisation, takes in the last one and shows the same.
 */
#include "sim/day_internal.h"

#include <stdio.h>
#include <string.h>

enum { SUCCESSOR = DAY_STATIONS };

static json_t *
export_all(struct day *d, size_t i, bool protected, struct op_files *files, struct err *err)
{
	char reason[64];
	json_t *params = json_pack("{s:s,s:b}", "output", "archive.zip", "all", 1);

	if (protected) {
		json_object_set_new(params, "protected", json_true());
		json_object_set_new(params, "reason", json_string(day_word(d, "the house is handed over", reason)));
	}
	return staff_ask(&d->staff, i, "export", params, files, err);
}

/* Protected cases that the device holds; told: it has just told everybody that it opened each. */
static size_t
glasses_held(struct day *d, size_t i, bool told)
{
	size_t n = 0;

	for (size_t k = 0; k < d->thing_count; k++) {
		struct day_thing *t = &d->things[k];

		if (t->kind != THING_GLASS || !day_knows(d, i, t->write))
			continue;
		n++;
		t->opened += told;
	}
	return n;
}

static bool
keep_archive(struct day *d, size_t i, const json_t *a, bool protected, const struct op_files *files)
{
	size_t held = glasses_held(d, i, protected), left = (size_t)json_integer_value(json_object_get(a, "protected_left_out"));

	if (protected && held > 0)
		mark(MARK_GLASS_CARRIED);
	buf_clear(&d->archive);
	buf_put_bytes(&d->archive, buf_bytes(&files->file[files->count - 1].data));
	return left == (protected ? 0 : held) ||
	       staff_fail(&d->staff, "I4", "n%zu: of %zu protected cases its archive left out %zu", i, held, left);
}

/* With protected cases too, which everybody is told of. Nothing befalls it: who was told of one that was cut off is nobody's account. */
bool
day_act_archive(void *play, size_t i)
{
	struct day *d = play;
	bool protected = decide_chance(&d->staff.decide, "protected", 500), ok;
	struct op_files *files = day_files(NULL, BYTES_NONE);
	struct err err;
	json_t *a = export_all(d, i, protected, files, &err);

	ok = a != NULL ? keep_archive(d, i, a, protected, files) : staff_excused(&d->staff, i, "export", &err, false);
	day_look_through(d, i, "export", files);
	json_decref(a);
	op_files_free(files);
	return ok;
}

/* ---- the successor ---- */

static json_t *
with_file(struct day *d, size_t i, const char *op, const char *name, struct bytes data)
{
	struct op_files *files = day_files("file", data);
	struct err err;
	json_t *a = staff_ask(&d->staff, i, op, json_pack("{s:s}", "file", name), files, &err);

	if (a == NULL)
		(void)staff_fail(&d->staff, "I2", "n%zu: %s: %s", i, op, err.text);
	op_files_free(files);
	return a;
}

/* An organisation of its own, with the profile of the first as that is now. */
static bool
found_successor(struct day *d)
{
	struct station *at = d->staff.at[SUCCESSOR] = station_new(d->staff.world, SUCCESSOR);
	json_t *had = staff_told(&d->staff, 0, "profile show", json_object()), *a;
	struct buf profile = BUF_INIT;
	struct stream_id team;
	struct err err = ERR_INIT;
	bool ok = had != NULL;

	at->profile = day_profile;
	if (ok && station_found(at, &team, &err) != ERR_OK)
		ok = staff_fail(&d->staff, "I9", "the successor cannot be founded: %s", err.text);
	if (ok)
		station_add_secrets(at);
	if (ok && json_integer_value(json_object_get(had, "version")) > 1) {
		day_profile_text(&profile, (unsigned)json_integer_value(json_object_get(had, "version")));
		a = with_file(d, SUCCESSOR, "profile install", "profile.json", buf_bytes(&profile));
		ok = a != NULL;
		json_decref(a);
	}
	buf_free(&profile);
	json_decref(had);
	return ok;
}

static json_t *
of_record(const json_t *r)
{
	json_t *says = json_copy(json_object_get(r, "fields"));

	json_object_set_new(says, "practice", json_boolean(json_is_true(json_object_get(r, "practice"))));
	return says;
}

/* Of each record as it is listed: what it says, and whether it counts. Who said it, in which team and when it came is the house's own. */
static json_t *
said(struct day *d, size_t i, const char *type)
{
	json_t *a = staff_told(&d->staff, i, "list", json_pack("{s:s}", "type", type)), *all = json_object(), *r;
	size_t k;

	json_array_foreach(json_object_get(a, "records"), k, r)
		json_object_set_new(all, staff_text(r, "id"), of_record(r));
	json_decref(a);
	return all;
}

/* The values of a field, however they are shown. */
static json_t *
values_of(json_t *v)
{
	json_t *out = json_array(), *side = json_object_get(v, "conflict"), *one;
	size_t k;

	if (side == NULL && !json_is_array(v))
		json_array_append(out, v);
	json_array_foreach(side != NULL ? side : v, k, one)
		json_array_append(out, side != NULL ? json_object_get(one, "value") : one);
	return out;
}

static bool
all_among(const json_t *these, const json_t *those)
{
	const json_t *one;
	size_t k, l;

	json_array_foreach(these, k, one) {
		for (l = 0; l < json_array_size(those) && !json_equal(one, json_array_get(those, l)); l++)
			;
		if (l == json_array_size(those))
			return false;
	}
	return true;
}

/* Of values that stood side by side the successor has one or more, for who writes them down again has seen the others. */
static bool
same_field(json_t *was, json_t *is)
{
	json_t *had = values_of(was), *has = values_of(is);
	bool same = is != NULL && all_among(has, had) && (all_among(had, has) || (json_object_get(was, "conflict") != NULL && json_array_size(has) > 0));

	json_decref(had);
	json_decref(has);
	return same;
}

static bool
same_record(struct day *d, const char *id, json_t *was, json_t *is)
{
	const char *name;
	json_t *field;

	if (is == NULL)
		return staff_fail(&d->staff, "I1", "the successor has no record %.8s, which is in its archive", id);
	json_object_foreach(was, name, field)
		if (!same_field(field, json_object_get(is, name)))
			return staff_fail(&d->staff, "I1", "record %.8s has another %s at the successor than it had", id, name);
	return json_object_size(was) == json_object_size(is) || staff_fail(&d->staff, "I5", "record %.8s has fields at the successor that it had not", id);
}

static bool
same_records(struct day *d, const char *type)
{
	json_t *first = said(d, 0, type), *second = said(d, SUCCESSOR, type), *fields;
	const char *id;
	bool ok = json_object_size(first) == json_object_size(second) ||
	          staff_fail(&d->staff, "I5", "the successor has %zu records of type %s, and the archive %zu", json_object_size(second), type, json_object_size(first));

	json_object_foreach(first, id, fields)
		ok = ok && same_record(d, id, fields, json_object_get(second, id));
	json_decref(first);
	json_decref(second);
	return ok;
}

bool
day_judge_successor(struct day *d)
{
	struct op_files *files = day_files(NULL, BYTES_NONE);
	struct err err;
	json_t *a = export_all(d, 0, true, files, &err), *taken = NULL;
	bool ok = a != NULL || staff_fail(&d->staff, "I2", "n0: export: %s", err.text);

	ok = ok && keep_archive(d, 0, a, true, files) && found_successor(d);
	if (ok)
		taken = with_file(d, SUCCESSOR, "import", "archive.zip", buf_bytes(&d->archive));
	ok = taken != NULL;
	for (size_t k = 0; k < DAY_TYPES && ok; k++)
		ok = same_records(d, day_types[k]);
	ok = ok && day_judge_figures(d, SUCCESSOR);
	if (ok)
		mark(MARK_HANDED_OVER);
	json_decref(taken);
	json_decref(a);
	op_files_free(files);
	return ok;
}
