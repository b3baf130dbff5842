/*
 * Reading and writing records: put, get, list, search, resolve.
 */
#include "op/op_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "casework/marks.h"
#include "crdt/hlc.h"
#include "op/law.h"

enum { LIST_LIMIT = 1000, SEARCH_LIMIT = 50, NOTE_BYTES_MAX = 48 * 1024 };

static const char *
who(void *ctx, uint32_t author)
{
	struct node *n = ctx;
	const struct author *a = view_author(node_view(n), author);

	return a == NULL ? "?" : node_author_name(n, a);
}

static const char *
whose(void *ctx, uint32_t author)
{
	struct node *n = ctx;
	const struct author *a = view_author(node_view(n), author);
	struct device_id dev;

	if (a == NULL)
		return NULL;
	dev = device_id_of(a);
	return node_member_name(n, &dev);
}

struct record *
op_record_here(struct op_call *c, const struct record_id *id)
{
	struct record *r = record_new(id);
	struct err err = ERR_INIT;

	if (r == NULL)
		err_plain(&c->err, ERR_NO_MEMORY);
	if (r != NULL && node_record(c->node, id, r, NULL, &err) == ERR_OK)
		return r;
	if (err.code == ERR_NO_MEMORY)
		c->err = err;
	record_free(r);
	return NULL;
}

json_t *
op_record_json(struct node *n, const struct record *r, const struct stream_id *team)
{
	json_t *o = record_to_json_by(r, node_profile(n), &(struct author_names){ .device = who, .member = whose, .ctx = n });

	if (o != NULL && team != NULL)
		json_object_set_new(o, "team", json_string(node_team_name(n, team)));
	return o;
}

/* ---- put ---- */

static enum err_code
assign_all(struct draft *d, const json_t *fields, uint8_t op, struct err *err)
{
	const char *field;
	json_t *value, *item;
	size_t i;

	json_object_foreach((json_t *)fields, field, value) {
		if (!json_is_array(value)) {
			if (json_is_string(value) ? draft_assign_text(d, op, field, json_string_value(value), err) != ERR_OK
			                          : draft_assign(d, op, field, value, err) != ERR_OK)
				return err->code;
			continue;
		}
		json_array_foreach(value, i, item)
			if (json_is_string(item) ? draft_assign_text(d, op, field, json_string_value(item), err) != ERR_OK
			                         : draft_assign(d, op, field, item, err) != ERR_OK)
				return err->code;
	}
	return ERR_OK;
}

static enum err_code
put_note(struct op_call *c, struct draft *d)
{
	const char *text = param_text(c, "note");
	const char *corrects = param_text(c, "corrects");
	struct buf file = BUF_INIT;
	uint8_t id[16], old[16];
	enum err_code rc = ERR_OK;

	if (param_text(c, "note-file") != NULL) {
		rc = param_file(c, "note-file", NOTE_BYTES_MAX, &file);
		text = rc == ERR_OK ? buf_str(&file) : NULL;
	}
	if (rc == ERR_OK && corrects != NULL && !hex_decode(old, sizeof(old), corrects))
		rc = err_set(&c->err, ERR_INVALID, "corrects: \"%s\" is not a note id of 32 hex digits", corrects);
	if (rc == ERR_OK && text != NULL) {
		env_random(node_env(c->node), id, sizeof(id));
		rc = draft_note(d, id, text, corrects != NULL ? old : NULL, &c->err);
	}
	buf_free(&file);
	return rc;
}

/* The record that the call names, or a fresh id. *now stays empty for a new one. */
static enum err_code
put_target(struct op_call *c, struct record_id *id, bool *is_new)
{
	const char *text = param_text(c, "id");

	*is_new = text == NULL;
	if (text == NULL) {
		env_random(node_env(c->node), id->b, sizeof(id->b));
		return ERR_OK;
	}
	if (view_find(node_view(c->node), text, id, &c->err) == ERR_OK)
		return ERR_OK;
	if (c->err.code == ERR_UNKNOWN && hex_decode(id->b, sizeof(id->b), text)) {
		*is_new = true; /* a given id: traces and paper slips name records before they have met */
		c->err = (struct err)ERR_INIT;
		return ERR_OK;
	}
	return c->err.code;
}

static enum err_code
fill_draft(struct op_call *c, struct draft *d)
{
	const char *at = param_text(c, "at");

	if (assign_all(d, json_object_get(c->params, "set"), OP_SET, &c->err) != ERR_OK ||
	    assign_all(d, json_object_get(c->params, "add"), OP_ADD, &c->err) != ERR_OK ||
	    assign_all(d, json_object_get(c->params, "remove"), OP_REMOVE, &c->err) != ERR_OK ||
	    put_note(c, d) != ERR_OK)
		return c->err.code;
	if (at != NULL) {
		if (!time_parse(at, &d->shown_ms, &d->shown_offset_min))
			return err_set(&c->err, ERR_INVALID, "at: \"%s\" is not a time like 2019-09-02T13:12:00+02:00", at);
		d->has_shown = true;
	}
	if (d->op_count == 0)
		return err_set(&c->err, ERR_USAGE, "put: nothing to write: give field=value or --note");
	return ERR_OK;
}

static json_t *
saved_json(struct node *n, const struct draft *d, const struct hash *entry)
{
	json_t *warnings = json_array();

	/* Nobody else can hold an entry that was signed this moment. */
	(void)n;
	law_warn_draft(d, warnings);
	return json_pack("{s:o,s:o,s:b,s:i,s:o}", "id", json_hex(d->record.b, 16), "entry", json_hex(entry->b, 32), "saved", 1, "copies", 0,
	                 "warnings", warnings);
}

/* Any of this device's roles will do. A resolution (`known_team`) settles what has been written, by whatever way it came. */
static enum err_code
check_draft(struct op_call *c, const struct draft *d, const struct record *now, const struct stream_id *known_team)
{
	const struct org_device *self = node_self(c->node);
	const struct profile *p = node_profile(c->node);

	if (self != NULL && !(self->coordinator && profile_may_write(p, role_name(ROLE_COORDINATOR), d->type)) &&
	    !(self->advisor && profile_may_write(p, role_name(ROLE_ADVISOR), d->type)) &&
	    !(self->auditor && profile_may_write(p, role_name(ROLE_AUDITOR), d->type)) &&
	    !(self->hub && profile_may_write(p, role_name(ROLE_HUB), d->type)))
		return err_set(&c->err, ERR_REFUSED, "%s: profile %s lets other roles write it, not this device's; ask a coordinator",
		               d->type->name, profile_id(p));
	if (draft_check_required(d, now, &c->err) != ERR_OK || law_check_draft(c->node, d, now, &c->err) != ERR_OK || known_team != NULL)
		return c->err.code;
	return draft_check_rules(d, now, &c->err);
}

static void
write_draft(struct op_call *c, struct draft *d, bool is_new, const struct stream_id *known_team)
{
	struct stream_id team;
	struct record *now = record_new(&d->record);
	struct hash entry;

	if (now == NULL) {
		err_plain(&c->err, ERR_NO_MEMORY);
	} else if (known_team != NULL) {
		team = *known_team;
	} else if (node_team_for(c->node, is_new ? NULL : &d->record, param_text(c, "team"), &team, &c->err) != ERR_OK) {
		;
	}
	if (c->err.code == ERR_OK && !is_new)
		(void)!node_record(c->node, &d->record, now, NULL, &c->err);
	if (c->err.code == ERR_OK && check_draft(c, d, is_new ? NULL : now, known_team) == ERR_OK &&
	    node_write(c->node, &team, d, &entry, &c->err) == ERR_OK && op_commit(c) == ERR_OK)
		c->result = saved_json(c->node, d, &entry);
	else
		node_drop(c->node);
	record_free(now);
}

void
op_put(struct op_call *c)
{
	enum err_code rc;
	const struct profile_type *type = param_type(c, "type", &rc);
	struct record_id id;
	struct draft d;
	bool is_new;

	if (rc != ERR_OK || put_target(c, &id, &is_new) != ERR_OK) {
		op_fail(c);
		return;
	}
	draft_init(&d, type, &id);
	if (type->class == CLASS_EPHEMERAL && type->group == GROUP_OWN)
		err_set(&c->err, ERR_REFUSED, "put: a %s is gone in a day, and what is put is in the log for good; `faltbok %s` has commands of its own",
		        type->name, type->name);
	else if (fill_draft(c, &d) == ERR_OK)
		write_draft(c, &d, is_new, NULL);
	draft_free(&d);
	op_end(c);
}

/* ---- resolve ---- */

void
op_resolve(struct op_call *c)
{
	const json_t *set = json_object_get(c->params, "set");
	struct record_id id;
	struct stream_id team;
	struct record *now = NULL;
	const struct profile_type *type;
	struct draft d;

	if (json_object_size(set) != 1) {
		err_set(&c->err, ERR_USAGE, "resolve: name one field and the value that holds: field=value");
		goto out;
	}
	if (view_find(node_view(c->node), param_text(c, "id"), &id, &c->err) != ERR_OK)
		goto out;
	now = record_new(&id);
	if (now == NULL || node_profile(c->node) == NULL || node_record(c->node, &id, now, &team, &c->err) != ERR_OK)
		goto out;
	type = profile_type_numbered(node_profile(c->node), record_type(now));
	if (type == NULL) {
		err_set(&c->err, ERR_REFUSED, "this record has a type that the installed profile does not know");
		goto out;
	}
	draft_init(&d, type, &id);
	if (assign_all(&d, set, OP_SET, &c->err) == ERR_OK) {
		if (record_field_conflict(now, d.ops[0].field) && draft_mark_settled(&d, d.ops[0].field, &c->err) == ERR_OK)
			write_draft(c, &d, false, &team);
		else if (c->err.code != ERR_OK)
			;
		else
			err_set(&c->err, ERR_REFUSED, "%s: there is no conflict in this field; `faltbok put` changes a value",
			        json_object_iter_key(json_object_iter((json_t *)set)));
	}
	draft_free(&d);
out:
	record_free(now);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

/* ---- get ---- */

struct history { struct node *node; json_t *out; struct err *err; };

static bool
history_row(void *ctx, uint64_t row)
{
	struct history *h = ctx;
	struct replica *r = node_replica(h->node);
	struct buf keep = BUF_INIT;
	struct entry e;
	bool read = replica_entry(r, (size_t)(row >> 40), row & ((1ull << 40) - 1), &e, &keep, h->err) == ERR_OK;

	if (read)
		json_array_append_new(h->out, json_pack("{s:o,s:s,s:I}", "entry", json_hex(e.id.b, 32), "by",
		                                        node_author_name(h->node, &e.h.author), "seq", (json_int_t)e.h.seq));
	buf_free(&keep);
	return read;
}

enum { MERGED_SHOWN_MAX = 64 };

/* What has been merged into this record, as it was written. */
static void
add_merged(struct op_call *c, const struct record *r)
{
	struct record_id from[MERGED_SHOWN_MAX], now;
	size_t count = record_refs(r, MARK_MERGED_FROM, from, MERGED_SHOWN_MAX);
	json_t *list = json_array();

	for (size_t i = 0; i < count && i < MERGED_SHOWN_MAX; i++) {
		struct record *one = record_new(&from[i]);
		struct stream_id team;

		node_same_as(c->node, &from[i], &now);
		if (one != NULL && SAME(now, *record_id_of(r)) && node_record(c->node, &from[i], one, &team, NULL) == ERR_OK)
			json_array_append_new(list, op_record_json(c->node, one, &team));
		record_free(one);
	}
	json_object_del(c->result, mark_name(MARK_MERGED_FROM));
	if (json_array_size(list) > 0)
		json_object_set(c->result, "merged", list);
	json_decref(list);
}

/* A record keeps the versions it was written under, whatever is installed today. */
static enum err_code
add_versions(struct op_call *c, const struct record_id *id)
{
	uint32_t first, last;

	if (node_versions(c->node, id, &first, &last, &c->err) != ERR_OK)
		return c->err.code;
	json_object_set_new(c->result, "written_with", first == 0 ? json_null() : json_integer(first));
	json_object_set_new(c->result, "profile_version", last == 0 ? json_null() : json_integer(last));
	return ERR_OK;
}

void
op_get(struct op_call *c)
{
	struct record_id id, asked;
	struct stream_id team;
	struct record *r = NULL;
	struct history h = { c->node, NULL, &c->err };

	if (view_find(node_view(c->node), param_text(c, "id"), &asked, &c->err) != ERR_OK)
		goto out;
	node_same_as(c->node, &asked, &id);
	r = record_new(&id);
	if (r == NULL || node_record(c->node, &id, r, &team, &c->err) != ERR_OK)
		goto out;
	if (law_may_show(c, r) != ERR_OK)
		goto out;
	law_log_read(c->node, "get", &id, NULL);
	c->result = op_record_json(c->node, r, &team);
	if (c->result != NULL)
		add_merged(c, r);
	if (c->result != NULL && add_versions(c, &id) != ERR_OK)
		goto out;
	if (c->result != NULL && !SAME(asked, id))
		json_object_set_new(c->result, "asked", json_hex(asked.b, 16));
	if (c->result != NULL && param_flag(c, "history")) {
		h.out = json_array();
		json_object_set_new(c->result, "history", h.out);
		if (view_history(node_view(c->node), &id, history_row, &h, &c->err) != ERR_OK)
			goto out;
	}
out:
	record_free(r);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

/* ---- list, search, conflicts ---- */

struct collect {
	struct op_call *call;
	const struct profile_type *type;
	const json_t *filter;
	int64_t since_ms, until_ms;
	size_t limit, left_out; /* left out: of protected persons */
	json_t *out;
};

static int64_t
record_time(const struct record *r)
{
	int64_t ms = hlc_ms(record_hlc_first(r));
	enum field_kind kind;
	size_t count;

	/* What its author says, where it is said: imported records keep their own time. */
	for (size_t i = 0; i < record_field_count(r); i++) {
		const struct value *v = record_values(r, record_field_at(r, i, &kind), &count);

		if (count > 0 && v[0].has_shown)
			return v[0].shown_ms;
	}
	return ms;
}

/* Another record stands for it, and is listed itself. */
static bool
is_merged(struct node *n, const struct record *r)
{
	struct record_id other;

	if (!record_merged_into(r, &other))
		return false;
	node_same_as(n, record_id_of(r), &other);
	return !SAME(other, *record_id_of(r));
}

static bool
collect_record(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct collect *k = ctx;
	int64_t at = record_time(r);
	const char *field;
	json_t *value;
	json_t *o;

	if (at < k->since_ms || at >= k->until_ms || is_merged(k->call->node, r))
		return true;
	json_object_foreach((json_t *)k->filter, field, value)
		if (!json_is_string(value) || !record_matches(r, k->type, field, json_string_value(value)))
			return true;
	if (law_protected(k->call->node, r)) {
		k->left_out++;
		return true;
	}
	o = op_record_json(k->call->node, r, team);
	if (o == NULL || json_array_append_new(k->out, o) != 0)
		return false;
	return json_array_size(k->out) < k->limit;
}

static enum err_code
param_day(struct op_call *c, const char *name, int64_t otherwise, int64_t add_ms, int64_t *out)
{
	const char *text = param_text(c, name);
	char full[40];
	int16_t offset;

	*out = otherwise;
	if (text == NULL)
		return ERR_OK;
	snprintf(full, sizeof(full), "%.10sT00:00:00Z", text);
	if (!date_valid(text) || !time_parse(full, out, &offset))
		return err_set(&c->err, ERR_INVALID, "%s: \"%s\" is not a date like 2019-09-02", name, text);
	*out += add_ms;
	return ERR_OK;
}

static enum err_code
check_filter(struct op_call *c, const struct profile_type *type, const json_t *filter)
{
	const char *field;
	json_t *value;

	json_object_foreach((json_t *)filter, field, value)
		if (profile_field_named(type, field) == NULL)
			return err_set(&c->err, ERR_INVALID, "%s has no field \"%s\"; `faltbok profile show` lists them", type->name, field);
	return ERR_OK;
}

void
op_list(struct op_call *c)
{
	enum err_code rc;
	struct collect k = { .call = c, .filter = json_object_get(c->params, "set"), .out = json_array() };

	k.type = param_type(c, "type", &rc);
	k.limit = (size_t)param_number(c, "limit", LIST_LIMIT);
	if (rc == ERR_OK && check_filter(c, k.type, k.filter) == ERR_OK &&
	    param_day(c, "since", INT64_MIN, 0, &k.since_ms) == ERR_OK &&
	    param_day(c, "until", INT64_MAX, 86400000, &k.until_ms) == ERR_OK &&
	    (k.limit == 0 || view_each(node_view(c->node), k.type->number, collect_record, &k, &c->err) == ERR_OK))
		c->result = json_pack("{s:O}", "records", k.out);
	if (c->result != NULL && k.left_out > 0)
		json_object_set_new(c->result, "protected_left_out", json_integer((json_int_t)k.left_out));
	if (c->result != NULL && (k.type->class == CLASS_CONTENT || k.type->class == CLASS_CONTACT))
		law_log_read(c->node, "list", NULL, k.type->name);
	json_decref(k.out);
	op_end(c);
}

static bool
collect_hit(void *ctx, const struct record *r, const struct stream_id *team, const char *snippet)
{
	struct collect *k = ctx;
	json_t *o;

	if (law_protected(k->call->node, r))
		return true;
	o = op_record_json(k->call->node, r, team);
	if (o == NULL)
		return false;
	if (snippet != NULL)
		json_object_set_new(o, "match", json_string(snippet));
	return json_array_append_new(k->out, o) == 0;
}

void
op_search(struct op_call *c)
{
	enum err_code rc;
	const struct profile_type *type = param_type(c, "type", &rc);
	struct collect k = { .call = c, .out = json_array() };

	if (rc == ERR_OK &&
	    view_search(node_view(c->node), param_text(c, "text"), type != NULL ? type->number : 0,
	                (size_t)param_number(c, "limit", SEARCH_LIMIT), collect_hit, &k, &c->err) == ERR_OK)
		c->result = json_pack("{s:O}", "records", k.out);
	if (c->result != NULL)
		law_log_read(c->node, "search", NULL, param_text(c, "text"));
	json_decref(k.out);
	op_end(c);
}
