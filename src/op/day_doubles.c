/*
 * Two records about the same: hints, merging, and taking a merge back. A
 * merge writes a link and moves nothing, so both ids go on working, and taking
 * the link away leaves everything as it was.
 */
#include "op/day_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/table.h"
#include "casework/doubles.h"
#include "op/law.h"

enum { PAIRS_MAX = 500 };

struct seen { struct record_id id; size_t next; /* + 1; 0: the last */ };

struct doubles {
	struct op_call *call;
	const struct profile_type *type;
	struct record_id only;
	bool one;
	struct table *by_key;       /* key -> place in `seen`, + 1 */
	struct seen *seen;
	size_t seen_count, seen_cap;
	json_t *pairs;              /* "a b" -> HINT */
	bool failed;
};

/* What a person needs to tell two records apart: the words that stand first on it. */
static json_t *
label_json(struct op_call *c, const struct record_id *id)
{
	static const char *const words[] = { "name", "code", "title", "topic", "date", "opened" };
	struct record *r = record_new(id);
	const struct profile_type *t;
	struct buf label = BUF_INIT;
	char text[DAY_TEXT];
	json_t *out = NULL;

	if (r != NULL && node_record(c->node, id, r, NULL, NULL) == ERR_OK) {
		t = profile_type_numbered(node_profile(c->node), record_type(r));
		for (size_t i = 0; t != NULL && i < COUNT_OF(words) && label.len < 120; i++)
			if (day_text(r, t, words[i], text)[0] != '\0')
				buf_printf(&label, "%s%.80s", label.len > 0 ? ", " : "", text);
		out = json_pack("{s:o,s:s,s:o}", "id", json_hex(id->b, 16), "type", t != NULL ? t->name : "?", "label",
		                json_string(label.len > 0 ? buf_str(&label) : ""));
	}
	buf_free(&label);
	record_free(r);
	return out != NULL ? out : json_null();
}

static void
add_pair(struct doubles *k, const struct record_id *a, const struct record_id *b, const char *why)
{
	bool turned = memcmp(a->b, b->b, sizeof(a->b)) > 0;
	char key[68], x[33], y[33];
	json_t *pair, *reasons, *one;
	size_t i;

	if (k->one && !SAME(*a, k->only) && !SAME(*b, k->only))
		return;
	snprintf(key, sizeof(key), "%s %s", hex_encode(x, (turned ? b : a)->b, 16), hex_encode(y, (turned ? a : b)->b, 16));
	pair = json_object_get(k->pairs, key);
	if (pair == NULL) {
		if (json_object_size(k->pairs) == PAIRS_MAX)
			return;
		pair = json_pack("{s:o,s:o,s:[]}", "a", label_json(k->call, turned ? b : a), "b", label_json(k->call, turned ? a : b), "why");
		json_object_set_new(k->pairs, key, pair);
	}
	reasons = json_object_get(pair, "why");
	json_array_foreach(reasons, i, one)
		if (strcmp(json_string_value(one), why) == 0)
			return;
	json_array_append_new(reasons, json_string(why));
}

static bool
look(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct doubles *k = ctx;
	struct double_key keys[DOUBLE_KEYS_MAX];
	size_t n;

	(void)team;
	if ((record_is_practice(r) && !node_is_practice(k->call->node)) || law_protected(k->call->node, r))
		return true;
	n = doubles_keys(r, k->type, keys);
	for (size_t i = 0; i < n && !k->failed; i++) {
		uint64_t *first = table_put(k->by_key, keys[i].key);
		struct seen *room = first != NULL ? mem_room(k->seen, k->seen_count, &k->seen_cap, sizeof(*room)) : NULL;

		k->failed = room == NULL;
		if (k->failed)
			break;
		k->seen = room;
		for (uint64_t at = *first; at != 0; at = room[at - 1].next)
			if (!SAME(room[at - 1].id, *record_id_of(r)))
				add_pair(k, record_id_of(r), &room[at - 1].id, keys[i].why);
		room[k->seen_count] = (struct seen){ *record_id_of(r), (size_t)*first };
		*first = ++k->seen_count;
	}
	return !k->failed;
}

static enum err_code
find_doubles(struct doubles *k)
{
	struct op_call *c = k->call;
	const struct profile *p = node_profile(c->node);

	k->by_key = table_new(16);
	k->failed = k->by_key == NULL;
	for (size_t i = 0; i < profile_type_count(p) && !k->failed && c->err.code == ERR_OK; i++) {
		const struct profile_type *t = profile_type_at(p, i);

		if (!doubles_type(t) || (k->one && k->type != NULL && k->type != t))
			continue;
		k->type = t;
		(void)!day_each(c, t, look, k);
	}
	if (k->failed)
		err_plain(&c->err, ERR_NO_MEMORY);
	table_free(k->by_key);
	mem_free(k->seen);
	return c->err.code;
}

/* By what the record could be told from others at all: most visits without a person by nothing, and then nobody is looked at. */
static bool
tells_something(const struct doubles *k, const struct record *r)
{
	struct double_key keys[DOUBLE_KEYS_MAX];

	return k->type != NULL && doubles_type(k->type) && doubles_keys(r, k->type, keys) > 0;
}

static json_t *
as_list(const json_t *pairs)
{
	json_t *out = json_array(), *one;
	const char *key;

	json_object_foreach((json_t *)pairs, key, one)
		json_array_append(out, one);
	return out;
}

json_t *
day_doubles(struct op_call *c, const struct record_id *id)
{
	struct doubles k = { .call = c, .only = *id, .one = true, .pairs = json_object() };
	struct record *r = record_new(id);
	struct err none = ERR_INIT;
	json_t *out;

	/* A hint is worth no error: what was saved is saved. */
	if (r != NULL && node_record(c->node, id, r, NULL, NULL) == ERR_OK) {
		k.type = profile_type_numbered(node_profile(c->node), record_type(r));
		if (tells_something(&k, r) && find_doubles(&k) != ERR_OK)
			c->err = none;
	}
	record_free(r);
	out = as_list(k.pairs);
	json_decref(k.pairs);
	return out;
}

void
op_duplicates(struct op_call *c)
{
	struct doubles k = { .call = c, .pairs = json_object() };
	struct record *r;

	if (node_profile(c->node) == NULL) {
		op_no_profile(c);
	} else if (param_text(c, "id") != NULL) {
		r = day_find(c, "id", NULL, NULL);
		k.one = true;
		if (r != NULL) {
			k.only = *record_id_of(r);
			k.type = profile_type_numbered(node_profile(c->node), record_type(r));
		}
		record_free(r);
	}
	if (c->err.code == ERR_OK && (k.one && (k.type == NULL || !doubles_type(k.type)) ? ERR_OK : find_doubles(&k)) == ERR_OK)
		c->result = json_pack("{s:o}", "pairs", as_list(k.pairs));
	json_decref(k.pairs);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

/* ---- merge ---- */

static enum err_code
link_both(struct op_call *c, struct record *keep, struct record *other, const struct stream_id *keep_team, const struct stream_id *other_team, bool tie)
{
	const struct profile_type *t = profile_type_numbered(node_profile(c->node), record_type(other));
	struct draft d;

	if (t == NULL)
		return err_set(&c->err, ERR_REFUSED, "these records have a type that the installed profile does not know");
	draft_init(&d, t, record_id_of(other));
	(void)!draft_mark_merge(&d, tie ? OP_SET : OP_CLEAR, record_id_of(keep), &c->err);
	if (day_write(c, &d, other_team) != ERR_OK)
		return c->err.code;
	draft_init(&d, t, record_id_of(keep));
	(void)!draft_mark_merge(&d, tie ? OP_ADD : OP_REMOVE, record_id_of(other), &c->err);
	return day_write(c, &d, keep_team);
}

static struct record *
by_id(struct op_call *c, const char *param, struct stream_id *team)
{
	struct record_id id;

	return view_find(node_view(c->node), param_text(c, param), &id, &c->err) == ERR_OK ? day_get(c, &id, NULL, team) : NULL;
}

void
op_merge(struct op_call *c)
{
	struct stream_id keep_team, other_team;
	struct record *keep = by_id(c, "keep", &keep_team), *other = keep != NULL ? by_id(c, "other", &other_team) : NULL;
	struct record_id a, b;

	if (other != NULL) {
		node_same_as(c->node, record_id_of(keep), &a);
		node_same_as(c->node, record_id_of(other), &b);
		if (SAME(*record_id_of(keep), *record_id_of(other)))
			err_set(&c->err, ERR_INVALID, "merge: that is one record, named twice");
		else if (record_type(keep) != record_type(other))
			err_set(&c->err, ERR_INVALID, "merge: the two are of different types");
		else if (record_is_practice(keep) != record_is_practice(other))
			err_set(&c->err, ERR_REFUSED, "merge: one of the two was written for practice");
		else if (SAME(a, b))
			err_set(&c->err, ERR_EXISTS, "merge: the two are merged already");
		else if (!SAME(b, *record_id_of(other)))
			err_set(&c->err, ERR_REFUSED, "merge: the second has been merged into another; `faltbok unmerge` takes that back first");
		else
			(void)!link_both(c, keep, other, &keep_team, &other_team, true);
	}
	if (day_commit(c))
		c->result = json_pack("{s:o,s:o}", "keep", json_hex(record_id_of(keep)->b, 16), "other", json_hex(record_id_of(other)->b, 16));
	record_free(keep);
	record_free(other);
	day_end(c, json_array());
}

void
op_unmerge(struct op_call *c)
{
	struct stream_id keep_team, other_team;
	struct record *other = by_id(c, "id", &other_team), *keep = NULL;
	struct record_id into;

	if (other != NULL && !record_merged_into(other, &into))
		err_set(&c->err, ERR_REFUSED, "unmerge: that record has not been merged into another");
	if (c->err.code == ERR_OK && other != NULL)
		keep = day_get(c, &into, NULL, &keep_team);
	if (keep != NULL)
		(void)!link_both(c, keep, other, &keep_team, &other_team, false);
	if (day_commit(c))
		c->result = json_pack("{s:o,s:o}", "id", json_hex(record_id_of(other)->b, 16), "was", json_hex(into.b, 16));
	record_free(keep);
	record_free(other);
	day_end(c, json_array());
}
