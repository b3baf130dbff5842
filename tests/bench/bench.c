/*
 * make bench: the product's measures, each beside its floor. Figures go to
 * standard output as a table and to build/bench.json.
 *   bench [CASES [PART]]     10 000 cases are 100 000 entries; PART: append ingest unlock sync report
 */
#include <jansson.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "crypto/guard.h"
#include "net/net.h"
#include "peer/meet.h"

enum { SINGLE_APPENDS = 800, ROW_APPENDS = 400, TURN = 10, BATCH_APPENDS = 900 };

/* ---- two processes over loopback TCP ---- */

struct met { struct peer_result result; bool done; };

static void
met(void *ctx, const struct peer_result *r, const char *addr)
{
	struct met *m = ctx;

	(void)addr;
	m->result = *r;
	m->done = true;
}

/* The child serves `home` until it is killed; its port comes through the pipe. */
static pid_t
serve_in_child(struct bench *b, const char *home, int *port)
{
	int fd[2];
	pid_t pid;

	if (pipe(fd) != 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		struct err err = ERR_INIT;
		struct met m = { .done = false };
		struct node *n;
		struct meet *meet;
		int p;

		b->env = net_env_new(&err);
		n = open_home(b, home);
		meet = meet_new(node_peer_host(n), &(struct meet_events){ .ctx = &m, .result = met });
		must(meet_listen(meet, "127.0.0.1:0", &err), &err, "listen");
		p = meet_port(meet);
		if (write(fd[1], &p, sizeof(p)) != (ssize_t)sizeof(p))
			_exit(1);
		net_run(b->env, NULL, -1);
		_exit(0);
	}
	close(fd[1]);
	if (pid < 0 || read(fd[0], port, sizeof(*port)) != (ssize_t)sizeof(*port))
		exit(1);
	close(fd[0]);
	return pid;
}

static struct peer_result
sync_once(struct bench *b, struct node *n, int port)
{
	struct err err = ERR_INIT;
	struct met m = { .done = false };
	struct meet *meet = meet_new(node_peer_host(n), &(struct meet_events){ .ctx = &m, .result = met });
	char addr[32];

	snprintf(addr, sizeof(addr), "127.0.0.1:%d", port);
	must(meet_dial(meet, addr, MEET_ONCE, &err), &err, "dial");
	net_run(b->env, &m.done, 120000);
	if (!m.done || m.result.code != ERR_OK || !m.result.in_step) {
		fprintf(stderr, "bench: sync did not get in step: %s\n", m.result.text);
		exit(1);
	}
	meet_free(meet);
	return m.result;
}

static void
stop_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- figures ---- */

/* Where line `count` of `lines` ends. */
static size_t
lines_end(struct bytes lines, size_t from, size_t count)
{
	while (count-- > 0)
		from = (size_t)((const uint8_t *)memchr(lines.p + from, '\n', lines.len - from) + 1 - lines.p);
	return from;
}

/* One change a transaction: sealed, signed, durable and shown when it returns. */
static double
append_turn(struct node *n, struct bytes lines)
{
	struct err err = ERR_INIT;
	double began = now_s();

	for (size_t at = 0, end; at < lines.len; at = end) {
		end = lines_end(lines, at, 1);
		write_lines(n, BYTES(lines.p + at, end - at), NULL, -1, 1);
		must(node_commit(n, &err), &err, "commit");
	}
	return now_s() - began;
}

static void
bench_append(struct bench *b)
{
	struct bytes lines = buf_bytes(&b->inc_a);
	struct err err = ERR_INIT;
	double floor_s = 0, ours_s = 0, began, batch, bare;
	struct node *n;
	size_t at = 0;

	run_or_die("cd %s && rm -rf appender && cp -r a7 appender && sync", b->dir);
	n = open_home(b, "appender"); /* a copy, which writes in new logs: the first entry opens one and is not counted */
	write_lines(n, buf_bytes(&b->inc_b), NULL, -1, 1);
	must(node_commit(n, &err), &err, "commit");
	floor_turns_open(b);
	for (size_t done = 0; done < SINGLE_APPENDS; done += TURN) {
		size_t end = lines_end(lines, at, TURN);

		floor_s += floor_turn(TURN, 640);
		ours_s += append_turn(n, BYTES(lines.p + at, end - at));
		at = end;
	}
	floor_turns_close();
	figure("append_one_ratio", floor_s / ours_s, "of a bare commit", floor_s / SINGLE_APPENDS * 1e6, "µs, one-row SQLite commit", floor_s / ours_s);
	began = now_s();
	write_lines(n, BYTES(buf_bytes(&b->inc_b).p + lines_end(buf_bytes(&b->inc_b), 0, 1), b->inc_b.len - lines_end(buf_bytes(&b->inc_b), 0, 1)),
	            NULL, -1, BATCH_APPENDS);
	must(node_commit(n, &err), &err, "commit");
	batch = BATCH_APPENDS / (now_s() - began);
	bare = BATCH_APPENDS / floor_inserts(b, BATCH_APPENDS, 640);
	figure("append_batch_per_s", batch, "entries/s", bare, "rows/s, bare SQLite inserts", batch / bare);
	node_close(n);
}

/* Sets the status of the cases that these lines are about: statistics, so each is written twice where there is a drop-box. */
static double
status_turn(struct node *n, struct bytes lines, const char *status)
{
	const struct profile_type *type = profile_type_named(node_profile(n), "case");
	struct err err = ERR_INIT;
	struct stream_id team;
	double took = 0, began;
	char by[64];

	must(node_team_for(n, NULL, NULL, &team, &err), &err, "team");
	for (size_t at = 0, end; at < lines.len; at = end) {
		struct draft line, d;
		struct buf plain = BUF_INIT;

		end = lines_end(lines, at, 1);
		without_round(&plain, BYTES(lines.p + at, end - at - 1));
		must(trace_parse(node_profile(n), buf_bytes(&plain), &line, by, &err), &err, "trace");
		draft_init(&d, type, &line.record);
		began = now_s();
		must(draft_assign_text(&d, OP_SET, "status", status, &err), &err, "status");
		must(node_write(n, &team, &d, NULL, &err), &err, "write");
		must(node_commit(n, &err), &err, "commit");
		took += now_s() - began;
		draft_free(&d);
		draft_free(&line);
		buf_free(&plain);
	}
	return took;
}

/* The same change without a drop-box and with one, each in turns with the floor. */
static void
bench_rows(struct bench *b)
{
	struct bytes lines = buf_bytes(&b->inc_a);
	struct err err = ERR_INIT;
	struct stream_id box;
	double without = 0;

	for (int with = 0; with < 2; with++) {
		double floor_s = 0, ours_s = 0;
		struct node *n;
		size_t at = 0;

		run_or_die("cd %s && rm -rf rower && cp -r boss rower && sync", b->dir);
		n = open_home(b, "rower");
		if (with)
			must(node_team_add(n, "rows", true, &box, &err), &err, "drop-box");
		must(node_commit(n, &err), &err, "commit");
		(void)status_turn(n, BYTES(lines.p, lines_end(lines, 0, 1)), "closed"); /* opens the logs */
		floor_turns_open(b);
		for (size_t done = 0; done < ROW_APPENDS; done += TURN) {
			size_t end = lines_end(lines, at, TURN);

			floor_s += floor_turn(TURN, 640);
			ours_s += status_turn(n, BYTES(lines.p + at, end - at), done / TURN % 2 == 0 ? "waiting" : "going");
			at = end;
		}
		floor_turns_close();
		figure(with ? "append_row_ratio" : "append_no_row_ratio", floor_s / ours_s, "of a bare commit", floor_s / ROW_APPENDS * 1e6,
		       "µs, one-row SQLite commit", floor_s / ours_s);
		if (with)
			figure("append_row_us", ours_s / ROW_APPENDS * 1e6, "µs", without / ROW_APPENDS * 1e6, "µs without a drop-box", ours_s / without);
		without = ours_s;
		node_close(n);
	}
}

static void
bench_ingest(struct bench *b)
{
	struct node *n;
	struct peer_result r;
	struct err err = ERR_INIT;
	double began, took, floor_s;
	uint64_t payloads;
	int port;
	pid_t pid;

	run_or_die("cd %s && rm -rf empty && cp -r fresh empty", b->dir);
	pid = serve_in_child(b, "boss", &port);
	n = open_home(b, "empty");
	began = now_s();
	r = sync_once(b, n, port);
	must(view_index_now(node_view(n), &err), &err, "full text");
	took = now_s() - began;
	stop_child(pid);
	payloads = payload_bytes(n);
	floor_s = floor_inserts(b, r.received, (size_t)(payloads / r.received)) + floor_verify() * (double)r.received / 100;
	figure("ingest_entries_per_s", (double)r.received / took, "entries/s", (double)r.received / floor_s,
	       "entries/s, bare inserts and a verification every 100", (double)r.received / took / ((double)r.received / floor_s));
	figure("ingest_ratio", floor_s / took, "of the floor", floor_s, "s", floor_s / took);
	figure("wire_overhead_bytes_per_entry", ((double)r.bytes_received - (double)payloads) / (double)r.received - 64, "bytes",
	       (double)payloads / (double)r.received + 64, "bytes, signature and payload alone", (double)r.bytes_received / ((double)payloads + 64.0 * (double)r.received));
	node_close(n);
}

/* Writes `count` new changes into a home that is then closed again; what their sealed payloads come to. */
static uint64_t
write_new(struct bench *b, const char *home, struct bytes lines, size_t count)
{
	struct node *n = open_home(b, home);
	struct err err = ERR_INIT;
	uint64_t before = payload_bytes(n), after;

	write_lines(n, lines, NULL, -1, count);
	must(node_commit(n, &err), &err, "commit");
	after = payload_bytes(n);
	node_close(n);
	return after - before;
}

static void
bench_sync_new(struct bench *b, size_t count, const char *name, const char *trips_name)
{
	uint64_t payloads = write_new(b, "right", buf_bytes(&b->inc_b), count) + write_new(b, "left", buf_bytes(&b->inc_a), count);
	struct node *n = open_home(b, "left");
	struct peer_result r;
	double floor_bytes;
	int port;
	pid_t pid = serve_in_child(b, "right", &port);

	r = sync_once(b, n, port);
	stop_child(pid);
	floor_bytes = (double)payloads + 64.0 * (double)(r.sent + r.received);
	figure(name, (double)(r.bytes_sent + r.bytes_received), "bytes", floor_bytes, "bytes, payloads and signatures, both ways",
	       (double)(r.bytes_sent + r.bytes_received) / floor_bytes);
	figure(trips_name, r.round_trips, "round trips", 3, "round trips allowed", r.round_trips / 3.0);
	node_close(n);
}

static void
bench_sync(struct bench *b)
{
	struct peer_result r;
	struct node *n;
	int port;
	pid_t pid;

	run_or_die("cd %s && rm -rf left right && cp -r a0 left && cp -r a1 right", b->dir);
	pid = serve_in_child(b, "right", &port);
	n = open_home(b, "left");
	sync_once(b, n, port); /* both are copies: their first entries in new logs cross here */
	r = sync_once(b, n, port);
	figure("idle_sync_bytes", (double)(r.bytes_sent + r.bytes_received), "bytes", 1024, "bytes allowed",
	       (double)(r.bytes_sent + r.bytes_received) / 1024);
	figure("idle_sync_round_trips", r.round_trips, "round trips", 2, "round trips allowed", r.round_trips / 2.0);
	stop_child(pid);
	node_close(n);
	bench_sync_new(b, 10, "sync10_bytes", "sync10_round_trips");
	bench_sync_new(b, 1000, "sync1000_bytes", "sync1000_round_trips");
}

static double
rss_mib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size = 0, resident = 0;

	if (f == NULL || fscanf(f, "%ld %ld", &size, &resident) != 2)
		exit(1);
	fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static bool
first_answer(void *ctx, const struct record *r, const struct stream_id *team)
{
	(void)r, (void)team;
	return ++*(size_t *)ctx < 50;
}

/* What the child does: unlock, answer, say how long it took and what memory it has come to. */
static int
unlock_and_say(struct bench *b, bool cold)
{
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	struct keystore *ks;
	struct node *n;
	size_t seen = 0;
	double kdf, began;
	char path[600], ksp[700];

	snprintf(path, sizeof(path), "%s/boss", b->dir);
	snprintf(ksp, sizeof(ksp), "%s/keystore", path);
	kdf = now_s(); /* what Argon2id costs here, to leave it out */
	must(b->env->files->read(b->env, ksp, 8 << 20, &file, &err), &err, ksp);
	must(keystore_open(&ks, buf_bytes(&file), 1, bench_secret.secret, &err), &err, ksp);
	kdf = now_s() - kdf;
	keystore_free(ks);
	buf_free(&file);
	began = now_s();
	must(cold ? node_open_cold(&n, b->env, path, &bench_secret, &err) : node_open(&n, b->env, path, &bench_secret, &err), &err, path);
	must(view_each(node_view(n), 0, first_answer, &seen, &err), &err, "list");
	printf("%f %f\n", now_s() - began - kdf, rss_mib());
	return 0;
}

/* In a process of its own, so that memory is that of one unlocked node and nothing before it. */
static void
unlock_in_child(struct bench *b, bool cold, double out[2])
{
	char command[700];
	FILE *f;

	snprintf(command, sizeof(command), "%s %zu %s", b->self, b->cases, cold ? "say-cold" : "say-warm");
	f = popen(command, "r");
	if (f == NULL || fscanf(f, "%lf %lf", &out[0], &out[1]) != 2 || pclose(f) != 0)
		exit(1);
}

static void
bench_unlock(struct bench *b)
{
	struct node *n = open_home(b, "boss");
	struct err err = ERR_INIT;
	uint64_t payloads = payload_bytes(n), entries = replica_entry_count(node_replica(n));
	double cold[2], warm[2], bare = floor_decrypt((size_t)payloads);

	must(node_save_snapshot(n, &err), &err, "snapshot");
	figure("disk_bytes_per_entry", (double)replica_file_bytes(node_replica(n)) / (double)entries, "bytes", (double)payloads / (double)entries,
	       "bytes, sealed payload alone", (double)replica_file_bytes(node_replica(n)) / (double)payloads);
	node_close(n);
	unlock_in_child(b, true, cold);
	unlock_in_child(b, false, warm);
	figure("unlock_cold_s", cold[0], "s", bare, "s, bare decryption of the payloads", cold[0] / bare);
	figure("unlock_snapshot_s", warm[0], "s", bare, "s, bare decryption of the payloads", warm[0] / bare);
	figure("rss_mib_100k", cold[1], "MiB", (double)payloads / (1 << 20), "MiB, sealed payloads", cold[1] / ((double)payloads / (1 << 20)));
	(void)entries;
}

static const struct { const char *name; void (*run)(struct bench *b); } parts[] = {
	{ "append", bench_append }, { "rows", bench_rows }, { "ingest", bench_ingest }, { "unlock", bench_unlock }, { "sync", bench_sync },
	{ "erase", bench_erase }, { "rekey", bench_rekey }, { "serving", bench_serving }, { "org", bench_org }, { "report", bench_report },
};

int
main(int argc, char **argv)
{
	struct bench b = { .cases = argc > 1 ? (size_t)atol(argv[1]) : 10000 };
	struct err err = ERR_INIT;

	if (!crypto_start() || (b.env = net_env_new(&err)) == NULL)
		return 1;
	b.self = argv[0];
	snprintf(b.dir, sizeof(b.dir), "build/bench-%zu", b.cases);
	if (argc > 2 && (strcmp(argv[2], "say-cold") == 0 || strcmp(argv[2], "say-warm") == 0))
		return unlock_and_say(&b, strcmp(argv[2], "say-cold") == 0);
	run_or_die("mkdir -p %s", b.dir);
	prepare(&b);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (argc < 3 || strcmp(argv[2], parts[i].name) == 0)
			parts[i].run(&b);
	figures_print("build/bench.json");
	return 0;
}
