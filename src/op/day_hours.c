/*
 * Volunteers' hours, from who staffed which session. The id of a derived
 * row follows from session and volunteer, so two devices that derive the
 * same hours write one row, and deriving again adds nothing.
 */
#include "op/day_internal.h"

#include <stdio.h>

#include "base/nfc.h"
#include "casework/slots.h"
#include "crypto/hc.h"

struct deriving {
	struct op_call *call;
	const struct profile_type *session, *hours, *volunteer;
	const struct record_id *only;
	struct stream_id team;
	const struct record *now;       /* the session at hand */
	double worked;
	json_t *derived, *warnings;
	size_t already;
};

/* ---- one volunteer by the name or code in the staffing ---- */

struct staff { const struct deriving *k; struct bytes folded; struct record_id id; size_t found; };

static bool
is_staff(void *ctx, const struct record *r, const struct stream_id *team)
{
	static const char *const by[] = { "code", "name" };
	struct staff *s = ctx;
	char text[DAY_TEXT];

	(void)team;
	for (size_t i = 0; i < COUNT_OF(by); i++) {
		struct buf folded = BUF_INIT;
		bool same = nfc_fold(&folded, BYTES_STR(day_text(r, s->k->volunteer, by[i], text))) && bytes_equal(buf_bytes(&folded), s->folded);

		buf_free(&folded);
		if (same) {
			s->id = *record_id_of(r);
			s->found++;
			break;
		}
	}
	return true;
}

static enum err_code
find_staff(struct deriving *k, const char *name, struct staff *s)
{
	struct buf folded = BUF_INIT;
	enum err_code rc = ERR_OK;

	*s = (struct staff){ .k = k };
	if (nfc_fold(&folded, BYTES_STR(name))) {
		s->folded = buf_bytes(&folded);
		rc = day_each(k->call, k->volunteer, is_staff, s);
	}
	buf_free(&folded);
	return rc;
}

static void
hours_text(char out[32], double hours)
{
	snprintf(out, 32, "%.2f", hours);
}

static json_t *
hours_json(struct op_call *c, const struct record *r, const struct profile_type *t)
{
	const struct profile_type *volunteers = profile_type_named(node_profile(c->node), "volunteer");
	struct record_id who, session;
	bool has_who = day_ref(r, t, "volunteer", &who), has_session = day_ref(r, t, "session", &session);
	struct record *v = has_who ? record_new(&who) : NULL;
	char name[DAY_TEXT] = "";

	if (v != NULL && volunteers != NULL && node_record(c->node, &who, v, NULL, NULL) == ERR_OK &&
	    day_text(v, volunteers, "name", name)[0] == '\0')
		day_text(v, volunteers, "code", name);
	record_free(v);
	return json_pack("{s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:b}", "id", json_hex(record_id_of(r)->b, 16), "volunteer",
	                 has_who ? json_hex(who.b, 16) : json_null(), "name", name, "date", day_json(r, t, "date"), "hours", day_json(r, t, "hours"),
	                 "kind", day_json(r, t, "kind"), "session", has_session ? json_hex(session.b, 16) : json_null(), "confirmed",
	                 day_true(r, t, "confirmed"));
}

/* ---- derive ---- */

static enum err_code
write_hours(struct deriving *k, const struct record_id *id, const struct record_id *who)
{
	struct op_call *c = k->call;
	char text[32], kind[DAY_TEXT];
	struct record *after = NULL;
	struct draft d;

	hours_text(text, k->worked);
	if (day_begin(c, &d, k->hours, id) == ERR_OK && day_set_ref(c, &d, OP_SET, "volunteer", who) == ERR_OK &&
	    day_set(c, &d, "date", day_text(k->now, k->session, "date", kind)) == ERR_OK && day_set(c, &d, "hours", text) == ERR_OK &&
	    day_set(c, &d, "kind", day_is(k->now, k->session, "kind", "advice") ? "advice" : "popup") == ERR_OK &&
	    day_set_ref(c, &d, OP_SET, "session", record_id_of(k->now)) == ERR_OK)
		(void)!day_set(c, &d, "confirmed", "no");
	if (day_write(c, &d, &k->team) == ERR_OK)
		after = day_get(c, id, k->hours, NULL);
	if (after != NULL)
		json_array_append_new(k->derived, hours_json(c, after, k->hours));
	record_free(after);
	return c->err.code;
}

static enum err_code
derive_one(struct deriving *k, const char *name)
{
	struct record_id id;
	struct record *there;
	struct staff s;

	if (name == NULL) /* it found no memory on the way here */
		return err_plain(&k->call->err, ERR_NO_MEMORY);
	if (find_staff(k, name, &s) != ERR_OK)
		return k->call->err.code;
	if (s.found != 1) {
		json_array_append_new(k->warnings, json_sprintf(s.found == 0 ? "%s staffed a session and is no volunteer here"
		                                                : "%s staffed a session; several volunteers have that name or code", name));
		return ERR_OK;
	}
	/* proto/day.md, 4: so that two devices write one row. */
	HC(id.b, sizeof(id.b), BYTES_NONE, "fb1/hours", BYTES_OF(*record_id_of(k->now)), BYTES_OF(s.id));
	there = record_new(&id);
	if (there != NULL && node_record(k->call->node, &id, there, NULL, NULL) == ERR_OK) {
		record_free(there);
		k->already++; /* a figure that a coordinator has put right stays as she put it */
		return ERR_OK;
	}
	record_free(there);
	return write_hours(k, &id, &s.id);
}

static bool
derive_session(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct deriving *k = ctx;
	char start[DAY_TEXT], end[DAY_TEXT];
	json_t *staff, *name;
	int minutes;
	size_t i;

	if ((k->only != NULL && !SAME(*record_id_of(r), *k->only)) || !day_is(r, k->session, "status", "held"))
		return true;
	if (!clock_valid(day_text(r, k->session, "start", start)) || !clock_valid(day_text(r, k->session, "end", end))) {
		if (k->only != NULL)
			json_array_append_new(k->warnings, json_string("that session has no start or no end: its hours can not be derived"));
		return true;
	}
	minutes = clock_minutes(end) - clock_minutes(start);
	minutes += minutes < 0 ? 24 * 60 : 0; /* past midnight */
	k->worked = (double)((minutes + 7) / 15) / 4; /* to the nearest quarter, as people write it */
	k->now = r;
	k->team = *team;
	staff = day_json(r, k->session, "staff");
	json_array_foreach(staff, i, name)
		if (k->call->err.code == ERR_OK && k->worked > 0)
			(void)!derive_one(k, json_string_value(name));
	json_decref(staff);
	return k->call->err.code == ERR_OK;
}

void
op_hours_derive(struct op_call *c)
{
	struct deriving k = { .call = c, .session = day_type(c, "session"), .hours = day_type(c, "hours"), .volunteer = day_type(c, "volunteer"),
	                      .derived = json_array(), .warnings = json_array() };
	struct record_id only;
	struct record *r = NULL;

	if (c->err.code == ERR_OK && param_text(c, "session") != NULL) {
		r = day_find(c, "session", k.session, NULL);
		if (r != NULL && !day_is(r, k.session, "status", "held"))
			err_set(&c->err, ERR_REFUSED, "that session has not been closed; its hours are known when it is");
		if (r != NULL)
			only = *record_id_of(r);
		k.only = &only;
	}
	record_free(r);
	if (c->err.code == ERR_OK)
		(void)!day_each(c, k.session, derive_session, &k);
	if (day_commit(c))
		c->result = json_pack("{s:O,s:I}", "derived", k.derived, "already", (json_int_t)k.already);
	json_decref(k.derived);
	day_end(c, k.warnings);
}

/* ---- list, confirm ---- */

struct listing { struct op_call *call; const struct profile_type *type; const char *since, *until; bool unconfirmed; struct record_id who; bool of_one; json_t *out; double total, confirmed; };

static bool
take_hours(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct listing *l = ctx;
	char date[DAY_TEXT];
	struct record_id who;
	json_t *hours;
	double n;

	(void)team;
	day_text(r, l->type, "date", date);
	if ((l->since != NULL && strcmp(date, l->since) < 0) || (l->until != NULL && strcmp(date, l->until) > 0) ||
	    (l->unconfirmed && day_true(r, l->type, "confirmed")) ||
	    (l->of_one && (!day_ref(r, l->type, "volunteer", &who) || !SAME(who, l->who))))
		return true;
	hours = day_json(r, l->type, "hours");
	n = json_number_value(hours);
	json_decref(hours);
	l->total += n;
	l->confirmed += day_true(r, l->type, "confirmed") ? n : 0;
	json_array_append_new(l->out, hours_json(l->call, r, l->type));
	return true;
}

void
op_hours_list(struct op_call *c)
{
	struct listing l = { .call = c, .type = day_type(c, "hours"), .since = param_text(c, "since"), .until = param_text(c, "until"),
	                     .unconfirmed = param_flag(c, "unconfirmed"), .out = json_array() };
	char date[11];

	l.of_one = param_text(c, "volunteer") != NULL;
	if (l.type != NULL && day_param_date(c, "since", date) == ERR_OK && day_param_date(c, "until", date) == ERR_OK &&
	    (!l.of_one || view_find(node_view(c->node), param_text(c, "volunteer"), &l.who, &c->err) == ERR_OK) &&
	    day_each(c, l.type, take_hours, &l) == ERR_OK)
		c->result = json_pack("{s:O,s:f,s:f}", "hours", l.out, "total", l.total, "confirmed_total", l.confirmed);
	json_decref(l.out);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

enum { CONFIRM_MAX = 2000 };

static enum err_code
confirm_one(struct op_call *c, const struct profile_type *t, const struct record_id *id, const struct stream_id *team, const char *hours)
{
	struct draft d;

	if (day_begin(c, &d, t, id) == ERR_OK && (hours == NULL || draft_assign_text(&d, OP_SET, "hours", hours, &c->err) == ERR_OK))
		(void)!day_set(c, &d, "confirmed", "yes");
	return day_write(c, &d, team);
}

struct waiting { const struct profile_type *type; json_t *ids; };

static bool
take_unconfirmed(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct waiting *w = ctx;

	(void)team;
	if (!day_true(r, w->type, "confirmed"))
		json_array_append_new(w->ids, json_hex(record_id_of(r)->b, 16));
	return json_array_size(w->ids) < CONFIRM_MAX;
}

void
op_hours_confirm(struct op_call *c)
{
	struct waiting w = { day_type(c, "hours"), json_array() };
	const char *hours = param_text(c, "hours");
	json_t *ids = json_object_get(c->params, "id"), *id;
	struct stream_id team;
	struct record_id which;
	struct record *r;
	size_t i, done = 0;

	if (w.type != NULL && param_flag(c, "all"))
		(void)!day_each(c, w.type, take_unconfirmed, &w);
	else if (w.type != NULL && json_array_size(ids) > 0)
		json_array_extend(w.ids, ids);
	else if (w.type != NULL)
		err_set(&c->err, ERR_USAGE, "hours confirm: name the rows, or --all");
	if (c->err.code == ERR_OK && hours != NULL && json_array_size(w.ids) != 1)
		err_set(&c->err, ERR_USAGE, "hours confirm: --hours puts one row right, not %zu", json_array_size(w.ids));
	json_array_foreach(w.ids, i, id) {
		const char *text = json_string_value(id);

		if (c->err.code != ERR_OK || view_find(node_view(c->node), text != NULL ? text : "", &which, &c->err) != ERR_OK)
			break;
		r = day_get(c, &which, w.type, &team);
		record_free(r);
		done += c->err.code == ERR_OK && confirm_one(c, w.type, &which, &team, hours) == ERR_OK;
	}
	if (day_commit(c))
		c->result = json_pack("{s:I}", "confirmed", (json_int_t)done);
	json_decref(w.ids);
	day_end(c, json_array());
}
