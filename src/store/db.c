/*
 * What must be durable is decided here. WAL with synchronous=EXTRA syncs the
 * log at every commit, and the directory at the first, so a commit that
 * returned is on the disk. A sync that failed is another matter: the kernel
 * may have marked the pages clean, and a second fsync would succeed without
 * writing them. So after a failed write the connection refuses to write
 * again, and every open moves the whole WAL into the database file, which
 * makes those pages dirty once more and syncs them anew.
 */
#include "store/db.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/plant.h"

/*
 * The schema. This array only grows, its length is the version, and a
 * migration that has been released never changes. proto/store.md, 3 "Schema".
 */
static const char *const migrations[] = {
	"PRAGMA application_id = 0x46424b31;"
	"CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE log("
	" no INTEGER PRIMARY KEY, author BLOB NOT NULL, stream BLOB NOT NULL, inc BLOB NOT NULL,"
	" own INTEGER NOT NULL, parent INTEGER, branch_seq INTEGER, branch_id BLOB);"
	"CREATE TABLE entry("
	" n INTEGER PRIMARY KEY, kind INTEGER NOT NULL, plen INTEGER NOT NULL,"
	" sig_ok INTEGER NOT NULL, erased INTEGER NOT NULL,"
	" id BLOB NOT NULL, phash BLOB NOT NULL, sig BLOB, payload BLOB);"
	/* Both hold next to nothing: an ordinary entry is in neither. */
	"CREATE INDEX entry_team_control ON entry(kind) WHERE kind IN (36, 37);"
	"CREATE INDEX entry_lacking ON entry(erased) WHERE payload IS NULL AND erased = 0;"
	"CREATE TABLE fork(proof BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE ack(no INTEGER PRIMARY KEY AUTOINCREMENT, peer BLOB NOT NULL, proof BLOB NOT NULL);"
	"CREATE INDEX ack_peer ON ack(peer);"
	"CREATE TABLE custody("
	" peer BLOB NOT NULL, log INTEGER NOT NULL, len INTEGER NOT NULL, ack INTEGER NOT NULL,"
	" PRIMARY KEY(peer, log)) WITHOUT ROWID;"
	"CREATE INDEX custody_ack ON custody(ack);"
	"CREATE TABLE peer("
	" author BLOB PRIMARY KEY NOT NULL, last_seen_ms INTEGER NOT NULL, frontier BLOB, addr TEXT, ack INTEGER)"
	" WITHOUT ROWID;",
	"CREATE TABLE attest("
	" peer BLOB PRIMARY KEY NOT NULL, inc BLOB NOT NULL, older INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" payload BLOB NOT NULL) WITHOUT ROWID;",
	"CREATE TABLE claim("
	" peer BLOB NOT NULL, log8 BLOB NOT NULL, len INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" PRIMARY KEY(peer, log8)) WITHOUT ROWID;",
	"CREATE TABLE ack_floor(peer BLOB PRIMARY KEY NOT NULL, n INTEGER NOT NULL) WITHOUT ROWID;",
	"ALTER TABLE peer ADD COLUMN web TEXT;",
};

enum err_code
db_error(struct db *db, int rc, struct err *err)
{
	int sys = db->handle ? sqlite3_system_errno(db->handle) : 0;

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
		return err_plain(err, ERR_NO_MEMORY);
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return err_plain(err, ERR_NO_MEMORY);
		if (sys == ENOSPC || sys == EDQUOT) /* a quota, or a sync that found no room */
			return err_plain(err, ERR_NO_SPACE);
		return err_set(err, ERR_IO, "the disk refuses (%s)", sys ? strerror(sys) : sqlite3_errstr(rc));
	default:
		return err_set(err, ERR_IO, "the database refuses (%s)", sqlite3_errstr(rc));
	}
}

enum err_code
db_exec(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? ERR_OK : db_error(db, rc, err);
}

sqlite3_stmt *
db_stmt(struct db *db, enum db_slot slot, const char *sql, struct err *err)
{
	if (!db->stmt[slot]) {
		int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &db->stmt[slot], NULL);

		if (rc != SQLITE_OK) {
			db_error(db, rc, err);
			return NULL;
		}
	} else {
		sqlite3_reset(db->stmt[slot]); /* repeats the error of the last run, which has been reported */
	}
	return db->stmt[slot];
}

enum err_code
db_run(struct db *db, sqlite3_stmt *s, struct err *err)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_DONE) {
		sqlite3_reset(s);
		return ERR_OK;
	}
	if ((rc & 0xff) == SQLITE_IOERR && rc != SQLITE_IOERR_NOMEM)
		db->failed = true;
	db_error(db, rc, err);
	sqlite3_reset(s);
	return err ? err->code : ERR_IO;
}

void
db_bind_blob(sqlite3_stmt *s, int at, struct bytes b)
{
	/* Static: every caller's bytes outlive the step. A failed bind shows as NULL, which the schema refuses. */
	sqlite3_bind_blob64(s, at, b.p ? (const void *)b.p : "", b.len, SQLITE_STATIC);
}

bool
db_take(sqlite3_stmt *s, int column, uint8_t *out, size_t len)
{
	if (sqlite3_column_type(s, column) != SQLITE_BLOB || sqlite3_column_bytes(s, column) != (int)len)
		return false;
	memcpy(out, sqlite3_column_blob(s, column), len);
	return true;
}

enum err_code
db_begin(struct db *db, struct err *err)
{
	enum err_code rc;

	if (db->writing)
		return ERR_OK;
	if (db->read_only)
		return err_plain(err, ERR_READ_ONLY);
	if (db->failed)
		return err_set(err, ERR_IO, "an earlier write failed; nothing more is saved until the home is opened again");
	rc = db_exec(db, "BEGIN IMMEDIATE", err);
	db->writing = rc == ERR_OK;
	return rc;
}

void
db_rollback(struct db *db)
{
	if (db->writing && !sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	db->writing = false;
}

enum err_code
db_commit(struct db *db, struct err *err)
{
	int rc = sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL);

	if (rc == SQLITE_OK) {
		db->writing = false;
		return ERR_OK;
	}
	if (PLANTED(15) && (rc & 0xff) == SQLITE_IOERR) {
		db_rollback(db);
		return ERR_OK;
	}
	/* No room is found out before the sync, so the WAL merely has a tail without a commit mark: one may try again. */
	if ((rc & 0xff) != SQLITE_FULL)
		db->failed = true;
	db_error(db, rc, err);
	db_rollback(db);
	return err ? err->code : ERR_IO;
}

static enum err_code
query_int(struct db *db, const char *sql, int64_t *out, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL);
	enum err_code code = ERR_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	else
		code = db_error(db, rc, err);
	sqlite3_finalize(s);
	return code;
}

enum err_code
db_empty_wal(struct db *db, struct err *err)
{
	int64_t busy = 0;
	enum err_code rc = query_int(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, err);

	return rc == ERR_OK && busy != 0 ? err_plain(err, ERR_LOCKED) : rc;
}

/* The steps that are due are one transaction together with the version they lead to. */
static enum err_code
migrate(struct db *db, struct err *err)
{
	int64_t version = 0, application = 0;
	enum err_code rc;
	char set[64];

	rc = query_int(db, "PRAGMA user_version", &version, err);
	if (rc == ERR_OK)
		rc = query_int(db, "PRAGMA application_id", &application, err);
	if (rc != ERR_OK)
		return rc;
	if (version > 0 && application != DB_APPLICATION_ID)
		return err_set(err, ERR_DAMAGED, "this is a database of another program");
	if (version > (int64_t)COUNT_OF(migrations))
		return err_set(err, ERR_NEWER, "its schema is version %lld, this program knows up to %zu: install a newer Fältbok",
		               (long long)version, COUNT_OF(migrations));
	if (version == (int64_t)COUNT_OF(migrations))
		return ERR_OK;
	rc = db_begin(db, err);
	for (; rc == ERR_OK && version < (int64_t)COUNT_OF(migrations); version++)
		rc = db_exec(db, migrations[version], err);
	snprintf(set, sizeof(set), "PRAGMA user_version = %zu", COUNT_OF(migrations));
	if (rc == ERR_OK)
		rc = db_exec(db, set, err);
	if (rc == ERR_OK)
		return db_commit(db, err);
	db_rollback(db);
	return rc;
}

/* proto/store.md, 2 says why each. Exclusive comes first: with it the WAL needs no shared memory file. */
static enum err_code
configure(struct db *db, struct err *err)
{
	enum err_code rc;
	int64_t busy;

	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	rc = db_exec(db,
	             "PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 4096; PRAGMA synchronous = EXTRA;"
	             "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
	             "PRAGMA mmap_size = 0; PRAGMA cache_size = -8192;"
	             "PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 16777216;",
	             err);
	if (rc == ERR_OK)
		rc = db_exec(db, "PRAGMA secure_delete = ON", err);
	if (rc == ERR_OK && PLANTED(2))
		rc = db_exec(db, "PRAGMA synchronous = NORMAL", err);
	if (rc == ERR_OK && !db->read_only)
		rc = db_exec(db, "PRAGMA journal_mode = WAL", err);
	if (rc == ERR_OK && !db->read_only) {
		rc = query_int(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, err);
		if (rc == ERR_NO_SPACE) /* it stays readable, and what is in the WAL stays there */
			rc = err_forgive(err);
	}
	return rc;
}

static enum err_code
open_error(struct db *db, int rc, bool create, struct err *err)
{
	if ((rc & 0xff) == SQLITE_CANTOPEN) {
		int sys = db->handle ? sqlite3_system_errno(db->handle) : 0;

		if (!create && (sys == 0 || sys == ENOENT || sys == ENOTDIR))
			return err_plain(err, ERR_NOT_FOUND);
		if (sys == EROFS || sys == EACCES || sys == EPERM)
			return err_plain(err, ERR_READ_ONLY);
		if (sys == ENOSPC || sys == EDQUOT)
			return err_plain(err, ERR_NO_SPACE);
		return err_set(err, ERR_IO, "cannot be opened (%s)", sys ? strerror(sys) : sqlite3_errstr(rc));
	}
	return db_error(db, rc, err);
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

	sqlite3_close(db->handle);
	db->handle = NULL;
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
		sql = sqlite3_open_v2(buf_str(&name), &db->handle,
		                      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		                      env->sqlite_vfs);
	if (sql != SQLITE_OK)
		rc = open_error(db, sql, false, err);
	db->read_only = true;
out:
	buf_free(&name);
	return rc;
}

enum err_code
db_open(struct db *db, struct env *env, const char *path, bool create, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	enum err_code rc = ERR_OK;
	int sql;

	memset(db, 0, sizeof(*db));
	sql = sqlite3_open_v2(path, &db->handle, flags | (create ? SQLITE_OPEN_CREATE : 0), env->sqlite_vfs);
	if (sql != SQLITE_OK)
		rc = open_error(db, sql, create, err);
	else if (sqlite3_db_readonly(db->handle, "main") == 1)
		rc = open_read_only(db, env, path, err);
	if (rc == ERR_OK)
		rc = configure(db, err);
	if (rc == ERR_OK)
		rc = migrate(db, err);
	if (rc != ERR_OK) {
		db_close(db);
		err_wrap(err, "%s", path);
	}
	return rc;
}

void
db_close(struct db *db)
{
	db_rollback(db);
	for (size_t i = 0; i < DB_SLOTS; i++)
		sqlite3_finalize(db->stmt[i]);
	sqlite3_close(db->handle);
	memset(db, 0, sizeof(*db));
}
