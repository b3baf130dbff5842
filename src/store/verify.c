/*
 * Everything once more, from the bytes on the disk: pages, then every id,
 * link, payload and signature. It reads rows itself and not through rows_next,
 * which stops at the first fault, because here the next ones count as well.
 */
#include "store/replica_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { PROGRESS_EVERY = 1000 };

struct check {
	struct replica *r;
	void (*finding)(void *ctx, const char *text);
	void (*progress)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;
	uint64_t done;
	struct header next;  /* of the log being read */
	bool after_gap;      /* prev is unknown, so the id must be taken as stored */
};

static void found(struct check *c, size_t log, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
found(struct check *c, size_t log, const char *fmt, ...)
{
	char text[256], name[NAME_BYTES];
	va_list ap;
	int n = log == NO_LOG ? snprintf(text, sizeof(text), "log.db: ") :
	        snprintf(text, sizeof(text), "%s: ", log_name(name, &c->r->logs[log].head.key));

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	c->finding(c->ctx, text);
}

/* --- one entry --- */

static void
check_payload(struct check *c, size_t log, const struct entry *e, struct stmt *s)
{
	struct bytes payload;
	struct hash h;

	if (!db_is_blob(s, 7))
		return; /* absent or erased: the header alone is what is held */
	payload = db_blob(s, 7);
	h = payload_hash(payload);
	if (payload.len != e->h.plen)
		found(c, log, "entry %llu: its payload has %zu bytes and should have %lu", (unsigned long long)e->h.seq,
		      payload.len, (unsigned long)e->h.plen);
	else if (!SAME(h, e->h.phash))
		found(c, log, "entry %llu: its payload does not match its hash", (unsigned long long)e->h.seq);
}

/*
 * The header is rebuilt from the row, the log and the id before it. Where the
 * result is not the stored id, the signature says which of them is wrong.
 */
static void
check_row(struct check *c, size_t log, struct stmt *s)
{
	struct hash stored;
	struct entry e;
	bool id_held = DB_TAKE(s, 4, stored), whole, sig_good;

	memset(&e, 0, sizeof(e));
	e.h = c->next;
	e.h.kind = (uint8_t)db_int(s, 1);
	e.h.plen = (uint32_t)db_int(s, 2);
	whole = e.h.kind >= 1 && e.h.kind <= 127 && e.h.plen >= 1 && e.h.plen <= PAYLOAD_BYTES_MAX && DB_TAKE(s, 5, e.h.phash);
	e.has_sig = db_take(s, 6, e.sig, sizeof(e.sig));
	if (whole)
		e.id = c->after_gap && id_held ? stored : header_id(&e.h);
	c->after_gap = false;
	sig_good = whole && e.has_sig && entry_sig_ok(&e);
	if (!whole || !id_held)
		found(c, log, "entry %llu: its header is damaged", (unsigned long long)e.h.seq);
	else if (!SAME(e.id, stored))
		found(c, log, "entry %llu: its id does not match its header", (unsigned long long)e.h.seq);
	else if (e.has_sig && !sig_good)
		found(c, log, "entry %llu: %s", (unsigned long long)e.h.seq, err_meaning(ERR_SIGNATURE));
	else if (!db_is_null(s, 6) && !e.has_sig)
		found(c, log, "entry %llu: its signature is damaged", (unsigned long long)e.h.seq);
	if (whole)
		check_payload(c, log, &e, s);
	c->next.seq++;
	c->next.prev = sig_good || !id_held ? e.id : stored; /* so that one fault is one finding */
	if (c->progress && ++c->done % PROGRESS_EVERY == 0)
		c->progress(c->ctx, c->done, c->r->entries);
}

/* --- one log --- */

static void
start_log(struct check *c, size_t log)
{
	const struct log *l = &c->r->logs[log];

	memset(&c->next, 0, sizeof(c->next));
	c->after_gap = false;
	c->next.author = l->head.key.author;
	c->next.stream = l->head.key.stream;
	c->next.inc = l->head.key.inc;
	c->next.seq = l->base;
	if (l->parent != NO_LOG)
		c->next.prev = c->r->logs[l->parent].head.head;
}

/* Entries that the rows jump over. What the next one links to is gone too: only its signature speaks for its id. */
static void
check_jump(struct check *c, size_t log, uint64_t seq)
{
	if (seq > c->next.seq + 1)
		found(c, log, "entries %llu to %llu are missing", (unsigned long long)c->next.seq, (unsigned long long)seq - 1);
	else if (seq > c->next.seq)
		found(c, log, "entry %llu is missing", (unsigned long long)c->next.seq);
	c->after_gap = seq > c->next.seq;
	c->next.seq = seq;
}

static enum err_code
check_log(struct check *c, size_t log, struct stmt *s, struct err *err)
{
	struct err why = ERR_INIT;
	enum err_code rc = ERR_OK;
	int step;

	start_log(c, log);
	db_bind_int(s, 1, row_of(c->r, log, 0));
	db_bind_int(s, 2, row_last(c->r, log));
	while ((step = db_step(s)) == DB_ROW) {
		check_jump(c, log, row_seq(db_int(s, 0)));
		check_row(c, log, s);
	}
	db_reset(s);
	if (step != DB_DONE && (rc = db_error(&c->r->db, step, &why)) == ERR_DAMAGED) {
		found(c, log, "from entry %llu on it cannot be read: %s", (unsigned long long)c->next.seq, why.text);
		rc = ERR_OK;
	} else if (step != DB_DONE)
		err_set(err, rc, "%s", why.text);
	else
		check_jump(c, log, c->r->logs[log].head.len > c->next.seq ? c->r->logs[log].head.len : c->next.seq);
	return rc;
}

static enum err_code
check_logs(struct check *c, struct err *err)
{
	struct stmt *s = NULL;
	enum err_code rc = db_prepare(&c->r->db, "SELECT n, kind, plen, sig_ok, id, phash, sig, payload FROM entry"
	                              " WHERE n BETWEEN ?1 AND ?2 ORDER BY n", DB_SCAN, &s, err);

	for (size_t log = 0; rc == ERR_OK && log < c->r->count; log++)
		rc = check_log(c, log, s, err);
	db_finalize(s);
	return rc;
}

/* --- pages --- */

static void
found_in_pages(void *ctx, const char *text)
{
	found(ctx, NO_LOG, "%s", text);
}

enum err_code
replica_verify(struct replica *r, void (*finding)(void *ctx, const char *text), void *ctx,
               void (*progress)(void *ctx, uint64_t done, uint64_t all), struct err *err)
{
	struct check c = { .r = r, .finding = finding, .progress = progress, .ctx = ctx };
	enum err_code rc = db_shared(&r->db) ? news_look(r, err) : ERR_OK;

	if (rc == ERR_OK)
		rc = r->db.engine->check(&r->db, found_in_pages, &c, err);

	if (rc == ERR_OK)
		rc = check_logs(&c, err);
	if (db_shared(&r->db))
		r->db.engine->look_end(&r->db);
	if (rc == ERR_OK && progress)
		progress(ctx, r->entries, r->entries);
	return rc;
}
