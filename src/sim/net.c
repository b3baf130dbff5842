/*
 * The network as a program sees it through its env: dialling, listening, and
 * an open connection. What happens to the bytes is wire.c.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sim/decide.h"
#include "sim/mark.h"
#include "sim/wire_internal.h"

/* ---- dialling ---- */

static bool
parse_addr(const char *addr, uint32_t *host, int *port)
{
	unsigned h, p;
	char end;

	if (sscanf(addr, "n%u:%u%c", &h, &p, &end) != 2 || h >= HOSTS_MAX || p > 65535)
		return false;
	*host = h;
	*port = (int)p;
	return true;
}

struct env_listener *
net_listener_at(struct world *w, uint32_t host, int port)
{
	struct host *h = host < w->host_count ? w->hosts[host] : NULL;

	for (size_t i = 0; h != NULL && i < h->listener_count; i++)
		if (!h->listeners[i]->stopped && h->listeners[i]->port == port && !disk_dead(h->disk))
			return h->listeners[i];
	return NULL;
}

static uint32_t
host_id(const struct env_conn *c)
{
	return c->host == NULL ? 99 : c->host->id;
}

static void
opens(void *ctx, uint64_t n)
{
	struct env_conn *c = ctx;

	(void)n;
	c->opened = true;
	if (conn_hears(c) && c->has_events)
		c->ev.opened(c->ctx, c);
	conn_pump_soon(c);
	conn_deliver(c);
}

void
wire_reaches_listener(void *ctx, uint64_t host)
{
	struct wire *wire = ctx;
	struct world *w = wire->world;
	struct env_listener *l = net_listener_at(w, (uint32_t)host, wire->port);
	struct env_conn *a = &wire->end[0], *b = &wire->end[1];
	bool parted = a->host != NULL && w->net.parted[a->host->id][host];
	char from[32];

	if (!wire->dead && (l == NULL || parted || wire->refused)) {
		struck(parted ? STRUCK_PARTED : STRUCK_WIRE_REFUSED);
		wire->dead = true;
		world_after(w, wire_latency(wire), conn_entity(a), conn_late_close, a, ERR_NETWORK);
		return;
	}
	if (wire->dead || (a->host != NULL && a->finished && a->out.len == 0))
		return; /* it gave up meanwhile */
	b->host = l->host;
	b->life = l->host->life;
	b->opened = true;
	trace_line(&w->trace, "wire %llu: n%u -> n%u:%d", (unsigned long long)wire->id, host_id(a), b->host->id, wire->port);
	snprintf(from, sizeof(from), "n%u:%llu", host_id(a), (unsigned long long)(40000 + wire->id));
	world_after(w, wire_latency(wire), conn_entity(a), opens, a, 0);
	l->accept(l->ctx, b, from);
}

/* What becomes of it is settled when it is dialled: a fault of a wire is one line of a script. Half of the cuts fall into the first kilobyte. */
struct wire_fate { bool refused, silent; unsigned side; uint64_t cut_at; };

static struct wire_fate
draw_fate(struct wire *wire, bool replayed)
{
	const struct weather *fair = &wire->world->net.weather;
	struct dice dice = dice_of(wire->world->seed, STREAM_FATE, wire->dice.entity); /* of its own: a script draws none of this */
	struct wire_fate fate = { .refused = !replayed && dice_chance(&dice, fair->no_answer) };

	if (replayed || !dice_chance(&dice, fair->cut))
		return fate;
	fate.cut_at = dice_between(&dice, 1, dice_chance(&dice, 500) ? 1024 : 65536);
	fate.side = (unsigned)dice_below(&dice, 2);
	fate.silent = dice_chance(&dice, fair->silent);
	return fate;
}

static struct wire_fate
fate_by_script(const struct script *s, uint32_t from, uint32_t to, uint32_t number)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct script_event *e = &s->events[i];

		if (e->who == from && strcmp(e->kind, "wire") == 0 && script_value(e, "with") == to && script_value(e, "number") == number)
			return (struct wire_fate){ script_value(e, "refused") != 0, script_value(e, "silent") != 0, script_value(e, "side") & 1, script_value(e, "cut-at") };
	}
	return (struct wire_fate){ .refused = false };
}

static void
note_fate(struct script *record, uint64_t now, const struct wire_fate *fate, uint32_t from, uint32_t to, uint32_t number)
{
	struct script_event *e;

	if (!fate->refused && fate->cut_at == 0)
		return;
	e = script_add(record, now, "wire", from);
	script_note(e, "with", to);
	script_note(e, "number", number);
	script_note(e, "refused", fate->refused);
	script_note(e, "cut-at", fate->cut_at);
	script_note(e, "side", fate->side);
	script_note(e, "silent", fate->silent);
}

struct wire *
wire_new(struct world *w, uint32_t from, uint32_t to, int port)
{
	struct wire *wire = sim_must(mem_zero(1, sizeof(*wire)));
	struct decide *d = w->net.decide;
	uint32_t number = from < HOSTS_MAX ? w->net.dialled[from][to]++ : 0;
	struct wire_fate fate;

	w->net.wires = sim_must(mem_room(w->net.wires, w->net.wire_count, &w->net.wire_cap, sizeof(struct wire *)));
	wire->world = w;
	wire->id = w->net.wire_count;
	wire->port = port;
	/* By who dials whom, and how often: a wire less somewhere else changes nothing here. */
	wire->dice = dice_of(w->seed, STREAM_LINK, from < HOSTS_MAX ? (uint64_t)(from << 10 | to) << 32 | number : UINT64_MAX - wire->id);
	w->net.wires[w->net.wire_count++] = wire;
	for (int i = 0; i < 2; i++)
		wire->end[i].wire = wire;
	fate = draw_fate(wire, from >= HOSTS_MAX);
	if (d != NULL && d->script != NULL)
		fate = fate_by_script(d->script, from, to, number);
	else if (d != NULL && d->record != NULL && from < HOSTS_MAX)
		note_fate(d->record, w->now, &fate, from, to, number);
	wire->refused = fate.refused;
	wire->cut_silently = fate.silent;
	wire->end[fate.side].cut_at = fate.cut_at;
	return wire;
}

enum err_code
net_dial(struct env *env, const char *addr, const struct conn_events *ev, void *ctx, struct env_conn **out, struct err *err)
{
	struct host *h = env->ctx;
	struct wire *wire;
	struct env_conn *c;
	uint32_t to;
	int port;

	if (!parse_addr(addr, &to, &port))
		return err_set(err, ERR_NETWORK, "%s is no address", addr);
	wire = wire_new(h->world, h->id, to, port);
	c = &wire->end[0];
	c->host = h;
	c->life = h->life;
	c->ev = *ev;
	c->ctx = ctx;
	c->has_events = true;
	*out = c;
	world_after(h->world, wire_latency(wire), conn_entity(c), wire_reaches_listener, wire, to);
	return ERR_OK;
}

enum err_code
net_listen(struct env *env, const char *addr, void (*accept)(void *ctx, struct env_conn *c, const char *from), void *ctx,
           struct env_listener **out, struct err *err)
{
	struct host *h = env->ctx;
	struct env_listener *l;
	uint32_t host;
	int port;

	if (!parse_addr(addr, &host, &port) || host != h->id)
		return err_set(err, ERR_NETWORK, "%s is no address of this machine", addr);
	if (port == 0)
		port = 10000 + (int)h->listener_count;
	if (net_listener_at(h->world, host, port) != NULL)
		return err_set(err, ERR_NETWORK, "%s is taken", addr);
	l = sim_must(mem_zero(1, sizeof(*l)));
	*l = (struct env_listener){ .host = h, .port = port, .accept = accept, .ctx = ctx };
	h->listeners = sim_must(mem_room(h->listeners, h->listener_count, &h->listener_cap, sizeof(struct env_listener *)));
	h->listeners[h->listener_count++] = l;
	*out = l;
	return ERR_OK;
}

void
net_listen_stop(struct env *env, struct env_listener *l)
{
	(void)env;
	l->stopped = true;
}

int
net_listen_port(struct env *env, struct env_listener *l)
{
	(void)env;
	return l->port;
}

/* ---- an open conn ---- */

static void
deliver_later(void *ctx, uint64_t n)
{
	(void)n;
	conn_deliver(ctx);
}

void
net_conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx)
{
	(void)env;
	c->ev = *ev;
	c->ctx = ctx;
	c->has_events = true;
	/* Never from inside the call: the owner may not be ready. */
	world_after(c->wire->world, 0, conn_entity(c), deliver_later, c, 0);
}

enum err_code
net_send(struct env *env, struct env_conn *c, struct bytes data)
{
	(void)env;
	assert(!c->finished && !c->closing);
	if (c->out.len - c->out_at + data.len > QUEUE_BYTES_MAX)
		return ERR_TOO_BIG;
	if (c->wire->dead || disk_dead(c->host->disk))
		return ERR_OK; /* as a kernel does until it learns better; without power nothing leaves */
	buf_put(&c->out, data.p, data.len);
	conn_pump_soon(c);
	return buf_ok(&c->out) ? ERR_OK : ERR_NO_MEMORY;
}

size_t
net_unsent(struct env *env, struct env_conn *c)
{
	(void)env;
	return c->out.len - c->out_at;
}

void
net_pause(struct env *env, struct env_conn *c, bool paused)
{
	(void)env;
	c->paused = paused;
	if (!paused)
		world_after(c->wire->world, 0, conn_entity(c), deliver_later, c, 0);
}

void
net_close(struct env *env, struct env_conn *c)
{
	(void)env;
	assert(!c->finished);
	c->finished = true;
	c->closing = true;
	if (disk_dead(c->host->disk))
		return;
	conn_pump_soon(c);
}
