/* The tables of a database file: how they come to be, step by step, and that they are still those. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/db_sqlite_internal.h"

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

/* The steps that are due are one transaction together with the version they lead to. */
enum err_code
sqlite_migrate(struct db *db, struct err *err)
{
	int64_t version = 0, application = 0;
	enum err_code rc;
	char set[64];

	rc = sqlite_number(db, "PRAGMA user_version", &version, err);
	if (rc == ERR_OK)
		rc = sqlite_number(db, "PRAGMA application_id", &application, err);
	if (rc != ERR_OK)
		return rc;
	if (version > 0 && application != DB_APPLICATION_ID)
		return err_set(err, ERR_DAMAGED, "this is a database of another program");
	if (version > (int64_t)COUNT_OF(migrations))
		return err_set(err, ERR_NEWER, "its schema is version %lld, this program knows up to %zu: install a newer Fältbok",
		               (long long)version, COUNT_OF(migrations));
	if (version == (int64_t)COUNT_OF(migrations))
		return ERR_OK;
	rc = db_sqlite.begin(db, err);
	for (; rc == ERR_OK && version < (int64_t)COUNT_OF(migrations); version++)
		rc = sqlite_run(db, migrations[version], err);
	(void)snprintf(set, sizeof(set), "PRAGMA user_version = %zu", COUNT_OF(migrations));
	if (rc == ERR_OK)
		rc = sqlite_run(db, set, err);
	if (rc == ERR_OK)
		return db_sqlite.commit(db, err);
	db_sqlite.rollback(db);
	return rc;
}

enum { SCHEMA_BYTES = 16384 };

/* What is longer than that is not ours, cut short or not. */
static enum err_code
read_schema(struct db *db, char out[SCHEMA_BYTES], struct err *err)
{
	sqlite3_stmt *s = NULL;
	size_t len = 0;
	int rc = sqlite3_prepare_v2(db->own, "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name", -1,
	                            &s, NULL);

	out[0] = '\0';
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW && sqlite3_column_bytes(s, 0) > 0 && len < SCHEMA_BYTES)
			len += (size_t)snprintf(out + len, SCHEMA_BYTES - len, "%s;", (const char *)sqlite3_column_text(s, 0));
	}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? ERR_OK : sqlite_error(db->own, rc, err);
}

/* What the migrations come to, in memory: SQLite alone knows how it writes them down. */
static enum err_code
schema_meant(char out[SCHEMA_BYTES], struct err *err)
{
	struct db db = { .engine = &db_sqlite };
	sqlite3 *handle = NULL;
	enum err_code rc = ERR_OK;

	if (sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		rc = err_plain(err, ERR_NO_MEMORY);
	db.own = handle;
	for (size_t i = 0; i < COUNT_OF(migrations) && rc == ERR_OK; i++)
		rc = sqlite_run(&db, migrations[i], err);
	if (rc == ERR_OK)
		rc = read_schema(&db, out, err);
	assert(rc != ERR_OK || strlen(out) < SCHEMA_BYTES - 1);
	sqlite3_close(handle);
	return rc;
}

/*
 * A letter that has turned in the text of a table can make it another table: without its INTEGER PRIMARY KEY it has rows and shows
 * none. Nothing in SQLite looks at that.
 */
enum err_code
sqlite_check_schema(struct db *db, struct err *err)
{
	char meant[SCHEMA_BYTES], text[SCHEMA_BYTES];
	enum err_code rc = schema_meant(meant, err);

	if (rc == ERR_OK)
		rc = read_schema(db, text, err);
	if (rc == ERR_OK && strcmp(text, meant) != 0)
		rc = err_set(err, ERR_DAMAGED, "its tables are not those it was made with: a part of the file has turned; take it from a backup, or the entries from others");
	return rc;
}
