/*
 * The queue: tickets and triage cards on this device's desk. Nothing of it is
 * an entry; only the session's counts are, when it closes.
 */
#include "op/day_internal.h"

#include <stdio.h>

static const char *const STATES[PLACE_STATES] = { "waiting", "called", "served", "referred", "left", "turned_away" };

json_t *
day_queue_json(const struct queue_counts *q)
{
	json_t *o = json_object();

	for (size_t i = 0; i < PLACE_STATES; i++)
		json_object_set_new(o, STATES[i], json_integer((json_int_t)q->by_state[i]));
	json_object_set_new(o, "waited_minutes", json_integer(q->waited_min));
	return o;
}

static void
set_text(json_t *o, const char *key, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(o, key, json_string(text));
}

static json_t *
day_place_json(struct op_call *c, const struct queue_place *p)
{
	char ticket[24], clock[6];
	json_t *o = json_pack("{s:o,s:s,s:s,s:s,s:o,s:I,s:b,s:o,s:b,s:b}", "id", json_hex(p->id, 16), "ticket", place_ticket(ticket, p), "state",
	                      STATES[p->state], "arrived", day_clock(c, p->arrived_ms, clock), "called", json_null(), "waited",
	                      (json_int_t)place_waited_min(p, day_now(c)), "deadline_today", p->deadline_today, "session",
	                      p->has_session ? json_hex(p->session.b, 16) : json_null(), "practice", p->practice, "here", 1);

	if (p->called_ms != 0)
		json_object_set_new(o, "called", json_string(day_clock(c, p->called_ms, clock)));
	if (p->minutes > 0)
		json_object_set_new(o, "minutes", json_integer(p->minutes));
	set_text(o, "language", p->language);
	set_text(o, "topic", p->topic);
	set_text(o, "documents", p->documents);
	return o;
}

/* A value of the triage card, as the profile's queue type would take it: the code, whatever language the label was in. */
static enum err_code
card_value(struct op_call *c, const char *param, const char *field, char *out, size_t size)
{
	const struct profile_type *t = day_type(c, "queue");
	const char *text = param_text(c, param);
	struct record_id id = { { 0 } };
	struct draft d;
	struct rd rd;
	struct bytes value;

	if (text == NULL || t == NULL)
		return c->err.code;
	if (!day_has(t, field))
		return err_set(&c->err, ERR_REFUSED, "profile %s has no %s on a triage card", profile_id(node_profile(c->node)), field);
	draft_init(&d, t, &id);
	if (draft_assign_text(&d, OP_SET, field, text, &c->err) == ERR_OK) {
		rd = rd_init(draft_value(&d, &d.ops[0]));
		value = rd_str(&rd, size - 1);
		if (rd_end(&rd)) {
			memcpy(out, value.p, value.len);
			out[value.len] = '\0';
		} else {
			err_set(&c->err, ERR_INVALID, "%s: too long for a triage card", param);
		}
	}
	draft_free(&d);
	return c->err.code;
}

static enum err_code
fill_card(struct op_call *c, struct queue_place *p)
{
	const char *documents = param_text(c, "documents");

	if (card_value(c, "language", "language", p->language, sizeof(p->language)) != ERR_OK ||
	    card_value(c, "topic", "topic", p->topic, sizeof(p->topic)) != ERR_OK)
		return c->err.code;
	if (documents != NULL && strlen(documents) > DESK_TEXT_BYTES)
		return err_set(&c->err, ERR_INVALID, "documents: at most %d bytes", DESK_TEXT_BYTES);
	if (param_number(c, "minutes", 0) > 24 * 60)
		return err_set(&c->err, ERR_INVALID, "minutes: no visit takes more than a day");
	if (documents != NULL)
		snprintf(p->documents, sizeof(p->documents), "%s", documents);
	if (json_object_get(c->params, "minutes") != NULL)
		p->minutes = (uint32_t)param_number(c, "minutes", 0);
	if (json_object_get(c->params, "deadline-today") != NULL)
		p->deadline_today = param_flag(c, "deadline-today");
	return ERR_OK;
}

/* Saves the desk and answers with the place; what could not be saved is as if it had not been asked. */
static void
answer(struct op_call *c, struct queue_place *p, const struct queue_place *was)
{
	if (c->err.code == ERR_OK && p != NULL && node_desk_save(c->node, &c->err) == ERR_OK)
		c->result = json_pack("{s:o,s:b}", "place", day_place_json(c, p), "saved", 1);
	else if (p != NULL && was != NULL)
		*p = *was;
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

void
op_queue_add(struct op_call *c)
{
	struct day_desk *desk = node_desk(c->node);
	char letters[DESK_LETTERS_MAX + 1];
	struct queue_place card = { .number = 0 }, *p = NULL;
	struct record *r;
	uint32_t number = desk->last_number;

	if (day_session(c, NULL, &card.session, &card.has_session) == ERR_OK && fill_card(c, &card) == ERR_OK) {
		r = card.has_session ? day_get(c, &card.session, NULL, NULL) : NULL;
		card.practice = r != NULL && record_is_practice(r);
		record_free(r);
		node_desk_letters(c->node, letters);
		p = c->err.code == ERR_OK ? desk_add_place(desk, letters, day_now(c), &c->err) : NULL;
	}
	if (p != NULL) {
		card.number = p->number;
		card.arrived_ms = p->arrived_ms;
		memcpy(card.letters, p->letters, sizeof(card.letters));
		*p = card;
		env_random(node_env(c->node), p->id, sizeof(p->id));
		if (node_desk_save(c->node, &c->err) == ERR_OK) {
			c->result = json_pack("{s:o,s:I,s:b}", "place", day_place_json(c, p), "ahead", (json_int_t)desk_ahead(desk, p), "saved", 1);
		} else {
			desk->place_count--;
			desk->last_number = number;
		}
	}
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

void
op_queue_list(struct op_call *c)
{
	struct day_desk *desk = node_desk(c->node);
	json_t *places = json_array();
	struct queue_counts q;
	struct record_id session;
	char until[40];
	int64_t first = desk_next_expiry(desk);
	bool found;

	if (day_session(c, NULL, &session, &found) == ERR_OK) {
		desk_count(desk, found ? &session : NULL, &q);
		for (size_t i = 0; i < desk->place_count; i++)
			if (param_flag(c, "all") || desk->places[i].state <= PLACE_CALLED)
				json_array_append_new(places, day_place_json(c, &desk->places[i]));
		c->result = json_pack("{s:o,s:O,s:o,s:o}", "session", found ? json_hex(session.b, 16) : json_null(), "places", places, "counts",
		                      day_queue_json(&q), "kept_until", first == INT64_MAX ? json_null()
		                      : json_string(time_print(until, first, env_utc_offset_min(node_env(c->node), first))));
	}
	json_decref(places);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

static struct queue_place *
of_call(struct op_call *c)
{
	return desk_place(node_desk(c->node), param_text(c, "ticket"), &c->err);
}

/* A person is called once and ends once: a second tap must not count anybody twice. */
static enum err_code
must_be_here(struct op_call *c, const struct queue_place *p)
{
	char ticket[24];

	if (p->state <= PLACE_CALLED)
		return ERR_OK;
	return err_set(&c->err, ERR_EXISTS, "ticket %s is done: %s", place_ticket(ticket, p), STATES[p->state]);
}

void
op_queue_edit(struct op_call *c)
{
	struct queue_place *p = of_call(c), was = { .number = 0 };

	if (p != NULL) {
		was = *p;
		(void)!fill_card(c, p);
	}
	answer(c, p, p != NULL ? &was : NULL);
}

void
op_queue_call(struct op_call *c)
{
	struct day_desk *desk = node_desk(c->node);
	struct queue_place *p = param_text(c, "ticket") != NULL ? of_call(c) : desk_next(desk), was = { .number = 0 };

	if (p == NULL && c->err.code == ERR_OK)
		err_set(&c->err, ERR_UNKNOWN, "nobody waits in this device's queue");
	if (p != NULL) {
		was = *p;
		if (must_be_here(c, p) == ERR_OK && p->state == PLACE_WAITING) {
			p->state = PLACE_CALLED;
			p->called_ms = day_now(c);
		}
	}
	answer(c, p, p != NULL ? &was : NULL);
}

void
op_queue_done(struct op_call *c)
{
	const char *result = param_text(c, "result");
	struct queue_place *p = of_call(c), was = { .number = 0 };

	if (p != NULL) {
		was = *p;
		if (result != NULL && strcmp(result, "served") != 0 && strcmp(result, "referred") != 0)
			err_set(&c->err, ERR_INVALID, "result: \"%.20s\" is neither served nor referred; `faltbok queue leave` is for those who went", result);
		else if (must_be_here(c, p) == ERR_OK) {
			p->state = result != NULL && strcmp(result, "referred") == 0 ? PLACE_REFERRED : PLACE_SERVED;
			p->ended_ms = day_now(c);
			p->called_ms = p->called_ms != 0 ? p->called_ms : p->ended_ms;
		}
	}
	answer(c, p, p != NULL ? &was : NULL);
}

void
op_queue_leave(struct op_call *c)
{
	struct queue_place *p = of_call(c), was = { .number = 0 };

	if (p != NULL) {
		was = *p;
		if (must_be_here(c, p) == ERR_OK) {
			p->state = param_flag(c, "turned-away") ? PLACE_TURNED_AWAY : PLACE_LEFT;
			p->ended_ms = day_now(c);
		}
	}
	answer(c, p, p != NULL ? &was : NULL);
}
