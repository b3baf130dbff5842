/* What people of a day do with those who come: visits, cards, referrals, cases; and what they tidy afterwards. */
#include "sim/day_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- visits ---- */

static const char *
given(const json_t *params, const char *field)
{
	return staff_text(json_object_get(params, "set"), field);
}

/* What the answer, or a machine that runs again, says is saved. */
static void
visit_facts(struct day *d, const json_t *params)
{
	size_t visit = day_thing(d, THING_VISIT, staff_text(params, "id"), DAY_NONE);
	char minutes[96];

	d->things[visit].opens_case = staff_text(params, "case")[0] == '\0';
	day_fact(d, visit, FACT_ONE, "gender", given(params, "gender"));
	day_fact(d, visit, FACT_ONE, "minutes", day_value(json_object_get(json_object_get(params, "set"), "minutes"), minutes));
}

static void
case_facts(struct day *d, const json_t *params, const char *of_case, bool noted_before)
{
	size_t thing = day_thing(d, THING_CASE, of_case, DAY_NONE);

	day_fact(d, thing, FACT_ONE, "title", given(params, "case.title"));
	day_fact(d, thing, FACT_ONE, "next_step", given(params, "case.next_step"));
	if (!noted_before)
		day_fact(d, thing, FACT_NOTE, "notes", staff_text(params, "note"));
}

static void
action_facts(struct day *d, const json_t *params, const char *action, const char *of_case)
{
	size_t thing = day_thing(d, THING_ACTION, action, day_thing_of(d, of_case));

	day_fact(d, thing, FACT_ONE, "kind", given(params, "action.kind"));
	day_fact(d, thing, FACT_ONE, "case", of_case);
}

/* One of them is noted by its text: the id of a note follows from the visit's and the text. */
static bool
is_noted(const struct day *d, const char *note)
{
	for (size_t k = 0; k < d->fact_count; k++)
		if (d->facts[k].shape == FACT_NOTE && strcmp(d->facts[k].value, note) == 0 && d->writes[d->facts[k].write].fate != WRITE_LOST)
			return true;
	return false;
}

/* The same parameters as often as it takes. Of a case that is known before, what it becomes is a fact even if nobody hears of it. */
static bool
save_visit(struct day *d, size_t i, json_t *params)
{
	const char *known = staff_text(params, "case"), *ticket = staff_text(params, "queue"), *draft = staff_text(params, "draft");
	bool noted = is_noted(d, staff_text(params, "note"));
	struct err err;
	json_t *a;

	d->tried[i] = d->sure[i];
	day_end_place(d, i, ticket, "served");
	for (size_t k = 0; k < DAY_DRAFTS; k++)
		if (strcmp(draft, day_draft_keys[k]) == 0)
			d->tried[i].draft[k][0] = '\0';
	(void)day_begin_write(d, i);
	visit_facts(d, params);
	if (known[0] != '\0')
		case_facts(d, params, known, noted);
	a = day_ask(d, i, "visit save", json_incref(params), NULL, &err);
	if (a != NULL && known[0] == '\0')
		case_facts(d, params, staff_text(a, "case"), noted);
	if (a != NULL)
		d->things[day_thing_of(d, staff_text(params, "id"))].of_case = day_thing_of(d, staff_text(a, "case"));
	if (a != NULL)
		action_facts(d, params, staff_text(a, "action"), staff_text(a, "case"));
	day_table_saved(d, i, a != NULL);
	json_decref(d->again[i]);
	d->again[i] = a == NULL && staff_struck(&d->staff, i) ? params : NULL;
	if (d->again[i] == NULL)
		json_decref(params);
	json_decref(a);
	/* Refused: a case or a ticket that is no more. */
	return a != NULL || staff_excused(&d->staff, i, "visit save", &err, known[0] != '\0' || ticket[0] != '\0');
}

bool
day_act_visit(void *play, size_t i)
{
	static const char *const genders[] = { "woman", "man", "other", "missing" };
	struct day *d = play;
	char id[33], title[64], next[64], note[64];
	size_t of = decide_chance(&d->staff.decide, "known", 350) ? day_some(d, THING_CASE, "case") : DAY_NONE;
	size_t card = decide_chance(&d->staff.decide, "carded", 300) ? day_some(d, THING_VISITOR, "card") : DAY_NONE;
	const struct day_place *p = decide_chance(&d->staff.decide, "called", 600) ? day_waiting(d, i) : NULL;
	json_t *params;

	day_new_id(d, id);
	params = json_pack("{s:s,s:s,s:{s:s,s:i,s:s,s:s,s:s,s:s}}", "id", id, "note", day_word(d, "came about a letter", note), "set", "gender",
	                   genders[decide_below(&d->staff.decide, "gender", COUNT_OF(genders))], "minutes", (int)decide_between(&d->staff.decide, "minutes", 5, 90),
	                   "case.title", day_word(d, "the landlord", title), "case.next_step", day_word(d, "call", next), "case.topic", "housing", "action.kind", "letter_reading");
	if (of != DAY_NONE)
		json_object_set_new(params, "case", json_string(d->things[of].id));
	if (card != DAY_NONE && d->things[card].code[0] != '\0')
		json_object_set_new(params, "card", json_string(d->things[card].code));
	if (p != NULL)
		json_object_set_new(params, "queue", json_string(p->ticket));
	if (decide_chance(&d->staff.decide, "drafted", 500))
		json_object_set_new(params, "draft", json_string(day_draft_keys[0]));
	return save_visit(d, i, params);
}

/* Nobody has told whether it was saved, so it is saved again: by the same id, which makes it one. And a session is closed again, whose queue is counted once. */
bool
day_act_again(void *play, size_t i)
{
	struct day *d = play;
	json_t *params = d->again[i];

	if (d->close_again[i])
		return day_act_close(play, i);
	if (params == NULL)
		return day_act_visit(play, i);
	d->again[i] = NULL;
	json_object_del(params, "queue"); /* its ticket may be served by now */
	mark(MARK_SAVED_AGAIN);
	return save_visit(d, i, params);
}

/* ---- cases ---- */

bool
day_act_edit(void *play, size_t i)
{
	static const char *const fields[] = { "title", "next_step", "assigned" };
	struct day *d = play;
	size_t of = day_some(d, THING_CASE, "case");
	const char *field = fields[decide_below(&d->staff.decide, "field", COUNT_OF(fields))];
	bool resolve = decide_chance(&d->staff.decide, "resolve", 250);
	char value[64];
	struct err err;
	json_t *a;

	if (of == DAY_NONE)
		return true;
	(void)day_word(d, "then", value);
	(void)day_begin_write(d, i);
	day_fact(d, of, FACT_ONE, field, value);
	a = resolve ? day_ask(d, i, "resolve", json_pack("{s:s,s:{s:s}}", "id", d->things[of].id, "set", field, value), NULL, &err)
	            : day_ask(d, i, "put", json_pack("{s:s,s:s,s:{s:s}}", "type", "case", "id", d->things[of].id, "set", field, value), NULL, &err);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, resolve ? "resolve" : "put", &err, true);
}

bool
day_act_card(void *play, size_t i)
{
	struct day *d = play;
	size_t of = decide_chance(&d->staff.decide, "bare", 400) ? DAY_NONE : day_some(d, THING_CASE, "case"), thing;
	struct err err;
	json_t *a;

	a = day_do(d, i, "card new", of != DAY_NONE ? json_pack("{s:s}", "case", d->things[of].id) : json_object(), &err);
	if (a != NULL) {
		thing = day_thing(d, THING_VISITOR, staff_text(a, "visitor"), DAY_NONE);
		snprintf(d->things[thing].code, sizeof(d->things[thing].code), "%s", staff_text(a, "code"));
		day_fact(d, thing, FACT_ONE, "code", d->things[thing].code);
	}
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "card new", &err, of != DAY_NONE);
}

static bool
send_referral(struct day *d, size_t i)
{
	size_t of = day_some(d, THING_CASE, "case"), thing;
	char note[64];
	struct err err;
	json_t *a;

	if (of == DAY_NONE)
		return true;
	a = day_do(d, i, "referral send", json_pack("{s:s,s:s,s:s,s:b,s:s}", "case", d->things[of].id, "to", "linero", "reason", "time", "consent", 1, "note",
	                                            day_word(d, "they should know", note)), &err);
	if (a != NULL) {
		thing = day_thing(d, THING_REFERRAL, staff_text(a, "referral"), of);
		day_fact(d, thing, FACT_ONE, "status", "sent");
		day_fact(d, thing, FACT_ONE, "to", "linero");
		day_fact(d, thing, FACT_NOTE, "notes", note);
	}
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "referral send", &err, true);
}

/* A state that does not follow is refused. */
bool
day_act_referral(void *play, size_t i)
{
	static const char *const states[] = { "received", "accepted", "declined", "done", "withdrawn", "no_reply" };
	struct day *d = play;
	size_t of = decide_chance(&d->staff.decide, "answer", 600) ? day_some(d, THING_REFERRAL, "referral") : DAY_NONE;
	const char *state = states[decide_below(&d->staff.decide, "state", COUNT_OF(states))];
	char note[64];
	struct err err;
	json_t *a;

	if (of == DAY_NONE)
		return send_referral(d, i);
	(void)day_begin_write(d, i);
	day_fact(d, of, FACT_ONE, "status", state);
	day_fact(d, of, FACT_NOTE, "notes", day_word(d, "they say", note));
	a = day_ask(d, i, "referral set", json_pack("{s:s,s:s,s:s}", "id", d->things[of].id, "status", state, "note", note), NULL, &err);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "referral set", &err, true);
}

bool
day_act_hours(void *play, size_t i)
{
	struct day *d = play;
	bool confirm = decide_chance(&d->staff.decide, "confirm", 400);
	struct err err;
	json_t *a = day_do(d, i, confirm ? "hours confirm" : "hours derive", confirm ? json_pack("{s:b}", "all", 1) : json_object(), &err);

	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, confirm ? "hours confirm" : "hours derive", &err, false);
}

/* ---- tidying ---- */

/* What anybody has since said of either is no longer known. */
static void
touch_pair(struct day *d, size_t keep, size_t other)
{
	for (size_t k = 0; k < d->thing_count; k++)
		if (k == keep || k == other || d->things[k].is_now == keep || d->things[k].is_now == other)
			d->things[k].is_now = DAY_NONE;
	d->things[keep].paired = d->things[other].paired = true;
}

/* Organisations of the directory: two are one, or not after all. */
bool
day_act_merge(void *play, size_t i)
{
	struct day *d = play;
	size_t keep = day_some(d, THING_ORGANISATION, "keep"), other = day_some(d, THING_ORGANISATION, "other");
	bool part = decide_chance(&d->staff.decide, "part", 300), fresh;
	struct err err;
	json_t *a;

	for (size_t k = 0; k < d->thing_count && part; k++)
		other = d->things[k].is_now != DAY_NONE ? k : other;
	if (keep == other)
		return true;
	fresh = !d->things[keep].paired && !d->things[other].paired;
	touch_pair(d, keep, other);
	a = part ? day_do(d, i, "unmerge", json_pack("{s:s}", "id", d->things[other].id), &err)
	         : day_do(d, i, "merge", json_pack("{s:s,s:s}", "keep", d->things[keep].id, "other", d->things[other].id), &err);
	if (a != NULL && fresh && !part)
		d->things[other].is_now = keep;
	if (a != NULL)
		mark(part ? MARK_PARTED_AGAIN : MARK_MERGED);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, part ? "unmerge" : "merge", &err, true);
}

bool
day_act_erase(void *play, size_t i)
{
	struct day *d = play;
	size_t of = day_some(d, THING_CASE, "case");
	char reason[64];
	struct err err;
	json_t *a;

	if (of == DAY_NONE || d->things[of].order[0] != '\0')
		return true;
	a = staff_ask(&d->staff, i, "erase", json_pack("{s:s,s:s}", "id", d->things[of].id, "reason", day_word(d, "hen asked", reason)), NULL, &err);
	if (a != NULL) {
		snprintf(d->things[of].order, sizeof(d->things[of].order), "%s", staff_text(a, "request"));
		d->things[of].asked_by = i;
	}
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "erase", &err, true);
}

bool
day_act_approve(void *play, size_t i)
{
	struct day *d = play;
	size_t of = DAY_NONE;
	enum thing_gone was;
	struct err err;
	json_t *a;

	for (size_t k = 0; k < d->thing_count; k++)
		if (d->things[k].order[0] != '\0' && d->things[k].asked_by != i && d->things[k].gone != GONE_SURE)
			of = k;
	if (of == DAY_NONE)
		return true;
	was = d->things[of].gone;
	d->things[of].gone = GONE_PERHAPS;
	a = staff_ask(&d->staff, i, "erase approve", json_pack("{s:s}", "id", d->things[of].order), NULL, &err);
	if (a != NULL) {
		d->things[of].gone = GONE_SURE;
		mark(MARK_ERASED);
	} else if (!staff_struck(&d->staff, i)) {
		d->things[of].gone = was;
	}
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "erase approve", &err, true);
}
