/*
 * What a device has on paper: the recovery code and the kill card. Whoever
 * prints one is asked whether it is kept; until somebody has said so, status
 * reminds of it.
 */
#include <stdio.h>
#include <string.h>

#include "app/common.h"
#include "crypto/guard.h"

static const char kept_text[] = "Noted: it is written down and kept. Status reminds of it no more.\n";

void
app_papers_shown(struct app *app, struct replica *r)
{
	struct err err = ERR_INIT;
	struct own_papers p;

	replica_papers(r, &p);
	if ((p.recovery == PAPER_NONE && p.kill == PAPER_NONE) || (app->quiet && !app->json))
		return;
	/* Who typed the passphrase sits there and can answer; a script is not to hang. What is not noted is asked for by status. */
	if (app->passphrase_file == NULL && !app->json && app_ask_yes("Is it written down, and kept where it belongs?"))
		(void)!replica_papers_kept(r, &err);
	else
		(void)!replica_papers_shown(r, &err);
	if (err.code != ERR_OK)
		fprintf(stderr, "%s: noting that it was printed: %s; `%s status` will remind of it\n", app->program, err.text, app->program);
}

static int
print_new(struct app *app, struct home *home, struct err *err)
{
	char code[27], text[384];
	int status;

	if (home_recovery_code(home, code, err) != ERR_OK)
		return app_fail(app, err);
	(void)snprintf(text, sizeof(text), "Recovery code of this device; keep it in the coordinator's safe, it is shown once:\n  %s\n"
	               "The code that was printed before opens nothing any more: destroy that paper. When this one is kept: `%s paper confirm`\n",
	               code, app->program);
	status = app_answer(app, json_pack("{s:s}", "recovery_code", code), text);
	if (status == 0)
		app_papers_shown(app, home->replica);
	wipe(code, sizeof(code));
	wipe(text, sizeof(text));
	return status;
}

/* Each of a hub's devices has a kill card of its own. */
static enum err_code
confirm(struct home *home, struct err *err)
{
	enum err_code rc = replica_papers_kept(home->replica, err);

	for (size_t i = 0; i < home->keys->other_count && rc == ERR_OK; i++) {
		struct home part = { 0 };

		rc = home_part_open(&part, home, i, err);
		if (rc == ERR_OK)
			rc = replica_papers_kept(part.replica, err);
		home_close(&part);
	}
	return rc;
}

bool
app_is_paper(const struct app *app, const char *what)
{
	return app->argc == 2 && strcmp(app->argv[0], "paper") == 0 && strcmp(app->argv[1], what) == 0;
}

int
app_paper(struct app *app)
{
	bool new = app_is_paper(app, "new");
	struct err err = ERR_INIT;
	struct home home = { 0 };
	int status;

	if (!new && !app_is_paper(app, "confirm"))
		err_set(&err, ERR_USAGE, "paper confirm | paper new");
	if (err.code != ERR_OK || app_open_home(app, &home, &err) != ERR_OK)
		return app_fail(app, &err);
	if (new)
		status = print_new(app, &home, &err);
	else
		status = confirm(&home, &err) == ERR_OK ? app_answer(app, json_pack("{s:b}", "kept", 1), kept_text) : app_fail(app, &err);
	home_close(&home);
	return status;
}
