/*
 * Who is a root. The rotation key that the present root committed to hands it
 * over; a ROOTROT proves itself by that key's signature, so all stored ones
 * are looked at before the strata, whoever carries them.
 *
 *   GENESIS.root_pk ── turn ──> new_root ── turn ──> new_root …
 *        retired                 retired              current
 *
 * Two different turns by one rotation key: contested. Nobody can say which
 * was first, so neither gives a right, and no removal is undone.
 * Spec: proto/org.md, 4 "Roots".
 */
#include <stdlib.h>

#include "base/mem.h"
#include "org/org_internal.h"

static enum err_code
add_root(struct eval *ev, const struct author *pk, uint32_t subject, enum org_root_state state, struct err *err)
{
	struct root *room = mem_room(ev->roots, ev->root_count, &ev->root_cap, sizeof(*room));

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	ev->roots = room;
	room[ev->root_count++] = (struct root){ subject, { *pk, state } };
	ev->standing[subject].rank = 0;
	ev->standing[subject].only_removes = state == ROOT_CONTESTED;
	return ERR_OK;
}

static bool
has_been_root(const struct eval *ev, uint32_t subject)
{
	for (size_t i = 0; i < ev->root_count; i++)
		if (ev->roots[i].subject == subject)
			return true;
	return false;
}

/* The signature is checked once in the life of an entry. */
static enum err_code
rotation_signed(const struct eval *ev, struct node *n, uint8_t digest[32], bool *ok, struct err *err)
{
	const struct rootrot *t = &n->op->u.rootrot;

	if (!rootrot_digest(digest, &ev->id, t))
		return err_plain(err, ERR_NO_MEMORY);
	if (n->kill_tried != 0) {
		n->kill_tried = 0;
		n->kill_ok = verify_digest(t->rotation_sig, "fb1/root/sig", digest, t->rotation_pk.b);
	}
	*ok = n->kill_ok;
	return ERR_OK;
}

static enum err_code
add_turn(struct eval *ev, size_t first, uint32_t node, const uint8_t digest[32], struct err *err)
{
	struct turn *room;

	for (size_t i = first; i < ev->turn_count; i++)
		if (memcmp(ev->turns[i].digest, digest, sizeof(ev->turns[i].digest)) == 0)
			return ERR_OK; /* the same one, carried twice */
	room = mem_room(ev->turns, ev->turn_count, &ev->turn_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	ev->turns = room;
	room[ev->turn_count].node = node;
	memcpy(room[ev->turn_count++].digest, digest, sizeof(room->digest));
	return ERR_OK;
}

static int
order_turns(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return memcmp(x->digest, y->digest, sizeof(x->digest));
}

/* The different turns by the key that is wanted, ascending; from ev->turns[first] on. */
static enum err_code
find_turns(struct org *o, struct eval *ev, size_t first, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < o->node_count && rc == ERR_OK; i++) {
		struct node *n = &o->nodes[i];
		uint8_t hash[32], digest[32];
		bool ok = false;

		if (n->kind != KIND_ROOTROT || n->op == NULL || !SAME(o->logs[n->log].id.stream, ev->control) ||
		    has_been_root(ev, n->target))
			continue;
		rotation_hash(hash, &n->op->u.rootrot.rotation_pk);
		if (memcmp(hash, ev->next_root_hash, sizeof(hash)) != 0)
			continue;
		rc = rotation_signed(ev, n, digest, &ok, err);
		if (rc == ERR_OK && ok)
			rc = add_turn(ev, first, (uint32_t)i, digest, err);
	}
	if (ev->turn_count - first > 1)
		qsort(ev->turns + first, ev->turn_count - first, sizeof(*ev->turns), order_turns);
	return rc;
}

/* For each entry of a retired root: under how many of the turns that retired it it counts. */
static enum err_code
weigh(struct org *o, const struct eval *ev, uint32_t s, struct err *err)
{
	const struct standing *st = &ev->standing[s];
	enum err_code rc = ERR_OK;

	for (uint32_t l = o->subjects[s].logs; l != NONE; l = o->logs[l].next)
		for (uint32_t i = o->logs[l].nodes; i != NONE; i = o->nodes[i].next)
			o->nodes[i].kept = 0;
	for (uint32_t t = 0; t < st->turn_count && rc == ERR_OK; t++) {
		const struct rootrot *turn = &o->nodes[ev->turns[st->turns + t].node].op->u.rootrot;
		struct cutset cuts = { .any = false };

		rc = cutset_merge(&cuts, turn->cuts, turn->cut_count, err);
		for (uint32_t l = o->subjects[s].logs; l != NONE && rc == ERR_OK; l = o->logs[l].next) {
			struct reach reach = reach_under(o, &cuts, &o->logs[l]);

			for (uint32_t i = o->logs[l].nodes; i != NONE; i = o->nodes[i].next)
				o->nodes[i].kept += reach_has(&reach, &o->nodes[i]);
		}
		cutset_free(&cuts);
	}
	return rc;
}

static enum err_code
retire(struct org *o, struct eval *ev, size_t first, struct err *err)
{
	struct root *old = &ev->roots[ev->root_count - 1];
	struct standing *st = &ev->standing[old->subject];

	old->public.state = ROOT_RETIRED;
	st->turns = (uint32_t)first;
	st->turn_count = (uint32_t)(ev->turn_count - first);
	return weigh(o, ev, old->subject, err);
}

/* What the turns name becomes the root, or several contested ones. False in *on: the succession ends here. */
static enum err_code
succeed(struct org *o, struct eval *ev, size_t first, bool *on, struct err *err)
{
	bool contested = ev->turn_count - first > 1;
	enum err_code rc = ERR_OK;

	*on = !contested;
	ev->has_next = false;
	for (size_t i = first; i < ev->turn_count && rc == ERR_OK; i++) {
		const struct node *n = &o->nodes[ev->turns[i].node];
		const struct rootrot *t = &n->op->u.rootrot;

		if (has_been_root(ev, n->target)) /* two turns that name one key */
			continue;
		rc = add_root(ev, &t->new_root, n->target, contested ? ROOT_CONTESTED : ROOT_CURRENT, err);
		if (contested || !t->has_next)
			continue;
		for (size_t k = 0; k < first; k++) { /* a hash that has been wanted before leads nowhere */
			uint8_t spent[32];

			rotation_hash(spent, &o->nodes[ev->turns[k].node].op->u.rootrot.rotation_pk);
			*on = *on && memcmp(spent, t->next_root_hash, sizeof(spent)) != 0;
		}
		*on = *on && memcmp(ev->next_root_hash, t->next_root_hash, sizeof(ev->next_root_hash)) != 0;
		ev->has_next = *on;
		memcpy(ev->next_root_hash, t->next_root_hash, sizeof(ev->next_root_hash));
	}
	return rc;
}

static int
order_contested(const void *a, const void *b)
{
	const struct root *x = a, *y = b;

	return memcmp(x->public.pk.b, y->public.pk.b, sizeof(x->public.pk.b));
}

enum err_code
eval_roots(struct org *o, struct eval *ev, struct err *err)
{
	const struct genesis *g = ev->genesis;
	enum err_code rc = add_root(ev, &g->root_pk, o->nodes[o->genesis].target, ROOT_CURRENT, err);
	bool on = g->has_next_root;

	ev->has_next = g->has_next_root;
	memcpy(ev->next_root_hash, g->next_root_hash, sizeof(ev->next_root_hash));
	while (rc == ERR_OK && on && ev->has_next) {
		size_t first = ev->turn_count, roots = ev->root_count;

		rc = find_turns(o, ev, first, err);
		if (rc != ERR_OK || ev->turn_count == first)
			break;
		rc = retire(o, ev, first, err);
		if (rc == ERR_OK)
			rc = succeed(o, ev, first, &on, err);
		if (ev->root_count - roots > 1)
			qsort(ev->roots + roots, ev->root_count - roots, sizeof(*ev->roots), order_contested);
	}
	return rc;
}

/* ---- questions ---- */

size_t
org_root_count(const struct org *o)
{
	return o->now == NULL ? 0 : o->now->root_count;
}

const struct org_root *
org_root_at(const struct org *o, size_t i)
{
	return &o->now->roots[i].public;
}

bool
org_is_root(const struct org *o, const struct author *a)
{
	for (size_t i = 0; i < org_root_count(o); i++)
		if (SAME(org_root_at(o, i)->pk, *a))
			return true;
	return false;
}

const struct author *
org_root(const struct org *o)
{
	const struct org_root *last = org_root_count(o) == 0 ? NULL : org_root_at(o, org_root_count(o) - 1);

	return last != NULL && last->state == ROOT_CURRENT ? &last->pk : NULL;
}

bool
org_next_root(const struct org *o, uint8_t hash[32])
{
	if (o->now == NULL || !o->now->has_next)
		return false;
	memcpy(hash, o->now->next_root_hash, 32);
	return true;
}

bool
org_speaks(const struct org *o, const struct author *a)
{
	struct device_id dev = device_id_of(a);
	uint32_t s = held_index(o->subject_of, &dev);

	return (s != NONE && o->subjects[s].admits != NONE) || org_is_root(o, a);
}
