/*
 * Taking records out for good. The index has no content and keeps words in
 * segments of many documents, so it is emptied, and made again before the
 * next search; what is freed is zeroed (`secure_delete`).
 */
#include "view/view.h"

#include "base/mem.h"
#include "view/view_internal.h"

struct doomed { int64_t *rows; size_t count, cap; };

static enum err_code
find_doomed(struct view *v, view_gone gone, void (*maker)(void *ctx, uint64_t row), void *ctx, struct doomed *out, struct err *err)
{
	static const struct record_id none;
	sqlite3_stmt *s = view_walk(v, "SELECT row, id, team, state, rows FROM record", err);
	struct record *r = record_new(&none);
	enum err_code rc = s != NULL && r != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
	struct stream_id team;

	while (rc == ERR_OK && (rc = view_next(v, s, err)) == ERR_OK) {
		struct maker m = { .row = 0 };
		struct bytes rest = view_blob(s, 4);
		int64_t *room;

		rc = view_read_row(v, s, 1, r, &team, err);
		if (rc != ERR_OK || !gone(ctx, r))
			continue;
		room = mem_room(out->rows, out->count, &out->cap, sizeof(*room));
		if (room == NULL) {
			rc = err_plain(err, ERR_NO_MEMORY);
			break;
		}
		out->rows = room;
		room[out->count++] = sqlite3_column_int64(s, 0);
		while (maker_next(&rest, &m))
			maker(ctx, m.row);
	}
	(void)sqlite3_finalize(s);
	record_free(r);
	return rc == ERR_UNKNOWN ? ERR_OK : rc;
}

enum err_code
view_forget(struct view *v, view_gone gone, void (*maker)(void *ctx, uint64_t row), void *ctx, struct err *err)
{
	struct doomed d = { .rows = NULL };
	enum err_code rc = find_doomed(v, gone, maker, ctx, &d, err);

	if (rc == ERR_OK && d.count > 0)
		rc = view_begin(v, err);
	for (size_t i = 0; i < d.count && rc == ERR_OK; i++) {
		sqlite3_stmt *s = view_stmt(v, VIEW_RECORD_DROP, "DELETE FROM record WHERE row = ?1", err);

		if (s == NULL) {
			rc = err_plain(err, ERR_NO_MEMORY);
			break;
		}
		(void)sqlite3_bind_int64(s, 1, d.rows[i]);
		rc = view_run(v, s, err);
	}
	if (rc == ERR_OK && d.count > 0)
		rc = view_index_all(v, err);
	if (rc == ERR_OK && d.count > 0)
		rc = view_commit(v, err);
	if (rc != ERR_OK && d.count > 0)
		view_rollback(v);
	v->hash_known = v->hash_known && d.count == 0;
	v->count_known = v->count_known && d.count == 0;
	mem_free(d.rows);
	return rc;
}
