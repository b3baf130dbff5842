/*
 * Guests stand in the order in which they came, so that the one whose time is
 * over is always the first; one timer looks at it. A guest is freed in one
 * place, leave(); its connection goes with it or has been handed on.
 */
#include "hub/door.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"
#include "hub/hub.h"
#include "link/once.h"
#include "link/url.h"

#define NS_PER_S 1000000000ull
#define SPARE_NS INT64_C(500000000) /* at most, saved up in quiet times */
#define FORGET_NS (NS_PER_S / 2)

enum { FROM_BYTES = 128, NETWORKS_KEPT = 8192, FRIENDLY_S = 86400 };

struct guest {
	struct door *door;
	struct guest *prev, *next;
	struct env_conn *conn;
	uint64_t came_ns;
	struct network *network;
	char from[FROM_BYTES];
	uint8_t first[DOOR_FIRST_BYTES];
	size_t have;
};

/* How many wait from there, and how hastily they come. */
struct network {
	uint8_t key[8];
	size_t waiting;
	uint64_t tokens_ns, at_ns; /* a token is a DOOR_NETWORK_RATE-th of a second */
	bool friendly;             /* somebody of ours has come from there: it is kept, and not made to wait for strangers */
};

struct door {
	struct env *env;
	bool (*lead)(void *ctx, struct env_conn *conn, const char *from, struct bytes first);
	void *ctx;
	struct env_listener *listeners[DOOR_LISTENERS_MAX];
	bool web[DOOR_LISTENERS_MAX]; /* of them, those of WebSockets */
	size_t listener_count;
	size_t guests_max, network_max;
	struct guest *first, *last;
	struct env_timer *watch;
	struct table *networks;  /* key -> struct network */
	uint64_t forgot_ns;      /* when they were last gone through */
	struct once *seen;       /* first messages that were led on: a recorded one shows nobody that we are here */
	int64_t spare_ns;        /* time that strangers may still cost; below 0: what they have cost too much */
	uint64_t spare_at;
	struct door_counts counts;
};

static uint64_t
now_ns(const struct door *d)
{
	return d->env->ops->mono_ns(d->env);
}

void
door_network(uint8_t out[8], const char *from)
{
	unsigned part[8] = { 0 }, four[4];
	size_t n = 0, gap = SIZE_MAX;
	const char *p = from + 1;

	memset(out, 0, 8);
	if (sscanf(from, "%3u.%3u.%3u.%3u", &four[0], &four[1], &four[2], &four[3]) == 4) {
		for (size_t i = 0; i < 4; i++)
			out[i] = (uint8_t)four[i];
		return;
	}
	if (*from != '[') {
		size_t len = strcspn(from, ":");

		memcpy(out, from, len < 8 ? len : 8);
		return;
	}
	while (n < 8 && *p != ']' && *p != '\0' && *p != '%') {
		if (p[0] == ':' && p[1] == ':') {
			gap = n;
			p += 2;
		} else if (*p == ':') {
			p++;
		} else {
			char *end;

			part[n++] = (unsigned)strtoul(p, &end, 16) & 0xffff;
			if (end == p)
				break;
			p = end;
		}
	}
	/* What stands behind "::" is at the end of the address; only the first four parts count. */
	for (size_t i = 0; i < 4; i++) {
		size_t at = gap == SIZE_MAX || i < gap ? i : i + n >= gap + 8 ? i + n - 8 : 8;

		if (at < n) {
			out[2 * i] = (uint8_t)(part[at] >> 8);
			out[2 * i + 1] = (uint8_t)part[at];
		}
	}
}

/* ---- guests ---- */

/* The connection is somebody else's from here on, or closed. */
static void
leave(struct guest *g)
{
	struct door *d = g->door;

	if (g->prev != NULL)
		g->prev->next = g->next;
	else
		d->first = g->next;
	if (g->next != NULL)
		g->next->prev = g->prev;
	else
		d->last = g->prev;
	g->network->waiting--;
	d->counts.waiting--;
	mem_free(g);
}

static void
turn_away(struct guest *g)
{
	if (g->conn != NULL)
		g->door->env->ops->close(g->door->env, g->conn);
	leave(g);
}

static void watch_fired(void *ctx);

static void
arm_watch(struct door *d)
{
	if (d->watch == NULL && d->first != NULL)
		d->watch = d->env->ops->timer(d->env, NS_PER_S, watch_fired, d);
}

static void
watch_fired(void *ctx)
{
	struct door *d = ctx;
	uint64_t now = now_ns(d);

	d->watch = NULL;
	while (d->first != NULL && now - d->first->came_ns >= DOOR_SECONDS * NS_PER_S) {
		d->counts.late++;
		turn_away(d->first);
	}
	arm_watch(d);
}

/* Room for one more: the one that has waited longest goes, of that network if it is the crowd. */
static void
make_room(struct door *d, const struct network *from)
{
	struct guest *g = d->first;

	if (from->waiting < d->network_max && d->counts.waiting < d->guests_max)
		return;
	while (from->waiting >= d->network_max && g != NULL && g->network != from)
		g = g->next;
	d->counts.crowded++;
	if (g != NULL)
		turn_away(g);
}

/* ---- first bytes ---- */

/* Finding out that somebody is nobody's costs hashes for each key of each organisation: a fifth of our time at the most. */
static bool
can_afford(struct door *d)
{
	uint64_t now = now_ns(d);

	d->spare_ns += (int64_t)((now - d->spare_at) / DOOR_STRANGERS_PART);
	d->spare_at = now;
	if (d->spare_ns > SPARE_NS)
		d->spare_ns = SPARE_NS;
	return d->spare_ns > 0;
}

static bool
lead_on(struct guest *g, struct env_conn *conn, struct bytes all)
{
	struct door *d = g->door;
	uint64_t from = now_ns(d), cost;
	bool ours = d->lead(d->ctx, conn, g->from, all);

	cost = now_ns(d) - from;
	if (ours)
		g->network->friendly = true;
	else if (!g->network->friendly)
		d->spare_ns -= (int64_t)cost;
	return ours;
}

static void
judge(struct guest *g, struct bytes all)
{
	struct door *d = g->door;
	struct env_conn *conn = g->conn;

	if (!g->network->friendly && !can_afford(d)) {
		d->counts.hasty++;
		turn_away(g);
		return;
	}
	if (once_knows(d->seen, g->first)) {
		d->counts.replayed++;
		turn_away(g);
		return;
	}
	if (!lead_on(g, conn, all)) {
		d->counts.strangers++;
		turn_away(g);
		return;
	}
	(void)once_first(d->seen, g->first); /* of strangers nothing is kept: they cannot push out what is */
	g->conn = NULL;
	leave(g);
}

static void
got_bytes(void *ctx, struct env_conn *conn, const uint8_t *p, size_t n)
{
	struct guest *g = ctx;
	size_t room = DOOR_FIRST_BYTES - g->have, take = n < room ? n : room;
	struct buf all = BUF_INIT;

	(void)conn;
	if (g->have == 0 && n >= DOOR_FIRST_BYTES) { /* the ordinary case: nothing is copied twice */
		memcpy(g->first, p, DOOR_FIRST_BYTES);
		judge(g, BYTES(p, n));
		return;
	}
	memcpy(g->first + g->have, p, take);
	g->have += take;
	if (g->have < DOOR_FIRST_BYTES)
		return;
	buf_put(&all, g->first, DOOR_FIRST_BYTES);
	buf_put(&all, p + take, n - take);
	if (buf_ok(&all))
		judge(g, buf_bytes(&all));
	else
		turn_away(g);
	buf_wipe(&all);
}

static void
got_closed(void *ctx, struct env_conn *conn, enum err_code why)
{
	struct guest *g = ctx;

	(void)conn;
	(void)why;
	g->conn = NULL;
	leave(g);
}

static const struct conn_events events = { .data = got_bytes, .closed = got_closed };

/* ---- arriving ---- */

/* Nobody waits from there and it is long ago: it may be forgotten. */
static void
forget_networks(struct door *d, uint64_t now)
{
	const void *key;
	uint64_t *value;
	size_t at = 0;

	if (now - d->forgot_ns < FORGET_NS) /* or each that comes would have all of them gone through */
		return;
	d->forgot_ns = now;
	while (table_count(d->networks) > NETWORKS_KEPT / 2 && table_next(d->networks, &at, &key, &value)) {
		struct network *n = (struct network *)(uintptr_t)*value;

		if (n->waiting > 0 || now - n->at_ns < (n->friendly ? FRIENDLY_S : 2) * NS_PER_S)
			continue;
		table_del(d->networks, n->key);
		mem_free(n);
	}
}

static struct network *
network_of(struct door *d, const char *from, uint64_t now)
{
	uint8_t key[8];
	struct network *n;
	uint64_t *at;

	door_network(key, from);
	at = table_get(d->networks, key);
	if (at != NULL)
		return (struct network *)(uintptr_t)*at;
	if (table_count(d->networks) >= NETWORKS_KEPT)
		forget_networks(d, now);
	n = mem_zero(1, sizeof(*n));
	at = n != NULL ? table_put(d->networks, key) : NULL;
	if (at == NULL) {
		mem_free(n);
		return NULL;
	}
	memcpy(n->key, key, sizeof(key));
	n->tokens_ns = NS_PER_S;
	n->at_ns = now;
	*at = (uintptr_t)n;
	return n;
}

static bool
too_hasty(struct network *n, uint64_t now)
{
	const uint64_t token = NS_PER_S / DOOR_NETWORK_RATE;

	n->tokens_ns += now - n->at_ns;
	n->at_ns = now;
	if (n->tokens_ns > NS_PER_S)
		n->tokens_ns = NS_PER_S;
	if (n->tokens_ns < token)
		return true;
	n->tokens_ns -= token;
	return false;
}

static void
accepted(void *ctx, struct env_conn *conn, const char *from)
{
	struct door *d = ctx;
	uint64_t now = now_ns(d);
	struct network *n = network_of(d, from != NULL ? from : "", now);
	struct guest *g = NULL;

	d->counts.came++;
	if (n != NULL && too_hasty(n, now))
		d->counts.hasty++;
	else if (n != NULL)
		g = mem_zero(1, sizeof(*g));
	if (g == NULL) {
		d->env->ops->close(d->env, conn);
		return;
	}
	make_room(d, n);
	g->door = d;
	g->conn = conn;
	g->came_ns = now;
	g->network = n;
	(void)snprintf(g->from, sizeof(g->from), "%s", from != NULL ? from : "");
	g->prev = d->last;
	if (d->last != NULL)
		d->last->next = g;
	else
		d->first = g;
	d->last = g;
	n->waiting++;
	d->counts.waiting++;
	arm_watch(d);
	d->env->ops->conn_events(d->env, conn, &events, g);
}

/* ---- life ---- */

struct door *
door_new(struct env *env, size_t guests, bool (*lead)(void *ctx, struct env_conn *conn, const char *from, struct bytes first), void *ctx)
{
	struct door *d = mem_zero(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->env = env;
	d->guests_max = guests > 0 && guests < DOOR_GUESTS_MAX ? guests : DOOR_GUESTS_MAX;
	d->network_max = d->guests_max - d->guests_max / 4;
	d->spare_ns = SPARE_NS;
	d->spare_at = now_ns(d);
	d->lead = lead;
	d->ctx = ctx;
	d->networks = table_new(8);
	d->seen = once_new();
	if (d->networks == NULL || d->seen == NULL) {
		door_free(d);
		return NULL;
	}
	return d;
}

void
door_free(struct door *d)
{
	uint64_t *value;
	size_t at = 0;

	if (d == NULL)
		return;
	for (size_t i = 0; i < d->listener_count; i++)
		d->env->ops->listen_stop(d->env, d->listeners[i]);
	while (d->first != NULL)
		turn_away(d->first);
	if (d->watch != NULL)
		d->env->ops->timer_stop(d->env, d->watch);
	while (d->networks != NULL && table_next(d->networks, &at, NULL, &value))
		mem_free((void *)(uintptr_t)*value);
	table_free(d->networks);
	once_free(d->seen);
	mem_free(d);
}

enum err_code
door_listen(struct door *d, const char *addr, struct err *err)
{
	enum err_code rc;

	if (d->listener_count == DOOR_LISTENERS_MAX)
		return err_set(err, ERR_USAGE, "%s: more than %d addresses to listen on", addr, DOOR_LISTENERS_MAX);
	rc = d->env->ops->listen(d->env, addr, accepted, d, &d->listeners[d->listener_count], err);
	d->web[d->listener_count] = url_is(addr);
	d->listener_count += rc == ERR_OK;
	return rc;
}

static int
port_of(const struct door *d, bool web)
{
	for (size_t i = 0; i < d->listener_count; i++)
		if (d->web[i] == web)
			return d->env->ops->listen_port(d->env, d->listeners[i]);
	return 0;
}

int
door_port(const struct door *d)
{
	return port_of(d, false);
}

int
door_web_port(const struct door *d)
{
	return port_of(d, true);
}

void
door_counts(const struct door *d, struct door_counts *out)
{
	*out = d->counts;
}
