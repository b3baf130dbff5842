/*
 * A link is owned by its `struct peer`; the meet only remembers which there
 * are and which address each came from, so that a lost one is dialled again.
 */
#include "peer/meet.h"

#include "base/mem.h"
#include "link/once.h"
#include "link/url.h"

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 60000, WEB_AFTER_MS = 2000, SAME_TIME_MS = 10000 };
#define NS_PER_MS 1000000ull

struct link_slot {
	struct peer *peer;
	struct target *target; /* NULL: accepted */
	char from[MEET_ADDR_BYTES];
	bool web;
	bool ended;            /* its first exchange has been reported */
	uint64_t number;       /* in order of coming */
	uint64_t since_ns;
};

struct target {
	struct meet *meet;
	char addr[MEET_ADDR_BYTES];
	enum meet_how how;
	bool web;              /* a WebSocket: dialled when TCP leads nowhere */
	bool waiting;          /* dialled, or about to be, and first exchange not ended */
	bool linked;           /* a peer of this address lives */
	bool met;              /* and was this device: while it is linked otherwise there is nothing to dial */
	struct device_id device;
	uint32_t backoff_ms;
	struct env_timer *again;
};

struct meet {
	struct peer_host *host;
	struct meet_events events;
	struct env_listener *listeners[MEET_LISTENERS_MAX];
	size_t listener_count;
	size_t port_of, web_port_of; /* which of them, counted from 1; 0: none */
	struct link_slot links[MEET_PEERS_MAX];
	size_t link_count;
	struct target targets[MEET_TARGETS_MAX];
	size_t target_count;
	uint64_t numbers;
	int port;              /* where somebody else listens for us; 0: nobody */
	struct env_timer *hang_up;
	struct env_timer *notify; /* set: peers will be told on the next turn of the loop */
	struct env_timer *doubles;
	bool closing;
};

static struct link_slot *
slot_of(struct meet *m, const struct peer *p)
{
	for (size_t i = 0; i < m->link_count; i++)
		if (m->links[i].peer == p)
			return &m->links[i];
	return NULL;
}

static void
copy_addr(char out[MEET_ADDR_BYTES], const char *addr)
{
	size_t n = strlen(addr);

	if (n >= MEET_ADDR_BYTES)
		n = MEET_ADDR_BYTES - 1;
	memcpy(out, addr, n);
	out[n] = '\0';
}

/* Both ends come to the same answer: the link that the smaller id has dialled stays. */
static bool
stays(const struct meet *m, const struct peer *p, const struct device_id *other)
{
	struct device_id self = device_id_of(&m->host->keys->sign_pk);

	return peer_dialled(p) == (memcmp(self.b, other->b, sizeof(self.b)) < 0);
}

/* Which of the two is ended; NULL when it is the other side's affair, who dialled twice. */
static struct peer *
worse_of(const struct meet *m, const struct link_slot *a, const struct link_slot *b, const struct device_id *other)
{
	if (a->web != b->web)
		return a->web ? a->peer : b->peer;
	if (peer_dialled(a->peer) == peer_dialled(b->peer))
		return NULL;
	/* Who has a link does not dial: for one side the older is dead, and only the younger is known to live. */
	if (a->since_ns + SAME_TIME_MS * NS_PER_MS < b->since_ns)
		return a->peer;
	if (b->since_ns + SAME_TIME_MS * NS_PER_MS < a->since_ns)
		return b->peer;
	return stays(m, a->peer, other) ? b->peer : a->peer;
}

/* Ends one of two links to a device, on the next turn of the loop: a peer may be reporting from either. */
static void
end_doubles(void *ctx)
{
	struct meet *m = ctx;
	struct device_id a, b;

	m->doubles = NULL;
	for (size_t i = 0; i < m->link_count; i++)
		/* Of two that were accepted the other side dialled both, and will see to it: a hub has thousands. */
		for (size_t j = 0; j < m->link_count && peer_dialled(m->links[i].peer); j++) {
			struct peer *end;

			if (j == i || !peer_device(m->links[i].peer, &a) || !peer_device(m->links[j].peer, &b) || !SAME(a, b))
				continue;
			end = worse_of(m, &m->links[i], &m->links[j], &a);
			if (end == NULL)
				continue;
			peer_close(end);
			i = j = m->link_count; /* the list is another one now; what is left is seen at the next exchange */
		}
}

/* TCP has led to that device: a WebSocket that was to be dialled once need not be. */
static void
leave_web(struct meet *m, const struct target *tcp)
{
	for (size_t i = 0; i < m->target_count; i++) {
		struct target *t = &m->targets[i];

		if (!t->web || t->how == MEET_KEEP || t->again == NULL || !tcp->met || !SAME(t->device, tcp->device))
			continue;
		m->host->env->ops->timer_stop(m->host->env, t->again);
		t->again = NULL;
		t->waiting = false;
	}
}

static void
note_met(struct meet *m, struct link_slot *slot, const struct peer_result *result)
{
	struct env *env = m->host->env;

	slot->ended = true;
	if (slot->target != NULL) {
		slot->target->waiting = false;
		if (result->code == ERR_OK)
			slot->target->backoff_ms = BACKOFF_FIRST_MS;
		if (result->known) { /* who did not answer is still whom we look for there */
			slot->target->met = true;
			slot->target->device = result->device;
		}
		if (result->code == ERR_OK && !slot->web)
			leave_web(m, slot->target);
	}
	if (m->doubles == NULL && m->link_count > 1)
		m->doubles = env->ops->timer(env, 0, end_doubles, m);
}

static void
peer_done(void *ctx, struct peer *p, const struct peer_result *result)
{
	struct meet *m = ctx;
	struct link_slot *slot = slot_of(m, p);

	if (m->closing)
		return;
	if (slot != NULL)
		note_met(m, slot, result);
	if (m->events.result != NULL)
		m->events.result(m->events.ctx, result, slot != NULL ? slot->from : "");
}

static void dial_target(void *ctx);

/* Half to all of the back-off, so that a hub that restarts is not met by everyone at once. */
static void
dial_later(struct target *t)
{
	struct env *env = t->meet->host->env;
	uint32_t jitter;

	env_random(env, &jitter, sizeof(jitter));
	t->again = env->ops->timer(env, (t->backoff_ms / 2 + jitter % (t->backoff_ms / 2 + 1)) * NS_PER_MS,
	                           dial_target, t);
	t->backoff_ms = t->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : t->backoff_ms * 2;
}

/* Is there a link to that device: of TCP, or of either way? */
static bool
linked_to(const struct meet *m, const struct device_id *device, bool by_tcp)
{
	struct device_id id;

	for (size_t i = 0; i < m->link_count; i++)
		if (!(by_tcp && m->links[i].web) && peer_device(m->links[i].peer, &id) && SAME(id, *device))
			return true;
	return false;
}

/* TCP does not lead to that device, or no longer does: it is the WebSocket's turn. */
static void
turn_to_web(struct meet *m, const struct target *tcp)
{
	struct env *env = m->host->env;

	for (size_t i = 0; i < m->target_count; i++) {
		struct target *t = &m->targets[i];

		if (!t->web || t->again == NULL || !t->met || !tcp->met || !SAME(t->device, tcp->device))
			continue;
		t->backoff_ms = BACKOFF_FIRST_MS;
		env->ops->timer_stop(env, t->again);
		t->again = env->ops->timer(env, 0, dial_target, t);
	}
}

static void
peer_gone(void *ctx, struct peer *p)
{
	struct meet *m = ctx;
	struct link_slot *slot = slot_of(m, p);
	struct target *t;

	if (slot == NULL)
		return;
	t = slot->target;
	*slot = m->links[--m->link_count];
	if (t != NULL)
		t->waiting = t->linked = false;
	if (t == NULL || m->closing)
		return;
	if (!t->web)
		turn_to_web(m, t);
	if (t->how == MEET_KEEP && t->again == NULL)
		dial_later(t);
}

static enum err_code
dial_now(struct target *t, struct err *err)
{
	struct meet *m = t->meet;
	struct peer *p;

	if (m->link_count == MEET_PEERS_MAX)
		return err_set(err, ERR_NETWORK, "%s: %d links are open already", t->addr, MEET_PEERS_MAX);
	/* The slot is taken first: peer_dial may already report a result. */
	p = peer_dial(m->host, t->addr, t->how != MEET_FOUND, err);
	if (p == NULL)
		return err != NULL && err->code != ERR_OK ? err->code : ERR_NO_MEMORY;
	m->links[m->link_count] = (struct link_slot){ .peer = p, .target = t, .web = t->web, .number = m->numbers++, .since_ns = m->host->env->ops->mono_ns(m->host->env) };
	copy_addr(m->links[m->link_count++].from, t->addr);
	t->waiting = t->linked = true;
	return ERR_OK;
}

static void
not_now(struct target *t)
{
	t->waiting = false;
	if (t->how == MEET_KEEP)
		dial_later(t);
}

static void
dial_target(void *ctx)
{
	struct target *t = ctx;
	struct err err = ERR_INIT;

	t->again = NULL;
	if (t->met && linked_to(t->meet, &t->device, !t->web)) {
		t->backoff_ms = BACKOFF_MAX_MS;
		not_now(t);
	} else if (dial_now(t, &err) != ERR_OK) {
		not_now(t);
	}
}

void
meet_take(struct meet *m, struct env_conn *conn, const char *from, struct bytes read)
{
	struct err err = ERR_INIT;
	struct peer *p;

	if (m->closing || m->link_count == MEET_PEERS_MAX) {
		m->host->env->ops->close(m->host->env, conn);
		return;
	}
	p = peer_accept(m->host, conn, from, &err);
	if (p == NULL)
		return; /* peer_accept has closed the connection */
	m->links[m->link_count] = (struct link_slot){ .peer = p, .web = url_is(from), .number = m->numbers++, .since_ns = m->host->env->ops->mono_ns(m->host->env) };
	copy_addr(m->links[m->link_count++].from, from);
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

/* One that was dialled once and is gone may be used again. */
static struct target *
free_target(struct meet *m)
{
	for (size_t i = 0; i < m->target_count; i++)
		if (m->targets[i].how != MEET_KEEP && !m->targets[i].linked && m->targets[i].again == NULL)
			return &m->targets[i];
	return m->target_count < MEET_TARGETS_MAX ? &m->targets[m->target_count++] : NULL;
}

static struct target *
new_target(struct meet *m, const char *addr, enum meet_how how, struct err *err)
{
	struct target *t = free_target(m);

	if (t == NULL) {
		err_set(err, ERR_USAGE, "more than %d peers named", MEET_TARGETS_MAX);
		return NULL;
	}
	*t = (struct target){ .meet = m, .how = how, .backoff_ms = BACKOFF_FIRST_MS, .web = url_is(addr) };
	copy_addr(t->addr, addr);
	return t;
}

enum err_code
meet_dial(struct meet *m, const char *addr, enum meet_how how, struct err *err)
{
	struct target *t = new_target(m, addr, how, err);

	return t == NULL ? ERR_USAGE : dial_now(t, err);
}

static struct target *
known_target(struct meet *m, const struct device_id *device, const char *addr, enum meet_how how, struct err *err)
{
	struct target *t = *addr == '\0' || meet_dials(m, addr) ? NULL : new_target(m, addr, how, err);

	if (t != NULL) {
		t->met = true;
		t->device = *device;
	}
	return t;
}

enum err_code
meet_dial_known(struct meet *m, const struct device_id *device, const char *addr, const char *web, enum meet_how how, struct err *err)
{
	struct env *env = m->host->env;
	struct err ignored = ERR_INIT;
	struct target *t = known_target(m, device, addr, how, err), *second;
	bool first = t != NULL && dial_now(t, err) == ERR_OK;

	second = known_target(m, device, web, how, err);
	if (second == NULL)
		return first ? ERR_OK : err->code != ERR_OK ? err->code : err_set(err, ERR_UNKNOWN, "no address is known");
	if (!first)
		return dial_now(second, err);
	second->waiting = true;
	second->again = env->ops->timer(env, WEB_AFTER_MS * NS_PER_MS, dial_target, second);
	return second->again != NULL ? ERR_OK : dial_now(second, &ignored);
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

bool
meet_is_linked(const struct meet *m, const uint8_t device[8], bool web)
{
	struct device_id id;

	for (size_t i = 0; i < m->link_count; i++)
		if (m->links[i].web == web && peer_device(m->links[i].peer, &id) && memcmp(id.b, device, 8) == 0)
			return true;
	return false;
}

bool
meet_has_device(const struct meet *m, const uint8_t device[8])
{
	return meet_is_linked(m, device, false);
}

bool
meet_link_is_old(const struct meet *m, const uint8_t device[8])
{
	uint64_t now = m->host->env->ops->mono_ns(m->host->env);
	struct device_id id;
	bool old = false;

	for (size_t i = 0; i < m->link_count; i++) {
		if (m->links[i].web || !peer_device(m->links[i].peer, &id) || memcmp(id.b, device, 8) != 0)
			continue;
		old = m->links[i].since_ns + SAME_TIME_MS * NS_PER_MS < now;
		if (!old)
			return false;
	}
	return old;
}

bool
meet_dials(const struct meet *m, const char *addr)
{
	for (size_t i = 0; i < m->target_count; i++)
		if (m->targets[i].linked && strcmp(m->targets[i].addr, addr) == 0)
			return true;
	return false;
}

void
meet_forget(struct meet *m, const char *addr)
{
	for (size_t i = 0; i < m->target_count; i++) {
		struct target *t = &m->targets[i];

		if (strcmp(t->addr, addr) != 0)
			continue;
		t->how = MEET_FOUND;
		if (t->again != NULL)
			m->host->env->ops->timer_stop(m->host->env, t->again);
		t->again = NULL;
	}
}

void
meet_wake(struct meet *m)
{
	struct env *env = m->host->env;

	for (size_t i = 0; i < m->target_count; i++) {
		struct target *t = &m->targets[i];

		t->backoff_ms = BACKOFF_FIRST_MS;
		if (t->again == NULL)
			continue;
		env->ops->timer_stop(env, t->again);
		t->again = env->ops->timer(env, 0, dial_target, t);
	}
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
meet_crowd(struct meet *m, struct peer *newest, size_t most)
{
	struct device_id wanted, id;
	struct peer *oldest = NULL;
	uint64_t number = UINT64_MAX;
	size_t count = 0;

	if (!peer_device(newest, &wanted))
		return;
	for (size_t i = 0; i < m->link_count; i++) {
		if (!peer_device(m->links[i].peer, &id) || !SAME(id, wanted))
			continue;
		count++;
		if (m->links[i].number < number && m->links[i].peer != newest) {
			number = m->links[i].number;
			oldest = m->links[i].peer;
		}
	}
	if (count > most && oldest != NULL)
		peer_close(oldest);
}

size_t
meet_links(const struct meet *m)
{
	return m->link_count;
}

size_t
meet_results(const struct meet *m, struct peer_result *out, size_t max)
{
	size_t n = 0;

	for (; n < m->link_count && n < max; n++)
		peer_so_far(m->links[n].peer, &out[n]);
	return n;
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
	if (m->notify != NULL)
		env->ops->timer_stop(env, m->notify);
	if (m->hang_up != NULL)
		env->ops->timer_stop(env, m->hang_up);
	if (m->doubles != NULL)
		env->ops->timer_stop(env, m->doubles);
	for (size_t i = 0; i < m->target_count; i++)
		if (m->targets[i].again != NULL)
			env->ops->timer_stop(env, m->targets[i].again);
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
