/*
 * Two records that are about the same: a link from the one to the other, and
 * nothing else. Nothing is moved, so taking the link away puts everything
 * back, and whoever holds either id finds both. And practice, which spreads
 * from a session to whatever is first written with a reference to it.
 */
#include "node/node_internal.h"

#include "casework/marks.h"
#include "casework/rows.h"

enum { LINKS_MAX = 64 };

/* Of a circle everybody takes the record whose row has the smallest id, whether they see records or rows. */
static void
image_of(const struct node *n, const struct record *r, bool rows, uint8_t out[16])
{
	const struct profile_type *t = rows || n->profile == NULL ? NULL : profile_type_numbered(n->profile, record_type(r));

	if (t != NULL)
		rows_id(out, t, record_id_of(r)->b);
	else
		memcpy(out, record_id_of(r)->b, 16);
}

static bool
load(struct node *n, struct view *rows, const struct record_id *id, struct record *r)
{
	bool known = true;

	if (rows != NULL)
		return view_get(rows, id, r, NULL, NULL) == ERR_OK;
	return node_now(n, id, r, NULL, &known, NULL) == ERR_OK && known;
}

/* `rows` NULL: among the records. */
static void
follow(struct node *n, struct view *rows, const struct record_id *id, struct record_id *out)
{
	struct link { struct record_id id; uint8_t image[16]; } seen[LINKS_MAX];
	struct record *r = record_new(id);
	struct record_id next = *id;
	size_t count = 0, i = 0;
	bool more = true;

	*out = *id;
	while (r != NULL && more && count < LINKS_MAX) {
		for (i = 0; i < count && !SAME(seen[i].id, next); i++)
			;
		if (i < count)
			break;
		*out = next;
		more = load(n, rows, out, r);
		if (more) {
			seen[count].id = *out;
			image_of(n, r, rows != NULL, seen[count].image);
			more = record_merged_into(r, &next);
			i = ++count;
		}
	}
	for (size_t best = i; i < count; i++) /* from the first of the circle, if there is one */
		if (memcmp(seen[i].image, seen[best].image, 16) <= 0) {
			*out = seen[i].id;
			best = i;
		}
	record_free(r);
}

void
node_same_as(struct node *n, const struct record_id *id, struct record_id *out)
{
	follow(n, NULL, id, out);
}

void
node_row_same_as(struct node *n, const struct record_id *id, struct record_id *out)
{
	follow(n, n->rows, id, out);
}

static bool
stands_for_itself(struct node *n, const struct record *r)
{
	struct record_id other;

	if (!record_merged_into(r, &other))
		return true;
	follow(n, NULL, record_id_of(r), &other);
	return SAME(other, *record_id_of(r));
}

bool
node_practises(const struct node *n, const struct record *r)
{
	return record_is_practice(r) && !n->practice;
}

bool
node_counts_record(struct node *n, const struct record *r)
{
	return !node_practises(n, r) && stands_for_itself(n, r);
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

	if (known || d->says_practice)
		return ERR_OK;
	draft_each_ref(d, is_practice, &s);
	return s.found ? draft_mark_practice(d, err) : ERR_OK;
}
