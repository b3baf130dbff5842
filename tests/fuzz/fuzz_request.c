/* A request to join that decodes encodes to the very same bytes, and its names are one line each. */
#include <stdlib.h>

#include "crypto/guard.h"
#include "org/ops.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf again = BUF_INIT;
	struct join_request r;

	if (!crypto_start())
		abort();
	if (join_request_decode(&r, BYTES(data, len), NULL) != ERR_OK)
		return 0;
	if (strpbrk(r.member_name, "\n\r\x1b") != NULL || strpbrk(r.device_name, "\n\r\x1b") != NULL)
		abort();
	join_request_encode(&again, &r);
	if (!bytes_equal(buf_bytes(&again), BYTES(data, len)))
		abort();
	buf_free(&again);
	return 0;
}
