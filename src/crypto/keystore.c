/*
 * The open keystore. Its arrays live in guarded pages like the rest, so they
 * are copied to grow and the old pages wiped.
 */
#include "crypto/keystore.h"

#include <string.h>

#include "base/table.h"
#include "crypto/guard.h"
#include "crypto/keystore_internal.h"

bool keystore_cheap_for_tests;

struct keystore *
keystore_new(struct env *env)
{
	struct keystore *k = guard_alloc(sizeof(*k));
	uint8_t seed[32];

	if (k == NULL)
		return NULL;
	env_random(env, seed, sizeof(seed));
	device_keys_derive(&k->device, seed);
	wipe(seed, sizeof(seed));
	seal_pair_make(env, &k->seal[0]);
	k->seal_count = 1;
	env_random(env, k->snapshot_key, sizeof(k->snapshot_key));
	env_random(env, k->inc.b, sizeof(k->inc.b));
	return k;
}

void
keystore_free(struct keystore *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->other_count; i++)
		keystore_free(k->others[i]);
	guard_free(k->epochs);
	guard_free(k->tombstones);
	table_free(k->stone_of);
	guard_free(k);
}

struct keystore *
keystore_add_other(struct keystore *k, struct env *env)
{
	struct keystore *o = k->other_count < KEYSTORE_OTHERS ? keystore_new(env) : NULL;

	if (o != NULL)
		k->others[k->other_count++] = o;
	return o;
}

void
keystore_drop_other(struct keystore *k, size_t which)
{
	keystore_free(k->others[which]);
	k->others[which] = k->others[--k->other_count];
	k->others[k->other_count] = NULL;
}

enum err_code
keystore_renew(struct keystore *k, struct env *env, struct err *err)
{
	struct keystore *fresh = keystore_new(env);

	if (fresh == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	memcpy(fresh->slots, k->slots, sizeof(k->slots));
	fresh->slot_count = k->slot_count;
	memcpy(fresh->others, k->others, sizeof(k->others));
	fresh->other_count = k->other_count;
	guard_free(k->epochs);
	guard_free(k->tombstones);
	table_free(k->stone_of);
	*k = *fresh;
	guard_free(fresh);
	return ERR_OK;
}

void
keystore_lock(struct keystore *k)
{
	guard_free(k->epochs);
	k->epochs = NULL;
	k->epoch_count = k->epoch_cap = 0;
	wipe(k->seal, sizeof(k->seal));
	k->seal_count = 0;
	wipe(k->snapshot_key, sizeof(k->snapshot_key));
	wipe(k->slots, sizeof(k->slots));
	k->slot_count = 0;
	k->locked = true;
}

void
keystore_unlock(struct keystore *k, struct keystore *fresh)
{
	for (size_t i = 0; i < k->other_count; i++)
		keystore_free(k->others[i]);
	guard_free(k->epochs);
	guard_free(k->tombstones);
	*k = *fresh;
	guard_free(fresh);
}

void
recovery_code_make(struct env *env, char out[27])
{
	uint8_t code[16];

	env_random(env, code, sizeof(code));
	base32_encode(out, code, sizeof(code));
	wipe(code, sizeof(code));
}

bool
recovery_code_parse(const char *text, uint8_t out[16])
{
	return base32_decode(out, 16, text);
}

void
keystore_push_seal(struct keystore *k, struct env *env)
{
	k->seal[1] = k->seal[0];
	seal_pair_make(env, &k->seal[0]);
	k->seal_count = 2;
}

void
keystore_drop_seal(struct keystore *k)
{
	wipe(&k->seal[1], sizeof(k->seal[1]));
	k->seal_count = 1;
}

struct epoch_secret *
keystore_epoch(struct keystore *k, const struct epoch_id *id)
{
	for (size_t i = 0; i < k->epoch_count; i++)
		if (SAME(k->epochs[i].epoch, *id))
			return &k->epochs[i];
	return NULL;
}

enum err_code
keystore_add_epoch(struct keystore *k, const struct epoch_secret *e, struct err *err)
{
	void *room;

	if (keystore_epoch(k, &e->epoch) != NULL)
		return ERR_OK;
	room = guard_room(k->epochs, k->epoch_count, &k->epoch_cap, sizeof(*e));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	k->epochs = room;
	k->epochs[k->epoch_count++] = *e;
	return ERR_OK;
}

enum err_code
keystore_add_tombstone(struct keystore *k, uint8_t kind, const uint8_t id[16], struct err *err)
{
	struct tombstone *t;

	if (keystore_tombstoned(k, kind, id))
		return ERR_OK;
	t = guard_room(k->tombstones, k->tombstone_count, &k->tombstone_cap, sizeof(*t));
	if (t == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	k->tombstones = t;
	t += k->tombstone_count++;
	t->kind = kind;
	memcpy(t->id, id, sizeof(t->id));
	keystore_index_stones(k);
	return ERR_OK;
}

enum { STONE_KEY_BYTES = 17 };

static void
stone_key(uint8_t out[STONE_KEY_BYTES], uint8_t kind, const uint8_t id[16])
{
	out[0] = kind;
	memcpy(out + 1, id, 16);
}

/* Every entry that is opened asks. What finds no memory for its place in the table is looked for one by one. */
void
keystore_index_stones(struct keystore *k)
{
	uint8_t key[STONE_KEY_BYTES];

	if (k->stone_of == NULL)
		k->stone_of = table_new(STONE_KEY_BYTES);
	while (k->stone_of != NULL && k->stones_indexed < k->tombstone_count) {
		stone_key(key, k->tombstones[k->stones_indexed].kind, k->tombstones[k->stones_indexed].id);
		if (table_put(k->stone_of, key) == NULL)
			return;
		k->stones_indexed++;
	}
}

bool
keystore_tombstoned(const struct keystore *k, uint8_t kind, const uint8_t id[16])
{
	uint8_t key[STONE_KEY_BYTES];

	stone_key(key, kind, id);
	if (k->stone_of != NULL && table_get(k->stone_of, key) != NULL)
		return true;
	for (size_t i = k->stones_indexed; i < k->tombstone_count; i++)
		if (k->tombstones[i].kind == kind && memcmp(k->tombstones[i].id, id, 16) == 0)
			return true;
	return false;
}
