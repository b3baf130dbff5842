/*
 * Statements: prepared on the server at their first use on a connection, run
 * in binary, each answer held whole until it is reset, so that others can run
 * meanwhile. What could be long is fetched a page at a time, and many rows of
 * one kind go out as one COPY into a temporary table.
 */
#include "pg/pg_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum {
	PARAMS_MAX = 9,
	PAGE_ROWS = 128,              /* of payloads of at most 56 KiB */
	COPY_BYTES_MAX = 1 << 20,
	COPY_ROWS_MAX = 2000,
};

struct param { uint8_t n[8]; const void *p; size_t len; };

struct pg_stmt {
	struct stmt base;
	char *sql;                 /* $1 where the replica says ?1 */
	char name[16];
	enum db_use use;
	uint64_t generation;       /* prepared on that connection */
	int params;
	struct param param[PARAMS_MAX];
	PGresult *res;
	int row;
};

static struct pg_stmt *
own(struct stmt *s)
{
	return (struct pg_stmt *)s;
}

static struct pg *
pg_of(struct stmt *s)
{
	return s->db->own;
}

/* ---- many rows ---- */

void
pg_drop_rows(struct pg *g)
{
	buf_clear(&g->rows);
	g->row_count = 0;
}

static bool
copy_out(struct pg *g)
{
	size_t at = 0;

	while (at < g->rows.len) {
		size_t n = g->rows.len - at < 65536 ? g->rows.len - at : 65536;
		int took = PQputCopyData(g->conn, (const char *)g->rows.p + at, (int)n);

		if (took < 0)
			return pg_refused(g, NULL);
		at += took > 0 ? n : 0;
		if (!pg_flush(g, PG_ANSWER_MS))
			return false;
	}
	return true;
}

/* "INSERT INTO entry(…) VALUES": the columns between the brackets. */
static void
columns_of(const struct stmt *s, char *out, size_t size)
{
	const char *sql = ((const struct pg_stmt *)s)->sql, *from = strchr(sql, '('), *to = from != NULL ? strchr(from, ')') : NULL;

	(void)snprintf(out, size, "%.*s", from != NULL && to != NULL ? (int)(to - from - 1) : 0, from != NULL ? from + 1 : "");
}

static bool
drain(struct pg *g, bool ok)
{
	PGresult *res;

	while (g->conn != NULL && (res = pg_await(g, PG_ANSWER_MS)) != NULL) {
		if (ok && PQresultStatus(res) != PGRES_COMMAND_OK)
			ok = pg_refused(g, res);
		PQclear(res);
	}
	return ok && g->conn != NULL;
}

static bool
copy_rows(struct pg *g, const char *columns)
{
	char sql[256];
	PGresult *res;
	bool ok;

	(void)snprintf(sql, sizeof(sql), "COPY entry_in(%s) FROM STDIN (FORMAT binary)", columns);
	if (!PQsendQuery(g->conn, sql))
		return pg_refused(g, NULL);
	res = pg_await(g, PG_ANSWER_MS);
	ok = res != NULL && PQresultStatus(res) == PGRES_COPY_IN;
	if (!ok && g->conn != NULL)
		(void)pg_refused(g, res);
	PQclear(res);
	if (!ok)
		return drain(g, false);
	if (!copy_out(g))
		return false;
	if (PQputCopyEnd(g->conn, NULL) < 0)
		return pg_refused(g, NULL);
	return drain(g, true);
}

/*
 * Whoever has the turn is alone, so every row must be new: when one is not, two have had it, and what memory says of the
 * store is not so. Then nothing of it may be kept.
 */
static bool
take_rows(struct pg *g, const char *columns)
{
	PGresult *res = NULL;
	char sql[768];
	bool all;

	(void)snprintf(sql, sizeof(sql),
	               "WITH took AS (INSERT INTO entry(%s, turn) SELECT %s, %lld FROM entry_in ON CONFLICT DO NOTHING RETURNING 1)"
	               " SELECT count(*) FROM took; DELETE FROM entry_in",
	               columns, columns, (long long)g->turn + 1);
	if (!pg_exec(g, sql, PG_ANSWER_MS, &res))
		return false;
	all = pg_number(res, 0, 0) == (int64_t)g->row_count;
	PQclear(res);
	if (all)
		return true;
	g->code = ERR_LOCKED;
	(void)snprintf(g->why, sizeof(g->why), "another hub has stored the same entries; try again");
	return false;
}

bool
pg_settle_rows(struct pg *g)
{
	char columns[128];
	bool ok = g->conn != NULL;

	if (g->row_count == 0)
		return ok;
	columns_of(g->rows_of, columns, sizeof(columns));
	buf_put_u8(&g->rows, 0xff); /* -1 fields: the end */
	buf_put_u8(&g->rows, 0xff);
	if (ok && !buf_ok(&g->rows)) {
		g->code = ERR_NO_MEMORY;
		(void)snprintf(g->why, sizeof(g->why), "out of memory");
		ok = false;
	}
	ok = ok && copy_rows(g, columns) && take_rows(g, columns);
	pg_drop_rows(g);
	return ok;
}

static void
put_be(struct buf *b, uint64_t n, unsigned bytes)
{
	while (bytes-- > 0)
		buf_put_u8(b, (uint8_t)(n >> (8 * bytes)));
}

/* A field for each parameter: its length, -1 for NULL, and its bytes. */
static int
gather(struct pg_stmt *s)
{
	static const uint8_t head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
	struct pg *g = pg_of(&s->base);

	if (g->row_count == 0) {
		buf_clear(&g->rows);
		buf_put(&g->rows, head, 19);
		g->rows_of = &s->base;
	}
	put_be(&g->rows, (uint64_t)s->params, 2);
	for (int i = 0; i < s->params; i++) {
		const struct param *p = &s->param[i];

		put_be(&g->rows, p->p == NULL ? UINT32_MAX : p->len, 4);
		buf_put(&g->rows, p->p, p->p == NULL ? 0 : p->len);
	}
	g->row_count++;
	g->dirty = true;
	if (g->rows.len >= COPY_BYTES_MAX || g->row_count >= COPY_ROWS_MAX)
		return pg_settle_rows(g) ? DB_DONE : PG_FAILED;
	return DB_DONE;
}

/* ---- one statement ---- */

static void
give_name(struct pg_stmt *s)
{
	(void)snprintf(s->name, sizeof(s->name), "s%u", ++pg_of(&s->base)->names);
}

static bool
prepare_there(struct pg_stmt *s)
{
	struct pg *g = pg_of(&s->base);

	if (s->generation == g->generation)
		return true;
	if (PQsendPrepare(g->conn, s->name, s->sql, 0, NULL)) {
		if (drain(g, true)) {
			s->generation = g->generation;
			return true;
		}
	} else {
		(void)pg_refused(g, NULL);
	}
	give_name(s); /* the server may have it all the same, and gives a name once */
	return false;
}

static bool
ask(struct pg_stmt *s)
{
	struct pg *g = pg_of(&s->base);
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	ExecStatusType is;
	PGresult *res;

	if (g->conn == NULL || !prepare_there(s))
		return false;
	for (int i = 0; i < s->params; i++) {
		values[i] = s->param[i].p;
		lengths[i] = (int)s->param[i].len;
		formats[i] = 1;
	}
	if (!PQsendQueryPrepared(g->conn, s->name, s->params, values, lengths, formats, 1))
		return pg_refused(g, NULL);
	PQclear(s->res);
	s->row = -1;
	s->res = pg_await(g, g->answer_ms);
	while (g->conn != NULL && (res = pg_await(g, g->answer_ms)) != NULL)
		PQclear(res);
	is = s->res != NULL ? PQresultStatus(s->res) : PGRES_FATAL_ERROR;
	if (g->conn == NULL)
		return false;
	g->dirty = g->dirty || PQcmdTuples(s->res)[0] == '\0' || strncmp(PQcmdStatus(s->res), "SELECT", 6) != 0;
	if (is == PGRES_TUPLES_OK || is == PGRES_COMMAND_OK)
		return true;
	(void)pg_refused(g, s->res);
	PQclear(s->res); /* it is no answer: a further step asks again */
	s->res = NULL;
	return false;
}

/* A full page of a scan is followed by the next, which begins behind its last row. */
static bool
turn_page(struct pg_stmt *s)
{
	uint64_t last;

	if (s->use != DB_SCAN || PQntuples(s->res) < PAGE_ROWS)
		return false;
	last = be64_get((const uint8_t *)PQgetvalue(s->res, PAGE_ROWS - 1, 0));
	be64_put(s->param[0].n, last + 1);
	return true;
}

static int
step(struct stmt *base)
{
	struct pg_stmt *s = own(base);
	struct pg *g = pg_of(base);

	if (s->use == DB_MANY)
		return gather(s);
	if (s->res == NULL) {
		if (!pg_settle_rows(g) || !ask(s))
			return PG_FAILED;
	} else if (s->row + 1 >= PQntuples(s->res) && turn_page(s)) {
		if (!pg_settle_rows(g) || !ask(s))
			return PG_FAILED;
	}
	return ++s->row < PQntuples(s->res) ? DB_ROW : DB_DONE;
}

static void
reset(struct stmt *s)
{
	PQclear(own(s)->res);
	own(s)->res = NULL;
}

static void
clear(struct stmt *s)
{
	memset(own(s)->param, 0, sizeof(own(s)->param));
}

static void
finalize(struct stmt *s)
{
	reset(s);
	mem_free(own(s)->sql);
	mem_free(s);
}

static void
bind(struct stmt *s, int at, const void *p, size_t len)
{
	if (at >= 1 && at <= PARAMS_MAX)
		own(s)->param[at - 1] = (struct param){ .p = p, .len = len };
}

static void
bind_int(struct stmt *s, int at, int64_t n)
{
	struct param *p = &own(s)->param[at - 1];

	be64_put(p->n, (uint64_t)n);
	p->p = p->n;
	p->len = sizeof(p->n);
}

static void
bind_blob(struct stmt *s, int at, struct bytes b)
{
	bind(s, at, b.p != NULL ? (const void *)b.p : "", b.len);
}

static void
bind_text(struct stmt *s, int at, const char *text)
{
	bind(s, at, text, text != NULL ? strlen(text) : 0);
}

static void
bind_null(struct stmt *s, int at)
{
	bind(s, at, NULL, 0);
}

static int64_t
column_int(struct stmt *base, int at)
{
	struct pg_stmt *s = own(base);
	const uint8_t *p = (const uint8_t *)PQgetvalue(s->res, s->row, at);
	int len = PQgetisnull(s->res, s->row, at) ? 0 : PQgetlength(s->res, s->row, at);
	uint64_t n = len > 0 && (p[0] & 0x80) != 0 ? UINT64_MAX : 0;

	for (int i = 0; i < len && len <= 8; i++)
		n = n << 8 | p[i];
	return (int64_t)n;
}

static struct bytes
column_blob(struct stmt *base, int at)
{
	struct pg_stmt *s = own(base);

	return BYTES((const uint8_t *)PQgetvalue(s->res, s->row, at), (size_t)PQgetlength(s->res, s->row, at));
}

static bool
column_is_null(struct stmt *base, int at)
{
	return PQgetisnull(own(base)->res, own(base)->row, at) != 0;
}

static const char *
column_text(struct stmt *base, int at)
{
	return column_is_null(base, at) ? NULL : PQgetvalue(own(base)->res, own(base)->row, at);
}

static bool
column_is_blob(struct stmt *s, int at)
{
	return !column_is_null(s, at); /* its type is the column's */
}

static uint64_t
changes(struct stmt *s)
{
	unsigned long long n = 0;

	(void)sscanf(PQcmdTuples(own(s)->res), "%llu", &n);
	return n;
}

static enum err_code
pg_prepare(struct db *db, const char *sql, enum db_use use, struct stmt **out, struct err *err)
{
	struct pg_stmt *s = mem_zero(1, sizeof(*s));
	struct buf text = BUF_INIT;

	*out = NULL;
	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	s->base = (struct stmt){ db, db->engine };
	s->use = use;
	for (const char *p = sql; *p != '\0'; p++) {
		buf_put_u8(&text, (uint8_t)(*p == '?' ? '$' : *p));
		if (*p == '?' && p[1] - '0' > s->params)
			s->params = p[1] - '0';
	}
	if (use == DB_SCAN)
		buf_printf(&text, " LIMIT %d", PAGE_ROWS);
	give_name(s);
	if (buf_str(&text) != NULL)
		s->sql = mem_strdup(buf_str(&text));
	buf_free(&text);
	if (s->sql == NULL) {
		mem_free(s);
		return err_plain(err, ERR_NO_MEMORY);
	}
	*out = &s->base;
	return ERR_OK;
}

void
pg_stmt_ops(struct db_engine *e)
{
	e->prepare = pg_prepare;
	e->finalize = finalize;
	e->reset = reset;
	e->clear = clear;
	e->step = step;
	e->bind_int = bind_int;
	e->bind_blob = bind_blob;
	e->bind_text = bind_text;
	e->bind_null = bind_null;
	e->column_int = column_int;
	e->column_blob = column_blob;
	e->column_text = column_text;
	e->column_is_null = column_is_null;
	e->column_is_blob = column_is_blob;
	e->changes = changes;
}
