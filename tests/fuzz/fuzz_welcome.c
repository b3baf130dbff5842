/*
 * Welcomes. An even first byte: the rest is a file, which opens for nobody.
 * An odd one: the rest is what a stranger who knows our request could seal
 * to us, and must be refused or read without harm.
 */
#include <stdlib.h>

#include "../unit/fixed_env.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/seal.h"
#include "store/home.h"

static struct fixed_env fixed;
static struct home home;

static void
seal_plain(struct bytes plain, struct buf *out)
{
	static const struct org_id no_org;
	static const struct stream_id no_stream;
	uint8_t head[32 + 32 + SEALED_KEY_BYTES + XNONCE_BYTES] = { 0 }, key[32] = { 1 }, k[32];
	uint8_t *commit = head + 32, *nonce = head + 64 + SEALED_KEY_BYTES;
	const struct seal_context c = { .org = &no_org, .stream = &no_stream, .commit = commit };
	struct seal_pair eph;

	seal_pair_make(&fixed.env, &eph);
	memcpy(head, eph.pk, 32);
	HC(commit, 32, BYTES(key, 32), "fb1/welcome/commit", BYTES(head, 32));
	HC(k, 32, BYTES(key, 32), "fb1/welcome/box", BYTES(nonce, XNONCE_BYTES));
	if (!seal_key(head + 64, key, &c, eph.pk, eph.sk, home.keys->seal[0].pk))
		abort();
	buf_put(out, head, sizeof(head));
	if (!aead_seal(out, k, nonce, BYTES(head, sizeof(head)), plain))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf file = BUF_INIT;
	struct welcome w;

	if (home.keys == NULL) {
		if (!crypto_start() || (home.keys = keystore_new(fixed_env_init(&fixed))) == NULL)
			abort();
		home.env = &fixed.env;
	}
	if (len == 0)
		return 0;
	if (data[0] % 2 == 0) {
		if (welcome_open(&w, &home, BYTES(data + 1, len - 1), NULL) == ERR_OK)
			abort();
		return 0;
	}
	seal_plain(BYTES(data + 1, len - 1), &file);
	if (welcome_open(&w, &home, buf_bytes(&file), NULL) == ERR_OK) {
		if (w.network_keys.len % 32 != 0 || w.role < ROLE_COORDINATOR || w.role > ROLE_HUB || w.runs.len == 0)
			abort();
		welcome_free(&w);
	}
	if (w.plain.p != NULL)
		abort(); /* nothing is left behind */
	buf_free(&file);
	return 0;
}
