/*
 * Prints proto/vectors/discovery.json: beacons that open, and what does not.
 * Bytes are hex.
 */
#include <stdlib.h>

#include "crypto/guard.h"
#include "json.h"
#include "link/beacon.h"

static void
counting(uint8_t *out, size_t len, uint8_t from)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(from + i);
}

static void
print_beacon(const char *name, const char *kind, size_t secret_len, uint16_t port, int flip, size_t cut)
{
	uint8_t secret[32], key[BEACON_KEY_BYTES], nonce[BEACON_NONCE_BYTES];
	struct beacon b = { .port = port }, back;
	struct buf out = BUF_INIT;
	bool opens;

	counting(secret, secret_len, 0x10);
	counting(nonce, sizeof(nonce), 0x40);
	counting(b.device, sizeof(b.device), 0x60);
	counting(b.instance, sizeof(b.instance), 0x70);
	counting(b.frontier, sizeof(b.frontier), 0x80);
	if (secret_len == 32)
		beacon_key(key, secret);
	else
		beacon_join_key(key, secret);
	if (!beacon_seal(&out, &b, key, nonce))
		abort();
	if (flip >= 0)
		out.p[flip] ^= 1;
	opens = beacon_open(&back, BYTES(out.p, out.len - cut), key);
	if (opens && memcmp(&back, &b, sizeof(b)) != 0)
		abort();
	json_open(NULL, '{');
	json_text("name", name);
	json_text("kind", kind);
	json_hex("secret", secret, secret_len);
	json_hex("key", key, sizeof(key));
	json_hex("nonce", nonce, sizeof(nonce));
	json_hex("device", b.device, sizeof(b.device));
	json_uint("port", b.port);
	json_hex("instance", b.instance, sizeof(b.instance));
	json_hex("frontier", b.frontier, sizeof(b.frontier));
	json_hex("beacon", out.p, out.len - cut);
	json_bool("opens", opens);
	json_close('}');
	buf_free(&out);
}

int
main(void)
{
	if (!crypto_start())
		return 1;
	json_first = true;
	json_open(NULL, '{');
	json_open("beacons", '[');
	print_beacon("a member", "network", 32, 7001, -1, 0);
	print_beacon("who listens nowhere", "network", 32, 0, -1, 0);
	print_beacon("the highest port", "network", 32, 65535, -1, 0);
	print_beacon("an inviter", "join", 16, 7002, -1, 0);
	print_beacon("one bit of the nonce", "network", 32, 7001, 3, 0);
	print_beacon("one bit of the box", "network", 32, 7001, 30, 0);
	print_beacon("one bit of the tag", "network", 32, 7001, 61, 0);
	print_beacon("one byte short", "network", 32, 7001, -1, 1);
	json_close(']');
	json_close('}');
	printf("\n");
	return 0;
}
