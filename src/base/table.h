/*
 * A hash table from fixed-size keys to pointers or numbers. Open addressing,
 * insertion only ever adds or replaces; iteration is in insertion order, so
 * that no result depends on memory addresses.
 */
#ifndef FALTBOK_BASE_TABLE_H
#define FALTBOK_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

/* Keys of key_bytes (1..64). The caller owns it; NULL when out of memory. */
struct table *table_new(size_t key_bytes);
void table_free(struct table *t); /* the values stay the caller's */

/* The place of `key`'s value, made (as 0) when absent. NULL when out of memory. Valid until the next put. */
uint64_t *table_put(struct table *t, const void *key);
/* The place of `key`'s value or NULL. */
uint64_t *table_get(const struct table *t, const void *key);
bool table_del(struct table *t, const void *key);
size_t table_count(const struct table *t);

/* Walks in insertion order: *at starts at 0. Returns false at the end. A walk may delete, but not put; key and value may be NULL. */
bool table_next(const struct table *t, size_t *at, const void **key, uint64_t **value);

#endif
