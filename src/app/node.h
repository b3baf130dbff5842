/* The parts of `faltbok`: how words become parameters, answers become text, a node serves. */
#ifndef FALTBOK_APP_NODE_H
#define FALTBOK_APP_NODE_H

#include "app/common.h"
#include "crypto/words.h"
#include "node/kit.h"
#include "op/op.h"

/* The row whose name the first words are; *used words are taken. NULL when there is none. */
const struct op_row *args_row(const struct app *app, int *used);
/* The rest of the words as the row's parameters, file paths made absolute. */
json_t *args_params(const struct app *app, const struct op_row *row, int used, struct err *err);

/* What a person reads on the terminal; "" where the exit status says it all. Appends. */
void print_result(struct buf *out, const struct op_row *row, const json_t *result);

/* Whether this is `invite`, which goes on after its answer; and the addresses of this machine, for its code. */
bool invite_is(const struct op_row *row);
void invite_addresses(json_t *params);
/* A person can answer, or nobody needs to. */
enum err_code invite_answerable(const json_t *params, struct err *err);
/* node_site.c: before `close-site --wipe` a person says yes; what a crash has left of one is finished. */
enum err_code site_ask(const struct op_row *row, json_t *params, struct err *err) MUST_CHECK;
bool site_unfinished(const struct app *app, const struct op_row *row, const json_t *params);
int site_finish(struct app *app);

/* Waits until somebody has joined by the node's only invitation. Returns the exit status. */
int invite_wait(struct app *app, struct node *node, bool yes);

/* `revoke --kill-card FILE|-`: what the file says takes the place of its name. */
enum err_code card_read(struct app *app, json_t *params, struct err *err);
bool card_by_shares(const struct app *app); /* `recover --shares`, which is an operation; `recover --code` is not */

/* Appends the text as a QR code in block characters, light on dark. False when it does not fit one. */
bool qr_print(struct buf *out, const char *text);

struct founding {
	const char *home, *org, *member, *device;
	struct bytes passphrase, profile;
	enum kdf_strength kdf;
	bool escrow, drop_box;     /* whether there are to be any */
};
/* The home and in it the organisation, its node left open: home_create() and found_in(). The kit is shown once. */
enum err_code found_org(struct node **out, struct env *env, const struct founding *f, struct kit *kit, uint8_t print[32], struct err *err) MUST_CHECK;
/* The same in a home just made, which it takes over; kit->recovery_code is there already. */
enum err_code found_in(struct node **out, struct home *home, const struct founding *f, struct kit *kit, uint8_t print[32], struct err *err) MUST_CHECK;
json_t *founded_json(struct node *node, const uint8_t print[32]);
json_t *kit_json(const struct kit *kit);

int app_init(struct app *app);   /* faltbok init */
int app_restore(struct app *app);
int app_practice(struct app *app); /* faltbok practice */
int app_serve(struct app *app);  /* faltbok serve */
int app_page(struct app *app);   /* faltbok page */

#endif
