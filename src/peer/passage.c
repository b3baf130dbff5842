/*
 * A passage may be closed from inside its own events: it is freed by leave()
 * alone. The key by which the hub sees a newcomer is drawn here, for one link.
 */
#include "peer/passage.h"

#include "base/mem.h"
#include "crypto/guard.h"
#include "link/relay.h"

#define NS_PER_S 1000000000ull

struct passage {
	struct env *env;
	struct passage_events events;
	void *ctx;
	struct env_conn *conn;
	struct relay *relay;      /* NULL: straight */
	struct env_timer *still;
	bool over;
	unsigned depth;
};

static void
enter(struct passage *p)
{
	p->depth++;
}

/* Nothing may touch p after this. */
static void
leave(struct passage *p)
{
	if (--p->depth > 0 || !p->over)
		return;
	relay_free(p->relay);
	mem_free(p);
}

static void
end(struct passage *p)
{
	p->over = true;
	if (p->still != NULL)
		p->env->ops->timer_stop(p->env, p->still);
	p->still = NULL;
	if (p->conn != NULL)
		p->env->ops->close(p->env, p->conn);
	p->conn = NULL;
}

static void
lost(struct passage *p, enum err_code code, const char *why)
{
	if (p->over)
		return;
	end(p);
	p->events.closed(p->ctx, code, why);
}

static void
say(struct passage *p, enum err_code made, struct buf *out)
{
	if (!p->over && (made != ERR_OK || !buf_ok(out) || (out->len > 0 && p->env->ops->send(p->env, p->conn, buf_bytes(out)) != ERR_OK)))
		lost(p, ERR_NETWORK, "");
	buf_wipe(out);
}

/* People may take their time with the digits, and what stands between closes a way that nobody uses. */
static void
still_due(void *ctx)
{
	struct passage *p = ctx;
	struct buf out = BUF_INIT;

	enter(p);
	p->still = p->env->ops->timer(p->env, RELAY_STILL_S * NS_PER_S, still_due, p);
	say(p, relay_still(p->relay, &out, NULL), &out);
	leave(p);
}

static void
handle(struct passage *p, enum relay_event what, struct bytes bytes)
{
	switch (what) {
	case RELAY_OPEN:
		p->still = p->env->ops->timer(p->env, RELAY_STILL_S * NS_PER_S, still_due, p);
		p->events.opened(p->ctx);
		return;
	case RELAY_BYTES:
		p->events.data(p->ctx, bytes);
		return;
	case RELAY_REFUSED:
		lost(p, ERR_REFUSED, relay_no_text(relay_reason(p->relay)));
		return;
	case RELAY_MORE:
	case RELAY_OFFERED:
	case RELAY_HELD:
	case RELAY_KNOCKED:
	case RELAY_GONE:
		break; /* an inviter's and a hub's */
	}
}

static void
hear(struct passage *p, struct bytes in)
{
	enum relay_event what = RELAY_OPEN;
	struct buf out = BUF_INIT;
	struct bytes bytes;

	while (!p->over && what != RELAY_MORE) {
		enum err_code rc = relay_receive(p->relay, &in, &out, &what, &bytes, NULL);

		say(p, rc, &out);
		if (!p->over)
			handle(p, what, bytes);
	}
	buf_wipe(&out);
}

static void
on_opened(void *ctx, struct env_conn *conn)
{
	struct passage *p = ctx;
	struct buf out = BUF_INIT;

	(void)conn;
	enter(p);
	if (p->relay != NULL)
		say(p, relay_start(p->relay, &out, NULL), &out);
	else
		p->events.opened(p->ctx);
	leave(p);
}

static void
on_data(void *ctx, struct env_conn *conn, const uint8_t *bytes, size_t n)
{
	struct passage *p = ctx;

	(void)conn;
	enter(p);
	if (p->relay != NULL)
		hear(p, BYTES(bytes, n));
	else
		p->events.data(p->ctx, BYTES(bytes, n));
	leave(p);
}

static void
on_closed(void *ctx, struct env_conn *conn, enum err_code why)
{
	struct passage *p = ctx;
	const char *text = why != ERR_OK ? env_trouble(p->env, conn, why) : "";

	enter(p);
	p->conn = NULL;
	lost(p, why, text);
	leave(p);
}

static const struct conn_events events = { .opened = on_opened, .data = on_data, .closed = on_closed };

static enum err_code
make_relay(struct passage *p, const uint8_t *secret, struct err *err)
{
	uint8_t keys[2][32], psk[32];

	env_random(p->env, keys, sizeof(keys));
	relay_join_psk(psk, secret);
	p->relay = relay_new(RELAY_NEWCOMER, keys[0], keys[1], psk);
	wipe(keys, sizeof(keys));
	wipe(psk, sizeof(psk));
	return p->relay != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

enum err_code
passage_dial(struct env *env, const char *addr, const uint8_t *secret, const struct passage_events *ev, void *ctx, struct passage **out,
             struct err *err)
{
	struct passage *p = mem_zero(1, sizeof(*p));
	enum err_code rc = p == NULL ? err_plain(err, ERR_NO_MEMORY) : ERR_OK;

	*out = NULL;
	if (rc != ERR_OK)
		return rc;
	p->env = env;
	p->events = *ev;
	p->ctx = ctx;
	if (secret != NULL)
		rc = make_relay(p, secret, err);
	if (rc == ERR_OK)
		rc = env->ops->dial(env, addr, &events, p, &p->conn, err);
	if (rc == ERR_OK) {
		*out = p;
		return ERR_OK;
	}
	relay_free(p->relay);
	mem_free(p);
	return rc;
}

enum err_code
passage_send(struct passage *p, struct bytes bytes)
{
	struct buf out = BUF_INIT;
	enum err_code rc;

	if (p->conn == NULL)
		return ERR_NETWORK;
	if (p->relay == NULL)
		return p->env->ops->send(p->env, p->conn, bytes);
	rc = relay_bytes(p->relay, bytes, &out, NULL);
	if (rc == ERR_OK && !buf_ok(&out))
		rc = ERR_NO_MEMORY;
	if (rc == ERR_OK)
		rc = p->env->ops->send(p->env, p->conn, buf_bytes(&out));
	buf_wipe(&out);
	return rc;
}

void
passage_close(struct passage *p)
{
	if (p == NULL)
		return;
	enter(p);
	end(p);
	leave(p);
}
