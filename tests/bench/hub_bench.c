/*
 * A hub under load, as a process of its own: what members wait for while strangers
 * crowd its door, and what twenty organisations of 100,000 entries cost it.
 *
 *   hub_bench flood    4,000 idle and 500 slow connections, 200 handshakes a second, 50 senders of garbage
 *   hub_bench many     20 organisations of 100,000 entries (ENTRIES=, ORGS= to try less)
 */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "crypto/guard.h"
#include "flood.h"
#include "net/net.h"
#include "org/ops.h"
#include "peer/meet.h"
#include "store/home.h"

enum { TURNS = 7, ROUNDS = 25, NOTES = 10, PAYLOAD = 400 };

static char hub_home[600], pass_file[600], ready_file[600];

/* ---- the hub as a process ---- */

static double
field_mib(pid_t pid, const char *name)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtoul(line + strlen(name) + 1, NULL, 10);
	if (f != NULL)
		fclose(f);
	return (double)kib / 1024;
}

static size_t
descriptors(pid_t pid)
{
	char path[64];
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n;
}

static double
cpu_s(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
		user = system = 0;
	if (f != NULL)
		fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static pid_t
start_hub(int *port, double *seconds)
{
	double from = now_s();
	pid_t pid;

	unlink(ready_file);
	pid = fork();
	if (pid == 0) {
		if (freopen(ready_file, "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		execl("build/faltbok-hub", "faltbok-hub", "--home", hub_home, "--passphrase-file", pass_file, "--json", "serve", "--listen",
		      "0.0.0.0:0", "--no-discovery", "--not-restored", (char *)NULL);
		_exit(1);
	}
	for (*port = 0; *port == 0;) {
		json_t *o = json_load_file(ready_file, 0, NULL);

		*port = (int)json_integer_value(json_object_get(o, "port"));
		json_decref(o);
		if (*port == 0 && waitpid(pid, NULL, WNOHANG) == pid) {
			fprintf(stderr, "hub_bench: the hub has not started\n");
			exit(1);
		}
		usleep(2000);
	}
	*seconds = now_s() - from;
	return pid;
}

/* What opening the keystore alone costs here: two passes of Argon2id over 64 MiB. */
static double
argon_s(struct bench *b)
{
	struct err err = ERR_INIT;
	struct keystore *k;
	struct buf file = BUF_INIT;
	char path[700];
	double from;

	snprintf(path, sizeof(path), "%s/keystore", hub_home);
	must(b->env->files->read(b->env, path, KEYSTORE_BYTES_MAX, &file, &err), &err, "keystore");
	from = now_s();
	must(keystore_open(&k, buf_bytes(&file), 1, bench_secret.secret, &err), &err, "keystore");
	from = now_s() - from;
	keystore_free(k);
	buf_free(&file);
	return from;
}

/* ---- members ---- */

struct met { bool done; struct peer_result result; };

static void
met(void *ctx, const struct peer_result *r, const char *addr)
{
	struct met *m = ctx;

	(void)addr;
	m->result = *r;
	m->done = true;
}

static double
sync_s(struct bench *b, struct node *n, int port)
{
	struct err err = ERR_INIT;
	struct met m = { .done = false };
	struct meet *meet = meet_new(node_peer_host(n), &(struct meet_events){ .ctx = &m, .result = met });
	double from = now_s();
	char addr[32];

	snprintf(addr, sizeof(addr), "127.0.0.1:%d", port);
	must(meet_dial(meet, addr, MEET_ONCE, &err), &err, "dial");
	net_run(b->env, &m.done, 60000);
	if (!m.done || m.result.code != ERR_OK) {
		fprintf(stderr, "hub_bench: a member's sync failed: %s\n", m.done ? m.result.text : "no answer in a minute");
		exit(1);
	}
	from = now_s() - from;
	meet_free(meet);
	return from;
}

static void
note(struct node *n, const struct stream_id *team, uint64_t number)
{
	struct err err = ERR_INIT;
	uint8_t payload[PAYLOAD];
	struct entry e;

	for (size_t i = 0; i < sizeof(payload); i += 8)
		be64_put(payload + i, number * 0x9e3779b97f4a7c15u + i);
	must(replica_append(node_replica(n), &node_keystore(n)->device, &node_keystore(n)->inc, team, KIND_DATA, BYTES(payload, sizeof(payload)), &e, &err),
	     &err, "append");
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct times { double all[TURNS * ROUNDS]; size_t count; double turn[TURNS]; size_t turns; }; /* turn: the median of each */

/* A few new entries, then a sync, over and over. */
static void
member_rounds(struct bench *b, struct node *n, const struct stream_id *team, int port, struct times *t)
{
	static uint64_t number;
	struct err err = ERR_INIT;

	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < NOTES; k++)
			note(n, team, ++number);
		must(replica_commit(node_replica(n), &err), &err, "commit");
		t->all[t->count++] = sync_s(b, n, port);
		usleep(20000);
	}
	qsort(t->all + t->count - ROUNDS, ROUNDS, sizeof(t->all[0]), by_value);
	t->turn[t->turns++] = t->all[t->count - ROUNDS / 2 - 1];
}

/* Of all: half of them took no longer than this, and 99 of 100. */
static double
at(struct times *t, double part)
{
	qsort(t->all, t->count, sizeof(t->all[0]), by_value);
	return t->all[(size_t)(part * (double)(t->count - 1))];
}

/* ---- making it ---- */

/* The hub's device in the organisation of `boss`: a home, or a part of it. */
static void
admit_hub(struct bench *b, struct node *boss, struct home *home)
{
	struct err err = ERR_INIT;
	struct buf request = BUF_INIT, sealed = BUF_INIT;
	struct join_request req;
	struct device_id id;
	struct welcome w;

	(void)b;
	must(home_request(home, &request, &err), &err, "request");
	must(join_request_decode(&req, buf_bytes(&request), &err), &err, "request");
	must(node_admit(boss, &req, ROLE_HUB, NULL, 0, &id, &err), &err, "admit");
	must(node_commit(boss, &err), &err, "admit");
	must(node_welcome(boss, &id, &sealed, &err), &err, "welcome");
	must(welcome_open(&w, home, buf_bytes(&sealed), &err), &err, "welcome");
	must(welcome_accept(home, &w, &err), &err, "welcome");
	welcome_free(&w);
	buf_free(&request);
	buf_free(&sealed);
}

static void
give_all(struct replica *from, struct replica *to)
{
	struct err err = ERR_INIT;
	struct ingest_counts counts = { .stored = 0 };
	struct buf run = BUF_INIT;

	for (size_t i = 0; i < replica_log_count(from); i++)
		for (uint64_t at = 0, next; at < replica_log_at(from, i)->len; at = next) {
			struct rd rd;

			buf_clear(&run);
			must(replica_read_run(from, i, at, UINT64_MAX, false, REPLICA_RUN_BYTES, &run, &next, &err), &err, "reading");
			rd = rd_init(buf_bytes(&run));
			must(replica_ingest_run(to, &rd, &counts, &err), &err, "taking in");
			if (replica_pending(to) > 8 << 20)
				must(replica_commit(to, &err), &err, "commit");
			if (next == at)
				break;
		}
	must(replica_commit(to, &err), &err, "commit");
	buf_free(&run);
}

/* ---- flood ---- */

static size_t
number_of(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? (size_t)strtoul(text, NULL, 10) : otherwise;
}

/*
 * Strangers are on machines of their own: where this place lets us make one, in a network of their own with a cable to the
 * hub's; otherwise at addresses of 127/8. What they need of the processor comes after what the hub and its members do.
 */
static char network[32]; /* empty: none of its own */

static void
leave_network(void)
{
	if (network[0] != '\0')
		run_or_die("ip netns del %s", network);
	network[0] = '\0';
}

static void
make_network(void)
{
	char command[1024], name[32];

	snprintf(name, sizeof(name), "hb%ld", (long)getpid());
	snprintf(command, sizeof(command),
	         "ip netns add %s 2>/dev/null && ip link add name %s type veth peer name v0 netns %s 2>/dev/null && ip addr add 10.79.7.1/24 dev %s && ip link set %s up && "
	         "for i in 1 2 3 4 5; do ip -n %s addr add 10.79.7.10$i/24 dev v0 || exit 1; done && ip -n %s link set v0 up",
	         name, name, name, name, name, name, name);
	if (system(command) != 0) {
		snprintf(command, sizeof(command), "ip netns del %s 2>/dev/null", name);
		(void)!system(command);
		return;
	}
	memcpy(network, name, sizeof(network));
	atexit(leave_network);
}

static void
enter_network(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/var/run/netns/%s", network);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		_exit(2);
	close(fd);
}

static pid_t
start_strangers(int port)
{
	bool apart = network[0] != '\0';
	pid_t pid = fork();

	if (pid == 0) {
		(void)!nice((int)number_of("STRANGERS_NICE", 10));
		if (apart)
			enter_network();
		flood(apart ? 0x0a4f0701u : 0x7f000001u, apart ? 0x0a4f0764u : 0x7f000100u, port, 4000, 500, 200, 50);
	}
	sleep(4);
	return pid;
}

static void
stop_strangers(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) == pid) {
		fprintf(stderr, "hub_bench: strangers were answered, or could not go on: %d\n", status);
		exit(1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Seconds until no more are open than before; 60 when they stay. */
static double
descriptors_back(pid_t hub, size_t base)
{
	double from = now_s();

	while (now_s() - from < 60) {
		size_t n = descriptors(hub);

		if (n > 2 && n <= base)
			break;
		usleep(200000);
	}
	return now_s() - from;
}

static void
bench_flood(struct bench *b)
{
	struct times quiet = { .count = 0 }, loud = { .count = 0 };
	struct node *n;
	struct stream_id team;
	struct home home;
	struct err err = ERR_INIT;
	double seconds, back = 0, cpu = 0, took = 0;
	size_t base, most = 0;
	double ratio[TURNS];
	pid_t hub, strangers;
	int port;
	char code[27];

	make_network();
	run_or_die("rm -rf %s/boss %s", b->dir, hub_home);
	n = found_in(b, "boss", &team);
	must(home_create(&home, b->env, hub_home, "hub", "hub", bench_secret.secret, KDF_INTERACTIVE, code, &err), &err, "hub");
	admit_hub(b, n, &home);
	home_close(&home);
	hub = start_hub(&port, &seconds);
	(void)sync_s(b, n, port);
	base = descriptors(hub);
	for (int turn = 0; turn < TURNS; turn++) { /* a machine has moods */
		double cpu_from, from;

		member_rounds(b, n, &team, port, &quiet);
		strangers = start_strangers(port);
		cpu_from = cpu_s(hub);
		from = now_s();
		member_rounds(b, n, &team, port, &loud);
		cpu += cpu_s(hub) - cpu_from;
		took += now_s() - from;
		most = descriptors(hub) > most ? descriptors(hub) : most;
		stop_strangers(strangers);
		ratio[turn] = loud.turn[turn] / quiet.turn[turn];
		fprintf(stderr, "turn %d: %.1f ms in quiet, %.1f ms among strangers\n", turn + 1, quiet.turn[turn] * 1e3, loud.turn[turn] * 1e3);
		seconds = descriptors_back(hub, base);
		back = seconds > back ? seconds : back;
	}
	run_or_die("build/faltbok-hub --home %s --json status | jq -c .door >&2", hub_home);
	qsort(ratio, TURNS, sizeof(ratio[0]), by_value);
	figure("hub_sync_flooded_times", ratio[TURNS / 2], network[0] != '\0' ? "times, strangers in a network of their own" : "times, strangers at 127/8", 2, "times at most; the median of the turns",
	       ratio[TURNS / 2] / 2);
	figure("hub_sync_quiet_ms", at(&quiet, 0.5) * 1e3, "ms", at(&quiet, 0.99) * 1e3, "ms, 99 of 100", 1);
	figure("hub_sync_flooded_ms", at(&loud, 0.5) * 1e3, "ms", at(&quiet, 0.5) * 1e3, "ms, quiet; at most twice", at(&loud, 0.5) / at(&quiet, 0.5));
	figure("hub_sync_flooded_p99_ms", at(&loud, 0.99) * 1e3, "ms", at(&quiet, 0.99) * 1e3, "ms, quiet; at most 5 s", at(&loud, 0.99) / at(&quiet, 0.99));
	figure("hub_flooded_cpu", cpu / took, "cores", 1, "core", cpu / took);
	figure("hub_flooded_mib", field_mib(hub, "VmHWM:"), "MiB", 256, "MiB allowed", field_mib(hub, "VmHWM:") / 256);
	figure("hub_flooded_descriptors", (double)most, "", (double)base, "before", (double)most / (double)base);
	figure("hub_descriptors_back_s", back, "s", 30, "s allowed", back / 30);
	kill(hub, SIGTERM);
	waitpid(hub, NULL, 0);
	node_close(n);
}

/* ---- many organisations ---- */

static void
make_many(struct bench *b, size_t orgs, size_t entries)
{
	struct err err = ERR_INIT;
	struct home whole, part;
	struct stream_id team;
	char code[27];

	run_or_die("rm -rf %s", hub_home);
	must(home_create(&whole, b->env, hub_home, "hub", "hub", bench_secret.secret, KDF_INTERACTIVE, code, &err), &err, "hub");
	for (size_t i = 0; i < orgs; i++) {
		struct home *home = &whole;
		struct node *n;

		run_or_die("rm -rf %s/boss", b->dir);
		n = found_in(b, "boss", &team);
		if (i > 0) {
			must(home_part_create(&part, &whole, "hub", "hub", &err), &err, "part");
			home = &part;
		}
		admit_hub(b, n, home);
		for (size_t k = 0; k < entries; k++) {
			note(n, &team, k);
			if (k % 10000 == 9999)
				must(replica_commit(node_replica(n), &err), &err, "commit");
		}
		must(replica_commit(node_replica(n), &err), &err, "commit");
		give_all(node_replica(n), home->replica);
		node_close(n);
		if (i > 0)
			home_close(&part);
		fprintf(stderr, "\rpreparing: organisation %zu of %zu ", i + 1, orgs);
	}
	fprintf(stderr, "\n");
	home_close(&whole);
}

static void
bench_many(struct bench *b)
{
	size_t orgs = number_of("ORGS", 20), entries = number_of("ENTRIES", 100000);
	double seconds, argon;
	char mark[700];
	pid_t hub;
	int port;

	snprintf(mark, sizeof(mark), "%s/of-%zu-%zu", hub_home, orgs, entries);
	if (access(mark, F_OK) != 0) {
		make_many(b, orgs, entries);
		run_or_die("touch %s", mark);
	}
	argon = argon_s(b);
	hub = start_hub(&port, &seconds);
	sleep(2);
	figure("hub_start_s", seconds - argon, "s", 2, "s allowed, Argon2id aside", (seconds - argon) / 2);
	figure("hub_idle_mib", field_mib(hub, "VmRSS:"), "MiB", 100, "MiB allowed", field_mib(hub, "VmRSS:") / 100);
	figure("hub_start_peak_mib", field_mib(hub, "VmHWM:"), "MiB", 100, "MiB, Argon2id's 64 among it", field_mib(hub, "VmHWM:") / 100);
	kill(hub, SIGTERM);
	waitpid(hub, NULL, 0);
}

int
main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct err err = ERR_INIT;
	bool many = argc > 1 && strcmp(argv[1], "many") == 0;

	snprintf(b.dir, sizeof(b.dir), "build/hub-bench");
	snprintf(hub_home, sizeof(hub_home), "%s/%s", b.dir, many ? "many" : "hub");
	snprintf(pass_file, sizeof(pass_file), "%s/pass", b.dir);
	snprintf(ready_file, sizeof(ready_file), "%s/ready", b.dir);
	run_or_die("mkdir -p %s && printf '%%s' '%.*s' >%s", b.dir, (int)bench_secret.secret.len, (const char *)bench_secret.secret.p, pass_file);
	b.env = net_env_new(&err);
	if (b.env == NULL || !crypto_start())
		must(ERR_NO_MEMORY, &err, "starting");
	if (many)
		bench_many(&b);
	else
		bench_flood(&b);
	figures_print(many ? "build/hub-many.json" : "build/hub-flood.json");
	net_env_free(b.env);
	return 0;
}
