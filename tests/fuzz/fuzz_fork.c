/* A fork proof that decodes encodes to the very same bytes, and speaks of two entries at one place. */
#include <stdlib.h>

#include "crypto/guard.h"
#include "log/fork.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf again = BUF_INIT;
	struct fork_proof p;

	if (!crypto_start())
		abort();
	if (fork_proof_decode(&p, BYTES(data, len), NULL) != ERR_OK)
		return 0;
	if (p.a.seq != p.b.seq || !SAME(p.a.author, p.b.author))
		abort();
	fork_proof_encode(&again, &p);
	if (!bytes_equal(buf_bytes(&again), BYTES(data, len)))
		abort();
	buf_free(&again);
	return 0;
}
