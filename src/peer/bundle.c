/*
 * A bundle is one half of a conversation: ENTRIES, control first, then the
 * exporter's ACKs, as msgpack values end to end. Reading gives each run to
 * the replica, which checks it as it checks any other.
 */
#include "peer/peer.h"

#include <stdlib.h>

#include "base/mem.h"
#include "log/run.h"
#include "peer/binding.h"
#include "peer/bundle_form.h"
#include "store/netkey.h"
#include "org/ack.h"

enum {
	BUNDLE_VERSION = 1,
	RUN_BYTES = 60000,         /* what a run is read up to; one entry may be longer, and still fits a message */
	PENDING_BYTES_MAX = 16 << 20,
	LIMBO_BYTES_MAX = 1 << 20,
};

/* ---- writing ---- */

struct export {
	struct binding b;
	const struct org *org;
	const struct org_device *to, *me;
	uint64_t entries;
};

/* What of a stream goes in. */
static enum org_share
export_share(const struct export *x, const struct stream_id *stream)
{
	enum org_share mine = org_share(x->org, x->me, stream);

	if (x->b.sync.is_control(x->b.sync.ctx, stream))
		return SHARE_ALL;
	if (x->me != NULL && x->me->gone)
		return SHARE_NOTHING;
	if (x->to == NULL)
		return mine == SHARE_ALL ? SHARE_ALL : SHARE_NOTHING;
	if (mine == SHARE_NOTHING || (mine == SHARE_HEADERS && org_share(x->org, x->to, stream) == SHARE_ALL))
		return SHARE_NOTHING; /* as in a conversation: who holds headers only leaves readers to others */
	return org_share(x->org, x->to, stream);
}

/* A removed device brings what it wrote itself, which may be nowhere else: whoever reads the bundle may adopt it. */
static enum org_share
log_share(const struct export *x, const struct log_head *h)
{
	if (x->me != NULL && x->me->gone && SAME(h->key.author, x->me->sign_pk) &&
	    (x->to == NULL || org_share(x->org, x->to, &h->key.stream) == SHARE_ALL))
		return SHARE_ALL;
	return export_share(x, &h->key.stream);
}

static bool
exported(void *ctx, const struct log_head *h)
{
	return log_share(ctx, h) != SHARE_NOTHING;
}

struct place { unsigned order; size_t log; };

static int
by_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->log < y->log ? -1 : x->log > y->log;
}

static enum err_code
export_log(struct export *x, size_t log, struct buf *runs, struct buf *content, struct err *err)
{
	struct replica *r = x->b.host->replica;
	const struct log_head *h = replica_log_at(r, log);
	bool headers_only = log_share(x, h) == SHARE_HEADERS;
	uint64_t from = h->key.is_branch ? h->key.branch_seq : 0, next;

	while (from < h->len) {
		enum err_code rc;

		buf_clear(runs);
		rc = replica_read_run(r, log, from, h->len, headers_only, RUN_BYTES, runs, &next, err);
		if (rc == ERR_DAMAGED || (rc == ERR_OK && next == from))
			return ERR_OK; /* the rest of this log must come from others */
		if (rc != ERR_OK)
			return rc;
		if (!buf_ok(runs))
			return err_plain(err, ERR_NO_MEMORY);
		message_encode(content, &(struct message){ MSG_ENTRIES, { .entries = buf_bytes(runs) } });
		x->entries += next - from;
		from = next;
	}
	return ERR_OK;
}

static enum err_code
export_logs(struct export *x, struct buf *content, struct err *err)
{
	const struct sync_host *host = &x->b.sync;
	size_t n = host->log_count(host->ctx), count = 0;
	struct place *places = mem_alloc((n + 1) * sizeof(*places));
	struct buf runs = BUF_INIT;
	enum err_code rc = ERR_OK;

	if (places == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < n; i++) {
		const struct log_head *h = host->log_at(host->ctx, i);
		bool control = host->is_control(host->ctx, &h->key.stream);

		if (exported(x, h))
			places[count++] = (struct place){ control ? host->order(host->ctx, &h->key.author) : UINT32_MAX, i };
	}
	qsort(places, count, sizeof(*places), by_order);
	for (size_t i = 0; rc == ERR_OK && i < count; i++)
		rc = export_log(x, places[i].log, &runs, content, err);
	buf_free(&runs);
	mem_free(places);
	return rc;
}

static enum err_code
export_acks(struct export *x, struct buf *content, struct err *err)
{
	struct buf acks = BUF_INIT;
	struct rd rd;
	size_t count;
	enum err_code rc = sync_make_acks(&x->b.sync, exported, x, &acks, &count, err);

	rd = rd_init(buf_bytes(&acks));
	while (rc == ERR_OK && count-- > 0) {
		struct bytes ack = rd_any(&rd, ACK_BYTES_MAX);

		message_encode(content, &(struct message){ MSG_ACK, { .ack = { count == 0, ack } } });
	}
	buf_free(&acks);
	return rc;
}

enum err_code
bundle_write(struct peer_host *host, const struct org_device *to, struct buf *out, uint64_t *entries, struct err *err)
{
	struct buf content = BUF_INIT, head = BUF_INIT;
	uint8_t salt[BUNDLE_SALT_BYTES];
	struct export x = { .to = to };
	enum err_code rc;

	binding_init(&x.b, host, NULL, NULL);
	x.org = replica_org(host->replica);
	if (x.org == NULL || !org_known(x.org) || host->network_count == 0) {
		rc = err_set(err, ERR_REFUSED, "this device has not joined an organisation");
		goto out;
	}
	x.me = org_device_by_author(x.org, &host->keys->sign_pk);
	wr_array(&head, 3);
	wr_uint(&head, BUNDLE_VERSION);
	WR_FIXED(&head, host->keys->sign_pk);
	if (to != NULL)
		WR_FIXED(&head, to->id);
	else
		wr_nil(&head);
	rc = export_logs(&x, &content, err);
	if (rc == ERR_OK)
		rc = export_acks(&x, &content, err);
	if (rc == ERR_OK && (!buf_ok(&content) || !buf_ok(&head)))
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc != ERR_OK)
		goto out;
	env_random(host->env, salt, sizeof(salt));
	rc = bundle_seal(out, host->network[netkey_for(host->replica, host->network, host->network_count, &host->keys->sign_pk, to)].n,
	                 salt, buf_bytes(&head), buf_bytes(&content), err);
	*entries = x.entries;
out:
	buf_free(&content);
	buf_free(&head);
	binding_wipe(&x.b);
	if (rc != ERR_OK)
		err_wrap(err, "writing a bundle");
	return rc;
}

/* ---- reading ---- */

struct import {
	struct peer_host *host;
	bool check_only, dirty;
	struct bundle_counts *counts;
	struct author from;
	struct buf limbo;
};

/* Only looks: what a run would bring, and whether its author signed it. */
static enum err_code
check_run(struct import *m, struct bytes run, struct err *err)
{
	struct rd rd = rd_init(run);
	struct run_reader reader;
	struct log_key key;
	struct entry e;
	uint64_t held = 0;
	size_t log;
	enum err_code rc = run_open(&reader, &rd, err);

	if (rc != ERR_OK)
		return rc;
	memset(&key, 0, sizeof(key));
	key.author = reader.next.author;
	key.stream = reader.next.stream;
	key.inc = reader.next.inc;
	if (replica_log_find(m->host->replica, &key, &log))
		held = replica_log_at(m->host->replica, log)->len;
	while (rc == ERR_OK && reader.left > 0) {
		rc = run_next(&reader, &e, err);
		if (rc != ERR_OK)
			break;
		m->counts->entries++;
		if (e.has_sig && !entry_sig_ok(&e))
			m->counts->refused++;
		else if (e.h.seq < held)
			m->counts->known++;
		else
			m->counts->stored++;
	}
	return rc;
}

/* A device that the control logs held do not know, an auditor's say, is not judged by them. */
static bool
shared_with_us(const struct import *m, const struct stream_id *stream)
{
	const struct org *org = replica_org(m->host->replica);
	const struct org_device *me;
	struct stream_id control;

	if (org == NULL || !org_known(org))
		return true; /* the replica knows who may begin */
	control = control_stream(org_id(org));
	me = org_device_by_author(org, &m->host->keys->sign_pk);
	return SAME(control, *stream) || me == NULL || org_share(org, me, stream) != SHARE_NOTHING;
}

/* proto/sync.md, 6: "the receiver refuses what it should not have". The right may have come with this very bundle. */
static enum err_code
may_take(struct import *m, const struct stream_id *stream, bool *may, struct err *err)
{
	enum err_code rc = ERR_OK;

	*may = shared_with_us(m, stream);
	if (!*may && m->dirty) {
		m->dirty = false;
		rc = replica_evaluate(m->host->replica, err);
		*may = shared_with_us(m, stream);
	}
	return rc;
}

static enum err_code
ingest_from(struct import *m, struct bytes run, struct ingest_counts *c, struct err *err)
{
	struct rd rd = rd_init(run);
	enum err_code rc;

	replica_set_source(m->host->replica, &m->from);
	if (m->host->role == ROLE_AUDITOR) /* who is there to see everything */
		rc = replica_ingest_run(m->host->replica, &rd, c, err);
	else
		rc = replica_ingest_carried(m->host->replica, &rd, c, err);
	replica_set_source(m->host->replica, NULL);
	return rc;
}

static enum err_code
ingest_run(struct import *m, struct bytes run, struct err *err)
{
	struct replica *r = m->host->replica;
	struct ingest_counts c = { 0 };
	struct err why = ERR_INIT;
	struct rd rd = rd_init(run);
	struct run_reader peek;
	bool may;
	enum err_code rc = run_open(&peek, &rd, err);

	if (rc == ERR_OK)
		rc = may_take(m, &peek.next.stream, &may, err);
	if (rc != ERR_OK)
		return rc;
	if (!may) {
		m->counts->entries += peek.left;
		m->counts->refused += peek.left;
		return ERR_OK;
	}
	rc = ingest_from(m, run, &c, &why);
	if (rc == ERR_UNKNOWN && m->dirty) {
		m->dirty = false;
		rc = replica_evaluate(r, err);
		if (rc != ERR_OK)
			return rc;
		rc = ingest_from(m, run, &c, &why);
	}
	if (rc == ERR_IO || rc == ERR_NO_SPACE || rc == ERR_NO_MEMORY || rc == ERR_READ_ONLY) {
		if (err != NULL)
			*err = why;
		return rc;
	}
	if (rc == ERR_UNKNOWN && m->limbo.len + run.len <= LIMBO_BYTES_MAX) {
		buf_put_bytes(&m->limbo, run);
		return ERR_OK;
	}
	m->dirty = m->dirty || c.stored > 0;
	m->counts->entries += peek.left;
	m->counts->stored += c.stored;
	m->counts->known += c.known;
	m->counts->held_back += c.held_back;
	if (rc != ERR_OK && c.stored + c.known < peek.left)
		m->counts->refused += peek.left - c.stored - c.known;
	if (replica_pending(r) > PENDING_BYTES_MAX)
		return replica_commit(r, err);
	return ERR_OK;
}

static enum err_code
take_runs(struct import *m, struct bytes runs, struct err *err)
{
	struct rd rd = rd_init(runs);
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && rd.p < rd.end) {
		struct bytes run = rd_any(&rd, MESSAGE_BYTES_MAX);

		if (rd.bad)
			return err_set(err, ERR_MALFORMED, "ENTRIES that are no runs");
		rc = m->check_only ? check_run(m, run, err) : ingest_run(m, run, err);
	}
	return rc;
}

/* Tries what waited for its author, as long as that helps. */
static enum err_code
take_limbo(struct import *m, struct err *err)
{
	enum err_code rc = ERR_OK;
	size_t before;

	do {
		struct buf waiting = m->limbo;

		before = waiting.len;
		m->limbo = (struct buf)BUF_INIT;
		m->dirty = true;
		rc = take_runs(m, buf_bytes(&waiting), err);
		buf_free(&waiting);
	} while (rc == ERR_OK && m->limbo.len > 0 && m->limbo.len < before);
	if (m->limbo.len > 0)
		m->counts->refused++;
	return rc;
}

/* The exporter's custody counts unless newer was heard of; one that proves nothing here is passed over. */
static enum err_code
take_ack(struct import *m, struct bytes ack, struct err *err)
{
	struct env *env = m->host->env;
	enum err_code rc;

	if (m->check_only)
		return ERR_OK;
	rc = replica_evaluate(m->host->replica, err);
	if (rc == ERR_OK)
		rc = replica_put_ack(m->host->replica, &m->from, ack, ACK_CARRIED, env->ops->wall_ms(env), err);
	return rc == ERR_IO || rc == ERR_NO_SPACE || rc == ERR_NO_MEMORY ? rc : err_forgive(err);
}

/* Takes the whole messages at the front of `content` out of it; zeroes to the end are padding. */
static enum err_code
take_messages(struct import *m, struct buf *content, bool last, struct err *err)
{
	struct bytes rest = buf_bytes(content);
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && rest.len > 0 && rest.p[0] != 0) {
		struct rd rd = rd_init(rest);
		struct message message;
		struct bytes whole = rd_any(&rd, MESSAGE_BYTES_MAX);

		if (rd.bad) {
			if (rest.len >= MESSAGE_BYTES_MAX || last)
				rc = err_set(err, ERR_MALFORMED, "the bundle holds something that is no message");
			break; /* its end is in the next chunk */
		}
		rc = message_decode(&message, whole, err);
		if (rc == ERR_OK && message.kind == MSG_ENTRIES)
			rc = take_runs(m, message.u.entries, err);
		else if (rc == ERR_OK && message.kind == MSG_ACK)
			rc = take_ack(m, message.u.ack.ack, err);
		rest = BYTES(rest.p + whole.len, rest.len - whole.len);
	}
	if (rest.len > 0 && rest.len < content->len)
		memmove(content->p, rest.p, rest.len);
	content->len = rest.len;
	return rc;
}

/* Opens the file under whichever network key fits, and reads its head. */
static enum err_code
open_head(struct import *m, struct bundle_chunks *chunks, struct bytes file, struct err *err)
{
	struct buf head = BUF_INIT;
	struct device_id to;
	struct rd rd;
	uint64_t version;
	enum err_code rc = err_set(err, ERR_KEY, "no network key is held here");

	for (size_t i = 0; rc == ERR_KEY && i < m->host->network_count; i++) {
		buf_clear(&head);
		rc = bundle_open(chunks, file, m->host->network[i].n, &head, err);
	}
	if (rc == ERR_OK)
		rc = err_forgive(err);
	rd = rd_init(buf_bytes(&head));
	if (rc != ERR_OK)
		goto out;
	rd_array(&rd, 3);
	version = rd_uint(&rd, UINT32_MAX);
	RD_FIXED(&rd, m->from);
	if (!rd_nil(&rd))
		RD_FIXED(&rd, to);
	if (rd.bad)
		rc = err_set(err, ERR_MALFORMED, "the bundle's head");
	else if (version != BUNDLE_VERSION)
		rc = err_set(err, ERR_NEWER, "the bundle has version %llu", (unsigned long long)version);
	m->counts->from = device_id_of(&m->from);
out:
	buf_free(&head);
	return rc;
}

/* The whole file, once. *ended: how it ended, with *cut, where that is all that is wrong. */
static enum err_code
read_through(struct import *m, struct bytes file, enum err_code *ended, struct err *cut, struct err *err)
{
	struct buf content = BUF_INIT;
	struct bundle_chunks chunks;
	enum err_code rc = open_head(m, &chunks, file, err);

	*ended = ERR_OK;
	while (rc == ERR_OK && *ended == ERR_OK && !m->counts->complete) {
		*ended = bundle_next(&chunks, &content, &m->counts->complete, cut);
		if (*ended == ERR_OK)
			rc = take_messages(m, &content, m->counts->complete, err);
	}
	if (rc == ERR_OK)
		rc = take_limbo(m, err);
	buf_free(&content);
	bundle_chunks_wipe(&chunks);
	return rc;
}

/* What was held back may have been adopted by an entry that stands further on in the same file. */
static enum err_code
read_once_more(struct import *m, struct bytes file, struct err *err)
{
	struct bundle_counts *first = m->counts, again = { 0 };
	enum err_code rc = replica_evaluate(m->host->replica, err), ended;
	struct err cut = ERR_INIT;

	if (rc != ERR_OK)
		return rc;
	m->counts = &again;
	rc = read_through(m, file, &ended, &cut, err);
	m->counts = first;
	first->stored += again.stored;
	first->held_back = again.held_back;
	return rc;
}

enum err_code
bundle_read(struct peer_host *host, struct bytes file, bool check_only, struct bundle_counts *counts, struct err *err)
{
	struct import m = { .host = host, .check_only = check_only, .dirty = true, .counts = counts };
	struct err cut = ERR_INIT;
	enum err_code rc, ended, commit;

	memset(counts, 0, sizeof(*counts));
	rc = read_through(&m, file, &ended, &cut, err);
	if (rc == ERR_OK && counts->held_back > 0)
		rc = read_once_more(&m, file, err);
	if (!check_only && rc != ERR_IO && rc != ERR_NO_SPACE) {
		commit = replica_commit(host->replica, rc == ERR_OK ? err : NULL);
		rc = rc == ERR_OK ? commit : rc;
	}
	if (rc == ERR_OK && ended != ERR_OK) {
		rc = ended;
		if (err != NULL)
			*err = cut;
	}
	counts->complete = counts->complete && rc == ERR_OK;
	buf_free(&m.limbo);
	if (rc != ERR_OK)
		err_wrap(err, "reading a bundle");
	return rc;
}
