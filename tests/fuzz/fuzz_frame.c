/*
 * A plaintext that is taken for a frame, made a frame again, is the very same
 * plaintext; and a link fed with anything ends without a word.
 */
#include <stdlib.h>

#include "crypto/guard.h"
#include "link/frame.h"

static void
feed_link(const uint8_t *data, size_t len)
{
	static const uint8_t sk[32] = { 1 }, e_sk[32] = { 2 }, psk[1][32] = { { 3 } };
	struct link *l = link_new(false, sk, e_sk, psk, 1);
	struct bytes in = BYTES(data, len), message;
	struct buf out = BUF_INIT;
	enum link_event event;

	if (l == NULL)
		abort();
	if (link_receive(l, &in, &out, &event, &message, NULL) == ERR_OK && event != LINK_MORE)
		abort();
	if (out.len != 0)
		abort();
	buf_free(&out);
	link_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes message;

	if (!crypto_start())
		abort();
	if (frame_unpad(BYTES(data, len), &message, NULL) == ERR_OK) {
		if (message.p != data || message.len > len || frame_bytes(message.len) != frame_bytes(len))
			abort();
		for (size_t i = message.len; i < len; i++)
			if (data[i] != 0)
				abort();
	}
	feed_link(data, len);
	return 0;
}
