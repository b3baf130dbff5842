/*
 * What must be durable is decided here. WAL with synchronous=EXTRA syncs the
 * log at every commit, and the directory at the first, so a commit that
 * returned is on the disk. A sync that failed is another matter: the kernel
 * may have marked the pages clean, and a second fsync would succeed without
 * writing them. So after a failed write the connection refuses to write
 * again, and every open moves the whole WAL into the database file, which
 * makes those pages dirty once more and syncs them anew.
 */
#include "store/db_sqlite_internal.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/plant.h"

struct statement { struct stmt base; sqlite3_stmt *s; };

static sqlite3_stmt *
raw(struct stmt *s)
{
	return ((struct statement *)s)->s;
}

sqlite3 *
sqlite_handle(struct db *db)
{
	return db->own;
}

static enum err_code
no_memory(struct err *err)
{
	mem_refused();
	return err_plain(err, ERR_NO_MEMORY);
}

enum err_code
sqlite_error(sqlite3 *handle, int rc, struct err *err)
{
	int sys = handle ? sqlite3_system_errno(handle) : 0;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return err_plain(err, ERR_NO_SPACE);
	case SQLITE_READONLY:
		return err_plain(err, ERR_READ_ONLY);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_plain(err, ERR_LOCKED);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(err, ERR_DAMAGED, "the database file is damaged (%s)", sqlite3_errstr(rc));
	case SQLITE_NOMEM:
		return no_memory(err);
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return no_memory(err);
		if (sys == ENOSPC || sys == EDQUOT) /* a quota, or a sync that found no room */
			return err_plain(err, ERR_NO_SPACE);
		return err_set(err, ERR_IO, "the disk refuses (%s)", sys ? strerror(sys) : sqlite3_errstr(rc));
	default:
		return err_set(err, ERR_IO, "the database refuses (%s)", sqlite3_errstr(rc));
	}
}

static enum err_code
error(struct db *db, int rc, struct err *err)
{
	return sqlite_error(db->own, rc, err);
}

enum err_code
sqlite_run(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->own, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? ERR_OK : error(db, rc, err);
}

/* ---- statements ---- */

static enum err_code
prepare(struct db *db, const char *sql, enum db_use use, struct stmt **out, struct err *err)
{
	struct statement *s = mem_zero(1, sizeof(*s));
	int rc;

	(void)use; /* pages come from the disk as they are stepped through */
	*out = NULL;
	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	s->base = (struct stmt){ db, &db_sqlite };
	rc = sqlite3_prepare_v3(db->own, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->s, NULL);
	if (rc != SQLITE_OK) {
		mem_free(s);
		return error(db, rc, err);
	}
	*out = &s->base;
	return ERR_OK;
}

static void
finalize(struct stmt *s)
{
	sqlite3_finalize(raw(s));
	mem_free(s);
}

static void
reset(struct stmt *s)
{
	sqlite3_reset(raw(s));
}

static void
clear(struct stmt *s)
{
	sqlite3_clear_bindings(raw(s));
}

/*
 * A step that fails may end the whole transaction, and SQLite takes up none by itself: each later statement would be
 * saved for itself, an ACK without the log that it is of. So nothing is written any more until the batch is dropped.
 */
static bool
is_gone(struct db *db)
{
	return db->writing && sqlite3_get_autocommit(db->own);
}

static int
step(struct stmt *s)
{
	int rc = is_gone(s->db) && !sqlite3_stmt_readonly(raw(s)) ? SQLITE_ABORT_ROLLBACK : sqlite3_step(raw(s));

	if ((rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
		mem_refused(); /* also where the caller takes what has come so far for all there is */
	if ((rc & 0xff) == SQLITE_IOERR && rc != SQLITE_IOERR_NOMEM && !sqlite3_stmt_readonly(raw(s)))
		s->db->failed = true;
	return rc;
}

static void
bind_int(struct stmt *s, int at, int64_t n)
{
	sqlite3_bind_int64(raw(s), at, n);
}

static void
bind_blob(struct stmt *s, int at, struct bytes b)
{
	/* Static: every caller's bytes outlive the step. A failed bind shows as NULL, which the schema refuses. */
	sqlite3_bind_blob64(raw(s), at, b.p ? (const void *)b.p : "", b.len, SQLITE_STATIC);
}

static void
bind_text(struct stmt *s, int at, const char *text)
{
	sqlite3_bind_text(raw(s), at, text, -1, SQLITE_STATIC); /* NULL stays NULL */
}

static void
bind_null(struct stmt *s, int at)
{
	sqlite3_bind_null(raw(s), at);
}

static int64_t
column_int(struct stmt *s, int at)
{
	return sqlite3_column_int64(raw(s), at);
}

static struct bytes
column_blob(struct stmt *s, int at)
{
	const void *p = sqlite3_column_blob(raw(s), at);

	return BYTES(p, (size_t)sqlite3_column_bytes(raw(s), at));
}

static const char *
column_text(struct stmt *s, int at)
{
	return (const char *)sqlite3_column_text(raw(s), at);
}

static bool
column_is_null(struct stmt *s, int at)
{
	return sqlite3_column_type(raw(s), at) == SQLITE_NULL;
}

static bool
column_is_blob(struct stmt *s, int at)
{
	return sqlite3_column_type(raw(s), at) == SQLITE_BLOB;
}

static uint64_t
changes(struct stmt *s)
{
	return (uint64_t)sqlite3_changes(s->db->own);
}

/* ---- the transaction ---- */

static enum err_code
begin(struct db *db, struct err *err)
{
	return sqlite_run(db, "BEGIN IMMEDIATE", err);
}

static void
rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->own))
		sqlite3_exec(db->own, "ROLLBACK", NULL, NULL, NULL);
}

static enum err_code
commit(struct db *db, struct err *err)
{
	int rc;

	if (is_gone(db))
		return err_set(err, ERR_IO, "an earlier step of it failed, and nothing of it was saved");
	rc = sqlite3_exec(db->own, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return ERR_OK;
	if (PLANTED(15) && (rc & 0xff) == SQLITE_IOERR) {
		rollback(db);
		return ERR_OK;
	}
	/* No room is found out before the sync, so the WAL merely has a tail without a commit mark: one may try again. */
	if ((rc & 0xff) != SQLITE_FULL)
		db->failed = true;
	error(db, rc, err);
	rollback(db);
	return err ? err->code : ERR_IO;
}

enum err_code
sqlite_number(struct db *db, const char *sql, int64_t *out, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->own, sql, -1, &s, NULL);
	enum err_code code = ERR_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	else
		code = error(db, rc, err);
	sqlite3_finalize(s);
	return code;
}

static enum err_code
settle(struct db *db, struct err *err)
{
	int64_t busy = 0;
	enum err_code rc = sqlite_number(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, err);

	return rc == ERR_OK && busy != 0 ? err_plain(err, ERR_LOCKED) : rc;
}

/* proto/store.md, 2 says why each. Exclusive comes first: with it the WAL needs no shared memory file. */
static enum err_code
configure(struct db *db, struct err *err)
{
	enum err_code rc;
	int64_t busy;

	sqlite3_db_config(db->own, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	rc = sqlite_run(db,
	             "PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 4096; PRAGMA synchronous = EXTRA;"
	             "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
	             "PRAGMA mmap_size = 0; PRAGMA cache_size = -8192;"
	             "PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 16777216;",
	             err);
	if (rc == ERR_OK)
		rc = sqlite_run(db, "PRAGMA secure_delete = ON", err);
	if (rc == ERR_OK && PLANTED(2))
		rc = sqlite_run(db, "PRAGMA synchronous = NORMAL", err);
	if (rc == ERR_OK && !db->read_only)
		rc = sqlite_run(db, "PRAGMA journal_mode = WAL", err);
	if (rc == ERR_OK && !db->read_only) {
		rc = sqlite_number(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, err);
		if (rc == ERR_NO_SPACE) /* it stays readable, and what is in the WAL stays there */
			rc = err_forgive(err);
	}
	return rc;
}

static enum err_code
open_error(struct db *db, int rc, bool create, struct err *err)
{
	if ((rc & 0xff) == SQLITE_CANTOPEN) {
		int sys = db->own ? sqlite3_system_errno(db->own) : 0;

		if (!create && (sys == 0 || sys == ENOENT || sys == ENOTDIR))
			return err_plain(err, ERR_NOT_FOUND);
		if (sys == EROFS || sys == EACCES || sys == EPERM)
			return err_plain(err, ERR_READ_ONLY);
		if (sys == ENOSPC || sys == EDQUOT)
			return err_plain(err, ERR_NO_SPACE);
		return err_set(err, ERR_IO, "cannot be opened (%s)", sys ? strerror(sys) : sqlite3_errstr(rc));
	}
	return error(db, rc, err);
}

/*
 * A database in WAL mode on a read-only disk opens only as "immutable", and
 * that ignores the WAL: fine after an orderly close, which leaves none, and
 * a silent loss of the newest entries otherwise. So the WAL's presence refuses.
 */
static enum err_code
open_read_only(struct db *db, struct env *env, const char *path, struct err *err)
{
	struct buf name = BUF_INIT;
	enum err_code rc = ERR_OK;
	int sql = SQLITE_NOMEM;

	sqlite3_close(db->own);
	db->own = NULL;
	buf_printf(&name, "%s-wal", path);
	if (buf_str(&name) && env->files->exists(env, buf_str(&name))) {
		rc = err_set(err, ERR_READ_ONLY, "this place can only be read, and the newest entries wait in %s", buf_str(&name));
		goto out;
	}
	buf_clear(&name);
	buf_printf(&name, "file:");
	for (const char *p = path; *p; p++)
		strchr("%?#", *p) ? buf_printf(&name, "%%%02x", (unsigned)*p) : buf_put_u8(&name, (uint8_t)*p);
	buf_printf(&name, "?immutable=1");
	if (buf_str(&name))
		sql = sqlite3_open_v2(buf_str(&name), (sqlite3 **)&db->own,
		                      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		                      env->sqlite_vfs);
	if (sql != SQLITE_OK)
		rc = open_error(db, sql, false, err);
	db->read_only = true;
out:
	buf_free(&name);
	return rc;
}

static void
close_file(struct db *db)
{
	sqlite3_close(db->own);
	db->own = NULL;
}

static enum err_code
open_file(const struct db_engine *e, struct db *db, struct env *env, const char *path, bool create, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	enum err_code rc = ERR_OK;
	sqlite3 *handle = NULL;
	int sql;

	(void)e;
	sql = sqlite3_open_v2(path, &handle, flags | (create ? SQLITE_OPEN_CREATE : 0), env->sqlite_vfs);
	db->own = handle;
	if (sql != SQLITE_OK)
		rc = open_error(db, sql, create, err);
	else if (sqlite3_db_readonly(handle, "main") == 1)
		rc = open_read_only(db, env, path, err);
	if (rc == ERR_OK)
		rc = configure(db, err);
	if (rc == ERR_OK)
		rc = sqlite_migrate(db, err);
	if (rc == ERR_OK)
		rc = sqlite_check_schema(db, err);
	if (rc != ERR_OK)
		close_file(db);
	return rc;
}

/* ---- size, and pages ---- */

static uint64_t
number(struct db *db, const char *sql)
{
	int64_t n = 0;

	return sqlite_number(db, sql, &n, NULL) == ERR_OK ? (uint64_t)n : 0;
}

static uint64_t
bytes(struct db *db)
{
	return number(db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
}

static uint64_t
free_bytes(struct db *db)
{
	return number(db, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size");
}

/* Frames of a page and a header each, 0 where nothing stands in it. */
static uint64_t
wal_bytes(struct db *db)
{
	int frames = 0;

	if (sqlite3_wal_checkpoint_v2(db->own, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, NULL) != SQLITE_OK || frames < 0)
		return 0;
	return (uint64_t)frames * (number(db, "PRAGMA page_size") + 24);
}

/* With its temporary copy on the disk: in memory it would be as large as the store. What stands there is sealed. */
static enum err_code
vacuum(struct db *db, bool on_disk, struct err *err)
{
	enum err_code rc, back;

	if (!on_disk)
		return sqlite_run(db, "VACUUM", err);
	rc = sqlite_run(db, "PRAGMA temp_store = FILE", err);

	if (rc == ERR_OK)
		rc = sqlite_run(db, "VACUUM", err);
	back = sqlite_run(db, "PRAGMA temp_store = MEMORY", rc == ERR_OK ? err : NULL);
	return rc == ERR_OK ? back : rc;
}

static enum err_code
check(struct db *db, void (*finding)(void *ctx, const char *text), void *ctx, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->own, "PRAGMA quick_check", -1, &s, NULL);

	if (rc != SQLITE_OK)
		return error(db, rc, err);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 0);

		if (text && strcmp(text, "ok") != 0)
			finding(ctx, text);
	}
	sqlite3_finalize(s);
	if ((rc & 0xff) == SQLITE_CORRUPT)
		finding(ctx, sqlite3_errstr(rc));
	else if (rc != SQLITE_DONE)
		return error(db, rc, err);
	return ERR_OK;
}

const struct db_engine db_sqlite = {
	.open = open_file, .close = close_file,
	.prepare = prepare, .finalize = finalize, .reset = reset, .clear = clear, .step = step,
	.bind_int = bind_int, .bind_blob = bind_blob, .bind_text = bind_text, .bind_null = bind_null,
	.column_int = column_int, .column_blob = column_blob, .column_text = column_text,
	.column_is_null = column_is_null, .column_is_blob = column_is_blob, .changes = changes,
	.error = error, .begin = begin, .commit = commit, .rollback = rollback,
	.bytes = bytes, .free_bytes = free_bytes, .unsettled_bytes = wal_bytes,
	.rewrite = vacuum, .settle = settle, .check = check,
};
