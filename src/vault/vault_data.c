/*
 * DATA payloads and names. Opening allocates nothing once the scratch
 * buffers have grown: it runs a hundred thousand times at an unlock.
 */
#include "vault/vault.h"

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/pad.h"
#include "crypto/seal.h"
#include "vault/vault_internal.h"

static const uint8_t zero_nonce[XNONCE_BYTES]; /* every wrap has a key of its own */

static void
wrap_key(uint8_t out[32], const struct epoch_keys *k, const struct key_id *kid)
{
	HC(out, 32, BYTES(k->wk, 32), "fb1/wrap", BYTES_OF(*kid));
}

/* ek(32) ‖ commit(32) from one call: the key and the proof of which key. */
static void
entry_key(uint8_t out[64], const uint8_t case_key[32], const uint8_t salt[24], const struct place *at)
{
	HC(out, 64, BYTES(case_key, 32), "fb1/entry/key", BYTES(salt, 24), PLACE_PARTS(*at));
}

static void
outer_key(uint8_t out[32], const struct epoch_keys *k, const uint8_t salt[24], const struct place *at)
{
	HC(out, 32, BYTES(k->mk, 32), "fb1/outer", BYTES(salt, 24), PLACE_PARTS(*at));
}

/* ---- sealing ---- */

/* The case key of the group under the preferred epoch; a fresh one for its first use. */
static enum err_code
case_for(struct vault *v, struct env *env, const struct epoch *ep, const struct group_id *group, int64_t *out,
         struct err *err)
{
	struct key_id kid;
	uint8_t key[32];

	*out = vault_case_of_group(v, &ep->stream, group, &ep->id);
	if (*out != NO_CASE)
		return ERR_OK;
	env_random(env, kid.b, sizeof(kid.b));
	vault_hedged(v, env, key, "fb1/hedge/case", BYTES_OF(*group));
	*out = vault_case_put(v, &kid, key, &ep->stream, &ep->id);
	wipe(key, sizeof(key));
	if (*out == NO_CASE || !vault_case_bind(v, *out, group))
		return err_plain(err, ERR_NO_MEMORY);
	return ERR_OK;
}

/* [ kid, wrap|nil, commit, inner ] into v->outer */
static bool
write_outer(struct vault *v, const struct epoch_keys *k, const struct case_key *c, bool wrap, const uint8_t salt[24],
            const struct place *at)
{
	struct buf small = BUF_INIT, inner = BUF_INIT;
	uint8_t ek[64], wk[32];
	bool ok;

	entry_key(ek, c->key, salt, at);
	ok = aead_seal(&inner, ek, salt, BYTES_OF(c->kid), buf_bytes(&v->plain));
	buf_clear(&v->outer);
	wr_array(&v->outer, 4);
	WR_FIXED(&v->outer, c->kid);
	if (wrap) {
		wrap_key(wk, k, &c->kid);
		ok = ok && aead_seal(&small, wk, zero_nonce, BYTES_OF(c->kid), BYTES(c->key, 32));
		wr_bin(&v->outer, small.p, small.len);
		wipe(wk, sizeof(wk));
	} else {
		wr_nil(&v->outer);
	}
	wr_bin(&v->outer, ek + 32, 32);
	wr_bin(&v->outer, inner.p, inner.len);
	wipe(ek, sizeof(ek));
	buf_free(&small);
	buf_free(&inner);
	return ok && buf_ok(&v->outer);
}

enum err_code
vault_seal(struct vault *v, struct env *env, const struct header *next, const struct group_id *group, struct bytes body,
           struct buf *payload, struct err *err)
{
	const struct epoch *ep = vault_content_epoch(v, &next->stream);
	const struct place at = place_of(next);
	const struct epoch_keys *k;
	const struct case_key *c;
	uint8_t fresh[32], salt[24], okey[32];
	struct buf box = BUF_INIT;
	enum err_code rc;
	bool ok;

	if (ep == NULL)
		return err_set(err, ERR_KEY, "no clean epoch is held for this team");
	k = &v->keys[ep - v->epochs];
	buf_clear(&v->plain);
	buf_put_bytes(&v->plain, body);
	if (pad_bucket(body.len) == 0)
		return err_set(err, ERR_TOO_BIG, "the change has %zu bytes; one entry holds %d", body.len, PADDED_BYTES_MAX - 1);
	if (!pad(&v->plain))
		return err_plain(err, ERR_NO_MEMORY);
	rc = case_for(v, env, ep, group, &v->last_case, err);
	if (rc != ERR_OK)
		return rc;
	c = &v->cases[v->last_case];
	env_random(env, fresh, sizeof(fresh));
	/* The body goes into the salt: equal salts then mean equal plaintext, even if the generator repeats. */
	HC(salt, 24, BYTES(c->key, 32), "fb1/salt", BYTES(fresh, 32), PLACE_PARTS(at), buf_bytes(&v->plain));
	outer_key(okey, k, salt, &at);
	ok = write_outer(v, k, c, !(c->wrapped && SAME(c->wrapped_inc, next->inc)), salt, &at) &&
	     aead_seal(&box, okey, salt, BYTES_NONE, buf_bytes(&v->outer));
	buf_clear(payload);
	wr_array(payload, 3);
	WR_FIXED(payload, ep->id);
	wr_bin(payload, salt, sizeof(salt));
	wr_bin(payload, box.p, box.len);
	wipe(okey, sizeof(okey));
	buf_free(&box);
	return ok && buf_ok(payload) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

/* ---- opening ---- */

struct outer {
	struct key_id kid;
	bool has_wrap;
	uint8_t wrap[SEALED_KEY_BYTES];
	uint8_t commit[32];
	struct bytes inner;
};

static bool
read_outer(struct outer *o, struct bytes in)
{
	struct rd r = rd_init(in);

	rd_array(&r, 4);
	RD_FIXED(&r, o->kid);
	o->has_wrap = !rd_nil(&r);
	if (o->has_wrap)
		rd_bin(&r, o->wrap, sizeof(o->wrap));
	rd_bin(&r, o->commit, sizeof(o->commit));
	o->inner = rd_bin_any(&r, AEAD_TAG_BYTES + 1, PADDED_BYTES_MAX + AEAD_TAG_BYTES);
	return rd_end(&r);
}

/* Takes the key that the entry itself brings. A wrap that does not open is the writer's fault and nobody else's. */
static enum err_code
learn_wrap(struct vault *v, const struct epoch_keys *k, const struct header *h, const struct epoch_id *epoch,
           const struct outer *o, int64_t *out, struct err *err)
{
	uint8_t wk[32];
	struct case_key *c;

	wrap_key(wk, k, &o->kid);
	buf_clear(&v->plain);
	if (!aead_open(&v->plain, wk, zero_nonce, BYTES_OF(o->kid), BYTES(o->wrap, sizeof(o->wrap))) || v->plain.len != 32) {
		wipe(wk, sizeof(wk));
		return buf_ok(&v->plain) ? err_set(err, ERR_DAMAGED, "its case key is wrapped under something else")
		                         : err_plain(err, ERR_NO_MEMORY);
	}
	wipe(wk, sizeof(wk));
	*out = vault_case_put(v, &o->kid, v->plain.p, &h->stream, epoch);
	wipe(v->plain.p, v->plain.len);
	if (*out == NO_CASE)
		return err_plain(err, ERR_NO_MEMORY);
	v->last_wrapped = true;
	v->last_birth = *epoch;
	c = &v->cases[*out];
	if (SAME(h->author, v->ks->device.sign_pk)) {
		c->wrapped = true;
		c->wrapped_inc = h->inc;
	}
	return ERR_OK;
}

static enum err_code
open_inner(struct vault *v, const struct header *h, const struct outer *o, int64_t first, bool only, const uint8_t salt[24],
           struct buf *body, struct err *err)
{
	const struct place at = place_of(h);
	uint8_t ek[64];
	struct bytes plain;
	bool committed = false;

	for (int64_t i = first; i != NO_CASE && !committed; i = only ? NO_CASE : v->cases[i].next) {
		entry_key(ek, v->cases[i].key, salt, &at);
		/* Before decrypting: XChaCha20-Poly1305 alone would let one ciphertext be two texts. */
		committed = same_secret(ek + 32, o->commit, 32);
		if (committed)
			v->last_case = i;
	}
	buf_clear(body);
	if (!committed || !aead_open(body, ek, salt, BYTES_OF(o->kid), o->inner)) {
		wipe(ek, sizeof(ek));
		if (!buf_ok(body))
			return err_plain(err, ERR_NO_MEMORY);
		return committed ? err_set(err, ERR_DAMAGED, "its content does not open under the key it commits to")
		                 : err_set(err, ERR_DAMAGED, "it commits to another key than the one it names");
	}
	wipe(ek, sizeof(ek));
	plain = buf_bytes(body);
	if (!unpad(&plain))
		return err_set(err, ERR_DAMAGED, "its padding is wrong");
	body->len = plain.len;
	return ERR_OK;
}

enum err_code
vault_open(struct vault *v, const struct header *h, struct bytes payload, struct buf *body, struct err *err)
{
	const struct place at = place_of(h);
	const struct epoch *ep;
	const struct epoch_keys *k;
	struct epoch_id epoch;
	uint8_t salt[24], okey[32];
	struct rd r = rd_init(payload);
	struct bytes box;
	struct outer o;
	int64_t first;
	enum err_code rc;
	bool opened;

	v->last_case = NO_CASE;
	v->last_wrapped = false;
	rd_array(&r, 3);
	RD_FIXED(&r, epoch);
	rd_bin(&r, salt, sizeof(salt));
	box = rd_bin_any(&r, AEAD_TAG_BYTES + 1, PAYLOAD_BYTES_MAX);
	if (!rd_end(&r))
		return err_set(err, ERR_DAMAGED, "its payload is not a sealed change");
	if (v->last_epoch >= v->epoch_count || !SAME(v->epochs[v->last_epoch].id, epoch)) {
		ep = vault_epoch(v, &epoch, NULL);
		if (ep == NULL)
			return err_plain(err, ERR_KEY);
		v->last_epoch = (size_t)(ep - v->epochs);
	}
	ep = &v->epochs[v->last_epoch];
	k = &v->keys[v->last_epoch];
	if (!k->has_mk)
		return err_plain(err, ERR_KEY);
	if (!SAME(ep->stream, h->stream))
		return err_set(err, ERR_DAMAGED, "it is sealed under an epoch of another team");
	outer_key(okey, k, salt, &at);
	buf_clear(&v->outer);
	opened = aead_open(&v->outer, okey, salt, BYTES_NONE, box);
	wipe(okey, sizeof(okey));
	if (!opened && buf_ok(&v->outer) && k->mk_told)
		return err_plain(err, ERR_KEY); /* whoever announced that MK may have been wrong: E will tell */
	if (!opened)
		return buf_ok(&v->outer) ? err_set(err, ERR_DAMAGED, "its outer layer does not open") : err_plain(err, ERR_NO_MEMORY);
	if (!read_outer(&o, buf_bytes(&v->outer)))
		return err_set(err, ERR_DAMAGED, "its outer layer is not in the form it must have");
	if (keystore_tombstoned(v->ks, TOMB_KEY, o.kid.b))
		return err_set(err, ERR_REFUSED, "its case has been erased");
	first = vault_case_first(v, &o.kid);
	if (o.has_wrap && k->has_e) {
		rc = learn_wrap(v, k, h, &epoch, &o, &first, err);
		if (rc != ERR_OK)
			return rc;
	} else if (first == NO_CASE) {
		return err_plain(err, ERR_KEY);
	}
	return open_inner(v, h, &o, first, o.has_wrap && k->has_e, salt, body, err);
}

/* ---- names ---- */

static void
name_key(uint8_t out[32], const struct epoch_keys *k, const uint8_t salt[24])
{
	HC(out, 32, BYTES(k->mk, 32), "fb1/name", BYTES(salt, 24));
}

enum err_code
vault_seal_name(struct vault *v, struct env *env, const struct org *org, struct bytes name, struct buf *out, struct err *err)
{
	const struct stream_id roster = roster_stream(org_id(org));
	const struct epoch *ep = vault_content_epoch(v, &roster);
	const struct epoch_keys *k;
	uint8_t fresh[32], salt[24], key[32];
	struct buf box = BUF_INIT;
	bool ok;

	if (ep == NULL)
		return err_set(err, ERR_KEY, "no clean epoch is held for the roster");
	k = &v->keys[ep - v->epochs];
	buf_clear(&v->plain);
	buf_put_bytes(&v->plain, name);
	if (pad_bucket(name.len) == 0 || pad_bucket(name.len) > 512)
		return err_set(err, ERR_TOO_BIG, "a name is too long");
	if (!pad(&v->plain))
		return err_plain(err, ERR_NO_MEMORY);
	env_random(env, fresh, sizeof(fresh));
	HC(salt, 24, BYTES(k->mk, 32), "fb1/salt", BYTES(fresh, 32), buf_bytes(&v->plain));
	name_key(key, k, salt);
	ok = aead_seal(&box, key, salt, BYTES_OF(ep->id), buf_bytes(&v->plain));
	buf_clear(out);
	wr_array(out, 3);
	WR_FIXED(out, ep->id);
	wr_bin(out, salt, sizeof(salt));
	wr_bin(out, box.p, box.len);
	wipe(key, sizeof(key));
	buf_free(&box);
	return ok && buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

enum err_code
vault_open_name(const struct vault *v, struct bytes sealed, struct buf *name, struct err *err)
{
	struct rd r = rd_init(sealed);
	struct epoch_keys *k;
	struct epoch_id epoch;
	uint8_t salt[24], key[32];
	struct bytes box, plain;
	bool ok;

	rd_array(&r, 3);
	RD_FIXED(&r, epoch);
	rd_bin(&r, salt, sizeof(salt));
	box = rd_bin_any(&r, AEAD_TAG_BYTES + 1, 1024);
	if (!rd_end(&r))
		return err_set(err, ERR_DAMAGED, "a name is not in the form it must have");
	(void)vault_epoch(v, &epoch, &k);
	if (k == NULL || !k->has_mk)
		return err_plain(err, ERR_KEY);
	name_key(key, k, salt);
	buf_clear(name);
	ok = aead_open(name, key, salt, BYTES_OF(epoch), box);
	wipe(key, sizeof(key));
	if (!buf_ok(name))
		return err_plain(err, ERR_NO_MEMORY);
	plain = buf_bytes(name);
	if (!ok || !unpad(&plain))
		return err_set(err, ERR_DAMAGED, "a name does not open");
	name->len = plain.len;
	return ERR_OK;
}
