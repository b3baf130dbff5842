/*
 * The three state objects of the Noise specification, section 5, folded into
 * one struct: HandshakeState holds SymmetricState holds CipherState. Function
 * names follow the specification so that the two can be read side by side.
 *
 * Comparisons of secrets happen inside libsodium's AEAD only.
 */
#include "link/noise.h"

#include <assert.h>

#include "crypto/guard.h"
#include "crypto/primitive.h"
#include "crypto/sha256.h"

const struct noise_pattern noise_xx = {
	"Noise_XX_25519_ChaChaPoly_SHA256", false,
	{ { NOISE_E }, { NOISE_E, NOISE_EE, NOISE_S, NOISE_ES }, { NOISE_S, NOISE_SE } }
};
const struct noise_pattern noise_xxpsk0 = {
	"Noise_XXpsk0_25519_ChaChaPoly_SHA256", true,
	{ { NOISE_PSK, NOISE_E }, { NOISE_E, NOISE_EE, NOISE_S, NOISE_ES }, { NOISE_S, NOISE_SE } }
};
const struct noise_pattern noise_xxpsk3 = {
	"Noise_XXpsk3_25519_ChaChaPoly_SHA256", true,
	{ { NOISE_E }, { NOISE_E, NOISE_EE, NOISE_S, NOISE_ES }, { NOISE_S, NOISE_SE, NOISE_PSK } }
};

/* HKDF of the specification, 4.3. o3 may be NULL. The chaining key may be one of the outputs. */
static void
hkdf(const uint8_t ck[32], struct bytes ikm, uint8_t o1[32], uint8_t o2[32], uint8_t *o3)
{
	uint8_t temp[32], one[32], two[32];

	hmac_sha256(temp, ck, ikm, BYTES_NONE);
	hmac_sha256(one, temp, BYTES("\x01", 1), BYTES_NONE);
	hmac_sha256(two, temp, BYTES(one, 32), BYTES("\x02", 1));
	if (o3 != NULL)
		hmac_sha256(o3, temp, BYTES(two, 32), BYTES("\x03", 1));
	memcpy(o1, one, 32);
	memcpy(o2, two, 32);
	wipe(temp, sizeof(temp));
	wipe(one, sizeof(one));
	wipe(two, sizeof(two));
}

/* ---- CipherState ---- */

/* Rekey() of the specification, 4.2: the key becomes the encryption of zeroes under the last nonce. */
static void
rekey(struct noise_cipher *c)
{
	static const uint8_t zeroes[32];
	uint8_t box[32 + NOISE_TAG_BYTES];

	chacha_seal(box, c->k, UINT64_MAX, BYTES_NONE, zeroes, sizeof(zeroes));
	memcpy(c->k, box, 32);
	wipe(box, sizeof(box));
}

static void
count_message(struct noise_cipher *c)
{
	c->n++;
	if (c->n % NOISE_REKEY_EVERY == 0)
		rekey(c);
}

enum err_code
noise_seal(struct noise_cipher *c, uint8_t *out, const uint8_t *in, size_t len)
{
	assert(c->has_key);
	if (c->n == UINT64_MAX || len > NOISE_MESSAGE_MAX - NOISE_TAG_BYTES)
		return ERR_TOO_BIG;
	chacha_seal(out, c->k, c->n, BYTES_NONE, in, len);
	count_message(c);
	return ERR_OK;
}

enum err_code
noise_open(struct noise_cipher *c, uint8_t *out, const uint8_t *in, size_t len)
{
	assert(c->has_key);
	if (c->n == UINT64_MAX || len > NOISE_MESSAGE_MAX)
		return ERR_TOO_BIG;
	if (len < NOISE_TAG_BYTES || !chacha_open(out, c->k, c->n, BYTES_NONE, in, len))
		return ERR_KEY;
	count_message(c);
	return ERR_OK;
}

void
noise_cipher_wipe(struct noise_cipher *c)
{
	wipe(c, sizeof(*c));
}

/* ---- SymmetricState ---- */

static void
mix_hash(struct noise *n, struct bytes data)
{
	const struct bytes parts[] = { BYTES(n->h, 32), data };

	sha256(n->h, parts, COUNT_OF(parts));
}

static void
mix_key(struct noise *n, struct bytes ikm)
{
	hkdf(n->ck, ikm, n->ck, n->cipher.k, NULL);
	n->cipher.n = 0;
	n->cipher.has_key = true;
}

static void
mix_key_and_hash(struct noise *n, struct bytes ikm)
{
	uint8_t temp_h[32], temp_k[32];

	hkdf(n->ck, ikm, n->ck, temp_h, temp_k);
	mix_hash(n, BYTES(temp_h, 32));
	memcpy(n->cipher.k, temp_k, 32);
	n->cipher.n = 0;
	n->cipher.has_key = true;
	wipe(temp_h, sizeof(temp_h));
	wipe(temp_k, sizeof(temp_k));
}

static size_t
sealed_bytes(const struct noise *n, size_t len)
{
	return n->cipher.has_key ? len + NOISE_TAG_BYTES : len;
}

static enum err_code
encrypt_and_hash(struct noise *n, struct bytes plain, struct buf *out, struct err *err)
{
	size_t len = sealed_bytes(n, plain.len);
	uint8_t *to = buf_add(out, len);

	if (to == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (n->cipher.has_key) {
		chacha_seal(to, n->cipher.k, n->cipher.n, BYTES(n->h, 32), plain.p, plain.len);
		n->cipher.n++;
	} else if (plain.len > 0) {
		memcpy(to, plain.p, plain.len);
	}
	mix_hash(n, BYTES(to, len));
	return ERR_OK;
}

/* `box` is the whole sealed part; out has room for its plaintext. */
static bool
decrypt_and_hash(struct noise *n, struct bytes box, uint8_t *out)
{
	if (n->cipher.has_key) {
		if (box.len < NOISE_TAG_BYTES ||
		    !chacha_open(out, n->cipher.k, n->cipher.n, BYTES(n->h, 32), box.p, box.len))
			return false;
		n->cipher.n++;
	} else if (box.len > 0) {
		memcpy(out, box.p, box.len);
	}
	mix_hash(n, box);
	return true;
}

/* ---- HandshakeState ---- */

/* All but the keys. */
static void
begin(struct noise *n, const struct noise_pattern *pattern, bool initiator, struct bytes prologue)
{
	size_t name_len = strlen(pattern->name);

	memset(n, 0, sizeof(*n));
	n->pattern = pattern;
	n->initiator = initiator;
	if (name_len <= 32)
		memcpy(n->h, pattern->name, name_len);
	else
		sha256(n->h, &(struct bytes){ (const uint8_t *)pattern->name, name_len }, 1);
	memcpy(n->ck, n->h, 32);
	mix_hash(n, prologue);
}

void
noise_init(struct noise *n, const struct noise_pattern *pattern, bool initiator, struct bytes prologue,
           const uint8_t s_sk[32], const uint8_t e_sk[32], const uint8_t psk[32])
{
	assert(!pattern->has_psk || psk != NULL);
	begin(n, pattern, initiator, prologue);
	memcpy(n->s_sk, s_sk, 32);
	memcpy(n->e_sk, e_sk, 32);
	x25519_base(n->s_pk, n->s_sk);
	x25519_base(n->e_pk, n->e_sk);
	if (psk != NULL)
		memcpy(n->psk, psk, 32);
}

void
noise_wipe(struct noise *n)
{
	wipe(n, sizeof(*n));
}

size_t
noise_message_bytes(const struct noise_pattern *p, unsigned step)
{
	bool has_key = false;
	size_t bytes = 0;

	for (unsigned i = 0; i <= step; i++) {
		bytes = 0;
		for (const enum noise_token *t = p->tokens[i]; *t != NOISE_END; t++) {
			if (*t == NOISE_E)
				bytes += 32;
			if (*t == NOISE_S)
				bytes += has_key ? 32 + NOISE_TAG_BYTES : 32;
			/* With a PSK anywhere, `e` is mixed into the key too (specification, 9.2). */
			has_key = has_key || (*t != NOISE_S && (*t != NOISE_E || p->has_psk));
		}
		bytes += has_key ? (size_t)NOISE_TAG_BYTES : 0;
	}
	return bytes;
}

/* False when the result is zero: a low-order key, which would put no secret of ours into the chain. */
static bool
mix_dh(struct noise *n, const uint8_t sk[32], const uint8_t pk[32])
{
	uint8_t shared[32];
	bool ok = x25519(shared, sk, pk);

	if (ok)
		mix_key(n, BYTES(shared, 32));
	wipe(shared, sizeof(shared));
	return ok;
}

/* The tokens that read and write share: what is mixed once both keys are there. */
static bool
mix_token(struct noise *n, enum noise_token t)
{
	switch (t) {
	case NOISE_EE:
		return mix_dh(n, n->e_sk, n->re);
	case NOISE_ES:
		return n->initiator ? mix_dh(n, n->e_sk, n->rs) : mix_dh(n, n->s_sk, n->re);
	case NOISE_SE:
		return n->initiator ? mix_dh(n, n->s_sk, n->re) : mix_dh(n, n->e_sk, n->rs);
	case NOISE_PSK:
		mix_key_and_hash(n, BYTES(n->psk, 32));
		return true;
	case NOISE_END:
	case NOISE_E:
	case NOISE_S:
		break;
	}
	return true;
}

static void
mix_ephemeral(struct noise *n, const uint8_t pk[32])
{
	mix_hash(n, BYTES(pk, 32));
	if (n->pattern->has_psk)
		mix_key(n, BYTES(pk, 32));
}

static bool
my_turn(const struct noise *n)
{
	return !n->done && (n->step % 2 == 0) == n->initiator;
}

static void
advance(struct noise *n)
{
	n->step++;
	n->done = n->step == 3;
}

static enum err_code
write_tokens(struct noise *n, struct buf *out, struct err *err)
{
	enum err_code rc;

	for (const enum noise_token *t = n->pattern->tokens[n->step]; *t != NOISE_END; t++) {
		if (*t == NOISE_E) {
			buf_put(out, n->e_pk, 32);
			mix_ephemeral(n, n->e_pk);
		} else if (*t == NOISE_S) {
			rc = encrypt_and_hash(n, BYTES(n->s_pk, 32), out, err);
			if (rc != ERR_OK)
				return rc;
		} else if (!mix_token(n, *t)) {
			return err_set(err, ERR_KEY, "the other side's key is of low order");
		}
	}
	return ERR_OK;
}

enum err_code
noise_write(struct noise *n, struct bytes payload, struct buf *out, struct err *err)
{
	enum err_code rc;

	assert(my_turn(n));
	if (n->failed)
		return err_set(err, ERR_KEY, "this handshake has failed before");
	if (payload.len > NOISE_MESSAGE_MAX - noise_message_bytes(n->pattern, n->step))
		return err_set(err, ERR_TOO_BIG, "%zu bytes do not fit a handshake message", payload.len);
	rc = write_tokens(n, out, err);
	if (rc == ERR_OK)
		rc = encrypt_and_hash(n, payload, out, err);
	if (rc == ERR_OK && !buf_ok(out))
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc != ERR_OK)
		n->failed = true;
	else
		advance(n);
	return rc;
}

static enum err_code
read_tokens(struct noise *n, struct bytes *in, struct err *err)
{
	for (const enum noise_token *t = n->pattern->tokens[n->step]; *t != NOISE_END; t++) {
		size_t len = *t == NOISE_E ? 32 : *t == NOISE_S ? sealed_bytes(n, 32) : 0;

		if (in->len < len)
			return err_set(err, ERR_TRUNCATED, "handshake message is too short");
		if (*t == NOISE_E) {
			memcpy(n->re, in->p, 32);
			mix_ephemeral(n, n->re);
		} else if (*t == NOISE_S) {
			if (!decrypt_and_hash(n, BYTES(in->p, len), n->rs))
				return err_set(err, ERR_KEY, "handshake message does not authenticate");
		} else if (!mix_token(n, *t)) {
			return err_set(err, ERR_KEY, "the other side's key is of low order");
		}
		in->p += len;
		in->len -= len;
	}
	return ERR_OK;
}

enum err_code
noise_read(struct noise *n, struct bytes message, struct buf *payload, struct err *err)
{
	struct bytes in = message;
	size_t plain_len;
	uint8_t *to;
	enum err_code rc;

	assert(!n->done && !my_turn(n));
	if (n->failed)
		return err_set(err, ERR_KEY, "this handshake has failed before");
	n->failed = true; /* until everything below has gone well */
	if (message.len > NOISE_MESSAGE_MAX)
		return err_set(err, ERR_TOO_BIG, "handshake message of %zu bytes", message.len);
	rc = read_tokens(n, &in, err);
	if (rc != ERR_OK)
		return rc;
	if (in.len < sealed_bytes(n, 0))
		return err_set(err, ERR_TRUNCATED, "handshake message is too short");
	plain_len = in.len - sealed_bytes(n, 0);
	to = buf_add(payload, plain_len + 1); /* + 1: an empty payload has a place too */
	if (to == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (!decrypt_and_hash(n, in, to)) {
		payload->len -= plain_len + 1;
		return err_set(err, ERR_KEY, "handshake message does not authenticate");
	}
	payload->len--;
	n->failed = false;
	advance(n);
	return ERR_OK;
}

size_t
noise_which_psk(const struct noise_pattern *pattern, struct bytes prologue, struct bytes message, const uint8_t (*psks)[32], size_t count)
{
	struct buf payload = BUF_INIT;
	size_t which = SIZE_MAX;
	struct noise n;

	for (size_t i = 0; i < count && which == SIZE_MAX; i++) {
		begin(&n, pattern, false, prologue);
		memcpy(n.psk, psks[i], 32);
		if (noise_read(&n, message, &payload, NULL) == ERR_OK)
			which = i;
		noise_wipe(&n);
	}
	buf_wipe(&payload);
	return which;
}

bool
noise_done(const struct noise *n)
{
	return n->done;
}

const uint8_t *
noise_remote_static(const struct noise *n)
{
	return n->rs;
}

const uint8_t *
noise_hash(const struct noise *n)
{
	return n->h;
}

void
noise_split(struct noise *n, struct noise_cipher *sending, struct noise_cipher *receiving)
{
	uint8_t k1[32], k2[32];

	assert(n->done && !n->failed);
	hkdf(n->ck, BYTES_NONE, k1, k2, NULL);
	memset(sending, 0, sizeof(*sending));
	memset(receiving, 0, sizeof(*receiving));
	memcpy(sending->k, n->initiator ? k1 : k2, 32);
	memcpy(receiving->k, n->initiator ? k2 : k1, 32);
	sending->has_key = receiving->has_key = true;
	wipe(k1, sizeof(k1));
	wipe(k2, sizeof(k2));
	wipe(n->ck, sizeof(n->ck));
	wipe(n->s_sk, sizeof(n->s_sk));
	wipe(n->e_sk, sizeof(n->e_sk));
	wipe(n->psk, sizeof(n->psk));
	noise_cipher_wipe(&n->cipher);
}
