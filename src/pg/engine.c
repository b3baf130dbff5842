/*
 * Transactions and turns. A transaction begins by locking the one row of
 * `turn`, so that one hub at a time writes to an organisation: its number says
 * how far memory is behind. It ends by counting it up, in the same commit as
 * what was stored, so that nobody can hold a number without what belongs to it.
 */
#include "pg/pg_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SIZE_STALE_NS 2000000000ull

static struct pg *
pg_of(struct db *db)
{
	return db->own;
}

static enum err_code
error(struct db *db, int rc, struct err *err)
{
	(void)rc;
	return pg_error(pg_of(db), err);
}

/* ---- the transaction ---- */

static bool
read_turn(struct pg *g, const char *sql)
{
	PGresult *res = NULL;
	bool ok = pg_exec(g, sql, PG_ANSWER_MS, &res);

	if (ok && PQntuples(res) != 1) {
		g->code = ERR_DAMAGED;
		(void)snprintf(g->why, sizeof(g->why), "its table turn has not one row");
		ok = false;
	} else if (ok) {
		g->turn = pg_number(res, 0, 0);
		g->anew = pg_number(res, 0, 1);
	}
	PQclear(res);
	return ok;
}

static void
rollback(struct db *db)
{
	pg_drop_rows(pg_of(db));
	pg_end_transaction(pg_of(db)); /* why it came to this is what counts */
}

static enum err_code
begin(struct db *db, struct err *err)
{
	struct pg *g = pg_of(db);

	if (!read_turn(g, "BEGIN; SELECT n, anew FROM turn FOR UPDATE")) {
		rollback(db);
		return pg_error(g, err);
	}
	g->dirty = false;
	return ERR_OK;
}

/* COMMIT of a transaction that has failed says ROLLBACK, and is no error to the server. */
static bool
end(struct pg *g, const char *sql)
{
	bool ok = g->conn != NULL, kept = false;
	PGresult *res;

	if (ok && !PQsendQuery(g->conn, sql))
		return pg_refused(g, NULL);
	while (g->conn != NULL && (res = pg_await(g, PG_ANSWER_MS)) != NULL) {
		if (ok && PQresultStatus(res) != PGRES_COMMAND_OK)
			ok = pg_refused(g, res);
		kept = strcmp(PQcmdStatus(res), "COMMIT") == 0;
		PQclear(res);
	}
	return ok && kept && g->conn != NULL;
}

static enum err_code
commit(struct db *db, struct err *err)
{
	struct pg *g = pg_of(db);
	char sql[256];
	bool ok;

	(void)snprintf(sql, sizeof(sql), "UPDATE turn SET n = %lld, anew = %lld; NOTIFY %s; COMMIT", (long long)g->turn + 1,
	               (long long)(db->rewrites ? g->turn + 1 : g->anew), g->schema);
	ok = pg_settle_rows(g) && end(g, g->dirty ? sql : "COMMIT");
	if (!ok) {
		rollback(db);
		return pg_error(g, err);
	}
	if (g->dirty)
		g->turn++;
	db->turn = g->turn;
	g->dirty = false;
	return ERR_OK;
}

/* ---- the others ---- */

static enum err_code
look(struct db *db, struct err *err)
{
	struct pg *g = pg_of(db);

	if (db->writing)
		return ERR_OK;
	g->looking = pg_exec(g, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", PG_ANSWER_MS, NULL);
	if (!g->looking)
		pg_end_transaction(g);
	return g->looking ? ERR_OK : pg_error(g, err);
}

static void
look_end(struct db *db)
{
	struct pg *g = pg_of(db);

	if (g->looking && g->conn != NULL)
		(void)pg_exec(g, "COMMIT", PG_ANSWER_MS, NULL);
	if (!db->writing) /* that was not looked at in one of its own */
		pg_end_transaction(g);
	g->looking = false;
}

static enum err_code
news(struct db *db, bool *any, bool *anew, struct err *err)
{
	struct pg *g = pg_of(db);

	if (!db->writing && !read_turn(g, "SELECT n, anew FROM turn"))
		return pg_error(g, err);
	*any = g->turn != db->turn;
	*anew = g->anew > db->turn || g->turn < db->turn; /* smaller: the database is an older one than it was */
	return ERR_OK;
}

static void
seen(struct db *db)
{
	db->turn = pg_of(db)->turn;
}

static bool
wake(struct db *db)
{
	struct pg *g = pg_of(db);
	struct err err = ERR_INIT;
	bool was_away = g->conn == NULL, worth = pg_wake(g);

	if (!was_away || !worth)
		return worth;
	if (pg_migrate(g, false, &err) == ERR_OK) /* another server may have taken its place */
		return true;
	pg_lose(g, err.text);
	return false;
}

/* ---- size ---- */

static uint64_t
ask_number(struct pg *g, const char *sql)
{
	PGresult *res = NULL;
	int64_t n = pg_exec(g, sql, PG_ANSWER_MS, &res) ? pg_number(res, 0, 0) : 0;

	PQclear(res);
	return n > 0 ? (uint64_t)n : 0;
}

/* Asked after each commit: a number a moment old serves as well as one that costs a walk through the catalogue. */
static uint64_t
bytes(struct db *db)
{
	struct pg *g = pg_of(db);
	uint64_t now = g->env->ops->mono_ns(g->env);
	char sql[256];

	if (g->conn == NULL || db->writing || (g->bytes_ns != 0 && now - g->bytes_ns < SIZE_STALE_NS))
		return g->bytes;
	(void)snprintf(sql, sizeof(sql), "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
	               " WHERE relnamespace = '%s'::regnamespace AND relkind = 'r'", g->schema);
	g->bytes = ask_number(g, sql);
	g->bytes_ns = now;
	return g->bytes;
}

/* By the server's own count of dead rows, which is about right. */
static uint64_t
free_bytes(struct db *db)
{
	struct pg *g = pg_of(db);
	char sql[512];

	(void)snprintf(sql, sizeof(sql), "SELECT coalesce(sum(pg_total_relation_size(relid) * n_dead_tup / greatest(n_live_tup + n_dead_tup, 1)), 0)::bigint"
	               " FROM pg_stat_user_tables WHERE schemaname = '%s'", g->schema);
	return ask_number(g, sql);
}

static uint64_t
unsettled_bytes(struct db *db)
{
	(void)db; /* the server's WAL is not ours to count */
	return 0;
}

static enum err_code
settle(struct db *db, struct err *err)
{
	(void)db;
	(void)err;
	return ERR_OK;
}

static void
patience(struct db *db, bool endless)
{
	struct pg *g = pg_of(db);

	g->answer_ms = endless ? PG_PATIENT_MS : PG_ANSWER_MS;
	if (g->conn != NULL)
		(void)pg_exec(g, endless ? "SET statement_timeout = 0" : "SET statement_timeout = 8000", PG_ANSWER_MS, NULL);
}

/* Into new files, so that what was deleted is not in the gaps of the old pages either. Nobody else gets at the tables meanwhile. */
static enum err_code
rewrite(struct db *db, bool on_disk, struct err *err)
{
	static const char *const tables[] = { "entry", "ack", "custody", "claim", "meta", "peer" };
	struct pg *g = pg_of(db);
	enum err_code rc;
	char sql[64];
	bool ok = g->conn != NULL, was_patient = g->answer_ms == PG_PATIENT_MS;

	(void)on_disk;
	patience(db, true);
	for (size_t i = 0; i < COUNT_OF(tables) && ok; i++) {
		(void)snprintf(sql, sizeof(sql), "VACUUM (FULL, ANALYZE) %s", tables[i]);
		ok = pg_exec(g, sql, PG_PATIENT_MS, NULL);
	}
	g->bytes_ns = 0;
	rc = ok ? ERR_OK : pg_error(g, err);
	patience(db, was_patient);
	return rc;
}

/* Pages are the server's to check (initdb --data-checksums); every row is checked above. */
static enum err_code
check(struct db *db, void (*finding)(void *ctx, const char *text), void *ctx, struct err *err)
{
	(void)finding;
	(void)ctx;
	return pg_of(db)->conn != NULL ? ERR_OK : pg_error(pg_of(db), err);
}

/* ---- life ---- */

static void
close_it(struct db *db)
{
	struct pg *g = pg_of(db);

	pg_disconnect(g);
	buf_free(&g->rows);
	mem_free(g);
	db->own = NULL;
}

static bool
is_plain(const char *name)
{
	return name[0] != '\0' && strlen(name) < PG_SCHEMA_BYTES && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static enum err_code
open_it(const struct db_engine *e, struct db *db, struct env *env, const char *name, bool create, struct err *err)
{
	struct pg *g;
	enum err_code rc;

	if (!is_plain(name))
		return err_set(err, ERR_INVALID, "this is no name of a schema");
	g = mem_zero(1, sizeof(*g));
	if (g == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	db->own = g;
	g->db = db;
	g->env = env;
	g->answer_ms = PG_ANSWER_MS;
	g->url = ((const struct pg_engine *)(const void *)e)->url;
	(void)snprintf(g->schema, sizeof(g->schema), "%s", name);
	rc = pg_connect(g, err);
	if (rc == ERR_OK)
		rc = pg_migrate(g, create, err);
	if (rc == ERR_OK && !read_turn(g, "SELECT n, anew FROM turn"))
		rc = pg_error(g, err);
	if (rc != ERR_OK)
		close_it(db);
	else
		db->turn = g->turn;
	return rc;
}

/* As libpq reads it: keyword=value pairs are as good as a URL, but the contract names URLs. */
static enum err_code
read_url(const char *url, struct err *err)
{
	PQconninfoOption *all;
	char *why = NULL;
	enum err_code rc = ERR_OK;

	if (strncmp(url, "postgresql://", 13) != 0 && strncmp(url, "postgres://", 11) != 0)
		return err_set(err, ERR_USAGE, "--store: sqlite or postgresql://USER@HOST/DATABASE is meant");
	all = PQconninfoParse(url, &why);
	if (all == NULL)
		rc = err_set(err, ERR_USAGE, "--store: this is no address of a database (%.100s)", why != NULL ? why : "out of memory");
	for (const PQconninfoOption *o = all; o != NULL && o->keyword != NULL && rc == ERR_OK; o++)
		if (o->val != NULL && (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0))
			rc = err_set(err, ERR_USAGE, "--store: a password in an address is seen by everybody on this machine; write it into ~/.pgpass or the file PGPASSFILE names");
	PQconninfoFree(all);
	PQfreemem(why);
	return rc;
}

enum err_code
pg_engine_new(struct db_engine **out, const char *url, struct err *err)
{
	struct pg_engine *e;
	enum err_code rc = read_url(url, err);

	*out = NULL;
	if (rc != ERR_OK)
		return rc;
	e = mem_zero(1, sizeof(*e));
	if (e == NULL || (e->url = mem_strdup(url)) == NULL) {
		mem_free(e);
		return err_plain(err, ERR_NO_MEMORY);
	}
	e->base = (struct db_engine){
		.open = open_it, .close = close_it, .error = error, .begin = begin, .commit = commit, .rollback = rollback,
		.bytes = bytes, .free_bytes = free_bytes, .unsettled_bytes = unsettled_bytes, .patience = patience, .rewrite = rewrite, .settle = settle, .check = check,
		.look = look, .look_end = look_end, .news = news, .seen = seen, .wake = wake,
	};
	pg_stmt_ops(&e->base);
	*out = &e->base;
	return ERR_OK;
}

void
pg_engine_free(struct db_engine *e)
{
	if (e == NULL)
		return;
	mem_free(((struct pg_engine *)(void *)e)->url);
	mem_free(e);
}
