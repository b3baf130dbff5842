/*
 * What comes in as ENTRIES: each run is measured, looked at for the right to
 * send it, and given to the replica, which does all the checking. A run whose
 * author is not known yet waits in limbo until control has grown.
 */
#include "sync/sync_internal.h"

#include <assert.h>

#include "log/run.h"

enum { CREDIT_EVERY = 256 << 10 };

/* Whether the peer may have this run, and so give it, and we may take it. */
static bool
may_take(const struct sync *s, const struct header *first)
{
	if (s->host.is_control(s->host.ctx, &first->stream))
		return true;
	return s->host.standing(s->host.ctx) == SYNC_MEMBER &&
	       s->host.share(s->host.ctx, &first->stream, true) != SHARE_NOTHING &&
	       s->host.share(s->host.ctx, &first->stream, false) != SHARE_NOTHING;
}

/* The peer has what it has just sent; it is never sent back. */
static enum err_code
note_theirs(struct sync *s, const struct header *first, size_t count, struct err *err)
{
	struct log_key key;
	size_t i;
	enum err_code rc = sync_meet_logs(s, err);

	if (rc != ERR_OK)
		return rc;
	memset(&key, 0, sizeof(key));
	key.author = first->author;
	key.stream = first->stream;
	key.inc = first->inc;
	if (s->host.log_find(s->host.ctx, &key, &i)) {
		uint64_t end = first->seq + count, len = sync_head(s, i)->len;

		assert(i < s->log_count); /* all have just been met */
		if (end > len)
			end = len;
		if (end > s->logs[i].theirs)
			s->logs[i].theirs = end;
		s->logs[i].listed = true;
	}
	return ERR_OK;
}

static enum err_code
to_limbo(struct sync *s, struct bytes run, struct err *err)
{
	if (s->limbo.len + run.len <= SYNC_LIMBO_BYTES)
		buf_put_bytes(&s->limbo, run);
	else
		s->facts.refused++; /* the next session brings it, when its author is known from the start */
	return buf_ok(&s->limbo) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static enum err_code
take_run(struct sync *s, struct bytes run, bool again, struct err *err)
{
	struct rd rd = rd_init(run);
	struct err why = ERR_INIT;
	struct run_reader peek;
	uint64_t stored = 0, refused = 0;
	enum err_code rc = run_open(&peek, &rd, err);

	if (rc != ERR_OK)
		return rc;
	if (!may_take(s, &peek.next) && s->control_dirty && !again) { /* the right may have come just before */
		rc = sync_evaluate(s, err);
		return rc == ERR_OK ? take_run(s, run, true, err) : rc;
	}
	if (!may_take(s, &peek.next)) {
		s->facts.refused += peek.left;
		return ERR_OK;
	}
	/* proto/sync.md, 10: of who has not heard yet that there is no room it is passed over. */
	if (!s->host.is_control(s->host.ctx, &peek.next.stream) && sync_gives_notice(s, HELLO_FULL)) {
		s->facts.refused += peek.left;
		return ERR_OK;
	}
	rd = rd_init(run);
	rc = s->host.ingest(s->host.ctx, &rd, &stored, &refused, &why);
	if (rc == ERR_UNKNOWN && s->control_dirty && !again) {
		rc = sync_evaluate(s, err);
		return rc == ERR_OK ? take_run(s, run, true, err) : rc;
	}
	s->facts.received += stored;
	s->facts.refused += refused;
	if (stored > 0) {
		s->owe_ack = true;
		s->control_dirty = s->control_dirty || s->host.is_control(s->host.ctx, &peek.next.stream);
	}
	if (rc == ERR_UNKNOWN)
		return to_limbo(s, run, err);
	if (rc == ERR_GAP || rc == ERR_REFUSED) {
		s->facts.refused += peek.left;
		return ERR_OK;
	}
	if (rc != ERR_OK && rc != ERR_FORK) {
		if (err != NULL)
			*err = why;
		return rc;
	}
	return note_theirs(s, &peek.next, peek.left, err);
}

static enum err_code
take_runs(struct sync *s, struct bytes runs, struct err *err)
{
	struct rd rd = rd_init(runs);
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && rd.p < rd.end) {
		struct bytes run = rd_any(&rd, ENTRIES_BYTES_MAX);

		rc = rd.bad ? err_set(err, ERR_MALFORMED, "ENTRIES that are no runs") : take_run(s, run, false, err);
	}
	return rc;
}

enum err_code
take_limbo(struct sync *s, struct err *err)
{
	struct buf waiting = s->limbo;
	enum err_code rc;

	if (waiting.len == 0)
		return ERR_OK;
	s->limbo = (struct buf)BUF_INIT;
	rc = take_runs(s, buf_bytes(&waiting), err);
	buf_free(&waiting);
	return rc;
}

enum err_code
take_entries(struct sync *s, struct bytes runs, struct err *err)
{
	enum err_code rc;

	/* Each is worked through before the next is read: what is under way never grows, whatever the peer makes of its credit. */
	s->consumed += runs.len;
	rc = take_runs(s, runs, err);
	if (rc == ERR_OK && s->consumed >= CREDIT_EVERY) {
		rc = sync_say(s, &(struct message){ MSG_CREDIT, { .credit = s->consumed } }, err);
		s->consumed = 0;
	}
	return rc;
}
