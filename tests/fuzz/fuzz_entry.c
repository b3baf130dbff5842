/* A header or a standing entry that decodes encodes to the very same bytes: two encodings would be two ids. */
#include <stdlib.h>

#include "crypto/guard.h"
#include "log/entry.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t again[HEADER_BYTES_MAX];
	struct buf whole = BUF_INIT;
	struct header h;
	struct entry e;

	if (!crypto_start())
		abort();
	if (header_decode(&h, BYTES(data, len), NULL) == ERR_OK &&
	    (header_encode(&h, again) != len || memcmp(again, data, len) != 0))
		abort();
	if (entry_decode(&e, BYTES(data, len), NULL) == ERR_OK) {
		entry_encode(&whole, &e);
		if (!bytes_equal(buf_bytes(&whole), BYTES(data, len)))
			abort();
		buf_free(&whole);
	}
	return 0;
}
