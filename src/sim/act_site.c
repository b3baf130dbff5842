/*
 * A pop-up site is closed: what was written there is brought to others, and
 * when all of it is proved to be elsewhere the home is destroyed, while the
 * power may go. The same table is later another device, of the same person.
 *
 *   I9  what was proved to be elsewhere is elsewhere (wipe.c)
 *   I2  a wipe that was stopped leaves a home that opens, or one that can be finished
 *   I1  nothing that was written there is missing at the end
 *
 * Only where the disk was never put back and no second home has its keys.
 */
#include <stdio.h>

#include "base/mem.h"
#include "sim/act_internal.h"
#include "sim/world_internal.h"

enum { ROUNDS = 3 };

static bool
is_proven(struct node *n)
{
	struct node_proof *proof = sim_must(mem_zero(1, sizeof(*proof)));
	bool proven;

	node_proof(n, proof);
	proven = proof->lacking == 0;
	mem_free(proof);
	return proven;
}

/* Nobody who signed for anything has forgotten or destroyed it: only then is a proof worth what it says. */
static bool
keepers_keep(const struct play *p, size_t i)
{
	if (play_has_hub(p))
		return !p->lost[p->swarm.stations];
	for (size_t k = 0; k < p->machines; k++)
		if (k != i && p->lost[k])
			return false;
	return true;
}

/* The hub where there is one: only its word counts then. */
static bool
exchange(struct play *p, size_t i, size_t with)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;

	if (!play_ensure_up(p, with))
		return false;
	if (!station_runs(s)) /* what the other's start awoke has ended this one, too */
		return true;
	if (station_meet(s, p->stations[with], &err) != ERR_OK)
		return act_excused(p, i, "dialling", &err);
	world_run(p->world, 4 * NS_PER_S);
	if (station_runs(s) && !station_power_went(s) && station_give_keys(s, &err) != ERR_OK)
		return act_excused(p, i, "tending its keys", &err);
	return true;
}

bool
play_leave(struct play *p, size_t i, size_t with)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;

	if (!node_must_leave(s->node))
		return true;
	if (node_leave(s->node, &err) != ERR_OK)
		return act_excused(p, i, "leaving", &err);
	return exchange(p, i, with);
}

/* The table stands again with a laptop that nobody has used yet. */
static void
begin_anew(struct play *p, size_t i)
{
	struct station *s = p->stations[i];

	s->joined = s->admitted = s->started = false;
	s->has_closed_hash = false;
	p->drafts[i] = (struct expected_draft){ .doubtful = false };
	p->backup[i].made = false;
	if (p->image[i] != NULL) {
		disk_image_free(p->image[i]);
		p->image[i] = NULL;
	}
	model_leave(p->model, i);
	p->left_site[i] = true;
	mark(MARK_SITE_CLOSED);
	struck(STRUCK_SITE_CLOSED);
}

static bool
close_one(struct play *p, size_t i, size_t with, bool *gone)
{
	struct station *s = p->stations[i];

	*gone = false;
	if (p->coordinator[i] || p->lost[i] || p->copy[i] || p->may_fork[i] || !keepers_keep(p, i) || p->options->lying || i == with || p->swarm.sticks_only)
		return true;
	for (int round = 0; round < ROUNDS && station_runs(s) && !is_proven(s->node); round++)
		if (!exchange(p, i, with))
			return false;
	if (!station_runs(s) || station_power_went(s) || p->hurt[i] || !is_proven(s->node))
		return true;
	if (!play_judge_proof(p, i) || !play_leave(p, i, with))
		return false;
	if (!station_runs(s) || station_power_went(s) || p->hurt[i] || !is_proven(s->node))
		return true; /* nobody has acknowledged it: it goes on, and what it writes takes it back */
	if (!play_judge_proof(p, i))
		return false;
	station_add_secrets(s);
	if (!play_wipe_one(p, i, gone))
		return false;
	if (*gone)
		begin_anew(p, i);
	return true;
}

/* Who counted on the home that is gone counts on others now. */
static bool
judge_who_stay(struct play *p)
{
	for (size_t k = 0; k < p->swarm.stations; k++)
		if (!play_judge_proof(p, k))
			return false;
	return true;
}

/*
 * Who stays has just written something, at times, and has it from the one that goes that it is kept. Two tables that stood
 * together close one after the other, at times: what the first has heard is then with the second alone.
 */
bool
act_close_site(struct play *p, size_t i)
{
	size_t with = play_has_hub(p) ? p->swarm.stations : act_some_station(p);
	bool gone;

	if (!play_has_hub(p) && with != i && play_chance(p, "with-writes", 500) && (!play_ensure_up(p, with) || !act_write(p, with)))
		return false;
	if (!station_runs(p->stations[i])) /* what the other's start awoke has ended this one, too */
		return true;
	if (!close_one(p, i, with, &gone) || (gone && !judge_who_stay(p)))
		return false;
	if (!gone || play_has_hub(p) || with == i || !play_chance(p, "then-with", 500) || !play_ensure_up(p, with))
		return p->report->finding.invariant[0] == '\0';
	return close_one(p, with, act_some_station(p), &gone);
}
