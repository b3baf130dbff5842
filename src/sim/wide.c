#include "sim/nonce.h"
#include "sim/wide_internal.h"

#include <stdarg.h>
#include <stdio.h>


bool
wide_fail(struct wide *w, const char *invariant, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding_note(&w->report->finding, world_trace(w->world), invariant, fmt, ap);
	va_end(ap);
	return false;
}

bool
wide_is_out(const struct wide *w, size_t i)
{
	for (size_t k = 0; k < w->removal_count; k++)
		if (w->removals[k].whom == i)
			return true;
	return false;
}

bool
wide_is_removed(const struct wide *w, size_t i)
{
	for (size_t k = 0; k < w->removal_count; k++)
		if (w->removals[k].whom == i && !w->removals[k].ungrant)
			return true;
	return false;
}

bool
wide_reader(const struct wide *w, size_t i)
{
	return w->at[i]->joined && !wide_is_out(w, i);
}

bool
wide_member(const struct wide *w, size_t i)
{
	return w->at[i]->joined && !wide_is_removed(w, i);
}

bool
wide_holds(struct wide *w, size_t i, const struct log_key *log, uint64_t seq)
{
	struct replica *r = station_replica(w->at[i]);
	size_t at;

	return replica_log_find(r, log, &at) && replica_log_at(r, at)->len > seq;
}

static void
fall_apart(struct wide *w)
{
	size_t parts = (size_t)decide_between(&w->decide, "parts", 2, WIDE_PARTS);

	trace_line(world_trace(w->world), "round %u", w->rounds);

	for (size_t i = 0; i < w->count; i++)
		w->part[i] = (size_t)decide_below(&w->decide, "part", parts);
	for (size_t a = 0; a < w->count; a++)
		for (size_t b = 0; b < w->count; b++)
			if (a != b)
				world_part(w->world, a, b, w->part[a] != w->part[b]);
}

/* Do all readers hold the same? Who has lost the team is sent no more of it. */
static bool
in_step(struct wide *w)
{
	uint8_t first[32], other[32];

	station_frontier(w->at[0], first);
	for (size_t i = 1; i < w->count; i++) {
		if (!wide_reader(w, i))
			continue;
		station_frontier(w->at[i], other);
		if (memcmp(first, other, sizeof(first)) != 0)
			return false;
	}
	return true;
}

/* A star, until nothing changes: those who were removed meet the centre too, once, and say what they have left. */
static bool
come_together(struct wide *w)
{
	struct err err = ERR_INIT;

	for (size_t a = 0; a < w->count; a++)
		for (size_t b = 0; b < w->count; b++)
			if (a != b)
				world_part(w->world, a, b, false);
	for (int turn = 0; turn < 10; turn++) {
		for (size_t i = 1; i < w->count; i++)
			if (w->at[i]->joined && (turn < 2 || wide_member(w, i)) && !wide_meet(w, i, 0))
				return false;
		for (size_t i = 0; i < w->count; i++) /* as a node does after an exchange, and when it is idle */
			if (w->at[i]->joined && station_give_keys(w->at[i], &err) != ERR_OK)
				return wide_fail(w, "I9", "n%zu cannot tend its keys: %s", i, err.text);
		if (turn > 0 && in_step(w))
			return true;
	}
	return wide_fail(w, "I3", "readers do not come to hold the same");
}

static bool
begin(struct wide *w)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < w->count; i++)
		w->at[i] = station_new(w->world, i);
	if (station_found(w->at[0], &w->team, &err) != ERR_OK)
		return wide_fail(w, "I9", "founding failed: %s", err.text);
	station_add_secrets(w->at[0]);
	w->id[0] = w->at[0]->device_id;
	for (size_t i = 1; i < w->count; i++)
		if ((i < WIDE_COORDINATORS || decide_chance(&w->decide, "at-once", 500)) && !wide_join(w, i, 0))
			return false;
	return come_together(w);
}

/* ---- rounds ---- */

static bool
judge_round(struct wide *w)
{
	uint64_t entries;

	if (!come_together(w) || !wide_judge(w))
		return false;
	if (w->rounds++ == 1 && bundle_write(node_peer_host(w->at[0]->node), NULL, &w->stick, &entries, NULL) != ERR_OK)
		return wide_fail(w, "I9", "n0 cannot write a stick");
	return true;
}

static bool
play_by_chance(struct wide *w)
{
	for (size_t round = 0; round < WIDE_ROUNDS; round++) {
		size_t count = (size_t)dice_between(&w->decide.dice, 10, 3 * w->count);

		decide_begin(&w->decide, world_now(w->world), "apart", 0);
		fall_apart(w);
		for (size_t k = 0; k < count; k++) {
			size_t i = (size_t)dice_below(&w->decide.dice, w->count);
			const struct wide_act *a = wide_draw_act(w, i);

			decide_begin(&w->decide, world_now(w->world), a->name, i);
			if (!wide_perform(w, a, i))
				return false;
		}
		decide_begin(&w->decide, world_now(w->world), "together", 0);
		if (!judge_round(w))
			return false;
	}
	return true;
}

/* Whatever comes last, they come together after it. */
static bool
play_script(struct wide *w)
{
	const struct script *s = w->decide.script;
	bool apart = true;

	for (size_t at = 0; at < s->count; at++) {
		const struct script_event *e = &s->events[at];
		const struct wide_act *a = wide_act_called(e->kind);

		decide_begin_at(&w->decide, at);
		if (strcmp(e->kind, "apart") == 0)
			fall_apart(w);
		if (strcmp(e->kind, "together") == 0 && !judge_round(w))
			return false;
		if (a != NULL && !wide_perform(w, a, e->who % w->count))
			return false;
		apart = strcmp(e->kind, "together") != 0;
	}
	return !apart || judge_round(w);
}

static bool
play_through(struct wide *w)
{
	if (w->decide.script != NULL)
		decide_begin_at(&w->decide, decide_find(&w->decide, 0, "found"));
	else
		decide_begin(&w->decide, 0, "found", 0);
	return begin(w) && (w->decide.script != NULL ? play_script(w) : play_by_chance(w)) && wide_judge_erased(w);
}

/* The seed and how many there are: drawn, or as the script says. */
static void
set_up(struct wide *w)
{
	const struct play_options *o = w->options;
	struct script_event *e;
	size_t at;

	w->seed = o->seed;
	w->decide = (struct decide){ .record = o->record, .script = o->script };
	if (o->script != NULL) {
		at = decide_find(&w->decide, 0, "set");
		w->seed = at < o->script->count ? script_value(&o->script->events[at], "seed") : 1;
		w->count = at < o->script->count ? (size_t)script_value(&o->script->events[at], "stations") : 0;
		w->count = w->count <= WIDE_COORDINATORS ? WIDE_COORDINATORS + 1 : w->count > WIDE_MAX ? WIDE_MAX : w->count;
	}
	w->decide.dice = dice_of(w->seed, STREAM_WORK, 1);
	if (o->script == NULL)
		w->count = (size_t)dice_between(&w->decide.dice, WIDE_MIN, WIDE_MAX);
	if (o->script == NULL && o->record != NULL) {
		e = script_add(o->record, 0, "set", 0);
		script_note(e, "seed", w->seed);
		script_note(e, "wide", 1);
		script_note(e, "stations", w->count);
	}
}

void
wide_play(const struct play_options *options, struct play_report *out)
{
	struct wide w = { .options = options, .report = out };
	struct dice names;
	const struct weather fair = { .latency_min = NS_PER_MS, .latency_max = 5 * NS_PER_MS, .chunk_max = 16384 };

	*out = (struct play_report){ .ok = false };
	keystore_cheap_for_tests = true;
	set_up(&w);
	names = dice_of(w.seed, STREAM_NAMES, 0);
	for (size_t i = 0; i < WIDE_RECORDS; i++)
		dice_fill(&names, w.records[i].b, sizeof(w.records[i].b));
	snprintf(w.marker, sizeof(w.marker), "§%016llx", (unsigned long long)dice_u64(&names));
	w.world = world_new(w.seed, w.count, options->show);
	world_set_weather(w.world, &fair);
	scan_add_text(world_scan(w.world), "a note's marker", w.marker);
	nonce_forget_all();
	(void)play_through(&w);
	if (nonce_twice())
		(void)wide_fail(&w, "I8", "a key has sealed two texts under one nonce");
	if (scan_finding(world_scan(w.world)) != NULL)
		(void)wide_fail(&w, "I6", "%s", scan_finding(world_scan(w.world)));
	out->ok = out->finding.invariant[0] == '\0';
	for (size_t i = 0; i < w.count; i++) {
		out->crashes += w.at[i]->crashes;
		out->exchanges += w.at[i]->results;
		out->in_step += w.at[i]->in_step;
		station_free(w.at[i]);
	}
	out->wire_bytes = world_wire_bytes(w.world);
	out->scanned_bytes = scan_total(world_scan(w.world));
	out->steps = world_step_count(w.world);
	out->now_ns = world_now(w.world);
	out->hash = world_trace(w.world)->hash;
	buf_free(&w.stick);
	mem_free(w.entries);
	mem_free(w.removals);
	world_free(w.world);
}
