/*
 * Life of a node. The order of opening is the order of dependence: home,
 * vault, view; only then is the hook set, so that nothing is projected into
 * something half made.
 */
#include "node/node.h"

#include <stdio.h>

#include "base/mem.h"
#include "node/node_internal.h"
#include "node/reads.h"
#include "store/backup.h"
#include "store/netkey.h"

enum { SNAPSHOT_WORTH = 400 }; /* entries to open anew: about what writing the image costs */

bool
node_has_org(struct node *n)
{
	return org_known(replica_org(n->home.replica));
}

/* All but the reading of what the image does not have. */
static enum err_code
begin(struct node *n, bool cold, struct node_image *image, struct err *err)
{
	static const struct record_id none;
	struct replica_hook hook = node_hook_template;

	n->vault = vault_new(n->home.keys, err);
	n->view = n->vault != NULL ? view_new(n->env, err) : NULL;
	n->rows = n->view != NULL ? view_new(n->env, err) : NULL;
	n->names = table_new(17);
	n->touched_by_id = table_new(16);
	n->work = record_new(&none);
	if (n->rows == NULL || n->names == NULL || n->touched_by_id == NULL || n->work == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	hook.ctx = n;
	replica_set_hook(n->home.replica, &hook);
	n->roster_changed = true;
	n->keys_learned = true;
	n->forks_untold = true;
	n->had_snapshot = !cold && node_take_image(n, image);
	if (n->vault == NULL) /* a snapshot that did not fit took it along */
		return err_plain(err, ERR_NO_MEMORY);
	view_set_rows(n->rows);
	view_set_reader(n->rows, node_read_entry, n);
	view_set_reader(n->view, node_read_entry, n);
	node_desk_load(n);
	node_exchanges_load(n);
	n->opening = n->behind = true;
	return vault_refresh(n->vault, replica_org(n->home.replica), err);
}

/* What a stop between a commit and the saving of the keystore left undone: others seal sticks under a key that we have signed for. */
static void
learn_network(struct node *n)
{
	struct err err = ERR_INIT;

	if (home_learn_network(&n->home, NULL, &err) != ERR_OK)
		env_logf(n->env, "taking up a network key: %s", err.text);
}

enum err_code
node_go_on(struct node *n, uint64_t entries, uint64_t *left, struct err *err)
{
	enum err_code rc;

	n->slice = entries;
	rc = n->behind ? node_project(n, err) : ERR_OK;
	n->slice = 0;
	*left = rc == ERR_OK ? node_unread(n) : 0;
	n->opening = rc == ERR_OK && n->behind;
	if (rc == ERR_OK && !n->behind)
		learn_network(n);
	n->news = (struct node_news){ .count = 0 }; /* who opens it sees all of it anyway */
	return rc;
}

static enum err_code
go_to_the_end(struct node *n, struct err *err)
{
	uint64_t left;

	return node_go_on(n, 0, &left, err);
}

/* Takes the home over, whatever becomes of it. */
static enum err_code
move_in(struct node **out, struct home *home, bool cold, struct node_image *image, struct err *err)
{
	struct node *n = mem_zero(1, sizeof(*n));
	enum err_code rc;

	*out = NULL;
	if (n == NULL) {
		node_image_free(image);
		home_close(home);
		return err_plain(err, ERR_NO_MEMORY);
	}
	n->env = home->env;
	n->home = *home;
	memset(home, 0, sizeof(*home));
	rc = begin(n, cold, image, err);
	node_image_free(image);
	if (rc != ERR_OK) {
		n->since_snapshot = 0;
		node_close(n);
		return rc;
	}
	*out = n;
	return ERR_OK;
}

static enum err_code
to_the_end_or_close(struct node **out, struct err *err)
{
	enum err_code rc = go_to_the_end(*out, err);

	if (rc != ERR_OK) {
		(*out)->since_snapshot = 0;
		node_close(*out);
		*out = NULL;
	}
	return rc;
}

static enum err_code
open_node(struct node **out, struct env *env, const char *path, const struct node_secret *secret, bool cold, struct err *err)
{
	struct home home = { 0 };

	*out = NULL;
	if (home_open(&home, env, path, secret->slot, secret->secret, err) != ERR_OK ||
	    move_in(out, &home, cold, cold ? NULL : node_image_read(env, path, home.keys), err) != ERR_OK)
		return err->code;
	return to_the_end_or_close(out, err);
}

enum err_code
node_begin(struct node **out, struct home *home, struct node_image *image, struct err *err)
{
	return move_in(out, home, false, image, err);
}

enum err_code
node_of_home(struct node **out, struct home *home, struct err *err)
{
	if (move_in(out, home, false, node_image_read(home->env, home->path, home->keys), err) != ERR_OK)
		return err->code;
	return to_the_end_or_close(out, err);
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

static bool
snapshot_pays(struct node *n)
{
	return n->since_snapshot >= SNAPSHOT_WORTH || (n->snapshot_gone && view_record_count(n->view) > SNAPSHOT_WORTH);
}

/* Ends what is under way and keeps what it would cost time to make again. */
static void
put_away(struct node *n)
{
	struct err err = ERR_INIT;

	node_end_invites(n);
	node_desk_close(n);
	node_flush_reads(n);
	if (n->home.replica == NULL || node_is_locked(n))
		return;
	replica_drop(n->home.replica);
	if (n->home.wiping)
		return;
	node_exchanges_save(n);
	if (snapshot_pays(n) && !n->behind && !replica_read_only(n->home.replica) && !replica_failed(n->home.replica) &&
	    node_save_snapshot(n, &err) != ERR_OK)
		env_logf(n->env, "%s", err.text);
}

/* Everything that has been read or could be: what stays is the home, and who wants to be told. */
static void
forget(struct node *n)
{
	struct node keep = { .env = n->env, .home = n->home, .host = n->host, .on_change = n->on_change, .on_change_ctx = n->on_change_ctx };

	if (n->names != NULL)
		node_forget_names(n);
	if (n->touched_by_id != NULL)
		node_forget_batch(n);
	node_gather_free(n);
	node_exchanges_free(n);
	view_free(n->view);
	view_free(n->rows);
	change_space_free(&n->space);
	vault_free(n->vault);
	profile_free(n->profile);
	buf_free(&n->profile_json);
	for (size_t i = 0; i < n->own_count; i++)
		mem_free(n->own[i].others);
	mem_free(n->own);
	mem_free(n->progress);
	mem_free(n->waiting);
	mem_free(n->buried);
	mem_free(n->unopened);
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
	*n = keep;
}

void
node_close(struct node *n)
{
	struct replica_hook none = { .ctx = NULL };

	if (n == NULL)
		return;
	put_away(n);
	if (n->home.replica != NULL)
		replica_set_hook(n->home.replica, &none);
	forget(n);
	home_close(&n->home);
	mem_free(n);
}

/* ---- locked: nothing is read, everything is passed on ---- */

static void
stored_locked(void *ctx, size_t log, const struct entry *e)
{
	(void)log, (void)e;
	((struct node *)ctx)->stored_any = true;
}

static void
committed_locked(void *ctx)
{
	struct node *n = ctx;

	if (n->stored_any && n->on_change != NULL)
		n->on_change(n->on_change_ctx);
	n->stored_any = false;
}

static void
dropped_locked(void *ctx)
{
	((struct node *)ctx)->stored_any = false;
}

void
node_lock(struct node *n)
{
	struct replica_hook hook = { .ctx = n, .stored = stored_locked, .committed = committed_locked, .dropped = dropped_locked };

	if (node_is_locked(n))
		return;
	put_away(n);
	replica_set_hook(n->home.replica, &hook);
	forget(n);
	keystore_lock(n->home.keys);
}

bool
node_is_locked(struct node *n)
{
	return n->home.keys != NULL && n->home.keys->locked;
}

enum err_code
node_begin_unlock(struct node *n, struct keystore *fresh, struct node_image *image, struct err *err)
{
	enum err_code rc;

	if (!SAME(fresh->device.sign_pk, n->home.keys->device.sign_pk)) {
		keystore_free(fresh);
		node_image_free(image);
		return err_set(err, ERR_DAMAGED, "%s/keystore is of another device than the one that was locked; stop the node and look what happened", n->home.path);
	}
	keystore_unlock(n->home.keys, fresh);
	rc = begin(n, false, image, err);
	node_image_free(image);
	if (rc != ERR_OK)
		node_lock(n);
	return rc;
}

enum err_code
node_unlock(struct node *n, struct keystore *fresh, struct err *err)
{
	enum err_code rc = node_begin_unlock(n, fresh, node_image_read(n->env, n->home.path, fresh), err);

	if (rc != ERR_OK)
		return rc;
	rc = go_to_the_end(n, err);
	if (rc != ERR_OK)
		node_lock(n);
	return rc;
}

enum err_code
node_save_keystore(struct node *n, struct err *err)
{
	enum err_code rc = home_save_keystore(&n->home, err);

	if (rc == ERR_OK)
		vault_keystore_saved(n->vault);
	return rc;
}

enum err_code
node_backup(struct node *n, const char *path, struct err *err)
{
	return home_backup(&n->home, path, err);
}

bool
node_index_some(struct node *n, size_t limit)
{
	struct err err = ERR_INIT;

	if (n->behind || view_indexed(n->view))
		return false;
	if (view_index_some(n->view, limit, &err) != ERR_OK) {
		env_logf(n->env, "the full text: %s", err.text);
		return false;
	}
	return !view_indexed(n->view);
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

uint32_t
node_profile_unread(struct node *n)
{
	return n->profile_unread;
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
	n->host.inc = &n->home.keys->inc;
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
	struct replica *r = n->home.replica;
	uint64_t count = 0;

	/* What a reader says was written late to an erased record: its key died with the record, and comes no more. */
	for (size_t i = 0; i < n->waiting_count; i++) {
		size_t log = (size_t)(n->waiting[i] >> SEQ_BITS);

		count += log >= replica_log_count(r) || !replica_called_late(r, log, n->waiting[i] & ((UINT64_C(1) << SEQ_BITS) - 1));
	}
	return count;
}

bool
node_moved(struct node *n)
{
	return n->home.moved;
}

const struct node_news *
node_news(struct node *n)
{
	return &n->news;
}

void
node_on_change(struct node *n, void (*cb)(void *ctx), void *ctx)
{
	n->on_change = cb;
	n->on_change_ctx = ctx;
}
