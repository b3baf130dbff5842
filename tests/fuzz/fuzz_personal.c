/* Whatever is found lies inside the text and goes forward; what was masked holds no more of it. */
#include <stdlib.h>

#include "casework/personal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes text = BYTES(data, len);
	struct personal_hit h;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	size_t at = 0, found = 0;

	for (; personal_next(text, at, &h); found++) {
		if (h.at < at || h.len == 0 || h.at + h.len > len)
			abort();
		at = h.at + h.len;
	}
	if (personal_mask(&once, text) != found)
		abort();
	(void)personal_mask(&twice, buf_bytes(&once));
	if (!buf_ok(&once) || !buf_ok(&twice) || once.len < len)
		abort();
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
