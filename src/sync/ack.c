#include "sync/ack.h"

#include "codec/strict.h"
#include "crypto/hc.h"
#include "sync/message.h"

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
	struct have_item item;
	struct bytes items;
	bool bad = false;

	rd_array(&rd, 4);
	a->n = rd_uint(&rd, INT64_MAX);
	rd_bin(&rd, a->root, sizeof(a->root));
	a->delta = rd_bin_any(&rd, 0, ACK_BYTES_MAX);
	rd_bin(&rd, a->sig, sizeof(a->sig));
	if (!rd_end(&rd))
		return err_set(err, ERR_MALFORMED, "an ACK");
	for (items = a->delta; have_item_next(&items, &item, &bad);)
		;
	return bad ? err_set(err, ERR_MALFORMED, "what an ACK lists") : ERR_OK;
}
