#include "stop.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "op/op.h"
#include "sim/still.h"

enum {
	SIDE_ENTRIES = 4, /* keys that are tended and such, beside what was asked for */
	DEEP_EVERY = 96,  /* of so many looks one takes in the view as well, from its snapshot and from the entries */
};

static bool
found(const struct stop *s, uint64_t k, const char *what, const char *more)
{
	printf("%s: stopped at change %ld, look %llu, seed %llu: %s%s%s\n", s->path->name, s->nth, (unsigned long long)k, (unsigned long long)s->seed,
	       what, more == NULL ? "" : ": ", more == NULL ? "" : more);
	return false;
}

/* ---- the machine stops ---- */

bool
stop_measure(struct room *r, const struct path *p, const struct debt *kept, long *changes, uint64_t *after)
{
	struct err err = ERR_INIT;
	struct debt d;
	uint64_t ops;
	bool good = path_begin(r, p, kept, &d, &err) == ERR_OK;

	ops = disk_ops(r->disk);
	good = good && path_run(r, p, &err) == ERR_OK;
	*changes = (long)(disk_ops(r->disk) - ops);
	*after = r->node != NULL ? room_entries(r) : d.before;
	if (!good)
		printf("%s: fails although nothing is wrong: %s\n", p->name, err.text);
	path_end(r);
	return good;
}

bool
stop_at(struct stop *s, const struct debt *kept, uint64_t after)
{
	struct room *r = s->room;
	struct err err = ERR_INIT;
	bool good;

	s->seen_count = 0;
	if (path_begin(r, s->path, kept, &s->debt, &err) != ERR_OK)
		return found(s, 0, "it cannot even begin", err.text);
	disk_arm(r->disk, FAULT_POWER, (uint64_t)s->nth + 1);
	good = path_run(r, s->path, &err) == ERR_OK;
	s->debt.after = after;
	s->debt.acknowledged = good && !disk_dead(r->disk);
	if (!disk_dead(r->disk))
		disk_power_off(r->disk);
	path_note_acked(r, &s->debt);
	path_end(r);
	s->still = still_take(r->disk);
	return true;
}

void
stop_free(struct stop *s)
{
	if (s->still != NULL)
		still_free(s->still);
	s->still = NULL;
}

/* ---- what is left ---- */

/* Nothing, everything, or between the two where each act is whole in itself. */
static bool
entries_fit(const struct stop *s, uint64_t entries)
{
	uint64_t before = s->debt.before, after = s->debt.after;
	bool many = s->path->many_acts || (s->path->scene != NULL && s->path->scene->many_acts);

	if (many)
		return entries >= before && entries <= after + SIDE_ENTRIES && (!s->debt.acknowledged || entries > before || after == before);
	return entries == after || (!s->debt.acknowledged && entries == before);
}

static bool
home_stands(struct stop *s, uint64_t k)
{
	struct err err = ERR_INIT;
	bool good = true;
	struct home h;

	if (home_open(&h, host_env(s->room->host), room_home, 1, BYTES(room_passphrase, strlen(room_passphrase)), &err) != ERR_OK)
		return found(s, k, "the home does not open again", err.text);
	if (h.moved)
		good = found(s, k, "the home takes itself for a copy", NULL);
	if (good && !entries_fit(s, replica_entry_count(h.replica)))
		good = found(s, k, s->debt.acknowledged ? "what was saved is not there" : "half of it is there", NULL);
	if (good && debt_check(&s->debt, h.replica, &err) != ERR_OK)
		good = found(s, k, "the home", err.text);
	home_close(&h);
	return good;
}

/* The view too, and asked again it succeeds. */
static bool
all_stands(struct stop *s, uint64_t k)
{
	struct room *r = s->room;
	uint8_t warm[32], cold[32];
	struct err err = ERR_INIT;
	bool good;

	if (room_open(r, false, &err) != ERR_OK)
		return found(s, k, "the program does not start again", err.text);
	good = view_state_hash(node_view(r->node), warm, &err) == ERR_OK;
	room_stop(r);
	if (room_open(r, true, &err) != ERR_OK)
		return found(s, k, "the program does not start without its snapshot", err.text);
	good = good && view_state_hash(node_view(r->node), cold, &err) == ERR_OK && memcmp(warm, cold, sizeof(warm)) == 0;
	if (!good)
		found(s, k, "the snapshot shows something else than the entries", NULL);
	if (good && s->path->scene != NULL && !s->debt.acknowledged && room_entries(r) == s->debt.before &&
	    path_run(r, s->path, &err) != ERR_OK && !scene_was_done(s->path->scene, err.code))
		good = found(s, k, "asked again it fails", err.text);
	path_end(r);
	return good;
}

/* The power goes once more while what the first cut has left is being opened. */
static void
cut_again(struct stop *s, struct dice *dice, uint64_t *digest)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_NONE, LOSS_SOME, LOSS_GARBAGE };
	struct room *r = s->room;
	struct err err = ERR_INIT;
	struct still *again;
	struct home h;
	uint64_t at = dice_between(dice, 1, s->recovery), settled;

	disk_arm(r->disk, FAULT_POWER, at);
	if (s->path->stands != NULL)
		(void)s->path->stands(r, &s->debt, &err);
	if (!disk_dead(r->disk) && home_open(&h, host_env(r->host), room_home, 1, BYTES(room_passphrase, strlen(room_passphrase)), &err) == ERR_OK)
		home_close(&h);
	path_end(r);
	disk_arm(r->disk, FAULT_NONE, 0);
	if (!disk_dead(r->disk))
		return; /* it was up before */
	again = still_take(r->disk);
	settled = still_leave(r->disk, again, losses[dice_below(dice, 4)], dice_u64(dice));
	still_free(again);
	*digest = siphash(*digest, at, &settled, sizeof(settled));
}

static bool
is_new(struct stop *s, uint64_t digest)
{
	for (size_t i = 0; i < s->seen_count; i++)
		if (s->seen[i] == digest)
			return false;
	if (s->seen_count < COUNT_OF(s->seen))
		s->seen[s->seen_count++] = digest;
	return true;
}

/* The first two looks are the two ends: nothing arrived, and everything. */
void
stop_look(struct stop *s, uint64_t k, struct stop_counts *counts)
{
	struct dice dice = dice_of(s->seed, STREAM_FATE, siphash((uint64_t)s->nth, k, s->path->name, strlen(s->path->name)));
	enum disk_loss loss = k == 0 ? LOSS_ALL : k == 1 ? LOSS_NONE : dice_chance(&dice, 500) ? LOSS_SOME : LOSS_GARBAGE;
	struct room *r = s->room;
	struct err err = ERR_INIT;
	uint64_t digest = still_leave(r->disk, s->still, loss, dice_u64(&dice)), once = digest;
	uint64_t ops = disk_ops(r->disk);
	bool good = true;

	if (k > 1 && s->recovery > 0 && dice_chance(&dice, 500))
		cut_again(s, &dice, &digest);
	if (!is_new(s, digest)) {
		counts->again++;
		return;
	}
	counts->twice += digest != once;
	if (s->path->stands != NULL && s->path->stands(r, &s->debt, &err) != ERR_OK)
		good = found(s, k, "it does not stand", err.text);
	path_end(r);
	if (good && !s->path->no_home)
		good = home_stands(s, k);
	if (digest == once && disk_ops(r->disk) - ops > s->recovery)
		s->recovery = disk_ops(r->disk) - ops;
	if (good && !s->path->no_home && dice_below(&dice, DEEP_EVERY) == 0) {
		good = all_stands(s, k);
		counts->deep++;
	}
	path_end(r);
	counts->points++;
	counts->failed += !good;
}
