/*
 * What others have proved to hold of what this device wrote: from their
 * signed ACKs alone, never from a memory of having sent. The three counts
 * add up to `entries`: nobody else, a hub (whoever else), another device but no hub.
 */
#include "node/node_internal.h"

enum { PEERS_MAX = 512 };

struct held { uint64_t hub, other; };

static struct held
held_of(struct node *n, size_t log, const struct replica_peer *peers, size_t count)
{
	struct held h = { 0, 0 };

	for (size_t i = 0; i < count; i++) {
		const struct org_device *d = org_device_by_author(node_org(n), &peers[i].author);
		uint64_t len;

		/* A removed device may be anywhere: what it holds is no safe copy. */
		if (d == NULL || d->gone || SAME(peers[i].author, n->home.keys->device.sign_pk))
			continue;
		len = replica_acked(n->home.replica, &peers[i].author, log);
		if (d->hub && len > h.hub)
			h.hub = len;
		if (!d->hub && len > h.other)
			h.other = len;
	}
	return h;
}

void
node_custody(struct node *n, struct node_custody *out)
{
	static struct replica_peer peers[PEERS_MAX];
	size_t count = node_has_org(n) ? replica_peers(n->home.replica, peers, PEERS_MAX) : 0;

	memset(out, 0, sizeof(*out));
	out->safe_to_wipe = true;
	if (count > PEERS_MAX)
		count = PEERS_MAX;
	for (size_t i = 0; i < n->own_count; i++) {
		const struct own_log *o = &n->own[i];
		const struct log_head *l = replica_log_at(n->home.replica, o->log);
		struct held h = held_of(n, o->log, peers, count);
		uint64_t all = node_data_below(o, l->len), hub = node_data_below(o, h.hub), other = node_data_below(o, h.other);

		out->entries += all;
		out->also_hub += hub;
		out->elsewhere += other > hub ? other - hub : 0;
		out->only_here += all - (hub > other ? hub : other);
		/* Grants and keys of ours are as much worth keeping as notes. */
		if (l->len > (h.hub > h.other ? h.hub : h.other))
			out->safe_to_wipe = false;
	}
}
