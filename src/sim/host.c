/*
 * A machine: the env that a program on it sees. Timers and work belong to one
 * life of the program; events of an older life find a greater `life` and do
 * nothing, so that a crash needs no search through the heap.
 */
#include <assert.h>

#include "base/mem.h"
#include "sim/world_internal.h"

struct env_timer {
	struct host *host;
	void (*cb)(void *ctx);
	void *ctx;
	bool over; /* fired or stopped */
};

static struct host *
host_of(struct env *env)
{
	return env->ctx;
}

static uint64_t
mono_ns(struct env *env)
{
	return host_of(env)->world->now + NS_PER_S;
}

static int64_t
wall_ms(struct env *env)
{
	/* 2026-03-02 08:00 UTC: a Monday, before the doors open */
	return 1772438400000ll + (int64_t)(host_of(env)->world->now / NS_PER_MS) + host_of(env)->skew_ms;
}

static void
random_bytes(struct env *env, void *p, size_t n)
{
	dice_fill(&host_of(env)->random, p, n);
}

static void
timer_fires(void *ctx, uint64_t life)
{
	struct env_timer *t = ctx;
	struct host *h = t->host;

	if (h->life != life || t->over || disk_dead(h->disk))
		return;
	t->over = true;
	t->cb(t->ctx);
}

static struct env_timer *
timer_start(struct env *env, uint64_t ns, void (*cb)(void *ctx), void *ctx)
{
	struct host *h = host_of(env);
	struct env_timer *t = mem_zero(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	*t = (struct env_timer){ .host = h, .cb = cb, .ctx = ctx };
	h->timers = sim_must(mem_room(h->timers, h->timer_count, &h->timer_cap, sizeof(struct env_timer *)));
	h->timers[h->timer_count++] = t;
	world_after(h->world, ns, h->id, timer_fires, t, h->life);
	return t;
}

static void
timer_stop(struct env *env, struct env_timer *t)
{
	(void)env;
	t->over = true;
}

struct job {
	struct host *host;
	void (*fn)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

static void
job_runs(void *ctx, uint64_t life)
{
	struct job *j = ctx, copy = *j;

	mem_free(j);
	if (copy.host->life != life || disk_dead(copy.host->disk))
		return;
	copy.fn(copy.ctx);
	copy.done(copy.ctx);
}

static void
work(struct env *env, void (*fn)(void *ctx), void (*done)(void *ctx), void *ctx)
{
	struct host *h = host_of(env);
	struct job *j = sim_must(mem_zero(1, sizeof(*j)));
	uint64_t ns = prf(h->world->seed, STREAM_SCHED, h->id, h->world->now) % (50 * NS_PER_MS);

	*j = (struct job){ .host = h, .fn = fn, .done = done, .ctx = ctx };
	world_after(h->world, ns, h->id, job_runs, j, h->life);
}

static void
log_line(struct env *env, const char *line)
{
	struct host *h = host_of(env);

	scan_bytes(h->world->scan, BYTES_STR(line), "a log line");
	trace_line(&h->world->trace, "n%u: log: %s", h->id, line);
}

static const struct env_ops ops = {
	.mono_ns = mono_ns,
	.wall_ms = wall_ms,
	.random = random_bytes,
	.timer = timer_start,
	.timer_stop = timer_stop,
	.dial = net_dial,
	.listen = net_listen,
	.listen_stop = net_listen_stop,
	.listen_port = net_listen_port,
	.conn_events = net_conn_events,
	.send = net_send,
	.unsent = net_unsent,
	.pause = net_pause,
	.close = net_close,
	.cast_open = sim_cast_open,
	.cast_send = sim_cast_send,
	.cast_close = sim_cast_close,
	.work = work,
	.log = log_line,
};

struct host *
host_new(struct world *w, uint32_t id)
{
	struct host *h = sim_must(mem_zero(1, sizeof(*h)));

	h->world = w;
	h->id = id;
	h->random = dice_of(w->seed, STREAM_RANDOM, id);
	h->disk = disk_new(w->seed, id, &w->trace);
	disk_set_scan(h->disk, w->scan);
	h->env.ops = &ops;
	h->env.ctx = h;
	disk_bind(h->disk, &h->env);
	return h;
}

void
host_hang_up(struct host *h, bool half_open)
{
	for (size_t i = 0; i < h->listener_count; i++)
		h->listeners[i]->stopped = true;
	net_host_gone(h, half_open);
}

void
host_forget(struct host *h)
{
	h->life++;
	for (size_t i = 0; i < h->timer_count; i++)
		h->timers[i]->over = true; /* its event still points here: freed with the host */
}

void
host_free(struct host *h)
{
	for (size_t i = 0; i < h->timer_count; i++)
		mem_free(h->timers[i]);
	for (size_t i = 0; i < h->listener_count; i++)
		mem_free(h->listeners[i]);
	mem_free(h->timers);
	mem_free(h->listeners);
	sim_casts_free(h);
	disk_free(h->disk);
	mem_free(h);
}

struct env *
host_env(struct host *h)
{
	return &h->env;
}

struct disk *
host_disk(struct host *h)
{
	return h->disk;
}

void
host_set_skew(struct host *h, int64_t ms)
{
	trace_line(&h->world->trace, "n%u: clock off by %lld ms", h->id, (long long)ms);
	h->skew_ms = ms;
}
