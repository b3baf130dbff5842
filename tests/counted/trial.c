#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/op.h"

const struct kind_row kinds[KINDS] = {
	[MEMORY] = { "memory", FAULT_NONE, true },  [WRITE] = { "write", FAULT_WRITE, true }, [SYNC] = { "sync", FAULT_SYNC, true },
	[READ] = { "read", FAULT_READ, true },      [SPACE] = { "space", FAULT_NO_SPACE, false }, [POWER] = { "power", FAULT_POWER, false },
	[STILL] = { "still", FAULT_NONE, false },
};

enum {
	SIDE_ENTRIES = 4, /* keys that are tended and such, beside what was asked for */
	LOOK_EVERY = 16,  /* of so many trials that wrote nothing one is opened again all the same */
};

const struct scene opening = { "the program starts", "", false, false, NULL, NULL };

static size_t
count_nodes(const json_t *v)
{
	size_t n = 1;
	const char *key;
	json_t *at;

	if (json_is_array(v))
		for (size_t i = 0; i < json_array_size(v); i++)
			n += count_nodes(json_array_get(v, i));
	if (json_is_object(v))
		json_object_foreach((json_t *)(uintptr_t)v, key, at)
			n += count_nodes(at);
	return n;
}

static bool
found(const struct trial *t, const char *what, const char *more)
{
	printf("%s: %s %ld%s: %s%s%s", t->scene->op, kinds[t->kind].name, t->nth, t->lasting ? " and on" : "", what,
	       more == NULL ? "" : ": ", more == NULL ? "" : more);
	if (t->room->node != NULL)
		printf(" (entries %llu, before %llu, after %llu)", (unsigned long long)room_entries(t->room), (unsigned long long)t->whole->before,
		       (unsigned long long)t->whole->entries);
	printf("\n");
	return false;
}

static void
arm(const struct trial *t)
{
	if (t->kind == MEMORY) {
		mem_fail_after(t->nth, t->lasting);
		return;
	}
	disk_set_lasting(t->room->disk, t->lasting);
	disk_arm(t->room->disk, kinds[t->kind].fault, (uint64_t)t->nth + 1);
}

static bool
disarm(const struct trial *t)
{
	bool struck;

	if (t->kind == MEMORY) {
		struck = mem_allocations() > t->nth;
		mem_fail_after(-1, 0);
		return struck;
	}
	struck = disk_fault_struck(t->room->disk);
	disk_arm(t->room->disk, FAULT_NONE, 0);
	disk_set_lasting(t->room->disk, false);
	return struck;
}

/* Nothing, everything, or between the two where each act is whole in itself. */
static bool
entries_fit(const struct trial *t, bool answered, uint64_t entries)
{
	uint64_t before = t->whole->before, after = t->whole->entries;

	if (replica_lost(node_replica(t->room->node)))
		return !answered;
	if (answered && t->scene->many_acts) /* the last of them may be made up for later: receipts, say */
		return (entries > before || after == before) && entries <= after + (after - before) + SIDE_ENTRIES;
	if (answered) /* twice, when it had been saved and only the answer was lost */
		return entries == after || (t->again && entries == after + (after - before));
	return entries == before || entries == after || (t->scene->many_acts && entries > before && entries < after);
}

/* The program starts again: what it finds, and what it says of it. */
static bool
stands(const struct trial *t, bool answered)
{
	struct room *r = t->room;
	uint8_t warm[32], cold[32];
	struct err err = ERR_INIT, finding = ERR_INIT;
	uint64_t entries;

	if (room_open(r, false, &err) != ERR_OK)
		return found(t, "the home does not open again", err.text);
	entries = room_entries(r);
	if (!entries_fit(t, answered, entries))
		return found(t, answered ? "what was saved is not there" : "half of it is there", NULL);
	if (replica_verify(node_replica(r->node), room_finding, &finding, NULL, &err) != ERR_OK || finding.code != ERR_OK)
		return found(t, "the store does not verify", finding.code != ERR_OK ? finding.text : err.text);
	if (view_state_hash(node_view(r->node), warm, &err) != ERR_OK)
		return found(t, "the view has no hash", err.text);
	room_stop(r);
	if (room_open(r, true, &err) != ERR_OK)
		return found(t, "the home does not open without its snapshot", err.text);
	if (view_state_hash(node_view(r->node), cold, &err) != ERR_OK || memcmp(warm, cold, sizeof(warm)) != 0)
		return found(t, "the snapshot shows something else than the entries", NULL);
	return true;
}

/* Whoever is met may have lacked memory too: she starts again, and nothing of hers is harmed. */
static bool
other_stands(const struct trial *t)
{
	struct room *r = t->room;
	struct err err = ERR_INIT, finding = ERR_INIT;

	if (!scene_meets(t->scene))
		return true;
	if (room_other_again(r, &err) != ERR_OK)
		return found(t, "the other one's home does not open again", err.text);
	if (replica_verify(node_replica(r->other), room_finding, &finding, NULL, &err) != ERR_OK || finding.code != ERR_OK)
		return found(t, "the other one's store does not verify", finding.code != ERR_OK ? finding.text : err.text);
	return true;
}

/* `some`: a part of it, or all, is there already. A store that has failed takes nothing more before it is opened again. */
static bool
asked_again(const struct trial *t, const json_t *params, bool some)
{
	struct room *r = t->room;

	if (!other_stands(t))
		return false;
	if (room_ask(r, t->scene->op, params) || some || replica_failed(node_replica(r->node)))
		return true;
	if (scene_was_done(t->scene, r->err.code))
		return true;
	return found(t, "asked again it fails", r->err.text);
}

/* An exchange that had no memory to count what it brought says so, in its sentence too: nobody takes it for whole. */
static bool
says_what_it_lacks(const json_t *answer)
{
	return json_is_true(json_object_get(json_object_get(answer, "brought"), "untold"));
}

static void
lose_power(const struct trial *t)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_NONE, LOSS_SOME, LOSS_GARBAGE };
	struct room *r = t->room;
	struct err err = ERR_INIT;

	disk_power_on(r->disk, losses[t->nth % 4]);
	if (t->nth % 2 == 0)
		return;
	disk_arm(r->disk, FAULT_POWER, 1 + (uint64_t)(t->nth / 2) % 24);
	if (room_open(r, false, &err) == ERR_OK)
		room_stop(r);
	disk_arm(r->disk, FAULT_NONE, 0);
	if (disk_dead(r->disk))
		disk_power_on(r->disk, losses[t->nth / 2 % 4]);
}

/* The kept disk, the program, and what this scene needs before it. */
static bool
begin(struct room *r, const struct scene *s, struct err *err)
{
	json_t *params;
	bool good;

	room_restore(r);
	if (scene_meets(s) && (room_open_other(r, err) != ERR_OK || room_other_listens(r, err) != ERR_OK))
		return false;
	if (room_open(r, false, err) != ERR_OK)
		return false;
	if (s->first == NULL)
		return true;
	params = room_params(r, s->first_params);
	good = room_ask(r, s->first, params);
	*err = r->err;
	room_note_code(r);
	json_decref(params);
	return good;
}

static void
end(struct room *r)
{
	if (r->node != NULL)
		room_stop(r);
	if (r->other != NULL)
		room_stop_other(r);
}

/* Memory is there again. True when it then answered. */
static bool
asked_while_it_runs(struct trial *t, const json_t *params, bool *good)
{
	struct room *r = t->room;
	bool some = room_entries(r) != t->whole->before;

	*good = asked_again(t, params, some);
	t->again = some;
	return *good && r->err.code == ERR_OK;
}

/*
 * Neither while it was asked nor when it ended did it change the disk otherwise than when nothing fails, which is opened
 * again once (measure_operation): what starts and ends alone is the same disk thousands of times.
 */
static bool
wrote_nothing(const struct trial *t, uint64_t asked, uint64_t ended)
{
	return t->kind == MEMORY && !scene_meets(t->scene) && asked == 0 && t->whole->changes == 0 && ended == t->whole->ending && t->nth % LOOK_EVERY != 0;
}

static bool
try_operation(struct trial *t, bool *struck)
{
	struct room *r = t->room;
	struct err err = ERR_INIT;
	bool answered, good = true;
	uint64_t begun, asked;
	json_t *params;
	size_t nodes;

	if (!begin(r, t->scene, &err))
		return found(t, "it cannot even begin", err.text);
	begun = disk_ops(r->disk);
	params = room_params(r, t->scene->params);
	arm(t);
	answered = room_ask(r, t->scene->op, params);
	*struck = disarm(t);
	nodes = answered ? count_nodes(r->result) : 0;
	if (!answered && r->answered && r->err.text[0] == '\0')
		good = found(t, "an error without a sentence", NULL);
	/* Of many acts the last may be proofs: what cannot be read of them is no proof, which is poorer and safe. */
	if (answered && *struck && t->kind != POWER && !(t->kind == READ && t->scene->many_acts) && nodes < t->whole->nodes && !says_what_it_lacks(r->result))
		good = found(t, "an answer that lacks something is given as whole", NULL);
	if (good && answered && *struck && t->kind == MEMORY && t->whole->answer != NULL && !json_equal(r->result, t->whole->answer)) {
		good = found(t, "it answers something else", NULL);
		if (getenv("COUNTED_SHOW") != NULL) {
			json_dumpf(r->result, stdout, JSON_SORT_KEYS);
			printf("\n");
			json_dumpf(t->whole->answer, stdout, JSON_SORT_KEYS);
			printf("\n");
		}
	}
	if (t->kind == POWER && disk_dead(r->disk))
		answered = false; /* nobody heard it */
	if (good && !disk_dead(r->disk) && !entries_fit(t, answered, room_entries(r)))
		good = found(t, answered ? "it answers, and not all of it is there" : "half of it is shown", NULL);
	if (good && !answered && t->kind == MEMORY)
		answered = asked_while_it_runs(t, params, &good);
	if (t->kind == POWER && !*struck) /* past the last change of the disk: what was answered survives this too */
		disk_power_off(r->disk);
	asked = disk_ops(r->disk);
	room_stop(r);
	if (disk_dead(r->disk))
		lose_power(t);
	if (good && answered && wrote_nothing(t, asked - begun, disk_ops(r->disk) - asked)) {
		end(r);
		json_decref(params);
		return true;
	}
	good = good && stands(t, answered);
	if (good && !answered)
		good = asked_again(t, params, room_entries(r) != t->whole->before);
	end(r);
	json_decref(params);
	return good;
}

/* The same while the program starts: it starts or says why not, and starts when nothing is wrong any more. */
static bool
try_opening(struct trial *t, bool *struck)
{
	struct room *r = t->room;
	struct err err = ERR_INIT;
	bool good = true;

	room_restore(r);
	arm(t);
	if (room_open(r, false, &err) != ERR_OK && err.text[0] == '\0')
		good = found(t, "an error without a sentence", NULL);
	*struck = disarm(t);
	if (r->node != NULL)
		room_stop(r);
	if (disk_dead(r->disk))
		lose_power(t);
	good = good && stands(t, true);
	if (r->node != NULL)
		room_stop(r);
	return good;
}

/* ---- a disk that takes no write ---- */

/* Asked before the disk became so. */
static bool
begin_still(struct room *r, const struct scene *s, struct err *err)
{
	bool good = begin(r, s, err);

	if (!good)
		return false;
	room_stop(r);
	disk_set_read_only(r->disk, true);
	return room_open(r, false, err) == ERR_OK;
}

/* What only reads answers as ever, and what was to write is refused for that reason, in words. */
static bool
fits_a_still_disk(const struct trial *t, bool answered)
{
	const struct room *r = t->room;

	if (answered && t->whole->changes > 0)
		return found(t, "it is said to be done on a disk that takes no write", NULL);
	if (!answered && r->err.text[0] == '\0')
		return found(t, "an error without a sentence", NULL);
	if (!answered && t->scene->first != NULL && r->err.code == ERR_UNKNOWN)
		return true; /* what was asked first lived in the program that ended: an open invitation */
	if (!answered && (r->err.code != ERR_READ_ONLY || strstr(r->err.text, "only be read") == NULL))
		return found(t, "it does not say why nothing can be done", r->err.text);
	if (!answered && t->whole->answer != NULL && t->whole->changes == 0)
		return found(t, "it only reads, and is refused", r->err.text);
	if (answered && t->whole->answer != NULL && !json_equal(r->result, t->whole->answer))
		return found(t, "it answers something else", NULL);
	return true;
}

/* It is one trial: the disk was mounted so before the program started. Then it takes writes again, and has none. */
static bool
try_still(struct trial *t, bool *struck)
{
	struct room *r = t->room;
	struct err err = ERR_INIT;
	json_t *params;
	bool good;

	*struck = t->nth == 0;
	if (!*struck || scene_meets(t->scene)) { /* two machines: tests/sim/test_full.c */
		*struck = false;
		return true;
	}
	good = begin_still(r, t->scene, &err) || found(t, "it cannot even begin", err.text);
	params = room_params(r, t->scene->params);
	if (good)
		good = fits_a_still_disk(t, room_ask(r, t->scene->op, params));
	if (good && room_entries(r) != t->whole->before)
		good = found(t, "it shows what is not there", NULL);
	end(r);
	disk_set_read_only(r->disk, false);
	good = good && stands(t, false);
	if (good && room_entries(r) != t->whole->before)
		good = found(t, "something was written", NULL);
	end(r);
	json_decref(params);
	return good;
}

static bool
measure_operation(struct room *r, const struct scene *s, struct whole *w)
{
	struct err err = ERR_INIT;
	json_t *params;
	uint64_t changes;
	bool good;

	if (!begin(r, s, &err)) {
		printf("%s: cannot begin: %s\n", s->op, err.text);
		end(r);
		return false;
	}
	params = room_params(r, s->params);
	w->before = room_entries(r);
	changes = disk_ops(r->disk);
	mem_fail_after(-1, 0);
	good = room_ask(r, s->op, params);
	w->memory = mem_allocations();
	w->changes = (long)(disk_ops(r->disk) - changes);
	w->entries = room_entries(r);
	w->nodes = good ? count_nodes(r->result) : 0;
	if (good && !op_find(s->op)->writes)
		w->answer = json_deep_copy(r->result);
	if (!good)
		printf("%s %s: fails although nothing is wrong: %s\n", s->op, s->params, r->err.text);
	changes = disk_ops(r->disk);
	room_stop(r);
	w->ending = disk_ops(r->disk) - changes;
	good = good && stands(&(struct trial){ .room = r, .scene = s, .whole = w }, true);
	end(r);
	json_decref(params);
	return good;
}

static bool
measure_opening(struct room *r, struct whole *w)
{
	struct err err = ERR_INIT;
	uint64_t changes;

	room_restore(r);
	changes = disk_ops(r->disk);
	mem_fail_after(-1, 0);
	if (room_open(r, false, &err) != ERR_OK) {
		printf("the kept home does not open: %s\n", err.text);
		return false;
	}
	w->memory = mem_allocations();
	w->changes = (long)(disk_ops(r->disk) - changes);
	w->before = w->entries = room_entries(r);
	room_stop(r);
	return true;
}

bool
trial_measure(struct room *r, const struct scene *s, struct whole *w)
{
	return s == &opening ? measure_opening(r, w) : measure_operation(r, s, w);
}

bool
trial_run(struct trial *t, bool *struck)
{
	if (t->kind == STILL)
		return t->scene != &opening ? try_still(t, struck) : true; /* each scene opens it so */
	return t->scene == &opening ? try_opening(t, struck) : try_operation(t, struck);
}
