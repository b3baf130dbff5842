#include "sim/many.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/table.h"
#include "log/entry.h"
#include "node/node.h"
#include "sim/decide.h"
#include "sim/disk.h"
#include "sim/mark.h"
#include "sim/nonce.h"
#include "sim/station.h"
#include "sim/world_internal.h"

enum { ORGS_MIN = 2, ORGS_MAX = 3, PER_ORG = 2, HOUSES_MAX = ORGS_MAX * PER_ORG, MANY_ACTS = 50, MANY_RECORDS = 4 };

struct saved { size_t by; uint8_t entry[16]; };

struct many {
	const struct play_options *options;
	struct play_report *report;
	struct world *world;
	struct decide decide;
	uint64_t seed;
	size_t orgs;
	struct station *at[HOUSES_MAX], *hub; /* of organisation k: k * PER_ORG and the next; the hub behind all */
	struct stream_id team[ORGS_MAX];
	struct org_id org[ORGS_MAX];
	struct record_id records[MANY_RECORDS];
	bool limited[ORGS_MAX];               /* its part has a quota */
	char marker[40];
	struct saved *saved; size_t saved_count, saved_cap;
};

static bool
many_fail(struct many *m, const char *invariant, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding_note(&m->report->finding, world_trace(m->world), invariant, fmt, ap);
	va_end(ap);
	return false;
}

static size_t
org_of(size_t i)
{
	return i / PER_ORG;
}

/* The hub's part of that organisation; NULL while it does not run. */
static struct tenant *
part_of(struct many *m, size_t k)
{
	struct tenant_status st;

	for (size_t i = 0; m->hub->hub != NULL && i < hub_count(m->hub->hub); i++) {
		tenant_status(hub_tenant(m->hub->hub, i), &st);
		if (SAME(st.org, m->org[k]))
			return hub_tenant(m->hub->hub, i);
	}
	return NULL;
}

/* ---- founding ---- */

/* A further organisation comes to the hub as its operator lets it: a part asks, and is welcomed by its own coordinator. */
static enum err_code
join_part(struct many *m, size_t k, struct err *err)
{
	struct station *by = m->at[k * PER_ORG];
	struct home whole = { 0 }, part = { 0 };
	struct buf request = BUF_INIT, welcome = BUF_INIT;
	struct welcome w = { 0 };
	struct join_request req;
	struct device_id id;
	enum err_code rc = home_open(&whole, host_env(m->hub->host), m->hub->home, 1, BYTES_STR(m->hub->pass), err);

	if (rc == ERR_OK)
		rc = home_part_create(&part, &whole, m->hub->member, m->hub->device, err);
	if (rc == ERR_OK)
		rc = home_request(&part, &request, err);
	if (rc == ERR_OK)
		rc = join_request_decode(&req, buf_bytes(&request), err);
	if (rc == ERR_OK)
		rc = node_admit(by->node, &req, ROLE_HUB, &m->team[k], 0, &id, err);
	if (rc == ERR_OK)
		rc = node_commit(by->node, err);
	if (rc == ERR_OK)
		rc = node_welcome(by->node, &id, &welcome, err);
	if (rc == ERR_OK)
		rc = welcome_open(&w, &part, buf_bytes(&welcome), err);
	if (rc == ERR_OK)
		rc = welcome_accept(&part, &w, err);
	welcome_free(&w);
	buf_free(&request);
	buf_free(&welcome);
	home_close(&part);
	home_close(&whole);
	host_forget(m->hub->host);
	return rc;
}

static bool
begin(struct many *m)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < m->orgs * PER_ORG; i++)
		m->at[i] = station_new(m->world, i);
	m->hub = station_new(m->world, m->orgs * PER_ORG);
	for (size_t k = 0; k < m->orgs; k++) {
		struct station *first = m->at[k * PER_ORG], *second = m->at[k * PER_ORG + 1];

		if (station_found(first, &m->team[k], &err) != ERR_OK || station_join(second, first, ROLE_ADVISOR, &m->team[k], &err) != ERR_OK)
			return many_fail(m, "I9", "organisation %zu cannot be founded: %s", k, err.text);
		m->org[k] = *org_id(node_org(first->node));
		station_add_secrets(first);
		station_add_secrets(second);
	}
	if (station_join(m->hub, m->at[0], ROLE_HUB, &m->team[0], &err) != ERR_OK)
		return many_fail(m, "I9", "the hub cannot join: %s", err.text);
	station_close(m->hub);
	for (size_t k = 1; k < m->orgs; k++)
		if (join_part(m, k, &err) != ERR_OK)
			return many_fail(m, "I9", "the hub cannot join organisation %zu: %s", k, err.text);
	if (station_open(m->hub, &err) != ERR_OK)
		return many_fail(m, "I1", "the hub does not open: %s", err.text);
	return true;
}

/* ---- isolation, whenever it is asked for ---- */

struct ids { struct table *ids; bool foreign; };

static bool
note_one(void *ctx, const struct entry *e)
{
	return table_put(((struct ids *)ctx)->ids, e->id.b) != NULL;
}

static bool
is_foreign(void *ctx, const struct entry *e)
{
	struct ids *x = ctx;

	x->foreign = x->foreign || table_get(x->ids, e->id.b) != NULL;
	return !x->foreign;
}

static bool
each_entry(struct replica *r, bool (*cb)(void *ctx, const struct entry *e), struct ids *x)
{
	for (size_t log = 0; log < replica_log_count(r); log++)
		if (replica_scan(r, log, replica_log_at(r, log)->key.branch_seq, replica_log_at(r, log)->len, true, cb, x, NULL) != ERR_OK)
			return false;
	return true;
}

/* Nothing that a machine of organisation k holds is anywhere but there. */
static bool
judge_apart(struct many *m, size_t k)
{
	struct ids x = { .ids = sim_must(table_new(16)) };
	bool ok = true;

	for (size_t i = k * PER_ORG; i < (k + 1) * PER_ORG && ok; i++)
		ok = each_entry(station_replica(m->at[i]), note_one, &x) || many_fail(m, "I2", "n%zu: its log cannot be read", i);
	for (size_t i = 0; i < m->orgs * PER_ORG && ok; i++)
		if (org_of(i) != k && (!each_entry(station_replica(m->at[i]), is_foreign, &x) || x.foreign))
			ok = many_fail(m, "I6", "n%zu holds an entry of organisation %zu", i, k);
	for (size_t other = 0; other < m->orgs && ok; other++)
		if (other != k && part_of(m, other) != NULL && (!each_entry(tenant_replica(part_of(m, other)), is_foreign, &x) || x.foreign))
			ok = many_fail(m, "I6", "the hub's part of organisation %zu holds an entry of organisation %zu", other, k);
	table_free(x.ids);
	return ok;
}

/* ---- acts ---- */

static bool
act_write(struct many *m, size_t i)
{
	struct node *n = m->at[i]->node;
	size_t rec = (size_t)decide_below(&m->decide, "record", MANY_RECORDS);
	struct saved w = { .by = i };
	struct err err = ERR_INIT;
	struct draft d;
	struct hash id;
	char text[80];
	enum err_code rc;

	snprintf(text, sizeof(text), "visit %zu at table %zu %s", m->saved_count, i, m->marker);
	draft_init(&d, profile_type_named(node_profile(n), "case"), &m->records[rec]);
	rc = draft_assign_text(&d, OP_SET, "status", text, &err);
	if (rc == ERR_OK)
		rc = node_write(n, &m->team[org_of(i)], &d, &id, &err);
	draft_free(&d);
	if (rc == ERR_OK)
		rc = node_commit(n, &err);
	else
		node_drop(n);
	trace_line(world_trace(m->world), "n%zu: writes: %s", i, rc == ERR_OK ? "saved" : err.text);
	if (disk_dead(host_disk(m->at[i]->host)) || disk_fault_struck(host_disk(m->at[i]->host)))
		return true;
	if (rc != ERR_OK)
		return many_fail(m, "I9", "n%zu: writing failed without a cause: %s", i, err.text);
	memcpy(w.entry, id.b, sizeof(w.entry));
	m->saved = sim_must(mem_room(m->saved, m->saved_count, &m->saved_cap, sizeof(w)));
	m->saved[m->saved_count++] = w;
	m->report->saved++;
	return true;
}

static bool
act_meet(struct many *m, size_t i)
{
	struct err err = ERR_INIT;

	if (station_meet(m->at[i], m->hub, &err) != ERR_OK)
		return many_fail(m, "I9", "n%zu cannot dial: %s", i, err.text);
	world_run(m->world, 3 * NS_PER_S);
	return true;
}

static bool
act_power(struct many *m, size_t i)
{
	station_crash(m->at[i], false);
	return true;
}

static bool
act_hub_power(struct many *m, size_t i)
{
	(void)i;
	station_crash(m->hub, false);
	return true;
}

static bool
act_replay(struct many *m, size_t i)
{
	struct dice bits = decide_dice(&m->decide, "bits");

	(void)i;
	if (world_replay(m->world, &bits)) {
		m->report->replays++;
		mark(MARK_REPLAYED);
		struck(STRUCK_REPLAY);
	}
	return true;
}

/* Somebody finds a stick of another house, and puts it in. */
static bool
act_stick(struct many *m, size_t i)
{
	size_t from = (i + PER_ORG * (1 + (size_t)decide_below(&m->decide, "from", m->orgs - 1))) % (m->orgs * PER_ORG);
	uint64_t before = replica_entry_count(station_replica(m->at[i])), entries = 0;
	struct bundle_counts counts = { 0 };
	struct buf stick = BUF_INIT;
	struct err err = ERR_INIT;
	enum err_code rc = bundle_write(node_peer_host(m->at[from]->node), NULL, &stick, &entries, &err);
	bool ok = true;

	if (rc != ERR_OK) {
		ok = many_fail(m, "I9", "n%zu cannot write a stick: %s", from, err.text);
	} else {
		rc = bundle_read(node_peer_host(m->at[i]->node), buf_bytes(&stick), false, &counts, &err);
		node_drop(m->at[i]->node);
		mark(MARK_FOREIGN_STICK);
		if (rc != ERR_KEY || replica_entry_count(station_replica(m->at[i])) != before)
			ok = many_fail(m, "I6", "n%zu reads a stick of another organisation: %s", i, rc == ERR_OK ? "ok" : err.text);
	}
	buf_free(&stick);
	return ok;
}

/* The operator says how much room one of them has. */
static bool
act_quota(struct many *m, size_t i)
{
	size_t k = org_of(i);
	struct tenant *t = part_of(m, k);
	struct hub_quota q = { 0, 0, 0, 0 };
	struct tenant_status st;
	struct err err = ERR_INIT;

	if (t == NULL)
		return true;
	tenant_status(t, &st);
	m->limited[k] = decide_chance(&m->decide, "limit", 600);
	if (m->limited[k])
		q.entries = st.entries + decide_below(&m->decide, "more", 6);
	struck(STRUCK_QUOTA);
	if (tenant_set_quota(t, &q, &err) != ERR_OK && !disk_fault_struck(host_disk(m->hub->host)))
		return many_fail(m, "I9", "setting a quota failed without a cause: %s", err.text);
	return true;
}

/* What of teams the part of organisation k holds. */
static uint64_t
team_entries(struct many *m, size_t k)
{
	struct replica *r = tenant_replica(part_of(m, k));
	struct stream_id control = control_stream(&m->org[k]);
	uint64_t n = 0;

	for (size_t log = 0; log < replica_log_count(r); log++)
		n += SAME(replica_log_at(r, log)->key.stream, control) ? 0 : replica_log_at(r, log)->len;
	return n;
}

static bool
is_full(struct many *m, size_t k)
{
	struct tenant_status st;

	if (part_of(m, k) == NULL)
		return false;
	tenant_status(part_of(m, k), &st);
	return st.full;
}

static const struct many_act { const char *name; unsigned weight; bool (*act)(struct many *m, size_t i); bool faulty; } acts[] = {
	{ "write", 34, act_write, true }, { "meet", 34, act_meet, true },   { "power", 6, act_power, false },   { "hub-power", 6, act_hub_power, false },
	{ "replay", 8, act_replay, false }, { "stick", 5, act_stick, false }, { "quota", 7, act_quota, false },
};

static const struct many_act *
act_called(const char *name)
{
	for (size_t k = 0; k < COUNT_OF(acts); k++)
		if (strcmp(acts[k].name, name) == 0)
			return &acts[k];
	return NULL;
}

/* Whoever lost the power or read that something could not be saved is started again. */
static bool
start_again(struct many *m, struct station *s)
{
	static const enum disk_loss losses[] = { LOSS_ALL, LOSS_SOME, LOSS_GARBAGE, LOSS_NONE };
	struct disk *d = host_disk(s->host);
	struct err err = ERR_INIT;

	m->report->disk_faults += disk_fault_struck(d);
	if (!disk_dead(d) && !disk_fault_struck(d)) {
		disk_arm(d, FAULT_NONE, 0);
		return true;
	}
	if (disk_dead(d) && station_runs(s))
		station_crash(s, false);
	else if (station_runs(s))
		station_close(s);
	if (disk_dead(d))
		disk_power_on(d, losses[decide_below(&m->decide, "loss", COUNT_OF(losses))]);
	disk_arm(d, FAULT_NONE, 0);
	disk_set_lying(d, m->options->lying);
	if (station_open(s, &err) != ERR_OK)
		return many_fail(m, "I1", "n%zu: its home does not open any more: %s", s->no, err.text);
	if (s->is_hub && (hub_ill(s->hub) > 0 || hub_count(s->hub) != m->orgs))
		return many_fail(m, "I1", "the hub has %zu organisations, and opens %zu", m->orgs, hub_count(s->hub));
	m->report->reopened++;
	return true;
}

static bool
perform(struct many *m, const struct many_act *a, size_t i)
{
	static const enum disk_fault faults[] = { FAULT_POWER, FAULT_POWER, FAULT_NO_SPACE, FAULT_WRITE, FAULT_SYNC, FAULT_READ };
	bool full[ORGS_MAX];
	uint64_t held[ORGS_MAX] = { 0 };

	for (size_t k = 0; k < m->orgs; k++) {
		full[k] = a->act != act_quota && is_full(m, k);
		held[k] = full[k] ? team_entries(m, k) : 0;
	}
	if (a->faulty && decide_chance(&m->decide, "fault", 150)) {
		struct station *s = a->act == act_meet && decide_chance(&m->decide, "hubs", 500) ? m->hub : m->at[i];

		disk_arm(host_disk(s->host), faults[decide_below(&m->decide, "which", COUNT_OF(faults))], decide_between(&m->decide, "after", 1, 40));
	}
	if (!a->act(m, i))
		return false;
	world_run(m->world, decide_between(&m->decide, "wait", 10, 2000) * NS_PER_MS);
	for (size_t k = 0; k < m->orgs; k++)
		if (full[k] && is_full(m, k) && team_entries(m, k) > held[k])
			return many_fail(m, "I10", "organisation %zu is full and has taken in %llu entries of teams", k, (unsigned long long)(team_entries(m, k) - held[k]));
		else if (full[k])
			mark(MARK_ONE_FULL);
	for (size_t n = 0; n < m->orgs * PER_ORG; n++)
		if (!start_again(m, m->at[n]))
			return false;
	return start_again(m, m->hub);
}

/* ---- the end ---- */

/* Each organisation by itself. Who has room comes to be in step with the hub, however full another is. */
static bool
settle(struct many *m, size_t k)
{
	struct err err = ERR_INIT;

	for (int turn = 0; turn < 6; turn++)
		for (size_t i = k * PER_ORG; i < (k + 1) * PER_ORG; i++)
			if (!act_meet(m, i) || (station_give_keys(m->at[i], &err) != ERR_OK && many_fail(m, "I9", "n%zu cannot tend its keys: %s", i, err.text)))
				return false;
	return m->report->finding.invariant[0] == '\0';
}

static bool
judge_org(struct many *m, size_t k)
{
	uint8_t first[64], other[64];

	station_frontier(m->at[k * PER_ORG], first);
	if (!station_hash(m->at[k * PER_ORG], first + 32))
		return many_fail(m, "I3", "n%zu has no state", k * PER_ORG);
	station_frontier(m->at[k * PER_ORG + 1], other);
	if (!station_hash(m->at[k * PER_ORG + 1], other + 32) || memcmp(first, other, 64) != 0)
		return many_fail(m, "I3", "the two machines of organisation %zu do not hold and show the same", k);
	replica_frontier(tenant_replica(part_of(m, k)), NULL, NULL, other);
	if (memcmp(first, other, 32) != 0)
		return many_fail(m, "I3", "the hub's part of organisation %zu does not hold what its machines do", k);
	return true;
}

static bool
judge_saved(struct many *m)
{
	for (size_t k = 0; k < m->orgs; k++) {
		struct ids x = { .ids = sim_must(table_new(16)) };
		bool ok = each_entry(tenant_replica(part_of(m, k)), note_one, &x) || many_fail(m, "I2", "the hub cannot read what it holds");

		for (size_t n = 0; n < m->saved_count && ok; n++)
			if (org_of(m->saved[n].by) == k && table_get(x.ids, m->saved[n].entry) == NULL)
				ok = many_fail(m, "I1", "write %zu of n%zu was saved and is not on the hub", n, m->saved[n].by);
		table_free(x.ids);
		if (!ok)
			return false;
	}
	return true;
}

/* First those with room, while the others are full; then there is room for all. */
static bool
judge(struct many *m)
{
	const struct hub_quota none = { 0, 0, 0, 0 };
	struct err err = ERR_INIT;

	world_reset_wires(m->world);
	world_run(m->world, 10 * NS_PER_S);
	for (size_t k = 0; k < m->orgs; k++)
		if (!m->limited[k] && (!settle(m, k) || !judge_org(m, k)))
			return false;
	for (size_t k = 0; k < m->orgs; k++)
		if (m->limited[k] && (tenant_set_quota(part_of(m, k), &none, &err) != ERR_OK || !settle(m, k) || !judge_org(m, k)))
			return m->report->finding.invariant[0] == '\0' && many_fail(m, "I9", "a quota cannot be lifted: %s", err.text);
	for (size_t k = 0; k < m->orgs; k++)
		if (!judge_apart(m, k))
			return false;
	return judge_saved(m);
}

static bool
play_by_chance(struct many *m)
{
	for (size_t n = 0; n < MANY_ACTS; n++) {
		size_t i = (size_t)dice_below(&m->decide.dice, m->orgs * PER_ORG), k = 0;
		uint64_t at = dice_below(&m->decide.dice, 100);

		while (at >= acts[k].weight)
			at -= acts[k++].weight;
		decide_begin(&m->decide, world_now(m->world), acts[k].name, i);
		if (!perform(m, &acts[k], i))
			return false;
	}
	return true;
}

static bool
play_script(struct many *m)
{
	const struct script *s = m->decide.script;

	for (size_t at = 0; at < s->count; at++) {
		const struct many_act *a = act_called(s->events[at].kind);

		decide_begin_at(&m->decide, at);
		if (a != NULL && !perform(m, a, s->events[at].who % (m->orgs * PER_ORG)))
			return false;
	}
	return true;
}

static void
set_up(struct many *m)
{
	const struct script *s = m->options->script;
	size_t at = s != NULL ? decide_find(&m->decide, 0, "set") : 0;
	struct script_event *e;
	uint64_t stations = 0;

	m->seed = m->options->seed;
	if (s != NULL) {
		m->seed = at < s->count ? script_value(&s->events[at], "seed") : 1;
		stations = at < s->count ? script_value(&s->events[at], "stations") : 0;
	}
	m->decide.dice = dice_of(m->seed, STREAM_WORK, 4);
	m->orgs = (size_t)dice_between(&m->decide.dice, ORGS_MIN, ORGS_MAX);
	if (s != NULL)
		m->orgs = stations > PER_ORG * ORGS_MIN ? ORGS_MAX : ORGS_MIN;
	if (s != NULL || m->options->record == NULL)
		return;
	e = script_add(m->options->record, 0, "set", 0);
	script_note(e, "seed", m->seed);
	script_note(e, "many", 1);
	script_note(e, "stations", m->orgs * PER_ORG);
}

static void
finish(struct many *m)
{
	struct play_report *out = m->report;

	if (nonce_twice())
		(void)many_fail(m, "I8", "a key has sealed two texts under one nonce");
	if (scan_finding(world_scan(m->world)) != NULL)
		(void)many_fail(m, "I6", "%s", scan_finding(world_scan(m->world)));
	out->ok = out->finding.invariant[0] == '\0';
	out->hub_crashes = m->hub->crashes;
	out->hub_starts = m->hub->opens;
	for (size_t i = 0; i < m->orgs * PER_ORG; i++) {
		out->crashes += m->at[i]->crashes;
		out->exchanges += m->at[i]->results;
		out->in_step += m->at[i]->in_step;
		station_free(m->at[i]);
	}
	station_free(m->hub);
	out->wire_bytes = world_wire_bytes(m->world);
	out->scanned_bytes = scan_total(world_scan(m->world));
	out->steps = world_step_count(m->world);
	out->now_ns = world_now(m->world);
	out->hash = world_trace(m->world)->hash;
}

void
many_play(const struct play_options *options, struct play_report *out)
{
	struct many m = { .options = options, .report = out, .decide = { .record = options->record, .script = options->script } };
	const struct weather fair = { .latency_min = NS_PER_MS, .latency_max = 5 * NS_PER_MS, .chunk_max = 16384 };
	struct dice names;

	*out = (struct play_report){ .ok = false };
	keystore_cheap_for_tests = true;
	set_up(&m);
	names = dice_of(m.seed, STREAM_NAMES, 0);
	for (size_t i = 0; i < MANY_RECORDS; i++) /* the same in each: an id is no secret and no proof */
		dice_fill(&names, m.records[i].b, sizeof(m.records[i].b));
	snprintf(m.marker, sizeof(m.marker), "§%016llx", (unsigned long long)dice_u64(&names));
	m.world = world_new(m.seed, m.orgs * PER_ORG + 1, options->show);
	world_set_weather(m.world, &fair);
	scan_add_text(world_scan(m.world), "a note's marker", m.marker);
	nonce_forget_all();
	if (begin(&m) && (options->script != NULL ? play_script(&m) : play_by_chance(&m)))
		(void)judge(&m);
	finish(&m);
	mem_free(m.saved);
	world_free(m.world);
}
