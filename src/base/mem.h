/*
 * Memory by way of one door, so that a test can make the Nth allocation fail.
 * Everything below src/ that allocates calls these; the only exceptions are
 * libraries, which a test reaches by their own hooks (SQLITE_CONFIG_MALLOC).
 * The failing is per thread: it strikes the thread that asked for it.
 */
#ifndef FALTBOK_BASE_MEM_H
#define FALTBOK_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

void *mem_alloc(size_t n);              /* uninitialised; NULL when out of memory */
void *mem_zero(size_t count, size_t n); /* zeroed, overflow checked */
void *mem_grow(void *p, size_t n);      /* realloc */
void *mem_dup(const void *p, size_t n);
char *mem_strdup(const char *s);
void mem_free(void *p);

/* Makes room for one more in a growing array: doubles `cap`. Returns the array or NULL (old one intact). */
void *mem_room(void *array, size_t count, size_t *cap, size_t item_bytes);

/* How often this thread has been given none: unchanged between two moments, nothing was left out for want of memory. */
unsigned long mem_refusals(void);
void mem_refused(void);                 /* one more: a library that asks elsewhere was given none */

/* The next `n` allocations succeed, then one fails (or all, when for_ever). n < 0 switches it off. */
void mem_fail_after(long n, int for_ever);
long mem_allocations(void);             /* counted since the last mem_fail_after() */
/* Called at each allocation that counts, before it is decided on: it may call mem_fail_after(). NULL: nobody looks. */
void mem_watch(void (*look)(void *ctx), void *ctx);
/* Between the two, allocations neither count nor fail: for the machinery of a test itself. They nest. */
void mem_hold(void);
void mem_release(void);
/* For allocators beside this one (guarded pages): counts one, and false when the test wants it to fail. */
bool mem_grant(void);

#endif
