/*
 * Three things can be wrong with a keystore and a person must do something
 * different about each: a typing mistake (try again), a damaged file (restore
 * it), a file by someone who wants us to spend a gigabyte (refuse). So the
 * header is checked whole before Argon2 runs, and a slot that opened proves
 * the secret right before the body is looked at.
 *
 * Nothing here depends on chance alone: FK is a hash that includes the body,
 * so a machine resumed from a snapshot, whose random numbers repeat, still
 * never encrypts two bodies under one key and nonce.
 */
#include "crypto/keystore_internal.h"

#include <assert.h>
#include <sodium.h>

#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/seal.h"

enum { VERSION = 1, VERSION_OTHERS = 2, FILE_FIELDS = 6, COMMIT_BYTES = 32, SUM_BYTES = 16 };

struct file_slot {
	uint8_t type;
	uint8_t salt[16];
	uint64_t ops, mem;
	uint8_t nonce[XNONCE_BYTES];
	uint8_t sealed[SEALED_KEY_BYTES];
	uint8_t commit[COMMIT_BYTES];
};

struct file_header {
	struct file_slot slots[KEYSTORE_SLOTS];
	size_t slot_count;
	uint8_t nonce[XNONCE_BYTES];
	uint8_t commit[COMMIT_BYTES];
	struct bytes bytes; /* as they stand in the file, from the first to the checksum */
	struct bytes body;
	bool has_others;    /* as its version says */
};

bool
keystore_cost_allowed(uint64_t ops, uint64_t mem)
{
	uint64_t ops_min = crypto_pwhash_OPSLIMIT_INTERACTIVE, mem_min = crypto_pwhash_MEMLIMIT_INTERACTIVE;

	if (keystore_cheap_for_tests) {
		ops_min = crypto_pwhash_OPSLIMIT_MIN;
		mem_min = crypto_pwhash_MEMLIMIT_MIN;
	}
	return ops >= ops_min && ops <= KEYSTORE_OPS_MAX && mem >= mem_min && mem <= crypto_pwhash_MEMLIMIT_SENSITIVE;
}

static void
set_cost(struct keystore_slot *s, enum kdf_strength strength)
{
	if (keystore_cheap_for_tests) {
		s->ops = crypto_pwhash_OPSLIMIT_MIN;
		s->mem = crypto_pwhash_MEMLIMIT_MIN;
		return;
	}
	switch (strength) {
	case KDF_INTERACTIVE:
		s->ops = crypto_pwhash_OPSLIMIT_INTERACTIVE;
		s->mem = crypto_pwhash_MEMLIMIT_INTERACTIVE;
		break;
	case KDF_MODERATE:
		s->ops = crypto_pwhash_OPSLIMIT_MODERATE;
		s->mem = crypto_pwhash_MEMLIMIT_MODERATE;
		break;
	case KDF_SENSITIVE:
		s->ops = crypto_pwhash_OPSLIMIT_SENSITIVE;
		s->mem = crypto_pwhash_MEMLIMIT_SENSITIVE;
		break;
	}
}

static enum err_code
derive_kek(uint8_t kek[32], struct bytes secret, const uint8_t salt[16], uint64_t ops, uint64_t mem, struct err *err)
{
	if (crypto_pwhash(kek, 32, secret.len > 0 ? (const char *)secret.p : "", secret.len, salt, ops, (size_t)mem,
	                  crypto_pwhash_ALG_ARGON2ID13) == 0)
		return ERR_OK;
	return err_set(err, ERR_NO_MEMORY, "checking the passphrase needs %llu MiB of free memory",
	               (unsigned long long)(mem >> 20));
}

enum err_code
keystore_set_slot(struct keystore *k, struct env *env, uint8_t type, struct bytes secret,
                  enum kdf_strength strength, struct err *err)
{
	struct keystore_slot s = { .type = type };
	enum err_code rc;
	size_t at = 0;

	assert(type > 0);
	env_random(env, s.salt, sizeof(s.salt));
	set_cost(&s, strength);
	rc = derive_kek(s.kek, secret, s.salt, s.ops, s.mem, err);
	if (rc != ERR_OK)
		goto out;
	while (at < k->slot_count && k->slots[at].type < type) /* ascending, as in the file */
		at++;
	if (at == k->slot_count || k->slots[at].type != type) {
		if (k->slot_count == KEYSTORE_SLOTS) {
			rc = err_set(err, ERR_REFUSED, "the keystore has no room for another way to open it");
			goto out;
		}
		memmove(&k->slots[at + 1], &k->slots[at], (k->slot_count - at) * sizeof(k->slots[0]));
		k->slot_count++;
	}
	k->slots[at] = s;
out:
	wipe(&s, sizeof(s));
	return rc;
}

/* key || commitment of one layer */
static void
key_and_commit(uint8_t out[64], const uint8_t key[32], const char *ctx, struct bytes bound)
{
	HC(out, 64, BYTES(key, 32), ctx, bound);
}

/* Never twice the same for one FK, and a new FK comes with every encode. */
static void
nonce_of(uint8_t nonce[XNONCE_BYTES], const uint8_t fk[32], uint8_t which)
{
	HC(nonce, XNONCE_BYTES, BYTES(fk, 32), "fb1/ks/nonce", BYTES(&which, 1));
}

static void
encode_slot(struct buf *out, const struct keystore_slot *s, const uint8_t fk[32])
{
	uint8_t kc[64], nonce[XNONCE_BYTES], sealed[SEALED_KEY_BYTES];

	key_and_commit(kc, s->kek, "fb1/ks/slot", BYTES(s->salt, sizeof(s->salt)));
	nonce_of(nonce, fk, s->type);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, fk, 32, NULL, 0, NULL, nonce, kc);
	wr_array(out, 7);
	wr_uint(out, s->type);
	wr_bin(out, s->salt, sizeof(s->salt));
	wr_uint(out, s->ops);
	wr_uint(out, s->mem);
	wr_bin(out, nonce, sizeof(nonce));
	wr_bin(out, sealed, sizeof(sealed));
	wr_bin(out, kc + 32, COMMIT_BYTES);
	wipe(kc, sizeof(kc));
}

/* Everything before the body. proto/keystore.md, 2 "File" */
static void
encode_header(struct buf *out, const struct keystore *k, const uint8_t fk[32], const uint8_t nonce[XNONCE_BYTES],
              const uint8_t commit[COMMIT_BYTES], struct bytes *header)
{
	uint8_t sum[SUM_BYTES];
	size_t start = out->len;

	wr_array(out, FILE_FIELDS);
	wr_uint(out, k->other_count > 0 ? VERSION_OTHERS : VERSION); /* who has no others is read by older programs too */
	wr_array(out, k->slot_count);
	for (size_t i = 0; i < k->slot_count; i++)
		encode_slot(out, &k->slots[i], fk);
	wr_bin(out, nonce, XNONCE_BYTES);
	wr_bin(out, commit, COMMIT_BYTES);
	if (!buf_ok(out))
		return;
	*header = BYTES(out->p + start, out->len - start);
	HC(sum, sizeof(sum), BYTES_NONE, "fb1/ks/head", *header);
	wr_bin(out, sum, sizeof(sum));
}

static enum err_code
encode_under(const struct keystore *k, struct bytes body, const uint8_t fk[32], struct buf *out, struct err *err)
{
	uint8_t kc[64], nonce[XNONCE_BYTES];
	struct buf sealed = BUF_INIT;
	struct bytes header = BYTES_NONE;
	size_t start = out->len;
	enum err_code rc = ERR_OK;

	nonce_of(nonce, fk, 0);
	key_and_commit(kc, fk, "fb1/ks/body", BYTES(nonce, sizeof(nonce)));
	encode_header(out, k, fk, nonce, kc + 32, &header);
	if (buf_ok(out) && aead_seal(&sealed, kc, nonce, header, body))
		wr_bin(out, sealed.p, sealed.len);
	if (!buf_ok(out) || !buf_ok(&sealed))
		rc = err_plain(err, ERR_NO_MEMORY);
	else if (out->len - start > KEYSTORE_BYTES_MAX)
		rc = err_set(err, ERR_TOO_BIG, "the keystore would be larger than %d bytes", KEYSTORE_BYTES_MAX);
	if (rc != ERR_OK && out->len > start)
		out->len = start;
	buf_free(&sealed);
	wipe(kc, sizeof(kc));
	return rc;
}

static bool
is_name(const uint8_t name[KEYSTORE_NAME_BYTES])
{
	size_t len = strnlen((const char *)name, KEYSTORE_NAME_BYTES);

	return len < KEYSTORE_NAME_BYTES && utf8_valid(BYTES(name, len));
}

static bool
names_stand(const struct keystore *k)
{
	bool ok = is_name(k->member_name) && is_name(k->device_name);

	for (size_t i = 0; i < k->other_count; i++)
		ok = ok && names_stand(k->others[i]);
	return ok;
}

enum err_code
keystore_encode(const struct keystore *k, struct env *env, struct buf *out, struct err *err)
{
	size_t cap = keystore_body_bytes_max(k);
	struct buf body = { guard_alloc(cap), 0, cap, false };
	uint8_t fk[32], random[32];
	enum err_code rc;

	assert(!k->locked && k->slot_count > 0); /* nobody could open it again */
	if (body.p == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (!names_stand(k)) { /* our own reader would refuse them */
		guard_free(body.p);
		return err_set(err, ERR_INVALID, "a name is not valid UTF-8, or too long");
	}
	keystore_body_encode(&body, k);
	assert(buf_ok(&body) && body.cap == cap); /* it never grew, so it never left guarded memory */
	env_random(env, random, sizeof(random));
	HC(fk, sizeof(fk), BYTES(random, sizeof(random)), "fb1/ks/file", buf_bytes(&body));
	rc = encode_under(k, buf_bytes(&body), fk, out, err);
	wipe(fk, sizeof(fk));
	wipe(random, sizeof(random));
	guard_free(body.p);
	return rc;
}

static void
decode_slot(struct rd *r, struct file_slot *s)
{
	rd_array(r, 7);
	s->type = (uint8_t)rd_uint(r, UINT8_MAX);
	rd_bin(r, s->salt, sizeof(s->salt));
	s->ops = rd_uint(r, UINT64_MAX);
	s->mem = rd_uint(r, UINT64_MAX);
	rd_bin(r, s->nonce, sizeof(s->nonce));
	rd_bin(r, s->sealed, sizeof(s->sealed));
	rd_bin(r, s->commit, sizeof(s->commit));
}

static enum err_code
check_slots(const struct file_header *h, struct err *err)
{
	for (size_t i = 0; i < h->slot_count; i++) {
		const struct file_slot *s = &h->slots[i];

		if (i > 0 && s[-1].type >= s->type)
			return err_set(err, ERR_MALFORMED, "the keystore's slots are out of order");
		if (!keystore_cost_allowed(s->ops, s->mem))
			return err_set(err, ERR_MALFORMED, "the keystore asks for a passphrase check that is too "
			                                   "cheap or too dear to be ours");
	}
	return ERR_OK;
}

static enum err_code
decode_header(struct file_header *h, struct bytes file, struct err *err)
{
	struct rd r = rd_init(file);
	uint8_t sum[SUM_BYTES], want[SUM_BYTES];
	uint64_t version;

	if (file.len > KEYSTORE_BYTES_MAX)
		return err_set(err, ERR_TOO_BIG, "the keystore is larger than %d bytes", KEYSTORE_BYTES_MAX);
	if (rd_array_any(&r, 64) == 0 || (version = rd_uint(&r, UINT32_MAX), r.bad) || version == 0)
		return err_set(err, ERR_MALFORMED, "this is not a keystore");
	h->has_others = version == VERSION_OTHERS;
	if (version > VERSION_OTHERS)
		return err_plain(err, ERR_NEWER);
	if (file.p[0] != (0x90 | FILE_FIELDS))
		return err_set(err, ERR_MALFORMED, "this is not a keystore");
	h->slot_count = rd_array_any(&r, KEYSTORE_SLOTS);
	for (size_t i = 0; i < h->slot_count; i++)
		decode_slot(&r, &h->slots[i]);
	rd_bin(&r, h->nonce, sizeof(h->nonce));
	rd_bin(&r, h->commit, sizeof(h->commit));
	h->bytes = BYTES(file.p, (size_t)(r.p - file.p));
	rd_bin(&r, sum, sizeof(sum));
	h->body = rd_bin_any(&r, AEAD_TAG_BYTES, KEYSTORE_BYTES_MAX);
	if (!rd_end(&r))
		return err_set(err, ERR_MALFORMED, "the keystore is damaged or cut short");
	HC(want, sizeof(want), BYTES_NONE, "fb1/ks/head", h->bytes);
	if (memcmp(sum, want, sizeof(sum)) != 0)
		return err_set(err, ERR_DAMAGED, "the keystore is damaged: its header does not match its checksum");
	return check_slots(h, err);
}

/* The commitment is compared first: the cipher alone would open for more than one key. */
static bool
slot_opens(uint8_t fk[32], const struct file_slot *s, const uint8_t kek[32])
{
	uint8_t kc[64];
	bool ok;

	key_and_commit(kc, kek, "fb1/ks/slot", BYTES(s->salt, sizeof(s->salt)));
	ok = same_secret(kc + 32, s->commit, COMMIT_BYTES) &&
	     crypto_aead_xchacha20poly1305_ietf_decrypt(fk, NULL, NULL, s->sealed, sizeof(s->sealed), NULL, 0,
	                                                s->nonce, kc) == 0;
	wipe(kc, sizeof(kc));
	return ok;
}

static enum err_code
open_slot(uint8_t fk[32], const struct file_header *h, uint8_t type, struct bytes secret, struct err *err)
{
	const struct file_slot *s = h->slots, *end = h->slots + h->slot_count;
	enum err_code rc;
	uint8_t kek[32];

	while (s < end && s->type != type)
		s++;
	if (s == end)
		return err_set(err, ERR_PASSPHRASE, type == 2 ? "this keystore has no recovery code"
		                                              : "this keystore has no passphrase");
	rc = derive_kek(kek, secret, s->salt, s->ops, s->mem, err);
	if (rc == ERR_OK && !slot_opens(fk, s, kek))
		rc = err_set(err, ERR_PASSPHRASE, type == 2 ? "wrong recovery code" : "wrong passphrase");
	wipe(kek, sizeof(kek));
	return rc;
}

static enum err_code
open_body(struct keystore **out, const struct file_header *h, const uint8_t fk[32], struct err *err)
{
	size_t len = h->body.len - AEAD_TAG_BYTES;
	uint8_t *plain = guard_alloc(len), kc[64];
	struct keystore *k = guard_alloc(sizeof(*k));
	bool no_memory = plain == NULL || k == NULL;
	enum err_code rc = ERR_OK;

	if (no_memory) {
		rc = err_plain(err, ERR_NO_MEMORY);
		goto out;
	}
	key_and_commit(kc, fk, "fb1/ks/body", BYTES(h->nonce, sizeof(h->nonce)));
	if (!same_secret(kc + 32, h->commit, COMMIT_BYTES) ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, h->body.p, h->body.len, h->bytes.p,
	                                               h->bytes.len, h->nonce, kc) != 0)
		rc = err_set(err, ERR_DAMAGED, "the keystore is damaged: the passphrase is right but its body does "
		                               "not verify");
	else if (!keystore_body_decode(k, BYTES(plain, len), &no_memory) || (k->other_count > 0) != h->has_others)
		rc = no_memory ? err_plain(err, ERR_NO_MEMORY)
			       : err_set(err, ERR_MALFORMED, "the keystore's body is not in the form it must have");
	wipe(kc, sizeof(kc));
	if (rc == ERR_OK) {
		*out = k;
		k = NULL;
	}
out:
	keystore_free(k);
	guard_free(plain);
	return rc;
}

enum err_code
keystore_open(struct keystore **out, struct bytes file, uint8_t type, struct bytes secret, struct err *err)
{
	struct file_header h = { 0 };
	enum err_code rc;
	uint8_t fk[32];

	*out = NULL;
	rc = decode_header(&h, file, err);
	if (rc == ERR_OK)
		rc = open_slot(fk, &h, type, secret, err);
	if (rc == ERR_OK)
		rc = open_body(out, &h, fk, err);
	wipe(fk, sizeof(fk));
	return rc;
}
