/*
 * One visit in one breath: the visit, a case new or old, what was done, a
 * note, and the ticket it ends. All of it is one transaction: an adviser with
 * a queue before her must never find half a visit.
 *
 *   "gender", "topic" …    fields of the visit
 *   "case.topic" …         of the case: one is opened where none is named
 *   "action.kind" …        of what was done in it
 */
#include "op/day_internal.h"

#include <stdio.h>

#include "crypto/hc.h"
#include "op/law.h"

enum part { PART_VISIT, PART_CASE, PART_ACTION, PARTS };
static const char *const TYPES[PARTS] = { "visit", "case", "action" };

struct visit_save {
	struct draft draft[PARTS];
	bool begun[PARTS], any[PARTS];
	bool has_session, has_site, visit_new, case_new, has_case, has_visitor, visitor_new, visitor_here, practice;
	struct record_id session, site, visitor;
	struct stream_id team, case_team, visitor_team;
	struct record *of_session;
	char date[11];
	uint8_t note[16];
	bool noted;
	size_t entries;
	json_t *warnings;
};

static void
warn(struct visit_save *v, const char *text)
{
	json_array_append_new(v->warnings, json_string(text));
}

/* ---- what was given ---- */

static enum part
part_of(const char *name, const char **field)
{
	const char *dot = strchr(name, '.');

	for (int i = PART_CASE; dot != NULL && i < PARTS; i++)
		if (strncmp(name, TYPES[i], (size_t)(dot - name)) == 0 && TYPES[i][dot - name] == '\0') {
			*field = dot + 1;
			return (enum part)i;
		}
	*field = name;
	return PART_VISIT;
}

static void
look_at(struct op_call *c, struct visit_save *v)
{
	static const char *const groups[] = { "set", "add", "remove" };
	const char *name, *field;
	json_t *value;

	for (size_t i = 0; i < COUNT_OF(groups); i++)
		json_object_foreach(json_object_get(c->params, groups[i]), name, value)
			v->any[part_of(name, &field)] = true;
}

static enum err_code
assign(struct op_call *c, struct draft *d, uint8_t op, const char *field, const json_t *value)
{
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return draft_assign(d, op, field, value, &c->err);
	json_array_foreach((json_t *)value, i, item)
		if (draft_assign(d, op, field, item, &c->err) != ERR_OK)
			return c->err.code;
	return ERR_OK;
}

static enum err_code
fill(struct op_call *c, struct visit_save *v, const char *group, uint8_t op)
{
	const char *name, *field;
	json_t *value;

	json_object_foreach(json_object_get(c->params, group), name, value) {
		enum part p = part_of(name, &field);

		if (assign(c, &v->draft[p], op, field, value) != ERR_OK)
			return c->err.code;
	}
	return ERR_OK;
}

static bool
given(const struct draft *d, const char *field)
{
	const struct profile_field *f = profile_field_named(d->type, field);

	for (size_t i = 0; f != NULL && i < d->op_count; i++)
		if (d->ops[i].field == f->number && d->ops[i].kind != OP_NOTE)
			return true;
	return f == NULL; /* what the profile does not have need not be filled in */
}

/* ---- which session, visit, case, visitor ---- */

static enum err_code
find_session(struct op_call *c, struct visit_save *v)
{
	const struct profile_type *t = day_type(c, "session");
	char text[DAY_TEXT];

	if (t == NULL || day_session(c, "session", &v->session, &v->has_session) != ERR_OK)
		return c->err.code;
	day_date(c, day_now(c), v->date);
	if (!v->has_session) {
		warn(v, "no session is open: the visit stands by itself and counts at no site");
		return node_team_for(c->node, NULL, param_text(c, "team"), &v->team, &c->err);
	}
	v->of_session = day_get(c, &v->session, t, &v->team);
	if (v->of_session == NULL)
		return c->err.code;
	v->has_site = day_ref(v->of_session, t, "site", &v->site);
	v->practice = record_is_practice(v->of_session);
	if (date_valid(day_text(v->of_session, t, "date", text)))
		snprintf(v->date, sizeof(v->date), "%.10s", text);
	if (day_is(v->of_session, t, "status", "held"))
		warn(v, "that session has been closed; its counts were taken without this visit");
	return ERR_OK;
}

/* A given id may be one that has not come here yet: of a draft, or of a slip. */
static enum err_code
find_given(struct op_call *c, const char *param, const struct profile_type *t, struct record_id *id, struct stream_id *team, bool *here)
{
	const char *text = param_text(c, param);
	struct record *r;

	*here = false;
	if (view_find(node_view(c->node), text, id, &c->err) == ERR_OK) {
		node_same_as(c->node, id, id);
		r = day_get(c, id, t, team);
		*here = r != NULL;
		record_free(r);
		return c->err.code;
	}
	if (c->err.code != ERR_UNKNOWN || !hex_decode(id->b, sizeof(id->b), text))
		return c->err.code;
	c->err = (struct err)ERR_INIT;
	return ERR_OK;
}

static enum err_code
begin_visit(struct op_call *c, struct visit_save *v)
{
	const struct profile_type *t = day_type(c, "visit");
	struct stream_id team;
	struct record_id id;
	bool here = false, asked = param_text(c, "id") != NULL;

	if (t == NULL || (asked && find_given(c, "id", t, &id, &team, &here) != ERR_OK))
		return c->err.code;
	v->visit_new = !here;
	if (here)
		v->team = team;
	v->begun[PART_VISIT] = true;
	return day_begin(c, &v->draft[PART_VISIT], t, asked ? &id : NULL);
}

/* proto/day.md, 4: what a visit opens has an id that follows from the visit's, so that a save that is repeated repeats nothing. */
static void
follow(const struct visit_save *v, const char *what, struct record_id *out)
{
	HC(out->b, sizeof(out->b), BYTES_NONE, "fb1/visit", BYTES_OF(v->draft[PART_VISIT].record), BYTES_STR(what));
}

static bool
is_here(struct op_call *c, const struct record_id *id, struct stream_id *team)
{
	struct record *r = record_new(id);
	bool here = r != NULL && node_record(c->node, id, r, team, NULL) == ERR_OK;

	record_free(r);
	return here;
}

static enum err_code
begin_case(struct op_call *c, struct visit_save *v)
{
	const struct profile_type *t;
	struct record_id id;
	bool here = false, asked = param_text(c, "case") != NULL;

	v->has_case = asked || v->any[PART_CASE] || v->any[PART_ACTION] || param_flag(c, "new-case");
	if (!v->has_case)
		return ERR_OK;
	t = day_type(c, "case");
	v->case_team = v->team;
	if (t == NULL || (asked && find_given(c, "case", t, &id, &v->case_team, &here) != ERR_OK))
		return c->err.code;
	if (asked && !here)
		warn(v, "that case has not come here yet; what is written now meets it when it does");
	if (!asked) {
		follow(v, TYPES[PART_CASE], &id);
		here = is_here(c, &id, &v->case_team);
	}
	v->case_new = !asked && !here;
	v->begun[PART_CASE] = true;
	if (day_begin(c, &v->draft[PART_CASE], t, &id) != ERR_OK || !v->any[PART_ACTION])
		return c->err.code;
	t = day_type(c, "action");
	if (t == NULL)
		return c->err.code;
	follow(v, TYPES[PART_ACTION], &id);
	v->begun[PART_ACTION] = true;
	return day_begin(c, &v->draft[PART_ACTION], t, &id);
}

static enum err_code
find_visitor(struct op_call *c, struct visit_save *v)
{
	const char *code = param_text(c, "card");
	const struct profile_type *t;

	if (code == NULL)
		return ERR_OK;
	v->has_visitor = true;
	t = day_type(c, "visitor");
	if (t == NULL || day_visitor_of(c, code, &v->visitor) == ERR_OK)
		return c->err.code;
	if (c->err.code != ERR_UNKNOWN)
		return c->err.code;
	c->err = (struct err)ERR_INIT;
	v->visitor_new = true;
	env_random(node_env(c->node), v->visitor.b, sizeof(v->visitor.b));
	warn(v, "that card is not known here yet; it is noted, and the two halves are shown as one visitor to merge when they meet");
	return ERR_OK;
}

/* ---- what the session supplies ---- */

static enum err_code
from_session(struct op_call *c, struct visit_save *v, struct draft *d, const char *field, const char *of)
{
	json_t *all = v->of_session != NULL && !given(d, field) ? day_json(v->of_session, day_type(c, "session"), of) : NULL;

	if (json_array_size(all) == 1) /* with several the form must ask */
		(void)!day_add(c, d, field, json_string_value(json_array_get(all, 0)));
	json_decref(all);
	return c->err.code;
}

static enum err_code
supply_visit(struct op_call *c, struct visit_save *v)
{
	struct draft *d = &v->draft[PART_VISIT];

	if (!v->visit_new)
		return ERR_OK;
	if (v->has_session && !given(d, "session") && day_set_ref(c, d, OP_SET, "session", &v->session) != ERR_OK)
		return c->err.code;
	if (from_session(c, v, d, "channel", "channel") != ERR_OK || from_session(c, v, d, "adviser", "staff") != ERR_OK || !v->has_visitor)
		return c->err.code;
	if (!given(d, "visitor") && day_set_ref(c, d, OP_SET, "visitor", &v->visitor) != ERR_OK)
		return c->err.code;
	if (!given(d, "first_visit") && (day_set(c, d, "first_visit", "no") != ERR_OK || day_set(c, d, "first_visit_method", "code_card") != ERR_OK))
		return c->err.code;
	return ERR_OK;
}

static enum err_code
supply_case(struct op_call *c, struct visit_save *v)
{
	struct draft *d = &v->draft[PART_CASE], *a = &v->draft[PART_ACTION];
	const struct record_id *visit = &v->draft[PART_VISIT].record;

	if (!v->has_case)
		return ERR_OK;
	if (v->case_new) {
		if ((!given(d, "visit") && day_set_ref(c, d, OP_SET, "visit", visit) != ERR_OK) ||
		    (!given(d, "opened") && day_set(c, d, "opened", v->date) != ERR_OK) ||
		    (!given(d, "status") && day_set(c, d, "status", "open") != ERR_OK) ||
		    (v->has_site && !given(d, "site") && day_set_ref(c, d, OP_SET, "site", &v->site) != ERR_OK))
			return c->err.code;
	} else if (v->visit_new && day_set_ref(c, d, OP_ADD, "more_visits", visit) != ERR_OK) {
		return c->err.code;
	}
	if (v->case_new && v->has_visitor && !given(d, "visitor") && day_set_ref(c, d, OP_SET, "visitor", &v->visitor) != ERR_OK)
		return c->err.code;
	if (!v->begun[PART_ACTION])
		return ERR_OK;
	if (!given(a, "case") && day_set_ref(c, a, OP_SET, "case", &d->record) != ERR_OK)
		return c->err.code;
	if (!given(a, "date") && day_set(c, a, "date", v->date) != ERR_OK)
		return c->err.code;
	return from_session(c, v, a, "adviser", "staff");
}

static bool
has_note(struct op_call *c, const struct record_id *id, const uint8_t note[16])
{
	struct record *r = record_new(id);
	bool there = false;

	if (r != NULL && node_record(c->node, id, r, NULL, NULL) == ERR_OK)
		for (size_t i = 0; i < record_note_count(r) && !there; i++)
			there = memcmp(record_note_at(r, i)->id, note, 16) == 0;
	record_free(r);
	return there;
}

static enum err_code
put_note(struct op_call *c, struct visit_save *v)
{
	const char *text = param_text(c, "note");
	struct draft *d = &v->draft[v->has_case ? PART_CASE : PART_VISIT];
	struct record_id id;

	if (text == NULL)
		return ERR_OK;
	follow(v, text, &id);
	memcpy(v->note, id.b, sizeof(v->note));
	v->noted = true;
	return has_note(c, &d->record, v->note) ? ERR_OK : draft_note(d, v->note, text, NULL, &c->err);
}

/* ---- writing ---- */

static enum err_code
write_visitor(struct op_call *c, struct visit_save *v)
{
	struct code code;
	struct draft d;

	if (!v->visitor_new)
		return ERR_OK;
	if (code_read(&code, param_text(c, "card"), &c->err) != ERR_OK ||
	    day_begin(c, &d, day_type(c, "visitor"), &v->visitor) != ERR_OK)
		return c->err.code;
	if (day_set(c, &d, "mode", "code") == ERR_OK && day_set(c, &d, "code", code.card) == ERR_OK && v->practice)
		(void)!draft_mark_practice(&d, &c->err);
	v->entries++;
	return day_write(c, &d, &v->team);
}

static enum err_code
write_parts(struct op_call *c, struct visit_save *v)
{
	if (v->draft[PART_VISIT].op_count == 0 && v->visit_new)
		return err_set(&c->err, ERR_USAGE, "visit save: nothing to write: open a session, or give a field or a note");
	if (write_visitor(c, v) != ERR_OK)
		return c->err.code;
	for (int i = 0; i < PARTS; i++) {
		if (!v->begun[i] || v->draft[i].op_count == 0)
			continue;
		v->entries++;
		law_warn_draft(&v->draft[i], v->warnings);
		if (day_write(c, &v->draft[i], i == PART_VISIT ? &v->team : &v->case_team) != ERR_OK)
			return c->err.code;
	}
	return ERR_OK;
}

/* ---- the desk, before and after ---- */

static enum err_code
must_be_callable(struct op_call *c)
{
	const char *ticket = param_text(c, "queue");
	const struct queue_place *p = ticket != NULL ? desk_place(node_desk(c->node), ticket, &c->err) : NULL;

	if (p != NULL && p->state > PLACE_CALLED)
		err_set(&c->err, ERR_EXISTS, "ticket %.20s is done already", ticket);
	return c->err.code;
}

/* Only now that the visit is safe. */
static void
clear_desk(struct op_call *c, struct visit_save *v)
{
	struct day_desk *desk = node_desk(c->node);
	const char *ticket = param_text(c, "queue"), *draft = param_text(c, "draft");
	struct queue_place *p = ticket != NULL ? desk_place(desk, ticket, NULL) : NULL;
	struct err err = ERR_INIT;
	bool changed = draft != NULL && desk_drop_draft(desk, draft);

	if (p != NULL) {
		p->state = PLACE_SERVED;
		p->ended_ms = day_now(c);
		p->called_ms = p->called_ms != 0 ? p->called_ms : p->ended_ms;
		changed = true;
	}
	if (changed && node_desk_save(c->node, &err) != ERR_OK)
		warn(v, err.text);
}

static void
answer(struct op_call *c, struct visit_save *v, const struct record_id id[PARTS])
{
	const char *ticket = param_text(c, "queue");

	c->result = json_pack("{s:o,s:o,s:b,s:o,s:o,s:o,s:I,s:b,s:o}", "visit", json_hex(id[PART_VISIT].b, 16), "case",
	                      v->has_case ? json_hex(id[PART_CASE].b, 16) : json_null(), "case_new", v->case_new, "action",
	                      v->begun[PART_ACTION] ? json_hex(id[PART_ACTION].b, 16) : json_null(), "note",
	                      v->noted ? json_hex(v->note, 16) : json_null(), "queue", ticket != NULL ? json_string(ticket) : json_null(),
	                      "entries", (json_int_t)v->entries, "practice", v->practice, "duplicates",
	                      v->case_new ? day_doubles(c, &id[PART_CASE]) : json_array());
}

void
op_visit_save(struct op_call *c)
{
	struct visit_save v = { .warnings = json_array() };
	struct record_id id[PARTS];

	look_at(c, &v);
	if (must_be_callable(c) == ERR_OK && find_session(c, &v) == ERR_OK && begin_visit(c, &v) == ERR_OK && begin_case(c, &v) == ERR_OK &&
	    find_visitor(c, &v) == ERR_OK && fill(c, &v, "set", OP_SET) == ERR_OK && fill(c, &v, "add", OP_ADD) == ERR_OK &&
	    fill(c, &v, "remove", OP_REMOVE) == ERR_OK && put_note(c, &v) == ERR_OK && supply_visit(c, &v) == ERR_OK &&
	    supply_case(c, &v) == ERR_OK) {
		for (int i = 0; i < PARTS; i++)
			id[i] = v.draft[i].record;
		(void)!write_parts(c, &v);
	}
	if (day_commit(c)) {
		clear_desk(c, &v);
		answer(c, &v, id);
	}
	for (int i = 0; i < PARTS; i++)
		draft_free(&v.draft[i]);
	record_free(v.of_session);
	day_end(c, v.warnings);
}
