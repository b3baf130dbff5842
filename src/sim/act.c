/*
 * The table of what people do and what befalls them. Each act is drawn by
 * weight; faults of a disk are armed before an act and disarmed after it, so
 * that an error without a cause is a finding too.
 */
#include <string.h>

#include "sim/act_internal.h"
#include "sim/world_internal.h"

/* A machine that is kept for somebody's backup is left alone until there is one. */
static size_t
not_the_spare(const struct play *p, size_t i)
{
	bool any = false;

	for (size_t k = 0; k < p->swarm.stations; k++)
		any = any || p->backup[k].made;
	return play_is_spare(p, i) && !p->stations[i]->joined && !any ? 0 : i;
}

size_t
act_some_station(struct play *p)
{
	return not_the_spare(p, (size_t)play_below(p, "with", p->swarm.stations));
}

static bool
fault_excuses(struct play *p, size_t i)
{
	struct disk *d = host_disk(p->stations[i]->host);

	p->hurt[i] = p->hurt[i] || disk_fault_struck(d);
	return p->hurt[i] || disk_dead(d) || (p->stations[i]->is_hub && play_store_struck(p));
}

bool
act_excused(struct play *p, size_t i, const char *doing, const struct err *err)
{
	return fault_excuses(p, i) || play_fail(p, "I9", "n%zu: %s failed without a cause: %s", i, doing, err->text);
}

static void
maybe_arm(struct play *p, size_t i)
{
	static const enum disk_fault faults[] = { FAULT_NO_SPACE, FAULT_POWER, FAULT_POWER, FAULT_POWER, FAULT_WRITE, FAULT_SYNC,
		                                   FAULT_READ };

	p->armed[i] = play_draw_fault(p, "fault", faults, p->swarm.only_full ? 1 : COUNT_OF(faults));
	if (p->armed[i] != FAULT_NONE)
		disk_arm(host_disk(p->stations[i]->host), p->armed[i], decide(&p->decide, "after", dice_between(&p->decide.dice, 1, dice_chance(&p->decide.dice, 500) ? 8 : 80), 1, 80));
}

/* ---- acts of files that know nothing of excuses ---- */

static bool
do_leave(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	return leave_act(p, i, &err) == ERR_OK || act_excused(p, i, "a guest's coming or going", &err);
}

static bool
do_trustees(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	return trustees_act(p, i, &err) == ERR_OK || act_excused(p, i, "an act of the trustees", &err);
}

static bool
do_desk(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	return desk_act(p, i, &err) == ERR_OK || act_excused(p, i, "keeping a draft", &err);
}

static bool
do_erase(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	return bury_act(p, i, &err) == ERR_OK || act_excused(p, i, "an erasure", &err);
}

static bool
do_nonsense(struct play *p, size_t i)
{
	(void)i;
	return hostile_act(p);
}

/* Somebody only switches on, or time passes. */
static bool
do_nothing(struct play *p, size_t i)
{
	(void)p;
	(void)i;
	return true;
}

/* ---- the table ---- */

enum {
	ANY_STATE = 1,  /* happens to a machine in any state; else its person first switches on */
	NO_FAULT = 2,   /* an image is of a disk that was well, and a home that opens on a full disk is not the one to write in */
	OF_THE_HUB = 4, /* nothing where there is none */
};

static const struct act_row { const char *name; bool (*act)(struct play *p, size_t i); unsigned how; } acts[] = {
	[DO_WRITE] = { "write", act_write, 0 },
	[DO_MEET] = { "meet", act_meet, 0 },
	[DO_CLOSE] = { "close", act_close, 0 },
	[DO_REOPEN] = { "reopen", do_nothing, 0 },
	[DO_CRASH] = { "crash", act_crash, ANY_STATE },
	[DO_BUNDLE_OUT] = { "bundle-out", act_bundle_out, 0 },
	[DO_BUNDLE_IN] = { "bundle-in", act_bundle_in, 0 },
	[DO_KEYS] = { "keys", act_keys, 0 },
	[DO_REPLAY] = { "replay", act_replay, ANY_STATE },
	[DO_PART] = { "part", act_part, ANY_STATE },
	[DO_CLOG] = { "clog", act_clog, ANY_STATE },
	[DO_CLOCK] = { "clock", act_clock, ANY_STATE | NO_FAULT },
	[DO_WRONG_PASS] = { "wrong-pass", act_wrong_pass, NO_FAULT },
	[DO_LEAVE] = { "leave", do_leave, 0 },
	[DO_WAIT] = { "wait", do_nothing, ANY_STATE },
	[DO_HUB_CRASH] = { "hub-crash", act_hub_crash, ANY_STATE | OF_THE_HUB },
	[DO_HUB_CLOSE] = { "hub-close", act_hub_close, ANY_STATE | OF_THE_HUB },
	[DO_IMAGE] = { "image", act_image, NO_FAULT },
	[DO_PUT_BACK] = { "put-back", act_put_back, NO_FAULT },
	[DO_TRUSTEES] = { "trustees", do_trustees, 0 },
	[DO_DESK] = { "desk", do_desk, 0 },
	[DO_ERASE] = { "erase", do_erase, 0 },
	[DO_NONSENSE] = { "nonsense", do_nonsense, 0 },
	[DO_FORGE] = { "forge", forge_act, NO_FAULT },
	[DO_NEWER] = { "newer", newer_act, 0 },
	[DO_BACKUP] = { "backup", act_backup, 0 },
	[DO_RESTORE] = { "restore", act_restore, NO_FAULT },
	[DO_OLD_HOME] = { "old-home", act_old_home, NO_FAULT },
	[DO_NEW_HOME] = { "new-home", act_new_home, NO_FAULT },
	[DO_PROFILE] = { "profile", act_profile, 0 },
	[DO_MERGE] = { "merge", act_merge, 0 },
	[DO_QUOTA] = { "quota", act_quota, ANY_STATE | OF_THE_HUB },
	[DO_ROOTED] = { "rooted", act_rooted, 0 },
	[DO_HAND] = { "hand", act_hand, 0 },
	[DO_CLOSE_SITE] = { "close-site", act_close_site, NO_FAULT },
};
_Static_assert(COUNT_OF(acts) == DO_COUNT, "each act has a row");

bool
play_act_called(const char *name, enum act_kind *out)
{
	for (size_t i = 0; i < DO_COUNT; i++)
		if (strcmp(acts[i].name, name) == 0) {
			*out = (enum act_kind)i;
			return true;
		}
	return false;
}

static enum act_kind
draw_kind(struct play *p)
{
	uint64_t total = 0, at;
	size_t k = 0;

	for (size_t i = 0; i < DO_COUNT; i++)
		total += p->swarm.weight[i];
	at = dice_below(&p->decide.dice, total);
	while (at >= p->swarm.weight[k])
		at -= p->swarm.weight[k++];
	return (enum act_kind)k;
}

/* Is it one of whom the act asks something first: an image of its disk, a request that it may approve? */
static bool
is_apt(struct play *p, enum act_kind kind, size_t i)
{
	return kind == DO_PUT_BACK ? p->image[i] != NULL : kind != DO_ERASE || bury_waits_for(p, i);
}

/* Whom it befalls: half of the time the next one who is apt, if anybody is. */
static size_t
draw_who(struct play *p, enum act_kind kind)
{
	size_t i = not_the_spare(p, (size_t)dice_below(&p->decide.dice, p->swarm.stations)), n = p->swarm.stations;

	if ((kind == DO_PUT_BACK || kind == DO_ERASE) && dice_chance(&p->decide.dice, 500))
		for (size_t k = 0; k < n; k++)
			if (is_apt(p, kind, (i + k) % n))
				return (i + k) % n;
	return i;
}

bool
play_act(struct play *p)
{
	enum act_kind kind = draw_kind(p);
	size_t i = draw_who(p, kind);

	decide_begin(&p->decide, world_now(p->world), acts[kind].name, i);
	return play_perform(p, kind, i);
}

bool
play_perform(struct play *p, enum act_kind kind, size_t i)
{
	uint64_t wait = play_chance(p, "long", 300) ? play_below(p, "wait", 60 * NS_PER_S) : play_below(p, "wait", 500 * NS_PER_MS);
	const struct act_row *row = &acts[kind];

	p->far_struck = p->far != NULL ? far_struck(p->far) : 0;
	if ((row->how & OF_THE_HUB) != 0 && !play_has_hub(p))
		return true;
	if ((row->how & ANY_STATE) == 0 && !play_ensure_up(p, i))
		return false;
	if ((row->how & NO_FAULT) == 0 && station_runs(p->stations[i]))
		maybe_arm(p, i);
	if (kind == DO_MEET && play_has_hub(p) && station_runs(p->stations[p->swarm.stations]))
		maybe_arm(p, p->swarm.stations);
	if (!row->act(p, i))
		return false;
	world_run(p->world, wait);
	return hub_judge_room(p) && play_tend(p);
}
