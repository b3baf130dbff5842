/*
 * A guest is somebody connected to an invitation's listener, or led there by a hub. It is freed by
 * guest_end() alone, which may happen inside any of its own events: whoever
 * handles one looks at the answer before touching the guest again.
 */
#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/hc.h"
#include "node/invite_internal.h"

#include <stdio.h>

enum {
	GUESTS_MAX = 4,         /* of one invitation */
	KNOCK_S = 20,           /* from connecting to the digits */
	SILENCE_S = 60,         /* while the welcome is sent */
	TAKEN_S = 600,          /* a slow machine may take its time to take it in */
	WINDOW_BYTES = 1 << 20, /* of the welcome, on their way at once */
};

/* ---- its way, straight or through a hub ---- */

static bool
has_way(const struct guest *g)
{
	return g->conn != NULL || g->ferry != NULL;
}

static enum err_code
guest_send(struct guest *g, struct bytes bytes)
{
	struct env *env = g->invite->node->env;

	return g->ferry != NULL ? ferry_send(g->ferry, bytes) : env->ops->send(env, g->conn, bytes);
}

/* What is queued is sent first. */
static void
hang_up(struct guest *g)
{
	struct env *env = g->invite->node->env;
	struct env_conn *conn = g->conn;
	struct ferry *f = g->ferry;

	g->conn = NULL;
	g->ferry = NULL;
	if (f != NULL)
		ferry_drop(f);
	if (conn != NULL)
		env->ops->close(env, conn);
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
	struct guest **at = &inv->guests;
	bool asked = g->asking;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	guest_limit_stop(g);
	hang_up(g);
	join_free(g->join);
	mem_free(g);
	if (!asked)
		return;
	inv->rule.asking = false;
	if (inv->info.state == INVITE_ASKING) { /* it went away before anybody answered */
		inv->info.state = INVITE_OPEN;
		invite_changed(inv->node, &inv->info);
	}
}

void
guest_refuse(struct guest *g, enum join_no reason)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (has_way(g) && join_is_open(g->join) && join_refuse(g->join, reason, &out, &err) == ERR_OK)
		(void)guest_send(g, buf_bytes(&out)); /* it learns it, or finds the door closed */
	buf_free(&out);
	guest_end(g);
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
	struct err err = ERR_INIT;
	bool left = false;

	if (join_more(g->join, WINDOW_BYTES, out, &left, &err) != ERR_OK || !buf_ok(out) ||
	    guest_send(g, buf_bytes(out)) != ERR_OK) {
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

enum err_code
guest_let_in(struct guest *g, const struct join_request *req, struct err *err)
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
	invite_changed(inv->node, &inv->info);
	return rc;
}

enum join_no
guest_objection(struct guest *g, struct join_request *req)
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
	enum join_no no = guest_objection(g, &req);
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
		if (guest_let_in(g, &req, &err) != ERR_OK)
			env_logf(n->env, "admitting a newcomer: %s", err.text);
		return;
	}
	g->asking = true;
	inv->rule.asking = true;
	memcpy(inv->rule.asking_for, req.keys.noise_pk, sizeof(inv->rule.asking_for));
	inv->info.state = INVITE_ASKING;
	invite_changed(n, &inv->info);
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

void
guest_hears(struct guest *g, struct bytes in)
{
	struct buf out = BUF_INIT;
	enum join_event what = JOIN_MORE;
	struct err err = ERR_INIT;
	bool here = true;

	do {
		if (join_receive(g->join, &in, &out, &what, &err) != ERR_OK || !buf_ok(&out) ||
		    (out.len > 0 && guest_send(g, buf_bytes(&out)) != ERR_OK)) {
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
guest_data(void *ctx, struct env_conn *conn, const uint8_t *p, size_t len)
{
	(void)conn;
	guest_hears(ctx, BYTES(p, len));
}

void
guest_may_send(struct guest *g)
{
	struct buf out = BUF_INIT;

	if (g->sending)
		send_welcome(g, &out);
	buf_free(&out);
}

static void
guest_drained(void *ctx, struct env_conn *conn)
{
	(void)conn;
	guest_may_send(ctx);
}

void
guest_lost(struct guest *g)
{
	g->conn = NULL;
	g->ferry = NULL;
	guest_end(g);
}

static void
guest_closed(void *ctx, struct env_conn *conn, enum err_code why)
{
	(void)conn;
	(void)why;
	guest_lost(ctx);
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
	if (j != NULL)
		join_answer_once(j, inv->once);
	wipe(fresh, sizeof(fresh));
	wipe(e_sk, sizeof(e_sk));
	return j;
}

/* At the door, with no way yet. NULL: no room for one more. */
static struct guest *
guest_new(struct invite *inv)
{
	struct guest *g = NULL;
	size_t count = 0;

	for (struct guest *o = inv->guests; o != NULL; o = o->next)
		count++;
	if (count < GUESTS_MAX)
		g = mem_zero(1, sizeof(*g));
	if (g == NULL || (g->join = guest_join(inv)) == NULL) {
		mem_free(g);
		return NULL;
	}
	g->invite = inv;
	g->next = inv->guests;
	inv->guests = g;
	guest_limit(g, KNOCK_S);
	return g;
}

void
guest_accepted(void *ctx, struct env_conn *conn, const char *from)
{
	struct invite *inv = ctx;
	struct env *env = inv->node->env;
	struct guest *g = guest_new(inv);

	(void)from;
	if (g == NULL) {
		env->ops->close(env, conn);
		return;
	}
	g->conn = conn;
	env->ops->conn_events(env, conn, &guest_events, g);
}

struct guest *
guest_ferried(struct invite *inv, struct ferry *f)
{
	struct guest *g = guest_new(inv);

	if (g != NULL)
		g->ferry = f;
	return g;
}
