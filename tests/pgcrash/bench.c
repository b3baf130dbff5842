#define _GNU_SOURCE
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire.h"

#define HUB_HOME "/home/nav/faltbok-hub"
#define HUB_ADDR "n0:7007"
#define HUB_MEMORY "/run/faltbok-hub"
#define OLLE_HOME "/home/olle/faltbok"

static const char *const tables[] = { "form", "meta", "log", "entry", "fork", "ack", "custody", "peer", "attest", "claim", "ack_floor", "turn" };

static void
must(enum err_code rc, const struct err *err, const char *what)
{
	if (rc == ERR_OK)
		return;
	fprintf(stderr, "pgcrash: %s: %s\n", what, err->text);
	abort();
}

/* ---- another hand in the database ---- */

static void
say_nothing(void *ctx, const char *message)
{
	(void)ctx;
	(void)message;
}

static PGresult *
ask(struct bench *b, const char *sql)
{
	PGresult *res = b->conn != NULL ? PQexec(b->conn, sql) : NULL;

	if (b->conn == NULL || PQstatus(b->conn) != CONNECTION_OK) { /* or the server was killed since */
		PQclear(res);
		PQfinish(b->conn);
		b->conn = PQconnectdb(b->url);
		PQsetNoticeProcessor(b->conn, say_nothing, NULL);
		res = PQexec(b->conn, sql);
	}
	if (PQresultStatus(res) == PGRES_COMMAND_OK || PQresultStatus(res) == PGRES_TUPLES_OK)
		return res;
	fprintf(stderr, "pgcrash: %s: %s\n", sql, PQerrorMessage(b->conn));
	abort();
}

void
bench_sql(struct bench *b, const char *format, ...)
{
	char sql[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(sql, sizeof(sql), format, ap);
	va_end(ap);
	PQclear(ask(b, sql));
}

int64_t
bench_number(struct bench *b, const char *format, ...)
{
	char sql[1024];
	PGresult *res;
	int64_t n;
	va_list ap;

	va_start(ap, format);
	vsnprintf(sql, sizeof(sql), format, ap);
	va_end(ap);
	res = ask(b, sql);
	n = PQntuples(res) == 1 && !PQgetisnull(res, 0, 0) ? strtoll(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	PQclear(res);
	return n;
}

static bool
there(struct bench *b, const char *schema)
{
	return bench_number(b, "SELECT (to_regclass('%s.turn') IS NOT NULL)::int", schema) != 0;
}

void
bench_keep_tables(struct bench *b, const char *schema, const char *name)
{
	bench_sql(b, "DROP SCHEMA IF EXISTS kept_%s CASCADE; CREATE SCHEMA kept_%s", name, name);
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		bench_sql(b, "CREATE TABLE kept_%s.%s AS TABLE %s.%s", name, tables[i], schema, tables[i]);
}

/* In one transaction, and not waited for: whatever stops the test needs none of it. */
void
bench_put_tables(struct bench *b, const char *schema, const char *name)
{
	struct replica *r = NULL;
	struct err err = ERR_INIT;
	char sql[4096];
	int n = snprintf(sql, sizeof(sql), "SET synchronous_commit = off; BEGIN;");

	if (!there(b, schema))
		must(replica_open_in(&r, room_env(&b->room), b->engine, schema, "/empty", true, &err), &err, "its tables");
	replica_close(r);
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		n += snprintf(sql + n, sizeof(sql) - (size_t)n, "DELETE FROM %s.%s; INSERT INTO %s.%s OVERRIDING SYSTEM VALUE SELECT * FROM kept_%s.%s;", schema,
		              tables[i], schema, tables[i], name, tables[i]);
	snprintf(sql + n, sizeof(sql) - (size_t)n,
	         "SELECT setval(pg_get_serial_sequence('%s.ack', 'no'), (SELECT coalesce(max(no), 1) FROM %s.ack)); COMMIT; SET synchronous_commit = on", schema, schema);
	PQclear(ask(b, sql));
}

/* ---- the hub ---- */

void
bench_use(struct bench *b, bool database)
{
	room_env(&b->room)->store = database ? b->engine : NULL;
}

enum err_code
bench_open(struct bench *b, struct err *err)
{
	return home_open(&b->nav, room_env(&b->room), HUB_HOME, 1, room_secret(), err);
}

enum err_code
bench_serve(struct bench *b, struct err *err)
{
	enum err_code rc = b->nav.keys == NULL ? bench_open(b, err) : ERR_OK;

	if (rc == ERR_OK)
		rc = hub_new(&b->hub, &b->nav, &b->config, err);
	if (rc != ERR_OK) {
		home_close(&b->nav);
		return rc;
	}
	memset(&b->nav, 0, sizeof(b->nav)); /* it is the hub's */
	if (hub_ill(b->hub) > 0)
		rc = err_set(err, ERR_IO, "an organisation does not open");
	return rc == ERR_OK ? hub_listen(b->hub, HUB_ADDR, err) : rc;
}

void
bench_stop_hub(struct bench *b)
{
	replica_close(b->second);
	b->second = NULL;
	home_close(&b->nav);
	memset(&b->nav, 0, sizeof(b->nav));
	host_hang_up(b->room.host, false);
	hub_free(b->hub);
	b->hub = NULL;
	node_close(b->lund);
	b->lund = NULL;
	host_forget(b->room.host);
}

void
bench_stop(struct bench *b)
{
	room_forget_answer(&b->room);
	bench_stop_hub(b);
	if (b->room.other != NULL)
		room_stop_other(&b->room);
}

struct replica *
bench_replica(struct bench *b, size_t which)
{
	if (b->hub != NULL)
		return which < hub_count(b->hub) ? tenant_replica(hub_tenant(b->hub, which)) : NULL;
	return which == 0 ? b->nav.replica : NULL;
}

/* ---- the colleague ---- */

enum err_code
bench_colleague(struct bench *b, const char *op, const char *params, struct err *err)
{
	enum err_code rc;

	b->room.node = b->room.other;
	rc = path_ask(&b->room, op, params, err);
	b->room.node = NULL;
	return rc;
}

enum err_code
bench_brought(struct bench *b, struct err *err)
{
	return bench_colleague(b, "sync", "{\"peer\":[\"" HUB_ADDR "\"],\"wait\":20}", err);
}

/* ---- the states ---- */

void
bench_restore(struct bench *b, enum state s)
{
	const struct kept *k = &b->kept[s];
	char name[16];

	wire_heal();
	wire_settle();
	disk_image_restore(b->room.disk, k->hub);
	disk_image_restore(b->room.other_disk, k->colleague);
	b->room.other_kept = k->colleague;
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%d_%zu", (int)s, i);
		if (k->tables[i])
			bench_put_tables(b, b->schema[i], name);
		else if (b->schema[i][0] != '\0')
			bench_sql(b, "DROP SCHEMA IF EXISTS %s CASCADE", b->schema[i]);
	}
	bench_use(b, true);
}

/* Everything is stopped: it is kept as it is. */
static void
keep(struct bench *b, enum state s)
{
	char name[16];

	bench_stop(b);
	b->kept[s].hub = disk_image_take(b->room.disk);
	b->kept[s].colleague = disk_image_take(b->room.other_disk);
	b->room.other_kept = b->kept[s].colleague;
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%d_%zu", (int)s, i);
		b->kept[s].tables[i] = b->schema[i][0] != '\0' && there(b, b->schema[i]);
		if (b->kept[s].tables[i])
			bench_keep_tables(b, b->schema[i], name);
	}
}

static void
name_schema(char out[48], const struct org_id *org)
{
	char hex[33];

	snprintf(out, 48, "faltbok_%s", hex_encode(hex, org->b, 16));
}

/* Whoever of `node` admits the home that asks, and it takes its welcome. */
static void
admit(struct node *node, struct home *h)
{
	struct buf request = BUF_INIT, sealed = BUF_INIT;
	struct err err = ERR_INIT;
	struct join_request req;
	struct device_id dev;
	struct welcome w;

	must(home_request(h, &request, &err), &err, "a request");
	must(join_request_decode(&req, buf_bytes(&request), &err), &err, "a request");
	must(node_admit(node, &req, ROLE_HUB, NULL, 0, &dev, &err), &err, "admit");
	must(node_commit(node, &err), &err, "commit");
	must(node_welcome(node, &dev, &sealed, &err), &err, "a welcome");
	must(welcome_open(&w, h, buf_bytes(&sealed), &err), &err, "a welcome");
	must(welcome_accept(h, &w, &err), &err, "a welcome");
	welcome_free(&w);
	buf_free(&request);
	buf_free(&sealed);
}

static void
join_first(struct bench *b)
{
	struct room *r = &b->room;
	struct err err = ERR_INIT;

	room_restore(r);
	must(room_open_other(r, &err), &err, "the colleague");
	must(home_create(&b->nav, room_env(r), HUB_HOME, "Nav", "nav", room_secret(), KDF_INTERACTIVE, NULL, &err), &err, "a home");
	b->key = b->nav.keys->device.sign_pk;
	admit(r->other, &b->nav);
	name_schema(b->schema[0], &b->nav.keys->org);
	keep(b, JOINED);
}

/* Filled over a file, or over the database. */
static void
fill(struct bench *b, enum state s, bool database)
{
	struct err err = ERR_INIT;

	bench_restore(b, JOINED);
	bench_use(b, database);
	must(room_open_other(&b->room, &err), &err, "the colleague");
	must(bench_serve(b, &err), &err, "serving");
	must(bench_brought(b, &err), &err, "an exchange");
	must(bench_brought(b, &err), &err, "an exchange");
	keep(b, s);
}

/* Somebody else's organisation, on the colleague's machine; it admits the hub. */
static void
join_second(struct bench *b)
{
	struct node_secret secret = { .slot = 1, .secret = room_secret() };
	struct env *hers = host_env(b->room.other_host);
	struct buf profile = BUF_INIT;
	struct err err = ERR_INIT;
	struct node_seeds seeds;
	struct node *olle;
	struct home h, part;

	bench_restore(b, SERVED);
	must(room_env(&b->room)->files->read(room_env(&b->room), "/home/lund/form.json", 1 << 20, &profile, &err), &err, "the profile");
	must(home_create(&h, hers, OLLE_HOME, "Olle", "olle", room_secret(), KDF_INTERACTIVE, NULL, &err), &err, "a home");
	home_close(&h);
	must(node_open(&olle, hers, OLLE_HOME, &secret, &err), &err, "a home");
	must(node_found(olle, "Annan", "Olle", "olle", buf_bytes(&profile), false, &seeds, &err), &err, "founding");
	must(node_commit(olle, &err), &err, "commit");
	must(bench_open(b, &err), &err, "the hub");
	must(home_part_create(&part, &b->nav, "Nav", "nav", &err), &err, "a part");
	admit(olle, &part);
	name_schema(b->schema[1], &part.keys->org);
	home_close(&part);
	node_close(olle);
	buf_free(&profile);
	keep(b, WELCOME);
	bench_restore(b, WELCOME);
	must(bench_serve(b, &err), &err, "serving two");
	keep(b, DOUBLED);
}

static bool
start_server(struct bench *b)
{
	struct err err = ERR_INIT;
	char command[200];
	int status;

	snprintf(b->dir, sizeof(b->dir), "%s/faltbok-pg-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(b->dir) == NULL)
		return false;
	snprintf(command, sizeof(command), "tests/pg-cluster start %s >/dev/null", b->dir);
	wire_server(b->dir);
	status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2) { /* there is none installed */
		rmdir(b->dir);
		return false;
	}
	if (status != 0) {
		fprintf(stderr, "pgcrash: the server in %s does not start\n", b->dir);
		abort();
	}
	snprintf(b->url, sizeof(b->url), "postgresql://faltbok@/faltbok?host=%s&sslmode=disable&gssencmode=disable", b->dir);
	must(pg_engine_new(&b->engine, b->url, &err), &err, "the address");
	return true;
}

bool
bench_new(struct bench *b, uint64_t seed)
{
	struct err err = ERR_INIT;

	memset(b, 0, sizeof(*b));
	if (!start_server(b))
		return false;
	room_new(&b->room, seed);
	world_trace(b->room.world)->off = true;
	disk_set_scan(b->room.disk, NULL);
	b->memory.env = room_env(&b->room);
	snprintf(b->memory.folder, sizeof(b->memory.folder), "%s", HUB_MEMORY);
	b->config = (struct hub_config){ .ctx = &b->memory, .witness_get = hub_memory_get, .witness_put = hub_memory_put, .continuous = true };
	must(room_env(&b->room)->files->make_dir(room_env(&b->room), HUB_MEMORY, &err), &err, "a folder");
	disk_image_free(b->room.kept);
	b->room.kept = disk_image_take(b->room.disk);
	b->first = b->room.other_kept;
	bench_use(b, false);
	join_first(b);
	fill(b, GROWN, false);
	fill(b, SERVED, true);
	join_second(b);
	return true;
}

void
bench_free(struct bench *b)
{
	char command[200];

	PQfinish(b->conn);
	pg_engine_free(b->engine);
	snprintf(command, sizeof(command), "tests/pg-cluster stop %s; rm -rf %s", b->dir, b->dir);
	if (system(command) != 0)
		fprintf(stderr, "pgcrash: the server in %s does not end\n", b->dir);
	for (size_t i = 0; i < STATES; i++) {
		disk_image_free(b->kept[i].hub);
		disk_image_free(b->kept[i].colleague);
	}
	b->room.other_kept = b->first;
	room_free(&b->room);
}
