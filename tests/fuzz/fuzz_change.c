/* What decodes must encode to the very same bytes, and applying it must leave a record that survives its own form. */
#include <stdlib.h>

#include "crdt/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
apply_and_reread(const struct change *c)
{
	static const struct origin from = { .entry = { 1, 2, 3 }, .author = 7 };
	struct record *r = record_new(&c->record), *again = record_new(&c->record);
	struct buf form = BUF_INIT, canonical = BUF_INIT, canonical_again = BUF_INIT;

	must(record_apply(r, c, &from, NULL) == ERR_OK);
	record_encode(&form, r);
	must(record_decode(again, buf_bytes(&form), NULL) == ERR_OK);
	record_canonical(&canonical, r);
	record_canonical(&canonical_again, again);
	must(bytes_equal(buf_bytes(&canonical), buf_bytes(&canonical_again)));
	must(msgpack_scan(buf_bytes(&canonical), 16, SIZE_MAX, NULL) == ERR_OK);
	buf_free(&form);
	buf_free(&canonical);
	buf_free(&canonical_again);
	record_free(r);
	record_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct change_space space = { NULL, 0, NULL, 0 };
	struct buf again = BUF_INIT;
	struct change c;

	if (change_decode(&c, BYTES(data, len), &space, NULL) == ERR_OK) {
		change_encode(&again, &c);
		must(bytes_equal(buf_bytes(&again), BYTES(data, len)));
		apply_and_reread(&c);
	}
	buf_free(&again);
	change_space_free(&space);
	return 0;
}
