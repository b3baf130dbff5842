/*
 * A beacon every two seconds for each open invitation, so that a newcomer who
 * has typed the 26 characters alone finds its way. Spec: proto/discovery.md, 4.
 */
#include "base/mem.h"
#include "crypto/guard.h"
#include "link/beacon.h"
#include "node/invite_internal.h"

enum { EVERY_S = 2 };

static void
send_one(const struct invite *inv)
{
	struct env *env = inv->node->env;
	struct beacon b = { .port = (uint16_t)env->ops->listen_port(env, inv->listener) };
	uint8_t key[BEACON_KEY_BYTES], nonce[BEACON_NONCE_BYTES];
	struct buf out = BUF_INIT;

	memcpy(b.device, inv->code.key, sizeof(b.device));
	beacon_join_key(key, inv->code.secret);
	env_random(env, b.instance, sizeof(b.instance));
	env_random(env, nonce, sizeof(nonce));
	if (beacon_seal(&out, &b, key, nonce))
		env->ops->cast_send(env, inv->node->invites->cast, buf_bytes(&out));
	wipe(key, sizeof(key));
	buf_free(&out);
}

static void
herald_due(void *ctx)
{
	struct invites *all = ctx;
	struct env *env = all->node->env;

	for (size_t i = 0; i < all->count; i++)
		if (all->list[i]->listener != NULL)
			send_one(all->list[i]);
	all->herald = env->ops->timer(env, EVERY_S * NS_PER_S, herald_due, all);
}

/* We only speak. */
static void
heard(void *ctx, const char *from, struct bytes datagram)
{
	(void)ctx;
	(void)from;
	(void)datagram;
}

static void
changed(void *ctx)
{
	(void)ctx; /* in two seconds at most the new network hears us too */
}

void
herald_start(struct invites *all)
{
	static const struct cast_events events = { heard, changed };
	struct env *env = all->node->env;
	struct err err = ERR_INIT;

	if (all->cast != NULL)
		return;
	if (env->ops->cast_open(env, &events, all, &all->cast, &err) != ERR_OK) {
		env_logf(env, "inviting: %s", err.text); /* the whole code, with its address, still works */
		return;
	}
	all->herald = env->ops->timer(env, 0, herald_due, all);
}

void
herald_stop(struct invites *all)
{
	struct env *env = all->node->env;

	if (all->herald != NULL)
		env->ops->timer_stop(env, all->herald);
	if (all->cast != NULL)
		env->ops->cast_close(env, all->cast);
	all->herald = NULL;
	all->cast = NULL;
}
