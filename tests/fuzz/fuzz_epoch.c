/*
 * Key entries of a team, one after another: [kind, length be16, payload]. A
 * table's payload is taken as its plain rows and sealed as a reader would.
 * Nothing can be learned that was not sealed to us, and what the vault has
 * taken in comes back from its image the same.
 */
#include <stdlib.h>

#include "../unit/fixed_env.h"
#include "../unit/world.h"
#include "crypto/seal.h"
#include "vault/vault_internal.h"

static struct fixed_env fixed;
static struct world *w;
static struct org *org;
static struct keystore *ks;

static void
start(void)
{
	struct epoch_secret s = { .n = 1 };

	w = world_new();
	world_genesis(w);
	org = org_new();
	if (org == NULL || org_add(org, &w->entries[0], NULL) != ERR_OK || org_evaluate(org, NULL) != ERR_OK)
		abort();
	ks = keystore_new(fixed_env_init(&fixed));
	if (ks == NULL)
		abort();
	s.stream = team_of(1);
	memset(s.e, 4, sizeof(s.e));
	HC(s.mk, 32, BYTES(s.e, 32), "fb1/epoch/meta", BYTES_OF(s.epoch));
	if (keystore_add_epoch(ks, &s, NULL) != ERR_OK)
		abort();
}

static void
seal_table(struct vault *v, const struct header *h, struct bytes rows, struct buf *payload)
{
	const struct place at = place_of(h);
	uint8_t salt[24] = { 9 }, key[32];
	struct buf box = BUF_INIT;

	HC(key, 32, BYTES(v->keys[0].tk, 32), "fb1/tbl", BYTES(salt, 24), PLACE_PARTS(at));
	if (!aead_seal(&box, key, salt, BYTES_NONE, rows))
		abort();
	wr_array(payload, 3);
	WR_FIXED(payload, v->epochs[0].id);
	wr_bin(payload, salt, sizeof(salt));
	wr_bin(payload, box.p, box.len);
	buf_free(&box);
}

static void
learn(struct vault *v, uint8_t which, uint64_t seq, struct bytes payload)
{
	struct buf sealed = BUF_INIT;
	struct entry e = { .h = { .kind = (uint8_t)(KIND_EPOCH + which % 3), .stream = team_of(1), .seq = seq, .prev = { { 1 } } }, .has_payload = true };

	if (e.h.kind == KIND_KEYTABLE) {
		seal_table(v, &e.h, payload, &sealed);
		payload = buf_bytes(&sealed);
	}
	e.payload = payload;
	e.h.plen = (uint32_t)payload.len;
	e.h.phash = payload_hash(payload);
	e.id = header_id(&e.h);
	if (payload.len > 0 && payload.len <= PAYLOAD_BYTES_MAX)
		(void)!vault_learn(v, org, &e, NULL);
	buf_free(&sealed);
}

/* Tables may bring an MK, which is all that an epoch without its key is good for. */
static size_t
secrets(void)
{
	static const uint8_t none[32];
	size_t count = 0;

	for (size_t i = 0; i < ks->epoch_count; i++)
		count += memcmp(ks->epochs[i].e, none, sizeof(none)) != 0;
	return count;
}

static void
check_image(const struct vault *v)
{
	struct buf image = BUF_INIT, again = BUF_INIT;
	struct vault *copy = vault_new(ks, NULL);
	struct rd rd;

	vault_encode(v, &image);
	rd = rd_init(buf_bytes(&image));
	if (copy == NULL || vault_decode(copy, &rd, NULL) != ERR_OK || !rd_end(&rd))
		abort();
	vault_encode(copy, &again);
	if (again.len != image.len)
		abort();
	vault_free(copy);
	buf_wipe(&image);
	buf_wipe(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct vault *v;

	if (w == NULL)
		start();
	ks->epoch_count = 1;
	v = vault_new(ks, NULL);
	if (v == NULL)
		abort();
	for (uint64_t seq = 1; len >= 3; seq++) {
		uint8_t which = data[0];
		size_t want = be16_get(data + 1), take = want < len - 3 ? want : len - 3;

		learn(v, which, seq, BYTES(data + 3, take));
		data += 3 + take;
		len -= 3 + take;
	}
	if (secrets() != 1)
		abort();
	if (vault_refresh(v, org, NULL) != ERR_OK)
		abort();
	check_image(v);
	vault_free(v);
	return 0;
}
