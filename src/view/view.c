/*
 * The database in memory: opening, statements, questions, images.
 *
 * temp_store and journal are memory too, so that SQLite has no reason to open
 * a file. Walks prepare statements of their own: a callback may ask for other
 * records while a list is being read.
 */
#include "view/view.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "crypto/hc.h"
#include "view/view_internal.h"

enum { IMAGE_ROOM = 16 << 20 };

static const char schema[] =
	"CREATE TABLE record("
	" row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, type INTEGER NOT NULL, team BLOB NOT NULL,"
	" first INTEGER NOT NULL, first_entry BLOB NOT NULL, conflict INTEGER NOT NULL,"
	" doc INTEGER NOT NULL DEFAULT 0, dirty INTEGER NOT NULL DEFAULT 1, state BLOB NOT NULL, rows BLOB NOT NULL);"
	"CREATE INDEX record_order ON record(first DESC, id, type);"
	"CREATE INDEX record_conflict ON record(conflict) WHERE conflict = 1;"
	"CREATE INDEX record_dirty ON record(dirty) WHERE dirty = 1;"
	"CREATE TABLE indexed(under TEXT NOT NULL);" /* the profile that decided what is text */
	"CREATE TABLE author(n INTEGER PRIMARY KEY, key BLOB NOT NULL);"
	"CREATE VIRTUAL TABLE fts USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2');";

/* One document at a time, for snippet(), which an index without content cannot make. */
static const char scratch_schema[] =
	"CREATE VIRTUAL TABLE IF NOT EXISTS temp.snip USING fts5(text, tokenize='unicode61 remove_diacritics 2')";

static const char pragmas[] = "PRAGMA temp_store=MEMORY; PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON;";

/* ---- SQLite ---- */

enum err_code
view_error(struct view *v, struct err *err)
{
	int rc = sqlite3_errcode(v->db);

	if (rc == SQLITE_NOMEM)
		return err_plain(err, ERR_NO_MEMORY);
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
	sqlite3_stmt *s = view_stmt(v, VIEW_BEGIN, "BEGIN", err);

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

static bool
take(sqlite3_stmt *s, int column, uint8_t *out, size_t len)
{
	struct bytes b = view_blob(s, column);

	if (b.len != len)
		return false;
	memcpy(out, b.p, len);
	return true;
}

/* A question with one number for an answer; 0 when it cannot be asked. */
static uint64_t
number(struct view *v, const char *sql)
{
	sqlite3_stmt *s = view_walk(v, sql, NULL);
	uint64_t out = 0;

	if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
		out = (uint64_t)sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return out;
}

static void
find_next_row(struct view *v)
{
	v->next_row = (int64_t)number(v, "SELECT max(row) FROM record") + 1;
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

static enum err_code
open_database(struct view *v, bool with_schema, struct err *err)
{
	if (sqlite3_open_v2(":memory:", &v->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return v->db == NULL ? err_plain(err, ERR_NO_MEMORY) : view_error(v, err);
	if (view_exec(v, pragmas, err) != ERR_OK || (with_schema && view_exec(v, schema, err) != ERR_OK) ||
	    view_exec(v, scratch_schema, err) != ERR_OK)
		return err == NULL ? ERR_NO_MEMORY : err->code;
	v->made_empty = with_schema;
	v->changes_made = sqlite3_total_changes(v->db);
	return ERR_OK;
}

static void
close_database(struct view *v)
{
	finalize_all(v);
	(void)sqlite3_close(v->db);
	v->db = NULL;
}

static enum err_code
forget_authors(struct view *v, struct err *err)
{
	table_free(v->author_by_key);
	v->author_by_key = table_new(32);
	v->author_count = 0;
	return v->author_by_key != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
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
	find_next_row(v);
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

void
view_clear(struct view *v)
{
	struct err err = ERR_INIT;

	v->undecodable = 0;
	v->dead_docs = 0;
	v->hash_known = v->count_known = false;
	/* Nothing was ever put into it: as when a node opens without a snapshot. Making it anew is half of what that costs. */
	if (v->db != NULL && v->made_empty && sqlite3_total_changes(v->db) == v->changes_made && forget_authors(v, &err) == ERR_OK)
		return;
	close_database(v);
	/* Without a database every later call fails with a sentence; there is nothing better to do here. */
	if (forget_authors(v, &err) != ERR_OK || open_database(v, true, &err) != ERR_OK)
		env_logf(v->env, "view: %s", err.text);
	find_next_row(v);
	view_set_profile(v, v->profile);
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
		if ((size_t)sqlite3_column_int64(s, 0) != v->author_count || !take(s, 1, a.b, sizeof(a.b)))
			rc = err_set(err, ERR_DAMAGED, "the snapshot's authors are not in order");
		else
			rc = remember_author(v, &a, &n, err);
	}
	(void)sqlite3_finalize(s);
	return rc;
}

/* ---- questions ---- */

enum err_code
view_read_row(struct view *v, sqlite3_stmt *s, int column, struct record *r, struct stream_id *team, struct err *err)
{
	struct record_id id;

	(void)v;
	if (!take(s, column, id.b, sizeof(id.b)) || (team != NULL && !take(s, column + 1, team->b, sizeof(team->b))))
		return err_set(err, ERR_DAMAGED, "a row of the view is not in the form it must have");
	record_reset(r, &id);
	return record_decode(r, view_blob(s, column + 2), err);
}

enum err_code
view_get(struct view *v, const struct record_id *id, struct record *out, struct stream_id *team, struct err *err)
{
	sqlite3_stmt *s = view_record_row(v, id, err);
	enum err_code rc;
	int step;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW)
		rc = view_read_row(v, s, RECORD_ID, out, team, err);
	else
		rc = step == SQLITE_DONE ? err_set(err, ERR_UNKNOWN, "no record has that id") : view_error(v, err);
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
	while (sqlite3_step(s) == SQLITE_ROW && take(s, 0, found == 0 ? out->b : other.b, sizeof(out->b)))
		found++;
	(void)sqlite3_reset(s);
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
	bool found = s != NULL && sqlite3_step(s) == SQLITE_ROW;

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

	if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
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

	if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
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
	int step = SQLITE_DONE;

	while (rc == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
		rc = view_read_row(v, s, 0, r, &team, err);
		if (rc == ERR_OK && !cb(ctx, r, &team))
			break;
	}
	if (rc == ERR_OK && step != SQLITE_ROW && step != SQLITE_DONE)
		rc = view_error(v, err);
	(void)sqlite3_finalize(s);
	record_free(r);
	return rc;
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

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	VIEW_BIND(s, 1, *id);
	if (sqlite3_step(s) == SQLITE_ROW)
		for (rest = view_blob(s, 0); maker_next(&rest, &m) && cb(ctx, m.row);)
			;
	(void)sqlite3_finalize(s);
	return ERR_OK;
}

uint64_t
view_record_count(struct view *v)
{
	if (!v->count_known)
		v->count = number(v, "SELECT count(*) FROM record WHERE type <> 1");
	v->count_known = true;
	return v->count;
}

uint64_t
view_conflict_count(struct view *v)
{
	return number(v, "SELECT count(*) FROM record WHERE conflict = 1 AND type <> 1");
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
		wr_array(&all, number(v, "SELECT count(*) FROM record"));
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
		view_clear(v);
		return rc;
	}
	buf_clear(marks);
	buf_put(marks, image.p + 8, (size_t)marks_len);
	find_next_row(v);
	view_count_dead(v);
	return buf_ok(marks) ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}
