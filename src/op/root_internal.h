/* What the trustees' operations share: their sheets, and ending in earnest or as a rehearsal. */
#ifndef FALTBOK_OP_ROOT_INTERNAL_H
#define FALTBOK_OP_ROOT_INTERNAL_H

#include "node/root.h"
#include "op/op.h"

struct papers { struct buf text[2]; struct node_sheets sheets; };

/* The two files of --shares. wipe_papers() whatever comes of it. */
enum err_code read_papers(struct op_call *c, struct papers *p) MUST_CHECK;
void wipe_papers(struct papers *p);
/* What was done becomes durable, or, at a rehearsal, never was. */
void root_finish(struct op_call *c);

#endif
