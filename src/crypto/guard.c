#include "crypto/guard.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

bool
crypto_start(void)
{
	return sodium_init() >= 0;
}

void *
guard_alloc(size_t n)
{
	/* sodium_malloc ends on a page boundary: only whole multiples of 16 begin aligned. */
	size_t whole = ((n > 0 ? n : 1) + 15) & ~(size_t)15;
	void *p;

	if (whole < n || !mem_grant())
		return NULL;
	p = sodium_malloc(whole);
	if (p != NULL)
		memset(p, 0, whole);
	return p;
}

void
guard_free(void *p)
{
	sodium_free(p);
}

void
wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

bool
same_secret(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void *
guard_room(void *array, size_t count, size_t *cap, size_t item_bytes)
{
	size_t more = *cap > 0 ? *cap * 2 : 16;
	void *grown;

	if (count < *cap)
		return array;
	if (more > SIZE_MAX / item_bytes)
		return NULL;
	grown = guard_alloc(more * item_bytes);
	if (grown == NULL)
		return NULL;
	if (count > 0)
		memcpy(grown, array, count * item_bytes);
	guard_free(array);
	*cap = more;
	return grown;
}
