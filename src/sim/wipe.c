/*
 * A machine that may be wiped: whenever a station finds proof that others
 * hold all it wrote and heard, they must. At the end one station is wiped while the
 * power may go at any step, and opens as it was or never again.
 *
 *   I9: what a station takes for proved to be elsewhere is elsewhere, whoever wrote it
 *   I2: a wipe that was stopped leaves a home that works, or one that can be finished
 */
#include "base/mem.h"
#include "base/table.h"
#include "sim/play_internal.h"
#include "sim/world_internal.h"

static bool
note_entry(void *ctx, const struct entry *e)
{
	(void)sim_must(table_put(ctx, e->id.b));
	return true;
}

static bool
held_by(struct station *s, struct table *ids)
{
	struct replica *r = station_replica(s);
	struct err err = ERR_INIT;

	for (size_t log = 0; log < replica_log_count(r); log++)
		if (replica_scan(r, log, replica_log_at(r, log)->key.branch_seq, replica_log_at(r, log)->len, true, note_entry, ids, &err) != ERR_OK)
			return false;
	return true;
}

/* Ids of all entries that the machines but this one hold. False: one of them cannot be asked just now, or has lost its disk. */
static bool
held_by_others(struct play *p, size_t i, struct table *ids)
{
	for (size_t k = 0; k < p->machines; k++) {
		if (k == i || !(p->stations[k]->joined || p->stations[k]->is_hub || k == 0))
			continue;
		if (!station_runs(p->stations[k]) || p->hurt[k] || p->lost[k] || disk_dead(host_disk(p->stations[k]->host)))
			return false;
		if (!held_by(p->stations[k], ids))
			return false;
	}
	return true;
}

bool
play_judge_proof(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct node_proof *proof;
	struct table *ids;
	bool ok = true;

	if (p->options->lying || !station_runs(s) || s->node == NULL || p->hurt[i] || p->was_put_back[i] || replica_pending(node_replica(s->node)) > 0)
		return true;
	proof = sim_must(mem_zero(1, sizeof(*proof)));
	ids = sim_must(table_new(sizeof(((struct write *)0)->entry)));
	node_proof(s->node, proof);
	if (node_proof_whole(proof) != node_safe_to_wipe(s->node))
		ok = play_fail(p, "I9", "n%zu says of its proof two things", i);
	if (ok && node_proof_whole(proof) && held_by_others(p, i, ids)) {
		struct table *own = sim_must(table_new(sizeof(((struct write *)0)->entry)));

		ok = held_by(s, own);
		mark(MARK_PROVEN);
		for (size_t k = 0; k < model_count(p->model) && ok; k++) {
			const struct write *w = model_at(p->model, k);

			if (w->has_entry && table_get(own, w->entry) != NULL && table_get(ids, w->entry) == NULL)
				ok = play_fail(p, "I9", "n%zu may be wiped, and write %zu of n%zu is nowhere else", i, k, w->author);
			if (w->author == i && w->has_entry && w->fate == FATE_SAVED && table_get(ids, w->entry) == NULL)
				ok = play_fail(p, "I9", "n%zu may be wiped, and its write %zu is nowhere else", i, k);
		}
		table_free(own);
	}
	table_free(ids);
	mem_free(proof);
	return ok;
}

bool
play_wipe_one(struct play *p, size_t i, bool *gone)
{
	struct station *s = p->stations[i];
	struct env *env = host_env(s->host);
	struct disk *d = host_disk(s->host);
	struct err err = ERR_INIT;
	enum err_code rc;

	*gone = true;
	disk_arm(d, FAULT_POWER, play_between(p, "wipe-after", 1, 60));
	rc = node_wipe(s->node, &err);
	trace_line(world_trace(p->world), "n%zu: wiped: %s", i, rc == ERR_OK ? "ok" : err.text);
	if (!disk_dead(d))
		station_close(s);
	if (disk_dead(d)) {
		station_crash(s, false);
		disk_power_on(d, LOSS_ALL);
	}
	disk_arm(d, FAULT_NONE, 0);
	err = (struct err)ERR_INIT;
	if (!home_is_being_wiped(env, s->home)) {
		rc = station_open(s, &err);
		if (rc == ERR_NOT_FOUND)
			return true;
		*gone = false;
		return rc == ERR_OK ? play_judge(p, i, true) : play_fail(p, "I2", "n%zu: a wipe that had not begun left a home that does not open: %s", i, err.text);
	}
	mark(MARK_WIPE_STOPPED);
	struck(STRUCK_WIPING);
	if (station_open(s, &err) != ERR_REFUSED)
		return play_fail(p, "I2", "n%zu: a home that is being wiped opens", i);
	err = (struct err)ERR_INIT;
	if (home_wipe_finish(env, s->home, &err) != ERR_OK || home_is_being_wiped(env, s->home))
		return play_fail(p, "I2", "n%zu: a wipe that was stopped does not finish: %s", i, err.text);
	return true;
}

static bool
is_proven(struct station *s)
{
	struct node_proof *proof = sim_must(mem_zero(1, sizeof(*proof)));
	bool whole;

	node_proof(s->node, proof);
	whole = node_proof_whole(proof);
	mem_free(proof);
	return whole;
}

static bool
may_go(struct play *p, size_t i)
{
	struct station *s = p->stations[i];

	return s->joined && station_runs(s) && !p->was_put_back[i] && !p->hurt[i] && !station_power_went(s) && is_proven(s);
}

/* One home goes as `close-site --wipe` lets it: it says that it leaves, where others may count on it, and is wiped when that is acknowledged. */
static bool
wipe_last(struct play *p, size_t i, size_t with, bool *gone)
{
	*gone = false;
	if (!play_judge_proof(p, i))
		return false;
	if (!may_go(p, i) || (node_must_leave(p->stations[i]->node) && p->swarm.sticks_only))
		return true;
	if (!play_leave(p, i, with))
		return false;
	if (!may_go(p, i))
		return true;
	return play_judge_proof(p, i) && play_wipe_one(p, i, gone);
}

bool
play_wipe(struct play *p)
{
	size_t i = p->swarm.stations - 1;
	bool gone;

	if (p->options->lying || (i == 0 && !play_has_hub(p)))
		return play_judge_proof(p, i);
	return wipe_last(p, i, play_has_hub(p) ? p->swarm.stations : 0, &gone);
}
