/*
 * What can be known of devices that one does not meet: when a coordinator
 * last vouched for the membership, who is silent, and of whom two copies are
 * in use.
 */
#include "base/mem.h"
#include "node/node_internal.h"
#include "node/tend.h"
#include "store/attest.h"

#define DAY_MS 86400000ll

enum { PEERS_MAX = 512 };

static int64_t
attested_day(struct node *n, const struct org_device *d, struct attest *a)
{
	struct buf keep = BUF_INIT;
	bool any = replica_attested(n->home.replica, &d->sign_pk, a, &keep);

	buf_free(&keep);
	return any ? (int64_t)a->day : -1;
}

/* A clock that runs ahead vouches for today, and no more. */
static int64_t
days_since(struct node *n, int64_t day)
{
	int64_t today = n->env->ops->wall_ms(n->env) / DAY_MS;

	return day < 0 ? -1 : day > today ? 0 : today - day;
}

int64_t
node_membership_days(struct node *n)
{
	const struct org *org = node_org(n);
	struct attest *a;
	int64_t newest = -1;

	if (node_self(n) != NULL && node_self(n)->coordinator && !node_self(n)->gone)
		return 0;
	a = node_has_org(n) ? mem_alloc(sizeof(*a)) : NULL;
	for (size_t i = 0; a != NULL && i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);
		int64_t day = d->coordinator && !d->gone ? attested_day(n, d, a) : -1;

		newest = day > newest ? day : newest;
	}
	mem_free(a);
	return days_since(n, newest);
}

int64_t
node_silent_days(struct node *n, const struct org_device *d)
{
	struct replica_peer *peers = mem_zero(PEERS_MAX, sizeof(*peers));
	size_t count = peers == NULL ? 0 : replica_peers(n->home.replica, peers, PEERS_MAX);
	struct attest *a = mem_alloc(sizeof(*a));
	int64_t day = a == NULL ? -1 : attested_day(n, d, a);

	for (size_t i = 0; i < count && i < PEERS_MAX; i++)
		if (SAME(peers[i].author, d->sign_pk) && peers[i].last_seen_ms / DAY_MS > day)
			day = peers[i].last_seen_ms / DAY_MS;
	mem_free(a);
	mem_free(peers);
	return days_since(n, day);
}

/* ---- copies ---- */

/* The log's OPEN, when it is here to be read. */
static bool
read_open(struct node *n, size_t log, struct open_op *out)
{
	struct buf keep = BUF_INIT;
	struct control_op op;
	struct entry e;
	bool good;

	good = replica_entry(n->home.replica, log, 0, &e, &keep, NULL) == ERR_OK && e.has_payload &&
	       (e.h.kind == KIND_OPEN || e.h.kind == KIND_TEAM_OPEN) && control_op_decode(&op, e.h.kind, e.payload, NULL) == ERR_OK;
	if (good) {
		*out = op.u.open;
		control_op_free(&op);
	}
	buf_free(&keep);
	return good;
}

/* Does this log begin with a citation of another that has grown since? */
static bool
was_passed(struct node *n, size_t log, uint64_t *beyond)
{
	const struct log_head *h = replica_log_at(n->home.replica, log);
	struct log_key key = h->key;
	struct open_op open;
	size_t older;
	bool passed = false;

	*beyond = 0;
	if (key.is_branch || h->len == 0 || !read_open(n, log, &open))
		return false;
	for (size_t i = 0; i < open.old_count; i++) {
		key.inc = open.old[i].inc;
		if (!replica_log_find(n->home.replica, &key, &older) || replica_log_at(n->home.replica, older)->len <= open.old[i].len)
			continue;
		*beyond += replica_log_at(n->home.replica, older)->len - open.old[i].len;
		passed = true;
	}
	return passed;
}

static struct node_copies *
copies_of(struct node_copies *out, size_t count, const struct device_id *dev)
{
	for (size_t i = 0; i < count; i++)
		if (SAME(out[i].dev, *dev))
			return &out[i];
	return NULL;
}

size_t
node_copies(struct node *n, struct node_copies *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < replica_log_count(n->home.replica); i++) {
		const struct log_head *h = replica_log_at(n->home.replica, i);
		const struct device_id dev = device_id_of(&h->key.author);
		const struct org_device *d = org_device_by_id(node_org(n), &dev);
		struct node_copies *c = copies_of(out, count < max ? count : max, &dev);
		uint64_t beyond, here = h->len;

		if (d == NULL || d->gone || !was_passed(n, i, &beyond))
			continue;
		if (c == NULL && count++ < max) {
			c = &out[count - 1];
			*c = (struct node_copies){ .dev = dev };
		}
		if (c == NULL)
			continue;
		c->older += beyond;
		c->newer += here;
		c->logs++;
	}
	return count;
}
