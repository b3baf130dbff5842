/*
 * The vault as a whole, and its table of epochs. Arrays of secrets grow by
 * moving to a new guarded block: twice the memory for a moment, and the old
 * block is wiped.
 */
#include "vault/vault.h"

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "vault/vault_internal.h"

static void
derive_epoch(struct epoch_keys *k, const struct epoch_id *id)
{
	if (!k->has_e)
		return;
	HC(k->mk, 32, BYTES(k->e, 32), "fb1/epoch/meta", BYTES_OF(*id));
	HC(k->wk, 32, BYTES(k->e, 32), "fb1/epoch/wrap", BYTES_OF(*id));
	HC(k->tk, 32, BYTES(k->e, 32), "fb1/epoch/table", BYTES_OF(*id));
	k->has_mk = true;
}

void
vault_commit_of(uint8_t out[32], const uint8_t e[32], const struct stream_id *stream)
{
	HC(out, 32, BYTES(e, 32), "fb1/epoch/commit", BYTES_OF(*stream));
}

void
vault_hedged(struct vault *v, struct env *env, uint8_t out[32], const char *ctx, struct bytes about)
{
	uint8_t fresh[32];

	env_random(env, fresh, sizeof(fresh));
	HC(out, 32, BYTES(fresh, 32), ctx, BYTES(v->hedge, 32), about);
	wipe(fresh, sizeof(fresh));
}

/* ---- epochs ---- */

struct epoch *
vault_epoch(const struct vault *v, const struct epoch_id *id, struct epoch_keys **keys)
{
	const uint64_t *at;

	if (keys != NULL)
		*keys = NULL;
	at = table_get(v->epoch_by_id, id->b);
	if (at == NULL)
		return NULL;
	if (keys != NULL)
		*keys = &v->keys[*at];
	return &v->epochs[*at];
}

struct epoch *
vault_epoch_put(struct vault *v, const struct epoch_id *id, const struct stream_id *stream)
{
	struct epoch *found = vault_epoch(v, id, NULL);
	struct epoch_keys *keys;
	struct epoch *epochs;
	uint64_t *at;

	if (found != NULL)
		return found;
	epochs = mem_room(v->epochs, v->epoch_count, &v->epoch_cap, sizeof(*epochs));
	if (epochs == NULL)
		return NULL;
	v->epochs = epochs;
	keys = guard_room(v->keys, v->epoch_count, &v->keys_cap, sizeof(*keys));
	if (keys == NULL)
		return NULL;
	v->keys = keys;
	at = table_put(v->epoch_by_id, id->b);
	if (at == NULL)
		return NULL;
	*at = v->epoch_count;
	memset(&keys[v->epoch_count], 0, sizeof(*keys));
	epochs[v->epoch_count] = (struct epoch){ .id = *id, .stream = *stream };
	return &epochs[v->epoch_count++];
}

enum err_code
vault_take_secret(struct vault *v, struct epoch *ep, const uint8_t e[32], struct err *err)
{
	struct epoch_keys *k = &v->keys[ep - v->epochs];
	struct epoch_secret s = { .stream = ep->stream, .epoch = ep->id, .n = ep->n };
	enum err_code rc = ERR_OK;

	if (k->has_e || keystore_tombstoned(v->ks, TOMB_SECRET, ep->id.b))
		return ERR_OK; /* what was deleted is not taken in again from the log */
	memcpy(k->e, e, 32);
	k->has_e = true;
	derive_epoch(k, &ep->id);
	memcpy(s.e, k->e, 32);
	memcpy(s.mk, k->mk, 32);
	if (keystore_epoch(v->ks, &ep->id) == NULL)
		rc = keystore_add_epoch(v->ks, &s, err);
	else
		*keystore_epoch(v->ks, &ep->id) = s; /* only its MK was known, from a table */
	k->mk_told = false;
	wipe(&s, sizeof(s));
	if (rc != ERR_OK) {
		memset(k, 0, sizeof(*k));
		return rc;
	}
	v->dirty = true;
	v->news++;
	return ERR_OK;
}

/* The secrets of the keystore open content before any EPOCH entry has been read again. */
static enum err_code
load_keystore(struct vault *v, struct err *err)
{
	static const uint8_t shredded[32];

	for (size_t i = 0; i < v->ks->epoch_count; i++) {
		const struct epoch_secret *s = &v->ks->epochs[i];
		struct epoch *ep = vault_epoch_put(v, &s->epoch, &s->stream);
		struct epoch_keys *k;

		if (ep == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		k = &v->keys[ep - v->epochs];
		ep->n = s->n;
		memcpy(k->e, s->e, 32);
		memcpy(k->mk, s->mk, 32);
		k->has_mk = true;
		k->has_e = !same_secret(s->e, shredded, 32);
		k->mk_told = !k->has_e && !keystore_tombstoned(v->ks, TOMB_SECRET, s->epoch.b);
		derive_epoch(k, &ep->id);
	}
	return ERR_OK;
}

struct vault *
vault_new(struct keystore *ks, struct err *err)
{
	struct vault *v = mem_zero(1, sizeof(*v));

	if (v == NULL) {
		(void)err_plain(err, ERR_NO_MEMORY);
		return NULL;
	}
	v->ks = ks;
	v->last_case = NO_CASE;
	v->hedge = guard_alloc(32);
	v->epoch_by_id = table_new(16);
	v->case_by_kid = table_new(16);
	v->case_by_group = table_new(48);
	if (v->hedge == NULL || v->epoch_by_id == NULL || v->case_by_kid == NULL || v->case_by_group == NULL) {
		(void)err_plain(err, ERR_NO_MEMORY);
		vault_free(v);
		return NULL;
	}
	v->self = device_id_of(&ks->device.sign_pk);
	hc(v->hedge, 32, BYTES(ks->device.seed, 32), "fb1/device/hedge", NULL, 0);
	if (load_keystore(v, err) != ERR_OK) {
		vault_free(v);
		return NULL;
	}
	return v;
}

void
vault_free(struct vault *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->epoch_count; i++)
		mem_free(v->epochs[i].readers);
	for (size_t i = 0; i < v->waiting_count; i++)
		mem_free(v->waiting[i].payload);
	mem_free(v->epochs);
	mem_free(v->given);
	mem_free(v->waiting);
	guard_free(v->keys);
	guard_free(v->cases);
	guard_free(v->hedge);
	table_free(v->epoch_by_id);
	table_free(v->case_by_kid);
	table_free(v->case_by_group);
	buf_wipe(&v->outer);
	buf_wipe(&v->plain);
	mem_free(v);
}

bool
vault_keystore_dirty(const struct vault *v)
{
	return v->dirty;
}

void
vault_keystore_saved(struct vault *v)
{
	v->dirty = false;
}

uint64_t
vault_news(const struct vault *v)
{
	return v->news;
}
