/*
 * A member who signs nonsense: entries of every kind whose signature is right
 * and whose payload is not. Everybody must keep them, agree on them, and be
 * none the worse for it. It is an advisor's machine, by its own keys; what it
 * writes in earnest is judged as everybody's.
 */
#include <string.h>

#include "base/mem.h"
#include "log/entry.h"
#include "log/run.h"
#include "node/node_internal.h"
#include "sim/play_internal.h"

/* A payload that once was good, with a bit turned; or noise; or nothing but a small number. */
struct found { struct play *p; struct buf *out; uint64_t left; };

static bool
copy_nth(void *ctx, const struct entry *e)
{
	struct found *f = ctx;

	if (!e->has_payload || f->left-- > 0)
		return true;
	buf_clear(f->out);
	buf_put_bytes(f->out, e->payload);
	return false;
}

static void
draw_payload(struct play *p, struct node *n, struct buf *out)
{
	struct replica *r = n->home.replica;
	size_t log = (size_t)play_below(p, "log", replica_log_count(r));
	const struct log_head *h = replica_log_at(r, log);
	struct dice noise;
	struct found f = { p, out, h->len > 0 ? play_below(p, "seq", h->len) : 0 };

	if (play_chance(p, "copy", 700) && replica_scan(r, log, h->key.is_branch ? h->key.branch_seq : 0, h->len, false, copy_nth, &f, NULL) == ERR_OK && out->len > 0) {
		/* Whoever reads a text may pass it on: an oracle of erasure must not meet it here. */
		for (size_t i = 0; i < out->len && i < 48; i++)
			if (out->len > 200)
				out->p[out->len - 1 - i] += 0x5b; /* and a copy of a copy is not the first one again */
		if (play_chance(p, "turn", 700))
			out->p[play_below(p, "turned-at", out->len)] ^= (uint8_t)(1u << play_below(p, "bit", 8));
		return;
	}
	buf_clear(out);
	noise = decide_dice(&p->decide, "noise");
	for (uint64_t left = play_between(p, "bytes", 1, 200); left > 0; left--)
		buf_put_u8(out, (uint8_t)dice_below(&noise, 256));
}

bool
hostile_act(struct play *p)
{
	static const uint8_t control[] = { KIND_ADMIT, KIND_GRANT, KIND_REVOKE, KIND_UNGRANT, KIND_TEAM, KIND_NETKEY, KIND_ERASE_REQ, KIND_ERASE_OK,
		                           KIND_RECEIPT, KIND_ATTEST, KIND_FORK, KIND_ROOTROT };
	static const uint8_t team[] = { KIND_DATA, KIND_DATA, KIND_EPOCH, KIND_KEYGRANT, KIND_KEYTABLE, KIND_ADOPT };
	size_t i = p->swarm.stations - 1;
	struct station *s = p->stations[i];
	struct buf payload = BUF_INIT;
	struct err err = ERR_INIT;
	struct stream_id stream;
	struct entry e;
	bool in_team = play_chance(p, "team", 500);
	uint8_t kind = in_team ? team[play_below(p, "kind", sizeof(team))] : control[play_below(p, "kind", sizeof(control))];
	enum err_code rc;

	if (p->coordinator[i] || !play_ensure_up(p, i))
		return p->report->finding.invariant[0] == '\0';
	stream = in_team ? p->team : control_stream(org_id(node_org(s->node)));
	draw_payload(p, s->node, &payload);
	rc = replica_append(s->node->home.replica, &s->node->home.keys->device, &s->node->home.keys->inc, &stream, kind, buf_bytes(&payload), &e, &err);
	if (rc == ERR_OK)
		rc = node_commit(s->node, &err);
	else
		node_drop(s->node);
	p->nonsense += in_team;
	mark(MARK_NONSENSE);
	struck(STRUCK_SENSELESS);
	trace_line(world_trace(p->world), "n%zu: signs nonsense of kind %u, %zu bytes: %s", i, kind, payload.len, rc == ERR_OK ? "ok" : err.text);
	buf_free(&payload);
	return true;
}

/* ---- forging ---- */

enum forgery { FORGED_AUTHOR, FORGED_PREV, FORGED_STRANGER, FORGED_BIT, FORGERIES };

/* What would come next in that log of the victim's, as the forger would have it. */
static bool
forge(struct play *p, size_t i, struct replica *victim, enum forgery what, struct entry *e, struct bytes payload)
{
	const struct keystore *ks = station_keys(p->stations[i]);
	size_t log = (size_t)play_below(p, "log", replica_log_count(victim));
	const struct log_head *head = replica_log_at(victim, log);
	struct header h = { .kind = KIND_DATA, .stream = p->team };
	struct device_keys stranger;
	uint8_t seed[32];
	struct dice noise = decide_dice(&p->decide, "noise");

	if (what == FORGED_STRANGER) {
		dice_fill(&noise, seed, sizeof(seed));
		device_keys_derive(&stranger, seed);
		h.author = stranger.sign_pk;
		entry_make(e, &h, payload, stranger.sign_sk);
		return true;
	}
	/* Its own log for a wrong chain, somebody else's for a wrong signature. */
	for (size_t n = 0; n < replica_log_count(victim); n++, head = replica_log_at(victim, (log + n) % replica_log_count(victim)))
		if (!head->key.is_branch && head->len > 0 && SAME(head->key.stream, p->team) &&
		    SAME(head->key.author, ks->device.sign_pk) == (what == FORGED_PREV))
			break;
	if (head->key.is_branch || head->len == 0 || !SAME(head->key.stream, p->team) || SAME(head->key.author, ks->device.sign_pk) != (what == FORGED_PREV))
		return false;
	h.author = head->key.author;
	h.inc = head->key.inc;
	h.seq = head->len;
	h.prev = head->head;
	if (what == FORGED_PREV)
		dice_fill(&noise, h.prev.b, sizeof(h.prev.b));
	entry_make(e, &h, payload, ks->device.sign_sk);
	if (what == FORGED_BIT)
		e->sig[dice_below(&noise, sizeof(e->sig))] ^= 1;
	return true;
}

bool
forge_act(struct play *p, size_t i)
{
	size_t by = p->swarm.stations - 1;
	enum forgery what = (enum forgery)play_below(p, "forgery", FORGERIES);
	struct ingest_counts counts = { 0 };
	struct run_writer w;
	struct buf run = BUF_INIT;
	struct err err = ERR_INIT;
	struct replica *victim;
	struct entry e;
	struct rd rd;
	uint64_t held;
	enum err_code rc = ERR_OK;

	if (i == by || p->coordinator[by] || !play_ensure_up(p, by) || !play_ensure_up(p, i))
		return p->report->finding.invariant[0] == '\0';
	victim = station_replica(p->stations[i]);
	held = replica_entry_count(victim);
	if (forge(p, by, victim, what, &e, BYTES("none of this was ever written", 29))) {
		run_begin(&w, &run, &e.h);
		run_add(&w, &e);
		(void)run_finish(&w);
		rd = rd_init(buf_bytes(&run));
		rc = replica_ingest_run(victim, &rd, &counts, &err);
		trace_line(world_trace(p->world), "n%zu: forges for n%zu: %s", by, i, rc == ERR_OK ? "taken" : err.text);
		if (rc == ERR_OK)
			(void)play_fail(p, "I5", "n%zu takes an entry that was forged: kind %d", i, (int)what);
		if (replica_entry_count(victim) != held)
			(void)play_fail(p, "I5", "n%zu keeps an entry that was forged", i);
		mark(MARK_FORGED);
		struck(STRUCK_FORGERY);
	}
	buf_free(&run);
	return p->report->finding.invariant[0] == '\0';
}

/* ---- later versions ---- */

bool
newer_act(struct play *p, size_t i)
{
	struct station *s = p->stations[i];
	bool in_team = play_chance(p, "team", 500);
	uint8_t kind = (uint8_t)(in_team ? 60 + play_below(p, "kind", 4) : 24 + play_below(p, "kind", 4));
	struct stream_id stream = in_team ? p->team : control_stream(org_id(node_org(s->node)));
	struct dice noise = decide_dice(&p->decide, "noise");
	struct err err = ERR_INIT;
	uint8_t payload[64];
	struct entry e;
	enum err_code rc;

	dice_fill(&noise, payload, sizeof(payload));
	rc = replica_append(s->node->home.replica, &s->node->home.keys->device, &s->node->home.keys->inc, &stream, kind, BYTES(payload, sizeof(payload)), &e, &err);
	if (rc == ERR_OK)
		rc = node_commit(s->node, &err);
	else
		node_drop(s->node);
	if (rc == ERR_OK)
		mark(MARK_NEWER_KIND);
	trace_line(world_trace(p->world), "n%zu: an entry of kind %u: %s", i, kind, rc == ERR_OK ? "ok" : err.text);
	p->hurt[i] = p->hurt[i] || disk_fault_struck(host_disk(s->host));
	/* A log that has forked is no place to write in: the node goes on under another incarnation, and who has gone behind its back does not. */
	return rc == ERR_OK || rc == ERR_FORK || p->hurt[i] || disk_dead(host_disk(s->host)) || play_fail(p, "I9", "n%zu: an entry of kind %u: %s", i, kind, err.text);
}
