/*
 * What an exchange has brought, for every door that tells of one: the answer
 * of `sync` and of `bundle read`, the list of the last exchanges, and the
 * events of a node that serves.
 */
#ifndef FALTBOK_OP_BROUGHT_H
#define FALTBOK_OP_BROUGHT_H

#include <jansson.h>

#include "node/exchange.h"
#include "peer/peer.h"

struct brought_with { char name[160]; bool in_step; };

/* Adds "brought" and "sentence" {"sv","en"}; `with`: whom it was with, for the sentence. */
void brought_say(struct node *n, const struct brought *b, const struct brought_with *with, size_t count, json_t *answer);

/* The end of an exchange over a link, for whoever had it: kept with what it brought. NULL: nobody that is known here. */
const struct node_exchange *exchange_note(struct node *n, const struct peer_result *r);
/* {"at","peer","way","ok","in_step","sent","received","brought","sentence"} */
json_t *exchange_json(struct node *n, const struct node_exchange *e);

#endif
