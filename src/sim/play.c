#include "sim/play.h"

#include <stdarg.h>
#include <stdio.h>

#include "sim/play_internal.h"
#include "sim/world_internal.h"

bool
play_fail(struct play *p, const char *invariant, const char *fmt, ...)
{
	struct finding *f = &p->report->finding;
	va_list ap;

	if (f->invariant[0] != '\0')
		return false;
	snprintf(f->invariant, sizeof(f->invariant), "%s", invariant);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	trace_line(world_trace(p->world), "FINDING %s: %s", f->invariant, f->text);
	return false;
}

/* ---- looking ---- */

struct looker {
	struct station *s;
	struct record *r;
	struct err err; /* other than "there is none" */
};

static const struct record *
look(void *ctx, const struct record_id *id)
{
	struct looker *l = ctx;
	struct err err = ERR_INIT;
	enum err_code rc;

	record_reset(l->r, id);
	rc = node_record(l->s->node, id, l->r, NULL, &err);
	if (rc != ERR_OK && rc != ERR_UNKNOWN)
		l->err = err;
	return rc == ERR_OK ? l->r : NULL;
}

static bool
judge(struct play *p, size_t i, bool own_only)
{
	struct looker l = { .s = p->stations[i], .r = sim_must(record_new(model_record_id(p->model, 0))), .err = ERR_INIT };
	struct finding f = { "", "" };
	bool ok;

	ok = own_only ? model_check_own(p->model, i, look, &l, &f) : model_check_all(p->model, i, look, &l, &f);
	record_free(l.r);
	if (l.err.code != ERR_OK)
		return play_fail(p, "I2", "n%zu: a record cannot be read: %s", i, l.err.text);
	return ok || play_fail(p, f.invariant, "%s", f.text);
}

/*
 * What a station signed for (an ACK) it must still hold: others show it as
 * custody, and may wipe their own copy on the strength of it.
 */
static bool
judge_custody(struct play *p, size_t i)
{
	struct replica *own = node_replica(p->stations[i]->node);
	const struct author *author = &node_keystore(p->stations[i]->node)->device.sign_pk;

	for (size_t k = 0; k < p->swarm.stations; k++) {
		struct replica *other = k != i && station_runs(p->stations[k]) ? node_replica(p->stations[k]->node) : NULL;

		for (size_t log = 0; other != NULL && log < replica_log_count(other); log++) {
			uint64_t signed_for = replica_acked(other, author, log), held = 0;
			size_t at;

			if (replica_log_find(own, &replica_log_at(other, log)->key, &at))
				held = replica_log_at(own, at)->len;
			if (held < signed_for)
				return play_fail(p, "I1", "n%zu signed to n%zu for %llu entries of log %zu and holds %llu", i, k,
				                 (unsigned long long)signed_for, log, (unsigned long long)held);
		}
	}
	return true;
}

/* ---- switching on ---- */

static enum disk_loss
draw_loss(struct play *p)
{
	static const enum disk_loss any[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE, LOSS_NONE };

	return p->options->lying || dice_chance(&p->dice, 700) ? p->swarm.loss : any[dice_below(&p->dice, COUNT_OF(any))];
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
	/* A second cut while the first is being repaired. */
	if (dice_chance(&p->dice, p->swarm.disk_fault))
		disk_arm(d, FAULT_POWER, dice_between(&p->dice, 1, 60));
	if (station_open(s, err) == ERR_OK) {
		disk_arm(d, FAULT_NONE, 0);
		return true;
	}
	if (disk_dead(d)) {
		station_crash(s, false);
		disk_power_on(d, draw_loss(p));
	}
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
	uint8_t role = p->coordinator[i] ? ROLE_COORDINATOR : ROLE_ADVISOR;

	if (!founder_is_ready(p))
		return false;
	if (disk_dead(d))
		disk_power_on(d, draw_loss(p));
	if (dice_chance(&p->dice, p->swarm.disk_fault))
		disk_arm(d, FAULT_POWER, dice_between(&p->dice, 1, 150));
	if (station_join(s, p->stations[0], role, &p->team, &err) != ERR_OK) {
		if (!disk_dead(d))
			return play_fail(p, "I9", "n%zu cannot join: %s", i, err.text);
		station_crash(s, false);
		disk_power_on(d, draw_loss(p));
		if (station_join(s, p->stations[0], role, &p->team, &again) != ERR_OK)
			return play_fail(p, "I9", "n%zu cannot join after a power cut: %s", i, again.text);
	}
	disk_arm(d, FAULT_NONE, 0);
	disk_set_lying(d, p->options->lying);
	station_add_secrets(s);
	return true;
}

bool
play_ensure_up(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	uint8_t hash[32];

	if (!s->joined)
		return join(p, i);
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
	return judge(p, i, true) && judge_custody(p, i);
}

bool
play_tend(struct play *p)
{
	for (size_t i = 0; i < p->swarm.stations; i++) {
		struct station *s = p->stations[i];
		struct disk *d = host_disk(s->host);

		p->hurt[i] = p->hurt[i] || disk_fault_struck(d);
		p->report->disk_faults += disk_fault_struck(d);
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
	size_t at_once = (size_t)dice_between(&p->dice, 2, p->swarm.stations);
	uint32_t faults = p->swarm.disk_fault;

	for (size_t i = 0; i < p->swarm.stations; i++) {
		p->stations[i] = station_new(p->world, i);
		p->stations[i]->stay = p->swarm.stay;
		p->coordinator[i] = i == 0 || dice_chance(&p->dice, 250);
	}
	if (station_found(p->stations[0], &p->team, &err) != ERR_OK)
		return play_fail(p, "I9", "founding failed: %s", err.text);
	station_add_secrets(p->stations[0]);
	p->swarm.disk_fault = 0;
	for (size_t i = 1; i < at_once; i++)
		if (!play_ensure_up(p, i))
			return false;
	p->swarm.disk_fault = faults;
	return true;
}

static bool
all_equal(struct play *p)
{
	uint8_t first[64], other[64];

	for (size_t i = 0; i < p->swarm.stations; i++) {
		uint8_t *at = i == 0 ? first : other;

		station_frontier(p->stations[i], at);
		if (!station_hash(p->stations[i], at + 32) || memcmp(first, at, 64) != 0 || node_waiting_keys(p->stations[i]->node) > 0)
			return false;
	}
	return true;
}

static bool
everyone_up(struct play *p)
{
	for (size_t i = 0; i < p->swarm.stations; i++)
		if (!play_ensure_up(p, i))
			return false;
	return true;
}

/* Everybody meets everybody until nothing changes any more. */
static bool
heal(struct play *p)
{
	const struct weather fair = { .latency_min = NS_PER_MS, .latency_max = 5 * NS_PER_MS, .chunk_max = 16384 };
	struct err err = ERR_INIT;

	p->swarm.disk_fault = 0;
	world_set_weather(p->world, &fair);
	memset(p->world->net.parted, 0, sizeof(p->world->net.parted));
	world_reset_wires(p->world);
	if (!play_tend(p) || !everyone_up(p))
		return false;
	world_run(p->world, 10 * NS_PER_S);
	for (int round = 0; round < 8; round++) {
		trace_line(world_trace(p->world), "healing, round %d", round);
		for (size_t a = 0; a < p->swarm.stations; a++)
			for (size_t b = 0; b < a; b++) {
				if (station_meet(p->stations[a], p->stations[b], &err) != ERR_OK)
					return play_fail(p, "I9", "n%zu cannot dial: %s", a, err.text);
				world_run(p->world, 4 * NS_PER_S);
			}
		for (size_t i = 0; i < p->swarm.stations; i++)
			if (p->coordinator[i] && station_give_keys(p->stations[i], &err) != ERR_OK)
				return play_fail(p, "I9", "n%zu cannot give keys: %s", i, err.text);
		if (all_equal(p))
			return true;
	}
	return true;
}

static void
take_finding(void *ctx, const char *text)
{
	struct play *p = ctx;

	(void)play_fail(p, "I2", "verify: %s", text);
}

static bool
judge_apart(struct play *p)
{
	uint8_t first[64], other[64];

	for (size_t i = 0; i < p->swarm.stations; i++) {
		uint8_t *at = i == 0 ? first : other;
		uint64_t waiting = node_waiting_keys(p->stations[i]->node);

		station_frontier(p->stations[i], at);
		if (waiting > 0)
			return play_fail(p, "I3", "n%zu: %llu entries wait for keys after healing", i, (unsigned long long)waiting);
		if (!station_hash(p->stations[i], at + 32))
			return play_fail(p, "I3", "n%zu has no state", i);
		if (memcmp(first, at, 32) != 0)
			return play_fail(p, "I3", "n%zu and n0 do not hold the same entries after healing", i);
		if (memcmp(first + 32, at + 32, 32) != 0)
			return play_fail(p, "I3", "n%zu and n0 hold the same entries and show different states", i);
	}
	return true;
}

/* Each home opened once more, without its snapshot: memory may not have known better than the disk. */
static bool
judge_cold(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	uint8_t warm[32], cold[32];

	if (!station_hash(s, warm))
		return play_fail(p, "I3", "n%zu has no state", i);
	station_close(s);
	if (station_open_with(s, s->pass, true, &err) != ERR_OK)
		return play_fail(p, "I1", "n%zu does not open cold: %s", i, err.text);
	if (!station_hash(s, cold) || memcmp(warm, cold, sizeof(warm)) != 0)
		return play_fail(p, "I3", "n%zu: rebuilt from its log it shows another state", i);
	if (replica_verify(node_replica(s->node), take_finding, p, NULL, &err) != ERR_OK)
		return play_fail(p, "I2", "n%zu: verify: %s", i, err.text);
	return judge(p, i, false);
}

static void
scan_file(void *ctx, const char *path, struct bytes data)
{
	scan_bytes(ctx, data, path);
}

static bool
judge_all(struct play *p)
{
	if (!judge_apart(p))
		return false;
	for (size_t i = 0; i < p->swarm.stations; i++)
		if (!judge(p, i, false))
			return false;
	for (size_t i = 0; i < p->swarm.stations; i++)
		if (!judge_cold(p, i) || p->report->finding.invariant[0] != '\0')
			return false;
	for (size_t i = 0; i < p->swarm.stations; i++)
		station_add_secrets(p->stations[i]);
	for (size_t i = 0; i < p->swarm.stations; i++)
		disk_each(host_disk(p->stations[i]->host), scan_file, world_scan(p->world));
	return true;
}

static bool
play_through(struct play *p)
{
	if (!assemble(p))
		return false;
	world_set_weather(p->world, &p->swarm.weather);
	disk_set_lying(host_disk(p->stations[0]->host), p->options->lying);
	for (size_t n = 0; n < p->swarm.acts; n++)
		if (!play_act(p))
			return false;
	return heal(p) && judge_all(p);
}

static void
count_up(struct play *p)
{
	struct play_report *r = p->report;

	for (size_t i = 0; i < p->swarm.stations && p->stations[i] != NULL; i++) {
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

void
play(const struct play_options *options, struct play_report *out)
{
	struct play p = { .options = options, .report = out, .dice = dice_of(options->seed, STREAM_WORK, 0) };

	*out = (struct play_report){ .ok = false };
	keystore_cheap_for_tests = true;
	swarm_draw(&p.swarm, options);
	p.world = world_new(options->seed, p.swarm.stations, options->show);
	p.model = model_new(options->seed, p.swarm.records);
	scan_add_text(world_scan(p.world), "a note's marker", model_marker(p.model));
	(void)play_through(&p);
	if (scan_finding(world_scan(p.world)) != NULL)
		(void)play_fail(&p, "I6", "%s", scan_finding(world_scan(p.world)));
	out->ok = out->finding.invariant[0] == '\0';
	count_up(&p);
	for (size_t i = 0; i < p.swarm.stations; i++)
		station_free(p.stations[i]);
	for (size_t i = 0; i < STICKS; i++)
		buf_free(&p.stick[i]);
	model_free(p.model);
	world_free(p.world);
}
