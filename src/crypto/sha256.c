#include "crypto/sha256.h"

#include <sodium.h>

void
sha256(uint8_t out[SHA256_BYTES], const struct bytes *parts, size_t count)
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < count; i++)
		crypto_hash_sha256_update(&state, parts[i].p, parts[i].len);
	crypto_hash_sha256_final(&state, out);
}
