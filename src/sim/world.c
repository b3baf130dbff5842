#include "sim/world.h"

#include <assert.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "sim/world_internal.h"

static bool
before(const struct event *a, const struct event *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	if (a->tie != b->tie)
		return a->tie < b->tie;
	return a->order < b->order;
}

static void
sift_up(struct event *heap, size_t i)
{
	while (i > 0 && before(&heap[i], &heap[(i - 1) / 2])) {
		struct event swap = heap[i];

		heap[i] = heap[(i - 1) / 2];
		heap[(i - 1) / 2] = swap;
		i = (i - 1) / 2;
	}
}

static void
sift_down(struct event *heap, size_t count)
{
	for (size_t i = 0;;) {
		size_t least = i, left = 2 * i + 1;
		struct event swap;

		if (left < count && before(&heap[left], &heap[least]))
			least = left;
		if (left + 1 < count && before(&heap[left + 1], &heap[least]))
			least = left + 1;
		if (least == i)
			return;
		swap = heap[i];
		heap[i] = heap[least];
		heap[least] = swap;
		i = least;
	}
}

void
world_after(struct world *w, uint64_t ns, uint64_t entity, void (*fn)(void *ctx, uint64_t n), void *ctx, uint64_t n)
{
	struct event e = { .at = w->now + ns, .order = w->order++, .fn = fn, .ctx = ctx, .n = n };

	e.tie = prf(w->seed, STREAM_SCHED, entity, e.at);
	w->heap = sim_must(mem_room(w->heap, w->event_count, &w->event_cap, sizeof(*w->heap)));
	w->heap[w->event_count] = e;
	sift_up(w->heap, w->event_count++);
}

static bool
world_step(struct world *w)
{
	struct event e;

	if (w->event_count == 0)
		return false;
	e = w->heap[0];
	w->heap[0] = w->heap[--w->event_count];
	sift_down(w->heap, w->event_count);
	assert(e.at >= w->now);
	w->now = e.at;
	w->steps++;
	e.fn(e.ctx, e.n);
	if (w->watch != NULL)
		w->watch(w->watch_ctx);
	return true;
}

bool
world_run_until(struct world *w, bool (*done)(void *ctx), void *ctx, uint64_t ns)
{
	uint64_t end = w->now + ns;

	while (!done(ctx)) {
		if (w->event_count == 0 || w->heap[0].at > end) {
			w->now = end;
			return done(ctx);
		}
		world_step(w);
	}
	return true;
}

static bool
never(void *ctx)
{
	(void)ctx;
	return false;
}

void
world_run(struct world *w, uint64_t ns)
{
	(void)world_run_until(w, never, NULL, ns);
}

void
world_watch(struct world *w, void (*fn)(void *ctx), void *ctx)
{
	w->watch = fn;
	w->watch_ctx = ctx;
}

size_t
world_add_host(struct world *w)
{
	assert(w->host_count < HOSTS_MAX);
	w->hosts[w->host_count] = host_new(w, (uint32_t)w->host_count);
	return w->host_count++;
}

struct world *
world_new(uint64_t seed, size_t hosts, bool show)
{
	struct world *w = sim_must(mem_zero(1, sizeof(*w)));

	/* One thread: SQLite needs no locks, and nobody asks what memory it has. Refused, and of no matter, once it has begun. */
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	w->seed = seed;
	w->trace = (struct trace){ .now_ns = &w->now, .show = show };
	w->scan = sim_must(scan_new());
	w->net.weather = (struct weather){ .latency_min = NS_PER_MS, .latency_max = 5 * NS_PER_MS, .chunk_max = 16384 };
	/* SQLite has one generator for all connections: WAL salts and temporary names come from it. */
	sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(prf(seed, STREAM_DISK, UINT64_MAX, 0) & 0x7fffffff) | 1, (sqlite3 *)NULL);
	for (size_t i = 0; i < hosts; i++)
		(void)world_add_host(w);
	return w;
}

void
world_free(struct world *w)
{
	if (w == NULL)
		return;
	net_free(w);
	for (size_t i = 0; i < w->host_count; i++)
		host_free(w->hosts[i]);
	scan_free(w->scan);
	mem_free(w->heap);
	mem_free(w);
}

struct trace *
world_trace(struct world *w)
{
	return &w->trace;
}

uint64_t
world_now(const struct world *w)
{
	return w->now;
}

uint64_t
world_step_count(const struct world *w)
{
	return w->steps;
}

struct scan *
world_scan(struct world *w)
{
	return w->scan;
}

struct host *
world_host(struct world *w, size_t i)
{
	assert(i < w->host_count);
	return w->hosts[i];
}
