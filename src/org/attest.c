#include "org/attest.h"

static void
put_length(struct buf *out, uint64_t len)
{
	while (len >= 0x80) {
		buf_put_u8(out, (uint8_t)(len | 0x80));
		len >>= 7;
	}
	buf_put_u8(out, (uint8_t)len);
}

/* LEB128 in its shortest form. */
static bool
take_length(struct bytes *s, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; s->len > 0 && shift < 63; shift += 7) {
		uint8_t b = *s->p;

		s->p++, s->len--;
		*out |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return b != 0 || shift == 0;
	}
	return false;
}

void
attest_put_item(struct buf *delta, const struct attest_item *it)
{
	buf_put(delta, it->log.b, sizeof(it->log.b));
	put_length(delta, it->len);
	buf_put(delta, it->head8, sizeof(it->head8));
}

bool
attest_next_item(struct bytes *delta, struct attest_item *out)
{
	struct bytes s = *delta;

	if (s.len < sizeof(out->log.b))
		return false;
	memcpy(out->log.b, s.p, sizeof(out->log.b));
	s = BYTES(s.p + sizeof(out->log.b), s.len - sizeof(out->log.b));
	if (!take_length(&s, &out->len) || s.len < sizeof(out->head8))
		return false;
	memcpy(out->head8, s.p, sizeof(out->head8));
	*delta = BYTES(s.p + sizeof(out->head8), s.len - sizeof(out->head8));
	return true;
}

void
attest_encode(struct buf *out, const struct attest *a)
{
	wr_array(out, 6);
	wr_uint(out, a->day);
	wr_bin(out, a->ctl_digest, sizeof(a->ctl_digest));
	wr_bin(out, a->frontier_root, sizeof(a->frontier_root));
	wr_uint(out, a->logs);
	wr_bin(out, a->delta.p, a->delta.len);
	wr_array(out, a->epoch_count);
	for (size_t i = 0; i < a->epoch_count; i++) {
		const struct attest_epoch *e = &a->epochs[i];

		wr_array(out, 3);
		WR_FIXED(out, e->stream);
		if (e->has_epoch)
			WR_FIXED(out, e->epoch);
		else
			wr_nil(out);
		wr_uint(out, e->oldest);
	}
}

static bool
get_epochs(struct rd *r, struct attest *a)
{
	a->epoch_count = rd_array_any(r, ATTEST_EPOCHS_MAX);
	for (size_t i = 0; i < a->epoch_count && !r->bad; i++) {
		struct attest_epoch *e = &a->epochs[i];

		memset(e, 0, sizeof(*e));
		rd_array(r, 3);
		RD_FIXED(r, e->stream);
		e->has_epoch = !rd_nil(r);
		if (e->has_epoch)
			RD_FIXED(r, e->epoch);
		e->oldest = rd_uint(r, UINT32_MAX);
		if (i > 0 && memcmp(e[-1].stream.b, e->stream.b, sizeof(e->stream.b)) >= 0)
			return false;
	}
	return true;
}

enum err_code
attest_decode(struct attest *a, struct bytes payload, struct err *err)
{
	struct rd r = rd_init(payload);
	struct attest_item it;
	struct bytes items;
	bool good;

	rd_array(&r, 6);
	a->day = rd_uint(&r, UINT32_MAX);
	rd_bin(&r, a->ctl_digest, sizeof(a->ctl_digest));
	rd_bin(&r, a->frontier_root, sizeof(a->frontier_root));
	a->logs = rd_uint(&r, UINT32_MAX);
	a->delta = rd_bin_any(&r, 0, ATTEST_DELTA_BYTES_MAX);
	good = get_epochs(&r, a);
	if (!rd_end(&r) || !good)
		return err_set(err, ERR_MALFORMED, "an ATTEST is not in the form it must have");
	for (items = a->delta; attest_next_item(&items, &it);)
		;
	return items.len == 0 ? ERR_OK : err_set(err, ERR_MALFORMED, "what an ATTEST lists is not in the form it must have");
}

const struct attest_epoch *
attest_epoch_of(const struct attest *a, const struct stream_id *stream)
{
	for (size_t i = 0; i < a->epoch_count; i++)
		if (SAME(a->epochs[i].stream, *stream))
			return &a->epochs[i];
	return NULL;
}
