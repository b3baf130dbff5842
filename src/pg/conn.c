/*
 * The connection. libpq's own calls wait as long as the network lets them, so
 * none that waits is used: everything is sent without blocking, and every
 * answer has a deadline. A connection that missed one is closed, for what it
 * would still say belongs to a question nobody asks any more.
 */
#include "pg/pg_internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { CONNECT_MS = 10000 };
#define NS_PER_MS ((uint64_t)1000000)
#define PAUSE_FIRST_NS (250 * NS_PER_MS)
#define PAUSE_LAST_NS (15000 * NS_PER_MS)

static uint64_t
now_ns(const struct pg *g)
{
	return g->env->ops->mono_ns(g->env);
}

/* libpq's messages have several lines; the first says it. */
static void
note(struct pg *g, enum err_code code, const char *text)
{
	size_t n = strcspn(text, "\n");

	g->code = code;
	(void)snprintf(g->why, sizeof(g->why), "%.*s", (int)(n < 200 ? n : 200), text);
}

enum err_code
pg_error(struct pg *g, struct err *err)
{
	if (g->conn == NULL)
		return err_set(err, ERR_IO, "the database cannot be reached (%s): nothing can be read or saved until it is back", g->why);
	return err_set(err, g->code, "the database refuses (%s)", g->why);
}

void
pg_lose(struct pg *g, const char *why)
{
	note(g, ERR_IO, why);
	if (g->conn != NULL)
		env_logf(g->env, "the database is lost: %s", g->why);
	PQfinish(g->conn);
	g->conn = NULL;
	g->looking = false;
	pg_drop_rows(g);
	g->db->away = true;
	g->pause_ns = PAUSE_FIRST_NS;
	g->again_ns = now_ns(g) + g->pause_ns;
}

static enum err_code
code_of(const char *state)
{
	static const struct { const char *begins; enum err_code code; } codes[] = {
		{ "53100", ERR_NO_SPACE }, { "54", ERR_NO_SPACE }, { "25006", ERR_READ_ONLY }, { "55P03", ERR_LOCKED },
		{ "40", ERR_LOCKED }, { "XX", ERR_DAMAGED }, { "42501", ERR_REFUSED }, { "3D000", ERR_NOT_FOUND },
	};

	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (state != NULL && strncmp(state, codes[i].begins, strlen(codes[i].begins)) == 0)
			return codes[i].code;
	return ERR_IO;
}

bool
pg_refused(struct pg *g, const PGresult *res)
{
	const char *state = res != NULL ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
	/* The primary message alone: the detail may quote what is stored. */
	const char *text = res != NULL ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (g->conn == NULL)
		return false;
	if (PQstatus(g->conn) != CONNECTION_OK || (state != NULL && strncmp(state, "57P0", 4) == 0)) {
		pg_lose(g, text != NULL ? text : PQerrorMessage(g->conn));
		return false;
	}
	note(g, code_of(state), text != NULL ? text : PQerrorMessage(g->conn));
	return false;
}

/* ---- one exchange ---- */

/* Until the socket may be read (or, when asked for, written). False at the deadline. */
static bool
wait_for(struct pg *g, bool write, uint64_t until_ns)
{
	uint64_t now = now_ns(g);
	struct pollfd fd = { .fd = PQsocket(g->conn), .events = (short)(POLLIN | (write ? POLLOUT : 0)) };
	uint64_t ms = now < until_ns ? (until_ns - now) / NS_PER_MS + 1 : 0;

	return fd.fd >= 0 && now < until_ns && poll(&fd, 1, (int)ms) >= 0;
}

bool
pg_flush(struct pg *g, int ms)
{
	uint64_t until = now_ns(g) + (uint64_t)ms * NS_PER_MS;
	int left = 1;

	while (g->conn != NULL && (left = PQflush(g->conn)) > 0) {
		if (!wait_for(g, true, until))
			pg_lose(g, "it takes nothing any more");
		else if (!PQconsumeInput(g->conn))
			pg_lose(g, PQerrorMessage(g->conn));
	}
	if (g->conn != NULL && left < 0)
		pg_lose(g, PQerrorMessage(g->conn));
	return g->conn != NULL;
}

PGresult *
pg_await(struct pg *g, int ms)
{
	uint64_t until = now_ns(g) + (uint64_t)ms * NS_PER_MS;

	if (g->conn == NULL || !pg_flush(g, ms))
		return NULL;
	while (PQisBusy(g->conn)) {
		if (!wait_for(g, false, until)) {
			pg_lose(g, "it does not answer");
			return NULL;
		}
		if (!PQconsumeInput(g->conn)) {
			pg_lose(g, PQerrorMessage(g->conn));
			return NULL;
		}
	}
	return PQgetResult(g->conn);
}

bool
pg_exec(struct pg *g, const char *sql, int ms, PGresult **last)
{
	bool ok = g->conn != NULL;
	PGresult *res;

	if (last != NULL)
		*last = NULL;
	if (ok && !PQsendQuery(g->conn, sql))
		return pg_refused(g, NULL);
	while (g->conn != NULL && (res = pg_await(g, ms)) != NULL) {
		ExecStatusType is = PQresultStatus(res);

		if (ok && is != PGRES_COMMAND_OK && is != PGRES_TUPLES_OK)
			ok = pg_refused(g, res);
		if (is == PGRES_TUPLES_OK && last != NULL) {
			PQclear(*last);
			*last = res;
			continue;
		}
		PQclear(res);
	}
	ok = ok && g->conn != NULL;
	if (!ok && last != NULL) {
		PQclear(*last);
		*last = NULL;
	}
	return ok;
}

void
pg_end_transaction(struct pg *g)
{
	struct pg why = *g;

	if (g->conn == NULL || PQtransactionStatus(g->conn) == PQTRANS_IDLE)
		return;
	(void)pg_exec(g, "ROLLBACK", PG_ANSWER_MS, NULL);
	if (g->conn != NULL && PQtransactionStatus(g->conn) != PQTRANS_IDLE)
		pg_lose(g, "a transaction does not end");
	if (g->conn == NULL)
		return;
	g->code = why.code;
	(void)snprintf(g->why, sizeof(g->why), "%s", why.why);
}

int64_t
pg_number(const PGresult *res, int row, int column)
{
	long long n = 0;

	if (res != NULL && row < PQntuples(res) && column < PQnfields(res) && !PQgetisnull(res, row, column))
		(void)sscanf(PQgetvalue(res, row, column), "%lld", &n);
	return n;
}

/* ---- making one ---- */

/* What every connection is told before it is used. */
static bool
greet(struct pg *g)
{
	PGresult *res = NULL;
	char sql[1024];
	bool durable;

	if (PQsetnonblocking(g->conn, 1) != 0) {
		pg_lose(g, PQerrorMessage(g->conn));
		return false;
	}
	/*
	 * A server that confirms before its disk has it would make us lie. A transaction of ours that hangs must not keep
	 * the turn from the other hubs, and a lock that somebody else keeps must not keep us.
	 */
	(void)snprintf(sql, sizeof(sql),
	               "SET client_min_messages = error; SET search_path = %s; SET lock_timeout = 3000; SET statement_timeout = 8000;"
	               "SET idle_in_transaction_session_timeout = 60000;"
	               "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');"
	               "SELECT (current_setting('fsync', true) IS DISTINCT FROM 'off')::int", g->schema);
	if (!pg_exec(g, sql, PG_ANSWER_MS, &res))
		return false;
	durable = pg_number(res, 0, 0) != 0;
	PQclear(res);
	if (!durable) {
		note(g, ERR_REFUSED, "its setting fsync is off, so what it confirms may be lost");
		return false;
	}
	(void)snprintf(sql, sizeof(sql), "LISTEN %s", g->schema);
	return pg_exec(g, sql, PG_ANSWER_MS, NULL);
}

/* The one being made: further, without waiting. True once it is made or has failed. */
static bool
come_on(struct pg *g)
{
	struct pollfd fd = { .fd = PQsocket(g->coming) };

	if (g->want == PGRES_POLLING_READING || g->want == PGRES_POLLING_WRITING) {
		fd.events = g->want == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (fd.fd >= 0 && poll(&fd, 1, 0) == 0)
			return false;
	}
	g->want = PQconnectPoll(g->coming);
	return g->want == PGRES_POLLING_OK || g->want == PGRES_POLLING_FAILED;
}

/* Errors come with their results; what else the server remarks is for nobody. */
static void
say_nothing(void *ctx, const char *message)
{
	(void)ctx;
	(void)message;
}

static void
set_out(struct pg *g)
{
	static const char *const names[] = { "dbname", "application_name", "tcp_user_timeout", "keepalives_idle", "client_encoding", NULL };
	const char *const values[] = { g->url, "faltbok-hub", "10000", "30", "UTF8", NULL };

	g->coming = PQconnectStartParams(names, values, 1);
	(void)PQsetNoticeProcessor(g->coming, say_nothing, NULL);
	g->want = PGRES_POLLING_WRITING;
	g->since_ns = now_ns(g);
}

static void
give_up(struct pg *g, const char *why)
{
	note(g, ERR_IO, why);
	PQfinish(g->coming);
	g->coming = NULL;
}

static bool
arrived(struct pg *g)
{
	if (g->coming == NULL || g->want != PGRES_POLLING_OK) {
		give_up(g, g->coming != NULL ? PQerrorMessage(g->coming) : "out of memory");
		return false;
	}
	g->conn = g->coming;
	g->coming = NULL;
	g->generation++;
	g->db->away = false;
	if (greet(g))
		return true;
	if (g->conn != NULL) {
		PQfinish(g->conn);
		g->conn = NULL;
	}
	g->db->away = true;
	return false;
}

enum err_code
pg_connect(struct pg *g, struct err *err)
{
	uint64_t until = now_ns(g) + CONNECT_MS * NS_PER_MS;

	set_out(g);
	while (g->coming != NULL && PQstatus(g->coming) != CONNECTION_BAD && !come_on(g)) {
		struct pollfd fd = { .fd = PQsocket(g->coming), .events = g->want == PGRES_POLLING_READING ? POLLIN : POLLOUT };

		if (now_ns(g) >= until) {
			give_up(g, "it does not answer");
			return err_set(err, ERR_IO, "the database cannot be reached (%s)", g->why);
		}
		(void)poll(&fd, 1, 100);
	}
	if (arrived(g))
		return ERR_OK;
	return err_set(err, g->code == ERR_REFUSED ? ERR_REFUSED : ERR_IO, "the database cannot be %s (%s)", g->code == ERR_REFUSED ? "trusted" : "reached", g->why);
}

void
pg_disconnect(struct pg *g)
{
	PQfinish(g->conn);
	PQfinish(g->coming);
	g->conn = g->coming = NULL;
}

/* ---- now and then ---- */

static bool
heard(struct pg *g)
{
	PGnotify *n;
	bool other = false;

	if (!PQconsumeInput(g->conn)) {
		pg_lose(g, PQerrorMessage(g->conn));
		return false;
	}
	while ((n = PQnotifies(g->conn)) != NULL) {
		other = other || n->be_pid != PQbackendPID(g->conn);
		PQfreemem(n);
	}
	return other;
}

bool
pg_wake(struct pg *g)
{
	uint64_t now = now_ns(g);

	if (g->conn != NULL)
		return heard(g);
	if (g->coming == NULL && now < g->again_ns)
		return false;
	if (g->coming == NULL)
		set_out(g);
	if (g->coming != NULL && PQstatus(g->coming) != CONNECTION_BAD && !come_on(g)) {
		if (now_ns(g) - g->since_ns < CONNECT_MS * NS_PER_MS)
			return false;
		give_up(g, "it does not answer");
	} else if (arrived(g)) {
		env_logf(g->env, "the database is back");
		return true;
	}
	g->pause_ns = g->pause_ns * 2 < PAUSE_LAST_NS ? g->pause_ns * 2 : PAUSE_LAST_NS;
	g->again_ns = now_ns(g) + g->pause_ns;
	return false;
}
