#include "peer/binding.h"

#include "base/mem.h"
#include "base/plant.h"
#include "link/url.h"
#include "store/attest.h"

static struct replica *
replica_of(void *ctx)
{
	return ((struct binding *)ctx)->host->replica;
}

void
binding_refresh(struct binding *b)
{
	const struct org *org = replica_org(b->host->replica);

	b->peer = b->me = NULL;
	if (org == NULL || !org_known(org))
		return;
	b->me = org_device_by_author(org, &b->host->keys->sign_pk);
	b->peer = b->by_noise ? org_device_by_noise(org, b->noise_pk) : org_device_by_author(org, &b->author);
	if (b->peer != NULL)
		b->author = b->peer->sign_pk;
	if (b->of != NULL && b->host->rules.notice != NULL)
		b->notice = b->host->rules.notice(b->host->rules.ctx, b->peer);
}

static bool
bound_org(void *ctx, struct org_id *out)
{
	const struct org *org = replica_org(replica_of(ctx));

	if (org == NULL || !org_known(org))
		return false;
	*out = *org_id(org);
	return true;
}

static enum sync_standing
bound_standing(void *ctx)
{
	const struct binding *b = ctx;

	if (b->peer == NULL)
		return SYNC_STRANGER;
	return b->peer->gone ? SYNC_REMOVED : SYNC_MEMBER;
}

static size_t
bound_log_count(void *ctx)
{
	return replica_log_count(replica_of(ctx));
}

static const struct log_head *
bound_log_at(void *ctx, size_t log)
{
	return replica_log_at(replica_of(ctx), log);
}

static bool
bound_log_find(void *ctx, const struct log_key *trunk, size_t *log)
{
	return replica_log_find(replica_of(ctx), trunk, log);
}

/* Before GENESIS is known no stream is a team's: what comes is taken for control, and the replica checks it. */
static bool
bound_is_control(void *ctx, const struct stream_id *stream)
{
	const struct org *org = replica_org(replica_of(ctx));
	struct stream_id control;

	if (org == NULL || !org_known(org))
		return true;
	control = control_stream(org_id(org));
	return SAME(control, *stream);
}

static enum org_share
bound_share(void *ctx, const struct stream_id *stream, bool to_peer)
{
	const struct binding *b = ctx;

	return org_share(replica_org(b->host->replica), to_peer ? b->peer : b->me, stream);
}

static unsigned
bound_order(void *ctx, const struct author *author)
{
	const struct org *org = replica_org(replica_of(ctx));
	const struct org_device *d;

	if (org == NULL || !org_known(org))
		return RANK_NONE + 1;
	if (org_is_root(org, author))
		return 0;
	d = org_device_by_author(org, author);
	return d != NULL && d->coordinator ? d->rank : RANK_NONE;
}

static uint64_t
bound_acked(void *ctx, size_t log)
{
	const struct binding *b = ctx;

	return b->peer == NULL ? 0 : replica_acked(b->host->replica, &b->peer->sign_pk, log);
}

enum { MISSING_RANGE_MAX = 4096 };

static bool
bound_missing(void *ctx, size_t log, uint64_t from, uint64_t *lo, uint64_t *hi)
{
	uint64_t next;

	if (!replica_lacking(replica_of(ctx), log, from, lo))
		return false;
	for (*hi = *lo + 1; *hi - *lo < MISSING_RANGE_MAX; (*hi)++)
		if (!replica_lacking(replica_of(ctx), log, *hi, &next) || next != *hi)
			break;
	return true;
}

static enum err_code
bound_read_run(void *ctx, size_t log, uint64_t from, uint64_t to, bool headers_only, size_t bytes_max,
               struct buf *out, uint64_t *next, struct err *err)
{
	return replica_read_run(replica_of(ctx), log, from, to, headers_only, bytes_max, out, next, err);
}

static enum err_code
bound_ingest(void *ctx, struct rd *run, uint64_t *stored, uint64_t *refused, struct err *err)
{
	struct ingest_counts counts = { 0 };
	const struct binding *b = ctx;
	enum err_code rc;

	replica_set_source(replica_of(ctx), &b->author);
	rc = replica_ingest_run(replica_of(ctx), run, &counts, err);
	replica_set_source(replica_of(ctx), NULL);
	*stored = counts.stored + counts.payloads_filled;
	*refused = counts.refused;
	binding_refresh(ctx); /* an author not known yet has made the replica evaluate */
	return rc;
}

static bool
take_id(void *ctx, const struct entry *e)
{
	*(struct hash *)ctx = e->id;
	return false;
}

static enum err_code
bound_id_at(void *ctx, size_t log, uint64_t seq, struct hash *out, struct err *err)
{
	memset(out, 0, sizeof(*out)); /* equal to no id */
	return replica_scan(replica_of(ctx), log, seq, seq + 1, true, take_id, out, err);
}

static enum err_code
bound_evaluate(void *ctx, struct err *err)
{
	enum err_code rc = replica_evaluate(replica_of(ctx), err);

	binding_refresh(ctx);
	return rc;
}

static enum err_code
bound_commit(void *ctx, struct err *err)
{
	enum err_code rc = PLANTED(19) ? ERR_OK : replica_commit(replica_of(ctx), err);

	binding_refresh(ctx);
	return rc;
}

/* Not smaller than before, as long as the clock is right: and after all else has been lost with a disk, too. */
static uint64_t
bound_number(void *ctx)
{
	struct env *env = ((struct binding *)ctx)->host->env;
	int64_t ms = env->ops->wall_ms(env);

	return ms > 0 ? (uint64_t)ms : 0;
}

static void
bound_sign(void *ctx, const uint8_t digest[32], uint8_t sig[64])
{
	sign_digest(sig, "fb1/ack/sig", digest, ((struct binding *)ctx)->host->keys->sign_sk);
}

static enum err_code
bound_put_ack(void *ctx, struct bytes ack, struct err *err)
{
	struct binding *b = ctx;
	struct replica *r = b->host->replica;
	struct author author = b->author;
	int64_t now = b->host->env->ops->wall_ms(b->host->env);
	enum err_code rc = ERR_OK;

	if (b->peer == NULL)
		return err_set(err, ERR_UNKNOWN, "an ACK of an unknown device");
	rc = replica_put_ack(r, &author, ack, ACK_LIVE, now, err);
	if (rc == ERR_OK && b->addr != NULL)
		rc = url_is(b->addr) ? replica_saw_peer(r, &author, NULL, b->addr, now, err) : replica_saw_peer(r, &author, b->addr, NULL, now, err);
	binding_refresh(b);
	return rc;
}

static uint32_t
bound_notice(void *ctx)
{
	return ((const struct binding *)ctx)->notice;
}

static void
bound_agreed(void *ctx)
{
	struct binding *b = ctx;

	if (b->of == NULL || b->host->rules.agreed == NULL || b->peer == NULL)
		return;
	b->host->rules.agreed(b->host->rules.ctx, b->peer);
	binding_refresh(b);
}

static bool
bound_room(void *ctx)
{
	struct binding *b = ctx;

	return b->of == NULL || b->host->rules.room == NULL || b->host->rules.room(b->host->rules.ctx, b->of, b->peer);
}

/* ---- what proves an admission or a removal ---- */

struct fact { uint8_t kind; struct device_id about, by; size_t log; uint64_t seq; };

struct facts {
	struct fact *all;
	size_t count, cap;
	size_t log;          /* being read */
	struct device_id by; /* its author */
	bool failed;
};

static bool
take_fact(void *ctx, const struct entry *e)
{
	struct facts *f = ctx;
	struct control_op op;
	struct fact fact = { e->h.kind, { { 0 } }, f->by, f->log, e->h.seq };
	void *grown;

	if (!e->has_payload || (e->h.kind != KIND_ADMIT && e->h.kind != KIND_GRANT && e->h.kind != KIND_REVOKE &&
	                        e->h.kind != KIND_ROOTROT))
		return true;
	if (control_op_decode(&op, e->h.kind, e->payload, NULL) != ERR_OK)
		return true;
	if (e->h.kind == KIND_ADMIT)
		fact.about = device_id_of(&op.u.admit.sign_pk);
	else if (e->h.kind == KIND_ROOTROT) /* by its rotation key; whoever carries it is to be known all the same */
		fact.about = device_id_of(&op.u.rootrot.new_root);
	else
		fact.about = e->h.kind == KIND_GRANT ? op.u.grant.dev : op.u.revoke.dev;
	control_op_free(&op);
	grown = mem_room(f->all, f->count, &f->cap, sizeof(*f->all));
	f->failed = f->failed || grown == NULL;
	if (grown == NULL)
		return false;
	f->all = grown;
	f->all[f->count++] = fact;
	return true;
}

static bool
collect_facts(struct binding *b, struct facts *f)
{
	struct replica *r = b->host->replica;

	for (size_t i = 0; i < b->proof_count && !f->failed; i++) {
		const struct log_head *h = replica_log_at(r, i);

		if (!bound_is_control(b, &h->key.stream))
			continue;
		f->log = i;
		f->by = device_id_of(&h->key.author);
		if (replica_scan(r, i, 0, h->len, false, take_fact, f, NULL) != ERR_OK)
			f->failed = true;
		if (SAME(h->key.author, org_genesis(replica_org(r))->root_pk) && h->len > 0 && b->proof[i] == 0)
			b->proof[i] = 1; /* GENESIS */
	}
	return !f->failed;
}

/* Everything said about the device, and about whoever said it, up to the root. A fact used is taken out. */
static void
follow_facts(struct binding *b, struct facts *f, const struct device_id *about, bool removal)
{
	for (size_t i = 0; i < f->count; i++) {
		struct fact fact = f->all[i];

		if (fact.kind == 0 || !SAME(fact.about, *about) || (fact.kind == KIND_REVOKE && !removal))
			continue;
		f->all[i].kind = 0;
		if (b->proof[fact.log] < fact.seq + 1)
			b->proof[fact.log] = fact.seq + 1;
		follow_facts(b, f, &fact.by, removal);
	}
}

static void
find_proof(struct binding *b, bool removal)
{
	struct facts f = { .all = NULL };
	struct device_id about;

	mem_free(b->proof);
	b->proof_count = replica_log_count(b->host->replica);
	b->proof_removal = removal;
	b->proof = mem_zero(b->proof_count + 1, sizeof(*b->proof));
	if (b->proof == NULL)
		b->proof_count = 0;
	about = device_id_of(removal && b->peer != NULL ? &b->peer->sign_pk : &b->host->keys->sign_pk);
	if (b->proof != NULL && collect_facts(b, &f))
		follow_facts(b, &f, &about, removal);
	mem_free(f.all);
}

static uint64_t
bound_proof(void *ctx, size_t log, bool removal)
{
	struct binding *b = ctx;
	const struct org *org = replica_org(b->host->replica);

	if (org == NULL || !org_known(org))
		return 0;
	if (b->proof == NULL || b->proof_removal != removal || b->proof_count != replica_log_count(b->host->replica))
		find_proof(b, removal);
	return log < b->proof_count ? b->proof[log] : 0;
}

static bool
bound_vouches(void *ctx)
{
	const struct binding *b = ctx;

	return b->host->inc == NULL || !replica_is_leaving(b->host->replica, &b->host->keys->sign_pk, b->host->inc, NULL);
}

void
binding_init(struct binding *b, struct peer_host *host, const uint8_t noise_pk[32], const struct author *author)
{
	memset(b, 0, sizeof(*b));
	b->host = host;
	b->by_noise = noise_pk != NULL;
	if (noise_pk != NULL)
		memcpy(b->noise_pk, noise_pk, 32);
	if (author != NULL)
		b->author = *author;
	b->sync = (struct sync_host){
		b, bound_org, bound_standing, bound_log_count, bound_log_at, bound_log_find, bound_is_control, bound_share,
		bound_order, bound_proof, bound_acked, bound_missing, bound_read_run, bound_ingest, bound_id_at,
		bound_evaluate, bound_commit, bound_number, bound_sign, bound_put_ack, bound_notice, bound_agreed, bound_room, bound_vouches,
	};
	binding_refresh(b);
}

void
binding_wipe(struct binding *b)
{
	mem_free(b->proof);
	b->proof = NULL;
}
