/*
 * How much of a team log counts: it was opened under a GRANT that was
 * accepted, and then the strictest of its device's removals, the withdrawal
 * of that GRANT and the first known fork; and whatever was adopted beyond.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/plant.h"
#include "crypto/hc.h"
#include "org/org_internal.h"

/* May a device with this GRANT write in the stream? */
static bool
grant_opens(const struct eval *ev, const struct grant *g, const struct stream_id *stream)
{
	uint32_t team = held_index(ev->team_state_of, stream);

	if (g->has_team && SAME(g->team, *stream))
		return true;
	if (g->role != ROLE_COORDINATOR && g->role != ROLE_ADVISOR)
		return false;
	return SAME(*stream, ev->roster) || (team != NONE && ev->team_states[team].mode == 1);
}

static void
tighten(struct effect *e, const struct cutset *cuts, const struct log_id *log)
{
	const struct mark *m = cutset_find(cuts, log);
	uint64_t limit = cutset_limit(cuts, log);

	if (limit < e->cut) {
		e->cut = limit;
		e->has_head = m != NULL && m->has_head;
		if (e->has_head)
			memcpy(e->head16, m->cut.head16, sizeof(e->head16));
	} else if (limit == e->cut && m != NULL && e->has_head) {
		e->has_head = m->has_head && memcmp(e->head16, m->cut.head16, sizeof(e->head16)) == 0;
	}
	if (!e->has_head)
		memset(e->head16, 0, sizeof(e->head16));
}

/* `e` comes zeroed, padding included: effects are compared as bytes. */
static void
find_effect(struct effect *e, const struct org *o, const struct eval *ev, const struct team_log *l)
{
	const struct standing *st = &ev->standing[l->subject];
	uint32_t i = l->has_grant ? held_index(ev->accepted_of, &l->grant) : NONE;

	e->cut = NO_LIMIT;
	e->fork = held_fork(o, &l->id);
	if (i != NONE && st->admit != NONE) {
		const struct node *n = &o->nodes[ev->accepted[i].node];

		e->opened = n->target == l->subject && grant_opens(ev, &n->op->u.grant, &l->id.stream);
		tighten(e, &ev->accepted[i].cuts, &l->id);
	}
	tighten(e, &st->cuts, &l->id);
}

static int
order_adopted(const void *a, const void *b)
{
	const struct adopted *x = a, *y = b;
	int order = memcmp(&x->log, &y->log, sizeof(x->log));

	if (order != 0)
		return order;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return memcmp(x->head16, y->head16, sizeof(x->head16));
}

/* An ADOPT counts by its own log's right and not by being adopted, and speaks only of its own team. */
static enum err_code
collect_adopted(const struct org *o, struct eval *ev, struct err *err)
{
	for (size_t i = 0; i < o->adoption_count; i++) {
		const struct adoption *a = &o->adoptions[i];
		uint32_t l = held_index(o->team_log_of, &a->log);

		if (l == NONE || !ev->effects[l].opened || a->seq >= ev->effects[l].cut || a->seq >= ev->effects[l].fork)
			continue;
		for (size_t k = 0; k < a->adopt.run_count; k++) {
			const struct adopt_run *run = &a->adopt.runs[k];
			struct adopted *room, *to;

			if (!SAME(run->stream, a->log.stream) || SAME(run->stream, ev->control))
				continue;
			room = mem_room(ev->adopted, ev->adopted_count, &ev->adopted_cap, sizeof(*room));
			if (room == NULL)
				return err_plain(err, ERR_NO_MEMORY);
			ev->adopted = room;
			to = &room[ev->adopted_count++];
			memset(to, 0, sizeof(*to));
			to->log = log_id_of(&run->author, &run->stream, &run->inc);
			to->from = run->from;
			to->to = run->to;
			memcpy(to->head16, run->head16, sizeof(to->head16));
		}
	}
	if (ev->adopted_count > 1)
		qsort(ev->adopted, ev->adopted_count, sizeof(*ev->adopted), order_adopted);
	return ERR_OK;
}

static void
hash_adopted(const struct org *o, struct eval *ev)
{
	for (size_t i = 0; i < ev->adopted_count; i++) {
		const struct adopted *a = &ev->adopted[i];
		uint32_t l = held_index(o->team_log_of, &a->log);
		uint8_t from[8], to[8];

		if (l == NONE)
			continue;
		be64_put(from, a->from);
		be64_put(to, a->to);
		HC(ev->effects[l].adopts, 16, BYTES_NONE, "fb1/adopted", BYTES(ev->effects[l].adopts, 16),
		   BYTES(from, 8), BYTES(to, 8), BYTES(a->head16, 16));
	}
}

enum err_code
eval_effects(const struct org *o, struct eval *ev, struct err *err)
{
	enum err_code rc;

	ev->effects = mem_zero(o->team_log_count + 1, sizeof(*ev->effects));
	if (ev->effects == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < o->team_log_count; i++)
		find_effect(&ev->effects[i], o, ev, &o->team_logs[i]);
	rc = collect_adopted(o, ev, err);
	if (rc == ERR_OK)
		hash_adopted(o, ev);
	return rc;
}

uint64_t
org_fork_point(const struct org *o, const struct log_key *log)
{
	struct log_id id = log_id_of(&log->author, &log->stream, &log->inc);

	return held_fork(o, &id);
}

/* The effect of a control log, put in the same form. */
static struct effect
control_effect(const struct org *o, const struct eval *ev, const struct log_id *log)
{
	struct device_id dev = device_id_of(&log->author);
	uint32_t s = held_index(o->subject_of, &dev);
	struct effect e = { .cut = NO_LIMIT, .fork = held_fork(o, log) };

	if (s == NONE || s >= ev->standing_count)
		return e;
	e.opened = ev->standing[s].admit != NONE || ev->standing[s].rank <= STRATUM_LAST;
	tighten(&e, &ev->standing[s].cuts, log);
	for (uint32_t t = 0; t < ev->standing[s].turn_count; t++) { /* a retired root: as far as all turns let it */
		const struct rootrot *turn = &o->nodes[ev->turns[ev->standing[s].turns + t].node].op->u.rootrot;
		struct cutset cuts = { .any = false };

		if (cutset_merge(&cuts, turn->cuts, turn->cut_count, NULL) != ERR_OK)
			e.cut = 0; /* out of memory: rather nothing than too much */
		tighten(&e, &cuts, log);
		cutset_free(&cuts);
	}
	return e;
}

static bool
holds(const struct org *o, const struct log_key *log, uint64_t seq, const uint8_t head16[16])
{
	return o->holds != NULL && o->holds(o->holds_ctx, log, seq, head16);
}

/* Without adoptions. */
static uint64_t
own_limit(const struct org *o, const struct log_key *log)
{
	struct log_id id = log_id_of(&log->author, &log->stream, &log->inc);
	uint32_t l = held_index(o->team_log_of, &id);
	struct effect e;
	uint64_t fork;

	if (o->now == NULL)
		return 0;
	if (SAME(id.stream, o->now->control))
		e = control_effect(o, o->now, &id);
	else if (l != NONE && o->team_logs[l].evaluated)
		e = o->team_logs[l].effect;
	else
		return 0;
	if (!e.opened || e.cut == 0)
		return 0;
	/* A branch that no FORK entry speaks of yet counts no further than where it leaves the log. */
	fork = log->is_branch && log->branch_seq < e.fork ? log->branch_seq : e.fork;
	if (e.cut <= fork)
		return e.cut;
	if (e.has_head && holds(o, log, e.cut - 1, e.head16))
		return e.cut; /* the cut names an entry of this branch: the fork is ignored */
	return fork;
}

bool
org_counts(const struct org *o, const struct log_key *log, uint64_t seq, bool on_every_branch)
{
	struct log_id id = log_id_of(&log->author, &log->stream, &log->inc);
	struct log_key trunk;
	struct effect e;

	if (o->now == NULL || !SAME(id.stream, o->now->control))
		return false;
	e = control_effect(o, o->now, &id);
	if (!e.opened || seq >= e.cut)
		return false;
	log_key_init(&trunk, &log->author, &log->stream, &log->inc);
	if (e.has_head && holds(o, &trunk, e.cut - 1, e.head16)) /* the cut says which history: a fork of the log is ignored */
		return holds(o, log, e.cut - 1, e.head16);
	return on_every_branch || seq < e.fork;
}

/* First run adopted from the log, or past the end. */
static size_t
first_adopted(const struct eval *ev, const struct log_id *log)
{
	size_t low = 0, high = ev->adopted_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(&ev->adopted[mid].log, log, sizeof(*log)) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The next counted run at or after *at; NULL when there is none. */
static const struct adopted *
next_adopted(const struct org *o, const struct log_key *key, const struct log_id *log, size_t *at)
{
	const struct eval *ev = o->now;

	for (; *at < ev->adopted_count && memcmp(&ev->adopted[*at].log, log, sizeof(*log)) == 0; ++*at)
		if (holds(o, key, ev->adopted[*at].to, ev->adopted[*at].head16))
			return &ev->adopted[(*at)++];
	return NULL;
}

uint64_t
org_limit(const struct org *o, const struct log_key *log)
{
	struct log_id id = log_id_of(&log->author, &log->stream, &log->inc);
	uint64_t limit = own_limit(o, log);
	const struct adopted *run;
	size_t at;

	if (o->now == NULL || o->now->adopted_count == 0 || limit == NO_LIMIT)
		return limit;
	at = first_adopted(o->now, &id);
	while ((run = next_adopted(o, log, &id, &at)) != NULL) /* in order of `from` */
		if (run->from <= limit && run->to >= limit)
			limit = run->to + 1;
	return limit;
}

uint64_t
org_wanted(const struct org *o, const struct log_key *log)
{
	struct log_id id = log_id_of(&log->author, &log->stream, &log->inc);
	uint64_t wanted = own_limit(o, log);

	for (size_t at = o->now != NULL ? first_adopted(o->now, &id) : 0; o->now != NULL && at < o->now->adopted_count; at++) {
		const struct adopted *run = &o->now->adopted[at];

		if (memcmp(&run->log, &id, sizeof(id)) != 0)
			break;
		if (wanted <= run->to)
			wanted = run->to + 1;
	}
	return wanted;
}

bool
org_effective(const struct org *o, const struct log_key *log, uint64_t seq)
{
	struct log_id id = log_id_of(&log->author, &log->stream, &log->inc);
	const struct adopted *run;
	size_t at;

	if (PLANTED(17) || seq < own_limit(o, log))
		return true;
	if (o->now == NULL || o->now->adopted_count == 0)
		return false;
	at = first_adopted(o->now, &id);
	while ((run = next_adopted(o, log, &id, &at)) != NULL)
		if (seq >= run->from && seq <= run->to)
			return true;
	return false;
}
