/*
 * A signed statement of what a device holds: the proof of custody.
 *
 *   ack   = [n: uint, root: bin32, delta: bin, sig: bin64]
 *   delta = extent*
 *   sig   = "fb1/ack/sig" over HC(32, ∅, "fb1/ack", org_id, be64(n), root, delta)
 *
 * n is larger in a later ACK; root is the frontier over the logs that the two share. Spec: proto/sync.md, 8 "Proof of custody".
 */
#ifndef FALTBOK_ORG_ACK_H
#define FALTBOK_ORG_ACK_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/ids.h"
#include "log/extent.h"

enum {
	ACK_BYTES_MAX = 65200,          /* what fits a message of sync */
	ACK_DELTA_ITEMS_MAX = 2400,     /* 2400 · 25 = 60,000 */
};

struct ack {
	uint64_t n;         /* its author's clock, in ms */
	uint8_t root[32];
	struct bytes delta; /* extents; borrowed */
	uint8_t sig[64];
};

/* What is signed. */
void ack_digest(uint8_t out[32], const struct org_id *org, const struct ack *a);
void ack_encode(struct buf *out, const struct ack *a);
/* Strict; the extents are checked, the signature is not. ERR_MALFORMED. */
enum err_code ack_decode(struct ack *a, struct bytes in, struct err *err) MUST_CHECK;

#endif
