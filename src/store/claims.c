/* A longer claim counts whenever it arrives; a shorter one only when it is newer: a disk was lost. */
#include "store/claims.h"

#include "store/replica_internal.h"

enum err_code
claim_note(struct replica *r, const struct author *peer, const struct extent *it, int64_t at_ms, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_CLAIM_PUT, "INSERT INTO claim(peer, log8, len, at_ms) VALUES(?1, ?2, ?3, ?4)"
	                          " ON CONFLICT(peer, log8) DO UPDATE SET len = excluded.len, at_ms = excluded.at_ms"
	                          " WHERE excluded.len > claim.len OR (excluded.len < claim.len AND excluded.at_ms > claim.at_ms)", err);

	if (s == NULL)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *peer);
	DB_BIND(s, 2, it->log);
	db_bind_int(s, 3, (int64_t)it->len);
	db_bind_int(s, 4, at_ms);
	return db_run(&r->db, s, err);
}

enum err_code
replica_claims(struct replica *r, bool (*cb)(void *ctx, const struct claim *c), void *ctx, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_CLAIM_LIST, "SELECT peer, log8, len, at_ms FROM claim ORDER BY peer, log8", err);
	struct claim c;
	int rc = DB_DONE;

	if (s == NULL)
		return err ? err->code : ERR_NO_MEMORY;
	while ((rc = db_step(s)) == DB_ROW) {
		if (!DB_TAKE(s, 0, c.peer) || !DB_TAKE(s, 1, c.log))
			continue;
		c.len = (uint64_t)db_int(s, 2);
		c.at_ms = db_int(s, 3);
		if (!cb(ctx, &c))
			break;
	}
	db_reset(s);
	return rc == DB_ROW || rc == DB_DONE ? ERR_OK : db_error(&r->db, rc, err);
}

enum err_code
replica_custody(struct replica *r, const struct author *peer, uint64_t *lens, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_CUSTODY_LIST, "SELECT log, len FROM custody WHERE peer = ?1", err);
	int rc;

	memset(lens, 0, r->count * sizeof(*lens));
	if (s == NULL)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *peer);
	while ((rc = db_step(s)) == DB_ROW) {
		uint64_t log = (uint64_t)db_int(s, 0) - 1, len = (uint64_t)db_int(s, 1);

		if (log < r->count) /* a fork found since may have shortened it */
			lens[log] = len < r->logs[log].head.len ? len : r->logs[log].head.len;
	}
	db_reset(s);
	return rc == DB_DONE ? ERR_OK : db_error(&r->db, rc, err);
}
