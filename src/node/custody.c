/*
 * What others have proved to hold of what this device wrote: from their
 * signed ACKs and ATTESTs alone, never from a memory of having sent. The three counts
 * add up to `entries`: nobody else, a hub (whoever else), another device but no hub.
 */
#include "node/node_internal.h"

struct held { uint64_t hub, other; };

static struct held
held_of(struct node *n, size_t log)
{
	struct held h = { 0, 0 };

	for (size_t i = 0; i < org_device_count(node_org(n)); i++) {
		const struct org_device *d = org_device_at(node_org(n), i);
		uint64_t len;

		/* A removed device may be anywhere: what it holds is no safe copy. */
		if (d->gone || SAME(d->sign_pk, n->home.keys->device.sign_pk))
			continue;
		len = replica_acked(n->home.replica, &d->sign_pk, log);
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
	memset(out, 0, sizeof(*out));
	out->safe_to_wipe = node_safe_to_wipe(n);
	for (size_t i = 0; i < n->own_count; i++) {
		const struct own_log *o = &n->own[i];
		const struct log_head *l = replica_log_at(n->home.replica, o->log);
		struct held h = node_has_org(n) ? held_of(n, o->log) : (struct held){ 0, 0 };
		uint64_t all = node_data_below(o, l->len), hub = node_data_below(o, h.hub), other = node_data_below(o, h.other);

		out->entries += all;
		out->also_hub += hub;
		out->elsewhere += other > hub ? other - hub : 0;
		out->only_here += all - (hub > other ? hub : other);
	}
}
