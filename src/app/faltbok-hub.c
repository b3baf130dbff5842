/*
 * faltbok-hub: an always-on replica that relays and stores ciphertext. It is
 * admitted like any device, holds no case key and links no code that could use one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "app/common.h"
#include "app/hub_ops.h"
#include "hub/hub.h"
#include "net/net.h"

enum { DESCRIPTORS_MAX = 65536 };

static struct hub_memory memory;
static struct hub_store store;

static const struct command commands[] = {
	{ "join", "CODE --member NAME --device NAME | --request FILE --member NAME --device NAME | --welcome FILE [--root FINGERPRINT | --yes]",
	  "Makes this hub's keys and a request for a coordinator; then takes the welcome." },
	{ "serve", "--listen HOST:PORT|ws://HOST:PORT/PATH… [--peer ADDRESS]… [--store sqlite|postgresql://USER@HOST/DATABASE] [--no-discovery] [--not-restored]", "Relays until interrupted." },
	{ "status", "", "Each organisation: entries, bytes, links, quota; and what is wrong." },
	{ "verify", "", "Checks every signature, hash and chain that is stored." },
	{ "gc", "[--dry-run]", "Gives back what no entry and no proof needs." },
	{ "org", "list | remove ORG --yes | quota ORG [--bytes N] [--entries N] [--devices N] [--connections N]",
	  "The organisations of this hub; `join` adds one." },
	{ "passphrase", "[--new-passphrase-file FILE]", "Changes the passphrase of this home." },
	{ "recover", "--code FILE", "Sets a new passphrase with this device's recovery code." },
	{ "paper", "new | confirm", "Prints another recovery code; or says that what was printed is written down and kept." },
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

/* Half of the descriptors are for those who are known. */
static size_t
guests(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (size_t)limit.rlim_cur / 2 : 256;
}

static enum err_code
open_hub(struct app *app, bool continuous, struct hub **hub, struct err *err)
{
	struct home home = { 0 };
	struct hub_config config = { guests(), continuous, &memory, hub_memory_get, hub_memory_put };

	hub_memory_find(&memory, app->env, app->home);
	if (app_open_home(app, &home, err) != ERR_OK)
		return err->code;
	if (hub_new(hub, &home, &config, err) != ERR_OK)
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

/* A limit that is too low for thousands of links is most often only a habit. */
static void
want_descriptors(struct app *app)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		env_logf(app->env, "no more than %llu descriptors", (unsigned long long)limit.rlim_cur);
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
	bool discovery = !app_flag(app, "--no-discovery"), continuous = app_flag(app, "--not-restored");
	struct hub_desk desk = { .home = app->home };
	struct net_control *control = NULL;

	want_descriptors(app);
	while (listens < COUNT_OF(listen) && (listen[listens] = app_option(app, "--listen")) != NULL)
		listens++;
	while (count < COUNT_OF(peers) && (peer = app_option(app, "--peer")) != NULL)
		peers[count++] = peer;
	if (listens == 0)
		err_set(&err, ERR_USAGE, "serve --listen HOST:PORT: where should devices find this hub?");
	else if (app_no_more(app, &err) == ERR_OK && open_hub(app, continuous, &hub, &err) == ERR_OK && listen_all(hub, listen, listens, &err) == ERR_OK) {
		for (size_t i = 0; i < count && err.code == ERR_OK; i++)
			(void)!hub_dial(hub, peers[i], &err);
		if (discovery)
			seek(app, hub);
		desk.hub = hub;
		(void)!hub_store_keep(&store, app, &err);
		if (err.code == ERR_OK && hub_desk_open(&desk, app->env, &control, &err) == ERR_OK && net_on_signal(app->env, signalled, &s, &err) == ERR_OK) {
			say_ready(app, hub);
			net_run(app->env, &s.stop, -1);
		}
	}
	if (control != NULL)
		net_control_stop(control);
	hub_free(hub);
	return err.code == ERR_OK ? 0 : app_fail(app, &err);
}

/* A welcome is a coordinator's word of who belongs: from here on it only has to be kept that no older disk comes back. */
static void
joined(struct app *app, struct home *home)
{
	struct device_id id = device_id_of(&home->keys->device.sign_pk);
	uint8_t witness[32];

	hub_memory_find(&memory, app->env, app->home);
	hub_witness_of(home, witness);
	hub_memory_put(&memory, &id, witness);
}

static int
ask(struct app *app)
{
	struct err err = ERR_INIT;
	struct hub *hub = NULL;
	json_t *question = hub_question(app, &err), *answer = NULL;
	struct buf text = BUF_INIT;
	int code;

	if (question == NULL)
		return app_fail(app, &err);
	if (hub_ask_server(app, question, &answer, &err) == ERR_NOT_FOUND) { /* nobody serves it: the home is opened here */
		err = (struct err)ERR_INIT;
		if (open_hub(app, false, &hub, &err) == ERR_OK)
			answer = hub_ask(hub, app->home, question, false, &err);
		hub_free(hub);
	}
	if (answer != NULL)
		hub_say(question, answer, &text);
	code = answer != NULL ? app_answer(app, answer, buf_str(&text)) : app_fail(app, &err);
	buf_free(&text);
	json_decref(question);
	return code;
}

int
main(int argc, char **argv)
{
	struct app app;
	struct err err = ERR_INIT;
	int code;

	app_start(&app, "faltbok-hub", argc, argv, commands);
	app.joined = joined;
	if (hub_store_choose(&store, &app, &err) != ERR_OK)
		code = app_fail(&app, &err);
	else if (strcmp(app.argv[0], "join") == 0)
		code = hub_join(&app);
	else if (strcmp(app.argv[0], "serve") == 0)
		code = serve(&app);
	else if (strcmp(app.argv[0], "status") == 0 || strcmp(app.argv[0], "verify") == 0 || strcmp(app.argv[0], "gc") == 0 ||
	         strcmp(app.argv[0], "org") == 0)
		code = ask(&app);
	else if (strcmp(app.argv[0], "passphrase") == 0)
		code = app_change_passphrase(&app);
	else if (strcmp(app.argv[0], "recover") == 0)
		code = app_recover(&app);
	else if (app_is_paper(&app, "confirm"))
		code = ask(&app);
	else if (strcmp(app.argv[0], "paper") == 0)
		code = app_paper(&app);
	else {
		err_set(&err, ERR_USAGE, "there is no command \"%s\"; `faltbok-hub --help` shows them", app.argv[0]);
		code = app_fail(&app, &err);
	}
	hub_store_free(&store, &app);
	return app_finish(&app, code);
}
