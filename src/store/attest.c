/*
 * The newest ATTEST of each device is kept in a table of its own; what it
 * lists goes into `custody`, where an ACK would put it. Both are done by the
 * commit, when all that came with the ATTEST is stored and evaluated.
 */
#include "store/attest.h"

#include "base/mem.h"
#include "store/replica_internal.h"

#define META_ATTESTED "store.attested" /* be64 ms ‖ inc ‖ be64 length of each log when it was last listed */
#define HOUR_MS 3600000ll
#define WEEK_MS (7 * 24 * HOUR_MS)
#define DAY_MS (24 * HOUR_MS)

/* ---- those of others, and our own again ---- */

enum err_code
attest_note(struct replica *r, size_t log, const struct entry *e, struct err *err)
{
	struct attest_at *room;

	if (e->h.kind != KIND_ATTEST || !e->has_payload)
		return ERR_OK;
	room = mem_room(r->attests, r->attest_count, &r->attest_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	r->attests = room;
	room[r->attest_count++] = (struct attest_at){ log, e->h.seq };
	return ERR_OK;
}

struct last { bool any; struct inc inc; int64_t older, seq; };

static struct last
last_of(struct replica *r, const struct author *by, struct buf *payload)
{
	struct stmt *s = db_stmt(&r->db, DB_ATTEST_GET, "SELECT inc, older, seq, payload FROM attest WHERE peer = ?1", NULL);
	struct last last = { .any = false };

	if (s == NULL)
		return last;
	DB_BIND(s, 1, *by);
	if (db_step(s) == DB_ROW && DB_TAKE(s, 0, last.inc)) {
		last.any = true;
		last.older = db_int(s, 1);
		last.seq = db_int(s, 2);
		if (payload != NULL) {
			buf_clear(payload);
			buf_put_bytes(payload, db_blob(s, 3));
		}
	}
	db_reset(s);
	return last;
}

static enum err_code
put_last(struct replica *r, const struct author *by, const struct last *l, struct bytes payload, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_ATTEST_PUT,
	                          "INSERT INTO attest(peer, inc, older, seq, payload) VALUES(?1, ?2, ?3, ?4, ?5)"
	                          " ON CONFLICT(peer) DO UPDATE SET inc = excluded.inc, older = excluded.older, seq = excluded.seq,"
	                          " payload = excluded.payload", err);

	if (s == NULL)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *by);
	DB_BIND(s, 2, l->inc);
	db_bind_int(s, 3, l->older);
	db_bind_int(s, 4, l->seq);
	db_bind_blob(s, 5, payload);
	return db_run(&r->db, s, err);
}

/* What a device said before it was restored or copied is no proof of what the home it has now holds; nor is an ACK from before that day. */
static enum err_code
forget_custody(struct replica *r, const struct author *by, uint64_t day, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_CUSTODY_FORGET, "DELETE FROM custody WHERE peer = ?1", err);
	enum err_code rc;

	if (s == NULL)
		return err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *by);
	rc = db_run(&r->db, s, err);
	s = rc == ERR_OK ? db_stmt(&r->db, DB_CLAIM_FORGET, "DELETE FROM claim WHERE peer = ?1", err) : NULL;
	if (s == NULL)
		return rc != ERR_OK ? rc : err ? err->code : ERR_NO_MEMORY;
	DB_BIND(s, 1, *by);
	rc = db_run(&r->db, s, err);
	return rc == ERR_OK ? ack_raise_floor(r, by, day * DAY_MS, err) : rc;
}

static enum err_code
fold_one(struct replica *r, struct attest_at at, struct attest *a, struct buf *keep, struct err *err)
{
	const struct org_device *d;
	struct extent it;
	struct last now, before;
	struct entry e;
	struct log_key key, before_key;
	size_t log;
	enum err_code rc = ERR_OK;

	if (at.log >= r->count || replica_entry(r, at.log, at.seq, &e, keep, NULL) != ERR_OK || e.h.kind != KIND_ATTEST || !e.has_payload)
		return ERR_OK; /* a fork has moved it, or it is damaged */
	key = r->logs[at.log].head.key;
	d = org_device_by_author(r->org, &key.author);
	if (d == NULL || d->gone || !org_effective(r->org, &key, at.seq) || attest_decode(a, e.payload, NULL) != ERR_OK)
		return ERR_OK;
	before = last_of(r, &key.author, NULL);
	now = (struct last){ .any = true, .inc = key.inc, .seq = (int64_t)at.seq, .older = replica_older(r, at.log) };
	log_key_init(&before_key, &key.author, &r->control, &before.inc);
	if (before.any && now.older >= OLD_INCS_MAX && replica_log_find(r, &before_key, &log)) /* it may have been listed since */
		before.older = replica_older(r, log);
	if (before.any && (now.older < before.older || (SAME(now.inc, before.inc) && now.seq <= before.seq)))
		return ERR_OK;
	if (now.older > before.older)
		rc = forget_custody(r, &key.author, a->day, err);
	while (rc == ERR_OK && extent_next(&a->delta, &it))
		if (!ack_outdates(r, &key.author, &it, at.log, at.seq) && (rc = ack_take_item(r, &key.author, &it, 0, err)) == ERR_OK)
			rc = claim_note(r, &key.author, &it, (int64_t)a->day * DAY_MS, err);
	return rc == ERR_OK ? put_last(r, &key.author, &now, e.payload, err) : rc;
}

enum err_code
attest_fold(struct replica *r, struct err *err)
{
	struct attest *a = r->attest_count > 0 ? mem_alloc(sizeof(*a)) : NULL;
	struct buf keep = BUF_INIT;
	enum err_code rc = r->attest_count > 0 && a == NULL ? err_plain(err, ERR_NO_MEMORY) : ERR_OK;

	for (size_t i = 0; i < r->attest_count && rc == ERR_OK && r->has_org && org_known(r->org); i++)
		rc = fold_one(r, r->attests[i], a, &keep, err);
	r->attest_count = 0;
	mem_free(a);
	buf_free(&keep);
	return rc;
}

bool
replica_attested(struct replica *r, const struct author *by, struct attest *out, struct buf *keep)
{
	return last_of(r, by, keep).any && buf_ok(keep) && attest_decode(out, buf_bytes(keep), NULL) == ERR_OK;
}

static bool
holds_item(struct replica *r, const struct extent *it, const struct author *by, const struct stream_id *stream)
{
	struct hash id;
	size_t log;

	if (!replica_log_by_short(r, &it->log, &log))
		return true; /* a log of a stream that is not ours to hold; the caller asks for the one that would be */
	if (!SAME(r->logs[log].head.key.author, *by) || !SAME(r->logs[log].head.key.stream, *stream) || it->len == 0)
		return true;
	return it->len <= r->logs[log].head.len && it->len > r->logs[log].base && logs_id_at(r, log, it->len - 1, &id, NULL) == ERR_OK &&
	       memcmp(id.b, it->head8, sizeof(it->head8)) == 0;
}

bool
replica_holds_attested(struct replica *r, const struct author *by, const struct stream_id *stream)
{
	struct buf keep = BUF_INIT;
	struct attest *a = mem_alloc(sizeof(*a));
	struct last last = last_of(r, by, &keep);
	bool good = a != NULL && last.any && attest_decode(a, buf_bytes(&keep), NULL) == ERR_OK;
	struct extent it;
	struct log8 mine;
	struct log_key key;
	size_t log;

	log_key_init(&key, by, stream, &last.inc);
	mine = log8_of(&key);
	while (good && extent_next(&a->delta, &it))
		good = holds_item(r, &it, by, stream) && (!SAME(it.log, mine) || replica_log_by_short(r, &mine, &log));
	mem_free(a);
	buf_free(&keep);
	return good;
}

/* ---- our own ---- */

struct since { bool any; int64_t ms; struct inc inc; struct buf lens; }; /* lens: be64 per log */

static enum err_code
load_since(struct replica *r, struct since *s, struct err *err)
{
	enum err_code rc = replica_own_get(r, META_ATTESTED, &s->lens, err);

	if (rc == ERR_UNKNOWN)
		return err_forgive(err);
	if (rc != ERR_OK || s->lens.len < 16)
		return rc;
	s->any = true;
	s->ms = (int64_t)be64_get(s->lens.p);
	memcpy(s->inc.b, s->lens.p + 8, sizeof(s->inc.b));
	return ERR_OK;
}

static uint64_t
len_then(const struct since *s, size_t log)
{
	return s->any && s->lens.len >= 16 + 8 * (log + 1) ? be64_get(s->lens.p + 16 + 8 * log) : 0;
}

static bool
take_news(void *ctx, const struct entry *e)
{
	*(bool *)ctx = e->h.kind != KIND_RECEIPT && e->h.kind != KIND_ATTEST && e->h.kind != KIND_FORK;
	return !*(bool *)ctx;
}

/* Has anything come that is worth a word? What confirms and attests must not call up the next confirmation for ever. */
static bool
anything_new(struct replica *r, const struct since *s)
{
	bool news = false;

	for (size_t i = 0; i < r->count && !news; i++) {
		const struct log_head *h = &r->logs[i].head;
		uint64_t then = len_then(s, i);

		if (h->len <= then)
			continue;
		if (!SAME(h->key.stream, r->control))
			news = true;
		else if (replica_scan(r, i, then, h->len, true, take_news, &news, NULL) != ERR_OK)
			news = true;
	}
	return news;
}

static bool
is_due(struct replica *r, const struct org_device *self, const struct since *s, int64_t now)
{
	if (!s->any || now < s->ms) /* never yet, or the clock was wrong */
		return true;
	if (now - s->ms < HOUR_MS)
		return false;
	return anything_new(r, s) || (self->coordinator && now - s->ms >= WEEK_MS);
}

/* A log some payload of which should be here and is not is no log that we can answer for. */
static bool
is_whole(struct replica *r, const struct org_device *self, size_t log)
{
	uint64_t seq;

	return !r->logs[log].lacks || org_share(r->org, self, &r->logs[log].head.key.stream) != SHARE_ALL ||
	       !replica_lacking(r, log, 0, &seq);
}

static enum err_code
append(struct replica *r, const struct device_keys *keys, const struct inc *inc, const struct attest *a, struct err *err)
{
	struct buf payload = BUF_INIT;
	struct entry e;
	enum err_code rc;

	attest_encode(&payload, a);
	rc = buf_ok(&payload) ? replica_append(r, keys, inc, &r->control, KIND_ATTEST, buf_bytes(&payload), &e, err)
	                      : err_plain(err, ERR_NO_MEMORY);
	buf_free(&payload);
	return rc;
}

/* One ATTEST, or several when there is more to list than one holds. `lens` becomes what is listed. */
static enum err_code
write_all(struct replica *r, const struct device_keys *keys, const struct inc *inc, const struct org_device *self,
          const struct since *s, struct attest *a, struct buf *lens, struct err *err)
{
	size_t count = r->count, items = 0; /* the OPEN of a new log comes with the ATTEST itself */
	bool whole = !s->any || !SAME(s->inc, *inc), wrote = false;
	struct buf delta = BUF_INIT;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < count && rc == ERR_OK; i++) {
		const struct log_head *h = &r->logs[i].head;
		struct extent it = extent_of(h);
		bool own = SAME(h->key.author, keys->sign_pk);

		if (!is_whole(r, self, i)) {
			buf_put_be64(lens, len_then(s, i));
			continue;
		}
		buf_put_be64(lens, h->len);
		if (h->len == 0 || (!whole && !own && h->len == len_then(s, i)))
			continue;
		extent_put(&delta, &it);
		if (++items < ATTEST_ITEMS_MAX)
			continue;
		a->delta = buf_bytes(&delta);
		rc = buf_ok(&delta) ? append(r, keys, inc, a, err) : err_plain(err, ERR_NO_MEMORY);
		wrote = true;
		items = 0;
		buf_clear(&delta);
	}
	a->delta = buf_bytes(&delta);
	if (rc == ERR_OK && (items > 0 || !wrote))
		rc = buf_ok(&delta) ? append(r, keys, inc, a, err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&delta);
	return rc;
}

enum err_code
replica_attest(struct replica *r, const struct device_keys *keys, const struct inc *inc, const struct attest_epoch *epochs,
               size_t epoch_count, bool *wrote, struct err *err)
{
	const struct org_device *d = r->has_org && org_known(r->org) ? org_device_by_author(r->org, &keys->sign_pk) : NULL;
	int64_t now = r->env->ops->wall_ms(r->env);
	struct since s = { .lens = BUF_INIT };
	struct org_device self;
	struct buf lens = BUF_INIT;
	struct attest *a;
	enum err_code rc;

	if (wrote != NULL)
		*wrote = false;
	if (d == NULL || !org_device_live(d) || r->db.read_only)
		return ERR_OK;
	self = *d;
	rc = load_since(r, &s, err);
	if (rc != ERR_OK || !is_due(r, &self, &s, now)) {
		buf_free(&s.lens);
		return rc;
	}
	a = mem_zero(1, sizeof(*a));
	if (a == NULL) {
		buf_free(&s.lens);
		return err_plain(err, ERR_NO_MEMORY);
	}
	a->day = now > 0 ? (uint64_t)(now / DAY_MS) : 0;
	a->logs = r->count;
	a->epoch_count = epoch_count < ATTEST_EPOCHS_MAX ? epoch_count : ATTEST_EPOCHS_MAX;
	if (a->epoch_count > 0)
		memcpy(a->epochs, epochs, a->epoch_count * sizeof(*epochs));
	rc = replica_evaluate(r, err);
	org_digest(r->org, a->ctl_digest);
	replica_frontier(r, NULL, NULL, a->frontier_root);
	buf_put_be64(&lens, (uint64_t)now);
	buf_put(&lens, inc->b, sizeof(inc->b));
	if (rc == ERR_OK)
		rc = write_all(r, keys, inc, &self, &s, a, &lens, err);
	if (rc == ERR_OK)
		rc = buf_ok(&lens) ? replica_own_put(r, META_ATTESTED, buf_bytes(&lens), err) : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK && wrote != NULL)
		*wrote = true;
	mem_free(a);
	buf_free(&lens);
	buf_free(&s.lens);
	return rc;
}

/* ---- leaving ---- */

enum err_code
replica_attest_leaving(struct replica *r, const struct device_keys *keys, const struct inc *inc, struct err *err)
{
	int64_t now = r->env->ops->wall_ms(r->env);
	struct attest *a = mem_zero(1, sizeof(*a));
	enum err_code rc;

	if (a == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	a->day = now > 0 ? (uint64_t)(now / DAY_MS) : 0;
	a->logs = r->count;
	rc = replica_evaluate(r, err);
	org_digest(r->org, a->ctl_digest);
	replica_frontier(r, NULL, NULL, a->frontier_root);
	if (rc == ERR_OK)
		rc = append(r, keys, inc, a, err);
	mem_free(a);
	return rc;
}

static bool
says_nothing_is_held(struct replica *r, size_t log)
{
	struct buf keep = BUF_INIT;
	struct entry e;
	bool yes = replica_entry(r, log, LEAVING_LEN - 1, &e, &keep, NULL) == ERR_OK && attest_says_leaving(&e);

	buf_free(&keep);
	return yes;
}

bool
replica_is_leaving(struct replica *r, const struct author *self, const struct inc *inc, size_t *log)
{
	size_t at = r->has_org ? logs_trunk(r, self, &r->control, inc) : NO_LOG;

	if (at == NO_LOG || r->logs[at].head.len != LEAVING_LEN)
		return false;
	for (size_t i = 0; i < r->count; i++) {
		const struct log_head *h = &r->logs[i].head;

		if (i != at && h->len > 0 && SAME(h->key.inc, *inc) && SAME(h->key.author, *self))
			return false; /* it has gone on writing */
	}
	if (log != NULL)
		*log = at;
	return says_nothing_is_held(r, at);
}
