/*
 * Few and small: an organisation erases now and then. So everything is a
 * list that is walked, and whatever an entry said is kept as it came.
 */
#include "org/orders.h"

#include "base/mem.h"
#include "base/plant.h"

struct approval { struct hash id, request; struct author author; struct log_key log; uint64_t seq; };

struct orders {
	struct erase_order *orders; size_t order_count, order_cap;
	struct approval *approvals; size_t approval_count, approval_cap;
	struct erase_confirmed *receipts; size_t receipt_count, receipt_cap;
	size_t approved;
};

struct orders *
orders_new(void)
{
	return mem_zero(1, sizeof(struct orders));
}

void
orders_free(struct orders *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->order_count; i++) {
		erase_request_free(&o->orders[i].request);
		mem_free(o->orders[i].payload);
	}
	for (size_t i = 0; i < o->receipt_count; i++) {
		erase_receipt_free(&o->receipts[i].receipt);
		mem_free(o->receipts[i].payload);
	}
	mem_free(o->orders);
	mem_free(o->approvals);
	mem_free(o->receipts);
	mem_free(o);
}

/* ---- taking entries ---- */

static enum err_code
add_request(struct orders *o, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct erase_order order = { .id = e->id, .author = e->h.author, .log = *log, .seq = e->h.seq }, *room;
	enum err_code rc;

	for (size_t i = 0; i < o->order_count; i++)
		if (SAME(o->orders[i].id, e->id))
			return ERR_OK;
	room = mem_room(o->orders, o->order_count, &o->order_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	o->orders = room;
	order.payload = mem_dup(e->payload.p, e->payload.len);
	if (order.payload == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	rc = erase_request_decode(&order.request, BYTES(order.payload, e->payload.len), err);
	if (rc != ERR_OK) {
		mem_free(order.payload);
		return rc;
	}
	room[o->order_count++] = order;
	return ERR_OK;
}

static enum err_code
add_approval(struct orders *o, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct approval ok = { .id = e->id, .author = e->h.author, .log = *log, .seq = e->h.seq }, *room;
	enum err_code rc = erase_ok_decode(&ok.request, e->payload, err);

	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < o->approval_count; i++)
		if (SAME(o->approvals[i].id, e->id))
			return ERR_OK;
	room = mem_room(o->approvals, o->approval_count, &o->approval_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	o->approvals = room;
	room[o->approval_count++] = ok;
	return ERR_OK;
}

static enum err_code
add_receipt(struct orders *o, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct erase_confirmed c = { .author = e->h.author, .log = *log, .seq = e->h.seq }, *room;
	enum err_code rc;

	for (size_t i = 0; i < o->receipt_count; i++)
		if (log_key_equal(&o->receipts[i].log, log) && o->receipts[i].seq == e->h.seq)
			return ERR_OK;
	room = mem_room(o->receipts, o->receipt_count, &o->receipt_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	o->receipts = room;
	c.payload = mem_dup(e->payload.p, e->payload.len);
	if (c.payload == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	rc = erase_receipt_decode(&c.receipt, BYTES(c.payload, e->payload.len), err);
	if (rc != ERR_OK) {
		mem_free(c.payload);
		return rc;
	}
	room[o->receipt_count++] = c;
	return ERR_OK;
}

enum err_code
orders_add(struct orders *o, const struct log_key *log, const struct entry *e, struct err *err)
{
	if (!e->has_payload)
		return ERR_OK;
	if (e->h.kind == KIND_ERASE_REQ)
		return add_request(o, log, e, err);
	if (e->h.kind == KIND_ERASE_OK)
		return add_approval(o, log, e, err);
	return e->h.kind == KIND_RECEIPT ? add_receipt(o, log, e, err) : ERR_OK;
}

/* ---- what they come to ---- */

static void
judge(const struct orders *o, const struct org *org, struct erase_order *order)
{
	const struct org_device *asked = org_device_by_author(org, &order->author);

	order->approved = false;
	order->counts = asked != NULL && org_counts(org, &order->log, order->seq, true);
	if (!order->counts)
		return;
	for (size_t i = 0; i < o->approval_count; i++) {
		const struct approval *ok = &o->approvals[i];
		const struct org_device *by = org_device_by_author(org, &ok->author);

		if (!SAME(ok->request, order->id) || by == NULL || by->rank > RANK_MAX || SAME(by->member, asked->member) ||
		    !org_counts(org, &ok->log, ok->seq, true))
			continue;
		if (!order->approved || memcmp(ok->author.b, order->approved_by.b, sizeof(ok->author.b)) < 0)
			order->approved_by = ok->author;
		order->approved = true;
	}
}

void
orders_refresh(struct orders *o, const struct org *org)
{
	o->approved = 0;
	for (size_t i = 0; i < o->order_count; i++) {
		judge(o, org, &o->orders[i]);
		o->approved += o->orders[i].approved;
	}
}

size_t
orders_count(const struct orders *o)
{
	return o->order_count;
}

const struct erase_order *
orders_at(const struct orders *o, size_t i)
{
	return &o->orders[i];
}

const struct erase_confirmed *
orders_receipt_of(const struct orders *o, const struct hash *request, const struct author *by)
{
	for (size_t i = o->receipt_count; i-- > 0;)
		if (SAME(o->receipts[i].receipt.request, *request) && SAME(o->receipts[i].author, *by))
			return &o->receipts[i];
	return NULL;
}

static bool
is_approved(const struct orders *o, const struct hash *request)
{
	for (size_t i = 0; i < o->order_count; i++)
		if (o->orders[i].approved && SAME(o->orders[i].id, *request))
			return true;
	return false;
}

static bool
names(const struct erase_request *q, const struct log_key *log, uint64_t seq, orders_holds *holds, void *ctx)
{
	for (size_t i = 0; i < q->log_count; i++) {
		const struct erase_log *l = &q->logs[i];

		if (!SAME(l->author, log->author) || !SAME(l->stream, log->stream) || !SAME(l->inc, log->inc))
			continue;
		for (size_t k = 0; k < l->range_count && l->ranges[k].from <= seq; k++)
			if (seq <= l->ranges[k].to && (PLANTED(26) || holds(ctx, log, l->ranges[k].to, l->ranges[k].head16)))
				return true;
	}
	return false;
}

/* By how many members, 0 to 2: through devices of theirs, each with the right to read what it says it read. */
static int
named_late(const struct orders *o, const struct org *org, const struct log_key *log, uint64_t seq, orders_holds *holds, void *ctx)
{
	const struct org_device *first = NULL;

	for (size_t i = 0; i < o->receipt_count; i++) {
		const struct erase_confirmed *c = &o->receipts[i];
		const struct org_device *by;

		if (!names(&c->receipt.late, log, seq, holds, ctx) || !is_approved(o, &c->receipt.request) || !org_counts(org, &c->log, c->seq, false))
			continue;
		by = org_device_by_author(org, &c->author);
		if (by == NULL || !org_reads(org, &log->stream, &by->id))
			continue;
		if (first != NULL && !SAME(first->member, by->member))
			return 2;
		first = first == NULL ? by : first;
	}
	return first != NULL;
}

bool
orders_call_late(const struct orders *o, const struct org *org, const struct log_key *log, uint64_t seq, orders_holds *holds, void *ctx)
{
	return o->approved > 0 && named_late(o, org, log, seq, holds, ctx) > 0;
}

bool
orders_cover(const struct orders *o, const struct org *org, const struct log_key *log, uint64_t seq, orders_holds *holds, void *ctx)
{
	for (size_t i = 0; o->approved > 0 && i < o->order_count; i++)
		if (o->orders[i].approved && names(&o->orders[i].request, log, seq, holds, ctx))
			return true;
	return o->approved > 0 && named_late(o, org, log, seq, holds, ctx) == 2; /* never on one word */
}

static bool
ends_at(const struct erase_request *q, const struct header *h, const struct hash *id)
{
	for (size_t i = 0; i < q->log_count; i++) {
		const struct erase_log *l = &q->logs[i];

		if (!SAME(l->author, h->author) || !SAME(l->stream, h->stream) || !SAME(l->inc, h->inc))
			continue;
		for (size_t k = 0; k < l->range_count && l->ranges[k].from < h->seq; k++)
			if (l->ranges[k].to == h->seq && memcmp(l->ranges[k].head16, id->b, sizeof(l->ranges[k].head16)) == 0)
				return true;
	}
	return false;
}

bool
orders_end_at(const struct orders *o, const struct header *h, const struct hash *id)
{
	for (size_t i = 0; o->approved > 0 && i < o->order_count; i++)
		if (o->orders[i].approved && ends_at(&o->orders[i].request, h, id))
			return true;
	for (size_t i = 0; o->approved > 0 && i < o->receipt_count; i++)
		if (ends_at(&o->receipts[i].receipt.late, h, id))
			return true;
	return false;
}

static void
each_range(const struct erase_request *q, void (*cb)(void *ctx, const struct erase_log *log, struct erase_range range), void *ctx)
{
	for (size_t i = 0; i < q->log_count; i++)
		for (size_t k = 0; k < q->logs[i].range_count; k++)
			cb(ctx, &q->logs[i], q->logs[i].ranges[k]);
}

void
orders_each_range(const struct orders *o, void (*cb)(void *ctx, const struct erase_log *log, struct erase_range range), void *ctx)
{
	for (size_t i = 0; i < o->order_count; i++)
		if (o->orders[i].approved)
			each_range(&o->orders[i].request, cb, ctx);
	for (size_t i = 0; i < o->receipt_count && o->approved > 0; i++)
		each_range(&o->receipts[i].receipt.late, cb, ctx);
}
