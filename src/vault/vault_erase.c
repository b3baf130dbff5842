/*
 * Burying keys, and the sealed part of an order to erase. Which epochs are
 * unclean for it is kept in the keystore: what says so in the log, the wrap
 * in an entry of the case, is deleted with the case.
 */
#include "vault/vault.h"

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/pad.h"
#include "crypto/seal.h"
#include "org/erase.h"
#include "vault/vault_internal.h"

static enum err_code
add_stone(struct vault *v, enum tombstone_kind kind, const uint8_t id[16], struct err *err)
{
	if (keystore_tombstoned(v->ks, (uint8_t)kind, id))
		return ERR_OK;
	v->dirty = true;
	return keystore_add_tombstone(v->ks, (uint8_t)kind, id, err);
}

/* Whoever holds the E of one of these has the key again: it was wrapped under the one, and announced under the others. */
static enum err_code
stain_epochs(struct vault *v, const struct epoch_id *birth, const struct epoch_id *told, const struct epoch_id *late, struct err *err)
{
	const struct epoch_id *all[] = { birth, told, late };
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(all) && rc == ERR_OK; i++)
		if (all[i] != NULL)
			rc = add_stone(v, TOMB_EPOCH, all[i]->b, err);
	return rc;
}

static enum err_code
bury_row(struct vault *v, struct case_key *c, struct err *err)
{
	/* Not bound any more, so that no table announces it; its row stays, as others are found by their place. */
	wipe(c->key, sizeof(c->key));
	c->bound = false;
	return stain_epochs(v, &c->birth, c->has_told ? &c->told : NULL, c->has_late ? &c->late : NULL, err);
}

enum err_code
vault_bury(struct vault *v, const struct key_id *kid, const struct epoch_id *birth, struct err *err)
{
	enum err_code rc = add_stone(v, TOMB_KEY, kid->b, err);

	if (rc == ERR_OK)
		rc = add_stone(v, TOMB_EPOCH, birth->b, err);
	for (int64_t i = vault_case_first(v, kid); i != NO_CASE; i = v->cases[i].next) {
		enum err_code row = bury_row(v, &v->cases[i], rc == ERR_OK ? err : NULL);

		rc = rc == ERR_OK ? row : rc;
	}
	return rc;
}

enum err_code
vault_bury_group(struct vault *v, const uint8_t image[16], struct err *err)
{
	enum err_code rc = ERR_OK;
	bool wiped = false;
	uint8_t own[16];

	for (size_t i = 0; i < v->case_count && rc == ERR_OK; i++) {
		const struct key_id kid = v->cases[i].kid;
		const struct epoch_id birth = v->cases[i].birth;

		if (!v->cases[i].bound && !(v->cases[i].doubted && v->cases[i].has_late))
			continue;
		erase_image(own, v->cases[i].group.b);
		if (memcmp(own, image, sizeof(own)) != 0)
			continue;
		/* On the word of a table without effect the key goes, and nothing that others sealed under its id. */
		wiped = wiped || !v->cases[i].bound;
		rc = v->cases[i].bound ? vault_bury(v, &kid, &birth, err) : bury_row(v, &v->cases[i], err);
	}
	if (wiped)
		vault_drop_wiped(v);
	return rc;
}

enum err_code
vault_bury_last(struct vault *v, struct err *err)
{
	struct epoch_id birth;
	struct key_id kid;

	if (v->last_case == NO_CASE)
		return ERR_OK;
	kid = v->cases[v->last_case].kid;
	birth = v->cases[v->last_case].doubted && v->last_wrapped ? v->last_birth : v->cases[v->last_case].birth;
	return vault_bury(v, &kid, &birth, err);
}

void
vault_group_keys(const struct vault *v, const struct group_id *group, bool (*cb)(void *ctx, const struct key_id *kid, const struct epoch_id *birth), void *ctx)
{
	for (size_t i = 0; i < v->case_count; i++)
		if (v->cases[i].bound && SAME(v->cases[i].group, *group) && !cb(ctx, &v->cases[i].kid, &v->cases[i].birth))
			return;
}

bool
vault_shreds(const struct vault *v, const struct stream_id *stream)
{
	const struct epoch *newest = NULL;

	for (size_t i = 0; i < v->epoch_count; i++)
		if (v->epochs[i].effective && SAME(v->epochs[i].stream, *stream) &&
		    (newest == NULL || v->epochs[i].n > newest->n || (v->epochs[i].n == newest->n && v->epochs[i].shredded)))
			newest = &v->epochs[i];
	return newest != NULL && newest->shredded;
}

uint64_t
vault_shred_n(const struct vault *v, const struct stream_id *stream)
{
	uint64_t from = 0;

	for (size_t i = 0; i < v->epoch_count; i++)
		if (v->epochs[i].known && SAME(v->epochs[i].stream, *stream) && v->epochs[i].n >= from &&
		    keystore_tombstoned(v->ks, TOMB_EPOCH, v->epochs[i].id.b))
			from = v->epochs[i].n + 1;
	return from;
}

uint64_t
vault_oldest_n(const struct vault *v, const struct stream_id *stream)
{
	uint64_t oldest = 0;

	for (size_t i = 0; i < v->epoch_count; i++)
		if (v->keys[i].has_e && v->epochs[i].known && SAME(v->epochs[i].stream, *stream) &&
		    (oldest == 0 || v->epochs[i].n < oldest))
			oldest = v->epochs[i].n;
	return oldest;
}

/* ---- the box ---- */

static void
order_key(uint8_t out[32], const struct epoch_keys *k, const uint8_t salt[ORDER_SALT_BYTES])
{
	HC(out, 32, BYTES(k->mk, 32), "fb1/erase", BYTES(salt, ORDER_SALT_BYTES));
}

enum err_code
vault_seal_order(struct vault *v, struct env *env, const struct stream_id *stream, const struct group_id *image, struct bytes content,
                 uint8_t salt[ORDER_SALT_BYTES], struct buf *box, struct err *err)
{
	const struct epoch *ep = vault_content_epoch(v, stream);
	struct buf plain = BUF_INIT, sealed = BUF_INIT;
	const struct epoch_keys *k;
	uint8_t fresh[32], key[32];
	bool ok;

	if (ep == NULL)
		return err_set(err, ERR_KEY, "no clean epoch is held for this team");
	k = &v->keys[ep - v->epochs];
	buf_put_bytes(&plain, content);
	ok = pad(&plain);
	env_random(env, fresh, sizeof(fresh));
	HC(salt, ORDER_SALT_BYTES, BYTES(k->mk, 32), "fb1/salt", BYTES(fresh, 32), buf_bytes(&plain));
	order_key(key, k, salt);
	ok = ok && aead_seal(&sealed, key, salt, BYTES_OF(ep->id), buf_bytes(&plain));
	buf_clear(box);
	wr_array(box, 3);
	WR_FIXED(box, ep->id);
	wr_bin(box, sealed.p, sealed.len);
	WR_FIXED(box, *image);
	wipe(key, sizeof(key));
	buf_wipe(&plain);
	buf_free(&sealed);
	return ok && buf_ok(box) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

struct order_box { struct epoch_id epoch; struct bytes sealed; bool tells_group; struct group_id image; };

static bool
read_order_box(struct order_box *b, struct bytes in)
{
	struct rd r = rd_init(in);
	size_t parts = rd_array_any(&r, 3);

	r.bad = r.bad || parts < 2;
	RD_FIXED(&r, b->epoch);
	b->sealed = rd_bin_any(&r, AEAD_TAG_BYTES + 1, PADDED_BYTES_MAX + AEAD_TAG_BYTES);
	b->tells_group = parts == 3;
	if (b->tells_group)
		RD_FIXED(&r, b->image);
	return rd_end(&r);
}

bool
vault_order_group(struct bytes box, struct group_id *image)
{
	struct order_box b;

	if (!read_order_box(&b, box) || !b.tells_group)
		return false;
	*image = b.image;
	return true;
}

enum err_code
vault_open_order(const struct vault *v, const uint8_t salt[ORDER_SALT_BYTES], struct bytes box, struct buf *content, struct err *err)
{
	struct order_box b;
	struct bytes plain;
	struct epoch_keys *k;
	uint8_t key[32];
	bool ok;

	if (!read_order_box(&b, box))
		return err_set(err, ERR_DAMAGED, "the sealed part of an order to erase is not in the form it must have");
	(void)vault_epoch(v, &b.epoch, &k);
	if (k == NULL || !k->has_mk)
		return err_plain(err, ERR_KEY);
	order_key(key, k, salt);
	buf_clear(content);
	ok = aead_open(content, key, salt, BYTES_OF(b.epoch), b.sealed);
	wipe(key, sizeof(key));
	if (!buf_ok(content))
		return err_plain(err, ERR_NO_MEMORY);
	plain = buf_bytes(content);
	if (!ok || !unpad(&plain))
		return err_set(err, ERR_DAMAGED, "the sealed part of an order to erase does not open");
	content->len = plain.len;
	return ERR_OK;
}
