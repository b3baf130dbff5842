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

struct op_call;
enum { PLACE_BYTES = 160 };
/* The name of the site that a record belongs to, by itself or through its session, visit or case; "" when none is known. */
void site_named_by(struct op_call *c, const struct record_id *id, char out[PLACE_BYTES]);

struct brought_with { char name[160]; bool in_step; unsigned said; /* enum exchange_said */ };

/* What r's other side has said of itself, as enum exchange_said. */
unsigned said_by(const struct peer_result *r);
/* Sentences of it about `name`, appended; each begins with what stands in `before`. */
void put_said(struct buf *out, const char *before, const char *name, unsigned said, bool swedish);
/* "withholds", "full", "newer" into an object. */
void said_json(json_t *o, unsigned said);

/* Adds "brought" and "sentence" {"sv","en"}; `with`: whom it was with, for the sentence. False: memory was short, it is not whole. */
bool brought_say(struct node *n, const struct brought *b, const struct brought_with *with, size_t count, json_t *answer);

/* The end of an exchange over a link, for whoever had it: kept with what it brought. NULL: nobody that is known here. */
const struct node_exchange *exchange_note(struct node *n, const struct peer_result *r);
/* {"at","peer","way","ok","in_step","sent","received","brought","sentence"} */
json_t *exchange_json(struct node *n, const struct node_exchange *e);

#endif
