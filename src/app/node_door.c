#include "app/node_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

struct asked {
	struct op_call call; /* first: finished() gets its address */
	struct net_control_call *socket;
	json_t *params;
	struct door *door;
	bool started;        /* as an operation */
};

static void
answered(struct op_call *call)
{
	struct asked *a = (struct asked *)call;
	json_t *o = call->err.code == ERR_OK ? call->result : op_error_json(&call->err);
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));

	net_control_reply(a->socket, text != NULL ? BYTES_STR(text) : BYTES_NONE);
	free(text);
	json_decref(o);
	json_decref(a->params);
	if (a->started && a->door->ended != NULL)
		a->door->ended(a->door->ctx);
	mem_free(a);
}

static void
asked(void *ctx, struct net_control_call *socket, struct bytes request)
{
	struct door *d = ctx;
	struct asked *a = mem_zero(1, sizeof(*a));
	const struct op_row *row;
	const char *op, *page;

	if (a == NULL) {
		net_control_reply(socket, BYTES_NONE);
		return;
	}
	a->params = json_read(request, 0, NULL);
	a->socket = socket;
	a->door = d;
	a->call = (struct op_call){ .params = a->params, .finished = answered };
	op = json_string_value(json_object_get(a->params, "op"));
	page = op != NULL && strcmp(op, "page") == 0 && d->page != NULL ? d->page(d->ctx) : NULL;
	if (page != NULL) {
		a->call.result = json_pack("{s:s}", "http", page);
		answered(&a->call);
		return;
	}
	row = op != NULL ? op_find(op) : NULL;
	if (row != NULL) {
		a->started = true;
		d->start(d->ctx, row, &a->call);
		return;
	}
	err_set(&a->call.err, ERR_USAGE, "there is no such operation");
	answered(&a->call);
}

enum err_code
door_open(struct door *d, struct err *err)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/control.sock", d->home) >= sizeof(path))
		return err_set(err, ERR_IO, "%s: the path is too long", d->home);
	return net_control_listen(d->env, path, asked, d, &d->control, err);
}

void
door_close(struct door *d)
{
	net_control_stop(d->control);
	d->control = NULL;
}
