/*
 * What was answered, and what must therefore be there. Which of two values
 * replaced the other is not taken from what is shown: a writer replaces the
 * values whose entries its machine held when it was asked.
 */
#include "sim/day_internal.h"

#include <stdio.h>
#include <string.h>

const char *
day_word(struct day *d, const char *what, char out[64])
{
	snprintf(out, 64, "%s %zu %s", what, d->numbers++, d->staff.marker);
	return out;
}

void
day_new_id(struct day *d, char out[33])
{
	uint8_t id[16];

	dice_fill(&d->ids, id, sizeof(id));
	hex_encode(out, id, sizeof(id));
}

/* ---- calls that write ---- */

static uint64_t
log_len(struct day *d, size_t i, const struct log_key *key)
{
	struct replica *r = station_replica(d->staff.at[i]);
	size_t at;

	return replica_log_find(r, key, &at) ? replica_log_at(r, at)->len : 0;
}

size_t
day_begin_write(struct day *d, size_t i)
{
	const struct keystore *k = station_keys(d->staff.at[i]);
	struct day_write w = { .by = i };

	log_key_init(&w.log, &k->device.sign_pk, &d->staff.team, &k->inc);
	w.from = log_len(d, i, &w.log);
	d->writes = sim_must(mem_room(d->writes, d->write_count, &d->write_cap, sizeof(w)));
	d->writes[d->write_count] = w;
	d->open = d->write_count;
	return d->write_count++;
}

bool
day_is_saved(const struct day *d, size_t write)
{
	return d->writes[write].fate == WRITE_SAVED;
}

bool
day_knows(struct day *d, size_t i, size_t write)
{
	const struct day_write *w = &d->writes[write];

	return w->fate == WRITE_SAVED && log_len(d, i, &w->log) >= w->to;
}

/* What it replaced if it was saved stands again if it was not. */
static void
settle(struct day *d, enum write_fate fate)
{
	struct day_write *w = &d->writes[d->open];

	w->fate = fate;
	w->to = log_len(d, w->by, &w->log);
	for (size_t k = 0; k < d->fact_count && fate == WRITE_LOST; k++)
		if (d->facts[k].over_by == d->open)
			d->facts[k].over_by = DAY_NONE;
	if (d->undo_of != DAY_NONE && fate == WRITE_LOST)
		d->things[d->undo_of] = d->undo;
	d->undo_of = d->open = DAY_NONE;
}

json_t *
day_ask(struct day *d, size_t i, const char *op, json_t *params, struct op_files *files, struct err *err)
{
	struct day_write *w = &d->writes[d->open];
	json_t *a = staff_ask(&d->staff, i, op, params, files, err);

	if (a != NULL) {
		settle(d, WRITE_SAVED);
		d->staff.report->saved++;
		return a;
	}
	if (!staff_struck(&d->staff, i)) {
		if (log_len(d, i, &w->log) != w->from)
			(void)staff_fail(&d->staff, "I2", "n%zu: %s was refused (%s) and has written all the same", i, op, err->text);
		settle(d, WRITE_LOST);
	}
	return NULL;
}

json_t *
day_do(struct day *d, size_t i, const char *op, json_t *params, struct err *err)
{
	(void)day_begin_write(d, i);
	return day_ask(d, i, op, params, NULL, err);
}

void
day_settle_write(struct day *d, size_t i)
{
	if (d->open == DAY_NONE)
		return;
	if (log_len(d, i, &d->writes[d->open].log) > d->writes[d->open].from) {
		settle(d, WRITE_SAVED);
		mark(MARK_SAVED_UNHEARD);
	} else {
		settle(d, WRITE_LOST);
	}
}

/* ---- things and facts ---- */

size_t
day_thing_of(const struct day *d, const char *id)
{
	for (size_t k = 0; k < d->thing_count; k++)
		if (strcmp(d->things[k].id, id) == 0)
			return k;
	return DAY_NONE;
}

size_t
day_thing(struct day *d, enum thing_kind kind, const char *id, size_t group)
{
	struct day_thing t = { .kind = kind, .write = d->write_count - 1, .group = group, .of_case = DAY_NONE, .is_now = DAY_NONE };
	size_t k = day_thing_of(d, id);

	if (k != DAY_NONE) {
		/* Nobody has heard of the first try. */
		if (d->writes[d->things[k].write].fate == WRITE_LOST)
			d->things[k].write = d->write_count - 1;
		return k;
	}
	snprintf(t.id, sizeof(t.id), "%s", id);
	d->things = sim_must(mem_room(d->things, d->thing_count, &d->thing_cap, sizeof(t)));
	d->things[d->thing_count] = t;
	if (group == DAY_NONE && kind == THING_CASE)
		d->things[d->thing_count].group = d->thing_count;
	return d->thing_count++;
}

void
day_undo(struct day *d, size_t thing)
{
	d->undo_of = thing;
	d->undo = d->things[thing];
}

void
day_fact(struct day *d, size_t thing, enum fact_shape shape, const char *field, const char *value)
{
	struct day_fact f = { .thing = thing, .write = d->write_count - 1, .over_by = DAY_NONE, .shape = shape, .field = field };

	for (size_t k = 0; k < d->fact_count && shape == FACT_ONE; k++) {
		struct day_fact *had = &d->facts[k];

		if (had->thing == thing && had->shape == FACT_ONE && strcmp(had->field, field) == 0 && had->over_by == DAY_NONE && had->write != f.write &&
		    day_knows(d, d->writes[f.write].by, had->write))
			had->over_by = f.write;
	}
	snprintf(f.value, sizeof(f.value), "%s", value);
	d->facts = sim_must(mem_room(d->facts, d->fact_count, &d->fact_cap, sizeof(f)));
	d->facts[d->fact_count++] = f;
}

bool
day_erased(const struct day *d, size_t thing, enum thing_gone at_least)
{
	size_t group = d->things[thing].group;

	return group != DAY_NONE && d->things[group].gone >= at_least;
}

size_t
day_some(struct day *d, enum thing_kind kind, const char *what)
{
	size_t among = 0, n;

	for (size_t k = 0; k < d->thing_count; k++)
		among += d->things[k].kind == kind && d->writes[d->things[k].write].fate != WRITE_LOST;
	if (among == 0)
		return DAY_NONE;
	n = (size_t)decide_below(&d->staff.decide, what, among);
	for (size_t k = 0; k < d->thing_count; k++)
		if (d->things[k].kind == kind && d->writes[d->things[k].write].fate != WRITE_LOST && n-- == 0)
			return k;
	return DAY_NONE;
}

/* ---- is it shown? ---- */

const char *
day_value(const json_t *v, char out[96])
{
	if (json_is_string(v))
		snprintf(out, 96, "%s", json_string_value(v));
	else if (json_is_number(v))
		snprintf(out, 96, "%.10g", json_number_value(v));
	else
		snprintf(out, 96, "%s", json_is_true(v) ? "true" : json_is_false(v) ? "false" : "?");
	return out;
}

/* The values of a field, however they are shown: one, side by side, each with who gave it, or a set. *all: how many different ones. */
static size_t
times_shown(const json_t *v, const char *value, size_t *all)
{
	const json_t *side = json_object_get(v, "conflict"), *one;
	size_t n = 0, k, l;
	char text[96];

	*all = 0;
	if (v == NULL)
		return 0;
	if (!json_is_array(v) && !json_is_array(side)) {
		*all = 1;
		return strcmp(day_value(v, text), value) == 0;
	}
	json_array_foreach((json_t *)(side != NULL ? side : v), k, one) {
		const json_t *is = side != NULL ? json_object_get(one, "value") : one;

		n += strcmp(day_value(is, text), value) == 0;
		for (l = 0; l < k && side != NULL && !json_equal(is, json_object_get(json_array_get(side, l), "value")); l++)
			;
		*all += l == k || side == NULL;
	}
	return n;
}

static size_t
notes_shown(const json_t *record, const char *text)
{
	const json_t *note;
	size_t n = 0, k;

	json_array_foreach(json_object_get(record, "notes"), k, note)
		n += strcmp(staff_text(note, "text"), text) == 0;
	return n;
}

/* How many of the account's values stand in that field, each counted once. */
static size_t
heads(const struct day *d, size_t thing, const char *field)
{
	size_t n = 0;

	for (size_t k = 0; k < d->fact_count; k++) {
		const struct day_fact *f = &d->facts[k];
		bool first = f->thing == thing && f->shape == FACT_ONE && strcmp(f->field, field) == 0 && f->over_by == DAY_NONE && day_is_saved(d, f->write);

		for (size_t l = 0; l < k && first; l++)
			first = !(d->facts[l].thing == thing && d->facts[l].shape == FACT_ONE && strcmp(d->facts[l].field, field) == 0 &&
			          d->facts[l].over_by == DAY_NONE && day_is_saved(d, d->facts[l].write) && strcmp(d->facts[l].value, f->value) == 0);
		n += first;
	}
	return n;
}

static bool
judge_fact(struct day *d, size_t i, const struct day_fact *f, const json_t *record)
{
	const json_t *v = json_object_get(json_object_get(record, "fields"), f->field);
	size_t all, shown = times_shown(v, f->value, &all), standing;
	const char *id = d->things[f->thing].id;

	if (f->shape == FACT_NOTE)
		return (shown = notes_shown(record, f->value)) == 1 ||
		       staff_fail(&d->staff, shown == 0 ? "I1" : "I2", "n%zu: %.8s shows a note that was saved %zu times: \"%s\"", i, id, shown, f->value);
	if (f->shape == FACT_AMONG)
		return shown > 0 || staff_fail(&d->staff, "I1", "n%zu: %.8s does not show \"%s\", which was saved, among its %s", i, id, f->value, f->field);
	if (f->over_by != DAY_NONE)
		return true;
	standing = heads(d, f->thing, f->field);
	if (shown == 0)
		return staff_fail(&d->staff, "I1", "n%zu: %.8s does not show %s \"%s\", which was saved and which nobody who held it has replaced", i, id, f->field, f->value);
	if (standing > 1)
		mark(MARK_VALUES_SIDE_BY_SIDE);
	return all == standing || staff_fail(&d->staff, "I5", "n%zu: %.8s shows %zu values of %s, and %zu were saved that stand", i, id, all, f->field, standing);
}

static bool
judge_thing(struct day *d, size_t i, size_t thing)
{
	const struct day_thing *t = &d->things[thing];
	struct err err;
	json_t *a = staff_ask(&d->staff, i, "get", json_pack("{s:s}", "id", t->id), NULL, &err);
	bool ok = true, saved = day_is_saved(d, t->write);

	if (a != NULL && !saved)
		ok = staff_fail(&d->staff, "I5", "n%zu shows %.8s, which nobody has saved", i, t->id);
	else if (a != NULL && day_erased(d, thing, GONE_SURE))
		ok = staff_fail(&d->staff, "I13", "n%zu shows %.8s, of a case that was erased", i, t->id);
	else if (a == NULL && saved && !day_erased(d, thing, GONE_PERHAPS))
		ok = staff_fail(&d->staff, "I1", "n%zu does not show %.8s, which was saved: %s", i, t->id, err.text);
	for (size_t k = 0; a != NULL && ok && k < d->fact_count; k++)
		if (d->facts[k].thing == thing && day_is_saved(d, d->facts[k].write))
			ok = judge_fact(d, i, &d->facts[k], a);
	json_decref(a);
	return ok;
}

bool
day_judge_facts(struct day *d, size_t i)
{
	for (size_t k = 0; k < d->thing_count; k++)
		if (d->things[k].kind != THING_GLASS && !d->things[k].paired && !judge_thing(d, i, k))
			return false;
	return true;
}
