/*
 * Opening and closing, the organisation, and the one transaction.
 *
 * Memory mirrors the database: heads, the org and its rights. Within a
 * transaction it runs ahead of the disk; when the transaction goes, all of
 * it is read again. That is slow and rare, and cannot be half right.
 */
#include "store/replica_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/plant.h"
#include "base/table.h"

#define META_ORG "store.org"   /* org id ‖ root key */

/* --- the organisation --- */

enum err_code
replica_tell_org(struct replica *r, const struct entry *e, struct err *err)
{
	enum err_code rc;

	if (!r->has_org || !e->has_payload)
		return ERR_OK;
	if (!SAME(e->h.stream, r->control) && e->h.kind != KIND_TEAM_OPEN && e->h.kind != KIND_ADOPT)
		return ERR_OK;
	r->org_dirty = r->orders_dirty = true;
	rc = SAME(e->h.stream, r->control) ? erase_tell(r, e, err) : ERR_OK;
	if (rc == ERR_OK && SAME(e->h.stream, r->control))
		rc = netkey_note(r, e, err);
	return rc == ERR_OK ? org_add(r->org, e, err) : rc;
}

static bool
descends_from(const struct replica *r, size_t i, size_t ancestor)
{
	while (i != ancestor && i != NO_LOG)
		i = r->logs[i].parent;
	return i == ancestor;
}

bool
replica_is_named(struct replica *r, size_t i, uint64_t seq, const uint8_t head16[16])
{
	struct err err = ERR_INIT;
	struct hash id;
	enum err_code rc = logs_id_at(r, i, seq, &id, &err);

	if (rc != ERR_OK && rc != ERR_DAMAGED)
		r->unread = err;
	return rc == ERR_OK && memcmp(id.b, head16, 16) == 0;
}

void
replica_asks(struct replica *r)
{
	r->unread = (struct err)ERR_INIT;
}

enum err_code
replica_was_told(struct replica *r, struct err *err)
{
	return r->unread.code == ERR_OK ? ERR_OK : err_set(err, r->unread.code, "%s", r->unread.text);
}

static bool
id_begins_with(struct replica *r, size_t i, uint64_t seq, const uint8_t head16[16])
{
	return seq >= r->logs[i].base && seq < r->logs[i].head.len && replica_is_named(r, i, seq, head16);
}

bool
replica_holds(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16])
{
	struct replica *r = ctx;
	size_t i;

	if (!replica_log_find(r, log, &i))
		return false;
	while (seq < r->logs[i].base)
		i = r->logs[i].parent;
	if (seq < r->logs[i].head.len || !r->logs[i].ended)
		return id_begins_with(r, i, seq, head16);
	for (size_t k = 0; k < r->count; k++) {
		if (r->logs[k].parent != NO_LOG && id_begins_with(r, k, seq, head16) && descends_from(r, k, i))
			return true;
	}
	return false;
}

static void
adopt_org(struct replica *r, const struct org_id *org, const struct author *root_pk)
{
	r->org_id = *org;
	r->root = *root_pk;
	r->control = control_stream(org);
	r->has_org = true;
	org_pin(r->org, org);
}

static enum err_code
tell_org_of_log(struct replica *r, size_t log, struct err *err)
{
	struct rows w;
	struct entry e;
	enum err_code rc = rows_open(&w, r, log, 0, UINT64_MAX, false, err);

	if (rc != ERR_OK)
		return rc;
	while (rc == ERR_OK && rows_next(&w, &e, &rc, err))
		rc = replica_tell_org(r, &e, err);
	rows_close(&w);
	if (rc == ERR_DAMAGED) { /* verify names the place; the rest of the organisation must still open */
		env_logf(r->env, "store: %s", err ? err->text : "control entries are damaged");
		rc = err_forgive(err);
	}
	return rc;
}

/* OPEN and ADOPT of team streams: few, and found by a partial index. */
enum err_code
replica_tell_teams(struct replica *r, struct stmt *s, struct err *err)
{
	struct buf payload = BUF_INIT;
	enum err_code rc = ERR_OK;
	int step = DB_DONE;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	while (rc == ERR_OK && (step = db_step(s)) == DB_ROW) {
		uint64_t n = (uint64_t)db_int(s, 0);
		size_t log = row_log((int64_t)n);
		struct entry e;

		if (log >= r->count || SAME(r->logs[log].head.key.stream, r->control))
			continue;
		rc = replica_entry(r, log, row_seq((int64_t)n), &e, &payload, err);
		if (rc == ERR_OK)
			rc = replica_tell_org(r, &e, err);
		else if (rc == ERR_DAMAGED || rc == ERR_UNKNOWN)
			rc = err_forgive(err);
	}
	if (rc == ERR_OK && step != DB_DONE)
		rc = db_error(&r->db, step, err);
	db_reset(s);
	buf_free(&payload);
	return rc;
}

static enum err_code
evaluate(struct replica *r, struct err *err)
{
	enum err_code rc;

	replica_asks(r);
	rc = org_evaluate(r->org, err);
	return rc == ERR_OK ? replica_was_told(r, err) : rc;
}

static enum err_code
load_org(struct replica *r, struct err *err)
{
	struct buf known = BUF_INIT;
	struct author root;
	struct org_id org;
	enum err_code rc;

	org_free(r->org);
	orders_free(r->orders);
	r->org = org_new();
	r->orders = orders_new();
	r->has_org = false;
	netkey_forget(r);
	if (!r->org || !r->orders)
		return err_plain(err, ERR_NO_MEMORY);
	org_set_holds(r->org, replica_holds, r);
	rc = replica_meta_get(r, META_ORG, &known, err);
	if (rc == ERR_OK && known.len == sizeof(org.b) + sizeof(root.b)) {
		memcpy(org.b, known.p, sizeof(org.b));
		memcpy(root.b, known.p + sizeof(org.b), sizeof(root.b));
		adopt_org(r, &org, &root);
		for (size_t i = 0; rc == ERR_OK && i < r->count; i++) {
			if (SAME(r->logs[i].head.key.stream, r->control))
				rc = tell_org_of_log(r, i, err);
		}
		if (rc == ERR_OK)
			rc = replica_tell_teams(r, db_stmt(&r->db, DB_TEAM_CONTROL, "SELECT n FROM entry WHERE kind IN (36, 37) ORDER BY n", err), err);
		if (rc == ERR_OK)
			rc = evaluate(r, err);
		if (rc == ERR_OK)
			orders_refresh(r->orders, r->org);
		r->org_dirty = false;
	} else if (rc == ERR_OK) {
		rc = err_set(err, ERR_DAMAGED, "which organisation this is cannot be read");
	} else if (rc == ERR_UNKNOWN) {
		rc = err_forgive(err); /* a new store */
	}
	buf_free(&known);
	return rc;
}

void
replica_read_as_stored(struct replica *r)
{
	r->as_stored = true;
}

enum err_code
replica_set_org(struct replica *r, const struct org_id *org, const struct author *root_pk, struct err *err)
{
	uint8_t both[sizeof(org->b) + sizeof(root_pk->b)];
	enum err_code rc;

	if (r->has_org) {
		if (SAME(r->org_id, *org) && SAME(r->root, *root_pk))
			return ERR_OK;
		return err_set(err, ERR_REFUSED, "this store belongs to another organisation");
	}
	memcpy(both, org->b, sizeof(org->b));
	memcpy(both + sizeof(org->b), root_pk->b, sizeof(root_pk->b));
	rc = replica_meta_put(r, META_ORG, BYTES(both, sizeof(both)), err);
	if (rc != ERR_OK)
		return rc;
	adopt_org(r, org, root_pk);
	return ERR_OK;
}

const struct org *
replica_org(const struct replica *r)
{
	return r->org;
}

enum err_code
replica_evaluate(struct replica *r, struct err *err)
{
	enum err_code rc;

	if (!r->org_dirty)
		return ERR_OK;
	rc = evaluate(r, err);
	if (rc == ERR_OK)
		r->org_dirty = false;
	return rc;
}

/* --- opening --- */

enum err_code
replica_load(struct replica *r, struct err *err)
{
	enum err_code rc = logs_load(r, err);

	return rc == ERR_OK ? load_org(r, err) : rc;
}

/* Of a store that others write to, all of one moment. */
static enum err_code
load_first(struct replica *r, struct err *err)
{
	bool any, anew, shared = db_shared(&r->db);
	enum err_code rc = shared ? r->db.engine->look(&r->db, err) : ERR_OK;

	if (rc == ERR_OK && shared)
		rc = r->db.engine->news(&r->db, &any, &anew, err);
	if (rc == ERR_OK)
		rc = replica_load(r, err);
	if (rc == ERR_OK)
		rc = erase_load(r, err);
	if (rc == ERR_OK && shared)
		r->db.engine->seen(&r->db);
	if (shared)
		r->db.engine->look_end(&r->db);
	return rc;
}

enum err_code
replica_open_in(struct replica **out, struct env *env, const struct db_engine *engine, const char *name, const char *path, bool create,
                struct err *err)
{
	struct replica *r = mem_zero(1, sizeof(*r));
	enum err_code rc;

	*out = NULL;
	if (!r)
		return err_plain(err, ERR_NO_MEMORY);
	r->env = env;
	r->path = mem_strdup(path);
	rc = r->path ? db_open(&r->db, engine, env, name, create, err) : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		rc = load_first(r, err);
	if (rc != ERR_OK) {
		replica_close(r);
		return rc;
	}
	*out = r;
	return ERR_OK;
}

enum err_code
replica_open(struct replica **out, struct env *env, const char *home, bool create, struct err *err)
{
	struct buf path = BUF_INIT;
	enum err_code rc;

	*out = NULL;
	buf_printf(&path, "%s/log.db", home);
	rc = buf_str(&path) ? replica_open_in(out, env, &db_sqlite, buf_str(&path), buf_str(&path), create, err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&path);
	return rc;
}

void
replica_close(struct replica *r)
{
	if (!r)
		return;
	mem_free(r->first_ctx);
	db_close(&r->db);
	logs_clear(r);
	org_free(r->org);
	orders_free(r->orders);
	mem_free(r->logs);
	mem_free(r->sorted);
	mem_free(r->damaged);
	mem_free(r->batch);
	mem_free(r->attests);
	netkey_forget(r);
	mem_free(r->netkeys);
	buf_free(&r->own);
	mem_free(r->path);
	mem_free(r);
}

void
replica_set_hook(struct replica *r, const struct replica_hook *hook)
{
	r->hook = *hook;
}

void
replica_disk_is_full(struct replica *r, enum err_code (*first)(void *ctx, struct err *err), void *ctx)
{
	r->first = first;
	r->first_ctx = ctx;
}

bool
replica_waits_for_room(const struct replica *r)
{
	return r->first != NULL;
}

bool
replica_read_only(const struct replica *r)
{
	return r->db.read_only;
}

bool
replica_failed(const struct replica *r)
{
	return r->db.failed || r->lost;
}

bool
replica_lost(const struct replica *r)
{
	return r->lost;
}

/* --- the transaction --- */

static enum err_code
lost(const struct replica *r, struct err *err)
{
	if (db_shared(&r->db))
		return err_set(err, ERR_IO, "the database cannot be reached: nothing can be saved until it is back");
	return err_set(err, ERR_IO, "the store could not be read again after a failed write: open the home anew");
}

/* What it writes comes through here as well, and must find the way open. */
static enum err_code
write_first(struct replica *r, struct err *err)
{
	enum err_code (*first)(void *ctx, struct err *err) = r->first, rc;

	r->first = NULL;
	rc = first(r->first_ctx, err);
	if (rc != ERR_OK) {
		r->first = first;
		return rc;
	}
	mem_free(r->first_ctx);
	r->first_ctx = NULL;
	return ERR_OK;
}

enum err_code
replica_begin(struct replica *r, struct err *err)
{
	enum err_code rc;
	bool began;

	if (r->lost)
		return lost(r, err);
	rc = r->first != NULL ? write_first(r, err) : ERR_OK;
	if (rc != ERR_OK)
		return rc;
	began = !r->db.writing;
	rc = db_begin(&r->db, err);
	if (rc != ERR_OK || !began || !db_shared(&r->db))
		return rc;
	rc = news_take(r, err);
	return rc == ERR_OK ? rc : replica_abandon(r, err);
}

/* After a rollback: what memory ran ahead with is read back from the disk. */
static void
go_back(struct replica *r)
{
	struct err why = ERR_INIT;

	r->pending = 0;
	r->attest_count = 0;
	r->scrub_noted = false; /* perhaps: then it is noted twice */
	if (r->db.away && PLANTED(29)) {
		r->lost = false;
	} else if (r->db.away) {
		r->lost = true; /* until replica_tend() has read it all again */
	} else if (replica_load(r, &why) != ERR_OK) {
		env_logf(r->env, "store: reading back after a failed write: %s", why.text);
		logs_clear(r);
		r->lost = true;
	}
	if (r->hook.dropped)
		r->hook.dropped(r->hook.ctx);
}

void
replica_drop(struct replica *r)
{
	if (!r->db.writing)
		return;
	db_rollback(&r->db);
	go_back(r);
}

enum err_code
replica_abandon(struct replica *r, struct err *err)
{
	enum err_code rc = err ? err->code : ERR_IO;

	replica_drop(r);
	return rc;
}

/* The WAL still has the pages as they were. While a reader holds on to it the next commit tries again; opening does anyway. */
static void
empty_wal(struct replica *r)
{
	struct err err = ERR_INIT;

	if (!r->emptied)
		return;
	r->emptied = r->db.engine->settle(&r->db, &err) != ERR_OK;
	if (r->emptied)
		env_logf(r->env, "store: emptying the WAL after an erasure: %s", err.text);
}

enum err_code
replica_commit(struct replica *r, struct err *err)
{
	enum err_code rc;

	if (r->lost) /* what memory says may be more than what is saved */
		return lost(r, err);
	if (!r->db.writing)
		return ERR_OK;
	rc = replica_evaluate(r, err);
	if (rc == ERR_OK)
		rc = erase_apply(r, err);
	if (rc == ERR_OK)
		rc = attest_fold(r, err);
	if (rc == ERR_OK)
		rc = replica_live_on(r, err);
	if (rc != ERR_OK) {
		replica_drop(r);
		return rc;
	}
	rc = db_commit(&r->db, err);
	if (rc != ERR_OK) {
		err_wrap(err, "saving");
		go_back(r);
		return rc;
	}
	r->pending = 0;
	empty_wal(r);
	if (r->hook.committed)
		r->hook.committed(r->hook.ctx);
	return ERR_OK;
}

size_t
replica_pending(const struct replica *r)
{
	return r->pending;
}

/* --- the file --- */

uint64_t
replica_file_bytes(struct replica *r)
{
	return r->db.engine->bytes(&r->db);
}

void
replica_set_source(struct replica *r, const struct author *from)
{
	r->has_source = from != NULL;
	if (from != NULL)
		r->source = *from;
}

const struct author *
replica_source(const struct replica *r)
{
	return r->has_source ? &r->source : NULL;
}
