/*
 * The heads of all logs live in memory and are never stored: a log's newest
 * row says both its length and its head, so the two cannot disagree after a
 * crash. One lookup per log at opening pays for it.
 */
#include "store/replica_internal.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/table.h"

enum { KEY_BYTES = sizeof(struct author) + sizeof(struct stream_id) + sizeof(struct inc) };

const char *
log_name(char out[NAME_BYTES], const struct log_key *key)
{
	struct device_id dev = device_id_of(&key->author);
	char device[9], stream[9];

	snprintf(out, NAME_BYTES, "log %s in stream %s", hex_encode(device, dev.b, 4), hex_encode(stream, key->stream.b, 4));
	return out;
}

static void
pack_key(uint8_t out[KEY_BYTES], const struct author *a, const struct stream_id *s, const struct inc *inc)
{
	memcpy(out, a->b, sizeof(a->b));
	memcpy(out + sizeof(a->b), s->b, sizeof(s->b));
	memcpy(out + sizeof(a->b) + sizeof(s->b), inc->b, sizeof(inc->b));
}

size_t
logs_trunk(const struct replica *r, const struct author *a, const struct stream_id *s, const struct inc *inc)
{
	uint8_t key[KEY_BYTES];
	uint64_t *at;

	if (!r->by_key)
		return NO_LOG;
	pack_key(key, a, s, inc);
	at = table_get(r->by_key, key);
	return at ? (size_t)*at : NO_LOG;
}

bool
replica_log_find(const struct replica *r, const struct log_key *key, size_t *i)
{
	size_t at = logs_trunk(r, &key->author, &key->stream, &key->inc);

	while (at != NO_LOG && !log_key_equal(&r->logs[at].head.key, key))
		at = r->logs[at].next;
	if (at != NO_LOG)
		*i = at;
	return at != NO_LOG;
}

bool
replica_log_by_short(const struct replica *r, const struct log8 *short_id, size_t *i)
{
	uint64_t *at = r->by_short ? table_get(r->by_short, short_id->b) : NULL;

	if (at)
		*i = (size_t)*at;
	return at != NULL;
}

static enum err_code
room_for_log(struct replica *r, struct err *err)
{
	size_t cap = r->cap;
	void *grown = mem_room(r->logs, r->count, &cap, sizeof(*r->logs));

	if (!grown)
		return err_plain(err, ERR_NO_MEMORY);
	r->logs = grown;
	if (cap != r->cap) {
		grown = mem_grow(r->sorted, cap * sizeof(*r->sorted));
		if (!grown)
			return err_plain(err, ERR_NO_MEMORY);
		r->sorted = grown;
		r->cap = cap;
	}
	if (!r->by_key)
		r->by_key = table_new(KEY_BYTES);
	if (!r->by_short)
		r->by_short = table_new(sizeof(struct log8));
	return r->by_key && r->by_short ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

/* Appends to the family's chain of branches. */
static void
join_family(struct replica *r, size_t trunk, size_t i)
{
	while (r->logs[trunk].next != NO_LOG)
		trunk = r->logs[trunk].next;
	r->logs[trunk].next = i;
}

static enum err_code
remember(struct replica *r, const struct log_key *key, bool own, size_t parent, size_t *out, struct err *err)
{
	size_t i = r->count, trunk = logs_trunk(r, &key->author, &key->stream, &key->inc);
	enum err_code rc = room_for_log(r, err);
	uint8_t packed[KEY_BYTES];
	uint64_t *by_short, *by_key = NULL;
	struct log *l;

	if (rc != ERR_OK)
		return rc;
	l = &r->logs[i];
	memset(l, 0, sizeof(*l));
	l->head.key = *key;
	l->head.short_id = log8_of(key);
	l->base = l->head.len = key->is_branch ? key->branch_seq : 0;
	l->own = own;
	l->parent = parent;
	l->next = NO_LOG;
	by_short = table_put(r->by_short, l->head.short_id.b);
	if (!key->is_branch) {
		pack_key(packed, &key->author, &key->stream, &key->inc);
		by_key = table_put(r->by_key, packed);
	}
	if (!by_short || (!key->is_branch && !by_key))
		return err_plain(err, ERR_NO_MEMORY);
	*by_short = i;
	if (by_key)
		*by_key = i;
	else
		join_family(r, trunk, i);
	r->count++;
	*out = i;
	return ERR_OK;
}

enum err_code
logs_add(struct replica *r, const struct log_key *key, bool own, size_t parent, size_t *out, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_LOG_ADD,
	                          "INSERT INTO log(no, author, stream, inc, own, parent, branch_seq, branch_id)"
	                          " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", err);
	enum err_code rc;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_clear(s);
	db_bind_int(s, 1, (int64_t)r->count + 1);
	DB_BIND(s, 2, key->author);
	DB_BIND(s, 3, key->stream);
	DB_BIND(s, 4, key->inc);
	db_bind_int(s, 5, own);
	if (key->is_branch) {
		db_bind_int(s, 6, (int64_t)parent + 1);
		db_bind_int(s, 7, (int64_t)key->branch_seq);
		DB_BIND(s, 8, key->branch_id);
	}
	rc = db_run(&r->db, s, err);
	return rc == ERR_OK ? remember(r, key, own, parent, out, err) : rc;
}

enum err_code
logs_load_head(struct replica *r, size_t i, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_HEAD,
	                          "SELECT n, id FROM entry WHERE n BETWEEN ?1 AND ?2 ORDER BY n DESC LIMIT 1", err);
	struct log *l = &r->logs[i];
	enum err_code rc = ERR_OK;
	int step;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	l->head.len = l->base;
	l->head.head = l->parent == NO_LOG ? (struct hash){ { 0 } } : r->logs[l->parent].head.head;
	db_bind_int(s, 1, row_of(r, i, l->base));
	db_bind_int(s, 2, row_last(r, i));
	step = db_step(s);
	if (step == DB_ROW) {
		l->head.len = row_seq(db_int(s, 0)) + 1;
		if (!DB_TAKE(s, 1, l->head.head))
			rc = err_plain(err, ERR_DAMAGED);
	} else if (step != DB_DONE) {
		rc = db_error(&r->db, step, err);
	}
	db_reset(s);
	return rc;
}

enum err_code
logs_id_at(struct replica *r, size_t i, uint64_t seq, struct hash *out, struct err *err)
{
	const struct log *l = &r->logs[i];
	enum err_code rc = ERR_OK;
	char name[NAME_BYTES];
	struct stmt *s;
	int step;

	assert(seq >= l->base && seq < l->head.len);
	if (seq == l->head.len - 1) {
		*out = l->head.head;
		return ERR_OK;
	}
	s = db_stmt(&r->db, DB_ENTRY_ID, "SELECT id FROM entry WHERE n = ?1", err);
	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, row_of(r, i, seq));
	step = db_step(s);
	if (step != DB_ROW && step != DB_DONE)
		rc = db_error(&r->db, step, err);
	else if (step == DB_DONE || !DB_TAKE(s, 0, *out))
		rc = err_set(err, ERR_DAMAGED, "%s: entry %llu is missing or damaged", log_name(name, &l->head.key),
		             (unsigned long long)seq);
	db_reset(s);
	return rc;
}

void
logs_clear(struct replica *r)
{
	table_free(r->by_key);
	table_free(r->by_short);
	r->by_key = r->by_short = NULL;
	r->count = 0;
	r->entries = 0;
	r->damaged_count = 0;
}

static bool
key_from_row(struct log_key *key, size_t *parent, struct stmt *s)
{
	memset(key, 0, sizeof(*key));
	*parent = NO_LOG;
	if (!DB_TAKE(s, 1, key->author) || !DB_TAKE(s, 2, key->stream) || !DB_TAKE(s, 3, key->inc))
		return false;
	if (db_is_null(s, 4))
		return true;
	key->is_branch = true;
	*parent = (size_t)db_int(s, 4) - 1;
	key->branch_seq = (uint64_t)db_int(s, 5);
	return DB_TAKE(s, 6, key->branch_id);
}

enum err_code
logs_load_new(struct replica *r, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_LOG_LIST,
	                          "SELECT no, author, stream, inc, parent, branch_seq, branch_id, own FROM log WHERE no > ?1 ORDER BY no", err);
	enum err_code rc = ERR_OK;
	int step = DB_DONE;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	db_bind_int(s, 1, (int64_t)r->count);
	while (rc == ERR_OK && (step = db_step(s)) == DB_ROW) {
		struct log_key key;
		size_t parent, i;

		if (db_int(s, 0) != (int64_t)r->count + 1 || !key_from_row(&key, &parent, s) ||
		    (!key.is_branch) != (logs_trunk(r, &key.author, &key.stream, &key.inc) == NO_LOG))
			rc = err_set(err, ERR_DAMAGED, "the list of logs is damaged at number %zu", r->count + 1);
		else
			rc = remember(r, &key, db_int(s, 7) != 0, parent, &i, err);
	}
	if (rc == ERR_OK && step != DB_DONE)
		rc = db_error(&r->db, step, err);
	db_reset(s);
	return rc;
}

static enum err_code
load_lacking(struct replica *r, struct err *err)
{
	struct stmt *s = db_stmt(&r->db, DB_LACKING_LOGS,
	                          "SELECT DISTINCT (n & 4611686018427387903) >> 40 FROM entry WHERE payload IS NULL AND erased = 0", err);
	int step;

	if (!s)
		return err ? err->code : ERR_NO_MEMORY;
	while ((step = db_step(s)) == DB_ROW) {
		uint64_t no = (uint64_t)db_int(s, 0);

		if (no >= 1 && no <= r->count)
			r->logs[no - 1].lacks = true;
	}
	db_reset(s);
	return step == DB_DONE ? ERR_OK : db_error(&r->db, step, err);
}

enum err_code
logs_load(struct replica *r, struct err *err)
{
	enum err_code rc;

	logs_clear(r);
	rc = logs_load_new(r, err);
	/* A parent may have a higher number than its branch: splitting gives the older half a new number. */
	for (size_t i = 0; rc == ERR_OK && i < r->count; i++) {
		size_t parent = r->logs[i].parent;

		if (parent == NO_LOG)
			continue;
		if (parent >= r->count || parent == i)
			rc = err_set(err, ERR_DAMAGED, "the list of logs is damaged at number %zu", i + 1);
		else
			r->logs[parent].ended = true;
	}
	for (size_t i = 0; rc == ERR_OK && i < r->count; i++) {
		rc = logs_load_head(r, i, err);
		r->entries += r->logs[i].head.len - r->logs[i].base;
	}
	return rc == ERR_OK ? load_lacking(r, err) : rc;
}

size_t
replica_log_count(const struct replica *r)
{
	return r->count;
}

const struct log_head *
replica_log_at(const struct replica *r, size_t i)
{
	assert(i < r->count);
	return &r->logs[i].head;
}

uint64_t
replica_entry_count(const struct replica *r)
{
	return r->entries;
}

void
replica_frontier(struct replica *r, bool (*share)(void *ctx, const struct log_head *h), void *ctx, uint8_t out[32])
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (!share || share(ctx, &r->logs[i].head))
			r->sorted[n++] = r->logs[i].head;
	}
	frontier_root(out, r->sorted, n);
}
