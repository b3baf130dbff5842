/*
 * What the vault has learned, as bytes for the sealed snapshot, so that an
 * unlock need not read every EPOCH and every first entry of a case again.
 * Local and of one build: a form that does not fit is thrown away, not read.
 *
 *   [4, [[epoch, stream, n, parent|nil, commit, log, seq, [[dev, seal index]…], drop_pk|nil, drop_wrong]…],
 *       [[entry, epoch, dev, seal index, log, seq]…],
 *       [[kid, CK, stream, birth, group|nil, inc|nil, told|nil, late|nil, doubted]…], [[log, standing entry's header, payload]…]]
 */
#include "vault/vault.h"

#include "base/mem.h"
#include "crypto/guard.h"
#include "vault/vault_internal.h"

enum { FORM = 4, ROWS_MAX = 1 << 24 };

static void
put_log(struct buf *out, const struct log_key *k)
{
	wr_array(out, k->is_branch ? 5 : 3);
	WR_FIXED(out, k->author);
	WR_FIXED(out, k->stream);
	WR_FIXED(out, k->inc);
	if (!k->is_branch)
		return;
	wr_uint(out, k->branch_seq);
	WR_FIXED(out, k->branch_id);
}

static void
get_log(struct rd *in, struct log_key *k)
{
	size_t count = rd_array_any(in, 5);

	*k = (struct log_key){ .is_branch = count == 5 };
	in->bad = in->bad || (count != 3 && count != 5);
	RD_FIXED(in, k->author);
	RD_FIXED(in, k->stream);
	RD_FIXED(in, k->inc);
	if (!k->is_branch)
		return;
	k->branch_seq = rd_uint(in, UINT64_MAX);
	RD_FIXED(in, k->branch_id);
}

static void
put_epoch(struct buf *out, const struct epoch *ep)
{
	wr_array(out, 10);
	WR_FIXED(out, ep->id);
	WR_FIXED(out, ep->stream);
	wr_uint(out, ep->n);
	if (ep->has_parent)
		WR_FIXED(out, ep->parent);
	else
		wr_nil(out);
	wr_bin(out, ep->commit, sizeof(ep->commit));
	put_log(out, &ep->log);
	wr_uint(out, ep->seq);
	wr_array(out, ep->reader_count);
	for (size_t i = 0; i < ep->reader_count; i++)
		wr_array(out, 2), WR_FIXED(out, ep->readers[i].dev), wr_uint(out, ep->readers[i].seal);
	if (ep->is_drop)
		wr_bin(out, ep->drop_pk, sizeof(ep->drop_pk));
	else
		wr_nil(out);
	wr_bool(out, ep->drop_wrong);
}

static bool
get_epoch(struct vault *v, struct rd *in)
{
	struct epoch_id id;
	struct stream_id stream;
	struct epoch *ep;

	rd_array(in, 10);
	RD_FIXED(in, id);
	RD_FIXED(in, stream);
	if (in->bad)
		return true;
	ep = vault_epoch_put(v, &id, &stream);
	if (ep == NULL || ep->readers != NULL)
		return false;
	ep->n = rd_uint(in, EPOCH_N_MAX);
	ep->has_parent = !rd_nil(in);
	if (ep->has_parent)
		RD_FIXED(in, ep->parent);
	rd_bin(in, ep->commit, sizeof(ep->commit));
	get_log(in, &ep->log);
	ep->seq = rd_uint(in, UINT64_MAX);
	ep->reader_count = rd_array_any(in, EPOCH_READERS_MAX);
	ep->readers = mem_zero(ep->reader_count, sizeof(*ep->readers));
	if (ep->readers == NULL)
		return false;
	for (size_t i = 0; i < ep->reader_count; i++) {
		rd_array(in, 2);
		RD_FIXED(in, ep->readers[i].dev);
		ep->readers[i].seal = rd_uint(in, UINT64_MAX);
	}
	ep->is_drop = !rd_nil(in);
	if (ep->is_drop)
		rd_bin(in, ep->drop_pk, sizeof(ep->drop_pk));
	ep->drop_wrong = rd_bool(in);
	ep->known = true;
	return true;
}

static void
put_case(struct buf *out, const struct case_key *c)
{
	wr_array(out, 9);
	WR_FIXED(out, c->kid);
	wr_bin(out, c->key, sizeof(c->key));
	WR_FIXED(out, c->stream);
	WR_FIXED(out, c->birth);
	if (c->bound || (c->doubted && c->has_late))
		WR_FIXED(out, c->group);
	else
		wr_nil(out);
	if (c->wrapped && !c->wrapped_open)
		WR_FIXED(out, c->wrapped_inc);
	else
		wr_nil(out);
	if (c->has_told)
		WR_FIXED(out, c->told);
	else
		wr_nil(out);
	if (c->has_late)
		WR_FIXED(out, c->late);
	else
		wr_nil(out);
	wr_bool(out, c->doubted);
}

static bool
get_case(struct vault *v, struct rd *in)
{
	struct stream_id stream;
	struct epoch_id birth;
	struct group_id group;
	struct key_id kid;
	struct case_key *c;
	uint8_t key[32];
	bool has_group;
	int64_t i;

	rd_array(in, 9);
	RD_FIXED(in, kid);
	rd_bin(in, key, sizeof(key));
	RD_FIXED(in, stream);
	RD_FIXED(in, birth);
	if (in->bad)
		return true;
	i = vault_case_put(v, &kid, key, &stream, &birth);
	wipe(key, sizeof(key));
	if (i == NO_CASE)
		return false;
	c = &v->cases[i];
	has_group = !rd_nil(in);
	if (has_group)
		RD_FIXED(in, group);
	c->wrapped = !rd_nil(in);
	if (c->wrapped)
		RD_FIXED(in, c->wrapped_inc);
	c->has_told = !rd_nil(in);
	if (c->has_told)
		RD_FIXED(in, c->told);
	c->has_late = !rd_nil(in);
	if (c->has_late)
		RD_FIXED(in, c->late);
	c->doubted = rd_bool(in);
	v->any_doubted = v->any_doubted || c->doubted;
	if (!has_group || in->bad)
		return true;
	if (c->doubted)
		c->group = group;
	return c->doubted || vault_case_bind(v, i, &group);
}

static void
put_waiting(struct buf *out, const struct waiting *w)
{
	uint8_t header[HEADER_BYTES_MAX];
	size_t len = header_encode(&w->h, header);

	wr_array(out, 3);
	put_log(out, &w->log);
	wr_bin(out, header, len);
	wr_bin(out, w->payload, w->h.plen);
}

static bool
get_waiting(struct vault *v, struct rd *in)
{
	struct waiting w = { .payload = NULL }, *room;
	struct bytes header, payload;

	rd_array(in, 3);
	get_log(in, &w.log);
	header = rd_bin_any(in, 1, HEADER_BYTES_MAX);
	payload = rd_bin_any(in, 1, PAYLOAD_BYTES_MAX);
	if (in->bad || header_decode(&w.h, header, NULL) != ERR_OK || payload.len != w.h.plen) {
		in->bad = true;
		return true;
	}
	w.id = header_id(&w.h);
	room = mem_room(v->waiting, v->waiting_count, &v->waiting_cap, sizeof(w));
	if (room == NULL)
		return false;
	v->waiting = room;
	w.payload = mem_dup(payload.p, payload.len);
	if (w.payload == NULL)
		return false;
	room[v->waiting_count++] = w;
	return true;
}

static bool
get_given(struct vault *v, struct rd *in)
{
	struct given g = { .seq = 0 }, *room;

	rd_array(in, 6);
	RD_FIXED(in, g.entry);
	RD_FIXED(in, g.epoch);
	RD_FIXED(in, g.dev);
	g.seal = rd_uint(in, UINT64_MAX);
	get_log(in, &g.log);
	g.seq = rd_uint(in, UINT64_MAX);
	room = mem_room(v->given, v->given_count, &v->given_cap, sizeof(g));
	if (room == NULL)
		return false;
	v->given = room;
	room[v->given_count++] = g;
	return true;
}

void
vault_encode(const struct vault *v, struct buf *out)
{
	size_t known = 0;

	for (size_t i = 0; i < v->epoch_count; i++)
		known += v->epochs[i].known && !v->epochs[i].open;
	wr_array(out, 5);
	wr_uint(out, FORM);
	wr_array(out, known);
	for (size_t i = 0; i < v->epoch_count; i++)
		if (v->epochs[i].known && !v->epochs[i].open)
			put_epoch(out, &v->epochs[i]);
	wr_array(out, v->given_count);
	for (size_t i = 0; i < v->given_count; i++) {
		wr_array(out, 6);
		WR_FIXED(out, v->given[i].entry);
		WR_FIXED(out, v->given[i].epoch);
		WR_FIXED(out, v->given[i].dev);
		wr_uint(out, v->given[i].seal);
		put_log(out, &v->given[i].log);
		wr_uint(out, v->given[i].seq);
	}
	wr_array(out, v->case_count);
	for (size_t i = 0; i < v->case_count; i++)
		put_case(out, &v->cases[i]);
	wr_array(out, v->waiting_count);
	for (size_t i = 0; i < v->waiting_count; i++)
		put_waiting(out, &v->waiting[i]);
}

enum err_code
vault_decode(struct vault *v, struct rd *in, struct err *err)
{
	static bool (*const part[])(struct vault *, struct rd *) = { get_epoch, get_given, get_case, get_waiting };

	rd_array(in, 5);
	in->bad = in->bad || rd_uint(in, 255) != FORM;
	for (size_t i = 0; i < COUNT_OF(part); i++) {
		size_t count = rd_array_any(in, ROWS_MAX);

		for (size_t row = 0; row < count && !in->bad; row++)
			if (!part[i](v, in))
				return err_plain(err, ERR_NO_MEMORY);
	}
	return in->bad ? err_set(err, ERR_DAMAGED, "the snapshot's keys are not in the form they must have") : ERR_OK;
}
