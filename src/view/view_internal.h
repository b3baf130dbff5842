/* What the parts of the view share: the database in memory, its statements, its tables beside it. */
#ifndef FALTBOK_VIEW_VIEW_INTERNAL_H
#define FALTBOK_VIEW_VIEW_INTERNAL_H

#include <sqlite3.h>

#include "base/table.h"
#include "view/view.h"

enum { TYPE_ROSTER = 1, SEQ_BITS_OF_DOC = 20 };

enum view_slot {
	VIEW_BEGIN, VIEW_COMMIT, VIEW_RECORD_BY_ID, VIEW_RECORD_ADD, VIEW_RECORD_PUT, VIEW_RECORD_MARK, VIEW_RECORD_DROP, VIEW_RECORD_MOVE, VIEW_AUTHOR_ADD, VIEW_DOC_ADD, VIEW_DOC_DONE, VIEW_SNIP_ADD, VIEW_SNIP_GET, VIEW_SNIP_DEL,
	VIEW_FIND, VIEW_SLOTS
};

/* One of the entries that made a record, and for an import which one and by what entry it came. */
struct maker { uint64_t row; bool has_import; uint8_t import[16], entry[16]; };

/* All of them, while the record is being folded: its column `rows`, decoded. view_makers.c */
struct makers {
	struct maker *at;
	size_t count, cap;
	struct table *by_row, *by_import; /* places in `at`; NULL while the list is short */
};

struct view {
	struct env *env;
	sqlite3 *db;
	bool made_empty;           /* with the schema, and not from a snapshot */
	int changes_made;          /* rows that making it had changed */
	bool has_index, has_scratch; /* tables of the full text, made when first wanted: view_search.c */
	sqlite3_stmt *stmt[VIEW_SLOTS];
	const struct profile *profile;
	bool of_rows;
	view_reader read;
	void *read_ctx;

	struct record *work;          /* the record being folded */
	struct makers makers;         /* what it is made of */
	struct change_space space;
	struct buf scratch, rows;
	int64_t next_row;             /* of the next new record; 0: not looked up yet */

	struct author *authors;
	size_t author_count, author_cap;
	struct table *author_by_key;

	uint64_t undecodable;
	bool hash_known, count_known; /* until the next change */
	uint64_t count;
	uint8_t hash[32];
	uint64_t dead_docs;           /* in the index and superseded */
};

/* The statement of `slot`, reset, prepared at its first use; NULL with err set. */
sqlite3_stmt *view_stmt(struct view *v, enum view_slot slot, const char *sql, struct err *err);
/* One of its own, for walks that may nest; the caller finalizes it. */
sqlite3_stmt *view_walk(struct view *v, const char *sql, struct err *err);
enum err_code view_exec(struct view *v, const char *sql, struct err *err) MUST_CHECK;
enum err_code view_error(struct view *v, struct err *err);
/* Steps a statement that gives no rows, and resets it. */
/* Steps to the next row. ERR_UNKNOWN: there is none, and err is as it was. What found no memory counts as refused (mem.h). */
enum err_code view_next(struct view *v, sqlite3_stmt *s, struct err *err) MUST_CHECK;
enum err_code view_run(struct view *v, sqlite3_stmt *s, struct err *err) MUST_CHECK;
void view_bind_blob(sqlite3_stmt *s, int at, struct bytes b);
struct bytes view_blob(sqlite3_stmt *s, int column); /* borrowed until the next step */
bool view_take(sqlite3_stmt *s, int column, uint8_t *out, size_t len); /* false: not of that length */
/* A question with one number for an answer. */
enum err_code view_number(struct view *v, const char *sql, uint64_t *out, struct err *err) MUST_CHECK;
/* The row of the next new record. */
enum err_code view_next_row(struct view *v, int64_t *row, struct err *err) MUST_CHECK;
/* row, first_entry, first, conflict, dirty, id, team, state, rows of one record: bound, not stepped; NULL with err set. */
enum { RECORD_ROW, RECORD_FIRST_ENTRY, RECORD_FIRST, RECORD_CONFLICT, RECORD_DIRTY, RECORD_ID, RECORD_TEAM, RECORD_STATE, RECORD_ROWS };
sqlite3_stmt *view_record_row(struct view *v, const struct record_id *id, struct err *err);
enum err_code view_begin(struct view *v, struct err *err) MUST_CHECK;
enum err_code view_commit(struct view *v, struct err *err) MUST_CHECK;
void view_rollback(struct view *v);
/* Decodes columns id, team, state beginning at `column`. */
enum err_code view_read_row(struct view *v, sqlite3_stmt *s, int column, struct record *r, struct stream_id *team, struct err *err) MUST_CHECK;
/* Records waiting for the full text; all of them after a change of profile. */
enum err_code view_index_all(struct view *v, struct err *err) MUST_CHECK;
/* Counts what the index holds in vain, after a snapshot has been loaded. */
void view_count_dead(struct view *v);

/* view_makers.c: the list is in the order of rows in its bytes, and in any order while it is worked on. */
/* The next of `rest`; m->row is 0 before the first. False at the end, or when the bytes are not in that form. */
bool maker_next(struct bytes *rest, struct maker *m);
void makers_free(struct makers *m);
/* `coming`: how many may be looked for and added, so that it is known whether an index pays. */
enum err_code makers_decode(struct makers *m, struct bytes rows, size_t coming, struct err *err) MUST_CHECK;
enum err_code makers_add(struct makers *m, const struct maker *one, struct err *err) MUST_CHECK;
bool makers_have(const struct makers *m, uint64_t row);
const struct maker *makers_of_import(const struct makers *m, const uint8_t import[16]); /* NULL: none; until the next add */
enum err_code makers_replace(struct makers *m, const struct maker *old, const struct maker *by, struct err *err) MUST_CHECK;
void makers_sort(struct makers *m);
void makers_encode(struct buf *out, const struct makers *m); /* sorted before */

#define VIEW_BIND(s, at, fixed) view_bind_blob((s), (at), BYTES_OF(fixed))

#endif
