/*
 * Who has read what. Looking at one record leaves a line in this device's own
 * sealed log; opening what is protected takes a reason and leaves a record
 * that the whole team sees. proto/law.md, 2 and 5.
 */
#include "base/json.h"
#include "node/reads.h"
#include "op/law.h"

#include <stdio.h>
#include <stdlib.h>

void
law_log_read(struct node *n, const char *op, const struct record_id *id, const char *what)
{
	struct env *env = node_env(n);
	struct err err = ERR_INIT;
	char at[40], hex[33];
	json_t *line = json_pack("{s:s,s:s}", "at", time_print(at, env->ops->wall_ms(env), 0), "op", op);
	char *text;

	if (id != NULL)
		json_object_set_new(line, "record", json_string(hex_encode(hex, id->b, 16)));
	if (what != NULL)
		json_object_set_new(line, "what", json_string(what));
	text = json_dumps(line, JSON_COMPACT);
	/* A full disk must not keep an adviser from a case; the operator's log says so. */
	if (text == NULL || node_log_read(n, text, &err) != ERR_OK)
		env_logf(env, "the log of reads: %s", err.text);
	free(text);
	json_decref(line);
}

static bool
about(const json_t *line, const char *id)
{
	const char *record = json_string_value(json_object_get(line, "record"));

	return id == NULL || (record != NULL && strncmp(record, id, strlen(id)) == 0);
}

static void
own_reads(json_t *out, struct bytes lines, const char *id)
{
	while (lines.len > 0) {
		const uint8_t *nl = memchr(lines.p, '\n', lines.len);
		size_t len = nl == NULL ? lines.len : (size_t)(nl - lines.p);
		json_t *line = json_read(BYTES(lines.p, len), 0, NULL);

		if (line != NULL && about(line, id))
			json_array_append(out, line);
		json_decref(line);
		lines = BYTES(lines.p + len + (nl != NULL), lines.len - len - (nl != NULL));
	}
}

struct opened { struct node *node; const struct profile_type *type; const char *id; json_t *out; };

static const char *
author_of(void *ctx, uint32_t author)
{
	const struct author *a = view_author(node_view(ctx), author);

	return a == NULL ? "?" : node_author_name(ctx, a);
}

static const char *
member_of(void *ctx, uint32_t author)
{
	const struct author *a = view_author(node_view(ctx), author);
	struct device_id dev;

	if (a == NULL)
		return "?";
	dev = device_id_of(a);
	return node_member_name(ctx, &dev);
}

/* Break-glass, as the team has it: who signed it, not who it says it was. */
static bool
take_opened(void *ctx, const struct record *r, const struct stream_id *team)
{
	struct opened *o = ctx;
	const struct profile_field *reason = profile_field_named(o->type, "reason");
	size_t count = 0;
	const struct value *v = reason == NULL ? NULL : record_values(r, reason->number, &count);
	json_t *all = record_to_json(r, node_profile(o->node), author_of, o->node), *f = json_object_get(all, "fields");
	const char *of = json_string_value(json_object_get(f, "case"));

	(void)team;
	if (of != NULL && (o->id == NULL || strncmp(of, o->id, strlen(o->id)) == 0))
		json_array_append_new(o->out, json_pack("{s:s,s:O*,s:O*,s:s,s:s}", "record", of, "at", json_object_get(f, "at"), "reason",
		                                        json_object_get(f, "reason"), "by", count > 0 ? author_of(o->node, v[0].author) : "?",
		                                        "member", count > 0 ? member_of(o->node, v[0].author) : "?"));
	json_decref(all);
	return true;
}

void
op_access_log(struct op_call *c)
{
	const struct profile *p = node_profile(c->node);
	struct opened o = { c->node, p == NULL ? NULL : profile_type_named(p, "access"), param_text(c, "id"), json_array() };
	json_t *reads = json_array();
	struct buf lines = BUF_INIT;

	if (node_reads(c->node, &lines, &c->err) == ERR_OK &&
	    (o.type == NULL || view_each(node_view(c->node), o.type->number, take_opened, &o, &c->err) == ERR_OK)) {
		own_reads(reads, buf_bytes(&lines), o.id);
		c->result = json_pack("{s:s,s:O,s:O}", "device", node_self(c->node) == NULL ? "?" : node_device_name(c->node, &node_self(c->node)->id),
		                      "reads", reads, "opened", o.out);
	}
	json_decref(reads);
	json_decref(o.out);
	buf_wipe(&lines);
	op_end(c);
}

/* ---- break-glass ---- */

enum err_code
law_write_access(struct op_call *c, const struct record_id *id, const struct stream_id *team)
{
	const struct profile_type *t = profile_type_named(node_profile(c->node), "access");
	struct env *env = node_env(c->node);
	struct record_id fresh;
	struct hash entry;
	struct draft d;
	char at[40], hex[33];
	enum err_code rc;

	if (t == NULL)
		return err_set(&c->err, ERR_REFUSED, "the profile has no type access: nobody could see that it was opened, so it stays closed");
	env_random(env, fresh.b, sizeof(fresh.b));
	draft_init(&d, t, &fresh);
	if ((rc = draft_assign_text(&d, OP_SET, "case", hex_encode(hex, id->b, 16), &c->err)) == ERR_OK &&
	    (rc = draft_assign_text(&d, OP_SET, "at", time_print(at, env->ops->wall_ms(env), 0), &c->err)) == ERR_OK &&
	    (rc = draft_assign_text(&d, OP_SET, "by", node_device_name(c->node, &node_self(c->node)->id), &c->err)) == ERR_OK &&
	    (rc = draft_assign_text(&d, OP_SET, "reason", param_text(c, "reason"), &c->err)) == ERR_OK)
		rc = node_write(c->node, team, &d, &entry, &c->err);
	draft_free(&d);
	return rc;
}

enum err_code
law_end_access(struct op_call *c)
{
	if (c->err.code == ERR_OK && op_commit(c) == ERR_OK)
		return ERR_OK;
	node_drop(c->node);
	return c->err.code;
}

/* First the record that tells of it, durable; then the content. */
void
op_break_glass(struct op_call *c)
{
	struct record_id id;
	struct stream_id team;
	struct record *r = NULL;

	if (view_find(node_view(c->node), param_text(c, "id"), &id, &c->err) != ERR_OK) {
		if (c->err.code == ERR_UNKNOWN)
			err_set(&c->err, ERR_UNKNOWN, "%s: this device holds no key to such a case. No word of this one makes a key: ask a reader of its team, "
			        "or, as a coordinator, `faltbok grant self TEAM`, which every member and auditor sees", param_text(c, "id"));
		op_end(c);
		return;
	}
	r = record_new(&id);
	if (r == NULL || node_record(c->node, &id, r, &team, &c->err) != ERR_OK) {
		;
	} else if (!law_protected(c->node, r)) {
		err_set(&c->err, ERR_REFUSED, "that record is not protected: `faltbok get` shows it");
	} else {
		(void)!law_write_access(c, &id, &team); /* if it fails, the end drops it and says why */
		if (law_end_access(c) == ERR_OK) {
			law_log_read(c->node, "break-glass", &id, NULL);
			c->result = op_record_json(c->node, r, &team);
		}
	}
	record_free(r);
	if (c->err.code != ERR_OK || c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
