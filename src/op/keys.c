/*
 * Keys: who waits for one, a person's answer, how a team gives them, and the
 * network's own. Backup of the home is here too: it is mostly keys.
 */
#include "op/op_internal.h"

#include "base/mem.h"
#include "node/tend.h"
#include "store/netkey.h"

enum { WAITING_SHOWN = 512 };

static const char *const reasons[] = { "", "hand", "stale", "dispute" };

/* NULL when out of memory; the caller frees it. */
static struct node_key_wait *
waiting(struct node *n, size_t *count)
{
	struct node_key_wait *w = mem_zero(WAITING_SHOWN, sizeof(*w));

	*count = w == NULL ? 0 : node_keys_waiting(n, w, WAITING_SHOWN);
	*count = *count < WAITING_SHOWN ? *count : WAITING_SHOWN;
	return w;
}

static const char *
stream_name(struct node *n, const struct stream_id *stream)
{
	const struct stream_id roster = roster_stream(org_id(node_org(n)));

	return SAME(*stream, roster) ? "roster" : node_team_name(n, stream);
}

json_t *
key_wait_json(struct node *n, const struct node_key_wait *w)
{
	json_t *o = json_pack("{s:o,s:o,s:s,s:s,s:s,s:s,s:b}", "id", json_hex(w->id, 16), "device", json_hex(w->dev.b, 16), "name",
	                      node_device_name(n, &w->dev), "member", node_member_name(n, &w->dev), "team", stream_name(n, &w->stream),
	                      "why", reasons[w->why], "refused", w->refused);

	if (o != NULL)
		json_object_set_new(o, "granted_by", json_string(node_device_name(n, &w->granted_by)));
	return o;
}

json_t *
keys_waiting_json(struct node *n, size_t *open)
{
	size_t count;
	struct node_key_wait *w = waiting(n, &count);
	json_t *list = json_array();

	*open = 0;
	for (size_t i = 0; i < count; i++) {
		*open += !w[i].refused;
		json_array_append_new(list, key_wait_json(n, &w[i]));
	}
	mem_free(w);
	return list;
}

void
op_keys_list(struct op_call *c)
{
	size_t open;

	c->result = json_pack("{s:o}", "waiting", keys_waiting_json(c->node, &open));
	op_end(c);
}

static enum err_code
find_wait(struct op_call *c, struct node_key_wait *out)
{
	const char *text = param_text(c, "id");
	size_t count, found = 0;
	struct node_key_wait *w = waiting(c->node, &count);
	char hex[33];

	for (size_t i = 0; i < count; i++)
		if (strlen(text) >= 6 && strncmp(hex_encode(hex, w[i].id, 16), text, strlen(text)) == 0 && found++ == 0)
			*out = w[i];
	mem_free(w);
	if (found == 0)
		return err_set(&c->err, ERR_UNKNOWN, "no key waits under %s; `faltbok keys list` shows those that do", text);
	return found == 1 ? ERR_OK : err_set(&c->err, ERR_INVALID, "%s begins the ids of %zu keys; give more of it", text, found);
}

static void
answer(struct op_call *c, bool yes)
{
	struct node_key_wait w;

	if (find_wait(c, &w) == ERR_OK && node_answer_key(c->node, &w, yes, &c->err) == ERR_OK && op_commit(c) == ERR_OK)
		c->result = json_pack("{s:o,s:s,s:s,s:b}", "id", json_hex(w.id, 16), "name", node_device_name(c->node, &w.dev), "team",
		                      stream_name(c->node, &w.stream), "given", yes);
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	op_end(c);
}

void
op_keys_approve(struct op_call *c)
{
	answer(c, true);
}

void
op_keys_refuse(struct op_call *c)
{
	answer(c, false);
}

void
op_team_set(struct op_call *c)
{
	const char *how = param_text(c, "approval");
	struct stream_id team;

	if (strcmp(how, "hand") != 0 && strcmp(how, "auto") != 0)
		err_set(&c->err, ERR_INVALID, "--approval is hand or auto, not \"%s\"", how);
	else if (!node_team_named(c->node, param_text(c, "team"), &team))
		err_set(&c->err, ERR_UNKNOWN, "there is no team \"%s\"; `faltbok team list` lists them", param_text(c, "team"));
	else if (node_set_team_by_hand(c->node, &team, strcmp(how, "hand") == 0, &c->err) == ERR_OK && op_commit(c) == ERR_OK)
		c->result = json_pack("{s:s,s:o,s:s}", "team", node_team_name(c->node, &team), "id", json_hex(team.b, 16), "approval", how);
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	op_end(c);
}

void
op_netkey_rotate(struct op_call *c)
{
	uint64_t number = 0, live = 0;

	for (size_t i = 0; i < org_device_count(node_org(c->node)); i++)
		live += org_device_live(org_device_at(node_org(c->node), i));
	if (node_rotate_network(c->node, &number, &c->err) == ERR_OK && op_commit(c) == ERR_OK)
		c->result = json_pack("{s:I,s:I,s:i}", "number", (json_int_t)number, "devices", (json_int_t)live, "grace_days", NETKEY_GRACE_DAYS);
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	op_end(c);
}

void
op_backup(struct op_call *c)
{
	struct replica *r = node_replica(c->node);
	const char *path = param_text(c, "file");

	if (node_backup(c->node, path, &c->err) == ERR_OK)
		c->result = json_pack("{s:s,s:I,s:I}", "file", path, "entries", (json_int_t)replica_entry_count(r), "bytes",
		                      (json_int_t)replica_file_bytes(r));
	op_end(c);
}
