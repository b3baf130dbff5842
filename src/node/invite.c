/*
 * A guest is somebody connected to an invitation's listener. It is freed by
 * guest_end() alone, which may happen inside any of its own events: whoever
 * handles one looks at the answer before touching the guest again.
 */
#include "node/invite.h"

#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "node/node_internal.h"

#define NS_PER_S 1000000000ull

enum {
	GUESTS_MAX = 4,         /* of one invitation */
	KNOCK_S = 20,           /* from connecting to the digits */
	SILENCE_S = 60,         /* while the welcome is sent */
	TAKEN_S = 600,          /* a slow machine may take its time to take it in */
	WINDOW_BYTES = 1 << 20, /* of the welcome, on their way at once */
};

struct guest {
	struct invite *invite;
	struct guest *next;
	struct env_conn *conn;
	struct join *join;
	struct env_timer *limit;
	bool asking, sending;
};

struct invite {
	struct node *node;
	struct join_code code;
	struct invitation rule;
	struct invite_info info;
	struct stream_id teams[INVITE_TEAMS_MAX];
	size_t team_count;
	bool yes;
	struct env_listener *listener;
	struct env_timer *hour;
	struct guest *guests;
};

struct invites {
	struct invite *list[INVITES_MAX];
	size_t count;
	void (*watch)(void *ctx, const struct invite_info *what);
	void *watch_ctx;
};

static void
changed(struct node *n, const struct invite_info *what)
{
	struct invite_info copy = *what; /* the watcher may end the invitation */

	if (n->invites->watch != NULL)
		n->invites->watch(n->invites->watch_ctx, &copy);
	wipe(&copy, sizeof(copy));
}

/* ---- ends ---- */

static void
guest_limit_stop(struct guest *g)
{
	struct env *env = g->invite->node->env;

	if (g->limit != NULL)
		env->ops->timer_stop(env, g->limit);
	g->limit = NULL;
}

static void
guest_end(struct guest *g)
{
	struct invite *inv = g->invite;
	struct env *env = inv->node->env;
	struct guest **at = &inv->guests;
	bool asked = g->asking;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	guest_limit_stop(g);
	if (g->conn != NULL)
		env->ops->close(env, g->conn);
	join_free(g->join);
	mem_free(g);
	if (!asked)
		return;
	inv->rule.asking = false;
	if (inv->info.state == INVITE_ASKING) { /* it went away before anybody answered */
		inv->info.state = INVITE_OPEN;
		changed(inv->node, &inv->info);
	}
}

static void
guest_refuse(struct guest *g, enum join_no reason)
{
	struct env *env = g->invite->node->env;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (g->conn != NULL && join_is_open(g->join) && join_refuse(g->join, reason, &out, &err) == ERR_OK)
		(void)env->ops->send(env, g->conn, buf_bytes(&out)); /* it learns it, or finds the door closed */
	buf_free(&out);
	guest_end(g);
}

/* The invitation is no more; `why` tells those who are still at the door. */
static void
invite_end(struct invite *inv, enum invite_state state, enum join_no why)
{
	struct node *n = inv->node;
	struct invites *all = n->invites;
	struct invite_info last;

	inv->info.was_admitted = inv->rule.used;
	inv->info.state = state;
	while (inv->guests != NULL)
		guest_refuse(inv->guests, why);
	if (inv->listener != NULL)
		n->env->ops->listen_stop(n->env, inv->listener);
	if (inv->hour != NULL)
		n->env->ops->timer_stop(n->env, inv->hour);
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i] == inv) {
			memmove(&all->list[i], &all->list[i + 1], (all->count - i - 1) * sizeof(all->list[0]));
			all->count--;
			break;
		}
	last = inv->info;
	wipe(inv, sizeof(*inv));
	mem_free(inv);
	changed(n, &last);
	wipe(&last, sizeof(last));
}

static void
hour_over(void *ctx)
{
	struct invite *inv = ctx;

	inv->hour = NULL;
	invite_end(inv, INVITE_OVER, JOIN_NO_OVER);
}

void
node_end_invites(struct node *n)
{
	if (n->invites == NULL)
		return;
	n->invites->watch = NULL;
	while (n->invites->count > 0)
		invite_end(n->invites->list[0], INVITE_OVER, JOIN_NO_OVER);
	mem_free(n->invites);
	n->invites = NULL;
}

/* ---- a guest ---- */

static void
guest_late(void *ctx)
{
	struct guest *g = ctx;

	g->limit = NULL;
	guest_end(g);
}

static void
guest_limit(struct guest *g, uint64_t seconds)
{
	struct env *env = g->invite->node->env;

	guest_limit_stop(g);
	g->limit = env->ops->timer(env, seconds * NS_PER_S, guest_late, g);
}

/* Sends what fits the window. The guest may be gone after this; then it comes back for the rest. */
static void
send_welcome(struct guest *g, struct buf *out)
{
	struct env *env = g->invite->node->env;
	struct err err = ERR_INIT;
	bool left = false;

	if (join_more(g->join, WINDOW_BYTES, out, &left, &err) != ERR_OK || !buf_ok(out) ||
	    env->ops->send(env, g->conn, buf_bytes(out)) != ERR_OK) {
		guest_end(g);
		return;
	}
	guest_limit(g, left ? SILENCE_S : TAKEN_S);
}

/* The device becomes a member, in one transaction, unless it is one; then its welcome is made. */
static enum err_code
admit(struct invite *inv, const struct join_request *req, struct buf *welcome, struct err *err)
{
	struct node *n = inv->node;
	const struct org_device *known = org_device_by_author(node_org(n), &req->keys.sign_pk);
	enum err_code rc = ERR_OK;

	if (known != NULL) {
		inv->info.id = known->id;
	} else {
		rc = node_admit(n, req, inv->info.role, inv->teams, inv->team_count, &inv->info.id, err);
		if (rc == ERR_OK)
			rc = node_commit(n, err);
		if (rc != ERR_OK) {
			node_drop(n);
			return rc;
		}
	}
	inv->rule.used = true;
	memcpy(inv->rule.used_by, req->keys.noise_pk, sizeof(inv->rule.used_by));
	return node_welcome(n, &inv->info.id, welcome, err);
}

/* The guest may be gone after this; when it fails the newcomer has been told. */
static enum err_code
let_in(struct guest *g, const struct join_request *req, struct err *err)
{
	struct invite *inv = g->invite;
	struct buf welcome = BUF_INIT, out = BUF_INIT;
	enum err_code rc;

	g->asking = false;
	inv->rule.asking = false;
	rc = admit(inv, req, &welcome, err);
	if (rc == ERR_OK)
		rc = join_offer(g->join, &welcome, &out, err);
	inv->info.state = inv->rule.used ? INVITE_SENDING : INVITE_OPEN;
	(void)snprintf(inv->info.trouble, sizeof(inv->info.trouble), "%s", rc == ERR_OK ? "" : err->text);
	if (rc == ERR_OK) {
		g->sending = true;
		send_welcome(g, &out);
	} else {
		guest_refuse(g, JOIN_NO_CANNOT);
	}
	buf_wipe(&welcome);
	buf_free(&out);
	changed(inv->node, &inv->info);
	return rc;
}

/* Why this guest may not join by this invitation, or JOIN_YES. */
static enum join_no
objection(struct guest *g, struct join_request *req)
{
	struct invite *inv = g->invite;
	struct node *n = inv->node;
	const struct org_device *known;
	const uint8_t *org = join_org(g->join);
	struct err err = ERR_INIT;

	if (join_request_decode(req, join_request(g->join), &err) != ERR_OK ||
	    memcmp(req->keys.noise_pk, join_remote(g->join), 32) != 0)
		return JOIN_NO_CANNOT;
	if (org != NULL && memcmp(org, org_id(node_org(n))->b, 32) != 0)
		return JOIN_NO_OTHER_ORG;
	known = org_device_by_author(node_org(n), &req->keys.sign_pk);
	if (known != NULL && known->gone)
		return JOIN_NO_CANNOT;
	return invitation_allows(&inv->rule, n->env->ops->mono_ns(n->env), n->env->ops->wall_ms(n->env), req->keys.noise_pk);
}

/* A device that came back while its old link still seems to live. */
static void
end_older(struct guest *g)
{
	struct guest *next;

	for (struct guest *o = g->invite->guests; o != NULL; o = next) {
		next = o->next;
		if (o != g && (o->asking || o->sending) && memcmp(join_remote(o->join), join_remote(g->join), 32) == 0)
			guest_end(o);
	}
}

/* Both have the digits now. The guest may be gone after this. */
static void
guest_known(struct guest *g)
{
	struct invite *inv = g->invite;
	struct node *n = inv->node;
	struct join_request req;
	enum join_no no = objection(g, &req);
	struct err err = ERR_INIT;

	if (no != JOIN_YES) {
		guest_refuse(g, no);
		return;
	}
	end_older(g);
	guest_limit_stop(g); /* people may take their time, within the hour */
	(void)snprintf(inv->info.digits, sizeof(inv->info.digits), "%s", join_sas(g->join));
	(void)snprintf(inv->info.member, sizeof(inv->info.member), "%s", req.member_name);
	(void)snprintf(inv->info.device, sizeof(inv->info.device), "%s", req.device_name);
	if (inv->yes || org_device_by_author(node_org(n), &req.keys.sign_pk) != NULL) {
		if (let_in(g, &req, &err) != ERR_OK)
			env_logf(n->env, "admitting a newcomer: %s", err.text);
		return;
	}
	g->asking = true;
	inv->rule.asking = true;
	memcpy(inv->rule.asking_for, req.keys.noise_pk, sizeof(inv->rule.asking_for));
	inv->info.state = INVITE_ASKING;
	changed(n, &inv->info);
}

static bool
is_here(const struct invite *inv, const struct guest *g)
{
	for (const struct guest *o = inv->guests; o != NULL; o = o->next)
		if (o == g)
			return true;
	return false;
}

/* False: the guest is gone. */
static bool
guest_event(struct guest *g, enum join_event what)
{
	struct invite *inv = g->invite;

	switch (what) {
	case JOIN_DIGITS:
		guest_known(g);
		return is_here(inv, g);
	case JOIN_DONE:
		guest_end(g);
		invite_end(inv, INVITE_JOINED, JOIN_NO_USED);
		return false;
	case JOIN_REFUSED:
		guest_end(g);
		return false;
	case JOIN_MORE:
	case JOIN_PROGRESS:
	case JOIN_WELCOME:
		break;
	}
	return true;
}

static void
guest_data(void *ctx, struct env_conn *conn, const uint8_t *p, size_t len)
{
	struct guest *g = ctx;
	struct env *env = g->invite->node->env;
	struct bytes in = BYTES(p, len);
	struct buf out = BUF_INIT;
	enum join_event what = JOIN_MORE;
	struct err err = ERR_INIT;
	bool here = true;

	do {
		if (join_receive(g->join, &in, &out, &what, &err) != ERR_OK || !buf_ok(&out) ||
		    (out.len > 0 && env->ops->send(env, conn, buf_bytes(&out)) != ERR_OK)) {
			guest_end(g); /* without a word */
			here = false;
		} else {
			here = guest_event(g, what);
		}
		buf_clear(&out);
	} while (here && what != JOIN_MORE);
	buf_free(&out);
}

static void
guest_drained(void *ctx, struct env_conn *conn)
{
	struct guest *g = ctx;
	struct buf out = BUF_INIT;

	(void)conn;
	if (g->sending)
		send_welcome(g, &out);
	buf_free(&out);
}

static void
guest_closed(void *ctx, struct env_conn *conn, enum err_code why)
{
	struct guest *g = ctx;

	(void)conn;
	(void)why;
	g->conn = NULL;
	guest_end(g);
}

static const struct conn_events guest_events = { .data = guest_data, .drained = guest_drained, .closed = guest_closed };

static struct join *
guest_join(struct invite *inv)
{
	struct node *n = inv->node;
	const struct device_keys *keys = &n->home.keys->device;
	uint8_t fresh[32], e_sk[32], at[8], nonce[16];
	struct join *j;

	/* Hedged, as for the links of members (proto/sync.md, 1). */
	env_random(n->env, fresh, sizeof(fresh));
	env_random(n->env, nonce, sizeof(nonce));
	be64_put(at, n->env->ops->mono_ns(n->env));
	HC(e_sk, sizeof(e_sk), BYTES(fresh, 32), "fb1/noise/ephemeral", BYTES(keys->noise_sk, 32), BYTES(at, 8));
	j = join_new_inviter(inv->code.secret, keys->noise_sk, e_sk, nonce);
	wipe(fresh, sizeof(fresh));
	wipe(e_sk, sizeof(e_sk));
	return j;
}

static void
accepted(void *ctx, struct env_conn *conn, const char *from)
{
	struct invite *inv = ctx;
	struct env *env = inv->node->env;
	struct guest *g = NULL;
	size_t count = 0;

	(void)from;
	for (struct guest *o = inv->guests; o != NULL; o = o->next)
		count++;
	if (count < GUESTS_MAX)
		g = mem_zero(1, sizeof(*g));
	if (g == NULL || (g->join = guest_join(inv)) == NULL) {
		mem_free(g);
		env->ops->close(env, conn);
		return;
	}
	g->invite = inv;
	g->conn = conn;
	g->next = inv->guests;
	inv->guests = g;
	guest_limit(g, KNOCK_S);
	env->ops->conn_events(env, conn, &guest_events, g);
}

/* ---- opening one ---- */

/* HOST, or HOST:PORT, and the port that was bound where none is named. */
static bool
add_addr(struct join_code *code, const char *host, int port)
{
	const char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');
	bool named = colon != NULL && (bracket == NULL ? strchr(host, ':') == colon : colon > bracket);
	char *to = code->addr[code->addr_count];
	int len = named ? snprintf(to, sizeof(code->addr[0]), "%s", host) : snprintf(to, sizeof(code->addr[0]), "%s:%d", host, port);

	if (len < 0 || (size_t)len >= sizeof(code->addr[0]) || !join_addr_ok(to))
		return false;
	code->addr_count++;
	return true;
}

static enum err_code
name_addrs(struct invite *inv, const struct invite_wish *wish, struct err *err)
{
	struct env *env = inv->node->env;
	int port = env->ops->listen_port(env, inv->listener);
	const char *colon = strrchr(wish->listen, ':');
	char host[JOIN_ADDR_CHARS + 1];

	for (size_t i = 0; i < wish->addr_count; i++)
		if (!add_addr(&inv->code, wish->addrs[i], port))
			return err_set(err, ERR_INVALID, "\"%s\" is not an address for a code: HOST or HOST:PORT", wish->addrs[i]);
	if (wish->addr_count > 0)
		return ERR_OK;
	(void)snprintf(host, sizeof(host), "%.*s", (int)(colon == NULL ? 0 : colon - wish->listen), wish->listen);
	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::]") == 0 || !add_addr(&inv->code, host, port))
		return err_set(err, ERR_INVALID, "no address is known under which a newcomer could reach %s; name it: --listen HOST:PORT, or --address HOST",
		               wish->listen);
	return ERR_OK;
}

static enum err_code
check_wish(struct node *n, const struct invite_wish *wish, struct err *err)
{
	const struct org_device *self = node_self(n);

	if (!node_has_org(n))
		return err_set(err, ERR_REFUSED, "this home has not joined an organisation yet");
	if (self == NULL || self->gone || !self->coordinator)
		return err_set(err, ERR_REFUSED, "only a coordinator may invite");
	if (wish->role < ROLE_COORDINATOR || wish->role > ROLE_HUB)
		return err_set(err, ERR_INVALID, "there is no such role");
	if (wish->team_count > 0 && (wish->role == ROLE_AUDITOR || wish->role == ROLE_HUB))
		return err_set(err, ERR_INVALID, "an auditor or a hub reads no team");
	if (wish->team_count > INVITE_TEAMS_MAX || wish->addr_count > JOIN_ADDRS_MAX)
		return err_set(err, ERR_INVALID, "at most %d teams and %d addresses can be named", INVITE_TEAMS_MAX, JOIN_ADDRS_MAX);
	if (n->invites != NULL && n->invites->count == INVITES_MAX)
		return err_set(err, ERR_REFUSED, "%d invitations are open already; `faltbok invite list`, `faltbok invite withdraw CODE`", INVITES_MAX);
	return ERR_OK;
}

static void
fill_code(struct invite *inv)
{
	struct node *n = inv->node;

	env_random(n->env, inv->code.secret, sizeof(inv->code.secret));
	inv->code.has_key = true;
	join_key_hash(inv->code.key, n->home.keys->device.noise_pk);
	join_code_print(inv->info.code, &inv->code, false);
	join_code_print(inv->info.qr, &inv->code, true);
	invitation_open(&inv->rule, n->env->ops->mono_ns(n->env), n->env->ops->wall_ms(n->env));
	inv->info.until_ms = inv->rule.until_ms;
}

enum err_code
node_invite(struct node *n, const struct invite_wish *wish, struct invite_info *out, struct err *err)
{
	struct invite *inv;
	enum err_code rc = check_wish(n, wish, err);

	if (rc != ERR_OK)
		return rc;
	inv = mem_zero(1, sizeof(*inv));
	if (n->invites == NULL)
		n->invites = mem_zero(1, sizeof(*n->invites));
	if (inv == NULL || n->invites == NULL) {
		mem_free(inv);
		return err_plain(err, ERR_NO_MEMORY);
	}
	inv->node = n;
	inv->yes = wish->yes;
	inv->info.role = wish->role;
	inv->team_count = wish->team_count;
	for (size_t i = 0; i < wish->team_count; i++)
		inv->teams[i] = wish->teams[i];
	rc = n->env->ops->listen(n->env, wish->listen, accepted, inv, &inv->listener, err);
	if (rc == ERR_OK)
		rc = name_addrs(inv, wish, err);
	if (rc == ERR_OK) {
		fill_code(inv);
		inv->hour = n->env->ops->timer(n->env, JOIN_HOUR_S * NS_PER_S, hour_over, inv);
		n->invites->list[n->invites->count++] = inv;
		*out = inv->info;
		return ERR_OK;
	}
	if (inv->listener != NULL)
		n->env->ops->listen_stop(n->env, inv->listener);
	mem_free(inv);
	return rc;
}

/* ---- what people do with them ---- */

const char *
invite_state_word(enum invite_state s)
{
	switch (s) {
	case INVITE_OPEN:
		return "open";
	case INVITE_ASKING:
		return "waiting for your answer";
	case INVITE_SENDING:
		return "admitted";
	case INVITE_JOINED:
		return "joined";
	case INVITE_REFUSED:
		return "refused";
	case INVITE_OVER:
		return "over";
	}
	return "";
}

size_t
node_invite_count(struct node *n)
{
	return n->invites == NULL ? 0 : n->invites->count;
}

void
node_invite_at(struct node *n, size_t i, struct invite_info *out)
{
	*out = n->invites->list[i]->info;
}

void
node_invite_watch(struct node *n, void (*cb)(void *ctx, const struct invite_info *what), void *ctx)
{
	if (n->invites == NULL)
		return;
	n->invites->watch = cb;
	n->invites->watch_ctx = ctx;
}

static enum err_code
find(struct node *n, const char *text, struct invite **out, struct err *err)
{
	struct join_code code;
	enum err_code rc = join_code_parse(&code, text, err);

	if (rc != ERR_OK)
		return rc;
	for (size_t i = 0; i < node_invite_count(n); i++)
		if (same_secret(n->invites->list[i]->code.secret, code.secret, sizeof(code.secret))) {
			*out = n->invites->list[i];
			wipe(&code, sizeof(code));
			return ERR_OK;
		}
	wipe(&code, sizeof(code));
	return err_set(err, ERR_UNKNOWN, "no invitation with that code is open here; `faltbok invite list` shows them");
}

enum err_code
node_invite_confirm(struct node *n, const char *code, bool agree, struct err *err)
{
	struct invite *inv = NULL;
	struct join_request req;
	struct guest *g;
	enum err_code rc = find(n, code, &inv, err);

	if (rc != ERR_OK)
		return rc;
	for (g = inv->guests; g != NULL && !g->asking; g = g->next)
		;
	if (g == NULL)
		return err_set(err, ERR_REFUSED, "no device waits with that code");
	if (!agree) {
		invite_end(inv, INVITE_REFUSED, JOIN_NO_DIGITS);
		return ERR_OK;
	}
	/* Asked anew: the hour may have passed while people talked. */
	if (objection(g, &req) != JOIN_YES) {
		guest_refuse(g, JOIN_NO_OVER);
		return err_set(err, ERR_REFUSED, "its hour is over, or this device may not join any more; make a new invitation");
	}
	return let_in(g, &req, err);
}

enum err_code
node_invite_withdraw(struct node *n, const char *code, struct err *err)
{
	struct invite *inv = NULL;
	enum err_code rc = find(n, code, &inv, err);

	if (rc != ERR_OK)
		return rc;
	if (inv->rule.used)
		return err_set(err, ERR_REFUSED, "%s's device %s has been admitted with that code; a member is removed with `faltbok revoke`",
		               inv->info.member, inv->info.device);
	invite_end(inv, INVITE_OVER, JOIN_NO_OVER);
	return ERR_OK;
}
