/*
 * What lies on the table of each device: tickets, drafts, the session that was
 * opened there. None of it is ever sent, so its account is one device's own:
 * it is as the last answer made it, and after a fault as it was or as it was
 * asked to be.
 */
#include "sim/day_internal.h"

#include <stdio.h>
#include <string.h>

const char *const day_draft_keys[DAY_DRAFTS] = { "visit", "closing" };

/* ---- as it is ---- */

static bool
read_table(struct day *d, size_t i, struct day_table *out)
{
	json_t *a = staff_told(&d->staff, i, "queue list", json_pack("{s:b}", "all", 1)), *one;
	struct err err;
	size_t k;

	*out = (struct day_table){ .count = 0 };
	json_array_foreach(json_object_get(a, "places"), k, one) {
		struct day_place *p = &out->place[out->count < DAY_PLACES ? out->count++ : DAY_PLACES - 1];

		snprintf(p->ticket, sizeof(p->ticket), "%s", staff_text(one, "ticket"));
		snprintf(p->documents, sizeof(p->documents), "%s", staff_text(one, "documents"));
		snprintf(p->state, sizeof(p->state), "%s", staff_text(one, "state"));
		snprintf(p->session, sizeof(p->session), "%s", staff_text(one, "session"));
	}
	for (k = 0; k < DAY_DRAFTS && a != NULL; k++) {
		json_t *draft = staff_ask(&d->staff, i, "draft get", json_pack("{s:s}", "key", day_draft_keys[k]), NULL, &err);

		snprintf(out->draft[k], sizeof(out->draft[k]), "%s", staff_text(draft, "text"));
		if (draft == NULL && err.code != ERR_UNKNOWN)
			(void)staff_fail(&d->staff, "I2", "n%zu: a draft cannot be read: %s", i, err.text);
		json_decref(draft);
	}
	json_decref(a);
	return d->staff.report->finding.invariant[0] == '\0';
}

/* Of a place that nobody has been told the end of, ticket "", number and session are any. */
static bool
alike(const struct day_table *a, const struct day_table *want)
{
	bool same = a->count == want->count;

	for (size_t k = 0; k < want->count && same; k++) {
		const struct day_place *p = &a->place[k], *w = &want->place[k];

		same = strcmp(p->documents, w->documents) == 0 && strcmp(p->state, w->state) == 0 &&
		       (w->ticket[0] == '\0' || (strcmp(p->ticket, w->ticket) == 0 && strcmp(p->session, w->session) == 0));
	}
	for (size_t k = 0; k < DAY_DRAFTS && same; k++)
		same = strcmp(a->draft[k], want->draft[k]) == 0;
	return same;
}

bool
day_judge_table(struct day *d, size_t i)
{
	struct day_table is;

	if (!read_table(d, i, &is))
		return false;
	if (!alike(&is, &d->sure[i]) && !(d->in_doubt[i] && alike(&is, &d->tried[i])))
		return staff_fail(&d->staff, d->in_doubt[i] ? "I1" : "I2", "n%zu: its table, tickets or drafts, is neither as it was nor as it was asked to be", i);
	if (is.count > 0 && d->in_doubt[i])
		mark(MARK_TICKETS_BACK);
	d->sure[i] = is;
	d->in_doubt[i] = false;
	return true;
}

void
day_table_saved(struct day *d, size_t i, bool answered)
{
	if (answered && !staff_struck(&d->staff, i))
		d->sure[i] = d->tried[i];
	else
		d->in_doubt[i] = staff_struck(&d->staff, i);
}

/* ---- tickets ---- */

static bool
is_here(const struct day_place *p)
{
	return strcmp(p->state, "waiting") == 0 || strcmp(p->state, "called") == 0;
}

static size_t
count_state(const struct day_table *t, const char *state, const char *session)
{
	size_t n = 0;

	for (size_t k = 0; k < t->count; k++)
		n += strcmp(t->place[k].state, state) == 0 && strcmp(t->place[k].session, session) == 0;
	return n;
}

const struct day_place *
day_waiting(struct day *d, size_t i)
{
	const struct day_table *t = &d->sure[i];
	size_t among = 0, n;

	for (size_t k = 0; k < t->count; k++)
		among += is_here(&t->place[k]);
	n = among > 0 ? (size_t)decide_below(&d->staff.decide, "ticket", among) : 0;
	for (size_t k = 0; k < t->count; k++)
		if (is_here(&t->place[k]) && n-- == 0)
			return &t->place[k];
	return NULL;
}

void
day_end_place(struct day *d, size_t i, const char *ticket, const char *state)
{
	for (size_t k = 0; k < d->tried[i].count; k++)
		if (strcmp(d->tried[i].place[k].ticket, ticket) == 0)
			snprintf(d->tried[i].place[k].state, sizeof(d->tried[i].place[k].state), "%s", state);
}

static bool
add_ticket(struct day *d, size_t i)
{
	struct day_table *t = &d->tried[i];
	struct day_place *p;
	struct err err;
	json_t *a;

	if (t->count == DAY_PLACES)
		return true;
	p = &t->place[t->count++];
	*p = (struct day_place){ .state = "waiting" };
	snprintf(p->documents, sizeof(p->documents), "letter %zu %s", d->numbers++, d->local);
	a = day_do(d, i, "queue add", json_pack("{s:s,s:s,s:b}", "documents", p->documents, "language", "ar", "deadline-today", d->numbers % 2 == 0), &err);
	snprintf(p->ticket, sizeof(p->ticket), "%s", staff_text(json_object_get(a, "place"), "ticket"));
	snprintf(p->session, sizeof(p->session), "%s", staff_text(json_object_get(a, "place"), "session"));
	for (size_t k = 0; a != NULL && k + 1 < t->count; k++)
		if (strcmp(t->place[k].ticket, p->ticket) == 0)
			(void)staff_fail(&d->staff, "I9", "n%zu has given ticket %s to two", i, p->ticket);
	day_table_saved(d, i, a != NULL);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "queue add", &err, false);
}

static bool
change_ticket(struct day *d, size_t i, const struct day_place *p)
{
	static const char *const ops[] = { "queue edit", "queue call", "queue done", "queue leave" };
	static const char *const states[] = { "", "called", "served", "left" };
	size_t what = (size_t)decide_below(&d->staff.decide, "what", COUNT_OF(ops));
	char ticket[24], documents[64];
	json_t *params, *a;
	struct err err;

	snprintf(ticket, sizeof(ticket), "%s", p->ticket);
	params = json_pack("{s:s}", "ticket", ticket);
	if (what == 0) {
		snprintf(documents, sizeof(documents), "letter %zu %s", d->numbers++, d->local);
		json_object_set_new(params, "documents", json_string(documents));
		snprintf(d->tried[i].place[p - d->sure[i].place].documents, sizeof(documents), "%s", documents);
	} else {
		day_end_place(d, i, ticket, states[what]);
	}
	a = day_do(d, i, ops[what], params, &err);
	day_table_saved(d, i, a != NULL);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, ops[what], &err, false);
}

bool
day_act_queue(void *play, size_t i)
{
	struct day *d = play;
	const struct day_place *p = decide_chance(&d->staff.decide, "change", 450) ? day_waiting(d, i) : NULL;

	d->tried[i] = d->sure[i];
	return p == NULL ? add_ticket(d, i) : change_ticket(d, i, p);
}

/* ---- drafts ---- */

bool
day_act_draft(void *play, size_t i)
{
	struct day *d = play;
	size_t k = (size_t)decide_below(&d->staff.decide, "key", DAY_DRAFTS);
	bool drop = decide_chance(&d->staff.decide, "drop", 250);
	char *text = d->tried[i].draft[k];
	struct err err;
	json_t *a;

	d->tried[i] = d->sure[i];
	text[0] = '\0';
	if (!drop)
		snprintf(text, sizeof(d->tried[i].draft[k]), "half a visit %zu %s", d->numbers++, d->local);
	a = drop ? day_do(d, i, "draft drop", json_pack("{s:s}", "key", day_draft_keys[k]), &err)
	         : day_do(d, i, "draft put", json_pack("{s:s,s:s}", "key", day_draft_keys[k], "text", text), &err);
	day_table_saved(d, i, a != NULL);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, drop ? "draft drop" : "draft put", &err, false);
}

/* ---- sessions ---- */

/* Who waits for no session yet waits for this one. */
static void
take_places(struct day *d, size_t i, const char *session)
{
	for (size_t k = 0; k < d->tried[i].count; k++)
		if (d->tried[i].place[k].session[0] == '\0')
			snprintf(d->tried[i].place[k].session, sizeof(d->tried[i].place[k].session), "%s", session);
}

bool
day_act_open(void *play, size_t i)
{
	struct day *d = play;
	const char *site = day_sites[decide_below(&d->staff.decide, "site", COUNT_OF(day_sites))];
	const char *who = day_volunteers[decide_below(&d->staff.decide, "who", DAY_VOLUNTEERS)];
	bool practice = decide_chance(&d->staff.decide, "practice", 150);
	struct err err;
	size_t thing;
	json_t *a;

	d->tried[i] = d->sure[i];
	a = day_do(d, i, "session open", json_pack("{s:s,s:[s],s:[s],s:s,s:b}", "site", site, "channel", "physical", "adviser", who, "start", "13:00", "practice", practice), &err);
	if (a == NULL) { /* one is open on this device; or nobody has heard which is now */
		for (size_t k = 0; k < d->tried[i].count; k++)
			if (d->tried[i].place[k].session[0] == '\0')
				d->tried[i].place[k].ticket[0] = '\0';
		day_table_saved(d, i, false);
		return staff_excused(&d->staff, i, "session open", &err, true);
	}
	snprintf(d->session[i], sizeof(d->session[i]), "%s", staff_text(a, "session"));
	thing = day_thing(d, THING_SESSION, d->session[i], DAY_NONE);
	day_fact(d, thing, FACT_AMONG, "staff", who);
	if (json_is_true(json_object_get(a, "joined")))
		mark(MARK_SESSION_JOINED);
	take_places(d, i, d->session[i]);
	day_table_saved(d, i, true);
	json_decref(a);
	return true;
}

/* Its places go with it; a device's queue is counted in it once. */
static void
note_closed(struct day *d, size_t i, size_t thing)
{
	struct day_thing *t = &d->things[thing];
	const struct day_table *had = &d->sure[i];
	struct day_table *now = &d->tried[i];
	size_t served = count_state(had, "served", t->id) + count_state(had, "referred", t->id), left = count_state(had, "left", t->id), kept = 0;

	for (size_t k = 0; k < now->count; k++)
		if (strcmp(now->place[k].session, t->id) != 0)
			now->place[kept++] = now->place[k];
	if (kept < now->count && !t->counted[i]) {
		t->counted[i] = true;
		t->served += served;
		t->left += left;
	}
	now->count = kept;
}

/* The session at this table, else any: what its end is to write is noted before it is asked for. DAY_NONE: there is none. */
static size_t
begin_closing(struct day *d, size_t i)
{
	size_t thing = d->session[i][0] != '\0' ? day_thing_of(d, d->session[i]) : day_some(d, THING_SESSION, "session");

	if (thing == DAY_NONE)
		return thing;
	d->tried[i] = d->sure[i];
	(void)day_begin_write(d, i);
	day_undo(d, thing);
	note_closed(d, i, thing);
	return thing;
}

bool
day_act_close(void *play, size_t i)
{
	struct day *d = play;
	bool force = decide_chance(&d->staff.decide, "force", 700);
	size_t thing = begin_closing(d, i);
	struct err err;
	json_t *a;

	if (thing == DAY_NONE)
		return true;
	a = day_ask(d, i, "session close", json_pack("{s:s,s:s,s:b,s:i}", "id", d->things[thing].id, "end", "16:00", "force", force, "leaflets", 3), NULL, &err);
	if (a != NULL) {
		d->things[thing].held = true;
		d->session[i][0] = '\0';
	}
	d->close_again[i] = a == NULL && staff_struck(&d->staff, i);
	day_table_saved(d, i, a != NULL);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "session close", &err, true);
}

/* The same with an exchange, and a proof that others hold it; the home stays. */
bool
day_act_leave(void *play, size_t i)
{
	struct day *d = play;
	size_t with = (i + 1 + (size_t)decide_below(&d->staff.decide, "with", DAY_STATIONS - 1)) % DAY_STATIONS;
	size_t thing = begin_closing(d, i);
	struct err err;
	json_t *a;

	if (thing == DAY_NONE)
		return true;
	a = day_ask(d, i, "close-site", json_pack("{s:s,s:[s],s:b}", "session", d->things[thing].id, "peer", d->staff.at[with]->addr, "force", 1), NULL, &err);
	if (a != NULL) {
		d->things[thing].held = true;
		d->session[i][0] = '\0';
		mark(MARK_SITE_LEFT);
	}
	day_table_saved(d, i, a != NULL);
	json_decref(a);
	return a != NULL || staff_excused(&d->staff, i, "close-site", &err, true);
}
