/*
 * What the three programs have in common: global options, the passphrase,
 * how an answer or an error is printed, joining an organisation.
 */
#ifndef FALTBOK_APP_COMMON_H
#define FALTBOK_APP_COMMON_H

#include <jansson.h>

#include "base/env.h"
#include "crypto/keystore.h"
#include "crypto/words.h"
#include "store/home.h"

struct app {
	const char *program;        /* "faltbok" */
	char home[3072];
	const char *passphrase_file;
	bool json, quiet;
	enum kdf_strength kdf;
	int argc;                   /* what is left: the command and its words */
	char **argv;
	struct env *env;
	struct buf passphrase;      /* once asked for */
	void (*joined)(struct app *app, struct home *home); /* NULL, or what is to be done when a home has been welcomed */
};

struct command { const char *name, *usage, *help; };

/* Global options out of argv, wherever they stand. Exits for --help, --version and what cannot be read. */
void app_start(struct app *app, const char *program, int argc, char **argv, const struct command *commands);
int app_finish(struct app *app, int status); /* frees, returns status */

/* An option of a command: takes "--name value" out of app->argv. NULL when absent. */
const char *app_option(struct app *app, const char *name);
bool app_flag(struct app *app, const char *name);
/* Nothing may be left over. */
enum err_code app_no_more(const struct app *app, struct err *err);

/* The passphrase: from the file, else asked for on the terminal (twice for a new one). */
enum err_code app_passphrase(struct app *app, bool fresh, struct err *err) MUST_CHECK;
enum err_code app_open_home(struct app *app, struct home *home, struct err *err) MUST_CHECK;

/*
 * The device that is to join: a new home's; that of a home which was begun; or, where a hub's home is in an organisation already, one more
 * device in it. `whole` is then the home and `home` its part; close `home` first. code_out may be NULL; it is "" where the home has a code already.
 */
enum err_code app_begin_device(struct app *app, struct home *whole, struct home *home, const char *member, const char *device, bool *fresh,
                               char code_out[27], struct err *err) MUST_CHECK;
bool app_home_exists(struct app *app);

/* The pieces of joining by files, for whoever has the home open: join.c, and a hub that serves (hub_join.c). */
/* A part that asked by these names and was not welcomed yet (then not fresh), or a fresh one. */
enum err_code app_begin_part(struct home *whole, struct home *home, const char *member, const char *device, bool *fresh, struct err *err) MUST_CHECK;
/* card: "" where it was shown before. */
enum err_code app_make_request(struct home *home, bool fresh, struct buf *out, char words[WORDS_SIX_BYTES + 1], char card[27], struct err *err) MUST_CHECK;
void app_say_request(struct buf *text, const char *file, const char *words, const char *code, const char *card);
/* Whose welcome is it? A hub's home may have several devices that wait for one. A part is then open in *home; the whole itself leaves it as it is. */
enum err_code app_open_welcome(struct home *whole, struct home *home, struct welcome *w, struct bytes bytes, struct err *err) MUST_CHECK;
/* By --root, by --yes, else by whoever sits at the terminal. */
enum err_code app_believe(const uint8_t fingerprint[32], const char *root, bool yes, char words[WORDS_SIX_BYTES + 1], struct err *err) MUST_CHECK;
json_t *app_say_joined(const struct welcome *w, char text[512]);

/* Prints the answer (JSON, or `text` unless quiet), or the error. Returns the exit status. */
int app_answer(struct app *app, json_t *result, const char *text);
int app_fail(struct app *app, const struct err *err);
bool app_ask_yes(const char *question); /* on the terminal; false when there is none */
/* The path as it would be from "/": for a process that works elsewhere. */
char *app_absolute(const char *path, char out[4096]);

/* One line of what is going on, for a person: on standard output, or beside it where that is --json's. */
void app_say(const struct app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool app_has_terminal(void);

/* join CODE …: connects, shows digits, takes the welcome (join_code.c). */
int app_join_code(struct app *app, const char *code);
/* join CODE … | join --request FILE … | join --welcome FILE …: the same for all three programs. */
int app_join(struct app *app);
/* passphrase: a new one for this home.  recover --code FILE: a new one by the recovery code. */
int app_change_passphrase(struct app *app);
int app_recover(struct app *app);
/* paper new: another recovery code. paper confirm: what was printed is kept (of the node, a row of the table does that). */
int app_paper(struct app *app);
bool app_is_paper(const struct app *app, const char *what);
/* To be called when papers have just been printed: asks whoever sits there whether they are kept, or notes that nobody has said so. */
void app_papers_shown(struct app *app, struct replica *r);
int app_report_digest(struct app *app); /* report_digest.c: the auditor's */

#endif
