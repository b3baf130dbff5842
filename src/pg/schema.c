/*
 * The tables, as proto/postgresql.md has them and for its reasons. All hubs
 * of a database may start at one moment: an advisory lock lets one of them
 * make what is missing.
 */
#include "pg/pg_internal.h"

#include <stdio.h>

/* This array only grows, its length is the version, and what has been released never changes. */
static const char *const migrations[] = {
	"CREATE TABLE meta(key text PRIMARY KEY, value bytea NOT NULL);"
	"CREATE TABLE log("
	" no bigint PRIMARY KEY, author bytea NOT NULL, stream bytea NOT NULL, inc bytea NOT NULL,"
	" own bigint NOT NULL, parent bigint, branch_seq bigint, branch_id bytea);"
	"CREATE UNIQUE INDEX log_trunk ON log(author, stream, inc) WHERE parent IS NULL;"
	"CREATE TABLE entry("
	" n bigint PRIMARY KEY, turn bigint NOT NULL, kind bigint NOT NULL, plen bigint NOT NULL,"
	" sig_ok bigint NOT NULL, erased bigint NOT NULL,"
	" id bytea NOT NULL, phash bytea NOT NULL, sig bytea, payload bytea);"
	/* What is sealed does not get smaller. */
	"ALTER TABLE entry ALTER COLUMN payload SET STORAGE EXTERNAL;"
	"CREATE INDEX entry_turn ON entry(turn);"
	"CREATE INDEX entry_team_control ON entry(kind) WHERE kind IN (36, 37);"
	"CREATE INDEX entry_lacking ON entry(n) WHERE payload IS NULL AND erased = 0;"
	"CREATE TABLE fork(proof bytea PRIMARY KEY);"
	"CREATE TABLE ack(no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, peer bytea NOT NULL, proof bytea NOT NULL);"
	"CREATE INDEX ack_peer ON ack(peer);"
	"CREATE TABLE custody("
	" peer bytea NOT NULL, log bigint NOT NULL, len bigint NOT NULL, ack bigint NOT NULL, PRIMARY KEY(peer, log));"
	"CREATE INDEX custody_ack ON custody(ack);"
	"CREATE TABLE peer("
	" author bytea PRIMARY KEY, last_seen_ms bigint NOT NULL, frontier bytea, addr text, web text, ack bigint);"
	"CREATE TABLE attest("
	" peer bytea PRIMARY KEY, inc bytea NOT NULL, older bigint NOT NULL, seq bigint NOT NULL, payload bytea NOT NULL);"
	"CREATE TABLE claim("
	" peer bytea NOT NULL, log8 bytea NOT NULL, len bigint NOT NULL, at_ms bigint NOT NULL, PRIMARY KEY(peer, log8));"
	"CREATE TABLE ack_floor(peer bytea PRIMARY KEY, n bigint NOT NULL);"
	"CREATE TABLE turn(n bigint NOT NULL, anew bigint NOT NULL);"
	"INSERT INTO turn VALUES(0, 0);",
};

static bool
read_version(struct pg *g, int64_t *version)
{
	PGresult *res = NULL;
	char sql[256];

	*version = 0;
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM information_schema.tables WHERE table_schema = '%s' AND table_name = 'form'", g->schema);
	if (!pg_exec(g, sql, PG_ANSWER_MS, &res))
		return false;
	if (pg_number(res, 0, 0) != 0) {
		PQclear(res);
		if (!pg_exec(g, "SELECT version FROM form", PG_ANSWER_MS, &res))
			return false;
		*version = pg_number(res, 0, 0);
	}
	PQclear(res);
	return true;
}

static bool
make(struct pg *g, int64_t version)
{
	char sql[256];
	bool ok = true;

	if (version == 0) {
		(void)snprintf(sql, sizeof(sql), "CREATE SCHEMA IF NOT EXISTS %s; CREATE TABLE form(version bigint NOT NULL); INSERT INTO form VALUES(0)", g->schema);
		ok = pg_exec(g, sql, PG_ANSWER_MS, NULL);
	}
	for (; ok && version < (int64_t)COUNT_OF(migrations); version++) {
		(void)snprintf(sql, sizeof(sql), "UPDATE form SET version = %lld", (long long)version + 1);
		ok = pg_exec(g, migrations[version], PG_ANSWER_MS, NULL) && pg_exec(g, sql, PG_ANSWER_MS, NULL);
	}
	return ok;
}

enum err_code
pg_migrate(struct pg *g, bool create, struct err *err)
{
	int64_t version = 0;
	char sql[256];
	bool ok = read_version(g, &version);

	if (ok && version == 0 && !create)
		return err_plain(err, ERR_NOT_FOUND);
	if (ok && version < (int64_t)COUNT_OF(migrations)) {
		(void)snprintf(sql, sizeof(sql), "BEGIN; SELECT pg_advisory_xact_lock(hashtext('%s'))", g->schema);
		ok = pg_exec(g, sql, PG_ANSWER_MS, NULL) && read_version(g, &version) && make(g, version) && pg_exec(g, "COMMIT", PG_ANSWER_MS, NULL);
		if (!ok)
			pg_end_transaction(g);
	}
	if (!ok)
		return pg_error(g, err);
	if (version > (int64_t)COUNT_OF(migrations))
		return err_set(err, ERR_NEWER, "its schema is version %lld, this program knows up to %zu: install a newer Fältbok", (long long)version,
		               COUNT_OF(migrations));
	return pg_exec(g,
	               "CREATE TEMPORARY TABLE entry_in(n bigint, kind bigint, plen bigint, sig_ok bigint, erased bigint,"
	               " id bytea, phash bytea, sig bytea, payload bytea) ON COMMIT DELETE ROWS",
	               PG_ANSWER_MS, NULL)
	               ? ERR_OK
	               : pg_error(g, err);
}
