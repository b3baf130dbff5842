/* A peer's deadlines: the handshake, silence, and the sign of life of a link that stays. */
#include "peer/peer_internal.h"

enum {
	KEEPALIVE_MS = 60000,       /* of a live link */
	LIVE_SILENCE_MS = 180000,
	FLOOR_BYTES = 256,          /* a minute, in the middle of an exchange: a frame */
	FLOOR_TAKEN = 4096,         /* a minute, of what waits to be sent */
};

void
peer_keep_alive(struct peer *p)
{
	struct buf message = BUF_INIT;

	message_encode(&message, &(struct message){ MSG_CREDIT, { .credit = 0 } });
	if (!buf_ok(&message) || link_send(p->link, buf_bytes(&message), &p->out, NULL) != ERR_OK)
		peer_finish(p, ERR_NO_MEMORY, err_meaning(ERR_NO_MEMORY));
	buf_free(&message);
	peer_flush(p);
}

static void watch_fired(void *ctx);

void
peer_arm_watch(struct peer *p, uint64_t ms)
{
	struct env *env = p->host->env;

	if (p->watch != NULL)
		env->ops->timer_stop(env, p->watch);
	p->watch = env->ops->timer(env, ms * NS_PER_MS, watch_fired, p);
}

/* Who drips bytes, or takes them by drops, would hold a place and a queue for ever. */
static bool
below_floor(struct peer *p)
{
	uint64_t now = peer_now_ns(p), heard = p->result.bytes_received, waiting = p->conn != NULL ? p->host->env->ops->unsent(p->host->env, p->conn) : 0;
	uint64_t taken = p->result.bytes_sent - (waiting < p->result.bytes_sent ? waiting : p->result.bytes_sent);
	bool drips = !p->reported && heard - p->floor_heard + (taken - p->floor_taken) < FLOOR_BYTES;
	bool sips = p->waited && waiting > 0 && taken - p->floor_taken < FLOOR_TAKEN;

	if (now - p->floor_ns < SILENCE_MS * NS_PER_MS)
		return false;
	p->floor_ns = now;
	p->floor_heard = heard;
	p->floor_taken = taken;
	p->waited = waiting > 0;
	return drips || sips;
}

static void
watch_fired(void *ctx)
{
	struct peer *p = ctx;
	uint64_t silent = (peer_now_ns(p) - p->heard_ns) / NS_PER_MS;

	p->watch = NULL;
	peer_enter(p);
	if (!p->open)
		peer_finish(p, ERR_TIMEOUT, "no handshake within ten seconds");
	else if (silent >= (p->reported ? LIVE_SILENCE_MS : SILENCE_MS))
		peer_finish(p, ERR_TIMEOUT, "the other side has fallen silent");
	else if (below_floor(p))
		peer_finish(p, ERR_TIMEOUT, "the other side is too slow");
	else if (p->reported || p->initiator || p->addressed)
		peer_keep_alive(p); /* in the middle of an exchange too: the other side may have so much on its way that it hears no CREDIT for long */
	if (!p->dead)
		peer_arm_watch(p, p->reported ? KEEPALIVE_MS : SILENCE_MS / 2);
	peer_leave(p);
}
