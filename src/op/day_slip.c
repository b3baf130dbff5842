/*
 * Slips that a visitor carries: a referral to another place, and the next
 * step. Their code is the id of the case, so it opens the same case on a
 * device that has not synchronised since, and the two halves meet later. It
 * opens nothing for anybody without the team's keys.
 */
#include "op/day_internal.h"

#include <stdio.h>

#include "casework/slip.h"
#include "op/law.h"

struct slip {
	struct op_call *call;
	const char *language;
	json_t *lines, *warnings;
};

static enum err_code
begin_slip(struct op_call *c, struct slip *s)
{
	const char *language = param_text(c, "language");

	*s = (struct slip){ .call = c, .language = language != NULL ? language : "sv", .lines = json_array(), .warnings = json_array() };
	if (!language_valid(s->language))
		return err_set(&c->err, ERR_INVALID, "language: \"%.20s\" is not a language tag like sv or ar", s->language);
	/* Better in Swedish, and said so, than not at all. */
	if (slip_text(s->language, SLIP_CODE) == NULL) {
		json_array_append_new(s->warnings, json_sprintf("no slip is written in %s yet: this one is in Swedish", s->language));
		s->language = "sv";
	}
	return ERR_OK;
}

/* A choice as its label in the visitor's language; everything else as it stands. */
static json_t *
shown(const struct slip *s, const struct record *r, const struct profile_type *t, const char *field)
{
	const struct profile_field *f = profile_field_named(t, field);
	char text[DAY_TEXT];
	const char *label;

	if (day_text(r, t, field, text)[0] == '\0')
		return NULL;
	for (size_t i = 0; f != NULL && f->list != NULL && i < f->list->choice_count; i++)
		if (strcmp(f->list->choices[i].code, text) == 0) {
			label = label_in(f->list->choices[i].labels, f->list->choices[i].label_count, s->language);
			return json_string(label != NULL ? label : text);
		}
	return json_string(text);
}

static void
add_line(struct slip *s, const char *key, enum slip_word word, json_t *value)
{
	if (value != NULL)
		json_array_append_new(s->lines, json_pack("{s:s,s:s,s:o}", "key", key, "label", slip_text(s->language, word), "value", value));
}

/* First-strong isolates keep a code or a Latin name whole inside a text that runs from right to left. */
static json_t *
as_text(const struct slip *s, enum slip_word title, const char *code)
{
	bool rtl = language_is_rtl(s->language);
	const char *from = rtl ? "\xe2\x81\xa8" : "", *to = rtl ? "\xe2\x81\xa9" : "";
	struct buf out = BUF_INIT;
	json_t *line, *text;
	size_t i;

	buf_printf(&out, "%s\n\n", slip_text(s->language, title));
	json_array_foreach(s->lines, i, line)
		buf_printf(&out, "%s: %s%s%s\n", json_string_value(json_object_get(line, "label")), from,
		           json_string_value(json_object_get(line, "value")), to);
	buf_printf(&out, "\n%s: %s%s%s\n%s\n%s\n", slip_text(s->language, SLIP_CODE), from, code, to, slip_text(s->language, SLIP_BRING),
	           slip_text(s->language, SLIP_FREE));
	text = buf_ok(&out) ? json_string(buf_str(&out)) : NULL;
	buf_free(&out);
	return text;
}

static void
answer_slip(struct op_call *c, struct slip *s, const char *kind, enum slip_word title, const struct record_id *of, const struct record_id *referral)
{
	char code[SLIP_CODE_BYTES], uri[CODE_URI_BYTES];

	slip_code_make(code, of);
	slip_uri(uri, of, referral);
	c->result = json_pack("{s:s,s:s,s:s,s:s,s:O,s:s,s:s,s:s,s:o,s:o,s:O}", "kind", kind, "language", s->language, "direction",
	                      language_is_rtl(s->language) ? "rtl" : "ltr", "title", slip_text(s->language, title), "lines", s->lines, "footer",
	                      slip_text(s->language, SLIP_BRING), "code", code, "uri", uri, "qr", day_qr_svg(uri), "text",
	                      as_text(s, title, code), "warnings", s->warnings);
}

static void
end_slip(struct op_call *c, struct slip *s)
{
	json_decref(s->lines);
	json_decref(s->warnings);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

static void
add_place(struct slip *s, const struct record *r, const struct profile_type *t, const char *key, enum slip_word word)
{
	struct record_id site;
	char name[DAY_TEXT];

	if (day_ref(r, t, "site", &site) && day_site_name(s->call, &site, name)[0] != '\0')
		add_line(s, key, word, json_string(name));
}

void
op_slip_referral(struct op_call *c)
{
	const struct profile_type *t = day_type(c, "referral"), *cases = day_type(c, "case");
	struct record *r = NULL, *of = NULL;
	struct record_id id;
	struct slip s;

	if (begin_slip(c, &s) == ERR_OK && t != NULL && cases != NULL)
		r = day_find(c, "id", t, NULL);
	if (r != NULL && !day_ref(r, t, "case", &id))
		err_set(&c->err, ERR_REFUSED, "that referral belongs to no case, so a slip of it would open nothing");
	if (r != NULL && c->err.code == ERR_OK && law_may_show(c, r) == ERR_OK) {
		law_log_read(c->node, "slip referral", record_id_of(r), NULL);
		of = record_new(&id);
		add_line(&s, "to", SLIP_TO, shown(&s, r, t, "to"));
		add_place(&s, r, t, "site", SLIP_PLACE);
		add_line(&s, "reason", SLIP_REASON, shown(&s, r, t, "reason"));
		add_line(&s, "date", SLIP_DATE, shown(&s, r, t, "sent"));
		/* The topic says more than a stranger who finds the slip should know: it is not on a referral. */
		if (of != NULL && node_record(c->node, &id, of, NULL, NULL) == ERR_OK)
			add_line(&s, "deadline", SLIP_DEADLINE, shown(&s, of, cases, "deadline"));
		answer_slip(c, &s, "referral", SLIP_REFERRAL, &id, record_id_of(r));
	}
	record_free(of);
	record_free(r);
	end_slip(c, &s);
}

void
op_slip_next_step(struct op_call *c)
{
	const struct profile_type *cases = day_type(c, "case");
	struct record *r = NULL;
	struct slip s;

	if (begin_slip(c, &s) == ERR_OK && cases != NULL)
		r = day_find(c, "id", cases, NULL);
	if (r != NULL && law_may_show(c, r) == ERR_OK) {
		law_log_read(c->node, "slip next-step", record_id_of(r), NULL);
		add_line(&s, "next_step", SLIP_STEP, shown(&s, r, cases, "next_step"));
		add_line(&s, "deadline", SLIP_DEADLINE, shown(&s, r, cases, "deadline"));
		add_place(&s, r, cases, "site", SLIP_PLACE);
		if (json_array_size(s.lines) == 0)
			json_array_append_new(s.warnings, json_string("this case has no next step and no deadline: the slip carries only its code"));
		answer_slip(c, &s, "next-step", SLIP_NEXT_STEP, record_id_of(r), NULL);
	}
	record_free(r);
	end_slip(c, &s);
}

/* ---- open ---- */

struct of_case { const struct profile_type *type; struct record_id id; json_t *out; struct op_call *call; };

static bool
take_referral(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct of_case *o = ctx;
	struct record_id of;

	(void)team;
	if (!day_ref(r, o->type, "case", &of) || law_protected(o->call->node, r))
		return true;
	node_same_as(o->call->node, &of, &of);
	if (SAME(of, o->id))
		json_array_append_new(o->out, json_pack("{s:o,s:o,s:o,s:o}", "id", json_hex(record_id_of(r)->b, 16), "status",
		                                        day_json(r, o->type, "status"), "to", day_json(r, o->type, "to"), "reason",
		                                        day_json(r, o->type, "reason")));
	return true;
}

static void
open_slip(struct op_call *c, const struct code *code)
{
	struct of_case o = { .type = profile_type_named(node_profile(c->node), "referral"), .id = code->of, .out = json_array(), .call = c };
	json_t *warnings = json_array();
	struct record *r = record_new(&code->of);
	bool here = r != NULL && node_record(c->node, &code->of, r, NULL, NULL) == ERR_OK, hidden = here && law_protected(c->node, r);

	node_same_as(c->node, &code->of, &o.id);
	if (node_is_erased(c->node, &code->of, NULL))
		err_set(&c->err, ERR_REFUSED, "that case has been erased");
	else if (!here)
		json_array_append_new(warnings, json_string("that case has not come here yet; what you write on it meets it when it does"));
	if (c->err.code == ERR_OK && here)
		law_log_read(c->node, "slip open", &o.id, NULL);
	if (c->err.code == ERR_OK && (o.type == NULL || hidden || day_each(c, o.type, take_referral, &o) == ERR_OK))
		c->result = json_pack("{s:s,s:o,s:o,s:n,s:b,s:b,s:O,s:O}", "kind", "case", "case", json_hex(o.id.b, 16), "referral",
		                      code->has_referral ? json_hex(code->referral.b, 16) : json_null(), "visitor", "here", here, "protected", hidden, "referrals", o.out,
		                      "warnings", warnings);
	record_free(r);
	json_decref(o.out);
	json_decref(warnings);
}

void
op_slip_open(struct op_call *c)
{
	struct record_id visitor;
	struct code code;

	if (day_type(c, "case") != NULL && code_read(&code, param_text(c, "text"), &c->err) == ERR_OK) {
		if (code.kind == CODE_SLIP)
			open_slip(c, &code);
		else if (day_visitor_of(c, code.card, &visitor) == ERR_OK)
			c->result = json_pack("{s:s,s:n,s:n,s:o,s:b,s:[],s:[]}", "kind", "card", "case", "referral", "visitor", json_hex(visitor.b, 16), "here", 1,
			                      "referrals", "warnings");
	}
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
