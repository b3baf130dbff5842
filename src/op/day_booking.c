/*
 * Bookings. The book of a site is kept by one device, which is named on the
 * site: it alone gives times away, so two devices that are apart can not give
 * away the same one. Others write down a wish, which the keeper's device
 * books. Should two devices believe that they keep one book (both claimed it
 * while apart), what they gave twice is shown as a collision.
 */
#include "op/day_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/plant.h"
#include "casework/slots.h"
#include "op/law.h"

enum { SLOT_BOOKINGS_MAX = 400 };

struct slot { int at, minutes; bool opening; };
struct booked { struct record_id id; int at, minutes; bool takes; json_t *json; };

struct book {
	struct op_call *call;
	const struct profile_type *booking, *opening, *site;
	struct record_id site_id;
	struct record *site_now;
	struct stream_id team;
	char date[11];
	struct slot slots[SLOTS_MAX];
	size_t slot_count;
	struct booked booked[SLOT_BOOKINGS_MAX];
	size_t booked_count;
	json_t *warnings;
};

/* ---- the keeper ---- */

static json_t *
device_json(struct op_call *c, const char *hex)
{
	const struct org_device *self = node_self(c->node);
	struct device_id id;

	if (!hex_decode(id.b, sizeof(id.b), hex))
		return json_null();
	return json_pack("{s:s,s:s,s:b}", "device", hex, "name", node_device_name(c->node, &id), "here", self != NULL && SAME(self->id, id));
}

static bool
kept_here(struct op_call *c, const struct record *site, const struct profile_type *t)
{
	const struct org_device *self = node_self(c->node);
	char hex[33], has[DAY_TEXT];

	day_text(site, t, "book_keeper", has);
	return self != NULL && strcmp(has, hex_encode(hex, self->id.b, 16)) == 0;
}

/* ---- reading the book of a day ---- */

static enum err_code
begin_book(struct op_call *c, struct book *b)
{
	bool found;

	memset(b, 0, sizeof(*b));
	b->call = c;
	b->warnings = json_array();
	b->booking = day_type(c, "booking");
	b->site = day_type(c, "site");
	b->opening = profile_type_named(node_profile(c->node), "opening");
	if (b->booking == NULL || b->site == NULL || day_site(c, param_text(c, "site"), true, &b->site_id, &found) != ERR_OK)
		return c->err.code;
	if (!found)
		return err_set(&c->err, ERR_UNKNOWN, "site: no site has the name or id \"%s\"", param_text(c, "site"));
	b->site_now = day_get(c, &b->site_id, b->site, &b->team);
	return c->err.code;
}

static void
end_book(struct book *b)
{
	for (size_t i = 0; i < b->booked_count; i++)
		json_decref(b->booked[i].json);
	record_free(b->site_now);
}

static bool
at_site(struct book *b, const struct record *r, const struct profile_type *t)
{
	struct record_id site;

	if (!day_ref(r, t, "site", &site))
		return false;
	node_same_as(b->call->node, &site, &site);
	return SAME(site, b->site_id);
}

static void
add_slot(struct book *b, int at, int minutes, bool opening)
{
	size_t i = 0;

	while (i < b->slot_count && (b->slots[i].at < at || (b->slots[i].at == at && b->slots[i].minutes < minutes)))
		i++;
	if (b->slot_count == SLOTS_MAX || (i < b->slot_count && b->slots[i].at == at && b->slots[i].minutes == minutes))
		return;
	memmove(&b->slots[i + 1], &b->slots[i], (b->slot_count++ - i) * sizeof(b->slots[0]));
	b->slots[i] = (struct slot){ at, minutes, opening };
}

static bool
take_opening(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct book *b = ctx;
	char rule[DAY_TEXT], from[DAY_TEXT], to[DAY_TEXT], opens[DAY_TEXT], closes[DAY_TEXT];
	int starts[SLOTS_MAX];
	struct err err = ERR_INIT;
	bool on = false;
	size_t n;

	(void)team;
	if (!at_site(b, r, b->opening) || !day_is(r, b->opening, "mode", "booked") ||
	    !clock_valid(day_text(r, b->opening, "opens", opens)) || !clock_valid(day_text(r, b->opening, "closes", closes)))
		return true;
	day_text(r, b->opening, "valid_from", from);
	day_text(r, b->opening, "valid_to", to);
	if (opening_on(day_text(r, b->opening, "rrule", rule), from[0] ? from : NULL, to[0] ? to : NULL, b->date, &on, &err) != ERR_OK)
		json_array_append_new(b->warnings, json_string(err.text));
	n = on ? slots_between(clock_minutes(opens), clock_minutes(closes), SLOT_MINUTES, starts, SLOTS_MAX) : 0;
	for (size_t i = 0; i < n; i++)
		add_slot(b, starts[i], SLOT_MINUTES, true);
	return true;
}

/* Of a protected person's booking only that the time is taken. */
static json_t *
booking_json(struct book *b, const struct record *r, const char *status, const char *time, int minutes)
{
	bool hidden = law_protected(b->call->node, r);
	struct record_id of;

	return json_pack("{s:o,s:s,s:s,s:i,s:o,s:o,s:o,s:b}", "id", json_hex(record_id_of(r)->b, 16), "status", status, "time", time, "minutes", minutes,
	                 "language", hidden ? json_null() : day_json(r, b->booking, "language"), "code",
	                 hidden ? json_null() : day_json(r, b->booking, "code"), "case",
	                 !hidden && day_ref(r, b->booking, "case", &of) ? json_hex(of.b, 16) : json_null(), "protected", hidden);
}

static bool
take_booking(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct book *b = ctx;
	struct booked *k = &b->booked[b->booked_count];
	char time[DAY_TEXT], status[DAY_TEXT];
	int64_t minutes;

	(void)team;
	if (!day_is(r, b->booking, "date", b->date) || !at_site(b, r, b->booking) || !clock_valid(day_text(r, b->booking, "time", time)))
		return true;
	if (b->booked_count == SLOT_BOOKINGS_MAX)
		return false;
	minutes = day_int(r, b->booking, "minutes");
	day_text(r, b->booking, "status", status);
	*k = (struct booked){ .id = *record_id_of(r), .at = clock_minutes(time), .minutes = minutes > 0 && minutes <= SLOT_MINUTES_MAX ? (int)minutes : SLOT_MINUTES };
	k->takes = strcmp(status, "booked") == 0 || strcmp(status, "done") == 0 || strcmp(status, "no_show") == 0;
	k->json = booking_json(b, r, status, time, k->minutes);
	b->booked_count++;
	return true;
}

static enum err_code
read_book(struct book *b)
{
	struct op_call *c = b->call;
	bool any = false;

	if (b->opening != NULL && day_each(c, b->opening, take_opening, b) != ERR_OK)
		return c->err.code;
	if (day_each(c, b->booking, take_booking, b) != ERR_OK)
		return c->err.code;
	for (size_t i = 0; i < b->booked_count; i++) {
		any = false;
		for (size_t k = 0; k < b->slot_count && !any; k++)
			any = b->slots[k].at == b->booked[i].at;
		if (!any)
			add_slot(b, b->booked[i].at, b->booked[i].minutes, false);
	}
	return ERR_OK;
}

/* Who has a time that overlaps; `but` may be NULL. */
static const struct booked *
taken_by(const struct book *b, int at, int minutes, const struct record_id *but)
{
	for (size_t i = 0; i < b->booked_count; i++)
		if (b->booked[i].takes && (but == NULL || !SAME(b->booked[i].id, *but)) && slots_overlap(at, minutes, b->booked[i].at, b->booked[i].minutes))
			return &b->booked[i];
	return NULL;
}

static json_t *
slot_json(const struct book *b, const struct slot *s)
{
	json_t *list = json_array();
	size_t taking = 0;
	char clock[6];

	for (size_t i = 0; i < b->booked_count; i++) {
		if (!slots_overlap(s->at, s->minutes, b->booked[i].at, b->booked[i].minutes))
			continue;
		taking += b->booked[i].takes;
		json_array_append(list, b->booked[i].json);
	}
	return json_pack("{s:s,s:i,s:b,s:o,s:b,s:b}", "time", clock_print(clock, s->at), "minutes", s->minutes, "free", taking == 0 && s->opening,
	                 "bookings", list, "collision", taking > 1, "opening", s->opening);
}

void
op_booking_slots(struct op_call *c)
{
	struct book b;
	json_t *slots = json_array();
	char name[DAY_TEXT], keeper[DAY_TEXT];
	bool collision = false;

	if (begin_book(c, &b) == ERR_OK && day_param_date(c, "date", b.date) == ERR_OK && read_book(&b) == ERR_OK) {
		for (size_t i = 0; i < b.slot_count; i++) {
			json_t *s = slot_json(&b, &b.slots[i]);

			collision = collision || json_is_true(json_object_get(s, "collision"));
			json_array_append_new(slots, s);
		}
		day_text(b.site_now, b.site, "book_keeper", keeper);
		if (collision)
			json_array_append_new(b.warnings, json_string("a time has been given to two: move one with `faltbok booking set ID rebooked --time`"));
		if (keeper[0] == '\0')
			json_array_append_new(b.warnings, json_string("no device keeps this book; `faltbok booking keep` says that this one does"));
		if (profile_field_named(b.site, "book_keeper") != NULL && record_field_conflict(b.site_now, profile_field_named(b.site, "book_keeper")->number))
			json_array_append_new(b.warnings, json_string("two devices were named to keep this book while they were apart; `faltbok booking keep` settles it"));
		c->result = json_pack("{s:o,s:s,s:s,s:o,s:O,s:O}", "site", json_hex(b.site_id.b, 16), "name", day_site_name(c, &b.site_id, name), "date",
		                      b.date, "keeper", device_json(c, keeper), "slots", slots, "warnings", b.warnings);
	}
	json_decref(slots);
	json_decref(b.warnings);
	end_book(&b);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

/* ---- take ---- */

static enum err_code
must_be_free(struct book *b, int at, int minutes, const struct record_id *but)
{
	const struct booked *k = taken_by(b, at, minutes, but);
	char asked[6], has[6], hex[33];

	if (k == NULL || PLANTED(28))
		return ERR_OK;
	return err_set(&b->call->err, ERR_REFUSED, "%s is taken: booking %.8s from %s, %d minutes", clock_print(asked, at),
	               hex_encode(hex, k->id.b, 16), clock_print(has, k->at), k->minutes);
}

static enum err_code
check_length(struct op_call *c, int64_t minutes)
{
	return minutes > 0 && minutes <= SLOT_MINUTES_MAX ? ERR_OK
	       : err_set(&c->err, ERR_INVALID, "minutes: a booking takes 1 to %d minutes", SLOT_MINUTES_MAX);
}

static enum err_code
of_case(struct op_call *c, struct draft *d, struct stream_id *team)
{
	struct record *r;

	if (param_text(c, "case") == NULL)
		return ERR_OK;
	r = day_find(c, "case", day_type(c, "case"), team);
	if (r != NULL)
		(void)!day_set_ref(c, d, OP_SET, "case", record_id_of(r));
	record_free(r);
	return c->err.code;
}

void
op_booking_take(struct op_call *c)
{
	int64_t minutes = param_number(c, "minutes", SLOT_MINUTES);
	const char *code = param_text(c, "code");
	char card[CARD_CODE_BYTES], clock[6];
	uint8_t random[CARD_RANDOM_BYTES];
	struct record_id id;
	bool keeper = false;
	struct book b;
	struct draft d;

	if (begin_book(c, &b) == ERR_OK && day_param_date(c, "date", b.date) == ERR_OK && day_param_clock(c, "time", clock) == ERR_OK &&
	    check_length(c, minutes) == ERR_OK && read_book(&b) == ERR_OK) {
		keeper = kept_here(c, b.site_now, b.site);
		if (keeper)
			(void)!must_be_free(&b, clock_minutes(clock), (int)minutes, NULL);
		else
			json_array_append_new(b.warnings, json_string("another device keeps this site's book: the time is asked for, and booked when that device says so"));
		env_random(node_env(c->node), random, sizeof(random));
		card_code_make(card, random);
	}
	if (c->err.code == ERR_OK && day_begin(c, &d, b.booking, NULL) == ERR_OK) {
		id = d.record;
		code = code != NULL ? code : card;
		(void)(of_case(c, &d, &b.team) == ERR_OK && day_set_ref(c, &d, OP_SET, "site", &b.site_id) == ERR_OK &&
		       day_set(c, &d, "date", b.date) == ERR_OK && day_set(c, &d, "time", clock) == ERR_OK &&
		       day_set_int(c, &d, "minutes", minutes) == ERR_OK && day_set(c, &d, "language", param_text(c, "language")) == ERR_OK &&
		       day_set(c, &d, "code", code) == ERR_OK && day_set(c, &d, "ical_uid", code) == ERR_OK &&
		       draft_assign_text(&d, OP_SET, "status", keeper ? "booked" : "requested", &c->err) == ERR_OK);
		(void)!day_write(c, &d, &b.team);
	}
	if (day_commit(c))
		c->result = json_pack("{s:o,s:o,s:s,s:s,s:I,s:s,s:s}", "booking", json_hex(id.b, 16), "site", json_hex(b.site_id.b, 16), "date", b.date,
		                      "time", clock, "minutes", (json_int_t)minutes, "status", keeper ? "booked" : "requested", "code", code);
	end_book(&b);
	day_end(c, b.warnings);
}

/* ---- set ---- */

struct booking_move { struct record *r; struct stream_id team; struct record_id site; char status[DAY_TEXT], time[DAY_TEXT], date[DAY_TEXT]; int minutes; };

/* What will stand: a new time or day takes the keeper, and must be free; so does booking a wish. */
static enum err_code
check_change(struct op_call *c, struct booking_move *k, const char *status, bool moved)
{
	bool gives = moved || (strcmp(status, "booked") == 0 && strcmp(k->status, "booked") != 0);
	struct book b = { .call = c, .booking = day_type(c, "booking"), .site = day_type(c, "site"),
	                  .opening = profile_type_named(node_profile(c->node), "opening"), .site_id = k->site, .warnings = json_array() };

	if (gives && b.site != NULL) {
		b.site_now = day_get(c, &k->site, b.site, &b.team);
		snprintf(b.date, sizeof(b.date), "%.10s", k->date);
		if (b.site_now != NULL && !kept_here(c, b.site_now, b.site))
			err_set(&c->err, ERR_REFUSED, "another device keeps this site's book, and gives its times; here a time can only be asked for or called off");
		else if (b.site_now != NULL && read_book(&b) == ERR_OK)
			(void)!must_be_free(&b, clock_minutes(k->time), k->minutes, record_id_of(k->r));
	}
	json_decref(b.warnings);
	end_book(&b);
	return c->err.code;
}

static enum err_code
read_change(struct op_call *c, struct booking_move *k, const struct profile_type *t, bool *moved)
{
	char date[11], clock[6];

	k->r = t != NULL ? day_find(c, "id", t, &k->team) : NULL;
	if (k->r == NULL || day_param_date(c, "date", date) != ERR_OK || day_param_clock(c, "time", clock) != ERR_OK)
		return c->err.code;
	if (!day_ref(k->r, t, "site", &k->site))
		return err_set(&c->err, ERR_REFUSED, "that booking is at no site");
	node_same_as(c->node, &k->site, &k->site);
	day_text(k->r, t, "status", k->status);
	day_text(k->r, t, "time", k->time);
	day_text(k->r, t, "date", k->date);
	k->minutes = day_int(k->r, t, "minutes") > 0 ? (int)day_int(k->r, t, "minutes") : SLOT_MINUTES;
	*moved = param_text(c, "date") != NULL || param_text(c, "time") != NULL;
	if (param_text(c, "date") != NULL)
		snprintf(k->date, sizeof(k->date), "%s", date);
	if (param_text(c, "time") != NULL)
		snprintf(k->time, sizeof(k->time), "%s", clock);
	return clock_valid(k->time) && date_valid(k->date) ? ERR_OK : err_set(&c->err, ERR_REFUSED, "that booking has no time; give --date and --time");
}

void
op_booking_set(struct op_call *c)
{
	const struct profile_type *t = day_type(c, "booking");
	const char *status = param_text(c, "status");
	struct booking_move k = { .r = NULL };
	bool moved = false;
	struct draft d;

	if (read_change(c, &k, t, &moved) == ERR_OK) {
		/* Moved is still booked; the old time is free again. */
		const char *stands = strcmp(status, "rebooked") == 0 && moved ? "booked" : status;

		if (check_change(c, &k, stands, moved) == ERR_OK && day_begin(c, &d, t, record_id_of(k.r)) == ERR_OK) {
			(void)(draft_assign_text(&d, OP_SET, "status", stands, &c->err) == ERR_OK &&
			       (!moved || (day_set(c, &d, "date", k.date) == ERR_OK && day_set(c, &d, "time", k.time) == ERR_OK)));
			(void)!day_write(c, &d, &k.team);
		}
		status = stands;
	}
	if (day_commit(c))
		c->result = json_pack("{s:o,s:s,s:s,s:s,s:s}", "booking", json_hex(record_id_of(k.r)->b, 16), "status", status, "was", k.status, "date",
		                      k.date, "time", k.time);
	record_free(k.r);
	day_end(c, json_array());
}

/* ---- keep ---- */

void
op_booking_keep(struct op_call *c)
{
	const char *to = param_text(c, "device");
	const struct org_device *device = node_self(c->node);
	const struct profile_field *f;
	char keeper[DAY_TEXT], hex[33];
	struct book b;
	struct draft d;
	bool torn;

	if (begin_book(c, &b) == ERR_OK && (to == NULL || find_device(c, to, &device) == ERR_OK)) {
		f = profile_field_named(b.site, "book_keeper");
		torn = f != NULL && record_field_conflict(b.site_now, f->number);
		day_text(b.site_now, b.site, "book_keeper", keeper);
		if (f == NULL)
			err_set(&c->err, ERR_REFUSED, "profile %s says of no site who keeps its book (site.book_keeper)", profile_id(node_profile(c->node)));
		else if (device == NULL)
			err_set(&c->err, ERR_REFUSED, "this device has not joined an organisation yet");
		else if (keeper[0] != '\0' && !torn && !kept_here(c, b.site_now, b.site) && !node_self(c->node)->coordinator)
			err_set(&c->err, ERR_REFUSED, "another device keeps that book: it hands it over, or a coordinator does");
		else if (keeper[0] != '\0' && !torn && !kept_here(c, b.site_now, b.site))
			json_array_append_new(b.warnings, json_string("the device that kept the book until now goes on giving times until it hears of this"));
		if (c->err.code == ERR_OK && day_begin(c, &d, b.site, &b.site_id) == ERR_OK) {
			(void)!day_set(c, &d, "book_keeper", hex_encode(hex, device->id.b, 16));
			(void)!day_write(c, &d, &b.team);
		}
	}
	if (day_commit(c))
		c->result = json_pack("{s:o,s:o}", "site", json_hex(b.site_id.b, 16), "keeper", device_json(c, hex));
	end_book(&b);
	day_end(c, b.warnings);
}
