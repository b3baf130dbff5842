/*
 * Datagrams: each reaches every other host that listens and is not parted
 * from the sender, or is lost, or comes twice. What comes late finds a cast
 * that was closed, since all of them live as long as their host.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/mark.h"
#include "sim/world_internal.h"

enum { LOST_PERMILLE = 150, TWICE_PERMILLE = 50 };

struct env_cast {
	struct host *host;
	uint64_t life;
	struct env_cast *next;
	struct cast_events ev;
	void *ctx;
	bool closed;
	struct dice dice;
	struct flying *flying; /* all that ever flew here */
};

struct flying { struct env_cast *to; struct flying *next; char from[16]; struct buf bytes; };

static bool
hears(const struct env_cast *c)
{
	return !c->closed && c->life == c->host->life && !disk_dead(c->host->disk);
}

enum err_code
sim_cast_open(struct env *env, const struct cast_events *ev, void *ctx, struct env_cast **out, struct err *err)
{
	struct host *h = env->ctx;
	struct env_cast *c = sim_must(mem_zero(1, sizeof(*c)));

	(void)err;
	c->host = h;
	c->life = h->life;
	c->ev = *ev;
	c->ctx = ctx;
	c->dice = dice_of(h->world->seed, STREAM_LINK, 1000000 + h->id + 100 * h->life);
	c->next = h->casts;
	h->casts = c;
	*out = c;
	return ERR_OK;
}

static void
arrive(void *ctx, uint64_t n)
{
	struct flying *f = ctx;

	(void)n;
	if (hears(f->to))
		f->to->ev.heard(f->to->ctx, f->from, buf_bytes(&f->bytes));
	buf_clear(&f->bytes);
}

static void
throw(struct env_cast *c, struct env_cast *to, struct bytes datagram)
{
	struct world *w = c->host->world;
	struct flying *f = sim_must(mem_zero(1, sizeof(*f)));
	uint64_t wait = dice_between(&c->dice, w->net.weather.latency_min, w->net.weather.latency_max);

	f->to = to;
	f->next = to->flying;
	to->flying = f;
	snprintf(f->from, sizeof(f->from), "n%u", c->host->id);
	buf_put_bytes(&f->bytes, datagram);
	world_after(w, wait, to->host->id, arrive, f, 0);
}

void
sim_cast_send(struct env *env, struct env_cast *c, struct bytes datagram)
{
	struct host *h = env->ctx;
	struct world *w = h->world;

	if (!hears(c))
		return;
	scan_bytes(w->scan, datagram, "a datagram");
	for (size_t i = 0; i < w->host_count; i++) {
		struct host *other = w->hosts[i];

		if (other == NULL || w->net.parted[h->id][other->id])
			continue;
		for (struct env_cast *to = other->casts; to != NULL; to = to->next) {
			if (!hears(to))
				continue;
			if (dice_chance(&c->dice, LOST_PERMILLE)) {
				struck(STRUCK_CAST_LOST);
				continue;
			}
			throw(c, to, datagram);
			if (dice_chance(&c->dice, TWICE_PERMILLE)) {
				struck(STRUCK_CAST_TWICE);
				throw(c, to, datagram);
			}
		}
	}
}

void
sim_cast_close(struct env *env, struct env_cast *c)
{
	(void)env;
	c->closed = true;
}

void
sim_casts_free(struct host *h)
{
	while (h->casts != NULL) {
		struct env_cast *c = h->casts;

		h->casts = c->next;
		while (c->flying != NULL) {
			struct flying *f = c->flying;

			c->flying = f->next;
			buf_free(&f->bytes);
			mem_free(f);
		}
		mem_free(c);
	}
}
