/*
 * The first byte says what the rest is. Even: a keystore file, which must not
 * open, since nobody can guess a sealed one. Odd: a body as it comes out of
 * the seal; what decodes must encode to the very same bytes.
 */
#include <stdlib.h>

#include "crypto/guard.h"
#include "crypto/keystore_internal.h"

static void
open_file(struct bytes file)
{
	struct keystore *k;
	enum err_code rc = keystore_open(&k, file, 1, BYTES_STR("guess"), NULL);

	if (rc == ERR_OK || k != NULL)
		abort();
}

static void
open_body(struct bytes body)
{
	struct keystore *k = guard_alloc(sizeof(*k));
	struct buf again = BUF_INIT;
	bool no_memory = false;

	if (k == NULL)
		return;
	if (keystore_body_decode(k, body, &no_memory)) {
		if (body.len > keystore_body_bytes_max(k))
			abort(); /* the room that encoding relies on */
		keystore_body_encode(&again, k);
		if (!bytes_equal(buf_bytes(&again), body))
			abort();
	}
	buf_wipe(&again);
	keystore_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0 || !crypto_start())
		return 0;
	keystore_cheap_for_tests = true;
	if (data[0] % 2 == 0)
		open_file(BYTES(data + 1, len - 1));
	else
		open_body(BYTES(data + 1, len - 1));
	return 0;
}
