/*
 * Full text. A record is one document: its text fields and all its notes, so
 * that every word of a query may stand anywhere in it. The index has no
 * content of its own; a changed record gets a new document and its old one
 * is passed over, until so many are dead that all is indexed anew. Documents
 * are brought up to date before a search, not at every change; a node that
 * has nothing else to do brings them up to date a few at a time, so that no
 * search has to wait for all of them. The tables are made when they are first
 * wanted: making them takes longer than all else that an opening home needs.
 */
#include "view/view.h"

#include "base/mem.h"
#include "view/view_internal.h"

enum {
	DEAD_MIN = 1000,
	RANKED_MAX = 1000, /* hits that are put in order by how well they match */
};

static const char index_schema[] =
	"CREATE VIRTUAL TABLE IF NOT EXISTS main.fts USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2')";

/* One document at a time, for snippet(), which an index without content cannot make. */
static const char scratch_schema[] =
	"CREATE VIRTUAL TABLE IF NOT EXISTS temp.snip USING fts5(text, tokenize='unicode61 remove_diacritics 2')";

static enum err_code
with_index(struct view *v, struct err *err)
{
	enum err_code rc = v->has_index ? ERR_OK : view_exec(v, index_schema, err);

	v->has_index = rc == ERR_OK;
	return rc;
}

static enum err_code
with_scratch(struct view *v, struct err *err)
{
	enum err_code rc = v->has_scratch ? ERR_OK : view_exec(v, scratch_schema, err);

	v->has_scratch = rc == ERR_OK;
	return rc;
}

static enum err_code
document_text(struct view *v, const struct record *r, struct buf *out)
{
	const struct profile_type *t = v->profile != NULL ? profile_type_numbered(v->profile, record_type(r)) : NULL;

	buf_clear(out);
	if (t != NULL)
		record_search_text(r, t, out);
	for (size_t i = 0; i < record_note_count(r); i++) {
		buf_put_u8(out, '\n');
		buf_put_bytes(out, record_note_at(r, i)->text);
	}
	return buf_ok(out) ? ERR_OK : ERR_NO_MEMORY;
}

/* Document numbers are row << 20 | generation, so that a dead one is known by its generation. */
static enum err_code
index_one(struct view *v, sqlite3_int64 row, sqlite3_int64 doc, struct bytes text, struct err *err)
{
	sqlite3_int64 next = doc == 0 ? (row << SEQ_BITS_OF_DOC | 1) : doc + 1;
	sqlite3_stmt *s = view_stmt(v, VIEW_DOC_ADD, "INSERT INTO fts(rowid, text) VALUES (?1, ?2)", err);
	enum err_code rc;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	(void)sqlite3_bind_int64(s, 1, next);
	(void)sqlite3_bind_text64(s, 2, text.len > 0 ? (const char *)text.p : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
	rc = view_run(v, s, err);
	if (rc != ERR_OK)
		return rc;
	v->dead_docs += doc != 0;
	s = view_stmt(v, VIEW_DOC_DONE, "UPDATE record SET doc = ?2, dirty = 0 WHERE row = ?1", err);
	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	(void)sqlite3_bind_int64(s, 1, row);
	(void)sqlite3_bind_int64(s, 2, next);
	return view_run(v, s, err);
}

/* At most `limit` of them. */
static enum err_code
index_dirty(struct view *v, size_t limit, struct err *err)
{
	static const struct record_id none;
	sqlite3_stmt *s = view_walk(v, "SELECT row, doc, id, team, state FROM record WHERE dirty = 1 AND row > ?1 ORDER BY row LIMIT 1", err);
	struct record *r = record_new(&none);
	enum err_code rc = s != NULL && r != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	struct stream_id team;
	sqlite3_int64 row = 0, doc;

	for (size_t done = 0; rc == ERR_OK && done < limit; done++) {
		(void)sqlite3_reset(s); /* the walk changes what it walks over, so each step is a query of its own */
		(void)sqlite3_bind_int64(s, 1, row);
		rc = view_next(v, s, err);
		if (rc != ERR_OK)
			break;
		row = sqlite3_column_int64(s, 0);
		doc = sqlite3_column_int64(s, 1);
		rc = view_read_row(v, s, 2, r, &team, err);
		if (rc == ERR_OK && document_text(v, r, &v->scratch) != ERR_OK)
			rc = err_plain(err, ERR_NO_MEMORY);
		(void)sqlite3_reset(s);
		if (rc == ERR_OK)
			rc = index_one(v, row, doc, buf_bytes(&v->scratch), err);
	}
	(void)sqlite3_finalize(s);
	record_free(r);
	return rc == ERR_UNKNOWN ? ERR_OK : rc;
}

static uint64_t
live_docs(struct view *v)
{
	sqlite3_stmt *s = view_walk(v, "SELECT count(*) FROM record WHERE doc <> 0", NULL);
	uint64_t n = s != NULL && view_next(v, s, NULL) == ERR_OK ? (uint64_t)sqlite3_column_int64(s, 0) : 0;

	(void)sqlite3_finalize(s);
	return n;
}

void
view_count_dead(struct view *v)
{
	sqlite3_stmt *s = view_walk(v, "SELECT count(*) FROM fts_docsize", NULL);
	uint64_t all = s != NULL && view_next(v, s, NULL) == ERR_OK ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	uint64_t live = live_docs(v);

	(void)sqlite3_finalize(s);
	v->dead_docs = all > live ? all - live : 0;
}

enum err_code
view_index_all(struct view *v, struct err *err)
{
	enum err_code rc = with_index(v, err);

	v->dead_docs = 0;
	return rc != ERR_OK ? rc : view_exec(v, "INSERT INTO fts(fts) VALUES ('delete-all'); UPDATE record SET doc = 0, dirty = 1 WHERE type <> 1", err);
}

/* live_docs() looks at every record: once for many changes is enough. */
static bool
has_withered(struct view *v)
{
	return v->dead_docs > DEAD_MIN && v->dead_docs > live_docs(v);
}

enum err_code
view_index_some(struct view *v, size_t limit, struct err *err)
{
	enum err_code rc = with_index(v, err);
	uint64_t dead = v->dead_docs;

	if (rc == ERR_OK)
		rc = view_begin(v, err);
	if (rc != ERR_OK)
		return rc;
	if (has_withered(v))
		rc = view_index_all(v, err);
	if (rc == ERR_OK)
		rc = index_dirty(v, limit, err);
	if (rc == ERR_OK)
		rc = view_commit(v, err);
	if (rc != ERR_OK) {
		view_rollback(v);
		v->dead_docs = dead;
	}
	return rc;
}

enum err_code
view_index_now(struct view *v, struct err *err)
{
	return view_index_some(v, SIZE_MAX, err);
}

bool
view_indexed(struct view *v)
{
	sqlite3_stmt *s = view_walk(v, "SELECT 1 FROM record WHERE dirty = 1 LIMIT 1", NULL);
	bool none = s != NULL && view_next(v, s, NULL) == ERR_UNKNOWN;

	(void)sqlite3_finalize(s);
	return none;
}

/* Every word becomes a quoted prefix: what a person types is never FTS5 syntax. False when there is no word. */
static bool
match_of(struct buf *out, const char *query)
{
	bool in_word = false, any = false;

	for (const char *p = query;; p++) {
		bool space = *p == '\0' || (unsigned char)*p <= ' ';

		if (in_word && space)
			buf_put(out, "\"* ", 3);
		if (!in_word && !space)
			buf_put_u8(out, '"');
		in_word = !space;
		any = any || in_word;
		if (*p == '\0')
			return any;
		if (in_word)
			buf_put(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
	}
}

/* A few words around what matched. SQLite owns the text until the next snippet. */
static const char *
snippet_of(struct view *v, const struct record *r, struct bytes match, struct err *err)
{
	sqlite3_stmt *del = view_stmt(v, VIEW_SNIP_DEL, "DELETE FROM temp.snip", err);
	sqlite3_stmt *add = view_stmt(v, VIEW_SNIP_ADD, "INSERT INTO temp.snip(rowid, text) VALUES (1, ?1)", err);
	sqlite3_stmt *get = view_stmt(v, VIEW_SNIP_GET, "SELECT snippet(snip, 0, '', '', '…', 16) FROM temp.snip WHERE snip MATCH ?1", err);
	const char *text = "";

	if (del == NULL || add == NULL || get == NULL || document_text(v, r, &v->scratch) != ERR_OK ||
	    view_run(v, del, err) != ERR_OK)
		return text;
	(void)sqlite3_bind_text64(add, 1, v->scratch.len > 0 ? (const char *)v->scratch.p : "", v->scratch.len, SQLITE_STATIC, SQLITE_UTF8);
	if (view_run(v, add, err) != ERR_OK)
		return text;
	(void)sqlite3_bind_text64(get, 1, (const char *)match.p, match.len, SQLITE_STATIC, SQLITE_UTF8);
	if (sqlite3_step(get) == SQLITE_ROW && sqlite3_column_text(get, 0) != NULL)
		text = (const char *)sqlite3_column_text(get, 0);
	else if (sqlite3_errcode(v->db) == SQLITE_NOMEM)
		(void)view_error(v, err);
	return text;
}

typedef bool (*search_cb)(void *ctx, const struct record *r, const struct stream_id *team, const char *snippet);

/* Steps through what a statement selects. *go_on: whoever is given them wants more. */
static enum err_code
give_hits(struct view *v, sqlite3_stmt *s, struct bytes match, search_cb cb, void *ctx, size_t *given, bool *go_on, struct err *err)
{
	static const struct record_id none;
	struct record *r = record_new(&none);
	enum err_code rc = r != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	struct stream_id team;
	int step = SQLITE_DONE;

	*go_on = true;
	while (rc == ERR_OK && *go_on && (step = sqlite3_step(s)) == SQLITE_ROW) {
		rc = view_read_row(v, s, 0, r, &team, err);
		if (rc == ERR_OK)
			*go_on = cb(ctx, r, &team, snippet_of(v, r, match, err));
		++*given;
	}
	if (rc == ERR_OK && *go_on && step != SQLITE_DONE)
		rc = view_error(v, err);
	record_free(r);
	return rc;
}

/* ---- many hits: the newest first ---- */

/* Document numbers that match, ascending, as the index gives them. */
struct docs { sqlite3_int64 *at; size_t count, cap; };

/* All of them, or none when there are so few that they are put in order of merit. */
static enum err_code
many_docs(struct view *v, struct bytes match, struct docs *out, struct err *err)
{
	sqlite3_stmt *s = view_walk(v, "SELECT rowid FROM fts WHERE fts MATCH ?1", err);
	enum err_code rc = s != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	int step = SQLITE_DONE;

	if (s != NULL)
		(void)sqlite3_bind_text64(s, 1, (const char *)match.p, match.len, SQLITE_STATIC, SQLITE_UTF8);
	while (rc == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
		sqlite3_int64 *room = mem_room(out->at, out->count, &out->cap, sizeof(*room));

		if (room == NULL)
			rc = err_plain(err, ERR_NO_MEMORY);
		else
			(out->at = room)[out->count++] = sqlite3_column_int64(s, 0);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = view_error(v, err);
	(void)sqlite3_finalize(s);
	if (rc != ERR_OK || out->count <= RANKED_MAX)
		out->count = 0;
	return rc;
}

/* The latest document of a record that matches; 0: none. */
static sqlite3_int64
doc_of(const struct docs *d, sqlite3_int64 row)
{
	size_t low = 0, high = d->count; /* the first beyond the row's */

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->at[mid] >> SEQ_BITS_OF_DOC <= row)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && d->at[low - 1] >> SEQ_BITS_OF_DOC == row ? d->at[low - 1] : 0;
}

/*
 * From the newest record down, as far as it takes: where a thousand match, a few are soon found. The walk reads the
 * index alone; only what matches is looked up.
 */
static enum err_code
give_newest(struct view *v, const struct docs *d, uint32_t type, size_t limit, struct bytes match, search_cb cb, void *ctx, struct err *err)
{
	sqlite3_stmt *walk = view_walk(v, "SELECT row, type FROM record INDEXED BY record_order ORDER BY first DESC, id", err);
	sqlite3_stmt *one = view_walk(v, "SELECT id, team, state FROM record WHERE row = ?1 AND doc = ?2", err);
	enum err_code rc = walk != NULL && one != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	int step = SQLITE_DONE;

	for (size_t given = 0; rc == ERR_OK && given < limit && (step = sqlite3_step(walk)) == SQLITE_ROW;) {
		sqlite3_int64 row = sqlite3_column_int64(walk, 0), doc = doc_of(d, row);
		bool go_on = true;

		if (doc == 0 || (type != 0 && sqlite3_column_int64(walk, 1) != type))
			continue;
		(void)sqlite3_bind_int64(one, 1, row);
		(void)sqlite3_bind_int64(one, 2, doc);
		rc = give_hits(v, one, match, cb, ctx, &given, &go_on, err);
		(void)sqlite3_reset(one);
		if (!go_on)
			break;
	}
	if (rc == ERR_OK && step != SQLITE_DONE && step != SQLITE_ROW)
		rc = view_error(v, err);
	(void)sqlite3_finalize(walk);
	(void)sqlite3_finalize(one);
	return rc;
}

/* ---- few hits: the best first ---- */

static enum err_code
give_best(struct view *v, uint32_t type, size_t limit, struct bytes match, search_cb cb, void *ctx, struct err *err)
{
	sqlite3_stmt *s = view_walk(v,
		"SELECT r.id, r.team, r.state FROM fts CROSS JOIN record r ON r.row = fts.rowid >> 20"
		" WHERE fts MATCH ?1 AND r.doc = fts.rowid AND (?2 = 0 OR r.type = ?2) ORDER BY fts.rank LIMIT ?3", err);
	enum err_code rc;
	size_t given = 0;
	bool go_on;

	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	(void)sqlite3_bind_text64(s, 1, (const char *)match.p, match.len, SQLITE_STATIC, SQLITE_UTF8);
	(void)sqlite3_bind_int64(s, 2, type);
	(void)sqlite3_bind_int64(s, 3, limit > INT32_MAX ? INT32_MAX : (sqlite3_int64)limit);
	rc = give_hits(v, s, match, cb, ctx, &given, &go_on, err);
	(void)sqlite3_finalize(s);
	return rc;
}

enum err_code
view_search(struct view *v, const char *query, uint32_t type, size_t limit, search_cb cb, void *ctx, struct err *err)
{
	struct buf match = BUF_INIT;
	struct docs many = { NULL, 0, 0 };
	enum err_code rc = ERR_OK;

	if (!utf8_valid(BYTES_STR(query)))
		rc = err_set(err, ERR_INVALID, "the query is not UTF-8");
	else if (match_of(&match, query))
		rc = view_index_now(v, err);
	if (rc == ERR_OK)
		rc = with_scratch(v, err);
	if (rc == ERR_OK && !buf_ok(&match))
		rc = err_plain(err, ERR_NO_MEMORY);
	if (rc != ERR_OK || match.len == 0)
		goto out;
	/* bm25() reads all of every hit; that a word stands twice in one of so many tells less than that it is of today. */
	rc = many_docs(v, buf_bytes(&match), &many, err);
	if (rc == ERR_OK && many.count > 0)
		rc = give_newest(v, &many, type, limit, buf_bytes(&match), cb, ctx, err);
	else if (rc == ERR_OK)
		rc = give_best(v, type, limit, buf_bytes(&match), cb, ctx, err);
out:
	mem_free(many.at);
	buf_wipe(&match);
	return rc;
}
