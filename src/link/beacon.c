#include "link/beacon.h"

#include "crypto/hc.h"
#include "crypto/seal.h"

enum { PLAIN_BYTES = 22 };

_Static_assert((int)BEACON_NONCE_BYTES == (int)XNONCE_BYTES && (int)BEACON_NONCE_BYTES + PLAIN_BYTES + (int)AEAD_TAG_BYTES == (int)BEACON_BYTES, "proto/discovery.md, 1");

void
beacon_key(uint8_t key[BEACON_KEY_BYTES], const uint8_t network_key[32])
{
	HC(key, BEACON_KEY_BYTES, BYTES(network_key, 32), "fb1/beacon");
}

void
beacon_join_key(uint8_t key[BEACON_KEY_BYTES], const uint8_t secret[16])
{
	HC(key, BEACON_KEY_BYTES, BYTES(secret, 16), "fb1/join/beacon");
}

bool
beacon_seal(struct buf *out, const struct beacon *b, const uint8_t key[BEACON_KEY_BYTES], const uint8_t nonce[BEACON_NONCE_BYTES])
{
	uint8_t plain[PLAIN_BYTES];

	memcpy(plain, b->device, 8);
	plain[8] = (uint8_t)(b->port >> 8);
	plain[9] = (uint8_t)b->port;
	memcpy(plain + 10, b->instance, 4);
	memcpy(plain + 14, b->frontier, 8);
	buf_put(out, nonce, BEACON_NONCE_BYTES);
	return aead_seal(out, key, nonce, BYTES_NONE, BYTES(plain, sizeof(plain))) && buf_ok(out);
}

bool
beacon_open(struct beacon *b, struct bytes datagram, const uint8_t key[BEACON_KEY_BYTES])
{
	struct buf plain = BUF_INIT;
	bool ok = datagram.len == BEACON_BYTES &&
	          aead_open(&plain, key, datagram.p, BYTES_NONE, BYTES(datagram.p + BEACON_NONCE_BYTES, BEACON_BYTES - BEACON_NONCE_BYTES));

	if (ok) {
		memcpy(b->device, plain.p, 8);
		b->port = (uint16_t)(plain.p[8] << 8 | plain.p[9]);
		memcpy(b->instance, plain.p + 10, 4);
		memcpy(b->frontier, plain.p + 14, 8);
	}
	buf_free(&plain);
	return ok;
}
