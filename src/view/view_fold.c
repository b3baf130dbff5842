/*
 * A batch of changes becomes records: sorted by record, each record loaded,
 * folded and written once. Sorting by id also makes new rows and their index
 * grow at the end.
 */
#include "view/view.h"

#include <stdlib.h>

#include "base/mem.h"
#include "view/view_internal.h"

struct item { struct record_id record; const struct view_change *change; };

/* Where a record stands while it is being folded. */
struct fold {
	int64_t row;
	bool stored;                /* there is a row to update */
	struct stream_id team;      /* of the first change by (hlc, entry) */
	uint64_t first;
	uint8_t first_entry[16];
	bool conflict, dirty;       /* as stored */
	bool empty;
	bool moved;                 /* first change, type or team are others than stored */
	bool changed;               /* something was folded into it */
	bool rebuild;               /* an import's older twin came later */
};

/* ---- one record ---- */

static enum err_code
load(struct view *v, const struct record_id *id, size_t coming, struct fold *f, struct err *err)
{
	sqlite3_stmt *s = view_record_row(v, id, err);
	enum err_code rc = ERR_OK;
	int step;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	*f = (struct fold){ .empty = true };
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		f->empty = false;
		f->stored = true;
		f->row = sqlite3_column_int64(s, RECORD_ROW);
		f->first = (uint64_t)sqlite3_column_int64(s, RECORD_FIRST);
		f->conflict = sqlite3_column_int(s, RECORD_CONFLICT) != 0;
		f->dirty = sqlite3_column_int(s, RECORD_DIRTY) != 0;
		memcpy(f->first_entry, view_blob(s, RECORD_FIRST_ENTRY).p, sizeof(f->first_entry));
		rc = view_read_row(v, s, RECORD_ID, v->work, &f->team, err);
		if (rc == ERR_OK)
			rc = makers_decode(&v->makers, view_blob(s, RECORD_ROWS), coming, err);
	} else if (step == SQLITE_DONE) {
		record_reset(v->work, id);
		rc = view_next_row(v, &f->row, err);
		if (rc == ERR_OK)
			rc = makers_decode(&v->makers, BYTES_NONE, coming, err);
	} else {
		rc = view_error(v, err);
	}
	(void)sqlite3_reset(s);
	return rc;
}

static enum err_code
apply(struct view *v, struct fold *f, const struct change *c, const uint8_t entry[16], const struct author *author,
      const struct stream_id *team, struct err *err)
{
	struct origin from;
	enum err_code rc;

	rc = view_author_number(v, author, &from.author, err);
	if (rc != ERR_OK)
		return rc;
	memcpy(from.entry, v->of_rows && c->has_import ? c->import : entry, sizeof(from.entry));
	if (f->empty || c->hlc < f->first || (c->hlc == f->first && memcmp(entry, f->first_entry, 16) < 0)) {
		f->first = c->hlc;
		f->team = *team;
		memcpy(f->first_entry, entry, 16);
		f->empty = false;
		f->moved = true;
	}
	return record_apply(v->work, c, &from, err);
}

/*
 * Notes that the entry is among those that made the record. Of two with one import the smaller id counts.
 * *fresh: it was not noted before, and counts.
 */
static enum err_code
add_maker(struct view *v, struct fold *f, const struct change *c, const struct view_change *vc, bool *fresh, struct err *err)
{
	struct maker one = { .row = vc->row, .has_import = c->has_import };
	const struct maker *twin = c->has_import ? makers_of_import(&v->makers, c->import) : NULL;

	*fresh = !makers_have(&v->makers, vc->row) && (twin == NULL || memcmp(vc->entry, twin->entry, sizeof(twin->entry)) < 0);
	if (!*fresh)
		return ERR_OK;
	f->changed = true;
	if (c->has_import) {
		memcpy(one.import, c->import, sizeof(one.import));
		memcpy(one.entry, vc->entry, sizeof(one.entry));
	}
	f->rebuild = f->rebuild || twin != NULL;
	return twin != NULL ? makers_replace(&v->makers, twin, &one, err) : makers_add(&v->makers, &one, err);
}

static enum err_code
fold_one(struct view *v, struct fold *f, const struct view_change *vc, struct err *err)
{
	struct change c;
	enum err_code rc = change_decode(&c, vc->body, &v->space, NULL);
	bool fresh = false;

	if (rc == ERR_NO_MEMORY)
		return err_plain(err, rc);
	if (rc != ERR_OK) {
		v->undecodable++;
		return ERR_OK;
	}
	rc = add_maker(v, f, &c, vc, &fresh, err);
	if (rc != ERR_OK || !fresh)
		return rc;
	return apply(v, f, &c, vc->entry, &vc->author, &vc->team, err);
}

/* One of its entries, read again. One that cannot be read any more has been erased. */
static enum err_code
apply_again(struct view *v, struct fold *f, uint64_t row, struct err *err)
{
	struct err why = ERR_INIT;
	struct view_change vc;
	struct change c;
	enum err_code rc = v->read(v->read_ctx, row, &vc, &why);

	if (rc != ERR_OK) {
		if (rc != ERR_UNKNOWN && err != NULL)
			*err = why;
		return rc == ERR_UNKNOWN ? ERR_OK : rc;
	}
	rc = change_decode(&c, vc.body, &v->space, NULL);
	if (rc == ERR_OK)
		return apply(v, f, &c, vc.entry, &vc.author, &vc.team, err);
	return rc == ERR_NO_MEMORY ? err_plain(err, rc) : ERR_OK;
}

/* From the entries themselves. */
static enum err_code
rebuild(struct view *v, const struct record_id *id, struct fold *f, struct err *err)
{
	enum err_code rc = ERR_OK;

	record_reset(v->work, id);
	makers_sort(&v->makers);
	f->empty = true;
	for (size_t i = 0; i < v->makers.count && v->read != NULL && rc == ERR_OK; i++)
		rc = apply_again(v, f, v->makers.at[i].row, err);
	return rc;
}

/* What is set again is taken out of its indexes and put back, so a change sets no more than it must: most leave a record in its place. */
static sqlite3_stmt *
store_stmt(struct view *v, const struct fold *f, bool conflict, bool dirty, struct err *err)
{
	if (!f->stored)
		return view_stmt(v, VIEW_RECORD_ADD,
			"INSERT INTO record(row, state, rows, conflict, dirty, type, team, first, first_entry, id)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", err);
	if (f->moved)
		return view_stmt(v, VIEW_RECORD_MOVE,
			"UPDATE record SET state = ?2, rows = ?3, conflict = ?4, dirty = ?5, type = ?6, team = ?7, first = ?8, first_entry = ?9"
			" WHERE row = ?1", err);
	if (f->conflict != conflict || f->dirty != dirty)
		return view_stmt(v, VIEW_RECORD_MARK, "UPDATE record SET state = ?2, rows = ?3, conflict = ?4, dirty = ?5 WHERE row = ?1", err);
	return view_stmt(v, VIEW_RECORD_PUT, "UPDATE record SET state = ?2, rows = ?3 WHERE row = ?1", err);
}

static enum err_code
store(struct view *v, const struct fold *f, struct err *err)
{
	bool conflict = record_has_conflict(v->work), dirty = record_type(v->work) != TYPE_ROSTER;
	sqlite3_stmt *s = store_stmt(v, f, conflict, dirty, err);
	int parameters = s != NULL ? sqlite3_bind_parameter_count(s) : 0;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	buf_clear(&v->scratch);
	record_encode(&v->scratch, v->work);
	buf_clear(&v->rows);
	makers_sort(&v->makers);
	makers_encode(&v->rows, &v->makers);
	if (!buf_ok(&v->scratch) || !buf_ok(&v->rows))
		return err_plain(err, ERR_NO_MEMORY);
	(void)sqlite3_bind_int64(s, 1, f->row);
	view_bind_blob(s, 2, buf_bytes(&v->scratch));
	view_bind_blob(s, 3, buf_bytes(&v->rows));
	if (parameters > 3) {
		(void)sqlite3_bind_int(s, 4, conflict);
		(void)sqlite3_bind_int(s, 5, dirty);
	}
	if (parameters > 5) {
		(void)sqlite3_bind_int64(s, 6, record_type(v->work));
		VIEW_BIND(s, 7, f->team);
		(void)sqlite3_bind_int64(s, 8, (sqlite3_int64)f->first);
		view_bind_blob(s, 9, BYTES(f->first_entry, sizeof(f->first_entry)));
	}
	if (parameters > 9)
		VIEW_BIND(s, 10, *record_id_of(v->work));
	return view_run(v, s, err);
}

static enum err_code
fold_record(struct view *v, const struct item *items, size_t count, struct err *err)
{
	struct fold f;
	enum err_code rc = load(v, &items[0].record, count, &f, err);

	for (size_t i = 0; i < count && rc == ERR_OK; i++)
		rc = fold_one(v, &f, items[i].change, err);
	if (rc == ERR_OK && f.rebuild)
		rc = rebuild(v, &items[0].record, &f, err);
	if (rc == ERR_OK && f.changed && !f.empty)
		rc = store(v, &f, err);
	return rc;
}

/* ---- a batch ---- */

static int
item_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	uint64_t left = be64_get(x->record.b), right = be64_get(y->record.b); /* nearly always enough */
	int order = left != right ? (left > right) - (left < right) : memcmp(x->record.b, y->record.b, sizeof(x->record.b));

	return order != 0 ? order : (x->change > y->change) - (x->change < y->change);
}

/* The record a body is about, without decoding all of it. */
static bool
peek_record(struct bytes body, struct record_id *out)
{
	struct rd r = rd_init(body);
	uint8_t group[16];

	rd_array(&r, 9);
	(void)rd_uint(&r, UINT32_MAX);
	(void)rd_uint(&r, UINT32_MAX);
	rd_bin(&r, group, sizeof(group));
	RD_FIXED(&r, *out);
	return !r.bad;
}

enum err_code
view_apply(struct view *v, const struct view_change *changes, size_t count, struct err *err)
{
	struct item *items = mem_alloc(count * sizeof(*items));
	uint64_t undecodable = v->undecodable;
	size_t used = 0;
	enum err_code rc;

	if (items == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < count; i++) {
		items[used].change = &changes[i];
		if (peek_record(changes[i].body, &items[used].record))
			used++;
		else
			v->undecodable++;
	}
	qsort(items, used, sizeof(*items), item_order);
	rc = used > 0 ? view_begin(v, err) : ERR_OK;
	for (size_t at = 0, next; at < used && rc == ERR_OK; at = next) {
		for (next = at + 1; next < used && SAME(items[next].record, items[at].record);)
			next++;
		rc = fold_record(v, items + at, next - at, err);
	}
	if (rc == ERR_OK && used > 0)
		rc = view_commit(v, err);
	if (rc != ERR_OK) {
		view_rollback(v);
		v->undecodable = undecodable;
	}
	v->hash_known = v->hash_known && count == 0;
	v->count_known = v->count_known && count == 0;
	mem_free(items);
	return rc;
}
