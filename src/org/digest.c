/*
 * The evaluated state in one form, hashed: what two devices compare to find
 * out that they, holding the same entries, understand them differently.
 * Team streams are left out: who may hold them differs from device to device.
 * Layout: proto/org.md, 4 "ctl_digest".
 */
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/hc.h"
#include "org/org_internal.h"

static void
put_device(struct buf *out, const struct org_device *d)
{
	unsigned roles = (unsigned)d->coordinator | (unsigned)d->advisor << 1 | (unsigned)d->auditor << 2 |
	                 (unsigned)d->hub << 3;

	wr_array(out, 12);
	WR_FIXED(out, d->id);
	WR_FIXED(out, d->sign_pk);
	wr_bin(out, d->noise_pk, sizeof(d->noise_pk));
	wr_bin(out, d->note_pk, sizeof(d->note_pk));
	wr_bin(out, d->seal_pk, sizeof(d->seal_pk));
	wr_uint(out, d->seal_index);
	WR_FIXED(out, d->member);
	wr_bin(out, d->enc_name.p, d->enc_name.len);
	WR_FIXED(out, d->admit_id);
	wr_uint(out, d->rank);
	wr_uint(out, roles);
	wr_bool(out, d->gone);
}

static void
put_grant(struct buf *out, const struct org_grant *g)
{
	wr_array(out, 6);
	WR_FIXED(out, g->id);
	WR_FIXED(out, g->dev);
	WR_FIXED(out, g->by);
	wr_uint(out, g->role);
	if (g->has_team)
		WR_FIXED(out, g->team);
	else
		wr_nil(out);
	wr_uint(out, g->rank);
}

static void
put_team(struct buf *out, const struct org_team *t)
{
	wr_array(out, 5);
	WR_FIXED(out, t->id);
	wr_bin(out, t->enc_name.p, t->enc_name.len);
	wr_uint(out, t->state);
	wr_uint(out, t->mode);
	WR_FIXED(out, t->made_by);
}

static void
put_cuts(struct buf *out, const struct cutset *s)
{
	wr_array(out, s->count);
	for (size_t i = 0; i < s->count; i++) {
		const struct mark *m = &s->marks[i];

		wr_array(out, 4);
		WR_FIXED(out, m->cut.stream);
		WR_FIXED(out, m->cut.inc);
		wr_int(out, m->cut.seq);
		if (m->has_head)
			wr_bin(out, m->cut.head16, sizeof(m->cut.head16));
		else
			wr_nil(out);
	}
}

struct named_cuts { struct bytes name; const struct cutset *cuts; };

static int
order_named(const void *a, const void *b)
{
	const struct named_cuts *x = a, *y = b; /* names of one list have one length */

	return memcmp(x->name.p, y->name.p, x->name.len);
}

static void
put_named(struct buf *out, struct named_cuts *list, size_t count)
{
	if (count > 1)
		qsort(list, count, sizeof(*list), order_named);
	wr_array(out, count);
	for (size_t i = 0; i < count; i++) {
		wr_array(out, 2);
		wr_bin(out, list[i].name.p, list[i].name.len);
		put_cuts(out, list[i].cuts);
	}
}

static int
order_forks(const void *a, const void *b)
{
	const struct fork_point *x = *(const struct fork_point *const *)a, *y = *(const struct fork_point *const *)b;

	return memcmp(&x->log, &y->log, sizeof(x->log));
}

static void
put_forks(struct buf *out, const struct fork_point **forks, size_t count)
{
	if (count > 1)
		qsort(forks, count, sizeof(*forks), order_forks);
	wr_array(out, count);
	for (size_t i = 0; i < count; i++) {
		wr_array(out, 4);
		WR_FIXED(out, forks[i]->log.author);
		WR_FIXED(out, forks[i]->log.stream);
		WR_FIXED(out, forks[i]->log.inc);
		wr_uint(out, forks[i]->seq);
	}
}

static bool
put_cuts_and_forks(struct buf *out, const struct org *o, const struct eval *ev)
{
	struct named_cuts *gone = mem_zero(ev->standing_count + 1, sizeof(*gone));
	struct named_cuts *withdrawn = mem_zero(ev->accepted_count + 1, sizeof(*withdrawn));
	const struct fork_point **forks = mem_zero(o->fork_count + 1, sizeof(const struct fork_point *));
	size_t gone_count = 0, withdrawn_count = 0;
	bool ok = gone != NULL && withdrawn != NULL && forks != NULL;

	if (!ok)
		goto out;
	for (size_t s = 0; s < ev->standing_count; s++)
		if (ev->standing[s].gone)
			gone[gone_count++] = (struct named_cuts){ BYTES_OF(o->subjects[s].id), &ev->standing[s].cuts };
	for (size_t i = 0; i < ev->accepted_count; i++)
		if (ev->accepted[i].withdrawn)
			withdrawn[withdrawn_count++] = (struct named_cuts){ BYTES_OF(o->nodes[ev->accepted[i].node].id),
			                                                    &ev->accepted[i].cuts };
	for (size_t i = 0; i < o->fork_count; i++)
		forks[i] = &o->forks[i];
	put_named(out, gone, gone_count);
	put_named(out, withdrawn, withdrawn_count);
	put_forks(out, forks, o->fork_count);
out:
	mem_free(gone);
	mem_free(withdrawn);
	mem_free(forks);
	return ok;
}

static void
put_roots(struct buf *out, const struct eval *ev)
{
	wr_array(out, ev->root_count);
	for (size_t i = 0; i < ev->root_count; i++) {
		const struct root *r = &ev->roots[i];
		const struct standing *st = &ev->standing[r->subject];

		wr_array(out, 3);
		WR_FIXED(out, r->public.pk);
		wr_uint(out, r->public.state);
		wr_array(out, st->turn_count);
		for (size_t t = 0; t < st->turn_count; t++)
			wr_bin(out, ev->turns[st->turns + t].digest, 32);
	}
}

enum err_code
eval_digest(const struct org *o, struct eval *ev, struct err *err)
{
	struct buf state = BUF_INIT;
	bool ok;

	wr_array(&state, 8);
	WR_FIXED(&state, ev->id);
	wr_array(&state, ev->device_count);
	for (size_t i = 0; i < ev->device_count; i++)
		put_device(&state, &ev->devices[i]);
	wr_array(&state, ev->grant_count);
	for (size_t i = 0; i < ev->grant_count; i++)
		put_grant(&state, &ev->grants[i]);
	wr_array(&state, ev->team_count);
	for (size_t i = 0; i < ev->team_count; i++)
		put_team(&state, &ev->teams[i]);
	ok = put_cuts_and_forks(&state, o, ev);
	put_roots(&state, ev);
	ok = ok && buf_ok(&state);
	if (ok)
		HC(ev->digest, sizeof(ev->digest), BYTES_NONE, "fb1/ctl", buf_bytes(&state));
	buf_free(&state);
	return ok ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}
