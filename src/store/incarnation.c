/*
 * Which of a device's incarnations is the newer: the one whose OPEN lists more
 * older ones. An OPEN has room for OLD_INCS_MAX; beyond that a full list counts
 * for one more as long as no other full list of the stream has its incarnation.
 * Spec: proto/log.md, 7.
 */
#include "base/mem.h"
#include "store/replica_internal.h"

static bool
read_open(struct replica *r, size_t log, struct open_op *out)
{
	struct buf keep = BUF_INIT;
	struct control_op op;
	struct entry e;
	bool good;

	good = !r->logs[log].head.key.is_branch && replica_entry(r, log, 0, &e, &keep, NULL) == ERR_OK && e.has_payload &&
	       (e.h.kind == KIND_OPEN || e.h.kind == KIND_TEAM_OPEN) && control_op_decode(&op, e.h.kind, e.payload, NULL) == ERR_OK;
	if (good) {
		*out = op.u.open;
		control_op_free(&op);
	}
	buf_free(&keep);
	return good;
}

static bool
listed_by_a_full_one(struct replica *r, size_t log)
{
	const struct log_key *key = &r->logs[log].head.key;
	struct open_op open;

	for (size_t i = 0; i < r->count; i++) {
		const struct log_key *other = &r->logs[i].head.key;

		if (i != log && SAME(other->author, key->author) && SAME(other->stream, key->stream) && read_open(r, i, &open) &&
		    open.old_count == OLD_INCS_MAX && open_lists(&open, &key->inc))
			return true;
	}
	return false;
}

int64_t
replica_older(struct replica *r, size_t log)
{
	struct open_op open;

	if (!read_open(r, log, &open))
		return 0;
	return open.old_count < OLD_INCS_MAX ? (int64_t)open.old_count : OLD_INCS_MAX + !listed_by_a_full_one(r, log);
}

static void
cite(const struct replica *r, size_t log, struct open_op *open)
{
	const struct log_head *l = &r->logs[log].head;

	open->old[open->old_count].inc = l->key.inc;
	open->old[open->old_count].len = l->len;
	memcpy(open->old[open->old_count].head16, l->head.b, sizeof(open->old[0].head16));
	open->old_count++;
}

/* The logs of the author's other incarnations in that stream, those met last first. */
static size_t
others(const struct replica *r, const struct header *h, size_t *out, size_t max)
{
	size_t count = 0;

	for (size_t i = r->count; i-- > 0;) {
		const struct log_head *l = &r->logs[i].head;

		if (l->key.is_branch || !SAME(l->key.author, h->author) || !SAME(l->key.stream, h->stream) || l->len == 0 || SAME(l->key.inc, h->inc))
			continue;
		if (count < max)
			out[count] = i;
		count++;
	}
	return count;
}

enum err_code
replica_cite_older(struct replica *r, const struct header *h, struct open_op *open, struct err *err)
{
	size_t few[OLD_INCS_MAX], count = others(r, h, few, OLD_INCS_MAX);
	size_t *all = count > OLD_INCS_MAX ? mem_alloc(count * sizeof(*all)) : few;

	if (all == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (all != few)
		(void)others(r, h, all, count);
	/* The newest of them come first; of those alike, whichever was met last. */
	for (int64_t rank = OLD_INCS_MAX + 1; rank >= 0 && count > OLD_INCS_MAX; rank--)
		for (size_t i = 0; i < count && open->old_count < OLD_INCS_MAX; i++)
			if (replica_older(r, all[i]) == rank)
				cite(r, all[i], open);
	for (size_t i = 0; i < count && count <= OLD_INCS_MAX; i++)
		cite(r, all[i], open);
	if (all != few)
		mem_free(all);
	return ERR_OK;
}
