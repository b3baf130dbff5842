/*
 * What the page does about the home that costs a passphrase: a second of
 * Argon2 off the loop, so that nothing else waits. While it runs nobody else
 * touches the home (`busy`). The view of a large home is read off the loop
 * too; what it lacks is then opened on the loop in slices, and pages are told
 * how far that has come.
 */
#include "app/first.h"

#include <stdio.h>

#include "app/newcomer.h"
#include "app/node_builtin.h"
#include "base/mem.h"
#include "base/nfc.h"
#include "crypto/guard.h"
#include "org/ops.h"
#include "web/ask.h"

enum { PASSPHRASE_BYTES_MAX = 4096, PASSPHRASE_BYTES_MIN = 8 };

/* ---- a job's life ---- */

static void
run(void *ctx)
{
	struct serve_job *j = ctx;

	j->deed->work(j);
}

/* On the loop again: a node has timers of its own from its first moment. */
static void
found(struct serve_job *j)
{
	struct founding f = { .org = job_text(j, "org"), .member = job_text(j, "member"), .device = job_text(j, "device"),
	                      .profile = BYTES(builtin_profile, builtin_profile_bytes),
	                      .escrow = !json_is_false(json_object_get(j->wish, "escrow")), .drop_box = true };
	char words[WORDS_SIX_BYTES + 1], hex[65];
	uint8_t print[32];

	j->has_home = false;
	if (found_in(&j->node, &j->home, &f, &j->kit, print, &j->err) == ERR_OK) {
		job_more(j, "kit", kit_json(&j->kit));
		job_more(j, "words", json_string(words_encode(words, print, 6)));
		job_more(j, "root_fingerprint", json_string(hex_encode(hex, print, 32)));
	}
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

/* Before the slot that the new paper opens is saved: the old paper, or a reminder, whenever the power goes. */
static void
note_paper(struct serve_job *j)
{
	struct own_papers p;

	replica_papers(node_replica(j->s->node), &p);
	p.recovery = PAPER_SHOWN;
	if (replica_papers_put(node_replica(j->s->node), &p, &j->err) == ERR_OK)
		(void)!node_commit(j->s->node, &j->err);
}

/* The new passphrase of an open node, or its new paper. */
static void
settle_keys(struct serve_job *j)
{
	struct serve *s = j->s;
	struct keystore *live = s->node != NULL ? node_keystore(s->node) : NULL;

	if (j->err.code == ERR_OK && s->state == SERVE_OPEN && j->deed->paper)
		note_paper(j);
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

void
job_finish(struct serve_job *j)
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
		job_open_in_slices(j);
	else
		job_finish(j);
}

/*
 * The kill card is shown when all went well. One that was made for an earlier try is kept in the process until then; after a restart another
 * was made, and if the device had been let in with the one before, it would remove nothing: then none is shown, and status reminds of it.
 */
static void
hand_out_card(struct serve_job *j)
{
	struct device_id self = device_id_of(&j->home.keys->device.sign_pk);
	char *card = j->s->kill_card;
	uint8_t code[16], pk[32], sk[64];

	if (card[0] == '\0' || !recovery_code_parse(card, code))
		return;
	kill_pair(pk, sk, code);
	if (org_kill_card_fits(replica_org(j->home.replica), &self, pk))
		job_more(j, "kill_card", json_string(card));
	wipe(sk, sizeof(sk));
	wipe(code, sizeof(code));
	wipe(card, sizeof(j->s->kill_card));
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
		job_more(j, "recovery_code", json_string(newcomer_recovery(s->newcomer)));
	if (j->err.code == ERR_OK)
		hand_out_card(j);
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

	if (s->stopping || newcomer_start(&s->newcomer, s->app->env, &j->home, job_text(j, "code"), job_text(j, "root"), &events, &j->err) != ERR_OK) {
		job_finish(j);
		return;
	}
	j->has_home = false;
	s->joining = j;
}

void
serve_leave_work(struct serve *s)
{
	serve_leave_opening(s);
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

	if (j->deed->by_code && j->err.code == ERR_OK) {
		join_by_code(j);
		return;
	}
	if (j->enter && !j->s->stopping && !j->deed->founds) {
		enter(j);
		return;
	}
	if (j->keys != NULL && j->err.code == ERR_OK && j->was == SERVE_LOCKED && !j->s->stopping) {
		begin_unlock(j);
		if (j->err.code == ERR_OK) {
			job_open_in_slices(j);
			return;
		}
	} else if (j->enter && !j->s->stopping)
		found(j);
	job_finish(j);
}

static enum err_code
take_passphrase(struct serve_job *j, struct err *err)
{
	const char *given = job_text(j, "passphrase"), *old = job_text(j, "old");

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
		if (job_text(j, d->needs[i]) == NULL)
			return err_set(err, ERR_USAGE, "%s: %s is missing", d->word, d->needs[i]);
	if (now == SERVE_LOCKED && j->s->node != NULL && d->joins)
		return err_set(err, ERR_REFUSED, "%s: this home belongs to an organisation already; unlock it", d->word);
	if (now != SERVE_JOINING && d->joins && job_text(j, "passphrase") == NULL)
		return err_set(err, ERR_USAGE, "%s: passphrase is missing", d->word);
	if (d->welcome && web_file(&j->file, file, "welcome", err) != ERR_OK)
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
	j->deed = deed_named(what);
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
	s->busy = s->by_page = true;
	s->app->env->ops->work(s->app->env, run, ended, j);
}
