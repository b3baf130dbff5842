/*
 * A PostgreSQL server of the test's own (tests/pg-cluster), and an engine for
 * it in site_engine: pg_start() and pg_end() are a group's set-up and its end.
 */
#ifndef FALTBOK_TESTS_PG_SITE_H
#define FALTBOK_TESTS_PG_SITE_H

#include "site.h"

#include <libpq-fe.h>

#include "pg/pg.h"

static char pg_dir[64], pg_url[200];
static struct db_engine *pg_engine;

static inline int
pg_cluster(const char *what)
{
	char command[200];

	snprintf(command, sizeof(command), "tests/pg-cluster %s %s >/dev/null", what, pg_dir);
	return system(command);
}

static inline int
pg_start(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	snprintf(pg_dir, sizeof(pg_dir), "/tmp/faltbok-pg-XXXXXX");
	if (mkdtemp(pg_dir) == NULL || pg_cluster("start") != 0)
		return -1;
	snprintf(pg_url, sizeof(pg_url), "postgresql://faltbok@/faltbok?host=%s", pg_dir);
	if (pg_engine_new(&pg_engine, pg_url, &err) != ERR_OK)
		return -1;
	site_engine = pg_engine;
	return 0;
}

static inline int
pg_end(void **state)
{
	(void)state;
	site_engine = NULL;
	pg_engine_free(pg_engine);
	if (pg_cluster("stop") != 0)
		return -1;
	nftw(pg_dir, site_unlink, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* Another hand in the database. What SQLite calls zeroblob() is made there too. */
static inline void
pg_sql(const char *schema, const char *text)
{
	PGconn *conn = PQconnectdb(pg_url);
	char set[400];
	PGresult *res;

	assert_int_equal(PQstatus(conn), CONNECTION_OK);
	snprintf(set, sizeof(set), "SET search_path = %s; CREATE OR REPLACE FUNCTION zeroblob(int) RETURNS bytea LANGUAGE sql AS"
	         " $$ SELECT decode(repeat('00', $1), 'hex') $$", schema);
	PQclear(PQexec(conn, set));
	res = PQexec(conn, text);
	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", text, PQerrorMessage(conn));
	PQclear(res);
	PQfinish(conn);
}

#endif
