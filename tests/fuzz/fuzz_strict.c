/*
 * What rd_any() takes msgpack_scan() takes, and the other way round; and what
 * they take, read value by value and written again, is the very same bytes:
 * two encodings would be two hashes.
 */
#include <stdlib.h>

#include "codec/strict.h"

/* Only for what rd_any() took, so nothing is refused here and at most 8 containers stand inside each other. */
static void
copy_value(struct rd *r, struct buf *out)
{
	struct bytes s;
	size_t n;

	switch (rd_peek(r)) {
	case RD_BAD: abort();
	case RD_NIL: wr_nil(out); if (!rd_nil(r)) abort(); break;
	case RD_BOOL: wr_bool(out, rd_bool(r)); break;
	case RD_UINT: wr_uint(out, rd_uint(r, UINT64_MAX)); break;
	case RD_INT: wr_int(out, rd_int(r)); break;
	case RD_FLOAT: wr_float(out, rd_float(r)); break;
	case RD_STR:
		s = rd_str(r, SIZE_MAX);
		wr_str(out, (const char *)s.p, s.len);
		break;
	case RD_BIN:
		s = rd_bin_any(r, 0, SIZE_MAX);
		wr_bin(out, s.p, s.len);
		break;
	case RD_ARRAY:
		n = rd_array_any(r, SIZE_MAX);
		wr_array(out, n);
		for (size_t i = 0; i < n; i++)
			copy_value(r, out);
		break;
	case RD_MAP:
		n = rd_map_any(r, SIZE_MAX);
		wr_map(out, n);
		for (size_t i = 0; i < 2 * n; i++)
			copy_value(r, out);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes in = BYTES(data, len);
	struct rd r = rd_init(in);
	struct bytes got = rd_any(&r, len);
	bool takes = rd_end(&r);
	struct buf again = BUF_INIT;

	if (takes != (msgpack_scan(in, 8, SIZE_MAX, NULL) == ERR_OK))
		abort();
	if (!takes)
		return 0;
	if (!bytes_equal(got, in))
		abort();
	r = rd_init(in);
	copy_value(&r, &again);
	if (!rd_end(&r) || !bytes_equal(buf_bytes(&again), in))
		abort();
	buf_free(&again);
	return 0;
}
