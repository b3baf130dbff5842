/*
 * The road every foreign entry takes, and the hot one: a hundred thousand of
 * them come in runs of about a hundred. So a run is decoded into one array
 * that is kept, its payloads are borrowed from the frame, and the only work
 * per entry is two hashes and one prepared insert.
 *
 * All checks come before the first change: a refused run leaves no trace.
 */
#include "store/replica_internal.h"

#include "base/mem.h"
#include "base/plant.h"

enum {
	VERIFY_ALL_MAX = 8,         /* live exchange: every signature */
	/*
	 * Bulk: the last signature vouches for those below it (proto/log.md, 5). One
	 * more is checked within every so many bytes, so that a run cut anywhere
	 * later finds an end whose signature is known to be good.
	 */
	VERIFY_STRIDE_BYTES = REPLICA_RUN_BYTES - 512, /* less what begins a run */
	WIRE_OVERHEAD = SIG_BYTES + 16,
	ROW_OVERHEAD = 200,         /* what a row costs beside its payload, about */
};

/* --- reading and judging a run --- */

static enum err_code
read_batch(struct replica *r, struct run_reader *rr, size_t *count, struct err *err)
{
	enum err_code rc = ERR_OK;
	size_t n = 0;

	while (rc == ERR_OK && rr->left > 0) {
		if (n == r->batch_cap) {
			void *grown = mem_room(r->batch, n, &r->batch_cap, sizeof(*r->batch));

			if (!grown)
				return err_plain(err, ERR_NO_MEMORY);
			r->batch = grown;
		}
		rc = run_next(rr, &r->batch[n], err);
		n++;
	}
	*count = n;
	return rc;
}

/* Nobody is known before GENESIS but the root key, which came by another road. */
static enum err_code
check_author(struct replica *r, const struct header *h, struct err *err)
{
	enum err_code rc;

	if (!r->has_org)
		return err_set(err, ERR_REFUSED, "this store has no organisation yet");
	if (SAME(h->author, r->root) || org_is_root(r->org, &h->author))
		return SAME(h->stream, r->control) ? ERR_OK :
		       err_set(err, ERR_REFUSED, "a root key writes in the control stream only");
	if (org_device_by_author(r->org, &h->author))
		return ERR_OK;
	rc = replica_evaluate(r, err); /* the ADMIT, or the ROOTROT, may stand in this very transaction */
	if (rc != ERR_OK)
		return rc;
	if (org_speaks(r->org, &h->author))
		return ERR_OK;
	return PLANTED(12) ? ERR_OK : err_set(err, ERR_UNKNOWN, "no ADMIT for its author is known yet");
}

/* proto/log.md, 5: GENESIS begins the root's log and nothing else, and names this organisation. */
static enum err_code
check_genesis(struct replica *r, const struct entry *e, struct err *err)
{
	struct control_op op;
	struct org_id org;
	enum err_code rc;

	if (e->h.seq != 0 || !SAME(e->h.author, r->root) || !SAME(e->h.stream, r->control))
		return err_set(err, ERR_REFUSED, "a GENESIS stands where none may stand");
	if (!e->has_payload)
		return err_set(err, ERR_MALFORMED, "GENESIS came without its payload");
	rc = control_op_decode(&op, KIND_GENESIS, e->payload, err);
	if (rc != ERR_OK)
		return rc;
	org = org_id_of(&op.u.genesis);
	control_op_free(&op);
	return SAME(org, r->org_id) ? ERR_OK : err_set(err, ERR_REFUSED, "a GENESIS of another organisation");
}

static enum err_code
check_new(struct replica *r, const struct entry *batch, size_t count, struct err *err)
{
	bool control = SAME(batch[0].h.stream, r->control);

	for (size_t i = 0; i < count; i++) {
		enum err_code rc = ERR_OK;

		/* Unknown kinds are stored and relayed; a known one in the wrong stream could only confuse. */
		if (!control && kind_is_control(batch[i].h.kind))
			rc = err_set(err, ERR_REFUSED, "a control entry outside the control stream");
		else if (batch[i].h.kind == KIND_GENESIS)
			rc = check_genesis(r, &batch[i], err);
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static bool
must_verify(const struct entry *batch, size_t count, size_t i, size_t *since)
{
	size_t bytes = batch[i].h.plen + (size_t)WIRE_OVERHEAD, after;

	if (count <= VERIFY_ALL_MAX || i + 1 == count)
		return true;
	after = batch[i + 1].h.plen + (size_t)WIRE_OVERHEAD;
	*since += bytes;
	if (*since + after <= VERIFY_STRIDE_BYTES)
		return false;
	*since = 0;
	return true;
}

/*
 * The last signature must be good, and in a long run those due by the stride.
 * In a short one every other bad signature is dropped and its entry stays, as
 * the last one vouches for it: whoever relayed the run may not have known.
 */
static enum err_code
verify_new(struct entry *batch, size_t count, struct err *err)
{
	size_t since = 0;

	if (PLANTED(10))
		return ERR_OK;
	for (size_t i = count; i-- > 0;) {
		/* The last first: it is the one that garbage fails, at the price of one check. */
		if (i + 1 < count && count > VERIFY_ALL_MAX)
			break;
		if (batch[i].has_sig && entry_sig_ok(&batch[i]))
			continue;
		if (i + 1 == count)
			return err_set(err, ERR_SIGNATURE, "entry %llu: %s", (unsigned long long)batch[i].h.seq,
			               err_meaning(ERR_SIGNATURE));
		batch[i].has_sig = false;
	}
	for (size_t i = 0; count > VERIFY_ALL_MAX && i + 1 < count; i++) {
		if (must_verify(batch, count, i, &since) && !(batch[i].has_sig && entry_sig_ok(&batch[i])))
			return err_set(err, ERR_SIGNATURE, "entry %llu: %s", (unsigned long long)batch[i].h.seq,
			               err_meaning(ERR_SIGNATURE));
	}
	return ERR_OK;
}

/* --- storing --- */

static enum err_code
insert_entry(struct replica *r, size_t log, const struct entry *e, bool sig_ok, bool erased, struct err *err)
{
	struct stmt *s = db_stmt_for(&r->db, DB_ENTRY_ADD,
	                          "INSERT INTO entry(n, kind, plen, sig_ok, id, phash, sig, payload, erased)"
	                          " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", DB_MANY, err);

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, row_of(r, log, e->h.seq));
	db_bind_int(s, 2, e->h.kind);
	db_bind_int(s, 3, e->h.plen);
	db_bind_int(s, 4, sig_ok);
	DB_BIND(s, 5, e->id);
	DB_BIND(s, 6, e->h.phash);
	if (e->has_sig)
		db_bind_blob(s, 7, BYTES(e->sig, sizeof(e->sig)));
	else
		db_bind_null(s, 7);
	db_bind_int(s, 9, erased);
	if (e->has_payload && !erased)
		db_bind_blob(s, 8, e->payload);
	else
		db_bind_null(s, 8);
	return db_run(&r->db, s, err);
}

enum err_code
ingest_store(struct replica *r, size_t i, const struct entry *run, size_t count, bool sig_ok, struct err *err)
{
	const struct entry *e = run;
	enum err_code rc = insert_entry(r, i, e, sig_ok, erase_covers(r, run, count), err);
	struct log *l = &r->logs[i];

	if (rc != ERR_OK)
		return rc;
	l->head.len = e->h.seq + 1;
	l->head.head = e->id;
	l->lacks |= !e->has_payload;
	r->entries++;
	r->pending += e->payload.len + ROW_OVERHEAD;
	rc = replica_tell_org(r, e, err);
	if (rc == ERR_OK && r->has_org && SAME(e->h.stream, r->control))
		rc = attest_note(r, i, e, err);
	if (rc == ERR_OK && r->hook.stored)
		r->hook.stored(r->hook.ctx, i, e);
	return rc;
}

static enum err_code
store_new(struct replica *r, size_t i, const struct entry *batch, size_t count, struct err *err)
{
	enum err_code rc = ERR_OK;
	size_t since = 0;

	for (size_t k = 0; rc == ERR_OK && k < count; k++)
		rc = ingest_store(r, i, &batch[k], count - k, must_verify(batch, count, k, &since) && batch[k].has_sig, err);
	return rc;
}

/* --- what is held already --- */

void
ingest_forget_damage(struct replica *r, int64_t n)
{
	for (size_t i = 0; i < r->damaged_count; i++) {
		if (r->damaged[i] == (uint64_t)n)
			r->damaged[i] = r->damaged[--r->damaged_count];
	}
}

/* Puts a verified payload where none, or a damaged one, stands. Never where it was erased. */
static enum err_code
fill_one(struct replica *r, size_t log, const struct entry *e, uint64_t *filled, struct err *err)
{
	struct entry held;
	struct rows w;
	struct stmt *s;
	bool wanted = false;
	enum err_code rc = rows_open(&w, r, log, e->h.seq, e->h.seq + 1, false, err);

	if (rc == ERR_OK && rows_next(&w, &held, &rc, err))
		wanted = !held.has_payload && (!w.erased || PLANTED(18)) && SAME(held.id, e->id);
	rows_close(&w);
	if (rc != ERR_OK || !wanted)
		return rc;
	rc = replica_begin(r, err);
	s = rc == ERR_OK ? db_stmt(&r->db, DB_ENTRY_FILL, "UPDATE entry SET payload = ?2 WHERE n = ?1", err) : NULL;
	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, row_of(r, log, e->h.seq));
	db_bind_blob(s, 2, e->payload);
	rc = db_run(&r->db, s, err);
	if (rc != ERR_OK)
		return replica_abandon(r, err);
	ingest_forget_damage(r, row_of(r, log, e->h.seq));
	r->pending += e->payload.len;
	(*filled)++;
	/* What an order or a right rests on must be read anew by whoever shares this store. */
	r->db.rewrites = r->db.rewrites || e->h.kind != KIND_DATA;
	rc = replica_tell_org(r, e, err);
	if (rc != ERR_OK)
		return replica_abandon(r, err);
	if (r->hook.stored)
		r->hook.stored(r->hook.ctx, log, e);
	return ERR_OK;
}

static enum err_code
fill_known(struct replica *r, size_t trunk, const struct entry *batch, size_t count, uint64_t *filled, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t log = trunk; log != NO_LOG && rc == ERR_OK; log = r->logs[log].next) {
		for (size_t i = 0; (r->logs[log].lacks || PLANTED(18)) && rc == ERR_OK && i < count; i++) {
			uint64_t seq = batch[i].h.seq;

			if (batch[i].has_payload && seq >= r->logs[log].base && seq < r->logs[log].head.len)
				rc = fill_one(r, log, &batch[i], filled, err);
		}
	}
	return rc;
}

/*
 * Where the batch joins what is held. An id covers the whole history below
 * it, so one comparison, at the last entry both have, says that all of them
 * are the same.
 */
static enum err_code
find_place(struct replica *r, size_t trunk, const struct entry *batch, size_t count, struct place *p, struct err *err)
{
	const struct log *l = trunk == NO_LOG ? NULL : &r->logs[trunk];
	uint64_t len = l ? l->head.len : 0, first = batch[0].h.seq;
	struct chain_head head = { len, l ? l->head.head : (struct hash){ { 0 } } };
	enum err_code rc;
	struct hash id;

	*p = (struct place){ 0, trunk, false };
	if (l && (l->ended || l->next != NO_LOG))
		return fork_place(r, trunk, batch, count, p, err);
	if (first < len) {
		p->known = len - first < count ? (size_t)(len - first) : count;
		rc = logs_id_at(r, trunk, first + p->known - 1, &id, err);
		if (rc == ERR_OK && !SAME(id, batch[p->known - 1].id))
			return fork_place(r, trunk, batch, count, p, err);
		return rc;
	}
	return chain_check(&head, &batch[0], err);
}

/* --- the run --- */

/*
 * How many entries of the batch a stranger's stick may bring. By seq and not by number, so that all who read the same
 * stick hold the same of it.
 */
static size_t
unquarantined(struct replica *r, const struct header *h, struct entry *batch, size_t count)
{
	const struct org_device *d = r->has_org ? org_device_by_author(r->org, &h->author) : NULL;
	struct log_key key;
	uint64_t wanted;

	if (d == NULL || !d->gone)
		return count;
	log_key_init(&key, &h->author, &h->stream, &h->inc);
	wanted = org_wanted(r->org, &key);
	if (wanted > UINT64_MAX - REPLICA_QUARANTINE || batch[count - 1].h.seq < wanted + REPLICA_QUARANTINE)
		return count;
	while (count > 0 && batch[count - 1].h.seq >= wanted + REPLICA_QUARANTINE)
		count--;
	while (count > 0 && !(batch[count - 1].has_sig && entry_sig_ok(&batch[count - 1]))) /* a run ends on one that is good */
		count--;
	return count;
}

static enum err_code
accept_new(struct replica *r, const struct place *p, struct entry *batch, size_t count,
           struct ingest_counts *counts, struct err *err)
{
	size_t log = p->log;
	enum err_code rc;

	rc = check_new(r, batch, count, err);
	if (rc == ERR_OK)
		rc = verify_new(batch, count, err);
	if (rc == ERR_OK && p->forks && PLANTED(7))
		return ERR_OK;
	if (rc == ERR_OK && p->forks)
		rc = fork_check(r, log, &batch[0], err);
	if (rc == ERR_OK)
		rc = replica_begin(r, err);
	if (rc != ERR_OK)
		return rc;
	if (log == NO_LOG) {
		struct log_key key;

		memset(&key, 0, sizeof(key));
		key.author = batch[0].h.author;
		key.stream = batch[0].h.stream;
		key.inc = batch[0].h.inc;
		rc = logs_add(r, &key, false, NO_LOG, &log, err);
	} else if (p->forks) {
		rc = fork_split(r, log, &batch[0], &log, err);
		counts->forks += rc == ERR_OK;
	}
	if (rc == ERR_OK)
		rc = store_new(r, log, batch, count, err);
	if (rc != ERR_OK)
		return replica_abandon(r, err);
	counts->stored += count;
	return ERR_OK;
}

static enum err_code
ingest(struct replica *r, struct run_reader *rr, bool carried, size_t *size, struct ingest_counts *counts, struct err *err)
{
	const struct header h = rr->next;
	size_t count = 0, all, trunk;
	enum err_code rc;
	struct place p;

	*size = rr->left;
	rc = db_shared(&r->db) ? replica_begin(r, err) : ERR_OK; /* first what others have stored, then what this adds to it */
	if (rc == ERR_OK)
		rc = check_author(r, &h, err);
	if (rc != ERR_OK)
		return rc;
	trunk = logs_trunk(r, &h.author, &h.stream, &h.inc);
	if (trunk == NO_LOG && h.seq > 0)
		return err_set(err, ERR_GAP, "entry %llu came and none before it is held", (unsigned long long)h.seq);
	rc = read_batch(r, rr, &count, err);
	if (rc != ERR_OK)
		return rc;
	all = count;
	count = carried ? unquarantined(r, &h, r->batch, count) : count;
	counts->held_back += all - count;
	*size = count;
	if (count == 0)
		return ERR_OK;
	rc = find_place(r, trunk, r->batch, count, &p, err);
	if (rc != ERR_OK)
		return rc;
	*size = count - p.known;
	counts->known += p.known;
	if (p.known > 0)
		rc = fill_known(r, trunk, r->batch, p.known, &counts->payloads_filled, err);
	if (rc == ERR_OK && p.known < count)
		rc = accept_new(r, &p, r->batch + p.known, count - p.known, counts, err);
	return rc;
}

static enum err_code
ingest_run(struct replica *r, struct rd *rd, bool carried, struct ingest_counts *counts, struct err *err)
{
	const struct rd start = *rd;
	struct log_key key;
	struct run_reader rr;
	char name[NAME_BYTES];
	size_t size = 0;
	enum err_code rc = run_open(&rr, rd, err);

	if (rc != ERR_OK)
		return rc;
	memset(&key, 0, sizeof(key));
	key.author = rr.next.author;
	key.stream = rr.next.stream;
	rc = ingest(r, &rr, carried, &size, counts, err);
	if (rc == ERR_OK)
		return rc;
	/* The caller goes on behind the run, whatever became of it. */
	*rd = start;
	(void)rd_any(rd, SIZE_MAX);
	counts->refused += size;
	err_wrap(err, "%s", log_name(name, &key));
	return rc;
}

enum err_code
replica_ingest_run(struct replica *r, struct rd *rd, struct ingest_counts *counts, struct err *err)
{
	return ingest_run(r, rd, false, counts, err);
}

enum err_code
replica_ingest_carried(struct replica *r, struct rd *rd, struct ingest_counts *counts, struct err *err)
{
	return ingest_run(r, rd, true, counts, err);
}
