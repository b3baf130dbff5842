/* A datagram that opens, sealed again, is the very same datagram; nothing else opens. */
#include <stdlib.h>

#include "crypto/guard.h"
#include "link/beacon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t network[32], key[BEACON_KEY_BYTES];
	struct buf again = BUF_INIT;
	struct beacon b;

	if (!crypto_start())
		abort();
	for (size_t i = 0; i < sizeof(network); i++)
		network[i] = (uint8_t)(0x10 + i); /* the one of the vectors: then the corpus has datagrams that open */
	beacon_key(key, network);
	if (beacon_open(&b, BYTES(data, len), key) &&
	    (!beacon_seal(&again, &b, key, data) || again.len != len || memcmp(again.p, data, len) != 0))
		abort();
	buf_free(&again);
	return 0;
}
