/* The parts of `faltbok`: how words become parameters, answers become text, a node serves. */
#ifndef FALTBOK_APP_NODE_H
#define FALTBOK_APP_NODE_H

#include "app/common.h"
#include "op/op.h"

/* The row whose name the first words are; *used words are taken. NULL when there is none. */
const struct op_row *args_row(const struct app *app, int *used);
/* The rest of the words as the row's parameters, file paths made absolute. */
json_t *args_params(const struct app *app, const struct op_row *row, int used, struct err *err);

/* What a person reads on the terminal; "" where the exit status says it all. Appends. */
void print_result(struct buf *out, const struct op_row *row, const json_t *result);

int app_init(struct app *app);   /* faltbok init */
int app_serve(struct app *app);  /* faltbok serve */

#endif
