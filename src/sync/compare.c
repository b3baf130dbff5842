/*
 * Who holds what. The opener sends a digest a bucket; the answerer lists its
 * logs of the buckets that differ; the opener lists, of these, only the logs
 * that differ, with length 0 for those it has never seen. So each side has
 * learned what the other lacks after one and a half exchanges, and a replica
 * of a thousand authors says it in under 5 KB.
 */
#include "sync/sync_internal.h"

#include "base/mem.h"

void
compare_begin(struct sync *s, enum sync_scope scope)
{
	s->phase = PHASE_COMPARE;
	s->scope = scope;
	s->opener = s->compared = s->mask_known = false;
	s->done_sent = s->peer_done = false;
	s->acks_sent = s->ack_got = s->exchange_over = false;
	s->forks = s->done_forks = s->peer_forks = 0;
	s->probes_open = 0;
	buf_clear(&s->reply);
	for (size_t i = 0; i < s->log_count; i++)
		s->logs[i].probing = s->logs[i].forked = s->logs[i].answered = false;
}

void
compare_snap(struct sync *s)
{
	for (size_t i = 0; i < s->log_count; i++)
		s->logs[i].snap = sync_head(s, i)->len;
}

void
compare_all_equal(struct sync *s, enum sync_scope scope)
{
	for (size_t i = 0; i < s->log_count; i++)
		if (sync_in_scope(s, sync_head(s, i), scope)) {
			s->logs[i].known = true;
			s->logs[i].theirs = s->logs[i].snap;
		}
	s->scope_through[scope] = true;
}

static bool
masked(const uint8_t *mask, size_t bucket)
{
	return (mask[bucket / 8] >> (bucket % 8) & 1) != 0;
}

static size_t
bucket_of(const struct sync *s, const struct log_head *h)
{
	return h->short_id.b[0] & (s->bucket_count - 1);
}

/* The heads of the scope, as they are. The caller frees. */
static struct log_head *
collect_heads(struct sync *s, enum sync_scope scope, size_t *count)
{
	struct log_head *heads = mem_alloc((s->log_count + 1) * sizeof(*heads));

	*count = 0;
	for (size_t i = 0; heads != NULL && i < s->log_count; i++)
		if (sync_in_scope(s, sync_head(s, i), scope))
			heads[(*count)++] = *sync_head(s, i);
	return heads;
}

enum err_code
compare_open(struct sync *s, enum sync_scope scope, struct err *err)
{
	uint8_t digests[256][8];
	struct log_head *heads;
	size_t count;
	enum err_code rc = sync_meet_logs(s, err);

	if (rc != ERR_OK)
		return rc;
	compare_begin(s, scope);
	compare_snap(s);
	heads = collect_heads(s, scope, &count);
	if (heads == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	s->opener = true;
	s->bucket_count = bucket_count_for(count);
	bucket_digests(digests, s->bucket_count, heads, count);
	mem_free(heads);
	return sync_say(s, &(struct message){ MSG_BUCKETS, { .buckets = { (uint8_t)scope, s->bucket_count, digests[0] } } }, err);
}

/* Says what s->reply holds as one HAVE or, when it is long, several. */
static enum err_code
say_reply(struct sync *s, bool last, struct err *err)
{
	struct message m = { MSG_HAVE, { .have = { (uint8_t)s->scope, BYTES(s->mask, s->bucket_count / 8), last,
	                                           buf_bytes(&s->reply) } } };
	enum err_code rc = buf_ok(&s->reply) ? sync_say(s, &m, err) : err_plain(err, ERR_NO_MEMORY);

	buf_clear(&s->reply);
	return rc;
}

static enum err_code
reply_item(struct sync *s, struct extent e, struct err *err)
{
	if (s->reply.len + EXTENT_BYTES_MAX > HAVE_BYTES_MAX) {
		enum err_code rc = say_reply(s, false, err);

		if (rc != ERR_OK)
			return rc;
	}
	extent_put(&s->reply, &e);
	return ERR_OK;
}

static enum err_code
list_masked(struct sync *s, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; rc == ERR_OK && i < s->log_count; i++) {
		const struct log_head *h = sync_head(s, i);

		if (!sync_in_scope(s, h, s->scope))
			continue;
		if (masked(s->mask, bucket_of(s, h))) {
			rc = reply_item(s, extent_of(h), err);
		} else {
			s->logs[i].known = true;
			s->logs[i].theirs = s->logs[i].snap;
		}
	}
	return rc == ERR_OK ? say_reply(s, true, err) : rc;
}

static enum err_code
compare_finished(struct sync *s, struct err *err)
{
	s->compared = s->scope_through[s->scope] = true;
	s->queue_stale = true;
	return s->scope == SCOPE_TEAMS ? push_ask(s, err) : ERR_OK;
}

enum err_code
compare_buckets(struct sync *s, const struct msg_buckets *m, struct err *err)
{
	uint8_t mine[256][8];
	struct log_head *heads;
	bool differ = false;
	size_t count;
	enum err_code rc;

	if (s->opener && !s->config.initiator)
		return ERR_OK; /* both opened at once: the responder's comparison goes on, and the initiator gives up its own */
	if (s->phase != PHASE_LIVE && (s->phase != PHASE_COMPARE || s->compared || m->scope != s->scope))
		return err_set(err, ERR_MALFORMED, "BUCKETS out of turn");
	rc = sync_evaluate(s, err); /* on a live link the control entries that made it necessary came just before */
	if (rc == ERR_OK)
		rc = sync_meet_logs(s, err);
	if (rc != ERR_OK)
		return rc;
	compare_begin(s, m->scope);
	compare_snap(s);
	heads = collect_heads(s, s->scope, &count);
	if (heads == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	s->bucket_count = m->count;
	bucket_digests(mine, m->count, heads, count);
	mem_free(heads);
	memset(s->mask, 0, sizeof(s->mask));
	for (size_t i = 0; i < m->count; i++)
		if (memcmp(mine[i], m->digests + 8 * i, 8) != 0) {
			s->mask[i / 8] |= (uint8_t)(1u << (i % 8));
			differ = true;
		}
	rc = list_masked(s, err);
	if (rc == ERR_OK && !differ)
		rc = compare_finished(s, err);
	return rc;
}

/* ---- what the peer holds of one log ---- */

/* Nothing of the log is sent, and the scope is not through, before its fork is found. */
static void
await_fork(struct sync *s, size_t i)
{
	struct log_state *st = &s->logs[i];

	st->known = false;
	if (!st->probing)
		s->probes_open++;
	st->probing = true;
}

static void
fork_found(struct sync *s, size_t i, uint64_t at)
{
	struct log_state *st = &s->logs[i];

	if (st->probing) {
		st->probing = false;
		s->probes_open--;
	}
	st->known = st->listed = st->forked = true;
	st->theirs = at; /* from here on both push their own side of it */
	s->forks++;
	s->queue_stale = true;
}

/* An empty PROBE says where the fork is; it needs no answer. */
static enum err_code
say_found(struct sync *s, size_t i, uint64_t at, struct err *err)
{
	struct msg_probe m = { sync_head(s, i)->short_id, at, at, 0, 0, NULL };

	fork_found(s, i, at);
	return sync_say(s, &(struct message){ MSG_PROBE, { .probe = m } }, err);
}

static enum err_code
say_probe(struct sync *s, size_t i, uint64_t lo, uint64_t hi, struct err *err)
{
	uint64_t step = (hi - lo + PROBE_IDS_MAX - 1) / PROBE_IDS_MAX;
	uint8_t ids[PROBE_IDS_MAX][8];
	struct msg_probe m = { sync_head(s, i)->short_id, lo, hi, step, 0, ids[0] };
	struct hash id;

	if (lo == hi)
		return say_found(s, i, hi, err);
	if (++s->probes > SYNC_PROBES_MAX)
		return err_set(err, ERR_MALFORMED, "no end to the search for a fork");
	for (uint64_t seq = lo; seq < hi; seq += step) {
		enum err_code rc = s->host.id_at(s->host.ctx, i, seq, &id, err);

		if (rc != ERR_OK)
			return rc;
		memcpy(ids[m.count++], id.b, 8);
	}
	return sync_say(s, &(struct message){ MSG_PROBE, { .probe = m } }, err);
}

/* The peer's head does not fit ours at `len`, which is at most our own length. */
static enum err_code
fork_suspected(struct sync *s, size_t i, uint64_t len, struct err *err)
{
	const struct log_head *h = sync_head(s, i);

	await_fork(s, i);
	/* Equal lengths: both have noticed, and the initiator is the one to ask. */
	if (len == h->len && !s->config.initiator)
		return ERR_OK;
	return say_probe(s, i, sync_base(h), len - 1, err);
}

/* Notes what the peer holds of our log i. *differs when the peer must be told our side. */
static enum err_code
peer_holds(struct sync *s, size_t i, const struct extent *item, bool *differs, struct err *err)
{
	const struct log_head *h = sync_head(s, i);
	struct log_state *st = &s->logs[i];
	struct hash id = h->head;
	enum err_code rc = ERR_OK;

	*differs = st->answered = true;
	if (st->probing || st->forked)
		return ERR_OK; /* a PROBE has overtaken this, and knows better */
	st->known = st->listed = true;
	if (item->len > h->len) {
		st->theirs = h->len; /* or it forks below: the longer side looks */
		return ERR_OK;
	}
	if (item->len <= sync_base(h)) {
		st->theirs = sync_base(h);
		return ERR_OK;
	}
	if (item->len < h->len)
		rc = s->host.id_at(s->host.ctx, i, item->len - 1, &id, err);
	if (rc != ERR_OK)
		return rc;
	if (memcmp(id.b, item->head8, sizeof(item->head8)) != 0)
		return fork_suspected(s, i, item->len, err);
	st->theirs = item->len;
	st->listed = *differs = item->len != h->len;
	return ERR_OK;
}

static enum err_code
take_items(struct sync *s, struct bytes items, bool reply, struct err *err)
{
	struct extent item;
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && extent_next(&items, &item)) {
		uint64_t *at = table_get(s->by_short, item.log.b);
		bool differs = true;

		if (at == NULL || !sync_in_scope(s, sync_head(s, (size_t)*at), s->scope)) {
			if (reply)
				rc = reply_item(s, (struct extent){ .log = item.log }, err);
			continue;
		}
		rc = peer_holds(s, (size_t)*at, &item, &differs, err);
		if (rc == ERR_OK && differs && reply)
			rc = reply_item(s, extent_of(sync_head(s, (size_t)*at)), err);
	}
	if (rc == ERR_OK && items.len > 0)
		rc = err_set(err, ERR_MALFORMED, "an item of HAVE");
	return rc;
}

/* The last part has come: what it did not name is equal, or unknown to a peer that listed everything. */
static enum err_code
close_have(struct sync *s, bool reply, struct err *err)
{
	enum err_code rc = ERR_OK;
	bool any = false;

	for (size_t i = 0; i < s->bucket_count / 8; i++)
		any = any || s->mask[i] != 0;
	for (size_t i = 0; rc == ERR_OK && i < s->log_count; i++) {
		const struct log_head *h = sync_head(s, i);
		struct log_state *st = &s->logs[i];

		if (st->answered || !sync_in_scope(s, h, s->scope))
			continue;
		st->known = true;
		if (!reply || !masked(s->mask, bucket_of(s, h))) {
			st->theirs = st->snap;
			continue;
		}
		st->theirs = sync_base(h);
		st->listed = true;
		rc = reply_item(s, extent_of(h), err);
	}
	if (rc == ERR_OK && reply && any)
		rc = say_reply(s, true, err);
	s->opener = false;
	return rc == ERR_OK ? compare_finished(s, err) : rc;
}

enum err_code
compare_have(struct sync *s, const struct msg_have *m, struct err *err)
{
	bool reply = s->opener;
	enum err_code rc;

	if (s->phase != PHASE_COMPARE || s->compared || m->scope != s->scope || m->mask.len != s->bucket_count / 8)
		return err_set(err, ERR_MALFORMED, "HAVE out of turn");
	if (s->mask_known || !reply) {
		if (memcmp(s->mask, m->mask.p, m->mask.len) != 0)
			return err_set(err, ERR_MALFORMED, "HAVE changes its buckets");
	} else {
		memset(s->mask, 0, sizeof(s->mask));
		memcpy(s->mask, m->mask.p, m->mask.len);
		s->mask_known = true;
	}
	rc = take_items(s, m->items, reply, err);
	return rc == ERR_OK && m->last ? close_have(s, reply, err) : rc;
}

/*
 * proto/sync.md, 7: "Below lo both are known to agree, at hi to differ." The
 * first sample that differs from ours narrows it to one step, sixty-fourfold.
 */
enum err_code
compare_probe(struct sync *s, const struct msg_probe *m, struct err *err)
{
	uint64_t *at = table_get(s->by_short, m->id.b), lo = m->lo, hi = m->hi;
	const struct log_head *h;
	size_t i;

	if (s->phase != PHASE_COMPARE || at == NULL || !sync_in_scope(s, sync_head(s, (size_t)*at), s->scope))
		return ERR_OK; /* nothing we could compare; the peer finds no fork with us */
	i = (size_t)*at;
	h = sync_head(s, i);
	if (lo < sync_base(h) || hi >= h->len)
		return err_set(err, ERR_MALFORMED, "PROBE beyond the log");
	for (size_t k = 0; k < m->count; k++) {
		uint64_t seq = m->lo + k * m->step;
		struct hash id;
		enum err_code rc = s->host.id_at(s->host.ctx, i, seq, &id, err);

		if (rc != ERR_OK)
			return rc;
		if (memcmp(id.b, m->ids + 8 * k, 8) != 0) {
			hi = seq;
			break;
		}
		lo = seq + 1;
	}
	if (m->count == 0) {
		fork_found(s, i, hi);
		return ERR_OK;
	}
	await_fork(s, i);
	return say_probe(s, i, lo, hi, err);
}
