/*
 * Two different entries at one place of one log: evidence, kept and reported,
 * never repaired. The proof is both headers with both signatures.
 * Spec: proto/log.md, 6 "Forks".
 */
#ifndef FALTBOK_LOG_FORK_H
#define FALTBOK_LOG_FORK_H

#include "log/entry.h"

struct fork_proof {
	struct header a, b;            /* same author, stream, inc, seq; a's id sorts first */
	uint8_t sig_a[SIG_BYTES], sig_b[SIG_BYTES];
};

void fork_proof_make(struct fork_proof *out, const struct entry *x, const struct entry *y);
void fork_proof_encode(struct buf *out, const struct fork_proof *p); /* [header_a, sig_a, header_b, sig_b] */
enum err_code fork_proof_decode(struct fork_proof *p, struct bytes in, struct err *err) MUST_CHECK; /* verifies both */

#endif
