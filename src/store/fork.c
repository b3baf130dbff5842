/*
 * Two histories of one log. Which of them a replica met first is chance, so
 * neither may stay "the" log: the log ends before the fork point on every
 * replica, and what follows, all of it, is branches, each named by its first
 * entry. So replicas that hold the same entries have the same logs.
 *
 *   before   trunk 0 1 2 3 4            after   trunk 0 1 2
 *   came           1 2 3'                               ├─ branch (3, id of 3)   3 4
 *                                                       └─ branch (3, id of 3')  3'
 *
 * Spec: proto/log.md, 6 "Forks", proto/store.md, 4 "Forks".
 */
#include "store/replica_internal.h"

#include "base/mem.h"

/* --- where a run belongs --- */

/* The log of the family that holds an entry of this id at `seq`, or NO_LOG. */
static enum err_code
holder_of(struct replica *r, size_t trunk, uint64_t seq, const struct hash *id, size_t *out, struct err *err)
{
	enum err_code rc = ERR_OK;
	struct hash held;

	*out = NO_LOG;
	for (size_t i = trunk; i != NO_LOG; i = r->logs[i].next) {
		if (seq < r->logs[i].base || seq >= r->logs[i].head.len)
			continue;
		rc = logs_id_at(r, i, seq, &held, err);
		if (rc != ERR_OK)
			return rc;
		if (SAME(held, *id)) {
			*out = i;
			return ERR_OK;
		}
	}
	return ERR_OK;
}

static uint64_t
longest(const struct replica *r, size_t trunk)
{
	uint64_t len = 0;

	for (size_t i = trunk; i != NO_LOG; i = r->logs[i].next)
		len = r->logs[i].head.len > len ? r->logs[i].head.len : len;
	return len;
}

/* No log holds what the run's first entry follows. */
static enum err_code
no_parent(struct replica *r, size_t trunk, const struct entry *first, struct err *err)
{
	uint64_t len = longest(r, trunk);

	if (first->h.seq > len)
		return err_set(err, ERR_GAP, "entry %llu came and %llu is the next one", (unsigned long long)first->h.seq,
		               (unsigned long long)len);
	return err_set(err, ERR_FORK, "entry %llu follows another entry than the one held", (unsigned long long)first->h.seq);
}

enum err_code
fork_place(struct replica *r, size_t trunk, const struct entry *batch, size_t count, struct place *out, struct err *err)
{
	size_t at = NO_LOG, holder = NO_LOG;
	enum err_code rc;

	*out = (struct place){ 0, trunk, false };
	while (out->known < count) {
		rc = holder_of(r, trunk, batch[out->known].h.seq, &batch[out->known].id, &holder, err);
		if (rc != ERR_OK)
			return rc;
		if (holder == NO_LOG)
			break;
		at = holder;
		out->known++;
	}
	if (out->known == count)
		return ERR_OK;
	if (at == NO_LOG && batch[0].h.seq == 0) {
		at = trunk;
	} else if (at == NO_LOG) {
		rc = holder_of(r, trunk, batch[0].h.seq - 1, &batch[0].h.prev, &at, err);
		if (rc != ERR_OK)
			return rc;
		if (at == NO_LOG)
			return no_parent(r, trunk, &batch[0], err);
	}
	out->log = at;
	out->forks = r->logs[at].head.len > batch[out->known].h.seq || r->logs[at].ended;
	return ERR_OK;
}

/* --- keeping both --- */

static size_t
child_of(const struct replica *r, size_t parent)
{
	for (size_t i = parent; i != NO_LOG; i = r->logs[i].next) {
		if (r->logs[i].parent == parent)
			return i;
	}
	/* The chain runs in order of arrival, and a parent may have come after its branch. */
	for (size_t i = 0; i < r->count; i++) {
		if (r->logs[i].parent == parent)
			return i;
	}
	return NO_LOG;
}

/* The entry that stands where *e wants to stand: in log i itself or, where that has ended, first in a branch of it. */
static enum err_code
sibling_of(struct replica *r, size_t i, const struct entry *e, struct entry *out, struct buf *keep, struct err *err)
{
	size_t holder = r->logs[i].head.len > e->h.seq ? i : child_of(r, i);
	enum err_code rc;

	if (holder == NO_LOG)
		return err_set(err, ERR_DAMAGED, "a fork's branches are missing");
	rc = replica_entry(r, holder, e->h.seq, out, keep, err);
	if (rc == ERR_OK && !(out->has_sig && entry_sig_ok(out)))
		return err_set(err, ERR_FORK, "entry %llu differs from the one held, whose signature is lost", (unsigned long long)e->h.seq);
	return rc;
}

static enum err_code
put_proof(struct replica *r, const struct entry *a, const struct entry *b, struct err *err)
{
	struct buf encoded = BUF_INIT;
	struct fork_proof proof;
	struct stmt *s;
	enum err_code rc;

	fork_proof_make(&proof, a, b);
	fork_proof_encode(&encoded, &proof);
	s = db_stmt(&r->db, DB_FORK_ADD, "INSERT INTO fork(proof) VALUES(?1) ON CONFLICT DO NOTHING", err);
	if (!buf_ok(&encoded))
		rc = err_plain(err, ERR_NO_MEMORY);
	else if (!s)
		rc = err ? err->code : ERR_NO_MEMORY;
	else {
		db_bind_blob(s, 1, buf_bytes(&encoded));
		rc = db_run(&r->db, s, err);
		db_clear(s);
	}
	buf_free(&encoded);
	return rc;
}

static enum err_code
add_branch(struct replica *r, size_t parent, uint64_t seq, const struct hash *id, size_t *out, struct err *err)
{
	struct log_key key = r->logs[parent].head.key;
	enum err_code rc;

	key.is_branch = true;
	key.branch_seq = seq;
	key.branch_id = *id;
	rc = logs_add(r, &key, false, parent, out, err);
	if (rc == ERR_OK)
		r->logs[*out].head.head = r->logs[parent].head.head;
	return rc;
}

/* Branches of log i that begin where it ended before now belong to the half that moved. */
static enum err_code
move_children(struct replica *r, size_t i, size_t to, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_LOG_REPARENT, "UPDATE log SET parent = ?2 WHERE parent = ?1 AND no <> ?2", err);

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, (int64_t)i + 1);
	db_bind_int(s, 2, (int64_t)to + 1);
	for (size_t k = 0; k < r->count; k++) {
		if (r->logs[k].parent == i && k != to)
			r->logs[k].parent = to;
	}
	return db_run(&r->db, s, err);
}

static enum err_code
move_rows(struct replica *r, size_t i, size_t to, uint64_t seq, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_ENTRY_MOVE, "UPDATE entry SET n = n + ?3 WHERE n BETWEEN ?1 AND ?2", err);

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, row_of(r, i, seq));
	db_bind_int(s, 2, row_last(r, i));
	db_bind_int(s, 3, row_of(r, to, 0) - row_of(r, i, 0));
	return db_run(&r->db, s, err);
}

/* Log i from `seq` on becomes a branch of its own. */
static enum err_code
split_at(struct replica *r, size_t i, uint64_t seq, const struct hash *id, struct err *err)
{
	size_t to;
	enum err_code rc = add_branch(r, i, seq, id, &to, err);

	if (rc == ERR_OK)
		rc = move_rows(r, i, to, seq, err);
	if (rc == ERR_OK)
		rc = move_children(r, i, to, err);
	if (rc != ERR_OK)
		return rc;
	r->logs[to].head.len = r->logs[i].head.len;
	r->logs[to].head.head = r->logs[i].head.head;
	r->logs[to].ended = r->logs[i].ended;
	r->logs[to].lacks = r->logs[i].lacks;
	r->logs[i].ended = true;
	rc = logs_load_head(r, i, err);
	if (rc == ERR_OK && r->hook.split)
		r->hook.split(r->hook.ctx, i, to, seq);
	return rc;
}

static size_t
family_size(const struct replica *r, size_t i)
{
	const struct log_key *key = &r->logs[i].head.key;
	size_t n = 0;

	for (size_t at = logs_trunk(r, &key->author, &key->stream, &key->inc); at != NO_LOG; at = r->logs[at].next)
		n++;
	return n;
}

enum err_code
fork_check(struct replica *r, size_t i, const struct entry *e, struct err *err)
{
	struct buf keep = BUF_INIT;
	struct entry held;
	enum err_code rc;

	if (!e->has_sig || !entry_sig_ok(e))
		return err_set(err, ERR_FORK, "entry %llu differs from the one held, and has no good signature to prove it",
		               (unsigned long long)e->h.seq);
	if (family_size(r, i) + 2 > BRANCHES_MAX)
		return err_set(err, ERR_FORK, "entry %llu: this log has forked too often to keep another branch",
		               (unsigned long long)e->h.seq);
	rc = sibling_of(r, i, e, &held, &keep, err);
	buf_free(&keep);
	return rc;
}

enum err_code
fork_split(struct replica *r, size_t i, const struct entry *e, size_t *to, struct err *err)
{
	struct buf keep = BUF_INIT;
	struct entry held;
	enum err_code rc;

	r->db.rewrites = true;
	rc = sibling_of(r, i, e, &held, &keep, err);
	if (rc == ERR_OK)
		rc = put_proof(r, &held, e, err);
	if (rc == ERR_OK && r->logs[i].head.len > e->h.seq)
		rc = split_at(r, i, e->h.seq, &held.id, err);
	if (rc == ERR_OK)
		rc = add_branch(r, i, e->h.seq, &e->id, to, err);
	buf_free(&keep);
	return rc;
}

enum err_code
replica_forks(struct replica *r, bool (*cb)(void *ctx, const struct fork_proof *proof), void *ctx, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_FORK_LIST, "SELECT proof FROM fork ORDER BY proof", err);
	struct fork_proof proof;
	int step = DB_DONE;
	bool more = true;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	while (more && (step = db_step(s)) == DB_ROW) {
		struct bytes in = db_blob(s, 0);

		/* A proof that no longer verifies proves nothing. */
		if (fork_proof_decode(&proof, in, NULL) == ERR_OK)
			more = cb(ctx, &proof);
	}
	db_reset(s);
	return !more || step == DB_DONE ? ERR_OK : db_error(&r->db, step, err);
}
