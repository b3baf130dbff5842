/*
 * Wires: what TCP promises and no more. Bytes of one direction arrive in
 * order or not at all; everything else is chance: when, in how large pieces,
 * and whether the wire is cut, at any byte, with or without telling anyone.
 *
 *   end 0  out ──pump──> segments in flight ──arrive──> in  end 1
 *          in  <──arrive── segments in flight <──pump── out
 *
 * An env_conn is one end. Both ends live as long as the world, so that an
 * event that comes late finds a finished end and not freed memory.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/world_internal.h"

enum {
	QUEUE_BYTES_MAX = 8 << 20,  /* env.h: ERR_TOO_BIG beyond */
	WINDOW_BYTES = 256 << 10,   /* in flight or unread */
	RECORDING_BYTES_MAX = 64 << 10,
};

struct segment { uint8_t *p; size_t n; };

struct env_conn {
	struct wire *wire;
	struct host *host;      /* NULL: nobody, a replayed recording */
	uint64_t life;
	struct conn_events ev;
	void *ctx;
	bool opened, has_events, paused;
	bool finished;          /* this side hears no more: it closed, or was told */
	bool closing;           /* close() was called: what is queued goes out first */
	struct buf out, in;
	size_t out_at, in_at;   /* taken so far */
	struct segment *flight;
	size_t flight_count, flight_cap;
	size_t flight_bytes;
	uint64_t last_arrival, sent;
	uint64_t cut_at;        /* the wire breaks after that many bytes from this side; 0: never */
	bool pumping, fin_sent, fin_got;
};

struct wire {
	struct world *world;
	uint64_t id;
	struct dice dice;
	struct env_conn end[2]; /* 0 dialled, 1 accepted */
	bool dead;              /* cut: nothing travels any more */
	int port;
	bool recorded;
};

static struct env_conn *
other(struct env_conn *c)
{
	return &c->wire->end[c == &c->wire->end[0]];
}

static uint64_t
entity(const struct env_conn *c)
{
	return 1000 + 2 * c->wire->id + (c == &c->wire->end[1]);
}

static bool
hears(const struct env_conn *c)
{
	return !c->finished && c->host != NULL && c->life == c->host->life && !disk_dead(c->host->disk);
}

static uint32_t
host_id(const struct env_conn *c)
{
	return c->host == NULL ? 99 : c->host->id;
}

static uint64_t
latency(struct wire *wire)
{
	const struct weather *fair = &wire->world->net.weather;

	return dice_between(&wire->dice, fair->latency_min, fair->latency_max);
}

/* ---- endings ---- */

static void
tell_closed(struct env_conn *c, enum err_code why)
{
	if (c->finished)
		return;
	c->finished = true;
	if (c->has_events && c->host != NULL && c->life == c->host->life)
		c->ev.closed(c->ctx, c, why);
}

static void
late_close(void *ctx, uint64_t why)
{
	struct env_conn *c = ctx;

	if (hears(c))
		tell_closed(c, (enum err_code)why);
}

/* The wire breaks. Told ends learn it soon, the others when their system gives up on the silence. */
static void
cut(struct wire *wire, bool silent)
{
	if (wire->dead)
		return;
	wire->dead = true;
	wire->world->net.cuts++;
	trace_line(&wire->world->trace, "wire %llu: cut%s", (unsigned long long)wire->id, silent ? ", silently" : "");
	for (int i = 0; i < 2; i++) {
		uint64_t wait = silent ? 900 * NS_PER_S : latency(wire);

		/* Half-open: at times one end learns it at once and the other does not. */
		if (silent && dice_chance(&wire->dice, 300))
			wait = latency(wire);
		world_after(wire->world, wait, entity(&wire->end[i]), late_close, &wire->end[i], ERR_NETWORK);
	}
}

/* ---- bytes ---- */

static void pump_soon(struct env_conn *c);

static void
deliver(struct env_conn *c)
{
	while (hears(c) && c->opened && c->has_events && !c->paused && c->in_at < c->in.len) {
		size_t n = c->in.len - c->in_at;
		uint8_t *copy = sim_must(mem_dup(c->in.p + c->in_at, n)); /* the callee may close, or be given more */

		c->in_at = 0;
		buf_clear(&c->in);
		c->ev.data(c->ctx, c, copy, n);
		mem_free(copy);
		pump_soon(other(c));
	}
	if (hears(c) && c->has_events && !c->paused && c->fin_got && c->in_at == c->in.len && c->flight_count == 0)
		tell_closed(c, ERR_OK);
}

static void
arrives(void *ctx, uint64_t n)
{
	struct env_conn *from = ctx, *to = other(from);
	struct segment s = from->flight[0];

	(void)n;
	memmove(from->flight, from->flight + 1, (from->flight_count - 1) * sizeof(s));
	from->flight_count--;
	from->flight_bytes -= s.n;
	if (!from->wire->dead) {
		if (s.p == NULL)
			to->fin_got = true;
		else if (!to->finished)
			buf_put(&to->in, s.p, s.n);
		deliver(to);
		pump_soon(from);
	}
	mem_free(s.p);
}

static void
launch(struct env_conn *c, uint8_t *p, size_t n)
{
	uint64_t at = c->wire->world->now + latency(c->wire);

	if (at <= c->last_arrival)
		at = c->last_arrival + 1; /* in order */
	c->last_arrival = at;
	c->flight = sim_must(mem_room(c->flight, c->flight_count, &c->flight_cap, sizeof(*c->flight)));
	c->flight[c->flight_count++] = (struct segment){ p, n };
	c->flight_bytes += n;
	world_after(c->wire->world, at - c->wire->world->now, entity(c), arrives, c, 0);
}

static void
record(struct env_conn *c, const uint8_t *p, size_t n)
{
	struct net *net = &c->wire->world->net;
	struct wire *wire = c->wire;
	struct recording *r;

	if (c != &wire->end[0] || c->host == NULL || wire->end[1].host == NULL)
		return;
	r = &net->recordings[wire->id % COUNT_OF(net->recordings)];
	if (!wire->recorded) {
		wire->recorded = true;
		buf_clear(&r->bytes);
		r->host = wire->end[1].host->id;
		r->port = wire->port;
	}
	if (r->host == wire->end[1].host->id && r->bytes.len + n <= RECORDING_BYTES_MAX)
		buf_put(&r->bytes, p, n);
}

/* One chunk of what waits goes onto the wire. */
static void
pump_chunk(struct env_conn *c)
{
	struct world *w = c->wire->world;
	size_t n = c->out.len - c->out_at, max = w->net.weather.chunk_max;
	const uint8_t *p = c->out.p + c->out_at;

	if (n > max)
		n = max;
	n = (size_t)dice_between(&c->wire->dice, n < 64 ? n : n / 2, n);
	if (c->cut_at > 0 && c->sent + n >= c->cut_at)
		n = (size_t)(c->cut_at - c->sent);
	if (n > 0) {
		trace_bytes(&w->trace, BYTES(p, n));
		scan_bytes(w->scan, BYTES(p, n), "a wire");
		record(c, p, n);
		w->net.bytes += n;
		launch(c, sim_must(mem_dup(p, n)), n);
	}
	c->out_at += n;
	c->sent += n;
	if (c->cut_at > 0 && c->sent >= c->cut_at) {
		c->wire->dead = false;
		cut(c->wire, dice_chance(&c->wire->dice, w->net.weather.silent));
	}
}

static void
pump(void *ctx, uint64_t n)
{
	struct env_conn *c = ctx;
	struct world *w = c->wire->world;
	uint64_t clogged = 0;

	(void)n;
	c->pumping = false;
	if (c->wire->dead || !c->opened)
		return;
	if (c->host != NULL && other(c)->host != NULL)
		clogged = w->net.clogged[c->host->id][other(c)->host->id];
	if (clogged > w->now) {
		c->pumping = true;
		world_after(w, clogged - w->now, entity(c), pump, c, 0);
		return;
	}
	if (c->out_at < c->out.len) {
		if (c->flight_bytes + other(c)->in.len - other(c)->in_at >= WINDOW_BYTES)
			return; /* deliver() comes back to this */
		pump_chunk(c);
		if (c->out_at < c->out.len) {
			pump_soon(c);
			return;
		}
		c->out_at = 0;
		buf_clear(&c->out);
		if (!c->closing && hears(c) && c->has_events && c->ev.drained != NULL)
			c->ev.drained(c->ctx, c);
	}
	if (c->closing && !c->fin_sent && c->out.len == 0) {
		c->fin_sent = true;
		launch(c, NULL, 0);
	}
}

static void
pump_soon(struct env_conn *c)
{
	if (c->pumping || c->wire->dead || !c->opened)
		return;
	if (c->out_at == c->out.len && !(c->closing && !c->fin_sent))
		return;
	c->pumping = true;
	world_after(c->wire->world, 10000 + dice_below(&c->wire->dice, 50000), entity(c), pump, c, 0);
}

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

static struct env_listener *
listener_at(struct world *w, uint32_t host, int port)
{
	struct host *h = host < w->host_count ? w->hosts[host] : NULL;

	for (size_t i = 0; h != NULL && i < h->listener_count; i++)
		if (!h->listeners[i]->stopped && h->listeners[i]->port == port && !disk_dead(h->disk))
			return h->listeners[i];
	return NULL;
}

static void
opens(void *ctx, uint64_t n)
{
	struct env_conn *c = ctx;

	(void)n;
	c->opened = true;
	if (hears(c) && c->has_events)
		c->ev.opened(c->ctx, c);
	pump_soon(c);
	deliver(c);
}

static void
reaches_listener(void *ctx, uint64_t host)
{
	struct wire *wire = ctx;
	struct world *w = wire->world;
	struct env_listener *l = listener_at(w, (uint32_t)host, wire->port);
	struct env_conn *a = &wire->end[0], *b = &wire->end[1];
	bool parted = a->host != NULL && w->net.parted[a->host->id][host];
	char from[32];

	if (!wire->dead && (l == NULL || parted || (a->host != NULL && dice_chance(&wire->dice, w->net.weather.no_answer)))) {
		wire->dead = true;
		world_after(w, latency(wire), entity(a), late_close, a, ERR_NETWORK);
		return;
	}
	if (wire->dead || (a->host != NULL && a->finished && a->out.len == 0))
		return; /* it gave up meanwhile */
	b->host = l->host;
	b->life = l->host->life;
	b->opened = true;
	trace_line(&w->trace, "wire %llu: n%u -> n%u:%d", (unsigned long long)wire->id, host_id(a), b->host->id, wire->port);
	snprintf(from, sizeof(from), "n%u:%llu", host_id(a), (unsigned long long)(40000 + wire->id));
	world_after(w, latency(wire), entity(a), opens, a, 0);
	l->accept(l->ctx, b, from);
}

static struct wire *
wire_new(struct world *w, int port)
{
	struct wire *wire = sim_must(mem_zero(1, sizeof(*wire)));
	const struct weather *fair = &w->net.weather;

	w->net.wires = sim_must(mem_room(w->net.wires, w->net.wire_count, &w->net.wire_cap, sizeof(struct wire *)));
	wire->world = w;
	wire->id = w->net.wire_count;
	wire->port = port;
	wire->dice = dice_of(w->seed, STREAM_LINK, wire->id);
	w->net.wires[w->net.wire_count++] = wire;
	for (int i = 0; i < 2; i++)
		wire->end[i].wire = wire;
	if (dice_chance(&wire->dice, fair->cut)) {
		/* Half of the cuts fall into the first kilobyte: handshake and summaries. */
		uint64_t span = dice_chance(&wire->dice, 500) ? 1024 : 65536;

		wire->end[dice_below(&wire->dice, 2)].cut_at = dice_between(&wire->dice, 1, span);
	}
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
	wire = wire_new(h->world, port);
	c = &wire->end[0];
	c->host = h;
	c->life = h->life;
	c->ev = *ev;
	c->ctx = ctx;
	c->has_events = true;
	*out = c;
	world_after(h->world, latency(wire), entity(c), reaches_listener, wire, to);
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
	if (listener_at(h->world, host, port) != NULL)
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
	deliver(ctx);
}

void
net_conn_events(struct env *env, struct env_conn *c, const struct conn_events *ev, void *ctx)
{
	(void)env;
	c->ev = *ev;
	c->ctx = ctx;
	c->has_events = true;
	/* Never from inside the call: the owner may not be ready. */
	world_after(c->wire->world, 0, entity(c), deliver_later, c, 0);
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
	pump_soon(c);
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
		world_after(c->wire->world, 0, entity(c), deliver_later, c, 0);
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
	pump_soon(c);
}

/* ---- what the world does to wires ---- */

void
net_host_gone(struct host *h, bool half_open)
{
	struct net *net = &h->world->net;

	for (size_t i = 0; i < net->wire_count; i++) {
		struct wire *wire = net->wires[i];

		for (int side = 0; side < 2; side++) {
			struct env_conn *c = &wire->end[side];

			if (c->host != h || c->finished || c->life != h->life)
				continue;
			cut(wire, half_open && dice_chance(&wire->dice, 500));
			tell_closed(c, ERR_NETWORK);
		}
	}
}

size_t
host_wires(const struct host *h)
{
	const struct net *net = &h->world->net;
	size_t n = 0;

	for (size_t i = 0; i < net->wire_count; i++)
		for (int side = 0; side < 2; side++) {
			const struct env_conn *c = &net->wires[i]->end[side];

			n += c->host == h && c->life == h->life && (!c->finished || (!net->wires[i]->dead && c->closing && !c->fin_sent));
		}
	return n;
}

void
world_set_weather(struct world *w, const struct weather *weather)
{
	w->net.weather = *weather;
}

void
world_part(struct world *w, size_t a, size_t b, bool parted)
{
	trace_line(&w->trace, "n%zu and n%zu: %s", a, b, parted ? "parted" : "together");
	w->net.parted[a][b] = w->net.parted[b][a] = parted;
	for (size_t i = 0; parted && i < w->net.wire_count; i++) {
		struct wire *wire = w->net.wires[i];
		struct host *x = wire->end[0].host, *y = wire->end[1].host;

		if (x != NULL && y != NULL && ((x->id == a && y->id == b) || (x->id == b && y->id == a)))
			cut(wire, true);
	}
}

void
world_clog(struct world *w, size_t a, size_t b, uint64_t until_ns)
{
	trace_line(&w->trace, "n%zu -> n%zu: clogged", a, b);
	w->net.clogged[a][b] = until_ns;
}

void
world_reset_wires(struct world *w)
{
	for (size_t i = 0; i < w->net.wire_count; i++) {
		struct wire *wire = w->net.wires[i];
		bool over = (wire->end[0].finished || wire->end[0].host == NULL) && (wire->end[1].finished || wire->end[1].host == NULL);

		if (over)
			continue;
		wire->dead = false;
		cut(wire, false);
	}
	memset(w->net.clogged, 0, sizeof(w->net.clogged));
}

uint64_t
world_wire_bytes(const struct world *w)
{
	return w->net.bytes;
}

uint64_t
world_cuts(const struct world *w)
{
	return w->net.cuts;
}

bool
world_replay(struct world *w, struct dice *dice)
{
	struct recording *r = &w->net.recordings[dice_below(dice, COUNT_OF(w->net.recordings))];
	struct wire *wire;
	struct env_conn *c;

	if (r->bytes.len == 0 || listener_at(w, r->host, r->port) == NULL)
		return false;
	wire = wire_new(w, r->port);
	c = &wire->end[0];
	c->has_events = false;
	c->closing = dice_chance(dice, 500); /* or it stays silent and open after its last byte */
	buf_put_bytes(&c->out, buf_bytes(&r->bytes));
	if (dice_chance(dice, 300)) /* somebody on the way turns a bit */
		c->out.p[dice_below(dice, c->out.len)] ^= (uint8_t)(1u << dice_below(dice, 8));
	trace_line(&w->trace, "wire %llu: replays %zu bytes to n%u", (unsigned long long)wire->id, r->bytes.len, r->host);
	world_after(w, latency(wire), entity(c), reaches_listener, wire, r->host);
	return true;
}

void
net_free(struct world *w)
{
	for (size_t i = 0; i < w->net.wire_count; i++) {
		for (int side = 0; side < 2; side++) {
			struct env_conn *c = &w->net.wires[i]->end[side];

			for (size_t k = 0; k < c->flight_count; k++)
				mem_free(c->flight[k].p);
			mem_free(c->flight);
			buf_free(&c->out);
			buf_free(&c->in);
		}
		mem_free(w->net.wires[i]);
	}
	for (size_t i = 0; i < COUNT_OF(w->net.recordings); i++)
		buf_free(&w->net.recordings[i].bytes);
	mem_free(w->net.wires);
}
