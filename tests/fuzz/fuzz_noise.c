/*
 * A handshake fed with anything: first bytes for a responder, then answers
 * for an initiator. What is not the message that was written is refused,
 * and a refused handshake stays refused.
 */
#include <stdlib.h>

#include "crypto/guard.h"
#include "link/noise.h"

static void
start(struct noise side[2])
{
	static const uint8_t s[2][32] = { { 1 }, { 2 } }, e[2][32] = { { 3 }, { 4 } }, psk[32] = { 5 };

	for (int i = 0; i < 2; i++)
		noise_init(&side[i], &noise_xxpsk0, i == 0, BYTES_STR("fb1/noise/1"), s[i], e[i], psk);
}

/* Runs up to message `step` and reads `in` in its place. */
static void
read_instead(unsigned step, struct bytes in)
{
	struct buf message = BUF_INIT, payload = BUF_INIT;
	struct noise side[2];

	start(side);
	for (unsigned i = 0; i <= step; i++) {
		struct noise *to = &side[1 - i % 2];
		enum err_code rc;

		buf_clear(&message);
		if (noise_write(&side[i % 2], BYTES_NONE, &message, NULL) != ERR_OK)
			abort();
		if (i < step) {
			if (noise_read(to, buf_bytes(&message), &payload, NULL) != ERR_OK)
				abort();
			continue;
		}
		rc = noise_read(to, in, &payload, NULL);
		if ((rc == ERR_OK) != bytes_equal(in, buf_bytes(&message)))
			abort();
		if (rc != ERR_OK && noise_read(to, buf_bytes(&message), &payload, NULL) == ERR_OK)
			abort();
	}
	buf_free(&message);
	buf_free(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!crypto_start())
		abort();
	if (len > 0)
		read_instead(data[0] % 3, BYTES(data + 1, len - 1));
	return 0;
}
