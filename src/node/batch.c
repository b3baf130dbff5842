/*
 * Entries on their way to the view: each is opened, or set aside for its key,
 * or buried; what opened collects in a batch, and the batch is folded at once.
 */
#include "node/node_internal.h"

#include "base/mem.h"
#include "crdt/hlc.h"
#include "crypto/guard.h"
#include "vault/vault_late.h"

/* ---- a batch ---- */

enum err_code
node_add_waiting(struct node *n, uint64_t row, struct err *err)
{
	uint64_t *room = mem_room(n->waiting, n->waiting_count, &n->waiting_cap, sizeof(*room));

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	n->waiting = room;
	room[n->waiting_count++] = row;
	return ERR_OK;
}

/* What the node itself must know of a body, without decoding the rest: its group, its record and its clock. */
bool
node_peek_body(struct bytes body, struct group_id *group, struct record_id *record, uint64_t *hlc)
{
	struct rd r = rd_init(body);

	rd_array(&r, 9);
	(void)rd_uint(&r, UINT32_MAX);
	(void)rd_uint(&r, UINT32_MAX);
	RD_FIXED(&r, *group);
	RD_FIXED(&r, *record);
	(void)rd_uint(&r, UINT32_MAX);
	*hlc = rd_uint(&r, UINT64_MAX);
	return !r.bad;
}

/* Why an entry that should open does not, in the operator's log: an id and a reason, and not without end. */
static void
note_damaged(struct node *n, const struct entry *e, const struct err *why)
{
	char id[33];

	if (n->damaged++ < 16) /* a hostile writer must not fill the log */
		env_logf(n->env, "entry %s: %s", hex_encode(id, e->id.b, 16), why->text);
}

void
node_clear_batch(struct node *n)
{
	n->item_count = 0;
	if (n->bodies.cap > KEEP_BYTES)
		buf_wipe(&n->bodies);
	buf_clear(&n->bodies);
	if (n->item_cap > BATCH_ENTRIES / 16) {
		mem_free(n->items);
		n->items = NULL;
		n->item_cap = 0;
	}
}

/* What came from somebody is told apart into new and changed while the view still is as it was. */
static enum err_code
apply_records(struct node *n, const struct view_change *changes, size_t count, struct err *err)
{
	bool gathers = node_gathers(n);
	uint64_t before = gathers ? view_conflict_count(n->view) : 0, after;
	enum err_code rc;

	if (gathers)
		node_gather_batch(n);
	rc = view_apply(n->view, changes, count, err);
	after = gathers && rc == ERR_OK ? view_conflict_count(n->view) : before;
	if (before == VIEW_UNCOUNTED || after == VIEW_UNCOUNTED)
		node_gather_short(n);
	else if (after > before)
		node_gather_count(n, GATHER_CONFLICTS, after - before);
	return rc;
}

/* One more changed record, unless it is the roster's. */
static void
note_news(struct node *n, const struct view_change *c, const struct stream_id *roster)
{
	struct group_id group;
	struct record_id record;
	uint64_t hlc;

	if (SAME(c->team, *roster) || !node_peek_body(c->body, &group, &record, &hlc))
		return;
	for (size_t i = 0; i < n->news.count; i++)
		if (SAME(n->news.records[i], record))
			return;
	if (n->news.count == NODE_NEWS_MAX)
		n->news.more = true;
	else
		n->news.records[n->news.count++] = record;
}

enum err_code
node_fold_batch(struct node *n, struct err *err)
{
	struct view_change *changes = mem_alloc((n->item_count + 1) * sizeof(*changes));
	struct stream_id roster = { { 0 } };
	size_t records = 0, rows = n->item_count; /* rows from the end, so that one array does for both */
	enum err_code rc = changes != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);

	if (node_has_org(n))
		roster = roster_stream(org_id(replica_org(n->home.replica)));
	for (size_t i = 0; i < n->item_count && rc == ERR_OK; i++) {
		const struct item *it = &n->items[i];

		struct view_change *to = &changes[it->is_row ? --rows : records++];

		n->roster_changed = n->roster_changed || SAME(it->team, roster);
		*to = (struct view_change){ .row = it->row, .author = it->author, .team = it->team,
		                            .body = BYTES(n->bodies.p + it->body_at, it->body_len) };
		memcpy(to->entry, it->entry, 16);
		if (!it->is_row && !n->news.more)
			note_news(n, to, &roster);
	}
	if (rc == ERR_OK && records > 0)
		rc = apply_records(n, changes, records, err);
	if (rc == ERR_OK && rows < n->item_count)
		rc = view_apply(n->rows, changes + rows, n->item_count - rows, err);
	n->since_snapshot += n->item_count;
	mem_free(changes);
	node_clear_batch(n);
	return rc;
}

static enum err_code
add_item(struct node *n, uint64_t row, const struct entry *e, bool is_row, struct bytes body, struct err *err)
{
	struct item *room = mem_room(n->items, n->item_count, &n->item_cap, sizeof(*room));

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	n->items = room;
	room += n->item_count;
	*room = (struct item){ .row = row, .author = e->h.author, .team = e->h.stream, .body_at = n->bodies.len, .body_len = body.len, .is_row = is_row };
	memcpy(room->entry, e->id.b, sizeof(room->entry));
	buf_put_bytes(&n->bodies, body);
	if (!buf_ok(&n->bodies))
		return err_plain(err, ERR_NO_MEMORY);
	n->item_count++;
	return ERR_OK;
}

/* An entry of an erased group under a key of its own, by a device that had not heard: the key goes with the payload. */
static enum err_code
bury_late(struct node *n, uint64_t row, struct err *err)
{
	enum err_code rc = vault_bury_last(n->vault, err);

	if (n->body.len > 0)
		wipe(n->body.p, n->body.len);
	n->shred_files = true;
	return rc == ERR_OK ? node_add_late(n, row, err) : rc;
}

/* Opens one entry and puts it into the batch. What does not open waits for its key, or is not shown. */
static enum err_code
open_entry(struct node *n, size_t log, const struct entry *e, struct err *err)
{
	uint64_t row = (uint64_t)log << SEQ_BITS | e->h.seq, hlc;
	struct group_id group;
	struct record_id record;
	struct err why = ERR_INIT;
	enum err_code rc = vault_open(n->vault, &e->h, e->payload, &n->body, &why);

	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (rc == ERR_KEY)
		return node_add_waiting(n, row, err);
	if (rc == ERR_REFUSED)
		return node_add_late(n, row, err);
	if (rc != ERR_OK) {
		note_damaged(n, e, &why);
		return ERR_OK;
	}
	if (node_peek_body(buf_bytes(&n->body), &group, &record, &hlc)) {
		if (node_is_erased(n, &record, &group))
			return bury_late(n, row, err);
		vault_bind_group(n->vault, &e->h, &group);
		(void)hlc_observe(&n->hlc, hlc, n->now_ms);
	}
	return add_item(n, row, e, false, buf_bytes(&n->body), err);
}

/*
 * Without effect, and of an erased group all the same: deleted where it lies. Nothing that it brings is learned, and no
 * key is buried on its word, for who wrote it has no say any more.
 */
static enum err_code
look_if_buried(struct node *n, size_t log, const struct entry *e, struct err *err)
{
	size_t mark = vault_mark(n->vault);
	struct group_id group;
	struct record_id record;
	uint64_t hlc;
	enum err_code rc;
	bool buried;

	if (n->home.keys->tombstone_count == 0 || org_is_drop_box(node_org(n), &e->h.stream))
		return ERR_OK;
	rc = vault_open(n->vault, &e->h, e->payload, &n->body, NULL);
	buried = rc == ERR_REFUSED ||
	         (rc == ERR_OK && node_peek_body(buf_bytes(&n->body), &group, &record, &hlc) && node_is_erased(n, &record, &group));
	vault_forget_since(n->vault, mark);
	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (buried && n->body.len > 0)
		wipe(n->body.p, n->body.len);
	return buried ? node_add_late(n, (uint64_t)log << SEQ_BITS | e->h.seq, err) : ERR_OK;
}

/* The same for a row. Erasing its record has no part in it: that is what rows are for. */
static enum err_code
open_row(struct node *n, size_t log, const struct entry *e, struct err *err)
{
	uint64_t at = (uint64_t)log << SEQ_BITS | e->h.seq;
	struct err why = ERR_INIT;
	enum err_code rc = node_open_row(n, e, &n->body, &why);

	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (rc == ERR_KEY)
		return node_add_waiting(n, at, err);
	if (rc == ERR_OK)
		return add_item(n, at, e, true, buf_bytes(&n->body), err);
	if (rc != ERR_REFUSED)
		note_damaged(n, e, &why);
	return ERR_OK;
}

/* ---- entries into it ---- */

enum err_code
node_take_entry(struct node *n, size_t log, const struct entry *e, struct err *err)
{
	const struct org *org = replica_org(n->home.replica);
	const struct log_key *key = &replica_log_at(n->home.replica, log)->key;
	struct err why = ERR_INIT;
	enum err_code rc = ERR_OK;

	if (SAME(e->h.author, n->home.keys->device.sign_pk))
		rc = node_note_own(n, log, e, err);
	if (rc != ERR_OK || !e->has_payload)
		return rc;
	switch (e->h.kind) {
	case KIND_EPOCH:
	case KIND_KEYGRANT:
	case KIND_KEYTABLE:
		n->keys_learned = true;
		rc = vault_learn_in(n->vault, org, key, e, &why);
		if (rc == ERR_NO_MEMORY)
			return err_plain(err, rc);
		if (rc != ERR_OK)
			env_logf(n->env, "a key entry has no effect: %s", why.text);
		return ERR_OK;
	case KIND_DATA:
		if (!org_effective(org, key, e->h.seq) && !(n->own_late && SAME(e->h.author, n->home.keys->device.sign_pk))) {
			node_gather_count(n, GATHER_AFTER_REMOVAL, 1);
			return look_if_buried(n, log, e, err);
		}
		return org_is_drop_box(org, &e->h.stream) ? open_row(n, log, e, err) : open_entry(n, log, e, err);
	default:
		return ERR_OK;
	}
}

/* What there was no memory for, or the disk did not give, is still there: only the rest cannot be read any more. */
enum err_code
node_read_entry(void *ctx, uint64_t row, struct view_change *out, struct err *err)
{
	struct node *n = ctx;
	struct err why = ERR_INIT;
	struct entry e;
	enum err_code rc = replica_entry(n->home.replica, (size_t)(row >> SEQ_BITS), row & ((UINT64_C(1) << SEQ_BITS) - 1), &e, &n->read_payload, &why);

	if (rc == ERR_OK && !e.has_payload)
		return err_set(err, ERR_UNKNOWN, "its content was erased");
	if (rc == ERR_OK)
		rc = org_is_drop_box(node_org(n), &e.h.stream) ? node_open_row(n, &e, &n->read_body, &why)
		                                              : vault_open(n->vault, &e.h, e.payload, &n->read_body, &why);
	if (rc != ERR_OK)
		return err_set(err, err_exit_status(rc) == err_exit_status(ERR_IO) ? rc : ERR_UNKNOWN, "reading an entry again: %s", why.text);
	*out = (struct view_change){ .row = row, .author = e.h.author, .team = e.h.stream, .body = buf_bytes(&n->read_body) };
	memcpy(out->entry, e.id.b, sizeof(out->entry));
	return ERR_OK;
}
