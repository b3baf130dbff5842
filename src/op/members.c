/*
 * Who belongs here: admission, teams, grants, the list of members.
 */
#include "node/tend.h"
#include "op/op_internal.h"

#include "base/mem.h"
#include "crypto/words.h"
#include "node/removal.h"
#include "node/standing.h"

enum { REQUEST_BYTES_MAX = 16 * 1024 };

static const char *const role_names[] = { NULL, "coordinator", "advisor", "auditor", "hub" };

static uint8_t
role_named(const char *name)
{
	for (uint8_t r = 1; r < COUNT_OF(role_names); r++)
		if (strcmp(role_names[r], name) == 0)
			return r;
	return 0;
}

const char *
role_name(uint8_t role)
{
	return role_names[role < COUNT_OF(role_names) ? role : 0];
}

uint8_t
param_role(struct op_call *c)
{
	uint8_t role = role_named(param_text(c, "role"));

	if (role == 0)
		err_set(&c->err, ERR_INVALID, "\"%s\" is not a role: coordinator, advisor, auditor or hub", param_text(c, "role"));
	return role;
}

enum err_code
find_device(struct op_call *c, const char *text, const struct org_device **out)
{
	const struct org *org = node_org(c->node);
	char hex[33];
	const struct org_device *found = NULL;

	if (strcmp(text, "self") == 0) {
		*out = node_self(c->node);
		return *out != NULL ? ERR_OK : err_set(&c->err, ERR_REFUSED, "this device is not admitted yet");
	}
	for (size_t i = 0; i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);
		bool by_id = strlen(text) >= 6 && strncmp(hex_encode(hex, d->id.b, 16), text, strlen(text)) == 0;

		if (!by_id && strcmp(node_device_name(c->node, &d->id), text) != 0)
			continue;
		if (found != NULL)
			return err_set(&c->err, ERR_INVALID, "\"%s\" names more than one device; give its id (`faltbok members`)", text);
		found = d;
	}
	*out = found;
	return found != NULL ? ERR_OK : err_set(&c->err, ERR_UNKNOWN, "no device is called \"%s\"; `faltbok members` lists them", text);
}

enum err_code
param_teams(struct op_call *c, struct stream_id teams[NAMED_TEAMS_MAX], size_t *count)
{
	const json_t *names = json_object_get(c->params, "team");
	const json_t *name;
	size_t i;

	*count = 0;
	json_array_foreach((json_t *)names, i, name) {
		if (*count == NAMED_TEAMS_MAX)
			return err_set(&c->err, ERR_INVALID, "more than %d teams named", NAMED_TEAMS_MAX);
		if (!node_team_named(c->node, json_string_value(name), &teams[*count]))
			return err_set(&c->err, ERR_UNKNOWN, "there is no team \"%s\"; `faltbok team list` lists them", json_string_value(name));
		(*count)++;
	}
	return ERR_OK;
}

void
op_admit(struct op_call *c)
{
	struct buf file = BUF_INIT, welcome = BUF_INIT;
	struct stream_id teams[NAMED_TEAMS_MAX];
	struct join_request req;
	struct device_id dev;
	uint8_t digest[32];
	char words[WORDS_SIX_BYTES + 1];
	size_t team_count;
	uint8_t role = param_role(c);

	if (role == 0)
		;
	else if (param_teams(c, teams, &team_count) != ERR_OK || param_file(c, "request", REQUEST_BYTES_MAX, &file) != ERR_OK)
		;
	else if (join_request_decode(&req, buf_bytes(&file), &c->err) != ERR_OK)
		err_wrap(&c->err, "%s is not a request that can be trusted", param_text(c, "request"));
	else if (node_admit(c->node, &req, role, teams, team_count, &dev, &c->err) == ERR_OK &&
	         op_commit(c) == ERR_OK && node_welcome(c->node, &dev, &welcome, &c->err) == ERR_OK &&
	         param_file_out(c, "welcome", buf_bytes(&welcome)) == ERR_OK) {
		join_request_digest(digest, &req);
		c->result = json_pack("{s:o,s:s,s:s,s:s,s:s,s:s}", "device", json_hex(dev.b, 16), "member", req.member_name,
		                      "name", req.device_name, "role", role_names[role], "words", words_encode(words, digest, 6),
		                      "welcome", param_text(c, "welcome"));
	}
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	buf_free(&file);
	buf_free(&welcome);
	op_end(c);
}

static json_t *
team_names(struct node *n, const struct org_device *d)
{
	const struct org *org = node_org(n);
	json_t *out = json_array();

	for (size_t i = 0; i < org_team_count(org); i++) {
		const struct org_team *t = org_team_at(org, i);

		if (t->mode == 0 && org_reads(org, &t->id, &d->id)) /* a drop-box has readers and no members */
			json_array_append_new(out, json_string(node_team_name(n, &t->id)));
	}
	return out;
}

static json_t *
role_list(const struct org_device *d)
{
	json_t *out = json_array();

	if (d->coordinator)
		json_array_append_new(out, json_string(role_names[ROLE_COORDINATOR]));
	if (d->advisor)
		json_array_append_new(out, json_string(role_names[ROLE_ADVISOR]));
	if (d->auditor)
		json_array_append_new(out, json_string(role_names[ROLE_AUDITOR]));
	if (d->hub)
		json_array_append_new(out, json_string(role_names[ROLE_HUB]));
	return out;
}

/* When a device was last heard of: our latest exchange with it. Null: never. */
json_t *
last_seen(struct node *n, const struct org_device *d)
{
	static struct replica_peer peers[512];
	size_t count = replica_peers(node_replica(n), peers, COUNT_OF(peers));
	char text[40];

	for (size_t i = 0; i < count; i++)
		if (SAME(peers[i].author, d->sign_pk) && peers[i].last_seen_ms > 0)
			return json_string(time_print(text, peers[i].last_seen_ms, 0));
	return json_null();
}

/* Teams in which a coordinator's device may read because it granted itself: the alarm that everyone sees; or those not seen here yet. */
static json_t *
self_granted(struct node *n, const struct org_device *d, bool unseen)
{
	const struct org *org = node_org(n);
	json_t *out = json_array();

	for (size_t i = 0; i < org_grant_count(org); i++) {
		const struct org_grant *g = org_grant_at(org, i);

		if (g->self_grant && g->has_team && SAME(g->dev, d->id) && (!unseen || node_is_alarming(n, g)))
			json_array_append_new(out, json_string(node_team_name(n, &g->team)));
	}
	return out;
}

/* When, by whom and why, where we can read it. */
static void
say_removal(struct node *n, const struct org_device *d, json_t *o)
{
	struct node_reason why;
	char text[40];

	if (!node_reason_of(n, &d->id, &why))
		return;
	json_object_set_new(o, "removed_at", json_string(time_print(text, why.at_ms, 0)));
	json_object_set_new(o, "removed_by", json_string(node_device_name(n, &why.by)));
	if (why.text[0] != '\0')
		json_object_set_new(o, "reason", json_string(why.text));
}

void
op_members(struct op_call *c)
{
	const struct org *org = node_org(c->node);
	json_t *list;

	if (param_text(c, "exposure") != NULL) {
		op_exposure(c);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);
		bool live = d->coordinator || d->advisor || d->auditor || d->hub;

		json_array_append_new(list, json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:s,s:o}", "member", node_member_name(c->node, &d->id),
		                                      "device", node_device_name(c->node, &d->id), "id", json_hex(d->id.b, 16),
		                                      "roles", role_list(d), "teams", team_names(c->node, d), "self_granted",
		                                      self_granted(c->node, d, false), "self_granted_unseen", self_granted(c->node, d, true), "state", d->gone ? "removed" : live ? "member" : "admitted",
		                                      "last_seen", last_seen(c->node, d)));
		if (d->gone)
			say_removal(c->node, d, json_array_get(list, json_array_size(list) - 1));
	}
	say_members_heard(c->node, list, &c->err);
	if (c->err.code == ERR_OK)
		c->result = json_pack("{s:O}", "members", list);
	json_decref(list);
	op_end(c);
}

void
op_members_seen(struct op_call *c)
{
	const char *whose = param_text(c, "device");
	const struct org_device *d = NULL;
	struct device_id dev;
	size_t count = 0;

	if (whose != NULL && find_device(c, whose, &d) == ERR_OK)
		dev = d->id;
	if (c->err.code == ERR_OK && node_see_grants(c->node, d != NULL ? &dev : NULL, &count, &c->err) == ERR_OK &&
	    op_commit(c) == ERR_OK)
		c->result = json_pack("{s:I}", "seen", (json_int_t)count);
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	op_end(c);
}

void
op_team_add(struct op_call *c)
{
	struct stream_id team;
	uint64_t rows = 0;

	if (node_team_named(c->node, param_text(c, "name"), &team))
		err_set(&c->err, ERR_EXISTS, "there is a team \"%s\" already", param_text(c, "name"));
	else if (node_team_add(c->node, param_text(c, "name"), param_flag(c, "drop-box"), &team, &c->err) == ERR_OK &&
	         op_commit(c) == ERR_OK &&
	         (!param_flag(c, "drop-box") || node_profile(c->node) == NULL || node_fill_rows(c->node, false, &rows, &c->err) == ERR_OK))
		c->result = json_pack("{s:o,s:s,s:b,s:I}", "team", json_hex(team.b, 16), "name", param_text(c, "name"), "drop_box",
		                      param_flag(c, "drop-box"), "rows", (json_int_t)rows);
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	op_end(c);
}

void
op_team_fill(struct op_call *c)
{
	uint64_t written = 0;

	if (node_fill_rows(c->node, param_flag(c, "colleagues"), &written, &c->err) == ERR_OK)
		c->result = json_pack("{s:I,s:b}", "rows", (json_int_t)written, "reads_rows", node_rows(c->node) != NULL);
	else
		node_drop(c->node);
	op_end(c);
}

void
op_team_list(struct op_call *c)
{
	const struct org *org = node_org(c->node);
	json_t *list = json_array();

	for (size_t i = 0; i < org_team_count(org); i++) {
		const struct org_team *t = org_team_at(org, i);
		size_t readers = 0;

		for (size_t j = 0; j < org_device_count(org); j++)
			readers += org_reads(org, &t->id, &org_device_at(org, j)->id);
		json_array_append_new(list, json_pack("{s:o,s:s,s:i,s:b,s:s}", "team", json_hex(t->id.b, 16), "name",
		                                      node_team_name(c->node, &t->id), "readers", (int)readers, "drop_box", t->mode == 1,
		                                      "approval", node_team_by_hand(c->node, &t->id) ? "hand" : "auto"));
	}
	c->result = json_pack("{s:o}", "teams", list);
	op_end(c);
}

void
op_grant(struct op_call *c)
{
	const struct org_device *d;
	struct device_id dev;
	struct stream_id team;
	bool self;

	if (find_device(c, param_text(c, "device"), &d) != ERR_OK)
		goto out;
	if (!node_team_named(c->node, param_text(c, "team"), &team)) {
		err_set(&c->err, ERR_UNKNOWN, "there is no team \"%s\"; `faltbok team list` lists them", param_text(c, "team"));
		goto out;
	}
	dev = d->id;
	self = node_self(c->node) != NULL && SAME(dev, node_self(c->node)->id);
	if (node_grant(c->node, &dev, &team, &c->err) == ERR_OK && op_commit(c) == ERR_OK)
		c->result = json_pack("{s:o,s:s,s:s,s:b}", "device", json_hex(dev.b, 16), "name", node_device_name(c->node, &dev),
		                      "team", node_team_name(c->node, &team), "self_grant", self);
out:
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	op_end(c);
}
