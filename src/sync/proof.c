/*
 * ACKs: ours over what we hold, the peer's into the replica. An ACK lists
 * the logs that moved since the peer last had one from us, or all of them
 * when it asks; a list too long for one message makes several ACKs with one
 * root, each of which stands alone.
 */
#include "sync/sync_internal.h"

#include <assert.h>

#include "base/mem.h"

bool
sync_in_scope(const struct sync *s, const struct log_head *h, enum sync_scope scope)
{
	const struct sync_host *host = &s->host;
	bool control = host->is_control(host->ctx, &h->key.stream);

	if (control || scope != SCOPE_TEAMS)
		return control && scope == SCOPE_CONTROL;
	return host->share(host->ctx, &h->key.stream, true) != SHARE_NOTHING &&
	       host->share(host->ctx, &h->key.stream, false) != SHARE_NOTHING;
}

static bool
any_scope(void *ctx, const struct log_head *h)
{
	return sync_in_scope(ctx, h, SCOPE_CONTROL) || sync_in_scope(ctx, h, SCOPE_TEAMS);
}

static bool
control_scope(void *ctx, const struct log_head *h)
{
	return sync_in_scope(ctx, h, SCOPE_CONTROL);
}

/* False when out of memory. */
static bool
root_over(const struct sync_host *host, bool (*shared)(void *ctx, const struct log_head *h), void *ctx, uint8_t out[32])
{
	size_t n = host->log_count(host->ctx), count = 0;
	struct log_head *heads = mem_alloc((n + 1) * sizeof(*heads));

	if (heads == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		if (shared(ctx, host->log_at(host->ctx, i)))
			heads[count++] = *host->log_at(host->ctx, i);
	frontier_root(out, heads, count);
	mem_free(heads);
	return true;
}

void
proof_root(struct sync *s, bool control_only, uint8_t out[32])
{
	if (!root_over(&s->host, control_only ? control_scope : any_scope, s, out))
		memset(out, 0, 32); /* equal to no frontier: the comparison tells */
}

bool
proof_stale(const struct sync *s)
{
	for (size_t i = 0; i < s->log_count; i++) {
		const struct log_head *h = sync_head(s, i);

		/* Of who holds headers only no custody is kept. */
		if (s->host.share(s->host.ctx, &h->key.stream, true) != SHARE_ALL)
			continue;
		if ((sync_in_scope(s, h, SCOPE_CONTROL) || sync_in_scope(s, h, SCOPE_TEAMS)) && s->host.acked(s->host.ctx, i) < h->len)
			return true;
	}
	return false;
}

static void
sign_one(const struct sync_host *host, const struct org_id *org, const uint8_t root[32], struct buf *delta, struct buf *out)
{
	struct ack ack = { .n = host->number(host->ctx), .delta = buf_bytes(delta) };
	uint8_t digest[32];

	if (!buf_ok(delta)) {
		out->failed = true;
		return;
	}
	memcpy(ack.root, root, 32);
	ack_digest(digest, org, &ack);
	host->sign(host->ctx, digest, ack.sig);
	ack_encode(out, &ack);
	buf_clear(delta);
}

/* Who may hold the payloads and does not has no custody of the log yet, whatever its headers say. */
static bool
lacks_payloads(const struct sync_host *host, size_t log)
{
	uint64_t lo, hi;

	return host->missing != NULL && host->share(host->ctx, &host->log_at(host->ctx, log)->key.stream, false) == SHARE_ALL &&
	       host->missing(host->ctx, log, 0, &lo, &hi);
}

/* One ACK at least; `listed` says which of the shared logs go into the delta. */
static enum err_code
make_acks(const struct sync_host *host, bool (*shared)(void *ctx, const struct log_head *h),
          bool (*listed)(void *ctx, size_t log), void *ctx, uint8_t root[32], struct buf *out, size_t *count, struct err *err)
{
	struct buf delta = BUF_INIT;
	struct org_id org;
	size_t items = 0;
	bool vouches = host->vouches == NULL || host->vouches(host->ctx), ok;

	*count = 0;
	if (!host->org(host->ctx, &org))
		return err_set(err, ERR_REFUSED, "no organisation is known here yet");
	if (!root_over(host, shared, ctx, root))
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; vouches && i < host->log_count(host->ctx); i++) {
		const struct log_head *h = host->log_at(host->ctx, i);
		struct extent e;

		if (!shared(ctx, h) || !listed(ctx, i) || lacks_payloads(host, i))
			continue;
		if (items == ACK_DELTA_ITEMS_MAX) {
			sign_one(host, &org, root, &delta, out);
			(*count)++;
			items = 0;
		}
		e = extent_of(h);
		extent_put(&delta, &e);
		items++;
	}
	sign_one(host, &org, root, &delta, out);
	(*count)++;
	ok = buf_ok(out);
	buf_free(&delta);
	return ok ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static bool
moved(void *ctx, size_t log)
{
	const struct sync *s = ctx;

	assert(log < s->log_count); /* proof_make() has met them all */
	if ((s->peer_flags & HELLO_STALE) != 0 || s->logs[log].listed)
		return true;
	/* What we wrote is on its way: an ATTEST in it is older than this ACK, and may come later. */
	return s->logs[log].own && s->logs[log].known && s->logs[log].theirs < sync_head(s, log)->len;
}

enum err_code
proof_make(struct sync *s, struct buf *out, size_t *count, struct err *err)
{
	/* Whatever the ACK rests on, another link may have brought it a moment ago. */
	enum err_code rc = s->host.commit(s->host.ctx, err);

	if (rc == ERR_OK)
		rc = sync_meet_logs(s, err);
	if (rc == ERR_OK)
		rc = make_acks(&s->host, any_scope, moved, s, s->my_root, out, count, err);
	if (rc != ERR_OK)
		return rc;
	s->peer_flags &= ~(uint32_t)HELLO_STALE;
	for (size_t i = 0; i < s->log_count; i++)
		s->logs[i].listed = false;
	s->acks_sent = true;
	s->owe_ack = false;
	return ERR_OK;
}

enum err_code
proof_say(struct sync *s, struct bytes acks, size_t count, struct err *err)
{
	struct rd rd = rd_init(acks);
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && count-- > 0) {
		struct message m = { MSG_ACK, { .ack = { count == 0, BYTES_NONE } } };

		m.u.ack.ack = rd_any(&rd, ACK_BYTES_MAX);
		rc = sync_say(s, &m, err);
	}
	return rc;
}

enum err_code
proof_take(struct sync *s, struct bytes bytes, bool last, struct err *err)
{
	struct ack ack;
	enum err_code rc = ack_decode(&ack, bytes, err);

	if (rc == ERR_OK)
		rc = s->host.put_ack(s->host.ctx, bytes, err);
	if (rc != ERR_OK)
		return rc;
	memcpy(s->peer_root, ack.root, 32);
	s->ack_got = s->ack_got || last;
	return ERR_OK;
}

/* ---- for bundles ---- */

struct all_listed { bool (*shared)(void *ctx, const struct log_head *h); void *ctx; };

static bool
shared_all(void *ctx, const struct log_head *h)
{
	struct all_listed *all = ctx;

	return all->shared(all->ctx, h);
}

static bool
every(void *ctx, size_t log)
{
	(void)ctx;
	(void)log;
	return true;
}

enum err_code
sync_make_acks(const struct sync_host *host, bool (*shared)(void *ctx, const struct log_head *h), void *shared_ctx,
               struct buf *out, size_t *count, struct err *err)
{
	struct all_listed all = { shared, shared_ctx };
	enum err_code rc = host->commit(host->ctx, err);
	uint8_t root[32];

	return rc == ERR_OK ? make_acks(host, shared_all, every, &all, root, out, count, err) : rc;
}
