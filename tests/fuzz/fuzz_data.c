/*
 * DATA payloads. The first byte says what the rest is: a payload, which can
 * not open since nobody guesses a key; the plain outer layer, as a dishonest
 * reader could write it; or a body, which comes back the same.
 */
#include <stdlib.h>

#include "../unit/fixed_env.h"
#include "crypto/guard.h"
#include "crypto/seal.h"
#include "vault/vault_internal.h"

static struct fixed_env fixed;
static struct keystore *ks;

/* A vault that holds one clean epoch. */
static struct vault *
vault_make(struct header *h)
{
	struct epoch_secret s = { .n = 1 };
	struct vault *v;
	struct epoch *ep;

	if (ks == NULL) {
		if (!crypto_start() || (ks = keystore_new(fixed_env_init(&fixed))) == NULL)
			abort();
		memset(s.stream.b, 3, sizeof(s.stream.b));
		memset(s.e, 4, sizeof(s.e));
		HC(s.mk, 32, BYTES(s.e, 32), "fb1/epoch/meta", BYTES_OF(s.epoch));
		if (keystore_add_epoch(ks, &s, NULL) != ERR_OK)
			abort();
	}
	v = vault_new(ks, NULL);
	if (v == NULL)
		abort();
	ep = vault_epoch(v, &s.epoch, NULL);
	ep->known = ep->effective = ep->clean = true;
	*h = (struct header){ .kind = KIND_DATA, .author = ks->device.sign_pk, .stream = ep->stream, .seq = 7 };
	return v;
}

static void
seal_outer(struct vault *v, const struct header *h, struct bytes plain, struct buf *payload)
{
	const struct place at = place_of(h);
	uint8_t salt[24] = { 9 }, okey[32];
	struct buf box = BUF_INIT;

	HC(okey, 32, BYTES(v->keys[0].mk, 32), "fb1/outer", BYTES(salt, 24), PLACE_PARTS(at));
	if (!aead_seal(&box, okey, salt, BYTES_NONE, plain))
		abort();
	wr_array(payload, 3);
	WR_FIXED(payload, v->epochs[0].id);
	wr_bin(payload, salt, sizeof(salt));
	wr_bin(payload, box.p, box.len);
	buf_free(&box);
}

static void
seal_and_open(struct vault *v, const struct header *h, struct bytes body)
{
	struct group_id group = { { 5 } };
	struct buf payload = BUF_INIT, back = BUF_INIT;
	enum err_code rc = vault_seal(v, &fixed.env, h, &group, body, &payload, NULL);

	if (body.len > 55295) {
		if (rc != ERR_TOO_BIG)
			abort();
	} else if (rc != ERR_OK || vault_open(v, h, buf_bytes(&payload), &back, NULL) != ERR_OK ||
	           !bytes_equal(buf_bytes(&back), body)) {
		abort();
	}
	buf_free(&payload);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf payload = BUF_INIT, body = BUF_INIT;
	struct header h;
	struct vault *v;

	if (len == 0)
		return 0;
	v = vault_make(&h);
	if (data[0] % 3 == 0) {
		if (vault_open(v, &h, BYTES(data + 1, len - 1), &body, NULL) == ERR_OK)
			abort();
	} else if (data[0] % 3 == 1) {
		seal_outer(v, &h, BYTES(data + 1, len - 1), &payload);
		if (vault_open(v, &h, buf_bytes(&payload), &body, NULL) == ERR_OK)
			abort();
	} else {
		seal_and_open(v, &h, BYTES(data + 1, len - 1));
	}
	vault_free(v);
	buf_free(&payload);
	buf_free(&body);
	return 0;
}
