/*
 * The trustees' acts. A share that was typed wrong, sheets of another kit and
 * sheets of former times are told apart, because whoever stands here has no
 * second chance to ask.
 */
#include "node/root.h"

#include "crypto/guard.h"
#include "crypto/primitive.h"
#include "node/node_internal.h"

enum { SHARES_MAX = 8 };

struct node_root { struct device_keys keys; struct inc inc; /* of this ceremony: no two write in one log */ };

enum sheet_kind { SHEET_ROOT, SHEET_ROTATION, SHEET_ESCROW };

/* ---- sheets ---- */

static bool
is_secret(struct node *n, enum sheet_kind what, const uint8_t secret[32])
{
	const struct genesis *g = org_genesis(node_org(n));
	const struct author *root = org_root(node_org(n));
	uint8_t pk[32], sk[64], hash[32], want[32];
	struct author rotation;
	bool ok;

	if (what == SHEET_ESCROW) {
		x25519_base(pk, secret);
		return g->has_escrow_pk && memcmp(pk, g->escrow_pk, sizeof(pk)) == 0;
	}
	sign_pair_from_seed(pk, sk, secret);
	wipe(sk, sizeof(sk));
	memcpy(rotation.b, pk, sizeof(rotation.b));
	rotation_hash(hash, &rotation);
	ok = what == SHEET_ROOT ? root != NULL && memcmp(pk, root->b, sizeof(pk)) == 0
	     : org_next_root(node_org(n), want) && memcmp(hash, want, sizeof(hash)) == 0;
	return ok;
}

static bool
is_retired_root(struct node *n, const uint8_t secret[32])
{
	struct author pk;
	uint8_t sk[64];

	sign_pair_from_seed(pk.b, sk, secret);
	wipe(sk, sizeof(sk));
	return org_is_root(node_org(n), &pk);
}

static enum err_code
read_sheet(const struct node_sheets *s, int i, struct share shares[SHARES_MAX], size_t *count, struct err *err)
{
	bool bad;

	*count = shares_on_sheet(shares, SHARES_MAX, s->text[i], &bad);
	if (bad)
		return err_set(err, ERR_INVALID, "%s: a share on it does not read: a sign is missing or wrong; compare it with the paper", s->name[i]);
	if (*count == 0)
		return err_set(err, ERR_INVALID, "%s: there is no share on it; a share begins with fb-share", s->name[i]);
	return ERR_OK;
}

/* Every share of the one with every share of the other: the right pair shows by the key it gives. */
static enum err_code
join_sheets(struct node *n, const struct node_sheets *s, enum sheet_kind what, uint8_t secret[32], struct err *err)
{
	static const char *const wanted[] = { "the present root", "the key that may hand the root over", "the escrow key" };
	struct share a[SHARES_MAX], b[SHARES_MAX];
	size_t a_count = 0, b_count = 0;
	bool joined = false, retired = false, found = false;
	enum err_code rc = read_sheet(s, 0, a, &a_count, err);

	if (rc == ERR_OK)
		rc = read_sheet(s, 1, b, &b_count, err);
	for (size_t i = 0; i < a_count && rc == ERR_OK && !found; i++)
		for (size_t k = 0; k < b_count && !found; k++) {
			if (!shares_join(secret, &a[i], &b[k]))
				continue;
			joined = true;
			found = is_secret(n, what, secret);
			retired = retired || is_retired_root(n, secret);
		}
	wipe(a, sizeof(a));
	wipe(b, sizeof(b));
	if (rc != ERR_OK || found)
		return rc;
	wipe(secret, 32);
	if (!joined)
		return err_set(err, ERR_INVALID, "%s and %s are of the same trustee; two of them are needed", s->name[0], s->name[1]);
	if (retired && what == SHEET_ROOT)
		return err_set(err, ERR_REFUSED, "these sheets are of a root of former times, which decides no longer; take those of the last rotation");
	return err_set(err, ERR_REFUSED, "these two sheets together do not give %s of this organisation; `faltbok root show` names the kit",
	               wanted[what]);
}

/* ---- entering and leaving ---- */

static enum err_code
may_meet(struct node *n, struct err *err)
{
	if (!node_has_org(n) || node_self(n) == NULL)
		return err_set(err, ERR_REFUSED, "this home has not joined an organisation yet");
	if (org_root(node_org(n)) == NULL)
		return err_set(err, ERR_REFUSED, "the root is contested: two different rotations were signed by one key, so neither gives a right; "
		               "the way on is to found anew");
	return ERR_OK;
}

enum err_code
node_root_enter(struct node *n, const struct node_sheets *sheets, struct node_root **out, struct err *err)
{
	struct node_root *root = NULL;
	uint8_t seed[32];
	enum err_code rc = may_meet(n, err);

	*out = NULL;
	if (rc == ERR_OK)
		rc = join_sheets(n, sheets, SHEET_ROOT, seed, err);
	if (rc != ERR_OK)
		return rc;
	root = guard_alloc(sizeof(*root));
	if (root != NULL) {
		sign_pair_from_seed(root->keys.sign_pk.b, root->keys.sign_sk, seed);
		env_random(n->env, root->inc.b, sizeof(root->inc.b));
	}
	wipe(seed, sizeof(seed));
	*out = root;
	return root != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

void
node_root_leave(struct node_root *root)
{
	guard_free(root);
}

enum err_code
node_append_as_root(struct node *n, const struct node_root *root, const struct control_op *op, struct err *err)
{
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct buf payload = BUF_INIT;
	struct entry e;
	enum err_code rc;

	control_op_encode(&payload, op);
	rc = buf_ok(&payload) ? replica_append(n->home.replica, &root->keys, &root->inc, &control, op->kind, buf_bytes(&payload), &e, err)
	                      : err_plain(err, ERR_NO_MEMORY);
	buf_free(&payload);
	return rc;
}

/* ---- granting ---- */

static enum err_code
check_grant(struct node *n, const struct device_id *dev, const struct stream_id *team, uint8_t rank, struct err *err)
{
	const struct org_device *d = org_device_by_id(node_org(n), dev);

	if (d == NULL || d->gone)
		return err_set(err, ERR_UNKNOWN, "no admitted device has that id");
	if (team != NULL && org_team_by_id(node_org(n), team) == NULL)
		return err_set(err, ERR_UNKNOWN, "there is no such team");
	if (team != NULL ? org_reads(node_org(n), team, dev) : d->coordinator && d->rank <= rank)
		return err_set(err, ERR_EXISTS, team != NULL ? "that device belongs to the team already" : "that device has that rank already");
	if (team == NULL && (rank < 1 || rank > RANK_MAX))
		return err_set(err, ERR_INVALID, "the ranks of coordinators go from 1 to %d", RANK_MAX);
	if (team != NULL && (d->auditor || d->hub))
		return err_set(err, ERR_REFUSED, "an auditor or a hub reads no team");
	return ERR_OK;
}

enum err_code
node_root_grant(struct node *n, const struct node_root *root, const struct device_id *device, const struct stream_id *team_id,
                uint8_t rank, struct err *err)
{
	struct control_op op = { .kind = KIND_GRANT, .u.grant = { .dev = *device, .role = ROLE_COORDINATOR, .rank = rank } };
	enum err_code rc = check_grant(n, device, team_id, rank, err);

	if (team_id != NULL) {
		op.u.grant.role = ROLE_ADVISOR;
		op.u.grant.has_team = true;
		op.u.grant.team = *team_id;
	}
	if (rc == ERR_OK)
		rc = node_append_as_root(n, root, &op, err);
	return rc == ERR_OK ? replica_evaluate(n->home.replica, err) : rc;
}

/* ---- handing over ---- */

struct heir { uint8_t root_seed[32], rotation_seed[32], sk[64]; struct author rotation_pk; };

/* The new root, the key after it, and their sheets. The escrow key stays; where its shares are here, it is shared anew. */
static enum err_code
make_heir(struct node *n, const struct node_sheets *sheets, struct heir *h, struct rootrot *t, struct kit *kit, struct err *err)
{
	uint8_t escrow[32];
	enum err_code rc;

	env_random(n->env, h->root_seed, sizeof(h->root_seed));
	env_random(n->env, h->rotation_seed, sizeof(h->rotation_seed));
	sign_pair_from_seed(t->new_root.b, h->sk, h->root_seed);
	sign_pair_from_seed(h->rotation_pk.b, h->sk, h->rotation_seed);
	t->has_next = true;
	rotation_hash(t->next_root_hash, &h->rotation_pk);
	kit_root_words(kit->root_words, &t->new_root);
	kit_rotation_words(kit->rotation_words, t->next_root_hash);
	rc = kit_split(n->env, kit->root, h->root_seed, err);
	if (rc == ERR_OK)
		rc = kit_split(n->env, kit->rotation, h->rotation_seed, err);
	if (rc == ERR_OK && join_sheets(n, sheets, SHEET_ESCROW, escrow, NULL) == ERR_OK)
		rc = kit_split(n->env, kit->escrow, escrow, err);
	wipe(escrow, sizeof(escrow));
	return rc;
}

static enum err_code
append_turn(struct node *n, struct rootrot *t, const uint8_t rotation_seed[32], struct err *err)
{
	struct control_op op = { .kind = KIND_ROOTROT };
	const struct author *root;
	uint8_t sk[64];
	enum err_code rc;

	sign_pair_from_seed(t->rotation_pk.b, sk, rotation_seed);
	rc = rootrot_sign(t, org_id(node_org(n)), sk) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	wipe(sk, sizeof(sk));
	op.u.rootrot = *t;
	if (rc == ERR_OK)
		rc = node_append_control(n, &op, err);
	if (rc == ERR_OK)
		rc = replica_evaluate(n->home.replica, err);
	root = rc == ERR_OK ? org_root(node_org(n)) : NULL;
	if (rc == ERR_OK && (root == NULL || !SAME(*root, t->new_root)))
		rc = err_set(err, ERR_REFUSED, "the rotation has no effect");
	if (rc == ERR_OK && (node_self(n) == NULL || !org_device_live(node_self(n))))
		rc = err_set(err, ERR_REFUSED, "with these cuts this very device would not belong any more; cut higher, or go to another one");
	return rc;
}

enum err_code
node_root_rotate(struct node *n, const struct node_sheets *sheets, const struct node_how *how, struct kit *kit,
                 struct node_removal *cut, struct err *err)
{
	struct rootrot t = { .has_next = false };
	uint8_t rotation_seed[32], ignored[32];
	struct heir *heir = NULL;
	enum err_code rc = may_meet(n, err);

	memset(kit, 0, sizeof(*kit));
	if (rc == ERR_OK && node_self(n)->gone)
		rc = node_say_removed(err);
	if (rc == ERR_OK && !org_next_root(node_org(n), ignored))
		rc = err_set(err, ERR_REFUSED, "this organisation has no key that may hand the root over");
	if (rc == ERR_OK)
		rc = join_sheets(n, sheets, SHEET_ROTATION, rotation_seed, err);
	if (rc != ERR_OK)
		return rc;
	heir = guard_alloc(sizeof(*heir));
	rc = heir == NULL ? err_plain(err, ERR_NO_MEMORY) : make_heir(n, sheets, heir, &t, kit, err);
	if (rc == ERR_OK)
		rc = node_find_cuts(n, org_root(node_org(n)), how, cut, err);
	t.cuts = cut->cuts;
	t.cut_count = cut->cut_count;
	if (rc == ERR_OK)
		rc = append_turn(n, &t, rotation_seed, err);
	wipe(rotation_seed, sizeof(rotation_seed));
	guard_free(heir);
	if (rc != ERR_OK)
		wipe(kit, sizeof(*kit));
	return rc;
}

/* ---- escrow ---- */

struct opening { struct node *n; const uint8_t *secret; size_t opened; enum err_code rc; struct err *err; };

static bool
open_epoch(void *ctx, const struct entry *e)
{
	struct opening *o = ctx;
	bool opened = false;

	if (e->h.kind == KIND_EPOCH)
		o->rc = vault_learn_escrow(o->n->vault, node_org(o->n), e, o->secret, &opened, o->err);
	o->opened += opened;
	return o->rc == ERR_OK;
}

/* Only what the organisation lets this device read: somebody grants first, and everybody sees it. */
static enum err_code
open_stream(struct node *n, const struct stream_id *stream, const uint8_t secret[32], struct node_escrow *out, struct err *err)
{
	struct opening o = { .n = n, .secret = secret, .rc = ERR_OK, .err = err };
	enum err_code rc = ERR_OK;

	if (!org_reads(node_org(n), stream, &node_self(n)->id))
		return ERR_OK;
	for (size_t i = 0; i < replica_log_count(n->home.replica) && rc == ERR_OK; i++) {
		const struct log_head *h = replica_log_at(n->home.replica, i);

		if (SAME(h->key.stream, *stream))
			rc = replica_scan(n->home.replica, i, h->key.is_branch ? h->key.branch_seq : 0, h->len, false, open_epoch, &o, err);
		rc = rc == ERR_OK ? o.rc : rc;
	}
	out->epochs += o.opened;
	out->teams += o.opened > 0;
	return rc;
}

enum err_code
node_escrow_recover(struct node *n, const struct node_sheets *sheets, struct node_escrow *out, struct err *err)
{
	uint8_t secret[32];
	struct stream_id stream;
	uint64_t before;
	enum err_code rc = node_has_org(n) && node_self(n) != NULL ? ERR_OK
	                   : err_set(err, ERR_REFUSED, "this home has not joined an organisation yet");

	memset(out, 0, sizeof(*out));
	if (rc == ERR_OK && node_self(n)->gone)
		rc = node_say_removed(err);
	if (rc == ERR_OK && !org_genesis(node_org(n))->has_escrow_pk)
		rc = err_set(err, ERR_REFUSED, "this organisation was founded without an escrow key: nobody can open what its readers have lost");
	if (rc == ERR_OK)
		rc = join_sheets(n, sheets, SHEET_ESCROW, secret, err);
	if (rc != ERR_OK)
		return rc;
	before = node_waiting_keys(n);
	stream = roster_stream(org_id(node_org(n)));
	rc = open_stream(n, &stream, secret, out, err);
	for (size_t i = 0; i < org_team_count(node_org(n)) && rc == ERR_OK; i++) {
		stream = org_team_at(node_org(n), i)->id;
		rc = open_stream(n, &stream, secret, out, err);
	}
	wipe(secret, sizeof(secret));
	n->keys_learned = true;
	if (rc == ERR_OK) /* the keystore first: what is shown must open again tomorrow */
		rc = node_save_keystore(n, err);
	if (rc == ERR_OK)
		rc = node_project(n, err);
	out->entries = before - node_waiting_keys(n);
	return rc;
}
