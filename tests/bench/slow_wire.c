/* A wire that keeps each byte for a while, on the same loop: what a network of some distance is to those who sit at its ends. */
#include <stdio.h>

#include "base/mem.h"
#include "bench.h"
#include "net/net.h"

struct pair { struct slow_wire *wire; struct env_conn *end[2]; struct pair *next; };

struct slow_wire {
	struct env *env;
	struct env_listener *listener;
	struct pair *pairs;
	uint64_t delay_ns;
	char to[32];
};

struct parcel { struct pair *pair; int to; size_t len; uint8_t bytes[]; };

static void
deliver(void *ctx)
{
	struct parcel *p = ctx;
	struct env *env = p->pair->wire->env;

	if (p->pair->end[p->to] != NULL)
		(void)!env->ops->send(env, p->pair->end[p->to], BYTES(p->bytes, p->len));
	mem_free(p);
}

static void
carry(void *ctx, struct env_conn *c, const uint8_t *bytes, size_t n)
{
	struct pair *pair = ctx;
	struct parcel *p = mem_alloc(sizeof(*p) + n);

	must(p == NULL ? ERR_NO_MEMORY : ERR_OK, NULL, "wire");
	*p = (struct parcel){ .pair = pair, .to = c == pair->end[0] ? 1 : 0, .len = n };
	memcpy(p->bytes, bytes, n);
	(void)pair->wire->env->ops->timer(pair->wire->env, pair->wire->delay_ns, deliver, p);
}

static void
closed(void *ctx, struct env_conn *c, enum err_code why)
{
	struct pair *pair = ctx;
	int which = c == pair->end[0] ? 0 : 1;
	struct env_conn *other = pair->end[!which];

	(void)why;
	pair->end[0] = pair->end[1] = NULL;
	if (other != NULL)
		pair->wire->env->ops->close(pair->wire->env, other);
}

static void opened(void *ctx, struct env_conn *c);
static const struct conn_events events = { .opened = opened, .data = carry, .closed = closed };

/* What the other end has said meanwhile waits in its socket. */
static void
opened(void *ctx, struct env_conn *c)
{
	struct pair *pair = ctx;

	(void)c;
	if (pair->end[0] != NULL)
		pair->wire->env->ops->conn_events(pair->wire->env, pair->end[0], &events, pair);
}

static void
accepted(void *ctx, struct env_conn *c, const char *from)
{
	struct slow_wire *w = ctx;
	struct pair *pair = mem_zero(1, sizeof(*pair));
	struct err err = ERR_INIT;

	(void)from;
	must(pair == NULL ? ERR_NO_MEMORY : ERR_OK, &err, "wire");
	pair->wire = w;
	pair->end[0] = c;
	pair->next = w->pairs;
	w->pairs = pair;
	must(w->env->ops->dial(w->env, w->to, &events, pair, &pair->end[1], &err), &err, "wire");
}

struct slow_wire *
slow_wire_new(struct env *env, int to_port, uint64_t delay_ms)
{
	struct slow_wire *w = mem_zero(1, sizeof(*w));
	struct err err = ERR_INIT;

	must(w == NULL ? ERR_NO_MEMORY : ERR_OK, &err, "wire");
	w->env = env;
	w->delay_ns = delay_ms * 1000000u;
	snprintf(w->to, sizeof(w->to), "127.0.0.1:%d", to_port);
	must(env->ops->listen(env, "127.0.0.1:0", accepted, w, &w->listener, &err), &err, "wire");
	return w;
}

int
slow_wire_port(struct slow_wire *w)
{
	return w->env->ops->listen_port(w->env, w->listener);
}

void
slow_wire_free(struct slow_wire *w)
{
	w->env->ops->listen_stop(w->env, w->listener);
	while (w->pairs != NULL) {
		struct pair *pair = w->pairs;

		w->pairs = pair->next;
		for (int i = 0; i < 2; i++)
			if (pair->end[i] != NULL)
				w->env->ops->close(w->env, pair->end[i]);
		mem_free(pair);
	}
	mem_free(w);
}
