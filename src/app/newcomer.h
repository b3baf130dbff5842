/*
 * Joining by the code on a coordinator's screen, for whoever has a home ready
 * for it: the command line and the page. Everything runs on the env's loop.
 *
 *   newcomer_start ── digits ── (a person compares) ── over: newcomer_err
 */
#ifndef FALTBOK_APP_NEWCOMER_H
#define FALTBOK_APP_NEWCOMER_H

#include "app/common.h"

struct newcomer;

struct newcomer_events {
	void *ctx;
	void (*digits)(void *ctx, const char *digits); /* to be shown and compared */
	void (*over)(void *ctx);                       /* once; the newcomer may be freed in it */
};

/* Takes the home over when it returns ERR_OK. `root`: fingerprint that must be, or NULL; borrowed. */
enum err_code newcomer_start(struct newcomer **out, struct env *env, struct home *home, const char *code, const char *root,
                             const struct newcomer_events *events, struct err *err) MUST_CHECK;
const struct err *newcomer_err(const struct newcomer *w);    /* when it is over: ERR_OK is joined */
const char *newcomer_recovery(const struct newcomer *w);     /* "" when a code was shown before */
uint8_t newcomer_role(const struct newcomer *w);             /* that the welcome gives */
void newcomer_home(struct newcomer *w, struct home *out);    /* gives the home back */
void newcomer_free(struct newcomer *w);                      /* and closes it, if it still has it */

/* A home that was begun can be taken up again under its own names only. */
enum err_code newcomer_names(const struct home *home, const char *member, const char *device, struct err *err) MUST_CHECK;

#endif
