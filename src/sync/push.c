/*
 * What goes out. A log has something to send when we hold more of it than
 * the peer is known to; the queue is the list of such logs, control first.
 * One ENTRIES is filled from as many logs as fit a frame, and no more is
 * made than the peer has given credit for or than one step should hold.
 */
#include "sync/sync_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/plant.h"

enum {
	PUMP_BYTES_MAX = 1 << 20, /* made by one step; the link asks for more when it has gone */
	RUN_BYTES_MIN = 1024,     /* less room than this in a frame is not worth a run */
};

static uint64_t
whole_len(const struct sync *s, size_t i)
{
	uint64_t len = sync_head(s, i)->len - (PLANTED(3) ? 1 : 0);

	if (PLANTED(24) && s->host.acked(s->host.ctx, i) >= len)
		return 0;

	return len < s->logs[i].limit ? len : s->logs[i].limit;
}

static uint64_t
sendable_len(const struct sync *s, size_t i)
{
	uint64_t len = whole_len(s, i);

	return s->holds && !s->logs[i].at_once && s->logs[i].ripe < len ? s->logs[i].ripe : len;
}

/* What of log i may go to the peer now. */
static enum org_share
share_of(const struct sync *s, size_t i)
{
	const struct log_head *h = sync_head(s, i);
	enum org_share theirs, ours;

	if (s->host.is_control(s->host.ctx, &h->key.stream)) /* a proof has limits of its own */
		return s->phase == PHASE_PROOF || s->host.standing(s->host.ctx) == SYNC_MEMBER ? SHARE_ALL : SHARE_NOTHING;
	if (!s->scope_through[SCOPE_TEAMS] || s->host.standing(s->host.ctx) != SYNC_MEMBER)
		return SHARE_NOTHING;
	if ((s->peer_flags & HELLO_FULL) != 0 || sync_gives_notice(s, HELLO_WITHHOLDS))
		return SHARE_NOTHING;
	theirs = s->host.share(s->host.ctx, &h->key.stream, true);
	ours = s->host.share(s->host.ctx, &h->key.stream, false);
	/* Who holds headers only leaves a reader to those who hold all: its log would look complete and be empty. */
	if (ours == SHARE_NOTHING || (ours == SHARE_HEADERS && theirs == SHARE_ALL))
		return SHARE_NOTHING;
	return theirs;
}

struct queued { unsigned order; size_t log; };

static int
by_order(const void *a, const void *b)
{
	const struct queued *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->log > y->log) - (x->log < y->log);
}

static enum err_code
fill_queue(struct sync *s, struct err *err)
{
	struct queued *found;
	size_t count = 0;
	enum err_code rc = sync_meet_logs(s, err);

	s->queue_count = s->queue_at = 0;
	s->queue_stale = false;
	if (rc != ERR_OK)
		return rc;
	found = mem_alloc((s->log_count + 1) * sizeof(*found));
	if (found == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < s->log_count; i++) {
		const struct log_head *h = sync_head(s, i);
		bool control = s->host.is_control(s->host.ctx, &h->key.stream);

		if (!s->logs[i].known || whole_len(s, i) <= s->logs[i].theirs || share_of(s, i) == SHARE_NOTHING)
			continue;
		if (sendable_len(s, i) < whole_len(s, i))
			s->todo->held = true;
		if (sendable_len(s, i) <= s->logs[i].theirs)
			continue;
		found[count++] = (struct queued){ control ? s->host.order(s->host.ctx, &h->key.author) : UINT32_MAX, i };
	}
	qsort(found, count, sizeof(*found), by_order);
	if (count > s->queue_cap) {
		size_t *grown = mem_grow(s->queue, count * sizeof(*grown));

		if (grown == NULL) {
			mem_free(found);
			return err_plain(err, ERR_NO_MEMORY);
		}
		s->queue = grown;
		s->queue_cap = count;
	}
	for (size_t i = 0; i < count; i++)
		s->queue[i] = found[i].log;
	s->queue_count = count;
	mem_free(found);
	return ERR_OK;
}

static enum err_code
say_runs(struct sync *s, struct err *err)
{
	enum err_code rc = ERR_OK;

	assert(buf_ok(&s->runs)); /* add_run() has seen to it */
	if (s->runs.len > 0) {
		s->credit -= (int64_t)s->runs.len;
		rc = sync_say(s, &(struct message){ MSG_ENTRIES, { .entries = buf_bytes(&s->runs) } }, err);
	}
	buf_clear(&s->runs);
	return rc;
}

/*
 * Adds from..to-1 of log i to the frame being filled, says it when full.
 * *next is how far it came; equal to `from` when no more fits just now, and
 * `to` when what follows cannot be served.
 */
static enum err_code
add_run(struct sync *s, size_t i, uint64_t from, uint64_t to, bool headers_only, uint64_t *next, struct err *err)
{
	size_t before = s->runs.len, room = ENTRIES_BYTES_MAX - before;
	enum err_code rc;

	*next = from;
	if (before > 0 && room < RUN_BYTES_MIN)
		return say_runs(s, err);
	rc = s->host.read_run(s->host.ctx, i, from, to, headers_only, room - RUN_BYTES_MIN / 2, &s->runs, next, err);
	if (rc != ERR_OK || !buf_ok(&s->runs)) {
		s->runs.len = before;
		*next = to; /* damaged here: others have it, and this peer may ask them */
		return rc == ERR_NO_MEMORY || rc == ERR_IO || rc == ERR_OK ? err_plain(err, rc == ERR_OK ? ERR_NO_MEMORY : rc) : ERR_OK;
	}
	if (s->runs.len > ENTRIES_BYTES_MAX) { /* its one entry was too long for what was left: in a frame of its own any entry fits */
		assert(before > 0);
		s->runs.len = before;
		*next = from;
		return say_runs(s, err);
	}
	if (*next == from) /* no entry here ends on a signature that verifies */
		*next = to;
	else
		s->facts.sent += *next - from;
	return ERR_OK;
}

static bool
may_go_on(const struct sync *s)
{
	size_t most = s->config.step_bytes > 0 ? s->config.step_bytes : PUMP_BYTES_MAX;

	return s->credit - (int64_t)s->runs.len > 0 && s->todo->messages.len + s->runs.len < most;
}

static enum err_code
pump_wants(struct sync *s, struct err *err)
{
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && s->want_at < s->want_count && may_go_on(s)) {
		struct want *w = &s->wants[s->want_at];
		uint64_t len = sync_head(s, w->log)->len;

		if (w->to > len)
			w->to = len;
		if (w->from >= w->to || share_of(s, w->log) != SHARE_ALL) {
			s->want_at++;
			continue;
		}
		rc = add_run(s, w->log, w->from, w->to, false, &w->from, err);
	}
	return rc;
}

static enum err_code
pump_logs(struct sync *s, struct err *err)
{
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && may_go_on(s)) {
		struct log_state *st;
		size_t i;
		uint64_t to;

		if (s->queue_at == s->queue_count) {
			if (!s->queue_stale)
				break;
			rc = fill_queue(s, err);
			continue;
		}
		i = s->queue[s->queue_at];
		st = &s->logs[i];
		to = sendable_len(s, i);
		if (!st->known || to <= st->theirs) {
			s->queue_at++;
			continue;
		}
		st->listed = true;
		rc = add_run(s, i, st->theirs, to, share_of(s, i) == SHARE_HEADERS, &st->theirs, err);
	}
	return rc;
}

enum err_code
push_pump(struct sync *s, struct err *err)
{
	enum err_code rc = pump_logs(s, err);

	if (rc == ERR_OK)
		rc = pump_wants(s, err);
	if (rc == ERR_OK)
		rc = say_runs(s, err);
	if (rc == ERR_OK && !push_idle(s) && s->credit > 0)
		s->todo->more = true;
	return rc;
}

bool
push_idle(const struct sync *s)
{
	return !s->queue_stale && s->queue_at == s->queue_count && s->want_at == s->want_count;
}

enum err_code
push_wanted(struct sync *s, const struct msg_want *m, struct err *err)
{
	if (s->phase == PHASE_PROOF) /* strangers and removed devices get the proof and nothing they ask for */
		return err_set(err, ERR_MALFORMED, "WANT out of turn");
	if (s->want_at < s->want_count)
		return err_set(err, ERR_MALFORMED, "WANT before the last one was answered");
	s->want_at = s->want_count = 0;
	for (size_t k = 0; k < m->count; k++) {
		uint64_t *at = table_get(s->by_short, m->ranges[k].id.b);

		if (at != NULL)
			s->wants[s->want_count++] = (struct want){ (size_t)*at, m->ranges[k].from, m->ranges[k].to };
	}
	return ERR_OK;
}

/* The next missing range of log i that this peer could fill. */
static bool
next_missing(struct sync *s, size_t i, uint64_t from, uint64_t *lo, uint64_t *hi)
{
	const struct log_head *h = sync_head(s, i);

	if (s->host.missing == NULL)
		return false;
	if (!s->host.is_control(s->host.ctx, &h->key.stream) &&
	    (s->host.share(s->host.ctx, &h->key.stream, true) != SHARE_ALL ||
	     s->host.share(s->host.ctx, &h->key.stream, false) != SHARE_ALL))
		return false;
	return s->host.missing(s->host.ctx, i, from, lo, hi);
}

bool
push_anything_missing(struct sync *s)
{
	uint64_t lo, hi;

	for (size_t i = 0; i < s->log_count; i++)
		if (next_missing(s, i, 0, &lo, &hi))
			return true;
	return false;
}

enum err_code
push_ask(struct sync *s, struct err *err)
{
	struct message m = { MSG_WANT, { .want = { .count = 0 } } };
	uint64_t lo, hi;

	if (s->wants_sent)
		return ERR_OK;
	for (size_t i = 0; i < s->log_count; i++)
		for (uint64_t from = 0; m.u.want.count < WANT_RANGES_MAX && next_missing(s, i, from, &lo, &hi); from = hi)
			m.u.want.ranges[m.u.want.count++] = (struct want_range){ sync_head(s, i)->short_id, lo, hi };
	s->wants_sent = m.u.want.count > 0;
	return s->wants_sent ? sync_say(s, &m, err) : ERR_OK;
}
