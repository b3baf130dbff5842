/*
 * Becoming a device of an organisation, by files: a request out, a welcome in
 * (by a code: join_code.c). And the ways back to a home: a new passphrase, the recovery code.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/common.h"
#include "crypto/words.h"
#include "org/ops.h"

enum { WELCOME_BYTES_MAX = 64 << 20 };

static int
join_request(struct app *app, const char *file)
{
	const char *member = app_option(app, "--member"), *device = app_option(app, "--device");
	struct err err = ERR_INIT;
	struct home home = { 0 };
	struct buf out = BUF_INIT;
	struct join_request req;
	uint8_t digest[32];
	char words[WORDS_SIX_BYTES + 1], code[27], card[27], text[1024];
	json_t *result = NULL;
	bool made = false;

	if (member == NULL || device == NULL)
		err_set(&err, ERR_USAGE, "join --request FILE --member NAME --device NAME: both names are needed");
	else if (app_no_more(app, &err) == ERR_OK && app_passphrase(app, true, &err) == ERR_OK &&
	         home_create(&home, app->env, app->home, member, device, buf_bytes(&app->passphrase), app->kdf, code, &err) == ERR_OK) {
		made = true;
		if (home_kill_card(&home, card, &err) == ERR_OK && home_request(&home, &out, &err) == ERR_OK && join_request_decode(&req, buf_bytes(&out), &err) == ERR_OK &&
		    app->env->files->replace(app->env, file, buf_bytes(&out), &err) == ERR_OK) {
			join_request_digest(digest, &req);
			words_encode(words, digest, 6);
			result = json_pack("{s:s,s:s,s:s,s:s}", "request", file, "words", words, "recovery_code", code, "kill_card", card);
			snprintf(text, sizeof(text),
			         "Request written to %s. Hand it to a coordinator and compare these words:\n  %s\n"
			         "Recovery code of this device; keep it in the coordinator's safe, it is shown once:\n  %s\n"
			         "Kill card of this device; keep it on paper, apart from it: read to a coordinator it removes a stolen device:\n  %s\n",
			         file, words, code, card);
		}
	}
	if (made)
		home_close(&home);
	buf_free(&out);
	return result != NULL ? app_answer(app, result, text) : app_fail(app, &err);
}

static enum err_code
believe(const struct welcome *w, const char *root, bool yes, char words[WORDS_SIX_BYTES + 1], struct err *err)
{
	char print[65], question[256];

	hex_encode(print, w->root_fingerprint, 32);
	words_encode(words, w->root_fingerprint, 6);
	if (root != NULL) {
		if (strlen(root) == 64 && strcasecmp(root, print) == 0)
			return ERR_OK;
		return err_set(err, ERR_REFUSED, "the welcome is from an organisation with root %s, not %s; nothing was taken", print, root);
	}
	if (yes)
		return ERR_OK;
	snprintf(question, sizeof(question), "The organisation's words are\n  %s\nDo they match what the coordinator's screen shows?", words);
	if (app_ask_yes(question))
		return ERR_OK;
	return err_set(err, ERR_REFUSED, "the organisation was not confirmed; give --root FINGERPRINT or --yes; nothing was taken");
}

static const char *const role_names[] = { "?", "coordinator", "advisor", "auditor", "hub" };

static int
join_welcome(struct app *app, const char *file)
{
	const char *root = app_option(app, "--root");
	bool yes = app_flag(app, "--yes");
	struct err err = ERR_INIT;
	struct home home = { 0 };
	struct welcome w = { 0 };
	struct buf bytes = BUF_INIT;
	char words[WORDS_SIX_BYTES + 1] = "", org[33], text[512];
	json_t *result = NULL;
	bool open = false;

	if (app_no_more(app, &err) == ERR_OK && app->env->files->read(app->env, file, WELCOME_BYTES_MAX, &bytes, &err) == ERR_OK &&
	    app_open_home(app, &home, &err) == ERR_OK) {
		open = true;
		if (welcome_open(&w, &home, buf_bytes(&bytes), &err) != ERR_OK)
			err_wrap(&err, "%s", file);
		else if (believe(&w, root, yes, words, &err) == ERR_OK && welcome_accept(&home, &w, &err) == ERR_OK) {
			const char *role = role_names[w.role <= 4 ? w.role : 0];

			result = json_pack("{s:s,s:s,s:s}", "org", hex_encode(org, w.org.b, 16), "role", role, "words", words);
			snprintf(text, sizeof(text), "Joined as %s. The organisation's words: %s\nReady to work, with or without a network.\n", role, words);
		}
		welcome_free(&w);
	}
	if (open)
		home_close(&home);
	buf_free(&bytes);
	return result != NULL ? app_answer(app, result, text) : app_fail(app, &err);
}

int
app_join(struct app *app)
{
	const char *request = app_option(app, "--request"), *welcome = app_option(app, "--welcome");
	struct err err = ERR_INIT;

	if (request != NULL && welcome == NULL)
		return join_request(app, request);
	if (welcome != NULL && request == NULL)
		return join_welcome(app, welcome);
	if (request == NULL && app->argc > 1)
		return app_join_code(app, app->argv[1]);
	err_set(&err, ERR_USAGE, "join CODE --member NAME --device NAME, join --request FILE --member NAME --device NAME, "
	        "or join --welcome FILE [--root FINGERPRINT | --yes]");
	return app_fail(app, &err);
}

static int
new_passphrase(struct app *app, struct home *home, const char *source, struct err *err)
{
	app->passphrase_file = source;
	if (app_passphrase(app, true, err) != ERR_OK ||
	    keystore_set_slot(home->keys, app->env, 1, buf_bytes(&app->passphrase), app->kdf, err) != ERR_OK ||
	    home_save_keystore(home, err) != ERR_OK)
		return app_fail(app, err);
	return app_answer(app, json_pack("{s:b}", "changed", 1), "The new passphrase opens this home; the old one no longer does.\n");
}

int
app_change_passphrase(struct app *app)
{
	const char *source = app_option(app, "--new-passphrase-file");
	struct err err = ERR_INIT;
	struct home home = { 0 };
	int status;

	if (app_no_more(app, &err) != ERR_OK || app_open_home(app, &home, &err) != ERR_OK)
		return app_fail(app, &err);
	status = new_passphrase(app, &home, source, &err);
	home_close(&home);
	return status;
}

int
app_recover(struct app *app)
{
	const char *file = app_option(app, "--code");
	struct err err = ERR_INIT;
	struct home home = { 0 };
	struct buf text = BUF_INIT;
	uint8_t code[16];
	int status;

	if (file == NULL)
		err_set(&err, ERR_USAGE, "recover --code FILE: the file holds the recovery code of this device");
	else if (app_no_more(app, &err) == ERR_OK && app->env->files->read(app->env, file, 4096, &text, &err) == ERR_OK &&
	         (buf_str(&text) == NULL || !recovery_code_parse(buf_str(&text), code)))
		err_set(&err, ERR_INVALID, "%s: a recovery code is 26 letters and digits 2-7", file);
	buf_wipe(&text);
	if (err.code != ERR_OK || home_open(&home, app->env, app->home, 2, BYTES(code, sizeof(code)), &err) != ERR_OK)
		return app_fail(app, &err);
	status = new_passphrase(app, &home, app->passphrase_file, &err);
	home_close(&home);
	return status;
}
