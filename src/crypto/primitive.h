/*
 * The primitives that the Noise specification is made of, as libsodium has
 * them, so that libsodium keeps one home. Everything of our own is built on
 * HC and crypto/seal.h instead; only `link` calls these.
 */
#ifndef FALTBOK_CRYPTO_PRIMITIVE_H
#define FALTBOK_CRYPTO_PRIMITIVE_H

#include "base/bytes.h"

void x25519_base(uint8_t pk[32], const uint8_t sk[32]);
/* False when the result is zero: a low-order key, which would bring in no secret at all. */
bool x25519(uint8_t shared[32], const uint8_t sk[32], const uint8_t pk[32]);

/* HMAC-SHA256 over a and b laid end to end. */
void hmac_sha256(uint8_t out[32], const uint8_t key[32], struct bytes a, struct bytes b);

/* RFC 8439 with the nonce 00000000 || le64(n). `out` has len + 16 bytes of room and may be `in`. */
void chacha_seal(uint8_t *out, const uint8_t key[32], uint64_t n, struct bytes ad, const uint8_t *in, size_t len);
/* False when it does not open; `len` counts the tag. */
bool chacha_open(uint8_t *out, const uint8_t key[32], uint64_t n, struct bytes ad, const uint8_t *in, size_t len);

#endif
