/*
 * Where things stand: status and verify. Every figure in status
 * comes from stored, signed proof, never from a memory of having sent.
 */
#include "op/op_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "node/removal.h"
#include "node/standing.h"
#include "node/tend.h"
#include "op/brought.h"

enum { REASON_SHOWN = 400 };

void
status_warn(json_t *warnings, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(warnings, json_string(text));
}

/* Whom this device has met, and what every other is known to lack or to have. */
static json_t *
peers_json(struct node *n, const struct node_standing *st, size_t count)
{
	json_t *out = json_array(), *o, *lags;
	char at[40];

	for (size_t i = 0; i < count; i++) {
		const struct node_standing *p = &st[i];

		if (!p->met && p->heard_ms == 0)
			continue;
		o = json_pack("{s:s,s:o,s:o,s:I,s:I,s:b,s:b}", "name", node_device_name(n, &p->dev), "id", json_hex(p->dev.b, 16), "last_seen",
		              p->met ? json_string(time_print(at, p->met_ms, 0)) : json_null(), "ahead", (json_int_t)p->ahead, "behind",
		              (json_int_t)p->behind, "in_step", p->in_step, "hub", p->hub);
		lags = json_array();
		for (size_t k = 0; k < p->lag_count; k++)
			json_array_append_new(lags, json_pack("{s:s,s:o,s:I,s:I}", "name", node_device_name(n, &p->lag[k].has), "id",
			                                      json_hex(p->lag[k].has.b, 16), "entries", (json_int_t)p->lag[k].entries, "days",
			                                      (json_int_t)p->lag[k].days));
		if (o != NULL) {
			json_object_set_new(o, "heard", p->heard_ms > 0 ? json_string(time_print(at, p->heard_ms, 0)) : json_null());
			json_object_set_new(o, "silent_days", p->silent_days < 0 ? json_null() : json_integer(p->silent_days));
			json_object_set(o, "lacks_of", lags);
		}
		json_decref(lags);
		json_array_append_new(out, o);
	}
	return out;
}

static void
warn_standing(json_t *w, struct node *n, const struct node_standing *st, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct node_standing *p = &st[i];

		for (size_t k = 0; k < p->lag_count; k++)
			status_warn(w, "%s is %lld day%s behind what %s has: it lacks %llu entr%s", node_device_name(n, &p->dev), (long long)p->lag[k].days,
			            p->lag[k].days == 1 ? "" : "s", node_device_name(n, &p->lag[k].has), (unsigned long long)p->lag[k].entries,
			            p->lag[k].entries == 1 ? "y" : "ies");
		if (p->silent_days > SILENT_DAYS)
			status_warn(w, "%s has not been heard of for %lld days%s", node_device_name(n, &p->dev), (long long)p->silent_days,
			            p->behind > 0 ? ", and lacks what was written since" : "");
	}
}

/* What each has said of itself when it was last spoken to. */
static void
warn_said(json_t *w, struct node *n)
{
	for (size_t i = 0; i < node_exchange_count(n); i++) {
		const struct node_exchange *e = node_exchange_at(n, i);
		bool newest = e->has_peer && e->way == EXCHANGE_LINK && e->ok;
		struct buf text = BUF_INIT;

		for (size_t k = 0; k < i && newest; k++) {
			const struct node_exchange *later = node_exchange_at(n, k);

			newest = !(later->has_peer && later->ok && later->way == EXCHANGE_LINK && SAME(later->peer, e->peer));
		}
		for (unsigned what = 1; newest && what <= EXCHANGE_NEWER; what <<= 1) {
			buf_clear(&text);
			put_said(&text, "", node_device_name(n, &e->peer), e->said & what, false);
			if (text.len > 0 && buf_str(&text) != NULL)
				status_warn(w, "%s", buf_str(&text));
		}
		buf_free(&text);
	}
}

/* First of all, and plainly: whoever reads this has nobody else to tell them. */
static void
warn_removed(json_t *w, struct node *n)
{
	const struct org_device *self = node_self(n);
	struct node_reason why;
	uint64_t late;

	if (self == NULL || !self->gone)
		return;
	late = node_late_count(n);
	status_warn(w, "this device has been removed from %s; what is here can be read and exported, and nothing is added to it any more",
	     node_org_name(n));
	if (node_reason_of(n, &self->id, &why))
		status_warn(w, "it was removed by %s%s%.*s", node_device_name(n, &why.by), why.text[0] != '\0' ? ": " : "", REASON_SHOWN, why.text);
	if (late > 0)
		status_warn(w, "%llu entr%s written here %s not seen by who removed it and do%s not count; a bundle brings %s to a colleague, "
		     "who may adopt %s", (unsigned long long)late, late == 1 ? "y" : "ies", late == 1 ? "was" : "were", late == 1 ? "es" : "",
		     late == 1 ? "it" : "them", late == 1 ? "it" : "them");
}

static void
warn_disputes(json_t *w, struct node *n)
{
	const struct org *org = node_org(n);

	for (size_t i = 0; i < org_void_removals(org); i++) {
		const struct org_dispute *d = org_dispute_at(org, i);

		status_warn(w, "dispute: %s has tried to remove %s, which is no lower in rank, so both still belong; the trustees must decide, and "
		     "until then no keys are given to new readers without asking", node_device_name(n, &d->by), node_device_name(n, &d->target));
	}
}

static void
warn_waiting(json_t *w, uint64_t waiting)
{
	if (waiting > 0)
		status_warn(w, "%llu entr%s written after a removal or in two copies and do%s not count; `faltbok adopt` lists them",
		     (unsigned long long)waiting, waiting == 1 ? "y was" : "ies were", waiting == 1 ? "es" : "");
}

static json_t *
warnings_json(struct node *n, int64_t age, uint64_t waiting, const struct node_standing *st, size_t count)
{
	const struct org *org = node_org(n);
	json_t *w = json_array();

	if (!org_known(org))
		status_warn(w, "this device belongs to no organisation yet: a coordinator's code or welcome lets it in, `faltbok join --help` says how");
	warn_removed(w, n);
	for (size_t i = 0; i < org_grant_count(org); i++) {
		const struct org_grant *g = org_grant_at(org, i);

		if (node_is_alarming(n, g))
			status_warn(w, "coordinator device %s has granted itself the team %s and reads its cases; whoever did not expect that asks it why. "
			     "`faltbok members seen` when it is known why: `members` goes on showing it", node_device_name(n, &g->dev), node_team_name(n, &g->team));
	}
	if (node_is_leaving(n))
		status_warn(w, "this device has said that it leaves, and nobody counts on what it holds: when others have acknowledged that, by link or stick, "
		            "`faltbok close-site --wipe` goes on; whatever is written here takes it back");
	warn_papers(w, n);
	warn_heard(w, n, age);
	warn_standing(w, n, st, count);
	warn_said(w, n);
	if (replica_damaged(node_replica(n)) > 0)
		status_warn(w, "%zu entr%s damaged here; `faltbok verify` names what, `faltbok sync` fetches it from others", replica_damaged(node_replica(n)),
		            replica_damaged(node_replica(n)) == 1 ? "y is" : "ies are");
	if (node_waiting_keys(n) > 0)
		status_warn(w, "%llu entr%s for a key from a colleague who reads the team: it comes when one of them is met", (unsigned long long)node_waiting_keys(n),
		            node_waiting_keys(n) == 1 ? "y waits" : "ies wait");
	if (node_moved(n))
		status_warn(w, "this home was moved, copied or restored; it writes in a log of its own from now on");
	warn_disputes(w, n);
	if (node_self(n) != NULL && !node_self(n)->gone)
		warn_waiting(w, waiting);
	if (view_undecodable(node_view(n)) > 0)
		status_warn(w, "%llu entries were written by a newer version and are kept unread", (unsigned long long)view_undecodable(node_view(n)));
	return w;
}

static bool
one_fork(const struct log_key *a, const struct log_key *b)
{
	return a->branch_seq == b->branch_seq && SAME(a->author, b->author) && SAME(a->stream, b->stream) && SAME(a->inc, b->inc);
}

/* A fork has two histories at least, each a log of its own: all of them are told as one. */
static json_t *
forks_json(struct node *n)
{
	const struct replica *r = node_replica(n);
	json_t *out = json_array();

	for (size_t i = 0; i < replica_log_count(r); i++) {
		const struct log_key *key = &replica_log_at(r, i)->key;
		uint64_t entries = 0, branches = 0;
		bool told = false;

		for (size_t k = 0; k < replica_log_count(r) && key->is_branch && !told; k++) {
			const struct log_head *h = replica_log_at(r, k);

			if (!h->key.is_branch || !one_fork(key, &h->key))
				continue;
			told = k < i;
			entries += h->len - h->key.branch_seq;
			branches++;
		}
		if (key->is_branch && !told)
			json_array_append_new(out, json_pack("{s:s,s:o,s:I,s:I,s:I}", "device", node_author_name(n, &key->author), "stream",
			                                     json_hex(key->stream.b, 16), "seq", (json_int_t)key->branch_seq, "branches",
			                                     (json_int_t)branches, "entries", (json_int_t)entries));
	}
	return out;
}

void
op_status(struct op_call *c)
{
	struct node *n = c->node;
	struct node_custody k;
	uint8_t state[32], frontier[32];
	int64_t age = node_membership_days(n);
	const struct org_device *self = node_self(n);
	uint64_t waiting = node_late_count(n), records = view_record_count(node_view(n)), conflicts = view_conflict_count(node_view(n));
	bool brief = param_flag(c, "brief");
	struct node_standing *st = NULL;
	size_t count = 0;
	json_t *warnings;

	if (brief || view_state_hash(node_view(n), state, &c->err) == ERR_OK)
		st = node_standings(n, &count, &c->err);
	if (st == NULL) {
		op_fail(c);
		return;
	}
	if (records == VIEW_UNCOUNTED || conflicts == VIEW_UNCOUNTED)
		err_plain(&c->err, ERR_NO_MEMORY);
	replica_frontier(node_replica(n), NULL, NULL, frontier);
	node_custody(n, &k);
	warnings = warnings_json(n, age, waiting, st, count);
	if (c->meet != NULL && meet_unheard(c->meet) != NULL)
		status_warn(warnings, "others cannot call this device: %s; it is tried again by itself, and this device calls others meanwhile", meet_unheard(c->meet));
	c->result = json_pack("{s:s,s:o,s:o,s:s,s:o,s:o,s:I,s:I,s:I,s:{s:I,s:I,s:I},s:b,s:o,s:o,s:I,s:I,s:o}", "org", node_org_name(n),
	                      "org_id", json_hex(node_keystore(n)->org.b, 32), "device", self == NULL ? json_null() : json_hex(self->id.b, 16),
	                      "device_name", node_keystore(n)->device_name, "state_hash", brief ? json_null() : json_hex(state, 32), "frontier",
	                      json_hex(frontier, 32), "entries", (json_int_t)replica_entry_count(node_replica(n)), "records",
	                      (json_int_t)records, "conflicts", (json_int_t)conflicts,
	                      "custody", "only_here", (json_int_t)k.only_here, "also_hub", (json_int_t)k.also_hub, "elsewhere",
	                      (json_int_t)k.elsewhere, "safe_to_wipe", k.safe_to_wipe, "peers", peers_json(n, st, count), "forks", forks_json(n),
	                      "waiting_adoption",
	                      (json_int_t)waiting, "membership_age_days", (json_int_t)age, "warnings", warnings);
	if (c->result != NULL) {
		json_object_set_new(c->result, "removed", json_boolean(self != NULL && self->gone));
		/* What some warnings say in English, for who says it in other languages. */
		json_object_set_new(c->result, "unreadable", json_integer((json_int_t)node_waiting_keys(n)));
		json_object_set_new(c->result, "newer", json_integer((json_int_t)view_undecodable(node_view(n))));
		json_object_set_new(c->result, "moved", json_boolean(node_moved(n)));
		json_object_set_new(c->result, "leaving", json_boolean(node_is_leaving(n)));
		json_object_set_new(c->result, "paper_unconfirmed", papers_json(n));
		say_heard(n, c->result, st, count);
	}
	mem_free(st);
	op_end(c);
}

static void
add_finding(void *ctx, const char *text)
{
	json_array_append_new(ctx, json_string(text));
}

void
op_verify(struct op_call *c)
{
	struct replica *r = node_replica(c->node);
	json_t *findings = json_array();

	if (replica_verify(r, add_finding, findings, NULL, &c->err) == ERR_OK || json_array_size(findings) > 0) {
		if (json_array_size(findings) > 0)
			err_set(&c->err, ERR_DAMAGED, "%zu faults, the first: %s; `faltbok sync` fetches what is damaged from others",
			        json_array_size(findings), json_string_value(json_array_get(findings, 0)));
		else
			c->result = json_pack("{s:b,s:I,s:i,s:O}", "ok", 1, "entries", (json_int_t)replica_entry_count(r), "logs",
			                      (int)replica_log_count(r), "findings", findings);
	}
	json_decref(findings);
	op_end(c);
}
