/*
 * Erasure as a reader does it. The replica deletes what orders name; here go
 * the keys, the records and whatever else could still be read:
 *
 *   approved order ─> box opened ─> keys, group, records buried in the keystore ─> view built anew from what is left
 *                                                                              ─> snapshot gone, and its key
 *   (its group stands in clear, for those to whom the key of its box never comes)
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

enum { ROW_LATE_MAX = 1024 }; /* at 29 bytes a range and 256 logs a receipt stays below PAYLOAD_BYTES_MAX */
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
	struct group_id clear;

	if (rc == ERR_OK)
		rc = erase_case_decode(out, buf_bytes(keep), err);
	if (rc == ERR_OK && vault_order_group(o->request.box, &clear) && !SAME(clear, out->group))
		rc = err_set(err, ERR_DAMAGED, "an order to erase tells one group in clear and another in its box");
	return rc;
}

static enum err_code
remember(struct hash **list, size_t *count, size_t *cap, const struct hash *id, struct err *err)
{
	struct hash *room = mem_room(*list, *count, cap, sizeof(*room));

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	*list = room;
	room[(*count)++] = *id;
	return ERR_OK;
}

static bool
reads_what_it_names(struct node *n, const struct erase_order *o)
{
	const struct org_device *self = node_self(n);
	bool reads = false;

	for (size_t i = 0; i < o->request.log_count && self != NULL; i++)
		reads = reads || org_reads(node_org(n), &o->request.logs[i].stream, &self->id);
	return reads;
}

static bool
is_nobodys(const struct group_id *image)
{
	static const uint8_t open_group[16];
	uint8_t nobodys[16];

	erase_image(nobodys, open_group);
	return memcmp(image->b, nobodys, sizeof(nobodys)) == 0;
}

/* Told in clear, and so buried here whether or not its box opens. */
static bool
buried_in_clear(const struct node *n, const struct erase_order *o)
{
	struct group_id image;

	return vault_order_group(o->request.box, &image) && (is_nobodys(&image) || keystore_tombstoned(n->home.keys, TOMB_GROUP, image.b));
}

/* The record that has the group's id is in it: a case's group is its own. */
static enum err_code
bury_clear(struct node *n, const struct group_id *image, struct err *err)
{
	enum err_code rc = keystore_add_tombstone(n->home.keys, TOMB_GROUP, image->b, err);

	if (rc == ERR_OK)
		rc = keystore_add_tombstone(n->home.keys, TOMB_RECORD, image->b, err);
	return rc == ERR_OK ? vault_bury_group(n->vault, image->b, err) : rc;
}

/*
 * Its box does not open here, perhaps not yet, so what it lists beside the group is not known; but the payloads that it
 * names are gone. What they had brought is still shown: the view is made again of what is left, once for each order.
 */
static enum err_code
take_out_unnamed(struct node *n, const struct erase_order *o, bool *fresh, struct err *err)
{
	if (buried_in_clear(n, o)) { /* the tombstone remembers it */
		if (*fresh && reads_what_it_names(n, o))
			n->start_over = true;
		return ERR_OK;
	}
	for (size_t i = 0; i < n->unopened_count; i++)
		if (SAME(n->unopened[i], o->id))
			return ERR_OK;
	if (reads_what_it_names(n, o))
		*fresh = n->start_over = true;
	return remember(&n->unopened, &n->unopened_count, &n->unopened_cap, &o->id, err);
}

/* *fresh: there were ids in it that had not been buried before. */
static enum err_code
bury_order(struct node *n, const struct erase_order *o, bool *fresh, struct err *err)
{
	size_t before = n->home.keys->tombstone_count;
	struct group_id image;
	struct buf keep = BUF_INIT;
	struct erase_case c;
	enum err_code rc = node_open_order(n, o, &c, &keep, NULL), noted = ERR_OK;
	bool mine = false;

	/* Nobody erases what all share. */
	if (rc == ERR_OK && !is_nobodys(&c.group))
		rc = bury_ids(n, &c, err);
	buf_wipe(&keep);
	if (rc != ERR_OK && rc != ERR_NO_MEMORY && vault_order_group(o->request.box, &image) && !is_nobodys(&image))
		noted = bury_clear(n, &image, err);
	if (rc == ERR_NO_MEMORY || noted == ERR_NO_MEMORY)
		return err_plain(err, ERR_NO_MEMORY);
	mine = n->home.keys->tombstone_count != before;
	if (rc != ERR_OK && noted == ERR_OK)
		noted = take_out_unnamed(n, o, &mine, err);
	*fresh = *fresh || mine;
	if (noted != ERR_OK)
		return noted;
	if (rc == ERR_KEY)
		return ERR_OK; /* tried again when keys come */
	return remember(&n->buried, &n->buried_count, &n->buried_cap, &o->id, err);
}

enum err_code
node_bury_orders(struct node *n, bool *fresh, struct err *err)
{
	const struct orders *orders = replica_orders(n->home.replica);
	size_t before = n->home.keys->tombstone_count;
	enum err_code rc = ERR_OK;

	*fresh = false;
	for (size_t i = 0; i < orders_count(orders) && rc == ERR_OK; i++) {
		const struct erase_order *o = orders_at(orders, i);

		if (o->approved && !is_buried(n, &o->id))
			rc = bury_order(n, o, fresh, err);
	}
	*fresh = *fresh || n->home.keys->tombstone_count != before; /* also when memory was short half way through one */
	n->shred_files = n->shred_files || *fresh;
	n->start_over = n->start_over || (*fresh && rc != ERR_OK); /* what is buried is not found fresh twice */
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
	if (before == VIEW_UNCOUNTED || after == VIEW_UNCOUNTED)
		node_gather_short(n);
	else if (after < before)
		node_gather_count(n, GATHER_ERASED, before - after);
	try_beyond(n);
	n->roster_changed = true;
	n->start_over = n->start_over || rc != ERR_OK;
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
	if (node_desk_ready(n, false, err) != ERR_OK) /* it has to be written under the key that comes; one that the disk does not give goes */
		return ERR_NO_MEMORY;
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

struct late_place { struct erase_place *place; };

static bool
take_id(void *ctx, const struct entry *e)
{
	struct late_place *at = ctx;

	memcpy(at->place->range.head16, e->id.b, sizeof(at->place->range.head16));
	return true;
}

/* The range that this late row goes on, or one of its own: each names its entry at the end. */
static enum err_code
add_late_place(struct node *n, struct erase_place *places, size_t *count, size_t *last_log, uint64_t row, struct err *err)
{
	const struct log_key *key = &replica_log_at(n->home.replica, ROW_LOG(row))->key;
	struct late_place at = { *count > 0 ? &places[*count - 1] : NULL };

	if (at.place != NULL && *last_log == ROW_LOG(row) && at.place->range.to + 1 == ROW_SEQ(row)) {
		at.place->range.to++;
	} else {
		at.place = &places[(*count)++];
		*at.place = (struct erase_place){ key->author, key->stream, key->inc, { ROW_SEQ(row), ROW_SEQ(row), { 0 } } };
		*last_log = ROW_LOG(row);
	}
	return replica_scan(n->home.replica, ROW_LOG(row), ROW_SEQ(row), ROW_SEQ(row) + 1, true, take_id, &at, err);
}

/* The logs and ranges of the late rows that go with this order. The caller frees it: erase_request_free(). */
static enum err_code
late_of(struct node *n, const struct erase_order *o, struct erase_request *out, struct err *err)
{
	struct erase_place *places = mem_zero(n->late_count + 1, sizeof(*places));
	size_t count = 0, last_log = SIZE_MAX;
	enum err_code rc = places != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n->late_count && rc == ERR_OK; i++) {
		const struct erase_order *mine = order_for(n, &replica_log_at(n->home.replica, ROW_LOG(n->late[i]))->key.stream);

		if (mine != NULL && SAME(mine->id, o->id))
			rc = add_late_place(n, places, &count, &last_log, n->late[i], err);
	}
	if (rc == ERR_OK)
		rc = erase_request_places(out, places, count, err);
	mem_free(places);
	return rc;
}

/* Has this device done its part: buried the keys, or never had any? */
static bool
is_done(struct node *n, const struct erase_order *o)
{
	return is_buried(n, &o->id) || buried_in_clear(n, o) || !reads_what_it_names(n, o);
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

	if (rc == ERR_OK && ((!before && replica_can_confirm(n->home.replica, &o->request)) || receipt.late.log_count > 0)) {
		rc = replica_receipt(n->home.replica, &o->request, &receipt, err);
		if (rc == ERR_OK)
			rc = replica_put_receipt(n->home.replica, &n->home.keys->device, &n->home.keys->inc, &receipt, err);
	}
	erase_receipt_free(&receipt);
	return rc;
}

/* How many of the late rows one receipt has room for. They are sorted. */
static size_t
fitting_late(const struct node *n)
{
	size_t logs = 0, i;

	for (i = 0; i < n->late_count && i < ROW_LATE_MAX; i++) {
		logs += i == 0 || ROW_LOG(n->late[i]) != ROW_LOG(n->late[i - 1]);
		if (logs > ERASE_LOGS_MAX)
			break;
	}
	return i;
}

static enum err_code
finish(struct node *n, struct err *err)
{
	const struct orders *orders = replica_orders(n->home.replica);
	size_t late = fitting_late(n), left = n->late_count - late;
	enum err_code rc = ERR_OK;

	n->late_count = late;
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
