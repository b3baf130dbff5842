/*
 * What the files of `pg` share.
 *
 *   conn.c    the connection: making, losing and taking up again; one exchange, with a deadline
 *   stmt.c    statements, and the COPY of many rows
 *   schema.c  the tables, and their migrations
 *   engine.c  transactions, turns, sizes, and the table of operations
 */
#ifndef FALTBOK_PG_PG_INTERNAL_H
#define FALTBOK_PG_PG_INTERNAL_H

#include <libpq-fe.h>

#include "pg/pg.h"
#include "store/db.h"

enum {
	PG_ANSWER_MS = 10000,    /* of an ordinary statement; the server's own timeouts are shorter, so that it can say why */
	PG_PATIENT_MS = 3600000, /* of writing the tables anew */
	PG_FAILED = 1,           /* of step(): the sentence stands in the connection */
	PG_SCHEMA_BYTES = 64,
};

struct pg_engine { struct db_engine base; char *url; };

struct pg {
	struct db *db;
	struct env *env;
	const char *url;
	char schema[PG_SCHEMA_BYTES];
	PGconn *conn;              /* NULL while away */
	PGconn *coming;            /* one that is being made */
	PostgresPollingStatusType want; /* what the one being made waits for */
	uint64_t since_ns;         /* when that was begun */
	uint64_t generation;       /* of the connection: what was prepared on an older one is gone */
	uint64_t again_ns, pause_ns;

	enum err_code code;        /* the newest failure */
	char why[256];

	int64_t turn, anew;        /* as last read */
	bool dirty;                /* the open transaction has changed something */
	bool looking;
	int answer_ms;             /* how long an ordinary statement may take: PG_ANSWER_MS, or PG_PATIENT_MS */
	unsigned names;            /* of prepared statements */

	struct buf rows;           /* gathered for COPY, in its binary form */
	size_t row_count;
	struct stmt *rows_of;

	uint64_t bytes, bytes_ns;  /* the size when it was last asked for; 0 never */
};

/* conn.c */
enum err_code pg_connect(struct pg *g, struct err *err) MUST_CHECK; /* waits */
bool pg_wake(struct pg *g);
void pg_disconnect(struct pg *g);
/* The connection is of no use any more. */
void pg_lose(struct pg *g, const char *why);
/* Sets code and why from a result that is an error, or from nothing when there is none. Always returns false. */
bool pg_refused(struct pg *g, const PGresult *res);
/* The next result of what was sent, or NULL: at the end, or (conn is NULL then) lost. */
PGresult *pg_await(struct pg *g, int ms);
/*
 * No transaction is open from here on: what is left of one is rolled back, or the connection goes. What has failed stays the newest failure.
 * Asked of libpq and not of our memory: the answer to a BEGIN may be the one that there was no memory for.
 */
void pg_end_transaction(struct pg *g);
/* Sends everything that is queued. False: lost. */
bool pg_flush(struct pg *g, int ms);
/* A text of one or several statements: false on the first that fails. *last, when asked for, is the result of the last that gives rows. */
bool pg_exec(struct pg *g, const char *sql, int ms, PGresult **last);
enum err_code pg_error(struct pg *g, struct err *err);

/* stmt.c */
void pg_stmt_ops(struct db_engine *e);
/* What was gathered goes to the server. */
bool pg_settle_rows(struct pg *g);
void pg_drop_rows(struct pg *g);

/* schema.c: makes what is missing. ERR_NEWER, ERR_NOT_FOUND (and not to be created) */
enum err_code pg_migrate(struct pg *g, bool create, struct err *err) MUST_CHECK;

/* The database's answer in text; 0 where there is none. */
int64_t pg_number(const PGresult *res, int row, int column);

#endif
