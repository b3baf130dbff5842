/*
 * Eight `faltbok serve` as eight processes, all linked with all over loopback TCP; 2,000 mixed writes in a burst, at all of
 * them at once, through their control sockets. From the last answer until all say the same frontier; and how often an entry
 * crossed a link, as their own log has it.
 */
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "bench.h"
#include "crypto/guard.h"
#include "net/net.h"

enum { NODES = 8, WRITES = 2000, PATIENCE_S = 120 };

struct member {
	char home[128], log[160], socket[160], ready[160], last[33];
	pid_t pid;
	int port, number;
};

static struct member members[NODES];
static char dir[96];

static void
die(const char *what, const struct member *m)
{
	fprintf(stderr, "processes: %s%s%s\n", what, m != NULL ? ": " : "", m != NULL ? m->home : "");
	for (size_t i = 0; i < NODES; i++)
		if (members[i].pid > 0)
			kill(members[i].pid, SIGTERM);
	exit(1);
}

/* ---- eight homes ---- */

#define FALTBOK "build/faltbok --passphrase-file %s/pass --kdf interactive --quiet "

static void
make_homes(void)
{
	run_or_die("mkdir -p %s && echo 'fem vanliga ord om vintern' >%s/pass", dir, dir);
	run_or_die(FALTBOK "--home %s/0 init --org B --member M0 --device D0 --kit %s/kit >/dev/null", dir, dir, dir);
	run_or_die(FALTBOK "--home %s/0 team add lund >/dev/null", dir, dir);
	run_or_die(FALTBOK "--home %s/0 grant self lund >/dev/null", dir, dir);
	for (int i = 1; i < NODES; i++) {
		run_or_die(FALTBOK "--home %s/%d join --request %s/request --member M%d --device D%d >/dev/null", dir, dir, i, dir, i, i);
		run_or_die(FALTBOK "--home %s/0 admit %s/request --role advisor --team lund --welcome %s/welcome >/dev/null", dir, dir, dir, dir);
		run_or_die(FALTBOK "--home %s/%d join --welcome %s/welcome --yes >/dev/null", dir, dir, i, dir);
	}
	/* Each writes once: from then on it has its epoch, and a team's key that all have heard of. */
	for (int i = 0; i < NODES; i++) {
		run_or_die(FALTBOK "--home %s/%d put case topic=housing >/dev/null", dir, dir, i);
		snprintf(members[i].home, sizeof(members[i].home), "%s/%d", dir, i);
		snprintf(members[i].log, sizeof(members[i].log), "%s/log-%d", dir, i);
		snprintf(members[i].ready, sizeof(members[i].ready), "%s/ready-%d", dir, i);
		snprintf(members[i].socket, sizeof(members[i].socket), "%s/%d/control.sock", dir, i);
		members[i].number = i;
	}
}

/* ---- eight processes ---- */

/* Dials all that were started before it. */
static void
start(struct member *m, const char *pass)
{
	char *argv[16 + 2 * NODES] = { "build/faltbok", "--home", m->home, "--passphrase-file", (char *)(uintptr_t)pass, "--json", "serve", "--no-discovery", "--listen", "127.0.0.1:0" };
	char addr[NODES][32];
	size_t n = 10;

	for (int i = 0; i < m->number; i++) {
		snprintf(addr[i], sizeof(addr[i]), "127.0.0.1:%d", members[i].port);
		argv[n++] = "--peer";
		argv[n++] = addr[i];
	}
	m->pid = fork();
	if (m->pid == 0) {
		if (freopen(m->ready, "w", stdout) == NULL || freopen(m->log, "w", stderr) == NULL)
			_exit(1);
		execv(argv[0], argv);
		_exit(1);
	}
	for (int i = 0; m->port == 0 && i < 3000; i++) {
		json_t *o = json_load_file(m->ready, 0, NULL);

		m->port = (int)json_integer_value(json_object_get(o, "port"));
		json_decref(o);
		if (m->port == 0)
			usleep(10000);
	}
	if (m->port == 0)
		die("it has not started", m);
}

static json_t *
ask(const struct member *m, json_t *question)
{
	char *text = json_dumps(question, JSON_COMPACT);
	struct buf reply = BUF_INIT;
	struct err err = ERR_INIT;
	json_t *answer;

	if (net_control_call(m->socket, BYTES_STR(text), &reply, &err) != ERR_OK)
		die(err.text, m);
	answer = json_loadb((const char *)reply.p, reply.len, 0, NULL);
	if (answer == NULL || json_object_get(answer, "error") != NULL)
		die(answer != NULL ? (char *)reply.p : "no answer", m);
	free(text);
	buf_free(&reply);
	json_decref(question);
	return answer;
}

static bool
all_alike(void)
{
	char first[65] = "";
	bool alike = true;

	for (size_t i = 0; i < NODES && alike; i++) {
		json_t *status = ask(&members[i], json_pack("{s:s}", "op", "status"));
		const char *frontier = json_string_value(json_object_get(status, "frontier"));

		if (frontier == NULL)
			die("no frontier in its status", &members[i]);
		if (i == 0)
			snprintf(first, sizeof(first), "%s", frontier);
		alike = strcmp(first, frontier) == 0;
		json_decref(status);
	}
	return alike;
}

static void
until_alike(void)
{
	double limit = now_s() + PATIENCE_S;

	while (!all_alike()) {
		if (now_s() > limit)
			die("they do not come in step", NULL);
		usleep(10000);
	}
}

static json_int_t
entries(void)
{
	json_t *status = ask(&members[0], json_pack("{s:s}", "op", "status"));
	json_int_t n = json_integer_value(json_object_get(status, "entries"));

	json_decref(status);
	return n;
}

/* ---- what has crossed ---- */

struct crossed { char other[17]; uint64_t entries; };

/* The last that a node's log says of each link: "ID: sent N, received M, …" counts since the link was made. Returns how many links. */
static size_t
read_links(const struct member *m, struct crossed out[NODES], bool *broken)
{
	FILE *f = fopen(m->log, "r");
	char line[512];
	size_t n = 0;

	if (f == NULL)
		die("no log", m);
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned long long sent, received;
		char other[17];
		const char *at = strstr(line, ": sent ");
		size_t i = 0;

		if (at == NULL || at - line < 16 || sscanf(at, ": sent %llu, received %llu", &sent, &received) != 2)
			continue;
		memcpy(other, at - 16, 16);
		other[16] = '\0';
		while (i < n && strcmp(out[i].other, other) != 0)
			i++;
		if (i == NODES)
			die("more links than nodes", m);
		if (i == n)
			memcpy(out[n++].other, other, sizeof(other));
		else
			*broken = *broken || sent + received < out[i].entries;
		out[i].entries = sent + received;
	}
	fclose(f);
	return n;
}

static bool
all_linked(void)
{
	struct crossed links[NODES];
	bool broken = false;

	for (size_t i = 0; i < NODES; i++)
		if (read_links(&members[i], links, &broken) < NODES - 1)
			return false;
	return true;
}

/* Of each link both ends keep count; the larger is the later. */
static void
say_crossings(struct crossed before[NODES][NODES], double all)
{
	double most = 0, sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < NODES; i++) {
		struct crossed now[NODES];
		bool broken = false;
		size_t n = read_links(&members[i], now, &broken);

		if (broken)
			die("a link broke and was made again, and its count began anew", &members[i]);
		for (size_t k = 0; k < n; k++)
			for (size_t j = 0; j < n; j++) {
				double crossed;

				if (strcmp(before[i][j].other, now[k].other) != 0)
					continue;
				crossed = (double)(now[k].entries - before[i][j].entries);
				most = crossed > most ? crossed : most;
				sum += crossed;
				count++;
			}
	}
	figure("processes_crossings", most / all, "on the busiest link", 1.1, "once over each link and 10 %", most / all / 1.1);
	figure("processes_crossings_mean", sum / (double)count / all, "on a link", 1.1, "once over each link and 10 %", sum / (double)count / all / 1.1);
}

/* ---- the burst ---- */

/* Of ten writes five are a visit's row, two a new case, one a note and two a change to a case of before. */
static json_t *
write_no(struct member *m, int i)
{
	json_t *q = json_pack("{s:s,s:s}", "op", "put", "type", i % 10 < 5 ? "visit" : "case");

	if (i % 10 < 5) {
		json_object_set_new(q, "set", json_pack("{s:s,s:s,s:s}", "channel", "physical", "gender", i % 2 ? "woman" : "man", "language", "ar"));
		json_object_set_new(q, "add", json_pack("{s:[s]}", "topic", "housing"));
	} else if (i % 10 < 7) {
		json_object_set_new(q, "set", json_pack("{s:o,s:s}", "title", json_sprintf("Ärende %d av %d", i, m->number), "topic", "housing"));
	} else {
		json_object_set_new(q, "id", json_string(m->last));
		if (i % 10 == 7)
			json_object_set_new(q, "note", json_sprintf("Ringde Kronofogden och bad om en avbetalningsplan, samtal %d.", i));
		else
			json_object_set_new(q, "set", json_pack("{s:o}", "title", json_sprintf("Ärende %d, ändrat", i)));
	}
	return q;
}

static void *
write_all(void *ctx)
{
	struct member *m = ctx;

	for (int i = 0; i < WRITES / NODES; i++) {
		json_t *answer = ask(m, write_no(m, i));
		const char *id = json_string_value(json_object_get(answer, "id"));

		if (id != NULL && i % 10 >= 5 && i % 10 < 7)
			snprintf(m->last, sizeof(m->last), "%s", id);
		json_decref(answer);
	}
	return NULL;
}

int
main(void)
{
	struct crossed before[NODES][NODES];
	pthread_t threads[NODES];
	char pass[128];
	double limit, wrote, after;
	json_int_t count;
	bool broken = false;

	if (!crypto_start())
		return 1;
	/* Eight machines have eight disks, and here is one: the homes are in memory where there is such a place. */
	snprintf(dir, sizeof(dir), "%s/faltbok-processes-%ld", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "build", (long)getpid());
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	make_homes();
	for (size_t i = 0; i < NODES; i++)
		start(&members[i], pass);
	limit = now_s() + PATIENCE_S;
	while (!all_linked() && now_s() < limit)
		usleep(100000);
	until_alike();
	sleep(1); /* for the last words about what was */
	memset(before, 0, sizeof(before));
	for (size_t i = 0; i < NODES; i++)
		if (read_links(&members[i], before[i], &broken) != NODES - 1)
			die("not all are linked with all", &members[i]);
	count = entries();
	wrote = now_s();
	for (size_t i = 0; i < NODES; i++)
		if (pthread_create(&threads[i], NULL, write_all, &members[i]) != 0)
			die("no thread", NULL);
	for (size_t i = 0; i < NODES; i++)
		pthread_join(threads[i], NULL);
	after = now_s();
	wrote = after - wrote;
	until_alike();
	after = now_s() - after;
	sleep(1);
	count = entries() - count;
	figure("processes_after_s", after, "s", 2, "s, what is asked", after / 2);
	figure("processes_writes_per_s", WRITES / wrote, "writes/s", 0, "", 0);
	say_crossings(before, (double)count);
	for (size_t i = 0; i < NODES; i++)
		kill(members[i].pid, SIGTERM);
	for (size_t i = 0; i < NODES; i++)
		waitpid(members[i].pid, NULL, 0);
	run_or_die("rm -rf %s", dir);
	figures_print("build/bench-processes.json");
	return 0;
}
