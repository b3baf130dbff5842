#include "sim/staff.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/node.h"
#include "sim/nonce.h"
#include "store/replica.h"

enum { ANSWER_S = 120 };

bool
staff_fail(struct staff *s, const char *invariant, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding_note(&s->report->finding, world_trace(s->world), invariant, fmt, ap);
	va_end(ap);
	return false;
}

/* ---- asking ---- */

struct question { struct op_call call; bool done; };

static void
answered(struct op_call *call)
{
	((struct question *)call->ctx)->done = true;
}

static bool
is_answered(void *ctx)
{
	return ((struct question *)ctx)->done;
}

/* Some take their time: they meet others first. One that never ends keeps what it was asked. */
static bool
answer(struct staff *s, struct question *q, const char *name)
{
	mem_fail_after(s->grants, 0);
	op_start(op_find(name), &q->call);
	if (s->grants >= 0 && mem_allocations() > s->grants) { /* guarded pages ask too, and are no refusal of mem.h's */
		s->starved = true;
		struck(STRUCK_NO_MEMORY);
	}
	mem_fail_after(s->grants = -1, 0);
	return q->done || world_run_until(s->world, is_answered, q, ANSWER_S * NS_PER_S);
}

json_t *
staff_ask(struct staff *s, size_t i, const char *name, json_t *params, struct op_files *files, struct err *err)
{
	struct question *q = sim_must(mem_zero(1, sizeof(*q)));
	json_t *result;

	q->call = (struct op_call){ .node = s->at[i]->node, .meet = s->at[i]->meet, .params = sim_must(params), .files = files, .finished = answered, .ctx = q };
	q->call.err = (struct err)ERR_INIT;
	if (!answer(s, q, name)) {
		*err = (struct err)ERR_INIT;
		(void)staff_fail(s, "I9", "n%zu: %s does not end", i, name);
		return NULL;
	}
	json_decref(params);
	*err = q->call.err;
	result = q->call.result;
	mem_free(q);
	trace_line(world_trace(s->world), "n%zu: %s: %s", i, name, err->code == ERR_OK ? "ok" : err->text);
	if (err->code == ERR_OK && !disk_dead(host_disk(s->at[i]->host)))
		return result;
	json_decref(result);
	return NULL;
}

json_t *
staff_told(struct staff *s, size_t i, const char *name, json_t *params)
{
	struct err err;
	json_t *a = staff_ask(s, i, name, params, NULL, &err);

	if (a == NULL)
		(void)staff_fail(s, "I2", "n%zu: %s: %s", i, name, err.text);
	return a;
}

const char *
staff_text(const json_t *answer, const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));

	return text != NULL ? text : "";
}

bool
staff_struck(struct staff *s, size_t i)
{
	struct disk *d = host_disk(s->at[i]->host);

	return s->starved || disk_dead(d) || disk_fault_struck(d);
}

bool
staff_excused(struct staff *s, size_t i, const char *what, const struct err *err, bool may_be_refused)
{
	if (staff_struck(s, i) || (may_be_refused && (err->code == ERR_REFUSED || err->code == ERR_UNKNOWN || err->code == ERR_EXISTS || err->code == ERR_INVALID)))
		return true;
	return staff_fail(s, "I9", "n%zu: %s failed without a cause: %s", i, what, err->text);
}

/* ---- meeting, and what befalls them ---- */

bool
staff_meet(struct staff *s, size_t a, size_t b)
{
	struct err err = ERR_INIT;

	if (station_meet(s->at[a], s->at[b], &err) != ERR_OK)
		return staff_fail(s, "I9", "n%zu cannot dial: %s", a, err.text);
	world_run(s->world, 4 * NS_PER_S);
	if (station_give_keys(s->at[a], &err) != ERR_OK)
		return staff_fail(s, "I9", "n%zu cannot tend its keys: %s", a, err.text);
	return true;
}

bool
staff_act_meet(void *play, size_t i)
{
	struct staff *s = play;
	size_t n = s->house->stations;

	return staff_meet(s, i, (i + 1 + (size_t)decide_below(&s->decide, "with", n - 1)) % n);
}

bool
staff_act_power(void *play, size_t i)
{
	struct staff *s = play;

	station_crash(s->at[i], false);
	return true;
}

/* The power went, or its person reads that it could not be saved, and starts it again. */
static bool
start_again(struct staff *s, size_t i)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE, LOSS_NONE };
	struct station *at = s->at[i];
	struct disk *d = host_disk(at->host);
	struct err err = ERR_INIT;

	s->report->disk_faults += disk_fault_struck(d);
	if (disk_dead(d) && station_runs(at))
		station_crash(at, false);
	else if (station_runs(at))
		station_close(at);
	if (disk_dead(d))
		disk_power_on(d, losses[decide_below(&s->decide, "loss", COUNT_OF(losses))]);
	disk_arm(d, FAULT_NONE, 0);
	disk_set_lying(d, s->options->lying);
	if (station_open(at, &err) != ERR_OK)
		return staff_fail(s, "I1", "n%zu: its home does not open any more: %s", i, err.text);
	s->report->reopened++;
	return true;
}

/* Of those whose memory was short most go on, unless the program says that it has to be started again: what it left undone shows then, and only then. */
static bool
must_start_again(struct staff *s, size_t i)
{
	const struct replica *r = station_runs(s->at[i]) ? station_replica(s->at[i]) : NULL;
	struct disk *d = host_disk(s->at[i]->host);

	if (disk_dead(d) || disk_fault_struck(d) || (s->starved && (r == NULL || replica_failed(r) || replica_lost(r))))
		return true;
	if (s->starved && !decide_chance(&s->decide, "anew", 250)) {
		mark(MARK_WENT_ON);
		return false;
	}
	return s->starved;
}

/* ---- the course of it ---- */

static bool
perform(struct staff *s, const struct staff_act *a, size_t i)
{
	static const enum disk_fault faults[] = { FAULT_POWER, FAULT_POWER, FAULT_POWER, FAULT_NO_SPACE, FAULT_WRITE, FAULT_SYNC, FAULT_READ };
	struct disk *d = host_disk(s->at[i]->host);

	if (!a->without_fault && decide_chance(&s->decide, "fault", 150))
		disk_arm(d, faults[decide_below(&s->decide, "which", COUNT_OF(faults))], decide_between(&s->decide, "after", 1, 24));
	if (!a->without_fault && s->house->starving > 0 && decide_chance(&s->decide, "starve", s->house->starving))
		s->grants = (long)decide_between(&s->decide, "grants", 0, (uint64_t)1 << decide_between(&s->decide, "scale", 2, 12));
	if ((!a->coordinator || i < s->house->coordinators) && !a->act(s->play, i))
		return false;
	s->grants = -1;
	if (must_start_again(s, i) && !start_again(s, i))
		return false;
	s->starved = false;
	disk_arm(d, FAULT_NONE, 0);
	if (s->house->after != NULL && !s->house->after(s->play, i))
		return false;
	world_run(s->world, decide_between(&s->decide, "wait", 10, 2000) * NS_PER_MS);
	return true;
}

static const struct staff_act *
draw_act(struct staff *s, size_t i)
{
	const struct staff_act *acts = s->house->acts;
	uint64_t total = 0, at;
	size_t k = 0;

	for (size_t n = 0; n < s->house->act_count; n++)
		total += acts[n].weight;
	at = dice_below(&s->decide.dice, total);
	while (at >= acts[k].weight)
		at -= acts[k++].weight;
	return acts[k].coordinator && i >= s->house->coordinators ? &acts[0] : &acts[k];
}

static bool
play_by_chance(struct staff *s)
{
	for (size_t n = 0; n < s->house->rounds; n++) {
		size_t i = (size_t)dice_below(&s->decide.dice, s->house->stations);
		const struct staff_act *a = draw_act(s, i);

		decide_begin(&s->decide, world_now(s->world), a->name, i);
		if (!perform(s, a, i))
			return false;
	}
	return true;
}

static const struct staff_act *
act_called(const struct staff_house *h, const char *name)
{
	for (size_t k = 0; k < h->act_count; k++)
		if (strcmp(h->acts[k].name, name) == 0)
			return &h->acts[k];
	return NULL;
}

static bool
play_script(struct staff *s)
{
	const struct script *script = s->decide.script;

	for (size_t at = 0; at < script->count; at++) {
		const struct staff_act *a = act_called(s->house, script->events[at].kind);

		decide_begin_at(&s->decide, at);
		if (a != NULL && !perform(s, a, script->events[at].who % s->house->stations))
			return false;
	}
	return true;
}

static bool
come(struct staff *s)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < s->house->stations; i++)
		s->at[i] = station_new(s->world, i);
	s->at[0]->profile = s->house->profile;
	if (station_found(s->at[0], &s->team, &err) != ERR_OK)
		return staff_fail(s, "I9", "founding failed: %s", err.text);
	for (size_t i = 1; i < s->house->stations; i++)
		if (station_join(s->at[i], s->at[0], i < s->house->coordinators ? ROLE_COORDINATOR : ROLE_ADVISOR, &s->team, &err) != ERR_OK)
			return staff_fail(s, "I9", "n%zu cannot join: %s", i, err.text);
	for (size_t i = 0; i < s->house->stations; i++) {
		station_add_secrets(s->at[i]);
		disk_set_lying(host_disk(s->at[i]->host), s->options->lying);
	}
	return true;
}

static void
set_up(struct staff *s)
{
	const struct script *script = s->options->script;
	size_t at = script != NULL ? decide_find(&s->decide, 0, "set") : 0;
	struct script_event *e;

	s->seed = script == NULL ? s->options->seed : at < script->count ? script_value(&script->events[at], "seed") : 1;
	s->decide.dice = dice_of(s->seed, STREAM_WORK, 3);
	if (script != NULL || s->options->record == NULL)
		return;
	e = script_add(s->options->record, 0, "set", 0);
	script_note(e, "seed", s->seed);
	script_note(e, s->house->word, 1);
	script_note(e, "stations", s->house->stations);
}

static void
count_up(struct staff *s)
{
	struct play_report *out = s->report;

	out->ok = out->finding.invariant[0] == '\0';
	for (size_t i = 0; i < s->house->stations; i++) {
		out->crashes += s->at[i]->crashes;
		out->exchanges += s->at[i]->results;
		out->in_step += s->at[i]->in_step;
		out->disk_ops += disk_ops(host_disk(s->at[i]->host));
	}
	out->wire_bytes = world_wire_bytes(s->world);
	out->scanned_bytes = scan_total(world_scan(s->world));
	out->steps = world_step_count(s->world);
	out->now_ns = world_now(s->world);
	out->hash = world_trace(s->world)->hash;
}

void
staff_play(struct staff *s, void *play, const struct staff_house *house, const struct play_options *options, struct play_report *out)
{
	const struct weather fair = { .latency_min = NS_PER_MS, .latency_max = 5 * NS_PER_MS, .chunk_max = 16384 };
	struct dice names;

	s->house = house;
	s->play = play;
	s->options = options;
	s->report = out;
	s->grants = -1;
	s->decide = (struct decide){ .record = options->record, .script = options->script };
	*out = (struct play_report){ .ok = false };
	keystore_cheap_for_tests = true;
	set_up(s);
	names = dice_of(s->seed, STREAM_NAMES, 0);
	snprintf(s->marker, sizeof(s->marker), "§%016llx", (unsigned long long)dice_u64(&names));
	s->world = world_new(s->seed, house->stations + house->guests, options->show);
	world_set_weather(s->world, &fair);
	scan_add_text(world_scan(s->world), "a note's marker", s->marker);
	nonce_forget_all();
	if (come(s) && house->begin(play) && (options->script != NULL ? play_script(s) : play_by_chance(s)))
		(void)house->judge(play);
	if (nonce_twice())
		(void)staff_fail(s, "I8", "a key has sealed two texts under one nonce");
	if (scan_finding(world_scan(s->world)) != NULL)
		(void)staff_fail(s, "I6", "%s", scan_finding(world_scan(s->world)));
	count_up(s);
}

void
staff_free(struct staff *s)
{
	for (size_t i = 0; i < s->house->stations + s->house->guests; i++)
		if (s->at[i] != NULL)
			station_free(s->at[i]);
	world_free(s->world);
}

/* ---- at the end ---- */

static bool
all_equal(struct staff *s)
{
	uint8_t first[64], other[64];

	for (size_t i = 0; i < s->house->stations; i++) {
		uint8_t *at = i == 0 ? first : other;

		station_frontier(s->at[i], at);
		if (!station_hash(s->at[i], at + 32) || memcmp(first, at, 64) != 0)
			return false;
	}
	return true;
}

bool
staff_settle(struct staff *s)
{
	for (int turn = 0; turn < 8; turn++) {
		for (size_t a = 0; a < s->house->stations; a++)
			for (size_t b = 0; b < a; b++)
				if (!staff_meet(s, a, b) || !staff_meet(s, b, a))
					return false;
		if (turn > 0 && all_equal(s))
			return true;
	}
	return staff_fail(s, "I3", "they do not come to hold and show the same");
}

bool
staff_judge_cold(struct staff *s, size_t i)
{
	struct station *at = s->at[i];
	struct err err = ERR_INIT;
	uint8_t warm[32], cold[32];

	if (!station_hash(at, warm))
		return staff_fail(s, "I3", "n%zu has no state", i);
	station_close(at);
	if (station_open_with(at, at->pass, true, &err) != ERR_OK)
		return staff_fail(s, "I1", "n%zu does not open cold: %s", i, err.text);
	return (station_hash(at, cold) && memcmp(warm, cold, sizeof(warm)) == 0) || staff_fail(s, "I3", "n%zu: rebuilt from its log it shows another state", i);
}
