/*
 * The database in memory: opening, statements, authors, images.
 *
 * temp_store and journal are memory too, so that SQLite has no reason to open
 * a file. Walks prepare statements of their own: a callback may ask for other
 * records while a list is being read.
 */
#include "view/view.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "view/view_internal.h"

enum { IMAGE_ROOM = 16 << 20 };

static const char schema[] =
	"BEGIN;"
	"CREATE TABLE record("
	" row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, type INTEGER NOT NULL, team BLOB NOT NULL,"
	" first INTEGER NOT NULL, first_entry BLOB NOT NULL, conflict INTEGER NOT NULL,"
	" doc INTEGER NOT NULL DEFAULT 0, dirty INTEGER NOT NULL DEFAULT 1, state BLOB NOT NULL, rows BLOB NOT NULL);"
	"CREATE INDEX record_order ON record(first DESC, id, type);"
	"CREATE INDEX record_conflict ON record(conflict) WHERE conflict = 1;"
	"CREATE INDEX record_dirty ON record(dirty) WHERE dirty = 1;"
	"CREATE TABLE indexed(under TEXT NOT NULL);" /* the profile that decided what is text */
	"CREATE TABLE author(n INTEGER PRIMARY KEY, key BLOB NOT NULL);"
	"COMMIT";

static const char pragmas[] = "PRAGMA temp_store=MEMORY; PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON;";

/* ---- SQLite ---- */

enum err_code
view_error(struct view *v, struct err *err)
{
	int rc = sqlite3_errcode(v->db);

	if (rc == SQLITE_NOMEM) {
		mem_refused();
		return err_plain(err, ERR_NO_MEMORY);
	}
	/* SQLite's own sentence could quote a value; its code cannot. */
	return err_set(err, ERR_DAMAGED, "the view: SQLite code %d", sqlite3_extended_errcode(v->db));
}

sqlite3_stmt *
view_walk(struct view *v, const char *sql, struct err *err)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v3(v->db, sql, -1, 0, &s, NULL) != SQLITE_OK)
		(void)view_error(v, err);
	return s;
}

sqlite3_stmt *
view_stmt(struct view *v, enum view_slot slot, const char *sql, struct err *err)
{
	if (v->stmt[slot] == NULL &&
	    sqlite3_prepare_v3(v->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &v->stmt[slot], NULL) != SQLITE_OK) {
		(void)view_error(v, err);
		return NULL;
	}
	(void)sqlite3_reset(v->stmt[slot]);
	return v->stmt[slot];
}

enum err_code
view_exec(struct view *v, const char *sql, struct err *err)
{
	return sqlite3_exec(v->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : view_error(v, err);
}

enum err_code
view_run(struct view *v, sqlite3_stmt *s, struct err *err)
{
	enum err_code rc = sqlite3_step(s) == SQLITE_DONE ? ERR_OK : view_error(v, err);

	(void)sqlite3_reset(s);
	return rc;
}

sqlite3_stmt *
view_record_row(struct view *v, const struct record_id *id, struct err *err)
{
	sqlite3_stmt *s = view_stmt(v, VIEW_RECORD_BY_ID, "SELECT row, first_entry, first, conflict, dirty, id, team, state, rows FROM record WHERE id = ?1", err);

	if (s != NULL)
		VIEW_BIND(s, 1, *id);
	return s;
}

enum err_code
view_begin(struct view *v, struct err *err)
{
	sqlite3_stmt *s;

	if (v->db == NULL) /* there was no memory to make it anew: view_clear() */
		return err_plain(err, ERR_NO_MEMORY);
	s = view_stmt(v, VIEW_BEGIN, "BEGIN", err);
	if (!sqlite3_get_autocommit(v->db)) /* there was no memory to roll the last one back */
		view_rollback(v);
	return s != NULL ? view_run(v, s, err) : err_plain(err, ERR_NO_MEMORY);
}

enum err_code
view_commit(struct view *v, struct err *err)
{
	sqlite3_stmt *s = view_stmt(v, VIEW_COMMIT, "COMMIT", err);

	return s != NULL ? view_run(v, s, err) : err_plain(err, ERR_NO_MEMORY);
}

void
view_rollback(struct view *v)
{
	(void)sqlite3_exec(v->db, "ROLLBACK", NULL, NULL, NULL);
	v->has_index = false; /* it may have been made in what is undone */
}

void
view_bind_blob(sqlite3_stmt *s, int at, struct bytes b)
{
	(void)sqlite3_bind_blob64(s, at, b.len > 0 ? (const void *)b.p : "", b.len, SQLITE_STATIC);
}

struct bytes
view_blob(sqlite3_stmt *s, int column)
{
	const void *p = sqlite3_column_blob(s, column);

	return BYTES(p, (size_t)sqlite3_column_bytes(s, column));
}

bool
view_take(sqlite3_stmt *s, int column, uint8_t *out, size_t len)
{
	struct bytes b = view_blob(s, column);

	if (b.len != len)
		return false;
	memcpy(out, b.p, len);
	return true;
}

enum err_code
view_number(struct view *v, const char *sql, uint64_t *out, struct err *err)
{
	sqlite3_stmt *s = view_walk(v, sql, err);
	enum err_code rc = ERR_OK;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (sqlite3_step(s) == SQLITE_ROW)
		*out = (uint64_t)sqlite3_column_int64(s, 0);
	else
		rc = view_error(v, err);
	(void)sqlite3_finalize(s);
	return rc;
}

enum err_code
view_next_row(struct view *v, int64_t *row, struct err *err)
{
	uint64_t last;
	enum err_code rc = v->next_row > 0 ? ERR_OK : view_number(v, "SELECT max(row) FROM record", &last, err);

	if (rc != ERR_OK)
		return rc;
	if (v->next_row == 0)
		v->next_row = (int64_t)last + 1;
	*row = v->next_row++;
	return ERR_OK;
}

/* ---- life ---- */

static void
finalize_all(struct view *v)
{
	for (size_t i = 0; i < VIEW_SLOTS; i++) {
		(void)sqlite3_finalize(v->stmt[i]);
		v->stmt[i] = NULL;
	}
}

static void
close_database(struct view *v)
{
	finalize_all(v);
	(void)sqlite3_close(v->db);
	v->db = NULL;
	v->has_index = v->has_scratch = false;
}

static enum err_code
open_database(struct view *v, bool with_schema, struct err *err)
{
	if (sqlite3_open_v2(":memory:", &v->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		enum err_code rc = view_error(v, err); /* no memory, when there is not even a handle */

		close_database(v);
		return rc;
	}
	if (view_exec(v, pragmas, err) != ERR_OK || (with_schema && view_exec(v, schema, err) != ERR_OK)) {
		close_database(v); /* half a schema is none */
		return err == NULL ? ERR_NO_MEMORY : err->code;
	}
	v->made_empty = with_schema;
	v->changes_made = sqlite3_total_changes(v->db);
	return ERR_OK;
}

static enum err_code
forget_authors(struct view *v, struct err *err)
{
	struct table *none = table_new(32);

	if (none == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	table_free(v->author_by_key);
	v->author_by_key = none;
	v->author_count = 0;
	return ERR_OK;
}

struct view *
view_new(struct env *env, struct err *err)
{
	static const struct record_id none;
	struct view *v = mem_zero(1, sizeof(*v));

	if (v == NULL) {
		(void)err_plain(err, ERR_NO_MEMORY);
		return NULL;
	}
	v->env = env;
	v->work = record_new(&none);
	if (v->work == NULL || forget_authors(v, err) != ERR_OK) {
		(void)err_plain(err, ERR_NO_MEMORY);
		view_free(v);
		return NULL;
	}
	if (open_database(v, true, err) != ERR_OK) {
		view_free(v);
		return NULL;
	}
	return v;
}

void
view_free(struct view *v)
{
	if (v == NULL)
		return;
	close_database(v);
	record_free(v->work);
	makers_free(&v->makers);
	change_space_free(&v->space);
	buf_wipe(&v->scratch);
	buf_free(&v->rows);
	mem_free(v->authors);
	table_free(v->author_by_key);
	mem_free(v);
}

enum err_code
view_clear(struct view *v, struct err *err)
{
	enum err_code rc = forget_authors(v, err);

	v->undecodable = 0;
	v->dead_docs = 0;
	v->hash_known = v->count_known = false;
	/* Nothing was ever put into it: as when a node opens without a snapshot. Making it anew is half of what that costs. */
	if (v->db != NULL && v->made_empty && sqlite3_total_changes(v->db) == v->changes_made && rc == ERR_OK)
		return ERR_OK;
	close_database(v);
	if (rc == ERR_OK)
		rc = open_database(v, true, err);
	v->next_row = 0;
	if (rc != ERR_OK)
		return rc;
	view_set_profile(v, v->profile);
	return ERR_OK;
}

/* Is the full text made under this profile already, as after a snapshot? */
static bool
indexed_under(struct view *v, const char *tag)
{
	sqlite3_stmt *s = view_walk(v, "SELECT 1 FROM indexed WHERE under = ?1", NULL);
	bool same = false;

	if (s != NULL) {
		(void)sqlite3_bind_text(s, 1, tag, -1, SQLITE_STATIC);
		same = sqlite3_step(s) == SQLITE_ROW;
	}
	(void)sqlite3_finalize(s);
	return same;
}

void
view_set_profile(struct view *v, const struct profile *p)
{
	struct err err = ERR_INIT;
	sqlite3_stmt *s;
	char tag[128];

	v->profile = p;
	(void)snprintf(tag, sizeof(tag), "%.100s %u", p != NULL ? profile_id(p) : "", p != NULL ? profile_version(p) : 0);
	if (indexed_under(v, tag))
		return;
	/* Other fields may be text now. */
	if (view_exec(v, "DELETE FROM indexed; UPDATE record SET dirty = 1 WHERE type <> 1 AND dirty = 0", &err) != ERR_OK)
		env_logf(v->env, "view: %s", err.text);
	s = view_walk(v, "INSERT INTO indexed(under) VALUES (?1)", &err);
	if (s != NULL) {
		(void)sqlite3_bind_text(s, 1, tag, -1, SQLITE_STATIC);
		(void)sqlite3_step(s);
	}
	(void)sqlite3_finalize(s);
}

void
view_set_reader(struct view *v, view_reader read, void *ctx)
{
	v->read = read;
	v->read_ctx = ctx;
}

void
view_set_rows(struct view *v)
{
	v->of_rows = true;
}

uint64_t
view_undecodable(const struct view *v)
{
	return v->undecodable;
}

/* ---- authors ---- */

const struct author *
view_author(const struct view *v, uint32_t n)
{
	return n < v->author_count ? &v->authors[n] : NULL;
}

static enum err_code
remember_author(struct view *v, const struct author *author, uint32_t *n, struct err *err)
{
	struct author *room = mem_room(v->authors, v->author_count, &v->author_cap, sizeof(*room));
	uint64_t *at;

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	v->authors = room;
	at = table_put(v->author_by_key, author->b);
	if (at == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	*at = v->author_count;
	*n = (uint32_t)v->author_count;
	room[v->author_count++] = *author;
	return ERR_OK;
}

enum err_code
view_author_number(struct view *v, const struct author *author, uint32_t *n, struct err *err)
{
	const uint64_t *at = table_get(v->author_by_key, author->b);
	sqlite3_stmt *s;
	enum err_code rc;

	if (at != NULL) {
		*n = (uint32_t)*at;
		return ERR_OK;
	}
	/* OR REPLACE: a number given in a transaction that was rolled back is given again. */
	s = view_stmt(v, VIEW_AUTHOR_ADD, "INSERT OR REPLACE INTO author(n, key) VALUES (?1, ?2)", err);
	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	(void)sqlite3_bind_int64(s, 1, (sqlite3_int64)v->author_count);
	VIEW_BIND(s, 2, *author);
	rc = view_run(v, s, err);
	return rc == ERR_OK ? remember_author(v, author, n, err) : rc;
}

static enum err_code
load_authors(struct view *v, struct err *err)
{
	sqlite3_stmt *s = view_walk(v, "SELECT n, key FROM author ORDER BY n", err);
	enum err_code rc = forget_authors(v, err);
	struct author a;
	uint32_t n;

	if (s == NULL)
		return err_plain(err, ERR_DAMAGED);
	while (rc == ERR_OK && sqlite3_step(s) == SQLITE_ROW) {
		if ((size_t)sqlite3_column_int64(s, 0) != v->author_count || !view_take(s, 1, a.b, sizeof(a.b)))
			rc = err_set(err, ERR_DAMAGED, "the snapshot's authors are not in order");
		else
			rc = remember_author(v, &a, &n, err);
	}
	(void)sqlite3_finalize(s);
	return rc;
}

/* ---- images ---- */

/* [be64 length of marks][marks][database]. The caller seals it and wipes it. */
enum err_code
view_serialize(struct view *v, struct bytes marks, struct buf *out, struct err *err)
{
	sqlite3_int64 len = 0;
	uint8_t *image = sqlite3_serialize(v->db, "main", &len, 0);

	if (image == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	buf_put_be64(out, marks.len);
	buf_put_bytes(out, marks);
	buf_put(out, image, (size_t)len);
	sqlite3_free(image);
	return buf_ok(out) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static enum err_code
load_image(struct view *v, struct bytes db, struct err *err)
{
	/* With room to grow in: it is memory only once it is written to, and a write soon after the unlock need not move it all. */
	size_t room = db.len + db.len / 2 + IMAGE_ROOM;
	uint8_t *image = sqlite3_malloc64(room);

	if (image == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	memcpy(image, db.p, db.len);
	/* SQLite frees the image, whatever comes of it. */
	if (sqlite3_deserialize(v->db, "main", image, (sqlite3_int64)db.len, (sqlite3_int64)room,
	                        SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) != SQLITE_OK)
		return view_error(v, err);
	return view_exec(v, pragmas, err);
}

enum err_code
view_deserialize(struct view *v, struct bytes image, struct buf *marks, struct err *err)
{
	uint64_t marks_len = image.len >= 8 ? be64_get(image.p) : UINT64_MAX;
	struct err why = ERR_INIT;
	enum err_code rc;

	if (marks_len > image.len - 8 || image.len < 8)
		return err_set(err, ERR_DAMAGED, "the snapshot ends before its marks");
	close_database(v);
	v->hash_known = v->count_known = false;
	rc = open_database(v, false, err);
	if (rc == ERR_OK)
		rc = load_image(v, BYTES(image.p + 8 + marks_len, image.len - 8 - marks_len), err);
	if (rc == ERR_OK)
		rc = load_authors(v, err);
	if (rc != ERR_OK) {
		if (view_clear(v, &why) != ERR_OK)
			env_logf(v->env, "view: %s", why.text);
		return rc;
	}
	buf_clear(marks);
	buf_put(marks, image.p + 8, (size_t)marks_len);
	v->next_row = 0;
	view_count_dead(v);
	return buf_ok(marks) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}
