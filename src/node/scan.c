/*
 * Reading entries from the log and opening them cost about the same, so two
 * chunks take turns: while one is read here, the one before it is opened on
 * another core. The two touch nothing in common: reading has the replica,
 * opening has the vault and the batch.
 */
#include "node/node_internal.h"

#include <assert.h>

#include "base/mem.h"

enum { CHUNK_ENTRIES = 2048, CHUNK_BYTES = 2 << 20, BODY_BYTES_USUAL = 512 };

struct chunk_entry { size_t log, payload_at; struct entry e; };

struct chunk {
	struct chunk_entry *entries;
	size_t count, cap;
	struct buf payloads;
};

struct scan {
	struct node *n;
	struct span *spans;
	size_t at, count;            /* spans: the one being read, all */
	struct chunk chunk[2], *reading, *opening;
	enum err_code read_rc, open_rc;
	struct err read_err, open_err;
};

/* ---- reading ---- */

static bool
take_one(void *ctx, const struct entry *e)
{
	struct scan *s = ctx;
	struct chunk *c = s->reading;
	struct chunk_entry *room = mem_room(c->entries, c->count, &c->cap, sizeof(*room));

	if (room == NULL) {
		s->read_rc = err_plain(&s->read_err, ERR_NO_MEMORY);
		return false;
	}
	c->entries = room;
	room[c->count++] = (struct chunk_entry){ .log = s->spans[s->at].log, .payload_at = c->payloads.len, .e = *e };
	buf_put_bytes(&c->payloads, e->payload);
	if (!buf_ok(&c->payloads))
		s->read_rc = err_plain(&s->read_err, ERR_NO_MEMORY);
	s->spans[s->at].from = e->h.seq + 1;
	return s->read_rc == ERR_OK && c->count < CHUNK_ENTRIES && c->payloads.len < CHUNK_BYTES;
}

static void
read_chunk(void *ctx)
{
	struct scan *s = ctx;
	struct chunk *c = s->reading;

	c->count = 0;
	buf_clear(&c->payloads);
	while (s->read_rc == ERR_OK && s->at < s->count && c->count < CHUNK_ENTRIES && c->payloads.len < CHUNK_BYTES) {
		struct span *span = &s->spans[s->at];
		struct err why = ERR_INIT;
		enum err_code rc = replica_scan(s->n->home.replica, span->log, span->from, span->to, false, take_one, s, &why);

		if (s->read_rc != ERR_OK)
			return;
		/* A damaged row stops the reading of its log, not of the others; verify says which, a peer can replace it. */
		if (rc == ERR_DAMAGED)
			env_logf(s->n->env, "reading a log: %s", why.text);
		else if (rc != ERR_OK) {
			s->read_err = why;
			s->read_rc = rc;
		}
		if (rc == ERR_DAMAGED || span->from >= span->to)
			s->at++;
	}
}

/* ---- opening ---- */

static void
open_chunk(void *ctx)
{
	struct scan *s = ctx;
	struct chunk *c = s->opening;

	for (size_t i = 0; i < c->count && s->open_rc == ERR_OK; i++) {
		struct chunk_entry *it = &c->entries[i];

		if (it->e.has_payload)
			it->e.payload.p = c->payloads.p + it->payload_at;
		s->open_rc = node_take_entry(s->n, it->log, &it->e, &s->open_err);
	}
}

/* Room for the bodies of what is still to come: growing to it would copy and wipe them at every step. */
static void
make_room(struct scan *s)
{
	uint64_t left = 0;

	assert(s->n->item_count == 0);
	for (size_t i = s->at; i < s->count; i++)
		left += s->spans[i].to - s->spans[i].from;
	if (left < CHUNK_ENTRIES)
		return;
	(void)buf_add(&s->n->bodies, (size_t)(left < BATCH_ENTRIES ? left : BATCH_ENTRIES) * BODY_BYTES_USUAL);
	buf_clear(&s->n->bodies); /* without that room it grows as it goes */
}

static enum err_code
one_turn(struct scan *s, struct err *err)
{
	if (s->at < s->count)
		env_both(s->n->env, open_chunk, s, read_chunk, s);
	else
		open_chunk(s);
	if (s->open_rc != ERR_OK || s->read_rc != ERR_OK) {
		if (err != NULL)
			*err = s->open_rc != ERR_OK ? s->open_err : s->read_err;
		return s->open_rc != ERR_OK ? s->open_rc : s->read_rc;
	}
	if (s->n->item_count >= BATCH_ENTRIES || s->n->bodies.len >= BATCH_BYTES) {
		enum err_code rc = node_fold_batch(s->n, err);

		make_room(s);
		return rc;
	}
	return ERR_OK;
}

enum err_code
node_scan(struct node *n, struct span *spans, size_t count, struct err *err)
{
	struct scan s = { .n = n, .spans = spans, .count = count, .reading = &s.chunk[0], .opening = &s.chunk[1] };
	enum err_code rc;

	make_room(&s);
	read_chunk(&s);
	rc = s.read_rc;
	if (rc != ERR_OK && err != NULL)
		*err = s.read_err;
	while (rc == ERR_OK && s.reading->count > 0) {
		struct chunk *full = s.reading;

		s.reading = s.opening;
		s.opening = full;
		s.reading->count = 0;
		rc = one_turn(&s, err);
	}
	for (size_t i = 0; i < 2; i++) {
		mem_free(s.chunk[i].entries);
		buf_free(&s.chunk[i].payloads);
	}
	return rc;
}
