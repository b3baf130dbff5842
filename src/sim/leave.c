/*
 * Somebody who comes and goes: a device of a member whose machine is never
 * switched on. A coordinator admits it to the team, and some coordinator later
 * removes it, so that writers who have heard and writers who have not seal side
 * by side. It writes nothing: the model's oracles judge everybody as before.
 *
 *   I6: no entry is sealed to a device that its writer knew was removed
 */
#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "node/node_internal.h"
#include "node/removal.h"
#include "sim/play_internal.h"
#include "vault/vault_late.h"

void
leave_request(struct node *n, const char *member, uint8_t card[16], struct join_request *req)
{
	uint8_t seed[32], nonce[16], card_sk[64];
	struct device_keys keys;
	struct seal_pair seal;

	*req = (struct join_request){ .device_name = "lånad" };
	snprintf(req->member_name, sizeof(req->member_name), "%s", member);

	env_random(node_env(n), seed, sizeof(seed));
	env_random(node_env(n), nonce, sizeof(nonce));
	device_keys_derive(&keys, seed);
	seal_pair_make(node_env(n), &seal);
	join_request_make(req, &keys, seal.pk, nonce);
	env_random(node_env(n), card, 16);
	req->keys.has_kill = true;
	kill_pair(req->keys.kill_pk, card_sk, card);
	wipe(card_sk, sizeof(card_sk));
	join_request_sign(req, &keys);
	wipe(&keys, sizeof(keys));
	wipe(&seal, sizeof(seal));
}

static enum err_code
admit_guest(struct play *p, struct node *n, struct err *err)
{
	struct join_request req;

	leave_request(n, "Gäst", p->guest_card, &req);
	return node_admit(n, &req, ROLE_ADVISOR, &p->team, 1, &p->guest, err);
}

static enum err_code
remove_guest(struct play *p, struct node *n, struct err *err)
{
	const struct org_device *d;
	struct node_removal *r = mem_zero(1, sizeof(*r));
	enum err_code rc = r != NULL ? node_revoke(n, &p->guest, "går hem", r, err) : err_plain(err, ERR_NO_MEMORY);

	d = org_device_by_id(node_org(n), &p->guest);
	if (rc == ERR_OK && r->dispute && (d == NULL || !d->coordinator)) /* the trustees may have raised it */
		rc = err_set(err, ERR_REFUSED, "the removal of an adviser is disputed");
	mem_free(r);
	return rc;
}

enum err_code
leave_act(struct play *p, size_t i, struct err *err)
{
	struct node *n = p->stations[i]->node;
	const struct org_device *d = p->guest_came ? org_device_by_id(node_org(n), &p->guest) : NULL;
	bool comes = !p->guest_came;
	enum err_code rc = ERR_OK;

	if (!p->coordinator[i] || (p->guest_came && (d == NULL || d->gone)))
		return ERR_OK;
	rc = comes ? admit_guest(p, n, err) : remove_guest(p, n, err);
	if (rc == ERR_OK)
		rc = node_commit(n, err);
	else
		node_drop(n);
	if (comes) /* perhaps not for long: the power may have gone before it was saved */
		p->guest_came = true;
	if (rc == ERR_OK && !comes && !station_power_went(p->stations[i])) {
		mark(p->guest_left ? MARK_REMOVED_TWICE : MARK_REMOVED); /* who knew of an earlier one has not got this far */
		p->guest_left = true;
	}
	trace_line(world_trace(p->world), "n%zu: a guest %s: %s", i, comes ? "comes" : "leaves", rc == ERR_OK ? "ok" : err->text);
	return rc;
}

bool
leave_check(struct play *p, size_t i, bool rows_written)
{
	struct node *n = p->stations[i]->node;
	struct stream_id box;
	struct epoch_id epoch, rows;

	bool has_rows = node_drop_box(n, &box) && vault_preferred(n->vault, &box, &rows);

	/* What says nothing of figures makes no row, and there may be no epoch for one just then. */
	if (rows_written && !has_rows)
		return play_fail(p, "I6", "n%zu has written a row under no epoch", i);
	if (!vault_preferred(n->vault, &p->team, &epoch))
		return play_fail(p, "I6", "n%zu has written under no epoch", i);
	for (size_t k = 0; k < org_device_count(node_org(n)); k++) {
		const struct org_device *d = org_device_at(node_org(n), k);

		if (d->gone && (vault_epoch_reaches(n->vault, &epoch, &d->id) || (has_rows && vault_epoch_reaches(n->vault, &rows, &d->id))))
			return play_fail(p, "I6", "n%zu has sealed to a device that it knew was removed", i);
	}
	return true;
}
