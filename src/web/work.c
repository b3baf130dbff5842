/*
 * What a request that has passed the door sets going: an operation, or what the
 * page does about the home, which the host answers when it is done.
 */
#include "web/web_internal.h"

#include "crypto/guard.h"

static void
let_go(struct web_call *c)
{
	if (c->under_way && c->web != NULL)
		c->web->calls--;
	c->under_way = false;
	web_call_end(c);
}

static bool
take_up(struct web_call *c)
{
	if (c->web->calls >= WEB_CALLS_MAX) {
		web_reply_error(c, 429, "refused", "too many requests are under way; try again in a moment");
		return false;
	}
	c->web->calls++;
	c->under_way = true;
	return true;
}

/* ---- operations ---- */

static void
op_finished(struct op_call *op)
{
	struct web_call *c = (struct web_call *)op;
	json_t *answer;

	if (c->wsi != NULL) {
		answer = web_ask_answer(&c->ask, op);
		web_reply_json(c, web_status(op->err.code), answer);
		json_decref(answer);
	}
	if (c->web != NULL)
		c->web->host.ended(c->web->host.ctx);
	let_go(c);
}

void
web_start_operation(struct web_call *c)
{
	struct err err = ERR_INIT;
	json_t *why;

	if (web_ask_read(&c->ask, c->row, buf_bytes(&c->body), &err) != ERR_OK) {
		why = op_error_json(&err);
		web_reply_json(c, web_status(err.code), why);
		json_decref(why);
		return;
	}
	buf_wipe(&c->body);
	if (!take_up(c))
		return;
	c->op = (struct op_call){ .params = c->ask.params, .files = c->ask.files, .finished = op_finished };
	c->web->host.start(c->web->host.ctx, c->row, &c->op);
}

/* ---- the session ---- */

void
web_draw_secret(struct env *env, char out[WEB_SECRET_CHARS + 1])
{
	uint8_t random[WEB_SECRET_CHARS / 2];

	env_random(env, random, sizeof(random));
	hex_encode(out, random, sizeof(random));
	wipe(random, sizeof(random));
}

void
web_reply_session(struct web_call *c, json_t *document)
{
	if (document != NULL)
		json_object_set_new(document, "key", json_string(c->web->secrets.key));
	web_reply_json(c, 200, document);
	json_decref(document);
}

/* The one-time token is spent by the first who brings it. */
static void
take_token(struct web_call *c, const json_t *wish)
{
	struct web *w = c->web;
	const char *token = json_string_value(json_object_get(wish, "token"));

	if (token == NULL || w->token[0] == '\0' || strlen(token) != WEB_SECRET_CHARS || !same_secret(token, w->token, WEB_SECRET_CHARS)) {
		web_reply_error(c, 401, "refused", "this address has been used or is of an earlier start; `faltbok page` prints a new one");
		return;
	}
	wipe(w->token, sizeof(w->token));
	wipe(w->address, sizeof(w->address));
	c->cookie = true;
	w->host.seen(w->host.ctx);
	web_reply_session(c, w->host.session(w->host.ctx));
}

void
web_answer(struct web_call *c, json_t *answer, const struct err *err)
{
	json_t *why = NULL;

	if (c->wsi != NULL && answer != NULL) {
		web_reply_session(c, json_incref(answer));
	} else if (c->wsi != NULL) {
		why = op_error_json(err);
		web_reply_json(c, web_status(err->code), why);
	}
	json_decref(answer);
	json_decref(why);
	let_go(c);
}

void
web_start_session(struct web_call *c)
{
	struct err err = ERR_INIT;
	json_t *wish = web_json(buf_bytes(&c->body), &err), *why;
	const char *what = json_string_value(json_object_get(wish, "do"));

	buf_wipe(&c->body);
	if (what == NULL) {
		if (err.code == ERR_OK)
			err_set(&err, ERR_USAGE, "\"do\" must say what to do");
		why = op_error_json(&err);
		web_reply_json(c, 400, why);
		json_decref(why);
	} else if (strcmp(what, "token") == 0)
		take_token(c, wish);
	else if (c->verdict.stranger)
		web_reply_error(c, 401, "refused", "this browser has not shown the token; open the address that faltbok prints");
	else if (take_up(c))
		c->web->host.act(c->web->host.ctx, wish, c);
	json_decref(wish);
}
