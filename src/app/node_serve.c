/*
 * faltbok serve: one process that keeps the home open, answers the command
 * line over control.sock, and stays in step with whoever it meets.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/node.h"
#include "base/mem.h"
#include "net/net.h"
#include "peer/seek.h"

enum { SERVE_PEERS_MAX = 64, REMEMBERED_MAX = 32 };

struct serve {
	struct app *app;
	struct node *node;
	struct meet *meet;
	struct seek *seek;         /* NULL: peers are found by address only */
	struct net_control *control;
	bool stopping;
};

static void
met(void *ctx, const struct peer_result *r, const char *addr)
{
	struct serve *s = ctx;
	struct err err = ERR_INIT;
	size_t given = 0;
	char dev[17]; /* ids in the operator's log, never names */

	if (r->code != ERR_OK)
		env_logf(s->app->env, "%s: %s", addr, r->text);
	else
		env_logf(s->app->env, "%s: sent %llu, received %llu, %s", r->known ? hex_encode(dev, r->device.b, 8) : addr,
		         (unsigned long long)r->sent, (unsigned long long)r->received, r->in_step ? "in step" : "not in step");
	if (r->code == ERR_OK && (node_give_keys(s->node, &given, &err) != ERR_OK || node_commit(s->node, &err) != ERR_OK))
		env_logf(s->app->env, "giving keys: %s", err.text);
	if (given > 0)
		meet_notify(s->meet);
}

static void
changed(void *ctx)
{
	struct serve *s = ctx;

	if (s->meet != NULL && !s->stopping)
		meet_notify(s->meet);
}

static void
signalled(void *ctx, int sig)
{
	struct serve *s = ctx;

	(void)sig;
	s->stopping = true;
	net_stop(s->app->env);
}

/* ---- control socket ---- */

struct asked {
	struct op_call call; /* first: finished() gets its address */
	struct net_control_call *socket;
	json_t *params;
};

static void
answered(struct op_call *call)
{
	struct asked *a = (struct asked *)call;
	json_t *o = call->err.code == ERR_OK ? call->result : op_error_json(&call->err);
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));

	net_control_reply(a->socket, text != NULL ? BYTES_STR(text) : BYTES_NONE);
	free(text);
	json_decref(o);
	json_decref(a->params);
	mem_free(a);
}

static void
asked(void *ctx, struct net_control_call *socket, struct bytes request)
{
	struct serve *s = ctx;
	struct asked *a = mem_zero(1, sizeof(*a));
	const struct op_row *row = NULL;

	if (a == NULL) {
		net_control_reply(socket, BYTES_NONE);
		return;
	}
	a->params = json_loadb((const char *)request.p, request.len, 0, NULL);
	a->socket = socket;
	a->call = (struct op_call){ .node = s->node, .meet = s->meet, .params = a->params, .finished = answered };
	if (json_is_string(json_object_get(a->params, "op")))
		row = op_find(json_string_value(json_object_get(a->params, "op")));
	if (row != NULL) {
		op_start(row, &a->call);
		return;
	}
	err_set(&a->call.err, ERR_USAGE, "there is no such operation");
	answered(&a->call);
}

/* ---- life ---- */

static enum err_code
open_node(struct serve *s, struct err *err)
{
	struct node_secret secret = { .slot = 1 };
	char path[sizeof(s->app->home) + 16];

	snprintf(path, sizeof(path), "%s/keystore", s->app->home);
	if (!s->app->env->files->exists(s->app->env, path))
		return err_set(err, ERR_REFUSED, "%s: no home is here yet; `faltbok init` founds an organisation, `faltbok join` joins one", s->app->home);
	if (app_passphrase(s->app, false, err) != ERR_OK)
		return err->code;
	secret.secret = buf_bytes(&s->app->passphrase);
	return node_open(&s->node, s->app->env, s->app->home, &secret, err);
}

/* Whoever was met before and can be dialled; those named are dialled anyway. */
static void
dial_remembered(struct serve *s)
{
	struct replica_peer *known = mem_zero(REMEMBERED_MAX, sizeof(*known));
	size_t count = known == NULL ? 0 : replica_peers(node_replica(s->node), known, REMEMBERED_MAX);

	for (size_t i = 0; i < count; i++) {
		struct err err = ERR_INIT;

		if (known[i].addr[0] != '\0' && !meet_dials(s->meet, known[i].addr))
			(void)!meet_dial(s->meet, known[i].addr, MEET_KEEP, &err);
	}
	mem_free(known);
}

/* Without it colleagues are found by address only: worth a line, no reason to stop. */
static void
seek(struct serve *s)
{
	struct err err = ERR_INIT;

	if (seek_new(&s->seek, node_peer_host(s->node), s->meet, &err) != ERR_OK)
		env_logf(s->app->env, "looking for colleagues on the network: %s", err.text);
}

/* Where none is named: every address, any free port; who finds us by beacon learns it. */
static enum err_code
listen_somewhere(struct serve *s, struct err *err)
{
	struct err first = ERR_INIT;

	if (meet_listen(s->meet, "[::]:0", &first) == ERR_OK)
		return ERR_OK;
	return meet_listen(s->meet, "0.0.0.0:0", err); /* a machine without IPv6 */
}

static enum err_code
meet_all(struct serve *s, const char *listen, const char **peers, size_t count, bool discovery, struct err *err)
{
	struct meet_events events = { .ctx = s, .result = met };

	node_peer_host(s->node)->stay = true;
	s->meet = meet_new(node_peer_host(s->node), &events);
	if (s->meet == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	node_on_change(s->node, changed, s);
	if (listen != NULL && meet_listen(s->meet, listen, err) != ERR_OK)
		return err_wrap(err, "listening on %s", listen);
	if (listen == NULL && discovery && listen_somewhere(s, err) != ERR_OK)
		return err_wrap(err, "listening");
	for (size_t i = 0; i < count; i++)
		if (meet_dial(s->meet, peers[i], MEET_KEEP, err) != ERR_OK)
			return err_wrap(err, "peer %s", peers[i]);
	dial_remembered(s);
	if (discovery)
		seek(s);
	return ERR_OK;
}

static void
say_ready(struct serve *s)
{
	if (s->app->json)
		printf("{\"ready\":true,\"port\":%d}\n", meet_port(s->meet));
	else if (!s->app->quiet)
		printf("Serving %s%s%.0d. Stop with Ctrl-C.\n", s->app->home, meet_port(s->meet) > 0 ? ", port " : "", meet_port(s->meet));
	fflush(stdout);
}

int
app_serve(struct app *app)
{
	struct serve s = { .app = app };
	struct err err = ERR_INIT;
	const char *listen = app_option(app, "--listen"), *peers[SERVE_PEERS_MAX], *peer;
	char socket[sizeof(app->home) + 32];
	size_t count = 0;
	bool discovery;

	while ((peer = app_option(app, "--peer")) != NULL && count < SERVE_PEERS_MAX)
		peers[count++] = peer;
	discovery = !app_flag(app, "--no-discovery");
	snprintf(socket, sizeof(socket), "%s/control.sock", app->home);
	if (app_no_more(app, &err) == ERR_OK && open_node(&s, &err) == ERR_OK &&
	    meet_all(&s, listen, peers, count, discovery, &err) == ERR_OK &&
	    net_control_listen(app->env, socket, asked, &s, &s.control, &err) == ERR_OK &&
	    net_on_signal(app->env, signalled, &s, &err) == ERR_OK) {
		say_ready(&s);
		net_run(app->env, &s.stopping, -1);
	}
	s.stopping = true;
	net_control_stop(s.control);
	seek_free(s.seek);
	meet_free(s.meet);
	node_close(s.node);
	return err.code == ERR_OK ? 0 : app_fail(app, &err);
}
