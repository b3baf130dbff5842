/*
 * Keys that come and go by themselves. What was done when is kept beside the
 * log, as a small value: losing it only delays. Times are lived ones
 * (replica_lived_ms).
 *
 *   [seal key published at ms, its log's inc, its seq, that of the key before it, [[stream, preferred epoch, since ms]…]]
 */
#include "node/tend.h"

#include <stdlib.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "node/node_internal.h"
#include "store/attest.h"
#include "store/netkey.h"
#include "vault/vault_late.h"
#include "vault/vault_rotate.h"

#define META_ROTATION "node.rotation"
#define DAY_MS 86400000ll

enum { STREAMS_MAX = ATTEST_EPOCHS_MAX, MONTH_DAYS = 30, GRACE_DAYS = 60, VIE_DAYS = 1, COPIES_LOOKED_AT = 32 };

struct since { struct stream_id stream; struct epoch_id epoch; uint64_t ms; };

struct rotation {
	uint64_t seal_ms, seal_seq, before_seq; /* before_seq 0: the key of the ADMIT */
	struct inc seal_inc;
	size_t count;
	struct since streams[STREAMS_MAX];
	bool changed, adopted;        /* found out in this round */
};

/* ---- what was done when ---- */

/* What a grace ends cannot be had again, and a clock may jump by decades. */
static uint64_t
now_ms(struct node *n)
{
	return (uint64_t)replica_lived_ms(n->home.replica);
}

static void
at_most(struct rotation *t, uint64_t *ms, uint64_t now)
{
	t->changed = t->changed || *ms > now;
	*ms = *ms > now ? now : *ms;
}

/* Dated by a clock that ran ahead, when those were still believed: it would be kept until that day comes. */
static void
date_back(struct node *n, struct rotation *t)
{
	uint64_t now = now_ms(n);

	if (now == 0)
		return;
	at_most(t, &t->seal_ms, now);
	for (size_t i = 0; i < t->count; i++)
		at_most(t, &t->streams[i].ms, now);
}

static enum err_code
load_rotation(struct node *n, struct rotation *t, struct err *err)
{
	struct buf b = BUF_INIT;
	enum err_code rc = replica_meta_get(n->home.replica, META_ROTATION, &b, err);
	struct rd r = rd_init(buf_bytes(&b));

	memset(t, 0, sizeof(*t));
	if (rc == ERR_UNKNOWN) {
		t->seal_ms = now_ms(n);
		t->changed = true;
		return err_forgive(err);
	}
	rd_array(&r, 5);
	t->seal_ms = rd_uint(&r, UINT64_MAX);
	RD_FIXED(&r, t->seal_inc);
	t->seal_seq = rd_uint(&r, UINT64_MAX);
	t->before_seq = rd_uint(&r, UINT64_MAX);
	t->count = rd_array_any(&r, STREAMS_MAX);
	for (size_t i = 0; i < t->count && !r.bad; i++) {
		rd_array(&r, 3);
		RD_FIXED(&r, t->streams[i].stream);
		RD_FIXED(&r, t->streams[i].epoch);
		t->streams[i].ms = rd_uint(&r, UINT64_MAX);
	}
	if (rc == ERR_OK && !rd_end(&r)) { /* of another version, or damaged: begin anew */
		memset(t, 0, sizeof(*t));
		t->seal_ms = now_ms(n);
		t->changed = true;
	}
	buf_free(&b);
	date_back(n, t);
	return rc;
}

static enum err_code
save_rotation(struct node *n, struct rotation *t, struct err *err)
{
	struct buf b = BUF_INIT;
	enum err_code rc;

	if (!t->changed)
		return ERR_OK;
	wr_array(&b, 5);
	wr_uint(&b, t->seal_ms);
	WR_FIXED(&b, t->seal_inc);
	wr_uint(&b, t->seal_seq);
	wr_uint(&b, t->before_seq);
	wr_array(&b, t->count);
	for (size_t i = 0; i < t->count; i++) {
		wr_array(&b, 3);
		WR_FIXED(&b, t->streams[i].stream);
		WR_FIXED(&b, t->streams[i].epoch);
		wr_uint(&b, t->streams[i].ms);
	}
	rc = buf_ok(&b) ? replica_meta_put(n->home.replica, META_ROTATION, buf_bytes(&b), err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&b);
	t->changed = rc != ERR_OK;
	return rc;
}

static bool
older_than(struct node *n, uint64_t ms, int64_t days)
{
	return (int64_t)(now_ms(n) - ms) >= days * DAY_MS;
}

/* The streams that this device reads, each with the epoch it writes under. */
static void
note_streams(struct node *n, struct rotation *t)
{
	const struct org *org = node_org(n);
	struct stream_id stream = roster_stream(org_id(org));
	struct rotation now = *t;
	bool known;

	now.count = 0;
	for (size_t i = 0; i <= org_team_count(org) && now.count < STREAMS_MAX; i++) {
		struct since *s = &now.streams[now.count];

		if (i > 0)
			stream = org_team_at(org, i - 1)->id;
		*s = (struct since){ .stream = stream, .ms = now_ms(n) };
		if (!org_reads(org, &stream, &node_self(n)->id) || !vault_preferred(n->vault, &stream, &s->epoch))
			continue;
		now.count++;
		known = false;
		for (size_t k = 0; k < t->count && !known; k++) {
			known = SAME(t->streams[k].stream, stream) && SAME(t->streams[k].epoch, s->epoch);
			s->ms = known ? t->streams[k].ms : s->ms;
		}
		now.adopted = now.adopted || (!known && vault_preferred_n(n->vault, &stream) > 1);
	}
	now.changed = t->changed || now.count != t->count || memcmp(now.streams, t->streams, now.count * sizeof(now.streams[0])) != 0;
	*t = now;
}

/* ---- who has what ---- */

/* Every other device that may seal something to this one: it reads the roster, as all coordinators and advisors do. */
static bool
each_peer(struct node *n, const struct stream_id *stream, bool (*good)(struct node *n, const struct org_device *d, const void *ctx), const void *ctx)
{
	const struct org *org = node_org(n);

	for (size_t i = 0; i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);

		if (org_reads(org, stream, &d->id) && !SAME(d->id, node_self(n)->id) && !good(n, d, ctx))
			return false;
	}
	return true;
}

/* It would write under that epoch or a later one, and what it wrote before has come here. */
static bool
has_taken_up(struct node *n, const struct org_device *d, const void *ctx)
{
	const struct since *s = ctx;
	struct attest *a = mem_alloc(sizeof(*a));
	struct buf keep = BUF_INIT;
	const struct attest_epoch *e = NULL;
	bool good;

	if (a != NULL && replica_attested(n->home.replica, &d->sign_pk, a, &keep))
		e = attest_epoch_of(a, &s->stream);
	good = e != NULL && e->has_epoch &&
	       (SAME(e->epoch, s->epoch) || vault_epoch_number(n->vault, &e->epoch) > vault_epoch_number(n->vault, &s->epoch)) &&
	       replica_holds_attested(n->home.replica, &d->sign_pk, &s->stream);
	mem_free(a);
	buf_free(&keep);
	return good;
}

struct seal_place { size_t log; uint64_t seq; };

static bool
knows_seal_key(struct node *n, const struct org_device *d, const void *ctx)
{
	const struct seal_place *p = ctx;

	return replica_acked(n->home.replica, &d->sign_pk, p->log) > p->seq;
}

/* ---- seal keys (proto/vault.md, 13) ---- */

/* The key must be safe before anybody can seal to it. */
static enum err_code
publish_seal_key(struct node *n, bool fresh, struct rotation *t, struct err *err)
{
	struct control_op op = { .kind = KIND_SEALKEY };
	struct keystore *ks = n->home.keys;
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct header next;
	enum err_code rc = ERR_OK;

	if (fresh) {
		keystore_push_seal(ks, n->env);
		rc = node_save_keystore(n, err);
	}
	memcpy(op.u.sealkey.seal_pk, ks->seal[0].pk, sizeof(op.u.sealkey.seal_pk));
	if (rc == ERR_OK)
		rc = node_next(n, &control, &next, err);
	if (rc == ERR_OK)
		rc = node_append_control(n, &op, err);
	if (rc != ERR_OK)
		return rc;
	t->seal_ms = now_ms(n);
	t->before_seq = SAME(t->seal_inc, next.inc) ? t->seal_seq : 0;
	t->seal_inc = next.inc;
	t->seal_seq = next.seq;
	t->changed = true;
	return ERR_OK;
}

struct teller { const uint8_t *pk; bool found; };

static bool
tells(void *ctx, const struct entry *e)
{
	struct teller *t = ctx;
	struct control_op op;

	if (e->h.kind != KIND_SEALKEY || !e->has_payload || control_op_decode(&op, KIND_SEALKEY, e->payload, NULL) != ERR_OK)
		return true;
	t->found = memcmp(op.u.sealkey.seal_pk, t->pk, sizeof(op.u.sealkey.seal_pk)) == 0;
	control_op_free(&op);
	return !t->found;
}

/* Was the key that others seal to told by another incarnation of this device? */
static bool
told_by_another(struct node *n)
{
	struct replica *r = n->home.replica;
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct teller t = { node_self(n)->seal_pk, false };

	for (size_t i = 0; i < replica_log_count(r) && !t.found; i++) {
		const struct log_head *h = replica_log_at(r, i);

		if (SAME(h->key.author, n->home.keys->device.sign_pk) && SAME(h->key.stream, control) && !SAME(h->key.inc, n->home.keys->inc))
			(void)!replica_scan(r, i, h->key.is_branch ? h->key.branch_seq : 0, h->len, false, tells, &t, NULL); /* not found: told again */
	}
	return t.found;
}

static bool
has_copy(struct node *n)
{
	struct node_copies c[COPIES_LOOKED_AT];
	size_t count = node_copies(n, c, COPIES_LOOKED_AT);

	for (size_t i = 0; i < count && i < COPIES_LOOKED_AT; i++)
		if (SAME(c[i].dev, node_self(n)->id))
			return true;
	return count > COPIES_LOOKED_AT;
}

/*
 * This incarnation has told its key, and another incarnation another since: two homes have this device's keys. Each
 * telling its own whenever it hears the other's would never end. So each tells it once, until one of the two has ended.
 */
static bool
vies_with_copy(struct node *n, const struct rotation *t)
{
	return SAME(t->seal_inc, n->home.keys->inc) && (!older_than(n, t->seal_ms, VIE_DAYS) || has_copy(n)) && told_by_another(n);
}

static enum err_code
tend_seal_key(struct node *n, struct rotation *t, struct node_tended *out, struct err *err)
{
	const struct keystore *ks = n->home.keys;
	const uint8_t *told = node_self(n)->seal_pk;
	bool newest = same_secret(told, ks->seal[0].pk, 32);
	bool second = ks->seal_count > 1 && same_secret(told, ks->seal[1].pk, 32);
	enum err_code rc = ERR_OK;

	if (!newest && vies_with_copy(n, t))
		return ERR_OK;
	/* Gone with a disk that was put back: what was sealed to it is given again to who tells a key in a new incarnation. */
	if (!newest && !second && !told_by_another(n))
		rc = node_fresh_incarnation(n, err);
	if (rc != ERR_OK)
		return rc;
	if (!newest) /* or it was never told: the program stopped in between */
		rc = publish_seal_key(n, !second, t, err);
	else if (ks->seal_count > 1 || has_copy(n)) /* of two copies one would be left without the key */
		return ERR_OK;
	else if (t->adopted || older_than(n, t->seal_ms, MONTH_DAYS))
		rc = publish_seal_key(n, true, t, err);
	else
		return ERR_OK;
	out->new_seal_key = rc == ERR_OK;
	return rc;
}

/* Who was removed while the old key was in use, and never heard of the new one, may come with entries that are worth adopting. */
static bool
removed_may_seal(struct node *n, const struct rotation *t, size_t log)
{
	for (size_t i = 0; i < org_device_count(node_org(n)); i++) {
		const struct org_device *d = org_device_at(node_org(n), i);
		uint64_t knows = d->gone ? replica_acked(n->home.replica, &d->sign_pk, log) : 0;

		if (knows > t->before_seq && knows <= t->seal_seq)
			return true;
	}
	return false;
}

static bool
seal_key_is_known(struct node *n, const struct rotation *t)
{
	const struct stream_id roster = roster_stream(org_id(node_org(n)));
	struct log_key key;
	struct seal_place at = { .seq = t->seal_seq };

	log_key_init(&key, &n->home.keys->device.sign_pk, &(struct stream_id){ { 0 } }, &t->seal_inc);
	key.stream = control_stream(org_id(node_org(n)));
	return replica_log_find(n->home.replica, &key, &at.log) && each_peer(n, &roster, knows_seal_key, &at) &&
	       !removed_may_seal(n, t, at.log);
}

/* What was sealed to it and has not come yet would be lost: so not before all have the new one and what they wrote is here. */
static enum err_code
drop_seal_key(struct node *n, const struct rotation *t, struct node_tended *out, struct err *err)
{
	struct keystore *ks = n->home.keys;
	bool all = true;

	if (ks->seal_count < 2 || !same_secret(node_self(n)->seal_pk, ks->seal[0].pk, 32))
		return ERR_OK;
	if (!older_than(n, t->seal_ms, GRACE_DAYS)) {
		all = seal_key_is_known(n, t);
		for (size_t i = 0; i < t->count && all; i++)
			all = each_peer(n, &t->streams[i].stream, has_taken_up, &t->streams[i]);
	}
	if (!all)
		return ERR_OK;
	out->seal_keys_deleted++;
	keystore_drop_seal(ks);
	return node_save_keystore(n, err);
}

/* ---- epochs ---- */

static bool
may_forget(struct node *n, const struct since *s)
{
	/* Rows of a drop-box outlive what they count, and open by the E of their epoch alone. */
	return !org_is_drop_box(node_org(n), &s->stream) && vault_old_epochs(n->vault, &s->stream) > 0 &&
	       (older_than(n, s->ms, GRACE_DAYS) || each_peer(n, &s->stream, has_taken_up, s));
}

/* Keys that only old epochs bring are announced before those go: ours at once, so that others may let theirs go. */
static enum err_code
tell_missed(struct node *n, const struct rotation *t, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < t->count && rc == ERR_OK; i++) {
		const struct stream_id *stream = &t->streams[i].stream;

		if (vault_missed_keys(n->vault, stream) > 0 && (may_forget(n, &t->streams[i]) || vault_missed_now(n->vault, node_org(n), stream) > 0))
			rc = node_append_keytables(n, stream, vault_make_keytable_missed, err);
	}
	return rc;
}

static enum err_code
forget_epochs(struct node *n, const struct rotation *t, struct node_tended *out, struct err *err)
{
	enum err_code rc = ERR_OK;
	size_t before = out->epochs_deleted;

	for (size_t i = 0; i < t->count && rc == ERR_OK; i++) {
		const struct since *s = &t->streams[i];

		if (!may_forget(n, s) || vault_missed_keys(n->vault, &s->stream) > 0)
			continue;
		out->epochs_deleted += vault_old_epochs(n->vault, &s->stream);
		rc = vault_forget_old(n->vault, &s->stream, err);
	}
	return rc == ERR_OK && out->epochs_deleted > before ? node_save_keystore(n, err) : rc;
}

/* Who asked for an erasure sees to it that its keys end: until somebody makes a new epoch, the old ones bring them. */
static enum err_code
shred_for_ours(struct node *n, struct err *err)
{
	const struct orders *orders = replica_orders(n->home.replica);
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < orders_count(orders) && rc == ERR_OK; i++) {
		const struct erase_order *o = orders_at(orders, i);

		if (!o->approved || !SAME(o->author, n->home.keys->device.sign_pk))
			continue;
		for (size_t k = 0; k < o->request.log_count && rc == ERR_OK; k++) {
			const struct stream_id stream = o->request.logs[k].stream;

			if (org_reads(node_org(n), &stream, &node_self(n)->id) && vault_shreds(n->vault, &stream) &&
			    !vault_can_write(n->vault, &stream)) {
				rc = node_need_epoch(n, &stream, err);
				break; /* the orders may have moved; the next round goes on */
			}
		}
	}
	return rc;
}

/* ---- attesting ---- */

static int
by_stream(const void *a, const void *b)
{
	return memcmp(((const struct attest_epoch *)a)->stream.b, ((const struct attest_epoch *)b)->stream.b, 16);
}

static enum err_code
attest_now(struct node *n, const struct rotation *t, struct node_tended *out, struct err *err)
{
	struct attest_epoch *rows = mem_zero(t->count + 1, sizeof(*rows));
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct header next;
	enum err_code rc;

	if (rows == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	rc = node_next(n, &control, &next, err); /* the store writes on in the log that it is given: not in one that has forked */
	if (rc != ERR_OK) {
		mem_free(rows);
		return rc;
	}
	for (size_t i = 0; i < t->count; i++)
		rows[i] = (struct attest_epoch){ .stream = t->streams[i].stream, .has_epoch = true, .epoch = t->streams[i].epoch,
		                                 .oldest = vault_oldest_n(n->vault, &t->streams[i].stream) };
	qsort(rows, t->count, sizeof(*rows), by_stream);
	rc = replica_attest(n->home.replica, &n->home.keys->device, &n->home.keys->inc, rows, t->count, &out->attested, err);
	mem_free(rows);
	return rc;
}

/*
 * A removal by the trustees, by a kill card or by the device itself makes no network key, and who was admitted while
 * somebody else removed somebody is given none: the next coordinator makes one.
 */
static enum err_code
tend_network(struct node *n, struct err *err)
{
	uint64_t number;
	enum err_code rc = home_learn_network(&n->home, NULL, err);

	n->host.network_count = n->home.keys->network_count;
	if (rc != ERR_OK || !node_self(n)->coordinator || !home_network_is_stale(&n->home))
		return rc;
	rc = home_rotate_network(&n->home, &number, err);
	return rc == ERR_OK ? node_commit(n, err) : rc;
}

enum err_code
node_rotate_network(struct node *n, uint64_t *number, struct err *err)
{
	enum err_code rc = node_must_coordinate(n, err);

	return rc == ERR_OK ? home_rotate_network(&n->home, number, err) : rc;
}

/* ---- all of it ---- */

static enum err_code
tend(struct node *n, struct rotation *t, struct node_tended *out, struct err *err)
{
	enum err_code rc = shred_for_ours(n, err);

	if (rc == ERR_OK)
		rc = replica_live_on(n->home.replica, err);
	if (rc == ERR_OK)
		rc = node_commit(n, err);
	if (rc == ERR_OK)
		rc = load_rotation(n, t, err);
	if (rc != ERR_OK)
		return rc;
	note_streams(n, t);
	rc = tend_seal_key(n, t, out, err);
	if (rc == ERR_OK)
		rc = node_tell_own_names(n, err);
	if (rc == ERR_OK)
		rc = tell_missed(n, t, err);
	if (rc == ERR_OK)
		rc = save_rotation(n, t, err);
	if (rc == ERR_OK)
		rc = node_commit(n, err);
	if (rc == ERR_OK)
		rc = tend_network(n, err);
	if (rc == ERR_OK)
		rc = drop_seal_key(n, t, out, err);
	if (rc == ERR_OK)
		rc = forget_epochs(n, t, out, err);
	if (rc == ERR_OK)
		rc = node_give_keys(n, &out->keys_given, err);
	if (rc == ERR_OK)
		rc = attest_now(n, t, out, err);
	return rc == ERR_OK ? node_commit(n, err) : rc;
}

enum err_code
node_tend(struct node *n, struct node_tended *out, struct err *err)
{
	const struct org_device *self = node_self(n);
	struct err why = ERR_INIT;
	struct node_tended mine;
	struct rotation *t;
	enum err_code rc;

	if (out == NULL)
		out = &mine;
	memset(out, 0, sizeof(*out));
	if (self == NULL || !org_device_live(self) || replica_read_only(n->home.replica) || node_is_leaving(n))
		return ERR_OK; /* whatever is written takes the word of leaving back */
	rc = node_catch_up(n, err);
	t = rc == ERR_OK ? mem_zero(1, sizeof(*t)) : NULL;
	if (t == NULL)
		return rc == ERR_OK ? err_plain(err, ERR_NO_MEMORY) : rc;
	rc = tend(n, t, out, err);
	if (rc != ERR_OK)
		node_drop(n);
	mem_free(t);
	if (rc == ERR_OK && replica_scrub(n->home.replica, &why) != ERR_OK) /* due until it succeeds, and no reason not to work */
		env_logf(n->env, "%s", why.text);
	return rc;
}
