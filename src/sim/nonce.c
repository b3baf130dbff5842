#include "sim/nonce.h"

#include <string.h>

#include "base/mem.h"
#include "sim/disk.h"
#include "sim/prf.h"

struct seen { uint64_t key_and_nonce, check, tag; };

static struct { struct seen *at; size_t room, count; bool twice; } all;

void
nonce_forget_all(void)
{
	if (all.at != NULL)
		memset(all.at, 0, all.room * sizeof(*all.at));
	all.count = 0;
	all.twice = false;
}

static struct seen *
slot(struct seen *at, size_t room, uint64_t key_and_nonce, uint64_t check)
{
	size_t i = key_and_nonce & (room - 1);

	while (at[i].key_and_nonce != 0 && (at[i].key_and_nonce != key_and_nonce || at[i].check != check))
		i = (i + 1) & (room - 1);
	return &at[i];
}

static void
grow(void)
{
	size_t room = all.room == 0 ? 4096 : all.room * 2;
	struct seen *at = sim_must(mem_zero(room, sizeof(*at)));

	for (size_t i = 0; i < all.room; i++)
		if (all.at[i].key_and_nonce != 0)
			*slot(at, room, all.at[i].key_and_nonce, all.at[i].check) = all.at[i];
	mem_free(all.at);
	all.at = at;
	all.room = room;
}

void
nonce_used(const uint8_t key[32], const uint8_t *nonce, size_t nonce_len, uint64_t tag)
{
	uint8_t both[64] = { 0 };
	uint64_t a, b;
	struct seen *s;

	memcpy(both, key, 32);
	memcpy(both + 32, nonce, nonce_len < 32 ? nonce_len : 32);
	a = siphash(1, 2, both, sizeof(both)) | 1;
	b = siphash(3, 4, both, sizeof(both));
	if (all.count * 2 >= all.room)
		grow();
	s = slot(all.at, all.room, a, b);
	if (s->key_and_nonce != 0) {
		all.twice = all.twice || s->tag != tag;
		return;
	}
	*s = (struct seen){ a, b, tag };
	all.count++;
}

bool
nonce_twice(void)
{
	return all.twice;
}
