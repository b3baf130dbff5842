/*
 * The order of things. Each event is handled to its end, then go_on() asks
 * what can be done next: send what is queued, say DONE, open the next
 * scope, exchange ACKs. So no handler needs to know what follows it.
 */
#include "sync/sync_internal.h"

#include <assert.h>

#include "base/mem.h"

struct sync *
sync_new(const struct sync_config *config, const struct sync_host *host)
{
	struct sync *s = mem_zero(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->config = *config;
	s->host = *host;
	s->by_short = table_new(sizeof(struct log8));
	if (s->by_short == NULL) {
		mem_free(s);
		return NULL;
	}
	return s;
}

void
sync_free(struct sync *s)
{
	if (s == NULL)
		return;
	table_free(s->by_short);
	mem_free(s->logs);
	mem_free(s->queue);
	buf_free(&s->reply);
	buf_free(&s->runs);
	buf_free(&s->limbo);
	mem_free(s);
}

const struct sync_facts *
sync_facts(const struct sync *s)
{
	return &s->facts;
}

void
sync_todo_free(struct sync_todo *t)
{
	buf_free(&t->messages);
}

bool
sync_todo_next(const struct sync_todo *t, size_t *at, struct bytes *message)
{
	if (*at + 4 > t->messages.len)
		return false;
	*message = BYTES(t->messages.p + *at + 4, be32_get(t->messages.p + *at));
	*at += 4 + message->len;
	return true;
}

enum err_code
sync_say(struct sync *s, const struct message *m, struct err *err)
{
	struct buf *out = &s->todo->messages;
	size_t start = out->len;

	buf_put_be32(out, 0);
	message_encode(out, m);
	if (!buf_ok(out)) {
		out->len = start; /* what was said before is whole, and half a message is none */
		return err_plain(err, ERR_NO_MEMORY);
	}
	be32_put(out->p + start, (uint32_t)(out->len - start - 4));
	return ERR_OK;
}

enum err_code
sync_refused(struct err *err, uint64_t why)
{
	switch (why) {
	case REFUSE_VERSION:
		return err_set(err, ERR_NEWER, "the two speak no common version");
	case REFUSE_UNKNOWN:
		return err_set(err, ERR_REFUSED, "this device is not known there");
	case REFUSE_REMOVED:
		return err_set(err, ERR_REFUSED, "this device has been removed from the organisation");
	case REFUSE_MALFORMED:
		return err_set(err, ERR_NETWORK, "the other side could not read what was sent");
	case REFUSE_ROOM:
		return err_set(err, ERR_NETWORK, "the other side has no room for this device just now; nothing here is lost, it is tried again");
	default:
		return err_set(err, ERR_NETWORK, "the other side cannot go on");
	}
}

enum err_code
sync_refuse(struct sync *s, enum sync_refusal why, struct err *err)
{
	s->todo->ended = true;
	s->phase = PHASE_OVER;
	if (sync_say(s, &(struct message){ MSG_ERR, { .refusal = why } }, err) != ERR_OK)
		return ERR_NO_MEMORY;
	if (why == REFUSE_VERSION)
		return err_set(err, ERR_NEWER, "the two speak no common version");
	if (why == REFUSE_UNKNOWN)
		return err_set(err, ERR_REFUSED, "the other device is not known here");
	if (why == REFUSE_REMOVED)
		return err_set(err, ERR_REFUSED, "the other device has been removed");
	assert(why == REFUSE_ROOM); /* what the peer did wrong, or failed here, is said by fail() */
	return err_set(err, ERR_NETWORK, "there is no room here for the other device just now");
}

enum err_code
sync_meet_logs(struct sync *s, struct err *err)
{
	size_t count = s->host.log_count(s->host.ctx);

	for (size_t i = s->log_count; i < count; i++) {
		const struct log_head *h = sync_head(s, i);
		struct device_id id = device_id_of(&h->key.author);
		struct log_state *grown = mem_room(s->logs, i, &s->log_cap, sizeof(*grown));
		uint64_t *at;

		if (grown == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		s->logs = grown; /* the old one is gone, whatever comes */
		at = table_put(s->by_short, h->short_id.b);
		if (at == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		*at = i;
		s->logs[i] = (struct log_state){
			.own = SAME(id, s->config.me),
			.theirs = sync_base(h),
			.snap = sync_base(h),
			.limit = UINT64_MAX,
			/* What decides who may read and write waits for nobody. */
			.at_once = SAME(id, s->config.me) || s->host.is_control(s->host.ctx, &h->key.stream),
			.listed = s->hello_sent,
			/* A log that came after its scope was compared: the peer has of it what it sends and is sent. */
			.known = s->scope_through[s->host.is_control(s->host.ctx, &h->key.stream) ? SCOPE_CONTROL : SCOPE_TEAMS],
		};
		s->newest = h->short_id;
		s->log_count = i + 1;
	}
	return ERR_OK;
}

/* A failed write takes back the replica's newest logs, and our states of them would be of nothing, or of others. */
static bool
logs_taken_back(const struct sync *s)
{
	return s->log_count > 0 && (s->host.log_count(s->host.ctx) < s->log_count ||
	                            !SAME(sync_head(s, s->log_count - 1)->short_id, s->newest));
}

enum err_code
sync_evaluate(struct sync *s, struct err *err)
{
	enum err_code rc;

	if (!s->control_dirty)
		return ERR_OK;
	s->control_dirty = false;
	rc = s->host.evaluate(s->host.ctx, err);
	return rc == ERR_OK ? take_limbo(s, err) : rc;
}

void
sync_agreed(struct sync *s)
{
	if (s->host.agreed != NULL && s->host.standing(s->host.ctx) == SYNC_MEMBER)
		s->host.agreed(s->host.ctx);
}

bool
sync_gives_notice(const struct sync *s, uint32_t flag)
{
	return s->host.notice != NULL && (s->host.notice(s->host.ctx) & flag) != 0;
}

/* ---- DONE, ACK, BYE ---- */

static enum err_code
on_done(struct sync *s, const struct msg_done *m, struct err *err)
{
	enum err_code rc;

	if (m->scope == SCOPE_PROOF) {
		if (s->phase != PHASE_PROOF || !s->proof_awaited)
			return err_set(err, ERR_MALFORMED, "DONE out of turn");
		s->proof_awaited = false;
		s->control_dirty = true;
		rc = sync_evaluate(s, err);
		if (rc != ERR_OK)
			return rc;
		return s->host.standing(s->host.ctx) == SYNC_MEMBER ? ERR_OK : sync_refuse(s, REFUSE_UNKNOWN, err);
	}
	if (s->phase == PHASE_COMPARE && m->scope == s->scope) {
		s->peer_done = true;
		s->peer_forks = m->forks;
	}
	return ERR_OK;
}

static bool
both_stay(const struct sync *s)
{
	return s->config.stay && (s->peer_flags & HELLO_STAY) != 0;
}

static enum err_code
say_bye(struct sync *s, uint8_t reason, struct bytes ack, struct err *err)
{
	struct message m = { MSG_BYE, { .bye = { reason, s->facts.sent, s->facts.received, ack.len > 0, ack } } };

	s->todo->ended = true;
	s->phase = PHASE_OVER;
	return sync_say(s, &m, err);
}

static void
judge_step(struct sync *s)
{
	assert(s->acks_sent && s->ack_got); /* it is judged at the end of an exchange, and on a live link after it */
	s->facts.in_step = memcmp(s->my_root, s->peer_root, 32) == 0;
}

static enum err_code
finish_exchange(struct sync *s, struct err *err)
{
	enum err_code rc = s->host.commit(s->host.ctx, err); /* the peer's ACK */

	if (rc != ERR_OK)
		return rc;
	judge_step(s);
	s->exchange_over = s->todo->exchanged = true;
	s->phase = PHASE_LIVE; /* whoever leaves does so after this */
	return ERR_OK;
}

/* Our ACK. The initiator who is about to leave puts it into its BYE when it has the peer's. */
static enum err_code
give_ack(struct sync *s, struct err *err)
{
	struct buf acks = BUF_INIT;
	size_t count;
	bool leave;
	enum err_code rc = proof_make(s, &acks, &count, err);

	if (rc != ERR_OK)
		goto out;
	leave = s->config.initiator && s->ack_got && !both_stay(s);
	if (!leave || count > 1)
		rc = proof_say(s, buf_bytes(&acks), count, err);
	if (rc == ERR_OK && s->ack_got)
		rc = finish_exchange(s, err);
	if (rc == ERR_OK && leave)
		rc = say_bye(s, SYNC_BYE_DONE, count == 1 ? buf_bytes(&acks) : BYTES_NONE, err);
out:
	buf_free(&acks);
	return rc;
}

static enum err_code
on_ack(struct sync *s, const struct msg_ack *m, struct err *err)
{
	enum err_code rc;

	if (s->phase == PHASE_PROOF)
		return err_set(err, ERR_MALFORMED, "ACK out of turn");
	rc = proof_take(s, m->ack, m->last, err);
	if (rc != ERR_OK || !m->last || s->phase != PHASE_LIVE)
		return rc;
	/* Live: the peer has committed what we pushed. */
	rc = s->host.commit(s->host.ctx, err);
	proof_root(s, false, s->my_root);
	judge_step(s);
	s->todo->exchanged = rc == ERR_OK;
	return rc;
}

static enum err_code
on_bye(struct sync *s, const struct msg_bye *m, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (m->has_ack)
		rc = proof_take(s, m->ack, true, err);
	s->todo->ended = true;
	if (rc == ERR_OK && s->acks_sent && s->ack_got && !s->exchange_over)
		rc = finish_exchange(s, err);
	else if (rc == ERR_OK && !s->exchange_over)
		rc = err_set(err, ERR_NETWORK, "the other side stopped before the end");
	s->phase = PHASE_OVER;
	return rc;
}

/* ---- what can be done next ---- */

static enum err_code
after_proof(struct sync *s, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (s->refusal != 0)
		return sync_refuse(s, (enum sync_refusal)s->refusal, err);
	if (s->proof_asked && !s->proof_sent) {
		s->proof_sent = true;
		rc = sync_say(s, &(struct message){ MSG_DONE, { .done = { SCOPE_PROOF, 0 } } }, err);
		hello_end_proof(s);
	}
	/* Both know each other now: the initiator begins again. */
	if (rc != ERR_OK || !s->config.initiator || s->proof_awaited || s->hello_again)
		return rc;
	s->hello_again = true;
	return hello_say(s, NULL, err);
}

static enum err_code
after_scope(struct sync *s, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (!s->done_sent || s->done_forks != s->forks) {
		s->done_sent = true;
		s->done_forks = s->forks;
		rc = sync_say(s, &(struct message){ MSG_DONE, { .done = { (uint8_t)s->scope, s->forks } } }, err);
	}
	if (rc != ERR_OK || !s->peer_done || s->peer_forks != s->forks)
		return rc;
	rc = sync_evaluate(s, err);
	if (rc != ERR_OK)
		return rc;
	if (s->scope == SCOPE_CONTROL) {
		s->done_control = true;
		if (s->host.standing(s->host.ctx) == SYNC_REMOVED)
			return sync_refuse(s, REFUSE_REMOVED, err);
		sync_agreed(s);
		if (!s->config.initiator)
			return compare_open(s, SCOPE_TEAMS, err);
		compare_begin(s, SCOPE_TEAMS);
		return ERR_OK;
	}
	s->phase = PHASE_ACK;
	return ERR_OK;
}

/*
 * The answer to our WANT comes before the peer's ACK, and ours can speak of what it brings only after that. Of two who
 * both asked one must go first: the responder.
 */
static bool
answer_awaited(const struct sync *s)
{
	return s->wants_sent && s->config.initiator && !s->ack_got;
}

/* Rights have changed under a live link: streams that were not shared now are, and must be compared. */
static bool
unseen_logs(const struct sync *s)
{
	for (size_t i = 0; i < s->log_count; i++)
		if (!s->logs[i].known && sync_in_scope(s, sync_head(s, i), SCOPE_TEAMS))
			return true;
	return false;
}

static bool
in_conversation(const struct sync *s)
{
	return s->phase == PHASE_COMPARE || s->phase == PHASE_ACK || s->phase == PHASE_LIVE;
}

static enum err_code
go_on(struct sync *s, struct err *err)
{
	enum err_code rc;
	enum phase before;

	do {
		/* proto/sync.md, 9: "If it becomes known in the middle, ERR 3 follows at once." */
		if (in_conversation(s) && s->host.standing(s->host.ctx) == SYNC_REMOVED)
			hello_removed(s);
		before = s->phase;
		rc = push_pump(s, err);
		if (rc != ERR_OK || !push_idle(s))
			return rc;
		assert(!s->todo->ended); /* what ends it is PHASE_OVER too, below */
		switch (s->phase) {
		case PHASE_START:
		case PHASE_OVER:
			break;
		case PHASE_PROOF:
			rc = after_proof(s, err);
			break;
		case PHASE_COMPARE:
			if (s->compared && s->probes_open == 0)
				rc = after_scope(s, err);
			break;
		case PHASE_ACK:
			if (!s->acks_sent && !answer_awaited(s))
				rc = give_ack(s, err);
			else if (s->acks_sent && s->ack_got)
				rc = finish_exchange(s, err);
			if (rc == ERR_OK && s->phase == PHASE_LIVE && s->config.initiator && !both_stay(s))
				rc = say_bye(s, SYNC_BYE_DONE, BYTES_NONE, err);
			break;
		case PHASE_LIVE:
			if (unseen_logs(s))
				rc = compare_open(s, SCOPE_TEAMS, err);
			break;
		}
	} while (rc == ERR_OK && s->phase != before && s->phase != PHASE_OVER);
	return rc;
}

/* ---- events ---- */

/* The proof of a removal comes before the refusal: it counts from now on, and for good, though the conversation failed. */
static enum err_code
was_refused(struct sync *s, uint64_t why, struct err *err)
{
	enum err_code rc = sync_evaluate(s, err);

	if (rc == ERR_OK)
		rc = s->host.commit(s->host.ctx, err);
	s->todo->ended = true;
	s->phase = PHASE_OVER;
	return rc == ERR_OK ? sync_refused(err, why) : rc;
}

static enum err_code
dispatch(struct sync *s, const struct message *m, struct err *err)
{
	if (s->hellos == 0 && m->kind != MSG_HELLO && m->kind != MSG_ERR)
		return err_set(err, ERR_MALFORMED, "something before HELLO");
	switch (m->kind) {
	case MSG_HELLO:
		return hello_take(s, &m->u.hello, err);
	case MSG_BUCKETS:
		return compare_buckets(s, &m->u.buckets, err);
	case MSG_HAVE:
		return compare_have(s, &m->u.have, err);
	case MSG_WANT:
		return push_wanted(s, &m->u.want, err);
	case MSG_ENTRIES:
		return take_entries(s, m->u.entries, err);
	case MSG_CREDIT:
		s->credit += (int64_t)m->u.credit;
		return ERR_OK;
	case MSG_BYE:
		return on_bye(s, &m->u.bye, err);
	case MSG_ERR:
		return was_refused(s, m->u.refusal, err);
	case MSG_ACK:
		return on_ack(s, &m->u.ack, err);
	case MSG_DONE:
		return on_done(s, &m->u.done, err);
	case MSG_PROBE:
		return compare_probe(s, &m->u.probe, err);
	case MSG_LATER:
		s->facts.later++;
		return ERR_OK;
	}
	return ERR_MALFORMED;
}

/* Whether this had to be waited for, so that a round trip ends with it. */
static bool
is_answer(const struct sync *s, const struct message *m)
{
	switch (m->kind) {
	case MSG_HELLO:
		return s->hello_sent;
	case MSG_BUCKETS: /* the first ones come right behind HELLO */
		return m->u.buckets.scope == SCOPE_TEAMS && s->done_control;
	case MSG_HAVE:
		return m->u.have.last;
	case MSG_ACK:
		return m->u.ack.last && s->phase == PHASE_ACK;
	case MSG_WANT:
	case MSG_ENTRIES:
	case MSG_CREDIT:
	case MSG_BYE:
	case MSG_ERR:
	case MSG_DONE:
	case MSG_PROBE:
	case MSG_LATER:
		break;
	}
	return false;
}

static enum err_code
received(struct sync *s, struct bytes bytes, struct err *err)
{
	struct message m;
	enum err_code rc = message_decode(&m, bytes, err);

	if (rc != ERR_OK)
		return rc;
	s->facts.round_trips += is_answer(s, &m);
	return dispatch(s, &m, err);
}

/* All that has come is taken: a live link commits and says so. */
static enum err_code
quiet(struct sync *s, struct err *err)
{
	enum err_code rc;

	if (s->phase != PHASE_LIVE)
		return ERR_OK;
	rc = sync_evaluate(s, err);
	if (rc == ERR_OK && s->owe_ack) {
		struct buf acks = BUF_INIT;
		size_t count;

		rc = proof_make(s, &acks, &count, err);
		if (rc == ERR_OK)
			rc = proof_say(s, buf_bytes(&acks), count, err);
		buf_free(&acks);
	}
	return rc;
}

/* Tells the peer, if it is the peer's fault or business, and ends. */
static enum err_code
fail(struct sync *s, enum err_code rc, struct err *err)
{
	bool theirs = rc == ERR_MALFORMED || rc == ERR_SIGNATURE || rc == ERR_HASH || rc == ERR_TOO_BIG || rc == ERR_TRUNCATED;

	/* If there is no memory to say so, closing says enough. */
	if (!s->todo->ended && s->hellos > 0)
		(void)!sync_say(s, &(struct message){ MSG_ERR, { .refusal = theirs ? REFUSE_MALFORMED : REFUSE_FAILED } }, NULL);
	s->todo->ended = true;
	s->phase = PHASE_OVER;
	assert(err == NULL || err->code != ERR_OK);
	return rc;
}

enum err_code
sync_step(struct sync *s, const struct sync_event *event, struct sync_todo *todo, struct err *err)
{
	enum err_code rc = ERR_OK;

	buf_clear(&todo->messages);
	todo->held = todo->more = todo->exchanged = todo->ended = false;
	s->todo = todo;
	if (s->phase == PHASE_OVER) {
		todo->ended = true;
		return ERR_OK;
	}
	if (logs_taken_back(s))
		return fail(s, err_set(err, ERR_IO, "what came last could not be saved here"), err);
	switch (event->kind) {
	case SYNC_OPENED:
		if (s->config.initiator)
			rc = hello_say(s, NULL, err);
		else if (s->host.room != NULL && !s->host.room(s->host.ctx))
			rc = sync_refuse(s, REFUSE_ROOM, err);
		break;
	case SYNC_RECEIVED:
		rc = received(s, event->message, err);
		break;
	case SYNC_WRITABLE:
		break;
	case SYNC_WRITTEN:
	case SYNC_RIPE:
	case SYNC_GROWN:
		s->queue_stale = true;
		s->holds = event->kind != SYNC_GROWN && s->phase == PHASE_LIVE;
		break;
	case SYNC_QUIET:
		rc = quiet(s, err);
		break;
	case SYNC_STOP:
		todo->ended = true;
		return !s->hello_sent ? ERR_OK : say_bye(s, SYNC_BYE_STOPPING, BYTES_NONE, err);
	}
	if (rc == ERR_OK && !todo->ended)
		rc = go_on(s, err);
	for (size_t i = 0; event->kind == SYNC_RIPE && i < s->log_count; i++)
		s->logs[i].ripe = sync_head(s, i)->len;
	return rc == ERR_OK ? ERR_OK : fail(s, rc, err);
}
