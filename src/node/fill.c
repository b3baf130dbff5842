/*
 * Rows for what was written before there was a drop-box, or under a version
 * of the profile in which its type had none. A row has the dot of its change,
 * so it counts once whoever writes it and however often (proto/vault.md, 12).
 *
 * Whoever reads rows knows which are there, and writes those that are not.
 * Whoever does not read them writes one for each change of their own.
 */
#include "base/mem.h"
#include "base/table.h"
#include "casework/rows.h"
#include "node/node_internal.h"

enum { FILL_ENTRIES = 256, FILL_BYTES = 1 << 20 }; /* in one commit */

struct fill {
	struct node *n;
	struct table *known;   /* dot16 of the rows that stand; NULL: this device does not read them */
	struct table *seen;    /* record16: what has had a row from us, or has one */
	struct log_key key;
	bool colleagues;       /* also what others wrote */
	struct buf bodies;     /* id32 | be64 length | body ... */
	size_t count;
	uint64_t next, written;
	enum err_code rc;
};

static bool
remember(struct fill *f, struct table *t, const uint8_t key[16])
{
	uint64_t *at = t == NULL ? NULL : table_put(t, key);

	if (at == NULL)
		f->rc = ERR_NO_MEMORY;
	else
		*at = 1;
	return at != NULL;
}

/* ---- which rows stand ---- */

static bool
note_row(void *ctx, const struct entry *e)
{
	struct fill *f = ctx;
	struct change_space space = { .ops = NULL };
	struct change c;
	enum err_code rc = ERR_UNKNOWN;

	if (e->h.kind == KIND_DATA && e->has_payload && org_effective(node_org(f->n), &f->key, e->h.seq))
		rc = node_open_row(f->n, e, &f->n->read_body, NULL);
	if (rc == ERR_OK)
		rc = change_decode(&c, buf_bytes(&f->n->read_body), &space, NULL);
	if (rc == ERR_NO_MEMORY) /* it would be written once more */
		f->rc = rc;
	if (rc == ERR_OK)
		(void)(remember(f, f->known, c.import) && remember(f, f->seen, c.record.b));
	change_space_free(&space);
	return f->rc == ERR_OK;
}

static enum err_code
find_known(struct fill *f, struct err *err)
{
	struct replica *r = f->n->home.replica;
	enum err_code rc = ERR_OK;

	if (node_rows(f->n) == NULL)
		return ERR_OK;
	f->known = table_new(16);
	if (f->known == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < replica_log_count(r) && rc == ERR_OK; i++) {
		const struct log_head *h = replica_log_at(r, i);

		f->key = h->key;
		if (org_is_drop_box(node_org(f->n), &h->key.stream))
			rc = replica_scan(r, i, 0, h->len, false, note_row, f, err);
	}
	return rc == ERR_OK && f->rc != ERR_OK ? err_plain(err, f->rc) : rc;
}

/* ---- which are missing ---- */

static bool
has_row(const struct fill *f, const struct change *c, const uint8_t entry[16])
{
	uint8_t dot[16];

	rows_dot(dot, c->record.b, c->has_import ? c->import : entry);
	return f->known != NULL && table_get(f->known, dot) != NULL;
}

static bool
collect(void *ctx, const struct entry *e)
{
	struct fill *f = ctx;
	struct change_space space = { .ops = NULL };
	struct change c;
	enum err_code rc = ERR_UNKNOWN;

	f->next = e->h.seq + 1;
	if (e->h.kind == KIND_DATA && e->has_payload && org_effective(node_org(f->n), &f->key, e->h.seq))
		rc = vault_open(f->n->vault, &e->h, e->payload, &f->n->read_body, NULL);
	if (rc == ERR_OK)
		rc = change_decode(&c, buf_bytes(&f->n->read_body), &space, NULL);
	if (rc == ERR_NO_MEMORY)
		f->rc = rc;
	if (rc == ERR_OK && !node_is_erased(f->n, &c.record, &c.group) &&
	    node_counts(f->n, &c) && !has_row(f, &c, e->id.b)) {
		buf_put_bytes(&f->bodies, BYTES_OF(e->id));
		buf_put_be64(&f->bodies, f->n->read_body.len);
		buf_put_bytes(&f->bodies, buf_bytes(&f->n->read_body));
		f->count++;
	}
	change_space_free(&space);
	if (!buf_ok(&f->bodies))
		f->rc = ERR_NO_MEMORY;
	return f->rc == ERR_OK && f->count < FILL_ENTRIES && f->bodies.len < FILL_BYTES;
}

/* The record of a body, and whether nothing of it has been seen. */
static bool
is_first(struct fill *f, struct bytes body)
{
	struct change_space space = { .ops = NULL };
	const struct profile_type *t;
	struct change c;
	uint8_t row[16];
	bool first = false;

	if (change_decode(&c, body, &space, NULL) == ERR_OK && (t = profile_type_numbered(f->n->profile, c.type)) != NULL) {
		rows_id(row, t, c.record.b);
		first = table_get(f->seen, row) == NULL;
		(void)remember(f, f->seen, row);
	}
	change_space_free(&space);
	return first;
}

static enum err_code
write_collected(struct fill *f, struct err *err)
{
	struct bytes left = buf_bytes(&f->bodies);
	enum err_code rc = f->rc;

	while (rc == ERR_OK && left.len > 40) {
		struct bytes body = BYTES(left.p + 40, be64_get(left.p + 32));
		struct hash id;
		bool wrote = false;

		memcpy(id.b, left.p, sizeof(id.b));
		rc = node_write_row_told(f->n, body, &id, is_first(f, body), &wrote, err);
		f->written += wrote;
		left = BYTES(body.p + body.len, left.len - 40 - body.len);
	}
	buf_wipe(&f->bodies);
	f->count = 0;
	if (rc == ERR_OK && f->rc != ERR_OK)
		rc = err_plain(err, f->rc);
	return rc == ERR_OK ? node_commit(f->n, err) : rc;
}

static bool
is_ours_to_fill(const struct fill *f, const struct log_key *key)
{
	const struct org_device *self = node_self(f->n);
	const struct org *org = node_org(f->n);

	if (SAME(key->stream, control_stream(org_id(org))) || SAME(key->stream, roster_stream(org_id(org))) ||
	    org_is_drop_box(org, &key->stream) || !org_reads(org, &key->stream, &self->id))
		return false;
	return f->known != NULL || f->colleagues || SAME(key->author, self->sign_pk);
}

static enum err_code
fill_log(struct fill *f, size_t log, struct err *err)
{
	const struct log_head *h = replica_log_at(f->n->home.replica, log);
	uint64_t from = h->key.is_branch ? h->key.branch_seq : 0, len = h->len;
	enum err_code rc = ERR_OK;

	f->key = h->key;
	while (rc == ERR_OK && from < len) {
		f->next = len;
		rc = replica_scan(f->n->home.replica, log, from, len, false, collect, f, err);
		from = f->next;
		if (rc == ERR_OK)
			rc = write_collected(f, err);
	}
	return rc;
}

enum err_code
node_fill_rows(struct node *n, bool colleagues, uint64_t *written, struct err *err)
{
	struct fill f = { .n = n, .colleagues = colleagues, .bodies = BUF_INIT };
	struct stream_id box;
	enum err_code rc = ERR_OK;
	size_t logs;

	*written = 0;
	if (node_self(n) == NULL || node_self(n)->gone)
		return err_set(err, ERR_REFUSED, "this device has been removed from the organisation, and writes no rows");
	if (n->profile == NULL || !node_drop_box(n, &box))
		return err_set(err, ERR_REFUSED, "there is no drop-box to write rows to; `faltbok team add NAME --drop-box` makes one");
	f.seen = table_new(16);
	if (f.seen == NULL)
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		rc = find_known(&f, err);
	logs = replica_log_count(n->home.replica); /* our own rows may open one more */
	for (size_t i = 0; i < logs && rc == ERR_OK; i++)
		if (is_ours_to_fill(&f, &replica_log_at(n->home.replica, i)->key))
			rc = fill_log(&f, i, err);
	*written = f.written;
	table_free(f.known);
	table_free(f.seen);
	buf_wipe(&f.bodies);
	return rc == ERR_OK ? ERR_OK : err_wrap(err, "filling in rows");
}
