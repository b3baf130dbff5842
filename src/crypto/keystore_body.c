#include <assert.h>
#include <sodium.h>

#include "codec/strict.h"
#include "crypto/guard.h"
#include "crypto/keystore_internal.h"

enum { BODY_FIELDS = 15, OTHERS_FIELD = 1 }; /* the sixteenth stands only where there are others */

size_t
keystore_body_bytes_max(const struct keystore *k)
{
	size_t n = KEYSTORE_FIXED_BYTES_MAX + k->epoch_count * KEYSTORE_EPOCH_BYTES_MAX +
	           k->tombstone_count * KEYSTORE_STONE_BYTES;

	for (size_t i = 0; i < k->other_count; i++)
		n += keystore_body_bytes_max(k->others[i]);
	return n;
}

static void
encode_epochs(struct buf *b, const struct keystore *k)
{
	wr_array(b, k->epoch_count);
	for (size_t i = 0; i < k->epoch_count; i++) {
		const struct epoch_secret *e = &k->epochs[i];

		wr_array(b, 5);
		WR_FIXED(b, e->stream);
		WR_FIXED(b, e->epoch);
		wr_uint(b, e->n);
		if (sodium_is_zero(e->e, sizeof(e->e)))
			wr_nil(b);
		else
			wr_bin(b, e->e, sizeof(e->e));
		wr_bin(b, e->mk, sizeof(e->mk));
	}
}

static void
encode_slots(struct buf *b, const struct keystore *k)
{
	wr_array(b, k->slot_count);
	for (size_t i = 0; i < k->slot_count; i++) {
		const struct keystore_slot *s = &k->slots[i];

		wr_array(b, 5);
		wr_uint(b, s->type);
		wr_bin(b, s->salt, sizeof(s->salt));
		wr_uint(b, s->ops);
		wr_uint(b, s->mem);
		wr_bin(b, s->kek, sizeof(s->kek));
	}
}

static void
encode_name(struct buf *b, const uint8_t name[KEYSTORE_NAME_BYTES])
{
	wr_str(b, (const char *)name, strnlen((const char *)name, KEYSTORE_NAME_BYTES - 1));
}

/* proto/keystore.md, 3 "Body" */
void
keystore_body_encode(struct buf *b, const struct keystore *k)
{
	wr_array(b, BODY_FIELDS + (k->other_count > 0 ? OTHERS_FIELD : 0));
	wr_bin(b, k->device.seed, sizeof(k->device.seed));
	wr_array(b, k->seal_count);
	for (size_t i = 0; i < k->seal_count; i++)
		wr_bin(b, k->seal[i].sk, sizeof(k->seal[i].sk));
	wr_array(b, k->network_count);
	for (size_t i = 0; i < k->network_count; i++) {
		wr_array(b, 2);
		wr_bin(b, k->network[i].n, sizeof(k->network[i].n));
		wr_uint(b, k->network[i].retired_ms);
	}
	encode_epochs(b, k);
	wr_array(b, k->tombstone_count);
	for (size_t i = 0; i < k->tombstone_count; i++) {
		wr_array(b, 2);
		wr_uint(b, k->tombstones[i].kind);
		wr_bin(b, k->tombstones[i].id, sizeof(k->tombstones[i].id));
	}
	wr_bin(b, k->snapshot_key, sizeof(k->snapshot_key));
	WR_FIXED(b, k->org);
	WR_FIXED(b, k->root_pk);
	WR_FIXED(b, k->inc);
	encode_name(b, k->member_name);
	encode_name(b, k->device_name);
	wr_uint(b, k->role);
	wr_bin(b, k->request_nonce, sizeof(k->request_nonce));
	wr_bin(b, k->place, k->place_len);
	encode_slots(b, k);
	if (k->other_count > 0)
		wr_array(b, k->other_count);
	for (size_t i = 0; i < k->other_count; i++)
		keystore_body_encode(b, k->others[i]);
}

static void
decode_seal_keys(struct rd *r, struct keystore *k)
{
	k->seal_count = rd_array_any(r, KEYSTORE_SEAL_KEYS);
	for (size_t i = 0; i < k->seal_count; i++) {
		rd_bin(r, k->seal[i].sk, sizeof(k->seal[i].sk));
		crypto_scalarmult_base(k->seal[i].pk, k->seal[i].sk);
	}
}

static void
decode_network(struct rd *r, struct keystore *k)
{
	k->network_count = rd_array_any(r, KEYSTORE_NETWORK_KEYS);
	for (size_t i = 0; i < k->network_count; i++) {
		rd_array(r, 2);
		rd_bin(r, k->network[i].n, sizeof(k->network[i].n));
		k->network[i].retired_ms = rd_uint(r, UINT64_MAX);
	}
}

static bool
decode_epochs(struct rd *r, struct keystore *k)
{
	size_t count = rd_array_any(r, KEYSTORE_BYTES_MAX);

	if (count == 0)
		return true;
	k->epochs = guard_alloc(count * sizeof(k->epochs[0]));
	if (k->epochs == NULL)
		return false;
	k->epoch_count = k->epoch_cap = count;
	for (size_t i = 0; i < count; i++) {
		struct epoch_secret *e = &k->epochs[i];

		rd_array(r, 5);
		RD_FIXED(r, e->stream);
		RD_FIXED(r, e->epoch);
		e->n = rd_uint(r, UINT64_MAX);
		if (!rd_nil(r)) {
			rd_bin(r, e->e, sizeof(e->e));
			if (sodium_is_zero(e->e, sizeof(e->e))) /* that is written as nil */
				r->bad = true;
		}
		rd_bin(r, e->mk, sizeof(e->mk));
	}
	return true;
}

static bool
decode_tombstones(struct rd *r, struct keystore *k)
{
	size_t count = rd_array_any(r, KEYSTORE_BYTES_MAX);

	if (count == 0)
		return true;
	k->tombstones = guard_alloc(count * sizeof(k->tombstones[0]));
	if (k->tombstones == NULL)
		return false;
	k->tombstone_count = k->tombstone_cap = count;
	for (size_t i = 0; i < count; i++) {
		rd_array(r, 2);
		k->tombstones[i].kind = (uint8_t)rd_uint(r, UINT8_MAX);
		rd_bin(r, k->tombstones[i].id, sizeof(k->tombstones[i].id));
	}
	keystore_index_stones(k);
	return true;
}

static bool
decode_name(struct rd *r, uint8_t name[KEYSTORE_NAME_BYTES])
{
	struct bytes s = rd_str(r, KEYSTORE_NAME_BYTES - 1);

	if (s.len == 0)
		return true;
	memcpy(name, s.p, s.len);
	return memchr(s.p, '\0', s.len) == NULL;
}

static bool
decode_slots(struct rd *r, struct keystore *k)
{
	bool ok = true;

	k->slot_count = rd_array_any(r, KEYSTORE_SLOTS);
	for (size_t i = 0; i < k->slot_count; i++) {
		struct keystore_slot *s = &k->slots[i];

		rd_array(r, 5);
		s->type = (uint8_t)rd_uint(r, UINT8_MAX);
		rd_bin(r, s->salt, sizeof(s->salt));
		s->ops = rd_uint(r, KEYSTORE_OPS_MAX);
		s->mem = rd_uint(r, UINT32_MAX);
		rd_bin(r, s->kek, sizeof(s->kek));
		ok = ok && keystore_cost_allowed(s->ops, s->mem) && (i == 0 || s[-1].type < s->type);
	}
	return ok;
}

static bool decode_body(struct rd *rd, struct keystore *k, bool is_other, bool *no_memory);

static bool
decode_others(struct rd *r, struct keystore *k, bool *no_memory)
{
	size_t count = rd_array_any(r, KEYSTORE_OTHERS);

	for (size_t i = 0; i < count; i++) {
		struct keystore *o = guard_alloc(sizeof(*o));

		*no_memory = *no_memory || o == NULL;
		if (o == NULL)
			return false;
		k->others[k->other_count++] = o;
		if (!decode_body(r, o, true, no_memory))
			return false;
	}
	return count > 0;
}

bool
keystore_body_decode(struct keystore *k, struct bytes body, bool *no_memory)
{
	struct rd r = rd_init(body);

	*no_memory = false;
	return decode_body(&r, k, false, no_memory) && rd_end(&r);
}

static bool
decode_body(struct rd *rd, struct keystore *k, bool is_other, bool *no_memory)
{
	struct rd r = *rd;
	struct bytes place;
	uint8_t seed[32];
	bool names_ok, slots_ok;
	size_t fields = rd_array_any(&r, BODY_FIELDS + OTHERS_FIELD);

	if (fields != BODY_FIELDS && (is_other || fields != BODY_FIELDS + OTHERS_FIELD))
		return false;
	rd_bin(&r, seed, sizeof(seed));
	device_keys_derive(&k->device, seed);
	wipe(seed, sizeof(seed));
	decode_seal_keys(&r, k);
	decode_network(&r, k);
	if (!decode_epochs(&r, k) || !decode_tombstones(&r, k)) {
		*no_memory = true;
		return false;
	}
	rd_bin(&r, k->snapshot_key, sizeof(k->snapshot_key));
	RD_FIXED(&r, k->org);
	RD_FIXED(&r, k->root_pk);
	RD_FIXED(&r, k->inc);
	names_ok = decode_name(&r, k->member_name) && decode_name(&r, k->device_name);
	k->role = (uint8_t)rd_uint(&r, UINT8_MAX);
	rd_bin(&r, k->request_nonce, sizeof(k->request_nonce));
	place = rd_bin_any(&r, 0, KEYSTORE_PLACE_BYTES);
	if (place.len > 0)
		memcpy(k->place, place.p, place.len);
	k->place_len = place.len;
	slots_ok = decode_slots(&r, k) && (k->slot_count > 0) != is_other;
	if (!r.bad && names_ok && slots_ok && fields > BODY_FIELDS && !decode_others(&r, k, no_memory))
		return false;
	*rd = r;
	return !r.bad && names_ok && slots_ok;
}
