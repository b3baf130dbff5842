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
	struct stmt *s = NULL;
	char sql[512];
	enum err_code rc;
	int step;

	if (dry)
		(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE %s", l->table, l->where);
	else if (l->is_payload)
		(void)snprintf(sql, sizeof(sql), "UPDATE %s SET payload = NULL WHERE %s", l->table, l->where);
	else
		(void)snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s", l->table, l->where);
	rc = db_prepare(&r->db, sql, DB_ONE, &s, err);
	if (rc != ERR_OK)
		return rc;
	if (peer != NULL)
		DB_BIND(s, 1, *peer);
	step = db_step(s);
	if (step == DB_ROW)
		*sum += (uint64_t)db_int(s, 0);
	else if (step == DB_DONE)
		*sum += db_changes(s);
	else
		rc = db_error(&r->db, step, err);
	db_finalize(s);
	return rc;
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

static enum err_code
tidy(struct replica *r, bool dry, struct gc_found *found, struct err *err)
{
	enum err_code rc = ERR_OK;

	found->wal_bytes = r->db.engine->unsettled_bytes(&r->db);
	found->before = replica_file_bytes(r) + found->wal_bytes;
	if (!dry)
		rc = replica_begin(r, err);
	if (rc == ERR_OK)
		rc = run_all(r, dry, found, err);
	if (!dry && rc == ERR_OK)
		rc = db_commit(&r->db, err);
	else if (!dry)
		db_rollback(&r->db);
	if (rc != ERR_OK)
		return err_wrap(err, "tidying up");
	found->free_bytes = r->db.engine->free_bytes(&r->db);
	if (dry) {
		found->after = found->before - found->wal_bytes - found->free_bytes;
		return ERR_OK;
	}
	if (found->free_bytes > 0)
		rc = r->db.engine->rewrite(&r->db, true, err);
	if (rc == ERR_OK)
		rc = r->db.engine->settle(&r->db, err);
	found->after = replica_file_bytes(r);
	return rc == ERR_OK ? rc : err_wrap(err, "tidying up");
}

enum err_code
replica_gc(struct replica *r, bool dry, struct gc_found *found, struct err *err)
{
	void (*patience)(struct db *db, bool endless) = r->db.engine->patience;
	enum err_code rc;

	memset(found, 0, sizeof(*found));
	if (r->db.writing)
		return err_set(err, ERR_REFUSED, "entries are being taken in just now; try again in a moment");
	if (patience != NULL)
		patience(&r->db, true);
	rc = tidy(r, dry, found, err);
	if (patience != NULL)
		patience(&r->db, false);
	return rc;
}
