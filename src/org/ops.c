/*
 * One layout per operation, read and written side by side so that they can
 * be compared line by line. Whatever decodes encodes to the same bytes:
 * lists that are sets stand in one order and name each thing once.
 */
#include "org/ops.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"

enum { SUITE = 1 };

int
cut_order(const struct cut *a, const struct cut *b)
{
	int order = memcmp(a->stream.b, b->stream.b, sizeof(a->stream.b));

	return order != 0 ? order : memcmp(a->inc.b, b->inc.b, sizeof(a->inc.b));
}

static int
order_cuts(const void *a, const void *b)
{
	return cut_order(a, b);
}

static int
order_hashes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct hash));
}

static void
put_maybe(struct buf *out, bool has, const void *p, size_t len)
{
	if (has)
		wr_bin(out, p, len);
	else
		wr_nil(out);
}

static bool
get_maybe(struct rd *r, void *p, size_t len)
{
	memset(p, 0, len);
	if (rd_nil(r))
		return false;
	rd_bin(r, p, len);
	return true;
}

/* GENESIS [suite, root_pk, nonce, [escrow, peer_removal], escrow_pk|nil, next_root_hash|nil] */
static void
put_genesis(struct buf *out, const struct genesis *g)
{
	wr_array(out, 6);
	wr_uint(out, g->suite);
	WR_FIXED(out, g->root_pk);
	wr_bin(out, g->nonce, sizeof(g->nonce));
	wr_array(out, 2);
	wr_bool(out, g->escrow);
	wr_uint(out, g->peer_removal);
	put_maybe(out, g->has_escrow_pk, g->escrow_pk, sizeof(g->escrow_pk));
	put_maybe(out, g->has_next_root, g->next_root_hash, sizeof(g->next_root_hash));
}

static void
get_genesis(struct rd *r, struct genesis *g)
{
	rd_array(r, 6);
	g->suite = (uint8_t)rd_uint(r, UINT8_MAX);
	RD_FIXED(r, g->root_pk);
	rd_bin(r, g->nonce, sizeof(g->nonce));
	rd_array(r, 2);
	g->escrow = rd_bool(r);
	g->peer_removal = (uint8_t)rd_uint(r, 0); /* none in this version */
	g->has_escrow_pk = get_maybe(r, g->escrow_pk, sizeof(g->escrow_pk));
	g->has_next_root = get_maybe(r, g->next_root_hash, sizeof(g->next_root_hash));
	if (g->suite != SUITE)
		r->bad = true;
}

/* ADMIT [sign_pk, noise_pk, note_pk, seal_pk, kill_pk|nil, member, enc_name, nonce, possession_sig] */
static void
put_admit(struct buf *out, const struct admit *a)
{
	wr_array(out, 9);
	WR_FIXED(out, a->sign_pk);
	wr_bin(out, a->noise_pk, sizeof(a->noise_pk));
	wr_bin(out, a->note_pk, sizeof(a->note_pk));
	wr_bin(out, a->seal_pk, sizeof(a->seal_pk));
	put_maybe(out, a->has_kill, a->kill_pk, sizeof(a->kill_pk));
	WR_FIXED(out, a->member);
	wr_bin(out, a->enc_name.p, a->enc_name.len);
	wr_bin(out, a->nonce, sizeof(a->nonce));
	wr_bin(out, a->possession_sig, sizeof(a->possession_sig));
}

static void
get_admit(struct rd *r, struct admit *a)
{
	rd_array(r, 9);
	RD_FIXED(r, a->sign_pk);
	rd_bin(r, a->noise_pk, sizeof(a->noise_pk));
	rd_bin(r, a->note_pk, sizeof(a->note_pk));
	rd_bin(r, a->seal_pk, sizeof(a->seal_pk));
	a->has_kill = get_maybe(r, a->kill_pk, sizeof(a->kill_pk));
	RD_FIXED(r, a->member);
	a->enc_name = rd_bin_any(r, 0, ENC_NAME_BYTES_MAX);
	rd_bin(r, a->nonce, sizeof(a->nonce));
	rd_bin(r, a->possession_sig, sizeof(a->possession_sig));
}

/* GRANT [dev, role, team|nil, rank] */
static void
put_grant(struct buf *out, const struct grant *g)
{
	wr_array(out, 4);
	WR_FIXED(out, g->dev);
	wr_uint(out, g->role);
	put_maybe(out, g->has_team, g->team.b, sizeof(g->team.b));
	wr_uint(out, g->role == ROLE_COORDINATOR ? g->rank : RANK_NONE);
}

static void
get_grant(struct rd *r, struct grant *g)
{
	rd_array(r, 4);
	RD_FIXED(r, g->dev);
	g->role = (uint8_t)rd_uint(r, ROLE_HUB);
	g->has_team = get_maybe(r, g->team.b, sizeof(g->team.b));
	g->rank = (uint8_t)rd_uint(r, RANK_NONE);
	if (g->role == 0 || (g->has_team && g->role != ROLE_ADVISOR))
		r->bad = true;
	if (g->role == ROLE_COORDINATOR ? g->rank < 1 || g->rank > RANK_MAX : g->rank != RANK_NONE)
		r->bad = true;
}

/* cuts: [[stream, inc, seq, head16]…], by stream and inc, each log once; seq -1 with a head of zeroes: none */
static void
put_cuts(struct buf *out, struct cut *cuts, size_t count)
{
	if (count > 1)
		qsort(cuts, count, sizeof(*cuts), order_cuts);
	wr_array(out, count);
	for (size_t i = 0; i < count; i++) {
		wr_array(out, 4);
		WR_FIXED(out, cuts[i].stream);
		WR_FIXED(out, cuts[i].inc);
		wr_int(out, cuts[i].seq);
		wr_bin(out, cuts[i].head16, sizeof(cuts[i].head16));
	}
}

static enum err_code
get_cuts(struct rd *r, struct cut **out, size_t *out_count)
{
	size_t count = rd_array_any(r, CUTS_MAX);
	struct cut *cuts;

	*out = NULL;
	*out_count = 0;
	if (count == 0)
		return ERR_OK;
	cuts = mem_zero(count, sizeof(*cuts));
	if (cuts == NULL)
		return ERR_NO_MEMORY;
	*out = cuts;
	*out_count = count;
	for (size_t i = 0; i < count && !r->bad; i++) {
		rd_array(r, 4);
		RD_FIXED(r, cuts[i].stream);
		RD_FIXED(r, cuts[i].inc);
		cuts[i].seq = rd_int(r);
		rd_bin(r, cuts[i].head16, sizeof(cuts[i].head16));
		if (cuts[i].seq < -1 || cuts[i].seq > (int64_t)SEQ_MAX ||
		    (i > 0 && cut_order(&cuts[i - 1], &cuts[i]) >= 0))
			r->bad = true;
	}
	return ERR_OK;
}

/* REVOKE [dev, cuts, reason, kill_sig|nil] */
static void
put_revoke(struct buf *out, const struct revoke *v)
{
	wr_array(out, 4);
	WR_FIXED(out, v->dev);
	put_cuts(out, v->cuts, v->cut_count);
	wr_bin(out, v->reason.p, v->reason.len);
	put_maybe(out, v->has_kill, v->kill_sig, sizeof(v->kill_sig));
}

static enum err_code
get_revoke(struct rd *r, struct revoke *v)
{
	enum err_code rc;

	rd_array(r, 4);
	RD_FIXED(r, v->dev);
	rc = get_cuts(r, &v->cuts, &v->cut_count);
	v->reason = rd_bin_any(r, 0, REASON_BYTES_MAX);
	v->has_kill = get_maybe(r, v->kill_sig, sizeof(v->kill_sig));
	return rc;
}

/* UNGRANT [dev, team, [grant id…], cuts], ids in ascending order */
static void
put_ungrant(struct buf *out, const struct ungrant *u)
{
	if (u->grant_count > 1)
		qsort(u->grants, u->grant_count, sizeof(*u->grants), order_hashes);
	wr_array(out, 4);
	WR_FIXED(out, u->dev);
	WR_FIXED(out, u->team);
	wr_array(out, u->grant_count);
	for (size_t i = 0; i < u->grant_count; i++)
		WR_FIXED(out, u->grants[i]);
	put_cuts(out, u->cuts, u->cut_count);
}

static enum err_code
get_ungrant(struct rd *r, struct ungrant *u)
{
	rd_array(r, 4);
	RD_FIXED(r, u->dev);
	RD_FIXED(r, u->team);
	u->grant_count = rd_array_any(r, GRANTS_MAX);
	if (u->grant_count > 0) {
		u->grants = mem_zero(u->grant_count, sizeof(*u->grants));
		if (u->grants == NULL)
			return ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < u->grant_count && !r->bad; i++) {
		RD_FIXED(r, u->grants[i]);
		if (i > 0 && order_hashes(&u->grants[i - 1], &u->grants[i]) >= 0)
			r->bad = true;
	}
	return get_cuts(r, &u->cuts, &u->cut_count);
}

/* TEAM [team, enc_name, state, mode] */
static void
put_team(struct buf *out, const struct team_op *t)
{
	wr_array(out, 4);
	WR_FIXED(out, t->team);
	wr_bin(out, t->enc_name.p, t->enc_name.len);
	wr_uint(out, t->state);
	wr_uint(out, t->mode);
}

static void
get_team(struct rd *r, struct team_op *t)
{
	rd_array(r, 4);
	RD_FIXED(r, t->team);
	t->enc_name = rd_bin_any(r, 0, ENC_NAME_BYTES_MAX);
	t->state = (uint8_t)rd_uint(r, 2);
	t->mode = (uint8_t)rd_uint(r, 1);
	if (t->state == 0)
		r->bad = true;
}

/* OPEN [grant id|nil, [[inc, len, head16]…]] */
static void
put_open(struct buf *out, const struct open_op *o)
{
	wr_array(out, 2);
	put_maybe(out, o->has_grant, o->grant.b, sizeof(o->grant.b));
	wr_array(out, o->old_count);
	for (size_t i = 0; i < o->old_count; i++) {
		wr_array(out, 3);
		WR_FIXED(out, o->old[i].inc);
		wr_uint(out, o->old[i].len);
		wr_bin(out, o->old[i].head16, sizeof(o->old[i].head16));
	}
}

static void
get_open(struct rd *r, struct open_op *o)
{
	rd_array(r, 2);
	o->has_grant = get_maybe(r, o->grant.b, sizeof(o->grant.b));
	o->old_count = rd_array_any(r, OLD_INCS_MAX);
	for (size_t i = 0; i < o->old_count; i++) {
		rd_array(r, 3);
		RD_FIXED(r, o->old[i].inc);
		o->old[i].len = rd_uint(r, SEQ_MAX + 1);
		rd_bin(r, o->old[i].head16, sizeof(o->old[i].head16));
	}
}

/* ADOPT [[author, stream, inc, from, to, head16]…] */
static void
put_adopt(struct buf *out, const struct adopt *a)
{
	wr_array(out, a->run_count);
	for (size_t i = 0; i < a->run_count; i++) {
		wr_array(out, 6);
		WR_FIXED(out, a->runs[i].author);
		WR_FIXED(out, a->runs[i].stream);
		WR_FIXED(out, a->runs[i].inc);
		wr_uint(out, a->runs[i].from);
		wr_uint(out, a->runs[i].to);
		wr_bin(out, a->runs[i].head16, sizeof(a->runs[i].head16));
	}
}

static enum err_code
get_adopt(struct rd *r, struct adopt *a)
{
	a->run_count = rd_array_any(r, ADOPT_RUNS_MAX);
	if (a->run_count == 0)
		return ERR_OK;
	a->runs = mem_zero(a->run_count, sizeof(*a->runs));
	if (a->runs == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < a->run_count; i++) {
		struct adopt_run *run = &a->runs[i];

		rd_array(r, 6);
		RD_FIXED(r, run->author);
		RD_FIXED(r, run->stream);
		RD_FIXED(r, run->inc);
		run->from = rd_uint(r, SEQ_MAX);
		run->to = rd_uint(r, SEQ_MAX);
		rd_bin(r, run->head16, sizeof(run->head16));
		if (run->from > run->to)
			r->bad = true;
	}
	return ERR_OK;
}

static void
put_sealkey(struct buf *out, const struct sealkey *s)
{
	wr_array(out, 1);
	wr_bin(out, s->seal_pk, sizeof(s->seal_pk));
}

static void
get_sealkey(struct rd *r, struct sealkey *s)
{
	rd_array(r, 1);
	rd_bin(r, s->seal_pk, sizeof(s->seal_pk));
}

/* ROOTROT [rotation_pk, new_root, next_root_hash|nil, cuts, rotation_sig] */
static void
put_rootrot(struct buf *out, const struct rootrot *t)
{
	wr_array(out, 5);
	WR_FIXED(out, t->rotation_pk);
	WR_FIXED(out, t->new_root);
	put_maybe(out, t->has_next, t->next_root_hash, sizeof(t->next_root_hash));
	put_cuts(out, t->cuts, t->cut_count);
	wr_bin(out, t->rotation_sig, sizeof(t->rotation_sig));
}

static enum err_code
get_rootrot(struct rd *r, struct rootrot *t)
{
	enum err_code rc;

	rd_array(r, 5);
	RD_FIXED(r, t->rotation_pk);
	RD_FIXED(r, t->new_root);
	t->has_next = get_maybe(r, t->next_root_hash, sizeof(t->next_root_hash));
	rc = get_cuts(r, &t->cuts, &t->cut_count);
	rd_bin(r, t->rotation_sig, sizeof(t->rotation_sig));
	return rc;
}

void
control_op_encode(struct buf *out, const struct control_op *op)
{
	switch (op->kind) {
	case KIND_GENESIS: put_genesis(out, &op->u.genesis); break;
	case KIND_ADMIT: put_admit(out, &op->u.admit); break;
	case KIND_GRANT: put_grant(out, &op->u.grant); break;
	case KIND_REVOKE: put_revoke(out, &op->u.revoke); break;
	case KIND_UNGRANT: put_ungrant(out, &op->u.ungrant); break;
	case KIND_TEAM: put_team(out, &op->u.team); break;
	case KIND_SEALKEY: put_sealkey(out, &op->u.sealkey); break;
	case KIND_OPEN:
	case KIND_TEAM_OPEN: put_open(out, &op->u.open); break;
	case KIND_ADOPT: put_adopt(out, &op->u.adopt); break;
	case KIND_ROOTROT: put_rootrot(out, &op->u.rootrot); break;
	default: buf_put_bytes(out, op->u.raw); break; /* a byte off the wire, not an enum: most kinds are not ours */
	}
}

static enum err_code
get_op(struct rd *r, struct control_op *op)
{
	switch (op->kind) {
	case KIND_GENESIS: get_genesis(r, &op->u.genesis); break;
	case KIND_ADMIT: get_admit(r, &op->u.admit); break;
	case KIND_GRANT: get_grant(r, &op->u.grant); break;
	case KIND_REVOKE: return get_revoke(r, &op->u.revoke);
	case KIND_UNGRANT: return get_ungrant(r, &op->u.ungrant);
	case KIND_TEAM: get_team(r, &op->u.team); break;
	case KIND_SEALKEY: get_sealkey(r, &op->u.sealkey); break;
	case KIND_OPEN:
	case KIND_TEAM_OPEN: get_open(r, &op->u.open); break;
	case KIND_ADOPT: return get_adopt(r, &op->u.adopt);
	case KIND_ROOTROT: return get_rootrot(r, &op->u.rootrot);
	default: op->u.raw = BYTES(r->p, (size_t)(r->end - r->p)); r->p = r->end; break;
	}
	return ERR_OK;
}

static const char *
kind_name(uint8_t kind)
{
	static const char *const names[] = { "?", "GENESIS", "ADMIT", "GRANT", "REVOKE", "UNGRANT", "TEAM", "NETKEY",
	                                     "ERASE_REQ", "ERASE_OK", "RECEIPT", "ATTEST", "FORK", "SEALKEY",
	                                     "ROOTROT", "OPEN" };

	if (kind == KIND_TEAM_OPEN)
		return "OPEN";
	if (kind == KIND_ADOPT)
		return "ADOPT";
	assert(kind < COUNT_OF(names)); /* whatever is not an operation is taken as it comes, and never refused */
	return names[kind];
}

enum err_code
control_op_decode(struct control_op *op, uint8_t kind, struct bytes payload, struct err *err)
{
	struct rd r = rd_init(payload);
	enum err_code rc;

	memset(op, 0, sizeof(*op));
	op->kind = kind;
	rc = get_op(&r, op);
	if (rc == ERR_OK && rd_end(&r))
		return ERR_OK;
	control_op_free(op);
	if (rc != ERR_OK)
		return err_plain(err, rc);
	return err_set(err, ERR_MALFORMED, "the payload of a %s entry is not in its form", kind_name(kind));
}

void
control_op_free(struct control_op *op)
{
	if (op->kind == KIND_REVOKE) {
		mem_free(op->u.revoke.cuts);
	} else if (op->kind == KIND_UNGRANT) {
		mem_free(op->u.ungrant.grants);
		mem_free(op->u.ungrant.cuts);
	} else if (op->kind == KIND_ADOPT) {
		mem_free(op->u.adopt.runs);
	} else if (op->kind == KIND_ROOTROT) {
		mem_free(op->u.rootrot.cuts);
	}
	memset(op, 0, sizeof(*op));
}

bool
revoke_kill_digest(uint8_t out[32], const struct org_id *org, const struct revoke *v)
{
	struct buf cuts = BUF_INIT;
	bool ok;

	put_cuts(&cuts, v->cuts, v->cut_count);
	ok = buf_ok(&cuts);
	if (ok)
		HC(out, 32, BYTES_NONE, "fb1/kill/msg", BYTES_OF(*org), BYTES_OF(v->dev), buf_bytes(&cuts));
	buf_free(&cuts);
	return ok;
}

void
kill_pair(uint8_t pk[32], uint8_t sk[64], const uint8_t code[16])
{
	uint8_t seed[32];

	hc(seed, sizeof(seed), BYTES(code, 16), "fb1/kill", NULL, 0);
	sign_pair_from_seed(pk, sk, seed);
	wipe(seed, sizeof(seed));
}

void
rotation_hash(uint8_t out[32], const struct author *rotation_pk)
{
	HC(out, 32, BYTES_NONE, "fb1/root/next", BYTES_OF(*rotation_pk));
}

bool
rootrot_digest(uint8_t out[32], const struct org_id *org, const struct rootrot *t)
{
	struct buf cuts = BUF_INIT;
	bool ok;

	put_cuts(&cuts, t->cuts, t->cut_count);
	ok = buf_ok(&cuts);
	if (ok)
		HC(out, 32, BYTES_NONE, "fb1/root/rotate", BYTES_OF(*org), BYTES_OF(t->rotation_pk), BYTES_OF(t->new_root),
		   BYTES(t->next_root_hash, t->has_next ? sizeof(t->next_root_hash) : 0), buf_bytes(&cuts));
	buf_free(&cuts);
	return ok;
}

bool
rootrot_sign(struct rootrot *t, const struct org_id *org, const uint8_t rotation_sk[64])
{
	uint8_t digest[32];

	if (!rootrot_digest(digest, org, t))
		return false;
	sign_digest(t->rotation_sig, "fb1/root/sig", digest, rotation_sk);
	return true;
}

struct org_id
org_id_of(const struct genesis *g)
{
	const uint8_t escrow = g->escrow;
	struct org_id id;

	HC(id.b, sizeof(id.b), BYTES_NONE, "fb1/org", BYTES_OF(g->root_pk), BYTES(g->nonce, sizeof(g->nonce)), BYTES(&escrow, 1),
	   BYTES(g->escrow_pk, g->has_escrow_pk ? sizeof(g->escrow_pk) : 0),
	   BYTES(g->next_root_hash, g->has_next_root ? sizeof(g->next_root_hash) : 0));
	return id;
}

struct stream_id
control_stream(const struct org_id *org)
{
	struct stream_id id;

	memcpy(id.b, org->b, sizeof(id.b));
	return id;
}

struct stream_id
roster_stream(const struct org_id *org)
{
	struct stream_id id;

	HC(id.b, sizeof(id.b), BYTES_NONE, "fb1/roster", BYTES_OF(*org));
	return id;
}

void
root_fingerprint(uint8_t out[32], const struct genesis *g)
{
	struct org_id org = org_id_of(g);

	HC(out, 32, BYTES_NONE, "fb1/root/print", BYTES_OF(g->root_pk), BYTES_OF(org));
}

bool
open_lists(const struct open_op *open, const struct inc *inc)
{
	for (size_t i = 0; i < open->old_count; i++)
		if (SAME(open->old[i].inc, *inc))
			return true;
	return false;
}
