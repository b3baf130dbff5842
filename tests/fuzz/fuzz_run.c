/* A run that can be read to its end, written again entry by entry, is the very same bytes; and its ids chain. */
#include <stdlib.h>

#include "crypto/guard.h"
#include "log/run.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd rd = rd_init(BYTES(data, len));
	struct buf again = BUF_INIT;
	struct run_writer w;
	struct run_reader r;
	struct entry e;
	struct hash prev;
	bool whole = true;

	if (!crypto_start())
		abort();
	if (run_open(&r, &rd, NULL) != ERR_OK)
		return 0;
	run_begin(&w, &again, &r.next);
	prev = r.next.prev;
	while (whole && r.left > 0) {
		whole = run_next(&r, &e, NULL) == ERR_OK;
		if (!whole)
			break;
		if (!SAME(e.h.prev, prev))
			abort();
		prev = e.id;
		run_add(&w, &e);
	}
	if (whole && (run_finish(&w) != (size_t)(rd.p - data) || memcmp(again.p, data, again.len) != 0))
		abort();
	buf_free(&again);
	return 0;
}
