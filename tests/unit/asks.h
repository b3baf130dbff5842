/* Operations asked of a node in tests, where they end before op_start returns. */
#ifndef FALTBOK_TESTS_ASKS_H
#define FALTBOK_TESTS_ASKS_H

#include "nodes.h"

#include "op/op.h"

static inline void
asked(struct op_call *call)
{
	*(bool *)call->ctx = true;
}

/* Takes over params; the answer is the caller's, NULL on an error, whose code is in *code. */
static inline json_t *
ask(struct node *n, const char *name, json_t *params, enum err_code *code)
{
	struct op_call call = { .node = n, .params = params, .finished = asked };
	bool done = false;

	assert_non_null(params);
	call.ctx = &done;
	op_start(op_find(name), &call);
	assert_true(done);
	json_decref(params);
	if (code != NULL)
		*code = call.err.code;
	else if (call.err.code != ERR_OK)
		fail_msg("%s: %s", name, call.err.text);
	return (json_t *)call.result;
}

static inline void
tell(struct node *n, const char *name, json_t *params)
{
	json_decref(ask(n, name, params, NULL));
}

#endif
