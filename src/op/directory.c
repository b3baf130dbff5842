/*
 * The directory of services: in and out as HSDS, and how old what it says is.
 * Taking in compares with what is there and writes only what differs, so that
 * the same file twice is one entry a record and no more.
 */
#include "op/op_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "exchange/hsds.h"
#include "exchange/map.h"

enum { HSDS_BYTES_MAX = 64 << 20, STALE_DAYS = 180 };

static const char *
who(void *ctx, uint32_t author)
{
	(void)ctx, (void)author;
	return "";
}

struct gather { struct node *node; json_t *records; };

static bool
gather_one(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct gather *g = ctx;
	json_t *o = record_to_json(r, node_profile(g->node), who, NULL);

	(void)team;
	return o != NULL && json_array_append_new(g->records, o) == 0;
}

/* Records of the types that a directory is made of. */
static enum err_code
gather_directory(struct op_call *c, json_t *records)
{
	static const char *const maps[] = { "place", "organization", "service" };
	struct gather g = { c->node, records };

	if (node_profile(c->node) == NULL)
		return op_no_profile(c);
	for (size_t i = 0; i < COUNT_OF(maps); i++) {
		const struct exchange_map *m = profile_exchange(node_profile(c->node), maps[i]);

		if (m != NULL && view_each(node_view(c->node), m->type->number, gather_one, &g, &c->err) != ERR_OK)
			return c->err.code;
	}
	/* Where memory ran out a record may lack its type or its id: nobody reads on. */
	return op_json_is_whole(c) ? ERR_OK : err_plain(&c->err, ERR_NO_MEMORY);
}

void
op_directory_export(struct op_call *c)
{
	json_t *records = json_array(), *doc = NULL;
	struct buf out = BUF_INIT;
	char org[33], *text = NULL;

	if (gather_directory(c, records) == ERR_OK &&
	    hsds_export(&doc, node_profile(c->node), records, node_org_name(c->node), hex_encode(org, node_keystore(c->node)->org.b, 16), &c->err) == ERR_OK) {
		text = json_dumps(doc, JSON_INDENT(1));
		buf_printf(&out, "%s\n", text == NULL ? "" : text);
		if (!buf_ok(&out) || text == NULL)
			err_plain(&c->err, ERR_NO_MEMORY);
		else if (param_file_out(c, "output", buf_bytes(&out)) == ERR_OK)
			c->result = json_pack("{s:s,s:I}", "file", param_text(c, "output"), "organizations", (json_int_t)json_array_size(doc));
	}
	free(text);
	json_decref(doc);
	json_decref(records);
	buf_free(&out);
	op_end(c);
}

/* ---- in ---- */

struct taking { struct op_call *call; struct stream_id team; uint64_t made, changed, same, erased; };

static bool
set_has(const json_t *set, const json_t *v)
{
	const json_t *had;
	size_t i;

	json_array_foreach((json_t *)set, i, had)
		if (json_equal(had, v))
			return true;
	return false;
}

static enum err_code
assign_new(struct draft *d, const json_t *wanted, const json_t *now, struct err *err)
{
	const json_t *fields = json_object_get(now, "fields");
	const char *name;
	json_t *v, *item;
	size_t i;

	json_object_foreach(json_object_get(wanted, "set"), name, v) {
		const json_t *had = json_object_get(fields, name);

		if (!(json_is_number(v) && json_is_number(had) ? json_number_value(v) == json_number_value(had) : json_equal(v, had)) &&
		    draft_assign(d, OP_SET, name, v, err) != ERR_OK)
			return err->code;
	}
	json_object_foreach(json_object_get(wanted, "add"), name, v)
		json_array_foreach(v, i, item)
			if (!set_has(json_object_get(fields, name), item) && draft_assign(d, OP_ADD, name, item, err) != ERR_OK)
				return err->code;
	return ERR_OK;
}

static enum err_code
take_record(struct taking *t, const json_t *wanted)
{
	struct node *n = t->call->node;
	struct err *err = &t->call->err, unknown = ERR_INIT;
	const struct profile_type *type = profile_type_named(node_profile(n), json_string_value(json_object_get(wanted, "type")));
	struct record_id id;
	struct record *now;
	json_t *shown = NULL;
	struct hash entry;
	struct draft d;
	bool is_new;
	enum err_code rc;

	(void)hex_decode(id.b, sizeof(id.b), json_string_value(json_object_get(wanted, "id")));
	now = record_new(&id);
	if (now == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (node_is_erased(n, &id, NULL)) {
		t->erased++;
		record_free(now);
		return ERR_OK;
	}
	is_new = node_record(n, &id, now, NULL, &unknown) != ERR_OK;
	draft_init(&d, type, &id);
	rc = !is_new && record_type(now) != type->number
	     ? err_set(err, ERR_INVALID, "%s: a record of another type has this id", json_string_value(json_object_get(wanted, "id")))
	     : ERR_OK;
	shown = is_new ? NULL : record_to_json(now, node_profile(n), who, NULL);
	if (rc == ERR_OK)
		rc = assign_new(&d, wanted, shown, err);
	if (rc == ERR_OK && d.op_count > 0 && (rc = draft_check_required(&d, is_new ? NULL : now, err)) == ERR_OK)
		rc = node_write(n, &t->team, &d, &entry, err);
	t->same += rc == ERR_OK && d.op_count == 0;
	t->made += rc == ERR_OK && d.op_count > 0 && is_new;
	t->changed += rc == ERR_OK && d.op_count > 0 && !is_new;
	json_decref(shown);
	draft_free(&d);
	record_free(now);
	return rc;
}

void
op_directory_import(struct op_call *c)
{
	struct taking t = { .call = c };
	json_t *wanted = NULL, *untaken = json_array(), *one;
	struct buf file = BUF_INIT;
	enum err_code rc;
	size_t i;

	if (node_profile(c->node) == NULL)
		rc = op_no_profile(c);
	else if ((rc = param_file(c, "file", HSDS_BYTES_MAX, &file)) == ERR_OK &&
	         (rc = node_team_for(c->node, NULL, param_text(c, "team"), &t.team, &c->err)) == ERR_OK)
		rc = hsds_import(&wanted, untaken, node_profile(c->node), buf_bytes(&file), &c->err);
	json_array_foreach(wanted, i, one)
		if (rc == ERR_OK)
			rc = take_record(&t, one);
	if (rc == ERR_OK)
		rc = op_commit(c);
	if (rc == ERR_OK)
		c->result = json_pack("{s:I,s:I,s:I,s:I,s:O,s:b}", "new", (json_int_t)t.made, "changed", (json_int_t)t.changed, "same", (json_int_t)t.same, "erased",
		                      (json_int_t)t.erased, "not_taken", untaken, "saved", 1);
	if (c->err.code != ERR_OK) {
		node_drop(c->node);
		err_wrap(&c->err, "importing %s: nothing was taken", param_text(c, "file"));
	}
	json_decref(wanted);
	json_decref(untaken);
	buf_free(&file);
	op_end(c);
}

/* ---- how old ---- */

static int64_t
age_days(const char *date, int64_t now_ms)
{
	char full[40];
	int64_t ms;
	int16_t offset;

	snprintf(full, sizeof(full), "%.10sT00:00:00Z", date);
	return date_valid(date) && time_parse(full, &ms, &offset) ? (now_ms - ms) / 86400000 : -1;
}

void
op_directory_check(struct op_call *c)
{
	static const char *const maps[] = { "organization", "service", "place" };
	int64_t limit = param_number(c, "days", STALE_DAYS), now = node_env(c->node)->ops->wall_ms(node_env(c->node));
	json_t *records = json_array(), *stale = json_array(), *r;
	size_t i, k, seen = 0;

	if (gather_directory(c, records) == ERR_OK) {
		for (k = 0; k < COUNT_OF(maps); k++) {
			const struct exchange_map *m = profile_exchange(node_profile(c->node), maps[k]);

			json_array_foreach(records, i, r) {
				const char *date = map_text(m, r, "assured_date");
				int64_t age = age_days(date, now);

				if (!record_is_of(m, r) || exchange_prop(m, "assured_date") == NULL)
					continue;
				seen++;
				if (age < 0 || age > limit)
					json_array_append_new(stale, json_pack("{s:O,s:O,s:s,s:o,s:o}", "id", json_object_get(r, "id"), "type", json_object_get(r, "type"), "name",
					                                       map_text(m, r, "name"), "assured", age < 0 ? json_null() : json_string(date), "age_days",
					                                       age < 0 ? json_null() : json_integer(age)));
			}
		}
		c->result = json_pack("{s:O,s:I,s:I}", "stale", stale, "checked", (json_int_t)seen, "days", (json_int_t)limit);
	}
	json_decref(records);
	json_decref(stale);
	op_end(c);
}
