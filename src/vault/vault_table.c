/*
 * KEYTABLE: case keys, and the MKs of old epochs, as they come in.
 *
 *   [epoch16, salt24, box of [[[kid, CK, group, birth]…], [[epoch, MK]…]]]
 */
#include "vault/vault.h"

#include "crypto/guard.h"
#include "crypto/seal.h"
#include "org/erase.h"
#include "vault/vault_internal.h"

struct case_row { struct key_id kid; uint8_t key[32]; struct group_id group; struct epoch_id birth; };
struct meta_row { struct epoch_id epoch; uint8_t mk[32]; };

static void
read_case_row(struct rd *r, struct case_row *out)
{
	rd_array(r, 4);
	RD_FIXED(r, out->kid);
	rd_bin(r, out->key, sizeof(out->key));
	RD_FIXED(r, out->group);
	RD_FIXED(r, out->birth);
}

static void
read_meta_row(struct rd *r, struct meta_row *out)
{
	rd_array(r, 2);
	RD_FIXED(r, out->epoch);
	rd_bin(r, out->mk, sizeof(out->mk));
}

/* Are these the rows of a table, to their end? Asked before any of them is taken. */
static bool
rows_in_form(struct bytes plain)
{
	struct rd r = rd_init(plain);
	struct case_row c;
	struct meta_row m;
	size_t count;

	rd_array(&r, 2);
	count = rd_array_any(&r, KEYTABLE_ROWS);
	for (size_t i = 0; i < count && !r.bad; i++)
		read_case_row(&r, &c);
	count = rd_array_any(&r, KEYTABLE_METAS_MAX);
	for (size_t i = 0; i < count && !r.bad; i++)
		read_meta_row(&r, &m);
	wipe(&c, sizeof(c));
	wipe(&m, sizeof(m));
	return rd_end(&r);
}

/* Of a table without effect: the key may open what commits to it, and nobody is to seal under it. */
static enum err_code
take_late_row(struct vault *v, const struct stream_id *stream, const struct epoch *under, struct case_row *row, struct err *err)
{
	size_t before = v->case_count;
	const struct epoch *told;
	struct case_key *c;
	int64_t i;

	vault_case_orphan(v, &row->birth);
	i = vault_case_put(v, &row->kid, row->key, stream, &row->birth);
	wipe(row->key, sizeof(row->key));
	if (i == NO_CASE)
		return err_plain(err, ERR_NO_MEMORY);
	c = &v->cases[i];
	c->doubted = c->doubted || v->case_count > before;
	if (c->doubted)
		c->group = row->group;
	told = c->has_late ? vault_epoch(v, &c->late, NULL) : NULL;
	if (told == NULL || told->n < under->n)
		c->late = under->id;
	c->has_late = true;
	return ERR_OK;
}

static enum err_code
take_case_row(struct vault *v, const struct stream_id *stream, const struct epoch *under, bool in_force, struct case_row *c,
              struct err *err)
{
	uint8_t image[16];
	int64_t i;

	if (v->ks->tombstone_count > 0)
		erase_image(image, c->group.b);
	if (v->ks->tombstone_count > 0 && (keystore_tombstoned(v->ks, TOMB_KEY, c->kid.b) || keystore_tombstoned(v->ks, TOMB_GROUP, image))) {
		wipe(c, sizeof(*c)); /* its announcer had not heard of the erasure: nothing more may be sealed under this epoch */
		v->dirty = v->dirty || !keystore_tombstoned(v->ks, TOMB_EPOCH, under->id.b);
		return keystore_add_tombstone(v->ks, TOMB_EPOCH, under->id.b, err);
	}
	if (!in_force)
		return take_late_row(v, stream, under, c, err);
	i = vault_case_put(v, &c->kid, c->key, stream, &c->birth);
	wipe(c->key, sizeof(c->key));
	if (i == NO_CASE)
		return err_plain(err, ERR_NO_MEMORY);
	vault_case_trust(v, i, &c->birth);
	if (!vault_case_bind(v, i, &c->group))
		return err_plain(err, ERR_NO_MEMORY);
	vault_case_told(v, i, &under->id);
	return ERR_OK;
}

/* An old epoch whose E is gone still opens outer layers by its MK. */
static enum err_code
take_meta_row(struct vault *v, const struct stream_id *stream, struct meta_row *m, struct err *err)
{
	struct epoch_secret s = { .stream = *stream, .epoch = m->epoch };
	struct epoch_keys *k;
	struct epoch *ep;
	enum err_code rc = ERR_OK;

	memcpy(s.mk, m->mk, sizeof(s.mk));
	wipe(m->mk, sizeof(m->mk));
	ep = vault_epoch_put(v, &s.epoch, stream);
	if (ep == NULL) {
		wipe(&s, sizeof(s));
		return err_plain(err, ERR_NO_MEMORY);
	}
	k = &v->keys[ep - v->epochs];
	if (!k->has_mk && SAME(ep->stream, *stream)) {
		s.n = ep->n;
		if (keystore_epoch(v->ks, &s.epoch) == NULL)
			rc = keystore_add_epoch(v->ks, &s, err);
		if (rc == ERR_OK) {
			memcpy(k->mk, s.mk, sizeof(k->mk));
			k->has_mk = k->mk_told = v->dirty = true;
		}
	}
	wipe(&s, sizeof(s));
	return rc;
}

static enum err_code
take_table(struct vault *v, const struct stream_id *stream, const struct epoch *under, bool in_force, struct bytes plain, struct err *err)
{
	struct rd r = rd_init(plain);
	enum err_code rc = ERR_OK;
	struct case_row c;
	struct meta_row m;
	size_t count;

	if (!rows_in_form(plain))
		return err_set(err, ERR_MALFORMED, "a KEYTABLE is not in the form it must have");
	rd_array(&r, 2);
	count = rd_array_any(&r, KEYTABLE_ROWS);
	for (size_t i = 0; i < count && rc == ERR_OK; i++) {
		read_case_row(&r, &c);
		rc = take_case_row(v, stream, under, in_force, &c, err);
	}
	count = 0;
	if (rc == ERR_OK && in_force) /* an MK has no commitment: a wrong one would stand in the way of the right one */
		count = rd_array_any(&r, KEYTABLE_METAS_MAX);
	for (size_t i = 0; i < count && rc == ERR_OK; i++) {
		read_meta_row(&r, &m);
		rc = take_meta_row(v, stream, &m, err);
	}
	v->news++;
	return rc;
}

enum err_code
vault_learn_table(struct vault *v, const struct org *org, const struct log_key *log, const struct header *h, struct bytes payload,
                  bool *wait, struct err *err)
{
	const struct place at = place_of(h);
	struct rd r = rd_init(payload);
	uint8_t salt[24], key[32];
	struct epoch_keys *k;
	struct epoch_id id;
	struct bytes box;
	struct epoch *ep;
	enum err_code rc;

	rd_array(&r, 3);
	RD_FIXED(&r, id);
	rd_bin(&r, salt, sizeof(salt));
	box = rd_bin_any(&r, AEAD_TAG_BYTES + 1, PAYLOAD_BYTES_MAX);
	if (!rd_end(&r))
		return err_set(err, ERR_MALFORMED, "a KEYTABLE is not in the form it must have");
	ep = vault_epoch(v, &id, &k);
	if (ep == NULL || !k->has_e) {
		/* The key of an old table was deleted: newer ones say all that still holds. */
		*wait = !keystore_tombstoned(v->ks, TOMB_SECRET, id.b);
		return ERR_OK;
	}
	if (!SAME(ep->stream, h->stream))
		return err_set(err, ERR_KEY, "a KEYTABLE is under an epoch of another team");
	vault_table_key(key, k, salt, &at);
	buf_clear(&v->plain);
	if (aead_open(&v->plain, key, salt, BYTES_NONE, box))
		rc = take_table(v, &h->stream, ep, org_effective(org, log, h->seq), buf_bytes(&v->plain), err);
	else if (buf_ok(&v->plain))
		rc = err_set(err, ERR_KEY, "a KEYTABLE does not open");
	else
		rc = err_plain(err, ERR_NO_MEMORY);
	wipe(key, sizeof(key));
	if (v->plain.len > 0)
		wipe(v->plain.p, v->plain.len);
	return rc;
}
