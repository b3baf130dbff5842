/*
 * Becoming a device of an organisation, by files: a request out, a welcome in
 * (by a code: join_code.c). And the ways back to a home: a new passphrase, the recovery code.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/common.h"
#include "app/newcomer.h"
#include "crypto/guard.h"
#include "org/ops.h"

enum { WELCOME_BYTES_MAX = 64 << 20 };

bool
app_home_exists(struct app *app)
{
	char path[sizeof(app->home) + 16];

	snprintf(path, sizeof(path), "%s/keystore", app->home);
	return app->env->files->exists(app->env, path);
}

static bool
has_joined(const struct keystore *k)
{
	static const struct org_id nobody;

	return !SAME(k->org, nobody);
}

enum err_code
app_begin_part(struct home *whole, struct home *home, const char *member, const char *device, bool *fresh, struct err *err)
{
	for (size_t i = 0; i < whole->keys->other_count; i++) {
		const struct keystore *k = whole->keys->others[i];

		if (has_joined(k) || strcmp((const char *)k->member_name, member) != 0 || strcmp((const char *)k->device_name, device) != 0)
			continue;
		*fresh = false;
		return home_part_open(home, whole, i, err);
	}
	return home_part_create(home, whole, member, device, err);
}

/* A recovery code that nobody has seen, since a cut came between, gives way to one that is shown. */
static enum err_code
show_code_again(struct home *home, char code_out[27], struct err *err)
{
	struct own_papers p;

	replica_papers(home->replica, &p);
	return p.recovery == PAPER_MADE && !has_joined(home->keys) ? home_recovery_code(home, code_out, err) : ERR_OK;
}

enum err_code
app_begin_device(struct app *app, struct home *whole, struct home *home, const char *member, const char *device, bool *fresh, char code_out[27],
                 struct err *err)
{
	*fresh = true;
	if (code_out != NULL)
		code_out[0] = '\0';
	if (!app_home_exists(app)) {
		if (app_passphrase(app, true, err) != ERR_OK)
			return err->code;
		return home_create(home, app->env, app->home, member, device, buf_bytes(&app->passphrase), app->kdf, code_out, err);
	}
	if (app_open_home(app, whole, err) != ERR_OK)
		return err->code;
	if (has_joined(whole->keys) && strcmp(app->program, "faltbok-hub") == 0)
		return app_begin_part(whole, home, member, device, fresh, err);
	*home = *whole;
	memset(whole, 0, sizeof(*whole));
	*fresh = home->keys->member_name[0] == '\0'; /* its organisation was given up */
	if ((*fresh ? home_rename(home, member, device, err) : newcomer_names(home, member, device, err)) != ERR_OK)
		return err->code;
	return code_out != NULL ? show_code_again(home, code_out, err) : ERR_OK;
}

/* A request that was broken off or lost is made again as it was, with the card that was shown then; with another, if none was. */
enum err_code
app_make_request(struct home *home, bool fresh, struct buf *out, char words[WORDS_SIX_BYTES + 1], char card[27], struct err *err)
{
	struct join_request req;
	uint8_t digest[32];
	struct own_papers p;
	enum err_code rc = home_self(home, &req, err);

	card[0] = '\0';
	replica_papers(home->replica, &p);
	if (rc == ERR_OK && (fresh || !req.keys.has_kill || p.kill == PAPER_MADE))
		rc = home_kill_card(home, card, err);
	if (rc == ERR_OK)
		rc = home_request(home, out, err);
	if (rc == ERR_OK)
		rc = join_request_decode(&req, buf_bytes(out), err);
	if (rc != ERR_OK)
		return rc;
	join_request_digest(digest, &req);
	words_encode(words, digest, 6);
	return ERR_OK;
}

void
app_say_request(struct buf *text, const char *file, const char *words, const char *code, const char *card)
{
	buf_printf(text, "Request written to %s. Hand it to a coordinator and compare these words:\n  %s\n", file, words);
	if (code[0] != '\0')
		buf_printf(text, "Recovery code of this device; keep it in the coordinator's safe, it is shown once:\n  %s\n", code);
	if (card[0] != '\0')
		buf_printf(text, "Kill card of this device; keep it on paper, apart from it: read to a coordinator it removes a stolen device:\n  %s\n", card);
	else
		buf_printf(text, "It is the request that was begun here before; its kill card is the one that was shown then.\n");
}

static int
join_request(struct app *app, const char *file)
{
	const char *member = app_option(app, "--member"), *device = app_option(app, "--device");
	struct err err = ERR_INIT;
	struct home home = { 0 }, whole = { 0 };
	char words[WORDS_SIX_BYTES + 1], code[27], card[27] = "";
	struct buf text = BUF_INIT, out = BUF_INIT;
	json_t *result = NULL;
	struct err none = ERR_INIT;
	bool fresh;
	int status;

	if (member == NULL || device == NULL)
		err_set(&err, ERR_USAGE, "join --request FILE --member NAME --device NAME: both names are needed");
	else if (app_no_more(app, &err) == ERR_OK && app_begin_device(app, &whole, &home, member, device, &fresh, code, &err) == ERR_OK) {
		if (has_joined(home.keys))
			err_set(&err, ERR_EXISTS, "the home in %s belongs to an organisation already; a new device has another place: --home DIR", app->home);
		else if (app_make_request(&home, fresh, &out, words, card, &err) == ERR_OK &&
		         app->env->files->replace(app->env, file, buf_bytes(&out), &err) == ERR_OK) {
			result = json_pack("{s:s,s:s}", "request", file, "words", words);
			if (card[0] != '\0')
				json_object_set_new(result, "kill_card", json_string(card));
			if (code[0] != '\0')
				json_object_set_new(result, "recovery_code", json_string(code));
			app_say_request(&text, file, words, code, card);
		}
	}
	if (result == NULL && card[0] != '\0' && home_unmake_kill_card(&home, &none) != ERR_OK) /* of a request that was never handed over */
		err_wrap(&err, "%s", none.text);
	status = result != NULL ? app_answer(app, result, buf_str(&text) != NULL ? buf_str(&text) : "") : app_fail(app, &err);
	if (result != NULL && status == 0)
		app_papers_shown(app, home.replica);
	home_close(&home);
	home_close(&whole);
	buf_free(&out);
	wipe(card, sizeof(card));
	wipe(code, sizeof(code));
	buf_wipe(&text);
	return status;
}

enum err_code
app_believe(const uint8_t fingerprint[32], const char *root, bool yes, char words[WORDS_SIX_BYTES + 1], struct err *err)
{
	char print[65], question[256];

	hex_encode(print, fingerprint, 32);
	words_encode(words, fingerprint, 6);
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

enum err_code
app_open_welcome(struct home *whole, struct home *home, struct welcome *w, struct bytes bytes, struct err *err)
{
	static const struct org_id nobody;
	enum err_code rc = ERR_KEY;

	if (SAME(whole->keys->org, nobody) || whole->keys->other_count == 0)
		rc = welcome_open(w, whole, bytes, err);
	for (size_t i = 0; i < whole->keys->other_count && rc == ERR_KEY; i++) {
		if (!SAME(whole->keys->others[i]->org, nobody))
			continue;
		*err = (struct err)ERR_INIT;
		rc = home_part_open(home, whole, i, err);
		if (rc == ERR_OK)
			rc = welcome_open(w, home, bytes, err);
		if (rc != ERR_OK)
			home_close(home);
	}
	if (rc == ERR_KEY && err->code == ERR_OK)
		err_set(err, ERR_KEY, "no device here waits for a welcome; `join --request FILE` begins one");
	return rc;
}

json_t *
app_say_joined(const struct welcome *w, char text[512])
{
	static const char *const names[] = { "?", "coordinator", "advisor", "auditor", "hub" };
	const char *role = names[w->role <= 4 ? w->role : 0];
	char org[33], words[WORDS_SIX_BYTES + 1];

	words_encode(words, w->root_fingerprint, 6);
	(void)snprintf(text, 512, "Joined as %s. The organisation's words: %s\nReady to work, with or without a network.\n", role, words);
	return json_pack("{s:s,s:s,s:s}", "org", hex_encode(org, w->org.b, 16), "role", role, "words", words);
}

static int
join_welcome(struct app *app, const char *file)
{
	const char *root = app_option(app, "--root");
	bool yes = app_flag(app, "--yes");
	struct err err = ERR_INIT;
	struct home whole = { 0 }, part = { 0 };
	struct welcome w = { 0 };
	struct buf bytes = BUF_INIT;
	char words[WORDS_SIX_BYTES + 1] = "", text[512];
	json_t *result = NULL;

	if (app_no_more(app, &err) == ERR_OK && app->env->files->read(app->env, file, WELCOME_BYTES_MAX, &bytes, &err) == ERR_OK &&
	    app_open_home(app, &whole, &err) == ERR_OK) {
		if (app_open_welcome(&whole, &part, &w, buf_bytes(&bytes), &err) != ERR_OK)
			err_wrap(&err, "%s", file);
		else if (app_believe(w.root_fingerprint, root, yes, words, &err) == ERR_OK && welcome_accept(part.env != NULL ? &part : &whole, &w, &err) == ERR_OK)
			result = app_say_joined(&w, text);
		welcome_free(&w);
	}
	if (result != NULL && app->joined != NULL)
		app->joined(app, part.env != NULL ? &part : &whole);
	home_close(&part);
	home_close(&whole);
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
