/*
 * What the view is asked: one record, all of a type, those in conflict, the
 * hash of all of them.
 */
#include "view/view.h"

#include "crypto/hc.h"
#include "view/view_internal.h"

enum err_code
view_read_row(struct view *v, sqlite3_stmt *s, int column, struct record *r, struct stream_id *team, struct err *err)
{
	struct record_id id;

	(void)v;
	if (!view_take(s, column, id.b, sizeof(id.b)) || (team != NULL && !view_take(s, column + 1, team->b, sizeof(team->b))))
		return err_set(err, ERR_DAMAGED, "a row of the view is not in the form it must have");
	record_reset(r, &id);
	return record_decode(r, view_blob(s, column + 2), err);
}

enum err_code
view_get(struct view *v, const struct record_id *id, struct record *out, struct stream_id *team, struct err *err)
{
	sqlite3_stmt *s = view_record_row(v, id, err);
	enum err_code rc;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	rc = view_next(v, s, err);
	if (rc == ERR_OK)
		rc = view_read_row(v, s, RECORD_ID, out, team, err);
	else if (rc == ERR_UNKNOWN)
		rc = err_set(err, ERR_UNKNOWN, "no record has that id");
	(void)sqlite3_reset(s);
	return rc;
}

enum err_code
view_find(struct view *v, const char *id_prefix, struct record_id *out, struct err *err)
{
	uint8_t low[16] = { 0 }, high[16];
	char first[33], second[33];
	int digits = hex_prefix(low, sizeof(low), id_prefix);
	struct record_id other;
	enum err_code rc;
	sqlite3_stmt *s;
	int found = 0;

	if (digits < 6)
		return err_set(err, ERR_INVALID, "an id is 6 to 32 hex digits");
	memset(high, 0xff, sizeof(high));
	memcpy(high, low, (size_t)digits / 2);
	if (digits % 2 != 0)
		high[digits / 2] = low[digits / 2] | 0x0f;
	memset(low + (digits + 1) / 2, 0, sizeof(low) - (size_t)(digits + 1) / 2);
	s = view_stmt(v, VIEW_FIND, "SELECT id FROM record WHERE id BETWEEN ?1 AND ?2 AND type <> 1 ORDER BY id LIMIT 2", err);
	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	view_bind_blob(s, 1, BYTES(low, sizeof(low)));
	view_bind_blob(s, 2, BYTES(high, sizeof(high)));
	while ((rc = view_next(v, s, err)) == ERR_OK && view_take(s, 0, found == 0 ? out->b : other.b, sizeof(out->b)))
		found++;
	(void)sqlite3_reset(s);
	if (rc != ERR_OK && rc != ERR_UNKNOWN)
		return rc;
	if (found == 0)
		return err_set(err, ERR_UNKNOWN, "no record has an id that begins with %.32s", id_prefix);
	if (found > 1)
		return err_set(err, ERR_INVALID, "%.32s begins several ids: %s and %s", id_prefix,
		               hex_encode(first, out->b, sizeof(out->b)), hex_encode(second, other.b, sizeof(other.b)));
	return ERR_OK;
}

bool
view_has(struct view *v, const struct record_id *id)
{
	sqlite3_stmt *s = view_record_row(v, id, NULL);
	bool found = s != NULL && view_next(v, s, NULL) == ERR_OK;

	(void)sqlite3_reset(s);
	return found;
}

bool
view_has_import(struct view *v, const struct record_id *id, const uint8_t import[16])
{
	sqlite3_stmt *s = view_record_row(v, id, NULL);
	struct maker m = { .row = 0 };
	struct bytes rest;
	bool found = false;

	if (s != NULL && view_next(v, s, NULL) == ERR_OK)
		for (rest = view_blob(s, RECORD_ROWS); !found && maker_next(&rest, &m);)
			found = m.has_import && memcmp(m.import, import, sizeof(m.import)) == 0;
	(void)sqlite3_reset(s);
	return found;
}

bool
view_import_of(struct view *v, const struct record_id *id, const uint8_t entry[16], uint8_t import[16])
{
	sqlite3_stmt *s = view_record_row(v, id, NULL);
	struct maker m = { .row = 0 };
	struct bytes rest;
	bool found = false;

	if (s != NULL && view_next(v, s, NULL) == ERR_OK)
		for (rest = view_blob(s, RECORD_ROWS); !found && maker_next(&rest, &m);)
			found = m.has_import && memcmp(m.entry, entry, sizeof(m.entry)) == 0;
	(void)sqlite3_reset(s);
	if (found)
		memcpy(import, m.import, sizeof(m.import));
	return found;
}

typedef bool (*record_cb)(void *ctx, const struct record *r, const struct stream_id *team);

/* Gives the rows of `s` (id, team, state) to cb, decoded, and finalizes it. */
static enum err_code
each_row(struct view *v, sqlite3_stmt *s, record_cb cb, void *ctx, struct err *err)
{
	static const struct record_id none;
	struct record *r = s != NULL ? record_new(&none) : NULL;
	enum err_code rc = r != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	struct stream_id team;

	while (rc == ERR_OK && (rc = view_next(v, s, err)) == ERR_OK) {
		rc = view_read_row(v, s, 0, r, &team, err);
		if (rc == ERR_OK && !cb(ctx, r, &team))
			break;
	}
	(void)sqlite3_finalize(s);
	record_free(r);
	return rc == ERR_UNKNOWN ? ERR_OK : rc; /* it was the last */
}

enum err_code
view_each(struct view *v, uint32_t type, record_cb cb, void *ctx, struct err *err)
{
	/* Along the index: a sort would hold every state at once. */
	sqlite3_stmt *s = view_walk(v, "SELECT id, team, state FROM record WHERE type = ?1 OR (?1 = 0 AND type <> 1) ORDER BY first DESC, id", err);

	if (s != NULL)
		(void)sqlite3_bind_int64(s, 1, type);
	return each_row(v, s, cb, ctx, err);
}

enum err_code
view_scan(struct view *v, record_cb cb, void *ctx, struct err *err)
{
	/* Along the table itself: no index in between, and no seek for a record. */
	return each_row(v, view_walk(v, "SELECT id, team, state FROM record WHERE type <> 1 ORDER BY row", err), cb, ctx, err);
}

enum err_code
view_conflicts(struct view *v, record_cb cb, void *ctx, struct err *err)
{
	return each_row(v, view_walk(v, "SELECT id, team, state FROM record WHERE conflict = 1 AND type <> 1 ORDER BY first DESC, id", err), cb, ctx, err);
}

enum err_code
view_history(struct view *v, const struct record_id *id, bool (*cb)(void *ctx, uint64_t row), void *ctx, struct err *err)
{
	sqlite3_stmt *s = view_walk(v, "SELECT rows FROM record WHERE id = ?1", err);
	struct maker m = { .row = 0 };
	struct bytes rest;
	enum err_code rc;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	VIEW_BIND(s, 1, *id);
	rc = view_next(v, s, err);
	if (rc == ERR_OK)
		for (rest = view_blob(s, 0); maker_next(&rest, &m) && cb(ctx, m.row);)
			;
	(void)sqlite3_finalize(s);
	return rc == ERR_UNKNOWN ? ERR_OK : rc;
}

uint64_t
view_record_count(struct view *v)
{
	if (!v->count_known)
		v->count_known = view_number(v, "SELECT count(*) FROM record WHERE type <> 1", &v->count, NULL) == ERR_OK;
	return v->count_known ? v->count : VIEW_UNCOUNTED;
}

uint64_t
view_conflict_count(struct view *v)
{
	uint64_t count;

	return view_number(v, "SELECT count(*) FROM record WHERE conflict = 1 AND type <> 1", &count, NULL) == ERR_OK ? count : VIEW_UNCOUNTED;
}

static bool
add_canonical(void *ctx, const struct record *r, const struct stream_id *team)
{
	(void)team;
	record_canonical(ctx, r);
	return true;
}

enum err_code
view_state_hash(struct view *v, uint8_t out[32], struct err *err)
{
	struct buf all = BUF_INIT;
	enum err_code rc = ERR_OK;

	if (!v->hash_known) {
		uint64_t count = 0;

		rc = view_number(v, "SELECT count(*) FROM record", &count, err);
		wr_array(&all, count);
		if (rc == ERR_OK)
			rc = each_row(v, view_walk(v, "SELECT id, team, state FROM record ORDER BY id", err), add_canonical, &all, err);
		if (rc == ERR_OK && !buf_ok(&all))
			rc = err_plain(err, ERR_NO_MEMORY);
		if (rc == ERR_OK) {
			HC(v->hash, sizeof(v->hash), BYTES_NONE, "fb1/state", buf_bytes(&all));
			v->hash_known = true;
		}
		buf_wipe(&all);
	}
	memcpy(out, v->hash, sizeof(v->hash));
	return rc;
}
