/*
 * The writer leaves one byte for the array's count, which is all a run of up
 * to fifteen needs; a longer one moves its items up once, at the end, because
 * strict msgpack has one form for each count.
 */
#include "log/run.h"

#include <assert.h>

enum { FIXARRAY_MAX = 15 };

void
run_begin(struct run_writer *w, struct buf *out, const struct header *first)
{
	w->out = out;
	w->start = out->len;
	w->count = 0;
	wr_array(out, 6);
	WR_FIXED(out, first->author);
	WR_FIXED(out, first->stream);
	WR_FIXED(out, first->inc);
	wr_uint(out, first->seq);
	WR_FIXED(out, first->prev);
	w->count_at = out->len;
	buf_put_u8(out, 0x90);
}

void
run_add(struct run_writer *w, const struct entry *e)
{
	struct buf *out = w->out;

	wr_array(out, 3);
	wr_uint(out, e->h.kind);
	if (e->has_payload) {
		wr_bin(out, e->payload.p, e->payload.len);
	} else {
		wr_array(out, 2);
		wr_uint(out, e->h.plen);
		WR_FIXED(out, e->h.phash);
	}
	if (e->has_sig)
		wr_bin(out, e->sig, sizeof(e->sig));
	else
		wr_nil(out);
	w->count++;
}

size_t
run_finish(struct run_writer *w)
{
	struct buf *out = w->out;
	size_t wide = w->count > UINT16_MAX ? 4 : 2, items;
	uint8_t *at;

	if (!buf_ok(out))
		return 0;
	if (w->count == 0) {
		out->len = w->start;
		return 0;
	}
	if (w->count <= FIXARRAY_MAX) {
		out->p[w->count_at] = (uint8_t)(0x90 | w->count);
		return out->len - w->start;
	}
	items = out->len - (w->count_at + 1);
	if (buf_add(out, wide) == NULL)
		return 0;
	at = out->p + w->count_at;
	memmove(at + 1 + wide, at + 1, items);
	if (wide == 2) {
		at[0] = 0xdc;
		be16_put(at + 1, (uint16_t)w->count);
	} else {
		at[0] = 0xdd;
		be32_put(at + 1, (uint32_t)w->count);
	}
	return out->len - w->start;
}

enum err_code
run_open(struct run_reader *r, struct rd *rd, struct err *err)
{
	static const struct hash zero;
	struct header *h = &r->next;

	r->at = rd;
	memset(h, 0, sizeof(*h));
	rd_array(rd, 6);
	RD_FIXED(rd, h->author);
	RD_FIXED(rd, h->stream);
	RD_FIXED(rd, h->inc);
	h->seq = rd_uint(rd, SEQ_MAX);
	RD_FIXED(rd, h->prev);
	r->left = rd_array_any(rd, SIZE_MAX);
	if (rd->bad)
		return err_set(err, ERR_MALFORMED, "a run does not begin with its log and its place");
	if (r->left == 0 || r->left - 1 > SEQ_MAX - h->seq)
		return err_set(err, ERR_MALFORMED, "a run of %zu entries", r->left);
	if (SAME(h->prev, zero) != (h->seq == 0))
		return err_set(err, ERR_MALFORMED, "a run's first entry and its prev disagree");
	return ERR_OK;
}

enum err_code
run_next(struct run_reader *r, struct entry *out, struct err *err)
{
	struct rd *rd = r->at;

	assert(r->left > 0);
	out->h = r->next;
	rd_array(rd, 3);
	out->h.kind = (uint8_t)rd_uint(rd, KIND_MAX);
	out->has_payload = rd_peek(rd) == RD_BIN;
	if (out->has_payload) {
		out->payload = rd_bin_any(rd, 1, PAYLOAD_BYTES_MAX);
		out->h.plen = (uint32_t)out->payload.len;
	} else {
		rd_array(rd, 2);
		out->h.plen = (uint32_t)rd_uint(rd, PAYLOAD_BYTES_MAX);
		RD_FIXED(rd, out->h.phash);
		out->payload = BYTES_NONE;
	}
	out->has_sig = !rd_nil(rd);
	if (out->has_sig)
		rd_bin(rd, out->sig, sizeof(out->sig));
	if (rd->bad || out->h.kind == 0 || out->h.plen == 0)
		return err_set(err, ERR_MALFORMED, "entry %llu of a run", (unsigned long long)out->h.seq);
	if (out->has_payload)
		out->h.phash = payload_hash(out->payload);
	out->id = header_id(&out->h);
	r->next.seq++;
	r->next.prev = out->id;
	r->left--;
	return ERR_OK;
}
