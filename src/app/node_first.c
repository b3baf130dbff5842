/*
 * What the page does about the home that costs a passphrase: a second of
 * Argon2 off the loop, so that nothing else waits. While it runs nobody else
 * touches the home (`busy`). The view of a large home is read off the loop
 * too; what it lacks is then opened on the loop in slices, and pages are told
 * how far that has come.
 */
#include <stdio.h>
#include <strings.h>

#include "app/newcomer.h"
#include "app/node_builtin.h"
#include "app/serve.h"
#include "base/mem.h"
#include "base/nfc.h"
#include "crypto/guard.h"
#include "org/ops.h"
#include "web/ask.h"

enum { PASSPHRASE_BYTES_MAX = 4096, PASSPHRASE_BYTES_MIN = 8, WELCOME_BYTES_MAX = 64 << 20 };

struct serve_job {
	struct serve *s;
	struct web_call *call;
	const struct deed *deed;
	json_t *wish;
	struct buf passphrase, old;
	struct buf file;             /* the welcome */
	enum serve_state was;        /* when it was asked for */
	struct err err;
	/* made by the work */
	struct node *node;
	struct home home;
	bool has_home;
	bool enter;                  /* it is to become the node */
	struct kit kit;
	struct keystore *keys;       /* of a node that was locked */
	struct node_image *image;    /* of its view, or of the new node's */
	struct env_timer *slice;     /* when the next slice is due */
	uint64_t entries, left;      /* in a slice; still to be read */
	json_t *more;                /* what the answer says beside the session */
};

struct deed {
	const char *word;
	bool none, locked, joining, open; /* states in which it can be asked for */
	bool fresh;                  /* its passphrase is a new one */
	const char *needs[4];        /* texts that must be there */
	void (*work)(struct serve_job *j);
};

static const char *
text(const struct serve_job *j, const char *name)
{
	const char *t = json_string_value(json_object_get(j->wish, name));

	return t != NULL && t[0] != '\0' ? t : NULL;
}

static void
more(struct serve_job *j, const char *name, json_t *value)
{
	if (j->more == NULL)
		j->more = json_object();
	json_object_set_new(j->more, name, value);
}

/* ---- the deeds: off the loop, touching only the job and the home ---- */

static void
do_init(struct serve_job *j)
{
	struct app *app = j->s->app;

	j->has_home = home_create(&j->home, app->env, app->home, text(j, "member"), text(j, "device"), buf_bytes(&j->passphrase), app->kdf,
	                          j->kit.recovery_code, &j->err) == ERR_OK;
	j->enter = j->has_home;
}

/* On the loop again: a node has timers of its own from its first moment. */
static void
found(struct serve_job *j)
{
	struct founding f = { .org = text(j, "org"), .member = text(j, "member"), .device = text(j, "device"),
	                      .profile = BYTES(builtin_profile, builtin_profile_bytes),
	                      .escrow = !json_is_false(json_object_get(j->wish, "escrow")), .drop_box = true };
	char words[WORDS_SIX_BYTES + 1], hex[65];
	uint8_t print[32];

	j->has_home = false;
	if (found_in(&j->node, &j->home, &f, &j->kit, print, &j->err) == ERR_OK) {
		more(j, "kit", kit_json(&j->kit));
		more(j, "words", json_string(words_encode(words, print, 6)));
		more(j, "root_fingerprint", json_string(hex_encode(hex, print, 32)));
	}
}

static void
do_request(struct serve_job *j)
{
	struct app *app = j->s->app;
	struct buf out = BUF_INIT;
	struct join_request req;
	uint8_t digest[32];
	char words[WORDS_SIX_BYTES + 1], code[27], card[27];

	if (home_create(&j->home, app->env, app->home, text(j, "member"), text(j, "device"), buf_bytes(&j->passphrase), app->kdf, code, &j->err) != ERR_OK)
		return;
	j->has_home = true;
	if (home_kill_card(&j->home, card, &j->err) == ERR_OK && home_request(&j->home, &out, &j->err) == ERR_OK &&
	    join_request_decode(&req, buf_bytes(&out), &j->err) == ERR_OK) {
		join_request_digest(digest, &req);
		more(j, "request", web_file_json("begaran.faltbok", buf_bytes(&out)));
		more(j, "words", json_string(words_encode(words, digest, 6)));
		more(j, "recovery_code", json_string(code));
		more(j, "kill_card", json_string(card));
	}
	wipe(code, sizeof(code));
	wipe(card, sizeof(card));
	buf_free(&out);
}

/* What has joined becomes a node; what has not waits for its welcome. On the loop. */
static void
move_in(struct serve_job *j)
{
	static const struct org_id none;
	struct node_image *image = j->image;

	if (!j->has_home || SAME(j->home.keys->org, none))
		return;
	j->has_home = false;
	j->image = NULL;
	(void)!node_begin(&j->node, &j->home, image, &j->err);
}

/* A locked node gets its keys back. It stays locked to everybody until it is read. */
static void
begin_unlock(struct serve_job *j)
{
	struct keystore *keys = j->keys;
	struct node_image *image = j->image;

	j->keys = NULL;
	j->image = NULL;
	if (node_begin_unlock(j->s->node, keys, image, &j->err) == ERR_OK)
		j->node = j->s->node;
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
		more(j, "recovery_code", json_string(code));
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
	const char *code = text(j, "code");

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

	return text(j, "root") != NULL && strcasecmp(text(j, "root"), hex_encode(hex, print, 32)) == 0;
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
	if (text(j, "root") != NULL && !root_is(j, w.root_fingerprint)) {
		err_set(&j->err, ERR_REFUSED, "the welcome is from another organisation; nothing was taken");
	} else if (text(j, "root") == NULL && !json_is_true(json_object_get(j->wish, "yes"))) {
		more(j, "confirm", json_true());
	} else
		j->enter = welcome_accept(&j->home, &w, &j->err) == ERR_OK;
	if (j->err.code == ERR_OK) {
		more(j, "words", json_string(words_encode(words, w.root_fingerprint, 6)));
		more(j, "root_fingerprint", json_string(hex_encode(hex, w.root_fingerprint, 32)));
	}
	welcome_free(&w);
}

/* A home to join with: the one begun before under these names, or a new one. The rest is on the loop: join_by_code(). */
static void
do_code(struct serve_job *j)
{
	static const struct org_id none;
	struct app *app = j->s->app;

	if (!j->has_home && j->was == SERVE_NO_HOME) {
		j->has_home = home_create(&j->home, app->env, app->home, text(j, "member"), text(j, "device"), buf_bytes(&j->passphrase), app->kdf, NULL,
		                          &j->err) == ERR_OK;
		if (j->has_home && home_kill_card(&j->home, j->kit.kill_card, &j->err) == ERR_OK)
			more(j, "kill_card", json_string(j->kit.kill_card));
	}
	else if (!j->has_home)
		open_home(j, 1, buf_bytes(&j->passphrase));
	if (j->has_home && !SAME(j->home.keys->org, none)) {
		home_close(&j->home);
		j->has_home = false;
		err_set(&j->err, ERR_REFUSED, "this home belongs to an organisation already; unlock it");
	}
	if (j->has_home)
		(void)!newcomer_names(&j->home, text(j, "member"), text(j, "device"), &j->err);
}

static const struct deed deeds[] = {
	{ "code", .none = true, .locked = true, .joining = true, .fresh = true, .needs = { "code", "member", "device" }, .work = do_code },
	{ "init", .none = true, .fresh = true, .needs = { "org", "member", "device", "passphrase" }, .work = do_init },
	{ "request", .none = true, .fresh = true, .needs = { "member", "device", "passphrase" }, .work = do_request },
	{ "welcome", .locked = true, .joining = true, .work = do_welcome },
	{ "unlock", .locked = true, .needs = { "passphrase" }, .work = do_unlock },
	{ "recover", .locked = true, .fresh = true, .needs = { "code", "passphrase" }, .work = do_recover },
	{ "passphrase", .open = true, .fresh = true, .needs = { "old", "passphrase" }, .work = do_passphrase },
	{ "paper", .open = true, .needs = { "old" }, .work = do_paper },
};

/* ---- a job's life ---- */

static void
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
run(void *ctx)
{
	struct serve_job *j = ctx;

	j->deed->work(j);
}

/* The new passphrase of an open node. */
static void
settle_keys(struct serve_job *j)
{
	struct serve *s = j->s;
	struct keystore *live = s->node != NULL ? node_keystore(s->node) : NULL;

	if (j->err.code == ERR_OK && s->state == SERVE_OPEN) {
		memcpy(live->slots, j->keys->slots, sizeof(live->slots));
		live->slot_count = j->keys->slot_count;
		(void)!node_save_keystore(s->node, &j->err);
	} else if (j->err.code == ERR_OK) {
		err_set(&j->err, ERR_LOCKED, "the home was locked meanwhile; the old passphrase is still the one");
	}
}

/* What the work has opened becomes the process's own. */
static void
settle(struct serve_job *j)
{
	static const struct org_id none;
	struct serve *s = j->s;

	s->busy = false;
	s->open_done = s->open_all = 0;
	if (j->has_home && SAME(j->home.keys->org, none)) {
		s->home = j->home;
		s->state = SERVE_JOINING;
	} else if (j->has_home) {
		home_close(&j->home);
	}
	if (j->keys != NULL)
		settle_keys(j);
	if (j->node != NULL && j->node == s->node)
		serve_unlocked(s);
	else if (j->node != NULL && s->stopping)
		node_close(j->node);
	else if (j->node != NULL)
		(void)!serve_opened(s, j->node, &j->err); /* which closes it when it fails */
	if (s->node == NULL && s->state != SERVE_JOINING)
		s->state = serve_has_home(s) ? SERVE_LOCKED : SERVE_NO_HOME;
}

static void
finish(struct serve_job *j)
{
	json_t *answer;

	settle(j);
	answer = j->err.code == ERR_OK ? serve_session(j->s) : NULL;
	if (answer != NULL && j->more != NULL)
		json_object_update(answer, j->more);
	web_answer(j->call, answer, &j->err);
	serve_tell_session(j->s);
	job_free(j);
}

/* ---- opening: what the image lacks, in slices that nobody notices ---- */

enum { SLICE_FIRST = 256, SLICE_MIN = 32, SLICE_MAX = 8192 };
#define SLICE_NS 25000000ull /* how long others may have to wait */
#define SLICE_PAUSE_NS 1000000ull

static void
not_opened(struct serve_job *j)
{
	struct serve *s = j->s;

	if (j->node == s->node)
		node_lock(j->node);
	else
		node_close(j->node);
	j->node = NULL;
}

static void
tell_opening(struct serve *s)
{
	web_event(s->web, "opening", json_pack("{s:I,s:I}", "done", (json_int_t)s->open_done, "all", (json_int_t)s->open_all));
}

/* One slice, made longer or shorter by how long it took. */
static void
open_more(void *ctx)
{
	struct serve_job *j = ctx;
	struct serve *s = j->s;
	struct env *env = s->app->env;
	uint64_t began = env->ops->mono_ns(env), took, left;

	j->slice = NULL;
	if (s->stopping)
		return; /* leave_opening() is next */
	if (node_go_on(j->node, j->entries, &left, &j->err) != ERR_OK)
		not_opened(j);
	if (j->node == NULL || left == 0) {
		s->opening = NULL;
		finish(j);
		return;
	}
	took = env->ops->mono_ns(env) - began;
	s->open_done += j->entries;
	s->open_all = s->open_done + left;
	tell_opening(s);
	j->entries = took == 0 ? j->entries : j->entries * SLICE_NS / took;
	j->entries = j->entries < SLICE_MIN ? SLICE_MIN : j->entries > SLICE_MAX ? SLICE_MAX : j->entries;
	j->slice = env->ops->timer(env, SLICE_PAUSE_NS, open_more, j);
	if (j->slice == NULL) {
		err_plain(&j->err, ERR_NO_MEMORY);
		not_opened(j);
		s->opening = NULL;
		finish(j);
	}
}

static void
open_in_slices(struct serve_job *j)
{
	j->s->opening = j;
	j->entries = SLICE_FIRST;
	open_more(j);
}

/* The loop has ended in the middle of it. What was read is not kept; the next start reads it again. */
static void
leave_opening(struct serve *s)
{
	struct serve_job *j = s->opening;

	if (j == NULL)
		return;
	s->opening = NULL;
	if (j->slice != NULL)
		s->app->env->ops->timer_stop(s->app->env, j->slice);
	not_opened(j);
	err_set(&j->err, ERR_LOCKED, "the program is ending");
	web_answer(j->call, NULL, &j->err);
	job_free(j);
}

/* ---- joining by a code: minutes, for two people compare digits meanwhile ---- */

static void
show_digits(void *ctx, const char *digits)
{
	struct serve *s = ((struct serve_job *)ctx)->s;

	snprintf(s->digits, sizeof(s->digits), "%s", digits);
	web_event(s->web, "join", json_pack("{s:s}", "digits", digits));
}

/* The home becomes a node, if all went well so far. */
static void
enter(struct serve_job *j)
{
	if (j->err.code == ERR_OK)
		move_in(j);
	if (j->err.code == ERR_OK && j->node != NULL)
		open_in_slices(j);
	else
		finish(j);
}

static void
joined(void *ctx)
{
	struct serve_job *j = ctx;
	struct serve *s = j->s;

	s->digits[0] = '\0';
	j->err = *newcomer_err(s->newcomer);
	newcomer_home(s->newcomer, &j->home);
	j->has_home = true;
	if (j->err.code == ERR_OK && newcomer_recovery(s->newcomer)[0] != '\0')
		more(j, "recovery_code", json_string(newcomer_recovery(s->newcomer)));
	newcomer_free(s->newcomer);
	s->newcomer = NULL;
	s->joining = NULL;
	enter(j);
}

static void
join_by_code(struct serve_job *j)
{
	struct serve *s = j->s;
	struct newcomer_events events = { j, show_digits, joined };

	if (s->stopping || newcomer_start(&s->newcomer, s->app->env, &j->home, text(j, "code"), text(j, "root"), &events, &j->err) != ERR_OK) {
		finish(j);
		return;
	}
	j->has_home = false;
	s->joining = j;
}

void
serve_leave_work(struct serve *s)
{
	leave_opening(s);
	newcomer_free(s->newcomer);
	s->newcomer = NULL;
	if (s->joining != NULL)
		job_free(s->joining);
	s->joining = NULL;
}

static void
ended(void *ctx)
{
	struct serve_job *j = ctx;

	if (j->deed->work == do_code && j->err.code == ERR_OK) {
		join_by_code(j);
		return;
	}
	if (j->enter && !j->s->stopping && j->deed->work != do_init) {
		enter(j);
		return;
	}
	if (j->keys != NULL && j->err.code == ERR_OK && j->was == SERVE_LOCKED && !j->s->stopping) {
		begin_unlock(j);
		if (j->err.code == ERR_OK) {
			open_in_slices(j);
			return;
		}
	} else if (j->enter && !j->s->stopping)
		found(j);
	finish(j);
}

static enum err_code
take_passphrase(struct serve_job *j, struct err *err)
{
	const char *given = text(j, "passphrase"), *old = text(j, "old");

	if (old != NULL && (strlen(old) > PASSPHRASE_BYTES_MAX || !nfc(&j->old, BYTES_STR(old))))
		return err_set(err, ERR_PASSPHRASE, "wrong passphrase");
	if (given == NULL)
		return ERR_OK;
	if (strlen(given) > PASSPHRASE_BYTES_MAX || !nfc(&j->passphrase, BYTES_STR(given)))
		return err_set(err, ERR_INVALID, "the passphrase is longer than %d bytes", PASSPHRASE_BYTES_MAX);
	if (j->deed->fresh && j->passphrase.len < PASSPHRASE_BYTES_MIN)
		return err_set(err, ERR_INVALID, "the passphrase has fewer than %d characters; five words are easy to remember and hard to guess",
		               PASSPHRASE_BYTES_MIN);
	return ERR_OK;
}

static enum err_code
check(struct serve_job *j, struct err *err)
{
	const struct deed *d = j->deed;
	enum serve_state now = j->s->state;
	const json_t *file = json_object_get(j->wish, "welcome");

	if (now == SERVE_NO_HOME ? !d->none : now == SERVE_LOCKED ? !d->locked : now == SERVE_JOINING ? !d->joining : !d->open)
		return err_set(err, ERR_REFUSED, "%s: not as things stand here", d->word);
	for (size_t i = 0; i < COUNT_OF(d->needs) && d->needs[i] != NULL; i++)
		if (text(j, d->needs[i]) == NULL)
			return err_set(err, ERR_USAGE, "%s: %s is missing", d->word, d->needs[i]);
	if (now == SERVE_LOCKED && j->s->node != NULL && (d->work == do_welcome || d->work == do_code))
		return err_set(err, ERR_REFUSED, "%s: this home belongs to an organisation already; unlock it", d->word);
	if (now != SERVE_JOINING && (d->work == do_welcome || d->work == do_code) && text(j, "passphrase") == NULL)
		return err_set(err, ERR_USAGE, "%s: passphrase is missing", d->word);
	if (d->work == do_welcome && web_file(&j->file, file, "welcome", err) != ERR_OK)
		return err->code;
	return take_passphrase(j, err);
}

void
serve_work(struct serve *s, const json_t *wish, struct web_call *call)
{
	struct serve_job *j = mem_zero(1, sizeof(*j));
	const char *what = json_string_value(json_object_get(wish, "do"));
	struct err err = ERR_INIT;

	if (j == NULL) {
		err_plain(&err, ERR_NO_MEMORY);
		web_answer(call, NULL, &err);
		return;
	}
	*j = (struct serve_job){ .s = s, .call = call, .wish = json_incref((json_t *)wish), .was = s->state, .err = ERR_INIT };
	for (size_t i = 0; i < COUNT_OF(deeds); i++)
		if (strcmp(deeds[i].word, what) == 0)
			j->deed = &deeds[i];
	if (j->deed == NULL)
		err_set(&err, ERR_USAGE, "\"%.40s\" is nothing that can be done here", what);
	if (j->deed == NULL || check(j, &err) != ERR_OK) {
		web_answer(call, NULL, &err);
		job_free(j);
		return;
	}
	if (s->state == SERVE_JOINING) { /* the work has it to itself meanwhile */
		j->home = s->home;
		j->has_home = true;
		memset(&s->home, 0, sizeof(s->home));
		s->state = SERVE_LOCKED;
	}
	s->busy = true;
	s->app->env->ops->work(s->app->env, run, ended, j);
}
