/*
 * Alarms that a person here has seen: which grants of a team, made by a
 * coordinator to herself, status need not tell of again. They are known by
 * their GRANT, so that the next one is an alarm anew.
 */
#include "node/node_internal.h"
#include "node/standing.h"

#define META_SEEN "node.seen" /* ids of GRANTs, 32 bytes each */

static bool
is_in(const struct buf *seen, const struct hash *id)
{
	for (size_t i = 0; i + sizeof(id->b) <= seen->len; i += sizeof(id->b))
		if (memcmp(seen->p + i, id->b, sizeof(id->b)) == 0)
			return true;
	return false;
}

static enum err_code
load(struct node *n, struct buf *seen, struct err *err)
{
	enum err_code rc = replica_meta_get(n->home.replica, META_SEEN, seen, err);

	return rc == ERR_UNKNOWN ? err_forgive(err) : rc;
}

bool
node_is_alarming(struct node *n, const struct org_grant *g)
{
	const struct org_device *d = org_device_by_id(node_org(n), &g->dev);
	struct buf seen = BUF_INIT;
	bool alarms;

	if (!g->self_grant || !g->has_team || d == NULL || d->gone)
		return false;
	alarms = load(n, &seen, NULL) != ERR_OK || !is_in(&seen, &g->id); /* what cannot be read was not seen */
	buf_free(&seen);
	return alarms;
}

/* Grants that are no more are forgotten with it: the list is as long as there are coordinators who read. */
enum err_code
node_see_grants(struct node *n, const struct device_id *dev, size_t *count, struct err *err)
{
	const struct org *org = node_org(n);
	struct buf seen = BUF_INIT, now = BUF_INIT;
	enum err_code rc = load(n, &seen, err);

	*count = 0;
	for (size_t i = 0; i < org_grant_count(org); i++) {
		const struct org_grant *g = org_grant_at(org, i);
		bool known = is_in(&seen, &g->id), meant = dev == NULL || SAME(*dev, g->dev);

		if (!g->self_grant || !g->has_team || (!known && !meant))
			continue;
		*count += !known;
		buf_put(&now, g->id.b, sizeof(g->id.b));
	}
	if (rc == ERR_OK && *count > 0)
		rc = buf_ok(&now) ? replica_meta_put(n->home.replica, META_SEEN, buf_bytes(&now), err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&seen);
	buf_free(&now);
	return rc;
}
