/*
 * faltbok join CODE, on a terminal. A home that a cut join has left behind is
 * taken up again: same keys, same request, so the same command resumes it.
 */
#include <stdio.h>

#include "app/newcomer.h"
#include "crypto/guard.h"
#include "link/join.h"
#include "net/net.h"
#include "org/ops.h"

struct typed { struct app *app; bool over; };

static void
show_typed(void *ctx, const char *digits)
{
	app_say(((struct typed *)ctx)->app, "The coordinator's screen and this one must show the same digits:\n\n    %s\n\n", digits);
}

static void
over_typed(void *ctx)
{
	((struct typed *)ctx)->over = true;
}

/* The home that is there, or a new one. */
static enum err_code
open_home(struct app *app, struct home *whole, struct home *home, const char *member, const char *device, char kill_card[27], struct err *err)
{
	struct own_papers p;
	bool fresh;
	enum err_code rc = app_begin_device(app, whole, home, member, device, &fresh, NULL, err);

	if (rc != ERR_OK)
		return rc;
	replica_papers(home->replica, &p);
	if (!fresh && p.kill != PAPER_MADE)
		return rc;
	/* Shown before anybody is asked: a join that is cut and taken up again goes on with this very card. */
	rc = home_kill_card(home, kill_card, err);
	if (rc != ERR_OK)
		return rc;
	app_say(app, "Kill card of this device; keep it on paper, apart from it: read to a coordinator it removes a stolen device:\n  %s\n", kill_card);
	return replica_papers_shown(home->replica, err);
}

static const char *const role_names[] = { "?", "coordinator", "advisor", "auditor", "hub" };

static int
answer(struct app *app, const struct newcomer *w, const struct home *home, const char *kill_card)
{
	const char *role = role_names[newcomer_role(w) < COUNT_OF(role_names) ? newcomer_role(w) : 0], *recovery = newcomer_recovery(w);
	char org[33], text[512], code[128] = "";
	json_t *result = json_pack("{s:s,s:s}", "org", hex_encode(org, home->keys->org.b, 16), "role", role);

	if (kill_card[0] != '\0')
		json_object_set_new(result, "kill_card", json_string(kill_card));
	if (recovery[0] != '\0') {
		json_object_set_new(result, "recovery_code", json_string(recovery));
		snprintf(code, sizeof(code), "  %s\n", recovery);
	}
	snprintf(text, sizeof(text), "Joined as %s. Ready to work, with or without a network.\n%s%s", role,
	         code[0] != '\0' ? "Recovery code of this device; keep it in the coordinator's safe, it is shown once:\n" : "", code);
	return app_answer(app, result, text);
}

int
app_join_code(struct app *app, const char *code)
{
	const char *member = app_option(app, "--member"), *device = app_option(app, "--device"), *root = app_option(app, "--root");
	struct typed typed = { .app = app };
	struct newcomer_events typing = { &typed, show_typed, over_typed };
	struct newcomer *w = NULL;
	struct home home = { 0 }, whole = { 0 };
	struct join_code parsed;
	char kill_card[27] = "";
	struct err err = ERR_INIT;
	int status;

	if (member == NULL || device == NULL)
		err_set(&err, ERR_USAGE, "join CODE --member NAME --device NAME: both names are needed");
	else if (app->argc > 2)
		err_set(&err, ERR_USAGE, "join: \"%s\" is not understood here; see `%s join --help`", app->argv[2], app->program);
	else if (join_code_parse(&parsed, code, &err) == ERR_OK && open_home(app, &whole, &home, member, device, kill_card, &err) == ERR_OK &&
	         newcomer_start(&w, app->env, &home, code, root, &typing, &err) == ERR_OK) {
		net_run(app->env, &typed.over, -1);
		err = *newcomer_err(w);
	}
	if (err.code == ERR_OK)
		newcomer_home(w, &home);
	if (err.code == ERR_OK && app->joined != NULL)
		app->joined(app, &home);
	status = err.code == ERR_OK ? answer(app, w, &home, kill_card) : app_fail(app, &err);
	if (err.code == ERR_OK && status == 0)
		app_papers_shown(app, home.replica);
	newcomer_free(w);
	home_close(&home);
	home_close(&whole);
	wipe(&parsed, sizeof(parsed));
	wipe(kill_card, sizeof(kill_card));
	return status;
}
