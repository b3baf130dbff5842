/*
 * Replicas in memory, for the conversation alone: a shelf holds entries of a
 * world, each under its log or branch, and answers as sync_host. Rights are
 * those of a real evaluation. Any call that a real one may fail in can be
 * made to fail: shelf.fail_after, as mem_fail_after().
 */
#ifndef FALTBOK_TESTS_SHELF_H
#define FALTBOK_TESTS_SHELF_H

#include "office.h"

#include "log/run.h"
#include "org/ack.h"
#include "sync/sync.h"

enum { SHELF_LOGS = 5000, SHELF_LEN = 16 };

struct shelf_log {
	struct log_head head;
	const struct entry *at[SHELF_LEN]; /* by seq; a branch begins at its branch_seq */
	bool bare[SHELF_LEN];              /* the header alone is held */
	uint64_t acked;                    /* by the one other shelf */
};

struct shelf {
	const struct world *w;
	unsigned me, peer;
	struct shelf_log logs[SHELF_LOGS];
	size_t count;
	struct org *org;
	uint64_t acks, agreed, committed;
	uint32_t notice;
	bool full;                 /* no room for whoever connects */
	bool mute;                 /* reads nothing that could be vouched for */
	long calls, fail_after;    /* < 0: none fails */
	enum err_code fail_with;
};

static inline bool
shelf_fails(struct shelf *s, struct err *err, enum err_code *rc)
{
	if (s->fail_after < 0 || s->calls++ != s->fail_after)
		return false;
	*rc = err_set(err, s->fail_with, "as the test wants it");
	return true;
}

static inline bool
same_log(const struct log_key *a, const struct header *h)
{
	return SAME(a->author, h->author) && SAME(a->stream, h->stream) && SAME(a->inc, h->inc);
}

static inline uint64_t
shelf_base(const struct shelf_log *l)
{
	return l->head.key.is_branch ? l->head.key.branch_seq : 0;
}

/* Is that entry here? In which log? */
static inline struct shelf_log *
shelf_holding(struct shelf *s, const struct header *h, uint64_t seq, const struct hash *id)
{
	for (size_t i = 0; i < s->count; i++) {
		struct shelf_log *l = &s->logs[i];

		if (same_log(&l->head.key, h) && seq >= shelf_base(l) && seq < l->head.len && SAME(l->at[seq]->id, *id))
			return l;
	}
	return NULL;
}

/* Does a branch begin beside that entry? */
static inline bool
shelf_has_branch(const struct shelf *s, const struct header *h)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct shelf_log *l = &s->logs[i];

		if (same_log(&l->head.key, h) && l->head.key.is_branch && l->head.key.branch_seq == h->seq && SAME(l->at[h->seq]->h.prev, h->prev))
			return true;
	}
	return false;
}

static inline struct shelf_log *
shelf_new_log(struct shelf *s, const struct entry *e, bool branch)
{
	struct shelf_log *l = &s->logs[s->count];

	assert_in_range(s->count, 0, SHELF_LOGS - 1);
	memset(l, 0, sizeof(*l));
	log_key_init(&l->head.key, &e->h.author, &e->h.stream, &e->h.inc);
	l->head.key.is_branch = branch;
	if (branch) {
		l->head.key.branch_seq = e->h.seq;
		l->head.key.branch_id = e->id;
	}
	l->head.len = e->h.seq;
	l->head.short_id = log8_of(&l->head.key);
	s->count++;
	return l;
}

static inline void
shelf_append(struct shelf_log *l, const struct entry *e, bool bare)
{
	l->at[e->h.seq] = e;
	l->bare[e->h.seq] = bare;
	l->head.len = e->h.seq + 1;
	l->head.head = e->id;
}

/* proto/log.md, 6: the log ends where two histories begin, and both are logs of their own. */
static inline void
shelf_split(struct shelf *s, struct shelf_log *l, uint64_t seq)
{
	struct shelf_log *rest = shelf_new_log(s, l->at[seq], true);

	for (uint64_t k = seq; k < l->head.len; k++)
		shelf_append(rest, l->at[k], l->bare[k]);
	l->head.len = seq;
	l->head.head = l->at[seq - 1]->id;
	l->acked = l->acked < seq ? l->acked : seq;
}

/* Puts an entry where it belongs: at the end of a log, on a branch of its own, or ERR_GAP. */
static inline enum err_code
shelf_place(struct shelf *s, const struct entry *e, bool bare, bool *fresh, struct err *err)
{
	struct shelf_log *l = shelf_holding(s, &e->h, e->h.seq, &e->id), *below;
	bool control = SAME(e->h.stream, s->w->control);
	enum err_code rc;

	*fresh = l == NULL;
	if (l != NULL) {
		l->bare[e->h.seq] = l->bare[e->h.seq] && bare;
		return ERR_OK;
	}
	if (control || e->h.kind == KIND_TEAM_OPEN || e->h.kind == KIND_ADOPT) {
		rc = org_add(s->org, e, err);
		if (rc != ERR_OK)
			return rc;
	}
	below = e->h.seq == 0 ? NULL : shelf_holding(s, &e->h, e->h.seq - 1, &e->h.prev);
	if (e->h.seq > 0 && below == NULL)
		return err_set(err, ERR_GAP, "an entry before it is missing");
	if (below != NULL && below->head.len > e->h.seq)
		shelf_split(s, below, e->h.seq);
	if (below == NULL || shelf_has_branch(s, &e->h))
		below = shelf_new_log(s, e, below != NULL);
	shelf_append(below, e, bare);
	return ERR_OK;
}

/* ---- what sync asks ---- */

static inline bool
shelf_org(void *ctx, struct org_id *out)
{
	const struct shelf *s = ctx;

	*out = s->w->org;
	return org_known(s->org);
}

static inline enum sync_standing
shelf_standing(void *ctx)
{
	const struct shelf *s = ctx;
	const struct org_device *d = org_device_by_id(s->org, &s->w->actors[s->peer].id);

	return d == NULL ? SYNC_STRANGER : d->gone ? SYNC_REMOVED : SYNC_MEMBER;
}

static inline size_t
shelf_log_count(void *ctx)
{
	return ((struct shelf *)ctx)->count;
}

static inline const struct log_head *
shelf_log_at(void *ctx, size_t i)
{
	return &((struct shelf *)ctx)->logs[i].head;
}

static inline bool
shelf_log_find(void *ctx, const struct log_key *key, size_t *out)
{
	struct shelf *s = ctx;

	for (*out = 0; *out < s->count; ++*out)
		if (log_key_equal(&s->logs[*out].head.key, key))
			return true;
	return false;
}

static inline bool
shelf_is_control(void *ctx, const struct stream_id *stream)
{
	return SAME(((struct shelf *)ctx)->w->control, *stream);
}

static inline enum org_share
shelf_share(void *ctx, const struct stream_id *stream, bool to_peer)
{
	const struct shelf *s = ctx;

	return org_share(s->org, org_device_by_id(s->org, &s->w->actors[to_peer ? s->peer : s->me].id), stream);
}

static inline unsigned
shelf_order(void *ctx, const struct author *author)
{
	const struct org_device *d = org_device_by_author(((struct shelf *)ctx)->org, author);

	return d == NULL ? 0 : d->rank;
}

/* All of control proves anything. */
static inline uint64_t
shelf_proof(void *ctx, size_t log, bool removal)
{
	(void)removal;
	return ((struct shelf *)ctx)->logs[log].head.len;
}

static inline uint64_t
shelf_acked(void *ctx, size_t log)
{
	return ((struct shelf *)ctx)->logs[log].acked;
}

static inline bool
shelf_missing(void *ctx, size_t log, uint64_t from, uint64_t *lo, uint64_t *hi)
{
	struct shelf *s = ctx;
	const struct shelf_log *l = &s->logs[log];
	uint64_t seq = from > shelf_base(l) ? from : shelf_base(l);

	while (seq < l->head.len && !l->bare[seq])
		seq++;
	for (*lo = *hi = seq; *hi < l->head.len && l->bare[*hi]; ++*hi)
		;
	return *lo < *hi;
}

static inline enum err_code
shelf_read_run(void *ctx, size_t log, uint64_t from, uint64_t to, bool headers_only, size_t bytes_max, struct buf *out,
               uint64_t *next, struct err *err)
{
	struct shelf *s = ctx;
	const struct shelf_log *l = &s->logs[log];
	size_t start = out->len;
	struct run_writer w;
	enum err_code rc;

	if (shelf_fails(s, err, &rc))
		return rc;
	*next = from;
	if (s->mute)
		return ERR_OK;
	run_begin(&w, out, &l->at[from]->h);
	for (*next = from; *next < to && (*next == from || out->len - start < bytes_max); ++*next) {
		struct entry e = *l->at[*next];

		e.has_payload = !headers_only && !l->bare[*next];
		run_add(&w, &e);
	}
	run_finish(&w);
	return ERR_OK;
}

/* Entries are those of the world, and nobody else's: its ids stand for their signatures. */
static inline enum err_code
shelf_ingest(void *ctx, struct rd *run, uint64_t *stored, uint64_t *refused, struct err *err)
{
	struct shelf *s = ctx;
	struct run_reader r;
	enum err_code rc;

	(void)refused;
	if (shelf_fails(s, err, &rc))
		return rc;
	rc = run_open(&r, run, err);
	while (rc == ERR_OK && r.left > 0) {
		const struct entry *known;
		struct entry e;
		bool fresh;

		rc = run_next(&r, &e, err);
		if (rc != ERR_OK)
			return rc;
		known = world_find(s->w, e.id.b, sizeof(e.id.b));
		if (known == NULL)
			return err_set(err, ERR_SIGNATURE, "nobody has written that");
		if (org_device_by_author(s->org, &e.h.author) == NULL && !org_is_root(s->org, &e.h.author))
			return err_set(err, ERR_UNKNOWN, "an author nobody has admitted");
		rc = shelf_place(s, known, !e.has_payload, &fresh, err);
		*stored += rc == ERR_OK && fresh;
	}
	return rc;
}

static inline enum err_code
shelf_id_at(void *ctx, size_t log, uint64_t seq, struct hash *out, struct err *err)
{
	struct shelf *s = ctx;
	const struct shelf_log *l = &s->logs[log];
	enum err_code rc;

	if (shelf_fails(s, err, &rc))
		return rc;
	assert_in_range(seq, shelf_base(l), l->head.len - 1);
	*out = l->at[seq]->id;
	return ERR_OK;
}

static inline enum err_code
shelf_evaluate(void *ctx, struct err *err)
{
	struct shelf *s = ctx;
	enum err_code rc;

	return shelf_fails(s, err, &rc) ? rc : org_evaluate(s->org, err);
}

static inline enum err_code
shelf_commit(void *ctx, struct err *err)
{
	struct shelf *s = ctx;
	enum err_code rc;

	s->committed++;
	return shelf_fails(s, err, &rc) ? rc : ERR_OK;
}

static inline uint64_t
shelf_number(void *ctx)
{
	return ++((struct shelf *)ctx)->acks;
}

static inline void
shelf_sign(void *ctx, const uint8_t digest[32], uint8_t sig[64])
{
	struct shelf *s = ctx;

	sign_digest(sig, "fb1/ack/sig", digest, s->w->actors[s->me].keys.sign_sk);
}

static inline enum err_code
shelf_put_ack(void *ctx, struct bytes bytes, struct err *err)
{
	struct shelf *s = ctx;
	struct extent e;
	struct bytes delta;
	struct ack ack;
	uint8_t digest[32];
	enum err_code rc;

	if (shelf_fails(s, err, &rc))
		return rc;
	rc = ack_decode(&ack, bytes, err);
	if (rc != ERR_OK)
		return rc;
	ack_digest(digest, &s->w->org, &ack);
	if (!verify_digest(ack.sig, "fb1/ack/sig", digest, s->w->actors[s->peer].keys.sign_pk.b))
		return err_set(err, ERR_SIGNATURE, "an ACK that its sender has not signed");
	for (delta = ack.delta; extent_next(&delta, &e);)
		for (size_t i = 0; i < s->count; i++)
			if (SAME(s->logs[i].head.short_id, e.log))
				s->logs[i].acked = e.len;
	return ERR_OK;
}

static inline uint32_t
shelf_notice(void *ctx)
{
	return ((struct shelf *)ctx)->notice;
}

static inline void
shelf_agreed(void *ctx)
{
	((struct shelf *)ctx)->agreed++;
}

static inline bool
shelf_room(void *ctx)
{
	return !((struct shelf *)ctx)->full;
}

static inline struct sync_host
shelf_host(struct shelf *s)
{
	return (struct sync_host){
		s, shelf_org, shelf_standing, shelf_log_count, shelf_log_at, shelf_log_find, shelf_is_control, shelf_share, shelf_order,
		shelf_proof, shelf_acked, shelf_missing, shelf_read_run, shelf_ingest, shelf_id_at, shelf_evaluate, shelf_commit,
		shelf_number, shelf_sign, shelf_put_ack, shelf_notice, shelf_agreed, shelf_room, NULL,
	};
}

/* ---- making one ---- */

/* Of the world's entries those that `wanted` says: 'y' all of it, 'h' its header, anything else not. */
static inline struct shelf *
shelf_new(const struct world *w, unsigned me, unsigned peer, char (*wanted)(const struct world *w, size_t i))
{
	struct shelf *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->w = w;
	s->me = me;
	s->peer = peer;
	s->fail_after = -1;
	s->org = org_new();
	assert_non_null(s->org);
	org_set_holds(s->org, world_holds, (void *)(uintptr_t)w);
	for (size_t i = 0; i < w->count; i++) {
		char how = wanted(w, i);
		bool fresh;

		if (how == 'y' || how == 'h')
			assert_int_equal(shelf_place(s, &w->entries[i], how == 'h', &fresh, NULL), ERR_OK);
	}
	assert_int_equal(org_evaluate(s->org, NULL), ERR_OK);
	return s;
}

static inline void
shelf_free(struct shelf *s)
{
	org_free(s->org);
	free(s);
}

/* Entries, and how many of them whole. */
static inline uint64_t
shelf_entries(const struct shelf *s, uint64_t *whole)
{
	uint64_t n = 0;

	*whole = 0;
	for (size_t i = 0; i < s->count; i++)
		for (uint64_t seq = shelf_base(&s->logs[i]); seq < s->logs[i].head.len; seq++) {
			n++;
			*whole += !s->logs[i].bare[seq];
		}
	return n;
}

#endif
