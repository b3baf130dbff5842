/*
 * The database under a replica: statements, one transaction at a time, and an
 * engine beneath, chosen when it is opened.
 *
 *    replica ── struct db ──┬── db_sqlite   HOME/log.db: one process, one file
 *                           └── src/pg      PostgreSQL: many processes, one database
 *
 * The statements' texts are the replica's own and the same for every engine:
 * numbered parameters (?1), integers of 64 bits, blobs, texts, and what SQLite
 * and PostgreSQL both call ON CONFLICT and RETURNING.
 * Spec: proto/store.md, 2 to 5, proto/postgresql.md.
 */
#ifndef FALTBOK_STORE_DB_H
#define FALTBOK_STORE_DB_H

#include "base/env.h"

/* A slot per statement text; the text stands beside the function that runs it. */
enum db_slot {
	DB_LOG_ADD, DB_LOG_LIST, DB_LOG_REPARENT, DB_HEAD, DB_LACKING_LOGS, DB_LACKING_NEXT,
	DB_ENTRY_ADD, DB_ENTRY_ID, DB_ENTRY_MOVE, DB_ENTRY_FILL, DB_ENTRY_ERASE, DB_ENTRY_NAMED, DB_ENTRY_GONE, DB_ENTRY_CONTENT, DB_ENTRY_HELD, DB_SCAN_ALL, DB_SCAN_HEADERS, DB_TEAM_CONTROL,
	DB_FORK_ADD, DB_FORK_LIST,
	DB_ACK_ADD, DB_CUSTODY_PUT, DB_CUSTODY_GET, DB_CUSTODY_PROOF, DB_ACK_PRUNE, DB_PEER_ACK, DB_PEER_SEEN, DB_PEER_LIST,
	DB_META_PUT, DB_META_GET,
	DB_ATTEST_GET, DB_ATTEST_PUT, DB_CUSTODY_FORGET, DB_CUSTODY_LIST, DB_CLAIM_PUT, DB_CLAIM_LIST, DB_CLAIM_FORGET,
	DB_ACK_FLOOR_PUT, DB_ACK_FLOOR_GET,
	DB_NEWS_ENTRIES, DB_NEWS_TEAMS,
	DB_SLOTS
};

/* What a statement is for, where an engine can make something of it. */
enum db_use {
	DB_ONE,   /* nothing more to say */
	DB_SCAN,  /* rows of `entry` from n = ?1 on in their order, n first: may be fetched a page at a time */
	DB_MANY,  /* "INSERT INTO entry(…) VALUES(?1, ?2, …)", once for each of many rows: may be gathered; no result is known before the next other statement */
};

enum { DB_ROW = 100, DB_DONE = 101 }; /* of db_step(); all else is the engine's own error */

struct db;

struct stmt { struct db *db; const struct db_engine *engine; };

/* An engine, and what it needs to know: which database that is. Outlives all that is opened with it. */
struct db_engine {
	/* `name`: a path, or what the engine calls the store. On error nothing stays open. */
	enum err_code (*open)(const struct db_engine *e, struct db *db, struct env *env, const char *name, bool create, struct err *err);
	void (*close)(struct db *db); /* statements are finalized before */

	enum err_code (*prepare)(struct db *db, const char *sql, enum db_use use, struct stmt **out, struct err *err);
	void (*finalize)(struct stmt *s);
	void (*reset)(struct stmt *s);
	void (*clear)(struct stmt *s); /* every parameter NULL */
	int (*step)(struct stmt *s);
	void (*bind_int)(struct stmt *s, int at, int64_t n);
	void (*bind_blob)(struct stmt *s, int at, struct bytes b); /* borrowed until the step */
	void (*bind_text)(struct stmt *s, int at, const char *text); /* borrowed; NULL is NULL */
	void (*bind_null)(struct stmt *s, int at);
	int64_t (*column_int)(struct stmt *s, int at);
	struct bytes (*column_blob)(struct stmt *s, int at); /* until the next step or reset */
	const char *(*column_text)(struct stmt *s, int at);
	bool (*column_is_null)(struct stmt *s, int at);
	bool (*column_is_blob)(struct stmt *s, int at);
	uint64_t (*changes)(struct stmt *s); /* rows of the last step */

	/* What `rc` is among our codes, with a sentence. */
	enum err_code (*error)(struct db *db, int rc, struct err *err);
	enum err_code (*begin)(struct db *db, struct err *err);
	enum err_code (*commit)(struct db *db, struct err *err);
	void (*rollback)(struct db *db);

	/* Bytes of all of it, of what of it is empty, and of what was written and has not found its place yet. */
	uint64_t (*bytes)(struct db *db);
	uint64_t (*free_bytes)(struct db *db);
	uint64_t (*unsettled_bytes)(struct db *db);
	/* From now on a statement may take as long as it takes, or no longer. NULL where nobody would stop it. */
	void (*patience)(struct db *db, bool endless);
	/* Without what is empty, nor what was deleted. on_disk: a copy that is needed meanwhile may be on the disk, and is in memory otherwise. */
	enum err_code (*rewrite)(struct db *db, bool on_disk, struct err *err);
	enum err_code (*settle)(struct db *db, struct err *err);  /* what is unsettled into its place. ERR_LOCKED while something still reads */
	/* The pages as such, where they are the engine's to check. */
	enum err_code (*check)(struct db *db, void (*finding)(void *ctx, const char *text), void *ctx, struct err *err);

	/*
	 * Where several processes write; NULL where one does. Between look() and look_end() all reads see one moment.
	 * news: whether something was committed by another since what db->turn says, and whether more than appended entries (*anew).
	 */
	enum err_code (*look)(struct db *db, struct err *err);
	void (*look_end)(struct db *db);
	enum err_code (*news)(struct db *db, bool *any, bool *anew, struct err *err);
	void (*seen)(struct db *db); /* memory holds what news() told of */
	/*
	 * To be called now and then, and never waits: takes up a connection again that was lost, and hears the others' word
	 * that there is news. True when a look is worth while.
	 */
	bool (*wake)(struct db *db);
};

struct db {
	const struct db_engine *engine;
	void *own;                     /* the engine's */
	struct stmt *stmt[DB_SLOTS];
	bool writing;    /* a transaction is open */
	bool failed;     /* a write or sync failed: what the kernel holds is unknown, so no more writes until reopened */
	bool read_only;
	bool away;           /* the server cannot be reached: nothing is read or written until wake() has it back */
	bool rewrites;       /* the open transaction does more than append entries */
	int64_t turn;        /* of shared stores: the newest transaction that memory mirrors */
};

extern const struct db_engine db_sqlite;

/*
 * Opens and migrates. On error nothing stays open.
 *   ERR_NOT_FOUND, ERR_LOCKED, ERR_NEWER, ERR_DAMAGED, ERR_NO_SPACE, ERR_READ_ONLY, ERR_IO, ERR_NO_MEMORY
 * A file on a read-only disk opens for reading; db->read_only then says so.
 */
enum err_code db_open(struct db *db, const struct db_engine *engine, struct env *env, const char *name, bool create, struct err *err) MUST_CHECK;
void db_close(struct db *db);

/* The statement of `slot`, reset, prepared at its first use. NULL with err set. */
struct stmt *db_stmt(struct db *db, enum db_slot slot, const char *sql, struct err *err);
struct stmt *db_stmt_for(struct db *db, enum db_slot slot, const char *sql, enum db_use use, struct err *err);
/* Runs a statement that gives no rows, and resets it. A failure inside a transaction may set db->failed. */
enum err_code db_run(struct db *db, struct stmt *s, struct err *err) MUST_CHECK;

enum err_code db_begin(struct db *db, struct err *err) MUST_CHECK;  /* nothing to do when one is open */
enum err_code db_commit(struct db *db, struct err *err) MUST_CHECK; /* on error the transaction is gone */
void db_rollback(struct db *db);

static inline bool
db_shared(const struct db *db)
{
	return db->engine != NULL && db->engine->news != NULL;
}

static inline enum err_code
db_prepare(struct db *db, const char *sql, enum db_use use, struct stmt **out, struct err *err)
{
	return db->engine->prepare(db, sql, use, out, err);
}

static inline enum err_code
db_error(struct db *db, int rc, struct err *err)
{
	return db->engine->error(db, rc, err);
}

static inline void
db_finalize(struct stmt *s)
{
	if (s != NULL)
		s->engine->finalize(s);
}

static inline void db_reset(struct stmt *s) { s->engine->reset(s); }
static inline void db_clear(struct stmt *s) { s->engine->clear(s); }
static inline int db_step(struct stmt *s) { return s->engine->step(s); }
static inline uint64_t db_changes(struct stmt *s) { return s->engine->changes(s); }
static inline void db_bind_int(struct stmt *s, int at, int64_t n) { s->engine->bind_int(s, at, n); }
static inline void db_bind_blob(struct stmt *s, int at, struct bytes b) { s->engine->bind_blob(s, at, b); }
static inline void db_bind_text(struct stmt *s, int at, const char *text) { s->engine->bind_text(s, at, text); }
static inline void db_bind_null(struct stmt *s, int at) { s->engine->bind_null(s, at); }
static inline int64_t db_int(struct stmt *s, int at) { return s->engine->column_int(s, at); }
static inline struct bytes db_blob(struct stmt *s, int at) { return s->engine->column_blob(s, at); }
static inline const char *db_text(struct stmt *s, int at) { return s->engine->column_text(s, at); }
static inline bool db_is_null(struct stmt *s, int at) { return s->engine->column_is_null(s, at); }
static inline bool db_is_blob(struct stmt *s, int at) { return s->engine->column_is_blob(s, at); }

#define DB_BIND(s, at, fixed) db_bind_blob((s), (at), BYTES_OF(fixed))
/* Copies a column that must be a blob of exactly `len` bytes. */
bool db_take(struct stmt *s, int column, uint8_t *out, size_t len);
#define DB_TAKE(s, column, fixed) db_take((s), (column), (fixed).b, sizeof((fixed).b))

#endif
