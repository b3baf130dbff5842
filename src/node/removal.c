/*
 * The acts of removal: REVOKE and UNGRANT with a cut for every log that is
 * held. What the remover has not seen is left out, which cannot hurt for
 * long: it can be adopted, and the next remover can cut lower but not higher.
 */
#include "node/removal.h"

#include "crypto/guard.h"
#include "node/node_internal.h"
#include "store/netkey.h"

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
	if (!org_reads(node_org(n), &roster, &node_self(n)->id)) /* a hub, an auditor, a removed device: no key to seal under */
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

/* The right to do it, and whether it is worth doing. */
static enum err_code
check_removal(struct node *n, const struct device_id *dev, const struct node_how *how, struct err *err)
{
	const struct org_device *self = node_self(n), *d;
	enum err_code rc;

	if (how->root == NULL && how->kill_code == NULL) {
		rc = may_remove(n, dev, err);
		if (rc != ERR_OK)
			return rc;
	} else if (self == NULL) {
		return err_set(err, ERR_REFUSED, "this home has not joined an organisation yet");
	} else if (self->gone && how->kill_code != NULL) {
		return node_say_removed(err);
	}
	d = org_device_by_id(node_org(n), dev);
	if (d == NULL)
		return err_set(err, ERR_UNKNOWN, "no admitted device has that id");
	if (d->gone && how->before_count == 0)
		return err_set(err, ERR_EXISTS, "that device has been removed already");
	return ERR_OK;
}

static enum err_code
sign_with_card(struct node *n, struct revoke *v, const uint8_t code[16], struct err *err)
{
	uint8_t pk[32], sk[64], digest[32];
	enum err_code rc = ERR_OK;

	kill_pair(pk, sk, code);
	if (!org_kill_card_fits(node_org(n), &v->dev, pk))
		rc = err_set(err, ERR_REFUSED, "that is not the kill card of this device");
	else if (!revoke_kill_digest(digest, org_id(node_org(n)), v))
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK) {
		sign_digest(v->kill_sig, "fb1/kill/sig", digest, sk);
		v->has_kill = true;
	}
	wipe(sk, sizeof(sk));
	return rc;
}

enum err_code
node_revoke_how(struct node *n, const struct device_id *device, const struct node_how *how, struct node_removal *out, struct err *err)
{
	const struct device_id dev = *device; /* it may point into the org, which is evaluated anew here */
	struct control_op op = { .kind = KIND_REVOKE, .u.revoke = { .dev = dev } };
	const struct org_device *d;
	struct buf sealed = BUF_INIT;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	rc = check_removal(n, &dev, how, err);
	if (rc != ERR_OK)
		return rc;
	out->dispute = out->recorded_before = how->root == NULL && how->kill_code == NULL && disputed_before(n, &dev);
	if (out->dispute)
		return ERR_OK;
	rc = seal_reason(n, how->reason, &sealed, err);
	d = org_device_by_id(node_org(n), &dev); /* sealing may have evaluated the org anew */
	if (rc == ERR_OK) /* last, so that what this very batch has written in our own logs is within the cut */
		rc = node_find_cuts(n, &d->sign_pk, how, out, err);
	op.u.revoke.cuts = out->cuts;
	op.u.revoke.cut_count = out->cut_count;
	op.u.revoke.reason = buf_bytes(&sealed);
	if (rc == ERR_OK && how->kill_code != NULL)
		rc = sign_with_card(n, &op.u.revoke, how->kill_code, err);
	if (rc == ERR_OK)
		rc = how->root != NULL ? node_append_as_root(n, how->root, &op, err) : node_append_control(n, &op, err);
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

enum err_code
node_revoke(struct node *n, const struct device_id *dev, const char *reason, struct node_removal *out, struct err *err)
{
	const struct node_how how = { .reason = reason };

	return node_revoke_how(n, dev, &how, out, err);
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
	rc = node_find_team_cuts(n, &d->sign_pk, &team, grants, u->grant_count, out, err);
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

struct reasons { struct node *n; const struct device_id *dev; struct node_reason *out; bool found; };

static bool
take_reason(void *ctx, const struct entry *e)
{
	struct reasons *r = ctx;
	struct buf plain = BUF_INIT;
	struct control_op op;
	struct bytes text;
	struct rd rd;
	int64_t at;

	if (e->h.kind != KIND_REVOKE || !e->has_payload || !org_removal_counts(node_org(r->n), &e->id) ||
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

		if (SAME(h->key.stream, control) && replica_scan(n->home.replica, i, 0, h->len, false, take_reason, &r, NULL) != ERR_OK)
			continue; /* a damaged log has no word to say */
	}
	return r.found;
}
