/*
 * HC: the one hash and key derivation. Every part is length-prefixed.
 *
 *   HC(outlen, key, ctx, p1 … pn) = BLAKE2b(outlen, key, lp(ctx) || lp(p1) || … || lp(pn))
 *   lp(x) = be32(len x) || x
 *
 * Spec: proto/encoding.md, 2 "HC".
 */
#ifndef FALTBOK_CRYPTO_HC_H
#define FALTBOK_CRYPTO_HC_H

#include "base/bytes.h"
#include "base/ids.h"

/* outlen 16..64, or 24; key 0..64 bytes. */
void hc(uint8_t *out, size_t outlen, struct bytes key, const char *ctx, const struct bytes *parts, size_t count);

/* HC(out, outlen, key, "fb1/…", BYTES(…), …) with one part or more. */
#define HC(out, outlen, key, ctx, ...)                                              \
	hc((out), (outlen), (key), (ctx), (const struct bytes[]){ __VA_ARGS__ },    \
	   sizeof((const struct bytes[]){ __VA_ARGS__ }) / sizeof(struct bytes))

#endif
