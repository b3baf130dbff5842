/*
 * faltbok restore FILE: a home out of a backup. It asks for the passphrase
 * that the home had when the backup was made.
 */
#include <stdio.h>

#include "app/node.h"
#include "app/node_print.h"
#include "store/backup.h"

static json_t *
restored_json(struct app *app, struct node *n)
{
	const struct org_device *self = node_self(n);

	return json_pack("{s:s,s:s,s:s,s:I,s:s}", "home", app->home, "org", node_org_name(n), "device",
	                 self != NULL ? node_device_name(n, &self->id) : "", "entries", (json_int_t)replica_entry_count(node_replica(n)),
	                 "role", self == NULL ? "none" : self->gone ? "removed" : "member");
}

int
app_restore(struct app *app)
{
	struct node_secret secret = { .slot = 1 };
	struct err err = ERR_INIT;
	struct node *n = NULL;
	char text[512];
	json_t *o;
	int status;

	if (app->argc < 2)
		err_set(&err, ERR_USAGE, "restore FILE: which backup?");
	else if (app_passphrase(app, false, &err) == ERR_OK &&
	         home_restore(app->env, app->home, app->argv[1], buf_bytes(&app->passphrase), &err) == ERR_OK) {
		secret.secret = buf_bytes(&app->passphrase);
		(void)!node_open(&n, app->env, app->home, &secret, &err);
	}
	if (err.code != ERR_OK)
		return app_fail(app, &err);
	o = restored_json(app, n);
	snprintf(text, sizeof(text), "The home is there again, with %lld entries. It writes in logs of its own from now on; synchronise it, to have what was "
	         "written since the backup.\n", number_of(o, "entries"));
	node_close(n);
	status = app_answer(app, o, text);
	return status;
}
