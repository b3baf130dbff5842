/*
 * Keys for new readers: given without asking where the one who gives has
 * reason to think that the membership it sees is the present one and the
 * grant is nobody's quarrel, else by a person's yes. proto/vault.md, 6.
 */
#include "crypto/hc.h"
#include "node/node_internal.h"
#include "node/tend.h"
#include "vault/vault_late.h"

#define META_REFUSED "node.refused" /* ids of keys that a person here has refused to give */

enum { FRESH_DAYS = 7, REFUSED_MAX = 4096 };

/* A KEYGRANT of the stream's epochs, when we hold them and the device lacks them. */
enum err_code
node_give_key(struct node *n, const struct stream_id *stream, const struct device_id *dev, size_t *given, struct err *err)
{
	const struct org *org = node_org(n);
	const struct org_device *to = org_device_by_id(org, dev);
	struct buf payload = BUF_INIT;
	struct entry e;
	enum err_code rc;

	if (to == NULL || !org_reads(org, stream, dev) || !vault_can_write(n->vault, stream) ||
	    vault_has_been_given(n->vault, stream, to))
		return ERR_OK;
	rc = vault_make_keygrant(n->vault, n->env, org, stream, to, &payload, err);
	if (rc == ERR_KEY) { /* a seal key that cannot be used is that device's trouble alone */
		buf_free(&payload);
		return ERR_OK;
	}
	if (rc == ERR_OK)
		rc = node_append(n, stream, KIND_KEYGRANT, buf_bytes(&payload), &e, err);
	if (rc == ERR_OK)
		(*given)++;
	buf_free(&payload);
	return rc;
}

/* ---- what must be asked ---- */

static bool
is_disputed(const struct org *org, const struct device_id *dev)
{
	for (size_t i = 0; i < org_void_removals(org); i++)
		if (SAME(org_dispute_at(org, i)->by, *dev) || SAME(org_dispute_at(org, i)->target, *dev))
			return true;
	return false;
}

bool
node_team_by_hand(struct node *n, const struct stream_id *team)
{
	static const struct record_id none;
	struct record *r = record_new(&none);
	struct record_id id;
	const struct value *v;
	size_t count = 0;
	enum err_code rc = r != NULL ? ERR_OK : ERR_NO_MEMORY;
	bool hand = false;

	memcpy(id.b, team->b, sizeof(id.b));
	if (rc == ERR_OK)
		rc = view_get(n->view, &id, r, NULL, NULL);
	if (rc == ERR_OK && record_type(r) == ROSTER_TYPE) {
		v = record_values(r, ROSTER_KEYS_BY_HAND, &count);
		for (size_t i = 0; i < count && !hand; i++) { /* of two that disagree the careful one */
			const struct author *a = view_author(n->view, v[i].author);
			const struct org_device *d = a != NULL ? org_device_by_author(node_org(n), a) : NULL;
			struct rd rd = rd_init(v[i].value);

			hand = d != NULL && d->coordinator && rd_uint(&rd, 1) == 1 && rd_end(&rd);
		}
	}
	record_free(r);
	return hand || (rc != ERR_OK && rc != ERR_UNKNOWN); /* who could not look gives no key away */
}

enum err_code
node_set_team_by_hand(struct node *n, const struct stream_id *team, bool on, struct err *err)
{
	struct roster_op op = { .kind = OP_SET, .field = ROSTER_KEYS_BY_HAND };
	struct buf value = BUF_INIT;
	struct record_id id;
	enum err_code rc = node_must_coordinate(n, err);

	if (rc != ERR_OK)
		return rc;
	memcpy(id.b, team->b, sizeof(id.b));
	wr_uint(&value, on);
	op.value = buf_bytes(&value);
	rc = buf_ok(&value) ? node_write_roster(n, &id, &op, 1, err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&value);
	return rc;
}

/* 0: the key may be given at once. */
static int
why_wait(struct node *n, const struct stream_id *stream, const struct device_id *dev, struct device_id *by)
{
	const struct org_grant *g = org_grant_for(node_org(n), stream, dev);
	int64_t days = node_membership_days(n);

	memset(by, 0, sizeof(*by));
	if (g != NULL)
		*by = g->by;
	if (g == NULL || is_disputed(node_org(n), &g->by))
		return KEY_DISPUTED;
	if (node_team_by_hand(n, stream))
		return KEY_BY_HAND;
	return days < 0 || days > FRESH_DAYS ? KEY_STALE : 0;
}

static void
wait_id(uint8_t out[16], const struct stream_id *stream, const struct device_id *dev)
{
	HC(out, 16, BYTES_NONE, "fb1/key/wait", BYTES_OF(*stream), BYTES_OF(*dev));
}

static bool
is_refused(const struct buf *refused, const uint8_t id[16])
{
	for (size_t i = 0; i + 16 <= refused->len; i += 16)
		if (memcmp(refused->p + i, id, 16) == 0)
			return true;
	return false;
}

/* Calls cb for each reader of a stream that we could give keys of and that lacks them, until it fails. */
static enum err_code
each_lacking(struct node *n, enum err_code (*cb)(void *ctx, const struct stream_id *stream, const struct device_id *dev, struct err *err),
             void *ctx, struct err *err)
{
	size_t teams = org_team_count(node_org(n));
	enum err_code rc = ERR_OK;

	for (size_t t = 0; t <= teams && t <= org_team_count(node_org(n)) && rc == ERR_OK; t++) {
		const struct stream_id stream = t == 0 ? roster_stream(org_id(node_org(n))) : org_team_at(node_org(n), t - 1)->id;

		if (!org_reads(node_org(n), &stream, &node_self(n)->id) || !vault_can_write(n->vault, &stream))
			continue;
		for (size_t i = 0; i < org_device_count(node_org(n)) && rc == ERR_OK; i++) {
			const struct org_device *d = org_device_at(node_org(n), i);
			const struct device_id dev = d->id;

			if (org_reads(node_org(n), &stream, &dev) && !SAME(dev, node_self(n)->id) &&
			    !vault_has_been_given(n->vault, &stream, d))
				rc = cb(ctx, &stream, &dev, err);
		}
	}
	return rc;
}

struct giving { struct node *n; size_t *given; };

static enum err_code
give_if_clear(void *ctx, const struct stream_id *stream, const struct device_id *dev, struct err *err)
{
	struct giving *g = ctx;
	struct device_id by;

	return why_wait(g->n, stream, dev, &by) == 0 ? node_give_key(g->n, stream, dev, g->given, err) : ERR_OK;
}

/* A writer who found no clean epoch has made one: the first reader to see it makes a better one (proto/vault.md, 11). */
static enum err_code
own_box(struct node *n, const struct stream_id *stream, struct err *err)
{
	const struct org_team *t = org_team_by_id(node_org(n), stream);

	if (t == NULL || t->mode != 1 || t->state != 1 || !org_reads(node_org(n), stream, &node_self(n)->id) ||
	    vault_by_reader(n->vault, stream))
		return ERR_OK;
	return node_need_epoch(n, stream, err);
}

/*
 * What is live under an epoch that an erasure has tombstoned, or a removal has made unclean, reaches a newcomer through the
 * tables of the next one, and only a writer makes one. A newcomer who may have the keys is reason enough to write: whoever
 * is idle makes it for her.
 */
static enum err_code
renew_for_newcomer(struct node *n, const struct stream_id *stream, struct err *err)
{
	struct device_id by;
	bool waits = false;

	if (!org_reads(node_org(n), stream, &node_self(n)->id) || org_is_drop_box(node_org(n), stream) || vault_can_write(n->vault, stream))
		return ERR_OK;
	for (size_t i = 0; i < org_device_count(node_org(n)) && !waits; i++) {
		const struct org_device *d = org_device_at(node_org(n), i);
		const struct device_id dev = d->id;

		waits = org_reads(node_org(n), stream, &dev) && !SAME(dev, node_self(n)->id) && vault_lacks_epoch(n->vault, stream, d) &&
		        why_wait(n, stream, &dev, &by) == 0;
	}
	return waits ? node_need_epoch(n, stream, err) : ERR_OK;
}

enum err_code
node_give_keys(struct node *n, size_t *given, struct err *err)
{
	struct giving g = { n, given };
	enum err_code rc = ERR_OK;

	*given = 0;
	if (!node_has_org(n) || node_self(n) == NULL || !org_device_live(node_self(n)))
		return ERR_OK;
	for (size_t i = 0; i < org_team_count(node_org(n)) && rc == ERR_OK; i++) {
		const struct stream_id stream = org_team_at(node_org(n), i)->id;

		rc = own_box(n, &stream, err);
		if (rc == ERR_OK)
			rc = renew_for_newcomer(n, &stream, err);
	}
	return rc == ERR_OK ? each_lacking(n, give_if_clear, &g, err) : rc;
}

/*
 * Otherwise the next epoch would hand over, with its tables, what nobody has said yes to. A stream's first epoch is for all:
 * there is nothing before it.
 */
void
node_leave_out_waiting(struct node *n, const struct stream_id *stream)
{
	const struct org *org = node_org(n);
	struct device_id by;
	uint64_t newest;

	for (size_t i = 0; i < org_device_count(org) && vault_epochs_reaching(n->vault, stream, &node_self(n)->id, &newest) > 0; i++) {
		const struct device_id dev = org_device_at(org, i)->id;
		int why = org_reads(org, stream, &dev) && vault_epochs_reaching(n->vault, stream, &dev, &newest) == 0
		          ? why_wait(n, stream, &dev, &by) : 0;

		if (why == KEY_BY_HAND || why == KEY_DISPUTED)
			vault_leave_out(n->vault, &dev);
	}
}

/* ---- a person's answer ---- */

struct asking { struct node *n; struct node_key_wait *out; size_t max, count; struct buf refused; };

static enum err_code
list_one(void *ctx, const struct stream_id *stream, const struct device_id *dev, struct err *err)
{
	struct asking *a = ctx;
	struct node_key_wait w = { .stream = *stream, .dev = *dev };
	int why = why_wait(a->n, stream, dev, &w.granted_by);

	(void)err;
	if (why == 0)
		return ERR_OK; /* goes by itself with the next exchange */
	w.why = (enum key_wait)why;
	wait_id(w.id, stream, dev);
	w.refused = is_refused(&a->refused, w.id);
	if (a->count++ < a->max)
		a->out[a->count - 1] = w;
	return ERR_OK;
}

size_t
node_keys_waiting(struct node *n, struct node_key_wait *out, size_t max)
{
	struct asking a = { .n = n, .out = out, .max = max, .refused = BUF_INIT };

	if (!node_has_org(n) || node_self(n) == NULL || !org_device_live(node_self(n)) || node_catch_up(n, NULL) != ERR_OK)
		return 0;
	(void)!replica_meta_get(n->home.replica, META_REFUSED, &a.refused, NULL); /* none: nothing was refused */
	(void)!each_lacking(n, list_one, &a, NULL);                               /* it cannot fail */
	buf_free(&a.refused);
	return a.count;
}

static enum err_code
note_refusal(struct node *n, const uint8_t id[16], bool refused, struct err *err)
{
	struct buf all = BUF_INIT, kept = BUF_INIT;
	enum err_code rc = replica_meta_get(n->home.replica, META_REFUSED, &all, err);

	if (rc == ERR_UNKNOWN)
		rc = err_forgive(err);
	for (size_t i = 0; i + 16 <= all.len; i += 16)
		if (memcmp(all.p + i, id, 16) != 0)
			buf_put(&kept, all.p + i, 16);
	if (refused && kept.len < 16 * REFUSED_MAX)
		buf_put(&kept, id, 16);
	if (rc == ERR_OK && (kept.len != all.len || refused))
		rc = buf_ok(&kept) ? replica_meta_put(n->home.replica, META_REFUSED, buf_bytes(&kept), err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&all);
	buf_free(&kept);
	return rc;
}

enum err_code
node_answer_key(struct node *n, const struct node_key_wait *w, bool yes, struct err *err)
{
	size_t given = 0;
	enum err_code rc = note_refusal(n, w->id, !yes, err);

	if (rc != ERR_OK || !yes)
		return rc;
	rc = node_give_key(n, &w->stream, &w->dev, &given, err);
	if (rc == ERR_OK && given == 0)
		return err_set(err, ERR_REFUSED, "that device cannot be given the key: its own key is not usable, or it has it by now");
	return rc;
}
