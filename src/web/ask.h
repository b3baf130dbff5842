/*
 * From the body of a POST to an operation's call and from its end to an
 * answer: JSON both ways, files as base64 within it, never as paths.
 */
#ifndef FALTBOK_WEB_ASK_H
#define FALTBOK_WEB_ASK_H

#include "op/op.h"

struct web_ask {
	const struct op_row *row;
	json_t *params;
	struct op_files *files;
};

/* "invite/list" -> its row, or NULL. */
const struct op_row *web_row(const char *path);
/* How large a body may be. */
size_t web_body_max(const struct op_row *row);

/* The body as the row's parameters. An empty one is {}. ERR_USAGE says what is wrong; *a is empty then. */
enum err_code web_ask_read(struct web_ask *a, const struct op_row *row, struct bytes body, struct err *err) MUST_CHECK;
void web_ask_free(struct web_ask *a);
/* What the call has ended with: its result and the files it wrote, or the error. NULL when out of memory. */
json_t *web_ask_answer(const struct web_ask *a, const struct op_call *call);
/* The body as one JSON object, or NULL and why. Bounded in size, depth and number of values. */
json_t *web_json(struct bytes body, struct err *err);
/* {"data": base64} or {"text": …} of a file in JSON. ERR_USAGE. */
enum err_code web_file(struct buf *out, const json_t *file, const char *what, struct err *err) MUST_CHECK;
json_t *web_file_json(const char *name, struct bytes data);

/* The HTTP status of an operation's error. */
int web_status(enum err_code code);

/* Every operation in OpenAPI's words, made from the table. */
json_t *web_openapi(void);

#endif
