/*
 * The deeds of node_first.c. They run off the loop and touch only the job and
 * the home; what they have opened becomes the process's own there.
 */
#include "app/first.h"

#include <stdio.h>
#include <strings.h>

#include "app/newcomer.h"
#include "base/mem.h"
#include "crypto/guard.h"
#include "org/ops.h"
#include "web/ask.h"

const char *
job_text(const struct serve_job *j, const char *name)
{
	const char *t = json_string_value(json_object_get(j->wish, name));

	return t != NULL && t[0] != '\0' ? t : NULL;
}

void
job_more(struct serve_job *j, const char *name, json_t *value)
{
	if (j->more == NULL)
		j->more = json_object();
	json_object_set_new(j->more, name, value);
}

void
job_free(struct serve_job *j)
{
	node_image_free(j->image);
	keystore_free(j->keys);
	json_decref(j->more);
	json_decref(j->wish);
	buf_wipe(&j->passphrase);
	buf_wipe(&j->old);
	buf_wipe(&j->file);
	wipe(&j->kit, sizeof(j->kit));
	mem_free(j);
}

static void
do_init(struct serve_job *j)
{
	struct app *app = j->s->app;

	j->has_home = home_create(&j->home, app->env, app->home, job_text(j, "member"), job_text(j, "device"), buf_bytes(&j->passphrase), app->kdf,
	                          j->kit.recovery_code, &j->err) == ERR_OK;
	j->enter = j->has_home;
}

static void
do_request(struct serve_job *j)
{
	struct app *app = j->s->app;
	struct buf out = BUF_INIT;
	struct join_request req;
	uint8_t digest[32];
	char words[WORDS_SIX_BYTES + 1], code[27], card[27];

	if (home_create(&j->home, app->env, app->home, job_text(j, "member"), job_text(j, "device"), buf_bytes(&j->passphrase), app->kdf, code, &j->err) != ERR_OK)
		return;
	j->has_home = true;
	if (home_kill_card(&j->home, card, &j->err) == ERR_OK && home_request(&j->home, &out, &j->err) == ERR_OK &&
	    join_request_decode(&req, buf_bytes(&out), &j->err) == ERR_OK) {
		join_request_digest(digest, &req);
		job_more(j, "request", web_file_json("begaran.faltbok", buf_bytes(&out)));
		job_more(j, "words", json_string(words_encode(words, digest, 6)));
		job_more(j, "recovery_code", json_string(code));
		job_more(j, "kill_card", json_string(card));
		(void)!replica_papers_shown(j->home.replica, &j->err);
	}
	wipe(code, sizeof(code));
	wipe(card, sizeof(card));
	buf_free(&out);
}

static void
open_home(struct serve_job *j, uint8_t slot, struct bytes secret)
{
	struct app *app = j->s->app;

	if (home_open(&j->home, app->env, app->home, slot, secret, &j->err) == ERR_OK)
		j->has_home = true;
}

/* Of a node that runs on locked: only the keystore is opened here. */
static void
open_keys(struct serve_job *j, uint8_t slot, struct bytes secret)
{
	struct app *app = j->s->app;
	struct buf file = BUF_INIT;
	char path[sizeof(app->home) + 16];

	snprintf(path, sizeof(path), "%s/keystore", app->home);
	if (app->env->files->read(app->env, path, KEYSTORE_BYTES_MAX, &file, &j->err) == ERR_OK)
		(void)!keystore_open(&j->keys, buf_bytes(&file), slot, secret, &j->err);
	buf_free(&file);
}

/* Before the loop has it: reading and decrypting it takes a while. */
static void
read_image(struct serve_job *j)
{
	if (j->keys != NULL && j->err.code == ERR_OK)
		j->image = node_image_read(j->s->app->env, j->s->app->home, j->keys);
	else if (j->has_home && j->err.code == ERR_OK)
		j->image = node_image_read(j->s->app->env, j->s->app->home, j->home.keys);
}

static void
do_unlock(struct serve_job *j)
{
	if (j->s->node != NULL) {
		open_keys(j, 1, buf_bytes(&j->passphrase));
		read_image(j);
		return;
	}
	open_home(j, 1, buf_bytes(&j->passphrase));
	read_image(j);
	j->enter = j->has_home;
}

static void
set_passphrase(struct serve_job *j, struct keystore *k)
{
	(void)!keystore_set_slot(k, j->s->app->env, 1, buf_bytes(&j->passphrase), j->s->app->kdf, &j->err);
}

/* The file itself, since the node that runs has forgotten what is in it. */
static void
save_keys(struct serve_job *j)
{
	struct app *app = j->s->app;
	struct buf file = BUF_INIT;
	char path[sizeof(app->home) + 16];

	snprintf(path, sizeof(path), "%s/keystore", app->home);
	if (keystore_encode(j->keys, app->env, &file, &j->err) == ERR_OK)
		(void)!app->env->files->replace(app->env, path, buf_bytes(&file), &j->err);
	buf_free(&file);
}

/* The old one is asked for: an unlocked page may stand there unwatched. */
static void
do_passphrase(struct serve_job *j)
{
	open_keys(j, 1, buf_bytes(&j->old));
	if (j->err.code == ERR_OK)
		set_passphrase(j, j->keys);
}

/* A new paper for who forgets: the code on the old one opens nothing from now on. The passphrase is asked for, as above. */
static void
do_paper(struct serve_job *j)
{
	uint8_t secret[16];
	char code[27];

	open_keys(j, 1, buf_bytes(&j->old));
	if (j->err.code != ERR_OK)
		return;
	recovery_code_make(j->s->app->env, code);
	if (!recovery_code_parse(code, secret))
		err_set(&j->err, ERR_DAMAGED, "the recovery code does not read back");
	else if (keystore_set_slot(j->keys, j->s->app->env, 2, BYTES(secret, sizeof(secret)), j->s->app->kdf, &j->err) == ERR_OK)
		job_more(j, "recovery_code", json_string(code));
	wipe(secret, sizeof(secret));
	wipe(code, sizeof(code));
}

static void
recover_running(struct serve_job *j, const char *code)
{
	uint8_t secret[16];

	if (!recovery_code_parse(code, secret)) {
		err_set(&j->err, ERR_PASSPHRASE, "a recovery code has 26 letters and digits");
		return;
	}
	open_keys(j, 2, BYTES(secret, sizeof(secret)));
	wipe(secret, sizeof(secret));
	if (j->err.code == ERR_OK)
		set_passphrase(j, j->keys);
	if (j->err.code == ERR_OK)
		save_keys(j);
	read_image(j);
}

/* With the recovery code, and a new passphrase from now on. */
static void
do_recover(struct serve_job *j)
{
	const char *code = job_text(j, "code");

	if (j->s->node != NULL) {
		recover_running(j, code);
		return;
	}
	open_home(j, 2, BYTES_STR(code));
	if (!j->has_home)
		return;
	set_passphrase(j, j->home.keys);
	if (j->err.code == ERR_OK)
		j->enter = home_save_keystore(&j->home, &j->err) == ERR_OK;
	read_image(j);
}

static bool
root_is(const struct serve_job *j, const uint8_t print[32])
{
	char hex[65];

	return job_text(j, "root") != NULL && strcasecmp(job_text(j, "root"), hex_encode(hex, print, 32)) == 0;
}

/* Nothing is believed before a person has compared the words. */
static void
do_welcome(struct serve_job *j)
{
	struct welcome w = { 0 };
	char words[WORDS_SIX_BYTES + 1], hex[65];

	if (!j->has_home)
		open_home(j, 1, buf_bytes(&j->passphrase));
	if (!j->has_home || welcome_open(&w, &j->home, buf_bytes(&j->file), &j->err) != ERR_OK)
		return;
	if (job_text(j, "root") != NULL && !root_is(j, w.root_fingerprint)) {
		err_set(&j->err, ERR_REFUSED, "the welcome is from another organisation; nothing was taken");
	} else if (job_text(j, "root") == NULL && !json_is_true(json_object_get(j->wish, "yes"))) {
		job_more(j, "confirm", json_true());
	} else
		j->enter = welcome_accept(&j->home, &w, &j->err) == ERR_OK;
	if (j->err.code == ERR_OK) {
		job_more(j, "words", json_string(words_encode(words, w.root_fingerprint, 6)));
		job_more(j, "root_fingerprint", json_string(hex_encode(hex, w.root_fingerprint, 32)));
	}
	welcome_free(&w);
}

/* A card for the request, unless there is one that was shown or will be. Nobody else touches s->kill_card while this runs. */
static void
begin_card(struct serve_job *j)
{
	struct join_request self;
	struct own_papers p;

	replica_papers(j->home.replica, &p);
	if (home_self(&j->home, &self, &j->err) != ERR_OK || (self.keys.has_kill && p.kill != PAPER_MADE) || j->s->kill_card[0] != '\0')
		return;
	(void)!home_kill_card(&j->home, j->s->kill_card, &j->err);
}

/* A home to join with: the one begun before under these names, or a new one. The rest is on the loop: join_by_code(). */
static void
do_code(struct serve_job *j)
{
	static const struct org_id none;
	struct app *app = j->s->app;

	if (!j->has_home && j->was == SERVE_NO_HOME) {
		j->has_home = home_create(&j->home, app->env, app->home, job_text(j, "member"), job_text(j, "device"), buf_bytes(&j->passphrase), app->kdf, NULL,
		                          &j->err) == ERR_OK;
	} else if (!j->has_home)
		open_home(j, 1, buf_bytes(&j->passphrase));
	if (j->has_home && !SAME(j->home.keys->org, none)) {
		home_close(&j->home);
		j->has_home = false;
		err_set(&j->err, ERR_REFUSED, "this home belongs to an organisation already; unlock it");
	}
	if (j->has_home && newcomer_names(&j->home, job_text(j, "member"), job_text(j, "device"), &j->err) == ERR_OK)
		begin_card(j);
}

static const struct deed deeds[] = {
	{ "code", .none = true, .locked = true, .joining = true, .fresh = true, .joins = true, .by_code = true,
	  .needs = { "code", "member", "device" }, .work = do_code },
	{ "init", .none = true, .fresh = true, .founds = true, .needs = { "org", "member", "device", "passphrase" }, .work = do_init },
	{ "request", .none = true, .fresh = true, .needs = { "member", "device", "passphrase" }, .work = do_request },
	{ "welcome", .locked = true, .joining = true, .joins = true, .welcome = true, .work = do_welcome },
	{ "unlock", .locked = true, .needs = { "passphrase" }, .work = do_unlock },
	{ "recover", .locked = true, .fresh = true, .needs = { "code", "passphrase" }, .work = do_recover },
	{ "passphrase", .open = true, .fresh = true, .needs = { "old", "passphrase" }, .work = do_passphrase },
	{ "paper", .open = true, .paper = true, .needs = { "old" }, .work = do_paper },
};

const struct deed *
deed_named(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(deeds); i++)
		if (strcmp(deeds[i].word, word) == 0)
			return &deeds[i];
	return NULL;
}
