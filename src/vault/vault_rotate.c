/*
 * Giving up old epoch keys. What they opened stays readable by the tables
 * under the new epoch; what those leave out can then be opened by nobody,
 * which is what makes an erasure final.
 */
#include "vault/vault_rotate.h"

#include "crypto/guard.h"
#include "vault/vault_internal.h"
#include "vault/vault_late.h"

/* Of two epochs of one number made apart the smaller id is preferred: once all have it, the other is old as well. */
static bool
vault_is_old(const struct vault *v, const struct epoch *ep, const struct epoch *now)
{
	return v->keys[ep - v->epochs].has_e && SAME(ep->stream, now->stream) && !SAME(ep->id, now->id) && ep->n <= now->n;
}

static bool
stays(const struct vault *v, const struct epoch_id *id, const struct epoch *now)
{
	const struct epoch *ep = vault_epoch(v, id, NULL);

	return ep != NULL && v->keys[ep - v->epochs].has_e && !vault_is_old(v, ep, now);
}

bool
vault_is_untold(const struct vault *v, const struct case_key *c, const struct epoch *now)
{
	return !stays(v, &c->birth, now) && !(c->has_told && stays(v, &c->told, now));
}

void
vault_case_told(struct vault *v, int64_t i, const struct epoch_id *under)
{
	const struct epoch *now = vault_epoch(v, under, NULL), *before;
	struct case_key *c = &v->cases[i];

	before = c->has_told ? vault_epoch(v, &c->told, NULL) : NULL;
	if (now == NULL || (before != NULL && before->n > now->n))
		return;
	if (before != NULL && before->n == now->n && before == vault_preferred_epoch(v, &before->stream))
		return; /* another of its number does not undo it: two who prefer different ones would answer each other for ever */
	c->has_told = true;
	c->told = *under;
}

size_t
vault_old_epochs(const struct vault *v, const struct stream_id *stream)
{
	const struct epoch *now = vault_preferred_epoch(v, stream);
	size_t count = 0;

	for (size_t i = 0; i < v->epoch_count && now != NULL; i++)
		count += vault_is_old(v, &v->epochs[i], now);
	return count;
}

static bool
is_missed(const struct vault *v, const struct case_key *c, const struct stream_id *stream, const struct epoch *now)
{
	return SAME(c->stream, *stream) && c->bound && vault_is_untold(v, c, now) && !keystore_tombstoned(v->ks, TOMB_KEY, c->kid.b);
}

size_t
vault_missed_keys(const struct vault *v, const struct stream_id *stream)
{
	const struct epoch *now = vault_preferred_epoch(v, stream);
	size_t count = 0;

	for (size_t i = 0; i < v->case_count && now != NULL; i++)
		count += is_missed(v, &v->cases[i], stream, now);
	return count;
}

static bool
is_held(const struct vault *v, const struct epoch_id *id)
{
	const struct epoch *ep = vault_epoch(v, id, NULL);

	return ep != NULL && v->keys[ep - v->epochs].has_e;
}

/* A tombstoned epoch is in no KEYGRANT: who was never given it learns what was born under it from tables alone. */
static bool
is_kept_from_some(const struct vault *v, const struct org *org, const struct epoch_id *birth)
{
	const struct epoch *ep = vault_epoch(v, birth, NULL);

	for (size_t i = 0; i < org_device_count(org) && ep != NULL && ep->known && ep->shredded; i++) {
		const struct org_device *d = org_device_at(org, i);

		if (org_reads(org, &ep->stream, &d->id) && !SAME(d->sign_pk, ep->log.author) && !vault_epoch_reaches(v, birth, &d->id))
			return true;
	}
	return false;
}

size_t
vault_missed_now(const struct vault *v, const struct org *org, const struct stream_id *stream)
{
	const struct epoch *now = vault_preferred_epoch(v, stream);
	size_t count = 0;

	for (size_t i = 0; i < v->case_count && now != NULL; i++) {
		const struct case_key *c = &v->cases[i];

		if (!is_missed(v, c, stream, now))
			continue;
		count += c->wrapped || (!is_held(v, &c->birth) && !(c->has_told && is_held(v, &c->told))) || is_kept_from_some(v, org, &c->birth);
	}
	return count;
}

enum err_code
vault_forget_old(struct vault *v, const struct stream_id *stream, struct err *err)
{
	const struct epoch *now = vault_preferred_epoch(v, stream);
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < v->epoch_count && now != NULL && rc == ERR_OK; i++) {
		struct epoch_keys *k = &v->keys[i];
		struct epoch_secret *s;

		if (!vault_is_old(v, &v->epochs[i], now))
			continue;
		/* First that it may not come back: the log still has it, sealed to us. */
		rc = keystore_add_tombstone(v->ks, TOMB_SECRET, v->epochs[i].id.b, err);
		if (rc != ERR_OK)
			break;
		wipe(k->e, sizeof(k->e));
		wipe(k->wk, sizeof(k->wk));
		wipe(k->tk, sizeof(k->tk));
		k->has_e = false;
		s = keystore_epoch(v->ks, &v->epochs[i].id);
		if (s != NULL)
			wipe(s->e, sizeof(s->e));
		v->dirty = true;
	}
	return rc;
}
