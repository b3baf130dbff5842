/*
 * Memory for secrets: sodium_malloc pages, locked, left out of core dumps,
 * with guard pages around them, zeroed when freed.
 */
#ifndef FALTBOK_CRYPTO_GUARD_H
#define FALTBOK_CRYPTO_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Starts libsodium; call before anything else of this layer. False if it cannot start. */
bool crypto_start(void);

void *guard_alloc(size_t n); /* zeroed; NULL when out of memory */
void guard_free(void *p);    /* wipes */
/* Makes room for one more in a growing array of secrets: like mem_room(), the old one wiped. */
void *guard_room(void *array, size_t count, size_t *cap, size_t item_bytes);
void wipe(void *p, size_t n);
bool same_secret(const void *a, const void *b, size_t n); /* constant time */

#endif
