/*
 * Two generations: when the young one is full the old one is forgotten and
 * the young takes its place. A message is known by its last 16 bytes, the tag
 * that only a holder of the key can make.
 */
#include "link/once.h"

#include "base/mem.h"
#include "base/table.h"

enum { TAG_BYTES = 16 };

struct once { struct table *young, *old; };

struct once *
once_new(void)
{
	struct once *o = mem_zero(1, sizeof(*o));

	if (o != NULL && (o->young = table_new(TAG_BYTES)) == NULL) {
		mem_free(o);
		o = NULL;
	}
	return o;
}

void
once_free(struct once *o)
{
	if (o == NULL)
		return;
	table_free(o->young);
	table_free(o->old);
	mem_free(o);
}

bool
once_knows(const struct once *o, const uint8_t message[ONCE_FIRST_BYTES])
{
	const uint8_t *tag = message + ONCE_FIRST_BYTES - TAG_BYTES;

	return table_get(o->young, tag) != NULL || (o->old != NULL && table_get(o->old, tag) != NULL);
}

bool
once_first(struct once *o, const uint8_t message[ONCE_FIRST_BYTES])
{
	const uint8_t *tag = message + ONCE_FIRST_BYTES - TAG_BYTES;

	if (once_knows(o, message))
		return false;
	if (table_count(o->young) == ONCE_KEPT) {
		struct table *next = table_new(TAG_BYTES);

		if (next == NULL)
			return false;
		table_free(o->old);
		o->old = o->young;
		o->young = next;
	}
	return table_put(o->young, tag) != NULL;
}
