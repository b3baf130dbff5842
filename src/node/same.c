/*
 * Two records that are about the same: a link from the one to the other, and
 * nothing else. Nothing is moved, so taking the link away puts everything
 * back, and whoever holds either id finds both. And practice, which spreads
 * from a session to whatever is first written with a reference to it.
 */
#include "node/node_internal.h"

#include "casework/marks.h"

enum { LINKS_MAX = 64 };

void
node_same_as(struct node *n, const struct record_id *id, struct record_id *out)
{
	struct record_id seen[LINKS_MAX], next;
	struct record *r = record_new(id);
	bool known = true;
	size_t count = 0;

	*out = *id;
	while (r != NULL && count < LINKS_MAX) {
		for (size_t i = 0; i < count; i++) {
			if (!SAME(seen[i], *out))
				continue;
			/* Two people merged the two ways round: everybody takes the smallest of the circle. */
			for (; i < count; i++)
				if (memcmp(seen[i].b, out->b, sizeof(out->b)) < 0)
					*out = seen[i];
			count = LINKS_MAX;
		}
		if (count == LINKS_MAX)
			break;
		seen[count++] = *out;
		if (node_now(n, out, r, NULL, &known, NULL) != ERR_OK || !known || !record_merged_into(r, &next))
			break;
		*out = next;
	}
	record_free(r);
}

bool
node_counts_record(struct node *n, const struct record *r)
{
	struct record_id other;

	if (record_is_practice(r) && !n->practice)
		return false;
	if (!record_merged_into(r, &other))
		return true;
	node_same_as(n, record_id_of(r), &other);
	return SAME(other, *record_id_of(r));
}

bool
node_is_practice(struct node *n)
{
	return n->practice;
}

enum err_code
node_make_practice(struct node *n, struct err *err)
{
	static const struct record_id org_record; /* proto/vault.md, 8: the organisation */
	struct roster_op op = { .kind = OP_SET, .field = ROSTER_PRACTICE };
	struct buf value = BUF_INIT;
	enum err_code rc;

	wr_bool(&value, true);
	op.value = buf_bytes(&value);
	rc = buf_ok(&value) ? node_write_roster(n, &org_record, &op, 1, err) : err_plain(err, ERR_NO_MEMORY);
	buf_free(&value);
	return rc;
}

struct spread { struct node *n; bool found; };

static bool
is_practice(void *ctx, const struct record_id *id)
{
	struct spread *s = ctx;
	struct record *r = record_new(id);
	bool known;

	s->found = r != NULL && node_now(s->n, id, r, NULL, &known, NULL) == ERR_OK && known && record_is_practice(r);
	record_free(r);
	return !s->found;
}

enum err_code
node_mark_practice(struct node *n, struct draft *d, bool known, struct err *err)
{
	struct spread s = { n, false };

	if (known)
		return ERR_OK;
	draft_each_ref(d, is_practice, &s);
	return s.found ? draft_mark_practice(d, err) : ERR_OK;
}
