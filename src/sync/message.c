#include "sync/message.h"

#include "codec/strict.h"

static void
put_optional(struct buf *out, bool has, struct bytes value)
{
	if (has)
		buf_put_bytes(out, value); /* it is msgpack already */
	else
		wr_nil(out);
}

static void
encode_want(struct buf *out, const struct msg_want *w)
{
	wr_array(out, 2);
	wr_uint(out, MSG_WANT);
	wr_array(out, w->count);
	for (size_t i = 0; i < w->count; i++) {
		wr_array(out, 3);
		WR_FIXED(out, w->ranges[i].id);
		wr_uint(out, w->ranges[i].from);
		wr_uint(out, w->ranges[i].to);
	}
}

static void
encode_hello(struct buf *out, const struct msg_hello *h)
{
	wr_array(out, 10);
	wr_uint(out, MSG_HELLO);
	wr_uint(out, h->vmin);
	wr_uint(out, h->vmax);
	wr_bin(out, h->dev8, sizeof(h->dev8));
	wr_uint(out, h->role);
	wr_uint(out, h->flags);
	wr_bin(out, h->control, sizeof(h->control));
	wr_bin(out, h->frontier, sizeof(h->frontier));
	wr_uint(out, h->credit);
	put_optional(out, h->has_ack, h->ack);
}

static void
encode_have(struct buf *out, const struct msg_have *h)
{
	wr_array(out, 5);
	wr_uint(out, MSG_HAVE);
	wr_uint(out, h->scope);
	wr_bin(out, h->mask.p, h->mask.len);
	wr_uint(out, h->last);
	wr_bin(out, h->items.p, h->items.len);
}

static void
encode_probe(struct buf *out, const struct msg_probe *p)
{
	wr_array(out, 6);
	wr_uint(out, MSG_PROBE);
	WR_FIXED(out, p->id);
	wr_uint(out, p->lo);
	wr_uint(out, p->hi);
	wr_uint(out, p->step);
	wr_bin(out, p->ids, 8 * p->count);
}

/* The short ones: number, then small fields. */
static void
encode_uints(struct buf *out, enum message_kind kind, const uint64_t *fields, size_t count)
{
	wr_array(out, count + 1);
	wr_uint(out, kind);
	for (size_t i = 0; i < count; i++)
		wr_uint(out, fields[i]);
}

void
message_encode(struct buf *out, const struct message *m)
{
	switch (m->kind) {
	case MSG_HELLO:
		encode_hello(out, &m->u.hello);
		break;
	case MSG_BUCKETS:
		wr_array(out, 4);
		wr_uint(out, MSG_BUCKETS);
		wr_uint(out, m->u.buckets.scope);
		wr_uint(out, m->u.buckets.count);
		wr_bin(out, m->u.buckets.digests, 8 * m->u.buckets.count);
		break;
	case MSG_HAVE:
		encode_have(out, &m->u.have);
		break;
	case MSG_WANT:
		encode_want(out, &m->u.want);
		break;
	case MSG_ENTRIES:
		wr_array(out, 2);
		wr_uint(out, MSG_ENTRIES);
		wr_bin(out, m->u.entries.p, m->u.entries.len);
		break;
	case MSG_CREDIT:
		encode_uints(out, MSG_CREDIT, &m->u.credit, 1);
		break;
	case MSG_BYE:
		wr_array(out, 5);
		wr_uint(out, MSG_BYE);
		wr_uint(out, m->u.bye.reason);
		wr_uint(out, m->u.bye.sent);
		wr_uint(out, m->u.bye.received);
		put_optional(out, m->u.bye.has_ack, m->u.bye.ack);
		break;
	case MSG_ERR:
		encode_uints(out, MSG_ERR, &m->u.refusal, 1);
		break;
	case MSG_ACK:
		wr_array(out, 3);
		wr_uint(out, MSG_ACK);
		wr_uint(out, m->u.ack.last);
		buf_put_bytes(out, m->u.ack.ack);
		break;
	case MSG_DONE:
		encode_uints(out, MSG_DONE, (const uint64_t[]){ m->u.done.scope, m->u.done.forks }, 2);
		break;
	case MSG_PROBE:
		encode_probe(out, &m->u.probe);
		break;
	case MSG_LATER:
		wr_array(out, 1);
		wr_uint(out, MSG_LATER);
		break;
	}
}

static struct bytes
take_optional(struct rd *rd, bool *has)
{
	*has = !rd_nil(rd);
	return *has ? rd_any(rd, ACK_BYTES_MAX) : BYTES_NONE;
}

static void
decode_hello(struct rd *rd, struct msg_hello *h)
{
	h->vmin = rd_uint(rd, UINT32_MAX);
	h->vmax = rd_uint(rd, UINT32_MAX);
	rd_bin(rd, h->dev8, sizeof(h->dev8));
	h->role = (uint8_t)rd_uint(rd, UINT8_MAX);
	h->flags = (uint32_t)rd_uint(rd, UINT32_MAX);
	rd_bin(rd, h->control, sizeof(h->control));
	rd_bin(rd, h->frontier, sizeof(h->frontier));
	h->credit = rd_uint(rd, UINT32_MAX);
	h->ack = take_optional(rd, &h->has_ack);
	rd->bad |= h->vmin > h->vmax;
}

static void
decode_buckets(struct rd *rd, struct msg_buckets *b)
{
	b->scope = (uint8_t)rd_uint(rd, SCOPE_TEAMS);
	b->count = (size_t)rd_uint(rd, 256);
	rd->bad |= b->count < 16 || (b->count & (b->count - 1)) != 0;
	b->digests = rd_bin_any(rd, 8 * b->count, 8 * b->count).p;
}

static void
decode_have(struct rd *rd, struct msg_have *h)
{
	h->scope = (uint8_t)rd_uint(rd, SCOPE_TEAMS);
	h->mask = rd_bin_any(rd, 0, SCOPE_MASK_BYTES_MAX);
	h->last = rd_uint(rd, 1) != 0;
	h->items = rd_bin_any(rd, 0, HAVE_BYTES_MAX);
}

static void
decode_want(struct rd *rd, struct msg_want *w)
{
	w->count = rd_array_any(rd, WANT_RANGES_MAX);
	for (size_t i = 0; i < w->count && !rd->bad; i++) {
		rd_array(rd, 3);
		RD_FIXED(rd, w->ranges[i].id);
		w->ranges[i].from = rd_uint(rd, UINT64_MAX);
		w->ranges[i].to = rd_uint(rd, UINT64_MAX);
		rd->bad |= w->ranges[i].from >= w->ranges[i].to;
	}
}

static void
decode_probe(struct rd *rd, struct msg_probe *p)
{
	struct bytes ids;

	RD_FIXED(rd, p->id);
	p->lo = rd_uint(rd, UINT32_MAX); /* no log is that long, and sums below cannot overflow */
	p->hi = rd_uint(rd, UINT32_MAX);
	p->step = rd_uint(rd, UINT32_MAX);
	ids = rd_bin_any(rd, 0, 8 * PROBE_IDS_MAX);
	p->ids = ids.p;
	p->count = ids.len / 8;
	rd->bad |= ids.len % 8 != 0 || p->lo > p->hi || (p->count > 0 && p->step == 0);
	rd->bad |= p->count > 0 && p->lo + (p->count - 1) * p->step >= p->hi;
}

static void
decode_bye(struct rd *rd, struct msg_bye *b)
{
	b->reason = (uint8_t)rd_uint(rd, UINT8_MAX);
	b->sent = rd_uint(rd, UINT64_MAX);
	b->received = rd_uint(rd, UINT64_MAX);
	b->ack = take_optional(rd, &b->has_ack);
}

/* The array's count is checked against this, in the order of the numbers. 0: no such message. */
static const uint8_t fields_of[] = { 0, 10, 4, 5, 0, 2, 2, 0, 2, 0, 5, 2, 3, 3, 6 };

static void
decode_body(struct rd *rd, struct message *m)
{
	switch (m->kind) {
	case MSG_HELLO:
		decode_hello(rd, &m->u.hello);
		break;
	case MSG_BUCKETS:
		decode_buckets(rd, &m->u.buckets);
		break;
	case MSG_HAVE:
		decode_have(rd, &m->u.have);
		break;
	case MSG_WANT:
		decode_want(rd, &m->u.want);
		break;
	case MSG_ENTRIES:
		m->u.entries = rd_bin_any(rd, 1, ENTRIES_BYTES_MAX);
		break;
	case MSG_CREDIT:
		m->u.credit = rd_uint(rd, UINT32_MAX);
		break;
	case MSG_BYE:
		decode_bye(rd, &m->u.bye);
		break;
	case MSG_ERR:
		m->u.refusal = rd_uint(rd, UINT32_MAX);
		break;
	case MSG_ACK:
		m->u.ack.last = rd_uint(rd, 1) != 0;
		m->u.ack.ack = rd_any(rd, ACK_BYTES_MAX);
		break;
	case MSG_DONE:
		m->u.done.scope = (uint8_t)rd_uint(rd, SCOPE_PROOF);
		m->u.done.forks = rd_uint(rd, UINT32_MAX);
		break;
	case MSG_PROBE:
		decode_probe(rd, &m->u.probe);
		break;
	case MSG_LATER:
		break;
	}
}

/* proto/sync.md, 4: a later version may say more than this one knows; it is passed over if it has the form of a message. */
static enum err_code
decode_later(struct message *m, struct rd *rd, size_t fields, struct err *err)
{
	m->kind = MSG_LATER;
	for (; fields > 1 && !rd->bad; fields--)
		rd_any(rd, MESSAGE_BYTES_MAX);
	return rd_end(rd) ? ERR_OK : err_set(err, ERR_MALFORMED, "not a message of this protocol");
}

enum err_code
message_decode(struct message *m, struct bytes in, struct err *err)
{
	struct rd rd = rd_init(in);
	size_t fields = rd_array_any(&rd, 16);
	uint64_t kind = rd_uint(&rd, MESSAGE_NUMBER_MAX);
	size_t extra = 0;

	if (rd.bad || fields == 0)
		return err_set(err, ERR_MALFORMED, "not a message of this protocol");
	if (kind >= COUNT_OF(fields_of))
		return decode_later(m, &rd, fields, err);

	/* proto/sync.md, 4: "A later version may add fields at the end of HELLO; they are skipped." */
	for (; kind == MSG_HELLO && fields > fields_of[kind]; extra++)
		fields--;
	if (fields_of[kind] == 0 || fields_of[kind] != fields)
		return err_set(err, ERR_MALFORMED, "not a message of this protocol");
	m->kind = (enum message_kind)kind;
	decode_body(&rd, m);
	for (; extra > 0; extra--)
		rd_any(&rd, MESSAGE_BYTES_MAX);
	if (!rd_end(&rd))
		return err_set(err, ERR_MALFORMED, "message %d", (int)kind);
	return ERR_OK;
}
