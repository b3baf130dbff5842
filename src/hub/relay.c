/*
 * A visitor is freed in one place, let_go(), and never while one of its own
 * events is handled (`depth`). Of a pair each names the other; what ends one
 * tells the other through unpair() alone.
 */
#include "hub/relay.h"

#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/frame.h"
#include "link/once.h"
#include "link/relay.h"

#define NS_PER_S 1000000000ull

enum {
	VISITORS_MAX = MEET_PEERS_MAX,
	HANDSHAKES_MAX = 4,           /* of one offer */
	HOUR_S = 3600,
	WATCH_S = 30,
	UNSENT_BYTES_MAX = 1 << 20,
};

struct visitor {
	struct relays *all;
	struct visitor *next;
	struct env_conn *conn;
	char from[MEET_ADDR_BYTES];
	struct relay *relay;
	enum relay_end end;           /* RELAY_DESK or RELAY_DOOR */
	struct visitor *desk;         /* a door's: whose offer it came with */
	struct visitor *other;        /* while paired */
	bool offered, open, dead, paused;
	unsigned depth;
	struct env_timer *watch;
	uint64_t since_ns, heard_ns, carried;
};

struct relays {
	struct peer_host *host;
	struct visitor *list;
	size_t count;
};

static uint64_t
now_ns(const struct relays *all)
{
	return all->host->env->ops->mono_ns(all->host->env);
}

/* ---- ends ---- */

static void visitor_end(struct visitor *v);

static void
let_go(struct visitor *v)
{
	relay_free(v->relay);
	wipe(v, sizeof(*v));
	mem_free(v);
}

static void
enter(struct visitor *v)
{
	v->depth++;
}

/* Nothing may touch v after this. */
static void
leave(struct visitor *v)
{
	if (--v->depth == 0 && v->dead)
		let_go(v);
}

static void
say(struct visitor *v, enum err_code made, struct buf *out)
{
	struct env *env = v->all->host->env;

	if (!v->dead && (made != ERR_OK || !buf_ok(out) || (out->len > 0 && env->ops->send(env, v->conn, buf_bytes(out)) != ERR_OK)))
		visitor_end(v);
	buf_wipe(out);
}

static void
set_paused(struct visitor *v, bool paused)
{
	struct env *env = v->all->host->env;

	if (v->paused == paused || v->conn == NULL)
		return;
	v->paused = paused;
	env->ops->pause(env, v->conn, paused);
}

/* The other of a pair: an inviter is told, a newcomer goes too. */
static void
unpair(struct visitor *v)
{
	struct visitor *o = v->other;
	struct buf out = BUF_INIT;

	if (o == NULL)
		return;
	v->other = o->other = NULL;
	env_logf(v->all->host->env, "a newcomer was led to an inviter: %llu bytes carried", (unsigned long long)(v->carried + o->carried));
	v->carried = o->carried = 0;
	if (o->dead)
		return;
	if (o->end == RELAY_DOOR) {
		visitor_end(o);
		return;
	}
	set_paused(o, false);
	say(o, relay_gone(o->relay, &out, NULL), &out);
}

static void
unlist(struct visitor *v)
{
	struct visitor **at = &v->all->list;

	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	v->all->count--;
}

/* Its connection is its own affair no more. */
static void
forget(struct visitor *v)
{
	struct env *env = v->all->host->env;

	v->dead = true;
	unlist(v);
	if (v->watch != NULL)
		env->ops->timer_stop(env, v->watch);
	v->watch = NULL;
	v->conn = NULL;
}

/* Those who have come with this desk's offer and have not said who they are. */
static void
end_knocking(struct visitor *desk)
{
	struct visitor *v = desk->all->list;

	while (v != NULL) {
		if (v->desk == desk && v->other == NULL) {
			visitor_end(v);
			v = desk->all->list; /* the list is another one now */
		} else {
			v = v->next;
		}
	}
}

static void
visitor_end(struct visitor *v)
{
	struct env *env = v->all->host->env;
	struct env_conn *conn = v->conn;

	if (v->dead)
		return;
	forget(v);
	if (conn != NULL)
		env->ops->close(env, conn);
	unpair(v);
	if (v->end == RELAY_DESK && v->relay != NULL)
		end_knocking(v);
	if (v->depth == 0)
		let_go(v);
}

static void
refuse(struct visitor *v, enum relay_no why)
{
	struct buf out = BUF_INIT;

	if (v->dead)
		return;
	enter(v);
	say(v, relay_refuse(v->relay, why, &out, NULL), &out);
	visitor_end(v);
	leave(v);
}

static void
watch_fired(void *ctx)
{
	struct visitor *v = ctx;
	struct env *env = v->all->host->env;
	uint64_t now = now_ns(v->all);

	v->watch = NULL;
	if (!v->open || now - v->heard_ns >= RELAY_SILENCE_S * NS_PER_S)
		visitor_end(v);
	else if (now - v->since_ns >= HOUR_S * NS_PER_S)
		refuse(v, RELAY_NO_OVER);
	else
		v->watch = env->ops->timer(env, WATCH_S * NS_PER_S, watch_fired, v);
}

/* ---- what an inviter says ---- */

static bool
has_standing(const struct visitor *desk)
{
	const struct org_device *d = org_device_by_noise(replica_org(desk->all->host->replica), relay_remote(desk->relay));

	return d != NULL && !d->gone && d->coordinator;
}

static bool
same_device(const struct visitor *a, const struct visitor *b)
{
	return memcmp(relay_remote(a->relay), relay_remote(b->relay), 32) == 0;
}

/* Another desk with this psk, and how many desks have something on them. */
static struct visitor *
look_round(const struct visitor *desk, size_t *busy)
{
	struct visitor *same = NULL;

	*busy = 0;
	for (struct visitor *o = desk->all->list; o != NULL; o = o->next) {
		if (o == desk || !(o->offered || (o->end == RELAY_DESK && o->other != NULL)))
			continue;
		++*busy;
		if (o->offered && same_secret(relay_psk(o->relay), relay_psk(desk->relay), 32))
			same = o;
	}
	return same;
}

static void
offered(struct visitor *desk)
{
	struct buf out = BUF_INIT;
	struct visitor *same;
	size_t busy;

	same = look_round(desk, &busy);
	if (!has_standing(desk)) {
		refuse(desk, RELAY_NO_STANDING);
		return;
	}
	if ((same != NULL && !same_device(same, desk)) || busy - (same != NULL) >= RELAY_OFFERS_MAX) {
		refuse(desk, RELAY_NO_ROOM);
		return;
	}
	if (same != NULL)
		visitor_end(same);
	desk->offered = true;
	say(desk, relay_held(desk->relay, &out, NULL), &out);
}

/* ---- a newcomer ---- */

static void
door_opened(struct visitor *door)
{
	struct visitor *desk = door->desk;
	struct buf out = BUF_INIT;

	if (!desk->offered) {
		refuse(door, RELAY_NO_BUSY);
		return;
	}
	desk->offered = false;
	if (!has_standing(desk)) {
		refuse(desk, RELAY_NO_STANDING); /* and with it the door goes */
		return;
	}
	desk->other = door;
	door->other = desk;
	say(desk, relay_knock(desk->relay, &out, NULL), &out);
}

/* ---- events ---- */

static void
carry(struct visitor *v, struct bytes bytes)
{
	struct env *env = v->all->host->env;
	struct visitor *to = v->other;
	struct buf out = BUF_INIT;

	if (to == NULL)
		return;
	v->carried += bytes.len;
	enter(to);
	say(to, relay_bytes(to->relay, bytes, &out, NULL), &out);
	if (!to->dead && !v->dead && env->ops->unsent(env, to->conn) > UNSENT_BYTES_MAX)
		set_paused(v, true);
	leave(to);
}

static void
handle(struct visitor *v, enum relay_event what, struct bytes bytes)
{
	struct visitor *door = v->other;

	switch (what) {
	case RELAY_OPEN:
		v->open = true;
		if (v->end == RELAY_DOOR)
			door_opened(v);
		else if (!has_standing(v))
			refuse(v, RELAY_NO_STANDING);
		return;
	case RELAY_OFFERED:
		offered(v);
		return;
	case RELAY_BYTES:
		carry(v, bytes);
		return;
	case RELAY_GONE:
		if (door != NULL)
			visitor_end(door); /* which answers it */
		return;
	case RELAY_MORE:
	case RELAY_HELD:
	case RELAY_KNOCKED:
	case RELAY_REFUSED:
		break; /* an inviter's and a newcomer's */
	}
}

static void
hear(struct visitor *v, struct bytes in)
{
	enum relay_event what = RELAY_OPEN;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct bytes bytes;

	enter(v);
	v->heard_ns = now_ns(v->all);
	while (!v->dead && what != RELAY_MORE) {
		enum err_code rc = relay_receive(v->relay, &in, &out, &what, &bytes, &err);

		if (rc == ERR_TOO_BIG) {
			if (v->other != NULL && v->end == RELAY_DESK)
				refuse(v->other, RELAY_NO_BUDGET);
			refuse(v, RELAY_NO_BUDGET);
		} else if (rc != ERR_OK) {
			visitor_end(v); /* without a word */
		} else {
			say(v, ERR_OK, &out);
			if (!v->dead)
				handle(v, what, bytes);
		}
	}
	buf_wipe(&out);
	leave(v);
}

static void
on_data(void *ctx, struct env_conn *conn, const uint8_t *p, size_t n)
{
	(void)conn;
	hear(ctx, BYTES(p, n));
}

static void
on_drained(void *ctx, struct env_conn *conn)
{
	struct visitor *v = ctx;

	(void)conn;
	if (v->other != NULL)
		set_paused(v->other, false);
}

static void
on_closed(void *ctx, struct env_conn *conn, enum err_code why)
{
	struct visitor *v = ctx;

	(void)conn;
	(void)why;
	v->conn = NULL;
	visitor_end(v);
}

static const struct conn_events events = { .data = on_data, .drained = on_drained, .closed = on_closed };

/* ---- the first 48 bytes ---- */

/* The desk whose offer they open. */
static struct visitor *
which_desk(const struct visitor *v, const uint8_t *first)
{
	struct visitor *desks[RELAY_OFFERS_MAX];
	uint8_t psks[RELAY_OFFERS_MAX][32];
	size_t count = 0, which;

	for (struct visitor *o = v->all->list; o != NULL && count < RELAY_OFFERS_MAX; o = o->next) {
		if (!o->offered)
			continue;
		memcpy(psks[count], relay_psk(o->relay), 32);
		desks[count++] = o;
	}
	which = relay_which(RELAY_DOOR, first, (const uint8_t (*)[32])psks, count);
	wipe(psks, sizeof(psks));
	return which == SIZE_MAX ? NULL : desks[which];
}

/* False: not one of ours, or nobody is at home for it. */
static bool
recognise(struct visitor *v, const uint8_t *first, uint8_t psk[32])
{
	const struct peer_host *host = v->all->host;
	uint8_t psks[KEYSTORE_NETWORK_KEYS][32];
	size_t links = peer_host_links(host), count = links < KEYSTORE_NETWORK_KEYS ? links : KEYSTORE_NETWORK_KEYS, which;

	for (size_t i = 0; i < count; i++)
		link_psk(psks[i], host->network[i].n);
	which = relay_which(RELAY_DESK, first, (const uint8_t (*)[32])psks, count);
	if (which != SIZE_MAX) {
		v->end = RELAY_DESK;
		memcpy(psk, psks[which], 32);
	} else if ((v->desk = which_desk(v, first)) != NULL) {
		v->end = RELAY_DOOR;
		memcpy(psk, relay_psk(v->desk->relay), 32);
	}
	wipe(psks, sizeof(psks));
	return which != SIZE_MAX || v->desk != NULL;
}

static size_t
knocking_at(const struct visitor *desk)
{
	size_t n = 0;

	for (const struct visitor *v = desk->all->list; v != NULL; v = v->next)
		n += v->desk == desk && !v->open;
	return n;
}

static struct relay *
new_relay(const struct visitor *v, const uint8_t psk[32])
{
	const struct device_keys *keys = v->all->host->keys;
	uint8_t fresh[32], e_sk[32], at[8];
	struct relay *r;

	/* Hedged, as for the links of members (proto/sync.md, 1). */
	env_random(v->all->host->env, fresh, sizeof(fresh));
	be64_put(at, now_ns(v->all));
	HC(e_sk, sizeof(e_sk), BYTES(fresh, 32), "fb1/noise/ephemeral", BYTES(keys->noise_sk, 32), BYTES(at, 8));
	r = relay_new(v->end, keys->noise_sk, e_sk, psk);
	wipe(fresh, sizeof(fresh));
	wipe(e_sk, sizeof(e_sk));
	return r;
}

bool
relays_take(struct relays *all, struct env_conn *conn, const char *from, struct bytes first)
{
	struct env *env = all->host->env;
	uint8_t psk[32];
	struct visitor seen = { .all = all }, *v;

	if (!recognise(&seen, first.p, psk))
		return false;
	v = all->count < VISITORS_MAX && (seen.end == RELAY_DESK || knocking_at(seen.desk) < HANDSHAKES_MAX) ? mem_zero(1, sizeof(*v)) : NULL;
	if (v != NULL && !once_first(all->host->once, first.p)) {
		mem_free(v);
		v = NULL;
	}
	if (v != NULL) {
		*v = (struct visitor){ .all = all, .end = seen.end, .desk = seen.desk, .conn = conn, .next = all->list };
		v->since_ns = v->heard_ns = now_ns(all);
		v->relay = new_relay(v, psk);
	}
	wipe(psk, sizeof(psk));
	if (v == NULL || v->relay == NULL) {
		mem_free(v);
		env->ops->close(env, conn);
		return true;
	}
	(void)snprintf(v->from, sizeof(v->from), "%s", from != NULL ? from : "");
	all->list = v;
	all->count++;
	v->watch = env->ops->timer(env, RELAY_HANDSHAKE_S * NS_PER_S, watch_fired, v);
	env->ops->conn_events(env, conn, &events, v);
	hear(v, first);
	return true;
}

/* ---- life ---- */

struct relays *
relays_new(struct peer_host *host)
{
	struct relays *all = mem_zero(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->host = host;
	return all;
}

void
relays_free(struct relays *all)
{
	if (all == NULL)
		return;
	while (all->list != NULL)
		visitor_end(all->list);
	mem_free(all);
}
