/*
 * Who is let in, and who is given keys, by a person's decision: the trustees
 * admit somebody themselves, as if no coordinator were left; a team's keys are
 * given by hand, and then somebody says yes or no.
 *
 *   I4  whom the root admitted belongs, everywhere
 *   I4  while a device holds that a team's keys are given by hand, it gives none by itself
 *   I9  a key that was refused is listed as refused
 */
#include "log/entry.h"
#include "node/root.h"
#include "node/tend.h"
#include "sim/act_internal.h"
#include "sim/world_internal.h"

/* ---- root admit ---- */

bool
act_rooted(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct node_admission a = { .role = ROLE_ADVISOR, .teams = &p->team, .team_count = 1 };
	struct node_root *root = NULL;
	struct err err = ERR_INIT;
	struct join_request req;
	uint8_t card[16];
	enum err_code rc;

	if (p->rooted || p->turned || node_self(s->node) == NULL || node_self(s->node)->gone)
		return true;
	leave_request(s->node, "Inbjuden", card, &req);
	rc = trustees_enter(p, s->node, &root, &err);
	a.root = root;
	if (rc == ERR_OK)
		rc = node_root_admit(s->node, &req, &a, &p->rooted_device, &err);
	if (rc == ERR_OK)
		rc = node_commit(s->node, &err);
	else
		node_drop(s->node);
	node_root_leave(root);
	trace_line(world_trace(p->world), "n%zu: the trustees admit somebody: %s", i, rc == ERR_OK ? "ok" : err.text);
	if (rc != ERR_OK)
		return act_excused(p, i, "an admission by the root", &err);
	if (station_power_went(s))
		return true;
	p->rooted = true;
	p->rooted_at = i;
	mark(MARK_ROOT_ADMITTED);
	return true;
}

bool
grant_judge(struct play *p)
{
	/* What the old root signed counts only where the handing over had heard of it. */
	if (!p->rooted || p->turned || play_may_be_gone(p, p->rooted_at))
		return true;
	for (size_t i = 0; i < p->swarm.stations; i++) {
		const struct org_device *d = org_device_by_id(node_org(p->stations[i]->node), &p->rooted_device);

		if (d == NULL || !org_device_live(d) || !org_reads(node_org(p->stations[i]->node), &p->team, &p->rooted_device))
			return play_fail(p, "I4", "n%zu does not count among the members whom the root has admitted", i);
	}
	return true;
}

/* ---- keys by hand ---- */

static bool
count_grant(void *ctx, const struct entry *e)
{
	*(uint64_t *)ctx += e->h.kind == KIND_KEYGRANT;
	return true;
}

/* KEYGRANTs that station i has written in the team, in every log of its own. */
static uint64_t
grants_of(struct play *p, size_t i)
{
	struct replica *r = station_replica(p->stations[i]);
	uint64_t n = 0;

	for (size_t log = 0; log < replica_log_count(r); log++) {
		const struct log_head *h = replica_log_at(r, log);

		if (SAME(h->key.author, station_keys(p->stations[i])->device.sign_pk) && SAME(h->key.stream, p->team) && !h->key.is_branch)
			(void)!replica_scan(r, log, 0, h->len, false, count_grant, &n, NULL); /* a read that meets a fault counts less, twice */
	}
	return n;
}

static bool
set_by_hand(struct play *p, size_t i, bool on)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	enum err_code rc = node_set_team_by_hand(s->node, &p->team, on, &err);

	if (rc == ERR_OK)
		rc = node_commit(s->node, &err);
	else
		node_drop(s->node);
	p->by_hand = true;
	trace_line(world_trace(p->world), "n%zu: keys of the team are given %s: %s", i, on ? "by hand" : "by themselves", rc == ERR_OK ? "ok" : err.text);
	return rc == ERR_OK || act_excused(p, i, "saying how keys are given", &err);
}

static bool
answer(struct play *p, size_t i, const struct node_key_wait *w, bool yes)
{
	struct station *s = p->stations[i];
	struct node_key_wait now[8];
	struct err err = ERR_INIT;
	enum err_code rc = node_answer_key(s->node, w, yes, &err);
	size_t n;

	if (rc == ERR_OK)
		rc = node_commit(s->node, &err);
	else
		node_drop(s->node);
	trace_line(world_trace(p->world), "n%zu: %s that somebody gets a key: %s", i, yes ? "agrees" : "refuses", rc == ERR_OK ? "ok" : err.text);
	if (rc != ERR_OK)
		return act_excused(p, i, "answering for a key", &err);
	mark(yes ? MARK_KEY_GIVEN : MARK_KEY_REFUSED);
	if (yes || station_power_went(s))
		return true;
	n = node_keys_waiting(s->node, now, COUNT_OF(now));
	for (size_t k = 0; k < n && k < COUNT_OF(now); k++)
		if (memcmp(now[k].id, w->id, sizeof(w->id)) == 0 && !now[k].refused)
			return play_fail(p, "I9", "n%zu asks again for a key that was refused", i);
	return true;
}

/* A round of what a device does by itself. */
static bool
tend_by_hand(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	bool hand = node_team_by_hand(s->node, &p->team);
	uint64_t before = grants_of(p, i);
	struct err err = ERR_INIT;

	if (station_give_keys(s, &err) != ERR_OK)
		return act_excused(p, i, "tending its keys", &err);
	return !hand || p->hurt[i] || grants_of(p, i) <= before ||
	       play_fail(p, "I4", "n%zu gives a key by itself, of a team whose keys are given by hand", i);
}

bool
act_hand(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	uint64_t what = play_below(p, "what", 6);
	struct node_key_wait w[8];
	size_t n;

	if (node_self(s->node) == NULL || node_self(s->node)->gone)
		return true;
	if (what < 2)
		return !p->coordinator[i] || set_by_hand(p, i, what == 0);
	if (!tend_by_hand(p, i) || station_power_went(s))
		return p->report->finding.invariant[0] == '\0';
	n = node_keys_waiting(s->node, w, COUNT_OF(w));
	n = n < COUNT_OF(w) ? n : COUNT_OF(w);
	return n == 0 || answer(p, i, &w[play_below(p, "which", n)], what < 4);
}

/* Whoever may says yes to whatever still waits. */
bool
grant_settle(struct play *p, size_t i)
{
	struct node_key_wait w[8];
	struct err err = ERR_INIT;
	size_t n = p->by_hand ? node_keys_waiting(p->stations[i]->node, w, COUNT_OF(w)) : 0;

	for (size_t k = 0; k < n && k < COUNT_OF(w); k++)
		if (node_answer_key(p->stations[i]->node, &w[k], true, &err) != ERR_OK || node_commit(p->stations[i]->node, &err) != ERR_OK)
			return play_fail(p, "I9", "n%zu cannot give a key that it was told to give: %s", i, err.text);
	return true;
}
