/*
 * What an operator does to the hub: how much room an organisation has there,
 * in bytes, entries, devices and links. It changes nothing but where things
 * are: what a full hub has no room for it does not sign for, and nobody takes
 * it for kept.
 *
 *   I1   what the hub has signed for it holds, full or not
 *   I10  a full hub takes in nothing more of teams
 *
 * After healing there is room again.
 */
#include "hub/hub_internal.h"
#include "log/entry.h"
#include "sim/act_internal.h"
#include "sim/world_internal.h"

static struct tenant *
tenant_of(struct play *p)
{
	struct station *hub = p->stations[p->swarm.stations];

	return station_runs(hub) && !station_power_went(hub) && !replica_away(station_replica(hub)) ? hub_tenant(hub->hub, 0) : NULL;
}

static uint64_t
entries_of_teams(struct play *p)
{
	struct replica *r = station_replica(p->stations[p->swarm.stations]);
	struct stream_id control = control_stream(org_id(replica_org(r)));
	uint64_t n = 0;

	for (size_t log = 0; log < replica_log_count(r); log++)
		n += SAME(replica_log_at(r, log)->key.stream, control) ? 0 : replica_log_at(r, log)->len;
	return n;
}

static bool
set_quota(struct play *p, const struct hub_quota *q)
{
	size_t hub = p->swarm.stations;
	struct err err = ERR_INIT;
	enum err_code rc = tenant_set_quota(tenant_of(p), q, &err);

	p->full = false;
	p->had_quota = true;
	trace_line(world_trace(p->world), "n%zu: room for %llu bytes, %llu entries, %llu devices, %llu links: %s", hub, (unsigned long long)q->bytes,
	           (unsigned long long)q->entries, (unsigned long long)q->devices, (unsigned long long)q->links, rc == ERR_OK ? "ok" : err.text);
	return rc == ERR_OK || act_excused(p, hub, "setting a quota", &err);
}

bool
act_quota(struct play *p, size_t i)
{
	uint64_t what = play_below(p, "what", 6), more = play_below(p, "more", 12);
	struct hub_quota q = { 0, 0, 0, 0 };
	struct tenant_status st;

	(void)i;
	if (tenant_of(p) == NULL)
		return true;
	tenant_status(tenant_of(p), &st);
	q.entries = what < 2 ? st.entries + more : 0; /* at times less than it holds already, since 0 is no limit and 1 is one */
	q.bytes = what == 2 ? st.file_bytes + more * 2048 : 0;
	q.devices = what == 3 ? 1 + more % 4 : 0;
	q.links = what == 4 ? 1 + more % 2 : 0;
	if (!set_quota(p, &q))
		return false;
	mark(MARK_QUOTA);
	struck(STRUCK_QUOTA);
	return play_judge_custody(p, p->swarm.stations);
}

void
hub_watch_room(void *play)
{
	struct play *p = play;
	struct station *hub = p->stations[p->swarm.stations];
	struct tenant *t = tenant_of(p);

	if (t == NULL || !t->is_full || p->full_opens != hub->opens)
		p->full = false; /* what is deleted makes room, and a store that is written anew does */
	if (t == NULL || !t->is_full || p->full)
		return;
	p->full = true;
	p->full_teams = entries_of_teams(p);
	p->full_opens = hub->opens;
}

bool
hub_judge_room(struct play *p)
{
	struct tenant *t = play_has_hub(p) ? tenant_of(p) : NULL;
	uint64_t now;

	if (t == NULL || play_store_struck(p)) /* what was committed and not told of comes to light later */
		p->full = false;
	if (t == NULL)
		return true;
	hub_watch_room(p);
	if (!p->full)
		return true;
	mark(MARK_HUB_FULL);
	now = entries_of_teams(p);
	return now <= p->full_teams ||
	       play_fail(p, "I10", "the hub is full and has taken in %llu entries of teams since", (unsigned long long)(now - p->full_teams));
}

bool
hub_make_room(struct play *p)
{
	const struct hub_quota none = { 0, 0, 0, 0 };

	return !play_has_hub(p) || tenant_of(p) == NULL || set_quota(p, &none);
}
