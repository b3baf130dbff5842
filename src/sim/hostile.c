/*
 * A member who signs nonsense: entries of every kind whose signature is right
 * and whose payload is not. Everybody must keep them, agree on them, and be
 * none the worse for it. It is an advisor's machine, by its own keys; what it
 * writes in earnest is judged as everybody's.
 */
#include <string.h>

#include "base/mem.h"
#include "log/entry.h"
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
	trace_line(world_trace(p->world), "n%zu: signs nonsense of kind %u, %zu bytes: %s", i, kind, payload.len, rc == ERR_OK ? "ok" : err.text);
	buf_free(&payload);
	return true;
}
