/*
 * What can be known of devices that one does not meet: when a coordinator
 * last vouched for the membership, who is silent, and of whom two copies are
 * in use.
 */
#include "base/mem.h"
#include "node/node_internal.h"
#include "node/tend.h"
#include "store/attest.h"

#define DAY_MS 86400000ll

static int64_t
attested_day(struct node *n, const struct org_device *d, struct attest *a)
{
	struct buf keep = BUF_INIT;
	bool any = replica_attested(n->home.replica, &d->sign_pk, a, &keep);

	buf_free(&keep);
	return any ? (int64_t)a->day : -1;
}

/* A clock that runs ahead vouches for today, and no more. */
static int64_t
days_since(struct node *n, int64_t day)
{
	int64_t today = n->env->ops->wall_ms(n->env) / DAY_MS;

	return day < 0 ? -1 : day > today ? 0 : today - day;
}

int64_t
node_membership_days(struct node *n)
{
	const struct org *org = node_org(n);
	struct attest *a;
	int64_t newest = -1;

	if (node_self(n) != NULL && node_self(n)->coordinator && !node_self(n)->gone)
		return 0;
	a = node_has_org(n) ? mem_alloc(sizeof(*a)) : NULL;
	for (size_t i = 0; a != NULL && i < org_device_count(org); i++) {
		const struct org_device *d = org_device_at(org, i);
		int64_t day = d->coordinator && !d->gone ? attested_day(n, d, a) : -1;

		newest = day > newest ? day : newest;
	}
	mem_free(a);
	return days_since(n, newest);
}

/* ---- old keys ---- */

static enum node_old_key
old_key_of(struct node *n, const struct stream_id *stream, const struct org_device *d, const struct attest *a)
{
	uint64_t from = vault_shred_n(n->vault, stream), oldest;
	const struct attest_epoch *e = a == NULL ? NULL : attest_epoch_of(a, stream);

	if (from == 0)
		return NODE_OLD_UNKNOWN;
	if (node_self(n) != NULL && SAME(node_self(n)->id, d->id))
		oldest = vault_oldest_n(n->vault, stream);
	else if (e == NULL)
		return NODE_OLD_UNKNOWN;
	else
		oldest = e->oldest;
	return oldest != 0 && oldest < from ? NODE_OLD_HELD : NODE_OLD_NONE;
}

enum node_old_key
node_holds_old_key(struct node *n, const struct erase_order *o, const struct org_device *d)
{
	struct attest *a = mem_alloc(sizeof(*a));
	struct buf keep = BUF_INIT;
	bool any = a != NULL && replica_attested(n->home.replica, &d->sign_pk, a, &keep);
	enum node_old_key worst = NODE_OLD_NONE, one;

	for (size_t i = 0; i < o->request.log_count && worst != NODE_OLD_HELD; i++) {
		const struct stream_id *stream = &o->request.logs[i].stream;

		if (!org_reads(node_org(n), stream, &d->id))
			continue;
		one = old_key_of(n, stream, d, any ? a : NULL);
		worst = one != NODE_OLD_NONE ? one : worst;
	}
	mem_free(a);
	buf_free(&keep);
	return worst;
}

/* ---- copies ---- */

enum { QUIET_DAYS = 7 }; /* two homes that are both in use write in turns, and each has soon heard all that the other wrote: that alone ends nothing */

/* since: the day on which the length was first attested; newest: that of the last ATTEST. */
struct listed { const struct log_head *log; struct attest *a; uint64_t len, since, newest; uint8_t head8[8]; };

/* What the last ATTEST that lists the log says of it: later ones pass over what has not grown since. */
static bool
note_listed(void *ctx, const struct entry *e)
{
	struct listed *l = ctx;
	struct extent it;

	if (e->h.kind != KIND_ATTEST || !e->has_payload || attest_decode(l->a, e->payload, NULL) != ERR_OK)
		return true;
	l->newest = l->a->day > l->newest ? l->a->day : l->newest;
	while (extent_next(&l->a->delta, &it)) {
		if (!SAME(it.log, l->log->short_id))
			continue;
		if (it.len != l->len)
			l->since = l->a->day;
		l->len = it.len;
		memcpy(l->head8, it.head8, sizeof(l->head8));
	}
	return true;
}

/*
 * Has the home that writes `other` said, by ATTESTs of its own, that it has all of `log`, and said so for a week? Then whoever writes that
 * has ended, as far as is known here.
 */
static bool
silent_since(struct node *n, const struct log_head *log, const struct log_head *other)
{
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct listed l = { .log = log, .a = mem_alloc(sizeof(*l.a)) };
	struct log_key key;
	size_t at;

	log_key_init(&key, &other->key.author, &control, &other->key.inc);
	if (l.a != NULL && replica_log_find(n->home.replica, &key, &at))
		(void)!replica_scan(n->home.replica, at, 0, UINT64_MAX, false, note_listed, &l, NULL); /* what cannot be read says nothing */
	mem_free(l.a);
	return l.len == log->len && log->len > 0 && l.newest >= l.since + QUIET_DAYS && memcmp(l.head8, log->head.b, sizeof(l.head8)) == 0;
}

/* The log's OPEN, when it is here to be read. */
static bool
read_open(struct node *n, size_t log, struct open_op *out)
{
	struct buf keep = BUF_INIT;
	struct control_op op;
	struct entry e;
	bool good;

	good = replica_entry(n->home.replica, log, 0, &e, &keep, NULL) == ERR_OK && e.has_payload &&
	       (e.h.kind == KIND_OPEN || e.h.kind == KIND_TEAM_OPEN) && control_op_decode(&op, e.h.kind, e.payload, NULL) == ERR_OK;
	if (good) {
		*out = op.u.open;
		control_op_free(&op);
	}
	buf_free(&keep);
	return good;
}

static int64_t
cited_length(const struct open_op *open, const struct inc *inc)
{
	for (size_t i = 0; i < open->old_count; i++)
		if (SAME(open->old[i].inc, *inc))
			return (int64_t)open->old[i].len;
	return -1;
}

/*
 * How far two logs of one device in one stream went on side by side: one cites the other, which has grown since, or
 * neither knew of the other. False: one follows the other, as in a home that has moved.
 */
static bool
parted(struct node *n, size_t a, size_t b, uint64_t *older, uint64_t *newer)
{
	const struct log_head *x = replica_log_at(n->home.replica, a), *y = replica_log_at(n->home.replica, b);
	struct open_op ox, oy;
	int64_t known;

	if (!read_open(n, a, &ox) || !read_open(n, b, &oy))
		return false;
	known = cited_length(&oy, &x->key.inc);
	if (known < 0) {
		known = cited_length(&ox, &y->key.inc);
		if (known >= 0)
			return parted(n, b, a, older, newer);
		if (ox.old_count == COUNT_OF(ox.old) || oy.old_count == COUNT_OF(oy.old))
			return false; /* there was no room to cite it */
		known = 0;
	}
	*older = x->len - (uint64_t)known;
	*newer = y->len;
	return x->len > (uint64_t)known && !silent_since(n, x, y) && !silent_since(n, y, x);
}

static struct node_copies *
copies_of(struct node_copies *out, size_t count, const struct device_id *dev)
{
	for (size_t i = 0; i < count; i++)
		if (SAME(out[i].dev, *dev))
			return &out[i];
	return NULL;
}

static bool
one_stream(const struct log_head *a, const struct log_head *b)
{
	return SAME(a->key.author, b->key.author) && SAME(a->key.stream, b->key.stream) && !SAME(a->key.inc, b->key.inc);
}

static bool
is_trunk(const struct log_head *h)
{
	return !h->key.is_branch && h->len > 0;
}

size_t
node_copies(struct node *n, struct node_copies *out, size_t max)
{
	size_t count = 0, logs = replica_log_count(n->home.replica);

	for (size_t i = 0; i < logs; i++) {
		const struct log_head *h = replica_log_at(n->home.replica, i);
		const struct org_device *d = org_device_by_author(node_org(n), &h->key.author);

		if (d == NULL || d->gone || !is_trunk(h))
			continue;
		for (size_t k = i + 1; k < logs; k++) {
			const struct log_head *o = replica_log_at(n->home.replica, k);
			struct node_copies *c;
			uint64_t older, newer;

			if (!is_trunk(o) || !one_stream(h, o) || !parted(n, i, k, &older, &newer))
				continue;
			c = copies_of(out, count < max ? count : max, &d->id);
			if (c == NULL && count++ < max) {
				c = &out[count - 1];
				*c = (struct node_copies){ .dev = d->id };
			}
			if (c == NULL)
				continue;
			c->older += older;
			c->newer += newer;
			c->logs++;
		}
	}
	return count;
}
