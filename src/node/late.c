/*
 * What is held and does not count. It is opened for looking only: whatever
 * keys such entries bring are forgotten again (vault/vault_late.h).
 */
#include "node/removal.h"

#include "base/mem.h"
#include "node/node_internal.h"
#include "vault/vault_late.h"

/* ---- finding ---- */

static bool
is_ours_to_see(struct node *n, const struct log_key *key)
{
	const struct org_device *self = node_self(n);

	if (self == NULL || SAME(key->stream, control_stream(org_id(node_org(n)))))
		return false;
	if (org_is_drop_box(node_org(n), &key->stream)) /* rows follow what they are copied from */
		return false;
	return self->gone ? SAME(key->author, self->sign_pk) : org_reads(node_org(n), &key->stream, &self->id);
}

struct walk {
	struct node *n;
	size_t log;
	struct log_key key;
	bool open;
	bool (*cb)(void *ctx, const struct node_late *late);
	void *ctx;
	uint64_t count;
	bool stop;
};

static void
look_into(struct node *n, const struct entry *e, struct node_late *late)
{
	struct change_space space = { .ops = NULL };
	struct change c;

	late->opens = vault_open(n->vault, &e->h, e->payload, &n->read_body, NULL) == ERR_OK &&
	              change_decode(&c, buf_bytes(&n->read_body), &space, NULL) == ERR_OK;
	if (late->opens) {
		late->record = c.record;
		late->type = c.type;
		late->hlc = c.hlc;
	}
	change_space_free(&space);
}

static bool
walk_entry(void *ctx, const struct entry *e)
{
	struct walk *w = ctx;
	struct node_late late = { .log = w->log, .seq = e->h.seq, .id = e->id, .author = e->h.author, .team = e->h.stream };

	if (e->h.kind != KIND_DATA || org_effective(node_org(w->n), &w->key, e->h.seq))
		return true;
	if (w->open && !e->has_payload) /* erased: nothing to keep */
		return true;
	w->count++;
	if (w->open)
		look_into(w->n, e, &late);
	w->stop = w->cb != NULL && !w->cb(w->ctx, &late);
	return !w->stop;
}

static enum err_code
walk_late(struct walk *w, struct err *err)
{
	struct replica *r = w->n->home.replica;
	enum err_code rc = ERR_OK;

	if (!node_has_org(w->n))
		return ERR_OK;
	for (size_t i = 0; i < replica_log_count(r) && rc == ERR_OK && !w->stop; i++) {
		const struct log_head *h = replica_log_at(r, i);
		uint64_t from = org_limit(node_org(w->n), &h->key), len = h->len;

		if (from >= len || !is_ours_to_see(w->n, &h->key))
			continue;
		w->log = i;
		w->key = h->key;
		if (h->key.is_branch && from < h->key.branch_seq)
			from = h->key.branch_seq;
		rc = replica_scan(r, i, from, len, !w->open, walk_entry, w, err);
	}
	return rc;
}

enum err_code
node_each_late(struct node *n, bool (*cb)(void *ctx, const struct node_late *late), void *ctx, struct err *err)
{
	struct walk w = { .n = n, .open = true, .cb = cb, .ctx = ctx };
	size_t mark = vault_mark(n->vault);
	enum err_code rc = walk_late(&w, err);

	vault_forget_since(n->vault, mark);
	return rc;
}

uint64_t
node_late_count(struct node *n)
{
	struct walk w = { .n = n };

	return walk_late(&w, NULL) == ERR_OK ? w.count : 0;
}

/* ---- adopting ---- */

struct keys { struct node *n; const struct node_late *late; size_t count, at; struct vault_key *key; size_t found; struct buf *bodies; };

/* Each entry in its turn, adopted or not: one may stand under a key that an earlier one brought. */
static bool
collect_key(void *ctx, const struct node_late *late)
{
	struct keys *k = ctx;
	struct rd r = rd_init(buf_bytes(&k->n->read_body));
	struct vault_key key;

	if (k->at == k->count)
		return false;
	if (k->late[k->at].log != late->log || k->late[k->at].seq != late->seq)
		return true;
	k->at++;
	if (late->opens) { /* for their rows */
		buf_put_bytes(k->bodies, BYTES_OF(late->id));
		buf_put_be64(k->bodies, k->n->read_body.len);
		buf_put_bytes(k->bodies, buf_bytes(&k->n->read_body));
	}
	if (!late->opens || !vault_last_key(k->n->vault, &key))
		return true;
	rd_array(&r, 9);
	(void)rd_uint(&r, UINT32_MAX);
	(void)rd_uint(&r, UINT32_MAX);
	RD_FIXED(&r, key.group);
	for (size_t i = 0; i < k->found; i++)
		if (k->key[i].at == key.at)
			return true;
	k->key[k->found++] = key;
	return true;
}

static enum err_code
append_tables(struct node *n, const struct stream_id *stream, const struct keys *k, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t at = 0; at < k->found && rc == ERR_OK; at += KEYTABLE_ROWS) {
		size_t count = k->found - at < KEYTABLE_ROWS ? k->found - at : KEYTABLE_ROWS;
		struct buf payload = BUF_INIT;
		struct header next;
		struct entry e;

		rc = node_next(n, stream, &next, err);
		if (rc == ERR_OK)
			rc = vault_make_keytable_of(n->vault, n->env, &next, k->key + at, count, &payload, err);
		if (rc == ERR_OK)
			rc = node_append(n, stream, KIND_KEYTABLE, buf_bytes(&payload), &e, err);
		buf_free(&payload);
	}
	return rc;
}

/* proto/vault.md, 12: "Who adopts" writes the rows anew, since those of the removed device count no more than its changes did. */
static enum err_code
write_rows(struct node *n, struct bytes bodies, struct err *err)
{
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && bodies.len > 40) {
		struct hash id;
		uint64_t len = be64_get(bodies.p + 32);

		memcpy(id.b, bodies.p, sizeof(id.b));
		rc = node_write_row(n, BYTES(bodies.p + 40, len), &id, true, err);
		bodies = BYTES(bodies.p + 40 + len, bodies.len - 40 - len);
	}
	return rc;
}

/* The keys of the first `count`, all of one team; what they open is left in `bodies`: id32 ‖ be64 length ‖ body … */
static enum err_code
hand_out_keys(struct node *n, const struct node_late *late, size_t count, struct buf *bodies, struct err *err)
{
	struct keys k = { .n = n, .late = late, .count = count, .bodies = bodies };
	struct walk w = { .n = n, .open = true, .cb = collect_key, .ctx = &k };
	const struct stream_id stream = late[0].team;
	size_t mark = vault_mark(n->vault);
	enum err_code rc;

	k.key = mem_zero(count, sizeof(*k.key));
	rc = k.key != NULL ? walk_late(&w, err) : err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK && !buf_ok(bodies))
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		rc = append_tables(n, &stream, &k, err);
	vault_forget_since(n->vault, mark);
	mem_free(k.key);
	return rc;
}

/* Neighbours in one log become one run, as many as fit one ADOPT; returns how many entries those are. */
static size_t
make_runs(struct node *n, const struct node_late *late, size_t count, struct adopt *a)
{
	size_t i;

	a->run_count = 0;
	for (i = 0; i < count; i++) {
		struct adopt_run *run = a->run_count > 0 ? &a->runs[a->run_count - 1] : NULL;

		if (run == NULL || late[i - 1].log != late[i].log || late[i - 1].seq + 1 != late[i].seq) {
			if (a->run_count == ADOPT_RUNS_MAX)
				break;
			run = &a->runs[a->run_count++];
			*run = (struct adopt_run){ .author = late[i].author, .stream = late[i].team, .from = late[i].seq,
			                           .inc = replica_log_at(n->home.replica, late[i].log)->key.inc };
		}
		run->to = late[i].seq;
		memcpy(run->head16, late[i].id.b, sizeof(run->head16));
	}
	return i;
}

static enum err_code
append_adopts(struct node *n, const struct node_late *late, size_t count, struct err *err)
{
	struct adopt_run *runs = mem_zero(ADOPT_RUNS_MAX, sizeof(*runs));
	struct control_op op = { .kind = KIND_ADOPT, .u.adopt = { .runs = runs } };
	struct buf payload = BUF_INIT;
	enum err_code rc = runs != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	struct entry e;

	for (size_t at = 0; at < count && rc == ERR_OK;) {
		at += make_runs(n, late + at, count - at, &op.u.adopt);
		buf_clear(&payload);
		control_op_encode(&payload, &op);
		rc = buf_ok(&payload) ? node_append(n, &late[0].team, KIND_ADOPT, buf_bytes(&payload), &e, err)
		                      : err_plain(err, ERR_NO_MEMORY);
	}
	buf_free(&payload);
	mem_free(runs);
	return rc;
}

enum err_code
node_adopt(struct node *n, const struct node_late *late, size_t count, struct err *err)
{
	struct buf bodies = BUF_INIT;
	enum err_code rc = ERR_OK;
	char hex[33];

	if (node_self(n) == NULL || node_self(n)->gone)
		return err_set(err, ERR_REFUSED, "this device has been removed from the organisation; a colleague must adopt what it wrote");
	for (size_t i = 0; i < count; i++)
		if (!late[i].opens)
			return err_set(err, ERR_REFUSED, "entry %.12s cannot be read here, so nobody here can say that it should count; a colleague who reads it may adopt it",
			               hex_encode(hex, late[i].id.b, 16));
	for (size_t from = 0, to; from < count && rc == ERR_OK; from = to) {
		for (to = from + 1; to < count && SAME(late[to].team, late[from].team);)
			to++;
		rc = node_need_epoch(n, &late[from].team, err);
		if (rc == ERR_OK)
			rc = hand_out_keys(n, late + from, to - from, &bodies, err);
		if (rc == ERR_OK)
			rc = append_adopts(n, late + from, to - from, err);
		if (rc == ERR_OK)
			rc = write_rows(n, buf_bytes(&bodies), err);
		buf_wipe(&bodies);
	}
	return rc;
}
