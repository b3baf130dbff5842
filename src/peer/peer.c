/*
 * A peer is freed in one place, let_go(), and never under its own feet: while
 * one of its events is being handled `depth` is not 0, and who wants it gone
 * marks it `dead`. Growth, commits and quiet are put off to a timer, because the host
 * may report growth from inside a commit that this very peer has made.
 */
#include "peer/peer.h"

#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "link/frame.h"
#include "link/url.h"
#include "peer/binding.h"
#include "store/netkey.h"

#define NS_PER_MS 1000000ull

enum {
	HANDSHAKE_MS = 10000,
	SILENCE_MS = 60000,         /* without a byte in the middle of an exchange */
	KEEPALIVE_MS = 60000,       /* of a live link */
	LIVE_SILENCE_MS = 180000,
	FLOOR_BYTES = 256,          /* a minute, in the middle of an exchange: a frame */
	FLOOR_TAKEN = 4096,         /* a minute, of what waits to be sent */
	RIPE_MS = 150,               /* once to twice that long one of two ends holds back what others have written: the other end may bring it */
	QUIET_MS = 2,               /* nothing read for so long: what came is signed for */
	PENDING_BYTES_MAX = 16 << 20,
	UNSENT_BYTES_MAX = 2 << 20, /* more than this waiting: stop reading until it has gone */
	PSKS_MAX = KEYSTORE_NETWORK_KEYS,
};

struct peer {
	struct peer_host *host;
	struct env_conn *conn;
	char addr[128];
	bool initiator, remember, open, dead, reported, paused, more;
	bool stepping;              /* the conversation is at work: it must not be stepped from a hook */
	size_t psk;                 /* the network key an initiator tries */
	struct link *link;
	struct sync *sync;
	struct sync_todo todo;
	struct binding binding;
	bool bound;
	struct buf out;
	struct peer_result result;
	struct env_timer *watch;    /* handshake, silence, keep-alive */
	struct env_timer *soon;     /* growth here, and what has come on a live link and is not committed */
	struct env_timer *quiet;
	struct env_timer *relay;    /* what others have written, in a while */
	bool heard, grown;
	uint64_t heard_ns;
	uint64_t floor_ns, floor_heard, floor_taken; /* when the last minute began, and what had come and gone by then */
	bool waited;                /* something was waiting to be sent then */
	unsigned depth;
};

static void step(struct peer *p, enum sync_event_kind kind, struct bytes message);

static uint64_t
now_ns(struct peer *p)
{
	return p->host->env->ops->mono_ns(p->host->env);
}

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

static void
report(struct peer *p, enum err_code code, const char *text)
{
	fill_result(p);
	p->result.code = code;
	snprintf(p->result.text, sizeof(p->result.text), "%s", text);
	p->reported = true;
	if (p->host->done != NULL)
		p->host->done(p->host->ctx, p, &p->result);
}

/* Half of the time at most goes to commits: what comes meanwhile is gathered, and the next one is for all of it. */
static enum err_code
commit(struct peer *p, size_t pending_max, struct err *err)
{
	uint64_t from = now_ns(p), now;
	enum err_code rc;

	if (replica_pending(p->host->replica) <= pending_max)
		return ERR_OK;
	rc = replica_commit(p->host->replica, err);
	now = now_ns(p);
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
	if (p->heard && p->bound && commit(p, 0, &err) != ERR_OK)
		env_logf(env, "%s: %s", p->addr, err.text);
	link_free(p->link);
	sync_free(p->sync);
	sync_todo_free(&p->todo);
	if (p->bound)
		binding_wipe(&p->binding);
	buf_free(&p->out);
	mem_free(p);
}

static void
enter(struct peer *p)
{
	p->depth++;
}

/* Nothing may touch p after this. */
static void
leave(struct peer *p)
{
	if (--p->depth == 0 && p->dead)
		let_go(p);
}

/* The peer is over. What went before it came to its end, if it did, has been reported. */
static void
finish(struct peer *p, enum err_code code, const char *text)
{
	if (p->dead)
		return;
	p->dead = true;
	if (!p->reported)
		report(p, code, text);
	else
		fill_result(p);
}

static void
fail(struct peer *p, const struct err *err)
{
	finish(p, err->code != ERR_OK ? err->code : ERR_NETWORK, err->text);
}

/* ---- sending ---- */

static void
flush(struct peer *p)
{
	struct env *env = p->host->env;
	struct err err = ERR_INIT;

	if (p->conn == NULL || p->out.len == 0)
		return;
	p->result.bytes_sent += p->out.len;
	if (env->ops->send(env, p->conn, buf_bytes(&p->out)) != ERR_OK) {
		err_set(&err, ERR_NETWORK, "the other side takes nothing any more");
		fail(p, &err);
	}
	buf_clear(&p->out);
	if (!p->paused && env->ops->unsent(env, p->conn) > UNSENT_BYTES_MAX) {
		p->paused = true;
		env->ops->pause(env, p->conn, true);
	}
}

static enum err_code
seal_todo(struct peer *p, struct err *err)
{
	enum err_code rc = ERR_OK;
	struct bytes message;
	size_t at = 0;

	while (rc == ERR_OK && sync_todo_next(&p->todo, &at, &message))
		rc = link_send(p->link, message, &p->out, err);
	return rc;
}

static void soon_fired(void *ctx);

static void arm_relay(struct peer *p);

static void
arm_soon(struct peer *p, uint64_t ns)
{
	struct env *env = p->host->env;

	if (p->soon == NULL)
		p->soon = env->ops->timer(env, ns, soon_fired, p);
}

static void quiet_fired(void *ctx);

static void
arm_quiet(struct peer *p)
{
	struct env *env = p->host->env;

	if (p->quiet == NULL)
		p->quiet = env->ops->timer(env, QUIET_MS * NS_PER_MS, quiet_fired, p);
}

/* One step of the conversation, and what it asks for. */
static void
step(struct peer *p, enum sync_event_kind kind, struct bytes message)
{
	struct sync_event event = { kind, message };
	struct err err = ERR_INIT;
	enum err_code rc;
	bool ended;

	binding_refresh(&p->binding);
	p->stepping = true;
	rc = sync_step(p->sync, &event, &p->todo, &err);
	p->stepping = false;
	if (p->dead)
		return; /* closed by the host from inside a commit */
	p->more = p->todo.more;
	ended = p->todo.ended;
	if (seal_todo(p, &err) != ERR_OK && rc == ERR_OK)
		rc = err.code;
	if (rc != ERR_OK) {
		flush(p);
		fail(p, &err);
		return;
	}
	if (p->todo.held)
		arm_relay(p);
	if (p->todo.exchanged)
		report(p, ERR_OK, "");
	if (ended) {
		flush(p);
		finish(p, ERR_NETWORK, "stopped before the end");
	}
}

static void
pump_more(struct peer *p)
{
	struct env *env = p->host->env;

	flush(p);
	while (!p->dead && p->more && env->ops->unsent(env, p->conn) == 0) {
		step(p, SYNC_WRITABLE, BYTES_NONE);
		flush(p);
	}
}

/*
 * Who hears of something tells everyone, and in a room where all are linked with all it would cross each link twice. So
 * one end of a link passes on what others have written at once, and the other a little later, if it has not come from
 * there meanwhile: a hub before others, then the smaller id. proto/sync.md, 9.
 */
static bool
relays_first(struct peer *p)
{
	struct device_id self = device_id_of(&p->host->keys->sign_pk), other;
	bool hub_here = p->host->role == ROLE_HUB, hub_there = sync_facts(p->sync)->peer_role == ROLE_HUB;

	if (hub_here != hub_there)
		return hub_here;
	return !peer_device(p, &other) || memcmp(self.b, other.b, sizeof(self.b)) < 0;
}

static void
relay_due(void *ctx)
{
	struct peer *p = ctx;

	p->relay = NULL;
	enter(p);
	if (!p->dead && p->sync != NULL)
		step(p, SYNC_RIPE, BYTES_NONE);
	if (!p->dead)
		pump_more(p);
	leave(p);
}

static void
arm_relay(struct peer *p)
{
	if (p->relay == NULL && !p->dead)
		p->relay = p->host->env->ops->timer(p->host->env, RIPE_MS * NS_PER_MS, relay_due, p);
}

static void
push_grown(struct peer *p)
{
	p->grown = false;
	step(p, !p->reported || relays_first(p) ? SYNC_GROWN : SYNC_WRITTEN, BYTES_NONE);
}

/*
 * What comes on a live link is seen here as soon as what had come with it is read, and nobody waits to see whether there
 * will be more: the next commit is for what comes during this one.
 */
static void
commit_what_came(struct peer *p)
{
	uint64_t now = now_ns(p);
	struct err err = ERR_INIT;

	if (now < p->host->rest_until_ns)
		arm_soon(p, p->host->rest_until_ns - now);
	else if (commit(p, 0, &err) != ERR_OK)
		fail(p, &err);
}

static void
soon_fired(void *ctx)
{
	struct peer *p = ctx;

	p->soon = NULL;
	enter(p);
	if (p->grown && !p->dead && p->sync != NULL)
		push_grown(p);
	if (!p->dead)
		pump_more(p);
	if (!p->dead && p->reported && replica_pending(p->host->replica) > 0)
		commit_what_came(p);
	leave(p);
}

static void
quiet_fired(void *ctx)
{
	struct peer *p = ctx;
	struct err err = ERR_INIT;

	p->quiet = NULL;
	enter(p);
	if (now_ns(p) - p->heard_ns < QUIET_MS * NS_PER_MS) {
		arm_quiet(p);
	} else if (p->heard && !p->dead && p->sync != NULL) {
		p->heard = false;
		if (commit(p, 0, &err) != ERR_OK)
			fail(p, &err);
		else
			step(p, SYNC_QUIET, BYTES_NONE);
		if (!p->dead)
			pump_more(p);
	}
	leave(p);
}

/* ---- deadlines ---- */

static void
keep_alive(struct peer *p)
{
	struct buf message = BUF_INIT;

	message_encode(&message, &(struct message){ MSG_CREDIT, { .credit = 0 } });
	if (!buf_ok(&message) || link_send(p->link, buf_bytes(&message), &p->out, NULL) != ERR_OK)
		finish(p, ERR_NO_MEMORY, err_meaning(ERR_NO_MEMORY));
	buf_free(&message);
	flush(p);
}

static void watch_fired(void *ctx);

static void
arm_watch(struct peer *p, uint64_t ms)
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
	uint64_t now = now_ns(p), heard = p->result.bytes_received, waiting = p->conn != NULL ? p->host->env->ops->unsent(p->host->env, p->conn) : 0;
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
	uint64_t silent = (now_ns(p) - p->heard_ns) / NS_PER_MS;

	p->watch = NULL;
	enter(p);
	if (!p->open)
		finish(p, ERR_TIMEOUT, "no handshake within ten seconds");
	else if (silent >= (p->reported ? LIVE_SILENCE_MS : SILENCE_MS))
		finish(p, ERR_TIMEOUT, "the other side has fallen silent");
	else if (below_floor(p))
		finish(p, ERR_TIMEOUT, "the other side is too slow");
	else if (p->reported)
		keep_alive(p);
	if (!p->dead)
		arm_watch(p, p->reported ? KEEPALIVE_MS : SILENCE_MS / 2);
	leave(p);
}

size_t
peer_host_links(const struct peer_host *host)
{
	size_t links = netkey_links(host->network, host->network_count, host->env->ops->wall_ms(host->env));

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
	be64_put(at, now_ns(p));
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
	struct sync_config config = { p->initiator, host->stay, device_id_of(&host->keys->sign_pk), host->role, host->rules.step_bytes };
	struct err err = ERR_INIT;

	if (memcmp(link_remote(p->link), host->keys->noise_pk, 32) == 0) {
		finish(p, ERR_REFUSED, "that is this device itself");
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
		fail(p, &err);
		return;
	}
	arm_watch(p, SILENCE_MS / 2);
	step(p, SYNC_OPENED, BYTES_NONE);
}

static void
on_opened(void *ctx, struct env_conn *c)
{
	struct peer *p = ctx;
	struct err err = ERR_INIT;

	(void)c;
	enter(p);
	if (link_start(p->link, &p->out, &err) != ERR_OK)
		fail(p, &err);
	else
		flush(p);
	leave(p);
}

static void
on_data(void *ctx, struct env_conn *c, const uint8_t *bytes, size_t n)
{
	struct peer *p = ctx;
	struct bytes in = BYTES(bytes, n), message;
	enum link_event event = LINK_OPEN;
	struct err err = ERR_INIT;

	(void)c;
	enter(p);
	p->result.bytes_received += n;
	p->heard = true;
	p->heard_ns = now_ns(p);
	while (!p->dead && event != LINK_MORE) {
		/* A stranger is answered with nothing at all: what the handshake wrote goes out only when it went well. */
		if (link_receive(p->link, &in, &p->out, &event, &message, &err) != ERR_OK) {
			fail(p, &err);
			break;
		}
		if (event == LINK_OPEN)
			link_opened(p);
		else if (event == LINK_MESSAGE)
			step(p, SYNC_RECEIVED, message);
		if (!p->dead && commit(p, PENDING_BYTES_MAX, &err) != ERR_OK)
			fail(p, &err);
	}
	if (!p->dead) {
		pump_more(p);
		arm_quiet(p);
		if (p->reported)
			arm_soon(p, 0);
	}
	leave(p);
}

static void
on_drained(void *ctx, struct env_conn *c)
{
	struct peer *p = ctx;

	enter(p);
	if (p->paused) {
		p->paused = false;
		p->host->env->ops->pause(p->host->env, c, false);
	}
	if (!p->dead)
		pump_more(p);
	leave(p);
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
	enter(p);
	p->conn = NULL;
	if (p->dead || (why == ERR_OK && try_next_key(p))) {
		leave(p);
		return;
	}
	if (why != ERR_OK)
		finish(p, why, text);
	else if (!p->open)
		finish(p, ERR_NETWORK, "the other side closed without an answer: another organisation, or an old network key");
	else
		finish(p, ERR_NETWORK, "the other side closed before the end");
	leave(p);
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
	p->heard_ns = p->floor_ns = now_ns(p);
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
	enter(p);
	if (env->ops->dial(env, addr, &events, p, &p->conn, err) != ERR_OK) {
		link_free(p->link);
		mem_free(p);
		return NULL;
	}
	arm_watch(p, HANDSHAKE_MS);
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
	arm_watch(p, HANDSHAKE_MS);
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
	enter(p);
	if (!p->dead && !p->stepping && p->sync != NULL && p->conn != NULL)
		step(p, SYNC_STOP, BYTES_NONE);
	finish(p, ERR_NETWORK, "closed here");
	leave(p);
}

void
peer_notify(struct peer *p)
{
	if (p->dead || p->sync == NULL)
		return;
	p->grown = true;
	arm_soon(p, 0);
}

void
peer_probe(struct peer *p)
{
	enter(p);
	if (!p->dead && p->open && p->reported)
		keep_alive(p);
	leave(p);
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

void
peer_so_far(struct peer *p, struct peer_result *out)
{
	fill_result(p);
	*out = p->result;
}
