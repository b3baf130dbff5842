/*
 * What a replica can do without: bytes that no entry, no proof that counts and
 * no order needs. Entries and their payloads are never among them, save what an
 * approved order to erase has named. Spec: proto/store.md, 11.
 */
#ifndef FALTBOK_STORE_GC_H
#define FALTBOK_STORE_GC_H

#include "store/replica.h"

struct gc_found {
	uint64_t payloads;     /* of erased entries that are still here */
	uint64_t rows;         /* of no log that is held */
	uint64_t custody;      /* what removed devices have signed for and claim, and ACKs that nothing rests on */
	uint64_t free_bytes;   /* in pages that hold nothing */
	uint64_t wal_bytes;
	uint64_t before, after; /* of log.db and its WAL together */
};

/* dry: counts only; `after` is what it comes to at the most. ERR_REFUSED while a transaction is open. */
enum err_code replica_gc(struct replica *r, bool dry, struct gc_found *found, struct err *err) MUST_CHECK;

#endif
