/*
 * Whether an entry may follow a head, and whether a run may be believed.
 *
 *    seq 0            seq 1               seq 2  <- head
 *   [prev = zero] <- [prev = id 0] <- [prev = id 1]
 *
 * Verification of bulk: the newest signature of a contiguous run vouches for
 * the entries below it (proto/log.md, 5 "Last-signature verification").
 */
#ifndef FALTBOK_LOG_CHAIN_H
#define FALTBOK_LOG_CHAIN_H

#include "log/entry.h"

struct chain_head {
	uint64_t len;     /* next seq */
	struct hash head; /* id of len-1, zeroes when empty */
};

/*
 *   ERR_GAP     e->seq is past the next one; ask for the rest
 *   ERR_EXISTS  seq is below len; the caller compares ids: equal is a duplicate, different a fork
 *   ERR_FORK    seq fits and prev does not: the sender's history differs from ours
 */
enum err_code chain_check(const struct chain_head *c, const struct entry *e, struct err *err) MUST_CHECK;
void chain_advance(struct chain_head *c, const struct entry *e);

#endif
