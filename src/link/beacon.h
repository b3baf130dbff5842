/*
 * The beacon: 62 bytes that say "I am here, on this port" to whoever holds
 * the key, and nothing to anybody else.
 *
 *   nonce24 || XChaCha20-Poly1305(key, nonce24, device8 port2 instance4 frontier8)
 *
 * Bytes in, bytes out. When to send and whom to dial is peer/seek.h's affair.
 * Spec: proto/discovery.md, 1 and 4.
 */
#ifndef FALTBOK_LINK_BEACON_H
#define FALTBOK_LINK_BEACON_H

#include "base/bytes.h"

enum { BEACON_BYTES = 62, BEACON_NONCE_BYTES = 24, BEACON_KEY_BYTES = 32 };

struct beacon {
	uint8_t device[8];   /* first half of the device id; decides nothing */
	uint16_t port;       /* TCP; 0: listens nowhere */
	uint8_t instance[4]; /* of this run of the sender's process */
	uint8_t frontier[8]; /* first bytes of its frontier root */
};

/* The key of the members' beacons, and of an invitation's. The caller wipes it. */
void beacon_key(uint8_t key[BEACON_KEY_BYTES], const uint8_t network_key[32]);
void beacon_join_key(uint8_t key[BEACON_KEY_BYTES], const uint8_t secret[16]);

/* Appends BEACON_BYTES. `nonce` is fresh from env_random for every beacon. False when out of memory. */
bool beacon_seal(struct buf *out, const struct beacon *b, const uint8_t key[BEACON_KEY_BYTES], const uint8_t nonce[BEACON_NONCE_BYTES]);
/* False when it is not one of ours: another length, another key, or altered. */
bool beacon_open(struct beacon *b, struct bytes datagram, const uint8_t key[BEACON_KEY_BYTES]);

#endif
