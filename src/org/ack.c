#include "org/ack.h"

#include "codec/strict.h"
#include "crypto/hc.h"

void
ack_digest(uint8_t out[32], const struct org_id *org, const struct ack *a)
{
	uint8_t n[8];

	be64_put(n, a->n);
	HC(out, 32, BYTES_NONE, "fb1/ack", BYTES_OF(*org), BYTES(n, 8), BYTES(a->root, 32), a->delta);
}

void
ack_encode(struct buf *out, const struct ack *a)
{
	wr_array(out, 4);
	wr_uint(out, a->n);
	wr_bin(out, a->root, sizeof(a->root));
	wr_bin(out, a->delta.p, a->delta.len);
	wr_bin(out, a->sig, sizeof(a->sig));
}

enum err_code
ack_decode(struct ack *a, struct bytes in, struct err *err)
{
	struct rd rd = rd_init(in);

	rd_array(&rd, 4);
	a->n = rd_uint(&rd, INT64_MAX);
	rd_bin(&rd, a->root, sizeof(a->root));
	a->delta = rd_bin_any(&rd, 0, ACK_BYTES_MAX);
	rd_bin(&rd, a->sig, sizeof(a->sig));
	if (!rd_end(&rd))
		return err_set(err, ERR_MALFORMED, "an ACK is not [n, root, delta, sig]");
	return extents_well_formed(a->delta) ? ERR_OK : err_set(err, ERR_MALFORMED, "what an ACK lists");
}
