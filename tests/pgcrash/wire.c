/*
 * What strikes is decided in one place, pass(): it says how the message that
 * is about to be sent shall fare. The socket is a plain one of the file
 * system, so that the server's answers can be read here, and thrown away.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LATE_BYTES = 8 << 20, WAIT_MS = 9000, WHAT_BYTES = 100 };

const char *const wire_names[WIRE_FAULTS] = { "nothing", "before", "after", "late", "refused", "memory", "dies-before", "dies-after" };

struct fault { enum wire_fault kind; long nth; bool for_ever, struck; };

static struct fault armed, again;
static long statements, behind, allocations;
static bool away, dead, server_down, sparing;
static char server[100], what[WHAT_BYTES];

/* What was sent and has not arrived: the connection as the server sees it, and the bytes. */
static struct { int fd; char *bytes; size_t len; } late = { -1, NULL, 0 };

/* ---- memory ---- */

static __thread int within; /* libpq; its allocations count */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);

#ifndef __SANITIZE_ADDRESS__ /* which has an allocator of its own: there memory does not fail */
static bool
grant(void)
{
	if (within == 0 || sparing)
		return true;
	if (armed.kind != WIRE_MEMORY)
		return allocations++ >= 0;
	if (allocations++ != armed.nth && !(armed.for_ever && armed.struck))
		return true;
	armed.struck = true;
	errno = ENOMEM;
	return false;
}

void *
malloc(size_t n)
{
	return grant() ? __libc_malloc(n) : NULL;
}

void *
calloc(size_t count, size_t n)
{
	return grant() ? __libc_calloc(count, n) : NULL;
}

void *
realloc(void *p, size_t n)
{
	return grant() ? __libc_realloc(p, n) : NULL;
}
#endif

/* ---- the socket ---- */

static bool
ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, WAIT_MS);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

static bool
read_all(int fd, char *p, size_t n)
{
	size_t at = 0;

	while (at < n && ready(fd, POLLIN)) {
		ssize_t got = recv(fd, p + at, n - at, 0);

		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		at += got > 0 ? (size_t)got : 0;
	}
	return at == n;
}

/* The server's answer, up to where it waits for the next question or for rows; it is nobody's. */
static void
hear_out(int fd)
{
	char head[5], rest[4096];

	while (read_all(fd, head, sizeof(head))) {
		size_t n = (size_t)(unsigned char)head[1] << 24 | (size_t)(unsigned char)head[2] << 16 | (size_t)(unsigned char)head[3] << 8 | (unsigned char)head[4];

		for (n -= 4; n > 0;) {
			size_t part = n < sizeof(rest) ? n : sizeof(rest);

			if (!read_all(fd, rest, part))
				return;
			n -= part;
		}
		if (head[0] == 'Z' || head[0] == 'G')
			return;
	}
}

static void
cut(PGconn *conn)
{
	if (PQsocket(conn) >= 0)
		(void)shutdown(PQsocket(conn), SHUT_RDWR);
}

static void
push(PGconn *conn)
{
	while (PQflush(conn) > 0 && ready(PQsocket(conn), POLLOUT))
		;
}

static void
run_server(const char *how)
{
	char command[200];

	snprintf(command, sizeof(command), "tests/pg-cluster %s %s >/dev/null 2>&1", how, server);
	if (system(command) != 0) {
		fprintf(stderr, "pgcrash: %s\n", command);
		abort();
	}
}

static void
kill_server(void)
{
	if (!server_down)
		run_server("kill");
	server_down = true;
}

void
wire_settle(void)
{
	size_t at = 0;

	if (late.fd < 0)
		return;
	while (at < late.len && ready(late.fd, POLLOUT)) {
		ssize_t n = send(late.fd, late.bytes + at, late.len - at, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	hear_out(late.fd);
	close(late.fd);
	late.fd = -1;
}

/* From here on libpq talks to one end of a pair whose other end we hold; the server's end waits. */
static int
divert(PGconn *conn)
{
	int pair[2], room = LATE_BYTES;

	wire_settle(); /* one at a time */
	late.len = 0;
	late.fd = fcntl(PQsocket(conn), F_DUPFD_CLOEXEC, 0);
	if (late.fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		abort();
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (dup2(pair[0], PQsocket(conn)) < 0)
		abort();
	close(pair[0]);
	return pair[1];
}

static void
keep(PGconn *conn, int end)
{
	bool more = true;

	if (late.bytes == NULL && (late.bytes = __libc_malloc(LATE_BYTES)) == NULL)
		abort();
	while (more) {
		ssize_t n;

		more = PQflush(conn) > 0;
		while ((n = recv(end, late.bytes + late.len, LATE_BYTES - late.len, 0)) > 0)
			late.len += (size_t)n;
	}
	close(end);
}

/* ---- what strikes ---- */

void
wire_server(const char *dir)
{
	snprintf(server, sizeof(server), "%s", dir);
}

void
wire_arm(enum wire_fault fault, long nth, bool for_ever)
{
	armed = (struct fault){ fault, nth, for_ever, false };
	again = (struct fault){ WIRE_NONE, 0, false, false };
	statements = behind = allocations = 0;
	what[0] = '\0';
}

void
wire_arm_again(enum wire_fault fault, long nth)
{
	again = (struct fault){ fault, nth, false, false };
}

void
wire_heal(void)
{
	bool struck = armed.struck;

	armed.kind = WIRE_NONE;
	armed.struck = struck;
	armed.for_ever = away = dead = false;
	if (server_down)
		run_server("start");
	server_down = false;
}

void
wire_spare(bool spare)
{
	sparing = spare;
}

void
wire_die(void)
{
	dead = true;
}

long wire_statements(void) { return statements; }
long wire_allocations(void) { return allocations; }
long wire_behind(void) { return behind; }
bool wire_struck(void) { return armed.struck; }
bool wire_struck_again(void) { return again.struck; }
const char *wire_what(void) { return what; }

/* A statement that another transaction could hold up for as long as it likes: what is late comes first. */
static bool
may_wait(const char *sql)
{
	return sql != NULL && (strstr(sql, "FOR UPDATE") != NULL || strstr(sql, "VACUUM") != NULL || strstr(sql, "advisory") != NULL);
}

/* A server never refuses to roll back. */
static bool
may_be_refused(const char *sql)
{
	return sql == NULL || strcmp(sql, "ROLLBACK") != 0;
}

static enum wire_fault
pass(const char *sql)
{
	long n = statements;

	if (may_wait(sql))
		wire_settle();
	if (sparing)
		return WIRE_NONE;
	statements++;
	behind += armed.struck;
	if (dead || away)
		return WIRE_BEFORE;
	if (armed.kind == WIRE_REFUSED && !may_be_refused(sql))
		return WIRE_NONE;
	if (armed.kind != WIRE_NONE && armed.kind != WIRE_MEMORY && (n == armed.nth || (armed.for_ever && armed.struck))) {
		if (!armed.struck)
			snprintf(what, sizeof(what), "%s", sql != NULL ? sql : "a prepared one");
		armed.struck = true;
		away = armed.for_ever && armed.kind != WIRE_REFUSED;
		return armed.kind;
	}
	if (armed.struck && again.kind != WIRE_NONE && !again.struck && behind > again.nth && (again.kind != WIRE_REFUSED || may_be_refused(sql))) {
		again.struck = true;
		return again.kind;
	}
	return WIRE_NONE;
}

/*
 * The server's no. At a COMMIT it is over with an error, or what stood before the COMMIT was refused and the
 * transaction is there, and has failed.
 */
static const char *
refusal(const char *sql)
{
	static char text[300];
	static const char *const codes[] = { "53100", "57014", "53200", "40001" };
	size_t len = sql != NULL ? strlen(sql) : 0;
	bool ends = len >= 6 && strcmp(sql + len - 6, "COMMIT") == 0;

	snprintf(text, sizeof(text), "%sDO $$BEGIN RAISE EXCEPTION 'the test refuses' USING ERRCODE = '%s'; END$$",
	         ends && (len == 6 || statements % 2 == 0) ? "ROLLBACK; " : "", codes[(unsigned long)statements % 4]);
	return text;
}

/* ---- before libpq ---- */

#define SEND(conn, sql, real)                                                                   \
	do {                                                                                    \
		enum wire_fault fault_ = pass(sql);                                             \
		int end_ = -1, rc_;                                                             \
		if (fault_ == WIRE_REFUSED)                                                     \
			return __real_PQsendQuery(conn, refusal(sql));                          \
		if (fault_ == WIRE_DIES_BEFORE)                                                 \
			kill_server();                                                          \
		else if (fault_ == WIRE_BEFORE)                                                 \
			cut(conn);                                                              \
		else if (fault_ == WIRE_LATE)                                                   \
			end_ = divert(conn);                                                    \
		within++;                                                                       \
		rc_ = real;                                                                     \
		within--;                                                                       \
		if (fault_ == WIRE_LATE) {                                                      \
			keep(conn, end_);                                                       \
		} else if (fault_ == WIRE_AFTER || fault_ == WIRE_DIES_AFTER) {                 \
			push(conn);                                                             \
			hear_out(PQsocket(conn));                                               \
			if (fault_ == WIRE_DIES_AFTER)                                          \
				kill_server();                                                  \
			cut(conn);                                                              \
		}                                                                               \
		return rc_;                                                                     \
	} while (0)

int __real_PQsendQuery(PGconn *conn, const char *sql);
int __wrap_PQsendQuery(PGconn *conn, const char *sql);
int __real_PQsendPrepare(PGconn *conn, const char *name, const char *sql, int count, const Oid *types);
int __wrap_PQsendPrepare(PGconn *conn, const char *name, const char *sql, int count, const Oid *types);
int __real_PQsendQueryPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths, const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths, const int *formats, int format);
int __real_PQputCopyData(PGconn *conn, const char *bytes, int n);
int __wrap_PQputCopyData(PGconn *conn, const char *bytes, int n);
int __real_PQputCopyEnd(PGconn *conn, const char *why);
int __wrap_PQputCopyEnd(PGconn *conn, const char *why);
PGresult *__real_PQgetResult(PGconn *conn);
PGresult *__wrap_PQgetResult(PGconn *conn);
int __real_PQconsumeInput(PGconn *conn);
int __wrap_PQconsumeInput(PGconn *conn);
int __real_PQisBusy(PGconn *conn);
int __wrap_PQisBusy(PGconn *conn);
PGconn *__real_PQconnectStartParams(const char *const *names, const char *const *values, int expand);
PGconn *__wrap_PQconnectStartParams(const char *const *names, const char *const *values, int expand);
PostgresPollingStatusType __real_PQconnectPoll(PGconn *conn);
PostgresPollingStatusType __wrap_PQconnectPoll(PGconn *conn);
int __real_poll(struct pollfd *fds, nfds_t n, int ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);

int
__wrap_PQsendQuery(PGconn *conn, const char *sql)
{
	SEND(conn, sql, __real_PQsendQuery(conn, sql));
}

int
__wrap_PQsendPrepare(PGconn *conn, const char *name, const char *sql, int count, const Oid *types)
{
	SEND(conn, sql, __real_PQsendPrepare(conn, name, sql, count, types));
}

int
__wrap_PQsendQueryPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths, const int *formats, int format)
{
	SEND(conn, NULL, __real_PQsendQueryPrepared(conn, name, count, values, lengths, formats, format));
}

int
__wrap_PQputCopyData(PGconn *conn, const char *bytes, int n)
{
	int rc;

	within++;
	rc = __real_PQputCopyData(conn, bytes, n);
	within--;
	return rc;
}

int
__wrap_PQputCopyEnd(PGconn *conn, const char *why)
{
	enum wire_fault fault = pass("COPY, its end");
	int end = -1, rc;

	if (fault == WIRE_REFUSED)
		why = "the test refuses";
	push(conn); /* the rows themselves arrive */
	if (fault == WIRE_DIES_BEFORE)
		kill_server();
	else if (fault == WIRE_BEFORE)
		cut(conn);
	else if (fault == WIRE_LATE)
		end = divert(conn);
	within++;
	rc = __real_PQputCopyEnd(conn, why);
	within--;
	if (fault == WIRE_LATE)
		keep(conn, end);
	if (fault == WIRE_AFTER || fault == WIRE_DIES_AFTER) {
		push(conn);
		hear_out(PQsocket(conn));
		if (fault == WIRE_DIES_AFTER)
			kill_server();
		cut(conn);
	}
	return rc;
}

PGresult *
__wrap_PQgetResult(PGconn *conn)
{
	PGresult *res;

	within++;
	res = __real_PQgetResult(conn);
	within--;
	return res;
}

int
__wrap_PQconsumeInput(PGconn *conn)
{
	int rc;

	if (dead)
		cut(conn);
	within++;
	rc = __real_PQconsumeInput(conn);
	within--;
	return rc;
}

int
__wrap_PQisBusy(PGconn *conn)
{
	int rc;

	within++;
	rc = __real_PQisBusy(conn);
	within--;
	return rc;
}

/* Whom nobody lets in is sent to where nobody is. */
PGconn *
__wrap_PQconnectStartParams(const char *const *names, const char *const *values, int expand)
{
	static const char *const nowhere[] = { "host", NULL }, *const there[] = { "/nonexistent", NULL };
	enum wire_fault fault = pass("a connection");
	PGconn *conn;

	if (fault == WIRE_DIES_BEFORE || fault == WIRE_DIES_AFTER)
		kill_server();
	within++;
	conn = fault == WIRE_NONE || server_down ? __real_PQconnectStartParams(names, values, expand) : __real_PQconnectStartParams(nowhere, there, 0);
	within--;
	return conn;
}

PostgresPollingStatusType
__wrap_PQconnectPoll(PGconn *conn)
{
	PostgresPollingStatusType rc;

	within++;
	rc = __real_PQconnectPoll(conn);
	within--;
	return rc;
}

/*
 * The simulator's clock runs ahead of the server's: who only looks whether the socket is ready waits here until it is. And it
 * stands still while one waits: whoever is told nothing at all has missed a deadline.
 */
int
__wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
	int rc = __real_poll(fds, n, ms >= 0 && ms < WAIT_MS ? WAIT_MS : ms);

	if (rc == 0)
		(void)shutdown(fds[0].fd, SHUT_RDWR);
	return rc;
}
