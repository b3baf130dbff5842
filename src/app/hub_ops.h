/*
 * What an operator asks of a hub: the same functions whether it serves (over HOME/control.sock)
 * or not (the home is opened for the call). Each gives JSON; hub_say() makes a person's text of it.
 */
#ifndef FALTBOK_APP_HUB_OPS_H
#define FALTBOK_APP_HUB_OPS_H

#include <jansson.h>

#include "app/common.h"
#include "hub/hub.h"
#include "net/net.h"

/* `ask` has "op" and its parameters. NULL with err set. */
json_t *hub_ask(struct hub *h, const char *home, const json_t *ask, bool serving, struct err *err);
/* The command's words as such a question; NULL with err set. */
json_t *hub_question(struct app *app, struct err *err);
/* Asks whoever serves the home; ERR_NOT_FOUND when nobody does. */
enum err_code hub_ask_server(const struct app *app, const json_t *ask, json_t **answer, struct err *err) MUST_CHECK;
/* The answer as text, appended. */
void hub_say(const json_t *ask, const json_t *answer, struct buf *out);

/* Joining while the home is served (hub_join.c): the command's part, which joins as ever when nobody serves; and the server's. False: not about joining. */
int hub_join(struct app *app);
bool hub_join_answer(struct hub *h, const json_t *ask, json_t **answer, struct err *err);

/* Answers what comes over HOME/control.sock until net_control_stop(). */
struct hub_desk { struct hub *hub; const char *home; };
enum err_code hub_desk_open(struct hub_desk *desk, struct env *env, struct net_control **out, struct err *err) MUST_CHECK;

/* Where the entries are: "sqlite", or the database's address. Sets env->store; what is kept in HOME/store holds where the command says nothing. */
struct hub_store { char kept[2048], now[2048]; struct db_engine *engine; };
enum err_code hub_store_choose(struct hub_store *s, struct app *app, struct err *err) MUST_CHECK;
enum err_code hub_store_keep(struct hub_store *s, struct app *app, struct err *err) MUST_CHECK; /* once it has been opened */
void hub_store_free(struct hub_store *s, struct app *app);

/* Where witnesses are kept (proto/sync.md, 10): a folder in a tmpfs, "" when there is none. */
struct hub_memory { struct env *env; char folder[3400]; };
void hub_memory_find(struct hub_memory *m, struct env *env, const char *home);
bool hub_memory_get(void *ctx, const struct device_id *device, uint8_t out[32]);
void hub_memory_put(void *ctx, const struct device_id *device, const uint8_t witness[32]);

#endif
