/* The sealed body of a keystore as bytes: what keystore_file.c seals and keystore_body.c lays out. */
#ifndef FALTBOK_CRYPTO_KEYSTORE_INTERNAL_H
#define FALTBOK_CRYPTO_KEYSTORE_INTERNAL_H

#include "crypto/keystore.h"

void keystore_index_stones(struct keystore *k); /* after tombstones were added */

enum {
	KEYSTORE_OPS_MAX = 16,           /* with 1 GiB already half a minute: nobody asks for more but to do harm */
	KEYSTORE_EPOCH_BYTES_MAX = 128,  /* 16 + 16 + 9 + 32 + 32 and heads */
	KEYSTORE_STONE_BYTES = 21,
	KEYSTORE_FIXED_BYTES_MAX = 2560, /* all the rest: names, network keys, slots */
};

/* The most bytes that the body of k can take. */
size_t keystore_body_bytes_max(const struct keystore *k);
/* b has room for that many in guarded memory already: the body must not touch the heap. */
void keystore_body_encode(struct buf *b, const struct keystore *k);
/* Fills an empty k; false when the bytes are not a body, or out of memory (*no_memory). */
bool keystore_body_decode(struct keystore *k, struct bytes body, bool *no_memory);

bool keystore_cost_allowed(uint64_t ops, uint64_t mem);

#endif
