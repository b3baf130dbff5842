/*
 * A payload that is not there was either erased by order or lost. An order
 * counts when devices of two different members gave it, the second one's a
 * coordinator: proto/audit.md, A6.
 */
#include "audit/audit_internal.h"

enum err_code
audit_take_erasure(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	enum err_code rc = orders_add(a->orders, log, e, NULL);

	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (rc == ERR_OK)
		return rc;
	return audit_find(a, CHECK_A6, AUDIT_WARNING, log, e, err, "%s that cannot be read.",
	                  e->h.kind == KIND_ERASE_REQ ? "an order to erase" : e->h.kind == KIND_ERASE_OK ? "an approval to erase"
	                                                                                               : "a receipt of an erasure");
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

static bool
is_at(const struct audited_log *l, uint64_t seq, const uint8_t head16[16])
{
	size_t lo = 0, hi = l->id_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->ids[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->id_count && l->ids[lo].seq == seq && memcmp(l->ids[lo].head16, head16, 16) == 0;
}

static const struct audited_log *
parent_of(const struct audit *a, const struct audited_log *l)
{
	for (size_t i = 0; l->key.is_branch && i < a->log_count; i++) {
		const struct audited_log *p = &a->logs[i];

		if (p->head.len == l->key.branch_seq && SAME(p->head.head, l->before) && SAME(p->key.author, l->key.author) &&
		    SAME(p->key.stream, l->key.stream) && SAME(p->key.inc, l->key.inc))
			return p;
	}
	return NULL;
}

struct asked { const struct audit *a; const struct audited_log *log; };

/* Does this log, or one that goes on from it, hold such an entry? */
static bool
goes_on_to(void *ctx, const struct log_key *key, uint64_t seq, const uint8_t head16[16])
{
	const struct asked *q = ctx;

	(void)key;
	for (size_t i = 0; i < q->a->log_count; i++) {
		const struct audited_log *l = &q->a->logs[i];

		if (!SAME(l->key.author, q->log->key.author) || !SAME(l->key.stream, q->log->key.stream) ||
		    !SAME(l->key.inc, q->log->key.inc) || !is_at(l, seq, head16))
			continue;
		while (l != NULL && l != q->log)
			l = parent_of(q->a, l);
		if (l != NULL)
			return true;
	}
	return false;
}

static bool
is_covered(const struct audit *a, const struct audited_log *l, uint64_t seq)
{
	struct asked q = { a, l };

	return orders_cover(a->orders, a->org, &l->key, seq, goes_on_to, &q);
}

/* What of one missing range no order covers, run by run. */
static enum err_code
check_gap(struct audit *a, const struct audited_log *l, struct seq_range gap, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (uint64_t at = gap.from, to; at <= gap.to && rc == ERR_OK; at = to) {
		bool covered = is_covered(a, l, at);

		for (to = at + 1; to <= gap.to && is_covered(a, l, to) == covered;)
			to++;
		if (covered)
			a->counts.payloads_erased += to - at;
		else
			rc = report_missing(a, l, at, to - 1, err);
	}
	return rc;
}

enum err_code
audit_missing_payloads(struct audit *a, struct err *err)
{
	enum err_code rc = ERR_OK;

	orders_refresh(a->orders, a->org);
	for (size_t i = 0; i < a->log_count; i++)
		for (size_t k = 0; k < a->logs[i].missing_count && rc == ERR_OK; k++)
			rc = check_gap(a, &a->logs[i], a->logs[i].missing[k], err);
	return rc;
}
