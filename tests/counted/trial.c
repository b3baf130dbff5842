#include "trial_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/op.h"

const struct kind_row kinds[KINDS] = {
	[MEMORY] = { "memory", FAULT_NONE, true },  [WRITE] = { "write", FAULT_WRITE, true }, [SYNC] = { "sync", FAULT_SYNC, true },
	[READ] = { "read", FAULT_READ, true },      [SPACE] = { "space", FAULT_NO_SPACE, false }, [POWER] = { "power", FAULT_POWER, false },
	[STILL] = { "still", FAULT_NONE, false },
};

enum { SIDE_ENTRIES = 4 }; /* keys that are tended and such, beside what was asked for */

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

bool
trial_found(const struct trial *t, const char *what, const char *more)
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
	disk_set_lasting(t->room->disk, t->lasting);
	disk_arm(t->room->disk, kinds[t->kind].fault, (uint64_t)t->nth + 1);
}

static bool
disarm(const struct trial *t)
{
	bool struck = disk_fault_struck(t->room->disk);

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
bool
trial_stands(const struct trial *t, bool answered)
{
	struct room *r = t->room;
	uint8_t warm[32], cold[32];
	struct err err = ERR_INIT, finding = ERR_INIT;
	uint64_t entries;

	if (room_open(r, false, &err) != ERR_OK)
		return trial_found(t, "the home does not open again", err.text);
	entries = room_entries(r);
	if (!entries_fit(t, answered, entries))
		return trial_found(t, answered ? "what was saved is not there" : "half of it is there", NULL);
	if (replica_verify(node_replica(r->node), room_finding, &finding, NULL, &err) != ERR_OK || finding.code != ERR_OK)
		return trial_found(t, "the store does not verify", finding.code != ERR_OK ? finding.text : err.text);
	if (view_state_hash(node_view(r->node), warm, &err) != ERR_OK)
		return trial_found(t, "the view has no hash", err.text);
	room_stop(r);
	if (room_open(r, true, &err) != ERR_OK)
		return trial_found(t, "the home does not open without its snapshot", err.text);
	if (view_state_hash(node_view(r->node), cold, &err) != ERR_OK || memcmp(warm, cold, sizeof(warm)) != 0)
		return trial_found(t, "the snapshot shows something else than the entries", NULL);
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
		return trial_found(t, "the other one's home does not open again", err.text);
	if (replica_verify(node_replica(r->other), room_finding, &finding, NULL, &err) != ERR_OK || finding.code != ERR_OK)
		return trial_found(t, "the other one's store does not verify", finding.code != ERR_OK ? finding.text : err.text);
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
	return trial_found(t, "asked again it fails", r->err.text);
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
bool
trial_room_begin(struct room *r, const struct scene *s, struct err *err)
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

void
trial_room_end(struct room *r)
{
	if (r->node != NULL)
		room_stop(r);
	if (r->other != NULL)
		room_stop_other(r);
}

/* Memory is there again. True when it then answered. */
static bool
asked_while_it_runs(struct trial *t, bool *good)
{
	struct room *r = t->room;
	bool some = room_entries(r) != t->whole->before;

	*good = asked_again(t, t->params, some);
	t->again = some;
	return *good && r->err.code == ERR_OK;
}

/* One of so many that are spread over all allocations: what asks often is looked at more seldom after each. */
static bool
is_one_in(const struct trial *t, long n)
{
	return t->nth % n == 0;
}

/* ---- judging ---- */

static bool
answer_holds(const struct trial *t, bool answered, bool struck)
{
	struct room *r = t->room;
	size_t nodes = answered ? count_nodes(r->result) : 0;

	if (!answered && r->answered && r->err.text[0] == '\0')
		return trial_found(t, "an error without a sentence", NULL);
	/* Of many acts the last may be proofs: what cannot be read of them is no proof, which is poorer and safe. */
	if (answered && struck && t->kind != POWER && !(t->kind == READ && t->scene->many_acts) && nodes < t->whole->nodes && !says_what_it_lacks(r->result))
		return trial_found(t, "an answer that lacks something is given as whole", NULL);
	if (!answered || !struck || t->kind != MEMORY || t->whole->answer == NULL || json_equal(r->result, t->whole->answer))
		return true;
	if (getenv("COUNTED_SHOW") != NULL) {
		json_dumpf(r->result, stdout, JSON_SORT_KEYS);
		printf("\n");
		json_dumpf(t->whole->answer, stdout, JSON_SORT_KEYS);
		printf("\n");
	}
	return trial_found(t, "it answers something else", NULL);
}

/* The program starts again, shows what is there and is asked again: unless the very same disk has held already. */
static bool
holds_afterwards(struct trial *t, bool answered)
{
	bool alone = t->kind == MEMORY && !scene_meets(t->scene);
	uint8_t hash[16];

	if (alone) {
		held_hash(hash, t->room->disk, answered, t->again);
		if (held_has(hash))
			return true;
	}
	if (!trial_stands(t, answered) || (!answered && !asked_again(t, t->params, room_entries(t->room) != t->whole->before)))
		return false;
	if (alone)
		held_note(hash);
	return true;
}

/* The fault is over: what was answered, what is shown, what a start finds, and whether it can be asked again. */
static bool
judge_operation(struct trial *t, bool answered, bool struck)
{
	struct room *r = t->room;
	bool good = answer_holds(t, answered, struck);

	if (t->kind == POWER && disk_dead(r->disk))
		answered = false; /* nobody heard it */
	if (good && !disk_dead(r->disk) && !entries_fit(t, answered, room_entries(r)))
		good = trial_found(t, answered ? "it answers, and not all of it is there" : "half of it is shown", NULL);
	if (good && !answered && t->kind == MEMORY && is_one_in(t, 1 + t->whole->memory / 4000))
		answered = asked_while_it_runs(t, &good);
	if (t->kind == POWER && !struck) /* past the last change of the disk: what was answered survives this too */
		disk_power_off(r->disk);
	room_stop(r);
	if (disk_dead(r->disk))
		lose_power(t);
	return good && holds_afterwards(t, answered);
}

/* The same while the program starts: it starts or says why not, and starts when nothing is wrong any more. */
static bool
judge_opening(struct trial *t)
{
	struct room *r = t->room;
	bool good = true;

	if (r->node == NULL && r->err.text[0] == '\0')
		good = trial_found(t, "an error without a sentence", NULL);
	if (r->node != NULL)
		room_stop(r);
	if (disk_dead(r->disk))
		lose_power(t);
	return good && holds_afterwards(t, true);
}

bool
trial_begin(struct trial *t)
{
	struct err err = ERR_INIT;

	t->again = false;
	t->params = NULL;
	if (t->scene == &opening) {
		room_restore(t->room);
		return true;
	}
	if (!trial_room_begin(t->room, t->scene, &err))
		return trial_found(t, "it cannot even begin", err.text);
	t->params = room_params(t->room, t->scene->params);
	return true;
}

bool
trial_act(struct trial *t)
{
	if (t->scene != &opening)
		return room_ask(t->room, t->scene->op, t->params);
	t->room->err = (struct err)ERR_INIT;
	return room_open(t->room, false, &t->room->err) == ERR_OK;
}

bool
trial_judge(struct trial *t, bool answered, bool struck)
{
	return t->scene == &opening ? judge_opening(t) : judge_operation(t, answered, struck);
}

void
trial_end(struct trial *t)
{
	trial_room_end(t->room);
	json_decref(t->params);
}

bool
trial_run(struct trial *t, bool *struck)
{
	bool good, answered;

	*struck = false;
	if (t->kind == STILL)
		return t->scene != &opening ? trial_still(t, struck) : true; /* each scene opens it so */
	good = trial_begin(t);
	if (good) {
		arm(t);
		answered = trial_act(t);
		*struck = disarm(t);
		good = trial_judge(t, answered, *struck);
	}
	trial_end(t);
	return good;
}

static bool
measure_operation(struct room *r, const struct scene *s, struct whole *w)
{
	struct err err = ERR_INIT;
	json_t *params;
	uint64_t changes;
	bool good;

	if (!trial_room_begin(r, s, &err)) {
		printf("%s: cannot begin: %s\n", s->op, err.text);
		trial_room_end(r);
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
	room_stop(r);
	good = good && trial_stands(&(struct trial){ .room = r, .scene = s, .whole = w }, true);
	trial_room_end(r);
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
