/*
 * Proofs of custody. What a peer has said it holds is believed only as far as
 * it has signed, and only where its head is the id of an entry that we hold:
 * a length alone says nothing about which history it is the length of.
 * Each length points at the ACK that proves it; an ACK that proves nothing
 * any more is deleted.
 */
#include "store/replica_internal.h"

#include "base/plant.h"

#include <stdio.h>

#include "org/ack.h"

static enum err_code
ack_check(struct replica *r, const struct author *peer, const struct ack *a, struct err *err)
{
	uint8_t digest[32];
	enum err_code rc = replica_evaluate(r, err);

	if (rc != ERR_OK)
		return rc;
	if (!r->has_org || !org_device_by_author(r->org, peer))
		return err_set(err, ERR_UNKNOWN, "an ACK of a device that has not been admitted");
	ack_digest(digest, &r->org_id, a);
	return verify_digest(a->sig, "fb1/ack/sig", digest, peer->b) ? ERR_OK :
	       err_set(err, ERR_SIGNATURE, "an ACK: %s", err_meaning(ERR_SIGNATURE));
}

/* Is the acknowledged head one of ours, of a log that the peer holds whole? A header is no copy of what it heads. */
static bool
matches(struct replica *r, const struct author *peer, const struct extent *it, size_t *log)
{
	const struct log *l;
	struct hash id;

	if (!replica_log_by_short(r, &it->log, log))
		return false;
	l = &r->logs[*log];
	if (org_share(r->org, org_device_by_author(r->org, peer), &l->head.key.stream) != SHARE_ALL)
		return false;
	if (it->len == 0)
		return true; /* it holds nothing of it, or no longer */
	if (it->len <= l->base || it->len > l->head.len || logs_id_at(r, *log, it->len - 1, &id, NULL) != ERR_OK)
		return false;
	return memcmp(id.b, it->head8, sizeof(it->head8)) == 0;
}

static enum err_code
put_custody(struct replica *r, const struct author *peer, size_t log, uint64_t len, int64_t ack, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_CUSTODY_PUT, "INSERT INTO custody(peer, log, len, ack) VALUES(?1, ?2, ?3, ?4)"
	                          " ON CONFLICT(peer, log) DO UPDATE SET len = excluded.len, ack = excluded.ack", err);

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *peer);
	db_bind_int(s, 2, (int64_t)log + 1);
	db_bind_int(s, 3, (int64_t)len);
	db_bind_int(s, 4, ack);
	return db_run(&r->db, s, err);
}

enum err_code
ack_take_item(struct replica *r, const struct author *peer, const struct extent *it, int64_t ack, struct err *err)
{
	size_t log;

	return matches(r, peer, it, &log) ? put_custody(r, peer, log, it->len, ack, err) : ERR_OK;
}

/* As said: whether we hold so much of that log is another matter. */
static bool
lists_beyond(struct bytes proof, const struct log8 *log, uint64_t seq)
{
	struct extent it;
	struct ack a;

	if (ack_decode(&a, proof, NULL) != ERR_OK)
		return false;
	while (extent_next(&a.delta, &it))
		if (SAME(it.log, *log) && it.len > seq)
			return true;
	return false;
}

bool
ack_outdates(struct replica *r, const struct author *peer, const struct extent *it, size_t own, uint64_t seq)
{
	struct stmt *s;
	size_t log;
	bool yes;

	if (!replica_log_by_short(r, &it->log, &log))
		return false;
	s = db_stmt(&r->db, DB_CUSTODY_PROOF, "SELECT ack.proof FROM custody JOIN ack ON ack.no = custody.ack"
	            " WHERE custody.peer = ?1 AND custody.log = ?2 AND custody.len > ?3", NULL);
	if (s == NULL)
		return false; /* no proof is the safe answer */
	DB_BIND(s, 1, *peer);
	db_bind_int(s, 2, (int64_t)log + 1);
	db_bind_int(s, 3, (int64_t)it->len);
	yes = db_step(s) == DB_ROW && lists_beyond(db_blob(s, 0), &r->logs[own].head.short_id, seq);
	db_reset(s);
	return yes;
}

static enum err_code
put_proof(struct replica *r, const struct author *peer, struct bytes ack, int64_t *no, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_ACK_ADD, "INSERT INTO ack(peer, proof) VALUES(?1, ?2) RETURNING no", err);
	int step;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *peer);
	db_bind_blob(s, 2, ack);
	step = db_step(s);
	if (step == DB_ROW) {
		*no = db_int(s, 0);
		step = db_step(s);
	}
	if (step == DB_DONE)
		db_reset(s);
	return step == DB_DONE ? ERR_OK : db_error(&r->db, step, err);
}

static enum err_code
put_newest(struct replica *r, const struct author *peer, const struct ack *a, int64_t no, int64_t wall_ms, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_PEER_ACK,
	                          "INSERT INTO peer(author, last_seen_ms, frontier, ack) VALUES(?1, ?2, ?3, ?4)"
	                          " ON CONFLICT(author) DO UPDATE SET last_seen_ms = excluded.last_seen_ms,"
	                          " frontier = excluded.frontier, ack = excluded.ack", err);
	enum err_code rc;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *peer);
	db_bind_int(s, 2, wall_ms);
	db_bind_blob(s, 3, BYTES(a->root, sizeof(a->root)));
	db_bind_int(s, 4, no);
	rc = db_run(&r->db, s, err);
	if (rc != ERR_OK)
		return rc;
	s = db_stmt(&r->db, DB_ACK_PRUNE, "DELETE FROM ack WHERE peer = ?1 AND no <> ?2"
	            " AND NOT EXISTS (SELECT 1 FROM custody WHERE custody.ack = ack.no)", err);
	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *peer);
	db_bind_int(s, 2, no);
	return db_run(&r->db, s, err);
}

/* ---- which is newer ---- */

enum err_code
ack_raise_floor(struct replica *r, const struct author *peer, uint64_t n, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_ACK_FLOOR_PUT, "INSERT INTO ack_floor(peer, n) VALUES(?1, ?2)"
	                          " ON CONFLICT(peer) DO UPDATE SET n = excluded.n WHERE excluded.n > ack_floor.n", err);

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *peer);
	db_bind_int(s, 2, (int64_t)n);
	return db_run(&r->db, s, err);
}

/* The largest number that the peer has signed, as far as is known here. */
static uint64_t
floor_of(struct replica *r, const struct author *peer)
{
	struct stmt *s = db_stmt(&r->db, DB_ACK_FLOOR_GET, "SELECT n FROM ack_floor WHERE peer = ?1", NULL);
	uint64_t n = 0;
	int step;

	if (!s)
		return INT64_MAX; /* no proof is the safe answer */
	DB_BIND(s, 1, *peer);
	step = db_step(s);
	if (step != DB_DONE)
		n = step == DB_ROW ? (uint64_t)db_int(s, 0) : INT64_MAX;
	db_reset(s);
	return n;
}

enum err_code
replica_put_ack(struct replica *r, const struct author *peer, struct bytes ack, enum ack_way way, int64_t wall_ms, struct err *err)
{
	struct extent it;
	struct ack a;
	int64_t no = 0;
	enum err_code rc = ack_decode(&a, ack, err);

	if (rc == ERR_OK)
		rc = ack_check(r, peer, &a, err);
	if (rc == ERR_OK && way == ACK_CARRIED && a.n < floor_of(r, peer))
		return ERR_OK; /* an old stick: what it proved may have been lost since */
	if (rc == ERR_OK)
		rc = replica_begin(r, err);
	if (rc != ERR_OK)
		return rc;
	rc = put_proof(r, peer, ack, &no, err);
	if (rc == ERR_OK)
		rc = ack_raise_floor(r, peer, a.n, err);
	while (rc == ERR_OK && extent_next(&a.delta, &it))
		if ((rc = ack_take_item(r, peer, &it, no, err)) == ERR_OK)
			rc = claim_note(r, peer, &it, wall_ms, err);
	if (rc == ERR_OK)
		rc = put_newest(r, peer, &a, no, wall_ms, err);
	return rc == ERR_OK ? rc : replica_abandon(r, err);
}

uint64_t
replica_acked(const struct replica *r, const struct author *peer, size_t log)
{
	struct db *db = (struct db *)&r->db; /* the statement is a cache; nothing of the replica changes */
	struct stmt *s = db_stmt(db, DB_CUSTODY_GET, "SELECT len FROM custody WHERE peer = ?1 AND log = ?2", NULL);
	uint64_t len = 0;

	if (!s || log >= r->count)
		return 0;
	DB_BIND(s, 1, *peer);
	db_bind_int(s, 2, (int64_t)log + 1);
	if (db_step(s) == DB_ROW)
		len = PLANTED(25) ? r->logs[log].head.len : (uint64_t)db_int(s, 0);
	db_reset(s);
	/* A fork found since has shortened the log; what came after it must be acknowledged by its new name. */
	return len < r->logs[log].head.len ? len : r->logs[log].head.len;
}

enum err_code
replica_saw_peer(struct replica *r, const struct author *peer, const char *addr, const char *web, int64_t wall_ms, struct err *err)
{
	enum err_code rc = replica_begin(r, err);
	struct stmt *s;

	if (rc != ERR_OK)
		return rc;
	s = db_stmt(&r->db, DB_PEER_SEEN, "INSERT INTO peer(author, last_seen_ms, addr, web) VALUES(?1, ?2, ?3, ?4)"
	            " ON CONFLICT(author) DO UPDATE SET last_seen_ms = excluded.last_seen_ms,"
	            " addr = coalesce(excluded.addr, peer.addr), web = coalesce(excluded.web, peer.web)", err);
	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *peer);
	db_bind_int(s, 2, wall_ms);
	db_bind_text(s, 3, addr); /* NULL stays NULL */
	db_bind_text(s, 4, web);
	rc = db_run(&r->db, s, err);
	return rc == ERR_OK ? rc : replica_abandon(r, err);
}

size_t
replica_peers(struct replica *r, struct replica_peer *out, size_t max)
{
	struct stmt *s = db_stmt(&r->db, DB_PEER_LIST,
	                          "SELECT author, last_seen_ms, frontier, addr, web FROM peer ORDER BY last_seen_ms DESC, author", NULL);
	size_t n = 0;

	if (!s)
		return 0;
	while (n < max && db_step(s) == DB_ROW) {
		struct replica_peer *p = &out[n];
		const char *addr = db_text(s, 3), *web = db_text(s, 4);

		memset(p, 0, sizeof(*p));
		if (!DB_TAKE(s, 0, p->author))
			continue;
		p->last_seen_ms = db_int(s, 1);
		(void)!db_take(s, 2, p->frontier, sizeof(p->frontier));
		snprintf(p->addr, sizeof(p->addr), "%s", addr ? addr : "");
		snprintf(p->web, sizeof(p->web), "%s", web ? web : "");
		n++;
	}
	db_reset(s);
	return n;
}
