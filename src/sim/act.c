/*
 * What people do and what befalls them. Each act is drawn by weight; faults
 * of a disk are armed before an act and disarmed after it, so that an error
 * without a cause is a finding too.
 */
#include <stdio.h>
#include <string.h>

#include "sim/play_internal.h"
#include "sim/world_internal.h"

static size_t
some_station(struct play *p)
{
	return (size_t)play_below(p, "with", p->swarm.stations);
}

static bool
fault_excuses(struct play *p, size_t i)
{
	struct disk *d = host_disk(p->stations[i]->host);

	p->hurt[i] = p->hurt[i] || disk_fault_struck(d);
	return p->hurt[i] || disk_dead(d);
}

/* An error that no fault explains is a finding. */
static bool
must_be_excused(struct play *p, size_t i, const char *doing, const struct err *err)
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

/* ---- writing ---- */

enum { OP_OF_LATER = 90 }; /* no operation of this version */

static enum err_code
fill(struct draft *d, const struct write *w, struct err *err)
{
	static const char *const names[] = { "", "status", "owner", "tags", "minutes" };
	static const uint8_t ops[] = { 0, OP_SET, OP_ADD, OP_REMOVE, OP_SUM };
	enum err_code rc = draft_note(d, w->note_id, w->note, NULL, err);
	struct buf value = BUF_INIT;

	if (rc == ERR_OK && w->newer != 0) {
		wr_str(&value, (const char *)w->note, 16);
		rc = draft_put_value(d, w->newer == 1 ? OP_ADD : OP_OF_LATER, FIELD_NEWER, buf_bytes(&value), err);
		buf_free(&value);
	}
	if (rc == ERR_OK && w->act != ACT_NOTE)
		rc = draft_assign_text(d, ops[w->act], names[w->field], w->value, err);
	return rc;
}

/* One entry in the open batch. */
static enum err_code
put(struct play *p, size_t i, struct write *w, struct err *err)
{
	struct station *s = p->stations[i];
	const struct profile_type *type = profile_type_named(node_profile(s->node), "case");
	struct draft d;
	struct hash entry;
	enum err_code rc;

	draft_init(&d, type, model_record_id(p->model, w->record));
	rc = fill(&d, w, err);
	if (rc == ERR_OK)
		rc = node_write(s->node, &p->team, &d, &entry, err);
	draft_free(&d);
	if (rc != ERR_OK)
		return rc;
	memcpy(w->entry, entry.b, sizeof(w->entry));
	w->has_entry = true;
	return ERR_OK;
}

static void
choose_act(struct play *p, const struct record *seen, enum act *act, uint32_t *field, char value[32], int64_t *amount)
{
	size_t n = 0;

	*act = (enum act)play_below(p, "act", 5);
	*field = *act == ACT_SET ? (uint32_t)play_between(p, "field", FIELD_STATUS, FIELD_OWNER) : *act == ACT_SUM ? FIELD_MINUTES : FIELD_TAGS;
	*amount = (int64_t)play_between(p, "amount", 1, 90);
	if (*act == ACT_SET)
		snprintf(value, 32, "told %08llx", (unsigned long long)play_below(p, "value", UINT64_C(1) << 32));
	else if (*act == ACT_SUM)
		snprintf(value, 32, "%lld", (long long)*amount);
	else
		snprintf(value, 32, "tag%llu", (unsigned long long)play_below(p, "tag", 3));
	if (seen != NULL && *act == ACT_SET)
		(void)record_values(seen, *field, &n);
	if (n > 1)
		mark(MARK_VALUES_SIDE_BY_SIDE);
	if (*act == ACT_REMOVE) {
		if (seen != NULL)
			(void)record_values(seen, *field, &n);
		if (n == 0)
			*act = ACT_NOTE; /* there is nothing to take away */
	}
}

static size_t
writable(struct play *p, size_t i)
{
	size_t rec = (size_t)play_below(p, "record", p->swarm.records);

	return node_is_erased(p->stations[i]->node, model_record_id(p->model, rec), NULL) ? 0 : rec;
}

/* Looks at a record as its person does, and adds one write to the open batch. */
static enum err_code
add_to_batch(struct play *p, size_t i, struct write **out, struct err *err)
{
	size_t rec = writable(p, i);
	struct record *now = sim_must(record_new(model_record_id(p->model, rec))), *seen = NULL;
	enum err_code rc = node_record(p->stations[i]->node, model_record_id(p->model, rec), now, NULL, err);
	enum act act;
	uint32_t field;
	int64_t amount;
	char value[32];

	if (rc == ERR_OK)
		seen = now;
	if (rc == ERR_OK || rc == ERR_UNKNOWN) {
		*err = (struct err)ERR_INIT;
		choose_act(p, seen, &act, &field, value, &amount);
		*out = model_begin(p->model, i, rec, act, field, value, amount, seen);
		(*out)->batch = p->batches;
		(*out)->newer = (unsigned)decide(&p->decide, "newer", dice_chance(&p->decide.dice, p->swarm.newer) ? dice_between(&p->decide.dice, 1, 2) : 0, 0, 2);
		model_pad(*out, (size_t)decide(&p->decide, "pad", dice_chance(&p->decide.dice, 60) ? dice_below(&p->decide.dice, NOTE_BYTES) : 0, 0, NOTE_BYTES));
		if ((*out)->newer != 0)
			mark(MARK_NEWER);
		if (act == ACT_SET && (*out)->over_count > 1)
			mark(MARK_VALUES_RESOLVED);
		rc = put(p, i, *out, err);
		trace_line(world_trace(p->world), "n%zu: writes act %d field %u \"%s\" on record %zu: %s", i, (int)act, field, value, rec,
		           rc == ERR_OK ? "ok" : err->text);
	}
	record_free(now);
	return rc;
}

static void
mark_write(const struct play *p, size_t i, enum fate fate)
{
	if (station_power_went(p->stations[i]))
		mark(MARK_CUT_WHILE_WRITING);
	else if (disk_fault_struck(host_disk(p->stations[i]->host)) && p->armed[i] == FAULT_NO_SPACE)
		mark(MARK_FULL_WHILE_WRITING);
	if (fate == FATE_DOUBTFUL)
		mark(MARK_BATCH_DOUBTFUL);
}

static bool
do_write(struct play *p, size_t i)
{
	struct write *batch[WRITES_MAX] = { NULL };
	size_t want = (size_t)decide(&p->decide, "batch", dice_between(&p->decide.dice, 1, dice_chance(&p->decide.dice, 650) ? 1 : WRITES_MAX), 1, WRITES_MAX), n = 0;
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;
	enum err_code rc = ERR_OK;
	enum fate fate = FATE_REFUSED;
	bool rows = false;

	p->batches++;
	for (; n < want && rc == ERR_OK; n++)
		rc = add_to_batch(p, i, &batch[n], &err);
	for (size_t k = 0; k < n; k++)
		rows = rows || (batch[k] != NULL && batch[k]->act != ACT_NOTE && batch[k]->act != ACT_SET);
	if (rc == ERR_OK && !leave_check(p, i, rows))
		return false;
	if (rc == ERR_OK) {
		rc = node_commit(s->node, &err);
		fate = rc == ERR_OK ? FATE_SAVED : FATE_DOUBTFUL;
		if (station_power_went(s)) { /* whatever it said, nobody heard it */
			fate = FATE_OPEN;
			rc = err_set(&err, ERR_IO, "the power went");
		}
	} else {
		node_drop(s->node);
	}
	mark_write(p, i, fate);
	trace_line(world_trace(p->world), "n%zu: %zu writes: %s", i, n, rc == ERR_OK ? "saved" : err.text);
	for (size_t k = 0; k < n; k++)
		if (batch[k] != NULL) {
			batch[k]->must_be_held = fate == FATE_SAVED;
			batch[k]->fate = fate == FATE_SAVED && p->was_put_back[i] ? FATE_BEHIND : fate;
		}
	p->report->saved += fate == FATE_SAVED ? n : 0;
	if (fate == FATE_SAVED && p->swarm.weight[DO_ERASE] > 0)
		bury_note_sealed(p, i, batch, n);
	return rc == ERR_OK || must_be_excused(p, i, "writing", &err);
}

/* ---- meeting ---- */

static size_t
whom_to_meet(struct play *p, size_t i)
{
	size_t other = some_station(p);

	if (p->swarm.meeting == MEET_HUB_ONLY || (p->swarm.meeting == MEET_ALSO_HUB && play_chance(p, "to-hub", 500)))
		return p->swarm.stations;
	return other == i ? (i + 1) % p->swarm.stations : other;
}

/* Who goes to the hub does not look into the cupboard first. */
static bool
dial_whatever_is_there(struct play *p, size_t i, size_t other)
{
	struct err err = ERR_INIT;

	if (!station_runs(p->stations[other])) {
		mark(MARK_HUB_AWAY);
		struck(STRUCK_HUB_AWAY);
	}
	return station_meet(p->stations[i], p->stations[other], &err) == ERR_OK || must_be_excused(p, i, "dialling", &err);
}

static bool
do_meet(struct play *p, size_t i)
{
	size_t other = whom_to_meet(p, i);
	struct err err = ERR_INIT;

	if (other == p->swarm.stations && play_chance(p, "blindly", 200))
		return dial_whatever_is_there(p, i, other);
	if (!play_ensure_up(p, other))
		return false;
	if (!station_runs(p->stations[i]) || station_meet(p->stations[i], p->stations[other], &err) == ERR_OK)
		return true;
	return must_be_excused(p, i, "dialling", &err);
}

/* As if the drop-box had been made when work was under way: rows that stand twice count once (I12). */
static bool
fill_rows(struct play *p, size_t i)
{
	struct node *n = p->stations[i]->node;
	struct err err = ERR_INIT;
	uint64_t rows = 0;
	enum err_code rc;

	if (!station_runs(p->stations[i]) || node_self(n) == NULL || node_self(n)->gone)
		return true;
	rc = node_fill_rows(n, play_chance(p, "filling", 300), &rows, &err);
	if (rc != ERR_OK)
		node_drop(n);
	trace_line(world_trace(p->world), "n%zu: %llu rows filled in: %s", i, (unsigned long long)rows, rc == ERR_OK ? "saved" : err.text);
	return rc == ERR_OK || must_be_excused(p, i, "filling in rows", &err);
}

static bool
do_keys(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	if (p->coordinator[i] && station_give_keys(p->stations[i], &err) != ERR_OK)
		return must_be_excused(p, i, "giving keys", &err);
	return p->batches % 8 != 3 || fill_rows(p, i);
}

static bool
do_leave(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	return leave_act(p, i, &err) == ERR_OK || must_be_excused(p, i, "a guest's coming or going", &err);
}

static bool
do_trustees(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	return trustees_act(p, i, &err) == ERR_OK || must_be_excused(p, i, "an act of the trustees", &err);
}

static bool
do_desk(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	return desk_act(p, i, &err) == ERR_OK || must_be_excused(p, i, "keeping a draft", &err);
}

static bool
do_erase(struct play *p, size_t i)
{
	struct err err = ERR_INIT;

	return bury_act(p, i, &err) == ERR_OK || must_be_excused(p, i, "an erasure", &err);
}

static bool
do_bundle_out(struct play *p, size_t i)
{
	struct buf *stick = &p->stick[play_below(p, "stick", STICKS)];
	struct err err = ERR_INIT;
	uint64_t entries = 0;

	buf_clear(stick);
	if (bundle_write(node_peer_host(p->stations[i]->node), NULL, stick, &entries, &err) != ERR_OK) {
		buf_clear(stick);
		return must_be_excused(p, i, "writing a bundle", &err);
	}
	p->report->bundles++;
	scan_bytes(world_scan(p->world), buf_bytes(stick), "a bundle");
	trace_line(world_trace(p->world), "n%zu: bundle of %llu entries, %zu bytes", i, (unsigned long long)entries, stick->len);
	return true;
}

/* A stick comes as it was written, or pulled out too early, or with one bit turned. It stays in the pocket: it may come again. */
static bool
do_bundle_in(struct play *p, size_t i)
{
	const struct buf *stick = &p->stick[play_below(p, "stick", STICKS)];
	struct node *n = p->stations[i]->node;
	struct bundle_counts counts = { 0 };
	struct err err = ERR_INIT;
	struct buf file = BUF_INIT;
	enum err_code rc;
	bool damaged = play_chance(p, "damaged", p->swarm.bundle_damage);

	if (stick->len == 0)
		return true;
	buf_put_bytes(&file, buf_bytes(stick));
	if (damaged && play_chance(p, "short", 700))
		file.len = (size_t)play_below(p, "cut-at", file.len);
	else if (damaged)
		file.p[play_below(p, "turned-at", file.len)] ^= (uint8_t)(1u << play_below(p, "bit", 8));
	if (damaged) {
		mark(file.len < stick->len ? MARK_BUNDLE_CUT : MARK_BUNDLE_TURNED);
		struck(file.len < stick->len ? STRUCK_BUNDLE_SHORT : STRUCK_BUNDLE_BIT);
	}
	p->report->damaged_bundles += damaged;
	rc = bundle_read(node_peer_host(n), buf_bytes(&file), false, &counts, &err);
	buf_free(&file);
	trace_line(world_trace(p->world), "n%zu: reads a %s bundle: %llu new: %s", i, damaged ? "damaged" : "whole",
	           (unsigned long long)counts.stored, rc == ERR_OK ? "ok" : err.text);
	if (rc == ERR_KEY && p->years_off) /* by some clock the grace of the key that it is sealed under is over */
		return true;
	if (rc != ERR_OK && !damaged && !must_be_excused(p, i, "reading a whole bundle", &err))
		return false;
	if (rc == ERR_OK && damaged)
		return play_fail(p, "I2", "n%zu: a damaged bundle was called complete", i);
	if (rc == ERR_OK)
		mark(counts.stored > 0 ? MARK_BUNDLE_NEWS : MARK_BUNDLE_TWICE);
	rc = node_commit(n, &err);
	if (station_power_went(p->stations[i]))
		mark(MARK_CUT_WHILE_IMPORTING);
	else if (disk_fault_struck(host_disk(p->stations[i]->host)) && p->armed[i] == FAULT_NO_SPACE)
		mark(MARK_FULL_WHILE_IMPORTING);
	return rc == ERR_OK || must_be_excused(p, i, "keeping what a bundle brought", &err);
}

/* ---- what befalls ---- */

static bool
do_wrong_pass(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	struct err err = ERR_INIT;

	if (station_runs(s))
		station_close(s);
	if (station_power_went(s))
		return true;
	struck(STRUCK_PASSPHRASE);
	if (station_open_with(s, "snow falls on lamp post", false, &err) == ERR_OK)
		return play_fail(p, "I6", "n%zu: a wrong passphrase opened the home", i);
	if (err.code != ERR_PASSPHRASE)
		return must_be_excused(p, i, "refusing a wrong passphrase", &err);
	return true;
}

/* The lid closes. Half of the time with a snapshot, however little it is worth: opening must not depend on it. */
static bool
do_close(struct play *p, size_t i)
{
	struct err err = ERR_INIT;
	bool ok = true;

	if (play_chance(p, "snapshot", 500))
		ok = node_save_snapshot(p->stations[i]->node, &err) == ERR_OK || must_be_excused(p, i, "writing a snapshot", &err);
	if (err.code == ERR_OK)
		mark(MARK_SNAPSHOT_LEFT);
	station_close(p->stations[i]);
	return ok;
}

static void
do_clock(struct play *p, size_t i)
{
	static const int64_t year = 365ll * 86400 * 1000;
	int64_t years = play_chance(p, "years", 500) ? (int64_t)play_below(p, "year", 40) - 30 : 0;
	int64_t skew = years != 0 ? years * year : (int64_t)play_below(p, "ms", 7200000) - 3600000;

	p->years_off = p->years_off || years != 0;
	struck(years != 0 ? STRUCK_CLOCK_YEARS : STRUCK_CLOCK_HOUR);

	if (skew < p->stations[i]->host->skew_ms)
		mark(MARK_CLOCK_BACK);
	host_set_skew(p->stations[i]->host, skew);
}

static void
hub_crash(struct play *p, struct station *hub)
{
	if (station_runs(hub))
		mark(MARK_HUB_CUT);
	if (station_runs(hub) && host_wires(hub->host) > 0)
		mark(MARK_HUB_CUT_WHILE_SERVING);
	station_crash(hub, p->swarm.half_open);
}

static void
befall(struct play *p, enum act_kind kind, size_t i)
{
	size_t other = kind == DO_PART || kind == DO_CLOG ? some_station(p) : i;
	struct dice bits;

	switch (kind) {
	case DO_CRASH:
		if (p->swarm.half_open && host_wires(p->stations[i]->host) > 0)
			mark(MARK_LINKS_HALF_OPEN);
		station_crash(p->stations[i], p->swarm.half_open);
		return;
	case DO_HUB_CRASH:
		hub_crash(p, p->stations[p->swarm.stations]);
		return;
	case DO_HUB_CLOSE:
		if (station_runs(p->stations[p->swarm.stations]))
			station_close(p->stations[p->swarm.stations]);
		return;
	case DO_REPLAY:
		bits = decide_dice(&p->decide, "bits");
		if (!world_replay(p->world, &bits))
			return;
		p->report->replays++;
		mark(MARK_REPLAYED);
		struck(STRUCK_REPLAY);
		return;
	case DO_PART:
		if (other != i)
			world_part(p->world, i, other, !p->world->net.parted[i][other]);
		return;
	case DO_CLOG:
		world_clog(p->world, i, other, world_now(p->world) + play_between(p, "seconds", 1, 120) * NS_PER_S);
		return;
	case DO_CLOCK:
		do_clock(p, i);
		return;
	case DO_WRITE:
	case DO_MEET:
	case DO_CLOSE:
	case DO_REOPEN:
	case DO_BUNDLE_OUT:
	case DO_BUNDLE_IN:
	case DO_KEYS:
	case DO_WRONG_PASS:
	case DO_LEAVE:
	case DO_TRUSTEES:
	case DO_WAIT:
	case DO_IMAGE:
	case DO_PUT_BACK:
	case DO_DESK:
	case DO_ERASE:
	case DO_NONSENSE:
	case DO_FORGE:
	case DO_NEWER:
	case DO_COUNT:
		return;
	}
}

static bool
write_first(struct play *p, size_t i)
{
	if (!station_power_went(p->stations[i]))
		mark(MARK_WROTE_FIRST);
	return station_power_went(p->stations[i]) || do_write(p, i);
}

static size_t
whose_disk(struct play *p, size_t i)
{
	return p->swarm.hub_goes_back && play_chance(p, "hubs", 700) ? p->swarm.stations : i;
}

static bool
perform(struct play *p, enum act_kind kind, size_t i)
{
	switch (kind) {
	case DO_IMAGE:
		return play_take_image(p, whose_disk(p, i));
	case DO_PUT_BACK:
		if (whose_disk(p, i) != i)
			return play_put_back(p, p->swarm.stations);
		/* Half of the time its person sits down to write at once. */
		return play_put_back(p, i) && (p->image[i] == NULL || !station_runs(p->stations[i]) || play_chance(p, "later", 500) || write_first(p, i));
	case DO_WRITE:
		return do_write(p, i);
	case DO_MEET:
		return do_meet(p, i);
	case DO_BUNDLE_OUT:
		return do_bundle_out(p, i);
	case DO_BUNDLE_IN:
		return do_bundle_in(p, i);
	case DO_KEYS:
		return do_keys(p, i);
	case DO_WRONG_PASS:
		return do_wrong_pass(p, i);
	case DO_LEAVE:
		return do_leave(p, i);
	case DO_TRUSTEES:
		return do_trustees(p, i);
	case DO_DESK:
		return do_desk(p, i);
	case DO_ERASE:
		return do_erase(p, i);
	case DO_NONSENSE:
		return hostile_act(p);
	case DO_FORGE:
		return forge_act(p, i);
	case DO_NEWER:
		return newer_act(p, i);
	case DO_CLOSE:
		return do_close(p, i);
	case DO_REOPEN:
	case DO_CRASH:
	case DO_REPLAY:
	case DO_PART:
	case DO_CLOG:
	case DO_CLOCK:
	case DO_WAIT:
	case DO_HUB_CRASH:
	case DO_HUB_CLOSE:
	case DO_COUNT:
		befall(p, kind, i);
		return true;
	}
	return true;
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

static const char *const act_names[] = {
	[DO_WRITE] = "write", [DO_MEET] = "meet", [DO_CLOSE] = "close", [DO_REOPEN] = "reopen", [DO_CRASH] = "crash", [DO_BUNDLE_OUT] = "bundle-out",
	[DO_BUNDLE_IN] = "bundle-in", [DO_KEYS] = "keys", [DO_REPLAY] = "replay", [DO_PART] = "part", [DO_CLOG] = "clog", [DO_CLOCK] = "clock",
	[DO_WRONG_PASS] = "wrong-pass", [DO_LEAVE] = "leave", [DO_WAIT] = "wait", [DO_HUB_CRASH] = "hub-crash", [DO_HUB_CLOSE] = "hub-close",
	[DO_IMAGE] = "image", [DO_PUT_BACK] = "put-back", [DO_TRUSTEES] = "trustees", [DO_DESK] = "desk", [DO_ERASE] = "erase", [DO_NONSENSE] = "nonsense", [DO_FORGE] = "forge", [DO_NEWER] = "newer",
};
_Static_assert(COUNT_OF(act_names) == DO_COUNT, "each act has a name");

bool
play_act_called(const char *name, enum act_kind *out)
{
	for (size_t i = 0; i < DO_COUNT; i++)
		if (strcmp(act_names[i], name) == 0) {
			*out = (enum act_kind)i;
			return true;
		}
	return false;
}

bool
play_act(struct play *p)
{
	enum act_kind kind = draw_kind(p);
	size_t i = (size_t)dice_below(&p->decide.dice, p->swarm.stations);

	decide_begin(&p->decide, world_now(p->world), act_names[kind], i);
	return play_perform(p, kind, i);
}

bool
play_perform(struct play *p, enum act_kind kind, size_t i)
{
	uint64_t wait = play_chance(p, "long", 300) ? play_below(p, "wait", 60 * NS_PER_S) : play_below(p, "wait", 500 * NS_PER_MS);

	if ((kind == DO_HUB_CRASH || kind == DO_HUB_CLOSE) && !play_has_hub(p))
		return true;
	/* Acts of the world happen to machines in any state; a person first switches on. */
	if (kind != DO_CRASH && kind != DO_REPLAY && kind != DO_PART && kind != DO_CLOG && kind != DO_CLOCK && kind != DO_WAIT &&
	    kind != DO_HUB_CRASH && kind != DO_HUB_CLOSE && !play_ensure_up(p, i))
		return false;
	/* An image is of a disk that was well, and a home that opens on a full disk is not the one to write in. */
	if (kind != DO_CLOCK && kind != DO_WRONG_PASS && kind != DO_IMAGE && kind != DO_PUT_BACK && kind != DO_FORGE && station_runs(p->stations[i]))
		maybe_arm(p, i);
	if (kind == DO_MEET && play_has_hub(p) && station_runs(p->stations[p->swarm.stations]))
		maybe_arm(p, p->swarm.stations);
	if (!perform(p, kind, i))
		return false;
	world_run(p->world, wait);
	return play_tend(p);
}
