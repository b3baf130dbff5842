/* What the parts of the view share: the database in memory, its statements, its tables beside it. */
#ifndef FALTBOK_VIEW_VIEW_INTERNAL_H
#define FALTBOK_VIEW_VIEW_INTERNAL_H

#include <sqlite3.h>

#include "base/table.h"
#include "view/view.h"

enum { TYPE_ROSTER = 1, SEQ_BITS_OF_DOC = 20 };

enum view_slot {
	VIEW_RECORD_BY_ID, VIEW_RECORD_BY_ROW, VIEW_RECORD_ADD, VIEW_RECORD_PUT, VIEW_CHANGE_ADD, VIEW_CHANGE_DEL,
	VIEW_CHANGE_ENTRY, VIEW_AUTHOR_ADD, VIEW_DOC_ADD, VIEW_DOC_DONE, VIEW_SNIP_ADD, VIEW_SNIP_GET, VIEW_SNIP_DEL,
	VIEW_FIND, VIEW_SLOTS
};

struct view {
	struct env *env;
	sqlite3 *db;
	sqlite3_stmt *stmt[VIEW_SLOTS];
	const struct profile *profile;
	view_reader read;
	void *read_ctx;

	struct record *work;          /* the record being folded */
	struct change_space space;
	struct buf scratch;
	int64_t next_row;             /* of the next new record */

	struct author *authors;
	size_t author_count, author_cap;
	struct table *author_by_key;
	struct table *imports;        /* record16 ‖ import16 -> row of the entry that counts; NULL until needed */

	uint64_t undecodable;
	bool hash_known;
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
enum err_code view_run(struct view *v, sqlite3_stmt *s, struct err *err) MUST_CHECK;
void view_bind_blob(sqlite3_stmt *s, int at, struct bytes b);
struct bytes view_blob(sqlite3_stmt *s, int column); /* borrowed until the next step */
void view_forget_imports(struct view *v);
/* Decodes columns id, team, state beginning at `column`. */
enum err_code view_read_row(struct view *v, sqlite3_stmt *s, int column, struct record *r, struct stream_id *team, struct err *err) MUST_CHECK;
/* Records waiting for the full text; all of them after a change of profile. */
enum err_code view_index_all(struct view *v, struct err *err) MUST_CHECK;
/* Counts what the index holds in vain, after a snapshot has been loaded. */
void view_count_dead(struct view *v);

#define VIEW_BIND(s, at, fixed) view_bind_blob((s), (at), BYTES_OF(fixed))

#endif
