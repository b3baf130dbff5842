#include "sim/heavy.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "log/entry.h"
#include "node/node.h"
#include "sim/decide.h"
#include "sim/disk.h"
#include "sim/mark.h"
#include "sim/nonce.h"
#include "sim/station.h"

enum { HEAVY_STATIONS = 2, HEAVY_RECORDS = 96, HEAVY_BATCH_MAX = 600, HEAVY_ROUNDS = 24 };

struct told { uint8_t (*ids)[16]; size_t count, cap; };

struct heavy {
	const struct play_options *options;
	struct play_report *report;
	struct world *world;
	struct decide decide;
	uint64_t seed;
	struct stream_id team;
	struct station *at[HEAVY_STATIONS];
	struct told told[HEAVY_STATIONS]; /* what its person was told is saved, in order */
	struct record_id records[HEAVY_RECORDS];
	uint8_t batch[HEAVY_BATCH_MAX][16];
	uint64_t written;
};

static bool
heavy_fail(struct heavy *h, const char *invariant, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding_note(&h->report->finding, world_trace(h->world), invariant, fmt, ap);
	va_end(ap);
	return false;
}

/* ---- the account ---- */

struct compare { const struct told *told; struct told *log; size_t at; bool ok; };

static bool
compare_one(void *ctx, const struct entry *e)
{
	struct compare *c = ctx;

	if (e->h.kind != KIND_DATA)
		return true;
	if (c->at < c->told->count && memcmp(c->told->ids[c->at], e->id.b, 16) != 0) {
		c->ok = false;
		return false;
	}
	c->at++;
	if (c->log != NULL) {
		c->log->ids = sim_must(mem_room(c->log->ids, c->log->count, &c->log->cap, sizeof(*c->log->ids)));
		memcpy(c->log->ids[c->log->count++], e->id.b, 16);
	}
	return true;
}

/* The log of station i, as station `where` holds it: what was told, in order. Behind that what a batch of nobody's knowledge has left. */
static bool
compare_log(struct heavy *h, size_t i, size_t where, struct told *log, size_t *found)
{
	struct replica *r = station_replica(h->at[where]);
	struct compare c = { .told = &h->told[i], .log = log, .ok = true };

	for (size_t at = 0; at < replica_log_count(r); at++) {
		const struct log_head *head = replica_log_at(r, at);

		if (!SAME(head->key.author, station_keys(h->at[i])->device.sign_pk) || !SAME(head->key.stream, h->team))
			continue;
		if (head->key.is_branch)
			return heavy_fail(h, "I11", "n%zu: its log forked", i);
		if (replica_scan(r, at, 0, head->len, true, compare_one, &c, NULL) != ERR_OK)
			return heavy_fail(h, "I2", "n%zu: the log of n%zu cannot be read", where, i);
	}
	*found = c.at;
	if (!c.ok || c.at < h->told[i].count)
		return heavy_fail(h, "I1", "n%zu: of %zu writes that n%zu was told are saved, number %zu is not there", where, h->told[i].count, i, c.at);
	return true;
}

/* After a start: what is there beyond what was told is now as good as told. */
static bool
take_stock(struct heavy *h, size_t i, size_t doubtful)
{
	struct told log = { .ids = NULL };
	size_t found = 0;
	bool ok = compare_log(h, i, i, &log, &found);

	if (ok && found != h->told[i].count && found != h->told[i].count + doubtful)
		ok = heavy_fail(h, "I2", "n%zu: of a batch of %zu writes %zu are there", i, doubtful, found - h->told[i].count);
	mem_free(h->told[i].ids);
	h->told[i] = log;
	return ok;
}

/* ---- writing ---- */

/* Of no account to any oracle, so nobody's decision. */
static size_t
some_record(const struct heavy *h)
{
	struct dice d = dice_of(h->seed, STREAM_NAMES, 1 + h->written);

	return (size_t)dice_below(&d, HEAVY_RECORDS);
}

static enum err_code
write_one(struct heavy *h, size_t i, uint8_t id[16], struct err *err)
{
	struct node *n = h->at[i]->node;
	struct draft d;
	struct hash entry;
	char text[32];
	enum err_code rc;

	snprintf(text, sizeof(text), "told %llu", (unsigned long long)h->written++);
	draft_init(&d, profile_type_named(node_profile(n), "case"), &h->records[some_record(h)]);
	rc = draft_assign_text(&d, OP_SET, "status", text, err);
	if (rc == ERR_OK)
		rc = node_write(n, &h->team, &d, &entry, err);
	draft_free(&d);
	if (rc == ERR_OK)
		memcpy(id, entry.b, 16);
	return rc;
}

/* The power goes, or its person reads "could not save" and starts it again. */
static bool
start_again(struct heavy *h, size_t i, size_t doubtful)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE, LOSS_NONE };
	struct station *s = h->at[i];
	struct disk *d = host_disk(s->host);
	struct err err = ERR_INIT;

	if (disk_dead(d))
		station_crash(s, false);
	else if (station_runs(s))
		station_close(s);
	if (disk_dead(d))
		disk_power_on(d, losses[decide_below(&h->decide, "loss", COUNT_OF(losses))]);
	disk_arm(d, FAULT_NONE, 0);
	disk_set_lying(d, h->options->lying);
	if (station_open(s, &err) != ERR_OK)
		return heavy_fail(h, "I1", "n%zu: its home does not open any more: %s", i, err.text);
	h->report->reopened++;
	return take_stock(h, i, doubtful);
}

static bool
do_batch(struct heavy *h, size_t i)
{
	static const enum disk_fault faults[] = { FAULT_POWER, FAULT_POWER, FAULT_POWER, FAULT_NO_SPACE, FAULT_WRITE, FAULT_SYNC };
	size_t want = (size_t)decide(&h->decide, "batch", dice_between(&h->decide.dice, HEAVY_BATCH_MAX / 4, HEAVY_BATCH_MAX), 1, HEAVY_BATCH_MAX), n = 0;
	struct station *s = h->at[i];
	struct disk *d = host_disk(s->host);
	struct told *t = &h->told[i];
	struct err err = ERR_INIT;
	enum err_code rc = ERR_OK;
	bool armed = decide_chance(&h->decide, "fault", 300);

	if (armed)
		disk_arm(d, faults[decide_below(&h->decide, "which", COUNT_OF(faults))],
		         decide(&h->decide, "after", dice_between(&h->decide.dice, 1, dice_chance(&h->decide.dice, 500) ? 8 : 400), 1, 400));
	for (; n < want && rc == ERR_OK; n++)
		rc = write_one(h, i, h->batch[n], &err);
	if (rc == ERR_OK)
		rc = node_commit(s->node, &err);
	else
		node_drop(s->node);
	trace_line(world_trace(h->world), "n%zu: %zu writes: %s", i, n, rc == ERR_OK ? "saved" : err.text);
	if (rc == ERR_OK && !disk_dead(d)) {
		for (size_t k = 0; k < n; k++) {
			t->ids = sim_must(mem_room(t->ids, t->count, &t->cap, sizeof(*t->ids)));
			memcpy(t->ids[t->count++], h->batch[k], 16);
		}
		h->report->saved += n;
	} else if (!disk_fault_struck(d) && !disk_dead(d)) {
		return heavy_fail(h, "I9", "n%zu: writing failed without a cause: %s", i, err.text);
	}
	h->report->disk_faults += disk_fault_struck(d);
	if (disk_dead(d) || disk_fault_struck(d))
		return start_again(h, i, rc == ERR_OK && !disk_dead(d) ? 0 : n);
	disk_arm(d, FAULT_NONE, 0);
	return true;
}

/* ---- meeting ---- */

static bool
meet(struct heavy *h)
{
	struct err err = ERR_INIT;

	if (station_meet(h->at[1], h->at[0], &err) != ERR_OK)
		return heavy_fail(h, "I9", "n1 cannot dial: %s", err.text);
	world_run(h->world, 8 * NS_PER_S);
	return true;
}

static bool
judge(struct heavy *h)
{
	uint8_t states[2][64], cold[32];
	struct err err = ERR_INIT;
	size_t found;

	for (int turn = 0; turn < 3; turn++)
		if (!meet(h))
			return false;
	for (size_t i = 0; i < HEAVY_STATIONS; i++) {
		station_frontier(h->at[i], states[i]);
		if (!station_hash(h->at[i], states[i] + 32))
			return heavy_fail(h, "I3", "n%zu has no state", i);
		for (size_t where = 0; where < HEAVY_STATIONS; where++)
			if (!compare_log(h, i, where, NULL, &found))
				return false;
	}
	if (memcmp(states[0], states[1], 64) != 0)
		return heavy_fail(h, "I3", "n1 and n0 do not hold and show the same");
	for (size_t i = 0; i < HEAVY_STATIONS; i++) {
		station_close(h->at[i]);
		if (station_open_with(h->at[i], h->at[i]->pass, true, &err) != ERR_OK)
			return heavy_fail(h, "I1", "n%zu does not open cold: %s", i, err.text);
		if (!station_hash(h->at[i], cold) || memcmp(cold, states[i] + 32, 32) != 0)
			return heavy_fail(h, "I3", "n%zu: rebuilt from its log it shows another state", i);
	}
	return true;
}

static bool
play_by_chance(struct heavy *h)
{
	for (size_t round = 0; round < HEAVY_ROUNDS; round++) {
		size_t i = (size_t)dice_below(&h->decide.dice, HEAVY_STATIONS);

		decide_begin(&h->decide, world_now(h->world), "batch", i);
		if (!do_batch(h, i))
			return false;
		world_run(h->world, NS_PER_S);
		if (round % 8 != 7)
			continue;
		decide_begin(&h->decide, world_now(h->world), "meet", 1);
		if (!meet(h))
			return false;
	}
	return true;
}

static bool
play_script(struct heavy *h)
{
	const struct script *s = h->decide.script;

	for (size_t at = 0; at < s->count; at++) {
		const struct script_event *e = &s->events[at];

		decide_begin_at(&h->decide, at);
		if (strcmp(e->kind, "batch") == 0 && !do_batch(h, e->who % HEAVY_STATIONS))
			return false;
		if (strcmp(e->kind, "meet") == 0 && !meet(h))
			return false;
		if (strcmp(e->kind, "batch") == 0)
			world_run(h->world, NS_PER_S);
	}
	return true;
}

static bool
play_through(struct heavy *h)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < HEAVY_STATIONS; i++)
		h->at[i] = station_new(h->world, i);
	if (station_found(h->at[0], &h->team, &err) != ERR_OK || station_join(h->at[1], h->at[0], ROLE_ADVISOR, &h->team, &err) != ERR_OK)
		return heavy_fail(h, "I9", "founding failed: %s", err.text);
	for (size_t i = 0; i < HEAVY_STATIONS; i++)
		disk_set_lying(host_disk(h->at[i]->host), h->options->lying);
	return (h->decide.script != NULL ? play_script(h) : play_by_chance(h)) && judge(h);
}

static void
set_up(struct heavy *h)
{
	const struct script *s = h->options->script;
	size_t at = s != NULL ? decide_find(&h->decide, 0, "set") : 0;
	struct script_event *e;

	h->seed = s == NULL ? h->options->seed : at < s->count ? script_value(&s->events[at], "seed") : 1;
	h->decide.dice = dice_of(h->seed, STREAM_WORK, 2);
	if (s != NULL || h->options->record == NULL)
		return;
	e = script_add(h->options->record, 0, "set", 0);
	script_note(e, "seed", h->seed);
	script_note(e, "heavy", 1);
	script_note(e, "stations", HEAVY_STATIONS);
}

void
heavy_play(const struct play_options *options, struct play_report *out)
{
	struct heavy *h = sim_must(mem_zero(1, sizeof(*h)));
	struct dice names;

	*out = (struct play_report){ .ok = false };
	*h = (struct heavy){ .options = options, .report = out, .decide = { .record = options->record, .script = options->script } };
	set_up(h);
	names = dice_of(h->seed, STREAM_NAMES, 0);
	keystore_cheap_for_tests = true;
	for (size_t i = 0; i < HEAVY_RECORDS; i++)
		dice_fill(&names, h->records[i].b, sizeof(h->records[i].b));
	h->world = world_new(h->seed, HEAVY_STATIONS, options->show);
	nonce_forget_all();
	(void)play_through(h);
	if (scan_finding(world_scan(h->world)) != NULL)
		(void)heavy_fail(h, "I6", "%s", scan_finding(world_scan(h->world)));
	if (nonce_twice())
		(void)heavy_fail(h, "I8", "a key has sealed two texts under one nonce");
	out->ok = out->finding.invariant[0] == '\0';
	for (size_t i = 0; i < HEAVY_STATIONS; i++) {
		out->crashes += h->at[i]->crashes;
		out->exchanges += h->at[i]->results;
		out->in_step += h->at[i]->in_step;
		station_free(h->at[i]);
		mem_free(h->told[i].ids);
	}
	out->wire_bytes = world_wire_bytes(h->world);
	out->scanned_bytes = scan_total(world_scan(h->world));
	out->steps = world_step_count(h->world);
	out->now_ns = world_now(h->world);
	out->hash = world_trace(h->world)->hash;
	world_free(h->world);
	mem_free(h);
}
