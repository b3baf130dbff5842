/*
 * The C interface: the third door to the table of operations.
 */
#include "faltbok.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "crypto/guard.h"
#include "net/net.h"
#include "op/op.h"

struct faltbok {
	struct env *env;
	struct node *node;
};

static int
answer_error(const struct err *err, char **answer)
{
	json_t *o = op_error_json(err);

	if (answer != NULL)
		*answer = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return err_exit_status(err->code);
}

int
faltbok_open(struct faltbok **out, const char *home, const char *passphrase, size_t passphrase_len, char **answer)
{
	struct node_secret secret = { 1, BYTES(passphrase, passphrase_len) };
	struct faltbok *fb = mem_zero(1, sizeof(*fb));
	struct err err = ERR_INIT;

	*out = NULL;
	if (answer != NULL)
		*answer = NULL;
	if (fb == NULL || !crypto_start())
		err_plain(&err, ERR_NO_MEMORY);
	else if ((fb->env = net_env_new(&err)) != NULL && node_open(&fb->node, fb->env, home, &secret, &err) == ERR_OK) {
		*out = fb;
		return 0;
	}
	faltbok_close(fb);
	return answer_error(&err, answer);
}

static void
finished(struct op_call *call)
{
	*(bool *)call->ctx = true;
}

int
faltbok_call(struct faltbok *fb, const char *operation, const char *parameters_json, char **answer)
{
	struct op_call call = { .node = fb->node, .finished = finished };
	const struct op_row *row = op_find(operation);
	struct err err = ERR_INIT;
	bool done = false;
	json_t *params = parameters_json != NULL ? json_read(BYTES_STR(parameters_json), 0, NULL) : NULL;

	if (answer != NULL)
		*answer = NULL;
	if (row == NULL)
		err_set(&err, ERR_USAGE, "there is no operation \"%s\"", operation);
	else if (!json_is_object(params))
		err_set(&err, ERR_USAGE, "%s: the parameters are not a JSON object", operation);
	if (err.code == ERR_OK) {
		call.params = params;
		call.ctx = &done;
		op_start(row, &call);
		if (!done)
			net_run(fb->env, &done, -1);
		err = call.err;
		if (err.code == ERR_OK && answer != NULL)
			*answer = json_dumps(call.result, JSON_COMPACT);
		json_decref(call.result);
	}
	json_decref(params);
	return err.code == ERR_OK ? 0 : answer_error(&err, answer);
}

void
faltbok_free_text(char *answer)
{
	free(answer);
}

void
faltbok_close(struct faltbok *fb)
{
	if (fb == NULL)
		return;
	if (fb->node != NULL)
		node_close(fb->node);
	if (fb->env != NULL)
		net_env_free(fb->env);
	mem_free(fb);
}
