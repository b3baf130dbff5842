/* `close-site --wipe` on the terminal: the question before it, and finishing what was interrupted. */
#include <stdio.h>

#include "app/node.h"

static bool
wipes(const struct op_row *row, const json_t *params)
{
	return strcmp(row->name, "close-site") == 0 && json_is_true(json_object_get(params, "wipe"));
}

enum err_code
site_ask(const struct op_row *row, json_t *params, struct err *err)
{
	if (!wipes(row, params) || json_is_true(json_object_get(params, "yes")))
		return ERR_OK;
	if (!app_ask_yes("When it is proved that others hold all that was written here, this home is destroyed for good. Go on?"))
		return err_set(err, ERR_REFUSED, "close-site --wipe: nobody has said yes, so nothing was done; --yes says it beforehand");
	json_object_set_new(params, "yes", json_true());
	return ERR_OK;
}

bool
site_unfinished(const struct app *app, const struct op_row *row, const json_t *params)
{
	return wipes(row, params) && home_is_being_wiped(app->env, app->home);
}

/* The proof was there before the wiping began; what is left opens for nobody. */
int
site_finish(struct app *app)
{
	struct home h = { .env = app->env };
	struct err err = ERR_INIT;
	json_t *result;

	memcpy(h.path, app->home, sizeof(h.path));
	if (home_take_lock(&h, &err) != ERR_OK)
		return app_fail(app, &err);
	h.wiping = true;
	home_close(&h);
	if (home_is_being_wiped(app->env, app->home)) {
		err_set(&err, ERR_IO, "%s is not wiped yet: a file can not be removed; try again", app->home);
		return app_fail(app, &err);
	}
	result = json_pack("{s:[{s:s,s:b,s:s}],s:b,s:b}", "steps", "step", "wipe", "done", 1, "text", "what was left of this home is destroyed", "finished", 1,
	                   "wiped", 1);
	return app_answer(app, result, "What was left of this home is destroyed.\n");
}
