/*
 * faltbok: the node of an adviser or coordinator. Words in, one operation,
 * an answer and an exit status out. Where a node is already serving from
 * the home, the operation is handed to it and its answer printed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/node.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/net.h"

static const struct command own_commands[] = {
	{ "init", "--org NAME --member NAME --device NAME [--kit DIR] [--profile FILE] [--no-escrow] [--no-drop-box]",
	  "Creates the organisation; this device is its first coordinator. Writes the recovery kit." },
	{ "join", "CODE --member NAME --device NAME | --request FILE --member NAME --device NAME | --welcome FILE [--root FINGERPRINT | --yes]",
	  "Joins by the code on a coordinator's screen; or by files: makes a request for a coordinator, then takes the welcome." },
	{ "restore", "FILE", "Makes a home of a backup, under the passphrase that it had then." },
	{ "serve", "[--listen ADDRESS]… [--peer ADDRESS]… [--no-discovery] [--http 127.0.0.1:PORT [--lock-after MINUTES]]",
	  "Keeps in step with others until interrupted; with --http also serves the page of this node to this computer's browser." },
	{ "page", "", "Prints a new address of the page that the running node serves; it works once." },
	{ "practice", "", "Makes a home for practice, with made-up examples; nothing in it counts." },
	{ "passphrase", "[--new-passphrase-file FILE]", "Changes the passphrase of this home." },
	{ "recover", "--code FILE", "Sets a new passphrase with this device's recovery code." },
	{ "paper new", "", "Prints another recovery code for this device; the one before opens nothing any more." },
};

/* Our own commands and the table's rows in one list, for help. */
static const struct command *
all_commands(void)
{
	static struct command list[256];
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(own_commands); i++)
		list[n++] = own_commands[i];
	for (const struct op_row *row = op_table; row->name != NULL && n + 1 < COUNT_OF(list); row++)
		list[n++] = (struct command){ row->name, row->usage, row->help };
	return list;
}

static int
answer(struct app *app, const struct op_row *row, json_t *result)
{
	struct buf text = BUF_INIT;
	int status;

	print_result(&text, row, result);
	status = app_answer(app, result, buf_str(&text));
	buf_wipe(&text);
	return status;
}

static enum err_code
code_of(const char *word)
{
#define X(code, exit_status, name, text) if (strcmp(word, name) == 0) return code;
	ERR_MAP(X)
#undef X
	return ERR_IO;
}

/* Hands the operation to the process that serves this home. ERR_NOT_FOUND: there is none. */
static enum err_code
by_socket(struct app *app, const struct op_row *row, json_t *params, int *status)
{
	char path[sizeof(app->home) + 32];
	struct buf reply = BUF_INIT;
	struct err err = ERR_INIT;
	json_t *answered, *error;
	char *request;
	enum err_code rc;

	snprintf(path, sizeof(path), "%s/control.sock", app->home);
	json_object_set_new(params, "op", json_string(row->name));
	request = json_dumps(params, JSON_COMPACT);
	rc = request == NULL ? err_plain(&err, ERR_NO_MEMORY) : net_control_call(path, BYTES_STR(request), &reply, &err);
	free(request);
	if (rc == ERR_NOT_FOUND)
		return rc;
	answered = rc == ERR_OK ? json_read(buf_bytes(&reply), 0, NULL) : NULL;
	buf_wipe(&reply);
	if (rc == ERR_OK && answered == NULL)
		err_set(&err, ERR_IO, "the serving process gave no answer; is it still running?");
	error = json_object_get(answered, "error");
	if (error != NULL)
		err_set(&err, code_of(json_string_value(json_object_get(error, "code"))), "%s", json_string_value(json_object_get(error, "text")));
	if (err.code == ERR_OK) {
		*status = answer(app, row, answered);
		return ERR_OK;
	}
	json_decref(answered);
	*status = app_fail(app, &err);
	return ERR_OK;
}

static void
finished(struct op_call *call)
{
	*(bool *)call->ctx = true;
}

static int
by_ourselves(struct app *app, const struct op_row *row, json_t *params)
{
	struct node_secret secret = { .slot = 1 };
	struct err err = ERR_INIT;
	struct node *node = NULL;
	struct op_call call = { .params = params, .finished = finished };
	bool done = false;
	char path[sizeof(app->home) + 16];
	int status;

	if (site_unfinished(app, row, params))
		return site_finish(app);
	snprintf(path, sizeof(path), "%s/keystore", app->home);
	if (!app->env->files->exists(app->env, path) && !home_is_being_wiped(app->env, app->home)) {
		err_set(&err, ERR_REFUSED, "%s: no home is here yet; `faltbok init` founds an organisation, `faltbok join` joins one", app->home);
		return app_fail(app, &err);
	}
	if ((invite_is(row) && invite_answerable(params, &err) != ERR_OK) || app_passphrase(app, false, &err) != ERR_OK)
		return app_fail(app, &err);
	secret.secret = buf_bytes(&app->passphrase);
	if (node_open(&node, app->env, app->home, &secret, &err) != ERR_OK)
		return app_fail(app, &err);
	call.node = node;
	call.ctx = &done;
	op_start(row, &call);
	if (!done)
		net_run(app->env, &done, -1);
	status = call.err.code == ERR_OK ? answer(app, row, call.result) : app_fail(app, &call.err);
	if (status == 0 && invite_is(row)) /* who waits at the door needs somebody to open it */
		status = invite_wait(app, node, json_is_true(json_object_get(params, "yes")));
	node_close(node);
	return status;
}

static int
run_row(struct app *app)
{
	struct err err = ERR_INIT;
	int used = 0, status = 0;
	const struct op_row *row = args_row(app, &used);
	json_t *params;

	if (row == NULL) {
		err_set(&err, ERR_USAGE, "there is no command \"%s\"; `faltbok --help` shows them", app->argv[0]);
		return app_fail(app, &err);
	}
	params = args_params(app, row, used, &err);
	if (params == NULL)
		return app_fail(app, &err);
	if (invite_is(row))
		invite_addresses(params);
	if (site_ask(row, params, &err) != ERR_OK) {
		json_decref(params);
		return app_fail(app, &err);
	}
	if (strcmp(row->name, "revoke") == 0 && card_read(app, params, &err) != ERR_OK) {
		json_decref(params);
		return app_fail(app, &err);
	}
	/* A report that is asked for as JSON is printed as JSON. */
	if (strcmp(row->name, "report") == 0 && json_object_get(params, "output") == NULL &&
	    strcmp(json_string_value(json_object_get(params, "format")) != NULL ? json_string_value(json_object_get(params, "format")) : "", "json") == 0)
		app->json = true;
	if (by_socket(app, row, params, &status) == ERR_NOT_FOUND)
		status = by_ourselves(app, row, params);
	json_decref(params);
	return status;
}

int
main(int argc, char **argv)
{
	struct app app;
	int status;

	app_start(&app, "faltbok", argc, argv, all_commands());
	if (strcmp(app.argv[0], "init") == 0)
		status = app_init(&app);
	else if (strcmp(app.argv[0], "join") == 0)
		status = app_join(&app);
	else if (strcmp(app.argv[0], "restore") == 0)
		status = app_restore(&app);
	else if (strcmp(app.argv[0], "practice") == 0)
		status = app_practice(&app);
	else if (strcmp(app.argv[0], "serve") == 0)
		status = app_serve(&app);
	else if (strcmp(app.argv[0], "page") == 0)
		status = app_page(&app);
	else if (strcmp(app.argv[0], "passphrase") == 0)
		status = app_change_passphrase(&app);
	else if (app_is_paper(&app, "new"))
		status = app_paper(&app);
	else if (strcmp(app.argv[0], "recover") == 0 && !card_by_shares(&app))
		status = app_recover(&app);
	else
		status = run_row(&app);
	return app_finish(&app, status);
}
