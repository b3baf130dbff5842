/*
 * Deleting what an approved order names: in the transaction that brings the
 * approval, and as it comes in afterwards. Headers stay, so every chain still
 * verifies; only DATA of team streams goes, whatever a request may name, for
 * no erasure may change who belongs here. Spec: proto/org.md, 9 "Erasure".
 *
 * `secure_delete` zeroes what is freed, and not the gap that a page is left with when the tree is balanced: a copy of
 * what moved to the next page stays in it. So a store in which something was erased is written anew when it is idle.
 *
 * Zeroed pages (secure_delete) reach the database file with the checkpoint that
 * follows the commit, and the WAL, which still holds what stood in them
 * before, is cut to nothing.
 */
#include "store/replica_internal.h"

#include "base/mem.h"
#include "base/plant.h"

#define META_SCRUB "store.scrub"

struct doomed { struct replica *r; int64_t *rows; size_t count, cap; enum err_code rc; struct err *err; };

struct coming { const struct entry *run; size_t count; };

static bool
run_holds(void *ctx, const struct log_key *log, uint64_t seq, const uint8_t head16[16])
{
	const struct coming *c = ctx;
	uint64_t first = c->run[0].h.seq;

	(void)log;
	return seq >= first && seq - first < c->count && memcmp(c->run[seq - first].id.b, head16, 16) == 0;
}

bool
erase_covers(struct replica *r, const struct entry *run, size_t count)
{
	const struct header *h = &run[0].h;
	struct coming coming = { run, count };
	struct log_key key;

	if (SAME(h->stream, r->control) || r->orders == NULL)
		return false;
	r->orders_dirty = r->orders_dirty || orders_end_at(r->orders, h, &run[0].id);
	if (h->kind != KIND_DATA)
		return false;
	log_key_init(&key, &h->author, &h->stream, &h->inc);
	return orders_cover(r->orders, r->org, &key, h->seq, run_holds, &coming);
}

enum err_code
erase_tell(struct replica *r, const struct entry *e, struct err *err)
{
	struct err why = ERR_INIT;
	struct log_key key;
	enum err_code rc;

	if (e->h.kind != KIND_ERASE_REQ && e->h.kind != KIND_ERASE_OK && e->h.kind != KIND_RECEIPT)
		return ERR_OK;
	log_key_init(&key, &e->h.author, &e->h.stream, &e->h.inc);
	rc = orders_add(r->orders, &key, e, &why);
	if (rc == ERR_MALFORMED) { /* kept with its entry, and without a part in what is decided */
		env_logf(r->env, "store: %s", why.text);
		return ERR_OK;
	}
	return rc == ERR_OK ? rc : err_set(err, rc, "%s", why.text);
}

static enum err_code
erase_row(struct replica *r, int64_t n, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_ENTRY_ERASE, "UPDATE entry SET payload = NULL, erased = 1 WHERE n = ?1", err);
	enum err_code rc;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, n);
	rc = db_run(&r->db, s, err);
	ingest_forget_damage(r, n);
	r->emptied = r->emptied || rc == ERR_OK;
	if (rc != ERR_OK || r->scrub_noted)
		return rc;
	r->scrub_due = r->scrub_noted = true;
	return replica_meta_put(r, META_SCRUB, BYTES_STR("due"), err);
}

/* What was due when the store was closed is due again. */
enum err_code
erase_load(struct replica *r, struct err *err)
{
	struct buf b = BUF_INIT;
	enum err_code rc = replica_meta_get(r, META_SCRUB, &b, err);

	r->scrub_noted = rc == ERR_OK && b.len > 0;
	/* What this process has erased stays due: a commit of which nobody knows may still have become one. */
	r->scrub_due = r->scrub_due || r->scrub_noted;
	buf_free(&b);
	return rc == ERR_UNKNOWN ? err_forgive(err) : rc;
}

bool
replica_scrub_is_due(const struct replica *r)
{
	return r->scrub_due && !r->db.read_only;
}

enum err_code
replica_scrub(struct replica *r, struct err *err)
{
	enum err_code rc;

	if (!r->scrub_due || r->db.read_only || r->db.writing)
		return ERR_OK;
	rc = r->db.engine->rewrite(&r->db, false, err);
	if (rc == ERR_OK)
		rc = r->db.engine->settle(&r->db, err);
	if (rc == ERR_OK)
		rc = replica_meta_put(r, META_SCRUB, BYTES_NONE, err);
	if (rc == ERR_OK)
		rc = replica_commit(r, err);
	r->scrub_due = rc != ERR_OK;
	if (rc == ERR_OK)
		r->scrub_noted = false;
	return rc == ERR_OK ? rc : err_wrap(err, "writing the store anew after an erasure");
}

bool
replica_called_late(struct replica *r, size_t log, uint64_t seq)
{
	return r->orders != NULL && r->has_org && org_known(r->org) &&
	       orders_call_late(r->orders, r->org, &r->logs[log].head.key, seq, replica_holds, r);
}

/* Rows of one log within a range that still have a payload, or might be asked for one. */
static void
collect_rows(struct doomed *d, size_t log, struct erase_range range)
{
	struct replica *r = d->r;
	const struct log_head *l = &r->logs[log].head;
	uint64_t from = range.from > r->logs[log].base ? range.from : r->logs[log].base;
	uint64_t to = range.to < l->len ? range.to + 1 : l->len;
	struct stmt *s;
	int step = DB_DONE;

	if (from >= to)
		return;
	s = db_stmt(&r->db, DB_ENTRY_NAMED, "SELECT n FROM entry WHERE n BETWEEN ?1 AND ?2 AND erased = 0 AND kind = 32", d->err);
	if (!s) {
		d->rc = ERR_NO_MEMORY;
		return;
	}
	db_bind_int(s, 1, row_of(r, log, from));
	db_bind_int(s, 2, row_of(r, log, to - 1));
	while (d->rc == ERR_OK && (step = db_step(s)) == DB_ROW) {
		int64_t n = db_int(s, 0), *room;

		if (!orders_cover(r->orders, r->org, &l->key, row_seq(n), replica_holds, r))
			continue;
		room = mem_room(d->rows, d->count, &d->cap, sizeof(*room));
		if (room == NULL) {
			d->rc = err_plain(d->err, ERR_NO_MEMORY);
			break;
		}
		d->rows = room;
		room[d->count++] = n;
	}
	if (d->rc == ERR_OK && step != DB_DONE) /* what was not read would stay */
		d->rc = db_error(&r->db, step, d->err);
	db_reset(s);
}

/* Where the entry stands that the range ends with; NO_LOG when it is not held. What it names is there and in the logs that one goes on from. */
static size_t
find_end(struct replica *r, const struct erase_log *named, const struct erase_range *range)
{
	size_t log = logs_trunk(r, &named->author, &named->stream, &named->inc);

	for (; log != NO_LOG; log = r->logs[log].next) {
		const struct log *l = &r->logs[log];

		if (range->to >= l->base && range->to < l->head.len && replica_is_named(r, log, range->to, range->head16))
			return log;
	}
	return NO_LOG;
}

static void
collect_range(void *ctx, const struct erase_log *named, struct erase_range range)
{
	struct doomed *d = ctx;

	if (d->rc != ERR_OK || SAME(named->stream, d->r->control))
		return;
	for (size_t log = find_end(d->r, named, &range); log != NO_LOG && d->rc == ERR_OK; log = d->r->logs[log].parent)
		collect_rows(d, log, range);
	for (size_t log = PLANTED(26) ? logs_trunk(d->r, &named->author, &named->stream, &named->inc) : NO_LOG; log != NO_LOG; log = d->r->logs[log].next)
		collect_rows(d, log, range);
}

enum err_code
replica_scan_named(struct replica *r, const struct erase_log *named, const struct erase_range *range,
                   bool (*cb)(void *ctx, const struct entry *e), void *ctx, struct err *err)
{
	enum err_code rc;
	size_t log;

	replica_asks(r);
	log = find_end(r, named, range);
	rc = replica_was_told(r, err);
	for (; log != NO_LOG && rc == ERR_OK; log = r->logs[log].parent)
		if (range->from < r->logs[log].head.len)
			rc = replica_scan(r, log, range->from, range->to + 1, false, cb, ctx, err);
	return rc;
}

enum err_code
erase_apply(struct replica *r, struct err *err)
{
	struct doomed d = { .r = r, .err = err };

	orders_refresh(r->orders, r->org);
	if (!r->orders_dirty)
		return ERR_OK;
	replica_asks(r);
	orders_each_range(r->orders, collect_range, &d);
	if (d.rc == ERR_OK)
		d.rc = replica_was_told(r, err);
	for (size_t i = 0; i < d.count && d.rc == ERR_OK; i++)
		d.rc = erase_row(r, d.rows[i], err);
	mem_free(d.rows);
	r->orders_dirty = r->orders_dirty && d.rc != ERR_OK;
	return d.rc;
}

const struct orders *
replica_orders(const struct replica *r)
{
	return r->orders;
}

enum err_code
replica_erase(struct replica *r, size_t log, uint64_t seq, struct err *err)
{
	enum err_code rc = replica_begin(r, err);

	if (rc != ERR_OK)
		return rc;
	rc = erase_row(r, row_of(r, log, seq), err);
	return rc == ERR_OK ? rc : replica_abandon(r, err);
}

/* ---- receipts ---- */

static enum err_code
count_gone(struct replica *r, size_t log, struct erase_range range, uint64_t *held, uint64_t *gone, struct err *err)
{
	uint64_t from = range.from > r->logs[log].base ? range.from : r->logs[log].base;
	uint64_t to = range.to < r->logs[log].head.len ? range.to + 1 : r->logs[log].head.len;
	enum err_code rc = ERR_OK;
	struct stmt *s;
	int step;

	if (from >= to)
		return ERR_OK;
	*held += to - from;
	s = db_stmt(&r->db, DB_ENTRY_GONE, "SELECT count(*) FROM entry WHERE n BETWEEN ?1 AND ?2 AND payload IS NULL", err);
	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, row_of(r, log, from));
	db_bind_int(s, 2, row_of(r, log, to - 1));
	step = db_step(s);
	if (step == DB_ROW)
		*gone += (uint64_t)db_int(s, 0);
	else
		rc = db_error(&r->db, step, err);
	db_reset(s);
	return rc;
}

enum err_code
replica_receipt(struct replica *r, const struct erase_request *q, struct erase_receipt *out, struct err *err)
{
	uint64_t named = 0, held = 0;
	enum err_code rc = ERR_OK;

	out->gone = out->absent = 0;
	replica_asks(r);
	for (size_t i = 0; i < q->log_count; i++) {
		const struct erase_log *l = &q->logs[i];

		for (size_t k = 0; k < l->range_count; k++) {
			uint64_t size = l->ranges[k].to - l->ranges[k].from + 1;

			named = named > SEQ_MAX - size ? SEQ_MAX : named + size;
			for (size_t log = find_end(r, l, &l->ranges[k]); log != NO_LOG && rc == ERR_OK; log = r->logs[log].parent)
				rc = count_gone(r, log, l->ranges[k], &held, &out->gone, err);
		}
	}
	out->absent = named > held ? named - held : 0;
	return rc == ERR_OK ? replica_was_told(r, err) : rc;
}

/* Is content held in this log, or below it, that the range may be about? */
static bool
has_content(struct replica *r, size_t log, const struct erase_range *range)
{
	bool found = false;

	for (; log != NO_LOG && !found; log = r->logs[log].parent) {
		uint64_t from = range->from > r->logs[log].base ? range->from : r->logs[log].base;
		struct stmt *s;

		if (from >= r->logs[log].head.len)
			continue;
		s = db_stmt(&r->db, DB_ENTRY_CONTENT, "SELECT 1 FROM entry WHERE n BETWEEN ?1 AND ?2 AND kind = 32 AND payload IS NOT NULL LIMIT 1", NULL);
		if (!s)
			return true;
		db_bind_int(s, 1, row_of(r, log, from));
		db_bind_int(s, 2, row_of(r, log, r->logs[log].head.len - 1));
		found = db_step(s) != DB_DONE; /* what cannot be read may be there */
		db_reset(s);
	}
	return found;
}

/* proto/org.md, 9: "A replica that holds entries within a range and not yet the one at `to` cannot tell whether they are those that are named." */
static bool
cannot_tell(struct replica *r, const struct erase_log *l, const struct erase_range *range)
{
	if (find_end(r, l, range) != NO_LOG)
		return false;
	for (size_t log = logs_trunk(r, &l->author, &l->stream, &l->inc); log != NO_LOG; log = r->logs[log].next)
		if (!r->logs[log].ended && r->logs[log].head.len <= range->to && has_content(r, log, range))
			return true;
	return false;
}

bool
replica_can_confirm(struct replica *r, const struct erase_request *q)
{
	replica_asks(r);
	for (size_t i = 0; i < q->log_count; i++)
		for (size_t k = 0; k < q->logs[i].range_count; k++)
			if (cannot_tell(r, &q->logs[i], &q->logs[i].ranges[k]))
				return false;
	return r->unread.code == ERR_OK;
}

enum err_code
replica_put_receipt(struct replica *r, const struct device_keys *keys, const struct inc *inc, const struct erase_receipt *q,
                    struct err *err)
{
	struct buf payload = BUF_INIT;
	struct entry e;
	enum err_code rc;

	erase_receipt_encode(&payload, q);
	rc = buf_ok(&payload) ? replica_append(r, keys, inc, &r->control, KIND_RECEIPT, buf_bytes(&payload), &e, err)
	                      : err_plain(err, ERR_NO_MEMORY);
	buf_free(&payload);
	return rc;
}

enum err_code
replica_confirm(struct replica *r, const struct device_keys *keys, const struct inc *inc, struct err *err)
{
	const struct org_device *self = r->has_org ? org_device_by_author(r->org, &keys->sign_pk) : NULL;
	enum err_code rc = ERR_OK;

	if (r->confirming || r->db.read_only || self == NULL || !org_device_live(self))
		return ERR_OK;
	r->confirming = true;
	for (size_t i = 0; i < orders_count(r->orders) && rc == ERR_OK; i++) {
		const struct erase_order *o = orders_at(r->orders, i);
		struct erase_receipt receipt = { .request = o->id, .keys = true };

		if (!o->approved || orders_receipt_of(r->orders, &o->id, &keys->sign_pk) != NULL || !replica_can_confirm(r, &o->request))
			continue;
		rc = replica_receipt(r, &o->request, &receipt, err);
		if (rc == ERR_OK)
			rc = replica_put_receipt(r, keys, inc, &receipt, err);
	}
	if (rc == ERR_OK)
		rc = replica_commit(r, err);
	r->confirming = false;
	return rc;
}
