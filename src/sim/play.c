#include "sim/play.h"

#include <stdarg.h>
#include <stdio.h>

#include "sim/day.h"
#include "sim/heavy.h"
#include "sim/many.h"
#include "sim/nonce.h"
#include "sim/office.h"
#include "sim/play_internal.h"
#include "sim/wide.h"
#include "sim/world_internal.h"

enum { PROOF_EVERY = 16 }; /* acts between two looks at what is proved */

bool
play_fail(struct play *p, const char *invariant, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding_note(&p->report->finding, world_trace(p->world), invariant, fmt, ap);
	va_end(ap);
	return false;
}

bool
play_has_hub(const struct play *p)
{
	return p->machines > p->swarm.stations;
}

bool
play_store_struck(const struct play *p)
{
	struct station *hub = p->far != NULL ? p->stations[p->swarm.stations] : NULL;

	return hub != NULL && (far_struck(p->far) != p->far_struck || (station_runs(hub) && replica_away(station_replica(hub))));
}

enum disk_fault
play_draw_fault(struct play *p, const char *name, const enum disk_fault *faults, size_t count)
{
	bool any = dice_chance(&p->decide.dice, p->swarm.disk_fault);
	enum disk_fault drawn = any ? faults[dice_below(&p->decide.dice, count)] : FAULT_NONE;

	return (enum disk_fault)decide(&p->decide, name, drawn, FAULT_NONE, FAULT_READ);
}

/* ---- switching on ---- */

static enum disk_loss
draw_loss(struct play *p)
{
	bool usual = p->options->lying || dice_chance(&p->decide.dice, 700);

	return (enum disk_loss)decide(&p->decide, "loss", usual ? p->swarm.loss : dice_below(&p->decide.dice, LOSS_GARBAGE + 1), 0, LOSS_GARBAGE);
}

/* Reads strike at starts and hardly ever later: what has been read stays in memory. */
static enum disk_fault
draw_open_fault(struct play *p)
{
	static const enum disk_fault faults[] = { FAULT_POWER, FAULT_POWER, FAULT_READ, FAULT_READ, FAULT_SYNC, FAULT_WRITE, FAULT_NO_SPACE };
	enum disk_fault drawn = p->swarm.only_full ? faults[dice_below(&p->decide.dice, 2) * (COUNT_OF(faults) - 1)] : faults[dice_below(&p->decide.dice, COUNT_OF(faults))];

	return (enum disk_fault)decide(&p->decide, "open-kind", drawn, FAULT_POWER, FAULT_READ);
}

static bool
open_once(struct play *p, size_t i, struct err *err)
{
	struct station *s = p->stations[i];
	struct disk *d = host_disk(s->host);

	if (disk_dead(d))
		disk_power_on(d, draw_loss(p));
	disk_set_lying(d, p->options->lying);
	p->hurt[i] = false;
	p->armed[i] = FAULT_NONE;
	/* A second cut while the first is being repaired, or another fault. */
	if (play_chance(p, "open-fault", p->swarm.disk_fault))
		disk_arm(d, draw_open_fault(p), play_between(p, "open-after", 1, 60));
	if (station_open(s, err) == ERR_OK && !disk_fault_struck(d)) {
		disk_arm(d, FAULT_NONE, 0);
		return true;
	}
	if (disk_dead(d)) {
		mark(MARK_CUT_WHILE_OPENING);
		struck(STRUCK_OPENING);
		station_crash(s, false);
		disk_power_on(d, draw_loss(p));
	} else if (station_runs(s)) {
		mark(MARK_OPENED_HURT);
		station_close(s);
	} else if (disk_fault_struck(d)) {
		mark(MARK_NOT_OPENED_HURT);
	} else {
		return false; /* for no cause at all */
	}
	p->report->disk_faults += disk_fault_struck(d);
	disk_arm(d, FAULT_NONE, 0);
	*err = (struct err)ERR_INIT;
	return station_open(s, err) == ERR_OK;
}

/* The founder is awake and its disk well: somebody comes to be admitted. */
static bool
founder_is_ready(struct play *p)
{
	struct disk *d = host_disk(p->stations[0]->host);

	p->hurt[0] = p->hurt[0] || disk_fault_struck(d);
	if (!disk_dead(d))
		disk_arm(d, FAULT_NONE, 0);
	if (p->hurt[0] && station_runs(p->stations[0]) && !disk_dead(d)) {
		station_close(p->stations[0]);
		p->stations[0]->has_closed_hash = false;
	}
	return play_ensure_up(p, 0);
}

/* A newcomer, who may lose the power in the middle of it and then tries again. */
static bool
join(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct disk *d = host_disk(s->host);
	struct err err = ERR_INIT, again = ERR_INIT;
	uint8_t role = i == p->swarm.stations ? ROLE_HUB : p->coordinator[i] ? ROLE_COORDINATOR : ROLE_ADVISOR;

	if (!founder_is_ready(p))
		return false;
	if (disk_dead(d))
		disk_power_on(d, draw_loss(p));
	if (play_chance(p, "join-fault", p->swarm.disk_fault))
		disk_arm(d, FAULT_POWER, play_between(p, "join-after", 1, 150));
	if (station_join(s, p->stations[0], role, &p->team, &err) != ERR_OK) {
		if (!disk_dead(d))
			return play_fail(p, "I9", "n%zu cannot join: %s", i, err.text);
		mark(MARK_CUT_WHILE_JOINING);
		struck(STRUCK_JOINING);
		station_crash(s, false);
		disk_power_on(d, draw_loss(p));
		if (station_join(s, p->stations[0], role, &p->team, &again) != ERR_OK)
			return play_fail(p, "I9", "n%zu cannot join after a power cut: %s", i, again.text);
	}
	disk_arm(d, FAULT_NONE, 0);
	disk_set_lying(d, p->options->lying);
	station_add_secrets(s);
	if (p->report->saved > 0)
		mark(MARK_LATE_NEWCOMER);
	return true;
}

/* A hub has nobody to show anything to. What it was told to keep it must have. */
static bool
judge_hub(struct play *p, size_t i)
{
	uint64_t entries = replica_entry_count(station_replica(p->stations[i]));

	if (p->stations[i]->crashes > 0 && p->hub_entries > 0)
		mark(MARK_HUB_REBOOTED);
	return play_judge_custody(p, i) && (entries > 0 || p->hub_entries == 0 || play_fail(p, "I1", "the hub has lost everything"));
}

bool
play_ensure_up(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	uint8_t hash[32];

	if (!s->joined && !(i < p->swarm.stations && ((p->swarm.clones > 0 && play_chance(p, "clone", p->swarm.clones) && play_clone(p, i)) ||
	                                               (p->swarm.besides > 0 && play_chance(p, "beside", p->swarm.besides) && play_second_home(p, i)))))
		return p->report->finding.invariant[0] == '\0' && join(p, i);
	if (station_power_went(s) && station_runs(s))
		station_crash(s, p->swarm.half_open);
	if (station_runs(s))
		return true;
	if (!open_once(p, i, &err))
		return play_fail(p, "I1", "n%zu: its home does not open any more: %s", i, err.text);
	p->report->reopened++;
	if (s->has_closed_hash && (!station_hash(s, hash) || memcmp(hash, s->closed_hash, sizeof(hash)) != 0))
		return play_fail(p, "I3", "n%zu: it opened in another state than it was closed in", i);
	s->has_closed_hash = false;
	if (s->is_hub)
		return judge_hub(p, i);
	return play_judge(p, i, true) && play_judge_custody(p, i) && play_judge_desk(p, i);
}

bool
play_tend(struct play *p)
{
	for (size_t i = 0; i < p->machines; i++) {
		struct station *s = p->stations[i];
		struct disk *d = host_disk(s->host);

		p->hurt[i] = p->hurt[i] || disk_fault_struck(d);
		p->report->disk_faults += disk_fault_struck(d);
		if (disk_fault_struck(d) && p->armed[i] == FAULT_SYNC)
			mark(MARK_SYNC_FAILED);
		if (disk_fault_struck(d) && p->armed[i] == FAULT_READ)
			mark(MARK_READ_FAILED);
		if (disk_fault_struck(d) && s->is_hub)
			mark(MARK_HUB_HURT);
		if (s->is_hub && station_runs(s) && !disk_dead(d))
			p->hub_entries = replica_entry_count(station_replica(s));
		p->armed[i] = FAULT_NONE;
		if (!disk_dead(d))
			disk_arm(d, FAULT_NONE, 0);
		if (disk_dead(d) && station_runs(s))
			station_crash(s, p->swarm.half_open);
		if (!p->hurt[i] || !station_runs(s))
			continue;
		/* Its person reads "could not save" and starts it again. */
		station_close(s);
		s->has_closed_hash = false; /* what it showed may have included what it could not save */
		if (!play_ensure_up(p, i))
			return false;
	}
	return true;
}

/* ---- phases ---- */

/* The founder and at least one more; the others come when they are first needed. */
static bool
assemble(struct play *p)
{
	struct err err = ERR_INIT;
	size_t last = p->swarm.stations - play_is_spare(p, p->swarm.stations - 1);
	size_t at_once = (size_t)decide(&p->decide, "at-once", p->swarm.late ? 2 : dice_between(&p->decide.dice, 2, last), 2, last);
	uint32_t faults = p->swarm.disk_fault;

	for (size_t i = 0; i < p->machines; i++) {
		p->stations[i] = station_new(p->world, i);
		p->stations[i]->stay = p->swarm.stay;
		p->stations[i]->seeks = p->swarm.seek;
		p->coordinator[i] = i == 0 || (play_chance(p, "coordinator", 250) && !play_is_spare(p, i));
	}
	told_listen(p);
	if (p->far != NULL) {
		p->stations[p->swarm.stations]->far = p->far;
		mark(MARK_STORE_AWAY);
	}
	if (p->swarm.meeting == MEET_HUB_ONLY)
		mark(MARK_HUB_ONLY);
	if (station_found(p->stations[0], &p->team, &err) != ERR_OK)
		return play_fail(p, "I9", "founding failed: %s", err.text);
	if (trustees_found(p, &err) != ERR_OK)
		return play_fail(p, "I9", "the kit failed: %s", err.text);
	station_add_secrets(p->stations[0]);
	p->swarm.disk_fault = 0;
	for (size_t i = 1; i < at_once; i++)
		if (!play_ensure_up(p, i))
			return false;
	p->swarm.disk_fault = faults;
	return true;
}

static bool
judge_end(struct play *p)
{
	return upgrade_judge(p) && grant_judge(p) && trustees_judge(p) && bury_settle(p) && bury_judge_kept(p) && merge_judge(p) && play_judge_all(p) && play_wipe(p);
}

static bool
act_over(struct play *p, size_t n)
{
	size_t i = n / PROOF_EVERY % p->swarm.stations;

	for (size_t k = 0; k < p->swarm.stations; k++)
		if (!backup_judge_copies(p, k))
			return false;
	return n % PROOF_EVERY != PROOF_EVERY - 1 || play_judge_proof(p, i);
}

static bool
play_by_chance(struct play *p)
{
	for (size_t n = 0; n < p->swarm.acts; n++)
		if (!play_act(p) || !act_over(p, n))
			return false;
	decide_begin(&p->decide, world_now(p->world), "heal", 0);
	return true;
}

/* Events whose time has passed, since what stands before them now takes longer, happen at once. */
static bool
play_script(struct play *p)
{
	const struct script *s = p->decide.script;
	size_t n = 0;

	for (size_t at = 0; at < s->count; at++) {
		const struct script_event *e = &s->events[at];
		enum act_kind kind;

		if (!play_act_called(e->kind, &kind))
			continue;
		if (e->at > world_now(p->world))
			world_run(p->world, e->at - world_now(p->world));
		decide_begin_at(&p->decide, at);
		if (!play_perform(p, kind, e->who % p->swarm.stations) || !act_over(p, n++))
			return false;
	}
	decide_begin_at(&p->decide, decide_find(&p->decide, 0, "heal"));
	return true;
}

static bool
play_through(struct play *p)
{
	if (p->decide.script != NULL)
		decide_begin_at(&p->decide, decide_find(&p->decide, 0, "found"));
	else
		decide_begin(&p->decide, world_now(p->world), "found", 0);
	if (!assemble(p))
		return false;
	world_set_weather(p->world, &p->swarm.weather);
	if (play_has_hub(p))
		world_watch(p->world, hub_watch_room, p);
	disk_set_lying(host_disk(p->stations[0]->host), p->options->lying);
	if (p->decide.script != NULL ? !play_script(p) : !play_by_chance(p))
		return false;
	return play_heal(p) && judge_end(p);
}

static void
count_up(struct play *p)
{
	struct play_report *r = p->report;

	for (size_t i = 0; i < p->machines && p->stations[i] != NULL; i++) {
		r->hub_crashes += p->stations[i]->is_hub ? p->stations[i]->crashes : 0;
		r->hub_starts += p->stations[i]->is_hub ? p->stations[i]->opens : 0;
		r->crashes += p->stations[i]->crashes;
		r->exchanges += p->stations[i]->results;
		r->in_step += p->stations[i]->in_step;
		r->disk_ops += disk_ops(host_disk(p->stations[i]->host));
	}
	r->cuts = world_cuts(p->world);
	r->wire_bytes = world_wire_bytes(p->world);
	r->scanned_bytes = scan_total(world_scan(p->world));
	r->steps = world_step_count(p->world);
	r->now_ns = world_now(p->world);
	r->hash = world_trace(p->world)->hash;
}

/* A profile that plays by rules of its own; a script says which by a word of its first event. */
static bool
is_of(const struct play_options *o, enum swarm_profile profile, const char *word)
{
	if (o->script == NULL)
		return o->profile == profile;
	for (size_t i = 0; i < o->script->count; i++)
		if (strcmp(o->script->events[i].kind, "set") == 0)
			return script_value(&o->script->events[i], word) != 0;
	return false;
}

void
play(const struct play_options *options, struct play_report *out)
{
	uint64_t seed = options->seed;
	struct play p = { .options = options, .report = out, .decide = { .record = options->record, .script = options->script } };

	if (is_of(options, PROFILE_WIDE, "wide")) {
		wide_play(options, out);
		return;
	}
	if (is_of(options, PROFILE_HEAVY, "heavy")) {
		heavy_play(options, out);
		return;
	}
	if (is_of(options, PROFILE_OFFICE, "office")) {
		office_play(options, out);
		return;
	}
	if (is_of(options, PROFILE_DAY, "day")) {
		day_play(options, out);
		return;
	}
	if (is_of(options, PROFILE_MANY, "many")) {
		many_play(options, out);
		return;
	}
	*out = (struct play_report){ .ok = false };
	keystore_cheap_for_tests = true;
	if (options->script != NULL) {
		swarm_from_script(&p.swarm, &seed, options->script);
	} else {
		swarm_draw(&p.swarm, options);
		if (options->record != NULL)
			swarm_to_script(&p.swarm, seed, options->record);
	}
	p.decide.dice = dice_of(seed, STREAM_WORK, 0);
	p.machines = p.swarm.stations + (p.swarm.meeting != MEET_EACH_OTHER);
	p.world = world_new(seed, p.machines, options->show);
	p.world->net.decide = &p.decide;
	if (p.swarm.far > 0 && p.machines > p.swarm.stations)
		p.far = far_new(p.world, p.swarm.far);
	p.model = model_new(seed, p.swarm.records);
	scan_add_text(world_scan(p.world), "a note's marker", model_marker(p.model));
	nonce_forget_all();
	(void)play_through(&p);
	world_watch(p.world, NULL, NULL); /* the machines go now */
	if (nonce_twice())
		(void)play_fail(&p, "I8", "a key has sealed two texts under one nonce");
	if (scan_finding(world_scan(p.world)) != NULL)
		(void)play_fail(&p, "I6", "%s", scan_finding(world_scan(p.world)));
	out->ok = out->finding.invariant[0] == '\0';
	count_up(&p);
	for (size_t i = 0; i < p.machines; i++)
		station_free(p.stations[i]);
	for (size_t i = 0; i < STICKS; i++)
		buf_free(&p.stick[i]);
	for (size_t i = 0; i < MACHINES_MAX; i++)
		if (p.image[i] != NULL)
			disk_image_free(p.image[i]);
	far_free(p.far);
	model_free(p.model);
	world_free(p.world);
}
