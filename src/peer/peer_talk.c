/*
 * What a peer says: steps of its conversation, when it is told of growth here, and
 * when what came is committed.
 */
#include "peer/peer_internal.h"

enum {
	RIPE_MS = 150,              /* once to twice that long one of two ends holds back what others have written: the other end may bring it */
	QUIET_MS = 2,               /* nothing read for so long: what came is signed for */
	UNSENT_BYTES_MAX = 2 << 20, /* more than this waiting: stop reading until it has gone */
};

void
peer_flush(struct peer *p)
{
	struct env *env = p->host->env;
	struct err err = ERR_INIT;

	if (p->conn == NULL || p->out.len == 0)
		return;
	p->result.bytes_sent += p->out.len;
	if (env->ops->send(env, p->conn, buf_bytes(&p->out)) != ERR_OK) {
		err_set(&err, ERR_NETWORK, "the other side takes nothing any more");
		peer_fail(p, &err);
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

void
peer_arm_soon(struct peer *p, uint64_t ns)
{
	struct env *env = p->host->env;

	if (p->soon == NULL)
		p->soon = env->ops->timer(env, ns, soon_fired, p);
}

static void quiet_fired(void *ctx);

void
peer_arm_quiet(struct peer *p)
{
	struct env *env = p->host->env;

	if (p->quiet == NULL)
		p->quiet = env->ops->timer(env, QUIET_MS * NS_PER_MS, quiet_fired, p);
}

/* One step of the conversation, and what it asks for. */
void
peer_step(struct peer *p, enum sync_event_kind kind, struct bytes message)
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
		peer_flush(p);
		peer_fail(p, &err);
		return;
	}
	if (p->todo.held)
		arm_relay(p);
	if (p->todo.exchanged)
		peer_report(p, ERR_OK, "");
	if (ended) {
		peer_flush(p);
		peer_finish(p, ERR_NETWORK, "stopped before the end");
	}
}

void
peer_pump(struct peer *p)
{
	struct env *env = p->host->env;

	peer_flush(p);
	while (!p->dead && p->more && env->ops->unsent(env, p->conn) == 0) {
		peer_step(p, SYNC_WRITABLE, BYTES_NONE);
		peer_flush(p);
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
	peer_enter(p);
	if (!p->dead && p->sync != NULL)
		peer_step(p, SYNC_RIPE, BYTES_NONE);
	if (!p->dead)
		peer_pump(p);
	peer_leave(p);
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
	peer_step(p, !p->reported || relays_first(p) ? SYNC_GROWN : SYNC_WRITTEN, BYTES_NONE);
}

/*
 * What comes on a live link is seen here as soon as what had come with it is read, and nobody waits to see whether there
 * will be more: the next commit is for what comes during this one.
 */
static void
commit_what_came(struct peer *p)
{
	uint64_t now = peer_now_ns(p);
	struct err err = ERR_INIT;

	if (now < p->host->rest_until_ns)
		peer_arm_soon(p, p->host->rest_until_ns - now);
	else if (peer_commit(p, 0, &err) != ERR_OK)
		peer_fail(p, &err);
}

static void
soon_fired(void *ctx)
{
	struct peer *p = ctx;

	p->soon = NULL;
	peer_enter(p);
	if (p->grown && !p->dead && p->sync != NULL)
		push_grown(p);
	if (!p->dead)
		peer_pump(p);
	if (!p->dead && p->reported && replica_pending(p->host->replica) > 0)
		commit_what_came(p);
	peer_leave(p);
}

static void
quiet_fired(void *ctx)
{
	struct peer *p = ctx;
	struct err err = ERR_INIT;

	p->quiet = NULL;
	peer_enter(p);
	if (peer_now_ns(p) - p->heard_ns < QUIET_MS * NS_PER_MS) {
		peer_arm_quiet(p);
	} else if (p->heard && !p->dead && p->sync != NULL) {
		p->heard = false;
		if (peer_commit(p, 0, &err) != ERR_OK)
			peer_fail(p, &err);
		else
			peer_step(p, SYNC_QUIET, BYTES_NONE);
		if (!p->dead)
			peer_pump(p);
	}
	peer_leave(p);
}
