#include "sim/nonce.h"
#include "sim/wide_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "codec/strict.h"
#include "log/entry.h"
#include "org/orders.h"

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

/* ---- writing ---- */

static uint32_t
known_out(struct wide *w, size_t i)
{
	uint32_t mask = 0;

	for (size_t k = 0; k < w->removal_count; k++)
		if (wide_holds(w, i, &w->removals[k].log, w->removals[k].seq))
			mask |= 1u << w->removals[k].whom;
	return mask;
}

struct last { uint8_t kind; bool found; uint64_t seq; struct epoch_id epoch; uint8_t tail[24]; };

static bool
take_last(void *ctx, const struct entry *e)
{
	struct last *l = ctx;
	struct rd r;

	if (e->h.kind != l->kind || !e->has_payload)
		return true;
	r = rd_init(e->payload);
	(void)rd_array_any(&r, 5);
	RD_FIXED(&r, l->epoch);
	l->seq = e->h.seq;
	l->found = true;
	memcpy(l->tail, e->payload.p + e->payload.len - sizeof(l->tail), sizeof(l->tail));
	return true;
}

/* The newest entry of that kind in station i's own log of that stream. */
static bool
last_of(struct wide *w, size_t i, const struct stream_id *stream, uint8_t kind, struct log_key *key, struct last *out)
{
	struct replica *r = station_replica(w->at[i]);
	const struct keystore *k = station_keys(w->at[i]);
	size_t log;

	*out = (struct last){ .kind = kind };
	log_key_init(key, &k->device.sign_pk, stream, &k->inc);
	if (!replica_log_find(r, key, &log) ||
	    replica_scan(r, log, 0, replica_log_at(r, log)->len, false, take_last, out, NULL) != ERR_OK || !out->found)
		return wide_fail(w, "I2", "n%zu: what it has just saved is not in its log", i);
	return true;
}

static bool
do_write(struct wide *w, size_t i)
{
	size_t rec = (size_t)dice_below(&w->dice, WIDE_RECORDS);
	struct node *n = w->at[i]->node;
	struct wide_entry e = { .by = i, .record = rec, .knew = known_out(w, i), .cut = wide_is_out(w, i) };
	struct err err = ERR_INIT;
	struct hash id;
	struct draft d;
	struct last last;
	enum err_code rc;

	if ((e.knew & 1u << i) != 0)
		return true; /* it knows that it is out */
	if (node_is_erased(n, &w->records[rec], NULL))
		rec = e.record = 0;
	dice_fill(&w->dice, e.note_id, sizeof(e.note_id));
	snprintf(e.text, sizeof(e.text), "visit %zu at table %zu %s", w->entry_count, i, w->marker);
	draft_init(&d, profile_type_named(node_profile(n), "case"), &w->records[rec]);
	rc = draft_note(&d, e.note_id, e.text, NULL, &err);
	if (rc == ERR_OK)
		rc = node_write(n, &w->team, &d, &id, &err);
	draft_free(&d);
	e.at_ms = node_env(n)->ops->wall_ms(node_env(n));
	if (rc == ERR_OK)
		rc = node_commit(n, &err);
	trace_line(world_trace(w->world), "n%zu: writes to record %zu: %s", i, rec, rc == ERR_OK ? "ok" : err.text);
	if (rc != ERR_OK)
		return wide_fail(w, "I9", "n%zu cannot write: %s", i, err.text);
	w->report->saved++;
	memcpy(e.id, id.b, sizeof(e.id));
	if (!last_of(w, i, &w->team, KIND_DATA, &e.log, &last))
		return false;
	e.seq = last.seq;
	memcpy(e.sealed, last.tail, sizeof(e.sealed));
	w->entries = sim_must(mem_room(w->entries, w->entry_count, &w->entry_cap, sizeof(*w->entries)));
	w->entries[w->entry_count++] = e;
	return wide_check_written(w, i, &e, &last.epoch);
}

/* ---- coming and going ---- */

static bool
do_join(struct wide *w, size_t i, size_t by)
{
	struct station *s = w->at[i];
	struct err err = ERR_INIT;

	if (s->joined)
		return true;
	if (station_join(s, w->at[by], i < WIDE_COORDINATORS ? ROLE_COORDINATOR : ROLE_ADVISOR, &w->team, &err) != ERR_OK)
		return wide_fail(w, "I9", "n%zu cannot be admitted by n%zu: %s", i, by, err.text);
	w->id[i] = s->device_id;
	station_add_secrets(s);
	if (w->entry_count > 0)
		mark(MARK_LATE_NEWCOMER);
	trace_line(world_trace(w->world), "n%zu: joins, admitted by n%zu", i, by);
	return true;
}

static bool
do_remove(struct wide *w, size_t by, size_t whom, bool ungrant)
{
	struct node *n = w->at[by]->node;
	const struct org_device *d = org_device_by_id(node_org(n), &w->id[whom]);
	const struct stream_id control = control_stream(org_id(node_org(n)));
	struct wide_removal r = { .whom = whom, .ungrant = ungrant };
	struct node_removal *said;
	struct err err = ERR_INIT;
	struct last last;
	enum err_code rc;

	if (d == NULL || d->gone || (ungrant && !org_reads(node_org(n), &w->team, &w->id[whom])))
		return true;
	if (wide_is_out(w, whom))
		mark(MARK_REMOVED_TWICE);
	said = sim_must(mem_zero(1, sizeof(*said)));
	rc = ungrant ? node_ungrant(n, &w->id[whom], &w->team, said, &err) : node_revoke(n, &w->id[whom], "slutar", said, &err);
	r.at_ms = node_env(n)->ops->wall_ms(node_env(n));
	if (rc == ERR_OK && said->dispute)
		rc = err_set(&err, ERR_REFUSED, "it is disputed");
	mem_free(said);
	if (rc == ERR_OK)
		rc = node_commit(n, &err);
	trace_line(world_trace(w->world), "n%zu: %s n%zu: %s", by, ungrant ? "takes the team from" : "removes", whom, rc == ERR_OK ? "ok" : err.text);
	if (rc != ERR_OK)
		return wide_fail(w, "I9", "n%zu cannot remove n%zu: %s", by, whom, err.text);
	mark(ungrant ? MARK_UNGRANTED : MARK_REMOVED);
	for (size_t k = 0; k < w->entry_count; k++)
		if (w->entries[k].by == whom && !wide_holds(w, by, &w->entries[k].log, w->entries[k].seq))
			w->entries[k].cut = true;
	if (!last_of(w, by, &control, ungrant ? KIND_UNGRANT : KIND_REVOKE, &r.log, &last))
		return false;
	r.seq = last.seq;
	w->removals = sim_must(mem_room(w->removals, w->removal_count, &w->removal_cap, sizeof(*w->removals)));
	w->removals[w->removal_count++] = r;
	return true;
}

/* ---- adopting ---- */

struct gather { struct wide *w; struct node_late *late; size_t count, cap; };

static bool
gather_late(void *ctx, const struct node_late *late)
{
	struct gather *g = ctx;

	if (!late->opens || g->count == 40)
		return true;
	g->late = sim_must(mem_room(g->late, g->count, &g->cap, sizeof(*g->late)));
	g->late[g->count++] = *late;
	return true;
}

static bool
do_adopt(struct wide *w, size_t i)
{
	struct node *n = w->at[i]->node;
	struct gather g = { .w = w };
	struct err err = ERR_INIT;
	enum err_code rc = node_each_late(n, gather_late, &g, &err);
	size_t count = g.count;

	if (rc == ERR_OK && g.count > 0)
		rc = node_adopt(n, g.late, g.count, &err);
	if (rc == ERR_OK && g.count > 0)
		rc = node_commit(n, &err);
	for (size_t k = 0; k < g.count && rc == ERR_OK; k++)
		for (size_t l = 0; l < w->entry_count; l++)
			if (memcmp(w->entries[l].id, g.late[k].id.b, 16) == 0)
				w->entries[l].adopted = true;
	mem_free(g.late);
	if (rc != ERR_OK)
		return wide_fail(w, "I9", "n%zu cannot adopt: %s", i, err.text);
	if (count > 0) {
		mark(MARK_ADOPTED);
		trace_line(world_trace(w->world), "n%zu: adopts %zu entries", i, count);
	}
	return true;
}

/* ---- erasing ---- */

static bool
approve_one(struct wide *w, size_t i, bool *did)
{
	struct node *n = w->at[i]->node;
	const struct orders *orders = replica_orders(station_replica(w->at[i]));
	struct err err = ERR_INIT;

	for (size_t k = 0; k < orders_count(orders); k++)
		for (size_t l = 0; l < w->order_count; l++) {
			struct wide_order *o = &w->orders[l];

			if (!SAME(orders_at(orders, k)->id, o->id) || orders_at(orders, k)->approved || o->by == i || wide_is_removed(w, o->by))
				continue;
			*did = true;
			if (node_approve_erasure(n, &o->id, &err) != ERR_OK || node_commit(n, &err) != ERR_OK)
				return wide_fail(w, "I9", "n%zu cannot approve an erasure: %s", i, err.text);
			o->approved = w->erased[o->record] = true;
			mark(MARK_ERASED);
			trace_line(world_trace(w->world), "n%zu: approves that record %zu is erased", i, o->record);
			return true;
		}
	return true;
}

static bool
do_erase(struct wide *w, size_t i)
{
	struct node *n = w->at[i]->node;
	struct wide_order *o = &w->orders[w->order_count];
	struct err err = ERR_INIT;
	struct node_order made;
	bool did = false;
	enum err_code rc;

	if (i < WIDE_COORDINATORS && (!approve_one(w, i, &did) || did))
		return did && w->report->finding.invariant[0] == '\0';
	if (w->order_count == WIDE_ORDERS || wide_is_out(w, i))
		return true;
	*o = (struct wide_order){ .by = i, .record = (size_t)dice_between(&w->dice, 1, WIDE_RECORDS - 1) };
	rc = node_order_erasure(n, &w->records[o->record], "hen bad om det", &made, &err);
	if (rc == ERR_UNKNOWN || rc == ERR_EXISTS || rc == ERR_REFUSED) {
		node_drop(n);
		return true;
	}
	if (rc == ERR_OK)
		rc = node_commit(n, &err);
	if (rc != ERR_OK)
		return wide_fail(w, "I9", "n%zu cannot ask for an erasure: %s", i, err.text);
	o->id = made.id;
	for (size_t k = 0; k < w->entry_count; k++)
		if (w->entries[k].record == o->record && wide_holds(w, i, &w->entries[k].log, w->entries[k].seq))
			w->entries[k].named_by |= 1u << w->order_count;
	w->order_count++;
	trace_line(world_trace(w->world), "n%zu: asks that record %zu be erased", i, o->record);
	return true;
}

/* ---- meeting ---- */

static bool
meet(struct wide *w, size_t a, size_t b)
{
	struct err err = ERR_INIT;

	if (station_meet(w->at[a], w->at[b], &err) != ERR_OK)
		return wide_fail(w, "I9", "n%zu cannot dial: %s", a, err.text);
	world_run(w->world, 2 * NS_PER_S);
	return true;
}

static bool
lose_power(struct wide *w, size_t i)
{
	struct err err = ERR_INIT;

	station_crash(w->at[i], false);
	disk_power_on(host_disk(w->at[i]->host), LOSS_GARBAGE);
	if (station_open(w->at[i], &err) != ERR_OK)
		return wide_fail(w, "I1", "n%zu does not open after a power cut: %s", i, err.text);
	return true;
}

/* Somebody of the same part who has joined; i itself when there is nobody else. */
static size_t
neighbour(struct wide *w, size_t i, bool coordinator)
{
	size_t among[WIDE_MAX], n = 0;

	for (size_t k = 0; k < w->count; k++)
		if (k != i && w->part[k] == w->part[i] && w->at[k]->joined && (!coordinator || k < WIDE_COORDINATORS))
			among[n++] = k;
	return n > 0 ? among[dice_below(&w->dice, n)] : i;
}

static bool
act(struct wide *w)
{
	size_t i = (size_t)dice_below(&w->dice, w->count), other;
	uint64_t what = dice_below(&w->dice, 100);

	if (!w->at[i]->joined) { /* a newcomer, where a coordinator is */
		other = neighbour(w, i, true);
		return other == i || do_join(w, i, other);
	}
	other = neighbour(w, i, false);
	if (what < 50)
		return do_write(w, i);
	if (what < 75)
		return other == i || meet(w, i, other);
	if (what < 80)
		return lose_power(w, i);
	if (what < 88)
		return do_erase(w, i);
	if (i >= WIDE_COORDINATORS)
		return do_write(w, i);
	other = (size_t)dice_below(&w->dice, w->count);
	if (what < 96 && other >= WIDE_COORDINATORS && w->at[other]->joined)
		return do_remove(w, i, other, dice_chance(&w->dice, 300));
	return do_adopt(w, i);
}

static void
fall_apart(struct wide *w)
{
	size_t parts = (size_t)dice_between(&w->dice, 2, WIDE_PARTS);

	for (size_t i = 0; i < w->count; i++)
		w->part[i] = (size_t)dice_below(&w->dice, parts);
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
			if (w->at[i]->joined && (turn < 2 || wide_member(w, i)) && !meet(w, i, 0))
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
		if ((i < WIDE_COORDINATORS || dice_chance(&w->dice, 500)) && !do_join(w, i, 0))
			return false;
	return come_together(w);
}

static bool
play_through(struct wide *w)
{
	if (!begin(w))
		return false;
	for (size_t round = 0; round < WIDE_ROUNDS; round++) {
		size_t acts = (size_t)dice_between(&w->dice, 10, 3 * w->count);
		uint64_t entries;

		trace_line(world_trace(w->world), "round %zu", round);
		fall_apart(w);
		for (size_t k = 0; k < acts; k++) {
			if (!act(w))
				return false;
			world_run(w->world, dice_between(&w->dice, 10, 2000) * NS_PER_MS);
		}
		if (!come_together(w) || !wide_judge(w))
			return false;
		if (round == 1 && bundle_write(node_peer_host(w->at[0]->node), NULL, &w->stick, &entries, NULL) != ERR_OK)
			return wide_fail(w, "I9", "n0 cannot write a stick");
	}
	return wide_judge_erased(w);
}

void
wide_play(const struct play_options *options, struct play_report *out)
{
	struct wide w = { .options = options, .report = out, .dice = dice_of(options->seed, STREAM_WORK, 1) };
	struct dice names = dice_of(options->seed, STREAM_NAMES, 0);
	const struct weather fair = { .latency_min = NS_PER_MS, .latency_max = 5 * NS_PER_MS, .chunk_max = 16384 };

	*out = (struct play_report){ .ok = false };
	keystore_cheap_for_tests = true;
	w.count = (size_t)dice_between(&w.dice, WIDE_MIN, WIDE_MAX);
	for (size_t i = 0; i < WIDE_RECORDS; i++)
		dice_fill(&names, w.records[i].b, sizeof(w.records[i].b));
	snprintf(w.marker, sizeof(w.marker), "§%016llx", (unsigned long long)dice_u64(&names));
	w.world = world_new(options->seed, w.count, options->show);
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
