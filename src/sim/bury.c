/*
 * Erasure in a play: somebody asks that a record be forgotten, a coordinator
 * who is somebody else says yes, and whoever has not heard writes on.
 *
 *   I13  a saved approval is never forgotten; at the end the record is shown nowhere, no disk holds a piece of what
 *        the request named, no machine has a key to what came late, and a stick written before brings nothing back;
 *        what is of no erased record has its content on every machine, also where it shares a place with what is
 *
 * What was sealed is noted as each write is committed: the last bytes of its
 * payload. Record 0 is never asked for, so that there is always one to write to.
 */
#include <stdio.h>

#include "base/mem.h"
#include "log/entry.h"
#include "org/orders.h"
#include "sim/play_internal.h"
#include "sim/thief.h"
#include "sim/world_internal.h"

enum { LATEST = 24 }; /* entries of a log among which the last batch is */

struct sealing { struct write **batch; size_t count; };

static bool
note_one(void *ctx, const struct entry *e)
{
	struct sealing *s = ctx;

	for (size_t k = 0; k < s->count; k++) {
		struct write *w = s->batch[k];

		if (w == NULL || !w->has_entry || memcmp(w->entry, e->id.b, sizeof(w->entry)) != 0 || !e->has_payload)
			continue;
		memcpy(w->sealed, e->payload.p + e->payload.len - sizeof(w->sealed), sizeof(w->sealed));
		w->has_sealed = true;
	}
	return true;
}

void
bury_note_sealed(struct play *p, size_t i, struct write **batch, size_t count)
{
	struct replica *r = station_replica(p->stations[i]);
	struct sealing s = { batch, count };

	for (size_t log = 0; log < replica_log_count(r); log++) {
		const struct log_head *h = replica_log_at(r, log);

		if (!SAME(h->key.author, station_keys(p->stations[i])->device.sign_pk) || !SAME(h->key.stream, p->team))
			continue;
		/* A read may meet the fault that its disk is under: then there is a needle less to look for. */
		(void)!replica_scan(r, log, h->len > LATEST ? h->len - LATEST : 0, h->len, false, note_one, &s, NULL);
	}
}

/* ---- what people do ---- */

static struct order_made *
order_of(struct play *p, const struct hash *id)
{
	for (size_t k = 0; k < p->order_count; k++)
		if (SAME(p->orders[k].id, *id))
			return &p->orders[k];
	return NULL;
}

/* An order that station i has heard of, may approve and has not. */
static struct order_made *
to_approve(struct play *p, size_t i)
{
	const struct orders *orders = replica_orders(station_replica(p->stations[i]));

	for (size_t k = 0; p->coordinator[i] && k < orders_count(orders); k++) {
		const struct erase_order *o = orders_at(orders, k);
		struct order_made *made = order_of(p, &o->id);

		if (!o->approved && made != NULL && made->by != i)
			return made;
	}
	return NULL;
}

static enum err_code
approve(struct play *p, size_t i, struct order_made *o, struct err *err)
{
	struct node *n = p->stations[i]->node;
	enum err_code rc = node_approve_erasure(n, &o->id, err);

	if (rc == ERR_OK) {
		model_bury(p->model, o->record, BURIAL_PERHAPS);
		rc = node_commit(n, err);
		if (rc == ERR_OK && !station_power_went(p->stations[i])) {
			o->approved = true;
			mark(MARK_ERASED);
		}
	} else {
		node_drop(n);
	}
	trace_line(world_trace(p->world), "n%zu: approves that record %zu is erased: %s", i, o->record, rc == ERR_OK ? "ok" : err->text);
	return rc;
}

struct naming { struct play *p; size_t record; uint32_t bit; };

static bool
name_one(void *ctx, const struct entry *e)
{
	struct naming *n = ctx;
	size_t at;

	if (model_find(n->p->model, e->id.b, &at) && model_at(n->p->model, at)->record == n->record)
		model_at(n->p->model, at)->named_by |= n->bit;
	return true;
}

/* A request gives all entries of the record that its author holds (proto/org.md, 9); what comes late is another matter. */
static void
note_named(struct play *p, size_t i, const struct order_made *o)
{
	struct replica *r = station_replica(p->stations[i]);
	struct naming n = { p, o->record, 1u << (o - p->orders) };

	for (size_t log = 0; log < replica_log_count(r); log++)
		if (SAME(replica_log_at(r, log)->key.stream, p->team)) /* a read that fails names less: then less is looked for */
			(void)!replica_scan(r, log, replica_log_at(r, log)->key.branch_seq, replica_log_at(r, log)->len, true, name_one, &n, NULL);
}

/*
 * Half of the time what somebody wrote since an image of its disk was taken: when that is put back, another history will
 * have something else at the places that the request names.
 */
static size_t
draw_record(struct play *p)
{
	size_t drawn = (size_t)dice_between(&p->decide.dice, 1, p->swarm.records - 1);

	if (!dice_chance(&p->decide.dice, 500))
		return drawn;
	for (size_t k = model_count(p->model); k > 0; k--) {
		const struct write *w = model_at(p->model, k - 1);

		if (p->image[w->author] != NULL && k > p->image_at[w->author] && w->record > 0)
			return w->record;
	}
	return drawn;
}

static enum err_code
ask(struct play *p, size_t i, struct err *err)
{
	struct node *n = p->stations[i]->node;
	struct order_made *o = &p->orders[p->order_count];
	struct node_order made;
	enum err_code rc;

	if (p->swarm.records < 2 || p->order_count == ORDERS_MAX)
		return ERR_OK;
	*o = (struct order_made){ .by = i, .record = (size_t)decide(&p->decide, "record", draw_record(p), 1, p->swarm.records - 1) };
	rc = node_order_erasure(n, model_record_id(p->model, o->record), "hen bad om det", &made, err);
	if (rc == ERR_OK) {
		o->id = made.id;
		note_named(p, i, o);
		p->order_count++;
		rc = node_commit(n, err);
	} else {
		node_drop(n);
		if (rc == ERR_UNKNOWN || rc == ERR_EXISTS || (rc == ERR_REFUSED && node_is_erased(n, model_record_id(p->model, o->record), NULL)))
			return err_forgive(err);
	}
	trace_line(world_trace(p->world), "n%zu: asks that record %zu be erased: %s", i, o->record, rc == ERR_OK ? "ok" : err->text);
	return rc;
}

bool
bury_waits_for(struct play *p, size_t i)
{
	return station_runs(p->stations[i]) && !station_power_went(p->stations[i]) && to_approve(p, i) != NULL;
}

enum err_code
bury_act(struct play *p, size_t i, struct err *err)
{
	struct order_made *o = to_approve(p, i);

	return o != NULL ? approve(p, i, o, err) : ask(p, i, err);
}

/* ---- the account ---- */

bool
bury_settle(struct play *p)
{
	const struct orders *orders = replica_orders(station_replica(p->stations[0]));

	for (size_t k = 0; k < p->order_count; k++) {
		struct order_made *made = &p->orders[k];
		const struct erase_order *o = NULL;

		for (size_t i = 0; i < orders_count(orders); i++)
			if (SAME(orders_at(orders, i)->id, made->id))
				o = orders_at(orders, i);
		if (made->approved && (o == NULL || !o->approved))
			return play_fail(p, "I13", "n0 does not know that record %zu was to be erased, which was saved", made->record);
		if (o != NULL && o->approved)
			model_bury(p->model, made->record, BURIAL_SURE);
	}
	model_bury_the_rest(p->model);
	return true;
}

struct kept { struct play *p; size_t i; };

static bool
is_kept(void *ctx, const struct entry *e)
{
	struct kept *k = ctx;
	size_t at;

	if (e->has_payload || !model_find(k->p->model, e->id.b, &at) || model_is_buried(k->p->model, model_at(k->p->model, at)->record))
		return true;
	return play_fail(k->p, "I13", "n%zu lost what write %zu said, of a record that nobody had erased", k->i, at);
}

bool
bury_judge_kept(struct play *p)
{
	for (size_t i = 0; i < p->machines; i++) {
		struct replica *r = station_replica(p->stations[i]);
		struct kept k = { p, i };
		struct err err = ERR_INIT;

		for (size_t log = 0; log < replica_log_count(r); log++)
			if (SAME(replica_log_at(r, log)->key.stream, p->team) &&
			    replica_scan(r, log, 0, replica_log_at(r, log)->len, false, is_kept, &k, &err) != ERR_OK)
				return play_fail(p, "I2", "n%zu: a log cannot be read: %s", i, err.text);
	}
	return p->report->finding.invariant[0] == '\0';
}

static uint32_t
approved_orders(struct play *p)
{
	const struct orders *orders = replica_orders(station_replica(p->stations[0]));
	uint32_t mask = 0;

	for (size_t k = 0; k < orders_count(orders); k++) {
		const struct order_made *made = order_of(p, &orders_at(orders, k)->id);

		if (made != NULL && orders_at(orders, k)->approved)
			mask |= 1u << (made - p->orders);
	}
	return mask;
}

static struct scan *
needles_of(struct play *p)
{
	struct scan *scan = NULL;
	uint32_t approved = approved_orders(p);

	for (size_t k = 0; k < model_count(p->model); k++) {
		const struct write *w = model_at(p->model, k);
		char what[64];

		if (!w->has_sealed || (w->named_by & approved) == 0 || !model_is_buried(p->model, w->record))
			continue;
		if (scan == NULL)
			scan = sim_must(scan_new());
		snprintf(what, sizeof(what), "erased write %zu of n%zu", k, w->author);
		scan_add_secret(scan, what, w->sealed, sizeof(w->sealed));
	}
	return scan;
}

bool
bury_read_sticks(struct play *p, size_t i)
{
	struct node *n = p->stations[i]->node;

	for (size_t k = 0; k < STICKS; k++) {
		struct bundle_counts counts = { 0 };
		struct err err = ERR_INIT;

		if (p->stick[k].len == 0)
			continue;
		if (bundle_read(node_peer_host(n), buf_bytes(&p->stick[k]), false, &counts, &err) != ERR_OK || node_commit(n, &err) != ERR_OK) {
			/* The seal key that it came under went with the disk, or the network key came to the other home of this device alone. */
			if (err.code == ERR_KEY && (p->lost[i] || backup_lacks_key_of_twin(p, i)))
				continue;
			return play_fail(p, "I9", "n%zu cannot read an old stick: %s", i, err.text);
		}
		mark(MARK_OLD_STICK);
		struck(STRUCK_STICK_OLD);
	}
	return true;
}

/* ---- what came late ---- */

struct late { struct play *p; size_t i; };

static void
open_late(void *ctx, const struct entry *e, bool opened)
{
	struct late *l = ctx;
	size_t at;

	if (opened && model_find(l->p->model, e->id.b, &at) && model_is_buried(l->p->model, model_at(l->p->model, at)->record))
		(void)play_fail(l->p, "I13", "n%zu can still open write %zu, of a record that was erased", l->i, at);
}

/* Does somebody read the team who is no machine of this play, and will never say that the next epoch has come? */
static bool
owes_keys_to_who_never_comes(struct play *p, size_t i)
{
	const struct org *org = node_org(p->stations[i]->node);

	for (size_t d = 0; d < org_device_count(org); d++) {
		const struct device_id *id = &org_device_at(org, d)->id;
		bool comes = false;

		for (size_t k = 0; k < p->swarm.stations && !comes; k++)
			comes = SAME(p->stations[k]->device_id, *id);
		if (!comes && org_reads(org, &p->team, id))
			return true;
	}
	return false;
}

/*
 * What no request named may lie on a disk as long as only one member has said
 * that it belonged to what was erased: but no epoch that is held opens it, unless a reader is still to say that the
 * next one has come, for whom the old ones are kept sixty days (proto/vault.md, 13).
 */
static bool
judge_late(struct play *p, size_t i)
{
	struct late l = { p, i };
	struct thief *t;

	if (owes_keys_to_who_never_comes(p, i))
		return true;
	t = sim_must(thief_new(org_id(node_org(p->stations[i]->node)), &p->team));
	thief_take_epochs(t, station_keys(p->stations[i]));
	if (thief_read(t, station_replica(p->stations[i])))
		thief_each(t, open_late, &l);
	else
		(void)play_fail(p, "I2", "n%zu: its log cannot be read", i);
	thief_free(t);
	return p->report->finding.invariant[0] == '\0';
}

bool
bury_judge(struct play *p)
{
	struct scan *scan = needles_of(p);
	bool ok = true;

	if (scan == NULL)
		return true;
	for (size_t i = 0; i < p->swarm.stations && ok; i++)
		ok = bury_read_sticks(p, i) && play_judge(p, i, false) && judge_late(p, i);
	for (size_t i = 0; i < p->machines && ok; i++) {
		disk_look(host_disk(p->stations[i]->host), scan, i);
	}
	if (p->far != NULL && ok)
		disk_look(far_disk(p->far), scan, p->machines);
	if (ok && scan_finding(scan) != NULL)
		ok = play_fail(p, "I13", "%s", scan_finding(scan));
	scan_free(scan);
	return ok;
}
