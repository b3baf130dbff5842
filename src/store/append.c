/*
 * Our own entries. They are made here because only the replica knows what
 * comes next in a log, and they are stored by the same code as a peer's.
 */
#include "store/replica_internal.h"

#include "codec/strict.h"

/* --- OPEN --- */

/* The right that this log is opened under: *grant, or none needed. */
static enum err_code
find_right(struct replica *r, const struct author *me, const struct stream_id *stream, struct open_op *open, struct err *err)
{
	const struct org_device *dev;
	const struct org_grant *grant;

	if (!r->has_org)
		return err_set(err, ERR_REFUSED, "this store has no organisation yet");
	if (SAME(*me, r->root) || org_is_root(r->org, me))
		return SAME(*stream, r->control) ? ERR_OK :
		       err_set(err, ERR_REFUSED, "a root key writes in the control stream only");
	dev = org_device_by_author(r->org, me);
	if (!dev)
		return err_set(err, ERR_REFUSED, "this device has not been admitted");
	if (dev->gone)
		return err_set(err, ERR_REFUSED, "this device has been removed from the organisation");
	grant = org_grant_for(r->org, stream, &dev->id);
	if (grant) {
		open->has_grant = true;
		open->grant = grant->id;
		return ERR_OK;
	}
	/* Whoever is admitted may speak in the control stream; what has effect there is another question. */
	return SAME(*stream, r->control) ? ERR_OK : err_set(err, ERR_REFUSED, "this device has not been given that team");
}

static enum err_code
add_entry(struct replica *r, const struct header *h, struct bytes payload, const uint8_t sk[64], struct entry *out, struct err *err)
{
	size_t log = logs_trunk(r, &h->author, &h->stream, &h->inc);
	struct log_key key;
	enum err_code rc;

	entry_make(out, h, payload, sk);
	rc = replica_begin(r, err);
	if (rc != ERR_OK)
		return rc;
	if (log == NO_LOG) {
		memset(&key, 0, sizeof(key));
		key.author = h->author;
		key.stream = h->stream;
		key.inc = h->inc;
		rc = logs_add(r, &key, true, NO_LOG, &log, err);
	}
	if (rc == ERR_OK)
		rc = ingest_store(r, log, out, 1, true, err);
	return rc == ERR_OK ? rc : replica_abandon(r, err);
}

static enum err_code
add_open(struct replica *r, const struct device_keys *keys, struct header *h, struct err *err)
{
	struct control_op op;
	struct entry e;
	enum err_code rc = replica_evaluate(r, err);

	if (rc != ERR_OK)
		return rc;
	memset(&op, 0, sizeof(op));
	op.kind = h->kind = SAME(h->stream, r->control) ? KIND_OPEN : KIND_TEAM_OPEN;
	rc = find_right(r, &h->author, &h->stream, &op.u.open, err);
	if (rc != ERR_OK)
		return rc;
	rc = replica_cite_older(r, h, &op.u.open, err);
	if (rc != ERR_OK)
		return rc;
	buf_clear(&r->own);
	control_op_encode(&r->own, &op);
	if (!buf_ok(&r->own))
		return err_plain(err, ERR_NO_MEMORY);
	rc = add_entry(r, h, buf_bytes(&r->own), keys->sign_sk, &e, err);
	h->seq = 1;
	h->prev = e.id;
	return rc;
}

/* --- what comes next --- */

/* Sets author … prev. False when the log has forked. */
static bool
next_header(const struct replica *r, const struct device_keys *keys, const struct inc *inc, const struct stream_id *stream,
            struct header *h)
{
	size_t log = logs_trunk(r, &keys->sign_pk, stream, inc);

	memset(h, 0, sizeof(*h));
	h->author = keys->sign_pk;
	h->stream = *stream;
	h->inc = *inc;
	if (log == NO_LOG)
		return true;
	h->seq = r->logs[log].head.len;
	h->prev = r->logs[log].head.head;
	return !r->logs[log].ended;
}

static enum err_code
prepare(struct replica *r, const struct device_keys *keys, const struct inc *inc, const struct stream_id *stream,
        bool opens, struct header *h, struct err *err)
{
	char name[NAME_BYTES];
	struct log_key key;
	enum err_code rc = db_shared(&r->db) ? replica_begin(r, err) : ERR_OK;

	if (rc != ERR_OK)
		return rc;
	if (!next_header(r, keys, inc, stream, h)) {
		memset(&key, 0, sizeof(key));
		key.author = h->author;
		key.stream = h->stream;
		return err_set(err, ERR_FORK, "%s has forked: this device must write under a new incarnation", log_name(name, &key));
	}
	return h->seq == 0 && !opens ? add_open(r, keys, h, err) : ERR_OK;
}

enum err_code
replica_next(struct replica *r, const struct device_keys *keys, const struct inc *inc,
             const struct stream_id *stream, struct header *next, struct err *err)
{
	enum err_code rc = prepare(r, keys, inc, stream, false, next, err);

	next->kind = 0; /* the caller's to choose */
	return rc;
}

enum err_code
replica_append(struct replica *r, const struct device_keys *keys, const struct inc *inc,
               const struct stream_id *stream, uint8_t kind, struct bytes payload,
               struct entry *out, struct err *err)
{
	struct header h;
	enum err_code rc;

	if (payload.len < 1 || payload.len > PAYLOAD_BYTES_MAX)
		return err_set(err, ERR_TOO_BIG, "a payload of %zu bytes; at most %d fit", payload.len, PAYLOAD_BYTES_MAX);
	rc = prepare(r, keys, inc, stream, kind == KIND_GENESIS, &h, err);
	if (rc != ERR_OK)
		return rc;
	h.kind = kind;
	return add_entry(r, &h, payload, keys->sign_sk, out, err);
}
