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
	bool empty;
	bool rebuild;               /* an import's older twin came later */
};

/* ---- imports ---- */

void
view_forget_imports(struct view *v)
{
	table_free(v->imports);
	v->imports = NULL;
}

static void
import_key(uint8_t out[32], const struct record_id *id, const uint8_t import[16])
{
	memcpy(out, id->b, 16);
	memcpy(out + 16, import, 16);
}

static enum err_code
load_imports(struct view *v, struct err *err)
{
	sqlite3_stmt *s;
	struct record_id id;
	uint8_t key[32];
	uint64_t *at;
	enum err_code rc = ERR_OK;

	if (v->imports != NULL)
		return ERR_OK;
	s = view_walk(v, "SELECT r.id, c.import, c.row FROM change c JOIN record r ON r.row = c.record WHERE c.import IS NOT NULL", err);
	v->imports = table_new(32);
	if (s == NULL || v->imports == NULL)
		rc = err_plain(err, ERR_NO_MEMORY);
	while (rc == ERR_OK && sqlite3_step(s) == SQLITE_ROW) {
		memcpy(id.b, view_blob(s, 0).p, sizeof(id.b));
		import_key(key, &id, view_blob(s, 1).p);
		at = table_put(v->imports, key);
		if (at == NULL)
			rc = err_plain(err, ERR_NO_MEMORY);
		else
			*at = (uint64_t)sqlite3_column_int64(s, 2);
	}
	(void)sqlite3_finalize(s);
	if (rc != ERR_OK)
		view_forget_imports(v);
	return rc;
}

bool
view_has_import(struct view *v, const struct record_id *id, const uint8_t import[16])
{
	uint8_t key[32];

	import_key(key, id, import);
	return load_imports(v, NULL) == ERR_OK && table_get(v->imports, key) != NULL;
}

/* Of two entries with one import the smaller id counts. *counts: the new one does; an older winner's row is taken out. */
static enum err_code
settle_import(struct view *v, struct fold *f, const struct change *c, const struct view_change *vc, bool *counts, struct err *err)
{
	enum err_code rc = load_imports(v, err);
	sqlite3_stmt *s;
	uint8_t key[32];
	uint64_t *at;

	*counts = true;
	if (rc != ERR_OK)
		return rc;
	import_key(key, &c->record, c->import);
	at = table_get(v->imports, key);
	if (at != NULL && *at != vc->row) {
		s = view_stmt(v, VIEW_CHANGE_ENTRY, "SELECT entry FROM change WHERE record = ?1 AND row = ?2", err);
		if (s == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		(void)sqlite3_bind_int64(s, 1, f->row);
		(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)*at);
		if (sqlite3_step(s) == SQLITE_ROW && view_blob(s, 0).len == 16)
			*counts = memcmp(vc->entry, view_blob(s, 0).p, 16) < 0;
		(void)sqlite3_reset(s);
		if (!*counts)
			return ERR_OK;
		f->rebuild = true;
		s = view_stmt(v, VIEW_CHANGE_DEL, "DELETE FROM change WHERE record = ?1 AND row = ?2", err);
		if (s == NULL)
			return err_plain(err, ERR_NO_MEMORY);
		(void)sqlite3_bind_int64(s, 1, f->row);
		(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)*at);
		rc = view_run(v, s, err);
	}
	if (rc == ERR_OK && at == NULL)
		at = table_put(v->imports, key);
	if (rc == ERR_OK && at == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (rc == ERR_OK)
		*at = vc->row;
	return rc;
}

/* ---- one record ---- */

static enum err_code
load(struct view *v, const struct record_id *id, struct fold *f, struct err *err)
{
	sqlite3_stmt *s = view_stmt(v, VIEW_RECORD_BY_ID, "SELECT row, first_entry, first, doc, id, team, state FROM record WHERE id = ?1", err);
	enum err_code rc = ERR_OK;
	int step;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	*f = (struct fold){ .empty = true };
	VIEW_BIND(s, 1, *id);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		f->empty = false;
		f->stored = true;
		f->row = sqlite3_column_int64(s, 0);
		f->first = (uint64_t)sqlite3_column_int64(s, 2);
		memcpy(f->first_entry, view_blob(s, 1).p, sizeof(f->first_entry));
		rc = view_read_row(v, s, 4, v->work, &f->team, err);
	} else if (step == SQLITE_DONE) {
		f->row = v->next_row++;
		record_reset(v->work, id);
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
	memcpy(from.entry, entry, sizeof(from.entry));
	if (f->empty || c->hlc < f->first || (c->hlc == f->first && memcmp(entry, f->first_entry, 16) < 0)) {
		f->first = c->hlc;
		f->team = *team;
		memcpy(f->first_entry, entry, 16);
		f->empty = false;
	}
	return record_apply(v->work, c, &from, err);
}

/* Notes that the entry is among those that made the record. *fresh: it was not before. */
static enum err_code
add_change(struct view *v, const struct fold *f, const struct change *c, const struct view_change *vc, bool *fresh, struct err *err)
{
	sqlite3_stmt *s = view_stmt(v, VIEW_CHANGE_ADD, "INSERT OR IGNORE INTO change(record, row, entry, import) VALUES (?1, ?2, ?3, ?4)", err);
	enum err_code rc;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	(void)sqlite3_bind_int64(s, 1, f->row);
	(void)sqlite3_bind_int64(s, 2, (sqlite3_int64)vc->row);
	(void)sqlite3_bind_null(s, 3);
	(void)sqlite3_bind_null(s, 4);
	if (c->has_import) {
		view_bind_blob(s, 3, BYTES(vc->entry, 16));
		view_bind_blob(s, 4, BYTES(c->import, 16));
	}
	rc = view_run(v, s, err);
	*fresh = sqlite3_changes(v->db) > 0;
	return rc;
}

static enum err_code
fold_one(struct view *v, struct fold *f, const struct view_change *vc, struct err *err)
{
	enum err_code rc = ERR_OK;
	struct change c;
	bool counts = true, fresh = false;

	if (change_decode(&c, vc->body, &v->space, NULL) != ERR_OK) {
		v->undecodable++;
		return ERR_OK;
	}
	if (c.has_import)
		rc = settle_import(v, f, &c, vc, &counts, err);
	if (rc != ERR_OK || !counts)
		return rc;
	rc = add_change(v, f, &c, vc, &fresh, err);
	if (rc != ERR_OK || !fresh)
		return rc;
	return apply(v, f, &c, vc->entry, &vc->author, &vc->team, err);
}

/* From the entries themselves, each read again. One that cannot be read any more has been erased. */
static enum err_code
rebuild(struct view *v, const struct record_id *id, struct fold *f, struct err *err)
{
	sqlite3_stmt *s = view_walk(v, "SELECT row FROM change WHERE record = ?1 ORDER BY row", err);
	uint8_t entry[16];
	struct author author;
	struct stream_id team;
	struct bytes body;
	struct change c;
	enum err_code rc = ERR_OK;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	(void)sqlite3_bind_int64(s, 1, f->row);
	record_reset(v->work, id);
	f->empty = true;
	while (rc == ERR_OK && sqlite3_step(s) == SQLITE_ROW)
		if (v->read != NULL &&
		    v->read(v->read_ctx, (uint64_t)sqlite3_column_int64(s, 0), entry, &author, &team, &body) &&
		    change_decode(&c, body, &v->space, NULL) == ERR_OK)
			rc = apply(v, f, &c, entry, &author, &team, err);
	(void)sqlite3_finalize(s);
	return rc;
}

static enum err_code
store(struct view *v, const struct fold *f, struct err *err)
{
	static const char add[] = "INSERT INTO record(row, type, team, first, first_entry, conflict, dirty, state, id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
	static const char put[] = "UPDATE record SET type = ?2, team = ?3, first = ?4, first_entry = ?5, conflict = ?6, dirty = ?7, state = ?8 WHERE row = ?1";
	sqlite3_stmt *s = f->stored ? view_stmt(v, VIEW_RECORD_PUT, put, err) : view_stmt(v, VIEW_RECORD_ADD, add, err);

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	buf_clear(&v->scratch);
	record_encode(&v->scratch, v->work);
	if (!buf_ok(&v->scratch))
		return err_plain(err, ERR_NO_MEMORY);
	(void)sqlite3_bind_int64(s, 1, f->row);
	(void)sqlite3_bind_int64(s, 2, record_type(v->work));
	VIEW_BIND(s, 3, f->team);
	(void)sqlite3_bind_int64(s, 4, (sqlite3_int64)f->first);
	view_bind_blob(s, 5, BYTES(f->first_entry, sizeof(f->first_entry)));
	(void)sqlite3_bind_int(s, 6, record_has_conflict(v->work));
	(void)sqlite3_bind_int(s, 7, record_type(v->work) != TYPE_ROSTER);
	view_bind_blob(s, 8, buf_bytes(&v->scratch));
	if (!f->stored)
		VIEW_BIND(s, 9, *record_id_of(v->work));
	return view_run(v, s, err);
}

static enum err_code
fold_record(struct view *v, const struct item *items, size_t count, struct err *err)
{
	struct fold f;
	enum err_code rc = load(v, &items[0].record, &f, err);

	for (size_t i = 0; i < count && rc == ERR_OK; i++)
		rc = fold_one(v, &f, items[i].change, err);
	if (rc == ERR_OK && f.rebuild)
		rc = rebuild(v, &items[0].record, &f, err);
	if (rc == ERR_OK && !f.empty)
		rc = store(v, &f, err);
	return rc;
}

/* ---- a batch ---- */

static int
item_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = memcmp(x->record.b, y->record.b, sizeof(x->record.b));

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
	rc = used > 0 ? view_exec(v, "BEGIN", err) : ERR_OK;
	for (size_t at = 0, next; at < used && rc == ERR_OK; at = next) {
		for (next = at + 1; next < used && SAME(items[next].record, items[at].record);)
			next++;
		rc = fold_record(v, items + at, next - at, err);
	}
	if (rc == ERR_OK && used > 0)
		rc = view_exec(v, "COMMIT", err);
	if (rc != ERR_OK) {
		(void)sqlite3_exec(v->db, "ROLLBACK", NULL, NULL, NULL);
		view_forget_imports(v);
		v->undecodable = undecodable;
	}
	v->hash_known = v->hash_known && count == 0;
	mem_free(items);
	return rc;
}
