/*
 * One person, two records: somebody says that they are the same, or takes it
 * back, while others who have not heard say something else.
 *
 *   I1, I2  a merge that was saved is there, at both ends, or at neither
 *   I3      at the end everybody finds the same record behind each, and it is one that the links lead to
 *
 * The account is a list of links, each with those that its author saw and
 * replaced; what stands is what no link that is there replaces.
 */
#include <stdio.h>

#include "base/mem.h"
#include "casework/marks.h"
#include "log/entry.h"
#include "sim/act_internal.h"
#include "sim/world_internal.h"

static void
note_seen(struct play *p, struct link_made *l, const struct record *r)
{
	size_t n = 0;
	const struct value *v = record_values(r, MARK_MERGED_INTO, &n);

	for (size_t k = 0; k < n; k++)
		for (size_t m = 0; m < p->link_count; m++)
			if (memcmp(p->links[m].entry[0], v[k].dot.entry, 16) == 0)
				l->over |= UINT64_C(1) << m;
}

static enum err_code
mark_one(struct play *p, size_t i, size_t rec, uint8_t op, size_t other, uint8_t entry[16], struct err *err)
{
	struct node *n = p->stations[i]->node;
	struct hash id;
	struct draft d;
	enum err_code rc;

	draft_init(&d, profile_type_named(node_profile(n), "case"), model_record_id(p->model, rec));
	rc = draft_mark_merge(&d, op, model_record_id(p->model, other), err);
	if (rc == ERR_OK)
		rc = node_write(n, &p->team, &d, &id, err);
	draft_free(&d);
	if (rc == ERR_OK)
		memcpy(entry, id.b, 16);
	return rc;
}

/* As `merge` and `unmerge` do it: both ends in one batch. */
static bool
tie(struct play *p, size_t i, size_t rec, size_t to, bool together, const struct record *seen)
{
	struct station *s = p->stations[i];
	struct link_made *l = &p->links[p->link_count];
	struct err err = ERR_INIT;
	enum err_code rc;

	*l = (struct link_made){ .by = i, .record = rec, .to = to, .together = together, .fate = FATE_REFUSED };
	note_seen(p, l, seen);
	rc = mark_one(p, i, rec, together ? OP_SET : OP_CLEAR, to, l->entry[0], &err);
	if (rc == ERR_OK)
		rc = mark_one(p, i, to, together ? OP_ADD : OP_REMOVE, rec, l->entry[1], &err);
	if (rc == ERR_OK) {
		p->link_count++;
		rc = node_commit(s->node, &err);
		l->fate = rc == ERR_OK && !station_power_went(s) && !p->was_put_back[i] ? FATE_SAVED : FATE_DOUBTFUL;
	} else {
		node_drop(s->node);
	}
	trace_line(world_trace(p->world), "n%zu: record %zu and %zu are %s: %s", i, rec, to, together ? "one" : "two again", rc == ERR_OK ? "ok" : err.text);
	if (rc == ERR_OK)
		mark(together ? MARK_MERGED : MARK_PARTED_AGAIN);
	return rc == ERR_OK || act_excused(p, i, "merging", &err);
}

static bool
number_of(struct play *p, const struct record_id *id, size_t *out)
{
	for (size_t k = 0; k < model_record_count(p->model); k++)
		if (SAME(*model_record_id(p->model, k), *id)) {
			*out = k;
			return true;
		}
	return false;
}

/* The record as station i shows it, or NULL. */
static struct record *
shown(struct play *p, size_t i, size_t rec)
{
	struct record *r = sim_must(record_new(model_record_id(p->model, rec)));
	struct err err = ERR_INIT;

	if (node_record(p->stations[i]->node, model_record_id(p->model, rec), r, NULL, &err) == ERR_OK)
		return r;
	record_free(r);
	return NULL;
}

bool
act_merge(struct play *p, size_t i)
{
	size_t rec = (size_t)play_below(p, "record", p->swarm.records), to = (size_t)play_below(p, "to", p->swarm.records);
	struct record *one = shown(p, i, rec), *other = shown(p, i, to);
	struct record_id into, a, b;
	bool ok = true;

	if (one == NULL || p->link_count == LINKS_MADE_MAX)
		;
	else if (record_merged_into(one, &into)) {
		if (number_of(p, &into, &to) && !node_is_erased(p->stations[i]->node, &into, NULL))
			ok = tie(p, i, rec, to, false, one);
	} else if (other != NULL && rec != to) {
		node_same_as(p->stations[i]->node, record_id_of(one), &a);
		node_same_as(p->stations[i]->node, record_id_of(other), &b);
		if (!SAME(a, b))
			ok = tie(p, i, rec, to, true, one);
	}
	record_free(one);
	record_free(other);
	return ok;
}

/* ---- the account ---- */

struct links_held { struct play *p; bool (*held)[2]; };

static bool
look_for(void *ctx, const struct entry *e)
{
	struct links_held *h = ctx;

	for (size_t k = 0; k < h->p->link_count; k++)
		for (size_t end = 0; end < 2; end++)
			h->held[k][end] = h->held[k][end] || memcmp(h->p->links[k].entry[end], e->id.b, 16) == 0;
	return true;
}

/* Which links are there: bit k for link k. */
static bool
take_stock(struct play *p, uint64_t *there)
{
	struct replica *r = station_replica(p->stations[0]);
	bool held[LINKS_MADE_MAX][2] = { { false } };
	struct links_held h = { p, held };

	*there = 0;
	for (size_t log = 0; log < replica_log_count(r); log++)
		if (!replica_log_at(r, log)->key.is_branch && SAME(replica_log_at(r, log)->key.stream, p->team) &&
		    replica_scan(r, log, 0, replica_log_at(r, log)->len, true, look_for, &h, NULL) != ERR_OK)
			return play_fail(p, "I2", "n0: a log cannot be read");
	for (size_t k = 0; k < p->link_count; k++) {
		const struct link_made *l = &p->links[k];
		bool whole = held[k][0] && held[k][1];

		if (held[k][0] != held[k][1] && !play_may_be_gone(p, l->by))
			return play_fail(p, "I2", "of link %zu by n%zu one end is there", k, l->by);
		if (l->fate == FATE_SAVED && !whole && !play_may_be_gone(p, l->by))
			return play_fail(p, "I1", "link %zu by n%zu was saved and is not there", k, l->by);
		*there |= held[k][0] ? UINT64_C(1) << k : 0;
	}
	return true;
}

/* The records that `rec` may lead to at once. */
static uint64_t
leads_to(struct play *p, size_t rec, uint64_t there)
{
	uint64_t replaced = 0, to = 0;

	for (size_t k = 0; k < p->link_count; k++)
		if ((there >> k & 1) != 0 && p->links[k].record == rec)
			replaced |= p->links[k].over;
	for (size_t k = 0; k < p->link_count; k++)
		if ((there >> k & 1) != 0 && (replaced >> k & 1) == 0 && p->links[k].record == rec && p->links[k].together)
			to |= UINT64_C(1) << p->links[k].to;
	return model_is_buried(p->model, rec) ? 0 : to;
}

/* All records that links lead to from `rec`, by one step or more. */
static uint64_t
reach(struct play *p, size_t rec, uint64_t there)
{
	uint64_t seen = leads_to(p, rec, there), before = 0;

	while (seen != before) {
		before = seen;
		for (size_t k = 0; k < model_record_count(p->model); k++)
			seen |= (before >> k & 1) != 0 ? leads_to(p, k, there) : 0;
	}
	return seen;
}

/* Where no link goes on, or anywhere in a circle; where people disagreed any of the ways may have been taken. */
static bool
may_end(struct play *p, size_t rec, size_t end, uint64_t there)
{
	uint64_t way = reach(p, rec, there), from_end = reach(p, end, there);

	return way == 0 ? end == rec : (way >> end & 1) != 0 && (from_end == 0 || (from_end >> end & 1) != 0);
}

static bool
judge_record(struct play *p, size_t rec, uint64_t there)
{
	struct record_id first, other;
	size_t end;

	node_same_as(p->stations[0]->node, model_record_id(p->model, rec), &first);
	if (!number_of(p, &first, &end))
		return play_fail(p, "I5", "n0: record %zu is the same as one that nobody knows", rec);
	if (!may_end(p, rec, end, there))
		return play_fail(p, "I3", "n0: record %zu is the same as %zu, which no link says", rec, end);
	for (size_t i = 1; i < p->swarm.stations; i++) {
		node_same_as(p->stations[i]->node, model_record_id(p->model, rec), &other);
		if (!SAME(first, other))
			return play_fail(p, "I3", "n%zu and n0 take record %zu for the same as different ones", i, rec);
	}
	if (end != rec)
		mark(MARK_SAME_AS);
	return true;
}

bool
merge_judge(struct play *p)
{
	uint64_t there;

	if (p->link_count == 0)
		return true;
	if (!take_stock(p, &there))
		return false;
	for (size_t rec = 0; rec < model_record_count(p->model); rec++)
		if (!judge_record(p, rec, there))
			return false;
	return true;
}
