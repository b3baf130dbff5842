#include "crypto/seal.h"

#include <sodium.h>

#include "crypto/guard.h"
#include "crypto/hc.h"

/* The key of one seal is used for one message, so its nonce may be all zeroes. */
static const uint8_t zero_nonce[XNONCE_BYTES];

/* False when the agreement is all zeroes: the other side's key has low order and anyone could know the result. */
static bool
agree(uint8_t key[32], const struct seal_context *c, const uint8_t sk[32], const uint8_t other_pk[32],
      const uint8_t eph_pk[32], const uint8_t to[32])
{
	uint8_t shared[32];
	bool ok = crypto_scalarmult(shared, sk, other_pk) == 0;

	if (ok)
		HC(key, 32, BYTES(shared, 32), "fb1/seal", BYTES_OF(*c->org), BYTES_OF(*c->stream),
		   BYTES(c->commit, 32), BYTES(eph_pk, 32), BYTES(to, 32));
	wipe(shared, sizeof(shared));
	return ok;
}

bool
seal_key(uint8_t out[SEALED_KEY_BYTES], const uint8_t key[32], const struct seal_context *c,
         const uint8_t eph_pk[32], const uint8_t eph_sk[32], const uint8_t to[32])
{
	uint8_t k[32];
	bool ok = agree(k, c, eph_sk, to, eph_pk, to);

	if (ok)
		crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, key, 32, NULL, 0, NULL, zero_nonce, k);
	wipe(k, sizeof(k));
	return ok;
}

bool
seal_open(uint8_t key[32], const uint8_t sealed[SEALED_KEY_BYTES], const struct seal_context *c,
          const uint8_t eph_pk[32], const uint8_t my_pk[32], const uint8_t my_sk[32])
{
	uint8_t k[32];
	bool ok = agree(k, c, my_sk, eph_pk, eph_pk, my_pk);

	if (ok)
		ok = crypto_aead_xchacha20poly1305_ietf_decrypt(key, NULL, NULL, sealed, SEALED_KEY_BYTES, NULL, 0,
		                                                zero_nonce, k) == 0;
	wipe(k, sizeof(k));
	return ok;
}

bool
aead_seal(struct buf *out, const uint8_t key[32], const uint8_t nonce[XNONCE_BYTES], struct bytes ad, struct bytes plain)
{
	uint8_t *at = plain.len <= SIZE_MAX - AEAD_TAG_BYTES ? buf_add(out, plain.len + AEAD_TAG_BYTES) : NULL;

	if (at == NULL)
		return false;
	crypto_aead_xchacha20poly1305_ietf_encrypt(at, NULL, plain.p, plain.len, ad.p, ad.len, NULL, nonce, key);
	return true;
}

bool
aead_open(struct buf *out, const uint8_t key[32], const uint8_t nonce[XNONCE_BYTES], struct bytes ad, struct bytes box)
{
	uint8_t *at;

	if (box.len < AEAD_TAG_BYTES)
		return false;
	at = buf_add(out, box.len - AEAD_TAG_BYTES);
	if (at == NULL)
		return false;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(at, NULL, NULL, box.p, box.len, ad.p, ad.len, nonce, key) == 0)
		return true;
	out->len -= box.len - AEAD_TAG_BYTES;
	return false;
}
