/*
 * The hub's store in PostgreSQL: an engine beneath the replica (store/db.h),
 * for many hub processes over one database.
 *
 *    hub ── replica ── this ──┐
 *    hub ── replica ── this ──┴── one database, a schema for each organisation
 *
 * What was committed is on the server's disk. One transaction writes at a
 * time, per organisation: it holds the schema's row `turn`, whose number says to
 * all others what their memory lacks; NOTIFY says when to look. A server that
 * is away costs at most one deadline: from then on everything fails at once,
 * until wake() has a connection again.
 *
 * Passwords: libpq finds them in ~/.pgpass or PGPASSFILE; a URL that holds one
 * is refused, because everybody on the machine may read a command line.
 * Spec: proto/postgresql.md.
 */
#ifndef FALTBOK_PG_PG_H
#define FALTBOK_PG_PG_H

#include "base/env.h"

struct db_engine;

/*
 * The engine for the database at `url` ("postgresql://USER@HOST/DATABASE?…").
 * Nothing is connected yet. Freed with pg_engine_free(), after all that was opened with it.
 *   ERR_USAGE  no such URL, or one with a password in it
 */
enum err_code pg_engine_new(struct db_engine **out, const char *url, struct err *err) MUST_CHECK;
void pg_engine_free(struct db_engine *e);

#endif
