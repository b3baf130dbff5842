/*
 * Where two people wrote without having seen each other. A *conflict* is two
 * different values in one field, which somebody should decide; a *parallel
 * change* is the same value twice, which nobody need. Neither stops anybody
 * from working, and a decision leaves its mark on the record.
 */
#include "op/op_internal.h"

#include <stdio.h>

#include "casework/marks.h"
#include "crdt/hlc.h"
#include "op/law.h"

struct conflicts {
	struct op_call *call;
	const struct profile_type *type;
	const char *by;
	struct stream_id team;
	int64_t since_ms;
	bool in_team, parallel, settled;
	size_t left_out; /* of protected persons */
	json_t *out;
};

static const char *
field_name(const struct profile_type *t, uint32_t number, char out[48])
{
	const struct profile_field *f = t != NULL ? profile_field_numbered(t, number) : NULL;

	if (f != NULL || mark_name(number) != NULL)
		return f != NULL ? f->name : mark_name(number);
	snprintf(out, 48, "field %u (newer version)", number);
	return out;
}

/* Of a field's values that stand beside each other: is one by this device, and one recent enough? */
static bool
concerns(const struct conflicts *k, const struct value *v, size_t count)
{
	struct node *n = k->call->node;
	bool by = k->by == NULL, since = false;

	for (size_t i = 0; i < count; i++) {
		const struct author *a = view_author(node_view(n), v[i].author);

		by = by || (a != NULL && strcmp(node_author_name(n, a), k->by) == 0);
		since = since || (v[i].has_shown ? v[i].shown_ms : hlc_ms(v[i].hlc)) >= k->since_ms;
	}
	return by && since;
}

static void
look_at(const struct conflicts *k, const struct record *r, json_t *conflict, json_t *parallel)
{
	const struct profile_type *t = profile_type_numbered(node_profile(k->call->node), record_type(r));
	char unknown[48];

	for (size_t i = 0; i < record_field_count(r); i++) {
		enum field_kind kind;
		uint32_t number = record_field_at(r, i, &kind);
		size_t count, set = 0;
		const struct value *v = record_values(r, number, &count);

		for (size_t j = 0; j < count; j++)
			set += v[j].kind == OP_SET;
		if (kind != FIELD_REGISTER || set < 2 || !concerns(k, v, count))
			continue;
		json_array_append_new(record_field_conflict(r, number) ? conflict : parallel, json_string(field_name(t, number, unknown)));
	}
}

static bool
is_settled(const struct conflicts *k, const struct record *r)
{
	size_t count;
	const struct value *v = record_values(r, MARK_SETTLED, &count);

	return count > 0 && concerns(k, v, count);
}

static bool
collect(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct conflicts *k = ctx;
	json_t *conflict, *parallel, *o;
	bool ok = true;

	if ((k->type != NULL && record_type(r) != k->type->number) || (k->in_team && !SAME(*team, k->team)))
		return true;
	conflict = json_array();
	parallel = json_array();
	look_at(k, r, conflict, parallel);
	if (!(k->settled ? is_settled(k, r) : json_array_size(conflict) > 0 || (k->parallel && json_array_size(parallel) > 0))) {
		;
	} else if (law_protected(k->call->node, r)) {
		k->left_out++;
	} else {
		o = op_record_json(k->call->node, r, team);
		json_object_set(o, "conflict", conflict);
		json_object_set(o, "parallel", parallel);
		if (json_object_get(o, "settled") == NULL)
			json_object_set_new(o, "settled", json_array());
		ok = json_array_append_new(k->out, o) == 0;
	}
	json_decref(conflict);
	json_decref(parallel);
	return ok;
}

static enum err_code
read_filter(struct op_call *c, struct conflicts *k)
{
	const char *team = param_text(c, "team"), *since = param_text(c, "since");
	char full[40];
	int16_t offset;
	enum err_code rc;

	k->type = param_type(c, "type", &rc);
	k->in_team = team != NULL;
	if (rc != ERR_OK && param_text(c, "type") == NULL && c->err.code == ERR_REFUSED)
		c->err = (struct err)ERR_INIT; /* without a profile nothing can be in conflict */
	if (team != NULL && c->err.code == ERR_OK && !node_team_named(c->node, team, &k->team))
		err_set(&c->err, ERR_UNKNOWN, "team: no team is called \"%s\"; `faltbok team list` shows them", team);
	if (since != NULL && c->err.code == ERR_OK) {
		snprintf(full, sizeof(full), "%.10sT00:00:00Z", since);
		if (!date_valid(since) || !time_parse(full, &k->since_ms, &offset))
			err_set(&c->err, ERR_INVALID, "since: \"%s\" is not a date like 2019-09-02", since);
	}
	return c->err.code;
}

void
op_conflicts(struct op_call *c)
{
	struct conflicts k = { .call = c, .by = param_text(c, "by"), .since_ms = INT64_MIN, .parallel = param_flag(c, "parallel"),
	                       .settled = param_flag(c, "settled"), .out = json_array() };
	struct view *v = node_view(c->node);

	if (read_filter(c, &k) == ERR_OK &&
	    (k.parallel || k.settled ? view_each(v, k.type != NULL ? k.type->number : 0, collect, &k, &c->err) : view_conflicts(v, collect, &k, &c->err)) == ERR_OK)
		c->result = json_pack("{s:O}", "records", k.out);
	if (c->result != NULL && k.left_out > 0)
		json_object_set_new(c->result, "protected_left_out", json_integer((json_int_t)k.left_out));
	if (c->result != NULL)
		law_log_read(c->node, "conflicts", NULL, k.type != NULL ? k.type->name : NULL);
	json_decref(k.out);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
