/*
 * For each hub of an invitation's code a link on which this device waits for
 * the newcomer that the hub leads to it. A link that is lost is dialled again
 * for as long as the invitation is open. Spec: proto/relay.md.
 *
 * A guest that ends may end the invitation, and with it this ferry, from
 * inside the ferry's own event: so it is freed by leave() alone.
 */
#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/frame.h"
#include "link/relay.h"
#include "node/invite_internal.h"

#include <stdio.h>

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 60000, PEERS_MAX = 64 };
#define NS_PER_MS 1000000ull

struct ferry {
	struct invite *invite;       /* NULL: over */
	struct env *env;
	size_t number;               /* of the code's hubs */
	struct env_conn *conn;
	struct relay *relay;
	struct guest *guest;
	size_t psk;                  /* the network key that is tried */
	bool heard;                  /* any byte on this link */
	uint64_t heard_ns;
	uint32_t backoff_ms;
	struct env_timer *timer;     /* to dial again; or to see whether the link still lives */
	unsigned depth;
};

static void dial(void *ctx);

static void
note(struct ferry *f, bool held, const char *trouble)
{
	struct invite_info *info = &f->invite->info;

	info->hub[f->number].held = held;
	(void)snprintf(info->hub[f->number].trouble, sizeof(info->hub[0].trouble), "%s", trouble);
}

static void
stop_timer(struct ferry *f)
{
	if (f->timer != NULL)
		f->env->ops->timer_stop(f->env, f->timer);
	f->timer = NULL;
}

static void
enter(struct ferry *f)
{
	f->depth++;
}

/* Nothing may touch f after this. */
static void
leave(struct ferry *f)
{
	if (--f->depth > 0 || f->invite != NULL)
		return;
	relay_free(f->relay);
	mem_free(f);
}

/* The link is no more; its guest with it. */
static void
unlink_hub(struct ferry *f)
{
	struct guest *g = f->guest;

	f->guest = NULL;
	stop_timer(f);
	if (f->conn != NULL)
		f->env->ops->close(f->env, f->conn);
	f->conn = NULL;
	if (g != NULL)
		guest_lost(g);
}

/* Half to all of the back-off. */
static void
dial_later(struct ferry *f)
{
	uint32_t jitter;

	if (f->invite == NULL)
		return;
	stop_timer(f);
	env_random(f->env, &jitter, sizeof(jitter));
	f->timer = f->env->ops->timer(f->env, (f->backoff_ms / 2 + jitter % (f->backoff_ms / 2 + 1)) * NS_PER_MS, dial, f);
	f->backoff_ms = f->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : f->backoff_ms * 2;
}

static void
lost(struct ferry *f, const char *why)
{
	if (f->invite == NULL)
		return;
	note(f, false, why);
	unlink_hub(f);
	dial_later(f);
}

static void
say(struct ferry *f, enum err_code made, struct buf *out)
{
	if (f->conn != NULL && (made != ERR_OK || !buf_ok(out) || (out->len > 0 && f->env->ops->send(f->env, f->conn, buf_bytes(out)) != ERR_OK)))
		lost(f, "the hub takes nothing any more");
	buf_wipe(out);
}

/* ---- what the hub says ---- */

static void
offer(struct ferry *f)
{
	struct buf out = BUF_INIT;
	uint8_t psk[32];

	relay_join_psk(psk, f->invite->code.secret);
	say(f, relay_offer(f->relay, psk, &out, NULL), &out);
	wipe(psk, sizeof(psk));
}

/* A hub's device, and not a member who holds the same network key. */
static void
opened(struct ferry *f)
{
	const struct org_device *d = org_device_by_noise(node_org(f->invite->node), relay_remote(f->relay));

	if (d == NULL || d->gone || !d->hub)
		lost(f, "who answers there is no hub of this organisation");
	else
		offer(f);
}

static void
knocked(struct ferry *f)
{
	note(f, true, "");
	f->guest = guest_ferried(f->invite, f);
	if (f->guest == NULL)
		ferry_drop(f);
}

static void
gone(struct ferry *f)
{
	struct guest *g = f->guest;

	f->guest = NULL;
	if (g != NULL)
		guest_lost(g);
	if (f->invite != NULL)
		offer(f);
}

static void
handle(struct ferry *f, enum relay_event what, struct bytes bytes)
{
	switch (what) {
	case RELAY_OPEN:
		opened(f);
		return;
	case RELAY_HELD:
		f->backoff_ms = BACKOFF_FIRST_MS;
		note(f, true, "");
		invite_changed(f->invite->node, &f->invite->info);
		return;
	case RELAY_KNOCKED:
		knocked(f);
		return;
	case RELAY_BYTES:
		if (f->guest != NULL)
			guest_hears(f->guest, bytes);
		return;
	case RELAY_GONE:
		gone(f);
		return;
	case RELAY_REFUSED:
		f->backoff_ms = BACKOFF_MAX_MS;
		lost(f, relay_no_text(relay_reason(f->relay)));
		return;
	case RELAY_MORE:
	case RELAY_OFFERED:
		break;
	}
}

static void
on_data(void *ctx, struct env_conn *conn, const uint8_t *p, size_t n)
{
	struct ferry *f = ctx;
	enum relay_event what = RELAY_OPEN;
	struct bytes in = BYTES(p, n), bytes;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)conn;
	enter(f);
	f->heard = true;
	f->heard_ns = f->env->ops->mono_ns(f->env);
	while (f->conn != NULL && what != RELAY_MORE) {
		enum err_code rc = relay_receive(f->relay, &in, &out, &what, &bytes, &err);

		say(f, rc, &out);
		if (f->conn != NULL)
			handle(f, what, bytes);
	}
	buf_wipe(&out);
	leave(f);
}

static void
on_drained(void *ctx, struct env_conn *conn)
{
	struct ferry *f = ctx;

	(void)conn;
	enter(f);
	if (f->guest != NULL)
		guest_may_send(f->guest);
	leave(f);
}

/* Said once a minute: a way that nobody uses is closed by what stands between. */
static void
watch(void *ctx)
{
	struct ferry *f = ctx;
	struct buf out = BUF_INIT;

	f->timer = NULL;
	enter(f);
	if (!relay_is_open(f->relay) || f->env->ops->mono_ns(f->env) - f->heard_ns >= RELAY_SILENCE_S * NS_PER_S) {
		lost(f, "the hub does not answer");
	} else {
		f->timer = f->env->ops->timer(f->env, RELAY_STILL_S * NS_PER_S, watch, f);
		say(f, relay_still(f->relay, &out, NULL), &out);
	}
	leave(f);
}

static void
on_opened(void *ctx, struct env_conn *conn)
{
	struct ferry *f = ctx;
	struct buf out = BUF_INIT;

	(void)conn;
	enter(f);
	stop_timer(f);
	f->timer = f->env->ops->timer(f->env, RELAY_HANDSHAKE_S * NS_PER_S, watch, f);
	say(f, relay_start(f->relay, &out, NULL), &out);
	leave(f);
}

static void
on_closed(void *ctx, struct env_conn *conn, enum err_code why)
{
	struct ferry *f = ctx;
	bool silent = !f->heard && why == ERR_OK;

	(void)conn;
	enter(f);
	f->conn = NULL;
	/* As members do: it may not have our newest network key yet, or not any more. */
	f->psk = silent && f->psk + 1 < peer_host_links(node_peer_host(f->invite->node)) ? f->psk + 1 : 0;
	if (silent && f->psk > 0)
		f->backoff_ms = BACKOFF_FIRST_MS;
	lost(f, silent ? "what answers there is no hub of this organisation" : "the hub cannot be reached");
	leave(f);
}

/* ---- dialling ---- */

static const struct conn_events events = { on_opened, on_data, on_drained, on_closed };

static struct relay *
new_relay(struct ferry *f)
{
	const struct peer_host *host = node_peer_host(f->invite->node);
	uint8_t fresh[32], e_sk[32], at[8], psk[32];
	struct relay *r;

	if (f->psk >= peer_host_links(host))
		f->psk = 0;
	link_psk(psk, host->network[f->psk].n);
	/* Hedged, as for the links of members (proto/sync.md, 1). */
	env_random(f->env, fresh, sizeof(fresh));
	be64_put(at, f->env->ops->mono_ns(f->env));
	HC(e_sk, sizeof(e_sk), BYTES(fresh, 32), "fb1/noise/ephemeral", BYTES(host->keys->noise_sk, 32), BYTES(at, 8));
	r = relay_new(RELAY_INVITER, host->keys->noise_sk, e_sk, psk);
	wipe(fresh, sizeof(fresh));
	wipe(e_sk, sizeof(e_sk));
	wipe(psk, sizeof(psk));
	return r;
}

static void
dial(void *ctx)
{
	struct ferry *f = ctx;
	struct err err = ERR_INIT;

	f->timer = NULL;
	f->heard = false;
	f->heard_ns = f->env->ops->mono_ns(f->env);
	relay_free(f->relay);
	f->relay = new_relay(f);
	if (f->relay != NULL && f->env->ops->dial(f->env, f->invite->code.hub[f->number], &events, f, &f->conn, &err) == ERR_OK) {
		f->timer = f->env->ops->timer(f->env, 3 * RELAY_HANDSHAKE_S * NS_PER_S, watch, f);
		return;
	}
	f->conn = NULL;
	note(f, false, "the hub cannot be reached");
	dial_later(f);
}

/* ---- what the guest and the invitation ask ---- */

enum err_code
ferry_send(struct ferry *f, struct bytes bytes)
{
	struct buf out = BUF_INIT;
	enum err_code rc = f->conn != NULL && relay_is_paired(f->relay) ? relay_bytes(f->relay, bytes, &out, NULL) : ERR_NETWORK;

	if (rc == ERR_OK && !buf_ok(&out))
		rc = ERR_NO_MEMORY;
	if (rc == ERR_OK)
		rc = f->env->ops->send(f->env, f->conn, buf_bytes(&out));
	buf_wipe(&out);
	return rc;
}

void
ferry_drop(struct ferry *f)
{
	struct buf out = BUF_INIT;

	f->guest = NULL;
	if (f->conn == NULL || !relay_is_paired(f->relay))
		return;
	enter(f);
	say(f, relay_gone(f->relay, &out, NULL), &out);
	leave(f);
}

void
ferries_start(struct invite *inv)
{
	for (size_t i = 0; i < inv->code.hub_count; i++) {
		struct ferry *f = mem_zero(1, sizeof(*f));

		if (f == NULL)
			continue; /* the other ways are still there */
		f->invite = inv;
		f->env = inv->node->env;
		f->number = i;
		f->backoff_ms = BACKOFF_FIRST_MS;
		inv->ferry[i] = f;
		f->timer = f->env->ops->timer(f->env, 0, dial, f);
	}
}

void
ferries_stop(struct invite *inv)
{
	for (size_t i = 0; i < JOIN_HUBS_MAX; i++) {
		struct ferry *f = inv->ferry[i];

		inv->ferry[i] = NULL;
		if (f == NULL)
			continue;
		enter(f);
		f->invite = NULL;
		unlink_hub(f);
		leave(f);
	}
}

void
ferry_hubs(struct invite *inv)
{
	struct node *n = inv->node;
	struct replica_peer *met = mem_zero(PEERS_MAX, sizeof(*met));
	size_t count = met == NULL ? 0 : replica_peers(node_replica(n), met, PEERS_MAX);

	for (size_t i = 0; i < count && inv->code.hub_count < JOIN_HUBS_MAX; i++) {
		const struct org_device *d = org_device_by_author(node_org(n), &met[i].author);

		if (d == NULL || d->gone || !d->hub || !join_addr_ok(met[i].addr))
			continue;
		(void)snprintf(inv->info.hub[inv->code.hub_count].addr, sizeof(inv->info.hub[0].addr), "%s", met[i].addr);
		(void)snprintf(inv->code.hub[inv->code.hub_count++], sizeof(inv->code.hub[0]), "%s", met[i].addr);
	}
	inv->info.hub_count = inv->code.hub_count;
	mem_free(met);
}
