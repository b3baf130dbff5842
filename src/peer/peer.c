/*
 * A peer is freed in one place, let_go(), and never under its own feet: while
 * one of its events is being handled `depth` is not 0, and who wants it gone
 * marks it `dead`. Growth, commits and quiet are put off to a timer, because the host
 * may report growth from inside a commit that this very peer has made.
 */
#include "peer/peer_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/frame.h"
#include "link/url.h"
#include "store/netkey.h"

enum {
	PENDING_BYTES_MAX = 16 << 20,
	PSKS_MAX = KEYSTORE_NETWORK_KEYS,
};

/* ---- the result, and the end ---- */

static void
fill_result(struct peer *p)
{
	struct peer_result *r = &p->result;
	const struct sync_facts *facts = p->sync != NULL ? sync_facts(p->sync) : NULL;

	if (facts != NULL) {
		r->in_step = facts->in_step;
		r->sent = facts->sent;
		r->received = facts->received;
		r->round_trips = facts->round_trips;
		r->role = facts->peer_role;
		r->withholds = facts->peer_withholds;
		r->full = facts->peer_full;
		r->newer = facts->peer_version > SYNC_VERSION || facts->later > 0;
		r->later = facts->later;
	}
	if (!p->bound)
		return;
	binding_refresh(&p->binding);
	r->known = p->binding.peer != NULL;
	if (r->known) {
		r->author = p->binding.peer->sign_pk;
		r->device = p->binding.peer->id;
	}
}

void
peer_report(struct peer *p, enum err_code code, const char *text)
{
	fill_result(p);
	p->result.code = code;
	snprintf(p->result.text, sizeof(p->result.text), "%s", text);
	p->reported = true;
	if (p->host->done != NULL)
		p->host->done(p->host->ctx, p, &p->result);
}

/* Half of the time at most goes to commits: what comes meanwhile is gathered, and the next one is for all of it. */
enum err_code
peer_commit(struct peer *p, size_t pending_max, struct err *err)
{
	uint64_t from = peer_now_ns(p), now;
	enum err_code rc;

	if (replica_pending(p->host->replica) <= pending_max)
		return ERR_OK;
	rc = replica_commit(p->host->replica, err);
	now = peer_now_ns(p);
	p->host->rest_until_ns = now + (now - from);
	return rc;
}

static void
let_go(struct peer *p)
{
	struct env *env = p->host->env;
	struct err err = ERR_INIT;

	if (p->conn != NULL)
		env->ops->close(env, p->conn);
	p->conn = NULL;
	if (p->watch != NULL)
		env->ops->timer_stop(env, p->watch);
	if (p->soon != NULL)
		env->ops->timer_stop(env, p->soon);
	if (p->quiet != NULL)
		env->ops->timer_stop(env, p->quiet);
	if (p->relay != NULL)
		env->ops->timer_stop(env, p->relay);
	p->watch = p->soon = p->quiet = p->relay = NULL;
	if (p->host->gone != NULL)
		p->host->gone(p->host->ctx, p);
	/* What it brought stays, and others are waiting for it: nobody else may come by to save it. */
	if (p->heard && p->bound && peer_commit(p, 0, &err) != ERR_OK)
		env_logf(env, "%s: %s", p->addr, err.text);
	link_free(p->link);
	sync_free(p->sync);
	sync_todo_free(&p->todo);
	if (p->bound)
		binding_wipe(&p->binding);
	buf_free(&p->out);
	mem_free(p);
}

void
peer_enter(struct peer *p)
{
	p->depth++;
}

/* Nothing may touch p after this. */
void
peer_leave(struct peer *p)
{
	if (--p->depth == 0 && p->dead)
		let_go(p);
}

/* The peer is over. What went before it came to its end, if it did, has been reported. */
void
peer_finish(struct peer *p, enum err_code code, const char *text)
{
	if (p->dead)
		return;
	p->dead = true;
	if (!p->reported)
		peer_report(p, code, text);
	else
		fill_result(p);
}

void
peer_fail(struct peer *p, const struct err *err)
{
	peer_finish(p, err->code != ERR_OK ? err->code : ERR_NETWORK, err->text);
}

size_t
peer_host_links(const struct peer_host *host)
{
	int64_t now = host->replica != NULL ? replica_lived_ms(host->replica) : host->env->ops->wall_ms(host->env);
	size_t links = netkey_links(host->network, host->network_count, now);

	/* A clock that stood years back when a key was retired: by the right one its time is over at once, and nobody has heard of the next. */
	if (links < host->network_count && host->replica != NULL && !netkey_has_company(host->replica, host->network[0].n, &host->keys->sign_pk))
		links = host->network_count;
	return links;
}

/* ---- the connection's events ---- */

static enum err_code
make_link(struct peer *p, struct err *err)
{
	struct peer_host *host = p->host;
	uint8_t fresh[32], e_sk[32], at[8], psks[PSKS_MAX][32];
	size_t links = peer_host_links(host), count = links < PSKS_MAX ? links : PSKS_MAX;

	if (count == 0)
		return err_set(err, ERR_REFUSED, "no network key: this device has not joined an organisation");
	for (size_t i = 0; i < count; i++)
		link_psk(psks[i], host->network[i].n);
	/* Hedged: a generator that repeats itself repeats no ephemeral key of another moment or device. */
	env_random(host->env, fresh, sizeof(fresh));
	be64_put(at, peer_now_ns(p));
	HC(e_sk, sizeof(e_sk), BYTES(fresh, 32), "fb1/noise/ephemeral", BYTES(host->keys->noise_sk, 32), BYTES(at, 8));
	link_free(p->link);
	p->link = link_new(p->initiator, host->keys->noise_sk, e_sk, psks + (p->initiator ? p->psk : 0),
	                   p->initiator ? 1 : count);
	if (p->link != NULL && !p->initiator)
		link_answer_once(p->link, host->once);
	wipe(fresh, sizeof(fresh));
	wipe(e_sk, sizeof(e_sk));
	wipe(psks, sizeof(psks));
	return p->link != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY);
}

static void
link_opened(struct peer *p)
{
	struct peer_host *host = p->host;
	struct sync_config config = { p->initiator, host->stay, device_id_of(&host->keys->sign_pk), host->role, host->rules.step_bytes, host->newest };
	struct err err = ERR_INIT;

	if (memcmp(link_remote(p->link), host->keys->noise_pk, 32) == 0) {
		peer_finish(p, ERR_REFUSED, "that is this device itself");
		return;
	}
	p->open = true;
	binding_init(&p->binding, host, link_remote(p->link), NULL);
	p->binding.of = p;
	binding_refresh(&p->binding);
	p->binding.addr = p->remember ? p->addr : NULL;
	p->bound = true;
	p->sync = sync_new(&config, &p->binding.sync);
	if (p->sync == NULL) {
		err_plain(&err, ERR_NO_MEMORY);
		peer_fail(p, &err);
		return;
	}
	peer_arm_watch(p, SILENCE_MS / 2);
	peer_step(p, SYNC_OPENED, BYTES_NONE);
}

static void
on_opened(void *ctx, struct env_conn *c)
{
	struct peer *p = ctx;
	struct err err = ERR_INIT;

	(void)c;
	peer_enter(p);
	if (link_start(p->link, &p->out, &err) != ERR_OK)
		peer_fail(p, &err);
	else
		peer_flush(p);
	peer_leave(p);
}

static void
on_data(void *ctx, struct env_conn *c, const uint8_t *bytes, size_t n)
{
	struct peer *p = ctx;
	struct bytes in = BYTES(bytes, n), message;
	enum link_event event = LINK_OPEN;
	struct err err = ERR_INIT;

	(void)c;
	peer_enter(p);
	p->result.bytes_received += n;
	p->heard = true;
	p->heard_ns = peer_now_ns(p);
	while (!p->dead && event != LINK_MORE) {
		/* A stranger is answered with nothing at all: what the handshake wrote goes out only when it went well. */
		if (link_receive(p->link, &in, &p->out, &event, &message, &err) != ERR_OK) {
			peer_fail(p, &err);
			break;
		}
		if (event == LINK_OPEN) {
			link_opened(p);
		} else if (event == LINK_MESSAGE) {
			p->addressed = true;
			peer_step(p, SYNC_RECEIVED, message);
		}
		if (!p->dead && peer_commit(p, PENDING_BYTES_MAX, &err) != ERR_OK)
			peer_fail(p, &err);
	}
	if (!p->dead) {
		peer_pump(p);
		peer_arm_quiet(p);
		if (p->reported)
			peer_arm_soon(p, 0);
	}
	peer_leave(p);
}

static void
on_drained(void *ctx, struct env_conn *c)
{
	struct peer *p = ctx;

	peer_enter(p);
	if (p->paused) {
		p->paused = false;
		p->host->env->ops->pause(p->host->env, c, false);
	}
	if (!p->dead)
		peer_pump(p);
	peer_leave(p);
}

static const struct conn_events events;

/* The other side closed without a byte: it may not have our newest network key yet, or not any more. */
static bool
try_next_key(struct peer *p)
{
	struct err err = ERR_INIT;

	if (!p->initiator || p->open || p->result.bytes_received > 0 || p->psk + 1 >= peer_host_links(p->host))
		return false;
	p->psk++;
	return make_link(p, &err) == ERR_OK &&
	       p->host->env->ops->dial(p->host->env, p->addr, &events, p, &p->conn, &err) == ERR_OK;
}

static void
on_closed(void *ctx, struct env_conn *c, enum err_code why)
{
	struct peer *p = ctx;
	char text[sizeof(p->result.text)];

	snprintf(text, sizeof(text), "%s", env_trouble(p->host->env, c, why)); /* gone with the connection */
	peer_enter(p);
	p->conn = NULL;
	if (p->dead || (why == ERR_OK && try_next_key(p))) {
		peer_leave(p);
		return;
	}
	if (why != ERR_OK)
		peer_finish(p, why, text);
	else if (!p->open)
		peer_finish(p, ERR_NETWORK, "the other side closed without an answer: another organisation, or an old network key");
	else
		peer_finish(p, ERR_NETWORK, "the other side closed before the end");
	peer_leave(p);
}

static const struct conn_events events = { on_opened, on_data, on_drained, on_closed };

/* ---- the interface ---- */

static struct peer *
peer_new(struct peer_host *host, const char *addr, bool initiator, struct err *err)
{
	struct peer *p = mem_zero(1, sizeof(*p));

	if (p == NULL) {
		err_plain(err, ERR_NO_MEMORY);
		return NULL;
	}
	p->host = host;
	p->initiator = initiator;
	p->result.websocket = addr != NULL && url_is(addr);
	snprintf(p->addr, sizeof(p->addr), "%s", addr != NULL ? addr : "");
	p->heard_ns = p->floor_ns = peer_now_ns(p);
	if (make_link(p, err) != ERR_OK) {
		mem_free(p);
		return NULL;
	}
	return p;
}

struct peer *
peer_dial(struct peer_host *host, const char *addr, bool remember, struct err *err)
{
	struct env *env = host->env;
	struct peer *p = peer_new(host, addr, true, err);

	if (p == NULL)
		return NULL;
	p->remember = remember;
	peer_enter(p);
	if (env->ops->dial(env, addr, &events, p, &p->conn, err) != ERR_OK) {
		link_free(p->link);
		mem_free(p);
		return NULL;
	}
	peer_arm_watch(p, HANDSHAKE_MS);
	p->depth--; /* nothing can have ended it: events come from the loop */
	return p;
}

struct peer *
peer_accept(struct peer_host *host, struct env_conn *conn, const char *from, struct err *err)
{
	struct peer *p = peer_new(host, from, false, err);

	if (p == NULL) {
		host->env->ops->close(host->env, conn);
		return NULL;
	}
	p->conn = conn;
	peer_arm_watch(p, HANDSHAKE_MS);
	host->env->ops->conn_events(host->env, conn, &events, p);
	return p;
}

void
peer_feed(struct peer *p, struct bytes bytes)
{
	on_data(p, p->conn, bytes.p, bytes.len);
}

void
peer_close(struct peer *p)
{
	peer_enter(p);
	if (!p->dead && !p->stepping && p->sync != NULL && p->conn != NULL)
		peer_step(p, SYNC_STOP, BYTES_NONE);
	peer_finish(p, ERR_NETWORK, "closed here");
	peer_leave(p);
}

void
peer_notify(struct peer *p)
{
	if (p->dead || p->sync == NULL)
		return;
	p->grown = true;
	peer_arm_soon(p, 0);
}

void
peer_probe(struct peer *p)
{
	peer_enter(p);
	if (!p->dead && p->open && p->reported)
		peer_keep_alive(p);
	peer_leave(p);
}

bool
peer_device(struct peer *p, struct device_id *out)
{
	struct binding now = p->binding;

	if (p->dead || !p->bound)
		return false;
	/* Asked from without, at any time: the organisation may have been evaluated since, and its devices lie elsewhere. */
	binding_refresh(&now);
	if (now.peer == NULL)
		return false;
	*out = now.peer->id;
	return true;
}

bool
peer_dialled(const struct peer *p)
{
	return p->initiator;
}

bool
peer_is_open(const struct peer *p)
{
	return p->open;
}

void
peer_so_far(struct peer *p, struct peer_result *out)
{
	fill_result(p);
	*out = p->result;
}
