#include "org/attest.h"

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
	return extents_well_formed(a->delta) ? ERR_OK : err_set(err, ERR_MALFORMED, "what an ATTEST lists is not in the form it must have");
}

bool
attest_lists_nothing(const struct entry *e)
{
	struct attest a;

	return e->h.kind == KIND_ATTEST && e->has_payload && attest_decode(&a, e->payload, NULL) == ERR_OK && a.delta.len == 0;
}

bool
attest_says_leaving(const struct entry *e)
{
	return e->h.seq == LEAVING_LEN - 1 && attest_lists_nothing(e);
}

const struct attest_epoch *
attest_epoch_of(const struct attest *a, const struct stream_id *stream)
{
	for (size_t i = 0; i < a->epoch_count; i++)
		if (SAME(a->epochs[i].stream, *stream))
			return &a->epochs[i];
	return NULL;
}
