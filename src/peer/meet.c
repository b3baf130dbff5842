/*
 * The life of a meet: where it listens, what it does when a peer reports and
 * goes, and how it ends.
 */
#include "peer/meet.h"

#include "base/mem.h"
#include "link/once.h"
#include "link/url.h"
#include "peer/meet_internal.h"

enum { STRANGERS_MAX = MEET_PEERS_MAX / 2 };
#define LISTEN_AGAIN_NS (30 * UINT64_C(1000000000))

static void
peer_done(void *ctx, struct peer *p, const struct peer_result *result)
{
	struct meet *m = ctx;
	struct link_slot *slot = meet_link_of(m, p);

	if (m->closing)
		return;
	if (slot != NULL) {
		slot->ended = true;
		if (slot->target != NULL)
			meet_answered(slot->target, result);
		meet_end_doubles(m);
	}
	if (m->events.result != NULL)
		m->events.result(m->events.ctx, result, slot != NULL ? slot->from : "");
}

static void
peer_gone(void *ctx, struct peer *p)
{
	struct meet *m = ctx;
	struct link_slot *slot = meet_link_of(m, p);
	struct target *t;

	if (slot == NULL)
		return;
	t = slot->target;
	*slot = m->links[--m->link_count];
	if (t != NULL)
		meet_lost(t);
}

/*
 * Room for one more. Of those who have come and not finished their handshake the one who came first goes: who speaks at once
 * is not kept out by any number of those who are silent.
 */
static void
make_room(struct meet *m)
{
	struct link_slot *oldest = NULL;
	size_t count = 0;

	for (size_t i = 0; i < m->link_count; i++) {
		struct link_slot *slot = &m->links[i];

		if (peer_dialled(slot->peer) || peer_is_open(slot->peer))
			continue;
		count++;
		if (oldest == NULL || slot->number < oldest->number)
			oldest = slot;
	}
	if (oldest != NULL && (count >= STRANGERS_MAX || m->link_count == MEET_PEERS_MAX))
		peer_close(oldest->peer);
}

void
meet_take(struct meet *m, struct env_conn *conn, const char *from, struct bytes read)
{
	struct err err = ERR_INIT;
	struct peer *p;

	if (!m->closing)
		make_room(m);
	if (m->closing || m->link_count == MEET_PEERS_MAX) {
		m->host->env->ops->close(m->host->env, conn);
		return;
	}
	p = peer_accept(m->host, conn, from, &err);
	if (p == NULL)
		return; /* peer_accept has closed the connection */
	meet_add_link(m, p, from)->web = url_is(from);
	if (read.len > 0)
		peer_feed(p, read);
}

static void
accepted(void *ctx, struct env_conn *conn, const char *from)
{
	struct meet *m = ctx;

	meet_take(m, conn, from, BYTES_NONE);
}

struct meet *
meet_new(struct peer_host *host, const struct meet_events *events)
{
	struct meet *m = mem_zero(1, sizeof(*m));

	if (m == NULL || (host->once = once_new()) == NULL) {
		mem_free(m);
		return NULL;
	}
	m->host = host;
	m->events = *events;
	host->ctx = m;
	host->done = peer_done;
	host->gone = peer_gone;
	return m;
}

enum err_code
meet_listen(struct meet *m, const char *addr, struct err *err)
{
	bool web = url_is(addr);

	if (m->listener_count == MEET_LISTENERS_MAX)
		return err_set(err, ERR_USAGE, "%s: at most %d addresses can be listened at", addr, MEET_LISTENERS_MAX);
	if (m->host->env->ops->listen(m->host->env, addr, accepted, m, &m->listeners[m->listener_count], err) != ERR_OK)
		return err->code;
	m->listener_count++;
	if (web && m->web_port_of == 0)
		m->web_port_of = m->listener_count;
	if (!web && m->port_of == 0)
		m->port_of = m->listener_count;
	return ERR_OK;
}

static void
listen_again(void *ctx)
{
	struct meet *m = ctx;
	struct env *env = m->host->env;

	m->listen = NULL;
	for (size_t i = m->unheard_count; i-- > 0;) {
		struct unheard *u = &m->unheard[i];

		if (meet_listen(m, u->addr, &u->why) != ERR_OK)
			continue;
		env_logf(env, "listening on %s now", u->addr);
		*u = m->unheard[--m->unheard_count];
	}
	if (m->unheard_count > 0)
		m->listen = env->ops->timer(env, LISTEN_AGAIN_NS, listen_again, m);
}

void
meet_listen_patiently(struct meet *m, const char *addr)
{
	struct env *env = m->host->env;
	struct unheard *u = &m->unheard[m->unheard_count];
	struct err err = ERR_INIT;

	if (meet_listen(m, addr, &err) == ERR_OK)
		return;
	env_logf(env, "%s", err.text);
	if (m->unheard_count == MEET_LISTENERS_MAX)
		return;
	m->unheard_count++;
	u->why = err;
	meet_copy_addr(u->addr, addr);
	if (m->listen == NULL)
		m->listen = env->ops->timer(env, LISTEN_AGAIN_NS, listen_again, m);
}

const char *
meet_unheard(const struct meet *m)
{
	return m->unheard_count == 0 ? NULL : m->unheard[0].why.text;
}

static int
port_at(const struct meet *m, size_t which)
{
	return which == 0 ? 0 : m->host->env->ops->listen_port(m->host->env, m->listeners[which - 1]);
}

int
meet_port(const struct meet *m)
{
	return m->listener_count == 0 ? m->port : port_at(m, m->port_of);
}

void
meet_announce(struct meet *m, int port)
{
	m->port = port;
}

int
meet_web_port(const struct meet *m)
{
	return port_at(m, m->web_port_of);
}

static void
notify_all(void *ctx)
{
	struct meet *m = ctx;

	m->notify = NULL;
	/* From the end: a peer that cannot take more may go, and the last one takes its slot. */
	for (size_t i = m->link_count; i-- > 0;)
		if (i < m->link_count)
			peer_notify(m->links[i].peer);
}

void
meet_notify(struct meet *m)
{
	/* On the next turn: the news often comes from within a peer that is still taking it in. */
	if (m->notify == NULL && m->link_count > 0)
		m->notify = m->host->env->ops->timer(m->host->env, 0, notify_all, m);
}

size_t
meet_busy(const struct meet *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->target_count; i++)
		n += m->targets[i].waiting;
	for (size_t i = 0; i < m->link_count; i++)
		n += m->links[i].target == NULL && !m->links[i].ended;
	return n;
}

void
meet_wake(struct meet *m)
{
	meet_dial_soon(m);
	for (size_t i = m->link_count; i-- > 0;)
		if (i < m->link_count)
			peer_probe(m->links[i].peer);
}

static void
hang_up(void *ctx)
{
	struct meet *m = ctx;

	m->hang_up = NULL;
	for (size_t i = m->link_count; i-- > 0;)
		if (i < m->link_count)
			peer_close(m->links[i].peer);
}

void
meet_hang_up(struct meet *m)
{
	if (m->hang_up == NULL && m->link_count > 0)
		m->hang_up = m->host->env->ops->timer(m->host->env, 0, hang_up, m);
}

void
meet_free(struct meet *m)
{
	struct env *env;

	if (m == NULL)
		return;
	env = m->host->env;
	m->closing = true;
	for (size_t i = 0; i < m->listener_count; i++)
		env->ops->listen_stop(env, m->listeners[i]);
	if (m->listen != NULL)
		env->ops->timer_stop(env, m->listen);
	if (m->notify != NULL)
		env->ops->timer_stop(env, m->notify);
	if (m->hang_up != NULL)
		env->ops->timer_stop(env, m->hang_up);
	if (m->doubles != NULL)
		env->ops->timer_stop(env, m->doubles);
	meet_dial_stop(m);
	while (m->link_count > 0) {
		size_t before = m->link_count;

		peer_close(m->links[before - 1].peer);
		if (m->link_count == before)
			m->link_count--; /* it goes later: by then we are no longer asked */
	}
	m->host->done = NULL;
	m->host->gone = NULL;
	m->host->ctx = NULL;
	once_free(m->host->once); /* peers that linger are past their handshake, or closed */
	m->host->once = NULL;
	mem_free(m);
}
