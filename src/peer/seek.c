/*
 * A sight is somebody heard. It is judged when it is heard and, when the
 * other side is to dial, once more three seconds later; what may be done
 * with it depends on the links there are then, never on what was tried.
 */
#include "peer/seek.h"

#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "link/beacon.h"

#define NS_PER_MS 1000000ull

enum {
	SIGHTS_MAX = 64,
	FORGET_MS = 120000,
	DIAL_AGAIN_MS = 10000,
	YIELD_MS = 3000,         /* the side with the larger instance waits that long for the other */
	BEACON_MS = 30000,       /* and as much again, at most */
	CHECK_MS = 10000,        /* between looks at both clocks */
	ASLEEP_MS = 20000,       /* they differ by more: the machine has slept */
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
	struct env_timer *next_beacon, *judge, *check;
	unsigned sent;
	uint8_t instance[4];
	struct sight sights[SIGHTS_MAX];
	size_t sight_count;
	uint64_t mono_ns;
	int64_t wall_ms;
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

/* After 0, 1 and 3 seconds, then every 30 to 60. */
static void
beacon_due(void *ctx)
{
	struct seek *s = ctx;
	struct env *env = s->host->env;
	uint64_t ms = BEACON_MS;
	uint32_t jitter;

	send_beacon(s);
	env_random(env, &jitter, sizeof(jitter));
	if (s->sent < 2)
		ms = s->sent == 0 ? 1000 : 2000;
	else
		ms += jitter % (BEACON_MS + 1);
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
	*oldest = (struct sight){ .yielding = false };
	memcpy(oldest->addr, addr, strlen(addr) + 1);
	return oldest;
}

static void
take(struct seek *s, const char *from, const struct beacon *b)
{
	char addr[MEET_ADDR_BYTES];
	struct sight *who;
	int len = snprintf(addr, sizeof(addr), "%s:%u", from, b->port);

	if (len < 0 || (size_t)len >= sizeof(addr) || b->port == 0 || memcmp(b->instance, s->instance, sizeof(s->instance)) == 0)
		return;
	who = sight_at(s, addr);
	who->heard_ns = now_ns(s);
	memcpy(who->device, b->device, sizeof(who->device));
	memcpy(who->instance, b->instance, sizeof(who->instance));
	if (meet_has_device(s->meet, b->device) || meet_dials(s->meet, addr))
		return;
	if (memcmp(s->instance, b->instance, sizeof(s->instance)) < 0 || meet_port(s->meet) == 0) {
		dial(s, who);
	} else if (!who->yielding) {
		who->yielding = true;
		who->yield_until_ns = now_ns(s) + YIELD_MS * NS_PER_MS;
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

/* A machine that sleeps stops one of the clocks only. */
static void
check_clocks(void *ctx)
{
	struct seek *s = ctx;
	struct env *env = s->host->env;
	uint64_t mono = env->ops->mono_ns(env);
	int64_t wall = env->ops->wall_ms(env), passed = (int64_t)((mono - s->mono_ns) / NS_PER_MS);

	if (wall - s->wall_ms - passed > ASLEEP_MS)
		network_changed(s);
	s->mono_ns = mono;
	s->wall_ms = wall;
	s->check = env->ops->timer(env, CHECK_MS * NS_PER_MS, check_clocks, s);
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
	s->mono_ns = now_ns(s);
	s->wall_ms = env->ops->wall_ms(env);
	s->check = env->ops->timer(env, CHECK_MS * NS_PER_MS, check_clocks, s);
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
	if (s->check != NULL)
		env->ops->timer_stop(env, s->check);
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
