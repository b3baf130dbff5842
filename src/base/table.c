/*
 * Two arrays: the items, dense and in order of insertion, and an index of
 * 32-bit places into them, probed linearly. A deleted item stays where it is,
 * marked dead, so the index slot that names it is its own tombstone and a
 * walk may delete as it goes; dead items go when the items would have to grow.
 *
 * When to grow depends on counts only, never on where keys happen to fall:
 * the same calls allocate the same way each time. That leaves the hash free
 * to be salted with the table's address, so that nobody who chooses keys can
 * choose collisions, while every result stays the same.
 */
#include "base/table.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { KEY_BYTES_MAX = 64, ITEMS_FIRST = 8 };

struct item {
	uint64_t value;
	uint32_t hash;
	uint32_t alive;
	uint8_t key[]; /* key_bytes, padded to 8 */
};

struct table {
	size_t key_bytes, item_bytes;
	size_t count;         /* alive */
	size_t used, cap;     /* items in use, dead ones included, and room for them */
	uint8_t *items;
	uint32_t *index;      /* 2·cap slots, cap a power of two: 0 is empty, else item number + 1 */
	uint64_t salt;
};

static inline struct item *
item_at(const struct table *t, size_t i)
{
	return (struct item *)(void *)(t->items + i * t->item_bytes);
}

static inline uint64_t
mix(uint64_t h, uint64_t w)
{
	h = (h ^ w) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static inline uint32_t
hash_of(const struct table *t, const uint8_t *key)
{
	uint64_t h = t->salt, w;
	size_t n = t->key_bytes;

	for (; n >= sizeof(w); n -= sizeof(w), key += sizeof(w)) {
		memcpy(&w, key, sizeof(w));
		h = mix(h, w);
	}
	if (n > 0) {
		w = 0;
		memcpy(&w, key, n);
		h = mix(h, w);
	}
	return (uint32_t)(mix(h, t->key_bytes) >> 32);
}

struct table *
table_new(size_t key_bytes)
{
	struct table *t;

	assert(key_bytes > 0 && key_bytes <= KEY_BYTES_MAX);
	t = mem_zero(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->key_bytes = key_bytes;
	t->item_bytes = sizeof(struct item) + (key_bytes + 7) / 8 * 8;
	t->salt = mix((uintptr_t)t, 0xfa17b0c5u);
	return t;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	mem_free(t->items);
	mem_free(t->index);
	mem_free(t);
}

static struct item *
find(const struct table *t, const void *key, uint32_t hash)
{
	size_t mask = 2 * t->cap - 1;

	if (t->cap == 0)
		return NULL;
	for (size_t at = hash & mask; t->index[at] != 0; at = (at + 1) & mask) {
		struct item *it = item_at(t, t->index[at] - 1);

		if (it->hash == hash && it->alive && memcmp(it->key, key, t->key_bytes) == 0)
			return it;
	}
	return NULL;
}

static void
index_add(struct table *t, size_t i)
{
	size_t mask = 2 * t->cap - 1;
	size_t at = item_at(t, i)->hash & mask;

	while (t->index[at] != 0)
		at = (at + 1) & mask;
	t->index[at] = (uint32_t)(i + 1);
}

/* Closes the gaps of dead items and builds the index again. */
static void
compact(struct table *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->used; i++) {
		if (!item_at(t, i)->alive)
			continue;
		if (kept != i)
			memcpy(item_at(t, kept), item_at(t, i), t->item_bytes);
		kept++;
	}
	t->used = kept;
	memset(t->index, 0, 2 * t->cap * sizeof(t->index[0]));
	for (size_t i = 0; i < kept; i++)
		index_add(t, i);
}

static bool
make_room(struct table *t)
{
	size_t cap = t->cap > 0 ? 2 * t->cap : ITEMS_FIRST;
	uint32_t *index;
	uint8_t *items;

	if (t->used < t->cap)
		return true;
	if (t->cap > 0 && t->count <= t->cap / 2) {
		compact(t);
		return true;
	}
	if (cap >= UINT32_MAX / 2)
		return false;
	items = mem_grow(t->items, cap * t->item_bytes);
	if (items == NULL)
		return false;
	t->items = items;
	index = mem_alloc(2 * cap * sizeof(index[0]));
	if (index == NULL)
		return false; /* the items have more room than cap says, which harms nothing */
	mem_free(t->index);
	t->index = index;
	t->cap = cap;
	compact(t);
	return true;
}

uint64_t *
table_put(struct table *t, const void *key)
{
	uint32_t hash = hash_of(t, key);
	struct item *it = find(t, key, hash);

	if (it != NULL)
		return &it->value;
	if (!make_room(t))
		return NULL;
	it = item_at(t, t->used);
	it->value = 0;
	it->hash = hash;
	it->alive = 1;
	memcpy(it->key, key, t->key_bytes);
	index_add(t, t->used);
	t->used++;
	t->count++;
	return &it->value;
}

uint64_t *
table_get(const struct table *t, const void *key)
{
	struct item *it = find(t, key, hash_of(t, key));

	return it != NULL ? &it->value : NULL;
}

bool
table_del(struct table *t, const void *key)
{
	struct item *it = find(t, key, hash_of(t, key));

	if (it == NULL)
		return false;
	it->alive = 0;
	t->count--;
	return true;
}

size_t
table_count(const struct table *t)
{
	return t->count;
}

bool
table_next(const struct table *t, size_t *at, const void **key, uint64_t **value)
{
	while (*at < t->used) {
		struct item *it = item_at(t, (*at)++);

		if (!it->alive)
			continue;
		if (key != NULL)
			*key = it->key;
		if (value != NULL)
			*value = &it->value;
		return true;
	}
	return false;
}
