/*
 * The load CASES-1 as eight devices would have written it: in rounds, each
 * seeing what the others wrote in earlier rounds and not in this one.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "bench.h"
#include "crypto/words.h"
#include "org/ops.h"
#include "store/home.h"

const struct node_secret bench_secret = { 1, { (const uint8_t *)"fem vanliga ord om natten", 25 } };

double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
must(enum err_code rc, const struct err *err, const char *what)
{
	if (rc == ERR_OK)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, err->text);
	exit(1);
}

void
run_or_die(const char *fmt, ...)
{
	char command[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command) != 0) {
		fprintf(stderr, "bench: failed: %s\n", command);
		exit(1);
	}
}

struct node *
open_home(struct bench *b, const char *name)
{
	struct err err = ERR_INIT;
	struct node *n;
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	must(node_open(&n, b->env, path, &bench_secret, &err), &err, path);
	if (node_profile_unread(n) > 0) { /* the home is kept from one measure to the next, and another program made this one */
		fprintf(stderr, "%s: version %u of its profile is one that this bench cannot read; remove %s\n", path, node_profile_unread(n), b->dir);
		exit(1);
	}
	return n;
}

static bool
wanted(struct bytes line, const char *by, long round)
{
	char text[64];

	if (by != NULL) {
		snprintf(text, sizeof(text), "\"by\":\"%s\"", by);
		if (memmem(line.p, line.len, text, strlen(text)) == NULL)
			return false;
	}
	if (round >= 0) {
		snprintf(text, sizeof(text), "\"round\":%ld,", round);
		if (memmem(line.p, line.len < 120 ? line.len : 120, text, strlen(text)) == NULL)
			return false;
	}
	return true;
}

/* "round" is the load's own and no part of the trace format. */
void
without_round(struct buf *out, struct bytes line)
{
	const uint8_t *at = memmem(line.p, line.len, "\"round\":", 8);
	const uint8_t *comma = at == NULL ? NULL : memchr(at, ',', (size_t)(line.p + line.len - at));

	buf_clear(out);
	if (comma == NULL) {
		buf_put_bytes(out, line);
		return;
	}
	buf_put(out, line.p, (size_t)(at - line.p));
	buf_put(out, comma + 1, (size_t)(line.p + line.len - comma - 1));
}

size_t
write_lines(struct node *n, struct bytes trace, const char *by, long round, size_t max)
{
	struct err err = ERR_INIT;
	struct buf plain = BUF_INIT;
	struct stream_id team;
	size_t written = 0;
	char who[64];

	must(node_team_for(n, NULL, NULL, &team, &err), &err, "team");
	while (trace.len > 0 && written < max) {
		const uint8_t *nl = memchr(trace.p, '\n', trace.len);
		struct bytes line = BYTES(trace.p, (size_t)(nl - trace.p));
		struct hash entry;
		struct draft d;

		trace = BYTES(nl + 1, trace.len - line.len - 1);
		if (!wanted(line, by, round))
			continue;
		without_round(&plain, line);
		must(trace_parse(node_profile(n), buf_bytes(&plain), &d, who, &err), &err, "trace");
		must(node_write(n, &team, &d, &entry, &err), &err, "write");
		draft_free(&d);
		written++;
	}
	buf_free(&plain);
	return written;
}

static bool
add_plen(void *ctx, const struct entry *e)
{
	*(uint64_t *)ctx += e->h.plen;
	return true;
}

uint64_t
payload_bytes(struct node *n)
{
	struct replica *r = node_replica(n);
	struct err err = ERR_INIT;
	uint64_t sum = 0;

	for (size_t i = 0; i < replica_log_count(r); i++)
		must(replica_scan(r, i, 0, replica_log_at(r, i)->len, true, add_plen, &sum, &err), &err, "scan");
	return sum;
}

void
pour(struct node *from, struct node *to)
{
	struct replica *a = node_replica(from), *b = node_replica(to);
	struct ingest_counts counts = { 0 };
	struct err err = ERR_INIT;
	struct buf run = BUF_INIT;

	for (size_t i = 0; i < replica_log_count(a); i++) {
		const struct log_head *h = replica_log_at(a, i);
		size_t j;
		uint64_t at = replica_log_find(b, &h->key, &j) ? replica_log_at(b, j)->len : 0;

		while (at < h->len) {
			struct rd rd;

			buf_clear(&run);
			must(replica_read_run(a, i, at, h->len, false, 60000, &run, &at, &err), &err, "read");
			rd = rd_init(buf_bytes(&run));
			must(replica_ingest_run(b, &rd, &counts, &err), &err, "ingest");
		}
	}
	must(node_commit(to, &err), &err, "commit");
	buf_free(&run);
}

static void
make_device_as(struct bench *b, struct node *boss, uint8_t role, const struct stream_id *team, const char *name)
{
	struct err err = ERR_INIT;
	struct buf req = BUF_INIT, wel = BUF_INIT;
	struct join_request r;
	struct welcome w;
	struct device_id dev;
	struct home home;
	char path[600], code[27];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	must(home_create(&home, b->env, path, name, name, bench_secret.secret, KDF_INTERACTIVE, code, &err), &err, name);
	must(home_request(&home, &req, &err), &err, "request");
	must(join_request_decode(&r, buf_bytes(&req), &err), &err, "request");
	must(node_admit(boss, &r, role, team, team != NULL, &dev, &err), &err, "admit");
	must(node_commit(boss, &err), &err, "admit");
	must(node_welcome(boss, &dev, &wel, &err), &err, "welcome");
	must(welcome_open(&w, &home, buf_bytes(&wel), &err), &err, "welcome");
	must(welcome_accept(&home, &w, &err), &err, "welcome");
	welcome_free(&w);
	home_close(&home);
	buf_free(&req);
	buf_free(&wel);
}

void
make_device(struct bench *b, struct node *boss, const struct stream_id *team, const char *name)
{
	make_device_as(b, boss, ROLE_ADVISOR, team, name);
}

void
make_coordinator(struct bench *b, struct node *boss, const char *name)
{
	make_device_as(b, boss, ROLE_COORDINATOR, NULL, name);
}

struct node *
found_in(struct bench *b, const char *name, struct stream_id *team)
{
	struct err err = ERR_INIT;
	struct buf profile = BUF_INIT;
	struct home home;
	struct node *boss;
	struct node_seeds seeds;
	char path[600], code[27];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	must(home_create(&home, b->env, path, "boss", "boss", bench_secret.secret, KDF_INTERACTIVE, code, &err), &err, "boss");
	home_close(&home);
	boss = open_home(b, name);
	must(b->env->files->read(b->env, "tests/bench/cases-1.json", 1 << 20, &profile, &err), &err, "profile");
	must(node_found(boss, "CASES-1", "boss", "boss", buf_bytes(&profile), false, &seeds, &err), &err, "found");
	must(node_commit(boss, &err), &err, "found");
	must(node_team_add(boss, "team", false, team, &err), &err, "team");
	must(node_grant(boss, &node_self(boss)->id, team, &err), &err, "grant");
	must(node_commit(boss, &err), &err, "grant");
	buf_free(&profile);
	return boss;
}

static struct node *
found(struct bench *b, struct stream_id *team)
{
	return found_in(b, "boss", team);
}

/* Round by round: everyone writes, then everyone hears of it by way of the boss. */
static void
write_rounds(struct bench *b, struct node *boss, struct node *writers[WRITERS])
{
	struct err err = ERR_INIT;
	long rounds = (long)((b->cases + 99) / 100) + 3;

	for (long r = 0; r < rounds; r++) {
		for (int w = 0; w < WRITERS; w++) {
			char by[8];

			snprintf(by, sizeof(by), "a%d", w);
			write_lines(writers[w], buf_bytes(&b->trace), by, r, SIZE_MAX);
			must(node_commit(writers[w], &err), &err, "commit");
			pour(writers[w], boss);
		}
		for (int w = 0; w < WRITERS; w++)
			pour(boss, writers[w]);
		fprintf(stderr, "\rpreparing: round %ld of %ld ", r + 1, rounds);
	}
	fprintf(stderr, "\n");
}

void
prepare(struct bench *b)
{
	struct node *boss, *writers[WRITERS];
	struct err err = ERR_INIT;
	struct stream_id team;
	struct stat st;
	char path[600], name[8];

	snprintf(path, sizeof(path), "%s/load/trace.jsonl", b->dir);
	if (stat(path, &st) != 0)
		run_or_die("mkdir -p %s/load && node tests/bench/make-load.mjs %zu %s/load >/dev/null", b->dir, b->cases, b->dir);
	must(b->env->files->read(b->env, path, 1 << 30, &b->trace, &err), &err, path);
	snprintf(path, sizeof(path), "%s/load/incA.jsonl", b->dir);
	must(b->env->files->read(b->env, path, 1 << 30, &b->inc_a, &err), &err, path);
	snprintf(path, sizeof(path), "%s/load/incB.jsonl", b->dir);
	must(b->env->files->read(b->env, path, 1 << 30, &b->inc_b, &err), &err, path);
	snprintf(path, sizeof(path), "%s/ready", b->dir);
	if (stat(path, &st) == 0)
		return;
	run_or_die("cd %s && rm -rf boss a? fresh", b->dir);
	boss = found(b, &team);
	for (int w = 0; w < WRITERS; w++) {
		snprintf(name, sizeof(name), "a%d", w);
		make_device(b, boss, &team, name);
	}
	make_device(b, boss, &team, "fresh");
	for (int w = 0; w < WRITERS; w++) {
		snprintf(name, sizeof(name), "a%d", w);
		writers[w] = open_home(b, name);
		pour(boss, writers[w]);
	}
	write_rounds(b, boss, writers);
	for (int w = 0; w < WRITERS; w++)
		node_close(writers[w]);
	node_close(boss);
	run_or_die("touch %s", path);
}
