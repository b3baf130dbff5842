/*
 * Drop-boxes. The first byte says what the rest is: a payload, which cannot
 * open since nobody guesses a key; a row as a dishonest writer could seal it,
 * which comes back the same; or a change, whose row must be one that a reader
 * takes, copy no field that it may not, and have the dots that its places say.
 */
#include <stdlib.h>

#include "../unit/fixed_env.h"
#include "casework/rows.h"
#include "crypto/guard.h"
#include "vault/vault_internal.h"

enum { NUMBER = 1, TEXT = 2, REF = 3, CODE = 4, SECRET = 5 };

static const char json[] =
	"{\"profile\":\"f\",\"version\":1,\"lists\":[{\"name\":\"l\",\"open\":true,\"choices\":[{\"code\":\"one\"}]}],\"types\":["
	"{\"number\":2,\"name\":\"visit\",\"group\":\"own\",\"class\":\"statistics\",\"notes\":true,\"fields\":["
	"{\"number\":1,\"name\":\"n\",\"type\":\"integer\"},{\"number\":2,\"name\":\"t\",\"type\":\"text\"},"
	"{\"number\":3,\"name\":\"r\",\"type\":\"ref\",\"ref\":\"visit\"},{\"number\":4,\"name\":\"c\",\"type\":\"choice\",\"list\":\"l\"},"
	"{\"number\":5,\"name\":\"s\",\"type\":\"integer\",\"class\":\"content\"}]}]}";

static struct fixed_env fixed;
static struct keystore *ks;
static struct profile *profile;

/* A reader that holds one clean epoch of a drop-box. */
static struct vault *
vault_make(struct header *h)
{
	struct epoch_secret s = { .n = 1 };
	struct vault *v;
	struct epoch *ep;
	uint8_t sk[32];

	if (ks == NULL) {
		if (!crypto_start() || (ks = keystore_new(fixed_env_init(&fixed))) == NULL ||
		    profile_parse(&profile, BYTES_STR(json), NULL) != ERR_OK)
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
	ep->known = ep->effective = ep->clean = ep->is_drop = true;
	vault_drop_pair(ep->drop_pk, sk, v->keys[0].e, ep->commit);
	*h = (struct header){ .kind = KIND_DATA, .author = ks->device.sign_pk, .stream = ep->stream, .seq = 7 };
	return v;
}

static void
seal_and_open(struct vault *v, const struct header *h, struct bytes body)
{
	struct buf payload = BUF_INIT, back = BUF_INIT;
	enum err_code rc = vault_seal_drop(v, &fixed.env, h, body, &payload, NULL);

	if (body.len > 55295) {
		if (rc != ERR_TOO_BIG)
			abort();
	} else if (rc != ERR_OK || vault_open_drop(v, h, buf_bytes(&payload), &back, NULL) != ERR_OK || !bytes_equal(buf_bytes(&back), body)) {
		abort();
	}
	buf_free(&payload);
	buf_free(&back);
}

static void
check_op(const struct op *from, const struct op *to)
{
	if (to->field == 0) /* not copied */
		return;
	if (to->field != from->field || to->kind != from->kind || to->over_count != from->over_count || to->field == TEXT || to->field >= SECRET)
		abort();
	if (to->field == REF && to->kind == OP_SET && bytes_equal(to->value, from->value))
		abort();
	for (size_t i = 0; i < to->over_count; i++)
		if (to->over[i].op != from->over[i].op || memcmp(to->over[i].entry, from->over[i].entry, 16) == 0)
			abort();
}

static void
code(struct bytes body)
{
	struct change_space was = { .ops = NULL }, is = { .ops = NULL };
	const uint8_t entry[16] = { 1 };
	struct buf row = BUF_INIT;
	struct change c, coded;
	bool told;

	if (change_decode(&c, body, &was, NULL) == ERR_OK && c.type == 2) {
		if (rows_encode(&row, &told, profile, profile_type_numbered(profile, 2), &c, entry, NULL, NULL, NULL) != ERR_OK ||
		    rows_check(buf_bytes(&row), &is, NULL) != ERR_OK || change_decode(&coded, buf_bytes(&row), &is, NULL) != ERR_OK ||
		    coded.op_count > c.op_count || told != (coded.op_count > 0) || SAME(coded.record, c.record))
			abort();
		for (size_t i = 0; i < coded.op_count; i++)
			check_op(&c.ops[i], &coded.ops[i]);
	}
	change_space_free(&was);
	change_space_free(&is);
	buf_free(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf body = BUF_INIT;
	struct header h;
	struct vault *v;

	if (len == 0)
		return 0;
	v = vault_make(&h);
	if (data[0] % 3 == 0) {
		if (vault_open_drop(v, &h, BYTES(data + 1, len - 1), &body, NULL) == ERR_OK)
			abort();
	} else if (data[0] % 3 == 1) {
		seal_and_open(v, &h, BYTES(data + 1, len - 1));
	} else {
		code(BYTES(data + 1, len - 1));
	}
	vault_free(v);
	buf_free(&body);
	return 0;
}
