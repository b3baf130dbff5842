/*
 * Entries out again. A row holds what a header does not share with its
 * neighbours; the rest is its log's, and prev is the id of the row before.
 * Every header is rebuilt and hashed as it is read, and every payload too, so
 * a flipped bit is never shown and never sent on: a wrong header is
 * ERR_DAMAGED, a wrong payload counts as absent until a peer supplies it.
 */
#include "store/replica_internal.h"

#include <assert.h>

#include "base/mem.h"

/* Both orders of columns are one: the payload last, so that a scan of headers never touches its pages. */
#define SCAN(payload) \
	"SELECT n, kind, plen, sig_ok, erased, id, phash, sig, " payload " FROM entry WHERE n BETWEEN ?1 AND ?2 ORDER BY n"

static enum err_code
rows_statement(struct rows *w, bool headers_only, struct err *err)
{
	const char *sql = headers_only ? SCAN("NULL") : SCAN("payload");
	struct replica *r = w->r;

	if (!r->scanning) {
		w->s = db_stmt_for(&r->db, headers_only ? DB_SCAN_HEADERS : DB_SCAN_ALL, sql, DB_SCAN, err);
		r->scanning = w->s != NULL;
		return w->s ? ERR_OK : err ? err->code : ERR_NO_MEMORY;
	}
	/* A callback reads while a scan is under way: it gets a statement of its own. */
	w->own = true;
	return db_prepare(&r->db, sql, DB_SCAN, &w->s, err);
}

enum err_code
rows_open(struct rows *w, struct replica *r, size_t log, uint64_t from, uint64_t to, bool headers_only, struct err *err)
{
	const struct log *l = &r->logs[log];
	enum err_code rc = ERR_OK;

	memset(w, 0, sizeof(*w));
	w->r = r;
	w->log = log;
	if (from < l->base)
		from = l->base;
	w->to = to < l->head.len ? to : l->head.len;
	w->next.author = l->head.key.author;
	w->next.stream = l->head.key.stream;
	w->next.inc = l->head.key.inc;
	w->next.seq = from;
	if (from >= w->to)
		return ERR_OK; /* nothing to read, and no statement */
	if (from > l->base)
		rc = logs_id_at(r, log, from - 1, &w->next.prev, err);
	else if (l->parent != NO_LOG)
		w->next.prev = r->logs[l->parent].head.head; /* a parent ends where its branches begin */
	if (rc == ERR_OK)
		rc = rows_statement(w, headers_only, err);
	if (rc != ERR_OK)
		return rc;
	db_bind_int(w->s, 1, row_of(w->r, log, from));
	db_bind_int(w->s, 2, row_of(w->r, log, w->to - 1));
	return ERR_OK;
}

void
rows_close(struct rows *w)
{
	if (w->own) {
		db_finalize(w->s);
	} else if (w->s) {
		db_reset(w->s);
		w->r->scanning = false;
	}
	w->s = NULL;
}

/* Remembers a row whose payload is not what its author signed, so that it can be asked for again. */
static void
note_damage(struct replica *r, size_t log, uint64_t seq)
{
	uint64_t n = (uint64_t)row_of(r, log, seq), *grown;

	r->logs[log].lacks = true;
	for (size_t i = 0; i < r->damaged_count; i++) {
		if (r->damaged[i] == n)
			return;
	}
	grown = r->damaged_count < DAMAGED_MAX ? mem_room(r->damaged, r->damaged_count, &r->damaged_cap, sizeof(*grown)) : NULL;
	if (!grown)
		return; /* the next reader meets it again */
	r->damaged = grown;
	r->damaged[r->damaged_count++] = n;
}

/* Fills *e from the current row. False when the row cannot be an entry. */
static bool
take_row(struct rows *w, struct entry *e)
{
	struct stmt *s = w->s;
	int64_t kind = db_int(s, 1), plen = db_int(s, 2);
	struct hash stored;

	e->h = w->next;
	e->h.kind = (uint8_t)kind;
	e->h.plen = (uint32_t)plen;
	w->sig_ok = db_int(s, 3) != 0;
	w->erased = db_int(s, 4) != 0;
	if (kind < 1 || kind > 127 || plen < 1 || plen > PAYLOAD_BYTES_MAX || !DB_TAKE(s, 5, stored) || !DB_TAKE(s, 6, e->h.phash))
		return false;
	e->has_sig = db_take(s, 7, e->sig, sizeof(e->sig));
	e->id = header_id(&e->h);
	return SAME(e->id, stored);
}

static void
take_payload(struct rows *w, struct entry *e)
{
	struct hash h;

	e->payload = BYTES_NONE;
	e->has_payload = db_is_blob(w->s, 8);
	if (!e->has_payload)
		return;
	e->payload = db_blob(w->s, 8);
	if (w->r->as_stored)
		return;
	h = payload_hash(e->payload);
	if (e->payload.len == e->h.plen && SAME(h, e->h.phash))
		return;
	note_damage(w->r, w->log, e->h.seq);
	e->has_payload = false;
	e->payload = BYTES_NONE;
}

bool
rows_next(struct rows *w, struct entry *e, enum err_code *rc, struct err *err)
{
	char name[NAME_BYTES];
	int step;

	if (w->next.seq >= w->to)
		return false;
	step = db_step(w->s);
	if (step != DB_ROW && step != DB_DONE) {
		*rc = db_error(&w->r->db, step, err);
		return false;
	}
	if (step == DB_DONE || row_seq(db_int(w->s, 0)) != w->next.seq || !take_row(w, e)) {
		*rc = err_set(err, ERR_DAMAGED, "%s: entry %llu is %s", log_name(name, &w->r->logs[w->log].head.key),
		              (unsigned long long)w->next.seq, step == DB_DONE ? "missing" : "missing or damaged");
		return false;
	}
	take_payload(w, e);
	w->next.seq++;
	w->next.prev = e->id;
	return true;
}

enum err_code
replica_entry(struct replica *r, size_t log, uint64_t seq, struct entry *out, struct buf *keep, struct err *err)
{
	struct rows w;
	enum err_code rc;
	char name[NAME_BYTES];

	buf_clear(keep);
	assert(log < r->count);
	if (seq < r->logs[log].base || seq >= r->logs[log].head.len)
		return err_set(err, ERR_UNKNOWN, "%s: entry %llu is not held", log_name(name, &r->logs[log].head.key),
		               (unsigned long long)seq);
	rc = rows_open(&w, r, log, seq, seq + 1, false, err);
	if (rc == ERR_OK && rows_next(&w, out, &rc, err) && out->has_payload) {
		buf_put_bytes(keep, out->payload);
		out->payload = buf_bytes(keep);
		if (!buf_ok(keep))
			rc = err_plain(err, ERR_NO_MEMORY);
	}
	rows_close(&w);
	return rc;
}

enum err_code
replica_scan(struct replica *r, size_t log, uint64_t from, uint64_t to, bool headers_only,
             bool (*cb)(void *ctx, const struct entry *e), void *ctx, struct err *err)
{
	struct rows w;
	struct entry e;
	enum err_code rc;

	assert(log < r->count);
	rc = rows_open(&w, r, log, from, to, headers_only, err);
	while (rc == ERR_OK && rows_next(&w, &e, &rc, err) && cb(ctx, &e))
		;
	rows_close(&w);
	return rc;
}

uint64_t
replica_content(struct replica *r, size_t log, uint64_t from, uint64_t to)
{
	struct stmt *s = db_stmt(&r->db, DB_ENTRY_HELD, "SELECT count(*) FROM entry WHERE n BETWEEN ?1 AND ?2 AND payload IS NOT NULL", NULL);
	uint64_t count = to - from; /* what cannot be read is not known to be without */

	assert(from < to);
	if (!s)
		return count;
	db_bind_int(s, 1, row_of(r, log, from));
	db_bind_int(s, 2, row_of(r, log, to - 1));
	if (db_step(s) == DB_ROW)
		count = (uint64_t)db_int(s, 0);
	db_reset(s);
	return count;
}

bool
replica_lacking(struct replica *r, size_t log, uint64_t from, uint64_t *seq)
{
	struct stmt *s;
	uint64_t best = UINT64_MAX, n_from = (uint64_t)row_of(r, log, from), n_to = (uint64_t)row_last(r, log) + 1;

	if (log >= r->count || !r->logs[log].lacks)
		return false;
	s = db_stmt(&r->db, DB_LACKING_NEXT,
	            "SELECT n FROM entry WHERE payload IS NULL AND erased = 0 AND n >= ?1 AND n < ?2 ORDER BY n LIMIT 1", NULL);
	if (s) {
		db_bind_int(s, 1, (int64_t)n_from);
		db_bind_int(s, 2, (int64_t)n_to);
		if (db_step(s) == DB_ROW)
			best = (uint64_t)db_int(s, 0);
		db_reset(s);
	}
	for (size_t i = 0; i < r->damaged_count; i++) {
		if (r->damaged[i] >= n_from && r->damaged[i] < n_to && r->damaged[i] < best)
			best = r->damaged[i];
	}
	*seq = row_seq((int64_t)best);
	return best != UINT64_MAX;
}

size_t
replica_damaged(const struct replica *r)
{
	return r->damaged_count;
}

/* --- runs for peers --- */

struct run_end { size_t len, count; uint64_t seq; };

/* Whether a run may end on `e`: only where the author's own signature has been seen to be good. */
static bool
may_end(const struct rows *w, const struct entry *e)
{
	return e->has_sig && (w->sig_ok || entry_sig_ok(e));
}

/* Unverified entries are remembered and tried only if the run would end on them. */
static enum err_code
fill_run(struct rows *w, struct run_writer *run, size_t bytes_max, struct run_end *end, struct err *err)
{
	struct buf *out = run->out;
	size_t start = out->len;
	struct entry e, last;
	bool last_open = false; /* `last` is the newest entry written and nobody has checked it */
	struct run_end at = { 0, 0, 0 };
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && rows_next(w, &e, &rc, err)) {
		size_t cost = (e.has_payload ? e.payload.len : sizeof(e.h.phash)) + SIG_BYTES + 16;

		if (run->count > 0 && out->len - start + cost > bytes_max)
			break;
		run_add(run, &e);
		at = (struct run_end){ out->len, run->count, e.h.seq + 1 };
		last_open = !w->sig_ok;
		if (last_open)
			last = e; /* its payload goes with the row; the signature needs only the id */
		else
			*end = at;
	}
	if (last_open && last.has_sig && entry_sig_ok(&last))
		*end = at;
	return rc;
}

/* The slow way, when the last entry's signature turned out bad: the newest good one before it. */
static enum err_code
find_end(struct rows *w, uint64_t to, uint64_t *end, struct err *err)
{
	enum err_code rc = ERR_OK;
	struct entry e;

	while (rc == ERR_OK && w->next.seq < to && rows_next(w, &e, &rc, err)) {
		if (may_end(w, &e))
			*end = e.h.seq + 1;
	}
	return rc;
}

static enum err_code
write_run(struct replica *r, size_t log, uint64_t from, uint64_t to, bool headers_only, size_t bytes_max,
          struct buf *out, struct run_end *end, uint64_t *reached, struct err *err)
{
	struct run_writer run;
	struct rows w;
	enum err_code rc = rows_open(&w, r, log, from, to, headers_only, err);

	if (rc == ERR_OK && w.s) {
		run_begin(&run, out, &w.next);
		rc = fill_run(&w, &run, bytes_max, end, err);
		*reached = from + run.count;
		run.count = end->count;
		if (buf_ok(out) && end->count > 0)
			out->len = end->len;
		if (run_finish(&run) == 0 && !buf_ok(out) && rc == ERR_OK)
			rc = err_plain(err, ERR_NO_MEMORY);
	}
	rows_close(&w);
	return rc;
}

enum err_code
replica_read_run(struct replica *r, size_t log, uint64_t from, uint64_t to, bool headers_only,
                 size_t bytes_max, struct buf *out, uint64_t *next, struct err *err)
{
	struct run_end end = { 0, 0, 0 };
	uint64_t reached, good;
	enum err_code rc;
	struct rows w;

	assert(log < r->count);
	if (from < r->logs[log].base)
		from = r->logs[log].base;
	*next = reached = good = from;
	rc = write_run(r, log, from, to, headers_only, bytes_max, out, &end, &reached, err);
	if (rc == ERR_DAMAGED && end.count > 0)
		rc = err_forgive(err); /* what stands before the damage is served; the next call meets it at its start */
	if (rc != ERR_OK || end.count > 0 || reached == from) {
		*next = end.count > 0 ? end.seq : from;
		return rc;
	}
	/* Nothing stored as verified in the whole window: look for an end among the others. */
	rc = rows_open(&w, r, log, from, reached, true, err);
	if (rc == ERR_OK)
		rc = find_end(&w, reached, &good, err);
	rows_close(&w);
	if (rc != ERR_OK || good == from)
		return rc;
	end = (struct run_end){ 0, 0, 0 };
	rc = write_run(r, log, from, good, headers_only, bytes_max, out, &end, &reached, err);
	*next = end.count > 0 ? end.seq : from;
	return rc;
}
