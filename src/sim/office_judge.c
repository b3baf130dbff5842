/* The account of an office, when everybody has met and retention has run once more wherever it may. */
#include "sim/office_internal.h"

#include <stdio.h>
#include <string.h>

static size_t
in_state(const json_t *orders, const char *state)
{
	const json_t *list = json_object_get(orders, "orders");
	size_t n = 0;

	for (size_t k = 0; k < json_array_size(list); k++)
		n += strcmp(staff_text(json_array_get(list, k), "state"), state) == 0;
	return n;
}

/* A run asked for it while no order stood, or another one: then a person says yes. So it is with one of which nobody knows. */
static bool
waits_for_a_person(const struct office *o, const struct office_case *c, const char *order)
{
	return o->asked_perhaps || (c->asked && strcmp(c->under, order) != 0);
}

/* Standing orders: those that were saved, and the same everywhere. */
static bool
judge_orders(struct office *o, bool stands)
{
	json_t *first = staff_told(&o->staff, 0, "retention order", json_object()), *other;
	bool ok = first != NULL;

	if (ok && json_array_size(json_object_get(first, "orders")) < o->order_count)
		ok = staff_fail(&o->staff, "I1", "of %zu standing orders that were saved %zu are there", o->order_count, json_array_size(json_object_get(first, "orders")));
	if (ok && stands != (in_state(first, "standing") > 0))
		ok = staff_fail(&o->staff, "I3", "a run went by %s order, and %zu stand", stands ? "an" : "no", in_state(first, "standing"));
	for (size_t i = 1; i < OFFICE_STATIONS && ok; i++) {
		other = staff_told(&o->staff, i, "retention order", json_object());
		ok = other != NULL && (json_equal(first, other) || staff_fail(&o->staff, "I3", "n%zu and n0 list other standing orders", i));
		json_decref(other);
	}
	json_decref(first);
	return ok;
}

static bool
judge_published(struct office *o)
{
	json_t *first = staff_told(&o->staff, 0, "report runs", json_object()), *other;
	size_t n = json_array_size(json_object_get(first, "runs"));
	bool ok = first != NULL;

	if (ok && (n < o->published || n > o->published + o->published_perhaps))
		ok = staff_fail(&o->staff, "I1", "%zu reports were published, and %zu are there", o->published, n);
	for (size_t i = 1; i < OFFICE_STATIONS && ok; i++) {
		other = staff_told(&o->staff, i, "report runs", json_object());
		ok = other != NULL && (json_equal(first, other) || staff_fail(&o->staff, "I3", "n%zu and n0 list other published reports", i));
		json_decref(other);
	}
	json_decref(first);
	return ok;
}

/* Is it shown with its note? gone: it is known to be nothing here. */
static bool
shows(struct office *o, size_t i, const struct office_case *c, bool *whole)
{
	struct err err;
	json_t *a = staff_ask(&o->staff, i, "get", json_pack("{s:s}", "id", c->id), NULL, &err);
	char *text = a != NULL ? json_dumps(a, 0) : NULL;

	*whole = text != NULL && strstr(text, c->note) != NULL;
	free(text);
	json_decref(a);
	return a != NULL;
}

static bool
judge_case(struct office *o, size_t i, const struct office_case *c, const char *order)
{
	bool whole, shown = shows(o, i, c, &whole);

	if (shown && !whole)
		return staff_fail(&o->staff, "I2", "n%zu: \"%s\" is shown without its note", i, c->note);
	if (!c->due && !shown)
		return staff_fail(&o->staff, "I13", "n%zu does not show \"%s\", which is not due", i, c->note);
	if (c->due && !o->may_stand && !shown)
		return staff_fail(&o->staff, "I13", "n%zu does not show \"%s\", and no order to erase was approved", i, c->note);
	if (c->due && order[0] != '\0' && shown && !waits_for_a_person(o, c, order))
		return staff_fail(&o->staff, "I13", "n%zu shows \"%s\", which is due and which two runs should have erased", i, c->note);
	return true;
}

/* ---- the book ---- */

struct slots { json_t *answer; const json_t *list; };

static const json_t *
slot_at(const struct slots *s, const char *time)
{
	for (size_t k = 0; k < json_array_size(s->list); k++)
		if (strcmp(staff_text(json_array_get(s->list, k), "time"), time) == 0)
			return json_array_get(s->list, k);
	return NULL;
}

static size_t
taking(const json_t *slot)
{
	const json_t *list = json_object_get(slot, "bookings");
	size_t n = 0;

	for (size_t k = 0; k < json_array_size(list); k++)
		n += strcmp(staff_text(json_array_get(list, k), "status"), "booked") == 0;
	return n;
}

static bool
has_booking(const json_t *slot, const char *id, const char **status)
{
	const json_t *list = json_object_get(slot, "bookings");

	for (size_t k = 0; k < json_array_size(list); k++)
		if (strcmp(staff_text(json_array_get(list, k), "id"), id) == 0) {
			*status = staff_text(json_array_get(list, k), "status");
			return true;
		}
	return false;
}

static bool
judge_booking(struct office *o, size_t i, const struct slots *s, const struct office_booking *b)
{
	const json_t *slot = slot_at(s, office_times[b->time]);
	const char *status = "";

	if (slot == NULL || !has_booking(slot, b->id, &status))
		return staff_fail(&o->staff, "I1", "n%zu: the booking of %s that was saved is not in the book", i, office_times[b->time]);
	if (b->given && !b->touched && strcmp(status, "booked") != 0)
		return staff_fail(&o->staff, "I1", "n%zu: the booking of %s is called %s, and nobody called it off", i, office_times[b->time], status);
	return true;
}

static bool
judge_book(struct office *o, size_t i, json_t **first)
{
	struct slots s = { .answer = staff_told(&o->staff, i, "booking slots", json_pack("{s:s,s:s}", "site", OFFICE_SITE, "date", OFFICE_DAY)) };
	bool ok = s.answer != NULL;

	s.list = json_object_get(s.answer, "slots");
	for (size_t k = 0; k < o->booking_count && ok; k++)
		ok = judge_booking(o, i, &s, &o->bookings[k]);
	for (size_t k = 0; k < json_array_size(s.list) && ok; k++) {
		const json_t *slot = json_array_get(s.list, k);
		bool twice = taking(slot) > 1, said = json_is_true(json_object_get(slot, "collision"));

		if (twice)
			mark(MARK_GIVEN_TWICE);
		ok = twice == said || staff_fail(&o->staff, "I9", "n%zu: %s is given to %zu, and it is %ssaid that it was given twice", i, staff_text(slot, "time"), taking(slot), said ? "" : "not ");
	}
	if (ok && *first != NULL && !json_equal(json_object_get(*first, "slots"), s.list))
		ok = staff_fail(&o->staff, "I3", "n%zu and n0 show another book", i);
	if (*first == NULL)
		*first = json_incref(s.answer);
	json_decref(s.answer);
	return ok;
}

/* ---- addresses ---- */

static bool
is_typed(const json_t *hubs, const char *address)
{
	const json_t *list = json_object_get(hubs, "hubs");

	for (size_t k = 0; k < json_array_size(list); k++)
		if (strcmp(staff_text(json_array_get(list, k), "address"), address) == 0 && json_is_true(json_object_get(json_array_get(list, k), "typed")))
			return true;
	return false;
}

static bool
judge_addresses(struct office *o, size_t i)
{
	json_t *a = staff_told(&o->staff, i, "hubs", json_object());
	bool ok = a != NULL;

	for (size_t k = 0; k < OFFICE_ADDRESSES && ok; k++)
		if (o->typed[i][k] != ADDRESS_DOUBTFUL && is_typed(a, office_addresses[k]) != (o->typed[i][k] == ADDRESS_TYPED))
			ok = staff_fail(&o->staff, "I1", "n%zu: %s was %s, and is %s", i, office_addresses[k], o->typed[i][k] == ADDRESS_TYPED ? "typed" : "forgotten",
			                 o->typed[i][k] == ADDRESS_TYPED ? "not there" : "there");
	json_decref(a);
	return ok;
}

/* ---- all of it ---- */

/* Each asks, and the other approves what was asked: twice round whoever begins. By which order, in `order`. */
static bool
run_out(struct office *o, char order[33])
{
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < OFFICE_COORDINATORS; i++) {
			json_t *a = staff_told(&o->staff, i, "retention", json_object());

			bool ok = a != NULL && staff_settle(&o->staff);

			office_note_asked(o, a);
			snprintf(order, 33, "%s", staff_text(a, "order"));
			json_decref(a);
			if (!ok)
				return false;
		}
	return true;
}

bool
office_judge(void *play)
{
	struct office *o = play;
	json_t *book = NULL;
	char order[33] = "";
	bool ok = staff_settle(&o->staff) && run_out(o, order) && judge_orders(o, order[0] != '\0') && judge_published(o);

	for (size_t i = 0; i < OFFICE_STATIONS && ok; i++) {
		for (size_t k = 0; k < o->case_count && ok; k++)
			ok = judge_case(o, i, &o->cases[k], order);
		ok = ok && judge_book(o, i, &book);
	}
	for (size_t i = 0; i < OFFICE_STATIONS && ok; i++)
		ok = staff_judge_cold(&o->staff, i) && judge_addresses(o, i);
	json_decref(book);
	return ok && o->staff.report->finding.invariant[0] == '\0';
}
