/*
 * log.db as SQLite sees it: opening, pragmas, migrations, cached statements,
 * one transaction at a time, and result codes turned into ours.
 * Internal to `store`. Spec: proto/store.md, 2 "Pragmas" and 5 "Migrations".
 */
#ifndef FALTBOK_STORE_DB_H
#define FALTBOK_STORE_DB_H

#include <sqlite3.h>

#include "base/env.h"

/* A slot per statement text; the text stands beside the function that runs it. */
enum db_slot {
	DB_LOG_ADD, DB_LOG_LIST, DB_LOG_REPARENT, DB_HEAD, DB_LACKING_LOGS, DB_LACKING_NEXT,
	DB_ENTRY_ADD, DB_ENTRY_ID, DB_ENTRY_MOVE, DB_ENTRY_FILL, DB_ENTRY_ERASE, DB_ENTRY_NAMED, DB_ENTRY_GONE, DB_ENTRY_CONTENT, DB_ENTRY_HELD, DB_SCAN_ALL, DB_SCAN_HEADERS, DB_TEAM_CONTROL,
	DB_FORK_ADD, DB_FORK_LIST,
	DB_ACK_ADD, DB_CUSTODY_PUT, DB_CUSTODY_GET, DB_ACK_PRUNE, DB_PEER_ACK, DB_PEER_SEEN, DB_PEER_LIST,
	DB_META_PUT, DB_META_GET,
	DB_ATTEST_GET, DB_ATTEST_PUT, DB_CUSTODY_FORGET, DB_CUSTODY_LIST, DB_CLAIM_PUT, DB_CLAIM_LIST, DB_CLAIM_FORGET,
	DB_ACK_FLOOR_PUT, DB_ACK_FLOOR_GET,
	DB_SLOTS
};

enum { DB_APPLICATION_ID = 0x46424b31 }; /* "FBK1" */

struct db {
	sqlite3 *handle;
	sqlite3_stmt *stmt[DB_SLOTS];
	bool writing;    /* a transaction is open */
	bool failed;     /* a write or sync failed: what the kernel holds is unknown, so no more writes until reopened */
	bool read_only;
};

/*
 * Opens exclusively and migrates. On error nothing stays open.
 *   ERR_NOT_FOUND, ERR_LOCKED, ERR_NEWER, ERR_DAMAGED, ERR_NO_SPACE, ERR_READ_ONLY, ERR_IO, ERR_NO_MEMORY
 * A file on a read-only disk opens for reading; db->read_only then says so.
 */
enum err_code db_open(struct db *db, struct env *env, const char *path, bool create, struct err *err) MUST_CHECK;
void db_close(struct db *db);

/* The statement of `slot`, reset, prepared at its first use. NULL with err set. */
sqlite3_stmt *db_stmt(struct db *db, enum db_slot slot, const char *sql, struct err *err);
/* Runs a statement that gives no rows, and resets it. A failure inside a transaction may set db->failed. */
enum err_code db_run(struct db *db, sqlite3_stmt *s, struct err *err) MUST_CHECK;
enum err_code db_exec(struct db *db, const char *sql, struct err *err) MUST_CHECK;
/* What SQLite's `rc` is among our codes, with a sentence. */
enum err_code db_error(struct db *db, int rc, struct err *err);

enum err_code db_begin(struct db *db, struct err *err) MUST_CHECK;  /* nothing to do when one is open */
enum err_code db_commit(struct db *db, struct err *err) MUST_CHECK; /* on error the transaction is gone */
void db_rollback(struct db *db);
/* Moves the whole WAL into the database file and cuts it to nothing. ERR_LOCKED while something still reads. */
enum err_code db_empty_wal(struct db *db, struct err *err) MUST_CHECK;

void db_bind_blob(sqlite3_stmt *s, int at, struct bytes b);
#define DB_BIND(s, at, fixed) db_bind_blob((s), (at), BYTES_OF(fixed))
/* Copies a column that must be a blob of exactly `len` bytes. */
bool db_take(sqlite3_stmt *s, int column, uint8_t *out, size_t len);
#define DB_TAKE(s, column, fixed) db_take((s), (column), (fixed).b, sizeof((fixed).b))

#endif
