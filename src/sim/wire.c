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
#include "base/mem.h"
#include "sim/mark.h"
#include "sim/wire_internal.h"

enum {
	WINDOW_BYTES = 256 << 10,   /* in flight or unread */
	RECORDING_BYTES_MAX = 64 << 10,
};

static struct env_conn *
conn_other(struct env_conn *c)
{
	return &c->wire->end[c == &c->wire->end[0]];
}

uint64_t
conn_entity(const struct env_conn *c)
{
	return 1000 + 2 * c->wire->id + (c == &c->wire->end[1]);
}

bool
conn_hears(const struct env_conn *c)
{
	return !c->finished && c->host != NULL && c->life == c->host->life && !disk_dead(c->host->disk);
}

uint64_t
wire_latency(struct wire *wire)
{
	const struct weather *fair = &wire->world->net.weather;

	return dice_between(&wire->dice, fair->latency_min, fair->latency_max);
}

/* ---- endings ---- */

void
conn_tell_closed(struct env_conn *c, enum err_code why)
{
	if (c->finished)
		return;
	c->finished = true;
	if (c->has_events && c->host != NULL && c->life == c->host->life)
		c->ev.closed(c->ctx, c, why);
}

void
conn_late_close(void *ctx, uint64_t why)
{
	struct env_conn *c = ctx;

	if (conn_hears(c))
		conn_tell_closed(c, (enum err_code)why);
}

/* The wire breaks. Told ends learn it soon, the others when their system gives up on the silence. */
void
wire_end(struct wire *wire, bool silent)
{
	if (wire->dead)
		return;
	wire->dead = true;
	wire->world->net.cuts++;
	trace_line(&wire->world->trace, "wire %llu: cut%s", (unsigned long long)wire->id, silent ? ", silently" : "");
	for (int i = 0; i < 2; i++) {
		uint64_t wait = silent ? 900 * NS_PER_S : wire_latency(wire);

		/* Half-open: at times one end learns it at once and the other does not. */
		if (silent && dice_chance(&wire->dice, 300))
			wait = wire_latency(wire);
		world_after(wire->world, wait, conn_entity(&wire->end[i]), conn_late_close, &wire->end[i], ERR_NETWORK);
	}
}

void
wire_cut(struct wire *wire, bool silent)
{
	if (!wire->dead)
		struck(silent ? STRUCK_WIRE_SILENT : STRUCK_WIRE_CUT);
	wire_end(wire, silent);
}

/* ---- bytes ---- */

void
conn_deliver(struct env_conn *c)
{
	while (conn_hears(c) && c->opened && c->has_events && !c->paused && c->in_at < c->in.len) {
		size_t n = c->in.len - c->in_at;
		uint8_t *copy = sim_must(mem_dup(c->in.p + c->in_at, n)); /* the callee may close, or be given more */

		c->in_at = 0;
		buf_clear(&c->in);
		c->ev.data(c->ctx, c, copy, n);
		mem_free(copy);
		conn_pump_soon(conn_other(c));
	}
	if (conn_hears(c) && c->has_events && !c->paused && c->fin_got && c->in_at == c->in.len)
		conn_tell_closed(c, ERR_OK);
}

static void
arrives(void *ctx, uint64_t n)
{
	struct env_conn *from = ctx, *to = conn_other(from);
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
		conn_deliver(to);
		conn_pump_soon(from);
	}
	mem_free(s.p);
}

static void
launch(struct env_conn *c, uint8_t *p, size_t n)
{
	uint64_t at = c->wire->world->now + wire_latency(c->wire);

	if (at <= c->last_arrival)
		at = c->last_arrival + 1; /* in order */
	c->last_arrival = at;
	c->flight = sim_must(mem_room(c->flight, c->flight_count, &c->flight_cap, sizeof(*c->flight)));
	c->flight[c->flight_count++] = (struct segment){ p, n };
	c->flight_bytes += n;
	world_after(c->wire->world, at - c->wire->world->now, conn_entity(c), arrives, c, 0);
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
		wire_cut(c->wire, c->wire->cut_silently);
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
	if (c->host != NULL && conn_other(c)->host != NULL)
		clogged = w->net.clogged[c->host->id][conn_other(c)->host->id];
	if (clogged > w->now) {
		struck(STRUCK_CLOGGED);
		c->pumping = true;
		world_after(w, clogged - w->now, conn_entity(c), pump, c, 0);
		return;
	}
	if (c->out_at < c->out.len) {
		if (c->flight_bytes + conn_other(c)->in.len - conn_other(c)->in_at >= WINDOW_BYTES)
			return; /* conn_deliver() comes back to this */
		pump_chunk(c);
		if (c->out_at < c->out.len) {
			conn_pump_soon(c);
			return;
		}
		c->out_at = 0;
		buf_clear(&c->out);
		if (!c->closing && conn_hears(c) && c->has_events && c->ev.drained != NULL)
			c->ev.drained(c->ctx, c);
	}
	if (c->closing && !c->fin_sent && c->out.len == 0) {
		c->fin_sent = true;
		launch(c, NULL, 0);
	}
}

void
conn_pump_soon(struct env_conn *c)
{
	if (c->pumping || c->wire->dead || !c->opened)
		return;
	if (c->out_at == c->out.len && !(c->closing && !c->fin_sent))
		return;
	c->pumping = true;
	world_after(c->wire->world, 10000 + dice_below(&c->wire->dice, 50000), conn_entity(c), pump, c, 0);
}
