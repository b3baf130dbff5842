/*
 * faltbok practice: an organisation of one device, with made-up people, to
 * try everything in. Nothing written there ever counts anywhere else: it is
 * another organisation, and it says of itself that it is for practice.
 *
 * The examples are operations, one a line (packaging/practice/examples.jsonl).
 * "@-7" is the date seven days ago, "@case" the case of the last visit saved.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/node.h"
#include "app/node_builtin.h"
#include "base/json.h"
#include "base/mem.h"
#include "casework/slots.h"
#include "crypto/guard.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct examples { struct app *app; struct node *node; char last_case[33]; size_t done; };

static void
finished(struct op_call *call)
{
	*(bool *)call->ctx = true;
}

/* The answer is the caller's; NULL and err. Nothing in the examples waits for anybody. */
static json_t *
run(struct node *node, const char *name, json_t *params, struct err *err)
{
	struct op_call call = { .node = node, .params = params, .finished = finished };
	const struct op_row *row = op_find(name);
	bool done = false;

	call.ctx = &done;
	if (row == NULL) {
		err_set(err, ERR_INVALID, "practice: there is no operation \"%s\"", name);
		return NULL;
	}
	op_start(row, &call);
	if (done && call.err.code == ERR_OK)
		return (json_t *)call.result;
	*err = call.err;
	if (err->code == ERR_OK)
		err_set(err, ERR_INVALID, "practice: \"%s\" did not end", name);
	return NULL;
}

static void
replace(struct examples *x, json_t *value)
{
	const char *text = json_string_value(value), *key;
	json_t *item;
	char date[11];
	size_t i;

	if (text != NULL && strcmp(text, "@case") == 0) {
		json_string_set(value, x->last_case);
	} else if (text != NULL && text[0] == '@') {
		day_print(date, x->app->env->ops->wall_ms(x->app->env) / DAY_MS + strtol(text + 1, NULL, 10));
		json_string_set(value, date);
	}
	json_object_foreach(value, key, item)
		replace(x, item);
	json_array_foreach(value, i, item)
		replace(x, item);
}

static enum err_code
run_line(struct examples *x, const char *line, size_t len, struct err *err)
{
	json_t *params = json_read(BYTES(line, len), 0, NULL), *answer;
	const char *name = json_string_value(json_object_get(params, "op")), *id;

	if (name == NULL) {
		json_decref(params);
		return err_set(err, ERR_INVALID, "practice: example %zu does not read", x->done + 1);
	}
	replace(x, params);
	answer = run(x->node, name, params, err);
	id = json_string_value(json_object_get(answer, "case"));
	if (id != NULL)
		snprintf(x->last_case, sizeof(x->last_case), "%s", id);
	x->done++;
	json_decref(answer);
	json_decref(params);
	return err->code == ERR_OK ? ERR_OK : err_wrap(err, "practice: example %zu", x->done);
}

static enum err_code
run_all(struct examples *x, struct err *err)
{
	const char *at = builtin_examples, *end = builtin_examples + builtin_examples_bytes;

	while (at < end && err->code == ERR_OK) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = nl != NULL ? (size_t)(nl - at) : (size_t)(end - at);

		if (len > 0)
			(void)!run_line(x, at, len, err);
		at += len + 1;
	}
	return err->code;
}

static enum err_code
make_team(struct node *node, struct err *err)
{
	json_t *add = json_pack("{s:s}", "name", "övning"), *grant = json_pack("{s:s,s:s}", "device", "self", "team", "övning");

	json_decref(run(node, "team add", add, err));
	if (err->code == ERR_OK)
		json_decref(run(node, "grant", grant, err));
	json_decref(add);
	json_decref(grant);
	return err->code;
}

static enum err_code
make(struct app *app, struct examples *x, struct err *err)
{
	struct node_secret secret = { 1, buf_bytes(&app->passphrase) };
	struct node_seeds seeds;
	struct home home = { 0 };

	if (home_create(&home, app->env, app->home, "Övning", "övning", secret.secret, app->kdf, NULL, err) != ERR_OK)
		return err->code;
	home_close(&home);
	if (node_open(&x->node, app->env, app->home, &secret, err) != ERR_OK)
		return err->code;
	/* Nobody is to recover a place for practice: the root key is forgotten at once. */
	if (node_found(x->node, "Övning", "Övning", "övning", BYTES(builtin_profile, builtin_profile_bytes), false, &seeds, err) == ERR_OK &&
	    node_make_practice(x->node, err) == ERR_OK && node_commit(x->node, err) == ERR_OK && make_team(x->node, err) == ERR_OK)
		(void)!run_all(x, err);
	wipe(&seeds, sizeof(seeds));
	node_close(x->node);
	return err->code;
}

int
app_practice(struct app *app)
{
	struct examples x = { .app = app };
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int status;

	if (app_no_more(app, &err) == ERR_OK && app_passphrase(app, true, &err) == ERR_OK && make(app, &x, &err) == ERR_OK) {
		buf_printf(&text, "A home for practice is in %s, with made-up examples. Nothing in it counts.\n", app->home);
		status = app_answer(app, json_pack("{s:s,s:I,s:b}", "home", app->home, "examples", (json_int_t)x.done, "practice", 1), buf_str(&text));
	} else {
		status = app_fail(app, &err);
	}
	buf_free(&text);
	return status;
}
