/*
 * Where a home's entries are. HOME/log.db, unless the env names another store:
 * then that, once the home has joined, and log.db is where its welcome waits.
 * Whatever log.db holds and the store does not is taken over at each start: a
 * welcome, or all the years of a hub that has moved.
 * Spec: proto/postgresql.md, 2 "A hub's way to it".
 */
#include <stdio.h>

#include "store/home_internal.h"
#include "store/replica_internal.h"

enum { ROUNDS_MAX = 8, RUN_BYTES = 256 << 10, PENDING_BYTES_MAX = 4 << 20, SCHEMA_BYTES = 48 };

/* ---- taking over ---- */

static enum err_code
take_log(struct replica *to, struct replica *from, size_t log, bool *moved, struct err *err)
{
	const struct log_head *h = replica_log_at(from, log);
	struct ingest_counts counts = { 0 };
	struct buf run = BUF_INIT;
	uint64_t at = from->logs[log].base, next;
	enum err_code rc = ERR_OK;
	size_t there;

	if (replica_log_find(to, &h->key, &there) && replica_log_at(to, there)->len > at)
		at = replica_log_at(to, there)->len;
	while (rc == ERR_OK && at < h->len) {
		struct rd rd;

		buf_clear(&run);
		rc = replica_read_run(from, log, at, h->len, false, RUN_BYTES, &run, &next, err);
		if (rc != ERR_OK || next == at)
			break;
		rd = rd_init(buf_bytes(&run));
		rc = replica_ingest_run(to, &rd, &counts, err);
		at = next;
		if (rc == ERR_OK && replica_pending(to) > PENDING_BYTES_MAX)
			rc = replica_commit(to, err);
	}
	*moved = *moved || counts.stored > 0;
	buf_free(&run);
	return rc;
}

/* A run that is refused now may be welcome when another log has told who its author is. */
static enum err_code
take_round(struct replica *to, struct replica *from, bool *moved, struct err *err)
{
	*moved = false;
	for (int control = 1; control >= 0; control--) {
		for (size_t i = 0; i < from->count; i++) {
			struct err why = ERR_INIT;
			enum err_code rc;

			if (SAME(from->logs[i].head.key.stream, from->control) != (control == 1))
				continue;
			rc = take_log(to, from, i, moved, &why);
			if (rc == ERR_IO || rc == ERR_LOCKED || rc == ERR_NO_SPACE || rc == ERR_NO_MEMORY || rc == ERR_READ_ONLY)
				return err_set(err, rc, "%s", why.text);
		}
	}
	return ERR_OK;
}

/* Every entry, and the organisation, out of `from`, through the checks a peer's entries go through. What is held already costs next to nothing. */
static enum err_code
replica_take_over(struct replica *to, struct replica *from, struct err *err)
{
	bool moved = true;
	enum err_code rc = ERR_OK;

	if (!from->has_org)
		return ERR_OK;
	if (!to->has_org)
		rc = replica_set_org(to, &from->org_id, &from->root, err);
	for (int round = 0; round < ROUNDS_MAX && moved && rc == ERR_OK; round++)
		rc = take_round(to, from, &moved, err);
	return rc == ERR_OK ? replica_commit(to, err) : rc;
}

/* ---- opening ---- */

static enum err_code
take_value(struct replica *to, struct replica *from, const char *key, bool own, struct err *err)
{
	struct buf value = BUF_INIT, there = BUF_INIT;
	enum err_code rc = replica_meta_get(from, key, &value, NULL);

	if (rc == ERR_OK && (own ? replica_own_get(to, key, &there, NULL) : replica_meta_get(to, key, &there, NULL)) == ERR_UNKNOWN)
		rc = own ? replica_own_put(to, key, buf_bytes(&value), err) : replica_meta_put(to, key, buf_bytes(&value), err);
	buf_free(&value);
	buf_free(&there);
	return rc == ERR_UNKNOWN ? ERR_OK : rc;
}

static enum err_code
take_log_db(struct home *h, struct err *err)
{
	struct replica *local = NULL;
	char path[4096];
	enum err_code rc;

	(void)snprintf(path, sizeof(path), "%s/log.db", h->path);
	if (!h->env->files->exists(h->env, path))
		return ERR_OK;
	rc = replica_open(&local, h->env, h->path, false, err);
	if (rc == ERR_OK)
		rc = replica_take_over(h->replica, local, err);
	if (rc == ERR_OK)
		rc = take_value(h->replica, local, "hub.quota", false, err);
	if (rc == ERR_OK)
		rc = take_value(h->replica, local, META_KILL, true, err);
	if (rc == ERR_OK)
		rc = take_value(h->replica, local, META_PAPER, true, err);
	if (rc == ERR_OK)
		rc = replica_commit(h->replica, err);
	replica_close(local);
	return rc == ERR_OK ? rc : err_wrap(err, "taking over %s", path);
}

/* A name for an organisation that everybody who serves it comes to, and that needs no quotes. */
static void
name_of(const struct org_id *org, char out[SCHEMA_BYTES])
{
	char hex[33];

	(void)snprintf(out, SCHEMA_BYTES, "faltbok_%s", hex_encode(hex, org->b, 16));
}

enum err_code
home_open_store(struct home *h, struct err *err)
{
	static const struct org_id nobody;
	char name[SCHEMA_BYTES];
	enum err_code rc;

	if (h->env->store == NULL || SAME(h->keys->org, nobody))
		return replica_open(&h->replica, h->env, h->path, false, err);
	name_of(&h->keys->org, name);
	rc = replica_open_in(&h->replica, h->env, h->env->store, name, h->path, true, err);
	if (rc != ERR_OK)
		return rc;
	replica_set_self(h->replica, &h->keys->device.sign_pk);
	rc = take_log_db(h, err);
	if (rc == ERR_OK && !h->replica->has_org)
		rc = err_set(err, ERR_NOT_FOUND, "the database has nothing of this organisation and %s/log.db is gone: let this hub join anew in another home", h->path);
	return rc;
}
