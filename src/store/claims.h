/*
 * What other devices say they hold, by their signed ACKs and ATTESTs, also of
 * what is not held here: from it comes who is ahead of us, and who is behind
 * what a third has. Custody (replica_acked) is the part of it that is proved
 * by an entry held here. Spec: proto/store.md, 3.
 */
#ifndef FALTBOK_STORE_CLAIMS_H
#define FALTBOK_STORE_CLAIMS_H

#include "store/replica.h"

struct claim { struct author peer; struct log8 log; uint64_t len; int64_t at_ms; /* when it first said so, as it or we were told the time */ };

/* All of them, those of one device together, until cb returns false. */
enum err_code replica_claims(struct replica *r, bool (*cb)(void *ctx, const struct claim *c), void *ctx, struct err *err) MUST_CHECK;
/* What one device has proved to hold: replica_acked() of every log at once; lens has room for replica_log_count(). */
enum err_code replica_custody(struct replica *r, const struct author *peer, uint64_t *lens, struct err *err) MUST_CHECK;

#endif
