/*
 * Backups: a home in one file on its machine's disk, and what becomes of it
 * when the home is lost, or when somebody makes a second home of it while the
 * first lives on. Unlike a disk that was put back, a restored home knows that
 * it is one: it writes in logs of its own from the start.
 *
 *   I1   a backup that was saved restores, also when the power went while an earlier try was under way
 *   I11  a restored home never goes on with the incarnation of the old one, and its writes count like any others
 *
 * Homes of advisors only, as with images (put_back.c): what a coordinator's
 * home forgets may be a member.
 */
#include <stdio.h>

#include "base/mem.h"
#include "node/tend.h"
#include "sim/act_internal.h"
#include "sim/world_internal.h"
#include "store/backup.h"

enum { RESTORES_CUT = 2 };

static void
backup_path(const struct station *s, char out[64])
{
	snprintf(out, 64, "%s.backup", s->home);
}

static bool
may_be_restored(const struct play *p, size_t i)
{
	return !p->coordinator[i] && p->stations[i]->joined;
}

/* Whole: what was erased since must not lie there at the end. */
void
backup_throw_away(struct play *p, size_t i)
{
	static const char *const parts[] = { "", ".new", ".new-journal" }; /* also what one that was cut short has left */
	struct disk *d = host_disk(p->stations[i]->host);

	for (size_t k = 0; k < COUNT_OF(parts); k++) {
		char path[80];

		snprintf(path, sizeof(path), "%s.backup%s", p->stations[i]->home, parts[k]);
		if (!disk_exists(d, path))
			continue;
		(void)disk_remove(d, path);
		(void)disk_sync_folder_of(d, path);
	}
	p->backup[i].made = false;
}

void
backups_forget(struct play *p)
{
	for (size_t i = 0; i < p->swarm.stations; i++)
		backup_throw_away(p, i);
}

bool
act_backup(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	char path[64];
	enum err_code rc;

	if (!may_be_restored(p, i))
		return true;
	backup_throw_away(p, i);
	if (station_power_went(s))
		return true;
	backup_path(s, path);
	rc = node_backup(s->node, path, &err);
	trace_line(world_trace(p->world), "n%zu: a backup: %s", i, rc == ERR_OK ? "ok" : err.text);
	if (rc != ERR_OK)
		return act_excused(p, i, "making a backup", &err);
	if (station_power_went(s)) /* it may be there, and nobody heard that it is */
		return true;
	p->backup[i] = (struct backup_made){ .made = true, .at = model_count(p->model), .inc = station_keys(s)->inc };
	mark(MARK_BACKED_UP);
	return true;
}

/* Every file of the home, as if the disk that it was on had broken. */
static void
lose_home(struct play *p, struct station *s)
{
	struct disk *d = host_disk(s->host);
	size_t len = strlen(s->home);

	for (size_t k = d->live.count; k-- > 0;)
		if (strncmp(d->live.at[k].path, s->home, len) == 0 && d->live.at[k].path[len] == '/') {
			char path[128];

			snprintf(path, sizeof(path), "%s", d->live.at[k].path);
			(void)disk_remove(d, path);
			(void)disk_sync_folder_of(d, path);
			k = k < d->live.count ? k : d->live.count;
		}
	(void)p;
}

/* Until it goes well; the power may go in the first, and in the second, which finds what the first one has left. */
static enum err_code
restore_home(struct play *p, struct station *s, struct err *err)
{
	struct disk *d = host_disk(s->host);
	char path[64];
	enum err_code rc;

	backup_path(s, path);
	for (int tries = 0;; tries++) {
		if (tries < RESTORES_CUT && play_chance(p, "restore-fault", 700))
			disk_arm(d, FAULT_POWER, play_between(p, "restore-after", 1, 60));
		rc = home_restore(host_env(s->host), s->home, path, BYTES_STR(s->pass), err);
		host_forget(s->host);
		if (rc == ERR_EXISTS && tries > 0) /* an earlier try got to its end */
			rc = err_forgive(err);
		if (!disk_dead(d))
			break;
		mark(MARK_CUT_WHILE_RESTORING);
		struck(STRUCK_RESTORING);
		station_crash(s, false);
		disk_power_on(d, (enum disk_loss)play_below(p, "restore-loss", LOSS_GARBAGE + 1));
		*err = (struct err)ERR_INIT;
	}
	disk_arm(d, FAULT_NONE, 0);
	return rc;
}

/* Machine `i` has a home again, out of the backup of machine `from`, which may be itself. */
static bool
come_back(struct play *p, size_t i, size_t from)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;

	lose_home(p, s);
	if (restore_home(p, s, &err) != ERR_OK)
		return play_fail(p, "I1", "n%zu: a backup that was saved cannot be restored: %s", i, err.text);
	trace_line(world_trace(p->world), "n%zu: restored from a backup of n%zu", i, from);
	p->lost[i] = true;
	p->was_put_back[i] = false; /* from here on it knows */
	p->hurt[i] = false;
	p->drafts[i] = (struct expected_draft){ .doubtful = false }; /* what lay on the desk is not in it */
	s->has_closed_hash = false;
	struck(STRUCK_HOME_RESTORED);
	if (!play_ensure_up(p, i))
		return false;
	if (SAME(station_keys(s)->inc, p->backup[from].inc))
		return play_fail(p, "I11", "n%zu: a restored home goes on with the incarnation of the old one", i);
	return true;
}

bool
play_is_spare(const struct play *p, size_t i)
{
	return p->swarm.besides > 0 && p->swarm.stations > 2 && i == p->swarm.stations - 1;
}

/* The machine `to` has never been used: somebody makes a home on it of another's backup, and both live on. */
bool
play_second_home(struct play *p, size_t to)
{
	struct station *s = p->stations[to];
	size_t from = (size_t)play_below(p, "from", p->swarm.stations);

	for (size_t k = 0; k < p->swarm.stations && !p->backup[from].made; k++)
		from = (from + 1) % p->swarm.stations;
	if (from == to || !p->backup[from].made || !may_be_restored(p, from) || p->coordinator[to] || s->admitted || s->started ||
	    disk_dead(host_disk(s->host)) || !play_lay_down(p, from))
		return false;
	backup_throw_away(p, to);
	disk_copy(host_disk(s->host), host_disk(p->stations[from]->host));
	memcpy(s->home, p->stations[from]->home, sizeof(s->home));
	memcpy(s->pass, p->stations[from]->pass, sizeof(s->pass));
	s->device_id = p->stations[from]->device_id;
	s->joined = s->started = true;
	p->copy[to] = p->copy[from] = true;
	p->backup[to] = p->backup[from];
	mark(MARK_RESTORED_BESIDE);
	return come_back(p, to, from) && play_ensure_up(p, from);
}

bool
act_restore(struct play *p, size_t i)
{
	if (!p->backup[i].made || !may_be_restored(p, i) || !play_lay_down(p, i))
		return true;
	model_put_back(p->model, i, p->backup[i].at);
	play_keeper_forgets(p);
	mark(MARK_RESTORED);
	return come_back(p, i, i);
}

/* ---- two homes of one device ---- */

static uint64_t
held(struct play *p, size_t where, size_t whose)
{
	struct replica *r = station_replica(p->stations[where]);
	const struct keystore *k = station_keys(p->stations[whose]);
	struct log_key key;
	size_t log;

	log_key_init(&key, &k->device.sign_pk, &p->team, &k->inc);
	return replica_log_find(r, &key, &log) ? replica_log_at(r, log)->len : 0;
}

static bool
is_told(struct play *p, size_t i, const struct device_id *dev)
{
	struct node_copies copies[MACHINES_MAX];
	size_t n = node_copies(p->stations[i]->node, copies, COUNT_OF(copies));

	for (size_t k = 0; k < n && k < COUNT_OF(copies); k++)
		if (SAME(copies[k].dev, *dev))
			return true;
	return false;
}

static bool
holds_key(const struct keystore *k, const uint8_t n[32])
{
	for (size_t i = 0; i < k->network_count; i++)
		if (memcmp(k->network[i].n, n, 32) == 0)
			return true;
	return false;
}

/* The other home of its device has heard of a network key, and spoke for both. */
bool
backup_lacks_key_of_twin(struct play *p, size_t i)
{
	struct station *s = p->stations[i], *o;

	for (size_t k = 0; k < p->swarm.stations; k++) {
		o = p->stations[k];
		if (k == i || !p->copy[i] || !p->copy[k] || !s->joined || !o->joined || !station_runs(s) || !station_runs(o) || !SAME(s->device_id, o->device_id))
			continue;
		for (size_t n = 0; n < station_keys(o)->network_count; n++)
			if (!holds_key(station_keys(s), station_keys(o)->network[n].n))
				return true;
	}
	return false;
}

static bool
well(const struct play *p, size_t i)
{
	const struct station *s = p->stations[i];

	return s->joined && !s->is_hub && station_runs(s) && !p->hurt[i] && !p->was_put_back[i] && !station_power_went(s);
}

/*
 * Each of the two lacks something of the other's that station i holds: then no
 * attestation can have said that they have come together, and it must tell.
 */
static bool
judge_pair(struct play *p, size_t i, size_t a, size_t b)
{
	const struct station *x = p->stations[a], *y = p->stations[b];
	const struct org_device *d = org_device_by_id(node_org(p->stations[i]->node), &x->device_id);

	if (d == NULL || d->gone || !SAME(x->device_id, y->device_id) || SAME(station_keys(p->stations[a])->inc, station_keys(p->stations[b])->inc))
		return true;
	if (held(p, i, a) <= held(p, b, a) || held(p, i, b) <= held(p, a, b))
		return true;
	mark(MARK_TOLD_OF_COPIES);
	return is_told(p, i, &x->device_id) ||
	       play_fail(p, "I9", "n%zu does not tell that n%zu and n%zu are two homes of one device", i, a, b);
}

bool
backup_judge_copies(struct play *p, size_t i)
{
	for (size_t a = 0; a < p->swarm.stations && well(p, i); a++)
		for (size_t b = a + 1; b < p->swarm.stations && p->copy[a]; b++)
			if (a != i && b != i && p->copy[b] && well(p, a) && well(p, b) && !judge_pair(p, i, a, b))
				return false;
	return true;
}
