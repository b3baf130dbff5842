/*
 * Opening a session, at a site that may not have existed this morning, and
 * closing it with its counts. Between the two it is "planned" with a start and
 * no end, so that a report can name the sessions that nobody closed.
 */
#include "op/day_internal.h"

#include <stdio.h>

/* ---- open ---- */

struct opening {
	const char *site_text, *name;
	struct record_id site, session;
	struct stream_id team;
	bool site_new, practice, joined, planned; /* joined: a colleague has begun it; planned: it was written down before */
	char date[11], start[6];
	size_t waiting;
	json_t *warnings;
};

static void
warn(json_t *warnings, const char *text)
{
	json_array_append_new(warnings, json_string(text));
}

static enum err_code
write_site(struct op_call *c, struct opening *o)
{
	const struct profile_type *t = day_type(c, "site");
	struct device_id self = node_self(c->node) != NULL ? node_self(c->node)->id : (struct device_id){ { 0 } };
	const char *kind = param_text(c, "site-kind");
	struct draft d;
	char hex[33];

	if (t == NULL || day_begin(c, &d, t, NULL) != ERR_OK)
		return c->err.code;
	o->site = d.record;
	if (day_set(c, &d, "name", o->site_text) == ERR_OK && day_set(c, &d, "kind", kind != NULL ? kind : "popup") == ERR_OK &&
	    day_set(c, &d, "municipality", param_text(c, "municipality")) == ERR_OK &&
	    day_set(c, &d, "book_keeper", hex_encode(hex, self.b, 16)) == ERR_OK && o->practice)
		(void)!draft_mark_practice(&d, &c->err);
	return day_write(c, &d, &o->team);
}

static enum err_code
add_each(struct op_call *c, struct draft *d, const char *param, const char *field)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(c->params, param), i, item)
		if (json_is_string(item) && day_add(c, d, field, json_string_value(item)) != ERR_OK)
			return c->err.code;
	return ERR_OK;
}

static enum err_code
write_session(struct op_call *c, struct opening *o)
{
	const struct profile_type *t = day_type(c, "session");
	const char *kind = param_text(c, "kind"), *mode = param_text(c, "mode");
	json_t *channels;
	struct draft d;

	if (t == NULL || day_begin(c, &d, t, o->joined || o->planned ? &o->session : NULL) != ERR_OK)
		return c->err.code;
	o->session = d.record;
	if (!o->joined) {
		(void)(day_set_ref(c, &d, OP_SET, "site", &o->site) == ERR_OK && day_set(c, &d, "date", o->date) == ERR_OK &&
		       day_set(c, &d, "start", o->start) == ERR_OK && day_set(c, &d, "status", "planned") == ERR_OK &&
		       day_set(c, &d, "kind", kind != NULL || o->planned ? kind : "advice") == ERR_OK &&
		       day_set(c, &d, "mode", mode != NULL || o->planned ? mode : "physical") == ERR_OK &&
		       day_set_int(c, &d, "queue_at_opening", (int64_t)o->waiting) == ERR_OK);
		if (c->err.code == ERR_OK && o->practice)
			(void)!draft_mark_practice(&d, &c->err);
		/* People are met as the opening says, unless it is said here. */
		channels = c->err.code == ERR_OK && !o->site_new && json_object_get(c->params, "channel") == NULL ? day_planned_channels(c, &o->site, o->date) : NULL;
		for (size_t i = 0; i < json_array_size(channels) && c->err.code == ERR_OK; i++)
			(void)!day_add(c, &d, "channel", json_string_value(json_array_get(channels, i)));
		json_decref(channels);
	}
	if (c->err.code == ERR_OK && add_each(c, &d, "channel", "channel") == ERR_OK && add_each(c, &d, "adviser", "staff") == ERR_OK)
		(void)!add_each(c, &d, "partner", "partner");
	return day_write(c, &d, &o->team);
}

struct same_place { const struct profile_type *type; const struct opening *o; struct record_id id, planned; struct stream_id team, planned_team; bool found, has_planned, practice; };

static bool
is_here_today(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct same_place *s = ctx;
	struct record_id site;
	char text[DAY_TEXT];

	if (!day_is(r, s->type, "date", s->o->date) || !day_ref(r, s->type, "site", &site) || !SAME(site, s->o->site) ||
	    record_is_practice(r) != s->practice || day_text(r, s->type, "end", text)[0] != '\0' || day_is(r, s->type, "status", "cancelled") || day_is(r, s->type, "status", "held"))
		return true;
	if (day_text(r, s->type, "start", text)[0] == '\0') {
		s->planned = *record_id_of(r);
		s->planned_team = *team;
		s->has_planned = true;
		return true;
	}
	s->id = *record_id_of(r);
	s->team = *team;
	s->found = true;
	return false;
}

/* A colleague's device has opened it already, or it was planned, and we have heard: then there is one session, not two. */
static enum err_code
find_opened(struct op_call *c, struct opening *o)
{
	struct same_place s = { .type = day_type(c, "session"), .o = o, .practice = o->practice };

	if (s.type == NULL || o->site_new || day_each(c, s.type, is_here_today, &s) != ERR_OK || (!s.found && !s.has_planned))
		return c->err.code;
	o->joined = s.found;
	o->planned = !s.found;
	o->session = s.found ? s.id : s.planned;
	o->team = s.found ? s.team : s.planned_team;
	return ERR_OK;
}

static enum err_code
must_be_closed(struct op_call *c)
{
	struct day_desk *desk = node_desk(c->node);
	char hex[33];

	if (!desk->has_session)
		return ERR_OK;
	return err_set(&c->err, ERR_REFUSED, "session %.8s is still open on this device; `faltbok session close` closes it",
	               hex_encode(hex, desk->session.b, 16));
}

static void
take_desk(struct op_call *c, const struct opening *o)
{
	struct day_desk *desk = node_desk(c->node);
	struct err err = ERR_INIT;

	desk->has_session = true;
	desk->session = o->session;
	for (size_t i = 0; i < desk->place_count; i++) {
		struct queue_place *p = &desk->places[i];

		if (p->has_session)
			continue;
		p->has_session = true;
		p->session = o->session;
		p->practice = o->practice;
	}
	/* The session is saved; without a desk it is found by its date. */
	if (node_desk_save(c->node, &err) != ERR_OK)
		warn(o->warnings, err.text);
}

static void
answer_open(struct op_call *c, struct opening *o)
{
	char name[DAY_TEXT], letters[DESK_LETTERS_MAX + 1];

	node_desk_letters(c->node, letters);
	c->result = json_pack("{s:o,s:o,s:b,s:b,s:b,s:s,s:s,s:s,s:b,s:s,s:I}", "session", json_hex(o->session.b, 16), "site", json_hex(o->site.b, 16),
	                      "site_new", o->site_new, "joined", o->joined, "planned", o->planned, "name", day_site_name(c, &o->site, name), "date", o->date, "start",
	                      o->start, "practice", o->practice, "letters", letters, "queue_at_opening", (json_int_t)o->waiting);
}

void
op_session_open(struct op_call *c)
{
	struct opening o = { .site_text = param_text(c, "site"), .practice = param_flag(c, "practice"), .warnings = json_array() };
	struct queue_counts q;
	bool found;

	desk_count(node_desk(c->node), NULL, &q);
	o.waiting = q.by_state[PLACE_WAITING];
	if (must_be_closed(c) == ERR_OK && day_param_date(c, "date", o.date) == ERR_OK && day_param_clock(c, "start", o.start) == ERR_OK &&
	    day_site(c, o.site_text, o.practice, &o.site, &found) == ERR_OK) {
		o.site_new = !found;
		if (node_team_for(c->node, NULL, param_text(c, "team"), &o.team, &c->err) == ERR_OK && find_opened(c, &o) == ERR_OK &&
		    (!o.site_new || write_site(c, &o) == ERR_OK))
			(void)!write_session(c, &o);
	}
	if (day_commit(c)) {
		take_desk(c, &o);
		answer_open(c, &o);
	}
	day_end(c, o.warnings);
}

/* ---- current ---- */

static json_t *
set_or_empty(const struct record *r, const struct profile_type *t, const char *field)
{
	json_t *v = day_json(r, t, field);

	if (json_is_array(v))
		return v;
	json_decref(v);
	return json_array();
}

void
op_session_current(struct op_call *c)
{
	const struct profile_type *t;
	struct day_desk *desk = node_desk(c->node);
	struct record_id id, site;
	struct queue_counts q;
	struct day_tally tally;
	struct record *r = NULL;
	char name[DAY_TEXT] = "";
	bool found, has_site;

	if (day_session(c, NULL, &id, &found) == ERR_OK && !found) {
		desk_count(desk, NULL, &q);
		c->result = json_pack("{s:n,s:o,s:I}", "session", "queue", day_queue_json(&q), "drafts", (json_int_t)desk->draft_count);
	} else if (c->err.code == ERR_OK) {
		t = day_type(c, "session");
		r = day_get(c, &id, t, NULL);
		if (r != NULL && day_tally(c, &id, &tally) == ERR_OK) {
			desk_count(desk, &id, &q);
			has_site = day_ref(r, t, "site", &site);
			if (has_site)
				day_site_name(c, &site, name);
			c->result = json_pack("{s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:I,s:I,s:I,s:o,s:I}", "session", json_hex(id.b, 16), "site",
			                      has_site ? json_hex(site.b, 16) : json_null(), "name", name, "date", day_json(r, t, "date"), "start",
			                      day_json(r, t, "start"), "kind", day_json(r, t, "kind"), "mode", day_json(r, t, "mode"), "channel",
			                      set_or_empty(r, t, "channel"), "adviser", set_or_empty(r, t, "staff"), "practice", record_is_practice(r),
			                      "visits", (json_int_t)tally.visits, "cases", (json_int_t)tally.cases, "bookings", (json_int_t)tally.bookings,
			                      "queue", day_queue_json(&q), "drafts", (json_int_t)desk->draft_count);
		}
	}
	record_free(r);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

/* ---- close ---- */

struct closing {
	const struct profile_type *type;
	struct record_id session;
	struct stream_id team;
	struct record *r;
	struct queue_counts queue;
	struct day_tally tally;
	json_t *open, *warnings;
	char end[6];
	int64_t turned_away;
};

static void
look_what_is_open(struct op_call *c, struct closing *k)
{
	size_t waiting = k->queue.by_state[PLACE_WAITING], called = k->queue.by_state[PLACE_CALLED], drafts = node_desk(c->node)->draft_count;

	if (waiting > 0)
		json_array_append_new(k->open, json_sprintf("%zu in the queue have not been called", waiting));
	if (called > 0)
		json_array_append_new(k->open, json_sprintf("%zu called from the queue have no visit yet", called));
	if (drafts > 0)
		json_array_append_new(k->open, json_sprintf("%zu draft%s not saved as a visit", drafts, drafts == 1 ? "" : "s"));
}

static enum err_code
refuse_open(struct op_call *c, const struct closing *k)
{
	struct buf all = BUF_INIT;
	json_t *item;
	size_t i;

	if (json_array_size(k->open) == 0 || param_flag(c, "force"))
		return ERR_OK;
	json_array_foreach(k->open, i, item)
		buf_printf(&all, "%s%s", i > 0 ? "; " : "", json_string_value(item));
	err_set(&c->err, ERR_REFUSED, "session close: %s; --force closes all the same, and those who wait count as turned away",
	        buf_ok(&all) ? buf_str(&all) : "something is open");
	buf_free(&all);
	return c->err.code;
}

/* This device's counts are in it: it was stopped between saving them and clearing its desk. */
static bool
counted_here(struct op_call *c, const struct closing *k)
{
	const struct profile_field *f = profile_field_named(k->type, "queue_served");
	const struct author *self = &node_keystore(c->node)->device.sign_pk, *a;
	const struct value *v;
	size_t count = 0;

	v = f != NULL ? record_values(k->r, f->number, &count) : NULL;
	for (size_t i = 0; i < count; i++) {
		a = view_author(node_view(c->node), v[i].author);
		if (a != NULL && SAME(*a, *self))
			return true;
	}
	return false;
}

/* Each device that kept a queue adds what it counted; who was turned away is one figure, so the second adds to the first's. */
static enum err_code
write_closed(struct op_call *c, struct closing *k)
{
	bool held = day_is(k->r, k->type, "status", "held"), counted = counted_here(c, k);
	int64_t away = counted ? 0 : (int64_t)(k->queue.by_state[PLACE_TURNED_AWAY] + k->queue.by_state[PLACE_WAITING]);
	struct draft d;

	if (json_object_get(c->params, "turned-away") != NULL)
		away = param_number(c, "turned-away", 0);
	k->turned_away = away + (held ? day_int(k->r, k->type, "turned_away") : 0);
	if (day_begin(c, &d, k->type, &k->session) != ERR_OK)
		return c->err.code;
	if (!held)
		(void)(day_set(c, &d, "status", "held") == ERR_OK && day_set(c, &d, "end", k->end) == ERR_OK);
	if (c->err.code == ERR_OK && (!held || away > 0))
		(void)!day_set_int(c, &d, "turned_away", k->turned_away);
	if (c->err.code == ERR_OK && k->queue.all > 0 && !counted)
		(void)(day_set_int(c, &d, "queue_served", (int64_t)(k->queue.by_state[PLACE_SERVED] + k->queue.by_state[PLACE_REFERRED])) == ERR_OK &&
		       day_set_int(c, &d, "queue_left", (int64_t)k->queue.by_state[PLACE_LEFT]) == ERR_OK &&
		       day_set_int(c, &d, "queue_waited", k->queue.waited_min) == ERR_OK);
	if (c->err.code == ERR_OK && param_number(c, "leaflets", 0) > 0)
		(void)!day_set_int(c, &d, "leaflets", param_number(c, "leaflets", 0));
	if (c->err.code == ERR_OK && param_number(c, "calls", 0) > 0)
		(void)!day_set_int(c, &d, "calls", param_number(c, "calls", 0));
	return day_write(c, &d, &k->team);
}

/* The counts are safe: now the places go, and with them the key of every file that held one. */
static void
clear_desk(struct op_call *c, struct closing *k)
{
	struct day_desk *desk = node_desk(c->node);
	size_t gone = desk_clear_places(desk, &k->session);
	struct err err = ERR_INIT;

	if (desk->has_session && SAME(desk->session, k->session))
		desk->has_session = false;
	if ((gone > 0 ? node_desk_shred(c->node, &err) : node_desk_save(c->node, &err)) != ERR_OK)
		warn(k->warnings, err.text);
	json_object_set_new(c->result, "purged", json_integer((json_int_t)gone));
}

static void
answer_close(struct op_call *c, struct closing *k)
{
	c->result = json_pack("{s:o,s:o,s:o,s:s,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I},s:O}", "session", json_hex(k->session.b, 16), "date",
	                      day_json(k->r, k->type, "date"), "start", day_json(k->r, k->type, "start"), "end", k->end, "counts", "visits",
	                      (json_int_t)k->tally.visits, "cases", (json_int_t)k->tally.cases, "queue_at_opening",
	                      (json_int_t)day_int(k->r, k->type, "queue_at_opening"), "turned_away", (json_int_t)k->turned_away, "left",
	                      (json_int_t)k->queue.by_state[PLACE_LEFT], "served",
	                      (json_int_t)(k->queue.by_state[PLACE_SERVED] + k->queue.by_state[PLACE_REFERRED]), "waited_minutes",
	                      (json_int_t)k->queue.waited_min, "open", k->open);
}

void
op_session_close(struct op_call *c)
{
	struct closing k = { .open = json_array(), .warnings = json_array() };
	bool found;

	if (day_session(c, "id", &k.session, &found) == ERR_OK && !found)
		err_set(&c->err, ERR_UNKNOWN, "no session is open on this device");
	if (c->err.code == ERR_OK) {
		k.type = day_type(c, "session");
		k.r = day_get(c, &k.session, k.type, &k.team);
	}
	if (k.r != NULL && day_param_clock(c, "end", k.end) == ERR_OK && day_tally(c, &k.session, &k.tally) == ERR_OK) {
		desk_count(node_desk(c->node), &k.session, &k.queue);
		if (day_is(k.r, k.type, "status", "held") && k.queue.all == 0 && !(node_desk(c->node)->has_session && SAME(node_desk(c->node)->session, k.session)))
			err_set(&c->err, ERR_EXISTS, "that session has been closed already");
		look_what_is_open(c, &k);
		if (c->err.code == ERR_OK && refuse_open(c, &k) == ERR_OK)
			(void)!write_closed(c, &k);
	}
	if (day_commit(c)) {
		answer_close(c, &k);
		clear_desk(c, &k);
	}
	record_free(k.r);
	json_decref(k.open);
	day_end(c, k.warnings);
}
