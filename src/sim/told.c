/*
 * What a station's person is told of an exchange, against what is so.
 *
 *   I9  the other side is said to speak a later version when it does, and only then; full, when it has a quota;
 *       in step, never with a hub that has no room for what is here
 */
#include "hub/hub.h"
#include "sim/play_internal.h"
#include "sim/world_internal.h"

/* The only machine of that device; NULL where two homes have its keys, or it has left. */
static const struct station *
machine_of(const struct play *p, const struct device_id *dev)
{
	const struct station *found = NULL;

	for (size_t i = 0; i < p->machines; i++) {
		if (p->copy[i] && SAME(p->stations[i]->device_id, *dev))
			return NULL;
		if (p->stations[i]->joined && SAME(p->stations[i]->device_id, *dev))
			found = p->stations[i];
	}
	return found;
}

static void
told(void *ctx, struct station *s, const struct peer_result *r)
{
	struct play *p = ctx;
	const struct station *other = r->known ? machine_of(p, &r->device) : NULL;

	if (r->code != ERR_OK || other == NULL)
		return;
	if (r->newer != (other->newest != 0))
		(void)play_fail(p, "I9", "n%zu is told that the program of n%zu is %s, and it is not", s->no, other->no, r->newer ? "newer" : "none newer");
	if (r->newer)
		mark(MARK_NEWER_PROGRAM);
	if (r->full && (!other->is_hub || (!p->had_quota && p->far == NULL))) /* a hub whose database is away has no room either */
		(void)play_fail(p, "I9", "n%zu is told that n%zu is full, and it has no quota", s->no, other->no);
	if (r->full)
		mark(MARK_TOLD_FULL);
}

void
told_listen(struct play *p)
{
	for (size_t i = 0; i < p->machines; i++) {
		p->stations[i]->told = told;
		p->stations[i]->told_ctx = p;
		p->stations[i]->newest = i < p->swarm.stations && p->swarm.newer_programs > 0 && play_chance(p, "program", p->swarm.newer_programs)
		                         ? NEWER_EXCHANGE : 0;
	}
}
