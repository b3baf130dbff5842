/*
 * A sight is somebody heard. It is judged when it is heard and, when the
 * other side is to dial, once more a moment later; what may be done
 * with it depends on the links there are then, never on what was tried.
 */
#include "peer/seek.h"

#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "link/beacon.h"
#include "peer/wake.h"

#define NS_PER_MS 1000000ull

enum {
	SIGHTS_MAX = 64,
	FORGET_MS = 120000,
	DIAL_AGAIN_MS = 10000,
	YIELD_MS = 300,          /* the side with the larger instance waits once to twice that long for the other */
	BEACON_MS = 30000,       /* and as much again, at most */
};

struct sight {
	char addr[MEET_ADDR_BYTES];
	uint8_t device[8], instance[4];
	uint64_t heard_ns, dialled_ns;
	bool dialled, yielding;
	uint64_t yield_until_ns;
};

struct seek {
	struct peer_host *host;
	struct meet *meet;
	struct env_cast *cast;
	struct env_timer *next_beacon, *judge;
	struct wake *wake;
	unsigned sent;
	uint8_t instance[4];
	struct sight sights[SIGHTS_MAX];
	size_t sight_count;
};

static uint64_t
now_ns(const struct seek *s)
{
	return s->host->env->ops->mono_ns(s->host->env);
}

/* ---- sending ---- */

static void
send_beacon(struct seek *s)
{
	struct env *env = s->host->env;
	struct beacon b = { .port = (uint16_t)meet_port(s->meet) };
	struct device_id self = device_id_of(&s->host->keys->sign_pk);
	uint8_t key[BEACON_KEY_BYTES], nonce[BEACON_NONCE_BYTES], root[32];
	struct buf out = BUF_INIT;

	memcpy(b.device, self.b, sizeof(b.device));
	memcpy(b.instance, s->instance, sizeof(b.instance));
	replica_frontier(s->host->replica, NULL, NULL, root);
	memcpy(b.frontier, root, sizeof(b.frontier));
	for (size_t i = 0; i < peer_host_links(s->host); i++) {
		beacon_key(key, s->host->network[i].n);
		env_random(env, nonce, sizeof(nonce));
		buf_clear(&out);
		if (beacon_seal(&out, &b, key, nonce))
			env->ops->cast_send(env, s->cast, buf_bytes(&out));
	}
	wipe(key, sizeof(key));
	buf_free(&out);
}

/* `ms` to twice as much, evenly drawn. */
static uint64_t
about(const struct seek *s, uint32_t ms)
{
	uint32_t jitter;

	env_random(s->host->env, &jitter, sizeof(jitter));
	return ms + jitter % (ms + 1);
}

/* After 0, 0.3, 1 and 3 seconds, then every 30 to 60. */
static void
beacon_due(void *ctx)
{
	static const uint64_t first[] = { 300, 700, 2000 };
	struct seek *s = ctx;
	struct env *env = s->host->env;
	uint64_t ms;

	send_beacon(s);
	ms = s->sent < COUNT_OF(first) ? first[s->sent] : about(s, BEACON_MS);
	s->sent++;
	s->next_beacon = env->ops->timer(env, ms * NS_PER_MS, beacon_due, s);
}

static void
beacon_now(struct seek *s)
{
	struct env *env = s->host->env;

	if (s->next_beacon != NULL)
		env->ops->timer_stop(env, s->next_beacon);
	s->sent = 0;
	s->next_beacon = env->ops->timer(env, 0, beacon_due, s);
}

/* ---- who is dialled ---- */

static void
dial(struct seek *s, struct sight *who)
{
	struct err err = ERR_INIT;

	who->yielding = false;
	if (who->dialled && now_ns(s) - who->dialled_ns < DIAL_AGAIN_MS * NS_PER_MS)
		return;
	who->dialled = true;
	who->dialled_ns = now_ns(s);
	if (meet_dial(s->meet, who->addr, MEET_FOUND, &err) != ERR_OK)
		env_logf(s->host->env, "%s, heard on the network: %s", who->addr, err.text);
}

/* When the first of those that are waited for is due. */
static void judge(void *ctx);

static void
arm_judge(struct seek *s)
{
	struct env *env = s->host->env;
	uint64_t first = UINT64_MAX, now = now_ns(s);

	for (size_t i = 0; i < s->sight_count; i++)
		if (s->sights[i].yielding && s->sights[i].yield_until_ns < first)
			first = s->sights[i].yield_until_ns;
	if (s->judge == NULL && first != UINT64_MAX)
		s->judge = env->ops->timer(env, first > now ? first - now : 0, judge, s);
}

static void
judge(void *ctx)
{
	struct seek *s = ctx;

	s->judge = NULL;
	for (size_t i = 0; i < s->sight_count; i++) {
		struct sight *who = &s->sights[i];

		if (!who->yielding || who->yield_until_ns > now_ns(s))
			continue;
		who->yielding = false;
		if (!meet_has_device(s->meet, who->device))
			dial(s, who);
	}
	arm_judge(s);
}

/* ---- hearing ---- */

/* The sight of this address; a new one in the place of the one heard longest ago when all are taken. */
static struct sight *
sight_at(struct seek *s, const char *addr)
{
	struct sight *oldest = &s->sights[0];
	size_t keep = 0;

	for (size_t i = 0; i < s->sight_count; i++)
		if (strcmp(s->sights[i].addr, addr) == 0)
			return &s->sights[i];
	for (size_t i = 0; i < s->sight_count; i++)
		if (now_ns(s) - s->sights[i].heard_ns < FORGET_MS * NS_PER_MS)
			s->sights[keep++] = s->sights[i];
	s->sight_count = keep;
	if (s->sight_count < SIGHTS_MAX) {
		oldest = &s->sights[s->sight_count++];
	} else {
		for (size_t i = 1; i < s->sight_count; i++)
			if (s->sights[i].heard_ns < oldest->heard_ns)
				oldest = &s->sights[i];
	}
	*oldest = (struct sight){ .heard_ns = 0 };
	memcpy(oldest->addr, addr, strlen(addr) + 1);
	return oldest;
}

static void
take(struct seek *s, const char *from, const struct beacon *b)
{
	char addr[MEET_ADDR_BYTES];
	struct sight *who;
	bool news;
	int len = snprintf(addr, sizeof(addr), "%s:%u", from, b->port);

	if (len < 0 || (size_t)len >= sizeof(addr) || b->port == 0 || memcmp(b->instance, s->instance, sizeof(s->instance)) == 0)
		return;
	who = sight_at(s, addr);
	news = who->heard_ns == 0 || memcmp(who->instance, b->instance, sizeof(who->instance)) != 0;
	who->heard_ns = now_ns(s);
	memcpy(who->device, b->device, sizeof(who->device));
	memcpy(who->instance, b->instance, sizeof(who->instance));
	if (meet_dials(s->meet, addr))
		return;
	if (meet_has_device(s->meet, b->device)) {
		/* It has moved, or has been started again: its end of the link may be gone, and with it all that would tell us. */
		if (news && meet_link_is_old(s->meet, b->device))
			dial(s, who);
		return;
	}
	if (memcmp(s->instance, b->instance, sizeof(s->instance)) < 0 || meet_port(s->meet) == 0) {
		dial(s, who);
	} else if (!who->yielding) {
		who->yielding = true;
		who->yield_until_ns = now_ns(s) + about(s, YIELD_MS) * NS_PER_MS;
		arm_judge(s);
	}
}

static void
heard(void *ctx, const char *from, struct bytes datagram)
{
	struct seek *s = ctx;
	uint8_t key[BEACON_KEY_BYTES];
	struct beacon b;
	bool ours = false;

	for (size_t i = 0; i < peer_host_links(s->host) && !ours; i++) {
		beacon_key(key, s->host->network[i].n);
		ours = beacon_open(&b, datagram, key);
	}
	wipe(key, sizeof(key));
	if (ours)
		take(s, from, &b);
}

static void
network_changed(void *ctx)
{
	struct seek *s = ctx;

	beacon_now(s);
	meet_wake(s->meet);
}

/* ---- life ---- */

enum err_code
seek_new(struct seek **out, struct peer_host *host, struct meet *meet, struct err *err)
{
	static const struct cast_events events = { heard, network_changed };
	struct env *env = host->env;
	struct seek *s = mem_zero(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	s->host = host;
	s->meet = meet;
	env_random(env, s->instance, sizeof(s->instance));
	if (env->ops->cast_open(env, &events, s, &s->cast, err) != ERR_OK) {
		mem_free(s);
		return err->code;
	}
	s->wake = wake_new(env, network_changed, s);
	beacon_now(s);
	*out = s;
	return ERR_OK;
}

void
seek_free(struct seek *s)
{
	struct env *env;

	if (s == NULL)
		return;
	env = s->host->env;
	env->ops->cast_close(env, s->cast);
	if (s->next_beacon != NULL)
		env->ops->timer_stop(env, s->next_beacon);
	if (s->judge != NULL)
		env->ops->timer_stop(env, s->judge);
	wake_free(s->wake);
	mem_free(s);
}

size_t
seek_heard(const struct seek *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->sight_count; i++)
		n += now_ns(s) - s->sights[i].heard_ns < FORGET_MS * NS_PER_MS;
	return n;
}
