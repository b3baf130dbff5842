/*
 * EPOCH, KEYGRANT and KEYTABLE: how keys go out. Nothing here changes what
 * the vault holds: what is made counts once its entry has been learned.
 */
#include "vault/vault.h"

#include "base/plant.h"

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/primitive.h"
#include "crypto/seal.h"
#include "vault/vault_internal.h"
#include "vault/vault_rotate.h"

/* Ephemeral pairs are hedged like every other secret. */
static void
hedged_pair(struct vault *v, struct env *env, struct seal_pair *out, struct bytes about)
{
	vault_hedged(v, env, out->sk, "fb1/hedge/ephemeral", about);
	x25519_base(out->pk, out->sk);
}

void
vault_table_key(uint8_t out[32], const struct epoch_keys *k, const uint8_t salt[24], const struct place *at)
{
	HC(out, 32, BYTES(k->tk, 32), "fb1/tbl", BYTES(salt, 24), PLACE_PARTS(*at));
}

/* The newest epoch seen in the stream, whoever holds it: the parent of the next. */
static const struct epoch *
newest(const struct vault *v, const struct stream_id *stream)
{
	const struct epoch *best = NULL;

	for (size_t i = 0; i < v->epoch_count; i++) {
		const struct epoch *ep = &v->epochs[i];

		if (!ep->effective || !SAME(ep->stream, *stream))
			continue;
		if (best == NULL || ep->n > best->n || (ep->n == best->n && memcmp(ep->id.b, best->id.b, 16) < 0))
			best = ep;
	}
	return best;
}

void
vault_leave_out(struct vault *v, const struct device_id *dev)
{
	if (v->left_out_count < LEFT_OUT_MAX)
		v->left_out[v->left_out_count++] = *dev;
}

static bool
is_left_out(const struct vault *v, const struct device_id *dev)
{
	for (size_t i = 0; i < v->left_out_count; i++)
		if (SAME(v->left_out[i], *dev))
			return true;
	return false;
}

static bool
holds_seal_key(const struct keystore *ks, const uint8_t pk[32])
{
	for (size_t i = 0; i < ks->seal_count; i++)
		if (memcmp(ks->seal[i].pk, pk, 32) == 0)
			return true;
	return false;
}

/*
 * A home put back from a backup, or one of two copies, may lack the key that others seal to: what it makes itself it seals
 * to one that it holds, with an index that none has, so that the device counts as not given and others give the key where it was told.
 */
static const uint8_t *
seal_key_for(const struct vault *v, const struct org_device *d, uint64_t *index)
{
	bool told = !SAME(d->id, v->self) || v->ks->seal_count == 0 || holds_seal_key(v->ks, d->seal_pk);

	*index = told ? d->seal_index : SEAL_UNTOLD;
	return told ? d->seal_pk : v->ks->seal[0].pk;
}

/* Rows of all current readers, sorted by id as the org keeps them. A low-order seal key leaves its device out. */
static size_t
seal_to_readers(const struct vault *v, struct buf *rows, const struct org *org, const struct seal_context *c, const uint8_t e[32],
                const struct seal_pair *eph)
{
	uint8_t sealed[SEALED_KEY_BYTES];
	uint64_t index;
	size_t count = 0;

	for (size_t i = 0; i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);
		const uint8_t *pk = seal_key_for(v, d, &index);

		if (!(org_reads(org, c->stream, &d->id) || (PLANTED(16) && d->gone)) || is_left_out(v, &d->id) || !seal_key(sealed, e, c, eph->pk, eph->sk, pk))
			continue;
		wr_array(rows, 3);
		WR_FIXED(rows, d->id);
		wr_uint(rows, index);
		wr_bin(rows, sealed, sizeof(sealed));
		count++;
	}
	return count;
}

static void
write_epoch(struct buf *out, const struct org *org, const struct epoch *parent, uint8_t reason, const uint8_t commit[32],
            const struct seal_pair *eph, struct bytes rows, size_t count, const uint8_t e[32],
            const struct seal_context *c, bool is_drop)
{
	const struct genesis *g = org_genesis(org);
	uint8_t sealed[SEALED_KEY_BYTES], drop_pk[32], drop_sk[32];

	buf_clear(out);
	wr_array(out, is_drop ? 8 : 7);
	wr_uint(out, parent != NULL ? parent->n + 1 : 1);
	if (parent != NULL)
		WR_FIXED(out, parent->id);
	else
		wr_nil(out);
	wr_uint(out, parent != NULL ? reason : 0);
	wr_bin(out, commit, 32);
	wr_bin(out, eph->pk, 32);
	wr_array(out, count);
	buf_put_bytes(out, rows);
	if (g->escrow && g->has_escrow_pk && seal_key(sealed, e, c, eph->pk, eph->sk, g->escrow_pk))
		wr_bin(out, sealed, sizeof(sealed));
	else
		wr_nil(out);
	if (!is_drop)
		return;
	vault_drop_pair(drop_pk, drop_sk, e, commit);
	wr_bin(out, drop_pk, sizeof(drop_pk));
	wipe(drop_sk, sizeof(drop_sk));
}

enum err_code
vault_make_epoch(struct vault *v, struct env *env, const struct org *org, const struct stream_id *stream, uint8_t reason,
                 struct buf *payload, struct err *err)
{
	const struct epoch *parent = newest(v, stream);
	uint8_t e[32], commit[32], digest[16];
	const struct seal_context c = { .org = org_id(org), .stream = stream, .commit = commit };
	struct seal_pair eph;
	struct buf rows = BUF_INIT;
	enum err_code rc = ERR_OK;
	bool is_drop = org_is_drop_box(org, stream);
	size_t count;

	if (is_drop ? org_share(org, org_device_by_id(org, &v->self), stream) != SHARE_ALL : !org_reads(org, stream, &v->self))
		return err_set(err, ERR_REFUSED, "this device is not a reader of the team");
	org_digest(org, digest);
	vault_hedged(v, env, e, "fb1/hedge/epoch", BYTES(digest, sizeof(digest)));
	vault_commit_of(commit, e, stream);
	hedged_pair(v, env, &eph, BYTES(commit, sizeof(commit)));
	count = seal_to_readers(v, &rows, org, &c, e, &eph);
	if (count > EPOCH_READERS_MAX)
		rc = err_set(err, ERR_REFUSED, "a team has at most %d readers", EPOCH_READERS_MAX);
	else
		write_epoch(payload, org, parent, reason, commit, &eph, buf_bytes(&rows), count, e, &c, is_drop);
	if (rc == ERR_OK && (!buf_ok(payload) || !buf_ok(&rows)))
		rc = err_plain(err, ERR_NO_MEMORY);
	v->left_out_count = 0;
	wipe(e, sizeof(e));
	wipe(&eph, sizeof(eph));
	buf_free(&rows);
	return rc;
}

enum err_code
vault_make_keygrant(struct vault *v, struct env *env, const struct org *org, const struct stream_id *stream,
                    const struct org_device *to, struct buf *payload, struct err *err)
{
	uint8_t sealed[SEALED_KEY_BYTES];
	struct buf rows = BUF_INIT;
	struct seal_pair eph;
	size_t count = 0;
	enum err_code rc;

	if (vault_preferred_epoch(v, stream) == NULL)
		return err_set(err, ERR_KEY, "no clean epoch of that team is held here");
	hedged_pair(v, env, &eph, BYTES_OF(to->id));
	for (size_t i = v->epoch_count; i-- > 0 && count < KEYGRANT_EPOCHS_MAX;) {
		const struct epoch *ep = &v->epochs[i];
		const struct seal_context c = { .org = org_id(org), .stream = stream, .commit = ep->commit };

		if (!ep->known || !v->keys[i].has_e || ep->shredded || !SAME(ep->stream, *stream))
			continue;
		if (!seal_key(sealed, v->keys[i].e, &c, eph.pk, eph.sk, to->seal_pk))
			break;
		wr_array(&rows, 3);
		WR_FIXED(&rows, ep->id);
		wr_bin(&rows, ep->commit, sizeof(ep->commit));
		wr_bin(&rows, sealed, sizeof(sealed));
		count++;
	}
	buf_clear(payload);
	wr_array(payload, 4);
	WR_FIXED(payload, to->id);
	wr_uint(payload, to->seal_index);
	wr_bin(payload, eph.pk, sizeof(eph.pk));
	wr_array(payload, count);
	buf_put_bytes(payload, buf_bytes(&rows));
	if (count == 0)
		rc = err_set(err, ERR_KEY, "the seal key of that device is not usable");
	else
		rc = buf_ok(&rows) && buf_ok(payload) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	wipe(&eph, sizeof(eph));
	buf_free(&rows);
	return rc;
}

/* Does this key belong into the table: a live one of the stream, and with `missed` one that would be lost with old epochs? */
static bool
goes_in(const struct vault *v, const struct case_key *c, const struct stream_id *stream, const struct epoch *missed)
{
	return SAME(c->stream, *stream) && c->bound && (missed == NULL || vault_is_untold(v, c, missed)) &&
	       !keystore_tombstoned(v->ks, TOMB_KEY, c->kid.b);
}

/* Without the MK of the epoch that a key was born under the key opens nothing, and who lacks the key may lack the MK as well. */
static bool
brings_one(const struct vault *v, const struct epoch *ep, const struct epoch *missed, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++)
		if (SAME(v->cases[i].birth, ep->id) && goes_in(v, &v->cases[i], &ep->stream, missed))
			return true;
	return false;
}

struct rows { const struct stream_id *stream; const struct epoch *missed; size_t from, end; };

static bool
meta_goes_in(const struct vault *v, size_t i, const struct rows *r)
{
	if (!v->keys[i].has_mk || !SAME(v->epochs[i].stream, *r->stream))
		return false;
	return r->missed == NULL ? r->from == 0 : brings_one(v, &v->epochs[i], r->missed, r->from, r->end);
}

/* The rows of one table: case keys from *at on; the first of a full set also carries every MK, one of missed keys theirs. */
static void
write_rows(struct vault *v, const struct stream_id *stream, const struct epoch *missed, size_t *at, bool *more)
{
	struct rows r = { stream, missed, *at, 0 };
	size_t count = 0, metas = 0, end = *at;
	struct buf *out = &v->plain;

	for (size_t i = *at; i < v->case_count && count < KEYTABLE_ROWS; i++, end = i) {
		const struct case_key *c = &v->cases[i];

		count += goes_in(v, c, stream, missed);
	}
	r.end = end;
	for (size_t i = 0; i < v->epoch_count && metas < KEYTABLE_METAS_MAX; i++)
		metas += meta_goes_in(v, i, &r);
	buf_clear(out);
	wr_array(out, 2);
	wr_array(out, count);
	for (size_t i = *at; i < end; i++) {
		const struct case_key *c = &v->cases[i];

		if (!goes_in(v, c, stream, missed))
			continue;
		wr_array(out, 4);
		WR_FIXED(out, c->kid);
		wr_bin(out, c->key, sizeof(c->key));
		WR_FIXED(out, c->group);
		WR_FIXED(out, c->birth);
	}
	wr_array(out, metas);
	for (size_t i = 0; i < v->epoch_count && metas > 0; i++) {
		if (!meta_goes_in(v, i, &r))
			continue;
		wr_array(out, 2);
		WR_FIXED(out, v->epochs[i].id);
		wr_bin(out, v->keys[i].mk, 32);
		metas--;
	}
	*at = end;
	*more = false;
	for (size_t i = end; i < v->case_count && !*more; i++)
		*more = goes_in(v, &v->cases[i], stream, missed);
}

enum err_code
vault_make_keytable(struct vault *v, struct env *env, const struct header *next, size_t *at, bool *more,
                    struct buf *payload, struct err *err)
{
	write_rows(v, &next->stream, NULL, at, more);
	return vault_seal_table(v, env, next, payload, err);
}

enum err_code
vault_make_keytable_missed(struct vault *v, struct env *env, const struct header *next, size_t *at, bool *more,
                           struct buf *payload, struct err *err)
{
	const struct epoch *now = vault_preferred_epoch(v, &next->stream);

	if (now == NULL)
		return err_set(err, ERR_KEY, "no clean epoch is held for this team");
	write_rows(v, &next->stream, now, at, more);
	return vault_seal_table(v, env, next, payload, err);
}

enum err_code
vault_seal_table(struct vault *v, struct env *env, const struct header *next, struct buf *payload, struct err *err)
{
	const struct epoch *ep = vault_content_epoch(v, &next->stream);
	const struct place place = place_of(next);
	uint8_t fresh[32], salt[24], key[32];
	struct buf box = BUF_INIT;
	const struct epoch_keys *k;
	bool ok;

	if (ep == NULL) {
		if (v->plain.len > 0)
			wipe(v->plain.p, v->plain.len);
		return err_set(err, ERR_KEY, "no clean epoch is held for this team");
	}
	k = &v->keys[ep - v->epochs];
	env_random(env, fresh, sizeof(fresh));
	HC(salt, 24, BYTES(k->tk, 32), "fb1/salt", BYTES(fresh, 32), PLACE_PARTS(place), buf_bytes(&v->plain));
	vault_table_key(key, k, salt, &place);
	ok = buf_ok(&v->plain) && aead_seal(&box, key, salt, BYTES_NONE, buf_bytes(&v->plain));
	buf_clear(payload);
	wr_array(payload, 3);
	WR_FIXED(payload, ep->id);
	wr_bin(payload, salt, sizeof(salt));
	wr_bin(payload, box.p, box.len);
	wipe(key, sizeof(key));
	if (v->plain.len > 0)
		wipe(v->plain.p, v->plain.len);
	buf_free(&box);
	return ok && buf_ok(payload) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}
