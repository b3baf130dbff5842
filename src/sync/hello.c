/*
 * Who is there, and does anything differ? HELLO answers both, once more after
 * one side had to prove that it belongs.
 */
#include "sync/sync_internal.h"

static void
fill_hello(struct sync *s, struct msg_hello *h)
{
	enum sync_standing standing = s->host.standing(s->host.ctx);
	uint8_t root[32];

	memset(h, 0, sizeof(*h));
	h->vmin = SYNC_VERSION;
	h->vmax = s->config.newest > SYNC_VERSION ? s->config.newest : SYNC_VERSION;
	memcpy(h->dev8, s->config.me.b, sizeof(h->dev8));
	h->role = s->config.role;
	h->credit = SYNC_CREDIT_BYTES;
	h->flags = s->config.stay ? HELLO_STAY : 0;
	if (standing == SYNC_MEMBER && s->host.notice != NULL)
		h->flags |= s->host.notice(s->host.ctx) & (HELLO_WITHHOLDS | HELLO_FULL);
	memset(s->my_control, 0, sizeof(s->my_control));
	memset(s->my_frontier, 0, sizeof(s->my_frontier));
	if (standing == SYNC_STRANGER)
		h->flags |= HELLO_STRANGER;
	if (standing == SYNC_MEMBER) { /* nobody else learns anything of what is held here */
		compare_snap(s);
		proof_root(s, true, root);
		memcpy(s->my_control, root, sizeof(s->my_control));
		proof_root(s, false, s->my_frontier);
		h->flags |= proof_stale(s) ? HELLO_STALE : 0;
		h->flags |= push_anything_missing(s) ? HELLO_WANTS : 0;
	}
	memcpy(h->control, s->my_control, sizeof(h->control));
	memcpy(h->frontier, s->my_frontier, sizeof(h->frontier));
	s->my_flags = h->flags;
	s->hello_sent = true;
}

/* Both HELLOs say the same, so that both sides come to the same answer. */
static bool
equal_frontiers(const struct sync *s, const struct msg_hello *h)
{
	static const uint8_t zero[32];

	return s->host.standing(s->host.ctx) == SYNC_MEMBER && memcmp(h->control, s->my_control, sizeof(h->control)) == 0 &&
	       memcmp(h->frontier, s->my_frontier, sizeof(h->frontier)) == 0 && memcmp(h->frontier, zero, 32) != 0 &&
	       ((s->my_flags | s->peer_flags) & (HELLO_WANTS | HELLO_STRANGER)) == 0;
}

/* A responder to whom all is equal already puts its ACK into its HELLO. */
enum err_code
hello_say(struct sync *s, const struct msg_hello *theirs, struct err *err)
{
	struct message m = { MSG_HELLO, { .credit = 0 } };
	struct buf acks = BUF_INIT;
	size_t count = 0;
	enum err_code rc = sync_meet_logs(s, err);

	if (rc != ERR_OK)
		return rc;
	fill_hello(s, &m.u.hello);
	if (theirs != NULL && equal_frontiers(s, theirs))
		rc = proof_make(s, &acks, &count, err);
	if (rc == ERR_OK) {
		m.u.hello.has_ack = count == 1;
		m.u.hello.ack = buf_bytes(&acks);
		rc = sync_say(s, &m, err);
	}
	if (rc == ERR_OK && count > 1)
		rc = proof_say(s, buf_bytes(&acks), count, err);
	buf_free(&acks);
	return rc;
}

/* Nothing differs: only ACKs are left to exchange. */
static enum err_code
all_equal(struct sync *s, const struct msg_hello *h, struct err *err)
{
	compare_all_equal(s, SCOPE_CONTROL);
	compare_all_equal(s, SCOPE_TEAMS);
	sync_agreed(s);
	s->phase = PHASE_ACK;
	s->exchange_over = s->ack_got = false;
	return h->has_ack ? proof_take(s, h->ack, true, err) : ERR_OK;
}

/* Only what proves it is sent; from the beginning, where what the other holds has not been compared. */
static void
begin_proof(struct sync *s, bool removal)
{
	for (size_t i = 0; i < s->log_count; i++) {
		struct log_state *st = &s->logs[i];

		if (!s->host.is_control(s->host.ctx, &sync_head(s, i)->key.stream))
			continue;
		st->limit = s->host.proof(s->host.ctx, i, removal);
		st->known = st->limit > 0;
		if (!s->scope_through[SCOPE_CONTROL])
			st->theirs = sync_base(sync_head(s, i));
	}
	s->queue_stale = true;
}

void
hello_removed(struct sync *s)
{
	begin_proof(s, true);
	s->want_at = s->want_count = 0;
	s->proof_asked = s->proof_awaited = false;
	s->refusal = REFUSE_REMOVED;
	s->phase = PHASE_PROOF;
}

void
hello_end_proof(struct sync *s)
{
	for (size_t i = 0; i < s->log_count; i++) {
		s->logs[i].limit = UINT64_MAX;
		s->logs[i].known = false;
	}
}

static enum err_code
start_compare(struct sync *s, const struct msg_hello *h, struct err *err)
{
	bool control = memcmp(h->control, s->my_control, sizeof(h->control)) != 0;
	enum sync_scope scope = control ? SCOPE_CONTROL : SCOPE_TEAMS;

	if (!control) {
		compare_all_equal(s, SCOPE_CONTROL);
		sync_agreed(s);
	}
	if (!s->config.initiator)
		return compare_open(s, scope, err);
	compare_begin(s, scope); /* and wait for the responder's BUCKETS */
	return ERR_OK;
}

enum err_code
hello_take(struct sync *s, const struct msg_hello *h, struct err *err)
{
	bool again = s->hellos > 0, strange;
	enum sync_standing standing;
	enum err_code rc = ERR_OK;

	if (h->vmin > SYNC_VERSION || h->vmax < SYNC_VERSION)
		return sync_refuse(s, REFUSE_VERSION, err);
	if (again && (s->phase != PHASE_PROOF || s->proof_awaited))
		return err_set(err, ERR_MALFORMED, "HELLO out of turn");
	if (!again)
		s->credit = (int64_t)h->credit;
	s->hellos++;
	s->peer_flags = h->flags;
	s->facts.peer_role = h->role;
	s->facts.peer_version = h->vmax;
	s->facts.peer_withholds = (h->flags & HELLO_WITHHOLDS) != 0;
	s->facts.peer_full = (h->flags & HELLO_FULL) != 0;
	standing = s->host.standing(s->host.ctx);
	if (!s->config.initiator)
		rc = hello_say(s, h, err);
	if (rc != ERR_OK)
		return rc;
	strange = standing == SYNC_STRANGER || (h->flags & HELLO_STRANGER) != 0;
	if (standing == SYNC_REMOVED) {
		hello_removed(s);
	} else if (strange && again) {
		return sync_refused(err, REFUSE_UNKNOWN); /* we are; had it proved nothing to us, its DONE would have ended this */
	} else if (strange) {
		s->phase = PHASE_PROOF;
		s->proof_awaited = standing == SYNC_STRANGER;
		s->proof_asked = (h->flags & HELLO_STRANGER) != 0;
		if (s->proof_asked)
			begin_proof(s, false);
	} else if (equal_frontiers(s, h)) {
		return all_equal(s, h, err);
	} else {
		return start_compare(s, h, err);
	}
	return ERR_OK;
}
