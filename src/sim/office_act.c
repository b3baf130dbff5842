/* What people of an office ask for. What comes of it is noted only where the answer was heard. */
#include "sim/office_internal.h"

#include <stdio.h>
#include <string.h>


const char *const office_times[OFFICE_TIMES] = { "13:00", "13:30", "14:00", "13:15" };
const char *const office_addresses[OFFICE_ADDRESSES] = { "n0:7000", "n1:7000", "hub.example:7000", "wss://hub.example/fb" };

/* ---- cases ---- */

static bool
act_case(void *play, size_t i)
{
	struct office *o = play;
	struct office_case c = { .due = decide_chance(&o->staff.decide, "due", 400) };
	json_t *set = json_pack("{s:s}", "status", "open"), *a;
	struct err err;

	if (c.due || decide_chance(&o->staff.decide, "closed", 500))
		json_object_set_new(set, "closed", json_string(c.due ? "2020-01-15" : "2026-02-15"));
	snprintf(c.note, sizeof(c.note), "case %zu %s", o->case_count, o->staff.marker);
	a = staff_ask(&o->staff, i, "put", json_pack("{s:s,s:o,s:s}", "type", "case", "set", set, "note", c.note), NULL, &err);
	if (a == NULL)
		return staff_excused(&o->staff, i, "saving a case", &err, false);
	snprintf(c.id, sizeof(c.id), "%s", staff_text(a, "id"));
	json_decref(a);
	o->staff.report->saved++;
	o->cases = sim_must(mem_room(o->cases, o->case_count, &o->case_cap, sizeof(c)));
	o->cases[o->case_count++] = c;
	return true;
}

/* What has been erased, or has not come here, is refused. */
static bool
edit(struct office *o, size_t i, const char *op)
{
	size_t k = o->case_count > 0 ? (size_t)decide_below(&o->staff.decide, "case", o->case_count) : 0;
	char value[24];
	struct err err;
	json_t *a, *set;

	if (o->case_count == 0)
		return true;
	snprintf(value, sizeof(value), "told %llu", (unsigned long long)decide_below(&o->staff.decide, "value", 3));
	set = json_pack("{s:s}", "status", value);
	a = strcmp(op, "put") == 0 ? staff_ask(&o->staff, i, op, json_pack("{s:s,s:s,s:o}", "type", "case", "id", o->cases[k].id, "set", set), NULL, &err)
	                           : staff_ask(&o->staff, i, op, json_pack("{s:s,s:o}", "id", o->cases[k].id, "set", set), NULL, &err);
	json_decref(a);
	o->staff.report->saved += a != NULL;
	return a != NULL || staff_excused(&o->staff, i, op, &err, true);
}

static bool
act_edit(void *play, size_t i)
{
	struct office *o = play;
	return edit(o, i, "put");
}

static bool
act_resolve(void *play, size_t i)
{
	struct office *o = play;
	return edit(o, i, "resolve");
}

/* ---- the book ---- */

/* Of those that this device gave and nobody may have called off, one at a time that overlaps. */
static const struct office_booking *
given_twice(const struct office *o, size_t i, size_t time, const struct office_booking *but)
{
	static const int at[OFFICE_TIMES] = { 780, 810, 840, 795 };

	for (size_t k = 0; k < o->booking_count; k++) {
		const struct office_booking *b = &o->bookings[k];
		int apart = at[b->time] - at[time];

		if (b != but && b->given && b->gave == i && !b->touched && apart > -30 && apart < 30)
			return b;
	}
	return NULL;
}

static bool
act_take(void *play, size_t i)
{
	struct office *o = play;
	struct office_booking b = { .gave = i, .time = (size_t)decide_below(&o->staff.decide, "time", OFFICE_TIMES) };
	struct err err;
	json_t *a = staff_ask(&o->staff, i, "booking take", json_pack("{s:s,s:s,s:s}", "site", OFFICE_SITE, "date", OFFICE_DAY, "time", office_times[b.time]), NULL, &err);

	if (a == NULL)
		return staff_excused(&o->staff, i, "taking a time", &err, true);
	snprintf(b.id, sizeof(b.id), "%s", staff_text(a, "booking"));
	b.given = strcmp(staff_text(a, "status"), "booked") == 0;
	json_decref(a);
	o->staff.report->saved++;
	if (b.given && given_twice(o, i, b.time, NULL) != NULL)
		return staff_fail(&o->staff, "I9", "n%zu has given %s to two", i, office_times[b.time]);
	o->bookings = sim_must(mem_room(o->bookings, o->booking_count, &o->booking_cap, sizeof(b)));
	o->bookings[o->booking_count++] = b;
	mark(b.given ? MARK_TIME_GIVEN : MARK_TIME_ASKED);
	return true;
}

static bool
set_booking(struct office *o, size_t i, const char *status)
{
	struct office_booking *b;
	struct err err;
	json_t *a;

	if (o->booking_count == 0)
		return true;
	b = &o->bookings[decide_below(&o->staff.decide, "booking", o->booking_count)];
	if (strcmp(status, "cancelled") == 0)
		b->touched = true;
	a = staff_ask(&o->staff, i, "booking set", json_pack("{s:s,s:s}", "id", b->id, "status", status), NULL, &err);
	if (a == NULL)
		return staff_excused(&o->staff, i, "saying what became of a booking", &err, true);
	if (strcmp(status, "booked") == 0 && strcmp(staff_text(a, "was"), "booked") != 0) {
		if (given_twice(o, i, b->time, b) != NULL)
			return json_decref(a), staff_fail(&o->staff, "I9", "n%zu has given %s to two, of whom one had asked for it", i, office_times[b->time]);
		b->given = true;
		b->gave = i;
	}
	json_decref(a);
	o->staff.report->saved++;
	return true;
}

static bool
act_cancel(void *play, size_t i)
{
	struct office *o = play;
	return set_booking(o, i, "cancelled");
}

static bool
act_book(void *play, size_t i)
{
	struct office *o = play;
	return set_booking(o, i, "booked");
}

static bool
act_keep(void *play, size_t i)
{
	struct office *o = play;
	struct err err;
	json_t *a = staff_ask(&o->staff, i, "booking keep", json_pack("{s:s}", "site", OFFICE_SITE), NULL, &err);

	json_decref(a);
	return a != NULL || staff_excused(&o->staff, i, "keeping the book", &err, true);
}

/* ---- addresses: each home's own ---- */

static bool
act_address(void *play, size_t i)
{
	struct office *o = play;
	size_t k = (size_t)decide_below(&o->staff.decide, "address", OFFICE_ADDRESSES);
	bool forget = o->typed[i][k] != ADDRESS_GONE && decide_chance(&o->staff.decide, "forget", 500);
	struct err err;
	json_t *a = staff_ask(&o->staff, i, "hubs", json_pack("{s:s}", forget ? "forget" : "add", office_addresses[k]), NULL, &err);

	json_decref(a);
	if (a == NULL && staff_struck(&o->staff, i))
		o->typed[i][k] = ADDRESS_DOUBTFUL;
	else if (a != NULL)
		o->typed[i][k] = forget ? ADDRESS_GONE : ADDRESS_TYPED;
	return a != NULL || staff_excused(&o->staff, i, "noting an address", &err, forget && o->typed[i][k] == ADDRESS_DOUBTFUL);
}

/* ---- what coordinators do ---- */

static bool
act_publish(void *play, size_t i)
{
	struct office *o = play;
	struct err err;
	json_t *a = staff_ask(&o->staff, i, "report", json_pack("{s:s,s:s,s:s,s:b}", "name", "booked", "from", "2031-01-01", "to", "2031-12-31", "publish", 1), NULL, &err);

	json_decref(a);
	o->published += a != NULL;
	o->published_perhaps += a == NULL;
	o->staff.report->saved += a != NULL;
	if (a != NULL)
		mark(MARK_PUBLISHED);
	return a != NULL || staff_excused(&o->staff, i, "publishing a report", &err, false);
}

static bool
act_order(void *play, size_t i)
{
	struct office *o = play;
	struct office_paper p;
	struct err err;
	json_t *a = staff_ask(&o->staff, i, "retention order", json_pack("{s:s,s:s}", "until", "2199-12-31", "reason", "board, paragraph 7"), NULL, &err);

	if (a == NULL)
		return staff_excused(&o->staff, i, "proposing a standing order", &err, false);
	snprintf(p.id, sizeof(p.id), "%s", staff_text(a, "id"));
	json_decref(a);
	o->staff.report->saved++;
	o->orders = sim_must(mem_room(o->orders, o->order_count, &o->order_cap, sizeof(p)));
	o->orders[o->order_count++] = p;
	return true;
}

/* Who proposed it may not say yes; an order may not have come here, or stand or have ended already. */
static bool
act_yes(void *play, size_t i)
{
	struct office *o = play;
	bool end = decide_chance(&o->staff.decide, "end", 100);
	struct err err;
	json_t *a;

	if (o->order_count == 0)
		return true;
	o->may_stand = true;
	a = staff_ask(&o->staff, i, "retention approve",
	               json_pack("{s:s,s:b}", "id", o->orders[decide_below(&o->staff.decide, "order", o->order_count)].id, "end", end), NULL, &err);
	if (a != NULL && !end)
		mark(MARK_ORDER_STANDS);
	json_decref(a);
	return a != NULL || staff_excused(&o->staff, i, "approving a standing order", &err, true);
}

void
office_note_asked(struct office *o, const json_t *run)
{
	const json_t *asked = json_object_get(run, "asked");

	for (size_t n = 0; n < json_array_size(asked); n++)
		for (size_t k = 0; k < o->case_count; k++)
			if (strcmp(staff_text(json_array_get(asked, n), "id"), o->cases[k].id) == 0) {
				o->cases[k].asked = true;
				snprintf(o->cases[k].under, sizeof(o->cases[k].under), "%s", staff_text(run, "order"));
			}
	if (json_array_size(json_object_get(run, "approved")) > 0)
		mark(MARK_RETENTION_ERASED);
}

/* Mostly once there is an order: what was asked for before waits for a person's yes (proto/law.md, 4). */
static bool
act_run(void *play, size_t i)
{
	struct office *o = play;
	struct err err;
	json_t *a;

	if (!decide_chance(&o->staff.decide, "early", o->may_stand ? 1000 : 150))
		return true;
	a = staff_ask(&o->staff, i, "retention", json_object(), NULL, &err);
	o->asked_perhaps = o->asked_perhaps || a == NULL;
	office_note_asked(o, a);
	json_decref(a);
	return a != NULL || staff_excused(&o->staff, i, "a retention run", &err, false);
}

const struct staff_act office_acts[OFFICE_ACT_COUNT] = {
	{ "case", 18, act_case, false, false },   { "edit", 8, act_edit, false, false },  { "resolve", 4, act_resolve, false, false },
	{ "take", 14, act_take, false, false },   { "cancel", 4, act_cancel, false, false }, { "book", 6, act_book, false, false },
	{ "keep", 4, act_keep, false, false },    { "publish", 3, act_publish, true, false }, { "order", 4, act_order, true, false },
	{ "yes", 10, act_yes, true, false },      { "run", 6, act_run, true, false },      { "meet", 20, staff_act_meet, false, true },
	{ "power", 4, staff_act_power, false, true }, { "address", 5, act_address, false, false },
};
