/*
 * How much of one control log counts under a cut: proto/org.md, 4 "An entry
 * of a control log counts".
 */
#include "org/org_internal.h"

static const struct node *
log_head_at(const struct org *o, const struct held_log *l, uint64_t seq, const uint8_t head16[16])
{
	for (uint32_t i = l->nodes; i != NONE; i = o->nodes[i].next)
		if (o->nodes[i].seq == seq && memcmp(o->nodes[i].id.b, head16, 16) == 0)
			return &o->nodes[i];
	return NULL;
}

static uint64_t
mark_ancestors(struct org *o, const struct node *head)
{
	uint64_t stamp = ++o->stamp;
	uint32_t i = held_index(o->node_of, &head->id);

	while (i != NONE && o->nodes[i].log == head->log) {
		o->nodes[i].mark = stamp;
		i = o->nodes[i].seq == 0 ? NONE : held_index(o->node_of, &o->nodes[i].prev);
	}
	return stamp;
}

struct reach
reach_under(struct org *o, const struct cutset *cuts, const struct held_log *l)
{
	struct reach reach = { NO_LIMIT, held_fork(o, &l->id), 0 };
	const struct mark *m;
	const struct node *head;

	if (!cuts->any)
		return reach;
	reach.cut = cutset_limit(cuts, &l->id);
	m = cutset_find(cuts, &l->id);
	if (m == NULL || !m->has_head)
		return reach;
	head = log_head_at(o, l, (uint64_t)m->cut.seq, m->cut.head16);
	if (head != NULL)
		reach.stamp = mark_ancestors(o, head);
	return reach;
}

bool
reach_has(const struct reach *reach, const struct node *n)
{
	if (reach->stamp != 0)
		return n->mark == reach->stamp;
	/* A fork can never undo a removal: those count on every branch. */
	return n->seq < reach->cut && (is_removal(n) || n->seq < reach->fork);
}
