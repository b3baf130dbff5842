/*
 * Erasure as a reader does it. The replica deletes what orders name; here go
 * the keys, the records and whatever else could still be read:
 *
 *   approved order ─> box opened ─> keys, group, records buried in the keystore ─> view built anew from what is left
 *                                                                              ─> snapshot gone, and its key
 *   late entry of a buried group ─> its payload deleted, its key buried, named in a RECEIPT
 *
 * The view gives up the records and makes its full text anew; what is found
 * while the log is read is acted on after the commit, in a transaction of
 * its own. A new snapshot follows the one that was removed when the home closes.
 */
#include "node/node_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/plant.h"

enum { ROW_LATE_MAX = 2048 };
#define ROW_LOG(row) ((size_t)((row) >> SEQ_BITS))
#define ROW_SEQ(row) ((row) & ((UINT64_C(1) << SEQ_BITS) - 1))

/* ---- burying ---- */

static bool
is_buried(const struct node *n, const struct hash *order)
{
	for (size_t i = 0; i < n->buried_count; i++)
		if (SAME(n->buried[i], *order))
			return true;
	return false;
}

static enum err_code
bury_ids(struct node *n, const struct erase_case *c, struct err *err)
{
	struct keystore *ks = n->home.keys;
	enum err_code rc = keystore_add_tombstone(ks, TOMB_GROUP, c->group.b, err);

	for (size_t i = 0; i < c->record_count && rc == ERR_OK; i++)
		rc = keystore_add_tombstone(ks, TOMB_RECORD, c->records[i].b, err);
	for (size_t i = 0; i < c->key_count && rc == ERR_OK; i++)
		rc = vault_bury(n->vault, &c->keys[i].kid, &c->keys[i].birth, err);
	return rc == ERR_OK ? vault_bury_group(n->vault, c->group.b, err) : rc;
}

enum err_code
node_open_order(struct node *n, const struct erase_order *o, struct erase_case *out, struct buf *keep, struct err *err)
{
	enum err_code rc = vault_open_order(n->vault, o->request.salt, o->request.box, keep, err);

	return rc == ERR_OK ? erase_case_decode(out, buf_bytes(keep), err) : rc;
}

static bool
reads_what_it_names(struct node *n, const struct erase_order *o)
{
	const struct org_device *self = node_self(n);

	for (size_t i = 0; i < o->request.log_count && self != NULL; i++)
		if (org_reads(node_org(n), &o->request.logs[i].stream, &self->id))
			return true;
	return false;
}

/*
 * The replica has deleted what the order names, and which records that was
 * cannot be told without the key: so all is read anew, or the view would go on
 * showing it, and the snapshot hold it. Once is enough.
 */
static enum err_code
forget_unseen(struct node *n, const struct erase_order *o, struct err *err)
{
	struct hash *room;

	for (size_t i = 0; i < n->shut_count; i++)
		if (SAME(n->shut[i], o->id))
			return ERR_OK;
	if (!reads_what_it_names(n, o))
		return ERR_OK;
	room = mem_room(n->shut, n->shut_count, &n->shut_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	n->shut = room;
	room[n->shut_count++] = o->id;
	n->start_over = n->shred_files = true;
	return ERR_OK;
}

/* *fresh: there were ids in it that had not been buried before. */
static enum err_code
bury_order(struct node *n, const struct erase_order *o, bool *fresh, struct err *err)
{
	static const uint8_t open_group[16];
	uint8_t nobodys[16];
	size_t before = n->home.keys->tombstone_count;
	struct buf keep = BUF_INIT;
	struct erase_case c;
	struct hash *room;
	enum err_code rc = node_open_order(n, o, &c, &keep, NULL);

	/* An order whose box does not open for its readers deletes what it names and no more. Nobody erases what all share. */
	erase_image(nobodys, open_group);
	if (rc == ERR_OK && memcmp(c.group.b, nobodys, sizeof(nobodys)) != 0)
		rc = bury_ids(n, &c, err);
	buf_wipe(&keep);
	if (rc == ERR_KEY)
		return forget_unseen(n, o, err); /* and tried again when keys come */
	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	room = mem_room(n->buried, n->buried_count, &n->buried_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	n->buried = room;
	room[n->buried_count++] = o->id;
	*fresh = *fresh || n->home.keys->tombstone_count != before;
	return ERR_OK;
}

enum err_code
node_bury_orders(struct node *n, bool *fresh, struct err *err)
{
	const struct orders *orders = replica_orders(n->home.replica);
	enum err_code rc = ERR_OK;

	*fresh = false;
	for (size_t i = 0; i < orders_count(orders) && rc == ERR_OK; i++) {
		const struct erase_order *o = orders_at(orders, i);

		if (o->approved && !is_buried(n, &o->id))
			rc = bury_order(n, o, fresh, err);
	}
	n->shred_files = n->shred_files || *fresh;
	return rc;
}

static bool
is_of_buried(void *ctx, const struct record *r)
{
	return node_is_erased(ctx, record_id_of(r), record_group(r));
}

/* An entry of an erased record whose payload is still here is late: reading it once more finds that out. */
static void
try_again(void *ctx, uint64_t row)
{
	struct node *n = ctx;

	n->retry = true;
	if (node_add_waiting(n, row, NULL) != ERR_OK)
		n->start_over = true;
}

/* What has no effect is in no view, and goes all the same: a cut or a fork keeps nothing that two persons had erased. */
static void
try_beyond(struct node *n)
{
	const struct org *org = node_org(n);

	for (size_t i = 0; i < n->progress_count; i++) {
		const struct log_head *h = replica_log_at(n->home.replica, i);

		if (org_team_by_id(org, &h->key.stream) == NULL)
			continue;
		for (uint64_t seq = org_limit(org, &h->key); seq < n->progress[i].upto; seq++)
			if (!(h->key.is_branch && seq < h->key.branch_seq) && !org_effective(org, &h->key, seq))
				try_again(n, (uint64_t)i << SEQ_BITS | seq);
	}
}

enum err_code
node_forget_buried(struct node *n, struct err *err)
{
	uint64_t before = view_record_count(n->view), after;
	enum err_code rc = view_forget(n->view, is_of_buried, try_again, n, err);

	after = view_record_count(n->view);
	if (after < before)
		node_gather_count(n, GATHER_ERASED, before - after);
	try_beyond(n);
	n->roster_changed = true;
	return rc;
}

/* The old snapshot goes, and the key that opened it; the keystore is written under a fresh file key without either. */
enum err_code
node_shred_files(struct node *n, struct err *err)
{
	char path[4096];
	enum err_code rc = ERR_OK;

	if (!n->shred_files || replica_read_only(n->home.replica))
		return ERR_OK;
	buf_wipe(&n->body);
	buf_wipe(&n->bodies);
	buf_wipe(&n->read_body);
	buf_wipe(&n->read_payload);
	(void)snprintf(path, sizeof(path), "%s/view.snap", n->home.path);
	if (PLANTED(20)) {
		n->shred_files = false;
		return ERR_OK;
	}
	if (n->env->files->exists(n->env, path))
		rc = n->env->files->remove(n->env, path, err);
	env_random(n->env, n->home.keys->snapshot_key, sizeof(n->home.keys->snapshot_key));
	if (rc == ERR_OK)
		rc = node_desk_before_key(n, err);
	if (rc == ERR_OK)
		rc = node_save_keystore(n, err);
	n->shred_files = rc != ERR_OK;
	n->snapshot_gone = n->snapshot_gone || rc == ERR_OK;
	if (rc == ERR_OK) {
		node_desk_after_key(n);
		node_exchanges_rekey(n);
	}
	return rc;
}

bool
node_is_erased(struct node *n, const struct record_id *record, const struct group_id *group)
{
	uint8_t image[16];

	if (n->home.keys->tombstone_count == 0)
		return false;
	erase_image(image, record->b);
	if (keystore_tombstoned(n->home.keys, TOMB_RECORD, image))
		return true;
	if (group == NULL)
		return false;
	erase_image(image, group->b);
	return keystore_tombstoned(n->home.keys, TOMB_GROUP, image);
}

enum err_code
node_add_late(struct node *n, uint64_t row, struct err *err)
{
	uint64_t *room = mem_room(n->late, n->late_count, &n->late_cap, sizeof(*room));

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	n->late = room;
	room[n->late_count++] = row;
	return ERR_OK;
}

/* ---- after the commit: late entries, receipts ---- */

static int
row_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
sort_late(struct node *n)
{
	size_t kept = 0;

	if (n->late_count > 1)
		qsort(n->late, n->late_count, sizeof(*n->late), row_order);
	for (size_t i = 0; i < n->late_count; i++)
		if ((i == 0 || n->late[i] != n->late[i - 1]) && ROW_LOG(n->late[i]) < replica_log_count(n->home.replica))
			n->late[kept++] = n->late[i];
	n->late_count = kept;
}

static bool
names_stream(const struct erase_order *o, const struct stream_id *stream)
{
	for (size_t i = 0; i < o->request.log_count; i++)
		if (SAME(o->request.logs[i].stream, *stream))
			return true;
	return false;
}

/* The order under which a late entry of that stream is named: any approved one of the stream will do, and all choose the same. */
static const struct erase_order *
order_for(struct node *n, const struct stream_id *stream)
{
	const struct orders *orders = replica_orders(n->home.replica);
	const struct erase_order *best = NULL;

	for (size_t i = 0; i < orders_count(orders); i++) {
		const struct erase_order *o = orders_at(orders, i);

		if (o->approved && names_stream(o, stream) && (best == NULL || memcmp(o->id.b, best->id.b, 32) < 0))
			best = o;
	}
	return best;
}

/* The logs and ranges of the late rows that go with this order. The caller frees it: erase_request_free(). */
static enum err_code
late_of(struct node *n, const struct erase_order *o, struct erase_request *out, struct err *err)
{
	size_t last = SIZE_MAX;

	memset(out, 0, sizeof(*out));
	out->logs = mem_zero(ERASE_LOGS_MAX, sizeof(*out->logs));
	out->ranges = mem_zero(n->late_count + 1, sizeof(*out->ranges));
	if (out->logs == NULL || out->ranges == NULL) {
		erase_request_free(out);
		return err_plain(err, ERR_NO_MEMORY);
	}
	for (size_t i = 0; i < n->late_count; i++) {
		const struct log_key *key = &replica_log_at(n->home.replica, ROW_LOG(n->late[i]))->key;
		const struct erase_order *mine = order_for(n, &key->stream);
		struct erase_log *l;

		if (mine == NULL || !SAME(mine->id, o->id))
			continue;
		if (ROW_LOG(n->late[i]) != last) {
			if (out->log_count == ERASE_LOGS_MAX)
				break;
			last = ROW_LOG(n->late[i]);
			out->logs[out->log_count++] = (struct erase_log){ .author = key->author, .stream = key->stream, .inc = key->inc,
			                                                  .ranges = out->ranges + out->range_count };
		}
		l = &out->logs[out->log_count - 1];
		if (l->range_count > 0 && l->ranges[l->range_count - 1].to + 1 == ROW_SEQ(n->late[i])) {
			l->ranges[l->range_count - 1].to++;
			continue;
		}
		l->ranges[l->range_count++] = (struct erase_range){ ROW_SEQ(n->late[i]), ROW_SEQ(n->late[i]) };
		out->range_count++;
	}
	return ERR_OK;
}

/* Has this device done its part: buried the keys, or never had any? */
static bool
is_done(struct node *n, const struct erase_order *o)
{
	return is_buried(n, &o->id) || !reads_what_it_names(n, o);
}

static uint64_t
oldest_epoch(struct node *n, const struct erase_order *o)
{
	uint64_t oldest = 0;

	for (size_t i = 0; i < o->request.log_count; i++) {
		uint64_t of = vault_oldest_n(n->vault, &o->request.logs[i].stream);

		if (of != 0 && (oldest == 0 || of < oldest))
			oldest = of;
	}
	return oldest;
}

static enum err_code
confirm(struct node *n, const struct erase_order *o, struct err *err)
{
	struct erase_receipt receipt = { .request = o->id, .keys = true, .oldest = oldest_epoch(n, o) };
	bool before = orders_receipt_of(replica_orders(n->home.replica), &o->id, &n->home.keys->device.sign_pk) != NULL;
	enum err_code rc = late_of(n, o, &receipt.late, err);

	if (rc == ERR_OK && (!before || receipt.late.log_count > 0)) {
		replica_receipt(n->home.replica, &o->request, &receipt);
		rc = replica_put_receipt(n->home.replica, &n->home.keys->device, &n->home.keys->inc, &receipt, err);
	}
	erase_receipt_free(&receipt);
	return rc;
}

static enum err_code
finish(struct node *n, struct err *err)
{
	const struct orders *orders = replica_orders(n->home.replica);
	size_t late = n->late_count < ROW_LATE_MAX ? n->late_count : ROW_LATE_MAX, left = n->late_count - late;
	enum err_code rc = ERR_OK;

	n->late_count = late; /* a receipt has room for so many */
	for (size_t i = 0; i < late && rc == ERR_OK; i++)
		rc = replica_erase(n->home.replica, ROW_LOG(n->late[i]), ROW_SEQ(n->late[i]), err);
	for (size_t i = 0; i < orders_count(orders) && rc == ERR_OK; i++)
		if (orders_at(orders, i)->approved && is_done(n, orders_at(orders, i)))
			rc = confirm(n, orders_at(orders, i), err);
	n->late_count = late + left;
	if (rc == ERR_OK)
		rc = replica_commit(n->home.replica, err);
	if (rc == ERR_OK) {
		if (left > 0)
			memmove(n->late, n->late + late, left * sizeof(*n->late));
		n->late_count = left;
	} else {
		replica_drop(n->home.replica);
	}
	return rc;
}

void
node_finish_erasures(struct node *n)
{
	const struct org_device *self = node_self(n);
	struct err err = ERR_INIT;
	enum err_code rc = ERR_OK;

	if (n->erasing || n->behind || n->shred_files || replica_read_only(n->home.replica) || self == NULL || !org_device_live(self))
		return;
	n->erasing = true;
	sort_late(n);
	do
		rc = finish(n, &err);
	while (rc == ERR_OK && n->late_count > 0);
	if (rc != ERR_OK)
		env_logf(n->env, "confirming an erasure: %s", err.text);
	n->erasing = false;
}
