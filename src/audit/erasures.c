/*
 * A payload that is not there was either erased by order or lost. An order
 * counts when devices of two different members gave it, the second one's a
 * coordinator: proto/audit.md, A6.
 */
#include <stdlib.h>

#include "audit/audit_internal.h"
#include "base/mem.h"

static enum err_code
take_request(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct erase_order order = { .id = e->id, .author = e->h.author, .log = *log, .seq = e->h.seq }, *room;
	enum err_code rc = erase_request_decode(&order.request, e->payload, NULL);

	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (rc != ERR_OK)
		return audit_find(a, CHECK_A6, AUDIT_WARNING, log, e, err,
		                  "an order to erase that cannot be read.");
	order.request.box = BYTES_NONE; /* borrowed from an entry that goes away */
	room = mem_room(a->orders, a->order_count, &a->order_cap, sizeof(*room));
	if (room == NULL) {
		erase_request_free(&order.request);
		return err_plain(err, ERR_NO_MEMORY);
	}
	a->orders = room;
	room[a->order_count++] = order;
	return ERR_OK;
}

enum err_code
audit_take_erasure(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct erase_approval ok = { .author = e->h.author, .log = *log, .seq = e->h.seq }, *room;

	if (e->h.kind == KIND_ERASE_REQ)
		return take_request(a, log, e, err);
	if (erase_ok_decode(&ok.request, e->payload, NULL) != ERR_OK)
		return audit_find(a, CHECK_A6, AUDIT_WARNING, log, e, err,
		                  "an approval to erase that cannot be read.");
	room = mem_room(a->approvals, a->approval_count, &a->approval_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	a->approvals = room;
	room[a->approval_count++] = ok;
	return ERR_OK;
}

/* Within the cut of whoever wrote it; after a fork both branches count (proto/org.md, 4). */
static bool
stands(const struct audit *a, const struct log_key *log, uint64_t seq)
{
	return org_effective(a->org, log, seq) || (org_fork_point(a->org, log) <= seq && org_limit(a->org, log) > 0);
}

static bool
approved(const struct audit *a, const struct erase_order *order)
{
	const struct org_device *asked = org_device_by_author(a->org, &order->author);

	if (asked == NULL || !stands(a, &order->log, order->seq))
		return false;
	for (size_t i = 0; i < a->approval_count; i++) {
		const struct erase_approval *ok = &a->approvals[i];
		const struct org_device *by = org_device_by_author(a->org, &ok->author);

		if (SAME(ok->request, order->id) && by != NULL && by->rank <= RANK_MAX &&
		    !SAME(by->member, asked->member) && stands(a, &ok->log, ok->seq))
			return true;
	}
	return false;
}

struct covered { /* one range of an approved order */
	struct author author;
	struct stream_id stream;
	struct inc inc;
	struct erase_range range;
};

static int
order_covered(const void *x, const void *y)
{
	const struct covered *a = x, *b = y;
	int order = memcmp(a->author.b, b->author.b, sizeof(a->author.b));

	if (order == 0)
		order = memcmp(a->stream.b, b->stream.b, sizeof(a->stream.b));
	if (order == 0)
		order = memcmp(a->inc.b, b->inc.b, sizeof(a->inc.b));
	if (order == 0 && a->range.from != b->range.from)
		order = a->range.from < b->range.from ? -1 : 1;
	return order;
}

static bool
covers_log(const struct covered *c, const struct log_key *log)
{
	return SAME(c->author, log->author) && SAME(c->stream, log->stream) && SAME(c->inc, log->inc);
}

static enum err_code
list_covered(const struct audit *a, struct covered **out, size_t *count, struct err *err)
{
	size_t cap = 0;

	for (size_t i = 0; i < a->order_count; i++) {
		const struct erase_request *q = &a->orders[i].request;

		if (!approved(a, &a->orders[i]))
			continue;
		for (size_t l = 0; l < q->log_count; l++)
			for (size_t k = 0; k < q->logs[l].range_count; k++) {
				struct covered *room = mem_room(*out, *count, &cap, sizeof(*room));

				if (room == NULL)
					return err_plain(err, ERR_NO_MEMORY);
				*out = room;
				room[(*count)++] = (struct covered){ q->logs[l].author, q->logs[l].stream,
				                                     q->logs[l].inc, q->logs[l].ranges[k] };
			}
	}
	if (*count > 1)
		qsort(*out, *count, sizeof(**out), order_covered);
	return ERR_OK;
}

static enum err_code
report_missing(struct audit *a, const struct audited_log *l, uint64_t from, uint64_t to, struct err *err)
{
	size_t before = a->finding_count;
	enum err_code rc;

	a->counts.payloads_missing += to - from + 1;
	if (from == to)
		rc = audit_find(a, CHECK_A6, AUDIT_ERROR, &l->key, NULL, err,
		                "the payload of entry %llu is missing, and no two members ordered it erased.",
		                (unsigned long long)from);
	else
		rc = audit_find(a, CHECK_A6, AUDIT_ERROR, &l->key, NULL, err,
		                "the payloads of entries %llu to %llu are missing, and no two members ordered them erased.",
		                (unsigned long long)from, (unsigned long long)to);
	if (a->finding_count > before) { /* the place is known; ids are not kept */
		a->findings[before].has_seq = true;
		a->findings[before].seq = from;
	}
	return rc;
}

/* What of one missing range no order covers. `c` are the covered ranges of this log, ascending by `from`. */
static enum err_code
subtract(struct audit *a, const struct audited_log *l, struct erase_range gap, const struct covered *c, size_t count,
         struct err *err)
{
	enum err_code rc = ERR_OK;
	uint64_t at = gap.from;

	for (size_t i = 0; i < count && at <= gap.to && rc == ERR_OK; i++) {
		uint64_t end;

		if (c[i].range.to < at)
			continue;
		if (c[i].range.from > gap.to)
			break;
		if (c[i].range.from > at)
			rc = report_missing(a, l, at, c[i].range.from - 1, err);
		at = at > c[i].range.from ? at : c[i].range.from;
		end = c[i].range.to < gap.to ? c[i].range.to : gap.to;
		a->counts.payloads_erased += end - at + 1;
		at = end + 1;
	}
	if (rc == ERR_OK && at <= gap.to)
		rc = report_missing(a, l, at, gap.to, err);
	return rc;
}

enum err_code
audit_missing_payloads(struct audit *a, struct err *err)
{
	struct covered *covered = NULL;
	size_t count = 0;
	enum err_code rc = list_covered(a, &covered, &count, err);

	for (size_t i = 0; i < a->log_count && rc == ERR_OK; i++) {
		const struct audited_log *l = &a->logs[i];
		size_t first = 0, of_log = 0;

		if (l->missing_count == 0)
			continue;
		while (first < count && !covers_log(&covered[first], &l->key))
			first++;
		while (first + of_log < count && covers_log(&covered[first + of_log], &l->key))
			of_log++;
		for (size_t k = 0; k < l->missing_count && rc == ERR_OK; k++)
			rc = subtract(a, l, l->missing[k], covered + first, of_log, err);
	}
	mem_free(covered);
	return rc;
}
