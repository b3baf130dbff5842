#include "crypto/primitive.h"

#include <sodium.h>

void
x25519_base(uint8_t pk[32], const uint8_t sk[32])
{
	crypto_scalarmult_base(pk, sk);
}

bool
x25519(uint8_t shared[32], const uint8_t sk[32], const uint8_t pk[32])
{
	return crypto_scalarmult(shared, sk, pk) == 0;
}

void
hmac_sha256(uint8_t out[32], const uint8_t key[32], struct bytes a, struct bytes b)
{
	crypto_auth_hmacsha256_state st;

	crypto_auth_hmacsha256_init(&st, key, 32);
	crypto_auth_hmacsha256_update(&st, a.p, a.len);
	crypto_auth_hmacsha256_update(&st, b.p, b.len);
	crypto_auth_hmacsha256_final(&st, out);
	sodium_memzero(&st, sizeof(st));
}

static void
nonce_of(uint8_t out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t n)
{
	memset(out, 0, 4);
	for (int i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(n >> (8 * i));
}

void
chacha_seal(uint8_t *out, const uint8_t key[32], uint64_t n, struct bytes ad, const uint8_t *in, size_t len)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

	nonce_of(nonce, n);
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, in, len, ad.p, ad.len, NULL, nonce, key);
}

bool
chacha_open(uint8_t *out, const uint8_t key[32], uint64_t n, struct bytes ad, const uint8_t *in, size_t len)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

	nonce_of(nonce, n);
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, in, len, ad.p, ad.len, nonce, key) == 0;
}
