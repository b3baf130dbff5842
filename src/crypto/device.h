/*
 * The keys of a device, the only principal there is.
 *
 *   D (32 random bytes) ─┬─ sign  Ed25519   the log identity
 *                        ├─ noise X25519    links only
 *                        └─ note  Ed25519   checkpoints only
 *   seal key: X25519, random, rotated, deletable: never derived from D
 *
 * Spec: proto/keystore.md, 1 and proto/org.md, 2 "ADMIT".
 */
#ifndef FALTBOK_CRYPTO_DEVICE_H
#define FALTBOK_CRYPTO_DEVICE_H

#include "base/bytes.h"
#include "base/env.h"
#include "base/ids.h"

struct device_keys { /* lives in guarded memory */
	uint8_t seed[32];
	struct author sign_pk;
	uint8_t sign_sk[64];
	uint8_t noise_pk[32], noise_sk[32];
	uint8_t note_pk[32], note_sk[64];
};

struct seal_pair {
	uint8_t pk[32], sk[32];
};

void device_keys_derive(struct device_keys *out, const uint8_t seed[32]);
struct device_id device_id_of(const struct author *sign_pk); /* HC(16,∅,"fb1/device/id",sign_pk) */
void seal_pair_make(struct env *env, struct seal_pair *out);
/* An Ed25519 pair from a seed: the root, kill cards. */
void sign_pair_from_seed(uint8_t pk[32], uint8_t sk[64], const uint8_t seed[32]);

/* Ed25519 over ctx padded with zeroes to 16 bytes, then the 32-byte digest. proto/encoding.md, 3. */
void sign_digest(uint8_t sig[64], const char *ctx, const uint8_t digest[32], const uint8_t sk[64]);
bool verify_digest(const uint8_t sig[64], const char *ctx, const uint8_t digest[32], const uint8_t pk[32]);

#endif
