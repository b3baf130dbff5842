/*
 * Disks that are put back to older images, every file of them, so that the
 * machine itself cannot tell. What its person wrote since the image may be
 * with others or gone; what they write before they meet somebody forks the
 * log (proto/log.md, 6). Then neither history counts, and both must be kept.
 *
 * Only the disks of advisors: what a fork takes from a coordinator's own
 * decisions takes members with it, and that is a story (tests/sim).
 */
#include "base/mem.h"
#include "sim/play_internal.h"
#include "sim/world_internal.h"

static bool
may_be_put_back(const struct play *p, size_t i)
{
	return (!p->coordinator[i] || p->stations[i]->is_hub) && p->stations[i]->joined;
}

bool
play_lay_down(struct play *p, size_t i)
{
	struct station *s = p->stations[i];

	if (station_runs(s) && !station_power_went(s))
		station_close(s);
	return !station_runs(s) && !station_power_went(s);
}

bool
play_take_image(struct play *p, size_t i)
{
	if (!may_be_put_back(p, i) || !play_lay_down(p, i))
		return true;
	if (p->image[i] != NULL)
		disk_image_free(p->image[i]);
	p->image[i] = disk_image_take(host_disk(p->stations[i]->host));
	p->image_at[i] = model_count(p->model);
	return true;
}

bool
play_put_back(struct play *p, size_t i)
{
	if (p->image[i] == NULL || !may_be_put_back(p, i) || !play_lay_down(p, i))
		return true;
	disk_image_restore(host_disk(p->stations[i]->host), p->image[i]);
	p->stations[i]->has_closed_hash = false;
	p->was_put_back[i] = p->lost[i] = p->may_fork[i] = true;
	p->backup[i].made = false; /* it may be there, and not that one */
	p->hurt[i] = false;
	if (p->stations[i]->is_hub)
		p->hub_entries = 0;
	else
		model_put_back(p->model, i, p->image_at[i]);
	play_keeper_forgets(p);
	mark(p->stations[i]->is_hub ? MARK_HUB_PUT_BACK : MARK_PUT_BACK);
	struck(p->stations[i]->is_hub ? STRUCK_HUB_BACK : STRUCK_DISK_BACK);
	return play_ensure_up(p, i);
}

bool
play_clone(struct play *p, size_t i)
{
	struct station *to = p->stations[i];
	size_t from = (size_t)play_below(p, "from", p->swarm.stations), tried = 0;

	if (p->coordinator[i] || disk_dead(host_disk(to->host)) || to->admitted || to->started)
		return false;
	while (tried++ < p->swarm.stations && (from == i || !may_be_put_back(p, from)))
		from = (from + 1) % p->swarm.stations;
	if (from == i || !may_be_put_back(p, from) || !play_lay_down(p, from))
		return false;
	backup_throw_away(p, i);
	disk_copy(host_disk(to->host), host_disk(p->stations[from]->host));
	memcpy(to->home, p->stations[from]->home, sizeof(to->home));
	memcpy(to->pass, p->stations[from]->pass, sizeof(to->pass));
	to->device_id = p->stations[from]->device_id;
	to->joined = true;
	p->drafts[i] = p->drafts[from];
	p->was_put_back[i] = p->was_put_back[from];
	p->lost[i] = p->lost[from];
	p->may_fork[i] = p->may_fork[from];
	p->copy[i] = p->copy[from] = true;
	mark(MARK_COPIED);
	struck(STRUCK_HOME_COPIED);
	trace_line(world_trace(p->world), "n%zu: is a copy of n%zu", i, from);
	return true;
}

void
play_keeper_forgets(struct play *p)
{
	model_keeper_forgets(p->model);
	for (size_t i = 0; i < p->machines; i++)
		p->left_in_vain[i] = p->left_in_vain[i] || p->left_site[i];
}

bool
play_may_be_gone(const struct play *p, size_t i)
{
	return p->lost[i] || p->left_in_vain[i];
}

/* ---- what became of it ---- */

struct tally { struct model *model; size_t *in_log, *in_branch; bool branch; };

static bool
tally_entry(void *ctx, const struct entry *e)
{
	struct tally *t = ctx;
	size_t at;

	if (model_find(t->model, e->id.b, &at))
		(t->branch ? t->in_branch : t->in_log)[at]++;
	return true;
}

/* Homes that were copied, moved or restored write in logs of their own: only a disk that goes back unseen makes a fork. */
static bool
may_have_forked(struct play *p, const struct author *author)
{
	for (size_t i = 0; i < p->machines; i++)
		if (p->may_fork[i] && SAME(station_keys(p->stations[i])->device.sign_pk, *author))
			return true;
	return false;
}

static bool
tally_machine(struct play *p, size_t i, struct tally *t)
{
	struct replica *r = station_replica(p->stations[i]);
	struct err err = ERR_INIT;

	for (size_t log = 0; log < replica_log_count(r); log++) {
		const struct log_head *h = replica_log_at(r, log);

		t->branch = h->key.is_branch;
		if (t->branch && !may_have_forked(p, &h->key.author))
			return play_fail(p, "I11", "n%zu: a log has forked, and its author's disk was never put back", i);
		if (t->branch)
			mark(MARK_FORK_SEEN);
		if (replica_scan(r, log, h->key.branch_seq, h->len, true, tally_entry, t, &err) != ERR_OK)
			return play_fail(p, "I2", "n%zu: a log cannot be read: %s", i, err.text);
	}
	return true;
}

static bool
settle(struct play *p, size_t number, size_t in_log, size_t in_branch)
{
	struct write *w = model_at(p->model, number);

	w->in_log = in_log > 0;
	if (in_log != 0 && in_log != p->machines)
		return play_fail(p, "I11", "write %zu of n%zu is in a log of %zu machines of %zu", number, w->author, in_log, p->machines);
	if (in_branch != 0 && in_branch != p->machines)
		return play_fail(p, "I11", "write %zu of n%zu is in a branch on %zu machines of %zu", number, w->author, in_branch, p->machines);
	if (w->fate == FATE_SAVED && in_log == 0)
		return play_fail(p, "I11", "write %zu of n%zu was saved and does not count", number, w->author);
	if (w->fate == FATE_BEHIND && w->must_be_held && in_log + in_branch == 0)
		return play_fail(p, "I11", "write %zu of n%zu was saved and is in no log", number, w->author);
	if (w->fate == FATE_BEHIND)
		w->fate = in_log > 0 ? FATE_SAVED : FATE_REFUSED; /* a branch is kept and not shown, as if it had been refused */
	return true;
}

bool
play_settle_fates(struct play *p)
{
	size_t count = model_count(p->model);
	struct tally t = { .model = p->model };
	bool ok = true;

	t.in_log = sim_must(mem_zero(count + 1, sizeof(*t.in_log)));
	t.in_branch = sim_must(mem_zero(count + 1, sizeof(*t.in_branch)));
	for (size_t i = 0; i < p->machines && ok; i++)
		ok = tally_machine(p, i, &t);
	for (size_t k = 0; k < count && ok; k++)
		ok = settle(p, k, t.in_log[k], t.in_branch[k]);
	mem_free(t.in_log);
	mem_free(t.in_branch);
	return ok;
}
