/*
 * The acts of removal: REVOKE and UNGRANT with a cut for every log that is
 * held. What the remover has not seen is left out, which cannot hurt for
 * long: it can be adopted, and the next remover can cut lower but not higher.
 */
#include "node/removal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "node/node_internal.h"
#include "store/netkey.h"

/* ---- cuts ---- */

static int
by_cut_order(const void *a, const void *b)
{
	return cut_order(a, b);
}

/* Was this log opened under one of the grants? Where we hold headers only, a cut too many cuts nothing. */
static bool
opened_under(struct node *n, size_t log, const struct hash *grants, size_t count)
{
	struct buf keep = BUF_INIT;
	struct control_op op;
	struct entry e;
	bool under = true;

	if (replica_entry(n->home.replica, log, 0, &e, &keep, NULL) == ERR_OK && e.has_payload && e.h.kind == KIND_TEAM_OPEN &&
	    control_op_decode(&op, KIND_TEAM_OPEN, e.payload, NULL) == ERR_OK) {
		under = false;
		for (size_t i = 0; i < count; i++)
			under = under || (op.u.open.has_grant && SAME(op.u.open.grant, grants[i]));
		control_op_free(&op);
	}
	buf_free(&keep);
	return under;
}

/* Behind the last entry held of each log of the device; of those in `team` opened under the grants, when that is given. */
static enum err_code
find_cuts(struct node *n, const struct author *author, const struct stream_id *team, const struct hash *grants,
          size_t grant_count, struct node_removal *out, struct err *err)
{
	for (size_t i = 0; i < replica_log_count(n->home.replica); i++) {
		const struct log_head *h = replica_log_at(n->home.replica, i);
		struct cut *c = &out->cuts[out->cut_count];

		/* A branch is not a log to cut: the part before the fork is, and what was adopted beyond it stays adopted. */
		if (h->key.is_branch || h->len == 0 || !SAME(h->key.author, *author))
			continue;
		if (team != NULL && (!SAME(h->key.stream, *team) || !opened_under(n, i, grants, grant_count)))
			continue;
		if (out->cut_count == CUTS_MAX)
			return err_set(err, ERR_TOO_BIG, "that device has written in more than %d logs", CUTS_MAX);
		*c = (struct cut){ .stream = h->key.stream, .inc = h->key.inc, .seq = (int64_t)h->len - 1 };
		memcpy(c->head16, h->head.b, sizeof(c->head16));
		out->cut_count++;
	}
	qsort(out->cuts, out->cut_count, sizeof(*out->cuts), by_cut_order);
	return ERR_OK;
}

/* ---- removing a device ---- */

static enum err_code
may_remove(struct node *n, const struct device_id *dev, struct err *err)
{
	const struct org_device *self = node_self(n);

	if (self != NULL && !self->gone && SAME(self->id, *dev))
		return ERR_OK; /* anybody may leave */
	return node_must_coordinate(n, err);
}

static enum err_code
seal_reason(struct node *n, const char *reason, struct buf *out, struct err *err)
{
	const struct stream_id roster = roster_stream(org_id(node_org(n)));
	const char *text = reason != NULL ? reason : "";
	struct buf plain = BUF_INIT;
	enum err_code rc;

	if (strlen(text) > REASON_TEXT_MAX)
		return err_set(err, ERR_TOO_BIG, "a reason has at most %d bytes", REASON_TEXT_MAX);
	if (!org_reads(node_org(n), &roster, &node_self(n)->id)) /* a hub or an auditor that leaves has no key to seal under */
		return reason == NULL ? ERR_OK : err_set(err, ERR_REFUSED, "this device holds no key to seal a reason with; leave it out");
	rc = node_need_epoch(n, &roster, err);
	wr_array(&plain, 2);
	wr_uint(&plain, (uint64_t)n->env->ops->wall_ms(n->env));
	wr_str(&plain, text, strlen(text));
	if (rc == ERR_OK)
		rc = buf_ok(&plain) ? vault_seal_name(n->vault, n->env, node_org(n), buf_bytes(&plain), out, err)
		                    : err_plain(err, ERR_NO_MEMORY);
	buf_wipe(&plain);
	return rc;
}

static bool
disputed_before(struct node *n, const struct device_id *dev)
{
	const struct org *org = node_org(n);

	for (size_t i = 0; i < org_void_removals(org); i++)
		if (SAME(org_dispute_at(org, i)->by, node_self(n)->id) && SAME(org_dispute_at(org, i)->target, *dev))
			return true;
	return false;
}

enum err_code
node_revoke(struct node *n, const struct device_id *device, const char *reason, struct node_removal *out, struct err *err)
{
	const struct device_id dev = *device; /* it may point into the org, which is evaluated anew here */
	struct control_op op = { .kind = KIND_REVOKE, .u.revoke = { .dev = dev } };
	const struct org_device *d;
	struct buf sealed = BUF_INIT;
	struct author author;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	rc = may_remove(n, &dev, err);
	if (rc != ERR_OK)
		return rc;
	d = org_device_by_id(node_org(n), &dev);
	if (d == NULL)
		return err_set(err, ERR_UNKNOWN, "no admitted device has that id");
	if (d->gone)
		return err_set(err, ERR_EXISTS, "that device has been removed already");
	author = d->sign_pk;
	out->dispute = out->recorded_before = disputed_before(n, &dev);
	if (out->dispute)
		return ERR_OK;
	rc = seal_reason(n, reason, &sealed, err);
	if (rc == ERR_OK) /* last, so that what this very batch has written in our own logs is within the cut */
		rc = find_cuts(n, &author, NULL, NULL, 0, out, err);
	op.u.revoke.cuts = out->cuts;
	op.u.revoke.cut_count = out->cut_count;
	op.u.revoke.reason = buf_bytes(&sealed);
	if (rc == ERR_OK)
		rc = node_append_control(n, &op, err);
	if (rc == ERR_OK)
		rc = replica_evaluate(n->home.replica, err);
	if (rc == ERR_OK) {
		d = org_device_by_id(node_org(n), &dev);
		out->dispute = d != NULL && !d->gone;
	}
	/* Who leaves by herself is no coordinator any more; the next one to remove somebody does it. */
	if (rc == ERR_OK && !out->dispute && node_self(n) != NULL && node_self(n)->coordinator && !node_self(n)->gone)
		rc = home_rotate_network(&n->home, &out->network_key, err);
	buf_free(&sealed);
	return rc;
}

/* ---- withdrawing a right ---- */

enum err_code
node_ungrant(struct node *n, const struct device_id *device, const struct stream_id *team_id, struct node_removal *out,
             struct err *err)
{
	const struct device_id dev = *device;
	const struct stream_id team = *team_id;
	struct hash grants[GRANTS_MAX];
	struct control_op op = { .kind = KIND_UNGRANT, .u.ungrant = { .dev = dev, .team = team, .grants = grants } };
	struct ungrant *u = &op.u.ungrant;
	const struct org_device *d;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	rc = may_remove(n, &dev, err);
	if (rc != ERR_OK)
		return rc;
	d = org_device_by_id(node_org(n), &dev);
	for (size_t i = 0; i < org_grant_count(node_org(n)) && u->grant_count < GRANTS_MAX; i++) {
		const struct org_grant *g = org_grant_at(node_org(n), i);

		if (SAME(g->dev, dev) && g->has_team && SAME(g->team, team))
			grants[u->grant_count++] = g->id;
	}
	if (d == NULL || d->gone || u->grant_count == 0)
		return err_set(err, ERR_UNKNOWN, "that device does not belong to the team");
	rc = find_cuts(n, &d->sign_pk, &team, grants, u->grant_count, out, err);
	u->cuts = out->cuts;
	u->cut_count = out->cut_count;
	if (rc == ERR_OK)
		rc = node_append_control(n, &op, err);
	if (rc == ERR_OK)
		rc = replica_evaluate(n->home.replica, err);
	if (rc == ERR_OK && org_reads(node_org(n), &team, &dev))
		rc = err_set(err, ERR_REFUSED, "that device is no lower in rank than this one; only somebody above both can do that");
	return rc;
}

/* ---- why ---- */

struct reasons { struct node *n; const struct device_id *dev; const struct log_key *key; struct node_reason *out; bool found; };

static bool
take_reason(void *ctx, const struct entry *e)
{
	struct reasons *r = ctx;
	struct buf plain = BUF_INIT;
	struct control_op op;
	struct bytes text;
	struct rd rd;
	int64_t at;

	if (e->h.kind != KIND_REVOKE || !e->has_payload || !org_effective(node_org(r->n), r->key, e->h.seq) ||
	    control_op_decode(&op, KIND_REVOKE, e->payload, NULL) != ERR_OK)
		return true;
	if (SAME(op.u.revoke.dev, *r->dev) && vault_open_name(r->n->vault, op.u.revoke.reason, &plain, NULL) == ERR_OK) {
		rd = rd_init(buf_bytes(&plain));
		rd_array(&rd, 2);
		at = (int64_t)rd_uint(&rd, INT64_MAX);
		text = rd_str(&rd, REASON_TEXT_MAX);
		if (rd_end(&rd) && (!r->found || at < r->out->at_ms)) {
			*r->out = (struct node_reason){ .by = device_id_of(&e->h.author), .at_ms = at };
			memcpy(r->out->text, text.p, text.len);
			r->found = true;
		}
	}
	control_op_free(&op);
	buf_wipe(&plain);
	return true;
}

bool
node_reason_of(struct node *n, const struct device_id *dev, struct node_reason *out)
{
	struct reasons r = { .n = n, .dev = dev, .out = out };
	const struct org_device *d;
	struct stream_id control;

	d = node_has_org(n) ? org_device_by_id(node_org(n), dev) : NULL;
	if (d == NULL || !d->gone)
		return false;
	control = control_stream(org_id(node_org(n)));
	for (size_t i = 0; i < replica_log_count(n->home.replica); i++) {
		const struct log_head *h = replica_log_at(n->home.replica, i);
		struct log_key key = h->key;

		r.key = &key;
		if (SAME(key.stream, control) && replica_scan(n->home.replica, i, 0, h->len, false, take_reason, &r, NULL) != ERR_OK)
			continue; /* a damaged log has no word to say */
	}
	return r.found;
}
