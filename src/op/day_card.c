/*
 * Code cards: how somebody is known again without a name. The code stands on
 * the visitor's record, which is nobody's statistics, and on a piece of paper.
 */
#include "op/day_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include <qrencode.h>

#include "op/law.h"

enum { QUIET_MODULES = 4, CARD_TRIES = 8 };

/* One path of unit squares: small, and sharp at any size. Dark on light with the quiet zone that cameras need. */
json_t *
day_qr_svg(const char *text)
{
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	struct buf out = BUF_INIT;
	json_t *svg = NULL;
	int size;

	if (qr == NULL)
		return NULL;
	size = qr->width + 2 * QUIET_MODULES;
	buf_printf(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
	           "<path fill=\"#fff\" d=\"M0 0h%dv%dh-%dz\"/><path fill=\"#000\" d=\"", size, size, size, size, size);
	for (int y = 0; y < qr->width; y++)
		for (int x = 0; x < qr->width; x++)
			if (qr->data[y * qr->width + x] & 1)
				buf_printf(&out, "M%d %dh1v1h-1z", x + QUIET_MODULES, y + QUIET_MODULES);
	buf_printf(&out, "\"/></svg>");
	QRcode_free(qr);
	if (buf_ok(&out))
		svg = json_string(buf_str(&out));
	buf_free(&out);
	return svg;
}

struct by_code { const struct profile_type *type; const char *code; struct record_id id; bool found; };

static bool
has_code(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct by_code *b = ctx;

	(void)team;
	if (!day_is(r, b->type, "code", b->code))
		return true;
	b->id = *record_id_of(r);
	b->found = true;
	return false;
}

static enum err_code
find_code(struct op_call *c, const char *card, struct by_code *b)
{
	*b = (struct by_code){ .type = day_type(c, "visitor"), .code = card };
	return b->type == NULL ? c->err.code : view_each(node_view(c->node), b->type->number, has_code, b, &c->err);
}

enum err_code
day_visitor_of(struct op_call *c, const char *text, struct record_id *out)
{
	struct by_code b;
	struct code code;

	if (code_read(&code, text, &c->err) != ERR_OK)
		return c->err.code;
	if (code.kind != CODE_CARD)
		return err_set(&c->err, ERR_INVALID, "card: that is the code of a slip; `faltbok slip open` opens it");
	if (find_code(c, code.card, &b) != ERR_OK)
		return c->err.code;
	if (!b.found)
		return err_set(&c->err, ERR_UNKNOWN, "no visitor here has the card %s; it may not have come here yet", code.card);
	node_same_as(c->node, &b.id, out); /* both cards of a visitor who was two go on working */
	return ERR_OK;
}

static json_t *
card_json(const struct record_id *visitor, const char *code, const struct record_id *of_case)
{
	char uri[CODE_URI_BYTES];

	card_uri(uri, code);
	return json_pack("{s:o,s:s,s:o,s:s,s:o}", "visitor", json_hex(visitor->b, 16), "code", code, "case",
	                 of_case != NULL ? json_hex(of_case->b, 16) : json_null(), "uri", uri, "qr", day_qr_svg(uri));
}

/* Drawn at random; should two ever meet here, the second is drawn again. */
static enum err_code
draw_code(struct op_call *c, char out[CARD_CODE_BYTES])
{
	uint8_t random[CARD_RANDOM_BYTES];
	struct by_code b = { .found = true };

	for (int i = 0; i < CARD_TRIES && b.found; i++) {
		env_random(node_env(c->node), random, sizeof(random));
		card_code_make(out, random);
		if (find_code(c, out, &b) != ERR_OK)
			return c->err.code;
	}
	return b.found ? err_set(&c->err, ERR_REFUSED, "the random generator repeats itself: no card was made") : ERR_OK;
}

/* The case, and the visit that it began with, lead to the visitor from now on. */
static enum err_code
tie_case(struct op_call *c, struct record *r, const struct record_id *visitor, const struct stream_id *team)
{
	const struct profile_type *cases = day_type(c, "case"), *visits = day_type(c, "visit");
	struct record_id visit, had;
	struct stream_id visit_team;
	struct record *v;
	struct draft d;

	if (cases == NULL || visits == NULL || day_begin(c, &d, cases, record_id_of(r)) != ERR_OK)
		return c->err.code;
	(void)!day_set_ref(c, &d, OP_SET, "visitor", visitor);
	if (day_write(c, &d, team) != ERR_OK || !day_ref(r, cases, "visit", &visit))
		return c->err.code;
	v = record_new(&visit);
	if (v != NULL && node_record(c->node, &visit, v, &visit_team, NULL) == ERR_OK && !day_ref(v, visits, "visitor", &had) &&
	    day_begin(c, &d, visits, &visit) == ERR_OK) {
		(void)!day_set_ref(c, &d, OP_SET, "visitor", visitor);
		(void)!day_write(c, &d, &visit_team);
	}
	record_free(v);
	return c->err.code;
}

void
op_card_new(struct op_call *c)
{
	const struct profile_type *t = day_type(c, "visitor");
	const bool asked = param_text(c, "case") != NULL;
	char code[CARD_CODE_BYTES];
	struct record_id visitor, of_case, had;
	struct record *r = NULL;
	struct stream_id team;
	struct draft d;

	if (t != NULL && asked) {
		r = day_find(c, "case", day_type(c, "case"), &team);
		if (r != NULL && day_ref(r, day_type(c, "case"), "visitor", &had))
			err_set(&c->err, ERR_EXISTS, "that case has a visitor with a card already; `faltbok card show` shows it");
	} else if (t != NULL) {
		(void)!node_team_for(c->node, NULL, param_text(c, "team"), &team, &c->err);
	}
	if (c->err.code == ERR_OK && draw_code(c, code) == ERR_OK && day_begin(c, &d, t, NULL) == ERR_OK) {
		visitor = d.record;
		(void)(day_set(c, &d, "mode", "code") == ERR_OK && day_set(c, &d, "code", code) == ERR_OK);
		if (c->err.code == ERR_OK && r != NULL && record_is_practice(r))
			(void)!draft_mark_practice(&d, &c->err);
		if (day_write(c, &d, &team) == ERR_OK && r != NULL)
			(void)!tie_case(c, r, &visitor, &team);
	}
	if (r != NULL)
		of_case = *record_id_of(r);
	if (day_commit(c))
		c->result = card_json(&visitor, code, r != NULL ? &of_case : NULL);
	record_free(r);
	day_end(c, json_array());
}

/* ---- finding ---- */

struct of_visitor { struct op_call *call; const struct profile_type *visit, *cases, *session; struct record_id visitor; json_t *visits, *found; };

static bool
is_visitor(struct of_visitor *o, const struct record *r, const struct profile_type *t)
{
	struct record_id id;

	if (!day_ref(r, t, "visitor", &id))
		return false;
	node_same_as(o->call->node, &id, &id);
	return SAME(id, o->visitor);
}

static bool
take_visit(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct of_visitor *o = ctx;
	struct record_id session, site;
	struct record *s = NULL;
	char date[DAY_TEXT] = "", name[DAY_TEXT] = "", hex[33];

	(void)team;
	if (!is_visitor(o, r, o->visit))
		return true;
	if (day_ref(r, o->visit, "session", &session) && o->session != NULL)
		s = record_new(&session);
	if (s != NULL && node_record(o->call->node, &session, s, NULL, NULL) == ERR_OK) {
		day_text(s, o->session, "date", date);
		if (day_ref(s, o->session, "site", &site))
			day_site_name(o->call, &site, name);
	}
	record_free(s);
	hex_encode(hex, record_id_of(r)->b, 16);
	json_object_set_new(o->visits, hex, json_pack("{s:s,s:s,s:s}", "id", hex, "date", date, "site", name));
	return true;
}

static bool
take_case(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct of_visitor *o = ctx;
	struct record_id visit;
	char hex[33];

	(void)team;
	if (!is_visitor(o, r, o->cases) &&
	    (!day_ref(r, o->cases, "visit", &visit) || json_object_get(o->visits, hex_encode(hex, visit.b, 16)) == NULL))
		return true;
	json_array_append_new(o->found, json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "id", json_hex(record_id_of(r)->b, 16), "topic",
	                                          day_json(r, o->cases, "topic"), "status", day_json(r, o->cases, "status"), "opened",
	                                          day_json(r, o->cases, "opened"), "deadline", day_json(r, o->cases, "deadline"), "next_step",
	                                          day_json(r, o->cases, "next_step")));
	return true;
}

/* Of a protected person a card finds that she is known, which is enough to write a visit; what is in her cases it does not. */
static bool
is_hidden(struct op_call *c, const struct record_id *visitor)
{
	struct record *r = record_new(visitor);
	bool hidden = r == NULL || (node_record(c->node, visitor, r, NULL, NULL) == ERR_OK && law_protected(c->node, r));

	record_free(r);
	return hidden;
}

void
op_card_find(struct op_call *c)
{
	const struct profile *p = node_profile(c->node);
	struct of_visitor o = { .call = c, .visits = json_object(), .found = json_array() };
	struct code code;
	json_t *visits = json_array(), *one;
	const char *key;
	bool hidden;

	if (day_visitor_of(c, param_text(c, "code"), &o.visitor) == ERR_OK && code_read(&code, param_text(c, "code"), &c->err) == ERR_OK) {
		hidden = is_hidden(c, &o.visitor);
		law_log_read(c->node, "card find", &o.visitor, NULL);
		o.visit = profile_type_named(p, "visit");
		o.cases = profile_type_named(p, "case");
		o.session = profile_type_named(p, "session");
		if ((o.visit == NULL || hidden || day_each(c, o.visit, take_visit, &o) == ERR_OK) &&
		    (o.cases == NULL || hidden || day_each(c, o.cases, take_case, &o) == ERR_OK)) {
			json_object_foreach(o.visits, key, one)
				json_array_append(visits, one);
			c->result = json_pack("{s:o,s:s,s:b,s:O,s:O}", "visitor", json_hex(o.visitor.b, 16), "code", code.card, "protected", hidden, "cases", o.found, "visits", visits);
		}
	}
	json_decref(visits);
	json_decref(o.visits);
	json_decref(o.found);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

void
op_card_show(struct op_call *c)
{
	const struct profile_type *t = day_type(c, "visitor");
	const char *text = param_text(c, "visitor");
	struct record_id id;
	struct record *r = NULL;
	struct code code;
	char has[DAY_TEXT] = "";

	if (t != NULL && code_read(&code, text, NULL) == ERR_OK) {
		if (day_visitor_of(c, text, &id) == ERR_OK)
			r = day_get(c, &id, t, NULL);
	} else if (t != NULL) {
		r = day_find(c, "visitor", t, NULL);
		if (r != NULL && law_may_show(c, r) != ERR_OK) { /* whoever has the card may have it printed again; an id alone gives no card */
			record_free(r);
			r = NULL;
		}
	}
	if (r != NULL && code_read(&code, day_text(r, t, "code", has), NULL) != ERR_OK)
		err_set(&c->err, ERR_UNKNOWN, "that visitor has no card");
	else if (r != NULL)
		c->result = card_json(record_id_of(r), has, NULL);
	record_free(r);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
