/*
 * Nodes that stay linked over loopback TCP: how long a saved note takes to
 * appear at a colleague, and how eight of them keep in step while all write.
 * They share one process and one loop: what eight machines do side by side
 * is done here one after the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "net/net.h"
#include "peer/meet.h"

enum { NODES = 8, NOTES = 101, FAR_NOTES = 31, FAR_MS = 20, WRITES = 2000, PATIENCE_MS = 120000 };

struct party {
	struct node *node;
	struct meet *meet;
	bool *arrived;
	uint64_t wait_for; /* entries */
};

static struct party parties[NODES];

static void
changed(void *ctx)
{
	struct party *p = ctx;

	meet_notify(p->meet);
	if (p->arrived != NULL && replica_entry_count(node_replica(p->node)) >= p->wait_for)
		*p->arrived = true;
}

static void
start(struct bench *b, struct party *p, const char *name)
{
	struct err err = ERR_INIT;

	*p = (struct party){ .node = open_home(b, name) };
	node_peer_host(p->node)->stay = true;
	p->meet = meet_new(node_peer_host(p->node), &(struct meet_events){ .ctx = p });
	must(p->meet == NULL ? ERR_NO_MEMORY : meet_listen(p->meet, "127.0.0.1:0", &err), &err, "listen");
	node_on_change(p->node, changed, p);
}

static void
stop(struct party *p)
{
	meet_free(p->meet);
	node_close(p->node);
}

static void
link_by(struct party *from, int port)
{
	struct err err = ERR_INIT;
	char addr[32];

	snprintf(addr, sizeof(addr), "127.0.0.1:%d", port);
	must(meet_dial(from->meet, addr, MEET_KEEP, &err), &err, "dial");
}

static void
link_up(struct party *from, struct party *to)
{
	link_by(from, meet_port(to->meet));
}

static bool
all_equal(const struct party *of, size_t count)
{
	uint8_t first[32], other[32];

	replica_frontier(node_replica(of[0].node), NULL, NULL, first);
	for (size_t i = 1; i < count; i++) {
		replica_frontier(node_replica(of[i].node), NULL, NULL, other);
		if (memcmp(first, other, 32) != 0)
			return false;
	}
	return true;
}

static void
run_until_equal(struct bench *b, const struct party *of, size_t count)
{
	double limit = now_s() + PATIENCE_MS / 1000.0;
	static const bool never;

	while (!all_equal(of, count)) {
		net_run(b->env, &never, 2);
		if (now_s() > limit) {
			fprintf(stderr, "bench: %zu nodes do not come in step\n", count);
			exit(1);
		}
	}
}

/* Line `i` of the increments, again from the beginning when they are used up. */
static struct bytes
line_no(struct bytes all, size_t i)
{
	size_t at = 0;

	for (size_t k = 0; k < i; k++) {
		const uint8_t *nl = memchr(all.p + at, '\n', all.len - at);

		at = (size_t)(nl + 1 - all.p) == all.len ? 0 : (size_t)(nl + 1 - all.p);
	}
	return BYTES(all.p + at, (size_t)((const uint8_t *)memchr(all.p + at, '\n', all.len - at) + 1 - (all.p + at)));
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* ---- the floor: a packet there and back, twice, and two commits ---- */

struct ping { struct env *env; struct env_conn *a, *b; bool back; };

static void
echo(void *ctx, struct env_conn *c, const uint8_t *p, size_t n)
{
	struct ping *g = ctx;

	if (c == g->b)
		(void)!g->env->ops->send(g->env, c, BYTES(p, n));
	else
		g->back = true;
}

static void
ping_opened(void *ctx, struct env_conn *c)
{
	((struct ping *)ctx)->a = c;
}

static void
ping_closed(void *ctx, struct env_conn *c, enum err_code why)
{
	(void)ctx, (void)c, (void)why;
}

static const struct conn_events ping_events = { .opened = ping_opened, .data = echo, .closed = ping_closed };

static void
ping_accepted(void *ctx, struct env_conn *c, const char *from)
{
	struct ping *g = ctx;

	(void)from;
	g->b = c;
	g->env->ops->conn_events(g->env, c, &ping_events, g);
}

static double
round_trip(struct bench *b, uint64_t delay_ms)
{
	size_t times = delay_ms == 0 ? 1000 : 20;
	struct slow_wire *wire;
	struct ping g = { .env = b->env };
	struct env_listener *l;
	struct env_conn *conn;
	struct err err = ERR_INIT;
	static const uint8_t packet[600];
	double began;
	char addr[32];

	must(b->env->ops->listen(b->env, "127.0.0.1:0", ping_accepted, &g, &l, &err), &err, "listen");
	wire = delay_ms == 0 ? NULL : slow_wire_new(b->env, b->env->ops->listen_port(b->env, l), delay_ms);
	snprintf(addr, sizeof(addr), "127.0.0.1:%d", wire != NULL ? slow_wire_port(wire) : b->env->ops->listen_port(b->env, l));
	must(b->env->ops->dial(b->env, addr, &ping_events, &g, &conn, &err), &err, "dial");
	while (g.a == NULL || g.b == NULL)
		net_run(b->env, NULL, 1);
	began = now_s();
	for (size_t i = 0; i < times; i++) {
		g.back = false;
		must(b->env->ops->send(b->env, g.a, BYTES(packet, sizeof(packet))), &err, "send");
		net_run(b->env, &g.back, 1000);
	}
	began = now_s() - began;
	b->env->ops->close(b->env, g.a);
	b->env->ops->close(b->env, g.b);
	b->env->ops->listen_stop(b->env, l);
	if (wire != NULL)
		slow_wire_free(wire);
	return began / (double)times;
}

/* ---- a note that a colleague sees ---- */

/* Seconds until it was in the colleague's view, the median of `notes`. */
static double
note_s(struct bench *b, struct party *from, struct party *to, size_t notes)
{
	struct bytes lines = buf_bytes(&b->inc_a);
	double took[NOTES];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < notes; i++) {
		bool arrived = false;
		double began = now_s();

		to->arrived = &arrived;
		write_lines(from->node, line_no(lines, i), NULL, -1, 1);
		must(node_commit(from->node, &err), &err, "commit");
		to->wait_for = replica_entry_count(node_replica(from->node));
		net_run(b->env, &arrived, PATIENCE_MS);
		took[i] = now_s() - began;
		to->arrived = NULL;
		net_run(b->env, NULL, 5 + 4 * FAR_MS); /* acknowledgements: an idle link is what a person writes to */
	}
	qsort(took, notes, sizeof(took[0]), by_value);
	return took[notes / 2];
}

static double
note_floor_s(struct bench *b, uint64_t delay_ms)
{
	double s = 2 * round_trip(b, delay_ms);

	floor_turns_open(b);
	s += floor_turn(2, 640);
	floor_turns_close();
	return s;
}

static void
bench_near(struct bench *b)
{
	double s = note_s(b, &parties[0], &parties[1], NOTES), floor_s = note_floor_s(b, 0);

	figure("live_note_ms", s * 1e3, "ms", floor_s * 1e3, "ms, two round trips and two commits", s / floor_s);
}

/* Over a wire of 20 ms a way. */
static void
bench_far(struct bench *b)
{
	struct party *from = &parties[2], *to = &parties[3];
	struct slow_wire *wire = slow_wire_new(b->env, meet_port(to->meet), FAR_MS);
	double s, floor_s;

	link_by(from, slow_wire_port(wire));
	net_run(b->env, NULL, 20 * FAR_MS);
	run_until_equal(b, from, 2);
	s = note_s(b, from, to, FAR_NOTES);
	stop(from);
	net_run(b->env, NULL, 20 * FAR_MS);
	slow_wire_free(wire);
	start(b, from, "live2");
	floor_s = note_floor_s(b, FAR_MS);
	figure("live_far_note_ms", s * 1e3, "ms", floor_s * 1e3, "ms, two round trips of 40 ms and two commits", s / floor_s);
}

/* ---- eight that all write ---- */

typedef uint64_t crossings[NODES][NODES]; /* entries that have crossed the link of two, both ways; the smaller number first */

static void
count_crossings(crossings out)
{
	memset(out, 0, sizeof(crossings));
	for (size_t i = 0; i < NODES; i++) {
		struct peer_result links[NODES];
		size_t n = meet_results(parties[i].meet, links, NODES);

		for (size_t k = 0; k < n; k++)
			for (size_t j = 0; j < NODES; j++)
				if (links[k].known && SAME(links[k].device, node_self(parties[j].node)->id))
					out[i < j ? i : j][i < j ? j : i] += links[k].sent;
	}
}

static void
say_crossings(crossings before, uint64_t entries)
{
	crossings now;
	uint64_t most = 0, all = 0;

	count_crossings(now);
	for (size_t i = 0; i < NODES; i++)
		for (size_t j = i + 1; j < NODES; j++) {
			uint64_t n = now[i][j] - before[i][j];

			all += n;
			most = n > most ? n : most;
		}
	figure("live_eight_crossings", (double)most / (double)entries, "on the busiest link", 1.1, "once over each link and 10 %", (double)most / (double)entries / 1.1);
	figure("live_eight_crossings_mean", (double)all / (double)entries / (NODES * (NODES - 1) / 2), "on a link", 1.1, "once over each link and 10 %",
	       (double)all / (double)entries / (NODES * (NODES - 1) / 2) / 1.1);
}

static void
bench_eight(struct bench *b)
{
	struct bytes lines = buf_bytes(&b->inc_b);
	struct err err = ERR_INIT;
	uint64_t before;
	crossings crossed;
	double wrote, after;

	for (size_t i = 0; i < NODES; i++)
		for (size_t j = i + 1; j < NODES; j++)
			if (i > 0 || j > 1) /* those two are linked already */
				link_up(&parties[i], &parties[j]);
	net_run(b->env, NULL, 500);
	run_until_equal(b, parties, NODES);
	before = replica_entry_count(node_replica(parties[0].node));
	count_crossings(crossed);
	wrote = now_s();
	for (size_t i = 0; i < WRITES; i++) {
		struct party *p = &parties[(i * 5) % NODES];

		write_lines(p->node, line_no(lines, i), NULL, -1, 1);
		must(node_commit(p->node, &err), &err, "commit");
		net_run(b->env, NULL, 0);
	}
	after = now_s();
	wrote = after - wrote;
	run_until_equal(b, parties, NODES);
	after = now_s() - after;
	before = replica_entry_count(node_replica(parties[0].node)) - before;
	figure("live_eight_after_s", after, "s", 2, "s, what is asked", after / 2);
	figure("live_eight_writes_per_s", WRITES / wrote, "writes/s", 0, "", 0);
	say_crossings(crossed, before);
}

void
bench_live(struct bench *b)
{
	struct stream_id team;
	struct node *boss;
	char name[24], disk[sizeof(b->dir)];

	/* Eight machines have eight disks, and here is one: the homes are in memory where there is such a place. */
	(void)snprintf(disk, sizeof(disk), "%s", b->dir);
	if (access("/dev/shm", W_OK) == 0)
		(void)snprintf(b->dir, sizeof(b->dir), "/dev/shm/faltbok-bench-%ld", (long)getpid());
	run_or_die("mkdir -p %s", b->dir);
	boss = found_in(b, "live", &team);
	for (int i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "live%d", i);
		make_device(b, boss, &team, name);
	}
	for (int i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "live%d", i);
		start(b, &parties[i], name);
		pour(boss, parties[i].node);
	}
	node_close(boss);
	link_up(&parties[0], &parties[1]);
	net_run(b->env, NULL, 300);
	run_until_equal(b, parties, 2);
	bench_near(b);
	bench_far(b);
	bench_eight(b);
	for (int i = 0; i < NODES; i++)
		stop(&parties[i]);
	run_or_die("rm -rf %s/live*", b->dir);
	if (strcmp(disk, b->dir) != 0)
		run_or_die("rm -rf %s", b->dir); /* with what the floors left */
	(void)snprintf(b->dir, sizeof(b->dir), "%s", disk);
}
