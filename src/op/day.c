/*
 * What the operations of a day have in common. They speak of a programme's
 * types and fields by name, and do without those that a profile does not
 * have, except the types that an operation is about.
 */
#include "op/day_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/nfc.h"
#include "base/table.h"
#include "op/law.h"

const struct profile_type *
day_type(struct op_call *c, const char *name)
{
	const struct profile *p = node_profile(c->node);
	const struct profile_type *t = p != NULL ? profile_type_named(p, name) : NULL;

	if (p == NULL)
		op_no_profile(c);
	else if (t == NULL)
		err_set(&c->err, ERR_REFUSED, "profile %s has no type \"%s\", which this needs", profile_id(p), name);
	return t;
}

bool
day_has(const struct profile_type *t, const char *field)
{
	return profile_field_named(t, field) != NULL;
}

/* ---- reading ---- */

static const struct value *
best(const struct record *r, const struct profile_type *t, const char *field, const struct profile_field **f)
{
	const struct value *v;
	size_t count;

	*f = profile_field_named(t, field);
	if (*f == NULL)
		return NULL;
	v = record_values(r, (*f)->number, &count);
	for (size_t i = 0; i < count; i++)
		if (v[i].kind == OP_SET)
			return &v[i];
	return NULL;
}

const char *
day_text(const struct record *r, const struct profile_type *t, const char *field, char out[DAY_TEXT])
{
	const struct profile_field *f;
	const struct value *v = best(r, t, field, &f);
	struct rd rd = rd_init(v != NULL ? v->value : BYTES_NONE);
	struct bytes s = v != NULL && rd_peek(&rd) == RD_STR ? rd_str(&rd, SIZE_MAX) : BYTES_NONE;
	size_t len = s.len < DAY_TEXT - 1 ? s.len : DAY_TEXT - 1;

	while (len < s.len && len > 0 && (s.p[len] & 0xc0) == 0x80)
		len--;
	if (len > 0)
		memcpy(out, s.p, len);
	out[len] = '\0';
	return out;
}

bool
day_ref(const struct record *r, const struct profile_type *t, const char *field, struct record_id *out)
{
	const struct profile_field *f;
	const struct value *v = best(r, t, field, &f);
	struct rd rd = rd_init(v != NULL ? v->value : BYTES_NONE);

	RD_FIXED(&rd, *out);
	return v != NULL && rd_end(&rd);
}

int64_t
day_int(const struct record *r, const struct profile_type *t, const char *field)
{
	const struct profile_field *f = profile_field_named(t, field);
	const struct value *v;
	struct rd rd;

	if (f != NULL && f->shape == SHAPE_SUM)
		return (int64_t)record_sum(r, f->number);
	v = best(r, t, field, &f);
	if (v == NULL)
		return 0;
	rd = rd_init(v->value);
	return rd_peek(&rd) == RD_UINT || rd_peek(&rd) == RD_INT ? rd_int(&rd) : 0;
}

bool
day_true(const struct record *r, const struct profile_type *t, const char *field)
{
	const struct profile_field *f;
	const struct value *v = best(r, t, field, &f);
	struct rd rd = rd_init(v != NULL ? v->value : BYTES_NONE);

	return v != NULL && rd_peek(&rd) == RD_BOOL && rd_bool(&rd);
}

json_t *
day_json(const struct record *r, const struct profile_type *t, const char *field)
{
	const struct profile_field *f = profile_field_named(t, field);
	const struct value *v;
	size_t count;
	json_t *out;

	if (f == NULL)
		return json_null();
	v = record_values(r, f->number, &count);
	if (f->shape == SHAPE_SUM)
		return json_real(record_sum(r, f->number));
	if (f->shape == SHAPE_REGISTER) {
		v = best(r, t, field, &f);
		return v != NULL ? value_to_json(f, v->value) : json_null();
	}
	out = json_array();
	for (size_t i = count; i-- > 0;) { /* as they were added */
		bool seen = v[i].kind != OP_ADD;

		for (size_t k = count - 1; k > i && !seen; k--)
			seen = bytes_equal(v[k].value, v[i].value);
		if (!seen)
			json_array_append_new(out, value_to_json(f, v[i].value));
	}
	return out;
}

bool
day_is(const struct record *r, const struct profile_type *t, const char *field, const char *text)
{
	char has[DAY_TEXT];

	return strcmp(day_text(r, t, field, has), text) == 0;
}

struct record *
day_get(struct op_call *c, const struct record_id *id, const struct profile_type *t, struct stream_id *team)
{
	struct record *r = record_new(id);
	char hex[33];

	if (r == NULL) {
		err_plain(&c->err, ERR_NO_MEMORY);
		return NULL;
	}
	if (node_record(c->node, id, r, team, &c->err) == ERR_OK && t != NULL && record_type(r) != t->number)
		err_set(&c->err, ERR_INVALID, "%.8s is not a %s", hex_encode(hex, id->b, 16), t->name);
	if (c->err.code == ERR_OK)
		return r;
	record_free(r);
	return NULL;
}

struct record *
day_find(struct op_call *c, const char *param, const struct profile_type *t, struct stream_id *team)
{
	struct record_id id;

	if (view_find(node_view(c->node), param_text(c, param), &id, &c->err) != ERR_OK)
		return NULL;
	node_same_as(c->node, &id, &id);
	return day_get(c, &id, t, team);
}

struct each { struct op_call *call; day_record_cb cb; void *ctx; };

static bool
pass_on(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct each *e = ctx;
	struct record_id other;

	/* Practice shows where it is practised; what counts it asks for itself. */
	if (record_merged_into(r, &other) && !node_counts_record(e->call->node, r))
		return true;
	return e->cb(e->ctx, r, team);
}

enum err_code
day_each(struct op_call *c, const struct profile_type *t, day_record_cb cb, void *ctx)
{
	struct each e = { c, cb, ctx };

	return view_each(node_view(c->node), t->number, pass_on, &e, &c->err);
}

/* ---- writing ---- */

enum err_code
day_begin(struct op_call *c, struct draft *d, const struct profile_type *t, const struct record_id *id)
{
	struct record_id fresh;

	if (id == NULL)
		env_random(node_env(c->node), fresh.b, sizeof(fresh.b));
	draft_init(d, t, id != NULL ? id : &fresh);
	return ERR_OK;
}

enum err_code
day_set(struct op_call *c, struct draft *d, const char *field, const char *text)
{
	if (text == NULL || text[0] == '\0' || !day_has(d->type, field))
		return ERR_OK;
	return draft_assign_text(d, OP_SET, field, text, &c->err);
}

enum err_code
day_add(struct op_call *c, struct draft *d, const char *field, const char *text)
{
	const struct profile_field *f = profile_field_named(d->type, field);

	if (text == NULL || text[0] == '\0' || f == NULL)
		return ERR_OK;
	return draft_assign_text(d, f->shape == SHAPE_REGISTER ? OP_SET : OP_ADD, field, text, &c->err);
}

enum err_code
day_set_int(struct op_call *c, struct draft *d, const char *field, int64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)v);
	return day_add(c, d, field, text);
}

enum err_code
day_set_ref(struct op_call *c, struct draft *d, uint8_t op, const char *field, const struct record_id *id)
{
	char hex[33];

	if (!day_has(d->type, field))
		return ERR_OK;
	return draft_assign_text(d, op, field, hex_encode(hex, id->b, 16), &c->err);
}

enum err_code
day_note(struct op_call *c, struct draft *d, const char *text, uint8_t id[16])
{
	env_random(node_env(c->node), id, 16);
	return draft_note(d, id, text, NULL, &c->err);
}

enum err_code
day_write(struct op_call *c, struct draft *d, const struct stream_id *team)
{
	struct record *now = record_new(&d->record);
	struct err none = ERR_INIT;
	struct hash entry;
	bool known = now != NULL && node_record(c->node, &d->record, now, NULL, &none) == ERR_OK;

	if (now == NULL)
		err_plain(&c->err, ERR_NO_MEMORY);
	else if (c->err.code == ERR_OK && d->op_count > 0 && draft_check_required(d, known ? now : NULL, &c->err) == ERR_OK &&
	         law_check_draft(c->node, d, known ? now : NULL, &c->err) == ERR_OK && draft_check_rules(d, known ? now : NULL, &c->err) == ERR_OK)
		(void)!node_write(c->node, team, d, &entry, &c->err);
	record_free(now);
	draft_free(d);
	return c->err.code;
}

bool
day_commit(struct op_call *c)
{
	if (c->err.code == ERR_OK && op_commit(c) == ERR_OK)
		return true;
	node_drop(c->node);
	return false;
}

void
day_end(struct op_call *c, json_t *warnings)
{
	if (c->err.code == ERR_OK && c->result != NULL) {
		json_object_set_new(c->result, "saved", json_true());
		json_object_set_new(c->result, "copies", json_integer(0)); /* nobody else can hold what was signed this moment */
		json_object_set(c->result, "warnings", warnings);
	}
	json_decref(warnings);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

/* ---- time ---- */

int64_t
day_now(struct op_call *c)
{
	struct env *env = node_env(c->node);

	return env->ops->wall_ms(env);
}

const char *
day_date(struct op_call *c, int64_t ms, char out[11])
{
	char full[40];

	snprintf(out, 11, "%.10s", time_print(full, ms, env_utc_offset_min(node_env(c->node), ms)));
	return out;
}

const char *
day_clock(struct op_call *c, int64_t ms, char out[6])
{
	char full[40];

	snprintf(out, 6, "%.5s", time_print(full, ms, env_utc_offset_min(node_env(c->node), ms)) + 11);
	return out;
}

enum err_code
day_param_date(struct op_call *c, const char *name, char out[11])
{
	const char *text = param_text(c, name);

	if (text == NULL) {
		day_date(c, day_now(c), out);
		return ERR_OK;
	}
	if (!date_valid(text))
		return err_set(&c->err, ERR_INVALID, "%s: \"%s\" is not a date like 2019-09-02", name, text);
	snprintf(out, 11, "%.10s", text);
	return ERR_OK;
}

enum err_code
day_param_clock(struct op_call *c, const char *name, char out[6])
{
	const char *text = param_text(c, name);

	if (text == NULL) {
		day_clock(c, day_now(c), out);
		return ERR_OK;
	}
	if (!clock_valid(text))
		return err_set(&c->err, ERR_INVALID, "%s: \"%s\" is not a time like 13:00", name, text);
	snprintf(out, 6, "%.5s", text);
	return ERR_OK;
}

/* ---- sessions and sites ---- */

struct open_today { const struct profile_type *type; const char *date; struct record_id id; bool found; };

static bool
still_open(const struct record *r, const struct profile_type *t)
{
	char text[DAY_TEXT];

	return day_text(r, t, "start", text)[0] != '\0' && day_text(r, t, "end", text)[0] == '\0' &&
	       !day_is(r, t, "status", "held") && !day_is(r, t, "status", "cancelled");
}

static bool
take_open(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct open_today *o = ctx;

	(void)team;
	if (!day_is(r, o->type, "date", o->date) || !still_open(r, o->type))
		return true;
	o->id = *record_id_of(r);
	o->found = true;
	return false;
}

enum err_code
day_session(struct op_call *c, const char *param, struct record_id *out, bool *found)
{
	const struct profile_type *t = day_type(c, "session");
	struct open_today o = { .type = t };
	struct day_desk *desk = node_desk(c->node);
	char today[11];
	struct record *r;

	*found = false;
	if (t == NULL)
		return c->err.code;
	if (param != NULL && param_text(c, param) != NULL) {
		r = day_find(c, param, t, NULL);
		if (r != NULL)
			*out = *record_id_of(r);
		*found = r != NULL;
		record_free(r);
		return c->err.code;
	}
	if (desk->has_session) {
		node_same_as(c->node, &desk->session, out);
		*found = true;
		return ERR_OK;
	}
	o.date = day_date(c, day_now(c), today);
	if (day_each(c, t, take_open, &o) == ERR_OK && o.found) {
		*out = o.id;
		*found = true;
	}
	return c->err.code;
}

struct named { const struct profile_type *type; struct bytes folded; struct record_id id; size_t found; bool practice; };

static bool
take_named(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct named *w = ctx;
	char text[DAY_TEXT];
	struct buf folded = BUF_INIT;

	(void)team;
	/* A real session never stands at a site that was made for practice. */
	if ((w->practice || !record_is_practice(r)) && nfc_fold(&folded, BYTES_STR(day_text(r, w->type, "name", text))) &&
	    bytes_equal(buf_bytes(&folded), w->folded)) {
		w->id = *record_id_of(r);
		w->found++;
	}
	buf_free(&folded);
	return true;
}

enum err_code
day_site(struct op_call *c, const char *text, bool practice, struct record_id *out, bool *found)
{
	const struct profile_type *t = day_type(c, "site");
	struct named w = { .type = t, .practice = practice };
	struct buf folded = BUF_INIT;
	struct err none = ERR_INIT;
	struct record *r;

	*found = false;
	if (t == NULL)
		return c->err.code;
	if (nfc_fold(&folded, BYTES_STR(text))) {
		w.folded = buf_bytes(&folded);
		(void)!day_each(c, t, take_named, &w);
	} else {
		err_set(&c->err, ERR_INVALID, "site: not UTF-8 text");
	}
	buf_free(&folded);
	if (c->err.code == ERR_OK && w.found == 0 && view_find(node_view(c->node), text, &w.id, &none) == ERR_OK) {
		r = day_get(c, &w.id, t, NULL);
		w.found = r != NULL;
		record_free(r);
	}
	if (c->err.code == ERR_OK && w.found > 1)
		return err_set(&c->err, ERR_INVALID, "site: %zu sites are called \"%s\"; give the id, or merge them", w.found, text);
	*out = w.id;
	*found = w.found == 1;
	return c->err.code;
}

const char *
day_site_name(struct op_call *c, const struct record_id *site, char out[DAY_TEXT])
{
	const struct profile_type *t = profile_type_named(node_profile(c->node), "site");
	struct record *r = t != NULL ? op_record_here(c, site) : NULL;

	out[0] = '\0';
	if (r != NULL)
		day_text(r, t, "name", out);
	record_free(r);
	return out;
}

struct tallying { struct op_call *call; const struct profile_type *visit, *cases, *booking; const struct record_id *session; struct day_tally *out; struct table *visits; uint64_t since; bool failed; };

static bool
tally_visit(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct tallying *k = ctx;
	struct record_id of;

	(void)team;
	if (record_hlc_first(r) < k->since) /* newest first: whoever wrote of the session had seen it */
		return false;
	if (!day_ref(r, k->visit, "session", &of) || !SAME(of, *k->session))
		return true;
	k->out->visits++;
	k->failed = table_put(k->visits, record_id_of(r)->b) == NULL;
	return !k->failed;
}

static bool
tally_case(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct tallying *k = ctx;
	struct record_id of;

	(void)team;
	if (record_hlc_first(r) < k->since)
		return false;
	k->out->cases += day_ref(r, k->cases, "visit", &of) && table_get(k->visits, of.b) != NULL;
	return true;
}

static bool
tally_booking(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct tallying *k = ctx;
	struct record_id of;

	(void)team;
	if (record_hlc_first(r) < k->since)
		return false;
	k->out->bookings += day_ref(r, k->booking, "session", &of) && SAME(of, *k->session);
	return true;
}

enum err_code
day_tally(struct op_call *c, const struct record_id *session, struct day_tally *out)
{
	const struct profile *p = node_profile(c->node);
	struct tallying k = { c, profile_type_named(p, "visit"), profile_type_named(p, "case"), profile_type_named(p, "booking"), session, out,
	                      table_new(16), 0, false };
	enum err_code rc = k.visits != NULL ? ERR_OK : err_plain(&c->err, ERR_NO_MEMORY);
	struct record *r = rc == ERR_OK ? day_get(c, session, NULL, NULL) : NULL;

	memset(out, 0, sizeof(*out));
	rc = c->err.code;
	k.since = r != NULL ? record_hlc_first(r) : 0;
	record_free(r);
	if (rc == ERR_OK && k.visit != NULL)
		rc = day_each(c, k.visit, tally_visit, &k);
	if (rc == ERR_OK && k.cases != NULL)
		rc = day_each(c, k.cases, tally_case, &k);
	if (rc == ERR_OK && k.booking != NULL)
		rc = day_each(c, k.booking, tally_booking, &k);
	if (rc == ERR_OK && k.failed)
		rc = err_plain(&c->err, ERR_NO_MEMORY);
	table_free(k.visits);
	return rc;
}
