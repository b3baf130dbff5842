#include "hub/doubt.h"

#include "crypto/hc.h"

bool
doubt_hear(struct doubt *d, const struct org_device *by)
{
	if (d->proven || !by->coordinator || by->gone)
		return false;
	for (size_t i = 0; i < d->heard_count; i++)
		if (SAME(d->heard[i], by->id))
			return false;
	if (d->heard_count == DOUBT_HEARD_MAX)
		return false;
	d->heard[d->heard_count++] = by->id;
	return true;
}

static bool
was_heard(const struct doubt *d, const struct device_id *id)
{
	for (size_t i = 0; i < d->heard_count; i++)
		if (SAME(d->heard[i], *id))
			return true;
	return false;
}

/* A device that was removed may be the first to call, a coordinator's too: nobody vouches for itself, where there is another. */
bool
doubt_holds(const struct doubt *d, const struct org *org, const struct org_device *for_whom)
{
	bool others = false;

	if (d->proven || org == NULL)
		return false;
	for (size_t i = 0; i < org_device_count(org); i++) {
		const struct org_device *c = org_device_at(org, i);

		if (!c->coordinator || c->gone || (for_whom != NULL && SAME(c->id, for_whom->id)))
			continue;
		if (was_heard(d, &c->id))
			return false;
		others = true;
	}
	return others;
}

struct only { struct stream_id control; };

static bool
is_control(void *ctx, const struct log_head *h)
{
	return SAME(h->key.stream, ((const struct only *)ctx)->control);
}

void
doubt_witness(struct replica *r, const uint8_t seed[32], uint8_t out[32])
{
	const struct org *org = replica_org(r);
	struct only only;
	uint8_t root[32] = { 0 };

	if (org != NULL && org_known(org)) {
		only.control = control_stream(org_id(org));
		replica_frontier(r, is_control, &only, root);
	}
	HC(out, 32, BYTES(seed, 32), "fb1/hub/witness", BYTES(root, 32));
}
