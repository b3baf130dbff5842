/*
 * A link is owned by its `struct peer`; the meet only remembers which there
 * are and which address each came from, so that a lost one is dialled again.
 */
#include "peer/meet.h"

#include "base/mem.h"
#include "link/once.h"

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 60000 };
#define NS_PER_MS 1000000ull

struct link_slot {
	struct peer *peer;
	struct target *target; /* NULL: accepted */
	char from[MEET_ADDR_BYTES];
	bool ended;            /* its first exchange has been reported */
	uint64_t number;       /* in order of coming */
};

struct target {
	struct meet *meet;
	char addr[MEET_ADDR_BYTES];
	enum meet_how how;
	bool waiting;          /* dialled, first exchange not ended */
	bool linked;           /* a peer of this address lives */
	bool met;              /* and was this device: while it is linked otherwise there is nothing to dial */
	struct device_id device;
	uint32_t backoff_ms;
	struct env_timer *again;
};

struct meet {
	struct peer_host *host;
	struct meet_events events;
	struct env_listener *listener;
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

/* Ends one of two links to a device, on the next turn of the loop: a peer may be reporting from either. */
static void
end_doubles(void *ctx)
{
	struct meet *m = ctx;
	struct device_id a, b;

	m->doubles = NULL;
	for (size_t i = 0; i < m->link_count; i++)
		/* Of two of one kind the other side dialled both, and will see to it; or we did. */
		for (size_t j = 0; j < m->link_count && peer_dialled(m->links[i].peer); j++) {
			struct peer *end;

			if (peer_dialled(m->links[j].peer) || !peer_device(m->links[i].peer, &a) || !peer_device(m->links[j].peer, &b) || !SAME(a, b))
				continue;
			end = stays(m, m->links[i].peer, &a) ? m->links[j].peer : m->links[i].peer;
			peer_close(end);
			i = j = m->link_count; /* the list is another one now; what is left is seen at the next exchange */
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
		slot->target->met = result->known;
		slot->target->device = result->device;
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
	m->links[m->link_count] = (struct link_slot){ .peer = p, .target = t, .number = m->numbers++ };
	copy_addr(m->links[m->link_count++].from, t->addr);
	t->waiting = t->linked = true;
	return ERR_OK;
}

static void
dial_target(void *ctx)
{
	struct target *t = ctx;
	struct err err = ERR_INIT;

	t->again = NULL;
	if (t->met && meet_has_device(t->meet, t->device.b)) {
		t->backoff_ms = BACKOFF_MAX_MS;
		dial_later(t);
	} else if (dial_now(t, &err) != ERR_OK && t->how == MEET_KEEP) {
		dial_later(t);
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
	m->links[m->link_count] = (struct link_slot){ .peer = p, .number = m->numbers++ };
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
	return m->host->env->ops->listen(m->host->env, addr, accepted, m, &m->listener, err);
}

int
meet_port(const struct meet *m)
{
	return m->listener == NULL ? m->port : m->host->env->ops->listen_port(m->host->env, m->listener);
}

void
meet_announce(struct meet *m, int port)
{
	m->port = port;
}

/* One that was dialled once and is gone may be used again. */
static struct target *
free_target(struct meet *m)
{
	for (size_t i = 0; i < m->target_count; i++)
		if (m->targets[i].how != MEET_KEEP && !m->targets[i].linked)
			return &m->targets[i];
	return m->target_count < MEET_TARGETS_MAX ? &m->targets[m->target_count++] : NULL;
}

enum err_code
meet_dial(struct meet *m, const char *addr, enum meet_how how, struct err *err)
{
	struct target *t = free_target(m);

	if (t == NULL)
		return err_set(err, ERR_USAGE, "more than %d peers named", MEET_TARGETS_MAX);
	*t = (struct target){ .meet = m, .how = how, .backoff_ms = BACKOFF_FIRST_MS };
	copy_addr(t->addr, addr);
	return dial_now(t, err);
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
meet_has_device(const struct meet *m, const uint8_t device[8])
{
	struct device_id id;

	for (size_t i = 0; i < m->link_count; i++)
		if (peer_device(m->links[i].peer, &id) && memcmp(id.b, device, 8) == 0)
			return true;
	return false;
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
meet_crowd(struct meet *m, const struct peer *newest, size_t most)
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

void
meet_free(struct meet *m)
{
	struct env *env;

	if (m == NULL)
		return;
	env = m->host->env;
	m->closing = true;
	if (m->listener != NULL)
		env->ops->listen_stop(env, m->listener);
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
