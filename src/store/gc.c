#include "store/gc.h"

#include <stdio.h>

#include "store/replica_internal.h"

/* Each is a place and what there is of no use in it. ?1 is a device's sign key where `by_peer`. */
struct litter { const char *table, *where; size_t found; bool by_peer, is_payload; };

static const struct litter litter[] = {
	{ "entry", "erased = 1 AND payload IS NOT NULL", offsetof(struct gc_found, payloads), false, true },
	{ "entry", "((n & 4611686018427387903) >> 40) NOT IN (SELECT no FROM log)", offsetof(struct gc_found, rows), false, false },
	{ "custody", "log NOT IN (SELECT no FROM log)", offsetof(struct gc_found, rows), false, false },
	{ "custody", "peer = ?1", offsetof(struct gc_found, custody), true, false },
	{ "claim", "peer = ?1", offsetof(struct gc_found, custody), true, false },
	{ "ack", "peer = ?1", offsetof(struct gc_found, custody), true, false },
	{ "ack", "no NOT IN (SELECT ack FROM custody) AND no < (SELECT max(a.no) FROM ack a WHERE a.peer = ack.peer)",
	  offsetof(struct gc_found, custody), false, false },
};

static enum err_code
run_one(struct replica *r, const struct litter *l, const struct author *peer, bool dry, struct gc_found *found, struct err *err)
{
	uint64_t *sum = (uint64_t *)((char *)found + l->found);
	sqlite3_stmt *s = NULL;
	char sql[512];
	int rc;

	if (dry)
		(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE %s", l->table, l->where);
	else if (l->is_payload)
		(void)snprintf(sql, sizeof(sql), "UPDATE %s SET payload = NULL WHERE %s", l->table, l->where);
	else
		(void)snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s", l->table, l->where);
	rc = sqlite3_prepare_v2(r->db.handle, sql, -1, &s, NULL);
	if (rc == SQLITE_OK && peer != NULL)
		DB_BIND(s, 1, *peer);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*sum += (uint64_t)sqlite3_column_int64(s, 0);
	else if (rc == SQLITE_DONE)
		*sum += (uint64_t)sqlite3_changes(r->db.handle);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? ERR_OK : db_error(&r->db, rc, err);
}

static enum err_code
run_all(struct replica *r, bool dry, struct gc_found *found, struct err *err)
{
	const struct org *org = replica_org(r);
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(litter) && rc == ERR_OK; i++) {
		if (!litter[i].by_peer) {
			rc = run_one(r, &litter[i], NULL, dry, found, err);
			continue;
		}
		for (size_t d = 0; org != NULL && d < org_device_count(org) && rc == ERR_OK; d++)
			if (org_device_at(org, d)->gone)
				rc = run_one(r, &litter[i], &org_device_at(org, d)->sign_pk, dry, found, err);
	}
	return rc;
}

static uint64_t
pragma(struct replica *r, const char *sql)
{
	sqlite3_stmt *s = NULL;
	uint64_t n = 0;

	if (sqlite3_prepare_v2(r->db.handle, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* Frames of a page and a header each, 0 where nothing stands in it. */
static uint64_t
wal_bytes(struct replica *r)
{
	int frames = 0;

	if (sqlite3_wal_checkpoint_v2(r->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, NULL) != SQLITE_OK || frames < 0)
		return 0;
	return (uint64_t)frames * (pragma(r, "PRAGMA page_size") + 24);
}

/* With its temporary copy on the disk: in memory it would be as large as the store. What stands there is sealed. */
static enum err_code
vacuum(struct replica *r, struct err *err)
{
	enum err_code rc = db_exec(&r->db, "PRAGMA temp_store = FILE", err), back;

	if (rc == ERR_OK)
		rc = db_exec(&r->db, "VACUUM", err);
	back = db_exec(&r->db, "PRAGMA temp_store = MEMORY", rc == ERR_OK ? err : NULL);
	return rc == ERR_OK ? back : rc;
}

enum err_code
replica_gc(struct replica *r, bool dry, struct gc_found *found, struct err *err)
{
	enum err_code rc = ERR_OK;

	memset(found, 0, sizeof(*found));
	if (r->db.writing)
		return err_set(err, ERR_REFUSED, "entries are being taken in just now; try again in a moment");
	found->wal_bytes = wal_bytes(r);
	found->before = replica_file_bytes(r) + found->wal_bytes;
	if (!dry)
		rc = db_begin(&r->db, err);
	if (rc == ERR_OK)
		rc = run_all(r, dry, found, err);
	if (!dry && rc == ERR_OK)
		rc = db_commit(&r->db, err);
	else if (!dry)
		db_rollback(&r->db);
	if (rc != ERR_OK)
		return err_wrap(err, "tidying up");
	found->free_bytes = pragma(r, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size");
	if (dry) {
		found->after = found->before - found->wal_bytes - found->free_bytes;
		return ERR_OK;
	}
	if (found->free_bytes > 0)
		rc = vacuum(r, err);
	if (rc == ERR_OK)
		rc = db_empty_wal(&r->db, err);
	found->after = replica_file_bytes(r);
	return rc == ERR_OK ? rc : err_wrap(err, "tidying up");
}
