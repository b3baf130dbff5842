/*
 * The table of operations: each stands here once, and the command line, the
 * control socket, HTTP and the C interface all dispatch through it.
 *
 *   {"op": "put", "type": "visit", "set": {"channel": "physical"}}  ->  {"id": …, "entry": …, "saved": true, "copies": 0}
 *
 * Parameters and answers are JSON, the fields of CONTRACT. A new operation is
 * one new row.
 */
#ifndef FALTBOK_OP_OP_H
#define FALTBOK_OP_OP_H

#include <jansson.h>

#include "node/node.h"
#include "peer/meet.h"

enum param_kind {
	PARAM_TEXT, PARAM_ID, PARAM_DATE, PARAM_NUMBER, PARAM_FLAG,
	PARAM_FILE_IN, PARAM_FILE_OUT, /* paths; whoever passes an operation on makes them absolute */
	PARAM_ASSIGN,                  /* field=value +field=value -field=value: "set", "add", "remove" */
};

struct op_param {
	const char *name;    /* JSON key, and --name for options */
	enum param_kind kind;
	bool positional, required, many;
	const char *help;
};

struct op_call;

struct op_row {
	const char *name;    /* "team add" */
	const char *usage;   /* after the name, as CONTRACT writes it */
	const char *help;    /* one sentence */
	const struct op_param *params; /* ends with a nameless one */
	bool writes;
	/* Fills call->result or call->err and calls op_end(), now or later. */
	void (*run)(struct op_call *call);
};

/*
 * Files of one call that lie in memory: for a door that is given no paths.
 * What is read must be there before op_start(); what the operation writes is
 * there when it has ended.
 */
enum { OP_FILES_MAX = 8 };
struct op_file { const char *param; bool out; struct buf data; };
struct op_files { struct op_file file[OP_FILES_MAX]; size_t count; };
void op_files_free(struct op_files *f);    /* of mem_zero(); wipes */
struct op_file *op_files_add(struct op_files *f, const char *param, bool out); /* NULL: too many */
const struct op_file *op_files_find(const struct op_files *f, const char *param, size_t nth);

struct op_call {
	struct node *node;
	struct meet *meet;                 /* a serving node's, or NULL */
	const json_t *params;
	struct op_files *files;            /* NULL: file parameters are paths */
	json_t *result;
	struct err err;
	void (*finished)(struct op_call *call); /* the caller's; it frees the call */
	void *ctx;                         /* the caller's */
	void *work;                        /* the operation's, while it is under way */
	unsigned long refused;             /* op_start()'s: how often there had been no memory before */
	bool reads;                        /* op_start()'s: the row does not write */
	unsigned long json_refused;        /* op_start()'s: how often there had been no memory for JSON before */
};

extern const struct op_row op_table[]; /* ends with a nameless row */
const struct op_row *op_find(const char *name);

/* Checks parameters against the row, then runs it; call->finished comes exactly once, perhaps before this returns. */
void op_start(const struct op_row *row, struct op_call *call);
void op_end(struct op_call *call);

/* {"error":{"code","text"}}, and "kind" where a refusal is of a kind of its own: invalid, unknown, exists. */
json_t *op_error_json(const struct err *err);

#endif
