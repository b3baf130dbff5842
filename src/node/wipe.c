/*
 * May this home be destroyed? Only what others have signed for answers that,
 * log by log, of what was written here and of what was heard; then the keys go, and the files when the home is closed.
 */
#include "base/mem.h"
#include "base/plant.h"
#include "node/node_internal.h"
#include "store/attest.h"

enum { PEERS_MAX = 512 };

/* Who holds what it may hold whole, and is not read-only by office. A removed device may be anywhere. */
static bool
may_keep(const struct node *n, const struct org_device *d, bool hub)
{
	if (!org_device_live(d) || SAME(d->sign_pk, n->home.keys->device.sign_pk))
		return false;
	return hub ? d->hub : d->coordinator || d->advisor;
}

static bool
has_hub(struct node *n)
{
	const struct org *org = node_org(n);

	for (size_t i = 0; i < org_device_count(org); i++)
		if (may_keep(n, org_device_at(org, i), true))
			return true;
	return false;
}

static void
add_keeper(struct node *n, struct node_proof *p, const struct org_device *d, const struct replica_peer *peers, size_t count)
{
	struct node_keeper *k = p->keepers < NODE_KEEPERS_MAX ? &p->keeper[p->keepers] : NULL;
	struct replica *r = n->home.replica;

	if (k == NULL)
		return;
	*k = (struct node_keeper){ .dev = d->id, .hub = d->hub };
	for (size_t i = 0; i < replica_log_count(r); i++) {
		const struct log_head *h = replica_log_at(r, i);
		uint64_t from = h->key.is_branch ? h->key.branch_seq : 0, has;

		if (!SAME(h->key.author, n->home.keys->device.sign_pk) || h->len <= from)
			continue;
		has = replica_acked(r, &d->sign_pk, i);
		k->entries += has > from ? has - from : 0;
		k->lacks += has > from ? h->len - has : h->len - from;
	}
	for (size_t i = 0; i < count; i++)
		if (SAME(peers[i].author, d->sign_pk))
			k->last_seen_ms = peers[i].last_seen_ms;
	if (k->entries > 0 || k->last_seen_ms > 0 || k->hub)
		p->keepers++;
}

bool
node_must_leave(struct node *n)
{
	const struct org_device *self = node_has_org(n) ? node_self(n) : NULL;

	if (self == NULL || !org_device_live(self) || PLANTED(27))
		return false; /* it can say nothing that anybody would take */
	return self->hub || (!has_hub(n) && (self->coordinator || self->advisor));
}

bool
node_is_leaving(struct node *n)
{
	return replica_is_leaving(n->home.replica, &n->home.keys->device.sign_pk, &n->home.keys->inc, NULL);
}

static bool
has_control_log(struct node *n)
{
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct replica *r = n->home.replica;

	for (size_t i = 0; i < replica_log_count(r); i++)
		if (SAME(replica_log_at(r, i)->key.author, n->home.keys->device.sign_pk) && SAME(replica_log_at(r, i)->key.stream, control) &&
		    replica_log_at(r, i)->len > 0)
			return true;
	return false;
}

enum err_code
node_leave(struct node *n, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (node_is_leaving(n))
		return ERR_OK;
	/* Others see that an incarnation is newer by the older ones in the control stream that it names: there must be one. */
	if (!has_control_log(n))
		rc = replica_attest_leaving(n->home.replica, &n->home.keys->device, &n->home.keys->inc, err);
	if (rc == ERR_OK)
		rc = node_commit(n, err);
	if (rc == ERR_OK)
		rc = node_fresh_incarnation(n, err);
	if (rc == ERR_OK)
		rc = replica_attest_leaving(n->home.replica, &n->home.keys->device, &n->home.keys->inc, err);
	if (rc == ERR_OK)
		rc = node_commit(n, err);
	if (rc != ERR_OK)
		node_drop(n);
	return rc;
}

/*
 * Whose word counts now: who has not signed for it that this home leaves may be about to rely on it in turn, and both
 * would be gone.
 */
static bool
keeps(struct node *n, const struct org_device *d, bool hub)
{
	size_t word;

	if (!may_keep(n, d, hub))
		return false;
	return !replica_is_leaving(n->home.replica, &n->home.keys->device.sign_pk, &n->home.keys->inc, &word) ||
	       replica_acked(n->home.replica, &d->sign_pk, word) >= LEAVING_LEN;
}

/* How far into the log some keeper has signed. */
static uint64_t
kept(struct node *n, size_t log, bool hub)
{
	const struct org *org = node_org(n);
	uint64_t most = 0;

	for (size_t i = 0; i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);
		uint64_t has = keeps(n, d, hub) ? replica_acked(n->home.replica, &d->sign_pk, log) : 0;

		most = has > most ? has : most;
	}
	return most;
}

/* out->hub says who counts. */
static void
count_own(struct node *n, struct node_proof *out)
{
	struct replica *r = n->home.replica;

	for (size_t i = 0; i < replica_log_count(r); i++) {
		const struct log_head *h = replica_log_at(r, i);
		uint64_t from = h->key.is_branch ? h->key.branch_seq : 0, has;

		if (!SAME(h->key.author, n->home.keys->device.sign_pk) || h->len <= from)
			continue;
		has = node_has_org(n) ? kept(n, i, out->hub) : 0;
		out->entries += h->len - from;
		out->lacking += has > from ? h->len - has : h->len - from;
	}
}

static bool
cites(void *ctx, const struct entry *e)
{
	struct open_op *open = ctx;
	struct control_op op;

	if (e->has_payload && (e->h.kind == KIND_OPEN || e->h.kind == KIND_TEAM_OPEN) && control_op_decode(&op, e->h.kind, e->payload, NULL) == ERR_OK) {
		*open = op.u.open;
		control_op_free(&op);
	}
	return false;
}

/* Does a log of that author in whatever stream go on from this incarnation? Then its home is another by now, and may have lost what this one held. */
static bool
is_superseded(struct node *n, const struct log_key *key)
{
	struct replica *r = n->home.replica;

	for (size_t i = 0; i < replica_log_count(r); i++) {
		const struct log_head *h = replica_log_at(r, i);
		struct open_op open = { .old_count = 0 };

		if (!SAME(h->key.author, key->author) || SAME(h->key.inc, key->inc) || h->key.is_branch || h->len == 0)
			continue;
		if (replica_scan(r, i, 0, 1, false, cites, &open, NULL) != ERR_OK)
			return true;
		for (size_t k = 0; k < open.old_count; k++)
			if (SAME(open.old[k].inc, key->inc))
				return true;
	}
	return false;
}

/* A branch is half of a fork: its author's store went back, and nobody knows which half it has. */
static bool
author_keeps(struct node *n, const struct log_key *key, bool hub)
{
	const struct org_device *d = org_device_by_author(node_org(n), &key->author);

	return d != NULL && keeps(n, d, hub) && !key->is_branch && !is_superseded(n, key);
}

/* What others wrote: as long as there is content of it here, somebody else must have it. */
static uint64_t
heard_lacking(struct node *n, size_t log, bool hub)
{
	const struct log_head *h = replica_log_at(n->home.replica, log);
	uint64_t from = h->key.is_branch ? h->key.branch_seq : 0, has;

	if (SAME(h->key.author, n->home.keys->device.sign_pk) || h->len <= from)
		return 0;
	has = node_has_org(n) ? kept(n, log, hub) : 0;
	from = has > from ? has : from;
	if (from >= h->len || (node_has_org(n) && author_keeps(n, &h->key, hub)))
		return 0;
	return replica_content(n->home.replica, log, from, h->len);
}

static void
count_heard(struct node *n, struct node_proof *out)
{
	for (size_t i = 0; i < replica_log_count(n->home.replica); i++)
		out->heard_lacking += heard_lacking(n, i, out->hub);
}

bool
node_proof_whole(const struct node_proof *p)
{
	return p->lacking == 0 && p->heard_lacking == 0;
}

void
node_proof(struct node *n, struct node_proof *out)
{
	struct replica_peer *peers = mem_zero(PEERS_MAX, sizeof(*peers));
	size_t count = peers != NULL ? replica_peers(n->home.replica, peers, PEERS_MAX) : 0;

	memset(out, 0, sizeof(*out));
	out->hub = node_has_org(n) && has_hub(n);
	for (size_t i = 0; node_has_org(n) && i < org_device_count(node_org(n)); i++)
		if (may_keep(n, org_device_at(node_org(n), i), out->hub))
			add_keeper(n, out, org_device_at(node_org(n), i), peers, count);
	mem_free(peers);
	count_own(n, out);
	count_heard(n, out);
}

/* Grants and keys of ours are as much worth keeping as notes: every log counts, whatever is in it. */
bool
node_safe_to_wipe(struct node *n)
{
	struct node_proof p = { .hub = node_has_org(n) && has_hub(n) };
	bool whole;

	count_own(n, &p);
	whole = p.lacking == 0 && replica_pending(n->home.replica) == 0;
	for (size_t i = 0; whole && i < replica_log_count(n->home.replica); i++)
		whole = heard_lacking(n, i, p.hub) == 0;
	return whole;
}

enum err_code
node_wipe(struct node *n, struct err *err)
{
	struct node_proof *p = mem_zero(1, sizeof(*p));
	uint64_t lacking, heard;
	bool whole;

	if (p == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (node_must_leave(n) && !node_is_leaving(n)) {
		mem_free(p);
		return err_set(err, ERR_REFUSED, "others may count on what this home holds, and it has not said that it leaves");
	}
	node_proof(n, p);
	lacking = p->lacking;
	heard = p->heard_lacking;
	whole = node_proof_whole(p) && replica_pending(n->home.replica) == 0;
	mem_free(p);
	if (!whole)
		return err_set(err, ERR_REFUSED, "%llu entries written here, and %llu of others that were heard here, are not proved to be anywhere else",
		               (unsigned long long)lacking, (unsigned long long)heard);
	if (home_wipe_begin(&n->home, err) != ERR_OK)
		return err->code;
	return home_wipe_keys(n->env, n->home.path, err);
}

bool
node_is_wiped(struct node *n)
{
	return n->home.wiping;
}
