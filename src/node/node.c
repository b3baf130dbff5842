/*
 * Life of a node. The order of opening is the order of dependence: home,
 * vault, view; only then is the hook set, so that nothing is projected into
 * something half made.
 */
#include "node/node.h"

#include <stdio.h>

#include "base/mem.h"
#include "node/node_internal.h"

enum { SNAPSHOT_WORTH = 400 }; /* entries to open anew: about what writing the image costs */

bool
node_has_org(struct node *n)
{
	return org_known(replica_org(n->home.replica));
}

static enum err_code
build(struct node *n, bool cold, struct err *err)
{
	static const struct record_id none;
	struct replica_hook hook = node_hook_template;
	enum err_code rc;

	n->vault = vault_new(n->home.keys, err);
	n->view = n->vault != NULL ? view_new(n->env, err) : NULL;
	n->names = table_new(17);
	n->touched_by_id = table_new(16);
	n->work = record_new(&none);
	if (n->view == NULL || n->names == NULL || n->touched_by_id == NULL || n->work == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	n->rows = view_new(n->env, err);
	if (n->rows == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	view_set_rows(n->rows);
	view_set_reader(n->rows, node_read_entry, n);
	view_set_reader(n->view, node_read_entry, n);
	hook.ctx = n;
	replica_set_hook(n->home.replica, &hook);
	n->roster_changed = true;
	n->keys_learned = true;
	n->forks_untold = true;
	n->had_snapshot = !cold && node_load_snapshot(n);
	if (n->vault == NULL) /* a snapshot that did not fit took it along */
		return err_plain(err, ERR_NO_MEMORY);
	node_desk_load(n);
	rc = vault_refresh(n->vault, replica_org(n->home.replica), err);
	return rc == ERR_OK ? node_project(n, err) : rc;
}

static enum err_code
open_node(struct node **out, struct env *env, const char *home, const struct node_secret *secret, bool cold, struct err *err)
{
	struct node *n = mem_zero(1, sizeof(*n));
	enum err_code rc;

	*out = NULL;
	if (n == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	n->env = env;
	rc = home_open(&n->home, env, home, secret->slot, secret->secret, err);
	if (rc == ERR_OK)
		rc = build(n, cold, err);
	if (rc != ERR_OK) {
		n->since_snapshot = 0;
		node_close(n);
		return rc;
	}
	*out = n;
	return ERR_OK;
}

enum err_code
node_open(struct node **out, struct env *env, const char *home, const struct node_secret *secret, struct err *err)
{
	return open_node(out, env, home, secret, false, err);
}

enum err_code
node_open_cold(struct node **out, struct env *env, const char *home, const struct node_secret *secret, struct err *err)
{
	return open_node(out, env, home, secret, true, err);
}

void
node_close(struct node *n)
{
	struct replica_hook none = { .ctx = NULL };
	struct err err = ERR_INIT;

	if (n == NULL)
		return;
	node_end_invites(n);
	node_desk_close(n);
	if (n->home.replica != NULL) {
		replica_drop(n->home.replica);
		if (n->since_snapshot >= SNAPSHOT_WORTH && !n->behind && !replica_read_only(n->home.replica) &&
		    node_save_snapshot(n, &err) != ERR_OK)
			env_logf(n->env, "%s", err.text);
		replica_set_hook(n->home.replica, &none);
	}
	if (n->names != NULL)
		node_forget_names(n);
	if (n->touched_by_id != NULL)
		node_forget_batch(n);
	view_free(n->view);
	view_free(n->rows);
	change_space_free(&n->space);
	vault_free(n->vault);
	profile_free(n->profile);
	buf_free(&n->profile_json);
	home_close(&n->home);
	for (size_t i = 0; i < n->own_count; i++)
		mem_free(n->own[i].others);
	mem_free(n->own);
	mem_free(n->progress);
	mem_free(n->waiting);
	mem_free(n->buried);
	mem_free(n->late);
	mem_free(n->items);
	mem_free(n->touched);
	table_free(n->touched_by_id);
	table_free(n->names);
	record_free(n->work);
	buf_wipe(&n->body);
	buf_wipe(&n->bodies);
	buf_wipe(&n->read_payload);
	buf_wipe(&n->read_body);
	mem_free(n);
}

enum err_code
node_save_keystore(struct node *n, struct err *err)
{
	enum err_code rc = home_save_keystore(&n->home, err);

	if (rc == ERR_OK)
		vault_keystore_saved(n->vault);
	return rc;
}

struct replica *
node_replica(struct node *n)
{
	return n->home.replica;
}

const struct org *
node_org(struct node *n)
{
	return replica_org(n->home.replica);
}

struct keystore *
node_keystore(struct node *n)
{
	return n->home.keys;
}

struct view *
node_view(struct node *n)
{
	struct err err = ERR_INIT;

	if (node_catch_up(n, &err) != ERR_OK)
		env_logf(n->env, "showing what is saved: %s", err.text);
	return n->view;
}

const struct profile *
node_profile(struct node *n)
{
	return n->profile;
}

struct bytes
node_profile_json(struct node *n)
{
	return buf_bytes(&n->profile_json);
}

struct env *
node_env(struct node *n)
{
	return n->env;
}

const struct org_device *
node_self(struct node *n)
{
	return node_has_org(n) ? org_device_by_author(node_org(n), &n->home.keys->device.sign_pk) : NULL;
}

struct peer_host *
node_peer_host(struct node *n)
{
	const struct org_device *self = node_self(n);

	n->host.env = n->env;
	n->host.replica = n->home.replica;
	n->host.keys = &n->home.keys->device;
	n->host.network = n->home.keys->network;
	n->host.network_count = n->home.keys->network_count;
	n->host.role = n->home.keys->role;
	if (self != NULL) /* the log decides, not what the welcome said */
		n->host.role = self->coordinator ? ROLE_COORDINATOR : self->advisor ? ROLE_ADVISOR
		             : self->auditor ? ROLE_AUDITOR : self->hub ? ROLE_HUB : n->host.role;
	return &n->host;
}

uint64_t
node_waiting_keys(struct node *n)
{
	return n->waiting_count;
}

bool
node_moved(struct node *n)
{
	return n->home.moved;
}

void
node_on_change(struct node *n, void (*cb)(void *ctx), void *ctx)
{
	n->on_change = cb;
	n->on_change_ctx = ctx;
}
