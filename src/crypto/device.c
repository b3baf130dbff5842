#include "crypto/device.h"

#include <assert.h>
#include <sodium.h>

#include "crypto/guard.h"
#include "crypto/hc.h"

enum { CTX_BYTES = 16 };

void
device_keys_derive(struct device_keys *out, const uint8_t seed[32])
{
	uint8_t sub[32];

	memcpy(out->seed, seed, sizeof(out->seed));
	hc(sub, sizeof(sub), BYTES(seed, 32), "fb1/device/sign", NULL, 0);
	crypto_sign_seed_keypair(out->sign_pk.b, out->sign_sk, sub);
	hc(sub, sizeof(sub), BYTES(seed, 32), "fb1/device/note", NULL, 0);
	crypto_sign_seed_keypair(out->note_pk, out->note_sk, sub);
	hc(out->noise_sk, sizeof(out->noise_sk), BYTES(seed, 32), "fb1/device/noise", NULL, 0);
	crypto_scalarmult_base(out->noise_pk, out->noise_sk);
	wipe(sub, sizeof(sub));
}

struct device_id
device_id_of(const struct author *sign_pk)
{
	struct device_id id;

	HC(id.b, sizeof(id.b), BYTES_NONE, "fb1/device/id", BYTES_OF(*sign_pk));
	return id;
}

void
seal_pair_make(struct env *env, struct seal_pair *out)
{
	env_random(env, out->sk, sizeof(out->sk));
	crypto_scalarmult_base(out->pk, out->sk);
}

void
sign_pair_from_seed(uint8_t pk[32], uint8_t sk[64], const uint8_t seed[32])
{
	crypto_sign_seed_keypair(pk, sk, seed);
}

static void
message_of(uint8_t out[CTX_BYTES + 32], const char *ctx, const uint8_t digest[32])
{
	size_t len = strlen(ctx);

	assert(len <= CTX_BYTES);
	memset(out, 0, CTX_BYTES);
	memcpy(out, ctx, len);
	memcpy(out + CTX_BYTES, digest, 32);
}

void
sign_digest(uint8_t sig[64], const char *ctx, const uint8_t digest[32], const uint8_t sk[64])
{
	uint8_t message[CTX_BYTES + 32];

	message_of(message, ctx, digest);
	crypto_sign_detached(sig, NULL, message, sizeof(message), sk);
}

bool
verify_digest(const uint8_t sig[64], const char *ctx, const uint8_t digest[32], const uint8_t pk[32])
{
	uint8_t message[CTX_BYTES + 32];

	message_of(message, ctx, digest);
	return crypto_sign_verify_detached(sig, message, sizeof(message), pk) == 0;
}
