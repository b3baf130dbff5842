/* What people of an office ask for. What comes of it is noted only where the answer was heard. */
#include "sim/office_internal.h"

#include <stdio.h>
#include <string.h>

#include "op/op.h"

const char *const office_times[OFFICE_TIMES] = { "13:00", "13:30", "14:00", "13:15" };
const char *const office_addresses[OFFICE_ADDRESSES] = { "n0:7000", "n1:7000", "hub.example:7000", "wss://hub.example/fb" };

/* ---- asking ---- */

static void
answered(struct op_call *call)
{
	*(bool *)call->ctx = true;
}

json_t *
office_ask(struct office *o, size_t i, const char *name, json_t *params, struct err *err)
{
	struct op_call call = { .node = o->at[i]->node, .params = sim_must(params), .finished = answered };
	bool done = false;

	call.ctx = &done;
	call.err = (struct err)ERR_INIT;
	op_start(op_find(name), &call);
	json_decref(params);
	*err = call.err;
	if (!done)
		(void)office_fail(o, "I9", "n%zu: %s does not end", i, name);
	trace_line(world_trace(o->world), "n%zu: %s: %s", i, name, call.err.code == ERR_OK ? "ok" : call.err.text);
	if (call.err.code == ERR_OK && !disk_dead(host_disk(o->at[i]->host)))
		return call.result;
	json_decref(call.result);
	return NULL;
}

const char *
office_text(const json_t *answer, const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));

	return text != NULL ? text : "";
}

bool
office_struck(struct office *o, size_t i)
{
	struct disk *d = host_disk(o->at[i]->host);

	return disk_dead(d) || disk_fault_struck(d);
}

/* Failed: for a cause, or one of those that the state of things may give. */
static bool
excused(struct office *o, size_t i, const char *what, const struct err *err, bool may_be_refused)
{
	if (office_struck(o, i) || (may_be_refused && (err->code == ERR_REFUSED || err->code == ERR_UNKNOWN || err->code == ERR_EXISTS || err->code == ERR_INVALID)))
		return true;
	return office_fail(o, "I9", "n%zu: %s failed without a cause: %s", i, what, err->text);
}

/* ---- cases ---- */

static bool
act_case(struct office *o, size_t i)
{
	struct office_case c = { .due = decide_chance(&o->decide, "due", 400) };
	json_t *set = json_pack("{s:s}", "status", "open"), *a;
	struct err err;

	if (c.due || decide_chance(&o->decide, "closed", 500))
		json_object_set_new(set, "closed", json_string(c.due ? "2020-01-15" : "2026-02-15"));
	snprintf(c.note, sizeof(c.note), "case %zu %s", o->case_count, o->marker);
	a = office_ask(o, i, "put", json_pack("{s:s,s:o,s:s}", "type", "case", "set", set, "note", c.note), &err);
	if (a == NULL)
		return excused(o, i, "saving a case", &err, false);
	snprintf(c.id, sizeof(c.id), "%s", office_text(a, "id"));
	json_decref(a);
	o->report->saved++;
	o->cases = sim_must(mem_room(o->cases, o->case_count, &o->case_cap, sizeof(c)));
	o->cases[o->case_count++] = c;
	return true;
}

/* What has been erased, or has not come here, is refused. */
static bool
edit(struct office *o, size_t i, const char *op)
{
	size_t k = o->case_count > 0 ? (size_t)decide_below(&o->decide, "case", o->case_count) : 0;
	char value[24];
	struct err err;
	json_t *a, *set;

	if (o->case_count == 0)
		return true;
	snprintf(value, sizeof(value), "told %llu", (unsigned long long)decide_below(&o->decide, "value", 3));
	set = json_pack("{s:s}", "status", value);
	a = strcmp(op, "put") == 0 ? office_ask(o, i, op, json_pack("{s:s,s:s,s:o}", "type", "case", "id", o->cases[k].id, "set", set), &err)
	                           : office_ask(o, i, op, json_pack("{s:s,s:o}", "id", o->cases[k].id, "set", set), &err);
	json_decref(a);
	o->report->saved += a != NULL;
	return a != NULL || excused(o, i, op, &err, true);
}

static bool
act_edit(struct office *o, size_t i)
{
	return edit(o, i, "put");
}

static bool
act_resolve(struct office *o, size_t i)
{
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
act_take(struct office *o, size_t i)
{
	struct office_booking b = { .gave = i, .time = (size_t)decide_below(&o->decide, "time", OFFICE_TIMES) };
	struct err err;
	json_t *a = office_ask(o, i, "booking take", json_pack("{s:s,s:s,s:s}", "site", OFFICE_SITE, "date", OFFICE_DAY, "time", office_times[b.time]), &err);

	if (a == NULL)
		return excused(o, i, "taking a time", &err, true);
	snprintf(b.id, sizeof(b.id), "%s", office_text(a, "booking"));
	b.given = strcmp(office_text(a, "status"), "booked") == 0;
	json_decref(a);
	o->report->saved++;
	if (b.given && given_twice(o, i, b.time, NULL) != NULL)
		return office_fail(o, "I9", "n%zu has given %s to two", i, office_times[b.time]);
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
	b = &o->bookings[decide_below(&o->decide, "booking", o->booking_count)];
	if (strcmp(status, "cancelled") == 0)
		b->touched = true;
	a = office_ask(o, i, "booking set", json_pack("{s:s,s:s}", "id", b->id, "status", status), &err);
	if (a == NULL)
		return excused(o, i, "saying what became of a booking", &err, true);
	if (strcmp(status, "booked") == 0 && strcmp(office_text(a, "was"), "booked") != 0) {
		if (given_twice(o, i, b->time, b) != NULL)
			return json_decref(a), office_fail(o, "I9", "n%zu has given %s to two, of whom one had asked for it", i, office_times[b->time]);
		b->given = true;
		b->gave = i;
	}
	json_decref(a);
	o->report->saved++;
	return true;
}

static bool
act_cancel(struct office *o, size_t i)
{
	return set_booking(o, i, "cancelled");
}

static bool
act_book(struct office *o, size_t i)
{
	return set_booking(o, i, "booked");
}

static bool
act_keep(struct office *o, size_t i)
{
	struct err err;
	json_t *a = office_ask(o, i, "booking keep", json_pack("{s:s}", "site", OFFICE_SITE), &err);

	json_decref(a);
	return a != NULL || excused(o, i, "keeping the book", &err, true);
}

/* ---- addresses: each home's own ---- */

static bool
act_address(struct office *o, size_t i)
{
	size_t k = (size_t)decide_below(&o->decide, "address", OFFICE_ADDRESSES);
	bool forget = o->typed[i][k] != ADDRESS_GONE && decide_chance(&o->decide, "forget", 500);
	struct err err;
	json_t *a = office_ask(o, i, "hubs", json_pack("{s:s}", forget ? "forget" : "add", office_addresses[k]), &err);

	json_decref(a);
	if (a == NULL && office_struck(o, i))
		o->typed[i][k] = ADDRESS_DOUBTFUL;
	else if (a != NULL)
		o->typed[i][k] = forget ? ADDRESS_GONE : ADDRESS_TYPED;
	return a != NULL || excused(o, i, "noting an address", &err, forget && o->typed[i][k] == ADDRESS_DOUBTFUL);
}

/* ---- what coordinators do ---- */

static bool
act_publish(struct office *o, size_t i)
{
	struct err err;
	json_t *a = office_ask(o, i, "report", json_pack("{s:s,s:s,s:s,s:b}", "name", "booked", "from", "2031-01-01", "to", "2031-12-31", "publish", 1), &err);

	json_decref(a);
	o->published += a != NULL;
	o->published_perhaps += a == NULL;
	o->report->saved += a != NULL;
	if (a != NULL)
		mark(MARK_PUBLISHED);
	return a != NULL || excused(o, i, "publishing a report", &err, false);
}

static bool
act_order(struct office *o, size_t i)
{
	struct office_paper p;
	struct err err;
	json_t *a = office_ask(o, i, "retention order", json_pack("{s:s,s:s}", "until", "2199-12-31", "reason", "board, paragraph 7"), &err);

	if (a == NULL)
		return excused(o, i, "proposing a standing order", &err, false);
	snprintf(p.id, sizeof(p.id), "%s", office_text(a, "id"));
	json_decref(a);
	o->report->saved++;
	o->orders = sim_must(mem_room(o->orders, o->order_count, &o->order_cap, sizeof(p)));
	o->orders[o->order_count++] = p;
	return true;
}

/* Who proposed it may not say yes; an order may not have come here, or stand or have ended already. */
static bool
act_yes(struct office *o, size_t i)
{
	bool end = decide_chance(&o->decide, "end", 100);
	struct err err;
	json_t *a;

	if (o->order_count == 0)
		return true;
	o->may_stand = true;
	a = office_ask(o, i, "retention approve",
	               json_pack("{s:s,s:b}", "id", o->orders[decide_below(&o->decide, "order", o->order_count)].id, "end", end), &err);
	if (a != NULL && !end)
		mark(MARK_ORDER_STANDS);
	json_decref(a);
	return a != NULL || excused(o, i, "approving a standing order", &err, true);
}

void
office_note_asked(struct office *o, const json_t *run)
{
	const json_t *asked = json_object_get(run, "asked");

	for (size_t n = 0; n < json_array_size(asked); n++)
		for (size_t k = 0; k < o->case_count; k++)
			if (strcmp(office_text(json_array_get(asked, n), "id"), o->cases[k].id) == 0) {
				o->cases[k].asked = true;
				snprintf(o->cases[k].under, sizeof(o->cases[k].under), "%s", office_text(run, "order"));
			}
	if (json_array_size(json_object_get(run, "approved")) > 0)
		mark(MARK_RETENTION_ERASED);
}

/* Mostly once there is an order: what was asked for before waits for a person's yes (proto/law.md, 4). */
static bool
act_run(struct office *o, size_t i)
{
	struct err err;
	json_t *a;

	if (!decide_chance(&o->decide, "early", o->may_stand ? 1000 : 150))
		return true;
	a = office_ask(o, i, "retention", json_object(), &err);
	o->asked_perhaps = o->asked_perhaps || a == NULL;
	office_note_asked(o, a);
	json_decref(a);
	return a != NULL || excused(o, i, "a retention run", &err, false);
}

/* ---- meeting, and what befalls them ---- */

static bool
meet(struct office *o, size_t a, size_t b)
{
	struct err err = ERR_INIT;

	if (station_meet(o->at[a], o->at[b], &err) != ERR_OK)
		return office_fail(o, "I9", "n%zu cannot dial: %s", a, err.text);
	world_run(o->world, 4 * NS_PER_S);
	if (station_give_keys(o->at[a], &err) != ERR_OK)
		return office_fail(o, "I9", "n%zu cannot tend its keys: %s", a, err.text);
	return true;
}

static bool
act_meet(struct office *o, size_t i)
{
	return meet(o, i, (i + 1 + (size_t)decide_below(&o->decide, "with", OFFICE_STATIONS - 1)) % OFFICE_STATIONS);
}

static bool
act_power(struct office *o, size_t i)
{
	station_crash(o->at[i], false);
	return true;
}

static const struct office_act acts[] = {
	{ "case", 18, act_case, false },   { "edit", 8, act_edit, false },       { "resolve", 4, act_resolve, false }, { "take", 14, act_take, false },
	{ "cancel", 4, act_cancel, false }, { "book", 6, act_book, false },      { "keep", 4, act_keep, false },       { "publish", 3, act_publish, true },
	{ "order", 4, act_order, true },   { "yes", 10, act_yes, true },         { "run", 6, act_run, true },          { "meet", 20, act_meet, false },
	{ "power", 4, act_power, false },  { "address", 5, act_address, false },
};

const struct office_act *
office_act_called(const char *name)
{
	for (size_t k = 0; k < COUNT_OF(acts); k++)
		if (strcmp(acts[k].name, name) == 0)
			return &acts[k];
	return NULL;
}

const struct office_act *
office_draw_act(struct office *o, size_t i)
{
	uint64_t total = 0, at;
	size_t k = 0;

	for (size_t n = 0; n < COUNT_OF(acts); n++)
		total += acts[n].weight;
	at = dice_below(&o->decide.dice, total);
	while (at >= acts[k].weight)
		at -= acts[k++].weight;
	return acts[k].coordinator && i >= OFFICE_COORDINATORS ? &acts[0] : &acts[k];
}

/* The power went, or its person reads that it could not be saved, and starts it again. */
static bool
start_again(struct office *o, size_t i)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE, LOSS_NONE };
	struct station *s = o->at[i];
	struct disk *d = host_disk(s->host);
	struct err err = ERR_INIT;

	o->report->disk_faults += disk_fault_struck(d);
	if (disk_dead(d) && station_runs(s))
		station_crash(s, false);
	else if (station_runs(s))
		station_close(s);
	if (disk_dead(d))
		disk_power_on(d, losses[decide_below(&o->decide, "loss", COUNT_OF(losses))]);
	disk_arm(d, FAULT_NONE, 0);
	disk_set_lying(d, o->options->lying);
	if (station_open(s, &err) != ERR_OK)
		return office_fail(o, "I1", "n%zu: its home does not open any more: %s", i, err.text);
	o->report->reopened++;
	return true;
}

bool
office_perform(struct office *o, const struct office_act *a, size_t i)
{
	static const enum disk_fault faults[] = { FAULT_POWER, FAULT_POWER, FAULT_POWER, FAULT_NO_SPACE, FAULT_WRITE, FAULT_SYNC, FAULT_READ };
	struct disk *d = host_disk(o->at[i]->host);
	bool asks = a->act != act_meet && a->act != act_power;

	if (asks && decide_chance(&o->decide, "fault", 150))
		disk_arm(d, faults[decide_below(&o->decide, "which", COUNT_OF(faults))], decide_between(&o->decide, "after", 1, 24));
	if ((!a->coordinator || i < OFFICE_COORDINATORS) && !a->act(o, i))
		return false;
	if ((disk_dead(d) || disk_fault_struck(d)) && !start_again(o, i))
		return false;
	disk_arm(d, FAULT_NONE, 0);
	world_run(o->world, decide_between(&o->decide, "wait", 10, 2000) * NS_PER_MS);
	return true;
}

static bool
all_equal(struct office *o)
{
	uint8_t first[64], other[64];

	for (size_t i = 0; i < OFFICE_STATIONS; i++) {
		uint8_t *at = i == 0 ? first : other;

		station_frontier(o->at[i], at);
		if (!station_hash(o->at[i], at + 32) || memcmp(first, at, 64) != 0)
			return false;
	}
	return true;
}

bool
office_settle(struct office *o)
{
	for (int turn = 0; turn < 8; turn++) {
		for (size_t a = 0; a < OFFICE_STATIONS; a++)
			for (size_t b = 0; b < a; b++)
				if (!meet(o, a, b) || !meet(o, b, a))
					return false;
		if (turn > 0 && all_equal(o))
			return true;
	}
	return office_fail(o, "I3", "they do not come to hold and show the same");
}
