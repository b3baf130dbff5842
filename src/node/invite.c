/*
 * Opening and ending invitations, and what people answer about who waits.
 */
#include <stdio.h>

#include "base/mem.h"
#include "crypto/guard.h"
#include "link/once.h"
#include "link/url.h"
#include "node/invite_internal.h"

void
invite_changed(struct node *n, const struct invite_info *what)
{
	struct invite_info copy = *what; /* the watcher may end the invitation */

	if (n->invites->watch != NULL)
		n->invites->watch(n->invites->watch_ctx, &copy);
	wipe(&copy, sizeof(copy));
}

/* ---- ends ---- */

void
invite_end(struct invite *inv, enum invite_state state, enum join_no why)
{
	struct node *n = inv->node;
	struct invites *all = n->invites;
	struct invite_info last;

	inv->info.was_admitted = inv->rule.used;
	inv->info.state = state;
	while (inv->guests != NULL)
		guest_refuse(inv->guests, why);
	ferries_stop(inv);
	if (inv->listener != NULL)
		n->env->ops->listen_stop(n->env, inv->listener);
	if (inv->hour != NULL)
		n->env->ops->timer_stop(n->env, inv->hour);
	once_free(inv->once);
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i] == inv) {
			memmove(&all->list[i], &all->list[i + 1], (all->count - i - 1) * sizeof(all->list[0]));
			all->count--;
			break;
		}
	if (all->count == 0)
		herald_stop(all);
	last = inv->info;
	wipe(inv, sizeof(*inv));
	mem_free(inv);
	invite_changed(n, &last);
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

/* ---- opening one ---- */

/* HOST, or HOST:PORT, and the port that was bound where none is named. */
static bool
add_addr(struct join_code *code, const char *host, int port)
{
	const char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');
	bool named = url_is(host) || (colon != NULL && (bracket == NULL ? strchr(host, ':') == colon : colon > bracket));
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
	int port;
	const char *colon;
	char host[JOIN_ADDR_CHARS + 1];

	ferry_hubs(inv);
	if (wish->hub_only && inv->code.hub_count == 0)
		return err_set(err, ERR_REFUSED, "no hub is known here that could lead a newcomer to this device: meet one by its address first (`faltbok sync --peer HOST:PORT`)");
	if (wish->hub_only)
		return ERR_OK;
	port = env->ops->listen_port(env, inv->listener);
	for (size_t i = 0; i < wish->addr_count; i++)
		if (!add_addr(&inv->code, wish->addrs[i], port))
			return err_set(err, ERR_INVALID, "\"%s\" is not an address for a code: HOST or HOST:PORT", wish->addrs[i]);
	if (wish->addr_count > 0)
		return ERR_OK;
	if (url_is(wish->listen))
		return err_set(err, ERR_INVALID, "%s: what the newcomer is to type stands at the proxy in front; name it: --address wss://HOST/PATH", wish->listen);
	colon = strrchr(wish->listen, ':');
	(void)snprintf(host, sizeof(host), "%.*s", (int)(colon == NULL ? 0 : colon - wish->listen), wish->listen);
	if (strcmp(host, "0.0.0.0") != 0 && strcmp(host, "[::]") != 0 && add_addr(&inv->code, host, port))
		return ERR_OK;
	if (inv->code.hub_count == 0)
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
	if (inv != NULL)
		inv->once = once_new();
	if (inv == NULL || inv->once == NULL || n->invites == NULL) {
		if (inv != NULL)
			once_free(inv->once);
		mem_free(inv);
		return err_plain(err, ERR_NO_MEMORY);
	}
	inv->node = n;
	inv->yes = wish->yes;
	inv->info.role = wish->role;
	inv->team_count = wish->team_count;
	for (size_t i = 0; i < wish->team_count; i++)
		inv->teams[i] = wish->teams[i];
	if (!wish->hub_only)
		rc = n->env->ops->listen(n->env, wish->listen, guest_accepted, inv, &inv->listener, err);
	if (rc == ERR_OK)
		rc = name_addrs(inv, wish, err);
	if (rc == ERR_OK) {
		inv->hour = n->env->ops->timer(n->env, JOIN_HOUR_S * NS_PER_S, hour_over, inv);
		rc = inv->hour != NULL ? ERR_OK : err_plain(err, ERR_NO_MEMORY); /* without it, it would never end */
	}
	if (rc == ERR_OK) {
		fill_code(inv);
		n->invites->node = n;
		n->invites->list[n->invites->count++] = inv;
		if (inv->listener != NULL)
			herald_start(n->invites);
		ferries_start(inv);
		*out = inv->info;
		return ERR_OK;
	}
	if (inv->listener != NULL)
		n->env->ops->listen_stop(n->env, inv->listener);
	once_free(inv->once);
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
	if (guest_objection(g, &req) != JOIN_YES) {
		guest_refuse(g, JOIN_NO_OVER);
		return err_set(err, ERR_REFUSED, "its hour is over, or this device may not join any more; make a new invitation");
	}
	return guest_let_in(g, &req, err);
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
	inv->info.withdrawn = true;
	invite_end(inv, INVITE_OVER, JOIN_NO_OVER);
	return ERR_OK;
}
