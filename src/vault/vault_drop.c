/*
 * Drop-boxes: what a writer seals to the readers of a stream and cannot open
 * again.
 *
 *   E ─ HC "fb1/epoch/drop" ─> secret ─> drop_pk, in clear in the EPOCH
 *   writer: fresh (epk, esk) ─> X25519(esk, drop_pk) ─> one key and one commitment for one entry
 *
 * The key is used once, for a body that it is bound to by its place.
 * Spec: proto/vault.md, 11.
 */
#include "vault/vault.h"

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/pad.h"
#include "crypto/primitive.h"
#include "crypto/seal.h"
#include "vault/vault_internal.h"

void
vault_drop_pair(uint8_t pk[32], uint8_t sk[32], const uint8_t e[32], const uint8_t commit[32])
{
	HC(sk, 32, BYTES(e, 32), "fb1/epoch/drop", BYTES(commit, 32));
	x25519_base(pk, sk);
}

/* key(32) ‖ commit(32) from what the two sides agree on. False: a key of low order, whose result anybody could know. */
static bool
drop_key(uint8_t out[64], const uint8_t sk[32], const uint8_t other[32], const uint8_t epk[32], const uint8_t drop_pk[32],
         const struct place *at)
{
	uint8_t shared[32];
	bool ok = x25519(shared, sk, other);

	if (ok)
		HC(out, 64, BYTES(shared, 32), "fb1/drop", BYTES(epk, 32), BYTES(drop_pk, 32), PLACE_PARTS(*at));
	wipe(shared, sizeof(shared));
	return ok;
}

enum err_code
vault_seal_drop(struct vault *v, struct env *env, const struct header *next, struct bytes body, struct buf *payload, struct err *err)
{
	const struct epoch *ep = vault_preferred_epoch(v, &next->stream);
	const struct place at = place_of(next);
	uint8_t fresh[32], salt[24], key[64];
	struct buf box = BUF_INIT;
	struct seal_pair eph;
	bool agreed, ok;

	if (ep == NULL || !ep->is_drop)
		return err_set(err, ERR_KEY, "no clean epoch of the drop-box is known");
	buf_clear(&v->plain);
	buf_put_bytes(&v->plain, body);
	if (pad_bucket(body.len) == 0)
		return err_set(err, ERR_TOO_BIG, "the row has %zu bytes; one entry holds %d", body.len, PADDED_BYTES_MAX - 1);
	if (!pad(&v->plain))
		return err_plain(err, ERR_NO_MEMORY);
	vault_hedged(v, env, eph.sk, "fb1/hedge/ephemeral", buf_bytes(&v->plain)); /* equal keys then mean equal rows */
	x25519_base(eph.pk, eph.sk);
	agreed = drop_key(key, eph.sk, ep->drop_pk, eph.pk, ep->drop_pk, &at);
	wipe(&eph.sk, sizeof(eph.sk));
	if (!agreed) {
		wipe(v->plain.p, v->plain.len);
		return err_set(err, ERR_KEY, "the drop-box's epoch has a key of low order");
	}
	env_random(env, fresh, sizeof(fresh));
	HC(salt, 24, BYTES(key, 32), "fb1/salt", BYTES(fresh, 32), buf_bytes(&v->plain));
	ok = aead_seal(&box, key, salt, BYTES_OF(ep->id), buf_bytes(&v->plain));
	wipe(v->plain.p, v->plain.len);
	buf_clear(payload);
	wr_array(payload, 5);
	WR_FIXED(payload, ep->id);
	wr_bin(payload, salt, sizeof(salt));
	wr_bin(payload, eph.pk, sizeof(eph.pk));
	wr_bin(payload, key + 32, 32);
	wr_bin(payload, box.p, box.len);
	wipe(key, sizeof(key));
	buf_free(&box);
	return ok && buf_ok(payload) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static bool
open_box(struct buf *body, const uint8_t key[32], const uint8_t salt[24], const struct epoch_id *epoch, struct bytes box)
{
	struct bytes plain;

	buf_clear(body);
	if (!aead_open(body, key, salt, BYTES_OF(*epoch), box))
		return false;
	plain = buf_bytes(body);
	if (!unpad(&plain))
		return false;
	body->len = plain.len;
	return true;
}

enum err_code
vault_open_drop(const struct vault *v, const struct header *h, struct bytes payload, struct buf *body, struct err *err)
{
	const struct place at = place_of(h);
	struct rd r = rd_init(payload);
	uint8_t salt[24], epk[32], commit[32], pk[32], sk[32], key[64];
	const struct epoch *ep;
	struct epoch_keys *k;
	struct epoch_id epoch;
	struct bytes box;
	bool agreed, committed, opened = false;

	rd_array(&r, 5);
	RD_FIXED(&r, epoch);
	rd_bin(&r, salt, sizeof(salt));
	rd_bin(&r, epk, sizeof(epk));
	rd_bin(&r, commit, sizeof(commit));
	box = rd_bin_any(&r, AEAD_TAG_BYTES + 1, PADDED_BYTES_MAX + AEAD_TAG_BYTES);
	if (!rd_end(&r))
		return err_set(err, ERR_DAMAGED, "its payload is not a sealed row");
	ep = vault_epoch(v, &epoch, &k);
	if (ep == NULL || !ep->known || !k->has_e)
		return err_plain(err, ERR_KEY);
	if (!SAME(ep->stream, h->stream) || !ep->is_drop)
		return err_set(err, ERR_DAMAGED, "it is sealed under an epoch of another team");
	vault_drop_pair(pk, sk, k->e, ep->commit);
	agreed = drop_key(key, sk, epk, epk, pk, &at);
	wipe(sk, sizeof(sk));
	committed = agreed && same_secret(key + 32, commit, sizeof(commit));
	if (committed)
		opened = open_box(body, key, salt, &epoch, box);
	if (agreed)
		wipe(key, sizeof(key));
	if (!buf_ok(body))
		return err_plain(err, ERR_NO_MEMORY);
	return opened ? ERR_OK : err_set(err, ERR_DAMAGED, committed ? "its row does not open under the key it commits to"
	                                                             : "it commits to another key than the one it was sealed with");
}

bool
vault_by_reader(const struct vault *v, const struct stream_id *stream)
{
	const struct epoch *ep = vault_preferred_epoch(v, stream);

	return ep != NULL && ep->by_reader;
}
