/*
 * faltbok serve: one process that keeps the home open, answers the command
 * line over control.sock, and stays in step with whoever it meets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/serve.h"
#include "base/mem.h"
#include "node/address.h"
#include "node/tend.h"

enum { REMEMBERED_MAX = 32, INDEX_SLICE = 200 };
#define WIPED_AFTER_NS 100000000ull /* for the answer to be on its way */
#define INDEX_AFTER_NS 500000000ull /* what a person waits for comes first */
#define INDEX_PAUSE_NS 4000000ull
#define TEND_EVERY_NS (15ull * 60 * 1000000000)

static void
met(void *ctx, const struct peer_result *r, const char *addr)
{
	struct serve *s = ctx;
	struct err err = ERR_INIT;
	char dev[17]; /* ids in the operator's log, never names */

	if (r->code != ERR_OK)
		env_logf(s->app->env, "%s: %s", addr, r->text);
	else
		env_logf(s->app->env, "%s: sent %llu, received %llu, %s", r->known ? hex_encode(dev, r->device.b, 8) : addr,
		         (unsigned long long)r->sent, (unsigned long long)r->received, r->in_step ? "in step" : "not in step");
	serve_tell_sync(s, r);
	if (r->code == ERR_OK && s->state == SERVE_OPEN && node_tend(s->node, NULL, &err) != ERR_OK)
		env_logf(s->app->env, "tending keys: %s", err.text);
}

/* Also when nobody calls: what is due by the clock. A locked node has no keys to tend. */
static void
tend_again(void *ctx)
{
	struct serve *s = ctx;
	struct err err = ERR_INIT;

	s->tend = NULL;
	if (s->stopping)
		return;
	if (s->state == SERVE_OPEN && node_tend(s->node, NULL, &err) != ERR_OK)
		env_logf(s->app->env, "tending keys: %s", err.text);
	s->tend = s->app->env->ops->timer(s->app->env, TEND_EVERY_NS, tend_again, s);
}

static void
index_more(void *ctx)
{
	struct serve *s = ctx;

	s->indexing = NULL;
	if (!s->stopping && s->state == SERVE_OPEN && node_index_some(s->node, INDEX_SLICE))
		s->indexing = s->app->env->ops->timer(s->app->env, INDEX_PAUSE_NS, index_more, s);
}

void
serve_index(struct serve *s)
{
	if (s->indexing == NULL && !s->stopping && s->state == SERVE_OPEN)
		s->indexing = s->app->env->ops->timer(s->app->env, INDEX_AFTER_NS, index_more, s);
}

static void
changed(void *ctx)
{
	struct serve *s = ctx;

	if (s->meet != NULL && !s->stopping)
		meet_notify(s->meet);
	serve_tell_changes(s);
	serve_index(s);
}

static void
signalled(void *ctx, int sig)
{
	struct serve *s = ctx;

	(void)sig;
	s->stopping = true;
	net_stop(s->app->env);
}

/* ---- operations, from either door ---- */

static const char *
not_now(const struct serve *s)
{
	switch (s->state) {
	case SERVE_NO_HOME:
		return "no home is here yet; the page or `faltbok init` founds an organisation, `faltbok join` joins one";
	case SERVE_JOINING:
		return "this home has not joined its organisation yet; it waits for its welcome";
	case SERVE_LOCKED:
		return "this home is locked; unlock it on its page";
	case SERVE_OPEN:
		break;
	}
	if (node_is_wiped(s->node))
		return "this home has been wiped";
	return s->lock_wanted ? "this home is being locked" : NULL;
}

void
serve_start(void *ctx, const struct op_row *row, struct op_call *call)
{
	struct serve *s = ctx;
	const char *why = not_now(s);

	s->ops++;
	if (why != NULL) {
		err_set(&call->err, s->state == SERVE_NO_HOME || s->state == SERVE_JOINING ? ERR_REFUSED : ERR_LOCKED, "%s", why);
		op_end(call);
		return;
	}
	call->node = s->node;
	call->meet = s->meet;
	s->queue_changes = s->queue_changes || (row->writes && strncmp(row->name, "queue ", 6) == 0);
	op_start(row, call);
}

static void
start_typed(void *ctx, const struct op_row *row, struct op_call *call)
{
	serve_seen(ctx);
	serve_start(ctx, row, call);
}

static const char *
page_address(void *ctx)
{
	const struct serve *s = ctx;

	return s->web != NULL ? web_address(s->web) : NULL;
}

static void leave(struct serve *s);

/* The answer goes out first. Then nothing is left to serve; a page may begin anew. */
static void
wiped(void *ctx)
{
	struct serve *s = ctx;

	s->wiped = NULL;
	if (s->ops > 0)
		return; /* the last of them calls again */
	leave(s);
	s->state = SERVE_NO_HOME;
	if (s->web == NULL)
		signalled(s, 0);
	else
		serve_tell_session(s);
}

static void
end_wiped(struct serve *s)
{
	if (s->wiped == NULL && !s->stopping)
		s->wiped = s->app->env->ops->timer(s->app->env, WIPED_AFTER_NS, wiped, s);
}

void
serve_ended(void *ctx)
{
	struct serve *s = ctx;

	s->ops--;
	if (s->queue_changes && s->web != NULL)
		web_event(s->web, "queue", json_object());
	s->queue_changes = false;
	if (s->node != NULL && node_is_wiped(s->node))
		end_wiped(s);
	else if (s->lock_wanted && s->ops == 0)
		serve_lock(s);
	else
		serve_watch_invites(s);
}

/* ---- life ---- */

bool
serve_has_home(const struct serve *s)
{
	char path[sizeof(s->app->home) + 16];

	snprintf(path, sizeof(path), "%s/keystore", s->app->home);
	return s->app->env->files->exists(s->app->env, path);
}

/* Where somebody is said to be, met or not. */
static void
dial_typed(struct serve *s)
{
	struct addresses typed;
	struct err err = ERR_INIT;

	if (node_addresses(s->node, &typed, &err) != ERR_OK)
		return;
	for (size_t i = 0; i < typed.count; i++)
		if (!meet_dials(s->meet, typed.at[i]))
			(void)!meet_dial(s->meet, typed.at[i], MEET_KEEP, &err);
}

/* Whoever was met before and can be dialled; those named are dialled anyway. */
static void
dial_remembered(struct serve *s)
{
	struct replica_peer *known = mem_zero(REMEMBERED_MAX, sizeof(*known));
	size_t count = known == NULL ? 0 : replica_peers(node_replica(s->node), known, REMEMBERED_MAX);

	for (size_t i = 0; i < count; i++) {
		struct device_id device = device_id_of(&known[i].author);
		struct err err = ERR_INIT;

		if (known[i].addr[0] != '\0' || known[i].web[0] != '\0')
			(void)!meet_dial_known(s->meet, &device, known[i].addr, known[i].web, MEET_KEEP, &err);
	}
	mem_free(known);
	dial_typed(s);
}

/* Without it colleagues are found by address only: worth a line, no reason to stop. */
static void
seek(struct serve *s)
{
	struct err err = ERR_INIT;

	if (seek_new(&s->seek, node_peer_host(s->node), s->meet, &err) != ERR_OK)
		env_logf(s->app->env, "looking for colleagues on the network: %s", err.text);
}

/* Who seeks nobody has addresses to dial all the same, and links that may have died in its sleep. */
static void
woke(void *ctx)
{
	struct serve *s = ctx;

	meet_wake(s->meet);
}

/*
 * What cannot be had now, an address that another program has or a control socket on a full disk: an error for who starts the program, and
 * a line in its log where the page has opened the home, for then a person wants to write.
 */
static enum err_code
wanted(struct serve *s, enum err_code code, struct err *err)
{
	if (code == ERR_OK || code == ERR_NO_MEMORY || !s->by_page)
		return code;
	env_logf(s->app->env, "%s", err->text);
	*err = (struct err)ERR_INIT;
	return ERR_OK;
}

static enum err_code
listen_at(struct serve *s, const char *addr, struct err *err)
{
	if (!s->by_page)
		return meet_listen(s->meet, addr, err);
	meet_listen_patiently(s->meet, addr);
	return ERR_OK;
}

/* Where none is named: every address, any free port; who finds us by beacon learns it. */
static enum err_code
listen_somewhere(struct serve *s, struct err *err)
{
	struct err first = ERR_INIT;

	if (meet_listen(s->meet, "[::]:0", &first) == ERR_OK)
		return ERR_OK;
	return listen_at(s, "0.0.0.0:0", err); /* a machine without IPv6 */
}

static enum err_code
meet_all(struct serve *s, struct err *err)
{
	struct meet_events events = { .ctx = s, .result = met };

	node_peer_host(s->node)->stay = true;
	s->meet = meet_new(node_peer_host(s->node), &events);
	if (s->meet == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	node_on_change(s->node, changed, s);
	for (size_t i = 0; i < s->listen_count; i++)
		if (listen_at(s, s->listen[i], err) != ERR_OK)
			return err_wrap(err, "listening on %s", s->listen[i]);
	if (s->listen_count == 0 && s->discovery && listen_somewhere(s, err) != ERR_OK)
		return err_wrap(err, "listening");
	for (size_t i = 0; i < s->peer_count; i++)
		if (wanted(s, meet_dial(s->meet, s->peers[i], MEET_KEEP, err), err) != ERR_OK)
			return err_wrap(err, "peer %s", s->peers[i]);
	dial_remembered(s);
	if (s->discovery)
		seek(s);
	if (s->seek == NULL)
		s->wake = wake_new(s->app->env, woke, s);
	return ERR_OK;
}

static void
leave(struct serve *s)
{
	if (s->tend != NULL)
		s->app->env->ops->timer_stop(s->app->env, s->tend);
	s->tend = NULL;
	if (s->indexing != NULL)
		s->app->env->ops->timer_stop(s->app->env, s->indexing);
	s->indexing = NULL;
	serve_unwatch(s);
	if (s->wiped != NULL)
		s->app->env->ops->timer_stop(s->app->env, s->wiped);
	s->wiped = NULL;
	door_close(&s->door);
	seek_free(s->seek);
	s->seek = NULL;
	wake_free(s->wake);
	s->wake = NULL;
	meet_free(s->meet);
	s->meet = NULL;
	node_close(s->node);
	s->node = NULL;
}

enum err_code
serve_opened(struct serve *s, struct node *node, struct err *err)
{
	s->node = node;
	s->door = (struct door){ .env = s->app->env, .home = s->app->home, .ctx = s, .start = start_typed, .ended = serve_ended, .page = page_address };
	if (meet_all(s, err) != ERR_OK || wanted(s, door_open(&s->door, err), err) != ERR_OK) {
		leave(s);
		return err->code;
	}
	s->state = SERVE_OPEN;
	tend_again(s);
	serve_watch(s);
	serve_index(s);
	serve_tell_session(s);
	return ERR_OK;
}

void
serve_lock(struct serve *s)
{
	if (s->state != SERVE_OPEN)
		return;
	s->lock_wanted = s->ops > 0;
	if (s->lock_wanted)
		return;
	serve_unwatch(s);
	node_lock(s->node);
	s->state = SERVE_LOCKED;
	serve_tell_session(s);
}

void
serve_unlocked(struct serve *s)
{
	s->state = SERVE_OPEN;
	serve_watch(s);
	serve_index(s);
}

/* Without a page, or with a passphrase at hand, the home is opened now; otherwise the page asks. */
static enum err_code
open_now(struct serve *s, struct err *err)
{
	struct node_secret secret = { .slot = 1 };
	struct app *app = s->app;
	struct node *node;

	s->state = s->told = serve_has_home(s) ? SERVE_LOCKED : SERVE_NO_HOME;
	if (s->state == SERVE_NO_HOME && s->http == NULL)
		return err_set(err, ERR_REFUSED, "%s: no home is here yet; `faltbok init` founds an organisation, `faltbok join` joins one", app->home);
	if (s->state == SERVE_NO_HOME || (s->http != NULL && app->passphrase_file == NULL))
		return ERR_OK;
	if (app_passphrase(app, false, err) != ERR_OK)
		return err->code;
	secret.secret = buf_bytes(&app->passphrase);
	if (node_open(&node, app->env, app->home, &secret, err) != ERR_OK)
		return err->code;
	return serve_opened(s, node, err);
}

static enum err_code
open_page(struct serve *s, struct err *err)
{
	struct web_host host = serve_web_host;

	host.ctx = s;
	return s->http == NULL ? ERR_OK : web_start(&s->web, s->app->env, s->http, &host, err);
}

static void
say_ready(struct serve *s)
{
	int port = s->meet == NULL ? 0 : meet_port(s->meet), web_port = s->meet == NULL ? 0 : meet_web_port(s->meet);

	if (s->app->json)
		printf(s->web != NULL ? "{\"ready\":true,\"port\":%d,\"ws_port\":%d,\"http\":\"%s\"}\n" : "{\"ready\":true,\"port\":%d,\"ws_port\":%d}\n",
		       port, web_port, s->web != NULL ? web_address(s->web) : "");
	else if (s->web != NULL)
		printf("%sThe page: %s\n", s->app->quiet ? "" : "Open this address in the browser of this computer. It works once; `faltbok page` prints another. Stop with Ctrl-C.\n",
		       web_address(s->web));
	else if (!s->app->quiet)
		printf("Serving %s%s%.0d. Stop with Ctrl-C.\n", s->app->home, port > 0 ? ", port " : "", port);
	fflush(stdout);
}

/* --lock-after MINUTES, or SECONDSs. Where only the command line asks, nobody could unlock: then it is never, unless said. */
static enum err_code
lock_after(struct serve *s, struct err *err)
{
	const char *text = app_option(s->app, "--lock-after");
	char *end = NULL;
	long minutes = text != NULL ? strtol(text, &end, 10) : 0;

	s->lock_after_s = s->http != NULL ? LOCK_AFTER_S : 0;
	if (text == NULL)
		return ERR_OK;
	if (s->http == NULL)
		return err_set(err, ERR_USAGE, "serve: --lock-after needs --http, where the home can be unlocked again");
	if (end == text || (*end != '\0' && strcmp(end, "s") != 0) || minutes < 0 || minutes > 24 * 60)
		return err_set(err, ERR_USAGE, "serve: --lock-after %s: minutes from 0 (never) to 1440, or seconds such as 90s", text);
	s->lock_after_s = (uint64_t)minutes * (*end == 's' ? 1 : 60);
	return ERR_OK;
}

int
app_serve(struct app *app)
{
	struct serve s = { .app = app };
	struct err err = ERR_INIT;
	const char *peer, *listen;

	while (s.listen_count < COUNT_OF(s.listen) && (listen = app_option(app, "--listen")) != NULL)
		s.listen[s.listen_count++] = listen;
	s.http = app_option(app, "--http");
	s.discovery = !app_flag(app, "--no-discovery");
	while ((peer = app_option(app, "--peer")) != NULL && s.peer_count < SERVE_PEERS_MAX)
		s.peers[s.peer_count++] = peer;
	if (lock_after(&s, &err) == ERR_OK && app_no_more(app, &err) == ERR_OK && open_page(&s, &err) == ERR_OK && open_now(&s, &err) == ERR_OK &&
	    net_on_signal(app->env, signalled, &s, &err) == ERR_OK) {
		say_ready(&s);
		net_run(app->env, &s.stopping, -1);
	}
	s.stopping = true;
	web_stop(s.web);
	s.web = NULL;
	serve_leave_work(&s);
	leave(&s);
	if (s.state == SERVE_JOINING)
		home_close(&s.home);
	return err.code == ERR_OK ? 0 : app_fail(app, &err);
}
