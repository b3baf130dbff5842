/*
 * faltbok-hub: an always-on replica that relays and stores ciphertext. It is
 * admitted like any device, holds no case key and links no code that could use one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/common.h"
#include "hub/hub.h"
#include "net/net.h"

static const struct command commands[] = {
	{ "join", "CODE --member NAME --device NAME | --request FILE --member NAME --device NAME | --welcome FILE [--root FINGERPRINT | --yes]",
	  "Makes this hub's keys and a request for a coordinator; then takes the welcome." },
	{ "serve", "--listen HOST:PORT|ws://HOST:PORT/PATH… [--peer ADDRESS]… [--no-discovery]", "Relays until interrupted." },
	{ "status", "", "Entries, logs and bytes held." },
	{ "verify", "", "Checks every signature, hash and chain that is stored." },
	{ "passphrase", "[--new-passphrase-file FILE]", "Changes the passphrase of this home." },
	{ "recover", "--code FILE", "Sets a new passphrase with this device's recovery code." },
	{ NULL, NULL, NULL },
};

struct serve { struct app *app; bool stop; };

static void
signalled(void *ctx, int sig)
{
	struct serve *s = ctx;

	(void)sig;
	s->stop = true;
	net_stop(s->app->env);
}

static void
say_ready(const struct app *app, const struct hub *hub)
{
	if (app->json)
		printf("{\"ready\":true,\"port\":%d,\"ws_port\":%d}\n", hub_port(hub), hub_web_port(hub));
	else if (!app->quiet)
		printf("Hub %s serves on port %d. Stop with Ctrl-C.\n", app->home, hub_port(hub) != 0 ? hub_port(hub) : hub_web_port(hub));
	fflush(stdout);
}

static enum err_code
open_hub(struct app *app, struct hub **hub, struct err *err)
{
	struct home home = { 0 };

	if (app_open_home(app, &home, err) != ERR_OK)
		return err->code;
	if (hub_new(hub, &home, err) != ERR_OK)
		home_close(&home);
	return err->code;
}

/* Without it colleagues on the same network need the hub's address: worth a line, no reason to stop. */
static void
seek(struct app *app, struct hub *hub)
{
	struct err err = ERR_INIT;

	if (hub_seek(hub, &err) != ERR_OK)
		env_logf(app->env, "looking for colleagues on the network: %s", err.text);
}

static enum err_code
listen_all(struct hub *hub, const char *const *listen, size_t count, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < count && rc == ERR_OK; i++)
		rc = hub_listen(hub, listen[i], err);
	return rc;
}

static int
serve(struct app *app)
{
	const char *listen[MEET_LISTENERS_MAX], *peer;
	struct serve s = { app, false };
	struct err err = ERR_INIT;
	struct hub *hub = NULL;
	const char *peers[64];
	size_t count = 0, listens = 0;
	bool discovery = !app_flag(app, "--no-discovery");

	while (listens < COUNT_OF(listen) && (listen[listens] = app_option(app, "--listen")) != NULL)
		listens++;
	while (count < COUNT_OF(peers) && (peer = app_option(app, "--peer")) != NULL)
		peers[count++] = peer;
	if (listens == 0)
		err_set(&err, ERR_USAGE, "serve --listen HOST:PORT: where should devices find this hub?");
	else if (app_no_more(app, &err) == ERR_OK && open_hub(app, &hub, &err) == ERR_OK && listen_all(hub, listen, listens, &err) == ERR_OK) {
		for (size_t i = 0; i < count && err.code == ERR_OK; i++)
			(void)!hub_dial(hub, peers[i], &err);
		if (discovery)
			seek(app, hub);
		if (err.code == ERR_OK && net_on_signal(app->env, signalled, &s, &err) == ERR_OK) {
			say_ready(app, hub);
			net_run(app->env, &s.stop, -1);
		}
	}
	hub_free(hub);
	return err.code == ERR_OK ? 0 : app_fail(app, &err);
}

static int
status(struct app *app)
{
	struct err err = ERR_INIT;
	struct hub *hub = NULL;
	struct hub_status st;
	char text[256], frontier[65];
	json_t *o;

	if (app_no_more(app, &err) != ERR_OK || open_hub(app, &hub, &err) != ERR_OK)
		return app_fail(app, &err);
	hub_status(hub, &st);
	hub_free(hub);
	o = json_pack("{s:I,s:I,s:I,s:s}", "entries", (json_int_t)st.entries, "logs", (json_int_t)st.logs, "file_bytes",
	              (json_int_t)st.file_bytes, "frontier", hex_encode(frontier, st.frontier, 32));
	snprintf(text, sizeof(text), "%llu entries in %llu logs, %llu bytes of ciphertext\n", (unsigned long long)st.entries,
	         (unsigned long long)st.logs, (unsigned long long)st.file_bytes);
	return app_answer(app, o, text);
}

static void
finding(void *ctx, const char *text)
{
	json_array_append_new(ctx, json_string(text));
}

static int
verify(struct app *app)
{
	struct err err = ERR_INIT;
	struct home home = { 0 };
	json_t *findings;
	char text[128];
	int code;

	if (app_no_more(app, &err) != ERR_OK || app_open_home(app, &home, &err) != ERR_OK)
		return app_fail(app, &err);
	findings = json_array();
	snprintf(text, sizeof(text), "%llu entries verify.\n", (unsigned long long)replica_entry_count(home.replica));
	if (replica_verify(home.replica, finding, findings, NULL, &err) == ERR_OK && json_array_size(findings) > 0)
		err_set(&err, ERR_DAMAGED, "%zu faults, the first: %s", json_array_size(findings), json_string_value(json_array_get(findings, 0)));
	home_close(&home);
	code = err.code == ERR_OK ? app_answer(app, json_pack("{s:b,s:O}", "ok", 1, "findings", findings), text) : app_fail(app, &err);
	json_decref(findings);
	return code;
}

int
main(int argc, char **argv)
{
	struct app app;
	struct err err = ERR_INIT;
	int code;

	app_start(&app, "faltbok-hub", argc, argv, commands);
	if (strcmp(app.argv[0], "join") == 0)
		code = app_join(&app);
	else if (strcmp(app.argv[0], "serve") == 0)
		code = serve(&app);
	else if (strcmp(app.argv[0], "status") == 0)
		code = status(&app);
	else if (strcmp(app.argv[0], "verify") == 0)
		code = verify(&app);
	else if (strcmp(app.argv[0], "passphrase") == 0)
		code = app_change_passphrase(&app);
	else if (strcmp(app.argv[0], "recover") == 0)
		code = app_recover(&app);
	else {
		err_set(&err, ERR_USAGE, "there is no command \"%s\"; `faltbok-hub --help` shows them", app.argv[0]);
		code = app_fail(&app, &err);
	}
	return app_finish(&app, code);
}
