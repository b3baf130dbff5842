/*
 * What the world does to wires: machines that go, weather, partitions, bytes
 * that wait, and recordings that come again.
 */
#include "base/mem.h"
#include "sim/mark.h"
#include "sim/wire_internal.h"

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
			wire_cut(wire, half_open && dice_chance(&wire->dice, 500));
			conn_tell_closed(c, ERR_NETWORK);
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
	/* It is a fault to whom it keeps apart: those whose wire it cuts, and those who dial meanwhile. */
	for (size_t i = 0; parted && i < w->net.wire_count; i++) {
		struct wire *wire = w->net.wires[i];
		struct host *x = wire->end[0].host, *y = wire->end[1].host;

		if (x != NULL && y != NULL && ((x->id == a && y->id == b) || (x->id == b && y->id == a)) && !wire->dead) {
			struck(STRUCK_PARTED);
			wire_end(wire, true);
		}
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
		wire_end(wire, false); /* all is about to be well: no fault */
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

	if (r->bytes.len == 0 || net_listener_at(w, r->host, r->port) == NULL)
		return false;
	wire = wire_new(w, HOSTS_MAX, r->host, r->port);
	c = &wire->end[0];
	c->has_events = false;
	c->closing = dice_chance(dice, 500); /* or it stays silent and open after its last byte */
	buf_put_bytes(&c->out, buf_bytes(&r->bytes));
	if (dice_chance(dice, 300)) /* somebody on the way turns a bit */
		c->out.p[dice_below(dice, c->out.len)] ^= (uint8_t)(1u << dice_below(dice, 8));
	trace_line(&w->trace, "wire %llu: replays %zu bytes to n%u", (unsigned long long)wire->id, r->bytes.len, r->host);
	world_after(w, wire_latency(wire), conn_entity(c), wire_reaches_listener, wire, r->host);
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
