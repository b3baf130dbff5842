/*
 * faltbok invite, where no node serves from the home: the code is shown, and
 * this process is the one who waits at the door, asks about the digits and
 * ends when somebody has come in. It has the home open: what is typed in
 * another terminal meanwhile comes in by the control socket, as it does
 * where a node serves.
 */
#include <stdio.h>

#include "app/node.h"
#include "app/node_door.h"
#include "net/net.h"
#include "node/invite.h"

struct waiting {
	struct node *node;
	struct invite_info info;
	size_t ops;  /* of other terminals, under way */
	bool news;
};

bool
invite_is(const struct op_row *row)
{
	return strcmp(row->name, "invite") == 0;
}

/* Of this machine, unless the newcomer was told better or we listen in one place only. */
void
invite_addresses(json_t *params)
{
	const char *listen = json_string_value(json_object_get(params, "listen"));
	char list[JOIN_ADDRS_MAX][48];
	json_t *names;
	size_t count;

	if (json_object_get(params, "address") != NULL)
		return;
	if (listen != NULL && strncmp(listen, "0.0.0.0:", 8) != 0 && strncmp(listen, "[::]:", 5) != 0)
		return;
	names = json_array();
	count = net_addresses(list, COUNT_OF(list));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(names, json_string(list[i]));
	json_object_set_new(params, "address", names);
}

enum err_code
invite_answerable(const json_t *params, struct err *err)
{
	if (json_is_true(json_object_get(params, "yes")) || app_has_terminal())
		return ERR_OK;
	return err_set(err, ERR_USAGE, "invite: no terminal to compare digits on; give --yes, or let `faltbok serve` run and answer with `faltbok invite confirm`");
}

static void
saw(void *ctx, const struct invite_info *what)
{
	struct waiting *w = ctx;

	w->info = *what;
	w->news = true;
}

static void
start(void *ctx, const struct op_row *row, struct op_call *call)
{
	struct waiting *w = ctx;

	w->ops++;
	if (node_is_wiped(w->node))
		err_set(&call->err, ERR_LOCKED, "this home has been wiped");
	else if (invite_is(row))
		err_set(&call->err, ERR_REFUSED, "inviting: a code is waiting in another terminal; `faltbok invite withdraw CODE` takes it back, "
		        "or let `faltbok serve` run to invite several at once");
	if (call->err.code != ERR_OK) {
		op_end(call);
		return;
	}
	call->node = w->node;
	op_start(row, call);
}

/* After the last of them there may be nothing left to wait for. */
static void
other_ended(void *ctx)
{
	struct waiting *w = ctx;

	w->ops--;
	w->news = w->news || node_is_wiped(w->node);
}

static void
ask(struct app *app, struct node *node, const struct waiting *w)
{
	struct err err = ERR_INIT;
	char question[512];
	bool agree;

	app_say(app, "%s's device %s is here. Its screen and this one must show the same digits:\n\n    %s\n\n", w->info.member, w->info.device, w->info.digits);
	snprintf(question, sizeof(question), "Admit %s's device %s: are the digits %s on both screens?", w->info.member, w->info.device, w->info.digits);
	agree = app_ask_yes(question);
	if (node_invite_confirm(node, w->info.code, agree, &err) != ERR_OK)
		app_say(app, "%s\n", err.text);
}

static int
joined(struct app *app, const struct waiting *w)
{
	char id[33], text[512];

	snprintf(text, sizeof(text), "%s's device %s has joined.\n", w->info.member, w->info.device);
	return app_answer(app, json_pack("{s:b,s:s,s:s,s:s}", "joined", 1, "device", hex_encode(id, w->info.id.b, 16), "member", w->info.member,
	                                 "name", w->info.device), text);
}

/* How it ended, when it has. */
static bool
ended(struct app *app, struct node *node, const struct waiting *w, int *status)
{
	struct err err = ERR_INIT;

	switch (w->info.state) {
	case INVITE_ASKING:
		ask(app, node, w);
		return false;
	case INVITE_OPEN:
		if (w->info.trouble[0] != '\0')
			app_say(app, "It could not be admitted: %s\n", w->info.trouble);
		return false;
	case INVITE_SENDING:
		return false;
	case INVITE_JOINED:
		*status = joined(app, w);
		return true;
	case INVITE_REFUSED:
		err_set(&err, ERR_REFUSED, "inviting: the digits were not confirmed, so nobody was admitted and the code is spent; make a new one");
		break;
	case INVITE_OVER:
		if (w->info.withdrawn)
			err_set(&err, ERR_REFUSED, "inviting: the code was withdrawn, so nobody has joined by it");
		else if (w->info.was_admitted)
			err_set(&err, ERR_TIMEOUT, "inviting: %s's device %s was admitted but has not fetched its welcome; it gets it with a new code", w->info.member,
			        w->info.device);
		else
			err_set(&err, ERR_TIMEOUT, "inviting: the hour is over and nobody has joined; make a new code");
		break;
	}
	*status = app_fail(app, &err);
	return true;
}

/* An answer that is under way goes out before the node is closed. */
static void
end_others(struct app *app, struct waiting *w)
{
	while (w->ops > 0) {
		w->news = false;
		net_run(app->env, &w->news, 50);
	}
}

int
invite_wait(struct app *app, struct node *node, bool yes)
{
	struct waiting w = { .node = node };
	struct door door = { .env = app->env, .home = app->home, .ctx = &w, .start = start, .ended = other_ended };
	struct err err = ERR_INIT;
	int status = 0;

	if (door_open(&door, &err) != ERR_OK)
		return app_fail(app, &err);
	if (!yes)
		app_say(app, "Waiting. Ctrl-C withdraws the code.\n");
	node_invite_watch(node, saw, &w);
	do {
		w.news = false;
		net_run(app->env, &w.news, -1);
	} while (!w.news || (!node_is_wiped(node) && !ended(app, node, &w, &status)));
	end_others(app, &w);
	door_close(&door);
	return status;
}
