/*
 * The addresses: which are dialled, and when again. A lost link is dialled
 * after a back-off, and a WebSocket waits for TCP to lead nowhere.
 */
#include "peer/meet.h"

#include "link/url.h"
#include "peer/meet_internal.h"

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 60000, WEB_AFTER_MS = 2000, FOUND_MAX = MEET_TARGETS_MAX - 16 };

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

static enum err_code
dial_now(struct target *t, struct err *err)
{
	struct meet *m = t->meet;
	struct link_slot *slot;
	struct peer *p;

	if (m->link_count == MEET_PEERS_MAX)
		return err_set(err, ERR_NETWORK, "%s: %d links are open already", t->addr, MEET_PEERS_MAX);
	p = peer_dial(m->host, t->addr, t->how != MEET_FOUND, err);
	if (p == NULL)
		return err != NULL && err->code != ERR_OK ? err->code : ERR_NO_MEMORY;
	slot = meet_add_link(m, p, t->addr);
	slot->target = t;
	slot->web = t->web;
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
	if (t->met && meet_linked_to(t->meet, &t->device, !t->web)) {
		t->backoff_ms = BACKOFF_MAX_MS;
		not_now(t);
	} else if (dial_now(t, &err) != ERR_OK) {
		not_now(t);
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

void
meet_answered(struct target *t, const struct peer_result *result)
{
	t->waiting = false;
	if (result->code == ERR_OK)
		t->backoff_ms = BACKOFF_FIRST_MS;
	if (result->known) { /* who did not answer is still whom we look for there */
		t->met = true;
		t->device = result->device;
	}
	if (result->code == ERR_OK && !t->web)
		leave_web(t->meet, t);
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

void
meet_lost(struct target *t)
{
	t->waiting = t->linked = false;
	if (t->meet->closing)
		return;
	if (!t->web)
		turn_to_web(t->meet, t);
	if (t->how == MEET_KEEP && t->again == NULL)
		dial_later(t);
}

/* One that was dialled once and is gone may be used again. Beacons can be played back from any number of forged addresses: they take not all. */
static struct target *
free_target(struct meet *m, enum meet_how how)
{
	size_t heard = 0;

	for (size_t i = 0; i < m->target_count; i++) {
		struct target *t = &m->targets[i];

		if (t->how != MEET_KEEP && !t->linked && t->again == NULL)
			return t;
		heard += t->how == MEET_FOUND;
	}
	if (how == MEET_FOUND && heard >= FOUND_MAX)
		return NULL;
	return m->target_count < MEET_TARGETS_MAX ? &m->targets[m->target_count++] : NULL;
}

static struct target *
new_target(struct meet *m, const char *addr, enum meet_how how, struct err *err)
{
	struct target *t = free_target(m, how);

	if (t == NULL) {
		err_set(err, ERR_USAGE, "more than %d peers %s", how == MEET_FOUND ? FOUND_MAX : MEET_TARGETS_MAX, how == MEET_FOUND ? "heard" : "named");
		return NULL;
	}
	*t = (struct target){ .meet = m, .how = how, .backoff_ms = BACKOFF_FIRST_MS, .web = url_is(addr) };
	meet_copy_addr(t->addr, addr);
	return t;
}

enum err_code
meet_dial(struct meet *m, const char *addr, enum meet_how how, struct err *err)
{
	struct target *t = new_target(m, addr, how, err);
	enum err_code rc = t == NULL ? ERR_USAGE : dial_now(t, err);

	if (rc != ERR_OK && t != NULL)
		t->how = MEET_ONCE; /* its place is free again */
	return rc;
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
meet_dial_soon(struct meet *m)
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
}

void
meet_dial_stop(struct meet *m)
{
	struct env *env = m->host->env;

	for (size_t i = 0; i < m->target_count; i++)
		if (m->targets[i].again != NULL)
			env->ops->timer_stop(env, m->targets[i].again);
}
