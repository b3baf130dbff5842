/*
 * Nearly every input is a few hundred bytes: gathered on the stack it costs
 * one call instead of two for every part.
 */
#include "crypto/hc.h"

#include <assert.h>
#include <sodium.h>

enum { HC_STACK_BYTES = 1024 };

static void
hc_streamed(uint8_t *out, size_t outlen, struct bytes key, const char *ctx, const struct bytes *parts, size_t count)
{
	crypto_generichash_state st;
	uint8_t len[4];

	crypto_generichash_init(&st, key.p, key.len, outlen);
	be32_put(len, (uint32_t)strlen(ctx));
	crypto_generichash_update(&st, len, sizeof(len));
	crypto_generichash_update(&st, (const uint8_t *)ctx, strlen(ctx));
	for (size_t i = 0; i < count; i++) {
		be32_put(len, (uint32_t)parts[i].len);
		crypto_generichash_update(&st, len, sizeof(len));
		if (parts[i].len > 0)
			crypto_generichash_update(&st, parts[i].p, parts[i].len);
	}
	crypto_generichash_final(&st, out, outlen);
	sodium_memzero(&st, sizeof(st));
}

static inline uint8_t *
add_part(uint8_t *at, const void *p, size_t len)
{
	be32_put(at, (uint32_t)len);
	if (len > 0)
		memcpy(at + 4, p, len);
	return at + 4 + len;
}

void
hc(uint8_t *out, size_t outlen, struct bytes key, const char *ctx, const struct bytes *parts, size_t count)
{
	uint8_t input[HC_STACK_BYTES], *at = input;
	size_t ctx_len = strlen(ctx), total = 4 + ctx_len;

	assert(outlen >= 16 && outlen <= 64 && key.len <= 64);
	for (size_t i = 0; i < count; i++) {
		assert(parts[i].len <= UINT32_MAX);
		total += 4 + parts[i].len;
	}
	if (total > sizeof(input)) {
		hc_streamed(out, outlen, key, ctx, parts, count);
		return;
	}
	at = add_part(at, ctx, ctx_len);
	for (size_t i = 0; i < count; i++)
		at = add_part(at, parts[i].p, parts[i].len);
	crypto_generichash(out, outlen, input, total, key.len > 0 ? key.p : NULL, key.len);
	sodium_memzero(input, total); /* parts may be secret */
}
