/* What people of a wide play do: write, come, go, adopt, have something erased, meet, lose the power. */
#include "sim/wide_internal.h"

#include <stdio.h>

#include "codec/strict.h"
#include "log/entry.h"
#include "org/orders.h"

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

static void
note_id(const struct wide *w, uint8_t out[16])
{
	struct dice d = dice_of(w->seed, STREAM_NAMES, 1 + w->entry_count);

	dice_fill(&d, out, 16);
}

static bool
do_write(struct wide *w, size_t i)
{
	size_t rec = (size_t)decide_below(&w->decide, "record", WIDE_RECORDS);
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
	note_id(w, e.note_id);
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

bool
wide_join(struct wide *w, size_t i, size_t by)
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
	*o = (struct wide_order){ .by = i, .record = (size_t)decide_between(&w->decide, "record", 1, WIDE_RECORDS - 1) };
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

bool
wide_meet(struct wide *w, size_t a, size_t b)
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
	return n > 0 ? among[decide_below(&w->decide, "with", n)] : i;
}

static bool
act_join(struct wide *w, size_t i)
{
	size_t by = neighbour(w, i, true); /* a newcomer, where a coordinator is */

	return w->at[i]->joined || by == i || wide_join(w, i, by);
}

static bool
act_meet(struct wide *w, size_t i)
{
	size_t other = neighbour(w, i, false);

	return other == i || wide_meet(w, i, other);
}

/* Somebody whom another has removed, or taken the team from, and i has not heard; WIDE_MAX: nobody. */
static size_t
unheard(struct wide *w, size_t i)
{
	for (size_t k = 0; k < w->removal_count; k++)
		if (!wide_holds(w, i, &w->removals[k].log, w->removals[k].seq))
			return w->removals[k].whom;
	return WIDE_MAX;
}

/* What was stolen is reported to more than one coordinator, who cannot reach each other. */
static size_t
draw_whom(struct wide *w, size_t i)
{
	size_t other = (size_t)dice_below(&w->decide.dice, w->count), again;

	if (i >= WIDE_COORDINATORS || !dice_chance(&w->decide.dice, 700))
		return other;
	again = unheard(w, i);
	return again < WIDE_MAX ? again : other;
}

static bool
act_remove(struct wide *w, size_t i)
{
	size_t other = (size_t)decide(&w->decide, "whom", draw_whom(w, i), 0, w->count - 1);
	bool ungrant = decide_chance(&w->decide, "ungrant", 300);

	return i >= WIDE_COORDINATORS || other < WIDE_COORDINATORS || !w->at[other]->joined ? true : do_remove(w, i, other, ungrant);
}

static bool
act_adopt(struct wide *w, size_t i)
{
	return i >= WIDE_COORDINATORS || do_adopt(w, i);
}

/* Whoever has not joined yet can do nothing else. */
static const struct wide_act acts[] = {
	{ "join", 0, act_join },   { "write", 50, do_write }, { "meet", 25, act_meet },     { "power", 5, lose_power },
	{ "erase", 8, do_erase },  { "remove", 8, act_remove }, { "adopt", 4, act_adopt },
};

const struct wide_act *
wide_draw_act(struct wide *w, size_t i)
{
	uint64_t at = dice_below(&w->decide.dice, 100);
	const struct wide_act *a = &acts[1];

	if (!w->at[i]->joined)
		return &acts[0];
	if (i < WIDE_COORDINATORS && dice_chance(&w->decide.dice, 150) && unheard(w, i) < WIDE_MAX)
		return wide_act_called("remove");
	while (at >= a->per_cent)
		at -= a++->per_cent;
	return i < WIDE_COORDINATORS || (a->act != act_remove && a->act != act_adopt) ? a : &acts[1];
}

bool
wide_perform(struct wide *w, const struct wide_act *a, size_t i)
{
	if ((a->act == act_join || w->at[i]->joined) && !a->act(w, i))
		return false;
	world_run(w->world, decide_between(&w->decide, "wait", 10, 2000) * NS_PER_MS);
	return true;
}

const struct wide_act *
wide_act_called(const char *name)
{
	for (size_t k = 0; k < COUNT_OF(acts); k++)
		if (strcmp(acts[k].name, name) == 0)
			return &acts[k];
	return NULL;
}
