/*
 * One more organisation for a hub that serves. Whoever serves the home has its
 * keystore open and is alone in writing it, so it is asked, over HOME/control.sock:
 *
 *   command                                  serving hub
 *   join --request FILE ── "join request" ─> a part of the home, its keys saved
 *        FILE            <── request, words
 *   join --welcome FILE ── "join look" ────> whose is it?
 *        (a person compares)  <── root
 *                       ── "join welcome" ─> taken, saved, and served from here on
 *
 * Files are read and written by the command, in its own place and with its own rights.
 */
#include <string.h>
#include <strings.h>

#include "app/hub_ops.h"
#include "base/mem.h"

/* As hex it fits the control socket's line; a hub's welcome holds who belongs, and no case. */
enum { WELCOME_BYTES_MAX = 7 << 20 };

static json_t *
hex_json(struct bytes b)
{
	char *text = mem_alloc(2 * b.len + 1);
	json_t *o = text != NULL ? json_string(hex_encode(text, b.p, b.len)) : NULL;

	mem_free(text);
	return o;
}

static enum err_code
hex_bytes(const json_t *o, struct buf *out, struct err *err)
{
	const char *text = json_string_value(o);
	size_t len = text != NULL ? strlen(text) / 2 : 0;
	uint8_t *room = len > 0 ? mem_alloc(len) : NULL;
	enum err_code rc = ERR_OK;

	if (room == NULL || 2 * len != strlen(text) || !hex_decode(room, len, text))
		rc = err_set(err, ERR_USAGE, "what was said to the serving hub is not hexadecimal");
	else
		buf_put(out, room, len);
	mem_free(room);
	return rc == ERR_OK && !buf_ok(out) ? err_plain(err, ERR_NO_MEMORY) : rc;
}

/* ---- the serving hub ---- */

static json_t *
make_request(struct hub *h, const json_t *ask, struct err *err)
{
	const char *member = json_string_value(json_object_get(ask, "member")), *device = json_string_value(json_object_get(ask, "device"));
	char words[WORDS_SIX_BYTES + 1], card[27];
	struct home part = { 0 };
	struct buf out = BUF_INIT;
	json_t *answer = NULL;
	bool fresh = true;

	if (member == NULL || device == NULL)
		err_set(err, ERR_USAGE, "join --request FILE --member NAME --device NAME: both names are needed");
	else if (app_begin_part(hub_home(h), &part, member, device, &fresh, err) == ERR_OK &&
	         app_make_request(&part, fresh, &out, words, card, err) == ERR_OK)
		answer = json_pack("{s:o,s:s,s:s}", "request", hex_json(buf_bytes(&out)), "words", words, "kill_card", card);
	home_close(&part);
	buf_free(&out);
	return answer;
}

/* Should the saving have failed, the part still waits for this welcome. */
static enum err_code
accept(struct home *part, const struct welcome *w, struct err *err)
{
	enum err_code rc = welcome_accept(part, w, err);

	if (rc != ERR_OK)
		memset(&part->keys->org, 0, sizeof(part->keys->org));
	return rc;
}

static json_t *
take_welcome(struct hub *h, const struct welcome *w, struct home *part, const char *root, struct err *err)
{
	char print[65], text[512];
	json_t *answer;

	hex_encode(print, w->root_fingerprint, 32);
	if (root == NULL || strcasecmp(root, print) != 0) {
		err_set(err, ERR_REFUSED, "the welcome is from an organisation with root %s; nothing was taken", print);
		return NULL;
	}
	if (accept(part, w, err) != ERR_OK)
		return NULL;
	if (hub_add(h, part, err) != ERR_OK) {
		err_wrap(err, "joined, but served only after the next start");
		return NULL;
	}
	memset(part, 0, sizeof(*part)); /* the hub's now */
	answer = app_say_joined(w, text);
	json_object_set_new(answer, "text", json_string(text));
	return answer;
}

static json_t *
on_welcome(struct hub *h, const json_t *ask, bool take, struct err *err)
{
	struct buf bytes = BUF_INIT;
	struct home part = { 0 };
	struct welcome w = { 0 };
	json_t *answer = NULL;

	if (hex_bytes(json_object_get(ask, "welcome"), &bytes, err) == ERR_OK &&
	    app_open_welcome(hub_home(h), &part, &w, buf_bytes(&bytes), err) == ERR_OK) {
		if (part.env == NULL)
			err_set(err, ERR_REFUSED, "the welcome is for this hub's first device: stop the hub, then take it");
		else if (take)
			answer = take_welcome(h, &w, &part, json_string_value(json_object_get(ask, "root")), err);
		else
			answer = json_pack("{s:o}", "root", hex_json(BYTES(w.root_fingerprint, sizeof(w.root_fingerprint))));
		welcome_free(&w);
	}
	home_close(&part);
	buf_wipe(&bytes);
	return answer;
}

/* The card that went out with the request has been printed. */
static json_t *
request_shown(struct hub *h, const json_t *ask, struct err *err)
{
	const char *member = json_string_value(json_object_get(ask, "member")), *device = json_string_value(json_object_get(ask, "device"));
	struct home part = { 0 };
	bool fresh = true, noted = false;

	if (member == NULL || device == NULL)
		err_set(err, ERR_USAGE, "join shown: both names are needed");
	else if (app_begin_part(hub_home(h), &part, member, device, &fresh, err) == ERR_OK)
		noted = replica_papers_shown(part.replica, err) == ERR_OK;
	home_close(&part);
	return noted ? json_pack("{s:b}", "noted", 1) : NULL;
}

bool
hub_join_answer(struct hub *h, const json_t *ask, json_t **answer, struct err *err)
{
	const char *op = json_string_value(json_object_get(ask, "op"));

	if (op == NULL || strncmp(op, "join", 4) != 0)
		return false;
	if (strcmp(op, "join") == 0)
		*answer = json_pack("{s:b}", "serving", 1);
	else if (strcmp(op, "join request") == 0)
		*answer = make_request(h, ask, err);
	else if (strcmp(op, "join shown") == 0)
		*answer = request_shown(h, ask, err);
	else if (strcmp(op, "join look") == 0 || strcmp(op, "join welcome") == 0)
		*answer = on_welcome(h, ask, strcmp(op, "join welcome") == 0, err);
	else
		return false;
	if (*answer == NULL && err->code == ERR_OK)
		err_plain(err, ERR_NO_MEMORY);
	return true;
}

/* ---- the command ---- */

static enum err_code
ask_it(struct app *app, json_t *ask, json_t **answer, struct err *err)
{
	enum err_code rc = hub_ask_server(app, ask, answer, err);

	json_decref(ask);
	return rc;
}

static bool
is_served(struct app *app)
{
	struct err err = ERR_INIT;
	json_t *answer = NULL;
	bool served = ask_it(app, json_pack("{s:s}", "op", "join"), &answer, &err) != ERR_NOT_FOUND;

	json_decref(answer);
	return served;
}

static int
request(struct app *app, const char *file)
{
	const char *member = app_option(app, "--member"), *device = app_option(app, "--device"), *words, *card;
	struct buf bytes = BUF_INIT, text = BUF_INIT;
	json_t *answer = NULL, *result = NULL;
	struct err err = ERR_INIT;
	int status;

	if (member == NULL || device == NULL)
		err_set(&err, ERR_USAGE, "join --request FILE --member NAME --device NAME: both names are needed");
	else if (app_no_more(app, &err) == ERR_OK &&
	         ask_it(app, json_pack("{s:s,s:s,s:s}", "op", "join request", "member", member, "device", device), &answer, &err) == ERR_OK &&
	         hex_bytes(json_object_get(answer, "request"), &bytes, &err) == ERR_OK &&
	         app->env->files->replace(app->env, file, buf_bytes(&bytes), &err) == ERR_OK) {
		words = json_string_value(json_object_get(answer, "words"));
		card = json_string_value(json_object_get(answer, "kill_card"));
		result = json_pack("{s:s,s:s}", "request", file, "words", words);
		if (card[0] != '\0')
			json_object_set_new(result, "kill_card", json_string(card));
		app_say_request(&text, file, words, "", card);
	}
	status = result != NULL ? app_answer(app, result, buf_str(&text)) : app_fail(app, &err);
	json_decref(answer);
	answer = NULL;
	/* Not noted: the same request, asked for again, comes with another card. */
	if (result != NULL && status == 0 && (app->json || !app->quiet))
		(void)!ask_it(app, json_pack("{s:s,s:s,s:s}", "op", "join shown", "member", member, "device", device), &answer, &err);
	json_decref(answer);
	buf_free(&bytes);
	buf_wipe(&text);
	return status;
}

static enum err_code
look(struct app *app, const json_t *welcome, uint8_t root[32], struct err *err)
{
	struct buf b = BUF_INIT;
	json_t *answer = NULL;
	enum err_code rc = ask_it(app, json_pack("{s:s,s:O}", "op", "join look", "welcome", welcome), &answer, err);

	if (rc == ERR_OK)
		rc = hex_bytes(json_object_get(answer, "root"), &b, err);
	if (rc == ERR_OK && b.len != 32)
		rc = err_set(err, ERR_IO, "the serving hub has given no answer");
	if (rc == ERR_OK)
		memcpy(root, b.p, 32);
	json_decref(answer);
	buf_free(&b);
	return rc;
}

static int
welcome(struct app *app, const char *file)
{
	const char *wanted = app_option(app, "--root");
	bool yes = app_flag(app, "--yes");
	char words[WORDS_SIX_BYTES + 1];
	json_t *hex = NULL, *answer = NULL;
	struct buf bytes = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t root[32];
	int status;

	if (app_no_more(app, &err) == ERR_OK && app->env->files->read(app->env, file, WELCOME_BYTES_MAX, &bytes, &err) == ERR_TOO_BIG)
		err_set(&err, ERR_TOO_BIG, "%s: a hub that serves takes a welcome of at most 7 MiB; stop the hub, take it with the same command, and start it again", file);
	if (err.code == ERR_OK) {
		hex = hex_json(buf_bytes(&bytes));
		if (look(app, hex, root, &err) != ERR_OK)
			err_wrap(&err, "%s", file);
		else if (app_believe(root, wanted, yes, words, &err) == ERR_OK)
			(void)!ask_it(app, json_pack("{s:s,s:O,s:o}", "op", "join welcome", "welcome", hex, "root", hex_json(BYTES(root, 32))), &answer, &err);
	}
	if (answer != NULL) {
		buf_printf(&text, "%s", json_string_value(json_object_get(answer, "text")));
		json_object_del(answer, "text");
	}
	status = answer != NULL ? app_answer(app, answer, buf_str(&text)) : app_fail(app, &err);
	json_decref(hex);
	buf_wipe(&bytes);
	buf_free(&text);
	return status;
}

int
hub_join(struct app *app)
{
	const char *to, *from;
	struct err err = ERR_INIT;

	if (!is_served(app))
		return app_join(app);
	to = app_option(app, "--request");
	from = app_option(app, "--welcome");
	if (to != NULL && from == NULL)
		return request(app, to);
	if (from != NULL && to == NULL)
		return welcome(app, from);
	err_set(&err, ERR_REFUSED, "a hub that serves joins by files: join --request FILE --member NAME --device NAME, then join --welcome FILE; stop it to join by a code");
	return app_fail(app, &err);
}
