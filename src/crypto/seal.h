/*
 * Sealing 32-byte keys to devices, and authenticated encryption.
 *
 * A seal is an X25519 agreement with an ephemeral key, a key from HC that
 * binds organisation, stream, commitment and both public keys, and
 * XChaCha20-Poly1305 with a zero nonce (the key is used once).
 * Spec: proto/org.md, 6 "Sealed keys".
 */
#ifndef FALTBOK_CRYPTO_SEAL_H
#define FALTBOK_CRYPTO_SEAL_H

#include "base/bytes.h"
#include "base/ids.h"

enum { SEALED_KEY_BYTES = 48, AEAD_TAG_BYTES = 16, XNONCE_BYTES = 24 };

struct seal_context { /* what a sealed key is bound to */
	const struct org_id *org;
	const struct stream_id *stream;
	const uint8_t *commit; /* 32 bytes: HC(32, E, "fb1/epoch/commit", stream) */
};

/* False when `to` is a low-order key: skip that device and report it. */
bool seal_key(uint8_t out[SEALED_KEY_BYTES], const uint8_t key[32], const struct seal_context *c,
              const uint8_t eph_pk[32], const uint8_t eph_sk[32], const uint8_t to[32]);
/* False when it does not open. The caller checks the commitment. */
bool seal_open(uint8_t key[32], const uint8_t sealed[SEALED_KEY_BYTES], const struct seal_context *c,
               const uint8_t eph_pk[32], const uint8_t my_pk[32], const uint8_t my_sk[32]);

/* XChaCha20-Poly1305: appends len+16 bytes to out / returns plaintext appended to out. ad may be BYTES_NONE. */
bool aead_seal(struct buf *out, const uint8_t key[32], const uint8_t nonce[XNONCE_BYTES], struct bytes ad, struct bytes plain);
bool aead_open(struct buf *out, const uint8_t key[32], const uint8_t nonce[XNONCE_BYTES], struct bytes ad, struct bytes box);

#endif
