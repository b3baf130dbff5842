/*
 * The account of a wide play. Who is a reader, who was told what, and how far
 * a removed device's log counts are told by what the acts noted; what keys
 * open by thief.c; who an epoch reached by reading EPOCHs and KEYGRANTs here.
 */
#include <stdio.h>

#include "codec/strict.h"
#include "log/entry.h"
#include "node/node_internal.h"
#include "sim/thief.h"
#include "sim/wide_internal.h"
#include "vault/vault_late.h"

/* ---- whom an epoch reached ---- */

struct reach { struct wide *w; const struct epoch_id *epoch; uint32_t mask; size_t maker; bool found; };

static size_t
who_is(struct wide *w, const uint8_t id[16])
{
	for (size_t i = 0; i < w->count; i++)
		if (w->at[i]->joined && memcmp(w->id[i].b, id, 16) == 0)
			return i;
	return WIDE_MAX;
}

static size_t
author_is(struct wide *w, const struct author *a)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->at[i]->joined && SAME(station_keys(w->at[i])->device.sign_pk, *a))
			return i;
	return WIDE_MAX;
}

static void
add_reached(struct reach *k, size_t who)
{
	if (who < WIDE_MAX)
		k->mask |= 1u << who;
}

static void
read_epoch(struct reach *k, const struct entry *e)
{
	struct rd r = rd_init(e->payload);
	uint8_t dev[16];
	size_t n;

	if (memcmp(e->id.b, k->epoch->b, 16) != 0)
		return;
	k->found = true;
	k->maker = author_is(k->w, &e->h.author);
	add_reached(k, k->maker);
	(void)rd_array_any(&r, 8);
	for (int i = 0; i < 5; i++) /* n, parent, reason, commit, epk */
		(void)rd_any(&r, 40);
	n = rd_array_any(&r, 512);
	for (size_t i = 0; i < n && !r.bad; i++) {
		rd_array(&r, 3);
		rd_bin(&r, dev, 16);
		(void)rd_any(&r, 16);
		(void)rd_any(&r, 64);
		add_reached(k, who_is(k->w, dev));
	}
}

static void
read_keygrant(struct reach *k, const struct entry *e)
{
	struct rd r = rd_init(e->payload);
	struct epoch_id id;
	uint8_t dev[16];
	size_t n;

	rd_array(&r, 4);
	rd_bin(&r, dev, 16);
	(void)rd_any(&r, 16);
	(void)rd_any(&r, 40);
	n = rd_array_any(&r, 256);
	for (size_t i = 0; i < n && !r.bad; i++) {
		rd_array(&r, 3);
		RD_FIXED(&r, id);
		(void)rd_any(&r, 40);
		(void)rd_any(&r, 64);
		if (!r.bad && SAME(id, *k->epoch))
			add_reached(k, who_is(k->w, dev));
	}
}

static bool
reach_entry(void *ctx, const struct entry *e)
{
	if (e->has_payload && e->h.kind == KIND_EPOCH)
		read_epoch(ctx, e);
	if (e->has_payload && e->h.kind == KIND_KEYGRANT)
		read_keygrant(ctx, e);
	return true;
}

/* By all that station i holds. */
static struct reach
reached(struct wide *w, size_t i, const struct epoch_id *epoch)
{
	struct replica *r = station_replica(w->at[i]);
	struct reach k = { .w = w, .epoch = epoch, .maker = WIDE_MAX };

	for (size_t log = 0; log < replica_log_count(r); log++)
		if (SAME(replica_log_at(r, log)->key.stream, w->team))
			(void)!replica_scan(r, log, 0, replica_log_at(r, log)->len, false, reach_entry, &k, NULL);
	return k;
}

bool
wide_check_written(struct wide *w, size_t i, const struct wide_entry *e, const struct epoch_id *epoch)
{
	struct reach k = reached(w, i, epoch);

	if (!k.found)
		return wide_fail(w, "I6", "n%zu has sealed under an epoch that it does not hold", i);
	if ((k.mask & e->knew) != 0)
		return wide_fail(w, "I6", "n%zu has sealed to devices that it knew were out (%x)", i, k.mask & e->knew);
	return true;
}

/* ---- what is shown ---- */

static bool
shows(const struct record *r, const struct wide_entry *e)
{
	for (size_t i = 0; r != NULL && i < record_note_count(r); i++)
		if (memcmp(record_note_at(r, i)->id, e->note_id, 16) == 0 && bytes_equal(record_note_at(r, i)->text, BYTES_STR(e->text)))
			return true;
	return false;
}

static bool
judge_shown(struct wide *w, size_t i)
{
	struct record *now = sim_must(record_new(&w->records[0]));
	bool ok = true;

	for (size_t rec = 0; rec < WIDE_RECORDS && ok; rec++) {
		struct err err = ERR_INIT;
		const struct record *r = NULL;
		size_t notes = 0;

		record_reset(now, &w->records[rec]);
		if (node_record(w->at[i]->node, &w->records[rec], now, NULL, &err) == ERR_OK)
			r = now;
		else if (err.code != ERR_UNKNOWN)
			ok = wide_fail(w, "I2", "n%zu: record %zu cannot be read: %s", i, rec, err.text);
		if (w->erased[rec]) {
			ok = ok && (r == NULL || wide_fail(w, "I13", "n%zu shows record %zu, which was erased", i, rec));
			continue;
		}
		for (size_t k = 0; k < w->entry_count && ok; k++) {
			const struct wide_entry *e = &w->entries[k];

			if (e->record != rec)
				continue;
			notes += e->adopted || !e->cut;
			if ((e->adopted || !e->cut) != shows(r, e))
				ok = wide_fail(w, "I4", "n%zu %s entry %zu of n%zu", i, e->adopted || !e->cut ? "does not show" : "shows, and should not,", k, e->by);
		}
		if (ok && r != NULL && record_note_count(r) != notes)
			ok = wide_fail(w, "I5", "n%zu: record %zu shows %zu notes, written were %zu", i, rec, record_note_count(r), notes);
	}
	record_free(now);
	return ok;
}

/* ---- who can read what ---- */

struct opened { struct wide *w; size_t whom; uint64_t all, open; bool must_all; bool ok; const struct shut *shut; };

/* What a reader's own node says of entries without effect: that no key opens these here. */
struct shut { struct hash *id; size_t count, cap; };

static bool
gather_shut(void *ctx, const struct node_late *late)
{
	struct shut *s = ctx;

	if (late->opens)
		return true;
	s->id = sim_must(mem_room(s->id, s->count, &s->cap, sizeof(*s->id)));
	s->id[s->count++] = late->id;
	return true;
}

static bool
says_shut(const struct shut *s, const struct hash *id)
{
	for (size_t k = 0; k < s->count; k++)
		if (SAME(s->id[k], *id))
			return true;
	return false;
}

/* Does some reader know that this epoch is gone for ever, or that its E is? */
static bool
epoch_is_gone(struct wide *w, const struct epoch_id *epoch)
{
	for (size_t i = 0; i < w->count; i++)
		if (wide_reader(w, i) && (keystore_tombstoned(station_keys(w->at[i]), TOMB_EPOCH, epoch->b) ||
		                          keystore_tombstoned(station_keys(w->at[i]), TOMB_SECRET, epoch->b)))
			return true;
	return false;
}

static bool
holds_secret(struct wide *w, size_t i, const struct epoch_id *epoch)
{
	static const uint8_t zero[32];
	const struct keystore *k = station_keys(w->at[i]);

	for (size_t at = 0; at < k->epoch_count; at++)
		if (SAME(k->epochs[at].epoch, *epoch))
			return memcmp(k->epochs[at].e, zero, sizeof(zero)) != 0;
	return false;
}

/*
 * proto/vault.md, 5: what has no effect brings no key that anybody learns. It opens as long as the E is held that it was
 * sealed under; once that E is gone it opens for nobody new, and each node says so.
 */
static bool
may_stay_shut(const struct opened *o, const struct entry *e, const struct wide_entry *we)
{
	struct epoch_id epoch;
	struct rd r = rd_init(e->payload);

	(void)rd_array_any(&r, 5);
	RD_FIXED(&r, epoch);
	return !r.bad && we != NULL && we->cut && !we->adopted && !holds_secret(o->w, o->whom, &epoch) && epoch_is_gone(o->w, &epoch) &&
	       says_shut(o->shut, &e->id);
}

static const struct wide_entry *
entry_of(const struct wide *w, const struct hash *id)
{
	for (size_t k = 0; k < w->entry_count; k++)
		if (memcmp(w->entries[k].id, id->b, 16) == 0)
			return &w->entries[k];
	return NULL;
}

static void
count_opened(void *ctx, const struct entry *e, bool opened)
{
	struct opened *o = ctx;
	const struct wide_entry *we = entry_of(o->w, &e->id);

	o->all++;
	o->open += opened;
	if (we != NULL && opened && (we->knew & 1u << o->whom) != 0)
		o->ok = wide_fail(o->w, "I6", "n%zu can read what n%zu wrote, who knew that it was out", o->whom, we->by);
	if (o->must_all && !opened && (we == NULL || !o->w->erased[we->record]) && !may_stay_shut(o, e, we))
		o->ok = wide_fail(o->w, "I7", "n%zu cannot read an entry of n%zu", o->whom, we != NULL ? we->by : WIDE_MAX);
}

/* What the readers so far would write under: of one number all the same. */
struct best_epoch { struct epoch_id id[WIDE_MAX]; uint64_t n[WIDE_MAX]; size_t count; };

static bool
add_preferred(struct wide *w, size_t i, struct best_epoch *best)
{
	struct vault *v = w->at[i]->node->vault;
	struct epoch_id id;
	uint64_t n;

	if (!vault_preferred(v, &w->team, &id))
		return true; /* it will make one when it writes */
	n = vault_epoch_number(v, &id);
	for (size_t k = 0; k < w->count; k++)
		if ((reached(w, i, &id).mask & 1u << k) != 0 && wide_is_out(w, k))
			return wide_fail(w, "I6", "n%zu would seal to n%zu, which is out", i, k);
	for (size_t k = 0; k < best->count; k++)
		if (best->n[k] == n && !SAME(best->id[k], id))
			return wide_fail(w, "I7", "n%zu would write under another epoch of number %llu than others", i, (unsigned long long)n);
	best->id[best->count] = id;
	best->n[best->count++] = n;
	return true;
}

static bool
judge_reader(struct wide *w, size_t i, const struct best_epoch *best)
{
	struct thief *t = thief_new(org_id(node_org(w->at[0]->node)), &w->team);
	struct shut shut = { .count = 0 };
	struct opened o = { .w = w, .whom = i, .must_all = true, .ok = true, .shut = &shut };
	struct err err = ERR_INIT;

	if (node_each_late(w->at[i]->node, gather_shut, &shut, &err) != ERR_OK)
		o.ok = wide_fail(w, "I9", "n%zu: what has no effect cannot be looked through: %s", i, err.text);
	thief_take_keys(t, station_keys(w->at[i]));
	if (!thief_read(t, station_replica(w->at[i])))
		o.ok = wide_fail(w, "I2", "n%zu: a log cannot be read", i);
	thief_each(t, count_opened, &o);
	for (size_t k = 0; k < best->count; k++)
		if (o.ok && !thief_holds_epoch(t, &best->id[k]))
			o.ok = wide_fail(w, "I7", "n%zu does not hold an epoch that a reader prefers", i);
	mem_free(shut.id);
	thief_free(t);
	return o.ok;
}

/* Sealed to it, by others, after its removal: what the node must report. */
struct after { struct wide *w; size_t whom; int64_t since; uint64_t entries; };

static void
count_after(void *ctx, const struct entry *e, bool opened)
{
	struct after *a = ctx;
	const struct wide_entry *we = entry_of(a->w, &e->id);
	struct epoch_id id;
	struct rd r = rd_init(e->payload);

	(void)opened;
	(void)rd_array_any(&r, 5);
	RD_FIXED(&r, id);
	if (we != NULL && we->by != a->whom && we->at_ms > a->since && (reached(a->w, 0, &id).mask & 1u << a->whom) != 0)
		a->entries++;
}

static bool
judge_exposure(struct wide *w, size_t i, const struct thief *t, uint64_t open)
{
	struct after after = { .w = w, .whom = i, .since = INT64_MAX };
	struct node_exposure x;
	struct err err = ERR_INIT;
	uint64_t readable = 0, late = 0;

	for (size_t k = 0; k < w->removal_count; k++)
		if (w->removals[k].whom == i && !w->removals[k].ungrant && w->removals[k].at_ms < after.since)
			after.since = w->removals[k].at_ms;
	if (node_exposure(w->at[0]->node, &w->id[i], &x, &err) != ERR_OK)
		return wide_fail(w, "I9", "the exposure of n%zu: %s", i, err.text);
	for (size_t k = 0; k < x.team_count; k++)
		readable += SAME(x.teams[k].team, w->team) ? x.teams[k].readable : 0;
	for (size_t k = 0; k < x.late_count; k++)
		late += SAME(x.late[k].team, w->team) ? x.late[k].entries : 0;
	node_exposure_free(&x);
	thief_each(t, count_after, &after);
	if (open > readable)
		return wide_fail(w, "I6", "n%zu can read %llu entries, and %llu are reported", i, (unsigned long long)open, (unsigned long long)readable);
	if (after.since != INT64_MAX && after.entries != late)
		return wide_fail(w, "I6", "n%zu was sent %llu entries after its removal, and %llu are reported", i, (unsigned long long)after.entries,
		                 (unsigned long long)late);
	if (late > 0)
		mark(MARK_STILL_SENT);
	return true;
}

/* What somebody reads who has the keys of a device that is out, and all that the centre holds. */
static bool
judge_outsider(struct wide *w, size_t i)
{
	struct thief *t = thief_new(org_id(node_org(w->at[0]->node)), &w->team);
	struct opened o = { .w = w, .whom = i, .ok = true };
	bool ok;

	thief_take_keys(t, station_keys(w->at[i]));
	ok = thief_read(t, station_replica(w->at[0])) || wide_fail(w, "I2", "n0: a log cannot be read");
	thief_each(t, count_opened, &o);
	ok = ok && o.ok && judge_exposure(w, i, t, o.open);
	if (o.open < o.all)
		mark(MARK_SHUT_OUT);
	thief_free(t);
	return ok;
}

bool
wide_judge(struct wide *w)
{
	struct best_epoch best = { .count = 0 };
	uint8_t first[32], other[32];

	for (size_t i = 0; i < w->count; i++)
		if (wide_reader(w, i) && !add_preferred(w, i, &best))
			return false;
	if (!station_hash(w->at[0], first))
		return wide_fail(w, "I3", "n0 has no state");
	for (size_t i = 0; i < w->count; i++) {
		if (!w->at[i]->joined)
			continue;
		if (wide_is_out(w, i) && !judge_outsider(w, i))
			return false;
		if (!wide_reader(w, i))
			continue;
		if (node_waiting_keys(w->at[i]->node) > 0)
			return wide_fail(w, "I3", "n%zu: %llu entries wait for keys after a round", i, (unsigned long long)node_waiting_keys(w->at[i]->node));
		if (!station_hash(w->at[i], other) || memcmp(first, other, 32) != 0)
			return wide_fail(w, "I3", "n%zu and n0 hold the same entries and show different states", i);
		if (!judge_shown(w, i) || !judge_reader(w, i, &best))
			return false;
	}
	return true;
}
