/*
 * What only the trustees may do: root show, revoke, grant, rotate; recover. (root_admit.c: admit.)
 * A rehearsal goes through everything, in a batch that is then dropped.
 */
#include "op/op_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "node/root.h"
#include "op/root_internal.h"

enum { SHEET_BYTES_MAX = 16 << 10 };

/* ---- the two sheets ---- */

enum err_code
read_papers(struct op_call *c, struct papers *p)
{
	const json_t *paths = json_object_get(c->params, "shares");

	memset(p, 0, sizeof(*p));
	if (json_array_size(paths) != 2)
		return err_set(&c->err, ERR_USAGE, "--shares takes two files, the sheets of two of the three trustees");
	for (size_t i = 0; i < 2; i++) {
		p->sheets.name[i] = json_string_value(json_array_get(paths, i));
		if (p->sheets.name[i] == NULL)
			return err_set(&c->err, ERR_USAGE, "--shares takes two files, the sheets of two of the three trustees");
		if (param_file_of(c, "shares", i, SHEET_BYTES_MAX, &p->text[i]) != ERR_OK)
			return c->err.code;
		p->sheets.text[i] = buf_str(&p->text[i]);
		if (p->sheets.text[i] == NULL)
			return err_plain(&c->err, ERR_NO_MEMORY);
	}
	return ERR_OK;
}

void
wipe_papers(struct papers *p)
{
	buf_wipe(&p->text[0]);
	buf_wipe(&p->text[1]);
}

void
root_finish(struct op_call *c)
{
	bool rehearse = param_flag(c, "rehearse");

	if (c->err.code == ERR_OK && !rehearse && op_commit(c) != ERR_OK) {
		json_decref(c->result);
		c->result = NULL;
	}
	if (c->err.code != ERR_OK || rehearse)
		node_drop(c->node);
	if (c->err.code == ERR_OK && c->result != NULL)
		json_object_set_new(c->result, "rehearsed", json_boolean(rehearse));
}

/* ---- revoke ---- */

static const char *
act_name(uint8_t kind)
{
	static const char *const names[] = { "?", "GENESIS", "ADMIT", "GRANT", "REVOKE", "UNGRANT", "TEAM", "NETKEY", "ERASE_REQ",
		                                 "ERASE_OK", "RECEIPT", "ATTEST", "FORK", "SEALKEY", "ROOTROT", "OPEN" };

	return kind < COUNT_OF(names) ? names[kind] : "?";
}

struct acts { struct op_call *call; json_t *list; };

static bool
add_act(void *ctx, const struct entry *e)
{
	struct acts *a = ctx;
	struct control_op op;
	struct device_id about;
	const char *name = NULL;

	if (e->h.kind != KIND_ADMIT && e->h.kind != KIND_GRANT && e->h.kind != KIND_REVOKE && e->h.kind != KIND_UNGRANT && e->h.kind != KIND_TEAM)
		return true;
	if (!e->has_payload || control_op_decode(&op, e->h.kind, e->payload, NULL) != ERR_OK)
		return true;
	if (op.kind == KIND_TEAM) {
		name = node_team_name(a->call->node, &op.u.team.team);
	} else {
		about = op.kind == KIND_ADMIT ? device_id_of(&op.u.admit.sign_pk) : op.kind == KIND_GRANT ? op.u.grant.dev
		        : op.kind == KIND_REVOKE ? op.u.revoke.dev : op.u.ungrant.dev;
		name = node_device_name(a->call->node, &about);
	}
	json_array_append_new(a->list, json_pack("{s:o,s:I,s:s,s:s}", "entry", json_hex(e->id.b, 16), "seq", (json_int_t)e->h.seq, "what",
	                                         act_name(op.kind), "about", name));
	control_op_free(&op);
	return true;
}

/* What somebody has decided, entry by entry: from which one on it is not to count is for the trustees to say. */
static json_t *
acts_of(struct op_call *c, const struct author *author)
{
	const struct stream_id control = control_stream(org_id(node_org(c->node)));
	struct acts a = { c, json_array() };

	for (size_t i = 0; i < replica_log_count(node_replica(c->node)); i++) {
		const struct log_head *h = replica_log_at(node_replica(c->node), i);

		if (SAME(h->key.stream, control) && SAME(h->key.author, *author) &&
		    replica_scan(node_replica(c->node), i, h->key.is_branch ? h->key.branch_seq : 0, h->len, false, add_act, &a, &c->err) != ERR_OK)
			break;
	}
	return a.list;
}

static void
revoke_as_root(struct op_call *c, const struct device_id *dev, const struct node_sheets *sheets, struct node_removal *r)
{
	const struct author author = org_device_by_id(node_org(c->node), dev)->sign_pk;
	struct node_before before[BEFORE_MAX];
	struct node_how how = { .reason = param_text(c, "reason"), .before = before };
	struct node_root *root = NULL;
	json_t *acts = NULL;

	if (param_before(c, before, &how.before_count) == ERR_OK && node_root_enter(c->node, sheets, &root, &c->err) == ERR_OK) {
		how.root = root;
		acts = acts_of(c, &author); /* while they are as they were */
		if (c->err.code == ERR_OK && node_revoke_how(c->node, dev, &how, r, &c->err) == ERR_OK)
			c->result = removal_json(c, r, dev);
	}
	node_root_leave(root);
	if (c->result != NULL)
		json_object_set_new(c->result, "acts", acts);
	else
		json_decref(acts);
}

void
op_root_revoke(struct op_call *c)
{
	struct node_removal *r = mem_zero(1, sizeof(*r));
	const struct org_device *d;
	struct device_id dev;
	struct papers p = { .text = { BUF_INIT, BUF_INIT } };

	if (r == NULL) {
		op_fail(c);
		return;
	}
	if (find_device(c, param_text(c, "device"), &d) == ERR_OK && read_papers(c, &p) == ERR_OK) {
		dev = d->id;
		revoke_as_root(c, &dev, &p.sheets, r);
	}
	root_finish(c);
	wipe_papers(&p);
	mem_free(r);
	op_end(c);
}

/* ---- grant ---- */

static void
grant_as_root(struct op_call *c, const struct device_id *dev, const struct stream_id *team, const struct node_sheets *sheets)
{
	int64_t rank = param_number(c, "rank", 1);
	struct node_root *root = NULL;

	if (rank < 1 || rank > RANK_MAX)
		err_set(&c->err, ERR_INVALID, "the ranks of coordinators go from 1 to %d", RANK_MAX);
	else if (node_root_enter(c->node, sheets, &root, &c->err) == ERR_OK &&
	         node_root_grant(c->node, root, dev, team, (uint8_t)rank, &c->err) == ERR_OK)
		c->result = json_pack("{s:o,s:s}", "device", json_hex(dev->b, 16), "name", node_device_name(c->node, dev));
	node_root_leave(root);
	if (c->result == NULL)
		return;
	if (team != NULL)
		json_object_set_new(c->result, "team", json_string(node_team_name(c->node, team)));
	else
		json_object_set_new(c->result, "rank", json_integer(rank));
}

void
op_root_grant(struct op_call *c)
{
	const struct org_device *d;
	struct papers p = { .text = { BUF_INIT, BUF_INIT } };
	struct stream_id team;
	struct device_id dev;
	bool for_team = param_text(c, "team") != NULL;

	if (find_device(c, param_text(c, "device"), &d) == ERR_OK && read_papers(c, &p) == ERR_OK) {
		dev = d->id;
		if (for_team && !node_team_named(c->node, param_text(c, "team"), &team))
			err_set(&c->err, ERR_UNKNOWN, "there is no team \"%s\"; `faltbok team list` lists them", param_text(c, "team"));
		else
			grant_as_root(c, &dev, for_team ? &team : NULL, &p.sheets);
	}
	root_finish(c);
	wipe_papers(&p);
	op_end(c);
}

/* ---- rotate ---- */

static json_t *
turn_json(struct op_call *c, const struct kit *kit, const struct node_removal *cut, json_t *acts)
{
	return json_pack("{s:s,s:s,s:b,s:o,s:o}", "root_words", kit->root_words, "reserve_words", kit->rotation_words, "escrow_shared_anew",
	                 kit->escrow[0][0] != '\0', "cuts", cuts_json(c->node, cut), "acts", acts);
}

/* The sheets are on the disk before the key on them becomes anything. */
static void
rotate(struct op_call *c, const struct node_sheets *sheets, struct kit *kit, struct node_removal *cut)
{
	const char *dir = param_text(c, "kit");
	struct node_before before[BEFORE_MAX];
	struct node_how how = { .before = before };
	const struct author *root = org_root(node_org(c->node));
	json_t *acts = root != NULL ? acts_of(c, root) : json_array();
	bool rehearse = param_flag(c, "rehearse"), written = false;

	if (dir == NULL && !rehearse)
		err_set(&c->err, ERR_USAGE, "root rotate needs --kit DIR, where the new sheets go");
	else if (c->files != NULL && !rehearse) /* sheets that might get lost with a page must not be the only ones */
		err_set(&c->err, ERR_REFUSED, "the new sheets go into a folder of this computer, which a page cannot name; run `faltbok root rotate` there");
	else if (param_before(c, before, &how.before_count) == ERR_OK &&
	         node_root_rotate(c->node, sheets, &how, kit, cut, &c->err) == ERR_OK) {
		written = !rehearse && kit_write(node_env(c->node), dir, node_org_name(c->node), kit, &c->err) == ERR_OK;
		if (c->err.code == ERR_OK)
			c->result = turn_json(c, kit, cut, acts);
		acts = c->result != NULL ? NULL : acts;
		if (written)
			json_object_set_new(c->result, "kit", json_string(dir));
	}
	json_decref(acts);
	root_finish(c);
	if (written && c->err.code != ERR_OK)
		kit_remove(node_env(c->node), dir);
}

void
op_root_rotate(struct op_call *c)
{
	struct node_removal *cut = mem_zero(1, sizeof(*cut));
	struct kit *kit = mem_zero(1, sizeof(*kit));
	struct papers p = { .text = { BUF_INIT, BUF_INIT } };

	if (cut == NULL || kit == NULL)
		err_plain(&c->err, ERR_NO_MEMORY);
	else if (read_papers(c, &p) == ERR_OK)
		rotate(c, &p.sheets, kit, cut);
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	if (kit != NULL)
		wipe(kit, sizeof(*kit));
	mem_free(kit);
	mem_free(cut);
	wipe_papers(&p);
	op_end(c);
}

/* ---- show ---- */

void
op_root_show(struct op_call *c)
{
	static const char *const states[] = { "retired", "root", "contested" };
	const struct org *org = node_org(c->node);
	json_t *roots = json_array();
	char words[WORDS_SIX_BYTES + 1];
	uint8_t next[32];
	bool can;

	if (!org_known(org)) {
		json_decref(roots);
		err_set(&c->err, ERR_REFUSED, "this home has not joined an organisation yet");
		op_end(c);
		return;
	}
	for (size_t i = 0; i < org_root_count(org); i++) {
		kit_root_words(words, &org_root_at(org, i)->pk);
		json_array_append_new(roots, json_pack("{s:s,s:s}", "words", words, "state", states[org_root_at(org, i)->state]));
	}
	can = org_next_root(org, next);
	if (can)
		kit_rotation_words(words, next);
	c->result = json_pack("{s:o,s:b,s:o,s:b}", "roots", roots, "contested", org_root(org) == NULL, "reserve_words",
	                      can ? json_string(words) : json_null(), "escrow", org_genesis(org)->has_escrow_pk);
	op_end(c);
}

/* ---- recover --shares ---- */

void
op_recover(struct op_call *c)
{
	struct papers p = { .text = { BUF_INIT, BUF_INIT } };
	struct node_escrow got;

	if (read_papers(c, &p) == ERR_OK && node_escrow_recover(c->node, &p.sheets, &got, &c->err) == ERR_OK) {
		if (got.epochs == 0)
			err_set(&c->err, ERR_REFUSED, "nothing here opens by the escrow key that did not open already; is this device granted the team, "
			        "and has it what the hub holds?");
		else
			c->result = json_pack("{s:I,s:I,s:I}", "keys", (json_int_t)got.epochs, "teams", (json_int_t)got.teams, "entries", (json_int_t)got.entries);
	}
	wipe_papers(&p);
	op_end(c);
}
