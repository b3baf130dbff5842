/*
 * The HTTP door of a serving node: its page, the table of operations, and a
 * stream of events; on a loopback address, for one person's browser.
 *
 *   browser -- libwebsockets -- policy -+- asset
 *                                       +- session   (the host: first run, unlock, lock)
 *                                       +- operation (the table, through the host)
 *                                       +- events    (ids and types of what has changed)
 *
 * The host (src/app) owns the home and says who may do what when; this layer
 * owns tokens, cookies, requests and their limits. Everything runs on the
 * env's loop. Spec: proto/http.md.
 */
#ifndef FALTBOK_WEB_WEB_H
#define FALTBOK_WEB_WEB_H

#include <jansson.h>

#include "op/op.h"

struct web;
struct web_call;

struct web_host {
	void *ctx;
	/* The state of the home: {"state":"open",…}. The caller frees it. */
	json_t *(*session)(void *ctx);
	/* Does what {"do":…} says and calls web_answer() once, now or later. `wish` is borrowed until this returns. */
	void (*act)(void *ctx, const json_t *wish, struct web_call *call);
	/* Starts an operation, or refuses it (locked, no home): sets call->err and calls call->finished. */
	void (*start)(void *ctx, const struct op_row *row, struct op_call *call);
	void (*ended)(void *ctx); /* after each that was started */
	/* A person is at the page. */
	void (*seen)(void *ctx);
};

/*
 * One door per process. addr: "127.0.0.1:PORT", "localhost:PORT" or "[::1]:PORT"; port 0: any.
 * ERR_USAGE for an address that others could reach; ERR_NETWORK when it
 * cannot be had; ERR_IO when libwebsockets or its libuv plug-in is missing.
 */
enum err_code web_start(struct web **out, struct env *env, const char *addr, const struct web_host *host, struct err *err) MUST_CHECK;
/* The page's address with a new one-time token; the one before is void. Valid until the next call. */
const char *web_address(struct web *w);
/* Ends: calls under way are answered to nobody. The loop must run once more before the env is freed. NULL is fine. */
void web_stop(struct web *w);

/* Ends a call of `act`: the document to answer with (taken over), or NULL and why. */
void web_answer(struct web_call *call, json_t *answer, const struct err *err);

/* To every open stream; what it cannot hold is replaced by one `resync`. Takes `data` over. */
void web_event(struct web *w, const char *name, json_t *data);

#endif
