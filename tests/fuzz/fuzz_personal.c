/* Whatever is found lies inside the text and goes forward; masking text leaves it as many characters. */
#include <stdlib.h>

#include "casework/personal.h"
#include "codec/strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t
characters(struct bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes text = BYTES(data, len);
	struct personal_hit h;
	struct buf masked = BUF_INIT;
	size_t at = 0, found = 0;

	for (; personal_next(text, at, &h); found++) {
		if (h.at < at || h.len == 0 || h.at + h.len > len)
			abort();
		at = h.at + h.len;
	}
	if (personal_mask(&masked, text) != found || !buf_ok(&masked))
		abort();
	if (utf8_valid(text) && characters(buf_bytes(&masked)) != characters(text))
		abort();
	buf_free(&masked);
	return 0;
}
